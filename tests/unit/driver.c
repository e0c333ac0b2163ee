// SPDX-License-Identifier: BSD-2-Clause
/*
 * A small host driver: queues, doorbells, completions with phase check, PRPs. It believes nothing:
 * a completion that names a wrong queue or an impossible head is a test failure.
 */
#include <endian.h>

#include "harness.h"

static struct nvmove_ctrl *driver_ctrl(struct driver *driver)
{
	return driver->function->ctrl;
}

struct driver *driver_new(struct function *function)
{
	struct driver *driver = calloc(1, sizeof(*driver));

	assert_non_null(driver);
	driver->function = function;
	driver->memory = function->memory;
	driver->page_shift = 12;
	driver->next_cid = 0x100;
	driver->scratch = guest_alloc(driver->memory, PAGE);
	return driver;
}

void driver_free(struct driver *driver)
{
	while (driver->buffers) {
		struct buffer *buffer = driver->buffers;

		driver->buffers = buffer->next;
		free(buffer->page);
		free(buffer);
	}
	free(driver);
}

uint32_t driver_read32(struct driver *driver, uint64_t offset)
{
	return nvmove_ctrl_read(driver_ctrl(driver), offset, 4);
}

uint64_t driver_read64(struct driver *driver, uint64_t offset)
{
	return nvmove_ctrl_read(driver_ctrl(driver), offset, 8);
}

void driver_write32(struct driver *driver, uint64_t offset, uint32_t value)
{
	nvmove_ctrl_write(driver_ctrl(driver), offset, value, 4);
}

void driver_write64(struct driver *driver, uint64_t offset, uint64_t value)
{
	nvmove_ctrl_write(driver_ctrl(driver), offset, value, 8);
}

static void sq_init(struct driver *driver, struct submission_queue *sq, unsigned int qid,
		    unsigned int entries)
{
	sq->driver = driver;
	sq->qid = qid;
	sq->entries = entries;
	sq->tail = 0;
	sq->addr = guest_alloc(driver->memory, entries * sizeof(struct nvm_sqe));
	guest_read_only(driver->memory, sq->addr, entries * sizeof(struct nvm_sqe));
}

static void cq_init(struct driver *driver, struct completion_queue *cq, unsigned int qid,
		    unsigned int entries)
{
	cq->driver = driver;
	cq->qid = qid;
	cq->entries = entries;
	cq->head = 0;
	cq->phase = 1;
	cq->addr = guest_alloc(driver->memory, entries * sizeof(struct nvm_cqe));
	guest_completion_queue(driver->memory, cq->addr, entries * sizeof(struct nvm_cqe));
}

void driver_set_admin_queues(struct driver *driver, unsigned int sq_entries,
			     unsigned int cq_entries)
{
	sq_init(driver, &driver->admin.sq, 0, sq_entries);
	cq_init(driver, &driver->admin.cq, 0, cq_entries);
	driver_write32(driver, NVM_REG_AQA, (cq_entries - 1) << 16 | (sq_entries - 1));
	driver_write64(driver, NVM_REG_ASQ, driver->admin.sq.addr);
	driver_write64(driver, NVM_REG_ACQ, driver->admin.cq.addr);
}

bool driver_is_ready(struct driver *driver)
{
	return (driver_read32(driver, NVM_REG_CSTS) & (NVM_CSTS_RDY | NVM_CSTS_CFS)) ==
		NVM_CSTS_RDY;
}

void driver_enable(struct driver *driver)
{
	driver_set_admin_queues(driver, 32, 32);
	driver_write32(driver, NVM_REG_CC,
		       CC_DEFAULT | (driver->page_shift - 12) << 7 | NVM_CC_EN);
	rig_run(driver->function->rig);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) & 0xf, NVM_CSTS_RDY);
}

void driver_disable(struct driver *driver)
{
	driver_write32(driver, NVM_REG_CC, driver_read32(driver, NVM_REG_CC) & ~NVM_CC_EN);
	rig_run(driver->function->rig);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_RDY, 0);
}

