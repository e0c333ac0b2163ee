/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back end that reaches an NVMe controller through the Linux driver, and what that driver and
 * the PCI bus know of who uses the functions around it.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "conformance.h"

/**
 * struct device - a back end; zeroed before device_open()
 * @name: of the MMC's character device, without /dev/
 * @fd: of the MMC
 * @migratable_fd: of a migratable controller, -1 if there is none
 * @bounce: the one buffer that commands transfer through: page aligned, as long as the program
 *	lives
 */
struct device {
	struct backend base;
	struct backend_ops ops;
	const char *name;
	int fd;
	int migratable_fd;
	uint8_t *bounce;
};

/**
 * device_open() - open the MMC
 * @path: like /dev/nvme0
 * @migratable: likewise of a migratable controller of the same subsystem, or NULL
 * @may_reset: tests may reset the MMC
 *
 * Return: 0 or -errno
 */
int device_open(struct device *device, const char *path, const char *migratable, bool may_reset);
void device_close(struct device *device);

/**
 * device_driver_of() - the driver that the virtual function @vfn (from 1) of the MMC is bound to
 *
 * Return: whether there is one
 */
bool device_driver_of(const struct device *device, unsigned int vfn, char *driver, size_t size);

/** device_is_in_use() - whether a namespace of the MMC, or a part of one, is mounted or otherwise claimed */
bool device_is_in_use(const struct device *device);

#endif /* DEVICE_H */
