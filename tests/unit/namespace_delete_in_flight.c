// SPDX-License-Identifier: BSD-2-Clause
/*
 * A namespace is deleted while commands of several controllers are in its medium: they end as they
 * would have, and only then is the medium given back and the deletion complete.
 */
#include "harness.h"

#define NSID	5	/* the first that is created */

/**
 * struct scene - a created namespace that the primary and secondary 1 have attached
 * @queue: I/O queue of each
 * @buffer: of each
 */
struct scene {
	struct scripted_pool pool;
	struct rig *rig;
	struct queue_pair queue[2];
	struct buffer *buffer[2];
};

static void setup(struct scene *s)
{
	static const uint16_t both[] = { 7, 8, 0 };

	scripted_pool_init(&s->pool, 1 << 20);
	s->rig = rig_new_secondaries(&(struct rig_options){ .pool = &s->pool.pool }, 1);
	assert_int_equal(driver_create_ns(s->rig->driver[0], 64, 0).dw0, NSID);
	assert_success(driver_attach_ns(s->rig->driver[0], NVM_NS_ATTACH_ATTACH, NSID, both));
	for (unsigned int i = 0; i < 2; i++) {
		driver_create_queue(s->rig->driver[i], &s->queue[i], 1, 16, 1);
		s->buffer[i] = buffer_new(s->rig->driver[i], 4096);
	}
	s->pool.medium[NSID]->hold = true;
}

static void teardown(struct scene *s)
{
	rig_free(s->rig);
	scripted_pool_free(&s->pool);
}

static void submit(struct scene *s, unsigned int index, unsigned int opcode)
{
	struct command command = rw_command(opcode, NSID, 0, 8, s->buffer[index]);

	sq_submit(&s->queue[index].sq, &command);
	rig_run(s->rig);
}

static void submit_delete(struct scene *s, uint32_t nsid)
{
	sq_submit(&s->rig->driver[0]->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_NS_MGMT, .nsid = nsid, .cdw10 = NVM_NS_MGMT_DELETE,
	});
	rig_run(s->rig);
}

TEST_CASE(the_deletion_waits_for_the_commands_of_every_controller)
{
	struct scene s;

	setup(&s);
	submit(&s, 0, NVM_IO_READ);
	submit(&s, 1, NVM_IO_WRITE);
	submit_delete(&s, NSID);
	cq_assert_empty(&s.rig->driver[0]->admin.cq);
	assert_int_equal(s.pool.destroyed, 0);
	scripted_complete(s.pool.medium[NSID], 1, 0);
	assert_success(cq_take(&s.queue[1].cq));
	cq_assert_empty(&s.rig->driver[0]->admin.cq);
	scripted_complete(s.pool.medium[NSID], 0, 0);
	assert_success(cq_take(&s.queue[0].cq));
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	assert_int_equal(s.pool.destroyed, 1);
	teardown(&s);
}

