// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file to read a controller's state from. What can be said before the controller is suspended
 * is there to be read in pre-copy; the state comes behind it once all of it was saved.
 */
#include <linux/crc32c.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "stream-file.h"

/**
 * struct state_save - a controller's state on its way into a stream that is open already
 * @records: from the size record to the end record
 * @size: bytes of state
 * @crc: CRC-32C of those that are in @records, before the final inversion
 */
struct state_save {
	struct list_head records;
	u32 size;
	u32 crc;
};

/* Bytes of @records from @position on. */
static u64 unread_bytes(const struct nvmove_stream *stream)
{
	const struct nvmove_record *record;
	u64 bytes = 0;

	list_for_each_entry(record, &stream->records, list)
		bytes += sizeof(record->header) + record->length;
	return bytes - stream->position;
}

static ssize_t stream_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	struct nvmove_stream *stream = file->private_data;
	struct nvmove_record *record;
	ssize_t done = 0;
	size_t length;
	void *span;

	if (position)
		return -ESPIPE;
	if (mutex_lock_interruptible(&stream->lock))
		return -ERESTARTSYS;

	while (done < count) {
		if (nvmove_stream_has_ended(stream)) {
			done = done ?: -ENODEV;
			break;
		}
		record = list_first_entry_or_null(&stream->records, struct nvmove_record, list);
		if (!record) {
			if (!stream->complete)
				done = done ?: -ENOMSG;
			break;
		}

		span = nvmove_record_span(record, stream->position, &length);
		length = min(length, count - done);
		if (copy_to_user(buffer + done, span, length)) {
			done = done ?: -EFAULT;
			break;
		}
		done += length;
		stream->position += length;
		WRITE_ONCE(stream->moved, stream->moved + length);
		if (nvmove_record_is_complete(record, stream->position)) {
			list_del(&record->list);
			nvmove_record_free(record);
			stream->position = 0;
		}
	}

	mutex_unlock(&stream->lock);
	return done;
}

/* No lock: a reader that has just taken the last record makes this a moment too optimistic. */
static __poll_t stream_poll(struct file *file, struct poll_table_struct *table)
{
	struct nvmove_stream *stream = file->private_data;

	poll_wait(file, &stream->readable, table);
	if (nvmove_stream_has_ended(stream))
		return EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (READ_ONCE(stream->complete) || !list_empty(&stream->records))
		return EPOLLIN | EPOLLRDNORM;
	return 0;
}

