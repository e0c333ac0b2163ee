/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PF with its NVM subsystem, and the VFs behind its SR-IOV capability:
 *
 *   -device nvmove,id=nvm0,bus=port0,serial=S1,subnqn=nqn.2026-11.org.example:s1,num-vfs=8
 *   -device nvmove-vss,bus=nvm0,vfs=1-2,subnqn=nqn.2026-11.org.example:guest,serial=G1
 *   -device nvmove-ns,bus=nvm0,nsid=1,medium=disk.img
 *
 * VF n, counted from 1, carries the secondary controller n; the secondary controllers after those
 * of the VFs are for further PFs (nvmove-pf.c). It decides nothing about NVMe.
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/cutils.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"

#include "nvmove.h"
#include "trace.h"

/* VFs follow the PF immediately. */
#define VF_OFFSET	1
#define VF_STRIDE	1

static void medium_event(void *opaque)
{
	struct NvmoveMedium *entry = opaque;

	nvmove_medium_poll(entry->medium);
	nvmove_deliver(entry->device);
}

void nvmove_adopt_medium(Nvmove *device, struct nvmove_medium *medium)
{
	struct NvmoveMedium *entry = g_new0(struct NvmoveMedium, 1);

	entry->device = device;
	entry->medium = medium;
	QSLIST_INSERT_HEAD(&device->media, entry, next);
	if (medium->event_fd >= 0)
		qemu_set_fd_handler(medium->event_fd, medium_event, NULL, entry);
}

static void close_media(Nvmove *device)
{
	struct NvmoveMedium *entry;

	while ((entry = QSLIST_FIRST(&device->media))) {
		QSLIST_REMOVE_HEAD(&device->media, next);
		if (entry->medium->event_fd >= 0)
			qemu_set_fd_handler(entry->medium->event_fd, NULL, NULL, NULL);
		nvmove_medium_close(entry->medium);
		g_free(entry);
	}
}

/* Parse one id or range. Leaves *text behind it. */
static bool parse_range(const char **text, unsigned int *first, unsigned int *last)
{
	if (qemu_strtoui(*text, text, 10, first) < 0)
		return false;
	*last = *first;
	if (**text == '-' && qemu_strtoui(*text + 1, text, 10, last) < 0)
		return false;
	return *first <= *last;
}

bool nvmove_parse_list(const char *property, const char *list, unsigned int lowest,
		       unsigned int highest, unsigned long *bits, Error **errp)
{
	const char *text = list;

	for (;;) {
		unsigned int first, last;

		if (!parse_range(&text, &first, &last) || (*text && *text != ':')) {
			error_setg(errp, "property '%s': '%s' is not a list like \"1:3-5\"", property,
				   list);
			return false;
		}
		if (first < lowest || last > highest) {
			error_setg(errp, "property '%s': '%s' names %u to %u, the device has %u to "
				   "%u", property, list, first, last, lowest, highest);
			return false;
		}
		bitmap_set(bits, first - lowest, last - first + 1);
		if (!*text)
			return true;
		text++;
	}
}

/* The library speaks of its fields; the user knows properties. */
void nvmove_report_config(Error **errp, const char *message)
{
	static const struct {
		const char *field;
		const char *property;
	} names[] = {
		{ "subnqn:", "subnqn" },
		{ "serial:", "serial" },
		{ "model:", "model" },
		{ "firmware:", "firmware" },
		{ "ieee_oui:", "ieee-oui" },
		{ "first_cntlid:", "cntlid" },
		{ "num_secondary:", "num-vfs" },
		{ "num_secondary_pfs:", "num-secondary-pfs" },
		{ "max_io_queues:", "max-ioqpairs" },
		{ "max_queue_entries:", "max-queue-entries" },
		{ "max_vectors:", "max-vectors" },
		{ "mdts:", "mdts" },
		{ "num_namespaces:", "max-namespaces" },
		{ "cntlid:", "cntlid" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *rest;

		if (strstart(message, names[i].field, &rest)) {
			error_setg(errp, "property '%s':%s", names[i].property, rest);
			return;
		}
	}
	error_setg(errp, "%s", message);
}

static bool parse_protocol(const char *text, unsigned int *protocols, Error **errp)
{
	static const struct {
		const char *text;
		unsigned int protocols;
	} known[] = {
		{ "hmlm", NVMOVE_PROTOCOL_HMLM },
		{ "rfc", NVMOVE_PROTOCOL_RFC },
		{ "both", NVMOVE_PROTOCOL_HMLM | NVMOVE_PROTOCOL_RFC },
	};
	unsigned int i;

	if (!text)
		return true;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(text, known[i].text)) {
			*protocols = known[i].protocols;
			return true;
		}
	}
	error_setg(errp, "property 'protocol': '%s' is none of \"hmlm\", \"rfc\", \"both\"", text);
	return false;
}

