/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A controller state as bytes (docs/controller-state.md): taken apart into the standard's part and
 * sections, put together with right sizes and checksums, compared. What the sections say is not
 * looked at, but for the two that a clock changes. It never touches a device.
 */
#ifndef VFIO_LAB_STATE_H
#define VFIO_LAB_STATE_H

#include <nvmove/cstate.h>

#include "stream.h"

/** struct section - one section; @payload is owned */
struct section {
	uint16_t type;
	uint16_t version;
	uint32_t flags;
	struct bytes payload;
};

/**
 * struct state - a state taken apart; owned by whoever called state_split()
 * @standard: container header and NVMe Controller State
 * @vendor: head of the vendor data
 * @section: its sections in the order of the bytes
 */
struct state {
	struct bytes standard;
	struct nvmove_cstate_vendor vendor;
	struct section *section;
	size_t count;
};

/** state_split() - take @bytes apart; reports what is wrong with them and returns -1 */
int state_split(const struct bytes *bytes, struct state *state);

/** state_join() - put a state together, with right sizes and checksums */
int state_join(struct state *state, struct bytes *bytes);

/** state_insert() - a new section before index @at, with a copy of @payload */
int state_insert(struct state *state, size_t at, const struct section *section);

/** state_remove() - remove the section at index @at */
void state_remove(struct state *state, size_t at);

/** state_free() - release */
void state_free(struct state *state);

/**
 * state_check_saved() - is @saved what a controller must hand out that was given @written?
 *
 * Byte for byte, but for what the format lets differ: the order of sections, sections that a reader
 * leaves out, the minor version, attribute bits that are not looked at, locators, which the
 * destination may know or not, and clocks, which go on.
 *
 * Return: 0, or -1 with the first difference reported.
 */
int state_check_saved(const struct bytes *written, const struct bytes *saved);

#endif /* VFIO_LAB_STATE_H */
