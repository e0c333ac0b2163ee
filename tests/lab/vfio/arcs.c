// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every request for a state from every state: which must succeed, which must be refused, and that a
 * refused one changes nothing.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"
#include "workload.h"

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define RUNNING_P2P	VFIO_DEVICE_STATE_RUNNING_P2P
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P
#define ERROR		VFIO_DEVICE_STATE_ERROR

static const uint32_t states[] = {
	RUNNING, STOP, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P,
};
#define NR_STATES (sizeof(states) / sizeof(states[0]))

/* Nobody may ask for ERROR. */
static const uint32_t impossible[] = { ERROR, VFIO_LAST_STATE + 1, 0x7fffffff, 0xffffffff };
#define NR_IMPOSSIBLE (sizeof(impossible) / sizeof(impossible[0]))

/** struct tally - the function and what was tried on it */
struct tally {
	struct vfio_function *function;
	unsigned int cases;
};

static int expect_state(struct tally *tally, uint32_t wanted, const char *when)
{
	int state = vfio_get_state(tally->function);

	if (state != (int)wanted)
		return fail("%s: state %s expected, is %s", when, vfio_state_name((int)wanted),
			    vfio_state_name(state));
	return 0;
}

/* From anywhere to @state, with its stream closed at once. */
static int go(struct tally *tally, uint32_t state)
{
	int file;

	if (vfio_get_state(tally->function) == (int)state)
		return 0;
	if (vfio_get_state(tally->function) != RUNNING && vfio_reset(tally->function))
		return -1;
	if (vfio_set_state(tally->function, state, &file))
		return -1;
	if (file >= 0)
		close(file);
	return 0;
}

static int try_impossible(struct tally *tally, uint32_t from)
{
	for (size_t i = 0; i < NR_IMPOSSIBLE; i++) {
		int file, error;

		if (go(tally, from))
			return -1;
		error = vfio_try_state(tally->function, impossible[i], &file);
		tally->cases++;
		if (!error)
			return fail("%s to state number %u: succeeded", vfio_state_name((int)from),
				    impossible[i]);
		if (expect_state(tally, from, "after an impossible request"))
			return -1;
	}
	return 0;
}

static bool is_precopy(uint32_t state)
{
	return state == PRE_COPY || state == PRE_COPY_P2P;
}

/*
 * RESUMING is left for a good state only with a whole stream, and there is none here. What was
 * saved cannot go back to pre-copy.
 */
static bool must_succeed(uint32_t from, uint32_t to)
{
	if (from == RESUMING)
		return to == RESUMING;
	return from != STOP_COPY || !is_precopy(to);
}

static uint32_t state_after_refusal(uint32_t from)
{
	return from == RESUMING ? ERROR : from;
}

/* Pre-copy and STOP_COPY after it share a stream. */
static bool gives_stream(uint32_t from, uint32_t to)
{
	if (from == to)
		return false;
	if (to == RESUMING)
		return true;
	return (to == STOP_COPY || is_precopy(to)) && !is_precopy(from);
}

static int check_arc(struct tally *tally, uint32_t from, uint32_t to, int error, int file)
{
	const char *start = vfio_state_name((int)from), *end = vfio_state_name((int)to);

	if (!error != must_succeed(from, to))
		return fail("%s to %s: %s expected, got: %s", start, end,
			    must_succeed(from, to) ? "success" : "a refusal",
			    error ? strerror(-error) : "success");
	if (error)
		return expect_state(tally, state_after_refusal(from), "after a refused request");
	if ((file >= 0) != gives_stream(from, to))
		return fail("%s to %s: stream %s, file is %d", start, end,
			    gives_stream(from, to) ? "expected" : "not expected", file);
	return expect_state(tally, to, "after a possible request");
}

static int try_possible(struct tally *tally, uint32_t from)
{
	for (size_t i = 0; i < NR_STATES; i++) {
		int file, error, result;

		if (go(tally, from))
			return -1;
		error = vfio_try_state(tally->function, states[i], &file);
		result = check_arc(tally, from, states[i], error, file);
		if (file >= 0)
			close(file);
		tally->cases++;
		if (result)
			return -1;
	}
	return 0;
}

static int expect_error(struct tally *tally, const char *what, uint32_t flags, void *data,
			size_t size)
{
	int error = vfio_feature(tally->function, flags, data, size);

	tally->cases++;
	return error ? 0 : fail("%s: succeeded", what);
}

static int try_wrong_calls(struct tally *tally)
{
	struct vfio_device_feature_mig_state state = { .device_state = STOP };
	uint32_t feature = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	uint64_t wanted = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
	uint64_t flags = 0;

	if (expect_error(tally, "state change with a payload of 4 bytes",
			 VFIO_DEVICE_FEATURE_SET | feature, &state, 4) ||
	    expect_error(tally, "state get and set in one", VFIO_DEVICE_FEATURE_SET |
			 VFIO_DEVICE_FEATURE_GET | feature, &state, sizeof(state)) ||
	    expect_error(tally, "setting the migration flags", VFIO_DEVICE_FEATURE_SET |
			 VFIO_DEVICE_FEATURE_MIGRATION, &flags, sizeof(flags)))
		return -1;
	if (vfio_migration_flags(tally->function, &flags) || flags != wanted)
		return fail("migration flags: %#llx expected, %#llx offered",
			    (unsigned long long)wanted, (unsigned long long)flags);
	return expect_state(tally, RUNNING, "after wrong calls");
}

int test_arcs(const struct test_options *options)
{
	struct machine machine = MACHINE_CLOSED;
	struct tally tally = { .function = &machine.function };
	int result = start_guest(&machine, options);

	if (!result)
		result = try_wrong_calls(&tally);
	for (size_t i = 0; !result && i < NR_STATES; i++)
		if (try_impossible(&tally, states[i]) || try_possible(&tally, states[i]))
			result = -1;
	if (!result && (vfio_reset(tally.function) || machine_reboot(&machine) ||
			workload_run(&machine, options->interval_ms) || finish_guest(&machine)))
		result = -1;
	result = report_result("arcs", &machine, tally.cases, 0, result);
	machine_close(&machine);
	return result;
}
