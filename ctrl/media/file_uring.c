// SPDX-License-Identifier: BSD-2-Clause
/*
 * The file medium's engine on io_uring. A fixed number of requests is in the kernel at a time;
 * further operations wait in a list. It never allocates per operation and has no thread of its own.
 */
#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "file.h"

/* Requests in the kernel at a time. The submission ring holds as many, the completion ring more. */
#define DEPTH	128

/**
 * struct request - a step on its way through the ring
 * @io: the operation, NULL while the request is free
 * @step: what is being done; the kernel reads from it at the latest when it is submitted
 * @next: next free request, or next one that is prepared
 */
struct request {
	struct nvmove_media_io *io;
	struct nvmove_file_step step;
	struct request *next;
};

/**
 * struct file_uring - a file medium with a ring
 * @file: base
 * @ring: the ring
 * @outstanding: operations submitted and not called back yet
 * @waiting: operations that have no request yet
 * @free: free requests
 * @prepared: requests whose entry the kernel has not consumed, oldest first
 * @prepared_end: where to append to @prepared
 * @broken: negative errno after which the ring cannot be used any more, else 0
 * @requests: all requests
 */
struct file_uring {
	struct nvmove_file file;
	struct io_uring ring;
	unsigned int outstanding;
	struct nvmove_media_list waiting;
	struct request *free;
	struct request *prepared;
	struct request **prepared_end;
	int broken;
	struct request requests[DEPTH];
};

/* Call back, last: the callback may submit, and may free the operation. */
static void finish(struct file_uring *uring, struct request *request)
{
	struct nvmove_media_io *io = request->io;

	request->io = NULL;
	request->next = uring->free;
	uring->free = request;
	uring->outstanding--;
	io->done(io, io->error);
}

/* Put the request's next step into the submission ring, which has room for all requests. */
static void prepare(struct file_uring *uring, struct request *request)
{
	struct nvmove_file_step *step = &request->step;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
	int fd = uring->file.fd;

	assert(sqe);
	nvmove_file_next_step(&uring->file, request->io, step);
	switch (step->call) {
	case NVMOVE_FILE_READ:
		io_uring_prep_readv(sqe, fd, step->iov, step->iovcnt, step->offset);
		break;
	case NVMOVE_FILE_WRITE:
		io_uring_prep_writev2(sqe, fd, step->iov, step->iovcnt, step->offset, step->flags);
		break;
	case NVMOVE_FILE_WRITE_ZEROES:
		io_uring_prep_write(sqe, fd, step->buffer, step->length, step->offset);
		break;
	case NVMOVE_FILE_ALLOCATE:
		io_uring_prep_fallocate(sqe, fd, step->flags, step->offset, step->length);
		break;
	case NVMOVE_FILE_SYNC:
		io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
		break;
	}
	io_uring_sqe_set_data(sqe, request);
	request->next = NULL;
	*uring->prepared_end = request;
	uring->prepared_end = &request->next;
}

static struct request *take_prepared(struct file_uring *uring)
{
	struct request *request = uring->prepared;

	uring->prepared = request->next;
	if (!uring->prepared)
		uring->prepared_end = &uring->prepared;
	return request;
}

/* The kernel will take nothing any more: what it has not taken ends here. */
static void break_off(struct file_uring *uring, int error)
{
	struct nvmove_media_io *io;

	uring->broken = error;
	while (uring->prepared) {
		struct request *request = take_prepared(uring);

		request->io->error = error;
		finish(uring, request);
	}
	for (;;) {
		io = nvmove_media_list_take(&uring->waiting);
		if (!io)
			break;
		uring->outstanding--;
		io->done(io, error);
	}
}

/* Hand what is prepared to the kernel. */
static void push(struct file_uring *uring)
{
	int taken;

	while (uring->prepared) {
		taken = io_uring_submit(&uring->ring);
		if (taken == -EINTR)
			continue;
		if (taken == -EAGAIN || taken == -EBUSY || !taken) {
			/* Short of memory, or completions to reap first: poll comes here again. */
			eventfd_write(uring->file.medium.event_fd, 1);
			return;
		}
		if (taken < 0) {
			break_off(uring, taken);
			return;
		}
		for (; taken; taken--)
			take_prepared(uring);
	}
}

