// SPDX-License-Identifier: BSD-2-Clause
/*
 * The accounts of one function; see witness.h. A controller tells nobody which of its accesses
 * is a fetch or a completion, and a guest may let queues and data overlap: each access that
 * could be one is kept until the queue's head or tail says what it was.
 */
#include <string.h>

#include "machine.h"

static uint32_t distance(uint32_t from, uint32_t to, uint32_t size)
{
	return (to + size - from) % size;
}

/* ---- commands ---- */

static void owe(struct function *f, unsigned int sqid, const struct nvm_sqe *sqe)
{
	struct witness *w = &f->witness;

	expect(w->nr_owed < MAX_COMMANDS, "more than %u commands under way", MAX_COMMANDS);
	if (sqid == ADMIN_QID && sqe->opcode == NVM_ADMIN_DELETE_CQ) {
		unsigned int cqid = le32_to_cpu(sqe->cdw10) & 0xffff;

		for (unsigned int i = 0; i < w->nr_owed; i++)
			w->owed[i].may_vanish |= cqid != ADMIN_QID && w->owed[i].cqid == cqid;
	}
	w->owed[w->nr_owed++] = (struct owed) {
		.sqid = sqid,
		.cid = le16_to_cpu(sqe->cid),
		.cqid = f->ctrl->st.sq[sqid].cqid,
		.opcode = sqe->opcode,
	};
}

static void settle_debt(struct function *f, unsigned int cqid, const struct nvm_cqe *cqe)
{
	struct witness *w = &f->witness;
	unsigned int sqid = le16_to_cpu(cqe->sqid), cid = le16_to_cpu(cqe->cid);
	unsigned int found = w->nr_owed;

	/* One that may be gone with a former queue of this id is the last that is meant. */
	for (unsigned int i = 0; i < w->nr_owed; i++) {
		if (w->owed[i].sqid != sqid || w->owed[i].cid != cid || w->owed[i].cqid != cqid)
			continue;
		if (found == w->nr_owed || !w->owed[i].may_vanish)
			found = i;
		if (!w->owed[i].may_vanish)
			break;
	}
	expect(found < w->nr_owed,
	       "completion queue %u: sqid %u, cid %u was not submitted or has completed", cqid,
	       sqid, cid);
	w->owed[found] = w->owed[--w->nr_owed];
}

static void look_at_sq(struct function *f, unsigned int qid)
{
	const struct sq_state *sq = &f->ctrl->st.sq[qid];
	struct fetched *fetched = &f->witness.fetched[qid];

	if (!sq->exists) {
		fetched->nr = fetched->taken = 0;
		return;
	}
	while (fetched->taken < fetched->nr &&
	       distance(fetched->head, sq->head, sq->size) > fetched->taken)
		owe(f, qid, &fetched->sqe[fetched->taken++]);
}

void witness_read(struct function *f, uint64_t addr, const void *data, size_t len)
{
	size_t nr = len / sizeof(struct nvm_sqe);

	if (!nr || nr > MAX_FETCH || len % sizeof(struct nvm_sqe))
		return;
	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		const struct sq_state *sq = &f->ctrl->st.sq[qid];
		struct fetched *fetched = &f->witness.fetched[qid];

		if (!sq->exists || addr != sq->addr + sq->head * sizeof(struct nvm_sqe) ||
		    nr > distance(sq->head, sq->tail, sq->size))
			continue;
		if (fetched->taken && fetched->taken < fetched->nr)
			continue;
		fetched->head = sq->head;
		fetched->nr = nr;
		fetched->taken = 0;
		memcpy(fetched->sqe, data, len);
	}
}

/* ---- completions ---- */

static void begin_account(struct cq_account *account, const struct cq_state *cq)
{
	*account = (struct cq_account) {
		.exists = true,
		.any = cq->tail,
		.phase = cq->phase,
		.slot = cq->tail ? cq->tail - 1 : 0,
		.head = cq->head,
		.unread = distance(cq->head, cq->tail, cq->size),
	};
}

/* Entries go to one slot after the other; the phase tag turns where the queue wraps. */
static void check_sequence(const struct cq_account *account, const struct cq_state *cq,
			   unsigned int qid, const struct posted *posted)
{
	bool phase = le16_to_cpu(posted->cqe.status) & 1;
	bool wraps = account->slot + 1 == cq->size;

	expect(account->unread + 1 < cq->size, "completion queue %u: slot %u is written over", qid,
	       posted->tail);
	if (!account->any)
		return;
	expect(posted->tail == (wraps ? 0 : account->slot + 1),
	       "completion queue %u: slot %u is written after slot %u", qid, posted->tail,
	       account->slot);
	expect(phase == (account->phase ^ wraps), "completion queue %u: slot %u: wrong phase", qid,
	       posted->tail);
}

static void take_posted(struct function *f, unsigned int qid)
{
	const struct cq_state *cq = &f->ctrl->st.cq[qid];
	struct cq_account *account = &f->witness.cq[qid];
	struct posted *posted = &f->witness.posted[qid];

	if (!posted->valid || cq->tail == posted->tail)
		return;
	posted->valid = false;
	expect(cq->tail == (posted->tail + 1) % cq->size, "completion queue %u: tail %u after %u",
	       qid, cq->tail, posted->tail);
	check_sequence(account, cq, qid, posted);
	account->any = true;
	account->slot = posted->tail;
	account->phase = le16_to_cpu(posted->cqe.status) & 1;
	account->unread++;
	settle_debt(f, qid, &posted->cqe);
}

