// SPDX-License-Identifier: BSD-2-Clause
/*
 * Admin commands by the NVMe driver's passthrough: three commands need no library.
 */
#include "nvme_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TIMEOUT_MS	60000
#define STATUS_MASK	0x7ff	/* without Do Not Retry, More and the retry delay */

int nvme_device_open(struct nvme_device *device, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", name);
	device->fd = open(path, O_RDWR | O_CLOEXEC);
	return device->fd < 0 ? -errno : 0;
}

void nvme_device_close(struct nvme_device *device)
{
	close(device->fd);
}

static int submit(struct nvme_device *device, struct nvme_admin_cmd *command)
{
	int status = ioctl(device->fd, NVME_IOCTL_ADMIN_CMD, command);

	return status < 0 ? -errno : status & STATUS_MASK;
}

int nvme_device_identify(struct nvme_device *device, uint8_t cns, uint16_t cntid, uint32_t nsid,
			 void *data)
{
	struct nvme_admin_cmd command = {
		.opcode = NVM_ADMIN_IDENTIFY,
		.nsid = nsid,
		.addr = (uintptr_t)data,
		.data_len = NVM_IDENTIFY_SIZE,
		.cdw10 = cns | (uint32_t)cntid << 16,
		.timeout_ms = TIMEOUT_MS,
	};

	return submit(device, &command);
}

int nvme_device_log(struct nvme_device *device, uint8_t lid, uint16_t lsi, uint64_t offset,
		    void *data, uint32_t length)
{
	uint32_t dwords = length / 4 - 1;	/* 0-based */
	struct nvme_admin_cmd command = {
		.opcode = NVM_ADMIN_GET_LOG_PAGE,
		.addr = (uintptr_t)data,
		.data_len = length,
		.cdw10 = lid | dwords << 16,
		.cdw11 = dwords >> 16 | (uint32_t)lsi << 16,
		.cdw12 = (uint32_t)offset,
		.cdw13 = (uint32_t)(offset >> 32),
		.timeout_ms = TIMEOUT_MS,
	};

	return submit(device, &command);
}

int nvme_device_manage(struct nvme_device *device, uint16_t cntlid, unsigned int action,
		       unsigned int type, uint16_t count)
{
	struct nvme_admin_cmd command = {
		.opcode = NVM_ADMIN_VIRT_MGMT,
		.cdw10 = action | type << 8 | (uint32_t)cntlid << 16,
		.cdw11 = count,
		.timeout_ms = TIMEOUT_MS,
	};

	return submit(device, &command);
}
