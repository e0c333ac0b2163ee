// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer target: a state from an attacker. A state is refused with a reason, by a controller
 * that is as it was before, or becomes a controller that behaves as any other does. A question (a
 * container whose first section is a compatibility record) is answered by a controller that is as
 * it was before.
 *
 * The first byte of the input says how: bit 0 set: the state is taken as it is, clear: its
 * sizes and checksums are made right first, so that the fuzzer gets past them; bit 1: the
 * controller adopts the state's identity; bit 2: its parts are loaded alone, one after the other;
 * 7:1 pick what it goes through afterwards. The state follows.
 */
#include <string.h>

#include <nvmove/compat.h>

#include "program.h"

#define AS_IT_IS	0x01
#define ADOPTS		0x02
#define BY_PARTS	0x04

/* What a load may hold beyond the state's own size: a request for each completion it brings. */
#define MOST_COMPLETIONS	(MAX_IO_REQUESTS + MAX_ADMIN_REQUESTS + MAX_AER)
#define REQUEST_BYTES	(sizeof(struct ctrl_request) + \
			 ((1u << MDTS) + 1) * (sizeof(struct dma_mapping) + sizeof(struct iovec)))
#define LOAD_BYTES	(MOST_COMPLETIONS * REQUEST_BYTES + 65536)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- sizes and checksums ---- */

/* Where the sections begin, @size if there is no room for any. */
static size_t sections_at(const uint8_t *state, size_t size)
{
	struct nvmove_cstate_header header;
	size_t at;

	if (size < sizeof(header))
		return size;
	memcpy(&header, state, sizeof(header));
	at = sizeof(header) + (le64_to_cpu(header.nvme_dwords[0]) & 0xffff) * 4 +
	     sizeof(struct nvmove_cstate_vendor);
	return at < size ? at : size;
}

/* Bytes of the section at the front of @left bytes, all of them if its length is too large. */
static size_t section_size(const uint8_t *at, size_t left)
{
	struct nvmove_cstate_section section;
	size_t length;

	if (left < sizeof(section))
		return left;
	memcpy(&section, at, sizeof(section));
	length = le32_to_cpu(section.length) & ~3u;
	return length > left - sizeof(section) ? left : sizeof(section) + length;
}

/* A compatibility record; its lists are taken as they are. */
static void repair_record(uint8_t *at, size_t size)
{
	struct nvmove_compat record;

	if (size < sizeof(record))
		return;
	memcpy(&record, at, sizeof(record));
	record.length = cpu_to_le32(size);
	record.crc = 0;
	memcpy(at, &record, sizeof(record));
	record.crc = cpu_to_le32(nvmove_crc32c(0, at, size));
	memcpy(at, &record, sizeof(record));
}

static void repair_section(uint8_t *at, size_t size)
{
	struct nvmove_cstate_section section;

	if (size < sizeof(section))
		return;
	memcpy(&section, at, sizeof(section));
	if (le16_to_cpu(section.type) == NVMOVE_CSTATE_COMPAT)
		repair_record(at + sizeof(section), size - sizeof(section));
	section.length = cpu_to_le32(size - sizeof(section));
	section.crc = 0;
	memcpy(at, &section, sizeof(section));
	section.crc = cpu_to_le32(nvmove_crc32c(0, at, size));
	memcpy(at, &section, sizeof(section));
}

static void repair(uint8_t *state, size_t size)
{
	static const uint8_t uuid[16] = NVMOVE_CSTATE_UUID;
	size_t at = sections_at(state, size), vendor_at, used;
	struct nvmove_cstate_header header;
	struct nvmove_cstate_vendor vendor;
	uint32_t sections = 0;

	if (at < sizeof(header) + sizeof(vendor) || size % 4)
		return;
	vendor_at = at - sizeof(vendor);
	for (; at < size; at += used, sections++) {
		used = section_size(state + at, size - at);
		repair_section(state + at, used);
	}
	memcpy(&header, state, sizeof(header));
	header.nvme_dwords[0] = cpu_to_le64((vendor_at - sizeof(header)) / 4);
	header.nvme_dwords[1] = 0;
	header.vendor_dwords[0] = cpu_to_le64((size - vendor_at) / 4);
	header.vendor_dwords[1] = 0;
	memcpy(state, &header, sizeof(header));
	memcpy(&vendor, state + vendor_at, sizeof(vendor));
	memcpy(vendor.uuid, uuid, sizeof(uuid));
	vendor.nr_sections = cpu_to_le32(sections);
	vendor.nvme_crc = cpu_to_le32(nvmove_crc32c(0, state, vendor_at));
	vendor.crc = 0;
	vendor.crc = cpu_to_le32(nvmove_crc32c(0, &vendor, sizeof(vendor)));
	memcpy(state + vendor_at, &vendor, sizeof(vendor));
}

