// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts: which completion queue wants its vector signalled, and when. One message serves all
 * entries posted in one run, or as many as the host lets coalesce (Base 5.27.1.6, 5.27.1.7). MSI-X
 * masking belongs to the PCI function, INTMS to this file.
 */
#include "controller.h"

#define COALESCE_UNIT_NS	100000

static bool vector_is_masked(const struct nvmove_ctrl *ctrl, unsigned int vector)
{
	return vector < IRQ_MASK_VECTORS && (ctrl->st.intms & (1u << vector));
}

/* ---- vectors that hold entries back: a list in the order of their deadlines ---- */

/*
 * All vectors share one time, and a change of it releases them all: who comes last is due last.
 */
static void begin_aggregation(struct nvmove_ctrl *ctrl, unsigned int vector)
{
	struct vector_run *run = &ctrl->vector[vector];
	unsigned int previous = ctrl->last_aggregating;

	run->deadline_ns = ctrl_now_ns(ctrl) +
			   COALESCE_TIME(ctrl->st.features.irq_coalesce) * COALESCE_UNIT_NS;
	run->previous = previous;
	run->next = NO_VECTOR;
	ctrl->last_aggregating = vector;
	if (previous != NO_VECTOR)
		ctrl->vector[previous].next = vector;
	else
		ctrl->first_aggregating = vector;
	/* A timer that is set too early for what is left is cheaper than one set for each entry. */
	if (run->deadline_ns < ctrl->timer_deadline_ns)
		ctrl_update_timer(ctrl);
}

static void end_aggregation(struct nvmove_ctrl *ctrl, unsigned int vector)
{
	struct vector_run *run = &ctrl->vector[vector];

	if (!run->aggregated)
		return;
	run->aggregated = 0;
	if (run->previous != NO_VECTOR)
		ctrl->vector[run->previous].next = run->next;
	else
		ctrl->first_aggregating = run->next;
	if (run->next != NO_VECTOR)
		ctrl->vector[run->next].previous = run->previous;
	else
		ctrl->last_aggregating = run->previous;
}

/*
 * When the first vector that holds entries back must be signalled; UINT64_MAX if none does.
 */
uint64_t irq_deadline_ns(const struct nvmove_ctrl *ctrl)
{
	if (ctrl->first_aggregating == NO_VECTOR)
		return UINT64_MAX;
	return ctrl->vector[ctrl->first_aggregating].deadline_ns;
}

/*
 * An entry was posted to I/O completion queue @cq. Either setting at 0 turns coalescing off.
 *
 * Return: whether its interrupt can wait for others.
 */
static bool held_back(struct nvmove_ctrl *ctrl, const struct cq_state *cq)
{
	uint32_t setting = ctrl->st.features.irq_coalesce;
	struct vector_run *run = &ctrl->vector[cq->vector];

	if (!COALESCE_THRESHOLD(setting) || !COALESCE_TIME(setting) || !cq->irq_enabled ||
	    (ctrl->st.irq_config[cq->vector] & IRQ_CONFIG_CD))
		return false;
	if (!run->aggregated++)
		begin_aggregation(ctrl, cq->vector);
	return run->aggregated <= COALESCE_THRESHOLD(setting);
}

/* ---- signalling ---- */

static void signal_vector(struct nvmove_ctrl *ctrl, unsigned int vector)
{
	end_aggregation(ctrl, vector);
	if (!vector_is_masked(ctrl, vector) && ctrl->ops)
		ctrl->ops->irq(ctrl->fn, vector);
}

static void signal_queue(struct nvmove_ctrl *ctrl, const struct cq_state *cq)
{
	if (cq->irq_enabled)
		signal_vector(ctrl, cq->vector);
}

/*
 * Signal @vector if it holds entries back.
 */
void irq_release(struct nvmove_ctrl *ctrl, unsigned int vector)
{
	if (ctrl->vector[vector].aggregated)
		signal_vector(ctrl, vector);
}

/*
 * Signal the vectors whose time to wait for more entries is over.
 */
void irq_release_due(struct nvmove_ctrl *ctrl, uint64_t now_ns)
{
	while (ctrl->first_aggregating != NO_VECTOR && irq_deadline_ns(ctrl) <= now_ns)
		signal_vector(ctrl, ctrl->first_aggregating);
}

void irq_release_all(struct nvmove_ctrl *ctrl)
{
	while (ctrl->first_aggregating != NO_VECTOR)
		signal_vector(ctrl, ctrl->first_aggregating);
}

/*
 * An entry was posted to @cqid: signal its vector, at once, when the current run ends, or when
 * coalescing says so. It never delays the admin queue's.
 */
void irq_want(struct nvmove_ctrl *ctrl, unsigned int cqid)
{
	struct cq_run *run = &ctrl->cq[cqid];

	if (cqid != ADMIN_QID && held_back(ctrl, &ctrl->st.cq[cqid]))
		return;
	if (!ctrl->running) {
		signal_queue(ctrl, &ctrl->st.cq[cqid]);
		return;
	}
	if (run->irq_wanted)
		return;
	run->irq_wanted = true;
	run->next_irq = ctrl->first_irq == NO_QUEUE ? cqid : ctrl->first_irq;
	ctrl->first_irq = cqid;
}

void irq_flush(struct nvmove_ctrl *ctrl)
{
	while (ctrl->first_irq != NO_QUEUE) {
		unsigned int cqid = ctrl->first_irq;
		struct cq_run *run = &ctrl->cq[cqid];

		/* The last on the list points at itself. */
		ctrl->first_irq = run->next_irq == cqid ? NO_QUEUE : run->next_irq;
		run->irq_wanted = false;
		if (ctrl->st.cq[cqid].exists)
			signal_queue(ctrl, &ctrl->st.cq[cqid]);
	}
}

/*
 * Nobody waits for interrupts any more, or all of them will be signalled anew.
 */
void irq_forget(struct nvmove_ctrl *ctrl)
{
	while (ctrl->first_irq != NO_QUEUE) {
		struct cq_run *run = &ctrl->cq[ctrl->first_irq];

		run->irq_wanted = false;
		ctrl->first_irq = run->next_irq == ctrl->first_irq ? NO_QUEUE : run->next_irq;
	}
	while (ctrl->first_aggregating != NO_VECTOR)
		end_aggregation(ctrl, ctrl->first_aggregating);
}

/*
 * Signal the vectors in the mask @vectors whose queues have unread entries.
 */
void irq_raise_unread(struct nvmove_ctrl *ctrl, uint32_t vectors)
{
	for (unsigned int qid = 0; vectors && qid < ctrl->qid_end; qid++) {
		const struct cq_state *cq = &ctrl->st.cq[qid];

		if (cq->exists && cq_has_unread(cq) && cq->vector < IRQ_MASK_VECTORS &&
		    (vectors & (1u << cq->vector)))
			signal_queue(ctrl, cq);
	}
}

void irq_raise_all_unread(struct nvmove_ctrl *ctrl)
{
	for (unsigned int qid = 0; qid < ctrl->qid_end; qid++) {
		const struct cq_state *cq = &ctrl->st.cq[qid];

		if (cq->exists && cq_has_unread(cq))
			signal_queue(ctrl, cq);
	}
}
