// SPDX-License-Identifier: BSD-2-Clause
/*
 * Migration Receive, Get Controller State (Base 2.3, 5.2.16) and what the standard fixes of the
 * data that it returns. The vendor specific part is never looked into.
 */
#include <string.h>

#include "requirements.h"

#define HEADER_BYTES	sizeof(struct nvmove_cstate_header)

static const struct nvmove_cstate_header *header_of(struct state state)
{
	return (const void *)state.data;
}

/* The NVMe Controller State, checked to hold what it counts. */
static const struct nvmove_cstate_nvme *nvme_of(struct session *session, struct state state)
{
	const struct nvmove_cstate_nvme *nvme = (const void *)(state.data + HEADER_BYTES);
	uint64_t size = 4 * le64toh(header_of(state)->nvme_dwords[0]);
	uint64_t need;

	expect(session, size >= sizeof(*nvme), "NVMECSS: %llu bytes, at least %zu expected",
	       (unsigned long long)size, sizeof(*nvme));
	need = sizeof(*nvme) + le16toh(nvme->nr_sq) * sizeof(struct nvmove_cstate_sq) +
	       le16toh(nvme->nr_cq) * sizeof(struct nvmove_cstate_cq);
	expect(session, size == need, "NVMECSS: %llu bytes, %u + %u queues need %llu",
	       (unsigned long long)size, le16toh(nvme->nr_sq), le16toh(nvme->nr_cq),
	       (unsigned long long)need);
	return nvme;
}

static const struct nvmove_cstate_sq *sq_list(const struct nvmove_cstate_nvme *nvme)
{
	return (const void *)(nvme + 1);
}

static const struct nvmove_cstate_cq *cq_list(const struct nvmove_cstate_nvme *nvme)
{
	return (const void *)(sq_list(nvme) + le16toh(nvme->nr_sq));
}

/* ---- what is refused ---- */

void receive_reserved_select(struct session *session)
{
	static const unsigned int select[] = { 1, 0x80, 0xff };
	struct nvmove_cstate_header header;

	for (size_t i = 0; i < ARRAY_LENGTH(select); i++) {
		struct admin_result result = admin(session, MMC, (struct admin_command){
			.opcode = NVMOVE_HMLM_MIGRATION_RECEIVE,
			.cdw10 = (uint32_t)session->csvi << NVMOVE_HMLM_MOS_SHIFT | select[i],
			.cdw11 = NO_CONTROLLER, .cdw15 = sizeof(header) / 4 - 1,
			.data = &header, .length = sizeof(header),
		});

		expect_status(session, result, NVM_SC_INVALID_FIELD,
			      "Migration Receive, reserved SEL");
	}
}

void get_unknown_controller(struct session *session)
{
	struct nvmove_cstate_header header;
	struct get_state request = whole_state(session, &header, sizeof(header));

	request.cntlid = NO_CONTROLLER;
	expect_status(session, get_state(session, request), NVM_SC_INVALID_CNTLID,
		      "Get Controller State, CNTLID FFFFh");
}

void get_own_controller(struct session *session)
{
	struct nvmove_cstate_header header;
	struct get_state request = whole_state(session, &header, sizeof(header));

	request.cntlid = le16toh(session->id.cntlid);
	expect_status(session, get_state(session, request), NVM_SC_INVALID_CNTLID,
		      "Get Controller State of the controller itself");
}

void get_unaligned_offset(struct session *session)
{
	struct nvmove_cstate_header header;
	struct get_state request;

	need_target(session);
	request = whole_state(session, &header, sizeof(header));
	for (request.offset = 1; request.offset < 4; request.offset++)
		expect_status(session, get_state(session, request), NVM_SC_INVALID_FIELD,
			      "Get Controller State, offset that is no multiple of 4");
}

