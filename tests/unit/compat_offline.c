// SPDX-License-Identifier: BSD-2-Clause
/*
 * R20: compatibility is judged without a controller. This program links lm/compat_check.c and
 * lm/crc32c.c and nothing else of the library, and its records were written by nobody's controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nvmove/compat.h>

#include "byteorder.h"
#include "compat_check.h"
#include "lm/crc32c.h"

/** struct one_namespace - a record with one namespace, as it lies in a file */
struct one_namespace {
	struct nvmove_compat head;
	struct nvmove_cstate_namespace ns;
} NVMOVE_PACKED;

static struct one_namespace record_with(const char *serial, uint32_t nsid)
{
	struct one_namespace record = {
		.head = {
			.magic = NVMOVE_COMPAT_MAGIC,
			.major = cpu_to_le16(NVMOVE_COMPAT_MAJOR),
			.length = cpu_to_le32(sizeof(record)),
			.nr_namespaces = cpu_to_le32(1),
			.state_major = cpu_to_le16(1),
			.reads_major_min = cpu_to_le16(1),
			.reads_major_max = cpu_to_le16(1),
			.num_members = cpu_to_le16(1),
			.identity = {
				.subnqn = "nqn.2026-11.org.example:a",
				.model = "model",
				.firmware = "8 chars!",
				.num_namespaces = cpu_to_le32(16),
			},
		},
		.ns = { .nsid = cpu_to_le32(nsid), .lba_shift = 9 },
	};

	memcpy(record.head.identity.serial, serial, strlen(serial));
	record.head.crc = cpu_to_le32(nvmove_crc32c(0, &record, sizeof(record)));
	return record;
}

static void expect(void *arg, const struct nvmove_compat_reason *reason)
{
	static const char *const expected[][3] = {
		{ "serial number", "\"S1\"", "\"S2\"" },
		{ "nsid 2", "attached", "not attached" },
		{ "nsid 3", "not attached", "attached" },
	};
	unsigned int *nr = arg;

	assert_in_range(*nr, 0, 2);
	assert_string_equal(reason->field, expected[*nr][0]);
	assert_string_equal(reason->source, expected[*nr][1]);
	assert_string_equal(reason->destination, expected[*nr][2]);
	(*nr)++;
}

static void two_records_are_all_it_takes(void **fixture)
{
	const struct one_namespace source = record_with("S1", 2), destination = record_with("S2", 3);
	/* A file may lie anywhere in memory. */
	uint8_t odd[sizeof(source) + 1];
	unsigned int nr = 0;

	(void)fixture;
	memcpy(odd + 1, &source, sizeof(source));
	assert_int_equal(nvmove_compat_check(odd + 1, sizeof(source), &source, sizeof(source), NULL,
					     NULL), 0);
	assert_int_equal(nvmove_compat_check(odd + 1, sizeof(source), &destination,
					     sizeof(destination), expect, &nr), 3);
	assert_int_equal(nr, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(two_records_are_all_it_takes) };

	return cmocka_run_group_tests_name("compat_offline", tests, NULL, NULL);
}
