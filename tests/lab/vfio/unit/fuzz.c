// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of what the fuzz of streams relies on, without a device: states taken apart and compared,
 * verdicts, and streams by the number. The arguments are files with good states (tests/vectors). A
 * verdict that is wrong would hide what a driver does wrong.
 */
#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "fuzz.h"
#include "mutation.h"
#include "report.h"
#include "state.h"
#include "verdict.h"

#define STREAMS		4000u
#define SEED		7
#define PIECE		256u

static unsigned int failures;

static void check(bool good, const char *what)
{
	if (good)
		return;
	failures++;
	printf("not as expected: %s\n", what);
}

static int read_file(const char *path, struct bytes *bytes)
{
	uint8_t buffer[4096];
	FILE *file = fopen(path, "rb");
	size_t length;
	int result = 0;

	if (!file)
		return fail("%s: cannot be read", path);
	while (!result && (length = fread(buffer, 1, sizeof(buffer), file)))
		result = bytes_append(bytes, buffer, length);
	fclose(file);
	return result;
}

/* Half of a question. */
static int add_half(const struct bytes *question, uint32_t offset, struct records *records)
{
	uint32_t half = (uint32_t)question->size / 8 * 4;
	struct nvmove_stream_question head = {
		.size = htole32((uint32_t)question->size),
		.offset = htole32(offset),
	};
	struct bytes payload = { 0 };
	int result = bytes_append(&payload, &head, sizeof(head)) ||
		     bytes_append(&payload, question->data + offset,
				  offset ? question->size - offset : half) ||
		     records_insert(records, records->count, NVMOVE_STREAM_QUESTION,
				    NVMOVE_STREAM_F_SKIPPABLE, payload.data, payload.size);

	bytes_free(&payload);
	return result;
}

/* It is of the same form as a state, without queues and with a section that no state has. */
static int make_question(const struct bytes *bytes, struct bytes *question)
{
	struct section section = { .type = NVMOVE_CSTATE_TYPE_MAX + 1 };
	struct state state;
	int result;

	if (state_split(bytes, &state))
		return -1;
	state.standard.size = sizeof(struct nvmove_cstate_header);
	result = state_insert(&state, 0, &section);
	if (!result)
		result = state_join(&state, question);
	state_free(&state);
	return result;
}

static int add_questions(const struct bytes *state, struct records *records)
{
	struct bytes question = { 0 };
	int result = make_question(state, &question) || add_half(&question, 0, records) ||
		     add_half(&question, (uint32_t)question.size / 8 * 4, records);

	bytes_free(&question);
	return result;
}

static int make_stream(const struct bytes *state, struct bytes *stream)
{
	struct nvmove_stream_hello hello = {
		.major = htole16(NVMOVE_STREAM_MAJOR),
		.minor = htole16(NVMOVE_STREAM_MINOR),
		.protocol = htole16(NVMOVE_STREAM_RFC),
	};
	struct nvmove_stream_size size = { .state_size = htole32((uint32_t)state->size) };
	struct nvmove_stream_end end = {
		.state_size = htole32((uint32_t)state->size),
		.state_crc = htole32(crc32c(0, state->data, state->size)),
	};
	struct records records = { 0 };
	int result;

	memcpy(hello.magic, NVMOVE_STREAM_MAGIC, sizeof(hello.magic));
	result = records_insert(&records, 0, NVMOVE_STREAM_HELLO, 0, &hello, sizeof(hello)) ||
		 add_questions(state, &records) ||
		 records_insert(&records, 3, NVMOVE_STREAM_SIZE, 0, &size, sizeof(size)) ||
		 records_insert(&records, 4, NVMOVE_STREAM_STATE, 0, state->data, PIECE) ||
		 records_insert(&records, 5, NVMOVE_STREAM_STATE, 0, state->data + PIECE,
				state->size - PIECE) ||
		 records_insert(&records, 6, NVMOVE_STREAM_END, 0, &end, sizeof(end)) ||
		 records_join(&records, stream);
	records_free(&records);
	return result ? -1 : 0;
}

static bool same(const struct bytes *one, const struct bytes *other)
{
	return one->size == other->size && !memcmp(one->data, other->data, one->size);
}

/* What a controller would save after a load: the timestamp has gone on and knows that it stood. */
static void let_time_pass(struct state *state, uint64_t ms)
{
	for (size_t i = 0; i < state->count; i++) {
		struct nvmove_cstate_timers *timers = (void *)state->section[i].payload.data;

		if (state->section[i].type != NVMOVE_CSTATE_TIMERS)
			continue;
		timers->timestamp_ms = htole64(le64toh(timers->timestamp_ms) + ms);
		timers->timestamp_synch = 1;
	}
}

