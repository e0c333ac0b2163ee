/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of the migration management controller with a User Data Migration Queue: its memory and
 * the admin commands that a migration sends. What the entries mean is lba_migration_queue.h's.
 */
#ifndef UNIT_CDQ_HOST_H
#define UNIT_CDQ_HOST_H

#include "harness.h"
#include "lba_migration_queue.h"

#define UDE_BYTES	sizeof(struct nvmove_hmlm_user_data_entry)

/**
 * struct cdq_host - a queue of @driver, which is the primary's
 * @cntlid: controller whose changes it logs
 * @slots: size in entries
 * @nr_pages: of a queue described by a PRP list; 0: it is contiguous
 * @prp1: of the command that creates it
 * @page: its memory, page by page
 * @id: CDQID
 */
struct cdq_host {
	struct driver *driver;
	uint16_t cntlid;
	uint32_t slots;
	unsigned int nr_pages;
	uint64_t prp1;
	uint64_t page[512];
	uint16_t id;
};

/** cdq_host_new() - memory for a contiguous queue; nothing is created */
struct cdq_host cdq_host_new(struct rig *rig, unsigned int index, uint32_t slots);
/** cdq_host_new_scattered() - memory for a queue of separate pages, and their list */
struct cdq_host cdq_host_new_scattered(struct rig *rig, unsigned int index, uint32_t slots);
void cdq_host_read(const struct cdq_host *host, uint64_t offset, void *buf, size_t len);
/** cdq_host_entry() - the entry in a slot, new or not */
struct nvmove_hmlm_user_data_entry cdq_host_entry(const struct cdq_host *host, uint32_t slot);

/** cdq_create() - on success @host has the id */
struct completion cdq_create(struct cdq_host *host);
struct completion cdq_delete(const struct cdq_host *host);
struct completion cdq_log(const struct cdq_host *host, unsigned int action);
/** cdq_set_head() - without a trigger */
struct completion cdq_set_head(const struct cdq_host *host, uint32_t head);
struct completion cdq_set_trigger(const struct cdq_host *host, uint32_t head, uint32_t slot);
struct completion cdq_get(const struct cdq_host *host, struct nvmove_hmlm_cdq_feature *feature);

#endif /* UNIT_CDQ_HOST_H */
