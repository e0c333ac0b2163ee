// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a reservation forbids (Base 8.19.1, NVM Command Set 5.5): each type against holder,
 * registrant and others, for every command that touches data. A refused command never reaches the
 * medium.
 */
#include "reservations.h"

enum role { HOLDER, REGISTRANT, STRANGER, NOBODY, NR_ROLES };

/** allowed() - the specification's table */
static bool allowed(unsigned int type, enum role role, bool writes)
{
	bool excludes_reads = type == 2 || type == 4 || type == 6;

	if (role == HOLDER || (role == REGISTRANT && type >= 3))
		return true;
	return !writes && !excludes_reads;
}

static const struct {
	uint8_t opcode;
	bool writes;
} commands[] = {
	{ NVM_IO_READ, false }, { NVM_IO_COMPARE, false }, { NVM_IO_VERIFY, false },
	{ NVM_IO_WRITE, true }, { NVM_IO_WRITE_ZEROES, true }, { NVM_IO_FLUSH, true },
	{ NVM_IO_DSM, true },
};

static struct completion do_command(struct host *host, unsigned int opcode, uint32_t nsid)
{
	struct buffer *buffer = buffer_new(host->driver, 512);

	switch (opcode) {
	case NVM_IO_FLUSH:
		return COMMAND(&host->queue, .opcode = opcode, .nsid = nsid);
	case NVM_IO_DSM:
		return COMMAND(&host->queue, .opcode = opcode, .nsid = nsid,
			       .cdw11 = NVM_DSM_AD, .prp1 = buffer->prp1);
	default:
		return queue_rw(&host->queue, opcode, nsid, 0, 1, buffer);
	}
}

/** four_roles() - host[role] on controller 0 to 3; the last has no identifier */
static struct rig *four_roles(struct host host[NR_ROLES])
{
	struct rig *rig = rig_new_secondaries(NULL, 3);

	assert_int_equal(nvmove_namespace_attach(rig->function[3].ctrl, NS), 0);
	for (unsigned int i = 0; i < NR_ROLES; i++)
		host_open(rig, i, &host[i], i == NOBODY ? 0 : i + 1);
	assert_success(host_register(&host[HOLDER], 1));
	assert_success(host_register(&host[REGISTRANT], 2));
	return rig;
}

TEST_CASE(the_table_of_the_specification)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);

	for (unsigned int type = 1; type <= 6; type++) {
		assert_success(host_acquire(&host[HOLDER], type, 1));
		for (unsigned int role = 0; role < NR_ROLES; role++) {
			for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
				unsigned int before = scripted_submitted(rig->medium[NS]);
				bool ok = allowed(type, role, commands[i].writes);

				assert_status(do_command(&host[role], commands[i].opcode, NS),
					      ok ? NVM_SC_SUCCESS : NVM_SC_RESERVATION_CONFLICT);
				if (!ok)
					assert_int_equal(scripted_submitted(rig->medium[NS]),
							 before);
			}
		}
		assert_success(host_release(&host[HOLDER], type, 1));
		for (unsigned int role = 0; role < NR_ROLES; role++)
			for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
				assert_success(do_command(&host[role], commands[i].opcode, NS));
	}
	rig_free(rig);
}

TEST_CASE(a_dataset_hint_that_does_nothing_is_a_write_all_the_same)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);
	struct buffer *buffer = buffer_new(host[STRANGER].driver, 512);

	assert_success(host_acquire(&host[HOLDER], NVM_RESV_WRITE_EXCLUSIVE, 1));
	assert_status(COMMAND(&host[STRANGER].queue, .opcode = NVM_IO_DSM, .nsid = NS,
			      .prp1 = buffer->prp1), NVM_SC_RESERVATION_CONFLICT);
	rig_free(rig);
}

TEST_CASE(a_flush_of_all_namespaces_needs_a_right_to_each)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);

	assert_success(host_acquire(&host[HOLDER], NVM_RESV_WRITE_EXCL_REG_ONLY, 1));
	for (unsigned int role = 0; role < NR_ROLES; role++)
		assert_status(do_command(&host[role], NVM_IO_FLUSH, NVM_NSID_ALL),
			      role <= REGISTRANT ? NVM_SC_SUCCESS : NVM_SC_RESERVATION_CONFLICT);
	rig_free(rig);
}

TEST_CASE(other_namespaces_are_not_concerned)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);

	assert_success(host_acquire(&host[REGISTRANT], NVM_RESV_EXCLUSIVE_ACCESS, 2));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		assert_success(do_command(&host[HOLDER], commands[i].opcode, 1));
		assert_status(do_command(&host[HOLDER], commands[i].opcode, NS),
			      NVM_SC_RESERVATION_CONFLICT);
	}
	rig_free(rig);
}

