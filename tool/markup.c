// SPDX-License-Identifier: BSD-2-Clause
/*
 * Escaping text for documents that are both HTML and XML.
 */
#include "markup.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The first character of @text. Return: bytes that it has, 0 if it is no UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3
			: text[0] >> 3 == 30 ? 4 : 0;

	*character = length == 1 ? text[0] : text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return length && *character >= least[length] ? length : 0;
}

static bool is_allowed(uint32_t character)
{
	return character >= 0x20 && (character < 0x7f || character > 0x9f) &&
	       (character < 0xd800 || character > 0xdfff) && character < 0x110000 &&
	       (character & 0xfffe) != 0xfffe;
}

static void put_character(FILE *out, uint32_t character, const char *bytes, size_t length)
{
	if (strchr("<>&\"'`", (int)character) && character < 0x80)
		fprintf(out, "&#%u;", character);
	else
		fwrite(bytes, 1, length, out);
}

void markup_text(FILE *out, const char *text)
{
	while (*text) {
		uint32_t character;
		size_t length = decode((const unsigned char *)text, &character);

		if (length && is_allowed(character))
			put_character(out, character, text, length);
		else
			fputs("&#65533;", out);
		text += length ? length : 1;
	}
}

void markup_element(FILE *out, const char *open, const char *text)
{
	fprintf(out, "<%s>", open);
	markup_text(out, text);
	fprintf(out, "</%.*s>", (int)strcspn(open, " "), open);
}
