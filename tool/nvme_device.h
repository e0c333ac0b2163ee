/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Admin commands to a controller behind the Linux NVMe driver. What the answers mean is not its
 * business.
 */
#ifndef TOOL_NVME_DEVICE_H
#define TOOL_NVME_DEVICE_H

#include <stdint.h>

#include <nvmove/nvme.h>

/** struct nvme_device - an open controller */
struct nvme_device {
	int fd;
};

/**
 * nvme_device_open() - open a controller's character device
 * @name: such as nvme0
 *
 * Return: 0, or a negative errno.
 */
int nvme_device_open(struct nvme_device *device, const char *name);

/** nvme_device_close() - the end */
void nvme_device_close(struct nvme_device *device);

/**
 * nvme_device_identify() - Identify (Base 5.1.13)
 * @cns: NVM_CNS_*
 * @cntid: controller id, where @cns selects by one
 * @nsid: namespace id, where @cns selects by one
 * @data: receives NVM_IDENTIFY_SIZE bytes
 *
 * Return: 0, a negative errno, or the status of a command that failed.
 */
int nvme_device_identify(struct nvme_device *device, uint8_t cns, uint16_t cntid, uint32_t nsid,
			 void *data);

/**
 * nvme_device_log() - Get Log Page (Base 5.1.12)
 * @lid: log page
 * @lsi: Log Specific Identifier
 * @offset: byte offset in the page, a multiple of 4
 * @data: receives @length bytes
 * @length: multiple of 4, not more than the controller transfers at once
 *
 * Return: as nvme_device_identify().
 */
int nvme_device_log(struct nvme_device *device, uint8_t lid, uint16_t lsi, uint64_t offset,
		    void *data, uint32_t length);

/**
 * nvme_device_manage() - Virtualization Management (Base 5.2.6)
 * @cntlid: secondary controller
 * @action: enum nvm_virt_action
 * @type: NVM_VIRT_RT_*; 0 for actions without resources
 * @count: resources
 *
 * Return: as nvme_device_identify().
 */
int nvme_device_manage(struct nvme_device *device, uint16_t cntlid, unsigned int action,
		       unsigned int type, uint16_t count);

#endif /* TOOL_NVME_DEVICE_H */
