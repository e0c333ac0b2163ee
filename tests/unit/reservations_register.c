// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservation Register (Base 7.3, 8.19.3, 8.19.4): hosts register, replace and unregister keys; who
 * is registered is a matter of the host, whatever controller it uses and however that is reset.
 */
#include "reservations.h"

#define IEKEY		(1u << 3)
#define CPTPL(value)	((uint32_t)(value) << 30)
#define REPLACE		2u

TEST_CASE(a_host_registers)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_state(&host[0], NO_TYPE, 0, 0);
	assert_success(host_register(&host[1], 0x1122334455667788));
	report = host_report(&host[0]);
	assert_int_equal(report_registrants(&report), 1);
	assert_int_equal(report_generation(&report), 1);
	assert_registrant(&report, 2, 0x1122334455667788, 0);
	assert_memory_equal(report.data + 64 + 16, host[1].id, 16);
	rig_free(rig);
}

TEST_CASE(hosts_may_have_the_same_key)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[2 - i], 7));
	report = host_report(&host[0]);
	assert_int_equal(report_registrants(&report), 3);
	for (unsigned int i = 1; i <= 3; i++)
		assert_registrant(&report, i, 7, 0);
	rig_free(rig);
}

TEST_CASE(the_same_key_again_is_no_conflict_another_is)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 7));
	assert_success(host_register(&host[0], 7));
	assert_state(&host[0], NO_TYPE, 2, 1);
	assert_status(host_register(&host[0], 8), NVM_SC_RESERVATION_CONFLICT);
	/* IEKEY is ignored by a plain registration. */
	assert_status(host_command(&host[0], 0x0d, NS, IEKEY, 7, 8), NVM_SC_RESERVATION_CONFLICT);
	assert_state(&host[0], NO_TYPE, 2, 1);
	rig_free(rig);
}

TEST_CASE(a_key_is_replaced)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_status(host_command(&host[0], 0x0d, NS, REPLACE, 7, 8),
		      NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_register(&host[0], 7));
	assert_success(host_acquire(&host[0], NVM_RESV_WRITE_EXCLUSIVE, 7));
	assert_status(host_command(&host[0], 0x0d, NS, REPLACE, 6, 8),
		      NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_command(&host[0], 0x0d, NS, REPLACE, 7, 8));
	report = host_report(&host[0]);
	assert_registrant(&report, 1, 8, 1);	/* the reservation is kept */
	assert_int_equal(report_generation(&report), 2);
	assert_success(host_command(&host[0], 0x0d, NS, REPLACE | IEKEY, 99, 9));
	report = host_report(&host[0]);
	assert_registrant(&report, 1, 9, 1);
	rig_free(rig);
}

TEST_CASE(replacing_without_looking_registers)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_success(host_command(&host[0], 0x0d, NS, REPLACE | IEKEY, 99, 9));
	report = host_report(&host[0]);
	assert_registrant(&report, 1, 9, 0);
	rig_free(rig);
}

TEST_CASE(a_host_unregisters)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_status(host_unregister(&host[0], 7), NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_register(&host[0], 7));
	assert_success(host_register(&host[1], 7));
	assert_status(host_unregister(&host[0], 8), NVM_SC_RESERVATION_CONFLICT);
	assert_state(&host[0], NO_TYPE, 2, 2);
	assert_success(host_unregister(&host[0], 7));
	report = host_report(&host[0]);
	assert_int_equal(report_generation(&report), 3);
	assert_int_equal(report_registrants(&report), 1);
	assert_int_equal(report_find(&report, 1), 0);
	assert_registrant(&report, 2, 7, 0);
	rig_free(rig);
}

TEST_CASE(unregistering_without_looking_succeeds_always)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 7));
	assert_success(host_command(&host[0], 0x0d, NS, 1 | IEKEY, 99, 0));
	assert_state(&host[0], NO_TYPE, 2, 0);
	assert_success(host_command(&host[0], 0x0d, NS, 1 | IEKEY, 99, 0));
	assert_state(&host[0], NO_TYPE, 3, 0);
	rig_free(rig);
}

