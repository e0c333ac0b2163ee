/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The witness of one function: it sees the accesses that a controller makes, works out from
 * them which commands were fetched and which completions were posted, and keeps the accounts.
 * It never helps the controller.
 */
#ifndef FUZZ_WITNESS_H
#define FUZZ_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvmove/nvme.h>

#define IO_QUEUES	4
#define MAX_FETCH	32
#define MAX_COMMANDS	1536

struct function;

/**
 * struct fetched - a read that looks like a fetch from a submission queue; it was one as far as the
 * queue's head moves over it
 */
struct fetched {
	uint32_t head;
	unsigned int nr;
	unsigned int taken;
	struct nvm_sqe sqe[MAX_FETCH];
};

/**
 * struct posted - a write that looks like a completion queue entry; it was one if the queue's tail
 * moves over it
 */
struct posted {
	bool valid;
	uint32_t tail;
	struct nvm_cqe cqe;
};

/** struct cq_account - what the guest knows of a completion queue */
struct cq_account {
	bool exists;
	bool any;		/* @slot and @phase are of an entry */
	bool phase;
	uint32_t slot;		/* newest entry */
	uint32_t head;
	uint32_t unread;
};

/** struct owed - a command whose completion is to come */
struct owed {
	uint16_t sqid;
	uint16_t cid;
	uint16_t cqid;
	uint8_t opcode;
	bool may_vanish;	/* its completion queue was deleted under it */
};

struct witness {
	uint32_t epoch;
	struct fetched fetched[IO_QUEUES + 1];
	struct posted posted[IO_QUEUES + 1];
	struct cq_account cq[IO_QUEUES + 1];
	unsigned int nr_owed;
	struct owed owed[MAX_COMMANDS];
};

/** witness_look() - account for what the last access turned out to be; also after each operation */
void witness_look(struct function *f);

/** witness_access() - the controller touches host memory or signals: it must be one that may */
void witness_access(struct function *f, const char *what);

void witness_read(struct function *f, uint64_t addr, const void *data, size_t len);
void witness_write(struct function *f, uint64_t addr, const void *data, size_t len);

/** witness_moved() - the accounts go on with another controller that has taken the state */
void witness_moved(struct function *f);

/** witness_adopt() - the accounts begin with what the controller's state says */
void witness_adopt(struct function *f);

/** witness_end() - all is quiet and every completion was read: nothing may be owed but events */
void witness_end(struct function *f);

#endif /* FUZZ_WITNESS_H */
