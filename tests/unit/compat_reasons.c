// SPDX-License-Identifier: BSD-2-Clause
/*
 * R19, R20: the offline check gives every reason against a migration, each once, with both values.
 */
#include <stdio.h>

#include <nvmove/compat.h>

#include "harness.h"
#include "state_editor.h"

#define MAX_REASONS	40

/** struct reasons - all that a check has said, as "field: destination here, source there" */
struct reasons {
	unsigned int nr;
	char text[MAX_REASONS][400];
};

static void collect(void *arg, const struct nvmove_compat_reason *reason)
{
	struct reasons *reasons = arg;

	assert_in_range(reasons->nr, 0, MAX_REASONS - 1);
	snprintf(reasons->text[reasons->nr++], sizeof(reasons->text[0]), "%s: %s here, %s there",
		 reason->field, reason->destination, reason->source);
}

static uint8_t *record_of(struct rig *rig, size_t *size)
{
	const struct nvmove_ctrl *ctrl = rig->function[1].ctrl;
	uint8_t *record;

	*size = nvmove_ctrl_compat_size(ctrl);
	record = malloc(*size);
	assert_non_null(record);
	assert_int_equal(nvmove_ctrl_compat_record(ctrl, record, *size), *size);
	return record;
}

static void expect(const uint8_t *source, size_t source_size, const uint8_t *destination,
		   size_t destination_size, const char *const *expected, unsigned int nr)
{
	struct reasons reasons = { 0 };

	assert_int_equal(nvmove_compat_check(source, source_size, destination, destination_size,
					     collect, &reasons), nr);
	assert_int_equal(reasons.nr, nr);
	for (unsigned int i = 0; i < nr; i++)
		assert_string_equal(reasons.text[i], expected[i]);
}

static void expect_of(struct rig *source, struct rig *destination, const char *const *expected,
		      unsigned int nr)
{
	size_t from_size, to_size;
	uint8_t *from = record_of(source, &from_size), *to = record_of(destination, &to_size);

	expect(from, from_size, to, to_size, expected, nr);
	free(from);
	free(to);
}

TEST_CASE(another_device_differs_in_everything_at_once)
{
	static const struct rig_options other = {
		.subnqn = "nqn.2026-11.org.example:other",
		.serial = "OTHER",
		.model = "other",
		.firmware = "7",
		.vendor_id = 1,
		.subsystem_vendor_id = 2,
		.ieee_oui = 3,
		.first_cntlid = 70,
		.mdts = 6,
		.max_queue_entries = 64,
		.num_namespaces = 5,
		.max_io_queues = 511,
	};
	static const char *const expected[] = {
		"subsystem NQN: \"nqn.2026-11.org.example:other\" here, \"nqn.2026-11.org.example:unit\" there",
		"serial number: \"OTHER\" here, \"UNIT0001\" there",
		"model number: \"other\" here, \"nvmove reference controller\" there",
		"firmware revision: \"7\" here, \"0.1\" there",
		"PCI vendor id: 0x1 here, 0x8086 there",
		"PCI subsystem vendor id: 0x2 here, 0x8086 there",
		"IEEE OUI: 0x3 here, 0x525400 there",
		"controller id: 71 here, 8 there",
		"MDTS: 6 here, 5 there",
		"queue entries: 64 here, 1024 there",
		"number of namespaces: 5 here, 8 there",
		"VQ resources: 7 here, 5 there",
		"VI resources: 2 here, 5 there",
	};
	struct rig_options options = other;
	struct rig *source, *destination;

	options.uuid_byte[2] = 2;
	options.uuid_byte[3] = 3;
	destination = rig_new_enabled(&options);
	nvmove_subsystem_set_vfs(destination->subsystem, 3);
	rig_online(destination, 1, 7, 2);
	options = (struct rig_options){ .uuid_byte = { [2] = 2, [3] = 3 } };
	source = rig_new_secondaries(&options, 1);
	expect_of(source, destination, expected, ARRAY_SIZE(expected));
	rig_free(source);
	rig_free(destination);
}

/* An adopting destination has objections only to what it cannot do. */
TEST_CASE(adopting_leaves_what_the_device_cannot_do)
{
	struct rig_options options = {
		.subnqn = "nqn.2026-11.org.example:other",
		.mdts = 3,
		.max_queue_entries = 64,
		.num_namespaces = 5,
		.max_io_queues = 3,
		.max_vectors = 2,
		.uuid_byte = { [2] = 2, [3] = 3 },
	};
	static const char *const expected[] = {
		"MDTS: 1 to 3 here, 5 there",
		"queue entries: 2 to 64 here, 1024 there",
		"number of namespaces: 1 to 5 here, 8 there",
		"VQ resources: 2 to 4 here, 5 there",
		"VI resources: 1 to 2 here, 5 there",
	};
	struct rig *source, *destination = rig_new_enabled(&options);
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(destination);

	config.serial = "PLACEHOLDER";
	config.policy = NVMOVE_IDENTITY_ADOPT;
	rig_join(destination, 1, &config, 1);
	rig_online(destination, 1, 2, 1);
	options = (struct rig_options){ .uuid_byte = { [2] = 2, [3] = 3 } };
	source = rig_new_secondaries(&options, 1);
	expect_of(source, destination, expected, ARRAY_SIZE(expected));
	rig_free(source);
	rig_free(destination);
}

