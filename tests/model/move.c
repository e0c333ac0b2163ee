// SPDX-License-Identifier: BSD-2-Clause
/*
 * Moving the controller under test from one device to the other, by whatever transport; the
 * library's calls, which are one; and the life that the other controller had before.
 */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "transport.h"

static void ignore(void *arg, int status)
{
	(void)arg;
	(void)status;
}

/* ---- the life of another ---- */

static bool is_harmless(uint8_t opcode)
{
	return opcode == NVM_IO_READ || opcode == NVM_IO_COMPARE || opcode == NVM_IO_VERIFY;
}

static void live_commands(struct port *port, struct random *random)
{
	unsigned int qid = chance(random, 40) ? 0 : pick(random, IO_QUEUES + 1);
	const struct sq_state *sq = &port->ctrl->st.sq[qid];
	uint32_t tail = sq->tail;

	if (!sq->exists)
		return;
	for (unsigned int n = pick(random, 6); n && (tail + 1) % sq->size != sq->head; n--) {
		struct nvm_sqe sqe = { .cid = htole16(pick(random, 64)) };

		if (qid)
			make_io(random, &sqe);
		else
			make_admin(random, &sqe);
		if (qid && !is_harmless(sqe.opcode))
			sqe.opcode = NVM_IO_READ;	/* the media are the guest's too */
		memcpy(port->memory + SQ_AT(qid) + tail * sizeof(sqe), &sqe, sizeof(sqe));
		tail = (tail + 1) % sq->size;
	}
	nvmove_ctrl_write(port->ctrl, NVM_REG_DBS + 8 * qid, tail, 4);
}

static void live_read_completions(struct port *port, struct random *random)
{
	unsigned int qid = pick(random, IO_QUEUES + 1);
	const struct cq_state *cq = &port->ctrl->st.cq[qid];

	if (cq->exists)
		nvmove_ctrl_write(port->ctrl, NVM_REG_DBS + 8 * qid + 4, cq->tail, 4);
}

/*
 * @ctrl serves somebody else for a while, and is left as it is then.
 */
static void live(struct world *world, struct nvmove_ctrl *ctrl, uint64_t seed)
{
	struct random random = random_from(seed);
	struct port *port = &world->stranger;

	port_bind(port, ctrl);
	nvmove_ctrl_reset(ctrl, NVMOVE_RESET_FLR);
	nvmove_ctrl_write(ctrl, NVM_REG_INTMS, pick(&random, 256), 4);
	nvmove_ctrl_write(ctrl, NVM_REG_AQA, (ADMIN_ENTRIES - 1) << 16 | (ADMIN_ENTRIES - 1), 4);
	nvmove_ctrl_write(ctrl, NVM_REG_ASQ, GUEST_BASE + ADMIN_SQ, 8);
	nvmove_ctrl_write(ctrl, NVM_REG_ACQ, GUEST_BASE + ADMIN_CQ, 8);
	nvmove_ctrl_write(ctrl, NVM_REG_CC, CC_GOOD | NVM_CC_EN, 4);
	for (unsigned int n = pick(&random, 60); n; n--) {
		if (chance(&random, 70))
			live_commands(port, &random);
		else
			live_read_completions(port, &random);
		port_settle(port);
		if (chance(&random, 50))
			world_drain(world);
	}
	while (ctrl->in_flight) {
		world_drain(world);
		port_settle(port);
	}
	port->scheduled = false;
}

/* ---- by calls of the library, and what the protocols share ---- */

bool refuse_move(const struct reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, reason->size, format, args);
	va_end(args);
	return false;
}

uint32_t transport_piece(struct random *random, long left)
{
	uint32_t size = (1 + pick(random, chance(random, 50) ? 64 : HOST_BUFFER / 4)) * 4;

	return size < left ? size : left;
}

