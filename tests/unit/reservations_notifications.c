// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservation notifications (Base 8.19.2, 5.16.1.24, 5.27.1.26): who is told of what, by the log
 * page, by the event, and not at all where the host has masked it.
 */
#include "reservations.h"

#define AE_LOG_AVAILABLE	(6u | 0x80u << 16)

enum notice { NOTHING, REGISTRATION_PREEMPTED, RESERVATION_RELEASED, RESERVATION_PREEMPTED };

static void read_log(struct host *host, uint8_t data[64])
{
	assert_success(driver_get_log(host->driver, NVM_LOG_RESERVATION, 0, data, 64));
}

/** assert_told() - the oldest unread notification of @host; NOTHING: there is none */
static void assert_told(struct host *host, enum notice notice)
{
	uint8_t data[64];

	read_log(host, data);
	assert_int_equal(data[8], notice);
	if (notice == NOTHING) {
		assert_true(is_zero(data, sizeof(data)));
		return;
	}
	assert_int_not_equal(get64(data, 0), 0);
	assert_int_equal(get32(data, 12), NS);
	assert_true(is_zero(data + 16, 48));
}

static struct rig *three_registrants(struct host host[3], unsigned int type)
{
	struct rig *rig = hosts_open(host);

	for (unsigned int i = 0; i < 3; i++)
		assert_success(host_register(&host[i], 11 * (i + 1)));
	if (type)
		assert_success(host_acquire(&host[0], type, 11));
	return rig;
}

TEST_CASE(registering_and_acquiring_is_no_news)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_EXCL_ACCESS_ALL_REGS);

	for (unsigned int i = 0; i < 3; i++)
		assert_told(&host[i], NOTHING);
	rig_free(rig);
}

TEST_CASE(a_release_is_news_unless_the_type_was_exclusive)
{
	for (unsigned int type = 1; type <= 6; type++) {
		struct host host[3];
		struct rig *rig = three_registrants(host, type);

		assert_success(host_unregister(&host[2], 33));
		assert_success(host_release(&host[0], type, 11));
		assert_told(&host[0], NOTHING);		/* the issuer */
		assert_told(&host[1], type >= 3 ? RESERVATION_RELEASED : NOTHING);
		assert_told(&host[1], NOTHING);
		assert_told(&host[2], NOTHING);		/* no registrant */
		rig_free(rig);
	}
}

TEST_CASE(a_holder_that_unregisters_is_news_for_registrants_only_types)
{
	for (unsigned int type = 1; type <= 6; type++) {
		struct host host[3];
		struct rig *rig = three_registrants(host, type);

		assert_success(host_unregister(&host[1], 22));
		assert_told(&host[0], NOTHING);
		assert_success(host_unregister(&host[0], 11));
		assert_told(&host[0], NOTHING);
		assert_told(&host[1], NOTHING);
		assert_told(&host[2], type == 3 || type == 4 ? RESERVATION_RELEASED : NOTHING);
		rig_free(rig);
	}
}

TEST_CASE(clearing_is_news_for_all_others)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

	assert_success(host_clear(&host[1], 22));
	assert_told(&host[0], RESERVATION_PREEMPTED);
	assert_told(&host[1], NOTHING);
	assert_told(&host[2], RESERVATION_PREEMPTED);
	for (unsigned int i = 0; i < 3; i++)
		assert_told(&host[i], NOTHING);
	rig_free(rig);
}

TEST_CASE(preemption_is_news_for_the_preempted_and_a_new_type_for_the_rest)
{
	for (unsigned int type = 1; type <= 2; type++) {
		struct host host[3];
		struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCLUSIVE);

		assert_success(host_preempt(&host[1], type, 22, 11));
		assert_told(&host[0], REGISTRATION_PREEMPTED);
		assert_told(&host[0], NOTHING);
		assert_told(&host[1], NOTHING);
		assert_told(&host[2], type == 2 ? RESERVATION_RELEASED : NOTHING);
		rig_free(rig);
	}
}

TEST_CASE(a_host_that_preempts_its_own_registration_knows)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	for (unsigned int i = 0; i < 2; i++)
		assert_success(host_register(&host[i], 7));
	assert_success(host_preempt(&host[0], 1, 7, 7));
	assert_told(&host[0], NOTHING);
	assert_told(&host[1], REGISTRATION_PREEMPTED);
	rig_free(rig);
}

TEST_CASE(a_host_is_told_on_each_of_its_controllers)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct host issuer, first, second;

	host_open(rig, 0, &issuer, 1);
	host_open(rig, 1, &first, 2);
	host_open(rig, 2, &second, 2);
	assert_success(host_register(&issuer, 1));
	assert_success(host_register(&first, 2));
	assert_success(host_preempt(&issuer, 1, 1, 2));
	assert_told(&first, REGISTRATION_PREEMPTED);
	assert_told(&second, REGISTRATION_PREEMPTED);
	rig_free(rig);
}

