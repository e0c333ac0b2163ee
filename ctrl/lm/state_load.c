// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading, last step: a state that has been checked as a whole takes effect. Nothing is trusted and
 * nothing takes effect before; what is applied cannot fail any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state_load.h"

static int allocate_completions(struct load *load)
{
	size_t nr = load->section[NVMOVE_CSTATE_UNPOSTED].length /
		    sizeof(struct nvmove_cstate_unposted);

	while (nr--) {
		struct ctrl_request *req = req_alloc(load->ctrl);

		if (!req)
			return load_refuse(load, -ENOMEM, NVMOVE_CSTATE_UNPOSTED,
					   "unposted completions: no memory for %zu more", nr + 1);
		/* It carries a completion that is done; it is not a command under way. */
		load->ctrl->in_flight--;
		req->next = load->completions;
		load->completions = req;
	}
	return 0;
}

static void release_completions(struct load *load)
{
	while (load->completions) {
		struct ctrl_request *req = load->completions;

		load->completions = req->next;
		req_free(req);
	}
}

/* The phase tag of the next entry: that of slot 0 if the queue is in its middle. */
static bool next_phase(unsigned int tail, bool slot0_phase)
{
	return slot0_phase != !tail;
}

static void apply_admin_queue(struct load *load)
{
	const struct nvmove_cstate_admin_queue *admin =
		(const void *)load->section[NVMOVE_CSTATE_ADMIN_QUEUE].payload;
	struct nvmove_ctrl *ctrl = load->ctrl;
	struct ctrl_state *st = &ctrl->st;
	bool slot0_phase = le16_to_cpu(admin->flags) & NVMOVE_CSTATE_ADMIN_F_PHASE;

	st->cq[ADMIN_QID] = (struct cq_state) {
		.exists = true,
		.irq_enabled = true,
		.phase = next_phase(le16_to_cpu(admin->cq_tail), slot0_phase),
		.size = (st->aqa >> 16) + 1,
		.head = le16_to_cpu(admin->cq_head),
		.tail = le16_to_cpu(admin->cq_tail),
		.addr = st->acq,
	};
	cq_start(ctrl, ADMIN_QID);
	st->sq[ADMIN_QID] = (struct sq_state) {
		.exists = true,
		.cqid = ADMIN_QID,
		.size = (st->aqa & 0xfff) + 1,
		.head = le16_to_cpu(admin->sq_head),
		.tail = le16_to_cpu(admin->sq_tail),
		.addr = st->asq,
	};
	sq_start(ctrl, ADMIN_QID);
}

static void apply_cqs(struct nvmove_ctrl *ctrl, const struct nvmove_cstate_cq *cqs, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct nvmove_cstate_cq *cq = &cqs[i];
		uint32_t attributes = le32_to_cpu(cq->attributes);
		unsigned int qid = le16_to_cpu(cq->qid);

		ctrl->st.cq[qid] = (struct cq_state) {
			.exists = true,
			.irq_enabled = attributes & NVMOVE_CSTATE_CQ_IEN,
			.phase = next_phase(le16_to_cpu(cq->tail),
					    attributes & NVMOVE_CSTATE_CQ_PHASE),
			.vector = attributes >> NVMOVE_CSTATE_CQ_VECTOR_SHIFT,
			.size = le16_to_cpu(cq->size) + 1u,
			.head = le16_to_cpu(cq->head),
			.tail = le16_to_cpu(cq->tail),
			.addr = le64_to_cpu(cq->prp1),
		};
		cq_start(ctrl, qid);
	}
}

static void apply_sqs(struct nvmove_ctrl *ctrl, const struct nvmove_cstate_sq *sqs, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct nvmove_cstate_sq *sq = &sqs[i];
		unsigned int qid = le16_to_cpu(sq->qid);

		ctrl->st.sq[qid] = (struct sq_state) {
			.exists = true,
			.priority = le16_to_cpu(sq->attributes) >> NVMOVE_CSTATE_SQ_PRIO_SHIFT,
			.cqid = le16_to_cpu(sq->cqid),
			.size = le16_to_cpu(sq->size) + 1u,
			.head = le16_to_cpu(sq->head),
			.tail = le16_to_cpu(sq->tail),
			.addr = le64_to_cpu(sq->prp1),
		};
		sq_start(ctrl, qid);
	}
}

