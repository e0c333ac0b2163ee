// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservation Report (Base 7.5): the two data structures byte by byte, how much of them is
 * transferred, and what a host may learn of the others.
 */
#include "reservations.h"

static struct completion report_into(struct host *host, uint32_t dwords, uint32_t cdw11,
				     const struct buffer *buffer)
{
	return COMMAND(&host->queue, .opcode = 0x0e, .nsid = NS, .cdw10 = dwords - 1,
		       .cdw11 = cdw11, .prp1 = buffer->prp1, .prp2 = buffer->prp2);
}

TEST_CASE(the_extended_structure)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_success(host_command(&host[2], 0x0d, NS, 3u << 30, 0, 0x3333));
	assert_success(host_register(&host[1], 0x2222));
	assert_success(host_acquire(&host[1], NVM_RESV_WRITE_EXCL_REG_ONLY, 0x2222));
	report = host_report(&host[1]);
	assert_int_equal(get32(report.data, 0), 2);		/* GEN */
	assert_int_equal(report.data[4], 3);			/* RTYPE */
	assert_int_equal(get16(report.data, 5), 2);		/* REGSTRNT */
	assert_int_equal(get16(report.data, 7), 0);
	assert_int_equal(report.data[9], 1);			/* PTPLS */
	assert_true(is_zero(report.data + 10, 54));
	assert_int_equal(get16(report.data, 64), 8);		/* CNTLID: its own */
	assert_int_equal(report.data[66], 1);			/* RCSTS */
	assert_true(is_zero(report.data + 67, 5));
	assert_int_equal(get64(report.data, 72), 0x2222);	/* RKEY */
	assert_memory_equal(report.data + 80, host[1].id, 16);
	assert_true(is_zero(report.data + 96, 32));
	assert_int_equal(report.data[128 + 2], 0);
	assert_int_equal(get64(report.data, 128 + 8), 0x3333);
	assert_memory_equal(report.data + 128 + 16, host[2].id, 16);
	assert_true(is_zero(report.data + 192, sizeof(report.data) - 192));
	rig_free(rig);
}

static struct completion set_short_id(struct host *host, uint64_t id)
{
	uint8_t data[8];

	put64(data, 0, id);
	return driver_write_page(host->driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID,
	}, data, sizeof(data));
}

TEST_CASE(the_structure_for_identifiers_of_64_bits)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer;
	uint8_t data[256];
	struct host host[2];

	for (unsigned int i = 0; i < 2; i++) {
		host_open(rig, i + 1, &host[i], 0);
		assert_success(set_short_id(&host[i], 0x1111111111111111 * (i + 1)));
		assert_success(host_register(&host[i], i + 7));
	}
	assert_success(host_acquire(&host[1], NVM_RESV_EXCLUSIVE_ACCESS, 8));
	buffer = buffer_new(host[1].driver, 256);
	assert_success(report_into(&host[1], 64, 0, buffer));
	buffer_read(buffer, 0, data, sizeof(data));
	assert_int_equal(get32(data, 0), 2);
	assert_int_equal(data[4], 2);
	assert_int_equal(get16(data, 5), 2);
	assert_true(is_zero(data + 10, 14));
	assert_int_equal(get16(data, 24), 0xffff);
	assert_int_equal(data[26], 0);
	assert_int_equal(get64(data, 32), 0x1111111111111111);	/* HOSTID */
	assert_int_equal(get64(data, 40), 7);			/* RKEY */
	assert_int_equal(get16(data, 48), 9);
	assert_int_equal(data[50], 1);
	assert_int_equal(get64(data, 56), 0x2222222222222222);
	assert_int_equal(get64(data, 64), 8);
	assert_true(is_zero(data + 72, sizeof(data) - 72));
	rig_free(rig);
}

TEST_CASE(the_structure_must_fit_the_identifier)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct host extended, plain;

	host_open(rig, 1, &extended, 1);
	host_open(rig, 2, &plain, 0);
	assert_success(set_short_id(&plain, 5));
	assert_status(report_into(&extended, 16, 0, buffer_new(extended.driver, 64)),
		      NVM_SC_HOST_ID_FORMAT);
	assert_status(report_into(&plain, 16, 1, buffer_new(plain.driver, 64)),
		      NVM_SC_HOST_ID_FORMAT);
	assert_success(report_into(&extended, 16, 1, buffer_new(extended.driver, 64)));
	assert_success(report_into(&plain, 16, 0, buffer_new(plain.driver, 64)));
	rig_free(rig);
}

