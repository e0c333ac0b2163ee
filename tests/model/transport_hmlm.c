// SPDX-License-Identifier: BSD-2-Clause
/*
 * Moving a controller by the standard's commands (docs/hmlm-protocol.md). A state is read in pieces
 * from anywhere, some of them twice, and sent in sequences of which the first may go wrong.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "transport.h"

#define FORMATS_RECEIVE	(1u << NVMOVE_HMLM_RECEIVE_CSUUIDI_SHIFT)
#define FORMATS_SEND	(1u << NVMOVE_HMLM_CSUUIDI_SHIFT | 1u << NVMOVE_HMLM_CSVI_SHIFT)

static uint32_t cntlid(const struct world *world)
{
	return nvmove_ctrl_cntlid(world->guest.ctrl);
}

static uint32_t send(struct world *world, unsigned int select, uint32_t cdw11)
{
	struct nvm_sqe sqe = {
		.opcode = NVMOVE_HMLM_MIGRATION_SEND,
		.cdw10 = htole32(select),
		.cdw11 = htole32(cdw11 | cntlid(world)),
	};

	return transport_command(world, &sqe, NULL);
}

static bool suspend(struct world *world)
{
	return !send(world, NVMOVE_HMLM_SUSPEND,
		     NVMOVE_HMLM_STYPE_SUSPEND << NVMOVE_HMLM_STYPE_SHIFT);
}

static bool resume(struct world *world)
{
	return !send(world, NVMOVE_HMLM_RESUME, 0);
}

/* ---- saving ---- */

/* Read @len bytes at @at into the host's buffer. */
static bool get(struct world *world, uint64_t at, uint32_t len, const struct reason *reason)
{
	struct nvm_sqe sqe = {
		.opcode = NVMOVE_HMLM_MIGRATION_RECEIVE,
		.cdw10 = htole32(1u << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_GET_STATE),
		.cdw11 = htole32(FORMATS_RECEIVE | cntlid(world)),
		.cdw12 = htole32(at),
		.cdw13 = htole32(at >> 32),
		.cdw15 = htole32(len / 4 - 1),
	};
	uint32_t status, dw0;

	status = transport_command(world, &sqe, &dw0);
	if (status)
		return refuse_move(reason, "Get Controller State at %lu: status %#x",
				   (unsigned long)at, status);
	if (dw0 != NVMOVE_HMLM_CSUP)
		return refuse_move(reason, "Get Controller State at %lu: DW0 %#x",
				   (unsigned long)at, dw0);
	return true;
}

static bool save_size(struct world *world, struct bytes *state, const struct reason *reason)
{
	const struct nvmove_cstate_header *header =
		(const void *)admin_host_buffer(&world->host[world->here]);

	if (!get(world, 0, sizeof(*header), reason))
		return false;
	state->size = sizeof(*header) +
		      4 * (le64toh(header->nvme_dwords[0]) + le64toh(header->vendor_dwords[0]));
	state->data = calloc(1, state->size);
	return state->data;
}

/*
 * Take a piece over, or compare it with what is there; @known has one byte for each of the state's.
 */
static bool take(const uint8_t *piece, uint64_t at, uint32_t len, struct bytes *state,
		 uint8_t *known, const struct reason *reason)
{
	for (uint32_t i = 0; i < len; i++) {
		if (known[at + i] && state->data[at + i] != piece[i])
			return refuse_move(reason, "byte %lu: %#x when read again, %#x before",
					   (unsigned long)at + i, piece[i], state->data[at + i]);
		state->data[at + i] = piece[i];
		known[at + i] = 1;
	}
	return true;
}

static bool save_pieces(struct world *world, struct bytes *state, uint8_t *known,
			struct random *random, const struct reason *reason)
{
	const uint8_t *buffer = admin_host_buffer(&world->host[world->here]);
	uint32_t len;

	for (unsigned int n = pick(random, 8); n; n--) {
		uint64_t at = pick(random, state->size / 4) * 4ull;

		len = transport_piece(random, state->size - at);
		if (!get(world, at, len, reason) || !take(buffer, at, len, state, known, reason))
			return false;
	}
	for (long at = 0; at < state->size; at += len) {
		len = transport_piece(random, state->size - at);
		if (!memchr(known + at, 0, len))
			continue;
		if (!get(world, at, len, reason) || !take(buffer, at, len, state, known, reason))
			return false;
	}
	return true;
}

