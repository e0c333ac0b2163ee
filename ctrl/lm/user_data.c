// SPDX-License-Identifier: BSD-2-Clause
/*
 * The log of user data changes (Base 2.3, 5.2.28.1.1; NVM Command Set 1.1, 5.6): which blocks a
 * controller's commands have changed, as entries of its User Data Migration Queue. Changes wait in
 * a bounded set, where neighbouring and repeated ones become one, until the controller's turn ends.
 * It never allocates, and it never touches the data.
 *
 * As long as a log goes on its queue has room for one more entry, so that the host is always told
 * how the log has ended.
 */
#include "cdq.h"

#define MAX_BLOCKS	(1ull << 32)	/* NLB is 32 bits, 0-based */

/* ---- entries ---- */

static void post_marker(struct cdq *cdq, unsigned int esa)
{
	cdq_post(cdq, (struct nvmove_hmlm_user_data_entry) {
		.attributes = esa << NVMOVE_HMLM_UDE_ESA_SHIFT |
			      NVMOVE_HMLM_LBACIR_NONE << NVMOVE_HMLM_UDE_LBACIR_SHIFT,
	});
}

/*
 * Whether an entry can be posted that is not the last one. If not, the queue has become full: that
 * is what the last entry says, and what has not been posted is lost.
 */
static bool make_room(struct cdq *cdq)
{
	if (cdq_room(cdq) > 1)
		return true;
	post_marker(cdq, NVMOVE_HMLM_ESA_FULL);
	cdq_raise_full(cdq);
	cdq->log = LOG_OFF;
	return false;
}

static void post_range(struct cdq *cdq, const struct user_data_range *range)
{
	cdq_post(cdq, (struct nvmove_hmlm_user_data_entry) {
		.nsid = cpu_to_le32(range->nsid),
		.nlb = cpu_to_le32(range->blocks - 1),
		.slba = cpu_to_le64(range->slba),
		.attributes = range->deallocated ? NVMOVE_HMLM_UDE_DEALLOCATED : 0,
	});
}

static void post_pending(struct cdq *cdq)
{
	for (unsigned int i = 0; i < cdq->nr_pending && make_room(cdq); i++)
		post_range(cdq, &cdq->pending[i]);
	cdq->nr_pending = 0;
}

/* ---- changes that wait to be posted ---- */

static bool overlap(const struct user_data_range *a, const struct user_data_range *b)
{
	return a->slba < b->slba + b->blocks && b->slba < a->slba + a->blocks;
}

static bool touch(const struct user_data_range *a, const struct user_data_range *b)
{
	return a->slba <= b->slba + b->blocks && b->slba <= a->slba + a->blocks;
}

static bool covers(const struct user_data_range *a, const struct user_data_range *b)
{
	return a->slba <= b->slba && a->slba + a->blocks >= b->slba + b->blocks;
}

static struct user_data_range join(const struct user_data_range *a, const struct user_data_range *b)
{
	uint64_t end = a->slba + a->blocks, other_end = b->slba + b->blocks;
	struct user_data_range joint = *a;

	if (b->slba < joint.slba)
		joint.slba = b->slba;
	joint.blocks = (end > other_end ? end : other_end) - joint.slba;
	return joint;
}

/*
 * Make one of @change and the pending range @earlier, if the later of two entries would say no
 * more.
 */
static bool absorb(struct user_data_range *change, const struct user_data_range *earlier)
{
	struct user_data_range joint = join(change, earlier);

	if (covers(change, earlier))
		return true;
	if (change->deallocated != earlier->deallocated || !touch(change, earlier) ||
	    joint.blocks > MAX_BLOCKS)
		return false;
	*change = joint;
	return true;
}

/*
 * Add @change to what waits. A range that it meets in part, and cannot become one with, is posted
 * before it, so that what waits stays disjoint.
 */
static void add(struct cdq *cdq, struct user_data_range change)
{
	for (unsigned int i = 0; i < cdq->nr_pending; i++) {
		const struct user_data_range *earlier = &cdq->pending[i];

		if (earlier->nsid != change.nsid)
			continue;
		if (absorb(&change, earlier))
			cdq->pending[i--] = cdq->pending[--cdq->nr_pending];
		else if (overlap(&change, earlier))
			post_pending(cdq);
	}
	if (cdq->nr_pending == USER_DATA_PENDING)
		post_pending(cdq);
	if (cdq->log == LOG_ON)
		cdq->pending[cdq->nr_pending++] = change;
}

/* ---- the path of I/O commands ---- */

static bool deallocates(const struct nvmove_media_io *io)
{
	return io->op == NVMOVE_MEDIA_DEALLOCATE ||
	       (io->op == NVMOVE_MEDIA_WRITE_ZEROES && (io->flags & NVMOVE_MEDIA_F_UNMAP));
}

