// SPDX-License-Identifier: BSD-2-Clause
/*
 * The host's side of Controller Data Queues; see cdq_host.h.
 */
#include "cdq_host.h"

static struct cdq_host new_queue(struct rig *rig, unsigned int index, uint32_t slots)
{
	return (struct cdq_host) {
		.driver = rig->driver[0],
		.cntlid = rig->options.first_cntlid + index,
		.slots = slots,
	};
}

struct cdq_host cdq_host_new(struct rig *rig, unsigned int index, uint32_t slots)
{
	struct cdq_host host = new_queue(rig, index, slots);

	host.prp1 = guest_alloc(host.driver->memory, slots * UDE_BYTES);
	return host;
}

struct cdq_host cdq_host_new_scattered(struct rig *rig, unsigned int index, uint32_t slots)
{
	struct cdq_host host = new_queue(rig, index, slots);

	host.nr_pages = (slots * UDE_BYTES + PAGE - 1) / PAGE;
	assert_in_range(host.nr_pages, 1, ARRAY_SIZE(host.page));
	host.prp1 = guest_alloc(host.driver->memory, PAGE);
	for (unsigned int i = 0; i < host.nr_pages; i++) {
		uint8_t prp[8];

		host.page[i] = guest_alloc(host.driver->memory, PAGE);
		put64(prp, 0, host.page[i]);
		guest_write(host.driver->memory, host.prp1 + 8 * i, prp, sizeof(prp));
	}
	return host;
}

void cdq_host_read(const struct cdq_host *host, uint64_t offset, void *buf, size_t len)
{
	uint64_t addr = host->prp1 + offset;

	if (host->nr_pages)
		addr = host->page[offset / PAGE] + offset % PAGE;
	guest_read(host->driver->memory, addr, buf, len);
}

struct nvmove_hmlm_user_data_entry cdq_host_entry(const struct cdq_host *host, uint32_t slot)
{
	struct nvmove_hmlm_user_data_entry entry;

	cdq_host_read(host, slot * UDE_BYTES, &entry, sizeof(entry));
	return entry;
}

struct completion cdq_create(struct cdq_host *host)
{
	struct completion completion =
		ADMIN(host->driver, .opcode = NVMOVE_HMLM_CDQ, .prp1 = host->prp1,
		      .cdw10 = NVMOVE_HMLM_CDQ_CREATE |
			       NVMOVE_HMLM_CDQ_USER_DATA << NVMOVE_HMLM_MOS_SHIFT,
		      .cdw11 = (uint32_t)host->cntlid << 16 |
			       (host->nr_pages ? 0 : NVMOVE_HMLM_CDQ_PC),
		      .cdw12 = host->slots * UDE_BYTES / 4);

	if (!completion.status)
		host->id = completion.dw0;
	return completion;
}

struct completion cdq_delete(const struct cdq_host *host)
{
	return ADMIN(host->driver, .opcode = NVMOVE_HMLM_CDQ, .cdw10 = NVMOVE_HMLM_CDQ_DELETE,
		     .cdw11 = host->id);
}

struct completion cdq_log(const struct cdq_host *host, unsigned int action)
{
	return ADMIN(host->driver, .opcode = NVMOVE_HMLM_TRACK_SEND,
		     .cdw10 = NVMOVE_HMLM_LOG_USER_DATA | action << NVMOVE_HMLM_MOS_SHIFT,
		     .cdw11 = host->id);
}

struct completion cdq_set_head(const struct cdq_host *host, uint32_t head)
{
	return ADMIN(host->driver, .opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVMOVE_HMLM_FEAT_CDQ,
		     .cdw11 = host->id, .cdw12 = head);
}

struct completion cdq_set_trigger(const struct cdq_host *host, uint32_t head, uint32_t slot)
{
	return ADMIN(host->driver, .opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVMOVE_HMLM_FEAT_CDQ,
		     .cdw11 = NVMOVE_HMLM_CDQ_ETPT | host->id, .cdw12 = head, .cdw13 = slot);
}

struct completion cdq_get(const struct cdq_host *host, struct nvmove_hmlm_cdq_feature *feature)
{
	return driver_read_page(host->driver, (struct command) {
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVMOVE_HMLM_FEAT_CDQ, .cdw11 = host->id,
	}, feature, sizeof(*feature));
}
