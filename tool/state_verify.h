/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a state obeys every rule of docs/controller-state.md: whether a controller that is what
 * the state says would load it. No device is touched.
 */
#ifndef TOOL_STATE_VERIFY_H
#define TOOL_STATE_VERIFY_H

#include <state_reader.h>

/**
 * state_verify() - load a state into a controller that is made for it
 * @buf: state, untrusted, on a 4-byte boundary
 * @size: bytes
 * @error: receives the reason on failure
 *
 * The controller is libnvmove-ctrl's, with the limits, resources and namespaces that the state
 * names, and takes over its identity. What such a controller cannot be is a reason too: blocks of
 * other than 512 or 4,096 bytes, or one of the fields of Identify Controller that the page calls
 * fixed.
 *
 * Return: 0, or -1.
 */
int state_verify(const void *buf, size_t size, struct nvmove_load_error *error);

#endif /* TOOL_STATE_VERIFY_H */
