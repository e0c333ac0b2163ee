// SPDX-License-Identifier: BSD-2-Clause
/*
 * Host Managed Live Migration (Base 2.3, 8.1.13; docs/hmlm-protocol.md): what the migration
 * management controller offers, and the commands Migration Send and Migration Receive, a thin
 * decoder over suspend, save, load and resume. It never looks into a state beyond its container's
 * header.
 */
#include <stdlib.h>
#include <string.h>

#include "../controller.h"

#define TRACKING	(NVMOVE_HMLM_TRATTR_THMC | NVMOVE_HMLM_TRATTR_TUDC)

#define NR_VERSIONS	1	/* of the NVMe Controller State: 0 */
#define NR_UUIDS	1	/* of vendor specific data: NVMOVE_CSTATE_UUID */

bool hmlm_is_opcode(unsigned int opcode)
{
	return opcode == NVMOVE_HMLM_TRACK_SEND || opcode == NVMOVE_HMLM_TRACK_RECEIVE ||
	       opcode == NVMOVE_HMLM_MIGRATION_SEND || opcode == NVMOVE_HMLM_MIGRATION_RECEIVE ||
	       opcode == NVMOVE_HMLM_CDQ;
}

/*
 * Fill in what a migration management controller says of itself in Identify Controller.
 */
void hmlm_fill_ctrl(struct nvm_id_ctrl *id)
{
	id->oacs |= cpu_to_le16(NVMOVE_HMLM_OACS);
	id->trattr = TRACKING;
	memory_tracking_fill_ctrl(id);
	id->mcudmq = cpu_to_le16(MAX_CDQS);
	id->mnsudmq = cpu_to_le16(MAX_CDQS);
	id->mcmr = cpu_to_le16(MAX_CDQ_PRPS);
	id->nmcmr = cpu_to_le16(MAX_CDQS * MAX_CDQ_PRPS);
	id->mcdqpc = cpu_to_le16(MAX_CDQ_PRPS);
}

/*
 * Fill in Supported Controller State Formats (5.2.13.2.21); @data is zeroed.
 */
void hmlm_fill_formats(void *data)
{
	static const uint8_t uuid[16] = NVMOVE_CSTATE_UUID;
	struct nvmove_hmlm_formats *formats = data;
	__le16 *version = (__le16 *)(formats + 1);

	formats->nv = NR_VERSIONS;
	formats->nuuid = NR_UUIDS;
	version[0] = cpu_to_le16(NVMOVE_CSTATE_VERSION);
	memcpy(version + NR_VERSIONS, uuid, sizeof(uuid));
}

/**
 * struct piece - which bytes of which parts of a state a command is about
 * @ctrl: controller that the state is of, NULL if there is none
 * @parts: STATE_*
 * @offset, @length: bytes
 */
struct piece {
	struct nvmove_ctrl *ctrl;
	unsigned int parts;
	uint64_t offset;
	uint64_t length;
};

/* Decode what Get and Set Controller State have in common; false: a field is invalid. */
static bool decode_piece(const struct ctrl_request *req, unsigned int csvi, unsigned int csuuidi,
			 struct piece *piece)
{
	*piece = (struct piece){
		.ctrl = subsystem_find_migratable(req->ctrl->subsystem,
						  NVMOVE_HMLM_CNTLID(le32_to_cpu(req->cmd.cdw11))),
		.parts = (csvi ? STATE_NVME : 0) | (csuuidi ? STATE_VENDOR : 0),
		.offset = (uint64_t)le32_to_cpu(req->cmd.cdw13) << 32 | le32_to_cpu(req->cmd.cdw12),
		.length = 4 * (uint64_t)le32_to_cpu(req->cmd.cdw15),
	};
	/* There is no list of UUIDs that UIDX could point into. */
	return csvi <= NR_VERSIONS && csuuidi <= NR_UUIDS && !(piece->offset & 3) &&
	       !NVMOVE_HMLM_UIDX(le32_to_cpu(req->cmd.cdw14));
}

/* ---- Migration Send (5.2.17) ---- */

