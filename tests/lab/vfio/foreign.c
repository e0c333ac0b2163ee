// SPDX-License-Identifier: BSD-2-Clause
/*
 * Streams that a destination must refuse, or must take although they look odd. The guest is stopped
 * and saved once; each case resets the function and loads into it. In the end the good stream must
 * still load, and the guest must run on without an error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mutation.h"
#include "trial.h"
#include "workload.h"

/* Loads @bad, which must be refused for @reason, and resets. -1 only if the test cannot go on. */
static int must_refuse(struct trial *trial, const char *name, const struct bytes *bad, size_t chunk,
		       const char *reason)
{
	int error;

	kmsg_skip(&trial->kmsg);
	error = machine_write_stream(&trial->machine, bad, chunk, 0);
	kmsg_collect(&trial->kmsg);
	trial->cases++;
	if (trial_check_refusal(trial, name, reason, error))
		trial->failed++;
	return trial_reset(trial);
}

/* Loads @odd, which must be taken, lets the guest run, and freezes it again. */
static int must_accept(struct trial *trial, const struct test_options *options, const char *name,
		       const struct bytes *odd, size_t chunk)
{
	int error = machine_write_stream(&trial->machine, odd, chunk, 0);

	trial->cases++;
	if (error) {
		kmsg_collect(&trial->kmsg);
		fail("%s: the stream must be accepted: %s", name, strerror(-error));
		trial->failed++;
		return trial_reset(trial);
	}
	if (trial_thaw(trial, options->interval_ms) || workload_is_clean(&trial->machine))
		return -1;
	return trial_freeze(trial);
}

static int try_mutation(struct trial *trial, const struct test_options *options,
			const struct mutation *mutation)
{
	struct bytes bad = { 0 };
	int result;

	note("%s: must be %s", mutation->name, mutation->accepted ? "accepted" : "refused");
	if (mutation_apply(mutation, &trial->good, &bad))
		result = -1;
	else if (mutation->accepted)
		result = must_accept(trial, options, mutation->name, &bad, 0);
	else
		result = must_refuse(trial, mutation->name, &bad, 0, mutation->reason);
	bytes_free(&bad);
	return result;
}

int test_foreign(const struct test_options *options)
{
	struct trial trial;
	int result = trial_begin(&trial, options);

	for (size_t i = 0; !result && i < nr_mutations; i++)
		if (!options->mutation || !strcmp(options->mutation, mutations[i].name))
			result = try_mutation(&trial, options, &mutations[i]);
	if (!result && !trial.cases)
		result = mutation_find(options->mutation) ? 0 : -1;
	return trial_end(&trial, options, "foreign", result);
}

static int try_flip(struct trial *trial, uint64_t bit)
{
	struct bytes bad = { 0 };
	char name[64];
	int result;

	snprintf(name, sizeof(name), "byte %llu bit %llu flipped", (unsigned long long)bit / 8,
		 (unsigned long long)bit % 8);
	result = mutation_flip_bit(&trial->good, bit, &bad);
	if (!result)
		result = must_refuse(trial, name, &bad, 0, NULL);
	bytes_free(&bad);
	return result;
}

/* As many bits as asked for, evenly over the stream, each at a random place of its part. */
int test_flips(const struct test_options *options)
{
	uint64_t random = options->guest.seed, bits;
	struct trial trial;
	int result = trial_begin(&trial, options);

	bits = trial.good.size * 8;
	for (uint64_t i = 0; !result && i < options->count && i < bits; i++) {
		uint64_t first = i * bits / options->count, next = (i + 1) * bits / options->count;

		if (options->count >= bits)
			result = try_flip(&trial, i);
		else
			result =
				try_flip(&trial, first + mutation_random(&random) % (next - first));
	}
	return trial_end(&trial, options, "flips", result);
}

/* Without a whole hello record that is what is missing, else the end record is. */
static int try_truncated(struct trial *trial, size_t size)
{
	size_t hello = sizeof(struct nvmove_stream_record) + sizeof(struct nvmove_stream_hello);
	struct bytes bad = { 0 };
	char name[64];
	int result;

	snprintf(name, sizeof(name), "only %zu of %zu bytes", size, trial->good.size);
	result = mutation_truncate(&trial->good, size, &bad);
	if (!result)
		result = must_refuse(trial, name, &bad, 0, size < hello ? "hello" : "end record");
	bytes_free(&bad);
	return result;
}

/* Around the end of each record, where a reader may think that it has all. */
static int truncate_at_records(struct trial *trial)
{
	struct records records;
	size_t end = 0;
	int result = records_split(&trial->good, &records);

	for (size_t i = 0; !result && i < records.count; i++) {
		end += sizeof(struct nvmove_stream_record) + records.record[i].payload.size;
		result = try_truncated(trial, end - 1);
		if (!result && end < trial->good.size)
			result = try_truncated(trial, end);
		if (!result && end < trial->good.size)
			result = try_truncated(trial, end + 1);
	}
	records_free(&records);
	return result;
}

int test_truncated(const struct test_options *options)
{
	uint64_t random = options->guest.seed;
	struct trial trial;
	int result = trial_begin(&trial, options);

	if (!result)
		result = try_truncated(&trial, 0);
	if (!result)
		result = truncate_at_records(&trial);
	for (unsigned int i = 0; !result && i < options->count; i++)
		result = try_truncated(&trial, mutation_random(&random) % trial.good.size);
	return trial_end(&trial, options, "truncated", result);
}

/*
 * A state with right checksums around wrong contents, as only an attacker makes it. It may be taken
 * or refused; refused it must be with a reason, and a reset must heal either. It never runs.
 */
static int try_damaged(struct trial *trial, uint64_t *random, unsigned int bits,
		       unsigned int *taken)
{
	struct bytes bad = { 0 };
	int error, result;

	result = mutation_damage_state(&trial->good, bits, random, &bad);
	if (result)
		goto out;
	kmsg_skip(&trial->kmsg);
	error = machine_write_stream(&trial->machine, &bad, 0, 0);
	kmsg_collect(&trial->kmsg);
	trial->cases++;
	if (!error)
		(*taken)++;
	else if (trial_check_refusal(trial, "damaged state", NULL, error))
		trial->failed++;
	result = trial_reset(trial);
out:
	bytes_free(&bad);
	return result;
}

int test_damaged(const struct test_options *options)
{
	uint64_t random = options->guest.seed;
	unsigned int taken = 0;
	struct trial trial;
	int result = trial_begin(&trial, options);

	for (unsigned int i = 0; !result && i < options->count; i++)
		result = try_damaged(&trial, &random, 1 + i % 8, &taken);
	note("damaged states: %u of %u were taken", taken, trial.cases);
	return trial_end(&trial, options, "damaged", result);
}

int test_chunks(const struct test_options *options)
{
	static const size_t sizes[] = { 1, 3, 4, 16, 17, 40, 4095, 4096, 65536 };
	struct trial trial;
	int result = trial_begin(&trial, options);

	for (size_t i = 0; !result && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "written %zu bytes at a time", sizes[i]);
		result = must_accept(&trial, options, name, &trial.good, sizes[i]);
	}
	return trial_end(&trial, options, "chunks", result);
}
