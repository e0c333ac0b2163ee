/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all functions have in common: capabilities, BARs, and the callbacks through which a
 * controller reaches host memory, interrupts and time. It never interprets what passes through.
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "exec/memory.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "system/dma.h"

#include "nvmove.h"
#include "trace.h"

#define CAP_PM		0x60
#define CAP_PCIE	0x80

/* MSI-X table and pending bits are mapped by VFIO in whole pages. */
#define MSIX_ALIGN	4096

/*
 * Memory only: a controller's access to some device's registers, its own among them, would come
 * back into the library in the middle of a call.
 */
static const MemTxAttrs dma_attrs = { .memory = true };

static void *function_dma_map(void *opaque, uint64_t address, size_t *length,
			      enum nvmove_dma_direction direction)
{
	NvmoveFunction *function = opaque;
	AddressSpace *space = pci_get_address_space(&function->pci);
	bool write = direction == NVMOVE_DMA_FROM_DEVICE;
	hwaddr offset, contiguous = *length;
	dma_addr_t mapped = *length;
	MemoryRegion *region;
	void *pointer;

	RCU_READ_LOCK_GUARD();
	/* Mapping what is no memory, or what the IOMMU refuses, would give a bounce buffer. */
	region = address_space_translate(space, address, &offset, &contiguous, write, dma_attrs);
	if (!memory_access_is_direct(region, write, dma_attrs))
		return NULL;
	pointer = dma_memory_map(space, address, &mapped,
				 write ? DMA_DIRECTION_FROM_DEVICE : DMA_DIRECTION_TO_DEVICE,
				 dma_attrs);
	if (pointer)
		*length = mapped;
	return pointer;
}

static void function_dma_unmap(void *opaque, void *pointer, size_t length,
			       enum nvmove_dma_direction direction, size_t written)
{
	NvmoveFunction *function = opaque;
	bool write = direction == NVMOVE_DMA_FROM_DEVICE;

	dma_memory_unmap(pci_get_address_space(&function->pci), pointer, length,
			 write ? DMA_DIRECTION_FROM_DEVICE : DMA_DIRECTION_TO_DEVICE, written);
}

static int function_dma_read(void *opaque, uint64_t address, void *buffer, size_t length)
{
	NvmoveFunction *function = opaque;

	if (pci_dma_rw(&function->pci, address, buffer, length, DMA_DIRECTION_TO_DEVICE,
		       dma_attrs) == MEMTX_OK)
		return 0;
	trace_nvmove_dma_failed(nvmove_ctrl_cntlid(function->ctrl), "read", address, length);
	return -EFAULT;
}

static bool write_memory(NvmoveFunction *function, uint64_t address, const void *buffer,
			 size_t length)
{
	/* Each write begins with a memory barrier. */
	return pci_dma_rw(&function->pci, address, (void *)buffer, length,
			  DMA_DIRECTION_FROM_DEVICE, dma_attrs) == MEMTX_OK;
}

static int function_dma_write(void *opaque, uint64_t address, const void *buffer, size_t length)
{
	/*
	 * A completion queue entry, half a Controller Data Queue entry: the last four bytes hold
	 * the phase tag and come last.
	 */
	const size_t last = length == 16 && !(address % 16) ? 4 : 0;
	NvmoveFunction *function = opaque;

	if (write_memory(function, address, buffer, length - last) &&
	    (!last || write_memory(function, address + 12, (const uint8_t *)buffer + 12, last)))
		return 0;
	trace_nvmove_dma_failed(nvmove_ctrl_cntlid(function->ctrl), "write", address, length);
	return -EFAULT;
}

static void function_irq(void *opaque, unsigned int vector)
{
	NvmoveFunction *function = opaque;
	Nvmove *device = function->device;

	if (vector >= function->vectors)
		return;
	set_bit(vector, function->signalled);
	if (!function->queued) {
		function->queued = true;
		QSIMPLEQ_INSERT_TAIL(&device->signalled, function, next);
	}
}

void nvmove_deliver(Nvmove *device)
{
	NvmoveFunction *function;
	unsigned int vector;

	while ((function = QSIMPLEQ_FIRST(&device->signalled))) {
		QSIMPLEQ_REMOVE_HEAD(&device->signalled, next);
		function->queued = false;
		for (vector = find_first_bit(function->signalled, function->vectors);
		     vector < function->vectors;
		     vector = find_next_bit(function->signalled, function->vectors, vector + 1)) {
			clear_bit(vector, function->signalled);
			trace_nvmove_interrupt(nvmove_ctrl_cntlid(function->ctrl), vector);
			if (msix_enabled(&function->pci))
				msix_notify(&function->pci, vector);
		}
	}
}

