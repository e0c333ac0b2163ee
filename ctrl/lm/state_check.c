// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading, second step: whether a state is one that a controller can be in, and this one can take.
 * It changes nothing in the controller.
 */
#include <errno.h>
#include <string.h>

#include "state_load.h"
#include "state_save.h"

/* ---- registers and queues ---- */

static int check_registers(struct load *load)
{
	const struct nvmove_cstate_registers *regs =
		(const void *)load->section[NVMOVE_CSTATE_REGISTERS].payload;
	uint32_t cc = le32_to_cpu(regs->cc), csts = le32_to_cpu(regs->csts);
	uint32_t aqa = le32_to_cpu(regs->aqa);
	uint64_t page_mask = (1ull << (MIN_PAGE_SHIFT + NVM_CC_MPS(cc))) - 1;
	unsigned int css = NVM_CC_CSS(cc);
	uint32_t known = NVM_CSTS_RDY | NVM_CSTS_CFS | NVM_CSTS_SHST_MASK | NVM_CSTS_NSSRO;

	load->regs = regs;
	if (cc & ~NVM_CC_WRITABLE)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
				   "CC: %#x, bits %#x can be set", cc, NVM_CC_WRITABLE);
	if ((csts & ~known) || (csts & NVM_CSTS_SHST_MASK) == NVM_CSTS_SHST_MASK ||
	    ((csts & NVM_CSTS_RDY) && !(cc & NVM_CC_EN)))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
				   "CSTS: %#x is impossible with CC %#x", csts, cc);
	if (aqa & ~0x0fff0fffu)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
				   "AQA: %#x, bits %#x can be set", aqa, 0x0fff0fffu);
	if ((le64_to_cpu(regs->asq) | le64_to_cpu(regs->acq)) & 0xfff)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
				   "ASQ %#lx, ACQ %#lx: not on a page boundary",
				   (unsigned long)le64_to_cpu(regs->asq),
				   (unsigned long)le64_to_cpu(regs->acq));
	load->enabled = (csts & NVM_CSTS_RDY) && !(csts & NVM_CSTS_CFS);
	if (!load->enabled)
		return 0;
	if (NVM_CC_MPS(cc) > MAX_MPS || NVM_CC_AMS(cc) ||
	    (css != NVM_CC_CSS_NVM && css != NVM_CC_CSS_IOCSS))
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_REGISTERS,
				   "CC: %#x cannot be enabled here", cc);
	if (!(aqa & 0xfff) || !(aqa >> 16) || (le64_to_cpu(regs->asq) & page_mask) ||
	    (le64_to_cpu(regs->acq) & page_mask))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
				   "admin queues: AQA %#x, ASQ %#lx, ACQ %#lx cannot be enabled",
				   aqa, (unsigned long)le64_to_cpu(regs->asq),
				   (unsigned long)le64_to_cpu(regs->acq));
	if (!queue_memory_is_addressable(le64_to_cpu(regs->asq), SQ_BYTES((aqa & 0xfff) + 1)) ||
	    !queue_memory_is_addressable(le64_to_cpu(regs->acq), CQ_BYTES((aqa >> 16) + 1)))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
				   "admin queues: addresses below %#lx here, ASQ %#lx, ACQ %#lx in the stream",
				   (unsigned long)QUEUE_ADDRESS_LIMIT,
				   (unsigned long)le64_to_cpu(regs->asq),
				   (unsigned long)le64_to_cpu(regs->acq));
	return 0;
}