/* All that pre-copy has to offer is what the stream began with: nothing becomes dirty. */
static long precopy_info(struct nvmove_stream *stream, struct vfio_precopy_info __user *user)
{
	const size_t size = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfio_precopy_info info = {};
	bool precopy;

	if (copy_from_user(&info, user, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;

	if (mutex_lock_interruptible(&stream->lock))
		return -ERESTARTSYS;
	precopy = !nvmove_stream_has_ended(stream) && !stream->complete;
	/* for output alone, where user space has asked for it; else not looked at */
	info.flags = 0;
	info.initial_bytes = unread_bytes(stream);
	info.dirty_bytes = 0;
	mutex_unlock(&stream->lock);

	if (!precopy)
		return -EINVAL;
	return copy_to_user(user, &info, size) ? -EFAULT : 0;
}

static long stream_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	return precopy_info(file->private_data, (struct vfio_precopy_info __user *)arg);
}

static const struct file_operations save_fops = {
	.owner = THIS_MODULE,
	.read = stream_read,
	.poll = stream_poll,
	.unlocked_ioctl = stream_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = nvmove_stream_release,
};

static void record_seal(struct nvmove_record *record, enum nvmove_stream_type type)
{
	record->header.type = cpu_to_le32(type);
	record->header.length = cpu_to_le32(record->length);
	record->header.crc = cpu_to_le32(nvmove_record_crc(record));
}

/* A sealed record with a copy of @payload at the end of @records. */
static int add_record(struct list_head *records, enum nvmove_stream_type type,
		      const void *payload, u32 length)
{
	struct nvmove_record *record = nvmove_record_allocate(length);

	if (!record)
		return -ENOMEM;

	memcpy(record->payload, payload, length);
	record_seal(record, type);
	list_add_tail(&record->list, records);
	return 0;
}

static int add_question_piece(struct nvmove_stream *stream, const void *data, u32 size,
			      u32 offset, u32 length)
{
	struct nvmove_stream_question question = {
		.size = cpu_to_le32(size),
		.offset = cpu_to_le32(offset),
	};
	struct nvmove_record *record = nvmove_record_allocate(sizeof(question) + length);

	if (!record)
		return -ENOMEM;

	memcpy(record->payload, &question, sizeof(question));
	memcpy(record->payload + sizeof(question), data + offset, length);
	record->header.flags = cpu_to_le32(NVMOVE_STREAM_F_SKIPPABLE);
	record_seal(record, NVMOVE_STREAM_QUESTION);
	list_add_tail(&record->list, &stream->records);
	return 0;
}

static int save_size(struct state_save *save)
{
	struct nvmove_stream_size size = { .state_size = cpu_to_le32(save->size) };

	return add_record(&save->records, NVMOVE_STREAM_SIZE, &size, sizeof(size));
}

static int save_piece(struct state_save *save, struct nvmove_device *ndev, u32 offset, u32 length)
{
	struct nvmove_record *record = nvmove_record_allocate(length);
	struct nvmove_piece piece = {
		.offset = offset,
		.length = length,
		.state_size = save->size,
	};
	int ret;

	if (!record)
		return -ENOMEM;

	piece.data = record->payload;
	ret = ndev->proto->save(ndev, &piece);
	if (ret) {
		nvmove_record_free(record);
		return ret;
	}
	save->crc = crc32c(save->crc, record->payload, length);
	record_seal(record, NVMOVE_STREAM_STATE);
	list_add_tail(&record->list, &save->records);
	return 0;
}

static int save_end(struct state_save *save)
{
	struct nvmove_stream_end end = {
		.state_size = cpu_to_le32(save->size),
		.state_crc = cpu_to_le32(~save->crc),
	};

	return add_record(&save->records, NVMOVE_STREAM_END, &end, sizeof(end));
}

/* The size of the state, from a device that is not trusted with it either. */
static int query_state_size(struct nvmove_device *ndev, u32 *size)
{
	int ret = ndev->proto->state_size(ndev, size);

	if (ret)
		return ret;
	if (!*size || *size > NVMOVE_STREAM_STATE_MAX || *size % sizeof(u32)) {
		pci_err(ndev->core.pdev,
			"state size: multiples of 4 up to %u here, %u from the device\n",
			NVMOVE_STREAM_STATE_MAX, *size);
		return -EPROTO;
	}
	return 0;
}

static int save_state(struct state_save *save, struct nvmove_device *ndev)
{
	int max = nvmove_stream_max_piece(ndev);
	u32 offset, length;
	int ret;

	if (max < 0)
		return max;
	ret = query_state_size(ndev, &save->size);
	if (ret)
		return ret;
	ret = save_size(save);
	if (ret)
		return ret;

	for (offset = 0; offset < save->size; offset += length) {
		if (fatal_signal_pending(current))
			return -EINTR;
		length = min_t(u32, max, save->size - offset);
		ret = save_piece(save, ndev, offset, length);
		if (ret)
			return ret;
	}
	return save_end(save);
}

/* Bytes of stream that a state of @size bytes makes, from the size record to the end record. */
static u64 saved_length(u32 size, u32 max)
{
	return (2 + DIV_ROUND_UP(size, max)) * sizeof(struct nvmove_stream_record) +
	       sizeof(struct nvmove_stream_size) + size + sizeof(struct nvmove_stream_end);
}

int nvmove_stream_length(struct nvmove_stream *stream, struct nvmove_device *ndev,
			 unsigned long *length)
{
	u64 bytes = sizeof(struct nvmove_stream_record) + sizeof(struct nvmove_stream_hello);
	bool complete = false;
	u32 state_size;
	int max, ret;

	if (stream) {
		if (mutex_lock_killable(&stream->lock))
			return -EINTR;
		bytes = unread_bytes(stream);
		complete = stream->complete;
		mutex_unlock(&stream->lock);
	}
	if (!complete) {
		max = nvmove_stream_max_piece(ndev);
		if (max < 0)
			return max;
		ret = query_state_size(ndev, &state_size);
		if (ret)
			return ret;
		bytes += saved_length(state_size, max);
	}
	*length = bytes;
	return 0;
}

struct nvmove_stream *nvmove_stream_begin(struct nvmove_device *ndev)
{
	struct nvmove_stream *stream = nvmove_stream_create(ndev, "nvme-vfio-save", &save_fops,
							    O_RDONLY);
	int ret;

	if (IS_ERR(stream))
		return stream;
	ret = add_record(&stream->records, NVMOVE_STREAM_HELLO, &stream->hello,
			 sizeof(stream->hello));
	if (ret) {
		nvmove_stream_end(stream);
		return ERR_PTR(ret);
	}
	return stream;
}

int nvmove_stream_add_question(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	const u32 max = NVMOVE_STREAM_PAYLOAD_MAX - sizeof(struct nvmove_stream_question);
	u32 size, offset, length;
	void *question;
	int ret;

	ret = nvmove_compat_read(ndev, &question, &size);
	if (ret)
		return ret == -EOPNOTSUPP ? 0 : ret;

	for (offset = 0; !ret && offset < size; offset += length) {
		length = min(max, size - offset);
		ret = add_question_piece(stream, question, size, offset, length);
	}
	kvfree(question);
	return ret;
}

/* A state that could not be saved whole leaves the stream as it was. */
int nvmove_stream_save(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	struct state_save save = {
		.records = LIST_HEAD_INIT(save.records),
		.crc = NVMOVE_CRC_INIT,
	};
	int ret = save_state(&save, ndev);

	if (!ret && mutex_lock_killable(&stream->lock))
		ret = -EINTR;
	if (ret) {
		nvmove_records_free(&save.records);
		return ret;
	}
	list_splice_tail(&save.records, &stream->records);
	WRITE_ONCE(stream->complete, true);
	mutex_unlock(&stream->lock);
	wake_up_all(&stream->readable);
	nvmove_statistics_add(ndev, NVMOVE_STAT_SAVED_BYTES, save.size);
	return 0;
}
