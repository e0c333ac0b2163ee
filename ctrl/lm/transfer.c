// SPDX-License-Identifier: BSD-2-Clause
/*
 * A state on its way in pieces, whatever the protocol: the snapshot that a host reads, the bytes
 * that a host has sent, and the report of what was wrong with them. It decodes no command and looks
 * no further into a state than its container's header.
 */
#include <errno.h>
#include <stdarg.h>
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

/*
 * Take a snapshot of @parts of a suspended controller, in place of the one before. All snapshots of
 * one suspension show the same time, so that they differ only if something else does.
 *
 * Return: 0 or -ENOMEM.
 */
int state_transfer_snapshot(struct nvmove_ctrl *ctrl, unsigned int parts)
{
	struct state_transfer *transfer = &ctrl->transfer;
	size_t size = state_size(ctrl, parts);

	if (!transfer->out)
		transfer->out_ns = ctrl_now_ns(ctrl);
	free(transfer->out);
	transfer->out_size = 0;
	transfer->out_next = 0;
	transfer->out_parts = parts;
	transfer->out = malloc(size);
	if (!transfer->out)
		return -ENOMEM;
	transfer->out_size = state_save(ctrl, parts, transfer->out_ns, transfer->out, size);
	return 0;
}

/*
 * Forget what has arrived; the controller still waits for a state.
 */
void state_transfer_forget(struct state_transfer *transfer)
{
	free(transfer->in);
	transfer->in = NULL;
	transfer->in_len = 0;
	transfer->in_room = 0;
	transfer->in_size = 0;
}

/*
 * A state is going to arrive; an earlier one that was not completed is forgotten.
 */
