// SPDX-License-Identifier: BSD-2-Clause
/*
 * A controller's properties and life cycle: enable, disable, shutdown, resets, fatal status, online
 * and offline (Base 3.1.3, 3.5, 3.6, 3.7, 8.26). Whatever waits for commands under way is decided
 * in ctrl_progress() alone, from plain data, so that a loaded state goes on where it was.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"

#define READY_TIMEOUT	20	/* CAP.TO and CRTO.CRWMT, in units of 500 ms */

uint64_t ctrl_now_ns(const struct nvmove_ctrl *ctrl)
{
	return ctrl->ops ? ctrl->ops->now_ns(ctrl->fn) : 0;
}

void ctrl_log(const struct nvmove_ctrl *ctrl, const char *format, ...)
{
	char text[320];
	va_list args;
	int len;

	if (!ctrl->ops || !ctrl->ops->log)
		return;
	len = snprintf(text, sizeof(text), "controller %u: ", ctrl->cntlid);
	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	ctrl->ops->log(ctrl->fn, text);
}

static void release(struct nvmove_ctrl *ctrl)
{
	struct ctrl_request *req;

	memory_tracking_end(ctrl);
	while ((req = ctrl->free_requests)) {
		ctrl->free_requests = req->next;
		free(req);
	}
	free(ctrl->st.sq);
	free(ctrl->st.cq);
	free(ctrl->st.irq_config);
	free(ctrl->st.error_recovery);
	free(ctrl->st.error_recovery_saved);
	free(ctrl->st.resv_mask);
	free(ctrl->ns);
	free(ctrl->sq);
	free(ctrl->cq);
	free(ctrl->vector);
	free(ctrl);
}

int ctrl_alloc(struct nvmove_subsystem *subsystem, unsigned int index, uint16_t cntlid)
{
	unsigned int num_queues = subsystem->max_io_queues + 1;
	struct nvmove_ctrl *ctrl = calloc(1, sizeof(*ctrl));

	if (!ctrl)
		return -1;
	ctrl->subsystem = subsystem;
	ctrl->index = index;
	ctrl->cntlid = cntlid;
	vsubsystem_enter(ctrl, &subsystem->device, cntlid);
	ctrl->first_ready = NO_QUEUE;
	ctrl->last_ready = NO_QUEUE;
	ctrl->first_irq = NO_QUEUE;
	ctrl->first_aggregating = NO_VECTOR;
	ctrl->last_aggregating = NO_VECTOR;
	ctrl->timer_deadline_ns = UINT64_MAX;
	ctrl->max_segments = (1u << subsystem->device.identity.mdts) + 1;
	ctrl->st.sq = calloc(num_queues, sizeof(ctrl->st.sq[0]));
	ctrl->st.cq = calloc(num_queues, sizeof(ctrl->st.cq[0]));
	ctrl->st.irq_config = calloc(subsystem->max_vectors, sizeof(ctrl->st.irq_config[0]));
	ctrl->st.error_recovery = calloc(subsystem->num_namespaces + 1,
					 sizeof(ctrl->st.error_recovery[0]));
	ctrl->st.error_recovery_saved = calloc(subsystem->num_namespaces + 1,
					       sizeof(ctrl->st.error_recovery_saved[0]));
	ctrl->st.resv_mask = calloc(subsystem->num_namespaces + 1, sizeof(ctrl->st.resv_mask[0]));
	ctrl->ns = calloc(subsystem->num_namespaces + 1, sizeof(ctrl->ns[0]));
	ctrl->sq = calloc(num_queues, sizeof(ctrl->sq[0]));
	ctrl->cq = calloc(num_queues, sizeof(ctrl->cq[0]));
	ctrl->vector = calloc(subsystem->max_vectors, sizeof(ctrl->vector[0]));
	if (!ctrl->st.sq || !ctrl->st.cq || !ctrl->st.irq_config || !ctrl->st.error_recovery ||
	    !ctrl->st.error_recovery_saved || !ctrl->st.resv_mask || !ctrl->ns || !ctrl->sq ||
	    !ctrl->cq || !ctrl->vector) {
		release(ctrl);
		return -1;
	}
	ctrl->st.keep_alive_deadline_ns = UINT64_MAX;
	ctrl->st.smart.power_cycles = 1;
	subsystem->ctrl[index] = ctrl;
	if (ctrl_is_primary(ctrl)) {
		ctrl->online = true;
		ctrl->num_queues = virt_primary_private(subsystem, NVM_VIRT_RT_VQ);
		ctrl->num_vectors = virt_primary_private(subsystem, NVM_VIRT_RT_VI);
	} else {
		ctrl->st.csts = NVM_CSTS_CFS;
	}
	features_init(ctrl);
	return 0;
}

