// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where queues may lie in host memory: below QUEUE_ADDRESS_LIMIT, and no two of a controller on the
 * same bytes. What a live controller accepts here is what lm/state_queues.c accepts in a state, so
 * that every state that can be reached can be loaded. It never touches the memory.
 */
#include "controller.h"

static bool is_apart(uint64_t addr, uint64_t len, uint64_t other, uint64_t other_len)
{
	return addr + len <= other || other + other_len <= addr;
}

/*
 * Whether a new queue of the controller may lie on the @len bytes at @addr.
 */
bool queue_memory_is_usable(const struct nvmove_ctrl *ctrl, uint64_t addr, uint64_t len)
{
	if (!queue_memory_is_addressable(addr, len))
		return false;
	for (unsigned int qid = 0; qid < ctrl->qid_end; qid++) {
		const struct sq_state *sq = &ctrl->st.sq[qid];
		const struct cq_state *cq = &ctrl->st.cq[qid];

		if (sq->exists && !is_apart(addr, len, sq->addr, SQ_BYTES(sq->size)))
			return false;
		if (cq->exists && !is_apart(addr, len, cq->addr, CQ_BYTES(cq->size)))
			return false;
	}
	return true;
}

/*
 * Whether the admin queues that the properties describe may lie where they do.
 */
const char *queue_memory_admin_problem(const struct ctrl_state *st)
{
	uint64_t sq_len = SQ_BYTES((st->aqa & 0xfff) + 1), cq_len = CQ_BYTES((st->aqa >> 16 & 0xfff) + 1);

	if (!queue_memory_is_addressable(st->asq, sq_len) ||
	    !queue_memory_is_addressable(st->acq, cq_len))
		return "ASQ or ACQ is beyond the addresses that queues can have";
	if (!is_apart(st->asq, sq_len, st->acq, cq_len))
		return "ASQ and ACQ overlap";
	return NULL;
}
