// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every write of a tracked controller to its host's memory is reported (Base 2.3, 5.2.27): data,
 * whether mapped or copied, completion queue entries, event indexes; and nothing that it only
 * reads.
 */
#include "shadow_host.h"
#include "tracking_host.h"

static struct rig *new_rig(enum dma_mode mode)
{
	return rig_new_secondaries(&(struct rig_options){ .dma_mode = mode }, 1);
}

/* Nothing is to be reported from here on but what follows. */
static void forget(struct rig *rig)
{
	struct report report = tracking_report(rig, 1);

	assert_false(report.more);
	assert_int_equal(tracking_report(rig, 1).nr, 0);
}

TEST_CASE(data_and_completion_of_a_read)
{
	for (enum dma_mode mode = DMA_MAPPED; mode <= DMA_COPIED; mode++) {
		struct rig *rig = new_rig(mode);
		struct buffer *buffer = buffer_new_at(rig->driver[1], 3 * PAGE, 2048, 8);
		struct queue_pair queue;

		driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
		tracking_start_all(rig, 1);
		assert_success(queue_rw(&queue, NVM_IO_READ, 2, 0, 3, buffer));
		assert_report(tracking_report(rig, 1), queue.cq.addr, buffer->page[0],
			      buffer->page[1], buffer->page[2], buffer->page[3]);
		assert_int_equal(tracking_report(rig, 1).nr, 0);
		rig_free(rig);
	}
}

TEST_CASE(data_shorter_than_a_page_on_two_of_them)
{
	for (enum dma_mode mode = DMA_MAPPED; mode <= DMA_COPIED; mode++) {
		struct rig *rig = new_rig(mode);
		struct buffer *buffer = buffer_new_at(rig->driver[1], 512, PAGE - 4, 0);
		struct queue_pair queue;

		driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
		tracking_start_all(rig, 1);
		assert_success(queue_rw(&queue, NVM_IO_READ, 3, 0, 1, buffer));
		assert_report(tracking_report(rig, 1), queue.cq.addr, buffer->page[0],
			      buffer->page[1]);
		rig_free(rig);
	}
}

TEST_CASE(a_page_whose_write_failed)
{
	struct rig *rig = new_rig(DMA_COPIED);
	struct buffer *buffer = buffer_new(rig->driver[1], 3 * PAGE);
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	tracking_start_all(rig, 1);
	guest_unmap(rig->driver[1]->memory, buffer->page[1], PAGE);
	assert_status(queue_rw(&queue, NVM_IO_READ, 2, 0, 3, buffer), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_equal(guest_take_faults(rig->driver[1]->memory), 1);
	/* It may have got half the way. */
	assert_report(tracking_report(rig, 1), queue.cq.addr, buffer->page[0], buffer->page[1]);
	rig_free(rig);
}

TEST_CASE(only_the_completion_of_what_reads_memory)
{
	for (enum dma_mode mode = DMA_MAPPED; mode <= DMA_COPIED; mode++) {
		static const uint8_t opcodes[] = { NVM_IO_WRITE, NVM_IO_COMPARE };
		struct rig *rig = new_rig(mode);
		struct buffer *buffer = buffer_new(rig->driver[1], 3 * PAGE);
		struct queue_pair queue;

		driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
		tracking_start_all(rig, 1);
		for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++) {
			assert_success(queue_rw(&queue, opcodes[i], 2, 0, 3, buffer));
			assert_report(tracking_report(rig, 1), queue.cq.addr);
		}
		rig_free(rig);
	}
}

TEST_CASE(data_structures_of_admin_commands)
{
	struct rig *rig = new_rig(DMA_MAPPED);
	struct driver *driver = rig->driver[1];
	uint8_t data[NVM_IDENTIFY_SIZE];

	tracking_start_all(rig, 1);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_report(tracking_report(rig, 1), driver->admin.cq.addr, driver->scratch);
	assert_success(driver_get_log(driver, NVM_LOG_SMART, 0, data, 512));
	assert_report(tracking_report(rig, 1), driver->admin.cq.addr, driver->scratch);
	assert_success(driver_get_feature(driver, NVM_FEAT_TIMESTAMP, NVM_FEAT_SEL_CURRENT, 0, 0));
	assert_success(driver_get_feature(driver, NVM_FEAT_ARBITRATION, NVM_FEAT_SEL_CURRENT, 0, 0));
	assert_report(tracking_report(rig, 1), driver->admin.cq.addr, driver->scratch);
	rig_free(rig);
}

TEST_CASE(event_indexes_of_shadow_doorbells)
{
	struct rig *rig = new_rig(DMA_MAPPED);
	struct shadow_host host = shadow_host_new(rig->driver[1], 0);
	struct buffer *buffer = buffer_new(rig->driver[1], PAGE);
	struct command write = rw_command(NVM_IO_WRITE, 2, 0, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(shadow_configure(&host));
	tracking_start_all(rig, 1);
	forget(rig);
	sq_push(&queue.sq, &write);
	shadow_ring_sq(&host, &queue.sq);
	rig_run(rig);
	assert_report(tracking_report(rig, 1), queue.cq.addr, host.event_indexes);
	rig_free(rig);
}

TEST_CASE(an_asynchronous_event)
{
	struct rig *rig = new_rig(DMA_MAPPED);
	struct driver *driver = rig->driver[1];

	driver_submit_aer(driver);
	rig_run(rig);
	tracking_start_all(rig, 1);
	/* A doorbell of a queue that does not exist. */
	driver_write32(driver, NVM_REG_DBS + 8 * 5, 1);
	rig_run(rig);
	assert_report(tracking_report(rig, 1), driver->admin.cq.addr);
	rig_free(rig);
}

TEST_CASE(nothing_outside_the_ranges)
{
	struct rig *rig = new_rig(DMA_MAPPED);
	struct buffer *buffer = buffer_new(rig->driver[1], 3 * PAGE);
	struct memory_range range = { buffer->page[1], 1 };
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(tracking_start(rig, 1, 0, &range, 1));
	assert_success(queue_rw(&queue, NVM_IO_READ, 2, 0, 3, buffer));
	assert_report(tracking_report(rig, 1), buffer->page[1]);
	rig_free(rig);
}

TEST_CASE(nothing_of_another_controller)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE];

	tracking_start_all(rig, 1);
	tracking_start_all(rig, 2);
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(tracking_report(rig, 1).nr, 0);
	assert_report(tracking_report(rig, 2), rig->driver[2]->admin.cq.addr,
		      rig->driver[2]->scratch);
	rig_free(rig);
}

RUN_TESTS("track_memory_writes",
	  cmocka_unit_test(data_and_completion_of_a_read),
	  cmocka_unit_test(data_shorter_than_a_page_on_two_of_them),
	  cmocka_unit_test(a_page_whose_write_failed),
	  cmocka_unit_test(only_the_completion_of_what_reads_memory),
	  cmocka_unit_test(data_structures_of_admin_commands),
	  cmocka_unit_test(event_indexes_of_shadow_doorbells),
	  cmocka_unit_test(an_asynchronous_event),
	  cmocka_unit_test(nothing_outside_the_ranges),
	  cmocka_unit_test(nothing_of_another_controller));
