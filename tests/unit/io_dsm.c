// SPDX-License-Identifier: BSD-2-Clause
/*
 * Dataset Management (NVM Command Set 3.2.3): deallocation of up to 256 ranges. Hints are accepted
 * and do nothing.
 */
#include "harness.h"

#define AD	(1u << 2)

struct range {
	uint64_t slba;
	uint32_t blocks;
	uint32_t attributes;
};

static struct rig *rig_filled(struct queue_pair *queue)
{
	struct rig *rig = rig_new_enabled(NULL);

	driver_create_queue(rig->driver[0], queue, 1, 16, 1);
	memset(rig->medium[1]->data, 0xee, rig->medium[1]->base.size);
	return rig;
}

static struct completion dsm(struct queue_pair *queue, const struct range *range,
			     unsigned int count, uint32_t attributes, size_t offset)
{
	struct buffer *buffer = buffer_new_at(queue->sq.driver, count * 16, offset, 0);

	for (unsigned int i = 0; i < count; i++) {
		uint8_t entry[16];

		put32(entry, 0, range[i].attributes);
		put32(entry, 4, range[i].blocks);
		put64(entry, 8, range[i].slba);
		buffer_write(buffer, i * 16, entry, sizeof(entry));
	}
	return COMMAND(queue, .opcode = NVM_IO_DSM, .nsid = 1, .cdw10 = count - 1,
		       .cdw11 = attributes, .prp1 = buffer->prp1, .prp2 = buffer->prp2);
}

static bool block_is(struct rig *rig, uint64_t block, uint8_t byte)
{
	return rig->medium[1]->data[block * 512] == byte &&
	       rig->medium[1]->data[block * 512 + 511] == byte;
}

TEST_CASE(a_deallocated_range_reads_as_zeroes)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_success(dsm(&queue, (struct range[]){ { 10, 4, 0 } }, 1, AD, 0));
	assert_true(block_is(rig, 9, 0xee));
	assert_true(is_zero(rig->medium[1]->data + 10 * 512, 4 * 512));
	assert_true(block_is(rig, 14, 0xee));
	assert_int_equal(rig->medium[1]->submitted[NVMOVE_MEDIA_DEALLOCATE], 1);
	rig_free(rig);
}

TEST_CASE(all_256_ranges_are_deallocated)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);
	struct range range[256];

	for (unsigned int i = 0; i < 256; i++)
		range[i] = (struct range){ (255 - i) * 4, 1 + i % 3, i };
	assert_success(dsm(&queue, range, 256, AD, 0));
	for (unsigned int i = 0; i < 256; i++) {
		uint64_t first = (255 - i) * 4;

		for (unsigned int n = 0; n < 4; n++)
			assert_true(block_is(rig, first + n, n < 1 + i % 3 ? 0 : 0xee));
	}
	rig_free(rig);
}

TEST_CASE(the_range_list_may_cross_a_page)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);
	struct range range[256];

	for (unsigned int i = 0; i < 256; i++)
		range[i] = (struct range){ i * 2, 1, 0 };
	assert_success(dsm(&queue, range, 256, AD, 0xff8));
	for (unsigned int i = 0; i < 256; i++) {
		assert_true(block_is(rig, i * 2, 0));
		assert_true(block_is(rig, i * 2 + 1, 0xee));
	}
	rig_free(rig);
}

TEST_CASE(without_the_deallocate_attribute_nothing_happens)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_success(dsm(&queue, (struct range[]){ { 0, 8, 0x7ff } }, 1, 3, 0));
	assert_true(block_is(rig, 0, 0xee));
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(an_empty_range_is_no_error)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_success(dsm(&queue, (struct range[]){ { 5, 0, 0 }, { 9, 1, 0 } }, 2, AD, 0));
	assert_true(block_is(rig, 5, 0xee));
	assert_true(block_is(rig, 9, 0));
	rig_free(rig);
}

