// SPDX-License-Identifier: BSD-2-Clause
/*
 * Carries out the fuzzers' programs; see program.h. It only decodes: what must hold is the
 * machine's and the witness's business.
 */
#include <errno.h>
#include <string.h>

#include "program.h"

#define ADMIN_SQ	GUEST_BASE
#define ADMIN_CQ	(GUEST_BASE + GUEST_PAGE)
#define IO_SQ(qid)	(GUEST_BASE + 2 * (qid) * GUEST_PAGE)
#define IO_CQ(qid)	(GUEST_BASE + (2 * (qid) + 1) * GUEST_PAGE)
#define LIST_PAGES	12	/* pages from here on hold the lists that data() makes */
#define NR_LISTS	4
#define DATA_PAGES	16	/* pages from here on hold the data of commands, one for each slot */
#define NR_DATA_PAGES	16

#define MOST_MOVES	8	/* of one program: they take longer than anything else */
#define MOST_HELD	(64l << 20)	/* what the controllers of one machine may allocate */

/**
 * struct program - where the decoder is
 * @moves: states taken so far, by moves and checks
 */
struct program {
	struct machine *machine;
	const uint8_t *data;
	size_t left;
	unsigned int moves;
};

const uint8_t program_admin[] = {
	NVM_ADMIN_DELETE_SQ, NVM_ADMIN_CREATE_SQ, NVM_ADMIN_GET_LOG_PAGE, NVM_ADMIN_DELETE_CQ,
	NVM_ADMIN_CREATE_CQ, NVM_ADMIN_IDENTIFY, NVM_ADMIN_ABORT, NVM_ADMIN_SET_FEATURES,
	NVM_ADMIN_GET_FEATURES, NVM_ADMIN_ASYNC_EVENT, NVM_ADMIN_KEEP_ALIVE, NVM_ADMIN_VIRT_MGMT,
	NVM_ADMIN_NS_MGMT, NVM_ADMIN_NS_ATTACH, NVM_ADMIN_DOORBELL_BUFFER_CONFIG,
	0x80 /* Format NVM */, 0x84 /* Sanitize */,
};

const uint8_t program_io[] = {
	NVM_IO_FLUSH, NVM_IO_WRITE, NVM_IO_READ, NVM_IO_COMPARE, NVM_IO_WRITE_ZEROES, NVM_IO_DSM,
	NVM_IO_VERIFY, NVM_IO_RESV_REGISTER, NVM_IO_RESV_REPORT, NVM_IO_RESV_ACQUIRE,
	NVM_IO_RESV_RELEASE,
};

const unsigned int program_nr_admin = sizeof(program_admin);
const unsigned int program_nr_io = sizeof(program_io);

/* ---- arguments ---- */

static void take(struct program *p, void *into, size_t len)
{
	size_t there = len < p->left ? len : p->left;

	memset(into, 0, len);
	memcpy(into, p->data, there);
	p->data += there;
	p->left -= there;
}

static uint8_t take8(struct program *p)
{
	uint8_t value;

	take(p, &value, sizeof(value));
	return value;
}

static uint16_t take16(struct program *p)
{
	__le16 value;

	take(p, &value, sizeof(value));
	return le16_to_cpu(value);
}

static uint32_t take32(struct program *p)
{
	__le32 value;

	take(p, &value, sizeof(value));
	return le32_to_cpu(value);
}

static uint64_t take64(struct program *p)
{
	__le64 value;

	take(p, &value, sizeof(value));
	return le64_to_cpu(value);
}

static unsigned int take_qid(struct program *p)
{
	return take8(p) % (IO_QUEUES + 1);
}

/* ---- submission ---- */

static void place(struct function *f, unsigned int qid, struct nvm_sqe *sqe)
{
	const struct sq_state *sq = &f->ctrl->st.sq[qid];
	uint32_t *tail = &f->tail[qid];

	if (!sq->exists)
		return;
	if (*tail >= sq->size)
		*tail = sq->tail;
	if (!sqe->cid)
		sqe->cid = cpu_to_le16(*tail);
	guest_write(f, sq->addr + *tail * sizeof(*sqe), sqe, sizeof(*sqe));
	*tail = (*tail + 1) % sq->size;
}

