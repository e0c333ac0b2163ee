// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controlled function's own controller properties, as far as the driver touches them: before a
 * state is loaded into a controller that has I/O queues, it disables it, which takes them away. The
 * user's own access goes through VFIO and not through here.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include <nvmove/nvme.h>

#include "nvme-vfio-pci.h"

#define PROPERTY_BAR	0
#define POLL_MS		2

/* Fails when the user has switched the function's memory space off. */
static int read_property(struct nvmove_device *ndev, u8 __iomem *properties, u32 offset, u32 *value)
{
	int ret;

	ret = vfio_pci_core_ioread32(&ndev->core, true, value, properties + offset);
	if (ret)
		return ret;
	/* no property that is read here is all ones: nobody has answered */
	return *value == ~0u ? -EIO : 0;
}

static int write_property(struct nvmove_device *ndev, u8 __iomem *properties, u32 offset, u32 value)
{
	return vfio_pci_core_iowrite32(&ndev->core, true, value, properties + offset);
}

/* A mapping of our own: how VFIO's may be had differs between kernels. */
static int map_properties(struct nvmove_device *ndev, u8 __iomem **properties)
{
	u64 length = pci_resource_len(ndev->core.pdev, PROPERTY_BAR);

	if (length < NVM_REG_DBS) {
		pci_err(ndev->core.pdev, "size of BAR %u: %llu, expected at least %u\n",
			PROPERTY_BAR, length, NVM_REG_DBS);
		return -ENODEV;
	}
	*properties = pci_iomap(ndev->core.pdev, PROPERTY_BAR, NVM_REG_DBS);
	return *properties ? 0 : -ENOMEM;
}

/*
 * CAP.TO is the longest that CSTS.RDY may take to follow CC.EN, in units of 500 ms. A user who sets
 * CC.EN again meanwhile waits in vain, and may be killed.
 */
static int wait_disabled(struct nvmove_device *ndev, u8 __iomem *properties)
{
	unsigned long deadline;
	u32 cap, status;
	int ret;

	ret = read_property(ndev, properties, NVM_REG_CAP, &cap);
	if (ret)
		return ret;
	deadline = jiffies + msecs_to_jiffies(((cap >> NVM_CAP_TO_SHIFT) + 1) * 500);

	for (;;) {
		ret = read_property(ndev, properties, NVM_REG_CSTS, &status);
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
static int disable(struct nvmove_device *ndev, u8 __iomem *properties)
{
	u32 config;
	int ret;

	ret = read_property(ndev, properties, NVM_REG_CC, &config);
	if (ret)
		return ret;
	ret = write_property(ndev, properties, NVM_REG_CC, config & ~NVM_CC_EN);
	if (ret)
		return ret;
	return wait_disabled(ndev, properties);
}

int nvmove_property_disable(struct nvmove_device *ndev)
{
	u8 __iomem *properties;
	int ret;

	ret = map_properties(ndev, &properties);
	if (ret)
		return ret;

	ret = disable(ndev, properties);
	pci_iounmap(ndev->core.pdev, properties);
	if (ret)
		pci_err(ndev->core.pdev, "controller %u: disabling it failed: %pe\n", ndev->cntlid,
			ERR_PTR(ret));
	return ret;
}
