// SPDX-License-Identifier: BSD-2-Clause
/*
 * What resets do to migrations (Base 2.3, 8.1.13): of the migration management controller, which
 * ends every suspension and every transfer, and of a migratable controller, which ends its own.
 */
#include "migration_host.h"

static void reset_by_flr(struct rig *rig, unsigned int index)
{
	nvmove_ctrl_reset(rig->function[index].ctrl, NVMOVE_RESET_FLR);
}

static void reset_by_cc(struct rig *rig, unsigned int index)
{
	driver_disable(rig->driver[index]);
}

static void reset_by_subsystem(struct rig *rig, unsigned int index)
{
	(void)index;
	driver_write32(rig->driver[0], NVM_REG_NSSR, NVM_NSSR_NVME);
}

static void reset_by_shutdown(struct rig *rig, unsigned int index)
{
	driver_write32(rig->driver[index], NVM_REG_CC, CC_DEFAULT | NVM_CC_EN | 1 << 14);
	rig_run(rig);
}

typedef void reset_fn(struct rig *rig, unsigned int index);

static reset_fn *const resets[] = { reset_by_flr, reset_by_cc, reset_by_subsystem };

/** suspended_rig() - controller 1 is suspended, its state half read and half sent */
static struct rig *suspended_rig(size_t *size)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);
	struct state state;

	assert_success(migration_suspend(rig, 1));
	state = migration_get_all(rig, 1, WHOLE, 4096);
	*size = state.size;
	buffer_write(buffer, 0, state.data, 512);
	assert_success(migration_set(rig, 1, WHOLE, NVMOVE_HMLM_FIRST, 0, buffer));
	state_free(&state);
	return rig;
}

/** ready_again() - the primary's host brings its controller, and 1, back */
static void ready_again(struct rig *rig)
{
	if (!driver_is_ready(rig->driver[0]))
		driver_enable(rig->driver[0]);
	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	rig_online(rig, 1, 5, 5);
}

TEST_CASE(a_reset_of_the_migratable_controller_ends_its_suspension)
{
	for (size_t i = 0; i < ARRAY_SIZE(resets); i++) {
		size_t size;
		struct rig *rig = suspended_rig(&size);
		struct buffer *buffer = buffer_new(rig->driver[0], 64);
		struct completion completion;

		resets[i](rig, 1);
		assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
		if (resets[i] == reset_by_subsystem)
			ready_again(rig);
		/* A reader sees it on its next piece. */
		completion = migration_get(rig, 1, WHOLE, 48, buffer);
		assert_success(completion);
		assert_int_equal(completion.dw0, 0);
		assert_status(migration_resume(rig, 1), NVMOVE_HMLM_SC_NOT_SUSPENDED);
		/* What was sent is forgotten, and keeps nobody from resuming. */
		assert_success(migration_suspend(rig, 1));
		assert_status(migration_set(rig, 1, WHOLE, NVMOVE_HMLM_LAST, 0, NULL),
			      NVM_SC_COMMAND_SEQUENCE_ERROR);
		assert_success(migration_resume(rig, 1));
		rig_free(rig);
	}
}

TEST_CASE(a_reset_of_the_primary_ends_every_suspension)
{
	static reset_fn *const all[] = { reset_by_flr, reset_by_cc, reset_by_subsystem,
					 reset_by_shutdown };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		size_t size;
		struct rig *rig = suspended_rig(&size);
		struct buffer *buffer;
		struct completion completion;

		all[i](rig, 0);
		assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
		/* Offline, as with every reset of a primary. */
		assert_int_not_equal(driver_read32(rig->driver[1], NVM_REG_CSTS) & NVM_CSTS_CFS, 0);
		if (all[i] == reset_by_shutdown)
			driver_disable(rig->driver[0]);
		driver_enable(rig->driver[0]);
		buffer = buffer_new(rig->driver[0], 64);
		completion = migration_get(rig, 1, WHOLE, 0, buffer);
		assert_success(completion);
		assert_int_equal(completion.dw0, 0);
		ready_again(rig);
		assert_success(migration_suspend(rig, 1));
		assert_status(migration_set(rig, 1, WHOLE, NVMOVE_HMLM_LAST, 0, NULL),
			      NVM_SC_COMMAND_SEQUENCE_ERROR);
		assert_success(migration_resume(rig, 1));
		rig_free(rig);
	}
}

TEST_CASE(a_suspend_that_a_reset_cuts_short_fails)
{
	static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *primary = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	sq_submit(&primary->admin.sq, &(struct command){ .opcode = 0x41, .cdw11 = 1 << 16 | 8 });
	rig_run(rig);
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_status(cq_take(&primary->admin.cq), NVM_SC_COMMAND_SEQUENCE_ERROR);
	cq_assert_empty(&primary->admin.cq);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(saved_values_that_were_committed_outlive_a_reset)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct completion completion;
	struct state state;

	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_COALESCE | 1u << 31, 0, 0x0503));
	assert_success(migration_suspend(source, 1));
	state = migration_get_all(source, 1, WHOLE, 4096);
	destination = migration_destination(source);
	assert_success(migration_set_all(destination, 1, WHOLE, &state, 4096));
	reset_by_flr(destination, 1);
	driver = destination->driver[1];
	driver_enable(driver);
	completion = driver_get_feature(driver, NVM_FEAT_IRQ_COALESCE, 0, 0, 0);
	assert_success(completion);
	assert_int_equal(completion.dw0, 0x0503);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

RUN_TESTS("hmlm_resets",
	  cmocka_unit_test(a_reset_of_the_migratable_controller_ends_its_suspension),
	  cmocka_unit_test(a_reset_of_the_primary_ends_every_suspension),
	  cmocka_unit_test(a_suspend_that_a_reset_cuts_short_fails),
	  cmocka_unit_test(saved_values_that_were_committed_outlive_a_reset));
