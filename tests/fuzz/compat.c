// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer target: two compatibility records from strangers. Each pair is judged, with as many
 * reasons as are counted, or refused with one; the judge keeps to the records' bytes.
 *
 * The first byte of the input says how: bits 0 and 1 set: the source, the destination is taken as
 * it is, clear: its sizes and checksum are made right first; bit 2: the source is judged against
 * itself too. The size of the source follows in 16 bits, then the source, then the destination.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <nvmove/compat.h>

#include "../../ctrl/byteorder.h"
#include "compat_check.h"
#include "expect.h"
#include "lm/crc32c.h"

#define SOURCE_AS_IT_IS		0x01
#define DESTINATION_AS_IT_IS	0x02
#define ITSELF			0x04
#define HEAD			3	/* bytes before the records */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- sizes and checksums ---- */

/* The namespaces that fit; what is behind them are locators. */
static void repair(uint8_t *bytes, size_t size)
{
	static const uint8_t magic[8] = NVMOVE_COMPAT_MAGIC;
	struct nvmove_compat head;
	size_t most, nr;

	if (size < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	memcpy(head.magic, magic, sizeof(magic));
	most = (size - sizeof(head)) / sizeof(struct nvmove_cstate_namespace);
	nr = le32_to_cpu(head.nr_namespaces);
	if (nr > most)
		nr = most;
	head.nr_namespaces = cpu_to_le32(nr);
	head.locators_length = cpu_to_le32(size - sizeof(head) -
					   nr * sizeof(struct nvmove_cstate_namespace));
	head.length = cpu_to_le32(size);
	head.crc = 0;
	memcpy(bytes, &head, sizeof(head));
	head.crc = cpu_to_le32(nvmove_crc32c(0, bytes, size));
	memcpy(bytes, &head, sizeof(head));
}

/* ---- mutations ---- */

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525u + 1013904223u;	/* Numerical Recipes */
	return *random >> 8;
}

static void mutate_field(uint8_t *bytes, size_t size, uint32_t *random)
{
	static const uint32_t values[] = { 0, 1, 2, 4, 5, 0x20, 0x100, 0xfff0, 0xffff, 0xffffffff };
	uint32_t value = values[next_random(random) % (sizeof(values) / sizeof(values[0]))];
	size_t width = 1u << next_random(random) % 3, at;

	if (size < 8)
		return;
	at = next_random(random) % (size - 4) & ~(width - 1);
	if (next_random(random) % 2)
		value += bytes[at];
	value = cpu_to_le32(value);
	memcpy(bytes + at, &value, width);
}

/* A namespace, a locator or any other piece comes twice or goes. */
static size_t mutate_tail(uint8_t *bytes, size_t size, size_t max, uint32_t *random)
{
	const size_t first = sizeof(struct nvmove_compat);
	size_t piece = next_random(random) % 2 ? sizeof(struct nvmove_cstate_namespace)
					       : 4 * (1 + next_random(random) % 5);
	size_t at;

	if (size < first + piece)
		return size;
	at = first + next_random(random) % ((size - first) / 4 + 1) * 4;
	if (at + piece > size)
		at = size - piece;
	if (next_random(random) % 2) {
		memmove(bytes + at, bytes + at + piece, size - at - piece);
		return size - piece;
	}
	if (size + piece > max)
		return size;
	memmove(bytes + at + piece, bytes + at, size - at);
	return size + piece;
}

static size_t mutate_record(uint8_t *bytes, size_t size, size_t max, uint32_t *random)
{
	switch (next_random(random) % 4) {
	case 0:
		return LLVMFuzzerMutate(bytes, size, max);
	case 1:
		return mutate_tail(bytes, size, max, random);
	default:
		mutate_field(bytes, size, random);
		return size;
	}
}

