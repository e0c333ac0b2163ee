// SPDX-License-Identifier: BSD-2-Clause
/*
 * Controller Data Queue feature (Base 2.3, 5.2.26.1.23): how the host gives slots back, and the
 * one-shot event of the slot that it waits for.
 */
#include "cdq_host.h"

#define TAIL_EVENT	(NVM_EVENT_ONE_SHOT | NVM_EVENT_ONE_SHOT_CDQ_TAIL << 8)

static struct rig *rig_with_queue(struct cdq_host *host, uint32_t slots)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	*host = cdq_host_new(rig, 1, slots);
	assert_success(cdq_create(host));
	return rig;
}

/* Two entries: logging has started, logging was stopped. */
static void post_two(const struct cdq_host *host)
{
	assert_success(cdq_log(host, NVMOVE_HMLM_START));
	assert_success(cdq_log(host, NVMOVE_HMLM_STOP));
}

static uint32_t head_of(const struct cdq_host *host)
{
	struct nvmove_hmlm_cdq_feature feature;

	assert_success(cdq_get(host, &feature));
	return get32(&feature, 0);
}

static void assert_event(const struct cdq_host *host, uint16_t cid)
{
	struct completion completion = cq_take(&host->driver->admin.cq);

	assert_success(completion);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.dw0, TAIL_EVENT);
	assert_int_equal(completion.dw1, host->id);
}

TEST_CASE(the_head_moves_as_far_as_entries_were_posted)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);

	assert_success(cdq_set_head(&host, 0));
	assert_status(cdq_set_head(&host, 1), NVM_SC_INVALID_FIELD);
	post_two(&host);
	assert_status(cdq_set_head(&host, 3), NVM_SC_INVALID_FIELD);
	assert_status(cdq_set_head(&host, 8), NVM_SC_INVALID_FIELD);
	assert_success(cdq_set_head(&host, 1));
	assert_status(cdq_set_head(&host, 0), NVM_SC_INVALID_FIELD);
	assert_success(cdq_set_head(&host, 2));
	assert_int_equal(head_of(&host), 2);
	assert_status(cdq_set_head(&host, 1), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(the_head_follows_the_tail_round_the_ring)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 5);
	uint32_t head = 0;

	for (unsigned int i = 0; i < 20; i++) {
		post_two(&host);
		head = (head + 2) % 5;
		assert_status(cdq_set_head(&host, (head + 1) % 5), NVM_SC_INVALID_FIELD);
		/* Also where the entries go on at the beginning. */
		assert_status(cdq_set_head(&host, 5), NVM_SC_INVALID_FIELD);
		assert_success(cdq_set_head(&host, head));
	}
	rig_free(rig);
}

TEST_CASE(get_features_returns_the_head_and_the_trigger)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);
	struct nvmove_hmlm_cdq_feature feature;
	struct completion completion;

	post_two(&host);
	assert_success(cdq_set_trigger(&host, 1, 5));
	completion = cdq_get(&host, &feature);
	assert_success(completion);
	assert_int_equal(completion.dw0, NVMOVE_HMLM_CDQ_ETPT | host.id);
	assert_int_equal(get32(&feature, 0), 1);
	assert_int_equal(get32(&feature, 4), 5);
	assert_success(cdq_set_head(&host, 2));
	completion = cdq_get(&host, &feature);
	assert_int_equal(completion.dw0, host.id);
	assert_int_equal(get32(&feature, 0), 2);
	assert_int_equal(get32(&feature, 4), 0);
	rig_free(rig);
}

TEST_CASE(a_host_buffer_of_the_defined_bytes_is_enough)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);
	struct driver *driver = rig->driver[0];

	guest_fill(driver->memory, driver->scratch, 0xee, PAGE);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_GET_FEATURES,
			     .cdw10 = NVMOVE_HMLM_FEAT_CDQ, .cdw11 = host.id,
			     .prp1 = driver->scratch));
	assert_true(guest_is_filled(driver->memory, driver->scratch + 8, 0xee, PAGE - 8));
	rig_free(rig);
}

TEST_CASE(the_feature_is_changeable_and_not_saved)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);
	struct completion completion;

	completion = driver_get_feature(rig->driver[0], NVMOVE_HMLM_FEAT_CDQ,
					NVM_FEAT_SEL_SUPPORTED, 0, host.id);
	assert_success(completion);
	assert_int_equal(completion.dw0, NVM_FEAT_CAP_CHANGEABLE);
	assert_status(ADMIN(rig->driver[0], .opcode = NVM_ADMIN_SET_FEATURES,
			    .cdw10 = NVM_FEAT_SAVE | NVMOVE_HMLM_FEAT_CDQ, .cdw11 = host.id),
		      NVM_SC_FEATURE_NOT_SAVEABLE);
	rig_free(rig);
}

