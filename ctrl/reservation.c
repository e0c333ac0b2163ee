// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservations (Base 8.19, commands in 7.2 to 7.5): hosts register keys with a namespace, and one
 * of them, or all, may hold it against the others. A registration belongs to a host, not to a
 * controller, and outlives every reset. Section numbers are those of revision 2.0; where 2.0 is
 * silent, the text of 2.2 is followed. Nothing here reads or writes the medium.
 */
#include <stdlib.h>
#include <string.h>

#include "controller.h"

/* Hosts that a Preempt has unregistered. */
struct victims {
	unsigned int nr;
	uint8_t host_id[MAX_REGISTRANTS][16];
};

static const uint8_t *issuer(const struct ctrl_request *req)
{
	return req->ctrl->st.features.host_id;
}

bool reservation_is_all_registrants(unsigned int type)
{
	return type == NVM_RESV_WRITE_EXCL_ALL_REGS || type == NVM_RESV_EXCL_ACCESS_ALL_REGS;
}

static bool is_registrants_only(unsigned int type)
{
	return type == NVM_RESV_WRITE_EXCL_REG_ONLY || type == NVM_RESV_EXCL_ACCESS_REG_ONLY;
}

static bool excludes_reads(unsigned int type)
{
	return type == NVM_RESV_EXCLUSIVE_ACCESS || type == NVM_RESV_EXCL_ACCESS_REG_ONLY ||
	       type == NVM_RESV_EXCL_ACCESS_ALL_REGS;
}

/* ---- registrants ---- */

