// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical Region Pages (Base 4.1.1): every shape of data buffer that a host can describe, and the
 * ones it must not. Each case runs with mapped memory, with mapping refused, with pieces shorter
 * than a page and without any mapping.
 */
#include <endian.h>

#include "harness.h"

static const struct rig_options dma_variants[] = {
	{ .dma_mode = DMA_MAPPED },
	{ .dma_mode = DMA_MAPPED, .map_limit = 512 },
	{ .dma_mode = DMA_MAPPED, .map_limit = 1000 },
	{ .dma_mode = DMA_MAP_REFUSED },
	{ .dma_mode = DMA_COPIED },
};

static void write_then_read(struct rig *rig, struct queue_pair *queue, size_t len, size_t offset,
			    size_t list_offset)
{
	struct driver *driver = rig->driver[0];
	struct buffer *out = buffer_new_at(driver, len, offset, list_offset);
	struct buffer *in = buffer_new_at(driver, len, offset, list_offset);
	uint64_t slba = 16;

	buffer_pattern(out, len + offset);
	memset(rig->medium[1]->data, 0xcc, rig->medium[1]->base.size);
	assert_success(queue_rw(queue, NVM_IO_WRITE, 1, slba, len / 512, out));
	assert_int_equal(rig->medium[1]->data[slba * 512 - 1], 0xcc);
	assert_int_equal(rig->medium[1]->data[slba * 512 + len], 0xcc);
	assert_success(queue_rw(queue, NVM_IO_READ, 1, slba, len / 512, in));
	assert_buffer_pattern(in, len + offset);
	assert_buffer_pattern(out, len + offset);
	assert_buffer_slack(in);
	assert_buffer_slack(out);
}

static void all_variants(unsigned int page_shift, size_t len, size_t offset, size_t list_offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new(&dma_variants[i]);
		struct queue_pair queue;

		rig->driver[0]->page_shift = page_shift;
		driver_enable(rig->driver[0]);
		driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
		write_then_read(rig, &queue, len, offset, list_offset);
		rig_free(rig);
	}
}

TEST_CASE(one_block_in_one_page)
{
	all_variants(12, 512, 0, 0);
}

TEST_CASE(one_block_at_an_offset)
{
	all_variants(12, 512, 0x234, 0);
}

TEST_CASE(one_block_across_two_pages)
{
	all_variants(12, 512, PAGE - 100, 0);
}

TEST_CASE(one_whole_page)
{
	all_variants(12, PAGE, 0, 0);
}

TEST_CASE(one_page_across_two)
{
	all_variants(12, PAGE, 512, 0);
}

TEST_CASE(two_whole_pages_need_no_list)
{
	all_variants(12, 2 * PAGE, 0, 0);
}

TEST_CASE(two_pages_across_three_need_a_list)
{
	all_variants(12, 2 * PAGE, 4, 0);
}

TEST_CASE(the_largest_transfer)
{
	all_variants(12, 128 << 10, 0, 0);
}

TEST_CASE(the_largest_transfer_at_an_offset)
{
	all_variants(12, 128 << 10, 0xffc, 0);
}

TEST_CASE(a_list_that_starts_within_its_page)
{
	all_variants(12, 64 << 10, 0, 0x300);
}

TEST_CASE(a_list_that_ends_exactly_at_the_page)
{
	all_variants(12, 64 << 10, 0, PAGE - 15 * 8);
}

TEST_CASE(a_list_that_goes_on_in_a_second_page)
{
	all_variants(12, 64 << 10, 0, PAGE - 4 * 8);
}

TEST_CASE(a_list_whose_first_entry_is_already_a_pointer)
{
	all_variants(12, 64 << 10, 0x10, PAGE - 8);
}

TEST_CASE(larger_pages)
{
	all_variants(13, 64 << 10, 0x1200, 0x1ff8);
	all_variants(14, 128 << 10, 0x3ffc, 0x3ff0);
	all_variants(16, 128 << 10, 0x8004, 0);
}

TEST_CASE(a_transfer_of_a_mebibyte_through_chained_lists)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){
		.mdts = 8, .namespace_bytes = { [1] = 4 << 20 },
	});
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	write_then_read(rig, &queue, 1 << 20, 8, PAGE - 16);
	rig_free(rig);
}

