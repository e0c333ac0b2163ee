// SPDX-License-Identifier: BSD-2-Clause
/*
 * VF Enable and NumVFs of the SR-IOV capability as the controllers behind the functions feel them
 * (Base 8.26).
 */
#include "harness.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static bool is_offline(struct driver *driver)
{
	return (driver_read32(driver, NVM_REG_CSTS) & (NVM_CSTS_CFS | NVM_CSTS_RDY)) ==
		NVM_CSTS_CFS;
}

TEST_CASE(clearing_vf_enable_takes_all_secondaries_offline)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	uint8_t data[NVM_IDENTIFY_SIZE];

	nvmove_subsystem_set_vfs(rig->subsystem, 0);
	for (unsigned int i = 1; i <= 3; i++)
		assert_true(is_offline(rig->driver[i]));
	assert_success(driver_identify(rig->driver[0], NVM_CNS_SECONDARY_LIST, 0, 0, data));
	assert_int_equal(data[0], 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(data[32 + i * 32 + 4], 0);
	rig_free(rig);
}

TEST_CASE(fewer_vfs_leave_the_first_ones_alone)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	assert_true(driver_is_ready(rig->driver[1]));
	assert_true(is_offline(rig->driver[2]));
	assert_true(is_offline(rig->driver[3]));
	assert_success(queue_command(&queue, &flush));
	rig_free(rig);
}

TEST_CASE(a_function_that_comes_back_must_be_brought_online)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	nvmove_subsystem_set_vfs(rig->subsystem, 0);
	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	assert_true(is_offline(rig->driver[1]));
	rig_online(rig, 1, 5, 5);
	driver_enable(rig->driver[1]);
	rig_free(rig);
}

TEST_CASE(commands_under_way_end_without_a_trace)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct buffer *buffer = buffer_new(driver, 64 * 512);
	struct command read = rw_command(NVM_IO_READ, 3, 0, 64, buffer);
	struct queue_pair queue;
	unsigned long dma;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 5; i++)
		sq_submit(&queue.sq, &read);
	rig_run(rig);
	nvmove_subsystem_set_vfs(rig->subsystem, 0);
	assert_null(rig->function[1].mapped);
	assert_null(rig->medium[3]->held);
	dma = rig->function[1].dma;
	rig_advance(rig, 1000 * MS);
	assert_int_equal(rig->function[1].dma, dma);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(the_primary_does_not_notice)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct queue_pair queue;
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 5; i++) {
		nvmove_subsystem_set_vfs(rig->subsystem, i % 4);
		assert_success(queue_command(&queue, &flush));
		assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	}
	rig_free(rig);
}

TEST_CASE(more_vfs_than_secondaries_are_as_many_as_there_are)
{
	struct rig *rig = rig_new_enabled(NULL);

	nvmove_subsystem_set_vfs(rig->subsystem, 1000);
	for (unsigned int i = 1; i <= 3; i++) {
		rig_online(rig, i, 5, 5);
		driver_enable(rig->driver[i]);
	}
	assert_status(driver_rfc(rig->driver[0], NVMOVE_RFC_SUSPEND, 4, 0, 0, NULL),
		      NVM_SC_INVALID_FIELD);
	assert_status(driver_rfc(rig->driver[0], NVMOVE_RFC_SUSPEND, 1000, 0, 0, NULL),
		      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(the_same_number_again_changes_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	struct queue_pair queue;

	driver_create_queue(rig->driver[3], &queue, 1, 16, 1);
	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	assert_true(driver_is_ready(rig->driver[3]));
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
	rig_free(rig);
}

RUN_TESTS("vf_disable",
	  cmocka_unit_test(clearing_vf_enable_takes_all_secondaries_offline),
	  cmocka_unit_test(fewer_vfs_leave_the_first_ones_alone),
	  cmocka_unit_test(a_function_that_comes_back_must_be_brought_online),
	  cmocka_unit_test(commands_under_way_end_without_a_trace),
	  cmocka_unit_test(the_primary_does_not_notice),
	  cmocka_unit_test(more_vfs_than_secondaries_are_as_many_as_there_are),
	  cmocka_unit_test(the_same_number_again_changes_nothing));