static void ring(struct function *f, unsigned int qid)
{
	guest_ring(f, 2 * qid, f->tail[qid]);
}

/*
 * The data of a command that is going to be placed, at the front of a page that goes with its slot.
 */
static void attach_data(struct function *f, unsigned int qid, struct nvm_sqe *sqe,
			const void *bytes, size_t len)
{
	uint64_t addr = GUEST_BASE + (DATA_PAGES + f->tail[qid] % NR_DATA_PAGES) * GUEST_PAGE;

	guest_write(f, addr, bytes, len);
	sqe->prp1 = cpu_to_le64(addr);
}

static void place_and_ring(struct function *f, unsigned int qid, struct nvm_sqe *sqe)
{
	place(f, qid, sqe);
	ring(f, qid);
}

/* A data pointer for @len bytes from page @first on, with a list where it takes one. */
static void describe(struct function *f, struct nvm_sqe *sqe, unsigned int first, size_t len)
{
	unsigned int list = LIST_PAGES + first % NR_LISTS;
	__le64 entry[GUEST_PAGES];

	sqe->prp1 = cpu_to_le64(GUEST_BASE + first % GUEST_PAGES * GUEST_PAGE);
	sqe->prp2 = cpu_to_le64(GUEST_BASE + (first + 1) % GUEST_PAGES * GUEST_PAGE);
	if (len <= 2 * GUEST_PAGE)
		return;
	for (unsigned int i = 0; i < GUEST_PAGES; i++)
		entry[i] = cpu_to_le64(GUEST_BASE + (first + 1 + i) % GUEST_PAGES * GUEST_PAGE);
	guest_write(f, GUEST_BASE + list * GUEST_PAGE, entry, sizeof(entry));
	sqe->prp2 = cpu_to_le64(GUEST_BASE + list * GUEST_PAGE);
}

/* The data byte: 5:0 first page, 6 an offset follows, 7 both pointers follow. */
static void data(struct program *p, struct function *f, struct nvm_sqe *sqe, size_t len)
{
	uint8_t how = take8(p);

	describe(f, sqe, how & 0x3f, len);
	if (how & 0x40)
		sqe->prp1 = cpu_to_le64(le64_to_cpu(sqe->prp1) + take16(p) % GUEST_PAGE);
	if (how & 0x80) {
		sqe->prp1 = cpu_to_le64(GUEST_BASE + take32(p));
		sqe->prp2 = cpu_to_le64(GUEST_BASE + take32(p));
	}
}

static uint32_t decode_nsid(uint8_t byte)
{
	return byte == 0xff ? NVM_NSID_ALL : byte;
}

static void op_raw(struct program *p, struct function *f)
{
	unsigned int qid = take_qid(p);
	struct nvm_sqe sqe;

	take(p, &sqe, sizeof(sqe));
	place(f, qid, &sqe);
}

static void op_admin(struct program *p, struct function *f)
{
	uint8_t kind = take8(p);
	struct nvm_sqe sqe = { .opcode = kind < program_nr_admin ? program_admin[kind] : kind };

	data(p, f, &sqe, GUEST_PAGE);
	sqe.cdw10 = cpu_to_le32(take32(p));
	sqe.cdw11 = cpu_to_le32(take32(p));
	sqe.nsid = cpu_to_le32(decode_nsid(take8(p)));
	place(f, ADMIN_QID, &sqe);
}

static void op_io(struct program *p, struct function *f)
{
	unsigned int qid = take_qid(p);
	uint8_t kind = take8(p);
	struct nvm_sqe sqe = { .opcode = kind < program_nr_io ? program_io[kind] : kind };

	data(p, f, &sqe, 4096u << MDTS);
	sqe.nsid = cpu_to_le32(decode_nsid(take8(p)));
	sqe.cdw10 = cpu_to_le32(take16(p));
	sqe.cdw12 = cpu_to_le32(take8(p));
	sqe.cdw12 |= cpu_to_le32((uint32_t)take8(p) << 24);
	if (sqe.opcode == NVM_IO_DSM)
		sqe.cdw11 = cpu_to_le32(NVM_DSM_AD);
	place(f, qid, &sqe);
}

