// SPDX-License-Identifier: BSD-2-Clause
/*
 * The admin command set: one handler per opcode, found in one table, and the commands that manage
 * queues. It never touches a medium.
 */
#include "controller.h"

#define EFFECTS_PLAIN	NVM_EFFECT_CSUPP

static uint32_t create_cq_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);
	uint64_t prp1 = le64_to_cpu(req->cmd.prp1);
	unsigned int qid = cdw10 & 0xffff;
	uint32_t size = (cdw10 >> 16) + 1;
	unsigned int vector = cdw11 >> 16;
	unsigned int granted = (ctrl->st.features.num_queues >> 16) + 1;

	if (qid == ADMIN_QID || qid > granted || ctrl->st.cq[qid].exists)
		return NVM_SC_QID_INVALID | NVM_SC_DNR;
	if (size < 2 || size > ctrl->identity->max_queue_entries ||
	    NVM_CC_IOCQES(ctrl->st.cc) != 4)
		return NVM_SC_QUEUE_SIZE | NVM_SC_DNR;
	if (prp1 & ((1ull << ctrl->page_shift) - 1))
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	if (vector >= ctrl->num_vectors)
		return NVM_SC_INVALID_VECTOR | NVM_SC_DNR;
	if (!(cdw11 & NVM_QUEUE_PC) || !queue_memory_is_usable(ctrl, prp1, CQ_BYTES(size)))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	cq_init(ctrl, qid, prp1, size, cdw11 & NVM_CQ_IEN, vector);
	shadow_begin_cq(ctrl, qid);
	return NVM_SC_SUCCESS;
}

static uint32_t delete_cq_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	unsigned int qid = le32_to_cpu(req->cmd.cdw10) & 0xffff;

	if (qid == ADMIN_QID || qid > ctrl->subsystem->max_io_queues ||
	    !ctrl->st.cq[qid].exists)
		return NVM_SC_QID_INVALID | NVM_SC_DNR;
	if (ctrl->cq[qid].first_sq != NO_QUEUE)
		return NVM_SC_INVALID_QUEUE_DELETION | NVM_SC_DNR;
	cq_destroy(ctrl, qid);
	return NVM_SC_SUCCESS;
}

static uint32_t create_sq_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);
	uint64_t prp1 = le64_to_cpu(req->cmd.prp1);
	unsigned int qid = cdw10 & 0xffff;
	uint32_t size = (cdw10 >> 16) + 1;
	unsigned int cqid = cdw11 >> 16;
	unsigned int granted = (ctrl->st.features.num_queues & 0xffff) + 1;

	if (cqid == ADMIN_QID || cqid > ctrl->subsystem->max_io_queues ||
	    !ctrl->st.cq[cqid].exists)
		return NVM_SC_CQ_INVALID | NVM_SC_DNR;
	if (qid == ADMIN_QID || qid > granted || ctrl->st.sq[qid].exists)
		return NVM_SC_QID_INVALID | NVM_SC_DNR;
	if (size < 2 || size > ctrl->identity->max_queue_entries ||
	    NVM_CC_IOSQES(ctrl->st.cc) != 6)
		return NVM_SC_QUEUE_SIZE | NVM_SC_DNR;
	if (prp1 & ((1ull << ctrl->page_shift) - 1))
		return NVM_SC_INVALID_PRP_OFFSET | NVM_SC_DNR;
	if (!(cdw11 & NVM_QUEUE_PC) || !queue_memory_is_usable(ctrl, prp1, SQ_BYTES(size)))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	sq_init(ctrl, qid, prp1, size, cqid, (cdw11 >> 1) & 0x3);
	shadow_begin_sq(ctrl, qid);
	return NVM_SC_SUCCESS;
}

/*
 * Base 5.6: it completes when every command fetched from the queue has.
 */
static uint32_t delete_sq_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	unsigned int qid = le32_to_cpu(req->cmd.cdw10) & 0xffff;

	if (qid == ADMIN_QID || qid > ctrl->subsystem->max_io_queues ||
	    !ctrl->st.sq[qid].exists || ctrl->sq[qid].delete_request)
		return NVM_SC_QID_INVALID | NVM_SC_DNR;
	if (ctrl->sq[qid].in_flight) {
		ctrl->sq[qid].delete_request = req;
		return STATUS_PENDING;
	}
	sq_destroy(ctrl, qid);
	return NVM_SC_SUCCESS;
}

