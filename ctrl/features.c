// SPDX-License-Identifier: BSD-2-Clause
/*
 * Get and Set Features (Base 5.15, 5.27), Keep Alive (5.18): one row of a table per feature. At a
 * Controller Level Reset a feature goes back to its saved value if it is saveable, else to its
 * default. Saved values live as long as the subsystem, in memory: nothing here writes a medium.
 */
#include <string.h>

#include "controller.h"

#define WRITE_ATOMICITY_MASK	0x1u
#define ARBITRATION_MASK	0xffffff07u
#define COALESCE_MASK		0xffffu
#define ERROR_RECOVERY_TLER	0xffffu
#define ASYNC_EVENT_MASK	(0xffu | NVM_CTRL_OAES_NS_ATTR)
#define POWER_MASK		0xffu
#define KATO_GRANULARITY_MS	100

#define TEMP_VALUE(cdw11)	((cdw11) & 0xffff)
#define TEMP_SENSOR(cdw11)	(((cdw11) >> 16) & 0xf)
#define TEMP_ALL_SENSORS	0xf
#define TEMP_TYPE(cdw11)	(((cdw11) >> 20) & 0x3)
#define TEMP_OVER		0
#define TEMP_UNDER		1

#define TIMESTAMP_MASK		0xffffffffffffull

/**
 * struct feature - how to get and set one feature
 * @capabilities: NVM_FEAT_CAP_*, without NVM_FEAT_CAP_SAVEABLE
 * @effects: beyond FSUPP, for the Feature Identifiers Supported and Effects log
 * @get: puts the value for @select into req->dw0 or transfers the data structure; asked for
 *	NVM_FEAT_SEL_SAVED only if there is @save
 * @set: checks and stores
 * @save: makes what @set has just stored the saved value too; NULL if the feature is not saveable
 */
struct feature {
	uint8_t fid;
	uint32_t capabilities;
	uint32_t effects;
	uint32_t (*get)(struct ctrl_request *req, unsigned int select);
	uint32_t (*set)(struct ctrl_request *req, uint32_t cdw11);
	void (*save)(struct ctrl_request *req, uint32_t cdw11);
};

#define FEATURE_FSUPP		(1u << 0)
#define FEATURE_SCOPE_NS	(1u << 20)
#define FEATURE_SCOPE_CTRL	(1u << 21)

/*
 * The defaults of a controller of @identity with @num_queues queue pairs, the admin queue among
 * them.
 */
struct features_state features_default(const struct identity *identity, unsigned int num_queues)
{
	unsigned int io_queues = num_queues ? num_queues - 1 : 0;
	struct features_state defaults = {
		.arbitration = 5,	/* bursts of 32 */
		.temp_over = TEMPERATURE_WARNING_K,
		.volatile_wc = identity->volatile_write_cache,
	};

	if (io_queues)
		defaults.num_queues = (io_queues - 1) << 16 | (io_queues - 1);
	return defaults;
}

/* Saveable features that are one word: where it is in struct features_state. */
static const size_t saveable_words[] = {
	offsetof(struct features_state, arbitration),
	offsetof(struct features_state, power_mgmt),
	offsetof(struct features_state, temp_over),
	offsetof(struct features_state, temp_under),
	offsetof(struct features_state, volatile_wc),
	offsetof(struct features_state, irq_coalesce),
	offsetof(struct features_state, write_atomicity),
	offsetof(struct features_state, async_event),
};

static void copy_word(struct features_state *to, const struct features_state *from, size_t offset)
{
	memcpy((uint8_t *)to + offset, (const uint8_t *)from + offset, sizeof(uint32_t));
}

/*
 * A new controller, or one of another identity: nothing has been saved, so that the defaults are
 * what is restored.
 */
void features_init(struct nvmove_ctrl *ctrl)
{
	ctrl->st.saved = features_default(ctrl->identity, ctrl->num_queues);
	features_reset(ctrl);
}

void features_reset(struct nvmove_ctrl *ctrl)
{
	struct ctrl_state *st = &ctrl->st;

	st->features = features_default(ctrl->identity, ctrl->num_queues);
	for (size_t i = 0; i < sizeof(saveable_words) / sizeof(saveable_words[0]); i++)
		copy_word(&st->features, &st->saved, saveable_words[i]);
	memset(st->irq_config, 0, ctrl->subsystem->max_vectors * sizeof(st->irq_config[0]));
	memcpy(st->error_recovery, st->error_recovery_saved,
	       (ctrl->subsystem->num_namespaces + 1) * sizeof(st->error_recovery[0]));
	memset(st->resv_mask, 0,
	       (ctrl->subsystem->num_namespaces + 1) * sizeof(st->resv_mask[0]));
	st->keep_alive_deadline_ns = UINT64_MAX;
}

