// SPDX-License-Identifier: BSD-2-Clause
/*
 * Submission queues and the life of a command: fetched in round-robin bursts (Base 3.4.4.1),
 * executed by admin.c or io.c, completed exactly once by req_complete() or, after a reset, never.
 */
#include <stdlib.h>
#include <string.h>

#include "controller.h"

#define ARBITRATION_BURST(value)	((value) & 0x7)
#define BURST_UNLIMITED			7

/*
 * A completion queue's submission queues are listed by ascending id, so that the order in which
 * they go on does not depend on the order of their creation, which does not travel. Hosts create
 * queues in ascending order: searched from the end.
 */
static void cq_list_insert(struct nvmove_ctrl *ctrl, unsigned int qid, unsigned int cqid)
{
	struct cq_run *cq = &ctrl->cq[cqid];
	unsigned int previous = cq->last_sq, next = NO_QUEUE;

	while (previous != NO_QUEUE && previous > qid) {
		next = previous;
		previous = ctrl->sq[previous].previous_of_cq;
	}
	ctrl->sq[qid].previous_of_cq = previous;
	ctrl->sq[qid].next_of_cq = next;
	*(previous == NO_QUEUE ? &cq->first_sq : &ctrl->sq[previous].next_of_cq) = qid;
	*(next == NO_QUEUE ? &cq->last_sq : &ctrl->sq[next].previous_of_cq) = qid;
}

static void cq_list_remove(struct nvmove_ctrl *ctrl, unsigned int qid, unsigned int cqid)
{
	struct cq_run *cq = &ctrl->cq[cqid];
	unsigned int previous = ctrl->sq[qid].previous_of_cq, next = ctrl->sq[qid].next_of_cq;

	*(previous == NO_QUEUE ? &cq->first_sq : &ctrl->sq[previous].next_of_cq) = next;
	*(next == NO_QUEUE ? &cq->last_sq : &ctrl->sq[next].previous_of_cq) = previous;
}

void sq_init(struct nvmove_ctrl *ctrl, unsigned int qid, uint64_t addr, uint32_t size,
	     uint16_t cqid, uint8_t priority)
{
	ctrl->st.sq[qid] = (struct sq_state) {
		.exists = true,
		.priority = priority,
		.cqid = cqid,
		.size = size,
		.addr = addr,
	};
	sq_start(ctrl, qid);
}

/*
 * Set up what belongs to a queue that has been described in the state: one that is created, or
 * loaded. Its completion queue has been started.
 */
void sq_start(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	ctrl->sq[qid].in_flight = 0;
	ctrl->sq[qid].delete_request = NULL;
	cq_list_insert(ctrl, qid, ctrl->st.sq[qid].cqid);
	ctrl_note_qid(ctrl, qid);
}

/*
 * Forget a queue. One that is still on the ready list is skipped when its turn comes.
 */
void sq_destroy(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	struct sq_state *sq = &ctrl->st.sq[qid];

	if (!sq->exists)
		return;
	cq_list_remove(ctrl, qid, sq->cqid);
	ctrl->sq[qid].in_flight = 0;
	ctrl->sq[qid].delete_request = NULL;
	memset(sq, 0, sizeof(*sq));
}

static void ready_list_insert(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	struct sq_run *run = &ctrl->sq[qid];

	run->ready = true;
	if (ctrl->first_ready == NO_QUEUE) {
		ctrl->first_ready = qid;
		ctrl->last_ready = qid;
	} else if (qid == ADMIN_QID) {
		run->next = ctrl->first_ready;
		ctrl->first_ready = qid;
	} else {
		ctrl->sq[ctrl->last_ready].next = qid;
		ctrl->last_ready = qid;
	}
}

/*
 * Put a queue with unfetched commands at the end of the ready list; the admin queue goes first, so
 * that I/O queues which wait for room cannot hold it up.
 */
void sq_make_ready(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	const struct sq_state *sq = &ctrl->st.sq[qid];
	struct sq_run *run = &ctrl->sq[qid];

	if (!sq->exists || sq->head == sq->tail || run->delete_request)
		return;
	if (!run->ready)
		ready_list_insert(ctrl, qid);
	if (ctrl_may_fetch(ctrl) && !ctrl->running)
		ctrl_schedule(ctrl);
}

void sq_make_all_ready(struct nvmove_ctrl *ctrl)
{
	for (unsigned int qid = 0; qid < ctrl->qid_end; qid++)
		sq_make_ready(ctrl, qid);
}