/*
 * Wait for every media operation of the subsystem. Their callbacks may submit the next step of a
 * command, so it goes round until nothing is left of @ctrl.
 */
static void drain_media(struct nvmove_ctrl *ctrl)
{
	struct nvmove_subsystem *subsystem = ctrl->subsystem;

	while (ctrl->in_flight) {
		unsigned int before = ctrl->in_flight;

		for (uint32_t nsid = 1; nsid <= subsystem->num_namespaces; nsid++) {
			if (subsystem->ns[nsid])
				nvmove_medium_drain(subsystem->ns[nsid]->medium);
		}
		for (struct nvmove_namespace *ns = subsystem->deleted; ns; ns = ns->next)
			nvmove_medium_drain(ns->medium);
		ns_mgmt_progress(subsystem);
		/* What is left waits for another controller, not for a medium, and is stale. */
		if (ctrl->in_flight == before)
			break;
	}
}

void ctrl_free(struct nvmove_ctrl *ctrl)
{
	nvmove_ctrl_reset(ctrl, NVMOVE_RESET_CONVENTIONAL);
	release(ctrl);
}

void nvmove_ctrl_bind(struct nvmove_ctrl *ctrl, const struct nvmove_host_ops *ops, void *fn)
{
	ctrl->ops = ops;
	ctrl->fn = fn;
	ctrl->scheduled = false;
	ctrl->timer_deadline_ns = UINT64_MAX;
	if (ops)
		ctrl->power_on_since_ns = ctrl_now_ns(ctrl);
}

uint16_t nvmove_ctrl_cntlid(const struct nvmove_ctrl *ctrl)
{
	return ctrl->cntlid;
}

uint64_t nvmove_ctrl_bar_size(const struct nvmove_ctrl *ctrl)
{
	uint64_t need = NVM_REG_DBS + 8ull * (ctrl->subsystem->max_io_queues + 1);
	uint64_t size = 8192;

	while (size < need)
		size *= 2;
	return size;
}

/*
 * Enabled, ready, and neither failed nor on the way down.
 */
bool ctrl_is_operational(const struct nvmove_ctrl *ctrl)
{
	const struct ctrl_state *st = &ctrl->st;

	return ctrl->online && (st->cc & NVM_CC_EN) && (st->csts & NVM_CSTS_RDY) &&
	       !(st->csts & (NVM_CSTS_CFS | NVM_CSTS_SHST_MASK));
}

bool ctrl_may_fetch(const struct nvmove_ctrl *ctrl)
{
	return ctrl->suspend == NOT_SUSPENDED && ctrl_is_operational(ctrl);
}

void ctrl_schedule(struct nvmove_ctrl *ctrl)
{
	if (ctrl->scheduled || !ctrl->ops)
		return;
	ctrl->scheduled = true;
	ctrl->ops->schedule(ctrl->fn);
}

static uint64_t next_deadline_ns(const struct nvmove_ctrl *ctrl)
{
	uint64_t keep_alive_ns = ctrl->st.keep_alive_deadline_ns;
	uint64_t irq_ns = irq_deadline_ns(ctrl);

	if (ctrl->suspend == SUSPENDED || !ctrl_is_operational(ctrl))
		return UINT64_MAX;
	return keep_alive_ns < irq_ns ? keep_alive_ns : irq_ns;
}