TEST_CASE(every_namespace_is_compared)
{
	struct rig_options options = { .uuid_byte = { 0, 1, 2, 3, 4 } };
	static const char *const expected[] = {
		"nsid 1: attached here, not attached there",
		"LBA format of nsid 2: 2^9 bytes here, 2^12 bytes there",
		"size of nsid 2: 4095 blocks here, 512 blocks there",
		"UUID of nsid 3: 77777777777777777777777777777777 here, 03030303030303030303030303030303 there",
		"nsid 4: not attached here, attached there",
		"nsid 5: not attached here, attached there",
	};
	static const char *const back[] = {
		"nsid 1: not attached here, attached there",
		"LBA format of nsid 2: 2^12 bytes here, 2^9 bytes there",
		"size of nsid 2: 512 blocks here, 4095 blocks there",
		"UUID of nsid 3: 03030303030303030303030303030303 here, 77777777777777777777777777777777 there",
		"nsid 4: attached here, not attached there",
		"nsid 5: attached here, not attached there",
	};
	struct rig *source = rig_new_secondaries(&options, 1), *destination;
	struct nvmove_ctrl *ctrl = source->function[1].ctrl;

	assert_int_equal(nvmove_namespace_attach(ctrl, 4), 0);
	assert_int_equal(nvmove_namespace_attach_as(ctrl, 1, 5, NULL), 0);
	options.lba_shift[2] = 9;
	options.namespace_bytes[2] = (2 << 20) - 512;
	options.uuid_byte[3] = 0x77;
	destination = rig_new_secondaries(&options, 1);
	assert_int_equal(nvmove_namespace_attach(destination->function[1].ctrl, 1), 0);
	expect_of(source, destination, expected, ARRAY_SIZE(expected));
	expect_of(destination, source, back, ARRAY_SIZE(back));
	rig_free(source);
	rig_free(destination);
}

/* R10: a locator that only one side knows is compared with nothing. */
TEST_CASE(locators_are_compared_where_both_know_them)
{
	struct rig_options options = { .uuid_byte = { 0, 1, 2, 3, 4 } };
	struct rig *source, *destination;
	struct nvmove_ctrl *ctrl;

	options.locator[1] = "nfs://server/1";
	options.locator[2] = "nfs://server/2";
	options.locator[3] = "nfs://server/3";
	source = rig_new_secondaries(&options, 1);
	options.locator[1] = NULL;
	options.locator[2] = "nfs://server/2";
	options.locator[3] = "nfs://server/33";
	options.locator[4] = "nfs://server/4";
	destination = rig_new_secondaries(&options, 1);
	for (uint32_t nsid = 1; nsid <= 4; nsid += 3) {
		ctrl = source->function[1].ctrl;
		assert_int_equal(nvmove_namespace_attach(ctrl, nsid), 0);
		ctrl = destination->function[1].ctrl;
		assert_int_equal(nvmove_namespace_attach(ctrl, nsid), 0);
	}
	expect_of(source, destination,
		  (const char *const[]){ "locator of nsid 3: \"nfs://server/33\" here, "
					 "\"nfs://server/3\" there" }, 1);
	expect_of(destination, source,
		  (const char *const[]){ "locator of nsid 3: \"nfs://server/3\" here, "
					 "\"nfs://server/33\" there" }, 1);
	rig_free(source);
	rig_free(destination);
}

