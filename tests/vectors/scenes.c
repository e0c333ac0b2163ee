// SPDX-License-Identifier: BSD-2-Clause
/*
 * The scenes behind the test vectors. A scene is a small host driver's doing on the unit tests'
 * rig; it never looks into the library.
 */
#include "scenes.h"

#include "../unit/reservations.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static void enable(struct rig *rig)
{
	driver_enable(rig->driver[1]);
}

static void flush_times(struct queue_pair *queue, unsigned int times)
{
	while (times--)
		assert_success(queue_command(queue, &flush));
}

/*
 * Queues in every lap and position: 1 in its second lap, 2 at slot 0 after one lap, 3 never used, 4
 * in its third lap with two unread completions and three commands that were not fetched.
 */
static void use_queues(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue[4];

	driver_enable(driver);
	for (unsigned int i = 0; i < 4; i++)
		driver_create_queue(driver, &queue[i], i + 1, 16 << i, i + 1);
	flush_times(&queue[0], 20);
	flush_times(&queue[1], 32);
	flush_times(&queue[3], 2 * 128 + 5);
	for (unsigned int i = 0; i < 2; i++)
		sq_submit(&queue[3].sq, &flush);
	rig_run(rig);
	rig_suspend(rig, 1);
	for (unsigned int i = 0; i < 3; i++)
		sq_submit(&queue[3].sq, &flush);
}

/*
 * A completion queue of four entries, full; ten completions that found no room; the admin queue's
 * too.
 */
static void fill_completion_queue(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;

	driver_enable(driver);
	driver_create_cq(driver, &queue.cq, 1, 4, 1);
	driver_create_sq(driver, &queue.sq, 1, 32, 1);
	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 13; i++)
		sq_submit(&queue.sq, &flush);
	rig_run(rig);
	scripted_release(rig->medium[3]);
	rig_run(rig);
}

/*
 * Three requests came, one has reported an event whose type is masked since; two more events wait.
 */
static void raise_events(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;

	driver_enable(driver);
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	for (unsigned int i = 0; i < 3; i++)
		driver_submit_aer(driver);
	rig_run(rig);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	assert_success(cq_take(&driver->admin.cq));
	rig_suspend(rig, 1);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	assert_int_equal(nvmove_namespace_detach(ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(ctrl, 3), 0);
}

/* More errors than the log has entries. */
static void wrap_error_log(struct rig *rig)
{
	struct driver *driver = rig->driver[1];

	driver_enable(driver);
	for (unsigned int i = 0; i < 70; i++)
		assert_status(ADMIN(driver, .opcode = 0x7f, .nsid = i), NVM_SC_INVALID_OPCODE);
}

static void set_data_feature(struct driver *driver, unsigned int fid, uint32_t cdw11,
			     const uint8_t *data, size_t len)
{
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = fid, .cdw11 = cdw11,
	}, data, len));
}

static void set_features(struct rig *rig)
{
	static const struct {
		unsigned int fid;
		uint32_t nsid;
		uint32_t cdw11;
	} words[] = {
		{ NVM_FEAT_ARBITRATION, 0, 0x07050302 },
		{ NVM_FEAT_TEMP_THRESHOLD, 0, 340 },
		{ NVM_FEAT_TEMP_THRESHOLD, 0, 1 << 20 | 280 },
		{ NVM_FEAT_ERROR_RECOVERY, 2, 100 },
		{ NVM_FEAT_ERROR_RECOVERY, 3, 200 },
		{ NVM_FEAT_VOLATILE_WC, 0, 0 },
		{ NVM_FEAT_NUM_QUEUES, 0, 1 << 16 | 2 },
		{ NVM_FEAT_IRQ_COALESCE, 0, 0x0a07 },
		{ NVM_FEAT_IRQ_CONFIG, 0, 1 << 16 | 2 },
		{ NVM_FEAT_IRQ_CONFIG, 0, 1 << 16 | 4 },
		{ NVM_FEAT_WRITE_ATOMICITY, 0, 1 },
		{ NVM_FEAT_ASYNC_EVENT, 0, 1 << 8 },
		{ NVM_FEAT_KATO, 0, 30000 },
	};
	struct driver *driver = rig->driver[1];
	uint8_t data[512] = { 1 };

	driver_enable(driver);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_success(driver_set_feature(driver, words[i].fid, words[i].nsid,
						  words[i].cdw11));
	set_data_feature(driver, NVM_FEAT_HOST_BEHAVIOR, 0, data, 512);
	put64(data, 0, 0x19a9f0cd1234);
	set_data_feature(driver, NVM_FEAT_TIMESTAMP, 0, data, 8);
	for (unsigned int i = 0; i < 16; i++)
		data[i] = 0xa0 + i;
	set_data_feature(driver, NVM_FEAT_HOST_ID, 1, data, 16);
	rig_advance(rig, 1234567890);
}

