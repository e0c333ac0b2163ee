// SPDX-License-Identifier: BSD-2-Clause
/*
 * The register of plain data; see fields.h.
 */
#include <string.h>

#include "fields.h"

#define MEMBER(type, member)						\
	.name = #member,						\
	.offset = offsetof(struct type, member),			\
	.size = sizeof(((struct type *)NULL)->member),			\
	.align = __alignof__(((struct type *)NULL)->member)

#define AS_IT_IS(type, member, where)					\
	{ MEMBER(type, member), .travel = TRAVELS_AS_IT_IS, .section = where }
#define TRANSLATED(type, member, where, how)				\
	{ MEMBER(type, member), .travel = TRAVELS_TRANSLATED, .section = where, .equal = how }
#define ONE_VALUE(type, member, where, reason)				\
	{ MEMBER(type, member), .travel = CONSTANT, .section = where, .why = reason }
#define INSIDE(type, member, inner)					\
	{ MEMBER(type, member), .travel = NESTED, .structure = &inner }
#define EACH(type, member, inner)					\
	{ MEMBER(type, member), .travel = NESTED_ARRAY, .structure = &inner }
#define NOT(type, member, reason)					\
	{ MEMBER(type, member), .travel = STAYS, .why = reason }

#define STRUCTURE(type, fields)						\
	{ #type, sizeof(struct type), __alignof__(struct type), fields,	\
	  sizeof(fields) / sizeof(fields[0]) }

static const struct field sq_fields[] = {
	AS_IT_IS(sq_state, exists, IO_QUEUES_PART),
	AS_IT_IS(sq_state, priority, IO_QUEUES_PART),
	AS_IT_IS(sq_state, cqid, IO_QUEUES_PART),
	AS_IT_IS(sq_state, size, IO_QUEUES_PART),
	AS_IT_IS(sq_state, head, IO_QUEUES_PART),
	AS_IT_IS(sq_state, tail, IO_QUEUES_PART),
	AS_IT_IS(sq_state, addr, IO_QUEUES_PART),
};
static const struct structure sq_structure = STRUCTURE(sq_state, sq_fields);

static const struct field cq_fields[] = {
	AS_IT_IS(cq_state, exists, IO_QUEUES_PART),
	AS_IT_IS(cq_state, irq_enabled, IO_QUEUES_PART),
	AS_IT_IS(cq_state, phase, IO_QUEUES_PART),
	AS_IT_IS(cq_state, vector, IO_QUEUES_PART),
	AS_IT_IS(cq_state, size, IO_QUEUES_PART),
	AS_IT_IS(cq_state, head, IO_QUEUES_PART),
	AS_IT_IS(cq_state, tail, IO_QUEUES_PART),
	AS_IT_IS(cq_state, addr, IO_QUEUES_PART),
};
static const struct structure cq_structure = STRUCTURE(cq_state, cq_fields);

static const struct field event_fields[] = {
	AS_IT_IS(event, type, NVMOVE_CSTATE_EVENTS),
	AS_IT_IS(event, info, NVMOVE_CSTATE_EVENTS),
	AS_IT_IS(event, log_page, NVMOVE_CSTATE_EVENTS),
};
static const struct structure event_structure = STRUCTURE(event, event_fields);

static const struct field events_fields[] = {
	AS_IT_IS(events_state, nr_requests, NVMOVE_CSTATE_EVENTS),
	AS_IT_IS(events_state, request_cid, NVMOVE_CSTATE_EVENTS),
	AS_IT_IS(events_state, nr_events, NVMOVE_CSTATE_EVENTS),
	INSIDE(events_state, event, event_structure),
	AS_IT_IS(events_state, masked, NVMOVE_CSTATE_EVENTS),
};
static const struct structure events_structure = STRUCTURE(events_state, events_fields);

static const struct field features_fields[] = {
	AS_IT_IS(features_state, arbitration, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, power_mgmt, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, temp_over, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, temp_under, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, volatile_wc, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, num_queues, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, irq_coalesce, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, write_atomicity, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, async_event, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, kato_ms, NVMOVE_CSTATE_FEATURES),
	ONE_VALUE(features_state, iocs_profile, NVMOVE_CSTATE_FEATURES,
		  "0 is the only combination of command sets"),
	AS_IT_IS(features_state, acre, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, host_id, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, host_id_is_extended, NVMOVE_CSTATE_FEATURES),
};
static const struct structure features_structure = STRUCTURE(features_state, features_fields);