TEST_CASE(the_entry_in_the_slot_raises_one_event)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);
	struct nvmove_hmlm_cdq_feature feature;
	uint16_t cid = driver_submit_aer(rig->driver[0]);

	assert_success(cdq_set_trigger(&host, 0, 1));
	assert_success(cdq_log(&host, NVMOVE_HMLM_START));
	cq_assert_empty(&rig->driver[0]->admin.cq);
	sq_submit(&rig->driver[0]->admin.sq, &(struct command){
		.opcode = NVMOVE_HMLM_TRACK_SEND, .cdw11 = host.id });
	assert_event(&host, cid);
	assert_success(cq_take(&rig->driver[0]->admin.cq));
	assert_int_equal(cdq_get(&host, &feature).dw0, host.id);
	/* Once round the ring to the same slot. */
	driver_submit_aer(rig->driver[0]);
	for (unsigned int head = 2; head <= 10; head += 2) {
		assert_success(cdq_set_head(&host, head % 8));
		post_two(&host);
	}
	cq_assert_empty(&rig->driver[0]->admin.cq);
	rig_free(rig);
}

TEST_CASE(an_event_waits_for_a_request)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);

	assert_success(cdq_set_trigger(&host, 0, 0));
	post_two(&host);
	assert_event(&host, driver_submit_aer(rig->driver[0]));
	driver_submit_aer(rig->driver[0]);
	cq_assert_empty(&rig->driver[0]->admin.cq);
	rig_free(rig);
}

TEST_CASE(set_features_withdraws_the_event_that_waits)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);

	assert_success(cdq_set_trigger(&host, 0, 0));
	post_two(&host);
	assert_status(cdq_set_head(&host, 5), NVM_SC_INVALID_FIELD);
	assert_success(cdq_set_head(&host, 2));
	driver_submit_aer(rig->driver[0]);
	cq_assert_empty(&rig->driver[0]->admin.cq);
	rig_free(rig);
}

TEST_CASE(deletion_withdraws_the_event_that_waits)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);

	assert_success(cdq_set_trigger(&host, 0, 0));
	post_two(&host);
	assert_success(cdq_delete(&host));
	driver_submit_aer(rig->driver[0]);
	cq_assert_empty(&rig->driver[0]->admin.cq);
	rig_free(rig);
}

TEST_CASE(events_of_two_queues_are_reported_in_their_order)
{
	struct cdq_host first;
	struct rig *rig = rig_with_queue(&first, 8);
	struct cdq_host second = cdq_host_new(rig, 2, 8);

	assert_success(cdq_create(&second));
	for (unsigned int i = 0; i < 4; i++) {
		const struct cdq_host *earlier = i % 2 ? &second : &first;
		const struct cdq_host *later = i % 2 ? &first : &second;

		assert_success(cdq_set_trigger(earlier, 2 * i % 8, 2 * i));
		assert_success(cdq_set_trigger(later, 2 * i % 8, 2 * i));
		post_two(earlier);
		post_two(later);
		assert_event(earlier, driver_submit_aer(rig->driver[0]));
		assert_event(later, driver_submit_aer(rig->driver[0]));
	}
	rig_free(rig);
}

TEST_CASE(a_trigger_beyond_the_queue_is_refused)
{
	struct cdq_host host;
	struct rig *rig = rig_with_queue(&host, 8);

	assert_status(cdq_set_trigger(&host, 0, 8), NVM_SC_INVALID_FIELD);
	assert_success(cdq_set_trigger(&host, 0, 7));
	rig_free(rig);
}

RUN_TESTS("cdq_feature",
	  cmocka_unit_test(the_head_moves_as_far_as_entries_were_posted),
	  cmocka_unit_test(the_head_follows_the_tail_round_the_ring),
	  cmocka_unit_test(get_features_returns_the_head_and_the_trigger),
	  cmocka_unit_test(a_host_buffer_of_the_defined_bytes_is_enough),
	  cmocka_unit_test(the_feature_is_changeable_and_not_saved),
	  cmocka_unit_test(the_entry_in_the_slot_raises_one_event),
	  cmocka_unit_test(an_event_waits_for_a_request),
	  cmocka_unit_test(set_features_withdraws_the_event_that_waits),
	  cmocka_unit_test(deletion_withdraws_the_event_that_waits),
	  cmocka_unit_test(events_of_two_queues_are_reported_in_their_order),
	  cmocka_unit_test(a_trigger_beyond_the_queue_is_refused));
