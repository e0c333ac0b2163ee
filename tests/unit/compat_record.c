// SPDX-License-Identifier: BSD-2-Clause
/*
 * R20: the compatibility record says what a controller is and could be, and is read with the
 * distrust that anything from outside deserves.
 */
#include <stdio.h>

#include <nvmove/compat.h>

#include "harness.h"
#include "state_editor.h"

#define AT(member)	offsetof(struct nvmove_compat, member)
#define IDENTITY(member) (AT(identity) + offsetof(struct nvmove_cstate_identity, member))
#define LIMIT(member)	(AT(limits) + offsetof(struct nvmove_compat_limits, member))

/** struct record - a record in memory of exactly its size */
struct record {
	uint8_t *data;
	size_t size;
};

static struct record record_of(struct rig *rig, unsigned int index)
{
	const struct nvmove_ctrl *ctrl = rig->function[index].ctrl;
	struct record record = { .size = nvmove_ctrl_compat_size(ctrl) };

	record.data = malloc(record.size);
	assert_non_null(record.data);
	assert_int_equal(nvmove_ctrl_compat_record(ctrl, record.data, record.size), record.size);
	return record;
}

static void seal(struct record *record)
{
	put32(record->data, AT(crc), 0);
	put32(record->data, AT(crc), state_crc32c(record->data, record->size));
}

TEST_CASE(it_says_what_the_controller_is)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct record record = record_of(rig, 1);
	const uint8_t *ns = record.data + sizeof(struct nvmove_compat);
	struct state state;
	uint8_t *payload;
	size_t len;

	assert_memory_equal(record.data, "nvmoveCR", 8);
	assert_int_equal(get16(record.data, AT(major)), 1);
	assert_int_equal(get32(record.data, AT(length)), record.size);
	assert_int_equal(get32(record.data, AT(nr_namespaces)), 2);
	assert_int_equal(get16(record.data, AT(state_major)), NVMOVE_CSTATE_MAJOR);
	assert_int_equal(record.data[AT(policy)], NVMOVE_COMPAT_CHECK);
	assert_int_equal(record.data[AT(protocols)], NVMOVE_COMPAT_F_RFC | NVMOVE_COMPAT_F_HMLM);
	/* The identity and the namespaces are those of the state. */
	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	payload = state_payload(&state, NVMOVE_CSTATE_IDENTITY, &len);
	assert_memory_equal(record.data + AT(identity), payload, len);
	payload = state_payload(&state, NVMOVE_CSTATE_NAMESPACES, &len);
	assert_int_equal(record.size, sizeof(struct nvmove_compat) + len);
	assert_memory_equal(ns, payload, len);
	/* So are the sections. */
	for (unsigned int type = 0; type < 64; type++)
		assert_int_equal(get64(record.data, AT(sections_written)) >> type & 1,
				 state_section(&state, type) != 0);
	state_free(&state);
	free(record.data);
	rig_free(rig);
}

TEST_CASE(it_says_what_the_controller_could_be)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);
	struct record record;

	config.mdts = 2;
	config.max_queue_entries = 16;
	config.num_namespaces = 3;
	config.oncs = 0;
	config.volatile_write_cache = false;
	config.max_vectors = 7;
	config.policy = NVMOVE_IDENTITY_ADOPT;
	rig_join(rig, 1, &config, 5);
	rig_online(rig, 1, 3, 4);
	record = record_of(rig, 1);
	assert_int_equal(record.data[AT(policy)], NVMOVE_COMPAT_ADOPT);
	assert_int_equal(get16(record.data, AT(num_members)), 1);
	assert_int_equal(record.data[IDENTITY(mdts)], 2);
	assert_int_equal(record.data[LIMIT(mdts)], 5);
	assert_int_equal(get16(record.data, IDENTITY(cap)), 15);
	assert_int_equal(get32(record.data, LIMIT(max_queue_entries)), 1024);
	assert_int_equal(get32(record.data, IDENTITY(num_namespaces)), 3);
	assert_int_equal(get32(record.data, LIMIT(num_namespaces)), MAX_NSID);
	assert_int_equal(get16(record.data, IDENTITY(oncs)), 0);
	nvmove_vsubsystem_config_default(rig->subsystem, &config);
	assert_int_equal(get16(record.data, LIMIT(oncs)), config.oncs);
	assert_int_equal(record.data[IDENTITY(vwc)], 6);
	assert_int_equal(record.data[LIMIT(vwc)], 1);
	assert_int_equal(get32(record.data, IDENTITY(num_queues)), 3);
	assert_int_equal(get32(record.data, LIMIT(num_queues)), 9);
	assert_int_equal(get32(record.data, IDENTITY(num_vectors)), 4);
	assert_int_equal(get32(record.data, LIMIT(num_vectors)), 7);
	assert_int_equal(get16(record.data, IDENTITY(cntlid)), 5);
	free(record.data);
	rig_free(rig);
}

