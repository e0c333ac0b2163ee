// SPDX-License-Identifier: BSD-2-Clause
/*
 * A compatibility record as JSON. Its form is judged by the check of two records, which gets it
 * twice.
 */
#include "record_decode.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include <compat_check.h>
#include <nvmove/compat.h>

#include "fields.h"
#include "state_decode.h"

#define RECORD(member, name, kind) FIELD(struct nvmove_compat, member, name, kind)

static const struct field head_fields[] = {
	RECORD(state_major, "state_major", FIELD_COUNT),
	RECORD(state_minor, "state_minor", FIELD_COUNT),
	RECORD(reads_major_min, "reads_major_min", FIELD_COUNT),
	RECORD(reads_major_max, "reads_major_max", FIELD_COUNT),
	RECORD(sections_written, "sections_written", FIELD_HEX),
	RECORD(sections_read, "sections_read", FIELD_HEX),
	RECORD(sections_required, "sections_required", FIELD_HEX),
	RECORD(protocols, "protocols", FIELD_HEX),
	RECORD(num_members, "members", FIELD_COUNT),
};

#define LIMIT(member, name, kind) FIELD(struct nvmove_compat_limits, member, name, kind)

static const struct field limit_fields[] = {
	LIMIT(mdts, "mdts", FIELD_COUNT),
	LIMIT(vwc, "vwc", FIELD_HEX),
	LIMIT(oacs, "oacs", FIELD_HEX),
	LIMIT(oncs, "oncs", FIELD_HEX),
	LIMIT(num_queues, "queues", FIELD_COUNT),
	LIMIT(num_vectors, "vectors", FIELD_COUNT),
	LIMIT(num_namespaces, "namespaces", FIELD_COUNT),
	LIMIT(max_queue_entries, "queue_entries", FIELD_COUNT),
};

static const struct layout head_layout = LAYOUT(struct nvmove_compat, head_fields);
static const struct layout limits_layout = LAYOUT(struct nvmove_compat_limits, limit_fields);

bool record_is_one(const void *data, size_t size)
{
	static const uint8_t magic[8] = NVMOVE_COMPAT_MAGIC;

	return size >= sizeof(magic) && !memcmp(data, magic, sizeof(magic));
}

static void take_reason(void *arg, const struct nvmove_compat_reason *reason)
{
	struct nvmove_load_error *error = arg;

	snprintf(error->text, sizeof(error->text), "%s: %s expected, %s found", reason->field,
		 reason->destination, reason->source);
}

int record_verify(const void *data, size_t size, struct nvmove_load_error *error)
{
	/* Reasons that a well-formed record has against itself are no fault of its form. */
	struct nvmove_load_error reason = { .section = 0 };

	if (nvmove_compat_check(data, size, data, size, take_reason, &reason) >= 0)
		return 0;
	*error = reason;
	return -1;
}

struct json_object *record_decode(const void *data)
{
	const struct nvmove_compat *head = data;
	const struct nvmove_cstate_namespace *namespaces = (const void *)(head + 1);
	const char *policy = head->policy == NVMOVE_COMPAT_ADOPT ? "adopt" : "check";
	uint32_t nr_namespaces = le32toh(head->nr_namespaces);
	struct json_object *object = json_object_new_object();
	struct nvmove_load_error error;
	char version[12];

	snprintf(version, sizeof(version), "%u.%u", le16toh(head->major), le16toh(head->minor));
	json_object_object_add(object, "version", json_object_new_string(version));
	json_object_object_add(object, "policy", json_object_new_string(policy));
	fields_add(object, &head_layout, head);
	json_object_object_add(object, "identity", state_decode_identity(&head->identity));
	json_object_object_add(object, "limits", fields_object(&limits_layout, &head->limits));
	json_object_object_add(object, "namespaces",
			       state_decode_namespaces(namespaces,
						       nr_namespaces * sizeof(*namespaces)));
	json_object_object_add(object, "locators",
			       state_decode_locators(namespaces + nr_namespaces,
						     le32toh(head->locators_length), &error));
	return object;
}
