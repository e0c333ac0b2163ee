// SPDX-License-Identifier: BSD-2-Clause
/*
 * Does an action to both twins and has them compared. An action that makes no sense where they are
 * is done to neither, so that any part of a script is a script.
 */
#include <endian.h>
#include <string.h>

#include "commands.h"
#include "twins.h"

#define FULL_COMPARE	1024	/* actions between comparisons of all memory */

/* Both worlds, for what is done to each. */
#define for_both(world, t) \
	for (struct world *world = (t)->stays; world; \
	     world = world == (t)->stays ? (t)->moves : NULL)

void twins_begin(struct twins *t, const struct mutant *mutant)
{
	*t = (struct twins) {
		.stays = world_new(),
		.moves = world_new(),
		.mutant = mutant,
	};
}

static void settle(struct twins *t)
{
	for_both(world, t)
		world_settle(world);
}

static void guest_write(struct twins *t, uint64_t offset, const void *data, size_t len)
{
	if (len > GUEST_SIZE || offset > GUEST_SIZE - len)
		return;
	for_both(world, t)
		memcpy(world->guest.memory + offset, data, len);
}

static void fill_memory(struct twins *t, uint64_t seed)
{
	struct random random = random_from(seed);
	__le64 list[512];

	for (unsigned int page = 0; page < NR_LISTS; page++) {
		for (unsigned int i = 0; i < 512; i++)
			list[i] = htole64(GUEST_BASE + DATA + pick(&random, DATA_PAGES) * 4096ull);
		if (chance(&random, 50))
			list[pick(&random, 511)] |= htole64(8);
		list[511] = htole64(GUEST_BASE + LISTS + pick(&random, NR_LISTS) * 4096ull);
		guest_write(t, LISTS + page * 4096, list, sizeof(list));
	}
	for (unsigned int i = 0; i < DATA_PAGES * 4096; i += 4) {
		uint32_t value = pick(&random, UINT32_MAX);

		guest_write(t, DATA + i, &value, sizeof(value));
	}
}

static void register_write(struct twins *t, uint64_t offset, uint64_t value, unsigned int size)
{
	for_both(world, t)
		nvmove_ctrl_write(world->guest.ctrl, offset, value, size);
}

/*
 * The twin that stays has posted as much or more by now, so what the moved one accepts it does,
 * too.
 */
static bool head_is_valid(const struct twins *t, uint64_t qid, uint64_t head)
{
	const struct cq_state *cq;
	uint32_t unread;

	if (qid > IO_QUEUES)
		return false;
	cq = &t->moves->guest.ctrl->st.cq[qid];
	if (!cq->exists || head >= cq->size)
		return false;
	unread = (cq->tail + cq->size - cq->head) % cq->size;
	return (head + cq->size - cq->head) % cq->size <= unread;
}

static bool tail_is_valid(const struct twins *t, uint64_t qid, uint64_t tail)
{
	const struct sq_state *sq;

	if (qid > IO_QUEUES)
		return false;
	sq = &t->moves->guest.ctrl->st.sq[qid];
	return sq->exists && tail < sq->size;
}

/* Where the shadow doorbell @number is in the guest's memory, 0 if it is not used. */
static uint64_t shadow_offset(const struct twins *t, uint64_t number)
{
	uint64_t page = t->stays->guest.ctrl->st.shadow.doorbells;

	return page && number > 1 && number <= 2 * IO_QUEUES + 1 ?
	       page - GUEST_BASE + 4 * number : 0;
}

/*
 * In memory, too, where that is used. There a bad value would stay, and be reported once more when
 * the controller looks again after a move.
 */
static void ring(struct twins *t, uint64_t number, uint32_t value, bool valid)
{
	uint64_t offset = shadow_offset(t, number);
	__le32 entry = htole32(value);

	if (offset && !valid)
		return;
	if (offset)
		guest_write(t, offset, &entry, sizeof(entry));
	register_write(t, NVM_REG_DBS + 4 * number, value, 4);
}

static void bad_shadow(struct twins *t, uint64_t number, uint32_t value)
{
	uint64_t offset = shadow_offset(t, number);
	__le32 before, entry = htole32(value);

	if (!offset || offset > GUEST_SIZE - sizeof(before) || value < QUEUE_ENTRIES)
		return;
	memcpy(&before, t->stays->guest.memory + offset, sizeof(before));
	guest_write(t, offset, &entry, sizeof(entry));
	register_write(t, NVM_REG_DBS + 4 * number, value, 4);
	register_write(t, NVM_REG_DBS + 4 * number, 0, 4);
	guest_write(t, offset, &before, sizeof(before));
}

static void complete(struct twins *t, uint64_t index, int error)
{
	for_both(world, t) {
		if (index < world->nr_pending)
			world_complete(world, index, error);
	}
}

static void neighbour(struct twins *t, const uint64_t *argument)
{
	const struct neighbour neighbour = {
		.host = argument[0],
		.nsid = argument[1],
		.opcode = argument[2] >> 32,
		.cdw10 = argument[2],
		.current_key = argument[3],
		.other_key = argument[3] >> 8,
	};

	for_both(world, t)
		world_neighbour(world, &neighbour);
}

