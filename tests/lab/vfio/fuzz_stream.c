// SPDX-License-Identifier: BSD-2-Clause
/*
 * Streams by the thousand through the driver. Each is judged twice: by the driver and, from the
 * format's documentation alone, by this program. A stream that the driver takes must be good, and
 * the controller must then hand out the state that the stream carried, byte for byte. One that is
 * good and carries a state that this controller has saved must be taken. All others must be refused
 * with a reason, and a reset must heal that. Now and then, and in the end, the guest itself goes
 * on.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "state.h"
#include "trial.h"
#include "verdict.h"
#include "workload.h"

#define STREAMS_PER_CHECK	256
#define CHECK_RUN_MS		20
#define FAILURES_SHOWN		8

/** struct fuzzing - a run; @good_state and @good_question are what the corpus carries */
struct fuzzing {
	struct trial trial;
	struct fuzz_corpus corpus;
	struct bytes good_state[FUZZ_CORPUS];
	struct bytes good_question[FUZZ_CORPUS];
	struct nvmove_stream_hello own;
	unsigned int made[FUZZ_KINDS];
	unsigned int taken[FUZZ_KINDS];
	unsigned int refused_by_driver;
	unsigned int refused_by_device;
	uint64_t us;
};

/** struct candidate - one stream */
struct candidate {
	char name[64];
	struct bytes stream;
	enum fuzz_kind kind;
	size_t chunk;
	struct verdict verdict;
};

static int keep_in_corpus(struct fuzzing *fuzzing, unsigned int index, const struct bytes *stream)
{
	struct verdict verdict;
	int result;

	if (bytes_append(&fuzzing->corpus.stream[index], stream->data, stream->size) ||
	    verdict_own_hello(stream, &fuzzing->own) ||
	    verdict_reach(stream, &fuzzing->own, &verdict))
		return -1;
	if (verdict.good)
		result = bytes_append(&fuzzing->good_state[index], verdict.state.data,
				      verdict.state.size) ||
			 bytes_append(&fuzzing->good_question[index], verdict.question.data,
				      verdict.question.size) ? -1 : 0;
	else
		result = fail("the driver's own stream is not as documented: %s", verdict.why);
	verdict_free(&verdict);
	return result;
}

/*
 * The guest in the middle of I/O, the guest with full queues, a controller that nobody has enabled.
 */
static int collect_corpus(struct fuzzing *fuzzing)
{
	struct trial *trial = &fuzzing->trial;
	struct bytes idle = { 0 };
	int result;

	if (keep_in_corpus(fuzzing, 0, &trial->good) || trial_thaw(trial, CHECK_RUN_MS) ||
	    workload_drain(&trial->machine) || workload_fill(&trial->machine) ||
	    trial_freeze(trial) || keep_in_corpus(fuzzing, 1, &trial->good) ||
	    trial_reset(trial) || machine_precopy(&trial->machine, &idle) ||
	    machine_stop(&trial->machine, NULL))
		return -1;
	result = machine_save(&trial->machine, &idle, NULL);
	if (!result)
		result = keep_in_corpus(fuzzing, 2, &idle);
	bytes_free(&idle);
	return result;
}

static bool is_among(const struct bytes *bytes, const struct bytes *good)
{
	for (unsigned int i = 0; i < FUZZ_CORPUS; i++)
		if (bytes->size == good[i].size && !memcmp(bytes->data, good[i].data, bytes->size))
			return true;
	return false;
}

/* A stream need not ask anything. */
static bool asks_own(const struct fuzzing *fuzzing, const struct verdict *verdict)
{
	return !verdict->question.size || is_among(&verdict->question, fuzzing->good_question);
}

/* Does it come from this controller, but for how it is cut? */
static bool is_own(const struct fuzzing *fuzzing, const struct verdict *verdict)
{
	return is_among(&verdict->state, fuzzing->good_state) && asks_own(fuzzing, verdict);
}

/* The driver looks into the head of a question, and never into a state. */
static bool is_due(const struct fuzzing *fuzzing, const struct verdict *verdict, int error)
{
	return error == -EREMOTEIO ||
	       (error == -EINVAL && (!verdict->good || !asks_own(fuzzing, verdict)));
}

/* The controller has taken it; from STOP back to STOP. */
static int judge_taken(struct fuzzing *fuzzing, const struct candidate *candidate)
{
	struct machine *machine = &fuzzing->trial.machine;
	struct bytes stream = { 0 };
	struct verdict saved;
	int result;

	if (!candidate->verdict.good)
		return fail("%s was taken: %s", candidate->name, candidate->verdict.why);
	if (machine_save(machine, &stream, NULL) || verdict_reach(&stream, &fuzzing->own, &saved)) {
		bytes_free(&stream);
		return fail("%s was taken and cannot be saved", candidate->name);
	}
	result = state_check_saved(&candidate->verdict.state, &saved.state);
	if (machine->guest->counts.moved_while_stopped)
		result = -1;
	verdict_free(&saved);
	bytes_free(&stream);
	return result ? fail("%s was taken: %s", candidate->name, last_failure()) : 0;
}

/* A good stream is the controller's to refuse, never if it comes from the same controller. */
static int judge_refused(struct fuzzing *fuzzing, const struct candidate *candidate, int error)
{
	if (candidate->verdict.good && is_own(fuzzing, &candidate->verdict))
		return fail("%s is good and was refused: %s", candidate->name, strerror(-error));
	if (!is_due(fuzzing, &candidate->verdict, error))
		return fail("%s (%s): refused with: %s", candidate->name,
			    candidate->verdict.good ? "good" : candidate->verdict.why,
			    strerror(-error));
	fuzzing->refused_by_driver += error == -EINVAL;
	fuzzing->refused_by_device += error == -EREMOTEIO;
	return trial_check_refusal(&fuzzing->trial, candidate->name, NULL, error);
}

