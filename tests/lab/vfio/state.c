// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading, making and comparing controller states; see state.h. What it reads may be damaged on
 * purpose: each length is checked against what is left before it is used.
 */
#include "state.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/lm.h>

#include "crc32c.h"
#include "report.h"

#define TIMESTAMP_MASK	((1ull << 48) - 1)
#define CLOCK_MS_MAX	600000ull	/* no load and save lie further apart */

static int split_section(const struct bytes *bytes, size_t *position, struct state *state)
{
	size_t left = bytes->size - *position;
	struct nvmove_cstate_section header;
	struct section section;
	uint32_t length;

	if (left < sizeof(header))
		return fail("controller state: %zu bytes left at %zu, a section header has %zu",
			    left, *position, sizeof(header));
	memcpy(&header, bytes->data + *position, sizeof(header));
	*position += sizeof(header);
	left -= sizeof(header);
	length = le32toh(header.length);
	if (length > left)
		return fail("controller state: section at %zu says %u bytes, %zu are left",
			    *position, length, left);
	section = (struct section){
		.type = le16toh(header.type),
		.version = le16toh(header.version),
		.flags = le32toh(header.flags),
		.payload = { .data = bytes->data + *position, .size = length },
	};
	*position += length;
	return state_insert(state, state->count, &section);
}

static int split(const struct bytes *bytes, struct state *state)
{
	struct nvmove_cstate_header header;
	uint64_t standard;
	size_t position;

	if (bytes->size < sizeof(header) + sizeof(state->vendor))
		return fail("controller state: %zu bytes, its heads alone have %zu", bytes->size,
			    sizeof(header) + sizeof(state->vendor));
	memcpy(&header, bytes->data, sizeof(header));
	standard = le64toh(header.nvme_dwords[0]);
	if (standard > (bytes->size - sizeof(header) - sizeof(state->vendor)) / 4)
		return fail("controller state: %zu bytes cannot hold %llu dwords of queues",
			    bytes->size, (unsigned long long)standard);
	position = sizeof(header) + standard * 4;
	if (bytes_append(&state->standard, bytes->data, position))
		return -1;
	memcpy(&state->vendor, bytes->data + position, sizeof(state->vendor));
	position += sizeof(state->vendor);
	while (position < bytes->size)
		if (split_section(bytes, &position, state))
			return -1;
	return 0;
}

int state_split(const struct bytes *bytes, struct state *state)
{
	memset(state, 0, sizeof(*state));
	if (!split(bytes, state))
		return 0;
	state_free(state);
	return -1;
}

static int join_section(const struct section *section, struct bytes *bytes)
{
	struct nvmove_cstate_section header = {
		.type = htole16(section->type),
		.version = htole16(section->version),
		.flags = htole32(section->flags),
		.length = htole32((uint32_t)section->payload.size),
	};

	header.crc = htole32(crc32c(crc32c(0, &header, sizeof(header)), section->payload.data,
				    section->payload.size));
	if (bytes_append(bytes, &header, sizeof(header)))
		return -1;
	return bytes_append(bytes, section->payload.data, section->payload.size);
}

static void make_heads_right(struct state *state, size_t sections)
{
	struct nvmove_cstate_header header;

	memcpy(&header, state->standard.data, sizeof(header));
	header.nvme_dwords[0] = htole64((state->standard.size - sizeof(header)) / 4);
	header.vendor_dwords[0] = htole64((sizeof(state->vendor) + sections) / 4);
	memcpy(state->standard.data, &header, sizeof(header));
	state->vendor.nr_sections = htole32((uint32_t)state->count);
	state->vendor.nvme_crc =
		htole32(crc32c(0, state->standard.data, state->standard.size));
	state->vendor.crc = 0;
	state->vendor.crc = htole32(crc32c(0, &state->vendor, sizeof(state->vendor)));
}

int state_join(struct state *state, struct bytes *bytes)
{
	size_t sections = 0;

	for (size_t i = 0; i < state->count; i++)
		sections += sizeof(struct nvmove_cstate_section) + state->section[i].payload.size;
	make_heads_right(state, sections);
	if (bytes_append(bytes, state->standard.data, state->standard.size) ||
	    bytes_append(bytes, &state->vendor, sizeof(state->vendor)))
		return -1;
	for (size_t i = 0; i < state->count; i++)
		if (join_section(&state->section[i], bytes))
			return -1;
	return 0;
}

int state_insert(struct state *state, size_t at, const struct section *section)
{
	struct section new = *section;
	struct section *grown;

	memset(&new.payload, 0, sizeof(new.payload));
	if (bytes_append(&new.payload, section->payload.data, section->payload.size))
		return -1;
	grown = realloc(state->section, (state->count + 1) * sizeof(*grown));
	if (!grown) {
		bytes_free(&new.payload);
		return fail("no memory for %zu sections", state->count + 1);
	}
	state->section = grown;
	memmove(&grown[at + 1], &grown[at], (state->count - at) * sizeof(*grown));
	grown[at] = new;
	state->count++;
	return 0;
}

void state_remove(struct state *state, size_t at)
{
	bytes_free(&state->section[at].payload);
	state->count--;
	memmove(&state->section[at], &state->section[at + 1],
		(state->count - at) * sizeof(state->section[0]));
}

