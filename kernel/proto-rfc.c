// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vendor command set of the 2022 RFC: five admin commands on the PF's queue that name the VF
 * by its number. This file builds and judges commands; it never decides when one is due, and it
 * reads a vendor-specific byte only of devices that are known to define it.
 */
#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/nvme.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <nvmove/lm.h>
#include <nvmove/stream.h>

#include "controlling.h"
#include "nvme-vfio-pci.h"
#include "trace.h"

/* VFs whose PF's Identify Controller data have the RFC's support byte. */
static const struct pci_device_id rfc_table[] = {
	{ PCI_DEVICE(NVMOVE_RFC_VF_VENDOR_ID, NVMOVE_RFC_VF_DEVICE_ID) },
	{}
};

static const char *rfc_name(u8 opcode)
{
	switch (opcode) {
	case NVMOVE_RFC_QUERY_DATA_SIZE:
		return "query";
	case NVMOVE_RFC_SUSPEND:
		return "suspend";
	case NVMOVE_RFC_RESUME:
		return "resume";
	case NVMOVE_RFC_SAVE_DATA:
		return "save";
	default:
		return "load";
	}
}

static int rfc_transfer(struct nvmove_device *ndev, u8 opcode, u32 offset, void *data, u32 length,
			u32 *result)
{
	struct pci_dev *pdev = ndev->core.pdev;
	struct nvme_command cmd = {};
	struct nvmove_rfc_sqe *sqe = (struct nvmove_rfc_sqe *)&cmd;
	u64 start = ktime_get_ns();
	int ret;

	static_assert(sizeof(*sqe) == sizeof(cmd));

	sqe->opcode = opcode;
	sqe->vf_index = cpu_to_le16(ndev->vf_number);
	sqe->length = cpu_to_le32(length);
	sqe->offset = cpu_to_le64(offset);
	ret = nvmove_controlling_submit(pdev, &cmd, data, length, result);
	trace_nvme_vfio_cmd(&pdev->dev, rfc_name(opcode), length, ret, ktime_get_ns() - start);

	if (opcode == NVMOVE_RFC_RESUME && ret == NVME_SC_CMD_SEQ_ERROR)
		return -EALREADY;
	/* user space can provoke these as often as it likes */
	if (ret > 0) {
		dev_err_ratelimited(&pdev->dev, "VF %u: %s refused with status %#x\n",
				    ndev->vf_number, rfc_name(opcode), ret);
		return -EREMOTEIO;
	}
	if (ret < 0)
		dev_err_ratelimited(&pdev->dev, "VF %u: %s failed: %pe\n",
				    ndev->vf_number, rfc_name(opcode), ERR_PTR(ret));
	return ret;
}

static int rfc_command(struct nvmove_device *ndev, u8 opcode)
{
	return rfc_transfer(ndev, opcode, 0, NULL, 0, NULL);
}

static int rfc_suspend(struct nvmove_device *ndev)
{
	return rfc_command(ndev, NVMOVE_RFC_SUSPEND);
}

static int rfc_resume(struct nvmove_device *ndev)
{
	return rfc_command(ndev, NVMOVE_RFC_RESUME);
}

static int rfc_state_size(struct nvmove_device *ndev, u32 *size)
{
	return rfc_transfer(ndev, NVMOVE_RFC_QUERY_DATA_SIZE, 0, NULL, 0, size);
}

static int rfc_save(struct nvmove_device *ndev, u32 offset, void *data, u32 length)
{
	return rfc_transfer(ndev, NVMOVE_RFC_SAVE_DATA, offset, data, length, NULL);
}

static int rfc_load(struct nvmove_device *ndev, u32 offset, void *data, u32 length)
{
	return rfc_transfer(ndev, NVMOVE_RFC_LOAD_DATA, offset, data, length, NULL);
}

