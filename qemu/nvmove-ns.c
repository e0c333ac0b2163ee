/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A namespace of an nvmove device, on a medium in a file:
 *
 *   -device nvmove-ns,bus=nvm0,nsid=2,medium=shared.img,controllers=2-9
 *
 * controllers is "all", "none", or a list of controller ids of the device and ranges of them,
 * separated by colons ("1:3-5"). With as-nsid the guests of VFs and further PFs see it under that
 * id. Namespaces come and go with their device only.
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/uuid.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"

#include "nvmove.h"
#include "trace.h"

/**
 * struct NvmoveNamespace - the namespace's place in QEMU's device tree, properties only
 * @parent: base
 * @nsid: namespace id in the device
 * @as_nsid: namespace id that guests see, 0 for the same
 * @medium: path of the file
 * @controllers: ids of the controllers that it is attached to
 * @lba_size: bytes of a logical block
 * @uuid: UUID, zero if derived
 * @nguid: 32 hexadecimal digits, NULL if there is none
 * @eui64: EUI-64, 0 if there is none
 * @locator: where the data lives, in words that mean the same on every host; NULL if not known
 * @is_private: attached to one controller at a time
 * @read_only: open the file for reading only
 */
struct NvmoveNamespace {
	DeviceState parent;
	uint32_t nsid;
	uint32_t as_nsid;
	char *medium;
	char *controllers;
	uint32_t lba_size;
	QemuUUID uuid;
	char *nguid;
	uint64_t eui64;
	char *locator;
	bool is_private;
	bool read_only;
};

/* Set the bit of each controller of the list, counted from the primary. */
static bool parse_controllers(const Nvmove *device, const char *list, unsigned long *indexes,
			      Error **errp)
{
	const unsigned int lowest = device->cntlid;
	const unsigned int highest = lowest + device->num_vfs + device->num_secondary_pfs;

	if (!list || !strcmp(list, "all")) {
		bitmap_set(indexes, 0, highest - lowest + 1);
		return true;
	}
	return !strcmp(list, "none") ||
	       nvmove_parse_list("controllers", list, lowest, highest, indexes, errp);
}

static bool parse_nguid(const char *text, uint8_t nguid[16], Error **errp)
{
	unsigned int i;

	for (i = 0; text && i < 16; i++) {
		if (!g_ascii_isxdigit(text[2 * i]) || !g_ascii_isxdigit(text[2 * i + 1]))
			break;
		nguid[i] = g_ascii_xdigit_value(text[2 * i]) << 4 |
			   g_ascii_xdigit_value(text[2 * i + 1]);
	}
	if (!text || (i == 16 && !text[32]))
		return true;
	error_setg(errp, "property 'nguid': '%s', must be 32 hexadecimal digits", text);
	return false;
}

static bool parse_lba_size(uint32_t size, unsigned int *shift, Error **errp)
{
	if (size != 512 && size != 4096) {
		error_setg(errp, "property 'lba-size': %u, must be 512 or 4096", size);
		return false;
	}
	*shift = ctz32(size);
	return true;
}

/* The device's own PF always sees the namespace as nsid, the others as as-nsid. */
static bool attach(NvmoveNamespace *ns, Nvmove *device, const unsigned long *indexes, Error **errp)
{
	const unsigned int secondaries = device->num_vfs + device->num_secondary_pfs;
	bool attached = true;
	unsigned int i;

	for (i = 0; attached && i <= secondaries; i++) {
		struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(device->subsystem, i);
		uint32_t as_nsid = i && ns->as_nsid ? ns->as_nsid : ns->nsid;
		char *message = NULL;

		if (!test_bit(i, indexes))
			continue;
		trace_nvmove_ns_attached(ns->nsid, nvmove_ctrl_cntlid(ctrl), as_nsid);
		attached = !nvmove_namespace_attach_as(ctrl, ns->nsid, as_nsid, &message);
		if (!attached)
			error_setg(errp, "namespace %u, controller %u: %s", ns->nsid,
				   nvmove_ctrl_cntlid(ctrl), message ? message : "cannot attach");
		free(message);
	}
	nvmove_deliver(device);
	return attached;
}

