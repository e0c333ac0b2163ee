/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A controller state as JSON, with the names of docs/controller-state.md. It shows what a state
 * says and never judges it beyond what reading it needs.
 */
#ifndef TOOL_STATE_DECODE_H
#define TOOL_STATE_DECODE_H

#include <json-c/json.h>

#include <nvmove/cstate.h>
#include <state_reader.h>

/**
 * state_decode() - take a state apart
 * @buf: state, untrusted, on a 4-byte boundary
 * @size: bytes
 * @error: receives the reason on failure
 *
 * Return: object of the caller's, NULL for a state that cannot be read.
 */
struct json_object *state_decode(const void *buf, size_t size, struct nvmove_load_error *error);

/** state_decode_identity() - an identity section's payload, which a compatibility record has too */
struct json_object *state_decode_identity(const struct nvmove_cstate_identity *identity);

/** state_decode_namespaces() - attached namespaces: @length bytes of their entries */
struct json_object *state_decode_namespaces(const void *list, size_t length);

/**
 * state_decode_locators() - a list of locators
 *
 * Return: array, NULL if it is cut off, with the reason in @error.
 */
struct json_object *state_decode_locators(const void *list, size_t length,
					  struct nvmove_load_error *error);

#endif /* TOOL_STATE_DECODE_H */
