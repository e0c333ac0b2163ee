// SPDX-License-Identifier: BSD-2-Clause
/*
 * The shadow doorbells' section of the state: where the buffers are. What is in them is the guest's
 * memory, which travels by other means; it is read when the controller resumes, never here.
 */
#include <errno.h>

#include "state_load.h"
#include "state_save.h"

void put_shadow(struct writer *w, const struct ctrl_state *st)
{
	struct nvmove_cstate_shadow section = {
		.doorbells = cpu_to_le64(st->shadow.doorbells),
		.event_indexes = cpu_to_le64(st->shadow.event_indexes),
	};

	writer_section(w, NVMOVE_CSTATE_SHADOW, &section, sizeof(section));
}

int check_shadow(struct load *load)
{
	const struct nvmove_cstate_shadow *section =
		(const void *)load->section[NVMOVE_CSTATE_SHADOW].payload;
	uint64_t doorbells = le64_to_cpu(section->doorbells);
	uint64_t event_indexes = le64_to_cpu(section->event_indexes);
	unsigned int page_shift = MIN_PAGE_SHIFT + NVM_CC_MPS(le32_to_cpu(load->regs->cc));
	unsigned int granted = features_io_queues_granted(load->features.num_queues);
	const char *problem;

	if (!doorbells && !event_indexes)
		return 0;
	problem = load->enabled ? shadow_problem(doorbells, event_indexes, page_shift)
				: "the controller is not enabled";
	if (!(load->identity->oacs & NVM_CTRL_OACS_DOORBELL_BUFFER))
		problem = "Doorbell Buffer Config is not offered";
	if (problem)
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_SHADOW,
				   "shadow doorbells at %#lx, event indexes at %#lx: %s",
				   (unsigned long)doorbells, (unsigned long)event_indexes, problem);
	if (granted > shadow_max_io_queues(page_shift))
		return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_SHADOW,
				   "shadow doorbells: at most %u I/O queues here, %u in the stream",
				   shadow_max_io_queues(page_shift), granted);
	return 0;
}

void apply_shadow(struct load *load)
{
	const struct nvmove_cstate_shadow *section =
		(const void *)load->section[NVMOVE_CSTATE_SHADOW].payload;

	load->ctrl->st.shadow = (struct shadow_state) {
		.doorbells = le64_to_cpu(section->doorbells),
		.event_indexes = le64_to_cpu(section->event_indexes),
	};
}
