// SPDX-License-Identifier: BSD-2-Clause
/*
 * As many namespaces as there can be: created, attached, listed, used, flushed, moved and deleted.
 */
#include "harness.h"

#define NR	1024u
#define BLOCKS	8u

struct crowd {
	struct scripted_pool pool;
	struct rig *rig;
};

/* Namespaces 1 to NR, attached to the primary and to secondary 1. */
static void setup(struct crowd *c)
{
	static const uint16_t both[] = { 7, 8, 0 };

	scripted_pool_init(&c->pool, (uint64_t)NR * BLOCKS * 512);
	c->rig = rig_new_secondaries(&(struct rig_options){
		.pool = &c->pool.pool, .num_namespaces = NR, .no_namespaces = true,
	}, 1);
	for (uint32_t nsid = 1; nsid <= NR; nsid++) {
		assert_int_equal(driver_create_ns(c->rig->driver[0], BLOCKS, 0).dw0, nsid);
		assert_success(driver_attach_ns(c->rig->driver[0], NVM_NS_ATTACH_ATTACH, nsid,
						both));
	}
}

static void teardown(struct crowd *c)
{
	rig_free(c->rig);
	scripted_pool_free(&c->pool);
}

static void check_list(struct driver *driver, uint32_t after)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_ACTIVE_NS, after, 0, data));
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(get32(data, 4 * i), i < NR - after ? after + 1 + i : 0);
}

TEST_CASE(all_are_listed_and_usable)
{
	struct queue_pair queue;
	struct buffer *buffer;
	struct crowd c;

	setup(&c);
	check_list(c.rig->driver[0], 0);
	check_list(c.rig->driver[1], 0);
	check_list(c.rig->driver[1], NR - 3);
	driver_create_queue(c.rig->driver[1], &queue, 1, 16, 1);
	buffer = buffer_new(c.rig->driver[1], 512);
	for (uint32_t nsid = 1; nsid <= NR; nsid++) {
		buffer_pattern(buffer, nsid);
		assert_success(queue_rw(&queue, NVM_IO_WRITE, nsid, nsid % BLOCKS, 1, buffer));
	}
	for (uint32_t nsid = NR; nsid >= 1; nsid--) {
		assert_success(queue_rw(&queue, NVM_IO_READ, nsid, nsid % BLOCKS, 1, buffer));
		assert_buffer_pattern(buffer, nsid);
	}
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
	for (uint32_t nsid = 1; nsid <= NR; nsid++)
		assert_int_equal(c.pool.medium[nsid]->submitted[NVMOVE_MEDIA_FLUSH], 1);
	teardown(&c);
}

TEST_CASE(there_is_no_1025th)
{
	struct crowd c;

	setup(&c);
	assert_status(driver_create_ns(c.rig->driver[0], BLOCKS, 0),
		      NVM_SC_NS_INSUFFICIENT_CAPACITY);
	assert_success(driver_delete_ns(c.rig->driver[0], 700));
	assert_int_equal(driver_create_ns(c.rig->driver[0], 1, 0).dw0, 700);
	assert_status(driver_create_ns(c.rig->driver[0], 1, 0), NVM_SC_NS_ID_UNAVAILABLE);
	assert_success(driver_delete_ns(c.rig->driver[0], NVM_NSID_ALL));
	assert_int_equal(c.pool.destroyed, NR + 1);
	teardown(&c);
}

TEST_CASE(all_fit_into_the_changed_list)
{
	uint8_t data[4096];
	struct crowd c;

	setup(&c);
	assert_success(driver_get_log(c.rig->driver[1], NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(get32(data, 4 * i), i + 1);
	teardown(&c);
}

/* The other host adds what the first has created. */
static void add_all(struct crowd *c, struct rig *to)
{
	for (uint32_t nsid = 1; nsid <= NR; nsid++) {
		struct nvmove_namespace_config config = {
			.nsid = nsid, .lba_shift = 9, .medium = &c->pool.medium[nsid]->base,
		};

		assert_int_equal(nvmove_namespace_add(to->subsystem, &config, NULL), 0);
		assert_int_equal(nvmove_namespace_attach(to->function[1].ctrl, nsid), 0);
	}
}

TEST_CASE(a_controller_with_all_of_them_moves)
{
	struct rig *to;
	struct crowd c;
	size_t size;

	setup(&c);
	for (uint32_t nsid = 3; nsid <= NR; nsid += 3)
		assert_success(driver_set_feature(c.rig->driver[1], NVM_FEAT_WRITE_PROTECT, nsid,
						  1));
	to = rig_new_destination(c.rig, 1);
	add_all(&c, to);
	rig_suspend(c.rig, 1);
	size = nvmove_ctrl_state_size(c.rig->function[1].ctrl);
	assert_in_range(size, NR * 56, 4096 + 4 * NR + NR * 256);
	assert_int_equal(nvmove_ctrl_resume(c.rig->function[1].ctrl), 0);
	rig_migrate(c.rig, to, 1);
	check_list(to->driver[1], 0);
	for (uint32_t nsid = 1; nsid <= NR; nsid++)
		assert_int_equal(driver_get_feature(to->driver[1], NVM_FEAT_WRITE_PROTECT, 0, nsid,
						    0).dw0, nsid % 3 == 0);
	rig_free(to);
	teardown(&c);
}

RUN_TESTS("namespaces_1024",
	  cmocka_unit_test(all_are_listed_and_usable),
	  cmocka_unit_test(there_is_no_1025th),
	  cmocka_unit_test(all_fit_into_the_changed_list),
	  cmocka_unit_test(a_controller_with_all_of_them_moves));
