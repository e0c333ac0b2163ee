/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two directions of a stream share: its records in memory, its file. For stream.c,
 * stream-save.c and stream-load.c alone; everybody else knows a stream by nvme-vfio-pci.h.
 */
#ifndef NVMOVE_STREAM_FILE_H
#define NVMOVE_STREAM_FILE_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include <nvmove/stream.h>

#include "nvme-vfio-pci.h"

/* CRC-32C begins with it, and ends with an inversion */
#define NVMOVE_CRC_INIT	(~0u)

/**
 * struct nvmove_record - a record of the stream
 * @list: in struct nvmove_stream
 * @header: as on the wire
 * @length: bytes of @payload; equals the header's once that was checked
 * @payload: owned; NULL if @length is 0
 */
struct nvmove_record {
	struct list_head list;
	struct nvmove_stream_record header;
	u32 length;
	u8 *payload;
};

/**
 * struct nvmove_stream - an open stream; freed with its file
 * @file: the file
 * @ndev: the device; holds a reference, which keeps its memory and nothing else
 * @dev: the function, for messages; holds a reference
 * @hello: what a received stream must begin with
 * @ended: the state machine has left the states that the stream belongs to; no lock
 * @readable: read: woken when records are added or @ended is set
 * @lock: covers everything below. Held while user memory is copied, so never taken where a reset
 *	could wait for it
 * @records: read: what is still to be read. Write: the pieces of the state
 * @complete: read: the end record is or was among @records. Set once, read without lock too
 * @question: write: what was received of the question; NULL before that and once it was asked
 * @question_size: write: bytes of it, 0 if there is none
 * @question_received: write: bytes of it that were received
 * @asked: write: the device has accepted the question
 * @current_record: write: the record being received
 * @position: bytes, header included, that are done of the first or the current record
 * @moved: bytes that user space has read or written so far; only shown
 * @state_size: write: bytes of state that were announced, 0 before that
 * @received: write: bytes of state in @records
 * @state_crc: write: CRC-32C of those before the final inversion
 * @greeted: the hello record has been received
 * @sealed: the end record has been received, the stream is complete and correct
 * @loaded: the device has taken the state
 * @error: why the stream was refused, else 0
 */
struct nvmove_stream {
	struct file *file;
	struct nvmove_device *ndev;
	struct device *dev;
	struct nvmove_stream_hello hello;
	bool ended;
	wait_queue_head_t readable;

	struct mutex lock; /* see above */
	struct list_head records;
	bool complete;
	u8 *question;
	u32 question_size;
	u32 question_received;
	bool asked;
	struct nvmove_record *current_record;
	u32 position;
	u64 moved;
	u32 state_size;
	u32 received;
	u32 state_crc;
	bool greeted;
	bool sealed;
	bool loaded;
	int error;
};

/**
 * nvmove_record_allocate - make an empty record
 * @length: bytes of payload, zeroed so that a device that delivers less than asked for shows no
 *	kernel memory to anybody
 *
 * Return: the record, or NULL.
 */
struct nvmove_record *nvmove_record_allocate(u32 length);

/**
 * nvmove_record_allocate_payload - give a record without payload one, zeroed likewise
 * @record: the record
 * @length: bytes
 *
 * Return: 0 or -ENOMEM.
 */
int nvmove_record_allocate_payload(struct nvmove_record *record, u32 length);

/**
 * nvmove_record_free - free a record
 * @record: the record, in no list, or NULL
 */
void nvmove_record_free(struct nvmove_record *record);

/**
 * nvmove_records_free - free all records of a list, which is not used again
 * @records: the list
 */
void nvmove_records_free(struct list_head *records);

/**
 * nvmove_record_crc - checksum that a record should have
 * @record: the record, with all its payload
 *
 * Return: the CRC.
 */
u32 nvmove_record_crc(const struct nvmove_record *record);

/**
 * nvmove_record_span - find the bytes of a record that lie together in memory
 * @record: the record
 * @position: where they begin, header included
 * @length: gets how many they are
 *
 * Return: the first one.
 */
void *nvmove_record_span(struct nvmove_record *record, u32 position, size_t *length);

/**
 * nvmove_record_is_complete - is everything of a record done?
 * @record: the record, its length known
 * @position: bytes that are done, header included
 *
 * Return: true if so.
 */
bool nvmove_record_is_complete(const struct nvmove_record *record, u32 position);

/**
 * nvmove_stream_create - make a stream and its file, without records
 * @ndev: the device
 * @name: of the file, as /proc shows it
 * @fops: its operations, nvmove_stream_release() among them
 * @flags: O_RDONLY or O_WRONLY
 *
 * Return: the stream, to be ended with nvmove_stream_end(), or an error pointer.
 */
struct nvmove_stream *nvmove_stream_create(struct nvmove_device *ndev, const char *name,
					   const struct file_operations *fops, int flags);

/**
 * nvmove_stream_release - release operation of both files: free the stream
 * @inode: unused
 * @file: the file
 *
 * Return: 0.
 */
int nvmove_stream_release(struct inode *inode, struct file *file);

/**
 * nvmove_stream_has_ended - has the state machine left the states that a stream belongs to?
 * @stream: the stream
 *
 * Return: true if so.
 */
bool nvmove_stream_has_ended(const struct nvmove_stream *stream);

/**
 * nvmove_stream_max_piece - how many bytes of state go with one command and into one record
 * @ndev: the device
 *
 * Return: bytes, or a negative errno as nvmove_controlling_max_transfer().
 */
int nvmove_stream_max_piece(struct nvmove_device *ndev);

#endif /* NVMOVE_STREAM_FILE_H */
