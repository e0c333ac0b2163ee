// SPDX-License-Identifier: BSD-2-Clause
/*
 * Saving: walks what a host can observe and writes it in the format of docs/controller-state.md. It
 * changes nothing in the controller.
 */
#include <errno.h>
#include <string.h>

#include "compat.h"
#include "state_save.h"

#define NS_PER_MS	1000000

void writer_pad(struct writer *w)
{
	static const uint8_t zeroes[4];

	writer_put(w, zeroes, -w->len & 3);
}

static bool fits(const struct writer *w)
{
	return w->buf && w->len <= w->size;
}

size_t writer_begin(struct writer *w, enum nvmove_cstate_type type)
{
	size_t at = w->len;
	struct nvmove_cstate_section *section = writer_reserve(w, sizeof(*section));

	if (section)
		*section = (struct nvmove_cstate_section) {
			.type = cpu_to_le16(type),
			.version = cpu_to_le16(1),
		};
	w->nr_sections++;
	return at;
}

void writer_end(struct writer *w, size_t at)
{
	struct nvmove_cstate_section *section;
	size_t length;

	if (w->len & 3)
		writer_pad(w);
	if (!fits(w))
		return;
	length = w->len - at;
	section = (struct nvmove_cstate_section *)(w->buf + at);
	section->length = cpu_to_le32(length - sizeof(*section));
	section->crc = cpu_to_le32(nvmove_crc32c(0, section, length));
}

void writer_section(struct writer *w, enum nvmove_cstate_type type, const void *payload,
		    size_t len)
{
	size_t at = writer_begin(w, type);

	writer_put(w, payload, len);
	writer_end(w, at);
}

/* @entry has room for those of the queues with ids from 1 to @end - 1 that exist. */
static void fill_sqs(struct nvmove_cstate_sq *entry, const struct sq_state *sq, unsigned int end)
{
	for (unsigned int qid = 1; qid < end; qid++) {
		if (!sq[qid].exists)
			continue;
		*entry++ = (struct nvmove_cstate_sq) {
			.prp1 = cpu_to_le64(sq[qid].addr),
			.size = cpu_to_le16(sq[qid].size - 1),
			.qid = cpu_to_le16(qid),
			.cqid = cpu_to_le16(sq[qid].cqid),
			.attributes = cpu_to_le16(NVMOVE_CSTATE_SQ_PC |
						  sq[qid].priority << NVMOVE_CSTATE_SQ_PRIO_SHIFT),
			.head = cpu_to_le16(sq[qid].head),
			.tail = cpu_to_le16(sq[qid].tail),
		};
	}
}

/* The phase tag found in slot 0: this lap's if it has been written in this lap. */
static bool slot0_phase(const struct cq_state *cq)
{
	return cq->phase != !cq->tail;
}

static uint32_t cq_attributes(const struct cq_state *cq)
{
	return NVMOVE_CSTATE_CQ_PC | (cq->irq_enabled ? NVMOVE_CSTATE_CQ_IEN : 0) |
	       (slot0_phase(cq) ? NVMOVE_CSTATE_CQ_PHASE : 0) |
	       (uint32_t)cq->vector << NVMOVE_CSTATE_CQ_VECTOR_SHIFT;
}

static void fill_cqs(struct nvmove_cstate_cq *entry, const struct cq_state *cq, unsigned int end)
{
	for (unsigned int qid = 1; qid < end; qid++) {
		if (!cq[qid].exists)
			continue;
		*entry++ = (struct nvmove_cstate_cq) {
			.prp1 = cpu_to_le64(cq[qid].addr),
			.size = cpu_to_le16(cq[qid].size - 1),
			.qid = cpu_to_le16(qid),
			.head = cpu_to_le16(cq[qid].head),
			.tail = cpu_to_le16(cq[qid].tail),
			.attributes = cpu_to_le32(cq_attributes(&cq[qid])),
		};
	}
}

static void put_io_queues(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	const struct ctrl_state *st = &ctrl->st;
	unsigned int nr_sq = 0, nr_cq = 0;
	struct nvmove_cstate_nvme head = { 0 };
	struct nvmove_cstate_sq *sq;
	struct nvmove_cstate_cq *cq;

	for (unsigned int qid = 1; qid < ctrl->qid_end; qid++) {
		nr_sq += st->sq[qid].exists;
		nr_cq += st->cq[qid].exists;
	}
	head.nr_sq = cpu_to_le16(nr_sq);
	head.nr_cq = cpu_to_le16(nr_cq);
	writer_put(w, &head, sizeof(head));
	sq = writer_reserve(w, nr_sq * sizeof(*sq));
	if (sq)
		fill_sqs(sq, st->sq, ctrl->qid_end);
	cq = writer_reserve(w, nr_cq * sizeof(*cq));
	if (cq)
		fill_cqs(cq, st->cq, ctrl->qid_end);
}