static void save_feature(struct driver *driver, unsigned int fid, uint32_t nsid, uint32_t cdw11)
{
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_SET_FEATURES, .nsid = nsid,
			     .cdw10 = NVM_FEAT_SAVE | fid, .cdw11 = cdw11));
}

/* Saved values, some of which are no longer the current ones, and one that is the default again. */
static void save_features(struct rig *rig)
{
	struct driver *driver = rig->driver[1];

	driver_enable(driver);
	save_feature(driver, NVM_FEAT_ARBITRATION, 0, 0x07);
	save_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 345);
	save_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 1 << 20 | 270);
	save_feature(driver, NVM_FEAT_ERROR_RECOVERY, 2, 50);
	save_feature(driver, NVM_FEAT_VOLATILE_WC, 0, 0);
	save_feature(driver, NVM_FEAT_IRQ_COALESCE, 0, 0x0203);
	save_feature(driver, NVM_FEAT_WRITE_ATOMICITY, 0, 1);
	save_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8);
	save_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_VOLATILE_WC, 0, 1));
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 2, 0));
}

static void attach_four(struct rig *rig)
{
	for (uint32_t nsid = 1; nsid <= 4; nsid++) {
		int err = nvmove_namespace_attach(rig->function[1].ctrl, nsid);

		assert_true(!err || err == -EALREADY);
	}
}

/* Blocks of both sizes, and reads and writes in the health log. */
static void use_four(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;
	struct buffer *buffer;

	driver_enable(driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	buffer = buffer_new(driver, 8 * 4096);
	for (uint32_t nsid = 1; nsid <= 4; nsid++) {
		unsigned int blocks = nsid % 2 ? 64 : 8;

		assert_success(queue_rw(&queue, NVM_IO_WRITE, nsid, 0, blocks, buffer));
		assert_success(queue_rw(&queue, NVM_IO_READ, nsid, 8, blocks, buffer));
	}
	assert_success(driver_set_feature(driver, NVM_FEAT_WRITE_PROTECT, 4, NVM_WRITE_PROTECT_ON));
}

static void use_shadow_doorbells(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;
	uint64_t doorbells = guest_alloc(driver->memory, PAGE);
	uint64_t event_indexes = guest_alloc(driver->memory, PAGE);

	driver_enable(driver);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG, .prp1 = doorbells,
			     .prp2 = event_indexes));
	driver_create_queue(driver, &queue, 1, 16, 1);
}

static void attach_reserved(struct rig *rig)
{
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 4), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 5), 0);
}

static void reserve(struct host *host, unsigned int opcode, uint32_t nsid, uint32_t cdw10,
		    uint64_t current, uint64_t other)
{
	assert_success(host_command(host, opcode, nsid, cdw10, current, other));
}

/*
 * Two hosts: the one that moves holds namespace 2; all registrants hold 4, which persists; 5 was
 * released twice by the other, of which the one that moves has not read.
 */
