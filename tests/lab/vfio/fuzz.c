// SPDX-License-Identifier: BSD-2-Clause
/*
 * Making streams at random; see fuzz.h. Every change is one small function from a table, so that a
 * new kind of damage is one line and one function.
 */
#include "fuzz.h"

#include <endian.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "mutation.h"
#include "report.h"
#include "state.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define RARELY		64	/* one stream of FUZZ_LIMITS in so many: they are large */
#define FOREIGN_BYTES	64
#define LONG_SECTION	8192

/** struct making - a stream being made; @random is the state of its random numbers */
struct making {
	const struct fuzz_corpus *corpus;
	const struct bytes *good;
	uint64_t random;
};

static uint64_t next(struct making *making)
{
	return mutation_random(&making->random);
}

/* A number below @limit, which is not 0. */
static uint64_t below(struct making *making, uint64_t limit)
{
	return next(making) % limit;
}

/* Numbers around which readers go wrong, or one close to @old, or any. */
static uint32_t odd_number(struct making *making, uint32_t old)
{
	static const uint32_t numbers[] = {
		0, 1, 2, 3, 4, 8, 12, 15, 16, 17, 24, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0x100, 0xfff,
		0x1000, 0x7fff, 0x8000, 0xffff, 0x10000, NVMOVE_STREAM_PAYLOAD_MAX - 4,
		NVMOVE_STREAM_PAYLOAD_MAX, NVMOVE_STREAM_PAYLOAD_MAX + 4,
		NVMOVE_STREAM_STATE_MAX - 4, NVMOVE_STREAM_STATE_MAX, NVMOVE_STREAM_STATE_MAX + 4,
		0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff,
	};

	switch (below(making, 4)) {
	case 0:
		return old + (uint32_t)below(making, 9) - 4;
	case 1:
		return (uint32_t)next(making);
	default:
		return numbers[below(making, COUNT(numbers))];
	}
}

static void put_number(struct making *making, uint8_t *at, size_t room)
{
	size_t width = (size_t)1 << below(making, 4);
	uint64_t old = 0, number;

	if (width > room)
		width = 1;
	memcpy(&old, at, width);
	number = htole64(odd_number(making, (uint32_t)le64toh(old)));
	memcpy(at, &number, width);
}

/* Puts @size bytes at @data in the place of @cut bytes at @at. */
static int replace(struct bytes *bytes, size_t at, size_t cut, const void *data, size_t size)
{
	struct bytes new = { 0 };

	if (bytes_append(&new, bytes->data, at) || bytes_append(&new, data, size) ||
	    bytes_append(&new, bytes->data + at + cut, bytes->size - at - cut)) {
		bytes_free(&new);
		return -1;
	}
	bytes_free(bytes);
	*bytes = new;
	return 0;
}

static int replace_foreign(struct making *making, struct bytes *bytes, size_t at, size_t cut,
			   size_t size)
{
	uint64_t foreign[FOREIGN_BYTES / 8];

	for (size_t i = 0; i < COUNT(foreign); i++)
		foreign[i] = next(making);
	return replace(bytes, at, cut, foreign, size);
}

/* One change of some bytes. */
static int change_bytes(struct making *making, struct bytes *bytes)
{
	size_t at, length;

	if (!bytes->size)
		return replace_foreign(making, bytes, 0, 0, below(making, FOREIGN_BYTES));
	at = below(making, bytes->size);
	length = below(making, FOREIGN_BYTES);
	if (length > bytes->size - at)
		length = bytes->size - at;
	switch (below(making, 7)) {
	case 0:
		bytes->size = at;
		return 0;
	case 1:
		return replace(bytes, at, length, NULL, 0);
	case 2:
		return replace_foreign(making, bytes, at, 0, below(making, FOREIGN_BYTES));
	case 3:
		return replace_foreign(making, bytes, at, length, length);
	case 4:
		put_number(making, bytes->data + at, bytes->size - at);
		return 0;
	default:
		bytes->data[at] ^= (uint8_t)(1u << below(making, 8));
		return 0;
	}
}

