/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A further PF of an nvmove device: a PCI function of its own, not a VF, with a secondary
 * controller of the device's NVM subsystem behind it:
 *
 *   -device
 *   nvmove,id=nvm0,bus=port0,serial=S1,subnqn=nqn.2026-11.org.example:s1,num-vfs=8,num-secondary-pfs=1
 *   -device nvmove-pf,bus=port1,subsystem=nvm0,cntlid=10
 *
 * The device's own PF can migrate it as it can migrate a VF. It comes and goes with that device,
 * and it decides nothing about NVMe.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"

#include "nvmove.h"

/**
 * struct NvmovePf - a further PF
 * @function: base
 * @subsystem: property: the device that owns the subsystem
 * @cntlid: property: controller id in the device
 * @next: next further PF of the device
 */
struct NvmovePf {
	NvmoveFunction function;
	Nvmove *subsystem;
	uint16_t cntlid;
	QLIST_ENTRY(NvmovePf) next;
};

/* Which controller of the subsystem it has; 0, which is the device's own PF's, on error. */
static unsigned int controller_index(const NvmovePf *pf, Error **errp)
{
	const Nvmove *device = pf->subsystem;
	const unsigned int lowest = device->cntlid + device->num_vfs + 1;
	const NvmovePf *other;

	if (!device->num_secondary_pfs) {
		error_setg(errp, "property 'subsystem': '%s' has num-secondary-pfs=0", DEVICE(device)->id);
		return 0;
	}
	if (pf->cntlid < lowest || pf->cntlid >= lowest + device->num_secondary_pfs) {
		error_setg(errp, "property 'cntlid': %u, further PFs of '%s' have %u to %u", pf->cntlid,
			   DEVICE(device)->id, lowest, lowest + device->num_secondary_pfs - 1);
		return 0;
	}
	QLIST_FOREACH(other, &device->pfs, next) {
		if (other->cntlid == pf->cntlid) {
			error_setg(errp, "property 'cntlid': %u is another PF's", pf->cntlid);
			return 0;
		}
	}
	return pf->cntlid - device->cntlid;
}

static void pf_realize(PCIDevice *pci, Error **errp)
{
	NvmovePf *pf = NVMOVE_PF(pci);
	Nvmove *device = pf->subsystem;
	unsigned int index;

	if (!device || !DEVICE(device)->realized) {
		error_setg(errp, "property 'subsystem' must name an nvmove device");
		return;
	}
	index = controller_index(pf, errp);
	if (!index)
		return;
	pci_config_set_vendor_id(pci->config, device->vendor_id);
	pci_config_set_device_id(pci->config, device->device_id);
	if (!nvmove_function_init(&pf->function, device, index, errp)) {
		nvmove_function_exit(&pf->function);
		return;
	}
	QLIST_INSERT_HEAD(&device->pfs, pf, next);
}

static void pf_exit(PCIDevice *pci)
{
	NvmovePf *pf = NVMOVE_PF(pci);

	QLIST_REMOVE(pf, next);
	nvmove_function_exit(&pf->function);
}

void nvmove_unplug_pfs(Nvmove *device)
{
	NvmovePf *pf, *next;

	QLIST_FOREACH_SAFE(pf, &device->pfs, next, next)
		object_unparent(OBJECT(pf));
}

static const Property pf_properties[] = {
	DEFINE_PROP_LINK("subsystem", NvmovePf, subsystem, TYPE_NVMOVE, Nvmove *),
	DEFINE_PROP_UINT16("cntlid", NvmovePf, cntlid, 0),
};

static void pf_class_init(ObjectClass *class, void *data)
{
	PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);
	DeviceClass *device = DEVICE_CLASS(class);

	pci->realize = pf_realize;
	pci->exit = pf_exit;
	pci->config_write = nvmove_function_write_config;
	device->desc = "further physical function of an nvmove device";
	device_class_set_props(device, pf_properties);
}

static const TypeInfo pf_type = {
	.name = TYPE_NVMOVE_PF,
	.parent = TYPE_NVMOVE_FUNCTION,
	.instance_size = sizeof(NvmovePf),
	.class_init = pf_class_init,
};

static void register_types(void)
{
	type_register_static(&pf_type);
}

type_init(register_types)
