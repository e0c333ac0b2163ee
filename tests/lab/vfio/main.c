// SPDX-License-Identifier: BSD-2-Clause
/*
 * vfio-nvme-move: a VMM and a guest's NVMe driver in one, to test migration of an NVMe VF without a
 * nested guest. This file reads the command line and starts one test.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aftermath.h"
#include "tests.h"

#define KIB 1024ull

static const struct test {
	const char *name;
	int (*run)(const struct test_options *options);
	unsigned int count;
	const char *help;
} tests[] = {
	{ "run", test_run, 5, "verified I/O, no migration" },
	{ "plain", test_plain, 5, "verified I/O on a function that must offer no migration" },
	{ "move", test_move, 10,
	  "move to and fro with --peer, or in and out of one VF with --self" },
	{ "serve", test_serve, 0, "the other host of move, on --listen" },
	{ "retry", test_retry, 10, "give up COUNT migrations, the source goes on" },
	{ "foreign", test_foreign, 0, "streams that must be refused, or taken" },
	{ "flips", test_flips, 64, "COUNT streams with one wrong bit each" },
	{ "truncated", test_truncated, 16, "streams cut at each record and COUNT other places" },
	{ "damaged", test_damaged, 64, "COUNT wrong states with right checksums" },
	{ "fuzz-stream", test_fuzz_stream, 1000, "COUNT streams changed at random, from number --first" },
	{ "chunks", test_chunks, 0, "a stream written in pieces of all kinds" },
	{ "reset", test_reset, 0, "device reset and FLR at every point of a migration" },
	{ "hot-reset", test_hot_reset, 0, "hot reset, of a bus that the function is alone on, likewise" },
	{ "close", test_close, 0, "close at every point of a migration" },
	{ "race", test_race, 40, "COUNT migrations while another thread resets" },
	{ "event", test_event, 0, "--run a command at every point of a migration, then --undo it" },
	{ "event-in-arcs", test_event_in_arcs, 0,
	  "likewise while the command of an arc is under way" },
	{ "refused", test_refused, 0, "commands that the device refuses, at each step" },
	{ "wrong", test_wrong, 0, "commands that the device answers wrongly, at each step" },
	{ "lost", test_lost, 0,
	  "commands that the device never answers, at each step; --undo brings the VF back" },
	{ "overtaken", test_overtaken, 0,
	  "device reset and FLR while the command of an arc is under way" },
	{ "hot-overtaken", test_hot_overtaken, 0, "hot reset likewise" },
	{ "killed", test_killed, 0, "SIGKILL at every point of a migration and of its arcs" },
	{ "memory", test_memory, 0, "memory space disabled at every point of a migration" },
	{ "shortage", test_shortage, 0, "each allocation of each step of a migration fails" },
	{ "torn", test_torn, 100,
	  "not suspended while it is saved, by --admin at up to COUNT random times, then by --run" },
	{ "arcs", test_arcs, 0, "every state requested from every state" },
	{ "precopy", test_precopy, 0, "pre-copy left at every point in every direction" },
	{ "openers", test_openers, 50, "several openers, COUNT state changes each" },
	{ "torture", test_torture, 30, "COUNT lives of a VMM that does anything; --undo repairs" },
	{ "isolation", test_isolation, 0, "what a guest must not get from its VF" },
	{ "log", test_log, 5, "DMA log: what is written is reported, in COUNT rounds each way" },
	{ "log-copy", test_log_copy, 20,
	  "DMA log: a copy that follows COUNT reports is equal in the end" },
	{ "log-absent", test_log_absent, 0, "no DMA log is offered" },
	{ "log-cost", test_log_cost, 5, "DMA log: what it costs, in COUNT rounds of --interval" },
	{ "log-requests", test_log_requests, 0, "DMA log: requests that are refused, or taken" },
	{ "log-ends", test_log_ends, 0, "DMA log: reset and close end it" },
	{ "log-faults", test_log_faults, 0, "DMA log: a device that refuses, or reports wrongly" },
	{ "log-miss", test_log_miss, 0, "DMA log: a page that the device hides is found missing" },
	{ "log-lost", test_log_lost, 1,
	  "DMA log: --run a command that takes it away, then --undo it, COUNT times" },
};

enum option_key {
	KEY_PEER = 0x100,
	KEY_SELF,
	KEY_LISTEN,
	KEY_LOADED,
	KEY_MUTATE,
	KEY_NO_QUESTION,
	KEY_REFUSAL,
	KEY_PRECOPY,
	KEY_RUN,
	KEY_UNDO,
	KEY_ANNOUNCE,
	KEY_LEAVES,
	KEY_ADMIN,
	KEY_CNTLID,
	KEY_FIRST,
	KEY_INTERVAL,
	KEY_TIMEOUT,
	KEY_GROWTH,
	KEY_QUEUES,
	KEY_DEPTH,
	KEY_CQ_DEPTH,
	KEY_TRANSFER,
	KEY_EXTENTS,
	KEY_FIRST_LBA,
	KEY_NSID,
	KEY_IRQ,
	KEY_ERRORS,
	KEY_SEED,
	KEY_WATCHDOG,
};

static const struct argp_option option_list[] = {
	{ "pci", 'd', "ADDRESS", 0, "the VF, bound to nvme-vfio-pci", 0 },
	{ "count", 'n', "COUNT", 0, "moves, rounds or streams; the default is the test's", 0 },
	{ "flips", 'n', NULL, OPTION_ALIAS, NULL, 0 },
	{ "peer", KEY_PEER, "HOST:PORT", 0, "where \"serve\" listens on the other host", 1 },
	{ "self", KEY_SELF, NULL, 0, "move without a peer, within one VF", 1 },
	{ "listen", KEY_LISTEN, "HOST:PORT", 0, "where to serve; no HOST means every address", 1 },
	{ "loaded", KEY_LOADED, NULL, 0,
	  "stop right after ringing the doorbells of full queues", 1 },
	{ "mutate", KEY_MUTATE, "NAME", 0,
	  "damage the first stream that leaves; with \"foreign\": only this case", 1 },
	{ "no-question", KEY_NO_QUESTION, NULL, 0,
	  "the device has no question, so no stream begins with one", 1 },
	{ "expect-refusal", KEY_REFUSAL, NULL, 0,
	  "the peer must refuse, the source must go on", 1 },
	{ "precopy", KEY_PRECOPY, NULL, 0, "every move begins in pre-copy, not every other", 1 },
	{ "run", KEY_RUN, "COMMAND", 0, "what happens on the host in \"event\"", 1 },
	{ "undo", KEY_UNDO, "COMMAND", 0, "undoes it", 1 },
	{ "announce", KEY_ANNOUNCE, "FUNCTION:SEVERITY", 0,
	  "an error that is announced before --run; 0 is the PF, n VF n", 1 },
	{ "leaves", KEY_LEAVES, "WORD", 0, "what --run leaves: same (the default), gone, gone-rfc, cut or ask", 1 },
	{ "admin", KEY_ADMIN, "FILE", 0, "controlling controller, like /dev/nvme0, in \"torn\"", 1 },
	{ "cntlid", KEY_CNTLID, "N", 0, "the function's controller id", 1 },
	{ "first", KEY_FIRST, "N", 0, "number of the first stream of \"fuzz-stream\" (0)", 1 },
	{ "max-growth", KEY_GROWTH, "KIB", 0, "kernel memory that a host may gain (8192)", 1 },
	{ "interval", KEY_INTERVAL, "MS", 0, "I/O between two moves or rounds (200)", 2 },
	{ "timeout", KEY_TIMEOUT, "MS", 0, "longest wait for the device (60000)", 2 },
	{ "watchdog", KEY_WATCHDOG, "SECONDS", 0, "longest operation of the kernel (120)", 2 },
	{ "queues", KEY_QUEUES, "N", 0, "I/O queue pairs (2)", 3 },
	{ "depth", KEY_DEPTH, "N", 0, "entries of a queue (64)", 3 },
	{ "cq-depth", KEY_CQ_DEPTH, "N", 0, "entries of a completion queue (as --depth)", 3 },
	{ "transfer", KEY_TRANSFER, "KIB", 0, "largest command (32)", 3 },
	{ "extents", KEY_EXTENTS, "N", 0, "working set in units of --transfer (512)", 3 },
	{ "first-lba", KEY_FIRST_LBA, "LBA", 0, "start of the working set (0)", 3 },
	{ "nsid", KEY_NSID, "N", 0, "namespace (the first active one)", 3 },
	{ "irq", KEY_IRQ, NULL, 0, "wait for interrupts, report lost ones", 3 },
	{ "errors", KEY_ERRORS, "N", 0, "entries that the guest makes in the error log (0)", 3 },
	{ "seed", KEY_SEED, "N", 0, "of all random choices (1)", 3 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

/** struct command_line - what argp fills in */
struct command_line {
	const struct test *test;
	struct test_options options;
	bool self;
	unsigned int watchdog_seconds;
};

