// SPDX-License-Identifier: BSD-2-Clause
/*
 * A run against one device: what it is, what a test may ask for, and that after each test, however
 * it ended, the device is as it was. It never says which outcome is right.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* ---- outcomes ---- */

static void end_test(struct session *session, enum outcome outcome, const char *format,
		     va_list arguments)
{
	session->outcome = outcome;
	vsnprintf(session->reason, sizeof(session->reason), format, arguments);
	longjmp(session->end, 1);
}

void session_fail(struct session *session, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end_test(session, FAILED, format, arguments);
	va_end(arguments);
	abort();
}

void session_skip(struct session *session, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end_test(session, SKIPPED, format, arguments);
	va_end(arguments);
	abort();
}

void expect_status(struct session *session, struct admin_result result, unsigned int status,
		   const char *what)
{
	if (result.status != status)
		session_fail(session, "%s: status %#x, expected %#x", what, result.status, status);
}

void expect_refused(struct session *session, struct admin_result result, const char *what)
{
	if (!result.status)
		session_fail(session, "%s: status 0x0, expected an error", what);
}

/* ---- the target among the secondary controllers ---- */

static bool read_secondaries(struct session *session, struct nvm_secondary_list *list)
{
	return !identify(session, MMC, NVM_CNS_SECONDARY_LIST, list).status;
}

static const struct nvm_secondary_entry *find_secondary(const struct nvm_secondary_list *list,
							uint16_t cntlid)
{
	for (unsigned int i = 0; i < list->num && i < ARRAY_LENGTH(list->entry); i++)
		if (le16toh(list->entry[i].scid) == cntlid)
			return &list->entry[i];
	return NULL;
}

static struct admin_result virtualization(struct session *session, enum nvm_virt_action action,
					  unsigned int type, unsigned int count)
{
	return admin(session, MMC, (struct admin_command){
		.opcode = NVM_ADMIN_VIRT_MGMT,
		.cdw10 = (uint32_t)session->target << 16 | type << 8 | action, .cdw11 = count,
	});
}

/* What an offline controller needs to go online, beyond what it was given before. */
static void take_online(struct session *session)
{
	struct nvm_secondary_list list;
	const struct nvm_secondary_entry *entry;

	if (!session->is_secondary)
		return;
	expect(session, read_secondaries(session, &list), "the Secondary Controller List is gone");
	entry = find_secondary(&list, session->target);
	expect(session, entry, "controller %u is no longer in the Secondary Controller List",
	       session->target);
	if (entry->scs & NVM_SCS_ONLINE)
		return;
	if (le16toh(entry->nvq) < 2)
		expect_status(session, virtualization(session, NVM_VIRT_SECONDARY_ASSIGN,
						      NVM_VIRT_RT_VQ, 3), NVM_SC_SUCCESS,
			      "assign queue resources");
	if (le16toh(entry->nvi) < 1)
		expect_status(session, virtualization(session, NVM_VIRT_SECONDARY_ASSIGN,
						      NVM_VIRT_RT_VI, 3), NVM_SC_SUCCESS,
			      "assign interrupt resources");
	expect_status(session, virtualization(session, NVM_VIRT_SECONDARY_ONLINE, 0, 0),
		      NVM_SC_SUCCESS, "take the target online");
}

static void give_back_resources(struct session *session)
{
	const struct resources *start = &session->at_start;

	if (!session->is_secondary)
		return;
	if (!start->online) {
		expect_status(session, virtualization(session, NVM_VIRT_SECONDARY_OFFLINE, 0, 0),
			      NVM_SC_SUCCESS, "take the target offline");
		expect_status(session, virtualization(session, NVM_VIRT_SECONDARY_ASSIGN,
						      NVM_VIRT_RT_VQ, start->queues),
			      NVM_SC_SUCCESS, "give back queue resources");
		expect_status(session, virtualization(session, NVM_VIRT_SECONDARY_ASSIGN,
						      NVM_VIRT_RT_VI, start->vectors),
			      NVM_SC_SUCCESS, "give back interrupt resources");
		return;
	}
	take_online(session);
}

/* ---- beginning and end ---- */

static void choose_piece(struct session *session)
{
	unsigned int mdts = session->id.mdts;

	session->piece = MAX_PIECE;
	/* In units of the controller's smallest memory page, which is 4 KiB or more. */
	if (mdts && mdts < 5 && (size_t)PAGE_BYTES << mdts < MAX_PIECE)
		session->piece = (size_t)PAGE_BYTES << mdts;
}

static void find_target(struct session *session)
{
	struct nvm_secondary_list list;
	const struct nvm_secondary_entry *entry;

	if (session->target == NO_CONTROLLER || !read_secondaries(session, &list))
		return;
	entry = find_secondary(&list, session->target);
	session->is_secondary = entry;
	if (entry)
		session->at_start = (struct resources){
			.online = entry->scs & NVM_SCS_ONLINE,
			.vfn = le16toh(entry->vfn),
			.queues = le16toh(entry->nvq),
			.vectors = le16toh(entry->nvi),
		};
}

