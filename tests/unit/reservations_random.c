// SPDX-License-Identifier: BSD-2-Clause
/*
 * Three hosts do whatever comes to their minds. After each command Reservation Report must tell a
 * state that can exist, and reads and writes must be allowed exactly as the table says for it.
 */
#include "reservations.h"

static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/** some_command() - any action, type and flag, with keys that often fit */
static bool some_command(struct host *host, uint32_t *random)
{
	static const uint8_t opcodes[] = { 0x0d, 0x0d, 0x11, 0x11, 0x15 };
	unsigned int opcode = opcodes[next_random(random) % sizeof(opcodes)];
	uint32_t cdw10 = next_random(random) % 4 | (next_random(random) % 8) << 8;

	if (next_random(random) % 8 == 0)
		cdw10 |= 1 << 3;
	if (opcode == 0x0d)
		cdw10 = (cdw10 & 0xff) | next_random(random) << 30;
	return host_command(host, opcode, NS, cdw10, next_random(random) % 3,
			    next_random(random) % 3).status == NVM_SC_SUCCESS;
}

static void check_holders(const struct report *report)
{
	unsigned int type = report_type(report), nr = report_registrants(report), holders = 0;

	assert_in_range(type, 0, 6);
	assert_in_range(nr, 0, 3);
	for (unsigned int i = 0; i < nr; i++)
		holders += report->data[64 + i * 64 + 2];
	if (type == NO_TYPE)
		assert_int_equal(holders, 0);
	else if (type >= NVM_RESV_WRITE_EXCL_ALL_REGS)
		assert_int_equal(holders, nr);
	else
		assert_int_equal(holders, 1);
	assert_true(!type || nr);
}

static void check_rights(struct host *host, const struct report *report, struct buffer *buffer)
{
	unsigned int type = report_type(report);
	size_t at = report_find(report, host->id[0]);
	bool all = type == NO_TYPE || (at && (report->data[at + 2] || type >= 3));
	bool reads = all || type % 2;	/* the odd types are those that exclude writes alone */

	assert_status(queue_rw(&host->queue, NVM_IO_READ, NS, 0, 1, buffer),
		      reads ? NVM_SC_SUCCESS : NVM_SC_RESERVATION_CONFLICT);
	assert_status(queue_rw(&host->queue, NVM_IO_WRITE, NS, 0, 1, buffer),
		      all ? NVM_SC_SUCCESS : NVM_SC_RESERVATION_CONFLICT);
}

TEST_CASE(every_state_is_one_that_can_exist)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct buffer *buffer[3];
	uint32_t generation = 0, random = 4711;
	unsigned int types_seen = 0;

	for (unsigned int i = 0; i < 3; i++)
		buffer[i] = buffer_new(host[i].driver, 512);
	for (unsigned int step = 0; step < 4000; step++) {
		bool ok = some_command(&host[next_random(&random) % 3], &random);
		struct report report = host_report(&host[step % 3]);

		assert_in_range(report_generation(&report) - generation, 0, ok);
		generation = report_generation(&report);
		types_seen |= 1u << report_type(&report);
		check_holders(&report);
		for (unsigned int i = 0; i < 3; i++)
			check_rights(&host[i], &report, buffer[i]);
	}
	assert_int_equal(types_seen, 0x7f);
	rig_free(rig);
}

RUN_TESTS("reservations_random",
	  cmocka_unit_test(every_state_is_one_that_can_exist));
