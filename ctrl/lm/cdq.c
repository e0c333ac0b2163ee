// SPDX-License-Identifier: BSD-2-Clause
/*
 * Controller Data Queues (Base 2.3, 5.2.4, 5.2.26.1.23, 8.1.7): rings in the memory of the
 * primary's host, which the controller fills and the host empties through a feature. It never
 * decides what is posted: that is user_data.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "cdq.h"

#define ENTRY_BYTES	sizeof(struct nvmove_hmlm_user_data_entry)
#define ENTRY_DWORDS	(ENTRY_BYTES / 4)

static struct nvmove_ctrl *primary_of(const struct nvmove_subsystem *subsystem)
{
	return subsystem->ctrl[0];
}

struct cdq *cdq_find(const struct nvmove_subsystem *subsystem, unsigned int id)
{
	for (struct cdq *cdq = subsystem->cdqs; cdq; cdq = cdq->next) {
		if (cdq->id == id)
			return cdq;
	}
	return NULL;
}

/* ---- the ring ---- */

static uint32_t distance(const struct cdq *cdq, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + cdq->slots - from;
}

/*
 * Entries that can be posted before the queue is full (Base 3.3.1.5: one slot stays unused).
 */
uint32_t cdq_room(const struct cdq *cdq)
{
	return cdq->slots - 1 - distance(cdq, cdq->head, cdq->tail);
}

static uint64_t slot_address(const struct cdq *cdq, uint32_t slot)
{
	uint64_t offset = slot * (uint64_t)ENTRY_BYTES;

	if (!cdq->page)
		return cdq->addr + offset;
	return le64_to_cpu(cdq->page[offset >> cdq->page_shift]) +
	       (offset & ((1ull << cdq->page_shift) - 1));
}

static uint64_t next_event(const struct cdq *cdq)
{
	return ++cdq->logged->subsystem->cdq_events;
}

/*
 * Write @entry to the tail; there must be room. The half with the phase tag is written last (Base
 * 2.3, 8.1.7.1). What follows from it, an event or a failure, waits for cdq_report().
 */
void cdq_post(struct cdq *cdq, struct nvmove_hmlm_user_data_entry entry)
{
	struct nvmove_ctrl *primary = primary_of(cdq->logged->subsystem);
	uint64_t addr = slot_address(cdq, cdq->tail);
	const uint8_t *half = (const uint8_t *)&entry;

	primary->subsystem->cdq_news = true;
	if (cdq->phase)
		entry.attributes |= NVMOVE_HMLM_UDE_PHASE;
	if (cdq->unwritable || host_write(primary, addr, half, 16) < 0 ||
	    host_write(primary, addr + 16, half + 16, 16) < 0) {
		cdq->unwritable = true;
		return;
	}
	if (cdq->trigger_is_armed && cdq->tail == cdq->trigger) {
		cdq->trigger_is_armed = false;
		cdq->tail_event = next_event(cdq);
	}
	if (++cdq->tail == cdq->slots) {
		cdq->tail = 0;
		cdq->phase = !cdq->phase;
	}
}

void cdq_raise_full(struct cdq *cdq)
{
	cdq->full_event = next_event(cdq);
}

/*
 * Let the host know what posting has brought about. It may end every queue.
 */
void cdq_report(struct nvmove_subsystem *subsystem)
{
	if (!subsystem->cdq_news)
		return;
	subsystem->cdq_news = false;
	for (const struct cdq *cdq = subsystem->cdqs; cdq; cdq = cdq->next) {
		if (cdq->unwritable) {
			ctrl_fatal(primary_of(subsystem),
				   "a data queue entry cannot be written to host memory");
			return;
		}
	}
	event_deliver(primary_of(subsystem));
}

/*
 * Take the oldest event that waits to be reported (Base 2.3, 5.2.2, One Shot): its completion's
 * dwords.
 *
 * Return: false if there is none.
 */