static void put_registers(struct writer *w, const struct ctrl_state *st)
{
	struct nvmove_cstate_registers regs = {
		.cc = cpu_to_le32(st->cc),
		.csts = cpu_to_le32(st->csts),
		.aqa = cpu_to_le32(st->aqa),
		.intms = cpu_to_le32(st->intms),
		.asq = cpu_to_le64(st->asq),
		.acq = cpu_to_le64(st->acq),
	};

	writer_section(w, NVMOVE_CSTATE_REGISTERS, &regs, sizeof(regs));
}

static void put_admin_queue(struct writer *w, const struct ctrl_state *st)
{
	const struct sq_state *sq = &st->sq[ADMIN_QID];
	const struct cq_state *cq = &st->cq[ADMIN_QID];
	struct nvmove_cstate_admin_queue admin = { 0 };

	if (sq->exists) {
		admin.sq_head = cpu_to_le16(sq->head);
		admin.sq_tail = cpu_to_le16(sq->tail);
		admin.cq_head = cpu_to_le16(cq->head);
		admin.cq_tail = cpu_to_le16(cq->tail);
		admin.flags = cpu_to_le16(NVMOVE_CSTATE_ADMIN_F_VALID |
					  (slot0_phase(cq) ? NVMOVE_CSTATE_ADMIN_F_PHASE : 0));
	}
	writer_section(w, NVMOVE_CSTATE_ADMIN_QUEUE, &admin, sizeof(admin));
}

static void put_value(struct writer *w, uint8_t fid, uint8_t select, uint32_t nsid,
		      uint16_t selector, uint32_t value)
{
	struct nvmove_cstate_feature *feature = writer_reserve(w, sizeof(*feature));

	if (!feature)
		return;
	*feature = (struct nvmove_cstate_feature) {
		.fid = fid,
		.select = select,
		.selector = cpu_to_le16(selector),
		.nsid = cpu_to_le32(nsid),
		.value = cpu_to_le32(value),
	};
}

void put_feature(struct writer *w, uint8_t fid, uint32_t nsid, uint16_t selector, uint32_t value)
{
	put_value(w, fid, NVMOVE_CSTATE_FEATURE_CURRENT, nsid, selector, value);
}

static void put_current(struct writer *w, uint8_t fid, uint16_t selector, uint32_t value)
{
	put_feature(w, fid, 0, selector, value);
}

/* What was never saved does not travel. */
static void put_saved(struct writer *w, uint8_t fid, uint16_t selector, uint32_t value,
		      uint32_t default_value)
{
	if (value != default_value)
		put_value(w, fid, NVMOVE_CSTATE_FEATURE_SAVED, 0, selector, value);
}

static void put_feature_data(struct writer *w, uint8_t fid, uint32_t value, const void *data,
			     size_t len)
{
	struct nvmove_cstate_feature feature = {
		.fid = fid,
		.value = cpu_to_le32(value),
		.length = cpu_to_le32(len),
	};

	writer_put(w, &feature, sizeof(feature));
	writer_put(w, data, len);
}

/* Of the 512 bytes of feature 16h all but the first are 0: trailing zeroes do not travel. */
static void put_host_behavior(struct writer *w, const struct features_state *features)
{
	const uint8_t data[4] = { features->acre };

	put_feature_data(w, NVM_FEAT_HOST_BEHAVIOR, 0, data, features->acre ? sizeof(data) : 0);
}

#define BLOCK	64	/* long enough that compilers put the loop over it into vectors */

/*
 * Index of the first value from @at on that is not 0, @end if there is none. Nearly always all are
 * 0.
 */
static unsigned int next_set(const uint32_t *value, unsigned int at, unsigned int end)
{
	for (; at + BLOCK <= end; at += BLOCK) {
		const uint32_t *block = value + at;
		uint32_t any = 0;

		for (unsigned int i = 0; i < BLOCK; i++)
			any |= block[i];
		if (any)
			break;
	}
	while (at < end && !value[at])
		at++;
	return at;
}

