// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservations in a controller's state: who has registered with its namespaces and holds them, and
 * what it has not been told yet. A namespace that another controller here shares keeps its
 * reservation, which must then be the one in the stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state_load.h"
#include "state_save.h"

/* ---- saving ---- */

static unsigned int holder_index(const struct reservation *resv)
{
	for (unsigned int i = 0; i < resv->nr_registrants; i++) {
		if (resv->registrant[i].holds)
			return i;
	}
	return NVMOVE_CSTATE_NO_HOLDER;
}

static bool is_empty(const struct reservation *resv)
{
	return !resv->nr_registrants && !resv->generation && !resv->ptpl;
}

static void put_reservation(struct writer *w, uint32_t nsid, const struct reservation *resv)
{
	struct nvmove_cstate_reservation entry = {
		.nsid = cpu_to_le32(nsid),
		.generation = cpu_to_le32(resv->generation),
		.type = resv->type,
		.ptpl = resv->ptpl,
		.holder = cpu_to_le16(holder_index(resv)),
		.nr_registrants = cpu_to_le16(resv->nr_registrants),
	};

	writer_put(w, &entry, sizeof(entry));
	for (unsigned int i = 0; i < resv->nr_registrants; i++) {
		struct nvmove_cstate_registrant registrant = {
			.key = cpu_to_le64(resv->registrant[i].key),
		};

		memcpy(registrant.host_id, resv->registrant[i].host_id, sizeof(registrant.host_id));
		writer_put(w, &registrant, sizeof(registrant));
	}
}

void put_reservations(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_RESERVATIONS);

	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(ctrl, nsid);

		if (ns && !is_empty(&ns->reservation))
			put_reservation(w, nsid, &ns->reservation);
	}
	writer_end(w, at);
}

void put_resv_log(struct writer *w, const struct resv_log_state *log)
{
	struct nvmove_cstate_resv_log head = {
		.count = cpu_to_le64(log->count),
		.nr_entries = cpu_to_le32(log->nr),
	};
	size_t at = writer_begin(w, NVMOVE_CSTATE_RESV_LOG);

	writer_put(w, &head, sizeof(head));
	for (unsigned int i = 0; i < log->nr; i++) {
		struct nvmove_cstate_resv_notice notice = {
			.count = cpu_to_le64(log->notice[i].count),
			.nsid = cpu_to_le32(log->notice[i].nsid),
			.type = log->notice[i].type,
		};

		writer_put(w, &notice, sizeof(notice));
	}
	writer_end(w, at);
}

/* ---- checking ---- */

#define SECTION NVMOVE_CSTATE_RESERVATIONS

static int check_entry(struct load *load, const struct nvmove_cstate_reservation *entry,
		       uint32_t previous)
{
	unsigned int nr = le16_to_cpu(entry->nr_registrants), holder = le16_to_cpu(entry->holder);
	uint32_t nsid = le32_to_cpu(entry->nsid);
	bool has_holder =
		entry->type != NVM_RESV_NONE && !reservation_is_all_registrants(entry->type);

	if (nsid <= previous)
		return load_refuse(load, -EBADMSG, SECTION, "reservations: nsid %u follows nsid %u",
				   nsid, previous);
	if (!ctrl_namespace(load->ctrl, nsid))
		return load_refuse(
			load, -ENOTSUP, SECTION,
			"reservation of nsid %u: not attached here, attached in the stream", nsid);
	if (nr > MAX_REGISTRANTS)
		return load_refuse(load, -ENOTSUP, SECTION,
				   "registrants of nsid %u: at most %u here, %u in the stream",
				   nsid, MAX_REGISTRANTS, nr);
	if (entry->type > NVM_RESV_EXCL_ACCESS_ALL_REGS || entry->ptpl > 1)
		return load_refuse(
			load, -ENOTSUP, SECTION,
			"reservation of nsid %u: type up to %u and PTPL up to 1 here, %u and %u in the stream",
			nsid, NVM_RESV_EXCL_ACCESS_ALL_REGS, entry->type, entry->ptpl);
	if ((entry->type != NVM_RESV_NONE && !nr) ||
	    (has_holder ? holder >= nr : holder != NVMOVE_CSTATE_NO_HOLDER))
		return load_refuse(load, -EBADMSG, SECTION,
				   "reservation of nsid %u: type %u, holder %#x of %u registrants",
				   nsid, entry->type, holder, nr);
	if (!nr && !entry->generation && !entry->ptpl)
		return load_refuse(
			load, -EBADMSG, SECTION,
			"reservation of nsid %u: neither registrants nor generation nor PTPL",
			nsid);
	return load_check_reserved(load, SECTION, "reservation", entry->reserved14,
				   sizeof(entry->reserved14));
}

