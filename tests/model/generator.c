// SPDX-License-Identifier: BSD-2-Clause
/*
 * Thinks of what a host, its guest and its devices could do next, mostly within the rules. It looks
 * at the twins, so that what it thinks of makes sense; it changes nothing.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "commands.h"
#include "twins.h"

static const struct nvmove_ctrl *stays(const struct generator *g)
{
	return g->twins->stays->guest.ctrl;
}

static bool emit(struct generator *g, enum action_kind kind, uint64_t a, uint64_t b, uint64_t c)
{
	const struct action action = { .kind = kind, .argument = { a, b, c } };

	return g->emit(g->arg, &action);
}

static bool emit_bytes(struct generator *g, const struct action *from, bool while_suspended)
{
	struct action action = *from;

	action.while_suspended = while_suspended;
	return g->emit(g->arg, &action);
}

static bool emit_sqe(struct generator *g, unsigned int qid, unsigned int slot, bool while_suspended)
{
	struct nvm_sqe sqe = { .cid = htole16(pick(&g->random, 64)) };
	struct action action = {
		.kind = ACTION_SQE,
		.argument = { qid, slot },
	}, data;

	if (qid)
		make_io(&g->random, &sqe);
	else
		make_admin(&g->random, &sqe);
	memcpy(action.bytes, &sqe, sizeof(sqe));
	if (make_data(&g->random, &sqe, !qid, &data) && !emit_bytes(g, &data, while_suspended))
		return false;
	return emit_bytes(g, &action, while_suspended);
}

static bool emit_doorbell(struct generator *g, enum action_kind kind, unsigned int qid,
			  unsigned int value, bool while_suspended)
{
	const struct action action = {
		.kind = kind,
		.while_suspended = while_suspended,
		.argument = { qid, value },
	};

	return g->emit(g->arg, &action);
}

static bool commands(struct generator *g, bool while_suspended)
{
	unsigned int qid = chance(&g->random, 30) ? 0 : pick(&g->random, IO_QUEUES + 1);
	const struct sq_state *sq = &stays(g)->st.sq[qid];
	uint32_t tail = sq->tail;
	unsigned int room;

	if (!sq->exists)
		return true;
	room = (sq->head + sq->size - tail - 1) % sq->size;
	if (!room)
		return true;
	if (chance(&g->random, 80) && room > 4)
		room = 4;
	for (unsigned int n = 1 + pick(&g->random, room); n; n--) {
		if (!emit_sqe(g, qid, tail, while_suspended))
			return false;
		tail = (tail + 1) % sq->size;
	}
	return emit_doorbell(g, ACTION_SQ_DOORBELL, qid, tail, while_suspended);
}

static bool read_completions(struct generator *g, bool while_suspended)
{
	unsigned int qid = pick(&g->random, IO_QUEUES + 1);
	/* While one is suspended the other may have posted more. */
	const struct cq_state *cq = &g->twins->moves->guest.ctrl->st.cq[qid];
	unsigned int unread;

	if (!cq->exists)
		return true;
	unread = (cq->tail + cq->size - cq->head) % cq->size;
	if (!unread)
		return true;
	unread = chance(&g->random, 60) ? unread : 1 + pick(&g->random, unread);
	return emit_doorbell(g, ACTION_CQ_DOORBELL, qid, (cq->head + unread) % cq->size,
			     while_suspended);
}

static bool bad_doorbell(struct generator *g)
{
	unsigned int number = pick(&g->random, 2 * IO_QUEUES + 6);

	return emit(g, ACTION_WRITE, NVM_REG_DBS + 4 * number, pick(&g->random, 70000), 4);
}

static bool bad_shadow(struct generator *g)
{
	unsigned int number = 2 + pick(&g->random, 2 * IO_QUEUES);

	return emit(g, ACTION_BAD_SHADOW, number, QUEUE_ENTRIES + pick(&g->random, 70000), 0);
}

static bool complete(struct generator *g)
{
	static const int errors[] = { -EIO, -ENOSPC, -EROFS };
	unsigned int nr_pending = g->twins->stays->nr_pending;

	unsigned int index;
	int error;

	if (!nr_pending)
		return true;
	index = pick(&g->random, nr_pending);
	error = chance(&g->random, 3) ? errors[pick(&g->random, 3)] : 0;
	return emit(g, ACTION_COMPLETE, index, error, 0);
}

static bool enable(struct generator *g)
{
	uint32_t css = chance(&g->random, 50) ? NVM_CC_CSS_IOCSS << 4 : 0;

	return emit(g, ACTION_WRITE, NVM_REG_AQA, (ADMIN_ENTRIES - 1) << 16 | (ADMIN_ENTRIES - 1),
		    4) &&
	       emit(g, ACTION_WRITE, NVM_REG_ASQ, GUEST_BASE + ADMIN_SQ, 8) &&
	       emit(g, ACTION_WRITE, NVM_REG_ACQ, GUEST_BASE + ADMIN_CQ, 8) &&
	       emit(g, ACTION_WRITE, NVM_REG_CC, CC_GOOD | NVM_CC_EN | css, 4);
}

