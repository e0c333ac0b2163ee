// SPDX-License-Identifier: BSD-2-Clause
/*
 * States that must not be loaded: damaged, foreign, impossible or malicious (R6, R18, R19). Each is
 * refused with a message, and the controller is afterwards byte for byte what it was.
 */
#include <stdio.h>

#include "state_editor.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

/**
 * struct target - a suspended controller with something in every part of its state
 * @queue: 1 with a full completion queue, unposted completions and commands not yet fetched; 2 idle
 * @state: what it saves, and what is edited
 */
struct target {
	struct rig *rig;
	struct nvmove_ctrl *ctrl;
	struct queue_pair queue[2];
	struct state state;
	struct nvmove_load_error error;
};

/** target_reserve() - a registration with each namespace, a reservation of one */
static void target_reserve(struct target *target, struct driver *driver)
{
	static const uint8_t host_id[16] = { 1, 2, 3 };
	uint8_t keys[16] = { 5 };

	put64(keys, 8, 5);
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = 1,
	}, host_id, sizeof(host_id)));
	guest_write(driver->memory, driver->scratch, keys, sizeof(keys));
	for (uint32_t nsid = 2; nsid <= 3; nsid++)
		assert_success(COMMAND(&target->queue[1], .opcode = NVM_IO_RESV_REGISTER,
				       .nsid = nsid, .prp1 = driver->scratch));
	assert_success(COMMAND(&target->queue[1], .opcode = NVM_IO_RESV_ACQUIRE, .nsid = 2,
			       .prp1 = driver->scratch, .cdw10 = NVM_RESV_WRITE_EXCLUSIVE << 8));
}

static void target_new(struct target *target)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct completion completion;
	int result;

	memset(target, 0, sizeof(*target));
	target->rig = rig;
	target->ctrl = rig->function[1].ctrl;
	driver_create_cq(driver, &target->queue[0].cq, 1, 4, 1);
	driver_create_sq(driver, &target->queue[0].sq, 1, 32, 1);
	driver_create_queue(driver, &target->queue[1], 2, 16, 2);
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 60000));
	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_CONFIG, 0, 1 << 16 | 3));
	assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	target_reserve(target, driver);
	driver_submit_aer(driver);
	rig_run(rig);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	completion = cq_take(&driver->admin.cq);
	assert_success(completion);
	driver_submit_aer(driver);
	driver_submit_aer(driver);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	rig_run(rig);
	assert_int_equal(nvmove_namespace_detach(target->ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(target->ctrl, 3), 0);
	rig_run(rig);
	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&target->queue[0].sq, &flush);
	sq_ring(&target->queue[0].sq);
	rig_run(rig);
	rig_suspend_begin(rig, 1, &result);
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&target->queue[0].sq, &flush);
	sq_ring(&target->queue[0].sq);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(result, 0);
	target->state = state_of(rig, 1);
}

/** target_free() - the controller must still be able to go on as if nothing had been loaded */
static void target_free(struct target *target)
{
	assert_true(nvmove_ctrl_is_suspended(target->ctrl));
	assert_int_equal(nvmove_ctrl_resume(target->ctrl), 0);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(cq_take(&target->queue[0].cq));
	cq_assert_empty(&target->queue[0].cq);
	assert_success(queue_command(&target->queue[1], &flush));
	state_free(&target->state);
	rig_free(target->rig);
}

/** in_use() - section numbers have gaps */
static bool in_use(const struct target *target, unsigned int type)
{
	return state_section(&target->state, type);
}

static int load(struct target *target, const struct state *state)
{
	uint8_t *exact = malloc(state->size ? state->size : 1);
	int result;

	/* A buffer of its own, so that the sanitizer sees a read beyond the end. */
	assert_non_null(exact);
	memcpy(exact, state->data, state->size);
	memset(&target->error, 0x5a, sizeof(target->error));
	result = nvmove_ctrl_load(target->ctrl, exact, state->size, &target->error);
	free(exact);
	return result;
}

static void assert_unchanged(struct target *target, const char *what)
{
	struct state now = state_of(target->rig, 1);

	if (now.size != target->state.size ||
	    memcmp(now.data, target->state.data, now.size))
		fail_msg("%s: the controller has changed", what);
	state_free(&now);
}

/** refused() - @state is refused with @expected, or any error if it is 0, and a message */
static void refused(struct target *target, const struct state *state, int expected,
		    const char *what)
{
	int result = load(target, state);

	if (result != -EBADMSG && result != -ENOTSUP)
		fail_msg("%s: load returned %d", what, result);
	if (expected && result != expected)
		fail_msg("%s: load returned %d, expected %d (%s)", what, result, expected,
			 target->error.text);
	if (!memchr(target->error.text, 0, sizeof(target->error.text)) || !target->error.text[0])
		fail_msg("%s: no message", what);
	assert_unchanged(target, what);
}

TEST_CASE(the_untouched_state_is_accepted)
{
	struct target target;

	target_new(&target);
	assert_int_equal(load(&target, &target.state), 0);
	target_free(&target);
}

TEST_CASE(the_editor_seals_what_it_did_not_change)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	state_seal(&copy);
	assert_memory_equal(copy.data, target.state.data, copy.size);
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(every_truncation_is_refused)
{
	struct target target;

	target_new(&target);
	for (size_t size = 0; size < target.state.size; size++) {
		struct state shorter = { target.state.data, size };

		refused(&target, &shorter, -EBADMSG, "truncated");
	}
	target_free(&target);
}