static void move(struct twins *t, const struct action *action)
{
	const struct move move = {
		.by = action->argument[0] % NR_MOVES_BY,
		.hops = action->argument[1],
		.pieces = action->argument[2],
		.life = action->argument[3],
	};

	if (!t->moves->guest.ctrl->online)
		return;
	for_both(world, t)
		world_drain(world);
	settle(t);
	for_both(world, t)
		world_drain(world);
	if (t->stays->guest.ctrl->in_flight || t->moves->guest.ctrl->in_flight)
		return;	/* more was fetched: some other time */
	if (!world_move(t->moves, &move, t->mutant, t->what, sizeof(t->what))) {
		t->outcome = OUTCOME_REFUSED;
		return;
	}
	/* What a move is allowed to change. */
	t->stays->guest.ctrl->st.timestamp_synch = true;
	t->nr_moves++;
	t->coalescing_irqs |= coalescing_vectors(t);
	t->suspended = true;
	t->moved_by = move.by;
	t->rung = false;
}

static void resume(struct twins *t)
{
	t->suspended = false;
	t->allowed_irqs = unread_vectors(t->moves->guest.ctrl);
	if (!world_resume(t->moves, t->moved_by)) {
		t->outcome = OUTCOME_REFUSED;
		strcpy(t->what, "it does not resume");
		return;
	}
	settle(t);
	compare(t);
}

static void do_to_both(struct twins *t, const struct action *action)
{
	const uint64_t *argument = action->argument;

	for_both(world, t) {
		switch (action->kind) {
		case ACTION_MAP:
			world->can_map = argument[0];
			break;
		case ACTION_ADVANCE:
			world_advance(world, argument[0]);
			break;
		case ACTION_RESET:
			nvmove_ctrl_reset(world->guest.ctrl, argument[0]);
			break;
		case ACTION_SUBSYSTEM_RESET:
			world_subsystem_reset(world);
			break;
		case ACTION_VFS:
			world_set_vfs(world, argument[0]);
			break;
		case ACTION_OFFLINE:
			world_offline(world);
			break;
		case ACTION_ONLINE:
			world_online(world);
			break;
		case ACTION_ATTACH:
			world_attach(world, argument[0]);
			break;
		case ACTION_DETACH:
			world_detach(world, argument[0]);
			break;
		}
	}
}

static void act(struct twins *t, const struct action *action)
{
	const uint64_t *argument = action->argument;

	switch (action->kind) {
	case ACTION_MEMORY:
		fill_memory(t, argument[0]);
		break;
	case ACTION_WRITE:
		register_write(t, argument[0], argument[1], argument[2]);
		break;
	case ACTION_SQ_DOORBELL:
		ring(t, 2 * argument[0], argument[1],
		     tail_is_valid(t, argument[0], argument[1]));
		break;
	case ACTION_CQ_DOORBELL:
		ring(t, 2 * argument[0] + 1, argument[1],
		     head_is_valid(t, argument[0], argument[1]));
		break;
	case ACTION_BAD_SHADOW:
		bad_shadow(t, argument[0], argument[1]);
		break;
	case ACTION_SQE:
		guest_write(t, SQ_AT(argument[0]) + argument[1] * ACTION_BYTES, action->bytes,
			    ACTION_BYTES);
		break;
	case ACTION_DATA:
		guest_write(t, argument[0], action->bytes,
			    argument[1] < ACTION_BYTES ? argument[1] : ACTION_BYTES);
		break;
	case ACTION_COMPLETE:
		complete(t, argument[0], (int)argument[1]);
		break;
	case ACTION_NEIGHBOUR:
		neighbour(t, argument);
		break;
	case ACTION_MOVE:
		move(t, action);
		break;
	case ACTION_RESUME:
		break;	/* it was not suspended */
	default:
		do_to_both(t, action);
	}
}

/* Whether nothing but memory changes, which no controller looks at before it is told to. */
static bool is_silent(const struct action *action)
{
	return action->kind == ACTION_SQE || action->kind == ACTION_DATA ||
	       action->kind == ACTION_MEMORY || action->kind == ACTION_MAP;
}

/*
 * The guest goes on ringing while nobody listens. One queue at most: which of several submission
 * queues is fetched first, those that found room among them, is the controller's choice.
 */
static bool may_act_while_suspended(struct twins *t, const struct action *action)
{
	if (!action->while_suspended)
		return false;
	switch (action->kind) {
	case ACTION_SQE:
	case ACTION_DATA:
		return true;
	case ACTION_SQ_DOORBELL:
		if (t->rung)
			return false;
		t->rung = true;
		return true;
	case ACTION_CQ_DOORBELL:
		if (t->rung || !head_is_valid(t, action->argument[0], action->argument[1]))
			return false;
		t->rung = true;
		return true;
	default:
		return false;
	}
}

enum outcome twins_play(struct twins *t, const struct action *action)
{
	if (t->suspended && !may_act_while_suspended(t, action))
		resume(t);
	if (t->outcome != OUTCOME_SAME)
		return t->outcome;
	if (!t->suspended) {
		for_both(world, t)
			world_begin_step(world);
		t->allowed_irqs = 0;
		t->coalescing_irqs = coalescing_vectors(t);
	}
	t->nr_played++;
	act(t, action);
	if (t->suspended || is_silent(action) || t->outcome != OUTCOME_SAME)
		return t->outcome;
	settle(t);
	compare(t);
	if (t->nr_played % FULL_COMPARE == 0)
		compare_everything(t);
	return t->outcome;
}

enum outcome twins_end(struct twins *t)
{
	if (t->suspended)
		resume(t);
	for_both(world, t)
		world_drain(world);
	if (t->outcome == OUTCOME_SAME)
		compare_everything(t);
	for_both(world, t)
		world_free(world);
	return t->outcome;
}
