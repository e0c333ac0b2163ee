// SPDX-License-Identifier: BSD-2-Clause
/*
 * The table of requirements: what is tested, in the order of requirements.list.
 */
#include "requirements.h"

const struct requirement requirements[] = {
#define REQUIREMENT(id, section, text) { #id, section, text, id },
#include "requirements.list"
#undef REQUIREMENT
};

const size_t nr_requirements = ARRAY_LENGTH(requirements);
