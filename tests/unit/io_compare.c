// SPDX-License-Identifier: BSD-2-Clause
/*
 * Compare (NVM Command Set 3.2.1): equal or not, byte by byte, and nothing written anywhere.
 */
#include "harness.h"

static const enum dma_mode modes[] = { DMA_MAPPED, DMA_MAP_REFUSED, DMA_COPIED };

static struct rig *rig_with_data(enum dma_mode mode, struct queue_pair *queue,
				 struct buffer **buffer)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .dma_mode = mode });

	driver_create_queue(rig->driver[0], queue, 1, 16, 1);
	*buffer = buffer_new_at(rig->driver[0], 24 * 512, 0x104, 0);
	buffer_pattern(*buffer, 9);
	pattern_fill(rig->medium[1]->data + 50 * 512, 24 * 512, 9);
	return rig;
}

TEST_CASE(equal_data_compares_equal)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct queue_pair queue;
		struct buffer *buffer;
		struct rig *rig = rig_with_data(modes[i], &queue, &buffer);

		assert_success(queue_rw(&queue, NVM_IO_COMPARE, 1, 50, 24, buffer));
		assert_buffer_pattern(buffer, 9);
		rig_free(rig);
	}
}

TEST_CASE(any_single_different_byte_is_found)
{
	static const size_t at[] = { 0, 1, 511, 512, 4095 - 0x104, 4096 - 0x104, 24 * 512 - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(at); i++) {
		struct queue_pair queue;
		struct buffer *buffer;
		struct rig *rig = rig_with_data(modes[i / ARRAY_SIZE(at)], &queue, &buffer);

		rig->medium[1]->data[50 * 512 + at[i % ARRAY_SIZE(at)]] ^= 1;
		assert_status(queue_rw(&queue, NVM_IO_COMPARE, 1, 50, 24, buffer),
			      NVM_SC_COMPARE_FAILURE);
		assert_buffer_pattern(buffer, 9);
		rig_free(rig);
	}
}

TEST_CASE(what_lies_beside_the_range_does_not_matter)
{
	struct queue_pair queue;
	struct buffer *buffer;
	struct rig *rig = rig_with_data(DMA_MAPPED, &queue, &buffer);

	rig->medium[1]->data[50 * 512 - 1] ^= 1;
	rig->medium[1]->data[74 * 512] ^= 1;
	assert_success(queue_rw(&queue, NVM_IO_COMPARE, 1, 50, 24, buffer));
	rig_free(rig);
}

TEST_CASE(nothing_is_written)
{
	struct queue_pair queue;
	struct buffer *buffer;
	struct rig *rig = rig_with_data(DMA_MAPPED, &queue, &buffer);

	for (unsigned int i = 0; i < buffer->nr_pages; i++)
		guest_read_only(rig->driver[0]->memory, buffer->page[i], PAGE);
	assert_success(queue_rw(&queue, NVM_IO_COMPARE, 1, 50, 24, buffer));
	assert_status(queue_rw(&queue, NVM_IO_COMPARE, 1, 51, 24, buffer), NVM_SC_COMPARE_FAILURE);
	assert_int_equal(rig->medium[1]->submitted[NVMOVE_MEDIA_WRITE], 0);
	rig_free(rig);
}

TEST_CASE(a_media_error_is_an_unrecovered_read)
{
	struct queue_pair queue;
	struct buffer *buffer;
	struct rig *rig = rig_with_data(DMA_MAPPED, &queue, &buffer);

	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_COMPARE, 1, 50, 24, buffer),
		      NVM_SC_UNRECOVERED_READ);
	rig_free(rig);
}

TEST_CASE(an_unreadable_buffer_is_reported)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct queue_pair queue;
		struct buffer *buffer;
		struct rig *rig = rig_with_data(modes[i], &queue, &buffer);

		guest_unmap(rig->driver[0]->memory, buffer->page[2], PAGE);
		assert_status(queue_rw(&queue, NVM_IO_COMPARE, 1, 50, 24, buffer),
			      NVM_SC_DATA_TRANSFER_ERROR);
		assert_int_not_equal(guest_take_faults(rig->driver[0]->memory), 0);
		rig_free(rig);
	}
}

TEST_CASE(ranges_and_sizes_are_checked)
{
	struct queue_pair queue;
	struct buffer *buffer;
	struct rig *rig = rig_with_data(DMA_MAPPED, &queue, &buffer);

	assert_status(queue_rw(&queue, NVM_IO_COMPARE, 1, NS1_BLOCKS - 1, 2, buffer),
		      NVM_SC_LBA_RANGE);
	assert_status(queue_rw(&queue, NVM_IO_COMPARE, 1, 0, 257, buffer), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

RUN_TESTS("io_compare",
	  cmocka_unit_test(equal_data_compares_equal),
	  cmocka_unit_test(any_single_different_byte_is_found),
	  cmocka_unit_test(what_lies_beside_the_range_does_not_matter),
	  cmocka_unit_test(nothing_is_written),
	  cmocka_unit_test(a_media_error_is_an_unrecovered_read),
	  cmocka_unit_test(an_unreadable_buffer_is_reported),
	  cmocka_unit_test(ranges_and_sizes_are_checked));