TEST_CASE(trailing_bytes_are_refused)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	for (unsigned int i = 0; i < 8; i++) {
		state_insert(&copy, copy.size, NULL, 1);
		refused(&target, &copy, -EBADMSG, "trailing bytes");
	}
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(bytes_behind_the_last_section_are_refused)
{
	struct target target;

	target_new(&target);
	for (unsigned int len = 4; len <= 64; len += 4) {
		struct state copy = state_copy(&target.state);

		state_insert(&copy, copy.size, NULL, len);
		put64(copy.data, 32, (copy.size - state_vendor(&copy)) / 4);
		state_seal(&copy);
		refused(&target, &copy, -EBADMSG, "bytes behind the last section");
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(every_flipped_bit_is_refused)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	for (size_t bit = 0; bit < copy.size * 8; bit++) {
		copy.data[bit / 8] ^= 1 << bit % 8;
		if (!load(&target, &copy))
			fail_msg("bit %zu of byte %zu flipped: accepted", bit % 8, bit / 8);
		copy.data[bit / 8] ^= 1 << bit % 8;
	}
	assert_unchanged(&target, "flipped bits");
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(other_container_versions_are_refused)
{
	static const size_t version[] = { 0, sizeof(struct nvmove_cstate_header) };
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < ARRAY_SIZE(version); i++) {
		struct state copy = state_copy(&target.state);

		put16(copy.data, version[i], 1);
		state_seal(&copy);
		refused(&target, &copy, 0, "container version 1");
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(impossible_sizes_are_refused)
{
	static const struct {
		size_t at;
		uint64_t value;
	} bad[] = {
		{ 16, 0 }, { 16, 1 }, { 16, UINT64_MAX }, { 16, 1ull << 62 }, { 16, 1ull << 32 },
		{ 24, 1 }, { 24, 1ull << 63 }, { 32, 0 }, { 32, 7 }, { 32, UINT64_MAX },
		{ 32, 1ull << 62 }, { 32, 1ull << 32 }, { 40, 1 }, { 40, UINT64_MAX },
	};
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct state copy = state_copy(&target.state);
		size_t vendor = state_vendor(&copy);

		put64(copy.data, bad[i].at, bad[i].value);
		put32(copy.data, vendor + 24, state_crc32c(copy.data, vendor));
		put32(copy.data, vendor + 28, 0);
		put32(copy.data, vendor + 28, state_crc32c(copy.data + vendor, 32));
		refused(&target, &copy, -EBADMSG, "impossible size");
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(impossible_counts_are_refused)
{
	static const uint16_t counts[] = { 0, 1, 3, 100, 0xffff };
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < ARRAY_SIZE(counts) * 2; i++) {
		struct state copy = state_copy(&target.state);

		put16(copy.data, 50 + i % 2 * 2, counts[i / 2]);
		state_seal(&copy);
		refused(&target, &copy, 0, "queue count");
		state_free(&copy);
	}
	for (uint32_t n = 0; n < 64; n++) {
		struct state copy = state_copy(&target.state);
		size_t at = state_vendor(&copy) + 20;

		if (n != get32(copy.data, at)) {
			put32(copy.data, at, n < 60 ? n : UINT32_MAX - (n - 60));
			put32(copy.data, at + 8, 0);
			put32(copy.data, at + 8, state_crc32c(copy.data + at - 20, 32));
			refused(&target, &copy, -EBADMSG, "section count");
		}
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(foreign_vendor_data_is_refused)
{
	struct target target;
	struct state copy;
	size_t vendor;

	target_new(&target);
	copy = state_copy(&target.state);
	vendor = state_vendor(&copy);
	copy.data[vendor] ^= 0xff;
	state_seal(&copy);
	refused(&target, &copy, 0, "another UUID");
	state_free(&copy);

	copy = state_copy(&target.state);
	put16(copy.data, vendor + 16, NVMOVE_CSTATE_MAJOR + 1);
	state_seal(&copy);
	refused(&target, &copy, -ENOTSUP, "a newer major version");
	put16(copy.data, vendor + 16, 0);
	state_seal(&copy);
	refused(&target, &copy, -ENOTSUP, "an older major version");
	state_free(&copy);

	copy = state_copy(&target.state);
	state_remove(&copy, vendor, copy.size - vendor);
	put64(copy.data, 32, 0);
	refused(&target, &copy, 0, "no vendor data");
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(a_newer_minor_version_is_accepted)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	put16(copy.data, state_vendor(&copy) + 18, NVMOVE_CSTATE_MINOR + 1);
	state_seal(&copy);
	assert_int_equal(load(&target, &copy), 0);
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(an_unknown_required_section_is_refused_by_name)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	state_add_section(&copy, 4711, 1, 0, "payload", 8);
	refused(&target, &copy, -ENOTSUP, "unknown required section");
	assert_int_equal(target.error.section, 4711);
	assert_non_null(strstr(target.error.text, "4711"));
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(an_unknown_skippable_section_is_skipped)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	state_add_section(&copy, 4711, 9, NVMOVE_CSTATE_F_SKIPPABLE, "payload", 8);
	assert_int_equal(load(&target, &copy), 0);
	state_free(&copy);
	copy = state_copy(&target.state);
	state_add_section(&copy, 4711, 9, NVMOVE_CSTATE_F_SKIPPABLE, NULL, 0);
	state_add_section(&copy, 4712, 9, NVMOVE_CSTATE_F_SKIPPABLE, NULL, 4096);
	assert_int_equal(load(&target, &copy), 0);
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(a_damaged_skippable_section_is_refused)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	state_add_section(&copy, 4711, 9, NVMOVE_CSTATE_F_SKIPPABLE, "payload", 8);
	copy.data[copy.size - 1] ^= 1;
	refused(&target, &copy, -EBADMSG, "damaged skippable section");
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(a_section_that_comes_twice_is_refused)
{
	struct target target;

	target_new(&target);
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		struct state copy = state_copy(&target.state);
		uint8_t *payload;
		size_t len;

		if (state_section(&copy, type)) {
			payload = malloc(64 << 10);
			assert_non_null(payload);
			memcpy(payload, state_payload(&copy, type, &len),
			       get32(copy.data, state_section(&copy, type) + 8));
			state_add_section(&copy, type, 1, 0, payload, len);
			free(payload);
			refused(&target, &copy, -EBADMSG, "section twice");
			assert_int_equal(target.error.section, type);
		}
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(a_missing_section_is_refused)
{
	struct target target;

	target_new(&target);
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		struct state copy;

		if (!in_use(&target, type))
			continue;
		copy = state_copy(&target.state);
		state_drop_section(&copy, type);
		refused(&target, &copy, -EBADMSG, "section missing");
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(another_section_version_is_refused)
{
	struct target target;

	target_new(&target);
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		static const uint16_t versions[] = { 0, 2, 0xffff };

		for (size_t i = 0; in_use(&target, type) && i < ARRAY_SIZE(versions);
		     i++) {
			struct state copy = state_copy(&target.state);

			put16(copy.data, state_section(&copy, type) + 2, versions[i]);
			state_seal(&copy);
			refused(&target, &copy, -ENOTSUP, "section version");
			assert_int_equal(target.error.section, type);
			state_free(&copy);
		}
	}
	target_free(&target);
}

TEST_CASE(unknown_section_flags_are_refused)
{
	struct target target;

	target_new(&target);
	for (unsigned int bit = 1; bit < 32; bit++) {
		struct state copy = state_copy(&target.state);

		put32(copy.data, state_section(&copy, NVMOVE_CSTATE_FEATURES) + 4, 1u << bit);
		state_seal(&copy);
		refused(&target, &copy, 0, "section flags");
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(a_section_of_any_other_length_is_refused)
{
	struct target target;

	target_new(&target);
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		size_t len;

		if (!in_use(&target, type))
			continue;
		state_payload(&target.state, type, &len);
		for (int change = -8; change <= 8; change += 4) {
			struct state copy;

			/* A shorter list of changed namespaces is still a list. */
			if (type == NVMOVE_CSTATE_CHANGED_NS && change < 0)
				continue;
			copy = state_copy(&target.state);
			if (change && (int)len + change >= 0) {
				char what[96];

				snprintf(what, sizeof(what), "section %u of %zu bytes, now %zu",
					 type, len, len + change);
				state_resize_section(&copy, type, len + change);
				refused(&target, &copy, -EBADMSG, what);
				assert_int_equal(target.error.section, type);
			}
			state_free(&copy);
		}
	}
	target_free(&target);
}

TEST_CASE(section_lengths_that_lie_are_refused)
{
	static const uint32_t lengths[] = { 1, 2, 3, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc,
					    0xffffffff };
	struct target target;

	target_new(&target);
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		for (size_t i = 0; in_use(&target, type) && i < ARRAY_SIZE(lengths); i++) {
			struct state copy = state_copy(&target.state);

			put32(copy.data, state_section(&copy, type) + 8, lengths[i]);
			refused(&target, &copy, -EBADMSG, "section length");
			state_free(&copy);
		}
	}
	target_free(&target);
}

/** struct field - one field of a section, by offset and size */
struct field {
	const char *name;
	size_t offset;
	size_t size;
};

#define FIELD(type, member)	{ #member, offsetof(struct type, member), \
				  sizeof(((struct type *)0)->member) }

TEST_CASE(another_identity_is_refused_field_by_field)
{
	static const struct field fields[] = {
		FIELD(nvmove_cstate_identity, subnqn),
		FIELD(nvmove_cstate_identity, serial),
		FIELD(nvmove_cstate_identity, model),
		FIELD(nvmove_cstate_identity, firmware),
		FIELD(nvmove_cstate_identity, vendor_id),
		FIELD(nvmove_cstate_identity, subsystem_vendor_id),
		FIELD(nvmove_cstate_identity, ieee_oui),
		FIELD(nvmove_cstate_identity, mdts),
		FIELD(nvmove_cstate_identity, cntlid),
		FIELD(nvmove_cstate_identity, num_queues),
		FIELD(nvmove_cstate_identity, num_vectors),
		FIELD(nvmove_cstate_identity, version),
		FIELD(nvmove_cstate_identity, num_namespaces),
		FIELD(nvmove_cstate_identity, cap),
	};
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		for (size_t byte = 0; byte < fields[i].size; byte += fields[i].size / 3 + 1) {
			struct state copy = state_copy(&target.state);
			uint8_t *payload = state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL);

			payload[fields[i].offset + byte] ^= 1;
			state_seal(&copy);
			refused(&target, &copy, -ENOTSUP, fields[i].name);
			assert_int_equal(target.error.section, NVMOVE_CSTATE_IDENTITY);
			state_free(&copy);
		}
	}
	target_free(&target);
}

TEST_CASE(the_message_has_both_values)
{
	struct target target;
	struct state copy;
	uint8_t *payload;

	target_new(&target);
	copy = state_copy(&target.state);
	payload = state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL);
	memcpy(payload + offsetof(struct nvmove_cstate_identity, serial), "OTHER999", 8);
	state_seal(&copy);
	refused(&target, &copy, -ENOTSUP, "serial");
	assert_non_null(strstr(target.error.text, "serial"));
	assert_non_null(strstr(target.error.text, "UNIT0001"));
	assert_non_null(strstr(target.error.text, "OTHER999"));
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(a_message_never_passes_on_control_characters)
{
	static const char nasty[8] = { 27, '[', '2', 'J', 10, 13, 7, (char)200 };
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	memcpy(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL) +
	       offsetof(struct nvmove_cstate_identity, serial), nasty, sizeof(nasty));
	memset(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL), 'A', 256);
	state_seal(&copy);
	refused(&target, &copy, 0, "an identity without an end");
	memcpy(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL),
	       state_payload(&target.state, NVMOVE_CSTATE_IDENTITY, NULL), 256);
	state_seal(&copy);
	refused(&target, &copy, -ENOTSUP, "control characters");
	for (const char *at = target.error.text; *at; at++)
		assert_in_range((unsigned char)*at, 32, 126);
	state_free(&copy);
	target_free(&target);
}

/** struct edit - a value put somewhere into a section's payload */
struct edit {
	const char *what;
	unsigned int section;
	size_t offset;
	unsigned int size;
	uint64_t value;
};

static void put(uint8_t *data, const struct edit *edit)
{
	for (unsigned int i = 0; i < edit->size; i++)
		data[edit->offset + i] = edit->value >> 8 * i;
}

static void edits_refused(const struct edit *edits, size_t count)
{
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < count; i++) {
		struct state copy = state_copy(&target.state);
		size_t len;
		uint8_t *payload = state_payload(&copy, edits[i].section, &len);

		assert_true(edits[i].offset + edits[i].size <= len);
		put(payload, &edits[i]);
		if (!memcmp(copy.data, target.state.data, copy.size))
			fail_msg("%s: the edit changes nothing", edits[i].what);
		state_seal(&copy);
		refused(&target, &copy, 0, edits[i].what);
		if (target.error.section != edits[i].section)
			fail_msg("%s: message blames section %u: %s", edits[i].what,
				 target.error.section, target.error.text);
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(impossible_registers_are_refused)
{
	static const struct edit edits[] = {
		{ "reserved CC bits", NVMOVE_CSTATE_REGISTERS, 0, 4, 0xff46000f },
		{ "CC.MPS 15", NVMOVE_CSTATE_REGISTERS, 0, 4, 0x460781 },
		{ "CC.CSS reserved", NVMOVE_CSTATE_REGISTERS, 0, 4, 0x460011 },
		{ "CC.AMS reserved", NVMOVE_CSTATE_REGISTERS, 0, 4, 0x460801 },
		{ "ready and not enabled", NVMOVE_CSTATE_REGISTERS, 0, 4, 0x460000 },
		{ "reserved CSTS bits", NVMOVE_CSTATE_REGISTERS, 4, 4, 0x80000001 },
		{ "shutdown status 3", NVMOVE_CSTATE_REGISTERS, 4, 4, 0xd },
		{ "AQA of one entry", NVMOVE_CSTATE_REGISTERS, 8, 4, 0x1f0000 },
		{ "reserved AQA bits", NVMOVE_CSTATE_REGISTERS, 8, 4, 0xf01f001f },
		{ "ASQ not aligned", NVMOVE_CSTATE_REGISTERS, 16, 8, 0x1004 },
		{ "ACQ not aligned", NVMOVE_CSTATE_REGISTERS, 24, 8, 0x1010 },
	};

	edits_refused(edits, ARRAY_SIZE(edits));
}

TEST_CASE(impossible_admin_queue_positions_are_refused)
{
	static const struct edit edits[] = {
		{ "SQ head", NVMOVE_CSTATE_ADMIN_QUEUE, 0, 2, 32 },
		{ "SQ tail", NVMOVE_CSTATE_ADMIN_QUEUE, 2, 2, 0xffff },
		{ "CQ head", NVMOVE_CSTATE_ADMIN_QUEUE, 4, 2, 32 },
		{ "CQ tail", NVMOVE_CSTATE_ADMIN_QUEUE, 6, 2, 32 },
		{ "reserved flags", NVMOVE_CSTATE_ADMIN_QUEUE, 8, 2, 0x8003 },
		{ "not valid while enabled", NVMOVE_CSTATE_ADMIN_QUEUE, 8, 2, 0 },
	};

	edits_refused(edits, ARRAY_SIZE(edits));
}

TEST_CASE(impossible_events_are_refused)
{
	static const struct edit edits[] = {
		{ "more requests than AERL", NVMOVE_CSTATE_EVENTS, 0, 2, 5 },
		{ "requests that are not there", NVMOVE_CSTATE_EVENTS, 0, 2, 0xffff },
		{ "events that are not there", NVMOVE_CSTATE_EVENTS, 2, 2, 0xffff },
		{ "reserved types masked", NVMOVE_CSTATE_EVENTS, 4, 4, 0xffffffff },
	};

	edits_refused(edits, ARRAY_SIZE(edits));
}

TEST_CASE(impossible_logs_are_refused)
{
	static const struct edit edits[] = {
		{ "more entries than the log has", NVMOVE_CSTATE_ERROR_LOG, 8, 4, 64 },
		{ "entries that are not there", NVMOVE_CSTATE_ERROR_LOG, 8, 4, 0xffffffff },
		{ "namespace 0 changed", NVMOVE_CSTATE_CHANGED_NS, 0, 4, 0 },
		{ "namespace beyond NN changed", NVMOVE_CSTATE_CHANGED_NS, 0, 4, MAX_NSID + 1 },
	};

	edits_refused(edits, ARRAY_SIZE(edits));
}

TEST_CASE(impossible_unposted_completions_are_refused)
{
	static const struct edit edits[] = {
		{ "queue that does not exist", NVMOVE_CSTATE_UNPOSTED, 0, 2, 3 },
		{ "queue beyond the last", NVMOVE_CSTATE_UNPOSTED, 0, 2, 0xffff },
		{ "phase tag set", NVMOVE_CSTATE_UNPOSTED, 4 + 14, 2, 1 },
	};

	edits_refused(edits, ARRAY_SIZE(edits));
}

TEST_CASE(more_unposted_completions_than_can_be_under_way_are_refused)
{
	struct target target;
	struct state copy;
	size_t len, at;

	target_new(&target);
	copy = state_copy(&target.state);
	state_payload(&copy, NVMOVE_CSTATE_UNPOSTED, &len);
	state_resize_section(&copy, NVMOVE_CSTATE_UNPOSTED, 20 * 70000);
	for (at = len; at < 20 * 70000; at += 20)
		memcpy(state_payload(&copy, NVMOVE_CSTATE_UNPOSTED, NULL) + at,
		       state_payload(&copy, NVMOVE_CSTATE_UNPOSTED, NULL), 20);
	state_seal(&copy);
	refused(&target, &copy, 0, "70,000 unposted completions");
	assert_int_equal(target.error.section, NVMOVE_CSTATE_UNPOSTED);
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(impossible_timers_are_refused)
{
	static const struct edit edits[] = {
		{ "timestamp of 49 bits", NVMOVE_CSTATE_TIMERS,
		  offsetof(struct nvmove_cstate_timers, timestamp_ms), 8, 1ull << 48 },
		{ "a millisecond of nanoseconds", NVMOVE_CSTATE_TIMERS,
		  offsetof(struct nvmove_cstate_timers, timestamp_ns), 4, 1000000 },
		{ "reserved origin", NVMOVE_CSTATE_TIMERS,
		  offsetof(struct nvmove_cstate_timers, timestamp_origin), 1, 2 },
		{ "reserved synch", NVMOVE_CSTATE_TIMERS,
		  offsetof(struct nvmove_cstate_timers, timestamp_synch), 1, 2 },
	};

	edits_refused(edits, ARRAY_SIZE(edits));
}

/** edit_feature() - refuse a state whose entry for @fid has @value at @offset of the entry */
static void edit_feature(struct target *target, unsigned int fid, size_t offset,
			 unsigned int size, uint64_t value, const char *what)
{
	struct state copy = state_copy(&target->state);
	uint8_t *payload;
	size_t len, at = 0;

	payload = state_payload(&copy, NVMOVE_CSTATE_FEATURES, &len);
	while (at < len && payload[at] != fid)
		at += sizeof(struct nvmove_cstate_feature) + get32(payload, at + 12);
	if (at >= len)
		fail_msg("%s: feature %#x is not in the state", what, fid);
	put(payload, &(struct edit){ what, 0, at + offset, size, value });
	state_seal(&copy);
	refused(target, &copy, 0, what);
	assert_int_equal(target->error.section, NVMOVE_CSTATE_FEATURES);
	state_free(&copy);
}

TEST_CASE(impossible_features_are_refused)
{
	struct target target;

	target_new(&target);
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 0, 1, 0x3f, "unknown feature");
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 0, 1, 0x01, "feature twice");
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 2, 2, 1, "selector without meaning");
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 4, 4, 1, "namespace without meaning");
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 8, 4, 2, "reserved bit of a value");
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 12, 4, 4, "data of a simple feature");
	edit_feature(&target, NVM_FEAT_VOLATILE_WC, 12, 4, 0xfffffffc, "data beyond the section");
	edit_feature(&target, NVM_FEAT_POWER_MGMT, 8, 4, 1, "power state beyond NPSS");
	edit_feature(&target, NVM_FEAT_NUM_QUEUES, 8, 4, 4 << 16 | 3, "more queues than there are");
	edit_feature(&target, NVM_FEAT_NUM_QUEUES, 8, 4, 0xffffffff, "65,536 queues");
	edit_feature(&target, NVM_FEAT_IRQ_CONFIG, 2, 2, 5, "vector beyond the last");
	edit_feature(&target, NVM_FEAT_IOCS_PROFILE, 8, 4, 1, "command set combination");
	edit_feature(&target, NVM_FEAT_IRQ_CONFIG, 4, 4, 1, "vector of a namespace");
	edit_feature(&target, NVM_FEAT_IRQ_CONFIG, 8, 4, 1 << 17 | 3, "reserved bit of a vector");
	edit_feature(&target, NVM_FEAT_HOST_BEHAVIOR, 2, 2, 1, "host behaviour with a selector");
	edit_feature(&target, NVM_FEAT_HOST_BEHAVIOR, 4, 4, 1, "host behaviour of a namespace");
	edit_feature(&target, NVM_FEAT_HOST_BEHAVIOR, 8, 4, 1, "host behaviour with a value");
	edit_feature(&target, NVM_FEAT_HOST_ID, 2, 2, 1, "host identifier with a selector");
	edit_feature(&target, NVM_FEAT_HOST_ID, 4, 4, 1, "host identifier of a namespace");
	edit_feature(&target, NVM_FEAT_HOST_ID, 12, 4, 8, "short host identifier");
	target_free(&target);
}