static int check_admin_queue(struct load *load)
{
	const struct nvmove_cstate_admin_queue *admin =
		(const void *)load->section[NVMOVE_CSTATE_ADMIN_QUEUE].payload;
	unsigned int sq_size = (le32_to_cpu(load->regs->aqa) & 0xfff) + 1;
	unsigned int cq_size = (le32_to_cpu(load->regs->aqa) >> 16 & 0xfff) + 1;
	unsigned int flags = le16_to_cpu(admin->flags);

	if (flags & ~(NVMOVE_CSTATE_ADMIN_F_VALID | NVMOVE_CSTATE_ADMIN_F_PHASE))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ADMIN_QUEUE,
				   "admin queue flags: %#x, bits %#x are defined", flags,
				   NVMOVE_CSTATE_ADMIN_F_VALID | NVMOVE_CSTATE_ADMIN_F_PHASE);
	if (!load->enabled && (flags || admin->sq_head || admin->sq_tail || admin->cq_head ||
			       admin->cq_tail))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ADMIN_QUEUE,
				   "admin queue: flags %#x, positions %u, %u, %u, %u of a controller that is not enabled",
				   flags, le16_to_cpu(admin->sq_head), le16_to_cpu(admin->sq_tail),
				   le16_to_cpu(admin->cq_head), le16_to_cpu(admin->cq_tail));
	if (load->enabled && !(flags & NVMOVE_CSTATE_ADMIN_F_VALID))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ADMIN_QUEUE,
				   "admin queue flags: %#x with CSTS %#x", flags,
				   le32_to_cpu(load->regs->csts));
	if (load_check_reserved(load, NVMOVE_CSTATE_ADMIN_QUEUE, "admin queue", admin->reserved10,
				sizeof(admin->reserved10)))
		return -ENOTSUP;
	if (!load->enabled)
		return 0;
	if (le16_to_cpu(admin->sq_head) >= sq_size || le16_to_cpu(admin->sq_tail) >= sq_size)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ADMIN_QUEUE,
				   "admin submission queue: head %u, tail %u of %u entries",
				   le16_to_cpu(admin->sq_head), le16_to_cpu(admin->sq_tail),
				   sq_size);
	if (le16_to_cpu(admin->cq_head) >= cq_size || le16_to_cpu(admin->cq_tail) >= cq_size)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ADMIN_QUEUE,
				   "admin completion queue: head %u, tail %u of %u entries",
				   le16_to_cpu(admin->cq_head), le16_to_cpu(admin->cq_tail),
				   cq_size);
	return 0;
}

/**
 * struct queue_bounds - what the queues of one kind must be within
 * @granted: highest queue id
 * @most: entries
 */
struct queue_bounds {
	const char *kind;
	size_t entry_size;
	uint64_t page_mask;
	unsigned int granted;
	unsigned int most;
};

/* Inlined into the loop over either kind, where the bounds then are in registers. */
static inline __attribute__((always_inline)) int
check_queue(struct load *load, const struct queue_bounds *bounds, unsigned int qid,
	    unsigned int previous, uint64_t addr, unsigned int size)
{
	if (!load->enabled)
		return load_refuse(load, -EBADMSG, 0, "%s queue %u: the controller is not enabled",
				   bounds->kind, qid);
	if (qid <= previous)
		return load_refuse(load, -EBADMSG, 0, "%s queue %u follows queue %u", bounds->kind,
				   qid, previous);
	if (qid > bounds->granted)
		return load_refuse(load, -ENOTSUP, 0, "%s queue %u: %u queues were granted",
				   bounds->kind, qid, bounds->granted);
	if (size < 2 || size > bounds->most)
		return load_refuse(load, -ENOTSUP, 0,
				   "%s queue %u: at most %u entries here, %u in the stream",
				   bounds->kind, qid, bounds->most, size);
	if (addr & bounds->page_mask)
		return load_refuse(load, -EBADMSG, 0,
				   "%s queue %u: pages of %lu bytes here, address %#lx in the stream",
				   bounds->kind, qid, (unsigned long)bounds->page_mask + 1,
				   (unsigned long)addr);
	if (!queue_memory_is_addressable(addr, size * bounds->entry_size))
		return load_refuse(
			load, -EBADMSG, 0,
			"%s queue %u: addresses below %#lx here, %zu bytes at %#lx in the stream",
			bounds->kind, qid, (unsigned long)QUEUE_ADDRESS_LIMIT,
			size * bounds->entry_size, (unsigned long)addr);
	return 0;
}

static uint64_t page_mask(const struct load *load)
{
	return (1ull << (MIN_PAGE_SHIFT + NVM_CC_MPS(le32_to_cpu(load->regs->cc)))) - 1;
}

