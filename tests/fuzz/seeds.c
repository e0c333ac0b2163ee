// SPDX-License-Identifier: BSD-2-Clause
/*
 * Seeds for the fuzzers, made when they are run, so that they follow the formats: programs, and the
 * states of the controllers that went through them.
 */
#include <stdio.h>
#include <string.h>

#include "program.h"

#define VF		0x20	/* function 1 */
#define QUIET		0x80	/* the controllers do not run after it */

#define ENABLE(f, sizes)	(f) | OP_ENABLE, (sizes), 0
#define QUEUE(f, qid, sizes)	(f) | OP_QUEUE, (qid) - 1, (sizes), 1
#define ADMIN(f, kind, dw10, dw11, nsid) \
	(f) | OP_ADMIN, (kind), 24, (dw10) & 0xff, (dw10) >> 8 & 0xff, (dw10) >> 16 & 0xff, \
	(dw10) >> 24 & 0xff, (dw11) & 0xff, (dw11) >> 8 & 0xff, (dw11) >> 16 & 0xff, \
	(dw11) >> 24 & 0xff, (nsid)
#define REGISTER(f, offset, value)	(f) | OP_WRITE, (offset), 0, 0, (value), 0, 0, 0, 0, 0, 0, 0
#define RING(f, qid)		(f) | OP_RING, (qid)
#define CONSUME(f, qid)		(f) | OP_CONSUME, (qid), 0
#define IO(f, qid, kind, nsid, slba, nlb) \
	QUIET | (f) | OP_IO, (qid), (kind), 32, (nsid), (slba), 0, (nlb), 0
#define MIGRATE(kind, length) \
	OP_MIGRATE, (kind), 1, 32, (length) & 0xff, (length) >> 8, 0, 0, CONSUME(0, 0)

#define HOST(f, host)		(f) | OP_HOST, (host)
#define RESERVE(f, qid, what, nsid, type, keys) \
	(f) | OP_RESERVE, (qid), (what), (nsid), (type), (keys)
#define FEATURE(f, what, nsid, value)	(f) | OP_FEATURE, (what), (nsid), (value), 0, 0, 0
#define MOVE_ADOPTED		VF | OP_IDENTITY, 0
#define CHECK_ADOPTED(f)	(f) | OP_IDENTITY, 1
#define OWN_IDENTITY(f, policy)	(f) | OP_IDENTITY, 2 + (policy), 0x80, 0, 0, 0x80
#define DEVICE_IDENTITY(f)	(f) | OP_IDENTITY, 2, 0xff, 0xff, 0xff, 0xff
#define ONLINE(vf, offline)	ADMIN(0, VIRT_MGMT, ((vf) + 1) << 16 | (offline), 0, 0), RING(0, 0), \
	CONSUME(0, 0)

#define ZEROES_4		0, 0, 0, 0
#define ZEROES_8		ZEROES_4, ZEROES_4
/*
 * Commands of the primary: a Controller Data Queue of 8 slots in page 48 that logs VF 1, the head.
 */
#define CREATE_CDQ		OP_RAW, 0, NVMOVE_HMLM_CDQ, 0, 0, 0, ZEROES_4, ZEROES_8, ZEROES_8, \
	0, 0, 0x13, 0, ZEROES_4, ZEROES_8, ZEROES_4, 1, 0, 2, 0, 64, 0, 0, 0, ZEROES_8, ZEROES_4, \
	RING(0, 0), CONSUME(0, 0)
#define SET_HEAD(head)		OP_RAW, 0, NVM_ADMIN_SET_FEATURES, 0, 0, 0, ZEROES_4, ZEROES_8, \
	ZEROES_8, ZEROES_8, ZEROES_8, NVMOVE_HMLM_FEAT_CDQ, 0, 0, 0, 1, 0, 0, 0x80, (head), 0, 0, 0, \
	(head), 0, 0, 0, ZEROES_8, RING(0, 0), CONSUME(0, 0)
#define HMLM(opcode, dw10, dw11) ADMIN(0, opcode, dw10, dw11, 0), RING(0, 0), CONSUME(0, 0)

/*
 * What the primary tracks of VF 1, all of a guest's memory, in the page that ADMIN() refers to; a
 * report.
 */
#define TRACKED_RANGE		OP_POKE, 0, 0x60, 20, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x10, 0, ZEROES_4, \
	64, 0, 0, 0
