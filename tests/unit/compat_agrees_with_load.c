// SPDX-License-Identifier: BSD-2-Clause
/*
 * R20: over random pairs of devices and virtual subsystems, the offline check says yes if and only
 * if the load succeeds, and the first of its reasons is the load's. So does the destination when it
 * is asked.
 */
#include <stdio.h>

#include <nvmove/compat.h>

#include "migration_host.h"

#define PAIRS		1500
#define SECONDARY	1

/** struct choice - of a device, a virtual subsystem and what secondary 1 is given */
struct choice {
	struct rig_options device;
	struct nvmove_vsubsystem_config virtual;
	bool joins;
	bool has_neighbour;
	uint16_t cntlid;
	unsigned int queues;
	unsigned int vectors;
	uint32_t as_nsid[5];	/* 0: not attached */
};

static unsigned int pick(unsigned int n)
{
	return rand() % n;
}

/* What both sides have in common before each goes its own way. */
static struct choice common_choice(void)
{
	struct choice choice = {
		.device = {
			.max_io_queues = 8,
			.max_queue_entries = 256,
			.max_vectors = 8,
			.mdts = 4,
			.num_namespaces = 6,
			.first_cntlid = 7,
			.uuid_byte = { 0, 1, 2, 3, 4 },
		},
		.virtual = {
			.subnqn = "nqn.2026-11.org.example:v",
			.serial = "V",
			.model = "V",
			.firmware = "V",
			.max_io_queues = 8,
			.max_queue_entries = 1 << (4 + pick(5)),
			.max_vectors = 8,
			.mdts = 1 + pick(4),
			.num_namespaces = 4 + pick(3),
			.oncs = NVM_CTRL_ONCS_COMPARE | NVM_CTRL_ONCS_DSM |
				(pick(2) ? NVM_CTRL_ONCS_TIMESTAMP : 0),
			.volatile_write_cache = pick(2),
		},
		.joins = pick(4),
		.cntlid = 1 + pick(9),
		.queues = 2 + pick(7),
		.vectors = 1 + pick(8),
	};

	for (unsigned int nsid = 1; nsid <= 4; nsid++) {
		choice.device.namespace_bytes[nsid] = 32768;
		choice.device.lba_shift[nsid] = pick(2) ? 9 : 12;
		choice.device.locator[nsid] = pick(2) ? "nfs://server/a" : NULL;
		choice.as_nsid[nsid] = pick(2) ? nsid : 0;
	}
	return choice;
}

/* Swap the ids under which two namespaces are seen. Both may be absent. */
static void swap_namespaces(struct choice *choice)
{
	unsigned int a = 1 + pick(4), b = 1 + pick(4);
	uint32_t as_nsid = choice->as_nsid[a];

	choice->as_nsid[a] = choice->as_nsid[b];
	choice->as_nsid[b] = as_nsid;
}

static void change_device(struct choice *choice)
{
	static const char *const texts[] = { "nqn.2026-11.org.example:d", "nqn.2026-11.org.example:e" };
	static const char *const places[] = { NULL, "nfs://server/a", "nfs://server/b" };
	struct rig_options *device = &choice->device;
	unsigned int nsid = 1 + pick(4);

	switch (pick(12)) {
	case 0:
		device->subnqn = texts[pick(2)];
		break;
	case 1:
		device->first_cntlid = 7 + pick(2);
		break;
	case 2:
		device->mdts = 4 + pick(2);
		break;
	case 3:
		device->max_queue_entries = 256 << pick(2);
		break;
	case 4:
		device->max_io_queues = pick(2) ? 8 : 600;
		break;
	case 5:
		device->num_namespaces = 6 + pick(2);
		break;
	case 6:
		device->namespace_bytes[nsid] = 32768 + 4096 * pick(2);
		break;
	case 7:
		device->lba_shift[nsid] = pick(2) ? 9 : 12;
		break;
	case 8:
		device->uuid_byte[nsid] = pick(6);
		break;
	case 9:
		device->locator[nsid] = places[pick(3)];
		break;
	case 10:
		device->is_private[2 + 2 * pick(2)] = pick(2);	/* those on no other controller */
		break;
	default:
		device->firmware = pick(2) ? "0.1" : "0.2";
	}
}

static void change_virtual(struct choice *choice)
{
	struct nvmove_vsubsystem_config *virtual = &choice->virtual;

	switch (pick(12)) {
	case 0:
		virtual->serial = pick(2) ? "V" : "W";
		break;
	case 1:
		virtual->model = pick(2) ? "V" : "W";
		break;
	case 2:
		virtual->vendor_id = pick(2);
		break;
	case 3:
		virtual->ieee_oui = pick(2);
		break;
	case 4:
		virtual->mdts = 1 + pick(4);
		break;
	case 5:
		virtual->max_queue_entries = 1 << (4 + pick(5));
		break;
	case 6:
		virtual->num_namespaces = 4 + pick(3);
		break;
	case 7:
		virtual->oncs ^= 1 << 2 * pick(2);
		break;
	case 8:
		virtual->volatile_write_cache = pick(2);
		break;
	case 9:
		virtual->max_io_queues = choice->queues - 1 + pick(10 - choice->queues);
		break;
	case 10:
		virtual->max_vectors = choice->vectors + pick(9 - choice->vectors);
		break;
	default:
		virtual->subnqn = pick(2) ? "nqn.2026-11.org.example:v" : "nqn.2026-11.org.example:w";
	}
}