static int make_bytes(struct making *making, struct bytes *stream)
{
	if (bytes_append(stream, making->good->data, making->good->size))
		return -1;
	for (uint64_t changes = 1 + below(making, 4); changes; changes--)
		if (change_bytes(making, stream))
			return -1;
	return 0;
}

static int repeat_record(struct making *making, struct records *records)
{
	size_t from = below(making, records->count), to = below(making, records->count + 1);
	struct bytes copy = { 0 };
	struct record record = records->record[from];
	int result = bytes_append(&copy, record.payload.data, record.payload.size);

	if (!result)
		result = records_insert(records, to, record.type, record.flags, copy.data,
					copy.size);
	bytes_free(&copy);
	return result;
}

static int remove_record(struct making *making, struct records *records)
{
	records_remove(records, below(making, records->count));
	return 0;
}

static int swap_records(struct making *making, struct records *records)
{
	size_t one = below(making, records->count), other = below(making, records->count);
	struct record record = records->record[one];

	records->record[one] = records->record[other];
	records->record[other] = record;
	return 0;
}

static int add_record(struct making *making, struct records *records)
{
	uint32_t flags = below(making, 3) ? NVMOVE_STREAM_F_SKIPPABLE :
					    odd_number(making, NVMOVE_STREAM_F_SKIPPABLE);
	uint64_t payload[FOREIGN_BYTES / 8] = { next(making), next(making) };

	return records_insert(records, below(making, records->count + 1), odd_number(making, 4),
			      flags, payload, below(making, FOREIGN_BYTES / 4 + 1) * 4);
}

static int add_piece(struct making *making, struct records *records)
{
	uint64_t payload[FOREIGN_BYTES / 8] = { next(making), next(making) };

	return records_insert(records, below(making, records->count + 1), NVMOVE_STREAM_STATE, 0,
			      payload, below(making, FOREIGN_BYTES / 4 + 1) * 4);
}

static int resize_record(struct making *making, struct records *records)
{
	struct record *record = &records->record[below(making, records->count)];

	if (change_bytes(making, &record->payload))
		return -1;
	record->length = (uint32_t)record->payload.size;
	return 0;
}

typedef int records_change(struct making *making, struct records *records);

/* Changes the records of the good stream and puts it together again. */
static int make_by_records(struct making *making, struct bytes *stream,
			   records_change *const *changes, size_t nr_changes)
{
	struct records records;
	int result = records_split(making->good, &records);

	if (result)
		return -1;
	for (uint64_t left = 1 + below(making, 3); !result && records.count && left; left--)
		result = changes[below(making, nr_changes)](making, &records);
	if (!result)
		result = records_join(&records, stream);
	records_free(&records);
	return result;
}

static int make_framing(struct making *making, struct bytes *stream)
{
	static records_change *const changes[] = {
		repeat_record, remove_record, swap_records, add_record, add_piece, resize_record,
	};

	return make_by_records(making, stream, changes, COUNT(changes));
}

static int set_payload_field(struct making *making, struct record *record)
{
	size_t room = record->payload.size;

	if (room >= 4)
		put_number(making, record->payload.data + below(making, room / 4) * 4, 4);
	return 0;
}

static int set_hello_field(struct making *making, struct records *records)
{
	return set_payload_field(making, &records->record[0]);
}

static int set_end_field(struct making *making, struct records *records)
{
	return set_payload_field(making, &records->record[records->count - 1]);
}

/* Of any record, the size record among them. */
static int set_any_field(struct making *making, struct records *records)
{
	return set_payload_field(making, &records->record[below(making, records->count)]);
}

static int set_type(struct making *making, struct records *records)
{
	struct record *record = &records->record[below(making, records->count)];

	record->type = odd_number(making, record->type);
	return 0;
}

static int set_flags(struct making *making, struct records *records)
{
	struct record *record = &records->record[below(making, records->count)];

	record->flags = odd_number(making, record->flags);
	return 0;
}