static int check_registrants(struct load *load, const struct nvmove_cstate_reservation *entry)
{
	const struct nvmove_cstate_registrant *registrant = (const void *)(entry + 1);
	static const uint8_t none[16];
	const uint8_t *previous = none;

	for (unsigned int i = 0; i < le16_to_cpu(entry->nr_registrants); i++) {
		if (memcmp(registrant[i].host_id, previous, sizeof(none)) <= 0)
			return load_refuse(
				load, -EBADMSG, SECTION,
				"registrants of nsid %u: host id %02x%02x... follows %02x%02x...",
				le32_to_cpu(entry->nsid), registrant[i].host_id[0],
				registrant[i].host_id[1], previous[0], previous[1]);
		previous = registrant[i].host_id;
	}
	return 0;
}

/* Keep what the stream says until the whole state has been checked. */
static int take_entry(struct load *load, const struct nvmove_cstate_reservation *entry)
{
	const struct nvmove_cstate_registrant *registrant = (const void *)(entry + 1);
	struct loaded_reservation *loaded = &load->reservations[load->nr_reservations];
	struct reservation *resv = &loaded->reservation;
	unsigned int nr = le16_to_cpu(entry->nr_registrants);

	loaded->nsid = le32_to_cpu(entry->nsid);
	*resv = (struct reservation) {
		.type = entry->type,
		.ptpl = entry->ptpl,
		.generation = le32_to_cpu(entry->generation),
		.nr_registrants = nr,
		.registrant = nr ? malloc(nr * sizeof(resv->registrant[0])) : NULL,
	};
	if (nr && !resv->registrant)
		return load_refuse(load, -ENOMEM, SECTION,
				   "registrants of nsid %u: no memory for %u", loaded->nsid, nr);
	load->nr_reservations++;
	for (unsigned int i = 0; i < nr; i++) {
		resv->registrant[i] = (struct registrant) {
			.key = le64_to_cpu(registrant[i].key),
			.holds = i == le16_to_cpu(entry->holder),
		};
		memcpy(resv->registrant[i].host_id, registrant[i].host_id,
		       sizeof(resv->registrant[i].host_id));
	}
	return 0;
}

static int parse_reservations(struct load *load)
{
	const uint8_t *at = load->section[SECTION].payload;
	size_t left = load->section[SECTION].length;
	uint32_t previous = 0;

	if (!left)
		return 0;
	load->reservations = malloc((left / sizeof(struct nvmove_cstate_reservation) + 1) *
				    sizeof(load->reservations[0]));
	if (!load->reservations)
		return load_refuse(load, -ENOMEM, SECTION, "reservations: no memory for %zu bytes",
				   left);
	while (left) {
		const struct nvmove_cstate_reservation *entry = (const void *)at;
		size_t length = sizeof(*entry);
		int err;

		if (left >= length)
			length += le16_to_cpu(entry->nr_registrants) *
				  sizeof(struct nvmove_cstate_registrant);
		if (left < length)
			return load_refuse(load, -EBADMSG, SECTION,
					   "reservations: an entry of %zu bytes, %zu bytes left",
					   length, left);
		err = check_entry(load, entry, previous);
		if (!err)
			err = check_registrants(load, entry);
		if (!err)
			err = take_entry(load, entry);
		if (err)
			return err;
		previous = le32_to_cpu(entry->nsid);
		at += length;
		left -= length;
	}
	return 0;
}