static void op_ring(struct program *p, struct function *f)
{
	ring(f, take_qid(p));
}

static void op_consume(struct program *p, struct function *f)
{
	unsigned int qid = take_qid(p), entries = take8(p);
	const struct cq_state *cq = &f->ctrl->st.cq[qid];

	if (!cq->exists)
		return;
	guest_ring(f, 2 * qid + 1, entries ? (cq->head + entries) % cq->size : cq->tail);
}

/* Migration commands: opcode, and for the standard's the operation with its sequence indicator. */
static const struct {
	uint8_t opcode;
	uint32_t cdw10;
} migrations[] = {
	{ NVMOVE_RFC_QUERY_DATA_SIZE, 0 },
	{ NVMOVE_RFC_SUSPEND, 0 },
	{ NVMOVE_RFC_RESUME, 0 },
	{ NVMOVE_RFC_SAVE_DATA, 0 },
	{ NVMOVE_RFC_LOAD_DATA, 0 },
	{ NVMOVE_HMLM_MIGRATION_SEND, NVMOVE_HMLM_SUSPEND },
	{ NVMOVE_HMLM_MIGRATION_SEND, NVMOVE_HMLM_RESUME },
	{ NVMOVE_HMLM_MIGRATION_RECEIVE, NVMOVE_HMLM_GET_STATE },
	{ NVMOVE_HMLM_MIGRATION_SEND, NVMOVE_HMLM_ONLY << 16 | NVMOVE_HMLM_SET_STATE },
	{ NVMOVE_HMLM_MIGRATION_SEND, NVMOVE_HMLM_FIRST << 16 | NVMOVE_HMLM_SET_STATE },
	{ NVMOVE_HMLM_MIGRATION_SEND, NVMOVE_HMLM_MIDDLE << 16 | NVMOVE_HMLM_SET_STATE },
	{ NVMOVE_HMLM_MIGRATION_SEND, NVMOVE_HMLM_LAST << 16 | NVMOVE_HMLM_SET_STATE },
};

#define NR_MIGRATIONS	(sizeof(migrations) / sizeof(migrations[0]))

/* @length, @offset: in dwords */
static void fill_rfc(struct nvm_sqe *sqe, unsigned int vf, uint32_t length, uint32_t offset)
{
	struct nvmove_rfc_sqe *rfc = (void *)sqe;

	rfc->vf_index = cpu_to_le16(vf);
	rfc->length = cpu_to_le32(4 * length);
	rfc->offset = cpu_to_le64(4 * offset);
}

static void fill_hmlm(struct nvm_sqe *sqe, unsigned int cntlid, uint32_t cdw10, unsigned int parts,
		      uint32_t length, uint32_t offset)
{
	uint32_t csvi = parts & STATE_NVME ? 1 : 0, csuuidi = parts & STATE_VENDOR ? 1 : 0;
	uint32_t select = NVMOVE_HMLM_SEL(cdw10);

	sqe->cdw10 = cpu_to_le32(cdw10);
	sqe->cdw11 = cpu_to_le32(cntlid);
	if (sqe->opcode == NVMOVE_HMLM_MIGRATION_RECEIVE) {
		sqe->cdw10 |= cpu_to_le32(csvi << NVMOVE_HMLM_MOS_SHIFT);
		sqe->cdw11 |= cpu_to_le32(csuuidi << NVMOVE_HMLM_RECEIVE_CSUUIDI_SHIFT);
		length--;
	} else if (select == NVMOVE_HMLM_SET_STATE) {
		sqe->cdw11 |= cpu_to_le32(csvi << NVMOVE_HMLM_CSVI_SHIFT |
					  csuuidi << NVMOVE_HMLM_CSUUIDI_SHIFT);
	} else if (select == NVMOVE_HMLM_SUSPEND) {
		sqe->cdw11 |= cpu_to_le32(NVMOVE_HMLM_STYPE_SUSPEND << NVMOVE_HMLM_STYPE_SHIFT);
	}
	sqe->cdw12 = cpu_to_le32(4 * offset);
	sqe->cdw15 = cpu_to_le32(length);
}