static int check_sqs(struct load *load)
{
	const struct queue_bounds bounds = {
		.kind = "submission",
		.entry_size = sizeof(struct nvm_sqe),
		.page_mask = page_mask(load),
		.granted = (load->features.num_queues & 0xffff) + 1,
		.most = load->identity->max_queue_entries,
	};
	unsigned int previous = 0;

	for (unsigned int i = 0; i < load->nr_sq; i++) {
		const struct nvmove_cstate_sq *sq = &load->sq[i];
		unsigned int qid = le16_to_cpu(sq->qid), size = le16_to_cpu(sq->size) + 1u;
		unsigned int attributes = le16_to_cpu(sq->attributes);
		int err = check_queue(load, &bounds, qid, previous, le64_to_cpu(sq->prp1), size);

		if (err)
			return err;
		if (!(attributes & NVMOVE_CSTATE_SQ_PC) || attributes > 7)
			return load_refuse(load, -ENOTSUP, 0, "submission queue %u: attributes %#x",
					   qid, attributes);
		if (le16_to_cpu(sq->head) >= size || le16_to_cpu(sq->tail) >= size)
			return load_refuse(load, -EBADMSG, 0,
					   "submission queue %u: head %u, tail %u of %u entries",
					   qid, le16_to_cpu(sq->head), le16_to_cpu(sq->tail), size);
		err = load_check_reserved(load, 0, "submission queue", sq->reserved20,
					  sizeof(sq->reserved20));
		if (err)
			return err;
		previous = qid;
	}
	return 0;
}