static int set_length(struct making *making, struct records *records)
{
	struct record *record = &records->record[below(making, records->count)];

	record->length = odd_number(making, record->length);
	return 0;
}

static int make_fields(struct making *making, struct bytes *stream)
{
	static records_change *const changes[] = {
		set_hello_field, set_any_field, set_end_field, set_type, set_flags, set_length,
	};

	return make_by_records(making, stream, changes, COUNT(changes));
}

static int make_spliced(struct making *making, struct bytes *stream)
{
	const struct bytes *other = &making->corpus->stream[below(making, FUZZ_CORPUS)];
	size_t front = below(making, making->good->size + 1);
	size_t back = below(making, other->size + 1);

	/* often at the same place, where headers may fit */
	if (below(making, 2) && front <= other->size)
		back = front;
	if (bytes_append(stream, making->good->data, front))
		return -1;
	return bytes_append(stream, other->data + back, other->size - back);
}

/* A piece of the state becomes two, at any dword. */
static int cut_piece(struct making *making, struct records *records)
{
	size_t at = below(making, records->count);
	struct record *record = &records->record[at];
	struct bytes back = { 0 };
	uint32_t front;
	int result;

	if (record->type != NVMOVE_STREAM_STATE || record->payload.size < 8)
		return 0;
	front = (uint32_t)(1 + below(making, record->payload.size / 4 - 1)) * 4;
	result = bytes_append(&back, record->payload.data + front, record->payload.size - front);
	record->length = front;
	record->payload.size = front;
	if (!result)
		result = records_insert(records, at + 1, NVMOVE_STREAM_STATE, 0, back.data,
					back.size);
	bytes_free(&back);
	return result;
}

static int add_skippable(struct making *making, struct records *records)
{
	uint64_t payload[FOREIGN_BYTES / 8] = { next(making), next(making) };

	return records_insert(records, 1 + below(making, records->count - 1),
			      0x80000000u | (uint32_t)next(making), NVMOVE_STREAM_F_SKIPPABLE,
			      payload, below(making, FOREIGN_BYTES / 4 + 1) * 4);
}

static int set_informative(struct making *making, struct records *records)
{
	static const size_t offsets[] = {
		offsetof(struct nvmove_stream_hello, minor),
		offsetof(struct nvmove_stream_hello, cntlid),
		offsetof(struct nvmove_stream_hello, protocol),
	};
	uint16_t value = (uint16_t)next(making);

	memcpy(records->record[0].payload.data + offsets[below(making, COUNT(offsets))], &value,
	       sizeof(value));
	return 0;
}

static size_t find_record(const struct records *records, uint32_t type)
{
	size_t at = 0;

	while (at < records->count && records->record[at].type != type)
		at++;
	return at;
}

static void remove_records(struct records *records, uint32_t type)
{
	for (size_t i = records->count; i-- > 0;)
		if (records->record[i].type == type)
			records_remove(records, i);
}

/* The source need not ask. */
static int remove_question(struct making *making, struct records *records)
{
	(void)making;
	remove_records(records, NVMOVE_STREAM_QUESTION);
	return 0;
}

/* As version 1.0 has it: the size in the hello, and no question, which would stand behind it. */
static int make_older(struct making *making, struct records *records)
{
	size_t at = find_record(records, NVMOVE_STREAM_SIZE);

	(void)making;
	if (at == records->count)
		return 0;
	memcpy(records->record[0].payload.data + offsetof(struct nvmove_stream_hello, state_size),
	       records->record[at].payload.data, sizeof(struct nvmove_stream_size));
	records_remove(records, at);
	remove_records(records, NVMOVE_STREAM_QUESTION);
	return 0;
}

static int make_harmless(struct making *making, struct bytes *stream)
{
	static records_change *const changes[] = {
		cut_piece, add_skippable, set_informative, make_older, remove_question,
	};

	return make_by_records(making, stream, changes, COUNT(changes));
}