/* ---- mutations that know where sections and queues are ---- */

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525u + 1013904223u;	/* Numerical Recipes */
	return *random >> 8;
}

/* A section by chance; false if there is none. */
static bool pick_section(const uint8_t *state, size_t size, uint32_t *random, size_t *at,
			 size_t *length)
{
	size_t first = sections_at(state, size), nr = 0, wanted;

	for (size_t i = first; i < size; i += section_size(state + i, size - i))
		nr++;
	if (!nr)
		return false;
	wanted = next_random(random) % nr;
	for (*at = first; wanted; wanted--)
		*at += section_size(state + *at, size - *at);
	*length = section_size(state + *at, size - *at);
	return *length >= sizeof(struct nvmove_cstate_section);
}

/* Replace @old bytes at @at by @new bytes that are there already or become zero. */
static size_t resize(uint8_t *state, size_t size, size_t at, size_t old, size_t new)
{
	memmove(state + at + new, state + at + old, size - at - old);
	if (new > old)
		memset(state + at + old, 0, new - old);
	return size - old + new;
}

static size_t mutate_payload(uint8_t *state, size_t size, size_t max, uint32_t *random)
{
	struct nvmove_cstate_section section;
	uint8_t payload[4096];
	size_t at, length, new;

	if (!pick_section(state, size, random, &at, &length))
		return size;
	length -= sizeof(section);
	if (length > sizeof(payload))
		return size;
	memcpy(payload, state + at + sizeof(section), length);
	new = next_random(random) % 4 ? length : sizeof(payload);
	new = LLVMFuzzerMutate(payload, length, new) & ~(size_t)3;
	if (size - length + new > max)
		return size;
	size = resize(state, size, at + sizeof(section), length, new);
	memcpy(state + at + sizeof(section), payload, new);
	memcpy(&section, state + at, sizeof(section));
	section.length = cpu_to_le32(new);
	memcpy(state + at, &section, sizeof(section));
	return size;
}

static size_t mutate_order(uint8_t *state, size_t size, size_t max, uint32_t *random)
{
	size_t at, length, to, ignored;
	uint8_t copy[8192];

	if (!pick_section(state, size, random, &at, &length) || length > sizeof(copy))
		return size;
	memcpy(copy, state + at, length);
	if (next_random(random) % 3)
		size = resize(state, size, at, length, 0);
	if (!(next_random(random) % 3) || size + length > max ||
	    !pick_section(state, size, random, &to, &ignored))
		return size;
	size = resize(state, size, to, 0, length);
	memcpy(state + to, copy, length);
	return size;
}

static size_t mutate_field(uint8_t *state, size_t size, uint32_t *random)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 4, 0x10, 0x1f, 0x20, 0x40, 0xff, 0x100, 0xfff, 0x1000, 0x7fff, 0xffff,
		0x10000, 0x7fffffff, 0xffffffff,
	};
	uint32_t value = values[next_random(random) % (sizeof(values) / sizeof(values[0]))];
	size_t width = 1u << next_random(random) % 3, at;

	if (size < 8)
		return size;
	at = next_random(random) % (size - 4) & ~(width - 1);
	if (next_random(random) % 2)
		value += state[at];
	value = cpu_to_le32(value);
	memcpy(state + at, &value, width);
	return size;
}