/** bad_read() - a Read whose PRPs were spoilt fails with @status; the next one works */
static void bad_read(struct rig *rig, const struct buffer *buffer, uint64_t prp1, uint64_t prp2,
		     unsigned int status)
{
	struct command command = rw_command(NVM_IO_READ, 1, 0, buffer->len / 512, buffer);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	command.prp1 = prp1;
	command.prp2 = prp2;
	memset(rig->medium[1]->data, 0xcc, rig->medium[1]->base.size);
	assert_status(queue_command(&queue, &command), status);
	guest_take_faults(rig->driver[0]->memory);
	command = rw_command(NVM_IO_READ, 1, 0, 1, buffer_new(rig->driver[0], 512));
	assert_success(queue_command(&queue, &command));
}

TEST_CASE(second_data_pointer_with_an_offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct buffer *buffer = buffer_new(rig->driver[0], 2 * PAGE);

		bad_read(rig, buffer, buffer->prp1, buffer->prp2 + 512, NVM_SC_INVALID_PRP_OFFSET);
		rig_free(rig);
	}
}

TEST_CASE(list_entry_with_an_offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct driver *driver = rig->driver[0];
		struct buffer *buffer = buffer_new(driver, 8 * PAGE);
		uint64_t entry = htole64(buffer->page[5] + 64);

		guest_write(driver->memory, buffer_entry(buffer, 5), &entry, 8);
		bad_read(rig, buffer, buffer->prp1, buffer->prp2, NVM_SC_INVALID_PRP_OFFSET);
		rig_free(rig);
	}
}

TEST_CASE(page_offset_is_judged_by_the_page_size_in_use)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer;

	driver->page_shift = 14;
	driver_enable(driver);
	buffer = buffer_new(driver, 32 << 10);
	bad_read(rig, buffer, buffer->prp1, buffer->prp2 + 0x1000, NVM_SC_INVALID_PRP_OFFSET);
	rig_free(rig);
}

TEST_CASE(unmapped_first_page)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct buffer *buffer = buffer_new(rig->driver[0], 512);

		bad_read(rig, buffer, 0xdead000, 0, NVM_SC_DATA_TRANSFER_ERROR);
		rig_free(rig);
	}
}

TEST_CASE(unmapped_page_in_the_middle)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct driver *driver = rig->driver[0];
		struct buffer *buffer = buffer_new(driver, 8 * PAGE);

		guest_unmap(driver->memory, buffer->page[4], PAGE);
		bad_read(rig, buffer, buffer->prp1, buffer->prp2, NVM_SC_DATA_TRANSFER_ERROR);
		rig_free(rig);
	}
}

TEST_CASE(unmapped_list)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct buffer *buffer = buffer_new(rig->driver[0], 8 * PAGE);

		bad_read(rig, buffer, buffer->prp1, 0xdead000, NVM_SC_DATA_TRANSFER_ERROR);
		rig_free(rig);
	}
}

TEST_CASE(unmapped_second_list)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new_at(driver, 8 * PAGE, 0, PAGE - 32);

	assert_int_equal(buffer->nr_lists, 2);
	guest_unmap(driver->memory, buffer->list[1], PAGE);
	bad_read(rig, buffer, buffer->prp1, buffer->prp2, NVM_SC_DATA_TRANSFER_ERROR);
	rig_free(rig);
}

TEST_CASE(addresses_at_the_end_of_the_address_space)
{
	static const uint64_t wild[] = { UINT64_MAX & ~4095ull, UINT64_MAX - 511, 1ull << 63 };

	for (size_t i = 0; i < ARRAY_SIZE(dma_variants) * ARRAY_SIZE(wild); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i / ARRAY_SIZE(wild)]);
		struct buffer *buffer = buffer_new(rig->driver[0], 512);

		bad_read(rig, buffer, wild[i % ARRAY_SIZE(wild)] & ~3ull, 0,
			 NVM_SC_DATA_TRANSFER_ERROR);
		rig_free(rig);
	}
}

TEST_CASE(a_list_that_points_to_itself_ends)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new_at(driver, 128 << 10, 0, PAGE - 16);
	struct command command = rw_command(NVM_IO_READ, 1, 0, 256, buffer);
	struct queue_pair queue;
	uint64_t self = htole64(buffer->list[0]);
	struct completion completion;

	/* Every entry is the page itself: harmless for the device, garbage for the host. */
	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int at = 0; at < PAGE; at += 8)
		guest_write(driver->memory, buffer->list[0] + at, &self, 8);
	completion = queue_command(&queue, &command);
	assert_int_equal(completion.cid, driver->next_cid - 1);
	assert_true(driver_is_ready(driver));
	rig_free(rig);
}

