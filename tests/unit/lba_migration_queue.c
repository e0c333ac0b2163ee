// SPDX-License-Identifier: BSD-2-Clause
/*
 * The reader of an LBA Migration Queue; see lba_migration_queue.h.
 */
#include <nvmove/lm.h>

#include "byteorder.h"
#include "lba_migration_queue.h"

void lba_migration_queue_init(struct lba_migration_queue *queue, uint32_t slots,
			      const struct lba_migration_ops *ops, void *arg)
{
	*queue = (struct lba_migration_queue) {
		.slots = slots,
		.phase = true,
		.log = LBA_MIGRATION_OFF,
		.ops = ops,
		.arg = arg,
	};
}

/* The phase tag first: an entry that is new is whole. */
static bool read_entry(struct lba_migration_queue *queue, struct nvmove_hmlm_user_data_entry *entry)
{
	uint64_t offset = queue->head * (uint64_t)sizeof(*entry);
	uint8_t attributes;

	queue->ops->read(queue->arg,
			 offset + offsetof(struct nvmove_hmlm_user_data_entry, attributes),
			 &attributes, 1);
	if ((attributes & NVMOVE_HMLM_UDE_PHASE) != queue->phase)
		return false;
	queue->ops->read(queue->arg, offset, entry, sizeof(*entry));
	if (++queue->head == queue->slots) {
		queue->head = 0;
		queue->phase = !queue->phase;
	}
	return true;
}

static void apply(struct lba_migration_queue *queue,
		  const struct nvmove_hmlm_user_data_entry *entry)
{
	uint32_t nsid = le32_to_cpu(entry->nsid);
	uint64_t slba = le64_to_cpu(entry->slba);
	uint64_t blocks = (uint64_t)le32_to_cpu(entry->nlb) + 1;

	if (NVMOVE_HMLM_UDE_LBACIR(entry->attributes) == NVMOVE_HMLM_LBACIR_NAMESPACE)
		queue->ops->copy_namespace(queue->arg, nsid);
	else if (NVMOVE_HMLM_UDE_LBACIR(entry->attributes) != NVMOVE_HMLM_LBACIR_RANGE)
		return;
	else if (entry->attributes & NVMOVE_HMLM_UDE_DEALLOCATED)
		queue->ops->deallocate(queue->arg, nsid, slba, blocks);
	else
		queue->ops->copy(queue->arg, nsid, slba, blocks);
}

/* What an entry's place in the log is, and where the log is after it. */
static enum lba_migration_news follow(struct lba_migration_queue *queue, unsigned int esa)
{
	enum lba_migration_log before = queue->log;

	switch (esa) {
	case NVMOVE_HMLM_ESA_NONE:
		return before == LBA_MIGRATION_ON ? LBA_MIGRATION_ENTRY : LBA_MIGRATION_LOST;
	case NVMOVE_HMLM_ESA_FIRST:
		queue->log = LBA_MIGRATION_ON;
		return before == LBA_MIGRATION_ON ? LBA_MIGRATION_LOST : LBA_MIGRATION_ENTRY;
	case NVMOVE_HMLM_ESA_STOPPED:
		queue->log = LBA_MIGRATION_OFF;
		return before == LBA_MIGRATION_OFF ? LBA_MIGRATION_LOST : LBA_MIGRATION_ENDED;
	case NVMOVE_HMLM_ESA_SUSPENDED:
		queue->log = LBA_MIGRATION_SUSPENDED;
		return before == LBA_MIGRATION_ON ? LBA_MIGRATION_QUIET : LBA_MIGRATION_LOST;
	default:
		queue->log = LBA_MIGRATION_OFF;
		return LBA_MIGRATION_LOST;
	}
}

enum lba_migration_news lba_migration_queue_take(struct lba_migration_queue *queue)
{
	struct nvmove_hmlm_user_data_entry entry;
	enum lba_migration_news news;

	if (!read_entry(queue, &entry))
		return LBA_MIGRATION_NONE;
	news = follow(queue, NVMOVE_HMLM_UDE_ESA(entry.attributes));
	if (news != LBA_MIGRATION_LOST)
		apply(queue, &entry);
	return news;
}
