// SPDX-License-Identifier: BSD-2-Clause
/*
 * Log User Data Changes and the LBA Migration Queue (Base 2.3, 5.2.28.1.1, 8.1.7; NVM Command Set
 * 1.1, 5.6). These tests need memory that the controller may write to at any time, and most a
 * guest.
 */
#include "requirements.h"

#define MAX_SLOTS	64u

/** struct log - a queue and how far the host has read it */
struct log {
	uint64_t address;
	uint32_t slots;
	uint16_t cdqid;
	uint32_t next;		/* slot, not wrapped: its lap is next / slots */
};

static struct log need_log(struct session *session, uint32_t slots)
{
	struct log log = { .slots = slots };
	struct admin_result result;

	need_user_data_tracking(session);
	if (!session->backend->ops->queue_memory)
		session_skip(session, "no memory that outlasts a command is at hand");
	need_guest(session);
	log.address = session->backend->ops->queue_memory(session->backend,
							  slots * ENTRY_DWORDS * 4);
	result = create_queue(session, session->target, slots * ENTRY_DWORDS, log.address);
	expect_status(session, result, NVM_SC_SUCCESS, "create a queue");
	log.cdqid = (uint16_t)result.dw0;
	return log;
}

static struct log need_logging(struct session *session, uint32_t slots)
{
	struct log log = need_log(session, slots);

	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_START),
		      NVM_SC_SUCCESS, "start logging");
	return log;
}

/* Take the next entry if its phase bit says that it is new. */
static bool next_entry(struct session *session, struct log *log,
		       struct nvmove_hmlm_user_data_entry *entry)
{
	unsigned int lap = log->next / log->slots;

	session->backend->ops->queue_memory_read(session->backend, log->address +
						 log->next % log->slots * sizeof(*entry), entry,
						 sizeof(*entry));
	if ((entry->attributes & NVMOVE_HMLM_UDE_PHASE) == (lap & 1))
		return false;
	log->next++;
	return true;
}

/* Give back to the controller all that was read. */
static void consume(struct session *session, const struct log *log)
{
	expect_status(session, set_queue_feature(session, log->cdqid, log->next % log->slots, 0),
		      NVM_SC_SUCCESS, "move the head");
}

static void execute(struct session *session, uint8_t opcode, uint64_t slba, uint32_t blocks)
{
	const struct guest_ops *guest = session->backend->ops->guest;
	struct guest_io io = {
		.opcode = opcode, .nsid = guest->nsid(session->backend), .slba = slba,
		.blocks = blocks, .address = guest->allocate(session->backend, PAGE_BYTES),
	};
	unsigned int status;

	guest->push(session->backend, 0, &io);
	guest->ring(session->backend, 0);
	expect(session, guest->completions(session->backend, 0, &status) == 1 && !status,
	       "I/O command %#x was not executed", opcode);
}

static bool covers(struct session *session, const struct nvmove_hmlm_user_data_entry *entry,
		   uint64_t slba, uint32_t blocks)
{
	uint64_t first = le64toh(entry->slba);
	const struct guest_ops *guest = session->backend->ops->guest;

	if (le32toh(entry->nsid) != guest->nsid(session->backend))
		return false;
	if (NVMOVE_HMLM_UDE_LBACIR(entry->attributes) == NVMOVE_HMLM_LBACIR_NAMESPACE)
		return true;
	return NVMOVE_HMLM_UDE_LBACIR(entry->attributes) == NVMOVE_HMLM_LBACIR_RANGE &&
	       first <= slba && slba + blocks <= first + le32toh(entry->nlb) + 1ull;
}

/* What the standard says of every entry. */
static void expect_sound(struct session *session, const struct nvmove_hmlm_user_data_entry *entry)
{
	unsigned int esa = NVMOVE_HMLM_UDE_ESA(entry->attributes);
	unsigned int lbacir = NVMOVE_HMLM_UDE_LBACIR(entry->attributes);

	expect(session, esa <= NVMOVE_HMLM_ESA_SUSPENDED || esa == NVMOVE_HMLM_ESA_FULL,
	       "ESA %u is reserved", esa);
	expect(session, lbacir <= NVMOVE_HMLM_LBACIR_NONE, "LBACIR 3 is reserved");
	expect(session, !lbacir || !entry->slba, "LBACIR %u, SLBA is not 0", lbacir);
	expect(session, lbacir != NVMOVE_HMLM_LBACIR_NONE || (!entry->nsid && !entry->nlb),
	       "LBACIR 2, NSID %u, NLB %u, expected 0", le32toh(entry->nsid), le32toh(entry->nlb));
	expect(session, esa || lbacir != NVMOVE_HMLM_LBACIR_NONE, "ESA 0 and LBACIR 2");
	expect(session, !(entry->attributes & 1 << 4), "attributes %#x: bit 4 is reserved",
	       entry->attributes);
	for (size_t i = 0; i < sizeof(entry->reserved16); i++)
		expect(session, !entry->reserved16[i], "reserved byte %zu is %#x", i + 16,
		       entry->reserved16[i]);
}