/*
 * The namespace is detached. What is attached under its id later may be another one.
 */
void features_forget_namespace(struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	ctrl->st.error_recovery[nsid] = 0;
	ctrl->st.error_recovery_saved[nsid] = 0;
	ctrl->st.resv_mask[nsid] = 0;
}

/* The values that Get Features selects: @defaults, or what the controller holds. */
static const struct features_state *selected(const struct nvmove_ctrl *ctrl, unsigned int select,
					     struct features_state *defaults)
{
	if (select == NVM_FEAT_SEL_CURRENT)
		return &ctrl->st.features;
	if (select == NVM_FEAT_SEL_SAVED)
		return &ctrl->st.saved;
	*defaults = features_default(ctrl->identity, ctrl->num_queues);
	return defaults;
}

/* Simple values: a 32-bit word in struct features_state. */
static uint32_t get_word(struct ctrl_request *req, unsigned int select, size_t offset)
{
	struct features_state defaults;
	const void *from = selected(req->ctrl, select, &defaults);

	memcpy(&req->dw0, (const uint8_t *)from + offset, sizeof(req->dw0));
	return NVM_SC_SUCCESS;
}

static void save_word(struct nvmove_ctrl *ctrl, size_t offset)
{
	copy_word(&ctrl->st.saved, &ctrl->st.features, offset);
}

#define SIMPLE_GET(name)								\
static uint32_t get_##name(struct ctrl_request *req, unsigned int select)		\
{											\
	return get_word(req, select, offsetof(struct features_state, name));		\
}

#define SIMPLE_SAVE(name)								\
static void save_##name(struct ctrl_request *req, uint32_t cdw11)			\
{											\
	(void)cdw11;									\
	save_word(req->ctrl, offsetof(struct features_state, name));			\
}

SIMPLE_GET(arbitration)
SIMPLE_GET(power_mgmt)
SIMPLE_GET(volatile_wc)
SIMPLE_GET(num_queues)
SIMPLE_GET(irq_coalesce)
SIMPLE_GET(write_atomicity)
SIMPLE_GET(async_event)
SIMPLE_GET(kato_ms)
SIMPLE_GET(iocs_profile)

SIMPLE_SAVE(arbitration)
SIMPLE_SAVE(power_mgmt)
SIMPLE_SAVE(volatile_wc)
SIMPLE_SAVE(irq_coalesce)
SIMPLE_SAVE(write_atomicity)
SIMPLE_SAVE(async_event)

static uint32_t set_arbitration(struct ctrl_request *req, uint32_t cdw11)
{
	req->ctrl->st.features.arbitration = cdw11 & ARBITRATION_MASK;
	return NVM_SC_SUCCESS;
}

static uint32_t set_power_mgmt(struct ctrl_request *req, uint32_t cdw11)
{
	if (cdw11 & 0x1f)	/* NPSS is 0: power state 0 alone */
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	req->ctrl->st.features.power_mgmt = cdw11 & POWER_MASK;
	return NVM_SC_SUCCESS;
}

static uint32_t get_temperature(struct ctrl_request *req, unsigned int select)
{
	struct features_state defaults;
	const struct features_state *from = selected(req->ctrl, select, &defaults);
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);

	if (TEMP_SENSOR(cdw11) || TEMP_TYPE(cdw11) > TEMP_UNDER)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	req->dw0 = TEMP_TYPE(cdw11) == TEMP_OVER ? from->temp_over : from->temp_under;
	return NVM_SC_SUCCESS;
}

static uint32_t set_temperature(struct ctrl_request *req, uint32_t cdw11)
{
	struct features_state *features = &req->ctrl->st.features;

	/* The composite temperature is the only sensor. */
	if ((TEMP_SENSOR(cdw11) && TEMP_SENSOR(cdw11) != TEMP_ALL_SENSORS) ||
	    TEMP_TYPE(cdw11) > TEMP_UNDER)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (TEMP_TYPE(cdw11) == TEMP_OVER)
		features->temp_over = TEMP_VALUE(cdw11);
	else
		features->temp_under = TEMP_VALUE(cdw11);
	event_check_temperature(req->ctrl);
	return NVM_SC_SUCCESS;
}

