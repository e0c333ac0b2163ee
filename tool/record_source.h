/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where compatibility records come from: a function of this host, another host, a file. It never
 * looks into them.
 */
#ifndef TOOL_RECORD_SOURCE_H
#define TOOL_RECORD_SOURCE_H

#include "file.h"

/**
 * record_fetch() - get a controller's compatibility record
 * @source: PCI address of a function of this host; ssh:HOST:FUNCTION, for which "nvmove record
 *	FUNCTION" is run there; else a file
 * @record: receives the record alone, on a 4-byte boundary, not verified; to be released with
 *	file_release() if 0 is returned
 *
 * Return: 0, or -1 after a complaint.
 */
int record_fetch(const char *source, struct contents *record);

#endif /* TOOL_RECORD_SOURCE_H */