TEST_CASE(it_is_gone_for_new_commands_at_once)
{
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct scene s;

	setup(&s);
	submit(&s, 1, NVM_IO_READ);
	submit_delete(&s, NSID);
	assert_status(queue_rw(&s.queue[0], NVM_IO_READ, NSID, 0, 8, s.buffer[0]),
		      NVM_SC_INVALID_FIELD);
	assert_status(queue_rw(&s.queue[1], NVM_IO_WRITE, NSID, 8, 8, s.buffer[1]),
		      NVM_SC_INVALID_FIELD);
	assert_success(driver_identify(s.rig->driver[0], NVM_CNS_ALLOCATED_NS, NSID - 1, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	/* Its id and its capacity are not free before its medium is. */
	assert_int_equal(driver_create_ns(s.rig->driver[0], 64, 0).dw0, NSID + 1);
	assert_status(driver_create_ns(s.rig->driver[0], (1 << 20) / 512 - 127, 0),
		      NVM_SC_NS_INSUFFICIENT_CAPACITY);
	scripted_complete(s.pool.medium[NSID], 0, 0);
	assert_success(cq_take(&s.queue[1].cq));
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	assert_int_equal(driver_create_ns(s.rig->driver[0], 64, 0).dw0, NSID);
	teardown(&s);
}

TEST_CASE(an_error_of_the_medium_is_still_reported)
{
	struct scene s;

	setup(&s);
	submit(&s, 1, NVM_IO_READ);
	submit_delete(&s, NSID);
	scripted_complete(s.pool.medium[NSID], 0, EIO);
	assert_status(cq_take(&s.queue[1].cq), NVM_SC_UNRECOVERED_READ);
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	teardown(&s);
}

TEST_CASE(a_command_of_several_steps_ends_too)
{
	struct nvm_dsm_range range[4];
	struct command dsm = { .opcode = NVM_IO_DSM, .nsid = NSID, .cdw10 = ARRAY_SIZE(range) - 1,
			       .cdw11 = NVM_DSM_AD };
	struct scene s;

	setup(&s);
	for (unsigned int i = 0; i < ARRAY_SIZE(range); i++)
		range[i] = (struct nvm_dsm_range){ .nlb = htole32(1), .slba = htole64(i) };
	buffer_write(s.buffer[1], 0, range, sizeof(range));
	dsm.prp1 = s.buffer[1]->prp1;
	sq_submit(&s.queue[1].sq, &dsm);
	submit(&s, 0, NVM_IO_VERIFY);
	submit_delete(&s, NSID);
	for (unsigned int i = 0; i < 5; i++) {
		cq_assert_empty(&s.rig->driver[0]->admin.cq);
		assert_int_equal(s.pool.destroyed, 0);
		scripted_complete(s.pool.medium[NSID], 0, 0);
		rig_run(s.rig);
	}
	assert_success(cq_take(&s.queue[0].cq));
	assert_success(cq_take(&s.queue[1].cq));
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	teardown(&s);
}

TEST_CASE(a_flush_of_all_namespaces_survives_the_deletion_of_one)
{
	struct scene s;

	setup(&s);
	sq_submit(&s.queue[0].sq, &(struct command){ .opcode = NVM_IO_FLUSH,
							.nsid = NVM_NSID_ALL });
	rig_run(s.rig);
	assert_int_equal(scripted_held(s.pool.medium[NSID]), 1);
	submit_delete(&s, NSID);
	scripted_complete(s.pool.medium[NSID], 0, 0);
	assert_success(cq_take(&s.queue[0].cq));
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	teardown(&s);
}

TEST_CASE(deleting_all_waits_for_the_slowest)
{
	struct command read;
	struct scene s;

	setup(&s);
	s.rig->medium[3]->hold = true;
	read = rw_command(NVM_IO_READ, 3, 0, 1, s.buffer[0]);
	sq_submit(&s.queue[0].sq, &read);
	submit(&s, 1, NVM_IO_READ);
	submit_delete(&s, NVM_NSID_ALL);
	scripted_complete(s.pool.medium[NSID], 0, 0);
	assert_success(cq_take(&s.queue[1].cq));
	assert_int_equal(s.pool.destroyed, 1);
	cq_assert_empty(&s.rig->driver[0]->admin.cq);
	scripted_complete(s.rig->medium[3], 0, 0);
	assert_success(cq_take(&s.queue[0].cq));
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	teardown(&s);
}

static void check_after_reset(struct scene *s)
{
	rig_run(s->rig);
	assert_int_equal(s->pool.destroyed, 1);
	assert_int_equal(driver_read32(s->rig->driver[0], NVM_REG_CSTS) & NVM_CSTS_RDY, 0);
	driver_enable(s->rig->driver[0]);
	assert_int_equal(driver_create_ns(s->rig->driver[0], 64, 0).dw0, NSID);
}

TEST_CASE(a_reset_of_the_primary_ends_the_deletion)
{
	for (unsigned int kind = 0; kind < 3; kind++) {
		struct scene s;

		setup(&s);
		submit(&s, 0, NVM_IO_READ);
		submit(&s, 1, NVM_IO_WRITE);
		submit_delete(&s, NSID);
		if (kind == 0)
			nvmove_ctrl_reset(s.rig->function[0].ctrl, NVMOVE_RESET_FLR);
		else if (kind == 1)
			driver_write32(s.rig->driver[0], NVM_REG_NSSR, NVM_NSSR_NVME);
		else	/* takes the secondaries offline, which waits for their commands */
			driver_write32(s.rig->driver[0], NVM_REG_CC, CC_DEFAULT);
		check_after_reset(&s);
		teardown(&s);
	}
}

TEST_CASE(a_disabled_primary_waits_for_its_commands)
{
	struct scene s;

	setup(&s);
	submit(&s, 0, NVM_IO_READ);
	submit_delete(&s, NSID);
	driver_write32(s.rig->driver[0], NVM_REG_CC, CC_DEFAULT);
	rig_run(s.rig);
	assert_true(driver_is_ready(s.rig->driver[0]));
	assert_int_equal(s.pool.destroyed, 0);
	scripted_complete(s.pool.medium[NSID], 0, 0);
	check_after_reset(&s);
	teardown(&s);
}

TEST_CASE(a_reset_of_another_controller_lets_go)
{
	struct scene s;

	setup(&s);
	submit(&s, 1, NVM_IO_WRITE);
	submit_delete(&s, NSID);
	nvmove_ctrl_reset(s.rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	assert_int_equal(s.pool.destroyed, 1);
	teardown(&s);
}

TEST_CASE(a_subsystem_can_be_freed_in_the_middle)
{
	struct scene s;

	setup(&s);
	submit(&s, 0, NVM_IO_READ);
	submit(&s, 1, NVM_IO_READ);
	submit_delete(&s, NSID);
	teardown(&s);
	assert_int_equal(s.pool.destroyed, 1);
}

TEST_CASE(a_suspend_waits_for_the_commands_and_not_for_the_deletion)
{
	struct scene s;
	int result;

	setup(&s);
	submit(&s, 0, NVM_IO_READ);
	submit(&s, 1, NVM_IO_READ);
	submit_delete(&s, NSID);
	rig_suspend_begin(s.rig, 1, &result);
	rig_run(s.rig);
	assert_int_equal(result, 1);
	scripted_complete(s.pool.medium[NSID], 1, 0);
	rig_run(s.rig);
	assert_int_equal(result, 0);
	scripted_complete(s.pool.medium[NSID], 0, 0);
	assert_success(cq_take(&s.rig->driver[0]->admin.cq));
	teardown(&s);
}

RUN_TESTS("namespace_delete_in_flight",
	  cmocka_unit_test(the_deletion_waits_for_the_commands_of_every_controller),
	  cmocka_unit_test(it_is_gone_for_new_commands_at_once),
	  cmocka_unit_test(an_error_of_the_medium_is_still_reported),
	  cmocka_unit_test(a_command_of_several_steps_ends_too),
	  cmocka_unit_test(a_flush_of_all_namespaces_survives_the_deletion_of_one),
	  cmocka_unit_test(deleting_all_waits_for_the_slowest),
	  cmocka_unit_test(a_reset_of_the_primary_ends_the_deletion),
	  cmocka_unit_test(a_disabled_primary_waits_for_its_commands),
	  cmocka_unit_test(a_reset_of_another_controller_lets_go),
	  cmocka_unit_test(a_subsystem_can_be_freed_in_the_middle),
	  cmocka_unit_test(a_suspend_waits_for_the_commands_and_not_for_the_deletion));
