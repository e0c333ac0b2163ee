// SPDX-License-Identifier: BSD-2-Clause
/*
 * Commands complete in the order in which the medium finishes, each once, with its own id and data.
 */
#include "harness.h"

TEST_CASE(completions_follow_the_medium)
{
	static const unsigned int order[] = { 3, 0, 2, 1, 0 };
	static const unsigned int expected[] = { 3, 0, 4, 2, 1 };
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer[5];
	struct queue_pair queue;
	uint16_t cid[5];

	driver_create_queue(driver, &queue, 1, 16, 1);
	pattern_fill(rig->medium[1]->data, 5 * 512, 1);
	rig->medium[1]->hold = true;
	for (unsigned int i = 0; i < 5; i++) {
		struct command read;

		buffer[i] = buffer_new(driver, 512);
		read = rw_command(NVM_IO_READ, 1, i, 1, buffer[i]);
		cid[i] = sq_submit(&queue.sq, &read);
	}
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[1]), 5);
	for (unsigned int i = 0; i < 5; i++) {
		uint8_t data[512];
		struct completion completion;

		cq_assert_empty(&queue.cq);
		scripted_complete(rig->medium[1], order[i], 0);
		completion = cq_take(&queue.cq);
		assert_success(completion);
		assert_int_equal(completion.cid, cid[expected[i]]);
		assert_int_equal(completion.sqhd, 5);
		buffer_read(buffer[expected[i]], 0, data, sizeof(data));
		assert_memory_equal(data, rig->medium[1]->data + expected[i] * 512, 512);
	}
	rig_free(rig);
}

TEST_CASE(admin_commands_pass_io_under_way)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair queue;
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &read);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	cq_assert_empty(&queue.cq);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&queue.cq));
	rig_free(rig);
}

TEST_CASE(a_failed_command_does_not_disturb_its_neighbours)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct completion completion;
	struct queue_pair queue;
	uint16_t cid[3];

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	for (unsigned int i = 0; i < 3; i++)
		cid[i] = sq_submit(&queue.sq, &read);
	rig_run(rig);
	scripted_complete(rig->medium[1], 1, EIO);
	completion = cq_take(&queue.cq);
	assert_status(completion, NVM_SC_UNRECOVERED_READ);
	assert_int_equal(completion.cid, cid[1]);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&queue.cq));
	assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(thousands_in_a_shuffled_order_complete_exactly_once)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t outstanding[4][64];
	unsigned int count[4] = { 0 }, done = 0, submitted = 0;
	struct queue_pair queue[4];
	uint32_t random = 12345;

	for (unsigned int i = 0; i < 4; i++)
		driver_create_queue(driver, &queue[i], i + 1, 65, i + 1);
	rig->medium[1]->hold = true;
	while (done < 20000) {
		unsigned int at;

		random = random * 1664525 + 1013904223;
		at = random >> 16 & 3;
		if (submitted < 20000 && count[at] < 64) {
			outstanding[at][count[at]++] = sq_submit(&queue[at].sq,
				&(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
			submitted++;
		}
		rig_run(rig);
		if (rig->medium[1]->held && (random >> 24 & 1 || submitted == 20000))
			scripted_complete(rig->medium[1],
					  (random >> 8) % scripted_held(rig->medium[1]), 0);
		rig_run(rig);
		for (unsigned int i = 0; i < 4; i++) {
			struct completion completion;
			unsigned int n = 0;

			while (cq_poll(&queue[i].cq, &completion)) {
				assert_success(completion);
				for (n = 0; n < count[i]; n++)
					if (outstanding[i][n] == completion.cid)
						break;
				assert_in_range(n + 1, 1, count[i]);
				outstanding[i][n] = outstanding[i][--count[i]];
				done++;
			}
			cq_ring(&queue[i].cq);
		}
	}
	scripted_release(rig->medium[1]);
	rig_free(rig);
}

RUN_TESTS("out_of_order",
	  cmocka_unit_test(completions_follow_the_medium),
	  cmocka_unit_test(admin_commands_pass_io_under_way),
	  cmocka_unit_test(a_failed_command_does_not_disturb_its_neighbours),
	  cmocka_unit_test(thousands_in_a_shuffled_order_complete_exactly_once));