/*
 * Base 5.1: best effort. Only Asynchronous Event Requests wait long enough to be aborted; DW0 bit 0
 * says that nothing was.
 */
static uint32_t abort_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);

	req->dw0 = 1;
	if ((cdw10 & 0xffff) == ADMIN_QID && async_event_abort(req->ctrl, cdw10 >> 16))
		req->dw0 = 0;
	return NVM_SC_SUCCESS;
}

struct admin_command {
	uint32_t (*execute)(struct ctrl_request *req);
	uint32_t effects;
	bool primary_only;
};

static const struct admin_command admin_commands[] = {
	[NVM_ADMIN_DELETE_SQ] = { delete_sq_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_CREATE_SQ] = { create_sq_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_GET_LOG_PAGE] = { get_log_page_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_DELETE_CQ] = { delete_cq_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_CREATE_CQ] = { create_cq_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_IDENTIFY] = { identify_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_ABORT] = { abort_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_SET_FEATURES] = { set_features_execute, EFFECTS_PLAIN | NVM_EFFECT_CCC, false },
	[NVM_ADMIN_GET_FEATURES] = { get_features_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_ASYNC_EVENT] = { async_event_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_NS_MGMT] = { ns_mgmt_execute, EFFECTS_PLAIN | NVM_EFFECT_NIC, true },
	[NVM_ADMIN_NS_ATTACH] = { ns_attach_execute, EFFECTS_PLAIN | NVM_EFFECT_NIC, true },
	[NVM_ADMIN_KEEP_ALIVE] = { keep_alive_execute, EFFECTS_PLAIN, false },
	[NVM_ADMIN_VIRT_MGMT] = { virt_mgmt_execute, EFFECTS_PLAIN, true },
	[NVMOVE_HMLM_TRACK_SEND] = { track_send_execute, EFFECTS_PLAIN, true },
	[NVMOVE_HMLM_TRACK_RECEIVE] = { track_receive_execute, EFFECTS_PLAIN, true },
	[NVMOVE_HMLM_MIGRATION_SEND] = { migration_send_execute, EFFECTS_PLAIN, true },
	[NVMOVE_HMLM_MIGRATION_RECEIVE] = { migration_receive_execute, EFFECTS_PLAIN, true },
	[NVMOVE_HMLM_CDQ] = { cdq_execute, EFFECTS_PLAIN, true },
	[NVM_ADMIN_DOORBELL_BUFFER_CONFIG] = { doorbell_buffer_config_execute, EFFECTS_PLAIN,
					       false },
};

/* Optional commands: migration commands where the subsystem has them, others by the identity. */
static bool offers(const struct nvmove_ctrl *ctrl, unsigned int opcode)
{
	if (rfc_is_opcode(opcode))
		return ctrl_speaks(ctrl, NVMOVE_PROTOCOL_RFC);
	if (hmlm_is_opcode(opcode))
		return ctrl_speaks(ctrl, NVMOVE_PROTOCOL_HMLM);
	return identity_has_admin_command(ctrl->identity, opcode);
}

static const struct admin_command *find_command(const struct nvmove_ctrl *ctrl,
						unsigned int opcode)
{
	static const struct admin_command rfc = { rfc_execute, EFFECTS_PLAIN, true };
	const struct admin_command *command = NULL;

	if (rfc_is_opcode(opcode))
		command = &rfc;
	else if (opcode < sizeof(admin_commands) / sizeof(admin_commands[0]))
		command = &admin_commands[opcode];
	if (!command || !command->execute || (command->primary_only && !ctrl_is_primary(ctrl)) ||
	    !offers(ctrl, opcode))
		return NULL;
	return command;
}

/*
 * The command's entry in the Commands Supported and Effects log; false if it is not supported.
 */
bool admin_opcode_effects(const struct nvmove_ctrl *ctrl, unsigned int opcode, uint32_t *effects)
{
	const struct admin_command *command = find_command(ctrl, opcode);

	if (command)
		*effects = command->effects;
	return command;
}

uint32_t admin_execute(struct ctrl_request *req)
{
	const struct admin_command *command = find_command(req->ctrl, req->cmd.opcode);

	if (!command)
		return NVM_SC_INVALID_OPCODE | NVM_SC_DNR;
	if (req->cmd.flags & (NVM_SQE_PSDT_MASK | NVM_SQE_FUSE_MASK))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	return command->execute(req);
}
