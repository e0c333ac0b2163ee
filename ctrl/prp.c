// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical Region Pages (Base 4.1.1) and every access to host memory: nothing else in the library
 * calls the DMA operations. So what is written is marked here, for whoever tracks it, once it has
 * been written and before a completion can tell of it: what is copied because of an earlier report
 * is reported again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "lm/dirty_map.h"

#define PRP_ENTRIES_PER_READ	64

int host_read(struct nvmove_ctrl *ctrl, uint64_t addr, void *buf, size_t len)
{
	if (!ctrl->ops || addr + len < addr)
		return -EFAULT;
	return ctrl->ops->dma_read(ctrl->fn, addr, buf, len);
}

/* A write that failed may have got half the way. */
static int write_and_mark(struct nvmove_ctrl *ctrl, uint64_t addr, const void *buf, size_t len)
{
	int result = ctrl->ops->dma_write(ctrl->fn, addr, buf, len);

	dirty_map_mark(ctrl->dirty, addr, len);
	return result;
}

int host_write(struct nvmove_ctrl *ctrl, uint64_t addr, const void *buf, size_t len)
{
	if (!ctrl->ops || addr + len < addr)
		return -EFAULT;
	if (ctrl->dirty)
		return write_and_mark(ctrl, addr, buf, len);
	return ctrl->ops->dma_write(ctrl->fn, addr, buf, len);
}

/**
 * typedef piece_fn - one contiguous piece of a data pointer
 * @offset: bytes of the data before it
 */
typedef uint32_t piece_fn(struct ctrl_request *req, uint64_t addr, size_t len, size_t offset,
			  void *arg);

/*
 * Follow a PRP list from @list for what is left from @offset on. The last entry of a page is a
 * pointer to the next list page if more than one page is still to come.
 */
static uint32_t walk_list(struct ctrl_request *req, uint64_t list, size_t offset, size_t len,
			  piece_fn *fn, void *arg)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	size_t page = (size_t)1 << ctrl->page_shift;
	__le64 entry[PRP_ENTRIES_PER_READ];
	unsigned int next = 0, filled = 0;
	uint32_t status;

	if (list & 7)
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	while (offset < len) {
		size_t piece = len - offset < page ? len - offset : page;
		uint64_t addr;

		if (next == filled) {
			size_t to_page_end = (page - (list & (page - 1))) / sizeof(entry[0]);
			/* The last slot of a list page can hold a pointer in place of a page. */
			size_t wanted = (len - offset + page - 1) / page;

			filled = to_page_end < PRP_ENTRIES_PER_READ ? to_page_end
								    : PRP_ENTRIES_PER_READ;
			if (filled > wanted)
				filled = wanted;
			if (host_read(ctrl, list, entry, filled * sizeof(entry[0])) < 0)
				return NVM_SC_DATA_TRANSFER_ERROR;
			next = 0;
		}
		addr = le64_to_cpu(entry[next++]);
		list += sizeof(entry[0]);
		if (!(list & (page - 1)) && len - offset > page) {
			/* Whole pages alone: a list that goes on makes progress (Base 4.1.1). */
			if (addr & (page - 1))
				return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
			list = addr;
			next = filled = 0;
			continue;
		}
		if (addr & (page - 1))
			return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
		status = fn(req, addr, piece, offset, arg);
		if (status)
			return status;
		offset += piece;
	}
	return NVM_SC_SUCCESS;
}

static uint32_t walk(struct ctrl_request *req, size_t len, piece_fn *fn, void *arg)
{
	size_t page = (size_t)1 << req->ctrl->page_shift;
	uint64_t prp1 = le64_to_cpu(req->cmd.prp1);
	uint64_t prp2 = le64_to_cpu(req->cmd.prp2);
	size_t first = page - (prp1 & (page - 1));
	uint32_t status;

	if (prp1 & 3)
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	if (first > len)
		first = len;
	status = fn(req, prp1, first, 0, arg);
	if (status || first == len)
		return status;
	if (len - first > page)
		return walk_list(req, prp2, first, len, fn, arg);
	if (prp2 & (page - 1))
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	return fn(req, prp2, len - first, first, arg);
}

static uint32_t read_piece(struct ctrl_request *req, uint64_t addr, size_t len, size_t offset,
			   void *arg)
{
	if (host_read(req->ctrl, addr, (uint8_t *)arg + offset, len) < 0)
		return NVM_SC_DATA_TRANSFER_ERROR;
	return NVM_SC_SUCCESS;
}

static uint32_t write_piece(struct ctrl_request *req, uint64_t addr, size_t len, size_t offset,
			    void *arg)
{
	if (host_write(req->ctrl, addr, (const uint8_t *)arg + offset, len) < 0)
		return NVM_SC_DATA_TRANSFER_ERROR;
	return NVM_SC_SUCCESS;
}

/*
 * Copy the command's data from host memory.
 *
 * Return: status.
 */