/*
 * The embedder's one timer serves the earliest of all that wait for a time.
 */
void ctrl_update_timer(struct nvmove_ctrl *ctrl)
{
	uint64_t deadline_ns = next_deadline_ns(ctrl);

	if (!ctrl->ops || deadline_ns == ctrl->timer_deadline_ns)
		return;
	ctrl->timer_deadline_ns = deadline_ns;
	ctrl->ops->timer(ctrl->fn, deadline_ns);
}

void nvmove_ctrl_timer(struct nvmove_ctrl *ctrl)
{
	uint64_t now_ns = ctrl_now_ns(ctrl);

	ctrl->timer_deadline_ns = UINT64_MAX;
	if (ctrl->suspend == SUSPENDED || !ctrl_is_operational(ctrl))
		return;
	if (now_ns >= ctrl->st.keep_alive_deadline_ns) {
		ctrl_fatal(ctrl, "Keep Alive Timer expired");
		return;
	}
	irq_release_due(ctrl, now_ns);
	ctrl_update_timer(ctrl);
}

/*
 * Drop everything that belongs to the queues. Requests whose data is still moving finish later,
 * silently, because their epoch is over.
 */
void ctrl_end_epoch(struct nvmove_ctrl *ctrl)
{
	unsigned int end = ctrl->qid_end;

	ctrl->epoch++;
	ctrl->qid_end = 0;
	irq_forget(ctrl);
	for (unsigned int qid = 0; qid < end; qid++) {
		struct ctrl_request *delete_request = ctrl->sq[qid].delete_request;

		if (delete_request)
			req_complete(delete_request, NVM_SC_ABORT_SQ_DELETED);
		sq_destroy(ctrl, qid);
		cq_destroy(ctrl, qid);
	}
	ctrl->st.events.nr_requests = 0;
	ctrl->st.shadow = (struct shadow_state) { 0 };
	if (ctrl_is_primary(ctrl))
		cdq_delete_all(ctrl->subsystem);
}

static void take_secondaries_offline(struct nvmove_ctrl *primary)
{
	for (unsigned int i = 1; i < primary->subsystem->num_ctrls; i++)
		ctrl_set_offline(primary->subsystem->ctrl[i]);
}

/*
 * What a Controller Level Reset does to the state, whatever caused it (Base 3.7.2).
 */
static void reset_state(struct nvmove_ctrl *ctrl)
{
	struct ctrl_state *st = &ctrl->st;

	ctrl_end_epoch(ctrl);
	ctrl->disabling = false;
	ctrl->shutting_down = false;
	st->csts &= NVM_CSTS_NSSRO;
	st->intms = 0;
	st->events.nr_events = 0;
	st->events.masked = 0;
	st->changed_ns.nr = 0;
	st->resv_log.count = 0;
	st->resv_log.nr = 0;
	if (ctrl_is_primary(ctrl))
		virt_mgmt_primary_reset(ctrl->subsystem);
	features_reset(ctrl);
	ctrl_update_timer(ctrl);
}

/* The host clears CC.EN: Controller Reset. RDY follows when nothing is under way any more. */
static void begin_disable(struct nvmove_ctrl *ctrl)
{
	ctrl->disabling = true;
	suspend_cancel(ctrl);
	state_transfer_discard(&ctrl->transfer);
	ctrl_end_epoch(ctrl);
	if (ctrl_is_primary(ctrl)) {
		memory_tracking_end_all(ctrl->subsystem);
		take_secondaries_offline(ctrl);
	}
	ctrl_update_timer(ctrl);
}

void ctrl_fatal(struct nvmove_ctrl *ctrl, const char *why)
{
	if (ctrl->st.csts & NVM_CSTS_CFS)
		return;
	ctrl_log(ctrl, "fatal status: %s", why);
	ctrl->st.csts |= NVM_CSTS_CFS;
	ctrl_end_epoch(ctrl);
	ctrl_update_timer(ctrl);
}

