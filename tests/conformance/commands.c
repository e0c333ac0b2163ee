// SPDX-License-Identifier: BSD-2-Clause
/*
 * The commands of Host Managed Live Migration as the tests send them, field by field. Whether an
 * answer is right is for the test to say.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

struct admin_result admin(struct session *session, enum role role, struct admin_command command)
{
	struct admin_result result = { 0 };
	int error;

	error = session->backend->ops->admin(session->backend, role, &command, &result);
	if (error)
		session_fail(session, "command %#x: not submitted: %s", command.opcode,
			     strerror(-error));
	return result;
}

struct admin_result identify(struct session *session, enum role role, unsigned int cns, void *data)
{
	return admin(session, role, (struct admin_command){
		.opcode = NVM_ADMIN_IDENTIFY, .cdw10 = cns, .data = data,
		.length = NVM_IDENTIFY_SIZE,
	});
}

static struct admin_result migration_send(struct session *session, unsigned int select,
					  uint32_t cdw11)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_SEND, .cdw10 = select, .cdw11 = cdw11,
	});
}

struct admin_result suspend(struct session *session, uint16_t cntlid, unsigned int type,
			    uint32_t flags)
{
	return migration_send(session, NVMOVE_HMLM_SUSPEND,
			      flags | type << NVMOVE_HMLM_STYPE_SHIFT | cntlid);
}

struct admin_result resume(struct session *session, uint16_t cntlid)
{
	return migration_send(session, NVMOVE_HMLM_RESUME, cntlid);
}

/* ---- the state ---- */

struct get_state whole_state(const struct session *session, void *data, uint32_t length)
{
	return (struct get_state){
		.cntlid = session->target, .csvi = session->csvi, .csuuidi = session->csuuidi,
		.data = data, .length = length,
	};
}

struct admin_result get_state(struct session *session, struct get_state request)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_RECEIVE,
		.cdw10 = (uint32_t)request.csvi << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_GET_STATE,
		.cdw11 = (uint32_t)request.csuidxp << 24 |
			 (uint32_t)request.csuuidi << NVMOVE_HMLM_RECEIVE_CSUUIDI_SHIFT |
			 request.cntlid,
		.cdw12 = (uint32_t)request.offset, .cdw13 = request.offset >> 32,
		.cdw15 = request.length / 4 - 1,
		.data = request.data, .length = request.length,
	});
}

bool is_suspended(struct session *session)
{
	struct nvmove_cstate_header header;
	struct admin_result result;

	result = get_state(session, whole_state(session, &header, sizeof(header)));
	expect_status(session, result, NVM_SC_SUCCESS, "Get Controller State");
	return result.dw0 & NVMOVE_HMLM_CSUP;
}

/* Size by the header. Its upper halves are for states that no host could hold. */
static size_t state_bytes(struct session *session, const struct nvmove_cstate_header *header)
{
	uint64_t nvme = le64toh(header->nvme_dwords[0]);
	uint64_t vendor = le64toh(header->vendor_dwords[0]);

	if (header->nvme_dwords[1] || header->vendor_dwords[1] || nvme > MAX_STATE / 4 ||
	    vendor > MAX_STATE / 4)
		session_fail(session, "state of %llu and %llu dwords: larger than any",
			     (unsigned long long)nvme, (unsigned long long)vendor);
	return sizeof(*header) + 4 * (nvme + vendor);
}

struct state read_state(struct session *session, uint8_t csvi, uint8_t csuuidi)
{
	struct state *state = &session->kept;
	struct nvmove_cstate_header header;
	struct get_state request = {
		.cntlid = session->target, .csvi = csvi, .csuuidi = csuuidi,
		.data = &header, .length = sizeof(header),
	};

	expect_status(session, get_state(session, request), NVM_SC_SUCCESS, "header of the state");
	free(state->data);
	state->size = state_bytes(session, &header);
	state->data = calloc(1, state->size);
	expect(session, state->data, "no memory for a state of %zu bytes", state->size);
	for (size_t offset = 0; offset < state->size; offset += request.length) {
		size_t rest = state->size - offset;

		request.offset = offset;
		request.data = state->data + offset;
		request.length = rest < session->piece ? rest : session->piece;
		expect_status(session, get_state(session, request), NVM_SC_SUCCESS,
			      "piece of the state");
	}
	return *state;
}