/* Per-namespace values are left out where they are 0, their default. */
static void put_namespace_feature(struct writer *w, const struct nvmove_ctrl *ctrl, uint8_t fid,
				  uint8_t select, const uint32_t *value)
{
	for (uint32_t nsid = next_set(value, 1, ctrl->nsid_end); nsid < ctrl->nsid_end;
	     nsid = next_set(value, nsid + 1, ctrl->nsid_end)) {
		if (ctrl_namespace(ctrl, nsid))
			put_value(w, fid, select, nsid, 0, value[nsid]);
	}
}

/* Likewise per-vector values. */
static void put_irq_config(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	const uint32_t *value = ctrl->st.irq_config;
	unsigned int end = ctrl->num_vectors;

	for (unsigned int vector = next_set(value, 0, end); vector < end;
	     vector = next_set(value, vector + 1, end))
		put_current(w, NVM_FEAT_IRQ_CONFIG, vector, value[vector] | vector);
}

static void put_features(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	const struct features_state defaults = features_default(ctrl->identity, ctrl->num_queues);
	const struct features_state *d = &defaults;
	const struct features_state *f = &ctrl->st.features, *s = &ctrl->st.saved;
	size_t at = writer_begin(w, NVMOVE_CSTATE_FEATURES);

	put_current(w, NVM_FEAT_ARBITRATION, 0, f->arbitration);
	put_saved(w, NVM_FEAT_ARBITRATION, 0, s->arbitration, d->arbitration);
	put_current(w, NVM_FEAT_POWER_MGMT, 0, f->power_mgmt);
	put_saved(w, NVM_FEAT_POWER_MGMT, 0, s->power_mgmt, d->power_mgmt);
	put_current(w, NVM_FEAT_TEMP_THRESHOLD, 0x00, f->temp_over);
	put_current(w, NVM_FEAT_TEMP_THRESHOLD, 0x10, f->temp_under);
	put_saved(w, NVM_FEAT_TEMP_THRESHOLD, 0x00, s->temp_over, d->temp_over);
	put_saved(w, NVM_FEAT_TEMP_THRESHOLD, 0x10, s->temp_under, d->temp_under);
	put_namespace_feature(w, ctrl, NVM_FEAT_ERROR_RECOVERY, NVMOVE_CSTATE_FEATURE_CURRENT,
			      ctrl->st.error_recovery);
	put_namespace_feature(w, ctrl, NVM_FEAT_ERROR_RECOVERY, NVMOVE_CSTATE_FEATURE_SAVED,
			      ctrl->st.error_recovery_saved);
	put_current(w, NVM_FEAT_VOLATILE_WC, 0, f->volatile_wc);
	put_saved(w, NVM_FEAT_VOLATILE_WC, 0, s->volatile_wc, d->volatile_wc);
	put_current(w, NVM_FEAT_NUM_QUEUES, 0, f->num_queues);
	put_current(w, NVM_FEAT_IRQ_COALESCE, 0, f->irq_coalesce);
	put_saved(w, NVM_FEAT_IRQ_COALESCE, 0, s->irq_coalesce, d->irq_coalesce);
	put_irq_config(w, ctrl);
	put_current(w, NVM_FEAT_WRITE_ATOMICITY, 0, f->write_atomicity);
	put_saved(w, NVM_FEAT_WRITE_ATOMICITY, 0, s->write_atomicity, d->write_atomicity);
	put_current(w, NVM_FEAT_ASYNC_EVENT, 0, f->async_event);
	put_saved(w, NVM_FEAT_ASYNC_EVENT, 0, s->async_event, d->async_event);
	put_current(w, NVM_FEAT_KATO, 0, f->kato_ms);
	put_host_behavior(w, f);
	put_current(w, NVM_FEAT_IOCS_PROFILE, 0, f->iocs_profile);
	put_feature_data(w, NVM_FEAT_HOST_ID, f->host_id_is_extended, f->host_id,
			 sizeof(f->host_id));
	put_namespace_feature(w, ctrl, NVM_FEAT_RESV_MASK, NVMOVE_CSTATE_FEATURE_CURRENT,
			      ctrl->st.resv_mask);
	put_write_protect(w, ctrl);
	writer_end(w, at);
}

