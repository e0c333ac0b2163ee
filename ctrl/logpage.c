// SPDX-License-Identifier: BSD-2-Clause
/*
 * Get Log Page (Base 5.16) and what the log pages are made of: errors, health counters, changed
 * namespaces. Reading a page changes nothing but the mask of its event, and takes what it has shown
 * off a list of news.
 */
#include <stdlib.h>
#include <string.h>

#include "controller.h"

#define RETAIN_EVENT	(1u << 15)
#define OFFSET_IS_INDEX	(1u << 23)
#define LSUPP		(1u << 0)
#define LSI(cdw11)	((cdw11) >> 16)

#define NS_PER_MINUTE	(60 * 1000000000ull)
#define NS_PER_HOUR	(60 * NS_PER_MINUTE)

/*
 * Note a failed command. @lba: first block concerned, UINT64_MAX if none.
 */
void error_log_add(struct ctrl_request *req, uint32_t status, uint64_t lba)
{
	struct error_log_state *log = &req->ctrl->st.error_log;

	/* Base figure "Error Information Log Entry": it wraps to 1, 0 is no entry. */
	if (++log->error_count == 0)
		log->error_count = 1;
	log->newest = log->nr_entries ? (log->newest + 1) % ERROR_LOG_ENTRIES : 0;
	if (log->nr_entries < ERROR_LOG_ENTRIES)
		log->nr_entries++;
	log->entry[log->newest] = (struct nvm_error_entry) {
		.error_count = cpu_to_le64(log->error_count),
		.sqid = cpu_to_le16(req->sqid),
		.cid = cpu_to_le16(req->cid),
		.status = cpu_to_le16((status & 0x7fff) << 1),
		.location = cpu_to_le16(0xffff),
		.lba = cpu_to_le64(lba == UINT64_MAX ? 0 : lba),
		.nsid = req->cmd.nsid,
		.cs = cpu_to_le64(req->error_info),
	};
}

static void fill_error(struct nvmove_ctrl *ctrl, void *data)
{
	const struct error_log_state *log = &ctrl->st.error_log;
	struct nvm_error_entry *to = data;

	for (unsigned int i = 0; i < log->nr_entries; i++)
		to[i] = log->entry[(log->newest + ERROR_LOG_ENTRIES - i) % ERROR_LOG_ENTRIES];
}

uint8_t smart_critical_warning(const struct nvmove_ctrl *ctrl)
{
	const struct features_state *features = &ctrl->st.features;
	bool out_of_range = TEMPERATURE_K >= features->temp_over ||
			    TEMPERATURE_K <= features->temp_under;

	return out_of_range ? NVM_SMART_WARN_TEMP : 0;
}

/* Thousands of 512-byte units, rounded up (Base figure "SMART / Health Information Log Page"). */
static __le64 data_units(uint64_t blocks)
{
	return cpu_to_le64((blocks + 999) / 1000);
}

uint64_t power_on_ns(const struct nvmove_ctrl *ctrl, uint64_t now_ns)
{
	return ctrl->st.smart.power_on_ns + now_ns - ctrl->power_on_since_ns;
}

static void fill_smart(struct nvmove_ctrl *ctrl, void *data)
{
	const struct smart_state *smart = &ctrl->st.smart;
	struct nvm_smart_log *log = data;

	log->critical_warning = smart_critical_warning(ctrl);
	log->temperature = cpu_to_le16(TEMPERATURE_K);
	log->avail_spare = 100;
	log->spare_threshold = 10;
	log->data_units_read[0] = data_units(smart->blocks_read);
	log->data_units_written[0] = data_units(smart->blocks_written);
	log->host_reads[0] = cpu_to_le64(smart->host_reads);
	log->host_writes[0] = cpu_to_le64(smart->host_writes);
	log->busy_time[0] = cpu_to_le64(smart->busy_ns / NS_PER_MINUTE);
	log->power_cycles[0] = cpu_to_le64(smart->power_cycles);
	log->power_on_hours[0] = cpu_to_le64(power_on_ns(ctrl, ctrl_now_ns(ctrl)) / NS_PER_HOUR);
	log->unsafe_shutdowns[0] = cpu_to_le64(smart->unsafe_shutdowns);
	log->media_errors[0] = cpu_to_le64(smart->media_errors);
	log->num_err_log_entries[0] = cpu_to_le64(ctrl->st.error_log.error_count);
}

