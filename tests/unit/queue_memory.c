// SPDX-License-Identifier: BSD-2-Clause
/*
 * Queues that lie on each other, or beyond any address that host memory can have, are refused when
 * the host creates them: what a controller accepts must be a state that another one loads.
 */
#include "harness.h"

#define LIMIT	(1ull << 60)

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static unsigned int create_cq(struct driver *driver, unsigned int qid, unsigned int entries,
			      uint64_t addr)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = addr,
		     .cdw10 = (entries - 1) << 16 | qid,
		     .cdw11 = 1 << 16 | NVM_CQ_IEN | NVM_QUEUE_PC).status;
}

static unsigned int create_sq(struct driver *driver, unsigned int qid, unsigned int entries,
			      uint64_t addr)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_CREATE_SQ, .prp1 = addr,
		     .cdw10 = (entries - 1) << 16 | qid, .cdw11 = 1 << 16 | NVM_QUEUE_PC).status;
}

TEST_CASE(queues_on_memory_of_another_queue_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	const uint64_t taken[] = { driver->admin.sq.addr, driver->admin.cq.addr };

	driver_create_queue(driver, &queue, 1, 256, 1);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		assert_int_equal(create_cq(driver, 2, 2, taken[i]), NVM_SC_INVALID_FIELD);
		assert_int_equal(create_sq(driver, 2, 2, taken[i]), NVM_SC_INVALID_FIELD);
	}
	/* 256 submission entries are four pages: the first, the last, and one that reaches in. */
	for (unsigned int page = 0; page < 4; page++) {
		assert_int_equal(create_cq(driver, 2, 2, queue.sq.addr + page * PAGE),
				 NVM_SC_INVALID_FIELD);
		assert_int_equal(create_sq(driver, 2, 2, queue.sq.addr + page * PAGE),
				 NVM_SC_INVALID_FIELD);
	}
	assert_int_equal(create_sq(driver, 2, 65, queue.cq.addr - PAGE), NVM_SC_INVALID_FIELD);
	assert_int_equal(create_sq(driver, 2, 64, queue.cq.addr), NVM_SC_INVALID_FIELD);
	assert_success(queue_command(&queue, &flush));
	rig_free(rig);
}

TEST_CASE(queues_that_touch_are_created)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t memory = guest_alloc(driver->memory, 16 * PAGE);

	assert_int_equal(create_cq(driver, 1, 256, memory + PAGE), 0);
	assert_int_equal(create_sq(driver, 1, 64, memory + 2 * PAGE), 0);
	assert_int_equal(create_sq(driver, 2, 64, memory), 0);
	assert_int_equal(create_sq(driver, 3, 128, memory + 3 * PAGE), 0);
	rig_free(rig);
}

TEST_CASE(memory_of_a_deleted_queue_can_be_used_again)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 64, 1);
	assert_int_equal(create_cq(driver, 2, 64, queue.cq.addr), NVM_SC_INVALID_FIELD);
	driver_delete_queue(driver, &queue);
	assert_int_equal(create_cq(driver, 2, 64, queue.cq.addr), 0);
	rig_free(rig);
}

TEST_CASE(queues_beyond_the_last_address_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	const uint64_t bad[] = { LIMIT - PAGE, LIMIT, 1ull << 63, UINT64_MAX - PAGE + 1 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(create_cq(driver, 1, 257, bad[i]), NVM_SC_INVALID_FIELD);
	assert_int_equal(create_cq(driver, 1, 256, LIMIT - PAGE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(create_sq(driver, 1, 65, bad[i]), NVM_SC_INVALID_FIELD);
	assert_int_equal(create_sq(driver, 1, 64, LIMIT - 2 * PAGE), 0);
	rig_free(rig);
}

/** enable() - CSTS after an attempt to enable with these admin queues, of 32 entries */
static uint32_t enable(struct driver *driver, uint64_t asq, uint64_t acq)
{
	driver_write32(driver, NVM_REG_AQA, 31 << 16 | 31);
	driver_write64(driver, NVM_REG_ASQ, asq);
	driver_write64(driver, NVM_REG_ACQ, acq);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN);
	rig_run(driver->function->rig);
	return driver_read32(driver, NVM_REG_CSTS) & (NVM_CSTS_RDY | NVM_CSTS_CFS);
}

TEST_CASE(admin_queues_that_cannot_be_are_fatal)
{
	static const uint64_t bad[][2] = {
		{ 0x100000, 0x100000 }, { LIMIT, 0x100000 }, { 0x100000, LIMIT },
		{ ~0xfffull, 0x100000 }, { 0x100000, ~0xfffull },
	};
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(enable(driver, bad[i][0], bad[i][1]), NVM_CSTS_CFS);
		driver_disable(driver);
	}
	assert_int_equal(enable(driver, 0x100000, 0x101000), NVM_CSTS_RDY);
	driver_disable(driver);
	assert_int_equal(enable(driver, LIMIT - PAGE, LIMIT - 2 * PAGE), NVM_CSTS_RDY);
	rig_free(rig);
}

RUN_TESTS("queue_memory",
	  cmocka_unit_test(queues_on_memory_of_another_queue_are_refused),
	  cmocka_unit_test(queues_that_touch_are_created),
	  cmocka_unit_test(memory_of_a_deleted_queue_can_be_used_again),
	  cmocka_unit_test(queues_beyond_the_last_address_are_refused),
	  cmocka_unit_test(admin_queues_that_cannot_be_are_fatal));
