/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random commands, most of them legal, and where a guest keeps what they refer to. They know of no
 * controller.
 */
#ifndef MODEL_COMMANDS_H
#define MODEL_COMMANDS_H

#include <nvmove/nvme.h>

#include "action.h"
#include "random.h"

#define ADMIN_SQ	0x0000
#define ADMIN_CQ	0x1000
#define ADMIN_ENTRIES	32
#define IO_SQ(qid)	(0x10000 + (qid) * 0x1000)
#define IO_CQ(qid)	(0x20000 + (qid) * 0x1000)
#define SQ_AT(qid)	((qid) ? IO_SQ(qid) : ADMIN_SQ)
#define SHADOW		0x30000	/* pages for doorbells, then for event indexes */
#define EVENT_INDEXES	0x40000
#define NR_SHADOW	3
#define LISTS		0x100000
#define NR_LISTS	16
#define DATA		0x200000
#define DATA_PAGES	256

#define MAX_QID		(IO_QUEUES + 3)	/* in commands; the last ones do not exist */

#define CC_GOOD		(6u << 16 | 4u << 20)

void make_admin(struct random *random, struct nvm_sqe *sqe);
void make_io(struct random *random, struct nvm_sqe *sqe);

/*
 * The data structure that @sqe refers to, where random bytes would seldom make sense: fills in an
 * ACTION_DATA; false if the command has none.
 */
bool make_data(struct random *random, const struct nvm_sqe *sqe, bool admin, struct action *action);

#endif /* MODEL_COMMANDS_H */
