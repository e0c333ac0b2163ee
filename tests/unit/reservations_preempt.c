// SPDX-License-Identifier: BSD-2-Clause
/*
 * Preempt, and Preempt and Abort (Base 8.19.7): which registrants go, who holds the namespace after
 * that, and that no command of a preempted host is left when the command completes.
 */
#include "reservations.h"

#define AE_LOG_AVAILABLE	(6u | 0x80u << 16)

/** three_registrants() - hosts 1, 2, 3 with keys 11, 22, 33; host 1 holds @type if it is not 0 */
static struct rig *three_registrants(struct host host[3], unsigned int type)
{
	struct rig *rig = hosts_open(host);

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[i], 11 * (i + 1)));
	if (type)
		assert_success(host_acquire(&host[0], type, 11));
	return rig;
}

TEST_CASE(the_holder_is_preempted)
{
	for (unsigned int held = 1; held <= 4; held++) {
		for (unsigned int type = 1; type <= 6; type++) {
			struct host host[3];
			struct rig *rig = three_registrants(host, held);
			struct report report;

			assert_success(host_preempt(&host[1], type, 22, 11));
			report = host_report(&host[1]);
			assert_int_equal(report_type(&report), type);
			assert_int_equal(report_generation(&report), 4);
			assert_int_equal(report_registrants(&report), 2);
			assert_registrant(&report, 2, 22, 1);
			assert_registrant(&report, 3, 33, type >= 5);
			rig_free(rig);
		}
	}
}

TEST_CASE(all_with_the_holders_key_are_preempted)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[i], 7));
	assert_success(host_acquire(&host[0], NVM_RESV_WRITE_EXCLUSIVE, 7));
	assert_success(host_preempt(&host[1], NVM_RESV_EXCLUSIVE_ACCESS, 7, 7));
	report = host_report(&host[1]);
	assert_int_equal(report_registrants(&report), 1);	/* the issuer is spared */
	assert_registrant(&report, 2, 7, 1);
	rig_free(rig);
}

TEST_CASE(a_registrant_is_preempted_and_the_holder_stays)
{
	for (unsigned int held = 1; held <= 4; held++) {
		struct host host[3];
		struct rig *rig = three_registrants(host, held);
		struct report report;

		assert_success(host_preempt(&host[1], 1, 22, 33));
		report = host_report(&host[1]);
		assert_int_equal(report_type(&report), held);
		assert_int_equal(report_generation(&report), 4);
		assert_int_equal(report_registrants(&report), 2);
		assert_registrant(&report, 1, 11, 1);
		assert_registrant(&report, 2, 22, 0);
		rig_free(rig);
	}
}

TEST_CASE(a_host_may_preempt_its_own_registration)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);
	struct report report;

	assert_success(host_preempt(&host[1], 1, 22, 22));
	report = host_report(&host[1]);
	assert_int_equal(report_registrants(&report), 2);
	assert_int_equal(report_find(&report, 2), 0);
	assert_registrant(&report, 1, 11, 1);
	rig_free(rig);
}

TEST_CASE(a_holder_that_preempts_itself_changes_the_type)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);
	struct report report;

	assert_success(host_preempt(&host[0], NVM_RESV_EXCL_ACCESS_REG_ONLY, 11, 11));
	report = host_report(&host[1]);
	assert_int_equal(report_type(&report), NVM_RESV_EXCL_ACCESS_REG_ONLY);
	assert_int_equal(report_registrants(&report), 3);
	assert_registrant(&report, 1, 11, 1);
	assert_int_equal(report_generation(&report), 4);
	rig_free(rig);
}

TEST_CASE(without_a_reservation_registrants_go_and_none_is_made)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);
	struct report report;

	assert_success(host_preempt(&host[1], 1, 22, 33));
	assert_state(&host[1], NO_TYPE, 4, 2);
	assert_success(host_preempt(&host[1], 1, 22, 11));
	report = host_report(&host[1]);
	assert_int_equal(report_registrants(&report), 1);
	assert_registrant(&report, 2, 22, 0);
	assert_int_equal(report_type(&report), NO_TYPE);
	rig_free(rig);
}