static bool create_subsystem(Nvmove *device, Error **errp)
{
	struct nvmove_subsystem_config config;
	char *message = NULL;

	nvmove_subsystem_config_default(&config);
	if (!parse_protocol(device->protocol, &config.protocols, errp))
		return false;
	config.subnqn = device->subnqn;
	config.serial = device->serial;
	if (device->model)
		config.model = device->model;
	if (device->firmware)
		config.firmware = device->firmware;
	config.vendor_id = device->vendor_id;
	config.subsystem_vendor_id = device->subsystem_vendor_id;
	config.ieee_oui = device->ieee_oui;
	config.first_cntlid = device->cntlid;
	config.num_secondary = device->num_vfs;
	config.num_secondary_pfs = device->num_secondary_pfs;
	config.max_io_queues = device->max_ioqpairs;
	config.max_queue_entries = device->max_queue_entries;
	config.max_vectors = device->max_vectors;
	config.mdts = device->mdts;
	config.num_namespaces = device->max_namespaces;

	device->subsystem = nvmove_subsystem_new(&config, &message);
	if (!device->subsystem)
		nvmove_report_config(errp, message ? message : "no memory for an NVM subsystem");
	free(message);
	return device->subsystem;
}

static bool add_vfs(Nvmove *device, Error **errp)
{
	const uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64;
	PCIDevice *pci = &device->function.pci;
	struct nvmove_ctrl *secondary;

	if (!device->num_vfs)
		return true;
	if (!pcie_sriov_pf_init(pci, NVMOVE_CAP_SRIOV, TYPE_NVMOVE_VF, device->vf_device_id,
				device->num_vfs, device->num_vfs, VF_OFFSET, VF_STRIDE, errp)) {
		/* There are no VFs to remove: exit must not look for them. */
		pci->exp.sriov_cap = 0;
		return false;
	}
	secondary = nvmove_subsystem_ctrl(device->subsystem, 1);
	pcie_sriov_pf_init_vf_bar(pci, NVMOVE_BAR_REGISTERS, type, nvmove_ctrl_bar_size(secondary));
	pcie_sriov_pf_init_vf_bar(pci, NVMOVE_BAR_MSIX, type,
				  nvmove_function_msix_bar_size(device->max_vectors));
	return true;
}

static void nvmove_exit(PCIDevice *pci)
{
	Nvmove *device = NVMOVE(pci);

	nvmove_unplug_pfs(device);
	pcie_sriov_pf_exit(pci);
	nvmove_function_exit(&device->function);
	nvmove_faults_free(device);
	nvmove_subsystem_free(device->subsystem);
	device->subsystem = NULL;
	close_media(device);
}

static void nvmove_realize(PCIDevice *pci, Error **errp)
{
	Nvmove *device = NVMOVE(pci);

	QSIMPLEQ_INIT(&device->signalled);
	QSLIST_INIT(&device->media);
	QLIST_INIT(&device->pfs);
	if (!create_subsystem(device, errp))
		return;
	pci_config_set_vendor_id(pci->config, device->vendor_id);
	pci_config_set_device_id(pci->config, device->device_id);
	if (!nvmove_function_init(&device->function, device, 0, errp) || !add_vfs(device, errp)) {
		nvmove_exit(pci);
		return;
	}
	nvmove_faults_new(device);
	qbus_init(&device->bus, sizeof(device->bus), TYPE_NVMOVE_BUS, DEVICE(pci), DEVICE(pci)->id);
}

/* Tell the subsystem which VFs exist, if that has changed. */
static void nvmove_write_config(PCIDevice *pci, uint32_t address, uint32_t value, int length)
{
	Nvmove *device = NVMOVE(pci);
	unsigned int before = pcie_sriov_num_vfs(pci), now;

	pci_default_write_config(pci, address, value, length);
	pcie_cap_flr_write_config(pci, address, value, length);
	now = pcie_sriov_num_vfs(pci);
	if (now == before)
		return;
	trace_nvmove_vfs(device->serial, before, now);
	nvmove_subsystem_set_vfs(device->subsystem, now);
	nvmove_deliver(device);
}