/** with_host_behavior() - the target's state, but for @len bytes of data of feature 16h */
static struct state with_host_behavior(const struct target *target, const uint8_t *data,
				       uint32_t len)
{
	struct state copy = state_copy(&target->state);
	size_t old_len, at = 0, behind;
	uint8_t *payload = state_payload(&copy, NVMOVE_CSTATE_FEATURES, &old_len);

	while (payload[at] != NVM_FEAT_HOST_BEHAVIOR)
		at += sizeof(struct nvmove_cstate_feature) + get32(payload, at + 12);
	assert_int_equal(get32(payload, at + 12), 0);
	put32(payload, at + 12, len);
	behind = at + sizeof(struct nvmove_cstate_feature);
	state_resize_section(&copy, NVMOVE_CSTATE_FEATURES, old_len + len);
	payload = state_payload(&copy, NVMOVE_CSTATE_FEATURES, NULL);
	memmove(payload + behind + len, payload + behind, old_len - behind);
	memcpy(payload + behind, data, len);
	state_seal(&copy);
	return copy;
}

TEST_CASE(host_behavior_has_one_form)
{
	static const struct {
		uint32_t len;
		uint32_t set_at;	/* the byte that is @value, all others are 0 */
		uint8_t value;
		const char *text;
	} cases[] = {
		{ 4, 0, 0, "feature 16h: 0 bytes without trailing zeroes here, 4 in the stream" },
		{ 512, 0, 0,
		  "feature 16h: 0 bytes without trailing zeroes here, 512 in the stream" },
		{ 8, 0, 1, "feature 16h: 4 bytes without trailing zeroes here, 8 in the stream" },
		{ 512, 0, 1, "feature 16h: 4 bytes without trailing zeroes here, 512 in the stream" },
		{ 512, 507, 1,
		  "feature 16h: 508 bytes without trailing zeroes here, 512 in the stream" },
		{ 4, 0, 2, "feature 16h: current value 0, nsid 0, selector 0, 4 bytes cannot" },
		{ 516, 515, 1, "feature 16h: current value 0, nsid 0, selector 0, 516 bytes cannot" },
		{ 4, 1, 1, "feature 16h: reserved byte" },
		{ 8, 7, 1, "feature 16h: reserved byte" },
		{ 512, 511, 1, "feature 16h: reserved byte" },
	};
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t data[516] = { 0 };
		struct state copy;

		data[cases[i].set_at] = cases[i].value;
		copy = with_host_behavior(&target, data, cases[i].len);
		refused(&target, &copy, 0, cases[i].text);
		assert_int_equal(target.error.section, NVMOVE_CSTATE_FEATURES);
		if (!strstr(target.error.text, cases[i].text))
			fail_msg("\"%s\" does not say \"%s\"", target.error.text, cases[i].text);
		state_free(&copy);
	}
	target_free(&target);
}

