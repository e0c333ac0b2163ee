// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove provision and unprovision: from a device as it comes to functions that a VMM can be given,
 * and back. What is already as it shall be is left alone, so a second run changes nothing.
 */
#include <argp.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "steps.h"
#include "topology.h"
#include "wanted.h"

#define NO_DRIVER	"(null)"	/* what driver_override says if there is none */

/**
 * struct arguments - of either command
 * @file: that says what is wanted; NULL: the other options do
 * @all: unprovision every VF and have none
 * @wanted: what is wanted; of unprovision the controller, and the VFs by number alone
 */
struct arguments {
	bool json;
	bool dry_run;
	bool all;
	const char *file;
	struct wanted wanted;
};

/**
 * struct session - a controlling function that is being changed
 * @name: of its controller, such as nvme0
 * @device: its controller, open
 * @controlling: as it was before
 * @steps: what is to be done
 */
struct session {
	const struct arguments *arguments;
	char name[32];
	struct nvme_device device;
	struct controlling controlling;
	struct steps steps;
};

/* ---- what is to be done ---- */

static struct secondary *find_secondary(struct controlling *controlling, unsigned int vf)
{
	for (unsigned int i = 0; i < controlling->nr_secondaries; i++) {
		if (controlling->secondary[i].vfn == vf)
			return &controlling->secondary[i];
	}
	complain("%s: the device has no secondary controller behind VF %u", controlling->name, vf);
	return NULL;
}

static unsigned int highest_vf(const struct wanted *wanted)
{
	unsigned int highest = wanted->vfs;

	for (unsigned int i = 0; i < wanted->nr; i++) {
		if (wanted->vf[i].vf > highest)
			highest = wanted->vf[i].vf;
	}
	return highest;
}

static int plan_vfs(struct session *session)
{
	const struct controlling *controlling = &session->controlling;
	unsigned int vfs = highest_vf(&session->arguments->wanted);
	unsigned long autoprobe;

	if (vfs <= controlling->num_vfs)
		return 0;
	if (!controlling->total_vfs) {
		complain("%s: no SR-IOV: switch it on in the firmware setup and in the device",
			 controlling->function.text);
		return -1;
	}
	if (vfs > controlling->total_vfs) {
		complain("%s: VFs: at most %u here, %u wanted", controlling->function.text,
			 controlling->total_vfs, vfs);
		return -1;
	}
	if (controlling->num_vfs) {
		complain("%s: VFs: %u exist, %u wanted; their number can only be changed through "
			 "0: nvmove unprovision --all first", controlling->function.text,
			 controlling->num_vfs, vfs);
		return -1;
	}
	autoprobe = sysfs_number(0, "bus/pci/devices/%s/sriov_drivers_autoprobe",
				 controlling->function.text);
	if (autoprobe && steps_add(&session->steps, (struct step) {
			.kind = STEP_AUTOPROBE, .from = 1, .to = 0, .to_driver = "" }))
		return -1;
	return steps_add(&session->steps, (struct step) {
		.kind = STEP_VFS, .to = vfs, .to_driver = "" });
}

static int check_resources(const struct controlling *controlling, const struct wanted_vf *wanted)
{
	unsigned int most_queues = le16toh(controlling->caps.vqfrsm);
	unsigned int most_vectors = le16toh(controlling->caps.vifrsm);

	if (wanted->queues <= most_queues && wanted->vectors <= most_vectors)
		return 0;
	complain("%s: resources of VF %u: at most %u queues and %u vectors here, %u and %u wanted",
		 controlling->name, wanted->vf, most_queues, most_vectors, wanted->queues,
		 wanted->vectors);
	return -1;
}

/* Steps that give a controller its resources; a controller has to be offline for that. */
static int plan_resources(struct session *session, const struct secondary *secondary,
			  unsigned int queues, unsigned int vectors)
{
	struct step step = { .cntlid = secondary->cntlid, .vf = secondary->vfn, .to_driver = "" };
	bool same_queues = secondary->queues == queues;
	bool same_vectors = secondary->vectors == vectors;
	int err = 0;

	if (secondary->online && !(same_queues && same_vectors && queues)) {
		step.kind = STEP_OFFLINE;
		err = steps_add(&session->steps, step);
	}
	if (!err && !same_queues) {
		step.kind = STEP_QUEUES;
		step.from = secondary->queues;
		step.to = queues;
		err = steps_add(&session->steps, step);
	}
	if (!err && !same_vectors) {
		step.kind = STEP_VECTORS;
		step.from = secondary->vectors;
		step.to = vectors;
		err = steps_add(&session->steps, step);
	}
	return err;
}

