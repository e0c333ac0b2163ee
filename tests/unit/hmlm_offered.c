// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which migration commands a subsystem offers is its configuration's choice; whatever is left out
 * is neither advertised nor known, and only the primary of a subsystem with secondaries has any.
 */
#include "migration_host.h"

static const uint8_t hmlm_opcodes[] = { 0x3d, 0x3e, 0x41, 0x42, 0x45 };
static const uint8_t rfc_opcodes[] = { 0xc4, 0xc8, 0xcc, 0xd2, 0xd5 };

static bool is_known(struct driver *driver, unsigned int opcode)
{
	return ADMIN(driver, .opcode = opcode, .cdw10 = 0xff, .cdw11 = 0xffff).status !=
	       NVM_SC_INVALID_OPCODE;
}

static bool is_in_effects_log(struct driver *driver, unsigned int opcode)
{
	uint8_t log[1024];

	assert_success(driver_get_log(driver, NVM_LOG_EFFECTS, 0, log, sizeof(log)));
	return get32(log, 4 * opcode) & 1;
}

static unsigned int nr_known(struct driver *driver, const uint8_t *opcodes, size_t nr)
{
	unsigned int known = 0;

	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(is_known(driver, opcodes[i]),
				 is_in_effects_log(driver, opcodes[i]));
		known += is_known(driver, opcodes[i]);
	}
	return known;
}

static void check_offer(struct driver *driver, bool hmlm, bool rfc)
{
	uint8_t data[NVM_IDENTIFY_SIZE], log[256];

	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(!!(get16(data, 256) & 1 << 11), hmlm);
	assert_int_equal(data[3072], rfc);
	assert_int_equal(is_known(driver, 0x41), hmlm);
	assert_int_equal(is_known(driver, 0x42), hmlm);
	if (!hmlm)
		assert_int_equal(nr_known(driver, hmlm_opcodes, sizeof(hmlm_opcodes)), 0);
	assert_int_equal(nr_known(driver, rfc_opcodes, sizeof(rfc_opcodes)), rfc ? 5 : 0);
	assert_status(driver_identify(driver, 0x20, 0, 0, data),
		      hmlm ? NVM_SC_SUCCESS : NVM_SC_INVALID_FIELD);
	assert_status(driver_get_log(driver, 0xc0, 0, log, sizeof(log)),
		      hmlm || rfc ? NVM_SC_SUCCESS : NVM_SC_INVALID_LOG_PAGE);
	assert_success(driver_get_log(driver, NVM_LOG_SUPPORTED, 4 * 0xc0, log, 4));
	assert_int_equal(get32(log, 0) & 1, hmlm || rfc);
}

TEST_CASE(both_protocols_unless_configured_otherwise)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	check_offer(rig->driver[0], true, true);
	rig_free(rig);
}

TEST_CASE(one_protocol_alone)
{
	struct rig_options options = { .protocols = NVMOVE_PROTOCOL_HMLM };
	struct rig *rig = rig_new_secondaries(&options, 1);

	check_offer(rig->driver[0], true, false);
	rig_free(rig);
	options.protocols = NVMOVE_PROTOCOL_RFC;
	rig = rig_new_secondaries(&options, 1);
	check_offer(rig->driver[0], false, true);
	rig_free(rig);
}

TEST_CASE(a_migratable_controller_has_none_of_it)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	check_offer(rig->driver[1], false, false);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

static struct nvmove_subsystem_config config_without_secondaries(void)
{
	struct nvmove_subsystem_config config;

	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.org.example:unit";
	config.serial = "UNIT0001";
	config.num_secondary = 0;
	return config;
}

TEST_CASE(unknown_protocols_are_refused)
{
	struct nvmove_subsystem_config config = config_without_secondaries();
	char *error = NULL;

	config.protocols = 1 << 2;
	assert_null(nvmove_subsystem_new(&config, &error));
	assert_non_null(strstr(error, "protocols"));
	free(error);
	config.protocols = 0;
	nvmove_subsystem_free(nvmove_subsystem_new(&config, &error));
	assert_null(error);
}

TEST_CASE(the_formats_are_version_0_and_our_uuid)
{
	static const uint8_t uuid[16] = { 0xa2, 0xf4, 0xb6, 0xce, 0x6f, 0x1d, 0x4a, 0x0e,
					  0x9d, 0x43, 0x6e, 0x76, 0x6d, 0x6f, 0x76, 0x65 };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x20, 0, 0, data));
	assert_int_equal(data[0], 1);		/* NV */
	assert_int_equal(data[1], 1);		/* NUUID */
	assert_int_equal(get16(data, 2), 0);
	assert_memory_equal(data + 4, uuid, sizeof(uuid));
	assert_true(is_zero(data + 20, sizeof(data) - 20));
	rig_free(rig);
}

TEST_CASE(no_controller_asks_for_a_host_memory_buffer)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (unsigned int i = 0; i < 2; i++) {
		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(get32(data, 272), 0);		/* HMPRE */
	}
	rig_free(rig);
}

RUN_TESTS("hmlm_offered",
	  cmocka_unit_test(both_protocols_unless_configured_otherwise),
	  cmocka_unit_test(one_protocol_alone),
	  cmocka_unit_test(a_migratable_controller_has_none_of_it),
	  cmocka_unit_test(unknown_protocols_are_refused),
	  cmocka_unit_test(the_formats_are_version_0_and_our_uuid),
	  cmocka_unit_test(no_controller_asks_for_a_host_memory_buffer));
