// SPDX-License-Identifier: BSD-2-Clause
/*
 * R2: a namespace has the id that the controller's host knows, whatever id the device has for it;
 * on the other side of a migration the device's id may be another one.
 */
#include "harness.h"

/* Secondary 1 sees the device's namespace 3 as 5 and its namespace 4 as 3. */
static void remap(struct rig *rig)
{
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;

	assert_int_equal(nvmove_namespace_detach(ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach_as(ctrl, 3, 5, NULL), 0);
	assert_int_equal(nvmove_namespace_attach_as(ctrl, 4, 3, NULL), 0);
}

TEST_CASE(the_host_sees_its_own_ids)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t seen[NVM_IDENTIFY_SIZE], device[NVM_IDENTIFY_SIZE];

	remap(rig);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_ACTIVE_NS, 0, 0, seen));
	assert_int_equal(get32(seen, 0), 2);
	assert_int_equal(get32(seen, 4), 3);
	assert_int_equal(get32(seen, 8), 5);
	assert_int_equal(get32(seen, 12), 0);
	/* The same UUID under another id. */
	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS_DESC, 5, 0, seen));
	assert_success(driver_identify(rig->driver[0], NVM_CNS_NS_DESC, 3, 0, device));
	assert_memory_equal(seen, device, sizeof(seen));
	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS, 5, 0, seen));
	assert_int_equal(get64(seen, 0), NS3_BLOCKS);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS, 4, 0, seen));
	assert_true(is_zero(seen, sizeof(seen)));
	rig_free(rig);
}

TEST_CASE(commands_go_where_the_host_s_id_leads)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[1], 512);
	struct queue_pair queue;
	uint8_t entry[64];

	remap(rig);
	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	buffer_pattern(buffer, 77);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 9, 1, buffer));
	assert_int_equal(rig->medium[4]->submitted[NVMOVE_MEDIA_WRITE], 1);
	assert_int_equal(rig->medium[3]->submitted[NVMOVE_MEDIA_WRITE], 0);
	assert_status(queue_rw(&queue, NVM_IO_WRITE, 4, 9, 1, buffer), NVM_SC_INVALID_FIELD);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 5, 9, 1, buffer));
	assert_int_equal(rig->medium[3]->submitted[NVMOVE_MEDIA_WRITE], 1);
	/* The error log speaks to the host, in its terms. */
	rig->medium[3]->fail[NVMOVE_MEDIA_READ] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_READ, 5, 9, 1, buffer), NVM_SC_UNRECOVERED_READ);
	assert_success(driver_get_log(rig->driver[1], NVM_LOG_ERROR, 0, entry, sizeof(entry)));
	assert_int_equal(get32(entry, 24), 5);
	rig_free(rig);
}

TEST_CASE(errors_and_events_name_the_host_s_id)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;
	uint8_t data[4096];

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	driver_submit_aer(driver);
	remap(rig);
	rig_run(rig);
	assert_int_equal(cq_take(&driver->admin.cq).dw0, 0x040002);
	assert_success(driver_get_log(driver, NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 3);
	assert_int_equal(get32(data, 4), 5);
	assert_int_equal(get32(data, 8), 0);

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_status(COMMAND(&queue, .opcode = NVM_IO_READ, .nsid = 5, .cdw10 = NS3_BLOCKS),
		      NVM_SC_LBA_RANGE);
	assert_success(driver_get_log(driver, NVM_LOG_ERROR, 0, data, 64));
	assert_int_equal(get32(data, 24), 5);
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 5, 123));
	assert_int_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, 0, 5, 0).dw0, 123);
	assert_int_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, 0, 3, 0).dw0, 0);
	rig_free(rig);
}

TEST_CASE(the_primary_asks_by_the_id_in_the_device)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	remap(rig);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_NS_CTRL_LIST, 4, 0, data));
	assert_int_equal(get16(data, 0), 1);
	assert_int_equal(get16(data, 2), 8);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_NS_CTRL_LIST, 5, 0, data));
	assert_int_equal(get16(data, 0), 0);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS_CTRL_LIST, 5, 0, data));
	assert_int_equal(get16(data, 0), 1);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_NS_CTRL_LIST, 4, 0, data));
	assert_int_equal(get16(data, 0), 0);
	/* So does detaching. */
	assert_int_equal(nvmove_namespace_detach(rig->function[1].ctrl, 5), -ENOENT);
	assert_int_equal(nvmove_namespace_detach(rig->function[1].ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_detach(rig->function[1].ctrl, 3), -ENOENT);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_ACTIVE_NS, 0, 0, data));
	assert_int_equal(get32(data, 4), 3);
	assert_int_equal(get32(data, 8), 0);
	rig_free(rig);
}

