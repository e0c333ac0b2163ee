// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading, first step: lengths, versions, checksums and the sections of a state that comes from
 * anywhere (docs/controller-state.md). What the sections say is not this file's business.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../state_reader.h"
#include "state_load.h"

static const char *const section_names[] = {
	[0] = "container",
	[NVMOVE_CSTATE_IDENTITY] = "identity",
	[NVMOVE_CSTATE_REGISTERS] = "registers",
	[NVMOVE_CSTATE_ADMIN_QUEUE] = "admin queue",
	[NVMOVE_CSTATE_FEATURES] = "features",
	[NVMOVE_CSTATE_EVENTS] = "events",
	[NVMOVE_CSTATE_ERROR_LOG] = "error log",
	[NVMOVE_CSTATE_SMART] = "SMART",
	[NVMOVE_CSTATE_CHANGED_NS] = "changed namespaces",
	[NVMOVE_CSTATE_NAMESPACES] = "namespaces",
	[NVMOVE_CSTATE_UNPOSTED] = "unposted completions",
	[NVMOVE_CSTATE_TIMERS] = "timers",
	[NVMOVE_CSTATE_LOCATORS] = "locators",
	[NVMOVE_CSTATE_RESERVATIONS] = "reservations",
	[NVMOVE_CSTATE_RESV_LOG] = "reservation notifications",
	[NVMOVE_CSTATE_SHADOW] = "shadow doorbells",
	[NVMOVE_CSTATE_COMPAT] = "compatibility record",
};

/*
 * The sections that are known, of one fixed structure or a list of one: what their length must be.
 * Small numbers, because every load reads them; names are for refusals alone.
 */
static const struct {
	uint16_t size;
	bool list;
} section_layout[NVMOVE_CSTATE_TYPE_MAX + 1] = {
	[NVMOVE_CSTATE_IDENTITY] = { sizeof(struct nvmove_cstate_identity), false },
	[NVMOVE_CSTATE_REGISTERS] = { sizeof(struct nvmove_cstate_registers), false },
	[NVMOVE_CSTATE_ADMIN_QUEUE] = { sizeof(struct nvmove_cstate_admin_queue), false },
	[NVMOVE_CSTATE_FEATURES] = { 4, true },
	[NVMOVE_CSTATE_EVENTS] = { 4, true },
	[NVMOVE_CSTATE_ERROR_LOG] = { 4, true },
	[NVMOVE_CSTATE_SMART] = { sizeof(struct nvmove_cstate_smart), false },
	[NVMOVE_CSTATE_CHANGED_NS] = { sizeof(__le32), true },
	[NVMOVE_CSTATE_NAMESPACES] = { sizeof(struct nvmove_cstate_namespace), true },
	[NVMOVE_CSTATE_UNPOSTED] = { sizeof(struct nvmove_cstate_unposted), true },
	[NVMOVE_CSTATE_TIMERS] = { sizeof(struct nvmove_cstate_timers), false },
	[NVMOVE_CSTATE_LOCATORS] = { 4, true },
	[NVMOVE_CSTATE_RESERVATIONS] = { 4, true },
	[NVMOVE_CSTATE_RESV_LOG] = { 4, true },
	[NVMOVE_CSTATE_SHADOW] = { sizeof(struct nvmove_cstate_shadow), false },
};

const char *nvmove_state_section_name(unsigned int type)
{
	return type < sizeof(section_names) / sizeof(section_names[0]) ? section_names[type] : NULL;
}

uint64_t load_sections(void)
{
	uint64_t types = 0;

	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++)
		types |= (uint64_t)!!section_layout[type].size << type;
	return types;
}

int load_refuse(struct load *load, int code, unsigned int section, const char *format, ...)
{
	char *text = load->error->text;
	va_list args;

	load->error->section = section;
	va_start(args, format);
	vsnprintf(text, sizeof(load->error->text), format, args);
	va_end(args);
	return code;
}

int load_refuse_reserved(struct load *load, unsigned int section, const char *what,
			 const uint8_t *bytes)
{
	size_t i = 0;

	while (!bytes[i])
		i++;
	return load_refuse(load, -ENOTSUP, section,
			   "%s: reserved byte %zu is 0 here, %#x in the stream", what, i, bytes[i]);
}