/** edit_queue() - refuse a state with @value at @at of the NVMe Controller State */
static void edit_queue(struct target *target, size_t at, unsigned int size, uint64_t value,
		       const char *what)
{
	struct state copy = state_copy(&target->state);

	put(copy.data, &(struct edit){ what, 0, at, size, value });
	if (!memcmp(copy.data, target->state.data, copy.size))
		fail_msg("%s: the edit changes nothing", what);
	state_seal(&copy);
	refused(target, &copy, 0, what);
	state_free(&copy);
}

TEST_CASE(impossible_submission_queues_are_refused)
{
	struct target target;
	size_t sq;

	target_new(&target);
	sq = state_sq(&target.state, 0);
	edit_queue(&target, sq, 8, target.queue[0].sq.addr + 64, "address not aligned");
	edit_queue(&target, state_sq(&target.state, 1) + 8, 2, 0, "one entry");
	edit_queue(&target, sq + 8, 2, 1024, "more entries than MQES");
	edit_queue(&target, sq + 8, 2, 0xffff, "64 Ki entries");
	edit_queue(&target, sq + 10, 2, 0, "queue id 0");
	edit_queue(&target, sq + 10, 2, 2, "queue id twice");
	edit_queue(&target, sq + 10, 2, 3, "queue ids not ascending");
	edit_queue(&target, state_sq(&target.state, 1) + 10, 2, 5, "queue id beyond the last");
	edit_queue(&target, sq + 12, 2, 0, "the admin completion queue");
	edit_queue(&target, sq + 12, 2, 3, "no such completion queue");
	edit_queue(&target, sq + 12, 2, 0xffff, "completion queue beyond the last");
	edit_queue(&target, sq + 14, 2, 0, "not contiguous");
	edit_queue(&target, sq + 14, 2, 0xff01, "reserved attributes");
	edit_queue(&target, sq + 16, 2, 32, "head beyond the queue");
	edit_queue(&target, sq + 18, 2, 32, "tail beyond the queue");
	edit_queue(&target, sq + 18, 2, 0xffff, "tail far beyond the queue");
	edit_queue(&target, sq + 20, 4, 1, "reserved bytes");
	target_free(&target);
}

