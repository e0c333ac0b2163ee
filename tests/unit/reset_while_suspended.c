// SPDX-License-Identifier: BSD-2-Clause
/*
 * A suspension ends with any reset of the controller or of its primary (Base 2.3, 5.2.16), complete
 * or not, and whatever was on its way with it.
 */
#include "state_editor.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static void works_after_reset(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;

	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), -EINVAL);
	driver_enable(driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(queue_command(&queue, &flush));
}

TEST_CASE(a_controller_reset_ends_the_suspension)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	rig_suspend(rig, 1);
	driver_disable(rig->driver[1]);
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(a_function_level_reset_ends_the_suspension)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	rig_suspend(rig, 1);
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(a_reset_of_the_primary_ends_the_suspension)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	rig_suspend(rig, 1);
	driver_disable(rig->driver[0]);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	driver_enable(rig->driver[0]);
	rig_online(rig, 1, 5, 5);
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(a_subsystem_reset_ends_the_suspension)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	rig_suspend(rig, 1);
	driver_write32(rig->driver[0], NVM_REG_NSSR, 0x4e564d65);
	rig_run(rig);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	driver_enable(rig->driver[0]);
	rig_online(rig, 1, 5, 5);
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(taking_the_secondary_offline_ends_the_suspension)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	rig_suspend(rig, 1);
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 8, 0));
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_ONLINE, 0, 8, 0));
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(losing_the_function_ends_the_suspension)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	rig_suspend(rig, 1);
	nvmove_subsystem_set_vfs(rig->subsystem, 0);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	rig_online(rig, 1, 5, 5);
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(a_suspend_under_way_is_cancelled_by_a_reset)
{
	for (unsigned int kind = 0; kind < 3; kind++) {
		struct rig *rig = rig_new_secondaries(NULL, 1);
		struct queue_pair queue;
		int result;

		driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
		rig->medium[3]->hold = true;
		sq_submit(&queue.sq, &flush);
		rig_run(rig);
		rig_suspend_begin(rig, 1, &result);
		rig_run(rig);
		assert_int_equal(result, 1);
		if (kind == 0)
			nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
		else
			driver_write32(rig->driver[kind - 1 ? 0 : 1], NVM_REG_CC, CC_DEFAULT);
		rig_run(rig);
		if (rig->medium[3]->held)
			scripted_release(rig->medium[3]);
		rig->medium[3]->hold = false;
		rig_run(rig);
		assert_int_equal(result, -ECANCELED);
		cq_assert_empty(&queue.cq);
		if (kind == 2) {
			driver_enable(rig->driver[0]);
			rig_online(rig, 1, 5, 5);
		}
		works_after_reset(rig);
		rig_free(rig);
	}
}

TEST_CASE(a_reset_after_a_load_forgets_what_was_loaded)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct queue_pair queue;
	struct state state;

	driver_create_queue(source->driver[1], &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	driver_submit_aer(source->driver[1]);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	destination = rig_new_destination(source, 1);
	rig_load(destination, 1, state.data, state.size);
	nvmove_ctrl_reset(destination->function[1].ctrl, NVMOVE_RESET_FLR);
	rig_run(destination);
	assert_int_equal(destination->function[1].dma, 0);
	assert_int_equal(nvmove_ctrl_read(destination->function[1].ctrl, NVM_REG_CC, 4), 0);
	assert_int_equal(nvmove_ctrl_read(destination->function[1].ctrl, NVM_REG_AQA, 4), 0);
	works_after_reset(destination);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(unposted_completions_do_not_survive_a_reset)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;
	int result;

	driver_create_cq(driver, &queue.cq, 1, 2, 1);
	driver_create_sq(driver, &queue.sq, 1, 32, 1);
	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 20; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	rig_suspend_begin(rig, 1, &result);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(result, 0);
	driver_disable(driver);
	works_after_reset(rig);
	rig_free(rig);
}

TEST_CASE(enabling_a_suspended_controller_starts_no_dma)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	unsigned long dma;

	driver_disable(driver);
	rig_suspend(rig, 1);
	driver_set_admin_queues(driver, 32, 32);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN);
	rig_run(rig);
	dma = rig->function[1].dma;
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	rig_run(rig);
	if (nvmove_ctrl_is_suspended(rig->function[1].ctrl)) {
		/* CC.EN 0 to 1 while suspended is implementation specific; DMA is not. */
		assert_int_equal(rig->function[1].dma, dma);
		assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	}
	rig_run(rig);
	driver_disable(driver);
	works_after_reset(rig);
	rig_free(rig);
}

RUN_TESTS("reset_while_suspended",
	  cmocka_unit_test(a_controller_reset_ends_the_suspension),
	  cmocka_unit_test(a_function_level_reset_ends_the_suspension),
	  cmocka_unit_test(a_reset_of_the_primary_ends_the_suspension),
	  cmocka_unit_test(a_subsystem_reset_ends_the_suspension),
	  cmocka_unit_test(taking_the_secondary_offline_ends_the_suspension),
	  cmocka_unit_test(losing_the_function_ends_the_suspension),
	  cmocka_unit_test(a_suspend_under_way_is_cancelled_by_a_reset),
	  cmocka_unit_test(a_reset_after_a_load_forgets_what_was_loaded),
	  cmocka_unit_test(unposted_completions_do_not_survive_a_reset),
	  cmocka_unit_test(enabling_a_suspended_controller_starts_no_dma));
