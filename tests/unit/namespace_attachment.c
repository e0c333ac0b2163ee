// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespace Attachment (Base 5.22): controller lists, private namespaces, and what the controllers
 * concerned tell their hosts. A command is done as a whole or not at all.
 */
#include "harness.h"

#define ATTACH		NVM_NS_ATTACH_ATTACH
#define DETACH		NVM_NS_ATTACH_DETACH
#define NS_CHANGED	(2u | 4u << 16)

/* Controllers 7 (the primary) to 10 (the last secondary). */
#define LIST(...)	((const uint16_t[]){ __VA_ARGS__, 0 })

static bool is_active(struct driver *driver, uint32_t nsid)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_ACTIVE_NS, nsid - 1, 0, data));
	return get32(data, 0) == nsid;
}

static struct completion attach_raw(struct driver *driver, const void *list)
{
	return driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_NS_ATTACH, .nsid = 4, .cdw10 = ATTACH }, list, PAGE);
}

TEST_CASE(a_list_of_controllers_is_attached_and_detached)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_attach_ns(driver, ATTACH, 4, LIST(10, 7, 9)));	/* in any order */
	assert_success(driver_identify(driver, NVM_CNS_NS_CTRL_LIST, 4, 0, data));
	assert_int_equal(get16(data, 0), 3);
	assert_int_equal(get16(data, 2), 7);
	assert_int_equal(get16(data, 4), 9);
	assert_int_equal(get16(data, 6), 10);
	assert_true(is_active(driver, 4));
	assert_false(is_active(rig->driver[1], 4));
	assert_true(is_active(rig->driver[2], 4));
	assert_success(driver_attach_ns(driver, DETACH, 4, LIST(7, 10)));
	assert_false(is_active(driver, 4));
	assert_true(is_active(rig->driver[2], 4));
	assert_false(is_active(rig->driver[3], 4));
	rig_free(rig);
}

TEST_CASE(hosts_of_the_controllers_concerned_are_told)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[4096];

	for (unsigned int i = 0; i < 3; i++) {
		assert_success(driver_set_feature(rig->driver[i], NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
		driver_submit_aer(rig->driver[i]);
	}
	rig_run(rig);
	nvmove_namespace_attach(rig->function[1].ctrl, 4);
	assert_int_equal(cq_take(&rig->driver[1]->admin.cq).dw0, NS_CHANGED);
	assert_success(driver_get_log(rig->driver[1], NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	driver_submit_aer(rig->driver[1]);
	rig_run(rig);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 1), 0);
	assert_int_equal(cq_take(&rig->driver[0]->admin.cq).dw0, NS_CHANGED);
	assert_success(driver_attach_ns(rig->driver[0], DETACH, 4, LIST(8)));
	assert_int_equal(cq_take(&rig->driver[1]->admin.cq).dw0, NS_CHANGED);
	assert_success(driver_get_log(rig->driver[1], NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 4);
	assert_int_equal(get32(data, 4), 0);
	cq_assert_empty(&rig->driver[2]->admin.cq);
	rig_free(rig);
}

TEST_CASE(an_error_leaves_every_controller_as_it_was)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	struct driver *driver = rig->driver[0];

	/* Namespace 3 is attached to 7, 8 and 9. */
	assert_status(driver_attach_ns(driver, ATTACH, 3, LIST(10, 9)), NVM_SC_NS_ALREADY_ATTACHED);
	assert_false(is_active(rig->driver[3], 3));
	assert_status(driver_attach_ns(driver, DETACH, 3, LIST(7, 10)), NVM_SC_NS_NOT_ATTACHED);
	assert_true(is_active(driver, 3));
	assert_status(driver_attach_ns(driver, ATTACH, 3, LIST(10, 99)), NVM_SC_CTRL_LIST_INVALID);
	assert_status(driver_attach_ns(driver, ATTACH, 3, LIST(10, 10)), NVM_SC_CTRL_LIST_INVALID);
	assert_false(is_active(rig->driver[3], 3));
	rig_free(rig);
}

TEST_CASE(lists_that_cannot_be_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t list[PAGE] = { 0 };

	assert_status(attach_raw(driver, list), NVM_SC_CTRL_LIST_INVALID);	/* none */
	put16(list, 0, 0xffff);
	for (unsigned int i = 0; i < 2047; i++)
		put16(list, 2 + 2 * i, 7 + i % 4);
	assert_status(attach_raw(driver, list), NVM_SC_CTRL_LIST_INVALID);
	put16(list, 0, 2047);
	assert_status(attach_raw(driver, list), NVM_SC_CTRL_LIST_INVALID);
	put16(list, 0, 129);
	assert_status(attach_raw(driver, list), NVM_SC_CTRL_LIST_INVALID);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_NS_ATTACH, .nsid = 4, .prp1 = 0xdead000),
		      NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	put16(list, 0, 4);
	assert_success(attach_raw(driver, list));
	rig_free(rig);
}

