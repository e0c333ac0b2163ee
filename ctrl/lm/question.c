// SPDX-License-Identifier: BSD-2-Clause
/*
 * Questions: a container whose vendor data are a controller's compatibility record, and no state.
 * It asks the controller that it is sent to whether that could take such a controller's state. The
 * answer is that of the check of two records (compat_check.c); nothing here changes a controller.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "state_load.h"
#include "state_save.h"

/*
 * The one section of a question by @ctrl.
 */
void put_compat(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_COMPAT);
	size_t size = nvmove_ctrl_compat_size(ctrl);
	void *record = writer_reserve(w, size);

	if (record)
		nvmove_ctrl_compat_record(ctrl, record, size);
	writer_end(w, at);
}

/*
 * Whether the @size bytes at @buf are a question: their only section is a compatibility record.
 * What else there is to be said against them is up to whoever answers.
 */
bool state_is_question(const void *buf, size_t size)
{
	const struct nvmove_cstate_header *header = buf;
	const struct nvmove_cstate_section *section;
	const struct nvmove_cstate_vendor *vendor;
	uint64_t nvme;

	if (size < sizeof(*header) + sizeof(*vendor) + sizeof(*section))
		return false;
	nvme = le64_to_cpu(header->nvme_dwords[0]);
	if (nvme > (size - sizeof(*header) - sizeof(*vendor) - sizeof(*section)) / 4)
		return false;
	vendor = buf + sizeof(*header) + 4 * nvme;
	section = (const void *)(vendor + 1);
	return le32_to_cpu(vendor->nr_sections) == 1 &&
	       le16_to_cpu(section->type) == NVMOVE_CSTATE_COMPAT;
}

/* Judge @record by what @ctrl is now; the first reason against it becomes the refusal. */
static int judge(struct load *load, const struct section *record)
{
	struct refusal refusal = { .load = load, .section = NVMOVE_CSTATE_COMPAT };
	size_t size = nvmove_ctrl_compat_size(load->ctrl);
	void *own = malloc(size);

	if (!own)
		return load_refuse(load, -ENOMEM, NVMOVE_CSTATE_COMPAT,
				   "no memory for a record of %zu bytes", size);
	nvmove_ctrl_compat_record(load->ctrl, own, size);
	nvmove_compat_check(record->payload, record->length, own, size, refuse_first, &refusal);
	free(own);
	return refusal.err;
}

/*
 * Answer the question that the @size bytes at @buf are. @ctrl stays as it is.
 *
 * Return: 0 if it could take the state of the controller that asks, else a refusal as of a state,
 * with
 * @error filled in.
 */
int state_answer(struct nvmove_ctrl *ctrl, const void *buf, size_t size,
		 struct nvmove_load_error *error)
{
	struct load load = { .ctrl = ctrl, .parts = STATE_QUESTION, .error = error };
	int err;

	error->section = 0;
	error->text[0] = '\0';
	err = load_parse(&load, buf, size);
	return err ? err : judge(&load, &load.record);
}
