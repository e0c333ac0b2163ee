// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the command protocols share: which of them is spoken to a function, how a command is sent,
 * traced and judged, and the load report, which says in words why a state was refused. It knows no
 * command of any protocol.
 */
#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/nvme.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <nvmove/lm.h>

#include "controlled.h"
#include "controlling.h"
#include "nvme-vfio-pci.h"
#include "trace.h"

/* The first that is spoken is used: the standard's before a vendor's. */
static const struct nvmove_proto_ops *const protocols[] = {
	&nvmove_hmlm_ops,
	&nvmove_rfc_ops,
};

void nvmove_decline(struct nvmove_device *ndev, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	ndev->reason = kvasprintf(GFP_KERNEL, format, arguments);
	va_end(arguments);
	pci_info(ndev->core.pdev, "cannot migrate: %s\n", ndev->reason ?: "out of memory");
}

int nvmove_proto_submit(struct nvmove_device *ndev, const char *name, struct nvme_command *cmd,
			void *data, u32 length, u64 *result)
{
	u64 start = ktime_get_ns();
	int ret;

	ret = nvmove_controlling_submit(ndev->controlling, cmd, data, length, result);
	trace_nvme_vfio_cmd(&ndev->core.pdev->dev, name, length, ret, ktime_get_ns() - start);
	return ret;
}

int nvmove_proto_judge(struct nvmove_device *ndev, const char *name, int ret)
{
	struct device *dev = &ndev->core.pdev->dev;

	/* user space can provoke these as often as it likes */
	if (ret > 0) {
		dev_err_ratelimited(dev, "controller %u: %s refused with status %#x\n",
				    ndev->cntlid, name, ret);
		return -EREMOTEIO;
	}
	if (ret < 0)
		dev_err_ratelimited(dev, "controller %u: %s failed: %pe\n", ndev->cntlid, name,
				    ERR_PTR(ret));
	return ret;
}

/* The text comes from a device: print no more of it than there is, and nothing that is not text. */
void nvmove_proto_explain(struct nvmove_device *ndev)
{
	struct nvmove_load_report *report __free(kfree) = kzalloc(sizeof(*report), GFP_KERNEL);
	struct pci_dev *pdev = ndev->core.pdev;
	int ret;

	if (!report)
		return;

	ret = nvmove_controlling_log_page(ndev->controlling, NVMOVE_LOG_LOAD_REPORT, 0, 0, report,
					  sizeof(*report));
	if (ret) {
		pci_err(pdev, "controller %u: no load report: log page %#x failed: %d\n",
			ndev->cntlid, NVMOVE_LOG_LOAD_REPORT, ret);
		return;
	}
	if (le16_to_cpu(report->version) != NVMOVE_LOAD_REPORT_VERSION ||
	    le16_to_cpu(report->cntlid) != ndev->cntlid) {
		pci_err(pdev,
			"controller %u: no load report: version %u of controller %u, expected %u of %u\n",
			ndev->cntlid, le16_to_cpu(report->version), le16_to_cpu(report->cntlid),
			NVMOVE_LOAD_REPORT_VERSION, ndev->cntlid);
		return;
	}
	pci_err(pdev, "controller %u: state refused, status %#x, section %u: %*pE\n", ndev->cntlid,
		le16_to_cpu(report->status), le16_to_cpu(report->section),
		(int)strnlen(report->text, sizeof(report->text)), report->text);
}

/* A VF is controlled by its PF, any other function by the one that the administrator has named. */
static int find_controlling(struct nvmove_device *ndev)
{
	struct pci_dev *pdev = ndev->core.pdev;

	if (pdev->is_virtfn) {
		ndev->vf_number = pci_iov_vf_id(pdev) + 1;
		ndev->controlling = pci_dev_get(pci_physfn(pdev));
		return 0;
	}

	ndev->controlling = nvmove_controlled_lookup(pdev, &ndev->cntlid);
	if (ndev->controlling)
		return 0;
	nvmove_decline(ndev, "not a virtual function, and no controlling function was named");
	return -ENODEV;
}