/* One more queue, or one fewer; the sizes are told to the headers. */
static size_t mutate_queues(uint8_t *state, size_t size, size_t max, uint32_t *random)
{
	struct nvmove_cstate_header header;
	struct nvmove_cstate_nvme nvme;
	size_t entry = sizeof(struct nvmove_cstate_sq), first = sizeof(header) + sizeof(nvme), at;
	unsigned int nr_sq, nr_cq;
	bool sq = next_random(random) % 2, more = next_random(random) % 2;

	if (size < first + sizeof(struct nvmove_cstate_vendor) || size + entry > max)
		return size;
	memcpy(&header, state, sizeof(header));
	memcpy(&nvme, state + sizeof(header), sizeof(nvme));
	nr_sq = le16_to_cpu(nvme.nr_sq);
	nr_cq = le16_to_cpu(nvme.nr_cq);
	at = first + (sq ? 0 : nr_sq * entry);
	if (at + entry > sections_at(state, size) || (!more && !(sq ? nr_sq : nr_cq)))
		return size;
	size = resize(state, size, at, more ? 0 : entry, more ? entry : 0);
	if (more && (sq ? nr_sq : nr_cq))
		memcpy(state + at, state + at + entry, entry);
	nvme.nr_sq = cpu_to_le16(nr_sq + (sq ? (more ? 1 : -1) : 0));
	nvme.nr_cq = cpu_to_le16(nr_cq + (sq ? 0 : (more ? 1 : -1)));
	header.nvme_dwords[0] = cpu_to_le64((sizeof(nvme) + (nr_sq + nr_cq) * entry) / 4 +
					    (more ? entry / 4 : -(entry / 4)));
	memcpy(state, &header, sizeof(header));
	memcpy(state + sizeof(header), &nvme, sizeof(nvme));
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t random = seed;
	uint8_t *state = data + 1;
	size_t left;

	if (size < 2 || max_size < 2)
		return LLVMFuzzerMutate(data, size, max_size);
	left = size - 1;
	data[0] = next_random(&random) << 1 | !(next_random(&random) % 16);
	for (unsigned int n = 1 + next_random(&random) % 3; n; n--) {
		switch (next_random(&random) % 8) {
		case 0:
			left = LLVMFuzzerMutate(state, left, max_size - 1);
			break;
		case 1:
			left = mutate_order(state, left, max_size - 1, &random);
			break;
		case 2:
			left = mutate_queues(state, left, max_size - 1, &random);
			break;
		case 3:
		case 4:
			left = mutate_field(state, left, &random);
			break;
		default:
			left = mutate_payload(state, left, max_size - 1, &random);
		}
	}
	if (!(data[0] & AS_IT_IS))
		repair(state, left);
	return left + 1;
}

/* ---- the target ---- */

static void check_refusal(struct nvmove_ctrl *ctrl, const struct nvmove_load_error *error,
			  const uint8_t *before, size_t size)
{
	size_t size_after, len = strnlen(error->text, sizeof(error->text));
	uint8_t *after = machine_save(ctrl, &size_after);

	expect(len && len < sizeof(error->text) && strchr(error->text, ' '),
	       "a state is refused for \"%.*s\"", (int)len, error->text);
	for (size_t i = 0; i < len; i++)
		expect(error->text[i] >= 0x20 && error->text[i] <= 0x7e, "byte %#x in a reason",
		       (uint8_t)error->text[i]);
	expect(size == size_after && !memcmp(before, after, size), "refused, but not as before: %s",
	       error->text);
	free(after);
}

/*
 * @state cut down to its header and the @len bytes at @at; the sizes are those that the header
 * claims.
 */
static uint8_t *cut_part(const uint8_t *state, size_t at, size_t len, bool is_vendor)
{
	struct nvmove_cstate_header header;
	uint8_t *part = malloc(sizeof(header) + len);

	expect(part, "no memory");
	memcpy(&header, state, sizeof(header));
	header.nvme_dwords[0] = is_vendor ? 0 : header.nvme_dwords[0];
	header.vendor_dwords[0] = is_vendor ? header.vendor_dwords[0] : 0;
	memcpy(part, &header, sizeof(header));
	memcpy(part + sizeof(header), state + at, len);
	return part;
}

/* The checksums that stand for the container header, which is the part's own. */
static void repair_part(uint8_t *part, size_t len)
{
	struct nvmove_cstate_vendor vendor;
	uint8_t *at = part + sizeof(struct nvmove_cstate_header);

	if (len < sizeof(vendor))
		return;
	memcpy(&vendor, at, sizeof(vendor));
	vendor.nvme_crc = cpu_to_le32(nvmove_crc32c(0, part, at - part));
	vendor.crc = 0;
	vendor.crc = cpu_to_le32(nvmove_crc32c(0, &vendor, sizeof(vendor)));
	memcpy(at, &vendor, sizeof(vendor));
}

/*
 * The vendor data, then the queues beside it: each changes nothing if it is refused.
 *
 * Return: whether the first was taken.
 */