/* The text comes from a device: print no more of it than there is, and nothing that is not text. */
static void rfc_explain(struct nvmove_device *ndev)
{
	struct nvmove_load_report *report __free(kfree) = kzalloc(sizeof(*report), GFP_KERNEL);
	struct pci_dev *pdev = ndev->core.pdev;
	int ret;

	if (!report)
		return;

	ret = nvmove_controlling_log_page(pdev, NVMOVE_LOG_LOAD_REPORT, report, sizeof(*report));
	if (ret) {
		pci_err(pdev, "VF %u: no load report: log page %#x failed: %d\n", ndev->vf_number,
			NVMOVE_LOG_LOAD_REPORT, ret);
		return;
	}
	if (le16_to_cpu(report->version) != NVMOVE_LOAD_REPORT_VERSION ||
	    le16_to_cpu(report->vf_index) != ndev->vf_number) {
		pci_err(pdev, "VF %u: no load report: version %u of VF %u, expected %u of VF %u\n",
			ndev->vf_number, le16_to_cpu(report->version),
			le16_to_cpu(report->vf_index), NVMOVE_LOAD_REPORT_VERSION,
			ndev->vf_number);
		return;
	}
	pci_err(pdev, "VF %u: state refused, status %#x, section %u: %*pE\n", ndev->vf_number,
		le16_to_cpu(report->status), le16_to_cpu(report->section),
		(int)strnlen(report->text, sizeof(report->text)), report->text);
}

/* Does the PF speak this protocol, and which controller is behind this VF? */
static int rfc_identify(struct nvmove_device *ndev, struct nvme_id_ctrl *id)
{
	struct pci_dev *pdev = ndev->core.pdev;
	struct nvmove_controlled controlled;
	u8 support;
	int ret;

	ret = nvmove_controlling_identify(pdev, NVME_ID_CNS_CTRL, 0, id);
	if (ret == -ENODEV) {
		pci_info(pdev, "cannot migrate: PF %s has no live controller of the nvme driver\n",
			 pci_name(pci_physfn(pdev)));
		return ret;
	}
	if (ret) {
		pci_info(pdev, "cannot migrate: Identify Controller on PF %s failed: %d\n",
			 pci_name(pci_physfn(pdev)), ret);
		return -EIO;
	}

	static_assert(offsetof(struct nvme_id_ctrl, vs) == NVMOVE_RFC_ID_CTRL_OFFSET);
	support = id->vs[0];
	if (support != NVMOVE_RFC_ID_CTRL_SUPPORTED) {
		pci_info(pdev, "cannot migrate: support byte of PF %s is %u, expected %u\n",
			 pci_name(pci_physfn(pdev)), support, NVMOVE_RFC_ID_CTRL_SUPPORTED);
		return -EOPNOTSUPP;
	}

	ret = nvmove_controlling_find(pdev, le16_to_cpu(id->cntlid), &controlled);
	if (ret) {
		pci_info(pdev, "cannot migrate: no VF %u in the secondary controller list: %d\n",
			 ndev->vf_number, ret);
		return -ENOENT;
	}

	ndev->cntlid = controlled.cntlid;
	pci_info(pdev, "can migrate: VF %u, controller %u, %s\n", ndev->vf_number, ndev->cntlid,
		 controlled.online ? "online" : "still offline");
	return 0;
}

static int rfc_probe(struct nvmove_device *ndev)
{
	struct nvme_id_ctrl *id __free(kfree) = NULL;
	struct pci_dev *pdev = ndev->core.pdev;

	if (!pci_match_id(rfc_table, pdev)) {
		pci_info(pdev, "cannot migrate: no command protocol is known for %04x:%04x\n",
			 pdev->vendor, pdev->device);
		return -EOPNOTSUPP;
	}

	id = kzalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;

	return rfc_identify(ndev, id);
}

const struct nvmove_proto_ops nvmove_rfc_ops = {
	.stream_id = NVMOVE_STREAM_RFC,
	.probe = rfc_probe,
	.suspend = rfc_suspend,
	.resume = rfc_resume,
	.state_size = rfc_state_size,
	.save = rfc_save,
	.load = rfc_load,
	.explain = rfc_explain,
};