static bool offline_for_a_while(struct generator *g)
{
	switch (pick(&g->random, 4)) {
	case 0:
		return emit(g, ACTION_SUBSYSTEM_RESET, 0, 0, 0);
	case 1:
		return emit(g, ACTION_VFS, 0, 0, 0) && emit(g, ACTION_VFS, NR_SECONDARY, 0, 0);
	default:
		return emit(g, ACTION_OFFLINE, 0, 0, 0);
	}
}

static bool life_cycle(struct generator *g)
{
	uint32_t cc = stays(g)->st.cc;

	if (!stays(g)->online)
		return emit(g, ACTION_ONLINE, 0, 0, 0);
	switch (pick(&g->random, 16)) {
	case 0:
		return emit(g, ACTION_WRITE, NVM_REG_CC, cc & ~NVM_CC_EN, 4);
	case 1:
	case 2:
		return emit(g, ACTION_WRITE, NVM_REG_CC, cc | (1 + pick(&g->random, 2)) << 14, 4);
	case 3:
		return emit(g, ACTION_RESET, NVMOVE_RESET_FLR, 0, 0);
	case 4:
		return emit(g, ACTION_RESET, NVMOVE_RESET_CONVENTIONAL, 0, 0);
	case 5:
		return emit(g, ACTION_WRITE, NVM_REG_CC, pick(&g->random, UINT32_MAX), 4);
	case 6:
		return offline_for_a_while(g);
	default:
		return (cc & NVM_CC_EN) || enable(g);
	}
}

static bool property(struct generator *g)
{
	static const uint16_t offsets[] = { NVM_REG_INTMS, NVM_REG_INTMC, NVM_REG_CSTS, NVM_REG_NSSR,
					    NVM_REG_CAP, 0x40, 0xf00 };

	uint16_t offset = offsets[pick(&g->random, 7)];
	uint32_t value = chance(&g->random, 50) ? NVM_NSSR_NVME : pick(&g->random, 256);

	return emit(g, ACTION_WRITE, offset, value, chance(&g->random, 90) ? 4 : 8);
}

static bool attachment(struct generator *g)
{
	uint32_t nsid = 1 + pick(&g->random, NR_NAMESPACES);
	bool detach = ctrl_namespace(stays(g), nsid) && chance(&g->random, 30);

	return emit(g, detach ? ACTION_DETACH : ACTION_ATTACH, nsid, 0, 0);
}

static bool neighbour(struct generator *g)
{
	static const uint8_t opcodes[] = { NVM_IO_RESV_REGISTER, NVM_IO_RESV_ACQUIRE,
					   NVM_IO_RESV_RELEASE };
	struct action action = { .kind = ACTION_NEIGHBOUR };
	uint8_t opcode = opcodes[pick(&g->random, 3)];
	uint64_t command = pick(&g->random, 3);

	command |= chance(&g->random, 50) ? NVM_RESV_IEKEY : 0;
	if (opcode != NVM_IO_RESV_REGISTER)
		command |= (1 + pick(&g->random, 6)) << 8;
	action.argument[0] = 1 + pick(&g->random, 4);
	action.argument[1] = 1 + pick(&g->random, NR_NAMESPACES);
	action.argument[2] = (uint64_t)opcode << 32 | command;
	action.argument[3] = pick(&g->random, 3);
	action.argument[3] |= pick(&g->random, 3) << 8;
	return g->emit(g->arg, &action);
}

static bool ring_while_suspended(struct generator *g)
{
	if (chance(&g->random, 30))
		return commands(g, true);
	return !chance(&g->random, 70) || read_completions(g, true);
}

static bool move(struct generator *g)
{
	struct action action = { .kind = ACTION_MOVE };

	action.argument[0] = pick(&g->random, NR_MOVES_BY);
	action.argument[1] = chance(&g->random, 10) ? 2 : 1;
	action.argument[2] = pick(&g->random, 1 << 16);
	action.argument[3] = chance(&g->random, 25) ? 1 + pick(&g->random, 1 << 16) : 0;
	if (!g->emit(g->arg, &action))
		return false;
	if (!g->twins->suspended)
		return true;
	return ring_while_suspended(g) && emit(g, ACTION_RESUME, 0, 0, 0);
}

static bool something(struct generator *g)
{
	const struct ctrl_state *st = &stays(g)->st;
	unsigned int what = pick(&g->random, 100);

	if (what < 35)
		return commands(g, false);
	if (what < 60)
		return complete(g);
	if (what < 85)
		return read_completions(g, false);
	if (what < 88)
		return emit(g, ACTION_ADVANCE, pick(&g->random, 50000000), 0, 0);
	if (what < 91)
		return property(g);
	if (what < 94)
		return chance(&g->random, 50) ? attachment(g) : neighbour(g);
	if (what < 95)
		return bad_doorbell(g);
	if (what < 96)
		return bad_shadow(g);
	if (!(st->csts & NVM_CSTS_RDY) || (st->csts & ~NVM_CSTS_RDY) || chance(&g->random, 10))
		return life_cycle(g);
	return true;
}

bool generate_begin(struct generator *g)
{
	return emit(g, ACTION_MEMORY, pick(&g->random, UINT32_MAX), 0, 0) && enable(g);
}

bool generate_step(struct generator *g)
{
	if (chance(&g->random, 10) &&
	    !emit(g, ACTION_MAP, chance(&g->random, 70), 0, 0))
		return false;
	return chance(&g->random, g->move_percent) ? move(g) : something(g);
}
