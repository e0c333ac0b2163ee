// SPDX-License-Identifier: BSD-2-Clause
/*
 * Suspend and Resume (Base 2.3, 5.2.17.1.1, 5.2.17.1.2): when a controller stands still, what of it
 * does, and what ends it.
 */
#include "requirements.h"

#define SUSPEND_NOW	NVMOVE_HMLM_STYPE_SUSPEND

/* Command Dword 10 and 11 as they are; nothing else is set. */
static struct admin_result send_raw(struct session *session, uint32_t cdw10, uint32_t cdw11)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_SEND, .cdw10 = cdw10, .cdw11 = cdw11,
	});
}

void send_reserved_select(struct session *session)
{
	static const unsigned int select[] = { 3, 0x80, 0xff };

	for (size_t i = 0; i < ARRAY_LENGTH(select); i++)
		expect_status(session, send_raw(session, select[i], NO_CONTROLLER),
			      NVM_SC_INVALID_FIELD, "Migration Send, reserved SEL");
}

void suspend_reserved_type(struct session *session)
{
	need_target(session);
	expect_status(session, suspend(session, session->target, 2, 0), NVM_SC_INVALID_FIELD,
		      "Suspend, STYPE 2h");
	expect_status(session, suspend(session, session->target, 0xff, 0), NVM_SC_INVALID_FIELD,
		      "Suspend, STYPE FFh");
	expect(session, !is_suspended(session), "the controller is suspended");
}

void suspend_unknown_controller(struct session *session)
{
	expect_status(session, suspend(session, NO_CONTROLLER, SUSPEND_NOW, 0),
		      NVM_SC_INVALID_CNTLID, "Suspend, CNTLID FFFFh");
}

void suspend_notification(struct session *session)
{
	need_target(session);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_NOTIFY, 0),
		      NVM_SC_SUCCESS, "Suspend Notification");
	expect(session, !is_suspended(session), "a notification has suspended the controller");
	expect_status(session, resume(session, session->target), NVMOVE_HMLM_SC_NOT_SUSPENDED,
		      "Resume after a notification");
}

void suspend_suspends(struct session *session)
{
	need_suspended(session);
	expect(session, is_suspended(session), "CSUP is 0 after Suspend");
}

void suspend_repeated(struct session *session)
{
	need_suspended(session);
	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "second Suspend");
	expect(session, is_suspended(session), "CSUP is 0 after a second Suspend");
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS, "Resume");
	expect(session, !is_suspended(session), "one Resume does not end two Suspends");
}

/* ---- with the eyes of the controller's host ---- */

static struct guest_io read_io(struct session *session)
{
	const struct guest_ops *guest = session->backend->ops->guest;

	return (struct guest_io){
		.opcode = NVM_IO_READ, .nsid = guest->nsid(session->backend), .blocks = 1,
		.address = guest->allocate(session->backend, PAGE_BYTES),
	};
}

void suspend_stops_fetching(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	struct guest_io io = read_io(session);
	unsigned int status;

	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "Suspend");
	guest->push(session->backend, 0, &io);
	guest->ring(session->backend, 0);
	expect(session, !guest->completions(session->backend, 0, &status),
	       "a suspended controller has executed a command");
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS, "Resume");
	expect(session, guest->completions(session->backend, 0, &status) == 1 && !status,
	       "the command that waited was not executed after Resume");
}

/* Head of the submission queue with id @qid in the target's state. */
static unsigned int head_of(struct session *session, uint16_t qid)
{
	struct state state = read_state(session, session->csvi, 0);
	const struct nvmove_cstate_nvme *nvme =
		(const void *)(state.data + sizeof(struct nvmove_cstate_header));
	const struct nvmove_cstate_sq *sq = (const void *)(nvme + 1);

	for (unsigned int i = 0; i < le16toh(nvme->nr_sq); i++)
		if (le16toh(sq[i].qid) == qid)
			return le16toh(sq[i].head);
	session_fail(session, "submission queue %u is not in the state", qid);
}

void suspend_completes_fetched(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	struct guest_queue queue = guest->queue(session->backend, 0);
	struct guest_io io = read_io(session);
	unsigned int completions, fetched, status;

	need_version(session);
	for (unsigned int i = 0; i < queue.entries / 2; i++)
		guest->push(session->backend, 0, &io);
	guest->ring(session->backend, 0);
	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "Suspend");
	completions = guest->completions(session->backend, 0, &status);
	fetched = head_of(session, queue.qid);
	expect(session, completions == fetched, "%u commands were fetched, %u completed", fetched,
	       completions);
}

void suspend_keeps_event_requests(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);

	guest->async_event_request(session->backend);
	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "Suspend");
	expect(session, !guest->async_events(session->backend),
	       "Suspend has completed an Asynchronous Event Request");
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS, "Resume");
	expect(session, !guest->async_events(session->backend),
	       "Resume has completed an Asynchronous Event Request");
}

void suspend_no_transactions(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	struct guest_io io = read_io(session);
	uint64_t before;
	unsigned int status;

	guest->push(session->backend, 0, &io);
	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "Suspend");
	guest->ring(session->backend, 0);
	before = guest->checksum(session->backend);
	expect(session, !guest->completions(session->backend, 0, &status), "a command completed");
	read_state(session, session->csvi, session->csuuidi);
	expect(session, guest->checksum(session->backend) == before,
	       "a suspended controller has written to its host's memory");
}

void suspend_property_access(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);
	uint32_t before = guest->csts(session->backend);

	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "Suspend");
	expect(session, guest->csts(session->backend) == before, "CSTS %#x before, %#x suspended",
	       before, guest->csts(session->backend));
}

void suspend_until_own_reset(struct session *session)
{
	const struct guest_ops *guest = need_guest(session);

	expect_status(session, suspend(session, session->target, SUSPEND_NOW, 0), NVM_SC_SUCCESS,
		      "Suspend");
	guest->stop(session->backend);
	expect_status(session, resume(session, session->target), NVMOVE_HMLM_SC_NOT_SUSPENDED,
		      "Resume after a reset of the controller");
}

/* ---- Resume ---- */

void resume_resumes(struct session *session)
{
	need_suspended(session);
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS, "Resume");
	expect(session, !is_suspended(session), "CSUP is 1 after Resume");
}

void resume_not_suspended(struct session *session)
{
	need_target(session);
	expect_status(session, resume(session, session->target), NVMOVE_HMLM_SC_NOT_SUSPENDED,
		      "Resume of a controller that is not suspended");
}

void resume_unknown_controller(struct session *session)
{
	expect_status(session, resume(session, NO_CONTROLLER), NVM_SC_INVALID_CNTLID,
		      "Resume, CNTLID FFFFh");
}

void resume_uncommitted(struct session *session)
{
	struct set_state request = {
		.cntlid = session->target, .csvi = session->csvi, .csuuidi = session->csuuidi,
		.sequence = NVMOVE_HMLM_FIRST, .length = sizeof(struct nvmove_cstate_header),
	};

	need_suspended(session);
	request.data = read_state(session, session->csvi, session->csuuidi).data;
	expect_status(session, set_state(session, request), NVM_SC_SUCCESS, "first piece");
	expect_status(session, resume(session, session->target), NVM_SC_COMMAND_SEQUENCE_ERROR,
		      "Resume after a first piece");
}
