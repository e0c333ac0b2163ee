// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controlled function's own controller properties, as far as the driver touches them: before a
 * state is loaded into a controller that has I/O queues, it disables it, which takes them away. The
 * user's own access goes through VFIO and not through here.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include <nvmove/nvme.h>

#include "nvme-vfio-pci.h"

#define PROPERTY_BAR	0
#define POLL_MS		2

static int read_property(struct nvmove_device *ndev, u32 offset, u32 *value)
{
	struct vfio_pci_core_device *core = &ndev->core;
	int ret;

	ret = vfio_pci_core_ioread32(core, true, value, core->barmap[PROPERTY_BAR] + offset);
	if (ret)
		return ret;
	/* no property that is read here is all ones: nobody has answered */
	return *value == ~0u ? -EIO : 0;
}

static int write_property(struct nvmove_device *ndev, u32 offset, u32 value)
{
	struct vfio_pci_core_device *core = &ndev->core;

	return vfio_pci_core_iowrite32(core, true, value, core->barmap[PROPERTY_BAR] + offset);
}

static int map_properties(struct nvmove_device *ndev)
{
	u64 length = pci_resource_len(ndev->core.pdev, PROPERTY_BAR);

	if (length < NVM_REG_DBS) {
		pci_err(ndev->core.pdev, "size of BAR %u: %llu, expected at least %u\n",
			PROPERTY_BAR, length, NVM_REG_DBS);
		return -ENODEV;
	}
	return vfio_pci_core_setup_barmap(&ndev->core, PROPERTY_BAR);
}

/*
 * CAP.TO is the longest that CSTS.RDY may take to follow CC.EN, in units of 500 ms. A user who sets
 * CC.EN again meanwhile waits in vain, and may be killed.
 */
static int wait_disabled(struct nvmove_device *ndev)
{
	unsigned long deadline;
	u32 cap, status;
	int ret;

	ret = read_property(ndev, NVM_REG_CAP, &cap);
	if (ret)
		return ret;
	deadline = jiffies + msecs_to_jiffies(((cap >> NVM_CAP_TO_SHIFT) + 1) * 500);

	for (;;) {
		ret = read_property(ndev, NVM_REG_CSTS, &status);
		if (ret)
			return ret;
		if (!(status & NVM_CSTS_RDY))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		msleep(POLL_MS);
	}
}

/* The function is awake: VFIO wakes it for as long as an ioctl takes. */
static int disable(struct nvmove_device *ndev)
{
	u32 config;
	int ret;

	ret = read_property(ndev, NVM_REG_CC, &config);
	if (ret)
		return ret;
	ret = write_property(ndev, NVM_REG_CC, config & ~NVM_CC_EN);
	if (ret)
		return ret;
	return wait_disabled(ndev);
}

int nvmove_property_disable(struct nvmove_device *ndev)
{
	int ret;

	ret = map_properties(ndev);
	if (ret)
		return ret;

	ret = disable(ndev);
	if (ret)
		pci_err(ndev->core.pdev, "controller %u: disabling it failed: %pe\n", ndev->cntlid,
			ERR_PTR(ret));
	return ret;
}
