// SPDX-License-Identifier: BSD-2-Clause
/*
 * Editing of saved controller states for the tests that load what nobody should have saved.
 */
#include "state_editor.h"

#define HEADER		sizeof(struct nvmove_cstate_header)
#define VENDOR		sizeof(struct nvmove_cstate_vendor)
#define SECTION		sizeof(struct nvmove_cstate_section)
#define POLYNOMIAL	0x82f63b78u

static uint32_t crc_step(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len--) {
		crc ^= *at++;
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
	}
	return crc;
}

uint32_t state_crc32c(const void *data, size_t len)
{
	return ~crc_step(~0u, data, len);
}

struct state state_of(struct rig *rig, unsigned int index)
{
	struct state state;

	state.data = rig_save(rig, index, &state.size);
	return state;
}

struct state state_copy(const struct state *state)
{
	struct state copy = { malloc(state->size), state->size };

	assert_non_null(copy.data);
	memcpy(copy.data, state->data, state->size);
	return copy;
}

void state_free(struct state *state)
{
	free(state->data);
	state->data = NULL;
	state->size = 0;
}

size_t state_vendor(const struct state *state)
{
	return HEADER + get64(state->data, 16) * 4;
}

size_t state_section(const struct state *state, unsigned int type)
{
	size_t at = state_vendor(state) + VENDOR;

	for (uint32_t n = get32(state->data, state_vendor(state) + 20); n; n--) {
		if (get16(state->data, at) == type)
			return at;
		at += SECTION + get32(state->data, at + 8);
	}
	return 0;
}

uint8_t *state_payload(struct state *state, unsigned int type, size_t *len)
{
	size_t at = state_section(state, type);

	if (!at)
		fail_msg("the state has no section %u", type);
	if (len)
		*len = get32(state->data, at + 8);
	return state->data + at + SECTION;
}

void state_insert(struct state *state, size_t offset, const void *data, size_t len)
{
	state->data = realloc(state->data, state->size + len);
	assert_non_null(state->data);
	memmove(state->data + offset + len, state->data + offset, state->size - offset);
	if (data)
		memcpy(state->data + offset, data, len);
	else
		memset(state->data + offset, 0, len);
	state->size += len;
}

void state_remove(struct state *state, size_t offset, size_t len)
{
	memmove(state->data + offset, state->data + offset + len, state->size - offset - len);
	state->size -= len;
}

/** set_vendor_size() - make the container's size of the vendor data right */
static void set_vendor_size(struct state *state)
{
	put64(state->data, 32, (state->size - state_vendor(state)) / 4);
}

void state_seal(struct state *state)
{
	size_t vendor = state_vendor(state), at = vendor + VENDOR;

	for (uint32_t n = get32(state->data, vendor + 20); n && at + SECTION <= state->size; n--) {
		uint32_t len = get32(state->data, at + 8);

		if (len > state->size - at - SECTION)
			break;
		put32(state->data, at + 12, 0);
		put32(state->data, at + 12, state_crc32c(state->data + at, SECTION + len));
		at += SECTION + len;
	}
	put32(state->data, vendor + 24, state_crc32c(state->data, vendor));
	put32(state->data, vendor + 28, 0);
	put32(state->data, vendor + 28, state_crc32c(state->data + vendor, VENDOR));
}

void state_add_section(struct state *state, unsigned int type, unsigned int version,
		       uint32_t flags, const void *payload, size_t len)
{
	size_t at = state->size, vendor = state_vendor(state);

	state_insert(state, at, NULL, SECTION + len);
	put16(state->data, at, type);
	put16(state->data, at + 2, version);
	put32(state->data, at + 4, flags);
	put32(state->data, at + 8, len);
	if (payload)
		memcpy(state->data + at + SECTION, payload, len);
	put32(state->data, vendor + 20, get32(state->data, vendor + 20) + 1);
	set_vendor_size(state);
	state_seal(state);
}

void state_drop_section(struct state *state, unsigned int type)
{
	size_t at = state_section(state, type), vendor = state_vendor(state);

	assert_int_not_equal(at, 0);
	state_remove(state, at, SECTION + get32(state->data, at + 8));
	put32(state->data, vendor + 20, get32(state->data, vendor + 20) - 1);
	set_vendor_size(state);
	state_seal(state);
}

void state_resize_section(struct state *state, unsigned int type, size_t len)
{
	size_t at = state_section(state, type), old;

	assert_int_not_equal(at, 0);
	old = get32(state->data, at + 8);
	if (len > old)
		state_insert(state, at + SECTION + old, NULL, len - old);
	else
		state_remove(state, at + SECTION + len, old - len);
	put32(state->data, at + 8, len);
	set_vendor_size(state);
	state_seal(state);
}

size_t state_sq(const struct state *state, unsigned int index)
{
	assert_in_range(index + 1, 1, get16(state->data, HEADER + 2));
	return HEADER + sizeof(struct nvmove_cstate_nvme) +
	       index * sizeof(struct nvmove_cstate_sq);
}

size_t state_cq(const struct state *state, unsigned int index)
{
	assert_in_range(index + 1, 1, get16(state->data, HEADER + 4));
	return HEADER + sizeof(struct nvmove_cstate_nvme) +
	       get16(state->data, HEADER + 2) * sizeof(struct nvmove_cstate_sq) +
	       index * sizeof(struct nvmove_cstate_cq);
}