/* A controller's state from and to pages of the primary's own memory. */
static void op_migrate(struct program *p, struct function *f)
{
	uint8_t kind = take8(p);
	unsigned int which = (kind & 0xf) % NR_MIGRATIONS, parts = STATE_WHOLE & ~(kind >> 6);
	struct nvm_sqe sqe = { .opcode = migrations[which].opcode };
	unsigned int number = take8(p), page = take8(p);
	uint32_t length = take16(p), offset = take16(p);
	struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(f->ctrl->subsystem, number);

	describe(f, &sqe, page, 4096u << MDTS);
	if (length == 0xffff && ctrl)
		length = state_size(ctrl, parts) / 4;
	if (rfc_is_opcode(sqe.opcode))
		fill_rfc(&sqe, number, length, offset);
	else
		fill_hmlm(&sqe, ctrl ? ctrl->cntlid : number, migrations[which].cdw10, parts,
			  length, offset);
	place(f, ADMIN_QID, &sqe);
	ring(f, ADMIN_QID);
}

static void op_enable(struct program *p, struct function *f)
{
	uint8_t sizes = take8(p), page_size = take8(p);

	register_write(f, NVM_REG_AQA, (uint32_t)(1 + (sizes >> 4)) << 16 | (1 + (sizes & 0xf)), 4);
	register_write(f, NVM_REG_ASQ, ADMIN_SQ, 8);
	register_write(f, NVM_REG_ACQ, ADMIN_CQ, 8);
	register_write(f, NVM_REG_CC, 6u << 16 | 4u << 20 | (page_size & 0x3) << 7 | NVM_CC_EN, 4);
	f->tail[ADMIN_QID] = 0;
}

static void op_queue(struct program *p, struct function *f)
{
	unsigned int qid = 1 + take8(p) % IO_QUEUES, sizes = take8(p), vector = take8(p);
	struct nvm_sqe cq = { .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = cpu_to_le64(IO_CQ(qid)) };
	struct nvm_sqe sq = { .opcode = NVM_ADMIN_CREATE_SQ, .prp1 = cpu_to_le64(IO_SQ(qid)) };

	cq.cdw10 = cpu_to_le32(qid | (1 + (sizes >> 4)) << 16);
	cq.cdw11 = cpu_to_le32(NVM_QUEUE_PC | NVM_CQ_IEN | vector << 16);
	sq.cdw10 = cpu_to_le32(qid | (1 + (sizes & 0xf)) << 16);
	sq.cdw11 = cpu_to_le32(NVM_QUEUE_PC | qid << 16);
	place(f, ADMIN_QID, &cq);
	place(f, ADMIN_QID, &sq);
	ring(f, ADMIN_QID);
	f->tail[qid] = 0;
}

/* ---- features, reservations, shadow doorbells ---- */

static void op_host(struct program *p, struct function *f)
{
	uint8_t host_id[16] = { take8(p) % 3 };
	struct nvm_sqe sqe = { .opcode = NVM_ADMIN_SET_FEATURES };

	sqe.cdw10 = cpu_to_le32(NVM_FEAT_HOST_ID);
	sqe.cdw11 = cpu_to_le32(1);
	attach_data(f, ADMIN_QID, &sqe, host_id, sizeof(host_id));
	place_and_ring(f, ADMIN_QID, &sqe);
}

static void op_reserve(struct program *p, struct function *f)
{
	static const uint8_t opcodes[] = {
		NVM_IO_RESV_REGISTER, NVM_IO_RESV_ACQUIRE, NVM_IO_RESV_RELEASE, NVM_IO_RESV_REPORT,
	};
	unsigned int qid = take_qid(p), what = take8(p);
	struct nvm_sqe sqe = { .opcode = opcodes[what & 0x3] };
	struct nvm_resv_keys keys;
	unsigned int type, values;

	sqe.nsid = cpu_to_le32(decode_nsid(take8(p)));
	type = take8(p);
	values = take8(p);
	keys.crkey = cpu_to_le64(values & 0xf);
	keys.other_key = cpu_to_le64(values >> 4);
	sqe.cdw10 = cpu_to_le32((what >> 2 & 0x7) | (what & 0x20 ? NVM_RESV_IEKEY : 0) |
				type << 8 | (uint32_t)(what >> 6) << 30);
	if (sqe.opcode == NVM_IO_RESV_REPORT) {
		sqe.cdw10 = cpu_to_le32(type);
		sqe.cdw11 = cpu_to_le32(NVM_RESV_REPORT_EDS);
	}
	attach_data(f, qid, &sqe, &keys, sizeof(keys));
	place_and_ring(f, qid, &sqe);
}