static void fill_fw_slot(struct nvmove_ctrl *ctrl, void *data)
{
	struct nvm_fw_slot_log *log = data;
	size_t len = strlen(ctrl->identity->firmware);

	log->afi = 1;
	memset(log->frs[0], ' ', sizeof(log->frs[0]));
	memcpy(log->frs[0], ctrl->identity->firmware, len);
}

/*
 * A namespace was attached, detached or changed: list it and tell a host that asked to be told.
 */
void changed_ns_add(struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	struct changed_ns_state *changed = &ctrl->st.changed_ns;
	unsigned int i = 0;

	/* A host that has not enabled the controller yet learns it from Identify. */
	if (!ctrl_is_operational(ctrl))
		return;
	if (changed->nr <= CHANGED_NS_MAX) {
		while (i < changed->nr && changed->nsid[i] < nsid)
			i++;
		if (i == changed->nr || changed->nsid[i] != nsid) {
			if (changed->nr < CHANGED_NS_MAX) {
				memmove(&changed->nsid[i + 1], &changed->nsid[i],
					(changed->nr - i) * sizeof(changed->nsid[0]));
				changed->nsid[i] = nsid;
			}
			changed->nr++;
		}
	}
	if (ctrl->st.features.async_event & NVM_CTRL_OAES_NS_ATTR)
		event_raise(ctrl, NVM_EVENT_NOTICE, NVM_EVENT_NOTICE_NS_ATTR, NVM_LOG_CHANGED_NS);
}

static void fill_changed_ns(struct nvmove_ctrl *ctrl, void *data)
{
	const struct changed_ns_state *changed = &ctrl->st.changed_ns;
	__le32 *list = data;

	if (changed->nr > CHANGED_NS_MAX) {
		list[0] = cpu_to_le32(NVM_NSID_ALL);
		return;
	}
	for (unsigned int i = 0; i < changed->nr; i++)
		list[i] = cpu_to_le32(changed->nsid[i]);
}

static void fill_effects(struct nvmove_ctrl *ctrl, void *data)
{
	struct nvm_effects_log *log = data;

	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		uint32_t effects;

		if (admin_opcode_effects(ctrl, opcode, &effects))
			log->admin[opcode] = cpu_to_le32(effects);
		if (io_opcode_effects(ctrl, opcode, &effects))
			log->io[opcode] = cpu_to_le32(effects);
	}
}

static void fill_features(struct nvmove_ctrl *ctrl, void *data)
{
	uint32_t effects[256] = { 0 };
	__le32 *to = data;

	features_log(ctrl, effects);
	for (unsigned int i = 0; i < 256; i++)
		to[i] = cpu_to_le32(effects[i]);
}

static void fill_load_report(struct nvmove_ctrl *ctrl, void *data)
{
	memcpy(data, &ctrl->subsystem->load_report, sizeof(ctrl->subsystem->load_report));
}

/* @ctrl is the one that the host has named. */
static void fill_question(struct nvmove_ctrl *ctrl, void *data)
{
	state_save(ctrl, STATE_QUESTION, ctrl_now_ns(ctrl), data, state_size(ctrl, STATE_QUESTION));
}

static void fill_supported(struct nvmove_ctrl *ctrl, void *data);

/**
 * struct log_page - one log page
 * @size: bytes; 0: those of a question by the controller that the Log Specific Identifier names
 * @event_type: type of the asynchronous event that reading it unmasks, NO_EVENT for none
 * @fill: writes the page into zeroed memory of @size bytes
 */
struct log_page {
	uint8_t lid;
	bool primary_only;
	int event_type;
	size_t size;
	void (*fill)(struct nvmove_ctrl *ctrl, void *data);
};

#define NO_EVENT	(-1)

static const struct log_page log_pages[] = {
	{ NVM_LOG_SUPPORTED, false, NO_EVENT, 1024, fill_supported },
	{ NVM_LOG_ERROR, false, NVM_EVENT_ERROR,
	  ERROR_LOG_ENTRIES * sizeof(struct nvm_error_entry), fill_error },
	{ NVM_LOG_SMART, false, NVM_EVENT_SMART, sizeof(struct nvm_smart_log), fill_smart },
	{ NVM_LOG_FW_SLOT, false, NO_EVENT, sizeof(struct nvm_fw_slot_log), fill_fw_slot },
	{ NVM_LOG_CHANGED_NS, false, NVM_EVENT_NOTICE, CHANGED_NS_MAX * sizeof(__le32),
	  fill_changed_ns },
	{ NVM_LOG_EFFECTS, false, NO_EVENT, sizeof(struct nvm_effects_log), fill_effects },
	{ NVM_LOG_FEATURES, false, NO_EVENT, 1024, fill_features },
	{ NVM_LOG_RESERVATION, false, NVM_EVENT_IO_SPECIFIC, sizeof(struct nvm_resv_log),
	  resv_log_fill },
	{ NVMOVE_LOG_LOAD_REPORT, true, NO_EVENT, sizeof(struct nvmove_load_report),
	  fill_load_report },
	{ NVMOVE_LOG_QUESTION, true, NO_EVENT, 0, fill_question },
};

