// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shutdown processing through CC.SHN and CSTS.SHST (Base 3.6). Data written before it must be
 * durable when it is reported complete.
 */
#include "harness.h"

#define SHN_NORMAL	(1u << 14)
#define SHN_ABRUPT	(2u << 14)

static unsigned int shutdown_status(struct driver *driver)
{
	return driver_read32(driver, NVM_REG_CSTS) >> 2 & 3;
}

static void shut_down(struct driver *driver, uint32_t shn)
{
	driver_write32(driver, NVM_REG_CC, driver_read32(driver, NVM_REG_CC) | shn);
	rig_run(driver->function->rig);
}

TEST_CASE(normal_shutdown_completes)
{
	struct rig *rig = rig_new_enabled(NULL);

	assert_int_equal(shutdown_status(rig->driver[0]), 0);
	shut_down(rig->driver[0], SHN_NORMAL);
	assert_int_equal(shutdown_status(rig->driver[0]), 2);
	rig_free(rig);
}

TEST_CASE(abrupt_shutdown_completes)
{
	struct rig *rig = rig_new_enabled(NULL);

	shut_down(rig->driver[0], SHN_ABRUPT);
	assert_int_equal(shutdown_status(rig->driver[0]), 2);
	rig_free(rig);
}

TEST_CASE(shutdown_makes_data_durable)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer_fill(buffer, 0x5a);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 7, 1, buffer));
	assert_int_equal(rig->medium[1]->durable[7 * 512], 0);
	shut_down(driver, SHN_NORMAL);
	assert_int_equal(shutdown_status(driver), 2);
	assert_int_equal(rig->medium[1]->durable[7 * 512], 0x5a);
	rig_free(rig);
}

TEST_CASE(shutdown_is_under_way_while_the_medium_flushes)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	rig->medium[1]->hold = true;
	rig->medium[3]->hold = true;
	shut_down(driver, SHN_NORMAL);
	assert_int_equal(shutdown_status(driver), 1);
	rig_advance(rig, 10000 * MS);
	assert_int_equal(shutdown_status(driver), 1);
	scripted_release(rig->medium[1]);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(shutdown_status(driver), 2);
	rig_free(rig);
}

TEST_CASE(commands_fetched_before_a_shutdown_end_before_it_does)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command write = rw_command(NVM_IO_WRITE, 1, 3, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer_fill(buffer, 0x77);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &write);
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[1]), 1);
	shut_down(driver, SHN_NORMAL);
	assert_int_equal(shutdown_status(driver), 1);
	scripted_release(rig->medium[1]);
	rig_run(rig);
	assert_int_equal(shutdown_status(driver), 2);
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0x77);
	rig_free(rig);
}

TEST_CASE(a_controller_works_again_after_shutdown_and_reset)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	shut_down(driver, SHN_NORMAL);
	driver_disable(driver);
	assert_int_equal(shutdown_status(driver), 0);
	driver_enable(driver);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

TEST_CASE(disable_in_the_middle_of_a_shutdown_is_clean)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	rig->medium[1]->hold = true;
	shut_down(driver, SHN_NORMAL);
	assert_int_equal(shutdown_status(driver), 1);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT);
	rig_run(rig);
	scripted_release(rig->medium[1]);
	rig_run(rig);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	driver_enable(driver);
	assert_int_equal(shutdown_status(driver), 0);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

TEST_CASE(shutdown_of_the_primary_takes_secondaries_offline)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	assert_true(driver_is_ready(rig->driver[1]));
	shut_down(rig->driver[0], SHN_NORMAL);
	assert_int_equal(driver_read32(rig->driver[1], NVM_REG_CSTS) & 3, NVM_CSTS_CFS);
	assert_int_equal(driver_read32(rig->driver[2], NVM_REG_CSTS) & 3, NVM_CSTS_CFS);
	rig_free(rig);
}

TEST_CASE(shutdown_of_a_secondary_leaves_the_others_alone)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE];

	shut_down(rig->driver[1], SHN_NORMAL);
	assert_int_equal(shutdown_status(rig->driver[1]), 2);
	assert_int_equal(shutdown_status(rig->driver[0]), 0);
	assert_int_equal(shutdown_status(rig->driver[2]), 0);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

RUN_TESTS("shutdown",
	  cmocka_unit_test(normal_shutdown_completes),
	  cmocka_unit_test(abrupt_shutdown_completes),
	  cmocka_unit_test(shutdown_makes_data_durable),
	  cmocka_unit_test(shutdown_is_under_way_while_the_medium_flushes),
	  cmocka_unit_test(commands_fetched_before_a_shutdown_end_before_it_does),
	  cmocka_unit_test(a_controller_works_again_after_shutdown_and_reset),
	  cmocka_unit_test(disable_in_the_middle_of_a_shutdown_is_clean),
	  cmocka_unit_test(shutdown_of_the_primary_takes_secondaries_offline),
	  cmocka_unit_test(shutdown_of_a_secondary_leaves_the_others_alone));
