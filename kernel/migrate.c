// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration state machine: which device operations an arc consists of, what a failed arc leaves
 * behind, and how resets get along with all that. It knows neither the protocol nor the stream.
 *
 * A PCI reset puts the device back to RUNNING, and may come while an arc is under way. The reset
 * path cannot wait for the arc: it holds VFIO's memory_lock, and, when a whole bus is reset, it may
 * be the same thread that has to finish the PF's reset before the arc's command can end. The arc
 * can wait for the reset, and does so before it gives up state_mutex. The last to end cleans up:
 *
 * - a reset that finds state_mutex free knows that no arc's command overlapped with it: the
 *   controller is not suspended any more, and RUNNING takes no command;
 * - a reset that finds it taken leaves a note. The arc's command may have reached the device before
 *   or after the reset, so the arc makes sure with a resume, which a controller that was just reset
 *   and has no queues takes without harm.
 *
 * See docs/driver.md for all arcs and failures.
 */
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/pci.h>

#include "nvme-vfio-pci.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static struct nvmove_device *to_nvmove(struct vfio_device *vdev)
{
	return container_of(vdev, struct nvmove_device, core.vdev);
}

static void end_stream(struct nvmove_device *ndev)
{
	if (!ndev->stream)
		return;
	nvmove_stream_end(ndev->stream);
	ndev->stream = NULL;
}

static void enter_error(struct nvmove_device *ndev)
{
	end_stream(ndev);
	ndev->state = VFIO_DEVICE_STATE_ERROR;
}

/*
 * Nobody knows if the controller is suspended: find out by resuming it. What cannot even be resumed
 * needs a reset.
 */
static int ensure_resumed(struct nvmove_device *ndev)
{
	int ret = ndev->proto->resume(ndev);

	if (ret && ret != -EALREADY) {
		pci_err(ndev->core.pdev, "controller %u is stuck, a reset is needed: %pe\n",
			ndev->cntlid, ERR_PTR(ret));
		enter_error(ndev);
		return ret;
	}
	ndev->suspended = false;
	return 0;
}

static int suspend(struct nvmove_device *ndev)
{
	int ret = ndev->proto->suspend(ndev);

	if (ret == -ENODEV || ret == -EREMOTEIO)
		return ret;

	ndev->suspended = true;
	if (ret)
		ensure_resumed(ndev);
	return ret;
}

static int resume(struct nvmove_device *ndev)
{
	int ret = ndev->proto->resume(ndev);

	if (!ret) {
		ndev->suspended = false;
		return 0;
	}
	if (ret == -EALREADY)
		pci_err(ndev->core.pdev, "controller %u is not suspended although it should be\n",
			ndev->cntlid);
	if (ret != -ENODEV && ret != -EREMOTEIO)
		enter_error(ndev);
	return ret;
}

/*
 * A controller that cannot take a state as it is gets disabled, which ends its suspension. What
 * fails from then on leaves a controller that only a reset makes good.
 */
static int vacate(struct nvmove_device *ndev)
{
	int ret = ndev->proto->is_vacant ? ndev->proto->is_vacant(ndev) : 1;

	if (ret)
		return min(ret, 0);

	ret = nvmove_property_disable(ndev);
	if (!ret)
		ret = ndev->proto->suspend(ndev);
	if (ret)
		enter_error(ndev);
	return ret;
}

/* Takes over @stream, unless @ret says that preparing it has failed. */
static int start_stream(struct nvmove_device *ndev, struct nvmove_stream *stream, int ret,
			struct file **file)
{
	if (ret) {
		nvmove_stream_end(stream);
		return ret;
	}
	ndev->stream = stream;
	*file = nvmove_stream_file(stream);
	return 0;
}

/* What can be said while the controller may still run. */
static int start_precopy(struct nvmove_device *ndev, struct file **file)
{
	struct nvmove_stream *stream = nvmove_stream_begin(ndev);

	if (IS_ERR(stream))
		return PTR_ERR(stream);
	return start_stream(ndev, stream, nvmove_stream_add_question(stream, ndev), file);
}

/* Without pre-copy: all of the stream at once, and no question, for the state is the next thing. */
static int start_saving(struct nvmove_device *ndev, struct file **file)
{
	struct nvmove_stream *stream = nvmove_stream_begin(ndev);

	if (IS_ERR(stream))
		return PTR_ERR(stream);
	return start_stream(ndev, stream, nvmove_stream_save(stream, ndev), file);
}

static int start_receiving(struct nvmove_device *ndev, struct file **file)
{
	struct nvmove_stream *stream = nvmove_stream_receive(ndev);

	if (IS_ERR(stream))
		return PTR_ERR(stream);
	return start_stream(ndev, stream, vacate(ndev), file);
}