/* Give waiting operations the free requests, and all that is prepared to the kernel. */
static void advance(struct file_uring *uring)
{
	while (uring->free && uring->waiting.first && !uring->broken) {
		struct request *request = uring->free;

		uring->free = request->next;
		request->io = nvmove_media_list_take(&uring->waiting);
		prepare(uring, request);
	}
	push(uring);
}

static void uring_submit(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	struct file_uring *uring = (struct file_uring *)medium;

	if (!nvmove_file_admit(&uring->file, io)) {
		io->done(io, io->error);
		return;
	}
	if (uring->broken) {
		io->done(io, uring->broken);
		return;
	}
	uring->outstanding++;
	nvmove_media_list_add(&uring->waiting, io);
	advance(uring);
}

/* Handle one completion. It is off the ring first, so that a callback may come here as well. */
static bool reap(struct file_uring *uring)
{
	struct request *request;
	struct io_uring_cqe *cqe;
	int result;

	if (io_uring_peek_cqe(&uring->ring, &cqe))
		return false;
	request = io_uring_cqe_get_data(cqe);
	result = cqe->res;
	io_uring_cqe_seen(&uring->ring, cqe);

	if (nvmove_file_end_step(&uring->file, request->io, &request->step, result)) {
		finish(uring, request);
	} else if (uring->broken) {
		request->io->error = uring->broken;
		finish(uring, request);
	} else {
		prepare(uring, request);
	}
	return true;
}

static void uring_poll(struct nvmove_medium *medium)
{
	struct file_uring *uring = (struct file_uring *)medium;
	eventfd_t notices;

	/* Before looking, so that what completes later makes it readable again. */
	eventfd_read(medium->event_fd, &notices);
	while (reap(uring))
		;
	advance(uring);
}

static void uring_drain(struct nvmove_medium *medium)
{
	struct file_uring *uring = (struct file_uring *)medium;
	struct pollfd ready = { .fd = medium->event_fd, .events = POLLIN };

	for (;;) {
		uring_poll(medium);
		if (!uring->outstanding)
			break;
		poll(&ready, 1, -1);
	}
}

static void uring_close(struct nvmove_medium *medium)
{
	struct file_uring *uring = (struct file_uring *)medium;

	assert(!uring->outstanding);
	io_uring_queue_exit(&uring->ring);
	close(medium->event_fd);
	nvmove_file_release(&uring->file);
	free(uring);
}

static const struct nvmove_medium_ops uring_ops = {
	.submit = uring_submit,
	.poll = uring_poll,
	.drain = uring_drain,
	.close = uring_close,
};

/* Whether the kernel knows all that prepare() uses. */
static int probe(struct io_uring *ring)
{
	static const int needed[] = {
		IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_WRITE, IORING_OP_FALLOCATE,
		IORING_OP_FSYNC,
	};
	struct io_uring_probe *known = io_uring_get_probe_ring(ring);
	int error = known ? 0 : -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; known && i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!io_uring_opcode_supported(known, needed[i]))
			error = -EOPNOTSUPP;
	}
	if (known)
		io_uring_free_probe(known);
	return error;
}

/* Set up the ring. Returns 0 or a negative errno, with nothing left behind. */
static int set_up(struct file_uring *uring)
{
	int error;

	uring->file.medium.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (uring->file.medium.event_fd < 0)
		return -errno;
	error = io_uring_queue_init(DEPTH, &uring->ring, 0);
	if (error)
		goto close_eventfd;
	error = probe(&uring->ring);
	if (!error)
		error = io_uring_register_eventfd(&uring->ring, uring->file.medium.event_fd);
	if (!error)
		return 0;
	io_uring_queue_exit(&uring->ring);
close_eventfd:
	close(uring->file.medium.event_fd);
	return error;
}

struct nvmove_file *nvmove_file_new_uring(void)
{
	struct file_uring *uring;
	unsigned int i;
	int error;

	uring = calloc(1, sizeof(*uring));
	if (!uring)
		return NULL;
	error = set_up(uring);
	if (error) {
		free(uring);
		errno = -error;
		return NULL;
	}
	for (i = 0; i < DEPTH; i++) {
		uring->requests[i].next = uring->free;
		uring->free = &uring->requests[i];
	}
	uring->prepared_end = &uring->prepared;
	uring->file.fd = -1;
	uring->file.medium.ops = &uring_ops;
	return &uring->file;
}