TEST_CASE(impossible_completion_queues_are_refused)
{
	struct target target;
	size_t cq;

	target_new(&target);
	cq = state_cq(&target.state, 0);
	edit_queue(&target, cq, 8, target.queue[0].cq.addr + 16, "address not aligned");
	edit_queue(&target, state_cq(&target.state, 1) + 8, 2, 0, "one entry");
	edit_queue(&target, cq + 8, 2, 1024, "more entries than MQES");
	edit_queue(&target, cq + 10, 2, 0, "queue id 0");
	edit_queue(&target, cq + 10, 2, 2, "queue id twice");
	edit_queue(&target, state_cq(&target.state, 1) + 10, 2, 5, "queue id beyond the last");
	edit_queue(&target, cq + 12, 2, 4, "head beyond the queue");
	edit_queue(&target, cq + 14, 2, 4, "tail beyond the queue");
	edit_queue(&target, cq + 16, 4, 1 << 16 | 2, "not contiguous");
	edit_queue(&target, cq + 16, 4, 5 << 16 | 3, "vector beyond the last");
	edit_queue(&target, cq + 16, 4, 0xffff0003, "vector FFFFh");
	edit_queue(&target, cq + 16, 4, 1 << 16 | 0xff03, "reserved attributes");
	edit_queue(&target, cq + 20, 4, 1, "reserved bytes");
	target_free(&target);
}