static void nvmove_ns_realize(DeviceState *dev, Error **errp)
{
	g_autofree unsigned long *indexes = bitmap_new(NVMOVE_MAX_SECONDARY + 1);
	NvmoveNamespace *ns = NVMOVE_NS(dev);
	Nvmove *device = NVMOVE(qdev_get_parent_bus(dev)->parent);
	struct nvmove_namespace_config config = {
		.nsid = ns->nsid, .locator = ns->locator, .is_private = ns->is_private,
	};
	char *message = NULL;
	int error;

	if (!ns->medium) {
		error_setg(errp, "property 'medium' must name a file or block device");
		return;
	}
	if (!parse_controllers(device, ns->controllers, indexes, errp) ||
	    !parse_lba_size(ns->lba_size, &config.lba_shift, errp) ||
	    !parse_nguid(ns->nguid, config.nguid, errp))
		return;
	memcpy(config.uuid, ns->uuid.data, sizeof(config.uuid));
	stq_be_p(config.eui64, ns->eui64);

	config.medium = nvmove_medium_file(ns->medium, ns->read_only, NVMOVE_FILE_AUTO, &message);
	if (!config.medium) {
		error_setg(errp, "property 'medium': %s", message ? message : ns->medium);
		free(message);
		return;
	}
	error = nvmove_namespace_add(device->subsystem, &config, &message);
	if (error) {
		error_setg(errp, "namespace %u: %s", ns->nsid,
			   message ? message : strerror(-error));
		free(message);
		nvmove_medium_close(config.medium);
		return;
	}
	nvmove_adopt_medium(device, config.medium);
	attach(ns, device, indexes, errp);
}

static const Property nvmove_ns_properties[] = {
	DEFINE_PROP_UINT32("nsid", NvmoveNamespace, nsid, 1),
	DEFINE_PROP_UINT32("as-nsid", NvmoveNamespace, as_nsid, 0),
	DEFINE_PROP_STRING("medium", NvmoveNamespace, medium),
	DEFINE_PROP_STRING("controllers", NvmoveNamespace, controllers),
	DEFINE_PROP_UINT32("lba-size", NvmoveNamespace, lba_size, 512),
	DEFINE_PROP_UUID_NODEFAULT("uuid", NvmoveNamespace, uuid),
	DEFINE_PROP_STRING("nguid", NvmoveNamespace, nguid),
	DEFINE_PROP_UINT64("eui64", NvmoveNamespace, eui64, 0),
	DEFINE_PROP_STRING("locator", NvmoveNamespace, locator),
	DEFINE_PROP_BOOL("private", NvmoveNamespace, is_private, false),
	DEFINE_PROP_BOOL("read-only", NvmoveNamespace, read_only, false),
};

static const VMStateDescription nvmove_ns_vmstate = {
	.name = "nvmove-ns",
	.unmigratable = 1,
};

static void nvmove_ns_class_init(ObjectClass *class, void *data)
{
	DeviceClass *device = DEVICE_CLASS(class);

	device->realize = nvmove_ns_realize;
	device->bus_type = TYPE_NVMOVE_BUS;
	device->hotpluggable = false;
	device->vmsd = &nvmove_ns_vmstate;
	device->desc = "namespace of an nvmove device";
	device_class_set_props(device, nvmove_ns_properties);
	set_bit(DEVICE_CATEGORY_STORAGE, device->categories);
}

static const TypeInfo nvmove_ns_type = {
	.name = TYPE_NVMOVE_NS,
	.parent = TYPE_DEVICE,
	.instance_size = sizeof(NvmoveNamespace),
	.class_init = nvmove_ns_class_init,
};

static void register_types(void)
{
	type_register_static(&nvmove_ns_type);
}

type_init(register_types)
