// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespace Write Protection (Base 8.12): feature 84h, what it refuses, what it lets through, how
 * long it lasts, and how it moves with a controller.
 */
#include "harness.h"
#include "state_editor.h"

#define NONE		0
#define PROTECTED	1

static struct completion protect(struct driver *driver, uint32_t nsid, uint32_t state)
{
	return driver_set_feature(driver, NVM_FEAT_WRITE_PROTECT, nsid, state);
}

static uint32_t protection(struct driver *driver, uint32_t nsid)
{
	struct completion completion = driver_get_feature(driver, NVM_FEAT_WRITE_PROTECT,
							  NVM_FEAT_SEL_CURRENT, nsid, 0);

	assert_success(completion);
	return completion.dw0;
}

static unsigned int nsattr(struct driver *driver, uint32_t nsid)
{
	uint8_t data[NVM_IDENTIFY_SIZE], indep[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_NS, nsid, 0, data));
	assert_success(driver_identify(driver, NVM_CNS_INDEP_NS, nsid, 0, indep));
	assert_int_equal(data[99], indep[8]);
	return data[99];
}

TEST_CASE(writes_are_refused_and_reads_are_not)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct nvm_dsm_range range = { .nlb = htole32(1) };
	struct command dsm = { .opcode = NVM_IO_DSM, .nsid = 1, .cdw11 = NVM_DSM_AD };
	struct buffer *buffer = buffer_new(driver, 512);
	struct queue_pair queue;
	unsigned int writes;

	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer_pattern(buffer, 3);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer));
	assert_success(protect(driver, 1, PROTECTED));
	writes = scripted_submitted(rig->medium[1]);
	assert_status(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer), NVM_SC_NS_WRITE_PROTECTED);
	assert_status(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, 0, 1, NULL),
		      NVM_SC_NS_WRITE_PROTECTED);
	dsm.prp1 = driver->scratch;
	guest_write(driver->memory, driver->scratch, &range, sizeof(range));
	assert_status(queue_command(&queue, &dsm), NVM_SC_NS_WRITE_PROTECTED);
	assert_int_equal(scripted_submitted(rig->medium[1]), writes);
	dsm.cdw11 = 0;		/* a hint changes nothing */
	assert_success(queue_command(&queue, &dsm));
	assert_success(queue_rw(&queue, NVM_IO_COMPARE, 1, 0, 1, buffer));
	assert_success(queue_rw(&queue, NVM_IO_VERIFY, 1, 0, 1, NULL));
	buffer_fill(buffer, 0);
	assert_success(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer));
	assert_buffer_pattern(buffer, 3);
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 1));
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 1, buffer));	/* another one */
	assert_success(protect(driver, 1, NONE));
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer));
	rig_free(rig);
}

TEST_CASE(the_state_is_reported)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	uint8_t smart[512];

	assert_int_equal(protection(driver, 1), NONE);
	assert_int_equal(nsattr(driver, 1), 0);
	assert_success(protect(driver, 1, PROTECTED));
	assert_int_equal(protection(driver, 1), PROTECTED);
	assert_int_equal(nsattr(driver, 1), 1);
	assert_int_equal(protection(driver, 3), NONE);
	assert_int_equal(nsattr(driver, 3), 0);
	/* Base 5.16.1.3: no critical warning, the host wanted it. */
	assert_success(driver_get_log(driver, NVM_LOG_SMART, 0, smart, sizeof(smart)));
	assert_int_equal(smart[0], 0);
	completion = driver_get_feature(driver, NVM_FEAT_WRITE_PROTECT, NVM_FEAT_SEL_DEFAULT, 1, 0);
	assert_success(completion);
	assert_int_equal(completion.dw0, NONE);
	completion = driver_get_feature(driver, NVM_FEAT_WRITE_PROTECT, NVM_FEAT_SEL_SUPPORTED, 1,
					0);
	assert_success(completion);
	assert_int_equal(completion.dw0, NVM_FEAT_CAP_CHANGEABLE | NVM_FEAT_CAP_PER_NS);
	rig_free(rig);
}

TEST_CASE(what_was_written_is_durable_before_the_command_completes)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer_fill(buffer, 0x42);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 1, buffer));
	rig->medium[1]->hold = true;
	sq_submit(&driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .nsid = 1, .cdw10 = NVM_FEAT_WRITE_PROTECT,
		.cdw11 = PROTECTED,
	});
	cq_assert_empty(&driver->admin.cq);
	assert_int_equal(rig->medium[1]->durable[0], 0);
	assert_status(queue_rw(&queue, NVM_IO_WRITE, 1, 1, 1, buffer), NVM_SC_NS_WRITE_PROTECTED);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&driver->admin.cq));
	assert_int_equal(rig->medium[1]->durable[0], 0x42);
	rig_free(rig);
}

