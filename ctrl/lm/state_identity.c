// SPDX-License-Identifier: BSD-2-Clause
/*
 * Section 1 of a state: who the controller is and what it offers. It is told once, here; Identify
 * Controller takes it from here.
 */
#include <errno.h>
#include <string.h>

#include "compat.h"
#include "compat_compare.h"
#include "state_load.h"
#include "state_save.h"

/*
 * The texts of struct identity are padded with NULs, as they are here; there is no terminator where
 * one is full.
 */
#define COPY_TEXT(to, from)							\
	memcpy(to, from, sizeof(from) < sizeof(to) ? sizeof(from) : sizeof(to))

void identity_fill(const struct nvmove_ctrl *ctrl, struct nvmove_cstate_identity *to)
{
	const struct identity *from = ctrl->identity;
	uint32_t ctratt = NVM_CTRL_CTRATT_HOST_ID_128;

	if (from->oncs & NVM_CTRL_ONCS_RESERVATIONS)
		ctratt |= NVM_CTRL_CTRATT_RHII;
	*to = (struct nvmove_cstate_identity) {
		.vendor_id = cpu_to_le16(from->vendor_id),
		.subsystem_vendor_id = cpu_to_le16(from->subsystem_vendor_id),
		.ieee_oui = { from->ieee_oui, from->ieee_oui >> 8, from->ieee_oui >> 16 },
		.mdts = from->mdts,
		.cntlid = cpu_to_le16(ctrl->virtual_cntlid),
		.oacs = cpu_to_le16(from->oacs),
		.oncs = cpu_to_le16(from->oncs),
		.vwc = NVM_CTRL_VWC_FLUSH_ALL |
		       (from->volatile_write_cache ? NVM_CTRL_VWC_PRESENT : 0),
		.lpa = NVM_CTRL_LPA_EFFECTS | NVM_CTRL_LPA_EXTENDED,
		.acl = MAX_ABORTS - 1,
		.aerl = MAX_AER - 1,
		.elpe = ERROR_LOG_ENTRIES - 1,
		.nwpc = NVM_CTRL_NWPC_WRITE_PROTECT,
		.kas = cpu_to_le16(1),
		.wctemp = cpu_to_le16(TEMPERATURE_WARNING_K),
		.cctemp = cpu_to_le16(TEMPERATURE_CRITICAL_K),
		.oaes = cpu_to_le32(NVM_CTRL_OAES_NS_ATTR),
		.ctratt = cpu_to_le32(ctratt),
		.version = cpu_to_le32(NVM_VS_2_0),
		.num_namespaces = cpu_to_le32(from->num_namespaces),
		.num_queues = cpu_to_le32(ctrl->num_queues),
		.num_vectors = cpu_to_le32(ctrl->num_vectors),
		.bar_size = cpu_to_le32(nvmove_ctrl_bar_size(ctrl)),
		.cap = cpu_to_le64(ctrl_cap(ctrl)),
	};
	COPY_TEXT(to->subnqn, from->subnqn);
	COPY_TEXT(to->serial, from->serial);
	COPY_TEXT(to->model, from->model);
	COPY_TEXT(to->firmware, from->firmware);
}

void put_identity(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_IDENTITY);
	struct nvmove_cstate_identity *id = writer_reserve(w, sizeof(*id));

	if (id)
		identity_fill(ctrl, id);
	writer_end(w, at);
}

void refuse_first(void *arg, const struct nvmove_compat_reason *reason)
{
	struct refusal *refusal = arg;

	if (refusal->err)
		return;
	refusal->err = load_refuse(refusal->load, -ENOTSUP, refusal->section,
				   "%s: %.82s here, %.82s in the stream", reason->field,
				   reason->destination, reason->source);
}

/*
 * What the controller becomes by adopting @id, in which room for the terminators has been checked.
 */
static void adopt(struct load *load, const struct nvmove_cstate_identity *id)
{
	struct identity *identity = load->adopted;

	*identity = (struct identity) {
		.vendor_id = le16_to_cpu(id->vendor_id),
		.subsystem_vendor_id = le16_to_cpu(id->subsystem_vendor_id),
		.ieee_oui = id->ieee_oui[0] | id->ieee_oui[1] << 8 |
			    (uint32_t)id->ieee_oui[2] << 16,
		.max_queue_entries = NVM_CAP_MQES(le64_to_cpu(id->cap)) + 1,
		.mdts = id->mdts,
		.num_namespaces = le32_to_cpu(id->num_namespaces),
		.oacs = le16_to_cpu(id->oacs),
		.oncs = le16_to_cpu(id->oncs),
		.volatile_write_cache = id->vwc & NVM_CTRL_VWC_PRESENT,
	};
	memcpy(identity->subnqn, id->subnqn, sizeof(identity->subnqn) - 1);
	memcpy(identity->serial, id->serial, sizeof(identity->serial) - 1);
	memcpy(identity->model, id->model, sizeof(identity->model) - 1);
	memcpy(identity->firmware, id->firmware, sizeof(identity->firmware) - 1);
	load->identity = identity;
}

