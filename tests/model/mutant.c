// SPDX-License-Identifier: BSD-2-Clause
/*
 * Planted bugs; see mutant.h. An edit works on one section's payload, or on the I/O queues, of a
 * state that ctrl/ itself has written, so it trusts what it reads.
 */
#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "mutant.h"

/**
 * struct mutant - a planted bug
 * @section: type of the section that @edit changes; 0: the NVMe Controller State
 * @edit: change @payload of @length bytes; returns the length that is left
 */
struct mutant {
	const char *name;
	unsigned int section;
	size_t (*edit)(uint8_t *payload, size_t length);
};

static size_t forget_request(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_events *events = (void *)payload;
	unsigned int nr = le16_to_cpu(events->nr_requests);
	size_t before = (nr * 2 + 3) & ~3u, after;
	uint8_t *cids = payload + sizeof(*events);

	if (!nr)
		return length;
	nr--;
	after = (nr * 2 + 3) & ~3u;
	events->nr_requests = cpu_to_le16(nr);
	memset(cids + nr * 2, 0, before - nr * 2);
	memmove(cids + after, cids + before, length - sizeof(*events) - before);
	return length - (before - after);
}

static size_t forget_events(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_events *events = (void *)payload;

	length -= le16_to_cpu(events->nr_events) * sizeof(struct nvmove_cstate_event);
	events->nr_events = 0;
	return length;
}

static size_t unmask_events(uint8_t *payload, size_t length)
{
	((struct nvmove_cstate_events *)payload)->masked = 0;
	return length;
}

static size_t lose_completion(uint8_t *payload, size_t length)
{
	const size_t one = sizeof(struct nvmove_cstate_unposted);

	if (!length)
		return 0;
	memmove(payload, payload + one, length - one);
	return length - one;
}

static size_t empty_error_log(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_error_log *log = (void *)payload;

	(void)length;
	log->nr_entries = 0;
	return sizeof(*log);
}

static size_t zero_error_count(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_error_log *log = (void *)payload;

	log->error_count = log->nr_entries ? cpu_to_le64(le32_to_cpu(log->nr_entries)) : 0;
	return length;
}

static size_t zero_smart(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_smart *smart = (void *)payload;

	smart->host_reads = 0;
	smart->host_writes = 0;
	return length;
}

static size_t empty(uint8_t *payload, size_t length)
{
	(void)payload;
	(void)length;
	return 0;
}

/* Set the value of the features with this id back to 0; with data, zero the data. */
static size_t zero_feature(uint8_t *payload, size_t length, uint8_t fid)
{
	for (size_t at = 0; at < length;) {
		struct nvmove_cstate_feature *feature = (void *)(payload + at);
		size_t data = le32_to_cpu(feature->length);

		if (feature->fid == fid) {
			/* What identifies a vector's entry stays. */
			feature->value = cpu_to_le32(fid == NVM_FEAT_IRQ_CONFIG ?
						     le16_to_cpu(feature->selector) : 0);
			memset(feature + 1, 0, data);
		}
		at += sizeof(*feature) + data;
	}
	return length;
}

/* Leave out every entry of the feature with this id. */
static size_t drop_feature(uint8_t *payload, size_t length, uint8_t fid)
{
	for (size_t at = 0; at < length;) {
		struct nvmove_cstate_feature *feature = (void *)(payload + at);
		size_t size = sizeof(*feature) + le32_to_cpu(feature->length);

		if (feature->fid == fid) {
			length -= size;
			memmove(payload + at, payload + at + size, length - at);
		} else {
			at += size;
		}
	}
	return length;
}

static size_t drop_write_protect(uint8_t *payload, size_t length)
{
	return drop_feature(payload, length, NVM_FEAT_WRITE_PROTECT);
}

static size_t forget_shadow(uint8_t *payload, size_t length)
{
	memset(payload, 0, length);
	return length;
}

static size_t drop_resv_mask(uint8_t *payload, size_t length)
{
	return drop_feature(payload, length, NVM_FEAT_RESV_MASK);
}

static size_t restart_generations(uint8_t *payload, size_t length)
{
	for (size_t at = 0; at < length;) {
		struct nvmove_cstate_reservation *resv = (void *)(payload + at);

		if (le16_to_cpu(resv->nr_registrants))
			resv->generation = cpu_to_le32(1);
		at += sizeof(*resv) + le16_to_cpu(resv->nr_registrants) *
				      sizeof(struct nvmove_cstate_registrant);
	}
	return length;
}

static size_t forget_notices(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_resv_log *log = (void *)payload;

	(void)length;
	log->nr_entries = 0;
	return sizeof(*log);
}

static size_t drop_saved(uint8_t *payload, size_t length)
{
	for (size_t at = 0; at < length;) {
		struct nvmove_cstate_feature *feature = (void *)(payload + at);
		size_t size = sizeof(*feature) + le32_to_cpu(feature->length);

		if (feature->select == NVMOVE_CSTATE_FEATURE_SAVED) {
			length -= size;
			memmove(payload + at, payload + at + size, length - at);
		} else {
			at += size;
		}
	}
	return length;
}