/* The driver that its function is reserved for; empty if the function does not exist yet. */
static void read_override(const struct secondary *secondary, char driver[SYSFS_TEXT_SIZE])
{
	if (!secondary->function.text[0] ||
	    !sysfs_text(driver, "bus/pci/devices/%s/driver_override", secondary->function.text) ||
	    !strcmp(driver, NO_DRIVER))
		driver[0] = '\0';
}

static int plan_binding(struct session *session, const struct secondary *secondary)
{
	struct step step = {
		.kind = STEP_OVERRIDE,
		.cntlid = secondary->cntlid,
		.vf = secondary->vfn,
		.to_driver = MIGRATION_DRIVER,
	};

	read_override(secondary, step.from_driver);
	if (strcmp(step.from_driver, MIGRATION_DRIVER) && steps_add(&session->steps, step))
		return -1;
	step.kind = STEP_BIND;
	step.from_driver[0] = '\0';
	return steps_add(&session->steps, step);
}

static int plan_vf(struct session *session, const struct wanted_vf *wanted)
{
	struct secondary *secondary = find_secondary(&session->controlling, wanted->vf);
	struct step online = { .kind = STEP_ONLINE, .vf = wanted->vf, .to_driver = "" };
	bool same;

	if (!secondary || check_resources(&session->controlling, wanted))
		return -1;
	same = secondary->online && secondary->queues == wanted->queues &&
	       secondary->vectors == wanted->vectors;
	if (same && !strcmp(secondary->driver, MIGRATION_DRIVER))
		return 0;
	if (secondary->driver[0]) {
		complain("VF %u, %s, is bound to %s, and %s: %s first", wanted->vf,
			 secondary->function.text, secondary->driver,
			 same ? "another driver is wanted"
			      : "its resources are to change",
			 strcmp(secondary->driver, MIGRATION_DRIVER) ? "unbind it"
								     : "nvmove unprovision");
		return -1;
	}
	if (plan_resources(session, secondary, wanted->queues, wanted->vectors))
		return -1;
	online.cntlid = secondary->cntlid;
	if (!same && steps_add(&session->steps, online))
		return -1;
	return plan_binding(session, secondary);
}

/* What has to be there before anything is changed. */
static int check_host(const struct controlling *controlling)
{
	char path[SYSFS_PATH_SIZE], text[SYSFS_TEXT_SIZE];

	sysfs_path(path, "bus/pci/drivers/%s", MIGRATION_DRIVER);
	if (access(path, F_OK)) {
		complain("%s is not loaded: modprobe %s", MIGRATION_DRIVER, MIGRATION_DRIVER);
		return -1;
	}
	if (sysfs_link(text, "bus/pci/devices/%s/iommu_group", controlling->function.text))
		return 0;
	complain("%s: no IOMMU: switch it on in the firmware setup (VT-d, AMD-Vi) and on the "
		 "kernel's command line (intel_iommu=on)", controlling->function.text);
	return -1;
}

static int plan_provision(struct session *session)
{
	const struct wanted *wanted = &session->arguments->wanted;

	if (check_host(&session->controlling) || plan_vfs(session))
		return -1;
	for (unsigned int i = 0; i < wanted->nr; i++) {
		if (plan_vf(session, &wanted->vf[i]))
			return -1;
	}
	return 0;
}