TEST_CASE(a_flush_that_fails_leaves_the_namespace_writable)
{
	struct rig *rig = rig_new_enabled(NULL);

	rig->medium[1]->fail[NVMOVE_MEDIA_FLUSH] = EIO;
	assert_status(protect(rig->driver[0], 1, PROTECTED), NVM_SC_WRITE_FAULT);
	assert_int_equal(protection(rig->driver[0], 1), NONE);
	rig_free(rig);
}

TEST_CASE(it_holds_for_every_controller_and_each_host_is_told)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer = buffer_new(rig->driver[2], 512);
	struct queue_pair queue;
	uint8_t data[4096];

	driver_create_queue(rig->driver[2], &queue, 1, 16, 1);
	assert_success(driver_set_feature(rig->driver[2], NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	driver_submit_aer(rig->driver[2]);
	rig_run(rig);
	assert_success(protect(rig->driver[1], 3, PROTECTED));
	assert_int_equal(cq_take(&rig->driver[2]->admin.cq).dw0, 2u | 4u << 16);
	assert_success(driver_get_log(rig->driver[2], NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 3);
	assert_status(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 1, buffer), NVM_SC_NS_WRITE_PROTECTED);
	assert_int_equal(protection(rig->driver[0], 3), PROTECTED);
	rig_free(rig);
}

TEST_CASE(it_survives_resets)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(protect(driver, 1, PROTECTED));
	driver_disable(driver);
	driver_enable(driver);
	assert_int_equal(protection(driver, 1), PROTECTED);
	nvmove_ctrl_reset(rig->function[0].ctrl, NVMOVE_RESET_CONVENTIONAL);
	driver_enable(driver);
	assert_int_equal(protection(driver, 1), PROTECTED);
	rig_free(rig);
}

TEST_CASE(a_reset_during_the_flush_leaves_it_protected)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	rig->medium[1]->hold = true;
	sq_submit(&driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .nsid = 1, .cdw10 = NVM_FEAT_WRITE_PROTECT,
		.cdw11 = PROTECTED,
	});
	rig_run(rig);
	nvmove_ctrl_reset(rig->function[0].ctrl, NVMOVE_RESET_FLR);
	rig->medium[1]->hold = false;
	driver_enable(driver);
	assert_int_equal(protection(driver, 1), PROTECTED);
	rig_free(rig);
}

TEST_CASE(other_states_and_namespaces_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	for (uint32_t state = 2; state < 8; state++)
		assert_status(protect(driver, 1, state), NVM_SC_INVALID_FIELD);
	assert_status(protect(driver, 2, PROTECTED), NVM_SC_INVALID_FIELD);	/* not attached */
	assert_status(protect(driver, 0, PROTECTED), NVM_SC_INVALID_NS);
	assert_status(protect(driver, MAX_NSID + 1, PROTECTED), NVM_SC_INVALID_NS);
	assert_status(protect(driver, NVM_NSID_ALL, PROTECTED), NVM_SC_INVALID_NS);
	assert_status(driver_get_feature(driver, NVM_FEAT_WRITE_PROTECT, NVM_FEAT_SEL_CURRENT,
					 NVM_NSID_ALL, 0), NVM_SC_INVALID_NS);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_SET_FEATURES, .nsid = 1,
			    .cdw10 = 1u << 31 | NVM_FEAT_WRITE_PROTECT, .cdw11 = PROTECTED),
		      NVM_SC_FEATURE_NOT_SAVEABLE);
	assert_int_equal(protection(driver, 1), NONE);
	rig_free(rig);
}

TEST_CASE(a_protected_namespace_is_not_deleted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(protect(driver, 1, PROTECTED));
	assert_status(driver_delete_ns(driver, 1), NVM_SC_NS_WRITE_PROTECTED);
	assert_status(driver_delete_ns(driver, NVM_NSID_ALL), NVM_SC_NS_WRITE_PROTECTED);
	assert_int_equal(protection(driver, 1), PROTECTED);
	assert_success(driver_attach_ns(driver, NVM_NS_ATTACH_DETACH, 1, (uint16_t[]){ 7, 0 }));
	assert_status(driver_delete_ns(driver, 1), NVM_SC_NS_WRITE_PROTECTED);
	assert_success(driver_delete_ns(driver, 4));
	rig_free(rig);
}