/*
 * Read until an entry with @esa: all before it are sound. Whether one of them, or it, covers
 * @blocks from @slba on is returned.
 */
static bool read_until(struct session *session, struct log *log, unsigned int esa, uint64_t slba,
		       uint32_t blocks)
{
	struct nvmove_hmlm_user_data_entry entry;
	bool covered = false;

	while (next_entry(session, log, &entry)) {
		expect_sound(session, &entry);
		covered |= covers(session, &entry, slba, blocks);
		if (NVMOVE_HMLM_UDE_ESA(entry.attributes) == esa)
			return covered;
	}
	session_fail(session, "no entry with ESA %u within %u entries", esa, log->next);
}

/* ---- commands ---- */

void log_already_started(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_START),
		      NVMOVE_HMLM_SC_INVALID_CDQ, "start logging twice");
}

void log_suspended(struct session *session)
{
	struct log log = need_log(session, MAX_SLOTS);

	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_START),
		      NVMOVE_HMLM_SC_SUSPENDED, "start logging of a suspended controller");
}

void suspend_deletes_queue(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND,
				       NVMOVE_HMLM_DUDMQ),
		      NVM_SC_SUCCESS, "Suspend with DUDMQ");
	expect_status(session, delete_queue(session, log.cdqid), NVMOVE_HMLM_SC_INVALID_CDQ,
		      "delete the queue that Suspend has deleted");
}

void suspend_keeps_queue(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend without DUDMQ");
	expect_status(session, delete_queue(session, log.cdqid), NVM_SC_SUCCESS,
		      "delete the queue that Suspend has left");
}

/* ---- entries ---- */

void log_reports_write(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	execute(session, NVM_IO_WRITE, 5, 3);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	expect(session, read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 5, 3),
	       "blocks 5 to 7 were written and are not in the log");
}

void log_reports_write_zeroes(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	execute(session, NVM_IO_WRITE_ZEROES, 9, 2);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	expect(session, read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 9, 2),
	       "blocks 9 and 10 were zeroed and are not in the log");
}

void log_first_entry(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);
	struct nvmove_hmlm_user_data_entry entry;

	execute(session, NVM_IO_WRITE, 0, 1);
	log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP);
	expect(session, next_entry(session, &log, &entry), "no entry after a write");
	expect(session, NVMOVE_HMLM_UDE_ESA(entry.attributes) == NVMOVE_HMLM_ESA_FIRST,
	       "ESA %u in the first entry", NVMOVE_HMLM_UDE_ESA(entry.attributes));
}

void log_last_entry(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);
	struct nvmove_hmlm_user_data_entry entry;

	execute(session, NVM_IO_WRITE, 0, 1);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 0, 1);
	execute(session, NVM_IO_WRITE, 0, 1);
	expect(session, !next_entry(session, &log, &entry), "an entry after logging was stopped");
}

void log_entry_fields(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	execute(session, NVM_IO_WRITE, 2, 1);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	/* Each entry on the way is looked at. */
	read_until(session, &log, NVMOVE_HMLM_ESA_SUSPENDED, 2, 1);
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS, "Resume");
	execute(session, NVM_IO_WRITE_ZEROES, 2, 2);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 2, 2);
}

void log_suspended_entry(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);
	struct nvmove_hmlm_user_data_entry entry;

	execute(session, NVM_IO_WRITE, 3, 1);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	expect(session, read_until(session, &log, NVMOVE_HMLM_ESA_SUSPENDED, 3, 1),
	       "block 3 was written before Suspend and is not in the log");
	expect(session, !next_entry(session, &log, &entry), "an entry after ESA 3");
}

void log_resumed_entry(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	execute(session, NVM_IO_WRITE, 3, 1);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	read_until(session, &log, NVMOVE_HMLM_ESA_SUSPENDED, 3, 1);
	consume(session, &log);
	expect_status(session, resume(session, session->target), NVM_SC_SUCCESS, "Resume");
	execute(session, NVM_IO_WRITE, 4, 1);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	read_until(session, &log, NVMOVE_HMLM_ESA_FIRST, 4, 1);
	log.next--;
	expect(session, read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 4, 1),
	       "block 4 was written after Resume and is not in the log");
}

