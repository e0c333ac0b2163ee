// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespace Management and Namespace Attachment (Base 5.22, 5.23, 8.11): the primary creates,
 * deletes, attaches and detaches namespaces. Media come from the embedder's pool and go back to it
 * when no command uses them any more; this file never touches data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"

static uint64_t size_in_bytes(const struct nvmove_namespace *ns)
{
	return ns->blocks << ns->lba_shift;
}

/* ---- capacity ---- */

uint64_t ns_mgmt_free_capacity(const struct nvmove_subsystem *subsystem)
{
	return subsystem->pool.bytes - subsystem->pool_used;
}

/*
 * TNVMCAP: the pool and what the embedder has added beside it.
 */
uint64_t ns_mgmt_total_capacity(const struct nvmove_subsystem *subsystem)
{
	uint64_t sum = subsystem->pool.bytes;

	for (uint32_t nsid = 1; nsid <= subsystem->num_namespaces; nsid++) {
		const struct nvmove_namespace *ns = subsystem->ns[nsid];

		if (ns && !ns->pool_bytes)
			sum += size_in_bytes(ns);
	}
	return sum;
}

/* ---- create ---- */

static uint32_t check_create(const struct nvm_ns_create *create)
{
	uint64_t nsze = le64_to_cpu(create->nsze), ncap = le64_to_cpu(create->ncap);

	if (create->flbas >= NR_LBA_FORMATS || create->dps)
		return NVM_SC_INVALID_FORMAT | NVM_SC_DNR;
	if (create->anagrpid)
		return NVM_SC_ANA_GROUP_INVALID | NVM_SC_DNR;
	if (!nsze || ncap > nsze || (create->nmic & ~NVM_NS_NMIC_SHARED) || create->nvmsetid ||
	    create->endgid)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (ncap < nsze)
		return NVM_SC_THIN_NOT_SUPPORTED | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

static uint32_t lowest_free_nsid(const struct nvmove_subsystem *subsystem)
{
	for (uint32_t nsid = 1; nsid <= subsystem->num_namespaces; nsid++) {
		if (namespace_nsid_is_free(subsystem, nsid))
			return nsid;
	}
	return 0;
}

/* The error log's entry says how many bytes are missing room. */
static uint32_t no_capacity(struct ctrl_request *req, uint64_t bytes)
{
	req->error_info = bytes;
	return NVM_SC_NS_INSUFFICIENT_CAPACITY | NVM_SC_DNR;
}

/* Take a medium from the pool and make a namespace of its first @bytes. */
static uint32_t create_from_pool(struct ctrl_request *req, struct nvmove_namespace_config *config,
				 uint64_t bytes)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	const struct nvmove_pool *pool = &subsystem->pool;
	int err = pool->ops->create(pool->arg, bytes, config);
	char *error = NULL;

	if (err == -ENOSPC)
		return no_capacity(req, bytes);
	if (err || !config->medium) {
		ctrl_log(req->ctrl, "nsid %u: the pool gives no medium of %lu bytes: %d",
			 config->nsid, (unsigned long)bytes, err);
		return NVM_SC_INTERNAL_ERROR;
	}
	err = config->medium->size < bytes ? -EINVAL :
	      namespace_create(subsystem, config, bytes >> config->lba_shift, &error);
	if (err) {
		ctrl_log(req->ctrl, "nsid %u: %s", config->nsid,
			 error ? error : "the pool's medium is too small");
		free(error);
		pool->ops->destroy(pool->arg, config->medium);
		return NVM_SC_INTERNAL_ERROR;
	}
	subsystem->ns[config->nsid]->pool_bytes = bytes;
	subsystem->pool_used += bytes;
	req->dw0 = config->nsid;
	return NVM_SC_SUCCESS;
}

static uint32_t create_namespace(struct ctrl_request *req, const struct nvm_ns_create *create)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	struct nvmove_namespace_config config = {
		.nsid = lowest_free_nsid(subsystem),
		.lba_shift = lba_format_shift(create->flbas),
		.is_private = !(create->nmic & NVM_NS_NMIC_SHARED),
	};
	uint64_t nsze = le64_to_cpu(create->nsze);

	if (nsze > UINT64_MAX >> config.lba_shift)
		return no_capacity(req, UINT64_MAX);
	if (nsze << config.lba_shift > ns_mgmt_free_capacity(subsystem))
		return no_capacity(req, nsze << config.lba_shift);
	if (!config.nsid)
		return NVM_SC_NS_ID_UNAVAILABLE | NVM_SC_DNR;
	return create_from_pool(req, &config, nsze << config.lba_shift);
}

