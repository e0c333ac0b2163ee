// SPDX-License-Identifier: BSD-2-Clause
/*
 * Asynchronous Event Requests and events (Base 5.2): who waits for whom, what an event says, and
 * how reading the log page makes room for the next one.
 */
#include "harness.h"

#define EVENT(type, info, page)	((uint32_t)(type) | (uint32_t)(info) << 8 | (uint32_t)(page) << 16)
#define DB_REGISTER	EVENT(0, 0, 0x01)
#define DB_VALUE	EVENT(0, 1, 0x01)
#define TEMPERATURE	EVENT(1, 1, 0x02)
#define NS_CHANGED	EVENT(2, 0, 0x04)

#define AEC_TEMPERATURE	(1u << 1)
#define AEC_NS_CHANGED	(1u << 8)

static void cause_db_register(struct driver *driver)
{
	driver_write32(driver, NVM_REG_DBS + 8 * 5, 1);
}

static void cause_db_value(struct driver *driver)
{
	driver_write32(driver, NVM_REG_DBS, 0xffff);
}

static void cause_ns_changed(struct rig *rig)
{
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 4), 0);
}

static void take_event(struct driver *driver, uint16_t cid, uint32_t event)
{
	struct completion completion = cq_take(&driver->admin.cq);

	assert_success(completion);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.sqid, 0);
	assert_int_equal(completion.dw0, event);
}

static void read_log(struct driver *driver, unsigned int page)
{
	uint8_t data[512];

	assert_success(driver_get_log(driver, page, 0, data, sizeof(data)));
}

TEST_CASE(a_request_stays_outstanding_without_an_event)
{
	struct rig *rig = rig_new_enabled(NULL);

	driver_submit_aer(rig->driver[0]);
	rig_advance(rig, 3600 * 1000ull * MS);
	cq_assert_empty(&rig->driver[0]->admin.cq);
	rig_free(rig);
}

TEST_CASE(one_request_beyond_the_limit_is_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	uint16_t cid;

	for (unsigned int i = 0; i < 4; i++)
		driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	cid = driver_submit_aer(driver);
	completion = cq_take(&driver->admin.cq);
	assert_int_equal(completion.cid, cid);
	assert_status(completion, NVM_SC_ASYNC_LIMIT);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(requests_are_answered_oldest_first)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid[3];

	for (unsigned int i = 0; i < 3; i++)
		cid[i] = driver_submit_aer(driver);
	rig_run(rig);
	for (unsigned int i = 0; i < 3; i++) {
		cause_db_register(driver);
		take_event(driver, cid[i], DB_REGISTER);
		read_log(driver, 0x01);
	}
	rig_free(rig);
}

TEST_CASE(a_request_makes_room_for_another)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	for (unsigned int i = 0; i < 4; i++)
		driver_submit_aer(driver);
	rig_run(rig);
	cause_db_register(driver);
	assert_success(cq_take(&driver->admin.cq));
	driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(events_wait_for_requests_in_order)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, AEC_NS_CHANGED));
	cause_db_register(driver);
	cause_ns_changed(rig);
	cq_assert_empty(&driver->admin.cq);
	cid = driver_submit_aer(driver);
	take_event(driver, cid, DB_REGISTER);
	cid = driver_submit_aer(driver);
	take_event(driver, cid, NS_CHANGED);
	driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(a_second_event_of_a_type_waits_until_the_log_is_read)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t first = driver_submit_aer(driver), second = driver_submit_aer(driver);
	struct completion completion;
	uint8_t data[64];

	rig_run(rig);
	cause_db_register(driver);
	take_event(driver, first, DB_REGISTER);
	cause_db_value(driver);
	cq_assert_empty(&driver->admin.cq);
	sq_submit(&driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
		.cdw10 = (sizeof(data) / 4 - 1) << 16 | 0x01, .prp1 = driver->scratch,
	});
	rig_run(rig);
	for (unsigned int i = 0; i < 2; i++) {
		completion = cq_take(&driver->admin.cq);
		assert_success(completion);
		if (completion.cid == second)
			assert_int_equal(completion.dw0, DB_VALUE);
	}
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(a_log_read_that_retains_the_event_does_not_unmask_it)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t first = driver_submit_aer(driver);
	uint8_t data[64];

	driver_submit_aer(driver);
	rig_run(rig);
	cause_db_register(driver);
	take_event(driver, first, DB_REGISTER);
	assert_success(driver_peek_log(driver, 0x01, 0, data, sizeof(data)));
	cause_db_register(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(another_log_page_does_not_unmask_the_event)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t first = driver_submit_aer(driver);

	driver_submit_aer(driver);
	rig_run(rig);
	cause_db_register(driver);
	take_event(driver, first, DB_REGISTER);
	read_log(driver, 0x02);
	read_log(driver, 0x04);
	cause_db_register(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(types_are_masked_apart)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t first, second;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, AEC_NS_CHANGED));
	first = driver_submit_aer(driver);
	second = driver_submit_aer(driver);
	rig_run(rig);
	cause_db_register(driver);
	take_event(driver, first, DB_REGISTER);
	cause_ns_changed(rig);
	take_event(driver, second, NS_CHANGED);
	rig_free(rig);
}