static int check_container(struct load *load, const uint8_t *buf, size_t size, size_t *nvme_len,
			   size_t *vendor_len)
{
	const struct nvmove_cstate_header *header = (const void *)buf;
	uint64_t nvme, vendor;

	if (size < sizeof(*header))
		return load_refuse(load, -EBADMSG, 0, "container: %zu bytes, header has %zu", size,
				   sizeof(*header));
	if (le16_to_cpu(header->version) != NVMOVE_CSTATE_VERSION)
		return load_refuse(load, -ENOTSUP, 0,
				   "container version: %u here, %u in the stream",
				   NVMOVE_CSTATE_VERSION, le16_to_cpu(header->version));
	if (load->parts != STATE_QUESTION && !(header->attributes & NVMOVE_CSTATE_ATTR_SUSPENDED))
		return load_refuse(load, -EBADMSG, 0,
				   "container attributes: %#x, the source was not suspended",
				   header->attributes);
	nvme = le64_to_cpu(header->nvme_dwords[0]);
	vendor = le64_to_cpu(header->vendor_dwords[0]);
	if (header->nvme_dwords[1] || header->vendor_dwords[1] || nvme > NVMOVE_CSTATE_MAX / 4 ||
	    vendor > NVMOVE_CSTATE_MAX / 4 || sizeof(*header) + 4 * (nvme + vendor) != size)
		return load_refuse(
			load, -EBADMSG, 0,
			"container: %zu bytes, sizes of %lu and %lu dwords in its header", size,
			(unsigned long)nvme, (unsigned long)vendor);
	*nvme_len = 4 * nvme;
	*vendor_len = 4 * vendor;
	return load_check_reserved(load, 0, "container", header->reserved3,
				   sizeof(header->reserved3));
}

static int parse_nvme_state(struct load *load, const uint8_t *buf, size_t len)
{
	const struct nvmove_cstate_nvme *head = (const void *)buf;
	size_t need;

	if (!(load->parts & STATE_NVME) && !len)
		return 0;
	if (load->parts == STATE_QUESTION)
		return load_refuse(load, -EBADMSG, 0,
				   "NVMe Controller State: 0 bytes in a question, %zu in the stream",
				   len);
	if (len < sizeof(*head))
		return load_refuse(load, -EBADMSG, 0,
				   "NVMe Controller State: %zu bytes, at least %zu", len,
				   sizeof(*head));
	if (head->version)
		return load_refuse(load, -ENOTSUP, 0,
				   "NVMe Controller State version: 0 here, %u in the stream",
				   le16_to_cpu(head->version));
	load->nr_sq = le16_to_cpu(head->nr_sq);
	load->nr_cq = le16_to_cpu(head->nr_cq);
	need = sizeof(*head) + load->nr_sq * sizeof(*load->sq) + load->nr_cq * sizeof(*load->cq);
	if (len != need)
		return load_refuse(load, -EBADMSG, 0,
				   "NVMe Controller State: %zu bytes, %u and %u queues need %zu",
				   len, load->nr_sq, load->nr_cq, need);
	load->sq = (const void *)(head + 1);
	load->cq = (const void *)(load->sq + load->nr_sq);
	return load_check_reserved(load, 0, "NVMe Controller State", head->reserved6,
				   sizeof(head->reserved6));
}

static uint32_t section_crc(const struct nvmove_cstate_section *section, size_t length)
{
	struct nvmove_cstate_section header = *section;

	header.crc = 0;
	return nvmove_crc32c(nvmove_crc32c(0, &header, sizeof(header)), section + 1, length);
}

static uint32_t vendor_head_crc(const struct nvmove_cstate_vendor *head)
{
	struct nvmove_cstate_vendor header = *head;

	header.crc = 0;
	return nvmove_crc32c(0, &header, sizeof(header));
}

static int parse_vendor_head(struct load *load, const uint8_t *buf, size_t len, uint32_t nvme_crc,
			     unsigned int *nr_sections)
{
	static const uint8_t uuid[16] = NVMOVE_CSTATE_UUID;
	const struct nvmove_cstate_vendor *head = (const void *)buf;
	uint32_t crc;

	if (len < sizeof(*head))
		return load_refuse(load, -EBADMSG, 0,
				   "Vendor Specific Data: %zu bytes, at least %zu", len,
				   sizeof(*head));
	if (memcmp(head->uuid, uuid, sizeof(uuid)))
		return load_refuse(
			load, -ENOTSUP, 0,
			"vendor UUID: %02x%02x%02x%02x-... here, %02x%02x%02x%02x-... in the stream",
			uuid[0], uuid[1], uuid[2], uuid[3], head->uuid[0], head->uuid[1],
			head->uuid[2], head->uuid[3]);
	crc = vendor_head_crc(head);
	if (crc != le32_to_cpu(head->crc))
		return load_refuse(load, -EBADMSG, 0, "CRC of the vendor header: %08x, %08x in it",
				   crc, le32_to_cpu(head->crc));
	if (le16_to_cpu(head->major) != NVMOVE_CSTATE_MAJOR)
		return load_refuse(load, -ENOTSUP, 0,
				   "format version: %u.%u here, %u.%u in the stream",
				   NVMOVE_CSTATE_MAJOR, NVMOVE_CSTATE_MINOR,
				   le16_to_cpu(head->major), le16_to_cpu(head->minor));
	if (nvme_crc != le32_to_cpu(head->nvme_crc))
		return load_refuse(
			load, -EBADMSG, 0,
			"CRC of the NVMe Controller State: %08x, %08x in the vendor header",
			nvme_crc, le32_to_cpu(head->nvme_crc));
	*nr_sections = le32_to_cpu(head->nr_sections);
	return 0;
}

