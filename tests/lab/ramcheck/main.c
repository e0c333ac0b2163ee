// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fills most of a guest's free memory by direct reads from an NVMe device into pages picked at
 * random, until it is told to end. A page is compared with what the last completed read must have
 * left in it before the next read overwrites it, and every page at the end. What must be there is
 * written by the processor, so a VMM that migrates the guest meanwhile learns of it without the
 * device's help: a page that the device wrote and nobody sent again is found. It writes to the
 * device only once, before the reads, where the command line says.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"

#define READS			8
#define PAGES_PER_READ		16
#define BLOCKS_PER_WRITE	16
#define MAX_GENERATION		UINT32_MAX
#define MAX_MEBIBYTES		(1u << 20)
#define PFN_MASK		((1ull << 55) - 1)

/**
 * struct read - one read in flight
 * @control: as the kernel wants it
 * @vectors: the pages it goes to
 * @pages: their indexes
 * @block: number of the first block that it reads
 */
struct read {
	struct iocb control;
	struct iovec vectors[PAGES_PER_READ];
	uint32_t pages[PAGES_PER_READ];
	uint32_t block;
};

/**
 * struct load - the reads and what they go to
 * @pages: the pages
 * @busy: for each page whether a read into it is in flight
 * @reads: the reads, each of which is in flight while the load runs
 * @context: the kernel's asynchronous I/O context
 * @device: the open device
 * @offset: where on the device the blocks begin, in bytes
 * @blocks: how many there are
 * @pages_per_second: how many pages may be read in a second
 * @done: pages read so far
 * @verdict: what the comparison of pages found so far
 * @random: state of the generator of pages and blocks
 */
struct load {
	struct pages pages;
	bool *busy;
	struct read reads[READS];
	aio_context_t context;
	int device;
	uint64_t offset;
	uint32_t blocks;
	uint32_t pages_per_second;
	uint64_t done;
	struct verdict verdict;
	uint64_t random;
};

static volatile sig_atomic_t ending;

static void end(int number)
{
	(void)number;
	ending = 1;
}

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("ramcheck: ", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(2);
}

static uint32_t pick(struct load *load, uint32_t count)
{
	load->random = load->random * 6364136223846793005ull + 1442695040888963407ull;
	return (load->random >> 32) * count >> 32;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* MemAvailable of /proc/meminfo, in bytes. */
static uint64_t available(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	uint64_t kib = 0;
	char line[128];

	if (!file)
		die("/proc/meminfo: %s", strerror(errno));
	while (!kib && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) != 1)
			kib = 0;
	fclose(file);
	if (!kib)
		die("/proc/meminfo has no MemAvailable");
	return kib << 10;
}

static void *allocate(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		die("%zu bytes: %s", size, strerror(errno));
	return memory;
}

static void make_pages(struct load *load, uint32_t percent)
{
	struct pages *pages = &load->pages;

	pages->count = available() / 100 * percent / PAGE_BYTES;
	if (pages->count < READS * PAGES_PER_READ * 2)
		die("%u pages are too few for %u reads of %u pages", pages->count, READS,
		    PAGES_PER_READ);
	pages->memory = allocate((size_t)pages->count * PAGE_BYTES);
	pages->blocks = allocate(pages->count * sizeof(*pages->blocks));
	load->busy = allocate(pages->count * sizeof(*load->busy));
	for (uint32_t page = 0; page < pages->count; page++) {
		pages->blocks[page] = NEVER_READ;
		page_fill(pages->memory + (size_t)page * PAGE_BYTES, NEVER_READ, pages->generation);
	}
}

/* Write every block once. The first pages serve as the buffer and are filled again afterwards. */
static void write_blocks(struct load *load)
{
	uint32_t generation = load->pages.generation;
	uint8_t *buffer = load->pages.memory;

	for (uint32_t block = 0; block < load->blocks; block += BLOCKS_PER_WRITE) {
		size_t size = (size_t)BLOCKS_PER_WRITE * PAGE_BYTES;
		uint64_t offset = load->offset + (uint64_t)block * PAGE_BYTES;
		ssize_t written;

		for (uint32_t i = 0; i < BLOCKS_PER_WRITE; i++)
			page_fill(buffer + i * PAGE_BYTES, block + i, generation);
		written = pwrite(load->device, buffer, size, offset);
		if (written != (ssize_t)size)
			die("write of %zu bytes at %" PRIu64 ": %zd, %s", size, offset, written,
			    strerror(errno));
	}
	for (uint32_t i = 0; i < BLOCKS_PER_WRITE; i++)
		page_fill(buffer + i * PAGE_BYTES, NEVER_READ, generation);
}

static void submit(struct load *load, struct read *read)
{
	struct iocb *controls[] = { &read->control };

	read->block = pick(load, load->blocks - PAGES_PER_READ + 1);
	for (uint32_t i = 0; i < PAGES_PER_READ; i++) {
		uint32_t page;

		do
			page = pick(load, load->pages.count);
		while (load->busy[page]);
		page_verify(&load->pages, page, &load->verdict);
		load->busy[page] = true;
		read->pages[i] = page;
		read->vectors[i] = (struct iovec){
			.iov_base = load->pages.memory + (size_t)page * PAGE_BYTES,
			.iov_len = PAGE_BYTES,
		};
	}
	read->control = (struct iocb){
		.aio_data = (uintptr_t)read,
		.aio_lio_opcode = IOCB_CMD_PREADV,
		.aio_fildes = load->device,
		.aio_buf = (uintptr_t)read->vectors,
		.aio_nbytes = PAGES_PER_READ,
		.aio_offset = load->offset + (uint64_t)read->block * PAGE_BYTES,
	};
	if (syscall(SYS_io_submit, load->context, 1, controls) != 1)
		die("io_submit: %s", strerror(errno));
}

