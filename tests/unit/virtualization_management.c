// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtualization Management (Base 5.31, 8.26): resources of secondary controllers, online and
 * offline, as the primary's structures report them and as the secondary experiences them.
 */
#include "harness.h"

#define ALLOC	NVM_VIRT_PRIMARY_ALLOC
#define OFFLINE	NVM_VIRT_SECONDARY_OFFLINE
#define ASSIGN	NVM_VIRT_SECONDARY_ASSIGN
#define ONLINE	NVM_VIRT_SECONDARY_ONLINE
#define VQ	NVM_VIRT_RT_VQ
#define VI	NVM_VIRT_RT_VI

#define PRIMARY		7u
#define FIRST		8u	/* secondary 1 */

static struct rig *rig_with_functions(void)
{
	struct rig *rig = rig_new_enabled(NULL);

	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	return rig;
}

/** secondary_entry() - Secondary Controller Entry of secondary @index (from 1) */
static void secondary_entry(struct rig *rig, unsigned int index, uint8_t *entry)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_SECONDARY_LIST, 0, 0, data));
	memcpy(entry, data + 32 * index, 32);
}

static void primary_caps(struct rig *rig, uint8_t *data)
{
	assert_success(driver_identify(rig->driver[0], NVM_CNS_PRIMARY_CAPS, 0, 0, data));
}

static bool is_offline(struct driver *driver)
{
	return (driver_read32(driver, NVM_REG_CSTS) & (NVM_CSTS_CFS | NVM_CSTS_RDY)) ==
		NVM_CSTS_CFS;
}

TEST_CASE(secondaries_are_offline_at_first)
{
	struct rig *rig = rig_with_functions();
	uint8_t entry[32];

	for (unsigned int i = 1; i <= 3; i++) {
		secondary_entry(rig, i, entry);
		assert_int_equal(entry[4], 0);
		assert_int_equal(get16(entry, 10), 0);
		assert_int_equal(get16(entry, 12), 0);
		assert_true(is_offline(rig->driver[i]));
	}
	rig_free(rig);
}

TEST_CASE(an_offline_secondary_ignores_writes)
{
	struct rig *rig = rig_with_functions();
	struct driver *driver = rig->driver[1];

	driver_set_admin_queues(driver, 32, 32);
	driver_write32(driver, NVM_REG_INTMS, 5);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN);
	driver_write32(driver, NVM_REG_DBS, 1);
	rig_advance(rig, 1000 * MS);
	assert_true(is_offline(driver));
	assert_int_equal(driver_read32(driver, NVM_REG_CC) & NVM_CC_EN, 0);
	assert_int_equal(rig->function[1].dma, 0);
	rig_free(rig);
}

TEST_CASE(assignment_is_reported)
{
	struct rig *rig = rig_with_functions();
	struct completion completion;
	uint8_t entry[32], caps[4096];

	completion = driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, 4);
	assert_success(completion);
	assert_int_equal(completion.dw0 & 0xffff, 4);
	completion = driver_virt_mgmt(rig->driver[0], ASSIGN, VI, FIRST, 3);
	assert_success(completion);
	assert_int_equal(completion.dw0 & 0xffff, 3);
	assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST + 1, 2));
	secondary_entry(rig, 1, entry);
	assert_int_equal(get16(entry, 10), 4);
	assert_int_equal(get16(entry, 12), 3);
	primary_caps(rig, caps);
	assert_int_equal(get32(caps, 36), 6);		/* VQRFA */
	assert_int_equal(get32(caps, 68), 3);		/* VIRFA */
	rig_free(rig);
}

TEST_CASE(assignment_replaces_what_was_assigned)
{
	struct rig *rig = rig_with_functions();
	uint8_t entry[32], caps[4096];

	assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, 5));
	assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, 3));
	secondary_entry(rig, 1, entry);
	assert_int_equal(get16(entry, 10), 3);
	assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, 0));
	secondary_entry(rig, 1, entry);
	assert_int_equal(get16(entry, 10), 0);
	primary_caps(rig, caps);
	assert_int_equal(get32(caps, 36), 0);
	rig_free(rig);
}

