// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random commands; see commands.h.
 */
#include <endian.h>
#include <string.h>

#include "commands.h"
#include "world.h"

/*
 * One random number per statement: C does not say in which order the operands of an expression are
 * evaluated, and a seed means the same whatever compiled this.
 */

static uint64_t data_address(struct random *random)
{
	uint64_t addr = GUEST_BASE + DATA + pick(random, DATA_PAGES) * 4096ull;

	if (chance(random, 15))
		addr += pick(random, 1024) * 4;
	if (chance(random, 1))
		addr += 1;
	if (chance(random, 1)) {
		addr = pick(random, UINT32_MAX);
		addr <<= pick(random, 33);
	}
	return addr;
}

static void set_data(struct random *random, struct nvm_sqe *sqe)
{
	uint64_t list;

	sqe->prp1 = htole64(data_address(random));
	sqe->prp2 = htole64(data_address(random) & ~4095ull);
	if (chance(random, 50))
		return;
	list = GUEST_BASE + LISTS + pick(random, NR_LISTS) * 4096ull;
	if (chance(random, 20))
		list += pick(random, 512) * 8;
	sqe->prp2 = htole64(list);
}

static uint32_t random_nsid(struct random *random)
{
	if (chance(random, 85))
		return 1 + pick(random, NR_NAMESPACES - 1);
	return chance(random, 50) ? pick(random, NR_NAMESPACES + 3) : NVM_NSID_ALL;
}

/* One of @nr @known values, or, seldom, any. */
static uint8_t mostly(struct random *random, unsigned int percent, const uint8_t *known, size_t nr)
{
	return chance(random, percent) ? known[pick(random, nr)] : pick(random, 256);
}

static bool is_reservation(uint8_t opcode)
{
	return opcode == NVM_IO_RESV_REGISTER || opcode == NVM_IO_RESV_ACQUIRE ||
	       opcode == NVM_IO_RESV_RELEASE;
}

/* Register, Acquire and Release: action, type, Ignore Existing Key, Persist Through Power Loss. */
static void make_reservation(struct random *random, struct nvm_sqe *sqe)
{
	uint32_t cdw10 = pick(random, 4);

	if (chance(random, 50))
		cdw10 |= NVM_RESV_IEKEY;
	if (sqe->opcode == NVM_IO_RESV_REGISTER)
		cdw10 |= pick(random, 4) << 30;
	else
		cdw10 |= pick(random, 8) << 8;
	sqe->cdw10 = htole32(cdw10);
	sqe->cdw12 = 0;
}

void make_io(struct random *random, struct nvm_sqe *sqe)
{
	static const uint8_t opcodes[] = {
		NVM_IO_READ, NVM_IO_READ, NVM_IO_READ, NVM_IO_WRITE, NVM_IO_WRITE, NVM_IO_WRITE,
		NVM_IO_FLUSH, NVM_IO_COMPARE, NVM_IO_WRITE_ZEROES, NVM_IO_DSM, NVM_IO_VERIFY,
		NVM_IO_RESV_REGISTER, NVM_IO_RESV_ACQUIRE, NVM_IO_RESV_RELEASE, NVM_IO_RESV_REPORT,
	};
	uint32_t cdw12;

	set_data(random, sqe);
	sqe->opcode = mostly(random, 97, opcodes, sizeof(opcodes));
	sqe->nsid = htole32(random_nsid(random));
	sqe->cdw10 = htole32(pick(random, chance(random, 95) ? 64 : 2000));
	cdw12 = pick(random, chance(random, 90) ? 16 : 300);
	cdw12 |= chance(random, 10) ? NVM_RW_FUA : 0;
	sqe->cdw12 = htole32(cdw12);
	if (sqe->opcode == NVM_IO_DSM) {
		sqe->prp1 = htole64(GUEST_BASE + DATA);
		sqe->cdw10 = htole32(pick(random, 4));
		sqe->cdw11 = htole32(pick(random, 8));
	}
	if (is_reservation(sqe->opcode))
		make_reservation(random, sqe);
	if (sqe->opcode == NVM_IO_RESV_REPORT) {
		sqe->cdw10 = htole32(pick(random, 64));
		sqe->cdw11 = htole32(chance(random, 80) ? NVM_RESV_REPORT_EDS : 0);
	}
	if (chance(random, 1))
		sqe->flags = pick(random, 256);
}

