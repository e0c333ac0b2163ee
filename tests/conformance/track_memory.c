// SPDX-License-Identifier: BSD-2-Clause
/*
 * Track Memory Changes and Tracked Memory Changes (Base 2.3, 5.2.28.1.2, 5.2.27.1.1): what may be
 * tracked and what is reported. Without a guest only memory that nobody writes is tracked.
 */
#include <stdlib.h>
#include <string.h>

#include "requirements.h"

/* Memory of nearly every host, should the controller want to know. */
#define SOME_ADDRESS	(16ull << 20)
#define MAX_RANGES	0xffffu

/** struct ranges - data of Track Memory Changes with room for two ranges */
struct ranges {
	struct nvmove_hmlm_memory_request request;
	struct nvmove_hmlm_memory_range range[2];
} NVMOVE_PACKED;

#define REPORT_CHANGES	15

/** struct report - Tracked Memory Changes */
struct report {
	struct nvmove_hmlm_memory_changes head;
	struct nvmove_hmlm_memory_change change[REPORT_CHANGES];
} NVMOVE_PACKED;

static uint64_t granule(const struct session *session)
{
	return (uint64_t)PAGE_BYTES << session->id.minmrtg;
}

static struct ranges one_range(const struct session *session, uint64_t address, uint32_t granules)
{
	return (struct ranges){
		.request = {
			.granularity = session->id.minmrtg,
			.nr_ranges = htole32(1),
		},
		.range[0] = { .address = htole64(address), .length = htole32(granules) },
	};
}

static struct ranges some_range(const struct session *session)
{
	uint64_t address = granule(session) > SOME_ADDRESS ? granule(session) : SOME_ADDRESS;

	return one_range(session, address, 1);
}

static struct admin_result start(struct session *session, struct ranges ranges)
{
	return track_memory(session, session->target, NVMOVE_HMLM_START, &ranges, sizeof(ranges));
}

static void need_tracked(struct session *session)
{
	need_memory_tracking(session);
	need_target(session);
	expect_status(session, start(session, some_range(session)), NVM_SC_SUCCESS,
		      "start tracking");
}

/* Fail unless a start with these ranges is refused. */
static void expect_invalid(struct session *session, struct ranges ranges, const char *what)
{
	expect_status(session, start(session, ranges), NVM_SC_INVALID_FIELD, what);
}

/* ---- what is refused ---- */

void track_reserved_select(struct session *session)
{
	static const unsigned int select[] = { 2, 0x80, 0xff };

	if (!session->id.trattr)
		session_skip(session, "TRATTR 0: nothing is tracked");
	for (size_t i = 0; i < ARRAY_LENGTH(select); i++) {
		struct admin_result result = admin(session, MMC, (struct admin_command){
			.opcode = NVMOVE_HMLM_TRACK_SEND, .cdw10 = select[i],
			.cdw11 = NO_CONTROLLER,
		});

		expect_status(session, result, NVM_SC_INVALID_FIELD, "Track Send, reserved SEL");
	}
}

void track_receive_reserved_select(struct session *session)
{
	struct report report;
	struct admin_result result;

	need_memory_tracking(session);
	result = admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_TRACK_RECEIVE, .cdw10 = 1, .cdw11 = NO_CONTROLLER,
		.cdw12 = sizeof(report) / 4 - 1, .data = &report, .length = sizeof(report),
	});
	expect_status(session, result, NVM_SC_INVALID_FIELD, "Track Receive, reserved SEL");
}

void memory_own_controller(struct session *session)
{
	struct ranges ranges = some_range(session);

	need_memory_tracking(session);
	need_target(session);
	expect_status(session, track_memory(session, le16toh(session->id.cntlid),
					    NVMOVE_HMLM_START, &ranges, sizeof(ranges)),
		      NVM_SC_INVALID_CNTLID, "track the controller itself");
}

void memory_unknown_controller(struct session *session)
{
	struct ranges ranges = some_range(session);

	need_memory_tracking(session);
	expect_status(session, track_memory(session, NO_CONTROLLER, NVMOVE_HMLM_START,
					    &ranges, sizeof(ranges)),
		      NVM_SC_INVALID_CNTLID, "track CNTLID FFFFh");
}

