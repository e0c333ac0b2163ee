// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two files that user space gets: one to read a controller's state from, one to write a state
 * into, in the format of docs/stream.md. A file holds the whole stream in memory and belongs to
 * whoever has it open: reading and writing do not touch the device, which is why they may go on
 * during a reset or after the device is gone. Nothing that was written is trusted: the state goes
 * to the device only after all of it arrived and every check passed, and no allocation is sized by
 * a field that was not checked.
 *
 * The write that completes a stream has the state machine load it, so that it fails if the device
 * refuses the state. Later is too late: a VMM that has written everything tells the source that the
 * migration has succeeded, and leaves RESUMING only when it starts the guest.
 */
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/crc32c.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <nvmove/stream.h>

#include "controlling.h"
#include "nvme-vfio-pci.h"

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
 * @ended: the state machine has left the state that the stream belongs to; no lock
 * @lock: covers everything below. Held while user memory is copied, so never taken where a reset
 *	could wait for it
 * @records: read: what is still to be read. Write: the pieces of the state
 * @current_record: write: the record being received
 * @position: bytes, header included, that are done of the first or the current record
 * @state_size: bytes of state that the hello record announced
 * @received: bytes of state in @records
 * @state_crc: CRC-32C of those before the final inversion
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

	struct mutex lock; /* see above */
	struct list_head records;
	struct nvmove_record *current_record;
	u32 position;
	u32 state_size;
	u32 received;
	u32 state_crc;
	bool greeted;
	bool sealed;
	bool loaded;
	int error;
};

static void record_free(struct nvmove_record *record)
{
	if (!record)
		return;
	kvfree(record->payload);
	kfree(record);
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

static bool stream_has_ended(const struct nvmove_stream *stream)
{
	return READ_ONCE(stream->ended);
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
		if (!record)
			break;

		span = record_span(record, stream->position, &length);
		length = min(length, count - done);
		if (copy_to_user(buffer + done, span, length)) {
			done = done ?: -EFAULT;
			break;
		}
		done += length;
		stream->position += length;
		if (record_is_complete(record, stream->position)) {
			list_del(&record->list);
			record_free(record);
			stream->position = 0;
		}
	}

	mutex_unlock(&stream->lock);
	return done;
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
	case NVMOVE_STREAM_STATE:
		if (!length || length > left)
			return refuse(stream,
				      "length of a state record: 4 to %u expected, %u in the stream",
				      left, length);
		return 0;
	case NVMOVE_STREAM_END:
		if (left)
			return refuse(stream,
				      "bytes of state before the end record: %u announced, %u in the stream",
				      stream->state_size, stream->received);
		return check_length(stream, "end", sizeof(struct nvmove_stream_end), length);
	default:
		if (!(flags & NVMOVE_STREAM_F_SKIPPABLE))
			return refuse(stream,
				      "record type: 1 to %u known, %u required by the stream",
				      NVMOVE_STREAM_END, type);
		return 0;
	}
}

static int check_hello(struct nvmove_stream *stream, const struct nvmove_stream_hello *hello)
{
	const struct nvmove_stream_hello *own = &stream->hello;
	u32 state_size = le32_to_cpu(hello->state_size);

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
	if (!state_size || state_size > NVMOVE_STREAM_STATE_MAX || state_size % sizeof(u32))
		return refuse(stream, "state size: multiples of 4 up to %u here, %u in the stream",
			      NVMOVE_STREAM_STATE_MAX, state_size);

	stream->greeted = true;
	stream->state_size = state_size;
	return 0;
}

