// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's states and where they go: destinations are made as an administrator would make
 * them, and what they answer must be what the compatibility records foretell. It never changes a
 * state.
 */
#include <string.h>

#include "machine.h"

static void ignore(void *arg, int status)
{
	(void)arg;
	(void)status;
}

bool machine_suspend(struct function *f)
{
	nvmove_ctrl_suspend(f->ctrl, ignore, NULL);
	return nvmove_ctrl_is_suspended(f->ctrl);
}

uint8_t *machine_save(struct nvmove_ctrl *ctrl, size_t *size)
{
	uint8_t *state;
	long saved;

	*size = nvmove_ctrl_state_size(ctrl);
	state = malloc(*size);
	expect(state, "no memory");
	saved = nvmove_ctrl_save(ctrl, state, *size);
	expect(saved == (long)*size, "saving gives %ld of %zu bytes", saved, *size);
	return state;
}

/* ---- destinations ---- */

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_same_namespace(const struct nvmove_namespace *a, const struct nvmove_namespace *b)
{
	return a->medium == b->medium && a->blocks == b->blocks && a->lba_shift == b->lba_shift &&
	       a->is_private == b->is_private && is_same_text(a->locator, b->locator);
}

static void remove_namespace(struct nvmove_subsystem *subsystem, uint32_t nsid)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++)
		nvmove_namespace_detach(subsystem->ctrl[i], nsid);
	namespace_free(subsystem->ns[nsid]);
	subsystem->ns[nsid] = NULL;
}

/* The first device's namespaces are its own host's; elsewhere the administrator follows it. */
static bool mirror_namespace(struct machine *machine, struct nvmove_subsystem *to,
			     const struct nvmove_namespace *ns)
{
	struct nvmove_namespace_config config = {
		.nsid = ns->nsid,
		.lba_shift = ns->lba_shift,
		.medium = ns->medium,
		.locator = ns->locator,
		.is_private = ns->is_private,
	};

	if (to->ns[ns->nsid] && is_same_namespace(to->ns[ns->nsid], ns))
		return true;
	if (to->ns[ns->nsid] && to != machine->subsystem[0])
		remove_namespace(to, ns->nsid);
	if (!namespace_nsid_is_free(to, ns->nsid))
		return false;
	expect(!namespace_create(to, &config, ns->blocks, NULL), "no memory");
	return true;
}

static bool mirror_namespaces(struct machine *machine, struct nvmove_ctrl *to,
			      const struct nvmove_ctrl *from)
{
	for (uint32_t nsid = 1; nsid <= NR_NSIDS; nsid++) {
		if (ctrl_namespace(to, nsid))
			nvmove_namespace_detach(to, ctrl_namespace(to, nsid)->nsid);
	}
	for (uint32_t nsid = 1; nsid <= NR_NSIDS; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(from, nsid);

		if (ns && (!mirror_namespace(machine, to->subsystem, ns) ||
			   nvmove_namespace_attach_as(to, ns->nsid, nsid, NULL)))
			return false;
	}
	return true;
}

static void join(struct nvmove_ctrl *ctrl, const struct nvmove_vsubsystem_config *config,
		 uint16_t cntlid)
{
	struct nvmove_vsubsystem *vsubsystem =
		nvmove_vsubsystem_new(ctrl->subsystem, config, NULL);

	expect(vsubsystem && !nvmove_ctrl_join(ctrl, vsubsystem, cntlid, NULL),
	       "controller %u cannot get an identity", ctrl->cntlid);
}

static void leave(struct nvmove_ctrl *ctrl)
{
	if (ctrl->vsubsystem != &ctrl->subsystem->device)
		nvmove_vsubsystem_free(ctrl->vsubsystem);
}

static void join_equal(struct nvmove_ctrl *to, const struct nvmove_ctrl *from)
{
	struct nvmove_vsubsystem_config config;

	if (from->vsubsystem == &from->subsystem->device)
		return;
	nvmove_vsubsystem_config(from->vsubsystem, &config);
	config.policy = NVMOVE_IDENTITY_CHECK;
	join(to, &config, from->virtual_cntlid);
}