static void op_shadow(struct program *p, struct function *f)
{
	struct nvm_sqe sqe = { .opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG };

	sqe.prp1 = cpu_to_le64(GUEST_BASE + take8(p) % GUEST_PAGES * GUEST_PAGE);
	sqe.prp2 = cpu_to_le64(GUEST_BASE + take8(p) % GUEST_PAGES * GUEST_PAGE);
	place_and_ring(f, ADMIN_QID, &sqe);
}

static void op_bell(struct program *p, struct function *f)
{
	unsigned int index = take8(p);
	__le32 value = cpu_to_le32(take16(p));

	guest_write(f, f->ctrl->st.shadow.doorbells + doorbell_offset(index), &value,
		    sizeof(value));
}

static void op_feature(struct program *p, struct function *f)
{
	static const uint8_t features[16] = {
		NVM_FEAT_ARBITRATION, NVM_FEAT_POWER_MGMT, NVM_FEAT_TEMP_THRESHOLD,
		NVM_FEAT_ERROR_RECOVERY, NVM_FEAT_VOLATILE_WC, NVM_FEAT_NUM_QUEUES,
		NVM_FEAT_IRQ_COALESCE, NVM_FEAT_IRQ_CONFIG, NVM_FEAT_WRITE_ATOMICITY,
		NVM_FEAT_ASYNC_EVENT, NVM_FEAT_KATO, NVM_FEAT_HOST_BEHAVIOR, NVM_FEAT_IOCS_PROFILE,
		NVM_FEAT_RESV_MASK, NVM_FEAT_RESV_PERSIST, NVM_FEAT_WRITE_PROTECT,
	};
	unsigned int what = take8(p);
	uint32_t nsid = decode_nsid(take8(p)), value = take32(p);
	struct nvm_sqe sqe = { .nsid = cpu_to_le32(nsid), .cdw11 = cpu_to_le32(value) };

	sqe.opcode = what & 0x40 ? NVM_ADMIN_GET_FEATURES : NVM_ADMIN_SET_FEATURES;
	sqe.cdw10 = cpu_to_le32(features[what & 0xf] | (what & 0x80 ? NVM_FEAT_SAVE : 0));
	if (what & 0x40)
		sqe.cdw10 = cpu_to_le32(features[what & 0xf] | (what >> 4 & 0x3) << 8);
	attach_data(f, ADMIN_QID, &sqe, &sqe.cdw11, sizeof(sqe.cdw11));
	place_and_ring(f, ADMIN_QID, &sqe);
}

/* ---- namespace management ---- */

static void op_create(struct program *p, struct function *f)
{
	struct nvm_sqe sqe = { .opcode = NVM_ADMIN_NS_MGMT };
	struct nvm_ns_create create = { .nsze = cpu_to_le64(take16(p)) };
	unsigned int pool;

	create.ncap = create.nsze;
	create.flbas = take8(p);
	create.nmic = take8(p);
	pool = take8(p);
	if (pool)
		f->machine->pool_error = pool % 16 ? 0 : pool % 32 ? -EIO : -ENOSPC;
	attach_data(f, ADMIN_QID, &sqe, &create, sizeof(create));
	place_and_ring(f, ADMIN_QID, &sqe);
}

static void op_delete(struct program *p, struct function *f)
{
	struct nvm_sqe sqe = { .opcode = NVM_ADMIN_NS_MGMT };

	sqe.nsid = cpu_to_le32(decode_nsid(take8(p)));
	sqe.cdw10 = cpu_to_le32(NVM_NS_MGMT_DELETE);
	place_and_ring(f, ADMIN_QID, &sqe);
}

