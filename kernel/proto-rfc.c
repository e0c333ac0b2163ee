// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vendor command set of the 2022 RFC: five admin commands on the PF's queue that name the VF
 * by its number. This file builds and judges commands; it never decides when one is due, and it
 * reads a vendor-specific byte only of devices that are known to define it.
 */
#include <linux/nvme.h>
#include <linux/pci.h>

#include <nvmove/lm.h>
#include <nvmove/stream.h>

#include "nvme-vfio-pci.h"

/* VFs whose PF's Identify Controller data have the RFC's support byte. */
static const struct pci_device_id rfc_table[] = {
	{ PCI_DEVICE(NVMOVE_RFC_VF_VENDOR_ID, NVMOVE_RFC_VF_DEVICE_ID) },
	{}
};

/* @piece: NULL for a command without data */
static int rfc_submit(struct nvmove_device *ndev, u8 opcode, const char *name,
		      const struct nvmove_piece *piece, u64 *result)
{
	struct nvme_command cmd = {};
	struct nvmove_rfc_sqe *sqe = (struct nvmove_rfc_sqe *)&cmd;

	static_assert(sizeof(*sqe) == sizeof(cmd));

	sqe->opcode = opcode;
	sqe->vf_index = cpu_to_le16(ndev->vf_number);
	if (!piece)
		return nvmove_proto_submit(ndev, name, &cmd, NULL, 0, result);

	sqe->length = cpu_to_le32(piece->length);
	sqe->offset = cpu_to_le64(piece->offset);
	return nvmove_proto_submit(ndev, name, &cmd, piece->data, piece->length, result);
}

static int rfc_suspend(struct nvmove_device *ndev)
{
	int ret = rfc_submit(ndev, NVMOVE_RFC_SUSPEND, "suspend", NULL, NULL);

	return nvmove_proto_judge(ndev, "suspend", ret);
}

static int rfc_resume(struct nvmove_device *ndev)
{
	int ret = rfc_submit(ndev, NVMOVE_RFC_RESUME, "resume", NULL, NULL);

	if (ret == NVME_SC_CMD_SEQ_ERROR)
		return -EALREADY;
	return nvmove_proto_judge(ndev, "resume", ret);
}

static int rfc_state_size(struct nvmove_device *ndev, u32 *size)
{
	u64 result;
	int ret;

	ret = rfc_submit(ndev, NVMOVE_RFC_QUERY_DATA_SIZE, "query", NULL, &result);
	if (!ret)
		*size = lower_32_bits(result);
	return nvmove_proto_judge(ndev, "query", ret);
}

static int rfc_save(struct nvmove_device *ndev, const struct nvmove_piece *piece)
{
	int ret = rfc_submit(ndev, NVMOVE_RFC_SAVE_DATA, "save", piece, NULL);

	return nvmove_proto_judge(ndev, "save", ret);
}

static int rfc_load(struct nvmove_device *ndev, const struct nvmove_piece *piece)
{
	int ret = rfc_submit(ndev, NVMOVE_RFC_LOAD_DATA, "load", piece, NULL);

	return nvmove_proto_judge(ndev, "load", ret);
}

static bool rfc_speaks(const struct nvmove_device *ndev, const struct nvme_id_ctrl *id)
{
	return ndev->vf_number && pci_match_id(rfc_table, ndev->core.pdev);
}

static int rfc_probe(struct nvmove_device *ndev, const struct nvme_id_ctrl *id)
{
	u8 support = id->vs[0];

	static_assert(offsetof(struct nvme_id_ctrl, vs) == NVMOVE_RFC_ID_CTRL_OFFSET);
	if (support == NVMOVE_RFC_ID_CTRL_SUPPORTED)
		return 0;
	nvmove_decline(ndev, "support byte of PF %s is %u, expected %u",
		       pci_name(ndev->controlling), support, NVMOVE_RFC_ID_CTRL_SUPPORTED);
	return -EOPNOTSUPP;
}

const struct nvmove_proto_ops nvmove_rfc_ops = {
	.name = "rfc",
	.stream_id = NVMOVE_STREAM_RFC,
	.speaks = rfc_speaks,
	.probe = rfc_probe,
	.suspend = rfc_suspend,
	.resume = rfc_resume,
	.state_size = rfc_state_size,
	.save = rfc_save,
	.load = rfc_load,
};