static const struct nvmove_cstate_cq *find_cq(const struct load *load, unsigned int cqid)
{
	unsigned int low = 0, high = load->nr_cq;

	/* Usually they are numbered without a gap. */
	if (cqid - 1 < high && le16_to_cpu(load->cq[cqid - 1].qid) == cqid)
		return &load->cq[cqid - 1];
	while (low < high) {
		unsigned int middle = (low + high) / 2;
		unsigned int qid = le16_to_cpu(load->cq[middle].qid);

		if (qid == cqid)
			return &load->cq[middle];
		if (qid < cqid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int check_cqs(struct load *load)
{
	const uint32_t low_bits =
		NVMOVE_CSTATE_CQ_PC | NVMOVE_CSTATE_CQ_IEN | NVMOVE_CSTATE_CQ_PHASE;
	const struct queue_bounds bounds = {
		.kind = "completion",
		.entry_size = sizeof(struct nvm_cqe),
		.page_mask = page_mask(load),
		.granted = (load->features.num_queues >> 16) + 1,
		.most = load->identity->max_queue_entries,
	};
	unsigned int previous = 0;

	for (unsigned int i = 0; i < load->nr_cq; i++) {
		const struct nvmove_cstate_cq *cq = &load->cq[i];
		unsigned int qid = le16_to_cpu(cq->qid), size = le16_to_cpu(cq->size) + 1u;
		uint32_t attributes = le32_to_cpu(cq->attributes);
		unsigned int vector = attributes >> NVMOVE_CSTATE_CQ_VECTOR_SHIFT;
		int err = check_queue(load, &bounds, qid, previous, le64_to_cpu(cq->prp1), size);

		if (err)
			return err;
		if (!(attributes & NVMOVE_CSTATE_CQ_PC) || (attributes & 0xffff & ~low_bits))
			return load_refuse(load, -ENOTSUP, 0, "completion queue %u: attributes %#x",
					   qid, attributes);
		if (vector >= load->num_vectors)
			return load_refuse(
				load, -ENOTSUP, 0,
				"completion queue %u: %u vectors here, vector %u in the stream",
				qid, load->num_vectors, vector);
		if (le16_to_cpu(cq->head) >= size || le16_to_cpu(cq->tail) >= size)
			return load_refuse(load, -EBADMSG, 0,
					   "completion queue %u: head %u, tail %u of %u entries",
					   qid, le16_to_cpu(cq->head), le16_to_cpu(cq->tail), size);
		err = load_check_reserved(load, 0, "completion queue", cq->reserved20,
					  sizeof(cq->reserved20));
		if (err)
			return err;
		previous = qid;
	}
	for (unsigned int i = 0; i < load->nr_sq; i++) {
		if (!find_cq(load, le16_to_cpu(load->sq[i].cqid)))
			return load_refuse(
				load, -EBADMSG, 0,
				"submission queue %u: completion queue %u does not exist",
				le16_to_cpu(load->sq[i].qid), le16_to_cpu(load->sq[i].cqid));
	}
	return 0;
}

/* ---- features ---- */

static int bad_feature(struct load *load, const struct nvmove_cstate_feature *feature)
{
	return load_refuse(
		load, -ENOTSUP, NVMOVE_CSTATE_FEATURES,
		"feature %02xh: %s value %#x, nsid %u, selector %#x, %u bytes cannot be taken here",
		feature->fid, feature->select == NVMOVE_CSTATE_FEATURE_SAVED ? "saved" : "current",
		le32_to_cpu(feature->value), le32_to_cpu(feature->nsid),
		le16_to_cpu(feature->selector), le32_to_cpu(feature->length));
}

/*
 * Features that are one word for the whole controller: where they go, what bits they can have.
 */
static const struct {
	uint8_t fid;
	uint8_t selector;
	uint16_t offset;
	uint32_t mask;
} word_features[] = {
	{ NVM_FEAT_ARBITRATION, 0, offsetof(struct features_state, arbitration), 0xffffff07 },
	{ NVM_FEAT_POWER_MGMT, 0, offsetof(struct features_state, power_mgmt), 0xe0 },
	{ NVM_FEAT_TEMP_THRESHOLD, 0x00, offsetof(struct features_state, temp_over), 0xffff },
	{ NVM_FEAT_TEMP_THRESHOLD, 0x10, offsetof(struct features_state, temp_under), 0xffff },
	{ NVM_FEAT_VOLATILE_WC, 0, offsetof(struct features_state, volatile_wc), 1 },
	{ NVM_FEAT_NUM_QUEUES, 0, offsetof(struct features_state, num_queues), 0xffffffff },
	{ NVM_FEAT_IRQ_COALESCE, 0, offsetof(struct features_state, irq_coalesce), 0xffff },
	{ NVM_FEAT_WRITE_ATOMICITY, 0, offsetof(struct features_state, write_atomicity), 1 },
	{ NVM_FEAT_ASYNC_EVENT, 0, offsetof(struct features_state, async_event),
	  0xff | NVM_CTRL_OAES_NS_ATTR },
	{ NVM_FEAT_KATO, 0, offsetof(struct features_state, kato_ms), 0xffffffff },
	{ NVM_FEAT_IOCS_PROFILE, 0, offsetof(struct features_state, iocs_profile), 0 },
};

#define NR_WORD_FEATURES (sizeof(word_features) / sizeof(word_features[0]))
#define SEEN_HOST_BEHAVIOR (1u << NR_WORD_FEATURES)
#define SEEN_HOST_ID (2u << NR_WORD_FEATURES)
#define SEEN_ALL ((4u << NR_WORD_FEATURES) - 1)

/**
 * struct seen - words that have been there, by index into word_features, and data structures
 */
struct seen {
	uint32_t current;
	uint32_t saved;
};

static int take_word_feature(struct load *load, const struct nvmove_cstate_feature *feature,
			     struct seen *seen)
{
	bool saved = feature->select == NVMOVE_CSTATE_FEATURE_SAVED;
	uint32_t *words_seen = saved ? &seen->saved : &seen->current;
	void *values = saved ? &load->saved : &load->features;
	uint32_t value = le32_to_cpu(feature->value);

	for (size_t i = 0; i < NR_WORD_FEATURES; i++) {
		if (word_features[i].fid != feature->fid ||
		    word_features[i].selector != le16_to_cpu(feature->selector))
			continue;
		if ((*words_seen & (1u << i)) || (value & ~word_features[i].mask) ||
		    feature->nsid || feature->length)
			break;
		*words_seen |= 1u << i;
		memcpy((uint8_t *)values + word_features[i].offset, &value, sizeof(value));
		return 0;
	}
	return bad_feature(load, feature);
}

/*
 * Length of the data structure at @data without its trailing zeroes; it and @len are multiples of
 * 4.
 */
static size_t shortest_length(const uint8_t *data, size_t len)
{
	static const uint8_t zeroes[4];

	while (len && !memcmp(data + len - sizeof(zeroes), zeroes, sizeof(zeroes)))
		len -= sizeof(zeroes);
	return len;
}

/* What is not in the stream is 0, as it already is in @features. */
static int take_host_behavior(struct load *load, const struct nvmove_cstate_feature *feature,
			      struct seen *seen)
{
	const uint8_t *data = (const uint8_t *)(feature + 1);
	uint32_t length = le32_to_cpu(feature->length);
	size_t shortest;

	if ((seen->current & SEEN_HOST_BEHAVIOR) || feature->nsid || feature->selector ||
	    feature->value || length > HOST_BEHAVIOR_SIZE)
		return bad_feature(load, feature);
	shortest = shortest_length(data, length);
	if (length != shortest)
		return load_refuse(
			load, -EBADMSG, NVMOVE_CSTATE_FEATURES,
			"feature %02xh: %zu bytes without trailing zeroes here, %u in the stream",
			feature->fid, shortest, length);
	seen->current |= SEEN_HOST_BEHAVIOR;
	if (!length)
		return 0;
	if (data[0] > 1)
		return bad_feature(load, feature);
	load->features.acre = data[0];
	return load_check_reserved(load, NVMOVE_CSTATE_FEATURES, "feature 16h", data + 1,
				   length - 1);
}

static int take_feature(struct load *load, const struct nvmove_cstate_feature *feature,
			struct seen *seen)
{
	struct features_state *features = &load->features;
	uint32_t length = le32_to_cpu(feature->length), nsid = le32_to_cpu(feature->nsid);
	uint32_t value = le32_to_cpu(feature->value);
	unsigned int selector = le16_to_cpu(feature->selector);
	bool saved = feature->select == NVMOVE_CSTATE_FEATURE_SAVED;

	if (saved && !feature_is_saveable(load->identity, feature->fid))
		return bad_feature(load, feature);
	switch (feature->fid) {
	case NVM_FEAT_ERROR_RECOVERY:
		if (!ctrl_namespace(load->ctrl, nsid) || value > 0xffff || selector || length)
			return bad_feature(load, feature);
		return 0;
	case NVM_FEAT_IRQ_CONFIG:
		if (selector >= load->num_vectors || length || nsid ||
		    (value & ~IRQ_CONFIG_CD) != selector)
			return bad_feature(load, feature);
		return 0;
	case NVM_FEAT_HOST_BEHAVIOR:
		return take_host_behavior(load, feature, seen);
	case NVM_FEAT_WRITE_PROTECT:
		return write_protect_makes_sense(load, feature) ?
		       take_write_protect(load, feature) : bad_feature(load, feature);
	case NVM_FEAT_HOST_ID:
		if ((seen->current & SEEN_HOST_ID) || nsid || selector || value > 1 ||
		    length != sizeof(features->host_id))
			return bad_feature(load, feature);
		seen->current |= SEEN_HOST_ID;
		memcpy(features->host_id, feature + 1, length);
		features->host_id_is_extended = value;
		return 0;
	case NVM_FEAT_RESV_MASK:
		if (!ctrl_namespace(load->ctrl, nsid) || (value & ~NVM_RESV_MASK_ALL) || selector ||
		    length || !identity_has_feature(load->identity, feature->fid))
			return bad_feature(load, feature);
		return 0;
	default:
		return take_word_feature(load, feature, seen);
	}
}

static int check_num_queues(struct load *load)
{
	unsigned int queues = load->num_queues;
	unsigned int most = queues > 2 ? queues - 2 : 0; /* 0-based, without the admin one */
	uint32_t granted = load->features.num_queues;

	if ((granted & 0xffff) > most || granted >> 16 > most)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_FEATURES,
				   "Number of Queues: at most %#x here, %#x in the stream",
				   most << 16 | most, granted);
	return 0;
}

/* Ascending and once each: one state has one form. */
static uint64_t feature_order(const struct nvmove_cstate_feature *feature)
{
	return (uint64_t)feature->fid << 56 | (uint64_t)feature->select << 48 |
	       (uint64_t)le32_to_cpu(feature->nsid) << 16 | le16_to_cpu(feature->selector);
}

static int check_features(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_FEATURES];
	const uint8_t *at = section->payload;
	size_t left = section->length;
	struct seen seen = { 0 };
	uint64_t previous = 0;
	int err;

	load->saved = features_default(load->identity, load->num_queues);
	while (left) {
		const struct nvmove_cstate_feature *feature = (const void *)at;
		size_t length;

		if (left < sizeof(*feature) ||
		    le32_to_cpu(feature->length) > left - sizeof(*feature) ||
		    le32_to_cpu(feature->length) % 4)
			return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_FEATURES,
					   "features: an entry at byte %zu of %zu is cut off",
					   section->length - left, section->length);
		length = sizeof(*feature) + le32_to_cpu(feature->length);
		if (feature->select != NVMOVE_CSTATE_FEATURE_CURRENT &&
		    feature->select != NVMOVE_CSTATE_FEATURE_SAVED)
			return load_refuse(
				load, -ENOTSUP, NVMOVE_CSTATE_FEATURES,
				"feature %02xh: select 0 or 2 here, %u in the stream",
				feature->fid, feature->select);
		err = take_feature(load, feature, &seen);
		if (err)
			return err;
		if (feature_order(feature) <= previous)
			return load_refuse(
				load, -EBADMSG, NVMOVE_CSTATE_FEATURES,
				"feature %02xh: out of order or twice, select %u, nsid %u, selector %#x",
				feature->fid, feature->select, le32_to_cpu(feature->nsid),
				le16_to_cpu(feature->selector));
		previous = feature_order(feature);
		at += length;
		left -= length;
	}
	if (seen.current != SEEN_ALL)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_FEATURES,
				   "features: set %#x of %#x is there", seen.current, SEEN_ALL);
	err = check_num_queues(load);
	return err ? err : check_write_protect(load);
}

