// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading and making streams. What it reads may be damaged on purpose: each length is checked
 * against what is left before it is used.
 */
#include "stream.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "report.h"

int bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	size_t room = bytes->room ? bytes->room : 4096;
	uint8_t *grown;

	while (room - bytes->size < size)
		room *= 2;
	if (room != bytes->room) {
		grown = realloc(bytes->data, room);
		if (!grown)
			return fail("no memory for %zu bytes", room);
		bytes->data = grown;
		bytes->room = room;
	}
	if (size)
		memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
	return 0;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof(*bytes));
}

int records_insert(struct records *records, size_t at, uint32_t type, uint32_t flags,
		   const void *payload, size_t size)
{
	struct record new = { .type = type, .flags = flags, .length = (uint32_t)size };
	struct record *grown;

	grown = realloc(records->record, (records->count + 1) * sizeof(*grown));
	if (!grown)
		return fail("no memory for %zu records", records->count + 1);
	records->record = grown;
	if (bytes_append(&new.payload, payload, size))
		return -1;
	memmove(&grown[at + 1], &grown[at], (records->count - at) * sizeof(*grown));
	grown[at] = new;
	records->count++;
	return 0;
}

void records_remove(struct records *records, size_t at)
{
	bytes_free(&records->record[at].payload);
	records->count--;
	memmove(&records->record[at], &records->record[at + 1],
		(records->count - at) * sizeof(records->record[0]));
}

void records_free(struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		bytes_free(&records->record[i].payload);
	free(records->record);
	memset(records, 0, sizeof(*records));
}

static uint32_t record_crc(const struct nvmove_stream_record *header, const void *payload,
			   size_t size)
{
	struct nvmove_stream_record copy = *header;

	copy.crc = 0;
	return crc32c(crc32c(0, &copy, sizeof(copy)), payload, size);
}

static int split_one(const struct bytes *stream, size_t *position, struct records *records)
{
	size_t left = stream->size - *position;
	struct nvmove_stream_record header;
	const uint8_t *payload;
	uint32_t length, crc;

	if (left < sizeof(header))
		return fail("stream: %zu bytes left at %zu, a record header has %zu", left,
			    *position, sizeof(header));
	memcpy(&header, stream->data + *position, sizeof(header));
	length = le32toh(header.length);
	left -= sizeof(header);
	if (length > left || length > NVMOVE_STREAM_PAYLOAD_MAX || length % 4)
		return fail("stream: record at %zu says %u bytes, %zu are left, %u are allowed",
			    *position, length, left, NVMOVE_STREAM_PAYLOAD_MAX);
	payload = stream->data + *position + sizeof(header);
	crc = record_crc(&header, payload, length);
	if (crc != le32toh(header.crc))
		return fail("stream: checksum of the record at %zu: %#x stored, %#x computed",
			    *position, le32toh(header.crc), crc);
	*position += sizeof(header) + length;
	return records_insert(records, records->count, le32toh(header.type), le32toh(header.flags),
			      payload, length);
}

int records_split(const struct bytes *stream, struct records *records)
{
	size_t position = 0;

	memset(records, 0, sizeof(*records));
	while (position < stream->size) {
		if (split_one(stream, &position, records)) {
			records_free(records);
			return -1;
		}
	}
	return 0;
}

int records_join(const struct records *records, struct bytes *stream)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct record *record = &records->record[i];
		struct nvmove_stream_record header = {
			.type = htole32(record->type),
			.flags = htole32(record->flags),
			.length = htole32(record->length),
		};

		header.crc =
			htole32(record_crc(&header, record->payload.data, record->payload.size));
		if (bytes_append(stream, &header, sizeof(header)) ||
		    bytes_append(stream, record->payload.data, record->payload.size))
			return -1;
	}
	return 0;
}

int records_state(const struct records *records, struct bytes *state)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->record[i].type == NVMOVE_STREAM_STATE &&
		    bytes_append(state, records->record[i].payload.data,
				 records->record[i].payload.size))
			return -1;
	return 0;
}

static int check_hello(const struct record *record)
{
	struct nvmove_stream_hello hello;

	if (record->type != NVMOVE_STREAM_HELLO || record->payload.size != sizeof(hello))
		return fail("stream: first record: type %u, %u bytes, expected type %u, %zu bytes",
			    record->type, record->length, NVMOVE_STREAM_HELLO, sizeof(hello));
	memcpy(&hello, record->payload.data, sizeof(hello));
	if (memcmp(hello.magic, NVMOVE_STREAM_MAGIC, sizeof(hello.magic)))
		return fail("stream: magic is not \"NVMOVES\\n\"");
	if (le16toh(hello.major) != NVMOVE_STREAM_MAJOR ||
	    le16toh(hello.minor) != NVMOVE_STREAM_MINOR)
		return fail("stream: version: expected %u.%u, is %u.%u", NVMOVE_STREAM_MAJOR,
			    NVMOVE_STREAM_MINOR, le16toh(hello.major), le16toh(hello.minor));
	if (hello.state_size)
		return fail("stream: hello record says %u bytes of state, expected 0: not known",
			    le32toh(hello.state_size));
	return 0;
}

