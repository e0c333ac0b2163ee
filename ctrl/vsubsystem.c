// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtual subsystems: identities and feature sets that secondary controllers have in place of the
 * device's own, so that a guest finds the same controller on another device. It says what a
 * controller offers; refusing the rest is the business of whoever executes the command.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "controller.h"

#define LAST_CNTLID	0xffef

/* Optional commands and features of every controller of the device. */
#define DEVICE_OACS	NVM_CTRL_OACS_DOORBELL_BUFFER
#define DEVICE_ONCS	(NVM_CTRL_ONCS_COMPARE | NVM_CTRL_ONCS_DSM | NVM_CTRL_ONCS_WRITE_ZEROES | \
			 NVM_CTRL_ONCS_SAVE_SELECT | NVM_CTRL_ONCS_RESERVATIONS | \
			 NVM_CTRL_ONCS_TIMESTAMP | \
			 NVM_CTRL_ONCS_VERIFY)

/*
 * Whether a controller of @identity knows the I/O command: an optional one has its bit in ONCS.
 */
bool identity_has_io_command(const struct identity *identity, unsigned int opcode)
{
	switch (opcode) {
	case NVM_IO_COMPARE:
		return identity->oncs & NVM_CTRL_ONCS_COMPARE;
	case NVM_IO_WRITE_ZEROES:
		return identity->oncs & NVM_CTRL_ONCS_WRITE_ZEROES;
	case NVM_IO_DSM:
		return identity->oncs & NVM_CTRL_ONCS_DSM;
	case NVM_IO_VERIFY:
		return identity->oncs & NVM_CTRL_ONCS_VERIFY;
	case NVM_IO_RESV_REGISTER:
	case NVM_IO_RESV_REPORT:
	case NVM_IO_RESV_ACQUIRE:
	case NVM_IO_RESV_RELEASE:
		return identity->oncs & NVM_CTRL_ONCS_RESERVATIONS;
	default:
		return true;
	}
}

/*
 * Whether a controller of @identity knows the admin command: an optional one has its bit in OACS.
 */
bool identity_has_admin_command(const struct identity *identity, unsigned int opcode)
{
	switch (opcode) {
	case NVM_ADMIN_DOORBELL_BUFFER_CONFIG:
		return identity->oacs & NVM_CTRL_OACS_DOORBELL_BUFFER;
	default:
		return true;
	}
}

/*
 * Whether a controller of @identity knows the feature.
 */
bool identity_has_feature(const struct identity *identity, unsigned int fid)
{
	switch (fid) {
	case NVM_FEAT_VOLATILE_WC:
		return identity->volatile_write_cache;
	case NVM_FEAT_TIMESTAMP:
		return identity->oncs & NVM_CTRL_ONCS_TIMESTAMP;
	case NVM_FEAT_RESV_MASK:
	case NVM_FEAT_RESV_PERSIST:
		return identity->oncs & NVM_CTRL_ONCS_RESERVATIONS;
	default:
		return true;
	}
}

/*
 * Give a controller its identity. Nothing is checked here, and nothing else is changed.
 */
void vsubsystem_enter(struct nvmove_ctrl *ctrl, struct nvmove_vsubsystem *vsubsystem,
		      uint16_t virtual_cntlid)
{
	ctrl->vsubsystem = vsubsystem;
	ctrl->identity = &vsubsystem->identity;
	ctrl->virtual_cntlid = virtual_cntlid;
}

/*
 * The identity of controllers that nobody gave another. It offers everything, and it is the
 * device's: no state changes it.
 */
void vsubsystem_init_device(struct nvmove_subsystem *subsystem,
			    const struct nvmove_subsystem_config *config)
{
	struct nvmove_vsubsystem *device = &subsystem->device;
	struct identity *identity = &device->identity;

	device->subsystem = subsystem;
	device->max_io_queues = config->max_io_queues;
	device->max_vectors = config->max_vectors;
	device->policy = NVMOVE_IDENTITY_CHECK;
	strcpy(identity->subnqn, config->subnqn);
	strcpy(identity->serial, config->serial);
	strcpy(identity->model, config->model);
	strcpy(identity->firmware, config->firmware);
	identity->vendor_id = config->vendor_id;
	identity->subsystem_vendor_id = config->subsystem_vendor_id;
	identity->ieee_oui = config->ieee_oui;
	identity->max_queue_entries = config->max_queue_entries;
	identity->mdts = config->mdts;
	identity->num_namespaces = config->num_namespaces;
	identity->oacs = DEVICE_OACS;
	identity->oncs = DEVICE_ONCS;
	identity->volatile_write_cache = true;
}

