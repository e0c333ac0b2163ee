/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A captured migration stream (docs/stream.md): its records checked, the controller state taken
 * out. It never looks into the state.
 */
#ifndef TOOL_STREAM_H
#define TOOL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include <state_reader.h>

/**
 * struct stream - what a stream carries; all are owned, and released by stream_release()
 * @description: the records as an object
 * @question: what the source's controller asks, on a 4-byte boundary; NULL: nothing
 * @question_size: bytes of it
 * @state: controller state, on a 4-byte boundary
 * @state_size: bytes of it
 */
struct stream {
	struct json_object *description;
	uint8_t *question;
	size_t question_size;
	uint8_t *state;
	size_t state_size;
};

/** stream_is_one() - whether a file begins as a stream does */
bool stream_is_one(const uint8_t *data, size_t size);

/**
 * stream_read() - check and take apart
 * @data: stream, untrusted
 * @size: bytes
 * @stream: receives what is in it, if 0 is returned
 * @error: receives the reason on failure; its section is 0
 *
 * Return: 0, -1 for a stream that docs/stream.md says a reader refuses.
 */
int stream_read(const uint8_t *data, size_t size, struct stream *stream,
		struct nvmove_load_error *error);

/** stream_release() - free what was read */
void stream_release(struct stream *stream);

#endif /* TOOL_STREAM_H */
