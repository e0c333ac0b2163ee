// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shadow doorbells (Base 5.8 Doorbell Buffer Config, annex B.5): the host leaves the doorbells of
 * its I/O queues in its memory, and rings the register only if the new value passes the one in the
 * EventIdx buffer. The admin queues' doorbells stay registers, as the hosts that exist use them.
 *
 * No wake-up is lost: before a queue is left alone, its EventIdx is set to the last value seen, and
 * the doorbell is read once more after that. While there is work EventIdx stays behind, so that the
 * host does not ring. What is read is as untrusted as a register write and handled as one.
 */
#include "controller.h"

#define DOORBELLS_PER_QUEUE	2
#define DOORBELL_SIZE		sizeof(__le32)	/* CAP.DSTRD is 0 */

static uint64_t sq_offset(unsigned int qid)
{
	return (uint64_t)qid * DOORBELLS_PER_QUEUE * DOORBELL_SIZE;
}

static uint64_t cq_offset(unsigned int qid)
{
	return sq_offset(qid) + DOORBELL_SIZE;
}

/*
 * I/O queue pairs whose doorbells, behind the admin queue's, fit into one page of 2^@page_shift
 * bytes.
 */
unsigned int shadow_max_io_queues(unsigned int page_shift)
{
	return (1u << page_shift) / (DOORBELLS_PER_QUEUE * DOORBELL_SIZE) - 1;
}

/*
 * What is wrong with the addresses of the two buffers, each one page; NULL if nothing.
 */
const char *shadow_problem(uint64_t doorbells, uint64_t event_indexes, unsigned int page_shift)
{
	uint64_t page = 1ull << page_shift;

	if (!doorbells || !event_indexes)
		return "there is one without the other";
	if ((doorbells | event_indexes) & (page - 1))
		return "not on a page boundary";
	if (doorbells + page < doorbells || event_indexes + page < event_indexes)
		return "the page wraps around";
	if (doorbells == event_indexes)
		return "both are the same page";
	return NULL;
}

bool shadow_is_used(const struct nvmove_ctrl *ctrl, unsigned int qid)
{
	return ctrl->st.shadow.doorbells && qid != ADMIN_QID;
}

static bool write_entry(struct nvmove_ctrl *ctrl, uint64_t addr, uint32_t value)
{
	__le32 entry = cpu_to_le32(value);

	return host_write(ctrl, addr, &entry, sizeof(entry)) >= 0;
}

/* false: host memory refused it, and the controller has failed. */
static bool read_doorbell(struct nvmove_ctrl *ctrl, uint64_t offset, uint32_t *value)
{
	__le32 entry;

	if (host_read(ctrl, ctrl->st.shadow.doorbells + offset, &entry, sizeof(entry)) < 0) {
		ctrl_fatal(ctrl, "a shadow doorbell cannot be read from host memory");
		return false;
	}
	*value = le32_to_cpu(entry);
	return true;
}

static bool write_event_index(struct nvmove_ctrl *ctrl, uint64_t offset, uint32_t value)
{
	if (write_entry(ctrl, ctrl->st.shadow.event_indexes + offset, value))
		return true;
	ctrl_fatal(ctrl, "an event index cannot be written to host memory");
	return false;
}

/*
 * Take over the host's tail of a submission queue. The controller may have failed afterwards.
 */
void shadow_poll_sq(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	uint32_t tail;

	if (read_doorbell(ctrl, sq_offset(qid), &tail))
		sq_take_tail(ctrl, qid, tail);
}

/*
 * Likewise its head of a completion queue.
 */
void shadow_poll_cq(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	uint32_t head;

	if (read_doorbell(ctrl, cq_offset(qid), &head))
		cq_take_head(ctrl, qid, head);
}

/*
 * Nothing is left to fetch from a submission queue: ask to be told of the next command, unless
 * there is one already.
 */
void shadow_arm_sq(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	if (write_event_index(ctrl, sq_offset(qid), ctrl->st.sq[qid].tail))
		shadow_poll_sq(ctrl, qid);
}

/*
 * A completion queue has no room left: ask to be told when the host makes some, unless it has.
 */
void shadow_arm_cq(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	if (write_event_index(ctrl, cq_offset(qid), ctrl->st.cq[qid].head))
		shadow_poll_cq(ctrl, qid);
}

/*
 * The host kept on writing doorbells that nobody looked at: while the controller was suspended, or
 * because other buffers are to take their place.
 */
void shadow_catch_up(struct nvmove_ctrl *ctrl)
{
	unsigned int max = ctrl->subsystem->max_io_queues;

	for (unsigned int qid = 1; qid <= max && ctrl->st.shadow.doorbells; qid++) {
		if (ctrl->st.cq[qid].exists)
			shadow_poll_cq(ctrl, qid);
	}
	for (unsigned int qid = 1; qid <= max && ctrl->st.shadow.doorbells; qid++) {
		const struct sq_state *sq = &ctrl->st.sq[qid];

		if (sq->exists && sq->head == sq->tail)
			shadow_arm_sq(ctrl, qid);
		else if (sq->exists)
			shadow_poll_sq(ctrl, qid);
	}
}

/*
 * Both sides begin with the same value, whatever the host's memory held before.
 */
static bool init_entry(struct nvmove_ctrl *ctrl, const struct shadow_state *shadow,
		       uint64_t offset, uint32_t value)
{
	return write_entry(ctrl, shadow->doorbells + offset, value) &&
	       write_entry(ctrl, shadow->event_indexes + offset, value);
}

/*
 * A submission queue has been created, with head and tail 0.
 */
void shadow_begin_sq(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	if (shadow_is_used(ctrl, qid) && !init_entry(ctrl, &ctrl->st.shadow, sq_offset(qid), 0))
		ctrl_fatal(ctrl, "a shadow doorbell cannot be written to host memory");
}

void shadow_begin_cq(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	if (shadow_is_used(ctrl, qid) && !init_entry(ctrl, &ctrl->st.shadow, cq_offset(qid), 0))
		ctrl_fatal(ctrl, "a shadow doorbell cannot be written to host memory");
}

static bool init_entries(struct nvmove_ctrl *ctrl, const struct shadow_state *shadow)
{
	const struct ctrl_state *st = &ctrl->st;

	for (unsigned int qid = 1; qid <= ctrl->subsystem->max_io_queues; qid++) {
		if (st->sq[qid].exists &&
		    !init_entry(ctrl, shadow, sq_offset(qid), st->sq[qid].tail))
			return false;
		if (st->cq[qid].exists &&
		    !init_entry(ctrl, shadow, cq_offset(qid), st->cq[qid].head))
			return false;
	}
	return true;
}

uint32_t doorbell_buffer_config_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	struct shadow_state shadow = {
		.doorbells = le64_to_cpu(req->cmd.prp1),
		.event_indexes = le64_to_cpu(req->cmd.prp2),
	};

	if (shadow_problem(shadow.doorbells, shadow.event_indexes, ctrl->page_shift) ||
	    features_io_queues_granted(ctrl->st.features.num_queues) >
		    shadow_max_io_queues(ctrl->page_shift))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	shadow_catch_up(ctrl);
	/* Room that was found there is not found a second time, by a ring that may come or not. */
	cq_post_all_unposted(ctrl);
	if (req_is_stale(req))	/* the former buffers are gone, and with them the controller */
		return NVM_SC_INTERNAL_ERROR;
	/* Base 5.8.1: addresses that are not memory. */
	if (!init_entries(ctrl, &shadow))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	ctrl->st.shadow = shadow;
	return NVM_SC_SUCCESS;
}