static bool load_by_parts(struct function *f, const uint8_t *state, size_t size)
{
	const struct nvmove_cstate_header *header = (const void *)state;
	struct nvmove_load_error error;
	size_t head = sizeof(*header), nvme, vendor, size_before;
	uint8_t *before, *part;
	bool taken;

	if (size < head)
		return false;
	nvme = 4 * (le64_to_cpu(header->nvme_dwords[0]) & 0xffff);
	nvme = nvme < size - head ? nvme : size - head;
	vendor = size - head - nvme;

	before = machine_save(f->ctrl, &size_before);
	part = cut_part(state, head + nvme, vendor, true);
	repair_part(part, vendor);
	taken = !state_load(f->ctrl, STATE_VENDOR, part, head + vendor, &error);
	if (!taken)
		check_refusal(f->ctrl, &error, before, size_before);
	free(part);
	free(before);

	before = machine_save(f->ctrl, &size_before);
	part = cut_part(state, head, nvme, false);
	if (state_load_queues(f->ctrl, part, head + nvme, &error))
		check_refusal(f->ctrl, &error, before, size_before);
	free(part);
	free(before);
	return taken;
}

static bool load_whole(struct function *f, const uint8_t *state, size_t size)
{
	struct nvmove_load_error error;
	size_t size_before;
	uint8_t *before = machine_save(f->ctrl, &size_before);
	long held = held_begin();
	int result = nvmove_ctrl_load(f->ctrl, state, size, &error);

	expect(held_peak() <= held + (long)(size + 1 + LOAD_BYTES),
	       "a load of %zu bytes held %ld", size, held_peak() - held);
	if (result < 0)
		check_refusal(f->ctrl, &error, before, size_before);
	free(before);
	return !result;
}

/*
 * Whatever the answer is, nothing changes; as a state a question is refused, which the caller sees
 * to.
 */
static void answer(struct function *f, const uint8_t *question, size_t size)
{
	struct nvmove_load_error error;
	size_t size_before, size_after;
	uint8_t *before = machine_save(f->ctrl, &size_before), *after;
	int result = state_answer(f->ctrl, question, size, &error);

	if (result < 0)
		check_refusal(f->ctrl, &error, before, size_before);
	after = machine_save(f->ctrl, &size_after);
	expect(size_before == size_after && !memcmp(before, after, size_after),
	       "answered with %d, but not as before", result);
	free(after);
	free(before);
}

/* Nobody knows this one; what it becomes is up to the state. */
static void make_adopting(struct function *f)
{
	ctrl_set_offline(f->ctrl);
	machine_join(f, NVMOVE_IDENTITY_ADOPT, NVM_CTRL_ONCS_TIMESTAMP);
	ctrl_set_online(f->ctrl);
	witness_adopt(f);
}

/* What the guests of a loaded controller do first, then something by chance. */
static void go_on(struct machine *machine, uint32_t seed)
{
	static const uint8_t first[] = {
		0x20 | OP_RESUME,
		0x20 | OP_CONSUME, 0, 1, 0x20 | OP_CONSUME, 1, 1, 0x20 | OP_CONSUME, 2, 0,
		0x20 | OP_ADMIN, 5, 20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x20 | OP_RING, 0,
		0x20 | OP_IO, 1, 1, 24, 1, 0, 0, 7, 0, 0x20 | OP_RING, 1,
		0x20 | OP_IO, 2, 2, 24, 2, 0, 0, 1, 0, 0x20 | OP_RING, 2,
		OP_DRAIN, 0x20 | OP_CONSUME, 0, 0, 0x20 | OP_CONSUME, 1, 0,
	};
	uint8_t bytes[160];

	program_run(machine, first, sizeof(first));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = next_random(&seed);
	program_run(machine, bytes, sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *machine;
	bool taken, is_question;
	struct function *f;
	uint8_t *state;

	if (size < 2)
		return 0;
	machine = machine_begin();
	f = &machine->function[1];
	if (data[0] & ADOPTS)
		make_adopting(f);
	state = malloc(size - 1);
	expect(state && machine_suspend(f), "no memory, or no suspension");
	memcpy(state, data + 1, size - 1);
	if (!(data[0] & AS_IT_IS))
		repair(state, size - 1);
	is_question = state_is_question(state, size - 1);
	if (is_question)
		answer(f, state, size - 1);
	taken = data[0] & BY_PARTS ? load_by_parts(f, state, size - 1)
				   : load_whole(f, state, size - 1);
	free(state);
	expect(!taken || !is_question, "a question is taken for a state");
	if (taken) {
		witness_adopt(f);
		machine_check_state(f, data[0] & ADOPTS ? DESTINATION_EQUAL : DESTINATION_ADOPTS);
		go_on(machine, nvmove_crc32c(data[0], data, size));
	}
	machine_end(machine);
	return 0;
}