static int make_damaged(struct making *making, struct bytes *stream)
{
	return mutation_damage_state(making->good, 1 + (unsigned int)below(making, 8),
				     &making->random, stream);
}

static int change_payload(struct making *making, struct section *section)
{
	struct bytes *payload = &section->payload;

	if (payload->size >= 4 && below(making, 4)) {
		put_number(making, payload->data + below(making, payload->size / 4) * 4, 4);
		return 0;
	}
	if (change_bytes(making, payload))
		return -1;
	if (below(making, 8))
		payload->size &= ~(size_t)3;
	return 0;
}

static int change_order(struct making *making, struct state *state)
{
	size_t one = below(making, state->count), other = below(making, state->count);
	struct section section = state->section[one];

	state->section[one] = state->section[other];
	state->section[other] = section;
	return 0;
}

static int add_section(struct making *making, struct state *state)
{
	static uint8_t payload[LONG_SECTION];
	struct section section = {
		.type = (uint16_t)odd_number(making, NVMOVE_CSTATE_TYPE_MAX + 1),
		.version = 1,
		.flags = below(making, 4) ? NVMOVE_CSTATE_F_SKIPPABLE : odd_number(making, 0),
		.payload = { .data = payload, .size = below(making, LONG_SECTION / 4) * 4 },
	};

	return state_insert(state, below(making, state->count + 1), &section);
}

/* A section of another state, or once more one of this one. */
static int borrow_section(struct making *making, struct state *state)
{
	const struct bytes *other = &making->corpus->stream[below(making, FUZZ_CORPUS)];
	struct bytes bytes = { 0 };
	struct records records;
	struct state lender;
	size_t at = below(making, state->count);
	int result;

	if (records_split(other, &records))
		return -1;
	result = records_state(&records, &bytes);
	records_free(&records);
	if (!result)
		result = state_split(&bytes, &lender);
	bytes_free(&bytes);
	if (result)
		return -1;
	result = state_insert(state, at, &lender.section[below(making, lender.count)]);
	if (!result && below(making, 4))
		for (size_t i = state->count; i-- > 0;)
			if (i != at && state->section[i].type == state->section[at].type)
				state_remove(state, i);
	state_free(&lender);
	return result;
}

static int change_queues(struct making *making, struct state *state)
{
	size_t head = sizeof(struct nvmove_cstate_header), left = state->standard.size - head;
	size_t entry = sizeof(struct nvmove_cstate_sq);

	/* a question has none */
	if (!left)
		return 0;
	switch (below(making, 4)) {
	case 0:
		return replace(&state->standard, head + left / 2 / 4 * 4, 0,
			       state->standard.data + head, left < entry ? left : entry);
	case 1:
		if (left > entry)
			state->standard.size -= entry;
		return 0;
	default:
		put_number(making, state->standard.data + head + below(making, left / 2) * 2, 2);
		return 0;
	}
}

static int change_state(struct making *making, struct state *state)
{
	struct section *section;

	if (!state->count)
		return add_section(making, state);
	section = &state->section[below(making, state->count)];
	switch (below(making, 12)) {
	case 0:
		return change_order(making, state);
	case 1:
		return add_section(making, state);
	case 2:
		return borrow_section(making, state);
	case 3:
		state_remove(state, (size_t)(section - state->section));
		return 0;
	case 4:
		section->version = (uint16_t)odd_number(making, section->version);
		return 0;
	case 5:
		section->flags = odd_number(making, section->flags);
		return 0;
	case 6:
	case 7:
		return change_queues(making, state);
	case 8:
		put_number(making, (uint8_t *)&state->vendor + below(making, 24), 8);
		return 0;
	default:
		return change_payload(making, section);
	}
}