#define NOT_SAVEABLE "the feature is not saveable: the member is not used"

static const struct field saved_fields[] = {
	AS_IT_IS(features_state, arbitration, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, power_mgmt, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, temp_over, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, temp_under, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, volatile_wc, NVMOVE_CSTATE_FEATURES),
	NOT(features_state, num_queues, NOT_SAVEABLE),
	AS_IT_IS(features_state, irq_coalesce, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, write_atomicity, NVMOVE_CSTATE_FEATURES),
	AS_IT_IS(features_state, async_event, NVMOVE_CSTATE_FEATURES),
	NOT(features_state, kato_ms, NOT_SAVEABLE),
	NOT(features_state, iocs_profile, NOT_SAVEABLE),
	NOT(features_state, acre, NOT_SAVEABLE),
	NOT(features_state, host_id, NOT_SAVEABLE),
	NOT(features_state, host_id_is_extended, NOT_SAVEABLE),
};
static const struct structure saved_structure = STRUCTURE(features_state, saved_fields);

static const struct field shadow_fields[] = {
	AS_IT_IS(shadow_state, doorbells, NVMOVE_CSTATE_SHADOW),
	AS_IT_IS(shadow_state, event_indexes, NVMOVE_CSTATE_SHADOW),
};
static const struct structure shadow_structure = STRUCTURE(shadow_state, shadow_fields);

static bool same_power_on(const struct nvmove_ctrl *a, const struct nvmove_ctrl *b)
{
	return power_on_ns(a, ctrl_now_ns(a)) == power_on_ns(b, ctrl_now_ns(b));
}

static const struct field smart_fields[] = {
	AS_IT_IS(smart_state, blocks_read, NVMOVE_CSTATE_SMART),
	AS_IT_IS(smart_state, blocks_written, NVMOVE_CSTATE_SMART),
	AS_IT_IS(smart_state, host_reads, NVMOVE_CSTATE_SMART),
	AS_IT_IS(smart_state, host_writes, NVMOVE_CSTATE_SMART),
	AS_IT_IS(smart_state, power_cycles, NVMOVE_CSTATE_SMART),
	TRANSLATED(smart_state, power_on_ns, NVMOVE_CSTATE_SMART, same_power_on),
	AS_IT_IS(smart_state, unsafe_shutdowns, NVMOVE_CSTATE_SMART),
	AS_IT_IS(smart_state, media_errors, NVMOVE_CSTATE_SMART),
	AS_IT_IS(smart_state, busy_ns, NVMOVE_CSTATE_SMART),
};
static const struct structure smart_structure = STRUCTURE(smart_state, smart_fields);

/* A ring: its entries from the newest on, wherever that is. */
static bool same_errors(const struct nvmove_ctrl *a, const struct nvmove_ctrl *b)
{
	const struct error_log_state *x = &a->st.error_log, *y = &b->st.error_log;

	for (unsigned int i = 0; i < x->nr_entries; i++) {
		unsigned int at_x = (x->newest + ERROR_LOG_ENTRIES - i) % ERROR_LOG_ENTRIES;
		unsigned int at_y = (y->newest + ERROR_LOG_ENTRIES - i) % ERROR_LOG_ENTRIES;

		if (memcmp(&x->entry[at_x], &y->entry[at_y], sizeof(x->entry[0])))
			return false;
	}
	return x->nr_entries == y->nr_entries;
}

static const struct field error_log_fields[] = {
	AS_IT_IS(error_log_state, error_count, NVMOVE_CSTATE_ERROR_LOG),
	AS_IT_IS(error_log_state, nr_entries, NVMOVE_CSTATE_ERROR_LOG),
	TRANSLATED(error_log_state, newest, NVMOVE_CSTATE_ERROR_LOG, same_errors),
	TRANSLATED(error_log_state, entry, NVMOVE_CSTATE_ERROR_LOG, same_errors),
};
static const struct structure error_log_structure =
	STRUCTURE(error_log_state, error_log_fields);

