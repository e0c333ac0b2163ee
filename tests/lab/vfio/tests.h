/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tests: one function per subcommand, each in a file of its own or with its kin. Each prints
 * one JSON line and returns 0 only if everything was as it must be.
 */
#ifndef VFIO_LAB_TESTS_H
#define VFIO_LAB_TESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "report.h"

/**
 * struct test_options - the command line
 * @address: PCI address of the VF
 * @peer: "host:port" of the other host's server, NULL to move within this function
 * @listen: "host:port" to serve on
 * @mutation: damage done to the first stream, NULL for none
 * @no_question: the device has none
 * @expect_refusal: the move must be refused and the source must go on
 * @happening: command that makes something happen on the host
 * @undoing: command that undoes it
 * @announcement: error that a function announces before that
 * @aftermath: what that leaves behind, an enum aftermath
 * @admin: character device of the controlling controller
 * @cntlid: controller id of the function
 * @precopy: every move begins in pre-copy
 * @loaded: full queues, doorbells rung, and nothing completed when the device is stopped
 * @count: moves, rounds or damaged streams
 * @first: number of the first random stream
 * @interval_ms: I/O between two of them
 * @timeout_ms: longest wait for the device
 * @max_growth_kib: kernel memory that a host may gain in all moves
 * @guest: what the guest does
 */
struct test_options {
	const char *address;
	const char *peer;
	const char *listen;
	const char *mutation;
	const char *happening;
	const char *undoing;
	const char *announcement;
	int aftermath;
	const char *admin;
	uint16_t cntlid;
	bool no_question;
	bool expect_refusal;
	bool precopy;
	bool loaded;
	unsigned int count;
	unsigned int first;
	unsigned int interval_ms;
	unsigned int timeout_ms;
	unsigned int max_growth_kib;
	struct guest_options guest;
};

/* move.c */
int test_move(const struct test_options *options);
int test_serve(const struct test_options *options);

/* run.c */
int test_run(const struct test_options *options);
int test_plain(const struct test_options *options);
int test_retry(const struct test_options *options);

/* foreign.c */
int test_foreign(const struct test_options *options);
int test_flips(const struct test_options *options);
int test_truncated(const struct test_options *options);
int test_damaged(const struct test_options *options);
int test_chunks(const struct test_options *options);

/* fuzz_stream.c */
int test_fuzz_stream(const struct test_options *options);

/* reset.c */
int test_reset(const struct test_options *options);
int test_hot_reset(const struct test_options *options);
int test_close(const struct test_options *options);
int test_race(const struct test_options *options);

/* event.c */
int test_event(const struct test_options *options);
int test_event_in_arcs(const struct test_options *options);

/* faulty.c */
int test_refused(const struct test_options *options);
int test_wrong(const struct test_options *options);
int test_lost(const struct test_options *options);

/* overtaken.c */
int test_overtaken(const struct test_options *options);
int test_hot_overtaken(const struct test_options *options);
int test_killed(const struct test_options *options);

/* memory.c */
int test_memory(const struct test_options *options);

/* shortage.c */
int test_shortage(const struct test_options *options);

/* torn.c */
int test_torn(const struct test_options *options);

/* torture.c */
int test_torture(const struct test_options *options);

/* arcs.c */
int test_arcs(const struct test_options *options);

/* precopy.c */
int test_precopy(const struct test_options *options);

/* openers.c */
int test_openers(const struct test_options *options);

/* isolation.c */
int test_isolation(const struct test_options *options);

/* log.c */
int test_log(const struct test_options *options);
int test_log_copy(const struct test_options *options);
int test_log_absent(const struct test_options *options);

/* log_cost.c */
int test_log_cost(const struct test_options *options);

/* log_ends.c */
int test_log_requests(const struct test_options *options);
int test_log_ends(const struct test_options *options);
int test_log_lost(const struct test_options *options);

/* log_faults.c */
int test_log_faults(const struct test_options *options);
int test_log_miss(const struct test_options *options);

/** start_guest() - open the function, which must be able to migrate, boot a guest, let it run */
int start_guest(struct machine *machine, const struct test_options *options);

/** finish_guest() - verify everything; -1 when the guest saw any error */
int finish_guest(struct machine *machine);

/** report_result() - the JSON line of a test with cases; returns 0 when @result and @failed are */
int report_result(const char *test, struct machine *machine, unsigned int cases,
		  unsigned int failed, int result);

/** json_guest() - add the guest's counters to a JSON line */
void json_guest(struct json *json, const struct guest *guest);

#endif /* VFIO_LAB_TESTS_H */