uint16_t sq_push(struct submission_queue *sq, const struct command *command)
{
	struct driver *driver = sq->driver;
	uint16_t cid = driver->next_cid++;
	struct nvm_sqe entry = {
		.opcode = command->opcode,
		.flags = command->flags,
		.cid = htole16(cid),
		.nsid = htole32(command->nsid),
		.cdw2 = htole32(command->cdw2),
		.cdw3 = htole32(command->cdw3),
		.mptr = htole64(command->mptr),
		.prp1 = htole64(command->prp1),
		.prp2 = htole64(command->prp2),
		.cdw10 = htole32(command->cdw10),
		.cdw11 = htole32(command->cdw11),
		.cdw12 = htole32(command->cdw12),
		.cdw13 = htole32(command->cdw13),
		.cdw14 = htole32(command->cdw14),
		.cdw15 = htole32(command->cdw15),
	};

	guest_write(driver->memory, sq->addr + sq->tail * sizeof(entry), &entry, sizeof(entry));
	sq->tail = (sq->tail + 1) % sq->entries;
	return cid;
}

void sq_ring(struct submission_queue *sq)
{
	driver_write32(sq->driver, NVM_REG_DBS + 8 * sq->qid, sq->tail);
}

uint16_t sq_submit(struct submission_queue *sq, const struct command *command)
{
	uint16_t cid = sq_push(sq, command);

	sq_ring(sq);
	return cid;
}

bool cq_poll(struct completion_queue *cq, struct completion *completion)
{
	struct nvm_cqe entry;

	guest_read(cq->driver->memory, cq->addr + cq->head * sizeof(entry), &entry, sizeof(entry));
	if ((le16toh(entry.status) & 1) != cq->phase)
		return false;
	completion->dw0 = le32toh(entry.dw0);
	completion->dw1 = le32toh(entry.dw1);
	completion->sqhd = le16toh(entry.sqhd);
	completion->sqid = le16toh(entry.sqid);
	completion->cid = le16toh(entry.cid);
	completion->status = le16toh(entry.status) >> 1 & NVM_SC_MASK;
	if (++cq->head == cq->entries) {
		cq->head = 0;
		cq->phase ^= 1;
	}
	return true;
}

void cq_ring(struct completion_queue *cq)
{
	driver_write32(cq->driver, NVM_REG_DBS + 8 * cq->qid + 4, cq->head);
}

struct completion cq_take(struct completion_queue *cq)
{
	struct completion completion = { 0 };

	rig_run(cq->driver->function->rig);
	if (!cq_poll(cq, &completion))
		fail_msg("no completion in queue %u (CSTS %#x)", cq->qid,
			 driver_read32(cq->driver, NVM_REG_CSTS));
	cq_ring(cq);
	return completion;
}

void cq_assert_empty(struct completion_queue *cq)
{
	struct completion completion;

	rig_run(cq->driver->function->rig);
	if (cq_poll(cq, &completion))
		fail_msg("unexpected completion in queue %u: command %#x, status %#x", cq->qid,
			 completion.cid, completion.status);
}

struct completion queue_command(struct queue_pair *queue, const struct command *command)
{
	uint16_t cid = sq_submit(&queue->sq, command);
	struct completion completion = cq_take(&queue->cq);

	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.sqid, queue->sq.qid);
	assert_int_equal(completion.sqhd, queue->sq.tail);
	return completion;
}

struct completion driver_admin(struct driver *driver, const struct command *command)
{
	return queue_command(&driver->admin, command);
}

void assert_status_at(struct completion completion, unsigned int expected, const char *file,
		      int line)
{
	if (completion.status == expected)
		return;
	print_error("status %#x, expected %#x\n", completion.status, expected);
	_fail(file, line);
}

void driver_create_cq(struct driver *driver, struct completion_queue *cq, unsigned int qid,
		      unsigned int entries, unsigned int vector)
{
	cq_init(driver, cq, qid, entries);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = cq->addr,
			     .cdw10 = (entries - 1) << 16 | qid,
			     .cdw11 = vector << 16 | NVM_CQ_IEN | NVM_QUEUE_PC));
}

void driver_create_sq(struct driver *driver, struct submission_queue *sq, unsigned int qid,
		      unsigned int entries, unsigned int cqid)
{
	sq_init(driver, sq, qid, entries);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_SQ, .prp1 = sq->addr,
			     .cdw10 = (entries - 1) << 16 | qid,
			     .cdw11 = cqid << 16 | NVM_QUEUE_PC));
}

