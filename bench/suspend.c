// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time from the call that suspends a controller to the callback that says so, with commands in
 * flight: fetched, and waiting at a medium in memory that begins them once the suspend was asked
 * for.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "host.h"
#include "measure.h"

#define QUEUE_ENTRIES	2048

/** struct drain - a controller with @in_flight reads under way, and their data */
struct drain {
	struct host *host;
	struct queue_pair queue;
	unsigned int in_flight;
	uint64_t data;
	uint8_t *copy;
};

static void submit(struct drain *drain)
{
	struct function *function = &drain->host->secondary;

	for (unsigned int i = 0; i < drain->in_flight; i++) {
		struct nvm_sqe sqe = {
			.opcode = NVM_IO_READ,
			.cid = htole16(i),
			.nsid = htole32(1),
			.prp1 = htole64(drain->data + i * IO_BYTES),
			.cdw10 = htole32(i),
		};

		queue_push(function, &drain->queue, &sqe);
	}
	queue_ring(function, &drain->queue);
	function_run(function);
}

static void suspend_ended(void *arg, int status)
{
	if (status)
		die("suspend: %s", strerror(-status));
	*(uint64_t *)arg = clock_ns();
}

static uint64_t run_suspend(void *arg, unsigned long iterations)
{
	struct drain *drain = arg;
	struct function *function = &drain->host->secondary;
	uint64_t total = 0;

	while (iterations--) {
		uint64_t begin, end = 0;

		submit(drain);
		begin = clock_ns();
		nvmove_ctrl_suspend(function->ctrl, suspend_ended, &end);
		host_release(drain->host);
		if (!end)
			die("the controller does not suspend");
		total += end - begin;
		nvmove_ctrl_resume(function->ctrl);
		function_run(function);
		if (queue_reap(function, &drain->queue) != drain->in_flight)
			die("commands got lost");
	}
	return total;
}

static uint64_t run_memcpy(void *arg, unsigned long iterations)
{
	struct drain *drain = arg;
	uint64_t begin = clock_ns();

	while (iterations--) {
		for (unsigned int i = 0; i < drain->in_flight; i++)
			copy_bytes(drain->host->memory + drain->data + i * IO_BYTES,
				   drain->copy + i * IO_BYTES, IO_BYTES);
	}
	return clock_ns() - begin;
}

static void bench_point(FILE *out, unsigned int in_flight)
{
	size_t bytes = (in_flight ? in_flight : 1) * (size_t)IO_BYTES;
	struct drain drain = { .in_flight = in_flight };
	struct work work[] = {
		{ .run = run_suspend, .arg = &drain },
		{ .run = run_memcpy, .arg = &drain },
	};

	drain.host = host_new(&(struct host_options) {
		.num_namespaces = 1,
		.namespace_bytes = bytes,
		.hold = true,
	});
	host_fill(drain.host);
	drain.data = host_alloc(drain.host, bytes);
	drain.copy = page_aligned(bytes);
	function_enable(&drain.host->secondary);
	function_create_queue(&drain.host->secondary, &drain.queue, 1, QUEUE_ENTRIES);
	measure(work, in_flight ? 2 : 1);
	fprintf(out, "{\"in_flight\": %u, \"bytes\": %zu, ", in_flight, in_flight * (size_t)IO_BYTES);
	print_times(out, "suspend_ns", &work[0]);
	if (in_flight) {
		fputs(", ", out);
		print_times(out, "memcpy_ns", &work[1]);
		fprintf(out, ", \"suspend_per_memcpy\": %.2f", work[0].median / work[1].median);
	}
	fputc('}', out);
	host_free(drain.host);
	free(drain.copy);
}

void bench_suspend(FILE *out)
{
	static const unsigned int in_flight[] = { 0, 1, 16, 64, 256, 1024 };

	for (size_t i = 0; i < sizeof(in_flight) / sizeof(in_flight[0]); i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		bench_point(out, in_flight[i]);
	}
}
