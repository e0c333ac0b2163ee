// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA logging: which memory the controller has written, for a VMM that copies that of a running
 * guest. The device records and reports (Track Memory Changes and Tracked Memory Changes, Base 2.3,
 * 5.2.28 and 5.2.27). The driver keeps what was reported until it is asked for: VFIO asks range by
 * range, the device tells all that it has, once. This file is no part of any arc.
 *
 * A write that is missed is a corrupt guest later on. So nothing is believed that contradicts what
 * was asked for. A report that failed may have been made and forgotten by the device: the log is
 * broken then and fails until it is stopped. See docs/driver.md.
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "controlling.h"
#include "nvme-vfio-pci.h"

/* The namespace of iova_bitmap_set(): MODULE_IMPORT_NS() wants a word or a string, by kernel. */
MODULE_INFO(import_ns, "IOMMUFD");

#define REPORT_SIZE	SZ_64K
#define MAX_OFFERS	8	/* times that a device may ask for less before it tracks anything */

/**
 * struct nvmove_dma_log - what the controller has written
 * @shift: a granule has 2^@shift bytes
 * @broken: nobody knows what the controller has written
 * @granules: how many are tracked
 * @report_size: bytes of @changes
 * @nr_ranges: at least 1
 * @changes: where reports go
 * @pending: a bit for each granule that was reported by the device and not yet to user space
 * @range: what is tracked, as dirty_ranges_fit() left it
 */
struct nvmove_dma_log {
	u8 shift;
	bool broken;
	u32 granules;
	u32 report_size;
	u32 nr_ranges;
	struct nvmove_hmlm_memory_changes *changes;
	unsigned long *pending;
	struct dirty_range range[];
};

static struct nvmove_device *to_nvmove(struct vfio_device *vdev)
{
	return container_of(vdev, struct nvmove_device, core.vdev);
}

static void free_log(struct nvmove_dma_log *log)
{
	if (IS_ERR_OR_NULL(log))
		return;
	kvfree(log->changes);
	kvfree(log->pending);
	kvfree(log);
}

DEFINE_FREE(free_log, struct nvmove_dma_log *, free_log(_T))

/* Memory for a log of ranges that are in it already, charged to the user who wants it. */
static int allocate_marks(struct nvmove_dma_log *log, int max_transfer)
{
	const struct dirty_range *last = &log->range[log->nr_ranges - 1];

	log->granules = last->bit + dirty_granules(last, log->shift);
	log->report_size = min(max_transfer, REPORT_SIZE);
	log->changes = kvmalloc(log->report_size, GFP_KERNEL_ACCOUNT);
	log->pending = kvcalloc(BITS_TO_LONGS(log->granules), sizeof(long), GFP_KERNEL_ACCOUNT);
	return log->changes && log->pending ? 0 : -ENOMEM;
}

/* As user space gave them: ascending, none overlapping another, perhaps without length. */
static int copy_ranges(struct nvmove_device *ndev, struct rb_root_cached *ranges,
		       struct dirty_range *range)
{
	struct interval_tree_node *node;
	struct rb_node *next;

	for (next = rb_first_cached(ranges); next; next = rb_next(next), range++) {
		node = rb_entry(next, struct interval_tree_node, rb);
		if (node->last - node->start == ULONG_MAX) {
			dev_err_ratelimited(&ndev->core.pdev->dev,
					    "DMA logging: length of the range at %#lx is 0, at least 1 expected\n",
					    node->start);
			return -EINVAL;
		}
		range->first = node->start;
		range->last = node->last;
	}
	return 0;
}

/* The finest granularity from @limits->min_shift on with which the device's limits and ours do. */
static struct nvmove_dma_log *plan_log(struct nvmove_device *ndev, struct rb_root_cached *ranges,
				       u32 nr_ranges, const struct dirty_limits *limits)
{
	struct nvmove_dma_log *log __free(free_log) =
		kvzalloc(struct_size(log, range, nr_ranges), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!log)
		return ERR_PTR(-ENOMEM);
	for (log->shift = limits->min_shift; log->shift <= limits->max_shift; log->shift++) {
		ret = copy_ranges(ndev, ranges, log->range);
		if (ret)
			return ERR_PTR(ret);
		log->nr_ranges = dirty_ranges_fit(log->range, nr_ranges, limits, log->shift);
		if (log->nr_ranges)
			return_ptr(log);
	}
	dev_err_ratelimited(&ndev->core.pdev->dev,
			    "DMA logging: %u ranges take more than %u granules of %llu bytes\n",
			    nr_ranges, DIRTY_MAX_GRANULES, 1ULL << limits->max_shift);
	return ERR_PTR(-E2BIG);
}

