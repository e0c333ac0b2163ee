// SPDX-License-Identifier: BSD-2-Clause
/*
 * The content of blocks and the comparison of pages with it. It never touches a device, and it
 * keeps no copy of a page: what a page must contain is calculated from a number.
 */
#include "pages.h"

/* The finalizer of the splitmix64 generator: every bit of the result depends on every bit. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

static uint64_t first_word(uint32_t block, uint32_t generation)
{
	return mix((uint64_t)generation << 32 | block);
}

static uint64_t next_word(uint64_t word)
{
	return word * 6364136223846793005ull + 1442695040888963407ull;
}

/* Order matters to it, so pages that were exchanged do not cancel each other out. */
static uint64_t add_to_sum(uint64_t sum, uint64_t word)
{
	return (sum << 7 | sum >> 57) + word;
}

void page_fill(void *page, uint32_t block, uint32_t generation)
{
	uint64_t word = first_word(block, generation);
	uint64_t *words = page;

	for (uint32_t i = 0; i < PAGE_WORDS; i++, word = next_word(word))
		words[i] = word;
}

void page_verify(const struct pages *pages, uint32_t page, struct verdict *verdict)
{
	const uint64_t *words = (const uint64_t *)(pages->memory + (size_t)page * PAGE_BYTES);
	uint64_t expected = first_word(pages->blocks[page], pages->generation);
	bool right = true;

	for (uint32_t i = 0; i < PAGE_WORDS; i++, expected = next_word(expected)) {
		if (words[i] != expected && right) {
			right = false;
			if (!verdict->wrong_pages)
				verdict->first = (struct difference){ page, i, words[i], expected };
		}
		verdict->found_sum = add_to_sum(verdict->found_sum, words[i]);
		verdict->expected_sum = add_to_sum(verdict->expected_sum, expected);
	}
	verdict->wrong_pages += !right;
}

bool pages_verify(const struct pages *pages, struct verdict *verdict)
{
	for (uint32_t page = 0; page < pages->count; page++)
		page_verify(pages, page, verdict);
	return !verdict->wrong_pages && verdict->found_sum == verdict->expected_sum;
}
