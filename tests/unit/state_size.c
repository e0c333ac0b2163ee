// SPDX-License-Identifier: BSD-2-Clause
/*
 * How large a state may be: 4 KiB, 64 bytes per I/O queue pair and 256 bytes per attached namespace
 * hold the state of a controller in ordinary use, with two registrants per namespace, whatever it
 * could have and does not. Times are the business of make bench.
 */
#include "state_editor.h"

#define NS_BYTES	(1u << 20)

static size_t most(unsigned int queue_pairs, unsigned int namespaces)
{
	return 4096 + 64 * queue_pairs + 256 * namespaces;
}

#define KEY		0x1122334455667788ull

/**
 * struct shape - a controller: what it could have, and what it has
 * @registrants: hosts that have registered with each namespace; the first of them has reserved it
 */
struct shape {
	unsigned int max_io_queues;
	unsigned int num_namespaces;
	unsigned int queue_pairs;
	unsigned int namespaces;
	unsigned int registrants;
};

static struct rig *new_rig(const struct shape *shape, struct nvmove_medium *medium)
{
	struct rig_options options = {
		.num_secondary = 1,
		.max_io_queues = shape->max_io_queues,
		.num_namespaces = shape->num_namespaces,
		.no_namespaces = true,
	};
	struct rig *rig = rig_new_enabled(&options);

	for (uint32_t nsid = 1; nsid <= shape->namespaces; nsid++) {
		struct nvmove_namespace_config config = {
			.nsid = nsid,
			.lba_shift = 9,
			.medium = medium,
		};

		assert_int_equal(nvmove_namespace_add(rig->subsystem, &config, NULL), 0);
		assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, nsid), 0);
	}
	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	rig_online(rig, 1, shape->queue_pairs + 1, 3);
	driver_enable(rig->driver[1]);
	return rig;
}

static void set_host_id(struct driver *driver, uint8_t byte)
{
	uint8_t id[16];

	memset(id, byte, sizeof(id));
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = 1,
	}, id, sizeof(id)));
}

static void reservation_command(struct queue_pair *queue, struct driver *driver, uint8_t opcode,
				uint32_t nsid, uint32_t cdw10, uint64_t current, uint64_t other)
{
	uint8_t keys[16];

	put64(keys, 0, current);
	put64(keys, 8, other);
	guest_write(driver->memory, driver->scratch, keys, sizeof(keys));
	assert_success(COMMAND(queue, .opcode = opcode, .nsid = nsid, .cdw10 = cdw10,
			       .prp1 = driver->scratch));
}

/** reserve() - the hosts come one after the other; the first of them is there in the end */
static void reserve(struct driver *driver, const struct shape *shape)
{
	struct queue_pair queue;

	for (unsigned int host = 1; host <= shape->registrants; host++) {
		set_host_id(driver, host);
		driver_create_queue(driver, &queue, 1, 16, 1);
		for (uint32_t nsid = 1; nsid <= shape->namespaces; nsid++) {
			reservation_command(&queue, driver, NVM_IO_RESV_REGISTER, nsid, 0, 0, KEY);
			if (host == 1)
				reservation_command(&queue, driver, NVM_IO_RESV_ACQUIRE, nsid,
						    NVM_RESV_WRITE_EXCLUSIVE << 8, KEY, 0);
		}
		driver_disable(driver);
		driver_enable(driver);
	}
	if (shape->registrants)
		set_host_id(driver, 1);
}

static void use(struct rig *rig, const struct shape *shape)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;

	for (unsigned int qid = 1; qid <= shape->queue_pairs; qid++) {
		driver_create_queue(driver, &queue, qid, 16, qid % 3);
		if (shape->namespaces)
			assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 1));
	}
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 340));
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 0x1f));
	driver_submit_aer(driver);
	rig_run(rig);
}

static size_t size_of(const struct shape *shape)
{
	struct nvmove_medium *medium = nvmove_medium_mem(NS_BYTES);
	struct rig *rig = new_rig(shape, medium);
	struct state state;
	size_t size;

	reserve(rig->driver[1], shape);
	use(rig, shape);
	rig_suspend(rig, 1);
	size = nvmove_ctrl_state_size(rig->function[1].ctrl);
	state = state_of(rig, 1);
	assert_int_equal(state.size, size);
	state_free(&state);
	rig_free(rig);
	nvmove_medium_close(medium);
	return size;
}

TEST_CASE(ordinary_states_stay_below_the_limit)
{
	static const struct shape shapes[] = {
		{ 1, 1, 1, 1, 0 },
		{ 8, 8, 1, 0, 0 },
		{ 8, 8, 8, 8, 0 },
		{ 64, 64, 16, 4, 0 },
		{ 64, 64, 64, 64, 0 },
		{ 1024, 1024, 1, 1, 0 },
		{ 256, 1024, 256, 4, 0 },
		{ 64, 1024, 2, 1024, 0 },
		{ 1024, 8, 1024, 1, 0 },
		{ 1, 1, 1, 1, 2 },
		{ 64, 64, 64, 64, 2 },
		{ 64, 1024, 2, 1024, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		assert_in_range(size_of(&shapes[i]), 1,
				most(shapes[i].queue_pairs, shapes[i].namespaces));
}

TEST_CASE(a_queue_pair_takes_at_most_64_bytes)
{
	size_t few = size_of(&(struct shape) { 256, 8, 4, 1, 0 });
	size_t many = size_of(&(struct shape) { 256, 8, 256, 1, 0 });

	assert_in_range(many - few, 1, 252 * 64);
}

TEST_CASE(a_namespace_takes_at_most_256_bytes)
{
	size_t few = size_of(&(struct shape) { 8, 1024, 1, 4, 0 });
	size_t many = size_of(&(struct shape) { 8, 1024, 1, 1000, 0 });

	assert_in_range(many - few, 1, 996 * 256);
}

TEST_CASE(a_namespace_with_two_registrants_takes_at_most_256_bytes)
{
	size_t few = size_of(&(struct shape) { 8, 1024, 1, 4, 2 });
	size_t many = size_of(&(struct shape) { 8, 1024, 1, 1000, 2 });

	assert_in_range(many - few, 1, 996 * 256);
}

TEST_CASE(a_reservation_takes_16_bytes_and_24_per_registrant)
{
	size_t none = size_of(&(struct shape) { 8, 8, 1, 4, 0 });
	size_t two = size_of(&(struct shape) { 8, 8, 1, 4, 2 });
	size_t nine = size_of(&(struct shape) { 8, 8, 1, 4, 9 });

	assert_int_equal(two - none, 4 * (16 + 2 * 24));
	assert_int_equal(nine - two, 4 * 7 * 24);
}

TEST_CASE(what_is_not_used_takes_nothing)
{
	size_t small = size_of(&(struct shape) { 4, 4, 2, 2, 0 });
	size_t large = size_of(&(struct shape) { 2048, 1024, 2, 2, 0 });

	assert_int_equal(small, large);
}

RUN_TESTS("state_size",
	  cmocka_unit_test(ordinary_states_stay_below_the_limit),
	  cmocka_unit_test(a_queue_pair_takes_at_most_64_bytes),
	  cmocka_unit_test(a_namespace_takes_at_most_256_bytes),
	  cmocka_unit_test(a_namespace_with_two_registrants_takes_at_most_256_bytes),
	  cmocka_unit_test(a_reservation_takes_16_bytes_and_24_per_registrant),
	  cmocka_unit_test(what_is_not_used_takes_nothing));