TEST_CASE(it_says_by_which_commands_the_state_travels)
{
	static const unsigned int spoken[] = { NVMOVE_PROTOCOL_RFC, NVMOVE_PROTOCOL_HMLM };
	static const uint8_t said[] = { NVMOVE_COMPAT_F_RFC, NVMOVE_COMPAT_F_HMLM };

	for (size_t i = 0; i < ARRAY_SIZE(spoken); i++) {
		struct rig_options options = { .protocols = spoken[i] };
		struct rig *rig = rig_new_enabled(&options);
		struct record record = record_of(rig, 1);

		assert_int_equal(record.data[AT(protocols)], said[i]);
		free(record.data);
		rig_free(rig);
	}
}

TEST_CASE(it_needs_room_and_a_controller_that_migrates)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;
	size_t size = nvmove_ctrl_compat_size(ctrl);
	uint8_t data[1024];

	assert_in_range(size, 1, sizeof(data));
	for (size_t i = 0; i < size; i++) {
		uint8_t *exact = malloc(i);

		assert_int_equal(nvmove_ctrl_compat_record(ctrl, exact, i), -ENOSPC);
		free(exact);
	}
	assert_int_equal(nvmove_ctrl_compat_record(rig->function[0].ctrl, data, sizeof(data)),
			 -EINVAL);
	rig_free(rig);
}

/** struct heard - what a check said */
struct heard {
	unsigned int nr;
	char field[80];
	char source[320];
	char destination[320];
};

static void hear(void *arg, const struct nvmove_compat_reason *reason)
{
	const char *const texts[] = { reason->field, reason->source, reason->destination };
	struct heard *heard = arg;

	heard->nr++;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (const char *at = texts[i]; *at; at++)
			assert_in_range((unsigned char)*at, 32, 126);
	}
	snprintf(heard->field, sizeof(heard->field), "%s", reason->field);
	snprintf(heard->source, sizeof(heard->source), "%s", reason->source);
	snprintf(heard->destination, sizeof(heard->destination), "%s", reason->destination);
}

TEST_CASE(a_record_agrees_with_itself)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct record record = record_of(rig, 1);
	struct heard heard = { 0 };

	assert_int_equal(nvmove_compat_check(record.data, record.size, record.data, record.size,
					     hear, &heard), 0);
	assert_int_equal(heard.nr, 0);
	assert_int_equal(nvmove_compat_check(record.data, record.size, record.data, record.size,
					     NULL, NULL), 0);
	free(record.data);
	rig_free(rig);
}

/* Of whatever side @bad is, it is not read, and one reason says what is wrong. */
static void unreadable(const struct record *bad, const struct record *good, int code,
		       const char *field)
{
	struct heard heard = { 0 };
	char name[80];

	assert_int_equal(nvmove_compat_check(bad->data, bad->size, good->data, good->size, hear,
					     &heard), code);
	assert_int_equal(heard.nr, 1);
	snprintf(name, sizeof(name), "%s of the source's record", field);
	assert_string_equal(heard.field, name);
	heard.nr = 0;
	assert_int_equal(nvmove_compat_check(good->data, good->size, bad->data, bad->size, hear,
					     &heard), code);
	assert_int_equal(heard.nr, 1);
	snprintf(name, sizeof(name), "%s of the destination's record", field);
	assert_string_equal(heard.field, name);
	assert_int_equal(nvmove_compat_check(good->data, good->size, bad->data, bad->size, NULL,
					     NULL), code);
}

