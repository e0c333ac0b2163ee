// SPDX-License-Identifier: BSD-2-Clause
/*
 * The register of plain data (fields.c) names every member there is, by the source and by the
 * layout; and every member that it says travels does: it is given a value that a new controller
 * does not have, saved, loaded elsewhere and found again.
 *
 * usage: state_fields, with the path of controller.h in NVMOVE_CONTROLLER_H
 */
#include <ctype.h>
#include <stdio.h>

#include "../unit/harness.h"
#include "fields.h"

#define SECONDARY	1
#define NSID		2	/* attached to it alone */

/* ---- nothing is missing ---- */

static char *read_header(void)
{
	const char *path = getenv("NVMOVE_CONTROLLER_H");
	FILE *file = path ? fopen(path, "r") : NULL;
	char *text = calloc(1, 1 << 20);
	size_t len;

	if (!file)
		fail_msg("NVMOVE_CONTROLLER_H: \"%s\" cannot be read", path ? path : "");
	len = fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	assert_true(len && len < (1 << 20) - 1);
	return text;
}

static const struct field *find_field(const struct structure *structure, const char *name,
				      size_t len)
{
	for (size_t i = 0; i < structure->nr_fields; i++) {
		const char *known = structure->field[i].name;

		if (strlen(known) == len && !strncmp(known, name, len))
			return &structure->field[i];
	}
	return NULL;
}

/* The name that the member declaration before @end ends with, an array's bounds apart. */
static const char *member_name(const char *line, const char *end, size_t *len)
{
	const char *bounds = memchr(line, '[', end - line), *name;

	if (bounds)
		end = bounds;
	for (name = end; name > line && (isalnum(name[-1]) || name[-1] == '_');)
		name--;
	*len = end - name;
	return name;
}

static void check_members(const struct structure *structure, const char *header)
{
	size_t nr = 0, len;
	char head[80];
	const char *at;

	snprintf(head, sizeof(head), "\nstruct %s {\n", structure->name);
	at = strstr(header, head);
	if (!at)
		fail_msg("struct %s is not in controller.h", structure->name);
	for (at += strlen(head); strncmp(at, "};", 2); at = strchr(at, '\n') + 1) {
		const char *end = memchr(at, ';', strchr(at, '\n') - at);
		const char *name;

		if (!end)
			continue;
		name = member_name(at, end, &len);
		nr++;
		if (!find_field(structure, name, len))
			fail_msg("struct %s: \"%.*s\" is in no line of fields.c: which section "
				 "carries it, or why does none?", structure->name, (int)len, name);
	}
	assert_int_equal(nr, structure->nr_fields);
}

TEST_CASE(every_member_in_the_source_is_registered)
{
	char *header = read_header();

	for (size_t i = 0; i < nr_structures; i++)
		check_members(structures[i], header);
	free(header);
}

static void check_layout(const struct structure *structure)
{
	size_t end = 0;

	for (size_t i = 0; i < structure->nr_fields; i++) {
		const struct field *field = &structure->field[i];

		if (field->offset < end || field->offset - end >= field->align)
			fail_msg("struct %s: bytes %zu to %zu, before \"%s\", are no padding",
				 structure->name, end, field->offset, field->name);
		end = field->offset + field->size;
	}
	if (structure->size - end >= structure->align)
		fail_msg("struct %s: bytes %zu to %zu, at its end, are no padding",
			 structure->name, end, structure->size);
}

TEST_CASE(members_leave_no_gap_but_padding)
{
	for (size_t i = 0; i < nr_structures; i++)
		check_layout(structures[i]);
}

/* ---- what is registered travels ---- */

/* Elements that @pointer, a member of a controller's state, points to. */
static size_t elements(const struct nvmove_ctrl *ctrl, const void *const *pointer)
{
	if (pointer == (const void *)&ctrl->st.irq_config)
		return ctrl->subsystem->max_vectors;
	if (pointer == (const void *)&ctrl->st.error_recovery ||
	    pointer == (const void *)&ctrl->st.error_recovery_saved ||
	    pointer == (const void *)&ctrl->st.resv_mask)
		return ctrl->subsystem->num_namespaces + 1;
	if (pointer == (const void *)&ctrl_namespace(ctrl, NSID)->reservation.registrant)
		return 1;
	assert_true(pointer == (const void *)&ctrl->st.sq || pointer == (const void *)&ctrl->st.cq);
	return ctrl->subsystem->max_io_queues + 1;
}

