// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading a state without a controller: the first step of a load, its result handed out. It judges
 * no value.
 */
#include <errno.h>

#include "../state_reader.h"
#include "state_load.h"

int nvmove_state_read(const void *buf, size_t size, struct nvmove_state_view *view,
		      struct nvmove_load_error *error)
{
	struct load load = { .parts = STATE_WHOLE, .error = error };
	int err;

	error->section = 0;
	error->text[0] = '\0';
	err = load_parse(&load, buf, size);
	if (err)
		return err;
	*view = (struct nvmove_state_view) {
		.header = buf,
		.sq = load.sq,
		.cq = load.cq,
		.nr_sq = load.nr_sq,
		.nr_cq = load.nr_cq,
		.vendor = (const void *)(load.cq + load.nr_cq),
	};
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		view->section[type].payload = load.section[type].payload;
		view->section[type].length = load.section[type].length;
	}
	return 0;
}

int nvmove_question_read(const void *buf, size_t size, struct nvmove_state_section *record,
			 struct nvmove_load_error *error)
{
	struct load load = { .parts = STATE_QUESTION, .error = error };
	int err;

	error->section = 0;
	error->text[0] = '\0';
	if (!state_is_question(buf, size))
		return load_refuse(&load, -EBADMSG, 0,
				   "%zu bytes that are no container with one section, %u, alone",
				   size, NVMOVE_CSTATE_COMPAT);
	err = load_parse(&load, buf, size);
	if (err)
		return err;
	record->payload = load.record.payload;
	record->length = load.record.length;
	return 0;
}
