// SPDX-License-Identifier: BSD-2-Clause
/*
 * A User Data Migration Queue whose host does not keep up (NVM Command Set 1.1, 5.6): the last
 * entry says that it became full, nothing is logged after it, and the reader starts over.
 */
#include "cdq_host.h"

#define SLOTS		8u
#define FULL_EVENT	(NVM_EVENT_ONE_SHOT | NVM_EVENT_ONE_SHOT_CDQ_FULL << 8)

/** struct scene - secondary 1 writes to namespace 3, whose copy the primary's host keeps */
struct scene {
	struct rig *rig;
	struct queue_pair queue;
	struct buffer *buffer;
	struct cdq_host host;
	struct lba_migration_queue reader;
	uint8_t copy[NS3_BLOCKS * 512];
};

static void read_memory(void *arg, uint64_t offset, void *buf, size_t len)
{
	const struct scene *scene = arg;

	cdq_host_read(&scene->host, offset, buf, len);
}

static void copy_blocks(void *arg, uint32_t nsid, uint64_t slba, uint64_t blocks)
{
	struct scene *scene = arg;

	assert_int_equal(nsid, 3);
	memcpy(scene->copy + slba * 512, scene->rig->medium[3]->data + slba * 512, blocks * 512);
}

static void copy_namespace(void *arg, uint32_t nsid)
{
	copy_blocks(arg, nsid, 0, NS3_BLOCKS);
}

static const struct lba_migration_ops ops = {
	.read = read_memory,
	.copy = copy_blocks,
	.copy_namespace = copy_namespace,
	.deallocate = copy_blocks,
};

static struct scene *scene_new(void)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	scene->rig = rig_new_secondaries(NULL, 1);
	driver_create_queue(scene->rig->driver[1], &scene->queue, 1, 64, 1);
	scene->buffer = buffer_new(scene->rig->driver[1], 512);
	scene->host = cdq_host_new(scene->rig, 1, SLOTS);
	assert_success(cdq_create(&scene->host));
	lba_migration_queue_init(&scene->reader, SLOTS, &ops, scene);
	assert_success(cdq_log(&scene->host, NVMOVE_HMLM_START));
	return scene;
}

static void scene_free(struct scene *scene)
{
	rig_free(scene->rig);
	free(scene);
}

/* @count entries: blocks that do not touch. */
static void change(struct scene *scene, unsigned int count)
{
	static uint64_t slba;

	for (unsigned int i = 0; i < count; i++) {
		buffer_fill(scene->buffer, slba + 1);
		assert_success(queue_rw(&scene->queue, NVM_IO_WRITE, 3, slba % NS3_BLOCKS, 1,
					scene->buffer));
		slba += 5;
	}
}

static enum lba_migration_news take_until_none_or_last(struct scene *scene)
{
	enum lba_migration_news news;

	do {
		news = lba_migration_queue_take(&scene->reader);
	} while (news == LBA_MIGRATION_ENTRY);
	return news;
}

static unsigned int esa_in(const struct scene *scene, uint32_t slot)
{
	return NVMOVE_HMLM_UDE_ESA(cdq_host_entry(&scene->host, slot).attributes);
}

TEST_CASE(the_entry_that_would_leave_no_room_says_full)
{
	struct scene *scene = scene_new();

	change(scene, SLOTS - 3);
	assert_int_equal(esa_in(scene, SLOTS - 3), NVMOVE_HMLM_ESA_NONE);
	assert_int_equal(cdq_host_entry(&scene->host, SLOTS - 2).attributes, 0);
	change(scene, 1);
	assert_int_equal(esa_in(scene, SLOTS - 2), NVMOVE_HMLM_ESA_FULL);
	assert_int_equal(NVMOVE_HMLM_UDE_LBACIR(cdq_host_entry(&scene->host, SLOTS - 2).attributes),
			 NVMOVE_HMLM_LBACIR_NONE);
	scene_free(scene);
}

TEST_CASE(nothing_is_written_to_a_full_queue)
{
	struct scene *scene = scene_new();
	uint64_t sum;

	change(scene, SLOTS);
	sum = guest_checksum(scene->rig->driver[0]->memory);
	change(scene, SLOTS);
	rig_suspend(scene->rig, 1);
	assert_int_equal(nvmove_ctrl_resume(scene->rig->function[1].ctrl), 0);
	assert_int_equal(guest_checksum(scene->rig->driver[0]->memory), sum);
	scene_free(scene);
}

TEST_CASE(the_host_gets_an_event)
{
	struct scene *scene = scene_new();
	uint16_t cid = driver_submit_aer(scene->rig->driver[0]);
	struct completion completion;

	change(scene, SLOTS);
	completion = cq_take(&scene->rig->driver[0]->admin.cq);
	assert_success(completion);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.dw0, FULL_EVENT);
	assert_int_equal(completion.dw1, scene->host.id);
	driver_submit_aer(scene->rig->driver[0]);
	change(scene, SLOTS);
	cq_assert_empty(&scene->rig->driver[0]->admin.cq);
	scene_free(scene);
}

