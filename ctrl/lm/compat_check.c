// SPDX-License-Identifier: BSD-2-Clause
/*
 * Compatibility of one controller's state with another controller: every reason against it. It
 * works on wire structures alone and never on a controller.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../byteorder.h"
#include "compat_compare.h"
#include "crc32c.h"

#define LAST_CNTLID	0xffef
#define MIN_QUEUES	2	/* the admin queue and one I/O queue pair */
#define MIN_ENTRIES	2
#define CAP_MQES	0xffffull
#define VWC_PRESENT	1u
#define ONCS_RESERVATIONS	(1u << 5)
#define CTRATT_RHII	(1u << 18)	/* Reservations and Host Identifier Interaction */
#define TEXT_SIZE	320

/* A value in words, printable and as long as its source, which is bounded. */
struct text {
	char s[TEXT_SIZE];
};

static struct text words(const char *format, ...) __attribute__((cold, format(printf, 1, 2)));

static struct text words(const char *format, ...)
{
	struct text text;
	va_list args;

	va_start(args, format);
	vsnprintf(text.s, sizeof(text.s), format, args);
	va_end(args);
	return text;
}

__attribute__((cold))
static void add_reason(struct compat_report *report, struct text field, struct text source,
		       struct text destination)
{
	const struct nvmove_compat_reason reason = { field.s, source.s, destination.s };

	report->nr_reasons++;
	if (report->fn)
		report->fn(report->arg, &reason);
}

bool compat_adopts(const struct nvmove_compat *destination)
{
	return destination->policy == NVMOVE_COMPAT_ADOPT &&
	       le16_to_cpu(destination->num_members) == 1;
}

/* ---- texts ---- */

struct text_field {
	const char *name;
	const char *prefix;
	size_t offset;
	size_t size;
	size_t max;	/* characters; where it is less than @size, a NUL must follow */
};

#define TEXT(name, member, prefix, max)							\
	{ name, prefix, offsetof(struct nvmove_cstate_identity, member),		\
	  sizeof(((struct nvmove_cstate_identity *)0)->member), max }

static const struct text_field text_fields[] = {
	TEXT("subsystem NQN", subnqn, "nqn.", 223),
	TEXT("serial number", serial, "", 20),
	TEXT("model number", model, "", 40),
	TEXT("firmware revision", firmware, "", 8),
};

#define NR_TEXT_FIELDS (sizeof(text_fields) / sizeof(text_fields[0]))