void memory_already_tracked(struct session *session)
{
	need_tracked(session);
	expect_status(session, start(session, some_range(session)), NVM_SC_INVALID_CNTLID,
		      "start tracking twice");
}

void memory_suspended(struct session *session)
{
	need_memory_tracking(session);
	need_suspended(session);
	expect_status(session, start(session, some_range(session)), NVMOVE_HMLM_SC_SUSPENDED,
		      "start tracking a suspended controller");
}

void memory_granularity(struct session *session)
{
	struct ranges ranges;

	need_memory_tracking(session);
	need_target(session);
	ranges = some_range(session);
	if (session->id.minmrtg) {
		ranges.request.granularity = session->id.minmrtg - 1;
		expect_invalid(session, ranges, "RMRTG below MINMRTG");
	}
	if (session->id.maxmrtg < UINT8_MAX) {
		ranges.range[0].address = 0;
		ranges.request.granularity = session->id.maxmrtg + 1;
		expect_invalid(session, ranges, "RMRTG above MAXMRTG");
	}
}

void memory_misaligned(struct session *session)
{
	struct ranges ranges;

	need_memory_tracking(session);
	need_target(session);
	ranges = some_range(session);
	ranges.range[0].address = htole64(le64toh(ranges.range[0].address) + granule(session) / 2);
	expect_invalid(session, ranges, "address that is no multiple of the granularity");
}

void memory_too_many_ranges(struct session *session)
{
	uint32_t nr = le16toh(session->id.cmmrtd) + 1u;
	size_t length = sizeof(struct nvmove_hmlm_memory_request) +
			nr * sizeof(struct nvmove_hmlm_memory_range);
	struct ranges some = some_range(session);
	struct nvmove_hmlm_memory_request *request;
	struct nvmove_hmlm_memory_range *range;
	struct admin_result result;

	need_memory_tracking(session);
	need_target(session);
	if (nr > MAX_RANGES || length > session->piece)
		session_skip(session, "CMMRTD %u: more ranges than that do not fit a command",
			     nr - 1);
	request = calloc(1, length);
	expect(session, request, "no memory for %u ranges", nr);
	*request = some.request;
	request->nr_ranges = htole32(nr);
	range = (void *)(request + 1);
	for (uint32_t i = 0; i < nr; i++)
		range[i] = (struct nvmove_hmlm_memory_range){
			.address = htole64(le64toh(some.range[0].address) +
					   2 * i * granule(session)),
			.length = htole32(1),
		};
	result = track_memory(session, session->target, NVMOVE_HMLM_START, request, length);
	free(request);
	expect_status(session, result, NVM_SC_INVALID_FIELD, "CMMRTD + 1 ranges");
}

void memory_power_of_two(struct session *session)
{
	struct ranges ranges;

	need_memory_tracking(session);
	if (!(session->id.trattr & NVMOVE_HMLM_TRATTR_MRTLL))
		session_skip(session, "TRATTR %#x: lengths need be no powers of two",
			     session->id.trattr);
	need_target(session);
	ranges = some_range(session);
	ranges.range[0].length = htole32(3);
	expect_invalid(session, ranges, "length of 3 with MRTLL");
}

/* ---- starting, stopping, reporting ---- */

void memory_starts_and_stops(struct session *session)
{
	struct report report;

	need_tracked(session);
	expect_status(session, track_memory(session, session->target, NVMOVE_HMLM_STOP, NULL, 0),
		      NVM_SC_SUCCESS, "stop tracking");
	expect_refused(session, memory_changes(session, session->target, &report, sizeof(report)),
		       "Tracked Memory Changes after tracking was stopped");
	expect_status(session, start(session, some_range(session)), NVM_SC_SUCCESS,
		      "start tracking again");
}

void memory_stop_ignores_data(struct session *session)
{
	struct ranges nonsense;

	need_tracked(session);
	memset(&nonsense, 0xff, sizeof(nonsense));
	expect_status(session, track_memory(session, session->target, NVMOVE_HMLM_STOP, &nonsense,
					    sizeof(nonsense)),
		      NVM_SC_SUCCESS, "stop tracking with data that means nothing");
}

