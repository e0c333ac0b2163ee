// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees of a bound function, in its directory "migration" of sysfs
 * (docs/sysfs-attributes.md): if and how it migrates, what it is, and what has been counted. All of
 * it is read only; there is no way to load a state but VFIO's.
 *
 * No lock is taken here. The driver core takes the files away, and waits for who reads them, before
 * it calls the driver's remove(); a reader that waited for an arc, or for whoever has the device
 * open, could hold up the unbinding of the function and, with it, that of its PF. Statistics are
 * therefore counters that are read one by one, and a question is read from the device, which needs
 * no more than the controlling function.
 */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>

#include <nvmove/lm.h>

#include "nvme-vfio-pci.h"
#include "sysfs.h"

static struct nvmove_device *to_nvmove(struct device *dev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);

	return container_of(core, struct nvmove_device, core);
}

/* ---- what it is ---- */

static ssize_t reason_show(struct device *dev, struct device_attribute *attribute, char *buffer)
{
	return sysfs_emit(buffer, "%s\n", to_nvmove(dev)->reason ?: "out of memory");
}

static ssize_t protocol_show(struct device *dev, struct device_attribute *attribute, char *buffer)
{
	return sysfs_emit(buffer, "%s\n", to_nvmove(dev)->proto->name);
}

static ssize_t cntlid_show(struct device *dev, struct device_attribute *attribute, char *buffer)
{
	return sysfs_emit(buffer, "%u\n", to_nvmove(dev)->cntlid);
}

static ssize_t controlling_show(struct device *dev, struct device_attribute *attribute,
				char *buffer)
{
	return sysfs_emit(buffer, "%s\n", pci_name(to_nvmove(dev)->controlling));
}