static void save_temperature(struct ctrl_request *req, uint32_t cdw11)
{
	save_word(req->ctrl, TEMP_TYPE(cdw11) == TEMP_OVER ?
				     offsetof(struct features_state, temp_over) :
				     offsetof(struct features_state, temp_under));
}

/* Base 3.2.1: an id that cannot exist is one thing, one that is not attached another. */
uint32_t check_attached(const struct ctrl_request *req, uint32_t nsid)
{
	if (!ctrl_nsid_valid(req->ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	if (!ctrl_namespace(req->ctrl, nsid))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

static uint32_t get_error_recovery(struct ctrl_request *req, unsigned int select)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status = check_attached(req, nsid);

	if (status)
		return status;
	if (select == NVM_FEAT_SEL_CURRENT)
		req->dw0 = req->ctrl->st.error_recovery[nsid];
	else if (select == NVM_FEAT_SEL_SAVED)
		req->dw0 = req->ctrl->st.error_recovery_saved[nsid];
	return NVM_SC_SUCCESS;
}

static uint32_t set_error_recovery(struct ctrl_request *req, uint32_t cdw11)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	uint32_t status = nsid == NVM_NSID_ALL ? NVM_SC_SUCCESS : check_attached(req, nsid);

	if (status)
		return status;
	if (cdw11 & ~ERROR_RECOVERY_TLER)	/* DULBE needs NSFEAT bit 2 */
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	for (uint32_t i = 1; i <= req->ctrl->identity->num_namespaces; i++) {
		if (i == nsid || (nsid == NVM_NSID_ALL && ctrl_namespace(req->ctrl, i)))
			req->ctrl->st.error_recovery[i] = cdw11;
	}
	return NVM_SC_SUCCESS;
}

static void save_error_recovery(struct ctrl_request *req, uint32_t cdw11)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);
	struct nvmove_ctrl *ctrl = req->ctrl;

	for (uint32_t i = 1; i <= ctrl->subsystem->num_namespaces; i++) {
		if (i == nsid || (nsid == NVM_NSID_ALL && ctrl_namespace(ctrl, i)))
			ctrl->st.error_recovery_saved[i] = cdw11;
	}
}

static uint32_t set_volatile_wc(struct ctrl_request *req, uint32_t cdw11)
{
	req->ctrl->st.features.volatile_wc = cdw11 & 1;
	return NVM_SC_SUCCESS;
}

/*
 * I/O queue pairs for which doorbells are needed, by the value of feature 07h.
 */
unsigned int features_io_queues_granted(uint32_t num_queues)
{
	uint32_t sqs = num_queues & 0xffff, cqs = num_queues >> 16;

	return (sqs > cqs ? sqs : cqs) + 1;
}

static uint32_t set_num_queues(struct ctrl_request *req, uint32_t cdw11)
{
	struct nvmove_ctrl *ctrl = req->ctrl;
	uint32_t most = features_default(ctrl->identity, ctrl->num_queues).num_queues & 0xffff;
	uint32_t sqs = cdw11 & 0xffff, cqs = cdw11 >> 16;

	if (sqs == 0xffff || cqs == 0xffff)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	for (unsigned int qid = 1; qid <= ctrl->subsystem->max_io_queues; qid++) {
		if (ctrl->st.sq[qid].exists || ctrl->st.cq[qid].exists)
			return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	}
	/* Base 5.8: every doorbell has its place in the buffers. */
	if (ctrl->st.shadow.doorbells && most >= shadow_max_io_queues(ctrl->page_shift))
		most = shadow_max_io_queues(ctrl->page_shift) - 1;
	sqs = sqs < most ? sqs : most;
	cqs = cqs < most ? cqs : most;
	ctrl->st.features.num_queues = cqs << 16 | sqs;
	req->dw0 = ctrl->st.features.num_queues;
	return NVM_SC_SUCCESS;
}

static uint32_t set_irq_coalesce(struct ctrl_request *req, uint32_t cdw11)
{
	/* What is held back by the former setting would not fit into the order of the new one. */
	irq_release_all(req->ctrl);
	req->ctrl->st.features.irq_coalesce = cdw11 & COALESCE_MASK;
	return NVM_SC_SUCCESS;
}

static uint32_t get_irq_config(struct ctrl_request *req, unsigned int select)
{
	unsigned int vector = le32_to_cpu(req->cmd.cdw11) & 0xffff;

	if (vector >= req->ctrl->num_vectors)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	req->dw0 = vector;
	if (select == NVM_FEAT_SEL_CURRENT)
		req->dw0 |= req->ctrl->st.irq_config[vector];
	return NVM_SC_SUCCESS;
}

