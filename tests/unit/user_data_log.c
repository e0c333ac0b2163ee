// SPDX-License-Identifier: BSD-2-Clause
/*
 * Log User Data Changes (Base 2.3, 5.2.28.1.1; NVM Command Set 1.1, 5.6): which commands make which
 * entries, when, and how the log begins, pauses and ends.
 */
#include "cdq_host.h"

#define AD		(1u << 2)	/* Dataset Management, Deallocate */
#define DEAC		(1u << 25)	/* Write Zeroes, Deallocate */

/** struct scene - secondary 1 writes to namespace 3, the primary's host reads what it is told */
struct scene {
	struct rig *rig;
	struct queue_pair queue;
	struct buffer *buffer;
	struct cdq_host host;
	uint32_t next;		/* slot of the next entry to be looked at */
};

static struct scene scene_new(void)
{
	struct scene scene = { .rig = rig_new_secondaries(NULL, 2) };

	driver_create_queue(scene.rig->driver[1], &scene.queue, 1, 64, 1);
	scene.queue.sq.driver = scene.rig->driver[1];
	scene.buffer = buffer_new(scene.rig->driver[1], 8 * 512);
	scene.host = cdq_host_new(scene.rig, 1, 64);
	assert_success(cdq_create(&scene.host));
	return scene;
}

static void scene_free(struct scene *scene)
{
	rig_free(scene->rig);
}

static void assert_marker(struct scene *scene, unsigned int esa)
{
	struct nvmove_hmlm_user_data_entry entry = cdq_host_entry(&scene->host, scene->next++);

	assert_int_equal(entry.attributes, NVMOVE_HMLM_UDE_PHASE | esa << 1 |
					   NVMOVE_HMLM_LBACIR_NONE << 6);
	assert_true(is_zero(&entry, sizeof(entry) - 1));
}

static void assert_range(struct scene *scene, uint64_t slba, uint32_t blocks, bool deallocated)
{
	struct nvmove_hmlm_user_data_entry entry = cdq_host_entry(&scene->host, scene->next++);

	assert_int_equal(entry.attributes, NVMOVE_HMLM_UDE_PHASE |
					   (deallocated ? NVMOVE_HMLM_UDE_DEALLOCATED : 0));
	assert_int_equal(get32(&entry, 0), 3);
	assert_int_equal(get32(&entry, 4), blocks - 1);
	assert_int_equal(get64(&entry, 8), slba);
	assert_true(is_zero((uint8_t *)&entry + 16, 15));
}

static void assert_no_more(struct scene *scene)
{
	rig_run(scene->rig);
	assert_int_equal(cdq_host_entry(&scene->host, scene->next).attributes, 0);
}

static struct scene scene_logging(void)
{
	struct scene scene = scene_new();

	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_START));
	assert_marker(&scene, NVMOVE_HMLM_ESA_FIRST);
	return scene;
}

static void submit(struct scene *scene, unsigned int opcode, uint64_t slba, unsigned int blocks,
		   uint32_t flags)
{
	bool transfers = opcode != NVM_IO_WRITE_ZEROES;
	struct command command = rw_command(opcode, 3, slba, blocks,
					    transfers ? scene->buffer : NULL);

	command.cdw12 |= flags;
	sq_submit(&scene->queue.sq, &command);
}

static void submit_deallocate(struct scene *scene, uint64_t slba, uint32_t blocks)
{
	uint8_t range[16] = { 0 };

	put32(range, 4, blocks);
	put64(range, 8, slba);
	buffer_write(scene->buffer, 0, range, sizeof(range));
	sq_submit(&scene->queue.sq, &(struct command){ .opcode = NVM_IO_DSM, .nsid = 3, .cdw11 = AD,
						       .prp1 = scene->buffer->prp1 });
	rig_run(scene->rig);
}

static void write_blocks(struct scene *scene, uint64_t slba, unsigned int blocks)
{
	submit(scene, NVM_IO_WRITE, slba, blocks, 0);
	rig_run(scene->rig);
}