static const struct field changed_ns_fields[] = {
	AS_IT_IS(changed_ns_state, nsid, NVMOVE_CSTATE_CHANGED_NS),
	AS_IT_IS(changed_ns_state, nr, NVMOVE_CSTATE_CHANGED_NS),
};
static const struct structure changed_ns_structure =
	STRUCTURE(changed_ns_state, changed_ns_fields);

static const struct field resv_notice_fields[] = {
	AS_IT_IS(resv_notice, count, NVMOVE_CSTATE_RESV_LOG),
	AS_IT_IS(resv_notice, nsid, NVMOVE_CSTATE_RESV_LOG),
	AS_IT_IS(resv_notice, type, NVMOVE_CSTATE_RESV_LOG),
};
static const struct structure resv_notice_structure =
	STRUCTURE(resv_notice, resv_notice_fields);

static const struct field resv_log_fields[] = {
	AS_IT_IS(resv_log_state, count, NVMOVE_CSTATE_RESV_LOG),
	AS_IT_IS(resv_log_state, nr, NVMOVE_CSTATE_RESV_LOG),
	INSIDE(resv_log_state, notice, resv_notice_structure),
};
static const struct structure resv_log_structure = STRUCTURE(resv_log_state, resv_log_fields);

static const struct field registrant_fields[] = {
	AS_IT_IS(registrant, host_id, NVMOVE_CSTATE_RESERVATIONS),
	AS_IT_IS(registrant, key, NVMOVE_CSTATE_RESERVATIONS),
	AS_IT_IS(registrant, holds, NVMOVE_CSTATE_RESERVATIONS),
};
static const struct structure registrant_structure = STRUCTURE(registrant, registrant_fields);

static const struct field reservation_fields[] = {
	AS_IT_IS(reservation, type, NVMOVE_CSTATE_RESERVATIONS),
	AS_IT_IS(reservation, ptpl, NVMOVE_CSTATE_RESERVATIONS),
	AS_IT_IS(reservation, generation, NVMOVE_CSTATE_RESERVATIONS),
	AS_IT_IS(reservation, nr_registrants, NVMOVE_CSTATE_RESERVATIONS),
	EACH(reservation, registrant, registrant_structure),
};
static const struct structure reservation_structure =
	STRUCTURE(reservation, reservation_fields);

/* Arrays of plain words: compared as the one member that they have. */
struct word {
	uint32_t value;
};

static const struct field word_fields[] = {
	AS_IT_IS(word, value, NVMOVE_CSTATE_FEATURES),
};
static const struct structure word_structure = STRUCTURE(word, word_fields);

static bool same_keep_alive(const struct nvmove_ctrl *a, const struct nvmove_ctrl *b)
{
	return a->st.keep_alive_deadline_ns - a->suspended_at_ns ==
	       b->st.keep_alive_deadline_ns - b->suspended_at_ns;
}

static bool same_timestamp(const struct nvmove_ctrl *a, const struct nvmove_ctrl *b)
{
	return timestamp_at_ms(a, ctrl_now_ns(a)) == timestamp_at_ms(b, ctrl_now_ns(b));
}

/* Nobody counted while the state travelled, and the host is told so. */
static bool told_of_the_move(const struct nvmove_ctrl *a, const struct nvmove_ctrl *b)
{
	(void)a;
	return b->st.timestamp_synch;
}

