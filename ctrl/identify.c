// SPDX-License-Identifier: BSD-2-Clause
/*
 * Identify (Base 5.17, NVM Command Set 4.1.5): what a controller says of itself, of its namespaces
 * and, to the primary alone, of other controllers. It changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "lm/compat.h"

#define ANY_CSI	(-1)

static void copy_padded(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	memcpy(to, from, len);
	memset(to + len, ' ', size - len);
}

/* A 128-bit number of bytes. */
static void put_bytes(uint8_t to[16], uint64_t bytes)
{
	for (unsigned int i = 0; i < 8; i++)
		to[i] = bytes >> (8 * i);
}

/* What a state carries of it too. */
static void fill_identity(const struct nvmove_ctrl *ctrl, struct nvm_id_ctrl *id)
{
	const struct identity *texts = ctrl->identity;
	struct nvmove_cstate_identity identity;

	identity_fill(ctrl, &identity);
	id->vid = identity.vendor_id;
	id->ssvid = identity.subsystem_vendor_id;
	copy_padded(id->sn, texts->serial, sizeof(id->sn));
	copy_padded(id->mn, texts->model, sizeof(id->mn));
	copy_padded(id->fr, texts->firmware, sizeof(id->fr));
	memcpy(id->ieee, identity.ieee_oui, sizeof(id->ieee));
	id->mdts = identity.mdts;
	id->cntlid = identity.cntlid;
	id->ver = identity.version;
	id->oaes = identity.oaes;
	id->ctratt = identity.ctratt;
	id->oacs = identity.oacs;
	id->acl = identity.acl;
	id->aerl = identity.aerl;
	id->lpa = identity.lpa;
	id->elpe = identity.elpe;
	id->npss = identity.npss;
	id->wctemp = identity.wctemp;
	id->cctemp = identity.cctemp;
	id->kas = identity.kas;
	id->nwpc = identity.nwpc;
	id->nn = identity.num_namespaces;
	id->oncs = identity.oncs;
	id->vwc = identity.vwc;
	strcpy(id->subnqn, texts->subnqn);
}

/* Fill in what @ctrl says of itself; @id is zeroed. */
static void fill_ctrl(const struct nvmove_ctrl *ctrl, struct nvm_id_ctrl *id)
{
	bool has_secondaries = ctrl_is_primary(ctrl) && ctrl->subsystem->num_ctrls > 1;

	fill_identity(ctrl, id);
	id->rab = 4;
	if (ctrl->subsystem->num_ctrls > 1)
		id->cmic = NVM_CTRL_CMIC_MULTI_CTRL;
	if (ctrl_vf_number(ctrl))
		id->cmic |= NVM_CTRL_CMIC_SRIOV;
	id->rtd3r = cpu_to_le32(1000000);
	id->rtd3e = cpu_to_le32(10000000);
	id->cntrltype = NVM_CTRL_TYPE_IO;
	if (has_secondaries)
		id->oacs |= cpu_to_le16(NVM_CTRL_OACS_VIRT_MGMT);
	if (ctrl_is_primary(ctrl)) {
		id->oacs |= cpu_to_le16(NVM_CTRL_OACS_NS_MGMT);
		put_bytes(id->tnvmcap, ns_mgmt_total_capacity(ctrl->subsystem));
		put_bytes(id->unvmcap, ns_mgmt_free_capacity(ctrl->subsystem));
	}
	id->frmw = NVM_CTRL_FRMW_SLOT1_RO | NVM_CTRL_FRMW_ONE_SLOT;
	id->sqes = 6 << 4 | 6;
	id->cqes = 4 << 4 | 4;
	id->psd[0].max_power = cpu_to_le16(2500);
	if (ctrl_speaks(ctrl, NVMOVE_PROTOCOL_HMLM))
		hmlm_fill_ctrl(id);
	if (ctrl_speaks(ctrl, NVMOVE_PROTOCOL_RFC))
		((uint8_t *)id)[NVMOVE_RFC_ID_CTRL_OFFSET] = NVMOVE_RFC_ID_CTRL_SUPPORTED;
}