TEST_CASE(what_cannot_be_read_is_named)
{
	static const struct {
		const char *field;
		size_t at;
		unsigned int size;
		uint32_t value;
		int code;
	} cases[] = {
		{ "magic", 0, 1, 'N', -EBADMSG },
		{ "version", AT(major), 2, 2, -ENOTSUP },
		{ "version", AT(major), 2, 0, -ENOTSUP },
		{ "length", AT(length), 4, 0xffffffff, -EBADMSG },
		{ "number of namespaces", AT(nr_namespaces), 4, 3, -EBADMSG },
		{ "number of namespaces", AT(nr_namespaces), 4, 0xffffffff, -EBADMSG },
		{ "length of locators", AT(nr_namespaces), 4, 1, -EBADMSG },
		{ "length of locators", AT(locators_length), 4, 4, -EBADMSG },
		{ "length of locators", AT(locators_length), 4, 0xffffffff, -EBADMSG },
		{ "policy", AT(policy), 1, 2, -EBADMSG },
		{ "reserved bytes", IDENTITY(reserved345), 1, 1, -EBADMSG },
		{ "reserved bytes", IDENTITY(reserved380) + 3, 1, 1, -EBADMSG },
		{ "reserved bytes", LIMIT(reserved6), 1, 1, -EBADMSG },
		{ "reserved bytes", sizeof(struct nvmove_compat) + 7, 1, 1, -EBADMSG },
		{ "subsystem NQN", IDENTITY(subnqn), 1, 'N', -EBADMSG },
		{ "serial number", IDENTITY(serial), 1, 0, -EBADMSG },
		{ "model number", IDENTITY(model), 1, 7, -EBADMSG },
		{ "firmware revision", IDENTITY(firmware) + 7, 1, 'x', -EBADMSG },
		{ "order of namespaces", sizeof(struct nvmove_compat), 4, 3, -EBADMSG },
		{ "order of namespaces", sizeof(struct nvmove_compat), 4, 0, -EBADMSG },
		{ "order of namespaces", sizeof(struct nvmove_compat) + 56, 4, 9, -EBADMSG },
		{ "order of namespaces", IDENTITY(num_namespaces), 4, 2, -EBADMSG },
	};
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct record good = record_of(rig, 1), bad = record_of(rig, 1);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(bad.data, good.data, good.size);
		for (unsigned int byte = 0; byte < cases[i].size; byte++)
			bad.data[cases[i].at + byte] = cases[i].value >> 8 * byte;
		seal(&bad);
		unreadable(&bad, &good, cases[i].code, cases[i].field);
	}
	memcpy(bad.data, good.data, good.size);
	bad.data[AT(crc)] ^= 1;
	unreadable(&bad, &good, -EBADMSG, "CRC");
	free(good.data);
	free(bad.data);
	rig_free(rig);
}

/* Namespaces 2 and 3 are attached; the list begins behind them. */
TEST_CASE(damaged_locators_are_named)
{
	static const struct rig_options options = { .locator = { [2] = "two", [3] = "three" } };
	static const struct {
		const char *field;
		size_t at;
		unsigned int size;
		uint32_t value;
	} cases[] = {
		{ "order of locators", 0, 4, 1 },	/* not attached */
		{ "order of locators", 0, 4, 3 },	/* then 3 follows 3 */
		{ "order of locators", 12, 4, 2 },	/* 2 follows 2 */
		{ "order of locators", 12, 4, 4 },
		{ "locators", 4, 4, 0 },
		{ "locators", 4, 4, 256 },
		{ "locators", 4, 4, 0xffffffff },
		{ "locators", 4, 4, 2 },		/* the third character is no padding */
		{ "locators", 8, 1, 10 },
		{ "locators", 11, 1, 'x' },		/* padding */
		{ "locators", 16, 4, 9 },		/* cut off */
	};
	const size_t list = sizeof(struct nvmove_compat) + 2 * 56;
	struct rig *rig = rig_new_secondaries(&options, 1);
	struct record good = record_of(rig, 1), bad = record_of(rig, 1);

	assert_int_equal(good.size, list + 8 + 4 + 8 + 8);
	assert_int_equal(get32(good.data, AT(locators_length)), 28);
	assert_int_equal(get32(good.data, list), 2);
	assert_memory_equal(good.data + list + 8, "two\0", 4);
	assert_int_equal(get32(good.data, list + 12), 3);
	assert_int_equal(nvmove_compat_check(good.data, good.size, good.data, good.size, NULL,
					     NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(bad.data, good.data, good.size);
		for (unsigned int byte = 0; byte < cases[i].size; byte++)
			bad.data[list + cases[i].at + byte] = cases[i].value >> 8 * byte;
		seal(&bad);
		unreadable(&bad, &good, -EBADMSG, cases[i].field);
	}
	free(good.data);
	free(bad.data);
	rig_free(rig);
}

TEST_CASE(a_newer_minor_version_is_read)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct record good = record_of(rig, 1), newer = record_of(rig, 1);

	put16(newer.data, AT(minor), NVMOVE_COMPAT_MINOR + 1);
	newer.data[LIMIT(reserved6)] = 1;
	seal(&newer);
	assert_int_equal(nvmove_compat_check(newer.data, newer.size, good.data, good.size, NULL,
					     NULL), 0);
	assert_int_equal(nvmove_compat_check(good.data, good.size, newer.data, newer.size, NULL,
					     NULL), 0);
	free(good.data);
	free(newer.data);
	rig_free(rig);
}

