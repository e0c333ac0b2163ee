// SPDX-License-Identifier: BSD-2-Clause
/*
 * Moving a controller by the vendor's commands (docs/rfc-protocol.md).
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "transport.h"

static uint32_t command(struct world *world, uint8_t opcode, uint32_t length, uint64_t offset,
			uint32_t *dw0)
{
	struct nvmove_rfc_sqe sqe = {
		.opcode = opcode,
		.vf_index = htole16(SECONDARY),
		.length = htole32(length),
		.offset = htole64(offset),
	};

	return transport_command(world, (struct nvm_sqe *)&sqe, dw0);
}

static bool suspend(struct world *world)
{
	return !command(world, NVMOVE_RFC_SUSPEND, 0, 0, NULL);
}

static bool resume(struct world *world)
{
	return !command(world, NVMOVE_RFC_RESUME, 0, 0, NULL);
}

static bool save(struct world *world, struct bytes *state, struct random *random,
		 const struct reason *reason)
{
	struct admin_host *host = &world->host[world->here];
	uint32_t size, status;

	status = command(world, NVMOVE_RFC_QUERY_DATA_SIZE, 0, 0, &size);
	if (status)
		return refuse_move(reason, "QUERY_DATA_SIZE: status %#x", status);
	state->size = size;
	state->data = malloc(size);
	for (uint32_t at = 0, len; state->data && at < size; at += len) {
		len = transport_piece(random, size - at);
		status = command(world, NVMOVE_RFC_SAVE_DATA, len, at, NULL);
		if (status)
			return refuse_move(reason, "SAVE_DATA at %u: status %#x", at, status);
		memcpy(state->data + at, admin_host_buffer(host), len);
	}
	return state->data;
}

static bool load(struct world *world, const struct bytes *state, struct random *random,
		 const struct reason *reason)
{
	struct admin_host *host = &world->host[world->here];

	for (long at = 0, len; at < state->size; at += len) {
		uint32_t status;

		len = transport_piece(random, state->size - at);
		memcpy(admin_host_buffer(host), state->data + at, len);
		status = command(world, NVMOVE_RFC_LOAD_DATA, len, at, NULL);
		if (status)
			return refuse_move(reason, "LOAD_DATA at %ld: status %#x: %s", at, status,
					   world->subsystem[world->here]->load_report.text);
	}
	return true;
}

const struct transport transport_rfc = {
	.suspend = suspend,
	.resume = resume,
	.save = save,
	.load = load,
};
