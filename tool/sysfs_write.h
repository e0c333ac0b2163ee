/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing attributes in sysfs, apart from reading them: this is all that changes anything there.
 */
#ifndef TOOL_SYSFS_WRITE_H
#define TOOL_SYSFS_WRITE_H

/**
 * sysfs_write() - write an attribute
 * @path: below sysfs
 * @value: text; a newline is added
 *
 * Return: 0, or a negative errno.
 */
int sysfs_write(const char *path, const char *value);

#endif /* TOOL_SYSFS_WRITE_H */