void nvmove_vsubsystem_config(const struct nvmove_vsubsystem *vsubsystem,
			      struct nvmove_vsubsystem_config *config)
{
	const struct identity *identity = &vsubsystem->identity;

	*config = (struct nvmove_vsubsystem_config) {
		.subnqn = identity->subnqn,
		.serial = identity->serial,
		.model = identity->model,
		.firmware = identity->firmware,
		.vendor_id = identity->vendor_id,
		.subsystem_vendor_id = identity->subsystem_vendor_id,
		.ieee_oui = identity->ieee_oui,
		.max_io_queues = vsubsystem->max_io_queues,
		.max_queue_entries = identity->max_queue_entries,
		.max_vectors = vsubsystem->max_vectors,
		.mdts = identity->mdts,
		.num_namespaces = identity->num_namespaces,
		.oacs = identity->oacs,
		.oncs = identity->oncs,
		.volatile_write_cache = identity->volatile_write_cache,
		.policy = vsubsystem->policy,
	};
}

void nvmove_vsubsystem_config_default(const struct nvmove_subsystem *subsystem,
				      struct nvmove_vsubsystem_config *config)
{
	nvmove_vsubsystem_config(&subsystem->device, config);
}

static bool check_bits(const char *field, unsigned int value, unsigned int device, char **error)
{
	if (!(value & ~device))
		return true;
	return config_refuse(error, "%s: %#x, the device has %#x", field, value, device);
}

static bool check_config(const struct nvmove_vsubsystem *device,
			 const struct nvmove_vsubsystem_config *config, char **error)
{
	const struct identity *most = &device->identity;

	return config_check_nqn("subnqn", config->subnqn, error) &&
	       config_check_text("serial", config->serial, 20, error) &&
	       config_check_text("model", config->model, 40, error) &&
	       config_check_text("firmware", config->firmware, 8, error) &&
	       config_check_range("ieee_oui", config->ieee_oui, 0, 0xffffff, error) &&
	       config_check_range("max_io_queues", config->max_io_queues, 1,
				  device->max_io_queues, error) &&
	       config_check_range("max_queue_entries", config->max_queue_entries, 2,
				  most->max_queue_entries, error) &&
	       config_check_range("max_vectors", config->max_vectors, 1, device->max_vectors,
				  error) &&
	       config_check_range("mdts", config->mdts, 1, most->mdts, error) &&
	       config_check_range("num_namespaces", config->num_namespaces, 1,
				  most->num_namespaces, error) &&
	       check_bits("oacs", config->oacs, most->oacs, error) &&
	       check_bits("oncs", config->oncs, most->oncs, error) &&
	       config_check_range("policy", config->policy, NVMOVE_IDENTITY_CHECK,
				  NVMOVE_IDENTITY_ADOPT, error);
}

struct nvmove_vsubsystem *nvmove_vsubsystem_new(struct nvmove_subsystem *subsystem,
						const struct nvmove_vsubsystem_config *config,
						char **error)
{
	struct nvmove_vsubsystem *vsubsystem;

	if (error)
		*error = NULL;
	if (!check_config(&subsystem->device, config, error))
		return NULL;
	vsubsystem = calloc(1, sizeof(*vsubsystem));
	if (!vsubsystem) {
		config_refuse(error, "subnqn: no memory for \"%s\"", config->subnqn);
		return NULL;
	}
	vsubsystem->subsystem = subsystem;
	vsubsystem->max_io_queues = config->max_io_queues;
	vsubsystem->max_vectors = config->max_vectors;
	vsubsystem->policy = config->policy;
	vsubsystem->identity = (struct identity) {
		.vendor_id = config->vendor_id,
		.subsystem_vendor_id = config->subsystem_vendor_id,
		.ieee_oui = config->ieee_oui,
		.max_queue_entries = config->max_queue_entries,
		.mdts = config->mdts,
		.num_namespaces = config->num_namespaces,
		.oacs = config->oacs,
		.oncs = config->oncs,
		.volatile_write_cache = config->volatile_write_cache,
	};
	strcpy(vsubsystem->identity.subnqn, config->subnqn);
	strcpy(vsubsystem->identity.serial, config->serial);
	strcpy(vsubsystem->identity.model, config->model);
	strcpy(vsubsystem->identity.firmware, config->firmware);
	vsubsystem->next = subsystem->vsubsystems;
	subsystem->vsubsystems = vsubsystem;
	return vsubsystem;
}

