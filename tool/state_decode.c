// SPDX-License-Identifier: BSD-2-Clause
/*
 * A controller state as JSON. The form of the state has been checked by the library before anything
 * is shown; only lists with a count or with entries of several lengths are measured here.
 */
#include "state_decode.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fields.h"

#define ERROR_ENTRY_SIZE	64

#define IDENTITY(member, name, kind) FIELD(struct nvmove_cstate_identity, member, name, kind)

static const struct field identity_fields[] = {
	IDENTITY(subnqn, "subsystem_nqn", FIELD_TEXT),
	IDENTITY(serial, "serial", FIELD_TEXT),
	IDENTITY(model, "model", FIELD_TEXT),
	IDENTITY(firmware, "firmware", FIELD_TEXT),
	IDENTITY(vendor_id, "vendor_id", FIELD_HEX),
	IDENTITY(subsystem_vendor_id, "subsystem_vendor_id", FIELD_HEX),
	IDENTITY(ieee_oui, "ieee_oui", FIELD_BYTES),
	IDENTITY(mdts, "mdts", FIELD_COUNT),
	IDENTITY(cntlid, "cntlid", FIELD_COUNT),
	IDENTITY(oacs, "oacs", FIELD_HEX),
	IDENTITY(oncs, "oncs", FIELD_HEX),
	IDENTITY(vwc, "vwc", FIELD_HEX),
	IDENTITY(lpa, "lpa", FIELD_HEX),
	IDENTITY(acl, "acl", FIELD_COUNT),
	IDENTITY(aerl, "aerl", FIELD_COUNT),
	IDENTITY(elpe, "elpe", FIELD_COUNT),
	IDENTITY(npss, "npss", FIELD_COUNT),
	IDENTITY(nwpc, "nwpc", FIELD_HEX),
	IDENTITY(kas, "kas", FIELD_COUNT),
	IDENTITY(wctemp, "wctemp", FIELD_COUNT),
	IDENTITY(cctemp, "cctemp", FIELD_COUNT),
	IDENTITY(oaes, "oaes", FIELD_HEX),
	IDENTITY(ctratt, "ctratt", FIELD_HEX),
	IDENTITY(version, "version", FIELD_HEX),
	IDENTITY(num_namespaces, "namespaces", FIELD_COUNT),
	IDENTITY(num_queues, "queues", FIELD_COUNT),
	IDENTITY(num_vectors, "vectors", FIELD_COUNT),
	IDENTITY(bar_size, "bar_size", FIELD_COUNT),
	IDENTITY(cap, "cap", FIELD_HEX),
};

#define REGISTER(member) FIELD(struct nvmove_cstate_registers, member, #member, FIELD_HEX)

static const struct field register_fields[] = {
	REGISTER(cc), REGISTER(csts), REGISTER(aqa), REGISTER(intms), REGISTER(asq), REGISTER(acq),
};

#define ADMIN(member, kind) FIELD(struct nvmove_cstate_admin_queue, member, #member, kind)

static const struct field admin_queue_fields[] = {
	ADMIN(sq_head, FIELD_COUNT), ADMIN(sq_tail, FIELD_COUNT), ADMIN(cq_head, FIELD_COUNT),
	ADMIN(cq_tail, FIELD_COUNT), ADMIN(flags, FIELD_HEX),
};

#define SMART(member) FIELD(struct nvmove_cstate_smart, member, #member, FIELD_COUNT)

static const struct field smart_fields[] = {
	SMART(blocks_read),	 SMART(blocks_written), SMART(host_reads),
	SMART(host_writes),	 SMART(power_cycles),	SMART(power_on_ns),
	SMART(unsafe_shutdowns), SMART(media_errors),	SMART(busy_ns),
};

#define NAMESPACE(member, kind) FIELD(struct nvmove_cstate_namespace, member, #member, kind)