static bool offers(const struct nvmove_ctrl *ctrl, const struct log_page *page)
{
	if (page->lid == NVM_LOG_RESERVATION)
		return ctrl->identity->oncs & NVM_CTRL_ONCS_RESERVATIONS;
	if (page->lid == NVMOVE_LOG_LOAD_REPORT || page->lid == NVMOVE_LOG_QUESTION)
		return ctrl_speaks(ctrl, NVMOVE_PROTOCOL_RFC | NVMOVE_PROTOCOL_HMLM);
	return !page->primary_only || ctrl_is_primary(ctrl);
}

static void fill_supported(struct nvmove_ctrl *ctrl, void *data)
{
	__le32 *supported = data;

	for (size_t i = 0; i < sizeof(log_pages) / sizeof(log_pages[0]); i++) {
		if (offers(ctrl, &log_pages[i]))
			supported[log_pages[i].lid] = cpu_to_le32(LSUPP);
	}
}

static const struct log_page *find_log_page(const struct nvmove_ctrl *ctrl, uint8_t lid)
{
	for (size_t i = 0; i < sizeof(log_pages) / sizeof(log_pages[0]); i++) {
		if (log_pages[i].lid == lid)
			return offers(ctrl, &log_pages[i]) ? &log_pages[i] : NULL;
	}
	return NULL;
}

/* The controller that the page is of; NULL if the host names none that migrates. */
static struct nvmove_ctrl *find_subject(const struct ctrl_request *req,
					const struct log_page *page)
{
	if (page->size)
		return req->ctrl;
	return subsystem_find_migratable(req->ctrl->subsystem, LSI(le32_to_cpu(req->cmd.cdw11)));
}

static uint32_t transfer_page(struct ctrl_request *req, const struct log_page *page,
			      uint64_t offset, uint64_t length)
{
	struct nvmove_ctrl *subject = find_subject(req, page);
	uint32_t status;
	uint8_t *data;
	size_t size;

	if (!subject)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	size = page->size ? page->size : state_size(subject, STATE_QUESTION);
	if (offset >= size)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	data = calloc(1, size);
	if (!data)
		return NVM_SC_INTERNAL_ERROR;
	page->fill(subject, data);
	if (length > size - offset)
		length = size - offset;
	status = prp_write(req, data + offset, length);
	free(data);
	return status;
}

uint32_t get_log_page_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);
	uint64_t dwords = ((uint64_t)(cdw11 & 0xffff) << 16 | cdw10 >> 16) + 1;
	uint64_t offset = (uint64_t)le32_to_cpu(req->cmd.cdw13) << 32 |
			  le32_to_cpu(req->cmd.cdw12);
	const struct log_page *page = find_log_page(ctrl, cdw10 & 0xff);
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status;

	if (!page)
		return NVM_SC_INVALID_LOG_PAGE | NVM_SC_DNR;
	/* All pages are of the controller: LPA bit 0 is 0. */
	if (nsid != 0 && nsid != NVM_NSID_ALL)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if ((le32_to_cpu(req->cmd.cdw14) & OFFSET_IS_INDEX) || (offset & 3) ||
	    ctrl_exceeds_mdts(ctrl, dwords * 4))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = transfer_page(req, page, offset, dwords * 4);
	/* Each Get Log Page takes one page off the queue, Retain or not (Base 5.16.1.24). */
	if (!status && page->lid == NVM_LOG_RESERVATION)
		resv_log_remove_oldest(ctrl);
	if (status || (cdw10 & RETAIN_EVENT) || page->event_type == NO_EVENT)
		return status;
	if (page->lid == NVM_LOG_CHANGED_NS)
		ctrl->st.changed_ns.nr = 0;
	event_unmask(ctrl, page->event_type);
	return status;
}