static size_t mix_up_locators(uint8_t *payload, size_t length)
{
	if (length)
		payload[sizeof(struct nvmove_cstate_locator)] = 'x';
	return length;
}

#define ZERO_FEATURE(name, fid)						\
static size_t zero_##name(uint8_t *payload, size_t length)		\
{									\
	return zero_feature(payload, length, fid);			\
}

ZERO_FEATURE(async_event, NVM_FEAT_ASYNC_EVENT)
ZERO_FEATURE(irq_config, NVM_FEAT_IRQ_CONFIG)
ZERO_FEATURE(temperature, NVM_FEAT_TEMP_THRESHOLD)
ZERO_FEATURE(error_recovery, NVM_FEAT_ERROR_RECOVERY)
ZERO_FEATURE(num_queues, NVM_FEAT_NUM_QUEUES)
ZERO_FEATURE(host_id, NVM_FEAT_HOST_ID)

static size_t clear_intms(uint8_t *payload, size_t length)
{
	((struct nvmove_cstate_registers *)payload)->intms = 0;
	return length;
}

static size_t forget_shutdown(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_registers *regs = (void *)payload;

	regs->csts &= ~cpu_to_le32(NVM_CSTS_SHST_MASK);
	return length;
}

static size_t skip_admin_commands(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_admin_queue *admin = (void *)payload;

	admin->sq_head = admin->sq_tail;
	return length;
}

static size_t flip_admin_phase(uint8_t *payload, size_t length)
{
	struct nvmove_cstate_admin_queue *admin = (void *)payload;

	if (admin->flags)
		admin->flags ^= cpu_to_le16(NVMOVE_CSTATE_ADMIN_F_PHASE);
	return length;
}

static size_t zero_timestamp(uint8_t *payload, size_t length)
{
	((struct nvmove_cstate_timers *)payload)->timestamp_ms = 0;
	return length;
}

static size_t stop_keep_alive(uint8_t *payload, size_t length)
{
	((struct nvmove_cstate_timers *)payload)->keep_alive_ns =
		cpu_to_le64(NVMOVE_CSTATE_NO_KEEP_ALIVE);
	return length;
}

static struct nvmove_cstate_sq *sqs(uint8_t *payload, unsigned int *nr)
{
	*nr = le16_to_cpu(((struct nvmove_cstate_nvme *)payload)->nr_sq);
	return (void *)(payload + sizeof(struct nvmove_cstate_nvme));
}

static struct nvmove_cstate_cq *cqs(uint8_t *payload, unsigned int *nr)
{
	unsigned int nr_sq;
	struct nvmove_cstate_sq *sq = sqs(payload, &nr_sq);

	*nr = le16_to_cpu(((struct nvmove_cstate_nvme *)payload)->nr_cq);
	return (void *)(sq + nr_sq);
}

static size_t skip_commands(uint8_t *payload, size_t length)
{
	unsigned int nr;
	struct nvmove_cstate_sq *sq = sqs(payload, &nr);

	for (unsigned int i = 0; i < nr; i++)
		sq[i].head = sq[i].tail;
	return length;
}

static size_t flip_phase(uint8_t *payload, size_t length)
{
	unsigned int nr;
	struct nvmove_cstate_cq *cq = cqs(payload, &nr);

	for (unsigned int i = 0; i < nr; i++)
		cq[i].attributes ^= cpu_to_le32(NVMOVE_CSTATE_CQ_PHASE);
	return length;
}

static size_t disable_interrupts(uint8_t *payload, size_t length)
{
	unsigned int nr;
	struct nvmove_cstate_cq *cq = cqs(payload, &nr);

	for (unsigned int i = 0; i < nr; i++)
		cq[i].attributes &= ~cpu_to_le32(NVMOVE_CSTATE_CQ_IEN);
	return length;
}

static size_t vector_zero(uint8_t *payload, size_t length)
{
	unsigned int nr;
	struct nvmove_cstate_cq *cq = cqs(payload, &nr);

	for (unsigned int i = 0; i < nr; i++)
		cq[i].attributes &= cpu_to_le32(0xffff);
	return length;
}

static size_t all_read(uint8_t *payload, size_t length)
{
	unsigned int nr;
	struct nvmove_cstate_cq *cq = cqs(payload, &nr);

	for (unsigned int i = 0; i < nr; i++)
		cq[i].head = cq[i].tail;
	return length;
}

