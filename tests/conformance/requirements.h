/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tests of the requirements, declared from the one table that lists them.
 */
#ifndef REQUIREMENTS_H
#define REQUIREMENTS_H

#include "conformance.h"

#define REQUIREMENT(id, section, text) void id(struct session *session);
#include "requirements.list"
#undef REQUIREMENT

#endif /* REQUIREMENTS_H */