TEST_CASE(a_read_only_medium_is_reported_too)
{
	struct rig *rig = rig_new_enabled(NULL);

	rig->medium[1]->base.read_only = true;
	assert_int_equal(nsattr(rig->driver[0], 1), 1);
	assert_int_equal(protection(rig->driver[0], 1), NONE);
	rig_free(rig);
}

TEST_CASE(it_moves_with_the_only_controller)
{
	struct rig *from = rig_new_secondaries(NULL, 1);
	struct rig *to;

	assert_success(protect(from->driver[1], 2, PROTECTED));
	to = rig_new_destination(from, 1);
	rig_migrate(from, to, 1);
	assert_int_equal(protection(to->driver[1], 2), PROTECTED);
	assert_int_equal(nsattr(to->driver[1], 2), 1);
	assert_success(protect(to->driver[1], 2, NONE));
	rig_suspend(from, 1);
	rig_migrate(to, from, 1);
	assert_int_equal(protection(from->driver[1], 2), NONE);
	rig_free(to);
	rig_free(from);
}

TEST_CASE(of_a_shared_namespace_it_must_be_the_same)
{
	struct rig *from = rig_new_secondaries(NULL, 1);
	struct rig *to = rig_new_destination(from, 1);
	struct nvmove_load_error error;
	uint8_t *state;
	size_t size;

	assert_success(protect(from->driver[1], 3, PROTECTED));
	rig_suspend(from, 1);
	state = rig_save(from, 1, &size);
	assert_int_equal(nvmove_ctrl_load(to->function[1].ctrl, state, size, &error), -ENOTSUP);
	assert_int_equal(error.section, NVMOVE_CSTATE_FEATURES);
	assert_string_equal(error.text,
			    "write protection of nsid 3, which is shared: 0 here, 1 in the stream");
	assert_int_equal(protection(to->driver[0], 3), NONE);
	assert_success(protect(to->driver[0], 3, PROTECTED));
	rig_load(to, 1, state, size);
	free(state);
	rig_free(to);
	rig_free(from);
}

TEST_CASE(entries_that_make_no_sense_are_refused)
{
	struct rig *from = rig_new_secondaries(NULL, 1);
	struct rig *to = rig_new_destination(from, 1);
	struct nvmove_load_error error;
	struct state good;

	assert_success(protect(from->driver[1], 2, PROTECTED));
	rig_suspend(from, 1);
	good = state_of(from, 1);
	for (unsigned int i = 0; i < 5; i++) {
		struct state bad = state_copy(&good);
		struct nvmove_cstate_feature *entry;
		uint8_t *payload;
		size_t len;

		payload = state_payload(&bad, NVMOVE_CSTATE_FEATURES, &len);
		entry = (struct nvmove_cstate_feature *)(payload + len - sizeof(*entry));
		assert_int_equal(entry->fid, NVM_FEAT_WRITE_PROTECT);
		if (i == 0)
			entry->value = htole32(2);
		else if (i == 1)
			entry->value = 0;
		else if (i == 2)
			entry->nsid = htole32(4);	/* not attached */
		else if (i == 3)
			entry->selector = htole16(1);
		else
			entry->nsid = htole32(MAX_NSID + 1);
		state_seal(&bad);
		assert_int_equal(nvmove_ctrl_load(to->function[1].ctrl, bad.data, bad.size, &error),
				 -ENOTSUP);
		assert_non_null(strstr(error.text, "feature 84h"));
		state_free(&bad);
	}
	rig_load(to, 1, good.data, good.size);
	state_free(&good);
	rig_free(to);
	rig_free(from);
}

RUN_TESTS("namespace_write_protect",
	  cmocka_unit_test(writes_are_refused_and_reads_are_not),
	  cmocka_unit_test(the_state_is_reported),
	  cmocka_unit_test(what_was_written_is_durable_before_the_command_completes),
	  cmocka_unit_test(a_flush_that_fails_leaves_the_namespace_writable),
	  cmocka_unit_test(it_holds_for_every_controller_and_each_host_is_told),
	  cmocka_unit_test(it_survives_resets),
	  cmocka_unit_test(a_reset_during_the_flush_leaves_it_protected),
	  cmocka_unit_test(other_states_and_namespaces_are_refused),
	  cmocka_unit_test(a_protected_namespace_is_not_deleted),
	  cmocka_unit_test(a_read_only_medium_is_reported_too),
	  cmocka_unit_test(it_moves_with_the_only_controller),
	  cmocka_unit_test(of_a_shared_namespace_it_must_be_the_same),
	  cmocka_unit_test(entries_that_make_no_sense_are_refused));
