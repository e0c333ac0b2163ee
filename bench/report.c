// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time of a report of the pages that a controller has written, few of a large guest's, from the
 * command to its completion; beside it reading once a bitmap with a bit for every page.
 */
#include <endian.h>
#include <stdlib.h>

#include <nvmove/lm.h>

#include "bench.h"
#include "host.h"
#include "measure.h"

#define QUEUE_ENTRIES	1024
#define WRITTEN		1000u
#define REPORT_BYTES	(4 * IO_BYTES)
#define BITMAP_BYTES	(WIDE_MEMORY_BYTES / IO_BYTES / 8)

/**
 * struct tracked - a controller that writes here and there
 * @data: bus address of the report
 * @list: of the PRP list for it
 * @caches_empty: what is measured begins with cold caches
 * @random: state of the generator of page numbers
 */
struct tracked {
	struct host *host;
	struct queue_pair queue;
	uint64_t data;
	uint64_t list;
	const uint64_t *bitmap;
	bool caches_empty;
	uint32_t random;
	volatile uint64_t sum;
};

static uint64_t next_page(struct tracked *tracked)
{
	tracked->random = tracked->random * 1664525 + 1013904223;
	return WIDE_MEMORY + (uint64_t)(tracked->random >> 8) * IO_BYTES;
}

_Static_assert(WIDE_MEMORY_BYTES / IO_BYTES == 1 << 24, "page numbers have 24 bits");

static void write_pages(struct tracked *tracked)
{
	struct function *function = &tracked->host->secondary;

	for (unsigned int i = 0; i < WRITTEN; i++)
		queue_push(function, &tracked->queue, &(struct nvm_sqe) {
			.opcode = NVM_IO_READ,
			.cid = htole16(i),
			.nsid = htole32(1),
			.prp1 = htole64(next_page(tracked)),
		});
	queue_ring(function, &tracked->queue);
	function_run(function);
	if (queue_reap(function, &tracked->queue) != WRITTEN)
		die("commands got lost");
}

/* Every page must be in it: few are next to each other or the same. */
static void check_report(const struct tracked *tracked)
{
	const struct nvmove_hmlm_memory_changes *changes =
		(void *)(tracked->host->memory + tracked->data);

	if (le32toh(changes->nr_changes) < WRITTEN * 99 / 100)
		die("a report of %u changes", le32toh(changes->nr_changes));
}

static uint64_t run_report(void *arg, unsigned long iterations)
{
	struct tracked *tracked = arg;
	uint64_t total = 0;

	while (iterations--) {
		uint64_t begin;

		write_pages(tracked);
		if (tracked->caches_empty)
			empty_caches();
		begin = clock_ns();
		host_receive(tracked->host, tracked->data, tracked->list, REPORT_BYTES);
		total += clock_ns() - begin;
		check_report(tracked);
	}
	return total;
}

static uint64_t run_bitmap(void *arg, unsigned long iterations)
{
	struct tracked *tracked = arg;
	uint64_t total = 0;

	while (iterations--) {
		uint64_t begin, sum = 0;

		if (tracked->caches_empty)
			empty_caches();
		begin = clock_ns();
		for (size_t i = 0; i < BITMAP_BYTES / sizeof(uint64_t); i++)
			sum += tracked->bitmap[i];
		tracked->sum = sum;
		total += clock_ns() - begin;
	}
	return total;
}

static void bench_caches(FILE *out, struct tracked *tracked, const char *name, bool caches_empty)
{
	struct work work[] = {
		{ .run = run_report, .arg = tracked, .max_iterations = 4 },
		{ .run = run_bitmap, .arg = tracked, .max_iterations = 4 },
	};

	tracked->caches_empty = caches_empty;
	measure(work, 2);
	fprintf(out, ", \"%s\": {", name);
	print_times(out, "report_ns", &work[0]);
	fputs(", ", out);
	print_times(out, "bitmap_ns", &work[1]);
	fprintf(out, ", \"report_per_bitmap\": %.2f}", work[0].median / work[1].median);
}

static void prepare(struct tracked *tracked)
{
	struct function *function = &tracked->host->secondary;
	uint64_t *list;

	function_enable(function);
	function_create_queue(function, &tracked->queue, 1, QUEUE_ENTRIES);
	tracked->data = host_alloc(tracked->host, REPORT_BYTES);
	tracked->list = host_alloc(tracked->host, IO_BYTES);
	list = (uint64_t *)(tracked->host->memory + tracked->list);
	for (unsigned int i = 1; i < REPORT_BYTES / IO_BYTES; i++)
		list[i - 1] = htole64(tracked->data + i * IO_BYTES);
	host_track(tracked->host, WIDE_MEMORY, WIDE_MEMORY_BYTES);
}

void bench_report(FILE *out)
{
	uint8_t *bitmap = page_aligned(BITMAP_BYTES);
	struct tracked tracked = {
		.host = host_new(&(struct host_options) {
			.num_namespaces = 1,
			.namespace_bytes = IO_BYTES,
		}),
		.bitmap = (uint64_t *)bitmap,
		.random = 1,
	};

	prepare(&tracked);
	fprintf(out, "\n    {\"tracked_bytes\": %llu, \"written_pages\": %u, \"bitmap_bytes\": %llu",
		WIDE_MEMORY_BYTES, WRITTEN, BITMAP_BYTES);
	bench_caches(out, &tracked, "cold", true);
	bench_caches(out, &tracked, "warm", false);
	fputc('}', out);
	host_free(tracked.host);
	free(bitmap);
}
