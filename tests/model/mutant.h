/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planted bugs: each leaves something out of a saved state or spoils it, as a bug in saving or
 * loading would, and makes the checksums right again. The twins must notice every one.
 */
#ifndef MODEL_MUTANT_H
#define MODEL_MUTANT_H

#include <stddef.h>
#include <stdint.h>

struct mutant;

/* The mutant called @name, NULL if there is none; by number, NULL after the last. */
const struct mutant *mutant_find(const char *name);
const struct mutant *mutant_number(size_t number);
const char *mutant_name(const struct mutant *mutant);

/* Change the state of *@size bytes at @state, which never grows. */
void mutant_apply(const struct mutant *mutant, uint8_t *state, long *size);

#endif /* MODEL_MUTANT_H */