static void test_state(const struct bytes *bytes)
{
	struct bytes again = { 0 }, later = { 0 }, back = { 0 };
	struct state state;

	check(!state_split(bytes, &state), "a good state taken apart");
	check(!state_join(&state, &again) && same(bytes, &again), "and put together");
	let_time_pass(&state, 5);
	check(!state_join(&state, &later), "the state a little later");
	check(!state_check_saved(bytes, &later), "is what it has become");
	let_time_pass(&state, (uint64_t)-6);
	check(!state_join(&state, &back), "the state a little earlier");
	check(state_check_saved(bytes, &back), "a clock that went back");
	state_free(&state);
	bytes_free(&again);
	bytes_free(&later);
	bytes_free(&back);
}

/* One changed bit anywhere that a controller keeps must be noticed. */
static void test_changed_bit(const struct bytes *bytes)
{
	struct bytes saved = { 0 };
	struct state state;

	check(!state_split(bytes, &state), "a good state taken apart");
	let_time_pass(&state, 0);
	check(!state_join(&state, &saved), "as it is saved");
	for (size_t i = 0; i < state.count; i++) {
		struct section *section = &state.section[i];
		bool matters = section->type != NVMOVE_CSTATE_LOCATORS &&
			       section->type <= NVMOVE_CSTATE_TYPE_MAX && section->payload.size;
		struct bytes changed = { 0 };

		if (!matters)
			continue;
		section->payload.data[0] ^= 0x80;
		check(!state_join(&state, &changed), "a state with one bit changed");
		check(state_check_saved(&saved, &changed), "a bit that is saved otherwise");
		section->payload.data[0] ^= 0x80;
		bytes_free(&changed);
	}
	state_free(&state);
	bytes_free(&saved);
}

/* Whether a good stream is taken is up to the controller if it asks what another one would ask. */
static void test_verdicts(const struct bytes *good, const struct nvmove_stream_hello *own)
{
	struct verdict unchanged;

	check(!verdict_reach(good, own, &unchanged) && unchanged.good, "a good stream");
	for (size_t i = 0; i < nr_mutations; i++) {
		struct verdict verdict;
		struct bytes stream = { 0 };
		bool judged;

		check(!mutation_apply(&mutations[i], good, &stream), mutations[i].name);
		check(!verdict_reach(&stream, own, &verdict), mutations[i].name);
		judged = verdict.good && !same(&verdict.question, &unchanged.question);
		check(verdict.good == mutations[i].accepted || judged, mutations[i].name);
		check(verdict.good || verdict.why, mutations[i].name);
		verdict_free(&verdict);
		bytes_free(&stream);
	}
	verdict_free(&unchanged);
	for (size_t size = 0; size < good->size; size++) {
		struct bytes cut = { .data = good->data, .size = size };
		struct verdict verdict;

		check(!verdict_reach(&cut, own, &verdict) && !verdict.good, "a stream cut short");
		verdict_free(&verdict);
	}
}

/* Two streams of one number are the same; what is called harmless carries the good state. */
static void test_number(const struct fuzz_corpus *corpus, const struct nvmove_stream_hello *own,
			uint64_t number, unsigned int *kinds)
{
	struct bytes one = { 0 }, other = { 0 };
	enum fuzz_kind kind, again;
	struct verdict verdict;
	size_t chunk, second;

	check(!fuzz_make(corpus, SEED, number, (1u << FUZZ_KINDS) - 1, &one, &kind, &chunk),
	      "a stream by its number");
	check(!fuzz_make(corpus, SEED, number, (1u << FUZZ_KINDS) - 1, &other, &again, &second),
	      "the same once more");
	check(same(&one, &other) && kind == again && chunk == second, "is the same");
	check(!verdict_reach(&one, own, &verdict), "its verdict");
	check(kind != FUZZ_HARMLESS || verdict.good, "a harmless change");
	*kinds |= 1u << kind;
	verdict_free(&verdict);
	bytes_free(&one);
	bytes_free(&other);
}

static void test_corpus(char **paths)
{
	struct nvmove_stream_hello own;
	struct fuzz_corpus corpus = { 0 };
	unsigned int kinds = 0;

	for (unsigned int i = 0; i < FUZZ_CORPUS; i++) {
		struct bytes state = { 0 };

		if (read_file(paths[i], &state) || make_stream(&state, &corpus.stream[i]))
			exit(EXIT_FAILURE);
		test_state(&state);
		test_changed_bit(&state);
		bytes_free(&state);
	}
	check(!verdict_own_hello(&corpus.stream[0], &own), "a hello record");
	test_verdicts(&corpus.stream[0], &own);
	for (unsigned int number = 0; number < STREAMS; number++)
		test_number(&corpus, &own, number, &kinds);
	check(kinds == (1u << FUZZ_KINDS) - 1, "all kinds of changes");
	for (unsigned int i = 0; i < FUZZ_CORPUS; i++)
		bytes_free(&corpus.stream[i]);
}

int main(int count, char **arguments)
{
	if (count != 1 + FUZZ_CORPUS) {
		fail("%u files with states expected, %d given", FUZZ_CORPUS, count - 1);
		return EXIT_FAILURE;
	}
	test_corpus(arguments + 1);
	printf("%u not as expected\n", failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