TEST_CASE(the_namespace_must_exist)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	for (unsigned int select = ATTACH; select <= DETACH; select++) {
		assert_status(driver_attach_ns(driver, select, 5, LIST(7)), NVM_SC_INVALID_FIELD);
		assert_status(driver_attach_ns(driver, select, 0, LIST(7)), NVM_SC_INVALID_NS);
		assert_status(driver_attach_ns(driver, select, MAX_NSID + 1, LIST(7)),
			      NVM_SC_INVALID_NS);
		assert_status(driver_attach_ns(driver, select, NVM_NSID_ALL, LIST(7)),
			      NVM_SC_INVALID_NS);
	}
	for (unsigned int select = 2; select < 16; select++)
		assert_status(driver_attach_ns(driver, select, 4, LIST(7)), NVM_SC_INVALID_FIELD);
	assert_false(is_active(driver, 4));
	rig_free(rig);
}

TEST_CASE(a_private_namespace_has_one_controller_at_a_time)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .is_private = { [4] = true } });
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_status(driver_attach_ns(driver, ATTACH, 4, LIST(8, 9)), NVM_SC_NS_IS_PRIVATE);
	assert_success(driver_attach_ns(driver, ATTACH, 4, LIST(7)));
	assert_status(driver_attach_ns(driver, ATTACH, 4, LIST(8)), NVM_SC_NS_IS_PRIVATE);
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 4), -EBUSY);
	assert_success(driver_identify(driver, NVM_CNS_NS, 4, 0, data));
	assert_int_equal(data[30], 0);
	assert_success(driver_identify(driver, NVM_CNS_INDEP_NS, 4, 0, data));
	assert_int_equal(data[1], 0);
	assert_success(driver_attach_ns(driver, DETACH, 4, LIST(7)));
	assert_success(driver_attach_ns(driver, ATTACH, 4, LIST(8)));
	rig_free(rig);
}

TEST_CASE(a_controller_that_is_offline_keeps_its_attachments)
{
	struct rig *rig = rig_new_enabled(NULL);

	assert_success(driver_attach_ns(rig->driver[0], ATTACH, 4, LIST(9)));
	nvmove_subsystem_set_vfs(rig->subsystem, rig->options.num_secondary);
	rig_online(rig, 2, 5, 5);
	driver_enable(rig->driver[2]);
	assert_true(is_active(rig->driver[2], 4));
	rig_free(rig);
}

TEST_CASE(a_private_namespace_is_private_on_both_sides_of_a_move)
{
	struct rig_options options = { .is_private = { [2] = true } };
	struct rig *from = rig_new_secondaries(&options, 1);
	struct nvmove_load_error error;
	struct rig *shared, *to;
	uint8_t *state;
	size_t size;

	rig_suspend(from, 1);
	state = rig_save(from, 1, &size);
	from->options.is_private[2] = false;
	shared = rig_new_destination(from, 1);
	assert_int_equal(nvmove_ctrl_load(shared->function[1].ctrl, state, size, &error), -ENOTSUP);
	assert_int_equal(error.section, NVMOVE_CSTATE_NAMESPACES);
	assert_string_equal(error.text,
			    "private (1) and read-only (2) of nsid 2: 0 here, 1 in the stream");
	rig_free(shared);
	from->options.is_private[2] = true;
	to = rig_new_destination(from, 1);
	rig_load(to, 1, state, size);
	rig_free(to);
	free(state);
	rig_free(from);
}

RUN_TESTS("namespace_attachment",
	  cmocka_unit_test(a_list_of_controllers_is_attached_and_detached),
	  cmocka_unit_test(hosts_of_the_controllers_concerned_are_told),
	  cmocka_unit_test(an_error_leaves_every_controller_as_it_was),
	  cmocka_unit_test(lists_that_cannot_be_are_refused),
	  cmocka_unit_test(the_namespace_must_exist),
	  cmocka_unit_test(a_private_namespace_has_one_controller_at_a_time),
	  cmocka_unit_test(a_controller_that_is_offline_keeps_its_attachments),
	  cmocka_unit_test(a_private_namespace_is_private_on_both_sides_of_a_move));
