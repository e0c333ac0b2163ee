/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the file medium and its two engines share. An operation is carried out as a sequence of
 * steps, one system call each: file.c decides which step comes next and what its result means, an
 * engine (file_uring.c, file_threads.c) only carries steps out. Private to these three files.
 */
#ifndef NVMOVE_MEDIA_FILE_H
#define NVMOVE_MEDIA_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "medium.h"

/**
 * enum nvmove_file_call - the system call of a step
 * @NVMOVE_FILE_READ: preadv()
 * @NVMOVE_FILE_WRITE: pwritev2()
 * @NVMOVE_FILE_WRITE_ZEROES: pwrite() of zeroes
 * @NVMOVE_FILE_ALLOCATE: fallocate()
 * @NVMOVE_FILE_SYNC: fdatasync()
 */
enum nvmove_file_call {
	NVMOVE_FILE_READ,
	NVMOVE_FILE_WRITE,
	NVMOVE_FILE_WRITE_ZEROES,
	NVMOVE_FILE_ALLOCATE,
	NVMOVE_FILE_SYNC,
};

/**
 * struct nvmove_file_step - one system call
 * @call: which
 * @flags: RWF_* of a write, mode of fallocate()
 * @offset: bytes from the file's start
 * @length: bytes
 * @iov: buffers of a read or write; they belong to the operation
 * @iovcnt: entries of @iov
 * @buffer: bytes to write for NVMOVE_FILE_WRITE_ZEROES
 */
struct nvmove_file_step {
	enum nvmove_file_call call;
	int flags;
	uint64_t offset;
	uint64_t length;
	const struct iovec *iov;
	unsigned int iovcnt;
	const void *buffer;
};

/**
 * struct nvmove_file - base of a file medium, embedded first in an engine's own structure
 * @medium: base; its address is the medium's
 * @fd: the file, -1 until it is open
 * @block_size: logical block size of a block device, to which fallocate() must be aligned there;
 *	1 for a regular file
 * @zeroes: read-only page of zeroes to write from
 * @no_punch_hole: fallocate() has refused to punch holes. Written by the threads of an engine
 * @no_zero_range: fallocate() has refused to zero a range. Written by the threads of an engine
 */
struct nvmove_file {
	struct nvmove_medium medium;
	int fd;
	uint64_t block_size;
	void *zeroes;
	atomic_bool no_punch_hole;
	atomic_bool no_zero_range;
};

/**
 * struct nvmove_media_list - operations in order, linked by their next field
 * @first: oldest, NULL if there is none
 * @last: newest, undefined if there is none
 */
struct nvmove_media_list {
	struct nvmove_media_io *first;
	struct nvmove_media_io *last;
};

static inline void nvmove_media_list_add(struct nvmove_media_list *list, struct nvmove_media_io *io)
{
	io->next = NULL;
	if (list->first)
		list->last->next = io;
	else
		list->first = io;
	list->last = io;
}

static inline struct nvmove_media_io *nvmove_media_list_take(struct nvmove_media_list *list)
{
	struct nvmove_media_io *io = list->first;

	if (io)
		list->first = io->next;
	return io;
}

/**
 * nvmove_file_admit() - look at an operation before any step
 * @file: file
 * @io: operation; its error is set if there is nothing to do
 *
 * Return: true if @io needs steps, false if it is complete as it is.
 */
bool nvmove_file_admit(const struct nvmove_file *file, struct nvmove_media_io *io);

/**
 * nvmove_file_next_step() - what to do next for an operation that is not complete
 * @file: file
 * @io: operation
 * @step: receives the step
 */
void nvmove_file_next_step(struct nvmove_file *file, const struct nvmove_media_io *io,
			   struct nvmove_file_step *step);

/**
 * nvmove_file_end_step() - take note of a step's result
 * @file: file
 * @io: operation
 * @step: the step
 * @result: what the system call returned, or a negative errno
 *
 * Return: true if @io is complete (its error is set), false if it needs another step.
 */
bool nvmove_file_end_step(struct nvmove_file *file, struct nvmove_media_io *io,
			  const struct nvmove_file_step *step, long result);

/**
 * nvmove_file_release() - close the file and free what file.c has put into its structure
 * @file: file
 */
void nvmove_file_release(struct nvmove_file *file);

/**
 * nvmove_file_new_uring() - a file medium that works by io_uring, without its file yet
 *
 * Return: the medium, or NULL with errno set where the kernel does not allow it.
 */
struct nvmove_file *nvmove_file_new_uring(void);

/**
 * nvmove_file_new_threads() - a file medium that works by threads, without its file yet
 *
 * Return: the medium, or NULL with errno set.
 */
struct nvmove_file *nvmove_file_new_threads(void);

#endif /* NVMOVE_MEDIA_FILE_H */
