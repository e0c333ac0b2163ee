/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes to a device and to sysfs that are made one after the other, and taken back if one fails.
 * Which changes are due is not decided here.
 */
#ifndef TOOL_STEPS_H
#define TOOL_STEPS_H

#include <stdbool.h>

#include <json-c/json.h>

#include "nvme_device.h"
#include "sysfs.h"

/**
 * enum step_kind - what a step changes
 * @STEP_AUTOPROBE: whether the kernel looks for drivers for new VFs
 * @STEP_VFS: number of VFs
 * @STEP_OFFLINE: a secondary controller goes offline
 * @STEP_QUEUES: queue resources of a secondary controller
 * @STEP_VECTORS: interrupt resources of a secondary controller
 * @STEP_ONLINE: a secondary controller goes online
 * @STEP_OVERRIDE: which driver a function is for
 * @STEP_BIND: a function is bound to that driver
 * @STEP_UNBIND: a function is unbound from its driver
 */
enum step_kind {
	STEP_AUTOPROBE,
	STEP_VFS,
	STEP_OFFLINE,
	STEP_QUEUES,
	STEP_VECTORS,
	STEP_ONLINE,
	STEP_OVERRIDE,
	STEP_BIND,
	STEP_UNBIND,
};

/**
 * struct step - one change
 * @cntlid: secondary controller, for those of one
 * @vf: its VF, from 1; its function may not exist before an earlier step has been made
 * @from, @to: numbers before and after
 * @from_driver, @to_driver: drivers before and after, "" for none
 */
struct step {
	enum step_kind kind;
	unsigned int cntlid;
	unsigned int vf;
	unsigned int from;
	unsigned int to;
	char from_driver[SYSFS_TEXT_SIZE];
	const char *to_driver;
};

/**
 * struct steps - changes in their order
 * @function: controlling function
 * @device: its controller, open
 */
struct steps {
	struct pci_address function;
	struct nvme_device *device;
	struct step *step;
	unsigned int nr;
};

/** steps_add() - append a step; -1 after a complaint if memory is short */
int steps_add(struct steps *steps, struct step step);

/** steps_list() - the steps in words, an array of the caller's */
struct json_object *steps_list(const struct steps *steps);

/**
 * steps_make() - make the changes
 *
 * Return: 0; -1 after a complaint, when those that were made have been taken back as far as
 * possible.
 */
int steps_make(const struct steps *steps);

#endif /* TOOL_STEPS_H */