/*
 * Completion queue @cqid has room again: fetching from those that post to it had stopped.
 */
void sq_make_ready_of_cq(struct nvmove_ctrl *ctrl, unsigned int cqid)
{
	for (unsigned int qid = ctrl->cq[cqid].first_sq; qid != NO_QUEUE;
	     qid = ctrl->sq[qid].next_of_cq)
		sq_make_ready(ctrl, qid);
}

static unsigned int next_ready(struct nvmove_ctrl *ctrl)
{
	unsigned int qid = ctrl->first_ready;

	if (qid == NO_QUEUE)
		return NO_QUEUE;
	ctrl->first_ready = qid == ctrl->last_ready ? NO_QUEUE : ctrl->sq[qid].next;
	if (ctrl->first_ready == NO_QUEUE)
		ctrl->last_ready = NO_QUEUE;
	ctrl->sq[qid].ready = false;
	return qid;
}

/*
 * The host has written commands up to @tail, it says.
 */
void sq_take_tail(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t tail)
{
	struct sq_state *sq = &ctrl->st.sq[qid];

	if (tail >= sq->size) {
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_VALUE, NVM_LOG_ERROR);
		return;
	}
	sq->tail = tail;
	sq_make_ready(ctrl, qid);
}

/*
 * The register was written. A shadow doorbell's value counts in place of the register's, which may
 * be older; while suspended memory is not looked at.
 */
void sq_doorbell(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t tail)
{
	const struct sq_state *sq = &ctrl->st.sq[qid];

	if (!sq->exists)
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_REGISTER, NVM_LOG_ERROR);
	else if (!shadow_is_used(ctrl, qid))
		sq_take_tail(ctrl, qid, tail);
	else if (tail >= sq->size)
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_VALUE, NVM_LOG_ERROR);
	else if (ctrl->suspend != SUSPENDED)
		shadow_poll_sq(ctrl, qid);
}

struct ctrl_request *req_alloc(struct nvmove_ctrl *ctrl)
{
	struct ctrl_request *req = ctrl->free_requests, *next_allocated;
	size_t segments = ctrl->max_segments;

	if (req) {
		ctrl->free_requests = req->next;
	} else {
		req = malloc(sizeof(*req) + segments * (sizeof(struct dma_mapping) +
							sizeof(struct iovec)));
		if (!req)
			return NULL;
		req->next_allocated = ctrl->all_requests;
		ctrl->all_requests = req;
	}
	next_allocated = req->next_allocated;
	memset(req, 0, sizeof(*req));
	req->next_allocated = next_allocated;
	req->ctrl = ctrl;
	req->epoch = ctrl->epoch;
	req->mapping = (struct dma_mapping *)(req + 1);
	req->iov = (struct iovec *)(req->mapping + segments);
	ctrl->in_flight++;
	return req;
}

void req_free(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;

	req->next = ctrl->free_requests;
	ctrl->free_requests = req;
}

/*
 * Whether a reset came since the command was fetched: its host does not wait for it any more.
 */
bool req_is_stale(const struct ctrl_request *req)
{
	return req->epoch != req->ctrl->epoch;
}

static void finish_delete(struct nvmove_ctrl *ctrl, unsigned int sqid)
{
	struct ctrl_request *delete_request = ctrl->sq[sqid].delete_request;

	sq_destroy(ctrl, sqid);
	req_complete(delete_request, NVM_SC_SUCCESS);
}

static void post_completion(struct ctrl_request *req, uint32_t status)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	unsigned int sqid = req->sqid;
	struct sq_state *sq = &ctrl->st.sq[sqid];

	ctrl->in_flight--;
	req_set_namespace(req, NULL);
	if (req->internal || req_is_stale(req)) {
		req_free(req);
		ctrl_progress(ctrl);
		return;
	}
	req->cqe = (struct nvm_cqe) {
		.dw0 = cpu_to_le32(req->dw0),
		.dw1 = cpu_to_le32(req->dw1),
		.sqhd = cpu_to_le16(sq->head),
		.sqid = cpu_to_le16(sqid),
		.cid = cpu_to_le16(req->cid),
		.status = cpu_to_le16(status << 1),
	};
	ctrl->sq[sqid].in_flight--;
	cq_post(ctrl, sq->cqid, req);
	if (ctrl->sq[sqid].delete_request && !ctrl->sq[sqid].in_flight)
		finish_delete(ctrl, sqid);
	/* Fetching may have stopped at the limit on requests. */
	if (!ctrl->running && ctrl->first_ready != NO_QUEUE && ctrl_may_fetch(ctrl))
		ctrl_schedule(ctrl);
	ctrl_progress(ctrl);
}

