/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NVMe functions of this host that control others, and the controllers that they control, as
 * sysfs and the devices tell now. It changes nothing.
 */
#ifndef TOOL_TOPOLOGY_H
#define TOOL_TOPOLOGY_H

#include <stdbool.h>

#include "nvme_device.h"
#include "sysfs.h"

#define TOPOLOGY_MOST_SECONDARIES	127	/* for which a Secondary Controller List has room */
#define MIGRATION_DRIVER		"nvme-vfio-pci"

/**
 * struct secondary - a secondary controller
 * @cntlid: its controller id, as the primary controller addresses it
 * @vfn: number of the VF that it is behind, from 1; 0: it is behind no VF
 * @function: the function that it is behind; empty if there is none now, or nobody has said which
 * @driver: that is bound to the function; empty: none
 * @protocol: by which the driver migrates it; empty: it does not
 * @state: its VFIO migration state, where it can migrate
 * @reason: why it cannot be migrated now; empty: it can
 */
struct secondary {
	unsigned int cntlid;
	unsigned int vfn;
	bool online;
	unsigned int queues;
	unsigned int vectors;
	struct pci_address function;
	char driver[SYSFS_TEXT_SIZE];
	char protocol[SYSFS_TEXT_SIZE];
	char state[SYSFS_TEXT_SIZE];
	char reason[SYSFS_TEXT_SIZE];
};

/**
 * struct controlling - a primary controller and what it controls
 * @name: such as nvme0
 * @caps: Primary Controller Capabilities: resources
 * @total_vfs, @num_vfs: VFs that SR-IOV could make, and those that it has made
 * @hmlm: it speaks Host Managed Live Migration
 */
struct controlling {
	char name[32];
	struct pci_address function;
	struct nvm_id_ctrl id;
	struct nvm_primary_caps caps;
	unsigned int total_vfs;
	unsigned int num_vfs;
	bool hmlm;
	unsigned int nr_secondaries;
	struct secondary secondary[TOPOLOGY_MOST_SECONDARIES];
};

/**
 * topology_read() - read a primary controller and its secondary controllers
 * @name: of the controller, such as nvme0
 * @device: the same, open
 * @controlling: receives it
 *
 * Return: 0; 1 if it controls nobody, being no primary controller; -1 after a complaint.
 */
int topology_read(const char *name, struct nvme_device *device, struct controlling *controlling);

/**
 * topology_names() - NVMe controllers of this host that are behind PCI functions
 * @names: receives a list of names, ordered by number, for free()
 *
 * Return: how many, or -1 after a complaint.
 */
int topology_names(char (**names)[32]);

/** topology_pci_address() - the function that a controller is behind; false: none of PCI's */
bool topology_pci_address(const char *name, struct pci_address *function);

#endif /* TOOL_TOPOLOGY_H */