static void join_other(struct nvmove_ctrl *to)
{
	struct nvmove_vsubsystem_config config;

	nvmove_vsubsystem_config_default(to->subsystem, &config);
	config.subnqn = "nqn.2026-11.io.nvmove:before";
	config.serial = "BEFORE";
	config.model = "another model";
	config.max_queue_entries = QUEUE_ENTRIES / 4;
	config.mdts = 1;
	config.oacs = 0;
	config.oncs = 0;
	config.volatile_write_cache = false;
	config.policy = NVMOVE_IDENTITY_ADOPT;
	join(to, &config, 0x77);
}

/*
 * Make @to what the administrator of the other host would make it.
 *
 * Return: false where that cannot be, because the first device's host has other namespaces now.
 */
static bool provision(struct machine *machine, struct nvmove_ctrl *to,
		      const struct nvmove_ctrl *from, enum destination destination)
{
	bool adopts = destination == DESTINATION_ADOPTS;

	ctrl_set_offline(to);
	leave(to);
	to->num_queues = adopts ? 2 : from->num_queues;
	to->num_vectors = adopts ? 1 : from->num_vectors;
	if (adopts)
		join_other(to);
	else
		join_equal(to, from);
	if (!mirror_namespaces(machine, to, from))
		return false;
	ctrl_set_online(to);
	nvmove_ctrl_suspend(to, ignore, NULL);
	expect(nvmove_ctrl_is_suspended(to), "an idle controller does not suspend");
	return true;
}

/* ---- what a destination answers ---- */

static bool is_same_reservation(const struct reservation *a, const struct reservation *b)
{
	if (a->type != b->type || a->generation != b->generation || a->ptpl != b->ptpl ||
	    a->nr_registrants != b->nr_registrants)
		return false;
	for (unsigned int i = 0; i < a->nr_registrants; i++) {
		const struct registrant *one = &a->registrant[i], *other = &b->registrant[i];

		if (memcmp(one->host_id, other->host_id, sizeof(one->host_id)) ||
		    one->key != other->key || one->holds != other->holds)
			return false;
	}
	return true;
}

/* What hosts have done to a namespace that others use at the destination stands against a load. */
static bool namespaces_agree(const struct nvmove_ctrl *to, const struct nvmove_ctrl *from)
{
	for (uint32_t nsid = 1; nsid <= NR_NSIDS; nsid++) {
		const struct nvmove_namespace *there = ctrl_namespace(from, nsid);
		const struct nvmove_namespace *here = ctrl_namespace(to, nsid);

		if (here && namespace_is_shared(to, here) &&
		    (here->write_protect != there->write_protect ||
		     !is_same_reservation(&here->reservation, &there->reservation)))
			return false;
	}
	return true;
}

static uint8_t *record_of(const struct nvmove_ctrl *ctrl, size_t *size)
{
	uint8_t *record;

	*size = nvmove_ctrl_compat_size(ctrl);
	record = malloc(*size);
	expect(record && nvmove_ctrl_compat_record(ctrl, record, *size) == (long)*size,
	       "no compatibility record of %zu bytes", *size);
	return record;
}

static int check_offline(const struct nvmove_ctrl *to, const struct nvmove_ctrl *from)
{
	size_t size_from, size_to;
	uint8_t *record_from = record_of(from, &size_from), *record_to = record_of(to, &size_to);
	int reasons = nvmove_compat_check(record_from, size_from, record_to, size_to, NULL, NULL);

	expect(reasons >= 0, "a compatibility record is not read: %d", reasons);
	free(record_from);
	free(record_to);
	return reasons;
}

/* Whether @to has taken the state of @from, which must be foreseen. */
static bool load(struct nvmove_ctrl *to, const struct nvmove_ctrl *from, const uint8_t *state,
		 size_t size)
{
	bool agrees = namespaces_agree(to, from);
	int reasons = check_offline(to, from);
	struct nvmove_load_error error;
	int result = nvmove_ctrl_load(to, state, size, &error);

	expect(!result == (agrees && !reasons),
	       "a load gives %d, %d reasons against it, namespaces %s: section %u: %s", result,
	       reasons, agrees ? "agree" : "do not agree", error.section, error.text);
	return !result;
}

