// SPDX-License-Identifier: BSD-2-Clause
/*
 * Controller properties (Base 3.1.3) and the way to CSTS.RDY and back (Base 3.5). It does not look
 * at shutdown, resets from outside or doorbells: they have files of their own.
 */
#include "harness.h"

#define CC_ENABLE	(CC_DEFAULT | NVM_CC_EN)

TEST_CASE(cap_reports_what_the_controller_offers)
{
	struct rig *rig = rig_new(&(struct rig_options){ .max_queue_entries = 512 });
	uint64_t cap = driver_read64(rig->driver[0], 0);

	assert_int_equal(cap & 0xffff, 511);		/* MQES, 0-based */
	assert_int_equal(cap >> 16 & 1, 1);		/* CQR */
	assert_int_equal(cap >> 17 & 3, 0);		/* AMS: round robin only */
	assert_int_not_equal(cap >> 24 & 0xff, 0);	/* TO */
	assert_int_equal(cap >> 32 & 0xf, 0);		/* DSTRD */
	assert_int_equal(cap >> 36 & 1, 1);		/* NSSRS */
	assert_int_equal(cap >> 37 & 0xff, 0x41);	/* CSS: NVM, all I/O command sets */
	assert_int_equal(cap >> 48 & 0xf, 0);		/* MPSMIN: 4 KiB */
	assert_int_equal(cap >> 52 & 0xf, 4);		/* MPSMAX: 64 KiB */
	assert_int_equal(cap >> 59 & 3, 1);		/* CRMS: ready with media only */
	rig_free(rig);
}

TEST_CASE(version_is_2_0)
{
	struct rig *rig = rig_new(NULL);

	assert_int_equal(driver_read32(rig->driver[0], 8), 0x20000);
	rig_free(rig);
}

TEST_CASE(crto_gives_a_timeout)
{
	struct rig *rig = rig_new(NULL);

	assert_int_not_equal(driver_read32(rig->driver[0], 0x68) & 0xffff, 0);
	rig_free(rig);
}

TEST_CASE(a_64_bit_property_reads_as_two_halves)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t cap = driver_read64(driver, 0);

	assert_int_equal(driver_read32(driver, 0), (uint32_t)cap);
	assert_int_equal(driver_read32(driver, 4), cap >> 32);
	driver_write64(driver, NVM_REG_ASQ, 0x1234567890abc000);
	assert_int_equal(driver_read32(driver, NVM_REG_ASQ), 0x90abc000);
	assert_int_equal(driver_read32(driver, NVM_REG_ASQ + 4), 0x12345678);
	rig_free(rig);
}

TEST_CASE(a_64_bit_property_can_be_written_in_halves)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_ACQ, 0xdeadb000);
	driver_write32(driver, NVM_REG_ACQ + 4, 0x1337);
	assert_int_equal(driver_read64(driver, NVM_REG_ACQ), 0x1337deadb000);
	driver_write32(driver, NVM_REG_ACQ, 0x5000);
	assert_int_equal(driver_read64(driver, NVM_REG_ACQ), 0x133700005000);
	rig_free(rig);
}

TEST_CASE(a_64_bit_access_covers_two_32_bit_properties)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(driver_read64(driver, NVM_REG_VS) & 0xffffffff, 0x20000);
	rig_free(rig);
}

TEST_CASE(reserved_bits_of_queue_registers_read_as_zero)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_AQA, 0xffffffff);
	assert_int_equal(driver_read32(driver, NVM_REG_AQA), 0x0fff0fff);
	driver_write64(driver, NVM_REG_ASQ, 0x12345fff);
	assert_int_equal(driver_read64(driver, NVM_REG_ASQ), 0x12345000);
	driver_write64(driver, NVM_REG_ACQ, 0x6789afff);
	assert_int_equal(driver_read64(driver, NVM_REG_ACQ), 0x6789a000);
	rig_free(rig);
}

TEST_CASE(reserved_bits_of_cc_read_as_zero)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_CC, 0xff00000e | CC_DEFAULT);
	assert_int_equal(driver_read32(driver, NVM_REG_CC), CC_DEFAULT);
	rig_free(rig);
}

