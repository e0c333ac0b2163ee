/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of a migration management controller: Migration Send and Migration Receive as it submits
 * them on the primary's admin queue, for the controllers of its subsystem.
 */
#ifndef UNIT_MIGRATION_HOST_H
#define UNIT_MIGRATION_HOST_H

#include "state_editor.h"

/** struct formats - CSVI and CSUUIDI */
struct formats {
	unsigned int csvi;
	unsigned int csuuidi;
};

#define WHOLE		((struct formats){ 1, 1 })
#define QUEUES_ALONE	((struct formats){ 1, 0 })
#define VENDOR_ALONE	((struct formats){ 0, 1 })
#define HEADER_ALONE	((struct formats){ 0, 0 })

/** migration_suspend(), migration_resume() - controller @index of @rig */
struct completion migration_suspend(struct rig *rig, unsigned int index);
struct completion migration_resume(struct rig *rig, unsigned int index);

/** migration_get() - Get Controller State: as much as @buffer holds, from @offset on */
struct completion migration_get(struct rig *rig, unsigned int index, struct formats formats,
				uint64_t offset, const struct buffer *buffer);
/** migration_set() - Set Controller State: what @buffer holds, NULL for nothing */
struct completion migration_set(struct rig *rig, unsigned int index, struct formats formats,
				unsigned int sequence, uint64_t offset,
				const struct buffer *buffer);

/** migration_get_all() - read a state in pieces of @piece bytes; all must succeed */
struct state migration_get_all(struct rig *rig, unsigned int index, struct formats formats,
			       size_t piece);
/** migration_set_all() - send one in pieces of @piece bytes; the last completion, or the first error */
struct completion migration_set_all(struct rig *rig, unsigned int index, struct formats formats,
				    const struct state *state, size_t piece);

/** migration_destination() - another host, whose controller 1 is online and was suspended by command */
struct rig *migration_destination(struct rig *source);

/** migration_report() - read the load report */
void migration_report(struct rig *rig, uint8_t report[256]);

/** migration_get_question() - Get Log Page C1h of controller @index: from @offset on, as much as @buffer holds */
struct completion migration_get_question(struct rig *rig, unsigned int index, uint64_t offset,
					 const struct buffer *buffer);
/** migration_question() - read it in pieces of @piece bytes; all must succeed */
struct state migration_question(struct rig *rig, unsigned int index, size_t piece);

#endif /* UNIT_MIGRATION_HOST_H */