static bool save(struct world *world, struct bytes *state, struct random *random,
		 const struct reason *reason)
{
	uint8_t *known;
	bool saved;

	if (!save_size(world, state, reason))
		return false;
	known = calloc(1, state->size);
	saved = known && save_pieces(world, state, known, random, reason);
	free(known);
	return saved;
}

/* ---- loading ---- */

static uint32_t set(struct world *world, unsigned int sequence, const uint8_t *data, uint64_t at,
		    uint32_t len)
{
	struct nvm_sqe sqe = {
		.opcode = NVMOVE_HMLM_MIGRATION_SEND,
		.cdw10 = htole32(sequence << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_SET_STATE),
		.cdw11 = htole32(FORMATS_SEND | cntlid(world)),
		.cdw12 = htole32(at),
		.cdw13 = htole32(at >> 32),
		.cdw15 = htole32(len / 4),
	};

	if (len)
		memcpy(admin_host_buffer(&world->host[world->here]), data + at, len);
	return transport_command(world, &sqe, NULL);
}

/*
 * Send @size bytes; the last command may come without any, and pieces may be sent again.
 *
 * Return: status of the first command that fails, 0 if none does.
 */
static uint32_t send_sequence(struct world *world, const uint8_t *data, long size,
			      struct random *random)
{
	bool empty_last = chance(random, 20);
	uint32_t status;

	for (long at = 0, len; at < size; at += len) {
		bool first = at == 0, last;

		len = transport_piece(random, size - at);
		last = at + len == size && !empty_last;
		status = set(world, (first ? NVMOVE_HMLM_FIRST : 0) | (last ? NVMOVE_HMLM_LAST : 0),
			     data, at, len);
		if (!status && !last && chance(random, 10))
			status = set(world, NVMOVE_HMLM_MIDDLE, data,
				     pick(random, at / 4 + 1) * 4ull, 4);
		if (status)
			return status;
	}
	return empty_last ? set(world, NVMOVE_HMLM_LAST, data, 0, 0) : 0;
}

/* Sequences that do not get to their end, or whose end is refused. */
static bool go_wrong(struct world *world, const struct bytes *state, struct random *random,
		     const struct reason *reason)
{
	uint64_t at = pick(random, state->size);
	uint32_t status;

	switch (pick(random, 3)) {
	case 0:	/* a byte is damaged */
		state->data[at] ^= 0x80;
		status = send_sequence(world, state->data, state->size, random);
		state->data[at] ^= 0x80;
		if (status != NVM_SC_INVALID_FIELD)
			return refuse_move(reason, "damaged byte %lu: status %#x",
					   (unsigned long)at, status);
		break;
	case 1:	/* the host leaves off */
		status = set(world, NVMOVE_HMLM_FIRST, state->data, 0, 4);
		if (status)
			return refuse_move(reason, "a first piece: status %#x", status);
		break;
	case 2:	/* a piece is missing */
		status = set(world, NVMOVE_HMLM_FIRST, state->data, 0, 4);
		if (!status)
			status = set(world, NVMOVE_HMLM_MIDDLE, state->data, 8, 4);
		if (status != NVM_SC_INVALID_FIELD)
			return refuse_move(reason, "a gap: status %#x", status);
		break;
	}
	return !resume(world) ? true : refuse_move(reason, "resumed with a state half sent");
}

static bool load(struct world *world, const struct bytes *state, struct random *random,
		 const struct reason *reason)
{
	uint32_t status;

	while (chance(random, 30)) {
		if (!go_wrong(world, state, random, reason))
			return false;
	}
	status = send_sequence(world, state->data, state->size, random);
	if (status)
		return refuse_move(reason, "Set Controller State: status %#x: %s", status,
				   world->subsystem[world->here]->load_report.text);
	return true;
}

const struct transport transport_hmlm = {
	.wants_no_queues = true,
	.suspend = suspend,
	.resume = resume,
	.save = save,
	.load = load,
};
