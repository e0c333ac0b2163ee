// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two files that user space gets: one to read a controller's state from, one to write a state
 * into, in the format of docs/stream.md. A file holds the stream in memory, as far as there is one,
 * and belongs to whoever has it open: reading and writing do not touch the device, which is why
 * they may go on during a reset or after the device is gone. What can be said before the controller
 * is suspended is there to be read in pre-copy; the state comes behind it once all of it was saved.
 * Nothing that was written is trusted: the state goes to the device only after all of it arrived
 * and every check passed, and no allocation is sized by a field that was not checked.
 *
 * The write that completes a stream has the state machine load it, so that it fails if the device
 * refuses the state. Later is too late: a VMM that has written everything tells the source that the
 * migration has succeeded, and leaves RESUMING only when it starts the guest. Likewise the write
 * that completes a question has the device answer it: a VMM writes what it got in pre-copy while
 * the source's guest runs, and gives up the migration if that fails.
 */
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/crc32c.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/wait.h>

#include <nvmove/lm.h>
#include <nvmove/stream.h>

#include "controlling.h"
#include "nvme-vfio-pci.h"
#include "trace.h"

#define CRC_INIT	(~0u)

/**
 * struct nvmove_record - a record of the stream
 * @list: in struct nvmove_stream
 * @header: as on the wire
 * @length: bytes of @payload; equals the header's once that was checked
 * @payload: owned; NULL if @length is 0
 */
struct nvmove_record {
	struct list_head list;
	struct nvmove_stream_record header;
	u32 length;
	u8 *payload;
};

/**
 * struct nvmove_stream - an open stream; freed with its file
 * @file: the file
 * @ndev: the device; holds a reference, which keeps its memory and nothing else
 * @dev: the function, for messages; holds a reference
 * @hello: what a received stream must begin with
 * @ended: the state machine has left the states that the stream belongs to; no lock
 * @readable: read: woken when records are added or @ended is set
 * @lock: covers everything below. Held while user memory is copied, so never taken where a reset
 *	could wait for it
 * @records: read: what is still to be read. Write: the pieces of the state
 * @complete: read: the end record is or was among @records. Set once, read without lock too
 * @question: write: what was received of the question; NULL before that and once it was asked
 * @question_size: write: bytes of it, 0 if there is none
 * @question_received: write: bytes of it that were received
 * @asked: write: the device has accepted the question
 * @current_record: write: the record being received
 * @position: bytes, header included, that are done of the first or the current record
 * @moved: bytes that user space has read or written so far; only shown
 * @state_size: write: bytes of state that were announced, 0 before that
 * @received: write: bytes of state in @records
 * @state_crc: write: CRC-32C of those before the final inversion
 * @greeted: the hello record has been received
 * @sealed: the end record has been received, the stream is complete and correct
 * @loaded: the device has taken the state
 * @error: why the stream was refused, else 0
 */
struct nvmove_stream {
	struct file *file;
	struct nvmove_device *ndev;
	struct device *dev;
	struct nvmove_stream_hello hello;
	bool ended;
	wait_queue_head_t readable;

	struct mutex lock; /* see above */
	struct list_head records;
	bool complete;
	u8 *question;
	u32 question_size;
	u32 question_received;
	bool asked;
	struct nvmove_record *current_record;
	u32 position;
	u64 moved;
	u32 state_size;
	u32 received;
	u32 state_crc;
	bool greeted;
	bool sealed;
	bool loaded;
	int error;
};

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

static void record_free(struct nvmove_record *record)
{
	if (!record)
		return;
	kvfree(record->payload);
	kfree(record);
}

static void records_free(struct list_head *records)
{
	struct nvmove_record *record, *next;

	list_for_each_entry_safe(record, next, records, list)
		record_free(record);
}