/* ---- events, logs, completions, timers ---- */

#define KNOWN_EVENTS (1u << NVM_EVENT_ERROR | 1u << NVM_EVENT_SMART | 1u << NVM_EVENT_NOTICE | \
		      1u << NVM_EVENT_IO_SPECIFIC)

static int check_events(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_EVENTS];
	const struct nvmove_cstate_events *head = (const void *)section->payload;
	const struct nvmove_cstate_event *event;
	unsigned int nr_requests, nr_events;
	size_t need;

	if (section->length < sizeof(*head))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_EVENTS,
				   "events: %zu bytes, at least %zu", section->length,
				   sizeof(*head));
	nr_requests = le16_to_cpu(head->nr_requests);
	nr_events = le16_to_cpu(head->nr_events);
	if (nr_requests > MAX_AER || (nr_requests && !load->enabled))
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_EVENTS,
				   "Asynchronous Event Requests: at most %u here, %u in the stream",
				   load->enabled ? MAX_AER : 0, nr_requests);
	if (nr_events > MAX_EVENTS)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_EVENTS,
				   "pending events: at most %u here, %u in the stream", MAX_EVENTS,
				   nr_events);
	if (le32_to_cpu(head->masked) & ~KNOWN_EVENTS)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_EVENTS,
				   "masked events: types %#x here, mask %#x in the stream",
				   KNOWN_EVENTS, le32_to_cpu(head->masked));
	need = sizeof(*head) + events_cids_size(nr_requests) + nr_events * sizeof(*event);
	if (section->length != need)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_EVENTS,
				   "events: %zu bytes, %u requests and %u events need %zu",
				   section->length, nr_requests, nr_events, need);
	event = (const void *)(section->payload + need - nr_events * sizeof(*event));
	for (unsigned int i = 0; i < nr_events; i++) {
		if (event[i].type > NVM_EVENT_IO_SPECIFIC || !(KNOWN_EVENTS >> event[i].type & 1))
			return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_EVENTS,
					   "event %u: types %#x here, type %u in the stream", i,
					   KNOWN_EVENTS, event[i].type);
		if (load_check_reserved(load, NVMOVE_CSTATE_EVENTS, "event", &event[i].reserved3,
					sizeof(event[i].reserved3)))
			return -ENOTSUP;
	}
	return load_check_reserved(load, NVMOVE_CSTATE_EVENTS, "command ids of requests",
				   (const uint8_t *)(head + 1) + nr_requests * sizeof(__le16),
				   events_cids_size(nr_requests) - nr_requests * sizeof(__le16));
}

