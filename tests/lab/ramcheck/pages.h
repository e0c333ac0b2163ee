/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of known content, and what each of them must contain. Nothing here reads a device.
 */
#ifndef RAMCHECK_PAGES_H
#define RAMCHECK_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES	4096u
#define PAGE_WORDS	(PAGE_BYTES / sizeof(uint64_t))
/* Instead of a block's number: nothing has been read into the page, the processor filled it. */
#define NEVER_READ	UINT32_MAX

/**
 * struct pages - pages of memory with what must be in them
 * @memory: @count pages, page aligned
 * @blocks: for each page the number of the block whose content it must have, or %NEVER_READ
 * @count: number of pages
 * @generation: of the content of all blocks
 */
struct pages {
	uint8_t *memory;
	uint32_t *blocks;
	uint32_t count;
	uint32_t generation;
};

/**
 * struct difference - the first word that is not what it must be
 * @page: index of its page
 * @word: its index in the page
 * @found: its value
 * @expected: what it must be
 */
struct difference {
	uint32_t page;
	uint32_t word;
	uint64_t found;
	uint64_t expected;
};

/**
 * struct verdict - what checks of pages found
 * @wrong_pages: number of pages that are not what they must be
 * @first: where the first of them differs, if there is one
 * @found_sum: checksum over all words that were looked at
 * @expected_sum: what it must be
 */
struct verdict {
	uint32_t wrong_pages;
	struct difference first;
	uint64_t found_sum;
	uint64_t expected_sum;
};

/**
 * page_fill() - write the content of a block
 * @page: %PAGE_BYTES of memory, aligned to a word
 * @block: the block's number, or %NEVER_READ
 * @generation: generation of the content
 *
 * Every word depends on the block, the generation and its own place.
 */
void page_fill(void *page, uint32_t block, uint32_t generation);

/**
 * page_verify() - compare every word of a page with what it must be
 * @pages: the pages
 * @page: index of the page
 * @verdict: what was found is added to it
 */
void page_verify(const struct pages *pages, uint32_t page, struct verdict *verdict);

/**
 * pages_verify() - compare every word of every page with what it must be
 * @pages: the pages
 * @verdict: what was found is added to it
 *
 * Return: whether these and all that the verdict had before are right.
 */
bool pages_verify(const struct pages *pages, struct verdict *verdict);

#endif