static const char *enable_problem(const struct nvmove_ctrl *ctrl)
{
	const struct ctrl_state *st = &ctrl->st;
	unsigned int css = NVM_CC_CSS(st->cc);
	uint64_t mask;

	if (NVM_CC_MPS(st->cc) > MAX_MPS)
		return "CC.MPS: page size not supported";
	if (css != NVM_CC_CSS_NVM && css != NVM_CC_CSS_IOCSS)
		return "CC.CSS: command set not supported";
	if (NVM_CC_AMS(st->cc))
		return "CC.AMS: arbitration mechanism not supported";
	if ((st->aqa & 0xfff) == 0 || ((st->aqa >> 16) & 0xfff) == 0)
		return "AQA: an admin queue of fewer than 2 entries";
	mask = (1ull << (MIN_PAGE_SHIFT + NVM_CC_MPS(st->cc))) - 1;
	if ((st->asq & mask) || (st->acq & mask))
		return "ASQ or ACQ is not on a page boundary";
	return queue_memory_admin_problem(st);
}

static void enable(struct nvmove_ctrl *ctrl)
{
	struct ctrl_state *st = &ctrl->st;
	const char *problem = enable_problem(ctrl);

	if (problem) {
		ctrl_fatal(ctrl, problem);
		return;
	}
	ctrl->page_shift = MIN_PAGE_SHIFT + NVM_CC_MPS(st->cc);
	cq_init(ctrl, ADMIN_QID, st->acq, ((st->aqa >> 16) & 0xfff) + 1, true, 0);
	sq_init(ctrl, ADMIN_QID, st->asq, (st->aqa & 0xfff) + 1, ADMIN_QID, 0);
	st->csts |= NVM_CSTS_RDY;
	keep_alive_restart(ctrl);
	event_check_temperature(ctrl);
}

static void shutdown_flushed(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;

	if (!req_is_stale(req)) {
		ctrl->shutting_down = false;
		ctrl->st.csts = (ctrl->st.csts & ~NVM_CSTS_SHST_MASK) | NVM_CSTS_SHST_CMPLT;
	}
	req_complete(req, NVM_SC_SUCCESS);
}

/* Base 3.6: nothing is fetched any more; make what was written durable, then say so. */
static void begin_shutdown_flush(struct nvmove_ctrl *ctrl)
{
	struct ctrl_request *req = req_alloc(ctrl);

	ctrl->shutting_down = true;
	if (!req) {
		ctrl_fatal(ctrl, "no memory for the shutdown's flush");
		return;
	}
	req->internal = true;
	req->execute_next = shutdown_flushed;
	if (!io_start_flush_all(req))
		shutdown_flushed(req);
}

/*
 * Take the step that the properties ask for and that had to wait until nothing was under way.
 */
void ctrl_progress(struct nvmove_ctrl *ctrl)
{
	struct ctrl_state *st = &ctrl->st;

	if (ctrl->in_flight)
		return;
	if (ctrl->disabling)
		reset_state(ctrl);
	suspend_progress(ctrl);
	if (ctrl->suspend != NOT_SUSPENDED || !ctrl->online || (st->csts & NVM_CSTS_CFS))
		return;
	if ((st->cc & NVM_CC_EN) && !(st->csts & NVM_CSTS_RDY))
		enable(ctrl);
	if ((st->csts & NVM_CSTS_SHST_MASK) == NVM_CSTS_SHST_OCCUR && !ctrl->shutting_down)
		begin_shutdown_flush(ctrl);
}

