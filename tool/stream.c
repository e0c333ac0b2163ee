// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading a captured migration stream as its reader in the kernel does: a header before its
 * payload, checksums before values, the order of the records, the end.
 */
#include "stream.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lm/crc32c.h>
#include <nvmove/lm.h>
#include <nvmove/stream.h>

#include "fields.h"

/**
 * struct reading - a stream being read
 * @at, @left: what has not been read yet
 * @position: of the record that is being read
 * @records: list of what has been read, for people
 * @hello: first record, NULL before it was there
 * @question, @question_size, @question_received: pieces so far, bytes of all of them, 0 before the
 *	first
 * @announced: bytes of state in all, 0 as long as nobody has said
 * @ended: the end record was there
 * @state, @state_size: pieces so far
 */
struct reading {
	const uint8_t *at;
	size_t left;
	size_t position;
	struct nvmove_load_error *error;
	struct json_object *records;
	const struct nvmove_stream_hello *hello;
	uint8_t *question;
	uint32_t question_size;
	uint32_t question_received;
	uint32_t announced;
	bool ended;
	uint8_t *state;
	size_t state_size;
};

__attribute__((format(printf, 2, 3)))
static int refuse(struct reading *reading, const char *format, ...)
{
	char *text = reading->error->text;
	size_t room = sizeof(reading->error->text);
	size_t length = (size_t)snprintf(text, room, "record at byte %zu: ", reading->position);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, room - length, format, args);
	va_end(args);
	return -1;
}

bool stream_is_one(const uint8_t *data, size_t size)
{
	const struct nvmove_stream_record *record = (const void *)data;

	return size >= sizeof(*record) + sizeof(struct nvmove_stream_hello) &&
	       le32toh(record->type) == NVMOVE_STREAM_HELLO &&
	       !memcmp(record + 1, NVMOVE_STREAM_MAGIC, strlen(NVMOVE_STREAM_MAGIC));
}

static uint32_t record_crc(const struct nvmove_stream_record *record, uint32_t length)
{
	struct nvmove_stream_record header = *record;

	header.crc = 0;
	return nvmove_crc32c(nvmove_crc32c(0, &header, sizeof(header)), record + 1, length);
}

/* @record: which one says so */
static int take_announced(struct reading *reading, const char *record, uint32_t size)
{
	if (!size || size % 4 || size > NVMOVE_STREAM_STATE_MAX)
		return refuse(reading, "%s: state of %u bytes, 4 to %u and a multiple of 4 are "
			      "possible", record, size, NVMOVE_STREAM_STATE_MAX);
	reading->announced = size;
	reading->state = malloc(size);
	return reading->state ? 0 : refuse(reading, "no memory for %u bytes of state", size);
}

static int take_hello(struct reading *reading, const void *payload, uint32_t length)
{
	const struct nvmove_stream_hello *hello = payload;

	if (reading->hello)
		return refuse(reading, "a second hello");
	if (length != sizeof(*hello))
		return refuse(reading, "hello: %u bytes, %zu expected", length, sizeof(*hello));
	if (memcmp(hello->magic, NVMOVE_STREAM_MAGIC, sizeof(hello->magic)))
		return refuse(reading, "hello: its magic is another one");
	if (le16toh(hello->major) != NVMOVE_STREAM_MAJOR)
		return refuse(reading, "stream version: %u.%u here, %u.%u in the stream",
			      NVMOVE_STREAM_MAJOR, NVMOVE_STREAM_MINOR, le16toh(hello->major),
			      le16toh(hello->minor));
	reading->hello = hello;
	/* Since 1.1 a record of its own says how much state there is. */
	return hello->state_size ? take_announced(reading, "hello", le32toh(hello->state_size)) : 0;
}

static int begin_question(struct reading *reading, uint32_t size)
{
	if (!size || size % 4 || size > NVMOVE_QUESTION_MAX)
		return refuse(reading, "question of %u bytes, 4 to %u and a multiple of 4 are "
			      "possible", size, NVMOVE_QUESTION_MAX);
	reading->question = malloc(size);
	if (!reading->question)
		return refuse(reading, "no memory for a question of %u bytes", size);
	reading->question_size = size;
	return 0;
}