#define TRACK_RECEIVE(dwords)	OP_RAW, 0, NVMOVE_HMLM_TRACK_RECEIVE, 0, 0, 0, ZEROES_4, ZEROES_8, \
	ZEROES_8, 0, 0x40, 0x11, 0, ZEROES_4, ZEROES_8, ZEROES_4, 2, 0, 0, 0, (dwords) - 1, 0, 0, 0, \
	ZEROES_8, ZEROES_4, RING(0, 0), CONSUME(0, 0)

/* What OP_RESERVE does: command and action; what OP_FEATURE does it to. */
enum { REGISTER_KEY = 0, UNREGISTER = 1 << 2, REPLACE = 2 << 2, ACQUIRE = 1, PREEMPT = 1 | 1 << 2,
       PREEMPT_AND_ABORT = 1 | 2 << 2, RELEASE = 2, CLEAR = 2 | 1 << 2, REPORT = 3 };
enum { COALESCE = 6, VECTOR = 7, RESV_MASK = 13, PERSIST = 14, PROTECT = 15, SAVE_IT = 0x80 };

/* Indices of program_admin and program_io. */
enum { DELETE_SQ, CREATE_SQ, GET_LOG, DELETE_CQ, CREATE_CQ, IDENTIFY, ABORT, SET_FEATURES,
       GET_FEATURES, ASYNC_EVENT, KEEP_ALIVE, VIRT_MGMT };
enum { FLUSH, WRITE, READ, COMPARE, WRITE_ZEROES, DSM, VERIFY };
enum { QUERY, SUSPEND, RESUME, SAVE, LOAD, STOP, GO, GET, SET, SET_FIRST, SET_MIDDLE, SET_LAST };
enum { QUEUES_ALONE = 0x80, VENDOR_ALONE = 0x40 };

struct seed {
	const char *name;
	const uint8_t *bytes;
	size_t size;
};

#define PROGRAM(name, ...) static const uint8_t name[] = { __VA_ARGS__ }
#define SEED(name)	{ #name, name, sizeof(name) }

PROGRAM(disabled, REGISTER(VF, NVM_REG_INTMS, 0xff), REGISTER(VF, NVM_REG_AQA, 0x1f));
PROGRAM(enabled, ENABLE(0, 0xff), ENABLE(VF, 0xff), ADMIN(VF, IDENTIFY, 1, 0, 0), RING(VF, 0),
	CONSUME(VF, 0));
PROGRAM(inputs_and_outputs, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	IO(VF, 1, WRITE, 1, 0, 15), IO(VF, 1, READ, 1, 0, 31), IO(VF, 1, COMPARE, 2, 0, 1),
	IO(VF, 1, DSM, 1, 0, 0), IO(VF, 1, WRITE_ZEROES, 2, 3, 3), IO(VF, 1, VERIFY, 1, 9, 9),
	IO(VF, 1, FLUSH, 255, 0, 0), RING(VF, 1), VF | OP_COMPLETE, 1, 0, 2, VF | OP_DRAIN,
	CONSUME(VF, 1));
PROGRAM(full, ENABLE(VF, 0x44), QUEUE(VF, 2, 0x1f), CONSUME(VF, 0), IO(VF, 2, FLUSH, 1, 0, 0),
	IO(VF, 2, FLUSH, 1, 0, 0), IO(VF, 2, 99, 1, 0, 0), IO(VF, 2, 99, 1, 0, 0),
	IO(VF, 2, READ, 1, 0, 7), RING(VF, 2), VF | OP_DRAIN, VF | OP_MOVE, VF | OP_RESUME,
	CONSUME(VF, 2));
PROGRAM(events, ENABLE(VF, 0xff), ADMIN(VF, ASYNC_EVENT, 0, 0, 0), ADMIN(VF, ASYNC_EVENT, 0, 0, 0),
	ADMIN(VF, SET_FEATURES, NVM_FEAT_ASYNC_EVENT, 0x1ff, 0),
	ADMIN(VF, SET_FEATURES, NVM_FEAT_TEMP_THRESHOLD, 300, 0), RING(VF, 0), VF | OP_NAMESPACE, 3,
	VF | OP_MOVE, VF | OP_NAMESPACE, 1, VF | OP_RESUME, ADMIN(VF, GET_LOG, 0xff0004, 0, 255),
	ADMIN(VF, ABORT, 0, 0, 0), RING(VF, 0), CONSUME(VF, 0));
PROGRAM(features, ENABLE(VF, 0xff), ADMIN(VF, SET_FEATURES, NVM_FEAT_IRQ_CONFIG, 0x10001, 0),
	ADMIN(VF, SET_FEATURES, NVM_FEAT_KATO, 1000, 0),
	ADMIN(VF, SET_FEATURES, NVM_FEAT_ERROR_RECOVERY, 7, 1),
	ADMIN(VF, SET_FEATURES, NVM_FEAT_TIMESTAMP, 0, 0),
	ADMIN(VF, GET_FEATURES, NVM_FEAT_HOST_ID, 1, 0), RING(VF, 0), VF | OP_TIME, 10, 0,
	CONSUME(VF, 0));