/* Unbinding waits until whoever has the function open closes it: better not to begin. */
static int check_unused(const struct secondary *secondary)
{
	char group[SYSFS_TEXT_SIZE], path[SYSFS_PATH_SIZE];
	int fd;

	if (!sysfs_link(group, "bus/pci/devices/%s/iommu_group", secondary->function.text))
		return 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY) {
		complain("VF %u, %s, is in use: stop the virtual machine first", secondary->vfn,
			 secondary->function.text);
		return -1;
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

static int plan_back(struct session *session, const struct secondary *secondary)
{
	struct step step = { .cntlid = secondary->cntlid, .vf = secondary->vfn, .to_driver = "" };

	if (secondary->driver[0] && strcmp(secondary->driver, MIGRATION_DRIVER)) {
		complain("VF %u, %s, is bound to %s: unbind it first", secondary->vfn,
			 secondary->function.text, secondary->driver);
		return -1;
	}
	if (secondary->driver[0]) {
		step.kind = STEP_UNBIND;
		snprintf(step.from_driver, sizeof(step.from_driver), "%s", secondary->driver);
		if (check_unused(secondary) || steps_add(&session->steps, step))
			return -1;
	}
	read_override(secondary, step.from_driver);
	step.kind = STEP_OVERRIDE;
	if (step.from_driver[0] && steps_add(&session->steps, step))
		return -1;
	return plan_resources(session, secondary, 0, 0);
}

static int plan_unprovision(struct session *session)
{
	const struct arguments *arguments = session->arguments;
	struct controlling *controlling = &session->controlling;
	struct secondary *secondary;

	for (unsigned int i = 0; arguments->all && i < controlling->nr_secondaries; i++) {
		secondary = &controlling->secondary[i];
		if (secondary->vfn && plan_back(session, secondary))
			return -1;
	}
	for (unsigned int i = 0; i < arguments->wanted.nr; i++) {
		secondary = find_secondary(controlling, arguments->wanted.vf[i].vf);
		if (!secondary || plan_back(session, secondary))
			return -1;
	}
	if (!arguments->all || !controlling->num_vfs)
		return 0;
	return steps_add(&session->steps, (struct step) {
		.kind = STEP_VFS, .from = controlling->num_vfs, .to_driver = "" });
}

/* ---- what came of it ---- */

static struct json_object *vf_object(const struct secondary *secondary)
{
	struct json_object *object = json_object_new_object();
	const char *function = secondary->function.text, *reason = secondary->reason;

	json_object_object_add(object, "vf", json_object_new_uint64(secondary->vfn));
	json_object_object_add(object, "cntlid", json_object_new_uint64(secondary->cntlid));
	json_object_object_add(object, "function",
			       function[0] ? json_object_new_string(function) : NULL);
	json_object_object_add(object, "migratable", json_object_new_boolean(!reason[0]));
	json_object_object_add(object, "reason", reason[0] ? json_object_new_string(reason) : NULL);
	return object;
}

/* The VFs that were wanted, as they are now; NULL after a complaint. */
static struct json_object *result_list(struct session *session, bool *all_migrate)
{
	const struct wanted *wanted = &session->arguments->wanted;
	struct json_object *list;

	if (topology_read(session->name, &session->device, &session->controlling))
		return NULL;
	list = json_object_new_array();
	for (unsigned int i = 0; i < wanted->nr; i++) {
		const struct secondary *secondary =
			find_secondary(&session->controlling, wanted->vf[i].vf);

		if (!secondary)
			continue;
		*all_migrate = *all_migrate && !secondary->reason[0];
		json_object_array_add(list, vf_object(secondary));
	}
	return list;
}

static void say_lines(const struct arguments *arguments, struct json_object *steps,
		      struct json_object *vfs, bool is_provision)
{
	for (size_t i = 0; i < json_object_array_length(steps); i++)
		printf("%s%s\n", arguments->dry_run ? "would " : "",
		       json_object_get_string(json_object_array_get_idx(steps, i)));
	if (!json_object_array_length(steps))
		puts("nothing to do");
	for (size_t i = 0; is_provision && i < json_object_array_length(vfs); i++) {
		struct json_object *vf = json_object_array_get_idx(vfs, i);
		struct json_object *reason = json_object_object_get(vf, "reason");

		printf("VF %s: %s %s%s\n",
		       json_object_get_string(json_object_object_get(vf, "vf")),
		       json_object_get_string(json_object_object_get(vf, "function")),
		       reason ? "cannot migrate: " : "can migrate",
		       reason ? json_object_get_string(reason) : "");
	}
}

static void say_json(const struct arguments *arguments, struct json_object *steps,
		     struct json_object *vfs)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "dry_run", json_object_new_boolean(arguments->dry_run));
	json_object_object_add(answer, "steps", json_object_get(steps));
	json_object_object_add(answer, "functions", json_object_get(vfs));
	output_json(answer);
	json_object_put(answer);
}

