// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether one controller could take another's state, asked long before there is one: a question
 * (docs/controller-state.md) is read from the source's device as log page C1h, and the
 * destination's device answers it when it is sent there by the commands that load a state. This
 * file looks no further into a question than the standard's own header goes, for the size; and it
 * sees to it that nothing but a question is sent.
 *
 * The log page is vendor specific. It is read only of a device that speaks a protocol, which it
 * does only if it is known to have our vendor specific pages (R8), and believed only if our UUID
 * is in it.
 */
#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>

#include "controlling.h"
#include "nvme-vfio-pci.h"
#include "trace.h"

/* What every question begins with. */
struct question_head {
	struct nvmove_cstate_header container;
	struct nvmove_cstate_vendor vendor;
};

/* Bytes of a question by its header; 0 if it is none, or too large. */
static u32 size_by_header(const struct nvmove_cstate_header *header)
{
	u64 dwords = le64_to_cpu(header->vendor_dwords[0]);

	if (le16_to_cpu(header->version) != NVMOVE_CSTATE_VERSION || header->nvme_dwords[0] ||
	    header->nvme_dwords[1] || header->vendor_dwords[1] || !dwords ||
	    dwords > (NVMOVE_QUESTION_MAX - sizeof(*header)) / sizeof(u32))
		return 0;
	return sizeof(*header) + dwords * sizeof(u32);
}

static int read_piece(struct nvmove_device *ndev, u32 offset, void *data, u32 length)
{
	return nvmove_controlling_log_page(ndev->controlling, NVMOVE_LOG_QUESTION, ndev->cntlid,
					   offset, data, length);
}

void nvmove_compat_probe(struct nvmove_device *ndev)
{
	struct question_head *head __free(kfree) = kzalloc(sizeof(*head), GFP_KERNEL);
	static const u8 uuid[] = NVMOVE_CSTATE_UUID;
	int ret;

	if (!head)
		return;

	ret = read_piece(ndev, 0, head, sizeof(*head));
	ndev->answers = !ret && size_by_header(&head->container) >= sizeof(*head) &&
			!memcmp(head->vendor.uuid, uuid, sizeof(uuid));
	if (!ndev->answers)
		pci_info(ndev->core.pdev,
			 "controller %u: no question in log page %#x (%d): what it cannot take shows when a state is loaded\n",
			 ndev->cntlid, NVMOVE_LOG_QUESTION, ret);
}

static int query_size(struct nvmove_device *ndev, u32 *size)
{
	struct nvmove_cstate_header *header __free(kfree) = kzalloc(sizeof(*header), GFP_KERNEL);
	int ret;

	if (!header)
		return -ENOMEM;

	ret = read_piece(ndev, 0, header, sizeof(*header));
	if (ret)
		return ret;
	*size = size_by_header(header);
	return *size ? 0 : -EPROTO;
}

static int read_pieces(struct nvmove_device *ndev, void *data, u32 size)
{
	int max = nvmove_controlling_max_transfer(ndev->controlling);
	u32 offset, length;
	int ret;

	if (max < 0)
		return max;

	for (offset = 0; offset < size; offset += length) {
		length = min_t(u32, max, size - offset);
		ret = read_piece(ndev, offset, data + offset, length);
		if (ret)
			return ret;
	}
	/* somebody may have attached a namespace since the size was read */
	return size_by_header(data) == size ? 0 : -ESTALE;
}

static int read_question(struct nvmove_device *ndev, void **data, u32 *length)
{
	void *question;
	u32 size;
	int ret;

	ret = query_size(ndev, &size);
	if (ret)
		return ret;
	question = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!question)
		return -ENOMEM;
	ret = read_pieces(ndev, question, size);
	if (ret) {
		kvfree(question);
		return ret;
	}
	*data = question;
	*length = size;
	return 0;
}

int nvmove_compat_read(struct nvmove_device *ndev, void **data, u32 *length)
{
	u64 start = ktime_get_ns();
	int ret;

	if (!ndev->answers)
		return -EOPNOTSUPP;

	*length = 0;
	ret = nvmove_proto_judge(ndev, "question", read_question(ndev, data, length));
	trace_nvme_vfio_compat(&ndev->core.pdev->dev, "read", *length, ret,
			       ktime_get_ns() - start);
	return ret;
}

/*
 * Sent like a whole state, but without the NVMe part that every whole state has: nobody takes it
 * for one. The commands only read @data.
 */
static int send_pieces(struct nvmove_device *ndev, const void *data, u32 size)
{
	int max = nvmove_controlling_max_transfer(ndev->controlling);
	struct nvmove_piece piece = { .state_size = size };
	int ret;

	if (max < 0)
		return max;

	for (piece.offset = 0; piece.offset < size; piece.offset += piece.length) {
		piece.data = (void *)data + piece.offset;
		piece.length = min_t(u32, max, size - piece.offset);
		ret = ndev->proto->load(ndev, &piece);
		if (ret == -EREMOTEIO)
			nvmove_proto_explain(ndev);
		if (ret)
			return ret;
	}
	return 0;
}

int nvmove_compat_ask(struct nvmove_device *ndev, const void *data, u32 length)
{
	u32 size = length < sizeof(struct nvmove_cstate_header) ? 0 : size_by_header(data);
	u64 start = ktime_get_ns();
	int ret;

	if (!ndev->answers)
		return -EOPNOTSUPP;

	if (!size || size != length) {
		dev_err_ratelimited(&ndev->core.pdev->dev,
				    "controller %u: question refused: %u bytes, %u by its header\n",
				    ndev->cntlid, length, size);
		ret = -EINVAL;
	} else {
		ret = send_pieces(ndev, data, length);
		if (!ret)
			nvmove_statistics_add(ndev, NVMOVE_STAT_QUESTIONS_ANSWERED, 1);
		if (ret == -EREMOTEIO)
			nvmove_statistics_add(ndev, NVMOVE_STAT_QUESTIONS_REFUSED, 1);
	}
	trace_nvme_vfio_compat(&ndev->core.pdev->dev, "ask", length, ret, ktime_get_ns() - start);
	return ret;
}