TEST_CASE(read_only_properties_ignore_writes)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t cap = driver_read64(driver, NVM_REG_CAP);
	uint32_t crto = driver_read32(driver, NVM_REG_CRTO);

	driver_write64(driver, NVM_REG_CAP, ~cap);
	driver_write32(driver, NVM_REG_VS, 0xffffffff);
	driver_write32(driver, NVM_REG_CSTS, 0xffffffff);
	driver_write32(driver, NVM_REG_CRTO, ~crto);
	assert_int_equal(driver_read64(driver, NVM_REG_CAP), cap);
	assert_int_equal(driver_read32(driver, NVM_REG_VS), 0x20000);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	assert_int_equal(driver_read32(driver, NVM_REG_CRTO), crto);
	rig_free(rig);
}

TEST_CASE(offsets_without_a_property_read_as_zero_and_ignore_writes)
{
	static const uint64_t offsets[] = { 0x18, 0x38, 0x3c, 0x40, 0x58, 0x70, 0x100, 0xffc };
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		driver_write32(driver, offsets[i], 0xffffffff);
		assert_int_equal(driver_read32(driver, offsets[i]), 0);
	}
	rig_free(rig);
}

TEST_CASE(doorbells_read_as_zero)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	for (unsigned int offset = 0x1000; offset < 0x1040; offset += 4)
		assert_int_equal(driver_read32(driver, offset), 0);
	rig_free(rig);
}

TEST_CASE(the_bar_holds_every_doorbell)
{
	struct rig *rig = rig_new(&(struct rig_options){ .max_io_queues = 1500 });
	uint64_t size = nvmove_ctrl_bar_size(rig->function[0].ctrl);

	assert_true(size >= 0x1000 + 8 * 1501);
	assert_int_equal(size & (size - 1), 0);
	rig_free(rig);
	rig = rig_new(NULL);
	assert_true(nvmove_ctrl_bar_size(rig->function[0].ctrl) >= 8192);
	rig_free(rig);
}

TEST_CASE(accesses_beyond_the_bar_do_nothing)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t size = nvmove_ctrl_bar_size(rig->function[0].ctrl);
	static const uint64_t wild[] = { 0, 0x1000, 0x100000000, UINT64_MAX - 0x2000 };

	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		assert_int_equal(driver_read32(driver, size + wild[i]), 0);
		assert_int_equal(driver_read64(driver, size + wild[i]), 0);
		driver_write32(driver, size + wild[i], 3);
		driver_write64(driver, size + wild[i], 3);
	}
	driver_write32(driver, UINT64_MAX - 3, 1);
	driver_write64(driver, UINT64_MAX - 7, 1);
	assert_int_equal(driver_read64(driver, UINT64_MAX - 7), 0);
	rig_run(rig);
	assert_true(driver_is_ready(driver));
	rig_free(rig);
}

TEST_CASE(narrow_reads_return_the_bytes)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_ctrl *ctrl = rig->function[0].ctrl;

	assert_int_equal(nvmove_ctrl_read(ctrl, NVM_REG_VS + 2, 1), 2);
	assert_int_equal(nvmove_ctrl_read(ctrl, NVM_REG_VS + 2, 2), 2);
	assert_int_equal(nvmove_ctrl_read(ctrl, NVM_REG_CAP, 2), 1023);
	rig_free(rig);
}

TEST_CASE(narrow_writes_are_ignored)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_ctrl *ctrl = rig->function[0].ctrl;

	nvmove_ctrl_write(ctrl, NVM_REG_AQA, 0x11, 1);
	nvmove_ctrl_write(ctrl, NVM_REG_AQA, 0x1111, 2);
	assert_int_equal(nvmove_ctrl_read(ctrl, NVM_REG_AQA, 4), 0);
	rig_free(rig);
}

TEST_CASE(enable_sets_ready)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	driver_set_admin_queues(driver, 32, 32);
	driver_write32(driver, NVM_REG_CC, CC_ENABLE);
	rig_run(rig);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), NVM_CSTS_RDY);
	assert_int_equal(driver_read32(driver, NVM_REG_CC), CC_ENABLE);
	rig_free(rig);
}