struct admin_result set_state(struct session *session, struct set_state request)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_SEND,
		.cdw10 = (uint32_t)request.sequence << NVMOVE_HMLM_MOS_SHIFT |
			 NVMOVE_HMLM_SET_STATE,
		.cdw11 = (uint32_t)request.csuuidi << NVMOVE_HMLM_CSUUIDI_SHIFT |
			 (uint32_t)request.csvi << NVMOVE_HMLM_CSVI_SHIFT | request.cntlid,
		.cdw12 = (uint32_t)request.offset, .cdw13 = request.offset >> 32,
		.cdw15 = request.length / 4,
		.data = request.data, .length = request.length,
	});
}

struct set_state only_state(struct session *session, struct state state)
{
	if (state.size > session->piece)
		session_skip(session, "the state has %zu bytes, one command moves %zu",
			     state.size, session->piece);
	return (struct set_state){
		.cntlid = session->target, .csvi = session->csvi, .csuuidi = session->csuuidi,
		.sequence = NVMOVE_HMLM_ONLY, .data = state.data, .length = state.size,
	};
}

struct admin_result write_state(struct session *session, struct state state, size_t piece)
{
	struct set_state request = {
		.cntlid = session->target, .csvi = session->csvi, .csuuidi = session->csuuidi,
		.sequence = NVMOVE_HMLM_FIRST,
	};
	struct admin_result result = { 0 };

	for (size_t offset = 0; offset < state.size && !result.status; offset += request.length) {
		size_t rest = state.size - offset;

		request.offset = offset;
		request.data = state.data + offset;
		request.length = rest < piece ? rest : piece;
		if (rest <= piece)
			request.sequence = offset ? NVMOVE_HMLM_LAST : NVMOVE_HMLM_ONLY;
		result = set_state(session, request);
		request.sequence = NVMOVE_HMLM_MIDDLE;
	}
	return result;
}

/* ---- tracking of host memory ---- */

struct admin_result track_memory(struct session *session, uint16_t cntlid, unsigned int action,
				 void *data, uint32_t length)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_TRACK_SEND,
		.cdw10 = action << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_TRACK_MEMORY,
		.cdw11 = cntlid, .data = data, .length = length,
	});
}

struct admin_result memory_changes(struct session *session, uint16_t cntlid, void *data,
				   uint32_t length)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_TRACK_RECEIVE, .cdw10 = NVMOVE_HMLM_MEMORY_CHANGES,
		.cdw11 = cntlid, .cdw12 = length / 4 - 1, .data = data, .length = length,
	});
}

/* ---- Controller Data Queues ---- */

struct admin_result create_queue(struct session *session, uint16_t cntlid, uint32_t dwords,
				 uint64_t address)
{
	static uint8_t page[PAGE_BYTES];
	struct admin_result result;

	expect(session, session->nr_data_queues < MAX_DATA_QUEUES, "more than %u queues",
	       MAX_DATA_QUEUES);
	result = admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_CDQ,
		.cdw10 = NVMOVE_HMLM_CDQ_USER_DATA << NVMOVE_HMLM_MOS_SHIFT |
			 NVMOVE_HMLM_CDQ_CREATE,
		.cdw11 = (uint32_t)cntlid << 16 | NVMOVE_HMLM_CDQ_PC, .cdw12 = dwords,
		.prp1 = address, .data = page, .length = sizeof(page),
	});
	if (!result.status)
		session->data_queue[session->nr_data_queues++] = (uint16_t)result.dw0;
	return result;
}

struct admin_result delete_queue(struct session *session, uint16_t cdqid)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_CDQ, .cdw10 = NVMOVE_HMLM_CDQ_DELETE, .cdw11 = cdqid,
	});
}

struct admin_result log_user_data(struct session *session, uint16_t cdqid, unsigned int action)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_TRACK_SEND,
		.cdw10 = action << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_LOG_USER_DATA,
		.cdw11 = cdqid,
	});
}

struct admin_result set_queue_feature(struct session *session, uint32_t cdw11, uint32_t head,
				      uint32_t trigger)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVMOVE_HMLM_FEAT_CDQ,
		.cdw11 = cdw11, .cdw12 = head, .cdw13 = trigger,
	});
}

struct admin_result get_queue_feature(struct session *session, uint16_t cdqid,
				      struct nvmove_hmlm_cdq_feature *feature)
{
	/* The data structure has 512 bytes, the rest of them reserved. */
	uint8_t data[512] = { 0 };
	struct admin_result result;

	result = admin(session, MMC, (struct admin_command){
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVMOVE_HMLM_FEAT_CDQ, .cdw11 = cdqid,
		.data = data, .length = sizeof(data),
	});
	memcpy(feature, data, sizeof(*feature));
	return result;
}
