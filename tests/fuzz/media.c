// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer target: the media. The input is a sequence of operations, good and bad, on a medium
 * in memory, on one in a file by io_uring, by threads, and on one that is read-only; each is
 * compared with a plain array of bytes. Operations run at the same time as long as they do not
 * touch the same bytes.
 *
 * An operation: 2:0 of the first byte what (6 and 7: kinds that do not exist, of 7 also an
 * unknown one), 4:3 the medium, 7:5 flags; then offset 16, length 16, shape 8 and a byte to
 * write. Offsets and lengths above EFFFh count from the medium's end and from 2^64.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"
#include "media/medium.h"

#define MEDIUM_BYTES	(32768u + 123)
#define MOST_SEGMENTS	24
#define MOST_LENGTH	8192
#define ARENA_BYTES	(MOST_LENGTH + 64 * MOST_SEGMENTS)
#define AT_A_TIME	16
#define MARK		0xa5

enum { IN_MEMORY, BY_URING, BY_THREADS, READ_ONLY, NR_MEDIA };

/**
 * struct subject - a medium and the array that it must equal
 * @model: shared by the media that share a file
 */
struct subject {
	struct nvmove_medium *medium;
	uint8_t *model;
};

/**
 * struct operation - an operation under way
 * @iov: what the medium may modify; @segment: what it was
 * @expected: the error it must end with
 */
struct operation {
	struct nvmove_media_io io;
	const struct subject *subject;
	bool busy;
	int expected;
	uint64_t offset;
	uint64_t length;
	unsigned int nr_segments;
	struct iovec iov[MOST_SEGMENTS];
	struct iovec segment[MOST_SEGMENTS];
	uint8_t arena[ARENA_BYTES];
};

static uint8_t memory_model[MEDIUM_BYTES], file_model[3][MEDIUM_BYTES];
static struct subject subject[NR_MEDIA];
static struct operation operations[AT_A_TIME];
static bool touched[NR_MEDIA];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the subjects ---- */

static struct nvmove_medium *open_file(int fd, bool read_only, enum nvmove_file_engine engine)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return nvmove_medium_file(path, read_only, engine, NULL);
}

static int new_file(uint8_t *model)
{
	int fd = memfd_create("medium", MFD_CLOEXEC);

	expect(fd >= 0 && !ftruncate(fd, MEDIUM_BYTES), "no memory for a file");
	memset(model, 0, MEDIUM_BYTES);
	return fd;
}

static void open_subjects(void)
{
	static const enum nvmove_file_engine engines[] = {
		NVMOVE_FILE_IO_URING, NVMOVE_FILE_THREADS, NVMOVE_FILE_AUTO };

	subject[IN_MEMORY] = (struct subject) { nvmove_medium_mem(MEDIUM_BYTES), memory_model };
	for (unsigned int i = 0; i < 3; i++) {
		int fd = new_file(file_model[i]);

		subject[BY_URING + i] = (struct subject) {
			open_file(fd, BY_URING + i == READ_ONLY, engines[i]), file_model[i] };
		close(fd);
	}
	if (!subject[BY_URING].medium) {
		fprintf(stderr, "no io_uring here: threads take its place\n");
		subject[BY_URING] = subject[BY_THREADS];
	}
	for (unsigned int i = 0; i < NR_MEDIA; i++)
		expect(subject[i].medium && subject[i].medium->size == MEDIUM_BYTES,
		       "medium %u cannot be opened", i);
}

/* ---- one operation ---- */

static bool writes(const struct operation *op)
{
	return op->io.op == NVMOVE_MEDIA_WRITE || op->io.op == NVMOVE_MEDIA_WRITE_ZEROES ||
	       op->io.op == NVMOVE_MEDIA_DEALLOCATE;
}

static bool transfers(const struct operation *op)
{
	return op->io.op == NVMOVE_MEDIA_READ || op->io.op == NVMOVE_MEDIA_WRITE;
}

static uint64_t segments_length(const struct operation *op)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < op->nr_segments; i++)
		sum += op->segment[i].iov_len;
	return sum;
}

/* The rules of media/medium.h, in the order in which they are applied. */
static int rule(const struct operation *op)
{
	const struct nvmove_medium *medium = op->subject->medium;

	if (op->io.op == NVMOVE_MEDIA_FLUSH)
		return 0;
	if (op->offset > medium->size || op->length > medium->size - op->offset)
		return -EINVAL;
	if (!writes(op) && !transfers(op))
		return -EINVAL;
	if (transfers(op) && segments_length(op) != op->length)
		return -EINVAL;
	return medium->read_only && writes(op) ? -EROFS : 0;
}

/* Reads bring what the model holds, and nothing beside the segments. */
static void check_read(const struct operation *op)
{
	const uint8_t *model = op->subject->model + op->offset;
	const uint8_t *at = op->arena;

	for (unsigned int i = 0; i < op->nr_segments; i++) {
		const struct iovec *segment = &op->segment[i];

		for (; at < (uint8_t *)segment->iov_base; at++)
			expect(*at == MARK, "a read wrote %#x beside its buffers", *at);
		expect(!segment->iov_len || !memcmp(at, model, segment->iov_len),
		       "a read at %#lx brings other data", (unsigned long)op->offset);
		at += segment->iov_len;
		model += segment->iov_len;
	}
	for (; at < op->arena + ARENA_BYTES; at++)
		expect(*at == MARK, "a read wrote %#x behind its buffers", *at);
}