TEST_CASE(queues_of_a_disabled_controller_are_refused)
{
	struct target target;
	struct state copy;
	uint8_t *registers, *admin;

	target_new(&target);
	copy = state_copy(&target.state);
	registers = state_payload(&copy, NVMOVE_CSTATE_REGISTERS, NULL);
	put32(registers, 0, 0);
	put32(registers, 4, 0);
	admin = state_payload(&copy, NVMOVE_CSTATE_ADMIN_QUEUE, NULL);
	memset(admin, 0, sizeof(struct nvmove_cstate_admin_queue));
	state_seal(&copy);
	refused(&target, &copy, 0, "queues of a disabled controller");
	state_free(&copy);
	target_free(&target);
}

/** namespace_refused() - a state of a default rig does not fit a host with @options */
static void namespace_refused(struct rig_options options, const char *word)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct nvmove_load_error error;
	struct state before, after, state;

	rig_suspend(source, 1);
	state = state_of(source, 1);
	destination = rig_new_secondaries(&options, 1);
	rig_suspend(destination, 1);
	before = state_of(destination, 1);
	assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, state.data, state.size,
					  &error), -ENOTSUP);
	assert_int_equal(error.section, NVMOVE_CSTATE_NAMESPACES);
	if (!strstr(error.text, word))
		fail_msg("the message has no \"%s\": %s", word, error.text);
	after = state_of(destination, 1);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.data, before.data, before.size);
	state_free(&before);
	state_free(&after);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_smaller_namespace_is_refused)
{
	namespace_refused((struct rig_options){ .namespace_bytes = { [3] = (1 << 20) - 512 } },
			  "2047");
	namespace_refused((struct rig_options){ .namespace_bytes = { [2] = 1 << 20 } }, "256");
}

