// SPDX-License-Identifier: BSD-2-Clause
/*
 * Migration Send, Set Controller State (Base 2.3, 5.2.17.1.3): sequences, what is refused, and that
 * a state which was set is the controller's. A state is only ever set into the controller that it
 * was read from.
 */
#include <stdlib.h>
#include <string.h>

#include "requirements.h"

/* A whole state of the suspended target. */
static struct state begin(struct session *session)
{
	need_suspended(session);
	return read_state(session, session->csvi, session->csuuidi);
}

/* The header alone, as the first piece of a sequence. */
static struct set_state first_piece(const struct session *session, struct state state)
{
	return (struct set_state){
		.cntlid = session->target, .csvi = session->csvi, .csuuidi = session->csuuidi,
		.sequence = NVMOVE_HMLM_FIRST, .data = state.data,
		.length = sizeof(struct nvmove_cstate_header),
	};
}

static void expect_resumes(struct session *session)
{
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS,
		      "Resume after the state was set");
}

/* ---- sequences ---- */

void set_only(struct session *session)
{
	struct state state = begin(session);

	expect_status(session, set_state(session, only_state(session, state)), NVM_SC_SUCCESS,
		      "SEQIND 11b");
	expect_resumes(session);
}

void set_pieces(struct session *session)
{
	struct state state = begin(session);
	size_t piece = (state.size / 3 + 3) / 4 * 4;

	expect_status(session, write_state(session, state,
					   piece < session->piece ? piece : session->piece),
		      NVM_SC_SUCCESS, "SEQIND 01b, 00b, 10b");
	expect_resumes(session);
}

void set_empty_last(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = only_state(session, state);

	request.sequence = NVMOVE_HMLM_FIRST;
	expect_status(session, set_state(session, request), NVM_SC_SUCCESS, "SEQIND 01b");
	request.sequence = NVMOVE_HMLM_LAST;
	request.offset = state.size;
	request.length = 0;
	expect_status(session, set_state(session, request), NVM_SC_SUCCESS,
		      "SEQIND 10b, NUMD 0");
	expect_resumes(session);
}

void set_no_dwords(struct session *session)
{
	static const enum nvmove_hmlm_sequence sequence[] = {
		NVMOVE_HMLM_FIRST, NVMOVE_HMLM_ONLY,
	};
	struct set_state request = first_piece(session, begin(session));

	request.length = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(sequence); i++) {
		request.sequence = sequence[i];
		expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
			      "NUMD 0 in a piece that is not the last");
	}
}

void set_middle_without_first(struct session *session)
{
	struct set_state request = first_piece(session, begin(session));

	request.sequence = NVMOVE_HMLM_MIDDLE;
	expect_status(session, set_state(session, request), NVM_SC_COMMAND_SEQUENCE_ERROR,
		      "SEQIND 00b without a first piece");
}

void set_last_without_first(struct session *session)
{
	struct set_state request = first_piece(session, begin(session));

	request.sequence = NVMOVE_HMLM_LAST;
	expect_status(session, set_state(session, request), NVM_SC_COMMAND_SEQUENCE_ERROR,
		      "SEQIND 10b without a first piece");
}

void set_sequence_ends(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = first_piece(session, state);

	expect_status(session, write_state(session, state, session->piece), NVM_SC_SUCCESS,
		      "whole state");
	request.sequence = NVMOVE_HMLM_MIDDLE;
	expect_status(session, set_state(session, request), NVM_SC_COMMAND_SEQUENCE_ERROR,
		      "SEQIND 00b after the sequence has ended");
}

void set_first_discards(struct session *session)
{
	struct state state = begin(session);
	struct nvmove_cstate_header wrong;
	struct set_state request = first_piece(session, state);

	/* A first piece of nonsense must leave no trace in what comes after another first piece. */
	memset(&wrong, 0xee, sizeof(wrong));
	memset(wrong.nvme_dwords, 0, sizeof(wrong.nvme_dwords) + sizeof(wrong.vendor_dwords));
	request.data = &wrong;
	set_state(session, request);
	request.data = state.data;
	expect_status(session, set_state(session, request), NVM_SC_SUCCESS, "second first piece");
	expect_status(session, write_state(session, state, session->piece), NVM_SC_SUCCESS,
		      "whole state after unfinished sequences");
	expect_resumes(session);
}

void set_again_after_failure(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = first_piece(session, state);

	expect_status(session, set_state(session, request), NVM_SC_SUCCESS, "first piece");
	request.sequence = NVMOVE_HMLM_LAST;
	request.offset = 2;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "last piece at offset 2");
	expect_status(session, write_state(session, state, session->piece), NVM_SC_SUCCESS,
		      "whole state after a failure");
	expect_resumes(session);
}

/* ---- what is refused ---- */

void set_unknown_controller(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = first_piece(session, state);

	request.cntlid = NO_CONTROLLER;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_CNTLID,
		      "Set Controller State, CNTLID FFFFh");
}

void set_own_controller(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = first_piece(session, state);

	request.cntlid = le16toh(session->id.cntlid);
	expect_status(session, set_state(session, request), NVM_SC_INVALID_CNTLID,
		      "Set Controller State of the controller itself");
}