static int check_question(const struct record *record, uint32_t *done)
{
	struct nvmove_stream_question question;
	uint32_t size, offset, length;

	if (record->flags != NVMOVE_STREAM_F_SKIPPABLE || record->payload.size <= sizeof(question))
		return fail("stream: question record: flags %#x, %u bytes, expected %#x, over %zu",
			    record->flags, record->length, NVMOVE_STREAM_F_SKIPPABLE,
			    sizeof(question));
	memcpy(&question, record->payload.data, sizeof(question));
	size = le32toh(question.size);
	offset = le32toh(question.offset);
	length = record->length - (uint32_t)sizeof(question);
	if (offset != *done || size < offset || size - offset < length)
		return fail("stream: %u bytes at %u of a question of %u, expected them at %u",
			    length, offset, size, *done);
	*done += length;
	return 0;
}

/* The records from index 1 on, up to the size record, of which @at gets the index. */
static int check_questions(const struct records *records, size_t *at, uint32_t *done)
{
	struct nvmove_stream_question last = { 0 };

	*done = 0;
	for (*at = 1; records->record[*at].type == NVMOVE_STREAM_QUESTION; ++*at) {
		if (check_question(&records->record[*at], done))
			return -1;
		memcpy(&last, records->record[*at].payload.data, sizeof(last));
	}
	if (le32toh(last.size) != *done)
		return fail("stream: the question has %u bytes by its last record, %u are there",
			    le32toh(last.size), *done);
	return 0;
}

static int check_size(const struct record *record, const struct bytes *state)
{
	struct nvmove_stream_size size;

	if (record->type != NVMOVE_STREAM_SIZE || record->payload.size != sizeof(size))
		return fail("stream: record before the state: type %u, %u bytes, expected %u, %zu",
			    record->type, record->length, NVMOVE_STREAM_SIZE, sizeof(size));
	memcpy(&size, record->payload.data, sizeof(size));
	if (le32toh(size.state_size) != state->size)
		return fail("stream: size record says %u bytes of state, %zu follow",
			    le32toh(size.state_size), state->size);
	return 0;
}

static int check_end(const struct record *record, const struct bytes *state)
{
	struct nvmove_stream_end end;
	uint32_t crc = crc32c(0, state->data, state->size);

	if (record->type != NVMOVE_STREAM_END || record->payload.size != sizeof(end))
		return fail("stream: last record: type %u, %u bytes, expected type %u, %zu bytes",
			    record->type, record->length, NVMOVE_STREAM_END, sizeof(end));
	memcpy(&end, record->payload.data, sizeof(end));
	if (le32toh(end.state_size) != state->size || le32toh(end.state_crc) != crc)
		return fail("stream: end record: %u bytes, checksum %#x, state: %zu bytes, %#x",
			    le32toh(end.state_size), le32toh(end.state_crc), state->size, crc);
	return 0;
}

static int count_unfetched(const struct bytes *state, uint32_t *unfetched)
{
	struct nvmove_cstate_header container;
	struct nvmove_cstate_nvme head;
	struct nvmove_cstate_sq sq;
	size_t position = sizeof(container) + sizeof(head);

	*unfetched = 0;
	if (state->size < position)
		return fail("controller state: %zu bytes, its heads alone have %zu",
			    state->size, position);
	memcpy(&head, state->data + sizeof(container), sizeof(head));
	if ((state->size - position) / sizeof(sq) < le16toh(head.nr_sq))
		return fail("controller state: %zu bytes cannot hold %u submission queues",
			    state->size,
			    le16toh(head.nr_sq));
	for (uint32_t i = 0; i < le16toh(head.nr_sq); i++, position += sizeof(sq)) {
		uint32_t entries, first, last;

		memcpy(&sq, state->data + position, sizeof(sq));
		entries = le16toh(sq.size) + 1u;
		first = le16toh(sq.head);
		last = le16toh(sq.tail);
		if (first >= entries || last >= entries)
			return fail("controller state: sq %u: head %u, tail %u, entries %u",
				    le16toh(sq.qid), first, last, entries);
		*unfetched += (last + entries - first) % entries;
	}
	return 0;
}

static int check_records(const struct records *records, const struct bytes *state,
			 uint32_t *question, uint32_t *unfetched)
{
	size_t at;

	if (records->count < 4)
		return fail("stream: %zu records, at least 4 expected", records->count);
	if (check_hello(&records->record[0]) ||
	    check_end(&records->record[records->count - 1], state) ||
	    check_questions(records, &at, question) || check_size(&records->record[at], state))
		return -1;
	while (++at < records->count - 1)
		if (records->record[at].type != NVMOVE_STREAM_STATE)
			return fail("stream: record %zu of %zu has type %u, expected %u", at,
				    records->count, records->record[at].type, NVMOVE_STREAM_STATE);
	return count_unfetched(state, unfetched);
}

int stream_check(const struct bytes *stream, uint32_t *question, uint32_t *unfetched)
{
	struct records records;
	struct bytes state = { 0 };
	int result;

	if (records_split(stream, &records))
		return -1;
	result = records_state(&records, &state);
	if (!result)
		result = check_records(&records, &state, question, unfetched);
	bytes_free(&state);
	records_free(&records);
	return result;
}
