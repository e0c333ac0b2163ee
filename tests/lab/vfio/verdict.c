// SPDX-License-Identifier: BSD-2-Clause
/*
 * A reader of streams in the words of docs/stream.md; see verdict.h. It has all of a stream in
 * memory and so needs none of the driver's ways to cope with pieces.
 */
#include "verdict.h"

#include <endian.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "report.h"

/**
 * struct reading - a stream being read
 * @announced: size of its state, 0 before that is known
 * @question_size: size of its question, 0 if there was none yet
 */
struct reading {
	const struct bytes *stream;
	const struct nvmove_stream_hello *own;
	struct verdict *verdict;
	size_t position;
	uint32_t announced;
	uint32_t question_size;
	bool greeted;
	bool sealed;
};

static bool wrong(struct reading *reading, const char *why)
{
	reading->verdict->why = why;
	return false;
}

static bool size_is_good(struct reading *reading, uint32_t size)
{
	if (!size || size % 4 || size > NVMOVE_STREAM_STATE_MAX)
		return wrong(reading, "size of the state");
	reading->announced = size;
	return true;
}

static bool hello_is_good(struct reading *reading, const uint8_t *payload, uint32_t length)
{
	struct nvmove_stream_hello hello;

	if (reading->greeted)
		return wrong(reading, "second hello");
	if (length != sizeof(hello))
		return wrong(reading, "length of the hello");
	memcpy(&hello, payload, sizeof(hello));
	if (memcmp(hello.magic, NVMOVE_STREAM_MAGIC, sizeof(hello.magic)))
		return wrong(reading, "magic");
	if (le16toh(hello.major) != NVMOVE_STREAM_MAJOR)
		return wrong(reading, "major version");
	if (hello.vendor_id != reading->own->vendor_id ||
	    hello.device_id != reading->own->device_id)
		return wrong(reading, "PCI ids");
	reading->greeted = true;
	/* version 1.0 has the size here, and no size record */
	return !hello.state_size || size_is_good(reading, le32toh(hello.state_size));
}

static bool question_is_good(struct reading *reading, const uint8_t *payload, uint32_t length)
{
	struct nvmove_stream_question piece;
	uint32_t size;

	if (reading->announced)
		return wrong(reading, "question behind the size");
	if (length <= sizeof(piece))
		return wrong(reading, "length of a piece of the question");
	memcpy(&piece, payload, sizeof(piece));
	size = le32toh(piece.size);
	if (!size || size % 4 || size > NVMOVE_QUESTION_MAX ||
	    (reading->question_size && size != reading->question_size))
		return wrong(reading, "size of the question");
	reading->question_size = size;
	if (le32toh(piece.offset) != reading->verdict->question.size ||
	    length - sizeof(piece) > size - reading->verdict->question.size)
		return wrong(reading, "place of a piece of the question");
	return true;
}

static bool size_record_is_good(struct reading *reading, const uint8_t *payload, uint32_t length)
{
	struct nvmove_stream_size size;

	if (reading->announced)
		return wrong(reading, "second size");
	if (reading->verdict->question.size != reading->question_size)
		return wrong(reading, "question cut off");
	if (length != sizeof(size))
		return wrong(reading, "length of the size record");
	memcpy(&size, payload, sizeof(size));
	return size_is_good(reading, le32toh(size.state_size));
}

static bool piece_is_good(struct reading *reading, uint32_t length)
{
	if (!length || length > reading->announced - reading->verdict->state.size)
		return wrong(reading, "length of a piece of the state");
	return true;
}

static bool end_is_good(struct reading *reading, const uint8_t *payload, uint32_t length)
{
	const struct bytes *state = &reading->verdict->state;
	struct nvmove_stream_end end;

	if (length != sizeof(end))
		return wrong(reading, "length of the end");
	memcpy(&end, payload, sizeof(end));
	if (!reading->announced || state->size != reading->announced || le32toh(end.state_size) != reading->announced)
		return wrong(reading, "size of the state at the end");
	if (le32toh(end.state_crc) != crc32c(0, state->data, state->size))
		return wrong(reading, "checksum of the state");
	reading->sealed = true;
	return true;
}

