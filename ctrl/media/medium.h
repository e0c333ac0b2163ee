/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A medium stores a namespace's data. The controller hands it operations and is called back, in any
 * order, from nvmove_medium_poll() or from inside submit; it never learns how the data is stored.
 * A medium belongs to one event loop, like the subsystem that uses it.
 */
#ifndef NVMOVE_MEDIUM_H
#define NVMOVE_MEDIUM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct nvmove_medium;

/**
 * enum nvmove_media_op - what to do
 * @NVMOVE_MEDIA_READ: fill @iov
 * @NVMOVE_MEDIA_WRITE: store @iov
 * @NVMOVE_MEDIA_FLUSH: make everything completed before durable; no range
 * @NVMOVE_MEDIA_WRITE_ZEROES: the range reads as zeroes afterwards
 * @NVMOVE_MEDIA_DEALLOCATE: the range reads as zeroes afterwards and its space may be released
 */
enum nvmove_media_op {
	NVMOVE_MEDIA_READ,
	NVMOVE_MEDIA_WRITE,
	NVMOVE_MEDIA_FLUSH,
	NVMOVE_MEDIA_WRITE_ZEROES,
	NVMOVE_MEDIA_DEALLOCATE,
};

#define NVMOVE_MEDIA_F_FUA	(1u << 0)	/* write: durable before it completes */
#define NVMOVE_MEDIA_F_UNMAP	(1u << 1)	/* write zeroes: space may be released */

/**
 * struct nvmove_media_io - one operation, owned by the submitter until @done is called
 * @op: what to do
 * @flags: NVMOVE_MEDIA_F_*
 * @offset: bytes from the medium's start
 * @length: bytes; for read and write the sum of @iov. The submitter has checked that the range lies
 *	within the medium
 * @iov: buffers; the medium may modify the array while it works
 * @iovcnt: entries of @iov
 * @done: called exactly once. @error: 0 or a negative errno. May free or resubmit @io
 * @next: for the medium while it owns the operation
 * @progress: for the medium: bytes done so far
 * @error: for the medium
 */
struct nvmove_media_io {
	enum nvmove_media_op op;
	unsigned int flags;
	uint64_t offset;
	uint64_t length;
	struct iovec *iov;
	unsigned int iovcnt;
	void (*done)(struct nvmove_media_io *io, int error);
	struct nvmove_media_io *next;
	uint64_t progress;
	int error;
};

/**
 * struct nvmove_medium_ops - a kind of medium
 * @submit: start @io; completes it now or later
 * @poll: call back whatever has completed; never blocks
 * @drain: complete everything that was submitted before it returns; may block
 * @close: release the medium; nothing is under way
 */
struct nvmove_medium_ops {
	void (*submit)(struct nvmove_medium *medium, struct nvmove_media_io *io);
	void (*poll)(struct nvmove_medium *medium);
	void (*drain)(struct nvmove_medium *medium);
	void (*close)(struct nvmove_medium *medium);
};

/**
 * struct nvmove_medium - base of every medium
 * @ops: kind
 * @size: bytes
 * @event_fd: becomes readable when nvmove_medium_poll() has something to do; -1 if the medium
 *	completes everything inside submit or is polled by other means
 * @read_only: writes fail
 */
struct nvmove_medium {
	const struct nvmove_medium_ops *ops;
	uint64_t size;
	int event_fd;
	bool read_only;
};

static inline void nvmove_medium_submit(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	io->progress = 0;
	io->error = 0;
	medium->ops->submit(medium, io);
}

static inline void nvmove_medium_poll(struct nvmove_medium *medium)
{
	medium->ops->poll(medium);
}

static inline void nvmove_medium_drain(struct nvmove_medium *medium)
{
	medium->ops->drain(medium);
}

static inline void nvmove_medium_close(struct nvmove_medium *medium)
{
	if (medium)
		medium->ops->close(medium);
}

/**
 * nvmove_medium_mem() - a medium in memory, zero at first, that completes inside submit
 * @size: bytes
 *
 * Return: the medium, or NULL with errno set.
 */
struct nvmove_medium *nvmove_medium_mem(uint64_t size);

/**
 * enum nvmove_file_engine - how a file medium does asynchronous I/O
 * @NVMOVE_FILE_AUTO: io_uring where the kernel allows it, else threads
 * @NVMOVE_FILE_IO_URING: io_uring or fail
 * @NVMOVE_FILE_THREADS: a pool of threads
 */
enum nvmove_file_engine {
	NVMOVE_FILE_AUTO,
	NVMOVE_FILE_IO_URING,
	NVMOVE_FILE_THREADS,
};

/**
 * nvmove_medium_file() - a medium in a regular file or block device
 * @path: file; it is neither created nor resized
 * @read_only: open for reading only
 * @engine: how to do the I/O
 * @error: receives, on failure, a message that names the file and the reason; owned by the caller,
 *	to be freed. May be NULL
 *
 * Return: the medium, or NULL.
 */
struct nvmove_medium *nvmove_medium_file(const char *path, bool read_only,
					 enum nvmove_file_engine engine, char **error);

#endif /* NVMOVE_MEDIUM_H */