static void show_stream(const struct bytes *stream)
{
	fprintf(stderr, "%zu bytes:", stream->size);
	for (size_t i = 0; i < stream->size && i < NVMOVE_STREAM_PAYLOAD_MAX; i++)
		fprintf(stderr, "%s%02x", i % 64 ? "" : "\n", stream->data[i]);
	fprintf(stderr, "\n");
}

/* Return: -1 only if the run cannot go on. */
static int try_candidate(struct fuzzing *fuzzing, struct candidate *candidate)
{
	struct trial *trial = &fuzzing->trial;
	int error, wrong;

	kmsg_skip(&trial->kmsg);
	error = machine_write_stream(&trial->machine, &candidate->stream, candidate->chunk, 0);
	kmsg_collect(&trial->kmsg);
	trial->cases++;
	fuzzing->made[candidate->kind]++;
	fuzzing->taken[candidate->kind] += !error;
	wrong = error ? judge_refused(fuzzing, candidate, error) : judge_taken(fuzzing, candidate);
	if (wrong && trial->failed++ < FAILURES_SHOWN)
		show_stream(&candidate->stream);
	/* what was taken is replaced without a reset, half the time */
	return error || wrong || trial->cases % 2 ? trial_reset(trial) : 0;
}

static int try_number(struct fuzzing *fuzzing, const struct test_options *options, uint64_t number)
{
	struct candidate candidate = { 0 };
	int result;

	if (fuzz_make(&fuzzing->corpus, options->guest.seed, number, (1u << FUZZ_KINDS) - 1,
		      &candidate.stream, &candidate.kind, &candidate.chunk))
		return -1;
	snprintf(candidate.name, sizeof(candidate.name), "stream %" PRIu64 " (%s)", number,
		 fuzz_kind_name(candidate.kind));
	result = verdict_reach(&candidate.stream, &fuzzing->own, &candidate.verdict);
	if (!result)
		result = try_candidate(fuzzing, &candidate);
	verdict_free(&candidate.verdict);
	bytes_free(&candidate.stream);
	return result;
}

/* The guest itself goes on for a moment. */
static int check_guest(struct trial *trial)
{
	int error = machine_write_stream(&trial->machine, &trial->good, 0, 0);

	if (error)
		return fail("the guest's own stream after %u others: %s", trial->cases,
			    strerror(-error));
	if (trial_thaw(trial, CHECK_RUN_MS) || workload_is_clean(&trial->machine))
		return -1;
	return trial_freeze(trial);
}

static int run(struct fuzzing *fuzzing, const struct test_options *options)
{
	uint64_t begin = now_us();

	/* the log has them; printing them takes longer than the streams */
	fuzzing->trial.kmsg.quiet = true;
	for (unsigned int i = 0; i < options->count; i++) {
		if (i % STREAMS_PER_CHECK == STREAMS_PER_CHECK - 1 && check_guest(&fuzzing->trial))
			return -1;
		if (try_number(fuzzing, options, (uint64_t)options->first + i))
			return -1;
	}
	fuzzing->us = now_us() - begin;
	return trial_finish(&fuzzing->trial, options);
}

/* A run in which nothing was taken, or nothing refused, has tested nothing. */
static int judge_run(const struct fuzzing *fuzzing)
{
	if (fuzzing->trial.failed)
		return -1;
	if (!fuzzing->taken[FUZZ_HARMLESS] || !fuzzing->refused_by_driver ||
	    !fuzzing->refused_by_device)
		return fail("streams: %u harmless ones taken, %u refused by the driver, %u by the "
			    "device; some of each expected", fuzzing->taken[FUZZ_HARMLESS],
			    fuzzing->refused_by_driver, fuzzing->refused_by_device);
	return 0;
}

static int report(const struct fuzzing *fuzzing, int result)
{
	struct json json;
	char name[32];

	json_begin(&json);
	json_string(&json, "test", "fuzz-stream");
	json_bool(&json, "ok", !result);
	json_number(&json, "streams", fuzzing->trial.cases);
	json_number(&json, "wrong", fuzzing->trial.failed);
	json_number(&json, "refused_by_driver", fuzzing->refused_by_driver);
	json_number(&json, "refused_by_device", fuzzing->refused_by_device);
	for (unsigned int kind = 0; kind < FUZZ_KINDS; kind++) {
		json_number(&json, fuzz_kind_name(kind), fuzzing->made[kind]);
		snprintf(name, sizeof(name), "%s_taken", fuzz_kind_name(kind));
		json_number(&json, name, fuzzing->taken[kind]);
	}
	json_number(&json, "us", fuzzing->us);
	if (fuzzing->trial.machine.guest)
		json_guest(&json, fuzzing->trial.machine.guest);
	if (result)
		json_string(&json, "failure", last_failure());
	return json_print(&json) || result ? -1 : 0;
}

int test_fuzz_stream(const struct test_options *options)
{
	static struct fuzzing fuzzing;
	int result = trial_begin(&fuzzing.trial, options);

	if (!result)
		result = collect_corpus(&fuzzing);
	if (!result)
		result = run(&fuzzing, options);
	if (!result)
		result = judge_run(&fuzzing);
	result = report(&fuzzing, result);
	for (unsigned int i = 0; i < FUZZ_CORPUS; i++) {
		bytes_free(&fuzzing.corpus.stream[i]);
		bytes_free(&fuzzing.good_state[i]);
		bytes_free(&fuzzing.good_question[i]);
	}
	trial_close(&fuzzing.trial);
	return result;
}