void driver_create_queue(struct driver *driver, struct queue_pair *queue, unsigned int qid,
			 unsigned int entries, unsigned int vector)
{
	driver_create_cq(driver, &queue->cq, qid, entries, vector);
	driver_create_sq(driver, &queue->sq, qid, entries, qid);
}

void driver_delete_queue(struct driver *driver, struct queue_pair *queue)
{
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = queue->sq.qid));
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_DELETE_CQ, .cdw10 = queue->cq.qid));
}

struct completion driver_read_page(struct driver *driver, struct command command, void *buf,
				   size_t len)
{
	struct completion completion;

	guest_fill(driver->memory, driver->scratch, 0xa5, PAGE);
	command.prp1 = driver->scratch;
	completion = driver_admin(driver, &command);
	guest_read(driver->memory, driver->scratch, buf, len);
	return completion;
}

struct completion driver_write_page(struct driver *driver, struct command command,
				    const void *buf, size_t len)
{
	guest_write(driver->memory, driver->scratch, buf, len);
	command.prp1 = driver->scratch;
	return driver_admin(driver, &command);
}

struct completion driver_identify(struct driver *driver, unsigned int cns, uint32_t nsid,
				  unsigned int cntid, void *buf)
{
	return driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_IDENTIFY, .nsid = nsid, .cdw10 = cntid << 16 | cns,
	}, buf, NVM_IDENTIFY_SIZE);
}

static struct completion get_log(struct driver *driver, uint32_t cdw10, uint64_t offset, void *buf,
				 size_t len)
{
	uint32_t dwords = len / 4 - 1;

	assert_in_range(len, 4, PAGE);
	return driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
		.cdw10 = (dwords & 0xffff) << 16 | cdw10, .cdw11 = dwords >> 16,
		.cdw12 = (uint32_t)offset, .cdw13 = offset >> 32,
	}, buf, len);
}

struct completion driver_get_log(struct driver *driver, unsigned int page, uint64_t offset,
				 void *buf, size_t len)
{
	return get_log(driver, page, offset, buf, len);
}

struct completion driver_peek_log(struct driver *driver, unsigned int page, uint64_t offset,
				  void *buf, size_t len)
{
	return get_log(driver, page | 1u << 15, offset, buf, len);
}

struct completion driver_get_feature(struct driver *driver, unsigned int fid, unsigned int select,
				     uint32_t nsid, uint32_t cdw11)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_GET_FEATURES, .nsid = nsid,
		     .cdw10 = select << 8 | fid, .cdw11 = cdw11, .prp1 = driver->scratch);
}

struct completion driver_set_feature(struct driver *driver, unsigned int fid, uint32_t nsid,
				     uint32_t cdw11)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_SET_FEATURES, .nsid = nsid, .cdw10 = fid,
		     .cdw11 = cdw11, .prp1 = driver->scratch);
}

struct completion driver_virt_mgmt(struct driver *driver, unsigned int action,
				   unsigned int resource, unsigned int cntlid, unsigned int count)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_VIRT_MGMT,
		     .cdw10 = cntlid << 16 | resource << 8 | action, .cdw11 = count);
}

struct completion driver_rfc(struct driver *driver, unsigned int opcode, unsigned int vf,
			     uint32_t length, uint64_t offset, const struct buffer *buffer)
{
	return ADMIN(driver, .opcode = opcode, .cdw10 = vf, .cdw11 = length,
		     .cdw12 = (uint32_t)offset, .cdw13 = offset >> 32,
		     .prp1 = buffer ? buffer->prp1 : 0, .prp2 = buffer ? buffer->prp2 : 0);
}

struct completion driver_create_ns(struct driver *driver, uint64_t blocks, unsigned int format)
{
	uint8_t data[PAGE] = { 0 };

	put64(data, 0, blocks);
	put64(data, 8, blocks);
	data[26] = format;
	data[30] = 1;
	return driver_write_page(driver, (struct command){ .opcode = NVM_ADMIN_NS_MGMT }, data,
				 sizeof(data));
}

struct completion driver_delete_ns(struct driver *driver, uint32_t nsid)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_NS_MGMT, .nsid = nsid,
		     .cdw10 = NVM_NS_MGMT_DELETE);
}

