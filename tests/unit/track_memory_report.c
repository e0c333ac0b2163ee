// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracked Memory Changes (Base 2.3, 5.2.27): what is returned for whatever length the host asks
 * for, and that what the host did not get stays to be reported.
 */
#include "tracking_host.h"

#define AREA		64u		/* pages that are read into */
#define HEADER		16u
#define CHANGE		16u

/** struct scene - secondary 1, tracked, with a queue and an area of its host's memory */
struct scene {
	struct rig *rig;
	struct queue_pair queue;
	uint64_t area;
};

static struct scene new_scene(unsigned int granularity)
{
	struct scene scene = { .rig = rig_new_secondaries(NULL, 1) };
	struct driver *driver = scene.rig->driver[1];
	struct memory_range range;

	driver_create_queue(driver, &scene.queue, 1, 64, 1);
	scene.area = guest_alloc(driver->memory, AREA * PAGE);
	range.address = scene.area & ~((uint64_t)(PAGE << granularity) - 1);
	range.length = AREA >> granularity;
	assert_success(tracking_start(scene.rig, 1, granularity, &range, 1));
	return scene;
}

/* Have page @index of the area written. */
static void touch(struct scene *scene, unsigned int index)
{
	assert_success(COMMAND(&scene->queue, .opcode = NVM_IO_READ, .nsid = 2,
			       .prp1 = scene->area + index * PAGE));
}

static void assert_change(const struct scene *scene, const struct memory_range *change,
			  unsigned int index, uint32_t length)
{
	assert_int_equal(change->address, scene->area + index * PAGE);
	assert_int_equal(change->length, length);
}

TEST_CASE(nothing_was_written)
{
	struct scene scene = new_scene(0);
	struct report report = tracking_report(scene.rig, 1);

	assert_int_equal(report.nr, 0);
	assert_int_equal(report.cntlid, tracking_cntlid(scene.rig, 1));
	assert_int_equal(report.granularity, 0);
	assert_false(report.more);
	assert_false(report.suspended);
	rig_free(scene.rig);
}

TEST_CASE(neighbours_are_one_change)
{
	static const unsigned int pages[] = { 63, 0, 31, 33, 32, 2, 1, 62, 40 };
	struct scene scene = new_scene(0);
	struct report report;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		touch(&scene, pages[i]);
	report = tracking_report(scene.rig, 1);
	assert_int_equal(report.nr, 4);
	assert_change(&scene, &report.change[0], 0, 3);
	assert_change(&scene, &report.change[1], 31, 3);
	assert_change(&scene, &report.change[2], 40, 1);
	assert_change(&scene, &report.change[3], 62, 2);
	assert_int_equal(tracking_report(scene.rig, 1).nr, 0);
	rig_free(scene.rig);
}

TEST_CASE(a_coarse_granularity)
{
	struct scene scene = new_scene(2);
	struct report report;

	touch(&scene, 5);
	touch(&scene, 7);
	touch(&scene, 63);
	report = tracking_report(scene.rig, 1);
	assert_int_equal(report.granularity, 2);
	assert_int_equal(report.nr, 2);
	assert_change(&scene, &report.change[0], 4, 1);
	assert_change(&scene, &report.change[1], 60, 1);
	rig_free(scene.rig);
}

/* Any length is served with what fits into it; the rest is for the next command. */
TEST_CASE(every_length)
{
	for (unsigned int dwords = 1; dwords <= (HEADER + 4 * CHANGE) / 4; dwords++) {
		unsigned int fit = dwords * 4 < HEADER ? 0 : (dwords * 4 - HEADER) / CHANGE;
		uint8_t data[HEADER + 4 * CHANGE], header[HEADER] = { 0 };
		struct scene scene = new_scene(0);
		struct report rest;

		for (unsigned int i = 0; i < 4; i++)
			touch(&scene, 2 * i);
		assert_success(tracking_receive(scene.rig, 1, dwords, data));
		memcpy(header, data, dwords * 4 < HEADER ? dwords * 4 : HEADER);
		assert_int_equal(header[1], fit < 4 ? NVMOVE_HMLM_CHANGES_MORE : 0);
		assert_int_equal(get32(header, 4), fit);
		for (unsigned int i = 0; i < fit; i++)
			assert_int_equal(get64(data, HEADER + i * CHANGE), scene.area + 2 * i * PAGE);
		assert_true(is_zero(data + HEADER + fit * CHANGE,
				    dwords * 4 > HEADER ? dwords * 4 - HEADER - fit * CHANGE : 0));
		rest = tracking_report(scene.rig, 1);
		assert_int_equal(rest.nr, 4 - fit);
		for (unsigned int i = fit; i < 4; i++)
			assert_change(&scene, &rest.change[i - fit], 2 * i, 1);
		rig_free(scene.rig);
	}
}

TEST_CASE(one_change_at_a_time)
{
	struct scene scene = new_scene(0);
	uint8_t data[HEADER + CHANGE];

	for (unsigned int i = 0; i < AREA; i += 2)
		touch(&scene, i);
	rig_suspend(scene.rig, 1);
	for (unsigned int i = 0; i < AREA; i += 2) {
		assert_success(tracking_receive(scene.rig, 1, sizeof(data) / 4, data));
		assert_int_equal(data[1], NVMOVE_HMLM_CHANGES_SUSPENDED |
				 (i < AREA - 2 ? NVMOVE_HMLM_CHANGES_MORE : 0));
		assert_int_equal(get32(data, 4), 1);
		assert_int_equal(get64(data, HEADER), scene.area + i * PAGE);
	}
	assert_success(tracking_receive(scene.rig, 1, sizeof(data) / 4, data));
	assert_int_equal(get32(data, 4), 0);
	rig_free(scene.rig);
}