/* Field by field: @id is not the controller's own, or is taken over within limits. */
static int compare_identity(struct load *load, const struct nvmove_cstate_identity *id)
{
	struct refusal refusal = { .load = load, .section = NVMOVE_CSTATE_IDENTITY };
	struct compat_report report = { .fn = refuse_first, .arg = &refusal };
	struct nvmove_compat here;
	int err;

	compat_fill(load->ctrl, &here);
	compat_compare_identity(&report, id, &here);
	err = refusal.err;
	if (!err)
		err = load_check_reserved(load, NVMOVE_CSTATE_IDENTITY, "identity",
					  &id->reserved345, sizeof(id->reserved345));
	if (!err)
		err = load_check_reserved(load, NVMOVE_CSTATE_IDENTITY, "identity",
					  id->reserved380, sizeof(id->reserved380));
	load->adopts = compat_adopts(&here);
	if (!err && load->adopts)
		adopt(load, id);
	return err;
}

int check_identity(struct load *load)
{
	const struct nvmove_cstate_identity *id =
		(const void *)load->section[NVMOVE_CSTATE_IDENTITY].payload;
	struct nvmove_cstate_identity here;
	int err = 0;

	load->identity = load->ctrl->identity;
	load->virtual_cntlid = le16_to_cpu(id->cntlid);
	load->num_queues = le32_to_cpu(id->num_queues);
	load->num_vectors = le32_to_cpu(id->num_vectors);
	identity_fill(load->ctrl, &here);
	if (load->ctrl->vsubsystem->policy == NVMOVE_IDENTITY_ADOPT ||
	    memcmp(id, &here, sizeof(here)))
		err = compare_identity(load, id);
	return err;
}

static int check_namespace_entry(struct load *load, const struct nvmove_cstate_namespace *entry,
				 uint32_t previous)
{
	uint32_t nsid = le32_to_cpu(entry->nsid);

	if (nsid <= previous)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_NAMESPACES,
				   "namespaces: nsid %u follows nsid %u", nsid, previous);
	if (nsid > load->identity->num_namespaces)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_NAMESPACES,
				   "nsid %u: up to %u by the identity", nsid,
				   load->identity->num_namespaces);
	return load_check_reserved(load, NVMOVE_CSTATE_NAMESPACES, "namespaces", entry->reserved6,
				   sizeof(entry->reserved6));
}

/* The lists are compared where their entries differ, so that every difference has its message. */
static int compare_namespaces(struct load *load, const struct nvmove_cstate_namespace *there,
			      size_t nr)
{
	struct refusal refusal = { .load = load, .section = NVMOVE_CSTATE_NAMESPACES };
	struct compat_report report = { .fn = refuse_first, .arg = &refusal };
	const struct nvmove_cstate_namespace *end = there + nr;

	for (uint32_t nsid = 1; nsid < load->ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(load->ctrl, nsid);
		const struct nvmove_cstate_namespace *from = there;
		struct nvmove_cstate_namespace here;

		if (!ns)
			continue;
		compat_fill_namespace(ns, nsid, &here);
		while (there < end && le32_to_cpu(there->nsid) <= nsid)
			there++;
		if (there - from != 1 || memcmp(from, &here, sizeof(here)))
			compat_compare_namespaces(&report, from, there - from, &here, 1);
	}
	if (there < end)
		compat_compare_namespaces(&report, there, end - there, NULL, 0);
	return refusal.err;
}

int check_namespaces(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_NAMESPACES];
	const struct nvmove_cstate_namespace *there = (const void *)section->payload;
	size_t nr = section->length / sizeof(*there);
	uint32_t previous = 0;

	for (size_t i = 0; i < nr; i++) {
		int err = check_namespace_entry(load, &there[i], previous);

		if (err)
			return err;
		previous = le32_to_cpu(there[i].nsid);
	}
	return compare_namespaces(load, there, nr);
}

int check_offered(struct load *load)
{
	if (load->features.volatile_wc && !load->identity->volatile_write_cache)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_FEATURES,
				   "feature %02xh: value %#x without a volatile write cache",
				   NVM_FEAT_VOLATILE_WC, load->features.volatile_wc);
	return 0;
}

void apply_identity(struct load *load)
{
	struct nvmove_ctrl *ctrl = load->ctrl;

	if (!load->adopts)
		return;
	ctrl->vsubsystem->identity = *load->identity;
	ctrl->virtual_cntlid = load->virtual_cntlid;
	ctrl->num_queues = load->num_queues;
	ctrl->num_vectors = load->num_vectors;
}
