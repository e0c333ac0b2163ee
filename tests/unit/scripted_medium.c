// SPDX-License-Identifier: BSD-2-Clause
/*
 * A medium that obeys the test: it completes operations at once or when told to, in the order told,
 * with the error told, and it keeps apart what is durable from what is not. It moves data only when
 * an operation completes, so that a buffer released too early is caught.
 */
#include "harness.h"

static struct scripted_medium *scripted(struct nvmove_medium *medium)
{
	return (struct scripted_medium *)((char *)medium -
					  offsetof(struct scripted_medium, base));
}

static void scripted_execute(struct scripted_medium *medium, struct nvmove_media_io *io)
{
	uint64_t at = io->offset;

	switch (io->op) {
	case NVMOVE_MEDIA_READ:
		for (unsigned int i = 0; i < io->iovcnt; i++) {
			memcpy(io->iov[i].iov_base, medium->data + at, io->iov[i].iov_len);
			at += io->iov[i].iov_len;
		}
		assert_int_equal(at - io->offset, io->length);
		break;
	case NVMOVE_MEDIA_WRITE:
		for (unsigned int i = 0; i < io->iovcnt; i++) {
			memcpy(medium->data + at, io->iov[i].iov_base, io->iov[i].iov_len);
			at += io->iov[i].iov_len;
		}
		assert_int_equal(at - io->offset, io->length);
		break;
	case NVMOVE_MEDIA_FLUSH:
		memcpy(medium->durable, medium->data, medium->base.size);
		return;
	case NVMOVE_MEDIA_WRITE_ZEROES:
	case NVMOVE_MEDIA_DEALLOCATE:
		memset(medium->data + io->offset, 0, io->length);
		break;
	}
	if (io->flags & NVMOVE_MEDIA_F_FUA)
		memcpy(medium->durable + io->offset, medium->data + io->offset, io->length);
}

static void scripted_end(struct scripted_medium *medium, struct nvmove_media_io *io, int error)
{
	if (!error)
		scripted_execute(medium, io);
	io->next = NULL;
	io->done(io, -error);
}

static void scripted_submit(struct nvmove_medium *base, struct nvmove_media_io *io)
{
	struct scripted_medium *medium = scripted(base);
	struct nvmove_media_io **link = &medium->held;

	assert_in_range(io->op, 0, NR_MEDIA_OPS - 1);
	if (io->op != NVMOVE_MEDIA_FLUSH && (io->offset > base->size ||
					     io->length > base->size - io->offset))
		fail_msg("medium operation of %llu bytes at %llu, the medium has %llu",
			 (unsigned long long)io->length, (unsigned long long)io->offset,
			 (unsigned long long)base->size);
	if (base->read_only && io->op != NVMOVE_MEDIA_READ && io->op != NVMOVE_MEDIA_FLUSH) {
		io->done(io, -EROFS);
		return;
	}
	medium->submitted[io->op]++;
	medium->last_flags[io->op] = io->flags;
	io->next = NULL;
	if (medium->hold) {
		while (*link)
			link = &(*link)->next;
		*link = io;
		return;
	}
	scripted_end(medium, io, medium->fail[io->op]);
}

/* Nothing completes by itself: see scripted_complete(). */
static void scripted_poll(struct nvmove_medium *base)
{
	(void)base;
}

static void scripted_drain(struct nvmove_medium *base)
{
	struct scripted_medium *medium = scripted(base);

	while (medium->held)
		scripted_complete(medium, 0, medium->fail[medium->held->op]);
}

static void scripted_close(struct nvmove_medium *base)
{
	struct scripted_medium *medium = scripted(base);

	free(medium->data);
	free(medium->durable);
	free(medium);
}

static const struct nvmove_medium_ops scripted_ops = {
	.submit = scripted_submit,
	.poll = scripted_poll,
	.drain = scripted_drain,
	.close = scripted_close,
};

struct scripted_medium *scripted_medium_new(uint64_t size)
{
	struct scripted_medium *medium = calloc(1, sizeof(*medium));

	assert_non_null(medium);
	medium->base.ops = &scripted_ops;
	medium->base.size = size;
	medium->base.event_fd = -1;
	medium->data = calloc(1, size);
	medium->durable = calloc(1, size);
	assert_non_null(medium->data);
	assert_non_null(medium->durable);
	return medium;
}

void scripted_medium_free(struct scripted_medium *medium)
{
	if (medium->held)
		fail_msg("a medium is closed with %u operations under way", scripted_held(medium));
	nvmove_medium_close(&medium->base);
}

unsigned int scripted_held(const struct scripted_medium *medium)
{
	unsigned int count = 0;

	for (struct nvmove_media_io *io = medium->held; io; io = io->next)
		count++;
	return count;
}

unsigned int scripted_submitted(const struct scripted_medium *medium)
{
	unsigned int sum = 0;

	for (unsigned int op = 0; op < NR_MEDIA_OPS; op++)
		sum += medium->submitted[op];
	return sum;
}

void scripted_complete(struct scripted_medium *medium, unsigned int index, int error)
{
	struct nvmove_media_io **link = &medium->held;
	struct nvmove_media_io *io;

	while (index-- && *link)
		link = &(*link)->next;
	io = *link;
	if (!io)
		fail_msg("the test completes a medium operation that was not submitted");
	*link = io->next;
	scripted_end(medium, io, error);
}

void scripted_release(struct scripted_medium *medium)
{
	medium->hold = false;
	while (medium->held)
		scripted_complete(medium, 0, 0);
}