PROGRAM(migration, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	IO(VF, 1, READ, 1, 0, 7), RING(VF, 1), MIGRATE(SUSPEND, 0), OP_DRAIN, CONSUME(0, 0),
	MIGRATE(QUERY, 0), MIGRATE(SAVE, 0), VF | OP_CHECK, MIGRATE(LOAD, 0xffff),
	MIGRATE(RESUME, 0), CONSUME(VF, 1));
PROGRAM(standard, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	MIGRATE(GET, 12), IO(VF, 1, READ, 1, 0, 7), RING(VF, 1), MIGRATE(STOP, 0), OP_DRAIN,
	CONSUME(0, 0), MIGRATE(GET, 0xffff), VF | OP_RESET, 2, MIGRATE(STOP, 0),
	MIGRATE(SET, 331), MIGRATE(GO, 0), CONSUME(VF, 1));
PROGRAM(standard_pieces, ENABLE(0, 0xff), ENABLE(VF, 0xff), MIGRATE(STOP, 0), MIGRATE(GET, 0xffff),
	MIGRATE(SET_FIRST, 64), OP_MIGRATE, SET_MIDDLE, 1, 32, 16, 0, 16, 0, CONSUME(0, 0),
	MIGRATE(GO, 0), MIGRATE(SET_FIRST, 64), MIGRATE(SET_LAST, 0), MIGRATE(SET_FIRST, 0xffff),
	MIGRATE(SET_LAST, 0), MIGRATE(GO, 0));
PROGRAM(standard_parts, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	MIGRATE(STOP, 0), MIGRATE(GET | VENDOR_ALONE, 0xffff), OP_MIGRATE, GET | QUEUES_ALONE, 1, 0,
	26, 0, 0, 0, CONSUME(0, 0), VF | OP_RESET, 2, MIGRATE(STOP, 0),
	MIGRATE(SET | VENDOR_ALONE, 0xffff), OP_MIGRATE, SET | QUEUES_ALONE, 1, 0, 26, 0, 0, 0,
	CONSUME(0, 0), MIGRATE(GO, 0), CONSUME(VF, 1));
PROGRAM(resets, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), IO(VF, 1, READ, 1, 0, 7),
	RING(VF, 1), VF | OP_RESET, 2, VF | OP_DRAIN, ENABLE(VF, 0x22), VF | OP_RESET, 3,
	VF | OP_RESET, 0, ENABLE(VF, 0x22), OP_RESET, 4);
PROGRAM(resources, ENABLE(0, 0xff), ADMIN(0, VIRT_MGMT, 0x10000 | NVM_VIRT_SECONDARY_OFFLINE, 0, 0),
	ADMIN(0, VIRT_MGMT, 0x10000 | NVM_VIRT_SECONDARY_ASSIGN, 3, 0),
	ADMIN(0, VIRT_MGMT, 0x10000 | NVM_VIRT_SECONDARY_ONLINE, 0, 0), RING(0, 0), CONSUME(0, 0),
	OP_FUNCTIONS, 1, OP_FUNCTIONS, 2);
PROGRAM(memory, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0), VF | OP_LIST, 33, 3, 34,
	VF | OP_MEMORY, 40, DMA_MAPPED_BY_PAGE, IO(VF, 1, READ, 1, 0, 127), RING(VF, 1),
	VF | OP_MEMORY, 3, DMA_COPIED, VF | OP_DRAIN);
PROGRAM(masked, ENABLE(VF, 0xff), REGISTER(VF, NVM_REG_INTMS, 0xff), QUEUE(VF, 1, 0xff),
	IO(VF, 1, FLUSH, 1, 0, 0), RING(VF, 1), VF | OP_DRAIN, VF | OP_SUSPEND,
	REGISTER(VF, NVM_REG_INTMC, 0xff), VF | OP_MOVE, REGISTER(VF, NVM_REG_INTMS, 0xfd),
	VF | OP_RESUME, CONSUME(VF, 1));