static int check_error_log(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_ERROR_LOG];
	const struct nvmove_cstate_error_log *head = (const void *)section->payload;
	uint32_t nr;

	if (section->length < sizeof(*head))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ERROR_LOG,
				   "error log: %zu bytes, at least %zu", section->length,
				   sizeof(*head));
	nr = le32_to_cpu(head->nr_entries);
	if (nr > ERROR_LOG_ENTRIES)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_ERROR_LOG,
				   "error log: at most %u entries here, %u in the stream",
				   ERROR_LOG_ENTRIES, nr);
	if (section->length != sizeof(*head) + nr * sizeof(struct nvm_error_entry))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_ERROR_LOG,
				   "error log: %zu bytes, %u entries need %zu", section->length, nr,
				   sizeof(*head) + nr * sizeof(struct nvm_error_entry));
	return load_check_reserved(load, NVMOVE_CSTATE_ERROR_LOG, "error log", head->reserved12,
				   sizeof(head->reserved12));
}

static int check_changed_ns(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_CHANGED_NS];
	const __le32 *list = (const void *)section->payload;
	size_t nr = section->length / sizeof(*list);
	uint32_t previous = 0;

	if (nr > CHANGED_NS_MAX)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_CHANGED_NS,
				   "changed namespaces: at most %u here, %zu in the stream",
				   CHANGED_NS_MAX, nr);
	if (nr == 1 && le32_to_cpu(list[0]) == NVM_NSID_ALL)
		return 0;
	for (size_t i = 0; i < nr; i++) {
		uint32_t nsid = le32_to_cpu(list[i]);

		if (nsid <= previous || nsid > load->identity->num_namespaces)
			return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_CHANGED_NS,
					   "changed namespaces: nsid %u after %u, of %u", nsid,
					   previous, load->identity->num_namespaces);
		previous = nsid;
	}
	return 0;
}