/* Zeroed, so that a device that delivers less than asked for shows no kernel memory to anybody. */
static int record_allocate_payload(struct nvmove_record *record, u32 length)
{
	if (length) {
		record->payload = kvzalloc(length, GFP_KERNEL_ACCOUNT);
		if (!record->payload)
			return -ENOMEM;
	}
	record->length = length;
	return 0;
}

static struct nvmove_record *record_allocate(u32 length)
{
	struct nvmove_record *record = kzalloc(sizeof(*record), GFP_KERNEL_ACCOUNT);

	if (!record)
		return NULL;
	if (record_allocate_payload(record, length)) {
		kfree(record);
		return NULL;
	}
	return record;
}

static u32 record_crc(const struct nvmove_record *record)
{
	struct nvmove_stream_record header = record->header;
	u32 crc;

	header.crc = 0;
	crc = crc32c(CRC_INIT, &header, sizeof(header));
	return ~crc32c(crc, record->payload, record->length);
}

static void record_seal(struct nvmove_record *record, enum nvmove_stream_type type)
{
	record->header.type = cpu_to_le32(type);
	record->header.length = cpu_to_le32(record->length);
	record->header.crc = cpu_to_le32(record_crc(record));
}

/* The bytes of a record that lie together from @position on, and how many they are. */
static void *record_span(struct nvmove_record *record, u32 position, size_t *length)
{
	if (position < sizeof(record->header)) {
		*length = sizeof(record->header) - position;
		return (u8 *)&record->header + position;
	}
	position -= sizeof(record->header);
	*length = record->length - position;
	return record->payload + position;
}

static bool record_is_complete(const struct nvmove_record *record, u32 position)
{
	return position == sizeof(record->header) + record->length;
}

static const char *stream_direction(const struct nvmove_stream *stream)
{
	return stream->file->f_mode & FMODE_READ ? "save" : "load";
}