TEST_CASE(nothing_but_empty_ranges_is_no_error)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_success(dsm(&queue, (struct range[]){ { 5, 0, 0 }, { 9, 0, 0 } }, 2, AD, 0));
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(the_whole_namespace_in_one_range)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_success(dsm(&queue, (struct range[]){ { 0, NS1_BLOCKS, 0 } }, 1, AD, 0));
	assert_true(is_zero(rig->medium[1]->data, rig->medium[1]->base.size));
	rig_free(rig);
}

TEST_CASE(ranges_beyond_the_namespace_are_refused)
{
	static const struct range bad[] = {
		{ NS1_BLOCKS, 1, 0 }, { NS1_BLOCKS - 1, 2, 0 }, { 0, 0xffffffff, 0 },
		{ UINT64_MAX, 1, 0 }, { UINT64_MAX - 3, 0xffffffff, 0 }, { 1ull << 60, 1, 0 },
	};
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_status(dsm(&queue, &bad[i], 1, AD, 0), NVM_SC_LBA_RANGE);
	assert_true(block_is(rig, NS1_BLOCKS - 1, 0xee));
	rig_free(rig);
}

TEST_CASE(a_bad_range_behind_good_ones_is_refused)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_status(dsm(&queue, (struct range[]){ { 0, 1, 0 }, { NS1_BLOCKS, 1, 0 } }, 2, AD, 0),
		      NVM_SC_LBA_RANGE);
	rig_free(rig);
}

TEST_CASE(an_unreadable_range_list_is_reported)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_status(COMMAND(&queue, .opcode = NVM_IO_DSM, .nsid = 1, .cdw10 = 0, .cdw11 = AD,
			      .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(rig->driver[0]->memory), 0);
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(a_media_error_is_reported_once)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	rig->medium[1]->fail[NVMOVE_MEDIA_DEALLOCATE] = EIO;
	assert_int_not_equal(dsm(&queue, (struct range[]){ { 0, 1, 0 }, { 4, 1, 0 }, { 8, 1, 0 } },
				 3, AD, 0).status, NVM_SC_SUCCESS);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(ranges_that_the_medium_finishes_late_complete_once)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);
	struct buffer *buffer = buffer_new(rig->driver[0], 3 * 16);

	for (unsigned int i = 0; i < 3; i++) {
		uint8_t entry[16] = { 0 };

		put32(entry, 4, 1);
		put64(entry, 8, i * 10);
		buffer_write(buffer, i * 16, entry, sizeof(entry));
	}
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_DSM, .nsid = 1, .cdw10 = 2,
						.cdw11 = AD, .prp1 = buffer->prp1 });
	while (rig_run(rig), rig->medium[1]->held) {
		cq_assert_empty(&queue.cq);
		scripted_complete(rig->medium[1], scripted_held(rig->medium[1]) - 1, 0);
	}
	assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(block_is(rig, i * 10, 0));
	rig_free(rig);
}

RUN_TESTS("io_dsm",
	  cmocka_unit_test(a_deallocated_range_reads_as_zeroes),
	  cmocka_unit_test(all_256_ranges_are_deallocated),
	  cmocka_unit_test(the_range_list_may_cross_a_page),
	  cmocka_unit_test(without_the_deallocate_attribute_nothing_happens),
	  cmocka_unit_test(an_empty_range_is_no_error),
	  cmocka_unit_test(nothing_but_empty_ranges_is_no_error),
	  cmocka_unit_test(the_whole_namespace_in_one_range),
	  cmocka_unit_test(ranges_beyond_the_namespace_are_refused),
	  cmocka_unit_test(a_bad_range_behind_good_ones_is_refused),
	  cmocka_unit_test(an_unreadable_range_list_is_reported),
	  cmocka_unit_test(a_media_error_is_reported_once),
	  cmocka_unit_test(ranges_that_the_medium_finishes_late_complete_once));