void get_offset_beyond(struct session *session)
{
	uint32_t data;
	struct get_state request;

	need_suspended(session);
	request = whole_state(session, &data, sizeof(data));
	request.offset = read_state(session, session->csvi, session->csuuidi).size + 4;
	expect_status(session, get_state(session, request), NVM_SC_INVALID_FIELD,
		      "Get Controller State, offset behind the data");
	request.offset = 1ull << 63;
	expect_status(session, get_state(session, request), NVM_SC_INVALID_FIELD,
		      "Get Controller State, offset 2^63");
}

void get_unknown_version_index(struct session *session)
{
	struct nvmove_cstate_header header;
	struct get_state request;

	need_target(session);
	request = whole_state(session, &header, sizeof(header));
	if (session->formats[0] == UINT8_MAX)
		session_skip(session, "every index is in use");
	request.csvi = session->formats[0] + 1;
	expect_status(session, get_state(session, request), NVM_SC_INVALID_FIELD,
		      "Get Controller State, CSVI behind the list");
}

void get_unknown_uuid_index(struct session *session)
{
	struct nvmove_cstate_header header;
	struct get_state request;

	need_target(session);
	request = whole_state(session, &header, sizeof(header));
	if (session->formats[1] == UINT8_MAX)
		session_skip(session, "every index is in use");
	request.csuuidi = session->formats[1] + 1;
	expect_status(session, get_state(session, request), NVM_SC_INVALID_FIELD,
		      "Get Controller State, CSUUIDI behind the list");
}

/* ---- which parts ---- */

void get_without_version(struct session *session)
{
	need_uuid(session);
	need_suspended(session);
	expect(session, !header_of(read_state(session, 0, session->csuuidi))->nvme_dwords[0],
	       "NVMECSS is not 0 though CSVI is");
}

void get_without_uuid(struct session *session)
{
	need_version(session);
	need_suspended(session);
	expect(session, !header_of(read_state(session, session->csvi, 0))->vendor_dwords[0],
	       "VSS is not 0 though CSUUIDI is");
}

void get_uuid_parameter_ignored(struct session *session)
{
	struct nvmove_cstate_header header;
	struct get_state request;

	need_version(session);
	need_target(session);
	request = whole_state(session, &header, sizeof(header));
	request.csuuidi = 0;
	request.csuidxp = 0xff;
	expect_status(session, get_state(session, request), NVM_SC_SUCCESS,
		      "Get Controller State, CSUIDXP FFh with CSUUIDI 0");
}

/* ---- suspended or not ---- */

void get_not_suspended(struct session *session)
{
	struct nvmove_cstate_header header;
	struct admin_result result;

	need_target(session);
	result = get_state(session, whole_state(session, &header, sizeof(header)));
	expect_status(session, result, NVM_SC_SUCCESS, "Get Controller State");
	expect(session, !(result.dw0 & NVMOVE_HMLM_CSUP), "CSUP is 1, not suspended");
	expect(session, !(header.attributes & NVMOVE_CSTATE_ATTR_SUSPENDED),
	       "CSATTR %#x, not suspended", header.attributes);
}

void get_suspended(struct session *session)
{
	struct nvmove_cstate_header header;
	struct admin_result result;

	need_suspended(session);
	result = get_state(session, whole_state(session, &header, sizeof(header)));
	expect_status(session, result, NVM_SC_SUCCESS, "Get Controller State");
	expect(session, result.dw0 & NVMOVE_HMLM_CSUP, "CSUP is 0, suspended");
	expect(session, header.attributes & NVMOVE_CSTATE_ATTR_SUSPENDED, "CSATTR %#x, suspended",
	       header.attributes);
}

void get_reserved_result_bits(struct session *session)
{
	struct nvmove_cstate_header header;
	struct admin_result result;

	need_suspended(session);
	result = get_state(session, whole_state(session, &header, sizeof(header)));
	expect_status(session, result, NVM_SC_SUCCESS, "Get Controller State");
	expect(session, !(result.dw0 & ~NVMOVE_HMLM_CSUP), "DW0 %#x: bits 31:1 are reserved",
	       result.dw0);
}