TEST_CASE(an_identifier_does_not_change_its_size)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[16] = { 5 };
	struct host host;

	host_open(rig, 1, &host, 0);
	assert_success(set_short_id(&host, 5));
	assert_success(set_short_id(&host, 5));
	assert_status(driver_write_page(host.driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = 1,
	}, data, sizeof(data)), NVM_SC_COMMAND_SEQUENCE_ERROR);
	rig_free(rig);
}

TEST_CASE(a_part_is_transferred_if_a_part_is_wanted)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[i], i));
	for (unsigned int dwords = 1; dwords <= 80; dwords++) {
		struct buffer *buffer = buffer_new(host[0].driver, 80 * 4);
		uint8_t data[80 * 4];
		struct report report = host_report(&host[0]);
		unsigned int len = dwords < 64 ? dwords * 4 : 256;

		buffer_fill(buffer, 0x5a);
		assert_success(report_into(&host[0], dwords, 1, buffer));
		buffer_read(buffer, 0, data, sizeof(data));
		assert_memory_equal(data, report.data, len);
		for (unsigned int i = len; i < sizeof(data); i++)
			assert_int_equal(data[i], 0x5a);
	}
	rig_free(rig);
}

TEST_CASE(the_largest_length_transfers_the_structure_and_no_more)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct buffer *buffer = buffer_new(host[0].driver, 128);

	assert_success(host_register(&host[1], 1));
	assert_success(report_into(&host[0], 0, 1, buffer));	/* NUMD FFFFFFFFh */
	assert_buffer_slack(buffer);
	rig_free(rig);
}

TEST_CASE(many_registrants_take_several_pages)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer;
	uint8_t data[64 + 100 * 64];
	struct host host;

	host_open(rig, 1, &host, 1);
	for (unsigned int i = 1; i <= 100; i++) {
		driver_disable(host.driver);
		driver_enable(host.driver);
		host_open(rig, 1, &host, 101 - i);
		assert_success(host_register(&host, i));
	}
	buffer = buffer_new_at(host.driver, sizeof(data), 0x20c, 0);
	assert_success(report_into(&host, 4096, 1, buffer));
	buffer_read(buffer, 0, data, sizeof(data));
	assert_int_equal(get16(data, 5), 100);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(data[64 + i * 64 + 16], i + 1);
		assert_int_equal(get64(data, 64 + i * 64 + 8), 100 - i);
	}
	assert_buffer_slack(buffer);
	rig_free(rig);
}

TEST_CASE(a_secondary_learns_of_no_other_controller)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[i], i));
	for (unsigned int reader = 0; reader < 3; reader++) {
		report = host_report(&host[reader]);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(get16(report.data, report_find(&report, i + 1)),
					 reader == 0 || reader == i ? 7 + i : 0xffff);
	}
	driver_disable(host[1].driver);
	report = host_report(&host[0]);
	assert_int_equal(get16(report.data, report_find(&report, 2)), 0xffff);
	rig_free(rig);
}

TEST_CASE(a_report_that_cannot_be_written_is_an_error)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_status(COMMAND(&host[0].queue, .opcode = 0x0e, .nsid = NS, .cdw10 = 15, .cdw11 = 1,
			      .prp1 = 0xdead0000), NVM_SC_DATA_TRANSFER_ERROR);
	guest_take_faults(host[0].driver->memory);
	rig_free(rig);
}

RUN_TESTS("reservations_report",
	  cmocka_unit_test(the_extended_structure),
	  cmocka_unit_test(the_structure_for_identifiers_of_64_bits),
	  cmocka_unit_test(the_structure_must_fit_the_identifier),
	  cmocka_unit_test(an_identifier_does_not_change_its_size),
	  cmocka_unit_test(a_part_is_transferred_if_a_part_is_wanted),
	  cmocka_unit_test(the_largest_length_transfers_the_structure_and_no_more),
	  cmocka_unit_test(many_registrants_take_several_pages),
	  cmocka_unit_test(a_secondary_learns_of_no_other_controller),
	  cmocka_unit_test(a_report_that_cannot_be_written_is_an_error));