TEST_CASE(nothing_is_logged_before_the_start_and_after_the_stop)
{
	struct scene scene = scene_new();

	write_blocks(&scene, 0, 8);
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_START));
	assert_marker(&scene, NVMOVE_HMLM_ESA_FIRST);
	write_blocks(&scene, 16, 8);
	assert_range(&scene, 16, 8, false);
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_STOP));
	assert_marker(&scene, NVMOVE_HMLM_ESA_STOPPED);
	write_blocks(&scene, 32, 8);
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_STOP));
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_log_starts_once)
{
	struct scene scene = scene_logging();

	assert_status(cdq_log(&scene.host, NVMOVE_HMLM_START), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_no_more(&scene);
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_STOP));
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_START));
	assert_marker(&scene, NVMOVE_HMLM_ESA_STOPPED);
	assert_marker(&scene, NVMOVE_HMLM_ESA_FIRST);
	scene_free(&scene);
}

TEST_CASE(an_entry_comes_when_the_command_has_taken_effect)
{
	struct scene scene = scene_logging();

	scene.rig->medium[3]->hold = true;
	write_blocks(&scene, 5, 3);
	assert_no_more(&scene);
	scripted_complete(scene.rig->medium[3], 0, 0);
	rig_run(scene.rig);
	assert_range(&scene, 5, 3, false);
	scene_free(&scene);
}

TEST_CASE(every_command_that_changes_data_is_logged)
{
	struct scene scene = scene_logging();

	write_blocks(&scene, 10, 1);
	submit(&scene, NVM_IO_WRITE_ZEROES, 20, 4, 0);
	rig_run(scene.rig);
	submit(&scene, NVM_IO_WRITE_ZEROES, 30, 4, DEAC);
	rig_run(scene.rig);
	submit_deallocate(&scene, 40, 200);
	assert_range(&scene, 10, 1, false);
	assert_range(&scene, 20, 4, false);
	assert_range(&scene, 30, 4, true);
	assert_range(&scene, 40, 200, true);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(commands_that_change_nothing_are_not_logged)
{
	struct scene scene = scene_logging();

	submit(&scene, NVM_IO_READ, 0, 8, 0);
	submit(&scene, NVM_IO_COMPARE, 0, 8, 0);
	submit(&scene, NVM_IO_WRITE, NS3_BLOCKS, 1, 0);
	sq_submit(&scene.queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 3 });
	sq_submit(&scene.queue.sq, &(struct command){ .opcode = NVM_IO_DSM, .nsid = 3,
						      .prp1 = scene.buffer->prp1 });
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_command_that_failed_may_have_changed_data)
{
	struct scene scene = scene_logging();

	scene.rig->medium[3]->fail[NVMOVE_MEDIA_WRITE] = EIO;
	scene.rig->medium[3]->fail[NVMOVE_MEDIA_DEALLOCATE] = EIO;
	write_blocks(&scene, 7, 2);
	submit_deallocate(&scene, 40, 8);
	assert_range(&scene, 7, 2, false);
	assert_range(&scene, 40, 8, false);
	scene_free(&scene);
}