bool cdq_take_event(const struct nvmove_subsystem *subsystem, uint32_t *dw0, uint32_t *dw1)
{
	uint64_t *oldest = NULL;

	for (struct cdq *cdq = subsystem->cdqs; cdq; cdq = cdq->next) {
		if (cdq->tail_event && (!oldest || cdq->tail_event < *oldest)) {
			oldest = &cdq->tail_event;
			*dw0 = NVM_EVENT_ONE_SHOT | NVM_EVENT_ONE_SHOT_CDQ_TAIL << 8;
			*dw1 = cdq->id;
		}
		if (cdq->full_event && (!oldest || cdq->full_event < *oldest)) {
			oldest = &cdq->full_event;
			*dw0 = NVM_EVENT_ONE_SHOT | NVM_EVENT_ONE_SHOT_CDQ_FULL << 8;
			*dw1 = cdq->id;
		}
	}
	if (oldest)
		*oldest = 0;
	return oldest;
}

/* ---- create ---- */

static unsigned int count(const struct nvmove_subsystem *subsystem)
{
	unsigned int nr = 0;

	for (const struct cdq *cdq = subsystem->cdqs; cdq; cdq = cdq->next)
		nr++;
	return nr;
}

/* An id that was just deleted is the last to be given again: a host may still hold it. */
static uint16_t new_id(struct nvmove_subsystem *subsystem)
{
	do {
		subsystem->last_cdqid++;
	} while (!subsystem->last_cdqid || cdq_find(subsystem, subsystem->last_cdqid));
	return subsystem->last_cdqid;
}

/*
 * Read the list of the queue's pages. It has at most MAX_CDQ_PRPS entries, so that it ends in the
 * page where it begins.
 */
static uint32_t read_pages(struct ctrl_request *req, struct cdq *cdq, uint64_t list)
{
	uint64_t page = 1ull << req->ctrl->page_shift;
	uint64_t nr = (cdq->slots * (uint64_t)ENTRY_BYTES + page - 1) / page;

	if (nr > MAX_CDQ_PRPS)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	cdq->page_shift = req->ctrl->page_shift;
	cdq->page = malloc(nr * sizeof(cdq->page[0]));
	if (!cdq->page)
		return NVM_SC_INTERNAL_ERROR;
	if (host_read(req->ctrl, list, cdq->page, nr * sizeof(cdq->page[0])) < 0)
		return NVM_SC_DATA_TRANSFER_ERROR;
	for (uint64_t i = 0; i < nr; i++) {
		if (le64_to_cpu(cdq->page[i]) & (page - 1))
			return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
		if (!queue_memory_is_addressable(le64_to_cpu(cdq->page[i]), page))
			return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	}
	return NVM_SC_SUCCESS;
}

static uint32_t find_memory(struct ctrl_request *req, struct cdq *cdq)
{
	uint64_t prp1 = le64_to_cpu(req->cmd.prp1);

	if (!(le32_to_cpu(req->cmd.cdw11) & NVMOVE_HMLM_CDQ_PC))
		return read_pages(req, cdq, prp1);
	if (!queue_memory_is_addressable(prp1, cdq->slots * (uint64_t)ENTRY_BYTES))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	cdq->addr = prp1;
	return NVM_SC_SUCCESS;
}

static void release(struct cdq *cdq)
{
	free(cdq->page);
	free(cdq);
}

static uint32_t check_create(const struct ctrl_request *req, const struct nvmove_ctrl *logged)
{
	const struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	uint32_t dwords = le32_to_cpu(req->cmd.cdw12);

	if ((NVMOVE_HMLM_MOS(le32_to_cpu(req->cmd.cdw10)) & 0xff) != NVMOVE_HMLM_CDQ_USER_DATA)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (le64_to_cpu(req->cmd.prp1) & ((1ull << req->ctrl->page_shift) - 1))
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	if (dwords % ENTRY_DWORDS || dwords / ENTRY_DWORDS < CDQ_MIN_SLOTS)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (!logged)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (logged->user_data_queue)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (count(subsystem) == MAX_CDQS)
		return NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES;
	return NVM_SC_SUCCESS;
}