/* Where a section of @type belongs; NULL: it is unknown. */
static struct section *find_section(struct load *load, unsigned int type)
{
	if (load->parts == STATE_QUESTION && type == NVMOVE_CSTATE_COMPAT)
		return &load->record;
	if (type == 0 || type > NVMOVE_CSTATE_TYPE_MAX || !section_layout[type].size)
		return NULL;
	return &load->section[type];
}

static int take_section(struct load *load, const struct nvmove_cstate_section *section)
{
	unsigned int type = le16_to_cpu(section->type);
	uint32_t flags = le32_to_cpu(section->flags);
	struct section *taken = find_section(load, type);

	if (!taken) {
		if (!(flags & NVMOVE_CSTATE_F_SKIPPABLE))
			return load_refuse(load, -ENOTSUP, type, "section %u: unknown and required",
					   type);
		if (load->ctrl)
			ctrl_log(load->ctrl, "section %u of the state is unknown and was left out",
				 type);
		return 0;
	}
	if (flags)
		return load_refuse(load, -EBADMSG, type, "%s: flags %#x, none are defined for it",
				   section_names[type], flags);
	if (le16_to_cpu(section->version) != 1)
		return load_refuse(load, -ENOTSUP, type, "%s: version 1 here, %u in the stream",
				   section_names[type], le16_to_cpu(section->version));
	if (taken->payload)
		return load_refuse(load, -EBADMSG, type, "%s: section %u appears twice",
				   section_names[type], type);
	taken->payload = (const uint8_t *)(section + 1);
	taken->length = le32_to_cpu(section->length);
	return 0;
}

static int parse_sections(struct load *load, const uint8_t *at, size_t len, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct nvmove_cstate_section *section = (const void *)at;
		unsigned int type;
		size_t length;
		uint32_t crc;
		int err;

		if (len < sizeof(*section))
			return load_refuse(load, -EBADMSG, 0, "section %u of %u: %zu bytes left",
					   i + 1, nr, len);
		type = le16_to_cpu(section->type);
		length = le32_to_cpu(section->length);
		if (length % 4 || length > len - sizeof(*section))
			return load_refuse(load, -EBADMSG, type,
					   "length of section %u: %zu bytes, %zu bytes left", type,
					   length, len - sizeof(*section));
		crc = section_crc(section, length);
		if (crc != le32_to_cpu(section->crc))
			return load_refuse(load, -EBADMSG, type,
					   "CRC of section %u: %08x, %08x in its header", type, crc,
					   le32_to_cpu(section->crc));
		err = take_section(load, section);
		if (err)
			return err;
		at += sizeof(*section) + length;
		len -= sizeof(*section) + length;
	}
	if (len)
		return load_refuse(load, -EBADMSG, 0, "%zu bytes after the last of %u sections",
				   len, nr);
	return 0;
}

static int check_layout(struct load *load)
{
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		size_t length = load->section[type].length;
		size_t size = section_layout[type].size;

		if (!size)
			continue;
		if (!load->section[type].payload)
			return load_refuse(load, -EBADMSG, type, "%s: section %u is missing",
					   section_names[type], type);
		if (section_layout[type].list ? length % size : length != size)
			return load_refuse(load, -EBADMSG, type,
					   "%s: %zu bytes, %zu%s in version 1", section_names[type],
					   length, size, section_layout[type].list ? " each" : "");
	}
	return 0;
}

int load_parse(struct load *load, const uint8_t *buf, size_t size)
{
	size_t nvme_len = 0, vendor_len = 0, vendor_at;
	unsigned int nr_sections = 0;
	int err;

	err = check_container(load, buf, size, &nvme_len, &vendor_len);
	if (err)
		return err;
	err = parse_nvme_state(load, buf + sizeof(struct nvmove_cstate_header), nvme_len);
	if (err)
		return err;
	vendor_at = size - vendor_len;
	err = parse_vendor_head(load, buf + vendor_at, vendor_len, nvmove_crc32c(0, buf, vendor_at),
				&nr_sections);
	if (err)
		return err;
	vendor_at += sizeof(struct nvmove_cstate_vendor);
	err = parse_sections(load, buf + vendor_at, size - vendor_at, nr_sections);
	if (err || load->parts == STATE_QUESTION)
		return err;
	return check_layout(load);
}