static bool record_is_good(struct reading *reading, const struct nvmove_stream_record *header,
			   const uint8_t *payload)
{
	uint32_t length = le32toh(header->length), type = le32toh(header->type);

	switch (type) {
	case NVMOVE_STREAM_HELLO:
		return hello_is_good(reading, payload, length);
	case NVMOVE_STREAM_QUESTION:
		return question_is_good(reading, payload, length);
	case NVMOVE_STREAM_SIZE:
		return size_record_is_good(reading, payload, length);
	case NVMOVE_STREAM_STATE:
		return piece_is_good(reading, length);
	case NVMOVE_STREAM_END:
		return end_is_good(reading, payload, length);
	default:
		return le32toh(header->flags) & NVMOVE_STREAM_F_SKIPPABLE ||
		       wrong(reading, "unknown type");
	}
}

static bool header_is_good(struct reading *reading, const struct nvmove_stream_record *header)
{
	size_t left = reading->stream->size - reading->position - sizeof(*header);
	const uint8_t *payload = reading->stream->data + reading->position + sizeof(*header);
	struct nvmove_stream_record without = *header;
	uint32_t length = le32toh(header->length);

	if (reading->sealed)
		return wrong(reading, "bytes after the end");
	if (!reading->greeted && le32toh(header->type) != NVMOVE_STREAM_HELLO)
		return wrong(reading, "first record is no hello");
	if (le32toh(header->flags) & ~NVMOVE_STREAM_F_SKIPPABLE)
		return wrong(reading, "flags");
	if (length > NVMOVE_STREAM_PAYLOAD_MAX || length % 4)
		return wrong(reading, "length of a record");
	if (length > left)
		return wrong(reading, "record cut off");
	without.crc = 0;
	if (crc32c(crc32c(0, &without, sizeof(without)), payload, length) != le32toh(header->crc))
		return wrong(reading, "checksum of a record");
	return true;
}

/* What a good record adds to the verdict. */
static int keep_payload(struct verdict *verdict, uint32_t type, const uint8_t *payload,
			uint32_t length)
{
	const size_t head = sizeof(struct nvmove_stream_question);

	if (type == NVMOVE_STREAM_STATE)
		return bytes_append(&verdict->state, payload, length);
	if (type == NVMOVE_STREAM_QUESTION)
		return bytes_append(&verdict->question, payload + head, length - head);
	return 0;
}

/* Return: 1 when the record is good, 0 when it is not, -1 when memory is short. */
static int read_record(struct reading *reading)
{
	const uint8_t *at = reading->stream->data + reading->position;
	struct nvmove_stream_record header;
	uint32_t length;

	if (reading->stream->size - reading->position < sizeof(header))
		return wrong(reading, reading->sealed ? "bytes after the end" : "header cut off");
	memcpy(&header, at, sizeof(header));
	length = le32toh(header.length);
	if (!header_is_good(reading, &header) ||
	    !record_is_good(reading, &header, at + sizeof(header)))
		return 0;
	reading->position += sizeof(header) + length;
	return keep_payload(reading->verdict, le32toh(header.type), at + sizeof(header), length) ?
		       -1 : 1;
}

int verdict_reach(const struct bytes *stream, const struct nvmove_stream_hello *own,
		  struct verdict *verdict)
{
	struct reading reading = { .stream = stream, .own = own, .verdict = verdict };
	int result = 1;

	memset(verdict, 0, sizeof(*verdict));
	while (result > 0 && reading.position < stream->size)
		result = read_record(&reading);
	if (result > 0 && !reading.sealed)
		result = wrong(&reading, "no end");
	verdict->good = result > 0;
	return result < 0 ? -1 : 0;
}

int verdict_own_hello(const struct bytes *stream, struct nvmove_stream_hello *own)
{
	size_t offset = sizeof(struct nvmove_stream_record);

	if (stream->size < offset + sizeof(*own))
		return fail("stream: %zu bytes, too short for a hello record", stream->size);
	memcpy(own, stream->data + offset, sizeof(*own));
	return 0;
}

void verdict_free(struct verdict *verdict)
{
	bytes_free(&verdict->question);
	bytes_free(&verdict->state);
}
