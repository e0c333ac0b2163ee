// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespace Write Protection (Base 5.27.1.28, 8.12): the state of a namespace and the feature that
 * sets it. The states that end at a power cycle or never are not offered. io.c refuses what the
 * state forbids.
 */
#include "controller.h"

/*
 * Whether nothing may change the data: the host said so, or the medium cannot.
 */
bool namespace_is_write_protected(const struct nvmove_namespace *ns)
{
	return ns->write_protect != NVM_WRITE_PROTECT_NONE || ns->medium->read_only;
}

uint32_t get_write_protect(struct ctrl_request *req, unsigned int select)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status = check_attached(req, nsid);

	if (status)
		return status;
	if (select == NVM_FEAT_SEL_CURRENT)
		req->dw0 = ctrl_namespace(req->ctrl, nsid)->write_protect;
	return NVM_SC_SUCCESS;
}

static void flushed(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;

	if (error) {
		ctrl_log(req->ctrl, "nsid %u is not write protected: flush failed: %d",
			 req->ns->nsid, error);
		req->ns->write_protect = NVM_WRITE_PROTECT_NONE;
		req_complete(req, NVM_SC_WRITE_FAULT);
		return;
	}
	namespace_changed(subsystem, req->ns);
	req_complete(req, NVM_SC_SUCCESS);
}

/*
 * What was written becomes durable on the way into the protected state. New writes are refused from
 * the start; one that is under way may still end, and a Flush after it goes to the medium.
 */
static uint32_t protect(struct ctrl_request *req, struct nvmove_namespace *ns)
{
	ns->write_protect = NVM_WRITE_PROTECT_ON;
	req_set_namespace(req, ns);
	req->io.op = NVMOVE_MEDIA_FLUSH;
	req->io.done = flushed;
	nvmove_medium_submit(ns->medium, &req->io);
	return STATUS_PENDING;
}

uint32_t set_write_protect(struct ctrl_request *req, uint32_t cdw11)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status = check_attached(req, nsid);
	struct nvmove_namespace *ns;

	if (status)
		return status;
	if (NVM_WRITE_PROTECT_STATE(cdw11) > NVM_WRITE_PROTECT_ON)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	ns = ctrl_namespace(req->ctrl, nsid);
	if (NVM_WRITE_PROTECT_STATE(cdw11) == ns->write_protect)
		return NVM_SC_SUCCESS;
	if (NVM_WRITE_PROTECT_STATE(cdw11) == NVM_WRITE_PROTECT_ON)
		return protect(req, ns);
	ns->write_protect = NVM_WRITE_PROTECT_NONE;
	namespace_changed(req->ctrl->subsystem, ns);
	return NVM_SC_SUCCESS;
}