static int track(struct nvmove_device *ndev, const struct nvmove_dma_log *log,
		 struct dirty_limits *limits)
{
	u32 nr = dirty_descriptors_of_all(log->range, log->nr_ranges, log->shift, limits->powers);
	u32 length = sizeof(struct nvmove_hmlm_memory_request) +
		     nr * sizeof(struct nvmove_hmlm_memory_range);
	struct nvmove_hmlm_memory_request *request __free(kvfree) = kvzalloc(length, GFP_KERNEL);
	int ret;

	if (!request)
		return -ENOMEM;
	dirty_fill_request(request, log->range, log->nr_ranges, log->shift, limits->powers);
	ret = ndev->proto->track_start(ndev, request, length, limits);
	/* refused or not sent: not tracked; other failures leave that open */
	if (ret != -ENOSPC && ret != -EBUSY && ret != -EREMOTEIO && ret != -ENODEV)
		ndev->tracked = true;
	return ret;
}

/* What the device offers instead must be less than what it was asked for, and more than nothing. */
static bool is_offer(const struct dirty_limits *offer, const struct nvmove_dma_log *log)
{
	u32 nr = dirty_descriptors_of_all(log->range, log->nr_ranges, log->shift, offer->powers);

	return offer->nr_ranges && offer->min_shift >= log->shift &&
	       offer->min_shift <= offer->max_shift &&
	       (offer->min_shift > log->shift || offer->nr_ranges < nr);
}

/* @limits: where to begin. What the device offers instead is tried. */
static struct nvmove_dma_log *start_log(struct nvmove_device *ndev, struct rb_root_cached *ranges,
					u32 nr_ranges, struct dirty_limits *limits,
					int max_transfer)
{
	u32 most = limits->nr_ranges;
	int i, ret;

	for (i = 0; i < MAX_OFFERS; i++) {
		struct nvmove_dma_log *log __free(free_log) =
			plan_log(ndev, ranges, nr_ranges, limits);

		if (IS_ERR(log))
			return no_free_ptr(log);
		ret = allocate_marks(log, max_transfer);
		if (!ret)
			ret = track(ndev, log, limits);
		if (!ret)
			return_ptr(log);
		if (ret != -ENOSPC)
			return ERR_PTR(ret);
		if (!is_offer(limits, log))
			break;
		limits->nr_ranges = min(limits->nr_ranges, most);
	}
	dev_err_ratelimited(&ndev->core.pdev->dev,
			    "controller %u: not enough resources to track %u ranges, it offers %u of granules of 2^%u bytes\n",
			    ndev->cntlid, nr_ranges, limits->nr_ranges, limits->min_shift);
	return ERR_PTR(-ENOSPC);
}

/* @page_size: wanted; becomes what there is. */
static int log_start_locked(struct nvmove_device *ndev, struct rb_root_cached *ranges,
			    u32 nr_ranges, u64 *page_size)
{
	struct dirty_limits limits = ndev->track_limits;
	struct nvmove_dma_log *log;
	int ret, max_transfer;

	if (ndev->log)
		return -EINVAL;
	/*
	 * From before a reset, or from a start or a stop of which nobody knows what became. A
	 * device that refuses may have nothing to stop; if it has, it refuses to start, too.
	 */
	ret = nvmove_dma_log_stop(ndev);
	if (ret && ret != -EREMOTEIO)
		return ret;
	max_transfer = nvmove_controlling_max_transfer(ndev->controlling);
	if (max_transfer < 0)
		return max_transfer;
	limits.nr_ranges = min_t(size_t, limits.nr_ranges,
				 (max_transfer - sizeof(struct nvmove_hmlm_memory_request)) /
				 sizeof(struct nvmove_hmlm_memory_range));
	limits.min_shift = clamp(ilog2(*page_size), limits.min_shift, limits.max_shift);

	log = start_log(ndev, ranges, nr_ranges, &limits, max_transfer);
	if (IS_ERR(log))
		return PTR_ERR(log);
	ndev->log = log;
	*page_size = 1ULL << log->shift;
	return 0;
}

