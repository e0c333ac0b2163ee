/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Controller states for programs that look at them: the parts of a state that is well formed
 * (docs/controller-state.md). It is the reader of nvmove_ctrl_load(), without a controller: whether
 * what the parts say makes sense, and to whom, is the load's to judge, never this one's.
 */
#ifndef NVMOVE_STATE_READER_H
#define NVMOVE_STATE_READER_H

#include <stddef.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>

#include "ctrl.h"

/**
 * struct nvmove_state_section - where a section's payload is
 * @payload: NULL: not there
 * @length: bytes; as section's layout demands where that is one structure or a list of one, else
 *	not checked beyond being a multiple of 4
 */
struct nvmove_state_section {
	const void *payload;
	size_t length;
};

/**
 * struct nvmove_state_view - parts of a state; points into it
 * @header: container
 * @sq, @cq: I/O queues, @nr_sq and @nr_cq of them
 * @vendor: head of the vendor data. Its sections follow, in the order of the writer, each behind
 *	the other, with unknown ones that are skippable among them
 * @section: payloads of the known sections, by enum nvmove_cstate_type
 */
struct nvmove_state_view {
	const struct nvmove_cstate_header *header;
	const struct nvmove_cstate_sq *sq;
	const struct nvmove_cstate_cq *cq;
	unsigned int nr_sq;
	unsigned int nr_cq;
	const struct nvmove_cstate_vendor *vendor;
	struct nvmove_state_section section[NVMOVE_CSTATE_TYPE_MAX + 1];
};

/**
 * nvmove_state_read() - find the parts of a whole state, form and checksums verified
 * @buf: state, untrusted, on a 4-byte boundary
 * @size: bytes in @buf
 * @view: receives the parts
 * @error: receives the reason on failure; not NULL
 *
 * Return: 0, -EBADMSG for a state that is malformed, -ENOTSUP for one of another version or with a
 * required section that is unknown.
 */
int nvmove_state_read(const void *buf, size_t size, struct nvmove_state_view *view,
		      struct nvmove_load_error *error);

/**
 * nvmove_question_read() - find the compatibility record in a question (docs/controller-state.md)
 * @buf: container, untrusted, on a 4-byte boundary
 * @size: bytes in @buf
 * @record: receives where the record is; nvmove_compat_check() judges it
 * @error: receives the reason on failure; not NULL
 *
 * Return: 0, -EBADMSG, -ENOTSUP, as nvmove_state_read().
 */
int nvmove_question_read(const void *buf, size_t size, struct nvmove_state_section *record,
			 struct nvmove_load_error *error);

/**
 * nvmove_state_section_name() - what docs/controller-state.md calls a section
 * @type: enum nvmove_cstate_type, or 0 for the container
 *
 * Return: its name, NULL for a type that is not known.
 */
const char *nvmove_state_section_name(unsigned int type);

#endif /* NVMOVE_STATE_READER_H */
