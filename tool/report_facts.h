/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a report says, as the object that "nvmove report --json" prints (nvmove-report(1)) and that
 * the page is made from. How it looks is not told here.
 */
#ifndef TOOL_REPORT_FACTS_H
#define TOOL_REPORT_FACTS_H

#include <json-c/json.h>

#include "recording.h"

/**
 * report_facts() - everything that recordings tell
 * @recordings: of the hosts that took part, in any order
 * @nr: 1 to HISTORY_MOST_RECORDINGS
 *
 * Return: the object, NULL if there is no memory.
 */
struct json_object *report_facts(const struct recording *recordings, unsigned int nr);

#endif /* TOOL_REPORT_FACTS_H */