void memory_header(struct session *session)
{
	struct report report;

	need_tracked(session);
	expect_status(session, memory_changes(session, session->target, &report, sizeof(report)),
		      NVM_SC_SUCCESS, "Tracked Memory Changes");
	expect(session, !report.head.version, "VER %u, expected 0", report.head.version);
	expect(session, le16toh(report.head.cntlid) == session->target, "CNTLID %u, expected %u",
	       le16toh(report.head.cntlid), session->target);
	expect(session, !(report.head.attributes & ~(NVMOVE_HMLM_CHANGES_MORE |
						     NVMOVE_HMLM_CHANGES_SUSPENDED)),
	       "ATTRB %#x: bits 7:2 are reserved", report.head.attributes);
	expect(session, report.head.nr_changes ||
	       !(report.head.attributes & NVMOVE_HMLM_CHANGES_MORE),
	       "NTMCD 0 with MTR 1");
}

void memory_suspended_bit(struct session *session)
{
	struct report report;

	need_tracked(session);
	expect_status(session, memory_changes(session, session->target, &report, sizeof(report)),
		      NVM_SC_SUCCESS, "Tracked Memory Changes");
	expect(session, !(report.head.attributes & NVMOVE_HMLM_CHANGES_SUSPENDED),
	       "SUSP 1, not suspended");
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	expect_status(session, memory_changes(session, session->target, &report, sizeof(report)),
		      NVM_SC_SUCCESS, "Tracked Memory Changes, suspended");
	expect(session, report.head.attributes & NVMOVE_HMLM_CHANGES_SUSPENDED,
	       "SUSP 0, suspended");
}

void memory_not_tracked(struct session *session)
{
	struct report report;

	need_memory_tracking(session);
	need_target(session);
	expect_refused(session, memory_changes(session, session->target, &report, sizeof(report)),
		       "Tracked Memory Changes of a controller that is not tracked");
}

/* ---- with the eyes of the controller's host ---- */

/* Whether a report names the granule of @address. */
static bool reports(const struct report *report, uint64_t address)
{
	uint64_t size = (uint64_t)PAGE_BYTES << le16toh(report->head.granularity);

	for (uint32_t i = 0; i < le32toh(report->head.nr_changes) && i < REPORT_CHANGES; i++) {
		uint64_t first = le64toh(report->change[i].address);

		if (address >= first && address - first < le32toh(report->change[i].length) * size)
			return true;
	}
	return false;
}

static struct report take_report(struct session *session)
{
	struct report report = { 0 };

	expect_status(session, memory_changes(session, session->target, &report, sizeof(report)),
		      NVM_SC_SUCCESS, "Tracked Memory Changes");
	return report;
}

/* A tracked page, and the read that will write to it. */
static struct guest_io need_tracked_read(struct session *session, uint32_t granules)
{
	const struct guest_ops *guest;
	struct guest_io io;

	need_memory_tracking(session);
	guest = need_guest(session);
	io = (struct guest_io){
		.opcode = NVM_IO_READ, .nsid = guest->nsid(session->backend), .blocks = 1,
		.address = guest->allocate(session->backend, granules * granule(session)),
	};
	if (io.address % granule(session))
		session_skip(session, "MINMRTG %u: no memory is aligned to that",
			     session->id.minmrtg);
	expect_status(session, start(session, one_range(session, io.address, granules)),
		      NVM_SC_SUCCESS, "start tracking");
	return io;
}

static void execute(struct session *session, struct guest_io io)
{
	const struct guest_ops *guest = session->backend->ops->guest;
	unsigned int status;

	guest->push(session->backend, 0, &io);
	guest->ring(session->backend, 0);
	expect(session, guest->completions(session->backend, 0, &status) == 1 && !status,
	       "I/O command %#x was not executed", io.opcode);
}

void memory_reports_data(struct session *session)
{
	struct guest_io io = need_tracked_read(session, 1);
	struct report report;

	expect(session, !take_report(session).head.nr_changes, "changes before any write");
	execute(session, io);
	report = take_report(session);
	expect(session, reports(&report, io.address), "data at %#llx is not reported",
	       (unsigned long long)io.address);
}