/* Loading a state leaves one trace: it says that the timestamp has stopped. */
static void set_timestamp_synch(uint8_t *state, size_t size)
{
	const struct nvmove_cstate_header *header = (const void *)state;
	size_t at = sizeof(*header) + 4 * le64_to_cpu(header->nvme_dwords[0]) +
		    sizeof(struct nvmove_cstate_vendor);

	while (at < size) {
		struct nvmove_cstate_section *section = (void *)(state + at);
		struct nvmove_cstate_timers *timers = (void *)(section + 1);

		at += sizeof(*section) + le32_to_cpu(section->length);
		if (le16_to_cpu(section->type) != NVMOVE_CSTATE_TIMERS)
			continue;
		timers->timestamp_synch = 1;
		section->crc = 0;
	}
}

void machine_check_state(struct function *f, enum destination destination)
{
	struct nvmove_subsystem *subsystem = machine_new_subsystem(f->machine, NULL);
	struct nvmove_ctrl *fresh = nvmove_subsystem_ctrl(subsystem, f->ctrl->index);
	struct function carrier = { .machine = f->machine, .ctrl = fresh };
	size_t size, size_fresh;
	uint8_t *state, *state_fresh;

	nvmove_ctrl_bind(fresh, &machine_ops, &carrier);
	expect(provision(f->machine, fresh, f->ctrl, destination), "no room on a fresh device");
	state = machine_save(f->ctrl, &size);
	expect(load(fresh, f->ctrl, state, size), "the state of a controller is refused");
	state_fresh = machine_save(fresh, &size_fresh);
	expect(size == size_fresh, "the state has %zu bytes, loaded and saved again %zu", size,
	       size_fresh);
	set_timestamp_synch(state, size);
	set_timestamp_synch(state_fresh, size);
	for (size_t i = 0; memcmp(state, state_fresh, size); i++)
		expect(state[i] == state_fresh[i],
		       "byte %zu of the state: %#x, loaded and saved again %#x", i, state[i],
		       state_fresh[i]);
	free(state);
	free(state_fresh);
	nvmove_subsystem_free(subsystem);
}

/* The source's work is done. */
static void take_over(struct function *f, struct nvmove_ctrl *to)
{
	struct nvmove_ctrl *from = f->ctrl;

	nvmove_ctrl_reset(from, NVMOVE_RESET_FLR);
	nvmove_ctrl_bind(from, NULL, NULL);
	f->scheduled = false;
	f->deadline_ns = UINT64_MAX;
	nvmove_ctrl_bind(to, &machine_ops, f);
	f->ctrl = to;
	witness_moved(f);
}

void machine_move(struct machine *machine, enum destination destination)
{
	struct function *f = &machine->function[1];
	struct nvmove_ctrl *from = f->ctrl, *to;
	struct function carrier = { .machine = machine };
	uint8_t *state;
	size_t size;

	if (!from->online || !machine_suspend(f))
		return;
	if (!machine->subsystem[1])
		machine->subsystem[1] = machine_new_subsystem(machine, NULL);
	to = nvmove_subsystem_ctrl(machine->subsystem[from->subsystem == machine->subsystem[0]], 1);
	carrier.ctrl = to;
	nvmove_ctrl_bind(to, &machine_ops, &carrier);
	state = machine_save(from, &size);
	if (provision(machine, to, from, destination) && load(to, from, state, size)) {
		take_over(f, to);
	} else {
		ctrl_set_offline(to);
		nvmove_ctrl_bind(to, NULL, NULL);
	}
	free(state);
}

void machine_join(struct function *f, enum nvmove_identity_policy policy, uint32_t without)
{
	struct nvmove_ctrl *ctrl = f->ctrl;
	struct nvmove_vsubsystem_config config;

	if (ctrl_is_primary(ctrl) || ctrl->online)
		return;
	leave(ctrl);
	if (without == UINT32_MAX)
		return;
	nvmove_vsubsystem_config_default(ctrl->subsystem, &config);
	config.subnqn = "nqn.2026-11.io.nvmove:guest";
	config.serial = "GUEST";
	config.max_queue_entries = QUEUE_ENTRIES / 2;
	config.mdts = MDTS - 1;
	config.num_namespaces = ctrl_namespace(ctrl, NR_NSIDS) ? NR_NSIDS : NR_NSIDS - 1;
	config.oncs &= ~without;
	config.oacs &= ~(without >> 16);
	config.volatile_write_cache = !(without & 1u << 31);
	config.policy = policy;
	join(ctrl, &config, 7);
}
