// SPDX-License-Identifier: BSD-2-Clause
/*
 * Read and Write (NVM Command Set 3.2.4, 3.2.6): data arrives where it belongs, ranges and errors
 * are reported as they are.
 */
#include "harness.h"

static struct rig *rig_with_queue(const struct rig_options *options, struct queue_pair *queue)
{
	struct rig *rig = rig_new_enabled(options);

	driver_create_queue(rig->driver[0], queue, 1, 32, 1);
	return rig;
}

TEST_CASE(what_is_written_is_read)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *out = buffer_new(rig->driver[0], 20 * 512);
	struct buffer *in = buffer_new(rig->driver[0], 20 * 512);

	buffer_pattern(out, 1);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 100, 20, out));
	assert_success(queue_rw(&queue, NVM_IO_READ, 1, 100, 20, in));
	assert_buffer_pattern(in, 1);
	rig_free(rig);
}

TEST_CASE(data_lands_at_its_block_and_nowhere_else)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *buffer = buffer_new(rig->driver[0], 2 * 512);
	uint8_t expected[2 * 512];

	buffer_pattern(buffer, 2);
	pattern_fill(expected, sizeof(expected), 2);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 9, 2, buffer));
	assert_memory_equal(rig->medium[1]->data + 9 * 512, expected, sizeof(expected));
	assert_true(is_zero(rig->medium[1]->data, 9 * 512));
	assert_true(is_zero(rig->medium[1]->data + 11 * 512, (NS1_BLOCKS - 11) * 512));
	rig_free(rig);
}

TEST_CASE(first_and_last_block)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);

	buffer_fill(buffer, 0x81);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer));
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, NS1_BLOCKS - 1, 1, buffer));
	assert_int_equal(rig->medium[1]->data[0], 0x81);
	assert_int_equal(rig->medium[1]->data[NS1_BLOCKS * 512 - 1], 0x81);
	rig_free(rig);
}

TEST_CASE(blocks_of_4_kib)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct buffer *out = buffer_new(driver, 3 * 4096), *in = buffer_new(driver, 3 * 4096);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer_pattern(out, 3);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 2, NS2_BLOCKS - 3, 3, out));
	assert_success(queue_rw(&queue, NVM_IO_READ, 2, NS2_BLOCKS - 3, 3, in));
	assert_buffer_pattern(in, 3);
	assert_false(is_zero(rig->medium[2]->data + (NS2_BLOCKS - 3) * 4096, 3 * 4096));
	assert_true(is_zero(rig->medium[2]->data, (NS2_BLOCKS - 3) * 4096));
	assert_status(queue_rw(&queue, NVM_IO_READ, 2, NS2_BLOCKS - 2, 3, in), NVM_SC_LBA_RANGE);
	rig_free(rig);
}

TEST_CASE(ranges_beyond_the_namespace_are_refused)
{
	static const struct {
		uint64_t slba;
		unsigned int blocks;
	} bad[] = {
		{ NS1_BLOCKS, 1 }, { NS1_BLOCKS - 1, 2 }, { NS1_BLOCKS - 255, 256 },
		{ 1ull << 32, 1 }, { 1ull << 55, 1 }, { UINT64_MAX, 1 }, { UINT64_MAX, 256 },
		{ UINT64_MAX - 254, 256 }, { UINT64_MAX / 512 + 1, 1 },
	};
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *buffer = buffer_new(rig->driver[0], 256 * 512);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_status(queue_rw(&queue, NVM_IO_READ, 1, bad[i].slba, bad[i].blocks, buffer),
			      NVM_SC_LBA_RANGE);
		assert_status(queue_rw(&queue, NVM_IO_WRITE, 1, bad[i].slba, bad[i].blocks,
				       buffer), NVM_SC_LBA_RANGE);
	}
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(transfers_up_to_mdts_and_no_more)
{
	for (unsigned int mdts = 1; mdts <= 5; mdts += 2) {
		struct queue_pair queue;
		struct rig *rig = rig_with_queue(&(struct rig_options){ .mdts = mdts }, &queue);
		unsigned int most = (4096u << mdts) / 512;
		struct buffer *buffer = buffer_new(rig->driver[0], (most + 1) * 512);

		assert_success(queue_rw(&queue, NVM_IO_READ, 1, 0, most, buffer));
		assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, most + 1, buffer),
			      NVM_SC_INVALID_FIELD);
		assert_status(queue_rw(&queue, NVM_IO_WRITE, 1, 0, most + 1, buffer),
			      NVM_SC_INVALID_FIELD);
		assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 65536, buffer),
			      NVM_SC_INVALID_FIELD);
		rig_free(rig);
	}
}

TEST_CASE(mdts_does_not_grow_with_the_page_size)
{
	struct rig *rig = rig_new(&(struct rig_options){ .mdts = 2 });
	struct driver *driver = rig->driver[0];
	struct buffer *buffer;
	struct queue_pair queue;

	/* MDTS is in units of the smallest page, CAP.MPSMIN. */
	driver->page_shift = 16;
	driver_enable(driver);
	buffer = buffer_new(driver, 33 * 512);
	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(queue_rw(&queue, NVM_IO_READ, 1, 0, 32, buffer));
	assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 33, buffer), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(media_errors_are_reported)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);

	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
	rig->medium[1]->fail[NVMOVE_MEDIA_WRITE] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer), NVM_SC_UNRECOVERED_READ);
	assert_status(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer), NVM_SC_WRITE_FAULT);
	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = 0;
	rig->medium[1]->fail[NVMOVE_MEDIA_WRITE] = 0;
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer));
	assert_success(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer));
	rig_free(rig);
}

