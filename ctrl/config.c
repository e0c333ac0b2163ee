// SPDX-License-Identifier: BSD-2-Clause
/*
 * Checks of what an embedder configures; see config.h. They look at the values alone, never at a
 * subsystem.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

bool config_refuse(char **error, const char *format, ...)
{
	va_list args;

	if (!error)
		return false;
	va_start(args, format);
	if (vasprintf(error, format, args) < 0)
		*error = NULL;
	va_end(args);
	return false;
}

bool config_check_text(const char *field, const char *text, size_t max, char **error)
{
	size_t len = text ? strlen(text) : 0;

	if (len < 1 || len > max)
		return config_refuse(error, "%s: %zu characters, must be 1 to %zu", field, len,
				     max);
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return config_refuse(error,
					     "%s: character %zu is %02xh, must be printable ASCII",
					     field, i, (unsigned char)text[i]);
	}
	return true;
}

bool config_check_range(const char *field, unsigned long value, unsigned long min,
			unsigned long max, char **error)
{
	if (value >= min && value <= max)
		return true;
	return config_refuse(error, "%s: %lu, must be %lu to %lu", field, value, min, max);
}

bool config_check_nqn(const char *field, const char *nqn, char **error)
{
	if (!config_check_text(field, nqn, 223, error))
		return false;
	if (!strncmp(nqn, "nqn.", 4))
		return true;
	return config_refuse(error, "%s: \"%s\" does not begin with \"nqn.\"", field, nqn);
}