static void make_identify(struct random *random, struct nvm_sqe *sqe)
{
	static const uint8_t known[] = {
		NVM_CNS_NS, NVM_CNS_CTRL, NVM_CNS_ACTIVE_NS, NVM_CNS_NS_DESC, NVM_CNS_CSI_NS,
		NVM_CNS_CSI_CTRL, NVM_CNS_CSI_ACTIVE_NS, NVM_CNS_INDEP_NS, NVM_CNS_NS_CTRL_LIST,
		NVM_CNS_CTRL_LIST, NVM_CNS_IOCS,
	};
	uint32_t cdw10 = mostly(random, 90, known, sizeof(known));

	if (chance(random, 30))
		cdw10 |= pick(random, 5) << 16;
	else if (chance(random, 10))
		cdw10 |= 0xffffu << 16;
	sqe->cdw10 = htole32(cdw10);
	sqe->cdw11 = htole32(chance(random, 5) ? pick(random, 3) << 24 : 0);
	sqe->nsid = htole32(chance(random, 50) ? 0 : random_nsid(random));
}

static void make_create_cq(struct random *random, struct nvm_sqe *sqe)
{
	uint32_t cdw11 = NVM_QUEUE_PC;

	if (chance(random, 80))
		cdw11 |= NVM_CQ_IEN;
	cdw11 |= pick(random, VECTORS + (chance(random, 5) ? 2 : 0)) << 16;
	sqe->cdw11 = htole32(cdw11);
}

static void make_create_sq(struct random *random, struct nvm_sqe *sqe)
{
	uint32_t cdw11 = NVM_QUEUE_PC;

	cdw11 |= pick(random, 4) << 1;
	cdw11 |= (1 + pick(random, IO_QUEUES)) << 16;
	sqe->cdw11 = htole32(cdw11);
}

static void make_create_queue(struct random *random, struct nvm_sqe *sqe)
{
	bool sq = sqe->opcode == NVM_ADMIN_CREATE_SQ;
	unsigned int qid = 1 + pick(random, chance(random, 95) ? IO_QUEUES : MAX_QID);
	unsigned int entries = chance(random, 95) ? 2 + pick(random, QUEUE_ENTRIES - 1) :
						    pick(random, 200);

	sqe->prp1 = htole64(GUEST_BASE + (sq ? IO_SQ(qid) : IO_CQ(qid)));
	sqe->cdw10 = htole32(qid | (entries - 1) << 16);
	if (sq)
		make_create_sq(random, sqe);
	else
		make_create_cq(random, sqe);
}

/* Command dword 11 of Set Features: a value that is of some use for the feature. */
static uint32_t feature_value(struct random *random, uint8_t fid)
{
	uint32_t value = chance(random, 50) ? pick(random, 16) : pick(random, UINT32_MAX);

	switch (fid) {
	case NVM_FEAT_TEMP_THRESHOLD:
		value = 300 + pick(random, 50);
		return value | pick(random, 3) << 20;
	case NVM_FEAT_KATO:
		return chance(random, 50) ? 0 : 100 + pick(random, 300);
	case NVM_FEAT_IRQ_CONFIG:
		if (chance(random, 20))
			return value;
		value = pick(random, VECTORS);
		return value | pick(random, 2) << 16;
	case NVM_FEAT_ASYNC_EVENT:
		return chance(random, 70) ? 0x1ff : value;
	case NVM_FEAT_HOST_ID:
		return !chance(random, 10);	/* 128 bits */
	case NVM_FEAT_RESV_MASK:
		return pick(random, 8) << 1;
	case NVM_FEAT_WRITE_PROTECT:
		/* Namespaces that nobody can write to make a dull life. */
		return chance(random, 30) ? NVM_WRITE_PROTECT_ON : NVM_WRITE_PROTECT_NONE;
	default:
		return value;
	}
}