/* The size record and the end must be those of the state that the stream is to carry. */
static int set_sizes(struct records *records, const struct bytes *state)
{
	struct nvmove_stream_size size = { .state_size = htole32((uint32_t)state->size) };
	struct nvmove_stream_end end = {
		.state_size = size.state_size,
		.state_crc = htole32(crc32c(0, state->data, state->size)),
	};
	size_t size_at = find_record(records, NVMOVE_STREAM_SIZE);
	size_t end_at = find_record(records, NVMOVE_STREAM_END);

	if (size_at == records->count || end_at == records->count)
		return fail("stream: %zu records, none for the size or the end", records->count);
	memcpy(records->record[size_at].payload.data, &size, sizeof(size));
	memcpy(records->record[end_at].payload.data, &end, sizeof(end));
	return 0;
}

/* A stream of another state than @records carry, in pieces of random sizes. */
static int set_state(struct making *making, struct records *records, const struct bytes *state)
{
	size_t at, done, piece;

	if (set_sizes(records, state))
		return -1;
	remove_records(records, NVMOVE_STREAM_STATE);
	at = find_record(records, NVMOVE_STREAM_SIZE) + 1;
	for (done = 0; done < state->size; done += piece, at++) {
		piece = below(making, 4) ? NVMOVE_STREAM_PAYLOAD_MAX :
					   (1 + below(making, NVMOVE_STREAM_PAYLOAD_MAX / 4)) * 4;
		if (piece > state->size - done)
			piece = state->size - done;
		if (records_insert(records, at, NVMOVE_STREAM_STATE, 0, state->data + done, piece))
			return -1;
	}
	return 0;
}

typedef int state_make(struct making *making, struct bytes *state);

/* Replaces the state of the good stream by what @make makes of it. */
static int make_with_state(struct making *making, struct bytes *stream, state_make *make)
{
	struct bytes state = { 0 };
	struct records records;
	int result;

	if (records_split(making->good, &records))
		return -1;
	result = records_state(&records, &state);
	if (!result)
		result = make(making, &state);
	if (!result)
		result = set_state(making, &records, &state);
	if (!result)
		result = records_join(&records, stream);
	bytes_free(&state);
	records_free(&records);
	return result;
}

static int change_sections(struct making *making, struct bytes *bytes)
{
	struct state state;
	int result = 0;

	if (state_split(bytes, &state))
		return -1;
	for (uint64_t left = 1 + below(making, 4); !result && left; left--)
		result = change_state(making, &state);
	bytes_free(bytes);
	if (!result)
		result = state_join(&state, bytes);
	state_free(&state);
	return result;
}

static int make_sections(struct making *making, struct bytes *stream)
{
	return make_with_state(making, stream, change_sections);
}

/* A stream that asks @question, in pieces of random sizes. */
static int set_question(struct making *making, struct records *records,
			const struct bytes *question)
{
	struct nvmove_stream_question head = { .size = htole32((uint32_t)question->size) };
	size_t at = 1, done, piece, most = NVMOVE_STREAM_PAYLOAD_MAX - sizeof(head);
	struct bytes payload = { 0 };
	int result = 0;

	remove_records(records, NVMOVE_STREAM_QUESTION);
	for (done = 0; !result && done < question->size; done += piece, at++) {
		piece = below(making, 2) ? most : (1 + below(making, question->size / 4)) * 4;
		if (piece > question->size - done)
			piece = question->size - done;
		head.offset = htole32((uint32_t)done);
		payload.size = 0;
		if (bytes_append(&payload, &head, sizeof(head)) ||
		    bytes_append(&payload, question->data + done, piece) ||
		    records_insert(records, at, NVMOVE_STREAM_QUESTION, NVMOVE_STREAM_F_SKIPPABLE,
				   payload.data, payload.size))
			result = -1;
	}
	bytes_free(&payload);
	return result;
}

static int collect_question(const struct records *records, struct bytes *question)
{
	const size_t head = sizeof(struct nvmove_stream_question);

	for (size_t i = 0; i < records->count; i++)
		if (records->record[i].type == NVMOVE_STREAM_QUESTION &&
		    bytes_append(question, records->record[i].payload.data + head,
				 records->record[i].payload.size - head))
			return -1;
	return 0;
}