static void use_reservations(struct rig *rig)
{
	const uint32_t nsids[] = { 2, 4, 5 };
	struct host moves, other;

	driver_enable(rig->driver[1]);
	host_open(rig, 0, &other, 0x0a);
	host_open(rig, 1, &moves, 0x0b);
	for (size_t i = 0; i < ARRAY_SIZE(nsids); i++) {
		assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, nsids[i]), 0);
		reserve(&moves, NVM_IO_RESV_REGISTER, nsids[i], 0, 0, 0x1111);
		reserve(&other, NVM_IO_RESV_REGISTER, nsids[i], 0, 0, 0x2222);
	}
	reserve(&moves, NVM_IO_RESV_ACQUIRE, 2, NVM_RESV_WRITE_EXCLUSIVE << 8, 0x1111, 0);
	reserve(&other, NVM_IO_RESV_ACQUIRE, 4, NVM_RESV_EXCL_ACCESS_ALL_REGS << 8, 0x2222, 0);
	assert_success(driver_set_feature(moves.driver, NVM_FEAT_RESV_PERSIST, 4, 1));
	assert_success(driver_set_feature(moves.driver, NVM_FEAT_RESV_MASK, 2, 0x6));
	for (unsigned int i = 0; i < 2; i++) {
		reserve(&other, NVM_IO_RESV_ACQUIRE, 5, NVM_RESV_WRITE_EXCL_REG_ONLY << 8, 0x2222,
			0);
		reserve(&other, NVM_IO_RESV_RELEASE, 5, NVM_RESV_WRITE_EXCL_REG_ONLY << 8, 0x2222,
			0);
	}
}

#define MANY	128

static void create_many(struct rig *rig)
{
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;

	driver_enable(driver);
	for (unsigned int i = 0; i < MANY; i++) {
		driver_create_queue(driver, &queue, i + 1, 2 + i, i % 63 + 1);
		flush_times(&queue, i % 5);
	}
}

static const struct scene scenes[] = {
	{ .name = "disabled" },
	{ .name = "idle", .live = enable },
	{ .name = "queues", .live = use_queues },
	{ .name = "completion_queue_full", .live = fill_completion_queue },
	{ .name = "events", .live = raise_events },
	{ .name = "error_log_wrapped", .live = wrap_error_log },
	{ .name = "features", .live = set_features },
	{ .name = "features_saved", .live = save_features },
	{ .name = "namespaces", .options = { .lba_shift = { [4] = 12 },
	  .locator = { [1] = "nfs://store.example/volumes/1", [4] = "iqn.2026-11.org.example:4" } },
	  .prepare = attach_four, .live = use_four },
	{ .name = "reservations", .options = { .namespace_bytes = { [5] = 1 << 20 } },
	  .prepare = attach_reserved, .live = use_reservations },
	{ .name = "shadow_doorbells", .live = use_shadow_doorbells },
	{ .name = "many_queues", .options = { .max_io_queues = MANY, .max_vectors = 64 },
	  .queues = MANY + 1, .vectors = 64, .live = create_many },
};

const struct scene *scene_number(size_t index)
{
	return index < ARRAY_SIZE(scenes) ? &scenes[index] : NULL;
}

const struct scene *scene_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		if (!strcmp(scenes[i].name, name))
			return &scenes[i];
	}
	return NULL;
}

static struct rig *scene_host(const struct scene *scene)
{
	struct rig *rig = rig_new_enabled(&scene->options);

	nvmove_subsystem_set_vfs(rig->subsystem, rig->options.num_secondary);
	rig_online(rig, 1, scene->queues ? scene->queues : 5, scene->vectors ? scene->vectors : 5);
	if (scene->prepare)
		scene->prepare(rig);
	return rig;
}

struct rig *scene_destination(const struct scene *scene)
{
	struct rig *rig = scene_host(scene);

	rig_suspend(rig, 1);
	return rig;
}

struct state scene_state(const struct scene *scene)
{
	struct rig *rig = scene_host(scene);
	struct state state;

	if (scene->live)
		scene->live(rig);
	if (!nvmove_ctrl_is_suspended(rig->function[1].ctrl))
		rig_suspend(rig, 1);
	state = state_of(rig, 1);
	rig_free(rig);
	return state;
}

/* ---- states that are refused, or differ harmlessly ---- */

static void unknown_required_section(struct state *state)
{
	state_add_section(state, 4711, 1, 0, "payload", 8);
}

static void unknown_skippable_section(struct state *state)
{
	state_add_section(state, 4711, 3, NVMOVE_CSTATE_F_SKIPPABLE, "payload", 8);
}

static void set_version(struct state *state, unsigned int major, unsigned int minor)
{
	put16(state->data, state_vendor(state) + 16, major);
	put16(state->data, state_vendor(state) + 18, minor);
	state_seal(state);
}