TEST_CASE(enable_works_with_every_page_size)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (unsigned int shift = 12; shift <= 16; shift++) {
		struct rig *rig = rig_new(NULL);
		struct driver *driver = rig->driver[0];

		driver->page_shift = shift;
		driver_enable(driver);
		assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
		rig_free(rig);
	}
}

TEST_CASE(enable_works_with_all_io_command_sets_selected)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_set_admin_queues(driver, 32, 32);
	driver_write32(driver, NVM_REG_CC, CC_ENABLE | NVM_CC_CSS_IOCSS << 4);
	rig_run(rig);
	assert_true(driver_is_ready(driver));
	rig_free(rig);
}

TEST_CASE(smallest_and_largest_admin_queues_work)
{
	static const unsigned int entries[] = { 2, 3, 4096 };
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct rig *rig = rig_new(NULL);
		struct driver *driver = rig->driver[0];

		driver_set_admin_queues(driver, entries[i], entries[i]);
		driver_write32(driver, NVM_REG_CC, CC_ENABLE);
		rig_run(rig);
		for (unsigned int n = 0; n < 7; n++)
			assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
		rig_free(rig);
	}
}

TEST_CASE(admin_queues_of_different_sizes_work)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_set_admin_queues(driver, 5, 3);
	driver_write32(driver, NVM_REG_CC, CC_ENABLE);
	for (unsigned int n = 0; n < 20; n++)
		assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

/** struct bad_enable - what differs from an enable that works */
struct bad_enable {
	const char *what;
	uint32_t cc;
	uint32_t aqa;
	uint64_t asq_offset;
	uint64_t acq_offset;
};

TEST_CASE(enable_with_impossible_settings_is_fatal)
{
	static const struct bad_enable bad[] = {
		{ "submission queue of one entry", CC_ENABLE, 31 << 16, 0, 0 },
		{ "completion queue of one entry", CC_ENABLE, 31, 0, 0 },
		{ "MPS above MPSMAX", CC_ENABLE | 5 << 7, 31 << 16 | 31, 0, 0 },
		{ "largest MPS", CC_ENABLE | 15 << 7, 31 << 16 | 31, 0, 0 },
		{ "reserved command set 1", CC_ENABLE | 1 << 4, 31 << 16 | 31, 0, 0 },
		{ "reserved command set 5", CC_ENABLE | 5 << 4, 31 << 16 | 31, 0, 0 },
		{ "admin command set only", CC_ENABLE | 7 << 4, 31 << 16 | 31, 0, 0 },
		{ "weighted round robin", CC_ENABLE | 1 << 11, 31 << 16 | 31, 0, 0 },
		{ "vendor specific arbitration", CC_ENABLE | 7 << 11, 31 << 16 | 31, 0, 0 },
		{ "ASQ not aligned to the page", CC_ENABLE | 1 << 7, 31 << 16 | 31, 0x1000, 0 },
		{ "ACQ not aligned to the page", CC_ENABLE | 4 << 7, 31 << 16 | 31, 0, 0x8000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct rig *rig = rig_new(NULL);
		struct driver *driver = rig->driver[0];
		uint32_t csts;

		driver_set_admin_queues(driver, 32, 32);
		driver_write32(driver, NVM_REG_AQA, bad[i].aqa);
		driver_write64(driver, NVM_REG_ASQ, driver->admin.sq.addr + bad[i].asq_offset);
		driver_write64(driver, NVM_REG_ACQ, driver->admin.cq.addr + bad[i].acq_offset);
		driver_write32(driver, NVM_REG_CC, bad[i].cc);
		rig_run(rig);
		csts = driver_read32(driver, NVM_REG_CSTS);
		if ((csts & (NVM_CSTS_CFS | NVM_CSTS_RDY)) != NVM_CSTS_CFS)
			fail_msg("%s: CSTS %#x", bad[i].what, csts);
		driver_disable(driver);
		driver_enable(driver);
		rig_free(rig);
	}
}

TEST_CASE(disable_clears_ready_and_keeps_the_admin_queue_registers)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t asq = driver_read64(driver, NVM_REG_ASQ);
	uint64_t acq = driver_read64(driver, NVM_REG_ACQ);

	driver_disable(driver);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	assert_int_equal(driver_read32(driver, NVM_REG_AQA), 31 << 16 | 31);
	assert_int_equal(driver_read64(driver, NVM_REG_ASQ), asq);
	assert_int_equal(driver_read64(driver, NVM_REG_ACQ), acq);
	rig_free(rig);
}