/** struct pair - two controllers, and the place in each that is looked at */
struct pair {
	const struct nvmove_ctrl *ctrl[2];
	const uint8_t *at[2];
};

typedef void visit_fn(const struct pair *pair, const struct structure *structure,
		      const struct field *field, size_t count, size_t stride);

/* Call @visit for every member that is no structure itself. */
static void walk(const struct pair *pair, const struct structure *structure, size_t count,
		 visit_fn *visit)
{
	for (size_t i = 0; i < structure->nr_fields; i++) {
		const struct field *field = &structure->field[i];
		struct pair inner = *pair;
		size_t inner_count = count;

		for (unsigned int n = 0; n < 2; n++)
			inner.at[n] = pair->at[n] + field->offset;
		if (field->travel == NESTED) {
			inner_count = field->size / field->structure->size;
			walk(&inner, field->structure, inner_count, visit);
		} else if (field->travel == NESTED_ARRAY) {
			inner_count = elements(pair->ctrl[0], (const void *)inner.at[0]);
			for (unsigned int n = 0; n < 2; n++)
				inner.at[n] = *(const uint8_t *const *)inner.at[n];
			walk(&inner, field->structure, inner_count, visit);
		} else {
			visit(&inner, structure, field, count, structure->size);
		}
	}
}

static bool any_differs(const struct pair *pair, const struct field *field, size_t count,
			size_t stride)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(pair->at[0] + i * stride, pair->at[1] + i * stride, field->size))
			return true;
	}
	return false;
}

/* A value that a new controller has, too, would prove nothing. */
static void assert_filled(const struct pair *pair, const struct structure *structure,
			  const struct field *field, size_t count, size_t stride)
{
	if (field->travel != STAYS && field->travel != CONSTANT && !any_differs(pair, field, count, stride))
		fail_msg("%s.%s: fill() gives it no value of its own", structure->name, field->name);
}

static void assert_travelled(const struct pair *pair, const struct structure *structure,
			     const struct field *field, size_t count, size_t stride)
{
	bool travelled = field->travel == TRAVELS_TRANSLATED ?
			 field->equal(pair->ctrl[0], pair->ctrl[1]) :
			 !any_differs(pair, field, count, stride);

	if (!travelled && field->travel != STAYS)
		fail_msg("%s.%s: section %u does not bring it to the other side",
			 structure->name, field->name, field->section);
}

static void fill_features(struct features_state *features)
{
	features->arbitration = 0x07060503;
	features->power_mgmt = 1 << 5;
	features->temp_over = 350;
	features->temp_under = 300;
	features->volatile_wc = 0;
	features->num_queues = 1 << 16 | 1;
	features->irq_coalesce = 0x0a05;
	features->write_atomicity = 1;
	features->async_event = NVM_CTRL_OAES_NS_ATTR;
	features->kato_ms = 60000;
	features->acre = 1;
	memset(features->host_id, 0x5a, sizeof(features->host_id));
	features->host_id_is_extended = true;
}

static void fill_logs(struct ctrl_state *st)
{
	uint64_t *counter = (uint64_t *)&st->smart;

	for (size_t i = 0; i < sizeof(st->smart) / sizeof(*counter); i++)
		counter[i] += 100 + i;
	st->resv_log.count = 5;
	st->resv_log.nr = 1;
	st->resv_log.notice[0] = (struct resv_notice) { .count = 5, .nsid = NSID, .type = 1 };
	st->changed_ns.nr = 2;
	st->changed_ns.nsid[0] = 2;
	st->changed_ns.nsid[1] = 3;
}

static void add_registrants(struct reservation *resv, unsigned int nr)
{
	resv->nr_registrants = nr;
	resv->registrant = calloc(nr, sizeof(*resv->registrant));
	for (unsigned int i = 0; i < nr; i++) {
		resv->registrant[i].host_id[0] = 10 * nr + i;
		resv->registrant[i].key = 10 * nr + i;
	}
}

static void fill_reservation(struct reservation *resv)
{
	add_registrants(resv, 1);
	resv->registrant->holds = true;
	resv->type = NVM_RESV_WRITE_EXCLUSIVE;
	resv->ptpl = true;
	resv->generation = 77;
}

