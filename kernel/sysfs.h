/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of a bound function in sysfs, docs/sysfs-attributes.md.
 */
#ifndef NVMOVE_SYSFS_H
#define NVMOVE_SYSFS_H

struct attribute_group;

/* Of each function that is bound: the directory "migration". */
extern const struct attribute_group *nvmove_function_groups[];

#endif /* NVMOVE_SYSFS_H */