static void change(struct choice *choice)
{
	unsigned int nsid = 1 + pick(4);

	switch (pick(8)) {
	case 0:
	case 1:
		change_device(choice);
		break;
	case 2:
	case 3:
		change_virtual(choice);
		break;
	case 4:
		choice->cntlid = 1 + pick(9);
		break;
	case 5:
		choice->queues = 2 + pick(choice->virtual.max_io_queues);
		choice->vectors = 1 + pick(choice->virtual.max_vectors);
		break;
	case 6:
		swap_namespaces(choice);
		break;
	default:
		choice->as_nsid[nsid] = choice->as_nsid[nsid] ? 0 : nsid;
	}
}

static void attach(struct rig *rig, const struct choice *choice)
{
	struct nvmove_ctrl *ctrl = rig->function[SECONDARY].ctrl;
	bool taken[5] = { false };

	nvmove_namespace_detach(ctrl, 2);
	nvmove_namespace_detach(ctrl, 3);
	for (unsigned int nsid = 1; nsid <= 4; nsid++) {
		uint32_t as_nsid = choice->as_nsid[nsid];

		if (!as_nsid || taken[as_nsid])
			continue;
		taken[as_nsid] = true;
		assert_int_equal(nvmove_namespace_attach_as(ctrl, nsid, as_nsid, NULL), 0);
	}
}

static struct rig *rig_of(const struct choice *choice, struct rig *source)
{
	struct rig_options options = choice->device;
	struct nvmove_vsubsystem *vsubsystem;
	struct rig *rig;

	options.source = source;
	rig = rig_new_enabled(&options);
	if (source)
		rig->now = source->now;
	nvmove_subsystem_set_vfs(rig->subsystem, 3);
	if (choice->joins) {
		vsubsystem = rig_join(rig, SECONDARY, &choice->virtual, choice->cntlid);
		if (choice->has_neighbour)
			assert_int_equal(nvmove_ctrl_join(rig->function[2].ctrl, vsubsystem,
							  choice->cntlid + 1, NULL), 0);
	}
	attach(rig, choice);
	rig_online(rig, SECONDARY, choice->queues, choice->vectors);
	return rig;
}

static uint8_t *record_of(struct rig *rig, size_t *size)
{
	const struct nvmove_ctrl *ctrl = rig->function[SECONDARY].ctrl;
	uint8_t *record;

	*size = nvmove_ctrl_compat_size(ctrl);
	record = malloc(*size);
	assert_non_null(record);
	assert_int_equal(nvmove_ctrl_compat_record(ctrl, record, *size), *size);
	return record;
}

/* Keep the first reason in the words of the load. */
static void keep_first(void *arg, const struct nvmove_compat_reason *reason)
{
	char *text = arg;

	if (!*text)
		snprintf(text, 240, "%s: %s here, %s in the stream", reason->field,
			 reason->destination, reason->source);
}

/* What the destination answers to the source's question: nothing if it is yes. */
static void ask(struct rig *source, struct rig *destination, char answer[240])
{
	struct state question = migration_question(source, SECONDARY, 4096);
	struct completion completion;
	uint8_t report[256];

	completion = migration_set_all(destination, SECONDARY, WHOLE, &question, 4096);
	migration_report(destination, report);
	memcpy(answer, report + 16, 240);
	if (!completion.status != !*answer)
		fail_msg("status %#x for \"%s\"", completion.status, answer);
	state_free(&question);
}

/* Whether the destination takes the state, as all three say. */
static bool try_pair(struct rig *source, struct rig *destination, unsigned int pair)
{
	struct nvmove_load_error error = { 0 };
	size_t from_size, to_size, size;
	char first[240] = "", answer[240];
	uint8_t *from, *to, *state;
	int reasons, result;

	from = record_of(source, &from_size);
	to = record_of(destination, &to_size);
	reasons = nvmove_compat_check(from, from_size, to, to_size, keep_first, first);
	driver_enable(source->driver[SECONDARY]);
	rig_suspend(source, SECONDARY);
	rig_suspend(destination, SECONDARY);
	ask(source, destination, answer);
	assert_string_equal(answer, first);
	state = rig_save(source, SECONDARY, &size);
	result = nvmove_ctrl_load(destination->function[SECONDARY].ctrl, state, size, &error);
	if (reasons < 0)
		fail_msg("pair %u: a record cannot be read: %s", pair, first);
	if (!reasons != !result)
		fail_msg("pair %u: %d reasons, first \"%s\"; load %d \"%s\"", pair, reasons, first,
			 result, error.text);
	if (reasons)
		assert_string_equal(error.text, first);
	free(state);
	free(from);
	free(to);
	return !reasons;
}

TEST_CASE(yes_means_that_it_loads)
{
	unsigned int taken[2] = { 0 };	/* by policy of the destination */
	unsigned int tried[2] = { 0 };

	srand(4711);
	for (unsigned int pair = 0; pair < PAIRS; pair++) {
		struct choice here, there = common_choice();
		struct rig *source, *destination;
		bool adopts = pick(2);

		here = there;
		for (unsigned int n = pick(3); n; n--)
			change(&there);
		for (unsigned int n = pick(3); n; n--)
			change(&here);
		here.virtual.policy = adopts ? NVMOVE_IDENTITY_ADOPT : NVMOVE_IDENTITY_CHECK;
		here.has_neighbour = !pick(5);
		source = rig_of(&there, NULL);
		destination = rig_of(&here, source);
		tried[adopts]++;
		taken[adopts] += try_pair(source, destination, pair);
		rig_free(destination);
		rig_free(source);
	}
	/* Both answers are common under both policies, or this would prove little. */
	for (unsigned int i = 0; i < 2; i++) {
		assert_in_range(taken[i], tried[i] / 5, tried[i]);
		assert_in_range(tried[i] - taken[i], tried[i] / 5, tried[i]);
	}
}

RUN_TESTS("compat_agrees_with_load",
	  cmocka_unit_test(yes_means_that_it_loads));
