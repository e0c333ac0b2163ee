/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register of observable items: everything that a host of a migratable controller can see, with
 * the sections of the controller state that carry it, or the reason why none needs to.
 */
#ifndef MODEL_OBSERVABLE_H
#define MODEL_OBSERVABLE_H

#include <stddef.h>
#include <stdint.h>

/**
 * enum observable_kind - what an item's number is
 * @OBSERVABLE_REGISTER: byte offset of a dword in BAR0
 * @OBSERVABLE_IDENTIFY: CNS value
 * @OBSERVABLE_LOG: log page identifier
 * @OBSERVABLE_FEATURE: feature identifier
 * @OBSERVABLE_ADMIN: opcode
 * @OBSERVABLE_IO: opcode
 * @OBSERVABLE_PENDING: none: what is on its way, and is seen when it arrives
 * @OBSERVABLE_DATA: none: what the media hold
 */
enum observable_kind {
	OBSERVABLE_REGISTER,
	OBSERVABLE_IDENTIFY,
	OBSERVABLE_LOG,
	OBSERVABLE_FEATURE,
	OBSERVABLE_ADMIN,
	OBSERVABLE_IO,
	OBSERVABLE_PENDING,
	OBSERVABLE_DATA,
	NR_OBSERVABLE_KINDS,
};

/** IN() - a section, as a bit of struct observable's @sections; IO_QUEUES_PART is bit 0 */
#define IN(type)	(1u << (type))

/**
 * struct observable - an item
 * @sections: that carry it, IN() each; 0: see @why
 * @why: what it follows from, where no section carries it
 */
struct observable {
	enum observable_kind kind;
	unsigned int number;
	const char *name;
	uint32_t sections;
	const char *why;
};

extern const struct observable observables[];
extern const size_t nr_observables;
extern const char *const observable_kinds[NR_OBSERVABLE_KINDS];

/* NULL if there is none. */
const struct observable *observable_find(enum observable_kind kind, unsigned int number);

#endif /* MODEL_OBSERVABLE_H */
