// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtualization Management (Base 5.31, 8.26): the primary hands queues and interrupt vectors to
 * its secondaries and takes them online and offline. It never touches a secondary's queues.
 */
#include "controller.h"

#define MIN_ONLINE_QUEUES	2	/* the admin queue and one I/O queue pair */
#define MIN_ONLINE_VECTORS	1

unsigned int virt_primary_private(const struct nvmove_subsystem *subsystem, unsigned int type)
{
	return type == NVM_VIRT_RT_VQ ? subsystem->max_io_queues + 1 : subsystem->max_vectors;
}

unsigned int virt_secondary_max(const struct nvmove_subsystem *subsystem, unsigned int type)
{
	unsigned int max = virt_primary_private(subsystem, type);

	return max > 0xffff ? 0xffff : max;
}

/* Enough for every secondary to have as much as it can use. */
unsigned int virt_flexible_total(const struct nvmove_subsystem *subsystem, unsigned int type)
{
	return (subsystem->num_ctrls - 1) * virt_secondary_max(subsystem, type);
}

static unsigned int resources(const struct nvmove_ctrl *ctrl, unsigned int type)
{
	return type == NVM_VIRT_RT_VQ ? ctrl->num_queues : ctrl->num_vectors;
}

unsigned int virt_flexible_assigned(const struct nvmove_subsystem *subsystem, unsigned int type)
{
	unsigned int sum = 0;

	for (unsigned int i = 1; i < subsystem->num_ctrls; i++)
		sum += resources(subsystem->ctrl[i], type);
	return sum;
}

static unsigned int flexible_free(const struct nvmove_subsystem *subsystem, unsigned int type)
{
	unsigned int primary = subsystem->primary_flexible[type];

	if (subsystem->primary_flexible_next[type] > primary)
		primary = subsystem->primary_flexible_next[type];
	return virt_flexible_total(subsystem, type) - virt_flexible_assigned(subsystem, type) -
	       primary;
}

/*
 * Resources that a secondary can have at most now: what nobody else has, within the limit of its
 * virtual subsystem.
 */
unsigned int virt_secondary_limit(const struct nvmove_ctrl *ctrl, unsigned int type)
{
	const struct nvmove_vsubsystem *vsubsystem = ctrl->vsubsystem;
	unsigned int available = flexible_free(ctrl->subsystem, type) + resources(ctrl, type);
	unsigned int limit = virt_secondary_max(ctrl->subsystem, type);
	unsigned int narrowed = type == NVM_VIRT_RT_VQ ? vsubsystem->max_io_queues + 1
						       : vsubsystem->max_vectors;

	if (narrowed < limit)
		limit = narrowed;
	return available < limit ? available : limit;
}

/*
 * What was allocated to the primary takes effect at its next reset. Its queues cannot exceed what
 * its doorbells address, so more than that stays unused.
 */
void virt_mgmt_primary_reset(struct nvmove_subsystem *subsystem)
{
	for (unsigned int type = NVM_VIRT_RT_VQ; type <= NVM_VIRT_RT_VI; type++)
		subsystem->primary_flexible[type] = subsystem->primary_flexible_next[type];
}

static uint32_t primary_alloc(struct nvmove_ctrl *primary, unsigned int type, unsigned int count,
			      uint32_t *modified)
{
	struct nvmove_subsystem *subsystem = primary->subsystem;
	unsigned int available = virt_flexible_total(subsystem, type) -
				 virt_flexible_assigned(subsystem, type);

	if (count > available || count > 0xffff)
		return NVM_SC_INVALID_NUM_RESOURCES | NVM_SC_DNR;
	subsystem->primary_flexible_next[type] = count;
	*modified = count;
	return NVM_SC_SUCCESS;
}

static uint32_t secondary_assign(struct nvmove_ctrl *ctrl, unsigned int type, unsigned int count,
				 uint32_t *modified)
{
	if (ctrl->online)
		return NVM_SC_INVALID_SECONDARY_STATE | NVM_SC_DNR;
	if (count > virt_secondary_limit(ctrl, type))
		return NVM_SC_INVALID_NUM_RESOURCES | NVM_SC_DNR;
	if (type == NVM_VIRT_RT_VQ)
		ctrl->num_queues = count;
	else
		ctrl->num_vectors = count;
	*modified = count;
	return NVM_SC_SUCCESS;
}

static uint32_t secondary_online(struct nvmove_ctrl *ctrl)
{
	if (ctrl_vf_number(ctrl) > ctrl->subsystem->num_vfs ||
	    ctrl->num_queues < MIN_ONLINE_QUEUES || ctrl->num_vectors < MIN_ONLINE_VECTORS)
		return NVM_SC_INVALID_SECONDARY_STATE | NVM_SC_DNR;
	if (!ctrl->online)
		ctrl_set_online(ctrl);
	return NVM_SC_SUCCESS;
}

uint32_t virt_mgmt_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	unsigned int action = cdw10 & 0xf;
	unsigned int type = (cdw10 >> 8) & 0x7;
	unsigned int count = le32_to_cpu(req->cmd.cdw11) & 0xffff;
	struct nvmove_ctrl *ctrl = subsystem_find_ctrl(req->ctrl->subsystem, cdw10 >> 16);
	bool counts = action == NVM_VIRT_PRIMARY_ALLOC || action == NVM_VIRT_SECONDARY_ASSIGN;

	if (counts && type > NVM_VIRT_RT_VI)
		return NVM_SC_INVALID_RESOURCE_ID | NVM_SC_DNR;
	if (action == NVM_VIRT_PRIMARY_ALLOC)
		return ctrl == req->ctrl ? primary_alloc(ctrl, type, count, &req->dw0)
					 : NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (action != NVM_VIRT_SECONDARY_OFFLINE && action != NVM_VIRT_SECONDARY_ASSIGN &&
	    action != NVM_VIRT_SECONDARY_ONLINE)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (!ctrl || ctrl_is_primary(ctrl))
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (action == NVM_VIRT_SECONDARY_ASSIGN)
		return secondary_assign(ctrl, type, count, &req->dw0);
	if (action == NVM_VIRT_SECONDARY_ONLINE)
		return secondary_online(ctrl);
	ctrl_set_offline(ctrl);
	return NVM_SC_SUCCESS;
}