static const struct field namespace_fields[] = {
	NAMESPACE(nsid, FIELD_COUNT),	NAMESPACE(lba_shift, FIELD_COUNT),
	NAMESPACE(flags, FIELD_HEX),	NAMESPACE(blocks, FIELD_COUNT),
	NAMESPACE(uuid, FIELD_BYTES),	NAMESPACE(nguid, FIELD_BYTES),
	NAMESPACE(eui64, FIELD_BYTES),
};

/* The completion queue entry (Base 4.2.1) at its place in struct nvmove_cstate_unposted. */
#define CQE	offsetof(struct nvmove_cstate_unposted, cqe)

static const struct field unposted_fields[] = {
	FIELD(struct nvmove_cstate_unposted, cqid, "cqid", FIELD_COUNT),
	{ "dw0", FIELD_HEX, CQE, 4 },
	{ "dw1", FIELD_HEX, CQE + 4, 4 },
	{ "sqhd", FIELD_COUNT, CQE + 8, 2 },
	{ "sqid", FIELD_COUNT, CQE + 10, 2 },
	{ "cid", FIELD_COUNT, CQE + 12, 2 },
	{ "status", FIELD_HEX, CQE + 14, 2 },
};

#define TIMER(member) FIELD(struct nvmove_cstate_timers, member, #member, FIELD_COUNT)

static const struct field timer_fields[] = {
	TIMER(keep_alive_ns),	 TIMER(timestamp_ms),	 TIMER(timestamp_ns),
	TIMER(timestamp_origin), TIMER(timestamp_synch),
};

static const struct field shadow_fields[] = {
	FIELD(struct nvmove_cstate_shadow, doorbells, "doorbells", FIELD_HEX),
	FIELD(struct nvmove_cstate_shadow, event_indexes, "event_indexes", FIELD_HEX),
};

#define FEATURE(member, name, kind) FIELD(struct nvmove_cstate_feature, member, name, kind)

static const struct field feature_fields[] = {
	FEATURE(fid, "feature", FIELD_HEX),
	FEATURE(select, "select", FIELD_COUNT),
	FEATURE(selector, "selector", FIELD_HEX),
	FEATURE(nsid, "nsid", FIELD_COUNT),
	FEATURE(value, "value", FIELD_HEX),
};

static const struct field event_fields[] = {
	FIELD(struct nvmove_cstate_event, type, "type", FIELD_COUNT),
	FIELD(struct nvmove_cstate_event, info, "info", FIELD_COUNT),
	FIELD(struct nvmove_cstate_event, log_page, "log_page", FIELD_HEX),
};

#define RESERVATION(member) FIELD(struct nvmove_cstate_reservation, member, #member, FIELD_COUNT)

static const struct field reservation_fields[] = {
	RESERVATION(nsid), RESERVATION(generation), RESERVATION(type),
	RESERVATION(ptpl), RESERVATION(holder),
};

static const struct field registrant_fields[] = {
	FIELD(struct nvmove_cstate_registrant, host_id, "host_id", FIELD_BYTES),
	FIELD(struct nvmove_cstate_registrant, key, "key", FIELD_HEX),
};

static const struct field notice_fields[] = {
	FIELD(struct nvmove_cstate_resv_notice, count, "count", FIELD_COUNT),
	FIELD(struct nvmove_cstate_resv_notice, nsid, "nsid", FIELD_COUNT),
	FIELD(struct nvmove_cstate_resv_notice, type, "type", FIELD_COUNT),
};

#define SQ(member, kind) FIELD(struct nvmove_cstate_sq, member, #member, kind)

static const struct field sq_fields[] = {
	SQ(cqid, FIELD_COUNT), SQ(attributes, FIELD_HEX), SQ(head, FIELD_COUNT),
	SQ(tail, FIELD_COUNT),
};

#define CQ(member, kind) FIELD(struct nvmove_cstate_cq, member, #member, kind)

