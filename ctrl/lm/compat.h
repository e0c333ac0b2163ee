/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire structures that say what a controller is, filled in from a controller: for its state,
 * and for its compatibility record.
 */
#ifndef LM_COMPAT_H
#define LM_COMPAT_H

#include <nvmove/compat.h>

#include "../controller.h"

/* state_identity.c: who @ctrl is and what it offers. */
void identity_fill(const struct nvmove_ctrl *ctrl, struct nvmove_cstate_identity *to);

/* The namespace @ns, which the host sees as @nsid. */
void compat_fill_namespace(const struct nvmove_namespace *ns, uint32_t nsid,
			   struct nvmove_cstate_namespace *entry);

/* The record of @ctrl but for its lists, their lengths, its length and checksum. */
void compat_fill(const struct nvmove_ctrl *ctrl, struct nvmove_compat *record);

#endif /* LM_COMPAT_H */