uint32_t transport_command(struct world *world, struct nvm_sqe *sqe, uint32_t *dw0)
{
	sqe->prp1 = htole64(admin_host_buffer_address());
	sqe->prp2 = htole64(admin_host_buffer_address() + 4096);
	return admin_host_command(&world->host[world->here], sqe, dw0);
}

static bool suspend(struct world *world)
{
	nvmove_ctrl_suspend(world->guest.ctrl, ignore, NULL);
	return nvmove_ctrl_is_suspended(world->guest.ctrl);
}

static bool resume(struct world *world)
{
	return !nvmove_ctrl_resume(world->guest.ctrl);
}

static bool save(struct world *world, struct bytes *state, struct random *random,
		 const struct reason *reason)
{
	struct nvmove_ctrl *from = world->guest.ctrl;

	(void)random;
	state->size = nvmove_ctrl_state_size(from);
	state->data = malloc(state->size);
	if (!state->data || nvmove_ctrl_save(from, state->data, state->size) != state->size)
		return refuse_move(reason, "saving does not give %ld bytes", state->size);
	return true;
}

static bool load(struct world *world, const struct bytes *state, struct random *random,
		 const struct reason *reason)
{
	struct nvmove_load_error error;

	(void)random;
	if (nvmove_ctrl_load(world->guest.ctrl, state->data, state->size, &error) < 0)
		return refuse_move(reason, "%s", error.text);
	return true;
}

static const struct transport transport_calls = {
	.suspend = suspend,
	.resume = resume,
	.save = save,
	.load = load,
};

static const struct transport *const transports[NR_MOVES_BY] = {
	[MOVE_BY_CALLS] = &transport_calls,
	[MOVE_BY_RFC] = &transport_rfc,
	[MOVE_BY_HMLM] = &transport_hmlm,
};

/* ---- one move ---- */

/* The other device's controller gets what the guest has attached; its own host is told of that. */
static void attach_alike(struct world *world, const struct nvmove_ctrl *from)
{
	for (uint32_t nsid = 1; nsid <= NR_NAMESPACES; nsid++) {
		if (ctrl_namespace(from, nsid))
			world_attach_there(world, nsid);
		else
			world_detach_there(world, nsid);
	}
	if (world->stranger.ctrl) {
		port_settle(&world->stranger);
		port_unbind(&world->stranger);
	}
}

/* The guest finds itself on the other device. */
static void change_device(struct world *world, struct nvmove_ctrl *to)
{
	port_unbind(&world->guest);
	port_bind(&world->guest, to);
	world->here = !world->here;
}

static bool hop(struct world *world, const struct transport *by, struct random *random,
		const struct mutant *mutant, uint64_t life, struct bytes *state,
		const struct reason *reason)
{
	struct nvmove_ctrl *to = nvmove_subsystem_ctrl(world->subsystem[!world->here], SECONDARY);

	if (!by->suspend(world))
		return refuse_move(reason, "the source does not suspend");
	if (!by->save(world, state, random, reason))
		return false;
	if (life)
		live(world, to, life);
	if (by->wants_no_queues)
		nvmove_ctrl_reset(to, NVMOVE_RESET_FLR);
	attach_alike(world, world->guest.ctrl);
	change_device(world, to);
	if (!by->suspend(world))
		return refuse_move(reason, "the destination does not suspend");
	if (mutant)
		mutant_apply(mutant, state->data, &state->size);
	return by->load(world, state, random, reason);
}

bool world_move(struct world *world, const struct move *move, const struct mutant *mutant, char *why,
		size_t why_size)
{
	const struct reason reason = { why, why_size };
	struct random random = random_from(move->pieces);
	bool moved = true;

	for (unsigned int n = 1; moved && n <= move->hops; n++) {
		struct bytes state = { 0 };

		moved = hop(world, transports[move->by], &random, mutant,
			    n == move->hops ? move->life : 0, &state, &reason);
		free(state.data);
	}
	return moved;
}

bool world_resume(struct world *world, enum move_by by)
{
	return transports[by]->resume(world);
}