TEST_CASE(a_secondary_gets_no_more_than_the_maximum)
{
	struct rig *rig = rig_with_functions();
	uint8_t caps[4096], entry[32];

	primary_caps(rig, caps);
	assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, get16(caps, 44)));
	assert_status(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, get16(caps, 44) + 1),
		      NVM_SC_INVALID_NUM_RESOURCES);
	assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VI, FIRST, get16(caps, 76)));
	assert_status(driver_virt_mgmt(rig->driver[0], ASSIGN, VI, FIRST, get16(caps, 76) + 1),
		      NVM_SC_INVALID_NUM_RESOURCES);
	assert_status(driver_virt_mgmt(rig->driver[0], ASSIGN, VI, FIRST, 0xffff),
		      NVM_SC_INVALID_NUM_RESOURCES);
	secondary_entry(rig, 1, entry);
	assert_int_equal(get16(entry, 10), get16(caps, 44));
	assert_int_equal(get16(entry, 12), get16(caps, 76));
	rig_free(rig);
}

TEST_CASE(flexible_resources_run_out)
{
	struct rig *rig = rig_with_functions();
	uint8_t caps[4096];
	uint32_t left;

	primary_caps(rig, caps);
	left = get32(caps, 32);
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t count = left < get16(caps, 44) ? left : get16(caps, 44);

		assert_success(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST + i, count));
		left -= count;
	}
	primary_caps(rig, caps);
	assert_int_equal(get32(caps, 36), get32(caps, 32) - left);
	assert_status(driver_virt_mgmt(rig->driver[0], ALLOC, VQ, PRIMARY, get32(caps, 32) + 1),
		      NVM_SC_INVALID_NUM_RESOURCES);
	rig_free(rig);
}

TEST_CASE(a_secondary_needs_queues_and_vectors_to_go_online)
{
	struct rig *rig = rig_with_functions();
	struct driver *primary = rig->driver[0];

	assert_status(driver_virt_mgmt(primary, ONLINE, 0, FIRST, 0),
		      NVM_SC_INVALID_SECONDARY_STATE);
	assert_success(driver_virt_mgmt(primary, ASSIGN, VQ, FIRST, 2));
	assert_status(driver_virt_mgmt(primary, ONLINE, 0, FIRST, 0),
		      NVM_SC_INVALID_SECONDARY_STATE);
	assert_success(driver_virt_mgmt(primary, ASSIGN, VQ, FIRST, 1));
	assert_success(driver_virt_mgmt(primary, ASSIGN, VI, FIRST, 1));
	assert_status(driver_virt_mgmt(primary, ONLINE, 0, FIRST, 0),
		      NVM_SC_INVALID_SECONDARY_STATE);
	assert_success(driver_virt_mgmt(primary, ASSIGN, VQ, FIRST, 2));
	assert_success(driver_virt_mgmt(primary, ONLINE, 0, FIRST, 0));
	rig_free(rig);
}

TEST_CASE(a_secondary_without_its_function_cannot_go_online)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *primary = rig->driver[0];

	assert_success(driver_virt_mgmt(primary, ASSIGN, VQ, FIRST + 1, 3));
	assert_success(driver_virt_mgmt(primary, ASSIGN, VI, FIRST + 1, 3));
	assert_status(driver_virt_mgmt(primary, ONLINE, 0, FIRST + 1, 0),
		      NVM_SC_INVALID_SECONDARY_STATE);
	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	assert_status(driver_virt_mgmt(primary, ONLINE, 0, FIRST + 1, 0),
		      NVM_SC_INVALID_SECONDARY_STATE);
	nvmove_subsystem_set_vfs(rig->subsystem, 2);
	assert_success(driver_virt_mgmt(primary, ONLINE, 0, FIRST + 1, 0));
	rig_free(rig);
}

TEST_CASE(an_online_secondary_works)
{
	struct rig *rig = rig_with_functions();
	struct queue_pair queue;
	uint8_t entry[32];

	rig_online(rig, 2, 3, 2);
	secondary_entry(rig, 2, entry);
	assert_int_equal(entry[4], 1);
	assert_int_equal(driver_read32(rig->driver[2], NVM_REG_CSTS), 0);
	driver_enable(rig->driver[2]);
	driver_create_queue(rig->driver[2], &queue, 2, 16, 1);
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 3));
	rig_free(rig);
}

