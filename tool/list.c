// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove list: which functions control which controllers, and which of those can migrate. It
 * changes nothing.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "fields.h"
#include "output.h"
#include "topology.h"

/* ---- what is attached ---- */

static struct json_object *find_controller(struct json_object *controllers, unsigned int cntlid)
{
	for (size_t i = 0; i < json_object_array_length(controllers); i++) {
		struct json_object *item = json_object_array_get_idx(controllers, i);

		if (json_object_get_uint64(json_object_object_get(item, "cntlid")) == cntlid)
			return json_object_object_get(item, "namespaces");
	}
	return NULL;
}

/* Note a namespace with each secondary controller that it is attached to. */
static int add_namespace(struct nvme_device *device, struct json_object *controllers, uint32_t nsid)
{
	struct nvm_ctrl_list list;
	int status = nvme_device_identify(device, NVM_CNS_NS_CTRL_LIST, 0, nsid, &list);

	if (status)
		return status;
	for (unsigned int i = 0; i < le16toh(list.num) && i < sizeof(list.id) / sizeof(list.id[0]);
	     i++) {
		struct json_object *namespaces = find_controller(controllers, le16toh(list.id[i]));

		if (namespaces)
			json_object_array_add(namespaces, json_object_new_uint64(nsid));
	}
	return 0;
}

/*
 * Walk the allocated namespaces.
 *
 * Return: 0, or what the device had against it.
 */
static int add_namespaces(struct nvme_device *device, struct json_object *controllers)
{
	__le32 list[NVM_IDENTIFY_SIZE / sizeof(__le32)];
	const size_t room = sizeof(list) / sizeof(list[0]);
	uint32_t after = 0;
	size_t i;

	do {
		int status = nvme_device_identify(device, NVM_CNS_ALLOCATED_NS, 0, after, list);

		for (i = 0; !status && i < room && le32toh(list[i]) > after; i++) {
			after = le32toh(list[i]);
			status = add_namespace(device, controllers, after);
		}
		if (status)
			return status;
	} while (i == room);
	return 0;
}

/* ---- objects ---- */

static struct json_object *text_or_null(const char *text)
{
	return text[0] ? json_object_new_string(text) : NULL;
}

static struct json_object *secondary_object(const struct secondary *secondary)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "cntlid", json_object_new_uint64(secondary->cntlid));
	json_object_object_add(object, "function", text_or_null(secondary->function.text));
	json_object_object_add(object, "vf", json_object_new_uint64(secondary->vfn));
	json_object_object_add(object, "online", json_object_new_boolean(secondary->online));
	json_object_object_add(object, "queues", json_object_new_uint64(secondary->queues));
	json_object_object_add(object, "vectors", json_object_new_uint64(secondary->vectors));
	json_object_object_add(object, "namespaces", json_object_new_array());
	json_object_object_add(object, "driver", text_or_null(secondary->driver));
	json_object_object_add(object, "protocol", text_or_null(secondary->protocol));
	json_object_object_add(object, "state", text_or_null(secondary->state));
	json_object_object_add(object, "migratable",
			       json_object_new_boolean(!secondary->reason[0]));
	json_object_object_add(object, "reason", text_or_null(secondary->reason));
	return object;
}

static struct json_object *resource_object(uint32_t total, uint32_t assigned, uint16_t most)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "total", json_object_new_uint64(total));
	json_object_object_add(object, "assigned", json_object_new_uint64(assigned));
	json_object_object_add(object, "most_per_controller", json_object_new_uint64(most));
	return object;
}

/* A text of Identify Controller is padded with spaces. */
static struct json_object *padded_text(const char *text, size_t size)
{
	while (size && (text[size - 1] == ' ' || !text[size - 1]))
		size--;
	return fields_text(text, size);
}

static struct json_object *controlling_object(const struct controlling *controlling)
{
	const struct nvm_primary_caps *caps = &controlling->caps;
	const struct nvm_id_ctrl *id = &controlling->id;
	struct json_object *object = json_object_new_object();
	struct json_object *controllers = json_object_new_array();

	for (unsigned int i = 0; i < controlling->nr_secondaries; i++)
		json_object_array_add(controllers, secondary_object(&controlling->secondary[i]));
	json_object_object_add(object, "name", json_object_new_string(controlling->name));
	json_object_object_add(object, "function",
			       json_object_new_string(controlling->function.text));
	json_object_object_add(object, "cntlid", json_object_new_int(le16toh(id->cntlid)));
	json_object_object_add(object, "serial", padded_text(id->sn, sizeof(id->sn)));
	json_object_object_add(object, "model", padded_text(id->mn, sizeof(id->mn)));
	json_object_object_add(object, "host_managed_live_migration",
			       json_object_new_boolean(controlling->hmlm));
	json_object_object_add(object, "vfs", json_object_new_uint64(controlling->num_vfs));
	json_object_object_add(object, "total_vfs", json_object_new_uint64(controlling->total_vfs));
	json_object_object_add(object, "queues",
			       resource_object(le32toh(caps->vqfrt), le32toh(caps->vqrfa),
					       le16toh(caps->vqfrsm)));
	json_object_object_add(object, "vectors",
			       resource_object(le32toh(caps->vifrt), le32toh(caps->virfa),
					       le16toh(caps->vifrsm)));
	json_object_object_add(object, "controllers", controllers);
	return object;
}