static uint32_t set_irq_config(struct ctrl_request *req, uint32_t cdw11)
{
	unsigned int vector = cdw11 & 0xffff;

	if (vector >= req->ctrl->num_vectors)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	irq_release(req->ctrl, vector);
	req->ctrl->st.irq_config[vector] = cdw11 & IRQ_CONFIG_CD;
	return NVM_SC_SUCCESS;
}

static uint32_t set_write_atomicity(struct ctrl_request *req, uint32_t cdw11)
{
	req->ctrl->st.features.write_atomicity = cdw11 & WRITE_ATOMICITY_MASK;
	return NVM_SC_SUCCESS;
}

static uint32_t set_async_event(struct ctrl_request *req, uint32_t cdw11)
{
	req->ctrl->st.features.async_event = cdw11 & ASYNC_EVENT_MASK;
	event_check_temperature(req->ctrl);
	return NVM_SC_SUCCESS;
}

/*
 * Milliseconds since the host's epoch, or since the last reset if it never said (Base 5.27.1.11).
 */
uint64_t timestamp_at_ms(const struct nvmove_ctrl *ctrl, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - ctrl->st.timestamp_set_ns;

	return (ctrl->st.timestamp_base_ms + elapsed_ns / 1000000) & TIMESTAMP_MASK;
}

static uint32_t get_timestamp(struct ctrl_request *req, unsigned int select)
{
	const struct ctrl_state *st = &req->ctrl->st;
	__le64 data = 0;

	if (select == NVM_FEAT_SEL_CURRENT)
		data = cpu_to_le64(timestamp_at_ms(req->ctrl, ctrl_now_ns(req->ctrl)) |
				   (uint64_t)st->timestamp_synch << 48 |
				   (uint64_t)st->timestamp_origin << 49);
	return prp_write(req, &data, sizeof(data));
}

static uint32_t set_timestamp(struct ctrl_request *req, uint32_t cdw11)
{
	struct ctrl_state *st = &req->ctrl->st;
	uint32_t status;
	__le64 data;

	(void)cdw11;
	status = prp_read(req, &data, sizeof(data));
	if (status)
		return status;
	st->timestamp_base_ms = le64_to_cpu(data) & TIMESTAMP_MASK;
	st->timestamp_set_ns = ctrl_now_ns(req->ctrl);
	st->timestamp_origin = 1;
	st->timestamp_synch = false;
	return NVM_SC_SUCCESS;
}

/*
 * Start the Keep Alive Timer anew, or stop it if the feature is 0.
 */
void keep_alive_restart(struct nvmove_ctrl *ctrl)
{
	struct ctrl_state *st = &ctrl->st;
	uint64_t period_ns = (uint64_t)st->features.kato_ms * 1000000;

	st->keep_alive_deadline_ns = period_ns ? ctrl_now_ns(ctrl) + period_ns : UINT64_MAX;
	ctrl_update_timer(ctrl);
}

static uint32_t set_kato_ms(struct ctrl_request *req, uint32_t cdw11)
{
	uint64_t rounded = (uint64_t)cdw11 + KATO_GRANULARITY_MS - 1;

	rounded -= rounded % KATO_GRANULARITY_MS;
	if (rounded > UINT32_MAX)
		return NVM_SC_KATO_INVALID | NVM_SC_DNR;
	req->ctrl->st.features.kato_ms = rounded;
	keep_alive_restart(req->ctrl);
	return NVM_SC_SUCCESS;
}

uint32_t keep_alive_execute(struct ctrl_request *req)
{
	keep_alive_restart(req->ctrl);
	return NVM_SC_SUCCESS;
}

static uint32_t get_host_behavior(struct ctrl_request *req, unsigned int select)
{
	uint8_t data[HOST_BEHAVIOR_SIZE] = { 0 };

	if (select == NVM_FEAT_SEL_CURRENT)
		data[0] = req->ctrl->st.features.acre;
	return prp_write(req, data, sizeof(data));
}

static uint32_t set_host_behavior(struct ctrl_request *req, uint32_t cdw11)
{
	uint8_t data[HOST_BEHAVIOR_SIZE];
	uint32_t status;

	(void)cdw11;
	status = prp_read(req, data, sizeof(data));
	if (status)
		return status;
	/* Byte 0, Advanced Command Retry Enable, is the only one this controller knows. */
	if (data[0] > 1)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	req->ctrl->st.features.acre = data[0];
	return NVM_SC_SUCCESS;
}

