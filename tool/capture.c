// SPDX-License-Identifier: BSD-2-Clause
/*
 * Telling the formats of files apart and reading each by what knows it.
 */
#include "capture.h"

#include <string.h>

#include <nvmove/stream.h>

#include "record_decode.h"
#include "state_decode.h"

/* A stream may consist of records with 4 bytes of state each. */
#define MOST_BYTES	(8u * NVMOVE_STREAM_STATE_MAX)

/* What the source's controller asks: a container with its compatibility record. */
static int describe_question(struct capture *capture, struct nvmove_load_error *error)
{
	const struct stream *stream = &capture->stream;
	struct nvmove_state_section record;

	if (!stream->question)
		return 0;
	if (nvmove_question_read(stream->question, stream->question_size, &record, error) ||
	    record_verify(record.payload, record.length, error))
		return -1;
	json_object_object_add(capture->description, "question", record_decode(record.payload));
	return 0;
}

static int read_stream(struct capture *capture, struct nvmove_load_error *error)
{
	struct json_object *state;

	if (stream_read(capture->contents.data, capture->contents.size, &capture->stream, error))
		return -1;
	capture->state = capture->stream.state;
	capture->state_size = capture->stream.state_size;
	state = state_decode(capture->state, capture->state_size, error);
	if (!state)
		return -1;
	capture->description = json_object_new_object();
	json_object_object_add(capture->description, "stream",
			       json_object_get(capture->stream.description));
	if (describe_question(capture, error)) {
		json_object_put(state);
		return -1;
	}
	json_object_object_add(capture->description, "state", state);
	return 0;
}

static int read_record(struct capture *capture, const void *data, size_t size,
		       struct nvmove_load_error *error)
{
	if (record_verify(data, size, error))
		return -1;
	capture->description = json_object_new_object();
	json_object_object_add(capture->description, "compatibility record", record_decode(data));
	return 0;
}

static int read_state(struct capture *capture, struct nvmove_load_error *error)
{
	capture->state = capture->contents.data;
	capture->state_size = capture->contents.size;
	capture->description = state_decode(capture->state, capture->state_size, error);
	return capture->description ? 0 : -1;
}

int capture_take_apart(struct capture *capture, struct nvmove_load_error *error)
{
	const uint8_t *data = capture->contents.data;
	size_t size = capture->contents.size;
	struct nvmove_state_section record;

	if (stream_is_one(data, size))
		return read_stream(capture, error);
	if (record_is_one(data, size))
		return read_record(capture, data, size, error);
	if (!nvmove_question_read(data, size, &record, error))
		return read_record(capture, record.payload, record.length, error);
	return read_state(capture, error);
}

enum outcome capture_read(const char *name, struct capture *capture,
			  struct nvmove_load_error *error)
{
	*capture = (struct capture) { .description = NULL };
	if (file_read(name, MOST_BYTES, &capture->contents))
		return OUTCOME_ERROR;
	if (!capture_take_apart(capture, error))
		return OUTCOME_YES;
	capture_release(capture);
	return OUTCOME_NO;
}

void capture_release(struct capture *capture)
{
	json_object_put(capture->description);
	stream_release(&capture->stream);
	file_release(&capture->contents);
}