static void newer_minor_version(struct state *state)
{
	set_version(state, NVMOVE_CSTATE_MAJOR, NVMOVE_CSTATE_MINOR + 1);
}

static void older_version(struct state *state)
{
	set_version(state, 0, 9);
}

static void newer_major_version(struct state *state)
{
	set_version(state, NVMOVE_CSTATE_MAJOR + 1, 0);
}

static void newer_section_version(struct state *state)
{
	put16(state->data, state_section(state, NVMOVE_CSTATE_EVENTS) + 2, 2);
	state_seal(state);
}

static void wrong_uuid(struct state *state)
{
	memset(state->data + state_vendor(state), 0x11, 16);
	state_seal(state);
}

static void wrong_crc(struct state *state)
{
	state->data[state_section(state, NVMOVE_CSTATE_SMART) + 20] ^= 1;
}

static void wrong_crc_of_queues(struct state *state)
{
	state->data[state_sq(state, 0) + 16] ^= 1;
}

static void duplicate_section(struct state *state)
{
	struct nvmove_cstate_timers timers;

	memcpy(&timers, state_payload(state, NVMOVE_CSTATE_TIMERS, NULL), sizeof(timers));
	state_add_section(state, NVMOVE_CSTATE_TIMERS, 1, 0, &timers, sizeof(timers));
}

static void missing_section(struct state *state)
{
	state_drop_section(state, NVMOVE_CSTATE_EVENTS);
}

static void trailing_bytes(struct state *state)
{
	state_insert(state, state->size, NULL, 4);
	put64(state->data, 32, (state->size - state_vendor(state)) / 4);
	state_seal(state);
}

static void truncated(struct state *state)
{
	state->size -= 4;
}

static void reserved_byte(struct state *state)
{
	state_payload(state, NVMOVE_CSTATE_TIMERS, NULL)[22] = 1;
	state_seal(state);
}

static void overlapping_queues(struct state *state)
{
	put64(state->data, state_sq(state, 1), get64(state->data, state_cq(state, 0)));
	state_seal(state);
}

static void overlapping_admin_queue(struct state *state)
{
	put64(state->data, state_cq(state, 2),
	      get64(state_payload(state, NVMOVE_CSTATE_REGISTERS, NULL), 16));
	state_seal(state);
}

static void address_too_high(struct state *state)
{
	put64(state->data, state_sq(state, 2), 1ull << 60);
	state_seal(state);
}

static void address_wraps_around(struct state *state)
{
	put64(state->data, state_sq(state, 3), 0xfffffffffffff000);
	state_seal(state);
}

static void namespace_of_another_size(struct state *state)
{
	put64(state_payload(state, NVMOVE_CSTATE_NAMESPACES, NULL), 56 + 8, NS3_BLOCKS - 1);
	state_seal(state);
}

static void another_serial_number(struct state *state)
{
	state_payload(state, NVMOVE_CSTATE_IDENTITY, NULL)[256 + 7] = '2';
	state_seal(state);
}

#define REFUSAL(name)	{ #name, name }

static const struct refusal refusals[] = {
	REFUSAL(unknown_required_section),
	REFUSAL(unknown_skippable_section),
	REFUSAL(newer_minor_version),
	REFUSAL(older_version),
	REFUSAL(newer_major_version),
	REFUSAL(newer_section_version),
	REFUSAL(wrong_uuid),
	REFUSAL(wrong_crc),
	REFUSAL(wrong_crc_of_queues),
	REFUSAL(duplicate_section),
	REFUSAL(missing_section),
	REFUSAL(trailing_bytes),
	REFUSAL(truncated),
	REFUSAL(reserved_byte),
	REFUSAL(overlapping_queues),
	REFUSAL(overlapping_admin_queue),
	REFUSAL(address_too_high),
	REFUSAL(address_wraps_around),
	REFUSAL(namespace_of_another_size),
	REFUSAL(another_serial_number),
};

const struct refusal *refusal_number(size_t index)
{
	return index < ARRAY_SIZE(refusals) ? &refusals[index] : NULL;
}

struct state refusal_state(const struct refusal *refusal)
{
	struct state state = scene_state(scene_named(REFUSAL_SCENE));

	refusal->edit(&state);
	return state;
}