static size_t source_size(const uint8_t *data, size_t size)
{
	size_t there = (size_t)data[1] | (size_t)data[2] << 8;

	return there < size - HEAD ? there : size - HEAD;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t random = seed;
	size_t of_source, of_destination, most, old;

	if (size < HEAD || max_size < HEAD + 64)
		return LLVMFuzzerMutate(data, size, max_size);
	data[0] = next_random(&random) % 16 ? next_random(&random) & ITSELF : next_random(&random);
	of_source = old = source_size(data, size);
	of_destination = size - HEAD - of_source;
	if (next_random(&random) % 2) {
		most = max_size - HEAD - of_source;
		size = HEAD + of_source + mutate_record(data + HEAD + of_source, of_destination, most,
							&random);
	} else {
		uint8_t *copy = malloc(max_size);

		expect(copy, "no memory");
		memcpy(copy, data + HEAD, of_source);
		most = max_size - HEAD - of_destination;
		of_source = mutate_record(copy, of_source, most < 0xffff ? most : 0xffff, &random);
		memmove(data + HEAD + of_source, data + HEAD + old, of_destination);
		memcpy(data + HEAD, copy, of_source);
		free(copy);
		size = HEAD + of_source + of_destination;
	}
	data[1] = of_source & 0xff;
	data[2] = of_source >> 8;
	return size;
}

/* ---- the target ---- */

static void check_text(const char *text)
{
	size_t len = strnlen(text, 1024);

	expect(len < 1024, "a reason of %zu characters", len);
	for (size_t i = 0; i < len; i++)
		expect(text[i] >= 0x20 && text[i] <= 0x7e, "byte %#x in a reason",
		       (uint8_t)text[i]);
}

static void take_reason(void *arg, const struct nvmove_compat_reason *reason)
{
	int *calls = arg;

	(*calls)++;
	expect(reason->field[0], "a reason without a field");
	check_text(reason->field);
	check_text(reason->source);
	check_text(reason->destination);
}

/* A copy that ends where its memory ends, on an odd boundary. */
static uint8_t *copy_record(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	expect(copy, "no memory");
	memcpy(copy + 1, bytes, size);
	return copy;
}

static int judge(const uint8_t *source, size_t source_size, const uint8_t *destination,
		 size_t destination_size)
{
	int calls = 0;
	int result = nvmove_compat_check(source, source_size, destination, destination_size,
					 take_reason, &calls);

	expect(result >= 0 || result == -EBADMSG || result == -ENOTSUP, "%d", result);
	expect(calls == (result < 0 ? 1 : result), "%d, %d calls", result, calls);
	expect(nvmove_compat_check(source, source_size, destination, destination_size, NULL,
				   NULL) == result, "without somebody to tell not %d", result);
	return result;
}

/* CTRATT says again what ONCS says of reservations. */
static bool contradicts_itself(const struct nvmove_compat *record)
{
	return !(le16_to_cpu(record->identity.oncs) & 1u << 5) !=
	       !(le32_to_cpu(record->identity.ctratt) & 1u << 18);
}

/* Whether it is what a controller can be, and reads the states that it writes. */
static bool takes_its_own(const struct nvmove_compat *record)
{
	uint64_t written = le64_to_cpu(record->sections_written);
	unsigned int major = le16_to_cpu(record->state_major);

	return !contradicts_itself(record) &&
	       !(written & ~le64_to_cpu(record->sections_read)) &&
	       !(le64_to_cpu(record->sections_required) & ~written) &&
	       major >= le16_to_cpu(record->reads_major_min) &&
	       major <= le16_to_cpu(record->reads_major_max);
}

/* What is well formed, and only compares, can take its own state; what adopts asks the limits. */
static void judge_itself(uint8_t *bytes, size_t size)
{
	struct nvmove_compat head;
	int result = judge(bytes, size, bytes, size);

	if (result < 0)
		return;
	memcpy(&head, bytes, sizeof(head));
	head.policy = NVMOVE_COMPAT_CHECK;
	memcpy(bytes, &head, sizeof(head));
	repair(bytes, size);
	result = judge(bytes, size, bytes, size);
	expect(!result == takes_its_own(&head), "%d reasons against itself", result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t of_source, of_destination;
	uint8_t *source, *destination;

	if (size < HEAD)
		return 0;
	of_source = source_size(data, size);
	of_destination = size - HEAD - of_source;
	source = copy_record(data + HEAD, of_source);
	destination = copy_record(data + HEAD + of_source, of_destination);
	if (!(data[0] & SOURCE_AS_IT_IS))
		repair(source + 1, of_source);
	if (!(data[0] & DESTINATION_AS_IT_IS))
		repair(destination + 1, of_destination);
	judge(source + 1, of_source, destination + 1, of_destination);
	if (data[0] & ITSELF)
		judge_itself(source + 1, of_source);
	free(source);
	free(destination);
	return 0;
}
