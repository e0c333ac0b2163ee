// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a secondary's host can learn of and do to others by registers and commands: nothing (R15).
 */
#include "harness.h"

TEST_CASE(structures_about_other_controllers_are_refused)
{
	static const unsigned int cns[] = { NVM_CNS_PRIMARY_CAPS, NVM_CNS_SECONDARY_LIST,
					    NVM_CNS_ALLOCATED_NS, NVM_CNS_ALLOCATED_NS_DATA,
					    NVM_CNS_CSI_ALLOCATED_NS };
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE], untouched[NVM_IDENTIFY_SIZE];

	memset(untouched, 0xa5, sizeof(untouched));
	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		assert_status(driver_identify(rig->driver[1], cns[i], 1, 0, data),
			      NVM_SC_INVALID_FIELD);
		assert_memory_equal(data, untouched, sizeof(data));
	}
	rig_free(rig);
}

TEST_CASE(controller_lists_name_nobody_else)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	static const unsigned int cns[] = { NVM_CNS_CTRL_LIST, NVM_CNS_NS_CTRL_LIST };
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		for (uint32_t nsid = 1; nsid <= 4; nsid++) {
			struct completion completion;

			completion = driver_identify(rig->driver[1], cns[i], nsid, 0, data);
			if (completion.status)
				continue;
			assert_in_range(get16(data, 0), 0, 1);
			if (get16(data, 0))
				assert_int_equal(get16(data, 2), 8);
			assert_true(is_zero(data + 4, sizeof(data) - 4));
		}
	}
	rig_free(rig);
}

TEST_CASE(namespaces_of_others_look_like_namespaces_that_do_not_exist)
{
	static const unsigned int cns[] = { NVM_CNS_NS, NVM_CNS_NS_DESC, NVM_CNS_CSI_NS,
					    NVM_CNS_INDEP_NS };
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct driver *driver = rig->driver[2];
	struct buffer *buffer = buffer_new(driver, 4096);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (uint32_t nsid = 1; nsid <= 4; nsid++) {
		uint8_t exists[NVM_IDENTIFY_SIZE], missing[NVM_IDENTIFY_SIZE];

		if (nsid == 3)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
			struct completion a = driver_identify(driver, cns[i], nsid, 0, exists);
			struct completion b = driver_identify(driver, cns[i], 6, 0, missing);

			assert_int_equal(a.status, b.status);
			assert_memory_equal(exists, missing, sizeof(exists));
		}
		for (unsigned int opcode = 0; opcode < 16; opcode++) {
			struct completion a = queue_rw(&queue, opcode, nsid, 0, 1, buffer);
			struct completion b = queue_rw(&queue, opcode, 6, 0, 1, buffer);

			assert_int_equal(a.status, b.status);
		}
		assert_int_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, 0, nsid,
						    0).status,
				 driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, 0, 6,
						    0).status);
	}
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	assert_int_equal(scripted_submitted(rig->medium[2]), 0);
	assert_int_equal(scripted_submitted(rig->medium[4]), 0);
	rig_free(rig);
}

TEST_CASE(io_command_set_combinations_of_others_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[1], NVM_CNS_IOCS, 0, 8, data));
	assert_int_not_equal(driver_identify(rig->driver[1], NVM_CNS_IOCS, 0, 7, data).status,
			     NVM_SC_SUCCESS);
	assert_int_not_equal(driver_identify(rig->driver[1], NVM_CNS_IOCS, 0, 9, data).status,
			     NVM_SC_SUCCESS);
	rig_free(rig);
}

TEST_CASE(a_secondary_cannot_reset_the_subsystem)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_int_equal(driver_read64(rig->driver[1], NVM_REG_CAP) & NVM_CAP_NSSRS, 0);
	driver_write32(rig->driver[1], NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	assert_true(driver_is_ready(rig->driver[0]));
	assert_true(driver_is_ready(rig->driver[2]));
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

TEST_CASE(no_register_of_a_secondary_reaches_another_controller)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint64_t bar = nvmove_ctrl_bar_size(rig->function[1].ctrl);
	uint32_t random = 7;
	unsigned long dma[3];
	uint8_t data[NVM_IDENTIFY_SIZE];

	rig_run(rig);
	for (unsigned int i = 0; i < 3; i++)
		dma[i] = rig->function[i].dma;
	for (unsigned int round = 0; round < 4; round++) {
		for (uint64_t offset = 0; offset < bar + 64; offset += 4) {
			random = random * 1664525 + 1013904223;
			driver_write32(rig->driver[1], offset, random >> (round * 4));
			driver_write64(rig->driver[1], offset & ~7ull,
				       (uint64_t)random << 32 | random);
		}
		rig_run(rig);
	}
	guest_take_faults(rig->driver[1]->memory);
	assert_int_equal(rig->function[0].dma, dma[0]);
	assert_int_equal(rig->function[2].dma, dma[2]);
	assert_int_equal(driver_read32(rig->driver[0], NVM_REG_CSTS), NVM_CSTS_RDY);
	assert_int_equal(driver_read32(rig->driver[2], NVM_REG_CSTS), NVM_CSTS_RDY);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 8, 0));
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_ONLINE, 0, 8, 0));
	driver_enable(rig->driver[1]);
	rig_free(rig);
}