static const struct field cq_fields[] = {
	CQ(head, FIELD_COUNT), CQ(tail, FIELD_COUNT), CQ(attributes, FIELD_HEX),
};

static const struct layout identity = LAYOUT(struct nvmove_cstate_identity, identity_fields);
static const struct layout registers = LAYOUT(struct nvmove_cstate_registers, register_fields);
static const struct layout admin_queue =
	LAYOUT(struct nvmove_cstate_admin_queue, admin_queue_fields);
static const struct layout smart = LAYOUT(struct nvmove_cstate_smart, smart_fields);
static const struct layout namespaces = LAYOUT(struct nvmove_cstate_namespace, namespace_fields);
static const struct layout unposted = LAYOUT(struct nvmove_cstate_unposted, unposted_fields);
static const struct layout timers = LAYOUT(struct nvmove_cstate_timers, timer_fields);
static const struct layout shadow = LAYOUT(struct nvmove_cstate_shadow, shadow_fields);
static const struct layout feature = LAYOUT(struct nvmove_cstate_feature, feature_fields);
static const struct layout event = LAYOUT(struct nvmove_cstate_event, event_fields);
static const struct layout reservation =
	LAYOUT(struct nvmove_cstate_reservation, reservation_fields);
static const struct layout registrant = LAYOUT(struct nvmove_cstate_registrant, registrant_fields);
static const struct layout notice = LAYOUT(struct nvmove_cstate_resv_notice, notice_fields);
static const struct layout submission_queue = LAYOUT(struct nvmove_cstate_sq, sq_fields);
static const struct layout completion_queue = LAYOUT(struct nvmove_cstate_cq, cq_fields);

/**
 * struct payload - a section being decoded
 * @type: of the section
 * @error: where to say why it cannot be
 */
struct payload {
	unsigned int type;
	const uint8_t *bytes;
	size_t length;
	struct nvmove_load_error *error;
};

/* Say why the payload cannot be read. Return: NULL, and @partial is released. */
__attribute__((format(printf, 3, 4)))
static struct json_object *unreadable(const struct payload *payload, struct json_object *partial,
				      const char *format, ...)
{
	va_list args;

	json_object_put(partial);
	payload->error->section = (uint16_t)payload->type;
	va_start(args, format);
	vsnprintf(payload->error->text, sizeof(payload->error->text), format, args);
	va_end(args);
	return NULL;
}

static struct json_object *decode_features(const struct payload *payload)
{
	struct json_object *list = json_object_new_array();
	size_t at = 0;

	while (at < payload->length) {
		const struct nvmove_cstate_feature *entry = (const void *)(payload->bytes + at);
		size_t left = payload->length - at;
		struct json_object *item;
		uint32_t length;

		if (left < sizeof(*entry) || le32toh(entry->length) > left - sizeof(*entry) ||
		    le32toh(entry->length) % 4)
			return unreadable(payload, list,
					  "features: an entry at byte %zu of %zu is cut off", at,
					  payload->length);
		length = le32toh(entry->length);
		item = fields_object(&feature, entry);
		if (length)
			json_object_object_add(item, "data", fields_bytes(entry + 1, length));
		json_object_array_add(list, item);
		at += sizeof(*entry) + length;
	}
	return list;
}

static struct json_object *decode_events(const struct payload *payload)
{
	const struct nvmove_cstate_events *head = (const void *)payload->bytes;
	struct json_object *object, *requests;
	const uint8_t *cid = (const uint8_t *)(head + 1);
	size_t nr_requests, cids_size, need;

