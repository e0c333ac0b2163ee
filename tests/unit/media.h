/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the media share: operations that wait, and a random workload whose result is
 * compared with a shadow copy. It knows only medium.h, nothing of how a medium works.
 */
#ifndef NVMOVE_TEST_MEDIA_H
#define NVMOVE_TEST_MEDIA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "media/medium.h"

#define NOT_DONE	12345

/**
 * struct test_io - an operation that remembers how it ended
 * @io: the operation; first, so that a callback finds the rest
 * @result: NOT_DONE, then what done() was given
 * @calls: how often done() was called
 */
struct test_io {
	struct nvmove_media_io io;
	int result;
	unsigned int calls;
};

static inline void test_io_done(struct nvmove_media_io *io, int error)
{
	struct test_io *test = (struct test_io *)io;

	test->result = error;
	test->calls++;
}

static inline void test_io_submit(struct nvmove_medium *medium, struct test_io *test)
{
	test->result = NOT_DONE;
	test->calls = 0;
	test->io.done = test_io_done;
	nvmove_medium_submit(medium, &test->io);
}

/* Carry out one operation on a vector and wait for it. */
static inline int run_vector(struct nvmove_medium *medium, enum nvmove_media_op op,
			     unsigned int flags, uint64_t offset, struct iovec *iov,
			     unsigned int iovcnt, uint64_t length)
{
	struct test_io test = {
		.io = {
			.op = op,
			.flags = flags,
			.offset = offset,
			.length = length,
			.iov = iov,
			.iovcnt = iovcnt,
		},
	};

	test_io_submit(medium, &test);
	nvmove_medium_drain(medium);
	assert_int_equal(test.calls, 1);
	assert_int_not_equal(test.result, NOT_DONE);
	return test.result;
}

/* Carry out one operation on a buffer, NULL for operations without data, and wait for it. */
static inline int run(struct nvmove_medium *medium, enum nvmove_media_op op, unsigned int flags,
		      uint64_t offset, void *buffer, uint64_t length)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = length };

	return run_vector(medium, op, flags, offset, buffer ? &iov : NULL, buffer ? 1 : 0, length);
}

static inline void fill(uint8_t *buffer, size_t length, uint32_t seed)
{
	size_t i;

	for (i = 0; i < length; i++) {
		seed = seed * 1664525 + 1013904223;
		buffer[i] = seed >> 24 | 1;	/* never zero: zeroes mean something here */
	}
}

static inline void assert_zeroes(const uint8_t *buffer, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		assert_int_equal(buffer[i], 0);
}

#define WORKLOAD_CELLS	96
#define WORKLOAD_CELL	12288
#define WORKLOAD_SIZE	((uint64_t)WORKLOAD_CELLS * WORKLOAD_CELL)

struct workload;

/**
 * struct workload_cell - a part of the medium in which one operation at a time is under way
 * @test: the operation; first
 * @workload: whose it is
 * @iov: its buffers
 * @buffer: its data
 * @busy: an operation is under way
 */
struct workload_cell {
	struct test_io test;
	struct workload *workload;
	struct iovec iov[3];
	uint8_t buffer[WORKLOAD_CELL];
	bool busy;
};

/**
 * struct workload - operations all over a medium at once
 * @medium: medium of at least WORKLOAD_SIZE bytes, all zero at first
 * @cell: parts
 * @shadow: what the medium must hold
 * @left: operations still to start
 * @completed: operations that have ended
 * @seed: of the random numbers
 */
struct workload {
	struct nvmove_medium *medium;
	struct workload_cell cell[WORKLOAD_CELLS];
	uint8_t shadow[WORKLOAD_SIZE];
	unsigned int left;
	unsigned int completed;
	uint32_t seed;
};

static inline uint32_t workload_random(struct workload *workload, uint32_t below)
{
	workload->seed = workload->seed * 1103515245 + 12345;
	return (workload->seed >> 8) % below;
}