TEST_CASE(the_last_entry_is_posted_before_the_queue_is_full)
{
	struct scene *scene = scene_new();
	struct driver *driver = scene->rig->driver[0];

	assert_success(cdq_set_trigger(&scene->host, 0, SLOTS - 2));
	change(scene, SLOTS);
	driver_submit_aer(driver);
	assert_int_equal(cq_take(&driver->admin.cq).dw0,
			 NVM_EVENT_ONE_SHOT | NVM_EVENT_ONE_SHOT_CDQ_TAIL << 8);
	driver_submit_aer(driver);
	assert_int_equal(cq_take(&driver->admin.cq).dw0, FULL_EVENT);
	scene_free(scene);
}

TEST_CASE(logging_does_not_start_again_before_there_is_room)
{
	struct scene *scene = scene_new();

	change(scene, SLOTS);
	assert_status(cdq_log(&scene->host, NVMOVE_HMLM_START), NVMOVE_HMLM_SC_CDQ_FULL);
	assert_success(cdq_set_head(&scene->host, 1));
	/* One for the first entry and none for the last. */
	assert_status(cdq_log(&scene->host, NVMOVE_HMLM_START), NVMOVE_HMLM_SC_CDQ_FULL);
	assert_success(cdq_set_head(&scene->host, 2));
	assert_success(cdq_log(&scene->host, NVMOVE_HMLM_START));
	assert_int_equal(esa_in(scene, SLOTS - 1), NVMOVE_HMLM_ESA_FIRST);
	change(scene, 1);
	assert_int_equal(esa_in(scene, 0), NVMOVE_HMLM_ESA_FULL);
	scene_free(scene);
}

TEST_CASE(a_stop_finds_room_for_the_last_entry)
{
	struct scene *scene = scene_new();

	change(scene, SLOTS - 3);
	assert_success(cdq_log(&scene->host, NVMOVE_HMLM_STOP));
	assert_int_equal(esa_in(scene, SLOTS - 2), NVMOVE_HMLM_ESA_STOPPED);
	assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_ENDED);
	scene_free(scene);
}

TEST_CASE(a_suspension_that_would_leave_no_room_says_full)
{
	struct scene *scene = scene_new();

	change(scene, SLOTS - 3);
	rig_suspend(scene->rig, 1);
	assert_int_equal(esa_in(scene, SLOTS - 2), NVMOVE_HMLM_ESA_FULL);
	assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_LOST);
	scene_free(scene);
}

TEST_CASE(a_resume_without_room_says_full)
{
	struct scene *scene = scene_new();

	change(scene, SLOTS - 4);
	rig_suspend(scene->rig, 1);
	assert_int_equal(esa_in(scene, SLOTS - 3), NVMOVE_HMLM_ESA_SUSPENDED);
	assert_int_equal(nvmove_ctrl_resume(scene->rig->function[1].ctrl), 0);
	assert_int_equal(esa_in(scene, SLOTS - 2), NVMOVE_HMLM_ESA_FULL);
	assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_QUIET);
	assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_LOST);
	scene_free(scene);
}

TEST_CASE(the_reader_starts_over_and_loses_no_block)
{
	struct scene *scene = scene_new();

	change(scene, 4 * SLOTS);
	assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_LOST);
	assert_memory_not_equal(scene->copy, scene->rig->medium[3]->data, sizeof(scene->copy));
	assert_success(cdq_set_head(&scene->host, scene->reader.head));
	assert_success(cdq_log(&scene->host, NVMOVE_HMLM_START));
	copy_namespace(scene, 3);
	for (unsigned int i = 0; i < 20; i++) {
		change(scene, 3);
		assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_NONE);
		assert_success(cdq_set_head(&scene->host, scene->reader.head));
	}
	rig_suspend(scene->rig, 1);
	assert_int_equal(take_until_none_or_last(scene), LBA_MIGRATION_QUIET);
	assert_memory_equal(scene->copy, scene->rig->medium[3]->data, sizeof(scene->copy));
	scene_free(scene);
}

RUN_TESTS("user_data_log_full",
	  cmocka_unit_test(the_entry_that_would_leave_no_room_says_full),
	  cmocka_unit_test(nothing_is_written_to_a_full_queue),
	  cmocka_unit_test(the_host_gets_an_event),
	  cmocka_unit_test(the_last_entry_is_posted_before_the_queue_is_full),
	  cmocka_unit_test(logging_does_not_start_again_before_there_is_room),
	  cmocka_unit_test(a_stop_finds_room_for_the_last_entry),
	  cmocka_unit_test(a_suspension_that_would_leave_no_room_says_full),
	  cmocka_unit_test(a_resume_without_room_says_full),
	  cmocka_unit_test(the_reader_starts_over_and_loses_no_block));
