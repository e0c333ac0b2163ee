/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual subsystem of an nvmove device: the identity and the feature set that its VFs have in
 * place of the device's own, so that a guest finds the same controller on another device:
 *
 *   -device
 *   nvmove-vss,bus=nvm0,vfs=1:3-5,subnqn=nqn.2026-11.org.example:guest,serial=G1,mdts=5,verify=off
 *
 * vfs is a list of VF numbers and ranges of them, separated by colons. The guest of the first one
 * sees the controller id cntlid, that of the next one cntlid + 1, and so on. What is left out is
 * the device's; what is narrowed is neither offered nor done. policy is "check" or "adopt"
 * (ctrl/ctrl.h).
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qapi/error.h"
#include "block/nvme.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"

#include "nvmove.h"
#include "trace.h"

/**
 * struct NvmoveVirtualSubsystem - its place in QEMU's device tree, properties only
 * @parent: base
 * @vfs: its VFs
 * @cntlid: controller id that the guest of the first one sees
 * @policy: what its VFs do with the identity of a state that they load
 *
 * The rest are the fields of struct nvmove_vsubsystem_config; NULL and 0 for the device's own
 * value.
 */
struct NvmoveVirtualSubsystem {
	DeviceState parent;
	char *vfs;
	uint16_t cntlid;
	char *policy;
	char *subnqn;
	char *serial;
	char *model;
	char *firmware;
	uint16_t vendor_id;
	uint16_t subsystem_vendor_id;
	uint32_t ieee_oui;
	uint32_t max_ioqpairs;
	uint32_t max_vectors;
	uint32_t max_queue_entries;
	uint32_t max_namespaces;
	uint8_t mdts;
	bool compare;
	bool dsm;
	bool write_zeroes;
	bool save_select;
	bool reservations;
	bool timestamp;
	bool verify;
	bool doorbell_buffer;
	bool write_cache;
};

static bool parse_policy(const char *text, enum nvmove_identity_policy *policy, Error **errp)
{
	if (!text || !strcmp(text, "check")) {
		*policy = NVMOVE_IDENTITY_CHECK;
		return true;
	}
	if (!strcmp(text, "adopt")) {
		*policy = NVMOVE_IDENTITY_ADOPT;
		return true;
	}
	error_setg(errp, "property 'policy': '%s' is neither \"check\" nor \"adopt\"", text);
	return false;
}

static void set_identity(const NvmoveVirtualSubsystem *vss, struct nvmove_vsubsystem_config *config)
{
	if (vss->subnqn)
		config->subnqn = vss->subnqn;
	if (vss->serial)
		config->serial = vss->serial;
	if (vss->model)
		config->model = vss->model;
	if (vss->firmware)
		config->firmware = vss->firmware;
	if (vss->vendor_id)
		config->vendor_id = vss->vendor_id;
	if (vss->subsystem_vendor_id)
		config->subsystem_vendor_id = vss->subsystem_vendor_id;
	if (vss->ieee_oui)
		config->ieee_oui = vss->ieee_oui;
}

static void set_limits(const NvmoveVirtualSubsystem *vss, struct nvmove_vsubsystem_config *config)
{
	if (vss->max_ioqpairs)
		config->max_io_queues = vss->max_ioqpairs;
	if (vss->max_vectors)
		config->max_vectors = vss->max_vectors;
	if (vss->max_queue_entries)
		config->max_queue_entries = vss->max_queue_entries;
	if (vss->max_namespaces)
		config->num_namespaces = vss->max_namespaces;
	if (vss->mdts)
		config->mdts = vss->mdts;
}

