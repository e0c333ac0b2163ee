/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from outside in HTML and SVG, so that it stays text. It draws nothing.
 */
#ifndef TOOL_MARKUP_H
#define TOOL_MARKUP_H

#include <stdio.h>

/**
 * markup_text() - write text that may say anything
 * @text: what HTML gives a meaning becomes a character reference; what is no UTF-8, and what no
 *	document may have, becomes U+FFFD. It is right between tags and in quoted attributes
 */
void markup_text(FILE *out, const char *text);

/** markup_element() - an element that has nothing but text; @open is its tag's content */
void markup_element(FILE *out, const char *open, const char *text);

#endif /* TOOL_MARKUP_H */