TEST_CASE(at_most_mdts)
{
	struct scene scene = new_scene(0);
	struct driver *primary = scene.rig->driver[0];
	uint8_t *data = malloc(128 << 10);
	static const uint32_t too_long[] = { (128u << 10) / 4, 0x3fffffff, 0x7fffffff, 0xffffffff };

	assert_non_null(data);
	touch(&scene, 1);
	for (size_t i = 0; i < ARRAY_SIZE(too_long); i++)
		assert_status(ADMIN(primary, .opcode = NVMOVE_HMLM_TRACK_RECEIVE,
				    .cdw10 = NVMOVE_HMLM_MEMORY_CHANGES,
				    .cdw11 = tracking_cntlid(scene.rig, 1), .cdw12 = too_long[i],
				    .prp1 = primary->scratch),
			      NVM_SC_INVALID_FIELD);
	assert_success(tracking_receive(scene.rig, 1, (128 << 10) / 4, data));
	assert_int_equal(get32(data, 4), 1);
	assert_int_equal(get64(data, HEADER), scene.area + PAGE);
	free(data);
	rig_free(scene.rig);
}

/* The first page arrives, the second does not: nothing of it counts as reported. */
TEST_CASE(a_transfer_that_fails_loses_nothing)
{
	struct scene scene = new_scene(0);
	struct driver *primary = scene.rig->driver[0];
	struct buffer *buffer = buffer_new(primary, 2 * PAGE);
	struct command receive = {
		.opcode = NVMOVE_HMLM_TRACK_RECEIVE,
		.cdw10 = NVMOVE_HMLM_MEMORY_CHANGES,
		.cdw11 = tracking_cntlid(scene.rig, 1),
		.cdw12 = 2 * PAGE / 4 - 1,
		.prp1 = buffer->prp1,
		.prp2 = buffer->prp2,
	};
	struct report report;

	touch(&scene, 9);
	touch(&scene, 20);
	guest_unmap(primary->memory, buffer->page[1], PAGE);
	assert_status(driver_admin(primary, &receive), NVM_SC_DATA_TRANSFER_ERROR);
	receive.prp1 |= 2;
	assert_status(driver_admin(primary, &receive), NVM_SC_INVALID_PRP_OFFSET);
	assert_int_equal(guest_take_faults(primary->memory), 1);
	report = tracking_report(scene.rig, 1);
	assert_int_equal(report.nr, 2);
	assert_change(&scene, &report.change[0], 9, 1);
	assert_change(&scene, &report.change[1], 20, 1);
	rig_free(scene.rig);
}

TEST_CASE(only_what_is_tracked)
{
	struct scene scene = new_scene(0);
	uint8_t data[HEADER];

	for (unsigned int index = 0; index < 5; index++)
		assert_status(tracking_receive(scene.rig, index, HEADER / 4, data),
			      index == 1 ? NVM_SC_SUCCESS : NVM_SC_INVALID_CNTLID);
	assert_success(tracking_stop(scene.rig, 1));
	assert_status(tracking_receive(scene.rig, 1, HEADER / 4, data), NVM_SC_INVALID_CNTLID);
	rig_free(scene.rig);
}

TEST_CASE(ranges_in_any_order_and_overlapping)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	uint64_t area = guest_alloc(driver->memory, AREA * PAGE);
	struct memory_range range[] = {
		{ area + 40 * PAGE, 8 }, { area, 4 }, { area + 2 * PAGE, 10 },
		{ area + 12 * PAGE, 1 }, { area + 2 * PAGE, 10 }, { area + 3 * PAGE, 1 },
	};
	struct queue_pair queue;
	struct report report;

	driver_create_queue(driver, &queue, 1, 128, 1);
	assert_success(tracking_start(rig, 1, 0, range, ARRAY_SIZE(range)));
	for (unsigned int i = 0; i < AREA; i++)
		assert_success(COMMAND(&queue, .opcode = NVM_IO_READ, .nsid = 2,
				       .prp1 = area + i * PAGE));
	report = tracking_report(rig, 1);
	assert_int_equal(report.nr, 2);
	assert_int_equal(report.change[0].address, area);
	assert_int_equal(report.change[0].length, 13);
	assert_int_equal(report.change[1].address, area + 40 * PAGE);
	assert_int_equal(report.change[1].length, 8);
	rig_free(rig);
}

RUN_TESTS("track_memory_report",
	  cmocka_unit_test(nothing_was_written),
	  cmocka_unit_test(neighbours_are_one_change),
	  cmocka_unit_test(a_coarse_granularity),
	  cmocka_unit_test(every_length),
	  cmocka_unit_test(one_change_at_a_time),
	  cmocka_unit_test(at_most_mdts),
	  cmocka_unit_test(a_transfer_that_fails_loses_nothing),
	  cmocka_unit_test(only_what_is_tracked),
	  cmocka_unit_test(ranges_in_any_order_and_overlapping));
