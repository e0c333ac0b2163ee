// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespace Management (Base 5.23): creation from a pool, deletion, capacity, and every status that
 * says why not.
 */
#include "harness.h"

#define POOL_BYTES	(1u << 20)

struct pool_rig {
	struct scripted_pool pool;
	struct rig *rig;
	struct driver *driver;
};

static void setup(struct pool_rig *p, unsigned int secondaries)
{
	scripted_pool_init(&p->pool, POOL_BYTES);
	p->rig = rig_new_secondaries(&(struct rig_options){ .pool = &p->pool.pool }, secondaries);
	p->driver = p->rig->driver[0];
}

static void teardown(struct pool_rig *p)
{
	rig_free(p->rig);
	scripted_pool_free(&p->pool);
}

static uint64_t capacity(struct driver *driver, size_t offset)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get64(data, offset + 8), 0);
	return get64(data, offset);
}

#define TNVMCAP(driver)	capacity(driver, 280)
#define UNVMCAP(driver)	capacity(driver, 296)

static struct completion create_raw(struct driver *driver, const void *data)
{
	return driver_write_page(driver, (struct command){ .opcode = NVM_ADMIN_NS_MGMT }, data,
				 PAGE);
}

static void fill_create(uint8_t *data)
{
	memset(data, 0, PAGE);
	put64(data, 0, 16);
	put64(data, 8, 16);
}