/* Every reset of the PF disables its VFs. */
static void nvmove_reset_hold(Object *object, ResetType type)
{
	Nvmove *device = NVMOVE(object);

	nvmove_function_reset(&device->function);
	nvmove_faults_forget(device);
	nvmove_subsystem_set_vfs(device->subsystem, 0);
	nvmove_deliver(device);
}

static const Property nvmove_properties[] = {
	DEFINE_PROP_STRING("serial", Nvmove, serial),
	DEFINE_PROP_STRING("subnqn", Nvmove, subnqn),
	DEFINE_PROP_STRING("model", Nvmove, model),
	DEFINE_PROP_STRING("firmware", Nvmove, firmware),
	DEFINE_PROP_STRING("protocol", Nvmove, protocol),
	DEFINE_PROP_UINT16("num-vfs", Nvmove, num_vfs, 8),
	DEFINE_PROP_UINT16("num-secondary-pfs", Nvmove, num_secondary_pfs, 0),
	DEFINE_PROP_UINT16("cntlid", Nvmove, cntlid, 1),
	DEFINE_PROP_UINT32("max-ioqpairs", Nvmove, max_ioqpairs, 64),
	DEFINE_PROP_UINT32("max-vectors", Nvmove, max_vectors, 65),
	DEFINE_PROP_UINT32("max-queue-entries", Nvmove, max_queue_entries, 4096),
	DEFINE_PROP_UINT32("max-namespaces", Nvmove, max_namespaces, 64),
	DEFINE_PROP_UINT8("mdts", Nvmove, mdts, 7),
	DEFINE_PROP_UINT16("vendor-id", Nvmove, vendor_id, PCI_VENDOR_ID_INTEL),
	DEFINE_PROP_UINT16("device-id", Nvmove, device_id, 0x1456),
	DEFINE_PROP_UINT16("vf-device-id", Nvmove, vf_device_id, 0x1457),
	DEFINE_PROP_UINT16("subsystem-vendor-id", Nvmove, subsystem_vendor_id, PCI_VENDOR_ID_INTEL),
	DEFINE_PROP_UINT16("subsystem-id", Nvmove, subsystem_id, 0),
	DEFINE_PROP_UINT32("ieee-oui", Nvmove, ieee_oui, 0x525400),
};

static void nvmove_class_init(ObjectClass *class, void *data)
{
	ResettableClass *resettable = RESETTABLE_CLASS(class);
	PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);
	DeviceClass *device = DEVICE_CLASS(class);

	pci->realize = nvmove_realize;
	pci->exit = nvmove_exit;
	pci->config_write = nvmove_write_config;
	resettable->phases.hold = nvmove_reset_hold;
	device->desc = "NVMe subsystem with migratable virtual functions";
	device_class_set_props(device, nvmove_properties);
	nvmove_faults_add_properties(class);
}

static const TypeInfo nvmove_type = {
	.name = TYPE_NVMOVE,
	.parent = TYPE_NVMOVE_FUNCTION,
	.instance_size = sizeof(Nvmove),
	.class_init = nvmove_class_init,
};

static void vf_realize(PCIDevice *pci, Error **errp)
{
	NvmoveFunction *function = NVMOVE_FUNCTION(pci);
	Nvmove *device = NVMOVE(pcie_sriov_get_pf(pci));

	if (!nvmove_function_init(function, device, pcie_sriov_vf_number(pci) + 1, errp))
		nvmove_function_exit(function);
}

static void vf_exit(PCIDevice *pci)
{
	nvmove_function_exit(NVMOVE_FUNCTION(pci));
}

static void vf_class_init(ObjectClass *class, void *data)
{
	PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);
	DeviceClass *device = DEVICE_CLASS(class);

	pci->realize = vf_realize;
	pci->exit = vf_exit;
	pci->config_write = nvmove_function_write_config;
	device->desc = "virtual function of an nvmove device";
	device->user_creatable = false;
}

static const TypeInfo vf_type = {
	.name = TYPE_NVMOVE_VF,
	.parent = TYPE_NVMOVE_FUNCTION,
	.class_init = vf_class_init,
};

static const TypeInfo bus_type = {
	.name = TYPE_NVMOVE_BUS,
	.parent = TYPE_BUS,
};

static void register_types(void)
{
	type_register_static(&nvmove_type);
	type_register_static(&vf_type);
	type_register_static(&bus_type);
}

type_init(register_types)