static void apply(const struct operation *op)
{
	uint8_t *model = op->subject->model + op->offset;

	if (op->io.op != NVMOVE_MEDIA_WRITE) {
		memset(model, 0, op->length);
		return;
	}
	for (unsigned int i = 0; i < op->nr_segments; i++) {
		if (op->segment[i].iov_len)
			memcpy(model, op->segment[i].iov_base, op->segment[i].iov_len);
		model += op->segment[i].iov_len;
	}
}

static void done(struct nvmove_media_io *io, int error)
{
	struct operation *op = (struct operation *)io;

	expect(op->busy, "an operation is done twice");
	op->busy = false;
	expect(error == op->expected,
	       "operation %u at %#lx, %#lx bytes, %u segments ends with %d, %d expected", io->op,
	       (unsigned long)op->offset, (unsigned long)op->length, op->nr_segments, error,
	       op->expected);
	if (!error && io->op == NVMOVE_MEDIA_READ)
		check_read(op);
	if (!error && writes(op))
		apply(op);
}

static void drain_all(void)
{
	for (unsigned int i = 0; i < NR_MEDIA; i++)
		nvmove_medium_drain(subject[i].medium);
	for (unsigned int i = 0; i < AT_A_TIME; i++)
		expect(!operations[i].busy, "an operation outlives a drain");
}

static bool conflicts(const struct operation *a, const struct operation *b)
{
	if (!b->busy || a->subject->model != b->subject->model || a->expected || b->expected ||
	    (!writes(a) && !writes(b)))
		return false;
	return a->offset < b->offset + b->length && b->offset < a->offset + a->length;
}

static void submit(struct operation *op)
{
	op->expected = rule(op);
	for (unsigned int i = 0; i < AT_A_TIME; i++) {
		if (&operations[i] != op && conflicts(op, &operations[i]))
			drain_all();
	}
	op->busy = true;
	nvmove_medium_submit(op->subject->medium, &op->io);
}

/* Cut @length bytes into segments with gaps between them, some empty, some at odd addresses. */
static void shape_segments(struct operation *op, size_t length, uint8_t shape)
{
	unsigned int nr = 1 + shape % (MOST_SEGMENTS - 1);
	uint8_t *at = op->arena + shape % 5;

	op->nr_segments = 0;
	for (unsigned int i = 0; i < nr; i++) {
		size_t piece = i == nr - 1 ? length : length * (shape >> 4 & 7) / 8;

		op->segment[op->nr_segments++] = (struct iovec) { at, piece };
		at += piece + (shape + i) % 32;
		length -= piece;
	}
	/* An empty segment may point anywhere. */
	if (shape & 0x80)
		op->segment[op->nr_segments++] = (struct iovec) { at, 0 };
}

static uint64_t wide(uint16_t value, uint64_t base)
{
	return value >= 0xf000 ? base + (value - 0xf800) : value;
}

static struct operation *free_operation(void)
{
	for (unsigned int i = 0; i < AT_A_TIME; i++) {
		if (!operations[i].busy)
			return &operations[i];
	}
	drain_all();
	return &operations[0];
}

static void one_operation(const uint8_t *data)
{
	uint64_t offset = wide(data[1] | data[2] << 8, MEDIUM_BYTES);
	uint64_t length = wide(data[3] | data[4] << 8, 0);
	unsigned int medium = data[0] >> 3 & 3;
	struct operation *op = free_operation();
	size_t in_memory = length > MOST_LENGTH ? MOST_LENGTH : length;

	op->subject = &subject[medium];
	op->io = (struct nvmove_media_io) {
		.op = (data[0] & 7) == 7 ? data[5] : data[0] & 7,
		.flags = data[0] >> 5 & (NVMOVE_MEDIA_F_FUA | NVMOVE_MEDIA_F_UNMAP),
		.offset = op->offset = offset,
		.length = op->length = length,
		.iov = op->iov,
		.done = done,
	};
	shape_segments(op, in_memory, data[5]);
	memset(op->arena, op->io.op == NVMOVE_MEDIA_WRITE ? data[6] : MARK, ARENA_BYTES);
	memcpy(op->iov, op->segment, sizeof(op->iov));
	op->io.iovcnt = op->nr_segments;
	touched[medium] = true;
	submit(op);
	if (data[0] & 0x80)
		nvmove_medium_poll(op->subject->medium);
}

/* Everything is where the model says, and is cleared for the next input. */
static void check_all(unsigned int medium)
{
	static uint8_t all[MEDIUM_BYTES];
	struct operation *op = &operations[0];

	op->subject = &subject[medium];
	op->io = (struct nvmove_media_io) { .op = NVMOVE_MEDIA_READ, .length = MEDIUM_BYTES,
					    .iov = op->iov, .iovcnt = 1, .done = done };
	op->iov[0] = (struct iovec) { all, MEDIUM_BYTES };
	op->nr_segments = 0;
	op->expected = 0;
	op->busy = true;
	memset(op->arena, MARK, ARENA_BYTES);
	nvmove_medium_submit(subject[medium].medium, &op->io);
	drain_all();
	expect(!memcmp(all, subject[medium].model, MEDIUM_BYTES), "medium %u has other data",
	       medium);
	if (subject[medium].medium->read_only)
		return;
	op->offset = 0;
	op->length = op->io.length = MEDIUM_BYTES;
	op->io.op = NVMOVE_MEDIA_WRITE_ZEROES;
	op->busy = true;
	nvmove_medium_submit(subject[medium].medium, &op->io);
	drain_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!subject[IN_MEMORY].medium)
		open_subjects();
	for (; size >= 7; data += 7, size -= 7)
		one_operation(data);
	drain_all();
	for (unsigned int i = 0; i < NR_MEDIA; i++) {
		if (touched[i])
			check_all(i);
		touched[i] = false;
	}
	return 0;
}