static uint32_t create_execute(struct ctrl_request *req)
{
	struct nvm_ns_create *create;
	uint32_t status;

	if (req->cmd.nsid)	/* not used: the controller chooses */
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (le32_to_cpu(req->cmd.cdw11) >> 24 != NVM_CSI_NVM)
		return NVM_SC_IOCS_NOT_SUPPORTED | NVM_SC_DNR;
	create = malloc(sizeof(*create));
	if (!create)
		return NVM_SC_INTERNAL_ERROR;
	status = prp_read(req, create, sizeof(*create));
	if (!status)
		status = check_create(create);
	if (!status)
		status = create_namespace(req, create);
	free(create);
	return status;
}

/* ---- delete ---- */

static void give_back(struct nvmove_subsystem *subsystem, struct nvmove_namespace *ns)
{
	if (ns->pool_bytes) {
		subsystem->pool_used -= ns->pool_bytes;
		subsystem->pool.ops->destroy(subsystem->pool.arg, ns->medium);
	}
	namespace_free(ns);
}

/* No host sees it any more; @req waits for the commands that still use it. */
static void delete_namespace(struct ctrl_request *req, struct nvmove_namespace *ns)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++)
		nvmove_namespace_detach(subsystem->ctrl[i], ns->nsid);
	subsystem->ns[ns->nsid] = NULL;
	if (!ns->nr_requests) {
		give_back(subsystem, ns);
		return;
	}
	ns->delete_request = req;
	ns->next = subsystem->deleted;
	subsystem->deleted = ns;
	req->nr_steps++;
}

/*
 * The last command that used a deleted namespace has let go, perhaps from inside its medium: the
 * rest is done from the primary's next turn.
 */
void ns_mgmt_schedule(struct nvmove_subsystem *subsystem)
{
	ctrl_schedule(subsystem->ctrl[0]);
}

static struct nvmove_namespace *take_unused(struct nvmove_subsystem *subsystem)
{
	for (struct nvmove_namespace **link = &subsystem->deleted; *link; link = &(*link)->next) {
		struct nvmove_namespace *ns = *link;

		if (!ns->nr_requests) {
			*link = ns->next;
			return ns;
		}
	}
	return NULL;
}

/*
 * Give back the media of deleted namespaces that no command uses any more, and complete the
 * commands that deleted them. Not to be called from inside a medium.
 */
void ns_mgmt_progress(struct nvmove_subsystem *subsystem)
{
	struct nvmove_namespace *ns;

	while ((ns = take_unused(subsystem))) {
		struct ctrl_request *req = ns->delete_request;

		give_back(subsystem, ns);
		if (!--req->nr_steps)
			req_complete(req, NVM_SC_SUCCESS);
	}
}

/*
 * Base 8.19.1: to a reservation both commands are writes, where the issuer has the namespace too.
 */
static bool is_reserved(const struct ctrl_request *req, uint32_t nsid)
{
	const struct nvmove_namespace *ns = ctrl_namespace(req->ctrl, nsid);

	return ns && reservation_denies(req->ctrl, ns, ACCESS_WRITE);
}

/* Base 8.12: deletion is none of the commands that a write-protected namespace takes. */
static bool any_write_protected(const struct nvmove_subsystem *subsystem, uint32_t first,
				uint32_t last)
{
	for (uint32_t nsid = first; nsid <= last; nsid++) {
		if (subsystem->ns[nsid] && subsystem->ns[nsid]->write_protect)
			return true;
	}
	return false;
}