static int take_question(struct reading *reading, const void *payload, uint32_t length)
{
	const struct nvmove_stream_question *piece = payload;
	uint32_t left;

	if (reading->announced)
		return refuse(reading, "question: behind the size of the state");
	if (length <= sizeof(*piece))
		return refuse(reading, "question: %u bytes, more than %zu expected", length,
			      sizeof(*piece));
	if (!reading->question && begin_question(reading, le32toh(piece->size)))
		return -1;
	left = reading->question_size - reading->question_received;
	length -= (uint32_t)sizeof(*piece);
	if (le32toh(piece->size) != reading->question_size ||
	    le32toh(piece->offset) != reading->question_received || length > left)
		return refuse(reading, "question: %u bytes at %u of %u, at most %u at %u of %u "
			      "expected", length, le32toh(piece->offset), le32toh(piece->size),
			      left, reading->question_received, reading->question_size);
	memcpy(reading->question + reading->question_received, piece + 1, length);
	reading->question_received += length;
	return 0;
}

static int take_size(struct reading *reading, const void *payload, uint32_t length)
{
	const struct nvmove_stream_size *size = payload;

	if (length != sizeof(*size))
		return refuse(reading, "size: %u bytes, %zu expected", length, sizeof(*size));
	if (reading->announced)
		return refuse(reading, "size: %u bytes of state, %u were announced before",
			      le32toh(size->state_size), reading->announced);
	if (reading->question_received < reading->question_size)
		return refuse(reading, "size: %u of %u bytes of the question came before it",
			      reading->question_received, reading->question_size);
	return take_announced(reading, "size", le32toh(size->state_size));
}

static int take_state(struct reading *reading, const void *payload, uint32_t length)
{
	size_t missing = reading->announced - reading->state_size;

	if (!length || length > missing)
		return refuse(reading, "%u bytes of state where %zu of %u are missing", length,
			      missing, reading->announced);
	memcpy(reading->state + reading->state_size, payload, length);
	reading->state_size += length;
	return 0;
}

static int take_end(struct reading *reading, const void *payload, uint32_t length)
{
	const struct nvmove_stream_end *end = payload;
	uint32_t crc;

	if (length != sizeof(*end))
		return refuse(reading, "end: %u bytes, %zu expected", length, sizeof(*end));
	if (!reading->announced || reading->state_size != reading->announced ||
	    le32toh(end->state_size) != reading->announced)
		return refuse(reading, "end: %u bytes of state were announced, %zu came, %u by the "
			      "end record", reading->announced, reading->state_size,
			      le32toh(end->state_size));
	crc = nvmove_crc32c(0, reading->state, reading->state_size);
	if (le32toh(end->state_crc) != crc)
		return refuse(reading, "CRC of the state: %08x, %08x in the end record", crc,
			      le32toh(end->state_crc));
	reading->ended = true;
	return 0;
}

static int take_record(struct reading *reading, uint32_t type, uint32_t flags,
		       const void *payload, uint32_t length)
{
	if (!reading->hello && type != NVMOVE_STREAM_HELLO)
		return refuse(reading, "type %u where a hello must be", type);
	if (flags & ~NVMOVE_STREAM_F_SKIPPABLE)
		return refuse(reading, "type %u: flags %#x, %#x are possible", type, flags,
			      NVMOVE_STREAM_F_SKIPPABLE);
	switch (type) {
	case NVMOVE_STREAM_HELLO:
		return take_hello(reading, payload, length);
	case NVMOVE_STREAM_STATE:
		return take_state(reading, payload, length);
	case NVMOVE_STREAM_END:
		return take_end(reading, payload, length);
	case NVMOVE_STREAM_QUESTION:
		return take_question(reading, payload, length);
	case NVMOVE_STREAM_SIZE:
		return take_size(reading, payload, length);
	}
	return flags ? 0 : refuse(reading, "type %u: unknown and required", type);
}