static bool stream_has_ended(const struct nvmove_stream *stream)
{
	return READ_ONCE(stream->ended);
}

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
		if (stream_has_ended(stream)) {
			done = done ?: -ENODEV;
			break;
		}
		record = list_first_entry_or_null(&stream->records, struct nvmove_record, list);
		if (!record) {
			if (!stream->complete)
				done = done ?: -ENOMSG;
			break;
		}

		span = record_span(record, stream->position, &length);
		length = min(length, count - done);
		if (copy_to_user(buffer + done, span, length)) {
			done = done ?: -EFAULT;
			break;
		}
		done += length;
		stream->position += length;
		WRITE_ONCE(stream->moved, stream->moved + length);
		if (record_is_complete(record, stream->position)) {
			list_del(&record->list);
			record_free(record);
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
	if (stream_has_ended(stream))
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
	precopy = !stream_has_ended(stream) && !stream->complete;
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

/*
 * Refuse a received stream. At most one message per stream, and a new stream takes a reset, so this
 * does not flood the log.
 */
static __printf(2, 3) int refuse(struct nvmove_stream *stream, const char *format, ...)
{
	struct va_format message = { .fmt = format };
	va_list arguments;

	va_start(arguments, format);
	message.va = &arguments;
	dev_err(stream->dev, "stream refused: %pV\n", &message);
	va_end(arguments);
	return -EINVAL;
}

static int check_length(struct nvmove_stream *stream, const char *what, u32 expected, u32 length)
{
	if (length != expected)
		return refuse(stream, "length of the %s record: %u expected, %u in the stream",
			      what, expected, length);
	return 0;
}

/* A record's header has arrived: may such a record come now, and is its length plausible? */
static int check_header(struct nvmove_stream *stream, const struct nvmove_stream_record *header)
{
	u32 left = stream->state_size - stream->received;
	u32 length = le32_to_cpu(header->length);
	u32 flags = le32_to_cpu(header->flags);
	u32 type = le32_to_cpu(header->type);

	if (!stream->greeted && type != NVMOVE_STREAM_HELLO)
		return refuse(stream,
			      "type of the first record: %u (hello) expected, %u in the stream",
			      NVMOVE_STREAM_HELLO, type);
	if (flags & ~NVMOVE_STREAM_F_SKIPPABLE)
		return refuse(stream, "flags of a record of type %u: %#x known, %#x in the stream",
			      type, NVMOVE_STREAM_F_SKIPPABLE, flags);
	if (length > NVMOVE_STREAM_PAYLOAD_MAX || length % sizeof(u32))
		return refuse(stream,
			      "length of a record of type %u: multiples of 4 up to %u here, %u in the stream",
			      type, NVMOVE_STREAM_PAYLOAD_MAX, length);

	switch (type) {
	case NVMOVE_STREAM_HELLO:
		if (stream->greeted)
			return refuse(stream, "hello records: 1 expected, 2 in the stream");
		return check_length(stream, "hello", sizeof(struct nvmove_stream_hello), length);
	case NVMOVE_STREAM_QUESTION:
		if (stream->state_size)
			return refuse(stream,
				      "question records behind the state size: 0 expected, 1 in the stream");
		if (length <= sizeof(struct nvmove_stream_question))
			return refuse(stream,
				      "length of a question record: more than %zu expected, %u in the stream",
				      sizeof(struct nvmove_stream_question), length);
		return 0;
	case NVMOVE_STREAM_SIZE:
		if (stream->state_size)
			return refuse(stream, "size records: 0 expected, 1 in the stream");
		if (stream->question_received < stream->question_size)
			return refuse(stream,
				      "bytes of the question: %u announced, %u in the stream",
				      stream->question_size, stream->question_received);
		return check_length(stream, "size", sizeof(struct nvmove_stream_size), length);
	case NVMOVE_STREAM_STATE:
		if (!stream->state_size)
			return refuse(stream,
				      "size records before the state: 1 expected, 0 in the stream");
		if (!length || length > left)
			return refuse(stream,
				      "length of a state record: 4 to %u expected, %u in the stream",
				      left, length);
		return 0;
	case NVMOVE_STREAM_END:
		if (!stream->state_size)
			return refuse(stream,
				      "size records before the end: 1 expected, 0 in the stream");
		if (left)
			return refuse(stream,
				      "bytes of state before the end record: %u announced, %u in the stream",
				      stream->state_size, stream->received);
		return check_length(stream, "end", sizeof(struct nvmove_stream_end), length);
	default:
		if (!(flags & NVMOVE_STREAM_F_SKIPPABLE))
			return refuse(stream,
				      "record type: 1 to %u known, %u required by the stream",
				      NVMOVE_STREAM_QUESTION, type);
		return 0;
	}
}

static int check_size(struct nvmove_stream *stream, u32 state_size)
{
	if (!state_size || state_size > NVMOVE_STREAM_STATE_MAX || state_size % sizeof(u32))
		return refuse(stream, "state size: multiples of 4 up to %u here, %u in the stream",
			      NVMOVE_STREAM_STATE_MAX, state_size);

	stream->state_size = state_size;
	return 0;
}

static int check_hello(struct nvmove_stream *stream, const struct nvmove_stream_hello *hello)
{
	const struct nvmove_stream_hello *own = &stream->hello;

	if (memcmp(hello->magic, own->magic, sizeof(own->magic)))
		return refuse(stream, "magic: %*phN here, %*phN in the stream",
			      (int)sizeof(own->magic), own->magic,
			      (int)sizeof(hello->magic), hello->magic);
	if (hello->major != own->major)
		return refuse(stream, "major version: %u here, %u in the stream",
			      le16_to_cpu(own->major), le16_to_cpu(hello->major));
	if (hello->vendor_id != own->vendor_id)
		return refuse(stream, "PCI vendor id: %#06x here, %#06x in the stream",
			      le16_to_cpu(own->vendor_id), le16_to_cpu(hello->vendor_id));
	if (hello->device_id != own->device_id)
		return refuse(stream, "PCI device id: %#06x here, %#06x in the stream",
			      le16_to_cpu(own->device_id), le16_to_cpu(hello->device_id));

	stream->greeted = true;
	/* up to minor version 0 the hello record had the size; 0: a size record has it */
	return hello->state_size ? check_size(stream, le32_to_cpu(hello->state_size)) : 0;
}

static int begin_question(struct nvmove_stream *stream, u32 size)
{
	if (!size || size > NVMOVE_QUESTION_MAX || size % sizeof(u32))
		return refuse(stream,
			      "size of the question: multiples of 4 up to %u here, %u in the stream",
			      NVMOVE_QUESTION_MAX, size);

	stream->question = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!stream->question)
		return -ENOMEM;
	stream->question_size = size;
	return 0;
}