static void look_at_cq(struct function *f, unsigned int qid)
{
	const struct cq_state *cq = &f->ctrl->st.cq[qid];
	struct cq_account *account = &f->witness.cq[qid];
	uint32_t moved;

	if (!cq->exists) {
		account->exists = false;
		f->witness.posted[qid].valid = false;
		return;
	}
	/* Unseen, a queue can be deleted and made again while the admin queue is full. */
	if (!account->exists || (qid && f->ctrl->cq[ADMIN_QID].unposted && cq->head == 0 &&
				 cq->tail == 0))
		begin_account(account, cq);
	moved = distance(account->head, cq->head, cq->size);
	expect(moved <= account->unread, "completion queue %u: head moved by %u, %u unread", qid,
	       moved, account->unread);
	account->head = cq->head;
	account->unread -= moved;
	take_posted(f, qid);
}

void witness_write(struct function *f, uint64_t addr, const void *data, size_t len)
{
	if (len != sizeof(struct nvm_cqe))
		return;
	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		const struct cq_state *cq = &f->ctrl->st.cq[qid];
		struct posted *posted = &f->witness.posted[qid];

		if (!cq->exists || addr != cq->addr + cq->tail * sizeof(struct nvm_cqe))
			continue;
		posted->valid = true;
		posted->tail = cq->tail;
		memcpy(&posted->cqe, data, sizeof(posted->cqe));
	}
}

/* ---- the whole ---- */

static void forget(struct function *f)
{
	struct witness *w = &f->witness;

	w->epoch = f->ctrl->epoch;
	w->nr_owed = 0;
	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		w->fetched[qid].nr = w->fetched[qid].taken = 0;
		w->posted[qid].valid = false;
		w->cq[qid].exists = false;
	}
}

void witness_adopt(struct function *f)
{
	const struct nvmove_ctrl *ctrl = f->ctrl;
	const struct events_state *events = &ctrl->st.events;
	struct witness *w = &f->witness;

	forget(f);
	for (unsigned int i = 0; i < events->nr_requests; i++)
		w->owed[w->nr_owed++] = (struct owed) { .cid = events->request_cid[i],
							.opcode = NVM_ADMIN_ASYNC_EVENT };
	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		if (!ctrl->st.cq[qid].exists)
			continue;
		for (const struct ctrl_request *req = ctrl->cq[qid].unposted; req; req = req->next)
			w->owed[w->nr_owed++] = (struct owed) {
				.sqid = le16_to_cpu(req->cqe.sqid),
				.cid = le16_to_cpu(req->cqe.cid),
				.cqid = qid,
			};
	}
}

void witness_look(struct function *f)
{
	/*
	 * A reset, after which there is nothing, or the primary's host has loaded an older state.
	 */
	if (f->witness.epoch != f->ctrl->epoch)
		witness_adopt(f);
	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++)
		look_at_sq(f, qid);
	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++)
		look_at_cq(f, qid);
}

void witness_access(struct function *f, const char *what)
{
	const struct nvmove_ctrl *ctrl = f->ctrl;

	expect(!nvmove_ctrl_is_suspended(ctrl), "%s by a suspended controller", what);
	expect(ctrl->online && (ctrl->st.cc & NVM_CC_EN) && (ctrl->st.csts & NVM_CSTS_RDY) &&
	       !(ctrl->st.csts & NVM_CSTS_CFS), "%s by a controller that is %s, CC %#x, CSTS %#x",
	       what, ctrl->online ? "online" : "offline", ctrl->st.cc, ctrl->st.csts);
	witness_look(f);
}

void witness_moved(struct function *f)
{
	f->witness.epoch = f->ctrl->epoch;
}

void witness_end(struct function *f)
{
	const struct nvmove_ctrl *ctrl = f->ctrl;
	const struct witness *w = &f->witness;
	unsigned int waiting = ctrl->st.events.nr_requests + ctrl->nr_unposted;
	const struct owed *last = NULL;
	unsigned int certain = 0, possible = 0;

	witness_look(f);
	expect(!f->mapped, "%u mappings are left", f->mapped);
	expect(!ctrl->in_flight, "%u requests are left", ctrl->in_flight);
	/* A shutdown leaves what has found its queue full where it is. */
	expect(!ctrl->nr_unposted || !ctrl_is_operational(ctrl), "%u completions wait for nothing",
	       ctrl->nr_unposted);
	/* Guests may use a command id twice: which of the two is owed cannot be told. */
	for (unsigned int i = 0; i < w->nr_owed; i++) {
		if (!ctrl->st.cq[w->owed[i].cqid].exists)
			continue;
		possible++;
		if (w->owed[i].may_vanish)
			continue;
		certain++;
		if (!last || w->owed[i].opcode != NVM_ADMIN_ASYNC_EVENT)
			last = &w->owed[i];
	}
	expect(certain <= waiting && waiting <= possible,
	       "%u to %u completions are owed, %u wait for events or room; sqid %u, cid %u, %02xh",
	       certain, possible, waiting, last ? last->sqid : 0, last ? last->cid : 0,
	       last ? last->opcode : 0);
}