/* ---- the tree ---- */

static const char *word(struct json_object *object, const char *name)
{
	struct json_object *value = json_object_object_get(object, name);

	return value ? json_object_get_string(value) : "-";
}

static bool is_true(struct json_object *object, const char *name)
{
	return json_object_get_boolean(json_object_object_get(object, name));
}

static void print_secondary(struct json_object *object, bool is_last)
{
	struct json_object *namespaces = json_object_object_get(object, "namespaces");
	size_t nr = json_object_array_length(namespaces);

	printf("%s controller %s  %-12s  %-7s  %s queues  %s vectors  nsid", is_last ? "`-" : "|-",
	       word(object, "cntlid"), word(object, "function"),
	       is_true(object, "online") ? "online" : "offline", word(object, "queues"),
	       word(object, "vectors"));
	if (!nr)
		printf(" -");
	for (size_t i = 0; i < nr; i++)
		printf("%s%s", i ? "," : " ",
		       json_object_get_string(json_object_array_get_idx(namespaces, i)));
	if (is_true(object, "migratable"))
		printf("  migratable: %s, %s\n", word(object, "protocol"), word(object, "state"));
	else
		printf("  not migratable: %s\n", word(object, "reason"));
}

static void print_resources(struct json_object *object, const char *name)
{
	struct json_object *resources = json_object_object_get(object, name);

	printf(", %s of %s %s assigned", word(resources, "assigned"), word(resources, "total"),
	       name);
}

static void print_controlling(struct json_object *object)
{
	struct json_object *controllers = json_object_object_get(object, "controllers");
	size_t nr = json_object_array_length(controllers);

	printf("%s  %s  controller %s  %s  %s\n", word(object, "name"), word(object, "function"),
	       word(object, "cntlid"), word(object, "model"), word(object, "serial"));
	printf("%s  %s of %s VFs", nr ? "|" : " ", word(object, "vfs"), word(object, "total_vfs"));
	print_resources(object, "queues");
	print_resources(object, "vectors");
	putchar('\n');
	for (size_t i = 0; i < nr; i++)
		print_secondary(json_object_array_get_idx(controllers, i), i + 1 == nr);
}

/* ---- the command ---- */

static bool is_wanted(const char *only, const char *name)
{
	struct pci_address wanted, function;

	if (!only || !strcmp(only, name))
		return true;
	return pci_address_parse(only, &wanted) && topology_pci_address(name, &function) &&
	       !strcmp(wanted.text, function.text);
}

static int add_open(struct json_object *list, const char *name, struct nvme_device *device)
{
	struct controlling *controlling = calloc(1, sizeof(*controlling));
	struct json_object *object;
	int result = -1;

	if (!controlling) {
		complain("%s: no memory", name);
		return -1;
	}
	result = topology_read(name, device, controlling);
	if (!result) {
		object = controlling_object(controlling);
		if (le16toh(controlling->id.oacs) & NVM_CTRL_OACS_NS_MGMT)
			result = add_namespaces(device,
						json_object_object_get(object, "controllers"));
		if (result)
			complain("%s: lists of namespaces: %d", name, result);
		json_object_array_add(list, object);
	}
	free(controlling);
	return result;
}

/* Return: 0, 1 if it controls nobody, -1 after a complaint. */
static int add_controlling(struct json_object *list, const char *name)
{
	struct nvme_device device;
	int result = nvme_device_open(&device, name);

	if (result) {
		complain("%s: %s%s", name, strerror(-result),
			 result == -EACCES ? ": only root may ask a device" : "");
		return -1;
	}
	result = add_open(list, name, &device);
	nvme_device_close(&device);
	return result;
}

static enum outcome add_all(struct json_object *list, const char *only)
{
	enum outcome outcome = OUTCOME_YES;
	bool found = !only;
	char (*names)[32];
	int nr = topology_names(&names);

	if (nr < 0)
		return OUTCOME_ERROR;
	for (int i = 0; i < nr; i++) {
		if (!is_wanted(only, names[i]))
			continue;
		found = true;
		if (add_controlling(list, names[i]) < 0)
			outcome = OUTCOME_ERROR;
	}
	free(names);
	return found ? outcome : complain("%s: no controller of this host's nvme driver", only);
}

enum outcome list_command(int argc, char **argv)
{
	static const char doc[] =
		"List controlling functions, what they control, what of that can migrate.\v"
		"CONTROLLER is a name such as nvme0, or a PCI address. Exit status: 0 listed, 2 a "
		"device could not be asked. See nvmove-list(1).";
	struct arguments arguments = { .most = 1 };
	struct json_object *answer, *list;
	enum outcome outcome;

	arguments_parse(&arguments, "[CONTROLLER]", doc, argc, argv);
	list = json_object_new_array();
	outcome = add_all(list, arguments.word[0]);
	answer = json_object_new_object();
	json_object_object_add(answer, "controlling_functions", list);
	if (arguments.json && outcome == OUTCOME_YES)
		output_json(answer);
	for (size_t i = 0; !arguments.json && i < json_object_array_length(list); i++)
		print_controlling(json_object_array_get_idx(list, i));
	json_object_put(answer);
	return outcome;
}