/* ---- pieces ---- */

void get_pieces_agree(struct session *session)
{
	uint32_t dword;
	struct get_state request;
	struct state state;

	need_suspended(session);
	state = read_state(session, session->csvi, session->csuuidi);
	request = whole_state(session, &dword, sizeof(dword));
	/* From the end to the beginning, and few enough for the largest of states. */
	for (unsigned int i = 64; i > 0; i--) {
		request.offset = (state.size - 4) / 4 * i / 64 * 4;
		dword = ~0u;
		expect_status(session, get_state(session, request), NVM_SC_SUCCESS, "one dword");
		expect(session, !memcmp(&dword, state.data + request.offset, sizeof(dword)),
		       "the dword at %llu differs when it is read alone",
		       (unsigned long long)request.offset);
	}
}

void get_longer_than_data(struct session *session)
{
	uint8_t data[PAGE_BYTES] = { 0 };
	struct get_state request;
	struct state state;
	size_t rest;

	need_suspended(session);
	state = read_state(session, session->csvi, session->csuuidi);
	request = whole_state(session, data, sizeof(data));
	request.offset = state.size > 64 ? state.size - 64 : 0;
	rest = state.size - request.offset;
	expect_status(session, get_state(session, request), NVM_SC_SUCCESS,
		      "NUMDL greater than what is left");
	expect(session, !memcmp(data, state.data + request.offset, rest),
	       "the last %zu bytes differ when more is asked for", rest);
}

/* ---- the data ---- */

void state_header(struct session *session)
{
	const struct nvmove_cstate_header *header;

	need_suspended(session);
	header = header_of(read_state(session, session->csvi, session->csuuidi));
	expect(session, !header->version, "VER %u, expected 0", le16toh(header->version));
	expect(session, !(header->attributes & ~NVMOVE_CSTATE_ATTR_SUSPENDED),
	       "CSATTR %#x: bits 7:1 are reserved", header->attributes);
	for (size_t i = 0; i < sizeof(header->reserved3); i++)
		expect(session, !header->reserved3[i], "reserved byte %zu is %#x", i + 3,
		       header->reserved3[i]);
}

void state_nvme_header(struct session *session)
{
	const struct nvmove_cstate_nvme *nvme;

	need_version(session);
	need_suspended(session);
	nvme = nvme_of(session, read_state(session, session->csvi, 0));
	expect(session, !nvme->version, "VER %u, expected 0", le16toh(nvme->version));
	expect(session, !nvme->reserved6[0] && !nvme->reserved6[1], "reserved bytes %#x %#x",
	       nvme->reserved6[0], nvme->reserved6[1]);
}

void state_queues_ascending(struct session *session)
{
	const struct nvmove_cstate_nvme *nvme;

	need_version(session);
	need_guest(session);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	nvme = nvme_of(session, read_state(session, session->csvi, 0));
	expect(session, le16toh(nvme->nr_sq) == GUEST_QUEUES, "NIOSQ %u, %u exist",
	       le16toh(nvme->nr_sq), GUEST_QUEUES);
	expect(session, le16toh(nvme->nr_cq) == GUEST_QUEUES, "NIOCQ %u, %u exist",
	       le16toh(nvme->nr_cq), GUEST_QUEUES);
	for (unsigned int i = 1; i < GUEST_QUEUES; i++) {
		expect(session, le16toh(sq_list(nvme)[i - 1].qid) < le16toh(sq_list(nvme)[i].qid),
		       "submission queue %u before %u", le16toh(sq_list(nvme)[i - 1].qid),
		       le16toh(sq_list(nvme)[i].qid));
		expect(session, le16toh(cq_list(nvme)[i - 1].qid) < le16toh(cq_list(nvme)[i].qid),
		       "completion queue %u before %u", le16toh(cq_list(nvme)[i - 1].qid),
		       le16toh(cq_list(nvme)[i].qid));
	}
}

