// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespaces that several controllers use, and namespaces that come and go under an enabled
 * controller (Base 2.3, 5.16.1.5).
 */
#include "harness.h"

#define NS_CHANGED	(2u | 4u << 16)
#define AEC_NS_CHANGED	(1u << 8)

TEST_CASE(controllers_see_each_others_writes)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct queue_pair queue[3];

	for (unsigned int i = 0; i < 3; i++)
		driver_create_queue(rig->driver[i], &queue[i], 1, 16, 1);
	for (unsigned int i = 0; i < 9; i++) {
		unsigned int writer = i % 3, reader = (i / 3 + 1) % 3;
		struct buffer *out = buffer_new(rig->driver[writer], 8 * 512);
		struct buffer *in = buffer_new(rig->driver[reader], 8 * 512);

		buffer_pattern(out, i);
		assert_success(queue_rw(&queue[writer], NVM_IO_WRITE, 3, i * 8, 8, out));
		assert_success(queue_rw(&queue[reader], NVM_IO_READ, 3, i * 8, 8, in));
		assert_buffer_pattern(in, i);
	}
	rig_free(rig);
}

TEST_CASE(a_private_namespace_is_private)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer = buffer_new(rig->driver[2], 4096);
	struct queue_pair queue;

	driver_create_queue(rig->driver[2], &queue, 1, 16, 1);
	assert_status(queue_rw(&queue, NVM_IO_READ, 2, 0, 1, buffer), NVM_SC_INVALID_FIELD);
	assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(the_reset_of_one_controller_leaves_io_of_another_alone)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer[2];
	struct queue_pair queue[2];

	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 2; i++) {
		struct command read;

		driver_create_queue(rig->driver[i + 1], &queue[i], 1, 16, 1);
		buffer[i] = buffer_new(rig->driver[i + 1], 512);
		read = rw_command(NVM_IO_READ, 3, 0, 1, buffer[i]);
		sq_submit(&queue[i].sq, &read);
	}
	rig_run(rig);
	driver_write32(rig->driver[1], NVM_REG_CC, CC_DEFAULT);
	rig_run(rig);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(driver_read32(rig->driver[1], NVM_REG_CSTS), 0);
	cq_assert_empty(&queue[0].cq);
	assert_success(cq_take(&queue[1].cq));
	rig_free(rig);
}

TEST_CASE(an_attached_namespace_is_announced_and_usable)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct completion completion;
	struct queue_pair queue;
	uint8_t data[4096];
	uint16_t aer;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, AEC_NS_CHANGED));
	aer = driver_submit_aer(driver);
	rig_run(rig);
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 4), 0);
	completion = cq_take(&driver->admin.cq);
	assert_int_equal(completion.cid, aer);
	assert_int_equal(completion.dw0, NS_CHANGED);
	assert_success(driver_get_log(driver, NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 4);
	assert_int_equal(get32(data, 4), 0);
	assert_success(driver_identify(driver, NVM_CNS_ACTIVE_NS, 0, 0, data));
	assert_int_equal(get32(data, 8), 4);
	assert_success(queue_rw(&queue, NVM_IO_READ, 4, 0, 1, buffer));
	rig_free(rig);
}

TEST_CASE(a_detached_namespace_is_announced_and_gone)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct queue_pair queue;
	uint8_t data[4096];

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, AEC_NS_CHANGED));
	driver_submit_aer(driver);
	rig_run(rig);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 1), 0);
	assert_int_equal(cq_take(&driver->admin.cq).dw0, NS_CHANGED);
	assert_success(driver_get_log(driver, NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 1);
	assert_success(driver_identify(driver, NVM_CNS_NS, 1, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer), NVM_SC_INVALID_FIELD);
	assert_success(queue_rw(&queue, NVM_IO_READ, 3, 0, 1, buffer));
	rig_free(rig);
}

TEST_CASE(commands_under_way_survive_a_detach)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command write = rw_command(NVM_IO_WRITE, 1, 6, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer_fill(buffer, 0x42);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &write);
	rig_run(rig);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 1), 0);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&queue.cq));
	assert_int_equal(rig->medium[1]->data[6 * 512], 0x42);
	rig_free(rig);
}