void set_unaligned_offset(struct session *session)
{
	struct set_state request = first_piece(session, begin(session));

	for (request.offset = 1; request.offset < 4; request.offset++)
		expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
			      "offset that is no multiple of 4");
}

void set_offset_beyond(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = first_piece(session, state);
	struct admin_result result;

	expect_status(session, set_state(session, request), NVM_SC_SUCCESS, "first piece");
	request.sequence = NVMOVE_HMLM_LAST;
	request.offset = state.size + 64;
	result = set_state(session, request);
	expect_status(session, result, NVM_SC_INVALID_FIELD, "last piece behind the data");
	expect_status(session, write_state(session, state, session->piece), NVM_SC_SUCCESS,
		      "whole state after that");
}

void set_unknown_version_index(struct session *session)
{
	struct set_state request = only_state(session, begin(session));

	if (session->formats[0] == UINT8_MAX)
		session_skip(session, "every index is in use");
	request.csvi = session->formats[0] + 1;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "CSVI behind the list");
}

void set_unknown_uuid_index(struct session *session)
{
	struct set_state request = only_state(session, begin(session));

	if (session->formats[1] == UINT8_MAX)
		session_skip(session, "every index is in use");
	request.csuuidi = session->formats[1] + 1;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "CSUUIDI behind the list");
}

void set_no_index(struct session *session)
{
	struct set_state request = only_state(session, begin(session));

	request.csvi = 0;
	request.csuuidi = 0;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "CSVI 0 and CSUUIDI 0");
}

void set_version_index_zero(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = only_state(session, state);

	need_version(session);
	need_uuid(session);
	request.csvi = 0;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "CSVI 0 with a state whose NVMECSS is not 0");
}

void set_uuid_index_zero(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = only_state(session, state);

	need_version(session);
	need_uuid(session);
	request.csuuidi = 0;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "CSUUIDI 0 with a state whose VSS is not 0");
}

void set_truncated(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = only_state(session, state);

	request.length -= 4;
	expect_status(session, set_state(session, request), NVM_SC_INVALID_FIELD,
		      "SEQIND 11b, one dword short of what its header says");
}

void set_verified(struct session *session)
{
	struct state state = begin(session);
	struct set_state request = only_state(session, state);
	struct nvmove_cstate_header *header = (void *)state.data;

	header->version = htole16(0xffff);
	expect_refused(session, set_state(session, request), "VER FFFFh");
	header->version = 0;
	expect_status(session, set_state(session, request), NVM_SC_SUCCESS,
		      "the same state with VER 0");
	expect_resumes(session);
}

void set_queues_exist(struct session *session)
{
	struct state state;

	need_version(session);
	need_guest(session);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	state = read_state(session, session->csvi, session->csuuidi);
	expect_status(session, write_state(session, state, session->piece), NVM_SC_INVALID_FIELD,
		      "NVMe Controller State for a controller that has I/O queues");
}

/* ---- what is committed ---- */

/*
 * The guest's controller is read, reset and set again; the guest notices nothing. Returns what was
 * read.
 */
static struct state read_reset_set(struct session *session, const struct guest_ops *guest)
{
	struct state state;

	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	state = read_state(session, session->csvi, session->csuuidi);
	guest->stop(session->backend);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend after the reset");
	expect_status(session, write_state(session, state, session->piece), NVM_SC_SUCCESS,
		      "Set Controller State after the reset");
	return state;
}

void set_reads_back(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	struct state written, read;
	size_t nvme;

	need_version(session);
	written = read_reset_set(session, guest);
	/* read_state() gives the old one back to the heap. */
	session->kept = (struct state){ 0 };
	read = read_state(session, session->csvi, session->csuuidi);
	nvme = sizeof(struct nvmove_cstate_header) +
	       4 * le64toh(((struct nvmove_cstate_header *)written.data)->nvme_dwords[0]);
	if (read.size < nvme || memcmp(read.data, written.data, nvme)) {
		free(written.data);
		session_fail(session, "the queues that were set are not those that are read back");
	}
	free(written.data);
}

void set_queues_work(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	struct guest_io io = {
		.opcode = NVM_IO_READ, .nsid = guest->nsid(session->backend), .blocks = 1,
		.address = guest->allocate(session->backend, PAGE_BYTES),
	};
	unsigned int status;

	need_version(session);
	need_uuid(session);
	guest->push(session->backend, 1, &io);
	guest->ring(session->backend, 1);
	expect(session, guest->completions(session->backend, 1, &status) == 1 && !status,
	       "a read before the move was not executed");
	read_reset_set(session, guest);
	for (unsigned int i = 0; i < GUEST_QUEUES; i++)
		guest->push(session->backend, i, &io);
	expect_resumes(session);
	for (unsigned int i = 0; i < GUEST_QUEUES; i++) {
		guest->ring(session->backend, i);
		expect(session, guest->completions(session->backend, i, &status) == 1 && !status,
		       "a read in queue pair %u was not executed after the state was set", i);
	}
}
