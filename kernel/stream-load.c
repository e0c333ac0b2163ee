// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file to write a controller's state into. Nothing that was written is trusted: the state goes
 * to the device only after all of it arrived and every check passed, and no allocation is sized by
 * a field that was not checked.
 *
 * The write that completes a stream has the state machine load it, so that it fails if the device
 * refuses the state. Later is too late: a VMM that has written everything tells the source that the
 * migration has succeeded, and leaves RESUMING only when it starts the guest. Likewise the write
 * that completes a question has the device answer it: a VMM writes what it got in pre-copy while
 * the source's guest runs, and gives up the migration if that fails.
 */
#include <linux/crc32c.h>
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <nvmove/lm.h>

#include "stream-file.h"

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
	struct nvmove_record *next = nvmove_record_allocate(0);
	struct nvmove_record *record = stream->current_record;
	int ret = 0;

	if (!next)
		return -ENOMEM;
	stream->current_record = next;
	stream->position = 0;

	if (le32_to_cpu(record->header.crc) != nvmove_record_crc(record)) {
		ret = refuse(stream,
			     "checksum of a record of type %u: %#010x computed, %#010x in the stream",
			     le32_to_cpu(record->header.type), nvmove_record_crc(record),
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
	nvmove_record_free(record);
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
		ret = nvmove_record_allocate_payload(record, le32_to_cpu(record->header.length));
		if (ret)
			return ret;
	}
	if (stream->position >= sizeof(record->header) &&
	    nvmove_record_is_complete(record, stream->position))
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
		if (nvmove_stream_has_ended(stream))
			return done ?: -ENODEV;
		if (stream->sealed) {
			stream->error = refuse(stream,
					       "bytes after the end record: 0 expected, %zu in the stream",
					       count - done);
			break;
		}

		span = nvmove_record_span(stream->current_record, stream->position, &length);
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

static const struct file_operations receive_fops = {
	.owner = THIS_MODULE,
	.write = stream_write,
	.release = nvmove_stream_release,
};

struct nvmove_stream *nvmove_stream_receive(struct nvmove_device *ndev)
{
	struct nvmove_stream *stream = nvmove_stream_create(ndev, "nvme-vfio-load", &receive_fops,
							    O_WRONLY);

	if (IS_ERR(stream))
		return stream;
	stream->current_record = nvmove_record_allocate(0);
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

	max = nvmove_stream_max_piece(ndev);
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