/* Fields of another implementation, or of another version of this one. */
TEST_CASE(the_format_and_the_fixed_fields_are_compared)
{
#define AT(member)	offsetof(struct nvmove_compat, member)
#define IDENTITY(member) (AT(identity) + offsetof(struct nvmove_cstate_identity, member))
	static const struct {
		size_t at;
		unsigned int size;
		uint32_t value;
		const char *reason;
	} cases[] = {
		{ AT(state_major), 2, 2, "format version: 1 to 1 here, 2 there" },
		{ AT(sections_written) + 7, 1, 0x80, "section 63: unknown here, required there" },
		{ AT(sections_written), 1, 0, NULL },
		{ IDENTITY(oacs), 2, 0x8000, NULL },
		{ IDENTITY(lpa), 1, 0xff, NULL },
		{ IDENTITY(acl), 1, 7, "ACL: 0x3 here, 0x7 there" },
		{ IDENTITY(aerl), 1, 9, "AERL: 0x3 here, 0x9 there" },
		{ IDENTITY(elpe), 1, 9, "ELPE: 0x3e here, 0x9 there" },
		{ IDENTITY(npss), 1, 1, "NPSS: 0 here, 0x1 there" },
		{ IDENTITY(nwpc), 1, 0x80, NULL },
		{ IDENTITY(vwc), 1, 0x47, "VWC: 0x6 here, 0x46 there" },
		{ IDENTITY(kas), 2, 2, "KAS: 0x1 here, 0x2 there" },
		{ IDENTITY(wctemp), 2, 1, "WCTEMP: 0x157 here, 0x1 there" },
		{ IDENTITY(cctemp), 2, 1, "CCTEMP: 0x166 here, 0x1 there" },
		{ IDENTITY(oaes) + 3, 1, 0x80, NULL },
		{ IDENTITY(ctratt) + 3, 1, 0x80, NULL },
		{ IDENTITY(version), 4, 0x10400, "VS: 0x20000 here, 0x10400 there" },
		{ IDENTITY(bar_size), 4, 4096, "size of BAR0: 0x2000 here, 0x1000 there" },
		{ IDENTITY(cap) + 6, 1, 0xff, NULL },
	};
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t *good, *bad;
	size_t size;

	good = record_of(rig, &size);
	bad = record_of(rig, &size);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct reasons reasons = { 0 };

		memcpy(bad, good, size);
		for (unsigned int byte = 0; byte < cases[i].size; byte++)
			bad[cases[i].at + byte] = cases[i].value >> 8 * byte;
		put32(bad, AT(crc), 0);
		put32(bad, AT(crc), state_crc32c(bad, size));
		assert_true(nvmove_compat_check(bad, size, good, size, collect, &reasons) > 0);
		if (cases[i].reason) {
			assert_int_equal(reasons.nr, 1);
			assert_string_equal(reasons.text[0], cases[i].reason);
		}
	}
	free(good);
	free(bad);
	rig_free(rig);
}

/* Reservations are one difference, though CTRATT shows them too. */
TEST_CASE(what_follows_from_another_field_is_no_reason)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t *with, *without;
	size_t size;

	with = record_of(rig, &size);
	without = record_of(rig, &size);
	put16(with, IDENTITY(oncs), 0x0025);
	put32(with, IDENTITY(ctratt), get32(with, IDENTITY(ctratt)) | 1 << 18);
	put32(with, AT(crc), 0);
	put32(with, AT(crc), state_crc32c(with, size));
	put16(without, IDENTITY(oncs), 0x0005);
	put32(without, IDENTITY(ctratt), get32(without, IDENTITY(ctratt)) & ~(1u << 18));
	put32(without, AT(crc), 0);
	put32(without, AT(crc), state_crc32c(without, size));
	expect(with, size, without, size,
	       (const char *const[]){ "ONCS: 0x5 here, 0x25 there" }, 1);
	expect(without, size, with, size,
	       (const char *const[]){ "ONCS: 0x25 here, 0x5 there" }, 1);
	free(with);
	free(without);
	rig_free(rig);
}

/* One that reads more versions and wants fewer sections takes what an older one writes. */
TEST_CASE(a_newer_destination_may_read_older_states)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t *old, *new;
	size_t size;

	old = record_of(rig, &size);
	new = record_of(rig, &size);
	put16(new, AT(state_major), 2);
	put16(new, AT(reads_major_max), 2);
	put64(new, AT(sections_written), get64(new, AT(sections_written)) | 1ull << 40);
	put64(new, AT(sections_read), get64(new, AT(sections_read)) | 1ull << 40);
	put32(new, AT(crc), 0);
	put32(new, AT(crc), state_crc32c(new, size));
	expect(old, size, new, size, NULL, 0);
	expect(new, size, old, size,
	       (const char *const[]){ "format version: 1 to 1 here, 2 there",
				      "section 40: unknown here, required there" }, 2);
	put64(new, AT(sections_required), get64(new, AT(sections_required)) | 1ull << 40);
	put32(new, AT(crc), 0);
	put32(new, AT(crc), state_crc32c(new, size));
	expect(old, size, new, size,
	       (const char *const[]){ "section 40: required here, missing there" }, 1);
	free(old);
	free(new);
	rig_free(rig);
}

RUN_TESTS("compat_reasons",
	  cmocka_unit_test(another_device_differs_in_everything_at_once),
	  cmocka_unit_test(adopting_leaves_what_the_device_cannot_do),
	  cmocka_unit_test(every_namespace_is_compared),
	  cmocka_unit_test(locators_are_compared_where_both_know_them),
	  cmocka_unit_test(the_format_and_the_fixed_fields_are_compared),
	  cmocka_unit_test(what_follows_from_another_field_is_no_reason),
	  cmocka_unit_test(a_newer_destination_may_read_older_states));
