// SPDX-License-Identifier: BSD-2-Clause
/*
 * Making changes and taking them back. A step is taken back by making its opposite.
 */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "sysfs_write.h"

#define WORDS_SIZE	160

int steps_add(struct steps *steps, struct step step)
{
	struct step *grown = realloc(steps->step, (steps->nr + 1) * sizeof(*grown));

	if (!grown) {
		complain("no memory for %u steps", steps->nr + 1);
		return -1;
	}
	grown[steps->nr++] = step;
	steps->step = grown;
	return 0;
}

static void step_words(const struct step *step, char words[WORDS_SIZE])
{
	switch (step->kind) {
	case STEP_AUTOPROBE:
		snprintf(words, WORDS_SIZE, "%s the kernel from binding new VFs to drivers",
			 step->to ? "no longer keep" : "keep");
		break;
	case STEP_VFS:
		snprintf(words, WORDS_SIZE, "make %u VFs, not %u", step->to, step->from);
		break;
	case STEP_OFFLINE:
		snprintf(words, WORDS_SIZE, "take controller %u offline", step->cntlid);
		break;
	case STEP_QUEUES:
	case STEP_VECTORS:
		snprintf(words, WORDS_SIZE, "give controller %u %u %s resources, not %u",
			 step->cntlid, step->to, step->kind == STEP_QUEUES ? "queue" : "interrupt",
			 step->from);
		break;
	case STEP_ONLINE:
		snprintf(words, WORDS_SIZE, "take controller %u online", step->cntlid);
		break;
	case STEP_OVERRIDE:
		snprintf(words, WORDS_SIZE, "reserve VF %u for %s", step->vf,
			 step->to_driver[0] ? step->to_driver : "no driver in particular");
		break;
	case STEP_BIND:
		snprintf(words, WORDS_SIZE, "bind VF %u to %s", step->vf, step->to_driver);
		break;
	case STEP_UNBIND:
		snprintf(words, WORDS_SIZE, "unbind VF %u from %.80s", step->vf, step->from_driver);
		break;
	}
}

struct json_object *steps_list(const struct steps *steps)
{
	struct json_object *list = json_object_new_array();
	char words[WORDS_SIZE];

	for (unsigned int i = 0; i < steps->nr; i++) {
		step_words(&steps->step[i], words);
		json_object_array_add(list, json_object_new_string(words));
	}
	return list;
}

/* The opposite, which undoes a step that has been made. */
static struct step opposite(const struct step *step)
{
	static const enum step_kind kinds[] = {
		[STEP_AUTOPROBE] = STEP_AUTOPROBE, [STEP_VFS] = STEP_VFS,
		[STEP_OFFLINE] = STEP_ONLINE, [STEP_QUEUES] = STEP_QUEUES,
		[STEP_VECTORS] = STEP_VECTORS, [STEP_ONLINE] = STEP_OFFLINE,
		[STEP_OVERRIDE] = STEP_OVERRIDE, [STEP_BIND] = STEP_UNBIND,
		[STEP_UNBIND] = STEP_BIND,
	};
	struct step back = *step;

	back.kind = kinds[step->kind];
	back.from = step->to;
	back.to = step->from;
	back.to_driver = step->from_driver;
	snprintf(back.from_driver, sizeof(back.from_driver), "%s", step->to_driver);
	return back;
}

static int write_number(const struct steps *steps, const char *attribute, unsigned int number)
{
	char path[SYSFS_TEXT_SIZE], value[16];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", steps->function.text, attribute);
	snprintf(value, sizeof(value), "%u", number);
	return sysfs_write(path, value);
}

static int find_vf(const struct steps *steps, unsigned int vf, struct pci_address *function)
{
	char text[SYSFS_TEXT_SIZE];

	if (sysfs_link(text, "bus/pci/devices/%s/virtfn%u", steps->function.text, vf - 1) &&
	    pci_address_parse(text, function))
		return 0;
	return -ENODEV;
}

static int override(const struct pci_address *function, const char *driver)
{
	char path[SYSFS_TEXT_SIZE];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver_override", function->text);
	return sysfs_write(path, driver);
}

/* The kernel does not say why it binds nothing; that the link is missing is all there is to see. */
static int bind(const struct pci_address *function, const char *driver)
{
	char bound[SYSFS_TEXT_SIZE];
	int err = sysfs_write("bus/pci/drivers_probe", function->text);

	if (err)
		return err;
	sysfs_link(bound, "bus/pci/devices/%s/driver", function->text);
	return strcmp(bound, driver) ? -ENODEV : 0;
}

static int unbind(const struct pci_address *function)
{
	char path[SYSFS_TEXT_SIZE];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver/unbind", function->text);
	return sysfs_write(path, function->text);
}

static int change_function(const struct steps *steps, const struct step *step)
{
	struct pci_address function;
	int err = find_vf(steps, step->vf, &function);

	if (err)
		return err;
	if (step->kind == STEP_OVERRIDE)
		return override(&function, step->to_driver);
	return step->kind == STEP_BIND ? bind(&function, step->to_driver) : unbind(&function);
}

/* Return: 0, a negative errno, or the status of a command. */
static int make(const struct steps *steps, const struct step *step)
{
	uint16_t cntlid = (uint16_t)step->cntlid, count = (uint16_t)step->to;

	switch (step->kind) {
	case STEP_AUTOPROBE:
		return write_number(steps, "sriov_drivers_autoprobe", step->to);
	case STEP_VFS:
		return write_number(steps, "sriov_numvfs", step->to);
	case STEP_OFFLINE:
		return nvme_device_manage(steps->device, cntlid, NVM_VIRT_SECONDARY_OFFLINE, 0, 0);
	case STEP_QUEUES:
		return nvme_device_manage(steps->device, cntlid, NVM_VIRT_SECONDARY_ASSIGN,
					  NVM_VIRT_RT_VQ, count);
	case STEP_VECTORS:
		return nvme_device_manage(steps->device, cntlid, NVM_VIRT_SECONDARY_ASSIGN,
					  NVM_VIRT_RT_VI, count);
	case STEP_ONLINE:
		return nvme_device_manage(steps->device, cntlid, NVM_VIRT_SECONDARY_ONLINE, 0, 0);
	case STEP_OVERRIDE:
	case STEP_BIND:
	case STEP_UNBIND:
		break;
	}
	return change_function(steps, step);
}

static const char *what_to_do(const struct step *step, int err)
{
	if (err == -EACCES || err == -EPERM)
		return ": only root may";
	if (step->kind == STEP_BIND && err == -ENODEV)
		return ": it was not bound, the kernel log says why";
	if (err == -EBUSY)
		return ": somebody uses it";
	return "";
}

static int make_or_complain(const struct steps *steps, const struct step *step, const char *what)
{
	int err = make(steps, step);
	char words[WORDS_SIZE];

	if (!err)
		return 0;
	step_words(step, words);
	if (err < 0)
		complain("%s%s: %s%s", what, words, strerror(-err), what_to_do(step, err));
	else
		complain("%s%s: the device refused with status %#x", what, words, err);
	return -1;
}

int steps_make(const struct steps *steps)
{
	unsigned int made = 0;

	while (made < steps->nr && !make_or_complain(steps, &steps->step[made], ""))
		made++;
	if (made == steps->nr)
		return 0;
	while (made--) {
		struct step back = opposite(&steps->step[made]);

		make_or_complain(steps, &back, "taking back: ");
	}
	return -1;
}
