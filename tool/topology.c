// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading who controls whom. What a device answers is believed no further than its own lists.
 */
#include "topology.h"

#include <dirent.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/lm.h>

#include "command.h"

bool topology_pci_address(const char *name, struct pci_address *function)
{
	char text[SYSFS_TEXT_SIZE];

	return sysfs_text(text, "class/nvme/%s/address", name) && pci_address_parse(text, function);
}

static int is_controller(const struct dirent *entry)
{
	struct pci_address function;
	unsigned int number;
	int end = 0;

	return sscanf(entry->d_name, "nvme%u%n", &number, &end) == 1 && !entry->d_name[end] &&
	       end < 32 && topology_pci_address(entry->d_name, &function);
}

int topology_names(char (**names)[32])
{
	struct dirent **entries;
	char path[SYSFS_PATH_SIZE];
	int nr;

	*names = NULL;
	sysfs_path(path, "class/nvme");
	nr = scandir(path, &entries, is_controller, versionsort);
	if (nr < 0) {
		complain("%s: %m: the nvme driver is not loaded, or there is no NVMe device", path);
		return -1;
	}
	*names = calloc((size_t)nr + 1, sizeof(**names));
	for (int i = 0; i < nr; i++) {
		if (*names)
			snprintf((*names)[i], sizeof(**names), "%.31s", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (*names)
		return nr;
	complain("no memory for %d names", nr);
	return -1;
}

static int identify(const char *name, struct nvme_device *device, const char *what, uint8_t cns,
		    uint16_t cntid, void *data)
{
	int status = nvme_device_identify(device, cns, cntid, 0, data);

	if (status < 0)
		complain("%s: %s: %s", name, what, strerror(-status));
	else if (status)
		complain("%s: %s: status %#x", name, what, status);
	return status ? -1 : 0;
}

/* A line of the driver's attribute: a function, its controlling function, its controller id. */
static bool takes_function(const char *line, const struct controlling *controlling,
			   struct secondary *secondary)
{
	char function[16], physical[16];
	unsigned int cntlid;

	return sscanf(line, "%15s %15s %u", function, physical, &cntlid) == 3 &&
	       cntlid == secondary->cntlid &&
	       !strcmp(physical, controlling->function.text) &&
	       pci_address_parse(function, &secondary->function);
}

/* Who is behind a controller without VF has been told the driver by an administrator, or nobody. */
static void find_named(const struct controlling *controlling, struct secondary *secondary)
{
	char path[SYSFS_PATH_SIZE], line[SYSFS_TEXT_SIZE];
	FILE *file;

	sysfs_path(path, "bus/pci/drivers/%s/controlled", MIGRATION_DRIVER);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (takes_function(line, controlling, secondary))
			break;
	}
	if (file)
		fclose(file);
}

static void find_function(const struct controlling *controlling, struct secondary *secondary)
{
	char text[SYSFS_TEXT_SIZE];

	if (!secondary->vfn)
		find_named(controlling, secondary);
	else if (sysfs_link(text, "bus/pci/devices/%s/virtfn%u", controlling->function.text,
			    secondary->vfn - 1))
		pci_address_parse(text, &secondary->function);
}

static void __attribute__((format(printf, 2, 3)))
give_reason(struct secondary *secondary, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(secondary->reason, sizeof(secondary->reason), format, args);
	va_end(args);
}

/* Why a secondary cannot be migrated now: the first thing that is to be done about it. */
static void judge(struct secondary *secondary)
{
	const char *function = secondary->function.text;

	if (!function[0] && secondary->vfn)
		give_reason(secondary, "VF %u does not exist: SR-IOV has made fewer",
			    secondary->vfn);
	else if (!function[0])
		give_reason(secondary, "behind no VF, and nobody has named its function: see "
			    "nvme-vfio-pci(4), controlled");
	else if (!secondary->online)
		give_reason(secondary, "offline");
	else if (!secondary->driver[0])
		give_reason(secondary, "bound to no driver, %s is needed", MIGRATION_DRIVER);
	else if (strcmp(secondary->driver, MIGRATION_DRIVER))
		give_reason(secondary, "bound to %s, %s is needed", secondary->driver,
			    MIGRATION_DRIVER);
	else if (!secondary->protocol[0] &&
		 !sysfs_text(secondary->reason, "bus/pci/devices/%s/migration/reason", function))
		give_reason(secondary, "the driver does not say: see the kernel log");
}

static void read_function(struct secondary *secondary)
{
	const char *function = secondary->function.text;

	if (!function[0])
		return;
	sysfs_link(secondary->driver, "bus/pci/devices/%s/driver", function);
	sysfs_text(secondary->protocol, "bus/pci/devices/%s/migration/protocol", function);
	sysfs_text(secondary->state, "bus/pci/devices/%s/migration/state", function);
}

static void take_entry(struct controlling *controlling, const struct nvm_secondary_entry *entry)
{
	struct secondary *secondary = &controlling->secondary[controlling->nr_secondaries++];

	*secondary = (struct secondary) {
		.cntlid = le16toh(entry->scid),
		.vfn = le16toh(entry->vfn),
		.online = entry->scs & NVM_SCS_ONLINE,
		.queues = le16toh(entry->nvq),
		.vectors = le16toh(entry->nvi),
	};
	find_function(controlling, secondary);
	read_function(secondary);
	judge(secondary);
}

static int read_secondaries(const char *name, struct nvme_device *device,
			    struct controlling *controlling)
{
	struct nvm_secondary_list list;

	if (identify(name, device, "Secondary Controller List", NVM_CNS_SECONDARY_LIST, 0, &list))
		return -1;
	if (list.num > TOPOLOGY_MOST_SECONDARIES) {
		complain("%s: Secondary Controller List: %u entries, at most %u fit", name,
			 list.num, TOPOLOGY_MOST_SECONDARIES);
		return -1;
	}
	controlling->nr_secondaries = 0;
	for (unsigned int i = 0; i < list.num; i++)
		take_entry(controlling, &list.entry[i]);
	return 0;
}

int topology_read(const char *name, struct nvme_device *device, struct controlling *controlling)
{
	const char *function = controlling->function.text;

	snprintf(controlling->name, sizeof(controlling->name), "%s", name);
	if (!topology_pci_address(name, &controlling->function)) {
		complain("%s: not behind a PCI function", name);
		return -1;
	}
	if (identify(name, device, "Identify Controller", NVM_CNS_CTRL, 0, &controlling->id))
		return -1;
	if (!(le16toh(controlling->id.oacs) & NVM_CTRL_OACS_VIRT_MGMT))
		return 1;
	controlling->hmlm = le16toh(controlling->id.oacs) & NVMOVE_HMLM_OACS;
	controlling->total_vfs =
		(unsigned int)sysfs_number(0, "bus/pci/devices/%s/sriov_totalvfs", function);
	controlling->num_vfs =
		(unsigned int)sysfs_number(0, "bus/pci/devices/%s/sriov_numvfs", function);
	if (identify(name, device, "Primary Controller Capabilities", NVM_CNS_PRIMARY_CAPS, 0,
		     &controlling->caps))
		return -1;
	return read_secondaries(name, device, controlling);
}