/* Make the steps, unless they are only asked for, and answer. */
static enum outcome carry_out(struct session *session, bool is_provision)
{
	const struct arguments *arguments = session->arguments;
	struct json_object *steps, *vfs = NULL;
	bool all_migrate = true;

	if (!arguments->dry_run && steps_make(&session->steps))
		return OUTCOME_ERROR;
	if (!arguments->dry_run) {
		vfs = result_list(session, &all_migrate);
		if (!vfs)
			return OUTCOME_ERROR;
	}
	steps = steps_list(&session->steps);
	if (arguments->json)
		say_json(arguments, steps, vfs);
	else
		say_lines(arguments, steps, vfs, is_provision && !arguments->dry_run);
	json_object_put(steps);
	json_object_put(vfs);
	return is_provision && !all_migrate ? OUTCOME_NO : OUTCOME_YES;
}

/* ---- finding the device ---- */

static int find_name(const char *controller, char name[32])
{
	struct pci_address wanted, function;
	char (*names)[32];
	int nr = topology_names(&names);
	bool found = false;

	for (int i = 0; i < nr && !found; i++) {
		found = !strcmp(names[i], controller) ||
			(pci_address_parse(controller, &wanted) &&
			 topology_pci_address(names[i], &function) &&
			 !strcmp(wanted.text, function.text));
		if (found)
			snprintf(name, 32, "%s", names[i]);
	}
	free(names);
	if (nr >= 0 && !found)
		complain("%s: no controller of this host's nvme driver", controller);
	return found ? 0 : -1;
}

static enum outcome change(struct session *session, bool is_provision)
{
	const char *name = session->name;
	int result = topology_read(name, &session->device, &session->controlling);

	if (result > 0)
		return complain("%s: controls no other controllers: it has no Virtualization "
				"Management", name);
	if (result)
		return OUTCOME_ERROR;
	session->steps.device = &session->device;
	session->steps.function = session->controlling.function;
	if (is_provision ? plan_provision(session) : plan_unprovision(session))
		return OUTCOME_ERROR;
	return carry_out(session, is_provision);
}

static enum outcome run(const struct arguments *arguments, bool is_provision)
{
	struct session *session = calloc(1, sizeof(*session));
	enum outcome outcome;
	int err;

	if (!session)
		return complain("no memory");
	session->arguments = arguments;
	if (find_name(arguments->wanted.controller, session->name)) {
		free(session);
		return OUTCOME_ERROR;
	}
	err = nvme_device_open(&session->device, session->name);
	if (err) {
		outcome = complain("%s: %s%s", session->name, strerror(-err),
				   err == -EACCES ? ": only root may change a device" : "");
	} else {
		outcome = change(session, is_provision);
		nvme_device_close(&session->device);
	}
	free(session->steps.step);
	free(session);
	return outcome;
}

/* ---- arguments ---- */

enum { OPTION_VFS = 256, OPTION_ALL };