static int identify_controlling(struct nvmove_device *ndev, struct nvme_id_ctrl *id)
{
	int ret;

	ret = nvmove_controlling_identify(ndev->controlling, NVME_ID_CNS_CTRL, 0, id);
	if (ret == -ENODEV)
		nvmove_decline(ndev, "%s has no live controller of the nvme driver",
			       pci_name(ndev->controlling));
	else if (ret)
		nvmove_decline(ndev, "Identify Controller on %s failed: %d",
			       pci_name(ndev->controlling), ret);
	return ret > 0 ? -EIO : ret;
}

static int find_vf(struct nvmove_device *ndev, u16 pcid, struct nvmove_controlled *controlled)
{
	int ret = nvmove_controlling_find_vf(ndev->controlling, pcid, ndev->vf_number, controlled);

	if (!ret)
		return 0;
	nvmove_decline(ndev, "no VF %u in the secondary controller list of %s: %d", ndev->vf_number,
		       pci_name(ndev->controlling), ret);
	return -ENOENT;
}

/* The administrator has named the controller id: believe it only if the lists have it. */
static int find_named(struct nvmove_device *ndev, u16 own, struct nvmove_controlled *controlled)
{
	const char *name = pci_name(ndev->controlling);
	u16 cntlid = ndev->cntlid;
	int ret;

	if (cntlid == own) {
		nvmove_decline(ndev, "controller %u is that of %s itself", cntlid, name);
		return -EINVAL;
	}
	ret = nvmove_controlling_find(ndev->controlling, own, cntlid, controlled);
	if (ret) {
		nvmove_decline(ndev, "no controller %u in the lists of %s: %d", cntlid, name, ret);
		return -ENOENT;
	}
	if (controlled->vf_number) {
		nvmove_decline(ndev, "controller %u of %s is that of its VF %u", cntlid, name,
			       controlled->vf_number);
		return -EINVAL;
	}
	return 0;
}

static const struct nvmove_proto_ops *choose_proto(struct nvmove_device *ndev,
						   const struct nvme_id_ctrl *id)
{
	struct pci_dev *pdev = ndev->core.pdev;
	int i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i]->speaks(ndev, id))
			return protocols[i];

	nvmove_decline(ndev, "no command protocol is known for %04x:%04x, OACS of %s is %#x",
		       pdev->vendor, pdev->device, pci_name(ndev->controlling),
		       le16_to_cpu(id->oacs));
	return NULL;
}

int nvmove_proto_choose(struct nvmove_device *ndev)
{
	struct nvme_id_ctrl *id __free(kfree) = kzalloc(sizeof(*id), GFP_KERNEL);
	const struct nvmove_proto_ops *proto;
	struct nvmove_controlled controlled;
	int ret;

	if (!id)
		return -ENOMEM;

	ret = find_controlling(ndev);
	if (ret)
		return ret;
	ret = identify_controlling(ndev, id);
	if (ret)
		return ret;
	proto = choose_proto(ndev, id);
	if (!proto)
		return -EOPNOTSUPP;
	ret = proto->probe(ndev, id);
	if (ret)
		return ret;

	ret = ndev->vf_number ? find_vf(ndev, le16_to_cpu(id->cntlid), &controlled) :
				find_named(ndev, le16_to_cpu(id->cntlid), &controlled);
	if (ret)
		return ret;

	ndev->proto = proto;
	ndev->cntlid = controlled.cntlid;
	pci_info(ndev->core.pdev, "can migrate: protocol %s, controller %u of %s, %s\n",
		 proto->name, ndev->cntlid, pci_name(ndev->controlling),
		 controlled.online ? "online" : "still offline");
	nvmove_compat_probe(ndev);
	return 0;
}
