// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing attributes in sysfs.
 */
#include "sysfs_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sysfs.h"

int sysfs_write(const char *path, const char *value)
{
	char full[SYSFS_PATH_SIZE], line[SYSFS_TEXT_SIZE];
	int length = snprintf(line, sizeof(line), "%s\n", value), err = 0, fd;

	if (length >= (int)sizeof(line))
		return -ENAMETOOLONG;
	sysfs_path(full, "%s", path);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* A value is taken by one write, or not at all. */
	if (write(fd, line, (size_t)length) < 0)
		err = -errno;
	close(fd);
	return err;
}