TEST_CASE(disable_deletes_io_queues)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	driver_disable(driver);
	driver_enable(driver);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = 1),
		      NVM_SC_QID_INVALID);
	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 1));
	rig_free(rig);
}

TEST_CASE(disable_resets_the_interrupt_mask)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_INTMS, 0x55);
	driver_disable(driver);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMS), 0);
	rig_free(rig);
}

TEST_CASE(queues_start_over_after_each_enable)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (unsigned int round = 0; round < 5; round++) {
		driver_enable(driver);
		for (unsigned int n = 0; n < 10 + round; n++)
			assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
		driver_disable(driver);
	}
	rig_free(rig);
}

TEST_CASE(doorbells_of_a_disabled_controller_do_nothing)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_set_admin_queues(driver, 32, 32);
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	rig_run(rig);
	assert_int_equal(rig->function[0].dma, 0);
	driver_write32(driver, NVM_REG_CC, CC_ENABLE);
	cq_assert_empty(&driver->admin.cq);
	assert_int_equal(rig->function[0].total_interrupts, 0);
	rig_free(rig);
}

TEST_CASE(a_controller_that_is_not_enabled_touches_no_memory)
{
	struct rig *rig = rig_new(NULL);

	rig_advance(rig, 100000 * MS);
	for (unsigned int i = 0; i < rig->num_functions; i++)
		assert_int_equal(rig->function[i].dma, 0);
	rig_free(rig);
}

RUN_TESTS("registers_and_enable",
	  cmocka_unit_test(cap_reports_what_the_controller_offers),
	  cmocka_unit_test(version_is_2_0),
	  cmocka_unit_test(crto_gives_a_timeout),
	  cmocka_unit_test(a_64_bit_property_reads_as_two_halves),
	  cmocka_unit_test(a_64_bit_property_can_be_written_in_halves),
	  cmocka_unit_test(a_64_bit_access_covers_two_32_bit_properties),
	  cmocka_unit_test(reserved_bits_of_queue_registers_read_as_zero),
	  cmocka_unit_test(reserved_bits_of_cc_read_as_zero),
	  cmocka_unit_test(read_only_properties_ignore_writes),
	  cmocka_unit_test(offsets_without_a_property_read_as_zero_and_ignore_writes),
	  cmocka_unit_test(doorbells_read_as_zero),
	  cmocka_unit_test(the_bar_holds_every_doorbell),
	  cmocka_unit_test(accesses_beyond_the_bar_do_nothing),
	  cmocka_unit_test(narrow_reads_return_the_bytes),
	  cmocka_unit_test(narrow_writes_are_ignored),
	  cmocka_unit_test(enable_sets_ready),
	  cmocka_unit_test(enable_works_with_every_page_size),
	  cmocka_unit_test(enable_works_with_all_io_command_sets_selected),
	  cmocka_unit_test(smallest_and_largest_admin_queues_work),
	  cmocka_unit_test(admin_queues_of_different_sizes_work),
	  cmocka_unit_test(enable_with_impossible_settings_is_fatal),
	  cmocka_unit_test(disable_clears_ready_and_keeps_the_admin_queue_registers),
	  cmocka_unit_test(disable_deletes_io_queues),
	  cmocka_unit_test(disable_resets_the_interrupt_mask),
	  cmocka_unit_test(queues_start_over_after_each_enable),
	  cmocka_unit_test(doorbells_of_a_disabled_controller_do_nothing),
	  cmocka_unit_test(a_controller_that_is_not_enabled_touches_no_memory));