static void write_cc(struct nvmove_ctrl *ctrl, uint32_t value)
{
	struct ctrl_state *st = &ctrl->st;
	uint32_t before = st->cc;

	value &= NVM_CC_WRITABLE;
	if ((before & NVM_CC_EN) && (value & NVM_CC_EN))
		value = (before & ~NVM_CC_WRITABLE_ENABLED) | (value & NVM_CC_WRITABLE_ENABLED);
	st->cc = value;
	if ((before & NVM_CC_EN) && !(value & NVM_CC_EN)) {
		st->csts &= ~NVM_CSTS_SHST_MASK;
		begin_disable(ctrl);
	} else if (NVM_CC_SHN(value) && !NVM_CC_SHN(before) &&
		   !(st->csts & NVM_CSTS_SHST_MASK)) {
		st->csts |= NVM_CSTS_SHST_OCCUR;
		if (ctrl_is_primary(ctrl))
			take_secondaries_offline(ctrl);
	}
	ctrl_progress(ctrl);
}

static void write_doorbell(struct nvmove_ctrl *ctrl, uint64_t offset, uint32_t value)
{
	unsigned int index = (offset - NVM_REG_DBS) / 4;

	if (offset % 4 || !ctrl_is_operational(ctrl))
		return;
	if (index / 2 > ctrl->subsystem->max_io_queues)
		event_raise(ctrl, NVM_EVENT_ERROR, NVM_EVENT_ERROR_DB_REGISTER, NVM_LOG_ERROR);
	else if (index % 2)
		cq_doorbell(ctrl, index / 2, value);
	else
		sq_doorbell(ctrl, index / 2, value);
}

static void subsystem_reset(struct nvmove_subsystem *subsystem)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		nvmove_ctrl_reset(subsystem->ctrl[i], NVMOVE_RESET_CONVENTIONAL);
		subsystem->ctrl[i]->st.csts |= NVM_CSTS_NSSRO;
	}
}

static void set_low(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & ~0xffffffffull) | value;
}

static void set_high(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & 0xffffffffull) | (uint64_t)value << 32;
}

static void write_admin_queue_property(struct ctrl_state *st, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case NVM_REG_AQA:
		st->aqa = value & 0x0fff0fff;
		break;
	case NVM_REG_ASQ:
		set_low(&st->asq, value & ~0xfffu);
		break;
	case NVM_REG_ASQ + 4:
		set_high(&st->asq, value);
		break;
	case NVM_REG_ACQ:
		set_low(&st->acq, value & ~0xfffu);
		break;
	case NVM_REG_ACQ + 4:
		set_high(&st->acq, value);
		break;
	}
}

static void write_dword(struct nvmove_ctrl *ctrl, uint64_t offset, uint32_t value)
{
	struct ctrl_state *st = &ctrl->st;
	uint32_t unmasked;

	if (offset >= NVM_REG_DBS) {
		write_doorbell(ctrl, offset, value);
		return;
	}
	switch (offset) {
	case NVM_REG_INTMS:
		st->intms |= value;
		break;
	case NVM_REG_INTMC:
		unmasked = st->intms & value;
		st->intms &= ~value;
		if (ctrl->suspend == NOT_SUSPENDED)
			irq_raise_unread(ctrl, unmasked);
		break;
	case NVM_REG_CC:
		write_cc(ctrl, value);
		break;
	case NVM_REG_CSTS:
		st->csts &= ~(value & NVM_CSTS_NSSRO);
		break;
	case NVM_REG_NSSR:
		/* A secondary has no NSSRS: its guest must not reset its neighbours. */
		if (value == NVM_NSSR_NVME && ctrl_is_primary(ctrl))
			subsystem_reset(ctrl->subsystem);
		break;
	default:
		/* An enabled controller's admin queues are where they were when it was enabled. */
		if (!(st->cc & NVM_CC_EN))
			write_admin_queue_property(st, offset, value);
	}
}

void nvmove_ctrl_write(struct nvmove_ctrl *ctrl, uint64_t offset, uint64_t value,
		       unsigned int size)
{
	if (!ctrl->online || offset % 4 || (size != 4 && size != 8))
		return;
	write_dword(ctrl, offset, value);
	if (size == 8)
		write_dword(ctrl, offset + 4, value >> 32);
}