TEST_CASE(controllers_of_one_host_share_its_registration)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct host first, second;

	host_open(rig, 1, &first, 5);
	host_open(rig, 2, &second, 5);
	assert_success(host_register(&first, 7));
	assert_status(host_register(&second, 8), NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_acquire(&second, NVM_RESV_EXCLUSIVE_ACCESS, 7));
	assert_success(host_io(&first, NVM_IO_WRITE));
	assert_state(&first, NVM_RESV_EXCLUSIVE_ACCESS, 1, 1);
	assert_success(host_unregister(&second, 7));
	assert_state(&first, NO_TYPE, 2, 0);
	rig_free(rig);
}

TEST_CASE(namespaces_have_reservations_of_their_own)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_command(&host[0], 0x0d, 1, 0, 0, 7));
	assert_state(&host[0], NO_TYPE, 0, 0);
	assert_success(host_command(&host[0], 0x11, 1, NVM_RESV_WRITE_EXCLUSIVE << 8, 7, 0));
	assert_success(host_io(&host[1], NVM_IO_WRITE));
	rig_free(rig);
}

TEST_CASE(a_host_without_an_identifier_cannot_take_part)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct host host;

	host_open(rig, 1, &host, 0);
	assert_status(host_register(&host, 7), NVM_SC_HOST_ID_NOT_INITIALIZED);
	assert_status(host_acquire(&host, 1, 7), NVM_SC_HOST_ID_NOT_INITIALIZED);
	assert_status(host_release(&host, 1, 7), NVM_SC_HOST_ID_NOT_INITIALIZED);
	assert_status(COMMAND(&host.queue, .opcode = 0x0e, .nsid = NS, .cdw10 = 15,
			      .prp1 = host.driver->scratch), NVM_SC_HOST_ID_NOT_INITIALIZED);
	assert_success(host_set_id(&host, 1));
	assert_success(host_register(&host, 7));
	rig_free(rig);
}

TEST_CASE(a_registered_host_cannot_become_another_host)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct host host;

	host_open(rig, 1, &host, 4);
	assert_success(host_register(&host, 7));
	assert_status(host_set_id(&host, 5), NVM_SC_COMMAND_SEQUENCE_ERROR);
	rig_free(rig);
}

TEST_CASE(reserved_values_are_refused)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	for (unsigned int action = 3; action < 8; action++)
		assert_status(host_command(&host[0], 0x0d, NS, action, 0, 7),
			      NVM_SC_INVALID_FIELD);
	assert_status(host_command(&host[0], 0x0d, NS, CPTPL(1), 0, 7), NVM_SC_INVALID_FIELD);
	assert_state(&host[0], NO_TYPE, 0, 0);
	rig_free(rig);
}

TEST_CASE(keys_that_cannot_be_read_change_nothing)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_status(COMMAND(&host[0].queue, .opcode = 0x0d, .nsid = NS, .prp1 = 0xdead0000),
		      NVM_SC_DATA_TRANSFER_ERROR);
	guest_take_faults(host[0].driver->memory);
	assert_state(&host[0], NO_TYPE, 0, 0);
	rig_free(rig);
}

TEST_CASE(persistence_follows_the_command_and_the_feature)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_int_equal(host_ptpl(&host[0]), 0);
	assert_success(host_command(&host[0], 0x0d, NS, CPTPL(3), 0, 7));
	assert_int_equal(host_ptpl(&host[1]), 1);
	report = host_report(&host[1]);
	assert_int_equal(report.data[9], 1);
	assert_success(host_register(&host[0], 7));		/* no change */
	assert_int_equal(host_ptpl(&host[0]), 1);
	assert_status(host_command(&host[0], 0x0d, NS, CPTPL(2), 0, 8),
		      NVM_SC_RESERVATION_CONFLICT);
	assert_int_equal(host_ptpl(&host[0]), 1);
	assert_success(host_command(&host[0], 0x0d, NS, CPTPL(2), 0, 7));
	assert_int_equal(host_ptpl(&host[0]), 0);
	assert_success(driver_set_feature(host[1].driver, 0x83, NS, 1));
	assert_int_equal(host_ptpl(&host[2]), 1);
	rig_free(rig);
}

