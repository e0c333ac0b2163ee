// SPDX-License-Identifier: BSD-2-Clause
/*
 * Asynchronous events (Base 5.2): outstanding requests are command ids, events wait in order, and a
 * type that was reported stays masked until the host has read its log page. One-shot events are
 * their source's to keep, and are reported once.
 */
#include <string.h>

#include "controller.h"

static void remove_request(struct events_state *events, unsigned int index)
{
	events->nr_requests--;
	memmove(&events->request_cid[index], &events->request_cid[index + 1],
		(events->nr_requests - index) * sizeof(events->request_cid[0]));
}

static void complete_request(struct nvmove_ctrl *ctrl, uint16_t cid, uint32_t dw0, uint32_t dw1,
			     uint32_t status)
{
	struct ctrl_request *req = req_alloc(ctrl);

	if (!req) {
		ctrl_fatal(ctrl, "no memory for an asynchronous event's completion");
		return;
	}
	req->sqid = ADMIN_QID;
	req->cid = cid;
	req->dw0 = dw0;
	req->dw1 = dw1;
	ctrl->sq[ADMIN_QID].in_flight++;
	req_complete(req, status);
}

static void deliver_one_shots(struct nvmove_ctrl *ctrl)
{
	struct events_state *events = &ctrl->st.events;
	uint32_t dw0, dw1;

	while (events->nr_requests && cdq_take_event(ctrl->subsystem, &dw0, &dw1)) {
		uint16_t cid = events->request_cid[0];

		remove_request(events, 0);
		complete_request(ctrl, cid, dw0, dw1, NVM_SC_SUCCESS);
	}
}

/*
 * Report what can be reported. A suspended controller keeps its events: it starts no DMA.
 */
void event_deliver(struct nvmove_ctrl *ctrl)
{
	struct events_state *events = &ctrl->st.events;
	unsigned int i = 0;

	if (ctrl->suspend == SUSPENDED || !ctrl_is_operational(ctrl))
		return;
	while (i < events->nr_events && events->nr_requests) {
		struct event event = events->event[i];
		uint16_t cid = events->request_cid[0];

		if (events->masked & (1u << event.type)) {
			i++;
			continue;
		}
		events->masked |= 1u << event.type;
		events->nr_events--;
		memmove(&events->event[i], &events->event[i + 1],
			(events->nr_events - i) * sizeof(events->event[0]));
		remove_request(events, 0);
		complete_request(ctrl, cid, event.type | event.info << 8 | event.log_page << 16, 0,
				 NVM_SC_SUCCESS);
	}
	if (ctrl_is_primary(ctrl))
		deliver_one_shots(ctrl);
}

/*
 * Something happened. The same event twice is one event until it has been reported.
 */
void event_raise(struct nvmove_ctrl *ctrl, uint8_t type, uint8_t info, uint8_t log_page)
{
	struct events_state *events = &ctrl->st.events;

	for (unsigned int i = 0; i < events->nr_events; i++) {
		if (events->event[i].type == type && events->event[i].info == info)
			return;
	}
	if (events->nr_events == MAX_EVENTS)
		return;
	events->event[events->nr_events++] = (struct event) { type, info, log_page };
	event_deliver(ctrl);
}

/*
 * The host has read the log page of @type without Retain Asynchronous Event.
 */
void event_unmask(struct nvmove_ctrl *ctrl, uint8_t type)
{
	ctrl->st.events.masked &= ~(1u << type);
	event_deliver(ctrl);
}

/*
 * Raise the temperature event if a threshold is crossed and the host asked to be told.
 */
void event_check_temperature(struct nvmove_ctrl *ctrl)
{
	uint8_t warning = smart_critical_warning(ctrl);

	if (warning & ctrl->st.features.async_event & NVM_SMART_WARN_TEMP)
		event_raise(ctrl, NVM_EVENT_SMART, NVM_EVENT_SMART_TEMP, NVM_LOG_SMART);
}

uint32_t async_event_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	struct events_state *events = &ctrl->st.events;

	if (events->nr_requests == MAX_AER)
		return NVM_SC_ASYNC_LIMIT | NVM_SC_DNR;
	/* From here on the command is its id, which travels with the state. */
	events->request_cid[events->nr_requests++] = req->cid;
	ctrl->sq[ADMIN_QID].in_flight--;
	ctrl->in_flight--;
	req_free(req);
	event_deliver(ctrl);
	return STATUS_PENDING;
}

/*
 * Abort the outstanding request with @cid; false if there is none.
 */
bool async_event_abort(struct nvmove_ctrl *ctrl, uint16_t cid)
{
	struct events_state *events = &ctrl->st.events;

	for (unsigned int i = 0; i < events->nr_requests; i++) {
		if (events->request_cid[i] == cid) {
			remove_request(events, i);
			complete_request(ctrl, cid, 0, 0, NVM_SC_ABORT_REQUESTED);
			return true;
		}
	}
	return false;
}
