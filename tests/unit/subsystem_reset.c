// SPDX-License-Identifier: BSD-2-Clause
/*
 * NVM Subsystem Reset through NSSR and CSTS.NSSRO (Base 3.7.1).
 */
#include "harness.h"

TEST_CASE(nssr_reads_as_zero)
{
	struct rig *rig = rig_new(NULL);

	assert_int_equal(driver_read32(rig->driver[0], NVM_REG_NSSR), 0);
	rig_free(rig);
}

TEST_CASE(another_value_in_nssr_does_nothing)
{
	static const uint32_t values[] = { 0, 1, 0x6e766d65, 0x4e564d64, 0xffffffff };
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		driver_write32(rig->driver[0], NVM_REG_NSSR, values[i]);
	rig_run(rig);
	assert_int_equal(driver_read32(rig->driver[0], NVM_REG_CSTS), NVM_CSTS_RDY);
	rig_free(rig);
}

TEST_CASE(subsystem_reset_resets_the_primary_and_says_so)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), NVM_CSTS_NSSRO);
	assert_int_equal(driver_read32(driver, NVM_REG_CC), 0);
	assert_int_equal(driver_read32(driver, NVM_REG_AQA), 0);
	assert_int_equal(driver_read64(driver, NVM_REG_ASQ), 0);
	rig_free(rig);
}

TEST_CASE(nssro_stays_until_it_is_cleared_by_writing_one)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	driver_enable(driver);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), NVM_CSTS_NSSRO | NVM_CSTS_RDY);
	driver_write32(driver, NVM_REG_CSTS, 0);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), NVM_CSTS_NSSRO | NVM_CSTS_RDY);
	driver_write32(driver, NVM_REG_CSTS, NVM_CSTS_NSSRO);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), NVM_CSTS_RDY);
	rig_free(rig);
}

TEST_CASE(subsystem_reset_takes_secondaries_offline)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	driver_write32(rig->driver[0], NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	for (unsigned int i = 1; i <= 2; i++)
		assert_int_equal(driver_read32(rig->driver[i], NVM_REG_CSTS) & 3, NVM_CSTS_CFS);
	rig_free(rig);
}

TEST_CASE(every_controller_reports_the_subsystem_reset)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	driver_write32(rig->driver[0], NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	driver_enable(rig->driver[0]);
	for (unsigned int i = 1; i <= 2; i++) {
		rig_online(rig, i, 5, 5);
		assert_int_equal(driver_read32(rig->driver[i], NVM_REG_CSTS), NVM_CSTS_NSSRO);
		driver_enable(rig->driver[i]);
	}
	rig_free(rig);
}

TEST_CASE(subsystem_reset_with_commands_under_way_posts_nothing)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 4096);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 8, buffer);
	struct queue_pair queue;
	uint64_t sum;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &read);
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[1]), 1);
	driver_write32(driver, NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	if (rig->medium[1]->held)
		scripted_release(rig->medium[1]);
	rig_run(rig);
	cq_assert_empty(&queue.cq);
	sum = guest_checksum(driver->memory);
	rig_advance(rig, 1000 * MS);
	assert_int_equal(guest_checksum(driver->memory), sum);
	rig_free(rig);
}

RUN_TESTS("subsystem_reset",
	  cmocka_unit_test(nssr_reads_as_zero),
	  cmocka_unit_test(another_value_in_nssr_does_nothing),
	  cmocka_unit_test(subsystem_reset_resets_the_primary_and_says_so),
	  cmocka_unit_test(nssro_stays_until_it_is_cleared_by_writing_one),
	  cmocka_unit_test(subsystem_reset_takes_secondaries_offline),
	  cmocka_unit_test(every_controller_reports_the_subsystem_reset),
	  cmocka_unit_test(subsystem_reset_with_commands_under_way_posts_nothing));
