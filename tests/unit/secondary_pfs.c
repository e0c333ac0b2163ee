// SPDX-License-Identifier: BSD-2-Clause
/*
 * Secondary controllers that are behind physical functions of their own (R3): the primary controls
 * them like any other, VF Enable has nothing to do with them, and they migrate.
 */
#include "migration_host.h"

/* Controllers 1 and 2 are behind VFs, 3 and 4 behind functions of their own. */
static const struct rig_options options = { .num_secondary = 2, .num_secondary_pfs = 2 };
static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 1 };

static struct rig *rig_with_pf_enabled(const struct rig_options *with)
{
	struct rig *rig = rig_new_enabled(with);

	rig_online(rig, 3, 5, 5);
	driver_enable(rig->driver[3]);
	assert_int_equal(nvmove_namespace_attach(rig->function[3].ctrl, 1), 0);
	return rig;
}

TEST_CASE(the_primary_lists_them_without_a_vf_number)
{
	static const uint16_t vfn[] = { 1, 2, 0, 0 };
	struct rig *rig = rig_new_enabled(&options);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_SECONDARY_LIST, 0, 0, data));
	assert_int_equal(data[0], ARRAY_SIZE(vfn));
	for (unsigned int i = 0; i < ARRAY_SIZE(vfn); i++) {
		const uint8_t *entry = data + 32 + 32 * i;

		assert_int_equal(get16(entry, 0), 8 + i);	/* SCID */
		assert_int_equal(get16(entry, 2), 7);		/* PCID */
		assert_int_equal(get16(entry, 8), vfn[i]);	/* VFN */
	}
	assert_success(driver_identify(rig->driver[0], NVM_CNS_PRIMARY_CAPS, 0, 0, data));
	assert_int_equal(get32(data, 32), 4 * 9);		/* VQFRT: enough for all four */
	assert_null(nvmove_subsystem_ctrl(rig->subsystem, 5));
	rig_free(rig);
}

TEST_CASE(vf_enable_is_not_theirs)
{
	struct rig *rig = rig_with_pf_enabled(&options);
	struct queue_pair queue;

	driver_create_queue(rig->driver[3], &queue, 1, 16, 1);
	nvmove_subsystem_set_vfs(rig->subsystem, 1000);
	assert_status(driver_rfc(rig->driver[0], NVMOVE_RFC_SUSPEND, 3, 0, 0, NULL),
		      NVM_SC_INVALID_FIELD);
	nvmove_subsystem_set_vfs(rig->subsystem, 0);
	assert_true(driver_is_ready(rig->driver[3]));
	assert_success(queue_command(&queue, &flush));
	rig_free(rig);
}

TEST_CASE(only_a_controller_behind_a_vf_says_sr_iov)
{
	struct rig *rig = rig_with_pf_enabled(&options);
	uint8_t data[NVM_IDENTIFY_SIZE];

	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	rig_online(rig, 1, 5, 5);
	driver_enable(rig->driver[1]);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(data[76], 1 << 1 | 1 << 2);		/* CMIC */
	assert_success(driver_identify(rig->driver[3], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(data[76], 1 << 1);
	rig_free(rig);
}

TEST_CASE(it_is_no_primary)
{
	struct rig *rig = rig_with_pf_enabled(&options);
	struct driver *driver = rig->driver[3];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_int_equal(driver_read64(driver, NVM_REG_CAP) & NVM_CAP_NSSRS, 0);
	assert_status(driver_virt_mgmt(driver, NVM_VIRT_SECONDARY_OFFLINE, 0, 8, 0),
		      NVM_SC_INVALID_OPCODE);
	assert_status(ADMIN(driver, .opcode = 0x41, .cdw10 = 1, .cdw11 = 8), NVM_SC_INVALID_OPCODE);
	assert_status(driver_identify(driver, NVM_CNS_SECONDARY_LIST, 0, 0, data),
		      NVM_SC_INVALID_FIELD);
	assert_success(driver_identify(driver, NVM_CNS_CTRL_LIST, 0, 0, data));
	assert_int_equal(get16(data, 0), 1);
	assert_int_equal(get16(data, 2), 10);
	rig_free(rig);
}

TEST_CASE(a_reset_of_the_primary_takes_it_offline)
{
	struct rig *rig = rig_with_pf_enabled(&options);

	nvmove_ctrl_reset(rig->function[0].ctrl, NVMOVE_RESET_FLR);
	assert_false(driver_is_ready(rig->driver[3]));
	assert_int_not_equal(driver_read32(rig->driver[3], NVM_REG_CSTS) & NVM_CSTS_CFS, 0);
	rig_free(rig);
}

TEST_CASE(its_own_reset_is_nobody_elses)
{
	struct rig *rig = rig_with_pf_enabled(&options);

	nvmove_ctrl_reset(rig->function[3].ctrl, NVMOVE_RESET_FLR);
	assert_false(driver_is_ready(rig->driver[3]));
	assert_true(driver_is_ready(rig->driver[0]));
	driver_enable(rig->driver[3]);
	rig_free(rig);
}

TEST_CASE(it_migrates)
{
	struct rig *source = rig_with_pf_enabled(&options), *destination;
	struct driver *driver = source->driver[3];
	struct queue_pair queue;
	struct state state;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(migration_suspend(source, 3));
	sq_submit(&queue.sq, &flush);
	state = migration_get_all(source, 3, WHOLE, 4096);
	destination = rig_new_destination(source, 0);
	rig_online(destination, 3, 5, 5);
	assert_int_equal(nvmove_namespace_attach(destination->function[3].ctrl, 1), 0);
	assert_success(migration_suspend(destination, 3));
	assert_success(migration_set_all(destination, 3, WHOLE, &state, 4096));
	driver->function = &destination->function[3];
	assert_success(migration_resume(destination, 3));
	assert_success(cq_take(&queue.cq));
	assert_success(queue_command(&queue, &flush));
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_subsystem_can_have_no_others)
{
	struct nvmove_subsystem_config config;
	struct nvmove_subsystem *subsystem;

	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.org.example:unit";
	config.serial = "UNIT0001";
	config.num_secondary = 0;
	config.num_secondary_pfs = NVMOVE_MAX_SECONDARY;
	subsystem = nvmove_subsystem_new(&config, NULL);
	assert_non_null(subsystem);
	assert_non_null(nvmove_subsystem_ctrl(subsystem, NVMOVE_MAX_SECONDARY));
	nvmove_subsystem_set_vfs(subsystem, 1);
	nvmove_subsystem_free(subsystem);
}

RUN_TESTS("secondary_pfs",
	  cmocka_unit_test(the_primary_lists_them_without_a_vf_number),
	  cmocka_unit_test(vf_enable_is_not_theirs),
	  cmocka_unit_test(only_a_controller_behind_a_vf_says_sr_iov),
	  cmocka_unit_test(it_is_no_primary),
	  cmocka_unit_test(a_reset_of_the_primary_takes_it_offline),
	  cmocka_unit_test(its_own_reset_is_nobody_elses),
	  cmocka_unit_test(it_migrates),
	  cmocka_unit_test(a_subsystem_can_have_no_others));
