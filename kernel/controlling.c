// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way from a controlling function to its admin queue. This is the only file that knows the
 * kernel's nvme driver: it finds the function's controller, pins what it uses for as long as one
 * command takes, and copes with the function being reset, unbound or removed meanwhile. It never
 * keeps anything of the function between two commands and never takes a PCI device's lock.
 *
 * Why this is safe. A controller is a device of class "nvme" below the function. A reference to
 * that device keeps struct nvme_ctrl and its admin queue allocated, a reference to the function's
 * driver module keeps the code that frees them; an open /dev/nvmeN holds the same two. A command on
 * a queue that is being torn down is failed by the block layer, and tearing down waits for commands
 * that got in before.
 *
 * That leaves the moment between finding the device and holding the module. Before a driver's
 * module can go, the driver core announces on the bus that the function is unbound (or that its
 * probe failed). The notifier here takes lookup_lock and thereby waits for whoever is in that
 * moment.
 */
#include <linux/blkdev.h>
#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <nvmove/nvme.h>

#include "controlling.h"
#include "nvme-host.h"
#include "nvme-layout.h"

/*
 * Never called. Importing a function that takes a struct nvme_ctrl makes the module loader compare
 * the checksum of that structure, so the offsets in nvme-layout.h cannot meet another layout. A
 * kernel without symbol versions compares only its release; there is_built_for() is left.
 */
static void (*const layout_pin)(struct nvme_ctrl *ctrl) __used = nvme_stop_keep_alive;

static DEFINE_MUTEX(lookup_lock);

/* A controller while a command is sent to it: the references that controlling_get() takes. */
struct controlling {
	struct device *device;
	struct module *owner;
	struct request_queue *admin_queue;
};

/* Ends the walk at the first controller and takes a reference to it. */
static int take_nvme_controller(struct device *device, void *data)
{
	struct device **found = data;

	if (!device->class || strcmp(device->class->name, "nvme"))
		return 0;
	*found = get_device(device);
	return 1;
}

static_assert(MAX(NVME_CTRL_STATE_OFFSET, NVME_CTRL_ADMIN_Q_OFFSET) < NVME_CTRL_DEVICE_OFFSET);

/*
 * The controller's device is a member of struct nvme_ctrl behind those that are used here: what
 * moves them, a member added or taken away before, moves it too.
 */
static bool is_built_for(const struct nvme_ctrl *ctrl, const struct device *device)
{
	return (const void *)device - (const void *)ctrl == NVME_CTRL_DEVICE_OFFSET;
}

static bool is_live(const struct nvme_ctrl *ctrl)
{
	const u32 *state = (const void *)ctrl + NVME_CTRL_STATE_OFFSET;

	BUILD_BUG_ON(sizeof(*state) != NVME_CTRL_STATE_SIZE);

	/* a controller becomes live after its admin queue was made */
	return smp_load_acquire(state) == NVME_CTRL_STATE_LIVE;
}

static struct request_queue *admin_queue(const struct nvme_ctrl *ctrl)
{
	struct request_queue *const *queue = (const void *)ctrl + NVME_CTRL_ADMIN_Q_OFFSET;

	BUILD_BUG_ON(sizeof(*queue) != NVME_CTRL_ADMIN_Q_SIZE);

	return *queue;
}

static int controlling_get(struct pci_dev *function, struct controlling *controlling)
{
	struct pci_driver *driver;
	struct device *device = NULL;
	struct nvme_ctrl *ctrl;

	guard(mutex)(&lookup_lock);

	device_for_each_child(&function->dev, &device, take_nvme_controller);
	if (!device)
		return -ENODEV;

	ctrl = dev_get_drvdata(device);
	if (!is_built_for(ctrl, device)) {
		dev_err_once(&function->dev, "ctrl_device in struct nvme_ctrl: at %td, expected at %d\n",
			     (void *)device - (void *)ctrl, NVME_CTRL_DEVICE_OFFSET);
		put_device(device);
		return -ENODEV;
	}
	driver = READ_ONCE(function->driver);
	if (!driver || !is_live(ctrl) || !try_module_get(driver->driver.owner)) {
		put_device(device);
		return -ENODEV;
	}

	controlling->device = device;
	controlling->owner = driver->driver.owner;
	controlling->admin_queue = admin_queue(ctrl);
	return 0;
}

/* The device goes first: its release function may be in the module. */
static void controlling_put(struct controlling *controlling)
{
	put_device(controlling->device);
	module_put(controlling->owner);
}

static int controlling_notify(struct notifier_block *block, unsigned long event, void *data)
{
	if (event == BUS_NOTIFY_UNBOUND_DRIVER || event == BUS_NOTIFY_DRIVER_NOT_BOUND) {
		mutex_lock(&lookup_lock);
		mutex_unlock(&lookup_lock);
	}
	return NOTIFY_DONE;
}

static struct notifier_block controlling_block = {
	.notifier_call = controlling_notify,
};

int nvmove_controlling_init(void)
{
	return bus_register_notifier(&pci_bus_type, &controlling_block);
}

void nvmove_controlling_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &controlling_block);
}