static int accept_question(struct nvmove_stream *stream, const struct nvmove_record *record)
{
	const struct nvmove_stream_question *question = (const void *)record->payload;
	u32 length = record->length - sizeof(*question);
	u32 offset = le32_to_cpu(question->offset);
	u32 size = le32_to_cpu(question->size);
	int ret;

	if (!stream->question_size) {
		ret = begin_question(stream, size);
		if (ret)
			return ret;
	}
	if (size != stream->question_size)
		return refuse(stream, "size of the question: %u at first, %u in a later record",
			      stream->question_size, size);
	if (offset != stream->question_received)
		return refuse(stream, "offset in the question: %u expected, %u in the stream",
			      stream->question_received, offset);
	if (length > size - offset)
		return refuse(stream,
			      "length of a piece of the question: up to %u expected, %u in the stream",
			      size - offset, length);

	memcpy(stream->question + offset, question + 1, length);
	stream->question_received += length;
	return 0;
}

static bool question_is_due(const struct nvmove_stream *stream)
{
	return stream->question_size && stream->question_received == stream->question_size &&
	       !stream->asked;
}

static bool state_is_due(const struct nvmove_stream *stream)
{
	return stream->sealed && !stream->loaded;
}

static int check_end(struct nvmove_stream *stream, const struct nvmove_stream_end *end)
{
	if (le32_to_cpu(end->state_size) != stream->state_size)
		return refuse(stream, "state size: %u announced, %u in the end record",
			      stream->state_size, le32_to_cpu(end->state_size));
	if (le32_to_cpu(end->state_crc) != ~stream->state_crc)
		return refuse(stream,
			      "checksum of the state: %#010x computed, %#010x in the stream",
			      ~stream->state_crc, le32_to_cpu(end->state_crc));

	stream->sealed = true;
	return 0;
}

/* A whole record has arrived: check and take it, and make room for the next one. */
static int accept_record(struct nvmove_stream *stream)
{
	struct nvmove_record *next = record_allocate(0);
	struct nvmove_record *record = stream->current_record;
	int ret = 0;

	if (!next)
		return -ENOMEM;
	stream->current_record = next;
	stream->position = 0;

	if (le32_to_cpu(record->header.crc) != record_crc(record)) {
		ret = refuse(stream,
			     "checksum of a record of type %u: %#010x computed, %#010x in the stream",
			     le32_to_cpu(record->header.type), record_crc(record),
			     le32_to_cpu(record->header.crc));
		goto out;
	}

	switch (le32_to_cpu(record->header.type)) {
	case NVMOVE_STREAM_HELLO:
		ret = check_hello(stream, (const void *)record->payload);
		break;
	case NVMOVE_STREAM_SIZE:
		ret = check_size(stream, le32_to_cpup((const __le32 *)record->payload));
		break;
	case NVMOVE_STREAM_QUESTION:
		ret = accept_question(stream, record);
		break;
	case NVMOVE_STREAM_STATE:
		stream->received += record->length;
		stream->state_crc = crc32c(stream->state_crc, record->payload, record->length);
		list_add_tail(&record->list, &stream->records);
		return 0;
	case NVMOVE_STREAM_END:
		ret = check_end(stream, (const void *)record->payload);
		break;
	}
out:
	record_free(record);
	return ret;
}

