// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracking of the host memory that a migratable controller writes, for the host of the primary:
 * Track Memory Changes (Base 2.3, 5.2.28) begins and ends it, Tracked Memory Changes (5.2.27)
 * reports. What is marked, and when, is the business of prp.c; nothing of this is part of a
 * controller's state.
 */
#include <stdlib.h>

#include "../controller.h"
#include "dirty_map.h"

#define GRANULE_SHIFT(granularity)	(12 + (granularity))

_Static_assert(NVMOVE_MAX_SECONDARY * TRACK_MAX_RANGES <= UINT16_MAX, "NMMRTD has 16 bits");
_Static_assert(TRACK_MAX_RANGES * sizeof(struct nvmove_hmlm_memory_range) +
	       sizeof(struct nvmove_hmlm_memory_request) <= 8192,
	       "the largest request fits into the smallest MDTS");

/**
 * struct start - a request to begin
 * @request, @sent: as they lie in the host's memory
 * @nr: ranges
 * @range: those, in granules
 */
struct start {
	struct nvmove_hmlm_memory_request request;
	struct nvmove_hmlm_memory_range sent[TRACK_MAX_RANGES];
	unsigned int granularity;
	unsigned int nr;
	struct dirty_range range[TRACK_MAX_RANGES];
};

/*
 * Fill in the limits that Identify Controller tells. Every secondary can be tracked with all the
 * ranges that one can have.
 */
void memory_tracking_fill_ctrl(struct nvm_id_ctrl *id)
{
	id->cmmrtd = cpu_to_le16(TRACK_MAX_RANGES);
	id->nmmrtd = cpu_to_le16(NVMOVE_MAX_SECONDARY * TRACK_MAX_RANGES);
	id->minmrtg = 0;
	id->maxmrtg = TRACK_MAX_GRANULARITY;
}

/* The controller that the command is about, NULL if it is none that can migrate. */
static struct nvmove_ctrl *find_target(const struct ctrl_request *req)
{
	return subsystem_find_migratable(req->ctrl->subsystem,
					 NVMOVE_HMLM_CNTLID(le32_to_cpu(req->cmd.cdw11)));
}

/*
 * The request says itself how long it is. One whose first 8 bytes are not on one page cannot be
 * read: what PRP2 means depends on the length.
 */
static uint32_t read_request(struct ctrl_request *req, struct start *start)
{
	uint64_t page = 1ull << req->ctrl->page_shift;
	uint32_t status, nr;

	if ((le64_to_cpu(req->cmd.prp1) & (page - 1)) > page - sizeof(start->request))
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	status = prp_read(req, &start->request, sizeof(start->request));
	if (status)
		return status;
	nr = le32_to_cpu(start->request.nr_ranges);
	start->granularity = start->request.granularity;
	if (start->request.version != 0 || start->granularity > TRACK_MAX_GRANULARITY || nr == 0 ||
	    nr > TRACK_MAX_RANGES)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	start->nr = nr;
	return prp_read(req, &start->request,
			sizeof(start->request) + nr * sizeof(start->sent[0]));
}

static uint32_t decode_ranges(struct start *start)
{
	unsigned int shift = GRANULE_SHIFT(start->granularity);
	uint64_t end = 1ull << (64 - shift);

	for (unsigned int i = 0; i < start->nr; i++) {
		uint64_t address = le64_to_cpu(start->sent[i].address);
		uint64_t first = address >> shift, nr = le32_to_cpu(start->sent[i].length);

		if (address != first << shift || nr == 0 || nr > end - first)
			return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
		start->range[i] = (struct dirty_range){ .first = first, .nr = nr };
	}
	return NVM_SC_SUCCESS;
}

/* Whether there is room for the first @nr ranges in granules of 2^@granularity * 4 KiB. */
static bool fits(const struct start *start, unsigned int granularity, unsigned int nr)
{
	unsigned int coarser = granularity - start->granularity;
	uint64_t granules = 0;

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t first = start->range[i].first, last = first + start->range[i].nr - 1;

		granules += (last >> coarser) - (first >> coarser) + 1;
	}
	return granules <= DIRTY_MAX_GRANULES;
}

/*
 * Say what could be done: the finest coarser granularity for all ranges, else as many of them as
 * fit with the coarsest.
 */
static uint32_t not_enough_resources(struct ctrl_request *req, const struct start *start)
{
	unsigned int granularity = start->granularity, nr = start->nr;

	while (granularity < TRACK_MAX_GRANULARITY) {
		granularity++;
		if (fits(start, granularity, nr))
			break;
	}
	while (!fits(start, granularity, nr))
		nr--;
	req->dw0 = granularity;
	req->dw1 = nr;
	return NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES | NVM_SC_DNR;
}