static void function_schedule(void *opaque)
{
	NvmoveFunction *function = opaque;

	qemu_bh_schedule(function->bh);
}

static void function_run(void *opaque)
{
	NvmoveFunction *function = opaque;

	nvmove_ctrl_run(function->ctrl);
	nvmove_deliver(function->device);
}

static uint64_t function_now_ns(void *opaque)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void function_set_timer(void *opaque, uint64_t deadline_ns)
{
	NvmoveFunction *function = opaque;

	trace_nvmove_timer(nvmove_ctrl_cntlid(function->ctrl), deadline_ns);
	if (deadline_ns > INT64_MAX)
		timer_del(function->timer);
	else
		timer_mod_ns(function->timer, deadline_ns);
}

static void function_timer(void *opaque)
{
	NvmoveFunction *function = opaque;

	nvmove_ctrl_timer(function->ctrl);
	nvmove_deliver(function->device);
}

static void function_log(void *opaque, const char *message)
{
	NvmoveFunction *function = opaque;
	uint16_t cntlid = nvmove_ctrl_cntlid(function->ctrl);

	trace_nvmove_log(cntlid, message);
	info_report("nvmove %s, controller %u: %s", function->device->serial, cntlid, message);
}

const struct nvmove_host_ops nvmove_function_ops = {
	.dma_map = function_dma_map,
	.dma_unmap = function_dma_unmap,
	.dma_read = function_dma_read,
	.dma_write = function_dma_write,
	.irq = function_irq,
	.schedule = function_schedule,
	.now_ns = function_now_ns,
	.timer = function_set_timer,
	.log = function_log,
};

static uint64_t registers_read(void *opaque, hwaddr offset, unsigned int size)
{
	NvmoveFunction *function = opaque;
	uint64_t value = nvmove_ctrl_read(function->ctrl, offset, size);

	trace_nvmove_read(nvmove_ctrl_cntlid(function->ctrl), offset, size, value);
	nvmove_deliver(function->device);
	return value;
}

static void registers_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	NvmoveFunction *function = opaque;

	trace_nvmove_write(nvmove_ctrl_cntlid(function->ctrl), offset, size, value);
	if (function == &function->device->function)
		nvmove_faults_write(function->device, offset, value, size);
	else
		nvmove_ctrl_write(function->ctrl, offset, value, size);
	nvmove_deliver(function->device);
}

static const MemoryRegionOps registers_ops = {
	.read = registers_read,
	.write = registers_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = {
		.min_access_size = 1,
		.max_access_size = 8,
	},
	.impl = {
		.min_access_size = 1,
		.max_access_size = 8,
	},
};

static uint32_t msix_pba_offset(unsigned int vectors)
{
	return QEMU_ALIGN_UP(vectors * PCI_MSIX_ENTRY_SIZE, MSIX_ALIGN);
}

uint64_t nvmove_function_msix_bar_size(unsigned int vectors)
{
	uint32_t pba_size = QEMU_ALIGN_UP(DIV_ROUND_UP(vectors, 8), MSIX_ALIGN);

	return pow2ceil(msix_pba_offset(vectors) + pba_size);
}

static bool add_bars(NvmoveFunction *function, Error **errp)
{
	const uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64;
	PCIDevice *pci = &function->pci;
	unsigned int vector;

	memory_region_init_io(&function->registers, OBJECT(function), &registers_ops, function,
			      "nvmove-registers", nvmove_ctrl_bar_size(function->ctrl));
	pci_register_bar(pci, NVMOVE_BAR_REGISTERS, type, &function->registers);

	memory_region_init(&function->msix, OBJECT(function), "nvmove-msix",
			   nvmove_function_msix_bar_size(function->vectors));
	pci_register_bar(pci, NVMOVE_BAR_MSIX, type, &function->msix);
	if (msix_init(pci, function->vectors, &function->msix, NVMOVE_BAR_MSIX, 0,
		      &function->msix, NVMOVE_BAR_MSIX, msix_pba_offset(function->vectors), 0,
		      errp) < 0)
		return false;
	for (vector = 0; vector < function->vectors; vector++)
		msix_vector_use(pci, vector);
	return true;
}