PROGRAM(suspended, ENABLE(VF, 0x33), QUEUE(VF, 1, 0x33), QUEUE(VF, 2, 0x33), CONSUME(VF, 0),
	IO(VF, 1, READ, 1, 0, 7), RING(VF, 1), VF | OP_SUSPEND, IO(VF, 2, WRITE, 1, 0, 7),
	RING(VF, 2), VF | OP_COMPLETE, 0, 0, 2, CONSUME(VF, 1), RING(VF, 0), RING(VF, 7),
	VF | OP_NAMESPACE, 1, VF | OP_NAMESPACE, 1, VF | OP_TIME, 0xff, 0xff, VF | OP_CHECK,
	VF | OP_RESUME);
PROGRAM(deletion, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), QUEUE(VF, 2, 0xff), CONSUME(VF, 0),
	IO(VF, 1, READ, 1, 0, 7), IO(VF, 1, READ, 1, 0, 7), RING(VF, 1),
	ADMIN(VF, DELETE_CQ, 1, 0, 0), ADMIN(VF, DELETE_SQ, 1, 0, 0), ADMIN(VF, DELETE_SQ, 2, 0, 0),
	ADMIN(VF, DELETE_CQ, 2, 0, 0), RING(VF, 0), VF | OP_SUSPEND, VF | OP_DRAIN,
	ADMIN(VF, DELETE_CQ, 1, 0, 0), RING(VF, 0), VF | OP_RESUME, QUEUE(VF, 1, 0xff),
	CONSUME(VF, 0));
PROGRAM(suspend_given_up, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff),
	IO(VF, 1, READ, 1, 0, 7), RING(VF, 1), MIGRATE(SUSPEND, 0), VF | OP_RESET, 2,
	VF | OP_DRAIN, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), IO(VF, 1, READ, 1, 0, 7), RING(VF, 1),
	MIGRATE(SUSPEND, 0), OP_RESET, 2, OP_DRAIN, ENABLE(0, 0xff));
PROGRAM(pieces, ENABLE(0, 0xff), ENABLE(VF, 0xff), MIGRATE(SUSPEND, 0), MIGRATE(SAVE, 64),
	OP_MIGRATE, SAVE, 1, 33, 64, 0, 64, 0, CONSUME(0, 0), MIGRATE(LOAD, 64), MIGRATE(RESUME, 0),
	OP_MIGRATE, LOAD, 1, 33, 64, 0, 64, 0, CONSUME(0, 0), MIGRATE(LOAD, 16));
PROGRAM(expiry, ENABLE(VF, 0xff), ADMIN(VF, SET_FEATURES, NVM_FEAT_KATO, 1000, 0), RING(VF, 0),
	VF | OP_TIME, 0x20, 3, VF | OP_MOVE, VF | OP_TIME, 0x20, 3, VF | OP_RESUME,
	VF | OP_TIME, 0x20, 3, VF | OP_MOVE, VF | OP_RESET, 0);
PROGRAM(shutdown, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), IO(VF, 1, WRITE, 1, 0, 7), RING(VF, 1),
	VF | OP_RESET, 3, VF | OP_SUSPEND, VF | OP_COMPLETE, 0, 0, 0, VF | OP_MOVE,
	VF | OP_RESUME, VF | OP_DRAIN, VF | OP_RESET, 2);

#define OTHER	0x40	/* function 2; it sees namespace 2 as 4 */
PROGRAM(reservations, ENABLE(VF, 0xff), ENABLE(OTHER, 0xff), QUEUE(VF, 1, 0xff),
	QUEUE(OTHER, 1, 0x77), HOST(VF, 1), HOST(OTHER, 2), RESERVE(VF, 1, REGISTER_KEY, 1, 0, 0x10),
	RESERVE(OTHER, 1, REGISTER_KEY, 1, 0, 0x20), RESERVE(VF, 1, ACQUIRE, 1, 1, 0x01),
	IO(OTHER, 1, WRITE, 1, 0, 1), RING(OTHER, 1), IO(VF, 1, WRITE, 1, 0, 1), RING(VF, 1),
	ADMIN(VF, ASYNC_EVENT, 0, 0, 0), RING(VF, 0), RESERVE(OTHER, 1, PREEMPT_AND_ABORT, 1, 2, 0x12),
	VF | OP_DRAIN, CONSUME(VF, 0), CONSUME(VF, 1), CONSUME(OTHER, 1),
	ADMIN(VF, GET_LOG, 0xf0080, 0, 0), RING(VF, 0), RESERVE(OTHER, 1, REPORT, 1, 31, 0),
	RESERVE(OTHER, 1, RELEASE, 1, 2, 2), VF | OP_MOVE, VF | OP_RESUME,
	RESERVE(OTHER, 1, CLEAR, 1, 0, 2), FEATURE(VF, RESV_MASK, 1, 6), CONSUME(OTHER, 1));
