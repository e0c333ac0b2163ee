/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A register of the library's own plain data: every member of every structure that a host can
 * observe, with the section of the controller state that carries it, or the reason why none does.
 * Whoever adds a member adds a line; tests/model/state_fields.c fails otherwise.
 */
#ifndef MODEL_FIELDS_H
#define MODEL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "controller.h"

#define IO_QUEUES_PART	0	/* the container's NVMe Controller State, in place of a section's type */

/**
 * enum travel - how a member reaches the other side
 * @TRAVELS_AS_IT_IS: the same bytes there as here
 * @TRAVELS_TRANSLATED: the same meaning there as here; @equal of the field tells
 * @CONSTANT: it has one value only
 * @NESTED: by its own members, registered under @structure
 * @NESTED_ARRAY: likewise, each element; a pointer to them
 * @STAYS: not at all, for the reason given
 */
enum travel {
	TRAVELS_AS_IT_IS,
	TRAVELS_TRANSLATED,
	CONSTANT,
	NESTED,
	NESTED_ARRAY,
	STAYS,
};

/**
 * struct field - a member
 * @section: enum nvmove_cstate_type, or IO_QUEUES_PART
 * @structure: of NESTED and NESTED_ARRAY
 * @why: of CONSTANT and STAYS
 * @equal: of TRAVELS_TRANSLATED: whether it means the same in both controllers
 */
struct field {
	const char *name;
	size_t offset;
	size_t size;
	size_t align;
	enum travel travel;
	unsigned int section;
	const struct structure *structure;
	const char *why;
	bool (*equal)(const struct nvmove_ctrl *a, const struct nvmove_ctrl *b);
};

/** struct structure - as in ctrl/controller.h, its members in their order */
struct structure {
	const char *name;
	size_t size;
	size_t align;
	const struct field *field;
	size_t nr_fields;
};

extern const struct structure *const structures[];
extern const size_t nr_structures;
extern const struct structure ctrl_state_structure;
extern const struct structure namespace_structure;

#endif /* MODEL_FIELDS_H */