static void put_events(struct writer *w, const struct events_state *events)
{
	struct nvmove_cstate_events head = {
		.nr_requests = cpu_to_le16(events->nr_requests),
		.nr_events = cpu_to_le16(events->nr_events),
		.masked = cpu_to_le32(events->masked),
	};
	size_t at = writer_begin(w, NVMOVE_CSTATE_EVENTS);

	writer_put(w, &head, sizeof(head));
	for (unsigned int i = 0; i < events->nr_requests; i++) {
		__le16 cid = cpu_to_le16(events->request_cid[i]);

		writer_put(w, &cid, sizeof(cid));
	}
	writer_pad(w);
	for (unsigned int i = 0; i < events->nr_events; i++) {
		struct nvmove_cstate_event event = {
			.type = events->event[i].type,
			.info = events->event[i].info,
			.log_page = events->event[i].log_page,
		};

		writer_put(w, &event, sizeof(event));
	}
	writer_end(w, at);
}

static void put_error_log(struct writer *w, const struct error_log_state *log)
{
	struct nvmove_cstate_error_log head = {
		.error_count = cpu_to_le64(log->error_count),
		.nr_entries = cpu_to_le32(log->nr_entries),
	};
	size_t at = writer_begin(w, NVMOVE_CSTATE_ERROR_LOG);

	writer_put(w, &head, sizeof(head));
	for (unsigned int i = 0; i < log->nr_entries; i++) {
		unsigned int slot = (log->newest + ERROR_LOG_ENTRIES - i) % ERROR_LOG_ENTRIES;

		writer_put(w, &log->entry[slot], sizeof(log->entry[slot]));
	}
	writer_end(w, at);
}

static void put_smart(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	const struct smart_state *smart = &ctrl->st.smart;
	struct nvmove_cstate_smart section = {
		.blocks_read = cpu_to_le64(smart->blocks_read),
		.blocks_written = cpu_to_le64(smart->blocks_written),
		.host_reads = cpu_to_le64(smart->host_reads),
		.host_writes = cpu_to_le64(smart->host_writes),
		.power_cycles = cpu_to_le64(smart->power_cycles),
		.power_on_ns = cpu_to_le64(power_on_ns(ctrl, w->now_ns)),
		.unsafe_shutdowns = cpu_to_le64(smart->unsafe_shutdowns),
		.media_errors = cpu_to_le64(smart->media_errors),
		.busy_ns = cpu_to_le64(smart->busy_ns),
	};

	writer_section(w, NVMOVE_CSTATE_SMART, &section, sizeof(section));
}

static void put_changed_ns(struct writer *w, const struct changed_ns_state *changed)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_CHANGED_NS);
	bool overflow = changed->nr > CHANGED_NS_MAX;

	for (unsigned int i = 0; i < (overflow ? 1 : changed->nr); i++) {
		__le32 nsid = cpu_to_le32(overflow ? NVM_NSID_ALL : changed->nsid[i]);

		writer_put(w, &nsid, sizeof(nsid));
	}
	writer_end(w, at);
}

static void put_namespaces(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_NAMESPACES);

	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(ctrl, nsid);
		struct nvmove_cstate_namespace *entry;

		if (!ns)
			continue;
		entry = writer_reserve(w, sizeof(*entry));
		if (entry)
			compat_fill_namespace(ns, nsid, entry);
	}
	writer_end(w, at);
}

static void put_unposted(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_UNPOSTED);

	for (unsigned int qid = 0; ctrl->nr_unposted && qid < ctrl->qid_end; qid++) {
		const struct ctrl_request *req = ctrl->st.cq[qid].exists ? ctrl->cq[qid].unposted
									 : NULL;

		for (; req; req = req->next) {
			struct nvmove_cstate_unposted entry = { .cqid = cpu_to_le16(qid) };

			memcpy(entry.cqe, &req->cqe, sizeof(entry.cqe));
			writer_put(w, &entry, sizeof(entry));
		}
	}
	writer_end(w, at);
}

/*
 * The Keep Alive Timer stands still while the controller is suspended.
 */