/* Where @host_id is in the list, or would have to be inserted. */
static unsigned int position(const struct reservation *resv, const uint8_t host_id[16])
{
	unsigned int low = 0, high = resv->nr_registrants;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (memcmp(resv->registrant[middle].host_id, host_id, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The registration of a host, NULL if it has none.
 */
struct registrant *reservation_find(const struct reservation *resv, const uint8_t host_id[16])
{
	unsigned int at = position(resv, host_id);

	if (at == resv->nr_registrants || memcmp(resv->registrant[at].host_id, host_id, 16))
		return NULL;
	return &resv->registrant[at];
}

static bool holds(const struct reservation *resv, const struct registrant *registrant)
{
	return registrant->holds || reservation_is_all_registrants(resv->type);
}

static const struct registrant *only_holder(const struct reservation *resv)
{
	for (unsigned int i = 0; i < resv->nr_registrants; i++) {
		if (resv->registrant[i].holds)
			return &resv->registrant[i];
	}
	return NULL;
}

static uint32_t add_registrant(struct reservation *resv, const uint8_t host_id[16], uint64_t key)
{
	unsigned int at = position(resv, host_id);
	struct registrant *registrant;

	if (resv->nr_registrants == MAX_REGISTRANTS)
		return NVM_SC_INTERNAL_ERROR;
	registrant =
		realloc(resv->registrant, (resv->nr_registrants + 1) * sizeof(resv->registrant[0]));
	if (!registrant)
		return NVM_SC_INTERNAL_ERROR;
	resv->registrant = registrant;
	memmove(&registrant[at + 1], &registrant[at],
		(resv->nr_registrants - at) * sizeof(registrant[0]));
	registrant[at] = (struct registrant){ .key = key };
	memcpy(registrant[at].host_id, host_id, sizeof(registrant[at].host_id));
	resv->nr_registrants++;
	return NVM_SC_SUCCESS;
}

static void remove_registrant(struct reservation *resv, unsigned int index)
{
	resv->nr_registrants--;
	memmove(&resv->registrant[index], &resv->registrant[index + 1],
		(resv->nr_registrants - index) * sizeof(resv->registrant[0]));
}

static void end_reservation(struct reservation *resv)
{
	resv->type = NVM_RESV_NONE;
	for (unsigned int i = 0; i < resv->nr_registrants; i++)
		resv->registrant[i].holds = false;
}

static void begin_reservation(struct reservation *resv, unsigned int type,
			      const uint8_t host_id[16])
{
	end_reservation(resv);
	resv->type = type;
	reservation_find(resv, host_id)->holds = !reservation_is_all_registrants(type);
}

/* ---- what a reservation forbids ---- */

/*
 * Base 8.19.1: whether the reservation of @ns keeps the host of @ctrl from @access.
 */
bool reservation_denies(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns,
			enum access access)
{
	const struct reservation *resv = &ns->reservation;
	const struct registrant *self;

	if (resv->type == NVM_RESV_NONE || access == ACCESS_OTHER)
		return false;
	self = reservation_find(resv, ctrl->st.features.host_id);
	if (self && (holds(resv, self) || is_registrants_only(resv->type)))
		return false;
	return access == ACCESS_WRITE || excludes_reads(resv->type);
}

/*
 * The same for a command that is for all namespaces of the controller: one is enough.
 */
bool reservation_denies_any(const struct nvmove_ctrl *ctrl, enum access access)
{
	for (uint32_t nsid = 1; nsid <= ctrl->identity->num_namespaces; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(ctrl, nsid);

		if (ns && reservation_denies(ctrl, ns, access))
			return true;
	}
	return false;
}

/* ---- commands ---- */

/* A host without an identifier cannot be told from others: CTRATT.RHII. */
static uint32_t read_keys(struct ctrl_request *req, struct nvm_resv_keys *keys, size_t size)
{
	if (!namespace_uuid_is_set(issuer(req), sizeof(req->ctrl->st.features.host_id)))
		return NVM_SC_HOST_ID_NOT_INITIALIZED | NVM_SC_DNR;
	return prp_read(req, keys, size);
}

static uint32_t register_key(struct ctrl_request *req, uint64_t key)
{
	struct reservation *resv = &req->ns->reservation;
	const struct registrant *self = reservation_find(resv, issuer(req));

	if (!self)
		return add_registrant(resv, issuer(req), key);
	return self->key == key ? NVM_SC_SUCCESS : NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
}

static uint32_t replace_key(struct ctrl_request *req, const struct nvm_resv_keys *keys)
{
	struct reservation *resv = &req->ns->reservation;
	struct registrant *self = reservation_find(resv, issuer(req));
	bool ignore_existing = le32_to_cpu(req->cmd.cdw10) & NVM_RESV_IEKEY;

	if (!self && ignore_existing)
		return add_registrant(resv, issuer(req), le64_to_cpu(keys->other_key));
	if (!self || (!ignore_existing && self->key != le64_to_cpu(keys->crkey)))
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	self->key = le64_to_cpu(keys->other_key);
	return NVM_SC_SUCCESS;
}

static uint32_t unregister_key(struct ctrl_request *req, const struct nvm_resv_keys *keys)
{
	struct reservation *resv = &req->ns->reservation;
	struct registrant *self = reservation_find(resv, issuer(req));
	bool ignore_existing = le32_to_cpu(req->cmd.cdw10) & NVM_RESV_IEKEY;
	unsigned int type = resv->type;
	bool was_holder;

	if (!self && ignore_existing)
		return NVM_SC_SUCCESS; /* the absence of a key is no error then */
	if (!self || (!ignore_existing && self->key != le64_to_cpu(keys->crkey)))
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	was_holder = self->holds;
	remove_registrant(resv, self - resv->registrant);
	if (!was_holder && resv->nr_registrants)
		return NVM_SC_SUCCESS;
	end_reservation(resv);
	if (is_registrants_only(type))
		resv_notify_registrants(req->ctrl->subsystem, req->ns, issuer(req),
					NVM_RESV_RESERVATION_RELEASED);
	return NVM_SC_SUCCESS;
}

static uint32_t execute_register(struct ctrl_request *req, const struct nvm_resv_keys *keys)
{
	switch (NVM_RESV_ACTION(le32_to_cpu(req->cmd.cdw10))) {
	case NVM_RESV_REGISTER_KEY:
		return register_key(req, le64_to_cpu(keys->other_key));
	case NVM_RESV_UNREGISTER_KEY:
		return unregister_key(req, keys);
	default:
		return replace_key(req, keys);
	}
}

uint32_t resv_register_execute(struct ctrl_request *req)
{
	struct reservation *resv = &req->ns->reservation;
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	unsigned int persist = NVM_RESV_CPTPL(cdw10);
	struct nvm_resv_keys keys;
	uint32_t status;

	if (NVM_RESV_ACTION(cdw10) > NVM_RESV_REPLACE_KEY || persist == NVM_RESV_CPTPL_RESERVED)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = read_keys(req, &keys, sizeof(keys));
	if (!status)
		status = execute_register(req, &keys);
	if (status)
		return status;
	resv->generation++;
	if (persist)
		resv->ptpl = persist == NVM_RESV_CPTPL_SET;
	return NVM_SC_SUCCESS;
}

static uint32_t acquire(struct ctrl_request *req, const struct registrant *self, unsigned int type)
{
	struct reservation *resv = &req->ns->reservation;

	if (resv->type == NVM_RESV_NONE) {
		begin_reservation(resv, type, issuer(req));
		return NVM_SC_SUCCESS;
	}
	if (holds(resv, self) && resv->type == type)
		return NVM_SC_SUCCESS;
	return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
}

static void preempt_registrant(struct reservation *resv, unsigned int index,
			       struct victims *victims)
{
	memcpy(victims->host_id[victims->nr++], resv->registrant[index].host_id, 16);
	remove_registrant(resv, index);
}

/* All registrants with @key but the host @spared; NULL spares none. */
static void preempt_key(struct reservation *resv, uint64_t key, const uint8_t *spared,
			struct victims *victims)
{
	for (unsigned int i = resv->nr_registrants; i-- > 0;) {
		const struct registrant *registrant = &resv->registrant[i];

		if (registrant->key == key && (!spared || memcmp(registrant->host_id, spared, 16)))
			preempt_registrant(resv, i, victims);
	}
}

static void preempt_all(struct reservation *resv, const uint8_t *spared, struct victims *victims)
{
	for (unsigned int i = resv->nr_registrants; i-- > 0;) {
		if (memcmp(resv->registrant[i].host_id, spared, 16))
			preempt_registrant(resv, i, victims);
	}
}

/*
 * Base 8.19.7: what @key means depends on who holds the reservation.
 */
static uint32_t preempt(struct ctrl_request *req, unsigned int type, uint64_t key,
			struct victims *victims)
{
	struct reservation *resv = &req->ns->reservation;
	const struct registrant *holder = only_holder(resv);

	if (reservation_is_all_registrants(resv->type) && !key) {
		preempt_all(resv, issuer(req), victims);
		begin_reservation(resv, type, issuer(req));
		return NVM_SC_SUCCESS;
	}
	if (holder && holder->key == key) {
		preempt_key(resv, key, issuer(req), victims);
		begin_reservation(resv, type, issuer(req));
		return NVM_SC_SUCCESS;
	}
	if (holder && !key)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	preempt_key(resv, key, NULL, victims);
	if (!victims->nr)
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	if (!resv->nr_registrants)
		end_reservation(resv);
	return NVM_SC_SUCCESS;
}

static bool is_victim(const struct victims *victims, const struct nvmove_ctrl *ctrl)
{
	for (unsigned int i = 0; i < victims->nr; i++) {
		if (!memcmp(victims->host_id[i], ctrl->st.features.host_id, 16))
			return true;
	}
	return false;
}

/*
 * Make @req wait for the commands of @ctrl that address its namespace.
 *
 * Return: whether there is one that another Preempt and Abort waits for already.
 */
static bool wait_for_commands(struct ctrl_request *req, struct nvmove_ctrl *ctrl)
{
	bool others_wait = false;

	for (struct ctrl_request *other = ctrl->all_requests; other;
	     other = other->next_allocated) {
		if (other->ns != req->ns || other == req || other->internal)
			continue;
		if (other->preempted_by) {
			others_wait = true;
			continue;
		}
		other->preempted_by = req;
		req->nr_steps++;
	}
	return others_wait;
}

/*
 * Abort is best effort (Base 8.19.7), and a command that is with the medium runs to its end. What
 * counts is that none is left when the preemption completes. Waiting for an earlier Preempt and
 * Abort of the namespace is waiting for everything that it waits for.
 */
static uint32_t wait_for_victims(struct ctrl_request *req, const struct victims *victims)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	struct nvmove_namespace *ns = req->ns;
	bool others_wait = false;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		if (is_victim(victims, subsystem->ctrl[i]))
			others_wait |= wait_for_commands(req, subsystem->ctrl[i]);
	}
	if (others_wait && ns->preempting && !ns->preempting->preempted_by) {
		ns->preempting->preempted_by = req;
		req->nr_steps++;
	}
	if (!req->nr_steps)
		return NVM_SC_SUCCESS;
	ns->preempting = req;
	return STATUS_PENDING;
}

/*
 * A command that @waiter has waited for has completed. The completion of @waiter may be what
 * another waits for, and so on: a loop, because a host may line up many.
 */
void reservation_command_done(struct ctrl_request *waiter)
{
	while (waiter && --waiter->nr_steps == 0) {
		struct ctrl_request *next = waiter->preempted_by;

		waiter->preempted_by = NULL;
		if (waiter->ns->preempting == waiter)
			waiter->ns->preempting = NULL;
		req_complete(waiter, NVM_SC_SUCCESS);
		waiter = next;
	}
}

static uint32_t execute_preempt(struct ctrl_request *req, unsigned int type, uint64_t key)
{
	struct nvmove_subsystem *subsystem = req->ctrl->subsystem;
	struct reservation *resv = &req->ns->reservation;
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	struct victims victims = { .nr = 0 };
	unsigned int type_before = resv->type;
	uint32_t status = preempt(req, type, key, &victims);

	if (status)
		return status;
	resv->generation++;
	for (unsigned int i = 0; i < victims.nr; i++) {
		if (memcmp(victims.host_id[i], issuer(req), 16))
			resv_notify_host(subsystem, req->ns, victims.host_id[i],
					 NVM_RESV_REGISTRATION_PREEMPTED);
	}
	if (type_before != NVM_RESV_NONE && type_before != resv->type)
		resv_notify_registrants(subsystem, req->ns, issuer(req),
					NVM_RESV_RESERVATION_RELEASED);
	if (NVM_RESV_ACTION(cdw10) != NVM_RESV_PREEMPT_AND_ABORT)
		return NVM_SC_SUCCESS;
	return wait_for_victims(req, &victims);
}

/* The issuer's registration if it has given the right key. */
static const struct registrant *authenticate(const struct ctrl_request *req,
					     const struct nvm_resv_keys *keys)
{
	const struct registrant *self = reservation_find(&req->ns->reservation, issuer(req));

	return self && self->key == le64_to_cpu(keys->crkey) ? self : NULL;
}

uint32_t resv_acquire_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	unsigned int type = NVM_RESV_RTYPE(cdw10);
	const struct registrant *self;
	struct nvm_resv_keys keys;
	uint32_t status;

	if (NVM_RESV_ACTION(cdw10) > NVM_RESV_PREEMPT_AND_ABORT || (cdw10 & NVM_RESV_IEKEY) ||
	    type < NVM_RESV_WRITE_EXCLUSIVE || type > NVM_RESV_EXCL_ACCESS_ALL_REGS)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = read_keys(req, &keys, sizeof(keys));
	if (status)
		return status;
	self = authenticate(req, &keys);
	if (!self)
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	if (NVM_RESV_ACTION(cdw10) == NVM_RESV_ACQUIRE)
		return acquire(req, self, type);
	return execute_preempt(req, type, le64_to_cpu(keys.other_key));
}