static const struct argp_option provision_options[] = {
	{ "file", 'f', "FILE", 0, "Read what is wanted from FILE", 0 },
	{ "vf", 'v', "NUMBER", 0, "A VF, from 1, that shall be migratable", 0 },
	{ "queues", 'q', "NUMBER", 0, "Its queue resources: I/O queue pairs and one more", 0 },
	{ "vectors", 'i', "NUMBER", 0, "Its interrupt resources", 0 },
	{ "vfs", OPTION_VFS, "NUMBER", 0, "VFs that shall exist", 0 },
	{ "dry-run", 'n', NULL, 0, "Say what would be done, change nothing", 0 },
	{ "json", 'j', NULL, 0, "Answer in JSON, as the manual page describes it", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp_option unprovision_options[] = {
	{ "vf", 'v', "NUMBER", 0, "A VF, from 1; more than one can be given", 0 },
	{ "all", OPTION_ALL, NULL, 0, "Every VF; then there are none", 0 },
	{ "dry-run", 'n', NULL, 0, "Say what would be done, change nothing", 0 },
	{ "json", 'j', NULL, 0, "Answer in JSON, as the manual page describes it", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static unsigned int number(struct argp_state *state, const char *option, const char *text,
			   unsigned long least)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || text[0] == '-' || value < least || value > 65535)
		argp_error(state, "--%s: \"%s\", a number from %lu to 65535 expected", option, text,
			   least);
	return (unsigned int)value;
}

static void take_controller(struct argp_state *state, struct wanted *wanted, const char *value)
{
	if (wanted->controller[0])
		argp_error(state, "there is no use for \"%s\"", value);
	if (!value[0] || strlen(value) >= sizeof(wanted->controller))
		argp_error(state, "\"%s\" is no controller", value);
	snprintf(wanted->controller, sizeof(wanted->controller), "%s", value);
}

static void take_vf(struct argp_state *state, struct wanted *wanted, const char *value)
{
	if (wanted->nr == WANTED_MOST)
		argp_error(state, "--vf: at most %u", WANTED_MOST);
	wanted->vf[wanted->nr++].vf = number(state, "vf", value, 1);
}

static void check_provision(struct argp_state *state, const struct arguments *arguments)
{
	const struct wanted *wanted = &arguments->wanted;

	if (arguments->file && (wanted->nr || wanted->vfs || wanted->vf[0].queues ||
				wanted->vf[0].vectors || wanted->controller[0]))
		argp_error(state, "--file says everything");
	if (arguments->file)
		return;
	if (!wanted->controller[0])
		argp_error(state, "a controller or --file expected");
	if (wanted->nr != 1 || !wanted->vf[0].queues || !wanted->vf[0].vectors)
		argp_error(state, "--vf, --queues and --vectors expected, once each; --file is for "
			   "more");
}

static error_t parse_common(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case 'n':
		arguments->dry_run = true;
		return 0;
	case 'v':
		take_vf(state, &arguments->wanted, value);
		return 0;
	case ARGP_KEY_ARG:
		take_controller(state, &arguments->wanted, value);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_provision(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'f':
		arguments->file = value;
		return 0;
	case 'q':
		arguments->wanted.vf[0].queues = number(state, "queues", value, 2);
		return 0;
	case 'i':
		arguments->wanted.vf[0].vectors = number(state, "vectors", value, 1);
		return 0;
	case OPTION_VFS:
		arguments->wanted.vfs = number(state, "vfs", value, 1);
		return 0;
	case ARGP_KEY_END:
		check_provision(state, arguments);
		return 0;
	}
	return parse_common(key, value, state);
}

static error_t parse_unprovision(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_ALL:
		arguments->all = true;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->wanted.controller[0])
			argp_error(state, "a controller expected");
		if (arguments->all == !!arguments->wanted.nr)
			argp_error(state, "either --vf or --all expected");
		return 0;
	}
	return parse_common(key, value, state);
}

enum outcome provision_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = provision_options,
		.parser = parse_provision,
		.args_doc = "CONTROLLER\n--file=FILE",
		.doc = "Make VFs of a controlling function that can be given to virtual machines "
		       "and migrate with them.\v"
		       "CONTROLLER is a name such as nvme0, or a PCI address. Exit status: 0 done, "
		       "1 done but a function cannot migrate, 2 not done: everything is as it was. "
		       "See nvmove-provision(1).",
	};
	struct arguments arguments = { .json = false };

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (arguments.file && wanted_read(arguments.file, &arguments.wanted))
		return OUTCOME_ERROR;
	return run(&arguments, true);
}

enum outcome unprovision_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = unprovision_options,
		.parser = parse_unprovision,
		.args_doc = "CONTROLLER",
		.doc = "Take VFs from the migration driver, and their resources back.\v"
		       "CONTROLLER is a name such as nvme0, or a PCI address. Exit status: 0 done, "
		       "2 not done: everything is as it was. See nvmove-unprovision(1).",
	};
	struct arguments arguments = { .json = false };

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	return run(&arguments, false);
}
