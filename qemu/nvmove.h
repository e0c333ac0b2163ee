/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nvmove device in QEMU: a PCI function per controller of one NVM subsystem. It connects
 * libnvmove-ctrl (ctrl/) to QEMU and holds no NVMe logic. Everything here runs under the big QEMU
 * lock, which is the one lock that the library asks for.
 */
#ifndef HW_NVMOVE_H
#define HW_NVMOVE_H

#include "qemu/queue.h"
#include "qemu/timer.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-core.h"
#include "qom/object.h"

#include "ctrl/ctrl.h"
#include "ctrl/media/medium.h"

#define TYPE_NVMOVE_FUNCTION	"nvmove-function"
#define TYPE_NVMOVE		"nvmove"
#define TYPE_NVMOVE_VF		"nvmove-vf"
#define TYPE_NVMOVE_PF		"nvmove-pf"
#define TYPE_NVMOVE_BUS		"nvmove-bus"
#define TYPE_NVMOVE_NS		"nvmove-ns"
#define TYPE_NVMOVE_VSS		"nvmove-vss"

OBJECT_DECLARE_SIMPLE_TYPE(NvmoveFunction, NVMOVE_FUNCTION)
OBJECT_DECLARE_SIMPLE_TYPE(Nvmove, NVMOVE)
OBJECT_DECLARE_SIMPLE_TYPE(NvmovePf, NVMOVE_PF)
OBJECT_DECLARE_SIMPLE_TYPE(NvmoveNamespace, NVMOVE_NS)
OBJECT_DECLARE_SIMPLE_TYPE(NvmoveVirtualSubsystem, NVMOVE_VSS)

struct NvmoveFaults;

/* How controllers reach their functions; each callback gets the function. */
extern const struct nvmove_host_ops nvmove_function_ops;

/* BARs of every function. Both are 64 bits wide and so take two registers each. */
#define NVMOVE_BAR_REGISTERS	0
#define NVMOVE_BAR_MSIX		2

/* Extended capabilities. The SR-IOV code of QEMU 10.0 clears four bytes after its own at reset. */
#define NVMOVE_CAP_AER		0x100
#define NVMOVE_CAP_ARI		0x150
#define NVMOVE_CAP_SRIOV	0x160

/**
 * struct NvmoveFunction - a PCI function with its controller
 * @pci: base
 * @device: the device that owns the subsystem: the function itself if it is the PF
 * @ctrl: controller, NULL before it is bound. Owned by the subsystem
 * @registers: BAR of the controller's registers and doorbells
 * @msix: BAR of MSI-X table and pending bits
 * @bh: runs the controller
 * @timer: the controller's timer
 * @signalled: vectors that the controller has signalled since it was called
 * @vectors: bits of @signalled
 * @queued: in the device's list of functions with signalled vectors
 * @next: next in that list
 */
struct NvmoveFunction {
	PCIDevice pci;
	Nvmove *device;
	struct nvmove_ctrl *ctrl;
	MemoryRegion registers;
	MemoryRegion msix;
	QEMUBH *bh;
	QEMUTimer *timer;
	unsigned long *signalled;
	unsigned int vectors;
	bool queued;
	QSIMPLEQ_ENTRY(NvmoveFunction) next;
};

/**
 * struct NvmoveMedium - a medium in use by a namespace of a device
 * @device: device
 * @medium: medium, owned
 * @next: next of the device
 */
struct NvmoveMedium {
	Nvmove *device;
	struct nvmove_medium *medium;
	QSLIST_ENTRY(NvmoveMedium) next;
};

/**
 * struct Nvmove - the PF, which is also the subsystem
 * @function: base; every function of the device has a pointer to this structure
 * @bus: where namespaces and virtual subsystems are plugged
 * @subsystem: subsystem, owned
 * @signalled: functions whose controllers have signalled vectors, in order
 * @media: media of the namespaces, owned; they are closed after the subsystem is freed
 * @pfs: further PFs
 * @faults: planned faults of the PF's admin queue, owned (nvmove-fault.c)
 *
 * The rest are properties.
 */
struct Nvmove {
	NvmoveFunction function;
	BusState bus;
	struct nvmove_subsystem *subsystem;
	QSIMPLEQ_HEAD(, NvmoveFunction) signalled;
	QSLIST_HEAD(, NvmoveMedium) media;
	QLIST_HEAD(, NvmovePf) pfs;
	struct NvmoveFaults *faults;