TEST_CASE(the_changes_of_other_controllers_are_theirs)
{
	struct scene scene = scene_logging();
	struct buffer *buffer = buffer_new(scene.rig->driver[2], 512);
	struct queue_pair queue;

	driver_create_queue(scene.rig->driver[2], &queue, 1, 16, 1);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 1, buffer));
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(changes_of_one_turn_become_one_entry_where_they_touch)
{
	struct scene scene = scene_logging();

	submit(&scene, NVM_IO_WRITE, 8, 4, 0);
	submit(&scene, NVM_IO_WRITE, 100, 1, 0);
	submit(&scene, NVM_IO_WRITE, 16, 4, 0);
	submit(&scene, NVM_IO_WRITE, 12, 4, 0);		/* between two */
	submit(&scene, NVM_IO_WRITE, 100, 1, 0);	/* again */
	submit(&scene, NVM_IO_WRITE, 18, 4, 0);		/* beyond the end */
	rig_run(scene.rig);
	assert_range(&scene, 100, 1, false);
	assert_range(&scene, 8, 14, false);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(what_covers_an_earlier_change_replaces_it)
{
	struct scene scene = scene_logging();

	submit(&scene, NVM_IO_WRITE, 8, 4, 0);
	submit(&scene, NVM_IO_WRITE_ZEROES, 4, 16, DEAC);
	submit(&scene, NVM_IO_WRITE_ZEROES, 64, 4, DEAC);
	submit(&scene, NVM_IO_WRITE, 64, 8, 0);
	rig_run(scene.rig);
	assert_range(&scene, 4, 16, true);
	assert_range(&scene, 64, 8, false);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(written_and_deallocated_blocks_that_overlap_keep_their_order)
{
	struct scene scene = scene_logging();

	submit(&scene, NVM_IO_WRITE_ZEROES, 0, 16, DEAC);
	submit(&scene, NVM_IO_WRITE, 4, 4, 0);
	submit(&scene, NVM_IO_WRITE_ZEROES, 6, 16, DEAC);
	rig_run(scene.rig);
	assert_range(&scene, 0, 16, true);
	assert_range(&scene, 4, 4, false);
	assert_range(&scene, 6, 16, true);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(blocks_that_are_changed_twice_at_a_time_are_not_called_deallocated)
{
	struct scene scene = scene_logging();
	struct scripted_medium *medium = scene.rig->medium[3];

	medium->hold = true;
	submit(&scene, NVM_IO_WRITE_ZEROES, 0, 8, DEAC);
	submit(&scene, NVM_IO_WRITE, 4, 1, 0);
	rig_run(scene.rig);
	scripted_complete(medium, 1, 0);
	rig_run(scene.rig);
	assert_range(&scene, 4, 1, false);
	scripted_complete(medium, 0, 0);
	rig_run(scene.rig);
	assert_range(&scene, 0, 8, false);
	scene_free(&scene);
}

TEST_CASE(blocks_that_are_being_written_are_not_called_deallocated)
{
	struct scene scene = scene_logging();
	struct scripted_medium *medium = scene.rig->medium[3];

	medium->hold = true;
	submit(&scene, NVM_IO_WRITE, 4, 1, 0);
	submit(&scene, NVM_IO_WRITE_ZEROES, 0, 8, DEAC);
	rig_run(scene.rig);
	scripted_complete(medium, 0, 0);
	rig_run(scene.rig);
	assert_range(&scene, 4, 1, false);
	scripted_complete(medium, 0, 0);
	rig_run(scene.rig);
	assert_range(&scene, 0, 8, false);
	scene_free(&scene);
}

static void vast_submit(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	(void)medium;
	io->done(io, 0);
}

static void vast_nothing(struct nvmove_medium *medium)
{
	(void)medium;
}

TEST_CASE(more_blocks_than_an_entry_can_tell_take_two)
{
	static const struct nvmove_medium_ops ops = {
		.submit = vast_submit,
		.poll = vast_nothing,
		.drain = vast_nothing,
		.close = vast_nothing,
	};
	struct nvmove_medium vast = { .ops = &ops, .size = 4ull << 40, .event_fd = -1 };
	struct nvmove_namespace_config config = { .nsid = 5, .lba_shift = 9, .medium = &vast };
	struct scene scene = scene_logging();
	struct nvmove_hmlm_user_data_entry entry;
	uint8_t range[3 * 16] = { 0 };

	assert_int_equal(nvmove_namespace_add(scene.rig->subsystem, &config, NULL), 0);
	assert_int_equal(nvmove_namespace_attach(scene.rig->function[1].ctrl, 5), 0);
	/* 2^32 blocks, the most that NLB can tell, and 8 behind them. */
	put32(range, 4, UINT32_MAX);
	put32(range, 16 + 4, 1);
	put64(range, 16 + 8, UINT32_MAX);
	put32(range, 32 + 4, 8);
	put64(range, 32 + 8, 1ull << 32);
	buffer_write(scene.buffer, 0, range, sizeof(range));
	assert_success(COMMAND(&scene.queue, .opcode = NVM_IO_DSM, .nsid = 5, .cdw10 = 2,
			       .cdw11 = AD, .prp1 = scene.buffer->prp1));
	entry = cdq_host_entry(&scene.host, scene.next++);
	assert_int_equal(get32(&entry, 0), 5);
	assert_int_equal(get32(&entry, 4), UINT32_MAX);
	assert_int_equal(get64(&entry, 8), 0);
	entry = cdq_host_entry(&scene.host, scene.next++);
	assert_int_equal(get32(&entry, 4), 7);
	assert_int_equal(get64(&entry, 8), 1ull << 32);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(more_ranges_than_can_wait_are_posted_all_the_same)
{
	struct scene scene = scene_logging();

	for (unsigned int i = 0; i < 50; i++)
		submit(&scene, NVM_IO_WRITE, 10 * i, 1, 0);
	rig_run(scene.rig);
	for (unsigned int i = 0; i < 50; i++)
		assert_range(&scene, 10 * i, 1, false);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(the_phase_tag_changes_with_every_lap)
{
	struct scene scene = scene_new();
	struct cdq_host host = cdq_host_new(scene.rig, 2, 4);
	unsigned int phase = 1;

	assert_success(cdq_create(&host));
	for (uint32_t slot = 0, i = 0; i < 20; i++) {
		assert_success(cdq_log(&host, i % 2 ? NVMOVE_HMLM_STOP : NVMOVE_HMLM_START));
		assert_int_equal(cdq_host_entry(&host, slot).attributes & NVMOVE_HMLM_UDE_PHASE,
				 phase);
		slot = (slot + 1) % 4;
		phase ^= !slot;
		assert_success(cdq_set_head(&host, slot));
	}
	scene_free(&scene);
}

static void look_at_slot(struct function *function, uint64_t addr)
{
	struct scene *scene = function->before_write_arg;
	struct nvmove_hmlm_user_data_entry entry = cdq_host_entry(&scene->host, 1);

	(void)addr;
	if (entry.attributes)
		assert_int_equal(get64(&entry, 8), 0x77);
}

TEST_CASE(the_phase_tag_is_written_last)
{
	struct scene scene = scene_logging();

	scene.rig->function[0].before_write = look_at_slot;
	scene.rig->function[0].before_write_arg = &scene;
	write_blocks(&scene, 0x77, 1);
	assert_range(&scene, 0x77, 1, false);
	scene_free(&scene);
}

TEST_CASE(a_queue_of_separate_pages_is_filled_page_by_page)
{
	struct scene scene = scene_new();

	assert_success(cdq_delete(&scene.host));
	scene.host = cdq_host_new_scattered(scene.rig, 1, 300);
	assert_success(cdq_create(&scene.host));
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_START));
	assert_marker(&scene, NVMOVE_HMLM_ESA_FIRST);
	for (unsigned int i = 0; i < 290; i++) {
		submit(&scene, NVM_IO_WRITE, 7 * i, 1, 0);
		assert_success(cq_take(&scene.queue.cq));
	}
	for (unsigned int i = 0; i < 290; i++)
		assert_range(&scene, 7 * i, 1, false);
	scene_free(&scene);
}

TEST_CASE(suspending_ends_the_log_and_resuming_takes_it_up)
{
	struct scene scene = scene_logging();
	int result;

	scene.rig->medium[3]->hold = true;
	write_blocks(&scene, 1, 1);
	rig_suspend_begin(scene.rig, 1, &result);
	assert_no_more(&scene);
	scripted_release(scene.rig->medium[3]);
	rig_run(scene.rig);
	assert_int_equal(result, 0);
	assert_range(&scene, 1, 1, false);
	assert_marker(&scene, NVMOVE_HMLM_ESA_SUSPENDED);
	assert_status(cdq_log(&scene.host, NVMOVE_HMLM_START), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_no_more(&scene);
	assert_int_equal(nvmove_ctrl_resume(scene.rig->function[1].ctrl), 0);
	assert_marker(&scene, NVMOVE_HMLM_ESA_FIRST);
	write_blocks(&scene, 2, 1);
	assert_range(&scene, 2, 1, false);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_suspended_controller_s_log_can_be_stopped_and_not_started)
{
	struct scene scene = scene_logging();

	rig_suspend(scene.rig, 1);
	assert_marker(&scene, NVMOVE_HMLM_ESA_SUSPENDED);
	assert_success(cdq_log(&scene.host, NVMOVE_HMLM_STOP));
	assert_marker(&scene, NVMOVE_HMLM_ESA_STOPPED);
	assert_status(cdq_log(&scene.host, NVMOVE_HMLM_START), NVMOVE_HMLM_SC_SUSPENDED);
	assert_int_equal(nvmove_ctrl_resume(scene.rig->function[1].ctrl), 0);
	write_blocks(&scene, 2, 1);
	assert_no_more(&scene);
	scene_free(&scene);
}

static void submit_suspend_and_delete(struct scene *scene, unsigned int type)
{
	sq_submit(&scene->rig->driver[0]->admin.sq, &(struct command){
		.opcode = NVMOVE_HMLM_MIGRATION_SEND,
		.cdw11 = NVMOVE_HMLM_DUDMQ | type << NVMOVE_HMLM_STYPE_SHIFT | scene->host.cntlid,
	});
}

static struct completion suspend_and_delete(struct scene *scene, unsigned int type)
{
	submit_suspend_and_delete(scene, type);
	return cq_take(&scene->rig->driver[0]->admin.cq);
}

TEST_CASE(a_suspend_that_deletes_the_queue_finishes_it_first)
{
	struct scene scene = scene_logging();

	scene.rig->medium[3]->hold = true;
	write_blocks(&scene, 1, 1);
	submit_suspend_and_delete(&scene, NVMOVE_HMLM_STYPE_SUSPEND);
	cq_assert_empty(&scene.rig->driver[0]->admin.cq);
	scripted_release(scene.rig->medium[3]);
	assert_success(cq_take(&scene.rig->driver[0]->admin.cq));
	assert_range(&scene, 1, 1, false);
	assert_marker(&scene, NVMOVE_HMLM_ESA_SUSPENDED);
	assert_status(cdq_delete(&scene.host), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_int_equal(nvmove_ctrl_resume(scene.rig->function[1].ctrl), 0);
	write_blocks(&scene, 2, 1);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_suspend_of_a_suspended_controller_can_delete_the_queue)
{
	struct scene scene = scene_logging();

	rig_suspend(scene.rig, 1);
	assert_marker(&scene, NVMOVE_HMLM_ESA_SUSPENDED);
	assert_success(suspend_and_delete(&scene, NVMOVE_HMLM_STYPE_SUSPEND));
	assert_status(cdq_delete(&scene.host), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_suspend_notification_can_delete_the_queue)
{
	struct scene scene = scene_logging();

	assert_success(suspend_and_delete(&scene, NVMOVE_HMLM_STYPE_NOTIFY));
	assert_status(cdq_delete(&scene.host), NVMOVE_HMLM_SC_INVALID_CDQ);
	write_blocks(&scene, 2, 1);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_suspend_that_a_reset_ends_deletes_nothing)
{
	struct scene scene = scene_logging();

	scene.rig->medium[3]->hold = true;
	write_blocks(&scene, 1, 1);
	submit_suspend_and_delete(&scene, NVMOVE_HMLM_STYPE_SUSPEND);
	cq_assert_empty(&scene.rig->driver[0]->admin.cq);
	nvmove_ctrl_reset(scene.rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_status(cq_take(&scene.rig->driver[0]->admin.cq), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(cdq_delete(&scene.host));
	scene_free(&scene);
}

TEST_CASE(a_suspend_that_is_refused_deletes_nothing)
{
	struct scene scene = scene_logging();

	assert_status(suspend_and_delete(&scene, 2), NVM_SC_INVALID_FIELD);
	assert_success(cdq_delete(&scene.host));
	scene_free(&scene);
}

TEST_CASE(a_reset_of_the_logged_controller_loses_nothing)
{
	struct scene scene = scene_logging();

	scene.rig->medium[3]->hold = true;
	write_blocks(&scene, 9, 2);
	nvmove_ctrl_reset(scene.rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_range(&scene, 9, 2, false);
	scene.rig->medium[3]->hold = false;
	driver_enable(scene.rig->driver[1]);
	driver_create_queue(scene.rig->driver[1], &scene.queue, 1, 64, 1);
	write_blocks(&scene, 30, 2);
	assert_range(&scene, 30, 2, false);
	assert_no_more(&scene);
	scene_free(&scene);
}

TEST_CASE(a_reset_that_ends_a_suspension_takes_the_log_up)
{
	struct scene scene = scene_logging();

	rig_suspend(scene.rig, 1);
	nvmove_ctrl_reset(scene.rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_marker(&scene, NVMOVE_HMLM_ESA_SUSPENDED);
	assert_marker(&scene, NVMOVE_HMLM_ESA_FIRST);
	driver_enable(scene.rig->driver[1]);
	driver_create_queue(scene.rig->driver[1], &scene.queue, 1, 64, 1);
	write_blocks(&scene, 30, 2);
	assert_range(&scene, 30, 2, false);
	scene_free(&scene);
}

TEST_CASE(a_deleted_queue_is_never_written_again)
{
	struct scene scene = scene_logging();
	uint64_t sum;

	scene.rig->medium[3]->hold = true;
	write_blocks(&scene, 1, 1);
	assert_success(cdq_delete(&scene.host));
	sum = guest_checksum(scene.rig->driver[0]->memory);
	scripted_release(scene.rig->medium[3]);
	write_blocks(&scene, 2, 1);
	assert_int_equal(guest_checksum(scene.rig->driver[0]->memory), sum);
	scene_free(&scene);
}

TEST_CASE(the_namespace_id_is_the_device_s)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);
	struct cdq_host host = cdq_host_new(rig, 3, 16);
	struct nvmove_hmlm_user_data_entry entry;
	struct queue_pair queue;

	rig_join(rig, 3, &config, 42);
	assert_int_equal(nvmove_namespace_attach_as(rig->function[3].ctrl, 4, 6, NULL), 0);
	rig_online(rig, 3, 5, 5);
	driver_enable(rig->driver[3]);
	driver_create_queue(rig->driver[3], &queue, 1, 16, 1);
	assert_success(cdq_create(&host));
	assert_success(cdq_log(&host, NVMOVE_HMLM_START));
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 6, 3, 1, buffer_new(rig->driver[3], 512)));
	entry = cdq_host_entry(&host, 1);
	assert_int_equal(get32(&entry, 0), 4);
	assert_int_equal(get64(&entry, 8), 3);
	rig_free(rig);
}

RUN_TESTS("user_data_log",
	  cmocka_unit_test(nothing_is_logged_before_the_start_and_after_the_stop),
	  cmocka_unit_test(a_log_starts_once),
	  cmocka_unit_test(an_entry_comes_when_the_command_has_taken_effect),
	  cmocka_unit_test(every_command_that_changes_data_is_logged),
	  cmocka_unit_test(commands_that_change_nothing_are_not_logged),
	  cmocka_unit_test(a_command_that_failed_may_have_changed_data),
	  cmocka_unit_test(the_changes_of_other_controllers_are_theirs),
	  cmocka_unit_test(changes_of_one_turn_become_one_entry_where_they_touch),
	  cmocka_unit_test(what_covers_an_earlier_change_replaces_it),
	  cmocka_unit_test(written_and_deallocated_blocks_that_overlap_keep_their_order),
	  cmocka_unit_test(blocks_that_are_changed_twice_at_a_time_are_not_called_deallocated),
	  cmocka_unit_test(blocks_that_are_being_written_are_not_called_deallocated),
	  cmocka_unit_test(more_blocks_than_an_entry_can_tell_take_two),
	  cmocka_unit_test(more_ranges_than_can_wait_are_posted_all_the_same),
	  cmocka_unit_test(the_phase_tag_changes_with_every_lap),
	  cmocka_unit_test(the_phase_tag_is_written_last),
	  cmocka_unit_test(a_queue_of_separate_pages_is_filled_page_by_page),
	  cmocka_unit_test(suspending_ends_the_log_and_resuming_takes_it_up),
	  cmocka_unit_test(a_suspended_controller_s_log_can_be_stopped_and_not_started),
	  cmocka_unit_test(a_suspend_that_deletes_the_queue_finishes_it_first),
	  cmocka_unit_test(a_suspend_of_a_suspended_controller_can_delete_the_queue),
	  cmocka_unit_test(a_suspend_notification_can_delete_the_queue),
	  cmocka_unit_test(a_suspend_that_a_reset_ends_deletes_nothing),
	  cmocka_unit_test(a_suspend_that_is_refused_deletes_nothing),
	  cmocka_unit_test(a_reset_of_the_logged_controller_loses_nothing),
	  cmocka_unit_test(a_reset_that_ends_a_suspension_takes_the_log_up),
	  cmocka_unit_test(a_deleted_queue_is_never_written_again),
	  cmocka_unit_test(the_namespace_id_is_the_device_s));
