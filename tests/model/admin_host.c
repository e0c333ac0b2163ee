// SPDX-License-Identifier: BSD-2-Clause
/*
 * The host of a primary: as much of a driver as it takes to send one admin command at a time, and
 * what an administrator does to the controller under test with it.
 */
#include <endian.h>
#include <string.h>

#include "world.h"

#define ADMIN_SQ	0x0000
#define ADMIN_CQ	0x1000
#define BUFFER		0x2000
#define ENTRIES		32

uint64_t admin_host_buffer_address(void)
{
	return GUEST_BASE + BUFFER;
}

uint8_t *admin_host_buffer(struct admin_host *host)
{
	return host->port.memory + BUFFER;
}

/* The primary is disabled at first and after every reset. */
static void make_ready(struct admin_host *host)
{
	struct nvmove_ctrl *primary = host->port.ctrl;

	if (nvmove_ctrl_read(primary, NVM_REG_CC, 4) & NVM_CC_EN)
		return;
	memset(host->port.memory + ADMIN_CQ, 0, 0x1000);
	host->tail = 0;
	host->head = 0;
	host->phase = true;
	nvmove_ctrl_write(primary, NVM_REG_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1), 4);
	nvmove_ctrl_write(primary, NVM_REG_ASQ, GUEST_BASE + ADMIN_SQ, 8);
	nvmove_ctrl_write(primary, NVM_REG_ACQ, GUEST_BASE + ADMIN_CQ, 8);
	nvmove_ctrl_write(primary, NVM_REG_CC, 6u << 16 | 4u << 20 | NVM_CC_EN, 4);
}

uint32_t admin_host_command(struct admin_host *host, struct nvm_sqe *sqe, uint32_t *dw0)
{
	struct nvm_cqe cqe;

	make_ready(host);
	memcpy(host->port.memory + ADMIN_SQ + host->tail * sizeof(*sqe), sqe, sizeof(*sqe));
	host->tail = (host->tail + 1) % ENTRIES;
	nvmove_ctrl_write(host->port.ctrl, NVM_REG_DBS, host->tail, 4);
	port_settle(&host->port);
	memcpy(&cqe, host->port.memory + ADMIN_CQ + host->head * sizeof(cqe), sizeof(cqe));
	if ((le16toh(cqe.status) & 1) != host->phase)
		return 0xffff;
	host->head = (host->head + 1) % ENTRIES;
	if (!host->head)
		host->phase = !host->phase;
	nvmove_ctrl_write(host->port.ctrl, NVM_REG_DBS + 4, host->head, 4);
	if (dw0)
		*dw0 = le32toh(cqe.dw0);
	return (le16toh(cqe.status) >> 1) & NVM_SC_MASK;
}

static void virt_mgmt(struct world *world, unsigned int action)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_VIRT_MGMT,
		.cdw10 = htole32(action | nvmove_ctrl_cntlid(world->guest.ctrl) << 16),
	};

	admin_host_command(&world->host[world->here], &sqe, NULL);
}

void world_offline(struct world *world)
{
	virt_mgmt(world, NVM_VIRT_SECONDARY_OFFLINE);
}

void world_online(struct world *world)
{
	virt_mgmt(world, NVM_VIRT_SECONDARY_ONLINE);
}

void world_subsystem_reset(struct world *world)
{
	nvmove_ctrl_write(world->host[world->here].port.ctrl, NVM_REG_NSSR, NVM_NSSR_NVME, 4);
}

void world_set_vfs(struct world *world, unsigned int num_vfs)
{
	nvmove_subsystem_set_vfs(world->subsystem[world->here], num_vfs);
}
