// SPDX-License-Identifier: BSD-2-Clause
/*
 * A medium in anonymous memory: what tests and fuzzers use in place of a file. It completes every
 * operation inside submit, and never blocks or survives its process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "medium.h"

/**
 * struct nvmove_mem - a medium in memory
 * @medium: base; its address is the medium's
 * @data: private anonymous mapping of @medium.size bytes
 * @page_size: granularity in which memory can be given back
 */
struct nvmove_mem {
	struct nvmove_medium medium;
	uint8_t *data;
	uint64_t page_size;
};

static void mem_read(struct nvmove_mem *mem, struct nvmove_media_io *io)
{
	const uint8_t *from = mem->data + io->offset;
	unsigned int i;

	for (i = 0; i < io->iovcnt; i++) {
		if (!io->iov[i].iov_len)
			continue;
		memcpy(io->iov[i].iov_base, from, io->iov[i].iov_len);
		from += io->iov[i].iov_len;
	}
}

static void mem_write(struct nvmove_mem *mem, struct nvmove_media_io *io)
{
	uint8_t *to = mem->data + io->offset;
	unsigned int i;

	for (i = 0; i < io->iovcnt; i++) {
		if (!io->iov[i].iov_len)
			continue;
		memcpy(to, io->iov[i].iov_base, io->iov[i].iov_len);
		to += io->iov[i].iov_len;
	}
}

/* Whole pages are given back to the kernel, which presents them as zeroes; the ends are cleared. */
static void mem_release(struct nvmove_mem *mem, uint64_t offset, uint64_t length)
{
	uint64_t mask = mem->page_size - 1;
	uint64_t end = offset + length;
	uint64_t first = (offset + mask) & ~mask;
	uint64_t last = end & ~mask;

	if (first >= last || madvise(mem->data + first, last - first, MADV_DONTNEED)) {
		memset(mem->data + offset, 0, length);
		return;
	}
	memset(mem->data + offset, 0, first - offset);
	memset(mem->data + last, 0, end - last);
}

static void mem_submit(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	struct nvmove_mem *mem = (struct nvmove_mem *)medium;
	int error = nvmove_media_check(medium, io);

	if (!error) {
		switch (io->op) {
		case NVMOVE_MEDIA_READ:
			mem_read(mem, io);
			break;
		case NVMOVE_MEDIA_WRITE:
			mem_write(mem, io);
			break;
		case NVMOVE_MEDIA_FLUSH:
			break;
		case NVMOVE_MEDIA_WRITE_ZEROES:
			if (io->flags & NVMOVE_MEDIA_F_UNMAP)
				mem_release(mem, io->offset, io->length);
			else
				memset(mem->data + io->offset, 0, io->length);
			break;
		case NVMOVE_MEDIA_DEALLOCATE:
			mem_release(mem, io->offset, io->length);
			break;
		}
	}
	io->done(io, error);
}

static void mem_idle(struct nvmove_medium *medium)
{
	(void)medium;	/* nothing is ever under way between two calls */
}

static void mem_close(struct nvmove_medium *medium)
{
	struct nvmove_mem *mem = (struct nvmove_mem *)medium;

	munmap(mem->data, medium->size);
	free(mem);
}

static const struct nvmove_medium_ops mem_ops = {
	.submit = mem_submit,
	.poll = mem_idle,
	.drain = mem_idle,
	.close = mem_close,
};

struct nvmove_medium *nvmove_medium_mem(uint64_t size)
{
	struct nvmove_mem *mem;
	void *data;

	if (!size || size > SIZE_MAX / 2) {
		errno = EINVAL;
		return NULL;
	}
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return NULL;
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (data == MAP_FAILED) {
		free(mem);
		return NULL;
	}
	mem->data = data;
	mem->page_size = sysconf(_SC_PAGESIZE);
	mem->medium.ops = &mem_ops;
	mem->medium.size = size;
	mem->medium.event_fd = -1;
	return &mem->medium;
}