TEST_CASE(attach_and_detach_refuse_what_makes_no_sense)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_ctrl *ctrl = rig->function[0].ctrl;

	assert_int_equal(nvmove_namespace_attach(ctrl, 1), -EALREADY);
	assert_int_equal(nvmove_namespace_attach(ctrl, 5), -ENOENT);
	assert_int_equal(nvmove_namespace_attach(ctrl, 0), -ENOENT);
	assert_int_equal(nvmove_namespace_attach(ctrl, MAX_NSID + 1), -ENOENT);
	assert_int_equal(nvmove_namespace_attach(ctrl, NVM_NSID_ALL), -ENOENT);
	assert_int_equal(nvmove_namespace_detach(ctrl, 2), -ENOENT);
	assert_int_equal(nvmove_namespace_detach(ctrl, 0), -ENOENT);
	assert_int_equal(nvmove_namespace_detach(ctrl, NVM_NSID_ALL), -ENOENT);
	rig_free(rig);
}

static void refused(struct rig *rig, struct nvmove_namespace_config config, int expected)
{
	char *error = NULL;

	assert_int_equal(nvmove_namespace_add(rig->subsystem, &config, &error), expected);
	assert_non_null(error);
	assert_int_not_equal(strlen(error), 0);
	free(error);
	assert_int_equal(nvmove_namespace_add(rig->subsystem, &config, NULL), expected);
}

TEST_CASE(bad_namespaces_are_refused)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_namespace_config good = {
		.nsid = 5, .lba_shift = 9, .medium = &rig->medium[4]->base,
	};
	struct nvmove_namespace_config config = good;

	config.nsid = 1;
	refused(rig, config, -EEXIST);
	config = good;
	config.nsid = 0;
	refused(rig, config, -EINVAL);
	config.nsid = MAX_NSID + 1;
	refused(rig, config, -EINVAL);
	config = good;
	config.lba_shift = 10;
	refused(rig, config, -EINVAL);
	config = good;
	config.medium = NULL;
	refused(rig, config, -EINVAL);
	assert_int_equal(nvmove_namespace_add(rig->subsystem, &good, NULL), 0);
	rig_free(rig);
}

TEST_CASE(bad_subsystems_are_refused_by_name)
{
	static const char *const word[] = {
		"subnqn", "serial", "model", "firmware", "first_cntlid", "num_secondary",
		"max_io_queues", "max_queue_entries", "max_vectors", "mdts", "num_namespaces",
		"num_secondary_pfs", "first_cntlid",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(word); i++) {
		struct nvmove_subsystem_config config;
		char *error = NULL;

		nvmove_subsystem_config_default(&config);
		config.subnqn = i == 0 ? "not a name" : "nqn.2026-11.org.example:x";
		config.serial = i == 1 ? "far too long to be a serial number" : "S";
		config.model = i == 2 ? "" : config.model;
		config.firmware = i == 3 ? "123456789" : config.firmware;
		config.first_cntlid = i == 4 ? 0xfff0 : config.first_cntlid;
		config.num_secondary = i == 5 ? NVMOVE_MAX_SECONDARY + 1 : 1;
		config.max_io_queues = i == 6 ? 0 : 1;
		config.max_queue_entries = i == 7 ? 1 : 2;
		config.max_vectors = i == 8 ? 2049 : 1;
		config.mdts = i == 9 ? 9 : 1;
		config.num_namespaces = i == 10 ? 1025 : 1;
		config.num_secondary_pfs = i == 11 ? NVMOVE_MAX_SECONDARY : 0;
		if (i == 12) {
			config.num_secondary_pfs = 1;
			config.first_cntlid = 0xffee;
		}
		assert_null(nvmove_subsystem_new(&config, &error));
		assert_non_null(error);
		if (!strstr(error, word[i]))
			fail_msg("message does not name %s: %s", word[i], error);
		free(error);
		assert_null(nvmove_subsystem_new(&config, NULL));
	}
}

RUN_TESTS("namespaces_shared",
	  cmocka_unit_test(controllers_see_each_others_writes),
	  cmocka_unit_test(a_private_namespace_is_private),
	  cmocka_unit_test(the_reset_of_one_controller_leaves_io_of_another_alone),
	  cmocka_unit_test(an_attached_namespace_is_announced_and_usable),
	  cmocka_unit_test(a_detached_namespace_is_announced_and_gone),
	  cmocka_unit_test(commands_under_way_survive_a_detach),
	  cmocka_unit_test(attach_and_detach_refuse_what_makes_no_sense),
	  cmocka_unit_test(bad_namespaces_are_refused),
	  cmocka_unit_test(bad_subsystems_are_refused_by_name));
