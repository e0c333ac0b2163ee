// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is durable when (NVM Command Set 3.2.4, Base 7.1, 5.27.1.4): Flush, Force Unit Access, and a
 * volatile write cache that is switched off. The medium keeps apart what survives a power loss.
 */
#include "harness.h"

#define FUA	(1u << 30)

static struct completion write_block(struct queue_pair *queue, uint32_t nsid, uint64_t slba,
				     uint8_t byte, uint32_t flags)
{
	struct buffer *buffer = buffer_new(queue->sq.driver, nsid == 2 ? 4096 : 512);
	struct command command = rw_command(NVM_IO_WRITE, nsid, slba, 1, buffer);

	buffer_fill(buffer, byte);
	command.cdw12 |= flags;
	return queue_command(queue, &command);
}

TEST_CASE(a_write_is_not_durable_by_itself)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 1, 3, 0x33, 0));
	assert_int_equal(rig->medium[1]->data[3 * 512], 0x33);
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0);
	rig_free(rig);
}

TEST_CASE(flush_makes_writes_durable)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 1, 3, 0x33, 0));
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 1));
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0x33);
	rig_free(rig);
}

TEST_CASE(flush_completes_when_the_medium_has)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	cq_assert_empty(&queue.cq);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&queue.cq));
	rig_free(rig);
}

TEST_CASE(flush_of_one_namespace_leaves_others_alone)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 3, 0, 0x55, 0));
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 1));
	assert_int_equal(rig->medium[3]->durable[0], 0);
	assert_int_equal(rig->medium[3]->submitted[NVMOVE_MEDIA_FLUSH], 0);
	rig_free(rig);
}

TEST_CASE(flush_of_all_namespaces_flushes_every_attached_one)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 1, 0, 0x11, 0));
	assert_success(write_block(&queue, 3, 0, 0x33, 0));
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
	assert_int_equal(rig->medium[1]->durable[0], 0x11);
	assert_int_equal(rig->medium[3]->durable[0], 0x33);
	assert_int_equal(rig->medium[2]->submitted[NVMOVE_MEDIA_FLUSH], 0);
	assert_int_equal(rig->medium[4]->submitted[NVMOVE_MEDIA_FLUSH], 0);
	rig_free(rig);
}

TEST_CASE(flush_of_all_and_shutdown_reach_the_highest_namespace_id)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){
		.namespace_bytes = { [MAX_NSID] = 1 << 20 },
	});
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 1), 0);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, MAX_NSID), 0);
	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(write_block(&queue, MAX_NSID, 0, 0x11, 0));
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
	assert_int_equal(rig->medium[MAX_NSID]->durable[0], 0x11);
	assert_success(write_block(&queue, MAX_NSID, 0, 0x22, 0));
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN | 1 << 14);
	rig_run(rig);
	assert_int_equal(rig->medium[MAX_NSID]->durable[0], 0x22);
	rig_free(rig);
}

TEST_CASE(flush_of_all_reports_a_failure_of_any)
{
	static const unsigned int nsid[] = { 1, 3 };

	for (size_t i = 0; i < ARRAY_SIZE(nsid); i++) {
		struct rig *rig = rig_new_enabled(NULL);
		struct queue_pair queue;

		driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
		rig->medium[nsid[i]]->fail[NVMOVE_MEDIA_FLUSH] = EIO;
		assert_int_not_equal(COMMAND(&queue, .opcode = NVM_IO_FLUSH,
					     .nsid = NVM_NSID_ALL).status, NVM_SC_SUCCESS);
		rig->medium[nsid[i]]->fail[NVMOVE_MEDIA_FLUSH] = 0;
		assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
		rig_free(rig);
	}
}

TEST_CASE(flush_reports_a_failure)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	rig->medium[1]->fail[NVMOVE_MEDIA_FLUSH] = EIO;
	assert_status(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 1), NVM_SC_WRITE_FAULT);
	rig_free(rig);
}

TEST_CASE(a_write_with_fua_is_durable)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 1, 3, 0x33, FUA));
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0x33);
	rig_free(rig);
}

TEST_CASE(write_zeroes_with_fua_is_durable)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct command command = rw_command(NVM_IO_WRITE_ZEROES, 1, 3, 1, NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 1, 3, 0x33, FUA));
	command.cdw12 |= FUA;
	assert_success(queue_command(&queue, &command));
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0);
	rig_free(rig);
}

TEST_CASE(every_write_is_durable_without_a_write_cache)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(driver_set_feature(driver, NVM_FEAT_VOLATILE_WC, 0, 0));
	assert_success(write_block(&queue, 1, 3, 0x33, 0));
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0x33);
	assert_success(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, 3, 1, NULL));
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_VOLATILE_WC, 0, 1));
	assert_success(write_block(&queue, 1, 3, 0x34, 0));
	assert_int_equal(rig->medium[1]->durable[3 * 512], 0);
	rig_free(rig);
}

TEST_CASE(a_read_with_fua_returns_the_data)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);
	struct command read = rw_command(NVM_IO_READ, 1, 3, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_success(write_block(&queue, 1, 3, 0x33, 0));
	read.cdw12 |= FUA;
	assert_success(queue_command(&queue, &read));
	assert_buffer_filled(buffer, 0x33);
	rig_free(rig);
}

RUN_TESTS("io_flush_fua",
	  cmocka_unit_test(a_write_is_not_durable_by_itself),
	  cmocka_unit_test(flush_makes_writes_durable),
	  cmocka_unit_test(flush_completes_when_the_medium_has),
	  cmocka_unit_test(flush_of_one_namespace_leaves_others_alone),
	  cmocka_unit_test(flush_of_all_namespaces_flushes_every_attached_one),
	  cmocka_unit_test(flush_of_all_and_shutdown_reach_the_highest_namespace_id),
	  cmocka_unit_test(flush_of_all_reports_a_failure_of_any),
	  cmocka_unit_test(flush_reports_a_failure),
	  cmocka_unit_test(a_write_with_fua_is_durable),
	  cmocka_unit_test(write_zeroes_with_fua_is_durable),
	  cmocka_unit_test(every_write_is_durable_without_a_write_cache),
	  cmocka_unit_test(a_read_with_fua_returns_the_data));
