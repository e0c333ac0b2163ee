// SPDX-License-Identifier: BSD-2-Clause
/*
 * A host for nvmove without hardware: the controllers are ctrl/'s, in this process, and what
 * writing to sysfs does is done to a directory. Linked in place of tool/nvme_device.c and
 * tool/sysfs_write.c; everything else of the program is the real one.
 *
 * The host is the directory $FAKE_HOST: sys/ is its sysfs (see host.py), "commands" what its device
 * has been told so far, which each run of the program tells to a new one, "fail" what is to fail: a
 * line with the name of an attribute, "manage CNTLID ACTION", "open", "log", or "formats" of
 * states.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nvmove/lm.h>

#include "../../tool/nvme_device.h"
#include "../../tool/sysfs.h"
#include "../../tool/sysfs_write.h"
#include "../unit/harness.h"

#define NAME		"nvme0"
#define PF		"0000:01:00.0"
#define VF_PATH		"bus/pci/devices/0000:01:00.%u"
#define PATH_BYTES	1024

static struct rig *rig;

static void host_path(char path[PATH_BYTES], const char *name)
{
	snprintf(path, PATH_BYTES, "%s/%s", getenv("FAKE_HOST"), name);
}

/* Whether the host has been told that this fails. */
static bool is_to_fail(const char *what)
{
	char path[PATH_BYTES], line[PATH_BYTES] = "";
	FILE *file;

	host_path(path, "fail");
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return !strcmp(line, what);
}

static void remember(const char *command)
{
	char path[PATH_BYTES];
	FILE *file;

	host_path(path, "commands");
	file = fopen(path, "a");
	if (!file || fprintf(file, "%s\n", command) < 0 || fclose(file))
		abort();
}

/* ---- the device ---- */

static int manage(unsigned int cntlid, unsigned int action, unsigned int type, unsigned int count)
{
	struct completion completion =
		ADMIN(rig->driver[0], .opcode = NVM_ADMIN_VIRT_MGMT,
		      .cdw10 = action | type << 8 | cntlid << 16, .cdw11 = count);

	return (int)completion.status;
}

static void make_device(void)
{
	static const struct rig_options options = { .num_secondary_pfs = 1 };
	unsigned int cntlid, action, type, count;
	char path[PATH_BYTES], line[80];
	FILE *file;

	rig = rig_new_enabled(&options);
	host_path(path, "commands");
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "manage %u %u %u %u", &cntlid, &action, &type, &count) == 4)
			manage(cntlid, action, type, count);
		else if (sscanf(line, "vfs %u", &count) == 1)
			nvmove_subsystem_set_vfs(rig->subsystem, count);
	}
	if (file)
		fclose(file);
}

int nvme_device_open(struct nvme_device *device, const char *name)
{
	if (strcmp(name, NAME))
		return -ENOENT;
	if (is_to_fail("open"))
		return -EACCES;
	device->fd = 0;
	make_device();
	return 0;
}

void nvme_device_close(struct nvme_device *device)
{
	(void)device;
	rig_free(rig);
	rig = NULL;
}

int nvme_device_identify(struct nvme_device *device, uint8_t cns, uint16_t cntid, uint32_t nsid,
			 void *data)
{
	struct buffer *buffer = buffer_new(rig->driver[0], NVM_IDENTIFY_SIZE);
	struct completion completion =
		ADMIN(rig->driver[0], .opcode = NVM_ADMIN_IDENTIFY, .nsid = nsid,
		      .prp1 = buffer->prp1, .prp2 = buffer->prp2,
		      .cdw10 = cns | (uint32_t)cntid << 16);

	(void)device;
	if (cns == NVMOVE_HMLM_CNS_FORMATS && is_to_fail("formats"))
		return NVM_SC_INVALID_FIELD;
	buffer_read(buffer, 0, data, NVM_IDENTIFY_SIZE);
	return (int)completion.status;
}

int nvme_device_log(struct nvme_device *device, uint8_t lid, uint16_t lsi, uint64_t offset,
		    void *data, uint32_t length)
{
	struct buffer *buffer = buffer_new(rig->driver[0], length);
	uint32_t dwords = length / 4 - 1;
	struct completion completion =
		ADMIN(rig->driver[0], .opcode = NVM_ADMIN_GET_LOG_PAGE, .prp1 = buffer->prp1,
		      .prp2 = buffer->prp2, .cdw10 = lid | dwords << 16,
		      .cdw11 = dwords >> 16 | (uint32_t)lsi << 16, .cdw12 = (uint32_t)offset,
		      .cdw13 = (uint32_t)(offset >> 32));

	(void)device;
	if (is_to_fail("log"))
		return NVM_SC_INVALID_FIELD;
	buffer_read(buffer, 0, data, length);
	return (int)completion.status;
}