static uint32_t release(struct ctrl_request *req, const struct registrant *self)
{
	struct reservation *resv = &req->ns->reservation;
	unsigned int type = resv->type;

	if (type == NVM_RESV_NONE || !holds(resv, self))
		return NVM_SC_SUCCESS; /* without effect */
	if (NVM_RESV_RTYPE(le32_to_cpu(req->cmd.cdw10)) != type)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	end_reservation(resv);
	if (type != NVM_RESV_WRITE_EXCLUSIVE && type != NVM_RESV_EXCLUSIVE_ACCESS)
		resv_notify_registrants(req->ctrl->subsystem, req->ns, issuer(req),
					NVM_RESV_RESERVATION_RELEASED);
	return NVM_SC_SUCCESS;
}

static uint32_t clear(struct ctrl_request *req)
{
	struct reservation *resv = &req->ns->reservation;
	struct victims victims = { .nr = 0 };

	preempt_all(resv, issuer(req), &victims);
	remove_registrant(resv, 0);
	end_reservation(resv);
	resv->generation++;
	for (unsigned int i = 0; i < victims.nr; i++)
		resv_notify_host(req->ctrl->subsystem, req->ns, victims.host_id[i],
				 NVM_RESV_RESERVATION_PREEMPTED);
	return NVM_SC_SUCCESS;
}

