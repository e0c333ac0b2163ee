// SPDX-License-Identifier: BSD-2-Clause
/*
 * A controller behind the Linux NVMe driver: admin passthrough through libnvme. The driver owns the
 * controller's admin queue and lends memory for the length of a command alone, so there is no
 * memory for a queue that is logged into, and no event of the controller's reaches this program.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libnvme.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"

#define BOUNCE_BYTES	(MAX_PIECE + PAGE_BYTES)
#define TIMEOUT_MS	60000

static struct device *device_of(struct backend *backend)
{
	return (struct device *)backend;
}

static int device_admin(struct backend *backend, enum role role,
			const struct admin_command *command, struct admin_result *result)
{
	struct device *device = device_of(backend);
	struct nvme_passthru_cmd64 entry = {
		.opcode = command->opcode, .nsid = command->nsid,
		.cdw10 = command->cdw10, .cdw11 = command->cdw11, .cdw12 = command->cdw12,
		.cdw13 = command->cdw13, .cdw14 = command->cdw14, .cdw15 = command->cdw15,
		.timeout_ms = TIMEOUT_MS,
	};
	uint8_t *data = device->bounce + command->page_offset;
	__u64 dwords = 0;
	int status;

	if (command->prp1 || command->length > MAX_PIECE || command->page_offset >= PAGE_BYTES)
		return -EINVAL;
	if (command->data && command->length) {
		memcpy(data, command->data, command->length);
		entry.addr = (uintptr_t)data;
		entry.data_len = command->length;
	}
	status = nvme_submit_admin_passthru64(role == MMC ? device->fd : device->migratable_fd,
					      &entry, &dwords);
	if (status < 0)
		return -errno;
	if (entry.data_len && !(command->opcode & 1))
		memcpy(command->data, data, command->length);
	*result = (struct admin_result){
		.status = (unsigned int)status & NVM_SC_MASK,
		.dw0 = (uint32_t)dwords, .dw1 = dwords >> 32,
	};
	return 0;
}

static int device_reset(struct backend *backend)
{
	return nvme_ctrl_reset(device_of(backend)->fd) ? -errno : 0;
}

static bool device_migratable(struct backend *backend)
{
	return device_of(backend)->migratable_fd >= 0;
}

int device_open(struct device *device, const char *path, const char *migratable, bool may_reset)
{
	const char *slash = strrchr(path, '/');

	device->ops = (struct backend_ops){
		.admin = device_admin,
		.reset = may_reset ? device_reset : NULL,
		.migratable = device_migratable,
	};
	device->base.ops = &device->ops;
	device->name = slash ? slash + 1 : path;
	device->migratable_fd = -1;
	device->fd = open(path, O_RDWR | O_CLOEXEC);
	if (device->fd < 0)
		return -errno;
	device->bounce = aligned_alloc(PAGE_BYTES, BOUNCE_BYTES);
	if (!device->bounce)
		return -ENOMEM;
	memset(device->bounce, 0, BOUNCE_BYTES);
	if (!migratable)
		return 0;
	device->migratable_fd = open(migratable, O_RDWR | O_CLOEXEC);
	return device->migratable_fd < 0 ? -errno : 0;
}

void device_close(struct device *device)
{
	if (device->migratable_fd >= 0)
		close(device->migratable_fd);
	if (device->fd >= 0)
		close(device->fd);
	free(device->bounce);
}

bool device_driver_of(const struct device *device, unsigned int vfn, char *driver, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	snprintf(link, sizeof(link), "/sys/class/nvme/%s/device/virtfn%u/driver", device->name,
		 vfn - 1);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(driver, size, "%s", slash ? slash + 1 : target);
	return true;
}

/* The disk that shows the namespace whose directory below the controller's is called @entry. */
static bool disk_of(const char *entry, char *path, size_t size)
{
	unsigned int instance, controller, nsid;

	/* With multipath the directory is of one path, the disk of all of them. */
	if (sscanf(entry, "nvme%uc%un%u", &instance, &controller, &nsid) != 3 &&
	    sscanf(entry, "nvme%un%u", &instance, &nsid) != 2)
		return false;
	snprintf(path, size, "/dev/nvme%un%u", instance, nsid);
	return true;
}

/* Whoever mounts a disk or a partition of it, or builds upon it, claims the disk. */
static bool is_claimed(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

bool device_is_in_use(const struct device *device)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "/sys/class/nvme/%s", device->name);
	directory = opendir(path);
	if (!directory)
		return false;
	while (!found && (entry = readdir(directory)))
		found = disk_of(entry->d_name, path, sizeof(path)) && is_claimed(path);
	closedir(directory);
	return found;
}