TEST_CASE(a_list_whose_last_entry_points_to_itself_ends)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new_at(driver, 128 << 10, 0, PAGE - 8);
	struct command command = rw_command(NVM_IO_READ, 1, 0, 256, buffer);
	struct queue_pair queue;
	uint64_t self = htole64(command.prp2);

	driver_create_queue(driver, &queue, 1, 16, 1);
	guest_write(driver->memory, command.prp2, &self, 8);
	assert_status(queue_command(&queue, &command), NVM_SC_INVALID_PRP_OFFSET);
	rig_free(rig);
}

TEST_CASE(a_failed_write_leaves_the_medium_alone)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct driver *driver = rig->driver[0];
		struct buffer *buffer = buffer_new(driver, 8 * PAGE);
		struct queue_pair queue;

		driver_create_queue(driver, &queue, 1, 16, 1);
		buffer_fill(buffer, 0x11);
		guest_unmap(driver->memory, buffer->page[7], PAGE);
		assert_status(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 64, buffer),
			      NVM_SC_DATA_TRANSFER_ERROR);
		assert_true(is_zero(rig->medium[1]->data, 8 * PAGE));
		guest_take_faults(driver->memory);
		rig_free(rig);
	}
}

TEST_CASE(admin_data_obeys_the_same_rules)
{
	for (size_t i = 0; i < ARRAY_SIZE(dma_variants); i++) {
		struct rig *rig = rig_new_enabled(&dma_variants[i]);
		struct driver *driver = rig->driver[0];
		struct buffer *split = buffer_new_at(driver, PAGE, 0x800, 0);
		uint8_t whole[PAGE], pieces[PAGE];

		assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, whole));
		assert_success(ADMIN(driver, .opcode = NVM_ADMIN_IDENTIFY, .cdw10 = NVM_CNS_CTRL,
				     .prp1 = split->prp1, .prp2 = split->prp2));
		buffer_read(split, 0, pieces, PAGE);
		assert_memory_equal(whole, pieces, PAGE);
		assert_buffer_slack(split);
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_IDENTIFY, .cdw10 = NVM_CNS_CTRL,
				    .prp1 = split->prp1, .prp2 = split->prp2 + 4),
			      NVM_SC_INVALID_PRP_OFFSET);
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_IDENTIFY, .cdw10 = NVM_CNS_CTRL,
				    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
		assert_int_not_equal(guest_take_faults(driver->memory), 0);
		rig_free(rig);
	}
}

RUN_TESTS("prp_lists",
	  cmocka_unit_test(one_block_in_one_page),
	  cmocka_unit_test(one_block_at_an_offset),
	  cmocka_unit_test(one_block_across_two_pages),
	  cmocka_unit_test(one_whole_page),
	  cmocka_unit_test(one_page_across_two),
	  cmocka_unit_test(two_whole_pages_need_no_list),
	  cmocka_unit_test(two_pages_across_three_need_a_list),
	  cmocka_unit_test(the_largest_transfer),
	  cmocka_unit_test(the_largest_transfer_at_an_offset),
	  cmocka_unit_test(a_list_that_starts_within_its_page),
	  cmocka_unit_test(a_list_that_ends_exactly_at_the_page),
	  cmocka_unit_test(a_list_that_goes_on_in_a_second_page),
	  cmocka_unit_test(a_list_whose_first_entry_is_already_a_pointer),
	  cmocka_unit_test(larger_pages),
	  cmocka_unit_test(a_transfer_of_a_mebibyte_through_chained_lists),
	  cmocka_unit_test(second_data_pointer_with_an_offset),
	  cmocka_unit_test(list_entry_with_an_offset),
	  cmocka_unit_test(page_offset_is_judged_by_the_page_size_in_use),
	  cmocka_unit_test(unmapped_first_page),
	  cmocka_unit_test(unmapped_page_in_the_middle),
	  cmocka_unit_test(unmapped_list),
	  cmocka_unit_test(unmapped_second_list),
	  cmocka_unit_test(addresses_at_the_end_of_the_address_space),
	  cmocka_unit_test(a_list_that_points_to_itself_ends),
	  cmocka_unit_test(a_list_whose_last_entry_points_to_itself_ends),
	  cmocka_unit_test(a_failed_write_leaves_the_medium_alone),
	  cmocka_unit_test(admin_data_obeys_the_same_rules));
