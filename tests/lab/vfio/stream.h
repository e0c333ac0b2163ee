/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's migration stream as bytes: taken apart, checked against docs/stream.md, put together
 * again. This reading of the format is independent of the driver's. It never touches a device.
 */
#ifndef VFIO_LAB_STREAM_H
#define VFIO_LAB_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <nvmove/stream.h>

/** struct bytes - a buffer that grows; @data is owned */
struct bytes {
	uint8_t *data;
	size_t size;
	size_t room;
};

/** bytes_append() - add @size bytes; -1 when memory is short */
int bytes_append(struct bytes *bytes, const void *data, size_t size);

/** bytes_free() - release and empty */
void bytes_free(struct bytes *bytes);

/**
 * struct record - one record
 * @type: enum nvmove_stream_type, or a number that is none
 * @flags: NVMOVE_STREAM_F_*
 * @length: what its header says
 * @payload: what follows the header; as long as @length says unless somebody made it lie
 */
struct record {
	uint32_t type;
	uint32_t flags;
	uint32_t length;
	struct bytes payload;
};

/** struct records - a stream taken apart; owned by whoever called records_split() */
struct records {
	struct record *record;
	size_t count;
};

/** records_split() - take @stream apart; reports what is wrong with it and returns -1 */
int records_split(const struct bytes *stream, struct records *records);

/** records_join() - put a stream together, with right checksums of all records */
int records_join(const struct records *records, struct bytes *stream);

/** records_insert() - a new record before index @at, with a copy of @payload */
int records_insert(struct records *records, size_t at, uint32_t type, uint32_t flags,
		   const void *payload, size_t size);

/** records_remove() - remove the record at index @at */
void records_remove(struct records *records, size_t at);

/** records_free() - release */
void records_free(struct records *records);

/** records_state() - the controller state inside, all pieces together */
int records_state(const struct records *records, struct bytes *state);

/**
 * stream_check() - is @stream what docs/stream.md promises of a source?
 * @question: gets the bytes of the question in it, 0 for none
 * @unfetched: gets the number of I/O commands that the saved queues hold unfetched
 */
int stream_check(const struct bytes *stream, uint32_t *question, uint32_t *unfetched);

#endif /* VFIO_LAB_STREAM_H */
