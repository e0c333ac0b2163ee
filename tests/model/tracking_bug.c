// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bugs planted in the tracking of memory: marks are taken away that a controller with the bug would
 * not have made, or made where it would make them. The migrations must notice every one.
 */
#include <string.h>

#include "controller.h"
#include "lm/dirty_map.h"
#include "memory_changes.h"

static struct dirty_map *marks(const struct migration *m)
{
	return m->world->guest.ctrl->dirty;
}

/* Forget the marks of @len bytes at @addr, and of all that is in the same granules. */
static void unmark(struct migration *m, uint64_t addr, uint64_t len)
{
	uint64_t granule = addr >> marks(m)->shift, last = (addr + len - 1) >> marks(m)->shift;
	struct dirty_range run;

	while (dirty_map_next(marks(m), granule, &run) && run.first <= last) {
		if (run.nr > last - run.first + 1)
			run.nr = last - run.first + 1;
		dirty_map_clear(marks(m), &run);
		granule = run.first + run.nr;
	}
}

static void forget_completions(struct migration *m)
{
	const struct nvmove_ctrl *ctrl = m->world->guest.ctrl;

	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		if (ctrl->st.cq[qid].exists)
			unmark(m, ctrl->st.cq[qid].addr, CQ_BYTES(ctrl->st.cq[qid].size));
	}
}

static void forget_event_indexes(struct migration *m)
{
	uint64_t page = m->world->guest.ctrl->st.shadow.event_indexes;

	if (page)
		unmark(m, page, 4096);
}

static void forget_data(struct migration *m)
{
	unmark(m, GUEST_BASE + DATA, DATA_PAGES * 4096);
}

/* A report may name the memory, too: what is wrong is that it will not be named again. */
static void mark_early(struct migration *m, uint64_t offset, size_t len)
{
	dirty_map_mark(marks(m), GUEST_BASE + offset, len);
	for (uint64_t page = offset / 4096; page <= (offset + len - 1) / 4096; page++)
		m->touched[page] = true;
}

/* Mapped memory of the pending reads. */
static void mark_what_is_mapped(struct migration *m)
{
	const struct port *guest = &m->world->guest;

	for (unsigned int i = 0; i < m->world->nr_pending; i++) {
		const struct nvmove_media_io *io = m->world->pending[i].io;

		for (unsigned int j = 0; io->op == NVMOVE_MEDIA_READ && j < io->iovcnt; j++) {
			uint64_t offset = (uint8_t *)io->iov[j].iov_base - guest->memory;

			if (offset < guest->size && request_of((void *)(uintptr_t)io)->nr_mappings)
				mark_early(m, offset, io->iov[j].iov_len);
		}
	}
}

/* Leave the marks of the data as they are. */
static void complete_unmarked(struct migration *m, unsigned int index, int error)
{
	const struct nvmove_media_io *io = m->world->pending[index].io;
	const struct ctrl_request *req = request_of((void *)(uintptr_t)io);
	bool mapped = io->op == NVMOVE_MEDIA_READ && req->nr_mappings && req->ctrl == m->world->guest.ctrl;
	bool was_marked[DATA_PAGES];
	struct dirty_range run;

	for (unsigned int i = 0; i < DATA_PAGES; i++) {
		uint64_t granule = (GUEST_BASE + DATA + i * 4096ull) >> marks(m)->shift;

		was_marked[i] = dirty_map_next(marks(m), granule, &run) && run.first == granule;
	}
	world_complete(m->world, index, error);
	for (unsigned int i = 0; mapped && i < DATA_PAGES; i++) {
		if (!was_marked[i])
			unmark(m, GUEST_BASE + DATA + i * 4096ull, 4096);
	}
}

static void clear_everything(struct migration *m)
{
	unmark(m, 0, UINT64_MAX);
}

static void complete_failed_unmarked(struct migration *m, unsigned int index, int error)
{
	if (error)
		complete_unmarked(m, index, error);
	else
		world_complete(m->world, index, error);
}

static const struct tracking_bug bugs[] = {
	{ "completions-forgotten", forget_completions, NULL, NULL },
	{ "event-indexes-forgotten", forget_event_indexes, NULL, NULL },
	{ "data-forgotten", forget_data, NULL, NULL },
	{ "marked-when-mapped-only", mark_what_is_mapped, complete_unmarked, NULL },
	{ "failed-reads-forgotten", NULL, complete_failed_unmarked, NULL },
	{ "failed-reports-clear", NULL, NULL, clear_everything },
};

#define NR_BUGS	(sizeof(bugs) / sizeof(bugs[0]))

const struct tracking_bug *tracking_bug_number(size_t number)
{
	return number < NR_BUGS ? &bugs[number] : NULL;
}

const struct tracking_bug *tracking_bug_find(const char *name)
{
	for (size_t i = 0; i < NR_BUGS; i++) {
		if (!strcmp(bugs[i].name, name))
			return &bugs[i];
	}
	return NULL;
}
