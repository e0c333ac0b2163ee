/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The head of a report's page: what it may load, which is nothing, and how it looks.
 */
#ifndef TOOL_REPORT_STYLE_H
#define TOOL_REPORT_STYLE_H

/** report_page_head - up to the begin of the page's contents */
extern const char report_page_head[];

#endif /* TOOL_REPORT_STYLE_H */