	if (payload->length < sizeof(*head))
		return unreadable(payload, NULL, "events: %zu bytes, at least %zu",
				  payload->length, sizeof(*head));
	nr_requests = le16toh(head->nr_requests);
	cids_size = (2 * nr_requests + 3) & ~(size_t)3;
	need = sizeof(*head) + cids_size + (size_t)le16toh(head->nr_events) * event.size;
	if (payload->length != need)
		return unreadable(payload, NULL,
				  "events: %zu bytes, %zu requests and %u events need %zu",
				  payload->length, nr_requests, le16toh(head->nr_events), need);
	requests = json_object_new_array();
	for (size_t i = 0; i < nr_requests; i++)
		json_object_array_add(requests,
				      json_object_new_int(cid[2 * i] | cid[2 * i + 1] << 8));
	object = json_object_new_object();
	json_object_object_add(object, "masked", fields_hex(le32toh(head->masked)));
	json_object_object_add(object, "requests", requests);
	json_object_object_add(object, "pending",
			       fields_list(&event, cid + cids_size,
					   payload->length - sizeof(*head) - cids_size));
	return object;
}

/* Entries are shown as bytes: their layout is the Error Information log page's. */
static struct json_object *decode_error_log(const struct payload *payload)
{
	const struct nvmove_cstate_error_log *head = (const void *)payload->bytes;
	struct json_object *object, *entries;
	size_t need;

	if (payload->length < sizeof(*head))
		return unreadable(payload, NULL, "error log: %zu bytes, at least %zu",
				  payload->length, sizeof(*head));
	need = sizeof(*head) + (size_t)le32toh(head->nr_entries) * ERROR_ENTRY_SIZE;
	if (payload->length != need)
		return unreadable(payload, NULL, "error log: %zu bytes, %u entries need %zu",
				  payload->length, le32toh(head->nr_entries), need);
	entries = json_object_new_array();
	for (size_t at = sizeof(*head); at < need; at += ERROR_ENTRY_SIZE)
		json_object_array_add(entries,
				      fields_bytes(payload->bytes + at, ERROR_ENTRY_SIZE));
	object = json_object_new_object();
	json_object_object_add(object, "error_count",
			       json_object_new_uint64(le64toh(head->error_count)));
	json_object_object_add(object, "entries", entries);
	return object;
}

static struct json_object *decode_changed(const struct payload *payload)
{
	struct json_object *list = json_object_new_array();
	const __le32 *nsid = (const void *)payload->bytes;

	for (size_t i = 0; i < payload->length / sizeof(*nsid); i++)
		json_object_array_add(list, json_object_new_uint64(le32toh(nsid[i])));
	return list;
}

static struct json_object *decode_locators(const struct payload *payload)
{
	struct json_object *list = json_object_new_array();
	size_t at = 0;

	while (at < payload->length) {
		const struct nvmove_cstate_locator *entry = (const void *)(payload->bytes + at);
		size_t left = payload->length - at, length, padded;
		struct json_object *item;

		length = left < sizeof(*entry) ? 0 : le32toh(entry->length);
		padded = (length + 3) & ~(size_t)3;
		if (length < 1 || length > NVMOVE_CSTATE_MAX_LOCATOR ||
		    padded > left - sizeof(*entry))
			return unreadable(payload, list,
					  "locators: %zu characters in %zu bytes, must be 1 to %u",
					  length, left, NVMOVE_CSTATE_MAX_LOCATOR);
		item = json_object_new_object();
		json_object_object_add(item, "nsid", json_object_new_uint64(le32toh(entry->nsid)));
		json_object_object_add(item, "locator", fields_text(entry + 1, length));
		json_object_array_add(list, item);
		at += sizeof(*entry) + padded;
	}
	return list;
}

static struct json_object *decode_reservations(const struct payload *payload)
{
	struct json_object *list = json_object_new_array();
	size_t at = 0;

	while (at < payload->length) {
		const struct nvmove_cstate_reservation *entry =
			(const void *)(payload->bytes + at);
		size_t left = payload->length - at, need = sizeof(*entry);
		struct json_object *item;

		if (left >= need)
			need += (size_t)le16toh(entry->nr_registrants) * registrant.size;
		if (left < need)
			return unreadable(payload, list,
					  "reservations: an entry of %zu bytes, %zu bytes left",
					  need, left);
		item = fields_object(&reservation, entry);
		json_object_object_add(item, "registrants",
				       fields_list(&registrant, entry + 1, need - sizeof(*entry)));
		json_object_array_add(list, item);
		at += need;
	}
	return list;
}