TEST_CASE(every_shorter_record_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct record good = record_of(rig, 1);

	for (size_t size = 0; size < good.size; size++) {
		struct record shorter = { malloc(size), size };

		memcpy(shorter.data, good.data, size);
		assert_int_equal(nvmove_compat_check(shorter.data, size, good.data, good.size,
						     NULL, NULL), -EBADMSG);
		/* Even where it does not contradict itself. */
		if (size >= sizeof(struct nvmove_compat)) {
			put32(shorter.data, AT(length), size);
			seal(&shorter);
			unreadable(&shorter, &good, -EBADMSG, "number of namespaces");
		}
		free(shorter.data);
	}
	free(good.data);
	rig_free(rig);
}

TEST_CASE(every_flipped_bit_is_found)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct record good = record_of(rig, 1), bad = record_of(rig, 1);

	for (size_t bit = 0; bit < bad.size * 8; bit++) {
		bad.data[bit / 8] ^= 1 << bit % 8;
		assert_true(nvmove_compat_check(bad.data, bad.size, good.data, good.size, hear,
						&(struct heard){ 0 }) < 0);
		bad.data[bit / 8] ^= 1 << bit % 8;
	}
	free(good.data);
	free(bad.data);
	rig_free(rig);
}

/*
 * A record is bytes from somewhere: whatever they are, the answer comes, and no byte beyond is
 * read.
 */
TEST_CASE(sealed_garbage_is_judged)
{
	static const struct rig_options options = { .locator = { [2] = "nfs://a/2", [3] = "x" } };
	struct rig *rig = rig_new_secondaries(&options, 1);
	struct record good = record_of(rig, 1), bad = record_of(rig, 1);

	srand(20261121);
	for (unsigned int round = 0; round < 20000; round++) {
		struct heard heard = { 0 };
		int result;

		memcpy(bad.data, good.data, good.size);
		for (unsigned int n = 1 + rand() % 8; n; n--)
			bad.data[24 + rand() % (bad.size - 24)] = rand() % 3 ? rand() : 0xff;
		seal(&bad);
		result = nvmove_compat_check(bad.data, bad.size, good.data, good.size, hear,
					     &heard);
		assert_int_equal(heard.nr, result < 0 ? 1 : result);
		heard.nr = 0;
		result = nvmove_compat_check(good.data, good.size, bad.data, bad.size, hear,
					     &heard);
		assert_int_equal(heard.nr, result < 0 ? 1 : result);
	}
	free(good.data);
	free(bad.data);
	rig_free(rig);
}

RUN_TESTS("compat_record",
	  cmocka_unit_test(it_says_what_the_controller_is),
	  cmocka_unit_test(it_says_what_the_controller_could_be),
	  cmocka_unit_test(it_says_by_which_commands_the_state_travels),
	  cmocka_unit_test(it_needs_room_and_a_controller_that_migrates),
	  cmocka_unit_test(a_record_agrees_with_itself),
	  cmocka_unit_test(what_cannot_be_read_is_named),
	  cmocka_unit_test(damaged_locators_are_named),
	  cmocka_unit_test(a_newer_minor_version_is_read),
	  cmocka_unit_test(every_shorter_record_is_refused),
	  cmocka_unit_test(every_flipped_bit_is_found),
	  cmocka_unit_test(sealed_garbage_is_judged));