/* Write distant blocks, so that nothing can be merged, until the queue must be full. */
static void overfill(struct session *session, const struct log *log)
{
	for (uint32_t i = 0; i < 2 * log->slots; i++)
		execute(session, NVM_IO_WRITE, 16ull * i, 1);
}

void log_full(struct session *session)
{
	struct log log = need_logging(session, 8);
	struct nvmove_hmlm_user_data_entry entry;

	overfill(session, &log);
	read_until(session, &log, NVMOVE_HMLM_ESA_FULL, 0, 1);
	/* A queue of n slots is full with n - 1 entries (Base 2.3, 3.3.1.5). */
	expect(session, log.next < log.slots, "%u entries in %u slots", log.next, log.slots);
	consume(session, &log);
	execute(session, NVM_IO_WRITE, 1, 1);
	expect(session, !next_entry(session, &log, &entry), "an entry after ESA 7");
}

void log_restarts_after_full(struct session *session)
{
	struct log log = need_logging(session, 8);

	overfill(session, &log);
	read_until(session, &log, NVMOVE_HMLM_ESA_FULL, 0, 1);
	consume(session, &log);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_START),
		      NVM_SC_SUCCESS, "start logging again after ESA 7");
	execute(session, NVM_IO_WRITE, 7, 1);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	expect(session, read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 7, 1),
	       "block 7 was written after the restart and is not in the log");
}

void log_phase_inverts(struct session *session)
{
	struct log log = need_logging(session, 8);
	struct nvmove_hmlm_user_data_entry entry;

	/* Three laps; the host follows by the phase bit alone. */
	for (uint32_t i = 0; i < 3 * log.slots; i++) {
		execute(session, NVM_IO_WRITE, 16ull * (i % 64), 1);
		while (next_entry(session, &log, &entry))
			expect_sound(session, &entry);
		consume(session, &log);
	}
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 0, 1);
	expect(session, log.next > 2 * log.slots, "%u entries for %u writes of distant blocks",
	       log.next, 3 * log.slots);
}

void log_head_beyond_tail(struct session *session)
{
	struct log log = need_logging(session, MAX_SLOTS);

	execute(session, NVM_IO_WRITE, 0, 1);
	expect_status(session, log_user_data(session, log.cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
	read_until(session, &log, NVMOVE_HMLM_ESA_STOPPED, 0, 1);
	expect_status(session, set_queue_feature(session, log.cdqid, log.next + 1, 0),
		      NVM_SC_INVALID_FIELD, "head behind the newest entry");
	expect_status(session, set_queue_feature(session, log.cdqid, MAX_SLOTS + 1, 0),
		      NVM_SC_INVALID_FIELD, "head behind the queue, one lap after a posted slot");
	consume(session, &log);
}

/* ---- the event ---- */

/* Log one write into a queue, with an Asynchronous Event Request outstanding. */
static void log_for_event(struct session *session, const struct log *log)
{
	session->backend->ops->async_event_request(session->backend);
	expect_status(session, log_user_data(session, log->cdqid, NVMOVE_HMLM_START),
		      NVM_SC_SUCCESS, "start logging");
	execute(session, NVM_IO_WRITE, 0, 1);
	expect_status(session, log_user_data(session, log->cdqid, NVMOVE_HMLM_STOP),
		      NVM_SC_SUCCESS, "stop logging");
}

static void need_events(struct session *session)
{
	if (!session->backend->ops->async_event_request)
		session_skip(session, "somebody else takes the controller's events");
}

void event_tail_pointer(struct session *session)
{
	struct log log = need_log(session, MAX_SLOTS);
	struct admin_result event;

	need_events(session);
	expect_status(session, set_queue_feature(session, NVMOVE_HMLM_CDQ_ETPT | log.cdqid, 0, 0),
		      NVM_SC_SUCCESS, "trigger at slot 0");
	log_for_event(session, &log);
	expect(session, session->backend->ops->async_event(session->backend, &event),
	       "slot 0 was posted and no event came");
	/* One-Shot is type 4, Controller Data Queue Tail Pointer its information 0. */
	expect(session, (event.dw0 & 0xffff) == 0x0004, "event %#x, expected type 4, information 0",
	       event.dw0);
	expect(session, (event.dw1 & 0xffff) == log.cdqid, "event for CDQID %u, expected %u",
	       event.dw1 & 0xffff, log.cdqid);
}

void event_without_trigger(struct session *session)
{
	struct log log = need_log(session, MAX_SLOTS);
	struct admin_result event;

	need_events(session);
	log_for_event(session, &log);
	expect(session, !session->backend->ops->async_event(session->backend, &event),
	       "event %#x, and no trigger was armed", event.dw0);
}
