// SPDX-License-Identifier: BSD-2-Clause
/*
 * The vendor command set of the 2022 RFC on the primary's admin queue (docs/rfc-protocol.md): a thin
 * decoder over suspend, save, load and resume. It never looks into a state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../controller.h"

void state_transfer_discard(struct state_transfer *transfer)
{
	free(transfer->out);
	free(transfer->in);
	memset(transfer, 0, sizeof(*transfer));
}

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

/* A read from offset 0 takes a snapshot, which the pieces after it are read from. */
static uint32_t take_snapshot(struct nvmove_ctrl *vf)
{
	struct state_transfer *transfer = &vf->transfer;
	size_t size = nvmove_ctrl_state_size(vf);
	long saved;

	free(transfer->out);
	transfer->out_size = 0;
	transfer->out_next = 0;
	transfer->out = malloc(size);
	if (!transfer->out)
		return NVM_SC_INTERNAL_ERROR;
	saved = nvmove_ctrl_save(vf, transfer->out, size);
	if (saved < 0)
		return NVM_SC_INTERNAL_ERROR;
	transfer->out_size = saved;
	return NVM_SC_SUCCESS;
}

static uint32_t save_execute(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	struct state_transfer *transfer = &vf->transfer;
	uint64_t offset = le64_to_cpu(rfc_sqe(req)->offset);
	uint64_t length = le32_to_cpu(rfc_sqe(req)->length);
	uint32_t status = NVM_SC_SUCCESS;

	if (vf->suspend != SUSPENDED)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	if ((offset | length) & 3)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (offset == 0)
		status = take_snapshot(vf);
	else if (!transfer->out || offset > transfer->out_next)
		status = NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	if (status)
		return status;
	if (!length)
		length = transfer->out_size - offset;
	if (offset + length > transfer->out_size ||
	    length > 4096ull << req->ctrl->identity->mdts)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = prp_write(req, transfer->out + offset, length);
	if (!status)
		transfer->out_next = offset + length;
	return status;
}

static void write_report(struct ctrl_request *req, const struct nvmove_load_error *error,
			 uint32_t status)
{
	struct nvmove_load_report *report = &req->ctrl->subsystem->load_report;

	*report = (struct nvmove_load_report) {
		.version = cpu_to_le16(NVMOVE_LOAD_REPORT_VERSION),
		.vf_index = rfc_sqe(req)->vf_index,
		.section = cpu_to_le16(error->section),
		.status = cpu_to_le16(status & NVM_SC_MASK),
	};
	snprintf(report->text, sizeof(report->text), "%s", error->text);
	ctrl_log(req->ctrl, "state for VF %u refused: %s", le16_to_cpu(report->vf_index),
		 error->text);
}

/* @format takes exactly two unsigned longs. */
static uint32_t refuse(struct ctrl_request *req, const char *format, unsigned long a,
		       unsigned long b)
{
	struct nvmove_load_error error = { .section = 0 };
	uint32_t status = NVM_SC_INVALID_FIELD | NVM_SC_DNR;

	snprintf(error.text, sizeof(error.text), format, a, b);
	write_report(req, &error, status);
	return status;
}

/* Room grows with what has arrived, never with what a header promises. */
static bool make_room(struct state_transfer *transfer, size_t need)
{
	size_t room = transfer->in_room ? transfer->in_room : 4096;
	uint8_t *in;

	while (room < need)
		room *= 2;
	if (room == transfer->in_room)
		return true;
	in = realloc(transfer->in, room);
	if (!in)
		return false;
	transfer->in = in;
	transfer->in_room = room;
	return true;
}

static void forget_input(struct state_transfer *transfer)
{
	free(transfer->in);
	transfer->in = NULL;
	transfer->in_len = 0;
	transfer->in_room = 0;
	transfer->in_size = 0;
}

/* Read the total from the container's header once it is there; 0 as long as it is not. */
static uint32_t learn_size(struct ctrl_request *req, struct state_transfer *transfer)
{
	const struct nvmove_cstate_header *header = (const void *)transfer->in;
	uint64_t nvme, vendor, limit = NVMOVE_CSTATE_MAX / 4;

	if (transfer->in_size || transfer->in_len < sizeof(*header))
		return NVM_SC_SUCCESS;
	nvme = le64_to_cpu(header->nvme_dwords[0]);
	vendor = le64_to_cpu(header->vendor_dwords[0]);
	if (header->nvme_dwords[1] || nvme > limit)
		return refuse(req, "size of NVMe Controller State: %lu dwords, at most %lu here",
			      nvme, limit);
	if (header->vendor_dwords[1] || vendor > limit)
		return refuse(req, "size of Vendor Specific Data: %lu dwords, at most %lu here",
			      vendor, limit);
	transfer->in_size = sizeof(*header) + 4 * (nvme + vendor);
	return NVM_SC_SUCCESS;
}

static uint32_t commit(struct ctrl_request *req, struct nvmove_ctrl *vf)
{
	struct state_transfer *transfer = &vf->transfer;
	uint32_t status = NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	struct nvmove_load_error error;
	int result;

	result = nvmove_ctrl_load(vf, transfer->in, transfer->in_size, &error);
	if (!result)
		return NVM_SC_SUCCESS;
	if (result == -ENOMEM)
		status = NVM_SC_INTERNAL_ERROR;
	write_report(req, &error, status);
	return status;
}

static uint32_t append_piece(struct ctrl_request *req, struct state_transfer *transfer,
			     size_t length)
{
	uint32_t status;

	if (transfer->in_len + length > NVMOVE_CSTATE_MAX)
		return refuse(req, "size of the state: %lu bytes and more, at most %lu here",
			      transfer->in_len + length, NVMOVE_CSTATE_MAX);
	if (!make_room(transfer, transfer->in_len + length))
		return NVM_SC_INTERNAL_ERROR;
	status = prp_read(req, transfer->in + transfer->in_len, length);
	if (status)
		return status;
	transfer->in_len += length;
	status = learn_size(req, transfer);
	if (status)
		return status;
	if (transfer->in_size && transfer->in_len > transfer->in_size)
		return refuse(req, "size of the state: %lu bytes sent, %lu by its header",
			      transfer->in_len, transfer->in_size);
	return NVM_SC_SUCCESS;
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
	if (!length || ((offset | length) & 3) || length > 4096ull << req->ctrl->identity->mdts)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (offset == 0)
		forget_input(transfer);
	else if (offset != transfer->in_len)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	status = append_piece(req, transfer, length);
	if (!status && (!transfer->in_size || transfer->in_len < transfer->in_size))
		return NVM_SC_SUCCESS;
	if (!status)
		status = commit(req, vf);
	forget_input(transfer);
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