static void op_attach(struct program *p, struct function *f)
{
	struct nvm_sqe sqe = { .opcode = NVM_ADMIN_NS_ATTACH };
	uint32_t nsid = decode_nsid(take8(p));
	unsigned int controllers = take8(p), nr = 0;
	struct nvm_ctrl_list list = { 0 };

	for (unsigned int i = 0; i < 7; i++) {
		if (controllers >> i & 1)
			list.id[nr++] = cpu_to_le16(1 + i);
	}
	list.num = cpu_to_le16(nr);
	sqe.nsid = cpu_to_le32(nsid);
	sqe.cdw10 = cpu_to_le32(controllers & 0x80 ? NVM_NS_ATTACH_DETACH : NVM_NS_ATTACH_ATTACH);
	attach_data(f, ADMIN_QID, &sqe, &list, sizeof(list));
	place_and_ring(f, ADMIN_QID, &sqe);
}

/* ---- registers, resets, time ---- */

static void op_write(struct program *p, struct function *f)
{
	uint64_t offset = take16(p);
	unsigned int size = take8(p);

	register_write(f, offset, take64(p), size & 0x10 ? size & 0xf : size & 1 ? 8 : 4);
}

static void op_read(struct program *p, struct function *f)
{
	uint64_t offset = take16(p), value;
	unsigned int size = take8(p) % 10;

	value = nvmove_ctrl_read(f->ctrl, offset, size);
	expect(size >= 8 || value >> (8 * size) == 0, "register %#lx of %u bytes reads %#lx",
	       (unsigned long)offset, size, (unsigned long)value);
}

static void op_time(struct program *p, struct function *f)
{
	machine_advance(f->machine, 1000000ull * take16(p));
}

static void reset(struct function *f, enum nvmove_reset kind)
{
	nvmove_ctrl_reset(f->ctrl, kind);
	expect(!f->mapped, "%u mappings outlive a reset", f->mapped);
	expect(!(nvmove_ctrl_read(f->ctrl, NVM_REG_CSTS, 4) & NVM_CSTS_RDY), "ready after a reset");
}

static void op_reset(struct program *p, struct function *f)
{
	uint32_t cc = nvmove_ctrl_read(f->ctrl, NVM_REG_CC, 4);

	switch (take8(p) % 5) {
	case 0:
		reset(f, NVMOVE_RESET_FLR);
		break;
	case 1:
		reset(f, NVMOVE_RESET_CONVENTIONAL);
		break;
	case 2:
		register_write(f, NVM_REG_CC, cc & ~NVM_CC_EN, 4);
		break;
	case 3:
		register_write(f, NVM_REG_CC, cc | 1u << 14, 4);
		break;
	case 4:
		register_write(f, NVM_REG_NSSR, NVM_NSSR_NVME, 4);
		break;
	}
}

static void op_suspend(struct program *p, struct function *f)
{
	(void)p;
	/* The protocol suspends nobody who is offline. */
	if (f->ctrl->online)
		machine_suspend(f);
}

static void op_resume(struct program *p, struct function *f)
{
	(void)p;
	nvmove_ctrl_resume(f->ctrl);
}

static void op_move(struct program *p, struct function *f)
{
	if (p->moves++ < MOST_MOVES)
		machine_move(f->machine, DESTINATION_EQUAL);
}

static void check(struct program *p, struct function *f, enum destination destination)
{
	if (f->ctrl->online && nvmove_ctrl_is_suspended(f->ctrl) && p->moves++ < MOST_MOVES)
		machine_check_state(f, destination);
}

static void op_check(struct program *p, struct function *f)
{
	check(p, f, DESTINATION_EQUAL);
}

static void op_identity(struct program *p, struct function *f)
{
	uint8_t what = take8(p);

	if (what == 1)
		check(p, f, DESTINATION_ADOPTS);
	else if (what)
		machine_join(f, what % (NVMOVE_IDENTITY_ADOPT + 1), take32(p));
	else if (p->moves++ < MOST_MOVES)
		machine_move(f->machine, DESTINATION_ADOPTS);
}

/* ---- memory, media, namespaces, functions ---- */

