// SPDX-License-Identifier: BSD-2-Clause
/*
 * A controller whose identity does not offer reservations (R12): it announces none of it, refuses
 * the commands, and is bound by the reservations of others all the same.
 */
#include "reservations.h"

/** narrowed() - secondary 1 belongs to a virtual subsystem without reservations; secondary 2
 * does not
 */
static struct rig *narrowed(void)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config;
	struct nvmove_vsubsystem *vsubsystem;
	char *error = NULL;

	nvmove_vsubsystem_config_default(rig->subsystem, &config);
	config.oncs &= ~NVM_CTRL_ONCS_RESERVATIONS;
	vsubsystem = nvmove_vsubsystem_new(rig->subsystem, &config, &error);
	if (!vsubsystem)
		fail_msg("virtual subsystem: %s", error);
	assert_int_equal(nvmove_ctrl_join(rig->function[1].ctrl, vsubsystem, 8, &error), 0);
	nvmove_subsystem_set_vfs(rig->subsystem, rig->options.num_secondary);
	for (unsigned int i = 1; i <= 2; i++) {
		rig_online(rig, i, 5, 5);
		driver_enable(rig->driver[i]);
	}
	return rig;
}

TEST_CASE(nothing_is_announced)
{
	struct rig *rig = narrowed();
	struct driver *driver = rig->driver[1];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get16(data, 520) & 1 << 5, 0);
	assert_int_equal(get32(data, 96) & 1 << 18, 0);
	assert_success(driver_identify(driver, NVM_CNS_NS, NS, 0, data));
	assert_int_equal(data[31], 0);
	assert_success(driver_identify(driver, NVM_CNS_INDEP_NS, NS, 0, data));
	assert_int_equal(data[2], 0);
	assert_success(driver_get_log(driver, NVM_LOG_SUPPORTED, 0, data, 1024));
	assert_int_equal(get32(data, 0x80 * 4), 0);
	assert_success(driver_get_log(driver, NVM_LOG_EFFECTS, 0, data, 4096));
	assert_int_equal(get32(data, 1024 + 0x0d * 4), 0);
	assert_success(driver_identify(rig->driver[2], NVM_CNS_INDEP_NS, NS, 0, data));
	assert_int_equal(data[2], 0xff);
	rig_free(rig);
}

TEST_CASE(everything_is_refused)
{
	struct rig *rig = narrowed();
	struct host host;
	uint8_t data[64];

	host_open(rig, 1, &host, 1);
	assert_status(host_register(&host, 1), NVM_SC_INVALID_OPCODE);
	assert_status(host_acquire(&host, 1, 1), NVM_SC_INVALID_OPCODE);
	assert_status(host_release(&host, 1, 1), NVM_SC_INVALID_OPCODE);
	assert_status(COMMAND(&host.queue, .opcode = 0x0e, .nsid = NS, .cdw11 = 1,
			      .prp1 = host.driver->scratch), NVM_SC_INVALID_OPCODE);
	assert_status(driver_get_feature(host.driver, 0x82, 0, NS, 0), NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(host.driver, 0x83, NS, 1), NVM_SC_INVALID_FIELD);
	assert_status(driver_get_log(host.driver, NVM_LOG_RESERVATION, 0, data, 64),
		      NVM_SC_INVALID_LOG_PAGE);
	rig_free(rig);
}

TEST_CASE(others_reservations_bind_it)
{
	struct rig *rig = narrowed();
	struct host narrow, host;

	host_open(rig, 1, &narrow, 0);
	host_open(rig, 2, &host, 2);
	assert_success(host_io(&narrow, NVM_IO_WRITE));
	assert_success(host_register(&host, 1));
	assert_success(host_acquire(&host, NVM_RESV_WRITE_EXCLUSIVE, 1));
	assert_status(host_io(&narrow, NVM_IO_WRITE), NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_io(&narrow, NVM_IO_READ));
	rig_free(rig);
}

RUN_TESTS("reservations_not_offered",
	  cmocka_unit_test(nothing_is_announced),
	  cmocka_unit_test(everything_is_refused),
	  cmocka_unit_test(others_reservations_bind_it));