/* The last entry of the queue has been posted, if the controller has been suspended. */
static void delete_user_data_queue(const struct ctrl_request *req)
{
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);

	if (cdw11 & NVMOVE_HMLM_DUDMQ)
		cdq_delete_of(subsystem_find_migratable(req->ctrl->subsystem,
							NVMOVE_HMLM_CNTLID(cdw11)));
}

static void suspend_done(void *arg, int status)
{
	struct ctrl_request *req = arg;

	if (!status)
		delete_user_data_queue(req);
	req_complete(req, status ? NVM_SC_COMMAND_SEQUENCE_ERROR : NVM_SC_SUCCESS);
}

static uint32_t suspend(struct ctrl_request *req, struct nvmove_ctrl *ctrl)
{
	unsigned int type = NVMOVE_HMLM_STYPE(le32_to_cpu(req->cmd.cdw11));

	if (type != NVMOVE_HMLM_STYPE_NOTIFY && type != NVMOVE_HMLM_STYPE_SUSPEND)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (!ctrl || !ctrl->online)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	/* Nothing has to be prepared. */
	if (type == NVMOVE_HMLM_STYPE_NOTIFY) {
		delete_user_data_queue(req);
		return NVM_SC_SUCCESS;
	}
	if (nvmove_ctrl_suspend(ctrl, suspend_done, req) < 0)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	return STATUS_PENDING;
}

static uint32_t resume(struct nvmove_ctrl *ctrl)
{
	if (!ctrl)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (!nvmove_ctrl_is_suspended(ctrl))
		return NVMOVE_HMLM_SC_NOT_SUSPENDED | NVM_SC_DNR;
	if (nvmove_ctrl_resume(ctrl) < 0)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

/* A part that the state has, and whose format was not given, is an error. */
static uint32_t check_parts(const struct piece *piece)
{
	const struct state_transfer *transfer = &piece->ctrl->transfer;
	const struct nvmove_cstate_header *header = (const void *)transfer->in;

	if (!transfer->in_size)
		return NVM_SC_SUCCESS;
	if (!(piece->parts & STATE_NVME) && header->nvme_dwords[0])
		return state_transfer_refuse(
			piece->ctrl, "size of NVMe Controller State: %lu dwords, 0 with CSVI 0",
			(unsigned long)le64_to_cpu(header->nvme_dwords[0]));
	if (!(piece->parts & STATE_VENDOR) && header->vendor_dwords[0])
		return state_transfer_refuse(
			piece->ctrl, "size of Vendor Specific Data: %lu dwords, 0 with CSUUIDI 0",
			(unsigned long)le64_to_cpu(header->vendor_dwords[0]));
	return NVM_SC_SUCCESS;
}

static uint32_t take_piece(struct ctrl_request *req, const struct piece *piece,
			   unsigned int sequence)
{
	struct state_transfer *transfer = &piece->ctrl->transfer;
	uint32_t status;

	if (sequence == NVMOVE_HMLM_FIRST || sequence == NVMOVE_HMLM_ONLY)
		state_transfer_begin(transfer);
	else if (!transfer->in_len)
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	if (!piece->length)
		return sequence == NVMOVE_HMLM_LAST ? check_parts(piece)
						    : NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (piece->offset > transfer->in_len || ctrl_exceeds_mdts(req->ctrl, piece->length))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = state_transfer_take(req, piece->ctrl, piece->offset, piece->length);
	return status ? status : check_parts(piece);
}

/* Neither part can be set in a controller that has I/O queues: they would be in the way. */
static uint32_t check_vacant(const struct nvmove_ctrl *ctrl)
{
	const struct ctrl_state *st = &ctrl->st;

	for (unsigned int qid = 1; qid < ctrl->qid_end; qid++) {
		if (st->sq[qid].exists || st->cq[qid].exists)
			return state_transfer_refuse(
				ctrl,
				"I/O queues: queue %u exists here, none may when a state is set",
				qid);
	}
	return NVM_SC_SUCCESS;
}

static uint32_t commit(const struct piece *piece)
{
	uint32_t status = NVM_SC_SUCCESS;

	/* A question sets nothing. */
	if (!state_transfer_is_question(&piece->ctrl->transfer))
		status = check_vacant(piece->ctrl);
	return status ? status : state_transfer_commit(piece->ctrl, piece->parts);
}

/*
 * After any failure the host sends the whole state again.
 */
static uint32_t set_state(struct ctrl_request *req)
{
	unsigned int sequence = NVMOVE_HMLM_SEQIND(NVMOVE_HMLM_MOS(le32_to_cpu(req->cmd.cdw10)));
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);
	uint32_t status = NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	struct piece piece;
	bool valid = decode_piece(req, NVMOVE_HMLM_SEND_CSVI(cdw11),
				  NVMOVE_HMLM_SEND_CSUUIDI(cdw11), &piece);

	if (!piece.ctrl || !nvmove_ctrl_is_suspended(piece.ctrl))
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	if (valid && piece.parts)
		status = take_piece(req, &piece, sequence);
	if (!status && (sequence == NVMOVE_HMLM_LAST || sequence == NVMOVE_HMLM_ONLY))
		status = commit(&piece);
	if (status)
		state_transfer_forget(&piece.ctrl->transfer);
	return status;
}