static ssize_t state_show(struct device *dev, struct device_attribute *attribute, char *buffer)
{
	static const char *const names[] = {
		[VFIO_DEVICE_STATE_ERROR] = "ERROR",
		[VFIO_DEVICE_STATE_STOP] = "STOP",
		[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
		[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
		[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
		[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
		[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
		[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
	};

	return sysfs_emit(buffer, "%s\n", names[READ_ONCE(to_nvmove(dev)->state)]);
}

static DEVICE_ATTR_RO(reason);
static DEVICE_ATTR_RO(protocol);
static DEVICE_ATTR_RO(cntlid);
static DEVICE_ATTR_RO(controlling);
static DEVICE_ATTR_RO(state);

/* What a read function is given: constant in newer kernels. */
#define READ_ATTRIBUTE								\
	typeof(*__builtin_choose_expr(						\
		__builtin_types_compatible_p(					\
			typeof(((struct bin_attribute *)NULL)->read),		\
			ssize_t (*)(struct file *, struct kobject *,		\
				    struct bin_attribute *, char *, loff_t,	\
				    size_t)),					\
		(struct bin_attribute *)NULL, (const struct bin_attribute *)NULL))

/* Each read asks the device anew; a question that changes in between shows by its checksums. */
static ssize_t compat_read(struct file *file, struct kobject *kobject,
			   READ_ATTRIBUTE *attribute, char *buffer, loff_t offset,
			   size_t count)
{
	struct nvmove_device *ndev = to_nvmove(kobj_to_dev(kobject));
	void *question;
	ssize_t ret;
	u32 length;

	ret = nvmove_compat_read(ndev, &question, &length);
	if (ret)
		return ret;
	ret = memory_read_from_buffer(buffer, count, &offset, question, length);
	kvfree(question);
	return ret;
}

static struct bin_attribute bin_attr_compat = __BIN_ATTR(compat, 0400, compat_read, NULL, 0);

/* ---- what has been counted ---- */

static ssize_t statistic_show(struct device *dev, struct device_attribute *attribute, char *buffer);

#define STATISTIC(name)	__ATTR(name, 0444, statistic_show, NULL)

static struct device_attribute statistics[NVMOVE_NR_STATISTICS] = {
	[NVMOVE_STAT_SUSPENDS] = STATISTIC(suspends),
	[NVMOVE_STAT_RESUMES] = STATISTIC(resumes),
	[NVMOVE_STAT_SAVES] = STATISTIC(saves),
	[NVMOVE_STAT_LOADS] = STATISTIC(loads),
	[NVMOVE_STAT_RESETS] = STATISTIC(resets),
	[NVMOVE_STAT_FAILED_ARCS] = STATISTIC(failed_arcs),
	[NVMOVE_STAT_FAILED_LOADS] = STATISTIC(failed_loads),
	[NVMOVE_STAT_QUESTIONS_ANSWERED] = STATISTIC(questions_answered),
	[NVMOVE_STAT_QUESTIONS_REFUSED] = STATISTIC(questions_refused),
	[NVMOVE_STAT_SAVED_BYTES] = STATISTIC(saved_bytes),
	[NVMOVE_STAT_LOADED_BYTES] = STATISTIC(loaded_bytes),
	[NVMOVE_STAT_DIRTY_REPORTS] = STATISTIC(dirty_reports),
	[NVMOVE_STAT_DIRTY_BYTES] = STATISTIC(dirty_bytes),
	[NVMOVE_STAT_SUSPEND_NS] = STATISTIC(suspend_ns),
	[NVMOVE_STAT_RESUME_NS] = STATISTIC(resume_ns),
	[NVMOVE_STAT_SAVE_NS] = STATISTIC(save_ns),
	[NVMOVE_STAT_LOAD_NS] = STATISTIC(load_ns),
	[NVMOVE_STAT_SUSPENDED_NS] = STATISTIC(suspended_ns),
};

static ssize_t statistic_show(struct device *dev, struct device_attribute *attribute, char *buffer)
{
	struct nvmove_device *ndev = to_nvmove(dev);

	return sysfs_emit(buffer, "%lld\n",
			  atomic64_read(&ndev->statistics[attribute - statistics]));
}

static void set(struct nvmove_device *ndev, enum nvmove_statistic statistic, u64 value)
{
	atomic64_set(&ndev->statistics[statistic], value);
}

static bool runs(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_RUNNING || state == VFIO_DEVICE_STATE_PRE_COPY;
}

void nvmove_statistics_arc(struct nvmove_device *ndev, enum vfio_device_mig_state from,
			   enum vfio_device_mig_state to, int result, u64 duration_ns)
{
	u64 now = ktime_get_ns();

	lockdep_assert_held(&ndev->state_mutex);

	if (result) {
		nvmove_statistics_add(ndev, NVMOVE_STAT_FAILED_ARCS, 1);
	} else if (runs(from) && !runs(to)) {
		nvmove_statistics_add(ndev, NVMOVE_STAT_SUSPENDS, 1);
		set(ndev, NVMOVE_STAT_SUSPEND_NS, duration_ns);
		ndev->suspended_at = now - duration_ns;
	} else if (!runs(from) && runs(to)) {
		nvmove_statistics_add(ndev, NVMOVE_STAT_RESUMES, 1);
		set(ndev, NVMOVE_STAT_RESUME_NS, duration_ns);
		set(ndev, NVMOVE_STAT_SUSPENDED_NS, now - ndev->suspended_at);
	} else if (to == VFIO_DEVICE_STATE_STOP_COPY) {
		nvmove_statistics_add(ndev, NVMOVE_STAT_SAVES, 1);
		set(ndev, NVMOVE_STAT_SAVE_NS, duration_ns);
	}
}

void nvmove_statistics_load(struct nvmove_device *ndev, u32 bytes, int result, u64 duration_ns)
{
	if (result) {
		nvmove_statistics_add(ndev, NVMOVE_STAT_FAILED_LOADS, 1);
		return;
	}
	nvmove_statistics_add(ndev, NVMOVE_STAT_LOADS, 1);
	nvmove_statistics_add(ndev, NVMOVE_STAT_LOADED_BYTES, bytes);
	set(ndev, NVMOVE_STAT_LOAD_NS, duration_ns);
}

/* ---- the directory ---- */

static struct attribute *migration_attributes[] = {
	&dev_attr_reason.attr,
	&dev_attr_protocol.attr,
	&dev_attr_cntlid.attr,
	&dev_attr_controlling.attr,
	&dev_attr_state.attr,
	&statistics[NVMOVE_STAT_SUSPENDS].attr,
	&statistics[NVMOVE_STAT_RESUMES].attr,
	&statistics[NVMOVE_STAT_SAVES].attr,
	&statistics[NVMOVE_STAT_LOADS].attr,
	&statistics[NVMOVE_STAT_RESETS].attr,
	&statistics[NVMOVE_STAT_FAILED_ARCS].attr,
	&statistics[NVMOVE_STAT_FAILED_LOADS].attr,
	&statistics[NVMOVE_STAT_QUESTIONS_ANSWERED].attr,
	&statistics[NVMOVE_STAT_QUESTIONS_REFUSED].attr,
	&statistics[NVMOVE_STAT_SAVED_BYTES].attr,
	&statistics[NVMOVE_STAT_LOADED_BYTES].attr,
	&statistics[NVMOVE_STAT_DIRTY_REPORTS].attr,
	&statistics[NVMOVE_STAT_DIRTY_BYTES].attr,
	&statistics[NVMOVE_STAT_SUSPEND_NS].attr,
	&statistics[NVMOVE_STAT_RESUME_NS].attr,
	&statistics[NVMOVE_STAT_SAVE_NS].attr,
	&statistics[NVMOVE_STAT_LOAD_NS].attr,
	&statistics[NVMOVE_STAT_SUSPENDED_NS].attr,
	NULL,
};

/* The reason is there, and nothing else, for a function that cannot migrate. */
static umode_t migration_is_visible(struct kobject *kobject, struct attribute *attribute, int n)
{
	bool migrates = to_nvmove(kobj_to_dev(kobject))->proto;

	return (attribute == &dev_attr_reason.attr) == migrates ? 0 : attribute->mode;
}

/* The kernel's type of the entries: constant in newer ones. */
static typeof(*((struct attribute_group *)NULL)->bin_attrs) migration_bin_attributes[] = {
	&bin_attr_compat,
	NULL,
};

static const struct attribute_group migration_group = {
	.name = "migration",
	.attrs = migration_attributes,
	.bin_attrs = migration_bin_attributes,
	.is_visible = migration_is_visible,
};

const struct attribute_group *nvmove_function_groups[] = {
	&migration_group,
	NULL,
};