uint32_t prp_read(struct ctrl_request *req, void *buf, size_t len)
{
	return len ? walk(req, len, read_piece, buf) : NVM_SC_SUCCESS;
}

/*
 * Copy the command's data to host memory.
 *
 * Return: status.
 */
uint32_t prp_write(struct ctrl_request *req, const void *buf, size_t len)
{
	return len ? walk(req, len, write_piece, (void *)(uintptr_t)buf) : NVM_SC_SUCCESS;
}

/* Not a status: this piece cannot be mapped, take the bounce buffer. */
#define CANNOT_MAP	0x20000u

static void add_segment(struct ctrl_request *req, void *ptr, size_t len)
{
	struct iovec *last = req->io.iovcnt ? &req->iov[req->io.iovcnt - 1] : NULL;

	if (last && (uint8_t *)last->iov_base + last->iov_len == ptr) {
		last->iov_len += len;
		return;
	}
	req->iov[req->io.iovcnt++] = (struct iovec) { .iov_base = ptr, .iov_len = len };
}

static uint32_t map_piece(struct ctrl_request *req, uint64_t addr, size_t len, size_t offset,
			  void *arg)
{
	struct nvmove_ctrl *ctrl = req->ctrl;

	(void)offset;
	(void)arg;
	while (len) {
		size_t mapped = len;
		void *ptr;

		if (req->nr_mappings == ctrl->max_segments || addr + len < addr)
			return CANNOT_MAP;
		ptr = ctrl->ops->dma_map(ctrl->fn, addr, &mapped, req->dir);
		if (!ptr)
			return CANNOT_MAP;
		req->mapping[req->nr_mappings++] = (struct dma_mapping) { addr, ptr, mapped };
		add_segment(req, ptr, mapped);
		addr += mapped;
		len -= mapped;
	}
	return NVM_SC_SUCCESS;
}

static void unmap_all(struct ctrl_request *req, bool transferred)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	bool written = transferred && req->dir == NVMOVE_DMA_FROM_DEVICE;

	for (unsigned int i = 0; i < req->nr_mappings; i++) {
		const struct dma_mapping *mapping = &req->mapping[i];

		if (ctrl->ops)
			ctrl->ops->dma_unmap(ctrl->fn, mapping->ptr, mapping->len, req->dir,
					     written ? mapping->len : 0);
	}
}

/* The medium may have written to all that was mapped, also where it has failed. */
static void mark_mapped(const struct ctrl_request *req)
{
	for (unsigned int i = 0; i < req->nr_mappings; i++)
		dirty_map_mark(req->ctrl->dirty, req->mapping[i].addr, req->mapping[i].len);
}

static uint32_t map_bounce(struct ctrl_request *req, size_t len)
{
	uint32_t status = NVM_SC_SUCCESS;

	req->bounce = malloc(len);
	if (!req->bounce)
		return NVM_SC_INTERNAL_ERROR;
	if (req->dir == NVMOVE_DMA_TO_DEVICE)
		status = prp_read(req, req->bounce, len);
	if (status) {
		free(req->bounce);
		req->bounce = NULL;
		return status;
	}
	req->iov[0] = (struct iovec) { .iov_base = req->bounce, .iov_len = len };
	req->io.iovcnt = 1;
	return NVM_SC_SUCCESS;
}

/*
 * Make the command's data available to the medium in req->iov, in place where host memory can be
 * mapped, else in a bounce buffer.
 *
 * Return: status; nothing is held unless it is success.
 */
uint32_t prp_map(struct ctrl_request *req, size_t len, enum nvmove_dma_direction dir)
{
	uint32_t status = CANNOT_MAP;

	req->dir = dir;
	req->data_len = len;
	req->io.iov = req->iov;
	req->io.iovcnt = 0;
	if (req->ctrl->ops->dma_map)
		status = walk(req, len, map_piece, NULL);
	if (!status)
		return NVM_SC_SUCCESS;
	unmap_all(req, false);
	req->nr_mappings = 0;
	req->io.iovcnt = 0;
	return status == CANNOT_MAP ? map_bounce(req, len) : status;
}

/*
 * End prp_map(). @transferred: the data arrived and a host that waits for it shall have it.
 *
 * Return: status.
 */
uint32_t prp_unmap(struct ctrl_request *req, bool transferred)
{
	uint32_t status = NVM_SC_SUCCESS;

	unmap_all(req, transferred);
	if (req->ctrl->dirty && req->dir == NVMOVE_DMA_FROM_DEVICE)
		mark_mapped(req);
	req->nr_mappings = 0;
	if (!req->bounce)
		return status;
	if (transferred && req->dir == NVMOVE_DMA_FROM_DEVICE && !req_is_stale(req))
		status = prp_write(req, req->bounce, req->data_len);
	free(req->bounce);
	req->bounce = NULL;
	return status;
}
