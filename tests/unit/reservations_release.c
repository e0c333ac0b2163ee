// SPDX-License-Identifier: BSD-2-Clause
/*
 * The end of a reservation (Base 7.4, 8.19.4, 8.19.6, 8.19.8): released by its holder, cleared by
 * any registrant, or gone with the registration of the last who held it.
 */
#include "reservations.h"

TEST_CASE(the_holder_releases)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	assert_success(host_register(&host[1], 2));
	for (unsigned int type = 1; type <= 6; type++) {
		struct report report;

		assert_success(host_acquire(&host[0], type, 1));
		assert_success(host_release(&host[0], type, 1));
		report = host_report(&host[0]);
		assert_int_equal(report_type(&report), NO_TYPE);
		assert_int_equal(report_generation(&report), 2);	/* as before */
		assert_registrant(&report, 1, 1, 0);
		assert_registrant(&report, 2, 2, 0);
	}
	rig_free(rig);
}

TEST_CASE(the_type_must_be_right)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	for (unsigned int held = 1; held <= 6; held++) {
		assert_success(host_acquire(&host[0], held, 1));
		for (unsigned int type = 0; type <= 7; type++)
			if (type != held)
				assert_status(host_release(&host[0], type, 1),
					      NVM_SC_INVALID_FIELD);
		assert_state(&host[0], held, 1, 1);
		assert_success(host_release(&host[0], held, 1));
	}
	rig_free(rig);
}

TEST_CASE(a_registrant_that_holds_nothing_releases_nothing)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	assert_success(host_register(&host[1], 2));
	assert_success(host_release(&host[0], NVM_RESV_WRITE_EXCLUSIVE, 1));
	assert_success(host_acquire(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 1));
	assert_success(host_release(&host[1], NVM_RESV_WRITE_EXCL_REG_ONLY, 2));
	assert_success(host_release(&host[1], NVM_RESV_EXCLUSIVE_ACCESS, 2));
	assert_state(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 2, 2);
	rig_free(rig);
}

TEST_CASE(what_all_registrants_hold_any_of_them_releases)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	assert_success(host_acquire(&host[0], NVM_RESV_EXCL_ACCESS_ALL_REGS, 1));
	assert_success(host_register(&host[1], 2));
	assert_success(host_release(&host[1], NVM_RESV_EXCL_ACCESS_ALL_REGS, 2));
	assert_state(&host[0], NO_TYPE, 2, 2);
	rig_free(rig);
}

TEST_CASE(only_registrants_with_the_right_key_release_or_clear)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	assert_success(host_acquire(&host[0], 1, 1));
	assert_status(host_release(&host[0], 1, 2), NVM_SC_RESERVATION_CONFLICT);
	assert_status(host_release(&host[1], 1, 1), NVM_SC_RESERVATION_CONFLICT);
	assert_status(host_clear(&host[0], 2), NVM_SC_RESERVATION_CONFLICT);
	assert_status(host_clear(&host[1], 1), NVM_SC_RESERVATION_CONFLICT);
	assert_state(&host[0], 1, 1, 1);
	rig_free(rig);
}

TEST_CASE(clearing_leaves_nobody)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	for (unsigned int type = 0; type <= 6; type++) {
		for (unsigned int i = 0; i < 3; i++)
			assert_success(host_register(&host[i], i));
		if (type)
			assert_success(host_acquire(&host[0], type, 0));
		/* Any registrant may, holder or not. */
		assert_success(host_clear(&host[1], 1));
		assert_state(&host[0], NO_TYPE, type * 4 + 4, 0);
		assert_success(host_io(&host[2], NVM_IO_WRITE));
	}
	rig_free(rig);
}

TEST_CASE(clearing_keeps_persistence)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_command(&host[0], 0x0d, NS, 3u << 30, 0, 1));
	assert_success(host_clear(&host[0], 1));
	assert_int_equal(host_ptpl(&host[0]), 1);
	rig_free(rig);
}

TEST_CASE(reserved_values_are_refused)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	for (unsigned int action = 2; action < 8; action++)
		assert_status(host_command(&host[0], 0x15, NS, action, 1, 0),
			      NVM_SC_INVALID_FIELD);
	assert_status(host_command(&host[0], 0x15, NS, 1 << 3, 1, 0), NVM_SC_INVALID_FIELD);
	assert_status(host_command(&host[0], 0x15, NS, 1 << 3 | 1, 1, 0), NVM_SC_INVALID_FIELD);
	assert_state(&host[0], NO_TYPE, 1, 1);
	rig_free(rig);
}

TEST_CASE(a_holder_that_unregisters_gives_up_the_reservation)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[1], 2));
	for (unsigned int type = 1; type <= 4; type++) {
		assert_success(host_register(&host[0], 1));
		assert_success(host_acquire(&host[0], type, 1));
		assert_success(host_unregister(&host[0], 1));
		assert_state(&host[0], NO_TYPE, 1 + 2 * type, 1);
	}
	rig_free(rig);
}

TEST_CASE(another_registrant_that_unregisters_leaves_the_reservation_alone)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	for (unsigned int type = 1; type <= 4; type++) {
		struct report report;

		assert_success(host_register(&host[1], 2));
		assert_success(host_register(&host[2], 3));
		assert_success(host_acquire(&host[1], type, 2));
		/* One before the holder in the list and one behind it. */
		assert_success(host_unregister(&host[0], 1));
		assert_success(host_unregister(&host[2], 3));
		report = host_report(&host[0]);
		assert_int_equal(report_type(&report), type);
		assert_registrant(&report, 2, 2, 1);
		assert_success(host_release(&host[1], type, 2));
		assert_success(host_register(&host[0], 1));
	}
	rig_free(rig);
}

TEST_CASE(what_all_registrants_hold_ends_with_the_last_of_them)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	for (unsigned int type = 5; type <= 6; type++) {
		assert_success(host_register(&host[0], 1));
		assert_success(host_register(&host[1], 2));
		assert_success(host_acquire(&host[0], type, 1));
		assert_success(host_unregister(&host[0], 1));
		assert_success(host_io(&host[1], NVM_IO_WRITE));
		assert_status(host_io(&host[0], NVM_IO_WRITE), NVM_SC_RESERVATION_CONFLICT);
		assert_success(host_unregister(&host[1], 2));
		assert_state(&host[0], NO_TYPE, (type - 4) * 4, 0);
		assert_success(host_io(&host[0], NVM_IO_WRITE));
	}
	rig_free(rig);
}

RUN_TESTS("reservations_release",
	  cmocka_unit_test(the_holder_releases),
	  cmocka_unit_test(the_type_must_be_right),
	  cmocka_unit_test(a_registrant_that_holds_nothing_releases_nothing),
	  cmocka_unit_test(what_all_registrants_hold_any_of_them_releases),
	  cmocka_unit_test(only_registrants_with_the_right_key_release_or_clear),
	  cmocka_unit_test(clearing_leaves_nobody),
	  cmocka_unit_test(clearing_keeps_persistence),
	  cmocka_unit_test(reserved_values_are_refused),
	  cmocka_unit_test(a_holder_that_unregisters_gives_up_the_reservation),
	  cmocka_unit_test(another_registrant_that_unregisters_leaves_the_reservation_alone),
	  cmocka_unit_test(what_all_registrants_hold_ends_with_the_last_of_them));