static void make_features(struct random *random, struct nvm_sqe *sqe)
{
	static const uint8_t known[] = {
		NVM_FEAT_ARBITRATION, NVM_FEAT_POWER_MGMT, NVM_FEAT_TEMP_THRESHOLD,
		NVM_FEAT_ERROR_RECOVERY, NVM_FEAT_VOLATILE_WC, NVM_FEAT_NUM_QUEUES,
		NVM_FEAT_IRQ_COALESCE, NVM_FEAT_IRQ_CONFIG, NVM_FEAT_WRITE_ATOMICITY,
		NVM_FEAT_ASYNC_EVENT, NVM_FEAT_TIMESTAMP, NVM_FEAT_KATO, NVM_FEAT_HOST_BEHAVIOR,
		NVM_FEAT_IOCS_PROFILE, NVM_FEAT_HOST_ID, NVM_FEAT_HOST_ID, NVM_FEAT_RESV_MASK,
		NVM_FEAT_RESV_PERSIST, NVM_FEAT_WRITE_PROTECT,
	};
	uint8_t fid = mostly(random, 97, known, sizeof(known));
	bool per_namespace = fid == NVM_FEAT_ERROR_RECOVERY || fid == NVM_FEAT_WRITE_PROTECT ||
			     fid == NVM_FEAT_RESV_MASK || fid == NVM_FEAT_RESV_PERSIST;
	uint32_t cdw10 = fid;

	if (sqe->opcode == NVM_ADMIN_SET_FEATURES)
		cdw10 |= chance(random, 15) ? NVM_FEAT_SAVE : 0;
	else
		cdw10 |= chance(random, 40) ? pick(random, 5) << 8 : 0;
	sqe->cdw10 = htole32(cdw10);
	sqe->cdw11 = htole32(feature_value(random, fid));
	if (chance(random, per_namespace ? 90 : 40))
		sqe->nsid = htole32(random_nsid(random));
}

static void make_log_page(struct random *random, struct nvm_sqe *sqe)
{
	static const uint8_t known[] = {
		NVM_LOG_SUPPORTED, NVM_LOG_ERROR, NVM_LOG_ERROR, NVM_LOG_SMART, NVM_LOG_SMART,
		NVM_LOG_FW_SLOT, NVM_LOG_CHANGED_NS, NVM_LOG_CHANGED_NS, NVM_LOG_EFFECTS,
		NVM_LOG_FEATURES, NVM_LOG_RESERVATION, NVM_LOG_RESERVATION,
	};
	uint32_t cdw10 = mostly(random, 97, known, sizeof(known));

	if (chance(random, 30))
		cdw10 |= 1u << 15;	/* Retain Asynchronous Event */
	cdw10 |= pick(random, 1200) << 16;
	sqe->cdw10 = htole32(cdw10);
	sqe->cdw12 = htole32(chance(random, 20) ? pick(random, 200) * 4 : 0);
	sqe->nsid = htole32(chance(random, 90) ? NVM_NSID_ALL : random_nsid(random));
}

/* Good addresses are in pages of their own, since only those are written outside of commands. */
static void make_doorbell_buffers(struct random *random, struct nvm_sqe *sqe)
{
	unsigned int page = pick(random, NR_SHADOW);

	sqe->prp1 = htole64(GUEST_BASE + SHADOW + page * 4096);
	sqe->prp2 = htole64(GUEST_BASE + EVENT_INDEXES + page * 4096);
	if (chance(random, 20))
		sqe->prp1 = htole64(chance(random, 50) ? 0 :
				    GUEST_BASE + SHADOW + 1 + pick(random, 4095));
	if (chance(random, 10))
		sqe->prp2 = sqe->prp1;
}

