// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupt vectors of completion queues and their mask, INTMS and INTMC (Base 3.1.3.3, 3.5.1). A
 * spurious interrupt is harmless, a lost one hangs a host.
 */
#include "harness.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 1 };

TEST_CASE(a_completion_signals_the_vector_of_its_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct function *function = &rig->function[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 2, 16, 5);
	memset(function->interrupts, 0, sizeof(function->interrupts));
	function->total_interrupts = 0;
	assert_success(queue_command(&queue, &flush));
	assert_int_equal(function->interrupts[5], 1);
	assert_int_equal(function->total_interrupts, 1);
	rig_free(rig);
}

TEST_CASE(the_admin_queue_uses_vector_0)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(rig->function[0].interrupts[0], 1);
	assert_int_equal(rig->function[0].total_interrupts, 1);
	rig_free(rig);
}

TEST_CASE(a_queue_without_interrupts_signals_nothing)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue = { 0 };
	unsigned int before;

	queue.cq = (struct completion_queue){ .driver = driver, .qid = 1, .entries = 16,
					      .phase = 1 };
	queue.cq.addr = guest_alloc(driver->memory, PAGE);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = queue.cq.addr,
			     .cdw10 = 15 << 16 | 1, .cdw11 = 1 << 16 | NVM_QUEUE_PC));
	driver_create_sq(driver, &queue.sq, 1, 16, 1);
	before = rig->function[0].total_interrupts;
	assert_success(queue_command(&queue, &flush));
	assert_int_equal(rig->function[0].total_interrupts, before);
	rig_free(rig);
}

TEST_CASE(queues_may_share_a_vector)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair one, two;

	driver_create_queue(driver, &one, 1, 16, 3);
	driver_create_queue(driver, &two, 2, 16, 3);
	assert_success(queue_command(&one, &flush));
	assert_success(queue_command(&two, &flush));
	assert_int_equal(rig->function[0].interrupts[3], 2);
	rig_free(rig);
}

TEST_CASE(an_unread_entry_is_signalled_even_in_a_burst)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	struct queue_pair queue;
	unsigned int before;

	driver_create_queue(driver, &queue, 1, 64, 1);
	for (unsigned int i = 0; i < 60; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	assert_in_range(rig->function[0].interrupts[1], 1, 60);
	for (unsigned int i = 0; i < 30; i++)
		assert_true(cq_poll(&queue.cq, &completion));
	cq_ring(&queue.cq);
	before = rig->function[0].interrupts[1];
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[1], before + 1);
	rig_free(rig);
}

TEST_CASE(mask_registers_set_and_clear_bits)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_INTMS, 0xf0f0);
	driver_write32(driver, NVM_REG_INTMS, 0x0001);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMS), 0xf0f1);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMC), 0xf0f1);
	driver_write32(driver, NVM_REG_INTMC, 0x00f0);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMS), 0xf001);
	driver_write32(driver, NVM_REG_INTMS, 0);
	driver_write32(driver, NVM_REG_INTMC, 0);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMC), 0xf001);
	rig_free(rig);
}

TEST_CASE(a_masked_vector_is_signalled_when_it_is_unmasked)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct function *function = &rig->function[0];
	struct completion completion;
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 2);
	driver_write32(driver, NVM_REG_INTMS, 1 << 2);
	sq_submit(&queue.sq, &flush);
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_int_equal(function->interrupts[2], 0);
	assert_true(cq_poll(&queue.cq, &completion));
	assert_success(completion);
	driver_write32(driver, NVM_REG_INTMC, 1 << 2);
	rig_run(rig);
	assert_int_equal(function->interrupts[2], 1);
	rig_free(rig);
}

TEST_CASE(unmasking_signals_nothing_that_was_read)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 2);
	driver_write32(driver, NVM_REG_INTMS, 1 << 2);
	assert_success(queue_command(&queue, &flush));
	driver_write32(driver, NVM_REG_INTMC, 1 << 2);
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[2], 0);
	rig_free(rig);
}

TEST_CASE(unmasking_one_vector_signals_only_that)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair one, two;

	driver_create_queue(driver, &one, 1, 16, 1);
	driver_create_queue(driver, &two, 2, 16, 2);
	driver_write32(driver, NVM_REG_INTMS, 6);
	sq_submit(&one.sq, &flush);
	sq_submit(&two.sq, &flush);
	rig_run(rig);
	driver_write32(driver, NVM_REG_INTMC, 4);
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[1], 0);
	assert_int_equal(rig->function[0].interrupts[2], 1);
	driver_write32(driver, NVM_REG_INTMC, 2);
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[1], 1);
	rig_free(rig);
}

TEST_CASE(the_admin_vector_can_be_masked)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	driver_write32(driver, NVM_REG_INTMS, 1);
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[0], 0);
	driver_write32(driver, NVM_REG_INTMC, 1);
	rig_run(rig);
	assert_int_equal(rig->function[0].interrupts[0], 1);
	assert_success(cq_take(&driver->admin.cq));
	rig_free(rig);
}

TEST_CASE(vectors_above_31_are_not_masked)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .max_vectors = 40 });
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 33);
	driver_write32(driver, NVM_REG_INTMS, 0xffffffff);
	assert_success(queue_command(&queue, &flush));
	assert_int_equal(rig->function[0].interrupts[33], 1);
	rig_free(rig);
}

TEST_CASE(interrupt_coalescing_loses_no_interrupt)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_COALESCE, 0, 50 << 8 | 7));
	driver_create_queue(driver, &queue, 1, 16, 2);
	for (unsigned int i = 1; i <= 5; i++) {
		sq_submit(&queue.sq, &flush);
		rig_advance(rig, 50 * MS / 10);
		assert_int_equal(rig->function[0].interrupts[2], i);
		assert_success(cq_take(&queue.cq));
	}
	rig_free(rig);
}

TEST_CASE(freed_room_in_a_full_queue_is_signalled)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	struct queue_pair queue;

	driver_create_cq(driver, &queue.cq, 1, 2, 4);
	driver_create_sq(driver, &queue.sq, 1, 16, 1);
	for (unsigned int i = 0; i < 6; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	for (unsigned int i = 1; i <= 6; i++) {
		rig_run(rig);
		assert_int_equal(rig->function[0].interrupts[4], i);
		assert_true(cq_poll(&queue.cq, &completion));
		cq_ring(&queue.cq);
	}
	rig_free(rig);
}

RUN_TESTS("interrupts_mask",
	  cmocka_unit_test(a_completion_signals_the_vector_of_its_queue),
	  cmocka_unit_test(the_admin_queue_uses_vector_0),
	  cmocka_unit_test(a_queue_without_interrupts_signals_nothing),
	  cmocka_unit_test(queues_may_share_a_vector),
	  cmocka_unit_test(an_unread_entry_is_signalled_even_in_a_burst),
	  cmocka_unit_test(mask_registers_set_and_clear_bits),
	  cmocka_unit_test(a_masked_vector_is_signalled_when_it_is_unmasked),
	  cmocka_unit_test(unmasking_signals_nothing_that_was_read),
	  cmocka_unit_test(unmasking_one_vector_signals_only_that),
	  cmocka_unit_test(the_admin_vector_can_be_masked),
	  cmocka_unit_test(vectors_above_31_are_not_masked),
	  cmocka_unit_test(interrupt_coalescing_loses_no_interrupt),
	  cmocka_unit_test(freed_room_in_a_full_queue_is_signalled));