static int check_same_registrants(struct load *load, uint32_t nsid, const struct reservation *here,
				  const struct reservation *there)
{
	for (unsigned int i = 0; i < here->nr_registrants; i++) {
		const struct registrant *ours = &here->registrant[i];
		const struct registrant *theirs = &there->registrant[i];

		if (memcmp(ours->host_id, theirs->host_id, sizeof(ours->host_id)))
			return load_refuse(
				load, -ENOTSUP, SECTION,
				"registrant %u of nsid %u: host id %02x%02x... here, %02x%02x... in the stream",
				i, nsid, ours->host_id[0], ours->host_id[1], theirs->host_id[0],
				theirs->host_id[1]);
		if (ours->key != theirs->key || ours->holds != theirs->holds)
			return load_refuse(
				load, -ENOTSUP, SECTION,
				"registrant %u of nsid %u: key %#lx, holder %u here, %#lx, %u in the stream",
				i, nsid, (unsigned long)ours->key, ours->holds,
				(unsigned long)theirs->key, theirs->holds);
	}
	return 0;
}

static int check_same(struct load *load, uint32_t nsid, const struct reservation *here,
		      const struct reservation *there)
{
	const struct {
		const char *field;
		unsigned int here, there;
	} numbers[] = {
		{ "type", here->type, there->type },
		{ "generation", here->generation, there->generation },
		{ "PTPL", here->ptpl, there->ptpl },
		{ "registrants", here->nr_registrants, there->nr_registrants },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].here != numbers[i].there)
			return load_refuse(
				load, -ENOTSUP, SECTION,
				"reservation of nsid %u, which others use here: %s: %u here, %u in the stream",
				nsid, numbers[i].field, numbers[i].here, numbers[i].there);
	}
	return check_same_registrants(load, nsid, here, there);
}

/**
 * struct walk - the namespaces that have a reservation here or in the stream, ascending
 * @next: in the list of what the stream says
 * @there: what it says of this namespace, NULL nothing
 */
struct walk {
	uint32_t nsid;
	unsigned int next;
	struct reservation *here;
	struct reservation *there;
};

static bool walk_on(const struct load *load, struct walk *walk)
{
	while (++walk->nsid < load->ctrl->nsid_end) {
		struct nvmove_namespace *ns = ctrl_namespace(load->ctrl, walk->nsid);

		if (!ns)
			continue;
		walk->here = &ns->reservation;
		walk->there = NULL;
		if (walk->next < load->nr_reservations &&
		    load->reservations[walk->next].nsid == walk->nsid)
			walk->there = &load->reservations[walk->next++].reservation;
		if (walk->there || !is_empty(walk->here))
			return true;
	}
	return false;
}

static bool is_shared(const struct load *load, const struct walk *walk)
{
	return namespace_is_shared(load->ctrl, ctrl_namespace(load->ctrl, walk->nsid));
}

int check_reservations(struct load *load)
{
	static const struct reservation none;
	struct walk walk = { .nsid = 0 };
	int err = parse_reservations(load);

	while (!err && walk_on(load, &walk)) {
		if (is_shared(load, &walk))
			err = check_same(load, walk.nsid, walk.here,
					 walk.there ? walk.there : &none);
	}
	return err;
}

