// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who is told that a reservation or a registration is gone (Base 8.19.2): the Reservation
 * Notification log page, its event, and the features of a namespace's reservation. It never changes
 * who holds what.
 */
#include <string.h>

#include "controller.h"

static uint64_t next_count(uint64_t count)
{
	return count + 1 ? count + 1 : 1;
}

/*
 * A notification that does not fit is lost; the newest that is kept then carries its count, so that
 * the host sees the gap (Base 5.16.1.24).
 */
static void add_notice(struct resv_log_state *log, uint32_t nsid, uint8_t type)
{
	log->count = next_count(log->count);
	if (log->nr == RESV_LOG_MAX) {
		log->notice[log->nr - 1].count = log->count;
		return;
	}
	log->notice[log->nr++] = (struct resv_notice){
		.count = log->count,
		.nsid = nsid,
		.type = type,
	};
}

static void notify(struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns, uint8_t type)
{
	uint32_t nsid = ctrl_nsid_of(ctrl, ns);

	if (!nsid || (ctrl->st.resv_mask[nsid] & (1u << type)) ||
	    !(ctrl->identity->oncs & NVM_CTRL_ONCS_RESERVATIONS))
		return;
	add_notice(&ctrl->st.resv_log, nsid, type);
	event_raise(ctrl, NVM_EVENT_IO_SPECIFIC, NVM_EVENT_IO_RESERVATION, NVM_LOG_RESERVATION);
}

static bool is_host(const struct nvmove_ctrl *ctrl, const uint8_t host_id[16])
{
	return !memcmp(ctrl->st.features.host_id, host_id, sizeof(ctrl->st.features.host_id));
}

/*
 * Tell the host @host_id, on every controller that it uses.
 */
void resv_notify_host(struct nvmove_subsystem *subsystem, const struct nvmove_namespace *ns,
		      const uint8_t host_id[16], enum nvm_resv_notice type)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		if (is_host(subsystem->ctrl[i], host_id))
			notify(subsystem->ctrl[i], ns, type);
	}
}

/*
 * Tell all hosts that are registrants, but not the host @except.
 */
void resv_notify_registrants(struct nvmove_subsystem *subsystem, const struct nvmove_namespace *ns,
			     const uint8_t except[16], enum nvm_resv_notice type)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		struct nvmove_ctrl *ctrl = subsystem->ctrl[i];

		if (!is_host(ctrl, except) &&
		    reservation_find(&ns->reservation, ctrl->st.features.host_id))
			notify(ctrl, ns, type);
	}
}

void resv_log_fill(struct nvmove_ctrl *ctrl, void *data)
{
	const struct resv_log_state *log = &ctrl->st.resv_log;
	struct nvm_resv_log *page = data;

	if (!log->nr)
		return;
	page->lpc = cpu_to_le64(log->notice[0].count);
	page->rnlpt = log->notice[0].type;
	page->nalp = log->nr - 1;
	page->nsid = cpu_to_le32(log->notice[0].nsid);
}

void resv_log_remove_oldest(struct nvmove_ctrl *ctrl)
{
	struct resv_log_state *log = &ctrl->st.resv_log;

	if (!log->nr)
		return;
	log->nr--;
	memmove(&log->notice[0], &log->notice[1], log->nr * sizeof(log->notice[0]));
}

/*
 * Get Features of a namespace's reservation takes one namespace alone (Base 5.27.1.26, 5.27.1.27).
 */
static uint32_t check_one_namespace(const struct ctrl_request *req)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);

	return nsid == NVM_NSID_ALL ? NVM_SC_INVALID_FIELD | NVM_SC_DNR : check_attached(req, nsid);
}

static uint32_t check_set(const struct ctrl_request *req, uint32_t cdw11, uint32_t known)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status = nsid == NVM_NSID_ALL ? NVM_SC_SUCCESS : check_attached(req, nsid);

	if (!status && (cdw11 & ~known))
		status = NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	return status;
}

/* The namespaces that a Set Features command means, one after the other. */
static struct nvmove_namespace *next_namespace(const struct ctrl_request *req, uint32_t *nsid)
{
	uint32_t wanted = le32_to_cpu(req->cmd.nsid);

	while (++*nsid <= req->ctrl->identity->num_namespaces) {
		struct nvmove_namespace *ns = ctrl_namespace(req->ctrl, *nsid);

		if (ns && (wanted == NVM_NSID_ALL || wanted == *nsid))
			return ns;
	}
	return NULL;
}

uint32_t get_resv_mask(struct ctrl_request *req, unsigned int select)
{
	uint32_t status = check_one_namespace(req);

	if (!status && select == NVM_FEAT_SEL_CURRENT)
		req->dw0 = req->ctrl->st.resv_mask[le32_to_cpu(req->cmd.nsid)];
	return status;
}

uint32_t set_resv_mask(struct ctrl_request *req, uint32_t cdw11)
{
	uint32_t status = check_set(req, cdw11, NVM_RESV_MASK_ALL);
	uint32_t nsid = 0;

	if (status)
		return status;
	while (next_namespace(req, &nsid))
		req->ctrl->st.resv_mask[nsid] = cdw11;
	return NVM_SC_SUCCESS;
}

uint32_t get_resv_persist(struct ctrl_request *req, unsigned int select)
{
	uint32_t status = check_one_namespace(req);

	if (!status && select == NVM_FEAT_SEL_CURRENT)
		req->dw0 = ctrl_namespace(req->ctrl, le32_to_cpu(req->cmd.nsid))->reservation.ptpl;
	return status;
}

uint32_t set_resv_persist(struct ctrl_request *req, uint32_t cdw11)
{
	uint32_t status = check_set(req, cdw11, 1);
	struct nvmove_namespace *ns;
	uint32_t nsid = 0;

	if (status)
		return status;
	while ((ns = next_namespace(req, &nsid)))
		ns->reservation.ptpl = cdw11 & 1;
	return NVM_SC_SUCCESS;
}