TEST_CASE(the_persistence_feature_takes_one_namespace_or_sets_all)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct driver *driver = host[0].driver;
	struct completion completion;

	assert_success(driver_set_feature(driver, 0x83, NVM_NSID_ALL, 1));
	for (uint32_t nsid = 1; nsid <= 3; nsid += 2) {
		completion = driver_get_feature(driver, 0x83, 0, nsid, 0);
		assert_success(completion);
		assert_int_equal(completion.dw0, 1);
	}
	completion = driver_get_feature(host[1].driver, 0x83, 0, 2, 0);
	assert_success(completion);
	assert_int_equal(completion.dw0, 0);	/* not attached to the controller that was told */
	completion = driver_get_feature(driver, 0x83, 1, NS, 0);
	assert_int_equal(completion.dw0, 0);	/* default */
	completion = driver_get_feature(driver, 0x83, 3, NS, 0);
	assert_int_equal(completion.dw0, NVM_FEAT_CAP_CHANGEABLE | NVM_FEAT_CAP_PER_NS);
	assert_status(driver_get_feature(driver, 0x83, 0, NVM_NSID_ALL, 0), NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, 0x83, 0, 2, 0), NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, 0x83, 0, 0, 0), NVM_SC_INVALID_NS);
	assert_status(driver_set_feature(driver, 0x83, 2, 1), NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(driver, 0x83, MAX_NSID + 1, 1), NVM_SC_INVALID_NS);
	assert_status(driver_set_feature(driver, 0x83, NS, 2), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(registrations_survive_every_reset)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_success(host_register(&host[1], 7));
	assert_success(host_acquire(&host[1], NVM_RESV_EXCLUSIVE_ACCESS, 7));
	driver_disable(host[1].driver);
	driver_enable(host[1].driver);
	host_open(rig, 1, &host[1], 0);
	/* Until it has said who it is, it is nobody. */
	assert_status(host_io(&host[1], NVM_IO_READ), NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_set_id(&host[1], 2));
	assert_success(host_io(&host[1], NVM_IO_READ));
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	report = host_report(&host[0]);
	assert_registrant(&report, 2, 7, 1);
	driver_write32(host[0].driver, NVM_REG_NSSR, NVM_NSSR_NVME);
	driver_enable(rig->driver[0]);
	host_open(rig, 0, &host[0], 1);
	report = host_report(&host[0]);
	assert_registrant(&report, 2, 7, 1);
	assert_int_equal(report_type(&report), NVM_RESV_EXCLUSIVE_ACCESS);
	assert_int_equal(report_generation(&report), 1);
	rig_free(rig);
}

TEST_CASE(registrants_are_bounded)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct host host;

	host_open(rig, 1, &host, 1);
	for (unsigned int i = 1; i <= 128; i++) {
		if (i > 1) {
			driver_disable(host.driver);
			driver_enable(host.driver);
			host_open(rig, 1, &host, i);
		}
		assert_success(host_register(&host, i));
	}
	driver_disable(host.driver);
	driver_enable(host.driver);
	host_open(rig, 1, &host, 129);
	assert_status(host_register(&host, 1), NVM_SC_INTERNAL_ERROR);
	assert_status(host_command(&host, 0x0d, NS, REPLACE | IEKEY, 0, 1), NVM_SC_INTERNAL_ERROR);
	driver_disable(host.driver);
	driver_enable(host.driver);
	host_open(rig, 1, &host, 64);
	assert_success(host_clear(&host, 64));
	assert_success(host_register(&host, 1));
	assert_state(&host, NO_TYPE, 130, 1);
	rig_free(rig);
}

RUN_TESTS("reservations_register",
	  cmocka_unit_test(a_host_registers),
	  cmocka_unit_test(hosts_may_have_the_same_key),
	  cmocka_unit_test(the_same_key_again_is_no_conflict_another_is),
	  cmocka_unit_test(a_key_is_replaced),
	  cmocka_unit_test(replacing_without_looking_registers),
	  cmocka_unit_test(a_host_unregisters),
	  cmocka_unit_test(unregistering_without_looking_succeeds_always),
	  cmocka_unit_test(controllers_of_one_host_share_its_registration),
	  cmocka_unit_test(namespaces_have_reservations_of_their_own),
	  cmocka_unit_test(a_host_without_an_identifier_cannot_take_part),
	  cmocka_unit_test(a_registered_host_cannot_become_another_host),
	  cmocka_unit_test(reserved_values_are_refused),
	  cmocka_unit_test(keys_that_cannot_be_read_change_nothing),
	  cmocka_unit_test(persistence_follows_the_command_and_the_feature),
	  cmocka_unit_test(the_persistence_feature_takes_one_namespace_or_sets_all),
	  cmocka_unit_test(registrations_survive_every_reset),
	  cmocka_unit_test(registrants_are_bounded));