PROGRAM(registrants, ENABLE(VF, 0xff), ENABLE(OTHER, 0xff), QUEUE(VF, 1, 0xff),
	QUEUE(OTHER, 1, 0x77), HOST(VF, 1), HOST(OTHER, 2), FEATURE(VF, PERSIST, 1, 1),
	RESERVE(VF, 1, 0xc0 | REGISTER_KEY, 2, 0, 0x10),
	RESERVE(OTHER, 1, REGISTER_KEY, 4, 0, 0x10), RESERVE(OTHER, 1, ACQUIRE, 4, 6, 1),
	RESERVE(VF, 1, REPLACE, 2, 0, 0x31), RESERVE(VF, 1, REPLACE | 0x20, 2, 0, 0x40),
	RESERVE(VF, 1, ACQUIRE, 2, 6, 4), RESERVE(OTHER, 1, UNREGISTER, 4, 0, 1),
	RESERVE(VF, 1, PREEMPT, 2, 3, 0x04), CONSUME(VF, 1), VF | OP_MOVE, VF | OP_RESUME,
	RESERVE(VF, 1, UNREGISTER | 0x20, 2, 0, 0), CONSUME(VF, 1), VF | OP_MOVE, VF | OP_RESUME,
	RESERVE(OTHER, 1, PREEMPT, 4, 1, 0x41));
PROGRAM(shadow_doorbells, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), VF | OP_SHADOW, 40, 41,
	QUEUE(VF, 2, 0x1f), IO(VF, 1, READ, 1, 0, 3), RING(VF, 1), IO(VF, 2, FLUSH, 1, 0, 0),
	IO(VF, 2, 99, 1, 0, 0), IO(VF, 2, 99, 1, 0, 0), IO(VF, 2, 99, 1, 0, 0), RING(VF, 2),
	VF | OP_DRAIN, IO(VF, 1, READ, 1, 0, 3), VF | OP_SUSPEND, VF | OP_BELL, 2, 2, 0, VF | OP_MOVE,
	VF | OP_RESUME, CONSUME(VF, 1), CONSUME(VF, 2), CONSUME(VF, 0), VF | OP_SHADOW, 42, 43,
	VF | OP_BELL, 3, 0xff, 0xff, VF | OP_BELL, 2, 0xff, 0xff, RING(VF, 1));
PROGRAM(shadow_doorbells_gone, ENABLE(VF, 0x33), VF | OP_SHADOW, 40, 41, QUEUE(VF, 1, 0x33),
	CONSUME(VF, 0), VF | OP_MEMORY, 40, DMA_MAPPED, IO(VF, 1, FLUSH, 1, 0, 0),
	RING(VF, 1), VF | OP_SUSPEND, VF | OP_RESUME, VF | OP_RESET, 2,
	ENABLE(VF, 0x33), VF | OP_SHADOW, 40, 41, VF | OP_SHADOW, 42, 42, CONSUME(VF, 0));
PROGRAM(coalescing, ENABLE(VF, 0xff), FEATURE(VF, SAVE_IT | COALESCE, 0, 3),
	VF | OP_FEATURE, COALESCE, 0, 4, 20, 0, 0, FEATURE(VF, VECTOR, 0, 1),
	FEATURE(VF, SAVE_IT | VECTOR, 0, 1), FEATURE(VF, SAVE_IT | 2, 0, 200),
	FEATURE(VF, SAVE_IT | 3, 1, 9), FEATURE(VF, 0x40 | 2 << 4 | COALESCE, 0, 0),
	FEATURE(VF, 0x40 | 3 << 4 | 3, 1, 0), QUEUE(VF, 1, 0xff), QUEUE(VF, 2, 0xff), CONSUME(VF, 0),
	IO(VF, 1, FLUSH, 1, 0, 0), IO(VF, 1, FLUSH, 1, 0, 0), RING(VF, 1), VF | OP_DRAIN,
	VF | OP_TIME, 1, 0, VF | OP_MOVE, VF | OP_RESUME, VF | OP_TIME, 2, 0, VF | OP_RESET, 2,
	ENABLE(VF, 0xff));
PROGRAM(write_protection, ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), IO(VF, 1, WRITE, 2, 0, 1),
	RING(VF, 1), FEATURE(VF, PROTECT, 2, 1), VF | OP_COMPLETE, 1, 0, 2, VF | OP_DRAIN,
	FEATURE(VF, PROTECT, 2, 1), VF | OP_DRAIN, IO(VF, 1, WRITE, 2, 0, 1), RING(VF, 1),
	CONSUME(VF, 0), VF | OP_MOVE, VF | OP_RESUME, FEATURE(VF, PROTECT, 2, 0), VF | OP_SUSPEND,
	ENABLE(OTHER, 0xff), FEATURE(OTHER, PROTECT, 4, 1), OTHER | OP_DRAIN, VF | OP_MOVE);
