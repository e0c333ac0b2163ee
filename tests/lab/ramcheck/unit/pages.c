// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests that the comparison of pages notices what a migration can do to them: a page that is older
 * than it must be, pages that changed places, a single bit. It reads no device.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pages.h"

#define COUNT		4u
#define GENERATION	3u

static unsigned int failures;

static void check(bool good, const char *what)
{
	if (good)
		return;
	failures++;
	printf("not as expected: %s\n", what);
}

static uint8_t *page_at(struct pages *pages, uint32_t page)
{
	return pages->memory + (size_t)page * PAGE_BYTES;
}

/* Pages as they must be; the last one has never been read into. */
static void prepare(struct pages *pages)
{
	for (uint32_t page = 0; page < COUNT; page++) {
		pages->blocks[page] = page < COUNT - 1 ? 100 + page : NEVER_READ;
		page_fill(page_at(pages, page), pages->blocks[page], GENERATION);
	}
}

static void check_found(struct pages *pages, uint32_t page, const char *what)
{
	struct verdict verdict = { 0 };

	check(!pages_verify(pages, &verdict), what);
	check(verdict.wrong_pages == 1, what);
	check(verdict.first.page == page && verdict.first.found != verdict.first.expected, what);
	check(verdict.found_sum != verdict.expected_sum, what);
}

static void test_every_bit(struct pages *pages)
{
	for (uint32_t bit = 0; bit < COUNT * PAGE_BYTES * 8; bit++) {
		struct verdict verdict = { 0 };

		pages->memory[bit / 8] ^= 1u << bit % 8;
		if (pages_verify(pages, &verdict) || verdict.first.word != bit / 64 % PAGE_WORDS ||
		    verdict.first.page != bit / 8 / PAGE_BYTES)
			check(false, "a bit that changed");
		pages->memory[bit / 8] ^= 1u << bit % 8;
	}
}

int main(void)
{
	uint32_t blocks[COUNT];
	struct pages pages = { .blocks = blocks, .count = COUNT, .generation = GENERATION };
	struct verdict verdict = { 0 };

	pages.memory = aligned_alloc(PAGE_BYTES, COUNT * PAGE_BYTES);
	if (!pages.memory)
		return 1;
	prepare(&pages);
	check(pages_verify(&pages, &verdict) && verdict.found_sum == verdict.expected_sum,
	      "pages as they must be");
	test_every_bit(&pages);

	page_fill(page_at(&pages, 1), 100, GENERATION);
	check_found(&pages, 1, "the content of another block");
	page_fill(page_at(&pages, 1), 101, GENERATION - 1);
	check_found(&pages, 1, "content of an older generation");
	prepare(&pages);
	page_fill(page_at(&pages, COUNT - 1), 100, GENERATION);
	check_found(&pages, COUNT - 1, "a read that nobody asked for");

	prepare(&pages);
	page_verify(&pages, 0, &verdict);
	check(!verdict.wrong_pages, "one page as it must be");
	page_fill(page_at(&pages, 0), 101, GENERATION);
	page_verify(&pages, 0, &verdict);
	prepare(&pages);
	check(!pages_verify(&pages, &verdict) && verdict.wrong_pages == 1 && !verdict.first.page,
	      "a page that was wrong before it was right again");

	verdict = (struct verdict){ 0 };
	page_fill(page_at(&pages, 0), 101, GENERATION);
	page_fill(page_at(&pages, 1), 100, GENERATION);
	check(!pages_verify(&pages, &verdict) && verdict.wrong_pages == 2 && !verdict.first.page,
	      "two pages that changed places");
	check(verdict.found_sum != verdict.expected_sum, "the checksum of pages that changed places");
	free(pages.memory);
	return failures ? 1 : 0;
}
