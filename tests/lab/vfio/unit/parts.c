// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of the parts that need no device: checksum, block pattern, stream, damaged streams. A test
 * program that cannot notice a wrong block or a wrong stream would prove nothing about a driver.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "mutation.h"
#include "report.h"
#include "workload.h"

#define STATE_SIZE	4000u
#define PIECE		3000u
#define UNFETCHED	(3u + 62u)
#define QUESTION_PIECE	80u

static unsigned int failures;

static void check(bool good, const char *what)
{
	if (good)
		return;
	failures++;
	printf("not as expected: %s\n", what);
}

static void test_crc(void)
{
	char digits[] = "123456789";

	check(crc32c(0, digits, 9) == 0xe3069283, "CRC-32C of 123456789");
	check(crc32c(crc32c(0, digits, 2), digits + 2, 7) == 0xe3069283, "CRC-32C in two steps");
	check(crc32c(0, NULL, 0) == 0, "CRC-32C of nothing");
}

static void test_block(void)
{
	uint8_t block[512];

	block_fill(block, sizeof(block), 7, 1000, 3);
	check(!block_check(block, sizeof(block), 7, 1000, 3), "a good block");
	check(block_check(block, sizeof(block), 7, 1000, 2), "an older generation expected");
	check(block_check(block, sizeof(block), 7, 1001, 3), "another LBA expected");
	check(block_check(block, sizeof(block), 8, 1000, 3), "another seed expected");
	for (size_t i = 0; i < sizeof(block) * 8; i++) {
		block[i / 8] ^= 1u << i % 8;
		check(block_check(block, sizeof(block), 7, 1000, 3),
		      "a block with one bit flipped");
		block[i / 8] ^= 1u << i % 8;
	}
	block_fill(block, sizeof(block), 7, 1000, 4 | BLOCK_ZEROED);
	check(!block_check(block, sizeof(block), 7, 1000, 4 | BLOCK_ZEROED), "a zeroed block");
	block[511] = 1;
	check(block_check(block, sizeof(block), 7, 1000, 4 | BLOCK_ZEROED),
	      "a zeroed block with a 1");
}

/* Two submission queues with 3 and, around the end, 62 unfetched commands. */
static void make_state(uint8_t *state)
{
	struct nvmove_cstate_nvme head = { .nr_sq = htole16(2) };
	struct nvmove_cstate_sq sq[2] = {
		{ .size = htole16(63), .qid = htole16(1), .head = htole16(5), .tail = htole16(8) },
		{ .size = htole16(63), .qid = htole16(2), .head = htole16(10), .tail = htole16(8) },
	};

	for (uint32_t i = 0; i < STATE_SIZE; i++)
		state[i] = (uint8_t)(i * 7);
	memset(state, 0, sizeof(struct nvmove_cstate_header));
	memcpy(state + sizeof(struct nvmove_cstate_header), &head, sizeof(head));
	memcpy(state + sizeof(struct nvmove_cstate_header) + sizeof(head), sq, sizeof(sq));
}

static int make_stream(struct bytes *stream)
{
	struct nvmove_stream_hello hello = {
		.major = htole16(NVMOVE_STREAM_MAJOR),
		.minor = htole16(NVMOVE_STREAM_MINOR),
		.protocol = htole16(NVMOVE_STREAM_RFC),
	};
	struct {
		struct nvmove_stream_question head;
		uint8_t data[QUESTION_PIECE];
	} question[2] = {
		{ .head = { .size = htole32(2 * QUESTION_PIECE) } },
		{ .head = { .size = htole32(2 * QUESTION_PIECE),
			    .offset = htole32(QUESTION_PIECE) } },
	};
	struct nvmove_stream_size size = { .state_size = htole32(STATE_SIZE) };
	struct nvmove_stream_end end = { .state_size = htole32(STATE_SIZE) };
	struct records records = { 0 };
	uint8_t state[STATE_SIZE];
	int result;

	make_state(state);
	memcpy(hello.magic, NVMOVE_STREAM_MAGIC, sizeof(hello.magic));
	end.state_crc = htole32(crc32c(0, state, sizeof(state)));
	result = records_insert(&records, 0, NVMOVE_STREAM_HELLO, 0, &hello, sizeof(hello)) ||
		 records_insert(&records, 1, NVMOVE_STREAM_QUESTION, NVMOVE_STREAM_F_SKIPPABLE,
				&question[0], sizeof(question[0])) ||
		 records_insert(&records, 2, NVMOVE_STREAM_QUESTION, NVMOVE_STREAM_F_SKIPPABLE,
				&question[1], sizeof(question[1])) ||
		 records_insert(&records, 3, NVMOVE_STREAM_SIZE, 0, &size, sizeof(size)) ||
		 records_insert(&records, 4, NVMOVE_STREAM_STATE, 0, state, PIECE) ||
		 records_insert(&records, 5, NVMOVE_STREAM_STATE, 0, state + PIECE,
				STATE_SIZE - PIECE) ||
		 records_insert(&records, 6, NVMOVE_STREAM_END, 0, &end, sizeof(end)) ||
		 records_join(&records, stream);
	records_free(&records);
	return result ? -1 : 0;
}