static uint32_t identify_ctrl(struct ctrl_request *req, void *data)
{
	fill_ctrl(req->ctrl, data);
	return NVM_SC_SUCCESS;
}

/* What is true of every namespace, existing or to be created. */
static void fill_capabilities(struct nvm_id_ns *id)
{
	id->nlbaf = NR_LBA_FORMATS - 1;
	for (unsigned int i = 0; i < NR_LBA_FORMATS; i++)
		id->lbaf[i].lbads = lba_format_shift(i);
	id->dlfeat = NVM_NS_DLFEAT_ZEROES | NVM_NS_DLFEAT_WZ_DEAC;
}

static uint8_t nmic(const struct nvmove_namespace *ns)
{
	return ns->is_private ? 0 : NVM_NS_NMIC_SHARED;
}

static uint8_t nsattr(const struct nvmove_namespace *ns)
{
	return namespace_is_write_protected(ns) ? NVM_NS_NSATTR_WRITE_PROTECTED : 0;
}

static uint8_t reservation_capabilities(const struct nvmove_ctrl *ctrl)
{
	if (!(ctrl->identity->oncs & NVM_CTRL_ONCS_RESERVATIONS))
		return 0;
	return NVM_NS_RESCAP_PTPL | NVM_NS_RESCAP_ALL_TYPES | NVM_NS_RESCAP_IEKEY_1_3;
}

static void fill_namespace(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns,
			   struct nvm_id_ns *id)
{
	fill_capabilities(id);
	id->nsze = cpu_to_le64(ns->blocks);
	id->ncap = id->nsze;
	id->nuse = id->nsze;
	id->flbas = lba_format_of(ns);
	id->nmic = nmic(ns);
	id->rescap = reservation_capabilities(ctrl);
	id->nsattr = nsattr(ns);
	put_bytes(id->nvmcap, ns->blocks << ns->lba_shift);
	memcpy(id->nguid, ns->nguid, sizeof(id->nguid));
	memcpy(id->eui64, ns->eui64, sizeof(id->eui64));
}