/*
 * A command's media operation that changes data is submitted. Two of them at a time on the same
 * blocks take effect in an order that nobody knows: blocks are said to be deallocated only if the
 * operation had the namespace to itself.
 */
void user_data_change_begins(struct ctrl_request *req)
{
	struct nvmove_namespace *ns = req->ns;

	ns->changes_begun++;
	req->change_alone = ns->changes_under_way++ ? 0 : ns->changes_begun;
}

/*
 * It has ended, and has taken effect as far as it ever will: also if it failed, and also if a reset
 * has come in between and the command will not be completed.
 */
void user_data_change_ends(struct ctrl_request *req, int error)
{
	struct nvmove_namespace *ns = req->ns;
	struct cdq *cdq = req->ctrl->user_data_queue;
	bool alone = req->change_alone == ns->changes_begun;

	ns->changes_under_way--;
	if (!cdq || cdq->log != LOG_ON)
		return;
	add(cdq, (struct user_data_range) {
		.nsid = ns->nsid,
		.deallocated = deallocates(&req->io) && alone && !error,
		.slba = req->io.offset >> ns->lba_shift,
		.blocks = req->io.length >> ns->lba_shift,
	});
	if (!req->ctrl->running)
		ctrl_schedule(req->ctrl);
}

/*
 * Post what waits: the controller's turn has ended.
 */
void user_data_flush(struct nvmove_ctrl *ctrl)
{
	struct cdq *cdq = ctrl->user_data_queue;

	if (!cdq)
		return;
	post_pending(cdq);
	cdq_report(ctrl->subsystem);
}

/* ---- beginning and end ---- */

/*
 * The controller is suspended: nothing of it is under way any more.
 */
void user_data_suspended(struct nvmove_ctrl *ctrl)
{
	struct cdq *cdq = ctrl->user_data_queue;

	if (!cdq || cdq->log != LOG_ON)
		return;
	post_pending(cdq);
	if (cdq->log == LOG_ON && make_room(cdq)) {
		post_marker(cdq, NVMOVE_HMLM_ESA_SUSPENDED);
		cdq->log = LOG_SUSPENDED;
	}
	cdq_report(ctrl->subsystem);
}

/*
 * The controller goes on, by Resume or by a reset.
 */
void user_data_resumed(struct nvmove_ctrl *ctrl)
{
	struct cdq *cdq = ctrl->user_data_queue;

	if (!cdq || cdq->log != LOG_SUSPENDED)
		return;
	if (make_room(cdq)) {
		post_marker(cdq, NVMOVE_HMLM_ESA_FIRST);
		cdq->log = LOG_ON;
	}
	cdq_report(ctrl->subsystem);
}

static uint32_t start(struct cdq *cdq)
{
	if (cdq->log != LOG_OFF)
		return NVMOVE_HMLM_SC_INVALID_CDQ | NVM_SC_DNR;
	if (nvmove_ctrl_is_suspended(cdq->logged))
		return NVMOVE_HMLM_SC_SUSPENDED;
	if (cdq_room(cdq) < 2)
		return NVMOVE_HMLM_SC_CDQ_FULL;
	post_marker(cdq, NVMOVE_HMLM_ESA_FIRST);
	cdq->log = LOG_ON;
	return NVM_SC_SUCCESS;
}

static uint32_t stop(struct cdq *cdq)
{
	post_pending(cdq);
	if (cdq->log != LOG_OFF)
		post_marker(cdq, NVMOVE_HMLM_ESA_STOPPED);
	cdq->log = LOG_OFF;
	return NVM_SC_SUCCESS;
}

/*
 * Track Send, Log User Data Changes.
 */
uint32_t log_user_data_execute(struct ctrl_request *req)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	unsigned int action = NVMOVE_HMLM_LACT(NVMOVE_HMLM_MOS(le32_to_cpu(req->cmd.cdw10)));
	struct cdq *cdq = cdq_find(subsystem, le32_to_cpu(req->cmd.cdw11) & 0xffff);
	uint32_t status;

	if (action > NVMOVE_HMLM_START)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (!cdq)
		return NVMOVE_HMLM_SC_INVALID_CDQ | NVM_SC_DNR;
	status = action == NVMOVE_HMLM_START ? start(cdq) : stop(cdq);
	/* What this command could not write is told by its status. */
	if (cdq->unwritable) {
		cdq->unwritable = false;
		cdq->log = LOG_OFF;
		status = NVM_SC_DATA_TRANSFER_ERROR;
	}
	cdq_report(subsystem);
	return status;
}
