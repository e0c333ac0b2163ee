/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The question of a controller (docs/controller-state.md, "Questions") through its controlling
 * function, for functions that the driver, which would read it, does not have. It never looks into
 * the answer beyond its size.
 */
#ifndef TOOL_QUESTION_H
#define TOOL_QUESTION_H

#include "file.h"
#include "sysfs.h"

/**
 * question_fetch() - read log page C1h of the controller behind a VF
 * @function: the VF
 * @question: receives the container; to be released with file_release() if 0 is returned
 *
 * Only devices that are known to define that page are asked for it (R8): those that offer states
 * under this project's UUID, and those of the vendor commands.
 *
 * Return: 0, or -1 after a complaint.
 */
int question_fetch(const struct pci_address *function, struct contents *question);

#endif /* TOOL_QUESTION_H */