PROGRAM(namespaces, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	OP_CREATE, 64, 0, 0, 1, 0, OP_CREATE, 200, 0, 0, 0, 1, OP_CREATE, 8, 0, 1, 1, 32,
	OP_CREATE, 8, 0, 1, 0, 0, CONSUME(0, 0), OP_ATTACH, 4, 3, OP_ATTACH, 5, 2, OP_ATTACH, 5, 4,
	OP_ATTACH, 1, 0x82, CONSUME(0, 0), IO(VF, 1, WRITE, 5, 0, 3), IO(VF, 1, READ, 4, 60, 3),
	RING(VF, 1), OP_DELETE, 5, CONSUME(0, 0), OP_DRAIN, CONSUME(0, 0), VF | OP_MOVE,
	VF | OP_RESUME, OP_DELETE, 4, OP_CREATE, 32, 0, 0, 1, 0, CONSUME(0, 0), VF | OP_MOVE,
	ADMIN(0, IDENTIFY, 0x10, 0, 0), ADMIN(0, IDENTIFY, 0x11, 0, 6),
	ADMIN(0, IDENTIFY, 0x12, 0, 1), RING(0, 0), OP_DELETE, 255, OP_DRAIN, CONSUME(0, 0));
PROGRAM(adoption, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	IO(VF, 1, WRITE, 1, 0, 3), RING(VF, 1), VF | OP_DRAIN, MOVE_ADOPTED, CHECK_ADOPTED(VF),
	VF | OP_CHECK, VF | OP_RESUME, CONSUME(VF, 1), VF | OP_MOVE, VF | OP_RESUME, MOVE_ADOPTED,
	MOVE_ADOPTED, VF | OP_RESUME, ENABLE(OTHER, 0x77), OTHER | OP_SUSPEND,
	CHECK_ADOPTED(OTHER), OTHER | OP_CHECK);
PROGRAM(identities, ENABLE(0, 0xff), ONLINE(1, NVM_VIRT_SECONDARY_OFFLINE), OWN_IDENTITY(VF, 0),
	ONLINE(1, NVM_VIRT_SECONDARY_ONLINE), ENABLE(VF, 0x77), ADMIN(VF, IDENTIFY, 1, 0, 0),
	ADMIN(VF, GET_LOG, 0xff0005, 0, 0), ADMIN(VF, GET_LOG, 0xff0012, 0, 0),
	FEATURE(VF, 4, 0, 1), VF | OP_SHADOW, 40, 41, CONSUME(VF, 0), MOVE_ADOPTED, VF | OP_RESUME,
	VF | OP_MOVE, VF | OP_RESUME, ONLINE(1, NVM_VIRT_SECONDARY_OFFLINE), DEVICE_IDENTITY(VF),
	ONLINE(1, NVM_VIRT_SECONDARY_ONLINE));

#define IDENTIFY_IT(cns, nsid)	QUIET | ADMIN(VF, IDENTIFY, cns, 0, nsid)
#define GET_IT(what, nsid)	QUIET | FEATURE(VF, 0x40 | (what), nsid, 0)
#define LOG_IT(lid)		QUIET | ADMIN(VF, GET_LOG, 0xff0000 | (lid), 0, 0)
PROGRAM(identification, ENABLE(VF, 0xff), IDENTIFY_IT(0x00, 1), IDENTIFY_IT(0x02, 0),
	IDENTIFY_IT(0x03, 1), IDENTIFY_IT(0x05, 1), IDENTIFY_IT(0x06, 0), IDENTIFY_IT(0x07, 0),
	IDENTIFY_IT(0x08, 1), IDENTIFY_IT(0x1c, 0), RING(VF, 0), CONSUME(VF, 0), ENABLE(0, 0xff),
	ADMIN(0, IDENTIFY, 0x14, 0, 0), ADMIN(0, IDENTIFY, 0x15, 0, 0),
	ADMIN(0, IDENTIFY, 0x10, 0, 0), ADMIN(0, IDENTIFY, 0x11, 0, 1),
	ADMIN(0, IDENTIFY, 0x12, 0, 1), ADMIN(0, IDENTIFY, 0x13, 0, 0), RING(0, 0), CONSUME(0, 0));