static int check_end(struct nvmove_stream *stream, const struct nvmove_stream_end *end)
{
	if (le32_to_cpu(end->state_size) != stream->state_size)
		return refuse(stream, "state size: %u in the hello record, %u in the end record",
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

static ssize_t stream_write(struct file *file, const char __user *buffer, size_t count,
			    loff_t *position)
{
	struct nvmove_stream *stream = file->private_data;
	ssize_t done = 0;
	size_t length;
	bool complete;
	void *span;
	int ret;

	if (position)
		return -ESPIPE;
	if (mutex_lock_interruptible(&stream->lock))
		return -ERESTARTSYS;

	while (done < count && !stream->error) {
		if (stream_has_ended(stream)) {
			done = done ?: -ENODEV;
			break;
		}
		if (stream->sealed) {
			stream->error = refuse(stream,
					       "bytes after the end record: 0 expected, %zu in the stream",
					       count - done);
			break;
		}

		span = record_span(stream->current_record, stream->position, &length);
		length = min(length, count - done);
		if (copy_from_user(span, buffer + done, length)) {
			done = done ?: -EFAULT;
			break;
		}
		done += length;
		stream->error = advance_record(stream, length);
	}

	if (stream->error)
		done = stream->error;
	complete = stream->sealed && !stream->loaded;
	mutex_unlock(&stream->lock);
	if (!complete || done <= 0)
		return done;

	/* state_mutex comes before the stream's lock */
	ret = nvmove_migrate_load(stream->ndev, stream);
	return ret ?: done;
}

static void stream_free(struct nvmove_stream *stream)
{
	struct nvmove_record *record, *next;

	list_for_each_entry_safe(record, next, &stream->records, list)
		record_free(record);
	record_free(stream->current_record);
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
	mutex_init(&stream->lock);
	INIT_LIST_HEAD(&stream->records);

	file = anon_inode_getfile(name, fops, stream, flags);
	if (IS_ERR(file)) {
		stream_free(stream);
		return ERR_CAST(file);
	}
	stream_open(file_inode(file), file);
	stream->file = file;
	return stream;
}

static int save_hello(struct nvmove_stream *stream)
{
	struct nvmove_record *record = record_allocate(sizeof(stream->hello));

	if (!record)
		return -ENOMEM;

	stream->hello.state_size = cpu_to_le32(stream->state_size);
	memcpy(record->payload, &stream->hello, sizeof(stream->hello));
	record_seal(record, NVMOVE_STREAM_HELLO);
	list_add_tail(&record->list, &stream->records);
	return 0;
}

static int save_piece(struct nvmove_stream *stream, struct nvmove_device *ndev, u32 offset,
		      u32 length)
{
	struct nvmove_record *record = record_allocate(length);
	struct nvmove_piece piece = {
		.offset = offset,
		.length = length,
		.state_size = stream->state_size,
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
	stream->state_crc = crc32c(stream->state_crc, record->payload, length);
	record_seal(record, NVMOVE_STREAM_STATE);
	list_add_tail(&record->list, &stream->records);
	return 0;
}

static int save_end(struct nvmove_stream *stream)
{
	struct nvmove_stream_end end = {
		.state_size = cpu_to_le32(stream->state_size),
		.state_crc = cpu_to_le32(~stream->state_crc),
	};
	struct nvmove_record *record = record_allocate(sizeof(end));

	if (!record)
		return -ENOMEM;

	memcpy(record->payload, &end, sizeof(end));
	record_seal(record, NVMOVE_STREAM_END);
	list_add_tail(&record->list, &stream->records);
	return 0;
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

static int save_state(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	int max = max_piece(ndev);
	u32 offset, length;
	int ret;

	if (max < 0)
		return max;
	ret = query_state_size(ndev, &stream->state_size);
	if (ret)
		return ret;
	ret = save_hello(stream);
	if (ret)
		return ret;

	for (offset = 0; offset < stream->state_size; offset += length) {
		if (fatal_signal_pending(current))
			return -EINTR;
		length = min_t(u32, max, stream->state_size - offset);
		ret = save_piece(stream, ndev, offset, length);
		if (ret)
			return ret;
	}
	return save_end(stream);
}

int nvmove_stream_length(struct nvmove_device *ndev, unsigned long *length)
{
	int max = max_piece(ndev);
	u32 state_size;
	int ret;

	if (max < 0)
		return max;
	ret = query_state_size(ndev, &state_size);
	if (ret)
		return ret;

	*length = (2 + DIV_ROUND_UP(state_size, max)) * sizeof(struct nvmove_stream_record) +
		  sizeof(struct nvmove_stream_hello) + state_size +
		  sizeof(struct nvmove_stream_end);
	return 0;
}

struct nvmove_stream *nvmove_stream_save(struct nvmove_device *ndev)
{
	struct nvmove_stream *stream = stream_create(ndev, "nvme-vfio-save", &save_fops, O_RDONLY);
	int ret;

	if (IS_ERR(stream))
		return stream;
	ret = save_state(stream, ndev);
	if (ret) {
		nvmove_stream_end(stream);
		return ERR_PTR(ret);
	}
	return stream;
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

int nvmove_stream_load(struct nvmove_stream *stream, struct nvmove_device *ndev)
{
	int ret;

	if (mutex_lock_killable(&stream->lock))
		return -EINTR;
	/* another writer may have been faster, or have spoilt the stream */
	ret = stream->error;
	if (!ret && !stream->loaded) {
		ret = load_state(stream, ndev);
		stream->loaded = !ret;
		/* half a state is none: the stream cannot be tried again */
		stream->error = ret;
	}
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
	fput(stream->file);
}