static struct json_object *decode_notices(const struct payload *payload)
{
	const struct nvmove_cstate_resv_log *head = (const void *)payload->bytes;
	struct json_object *object;
	size_t need;

	if (payload->length < sizeof(*head))
		return unreadable(payload, NULL,
				  "reservation notifications: %zu bytes, at least %zu",
				  payload->length, sizeof(*head));
	need = sizeof(*head) + (size_t)le32toh(head->nr_entries) * notice.size;
	if (payload->length != need)
		return unreadable(payload, NULL,
				  "reservation notifications: %zu bytes, %u entries need %zu",
				  payload->length, le32toh(head->nr_entries), need);
	object = json_object_new_object();
	json_object_object_add(object, "count", json_object_new_uint64(le64toh(head->count)));
	json_object_object_add(object, "entries",
			       fields_list(&notice, head + 1, need - sizeof(*head)));
	return object;
}

/**
 * struct decoder - how a section is decoded: by @decode, or as one structure or a list of them,
 *	whose length the reader has checked
 */
static const struct decoder {
	struct json_object *(*decode)(const struct payload *payload);
	const struct layout *one;
	const struct layout *list;
} decoders[NVMOVE_CSTATE_TYPE_MAX + 1] = {
	[NVMOVE_CSTATE_IDENTITY] = { .one = &identity },
	[NVMOVE_CSTATE_REGISTERS] = { .one = &registers },
	[NVMOVE_CSTATE_ADMIN_QUEUE] = { .one = &admin_queue },
	[NVMOVE_CSTATE_FEATURES] = { .decode = decode_features },
	[NVMOVE_CSTATE_EVENTS] = { .decode = decode_events },
	[NVMOVE_CSTATE_ERROR_LOG] = { .decode = decode_error_log },
	[NVMOVE_CSTATE_SMART] = { .one = &smart },
	[NVMOVE_CSTATE_CHANGED_NS] = { .decode = decode_changed },
	[NVMOVE_CSTATE_NAMESPACES] = { .list = &namespaces },
	[NVMOVE_CSTATE_UNPOSTED] = { .list = &unposted },
	[NVMOVE_CSTATE_TIMERS] = { .one = &timers },
	[NVMOVE_CSTATE_LOCATORS] = { .decode = decode_locators },
	[NVMOVE_CSTATE_RESERVATIONS] = { .decode = decode_reservations },
	[NVMOVE_CSTATE_RESV_LOG] = { .decode = decode_notices },
	[NVMOVE_CSTATE_SHADOW] = { .one = &shadow },
};

static struct json_object *decode_payload(const struct payload *payload)
{
	const struct decoder *decoder = &decoders[payload->type];

	if (decoder->decode)
		return decoder->decode(payload);
	if (decoder->one)
		return fields_object(decoder->one, payload->bytes);
	return fields_list(decoder->list, payload->bytes, payload->length);
}

/* Sections that nobody here knows, and that say of themselves that they can be left out. */
static void add_unknown(struct json_object *sections, const struct nvmove_state_view *view)
{
	const struct nvmove_cstate_section *section = (const void *)(view->vendor + 1);

	for (uint32_t i = 0; i < le32toh(view->vendor->nr_sections); i++) {
		uint32_t length = le32toh(section->length);
		struct json_object *object;
		char name[16];

		uint16_t type = le16toh(section->type);

		if (!type || type > NVMOVE_CSTATE_TYPE_MAX) {
			object = json_object_new_object();
			json_object_object_add(object, "version",
					       json_object_new_int(le16toh(section->version)));
			json_object_object_add(object, "flags",
					       fields_hex(le32toh(section->flags)));
			json_object_object_add(object, "payload",
					       fields_bytes(section + 1, length));
			snprintf(name, sizeof(name), "section %u", type);
			json_object_object_add(sections, name, object);
		}
		section = (const void *)((const uint8_t *)(section + 1) + length);
	}
}