static int check_unposted(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_UNPOSTED];
	const struct nvmove_cstate_unposted *entry = (const void *)section->payload;
	size_t nr = section->length / sizeof(*entry);

	if (nr > MAX_IO_REQUESTS + MAX_ADMIN_REQUESTS + MAX_AER)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_UNPOSTED,
				   "unposted completions: at most %u here, %zu in the stream",
				   MAX_IO_REQUESTS + MAX_ADMIN_REQUESTS + MAX_AER, nr);
	for (size_t i = 0; i < nr; i++) {
		unsigned int cqid = le16_to_cpu(entry[i].cqid);

		if (cqid ? !find_cq(load, cqid) : !load->enabled)
			return load_refuse(
				load, -EBADMSG, NVMOVE_CSTATE_UNPOSTED,
				"unposted completion %zu: completion queue %u does not exist", i,
				cqid);
		if (entry[i].cqe[offsetof(struct nvm_cqe, status)] & 1)
			return load_refuse(
				load, -EBADMSG, NVMOVE_CSTATE_UNPOSTED,
				"unposted completion %zu: phase tag 0 expected, 1 in the stream",
				i);
		if (load_check_reserved(load, NVMOVE_CSTATE_UNPOSTED, "unposted completion",
					entry[i].reserved2, sizeof(entry[i].reserved2)))
			return -ENOTSUP;
	}
	return 0;
}

static int check_timers(struct load *load)
{
	const struct nvmove_cstate_timers *timers =
		(const void *)load->section[NVMOVE_CSTATE_TIMERS].payload;
	uint64_t left_ns = le64_to_cpu(timers->keep_alive_ns);
	uint64_t period_ns = (uint64_t)load->features.kato_ms * NS_PER_MS;

	if (left_ns != NVMOVE_CSTATE_NO_KEEP_ALIVE && left_ns > period_ns)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_TIMERS,
				   "Keep Alive Timer: %lu ns left of %lu ns",
				   (unsigned long)left_ns, (unsigned long)period_ns);
	if (timers->timestamp_origin > 1 || timers->timestamp_synch > 1 ||
	    le64_to_cpu(timers->timestamp_ms) >> 48 ||
	    le32_to_cpu(timers->timestamp_ns) >= NS_PER_MS)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_TIMERS,
				   "timestamp: %#lx ms, %u ns, origin %u, synch %u",
				   (unsigned long)le64_to_cpu(timers->timestamp_ms),
				   le32_to_cpu(timers->timestamp_ns), timers->timestamp_origin,
				   timers->timestamp_synch);
	return load_check_reserved(load, NVMOVE_CSTATE_TIMERS, "timers", timers->reserved22,
				   sizeof(timers->reserved22));
}

/* In this order: later checks rely on what earlier ones have established. */
int load_check(struct load *load)
{
	return check_identity(load) ?: check_namespaces(load) ?: check_registers(load) ?:
	       check_admin_queue(load) ?: check_features(load) ?: check_offered(load) ?:
	       check_sqs(load) ?: check_cqs(load) ?: check_queue_memory(load) ?:
	       check_shadow(load) ?: check_events(load) ?: check_error_log(load) ?:
	       check_changed_ns(load) ?: check_unposted(load) ?: check_timers(load) ?:
	       check_locators(load) ?: check_reservations(load) ?: check_resv_log(load);
}