static void op_poke(struct program *p, struct function *f)
{
	uint64_t addr = GUEST_BASE + 4ull * take16(p);
	uint8_t bytes[256];
	size_t len = take8(p);

	take(p, bytes, len);
	guest_write(f, addr, bytes, len);
}

static void op_list(struct program *p, struct function *f)
{
	unsigned int page = take8(p) % GUEST_PAGES, seed = take8(p), next = take8(p) % GUEST_PAGES;
	__le64 entry[GUEST_PAGE / sizeof(__le64)];
	size_t last = sizeof(entry) / sizeof(entry[0]) - 1;

	for (size_t i = 0; i < last; i++)
		entry[i] = cpu_to_le64(GUEST_BASE + (seed + i * (seed | 1)) % GUEST_PAGES *
						    GUEST_PAGE);
	entry[last] = cpu_to_le64(GUEST_BASE + next * GUEST_PAGE);
	guest_write(f, GUEST_BASE + page * GUEST_PAGE, entry, sizeof(entry));
}

static void op_memory(struct program *p, struct function *f)
{
	f->present ^= 1ull << take8(p) % GUEST_PAGES;
	f->path = take8(p) % (DMA_COPIED + 1);
}

static void op_complete(struct program *p, struct function *f)
{
	static const int errors[] = { 0, 0, -EIO, -ENOSPC, -EROFS };
	unsigned int index = take16(p), error = take8(p);

	if (f->machine->nr_pending)
		machine_complete(f->machine, index % f->machine->nr_pending, errors[error % 5]);
}

static void op_drain(struct program *p, struct function *f)
{
	(void)p;
	machine_drain(f->machine);
}

static void op_namespace(struct program *p, struct function *f)
{
	uint32_t nsid = take8(p);

	if (nvmove_namespace_attach(f->ctrl, nsid) < 0)
		nvmove_namespace_detach(f->ctrl, nsid);
}

static void op_functions(struct program *p, struct function *f)
{
	nvmove_subsystem_set_vfs(f->machine->subsystem[0], take8(p) % (NR_FUNCTIONS + 1));
}

static void (*const operations[NR_OPS])(struct program *p, struct function *f) = {
	[OP_WRITE] = op_write,
	[OP_READ] = op_read,
	[OP_RAW] = op_raw,
	[OP_ADMIN] = op_admin,
	[OP_IO] = op_io,
	[OP_RING] = op_ring,
	[OP_CONSUME] = op_consume,
	[OP_COMPLETE] = op_complete,
	[OP_TIME] = op_time,
	[OP_RESET] = op_reset,
	[OP_SUSPEND] = op_suspend,
	[OP_RESUME] = op_resume,
	[OP_MOVE] = op_move,
	[OP_POKE] = op_poke,
	[OP_LIST] = op_list,
	[OP_NAMESPACE] = op_namespace,
	[OP_FUNCTIONS] = op_functions,
	[OP_MIGRATE] = op_migrate,
	[OP_MEMORY] = op_memory,
	[OP_DRAIN] = op_drain,
	[OP_ENABLE] = op_enable,
	[OP_QUEUE] = op_queue,
	[OP_CHECK] = op_check,
	[OP_HOST] = op_host,
	[OP_RESERVE] = op_reserve,
	[OP_SHADOW] = op_shadow,
	[OP_BELL] = op_bell,
	[OP_FEATURE] = op_feature,
	[OP_CREATE] = op_create,
	[OP_DELETE] = op_delete,
	[OP_ATTACH] = op_attach,
	[OP_IDENTITY] = op_identity,
};

void program_run(struct machine *machine, const uint8_t *data, size_t size)
{
	struct program p = { .machine = machine, .data = data, .left = size };
	long before = held_begin();

	while (p.left) {
		uint8_t op = take8(&p);
		unsigned int index = op >> 5 & 0x3;

		operations[(op & 0x1f) % NR_OPS](&p, &machine->function[index == 3 ? 1 : index]);
		if (!(op & 0x80))
			machine_settle(machine);
		for (unsigned int i = 0; i < NR_FUNCTIONS; i++)
			witness_look(&machine->function[i]);
		expect(held_peak() < before + MOST_HELD, "%ld bytes were held",
		       held_peak() - before);
	}
}