struct completion driver_attach_ns(struct driver *driver, unsigned int select, uint32_t nsid,
				   const uint16_t *cntlid)
{
	uint8_t data[PAGE] = { 0 };
	unsigned int n = 0;

	for (; cntlid[n]; n++)
		put16(data, 2 + 2 * n, cntlid[n]);
	put16(data, 0, n);
	return driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_NS_ATTACH, .nsid = nsid, .cdw10 = select,
	}, data, sizeof(data));
}

uint16_t driver_submit_aer(struct driver *driver)
{
	return sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_ASYNC_EVENT });
}

/* ---- buffers ---- */

static uint64_t buffer_entry_slot(const struct buffer *buffer, unsigned int entry, bool create)
{
	struct buffer *b = (struct buffer *)buffer;
	size_t first = (buffer->page_size - buffer->list_offset) / 8;
	size_t others = buffer->page_size / 8 - 1;
	unsigned int left = buffer->nr_pages - 1;
	unsigned int at = entry;

	/* The last slot of a list page points to the next page if more entries than one follow. */
	for (unsigned int i = 0; ; i++) {
		size_t slots = i ? others + 1 : first;
		uint64_t start = buffer->list[i] + (i ? 0 : buffer->list_offset);

		if (left <= slots)
			return start + at * 8;
		if (create && i + 1 == buffer->nr_lists) {
			uint64_t next;

			assert_in_range(i + 1, 1, ARRAY_SIZE(buffer->list) - 1);
			next = guest_alloc(buffer->driver->memory, buffer->page_size);
			b->list[i + 1] = next;
			b->nr_lists++;
			next = htole64(next);
			guest_write(buffer->driver->memory, start + (slots - 1) * 8, &next, 8);
		}
		if (at < slots - 1)
			return start + at * 8;
		at -= slots - 1;
		left -= slots - 1;
	}
}

struct buffer *buffer_new_at(struct driver *driver, size_t len, size_t offset, size_t list_offset)
{
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	assert_non_null(buffer);
	buffer->driver = driver;
	buffer->next = driver->buffers;
	driver->buffers = buffer;
	buffer->len = len;
	buffer->offset = offset;
	buffer->page_size = (size_t)1 << driver->page_shift;
	buffer->list_offset = list_offset;
	buffer->nr_pages = (offset + len + buffer->page_size - 1) / buffer->page_size;
	buffer->page = calloc(buffer->nr_pages, sizeof(*buffer->page));
	assert_non_null(buffer->page);
	for (unsigned int i = 0; i < buffer->nr_pages; i++)
		buffer->page[i] = guest_alloc(driver->memory, buffer->page_size);
	buffer->prp1 = buffer->page[0] + offset;
	if (buffer->nr_pages == 2)
		buffer->prp2 = buffer->page[1];
	if (buffer->nr_pages <= 2)
		return buffer;
	buffer->list[0] = guest_alloc(driver->memory, buffer->page_size);
	buffer->nr_lists = 1;
	buffer->prp2 = buffer->list[0] + list_offset;
	for (unsigned int i = 1; i < buffer->nr_pages; i++) {
		uint64_t entry = htole64(buffer->page[i]);

		guest_write(driver->memory, buffer_entry_slot(buffer, i - 1, true), &entry, 8);
	}
	return buffer;
}

struct buffer *buffer_new(struct driver *driver, size_t len)
{
	return buffer_new_at(driver, len, 0, 0);
}

uint64_t buffer_entry(const struct buffer *buffer, unsigned int index)
{
	assert_true(buffer->nr_lists && index);
	return buffer_entry_slot(buffer, index - 1, false);
}

static size_t buffer_piece(const struct buffer *buffer, size_t at, size_t len, uint64_t *addr)
{
	size_t from = buffer->offset + at;
	size_t room = buffer->page_size - from % buffer->page_size;

	assert_true(at + len <= buffer->len);
	*addr = buffer->page[from / buffer->page_size] + from % buffer->page_size;
	return len < room ? len : room;
}

void buffer_write(const struct buffer *buffer, size_t at, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len) {
		uint64_t addr;
		size_t piece = buffer_piece(buffer, at, len, &addr);

		guest_write(buffer->driver->memory, addr, from, piece);
		at += piece;
		from += piece;
		len -= piece;
	}
}