uint32_t resv_release_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	const struct registrant *self;
	struct nvm_resv_keys keys;
	uint32_t status;

	if (NVM_RESV_ACTION(cdw10) > NVM_RESV_CLEAR || (cdw10 & NVM_RESV_IEKEY))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = read_keys(req, &keys, sizeof(keys.crkey));
	if (status)
		return status;
	self = authenticate(req, &keys);
	if (!self)
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	return NVM_RESV_ACTION(cdw10) == NVM_RESV_CLEAR ? clear(req) : release(req, self);
}

/* ---- Reservation Report ---- */

/*
 * The controller through which a registrant reaches the namespace, as far as the reader may know: a
 * secondary learns of no neighbour (R15), and reads the same wherever it has moved to.
 */
static uint16_t visible_cntlid(const struct nvmove_ctrl *reader,
			       const struct registrant *registrant)
{
	const struct nvmove_subsystem *subsystem = reader->subsystem;

	if (!memcmp(reader->st.features.host_id, registrant->host_id, 16))
		return reader->virtual_cntlid;
	for (unsigned int i = 0; ctrl_is_primary(reader) && i < subsystem->num_ctrls; i++) {
		if (!memcmp(subsystem->ctrl[i]->st.features.host_id, registrant->host_id, 16))
			return subsystem->ctrl[i]->virtual_cntlid;
	}
	return NVM_RESV_NO_CNTLID;
}