static const struct mutant mutants[] = {
	{ "request-forgotten", NVMOVE_CSTATE_EVENTS, forget_request },
	{ "events-forgotten", NVMOVE_CSTATE_EVENTS, forget_events },
	{ "event-mask-forgotten", NVMOVE_CSTATE_EVENTS, unmask_events },
	{ "completion-lost", NVMOVE_CSTATE_UNPOSTED, lose_completion },
	{ "error-log-left-out", NVMOVE_CSTATE_ERROR_LOG, empty_error_log },
	{ "error-count-dropped", NVMOVE_CSTATE_ERROR_LOG, zero_error_count },
	{ "smart-counters-dropped", NVMOVE_CSTATE_SMART, zero_smart },
	{ "changed-namespaces-left-out", NVMOVE_CSTATE_CHANGED_NS, empty },
	{ "async-event-config-dropped", NVMOVE_CSTATE_FEATURES, zero_async_event },
	{ "vector-config-dropped", NVMOVE_CSTATE_FEATURES, zero_irq_config },
	{ "temperature-thresholds-dropped", NVMOVE_CSTATE_FEATURES, zero_temperature },
	{ "error-recovery-dropped", NVMOVE_CSTATE_FEATURES, zero_error_recovery },
	{ "host-id-dropped", NVMOVE_CSTATE_FEATURES, zero_host_id },
	{ "write-protection-dropped", NVMOVE_CSTATE_FEATURES, drop_write_protect },
	{ "locators-mixed-up", NVMOVE_CSTATE_LOCATORS, mix_up_locators },
	{ "saved-values-dropped", NVMOVE_CSTATE_FEATURES, drop_saved },
	{ "shadow-doorbells-forgotten", NVMOVE_CSTATE_SHADOW, forget_shadow },
	{ "reservations-left-out", NVMOVE_CSTATE_RESERVATIONS, empty },
	{ "reservation-generations-dropped", NVMOVE_CSTATE_RESERVATIONS, restart_generations },
	{ "reservation-mask-dropped", NVMOVE_CSTATE_FEATURES, drop_resv_mask },
	{ "reservation-notices-forgotten", NVMOVE_CSTATE_RESV_LOG, forget_notices },
	{ "interrupt-mask-dropped", NVMOVE_CSTATE_REGISTERS, clear_intms },
	{ "shutdown-forgotten", NVMOVE_CSTATE_REGISTERS, forget_shutdown },
	{ "admin-commands-skipped", NVMOVE_CSTATE_ADMIN_QUEUE, skip_admin_commands },
	{ "admin-phase-flipped", NVMOVE_CSTATE_ADMIN_QUEUE, flip_admin_phase },
	{ "timestamp-dropped", NVMOVE_CSTATE_TIMERS, zero_timestamp },
	{ "keep-alive-stopped", NVMOVE_CSTATE_TIMERS, stop_keep_alive },
	{ "commands-skipped", 0, skip_commands },
	{ "phase-flipped", 0, flip_phase },
	{ "interrupts-disabled", 0, disable_interrupts },
	{ "vectors-mixed-up", 0, vector_zero },
	{ "completions-taken-for-read", 0, all_read },
	/* The granted number of queues is seen by creating one beyond it. */
	{ "queues-taken-back", NVMOVE_CSTATE_FEATURES, zero_num_queues },
};

#define NR_MUTANTS	(sizeof(mutants) / sizeof(mutants[0]))

const struct mutant *mutant_number(size_t number)
{
	return number < NR_MUTANTS ? &mutants[number] : NULL;
}

const struct mutant *mutant_find(const char *name)
{
	for (size_t i = 0; i < NR_MUTANTS; i++) {
		if (!strcmp(mutants[i].name, name))
			return &mutants[i];
	}
	return NULL;
}

const char *mutant_name(const struct mutant *mutant)
{
	return mutant->name;
}

/* Let @edit have a section, close the gap that it leaves, seal the section again. */
static void edit_section(const struct mutant *mutant, uint8_t *at, uint8_t *end, long *size)
{
	struct nvmove_cstate_section *section = (void *)at;
	size_t before = le32_to_cpu(section->length), after;
	uint8_t *payload = at + sizeof(*section);

	after = mutant->edit(payload, before);
	memmove(payload + after, payload + before, end - (payload + before));
	*size -= before - after;
	section->length = cpu_to_le32(after);
	section->crc = 0;
	section->crc = cpu_to_le32(nvmove_crc32c(0, section, sizeof(*section) + after));
}

void mutant_apply(const struct mutant *mutant, uint8_t *state, long *size)
{
	struct nvmove_cstate_header *header = (void *)state;
	size_t nvme_len = le64_to_cpu(header->nvme_dwords[0]) * 4;
	uint8_t *vendor_at = state + sizeof(*header) + nvme_len;
	struct nvmove_cstate_vendor *vendor = (void *)vendor_at;
	uint8_t *at = vendor_at + sizeof(*vendor);

	if (!mutant->section)
		mutant->edit(state + sizeof(*header), nvme_len);
	for (unsigned int i = 0; i < le32_to_cpu(vendor->nr_sections); i++) {
		struct nvmove_cstate_section *section = (void *)at;

		if (mutant->section && le16_to_cpu(section->type) == mutant->section)
			edit_section(mutant, at, state + *size, size);
		at += sizeof(*section) + le32_to_cpu(section->length);
	}
	header->vendor_dwords[0] = cpu_to_le64((state + *size - vendor_at) / 4);
	vendor->nvme_crc = cpu_to_le32(nvmove_crc32c(0, state, vendor_at - state));
	vendor->crc = 0;
	vendor->crc = cpu_to_le32(nvmove_crc32c(0, vendor, sizeof(*vendor)));
}
