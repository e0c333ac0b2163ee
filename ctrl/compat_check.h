/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether one controller can take another's state, judged offline from their compatibility records
 * (nvmove/compat.h). Its implementation needs no controller: lm/compat_check.c and lm/crc32c.c are
 * all that a program has to link.
 */
#ifndef NVMOVE_COMPAT_CHECK_H
#define NVMOVE_COMPAT_CHECK_H

#include <stddef.h>

/**
 * struct nvmove_compat_reason - why a state could not be loaded
 * @field: what differs, in the words of a refusal by nvmove_ctrl_load()
 * @source: its value at the source
 * @destination: its value at the destination, or what the destination could do
 *
 * Printable ASCII, valid during the call.
 */
struct nvmove_compat_reason {
	const char *field;
	const char *source;
	const char *destination;
};

/**
 * typedef nvmove_compat_reason_fn - receives a reason
 * @arg: as given to nvmove_compat_check()
 * @reason: reason
 */
typedef void nvmove_compat_reason_fn(void *arg, const struct nvmove_compat_reason *reason);

/**
 * nvmove_compat_check() - can the destination take the source's state?
 * @source: record of the controller that has the state, untrusted, on any boundary
 * @source_size: bytes at @source
 * @destination: record of the controller that would load it, untrusted
 * @destination_size: bytes at @destination
 * @fn: called once for each reason why not. May be NULL
 * @arg: for @fn
 *
 * The answer is that of nvmove_ctrl_load() for a controller that has been enabled and has done
 * nothing else: what its host did to a namespace that is shared at the destination, such as a
 * reservation, may still stand against it.
 *
 * Return: number of reasons, 0 if it can; -EBADMSG for a record that is malformed and -ENOTSUP for
 * one of another version: then @fn is called once with the field of the record at fault, its value
 * in the place of that side, and what is expected in the other.
 */
int nvmove_compat_check(const void *source, size_t source_size, const void *destination,
			size_t destination_size, nvmove_compat_reason_fn *fn, void *arg);

#endif /* NVMOVE_COMPAT_CHECK_H */