TEST_CASE(a_larger_namespace_is_refused)
{
	namespace_refused((struct rig_options){ .namespace_bytes = { [3] = 2 << 20 } }, "4096");
}

TEST_CASE(another_block_size_is_refused)
{
	namespace_refused((struct rig_options){ .lba_shift = { [3] = 12 } }, "2^12");
}

TEST_CASE(another_namespace_uuid_is_refused)
{
	namespace_refused((struct rig_options){ .uuid_byte = { [3] = 0x77 } }, "7777");
}

TEST_CASE(a_namespace_that_the_destination_does_not_have_is_refused)
{
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	put32(state_payload(&copy, NVMOVE_CSTATE_NAMESPACES, NULL), 56, 5);
	state_seal(&copy);
	refused(&target, &copy, -ENOTSUP, "namespace 5");
	assert_int_equal(target.error.section, NVMOVE_CSTATE_NAMESPACES);
	put32(state_payload(&copy, NVMOVE_CSTATE_NAMESPACES, NULL), 56, 0xffffffff);
	state_seal(&copy);
	refused(&target, &copy, 0, "namespace FFFFFFFFh");
	put32(state_payload(&copy, NVMOVE_CSTATE_NAMESPACES, NULL), 56, 2);
	state_seal(&copy);
	refused(&target, &copy, 0, "namespace 2 twice");
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(fewer_resources_on_the_destination_are_refused)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct nvmove_load_error error;
	struct state state;

	rig_suspend(source, 1);
	state = state_of(source, 1);
	for (unsigned int i = 0; i < 2; i++) {
		destination = rig_new_destination(source, 0);
		rig_online(destination, 1, i ? 5 : 4, i ? 4 : 5);
		rig_suspend(destination, 1);
		assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, state.data,
						  state.size, &error), -ENOTSUP);
		assert_int_equal(error.section, NVMOVE_CSTATE_IDENTITY);
		assert_non_null(strstr(error.text, "4"));
		assert_non_null(strstr(error.text, "5"));
		rig_free(destination);
	}
	state_free(&state);
	rig_free(source);
}