void memory_reports_completions(struct session *session)
{
	const struct guest_ops *guest;
	struct guest_io io;
	uint64_t address;
	struct report report;

	need_memory_tracking(session);
	guest = need_guest(session);
	address = guest->queue(session->backend, 0).cq_address & ~(granule(session) - 1);
	io = (struct guest_io){
		.opcode = NVM_IO_READ, .nsid = guest->nsid(session->backend), .blocks = 1,
		.address = guest->allocate(session->backend, PAGE_BYTES),
	};
	expect_status(session, start(session, one_range(session, address, 1)), NVM_SC_SUCCESS,
		      "track a completion queue");
	execute(session, io);
	report = take_report(session);
	expect(session, reports(&report, address), "a completion entry at %#llx is not reported",
	       (unsigned long long)address);
}

void memory_reported_once(struct session *session)
{
	struct guest_io io = need_tracked_read(session, 1);

	execute(session, io);
	take_report(session);
	expect(session, !take_report(session).head.nr_changes, "a change was reported twice");
	execute(session, io);
	expect(session, take_report(session).head.nr_changes,
	       "a second change of the same memory is not reported");
}

void memory_only_ranges(struct session *session)
{
	struct guest_io io = need_tracked_read(session, 1);

	io.address = session->backend->ops->guest->allocate(session->backend, PAGE_BYTES);
	execute(session, io);
	expect(session, !take_report(session).head.nr_changes,
	       "a change outside the tracked range is reported");
}

void memory_reports_rest_later(struct session *session)
{
	struct guest_io io = need_tracked_read(session, 3);
	uint64_t first = io.address;
	struct report small = { 0 }, rest;
	size_t room = sizeof(small.head) + sizeof(small.change[0]);

	execute(session, io);
	io.address = first + 2 * granule(session);
	execute(session, io);
	/* Room for one descriptor, and two are needed. */
	expect_status(session, memory_changes(session, session->target, &small, room),
		      NVM_SC_SUCCESS, "Tracked Memory Changes");
	expect(session, le32toh(small.head.nr_changes) == 1, "NTMCD %u with room for one",
	       le32toh(small.head.nr_changes));
	expect(session, small.head.attributes & NVMOVE_HMLM_CHANGES_MORE,
	       "MTR is 0 and there is more");
	rest = take_report(session);
	expect(session, !(rest.head.attributes & NVMOVE_HMLM_CHANGES_MORE),
	       "MTR is 1 and there is no more");
	expect(session, reports(&small, first) ^ reports(&rest, first), "first change");
	expect(session, reports(&small, io.address) ^ reports(&rest, io.address), "second change");
}

void memory_complete_when_suspended(struct session *session)
{
	struct guest_io io = need_tracked_read(session, 1);
	struct report report;

	execute(session, io);
	expect_status(session, suspend(session, session->target, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_SUCCESS, "Suspend");
	report = take_report(session);
	expect(session, reports(&report, io.address), "a change before Suspend is not reported");
	expect(session, report.head.attributes == NVMOVE_HMLM_CHANGES_SUSPENDED,
	       "ATTRB %#x, expected SUSP 1 and MTR 0", report.head.attributes);
	expect(session, !take_report(session).head.nr_changes,
	       "a change after MTR 0 and SUSP 1");
}

void memory_alignment_of_report(struct session *session)
{
	struct guest_io io = need_tracked_read(session, 1);
	struct report report;
	uint64_t size;

	execute(session, io);
	report = take_report(session);
	size = (uint64_t)PAGE_BYTES << le16toh(report.head.granularity);
	for (uint32_t i = 0; i < le32toh(report.head.nr_changes) && i < REPORT_CHANGES; i++) {
		expect(session, !(le64toh(report.change[i].address) % size),
		       "address %#llx, granularity %#llx",
		       (unsigned long long)le64toh(report.change[i].address),
		       (unsigned long long)size);
		expect(session, report.change[i].length, "descriptor %u has length 0", i);
	}
}
