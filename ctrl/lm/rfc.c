// SPDX-License-Identifier: BSD-2-Clause
/*
 * The vendor command set of the 2022 RFC on the primary's admin queue (docs/rfc-protocol.md): a
 * thin decoder over suspend, save, load and resume. It never looks into a state.
 */
#include "../controller.h"

bool rfc_is_opcode(unsigned int opcode)
{
	return opcode == NVMOVE_RFC_QUERY_DATA_SIZE || opcode == NVMOVE_RFC_SUSPEND ||
	       opcode == NVMOVE_RFC_RESUME || opcode == NVMOVE_RFC_SAVE_DATA ||
	       opcode == NVMOVE_RFC_LOAD_DATA;
}

static const struct nvmove_rfc_sqe *rfc_sqe(const struct ctrl_request *req)
{
	return (const struct nvmove_rfc_sqe *)&req->cmd;
}

static uint32_t query_execute(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	req->dw0 = nvmove_ctrl_state_size(vf);
	return NVM_SC_SUCCESS;
}

static void suspend_done(void *arg, int status)
{
	struct ctrl_request *req = arg;

	req_complete(req, status ? NVM_SC_COMMAND_SEQUENCE_ERROR : NVM_SC_SUCCESS);
}

static uint32_t suspend_execute(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	if (nvmove_ctrl_suspend(vf, suspend_done, req) < 0)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	return STATUS_PENDING;
}

static uint32_t resume_execute(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	(void)req;
	if (nvmove_ctrl_resume(vf) < 0)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

static uint32_t save_execute(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	struct state_transfer *transfer = &vf->transfer;
	uint64_t offset = le64_to_cpu(rfc_sqe(req)->offset);
	uint64_t length = le32_to_cpu(rfc_sqe(req)->length);
	uint32_t status;

	if (vf->suspend != SUSPENDED)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	if ((offset | length) & 3)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (offset == 0 && state_transfer_snapshot(vf, STATE_WHOLE) < 0)
		return NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES;
	/* 0 where there is no snapshot, or one that the other protocol took */
	if (offset > transfer->out_next)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	if (!length)
		length = transfer->out_size - offset;
	if (offset + length > transfer->out_size ||
	    ctrl_exceeds_mdts(req->ctrl, length))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = prp_write(req, transfer->out + offset, length);
	if (!status)
		transfer->out_next = offset + length;
	return status;
}

/*
 * After any failure the host starts over at offset 0.
 */
static uint32_t load_execute(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	struct state_transfer *transfer = &vf->transfer;
	uint64_t offset = le64_to_cpu(rfc_sqe(req)->offset);
	uint64_t length = le32_to_cpu(rfc_sqe(req)->length);
	uint32_t status;

	if (vf->suspend != SUSPENDED)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	if (!length || ((offset | length) & 3) || ctrl_exceeds_mdts(req->ctrl, length))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (offset == 0)
		state_transfer_begin(transfer);
	else if (offset != transfer->in_len)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	status = state_transfer_take(req, vf, offset, length);
	if (!status && (!transfer->in_size || transfer->in_len < transfer->in_size))
		return NVM_SC_SUCCESS;
	if (!status)
		status = state_transfer_commit(vf, STATE_WHOLE);
	state_transfer_forget(transfer);
	transfer->uncommitted = false;
	return status;
}

uint32_t rfc_execute(struct ctrl_request *req)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	unsigned int vf_index = le16_to_cpu(rfc_sqe(req)->vf_index);
	struct nvmove_ctrl *vf;

	if (vf_index == 0 || vf_index > subsystem->num_vfs)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	vf = subsystem->ctrl[vf_index];
	if (!vf->online)
		return NVM_SC_INVALID_SECONDARY_STATE | NVM_SC_DNR;
	switch (req->cmd.opcode) {
	case NVMOVE_RFC_QUERY_DATA_SIZE:
		return query_execute(req, vf);
	case NVMOVE_RFC_SUSPEND:
		return suspend_execute(req, vf);
	case NVMOVE_RFC_RESUME:
		return resume_execute(req, vf);
	case NVMOVE_RFC_SAVE_DATA:
		return save_execute(req, vf);
	default:
		return load_execute(req, vf);
	}
}