void buffer_read(const struct buffer *buffer, size_t at, void *data, size_t len)
{
	uint8_t *to = data;

	while (len) {
		uint64_t addr;
		size_t piece = buffer_piece(buffer, at, len, &addr);

		guest_read(buffer->driver->memory, addr, to, piece);
		at += piece;
		to += piece;
		len -= piece;
	}
}

static uint8_t *buffer_copy(const struct buffer *buffer)
{
	uint8_t *data = malloc(buffer->len);

	assert_non_null(data);
	buffer_read(buffer, 0, data, buffer->len);
	return data;
}

void pattern_fill(void *data, size_t len, unsigned int seed)
{
	uint8_t *to = data;

	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 11 ^ i >> 9 ^ seed);
}

void buffer_fill(const struct buffer *buffer, uint8_t byte)
{
	uint8_t *data = malloc(buffer->len);

	assert_non_null(data);
	memset(data, byte, buffer->len);
	buffer_write(buffer, 0, data, buffer->len);
	free(data);
}

void buffer_pattern(const struct buffer *buffer, unsigned int seed)
{
	uint8_t *data = malloc(buffer->len);

	assert_non_null(data);
	pattern_fill(data, buffer->len, seed);
	buffer_write(buffer, 0, data, buffer->len);
	free(data);
}

void assert_buffer_pattern(const struct buffer *buffer, unsigned int seed)
{
	uint8_t *data = buffer_copy(buffer);
	uint8_t *expected = malloc(buffer->len);

	assert_non_null(expected);
	pattern_fill(expected, buffer->len, seed);
	assert_memory_equal(data, expected, buffer->len);
	free(expected);
	free(data);
}

void assert_buffer_filled(const struct buffer *buffer, uint8_t byte)
{
	uint8_t *data = buffer_copy(buffer);

	for (size_t i = 0; i < buffer->len; i++)
		if (data[i] != byte)
			fail_msg("byte %zu is %#x, expected %#x", i, data[i], byte);
	free(data);
}

void assert_buffer_slack(const struct buffer *buffer)
{
	size_t end = buffer->offset + buffer->len;
	size_t tail = end % buffer->page_size;

	assert_true(guest_is_filled(buffer->driver->memory, buffer->page[0], 0, buffer->offset));
	if (tail)
		assert_true(guest_is_filled(buffer->driver->memory,
					    buffer->page[buffer->nr_pages - 1] + tail, 0,
					    buffer->page_size - tail));
}

struct command rw_command(unsigned int opcode, uint32_t nsid, uint64_t slba, unsigned int blocks,
			  const struct buffer *buffer)
{
	return (struct command){
		.opcode = opcode, .nsid = nsid,
		.cdw10 = (uint32_t)slba, .cdw11 = slba >> 32, .cdw12 = blocks - 1,
		.prp1 = buffer ? buffer->prp1 : 0, .prp2 = buffer ? buffer->prp2 : 0,
	};
}

struct completion queue_rw(struct queue_pair *queue, unsigned int opcode, uint32_t nsid,
			   uint64_t slba, unsigned int blocks, const struct buffer *buffer)
{
	struct command command = rw_command(opcode, nsid, slba, blocks, buffer);

	return queue_command(queue, &command);
}

/* ---- little-endian fields ---- */

uint16_t get16(const void *buf, size_t offset)
{
	uint16_t value;

	memcpy(&value, (const uint8_t *)buf + offset, sizeof(value));
	return le16toh(value);
}

uint32_t get32(const void *buf, size_t offset)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)buf + offset, sizeof(value));
	return le32toh(value);
}

uint64_t get64(const void *buf, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)buf + offset, sizeof(value));
	return le64toh(value);
}

void put16(void *buf, size_t offset, uint16_t value)
{
	value = htole16(value);
	memcpy((uint8_t *)buf + offset, &value, sizeof(value));
}

void put32(void *buf, size_t offset, uint32_t value)
{
	value = htole32(value);
	memcpy((uint8_t *)buf + offset, &value, sizeof(value));
}

void put64(void *buf, size_t offset, uint64_t value)
{
	value = htole64(value);
	memcpy((uint8_t *)buf + offset, &value, sizeof(value));
}

bool is_zero(const void *buf, size_t len)
{
	const uint8_t *at = buf;

	for (size_t i = 0; i < len; i++)
		if (at[i])
			return false;
	return true;
}
