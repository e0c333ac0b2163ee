// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservation Acquire without preemption (Base 7.2, 8.19.5): who gets a reservation, of which type,
 * and who is refused.
 */
#include "reservations.h"

TEST_CASE(a_registrant_acquires_any_type)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[i], i));
	for (unsigned int type = 1; type <= 6; type++) {
		struct report report;

		assert_success(host_acquire(&host[1], type, 1));
		report = host_report(&host[0]);
		assert_int_equal(report_type(&report), type);
		assert_int_equal(report_generation(&report), 3);
		assert_registrant(&report, 2, 1, 1);
		/* With all registrants all of them hold it. */
		assert_registrant(&report, 1, 0, type >= 5);
		assert_registrant(&report, 3, 2, type >= 5);
		assert_success(host_release(&host[1], type, 1));
	}
	rig_free(rig);
}

TEST_CASE(one_reservation_at_a_time)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	assert_success(host_register(&host[1], 2));
	for (unsigned int held = 1; held <= 4; held++) {
		assert_success(host_acquire(&host[0], held, 1));
		for (unsigned int type = 1; type <= 6; type++) {
			assert_status(host_acquire(&host[1], type, 2), NVM_SC_RESERVATION_CONFLICT);
			if (type == held)
				assert_success(host_acquire(&host[0], type, 1));
			else
				assert_status(host_acquire(&host[0], type, 1),
					      NVM_SC_RESERVATION_CONFLICT);
		}
		assert_state(&host[0], held, 2, 2);
		assert_success(host_release(&host[0], held, 1));
	}
	rig_free(rig);
}

TEST_CASE(what_all_registrants_hold_each_of_them_may_acquire)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 1));
	for (unsigned int held = 5; held <= 6; held++) {
		struct report report;

		assert_success(host_acquire(&host[0], held, 1));
		assert_success(host_register(&host[1], 2));
		report = host_report(&host[0]);
		assert_registrant(&report, 2, 2, 1);	/* who comes later holds it too */
		assert_success(host_acquire(&host[1], held, 2));
		assert_status(host_acquire(&host[1], 11 - held, 2), NVM_SC_RESERVATION_CONFLICT);
		assert_status(host_acquire(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 2),
			      NVM_SC_RESERVATION_CONFLICT);
		assert_success(host_release(&host[0], held, 1));
		assert_success(host_unregister(&host[1], 2));
	}
	rig_free(rig);
}

TEST_CASE(only_registrants_with_the_right_key_acquire)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_status(host_acquire(&host[0], 1, 0), NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_register(&host[1], 7));
	assert_status(host_acquire(&host[0], 1, 7), NVM_SC_RESERVATION_CONFLICT);
	assert_status(host_acquire(&host[1], 1, 8), NVM_SC_RESERVATION_CONFLICT);
	assert_state(&host[0], NO_TYPE, 1, 1);
	rig_free(rig);
}

TEST_CASE(reserved_values_are_refused)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 7));
	assert_status(host_acquire(&host[0], 0, 7), NVM_SC_INVALID_FIELD);
	assert_status(host_acquire(&host[0], 7, 7), NVM_SC_INVALID_FIELD);
	assert_status(host_acquire(&host[0], 0xff, 7), NVM_SC_INVALID_FIELD);
	assert_status(host_command(&host[0], 0x11, NS, 1 << 8 | 1 << 3, 7, 0),
		      NVM_SC_INVALID_FIELD);		/* IEKEY */
	for (unsigned int action = 3; action < 8; action++)
		assert_status(host_command(&host[0], 0x11, NS, 1 << 8 | action, 7, 0),
			      NVM_SC_INVALID_FIELD);
	assert_state(&host[0], NO_TYPE, 1, 1);
	rig_free(rig);
}

TEST_CASE(a_refusal_says_not_to_retry)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	uint8_t log[64];

	assert_status(host_acquire(&host[0], 1, 7), NVM_SC_RESERVATION_CONFLICT);
	assert_success(driver_get_log(host[0].driver, NVM_LOG_ERROR, 0, log, sizeof(log)));
	assert_int_equal(get16(log, 12) >> 1, NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR);
	assert_int_equal(get32(log, 24), NS);
	rig_free(rig);
}

RUN_TESTS("reservations_acquire",
	  cmocka_unit_test(a_registrant_acquires_any_type),
	  cmocka_unit_test(one_reservation_at_a_time),
	  cmocka_unit_test(what_all_registrants_hold_each_of_them_may_acquire),
	  cmocka_unit_test(only_registrants_with_the_right_key_acquire),
	  cmocka_unit_test(reserved_values_are_refused),
	  cmocka_unit_test(a_refusal_says_not_to_retry));