uint32_t migration_send_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = subsystem_find_migratable(
		req->ctrl->subsystem, NVMOVE_HMLM_CNTLID(le32_to_cpu(req->cmd.cdw11)));

	switch (NVMOVE_HMLM_SEL(le32_to_cpu(req->cmd.cdw10))) {
	case NVMOVE_HMLM_SUSPEND:
		return suspend(req, ctrl);
	case NVMOVE_HMLM_RESUME:
		return resume(ctrl);
	case NVMOVE_HMLM_SET_STATE:
		return set_state(req);
	default:
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	}
}

/* ---- Migration Receive (5.2.16) ---- */

static uint32_t send_piece(struct ctrl_request *req, const struct piece *piece,
			   const uint8_t *state, uint64_t size)
{
	if (piece->offset >= size)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	/* What lies beyond the end is undefined. */
	return prp_write(req, state + piece->offset,
			 piece->length < size - piece->offset ? piece->length
							      : size - piece->offset);
}

/*
 * A read from offset 0 takes a snapshot; reads from elsewhere are of the snapshot that there is.
 */
static uint32_t get_suspended(struct ctrl_request *req, const struct piece *piece)
{
	const struct state_transfer *transfer = &piece->ctrl->transfer;

	if ((!piece->offset || !transfer->out || transfer->out_parts != piece->parts) &&
	    state_transfer_snapshot(piece->ctrl, piece->parts) < 0)
		return NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES;
	req->dw0 = NVMOVE_HMLM_CSUP;
	return send_piece(req, piece, transfer->out, transfer->out_size);
}

/* Each piece is of the state as it is now. */
static uint32_t get_running(struct ctrl_request *req, const struct piece *piece)
{
	size_t size = state_size(piece->ctrl, piece->parts);
	uint8_t *state = malloc(size);
	uint32_t status;

	if (!state)
		return NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES;
	state_save(piece->ctrl, piece->parts, ctrl_now_ns(piece->ctrl), state, size);
	status = send_piece(req, piece, state, size);
	free(state);
	return status;
}

uint32_t migration_receive_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10), cdw11 = le32_to_cpu(req->cmd.cdw11);
	unsigned int csuuidi = NVMOVE_HMLM_RECEIVE_CSUUIDI(cdw11);
	struct piece piece;

	if (NVMOVE_HMLM_SEL(cdw10) != NVMOVE_HMLM_GET_STATE ||
	    !decode_piece(req, NVMOVE_HMLM_RECEIVE_CSVI(NVMOVE_HMLM_MOS(cdw10)), csuuidi, &piece))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	/* The format has no parameter. Without a format the field means nothing. */
	if (csuuidi && NVMOVE_HMLM_CSUIDXP(cdw11))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	piece.length += 4;	/* NUMDL is 0-based */
	if (ctrl_exceeds_mdts(req->ctrl, piece.length))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (!piece.ctrl)
		return NVM_SC_INVALID_CNTLID | NVM_SC_DNR;
	return nvmove_ctrl_is_suspended(piece.ctrl) ? get_suspended(req, &piece)
						    : get_running(req, &piece);
}
