/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a host reads an LBA Migration Queue (NVM Command Set 1.1, 5.6) and keeps a copy of namespaces
 * up to date with it. Reference code: it knows the entries and nothing of tests, of admin commands,
 * or of who makes the copy.
 */
#ifndef UNIT_LBA_MIGRATION_QUEUE_H
#define UNIT_LBA_MIGRATION_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct lba_migration_ops - what a reader needs
 * @read: copy @len bytes at @offset of the queue's memory. A call sees nothing older than the call
 *	before it did: where the memory is read directly this is a read barrier
 * @copy: read the blocks from the source now and write them to the copy
 * @copy_namespace: the same with the whole namespace
 * @deallocate: the blocks were deallocated: do the same to the copy, or @copy. Who follows the logs
 *	of several controllers that share the namespace has to @copy, because the logs have no
 *	common order
 */
struct lba_migration_ops {
	void (*read)(void *arg, uint64_t offset, void *buf, size_t len);
	void (*copy)(void *arg, uint32_t nsid, uint64_t slba, uint64_t blocks);
	void (*copy_namespace)(void *arg, uint32_t nsid);
	void (*deallocate)(void *arg, uint32_t nsid, uint64_t slba, uint64_t blocks);
};

enum lba_migration_log {
	LBA_MIGRATION_OFF,
	LBA_MIGRATION_ON,
	LBA_MIGRATION_SUSPENDED,
};

/**
 * struct lba_migration_queue - a queue and where its reader is
 * @slots: size in entries; the memory is all zero when the queue is created
 * @head: next slot to be read. It is also what the controller has to be told, by feature 21h, to
 *	get the slots before it back
 * @phase: of the next new entry
 * @log: what the entries read so far say of the log
 * @ops, @arg: of the caller
 */
struct lba_migration_queue {
	uint32_t slots;
	uint32_t head;
	bool phase;
	enum lba_migration_log log;
	const struct lba_migration_ops *ops;
	void *arg;
};

/**
 * enum lba_migration_news - what one entry was
 * @LBA_MIGRATION_NONE: there is no new entry
 * @LBA_MIGRATION_ENTRY: the copy has what it says; there may be more
 * @LBA_MIGRATION_ENDED: likewise, and it is the last: logging was stopped by request
 * @LBA_MIGRATION_QUIET: likewise, and it is the last before the controller is resumed: with every
 *	entry read the copy is what the namespaces are
 * @LBA_MIGRATION_LOST: the queue became full, or the entry cannot be what follows from those before
 *	it. Changes are lost: logging must be started anew, and then everything copied again
 */
enum lba_migration_news {
	LBA_MIGRATION_NONE,
	LBA_MIGRATION_ENTRY,
	LBA_MIGRATION_ENDED,
	LBA_MIGRATION_QUIET,
	LBA_MIGRATION_LOST,
};

/** lba_migration_queue_init() - a queue that was just created, of @slots slots */
void lba_migration_queue_init(struct lba_migration_queue *queue, uint32_t slots,
			      const struct lba_migration_ops *ops, void *arg);

/** lba_migration_queue_take() - read one entry, if there is a new one, and do what it says */
enum lba_migration_news lba_migration_queue_take(struct lba_migration_queue *queue);

#endif /* UNIT_LBA_MIGRATION_QUEUE_H */