static bool is_printable(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* Whether a field is text as a controller can have it: printable, then NULs alone. */
static bool text_is_valid(const struct text_field *field, const char *text)
{
	size_t len = strnlen(text, field->size);

	if (len < 1 || len > field->max || strncmp(text, field->prefix, strlen(field->prefix)))
		return false;
	for (size_t i = 0; i < field->size; i++) {
		if (i < len ? !is_printable(text[i]) : text[i] != '\0')
			return false;
	}
	return true;
}

static struct text quoted(const struct text_field *field, const char *text)
{
	size_t len = strnlen(text, field->size);
	struct text result = words("\"%.*s\"", (int)len, text);

	for (size_t i = 1; i <= len; i++) {
		if (!is_printable(result.s[i]))
			result.s[i] = '?';
	}
	for (size_t i = len; i < field->size; i++) {
		if (text[i])
			return words("\"%.*s\" with byte %zu behind it not 0", (int)len,
				     result.s + 1, i);
	}
	return result;
}

static void compare_texts(struct compat_report *report, const struct nvmove_cstate_identity *source,
			  const struct nvmove_compat *destination)
{
	for (size_t i = 0; i < NR_TEXT_FIELDS; i++) {
		const struct text_field *field = &text_fields[i];
		const char *there = (const char *)source + field->offset;
		const char *here = (const char *)&destination->identity + field->offset;
		bool fits = compat_adopts(destination) ? text_is_valid(field, there)
						       : !memcmp(there, here, field->size);

		if (!fits)
			add_reason(report, words("%s", field->name), quoted(field, there),
				   quoted(field, here));
	}
}

/* ---- numbers ---- */

/**
 * enum number_kind - what adopting does with a number; without it all must be equal
 * @FIXED: it must be equal all the same
 * @TAKEN: it is taken over whatever it is
 * @LIMIT: it is taken over within a range
 * @SET: it is taken over if it is a subset
 */
enum number_kind {
	FIXED,
	TAKEN,
	LIMIT,
	SET,
};

/**
 * struct number - one number of an identity
 * @there, @here: at the source and at the destination
 * @least, @most: LIMIT: range; SET: @most is the whole set
 */
struct number {
	const char *name;
	enum number_kind kind;
	uint64_t there;
	uint64_t here;
	uint64_t least;
	uint64_t most;
};

static bool number_fits(const struct number *number, bool adopts)
{
	if (!adopts || number->kind == FIXED)
		return number->there == number->here;
	if (number->kind == LIMIT)
		return number->there >= number->least && number->there <= number->most;
	return number->kind == TAKEN || !(number->there & ~number->most);
}

/* Counts are decimal, ids and sets are not. */
static struct text value(const struct number *number, uint64_t of)
{
	if (number->kind == LIMIT)
		return words("%lu", (unsigned long)of);
	return words("%#lx", (unsigned long)of);
}

static struct text accepted(const struct number *number, bool adopts)
{
	if (!adopts || number->kind == FIXED)
		return value(number, number->here);
	if (number->kind == LIMIT)
		return words("%lu to %lu", (unsigned long)number->least,
			     (unsigned long)number->most);
	return words("%#lx at most", (unsigned long)number->most);
}

static void compare_number(struct compat_report *report, const struct number *number, bool adopts)
{
	if (!number_fits(number, adopts))
		add_reason(report, words("%s", number->name), value(number, number->there),
			   accepted(number, adopts));
}

static uint32_t oui(const uint8_t ieee_oui[3])
{
	return ieee_oui[0] | ieee_oui[1] << 8 | (uint32_t)ieee_oui[2] << 16;
}

/* What programming an identity sets. */
static void compare_taken(struct compat_report *report, const struct nvmove_cstate_identity *there,
			  const struct nvmove_compat *destination)
{
	const struct nvmove_cstate_identity *here = &destination->identity;
	const struct number numbers[] = {
		{ "PCI vendor id", TAKEN, le16_to_cpu(there->vendor_id),
		  le16_to_cpu(here->vendor_id), 0, 0 },
		{ "PCI subsystem vendor id", TAKEN, le16_to_cpu(there->subsystem_vendor_id),
		  le16_to_cpu(here->subsystem_vendor_id), 0, 0 },
		{ "IEEE OUI", TAKEN, oui(there->ieee_oui), oui(here->ieee_oui), 0, 0 },
		{ "controller id", LIMIT, le16_to_cpu(there->cntlid), le16_to_cpu(here->cntlid), 0,
		  LAST_CNTLID },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		compare_number(report, &numbers[i], compat_adopts(destination));
}

/* What the device bounds. */
static void compare_limits(struct compat_report *report, const struct nvmove_cstate_identity *there,
			   const struct nvmove_compat *destination)
{
	const struct nvmove_cstate_identity *here = &destination->identity;
	const struct nvmove_compat_limits *most = &destination->limits;
	const struct number numbers[] = {
		{ "MDTS", LIMIT, there->mdts, here->mdts, 1, most->mdts },
		{ "queue entries", LIMIT, (le64_to_cpu(there->cap) & CAP_MQES) + 1,
		  (le64_to_cpu(here->cap) & CAP_MQES) + 1, MIN_ENTRIES,
		  le32_to_cpu(most->max_queue_entries) },
		{ "number of namespaces", LIMIT, le32_to_cpu(there->num_namespaces),
		  le32_to_cpu(here->num_namespaces), 1, le32_to_cpu(most->num_namespaces) },
		{ "VQ resources", LIMIT, le32_to_cpu(there->num_queues),
		  le32_to_cpu(here->num_queues), MIN_QUEUES, le32_to_cpu(most->num_queues) },
		{ "VI resources", LIMIT, le32_to_cpu(there->num_vectors),
		  le32_to_cpu(here->num_vectors), 1, le32_to_cpu(most->num_vectors) },
		{ "OACS", SET, le16_to_cpu(there->oacs), le16_to_cpu(here->oacs), 0,
		  le16_to_cpu(most->oacs) },
		{ "ONCS", SET, le16_to_cpu(there->oncs), le16_to_cpu(here->oncs), 0,
		  le16_to_cpu(most->oncs) },
		{ "Volatile Write Cache", SET, there->vwc & VWC_PRESENT, here->vwc & VWC_PRESENT, 0,
		  most->vwc & VWC_PRESENT },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		compare_number(report, &numbers[i], compat_adopts(destination));
}

/* CTRATT of @here once it has the ONCS of @there, of which one bit of it follows. */
static uint32_t following_ctratt(const struct nvmove_cstate_identity *there,
				 const struct nvmove_cstate_identity *here)
{
	uint32_t ctratt = le32_to_cpu(here->ctratt) & ~CTRATT_RHII;

	return le16_to_cpu(there->oncs) & ONCS_RESERVATIONS ? ctratt | CTRATT_RHII : ctratt;
}

/* What nobody can change. */
static void compare_fixed(struct compat_report *report, const struct nvmove_cstate_identity *there,
			  const struct nvmove_compat *destination)
{
	const struct nvmove_cstate_identity *here = &destination->identity;
	const struct number numbers[] = {
		{ "VS", FIXED, le32_to_cpu(there->version), le32_to_cpu(here->version), 0, 0 },
		{ "CAP", FIXED, le64_to_cpu(there->cap) & ~CAP_MQES,
		  le64_to_cpu(here->cap) & ~CAP_MQES, 0, 0 },
		{ "size of BAR0", FIXED, le32_to_cpu(there->bar_size), le32_to_cpu(here->bar_size),
		  0, 0 },
		{ "VWC", FIXED, there->vwc & ~VWC_PRESENT, here->vwc & ~VWC_PRESENT, 0, 0 },
		{ "LPA", FIXED, there->lpa, here->lpa, 0, 0 },
		{ "ACL", FIXED, there->acl, here->acl, 0, 0 },
		{ "AERL", FIXED, there->aerl, here->aerl, 0, 0 },
		{ "ELPE", FIXED, there->elpe, here->elpe, 0, 0 },
		{ "NPSS", FIXED, there->npss, here->npss, 0, 0 },
		{ "NWPC", FIXED, there->nwpc, here->nwpc, 0, 0 },
		{ "KAS", FIXED, le16_to_cpu(there->kas), le16_to_cpu(here->kas), 0, 0 },
		{ "WCTEMP", FIXED, le16_to_cpu(there->wctemp), le16_to_cpu(here->wctemp), 0, 0 },
		{ "CCTEMP", FIXED, le16_to_cpu(there->cctemp), le16_to_cpu(here->cctemp), 0, 0 },
		{ "OAES", FIXED, le32_to_cpu(there->oaes), le32_to_cpu(here->oaes), 0, 0 },
		{ "CTRATT", FIXED, le32_to_cpu(there->ctratt), following_ctratt(there, here), 0, 0 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		compare_number(report, &numbers[i], compat_adopts(destination));
}

void compat_compare_identity(struct compat_report *report,
			     const struct nvmove_cstate_identity *source,
			     const struct nvmove_compat *destination)
{
	compare_texts(report, source, destination);
	compare_taken(report, source, destination);
	compare_limits(report, source, destination);
	compare_fixed(report, source, destination);
}

/* ---- namespaces ---- */

static struct text hex(const uint8_t *bytes, size_t len)
{
	struct text text;

	for (size_t i = 0; i < len; i++)
		snprintf(text.s + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static void compare_ids(struct compat_report *report, const char *name, uint32_t nsid,
			const uint8_t *there, const uint8_t *here, size_t len)
{
	if (memcmp(there, here, len))
		add_reason(report, words("%s of nsid %u", name, nsid), hex(there, len),
			   hex(here, len));
}

static void compare_namespace(struct compat_report *report,
			      const struct nvmove_cstate_namespace *there,
			      const struct nvmove_cstate_namespace *here)
{
	uint32_t nsid = le32_to_cpu(here->nsid);

	if (there->lba_shift != here->lba_shift)
		add_reason(report, words("LBA format of nsid %u", nsid),
			   words("2^%u bytes", there->lba_shift),
			   words("2^%u bytes", here->lba_shift));
	if (there->blocks != here->blocks)
		add_reason(report, words("size of nsid %u", nsid),
			   words("%lu blocks", (unsigned long)le64_to_cpu(there->blocks)),
			   words("%lu blocks", (unsigned long)le64_to_cpu(here->blocks)));
	if (there->flags != here->flags)
		add_reason(report, words("private (1) and read-only (2) of nsid %u", nsid),
			   words("%u", there->flags), words("%u", here->flags));
	compare_ids(report, "UUID", nsid, there->uuid, here->uuid, sizeof(here->uuid));
	compare_ids(report, "NGUID", nsid, there->nguid, here->nguid, sizeof(here->nguid));
	compare_ids(report, "EUI-64", nsid, there->eui64, here->eui64, sizeof(here->eui64));
}

void compat_compare_namespaces(struct compat_report *report,
			       const struct nvmove_cstate_namespace *source, size_t nr_source,
			       const struct nvmove_cstate_namespace *destination,
			       size_t nr_destination)
{
	const uint64_t none = UINT64_MAX;
	size_t there = 0, here = 0;

	while (there < nr_source || here < nr_destination) {
		uint64_t there_nsid = there < nr_source ? le32_to_cpu(source[there].nsid) : none;
		uint64_t here_nsid =
			here < nr_destination ? le32_to_cpu(destination[here].nsid) : none;

		if (there_nsid == here_nsid)
			compare_namespace(report, &source[there], &destination[here]);
		else if (there_nsid < here_nsid)
			add_reason(report, words("nsid %lu", (unsigned long)there_nsid),
				   words("attached"), words("not attached"));
		else
			add_reason(report, words("nsid %lu", (unsigned long)here_nsid),
				   words("not attached"), words("attached"));
		there += there_nsid <= here_nsid;
		here += here_nsid <= there_nsid;
	}
}

/* ---- locators ---- */

/**
 * struct locator - one entry of a list of locators
 * @text: @length characters
 */
struct locator {
	uint32_t nsid;
	uint32_t length;
	const char *text;
};

/**
 * struct locators - what is left of a list of locators
 */
struct locators {
	const uint8_t *at;
	size_t left;
};

/*
 * Take the next entry off the list.
 *
 * Return: false if there is none or it is cut off; then @list->left says which.
 */
static bool next_locator(struct locators *list, struct locator *next)
{
	const struct nvmove_cstate_locator *entry = (const void *)list->at;
	size_t padded;

	if (list->left < sizeof(*entry))
		return false;
	next->nsid = le32_to_cpu(entry->nsid);
	next->length = le32_to_cpu(entry->length);
	next->text = (const char *)(entry + 1);
	padded = ((size_t)next->length + 3) & ~(size_t)3;
	if (next->length < 1 || next->length > NVMOVE_CSTATE_MAX_LOCATOR ||
	    padded > list->left - sizeof(*entry))
		return false;
	list->at += sizeof(*entry) + padded;
	list->left -= sizeof(*entry) + padded;
	return true;
}

/* The locator of @nsid in a list that is in order and has been checked; false if it has none. */
static bool find_locator(struct locators *list, uint32_t nsid, struct locator *found)
{
	struct locators next = *list;

	while (next_locator(&next, found) && found->nsid <= nsid) {
		*list = next;
		if (found->nsid == nsid)
			return true;
	}
	return false;
}

/* Where only one side knows, or none, there is nothing to compare. */
static void compare_locators(struct compat_report *report, struct locators there,
			     struct locators here)
{
	struct locator source, destination;

	while (next_locator(&there, &source)) {
		if (!find_locator(&here, source.nsid, &destination) ||
		    (source.length == destination.length &&
		     !memcmp(source.text, destination.text, source.length)))
			continue;
		add_reason(report, words("locator of nsid %u", source.nsid),
			   words("\"%.*s\"", (int)source.length, source.text),
			   words("\"%.*s\"", (int)destination.length, destination.text));
	}
}

/* ---- format of the state ---- */

static void compare_format(struct compat_report *report, const struct nvmove_compat *source,
			   const struct nvmove_compat *destination)
{
	uint64_t written = le64_to_cpu(source->sections_written);
	uint64_t unknown = written & ~le64_to_cpu(destination->sections_read);
	uint64_t missing = le64_to_cpu(destination->sections_required) & ~written;
	unsigned int major = le16_to_cpu(source->state_major);

	if (major < le16_to_cpu(destination->reads_major_min) ||
	    major > le16_to_cpu(destination->reads_major_max))
		add_reason(report, words("format version"), words("%u", major),
			   words("%u to %u", le16_to_cpu(destination->reads_major_min),
				 le16_to_cpu(destination->reads_major_max)));
	for (unsigned int type = 0; type < 64; type++) {
		if (unknown & 1ull << type)
			add_reason(report, words("section %u", type), words("required"),
				   words("unknown"));
		if (missing & 1ull << type)
			add_reason(report, words("section %u", type), words("missing"),
				   words("required"));
	}
}

/* ---- records ---- */

/**
 * struct record - a record being read
 * @report: where to say what is wrong with it
 * @is_source: which of the two it is
 */
struct record {
	struct compat_report *report;
	bool is_source;
	const struct nvmove_compat *head;
	const struct nvmove_cstate_namespace *ns;
	size_t nr_ns;
	struct locators locators;
};

static int unreadable(const struct record *record, int code, const char *field, struct text found,
		      struct text expected)
{
	struct text name = words("%s of the %s's record", field,
				 record->is_source ? "source" : "destination");

	if (record->is_source)
		add_reason(record->report, name, found, expected);
	else
		add_reason(record->report, name, expected, found);
	return code;
}

static uint32_t record_crc(const struct nvmove_compat *head, size_t size)
{
	const size_t behind = offsetof(struct nvmove_compat, nr_namespaces);
	static const uint8_t zeroes[4];
	uint32_t crc = nvmove_crc32c(0, head, offsetof(struct nvmove_compat, crc));

	crc = nvmove_crc32c(crc, zeroes, sizeof(zeroes));
	return nvmove_crc32c(crc, (const uint8_t *)head + behind, size - behind);
}

/* How much of each list follows the head; what is in them is checked later. */
static int check_lists(struct record *record, size_t size)
{
	const struct nvmove_compat *head = record->head;
	size_t left = size - sizeof(*head), most = left / sizeof(*record->ns);

	record->ns = (const void *)(head + 1);
	record->nr_ns = le32_to_cpu(head->nr_namespaces);
	if (record->nr_ns > most)
		return unreadable(record, -EBADMSG, "number of namespaces",
				  words("%zu", record->nr_ns),
				  words("%zu in %zu bytes", most, size));
	left -= record->nr_ns * sizeof(*record->ns);
	if (le32_to_cpu(head->locators_length) != left)
		return unreadable(record, -EBADMSG, "length of locators",
				  words("%u bytes", le32_to_cpu(head->locators_length)),
				  words("%zu bytes", left));
	record->locators.at = (const uint8_t *)(record->ns + record->nr_ns);
	record->locators.left = left;
	return 0;
}

static int check_frame(struct record *record, const void *buf, size_t size)
{
	static const uint8_t magic[8] = NVMOVE_COMPAT_MAGIC;
	const struct nvmove_compat *head = buf;
	uint32_t crc;

	if (size < sizeof(*head))
		return unreadable(record, -EBADMSG, "size", words("%zu bytes", size),
				  words("at least %zu bytes", sizeof(*head)));
	if (memcmp(head->magic, magic, sizeof(magic)))
		return unreadable(record, -EBADMSG, "magic", hex(head->magic, sizeof(magic)),
				  hex(magic, sizeof(magic)));
	if (le16_to_cpu(head->major) != NVMOVE_COMPAT_MAJOR)
		return unreadable(record, -ENOTSUP, "version",
				  words("%u", le16_to_cpu(head->major)),
				  words("%u", NVMOVE_COMPAT_MAJOR));
	if (le32_to_cpu(head->length) != size)
		return unreadable(record, -EBADMSG, "length",
				  words("%u bytes", le32_to_cpu(head->length)),
				  words("%zu bytes", size));
	crc = record_crc(head, size);
	if (le32_to_cpu(head->crc) != crc)
		return unreadable(record, -EBADMSG, "CRC",
				  words("%08x", le32_to_cpu(head->crc)), words("%08x", crc));
	record->head = head;
	return check_lists(record, size);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* A newer minor version may have given them a meaning that a reader can do without. */
static int check_reserved(const struct record *record)
{
	const struct nvmove_compat *head = record->head;
	bool zero = all_zero(&head->identity.reserved345, 1) &&
		    all_zero(head->identity.reserved380, sizeof(head->identity.reserved380)) &&
		    all_zero(head->limits.reserved6, sizeof(head->limits.reserved6));

	for (size_t i = 0; i < record->nr_ns; i++)
		zero = zero && all_zero(record->ns[i].reserved6, sizeof(record->ns[i].reserved6));
	if (zero || le16_to_cpu(head->minor) > NVMOVE_COMPAT_MINOR)
		return 0;
	return unreadable(record, -EBADMSG, "reserved bytes", words("not 0"), words("0"));
}

static int check_namespaces(const struct record *record)
{
	uint32_t previous = 0, most = le32_to_cpu(record->head->identity.num_namespaces);

	for (size_t i = 0; i < record->nr_ns; i++) {
		uint32_t nsid = le32_to_cpu(record->ns[i].nsid);

		if (nsid <= previous || nsid > most)
			return unreadable(record, -EBADMSG, "order of namespaces",
					  words("nsid %u", nsid),
					  words("%lu to %u", previous + 1ul, most));
		previous = nsid;
	}
	return 0;
}

/* Printable, and padded with zeroes. */
static bool locator_is_valid(const struct locator *locator, const uint8_t *end)
{
	const char *behind = locator->text + locator->length;

	for (const char *at = locator->text; at < behind; at++) {
		if (!is_printable(*at))
			return false;
	}
	return all_zero((const uint8_t *)behind, end - (const uint8_t *)behind);
}

/* Each is of a namespace in the record. */
static int check_locators(const struct record *record)
{
	struct locators list = record->locators;
	struct locator locator;
	size_t i = 0;

	while (next_locator(&list, &locator)) {
		while (i < record->nr_ns && le32_to_cpu(record->ns[i].nsid) < locator.nsid)
			i++;
		if (i == record->nr_ns || le32_to_cpu(record->ns[i].nsid) != locator.nsid)
			return unreadable(record, -EBADMSG, "order of locators",
					  words("nsid %u", locator.nsid),
					  words("attached namespaces in order"));
		if (!locator_is_valid(&locator, list.at))
			return unreadable(record, -EBADMSG, "locators",
					  words("nsid %u, other characters", locator.nsid),
					  words("printable, padded with 0"));
		i++;
	}
	if (list.left)
		return unreadable(record, -EBADMSG, "locators", words("%zu bytes", list.left),
				  words("1 to %u characters each", NVMOVE_CSTATE_MAX_LOCATOR));
	return 0;
}

static int check_contents(const struct record *record)
{
	const struct nvmove_compat *head = record->head;
	int err;

	if (head->policy > NVMOVE_COMPAT_ADOPT)
		return unreadable(record, -EBADMSG, "policy", words("%u", head->policy),
				  words("at most %u", NVMOVE_COMPAT_ADOPT));
	for (size_t i = 0; i < NR_TEXT_FIELDS; i++) {
		const struct text_field *field = &text_fields[i];
		const char *text = (const char *)&head->identity + field->offset;

		if (!text_is_valid(field, text))
			return unreadable(record, -EBADMSG, field->name, quoted(field, text),
					  words("printable, \"%s...\", padded with 0",
						field->prefix));
	}
	err = check_namespaces(record);
	if (!err)
		err = check_locators(record);
	return err ? err : check_reserved(record);
}

int nvmove_compat_check(const void *source, size_t source_size, const void *destination,
			size_t destination_size, nvmove_compat_reason_fn *fn, void *arg)
{
	struct compat_report report = { .fn = fn, .arg = arg };
	struct record from = { .report = &report, .is_source = true };
	struct record to = { .report = &report };
	int err;

	err = check_frame(&from, source, source_size);
	if (!err)
		err = check_contents(&from);
	if (!err)
		err = check_frame(&to, destination, destination_size);
	if (!err)
		err = check_contents(&to);
	if (err)
		return err;
	compare_format(&report, from.head, to.head);
	compat_compare_identity(&report, &from.head->identity, to.head);
	compat_compare_namespaces(&report, from.ns, from.nr_ns, to.ns, to.nr_ns);
	compare_locators(&report, from.locators, to.locators);
	return report.nr_reasons;
}
