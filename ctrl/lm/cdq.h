/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Controller Data Queues (Base 2.3, 8.1.7): the ring, which is cdq.c's, and the log of user data
 * changes that it carries, which is user_data.c's. Nobody else looks into them.
 */
#ifndef LM_CDQ_H
#define LM_CDQ_H

#include "../controller.h"

/*
 * The least that a log can be started in: the first entry, the last one and the slot that tells a
 * full ring from an empty one.
 */
#define CDQ_MIN_SLOTS		3

#define USER_DATA_PENDING	32	/* ranges that wait to be posted */

/** struct user_data_range - changed blocks of a namespace, not yet posted */
struct user_data_range {
	uint32_t nsid;		/* in the device */
	bool deallocated;
	uint64_t slba;
	uint64_t blocks;	/* 1 to 2^32 */
};

enum user_data_log {
	LOG_OFF,
	LOG_ON,
	LOG_SUSPENDED,		/* goes on when the controller does */
};

/**
 * struct cdq - a Controller Data Queue of the primary
 * @next: on the subsystem's list
 * @logged: controller whose user data changes it logs; its @user_data_queue points back
 * @head: first slot that the host has not given back
 * @tail: slot of the next entry; equal to @head if the queue is empty, never made equal by posting
 * @phase: of the next entry
 * @addr: where the slots are, if they are contiguous
 * @page_shift, @page: else the pages that hold them
 * @unwritable: host memory refused an entry: nothing is posted any more
 * @trigger_is_armed, @trigger: the entry in this slot raises an event, once
 * @tail_event, @full_event: order in which the events occurred, 0: none waits to be reported
 * @log: of user_data.c
 * @pending: pairwise disjoint, so that their order says nothing
 */
struct cdq {
	struct cdq *next;
	uint16_t id;
	struct nvmove_ctrl *logged;
	uint32_t slots;
	uint32_t head;
	uint32_t tail;
	bool phase;
	bool unwritable;
	bool trigger_is_armed;
	uint32_t trigger;
	uint64_t tail_event;
	uint64_t full_event;
	uint64_t addr;
	unsigned int page_shift;
	__le64 *page;

	enum user_data_log log;
	unsigned int nr_pending;
	struct user_data_range pending[USER_DATA_PENDING];
};

/* cdq.c */
struct cdq *cdq_find(const struct nvmove_subsystem *subsystem, unsigned int id);
uint32_t cdq_room(const struct cdq *cdq);
void cdq_post(struct cdq *cdq, struct nvmove_hmlm_user_data_entry entry);
void cdq_raise_full(struct cdq *cdq);
void cdq_report(struct nvmove_subsystem *subsystem);

#endif /* LM_CDQ_H */