static struct json_object *decode_sections(const struct nvmove_state_view *view,
					   struct nvmove_load_error *error)
{
	struct json_object *sections = json_object_new_object();

	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		const struct payload payload = {
			.type = type,
			.bytes = view->section[type].payload,
			.length = view->section[type].length,
			.error = error,
		};
		struct json_object *object = decode_payload(&payload);

		if (!object) {
			json_object_put(sections);
			return NULL;
		}
		json_object_object_add(sections, nvmove_state_section_name(type), object);
	}
	add_unknown(sections, view);
	return sections;
}

/* What both kinds of queues begin with, as people read it. */
static struct json_object *queue_object(__le16 qid, __le16 size, __le64 prp1)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "qid", json_object_new_int(le16toh(qid)));
	json_object_object_add(object, "entries", json_object_new_int(le16toh(size) + 1));
	json_object_object_add(object, "address", fields_hex(le64toh(prp1)));
	return object;
}

static void add_queues(struct json_object *state, const struct nvmove_state_view *view)
{
	struct json_object *sqs = json_object_new_array(), *cqs = json_object_new_array();

	for (unsigned int i = 0; i < view->nr_sq; i++) {
		const struct nvmove_cstate_sq *sq = &view->sq[i];
		struct json_object *object = queue_object(sq->qid, sq->size, sq->prp1);

		fields_add(object, &submission_queue, sq);
		json_object_array_add(sqs, object);
	}
	for (unsigned int i = 0; i < view->nr_cq; i++) {
		const struct nvmove_cstate_cq *cq = &view->cq[i];
		struct json_object *object = queue_object(cq->qid, cq->size, cq->prp1);

		fields_add(object, &completion_queue, cq);
		json_object_array_add(cqs, object);
	}
	json_object_object_add(state, "submission queues", sqs);
	json_object_object_add(state, "completion queues", cqs);
}

static void add_heads(struct json_object *state, const struct nvmove_state_view *view)
{
	struct json_object *container = json_object_new_object();
	struct json_object *vendor = json_object_new_object();
	const uint8_t *u = view->vendor->uuid;
	char text[40];

	json_object_object_add(container, "attributes", fields_hex(view->header->attributes));
	json_object_object_add(state, "container", container);
	add_queues(state, view);
	snprintf(text, sizeof(text),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		 u[15]);
	json_object_object_add(vendor, "uuid", json_object_new_string(text));
	snprintf(text, sizeof(text), "%u.%u", le16toh(view->vendor->major),
		 le16toh(view->vendor->minor));
	json_object_object_add(vendor, "version", json_object_new_string(text));
	json_object_object_add(state, "vendor", vendor);
}

struct json_object *state_decode(const void *buf, size_t size, struct nvmove_load_error *error)
{
	struct json_object *state, *sections;
	struct nvmove_state_view view;

	if (nvmove_state_read(buf, size, &view, error))
		return NULL;
	sections = decode_sections(&view, error);
	if (!sections)
		return NULL;
	state = json_object_new_object();
	add_heads(state, &view);
	json_object_object_add(state, "sections", sections);
	return state;
}

struct json_object *state_decode_identity(const struct nvmove_cstate_identity *from)
{
	return fields_object(&identity, from);
}

struct json_object *state_decode_namespaces(const void *list, size_t length)
{
	return fields_list(&namespaces, list, length);
}

struct json_object *state_decode_locators(const void *list, size_t length,
					  struct nvmove_load_error *error)
{
	const struct payload payload = { NVMOVE_CSTATE_LOCATORS, list, length, error };

	return decode_locators(&payload);
}