static void fill_events(struct events_state *events)
{
	events->nr_requests = 2;
	events->request_cid[0] = 0x100;
	events->request_cid[1] = 0x101;
	events->nr_events = 1;
	events->event[0] = (struct event) { NVM_EVENT_SMART, NVM_EVENT_SMART_TEMP, NVM_LOG_SMART };
	events->masked = 1 << NVM_EVENT_SMART;
}

/* Through the commands, so that ring and wrap are what they would be. */
static void fill_queues(struct rig *rig)
{
	struct driver *driver = rig->driver[SECONDARY];
	struct nvmove_ctrl *ctrl = rig->function[SECONDARY].ctrl;
	const struct command bad = { .opcode = 0x7f };
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 8, 2);
	for (unsigned int i = 0; i < ERROR_LOG_ENTRIES + 3; i++)
		queue_command(&queue, &bad);
	sq_push(&queue.sq, &bad);
	rig_suspend(rig, SECONDARY);
	sq_ring(&queue.sq);
	ctrl->st.sq[1].priority = 2;
}

static void fill(struct rig *rig)
{
	struct nvmove_ctrl *ctrl = rig->function[SECONDARY].ctrl;
	struct ctrl_state *st = &ctrl->st;

	fill_queues(rig);
	fill_features(&st->features);
	fill_features(&st->saved);
	fill_logs(st);
	fill_events(&st->events);
	st->intms = 0xa5;
	st->irq_config[2] = 1 << 16;
	st->error_recovery[NSID] = 7;
	st->error_recovery_saved[NSID] = 8;
	st->shadow.doorbells = 0x10000;
	st->shadow.event_indexes = 0x20000;
	st->resv_mask[NSID] = 2;
	ctrl_namespace(ctrl, NSID)->write_protect = NVM_WRITE_PROTECT_ON;
	fill_reservation(&ctrl_namespace(ctrl, NSID)->reservation);
	st->keep_alive_deadline_ns = ctrl_now_ns(ctrl) + 12345;
	st->timestamp_base_ms = 1234567;
	st->timestamp_set_ns = ctrl_now_ns(ctrl) - 77;
	st->timestamp_origin = 1;
	st->timestamp_synch = true;
}

/* The namespace that both have attached. */
static struct pair namespaces_of(const struct pair *ctrls)
{
	struct pair pair = *ctrls;

	for (unsigned int n = 0; n < 2; n++)
		pair.at[n] = (const uint8_t *)ctrl_namespace(pair.ctrl[n], NSID);
	return pair;
}

static struct pair pair_of(const struct rig *a, const struct rig *b)
{
	struct pair pair = {
		.ctrl = { a->function[SECONDARY].ctrl, b->function[SECONDARY].ctrl },
	};

	for (unsigned int n = 0; n < 2; n++)
		pair.at[n] = (const uint8_t *)&pair.ctrl[n]->st;
	return pair;
}

TEST_CASE(every_member_that_travels_arrives)
{
	struct rig *source = rig_new_secondaries(NULL, SECONDARY), *destination;
	struct pair pair, namespaces;
	uint8_t *state;
	size_t size;

	rig_advance(source, 5 * MS + 13);
	fill(source);
	destination = rig_new_destination(source, SECONDARY);
	pair = pair_of(source, destination);
	namespaces = namespaces_of(&pair);
	add_registrants(&ctrl_namespace(pair.ctrl[1], NSID)->reservation, 2);
	walk(&pair, &ctrl_state_structure, 1, assert_filled);
	walk(&namespaces, &namespace_structure, 1, assert_filled);
	state = rig_save(source, SECONDARY, &size);
	rig_load(destination, SECONDARY, state, size);
	walk(&pair, &ctrl_state_structure, 1, assert_travelled);
	walk(&namespaces, &namespace_structure, 1, assert_travelled);
	free(state);
	rig_free(destination);
	rig_free(source);
}

RUN_TESTS("state_fields",
	  cmocka_unit_test(every_member_in_the_source_is_registered),
	  cmocka_unit_test(members_leave_no_gap_but_padding),
	  cmocka_unit_test(every_member_that_travels_arrives));