uint64_t ctrl_cap(const struct nvmove_ctrl *ctrl)
{
	uint64_t cap = (ctrl->identity->max_queue_entries - 1) | NVM_CAP_CQR |
		       (uint64_t)READY_TIMEOUT << NVM_CAP_TO_SHIFT |
		       NVM_CAP_CSS_NVM | NVM_CAP_CSS_IOCSS | NVM_CAP_CRWMS |
		       (uint64_t)MAX_MPS << NVM_CAP_MPSMAX_SHIFT;

	return ctrl_is_primary(ctrl) ? cap | NVM_CAP_NSSRS : cap;
}

static uint32_t read_dword(const struct nvmove_ctrl *ctrl, uint64_t offset)
{
	const struct ctrl_state *st = &ctrl->st;

	switch (offset) {
	case NVM_REG_CAP:
		return ctrl_cap(ctrl);
	case NVM_REG_CAP + 4:
		return ctrl_cap(ctrl) >> 32;
	case NVM_REG_VS:
		return NVM_VS_2_0;
	case NVM_REG_INTMS:
	case NVM_REG_INTMC:
		return st->intms;
	case NVM_REG_CC:
		return st->cc;
	case NVM_REG_CSTS:
		return st->csts;
	case NVM_REG_AQA:
		return st->aqa;
	case NVM_REG_ASQ:
		return st->asq;
	case NVM_REG_ASQ + 4:
		return st->asq >> 32;
	case NVM_REG_ACQ:
		return st->acq;
	case NVM_REG_ACQ + 4:
		return st->acq >> 32;
	case NVM_REG_CRTO:
		return READY_TIMEOUT;
	default:
		return 0;
	}
}

uint64_t nvmove_ctrl_read(struct nvmove_ctrl *ctrl, uint64_t offset, unsigned int size)
{
	uint64_t aligned = offset & ~3ull;
	uint64_t value = read_dword(ctrl, aligned);

	if (size == 0 || size > 8 || (offset & (size - 1)))
		return 0;
	if (size == 8)
		return value | (uint64_t)read_dword(ctrl, aligned + 4) << 32;
	value >>= 8 * (offset - aligned);
	return size == 4 ? value : value & ((1ull << (8 * size)) - 1);
}

void nvmove_ctrl_run(struct nvmove_ctrl *ctrl)
{
	ctrl->scheduled = false;
	ctrl->running = true;
	sq_fetch_all(ctrl);
	ctrl->running = false;
	user_data_flush(ctrl);
	ns_mgmt_progress(ctrl->subsystem);
	irq_flush(ctrl);
	ctrl_progress(ctrl);
}

void nvmove_ctrl_reset(struct nvmove_ctrl *ctrl, enum nvmove_reset kind)
{
	struct ctrl_state *st = &ctrl->st;

	suspend_cancel(ctrl);
	state_transfer_discard(&ctrl->transfer);
	ctrl_end_epoch(ctrl);
	if (ctrl_is_primary(ctrl)) {
		memory_tracking_end_all(ctrl->subsystem);
		take_secondaries_offline(ctrl);
	}
	drain_media(ctrl);
	user_data_flush(ctrl);
	reset_state(ctrl);
	st->cc = 0;
	st->aqa = 0;
	st->asq = 0;
	st->acq = 0;
	if (!ctrl->online)
		st->csts |= NVM_CSTS_CFS;
	if (kind == NVMOVE_RESET_CONVENTIONAL) {
		st->timestamp_base_ms = 0;
		st->timestamp_set_ns = ctrl_now_ns(ctrl);
		st->timestamp_origin = 0;
		st->timestamp_synch = false;
	}
}

void ctrl_set_online(struct nvmove_ctrl *ctrl)
{
	ctrl->online = true;
	nvmove_ctrl_reset(ctrl, NVMOVE_RESET_CONVENTIONAL);
}

/*
 * Base 8.26: an offline secondary is reset, reports fatal status and ignores its host.
 */
void ctrl_set_offline(struct nvmove_ctrl *ctrl)
{
	if (!ctrl->online)
		return;
	ctrl->online = false;
	nvmove_ctrl_reset(ctrl, NVMOVE_RESET_CONVENTIONAL);
}