static void leave(struct nvmove_ctrl *ctrl)
{
	vsubsystem_enter(ctrl, &ctrl->subsystem->device, ctrl->cntlid);
	features_init(ctrl);
}

void nvmove_vsubsystem_free(struct nvmove_vsubsystem *vsubsystem)
{
	struct nvmove_subsystem *subsystem = vsubsystem ? vsubsystem->subsystem : NULL;
	struct nvmove_vsubsystem **link;

	if (!vsubsystem)
		return;
	for (unsigned int i = 1; i < subsystem->num_ctrls; i++) {
		if (subsystem->ctrl[i]->vsubsystem != vsubsystem)
			continue;
		ctrl_set_offline(subsystem->ctrl[i]);
		leave(subsystem->ctrl[i]);
	}
	link = &subsystem->vsubsystems;
	while (*link != vsubsystem)
		link = &(*link)->next;
	*link = vsubsystem->next;
	free(vsubsystem);
}

/*
 * The controllers are gone: nothing refers to a virtual subsystem any more.
 */
void vsubsystem_free_all(struct nvmove_subsystem *subsystem)
{
	while (subsystem->vsubsystems) {
		struct nvmove_vsubsystem *vsubsystem = subsystem->vsubsystems;

		subsystem->vsubsystems = vsubsystem->next;
		free(vsubsystem);
	}
}

/*
 * How many controllers have the identity of @vsubsystem.
 */
unsigned int vsubsystem_num_members(const struct nvmove_vsubsystem *vsubsystem)
{
	const struct nvmove_subsystem *subsystem = vsubsystem->subsystem;
	unsigned int n = 0;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++)
		n += subsystem->ctrl[i]->vsubsystem == vsubsystem;
	return n;
}

static const struct nvmove_ctrl *find_member(const struct nvmove_vsubsystem *vsubsystem,
					     uint16_t virtual_cntlid)
{
	const struct nvmove_subsystem *subsystem = vsubsystem->subsystem;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		const struct nvmove_ctrl *ctrl = subsystem->ctrl[i];

		if (ctrl->vsubsystem == vsubsystem && ctrl->virtual_cntlid == virtual_cntlid)
			return ctrl;
	}
	return NULL;
}

/* Whether what @ctrl has been given already is within the limits. */
static bool check_limits(const struct nvmove_ctrl *ctrl, const struct nvmove_vsubsystem *vsubsystem,
			 char **error)
{
	unsigned int num_namespaces = vsubsystem->identity.num_namespaces;

	if (!config_check_range("VQ resources", ctrl->num_queues, 0, vsubsystem->max_io_queues + 1,
				error) ||
	    !config_check_range("VI resources", ctrl->num_vectors, 0, vsubsystem->max_vectors,
				error))
		return false;
	for (uint32_t nsid = num_namespaces + 1; nsid <= ctrl->identity->num_namespaces; nsid++) {
		if (ctrl->ns[nsid])
			return config_check_range("attached nsid", nsid, 1, num_namespaces, error);
	}
	return true;
}

int nvmove_ctrl_join(struct nvmove_ctrl *ctrl, struct nvmove_vsubsystem *vsubsystem,
		     uint16_t cntlid, char **error)
{
	const struct nvmove_ctrl *other;

	if (error)
		*error = NULL;
	if (ctrl_is_primary(ctrl)) {
		config_refuse(error, "controller %u is the primary", ctrl->cntlid);
		return -EINVAL;
	}
	if (ctrl->online) {
		config_refuse(error, "controller %u is online", ctrl->cntlid);
		return -EBUSY;
	}
	if (!vsubsystem) {
		leave(ctrl);
		return 0;
	}
	if (vsubsystem->subsystem != ctrl->subsystem) {
		config_refuse(error, "controller %u is of another device", ctrl->cntlid);
		return -EINVAL;
	}
	if (!config_check_range("cntlid", cntlid, 0, LAST_CNTLID, error) ||
	    !check_limits(ctrl, vsubsystem, error))
		return -EINVAL;
	other = find_member(vsubsystem, cntlid);
	if (other && other != ctrl) {
		config_refuse(error, "cntlid: %u is controller %u's", cntlid, other->cntlid);
		return -EEXIST;
	}
	vsubsystem_enter(ctrl, vsubsystem, cntlid);
	features_init(ctrl);
	return 0;
}
