// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracking ends with a reset of the primary, and with nothing that happens to the tracked
 * controller: no reset, no migration of it makes a report forget what was written (Base 2.3,
 * 8.1.13).
 */
#include "tracking_host.h"

/* Have the page behind @driver->scratch and the admin completion queue written. */
static void touch(struct driver *driver)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
}

static void assert_touched(struct rig *rig, struct driver *driver)
{
	assert_report(tracking_report(rig, 1), driver->admin.cq.addr, driver->scratch);
}

static bool is_tracked(struct rig *rig, unsigned int index)
{
	uint8_t header[16];
	struct completion completion = tracking_receive(rig, index, sizeof(header) / 4, header);

	if (completion.status)
		assert_status(completion, NVM_SC_INVALID_CNTLID);
	return !completion.status;
}

static void disable(struct rig *rig, unsigned int index)
{
	driver_disable(rig->driver[index]);
}

static void function_level_reset(struct rig *rig, unsigned int index)
{
	nvmove_ctrl_reset(rig->function[index].ctrl, NVMOVE_RESET_FLR);
}

static void conventional_reset(struct rig *rig, unsigned int index)
{
	nvmove_ctrl_reset(rig->function[index].ctrl, NVMOVE_RESET_CONVENTIONAL);
}

static void (*const resets[])(struct rig *rig, unsigned int index) = {
	disable, function_level_reset, conventional_reset,
};

TEST_CASE(a_reset_of_the_primary_ends_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(resets); i++) {
		struct rig *rig = rig_new_secondaries(NULL, 2);

		tracking_start_all(rig, 1);
		tracking_start_all(rig, 2);
		touch(rig->driver[1]);
		resets[i](rig, 0);
		driver_enable(rig->driver[0]);
		assert_false(is_tracked(rig, 1));
		assert_false(is_tracked(rig, 2));
		tracking_start_all(rig, 1);
		assert_int_equal(tracking_report(rig, 1).nr, 0);
		rig_free(rig);
	}
}

TEST_CASE(a_subsystem_reset_ends_it)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	tracking_start_all(rig, 1);
	driver_write32(rig->driver[0], NVM_REG_NSSR, NVM_NSSR_NVME);
	driver_enable(rig->driver[0]);
	assert_false(is_tracked(rig, 1));
	rig_free(rig);
}

TEST_CASE(a_reset_of_the_tracked_controller_forgets_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(resets); i++) {
		struct rig *rig = rig_new_secondaries(NULL, 1);
		struct driver *driver = rig->driver[1];

		tracking_start_all(rig, 1);
		touch(driver);
		resets[i](rig, 1);
		assert_touched(rig, driver);
		driver_enable(driver);
		touch(driver);
		assert_touched(rig, driver);
		rig_free(rig);
	}
}

TEST_CASE(a_controller_taken_offline_forgets_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];

	tracking_start_all(rig, 1);
	touch(driver);
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0,
					tracking_cntlid(rig, 1), 0));
	assert_touched(rig, driver);
	rig_online(rig, 1, 5, 5);
	driver_enable(driver);
	touch(driver);
	nvmove_subsystem_set_vfs(rig->subsystem, 0);
	assert_touched(rig, driver);
	rig_free(rig);
}

TEST_CASE(a_suspension_forgets_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];

	tracking_start_all(rig, 1);
	touch(driver);
	rig_suspend(rig, 1);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	assert_touched(rig, driver);
	touch(driver);
	assert_touched(rig, driver);
	rig_free(rig);
}

/* The destination's host may begin before the state arrives, as for a migration back. */
TEST_CASE(a_load_forgets_nothing)
{
	struct rig *from = rig_new_secondaries(NULL, 1);
	struct rig *to = rig_new_destination(from, 0);
	struct driver *before = to->driver[1], *guest = from->driver[1];

	rig_online(to, 1, 5, 5);
	driver_enable(before);
	tracking_start_all(to, 1);
	touch(before);
	rig_suspend(to, 1);
	rig_migrate(from, to, 1);
	assert_touched(to, before);
	touch(guest);
	assert_touched(to, guest);
	rig_free(to);
	rig_free(from);
}

RUN_TESTS("track_memory_resets",
	  cmocka_unit_test(a_reset_of_the_primary_ends_it),
	  cmocka_unit_test(a_subsystem_reset_ends_it),
	  cmocka_unit_test(a_reset_of_the_tracked_controller_forgets_nothing),
	  cmocka_unit_test(a_controller_taken_offline_forgets_nothing),
	  cmocka_unit_test(a_suspension_forgets_nothing),
	  cmocka_unit_test(a_load_forgets_nothing));