int nvme_device_manage(struct nvme_device *device, uint16_t cntlid, unsigned int action,
		       unsigned int type, uint16_t count)
{
	char command[80];
	int status;

	(void)device;
	snprintf(command, sizeof(command), "manage %u %u", cntlid, action);
	if (is_to_fail(command))
		return NVM_SC_INVALID_SECONDARY_STATE;
	status = manage(cntlid, action, type, count);
	snprintf(command, sizeof(command), "manage %u %u %u %u", cntlid, action, type, count);
	if (!status)
		remember(command);
	return status;
}

/* ---- sysfs ---- */

static void put(const char *value, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(const char *value, const char *format, ...)
{
	char name[SYSFS_TEXT_SIZE], path[SYSFS_PATH_SIZE];
	va_list args;
	FILE *file;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	sysfs_path(path, "%s", name);
	file = fopen(path, "w");
	if (!file || fprintf(file, "%s\n", value) < 0 || fclose(file))
		abort();
}

static void unbind(unsigned int function)
{
	char path[SYSFS_PATH_SIZE];

	sysfs_path(path, VF_PATH "/driver", function);
	unlink(path);
	sysfs_path(path, VF_PATH "/migration/protocol", function);
	unlink(path);
	sysfs_path(path, VF_PATH "/migration/state", function);
	unlink(path);
	sysfs_path(path, VF_PATH "/migration", function);
	rmdir(path);
}

/* As the PCI core: a device is bound to the driver that its override names, if that is loaded. */
static void probe(unsigned int function)
{
	char driver[SYSFS_TEXT_SIZE], path[SYSFS_PATH_SIZE], target[SYSFS_PATH_SIZE];

	if (!sysfs_text(driver, VF_PATH "/driver_override", function) || !driver[0])
		return;
	sysfs_path(target, "bus/pci/drivers/%s", driver);
	sysfs_path(path, VF_PATH "/driver", function);
	if (access(target, F_OK) || symlink(target, path))
		return;
	sysfs_path(path, VF_PATH "/migration", function);
	mkdir(path, 0755);
	put("hmlm", VF_PATH "/migration/protocol", function);
	put("RUNNING", VF_PATH "/migration/state", function);
}

static void make_vf(unsigned int number)
{
	char path[SYSFS_PATH_SIZE], target[SYSFS_PATH_SIZE];

	sysfs_path(target, VF_PATH, number);
	mkdir(target, 0755);
	put("(null)", VF_PATH "/driver_override", number);
	sysfs_path(path, "bus/pci/devices/" PF "/virtfn%u", number - 1);
	if (symlink(target, path))
		abort();
	sysfs_path(target, "bus/pci/devices/" PF);
	sysfs_path(path, VF_PATH "/physfn", number);
	if (symlink(target, path))
		abort();
}

static void remove_vf(unsigned int number)
{
	char path[SYSFS_PATH_SIZE];

	unbind(number);
	sysfs_path(path, VF_PATH "/driver_override", number);
	unlink(path);
	sysfs_path(path, VF_PATH "/physfn", number);
	unlink(path);
	sysfs_path(path, VF_PATH, number);
	rmdir(path);
	sysfs_path(path, "bus/pci/devices/" PF "/virtfn%u", number - 1);
	unlink(path);
}

static int set_vfs(unsigned int wanted)
{
	unsigned int now = (unsigned int)sysfs_number(0, "bus/pci/devices/" PF "/sriov_numvfs");
	unsigned int total = (unsigned int)sysfs_number(0, "bus/pci/devices/" PF "/sriov_totalvfs");
	char command[32];

	if (wanted > total)
		return -ERANGE;
	if (now && wanted && now != wanted)
		return -EBUSY;
	for (unsigned int number = 1; number <= now && !wanted; number++)
		remove_vf(number);
	for (unsigned int number = 1; number <= wanted && !now; number++)
		make_vf(number);
	snprintf(command, sizeof(command), "vfs %u", wanted);
	remember(command);
	if (rig)
		nvmove_subsystem_set_vfs(rig->subsystem, wanted);
	return 0;
}

/* The function in a path of a VF or in a value; 0: none. */
static unsigned int function_in(const char *text)
{
	const char *at = strstr(text, "0000:01:00.");
	unsigned int function = 0;

	if (at)
		sscanf(at, "0000:01:00.%u", &function);
	return function;
}

int sysfs_write(const char *path, const char *value)
{
	const char *name = strrchr(path, '/') + 1;
	char full[SYSFS_PATH_SIZE];
	int err = 0;

	sysfs_path(full, "%s", path);
	if (access(full, F_OK) && strcmp(name, "unbind"))
		return -ENOENT;
	if (is_to_fail(name))
		return -EIO;
	if (!strcmp(name, "sriov_numvfs"))
		err = set_vfs((unsigned int)strtoul(value, NULL, 0));
	else if (!strcmp(name, "unbind"))
		unbind(function_in(value));
	else if (!strcmp(name, "drivers_probe"))
		probe(function_in(value));
	/* What the kernel says of no driver at all. */
	if (!strcmp(name, "driver_override") && !value[0])
		value = "(null)";
	if (!err && strcmp(name, "unbind") && strcmp(name, "drivers_probe"))
		put(value, "%s", path);
	return err;
}
