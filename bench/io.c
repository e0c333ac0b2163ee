// SPDX-License-Identifier: BSD-2-Clause
/*
 * 4 KiB random reads and writes of one controller on a medium in memory, driver and controller in
 * one thread: what the controller itself costs per command.
 */
#include <endian.h>
#include <stdlib.h>

#include "bench.h"
#include "host.h"
#include "measure.h"

#define QUEUE_ENTRIES	1024

/**
 * struct load - commands of one kind at one queue depth
 * @report: bus address of a page for reports
 * @nr_blocks: of the namespace
 * @medium: memory as large as the namespace's, for the copies that it is compared with
 * @random: state of the generator of block numbers
 */
struct load {
	struct host *host;
	struct queue_pair queue;
	uint8_t opcode;
	unsigned int depth;
	uint64_t data;
	uint64_t report;
	uint32_t nr_blocks;
	uint8_t *medium;
	uint32_t random;
};

static const unsigned int depths[] = { 1, 4, 16, 64, 256 };

#define NR_DEPTHS	(sizeof(depths) / sizeof(depths[0]))

static uint32_t next_block(struct load *load)
{
	load->random = load->random * 1664525 + 1013904223;
	return (load->random >> 8) % load->nr_blocks;
}

static void push(struct load *load, unsigned int slot)
{
	struct nvm_sqe sqe = {
		.opcode = load->opcode,
		.cid = htole16(slot),
		.nsid = htole32(1),
		.prp1 = htole64(load->data + slot * IO_BYTES),
		.cdw10 = htole32(next_block(load)),
	};

	queue_push(&load->host->secondary, &load->queue, &sqe);
}

/* One iteration is one command; they come and go in batches of the queue depth. */
static uint64_t run_commands(void *arg, unsigned long iterations)
{
	struct load *load = arg;
	struct function *function = &load->host->secondary;
	uint64_t begin = clock_ns();

	while (iterations) {
		unsigned int batch = iterations < load->depth ? iterations : load->depth;

		for (unsigned int slot = 0; slot < batch; slot++)
			push(load, slot);
		queue_ring(function, &load->queue);
		function_run(function);
		if (queue_reap(function, &load->queue) != batch)
			die("commands got lost");
		iterations -= batch;
	}
	return clock_ns() - begin;
}

static uint64_t run_memcpy(void *arg, unsigned long iterations)
{
	struct load *load = arg;
	unsigned int slot = 0;
	uint64_t begin = clock_ns();

	while (iterations--) {
		uint8_t *host = load->host->memory + load->data + slot * IO_BYTES;
		uint8_t *block = load->medium + (size_t)next_block(load) * IO_BYTES;

		if (load->opcode == NVM_IO_READ)
			copy_bytes(host, block, IO_BYTES);
		else
			copy_bytes(block, host, IO_BYTES);
		slot = slot + 1 == load->depth ? 0 : slot + 1;
	}
	return clock_ns() - begin;
}

static void print_point(FILE *out, const struct load *load, const struct work work[2])
{
	fprintf(out, "{\"namespace_bytes\": %lu, \"command\": \"%s\", \"queue_depth\": %u, ",
		(unsigned long)load->nr_blocks * IO_BYTES,
		load->opcode == NVM_IO_READ ? "read" : "write", load->depth);
	print_times(out, "command_ns", &work[0]);
	fputs(", ", out);
	print_times(out, "memcpy_ns", &work[1]);
	fprintf(out, ", \"commands_per_second\": %.0f, \"command_per_memcpy\": %.2f}",
		1e9 / work[0].median, work[0].median / work[1].median);
}

static void load_begin(struct load *load, uint64_t namespace_bytes)
{
	*load = (struct load) {
		.nr_blocks = namespace_bytes / IO_BYTES,
		.medium = page_aligned(namespace_bytes),
		.random = 1,
	};
	load->host = host_new(&(struct host_options) {
		.num_namespaces = 1,
		.namespace_bytes = namespace_bytes,
	});
	load->data = host_alloc(load->host, QUEUE_ENTRIES * IO_BYTES);
	load->report = host_alloc(load->host, IO_BYTES);
	function_enable(&load->host->secondary);
	function_create_queue(&load->host->secondary, &load->queue, 1, QUEUE_ENTRIES);
	host_fill(load->host);
}

static void load_end(struct load *load)
{
	host_free(load->host);
	free(load->medium);
}

static void bench_medium(FILE *out, uint64_t namespace_bytes, const char **separator)
{
	static const uint8_t opcodes[] = { NVM_IO_READ, NVM_IO_WRITE };
	struct load load;

	load_begin(&load, namespace_bytes);
	for (unsigned int i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
		for (unsigned int j = 0; j < NR_DEPTHS; j++) {
			struct work work[] = {
				{ .run = run_commands, .arg = &load },
				{ .run = run_memcpy, .arg = &load },
			};

			load.opcode = opcodes[i];
			load.depth = depths[j];
			measure(work, 2);
			fputs(*separator, out);
			print_point(out, &load, work);
			*separator = ",\n    ";
		}
	}
	load_end(&load);
}

/* ---- the same reads with and without tracking of the memory that they write to ---- */

/*
 * In the middle of a migration: a report has just been taken. Tracking begins and ends with every
 * round, so it is of no more memory than there is.
 */
static uint64_t run_tracked(void *arg, unsigned long iterations)
{
	struct load *load = arg;
	uint64_t ns;

	host_track(load->host, 0, HOST_MEMORY_BYTES);
	run_commands(load, load->depth);
	host_receive(load->host, load->report, 0, IO_BYTES);
	ns = run_commands(load, iterations);
	host_untrack(load->host);
	return ns;
}

static void print_tracked(FILE *out, const struct load *load, const struct work work[2])
{
	fprintf(out, "{\"namespace_bytes\": %lu, \"queue_depth\": %u, ",
		(unsigned long)load->nr_blocks * IO_BYTES, load->depth);
	print_times(out, "untracked_ns", &work[0]);
	fputs(", ", out);
	print_times(out, "tracked_ns", &work[1]);
	fprintf(out, ", \"untracked_per_tracked\": %.3f}", work[0].median / work[1].median);
}

static void bench_tracked_medium(FILE *out, uint64_t namespace_bytes, const char **separator)
{
	struct load load;

	load_begin(&load, namespace_bytes);
	load.opcode = NVM_IO_READ;
	for (unsigned int i = 0; i < NR_DEPTHS; i++) {
		struct work work[] = {
			{ .run = run_commands, .arg = &load },
			{ .run = run_tracked, .arg = &load },
		};

		load.depth = depths[i];
		measure(work, 2);
		fputs(*separator, out);
		print_tracked(out, &load, work);
		*separator = ",\n    ";
	}
	load_end(&load);
}

void bench_tracked_io(FILE *out)
{
	const char *separator = "\n    ";

	bench_tracked_medium(out, 256u << 20, &separator);
	bench_tracked_medium(out, 512u << 10, &separator);
}

/* A medium that the processor's caches hold shows the controller, a large one what a host sees. */
void bench_io(FILE *out)
{
	const char *separator = "\n    ";

	bench_medium(out, 256u << 20, &separator);
	bench_medium(out, 512u << 10, &separator);
}
