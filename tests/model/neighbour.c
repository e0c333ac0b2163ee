// SPDX-License-Identifier: BSD-2-Clause
/*
 * Another host of the device that the controller under test lives in: it comes, sends one
 * reservation command and goes. What it registered or holds stays, since that is the host's and not
 * the controller's. It never touches data.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define IO_SQ		0x6000
#define IO_CQ		0x7000
#define IO_QID		1
#define IO_ENTRIES	4

static void set_host_id(struct admin_host *host, uint8_t id)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_SET_FEATURES,
		.prp1 = htole64(admin_host_buffer_address()),
		.cdw10 = htole32(NVM_FEAT_HOST_ID),
		.cdw11 = htole32(1),	/* 128 bits */
	};

	memset(admin_host_buffer(host), 0, 16);
	admin_host_buffer(host)[0] = id;
	admin_host_command(host, &sqe, NULL);
}

static void create_queues(struct admin_host *host)
{
	struct nvm_sqe cq = {
		.opcode = NVM_ADMIN_CREATE_CQ,
		.prp1 = htole64(GUEST_BASE + IO_CQ),
		.cdw10 = htole32(IO_QID | (IO_ENTRIES - 1) << 16),
		.cdw11 = htole32(NVM_QUEUE_PC),
	};
	struct nvm_sqe sq = {
		.opcode = NVM_ADMIN_CREATE_SQ,
		.prp1 = htole64(GUEST_BASE + IO_SQ),
		.cdw10 = htole32(IO_QID | (IO_ENTRIES - 1) << 16),
		.cdw11 = htole32(NVM_QUEUE_PC | IO_QID << 16),
	};

	admin_host_command(host, &cq, NULL);
	admin_host_command(host, &sq, NULL);
}

void world_neighbour(struct world *world, const struct neighbour *neighbour)
{
	struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(world->subsystem[world->here],
							 NEIGHBOUR);
	struct admin_host *host = &world->neighbour;
	struct nvm_sqe sqe = {
		.opcode = neighbour->opcode,
		.nsid = htole32(neighbour->nsid),
		.prp1 = htole64(admin_host_buffer_address()),
		.cdw10 = htole32(neighbour->cdw10),
	};

	port_bind(&host->port, ctrl);
	ctrl_set_online(ctrl);
	set_host_id(host, neighbour->host);
	create_queues(host);
	memset(admin_host_buffer(host), 0, 16);
	admin_host_buffer(host)[0] = neighbour->current_key;
	admin_host_buffer(host)[8] = neighbour->other_key;
	memcpy(host->port.memory + IO_SQ, &sqe, sizeof(sqe));
	nvmove_ctrl_write(ctrl, NVM_REG_DBS + 8 * IO_QID, 1, 4);
	port_settle(&host->port);
	ctrl_set_offline(ctrl);
	port_unbind(&host->port);
}

/*
 * Namespaces that the guest has not attached are no part of its state: the other device learns of
 * them by other means, which nvmove knows nothing of.
 */
void copy_device_state(struct nvmove_namespace *to, const struct nvmove_namespace *from)
{
	size_t size = from->reservation.nr_registrants * sizeof(*from->reservation.registrant);

	to->write_protect = from->write_protect;
	free(to->reservation.registrant);
	to->reservation = from->reservation;
	to->reservation.registrant = NULL;
	if (!size)
		return;
	to->reservation.registrant = malloc(size);
	if (!to->reservation.registrant)
		abort();
	memcpy(to->reservation.registrant, from->reservation.registrant, size);
}
