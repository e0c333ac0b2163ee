/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes a saved controller state apart, changes it and seals it again, by the layouts in lm.h and
 * cstate.h alone. It has its own CRC-32C, so that the library's is tested too.
 */
#ifndef UNIT_STATE_EDITOR_H
#define UNIT_STATE_EDITOR_H

#include "harness.h"

/** struct state - a saved state; @data is owned */
struct state {
	uint8_t *data;
	size_t size;
};

uint32_t state_crc32c(const void *data, size_t len);

/** state_of() - save suspended controller @index of @rig */
struct state state_of(struct rig *rig, unsigned int index);
struct state state_copy(const struct state *state);
void state_free(struct state *state);

/** state_vendor() - offset of the vendor data's head */
size_t state_vendor(const struct state *state);

/** state_section() - offset of the header of the section of @type, 0 if there is none */
size_t state_section(const struct state *state, unsigned int type);
/** state_payload() - the payload of the section of @type, which must exist */
uint8_t *state_payload(struct state *state, unsigned int type, size_t *len);

/** state_insert(), state_remove() - grow or shrink at @offset; the sizes are not adjusted */
void state_insert(struct state *state, size_t offset, const void *data, size_t len);
void state_remove(struct state *state, size_t offset, size_t len);

/** state_add_section() - append a section; sizes, count and checksums are made right */
void state_add_section(struct state *state, unsigned int type, unsigned int version,
		       uint32_t flags, const void *payload, size_t len);
/** state_drop_section() - remove a section; sizes, count and checksums are made right */
void state_drop_section(struct state *state, unsigned int type);
/** state_resize_section() - grow or shrink a section's payload, with zeroes, and seal */
void state_resize_section(struct state *state, unsigned int type, size_t len);

/** state_seal() - recompute every checksum */
void state_seal(struct state *state);

/* Offsets in the NVMe Controller State */
size_t state_sq(const struct state *state, unsigned int index);
size_t state_cq(const struct state *state, unsigned int index);

#endif /* UNIT_STATE_EDITOR_H */