static void leave_out(const NvmoveVirtualSubsystem *vss, struct nvmove_vsubsystem_config *config)
{
	const struct {
		bool offered;
		uint16_t oncs;
	} options[] = {
		{ vss->compare, NVME_ONCS_COMPARE },
		{ vss->dsm, NVME_ONCS_DSM },
		{ vss->write_zeroes, NVME_ONCS_WRITE_ZEROES },
		{ vss->save_select, NVME_ONCS_FEATURES },
		{ vss->reservations, NVME_ONCS_RESRVATIONS },
		{ vss->timestamp, NVME_ONCS_TIMESTAMP },
		{ vss->verify, NVME_ONCS_VERIFY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (!options[i].offered)
			config->oncs &= ~options[i].oncs;
	}
	if (!vss->doorbell_buffer)
		config->oacs &= ~NVME_OACS_DBCS;
	config->volatile_write_cache = config->volatile_write_cache && vss->write_cache;
}

static bool join(const NvmoveVirtualSubsystem *vss, Nvmove *device,
		 struct nvmove_vsubsystem *vsubsystem, const unsigned long *vfs, Error **errp)
{
	ERRP_GUARD();
	uint16_t cntlid = vss->cntlid;
	unsigned int i;

	for (i = 0; i < device->num_vfs; i++) {
		struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(device->subsystem, i + 1);
		char *message = NULL;

		if (!test_bit(i, vfs))
			continue;
		if (nvmove_ctrl_join(ctrl, vsubsystem, cntlid, &message)) {
			nvmove_report_config(errp, message ? message : "cannot join");
			error_prepend(errp, "VF %u: ", i + 1);
			free(message);
			return false;
		}
		trace_nvmove_vss_joined(vss->subnqn ? vss->subnqn : device->subnqn,
					nvmove_ctrl_cntlid(ctrl), cntlid);
		cntlid++;
	}
	return true;
}

static void nvmove_vss_realize(DeviceState *dev, Error **errp)
{
	NvmoveVirtualSubsystem *vss = NVMOVE_VSS(dev);
	Nvmove *device = NVMOVE(qdev_get_parent_bus(dev)->parent);
	g_autofree unsigned long *vfs = bitmap_new(NVMOVE_MAX_SECONDARY);
	struct nvmove_vsubsystem_config config;
	struct nvmove_vsubsystem *vsubsystem;
	char *message = NULL;

	if (!vss->vfs) {
		error_setg(errp, "property 'vfs' must name VFs, as in \"1:3-5\"");
		return;
	}
	nvmove_vsubsystem_config_default(device->subsystem, &config);
	set_identity(vss, &config);
	set_limits(vss, &config);
	leave_out(vss, &config);
	if (!nvmove_parse_list("vfs", vss->vfs, 1, device->num_vfs, vfs, errp) ||
	    !parse_policy(vss->policy, &config.policy, errp))
		return;
	vsubsystem = nvmove_vsubsystem_new(device->subsystem, &config, &message);
	if (!vsubsystem) {
		nvmove_report_config(errp, message ? message : "no memory for a virtual subsystem");
		free(message);
		return;
	}
	/* The subsystem owns it from now on, and frees it. */
	join(vss, device, vsubsystem, vfs, errp);
}

static const Property nvmove_vss_properties[] = {
	DEFINE_PROP_STRING("vfs", NvmoveVirtualSubsystem, vfs),
	DEFINE_PROP_UINT16("cntlid", NvmoveVirtualSubsystem, cntlid, 1),
	DEFINE_PROP_STRING("policy", NvmoveVirtualSubsystem, policy),
	DEFINE_PROP_STRING("subnqn", NvmoveVirtualSubsystem, subnqn),
	DEFINE_PROP_STRING("serial", NvmoveVirtualSubsystem, serial),
	DEFINE_PROP_STRING("model", NvmoveVirtualSubsystem, model),
	DEFINE_PROP_STRING("firmware", NvmoveVirtualSubsystem, firmware),
	DEFINE_PROP_UINT16("vendor-id", NvmoveVirtualSubsystem, vendor_id, 0),
	DEFINE_PROP_UINT16("subsystem-vendor-id", NvmoveVirtualSubsystem, subsystem_vendor_id, 0),
	DEFINE_PROP_UINT32("ieee-oui", NvmoveVirtualSubsystem, ieee_oui, 0),
	DEFINE_PROP_UINT32("max-ioqpairs", NvmoveVirtualSubsystem, max_ioqpairs, 0),
	DEFINE_PROP_UINT32("max-vectors", NvmoveVirtualSubsystem, max_vectors, 0),
	DEFINE_PROP_UINT32("max-queue-entries", NvmoveVirtualSubsystem, max_queue_entries, 0),
	DEFINE_PROP_UINT32("max-namespaces", NvmoveVirtualSubsystem, max_namespaces, 0),
	DEFINE_PROP_UINT8("mdts", NvmoveVirtualSubsystem, mdts, 0),
	DEFINE_PROP_BOOL("compare", NvmoveVirtualSubsystem, compare, true),
	DEFINE_PROP_BOOL("dsm", NvmoveVirtualSubsystem, dsm, true),
	DEFINE_PROP_BOOL("write-zeroes", NvmoveVirtualSubsystem, write_zeroes, true),
	DEFINE_PROP_BOOL("save-select", NvmoveVirtualSubsystem, save_select, true),
	DEFINE_PROP_BOOL("reservations", NvmoveVirtualSubsystem, reservations, true),
	DEFINE_PROP_BOOL("timestamp", NvmoveVirtualSubsystem, timestamp, true),
	DEFINE_PROP_BOOL("verify", NvmoveVirtualSubsystem, verify, true),
	DEFINE_PROP_BOOL("doorbell-buffer", NvmoveVirtualSubsystem, doorbell_buffer, true),
	DEFINE_PROP_BOOL("write-cache", NvmoveVirtualSubsystem, write_cache, true),
};

static const VMStateDescription nvmove_vss_vmstate = {
	.name = "nvmove-vss",
	.unmigratable = 1,
};

static void nvmove_vss_class_init(ObjectClass *class, void *data)
{
	DeviceClass *device = DEVICE_CLASS(class);

	device->realize = nvmove_vss_realize;
	device->bus_type = TYPE_NVMOVE_BUS;
	device->hotpluggable = false;
	device->vmsd = &nvmove_vss_vmstate;
	device->desc = "virtual subsystem of an nvmove device";
	device_class_set_props(device, nvmove_vss_properties);
	set_bit(DEVICE_CATEGORY_STORAGE, device->categories);
}

static const TypeInfo nvmove_vss_type = {
	.name = TYPE_NVMOVE_VSS,
	.parent = TYPE_DEVICE,
	.instance_size = sizeof(NvmoveVirtualSubsystem),
	.class_init = nvmove_vss_class_init,
};

static void register_types(void)
{
	type_register_static(&nvmove_vss_type);
}

type_init(register_types)