static void apply_queues(struct load *load)
{
	if (!load->enabled)
		return;
	load->ctrl->page_shift = MIN_PAGE_SHIFT + NVM_CC_MPS(load->ctrl->st.cc);
	apply_admin_queue(load);
	apply_cqs(load->ctrl, load->cq, load->nr_cq);
	apply_sqs(load->ctrl, load->sq, load->nr_sq);
}

static void apply_completions(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_UNPOSTED];
	const struct nvmove_cstate_unposted *entry = (const void *)section->payload;

	for (size_t i = 0; i < section->length / sizeof(*entry); i++) {
		struct ctrl_request *req = load->completions;

		load->completions = req->next;
		req->epoch = load->ctrl->epoch;
		memcpy(&req->cqe, entry[i].cqe, sizeof(req->cqe));
		cq_append_unposted(load->ctrl, le16_to_cpu(entry[i].cqid), req);
	}
}

static void apply_registers(struct load *load)
{
	struct ctrl_state *st = &load->ctrl->st;

	st->cc = le32_to_cpu(load->regs->cc);
	st->csts = le32_to_cpu(load->regs->csts);
	st->aqa = le32_to_cpu(load->regs->aqa);
	st->intms = le32_to_cpu(load->regs->intms);
	st->asq = le64_to_cpu(load->regs->asq);
	st->acq = le64_to_cpu(load->regs->acq);
}

/* Features of a vector or of a namespace; what is not listed has its default, 0. */
static void apply_feature_list(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_FEATURES];
	const uint8_t *end = section->payload + section->length;
	struct ctrl_state *st = &load->ctrl->st;
	const struct nvmove_cstate_feature *feature;

	for (const uint8_t *at = section->payload; at < end;
	     at += sizeof(*feature) + le32_to_cpu(feature->length)) {
		uint32_t value;

		feature = (const void *)at;
		value = le32_to_cpu(feature->value);
		if (feature->fid == NVM_FEAT_IRQ_CONFIG)
			st->irq_config[le16_to_cpu(feature->selector)] = value & IRQ_CONFIG_CD;
		else if (feature->fid == NVM_FEAT_RESV_MASK)
			st->resv_mask[le32_to_cpu(feature->nsid)] = value;
		else if (feature->fid != NVM_FEAT_ERROR_RECOVERY)
			continue;
		else if (feature->select == NVMOVE_CSTATE_FEATURE_SAVED)
			st->error_recovery_saved[le32_to_cpu(feature->nsid)] = value;
		else
			st->error_recovery[le32_to_cpu(feature->nsid)] = value;
	}
}

static void apply_features(struct load *load)
{
	const struct nvmove_ctrl *ctrl = load->ctrl;
	struct ctrl_state *st = &load->ctrl->st;

	st->features = load->features;
	st->saved = load->saved;
	memset(st->irq_config, 0, ctrl->subsystem->max_vectors * sizeof(st->irq_config[0]));
	memset(st->error_recovery, 0, ctrl->nsid_end * sizeof(st->error_recovery[0]));
	memset(st->error_recovery_saved, 0,
	       ctrl->nsid_end * sizeof(st->error_recovery_saved[0]));
	memset(st->resv_mask, 0, ctrl->nsid_end * sizeof(st->resv_mask[0]));
	apply_feature_list(load);
}

static void apply_events(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_EVENTS];
	const struct nvmove_cstate_events *head = (const void *)section->payload;
	const __le16 *cid = (const void *)(head + 1);
	struct events_state *events = &load->ctrl->st.events;
	const struct nvmove_cstate_event *event;

	events->nr_requests = le16_to_cpu(head->nr_requests);
	events->nr_events = le16_to_cpu(head->nr_events);
	events->masked = le32_to_cpu(head->masked);
	for (unsigned int i = 0; i < events->nr_requests; i++)
		events->request_cid[i] = le16_to_cpu(cid[i]);
	event = (const void *)((const uint8_t *)cid + events_cids_size(events->nr_requests));
	for (unsigned int i = 0; i < events->nr_events; i++)
		events->event[i] =
			(struct event){ event[i].type, event[i].info, event[i].log_page };
}

