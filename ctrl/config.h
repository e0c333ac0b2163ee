/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of what an embedder configures. Each refusal is a message that names the field, its value
 * and what is allowed; nothing is corrected in silence.
 */
#ifndef CTRL_CONFIG_H
#define CTRL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Store a message, to be freed by the embedder, unless @error is NULL.
 *
 * Return: false.
 */
bool config_refuse(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether @text is 1 to @max characters of printable ASCII. NULL counts as no character. */
bool config_check_text(const char *field, const char *text, size_t max, char **error);

/* Whether @value lies within @min and @max. */
bool config_check_range(const char *field, unsigned long value, unsigned long min,
			unsigned long max, char **error);

/* Whether @nqn is an NVMe qualified name. */
bool config_check_nqn(const char *field, const char *nqn, char **error);

#endif /* CTRL_CONFIG_H */
