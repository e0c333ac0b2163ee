// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host Managed Live Migration of the NVMe standard (Base 2.3, 8.1.13): Migration Send, Migration
 * Receive, Track Send and Track Receive on the migration management controller, which name the
 * migratable controller by its id. This file builds and judges commands; it never decides when one
 * is due, and it looks into a state only as far as the standard's own header goes, for the size.
 */
#include <linux/cleanup.h>
#include <linux/nvme.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/uuid.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>
#include <nvmove/stream.h>

#include "controlling.h"
#include "hmlm-commands.h"
#include "nvme-vfio-pci.h"

static struct nvm_sqe *to_sqe(struct nvme_command *cmd)
{
	static_assert(sizeof(struct nvm_sqe) == sizeof(*cmd));

	return (struct nvm_sqe *)cmd;
}

static int hmlm_suspend(struct nvmove_device *ndev)
{
	struct nvme_command cmd = {};
	int ret;

	hmlm_build_suspend(to_sqe(&cmd), ndev->cntlid);
	ret = nvmove_proto_submit(ndev, "suspend", &cmd, NULL, 0, NULL);
	return nvmove_proto_judge(ndev, "suspend", ret);
}

static int hmlm_resume(struct nvmove_device *ndev)
{
	struct nvme_command cmd = {};
	int ret;

	hmlm_build_resume(to_sqe(&cmd), ndev->cntlid);
	ret = nvmove_proto_submit(ndev, "resume", &cmd, NULL, 0, NULL);
	if (ret == NVMOVE_HMLM_SC_NOT_SUSPENDED)
		return -EALREADY;
	return nvmove_proto_judge(ndev, "resume", ret);
}

/* Bytes of the whole state by its header, U64_MAX if that is beyond what 64 bits can count. */
static u64 size_by_header(const struct nvmove_cstate_header *header)
{
	u64 nvme = le64_to_cpu(header->nvme_dwords[0]);
	u64 vendor = le64_to_cpu(header->vendor_dwords[0]);
	u64 limit = U64_MAX / sizeof(u32) / 4;

	if (header->nvme_dwords[1] || header->vendor_dwords[1] || nvme > limit || vendor > limit)
		return U64_MAX;
	return sizeof(*header) + (nvme + vendor) * sizeof(u32);
}

static int check_header(struct nvmove_device *ndev, const struct nvmove_cstate_header *header)
{
	struct device *dev = &ndev->core.pdev->dev;

	if (le16_to_cpu(header->version) != NVMOVE_CSTATE_VERSION) {
		dev_err_ratelimited(dev, "controller %u: version of its state is %u, expected %u\n",
				    ndev->cntlid, le16_to_cpu(header->version),
				    NVMOVE_CSTATE_VERSION);
		return -EPROTO;
	}
	if (size_by_header(header) > NVMOVE_STREAM_STATE_MAX) {
		dev_err_ratelimited(dev, "controller %u: its state is %llu bytes, at most %u here\n",
				    ndev->cntlid, size_by_header(header), NVMOVE_STREAM_STATE_MAX);
		return -EPROTO;
	}
	return 0;
}

/* The standard has no query: the state's own header tells, whether suspended or not. */
static int hmlm_state_size(struct nvmove_device *ndev, u32 *size)
{
	struct nvmove_cstate_header *header __free(kfree) = kzalloc(sizeof(*header), GFP_KERNEL);
	struct nvme_command cmd = {};
	int ret;

	if (!header)
		return -ENOMEM;

	hmlm_build_get_state(to_sqe(&cmd), ndev->cntlid, ndev->csvi, ndev->csuuidi, 0,
			     sizeof(*header));
	ret = nvmove_proto_submit(ndev, "query", &cmd, header, sizeof(*header), NULL);
	if (ret)
		return nvmove_proto_judge(ndev, "query", ret);
	ret = check_header(ndev, header);
	if (ret)
		return ret;
	*size = size_by_header(header);
	return 0;
}

/*
 * A piece is part of the state only if the controller was suspended while it was read, and the
 * first one only if it is the state whose size is known.
 */
static int check_piece(struct nvmove_device *ndev, const struct nvmove_piece *piece, u64 result)
{
	struct device *dev = &ndev->core.pdev->dev;
	int ret;

	if (!(result & NVMOVE_HMLM_CSUP)) {
		dev_err_ratelimited(dev,
				    "controller %u: not suspended while bytes %u to %u of its state were read\n",
				    ndev->cntlid, piece->offset,
				    piece->offset + piece->length - 1);
		return -ESTALE;
	}
	if (piece->offset)
		return 0;
	ret = check_header(ndev, piece->data);
	if (ret)
		return ret;
	if (size_by_header(piece->data) != piece->state_size) {
		dev_err_ratelimited(dev, "controller %u: its state was %u bytes and is %llu now\n",
				    ndev->cntlid, piece->state_size, size_by_header(piece->data));
		return -ESTALE;
	}
	return 0;
}

