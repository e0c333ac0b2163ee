// SPDX-License-Identifier: BSD-2-Clause
/*
 * Asking a controlling function for the question of a controller that it controls.
 */
#include "question.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>

#include "command.h"
#include "topology.h"

#define PIECE_SIZE	4096

/* The controller of the nvme driver that is behind a PCI function; false if there is none. */
static bool find_controller(const char *physical, char name[32])
{
	struct pci_address function;
	char (*names)[32];
	int nr = topology_names(&names);
	bool found = false;

	for (int i = 0; i < nr && !found; i++) {
		found = topology_pci_address(names[i], &function) &&
			!strcmp(function.text, physical);
		if (found)
			memcpy(name, names[i], sizeof(names[i]));
	}
	free(names);
	return found;
}

static bool offers_our_states(struct nvme_device *device)
{
	static const uint8_t uuid[16] = NVMOVE_CSTATE_UUID;
	uint8_t data[NVM_IDENTIFY_SIZE];
	const struct nvmove_hmlm_formats *formats = (const void *)data;
	size_t at;

	if (nvme_device_identify(device, NVMOVE_HMLM_CNS_FORMATS, 0, 0, data))
		return false;
	at = sizeof(*formats) + formats->nv * sizeof(__le16);
	for (unsigned int i = 0; i < formats->nuuid && at + sizeof(uuid) <= sizeof(data); i++) {
		if (!memcmp(data + at, uuid, sizeof(uuid)))
			return true;
		at += sizeof(uuid);
	}
	return false;
}

static bool speaks_rfc(const struct controlling *controlling, const struct pci_address *function)
{
	const uint8_t *id = (const uint8_t *)&controlling->id;

	return sysfs_number(0, "bus/pci/devices/%s/vendor", function->text) ==
		       NVMOVE_RFC_VF_VENDOR_ID &&
	       sysfs_number(0, "bus/pci/devices/%s/device", function->text) ==
		       NVMOVE_RFC_VF_DEVICE_ID &&
	       id[NVMOVE_RFC_ID_CTRL_OFFSET] == NVMOVE_RFC_ID_CTRL_SUPPORTED;
}

static int read_piece(struct nvme_device *device, const char *name, unsigned int cntlid,
		      struct contents *question, size_t length)
{
	int status = nvme_device_log(device, NVMOVE_LOG_QUESTION, (uint16_t)cntlid, question->size,
				     question->data + question->size, (uint32_t)length);

	if (status < 0)
		complain("%s: log page %#x of controller %u: %s", name, NVMOVE_LOG_QUESTION, cntlid,
			 strerror(-status));
	else if (status)
		complain("%s: log page %#x of controller %u: the device refused with status %#x",
			 name, NVMOVE_LOG_QUESTION, cntlid, status);
	else
		question->size += length;
	return status ? -1 : 0;
}

/* How long the container says that it is; 0 if it cannot be. */
static size_t container_size(const struct contents *question)
{
	const struct nvmove_cstate_header *header = (const void *)question->data;
	uint64_t nvme = le64toh(header->nvme_dwords[0]);
	uint64_t vendor = le64toh(header->vendor_dwords[0]);

	if (header->nvme_dwords[1] || header->vendor_dwords[1] || nvme > NVMOVE_QUESTION_MAX / 4 ||
	    vendor > NVMOVE_QUESTION_MAX / 4 ||
	    sizeof(*header) + 4 * (nvme + vendor) > NVMOVE_QUESTION_MAX)
		return 0;
	return sizeof(*header) + 4 * (nvme + vendor);
}

static int read_question(struct nvme_device *device, const char *name, unsigned int cntlid,
			 struct contents *question)
{
	size_t size;

	question->data = malloc(NVMOVE_QUESTION_MAX);
	if (!question->data) {
		complain("%s: no memory for %u bytes", name, NVMOVE_QUESTION_MAX);
		return -1;
	}
	if (read_piece(device, name, cntlid, question, sizeof(struct nvmove_cstate_header)))
		return -1;
	size = container_size(question);
	if (!size) {
		complain("%s: log page %#x of controller %u: no container of up to %u bytes", name,
			 NVMOVE_LOG_QUESTION, cntlid, NVMOVE_QUESTION_MAX);
		return -1;
	}
	while (question->size < size) {
		size_t left = size - question->size;

		if (read_piece(device, name, cntlid, question,
			       left < PIECE_SIZE ? left : PIECE_SIZE))
			return -1;
	}
	return 0;
}

/* Find out which controller is behind the function, and whether its device is known, and read. */
static int ask(struct nvme_device *device, const char *name, const struct pci_address *function,
	       struct contents *question)
{
	struct controlling *controlling = calloc(1, sizeof(*controlling));
	const struct secondary *found = NULL;
	int err = -1;

	if (!controlling) {
		complain("%s: no memory", name);
		return -1;
	}
	if (topology_read(name, device, controlling) < 0) {
		free(controlling);
		return -1;
	}
	for (unsigned int i = 0; i < controlling->nr_secondaries; i++) {
		if (!strcmp(controlling->secondary[i].function.text, function->text))
			found = &controlling->secondary[i];
	}
	if (!found)
		complain("%s: %s controls no controller behind %s", name,
			 controlling->function.text, function->text);
	else if (!(controlling->hmlm && offers_our_states(device)) &&
		 !speaks_rfc(controlling, function))
		complain("%s: not a device that is known to have compatibility records", name);
	else
		err = read_question(device, name, found->cntlid, question);
	free(controlling);
	return err;
}

int question_fetch(const struct pci_address *function, struct contents *question)
{
	char physical[SYSFS_TEXT_SIZE], name[32];
	struct nvme_device device;
	int err;

	*question = (struct contents) { .name = function->text };
	if (!sysfs_link(physical, "bus/pci/devices/%s/physfn", function->text)) {
		complain("%s: neither bound to nvme-vfio-pci nor a VF, so nobody can be asked",
			 function->text);
		return -1;
	}
	if (!find_controller(physical, name)) {
		complain("%s: its controlling function %s is not the nvme driver's", function->text,
			 physical);
		return -1;
	}
	err = nvme_device_open(&device, name);
	if (err) {
		complain("%s: %s%s", name, strerror(-err),
			 err == -EACCES ? ": only root may ask a device" : "");
		return -1;
	}
	err = ask(&device, name, function, question);
	nvme_device_close(&device);
	if (err)
		file_release(question);
	return err;
}