TEST_CASE(logs_of_a_secondary_tell_only_of_itself)
{
	static const uint8_t pages[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x12 };
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer = buffer_new(rig->driver[1], 64 * 512);
	uint8_t before[ARRAY_SIZE(pages)][512], after[512];
	struct queue_pair queue;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		assert_success(driver_peek_log(rig->driver[2], pages[i], 0, before[i], 512));
	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 50; i++) {
		assert_success(queue_rw(&queue, NVM_IO_READ, 3, 0, 64, buffer));
		assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 64, buffer));
		assert_status(ADMIN(rig->driver[1], .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	}
	assert_success(driver_set_feature(rig->driver[1], NVM_FEAT_TEMP_THRESHOLD, 0, 300));
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 4), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		assert_success(driver_peek_log(rig->driver[2], pages[i], 0, after, 512));
		assert_memory_equal(after, before[i], 512);
	}
	rig_free(rig);
}

TEST_CASE(the_migration_of_a_neighbour_cannot_be_noticed)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct driver *driver = rig->driver[2];
	uint8_t before[4096], after[4096], *state;
	size_t size;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8 | 0xff));
	driver_submit_aer(driver);
	assert_success(driver_get_log(driver, NVM_LOG_SUPPORTED, 0, before, 1024));
	assert_success(driver_get_log(driver, NVM_LOG_ERROR, 0, before + 1024, 1024));
	rig_suspend(rig, 1);
	state = rig_save(rig, 1, &size);
	rig_load(rig, 1, state, size);
	free(state);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	assert_success(driver_get_log(driver, NVM_LOG_SUPPORTED, 0, after, 1024));
	assert_success(driver_get_log(driver, NVM_LOG_ERROR, 0, after + 1024, 1024));
	assert_memory_equal(before, after, 2048);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(an_offline_controller_shows_nothing_in_its_registers)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	/* Secondary 3 is offline: its registers show that and no more. */
	for (unsigned int offset = NVM_REG_INTMS; offset < 0x1000; offset += 4)
		if (offset != NVM_REG_CSTS && offset != NVM_REG_CRTO)
			assert_int_equal(driver_read32(rig->driver[3], offset), 0);
	rig_free(rig);
}

TEST_CASE(a_busy_neighbour_does_not_stop_a_controller)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer = buffer_new(rig->driver[1], 4096);
	struct command read = rw_command(NVM_IO_READ, 2, 0, 1, buffer);
	struct queue_pair busy[4], queue;

	rig->medium[2]->hold = true;
	for (unsigned int i = 0; i < 4; i++) {
		driver_create_queue(rig->driver[1], &busy[i], i + 1, 1024, 1);
		for (unsigned int n = 0; n < 1023; n++)
			sq_push(&busy[i].sq, &read);
		sq_ring(&busy[i].sq);
	}
	rig_run(rig);
	driver_create_queue(rig->driver[2], &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 100; i++)
		assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 3));
	scripted_release(rig->medium[2]);
	rig_run(rig);
	rig_free(rig);
}

RUN_TESTS("isolation",
	  cmocka_unit_test(structures_about_other_controllers_are_refused),
	  cmocka_unit_test(controller_lists_name_nobody_else),
	  cmocka_unit_test(namespaces_of_others_look_like_namespaces_that_do_not_exist),
	  cmocka_unit_test(io_command_set_combinations_of_others_are_refused),
	  cmocka_unit_test(a_secondary_cannot_reset_the_subsystem),
	  cmocka_unit_test(no_register_of_a_secondary_reaches_another_controller),
	  cmocka_unit_test(logs_of_a_secondary_tell_only_of_itself),
	  cmocka_unit_test(the_migration_of_a_neighbour_cannot_be_noticed),
	  cmocka_unit_test(an_offline_controller_shows_nothing_in_its_registers),
	  cmocka_unit_test(a_busy_neighbour_does_not_stop_a_controller));
