// SPDX-License-Identifier: BSD-2-Clause
/*
 * Compatibility record of a controller: what it is, what it could be. It judges nothing; that is
 * compat_check.c's.
 */
#include <errno.h>
#include <string.h>

#include "compat.h"
#include "state_load.h"
#include "state_save.h"

void compat_fill_namespace(const struct nvmove_namespace *ns, uint32_t nsid,
			   struct nvmove_cstate_namespace *entry)
{
	*entry = (struct nvmove_cstate_namespace) {
		.nsid = cpu_to_le32(nsid),
		.lba_shift = ns->lba_shift,
		.flags = namespace_flags(ns),
		.blocks = cpu_to_le64(ns->blocks),
	};
	memcpy(entry->uuid, ns->uuid, sizeof(entry->uuid));
	memcpy(entry->nguid, ns->nguid, sizeof(entry->nguid));
	memcpy(entry->eui64, ns->eui64, sizeof(entry->eui64));
}

static size_t fill_namespaces(const struct nvmove_ctrl *ctrl, struct nvmove_cstate_namespace *to)
{
	size_t n = 0;

	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(ctrl, nsid);

		if (ns)
			compat_fill_namespace(ns, nsid, &to[n++]);
	}
	return n;
}

static void fill_limits(const struct nvmove_ctrl *ctrl, struct nvmove_compat_limits *limits)
{
	const struct identity *most = &ctrl->subsystem->device.identity;

	*limits = (struct nvmove_compat_limits) {
		.mdts = most->mdts,
		.vwc = most->volatile_write_cache ? NVM_CTRL_VWC_PRESENT : 0,
		.oacs = cpu_to_le16(most->oacs),
		.oncs = cpu_to_le16(most->oncs),
		.num_queues = cpu_to_le32(virt_secondary_limit(ctrl, NVM_VIRT_RT_VQ)),
		.num_vectors = cpu_to_le32(virt_secondary_limit(ctrl, NVM_VIRT_RT_VI)),
		.num_namespaces = cpu_to_le32(most->num_namespaces),
		.max_queue_entries = cpu_to_le32(most->max_queue_entries),
	};
}

static uint8_t protocols(const struct nvmove_subsystem *subsystem)
{
	return (subsystem->protocols & NVMOVE_PROTOCOL_RFC ? NVMOVE_COMPAT_F_RFC : 0) |
	       (subsystem->protocols & NVMOVE_PROTOCOL_HMLM ? NVMOVE_COMPAT_F_HMLM : 0);
}

void compat_fill(const struct nvmove_ctrl *ctrl, struct nvmove_compat *record)
{
	bool adopts = ctrl->vsubsystem->policy == NVMOVE_IDENTITY_ADOPT;

	*record = (struct nvmove_compat) {
		.magic = NVMOVE_COMPAT_MAGIC,
		.major = cpu_to_le16(NVMOVE_COMPAT_MAJOR),
		.minor = cpu_to_le16(NVMOVE_COMPAT_MINOR),
		.state_major = cpu_to_le16(NVMOVE_CSTATE_MAJOR),
		.state_minor = cpu_to_le16(NVMOVE_CSTATE_MINOR),
		.reads_major_min = cpu_to_le16(NVMOVE_CSTATE_MAJOR),
		.reads_major_max = cpu_to_le16(NVMOVE_CSTATE_MAJOR),
		.sections_written = cpu_to_le64(load_sections()),
		.sections_read = cpu_to_le64(load_sections()),
		.sections_required = cpu_to_le64(load_sections()),
		.policy = adopts ? NVMOVE_COMPAT_ADOPT : NVMOVE_COMPAT_CHECK,
		.protocols = protocols(ctrl->subsystem),
		.num_members = cpu_to_le16(vsubsystem_num_members(ctrl->vsubsystem)),
	};
	identity_fill(ctrl, &record->identity);
	fill_limits(ctrl, &record->limits);
}

static size_t locators_size(const struct nvmove_ctrl *ctrl)
{
	struct writer counting = { .buf = NULL };

	put_locator_list(&counting, ctrl);
	return counting.len;
}

size_t nvmove_ctrl_compat_size(const struct nvmove_ctrl *ctrl)
{
	size_t size = sizeof(struct nvmove_compat);

	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		if (ctrl_namespace(ctrl, nsid))
			size += sizeof(struct nvmove_cstate_namespace);
	}
	return size + locators_size(ctrl);
}

long nvmove_ctrl_compat_record(const struct nvmove_ctrl *ctrl, void *buf, size_t size)
{
	struct writer w = { .buf = buf, .size = size };
	struct nvmove_compat *record = buf;
	size_t nr_namespaces;

	if (ctrl_is_primary(ctrl))
		return -EINVAL;
	if (size < nvmove_ctrl_compat_size(ctrl))
		return -ENOSPC;
	compat_fill(ctrl, record);
	nr_namespaces = fill_namespaces(ctrl, (void *)(record + 1));
	record->nr_namespaces = cpu_to_le32(nr_namespaces);
	w.len = sizeof(*record) + nr_namespaces * sizeof(struct nvmove_cstate_namespace);
	put_locator_list(&w, ctrl);
	record->length = cpu_to_le32(w.len);
	record->locators_length = cpu_to_le32(locators_size(ctrl));
	record->crc = cpu_to_le32(nvmove_crc32c(0, record, w.len));
	return w.len;
}