TEST_CASE(all_registrants_but_the_issuer_are_preempted_by_key_0)
{
	for (unsigned int held = 5; held <= 6; held++) {
		for (unsigned int type = 1; type <= 6; type++) {
			struct host host[3];
			struct rig *rig = three_registrants(host, held);
			struct report report;

			assert_success(host_preempt(&host[1], type, 22, 0));
			report = host_report(&host[1]);
			assert_int_equal(report_type(&report), type);
			assert_int_equal(report_registrants(&report), 1);
			assert_registrant(&report, 2, 22, 1);
			rig_free(rig);
		}
	}
}

TEST_CASE(of_all_registrants_those_with_the_key_are_preempted)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCL_ALL_REGS);
	struct report report;

	assert_status(host_preempt(&host[1], 1, 22, 99), NVM_SC_RESERVATION_CONFLICT);
	assert_success(host_preempt(&host[1], 1, 22, 11));
	report = host_report(&host[1]);
	assert_int_equal(report_type(&report), NVM_RESV_WRITE_EXCL_ALL_REGS);
	assert_int_equal(report_registrants(&report), 2);
	assert_registrant(&report, 2, 22, 1);
	assert_registrant(&report, 3, 33, 1);
	rig_free(rig);
}

TEST_CASE(when_the_last_of_all_registrants_goes_so_does_the_reservation)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(host_register(&host[0], 7));
	assert_success(host_register(&host[1], 7));
	assert_success(host_acquire(&host[0], NVM_RESV_EXCL_ACCESS_ALL_REGS, 7));
	assert_success(host_preempt(&host[0], 1, 7, 7));
	assert_state(&host[2], NO_TYPE, 3, 0);
	assert_success(host_io(&host[2], NVM_IO_WRITE));
	rig_free(rig);
}

TEST_CASE(keys_that_fit_nobody_are_refused)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

	assert_status(host_preempt(&host[1], 1, 22, 0), NVM_SC_INVALID_FIELD);
	assert_status(host_preempt(&host[1], 1, 22, 99), NVM_SC_RESERVATION_CONFLICT);
	assert_status(host_preempt(&host[1], 1, 99, 11), NVM_SC_RESERVATION_CONFLICT);
	assert_status(host_preempt(&host[1], 0, 22, 11), NVM_SC_INVALID_FIELD);
	assert_state(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 3, 3);
	assert_success(host_unregister(&host[1], 22));
	assert_status(host_preempt(&host[1], 1, 22, 11), NVM_SC_RESERVATION_CONFLICT);
	rig_free(rig);
}

TEST_CASE(key_0_is_a_key_like_any_other)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct report report;

	assert_success(host_register(&host[0], 0));
	assert_success(host_register(&host[1], 22));
	assert_success(host_acquire(&host[0], NVM_RESV_WRITE_EXCLUSIVE, 0));
	assert_success(host_preempt(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 22, 0));
	report = host_report(&host[1]);
	assert_int_equal(report_registrants(&report), 1);
	assert_registrant(&report, 2, 22, 1);
	rig_free(rig);
}

/* ---- Preempt and Abort ---- */

static uint16_t submit_preempt_and_abort(struct host *host, uint64_t key, uint64_t preempted)
{
	struct command command = {
		.opcode = 0x11, .nsid = NS, .cdw10 = NVM_RESV_WRITE_EXCLUSIVE << 8 | 2,
		.prp1 = host->driver->scratch,
	};
	uint8_t keys[16];

	put64(keys, 0, key);
	put64(keys, 8, preempted);
	guest_write(host->driver->memory, host->driver->scratch, keys, sizeof(keys));
	return sq_submit(&host->queue.sq, &command);
}

static uint16_t submit_write(struct host *host, uint32_t nsid)
{
	struct buffer *buffer = buffer_new(host->driver, 512);
	struct command write = rw_command(NVM_IO_WRITE, nsid, 0, 1, buffer);

	return sq_submit(&host->queue.sq, &write);
}

TEST_CASE(it_completes_at_once_if_the_victim_is_idle)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_EXCLUSIVE_ACCESS);

	submit_preempt_and_abort(&host[1], 22, 11);
	assert_success(cq_take(&host[1].queue.cq));
	assert_state(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 4, 2);
	rig_free(rig);
}