int nvmove_controlling_submit(struct pci_dev *function, struct nvme_command *cmd, void *buffer,
			      u32 length, u64 *result)
{
	struct controlling controlling;
	union nvme_result completion;
	int ret;

	ret = controlling_get(function, &controlling);
	if (ret)
		return ret;

	ret = __nvme_submit_sync_cmd(controlling.admin_queue, cmd, &completion, buffer, length,
				     NVMOVE_NVME_QID_ANY, 0);
	controlling_put(&controlling);

	if (ret == -EINTR)	/* the nvme driver's word for a command that it has cancelled */
		return -EIO;
	if (ret < 0)
		return ret;
	if (result)
		*result = le64_to_cpu(completion.u64);
	/* path-related: the nvme driver ended the command itself, the controller may have run it */
	if ((ret & NVME_SCT_MASK) == NVME_SCT_PATH)
		return -EIO;
	/* success may come with the More bit, which is beside the status */
	return ret & NVME_SCT_SC_MASK;
}

int nvmove_controlling_max_transfer(struct pci_dev *function)
{
	struct controlling controlling;
	u64 by_size, by_segments;
	int ret;

	ret = controlling_get(function, &controlling);
	if (ret)
		return ret;

	/* a buffer that starts within a page takes one segment more than it has pages */
	by_size = (u64)queue_max_hw_sectors(controlling.admin_queue) << SECTOR_SHIFT;
	by_segments = ((u64)queue_max_segments(controlling.admin_queue) - 1) << PAGE_SHIFT;
	controlling_put(&controlling);

	return clamp(min(by_size, by_segments) & PAGE_MASK, PAGE_SIZE, (u64)SZ_1G);
}

int nvmove_controlling_identify(struct pci_dev *function, u8 cns, u16 cntid, void *data)
{
	struct nvme_command cmd = {
		.identify.opcode = nvme_admin_identify,
		.identify.cns = cns,
		.identify.ctrlid = cpu_to_le16(cntid),
	};

	return nvmove_controlling_submit(function, &cmd, data, NVME_IDENTIFY_DATA_SIZE, NULL);
}

int nvmove_controlling_log_page(struct pci_dev *function, u8 lid, u16 lsi, u32 offset, void *data,
				u32 length)
{
	u32 dwords = length / sizeof(u32) - 1;
	/* struct nvme_get_log_page_command has no LSI in every kernel */
	struct nvme_command cmd = {
		.common.opcode = nvme_admin_get_log_page,
		.common.nsid = cpu_to_le32(NVME_NSID_ALL),
		.common.cdw10 = cpu_to_le32((u32)lower_16_bits(dwords) << 16 | lid),
		.common.cdw11 = cpu_to_le32((u32)lsi << 16 | upper_16_bits(dwords)),
		.common.cdw12 = cpu_to_le32(offset),
	};

	return nvmove_controlling_submit(function, &cmd, data, length, NULL);
}

/* The first entry of the Secondary Controller List with this primary that @match accepts. */
static int find_secondary(struct pci_dev *function, u16 pcid,
			  bool (*match)(const struct nvm_secondary_entry *entry, u16 wanted),
			  u16 wanted, struct nvmove_controlled *controlled)
{
	struct nvm_secondary_list *list __free(kfree) = kzalloc(sizeof(*list), GFP_KERNEL);
	const struct nvm_secondary_entry *entry;
	u32 first = 0;
	int ret;

	if (!list)
		return -ENOMEM;

	/* entries come in ascending order of SCID, as many as fit; go on behind the last one */
	do {
		ret = nvmove_controlling_identify(function, NVM_CNS_SECONDARY_LIST, first, list);
		if (ret)
			return ret;
		if (list->num > ARRAY_SIZE(list->entry))
			return -EPROTO;

		for (entry = list->entry; entry < list->entry + list->num; entry++) {
			if (le16_to_cpu(entry->scid) < first)
				return -EPROTO;
			first = le16_to_cpu(entry->scid) + 1;

			if (!match(entry, wanted) || le16_to_cpu(entry->pcid) != pcid)
				continue;
			controlled->cntlid = le16_to_cpu(entry->scid);
			controlled->vf_number = le16_to_cpu(entry->vfn);
			controlled->online = entry->scs & NVM_SCS_ONLINE;
			return 0;
		}
	} while (list->num == ARRAY_SIZE(list->entry) && first <= U16_MAX);

	return -ENOENT;
}

static bool has_vf_number(const struct nvm_secondary_entry *entry, u16 vf_number)
{
	return le16_to_cpu(entry->vfn) == vf_number;
}

int nvmove_controlling_find_vf(struct pci_dev *function, u16 pcid, u16 vf_number,
			       struct nvmove_controlled *controlled)
{
	return find_secondary(function, pcid, has_vf_number, vf_number, controlled);
}

static bool has_cntlid(const struct nvm_secondary_entry *entry, u16 cntlid)
{
	return le16_to_cpu(entry->scid) == cntlid;
}

int nvmove_controlling_find(struct pci_dev *function, u16 pcid, u16 cntlid,
			    struct nvmove_controlled *controlled)
{
	struct nvm_ctrl_list *list __free(kfree) = NULL;
	int ret;

	/* a controlling function without VFs may have no Secondary Controller List */
	ret = find_secondary(function, pcid, has_cntlid, cntlid, controlled);
	if (ret <= 0 && ret != -ENOENT)
		return ret;

	list = kzalloc(sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;

	/* ids come in ascending order from the one asked for */
	ret = nvmove_controlling_identify(function, NVM_CNS_CTRL_LIST, cntlid, list);
	if (ret)
		return ret;
	if (!list->num || le16_to_cpu(list->id[0]) != cntlid)
		return -ENOENT;
	*controlled = (struct nvmove_controlled){ .cntlid = cntlid, .online = true };
	return 0;
}