static void refused(struct nvmove_ctrl *ctrl, uint32_t nsid, uint32_t as_nsid, int code,
		    const char *message)
{
	char *error = NULL;

	assert_int_equal(nvmove_namespace_attach_as(ctrl, nsid, as_nsid, &error), code);
	assert_string_equal(error, message);
	free(error);
}

TEST_CASE(two_things_are_never_one)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;

	refused(ctrl, 9, 5, -ENOENT, "nsid: 9 does not exist (of 8)");
	refused(ctrl, 5, 5, -ENOENT, "nsid: 5 does not exist (of 8)");
	refused(ctrl, 3, 5, -EALREADY, "nsid: 3 is attached, as 3");
	refused(ctrl, 4, 3, -EEXIST, "as_nsid: 3 is in use, by nsid 3");
	refused(ctrl, 4, 0, -EINVAL, "as_nsid: 0, must be 1 to 8");
	refused(ctrl, 4, 9, -EINVAL, "as_nsid: 9, must be 1 to 8");
	refused(rig->function[0].ctrl, 4, 5, -EINVAL, "as_nsid: 5, must be 4 on the primary");
	assert_int_equal(nvmove_namespace_attach_as(ctrl, 4, 8, NULL), 0);
	refused(ctrl, 4, 7, -EALREADY, "nsid: 4 is attached, as 8");
	assert_int_equal(nvmove_namespace_attach(ctrl, 4), -EALREADY);
	rig_free(rig);
}

/* The destination's device has the guest's namespaces under other ids. */
TEST_CASE(ids_stay_across_devices)
{
	struct rig_options options = { .uuid_byte = { [3] = 0x33, [4] = 0x44 } };
	struct rig *source = rig_new_secondaries(&options, 1), *destination;
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];
	struct nvmove_ctrl *ctrl;
	struct queue_pair queue;
	struct buffer *buffer;

	/* 3 and 4 are of one size, so that the destination can have them the other way round. */
	options.uuid_byte[3] = 0x44;
	options.uuid_byte[4] = 0x33;
	options.source = source;
	destination = rig_new_enabled(&options);
	destination->now = source->now;
	nvmove_subsystem_set_vfs(destination->subsystem, 3);
	ctrl = destination->function[1].ctrl;
	assert_int_equal(nvmove_namespace_detach(ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach_as(ctrl, 4, 3, NULL), 0);
	rig_online(destination, 1, 5, 5);
	rig_suspend(destination, 1);

	driver_create_queue(source->driver[1], &queue, 1, 16, 1);
	assert_success(driver_set_feature(source->driver[1], NVM_FEAT_ERROR_RECOVERY, 3, 99));
	assert_success(driver_identify(source->driver[1], NVM_CNS_NS_DESC, 3, 0, before));
	rig_migrate(source, destination, 1);
	assert_success(driver_identify(destination->driver[1], NVM_CNS_NS_DESC, 3, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(driver_get_feature(destination->driver[1], NVM_FEAT_ERROR_RECOVERY, 0, 3,
					    0).dw0, 99);
	buffer = buffer_new(destination->driver[1], 512);
	assert_success(queue_rw(&queue, NVM_IO_READ, 3, 0, 1, buffer));
	assert_int_equal(destination->medium[4]->submitted[NVMOVE_MEDIA_READ], 1);
	rig_free(destination);
	rig_free(source);
}

RUN_TESTS("virtual_subsystem_nsids",
	  cmocka_unit_test(the_host_sees_its_own_ids),
	  cmocka_unit_test(commands_go_where_the_host_s_id_leads),
	  cmocka_unit_test(errors_and_events_name_the_host_s_id),
	  cmocka_unit_test(the_primary_asks_by_the_id_in_the_device),
	  cmocka_unit_test(two_things_are_never_one),
	  cmocka_unit_test(ids_stay_across_devices));