static uint64_t number(struct argp_state *state, const char *text, uint64_t most)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || text[0] == '-' || value > most)
		argp_error(state, "\"%s\": a number from 0 to %llu expected", text,
			   (unsigned long long)most);
	return value;
}

static uint32_t number32(struct argp_state *state, const char *text)
{
	return (uint32_t)number(state, text, UINT32_MAX);
}

static error_t parse_guest(int key, char *text, struct argp_state *state,
			   struct guest_options *guest)
{
	switch (key) {
	case KEY_QUEUES:
		guest->nr_queues = number32(state, text);
		return 0;
	case KEY_DEPTH:
		guest->sq_depth = number32(state, text);
		return 0;
	case KEY_CQ_DEPTH:
		guest->cq_depth = number32(state, text);
		return 0;
	case KEY_TRANSFER:
		guest->transfer = (uint32_t)(number(state, text, GUEST_MAX_TRANSFER / KIB) * KIB);
		return 0;
	case KEY_EXTENTS:
		guest->extents = number32(state, text);
		return 0;
	case KEY_FIRST_LBA:
		guest->first_lba = number(state, text, UINT64_MAX);
		return 0;
	case KEY_NSID:
		guest->nsid = number32(state, text);
		return 0;
	case KEY_IRQ:
		guest->interrupts = 1;
		return 0;
	case KEY_ERRORS:
		guest->errors = number32(state, text);
		return 0;
	case KEY_SEED:
		guest->seed = number(state, text, UINT64_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_move(int key, char *text, struct argp_state *state, struct command_line *line)
{
	switch (key) {
	case KEY_PEER:
		line->options.peer = text;
		return 0;
	case KEY_SELF:
		line->self = true;
		return 0;
	case KEY_LISTEN:
		line->options.listen = text;
		return 0;
	case KEY_LOADED:
		line->options.loaded = true;
		return 0;
	case KEY_MUTATE:
		line->options.mutation = text;
		return 0;
	case KEY_NO_QUESTION:
		line->options.no_question = true;
		return 0;
	case KEY_REFUSAL:
		line->options.expect_refusal = true;
		return 0;
	case KEY_PRECOPY:
		line->options.precopy = true;
		return 0;
	case KEY_RUN:
		line->options.happening = text;
		return 0;
	case KEY_UNDO:
		line->options.undoing = text;
		return 0;
	case KEY_ANNOUNCE:
		line->options.announcement = text;
		return 0;
	case KEY_LEAVES:
		line->options.aftermath = aftermath_parse(text);
		if (line->options.aftermath < 0)
			argp_error(state, "\"%s\": same, gone, gone-rfc, cut or ask expected", text);
		return 0;
	case KEY_ADMIN:
		line->options.admin = text;
		return 0;
	case KEY_CNTLID:
		line->options.cntlid = (uint16_t)number(state, text, UINT16_MAX);
		return 0;
	case KEY_FIRST:
		line->options.first = number32(state, text);
		return 0;
	case KEY_GROWTH:
		line->options.max_growth_kib = number32(state, text);
		return 0;
	default:
		return parse_guest(key, text, state, &line->options.guest);
	}
}

static const struct test *find_test(struct argp_state *state, const char *name)
{
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!strcmp(tests[i].name, name))
			return &tests[i];
	argp_error(state, "no test is called \"%s\"", name);
	return NULL;
}

static void check_line(struct argp_state *state, const struct command_line *line)
{
	if (!line->test)
		argp_error(state, "which test?");
	if (!line->options.address)
		argp_error(state, "--pci is missing");
	if (line->test->run == test_serve && !line->options.listen)
		argp_error(state, "serve needs --listen");
	if (line->test->run == test_move && line->self == !!line->options.peer)
		argp_error(state, "move needs either --peer or --self");
	if ((line->test->run == test_event || line->test->run == test_event_in_arcs ||
	     line->test->run == test_log_lost) &&
	    (!line->options.happening || !line->options.undoing))
		argp_error(state, "%s needs --run and --undo", line->test->name);
	if (line->test->run == test_lost && !line->options.undoing)
		argp_error(state, "lost needs --undo");
	if (line->test->run == test_torture && (!line->options.undoing || !line->options.cntlid))
		argp_error(state, "torture needs --undo and --cntlid");
	if (line->test->run == test_torn && (!line->options.admin || !line->options.happening))
		argp_error(state, "torn needs --admin and --run");
	if (line->test->run == test_move && line->options.precopy && line->options.mutation)
		argp_error(state, "--mutate damages whole streams, and --precopy sends them in two");
	if (line->options.expect_refusal && !line->options.peer)
		argp_error(state, "--expect-refusal needs --peer");
	if (!line->options.timeout_ms || !line->watchdog_seconds)
		argp_error(state, "--timeout and --watchdog must be at least 1");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case 'd':
		line->options.address = text;
		return 0;
	case 'n':
		line->options.count = number32(state, text);
		return 0;
	case KEY_INTERVAL:
		line->options.interval_ms = number32(state, text);
		return 0;
	case KEY_TIMEOUT:
		line->options.timeout_ms = (unsigned int)number(state, text, INT32_MAX);
		return 0;
	case KEY_WATCHDOG:
		line->watchdog_seconds = number32(state, text);
		return 0;
	case ARGP_KEY_ARG:
		if (line->test)
			argp_error(state, "one test at a time");
		line->test = find_test(state, text);
		return 0;
	case ARGP_KEY_END:
		check_line(state, line);
		return 0;
	default:
		return parse_move(key, text, state, line);
	}
}

/* The list of tests after the options, from the table above. */
static char *add_tests(int key, const char *text, void *input)
{
	char *list;
	size_t length = 0, room = 4096;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	list = malloc(room);
	if (!list)
		return NULL;
	length += (size_t)snprintf(list, room, "Tests:\n");
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		length += (size_t)snprintf(list + length, room - length, "  %-11s %s\n",
					   tests[i].name, tests[i].help);
	return list;
}

int main(int count, char **arguments)
{
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "TEST --pci ADDRESS",
		.doc = "Tests live migration of an NVMe VF as a VMM and a guest driver in one. "
		       "Prints one JSON line. Exit status: 0 all right, 1 not, 3 stuck, "
		       "64 wrong usage.\v",
		.help_filter = add_tests,
	};
	struct command_line line = {
		.options = {
			.count = UINT32_MAX,
			.interval_ms = 200,
			.timeout_ms = 60000,
			.max_growth_kib = 8192,
			.guest = {
				.seed = 1,
				.nr_queues = 2,
				.sq_depth = 64,
				.transfer = 32 * KIB,
				.extents = 512,
			},
		},
		.watchdog_seconds = 120,
	};

	argp_parse(&argp, count, arguments, 0, NULL, &line);
	if (line.options.count == UINT32_MAX)
		line.options.count = line.test->count;
	if (!line.options.guest.cq_depth)
		line.options.guest.cq_depth = line.options.guest.sq_depth;
	watchdog_start(line.watchdog_seconds);
	return line.test->run(&line.options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
