// SPDX-License-Identifier: BSD-2-Clause
/*
 * LBA formats (NVM Command Set 4.1.5.1): every namespace lists 512 and 4096 bytes and says which
 * one it has, and blocks are counted in it.
 */
#include "harness.h"

static void check_formats(const uint8_t *data, unsigned int format)
{
	assert_int_equal(data[25], 1);			/* NLBAF */
	assert_int_equal(data[26], format);		/* FLBAS */
	assert_int_equal(get32(data, 128), 9 << 16);	/* no metadata, 512 bytes */
	assert_int_equal(get32(data, 132), 12 << 16);	/* no metadata, 4096 bytes */
	assert_true(is_zero(data + 136, NVM_IDENTIFY_SIZE - 136));
}

TEST_CASE(every_namespace_lists_both_and_says_which)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS, 2, 0, data));
	check_formats(data, 1);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS, 3, 0, data));
	check_formats(data, 0);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_ALLOCATED_NS_DATA, 2, 0, data));
	check_formats(data, 1);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_NS, NVM_NSID_ALL, 0, data));
	check_formats(data, 0);
	rig_free(rig);
}

TEST_CASE(a_namespace_is_created_in_either)
{
	static const uint16_t primary[] = { 7, 0 };
	struct scripted_pool pool;
	struct rig *rig;
	struct queue_pair queue;
	uint8_t data[NVM_IDENTIFY_SIZE];

	scripted_pool_init(&pool, 1 << 20);
	rig = rig_new_enabled(&(struct rig_options){ .pool = &pool.pool });
	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (unsigned int format = 0; format < 2; format++) {
		struct buffer *buffer = buffer_new(rig->driver[0], format ? 4096 : 512);
		uint32_t nsid = driver_create_ns(rig->driver[0], 8, format).dw0;

		assert_success(driver_attach_ns(rig->driver[0], NVM_NS_ATTACH_ATTACH, nsid,
						primary));
		assert_success(driver_identify(rig->driver[0], NVM_CNS_NS, nsid, 0, data));
		check_formats(data, format);
		buffer_pattern(buffer, format);
		assert_success(queue_rw(&queue, NVM_IO_WRITE, nsid, 7, 1, buffer));
		assert_int_equal(pool.medium[nsid]->base.size, 8 * buffer->len);
		buffer_fill(buffer, 0);
		assert_success(queue_rw(&queue, NVM_IO_READ, nsid, 7, 1, buffer));
		assert_buffer_pattern(buffer, format);
		assert_status(queue_rw(&queue, NVM_IO_READ, nsid, 8, 1, buffer), NVM_SC_LBA_RANGE);
	}
	rig_free(rig);
	scripted_pool_free(&pool);
}

TEST_CASE(a_state_of_another_format_is_refused)
{
	struct rig *from = rig_new_secondaries(NULL, 1);
	struct nvmove_load_error error;
	struct rig *to;
	uint8_t *state;
	size_t size;

	rig_suspend(from, 1);
	state = rig_save(from, 1, &size);
	from->options.lba_shift[2] = 9;
	to = rig_new_destination(from, 1);
	assert_int_equal(nvmove_ctrl_load(to->function[1].ctrl, state, size, &error), -ENOTSUP);
	assert_string_equal(error.text,
			    "LBA format of nsid 2: 2^9 bytes here, 2^12 bytes in the stream");
	free(state);
	rig_free(to);
	rig_free(from);
}

RUN_TESTS("lba_formats",
	  cmocka_unit_test(every_namespace_lists_both_and_says_which),
	  cmocka_unit_test(a_namespace_is_created_in_either),
	  cmocka_unit_test(a_state_of_another_format_is_refused));