static void test_stream(const struct bytes *good)
{
	struct records records;
	struct bytes again = { 0 };
	uint32_t question, unfetched;

	check(!stream_check(good, &question, &unfetched), "a good stream");
	check(question == 2 * QUESTION_PIECE, "the size of its question");
	check(unfetched == UNFETCHED, "its number of unfetched commands");
	check(!records_split(good, &records), "a stream taken apart");
	check(records.count == 7, "its number of records");
	check(!records_join(&records, &again), "and put together");
	check(again.size == good->size && !memcmp(again.data, good->data, good->size),
	      "the same again");
	records_free(&records);
	bytes_free(&again);
}

static void test_flips_and_cuts(const struct bytes *good)
{
	uint32_t question, unfetched;

	for (size_t i = 0; i < good->size; i++) {
		struct bytes flipped = { 0 }, cut = { 0 };

		check(!mutation_flip_bit(good, i * 8 + i % 8, &flipped), "making a flip");
		check(stream_check(&flipped, &question, &unfetched), "a stream with a flipped bit");
		check(!mutation_truncate(good, i, &cut), "making a cut");
		check(stream_check(&cut, &question, &unfetched), "a stream cut short");
		bytes_free(&flipped);
		bytes_free(&cut);
	}
}

/* Framing and checksums must be right whatever happened to the state inside. */
static void test_damage(const struct bytes *good)
{
	uint64_t random = 1;

	for (int i = 0; i < 50; i++) {
		struct records records, before;
		struct bytes bad = { 0 };

		check(!mutation_damage_state(good, 1, &random, &bad), "damaging the state");
		check(!records_split(&bad, &records), "checksums around a damaged state");
		check(!records_split(good, &before) && records.count == before.count,
		      "as many records");
		check(bad.size == good->size && memcmp(bad.data, good->data, good->size),
		      "other bytes");
		records_free(&before);
		records_free(&records);
		bytes_free(&bad);
	}
}

static void test_mutations(const struct bytes *good)
{
	for (size_t i = 0; i < nr_mutations; i++) {
		const struct mutation *mutation = &mutations[i];
		struct bytes bad = { 0 };
		bool same;

		check(mutation_find(mutation->name) == mutation, mutation->name);
		check(!mutation_apply(mutation, good, &bad), mutation->name);
		check(mutation->accepted || mutation->reason, mutation->name);
		same = bad.size == good->size && !memcmp(bad.data, good->data, good->size);
		check(same == !strcmp(mutation->name, "nothing"), mutation->name);
		bytes_free(&bad);
	}
	check(!mutation_find("no such thing"), "a name that is none");
}

static void test_json(void)
{
	uint64_t values[] = { 5, 1, 9 };
	struct json json;

	json_begin(&json);
	json_string(&json, "text", "a\"b\\c\n");
	json_bool(&json, "yes", true);
	json_spread(&json, "spread", values, 3);
	json_spread(&json, "none", values, 0);
	check(!strcmp(json.text, "{\"text\":\"a\\\"b\\\\c\\u000a\",\"yes\":true,\"spread\":"
				 "{\"min\":1,\"median\":5,\"max\":9},\"none\":null"),
	      "a JSON line");
}

int main(void)
{
	struct bytes good = { 0 };

	if (make_stream(&good))
		return EXIT_FAILURE;
	test_crc();
	test_block();
	test_stream(&good);
	test_flips_and_cuts(&good);
	test_damage(&good);
	test_mutations(&good);
	test_json();
	bytes_free(&good);
	printf("%u not as expected\n", failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
