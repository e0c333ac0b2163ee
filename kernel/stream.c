// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two files that user space gets: one to read a controller's state from (stream-save.c), one to
 * write a state into (stream-load.c), in the format of docs/stream.md. Here is what both share. A
 * file holds the stream in memory, as far as there is one, and belongs to whoever has it open:
 * reading and writing do not touch the device, which is why they may go on during a reset or after
 * the device is gone.
 */
#include <linux/anon_inodes.h>
#include <linux/crc32c.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "controlling.h"
#include "stream-file.h"
#include "trace.h"

void nvmove_record_free(struct nvmove_record *record)
{
	if (!record)
		return;
	kvfree(record->payload);
	kfree(record);
}

void nvmove_records_free(struct list_head *records)
{
	struct nvmove_record *record, *next;

	list_for_each_entry_safe(record, next, records, list)
		nvmove_record_free(record);
}

/* Zeroed, so that a device that delivers less than asked for shows no kernel memory to anybody. */
int nvmove_record_allocate_payload(struct nvmove_record *record, u32 length)
{
	if (length) {
		record->payload = kvzalloc(length, GFP_KERNEL_ACCOUNT);
		if (!record->payload)
			return -ENOMEM;
	}
	record->length = length;
	return 0;
}

struct nvmove_record *nvmove_record_allocate(u32 length)
{
	struct nvmove_record *record = kzalloc(sizeof(*record), GFP_KERNEL_ACCOUNT);

	if (!record)
		return NULL;
	if (nvmove_record_allocate_payload(record, length)) {
		kfree(record);
		return NULL;
	}
	return record;
}

u32 nvmove_record_crc(const struct nvmove_record *record)
{
	struct nvmove_stream_record header = record->header;
	u32 crc;

	header.crc = 0;
	crc = crc32c(NVMOVE_CRC_INIT, &header, sizeof(header));
	return ~crc32c(crc, record->payload, record->length);
}

/* The bytes of a record that lie together from @position on, and how many they are. */
void *nvmove_record_span(struct nvmove_record *record, u32 position, size_t *length)
{
	if (position < sizeof(record->header)) {
		*length = sizeof(record->header) - position;
		return (u8 *)&record->header + position;
	}
	position -= sizeof(record->header);
	*length = record->length - position;
	return record->payload + position;
}

bool nvmove_record_is_complete(const struct nvmove_record *record, u32 position)
{
	return position == sizeof(record->header) + record->length;
}

static const char *stream_direction(const struct nvmove_stream *stream)
{
	return stream->file->f_mode & FMODE_READ ? "save" : "load";
}

bool nvmove_stream_has_ended(const struct nvmove_stream *stream)
{
	return READ_ONCE(stream->ended);
}

/* The most bytes of state in one record: what one command can carry, or what a reader takes. */
int nvmove_stream_max_piece(struct nvmove_device *ndev)
{
	int max = nvmove_controlling_max_transfer(ndev->controlling);

	return min_t(int, max, NVMOVE_STREAM_PAYLOAD_MAX);
}

static void stream_free(struct nvmove_stream *stream)
{
	nvmove_records_free(&stream->records);
	nvmove_record_free(stream->current_record);
	kvfree(stream->question);
	mutex_destroy(&stream->lock);
	put_device(stream->dev);
	vfio_put_device(&stream->ndev->core.vdev);
	kfree(stream);
}

int nvmove_stream_release(struct inode *inode, struct file *file)
{
	stream_free(file->private_data);
	return 0;
}

struct nvmove_stream *nvmove_stream_create(struct nvmove_device *ndev, const char *name,
					   const struct file_operations *fops, int flags)
{
	struct nvmove_stream *stream = kzalloc(sizeof(*stream), GFP_KERNEL_ACCOUNT);
	struct pci_dev *pdev = ndev->core.pdev;
	struct file *file;

	if (!stream)
		return ERR_PTR(-ENOMEM);

	static_assert(sizeof(NVMOVE_STREAM_MAGIC) - 1 == sizeof(stream->hello.magic));
	memcpy(stream->hello.magic, NVMOVE_STREAM_MAGIC, sizeof(stream->hello.magic));
	stream->hello.major = cpu_to_le16(NVMOVE_STREAM_MAJOR);
	stream->hello.minor = cpu_to_le16(NVMOVE_STREAM_MINOR);
	stream->hello.vendor_id = cpu_to_le16(pdev->vendor);
	stream->hello.device_id = cpu_to_le16(pdev->device);
	stream->hello.cntlid = cpu_to_le16(ndev->cntlid);
	stream->hello.protocol = cpu_to_le16(ndev->proto->stream_id);

	get_device(&ndev->core.vdev.device);
	stream->ndev = ndev;
	stream->dev = get_device(&pdev->dev);
	stream->state_crc = NVMOVE_CRC_INIT;
	init_waitqueue_head(&stream->readable);
	mutex_init(&stream->lock);
	INIT_LIST_HEAD(&stream->records);

	file = anon_inode_getfile(name, fops, stream, flags);
	if (IS_ERR(file)) {
		stream_free(stream);
		return ERR_CAST(file);
	}
	stream_open(file_inode(file), file);
	stream->file = file;
	trace_nvme_vfio_stream_begin(stream->dev, stream_direction(stream), 0);
	return stream;
}

struct file *nvmove_stream_file(struct nvmove_stream *stream)
{
	return get_file(stream->file);
}

void nvmove_stream_end(struct nvmove_stream *stream)
{
	WRITE_ONCE(stream->ended, true);
	wake_up_all(&stream->readable);
	trace_nvme_vfio_stream_end(stream->dev, stream_direction(stream),
				   READ_ONCE(stream->moved));
	fput(stream->file);
}
