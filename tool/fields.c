// SPDX-License-Identifier: BSD-2-Clause
/*
 * From wire structures to JSON by tables. What it reads may say anything: what comes out is
 * printable.
 */
#include "fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t little_endian(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | bytes[size];
	return value;
}

struct json_object *fields_hex(uint64_t value)
{
	char text[2 + 16 + 1];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_object_new_string(text);
}

struct json_object *fields_bytes(const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;
	struct json_object *object;
	char *text = malloc(2 * length + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[from[i] >> 4];
		text[2 * i + 1] = digits[from[i] & 0xf];
	}
	object = json_object_new_string_len(text, (int)(2 * length));
	free(text);
	return object;
}

struct json_object *fields_text(const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	struct json_object *object;
	size_t length = 0;
	char *text;

	while (size && !from[size - 1])
		size--;
	text = malloc(4 * size + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		if (from[i] >= 0x20 && from[i] <= 0x7e)
			text[length++] = (char)from[i];
		else
			length += (size_t)sprintf(text + length, "\\x%02x", from[i]);
	}
	object = json_object_new_string_len(text, (int)length);
	free(text);
	return object;
}

static struct json_object *field_value(const struct field *field, const uint8_t *bytes)
{
	switch (field->kind) {
	case FIELD_COUNT:
		return json_object_new_uint64(little_endian(bytes, field->size));
	case FIELD_HEX:
		return fields_hex(little_endian(bytes, field->size));
	case FIELD_TEXT:
		return fields_text(bytes, field->size);
	case FIELD_BYTES:
		break;
	}
	return fields_bytes(bytes, field->size);
}

void fields_add(struct json_object *object, const struct layout *layout, const void *bytes)
{
	for (unsigned int i = 0; i < layout->nr_fields; i++) {
		const struct field *field = &layout->fields[i];

		json_object_object_add(object, field->name,
				       field_value(field,
						   (const uint8_t *)bytes + field->offset));
	}
}

struct json_object *fields_object(const struct layout *layout, const void *bytes)
{
	struct json_object *object = json_object_new_object();

	fields_add(object, layout, bytes);
	return object;
}

struct json_object *fields_list(const struct layout *layout, const void *bytes, size_t length)
{
	struct json_object *list = json_object_new_array();

	for (size_t at = 0; length - at >= layout->size; at += layout->size)
		json_object_array_add(list, fields_object(layout, (const uint8_t *)bytes + at));
	return list;
}
