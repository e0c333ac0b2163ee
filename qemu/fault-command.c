/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What planned faults know of commands: which one an entry of the admin queue is, and where in what
 * it has delivered a fault lies. When one strikes is not decided here.
 */
#include <string.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>
#include <nvmove/nvme.h>

#include "ctrl/byteorder.h"

#include "fault-command.h"

#define PAGE	4096ull

static int classify_send(const struct nvm_sqe *sqe)
{
	switch (NVMOVE_HMLM_SEL(le32_to_cpu(sqe->cdw10))) {
	case NVMOVE_HMLM_SUSPEND:
		return FAULT_SUSPEND;
	case NVMOVE_HMLM_RESUME:
		return FAULT_RESUME;
	case NVMOVE_HMLM_SET_STATE:
		return FAULT_LOAD;
	default:
		return -1;
	}
}

static int classify_receive(const struct nvm_sqe *sqe)
{
	const size_t head = sizeof(struct nvmove_cstate_header) + sizeof(struct nvmove_cstate_nvme);
	uint64_t length = 4 * ((uint64_t)le32_to_cpu(sqe->cdw15) + 1);

	/* No state is as short as its head. */
	return !sqe->cdw12 && !sqe->cdw13 && length <= head ? FAULT_QUERY : FAULT_SAVE;
}

static int classify_track_send(const struct nvm_sqe *sqe)
{
	uint32_t cdw10 = le32_to_cpu(sqe->cdw10);

	if (NVMOVE_HMLM_SEL(cdw10) != NVMOVE_HMLM_TRACK_MEMORY)
		return -1;
	return NVMOVE_HMLM_TACT(NVMOVE_HMLM_MOS(cdw10)) == NVMOVE_HMLM_START ? FAULT_TRACK_START
									     : FAULT_TRACK_STOP;
}

static int classify_log_page(const struct nvm_sqe *sqe)
{
	switch (le32_to_cpu(sqe->cdw10) & 0xff) {
	case NVMOVE_LOG_LOAD_REPORT:
		return FAULT_LOAD_REPORT;
	case NVMOVE_LOG_QUESTION:
		return FAULT_QUESTION;
	default:
		return -1;
	}
}

int fault_command_of(const void *data)
{
	const struct nvm_sqe *sqe = data;

	switch (sqe->opcode) {
	case NVM_ADMIN_IDENTIFY:
		return FAULT_IDENTIFY;
	case NVM_ADMIN_GET_LOG_PAGE:
		return classify_log_page(sqe);
	case NVMOVE_HMLM_MIGRATION_SEND:
		return classify_send(sqe);
	case NVMOVE_HMLM_MIGRATION_RECEIVE:
		return classify_receive(sqe);
	case NVMOVE_HMLM_TRACK_SEND:
		return classify_track_send(sqe);
	case NVMOVE_HMLM_TRACK_RECEIVE:
		return FAULT_TRACK_REPORT;
	case NVMOVE_RFC_SUSPEND:
		return FAULT_SUSPEND;
	case NVMOVE_RFC_RESUME:
		return FAULT_RESUME;
	case NVMOVE_RFC_QUERY_DATA_SIZE:
		return FAULT_QUERY;
	case NVMOVE_RFC_SAVE_DATA:
		return FAULT_SAVE;
	case NVMOVE_RFC_LOAD_DATA:
		return FAULT_LOAD;
	default:
		return -1;
	}
}

uint16_t fault_command_cntlid(const void *data, uint16_t primary)
{
	const struct nvmove_rfc_sqe *rfc = data;
	const struct nvm_sqe *sqe = data;

	switch (sqe->opcode) {
	case NVM_ADMIN_IDENTIFY:
		return 0;
	case NVM_ADMIN_GET_LOG_PAGE:
		return le32_to_cpu(sqe->cdw11) >> 16;
	case NVMOVE_HMLM_MIGRATION_SEND:
	case NVMOVE_HMLM_MIGRATION_RECEIVE:
	case NVMOVE_HMLM_TRACK_SEND:
	case NVMOVE_HMLM_TRACK_RECEIVE:
		return NVMOVE_HMLM_CNTLID(le32_to_cpu(sqe->cdw11));
	default:
		return primary + le16_to_cpu(rfc->vf_index);
	}
}