PROGRAM(features_read, ENABLE(VF, 0xff), GET_IT(0, 0), GET_IT(1, 0), GET_IT(2, 0), GET_IT(3, 1),
	GET_IT(4, 0), GET_IT(5, 0), GET_IT(9, 0), GET_IT(10, 0), RING(VF, 0), CONSUME(VF, 0),
	GET_IT(11, 0), GET_IT(13, 1), GET_IT(14, 1), GET_IT(15, 1),
	QUIET | ADMIN(VF, GET_FEATURES, NVM_FEAT_TIMESTAMP, 0, 0), RING(VF, 0), CONSUME(VF, 0),
	FEATURE(VF, SAVE_IT | 0, 0, 3), FEATURE(VF, SAVE_IT | 1, 0, 0),
	FEATURE(VF, SAVE_IT | 9, 0, 1), FEATURE(VF, SAVE_IT | 10, 0, 100),
	FEATURE(VF, SAVE_IT | 4, 0, 1), VF | OP_MOVE, VF | OP_RESUME, VF | OP_RESET, 2,
	ENABLE(VF, 0xff));
PROGRAM(logs, ENABLE(VF, 0xff), ADMIN(VF, 99, 0, 0, 0), LOG_IT(0), LOG_IT(1), LOG_IT(2), LOG_IT(3),
	LOG_IT(4), LOG_IT(5), LOG_IT(0x12), LOG_IT(0x80), RING(VF, 0), CONSUME(VF, 0),
	ENABLE(0, 0xff), ADMIN(0, GET_LOG, 0xff00c0, 0, 0), ADMIN(0, GET_LOG, 0xff00c1, 0, 0),
	ADMIN(0, GET_LOG, 0xff00c1, 0x20000, 0), RING(0, 0), CONSUME(0, 0));

PROGRAM(user_data, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0),
	ADMIN(0, ASYNC_EVENT, 0, 0, 0), CREATE_CDQ, HMLM(NVMOVE_HMLM_TRACK_SEND, 0x10000, 1),
	IO(VF, 1, WRITE, 1, 0, 15), IO(VF, 1, WRITE_ZEROES, 1, 8, 31), IO(VF, 1, DSM, 1, 0, 0),
	IO(VF, 1, WRITE, 2, 40, 1), RING(VF, 1), VF | OP_DRAIN, SET_HEAD(2), CONSUME(VF, 1),
	HMLM(NVMOVE_HMLM_MIGRATION_SEND, 0, 0x10002), HMLM(NVMOVE_HMLM_MIGRATION_SEND, 1, 2),
	IO(VF, 1, WRITE, 1, 90, 3), RING(VF, 1), VF | OP_DRAIN, SET_HEAD(6),
	HMLM(NVMOVE_HMLM_TRACK_SEND, 0, 1), ADMIN(0, GET_FEATURES, NVMOVE_HMLM_FEAT_CDQ, 1, 0),
	HMLM(NVMOVE_HMLM_CDQ, 1, 1));

PROGRAM(tracking, ENABLE(0, 0xff), ENABLE(VF, 0xff), QUEUE(VF, 1, 0xff), CONSUME(VF, 0), TRACKED_RANGE,
	HMLM(NVMOVE_HMLM_TRACK_SEND, 0x10001, 2), IO(VF, 1, READ, 1, 0, 15), IO(VF, 1, READ, 2, 8, 1),
	RING(VF, 1), TRACK_RECEIVE(5), VF | OP_DRAIN, CONSUME(VF, 1), TRACK_RECEIVE(8),
	HMLM(NVMOVE_HMLM_MIGRATION_SEND, 0, 0x10002), TRACK_RECEIVE(64),
	HMLM(NVMOVE_HMLM_MIGRATION_SEND, 1, 2), HMLM(NVMOVE_HMLM_TRACK_SEND, 1, 2),
	HMLM(NVMOVE_HMLM_TRACK_SEND, 0x10001, 2), VF | OP_RESET, 0, TRACK_RECEIVE(64));

static const struct seed programs[] = {
	SEED(identification), SEED(features_read), SEED(logs),
	SEED(reservations), SEED(registrants), SEED(shadow_doorbells), SEED(shadow_doorbells_gone),
	SEED(coalescing), SEED(write_protection), SEED(namespaces), SEED(adoption), SEED(identities),
	SEED(masked), SEED(suspended), SEED(deletion), SEED(suspend_given_up), SEED(pieces),
	SEED(expiry), SEED(shutdown), SEED(disabled), SEED(enabled),
	SEED(inputs_and_outputs), SEED(full), SEED(events),
	SEED(tracking), SEED(user_data), SEED(features), SEED(migration), SEED(standard),
	SEED(standard_pieces), SEED(standard_parts), SEED(resets), SEED(resources), SEED(memory),
};