TEST_CASE(a_controller_without_the_namespace_is_not_told)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);

	assert_int_equal(nvmove_namespace_detach(rig->function[1].ctrl, NS), 0);
	assert_success(host_clear(&host[2], 33));
	assert_told(&host[0], RESERVATION_PREEMPTED);
	assert_told(&host[1], NOTHING);
	rig_free(rig);
}

TEST_CASE(an_event_says_that_there_is_news)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCL_REG_ONLY);
	struct completion_queue *cq = &host[1].driver->admin.cq;
	struct completion completion;
	uint8_t data[64];
	uint16_t aer[2];

	for (unsigned int i = 0; i < 2; i++)
		aer[i] = driver_submit_aer(host[1].driver);
	rig_run(rig);
	assert_success(host_release(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 11));
	completion = cq_take(cq);
	assert_success(completion);
	assert_int_equal(completion.cid, aer[0]);
	assert_int_equal(completion.dw0, AE_LOG_AVAILABLE);
	/* It is masked until the page has been read without Retain Asynchronous Event. */
	assert_success(host_clear(&host[0], 11));
	cq_assert_empty(cq);
	assert_success(driver_peek_log(host[1].driver, NVM_LOG_RESERVATION, 0, data, 64));
	assert_int_equal(data[8], RESERVATION_RELEASED);
	assert_int_equal(data[9], 1);
	cq_assert_empty(cq);
	sq_submit(&host[1].driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
		.cdw10 = 15 << 16 | NVM_LOG_RESERVATION, .prp1 = host[1].driver->scratch,
	});
	completion = cq_take(cq);
	assert_int_equal(completion.cid, aer[1]);
	assert_int_equal(completion.dw0, AE_LOG_AVAILABLE);
	assert_success(cq_take(cq));
	guest_read(host[1].driver->memory, host[1].driver->scratch, data, sizeof(data));
	assert_int_equal(data[8], RESERVATION_PREEMPTED);
	assert_told(&host[1], NOTHING);
	rig_free(rig);
}

TEST_CASE(the_oldest_page_is_read_first_and_counted)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);
	uint8_t data[64];

	for (unsigned int i = 0; i < 5; i++) {
		assert_success(host_acquire(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 11));
		assert_success(host_release(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 11));
	}
	for (unsigned int i = 0; i < 5; i++) {
		read_log(&host[1], data);
		assert_int_equal(get64(data, 0), i + 1);
		assert_int_equal(data[8], RESERVATION_RELEASED);
		assert_int_equal(data[9], 4 - i);
	}
	assert_told(&host[1], NOTHING);
	assert_success(host_clear(&host[0], 11));
	read_log(&host[1], data);
	assert_int_equal(get64(data, 0), 6);	/* it goes on counting */
	rig_free(rig);
}

TEST_CASE(what_does_not_fit_is_lost_and_the_gap_shows)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);
	uint8_t data[64];

	for (unsigned int i = 0; i < 300; i++) {
		assert_success(host_acquire(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 11));
		assert_success(host_release(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 11));
	}
	for (unsigned int i = 0; i < 254; i++) {
		read_log(&host[1], data);
		assert_int_equal(get64(data, 0), i + 1);
		assert_int_equal(data[9], 254 - i);
	}
	read_log(&host[1], data);
	assert_int_equal(get64(data, 0), 300);
	assert_told(&host[1], NOTHING);
	assert_success(host_clear(&host[0], 11));
	read_log(&host[1], data);
	assert_int_equal(get64(data, 0), 301);
	rig_free(rig);
}

TEST_CASE(a_reset_forgets_what_was_not_read)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);
	uint8_t data[64];

	assert_success(driver_set_feature(host[1].driver, 0x82, NS, 1 << 2));
	assert_success(host_preempt(&host[2], 1, 33, 22));
	driver_disable(host[1].driver);
	driver_enable(host[1].driver);
	host_open(rig, 1, &host[1], 2);
	assert_told(&host[1], NOTHING);
	assert_success(host_register(&host[1], 22));
	assert_success(host_clear(&host[2], 33));
	read_log(&host[1], data);
	assert_int_equal(get64(data, 0), 1);
	assert_int_equal(driver_get_feature(host[1].driver, 0x82, 0, NS, 0).dw0, 0);
	rig_free(rig);
}