TEST_CASE(it_completes_when_no_command_of_the_victim_is_left)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);
	uint16_t write[2], acquire;

	rig->medium[NS]->hold = true;
	for (unsigned int i = 0; i < 2; i++)
		write[i] = submit_write(&host[0], NS);
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[NS]), 2);
	acquire = submit_preempt_and_abort(&host[1], 22, 11);
	cq_assert_empty(&host[1].queue.cq);
	/* It has taken effect already: later commands of the victim do not come through. */
	submit_write(&host[0], NS);
	assert_status(cq_take(&host[0].queue.cq), NVM_SC_RESERVATION_CONFLICT);
	scripted_complete(rig->medium[NS], 1, 0);
	cq_assert_empty(&host[1].queue.cq);
	scripted_complete(rig->medium[NS], 0, 0);
	assert_int_equal(cq_take(&host[1].queue.cq).cid, acquire);
	/* The abort is best effort; what had begun has ended well. */
	for (unsigned int i = 0; i < 2; i++) {
		struct completion completion = cq_take(&host[0].queue.cq);

		assert_success(completion);
		assert_int_equal(completion.cid, write[1 - i]);
	}
	assert_state(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 4, 2);
	rig_free(rig);
}

TEST_CASE(it_waits_for_nothing_else)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCL_REG_ONLY);

	rig->medium[NS]->hold = true;
	rig->medium[1]->hold = true;
	submit_write(&host[2], NS);	/* another host */
	submit_write(&host[1], NS);	/* the issuer */
	submit_write(&host[0], 1);	/* another namespace */
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[NS]), 2);
	assert_int_equal(scripted_held(rig->medium[1]), 1);
	submit_preempt_and_abort(&host[1], 22, 11);
	assert_success(cq_take(&host[1].queue.cq));
	scripted_release(rig->medium[NS]);
	scripted_release(rig->medium[1]);
	for (unsigned int i = 0; i < 3; i++)
		assert_success(cq_take(&host[i].queue.cq));
	rig_free(rig);
}

TEST_CASE(plain_preemption_waits_for_nothing)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	assert_success(host_preempt(&host[1], 1, 22, 11));
	scripted_release(rig->medium[NS]);
	assert_success(cq_take(&host[0].queue.cq));
	rig_free(rig);
}

TEST_CASE(two_preemptions_may_wait_for_the_same_command)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	cq_assert_empty(&host[1].queue.cq);
	assert_success(host_register(&host[0], 11));
	submit_preempt_and_abort(&host[2], 33, 11);
	cq_assert_empty(&host[2].queue.cq);
	scripted_complete(rig->medium[NS], 0, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_success(cq_take(&host[i].queue.cq));
	rig_free(rig);
}

TEST_CASE(a_preemption_that_waits_may_itself_be_waited_for)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	cq_assert_empty(&host[1].queue.cq);
	submit_preempt_and_abort(&host[2], 33, 22);
	cq_assert_empty(&host[2].queue.cq);
	scripted_complete(rig->medium[NS], 0, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_success(cq_take(&host[i].queue.cq));
	assert_state(&host[2], NO_TYPE, 5, 1);
	rig_free(rig);
}

TEST_CASE(many_preemptions_in_a_row_wait_for_one_command)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct queue_pair big;
	struct host host;

	host_open(rig, 1, &host, 1);
	driver_create_queue(host.driver, &big, 2, 1024, 1);
	rig->medium[NS]->hold = true;
	submit_write(&host, NS);
	rig_run(rig);
	host.queue = big;
	for (unsigned int i = 0; i < 500; i++) {
		assert_success(host_register(&host, 7));
		submit_preempt_and_abort(&host, 7, 7);
		cq_assert_empty(&host.queue.cq);
	}
	scripted_release(rig->medium[NS]);
	for (unsigned int i = 0; i < 500; i++)
		assert_success(cq_take(&host.queue.cq));
	cq_assert_empty(&host.queue.cq);
	assert_state(&host, NO_TYPE, 1000, 0);
	rig_free(rig);
}

TEST_CASE(the_victims_reset_ends_the_wait_when_its_commands_have_ended)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);

	assert_success(host_acquire(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 22));
	rig->medium[NS]->hold = true;
	submit_write(&host[1], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[2], 33, 22);
	cq_assert_empty(&host[2].queue.cq);
	driver_write32(host[1].driver, NVM_REG_CC, CC_DEFAULT);
	cq_assert_empty(&host[2].queue.cq);
	scripted_release(rig->medium[NS]);
	assert_success(cq_take(&host[2].queue.cq));
	cq_assert_empty(&host[1].queue.cq);
	rig_free(rig);
}

