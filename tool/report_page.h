/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts of a report as one HTML page that needs nothing but itself. It finds out nothing.
 */
#ifndef TOOL_REPORT_PAGE_H
#define TOOL_REPORT_PAGE_H

#include <stdio.h>

#include <json-c/json.h>

/** report_page() - write the page; @facts are report_facts()', whose texts may say anything */
void report_page(FILE *out, struct json_object *facts);

#endif /* TOOL_REPORT_PAGE_H */
