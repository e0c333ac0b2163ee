// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove-conformance: tests whether an NVMe controller does Host Managed Live Migration as the
 * standard says. This file reads the command line, refuses what would harm, and reports.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

#define EXIT_NOT_TESTED	2

enum option_key {
	KEY_MIGRATABLE = 0x100,
	KEY_RESET,
	KEY_YES,
	KEY_JSON,
	KEY_LIST,
};

static const struct argp_option option_list[] = {
	{ "controller", 'c', "ID", 0,
	  "controller that may be suspended, read, loaded and tracked; nobody may be using it", 0 },
	{ "migratable", KEY_MIGRATABLE, "DEVICE", 0,
	  "a migratable controller of the same subsystem that has a driver, to see it refuse", 0 },
	{ "reset", KEY_RESET, NULL, 0,
	  "reset DEVICE as well: all its secondary controllers go offline", 0 },
	{ "yes", KEY_YES, NULL, 0, "go on although functions are in use", 0 },
	{ "json", KEY_JSON, NULL, 0, "print one JSON object", 1 },
	{ "list", KEY_LIST, NULL, 0, "print the requirements and test nothing", 1 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

#define MAX_NAMES	64

/** struct command_line - what argp fills in; @names: requirements to test, all if there are none */
struct command_line {
	const char *device;
	const char *migratable;
	uint16_t controller;
	bool reset;
	bool yes;
	bool json;
	bool list;
	const char *names[MAX_NAMES];
	unsigned int nr_names;
};

/* ---- the command line ---- */

static uint16_t controller_id(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || text[0] == '-' || value >= NO_CONTROLLER)
		argp_error(state, "\"%s\": a controller id from 0 to %u expected", text,
			   NO_CONTROLLER - 1);
	return (uint16_t)value;
}

static void take_word(struct argp_state *state, struct command_line *line, const char *word)
{
	if (!line->device && !line->list) {
		line->device = word;
		return;
	}
	for (size_t i = 0; i < nr_requirements; i++) {
		if (strcmp(requirements[i].id, word))
			continue;
		if (line->nr_names == MAX_NAMES)
			argp_error(state, "more than %u requirements", MAX_NAMES);
		line->names[line->nr_names++] = word;
		return;
	}
	argp_error(state, "no requirement is called \"%s\"", word);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case 'c':
		line->controller = controller_id(state, text);
		return 0;
	case KEY_MIGRATABLE:
		line->migratable = text;
		return 0;
	case KEY_RESET:
		line->reset = true;
		return 0;
	case KEY_YES:
		line->yes = true;
		return 0;
	case KEY_JSON:
		line->json = true;
		return 0;
	case KEY_LIST:
		line->list = true;
		return 0;
	case ARGP_KEY_ARG:
		take_word(state, line, text);
		return 0;
	case ARGP_KEY_END:
		if (!line->device && !line->list)
			argp_error(state, "which device?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- dangers ---- */

/* Each line is one reason not to begin; with --yes they are only said. */

static bool endangers_target(const struct command_line *line, const struct session *session,
			     const struct device *device)
{
	char driver[64];

	if (session->target == NO_CONTROLLER)
		return false;
	if (!session->is_secondary) {
		fprintf(stderr, "controller %u is no secondary controller of %s: "
			"whether it is in use is not known\n", session->target, line->device);
		return true;
	}
	if (!session->at_start.vfn) {
		if (!session->at_start.online)
			return false;
		fprintf(stderr, "controller %u is online behind no virtual function: whether it is "
			"in use is not known\n", session->target);
		return true;
	}
	if (!device_driver_of(device, session->at_start.vfn, driver, sizeof(driver)))
		return false;
	fprintf(stderr, "controller %u (virtual function %u) is in use by driver %s\n",
		session->target, session->at_start.vfn, driver);
	return true;
}

static bool endangers_others(const struct command_line *line, struct session *session,
			     const struct device *device)
{
	struct nvm_secondary_list list = { 0 };
	bool dangerous = false;

	if (!line->reset)
		return false;
	if (device_is_in_use(device)) {
		fprintf(stderr, "--reset: namespaces of %s are in use\n", line->device);
		dangerous = true;
	}
	if (!session_secondaries(session, &list))
		return dangerous;
	for (unsigned int i = 0; i < list.num && i < ARRAY_LENGTH(list.entry); i++) {
		uint16_t cntlid = le16toh(list.entry[i].scid);

		if (!(list.entry[i].scs & NVM_SCS_ONLINE) || cntlid == session->target)
			continue;
		fprintf(stderr, "--reset: controller %u is online and would go offline\n",
			cntlid);
		dangerous = true;
	}
	return dangerous;
}

static bool is_dangerous(const struct command_line *line, struct session *session,
			 const struct device *device)
{
	bool target = endangers_target(line, session, device);

	return endangers_others(line, session, device) || target;
}

static void announce(const struct command_line *line, const struct session *session)
{
	if (session->target == NO_CONTROLLER)
		fprintf(stderr, "%s: no --controller: nothing is suspended, loaded or tracked\n",
			line->device);
	else
		fprintf(stderr, "%s: suspends, reads, loads and tracks controller %u again and "
			"again%s%s\n", line->device, session->target,
			session->is_secondary && !session->at_start.online ?
				", takes it online meanwhile" : "",
			line->reset ? ", and resets the device" : "");
}

/* ---- results ---- */

static const char *const outcome_name[] = {
	[PASSED] = "passed", [FAILED] = "failed", [SKIPPED] = "skipped",
};

/** struct tally - of a run; @separator: before the next JSON element */
struct tally {
	unsigned int count[SKIPPED + 1];
	const char *separator;
};

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text >= ' ')
			putchar(*text);
	}
	putchar('"');
}