TEST_CASE(the_state_of_another_controller_of_the_subsystem_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct nvmove_load_error error;
	struct state state;

	rig_suspend(rig, 1);
	rig_suspend(rig, 2);
	state = state_of(rig, 1);
	assert_int_equal(nvmove_ctrl_load(rig->function[2].ctrl, state.data, state.size, &error),
			 -ENOTSUP);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(garbage_is_refused)
{
	uint8_t *garbage = malloc(1 << 16);
	uint32_t random = 1;
	struct target target;

	assert_non_null(garbage);
	target_new(&target);
	for (unsigned int round = 0; round < 200; round++) {
		struct state state = { garbage, (round * 331) & 0xffff };

		for (size_t i = 0; i < state.size; i++) {
			random = random * 1664525 + 1013904223;
			garbage[i] = round & 1 ? random >> 24 : 0;
		}
		refused(&target, &state, 0, "garbage");
	}
	free(garbage);
	target_free(&target);
}

TEST_CASE(sealed_mutations_are_refused_or_loaded_whole)
{
	uint32_t random = 20261121;
	unsigned int accepted = 0;
	struct target target;

	target_new(&target);
	for (unsigned int round = 0; round < 5000; round++) {
		struct state copy = state_copy(&target.state), after;

		for (unsigned int n = 0; n < 1 + round % 3; n++) {
			random = random * 1664525 + 1013904223;
			copy.data[(random >> 8) % copy.size] ^= 1 << (random & 7);
			random = random * 1664525 + 1013904223;
			if (random >> 30 == 0)
				copy.data[(random >> 8) % copy.size] = random & 1 ? 0xff : 0;
		}
		if (state_vendor(&copy) + 32 <= copy.size)
			state_seal(&copy);
		if (load(&target, &copy)) {
			assert_unchanged(&target, "mutation");
		} else {
			accepted++;
			after = state_of(target.rig, 1);
			assert_int_equal(load(&target, &after), 0);
			state_free(&after);
			assert_int_equal(load(&target, &target.state), 0);
			after = state_of(target.rig, 1);
			state_free(&target.state);
			target.state = after;
		}
		state_free(&copy);
	}
	assert_in_range(accepted, 1, 4999);
	target_free(&target);
}

RUN_TESTS("load_refusals",
	  cmocka_unit_test(the_untouched_state_is_accepted),
	  cmocka_unit_test(the_editor_seals_what_it_did_not_change),
	  cmocka_unit_test(every_truncation_is_refused),
	  cmocka_unit_test(trailing_bytes_are_refused),
	  cmocka_unit_test(bytes_behind_the_last_section_are_refused),
	  cmocka_unit_test(every_flipped_bit_is_refused),
	  cmocka_unit_test(other_container_versions_are_refused),
	  cmocka_unit_test(impossible_sizes_are_refused),
	  cmocka_unit_test(impossible_counts_are_refused),
	  cmocka_unit_test(foreign_vendor_data_is_refused),
	  cmocka_unit_test(a_newer_minor_version_is_accepted),
	  cmocka_unit_test(an_unknown_required_section_is_refused_by_name),
	  cmocka_unit_test(an_unknown_skippable_section_is_skipped),
	  cmocka_unit_test(a_damaged_skippable_section_is_refused),
	  cmocka_unit_test(a_section_that_comes_twice_is_refused),
	  cmocka_unit_test(a_missing_section_is_refused),
	  cmocka_unit_test(another_section_version_is_refused),
	  cmocka_unit_test(unknown_section_flags_are_refused),
	  cmocka_unit_test(a_section_of_any_other_length_is_refused),
	  cmocka_unit_test(section_lengths_that_lie_are_refused),
	  cmocka_unit_test(another_identity_is_refused_field_by_field),
	  cmocka_unit_test(the_message_has_both_values),
	  cmocka_unit_test(a_message_never_passes_on_control_characters),
	  cmocka_unit_test(impossible_registers_are_refused),
	  cmocka_unit_test(impossible_admin_queue_positions_are_refused),
	  cmocka_unit_test(impossible_events_are_refused),
	  cmocka_unit_test(impossible_logs_are_refused),
	  cmocka_unit_test(impossible_unposted_completions_are_refused),
	  cmocka_unit_test(more_unposted_completions_than_can_be_under_way_are_refused),
	  cmocka_unit_test(impossible_timers_are_refused),
	  cmocka_unit_test(impossible_features_are_refused),
	  cmocka_unit_test(host_behavior_has_one_form),
	  cmocka_unit_test(impossible_submission_queues_are_refused),
	  cmocka_unit_test(impossible_completion_queues_are_refused),
	  cmocka_unit_test(queues_of_a_disabled_controller_are_refused),
	  cmocka_unit_test(a_smaller_namespace_is_refused),
	  cmocka_unit_test(a_larger_namespace_is_refused),
	  cmocka_unit_test(another_block_size_is_refused),
	  cmocka_unit_test(another_namespace_uuid_is_refused),
	  cmocka_unit_test(a_namespace_that_the_destination_does_not_have_is_refused),
	  cmocka_unit_test(fewer_resources_on_the_destination_are_refused),
	  cmocka_unit_test(the_state_of_another_controller_of_the_subsystem_is_refused),
	  cmocka_unit_test(garbage_is_refused),
	  cmocka_unit_test(sealed_mutations_are_refused_or_loaded_whole));