static void fill_status(const struct reservation *resv, struct nvm_resv_status *status)
{
	status->gen = cpu_to_le32(resv->generation);
	status->rtype = resv->type;
	status->regstrnt[0] = resv->nr_registrants;
	status->regstrnt[1] = resv->nr_registrants >> 8;
	status->ptpls = resv->ptpl;
}

static void fill_registrants(const struct ctrl_request *req, struct nvm_registrant *to)
{
	const struct reservation *resv = &req->ns->reservation;

	for (unsigned int i = 0; i < resv->nr_registrants; i++) {
		const struct registrant *from = &resv->registrant[i];

		to[i].cntlid = cpu_to_le16(visible_cntlid(req->ctrl, from));
		to[i].rcsts = holds(resv, from) ? NVM_RESV_RCSTS_HOLDS : 0;
		memcpy(to[i].hostid, from->host_id, sizeof(to[i].hostid));
		to[i].rkey = cpu_to_le64(from->key);
	}
}

static void fill_registrants_ext(const struct ctrl_request *req, struct nvm_registrant_ext *to)
{
	const struct reservation *resv = &req->ns->reservation;

	for (unsigned int i = 0; i < resv->nr_registrants; i++) {
		const struct registrant *from = &resv->registrant[i];

		to[i].cntlid = cpu_to_le16(visible_cntlid(req->ctrl, from));
		to[i].rcsts = holds(resv, from) ? NVM_RESV_RCSTS_HOLDS : 0;
		to[i].rkey = cpu_to_le64(from->key);
		memcpy(to[i].hostid, from->host_id, sizeof(to[i].hostid));
	}
}

static bool wants_extended(const struct ctrl_request *req)
{
	return le32_to_cpu(req->cmd.cdw11) & NVM_RESV_REPORT_EDS;
}

static size_t report_size(const struct ctrl_request *req)
{
	unsigned int nr = req->ns->reservation.nr_registrants;

	if (wants_extended(req))
		return NVM_RESV_STATUS_EXT_SIZE + nr * sizeof(struct nvm_registrant_ext);
	return sizeof(struct nvm_resv_status) + nr * sizeof(struct nvm_registrant);
}

/*
 * Which of the two structures follows from the size of the host's identifier; asking for the other
 * one is an error.
 */
uint32_t resv_report_execute(struct ctrl_request *req)
{
	const struct features_state *features = &req->ctrl->st.features;
	uint64_t length = ((uint64_t)le32_to_cpu(req->cmd.cdw10) + 1) * 4;
	size_t size = report_size(req);
	uint32_t status;
	uint8_t *data;

	if (!namespace_uuid_is_set(features->host_id, sizeof(features->host_id)))
		return NVM_SC_HOST_ID_NOT_INITIALIZED | NVM_SC_DNR;
	if (wants_extended(req) != features->host_id_is_extended)
		return NVM_SC_HOST_ID_FORMAT | NVM_SC_DNR;
	if (length > size)
		length = size;
	if (ctrl_exceeds_mdts(req->ctrl, length))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	data = calloc(1, size);
	if (!data)
		return NVM_SC_INTERNAL_ERROR;
	fill_status(&req->ns->reservation, (struct nvm_resv_status *)data);
	if (wants_extended(req))
		fill_registrants_ext(req, (void *)(data + NVM_RESV_STATUS_EXT_SIZE));
	else
		fill_registrants(req, (void *)(data + sizeof(struct nvm_resv_status)));
	status = prp_write(req, data, length);
	free(data);
	return status;
}