void fault_command_resize(uint8_t opcode, int64_t bytes, void *data, size_t length,
			  uint32_t *result)
{
	struct nvmove_cstate_header *header = data;

	if (opcode == NVMOVE_RFC_QUERY_DATA_SIZE)
		*result += (uint32_t)bytes;
	else if (length >= sizeof(*header))
		header->vendor_dwords[0] =
			cpu_to_le64(le64_to_cpu(header->vendor_dwords[0]) + (uint64_t)(bytes / 4));
}

void fault_command_tear(void *data, size_t length, uint32_t *result)
{
	if (length)
		((uint8_t *)data)[length / 2] ^= 0xff;
	*result &= ~NVMOVE_HMLM_CSUP;
}

/* ---- reports of changed memory ---- */

static struct nvmove_hmlm_memory_change *first_change(struct nvmove_hmlm_memory_changes *changes)
{
	return (struct nvmove_hmlm_memory_change *)(changes + 1);
}

static uint64_t granule(const struct nvmove_hmlm_memory_changes *changes)
{
	return PAGE << le16_to_cpu(changes->granularity);
}

/* SplitMix64, for one number */
static uint64_t random_number(uint64_t seed)
{
	uint64_t number = seed + 0x9e3779b97f4a7c15ull;

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9ull;
	number = (number ^ number >> 27) * 0x94d049bb133111ebull;
	return number ^ number >> 31;
}

static void choose(struct fault_page *page, struct nvmove_hmlm_memory_changes *changes)
{
	const struct nvmove_hmlm_memory_change *change = first_change(changes);
	uint64_t pages = 0, chosen;

	for (uint32_t i = 0; i < le32_to_cpu(changes->nr_changes); i++)
		pages += le32_to_cpu(change[i].length);
	page->reported += pages;
	if (!pages || page->reported < page->after)
		return;
	chosen = random_number(page->seed) % pages;
	while (chosen >= le32_to_cpu(change->length))
		chosen -= le32_to_cpu((change++)->length);
	page->address = le64_to_cpu(change->address) + chosen * granule(changes);
	page->is_chosen = true;
}

/* Take a page out of the range @change; @room: the report has room for a further range. */
static void cut_out(uint64_t address, struct nvmove_hmlm_memory_changes *changes,
		    struct nvmove_hmlm_memory_change *change, bool room)
{
	uint32_t nr = le32_to_cpu(changes->nr_changes);
	uint32_t before = (address - le64_to_cpu(change->address)) / granule(changes);
	uint32_t behind = le32_to_cpu(change->length) - before - 1;
	size_t left = first_change(changes) + nr - change;

	if (before && behind && room) {
		memmove(change + 1, change, left * sizeof(*change));
		changes->nr_changes = cpu_to_le32(nr + 1);
		change->length = cpu_to_le32(before);
		change++;
		before = 0;
	}
	if (!before && !behind) {
		memmove(change, change + 1, (left - 1) * sizeof(*change));
		changes->nr_changes = cpu_to_le32(nr - 1);
	} else if (before > behind) {
		change->length = cpu_to_le32(before);
	} else {
		change->address = cpu_to_le64(address + granule(changes));
		change->length = cpu_to_le32(behind);
	}
}

bool fault_command_hide(struct fault_page *page, void *data, size_t length)
{
	struct nvmove_hmlm_memory_changes *changes = data;
	struct nvmove_hmlm_memory_change *change;
	uint32_t nr;
	bool room;

	if (length < sizeof(*changes))
		return false;
	if (!page->is_chosen)
		choose(page, changes);
	change = first_change(changes);
	nr = le32_to_cpu(changes->nr_changes);
	room = length - sizeof(*changes) >= ((uint64_t)nr + 1) * sizeof(*change);
	for (uint32_t i = 0; page->is_chosen && i < nr; i++) {
		uint64_t distance = page->address - le64_to_cpu(change[i].address);

		if (distance < le32_to_cpu(change[i].length) * granule(changes)) {
			cut_out(page->address, changes, &change[i], room);
			return true;
		}
	}
	return false;
}