TEST_CASE(a_created_namespace_is_allocated_and_attached_to_nobody)
{
	struct pool_rig p;
	struct completion completion;
	uint8_t data[NVM_IDENTIFY_SIZE];

	setup(&p, 0);
	completion = driver_create_ns(p.driver, 64, 1);
	assert_success(completion);
	assert_int_equal(completion.dw0, 5);	/* 1 to 4 exist */
	assert_int_equal(p.pool.medium[5]->base.size, 64 * 4096);
	assert_success(driver_identify(p.driver, NVM_CNS_ALLOCATED_NS, 4, 0, data));
	assert_int_equal(get32(data, 0), 5);
	assert_success(driver_identify(p.driver, NVM_CNS_ALLOCATED_NS_DATA, 5, 0, data));
	assert_int_equal(get64(data, 0), 64);
	assert_int_equal(data[26], 1);
	assert_int_equal(data[30], 1);
	assert_int_equal(get64(data, 48), 64 * 4096);
	assert_success(driver_identify(p.driver, NVM_CNS_NS, 5, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	assert_success(driver_identify(p.driver, NVM_CNS_NS_CTRL_LIST, 5, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	assert_success(driver_identify(p.driver, NVM_CNS_CSI_ALLOCATED_NS_DATA, 5, 0, data));
	teardown(&p);
}

TEST_CASE(a_created_namespace_stores_data)
{
	static const uint16_t primary[] = { 7, 0 };
	struct buffer *out, *in;
	struct queue_pair queue;
	struct pool_rig p;

	setup(&p, 0);
	p.pool.surplus = 5000;		/* a larger medium is not a larger namespace */
	assert_success(driver_create_ns(p.driver, 64, 0));
	assert_success(driver_attach_ns(p.driver, NVM_NS_ATTACH_ATTACH, 5, primary));
	driver_create_queue(p.driver, &queue, 1, 16, 1);
	out = buffer_new(p.driver, 4096);
	in = buffer_new(p.driver, 4096);
	buffer_pattern(out, 9);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 5, 56, 8, out));
	assert_success(queue_rw(&queue, NVM_IO_READ, 5, 56, 8, in));
	assert_buffer_pattern(in, 9);
	assert_status(queue_rw(&queue, NVM_IO_READ, 5, 57, 8, in), NVM_SC_LBA_RANGE);
	teardown(&p);
}

TEST_CASE(capacity_is_taken_and_given_back)
{
	const uint64_t added = (1 << 20) * 3 + (2 << 20);	/* the rig's own namespaces */
	struct pool_rig p;

	setup(&p, 1);
	assert_int_equal(TNVMCAP(p.driver), POOL_BYTES + added);
	assert_int_equal(UNVMCAP(p.driver), POOL_BYTES);
	assert_success(driver_create_ns(p.driver, 100, 0));
	assert_success(driver_create_ns(p.driver, 100, 1));
	assert_int_equal(TNVMCAP(p.driver), POOL_BYTES + added);
	assert_int_equal(UNVMCAP(p.driver), POOL_BYTES - 100 * 512 - 100 * 4096);
	assert_success(driver_delete_ns(p.driver, 6));
	assert_int_equal(p.pool.destroyed, 1);
	assert_int_equal(UNVMCAP(p.driver), POOL_BYTES - 100 * 512);
	/* A guest learns nothing of it. */
	assert_int_equal(TNVMCAP(p.rig->driver[1]), 0);
	assert_int_equal(UNVMCAP(p.rig->driver[1]), 0);
	teardown(&p);
}

TEST_CASE(the_lowest_free_id_is_taken)
{
	struct pool_rig p;

	setup(&p, 0);
	assert_int_equal(driver_create_ns(p.driver, 1, 0).dw0, 5);
	assert_int_equal(driver_create_ns(p.driver, 1, 0).dw0, 6);
	assert_success(driver_delete_ns(p.driver, 5));
	assert_int_equal(driver_create_ns(p.driver, 1, 0).dw0, 5);
	assert_int_equal(driver_create_ns(p.driver, 1, 0).dw0, 7);
	assert_int_equal(driver_create_ns(p.driver, 1, 0).dw0, 8);
	assert_status(driver_create_ns(p.driver, 1, 0), NVM_SC_NS_ID_UNAVAILABLE);
	assert_success(driver_delete_ns(p.driver, 4));	/* not the pool's: its medium stays */
	assert_int_equal(driver_create_ns(p.driver, 1, 0).dw0, 4);
	assert_int_equal(p.pool.created, 6);
	assert_int_equal(p.pool.destroyed, 1);
	teardown(&p);
}

TEST_CASE(what_does_not_fit_is_refused_with_the_bytes_needed)
{
	uint8_t entry[64];
	struct pool_rig p;

	setup(&p, 0);
	assert_success(driver_create_ns(p.driver, 1, 0));
	assert_status(driver_create_ns(p.driver, POOL_BYTES / 512, 0),
		      NVM_SC_NS_INSUFFICIENT_CAPACITY);
	assert_success(driver_get_log(p.driver, NVM_LOG_ERROR, 0, entry, sizeof(entry)));
	assert_int_equal(get64(entry, 32), POOL_BYTES);
	assert_status(driver_create_ns(p.driver, UINT64_MAX / 512 + 1, 0),
		      NVM_SC_NS_INSUFFICIENT_CAPACITY);
	assert_status(driver_create_ns(p.driver, UINT64_MAX, 1), NVM_SC_NS_INSUFFICIENT_CAPACITY);
	assert_success(driver_create_ns(p.driver, POOL_BYTES / 512 - 1, 0));
	assert_status(driver_create_ns(p.driver, 1, 0), NVM_SC_NS_INSUFFICIENT_CAPACITY);
	assert_int_equal(p.pool.created, 2);
	teardown(&p);
}

TEST_CASE(without_a_pool_nothing_can_be_created)
{
	struct rig *rig = rig_new_enabled(NULL);

	assert_status(driver_create_ns(rig->driver[0], 1, 0), NVM_SC_NS_INSUFFICIENT_CAPACITY);
	assert_int_equal(UNVMCAP(rig->driver[0]), 0);
	assert_success(driver_delete_ns(rig->driver[0], 1));
	rig_free(rig);
}

TEST_CASE(bad_parameters_are_refused)
{
	static const struct {
		unsigned int offset;
		uint8_t value;
		unsigned int status;
	} bad[] = {
		{ 0, 0, NVM_SC_INVALID_FIELD },		/* NSZE 0, NCAP beyond it */
		{ 8, 17, NVM_SC_INVALID_FIELD },	/* NCAP > NSZE */
		{ 8, 15, NVM_SC_THIN_NOT_SUPPORTED },
		{ 8, 0, NVM_SC_THIN_NOT_SUPPORTED },
		{ 26, 2, NVM_SC_INVALID_FORMAT },
		{ 26, 0x10, NVM_SC_INVALID_FORMAT },	/* extended LBAs */
		{ 26, 0x20, NVM_SC_INVALID_FORMAT },	/* format 16 */
		{ 29, 1, NVM_SC_INVALID_FORMAT },	/* protection information */
		{ 30, 2, NVM_SC_INVALID_FIELD },	/* NMIC: dispersed */
		{ 92, 1, NVM_SC_ANA_GROUP_INVALID },
		{ 100, 1, NVM_SC_INVALID_FIELD },	/* NVM set */
		{ 102, 1, NVM_SC_INVALID_FIELD },	/* endurance group */
	};
	uint8_t data[PAGE];
	struct pool_rig p;

	setup(&p, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fill_create(data);
		data[bad[i].offset] = bad[i].value;
		assert_status(create_raw(p.driver, data), bad[i].status);
	}
	fill_create(data);
	assert_status(driver_write_page(p.driver, (struct command){
		.opcode = NVM_ADMIN_NS_MGMT, .nsid = 5 }, data, PAGE), NVM_SC_INVALID_FIELD);
	assert_status(driver_write_page(p.driver, (struct command){
		.opcode = NVM_ADMIN_NS_MGMT, .cdw11 = 2u << 24 }, data, PAGE),
		      NVM_SC_IOCS_NOT_SUPPORTED);
	for (unsigned int select = 2; select < 16; select++)
		assert_status(driver_write_page(p.driver, (struct command){
			.opcode = NVM_ADMIN_NS_MGMT, .cdw10 = select }, data, PAGE),
			      NVM_SC_INVALID_FIELD);
	assert_status(ADMIN(p.driver, .opcode = NVM_ADMIN_NS_MGMT, .prp1 = 0xdead000),
		      NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(p.driver->memory), 0);
	assert_int_equal(p.pool.created, 0);
	assert_success(create_raw(p.driver, data));
	teardown(&p);
}

TEST_CASE(a_pool_that_fails_leaves_nothing_behind)
{
	struct pool_rig p;

	setup(&p, 0);
	p.pool.fail = ENOSPC;
	assert_status(driver_create_ns(p.driver, 16, 0), NVM_SC_NS_INSUFFICIENT_CAPACITY);
	p.pool.fail = EIO;
	assert_status(driver_create_ns(p.driver, 16, 0), NVM_SC_INTERNAL_ERROR);
	p.pool.fail = 0;
	p.pool.surplus = -512;
	assert_status(driver_create_ns(p.driver, 16, 0), NVM_SC_INTERNAL_ERROR);
	assert_int_equal(p.pool.destroyed, 1);
	assert_int_equal(UNVMCAP(p.driver), POOL_BYTES);
	p.pool.surplus = 0;
	assert_int_equal(driver_create_ns(p.driver, 16, 0).dw0, 5);
	teardown(&p);
}

TEST_CASE(only_what_exists_can_be_deleted)
{
	struct pool_rig p;

	setup(&p, 0);
	assert_status(driver_delete_ns(p.driver, 5), NVM_SC_INVALID_FIELD);
	assert_status(driver_delete_ns(p.driver, 0), NVM_SC_INVALID_NS);
	assert_status(driver_delete_ns(p.driver, MAX_NSID + 1), NVM_SC_INVALID_NS);
	assert_success(driver_delete_ns(p.driver, 4));
	assert_status(driver_delete_ns(p.driver, 4), NVM_SC_INVALID_FIELD);
	teardown(&p);
}

TEST_CASE(deleting_all_deletes_all)
{
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct pool_rig p;

	setup(&p, 1);
	assert_success(driver_create_ns(p.driver, 16, 0));
	assert_success(driver_create_ns(p.driver, 16, 0));
	assert_success(driver_delete_ns(p.driver, NVM_NSID_ALL));
	assert_int_equal(p.pool.destroyed, 2);
	assert_success(driver_identify(p.driver, NVM_CNS_ALLOCATED_NS, 0, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	assert_success(driver_identify(p.rig->driver[1], NVM_CNS_ACTIVE_NS, 0, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	assert_success(driver_delete_ns(p.driver, NVM_NSID_ALL));	/* none is all of them */
	assert_int_equal(driver_create_ns(p.driver, 16, 0).dw0, 1);
	teardown(&p);
}

TEST_CASE(a_secondary_manages_no_namespaces)
{
	static const uint16_t list[] = { 7, 0 };
	struct driver *secondary;
	struct pool_rig p;

	setup(&p, 1);
	secondary = p.rig->driver[1];
	assert_status(driver_create_ns(secondary, 16, 0), NVM_SC_INVALID_OPCODE);
	assert_status(driver_delete_ns(secondary, 2), NVM_SC_INVALID_OPCODE);
	assert_status(driver_attach_ns(secondary, NVM_NS_ATTACH_ATTACH, 3, list),
		      NVM_SC_INVALID_OPCODE);
	assert_int_equal(p.pool.created, 0);
	teardown(&p);
}

TEST_CASE(a_created_namespace_has_the_pools_identifiers_and_migrates)
{
	static const uint16_t first[] = { 8, 0 };
	struct nvmove_namespace_config config = { .nsid = 5, .lba_shift = 12 };
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];
	struct rig *to;
	struct pool_rig p;

	setup(&p, 1);
	p.pool.nguid_byte = 0x5a;
	assert_success(driver_create_ns(p.driver, 16, 1));
	assert_success(driver_attach_ns(p.driver, NVM_NS_ATTACH_ATTACH, 5, first));
	assert_success(driver_identify(p.rig->driver[1], NVM_CNS_NS, 5, 0, before));
	assert_int_equal(before[104], 0x5a);
	to = rig_new_destination(p.rig, 1);
	config.medium = &p.pool.medium[5]->base;
	memset(config.nguid, 0x5a, sizeof(config.nguid));
	assert_int_equal(nvmove_namespace_add(to->subsystem, &config, NULL), 0);
	assert_int_equal(nvmove_namespace_attach(to->function[1].ctrl, 5), 0);
	rig_migrate(p.rig, to, 1);
	assert_success(driver_identify(to->driver[1], NVM_CNS_NS, 5, 0, after));
	assert_memory_equal(after, before, sizeof(after));
	rig_free(to);
	teardown(&p);
}

RUN_TESTS("namespace_management",
	  cmocka_unit_test(a_created_namespace_is_allocated_and_attached_to_nobody),
	  cmocka_unit_test(a_created_namespace_stores_data),
	  cmocka_unit_test(capacity_is_taken_and_given_back),
	  cmocka_unit_test(the_lowest_free_id_is_taken),
	  cmocka_unit_test(what_does_not_fit_is_refused_with_the_bytes_needed),
	  cmocka_unit_test(without_a_pool_nothing_can_be_created),
	  cmocka_unit_test(bad_parameters_are_refused),
	  cmocka_unit_test(a_pool_that_fails_leaves_nothing_behind),
	  cmocka_unit_test(only_what_exists_can_be_deleted),
	  cmocka_unit_test(deleting_all_deletes_all),
	  cmocka_unit_test(a_secondary_manages_no_namespaces),
	  cmocka_unit_test(a_created_namespace_has_the_pools_identifiers_and_migrates));