static uint64_t keep_alive_left_ns(const struct nvmove_ctrl *ctrl, uint64_t now_ns)
{
	uint64_t deadline_ns = ctrl->st.keep_alive_deadline_ns;

	if (ctrl->suspend == SUSPENDED)
		now_ns = ctrl->suspended_at_ns;

	if (deadline_ns == UINT64_MAX)
		return NVMOVE_CSTATE_NO_KEEP_ALIVE;
	return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

static void put_timers(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	struct nvmove_cstate_timers timers = {
		.keep_alive_ns = cpu_to_le64(keep_alive_left_ns(ctrl, w->now_ns)),
		.timestamp_origin = ctrl->st.timestamp_origin,
		.timestamp_synch = ctrl->st.timestamp_synch,
		.timestamp_ms = cpu_to_le64(timestamp_at_ms(ctrl, w->now_ns)),
		.timestamp_ns = cpu_to_le32((w->now_ns - ctrl->st.timestamp_set_ns) % NS_PER_MS),
	};

	writer_section(w, NVMOVE_CSTATE_TIMERS, &timers, sizeof(timers));
}

static void put_sections(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	put_identity(w, ctrl);
	put_registers(w, &ctrl->st);
	put_admin_queue(w, &ctrl->st);
	put_features(w, ctrl);
	put_events(w, &ctrl->st.events);
	put_error_log(w, &ctrl->st.error_log);
	put_smart(w, ctrl);
	put_changed_ns(w, &ctrl->st.changed_ns);
	put_namespaces(w, ctrl);
	put_unposted(w, ctrl);
	put_timers(w, ctrl);
	put_locators(w, ctrl);
	put_reservations(w, ctrl);
	put_resv_log(w, &ctrl->st.resv_log);
	put_shadow(w, &ctrl->st);
}

/* The vendor data stands for the container header too, which therefore has to be complete. */
static void finish(struct writer *w, struct nvmove_cstate_header *header, size_t vendor_at,
		   struct nvmove_cstate_vendor *vendor)
{
	header->nvme_dwords[0] = cpu_to_le64((vendor_at - sizeof(*header)) / 4);
	header->vendor_dwords[0] = cpu_to_le64((w->len - vendor_at) / 4);
	memcpy(w->buf, header, sizeof(*header));
	if (w->len == vendor_at)
		return;
	vendor->nr_sections = cpu_to_le32(w->nr_sections);
	vendor->nvme_crc = cpu_to_le32(nvmove_crc32c(0, w->buf, vendor_at));
	vendor->crc = cpu_to_le32(nvmove_crc32c(0, vendor, sizeof(*vendor)));
	memcpy(w->buf + vendor_at, vendor, sizeof(*vendor));
}

static void write_state(struct writer *w, const struct nvmove_ctrl *ctrl, unsigned int parts)
{
	struct nvmove_cstate_header header = {
		.version = cpu_to_le16(NVMOVE_CSTATE_VERSION),
		.attributes = ctrl->suspend == SUSPENDED ? NVMOVE_CSTATE_ATTR_SUSPENDED : 0,
	};
	struct nvmove_cstate_vendor vendor = {
		.uuid = NVMOVE_CSTATE_UUID,
		.major = cpu_to_le16(NVMOVE_CSTATE_MAJOR),
		.minor = cpu_to_le16(NVMOVE_CSTATE_MINOR),
	};
	size_t vendor_at;

	writer_put(w, &header, sizeof(header));
	if (parts & STATE_NVME)
		put_io_queues(w, ctrl);
	vendor_at = w->len;
	if (parts & (STATE_VENDOR | STATE_QUESTION))
		writer_put(w, &vendor, sizeof(vendor));
	if (parts & STATE_VENDOR)
		put_sections(w, ctrl);
	if (parts & STATE_QUESTION)
		put_compat(w, ctrl);
	if (fits(w))
		finish(w, &header, vendor_at, &vendor);
}

/*
 * Bytes that the container header and @parts of the state take.
 */
size_t state_size(const struct nvmove_ctrl *ctrl, unsigned int parts)
{
	struct writer w = { .buf = NULL };

	write_state(&w, ctrl, parts);
	return w.len;
}

/*
 * Write the container header and @parts of the state, with what counts time as it is at @now_ns. A
 * controller that is not suspended says so in the header.
 *
 * Return: bytes written, -ENOSPC if @buf is too small.
 */
long state_save(const struct nvmove_ctrl *ctrl, unsigned int parts, uint64_t now_ns, void *buf,
		size_t size)
{
	struct writer w = { .buf = buf, .size = size, .now_ns = now_ns };

	write_state(&w, ctrl, parts);
	return fits(&w) ? (long)w.len : -ENOSPC;
}

size_t nvmove_ctrl_state_size(const struct nvmove_ctrl *ctrl)
{
	return state_size(ctrl, STATE_WHOLE);
}

long nvmove_ctrl_save(struct nvmove_ctrl *ctrl, void *buf, size_t size)
{
	if (ctrl->suspend != SUSPENDED)
		return -EINVAL;
	return state_save(ctrl, STATE_WHOLE, ctrl_now_ns(ctrl), buf, size);
}