/* Power management: the states mean nothing to an emulated function, but hosts use them. */
static bool add_power_management(PCIDevice *pci, Error **errp)
{
	int offset = pci_pm_init(pci, CAP_PM, errp);

	if (offset < 0)
		return false;
	pci_set_word(pci->config + offset + PCI_PM_PMC, PCI_PM_CAP_VER_1_2);
	pci_set_word(pci->config + offset + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	pci_set_word(pci->wmask + offset + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
	return true;
}

static bool add_capabilities(NvmoveFunction *function, Error **errp)
{
	PCIDevice *pci = &function->pci;
	int offset;

	if (!add_power_management(pci, errp))
		return false;
	offset = pcie_endpoint_cap_init(pci, CAP_PCIE);
	if (offset < 0) {
		error_setg_errno(errp, -offset, "no PCI Express capability at 0x%x", CAP_PCIE);
		return false;
	}
	pcie_cap_flr_init(pci);
	pcie_cap_deverr_init(pci);
	if (pcie_aer_init(pci, PCI_ERR_VER, NVMOVE_CAP_AER, PCI_ERR_SIZEOF, errp) < 0)
		return false;
	pcie_ari_init(pci, NVMOVE_CAP_ARI);
	return true;
}

bool nvmove_function_init(NvmoveFunction *function, Nvmove *device, unsigned int index,
			  Error **errp)
{
	PCIDevice *pci = &function->pci;

	function->device = device;
	function->ctrl = nvmove_subsystem_ctrl(device->subsystem, index);
	function->vectors = device->max_vectors;
	function->signalled = bitmap_new(function->vectors);
	function->bh = qemu_bh_new_guarded(function_run, function,
					   &DEVICE(function)->mem_reentrancy_guard);
	function->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, function_timer, function);

	pci_config_set_prog_interface(pci->config, 0x02);
	pci_set_word(pci->config + PCI_SUBSYSTEM_VENDOR_ID, device->subsystem_vendor_id);
	pci_set_word(pci->config + PCI_SUBSYSTEM_ID, device->subsystem_id);
	if (!add_bars(function, errp) || !add_capabilities(function, errp))
		return false;
	nvmove_ctrl_bind(function->ctrl, &nvmove_function_ops, function);
	return true;
}

void nvmove_function_exit(NvmoveFunction *function)
{
	PCIDevice *pci = &function->pci;

	if (!function->ctrl)
		return;
	nvmove_ctrl_reset(function->ctrl, NVMOVE_RESET_CONVENTIONAL);
	nvmove_ctrl_bind(function->ctrl, NULL, NULL);
	if (function->queued)
		QSIMPLEQ_REMOVE(&function->device->signalled, function, NvmoveFunction, next);
	function->queued = false;
	function->ctrl = NULL;

	timer_free(function->timer);
	qemu_bh_delete(function->bh);
	g_free(function->signalled);
	pcie_aer_exit(pci);
	pcie_cap_exit(pci);
	msix_unuse_all_vectors(pci);
	msix_uninit(pci, &function->msix, &function->msix);
}

void nvmove_function_reset(NvmoveFunction *function)
{
	PCIDevice *pci = &function->pci;
	bool flr = pci_get_word(pci->config + pci->exp.exp_cap + PCI_EXP_DEVCTL) &
		   PCI_EXP_DEVCTL_BCR_FLR;

	trace_nvmove_reset(nvmove_ctrl_cntlid(function->ctrl), flr ? "FLR" : "conventional");
	nvmove_ctrl_reset(function->ctrl, flr ? NVMOVE_RESET_FLR : NVMOVE_RESET_CONVENTIONAL);
}

void nvmove_function_write_config(PCIDevice *pci, uint32_t address, uint32_t value, int length)
{
	pci_default_write_config(pci, address, value, length);
	pcie_cap_flr_write_config(pci, address, value, length);
}

static void function_reset_hold(Object *object, ResetType type)
{
	NvmoveFunction *function = NVMOVE_FUNCTION(object);

	nvmove_function_reset(function);
	nvmove_deliver(function->device);
}

/* The machine that contains the device is not migrated; the controller migrates by itself. */
static const VMStateDescription function_vmstate = {
	.name = "nvmove",
	.unmigratable = 1,
};

static void function_class_init(ObjectClass *class, void *data)
{
	ResettableClass *resettable = RESETTABLE_CLASS(class);
	PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);
	DeviceClass *device = DEVICE_CLASS(class);

	pci->class_id = PCI_CLASS_STORAGE_EXPRESS;
	resettable->phases.hold = function_reset_hold;
	device->vmsd = &function_vmstate;
	set_bit(DEVICE_CATEGORY_STORAGE, device->categories);
}

static const TypeInfo function_type = {
	.name = TYPE_NVMOVE_FUNCTION,
	.parent = TYPE_PCI_DEVICE,
	.abstract = true,
	.instance_size = sizeof(NvmoveFunction),
	.class_init = function_class_init,
	.interfaces = (InterfaceInfo[]) {
		{ INTERFACE_PCIE_DEVICE },
		{ }
	},
};

static void register_types(void)
{
	type_register_static(&function_type);
}

type_init(register_types)