static uint32_t begin_tracking(struct ctrl_request *req, struct nvmove_ctrl *ctrl,
			       struct start *start)
{
	uint32_t status = read_request(req, start);

	if (!status)
		status = decode_ranges(start);
	if (status)
		return status;
	if (fits(start, start->granularity, start->nr))
		ctrl->dirty = dirty_map_new(GRANULE_SHIFT(start->granularity), start->range,
					    start->nr);
	return ctrl->dirty ? NVM_SC_SUCCESS : not_enough_resources(req, start);
}

/*
 * Track Memory Changes. To end what has not begun is no error.
 */
uint32_t track_memory_execute(struct ctrl_request *req)
{
	unsigned int mos = NVMOVE_HMLM_MOS(le32_to_cpu(req->cmd.cdw10));
	struct nvmove_ctrl *ctrl = find_target(req);
	struct start *start;
	uint32_t status;

	if (!ctrl)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (NVMOVE_HMLM_TACT(mos) == NVMOVE_HMLM_STOP) {
		memory_tracking_end(ctrl);
		return NVM_SC_SUCCESS;
	}
	if (ctrl->dirty)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (ctrl->suspend == SUSPENDED)
		return NVMOVE_HMLM_SC_SUSPENDED | NVM_SC_DNR;
	start = malloc(sizeof(*start));
	if (!start)
		return NVM_SC_INTERNAL_ERROR;
	status = begin_tracking(req, ctrl, start);
	free(start);
	return status;
}

void memory_tracking_end(struct nvmove_ctrl *ctrl)
{
	dirty_map_free(ctrl->dirty);
	ctrl->dirty = NULL;
}

/*
 * A reset of the primary ends all that its host has begun.
 */
void memory_tracking_end_all(struct nvmove_subsystem *subsystem)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++)
		memory_tracking_end(subsystem->ctrl[i]);
}

/* @room: changes that may follow the header. */
static void fill_changes(const struct nvmove_ctrl *ctrl, struct nvmove_hmlm_memory_changes *changes,
			 uint32_t room)
{
	struct nvmove_hmlm_memory_change *change = (void *)(changes + 1);
	unsigned int shift = ctrl->dirty->shift;
	struct dirty_range run = { 0 };
	uint32_t nr = 0;
	bool more;

	while ((more = dirty_map_next(ctrl->dirty, run.first + run.nr, &run)) && nr < room) {
		change[nr].address = cpu_to_le64(run.first << shift);
		change[nr].length = cpu_to_le32(run.nr);
		nr++;
	}
	if (more)
		changes->attributes |= NVMOVE_HMLM_CHANGES_MORE;
	if (ctrl->suspend == SUSPENDED)
		changes->attributes |= NVMOVE_HMLM_CHANGES_SUSPENDED;
	changes->cntlid = cpu_to_le16(ctrl->cntlid);
	changes->nr_changes = cpu_to_le32(nr);
	changes->granularity = cpu_to_le16(shift - GRANULE_SHIFT(0));
}

static void clear_reported(struct dirty_map *map, const struct nvmove_hmlm_memory_changes *changes)
{
	const struct nvmove_hmlm_memory_change *change = (const void *)(changes + 1);

	for (uint32_t i = 0; i < le32_to_cpu(changes->nr_changes); i++) {
		struct dirty_range run = {
			.first = le64_to_cpu(change[i].address) >> map->shift,
			.nr = le32_to_cpu(change[i].length),
		};

		dirty_map_clear(map, &run);
	}
}

/*
 * Tracked Memory Changes: as many as the host has room for, ascending. They are forgotten when the
 * host has them, not before.
 */
uint32_t memory_changes_execute(struct ctrl_request *req)
{
	uint64_t length = 4 * ((uint64_t)le32_to_cpu(req->cmd.cdw12) + 1);
	struct nvmove_ctrl *ctrl = find_target(req);
	struct nvmove_hmlm_memory_changes *changes;
	uint32_t status, room = 0;

	if (!ctrl || !ctrl->dirty)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (ctrl_exceeds_mdts(req->ctrl, length))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (length > sizeof(*changes))
		room = (length - sizeof(*changes)) / sizeof(struct nvmove_hmlm_memory_change);
	changes = calloc(1, length > sizeof(*changes) ? length : sizeof(*changes));
	if (!changes)
		return NVM_SC_INTERNAL_ERROR;
	fill_changes(ctrl, changes, room);
	status = prp_write(req, changes, length);
	if (!status)
		clear_reported(ctrl->dirty, changes);
	free(changes);
	return status;
}
