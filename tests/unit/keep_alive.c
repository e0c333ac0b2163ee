// SPDX-License-Identifier: BSD-2-Clause
/*
 * The Keep Alive command and its timer (Base 3.9, 5.18): expiry is fatal, and only a host that
 * asked for the timer is watched.
 */
#include "harness.h"

static struct completion keep_alive(struct driver *driver)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_KEEP_ALIVE);
}

static bool fatal(struct driver *driver)
{
	return driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_CFS;
}

TEST_CASE(keep_alive_is_accepted_without_a_timer)
{
	struct rig *rig = rig_new_enabled(NULL);

	assert_success(keep_alive(rig->driver[0]));
	rig_advance(rig, 86400 * 1000ull * MS);
	assert_true(driver_is_ready(rig->driver[0]));
	rig_free(rig);
}

TEST_CASE(expiry_is_fatal)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	rig_advance(rig, 999 * MS);
	assert_false(fatal(driver));
	rig_advance(rig, 2 * MS);
	assert_true(fatal(driver));
	rig_free(rig);
}

TEST_CASE(keep_alive_restarts_the_timer)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	for (unsigned int i = 0; i < 10; i++) {
		rig_advance(rig, 900 * MS);
		assert_success(keep_alive(driver));
	}
	rig_advance(rig, 999 * MS);
	assert_false(fatal(driver));
	rig_advance(rig, 2 * MS);
	assert_true(fatal(driver));
	rig_free(rig);
}

TEST_CASE(setting_the_feature_restarts_the_timer)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	rig_advance(rig, 900 * MS);
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 3000));
	rig_advance(rig, 2900 * MS);
	assert_false(fatal(driver));
	rig_advance(rig, 200 * MS);
	assert_true(fatal(driver));
	rig_free(rig);
}

TEST_CASE(zero_turns_the_timer_off)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 0));
	rig_advance(rig, 100000 * MS);
	assert_false(fatal(driver));
	rig_free(rig);
}

TEST_CASE(other_commands_do_not_restart_the_timer)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	/* Traffic based keep alive is not offered (CTRATT bit 6). */
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get32(data, 96) & 1 << 6, 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	rig_advance(rig, 600 * MS);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_advance(rig, 600 * MS);
	assert_true(fatal(driver));
	rig_free(rig);
}

TEST_CASE(a_reset_recovers_and_turns_the_timer_off)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	rig_advance(rig, 2000 * MS);
	assert_true(fatal(driver));
	driver_disable(driver);
	driver_enable(driver);
	rig_advance(rig, 100000 * MS);
	assert_false(fatal(driver));
	assert_success(keep_alive(driver));
	rig_free(rig);
}

TEST_CASE(a_disabled_controller_is_not_watched)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	driver_disable(driver);
	rig_advance(rig, 100000 * MS);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	rig_free(rig);
}

TEST_CASE(controllers_are_watched_apart)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	assert_success(driver_set_feature(rig->driver[1], NVM_FEAT_KATO, 0, 1000));
	assert_success(driver_set_feature(rig->driver[2], NVM_FEAT_KATO, 0, 2000));
	rig_advance(rig, 1500 * MS);
	assert_false(fatal(rig->driver[0]));
	assert_true(fatal(rig->driver[1]));
	assert_false(fatal(rig->driver[2]));
	rig_advance(rig, 1000 * MS);
	assert_true(fatal(rig->driver[2]));
	assert_false(fatal(rig->driver[0]));
	rig_free(rig);
}

RUN_TESTS("keep_alive",
	  cmocka_unit_test(keep_alive_is_accepted_without_a_timer),
	  cmocka_unit_test(expiry_is_fatal),
	  cmocka_unit_test(keep_alive_restarts_the_timer),
	  cmocka_unit_test(setting_the_feature_restarts_the_timer),
	  cmocka_unit_test(zero_turns_the_timer_off),
	  cmocka_unit_test(other_commands_do_not_restart_the_timer),
	  cmocka_unit_test(a_reset_recovers_and_turns_the_timer_off),
	  cmocka_unit_test(a_disabled_controller_is_not_watched),
	  cmocka_unit_test(controllers_are_watched_apart));