/* After one read that was executed and one whose completion was not taken. */
static const struct nvmove_cstate_nvme *used_queues(struct session *session,
						    const struct guest_ops *guest)
{
	struct guest_io io = {
		.opcode = NVM_IO_READ, .nsid = guest->nsid(session->backend), .blocks = 1,
		.address = guest->allocate(session->backend, PAGE_BYTES),
	};
	unsigned int status;

	guest->push(session->backend, 0, &io);
	guest->ring(session->backend, 0);
	expect(session, guest->completions(session->backend, 0, &status) == 1 && !status,
	       "a read before Suspend was not executed");
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	guest->push(session->backend, 0, &io);
	guest->ring(session->backend, 0);
	return nvme_of(session, read_state(session, session->csvi, 0));
}

void state_submission_queue(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	const struct nvmove_cstate_nvme *nvme;
	const struct nvmove_cstate_sq *sq;
	struct guest_queue queue;

	need_version(session);
	queue = guest->queue(session->backend, 0);
	nvme = used_queues(session, guest);
	sq = sq_list(nvme);
	while (le16toh(sq->qid) != queue.qid && sq < sq_list(nvme) + le16toh(nvme->nr_sq) - 1)
		sq++;
	expect(session, le16toh(sq->qid) == queue.qid, "queue %u is not listed", queue.qid);
	expect(session, le64toh(sq->prp1) == queue.sq_address, "PRP1 %#llx, created with %#llx",
	       (unsigned long long)le64toh(sq->prp1), (unsigned long long)queue.sq_address);
	expect(session, le16toh(sq->size) == queue.entries - 1, "QSIZE %u, created with %u",
	       le16toh(sq->size), queue.entries - 1);
	expect(session, le16toh(sq->cqid) == queue.qid, "CQID %u, created with %u",
	       le16toh(sq->cqid), queue.qid);
	expect(session, le16toh(sq->attributes) == NVMOVE_CSTATE_SQ_PC,
	       "attributes %#x, created with %#x", le16toh(sq->attributes), NVMOVE_CSTATE_SQ_PC);
	expect(session, le16toh(sq->head) == 1 && le16toh(sq->tail) == 2,
	       "head %u, tail %u after one command executed and one rung while suspended",
	       le16toh(sq->head), le16toh(sq->tail));
}

void state_completion_queue(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	const struct nvmove_cstate_nvme *nvme;
	const struct nvmove_cstate_cq *cq;
	struct guest_queue queue;
	uint32_t attributes;

	need_version(session);
	queue = guest->queue(session->backend, 0);
	nvme = used_queues(session, guest);
	cq = cq_list(nvme);
	while (le16toh(cq->qid) != queue.qid && cq < cq_list(nvme) + le16toh(nvme->nr_cq) - 1)
		cq++;
	expect(session, le16toh(cq->qid) == queue.qid, "queue %u is not listed", queue.qid);
	expect(session, le64toh(cq->prp1) == queue.cq_address, "PRP1 %#llx, created with %#llx",
	       (unsigned long long)le64toh(cq->prp1), (unsigned long long)queue.cq_address);
	expect(session, le16toh(cq->size) == queue.entries - 1, "QSIZE %u, created with %u",
	       le16toh(cq->size), queue.entries - 1);
	attributes = NVMOVE_CSTATE_CQ_PC | NVMOVE_CSTATE_CQ_IEN | NVMOVE_CSTATE_CQ_PHASE |
		     (uint32_t)queue.vector << NVMOVE_CSTATE_CQ_VECTOR_SHIFT;
	expect(session, le32toh(cq->attributes) == attributes, "attributes %#x, expected %#x",
	       le32toh(cq->attributes), attributes);
	expect(session, le16toh(cq->head) == 1 && le16toh(cq->tail) == 1,
	       "head %u, tail %u after one completion that was taken", le16toh(cq->head),
	       le16toh(cq->tail));
}