static int log_start(struct vfio_device *vdev, struct rb_root_cached *ranges, u32 nr_ranges,
		     u64 *page_size)
{
	struct nvmove_device *ndev = to_nvmove(vdev);
	int ret;

	if (!is_power_of_2(*page_size)) {
		dev_err_ratelimited(&ndev->core.pdev->dev,
				    "DMA logging: page size is %llu, a power of two expected\n",
				    *page_size);
		return -EINVAL;
	}
	if (mutex_lock_killable(&ndev->state_mutex))
		return -EINTR;
	ret = log_start_locked(ndev, ranges, nr_ranges, page_size);
	nvmove_migrate_unlock(ndev);
	return ret;
}

void nvmove_dma_log_forget(struct nvmove_device *ndev)
{
	free_log(ndev->log);
	ndev->log = NULL;
}

int nvmove_dma_log_stop(struct nvmove_device *ndev)
{
	int ret;

	nvmove_dma_log_forget(ndev);
	if (!ndev->tracked)
		return 0;
	ret = ndev->proto->track_stop(ndev);
	if (!ret)
		ndev->tracked = false;
	return ret;
}

static int log_stop(struct vfio_device *vdev)
{
	struct nvmove_device *ndev = to_nvmove(vdev);
	int ret;

	if (mutex_lock_killable(&ndev->state_mutex))
		return -EINTR;
	ret = nvmove_dma_log_stop(ndev);
	nvmove_migrate_unlock(ndev);
	return ret;
}

/* A controller that is to be suspended and is not may have written what no report will tell. */
static int check_head(struct nvmove_device *ndev, const struct nvmove_dma_log *log)
{
	struct device *dev = &ndev->core.pdev->dev;
	struct dirty_contradiction found = dirty_check_changes(log->changes, log->report_size,
							       ndev->cntlid, log->shift);

	if (found.field) {
		dev_err_ratelimited(dev,
				    "controller %u: %s of its tracked memory changes is %llu, expected %llu\n",
				    ndev->cntlid, found.field, found.value, found.expected);
		return -EPROTO;
	}
	if (ndev->suspended && !(log->changes->attributes & NVMOVE_HMLM_CHANGES_SUSPENDED)) {
		dev_err_ratelimited(dev,
				    "controller %u: not suspended when its tracked memory changes were read\n",
				    ndev->cntlid);
		return -ESTALE;
	}
	return 0;
}

static int take_changes(struct nvmove_device *ndev, struct nvmove_dma_log *log)
{
	const struct nvmove_hmlm_memory_change *change = (const void *)(log->changes + 1);
	u32 i, bit, granules;
	u64 dirty = 0;
	int ret;

	ret = check_head(ndev, log);
	if (ret)
		return ret;
	for (i = 0; i < le32_to_cpu(log->changes->nr_changes); i++) {
		granules = dirty_find_change(log->range, log->nr_ranges, log->shift, &change[i],
					     &bit);
		if (!granules) {
			dev_err_ratelimited(&ndev->core.pdev->dev,
					    "controller %u: tracked memory change %u: %u granules of %llu bytes at %#llx are not tracked\n",
					    ndev->cntlid, i, le32_to_cpu(change[i].length),
					    1ULL << log->shift, le64_to_cpu(change[i].address));
			return -EPROTO;
		}
		bitmap_set(log->pending, bit, granules);
		dirty += (u64)granules << log->shift;
	}
	nvmove_statistics_add(ndev, NVMOVE_STAT_DIRTY_BYTES, dirty);
	return 0;
}

/*
 * How often to ask at most. A controller that runs may write as fast as it is asked: what full
 * reports of every granule would not hold is left to the next time. One that is suspended writes
 * nothing, every report has to tell of another granule, and there is no next time.
 */
static u32 max_reports(const struct nvmove_device *ndev, const struct nvmove_dma_log *log)
{
	u32 room = (log->report_size - sizeof(*log->changes)) /
		   sizeof(struct nvmove_hmlm_memory_change);

	return ndev->suspended ? log->granules : log->granules / room + 1;
}