TEST_CASE(resources_limit_queues_and_vectors)
{
	struct rig *rig = rig_with_functions();
	struct driver *driver = rig->driver[1];
	struct completion completion;

	rig_online(rig, 1, 3, 2);
	driver_enable(driver);
	completion = driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 15 << 16 | 15);
	assert_success(completion);
	assert_int_equal(completion.dw0, 1 << 16 | 1);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = driver->scratch,
			    .cdw10 = 15 << 16 | 3, .cdw11 = NVM_QUEUE_PC), NVM_SC_QID_INVALID);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = driver->scratch,
			    .cdw10 = 15 << 16 | 1,
			    .cdw11 = 2 << 16 | NVM_CQ_IEN | NVM_QUEUE_PC), NVM_SC_INVALID_VECTOR);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = driver->scratch,
			     .cdw10 = 15 << 16 | 2,
			     .cdw11 = 1 << 16 | NVM_CQ_IEN | NVM_QUEUE_PC));
	rig_free(rig);
}

TEST_CASE(a_secondary_may_have_a_single_vector)
{
	struct rig *rig = rig_with_functions();
	struct queue_pair queue;

	rig_online(rig, 1, 2, 1);
	driver_enable(rig->driver[1]);
	driver_create_queue(rig->driver[1], &queue, 1, 16, 0);
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 3));
	rig_free(rig);
}

TEST_CASE(an_online_secondary_keeps_its_resources)
{
	struct rig *rig = rig_with_functions();

	rig_online(rig, 1, 3, 3);
	assert_status(driver_virt_mgmt(rig->driver[0], ASSIGN, VQ, FIRST, 4),
		      NVM_SC_INVALID_SECONDARY_STATE);
	assert_status(driver_virt_mgmt(rig->driver[0], ASSIGN, VI, FIRST, 0),
		      NVM_SC_INVALID_SECONDARY_STATE);
	rig_free(rig);
}

TEST_CASE(offline_resets_the_secondary)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t entry[32];

	assert_success(driver_virt_mgmt(rig->driver[0], OFFLINE, 0, FIRST, 0));
	assert_true(is_offline(rig->driver[1]));
	secondary_entry(rig, 1, entry);
	assert_int_equal(entry[4], 0);
	assert_success(driver_virt_mgmt(rig->driver[0], ONLINE, 0, FIRST, 0));
	assert_int_equal(driver_read32(rig->driver[1], NVM_REG_CSTS), 0);
	assert_int_equal(driver_read32(rig->driver[1], NVM_REG_CC), 0);
	driver_enable(rig->driver[1]);
	rig_free(rig);
}

TEST_CASE(offline_with_commands_under_way_posts_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 3, 0, 1, buffer);
	struct queue_pair queue;
	unsigned long dma;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &read);
	rig_run(rig);
	sq_submit(&rig->driver[0]->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_VIRT_MGMT, .cdw10 = FIRST << 16 | OFFLINE });
	rig_run(rig);
	scripted_release(rig->medium[3]);
	assert_success(cq_take(&rig->driver[0]->admin.cq));
	assert_true(is_offline(driver));
	dma = rig->function[1].dma;
	cq_assert_empty(&queue.cq);
	rig_advance(rig, 1000 * MS);
	assert_int_equal(rig->function[1].dma, dma);
	rig_free(rig);
}

TEST_CASE(online_and_offline_can_be_repeated)
{
	struct rig *rig = rig_with_functions();

	assert_success(driver_virt_mgmt(rig->driver[0], OFFLINE, 0, FIRST, 0));
	rig_online(rig, 1, 3, 3);
	driver_enable(rig->driver[1]);
	assert_success(driver_virt_mgmt(rig->driver[0], ONLINE, 0, FIRST, 0));
	assert_true(driver_is_ready(rig->driver[1]));
	rig_free(rig);
}

TEST_CASE(unknown_controllers_are_refused)
{
	static const unsigned int cntlid[] = { 0, 6, PRIMARY, 11, 0x100, 0xffff };
	static const unsigned int action[] = { OFFLINE, ASSIGN, ONLINE };
	struct rig *rig = rig_with_functions();

	for (size_t i = 0; i < ARRAY_SIZE(cntlid); i++)
		for (size_t n = 0; n < ARRAY_SIZE(action); n++)
			assert_status(driver_virt_mgmt(rig->driver[0], action[n], VQ, cntlid[i], 2),
				      NVM_SC_INVALID_CNTLID);
	assert_status(driver_virt_mgmt(rig->driver[0], ALLOC, VQ, FIRST, 2), NVM_SC_INVALID_CNTLID);
	rig_free(rig);
}

