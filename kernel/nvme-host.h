/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's nvme-core module exports to every module but declares only in its own
 * directory. Declarations alone: the layout of struct nvme_ctrl is private and comes from
 * nvme-layout.h.
 */
#ifndef NVMOVE_NVME_HOST_H
#define NVMOVE_NVME_HOST_H

#include <linux/blkdev.h>
#include <linux/nvme.h>

struct nvme_ctrl;

typedef __u32 __bitwise nvme_submit_flags_t;

#define NVMOVE_NVME_QID_ANY	(-1)

int __nvme_submit_sync_cmd(struct request_queue *q, struct nvme_command *cmd,
			   union nvme_result *result, void *buffer, unsigned int bufflen,
			   int qid, nvme_submit_flags_t flags);

void nvme_stop_keep_alive(struct nvme_ctrl *ctrl);

#endif /* NVMOVE_NVME_HOST_H */