static void apply_logs(struct load *load)
{
	const struct nvmove_cstate_error_log *errors =
		(const void *)load->section[NVMOVE_CSTATE_ERROR_LOG].payload;
	const struct nvm_error_entry *newest_first = (const void *)(errors + 1);
	const struct nvmove_cstate_smart *smart =
		(const void *)load->section[NVMOVE_CSTATE_SMART].payload;
	const struct section *changed = &load->section[NVMOVE_CSTATE_CHANGED_NS];
	const __le32 *nsid = (const void *)changed->payload;
	struct ctrl_state *st = &load->ctrl->st;
	unsigned int nr = le32_to_cpu(errors->nr_entries);

	st->error_log.error_count = le64_to_cpu(errors->error_count);
	st->error_log.nr_entries = nr;
	st->error_log.newest = nr ? nr - 1 : 0;
	for (unsigned int i = 0; i < nr; i++)
		st->error_log.entry[i] = newest_first[nr - 1 - i];

	st->smart = (struct smart_state){
		.blocks_read = le64_to_cpu(smart->blocks_read),
		.blocks_written = le64_to_cpu(smart->blocks_written),
		.host_reads = le64_to_cpu(smart->host_reads),
		.host_writes = le64_to_cpu(smart->host_writes),
		.power_cycles = le64_to_cpu(smart->power_cycles),
		.power_on_ns = le64_to_cpu(smart->power_on_ns),
		.unsafe_shutdowns = le64_to_cpu(smart->unsafe_shutdowns),
		.media_errors = le64_to_cpu(smart->media_errors),
		.busy_ns = le64_to_cpu(smart->busy_ns),
	};
	load->ctrl->power_on_since_ns = load->now_ns;

	st->changed_ns.nr = changed->length / sizeof(*nsid);
	for (unsigned int i = 0; i < st->changed_ns.nr; i++)
		st->changed_ns.nsid[i] = le32_to_cpu(nsid[i]);
	if (st->changed_ns.nr == 1 && st->changed_ns.nsid[0] == NVM_NSID_ALL)
		st->changed_ns.nr = CHANGED_NS_MAX + 1;
}

static void apply_timers(struct load *load)
{
	const struct nvmove_cstate_timers *timers =
		(const void *)load->section[NVMOVE_CSTATE_TIMERS].payload;
	uint64_t left_ns = le64_to_cpu(timers->keep_alive_ns);
	struct ctrl_state *st = &load->ctrl->st;
	uint64_t now_ns = load->now_ns;

	load->ctrl->suspended_at_ns = now_ns;
	st->keep_alive_deadline_ns =
		left_ns == NVMOVE_CSTATE_NO_KEEP_ALIVE ? UINT64_MAX : now_ns + left_ns;
	st->timestamp_base_ms = le64_to_cpu(timers->timestamp_ms);
	st->timestamp_set_ns = now_ns - le32_to_cpu(timers->timestamp_ns);
	st->timestamp_origin = timers->timestamp_origin;
	/* Nobody counted while the state travelled. */
	st->timestamp_synch = true;
}

static void apply(struct load *load)
{
	load->now_ns = ctrl_now_ns(load->ctrl);
	ctrl_end_epoch(load->ctrl);
	load->ctrl->shutting_down = false;
	apply_identity(load);
	apply_registers(load);
	apply_features(load);
	apply_write_protect(load);
	apply_queues(load);
	apply_completions(load);
	apply_events(load);
	apply_logs(load);
	apply_timers(load);
	apply_reservations(load);
	apply_resv_log(load);
	apply_shadow(load);
}

/*
 * nvmove_ctrl_load() of a state made of @parts, the vendor data being one of them. Without the
 * other part the controller has no I/O queues.
 */
int state_load(struct nvmove_ctrl *ctrl, unsigned int parts, const void *buf, size_t size,
	       struct nvmove_load_error *error)
{
	struct identity adopted;
	struct load load = { .ctrl = ctrl, .parts = parts, .error = error, .adopted = &adopted };
	int err;

	error->section = 0;
	error->text[0] = '\0';
	if (ctrl->suspend != SUSPENDED)
		return load_refuse(&load, -EINVAL, 0, "controller %u is not suspended",
				   ctrl->cntlid);
	err = load_parse(&load, buf, size);
	if (!err)
		err = load_check(&load);
	if (!err)
		err = allocate_completions(&load);
	if (!err)
		apply(&load);
	release_completions(&load);
	free(load.write_protect);
	release_reservations(&load);
	return err;
}

int nvmove_ctrl_load(struct nvmove_ctrl *ctrl, const void *buf, size_t size,
		     struct nvmove_load_error *error)
{
	int err = state_load(ctrl, STATE_WHOLE, buf, size, error);

	/* What was read or sent in pieces before is another state's. */
	if (!err)
		state_transfer_discard(&ctrl->transfer);
	return err;
}