static uint32_t delete_execute(struct ctrl_request *req)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	bool all = nsid == NVM_NSID_ALL;
	uint32_t first = all ? 1 : nsid, last = all ? subsystem->num_namespaces : nsid;

	if (!all && !subsystem_nsid_valid(subsystem, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	if (!all && !subsystem->ns[nsid])
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;	/* not allocated: Base 3.2.1.3 */
	if (all ? reservation_denies_any(req->ctrl, ACCESS_WRITE) : is_reserved(req, nsid))
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	if (any_write_protected(subsystem, first, last))
		return NVM_SC_NS_WRITE_PROTECTED | NVM_SC_DNR;
	for (nsid = first; nsid <= last; nsid++) {
		if (subsystem->ns[nsid])
			delete_namespace(req, subsystem->ns[nsid]);
	}
	return req->nr_steps ? STATUS_PENDING : NVM_SC_SUCCESS;
}

uint32_t ns_mgmt_execute(struct ctrl_request *req)
{
	switch (le32_to_cpu(req->cmd.cdw10) & 0xf) {
	case NVM_NS_MGMT_CREATE:
		return create_execute(req);
	case NVM_NS_MGMT_DELETE:
		return delete_execute(req);
	default:
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	}
}

/* ---- attachment ---- */

/**
 * struct attachment - a Namespace Attachment command, checked as a whole before any of it is done
 * @listed: by controller index
 */
struct attachment {
	bool detach;
	unsigned int nr;
	bool listed[NVMOVE_MAX_SECONDARY + 1];
};

/* Base 4.5.1 wants the list ascending; another order is as clear, a repetition is not. */
static uint32_t read_controllers(struct ctrl_request *req, struct attachment *attachment)
{
	struct nvm_ctrl_list *list = malloc(sizeof(*list));
	uint32_t status;
	unsigned int nr;

	if (!list)
		return NVM_SC_INTERNAL_ERROR;
	status = prp_read(req, list, sizeof(*list));
	nr = status ? 0 : le16_to_cpu(list->num);
	if (!status && (nr < 1 || nr > NVMOVE_MAX_SECONDARY + 1))
		status = NVM_SC_CTRL_LIST_INVALID | NVM_SC_DNR;
	for (unsigned int i = 0; !status && i < nr; i++) {
		const struct nvmove_ctrl *ctrl =
			subsystem_find_ctrl(req->ctrl->subsystem, le16_to_cpu(list->id[i]));

		if (!ctrl || attachment->listed[ctrl->index])
			status = NVM_SC_CTRL_LIST_INVALID | NVM_SC_DNR;
		else
			attachment->listed[ctrl->index] = true;
	}
	attachment->nr = nr;
	free(list);
	return status;
}

/* A virtual subsystem may have fewer ids, or show another namespace under this one. */
static bool has_room(const struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	return ctrl_nsid_valid(ctrl, nsid) && !ctrl_namespace(ctrl, nsid);
}

static uint32_t check_attachment(const struct nvmove_subsystem *subsystem,
				 const struct nvmove_namespace *ns,
				 const struct attachment *attachment)
{
	bool any_attached = false;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		bool here = ctrl_nsid_of(subsystem->ctrl[i], ns);

		any_attached |= here;
		if (!attachment->listed[i])
			continue;
		if (here && !attachment->detach)
			return NVM_SC_NS_ALREADY_ATTACHED | NVM_SC_DNR;
		if (!here && attachment->detach)
			return NVM_SC_NS_NOT_ATTACHED | NVM_SC_DNR;
		if (!attachment->detach && !has_room(subsystem->ctrl[i], ns->nsid))
			return NVM_SC_NS_ATTACH_LIMIT | NVM_SC_DNR;
	}
	if (!attachment->detach && ns->is_private && (any_attached || attachment->nr > 1))
		return NVM_SC_NS_IS_PRIVATE | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

static void apply_attachment(const struct nvmove_subsystem *subsystem,
			     const struct nvmove_namespace *ns,
			     const struct attachment *attachment)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		if (!attachment->listed[i])
			continue;
		if (attachment->detach)
			nvmove_namespace_detach(subsystem->ctrl[i], ns->nsid);
		else
			nvmove_namespace_attach(subsystem->ctrl[i], ns->nsid);
	}
}

uint32_t ns_attach_execute(struct ctrl_request *req)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	unsigned int select = le32_to_cpu(req->cmd.cdw10) & 0xf;
	struct attachment attachment = { .detach = select == NVM_NS_ATTACH_DETACH };
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status;

	if (select > NVM_NS_ATTACH_DETACH)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (!subsystem_nsid_valid(subsystem, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	if (!subsystem->ns[nsid])
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;	/* not allocated: Base 3.2.1.3 */
	if (is_reserved(req, nsid))
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	status = read_controllers(req, &attachment);
	if (!status)
		status = check_attachment(subsystem, subsystem->ns[nsid], &attachment);
	if (!status)
		apply_attachment(subsystem, subsystem->ns[nsid], &attachment);
	return status;
}