static uint32_t set_iocs_profile(struct ctrl_request *req, uint32_t cdw11)
{
	if (cdw11 & 0x1ff)
		return NVM_SC_IOCS_COMBINATION | NVM_SC_DNR;
	req->ctrl->st.features.iocs_profile = 0;
	return NVM_SC_SUCCESS;
}

static size_t host_id_size(uint32_t cdw11)
{
	return cdw11 & 1 ? 16 : 8;
}

static uint32_t get_host_id(struct ctrl_request *req, unsigned int select)
{
	static const uint8_t zeroes[16];
	const struct features_state *features = &req->ctrl->st.features;

	return prp_write(req, select == NVM_FEAT_SEL_CURRENT ? features->host_id : zeroes,
			 host_id_size(le32_to_cpu(req->cmd.cdw11)));
}

/*
 * Base 5.27.1.25: once it is set it changes only through a reset.
 */
static uint32_t set_host_id(struct ctrl_request *req, uint32_t cdw11)
{
	struct features_state *features = &req->ctrl->st.features;
	bool is_extended = cdw11 & 1;
	size_t size = host_id_size(cdw11);
	uint8_t id[16] = { 0 };
	uint32_t status = prp_read(req, id, size);

	if (status)
		return status;
	if (namespace_uuid_is_set(features->host_id, sizeof(features->host_id)) &&
	    (memcmp(features->host_id, id, sizeof(id)) ||
	     features->host_id_is_extended != is_extended))
		return NVM_SC_COMMAND_SEQUENCE_ERROR | NVM_SC_DNR;
	memcpy(features->host_id, id, sizeof(id));
	features->host_id_is_extended = is_extended;
	return NVM_SC_SUCCESS;
}

#define CHANGEABLE	NVM_FEAT_CAP_CHANGEABLE
#define PER_NS		(NVM_FEAT_CAP_CHANGEABLE | NVM_FEAT_CAP_PER_NS)

static const struct feature feature_table[] = {
	{ NVM_FEAT_ARBITRATION, CHANGEABLE, 0, get_arbitration, set_arbitration,
	  save_arbitration },
	{ NVM_FEAT_POWER_MGMT, CHANGEABLE, 0, get_power_mgmt, set_power_mgmt, save_power_mgmt },
	{ NVM_FEAT_TEMP_THRESHOLD, CHANGEABLE, 0, get_temperature, set_temperature,
	  save_temperature },
	{ NVM_FEAT_ERROR_RECOVERY, PER_NS, 0, get_error_recovery, set_error_recovery,
	  save_error_recovery },
	{ NVM_FEAT_VOLATILE_WC, CHANGEABLE, 0, get_volatile_wc, set_volatile_wc,
	  save_volatile_wc },
	{ NVM_FEAT_NUM_QUEUES, CHANGEABLE, 0, get_num_queues, set_num_queues, NULL },
	{ NVM_FEAT_IRQ_COALESCE, CHANGEABLE, 0, get_irq_coalesce, set_irq_coalesce,
	  save_irq_coalesce },
	{ NVM_FEAT_IRQ_CONFIG, CHANGEABLE, 0, get_irq_config, set_irq_config, NULL },
	{ NVM_FEAT_WRITE_ATOMICITY, CHANGEABLE, 0, get_write_atomicity, set_write_atomicity,
	  save_write_atomicity },
	{ NVM_FEAT_ASYNC_EVENT, CHANGEABLE, 0, get_async_event, set_async_event,
	  save_async_event },
	{ NVM_FEAT_TIMESTAMP, CHANGEABLE, 0, get_timestamp, set_timestamp, NULL },
	{ NVM_FEAT_KATO, CHANGEABLE, 0, get_kato_ms, set_kato_ms, NULL },
	{ NVM_FEAT_HOST_BEHAVIOR, CHANGEABLE, NVM_EFFECT_CCC, get_host_behavior,
	  set_host_behavior, NULL },
	{ NVM_FEAT_IOCS_PROFILE, CHANGEABLE, NVM_EFFECT_CCC, get_iocs_profile, set_iocs_profile,
	  NULL },
	{ NVMOVE_HMLM_FEAT_CDQ, CHANGEABLE, 0, get_cdq, set_cdq, NULL },
	{ NVM_FEAT_HOST_ID, CHANGEABLE, 0, get_host_id, set_host_id, NULL },
	{ NVM_FEAT_RESV_MASK, PER_NS, 0, get_resv_mask, set_resv_mask, NULL },
	{ NVM_FEAT_RESV_PERSIST, PER_NS, 0, get_resv_persist, set_resv_persist, NULL },
	{ NVM_FEAT_WRITE_PROTECT, PER_NS, NVM_EFFECT_NCC, get_write_protect, set_write_protect,
	  NULL },
};