/* Bytes of the current record have arrived: do what has become possible. */
static int advance_record(struct nvmove_stream *stream, size_t length)
{
	struct nvmove_record *record = stream->current_record;
	int ret;

	stream->position += length;
	if (stream->position == sizeof(record->header)) {
		ret = check_header(stream, &record->header);
		if (ret)
			return ret;
		ret = record_allocate_payload(record, le32_to_cpu(record->header.length));
		if (ret)
			return ret;
	}
	if (stream->position >= sizeof(record->header) &&
	    record_is_complete(record, stream->position))
		return accept_record(stream);
	return 0;
}

/* Up to @count bytes, fewer where the device has to be asked before there is more. */
static ssize_t receive(struct nvmove_stream *stream, const char __user *buffer, size_t count)
{
	ssize_t done = 0;
	size_t length;
	void *span;

	while (done < count && !stream->error && !question_is_due(stream)) {
		if (stream_has_ended(stream))
			return done ?: -ENODEV;
		if (stream->sealed) {
			stream->error = refuse(stream,
					       "bytes after the end record: 0 expected, %zu in the stream",
					       count - done);
			break;
		}

		span = record_span(stream->current_record, stream->position, &length);
		length = min(length, count - done);
		if (copy_from_user(span, buffer + done, length))
			return done ?: -EFAULT;
		done += length;
		WRITE_ONCE(stream->moved, stream->moved + length);
		stream->error = advance_record(stream, length);
	}
	return stream->error ?: done;
}

static ssize_t stream_write(struct file *file, const char __user *buffer, size_t count,
			    loff_t *position)
{
	struct nvmove_stream *stream = file->private_data;
	ssize_t done = 0, ret;
	bool due, refused;

	if (position)
		return -ESPIPE;

	while (done < count) {
		if (mutex_lock_interruptible(&stream->lock))
			return done ?: -ERESTARTSYS;
		ret = receive(stream, buffer + done, count - done);
		refused = stream->error;
		due = question_is_due(stream) || state_is_due(stream);
		mutex_unlock(&stream->lock);
		if (refused)
			return ret;
		if (ret < 0)
			return done ?: ret;
		done += ret;

		/* state_mutex comes before the stream's lock */
		ret = due ? nvmove_migrate_deliver(stream->ndev, stream) : 0;
		if (ret)
			return ret;
	}
	return done;
}

static void stream_free(struct nvmove_stream *stream)
{
	records_free(&stream->records);
	record_free(stream->current_record);
	kvfree(stream->question);
	mutex_destroy(&stream->lock);
	put_device(stream->dev);
	vfio_put_device(&stream->ndev->core.vdev);
	kfree(stream);
}

static int stream_release(struct inode *inode, struct file *file)
{
	stream_free(file->private_data);
	return 0;
}

static const struct file_operations save_fops = {
	.owner = THIS_MODULE,
	.read = stream_read,
	.poll = stream_poll,
	.unlocked_ioctl = stream_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = stream_release,
};

static const struct file_operations receive_fops = {
	.owner = THIS_MODULE,
	.write = stream_write,
	.release = stream_release,
};