TEST_CASE(a_command_that_has_begun_is_not_refused_any_more)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);
	struct buffer *buffer = buffer_new(host[STRANGER].driver, 512);
	struct command write = rw_command(NVM_IO_WRITE, NS, 5, 1, buffer);

	buffer_fill(buffer, 0x42);
	rig->medium[NS]->hold = true;
	sq_submit(&host[STRANGER].queue.sq, &write);
	rig_run(rig);
	assert_success(host_acquire(&host[HOLDER], NVM_RESV_EXCLUSIVE_ACCESS, 1));
	scripted_release(rig->medium[NS]);
	assert_success(cq_take(&host[STRANGER].queue.cq));
	assert_int_equal(rig->medium[NS]->data[5 * 512], 0x42);
	sq_submit(&host[STRANGER].queue.sq, &write);
	assert_status(cq_take(&host[STRANGER].queue.cq), NVM_SC_RESERVATION_CONFLICT);
	rig_free(rig);
}

TEST_CASE(everybody_may_ask_and_register)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);
	struct report report;

	for (unsigned int type = 1; type <= 6; type++) {
		uint8_t data[NVM_IDENTIFY_SIZE];

		assert_success(host_acquire(&host[HOLDER], type, 1));
		report = host_report(&host[STRANGER]);
		assert_int_equal(report_type(&report), type);
		assert_success(driver_identify(host[STRANGER].driver, NVM_CNS_NS, NS, 0, data));
		assert_success(host_register(&host[STRANGER], 3));
		assert_status(host_io(&host[STRANGER], NVM_IO_WRITE),
			      type >= 3 ? NVM_SC_SUCCESS : NVM_SC_RESERVATION_CONFLICT);
		assert_success(host_unregister(&host[STRANGER], 3));
		assert_success(host_release(&host[HOLDER], type, 1));
	}
	rig_free(rig);
}

/** manage() - detach @nsid from controller 8, attach it again, delete it */
static void manage(struct driver *driver, uint32_t nsid, unsigned int expected)
{
	uint8_t list[4096] = { 1, 0, 8 };

	for (int select = 1; select >= 0; select--)
		assert_status(driver_write_page(driver, (struct command){
			.opcode = NVM_ADMIN_NS_ATTACH, .nsid = nsid, .cdw10 = select,
		}, list, sizeof(list)), expected);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_NS_MGMT, .nsid = nsid, .cdw10 = 1),
		      expected);
}

TEST_CASE(managing_a_namespace_is_a_write)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);
	struct driver *primary = rig->driver[0];

	assert_success(host_acquire(&host[REGISTRANT], NVM_RESV_WRITE_EXCLUSIVE, 2));
	manage(primary, NS, NVM_SC_RESERVATION_CONFLICT);
	assert_status(ADMIN(primary, .opcode = NVM_ADMIN_NS_MGMT, .nsid = NVM_NSID_ALL,
			    .cdw10 = 1), NVM_SC_RESERVATION_CONFLICT);
	/* A reservation binds only where the namespace is attached. */
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, NS), 0);
	manage(primary, NS, NVM_SC_SUCCESS);
	rig_free(rig);
}

TEST_CASE(other_errors_of_a_command_come_first_where_there_is_no_namespace)
{
	struct host host[NR_ROLES];
	struct rig *rig = four_roles(host);

	assert_success(host_acquire(&host[HOLDER], NVM_RESV_EXCLUSIVE_ACCESS, 1));
	assert_status(do_command(&host[STRANGER], NVM_IO_READ, MAX_NSID + 1), NVM_SC_INVALID_NS);
	assert_status(do_command(&host[STRANGER], NVM_IO_READ, 4), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

RUN_TESTS("reservations_conflicts",
	  cmocka_unit_test(the_table_of_the_specification),
	  cmocka_unit_test(a_dataset_hint_that_does_nothing_is_a_write_all_the_same),
	  cmocka_unit_test(a_flush_of_all_namespaces_needs_a_right_to_each),
	  cmocka_unit_test(other_namespaces_are_not_concerned),
	  cmocka_unit_test(a_command_that_has_begun_is_not_refused_any_more),
	  cmocka_unit_test(everybody_may_ask_and_register),
	  cmocka_unit_test(managing_a_namespace_is_a_write),
	  cmocka_unit_test(other_errors_of_a_command_come_first_where_there_is_no_namespace));