	char *serial;
	char *subnqn;
	char *model;
	char *firmware;
	char *protocol;
	uint16_t num_vfs;
	uint16_t num_secondary_pfs;
	uint16_t cntlid;
	uint32_t max_ioqpairs;
	uint32_t max_vectors;
	uint32_t max_queue_entries;
	uint32_t max_namespaces;
	uint8_t mdts;
	uint16_t vendor_id;
	uint16_t device_id;
	uint16_t vf_device_id;
	uint16_t subsystem_vendor_id;
	uint16_t subsystem_id;
	uint32_t ieee_oui;
};

/**
 * nvmove_function_init() - set up what all functions have in common and bind the controller
 * @function: function in its realize()
 * @device: device with its subsystem
 * @index: controller of the subsystem, 0 for the PF
 * @errp: error
 *
 * Return: false on error; nvmove_function_exit() must be called all the same.
 */
bool nvmove_function_init(NvmoveFunction *function, Nvmove *device, unsigned int index,
			  Error **errp);

/**
 * nvmove_function_exit() - undo nvmove_function_init(), however far it came
 * @function: function
 */
void nvmove_function_exit(NvmoveFunction *function);

/**
 * nvmove_function_msix_bar_size() - bytes of the BAR with MSI-X table and pending bits
 * @vectors: number of vectors
 */
uint64_t nvmove_function_msix_bar_size(unsigned int vectors);

/**
 * nvmove_function_reset() - reset the controller
 * @function: function in the hold phase of its reset
 */
void nvmove_function_reset(NvmoveFunction *function);

/**
 * nvmove_function_write_config() - the host writes the configuration space of a function without
 * VFs
 * @pci: function
 * @address: byte offset
 * @value: value, @length low bytes
 * @length: 1, 2 or 4 bytes
 */
void nvmove_function_write_config(PCIDevice *pci, uint32_t address, uint32_t value, int length);

/**
 * nvmove_unplug_pfs() - take the further PFs off their buses, as when the whole drive is pulled out
 * @device: device that is about to go
 */
void nvmove_unplug_pfs(Nvmove *device);

/**
 * nvmove_deliver() - send the interrupts that controllers have signalled
 * @device: device
 *
 * To be called after each call into the library, which interrupts must not be sent from: an MSI-X
 * message is a write to anywhere, the device's own registers included.
 */
void nvmove_deliver(Nvmove *device);

/**
 * nvmove_adopt_medium() - poll a medium from QEMU's main loop until the device goes
 * @device: device
 * @medium: medium, which now belongs to @device
 */
void nvmove_adopt_medium(Nvmove *device, struct nvmove_medium *medium);

/**
 * nvmove_report_config() - say which property the library has refused
 * @errp: receives the error
 * @message: message of the library, which begins with the name of a field of a config
 */
void nvmove_report_config(Error **errp, const char *message);

/**
 * nvmove_faults_new() - let what passes between the PF's controller and its host pass
 * nvmove-fault.c
 * @device: device, its PF's controller bound
 */
void nvmove_faults_new(Nvmove *device);

/**
 * nvmove_faults_free() - undo nvmove_faults_new(), if it was done
 * @device: device, its PF's controller not bound any more
 */
void nvmove_faults_free(Nvmove *device);

/**
 * nvmove_faults_forget() - the PF's controller has been reset: nobody waits for its commands any
 * more
 * @device: device
 */
void nvmove_faults_forget(Nvmove *device);

/**
 * nvmove_faults_write() - nvmove_ctrl_write() on the PF's controller, at once or late
 * @device: device
 * @offset: byte offset in BAR 0
 * @value: value
 * @size: bytes
 */
void nvmove_faults_write(Nvmove *device, uint64_t offset, uint64_t value, unsigned int size);

/**
 * nvmove_faults_add_properties() - properties of the nvmove device that plan faults
 * @class: its class
 */
void nvmove_faults_add_properties(ObjectClass *class);

/**
 * nvmove_parse_list() - parse numbers and ranges of them, separated by colons ("1:3-5")
 * @property: property that the list is the value of, for messages
 * @list: list
 * @lowest: least number that may be in it
 * @highest: greatest number that may be in it
 * @bits: receives a bit for each number in the list; bit 0 is @lowest
 * @errp: error
 *
 * Return: false on error.
 */
bool nvmove_parse_list(const char *property, const char *list, unsigned int lowest,
		       unsigned int highest, unsigned long *bits, Error **errp);

#endif /* HW_NVMOVE_H */