static int check_notice(struct load *load, const struct nvmove_cstate_resv_notice *notice,
			uint64_t previous)
{
	uint64_t count = le64_to_cpu(notice->count);

	if (!count || count == previous)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notification: count %#lx follows %#lx",
				   (unsigned long)count, (unsigned long)previous);
	if (notice->type < NVM_RESV_REGISTRATION_PREEMPTED ||
	    notice->type > NVM_RESV_RESERVATION_PREEMPTED || !notice->nsid ||
	    le32_to_cpu(notice->nsid) > load->identity->num_namespaces)
		return load_refuse(
			load, -ENOTSUP, NVMOVE_CSTATE_RESV_LOG,
			"reservation notification: types 1 to %u, nsid up to %u here, %u, %u in the stream",
			NVM_RESV_RESERVATION_PREEMPTED, load->identity->num_namespaces, notice->type,
			le32_to_cpu(notice->nsid));
	return load_check_reserved(load, NVMOVE_CSTATE_RESV_LOG, "reservation notification",
				   notice->reserved13, sizeof(notice->reserved13));
}

int check_resv_log(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_RESV_LOG];
	const struct nvmove_cstate_resv_log *head = (const void *)section->payload;
	const struct nvmove_cstate_resv_notice *notice = (const void *)(head + 1);
	uint64_t previous = 0;
	uint32_t nr;

	if (section->length < sizeof(*head))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notifications: %zu bytes, at least %zu",
				   section->length, sizeof(*head));
	nr = le32_to_cpu(head->nr_entries);
	if (nr > RESV_LOG_MAX)
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notifications: at most %u here, %u in the stream",
				   RESV_LOG_MAX, nr);
	if (section->length != sizeof(*head) + nr * sizeof(*notice))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notifications: %zu bytes, %u of them need %zu",
				   section->length, nr, sizeof(*head) + nr * sizeof(*notice));
	if (head->count && !(load->identity->oncs & NVM_CTRL_ONCS_RESERVATIONS))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notifications: %#lx with ONCS %#x",
				   (unsigned long)le64_to_cpu(head->count), load->identity->oncs);
	if (head->count && !(le32_to_cpu(load->regs->csts) & NVM_CSTS_RDY))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notifications: %#lx with CSTS %#x",
				   (unsigned long)le64_to_cpu(head->count),
				   le32_to_cpu(load->regs->csts));
	for (uint32_t i = 0; i < nr; i++) {
		int err = check_notice(load, &notice[i], previous);

		if (err)
			return err;
		previous = le64_to_cpu(notice[i].count);
	}
	if (nr && previous != le64_to_cpu(head->count))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_RESV_LOG,
				   "reservation notifications: count %#lx, the newest has %#lx",
				   (unsigned long)le64_to_cpu(head->count),
				   (unsigned long)previous);
	return load_check_reserved(load, NVMOVE_CSTATE_RESV_LOG, "reservation notifications",
				   head->reserved12, sizeof(head->reserved12));
}

/* ---- applying ---- */

void apply_reservations(struct load *load)
{
	static const struct reservation none;
	struct walk walk = { .nsid = 0 };

	while (walk_on(load, &walk)) {
		if (is_shared(load, &walk))
			continue;
		free(walk.here->registrant);
		*walk.here = walk.there ? *walk.there : none;
		if (walk.there)
			walk.there->registrant = NULL;
	}
}

void apply_resv_log(struct load *load)
{
	const struct nvmove_cstate_resv_log *head =
		(const void *)load->section[NVMOVE_CSTATE_RESV_LOG].payload;
	const struct nvmove_cstate_resv_notice *notice = (const void *)(head + 1);
	struct resv_log_state *log = &load->ctrl->st.resv_log;

	log->count = le64_to_cpu(head->count);
	log->nr = le32_to_cpu(head->nr_entries);
	for (unsigned int i = 0; i < log->nr; i++)
		log->notice[i] = (struct resv_notice){
			.count = le64_to_cpu(notice[i].count),
			.nsid = le32_to_cpu(notice[i].nsid),
			.type = notice[i].type,
		};
}

void release_reservations(struct load *load)
{
	for (unsigned int i = 0; i < load->nr_reservations; i++)
		free(load->reservations[i].reservation.registrant);
	free(load->reservations);
}
