/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From wire structures to JSON by tables: which fields a structure has, how people read them. It
 * knows no structure.
 */
#ifndef TOOL_FIELDS_H
#define TOOL_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/**
 * enum field_kind - how a field is shown
 * @FIELD_COUNT: little-endian integer, a number
 * @FIELD_HEX: little-endian integer, a text like "0x1f"
 * @FIELD_TEXT: ASCII padded with NULs; what is not printable is shown as \xNN
 * @FIELD_BYTES: hexadecimal digits
 */
enum field_kind {
	FIELD_COUNT,
	FIELD_HEX,
	FIELD_TEXT,
	FIELD_BYTES,
};

/**
 * struct field - a field of a wire structure
 * @size: bytes; of integers 1, 2, 4 or 8
 */
struct field {
	const char *name;
	enum field_kind kind;
	uint16_t offset;
	uint16_t size;
};

#define FIELD(type, member, name, kind) \
	{ name, kind, offsetof(type, member), sizeof(((type *)NULL)->member) }

/**
 * struct layout - the fields of a structure that are shown; reserved ones and counts are not
 * @size: of the structure
 */
struct layout {
	const struct field *fields;
	unsigned int nr_fields;
	uint16_t size;
};

#define LAYOUT(type, array) \
	{ array, sizeof(array) / sizeof((array)[0]), sizeof(type) }

/** fields_object() - a structure as an object; @bytes has layout->size bytes, on any boundary */
struct json_object *fields_object(const struct layout *layout, const void *bytes);

/** fields_add() - the same, into an object that is there */
void fields_add(struct json_object *object, const struct layout *layout, const void *bytes);

/** fields_list() - as many structures as @length bytes hold, as an array */
struct json_object *fields_list(const struct layout *layout, const void *bytes, size_t length);

/** fields_bytes() - bytes as hexadecimal digits */
struct json_object *fields_bytes(const void *bytes, size_t length);

/** fields_text() - up to @size characters; trailing NULs are left out */
struct json_object *fields_text(const void *bytes, size_t size);

/** fields_hex() - an integer as a text like "0x1f" */
struct json_object *fields_hex(uint64_t value);

#endif /* TOOL_FIELDS_H */