void make_admin(struct random *random, struct nvm_sqe *sqe)
{
	static const uint8_t opcodes[] = {
		NVM_ADMIN_DELETE_SQ, NVM_ADMIN_CREATE_SQ, NVM_ADMIN_CREATE_SQ, NVM_ADMIN_CREATE_SQ,
		NVM_ADMIN_DELETE_CQ, NVM_ADMIN_CREATE_CQ, NVM_ADMIN_CREATE_CQ, NVM_ADMIN_CREATE_CQ,
		NVM_ADMIN_GET_LOG_PAGE, NVM_ADMIN_GET_LOG_PAGE, NVM_ADMIN_IDENTIFY,
		NVM_ADMIN_IDENTIFY, NVM_ADMIN_ABORT, NVM_ADMIN_SET_FEATURES, NVM_ADMIN_SET_FEATURES,
		NVM_ADMIN_GET_FEATURES, NVM_ADMIN_GET_FEATURES, NVM_ADMIN_ASYNC_EVENT,
		NVM_ADMIN_ASYNC_EVENT, NVM_ADMIN_KEEP_ALIVE, NVM_ADMIN_DOORBELL_BUFFER_CONFIG,
	};

	set_data(random, sqe);
	sqe->opcode = mostly(random, 98, opcodes, sizeof(opcodes));
	switch (sqe->opcode) {
	case NVM_ADMIN_CREATE_SQ:
	case NVM_ADMIN_CREATE_CQ:
		make_create_queue(random, sqe);
		break;
	case NVM_ADMIN_DELETE_SQ:
	case NVM_ADMIN_DELETE_CQ:
		sqe->cdw10 = htole32(chance(random, 30) ? pick(random, IO_QUEUES + 3) : 0);
		break;
	case NVM_ADMIN_IDENTIFY:
		make_identify(random, sqe);
		break;
	case NVM_ADMIN_GET_FEATURES:
	case NVM_ADMIN_SET_FEATURES:
		make_features(random, sqe);
		break;
	case NVM_ADMIN_GET_LOG_PAGE:
		make_log_page(random, sqe);
		break;
	case NVM_ADMIN_DOORBELL_BUFFER_CONFIG:
		make_doorbell_buffers(random, sqe);
		break;
	case NVM_ADMIN_ABORT:
		sqe->cdw10 = htole32(pick(random, 64) << 16);
		break;
	}
}

static void make_ranges(struct random *random, struct action *action)
{
	struct nvm_dsm_range range[4] = { 0 };

	for (unsigned int i = 0; i < 4; i++) {
		range[i].slba = htole64(pick(random, 64));
		range[i].nlb = htole32(pick(random, 8));
	}
	memcpy(action->bytes, range, sizeof(range));
}

static bool make_feature_data(struct random *random, const struct nvm_sqe *sqe,
			      struct action *action)
{
	switch (le32toh(sqe->cdw10) & 0xff) {
	case NVM_FEAT_HOST_BEHAVIOR:
		action->bytes[0] = pick(random, 2);
		return true;
	case NVM_FEAT_HOST_ID:
		action->bytes[0] = 1 + pick(random, 2);
		return true;
	case NVM_FEAT_TIMESTAMP:
		for (unsigned int i = 0; i < 8; i++)
			action->bytes[i] = pick(random, 256);
		return true;
	default:
		return false;
	}
}

bool make_data(struct random *random, const struct nvm_sqe *sqe, bool admin, struct action *action)
{
	uint64_t offset = le64toh(sqe->prp1) - GUEST_BASE;

	*action = (struct action) {
		.kind = ACTION_DATA,
		.argument = { offset, ACTION_BYTES },
	};
	if (offset < DATA || offset > DATA + (DATA_PAGES - 1) * 4096)
		return false;
	if (admin)
		return sqe->opcode == NVM_ADMIN_SET_FEATURES &&
		       make_feature_data(random, sqe, action);
	if (is_reservation(sqe->opcode)) {
		action->bytes[0] = pick(random, 3);	/* few keys, so that some are right */
		action->bytes[8] = pick(random, 3);
		return true;
	}
	if (sqe->opcode != NVM_IO_DSM)
		return false;
	make_ranges(random, action);
	return true;
}