/*
 * Another question than the controller's own, or the same in other pieces; none where there is
 * none.
 */
static int make_question(struct making *making, struct bytes *stream)
{
	struct bytes question = { 0 };
	struct records records;
	int result;

	if (records_split(making->good, &records))
		return -1;
	result = collect_question(&records, &question);
	if (!result && question.size && below(making, 4))
		result = change_sections(making, &question);
	if (!result && question.size >= 4)
		result = set_question(making, &records, &question);
	if (!result)
		result = records_join(&records, stream);
	bytes_free(&question);
	records_free(&records);
	return result;
}

/* A section that is left out makes the state as large as it may be, or a little larger. */
static int fill_up(struct making *making, struct bytes *bytes)
{
	static const int beyond[] = { -4, 0, 4 };
	struct nvmove_cstate_section header;
	size_t size = bytes->size + sizeof(header);
	struct section section = { .type = 0xfffe, .version = 1,
				   .flags = NVMOVE_CSTATE_F_SKIPPABLE };
	struct state state;
	int result;

	if (state_split(bytes, &state))
		return -1;
	section.payload.size = NVMOVE_STREAM_STATE_MAX - size +
			       (size_t)beyond[below(making, COUNT(beyond))];
	section.payload.data = calloc(1, section.payload.size);
	result = section.payload.data ? state_insert(&state, state.count, &section) :
					fail("no memory for %zu bytes", section.payload.size);
	free(section.payload.data);
	bytes_free(bytes);
	if (!result)
		result = state_join(&state, bytes);
	state_free(&state);
	return result;
}

static int make_limits(struct making *making, struct bytes *stream)
{
	return make_with_state(making, stream, fill_up);
}

static const struct {
	const char *name;
	int (*make)(struct making *making, struct bytes *stream);
} kinds_made[FUZZ_KINDS] = {
	[FUZZ_BYTES] = { "bytes", make_bytes },
	[FUZZ_FRAMING] = { "framing", make_framing },
	[FUZZ_FIELDS] = { "fields", make_fields },
	[FUZZ_SPLICED] = { "spliced", make_spliced },
	[FUZZ_HARMLESS] = { "harmless", make_harmless },
	[FUZZ_DAMAGED] = { "damaged", make_damaged },
	[FUZZ_SECTIONS] = { "sections", make_sections },
	[FUZZ_QUESTION] = { "question", make_question },
	[FUZZ_LIMITS] = { "limits", make_limits },
};

const char *fuzz_kind_name(enum fuzz_kind kind)
{
	return kinds_made[kind].name;
}

static enum fuzz_kind choose_kind(struct making *making, unsigned int kinds)
{
	enum fuzz_kind kind;

	do
		kind = (enum fuzz_kind)below(making, FUZZ_KINDS);
	while (!(kinds & 1u << kind) || (kind == FUZZ_LIMITS && below(making, RARELY) &&
					 kinds != 1u << FUZZ_LIMITS));
	return kind;
}

static size_t choose_chunk(struct making *making, size_t size)
{
	static const size_t chunks[] = { 0, 0, 0, 15, 16, 17, 40, 41, 1021, 4096 };

	if (size > NVMOVE_STREAM_PAYLOAD_MAX || !below(making, 4))
		return 1 + below(making, size + 1);
	return chunks[below(making, COUNT(chunks))];
}

int fuzz_make(const struct fuzz_corpus *corpus, uint64_t seed, uint64_t number, unsigned int kinds,
	      struct bytes *stream, enum fuzz_kind *kind, size_t *chunk)
{
	struct making making = { .corpus = corpus, .random = seed };

	/* streams of neighbouring numbers must have nothing in common */
	making.random = next(&making) ^ number;
	making.random = next(&making);
	making.good = &corpus->stream[below(&making, FUZZ_CORPUS)];
	*kind = choose_kind(&making, kinds);
	if (kinds_made[*kind].make(&making, stream))
		return -1;
	*chunk = choose_chunk(&making, stream->size);
	return 0;
}
