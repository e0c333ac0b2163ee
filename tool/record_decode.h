/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compatibility record as JSON (docs/controller-state.md, "Compatibility record"). It never
 * compares two: that is ctrl/compat_check.h's.
 */
#ifndef TOOL_RECORD_DECODE_H
#define TOOL_RECORD_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#include <state_reader.h>

/** record_is_one() - whether a file begins as a record does */
bool record_is_one(const void *data, size_t size);

/**
 * record_verify() - whether a record is well formed
 * @error: receives the reason if it is not; its section is 0
 *
 * Return: 0, or -1.
 */
int record_verify(const void *data, size_t size, struct nvmove_load_error *error);

/**
 * record_decode() - take a record apart
 * @data: record that record_verify() has found to be well formed, on a 4-byte boundary
 *
 * Return: object of the caller's.
 */
struct json_object *record_decode(const void *data);

#endif /* TOOL_RECORD_DECODE_H */