TEST_CASE(unknown_resources_are_refused)
{
	struct rig *rig = rig_with_functions();

	for (unsigned int resource = 2; resource < 8; resource++) {
		assert_status(driver_virt_mgmt(rig->driver[0], ASSIGN, resource, FIRST, 2),
			      NVM_SC_INVALID_RESOURCE_ID);
		assert_status(driver_virt_mgmt(rig->driver[0], ALLOC, resource, PRIMARY, 2),
			      NVM_SC_INVALID_RESOURCE_ID);
	}
	rig_free(rig);
}

TEST_CASE(reserved_actions_are_refused)
{
	struct rig *rig = rig_with_functions();

	for (unsigned int action = 0; action < 16; action++) {
		if (action == ALLOC || action == OFFLINE || action == ASSIGN || action == ONLINE)
			continue;
		assert_status(driver_virt_mgmt(rig->driver[0], action, VQ, FIRST, 2),
			      NVM_SC_INVALID_FIELD);
	}
	rig_free(rig);
}

TEST_CASE(primary_allocation_takes_effect_at_its_reset)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t caps[4096];
	unsigned int before;

	primary_caps(rig, caps);
	before = get16(caps, 40);
	assert_success(driver_virt_mgmt(rig->driver[0], ALLOC, VQ, PRIMARY, 2));
	primary_caps(rig, caps);
	assert_int_equal(get16(caps, 40), before);
	driver_disable(rig->driver[0]);
	driver_enable(rig->driver[0]);
	primary_caps(rig, caps);
	assert_int_equal(get16(caps, 40), 2);		/* VQRFAP */
	assert_success(driver_virt_mgmt(rig->driver[0], ALLOC, VI, PRIMARY, 3));
	driver_disable(rig->driver[0]);
	driver_enable(rig->driver[0]);
	primary_caps(rig, caps);
	assert_int_equal(get16(caps, 72), 3);		/* VIRFAP */
	rig_free(rig);
}

TEST_CASE(a_reset_of_the_primary_takes_secondaries_offline)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t entry[32];

	driver_disable(rig->driver[0]);
	assert_true(is_offline(rig->driver[1]));
	assert_true(is_offline(rig->driver[2]));
	driver_enable(rig->driver[0]);
	secondary_entry(rig, 1, entry);
	assert_int_equal(entry[4], 0);
	rig_free(rig);
}

TEST_CASE(a_secondary_cannot_manage_anything)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int action = 0; action < 16; action++)
		assert_status(driver_virt_mgmt(rig->driver[1], action, VQ, FIRST, 2),
			      NVM_SC_INVALID_OPCODE);
	assert_true(driver_is_ready(rig->driver[1]));
	rig_free(rig);
}

RUN_TESTS("virtualization_management",
	  cmocka_unit_test(secondaries_are_offline_at_first),
	  cmocka_unit_test(an_offline_secondary_ignores_writes),
	  cmocka_unit_test(assignment_is_reported),
	  cmocka_unit_test(assignment_replaces_what_was_assigned),
	  cmocka_unit_test(a_secondary_gets_no_more_than_the_maximum),
	  cmocka_unit_test(flexible_resources_run_out),
	  cmocka_unit_test(a_secondary_needs_queues_and_vectors_to_go_online),
	  cmocka_unit_test(a_secondary_without_its_function_cannot_go_online),
	  cmocka_unit_test(an_online_secondary_works),
	  cmocka_unit_test(resources_limit_queues_and_vectors),
	  cmocka_unit_test(a_secondary_may_have_a_single_vector),
	  cmocka_unit_test(an_online_secondary_keeps_its_resources),
	  cmocka_unit_test(offline_resets_the_secondary),
	  cmocka_unit_test(offline_with_commands_under_way_posts_nothing),
	  cmocka_unit_test(online_and_offline_can_be_repeated),
	  cmocka_unit_test(unknown_controllers_are_refused),
	  cmocka_unit_test(unknown_resources_are_refused),
	  cmocka_unit_test(reserved_actions_are_refused),
	  cmocka_unit_test(primary_allocation_takes_effect_at_its_reset),
	  cmocka_unit_test(a_reset_of_the_primary_takes_secondaries_offline),
	  cmocka_unit_test(a_secondary_cannot_manage_anything));