static uint32_t identify_ns(struct ctrl_request *req, void *data)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	const struct nvmove_namespace *ns = ctrl_namespace(req->ctrl, nsid);
	struct nvm_id_ns *id = data;

	/* Who manages namespaces may ask for what all of them have in common. */
	if (nsid == NVM_NSID_ALL && ctrl_is_primary(req->ctrl)) {
		fill_capabilities(id);
		return NVM_SC_SUCCESS;
	}
	if (!ctrl_nsid_valid(req->ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	if (ns)
		fill_namespace(req->ctrl, ns, id);
	return NVM_SC_SUCCESS;	/* inactive: all zeroes */
}

static uint32_t fill_ns_list(struct ctrl_request *req, void *data, bool attached_only)
{
	const struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	uint32_t after = le32_to_cpu(req->cmd.nsid);
	__le32 *list = data;
	unsigned int n = 0;

	if (after >= 0xfffffffe)
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	for (uint32_t nsid = after + 1; nsid <= req->ctrl->identity->num_namespaces &&
	     n < NVM_IDENTIFY_SIZE / sizeof(*list); nsid++) {
		if (attached_only ? ctrl_namespace(req->ctrl, nsid) : subsystem->ns[nsid])
			list[n++] = cpu_to_le32(nsid);
	}
	return NVM_SC_SUCCESS;
}

static uint32_t identify_active_ns(struct ctrl_request *req, void *data)
{
	return fill_ns_list(req, data, true);
}

/* The primary alone learns of namespaces that are not attached to it. */
static uint32_t identify_allocated_ns(struct ctrl_request *req, void *data)
{
	return fill_ns_list(req, data, false);
}

static uint32_t identify_allocated_ns_data(struct ctrl_request *req, void *data)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);

	if (!ctrl_nsid_valid(req->ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	if (req->ctrl->subsystem->ns[nsid])
		fill_namespace(req->ctrl, req->ctrl->subsystem->ns[nsid], data);
	return NVM_SC_SUCCESS;	/* not allocated: all zeroes */
}

static uint8_t *add_descriptor(uint8_t *at, uint8_t type, const void *id, uint8_t len)
{
	struct nvm_ns_desc *desc = (struct nvm_ns_desc *)at;

	desc->nidt = type;
	desc->nidl = len;
	memcpy(desc + 1, id, len);
	return at + sizeof(*desc) + len;
}

static uint32_t identify_ns_desc(struct ctrl_request *req, void *data)
{
	const struct nvmove_namespace *ns = ctrl_namespace(req->ctrl, le32_to_cpu(req->cmd.nsid));
	uint8_t csi = NVM_CSI_NVM;
	uint8_t *at = data;

	if (!ns)
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	if (namespace_uuid_is_set(ns->eui64, sizeof(ns->eui64)))
		at = add_descriptor(at, NVM_NIDT_EUI64, ns->eui64, sizeof(ns->eui64));
	if (namespace_uuid_is_set(ns->nguid, sizeof(ns->nguid)))
		at = add_descriptor(at, NVM_NIDT_NGUID, ns->nguid, sizeof(ns->nguid));
	at = add_descriptor(at, NVM_NIDT_UUID, ns->uuid, sizeof(ns->uuid));
	add_descriptor(at, NVM_NIDT_CSI, &csi, 1);
	return NVM_SC_SUCCESS;
}

/* The NVM command set defines nothing beyond Identify Namespace that this controller has. */
static uint32_t identify_csi_ns(struct ctrl_request *req, void *data)
{
	(void)data;
	if (!ctrl_nsid_valid(req->ctrl, le32_to_cpu(req->cmd.nsid)))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

/* All zeroes: no limit on Write Zeroes, Verify and the ranges of Dataset Management. */
static uint32_t identify_csi_ctrl(struct ctrl_request *req, void *data)
{
	(void)req;
	(void)data;
	return NVM_SC_SUCCESS;
}

static uint32_t identify_indep_ns(struct ctrl_request *req, void *data)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	struct nvm_id_ns_indep *id = data;
	const struct nvmove_namespace *ns;

	if (!ctrl_nsid_valid(req->ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	ns = ctrl_namespace(req->ctrl, nsid);
	if (ns) {
		id->nmic = nmic(ns);
		id->rescap = reservation_capabilities(req->ctrl);
		id->nsattr = nsattr(ns);
		id->nstat = NVM_NSTAT_READY;
	}
	return NVM_SC_SUCCESS;
}

/*
 * Whether @ctrl may learn that @other exists: a secondary knows of no neighbour (R15).
 */
static bool may_see(const struct nvmove_ctrl *ctrl, const struct nvmove_ctrl *other)
{
	return ctrl_is_primary(ctrl) || ctrl == other;
}

/* The primary addresses controllers by their ids in the device, which are its own view's. */
static uint16_t shown_cntlid(const struct nvmove_ctrl *ctrl, const struct nvmove_ctrl *other)
{
	return ctrl_is_primary(ctrl) ? other->cntlid : other->virtual_cntlid;
}

/* @ns: only controllers that it is attached to; NULL: all. */
static void fill_ctrl_list(struct ctrl_request *req, void *data, const struct nvmove_namespace *ns)
{
	const struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	unsigned int from = le32_to_cpu(req->cmd.cdw10) >> 16;
	struct nvm_ctrl_list *list = data;
	unsigned int n = 0;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		const struct nvmove_ctrl *other = subsystem->ctrl[i];

		if (!may_see(req->ctrl, other) || shown_cntlid(req->ctrl, other) < from)
			continue;
		if (!ns || ctrl_nsid_of(other, ns))
			list->id[n++] = cpu_to_le16(shown_cntlid(req->ctrl, other));
	}
	list->num = cpu_to_le16(n);
}

static uint32_t identify_ns_ctrl_list(struct ctrl_request *req, void *data)
{
	const struct nvmove_ctrl *ctrl = req->ctrl;
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	const struct nvmove_namespace *ns;

	if (!ctrl_nsid_valid(ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	ns = ctrl_is_primary(ctrl) ? ctrl->subsystem->ns[nsid] : ctrl_namespace(ctrl, nsid);
	if (ns)
		fill_ctrl_list(req, data, ns);
	return NVM_SC_SUCCESS;
}

static uint32_t identify_ctrl_list(struct ctrl_request *req, void *data)
{
	fill_ctrl_list(req, data, NULL);
	return NVM_SC_SUCCESS;
}

static uint32_t identify_primary_caps(struct ctrl_request *req, void *data)
{
	const struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	struct nvm_primary_caps *caps = data;

	caps->cntlid = cpu_to_le16(req->ctrl->cntlid);
	caps->crt = NVM_CRT_VQ | NVM_CRT_VI;
	caps->vqfrt = cpu_to_le32(virt_flexible_total(subsystem, NVM_VIRT_RT_VQ));
	caps->vqrfa = cpu_to_le32(virt_flexible_assigned(subsystem, NVM_VIRT_RT_VQ));
	caps->vqrfap = cpu_to_le16(subsystem->primary_flexible[NVM_VIRT_RT_VQ]);
	caps->vqprt = cpu_to_le16(virt_primary_private(subsystem, NVM_VIRT_RT_VQ));
	caps->vqfrsm = cpu_to_le16(virt_secondary_max(subsystem, NVM_VIRT_RT_VQ));
	caps->vqgran = cpu_to_le16(1);
	caps->vifrt = cpu_to_le32(virt_flexible_total(subsystem, NVM_VIRT_RT_VI));
	caps->virfa = cpu_to_le32(virt_flexible_assigned(subsystem, NVM_VIRT_RT_VI));
	caps->virfap = cpu_to_le16(subsystem->primary_flexible[NVM_VIRT_RT_VI]);
	caps->viprt = cpu_to_le16(virt_primary_private(subsystem, NVM_VIRT_RT_VI));
	caps->vifrsm = cpu_to_le16(virt_secondary_max(subsystem, NVM_VIRT_RT_VI));
	caps->vigran = cpu_to_le16(1);
	return NVM_SC_SUCCESS;
}

static uint32_t identify_secondary_list(struct ctrl_request *req, void *data)
{
	const struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	unsigned int from = le32_to_cpu(req->cmd.cdw10) >> 16;
	struct nvm_secondary_list *list = data;

	for (unsigned int i = 1; i < subsystem->num_ctrls; i++) {
		const struct nvmove_ctrl *ctrl = subsystem->ctrl[i];
		struct nvm_secondary_entry *entry = &list->entry[list->num];

		if (ctrl->cntlid < from)
			continue;
		entry->scid = cpu_to_le16(ctrl->cntlid);
		entry->pcid = cpu_to_le16(req->ctrl->cntlid);
		entry->scs = ctrl->online ? NVM_SCS_ONLINE : 0;
		entry->vfn = cpu_to_le16(ctrl_vf_number(ctrl));
		entry->nvq = cpu_to_le16(ctrl->num_queues);
		entry->nvi = cpu_to_le16(ctrl->num_vectors);
		list->num++;
	}
	return NVM_SC_SUCCESS;
}

/* One combination of I/O command sets for every controller: the NVM command set alone. */
static uint32_t identify_iocs(struct ctrl_request *req, void *data)
{
	const struct nvmove_ctrl *ctrl = req->ctrl;
	unsigned int cntlid = le32_to_cpu(req->cmd.cdw10) >> 16;
	bool is_known = cntlid == 0xffff || cntlid == ctrl->virtual_cntlid ||
			(ctrl_is_primary(ctrl) && subsystem_find_ctrl(ctrl->subsystem, cntlid));

	if (!is_known)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	((__le64 *)data)[0] = cpu_to_le64(1ull << NVM_CSI_NVM);
	return NVM_SC_SUCCESS;
}

/* Base 2.3, 5.2.13.2.21 */
static uint32_t identify_state_formats(struct ctrl_request *req, void *data)
{
	(void)req;
	hmlm_fill_formats(data);
	return NVM_SC_SUCCESS;
}

struct identify_handler {
	uint8_t cns;
	bool primary_only;
	int csi;
	uint32_t (*fill)(struct ctrl_request *req, void *data);
};

static const struct identify_handler identify_handlers[] = {
	{ NVM_CNS_NS, false, ANY_CSI, identify_ns },
	{ NVM_CNS_CTRL, false, ANY_CSI, identify_ctrl },
	{ NVM_CNS_ACTIVE_NS, false, ANY_CSI, identify_active_ns },
	{ NVM_CNS_NS_DESC, false, ANY_CSI, identify_ns_desc },
	{ NVM_CNS_CSI_NS, false, NVM_CSI_NVM, identify_csi_ns },
	{ NVM_CNS_CSI_CTRL, false, NVM_CSI_NVM, identify_csi_ctrl },
	{ NVM_CNS_CSI_ACTIVE_NS, false, NVM_CSI_NVM, identify_active_ns },
	{ NVM_CNS_INDEP_NS, false, ANY_CSI, identify_indep_ns },
	{ NVM_CNS_ALLOCATED_NS, true, ANY_CSI, identify_allocated_ns },
	{ NVM_CNS_ALLOCATED_NS_DATA, true, ANY_CSI, identify_allocated_ns_data },
	{ NVM_CNS_CSI_ALLOCATED_NS, true, NVM_CSI_NVM, identify_allocated_ns },
	{ NVM_CNS_CSI_ALLOCATED_NS_DATA, true, NVM_CSI_NVM, identify_csi_ns },
	{ NVM_CNS_NS_CTRL_LIST, false, ANY_CSI, identify_ns_ctrl_list },
	{ NVM_CNS_CTRL_LIST, false, ANY_CSI, identify_ctrl_list },
	{ NVM_CNS_PRIMARY_CAPS, true, ANY_CSI, identify_primary_caps },
	{ NVM_CNS_SECONDARY_LIST, true, ANY_CSI, identify_secondary_list },
	{ NVM_CNS_IOCS, false, ANY_CSI, identify_iocs },
	{ NVMOVE_HMLM_CNS_FORMATS, true, ANY_CSI, identify_state_formats },
};

static bool offers(const struct nvmove_ctrl *ctrl, const struct identify_handler *handler)
{
	if (handler->cns == NVMOVE_HMLM_CNS_FORMATS)
		return ctrl_speaks(ctrl, NVMOVE_PROTOCOL_HMLM);
	return !handler->primary_only || ctrl_is_primary(ctrl);
}

static const struct identify_handler *find_handler(const struct nvmove_ctrl *ctrl, uint8_t cns)
{
	for (size_t i = 0; i < sizeof(identify_handlers) / sizeof(identify_handlers[0]); i++) {
		const struct identify_handler *handler = &identify_handlers[i];

		if (handler->cns == cns && offers(ctrl, handler))
			return handler;
	}
	return NULL;
}

uint32_t identify_execute(struct ctrl_request *req)
{
	unsigned int csi = le32_to_cpu(req->cmd.cdw11) >> 24;
	const struct identify_handler *handler;
	uint32_t status;
	void *data;

	handler = find_handler(req->ctrl, le32_to_cpu(req->cmd.cdw10) & 0xff);
	if (!handler)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (handler->csi != ANY_CSI && csi != (unsigned int)handler->csi)
		return NVM_SC_INVALID_IOCS | NVM_SC_DNR;
	data = calloc(1, NVM_IDENTIFY_SIZE);
	if (!data)
		return NVM_SC_INTERNAL_ERROR;
	status = handler->fill(req, data);
	if (!status)
		status = prp_write(req, data, NVM_IDENTIFY_SIZE);
	free(data);
	return status;
}