/* Cut the buffer into up to three entries, of which some may be empty. */
static inline void workload_cut(struct workload *workload, struct workload_cell *cell,
				unsigned int length)
{
	unsigned int first = workload_random(workload, length + 1);
	unsigned int second = workload_random(workload, length - first + 1);

	cell->iov[0] = (struct iovec){ cell->buffer, first };
	cell->iov[1] = (struct iovec){ cell->buffer + first, second };
	cell->iov[2] = (struct iovec){ cell->buffer + first + second, length - first - second };
	cell->test.io.iov = cell->iov;
	cell->test.io.iovcnt = 3;
}

static void workload_done(struct nvmove_media_io *io, int error);

static inline void workload_start(struct workload *workload, struct workload_cell *cell)
{
	struct nvmove_media_io *io = &cell->test.io;
	size_t base = (cell - workload->cell) * (size_t)WORKLOAD_CELL;
	unsigned int begin = workload_random(workload, WORKLOAD_CELL);
	unsigned int length = workload_random(workload, WORKLOAD_CELL - begin + 1);

	workload->left--;
	cell->busy = true;
	*io = (struct nvmove_media_io){
		.op = workload_random(workload, NVMOVE_MEDIA_DEALLOCATE + 1),
		.flags = workload_random(workload, 8) ? 0 : NVMOVE_MEDIA_F_FUA,
		.offset = base + begin,
		.length = length,
		.done = workload_done,
	};
	switch (io->op) {
	case NVMOVE_MEDIA_READ:
		workload_cut(workload, cell, length);
		memset(cell->buffer, 0xee, length);
		break;
	case NVMOVE_MEDIA_WRITE:
		workload_cut(workload, cell, length);
		fill(cell->buffer, length, workload->seed);
		memcpy(workload->shadow + io->offset, cell->buffer, length);
		break;
	case NVMOVE_MEDIA_FLUSH:
		break;
	case NVMOVE_MEDIA_WRITE_ZEROES:
		io->flags |= workload_random(workload, 2) ? NVMOVE_MEDIA_F_UNMAP : 0;
		/* fall through */
	case NVMOVE_MEDIA_DEALLOCATE:
		memset(workload->shadow + io->offset, 0, length);
		break;
	}
	nvmove_medium_submit(workload->medium, io);
}

static void workload_done(struct nvmove_media_io *io, int error)
{
	struct workload_cell *cell = (struct workload_cell *)io;
	struct workload *workload = cell->workload;

	assert_int_equal(error, 0);
	if (io->op == NVMOVE_MEDIA_READ)
		assert_memory_equal(cell->buffer, workload->shadow + io->offset, io->length);
	assert_true(cell->busy);
	cell->busy = false;
	workload->completed++;
}

/*
 * Run operations, at most one in each cell at a time and the cells independently of each other, and
 * compare what is read with the shadow. Operations are started from outside the callback: one that
 * completes inside submit would recurse otherwise.
 */
static inline void run_workload(struct nvmove_medium *medium, unsigned int operations,
				uint32_t seed)
{
	struct workload *workload = test_calloc(1, sizeof(*workload));
	struct pollfd ready = { .fd = medium->event_fd, .events = POLLIN };
	uint8_t *all = test_malloc(WORKLOAD_SIZE);
	unsigned int i;

	workload->medium = medium;
	workload->seed = seed;
	workload->left = operations;
	for (i = 0; i < WORKLOAD_CELLS; i++)
		workload->cell[i].workload = workload;
	while (workload->completed < operations) {
		for (i = 0; i < WORKLOAD_CELLS && workload->left; i++) {
			if (!workload->cell[i].busy)
				workload_start(workload, &workload->cell[i]);
		}
		if (medium->event_fd >= 0 && workload->completed < operations)
			assert_int_equal(poll(&ready, 1, 10000), 1);
		nvmove_medium_poll(medium);
	}
	assert_int_equal(workload->completed, operations);

	assert_int_equal(run(medium, NVMOVE_MEDIA_READ, 0, 0, all, WORKLOAD_SIZE), 0);
	assert_memory_equal(all, workload->shadow, WORKLOAD_SIZE);
	test_free(all);
	test_free(workload);
}

#endif /* NVMOVE_TEST_MEDIA_H */