static int hmlm_save(struct nvmove_device *ndev, const struct nvmove_piece *piece)
{
	struct nvme_command cmd = {};
	u64 result;
	int ret;

	hmlm_build_get_state(to_sqe(&cmd), ndev->cntlid, ndev->csvi, ndev->csuuidi, piece->offset,
			     piece->length);
	ret = nvmove_proto_submit(ndev, "save", &cmd, piece->data, piece->length, &result);
	if (ret)
		return nvmove_proto_judge(ndev, "save", ret);
	return check_piece(ndev, piece, result);
}

/* As much of a state as tells if there are I/O queues. */
struct state_head {
	struct nvmove_cstate_header container;
	struct nvmove_cstate_nvme nvme;
};

/* The standard refuses I/O queues for a controller that has any (Base 2.3, 5.2.17.2.3). */
static int hmlm_is_vacant(struct nvmove_device *ndev)
{
	struct state_head *head __free(kfree) = kzalloc(sizeof(*head), GFP_KERNEL);
	struct nvme_command cmd = {};
	int ret;

	if (!head)
		return -ENOMEM;

	hmlm_build_get_state(to_sqe(&cmd), ndev->cntlid, ndev->csvi, ndev->csuuidi, 0,
			     sizeof(*head));
	ret = nvmove_proto_submit(ndev, "query", &cmd, head, sizeof(*head), NULL);
	if (ret)
		return nvmove_proto_judge(ndev, "query", ret);
	ret = check_header(ndev, &head->container);
	if (ret)
		return ret;
	return !head->nvme.nr_sq && !head->nvme.nr_cq;
}

static int hmlm_load(struct nvmove_device *ndev, const struct nvmove_piece *piece)
{
	struct nvme_command cmd = {};
	int ret;

	hmlm_build_set_state(to_sqe(&cmd), ndev->cntlid, ndev->csvi, ndev->csuuidi, piece->offset,
			     piece->length, piece->state_size);
	ret = nvmove_proto_submit(ndev, "load", &cmd, piece->data, piece->length, NULL);
	return nvmove_proto_judge(ndev, "load", ret);
}

/* What the device offers instead goes into @limits (Base 2.3, 5.2.28). */
static int hmlm_track_start(struct nvmove_device *ndev, struct nvmove_hmlm_memory_request *request,
			    u32 length, struct dirty_limits *limits)
{
	struct nvme_command cmd = {};
	u64 result;
	int ret;

	hmlm_build_track_start(to_sqe(&cmd), ndev->cntlid);
	ret = nvmove_proto_submit(ndev, "track start", &cmd, request, length, &result);
	switch (ret) {
	case NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES:
		limits->nr_ranges = upper_32_bits(result);
		limits->min_shift = min(DIRTY_GRANULE_SHIFT + lower_16_bits(result), U8_MAX);
		return -ENOSPC;
	case NVMOVE_HMLM_SC_SUSPENDED:
		return -EBUSY;
	default:
		return nvmove_proto_judge(ndev, "track start", ret);
	}
}

static int hmlm_track_stop(struct nvmove_device *ndev)
{
	struct nvme_command cmd = {};
	int ret;

	hmlm_build_track_stop(to_sqe(&cmd), ndev->cntlid);
	ret = nvmove_proto_submit(ndev, "track stop", &cmd, NULL, 0, NULL);
	return nvmove_proto_judge(ndev, "track stop", ret);
}

static int hmlm_track_report(struct nvmove_device *ndev,
			     struct nvmove_hmlm_memory_changes *changes, u32 length)
{
	struct nvme_command cmd = {};
	int ret;

	hmlm_build_memory_changes(to_sqe(&cmd), ndev->cntlid, length);
	ret = nvmove_proto_submit(ndev, "track report", &cmd, changes, length, NULL);
	return nvmove_proto_judge(ndev, "track report", ret);
}

static bool hmlm_speaks(const struct nvmove_device *ndev, const struct nvme_id_ctrl *id)
{
	return le16_to_cpu(id->oacs) & NVMOVE_HMLM_OACS;
}

/* Supported Controller State Formats (Base 2.3, 5.2.13.2.21) from CNS 20h, within its bounds */
struct formats {
	const u8 *version;
	const u8 *uuid;
	u8 nr_versions;
	u8 nr_uuids;
};

static int parse_formats(struct nvmove_device *ndev, const void *data, struct formats *formats)
{
	const struct nvmove_hmlm_formats *header = data;
	size_t size;

	formats->version = (const u8 *)(header + 1);
	formats->nr_versions = header->nv;
	formats->uuid = formats->version + header->nv * sizeof(__le16);
	formats->nr_uuids = header->nuuid;

	size = formats->uuid + header->nuuid * UUID_SIZE - (const u8 *)data;
	if (size > NVME_IDENTIFY_DATA_SIZE) {
		nvmove_decline(ndev,
			       "state formats of %s: %u versions and %u UUIDs are %zu bytes, at most %u here",
			       pci_name(ndev->controlling), header->nv, header->nuuid, size,
			       NVME_IDENTIFY_DATA_SIZE);
		return -EPROTO;
	}
	return 0;
}