static uint32_t create_execute(struct ctrl_request *req)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);
	struct nvmove_ctrl *logged = subsystem_find_migratable(subsystem, cdw11 >> 16);
	uint32_t status = check_create(req, logged);
	struct cdq *cdq;

	if (status)
		return status;
	cdq = calloc(1, sizeof(*cdq));
	if (!cdq)
		return NVM_SC_INTERNAL_ERROR;
	cdq->slots = le32_to_cpu(req->cmd.cdw12) / ENTRY_DWORDS;
	cdq->phase = true;
	status = find_memory(req, cdq);
	if (status) {
		release(cdq);
		return status;
	}
	cdq->id = new_id(subsystem);
	cdq->logged = logged;
	logged->user_data_queue = cdq;
	cdq->next = subsystem->cdqs;
	subsystem->cdqs = cdq;
	req->dw0 = cdq->id;
	return NVM_SC_SUCCESS;
}

/* ---- delete ---- */

static void delete(struct nvmove_subsystem *subsystem, struct cdq *cdq)
{
	struct cdq **link = &subsystem->cdqs;

	while (*link != cdq)
		link = &(*link)->next;
	*link = cdq->next;
	cdq->logged->user_data_queue = NULL;
	release(cdq);
}

/*
 * A reset of the primary ends its queues.
 */
void cdq_delete_all(struct nvmove_subsystem *subsystem)
{
	while (subsystem->cdqs)
		delete(subsystem, subsystem->cdqs);
}

/*
 * Delete the queue that logs @ctrl, if there is one (Migration Send, Suspend, DUDMQ).
 */
void cdq_delete_of(struct nvmove_ctrl *ctrl)
{
	if (ctrl->user_data_queue)
		delete(ctrl->subsystem, ctrl->user_data_queue);
}

static uint32_t delete_execute(struct ctrl_request *req)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	struct cdq *cdq = cdq_find(subsystem, le32_to_cpu(req->cmd.cdw11) & 0xffff);

	if (!cdq)
		return NVMOVE_HMLM_SC_INVALID_CDQ | NVM_SC_DNR;
	delete(subsystem, cdq);
	return NVM_SC_SUCCESS;
}

uint32_t cdq_execute(struct ctrl_request *req)
{
	switch (NVMOVE_HMLM_SEL(le32_to_cpu(req->cmd.cdw10))) {
	case NVMOVE_HMLM_CDQ_CREATE:
		return create_execute(req);
	case NVMOVE_HMLM_CDQ_DELETE:
		return delete_execute(req);
	default:
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	}
}

/* ---- feature 21h ---- */

/*
 * Of the 512 bytes of the data structure the 8 that are defined: a host may well have no more room.
 */
uint32_t get_cdq(struct ctrl_request *req, unsigned int select)
{
	const struct cdq *cdq = cdq_find(req->ctrl->subsystem,
					 le32_to_cpu(req->cmd.cdw11) & 0xffff);
	struct nvmove_hmlm_cdq_feature data = { 0 };

	if (!cdq)
		return NVMOVE_HMLM_SC_INVALID_CDQ | NVM_SC_DNR;
	req->dw0 = cdq->id;
	if (select == NVM_FEAT_SEL_CURRENT) {
		data.head = cpu_to_le32(cdq->head);
		if (cdq->trigger_is_armed) {
			data.tail_trigger = cpu_to_le32(cdq->trigger);
			req->dw0 |= NVMOVE_HMLM_CDQ_ETPT;
		}
	}
	return prp_write(req, &data, sizeof(data));
}

/*
 * The host gives back slots up to the new head, which can go as far as the tail, and arms the
 * trigger or disarms it.
 */
uint32_t set_cdq(struct ctrl_request *req, uint32_t cdw11)
{
	struct cdq *cdq = cdq_find(req->ctrl->subsystem, cdw11 & 0xffff);
	uint32_t head = le32_to_cpu(req->cmd.cdw12);
	uint32_t trigger = le32_to_cpu(req->cmd.cdw13);
	bool arm = cdw11 & NVMOVE_HMLM_CDQ_ETPT;

	if (!cdq)
		return NVMOVE_HMLM_SC_INVALID_CDQ | NVM_SC_DNR;
	if (head >= cdq->slots || (arm && trigger >= cdq->slots) ||
	    distance(cdq, cdq->head, head) > distance(cdq, cdq->head, cdq->tail))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	cdq->head = head;
	cdq->trigger_is_armed = arm;
	cdq->trigger = trigger;
	cdq->tail_event = 0;
	return NVM_SC_SUCCESS;
}