static struct nvmove_stream *stream_create(struct nvmove_device *ndev, const char *name,
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
	stream->state_crc = CRC_INIT;
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

/* A sealed record with a copy of @payload at the end of @records. */
static int add_record(struct list_head *records, enum nvmove_stream_type type,
		      const void *payload, u32 length)
{
	struct nvmove_record *record = record_allocate(length);

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
	struct nvmove_record *record = record_allocate(sizeof(question) + length);

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
	struct nvmove_record *record = record_allocate(length);
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
		record_free(record);
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

/* The most bytes of state in one record: what one command can carry, or what a reader takes. */
static int max_piece(struct nvmove_device *ndev)
{
	int max = nvmove_controlling_max_transfer(ndev->controlling);

	return min_t(int, max, NVMOVE_STREAM_PAYLOAD_MAX);
}

static int save_state(struct state_save *save, struct nvmove_device *ndev)
{
	int max = max_piece(ndev);
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
		max = max_piece(ndev);
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
	struct nvmove_stream *stream = stream_create(ndev, "nvme-vfio-save", &save_fops, O_RDONLY);
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
		.crc = CRC_INIT,
	};
	int ret = save_state(&save, ndev);

	if (!ret && mutex_lock_killable(&stream->lock))
		ret = -EINTR;
	if (ret) {
		records_free(&save.records);
		return ret;
	}
	list_splice_tail(&save.records, &stream->records);
	WRITE_ONCE(stream->complete, true);
	mutex_unlock(&stream->lock);
	wake_up_all(&stream->readable);
	nvmove_statistics_add(ndev, NVMOVE_STAT_SAVED_BYTES, save.size);
	return 0;
}

struct nvmove_stream *nvmove_stream_receive(struct nvmove_device *ndev)
{
	struct nvmove_stream *stream = stream_create(ndev, "nvme-vfio-load", &receive_fops,
						     O_WRONLY);

	if (IS_ERR(stream))
		return stream;
	stream->current_record = record_allocate(0);
	if (!stream->current_record) {
		nvmove_stream_end(stream);
		return ERR_PTR(-ENOMEM);
	}
	return stream;
}

static int load_state(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	struct nvmove_piece piece = { .state_size = stream->state_size };
	struct nvmove_record *record;
	int max, ret;
	u32 done;

	max = max_piece(ndev);
	if (max < 0)
		return max;

	list_for_each_entry(record, &stream->records, list) {
		for (done = 0; done < record->length; done += piece.length) {
			if (fatal_signal_pending(current))
				return -EINTR;
			piece.data = record->payload + done;
			piece.length = min_t(u32, max, record->length - done);
			ret = ndev->proto->load(ndev, &piece);
			if (ret == -EREMOTEIO)
				nvmove_proto_explain(ndev);
			if (ret)
				return ret;
			piece.offset += piece.length;
		}
	}
	return 0;
}

/* A device that cannot answer is like one that was not asked: the load will tell. */
static int ask_question(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	int ret = nvmove_compat_ask(ndev, stream->question, stream->question_size);

	if (ret && ret != -EOPNOTSUPP)
		return ret;
	kvfree(stream->question);
	stream->question = NULL;
	stream->asked = true;
	return 0;
}

int nvmove_stream_deliver(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	u64 start;
	int ret;

	if (mutex_lock_killable(&stream->lock))
		return -EINTR;
	/* another writer may have been faster, or have spoilt the stream */
	ret = stream->error;
	if (!ret && question_is_due(stream))
		ret = ask_question(stream, ndev);
	if (!ret && state_is_due(stream)) {
		start = ktime_get_ns();
		ret = load_state(stream, ndev);
		nvmove_statistics_load(ndev, stream->state_size, ret, ktime_get_ns() - start);
		stream->loaded = !ret;
	}
	/* half a state is none, and who cannot take a state gets none: no second try */
	stream->error = ret;
	mutex_unlock(&stream->lock);
	return ret;
}

int nvmove_stream_finish(struct nvmove_stream *stream)
{
	int ret = 0;

	/* a writer that is in the middle of it may finish, none may come after */
	WRITE_ONCE(stream->ended, true);
	if (mutex_lock_killable(&stream->lock))
		return -EINTR;
	if (stream->error)
		ret = stream->error;
	else if (!stream->greeted)
		ret = refuse(stream, "hello records: 1 expected, 0 in the stream");
	else if (!stream->sealed)
		ret = refuse(stream,
			     "no end record; bytes of state: %u announced, %u in the stream",
			     stream->state_size, stream->received);
	else if (!stream->loaded)
		ret = -ENODEV;
	mutex_unlock(&stream->lock);
	return ret;
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