static void describe_record(struct reading *reading, uint32_t type, uint32_t flags, uint32_t length)
{
	static const char *const names[] = {
		[NVMOVE_STREAM_HELLO] = "hello",
		[NVMOVE_STREAM_STATE] = "state",
		[NVMOVE_STREAM_END] = "end",
		[NVMOVE_STREAM_SIZE] = "size",
		[NVMOVE_STREAM_QUESTION] = "question",
	};
	struct json_object *object = json_object_new_object();

	if (type < sizeof(names) / sizeof(names[0]) && names[type])
		json_object_object_add(object, "record", json_object_new_string(names[type]));
	else
		json_object_object_add(object, "record", json_object_new_uint64(type));
	json_object_object_add(object, "flags", fields_hex(flags));
	json_object_object_add(object, "length", json_object_new_uint64(length));
	json_object_array_add(reading->records, object);
}

static int read_record(struct reading *reading)
{
	const struct nvmove_stream_record *record = (const void *)reading->at;
	uint32_t length, crc;

	if (reading->ended)
		return refuse(reading, "%zu bytes behind the end record", reading->left);
	if (reading->left < sizeof(*record))
		return refuse(reading, "%zu bytes left, a header has %zu", reading->left,
			      sizeof(*record));
	length = le32toh(record->length);
	if (length % 4 || length > NVMOVE_STREAM_PAYLOAD_MAX ||
	    length > reading->left - sizeof(*record))
		return refuse(reading, "length %u, %zu bytes left, %u and a multiple of 4 are "
			      "possible", length, reading->left - sizeof(*record),
			      NVMOVE_STREAM_PAYLOAD_MAX);
	crc = record_crc(record, length);
	if (crc != le32toh(record->crc))
		return refuse(reading, "CRC: %08x, %08x in the header", crc, le32toh(record->crc));
	if (take_record(reading, le32toh(record->type), le32toh(record->flags), record + 1, length))
		return -1;
	describe_record(reading, le32toh(record->type), le32toh(record->flags), length);
	reading->at += sizeof(*record) + length;
	reading->left -= sizeof(*record) + length;
	reading->position += sizeof(*record) + length;
	return 0;
}

static int read_records(struct reading *reading)
{
	while (reading->left) {
		if (read_record(reading))
			return -1;
	}
	return reading->ended ? 0 : refuse(reading, "the stream ends without an end record");
}

static struct json_object *describe(const struct reading *reading)
{
	const struct nvmove_stream_hello *hello = reading->hello;
	struct json_object *object = json_object_new_object();
	uint16_t protocol = le16toh(hello->protocol);
	char version[12];

	snprintf(version, sizeof(version), "%u.%u", le16toh(hello->major), le16toh(hello->minor));
	json_object_object_add(object, "version", json_object_new_string(version));
	json_object_object_add(object, "vendor_id", fields_hex(le16toh(hello->vendor_id)));
	json_object_object_add(object, "device_id", fields_hex(le16toh(hello->device_id)));
	json_object_object_add(object, "cntlid", json_object_new_int(le16toh(hello->cntlid)));
	if (protocol == NVMOVE_STREAM_RFC || protocol == NVMOVE_STREAM_HMLM)
		json_object_object_add(object, "protocol",
				       json_object_new_string(protocol == NVMOVE_STREAM_RFC
								      ? "rfc" : "hmlm"));
	else
		json_object_object_add(object, "protocol", json_object_new_int(protocol));
	json_object_object_add(object, "state_size", json_object_new_uint64(reading->state_size));
	json_object_object_add(object, "records", json_object_get(reading->records));
	return object;
}

int stream_read(const uint8_t *data, size_t size, struct stream *stream,
		struct nvmove_load_error *error)
{
	struct reading reading = {
		.at = data,
		.left = size,
		.error = error,
		.records = json_object_new_array(),
	};
	int err;

	error->section = 0;
	err = read_records(&reading);
	if (!err) {
		*stream = (struct stream) {
			.description = describe(&reading),
			.question = reading.question,
			.question_size = reading.question_size,
			.state = reading.state,
			.state_size = reading.state_size,
		};
	} else {
		free(reading.question);
		free(reading.state);
	}
	json_object_put(reading.records);
	return err;
}

void stream_release(struct stream *stream)
{
	json_object_put(stream->description);
	free(stream->question);
	free(stream->state);
}