TEST_CASE(temperature_event_when_a_threshold_is_crossed)
{
	static const uint32_t threshold[] = { 310, 1 << 20 | 330 };

	for (size_t i = 0; i < ARRAY_SIZE(threshold); i++) {
		struct rig *rig = rig_new_enabled(NULL);
		struct driver *driver = rig->driver[0];
		struct completion completion;
		bool event = false;
		uint16_t cid;

		assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0,
						  AEC_TEMPERATURE));
		cid = driver_submit_aer(driver);
		cq_assert_empty(&driver->admin.cq);
		sq_submit(&driver->admin.sq, &(struct command){
			.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_TEMP_THRESHOLD,
			.cdw11 = threshold[i],
		});
		for (unsigned int n = 0; n < 2; n++) {
			completion = cq_take(&driver->admin.cq);
			assert_success(completion);
			if (completion.cid == cid) {
				assert_int_equal(completion.dw0, TEMPERATURE);
				event = true;
			}
		}
		assert_true(event);
		rig_free(rig);
	}
}

TEST_CASE(temperature_event_only_where_configured)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_submit_aer(driver);
	rig_run(rig);
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 310));
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(namespace_event_only_where_configured)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_submit_aer(driver);
	rig_run(rig);
	cause_ns_changed(rig);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(namespace_changes_before_the_log_is_read_are_one_event)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[4096];
	uint16_t cid;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, AEC_NS_CHANGED));
	cid = driver_submit_aer(driver);
	driver_submit_aer(driver);
	rig_run(rig);
	cause_ns_changed(rig);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 1), 0);
	take_event(driver, cid, NS_CHANGED);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);

	rig = rig_new_enabled(NULL);
	driver = rig->driver[0];
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, AEC_NS_CHANGED));
	cid = driver_submit_aer(driver);
	driver_submit_aer(driver);
	rig_run(rig);
	cause_ns_changed(rig);
	take_event(driver, cid, NS_CHANGED);
	assert_success(driver_get_log(driver, 0x04, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 4);
	cq_assert_empty(&driver->admin.cq);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 1), 0);
	assert_int_equal(cq_take(&driver->admin.cq).dw0, NS_CHANGED);
	rig_free(rig);
}

TEST_CASE(a_reset_forgets_requests_and_events)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_submit_aer(driver);
	rig_run(rig);
	driver_disable(driver);
	driver_enable(driver);
	cause_db_register(driver);
	cq_assert_empty(&driver->admin.cq);
	driver_disable(driver);
	driver_enable(driver);
	driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	for (unsigned int i = 0; i < 3; i++)
		driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(an_event_raises_an_interrupt)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int before;

	driver_submit_aer(driver);
	rig_run(rig);
	before = rig->function[0].interrupts[0];
	cause_db_register(driver);
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[0], before + 1);
	rig_free(rig);
}

TEST_CASE(events_go_to_the_controller_that_they_concern)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint16_t cid;

	for (unsigned int i = 0; i < 3; i++)
		assert_success(driver_set_feature(rig->driver[i], NVM_FEAT_ASYNC_EVENT, 0,
						  AEC_NS_CHANGED));
	driver_submit_aer(rig->driver[0]);
	cid = driver_submit_aer(rig->driver[1]);
	driver_submit_aer(rig->driver[2]);
	rig_run(rig);
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 4), 0);
	take_event(rig->driver[1], cid, NS_CHANGED);
	cq_assert_empty(&rig->driver[0]->admin.cq);
	cq_assert_empty(&rig->driver[2]->admin.cq);
	rig_free(rig);
}

RUN_TESTS("aer",
	  cmocka_unit_test(a_request_stays_outstanding_without_an_event),
	  cmocka_unit_test(one_request_beyond_the_limit_is_refused),
	  cmocka_unit_test(requests_are_answered_oldest_first),
	  cmocka_unit_test(a_request_makes_room_for_another),
	  cmocka_unit_test(events_wait_for_requests_in_order),
	  cmocka_unit_test(a_second_event_of_a_type_waits_until_the_log_is_read),
	  cmocka_unit_test(a_log_read_that_retains_the_event_does_not_unmask_it),
	  cmocka_unit_test(another_log_page_does_not_unmask_the_event),
	  cmocka_unit_test(types_are_masked_apart),
	  cmocka_unit_test(temperature_event_when_a_threshold_is_crossed),
	  cmocka_unit_test(temperature_event_only_where_configured),
	  cmocka_unit_test(namespace_event_only_where_configured),
	  cmocka_unit_test(namespace_changes_before_the_log_is_read_are_one_event),
	  cmocka_unit_test(a_reset_forgets_requests_and_events),
	  cmocka_unit_test(an_event_raises_an_interrupt),
	  cmocka_unit_test(events_go_to_the_controller_that_they_concern));