TEST_CASE(each_kind_can_be_masked)
{
	for (unsigned int masked = 0; masked <= 3; masked++) {
		struct host host[3];
		struct rig *rig = three_registrants(host, NVM_RESV_WRITE_EXCL_REG_ONLY);
		struct completion_queue *cq = &host[2].driver->admin.cq;

		assert_success(driver_set_feature(host[2].driver, 0x82, NS,
						  masked ? 1u << masked : 0));
		driver_submit_aer(host[2].driver);
		rig_run(rig);
		assert_success(host_release(&host[0], NVM_RESV_WRITE_EXCL_REG_ONLY, 11));
		if (masked == RESERVATION_RELEASED)
			cq_assert_empty(cq);
		else
			assert_int_equal(cq_take(cq).dw0, AE_LOG_AVAILABLE);
		assert_success(host_preempt(&host[0], 1, 11, 33));
		if (masked == RESERVATION_RELEASED)
			assert_int_equal(cq_take(cq).dw0, AE_LOG_AVAILABLE);
		assert_success(host_register(&host[2], 33));
		assert_success(host_clear(&host[0], 11));
		for (unsigned int kind = 1; kind <= 3; kind++) {
			/* They came in another order: released, registration preempted, cleared. */
			enum notice expected = kind == 1 ? RESERVATION_RELEASED :
					       kind == 2 ? REGISTRATION_PREEMPTED :
							   RESERVATION_PREEMPTED;

			if (expected != masked)
				assert_told(&host[2], expected);
		}
		assert_told(&host[2], NOTHING);
		/* A mask is the matter of one controller. */
		assert_told(&host[1], RESERVATION_RELEASED);
		rig_free(rig);
	}
}

static uint32_t mask_of(struct host *host, uint32_t nsid)
{
	struct completion completion = driver_get_feature(host->driver, 0x82, 0, nsid, 0);

	assert_success(completion);
	return completion.dw0;
}

TEST_CASE(the_mask_is_per_namespace_or_set_for_all)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);
	struct driver *driver = host[0].driver;

	assert_int_equal(mask_of(&host[0], NS), 0);
	assert_success(driver_set_feature(driver, 0x82, NS, 0xe));
	assert_int_equal(mask_of(&host[0], NS), 0xe);
	assert_int_equal(mask_of(&host[0], 1), 0);
	assert_int_equal(mask_of(&host[1], NS), 0);
	assert_success(driver_set_feature(driver, 0x82, NVM_NSID_ALL, 4));
	assert_int_equal(mask_of(&host[0], NS), 4);
	assert_int_equal(mask_of(&host[0], 1), 4);
	assert_int_equal(driver_get_feature(driver, 0x82, 1, NS, 0).dw0, 0);
	assert_int_equal(driver_get_feature(driver, 0x82, 3, NS, 0).dw0,
			 NVM_FEAT_CAP_CHANGEABLE | NVM_FEAT_CAP_PER_NS);
	assert_status(driver_set_feature(driver, 0x82, NS, 1), NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(driver, 0x82, NS, 0x10), NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(driver, 0x82, 2, 4), NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(driver, 0x82, 0, 4), NVM_SC_INVALID_NS);
	assert_status(driver_get_feature(driver, 0x82, 0, 2, 0), NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, 0x82, 0, NVM_NSID_ALL, 0), NVM_SC_INVALID_FIELD);
	assert_int_equal(mask_of(&host[0], NS), 4);
	rig_free(rig);
}

TEST_CASE(a_detached_namespace_takes_its_mask_along)
{
	struct host host[3];
	struct rig *rig = hosts_open(host);

	assert_success(driver_set_feature(host[0].driver, 0x82, NS, 0xe));
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, NS), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, NS), 0);
	assert_int_equal(mask_of(&host[0], NS), 0);
	rig_free(rig);
}

TEST_CASE(a_page_that_cannot_be_written_is_not_taken_off)
{
	struct host host[3];
	struct rig *rig = three_registrants(host, NO_TYPE);

	assert_success(host_clear(&host[0], 11));
	assert_status(ADMIN(host[1].driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
			    .cdw10 = 15 << 16 | NVM_LOG_RESERVATION, .prp1 = 0xdead0000),
		      NVM_SC_DATA_TRANSFER_ERROR);
	guest_take_faults(host[1].driver->memory);
	assert_told(&host[1], RESERVATION_PREEMPTED);
	rig_free(rig);
}

RUN_TESTS("reservations_notifications",
	  cmocka_unit_test(registering_and_acquiring_is_no_news),
	  cmocka_unit_test(a_release_is_news_unless_the_type_was_exclusive),
	  cmocka_unit_test(a_holder_that_unregisters_is_news_for_registrants_only_types),
	  cmocka_unit_test(clearing_is_news_for_all_others),
	  cmocka_unit_test(preemption_is_news_for_the_preempted_and_a_new_type_for_the_rest),
	  cmocka_unit_test(a_host_that_preempts_its_own_registration_knows),
	  cmocka_unit_test(a_host_is_told_on_each_of_its_controllers),
	  cmocka_unit_test(a_controller_without_the_namespace_is_not_told),
	  cmocka_unit_test(an_event_says_that_there_is_news),
	  cmocka_unit_test(the_oldest_page_is_read_first_and_counted),
	  cmocka_unit_test(what_does_not_fit_is_lost_and_the_gap_shows),
	  cmocka_unit_test(a_reset_forgets_what_was_not_read),
	  cmocka_unit_test(each_kind_can_be_masked),
	  cmocka_unit_test(the_mask_is_per_namespace_or_set_for_all),
	  cmocka_unit_test(a_detached_namespace_takes_its_mask_along),
	  cmocka_unit_test(a_page_that_cannot_be_written_is_not_taken_off));