static const struct field ctrl_state_fields[] = {
	AS_IT_IS(ctrl_state, cc, NVMOVE_CSTATE_REGISTERS),
	AS_IT_IS(ctrl_state, csts, NVMOVE_CSTATE_REGISTERS),
	AS_IT_IS(ctrl_state, aqa, NVMOVE_CSTATE_REGISTERS),
	AS_IT_IS(ctrl_state, intms, NVMOVE_CSTATE_REGISTERS),
	AS_IT_IS(ctrl_state, asq, NVMOVE_CSTATE_REGISTERS),
	AS_IT_IS(ctrl_state, acq, NVMOVE_CSTATE_REGISTERS),
	EACH(ctrl_state, sq, sq_structure),
	EACH(ctrl_state, cq, cq_structure),
	INSIDE(ctrl_state, shadow, shadow_structure),
	INSIDE(ctrl_state, features, features_structure),
	INSIDE(ctrl_state, saved, saved_structure),
	EACH(ctrl_state, irq_config, word_structure),
	EACH(ctrl_state, error_recovery, word_structure),
	EACH(ctrl_state, error_recovery_saved, word_structure),
	EACH(ctrl_state, resv_mask, word_structure),
	INSIDE(ctrl_state, events, events_structure),
	INSIDE(ctrl_state, smart, smart_structure),
	TRANSLATED(ctrl_state, keep_alive_deadline_ns, NVMOVE_CSTATE_TIMERS, same_keep_alive),
	TRANSLATED(ctrl_state, timestamp_base_ms, NVMOVE_CSTATE_TIMERS, same_timestamp),
	TRANSLATED(ctrl_state, timestamp_set_ns, NVMOVE_CSTATE_TIMERS, same_timestamp),
	AS_IT_IS(ctrl_state, timestamp_origin, NVMOVE_CSTATE_TIMERS),
	TRANSLATED(ctrl_state, timestamp_synch, NVMOVE_CSTATE_TIMERS, told_of_the_move),
	INSIDE(ctrl_state, error_log, error_log_structure),
	INSIDE(ctrl_state, changed_ns, changed_ns_structure),
	INSIDE(ctrl_state, resv_log, resv_log_structure),
};
const struct structure ctrl_state_structure = STRUCTURE(ctrl_state, ctrl_state_fields);

#define ADOPTED "checked against, or adopted into, the virtual subsystem: state_identity.c"

static const struct field identity_fields[] = {
	NOT(identity, subnqn, ADOPTED),
	NOT(identity, serial, ADOPTED),
	NOT(identity, model, ADOPTED),
	NOT(identity, firmware, ADOPTED),
	NOT(identity, vendor_id, ADOPTED),
	NOT(identity, subsystem_vendor_id, ADOPTED),
	NOT(identity, ieee_oui, ADOPTED),
	NOT(identity, max_queue_entries, ADOPTED),
	NOT(identity, mdts, ADOPTED),
	NOT(identity, num_namespaces, ADOPTED),
	NOT(identity, oacs, ADOPTED),
	NOT(identity, oncs, ADOPTED),
	NOT(identity, volatile_write_cache, ADOPTED),
};
static const struct structure identity_structure = STRUCTURE(identity, identity_fields);

#define MACHINERY "run-time machinery, empty when suspended"
#define PROVISIONED "provisioned on both sides, and checked: section 9, namespaces"

static const struct field namespace_fields[] = {
	NOT(nvmove_namespace, nsid, "the device's own; the host's is in section 9"),
	NOT(nvmove_namespace, lba_shift, PROVISIONED),
	NOT(nvmove_namespace, blocks, PROVISIONED),
	NOT(nvmove_namespace, medium, "both sides reach the same data"),
	INSIDE(nvmove_namespace, reservation, reservation_structure),
	NOT(nvmove_namespace, preempting, MACHINERY),
	NOT(nvmove_namespace, uuid, PROVISIONED),
	NOT(nvmove_namespace, nguid, PROVISIONED),
	NOT(nvmove_namespace, eui64, PROVISIONED),
	NOT(nvmove_namespace, is_private, PROVISIONED),
	AS_IT_IS(nvmove_namespace, write_protect, NVMOVE_CSTATE_FEATURES),
	NOT(nvmove_namespace, locator, "provisioned on both sides, and checked: section 12"),
	NOT(nvmove_namespace, pool_bytes, "the device's own, seen by its primary alone"),
	NOT(nvmove_namespace, nr_requests, MACHINERY),
	NOT(nvmove_namespace, changes_begun, MACHINERY),
	NOT(nvmove_namespace, changes_under_way, MACHINERY),
	NOT(nvmove_namespace, delete_request, MACHINERY),
	NOT(nvmove_namespace, next, MACHINERY),
};
const struct structure namespace_structure =
	STRUCTURE(nvmove_namespace, namespace_fields);

const struct structure *const structures[] = {
	&ctrl_state_structure, &sq_structure, &cq_structure,
	&event_structure, &events_structure, &features_structure,
	&saved_structure, &shadow_structure, &smart_structure,
	&error_log_structure, &changed_ns_structure, &identity_structure,
	&namespace_structure, &resv_notice_structure, &resv_log_structure,
	&registrant_structure, &reservation_structure,
};
const size_t nr_structures = sizeof(structures) / sizeof(structures[0]);