static void learn(struct session *session)
{
	expect_status(session, identify(session, MMC, NVM_CNS_CTRL, &session->id), NVM_SC_SUCCESS,
		      "Identify Controller");
	expect(session, le16toh(session->id.oacs) & NVMOVE_HMLM_OACS,
	       "OACS %#x: Host Managed Live Migration (bit 11) is not supported",
	       le16toh(session->id.oacs));
	expect_status(session, identify(session, MMC, NVMOVE_HMLM_CNS_FORMATS, session->formats),
		      NVM_SC_SUCCESS, "Identify, Supported Controller State Formats");
	expect(session, session->target != le16toh(session->id.cntlid),
	       "controller %u is the one that migrates others", session->target);
	session->csvi = session->formats[0] ? 1 : 0;
	session->csuuidi = session->formats[1] ? 1 : 0;
	choose_piece(session);
	find_target(session);
}

const char *session_open(struct session *session)
{
	if (setjmp(session->end))
		return session->reason;
	learn(session);
	return NULL;
}

/*
 * A sequence that a test left unfinished is finished with the state that it began from: nothing
 * else lets the controller go on.
 */
static void end_suspension(struct session *session)
{
	struct admin_result result = resume(session, session->target);

	if (result.status == NVM_SC_COMMAND_SEQUENCE_ERROR && session->kept.data) {
		result = write_state(session, session->kept, session->piece);
		expect_status(session, result, NVM_SC_SUCCESS, "finish the test's sequence");
		result = resume(session, session->target);
	}
	if (result.status != NVMOVE_HMLM_SC_NOT_SUSPENDED)
		expect_status(session, result, NVM_SC_SUCCESS, "resume after the test");
}

static void undo(struct session *session)
{
	while (session->nr_data_queues)
		delete_queue(session, session->data_queue[--session->nr_data_queues]);
	if (!session->touched)
		return;
	/* An error means that nothing was tracked. */
	track_memory(session, session->target, NVMOVE_HMLM_STOP, NULL, 0);
	if (session->guest_started)
		session->backend->ops->guest->stop(session->backend);
	take_online(session);
	end_suspension(session);
}

/* The first thing that went wrong is the outcome. */
static void put_back(struct session *session)
{
	enum outcome outcome = session->outcome;
	char reason[sizeof(session->reason)];

	memcpy(reason, session->reason, sizeof(reason));
	if (!setjmp(session->end))
		undo(session);
	if (outcome == FAILED) {
		session->outcome = outcome;
		memcpy(session->reason, reason, sizeof(reason));
	} else if (session->outcome != FAILED) {
		session->outcome = outcome;
	}
	free(session->kept.data);
	session->kept = (struct state){ 0 };
	session->touched = false;
	session->guest_started = false;
}

void session_run(struct session *session, const struct requirement *requirement)
{
	session->outcome = PASSED;
	session->reason[0] = '\0';
	if (!setjmp(session->end))
		requirement->test(session);
	put_back(session);
}

bool session_secondaries(struct session *session, struct nvm_secondary_list *list)
{
	if (setjmp(session->end))
		return false;
	return read_secondaries(session, list);
}

const char *session_close(struct session *session)
{
	if (setjmp(session->end))
		return session->reason;
	give_back_resources(session);
	return NULL;
}

/* ---- needs ---- */

void need_target(struct session *session)
{
	if (session->target == NO_CONTROLLER)
		session_skip(session, "no migratable controller was named");
	session->touched = true;
	take_online(session);
}

void need_suspended(struct session *session)
{
	need_target(session);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
}

const struct guest_ops *need_guest(struct session *session)
{
	const struct guest_ops *guest = session->backend->ops->guest;

	if (!guest)
		session_skip(session, "somebody else is the host of the migratable controller");
	need_target(session);
	guest->start(session->backend);
	session->guest_started = true;
	return guest;
}

void need_migratable_admin(struct session *session)
{
	if (!session->backend->ops->migratable(session->backend))
		session_skip(session, "no migratable controller takes commands from here");
}

void need_reset(struct session *session)
{
	if (!session->backend->ops->reset)
		session_skip(session, "a reset of the controller was not allowed");
}

void reset_mmc(struct session *session)
{
	int error = session->backend->ops->reset(session->backend);

	expect(session, !error, "reset: %s", strerror(-error));
	take_online(session);
}

void need_memory_tracking(struct session *session)
{
	if (!(session->id.trattr & NVMOVE_HMLM_TRATTR_THMC))
		session_skip(session, "TRATTR %#x: host memory is not tracked", session->id.trattr);
}

void need_user_data_tracking(struct session *session)
{
	if (!(session->id.trattr & NVMOVE_HMLM_TRATTR_TUDC))
		session_skip(session, "TRATTR %#x: user data is not tracked", session->id.trattr);
}

void need_version(struct session *session)
{
	if (!session->csvi)
		session_skip(session, "no version of the NVMe Controller State is supported");
}

void need_uuid(struct session *session)
{
	if (!session->csuuidi)
		session_skip(session, "no vendor specific controller state is supported");
}