/* Wait for one read and note what its pages must contain now; NULL if a signal came first. */
static struct read *complete(struct load *load)
{
	struct io_event event;
	struct read *read;

	if (syscall(SYS_io_getevents, load->context, 1, 1, &event, NULL) != 1) {
		if (errno != EINTR)
			die("io_getevents: %s", strerror(errno));
		return NULL;
	}
	read = (struct read *)(uintptr_t)event.data;
	if (event.res != PAGES_PER_READ * PAGE_BYTES)
		die("read at %" PRIu64 ": result %lld, expected %u",
		    (uint64_t)read->control.aio_offset, (long long)event.res,
		    PAGES_PER_READ * PAGE_BYTES);
	for (uint32_t i = 0; i < PAGES_PER_READ; i++) {
		load->pages.blocks[read->pages[i]] = read->block + i;
		load->busy[read->pages[i]] = false;
	}
	load->done += PAGES_PER_READ;
	return read;
}

/* Sleep until as many pages as were read may have been read. */
static void keep_pace(const struct load *load, double start)
{
	double early = start + (double)load->done / load->pages_per_second - seconds();
	struct timespec rest = { .tv_sec = early, .tv_nsec = (early - (int64_t)early) * 1e9 };

	if (early > 0)
		nanosleep(&rest, NULL);
}

static void run(struct load *load)
{
	double start = seconds();
	int in_flight = READS;

	if (syscall(SYS_io_setup, READS, &load->context))
		die("io_setup: %s", strerror(errno));
	for (int i = 0; i < READS; i++)
		submit(load, &load->reads[i]);
	while (in_flight) {
		struct read *read = complete(load);

		if (!read)
			continue;
		if (!ending)
			keep_pace(load, start);
		if (ending)
			in_flight--;
		else
			submit(load, read);
	}
}

/* The guest-physical address of a page, 0 if the kernel does not say. */
static uint64_t physical(const void *page)
{
	off_t offset = (uintptr_t)page / PAGE_BYTES * sizeof(uint64_t);
	int file = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (file < 0 || pread(file, &entry, sizeof(entry), offset) != sizeof(entry))
		entry = 0;
	close(file);
	return (entry & PFN_MASK) * PAGE_BYTES;
}

static int report(struct load *load)
{
	bool right = pages_verify(&load->pages, &load->verdict);
	struct verdict verdict = load->verdict;

	printf("{\"pages\": %u, \"pages_read\": %" PRIu64 ", \"checksum\": \"%016" PRIx64 "\", "
	       "\"expected_checksum\": \"%016" PRIx64 "\", \"wrong_pages\": %u", load->pages.count,
	       load->done, verdict.found_sum, verdict.expected_sum, verdict.wrong_pages);
	if (verdict.wrong_pages) {
		const uint8_t *page = load->pages.memory + (size_t)verdict.first.page * PAGE_BYTES;

		printf(", \"first\": {\"virtual\": \"%p\", \"physical\": \"%#" PRIx64 "\", "
		       "\"word\": %u, \"found\": \"%016" PRIx64 "\", \"expected\": \"%016" PRIx64
		       "\"}", (const void *)page, physical(page), verdict.first.word,
		       verdict.first.found, verdict.first.expected);
	}
	puts("}");
	return right ? 0 : 1;
}

static uint64_t number(const char *what, const char *text, uint64_t least, uint64_t most)
{
	unsigned long long value;
	char *rest;

	errno = 0;
	value = strtoull(text, &rest, 10);
	if (errno || *rest || rest == text || value < least || value > most)
		die("%s is %s, expected a number from %" PRIu64 " to %" PRIu64, what, text, least,
		    most);
	return value;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	struct load load = { 0 };
	uint32_t percent;

	if (argc != 7)
		die("usage: ramcheck DEVICE FIRST-MIB MIB PERCENT-OF-MEMORY PAGES-PER-SECOND GENERATION");
	load.offset = number("FIRST-MIB", argv[2], 0, MAX_MEBIBYTES) << 20;
	load.blocks = (number("MIB", argv[3], 1, MAX_MEBIBYTES) << 20) / PAGE_BYTES;
	percent = number("PERCENT-OF-MEMORY", argv[4], 1, 95);
	load.pages_per_second = number("PAGES-PER-SECOND", argv[5], 1, UINT32_MAX);
	load.pages.generation = number("GENERATION", argv[6], 0, MAX_GENERATION);
	load.random = load.pages.generation;
	load.device = open(argv[1], O_RDWR | O_DIRECT);
	if (load.device < 0)
		die("%s: %s", argv[1], strerror(errno));
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	make_pages(&load, percent);
	write_blocks(&load);
	printf("running %u\n", load.pages.count);
	fflush(stdout);
	run(&load);
	return report(&load);
}
