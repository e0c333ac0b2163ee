// SPDX-License-Identifier: BSD-2-Clause
/*
 * Completion queues (Base 3.3.1): entries leave in order, wait when the host has left no room, and
 * are never overwritten before the host has read them.
 */
#include <string.h>

#include "controller.h"

void cq_init(struct nvmove_ctrl *ctrl, unsigned int qid, uint64_t addr, uint32_t size,
	     bool irq_enabled, uint16_t vector)
{
	ctrl->st.cq[qid] = (struct cq_state) {
		.exists = true,
		.irq_enabled = irq_enabled,
		.phase = true,
		.vector = vector,
		.size = size,
		.addr = addr,
	};
	cq_start(ctrl, qid);
}

/*
 * Set up what belongs to a queue that has been described in the state: one that is created, or
 * loaded.
 */
void cq_start(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	struct cq_run *run = &ctrl->cq[qid];

	run->first_sq = NO_QUEUE;
	run->last_sq = NO_QUEUE;
	run->unposted = NULL;
	run->unposted_tail = &run->unposted;
	ctrl_note_qid(ctrl, qid);
}

void cq_destroy(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	struct cq_run *run = &ctrl->cq[qid];

	if (!ctrl->st.cq[qid].exists)
		return;
	while (run->unposted) {
		struct ctrl_request *req = run->unposted;

		run->unposted = req->next;
		ctrl->nr_unposted--;
		req_free(req);
	}
	run->unposted_tail = &run->unposted;
	memset(&ctrl->st.cq[qid], 0, sizeof(ctrl->st.cq[qid]));
}

static bool is_full(const struct cq_state *cq)
{
	return (cq->tail + 1 == cq->size ? 0 : cq->tail + 1) == cq->head;
}

/*
 * Whether one more entry fits. If not, the host will ring when it has made room. Looking for its
 * head in memory can fail, after which the queue does not exist any more.
 */
bool cq_has_room(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	const struct cq_state *cq = &ctrl->st.cq[qid];

	if (is_full(cq) && shadow_is_used(ctrl, qid))
		shadow_arm_cq(ctrl, qid);
	return cq->exists && !is_full(cq);
}

/*
 * Write one entry; false if host memory refused it.
 */
static bool cq_write(struct nvmove_ctrl *ctrl, unsigned int qid, const struct nvm_cqe *entry)
{
	struct cq_state *cq = &ctrl->st.cq[qid];
	struct nvm_cqe cqe = *entry;

	cqe.status = cpu_to_le16((le16_to_cpu(cqe.status) & ~1u) | cq->phase);
	if (host_write(ctrl, cq->addr + (uint64_t)cq->tail * sizeof(cqe), &cqe, sizeof(cqe)) < 0)
		return false;
	if (++cq->tail == cq->size) {
		cq->tail = 0;
		cq->phase = !cq->phase;
	}
	irq_want(ctrl, qid);
	return true;
}

void cq_append_unposted(struct nvmove_ctrl *ctrl, unsigned int qid, struct ctrl_request *req)
{
	struct cq_run *run = &ctrl->cq[qid];

	req->next = NULL;
	*run->unposted_tail = req;
	run->unposted_tail = &req->next;
	ctrl->nr_unposted++;
}

/*
 * Post @req's completion queue entry, or keep it until there is room. Consumes @req.
 */
void cq_post(struct nvmove_ctrl *ctrl, unsigned int qid, struct ctrl_request *req)
{
	if (ctrl->cq[qid].unposted || !cq_has_room(ctrl, qid)) {
		if (ctrl->st.cq[qid].exists)
			cq_append_unposted(ctrl, qid, req);
		else
			req_free(req);
		return;
	}
	if (!cq_write(ctrl, qid, &req->cqe))
		ctrl_fatal(ctrl, "a completion queue entry cannot be written to host memory");
	req_free(req);
}

static void post_unposted(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	struct cq_run *run = &ctrl->cq[qid];

	while (run->unposted && cq_has_room(ctrl, qid)) {
		struct ctrl_request *req = run->unposted;

		if (!cq_write(ctrl, qid, &req->cqe)) {
			ctrl_fatal(ctrl, "a completion queue entry cannot be written to host memory");
			return;
		}
		run->unposted = req->next;
		if (!run->unposted)
			run->unposted_tail = &run->unposted;
		ctrl->nr_unposted--;
		req_free(req);
	}
	/* Fetching from the submission queues that post here had stopped. */
	if (!run->unposted)
		sq_make_ready_of_cq(ctrl, qid);
}

/*
 * The host has read up to @head, it says.
 */
void cq_take_head(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t head)
{
	struct cq_state *cq = &ctrl->st.cq[qid];
	uint32_t unread, read;
	bool was_full;

	unread = cq->tail >= cq->head ? cq->tail - cq->head : cq->tail + cq->size - cq->head;
	read = head >= cq->head ? head - cq->head : head + cq->size - cq->head;
	if (head >= cq->size || read > unread) {
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_VALUE, NVM_LOG_ERROR);
		return;
	}
	was_full = is_full(cq);
	cq->head = head;
	/* What waits to be posted goes first, and makes them ready after that. */
	if (was_full && read && !ctrl->cq[qid].unposted)
		sq_make_ready_of_cq(ctrl, qid);
}

/*
 * The register was written. While suspended that is only noted; a shadow doorbell's value counts in
 * place of the register's, which may be older, and is looked at when the controller resumes.
 */
void cq_doorbell(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t head)
{
	const struct cq_state *cq = &ctrl->st.cq[qid];

	if (!cq->exists)
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_REGISTER, NVM_LOG_ERROR);
	else if (!shadow_is_used(ctrl, qid))
		cq_take_head(ctrl, qid, head);
	else if (head >= cq->size)
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_VALUE, NVM_LOG_ERROR);
	else if (ctrl->suspend != SUSPENDED)
		shadow_poll_cq(ctrl, qid);
	if (ctrl->suspend != SUSPENDED && cq->exists && ctrl->cq[qid].unposted)
		post_unposted(ctrl, qid);
}

/*
 * After a resume: the host may have made room, or a loaded state may bring completions along.
 */
void cq_post_all_unposted(struct nvmove_ctrl *ctrl)
{
	for (unsigned int qid = 0; qid < ctrl->qid_end; qid++) {
		if (ctrl->st.cq[qid].exists && ctrl->cq[qid].unposted)
			post_unposted(ctrl, qid);
	}
}