TEST_CASE(the_issuers_reset_waits_for_the_victims_commands)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);
	struct driver *driver = host[1].driver;

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	rig_run(rig);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT);
	rig_run(rig);
	scripted_release(rig->medium[NS]);
	rig_run(rig);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	assert_success(cq_take(&host[0].queue.cq));
	cq_assert_empty(&host[1].queue.cq);
	driver_enable(driver);
	rig_free(rig);
}

TEST_CASE(a_function_level_reset_of_the_issuer_goes_through)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	rig_run(rig);
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	scripted_release(rig->medium[NS]);
	assert_success(cq_take(&host[0].queue.cq));
	driver_enable(host[1].driver);
	host_open(rig, 1, &host[1], 2);
	assert_state(&host[1], NVM_RESV_WRITE_EXCLUSIVE, 4, 2);
	rig_free(rig);
}

TEST_CASE(a_suspend_waits_for_it)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);
	int result;

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	rig_run(rig);
	rig_suspend_begin(rig, 1, &result);
	rig_run(rig);
	assert_int_equal(result, 1);
	scripted_release(rig->medium[NS]);
	rig_run(rig);
	assert_int_equal(result, 0);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	assert_success(cq_take(&host[1].queue.cq));
	rig_free(rig);
}

TEST_CASE(a_subsystem_with_a_preemption_that_waits_can_be_freed)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	rig_run(rig);
	rig_free(rig);
}

TEST_CASE(the_victim_is_told_before_it_completes)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

	rig->medium[NS]->hold = true;
	submit_write(&host[0], NS);
	driver_submit_aer(host[0].driver);
	rig_run(rig);
	submit_preempt_and_abort(&host[1], 22, 11);
	assert_int_equal(cq_take(&host[0].driver->admin.cq).dw0, AE_LOG_AVAILABLE);
	cq_assert_empty(&host[1].queue.cq);
	scripted_release(rig->medium[NS]);
	assert_success(cq_take(&host[1].queue.cq));
	rig_free(rig);
}

RUN_TESTS("reservations_preempt",
	  cmocka_unit_test(the_holder_is_preempted),
	  cmocka_unit_test(all_with_the_holders_key_are_preempted),
	  cmocka_unit_test(a_registrant_is_preempted_and_the_holder_stays),
	  cmocka_unit_test(a_host_may_preempt_its_own_registration),
	  cmocka_unit_test(a_holder_that_preempts_itself_changes_the_type),
	  cmocka_unit_test(without_a_reservation_registrants_go_and_none_is_made),
	  cmocka_unit_test(all_registrants_but_the_issuer_are_preempted_by_key_0),
	  cmocka_unit_test(of_all_registrants_those_with_the_key_are_preempted),
	  cmocka_unit_test(when_the_last_of_all_registrants_goes_so_does_the_reservation),
	  cmocka_unit_test(keys_that_fit_nobody_are_refused),
	  cmocka_unit_test(key_0_is_a_key_like_any_other),
	  cmocka_unit_test(it_completes_at_once_if_the_victim_is_idle),
	  cmocka_unit_test(it_completes_when_no_command_of_the_victim_is_left),
	  cmocka_unit_test(it_waits_for_nothing_else),
	  cmocka_unit_test(plain_preemption_waits_for_nothing),
	  cmocka_unit_test(two_preemptions_may_wait_for_the_same_command),
	  cmocka_unit_test(a_preemption_that_waits_may_itself_be_waited_for),
	  cmocka_unit_test(many_preemptions_in_a_row_wait_for_one_command),
	  cmocka_unit_test(the_victims_reset_ends_the_wait_when_its_commands_have_ended),
	  cmocka_unit_test(the_issuers_reset_waits_for_the_victims_commands),
	  cmocka_unit_test(a_function_level_reset_of_the_issuer_goes_through),
	  cmocka_unit_test(a_suspend_waits_for_it),
	  cmocka_unit_test(a_subsystem_with_a_preemption_that_waits_can_be_freed),
	  cmocka_unit_test(the_victim_is_told_before_it_completes));