void state_transfer_begin(struct state_transfer *transfer)
{
	state_transfer_forget(transfer);
	transfer->was_uncommitted = transfer->uncommitted;
	transfer->uncommitted = true;
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

static void write_report(const struct nvmove_ctrl *ctrl, const struct nvmove_load_error *error,
			 uint32_t status)
{
	struct nvmove_load_report *report = &ctrl->subsystem->load_report;

	*report = (struct nvmove_load_report) {
		.version = cpu_to_le16(NVMOVE_LOAD_REPORT_VERSION),
		.vf_index = cpu_to_le16(ctrl_vf_number(ctrl)),
		.section = cpu_to_le16(error->section),
		.status = cpu_to_le16(status & NVM_SC_MASK),
		.cntlid = cpu_to_le16(ctrl->cntlid),
	};
	snprintf(report->text, sizeof(report->text), "%s", error->text);
	ctrl_log(ctrl->subsystem->ctrl[0], "state for controller %u refused: %s", ctrl->cntlid,
		 error->text);
}

/*
 * Refuse what was sent for @ctrl: @format, for the load report, names the field and both values.
 */
uint32_t state_transfer_refuse(const struct nvmove_ctrl *ctrl, const char *format, ...)
{
	struct nvmove_load_error error = { .section = 0 };
	uint32_t status = NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	va_list args;

	va_start(args, format);
	vsnprintf(error.text, sizeof(error.text), format, args);
	va_end(args);
	write_report(ctrl, &error, status);
	return status;
}

/* A size is 128 bits of which the lower 64 can be used: all of them are told. */
static uint32_t refuse_size(const struct nvmove_ctrl *ctrl, const char *part, uint64_t upper,
			    uint64_t lower, uint64_t limit)
{
	if (upper)
		return state_transfer_refuse(
			ctrl, "size of %s: %#lx%016lx dwords, at most %#lx here", part,
			(unsigned long)upper, (unsigned long)lower, (unsigned long)limit);
	return state_transfer_refuse(ctrl, "size of %s: %#lx dwords, at most %#lx here", part,
				     (unsigned long)lower, (unsigned long)limit);
}

/* Read the total from the container's header once that is there. */
static uint32_t learn_size(struct nvmove_ctrl *ctrl)
{
	struct state_transfer *transfer = &ctrl->transfer;
	const struct nvmove_cstate_header *header = (const void *)transfer->in;
	uint64_t nvme, vendor, limit = NVMOVE_CSTATE_MAX / 4;

	if (transfer->in_len < sizeof(*header))
		return NVM_SC_SUCCESS;
	nvme = le64_to_cpu(header->nvme_dwords[0]);
	vendor = le64_to_cpu(header->vendor_dwords[0]);
	if (header->nvme_dwords[1] || nvme > limit)
		return refuse_size(ctrl, "NVMe Controller State",
				   le64_to_cpu(header->nvme_dwords[1]), nvme, limit);
	if (header->vendor_dwords[1] || vendor > limit)
		return refuse_size(ctrl, "Vendor Specific Data",
				   le64_to_cpu(header->vendor_dwords[1]), vendor, limit);
	transfer->in_size = sizeof(*header) + 4 * (nvme + vendor);
	if (transfer->in_size > NVMOVE_CSTATE_MAX)
		return state_transfer_refuse(
			ctrl, "size of the state: %zu bytes by its header, at most %u here",
			transfer->in_size, NVMOVE_CSTATE_MAX);
	return NVM_SC_SUCCESS;
}

/*
 * Take a piece of a state for @ctrl from the memory of @req's host: @length bytes for offset
 * @offset, which lies within what has arrived or right behind it. What was there is overwritten.
 */
uint32_t state_transfer_take(struct ctrl_request *req, struct nvmove_ctrl *ctrl, uint64_t offset,
			     size_t length)
{
	struct state_transfer *transfer = &ctrl->transfer;
	uint32_t status;

	if (!make_room(transfer, offset + length))
		return NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES;
	status = prp_read(req, transfer->in + offset, length);
	if (status)
		return status;
	if (offset + length > transfer->in_len)
		transfer->in_len = offset + length;
	status = learn_size(ctrl);
	if (status)
		return status;
	if (transfer->in_size && transfer->in_len > transfer->in_size)
		return state_transfer_refuse(
			ctrl, "size of the state: %lu bytes sent, %lu by its header",
			(unsigned long)transfer->in_len, (unsigned long)transfer->in_size);
	return NVM_SC_SUCCESS;
}

/*
 * Whether what has arrived, all of it, is a question and no state.
 */
bool state_transfer_is_question(const struct state_transfer *transfer)
{
	return state_is_question(transfer->in, transfer->in_len);
}

static int answer(struct nvmove_ctrl *ctrl, struct nvmove_load_error *error)
{
	struct state_transfer *transfer = &ctrl->transfer;
	int result = state_answer(ctrl, transfer->in, transfer->in_len, error);

	state_transfer_forget(transfer);
	transfer->uncommitted = transfer->was_uncommitted;
	return result;
}

static int load(struct nvmove_ctrl *ctrl, unsigned int parts, struct nvmove_load_error *error)
{
	struct state_transfer *transfer = &ctrl->transfer;
	int result;

	if (parts == STATE_NVME)
		result = state_load_queues(ctrl, transfer->in, transfer->in_len, error);
	else
		result = state_load(ctrl, parts, transfer->in, transfer->in_len, error);
	/* What was read before is another controller's state. */
	if (!result)
		state_transfer_discard(transfer);
	return result;
}

/*
 * Load what has arrived, a state made of @parts, into @ctrl; or answer it, if it is a question.
 */
uint32_t state_transfer_commit(struct nvmove_ctrl *ctrl, unsigned int parts)
{
	uint32_t status = NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	struct nvmove_load_error error;
	int result;

	if (state_transfer_is_question(&ctrl->transfer))
		result = answer(ctrl, &error);
	else
		result = load(ctrl, parts, &error);
	if (!result)
		return NVM_SC_SUCCESS;
	if (result == -ENOMEM)
		status = NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES;
	write_report(ctrl, &error, status);
	return status;
}