void state_free(struct state *state)
{
	while (state->count)
		state_remove(state, state->count - 1);
	free(state->section);
	bytes_free(&state->standard);
	memset(state, 0, sizeof(*state));
}

static const struct section *find_section(const struct state *state, uint16_t type)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->section[i].type == type)
			return &state->section[i];
	return NULL;
}

static int differ(const char *what, const uint8_t *written, size_t written_size,
		  const uint8_t *saved, size_t saved_size)
{
	if (written_size != saved_size)
		return fail("%s: %zu bytes were loaded, %zu are saved", what, written_size,
			    saved_size);
	for (size_t i = 0; i < saved_size; i++)
		if (written[i] != saved[i])
			return fail("%s, byte %zu: %#x was loaded, %#x is saved", what, i,
				    written[i], saved[i]);
	return 0;
}

/* The timestamp goes on from what was loaded, and says that it has stopped at some time. */
static int check_timers(const struct section *written, const struct section *saved)
{
	struct nvmove_cstate_timers loaded, found;
	uint64_t passed;

	if (written->payload.size != sizeof(loaded) || saved->payload.size != sizeof(found))
		return fail("timers: %zu bytes were loaded, %zu are saved", written->payload.size,
			    saved->payload.size);
	memcpy(&loaded, written->payload.data, sizeof(loaded));
	memcpy(&found, saved->payload.data, sizeof(found));
	passed = (le64toh(found.timestamp_ms) - le64toh(loaded.timestamp_ms)) & TIMESTAMP_MASK;
	if (passed > CLOCK_MS_MAX)
		return fail("timestamp: %llu ms were loaded, %llu ms are saved",
			    (unsigned long long)le64toh(loaded.timestamp_ms),
			    (unsigned long long)le64toh(found.timestamp_ms));
	loaded.timestamp_ms = found.timestamp_ms;
	loaded.timestamp_ns = found.timestamp_ns;
	loaded.timestamp_synch = 1;
	return differ("timers", (const uint8_t *)&loaded, sizeof(loaded), (const uint8_t *)&found,
		      sizeof(found));
}

static int check_smart(const struct section *written, const struct section *saved)
{
	struct nvmove_cstate_smart loaded, found;
	uint64_t passed;

	if (written->payload.size != sizeof(loaded) || saved->payload.size != sizeof(found))
		return fail("SMART: %zu bytes were loaded, %zu are saved", written->payload.size,
			    saved->payload.size);
	memcpy(&loaded, written->payload.data, sizeof(loaded));
	memcpy(&found, saved->payload.data, sizeof(found));
	passed = le64toh(found.power_on_ns) - le64toh(loaded.power_on_ns);
	if (passed > CLOCK_MS_MAX * 1000000)
		return fail("power on: %llu ns were loaded, %llu ns are saved",
			    (unsigned long long)le64toh(loaded.power_on_ns),
			    (unsigned long long)le64toh(found.power_on_ns));
	loaded.power_on_ns = found.power_on_ns;
	return differ("SMART", (const uint8_t *)&loaded, sizeof(loaded), (const uint8_t *)&found,
		      sizeof(found));
}

static int check_section(const struct section *written, const struct section *saved)
{
	switch (written->type) {
	case NVMOVE_CSTATE_TIMERS:
		return check_timers(written, saved);
	case NVMOVE_CSTATE_SMART:
		return check_smart(written, saved);
	case NVMOVE_CSTATE_LOCATORS:
		return 0;
	default:
		if (!differ("section", written->payload.data, written->payload.size,
			    saved->payload.data, saved->payload.size))
			return 0;
		return fail("section of type %u is not saved as it was loaded", written->type);
	}
}

/* Every section that was saved has been loaded; the others were skippable. */
static int check_sections(const struct state *written, const struct state *saved)
{
	size_t left_out = 0;

	for (size_t i = 0; i < written->count; i++) {
		const struct section *section = find_section(saved, written->section[i].type);

		if (section && check_section(&written->section[i], section))
			return -1;
		if (!section && !(written->section[i].flags & NVMOVE_CSTATE_F_SKIPPABLE))
			return fail("section of type %u was loaded and is not saved",
				    written->section[i].type);
		left_out += !section;
	}
	if (written->count - left_out != saved->count)
		return fail("sections: %zu were loaded, %zu left out, %zu are saved",
			    written->count, left_out, saved->count);
	return 0;
}

/* Container header and queues; the header's size of the vendor data and attributes may differ. */
static int check_standard(const struct state *written, const struct state *saved)
{
	size_t head = sizeof(struct nvmove_cstate_header);

	return differ("queues", written->standard.data + head, written->standard.size - head,
		      saved->standard.data + head, saved->standard.size - head);
}

int state_check_saved(const struct bytes *written, const struct bytes *saved)
{
	struct state loaded, found;
	int result;

	if (state_split(written, &loaded))
		return fail("a state that cannot be read was taken");
	result = state_split(saved, &found);
	if (!result) {
		result = check_standard(&loaded, &found);
		if (!result)
			result = check_sections(&loaded, &found);
		state_free(&found);
	}
	state_free(&loaded);
	return result;
}