PROGRAM(plain, 0x01, 0, 0, 0, 2, 3, 0x11, 0x00, 0, 0, 0, 2, 3, 0, 0x02, 0, 0, 0, 0, 0, 0);
PROGRAM(by_uring, 0x29, 1, 2, 7, 8, 0x93, 0x22, 0x0b, 0, 3, 0, 4, 0, 0, 0x08, 0, 0, 0, 0x10, 9, 0);
PROGRAM(by_threads, 0x31, 1, 2, 7, 8, 0x93, 0x33, 0x54, 0, 1, 0, 9, 0, 0, 0x90, 0, 0, 0,
	0x10, 9, 0);
PROGRAM(read_only, 0x18, 0, 0, 0xff, 0, 0, 0, 0x19, 0, 0, 9, 0, 0, 1);
PROGRAM(beyond, 0x00, 0x00, 0xf8, 0x05, 0xf8, 0, 0, 0x09, 0xff, 0xf7, 2, 0, 0, 1, 0x0f, 0, 0, 0, 0,
	0x77, 0);

static const struct seed media[] = {
	SEED(plain), SEED(by_uring), SEED(by_threads), SEED(read_only), SEED(beyond),
};

static void write_file(const char *directory, const char *name, const void *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* @parts of @ctrl as the loader's fuzzer takes them: a byte, the state. */
static void write_parts(const char *directory, const char *name, const struct nvmove_ctrl *ctrl,
			unsigned int parts)
{
	size_t size = state_size(ctrl, parts);
	uint8_t *bytes = calloc(1, size + 1);

	expect(bytes && state_save(ctrl, parts, ctrl_now_ns(ctrl), bytes + 1, size) > 0,
	       "no memory");
	write_file(directory, name, bytes, size + 1);
	free(bytes);
}

/* What the secondary is after a program, as a state and as a question. */
static void write_state(const char *directory, const char *name, struct machine *machine)
{
	const struct nvmove_ctrl *ctrl = machine->function[1].ctrl;
	char question[64];

	snprintf(question, sizeof(question), "%s_question", name);
	write_parts(directory, question, ctrl, STATE_QUESTION);
	if (ctrl->online && machine_suspend(&machine->function[1]))
		write_parts(directory, name, ctrl, STATE_WHOLE);
}

/* The records of both secondaries, as their fuzzer takes them: a byte, the first's size, both. */
static void write_records(const char *directory, const char *name, struct machine *machine)
{
	const struct nvmove_ctrl *first = machine->function[1].ctrl;
	const struct nvmove_ctrl *second = machine->function[2].ctrl;
	size_t size[2] = { nvmove_ctrl_compat_size(first), nvmove_ctrl_compat_size(second) };
	__le16 first_size = cpu_to_le16(size[0]);
	uint8_t *bytes = calloc(1, 3 + size[0] + size[1]);

	expect(bytes, "no memory");
	memcpy(bytes + 1, &first_size, sizeof(first_size));
	expect(nvmove_ctrl_compat_record(first, bytes + 3, size[0]) > 0 &&
	       nvmove_ctrl_compat_record(second, bytes + 3 + size[0], size[1]) > 0, "no records");
	write_file(directory, name, bytes, 3 + size[0] + size[1]);
	free(bytes);
}

static void write_after(const char *directory, const struct seed *seed,
			void (*write)(const char *directory, const char *name,
				      struct machine *machine))
{
	struct machine *machine = machine_begin();

	program_run(machine, seed->bytes, seed->size);
	machine_drain(machine);
	write(directory, seed->name, machine);
	machine_end(machine);
}

static void write_bytes(const char *directory, const struct seed *seeds, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		write_file(directory, seeds[i].name, seeds[i].bytes, seeds[i].size);
}

int main(int argc, char **argv)
{
	const size_t nr = sizeof(programs) / sizeof(programs[0]);
	const char *target = argc == 3 ? argv[1] : "";

	if (!strcmp(target, "queues")) {
		write_bytes(argv[2], programs, nr);
	} else if (!strcmp(target, "media")) {
		write_bytes(argv[2], media, sizeof(media) / sizeof(media[0]));
	} else if (!strcmp(target, "load") || !strcmp(target, "compat")) {
		for (size_t i = 0; i < nr; i++)
			write_after(argv[2], &programs[i],
				    *target == 'l' ? write_state : write_records);
	} else {
		fprintf(stderr, "usage: seeds queues|load|media|compat DIRECTORY\n");
		return 2;
	}
	return 0;
}
