/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that are no VFs and yet are controlled by another one (R3). Nothing in a PCI function
 * tells which controller of which subsystem it is, so the administrator names it.
 */
#ifndef NVMOVE_CONTROLLED_H
#define NVMOVE_CONTROLLED_H

#include <linux/types.h>

struct attribute_group;
struct pci_dev;

/* Of the driver: the attribute "controlled", docs/driver.md. */
extern const struct attribute_group *nvmove_controlled_groups[];

/**
 * nvmove_controlled_lookup - what the administrator has said about a function
 * @pdev: the function
 * @cntlid: the controller id that it has, as said
 *
 * Return: a new reference to the controlling function; NULL if none was named or it is not there.
 */
struct pci_dev *nvmove_controlled_lookup(struct pci_dev *pdev, u16 *cntlid);

/**
 * nvmove_controlled_exit - forget everything that was said
 */
void nvmove_controlled_exit(void);

#endif /* NVMOVE_CONTROLLED_H */