static const struct feature *find_feature(const struct identity *identity, unsigned int fid)
{
	if (!identity_has_feature(identity, fid))
		return NULL;
	for (size_t i = 0; i < sizeof(feature_table) / sizeof(feature_table[0]); i++) {
		if (feature_table[i].fid == fid)
			return &feature_table[i];
	}
	return NULL;
}

bool feature_is_saveable(const struct identity *identity, unsigned int fid)
{
	const struct feature *feature = find_feature(identity, fid);

	return feature && feature->save && (identity->oncs & NVM_CTRL_ONCS_SAVE_SELECT);
}

static const struct feature *find_offered(const struct nvmove_ctrl *ctrl, unsigned int fid)
{
	if (fid == NVMOVE_HMLM_FEAT_CDQ && !ctrl_speaks(ctrl, NVMOVE_PROTOCOL_HMLM))
		return NULL;
	return find_feature(ctrl->identity, fid);
}

/*
 * Fill the Feature Identifiers Supported and Effects log, 256 entries.
 */
void features_log(const struct nvmove_ctrl *ctrl, uint32_t *effects)
{
	for (size_t i = 0; i < sizeof(feature_table) / sizeof(feature_table[0]); i++) {
		const struct feature *feature = &feature_table[i];
		bool per_ns = feature->capabilities & NVM_FEAT_CAP_PER_NS;

		if (!find_offered(ctrl, feature->fid))
			continue;
		effects[feature->fid] = FEATURE_FSUPP | feature->effects |
					(per_ns ? FEATURE_SCOPE_NS : FEATURE_SCOPE_CTRL);
	}
}

/* A feature of the whole controller takes no namespace but 0 and FFFFFFFFh. */
static uint32_t check_nsid(const struct ctrl_request *req, const struct feature *feature)
{
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);

	if ((feature->capabilities & NVM_FEAT_CAP_PER_NS) || nsid == 0 || nsid == NVM_NSID_ALL)
		return NVM_SC_SUCCESS;
	if (!ctrl_nsid_valid(req->ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	return NVM_SC_FEATURE_NOT_PER_NS | NVM_SC_DNR;
}

uint32_t get_features_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	const struct feature *feature = find_offered(req->ctrl, cdw10 & 0xff);
	unsigned int select = (cdw10 >> 8) & 0x7;
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);

	if (!feature || select > NVM_FEAT_SEL_SUPPORTED ||
	    (select && !(req->ctrl->identity->oncs & NVM_CTRL_ONCS_SAVE_SELECT)))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if (select == NVM_FEAT_SEL_SUPPORTED) {
		req->dw0 = feature->capabilities | (feature->save ? NVM_FEAT_CAP_SAVEABLE : 0);
		return NVM_SC_SUCCESS;
	}
	if (!(feature->capabilities & NVM_FEAT_CAP_PER_NS) &&
	    nsid != NVM_NSID_ALL && nsid > req->ctrl->identity->num_namespaces)
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	/* Base 5.15: where nothing can be saved, the saved value is the default. */
	if (select == NVM_FEAT_SEL_SAVED && !feature->save)
		select = NVM_FEAT_SEL_DEFAULT;
	return feature->get(req, select);
}

uint32_t set_features_execute(struct ctrl_request *req)
{
	uint32_t cdw10 = le32_to_cpu(req->cmd.cdw10);
	const struct feature *feature = find_offered(req->ctrl, cdw10 & 0xff);
	uint32_t cdw11 = le32_to_cpu(req->cmd.cdw11);
	uint32_t status;

	if (!feature)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if ((cdw10 & NVM_FEAT_SAVE) && !(req->ctrl->identity->oncs & NVM_CTRL_ONCS_SAVE_SELECT))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	if ((cdw10 & NVM_FEAT_SAVE) && !feature->save)
		return NVM_SC_FEATURE_NOT_SAVEABLE | NVM_SC_DNR;
	status = check_nsid(req, feature);
	if (!status)
		status = feature->set(req, cdw11);
	if (!status && (cdw10 & NVM_FEAT_SAVE))
		feature->save(req, cdw11);
	return status;
}
