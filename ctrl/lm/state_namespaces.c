// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a state says of the namespaces as a whole, beyond section 9: write protection, which is an
 * entry of the features section, and section 12, where the shared media are. What the hosts of
 * other controllers see too is never changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state_load.h"
#include "state_save.h"

/* ---- write protection ---- */

void put_write_protect(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(ctrl, nsid);

		if (ns && ns->write_protect)
			put_feature(w, NVM_FEAT_WRITE_PROTECT, nsid, 0, ns->write_protect);
	}
}

static unsigned int state_in_stream(const struct load *load, uint32_t nsid)
{
	return load->write_protect ? load->write_protect[nsid] : NVM_WRITE_PROTECT_NONE;
}

bool write_protect_makes_sense(const struct load *load,
			       const struct nvmove_cstate_feature *feature)
{
	uint32_t nsid = le32_to_cpu(feature->nsid);

	return ctrl_namespace(load->ctrl, nsid) && !state_in_stream(load, nsid) &&
	       le32_to_cpu(feature->value) == NVM_WRITE_PROTECT_ON && !feature->selector &&
	       !feature->length;
}

int take_write_protect(struct load *load, const struct nvmove_cstate_feature *feature)
{
	if (!load->write_protect)
		load->write_protect = calloc(load->ctrl->nsid_end, 1);
	if (!load->write_protect)
		return load_refuse(load, -ENOMEM, NVMOVE_CSTATE_FEATURES,
				   "write protection: no memory for %u namespaces",
				   load->ctrl->nsid_end);
	load->write_protect[le32_to_cpu(feature->nsid)] = le32_to_cpu(feature->value);
	return 0;
}

int check_write_protect(struct load *load)
{
	for (uint32_t nsid = 1; nsid < load->ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(load->ctrl, nsid);

		if (ns && ns->write_protect != state_in_stream(load, nsid) &&
		    namespace_is_shared(load->ctrl, ns))
			return load_refuse(
				load, -ENOTSUP, NVMOVE_CSTATE_FEATURES,
				"write protection of nsid %u, which is shared: %u here, %u in the stream",
				nsid, ns->write_protect, state_in_stream(load, nsid));
	}
	return 0;
}

void apply_write_protect(struct load *load)
{
	for (uint32_t nsid = 1; nsid < load->ctrl->nsid_end; nsid++) {
		struct nvmove_namespace *ns = ctrl_namespace(load->ctrl, nsid);

		if (ns)
			ns->write_protect = state_in_stream(load, nsid);
	}
}

/* ---- locators ---- */

void put_locator_list(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		const struct nvmove_namespace *ns = ctrl_namespace(ctrl, nsid);
		struct nvmove_cstate_locator entry = { .nsid = cpu_to_le32(nsid) };
		size_t length;

		if (!ns || !ns->locator)
			continue;
		length = strlen(ns->locator);
		entry.length = cpu_to_le32(length);
		writer_put(w, &entry, sizeof(entry));
		writer_put(w, ns->locator, length);
		writer_pad(w);
	}
}

void put_locators(struct writer *w, const struct nvmove_ctrl *ctrl)
{
	size_t at = writer_begin(w, NVMOVE_CSTATE_LOCATORS);

	put_locator_list(w, ctrl);
	writer_end(w, at);
}

/* Where to begin to print two texts so that the first difference is seen. */
static const char *near_difference(const char *text, const char *other)
{
	size_t same = 0;

	while (text[same] && text[same] == other[same])
		same++;
	return text + (same > 40 ? same - 40 : 0);
}

/* @there has been found to be printable; it has no terminator. */
static int compare_locator(struct load *load, uint32_t nsid, const char *there, size_t length)
{
	const char *here = ctrl_namespace(load->ctrl, nsid)->locator;
	char text[NVMOVE_CSTATE_MAX_LOCATOR + 1];

	memcpy(text, there, length);
	text[length] = '\0';
	if (!here || !strcmp(here, text))
		return 0;
	return load_refuse(load, -ENOTSUP, NVMOVE_CSTATE_LOCATORS,
			   "locator of nsid %u: \"%.80s\" here, \"%.80s\" in the stream", nsid,
			   near_difference(here, text), near_difference(text, here));
}

static int check_locator(struct load *load, const struct nvmove_cstate_locator *entry,
			 size_t padded)
{
	const uint8_t *text = (const uint8_t *)(entry + 1);
	uint32_t nsid = le32_to_cpu(entry->nsid);
	size_t length = le32_to_cpu(entry->length);

	if (!ctrl_namespace(load->ctrl, nsid))
		return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_LOCATORS,
				   "locator of nsid %u: the namespace is not attached", nsid);
	for (size_t i = 0; i < length; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return load_refuse(
				load, -EBADMSG, NVMOVE_CSTATE_LOCATORS,
				"locator of nsid %u: character %zu is %02xh, must be printable ASCII",
				nsid, i, text[i]);
	}
	if (load_check_reserved(load, NVMOVE_CSTATE_LOCATORS, "locators", text + length,
				padded - length))
		return -ENOTSUP;
	return compare_locator(load, nsid, (const char *)text, length);
}

int check_locators(struct load *load)
{
	const struct section *section = &load->section[NVMOVE_CSTATE_LOCATORS];
	const uint8_t *at = section->payload;
	size_t left = section->length;
	uint32_t previous = 0;

	while (left) {
		const struct nvmove_cstate_locator *entry = (const void *)at;
		size_t length, padded;
		int err;

		length = left < sizeof(*entry) ? 0 : le32_to_cpu(entry->length);
		padded = (length + 3) & ~(size_t)3;
		if (length < 1 || length > NVMOVE_CSTATE_MAX_LOCATOR ||
		    padded > left - sizeof(*entry))
			return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_LOCATORS,
					   "locators: %zu characters in %zu bytes, must be 1 to %u",
					   length, left, NVMOVE_CSTATE_MAX_LOCATOR);
		if (le32_to_cpu(entry->nsid) <= previous)
			return load_refuse(load, -EBADMSG, NVMOVE_CSTATE_LOCATORS,
					   "locators: nsid %u follows nsid %u",
					   le32_to_cpu(entry->nsid), previous);
		err = check_locator(load, entry, padded);
		if (err)
			return err;
		previous = le32_to_cpu(entry->nsid);
		at += sizeof(*entry) + padded;
		left -= sizeof(*entry) + padded;
	}
	return 0;
}