TEST_CASE(a_failed_read_leaves_the_buffer_alone)
{
	static const enum dma_mode modes[] = { DMA_MAPPED, DMA_MAP_REFUSED, DMA_COPIED };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct queue_pair queue;
		struct rig *rig = rig_with_queue(&(struct rig_options){ .dma_mode = modes[i] },
						 &queue);
		struct buffer *buffer = buffer_new(rig->driver[0], 8 * 512);

		buffer_pattern(buffer, 4);
		rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
		assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 8, buffer),
			      NVM_SC_UNRECOVERED_READ);
		assert_buffer_pattern(buffer, 4);
		rig_free(rig);
	}
}

TEST_CASE(a_read_only_medium_refuses_writes)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);

	rig->medium[1]->base.read_only = true;
	buffer_fill(buffer, 9);
	assert_int_not_equal(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer).status,
			     NVM_SC_SUCCESS);
	assert_success(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer));
	assert_buffer_filled(buffer, 0);
	rig_free(rig);
}

TEST_CASE(hints_change_nothing)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct buffer *out = buffer_new(rig->driver[0], 512), *in = buffer_new(rig->driver[0], 512);
	struct command command = rw_command(NVM_IO_WRITE, 1, 5, 1, out);

	/* Limited Retry; Dataset Management: frequency, latency, sequential, incompressible. */
	command.cdw12 |= 1u << 31;
	command.cdw13 = 0xff;
	buffer_pattern(out, 5);
	assert_success(queue_command(&queue, &command));
	command = rw_command(NVM_IO_READ, 1, 5, 1, in);
	command.cdw12 |= 1u << 31;
	command.cdw13 = 0xff;
	assert_success(queue_command(&queue, &command));
	assert_buffer_pattern(in, 5);
	rig_free(rig);
}

TEST_CASE(a_buffer_stays_mapped_until_the_command_completes)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(NULL, &queue);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 16 * 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 16, buffer);

	pattern_fill(rig->medium[1]->data, 16 * 512, 6);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &read);
	rig_run(rig);
	assert_true(rig->function[0].mapped);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&queue.cq));
	assert_false(rig->function[0].mapped);
	assert_buffer_pattern(buffer, 6);
	rig_free(rig);
}

TEST_CASE(random_writes_and_reads_agree_with_a_copy)
{
	struct queue_pair queue[4];
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t *copy = calloc(NS1_BLOCKS, 512);
	struct buffer *buffer[16];
	uint32_t random = 4711;

	assert_non_null(copy);
	for (unsigned int i = 0; i < 4; i++)
		driver_create_queue(rig->driver[0], &queue[i], i + 1, 32, i + 1);
	for (unsigned int i = 0; i < 16; i++)
		buffer[i] = buffer_new_at(rig->driver[0], (1 + i * 2) * 512, i * 4, i * 8);
	for (unsigned int i = 0; i < 2000; i++) {
		struct buffer *use = buffer[i % 16];
		unsigned int blocks = use->len / 512;
		uint64_t slba;

		random = random * 1664525 + 1013904223;
		slba = (random >> 8) % (NS1_BLOCKS - blocks);
		if (random >> 31) {
			buffer_pattern(use, random);
			pattern_fill(copy + slba * 512, use->len, random);
			assert_success(queue_rw(&queue[i % 4], NVM_IO_WRITE, 1, slba, blocks, use));
		} else {
			uint8_t data[31 * 512];

			assert_success(queue_rw(&queue[i % 4], NVM_IO_READ, 1, slba, blocks, use));
			buffer_read(use, 0, data, use->len);
			assert_memory_equal(data, copy + slba * 512, use->len);
		}
	}
	assert_memory_equal(rig->medium[1]->data, copy, NS1_BLOCKS * 512);
	free(copy);
	rig_free(rig);
}

RUN_TESTS("io_read_write",
	  cmocka_unit_test(what_is_written_is_read),
	  cmocka_unit_test(data_lands_at_its_block_and_nowhere_else),
	  cmocka_unit_test(first_and_last_block),
	  cmocka_unit_test(blocks_of_4_kib),
	  cmocka_unit_test(ranges_beyond_the_namespace_are_refused),
	  cmocka_unit_test(transfers_up_to_mdts_and_no_more),
	  cmocka_unit_test(mdts_does_not_grow_with_the_page_size),
	  cmocka_unit_test(media_errors_are_reported),
	  cmocka_unit_test(a_failed_read_leaves_the_buffer_alone),
	  cmocka_unit_test(a_read_only_medium_refuses_writes),
	  cmocka_unit_test(hints_change_nothing),
	  cmocka_unit_test(a_buffer_stays_mapped_until_the_command_completes),
	  cmocka_unit_test(random_writes_and_reads_agree_with_a_copy));
