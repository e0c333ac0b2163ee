// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory that a command in flight writes to is reported once the command is over, however it ends:
 * what is copied while its data still arrive is reported again (Base 2.3, 5.2.27).
 */
#include "tracking_host.h"

/** struct reader - secondary 1 with a read of one block of namespace 2 in flight */
struct reader {
	struct rig *rig;
	struct scripted_medium *medium;
	struct queue_pair queue;
	struct buffer *buffer;
};

static struct reader new_reader(enum dma_mode mode)
{
	struct reader reader = {
		.rig = rig_new_secondaries(&(struct rig_options){ .dma_mode = mode }, 1),
	};
	struct driver *driver = reader.rig->driver[1];

	reader.medium = reader.rig->medium[2];
	reader.medium->hold = true;
	reader.buffer = buffer_new(driver, PAGE);
	driver_create_queue(driver, &reader.queue, 1, 16, 1);
	return reader;
}

static void submit(struct reader *reader)
{
	struct command read = rw_command(NVM_IO_READ, 2, 0, 1, reader->buffer);

	sq_submit(&reader->queue.sq, &read);
	rig_run(reader->rig);
	assert_int_equal(scripted_held(reader->medium), 1);
}

static uint64_t data_page(const struct reader *reader)
{
	return reader->buffer->page[0];
}

TEST_CASE(a_report_in_between_loses_nothing)
{
	for (enum dma_mode mode = DMA_MAPPED; mode <= DMA_COPIED; mode++) {
		struct reader reader = new_reader(mode);

		tracking_start_all(reader.rig, 1);
		submit(&reader);
		tracking_report(reader.rig, 1);
		assert_int_equal(tracking_report(reader.rig, 1).nr, 0);
		scripted_complete(reader.medium, 0, 0);
		assert_success(cq_take(&reader.queue.cq));
		assert_report(tracking_report(reader.rig, 1), data_page(&reader),
			      reader.queue.cq.addr);
		rig_free(reader.rig);
	}
}

TEST_CASE(what_is_written_again_is_reported_again)
{
	struct reader reader = new_reader(DMA_MAPPED);

	tracking_start_all(reader.rig, 1);
	for (unsigned int round = 0; round < 3; round++) {
		submit(&reader);
		scripted_complete(reader.medium, 0, 0);
		assert_success(cq_take(&reader.queue.cq));
		assert_report(tracking_report(reader.rig, 1), data_page(&reader),
			      reader.queue.cq.addr);
	}
	rig_free(reader.rig);
}

TEST_CASE(tracking_begins_under_a_command)
{
	for (enum dma_mode mode = DMA_MAPPED; mode <= DMA_COPIED; mode++) {
		struct reader reader = new_reader(mode);

		submit(&reader);
		tracking_start_all(reader.rig, 1);
		scripted_complete(reader.medium, 0, 0);
		assert_success(cq_take(&reader.queue.cq));
		assert_report(tracking_report(reader.rig, 1), data_page(&reader),
			      reader.queue.cq.addr);
		rig_free(reader.rig);
	}
}

/* The medium may have written to mapped memory before it failed. */
TEST_CASE(a_read_that_fails)
{
	struct reader reader = new_reader(DMA_MAPPED);

	tracking_start_all(reader.rig, 1);
	submit(&reader);
	tracking_report(reader.rig, 1);
	scripted_complete(reader.medium, 0, EIO);
	assert_status(cq_take(&reader.queue.cq), NVM_SC_UNRECOVERED_READ);
	assert_report(tracking_report(reader.rig, 1), data_page(&reader), reader.queue.cq.addr);
	rig_free(reader.rig);
}

TEST_CASE(a_read_that_a_disable_overtakes)
{
	struct reader reader = new_reader(DMA_MAPPED);

	tracking_start_all(reader.rig, 1);
	submit(&reader);
	tracking_report(reader.rig, 1);
	driver_write32(reader.rig->driver[1], NVM_REG_CC, CC_DEFAULT);
	rig_run(reader.rig);
	assert_true(driver_is_ready(reader.rig->driver[1]));
	scripted_complete(reader.medium, 0, 0);
	assert_false(driver_is_ready(reader.rig->driver[1]));
	assert_report(tracking_report(reader.rig, 1), data_page(&reader));
	rig_free(reader.rig);
}

TEST_CASE(a_read_that_a_function_level_reset_waits_for)
{
	struct reader reader = new_reader(DMA_MAPPED);

	tracking_start_all(reader.rig, 1);
	submit(&reader);
	tracking_report(reader.rig, 1);
	nvmove_ctrl_reset(reader.rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_report(tracking_report(reader.rig, 1), data_page(&reader));
	rig_free(reader.rig);
}

TEST_CASE(suspended_means_that_nothing_is_to_come)
{
	struct reader reader = new_reader(DMA_MAPPED);
	struct report report;
	int result;

	tracking_start_all(reader.rig, 1);
	submit(&reader);
	rig_suspend_begin(reader.rig, 1, &result);
	rig_run(reader.rig);
	assert_false(tracking_report(reader.rig, 1).suspended);
	scripted_complete(reader.medium, 0, 0);
	assert_int_equal(result, 0);
	report = tracking_report(reader.rig, 1);
	assert_true(report.suspended);
	assert_false(report.more);
	assert_report(report, data_page(&reader), reader.queue.cq.addr);
	report = tracking_report(reader.rig, 1);
	assert_true(report.suspended);
	assert_int_equal(report.nr, 0);
	rig_free(reader.rig);
}

RUN_TESTS("track_memory_in_flight",
	  cmocka_unit_test(a_report_in_between_loses_nothing),
	  cmocka_unit_test(what_is_written_again_is_reported_again),
	  cmocka_unit_test(tracking_begins_under_a_command),
	  cmocka_unit_test(a_read_that_fails),
	  cmocka_unit_test(a_read_that_a_disable_overtakes),
	  cmocka_unit_test(a_read_that_a_function_level_reset_waits_for),
	  cmocka_unit_test(suspended_means_that_nothing_is_to_come));