static void report(const struct command_line *line, const struct requirement *requirement,
		   const struct session *session, struct tally *tally)
{
	tally->count[session->outcome]++;
	if (!line->json) {
		printf("%-7s %s (%s)%s%s\n", outcome_name[session->outcome], requirement->id,
		       requirement->section, session->reason[0] ? ": " : "", session->reason);
		return;
	}
	printf("%s\n  {\"id\": \"%s\", \"section\": \"%s\", \"outcome\": \"%s\", \"reason\": ",
	       tally->separator, requirement->id, requirement->section,
	       outcome_name[session->outcome]);
	print_string(session->reason);
	putchar('}');
	tally->separator = ",";
}

static bool is_wanted(const struct command_line *line, const struct requirement *requirement)
{
	for (unsigned int i = 0; i < line->nr_names; i++)
		if (!strcmp(line->names[i], requirement->id))
			return true;
	return !line->nr_names;
}

static void list_requirements(const struct command_line *line)
{
	for (size_t i = 0; i < nr_requirements; i++)
		if (is_wanted(line, &requirements[i]))
			printf("| `%s` | %s | %s |\n", requirements[i].id, requirements[i].section,
			       requirements[i].text);
}

/*
 * A test that has begun is ended, and the device put back, before the program is: also when the
 * terminal is gone, or whoever reads the results.
 */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* What was to be ignored, as under nohup, stays so. */
static void await_interrupts(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM };
	const struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
	struct sigaction before;

	for (size_t i = 0; i < ARRAY_LENGTH(signals); i++)
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

static void run_all(const struct command_line *line, struct session *session, struct tally *tally)
{
	await_interrupts();
	for (size_t i = 0; i < nr_requirements && !interrupted; i++) {
		if (!is_wanted(line, &requirements[i]))
			continue;
		session_run(session, &requirements[i]);
		report(line, &requirements[i], session, tally);
		fflush(stdout);
	}
}

static void print_totals(const struct command_line *line, const struct tally *tally, bool put_back)
{
	if (line->json)
		printf("], \"passed\": %u, \"failed\": %u, \"skipped\": %u, \"put_back\": %s}\n",
		       tally->count[PASSED], tally->count[FAILED], tally->count[SKIPPED],
		       put_back ? "true" : "false");
	else
		printf("%u passed, %u failed, %u skipped\n", tally->count[PASSED],
		       tally->count[FAILED], tally->count[SKIPPED]);
}

/* Whether testing may begin; if not, the reason has been said. */
static bool may_begin(const struct command_line *line, struct session *session,
		      const struct device *device)
{
	const char *problem = session_open(session);

	if (problem) {
		fprintf(stderr, "%s: %s\n", line->device, problem);
		return false;
	}
	if (is_dangerous(line, session, device) && !line->yes) {
		fprintf(stderr, "%s: not tested; --yes tests all the same\n", line->device);
		return false;
	}
	announce(line, session);
	return true;
}

static int test_device(const struct command_line *line, struct device *device)
{
	struct session session = { .backend = &device->base, .target = line->controller };
	struct tally tally = { .separator = "" };
	const char *problem;

	if (!may_begin(line, &session, device))
		return EXIT_NOT_TESTED;
	if (line->json)
		printf("{\"device\": \"%s\", \"controller\": %d, \"results\": [", line->device,
		       session.target == NO_CONTROLLER ? -1 : session.target);
	run_all(line, &session, &tally);
	problem = session_close(&session);
	print_totals(line, &tally, !problem);
	if (problem)
		fprintf(stderr, "%s: the device was not put back: %s\n", line->device, problem);
	if (interrupted)
		fprintf(stderr, "%s: interrupted: not all was tested\n", line->device);
	if (tally.count[FAILED] || problem)
		return EXIT_FAILURE;
	return interrupted ? EXIT_NOT_TESTED : EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "DEVICE [REQUIREMENT...]",
		.doc = "Tests Host Managed Live Migration of the NVMe controller DEVICE, like "
		       "/dev/nvme0, against docs/conformance.md. No namespace is written. Without "
		       "--controller nothing is changed.\v"
		       "Exit status: 0 all that could be tested passed, 1 something failed, 2 the "
		       "device could not be tested, or not to the end, 64 wrong usage.",
	};
	struct command_line line = { .controller = NO_CONTROLLER };
	struct device device = { .fd = -1, .migratable_fd = -1 };
	int error, status = EXIT_NOT_TESTED;

	argp_parse(&argp, count, arguments, 0, NULL, &line);
	if (line.list) {
		list_requirements(&line);
		return EXIT_SUCCESS;
	}
	error = device_open(&device, line.device, line.migratable, line.reset);
	if (error)
		fprintf(stderr, "%s: %s\n", line.device, strerror(-error));
	else
		status = test_device(&line, &device);
	device_close(&device);
	return status;
}
