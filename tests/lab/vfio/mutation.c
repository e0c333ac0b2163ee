// SPDX-License-Identifier: BSD-2-Clause
/*
 * The list of bad streams. Each change is a few lines, so that it can be compared with the sentence
 * of docs/stream.md that it breaks.
 */
#include "mutation.h"

#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "report.h"

#define UNKNOWN_TYPE	0x4e4f4e45u

uint64_t mutation_random(uint64_t *random)
{
	uint64_t value = *random += 0x9e3779b97f4a7c15ull;

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

static void put16(struct record *record, size_t offset, uint16_t value)
{
	value = htole16(value);
	memcpy(record->payload.data + offset, &value, sizeof(value));
}

static void put32(struct record *record, size_t offset, uint32_t value)
{
	value = htole32(value);
	memcpy(record->payload.data + offset, &value, sizeof(value));
}

static uint16_t get16(const struct record *record, size_t offset)
{
	uint16_t value;

	memcpy(&value, record->payload.data + offset, sizeof(value));
	return le16toh(value);
}

static uint32_t get32(const struct record *record, size_t offset)
{
	uint32_t value;

	memcpy(&value, record->payload.data + offset, sizeof(value));
	return le32toh(value);
}

static struct record *last(struct records *records)
{
	return &records->record[records->count - 1];
}

/* mutation_apply() has made sure that there is one. */
static size_t first_of(const struct records *records, uint32_t type)
{
	size_t at = 0;

	while (records->record[at].type != type)
		at++;
	return at;
}

static struct record *size_record(struct records *records)
{
	return &records->record[first_of(records, NVMOVE_STREAM_SIZE)];
}

static struct record *first_piece(struct records *records)
{
	return &records->record[first_of(records, NVMOVE_STREAM_STATE)];
}

#define HELLO(field)	offsetof(struct nvmove_stream_hello, field)
#define END(field)	offsetof(struct nvmove_stream_end, field)

static int nothing(struct records *records)
{
	(void)records;
	return 0;
}

static int wrong_magic(struct records *records)
{
	records->record[0].payload.data[HELLO(magic)] ^= 0x20;
	return 0;
}

static int wrong_major(struct records *records)
{
	put16(&records->record[0], HELLO(major), NVMOVE_STREAM_MAJOR + 1);
	return 0;
}

static int newer_minor(struct records *records)
{
	put16(&records->record[0], HELLO(minor), NVMOVE_STREAM_MINOR + 1);
	return 0;
}

static int other_vendor(struct records *records)
{
	put16(&records->record[0], HELLO(vendor_id),
	      get16(&records->record[0], HELLO(vendor_id)) ^ 1);
	return 0;
}

static int other_device(struct records *records)
{
	put16(&records->record[0], HELLO(device_id),
	      get16(&records->record[0], HELLO(device_id)) ^ 1);
	return 0;
}

static int other_cntlid(struct records *records)
{
	put16(&records->record[0], HELLO(cntlid), get16(&records->record[0], HELLO(cntlid)) ^ 1);
	return 0;
}

static int other_protocol(struct records *records)
{
	put16(&records->record[0], HELLO(protocol), NVMOVE_STREAM_HMLM);
	return 0;
}

static int short_hello(struct records *records)
{
	records->record[0].length -= 4;
	records->record[0].payload.size -= 4;
	return 0;
}

static int long_hello(struct records *records)
{
	records->record[0].length += 4;
	return bytes_append(&records->record[0].payload, "\0\0\0", 4);
}

static int state_size_larger(struct records *records)
{
	put32(size_record(records), 0, get32(size_record(records), 0) + 4);
	return 0;
}

static int state_size_smaller(struct records *records)
{
	put32(size_record(records), 0, get32(size_record(records), 0) - 4);
	return 0;
}

static int state_size_zero(struct records *records)
{
	put32(size_record(records), 0, 0);
	return 0;
}

static int state_size_odd(struct records *records)
{
	put32(size_record(records), 0, get32(size_record(records), 0) + 1);
	return 0;
}

static int state_size_beyond_limit(struct records *records)
{
	put32(size_record(records), 0, NVMOVE_STREAM_STATE_MAX + 4);
	return 0;
}

static int state_size_huge(struct records *records)
{
	put32(size_record(records), 0, 0xfffffffc);
	return 0;
}

static int short_size(struct records *records)
{
	size_record(records)->length = 0;
	size_record(records)->payload.size = 0;
	return 0;
}

static int long_size(struct records *records)
{
	size_record(records)->length += 4;
	return bytes_append(&size_record(records)->payload, "\0\0\0", 4);
}

static int no_size(struct records *records)
{
	records_remove(records, first_of(records, NVMOVE_STREAM_SIZE));
	return 0;
}

static int neither_size_nor_state(struct records *records)
{
	while (records->count > 2)
		records_remove(records, 1);
	return 0;
}

static int second_size(struct records *records)
{
	uint32_t size = htole32(get32(size_record(records), 0));

	return records_insert(records, first_of(records, NVMOVE_STREAM_STATE), NVMOVE_STREAM_SIZE,
			      0, &size, sizeof(size));
}

static int size_after_state(struct records *records)
{
	uint32_t size = htole32(get32(size_record(records), 0));

	if (no_size(records))
		return -1;
	return records_insert(records, records->count - 1, NVMOVE_STREAM_SIZE, 0, &size,
			      sizeof(size));
}

static int no_question(struct records *records)
{
	for (size_t at = records->count; at--;)
		if (records->record[at].type == NVMOVE_STREAM_QUESTION)
			records_remove(records, at);
	return 0;
}

static int size_in_both(struct records *records)
{
	no_question(records);
	put32(&records->record[0], HELLO(state_size), get32(size_record(records), 0));
	return 0;
}

/* As the driver wrote it before there was pre-copy. */
static int first_version(struct records *records)
{
	put16(&records->record[0], HELLO(minor), 0);
	return size_in_both(records) || no_size(records) ? -1 : 0;
}

static int first_version_size_odd(struct records *records)
{
	if (first_version(records))
		return -1;
	put32(&records->record[0], HELLO(state_size),
	      get32(&records->record[0], HELLO(state_size)) + 1);
	return 0;
}

static int first_version_size_huge(struct records *records)
{
	if (first_version(records))
		return -1;
	put32(&records->record[0], HELLO(state_size), 0xfffffffc);
	return 0;
}

static int end_size_lies(struct records *records)
{
	put32(last(records), END(state_size), get32(last(records), END(state_size)) + 4);
	return 0;
}

static int end_crc_lies(struct records *records)
{
	put32(last(records), END(state_crc), ~get32(last(records), END(state_crc)));
	return 0;
}

static int no_hello(struct records *records)
{
	records_remove(records, 0);
	return 0;
}

static int second_hello(struct records *records)
{
	const struct record *hello = &records->record[0];

	return records_insert(records, 1, hello->type, hello->flags, hello->payload.data,
			      hello->payload.size);
}

static int no_state(struct records *records)
{
	size_t first = first_of(records, NVMOVE_STREAM_STATE);

	while (records->count > first + 1)
		records_remove(records, first);
	return 0;
}

static int no_end(struct records *records)
{
	records_remove(records, records->count - 1);
	return 0;
}

static int second_end(struct records *records)
{
	const struct record *end = last(records);

	return records_insert(records, records->count, end->type, end->flags, end->payload.data,
			      end->payload.size);
}

static int skippable_after_end(struct records *records)
{
	return records_insert(records, records->count, UNKNOWN_TYPE, NVMOVE_STREAM_F_SKIPPABLE,
			      "late", 4);
}

static int skippable_before_hello(struct records *records)
{
	return records_insert(records, 0, UNKNOWN_TYPE, NVMOVE_STREAM_F_SKIPPABLE, "soon", 4);
}

static int unknown_required(struct records *records)
{
	return records_insert(records, 1, UNKNOWN_TYPE, 0, "must", 4);
}

static int unknown_skippable(struct records *records)
{
	if (records_insert(records, 1, UNKNOWN_TYPE, NVMOVE_STREAM_F_SKIPPABLE, "skip", 4))
		return -1;
	return records_insert(records, records->count - 1, UNKNOWN_TYPE + 1,
			      NVMOVE_STREAM_F_SKIPPABLE, "", 0);
}

static int largest_skippable(struct records *records)
{
	static const uint8_t zeroes[NVMOVE_STREAM_PAYLOAD_MAX];

	return records_insert(records, 1, UNKNOWN_TYPE, NVMOVE_STREAM_F_SKIPPABLE, zeroes,
			      sizeof(zeroes));
}

static int unknown_flags(struct records *records)
{
	records->record[1].flags |= 1u << 31;
	return 0;
}

static int empty_piece(struct records *records)
{
	return records_insert(records, first_of(records, NVMOVE_STREAM_STATE), NVMOVE_STREAM_STATE,
			      0, "", 0);
}

static int piece_too_long(struct records *records)
{
	first_piece(records)->length = NVMOVE_STREAM_PAYLOAD_MAX + 4;
	return 0;
}

static int piece_huge(struct records *records)
{
	first_piece(records)->length = 0xfffffffc;
	return 0;
}

static int piece_odd(struct records *records)
{
	first_piece(records)->length--;
	first_piece(records)->payload.size--;
	return 0;
}

static int extra_piece(struct records *records)
{
	return records_insert(records, records->count - 1, NVMOVE_STREAM_STATE, 0, "more", 4);
}

static int piece_missing(struct records *records)
{
	struct record *piece = &records->record[records->count - 2];

	piece->length -= 4;
	piece->payload.size -= 4;
	return 0;
}

/* Cuts the piece of state at index @at behind its first @size bytes. */
static int split_piece(struct records *records, size_t at, uint32_t size)
{
	struct record *piece = &records->record[at];

	if (piece->payload.size <= size)
		return fail("piece of the state: more than %u bytes needed, %zu in record %zu",
			    size, piece->payload.size, at);
	if (records_insert(records, at + 1, NVMOVE_STREAM_STATE, 0, piece->payload.data + size,
			   piece->payload.size - size))
		return -1;
	piece = &records->record[at];
	piece->length = size;
	piece->payload.size = size;
	return 0;
}

static int smaller_pieces(struct records *records)
{
	size_t first = first_of(records, NVMOVE_STREAM_STATE);

	for (size_t i = 0; i < 16; i++)
		if (split_piece(records, first + i, 4))
			return -1;
	return 0;
}

static int pieces_swapped(struct records *records)
{
	size_t at = first_of(records, NVMOVE_STREAM_STATE);
	struct record first;

	if (split_piece(records, at, 64))
		return -1;
	first = records->record[at];
	records->record[at] = records->record[at + 1];
	records->record[at + 1] = first;
	return 0;
}

static int empty(const struct bytes *good, struct bytes *bad)
{
	return mutation_truncate(good, 0, bad);
}

static int garbage(const struct bytes *good, struct bytes *bad)
{
	uint64_t random = good->size, word;

	for (int i = 0; i < 8192; i++) {
		word = mutation_random(&random);
		if (bytes_append(bad, &word, sizeof(word)))
			return -1;
	}
	return 0;
}

static int zeroes(const struct bytes *good, struct bytes *bad)
{
	if (bytes_append(bad, good->data, good->size))
		return -1;
	memset(bad->data, 0, bad->size);
	return 0;
}

static int byte_after_end(const struct bytes *good, struct bytes *bad)
{
	if (bytes_append(bad, good->data, good->size))
		return -1;
	return bytes_append(bad, "", 1);
}

static int twice(const struct bytes *good, struct bytes *bad)
{
	if (bytes_append(bad, good->data, good->size))
		return -1;
	return bytes_append(bad, good->data, good->size);
}

static int last_byte_missing(const struct bytes *good, struct bytes *bad)
{
	return mutation_truncate(good, good->size - 1, bad);
}

static int first_byte_missing(const struct bytes *good, struct bytes *bad)
{
	return bytes_append(bad, good->data + 1, good->size - 1);
}

/* The first piece of the question, which a stream from pre-copy has; complains if there is none. */
static struct record *question(struct records *records)
{
	for (size_t at = 0; at < records->count; at++)
		if (records->record[at].type == NVMOVE_STREAM_QUESTION)
			return &records->record[at];
	fail("the stream has no question");
	return NULL;
}

#define QUESTION(field)	offsetof(struct nvmove_stream_question, field)
#define QUESTION_HEAD	sizeof(struct nvmove_stream_question)

/* Cuts the first piece of the question into one of @size bytes and the rest. */
static int split_question(struct records *records, size_t size)
{
	struct record *piece = question(records);
	struct bytes rest = { 0 };
	size_t at;
	int result;

	if (!piece || piece->payload.size <= QUESTION_HEAD + size)
		return fail("the first piece of the question has no more than %zu bytes", size);
	at = (size_t)(piece - records->record);
	if (bytes_append(&rest, piece->payload.data, QUESTION_HEAD) ||
	    bytes_append(&rest, piece->payload.data + QUESTION_HEAD + size,
			 piece->payload.size - QUESTION_HEAD - size))
		return -1;
	result = records_insert(records, at + 1, piece->type, piece->flags, rest.data, rest.size);
	bytes_free(&rest);
	if (result)
		return -1;
	piece = &records->record[at];
	piece->payload.size = QUESTION_HEAD + size;
	piece->length = (uint32_t)piece->payload.size;
	put32(piece + 1, QUESTION(offset), get32(piece, QUESTION(offset)) + (uint32_t)size);
	return 0;
}

/* Adds @difference to a field of the first piece of the question. */
static int change_question(struct records *records, size_t offset, uint32_t difference)
{
	struct record *piece = question(records);

	if (!piece)
		return -1;
	put32(piece, offset, get32(piece, offset) + difference);
	return 0;
}

static int question_in_pieces(struct records *records)
{
	return split_question(records, 40) || split_question(records, 4) ? -1 : 0;
}

static int question_not_skippable(struct records *records)
{
	struct record *piece = question(records);

	if (!piece)
		return -1;
	piece->flags = 0;
	return 0;
}

static int question_incomplete(struct records *records)
{
	struct record *piece = question(records);

	if (!piece)
		return -1;
	piece->length -= 4;
	piece->payload.size -= 4;
	return 0;
}

static int question_twice(struct records *records)
{
	const struct record *piece = question(records);

	if (!piece)
		return -1;
	return records_insert(records, 1, piece->type, piece->flags, piece->payload.data,
			      piece->payload.size);
}

static int question_after_size(struct records *records)
{
	const struct record *piece = question(records);

	if (!piece)
		return -1;
	return records_insert(records, first_of(records, NVMOVE_STREAM_STATE), piece->type,
			      piece->flags, piece->payload.data, piece->payload.size);
}

static int question_piece_empty(struct records *records)
{
	struct record *piece = question(records);

	if (!piece)
		return -1;
	piece->length = (uint32_t)QUESTION_HEAD;
	piece->payload.size = QUESTION_HEAD;
	return 0;
}

static int question_size_zero(struct records *records)
{
	return split_question(records, 4) || change_question(records, QUESTION(size),
		-get32(question(records), QUESTION(size))) ? -1 : 0;
}

static int question_size_odd(struct records *records)
{
	return change_question(records, QUESTION(size), 1);
}

static int question_size_beyond_limit(struct records *records)
{
	return change_question(records, QUESTION(size), NVMOVE_QUESTION_MAX);
}

static int question_size_smaller(struct records *records)
{
	return change_question(records, QUESTION(size), -4u);
}

static int question_size_changes(struct records *records)
{
	return split_question(records, 4) ||
	       change_question(records, QUESTION(size), 4) ? -1 : 0;
}

static int question_gap(struct records *records)
{
	return change_question(records, QUESTION(offset), 4);
}

static int question_garbled(struct records *records)
{
	struct record *piece = question(records);

	if (!piece)
		return -1;
	piece->payload.data[piece->payload.size - 1] ^= 1;
	return 0;
}

/* The device must not be sent a whole state in a question's name. */
static int question_is_state(struct records *records)
{
	struct nvmove_stream_question head = { 0 };
	struct bytes state = { 0 }, payload = { 0 };
	int result = -1;

	if (no_question(records) || records_state(records, &state))
		goto out;
	head.size = htole32((uint32_t)state.size);
	if (bytes_append(&payload, &head, sizeof(head)) ||
	    bytes_append(&payload, state.data, state.size))
		goto out;
	result = records_insert(records, 1, NVMOVE_STREAM_QUESTION, 0, payload.data, payload.size);
out:
	bytes_free(&payload);
	bytes_free(&state);
	return result;
}

#define REFUSED(function, words) { .name = #function, .reason = words, .change = function }
#define REFUSED_BYTES(function, words) { .name = #function, .reason = words, .rewrite = function }
#define ACCEPTED(function) { .name = #function, .accepted = true, .change = function }

const struct mutation mutations[] = {
	ACCEPTED(nothing),
	REFUSED_BYTES(empty, "hello"),
	REFUSED_BYTES(garbage, "first record"),
	REFUSED_BYTES(zeroes, "first record"),
	REFUSED_BYTES(first_byte_missing, "first record"),
	REFUSED_BYTES(last_byte_missing, "end record"),
	REFUSED_BYTES(byte_after_end, "after the end"),
	REFUSED_BYTES(twice, "after the end"),
	REFUSED(wrong_magic, "magic"),
	REFUSED(wrong_major, "major version"),
	ACCEPTED(newer_minor),
	REFUSED(other_vendor, "vendor id"),
	REFUSED(other_device, "device id"),
	ACCEPTED(other_cntlid),
	ACCEPTED(other_protocol),
	REFUSED(short_hello, "length"),
	REFUSED(long_hello, "length"),
	REFUSED(no_hello, "first record"),
	REFUSED(second_hello, "hello"),
	REFUSED(skippable_before_hello, "first record"),
	REFUSED(state_size_larger, "state"),
	REFUSED(state_size_smaller, "state"),
	REFUSED(state_size_zero, "state size"),
	REFUSED(state_size_odd, "state size"),
	REFUSED(state_size_beyond_limit, "state size"),
	REFUSED(state_size_huge, "state size"),
	REFUSED(short_size, "length of the size record"),
	REFUSED(long_size, "length of the size record"),
	REFUSED(no_size, "size records before the state"),
	REFUSED(neither_size_nor_state, "size records before the end"),
	REFUSED(second_size, "size records"),
	REFUSED(size_after_state, "size records before the state"),
	REFUSED(size_in_both, "size records"),
	ACCEPTED(first_version),
	REFUSED(first_version_size_odd, "state size"),
	REFUSED(first_version_size_huge, "state size"),
	ACCEPTED(no_question),
	ACCEPTED(question_in_pieces),
	ACCEPTED(question_not_skippable),
	REFUSED(question_incomplete, "bytes of the question"),
	REFUSED(question_twice, "offset in the question"),
	REFUSED(question_after_size, "behind the state size"),
	REFUSED(question_piece_empty, "length of a question record"),
	REFUSED(question_size_zero, "size of the question"),
	REFUSED(question_size_odd, "size of the question"),
	REFUSED(question_size_beyond_limit, "size of the question"),
	REFUSED(question_size_smaller, "length of a piece of the question"),
	REFUSED(question_size_changes, "size of the question"),
	REFUSED(question_gap, "offset in the question"),
	REFUSED(question_garbled, "CRC"),
	REFUSED(question_is_state, "question refused"),
	REFUSED(unknown_required, "type"),
	ACCEPTED(unknown_skippable),
	ACCEPTED(largest_skippable),
	REFUSED(unknown_flags, "flags"),
	REFUSED(empty_piece, "length"),
	REFUSED(piece_too_long, "length"),
	REFUSED(piece_huge, "length"),
	REFUSED(piece_odd, "length"),
	REFUSED(extra_piece, "length"),
	REFUSED(piece_missing, "state"),
	REFUSED(pieces_swapped, "checksum"),
	ACCEPTED(smaller_pieces),
	REFUSED(no_state, "state"),
	REFUSED(no_end, "end record"),
	REFUSED(end_size_lies, "state size"),
	REFUSED(end_crc_lies, "checksum"),
	REFUSED(second_end, "after the end"),
	REFUSED(skippable_after_end, "after the end"),
};

const size_t nr_mutations = sizeof(mutations) / sizeof(mutations[0]);

const struct mutation *mutation_find(const char *name)
{
	for (size_t i = 0; i < nr_mutations; i++)
		if (!strcmp(mutations[i].name, name))
			return &mutations[i];
	fail("no change of the stream is called \"%s\"; known ones:", name);
	for (size_t i = 0; i < nr_mutations; i++)
		fprintf(stderr, "  %s\n", mutations[i].name);
	return NULL;
}

/* What the changes above rely on. */
static int check_good(const struct records *records)
{
	size_t sizes = 0, pieces = 0;

	for (size_t i = 0; i < records->count; i++) {
		sizes += records->record[i].type == NVMOVE_STREAM_SIZE;
		pieces += records->record[i].type == NVMOVE_STREAM_STATE;
	}
	if (sizes != 1 || !pieces || records->count < sizes + pieces + 2)
		return fail("stream has %zu records, %zu of them sizes and %zu pieces of a state",
			    records->count, sizes, pieces);
	return 0;
}

int mutation_apply(const struct mutation *mutation, const struct bytes *good, struct bytes *bad)
{
	struct records records;
	int result;

	if (mutation->rewrite)
		return mutation->rewrite(good, bad);
	if (records_split(good, &records))
		return -1;
	result = check_good(&records) || mutation->change(&records) ||
		 records_join(&records, bad) ? -1 : 0;
	records_free(&records);
	return result;
}

int mutation_flip_bit(const struct bytes *good, uint64_t bit, struct bytes *bad)
{
	if (bit / 8 >= good->size)
		return fail("bit %llu of %zu bytes", (unsigned long long)bit, good->size);
	if (bytes_append(bad, good->data, good->size))
		return -1;
	bad->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	return 0;
}

int mutation_truncate(const struct bytes *good, size_t size, struct bytes *bad)
{
	return bytes_append(bad, good->data, size);
}

static void flip_in_state(struct records *records, uint64_t bit)
{
	for (size_t i = 0; i < records->count; i++) {
		struct record *record = &records->record[i];

		if (record->type != NVMOVE_STREAM_STATE)
			continue;
		if (bit / 8 < record->payload.size) {
			record->payload.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			return;
		}
		bit -= record->payload.size * 8;
	}
}

int mutation_damage_state(const struct bytes *good, unsigned int bits, uint64_t *random,
			  struct bytes *bad)
{
	struct bytes state = { 0 };
	struct records records;
	int result = -1;

	if (records_split(good, &records))
		return -1;
	if (records_state(&records, &state) || !state.size)
		goto out;
	for (unsigned int i = 0; i < bits; i++)
		flip_in_state(&records, mutation_random(random) % (state.size * 8));
	state.size = 0;
	if (records_state(&records, &state))
		goto out;
	put32(last(&records), END(state_crc), crc32c(0, state.data, state.size));
	result = records_join(&records, bad);
out:
	bytes_free(&state);
	records_free(&records);
	return result;
}