/*
 * The one exit of every command: post its completion, unless a reset has ended it. Consumes @req.
 */
void req_complete(struct ctrl_request *req, uint32_t status)
{
	struct ctrl_request *waiter = req->preempted_by;

	post_completion(req, status);
	if (waiter)
		reservation_command_done(waiter);
}

static void execute(struct ctrl_request *req)
{
	uint32_t status = req->sqid == ADMIN_QID ? admin_execute(req) : io_execute(req);

	if (status == STATUS_PENDING)
		return;
	if (status & NVM_SC_MASK)
		error_log_add(req, status, UINT64_MAX);
	req_complete(req, status);
}

static unsigned int request_room(const struct nvmove_ctrl *ctrl, unsigned int qid)
{
	unsigned int limit = MAX_IO_REQUESTS + (qid == ADMIN_QID ? MAX_ADMIN_REQUESTS : 0);
	unsigned int used = ctrl->in_flight + ctrl->nr_unposted;

	return used < limit ? limit - used : 0;
}

/*
 * Fetch and execute up to @max commands of one queue, without wrapping.
 *
 * Return: how many.
 */
static unsigned int fetch_burst(struct nvmove_ctrl *ctrl, unsigned int qid, unsigned int max)
{
	struct sq_state *sq = &ctrl->st.sq[qid];
	uint32_t end = sq->tail > sq->head ? sq->tail : sq->size;
	struct nvm_sqe cmd[FETCH_BATCH];
	unsigned int n = end - sq->head;
	uint32_t epoch = ctrl->epoch;

	if (n > max)
		n = max;
	if (n > FETCH_BATCH)
		n = FETCH_BATCH;
	if (host_read(ctrl, sq->addr + (uint64_t)sq->head * sizeof(cmd[0]), cmd,
		      n * sizeof(cmd[0])) < 0) {
		ctrl_fatal(ctrl, "submission queue entries cannot be read from host memory");
		return 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct ctrl_request *req = req_alloc(ctrl);

		if (!req)
			return i;
		req->sqid = qid;
		req->cid = le16_to_cpu(cmd[i].cid);
		req->cmd = cmd[i];
		sq->head = sq->head + 1 == sq->size ? 0 : sq->head + 1;
		ctrl->sq[qid].in_flight++;
		execute(req);
		/* A command may end the epoch, and so the queue. */
		if (ctrl->epoch != epoch)
			return i + 1;
	}
	return n;
}

static unsigned int burst_size(const struct nvmove_ctrl *ctrl)
{
	unsigned int log2_burst = ARBITRATION_BURST(ctrl->st.features.arbitration);

	return log2_burst == BURST_UNLIMITED ? FETCH_BATCH : 1u << log2_burst;
}

/*
 * One turn of the arbiter: bursts from the ready queues until the budget is used.
 */
void sq_fetch_all(struct nvmove_ctrl *ctrl)
{
	unsigned int budget = RUN_BUDGET;

	while (budget && ctrl_may_fetch(ctrl)) {
		unsigned int qid = next_ready(ctrl);
		const struct sq_state *sq;
		unsigned int room, done;

		if (qid == NO_QUEUE)
			return;
		sq = &ctrl->st.sq[qid];
		/* cq_take_head() makes it ready again when its completions have found room. */
		if (!sq->exists || sq->head == sq->tail || ctrl->cq[sq->cqid].unposted ||
		    !cq_has_room(ctrl, sq->cqid))
			continue;
		room = request_room(ctrl, qid);
		if (room > burst_size(ctrl))
			room = burst_size(ctrl);
		if (room > budget)
			room = budget;
		done = room ? fetch_burst(ctrl, qid, room) : 0;
		if (sq->exists && sq->head == sq->tail && shadow_is_used(ctrl, qid))
			shadow_arm_sq(ctrl, qid);
		sq_make_ready(ctrl, qid);
		if (!done)
			return;	/* req_complete() goes on when there is room */
		budget -= done;
	}
	if (!budget && ctrl->first_ready != NO_QUEUE)
		ctrl_schedule(ctrl);
}