/* Get all that the device has. */
static int fetch_changes(struct nvmove_device *ndev, struct nvmove_dma_log *log)
{
	u32 reports, most = max_reports(ndev, log);
	int ret;

	for (reports = 0; reports < most; reports++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		memset(log->changes, 0, log->report_size);
		ret = ndev->proto->track_report(ndev, log->changes, log->report_size);
		if (!ret)
			ret = take_changes(ndev, log);
		if (ret) {
			log->broken = true;
			return ret;
		}
		if (!(log->changes->attributes & NVMOVE_HMLM_CHANGES_MORE))
			return 0;
	}
	if (!ndev->suspended)
		return 0;
	dev_err_ratelimited(&ndev->core.pdev->dev,
			    "controller %u: suspended, and more to come after %u reports of tracked memory changes, at most %u expected\n",
			    ndev->cntlid, reports, most);
	log->broken = true;
	return -EPROTO;
}

/* A granule that is partly outside the window stays marked, for whoever asks for the rest. */
static void report_window(struct nvmove_dma_log *log, const struct dirty_range *range,
			  const struct dirty_range *window, struct iova_bitmap *dirty)
{
	unsigned long bit = range->bit + ((window->first - range->first) >> log->shift);
	unsigned long end = range->bit + ((window->last - range->first) >> log->shift) + 1;
	unsigned long next;
	struct dirty_part part;

	for (bit = find_next_bit(log->pending, end, bit); bit < end;
	     bit = find_next_bit(log->pending, end, next)) {
		next = find_next_zero_bit(log->pending, end, bit);
		part = dirty_part_of(range, log->shift, bit, next, window);
		iova_bitmap_set(dirty, part.first, part.last - part.first + 1);
		if (part.bit < part.end)
			bitmap_clear(log->pending, part.bit, part.end - part.bit);
		cond_resched();
	}
}

static int log_report_locked(struct nvmove_device *ndev, const struct dirty_range *window,
			     struct iova_bitmap *dirty)
{
	struct nvmove_dma_log *log = ndev->log;
	const struct dirty_range *range;
	int ret;

	if (!log)
		return -EINVAL;
	if (log->broken)
		return -EIO;
	range = dirty_range_of(log->range, log->nr_ranges, window->first, window->last);
	if (!range) {
		dev_err_ratelimited(&ndev->core.pdev->dev,
				    "DMA logging: %#llx to %#llx is not in the memory that is tracked\n",
				    window->first, window->last);
		return -EINVAL;
	}
	ret = fetch_changes(ndev, log);
	if (ret)
		return ret;
	report_window(log, range, window, dirty);
	nvmove_statistics_add(ndev, NVMOVE_STAT_DIRTY_REPORTS, 1);
	return 0;
}

static int log_read_and_clear(struct vfio_device *vdev, unsigned long iova, unsigned long length,
			      struct iova_bitmap *dirty)
{
	const struct dirty_range window = { .first = iova, .last = iova + length - 1 };
	struct nvmove_device *ndev = to_nvmove(vdev);
	int ret;

	if (!length)
		return -EINVAL;
	if (mutex_lock_killable(&ndev->state_mutex))
		return -EINTR;
	ret = log_report_locked(ndev, &window, dirty);
	nvmove_migrate_unlock(ndev);
	return ret;
}

static const struct vfio_log_ops log_ops = {
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read_and_clear = log_read_and_clear,
};

void nvmove_dma_log_init(struct nvmove_device *ndev)
{
	const struct dirty_limits *limits = &ndev->track_limits;
	struct pci_dev *pdev = ndev->core.pdev;

	if (!ndev->proto->track_start || !limits->nr_ranges) {
		pci_info(pdev, "no DMA logging: %s tracks no memory by protocol %s\n",
			 pci_name(ndev->controlling), ndev->proto->name);
		return;
	}
	/* without it VFIO fails every report */
	if (!IS_ENABLED(CONFIG_IOMMUFD_DRIVER)) {
		pci_info(pdev, "no DMA logging: the kernel was built without IOMMUFD_DRIVER\n");
		return;
	}
	pci_info(pdev, "DMA logging: %u ranges, granules of 2^%u to 2^%u bytes\n",
		 limits->nr_ranges, limits->min_shift, limits->max_shift);
	ndev->core.vdev.log_ops = &log_ops;
}