/* 1-based as in the commands, 0 if there is none */
static u8 find_version(const struct formats *formats, u16 wanted)
{
	int i;

	for (i = 0; i < formats->nr_versions; i++)
		if (get_unaligned_le16(formats->version + i * sizeof(__le16)) == wanted)
			return i + 1;
	return 0;
}

static u8 find_uuid(const struct formats *formats, const u8 *wanted)
{
	int i;

	for (i = 0; i < formats->nr_uuids; i++)
		if (!memcmp(formats->uuid + i * UUID_SIZE, wanted, UUID_SIZE))
			return i + 1;
	return 0;
}

/* Without the vendor data that are described in docs/controller-state.md a state is not whole. */
static int choose_formats(struct nvmove_device *ndev, const struct formats *formats)
{
	static const u8 uuid[UUID_SIZE] = NVMOVE_CSTATE_UUID;
	const char *name = pci_name(ndev->controlling);

	ndev->csvi = find_version(formats, NVMOVE_CSTATE_VERSION);
	if (!ndev->csvi) {
		nvmove_decline(ndev,
			       "state formats of %s: %u versions, %*ph, expected %u among them",
			       name, formats->nr_versions,
			       (int)(formats->nr_versions * sizeof(__le16)), formats->version,
			       NVMOVE_CSTATE_VERSION);
		return -EOPNOTSUPP;
	}
	ndev->csuuidi = find_uuid(formats, uuid);
	if (!ndev->csuuidi) {
		nvmove_decline(ndev,
			       "state formats of %s: %u UUIDs, %*phN, expected %pUb among them",
			       name, formats->nr_uuids, (int)(formats->nr_uuids * UUID_SIZE),
			       formats->uuid, uuid);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Tracking is no condition for migration: a device whose limits make no sense has none. */
static void find_track_limits(struct nvmove_device *ndev, const struct nvm_id_ctrl *id)
{
	const u8 widest = 63 - DIRTY_GRANULE_SHIFT;

	if (!(id->trattr & NVMOVE_HMLM_TRATTR_THMC))
		return;
	if (id->minmrtg > id->maxmrtg || id->maxmrtg > widest || !id->cmmrtd || !id->nmmrtd) {
		pci_warn(ndev->core.pdev,
			 "tracking by %s: MINMRTG %u, MAXMRTG %u, CMMRTD %u, NMMRTD %u, at most %u and at least 1 expected\n",
			 pci_name(ndev->controlling), id->minmrtg, id->maxmrtg,
			 le16_to_cpu(id->cmmrtd), le16_to_cpu(id->nmmrtd), widest);
		return;
	}
	ndev->track_limits.nr_ranges = min(le16_to_cpu(id->cmmrtd), le16_to_cpu(id->nmmrtd));
	ndev->track_limits.min_shift = DIRTY_GRANULE_SHIFT + id->minmrtg;
	ndev->track_limits.max_shift = DIRTY_GRANULE_SHIFT + id->maxmrtg;
	ndev->track_limits.powers = id->trattr & NVMOVE_HMLM_TRATTR_MRTLL;
}

static int hmlm_probe(struct nvmove_device *ndev, const struct nvme_id_ctrl *id)
{
	void *data __free(kfree) = kzalloc(NVME_IDENTIFY_DATA_SIZE, GFP_KERNEL);
	struct formats formats;
	int ret;

	if (!data)
		return -ENOMEM;

	ret = nvmove_controlling_identify(ndev->controlling, NVMOVE_HMLM_CNS_FORMATS, 0, data);
	if (ret) {
		nvmove_decline(ndev, "Identify CNS %#x on %s failed: %d", NVMOVE_HMLM_CNS_FORMATS,
			       pci_name(ndev->controlling), ret);
		return -EIO;
	}
	ret = parse_formats(ndev, data, &formats);
	if (ret)
		return ret;
	static_assert(sizeof(struct nvm_id_ctrl) == sizeof(*id));
	find_track_limits(ndev, (const struct nvm_id_ctrl *)id);
	return choose_formats(ndev, &formats);
}

const struct nvmove_proto_ops nvmove_hmlm_ops = {
	.name = "hmlm",
	.stream_id = NVMOVE_STREAM_HMLM,
	.speaks = hmlm_speaks,
	.probe = hmlm_probe,
	.suspend = hmlm_suspend,
	.resume = hmlm_resume,
	.state_size = hmlm_state_size,
	.save = hmlm_save,
	.is_vacant = hmlm_is_vacant,
	.load = hmlm_load,
	.track_start = hmlm_track_start,
	.track_stop = hmlm_track_stop,
	.track_report = hmlm_track_report,
};