/* The state was loaded by the write that completed the stream, if one did. */
static int finish_resuming(struct nvmove_device *ndev)
{
	int ret = nvmove_stream_finish(ndev->stream);

	end_stream(ndev);
	if (ret)
		enter_error(ndev);
	return ret;
}

#define ARC(from, to)	(VFIO_DEVICE_STATE_##from * VFIO_DEVICE_STATE_NR + VFIO_DEVICE_STATE_##to)

/*
 * One arc; @file is set by those that start a stream. On failure the state is the old one, unless
 * the arc itself has set ERROR.
 */
static int step(struct nvmove_device *ndev, enum vfio_device_mig_state new, struct file **file)
{
	switch (ndev->state * VFIO_DEVICE_STATE_NR + new) {
	case ARC(RUNNING, RUNNING_P2P):
	case ARC(PRE_COPY, PRE_COPY_P2P):
		return suspend(ndev);

	case ARC(RUNNING_P2P, RUNNING):
	case ARC(PRE_COPY_P2P, PRE_COPY):
		return resume(ndev);

	/* a suspended controller changes nothing outside and, left alone, nothing inside */
	case ARC(RUNNING_P2P, STOP):
	case ARC(STOP, RUNNING_P2P):
		return 0;

	case ARC(RUNNING, PRE_COPY):
	case ARC(RUNNING_P2P, PRE_COPY_P2P):
		return start_precopy(ndev, file);

	case ARC(PRE_COPY_P2P, STOP_COPY):
		return nvmove_stream_save(ndev->stream, ndev);

	case ARC(STOP, STOP_COPY):
		return start_saving(ndev, file);

	case ARC(PRE_COPY, RUNNING):
	case ARC(PRE_COPY_P2P, RUNNING_P2P):
	case ARC(STOP_COPY, STOP):
		end_stream(ndev);
		return 0;

	case ARC(STOP, RESUMING):
		return start_receiving(ndev, file);

	case ARC(RESUMING, STOP):
		return finish_resuming(ndev);
	}

	/* vfio_mig_get_next_state() uses no other arcs for the flags set here */
	WARN_ON(true);
	return -EINVAL;
}

static int traced_step(struct nvmove_device *ndev, enum vfio_device_mig_state new,
		       struct file **file)
{
	enum vfio_device_mig_state cur = ndev->state;
	u64 start = ktime_get_ns(), duration;
	int ret;

	ret = step(ndev, new, file);
	duration = ktime_get_ns() - start;
	trace_nvme_vfio_arc(&ndev->core.pdev->dev, cur, new, ret, duration);
	nvmove_statistics_arc(ndev, cur, new, ret, duration);
	return ret;
}

/* A reset has come and gone while state_mutex was held: do what it could not do itself. */
static void finish_deferred_reset(struct nvmove_device *ndev)
{
	spin_lock(&ndev->reset_lock);
	ndev->deferred_reset = false;
	spin_unlock(&ndev->reset_lock);

	end_stream(ndev);
	nvmove_dma_log_forget(ndev);
	if (ndev->in_arc && ndev->suspended && ensure_resumed(ndev))
		return;
	ndev->suspended = false;
	ndev->state = VFIO_DEVICE_STATE_RUNNING;
}

/*
 * Give up state_mutex, after dealing with every reset that began while it was held. The mutex is
 * dropped under reset_lock so that a reset either finds it free or its note is seen here.
 */
void nvmove_migrate_unlock(struct nvmove_device *ndev)
{
	spin_lock(&ndev->reset_lock);
	while (ndev->in_reset || ndev->deferred_reset) {
		spin_unlock(&ndev->reset_lock);
		wait_event(ndev->reset_wait, !READ_ONCE(ndev->in_reset));
		finish_deferred_reset(ndev);
		spin_lock(&ndev->reset_lock);
	}
	ndev->in_arc = false;
	mutex_unlock(&ndev->state_mutex);
	spin_unlock(&ndev->reset_lock);
}

int nvmove_migrate_deliver(struct nvmove_device *ndev, struct nvmove_stream *stream)
{
	int ret = -ENODEV;

	/*
	 * Not an arc: neither a question nor a load can suspend the controller, and one that was
	 * reset refuses both. Whatever their order, the reset has the last word.
	 */
	if (mutex_lock_killable(&ndev->state_mutex))
		return -EINTR;
	if (ndev->stream == stream && ndev->state == VFIO_DEVICE_STATE_RESUMING)
		ret = nvmove_stream_deliver(stream, ndev);
	nvmove_migrate_unlock(ndev);
	return ret;
}

static struct file *set_state(struct vfio_device *vdev, enum vfio_device_mig_state new)
{
	struct nvmove_device *ndev = to_nvmove(vdev);
	enum vfio_device_mig_state next;
	struct file *file = NULL;
	int ret = 0;

	if (mutex_lock_killable(&ndev->state_mutex))
		return ERR_PTR(-EINTR);
	ndev->in_arc = true;
	while (!ret && new != ndev->state) {
		/* only a reset leads out of ERROR; vfio_mig_get_next_state() would warn */
		if (ndev->state == VFIO_DEVICE_STATE_ERROR) {
			ret = -EIO;
			break;
		}
		ret = vfio_mig_get_next_state(vdev, ndev->state, new, &next);
		if (ret)
			break;
		ret = traced_step(ndev, next, &file);
		if (!ret)
			ndev->state = next;
	}
	nvmove_migrate_unlock(ndev);
	return ret ? ERR_PTR(ret) : file;
}

static int get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	struct nvmove_device *ndev = to_nvmove(vdev);

	if (mutex_lock_killable(&ndev->state_mutex))
		return -EINTR;
	*state = ndev->state;
	nvmove_migrate_unlock(ndev);
	return 0;
}

static int get_data_size(struct vfio_device *vdev, unsigned long *stop_copy_length)
{
	struct nvmove_device *ndev = to_nvmove(vdev);
	struct nvmove_stream *stream;
	int ret;

	if (mutex_lock_killable(&ndev->state_mutex))
		return -EINTR;
	stream = ndev->state == VFIO_DEVICE_STATE_RESUMING ? NULL : ndev->stream;
	ret = nvmove_stream_length(stream, ndev, stop_copy_length);
	nvmove_migrate_unlock(ndev);
	return ret;
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state = set_state,
	.migration_get_state = get_state,
	.migration_get_data_size = get_data_size,
};

void nvmove_migrate_init(struct nvmove_device *ndev)
{
	mutex_init(&ndev->state_mutex);
	spin_lock_init(&ndev->reset_lock);
	init_waitqueue_head(&ndev->reset_wait);
	ndev->state = VFIO_DEVICE_STATE_RUNNING;

	if (nvmove_proto_choose(ndev))
		return;

	ndev->core.vdev.migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
					  VFIO_MIGRATION_PRE_COPY;
	ndev->core.vdev.mig_ops = &migration_ops;
	nvmove_dma_log_init(ndev);
}

void nvmove_migrate_release(struct nvmove_device *ndev)
{
	pci_dev_put(ndev->controlling);
	kfree(ndev->reason);
	mutex_destroy(&ndev->state_mutex);
}

int nvmove_migrate_open(struct nvmove_device *ndev)
{
	int ret = 0;

	mutex_lock(&ndev->state_mutex);
	if (ndev->suspended) {
		pci_err(ndev->core.pdev, "controller %u is still suspended and was not reset\n",
			ndev->cntlid);
		ret = -EIO;
	} else {
		ndev->state = VFIO_DEVICE_STATE_RUNNING;
	}
	nvmove_migrate_unlock(ndev);
	return ret;
}

void nvmove_migrate_close(struct nvmove_device *ndev)
{
	mutex_lock(&ndev->state_mutex);
	end_stream(ndev);
	nvmove_dma_log_stop(ndev);
	/*
	 * Without a reset the controller stays suspended. To resume it would be wrong: the guest
	 * may run elsewhere by now, and what its queues hold must not be carried out twice.
	 */
	if (!ndev->core.needs_reset)
		ndev->suspended = false;
	ndev->state = VFIO_DEVICE_STATE_RUNNING;
	nvmove_migrate_unlock(ndev);
}

void nvmove_migrate_remove(struct nvmove_device *ndev)
{
	int ret;

	if (!ndev->suspended)
		return;
	ret = __pci_reset_function_locked(ndev->core.pdev);
	if (ret)
		pci_err(ndev->core.pdev, "controller %u stays suspended, its reset failed: %pe\n",
			ndev->cntlid, ERR_PTR(ret));
}

void nvmove_migrate_reset_prepare(struct nvmove_device *ndev)
{
	spin_lock(&ndev->reset_lock);
	WRITE_ONCE(ndev->in_reset, true);
	spin_unlock(&ndev->reset_lock);
}

void nvmove_migrate_reset_done(struct nvmove_device *ndev)
{
	bool deferred;

	spin_lock(&ndev->reset_lock);
	deferred = !mutex_trylock(&ndev->state_mutex);
	ndev->deferred_reset = deferred;
	WRITE_ONCE(ndev->in_reset, false);
	spin_unlock(&ndev->reset_lock);

	nvmove_statistics_add(ndev, NVMOVE_STAT_RESETS, 1);
	trace_nvme_vfio_reset(&ndev->core.pdev->dev, deferred);
	if (deferred) {
		wake_up(&ndev->reset_wait);
		return;
	}
	end_stream(ndev);
	nvmove_dma_log_forget(ndev);
	ndev->suspended = false;
	ndev->state = VFIO_DEVICE_STATE_RUNNING;
	mutex_unlock(&ndev->state_mutex);
}
