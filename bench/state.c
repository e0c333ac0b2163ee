// SPDX-License-Identifier: BSD-2-Clause
/*
 * Size of the controller state, and the time to save it and to load it, against the number of queue
 * pairs, of namespaces and of hosts that have registered with them.
 */
#include <stdlib.h>

#include "bench.h"
#include "host.h"
#include "measure.h"

#define QUEUE_ENTRIES	64
#define EVENT_REQUESTS	1

/** struct subject - one controller: suspended here, loaded there */
struct subject {
	struct host *source;
	struct host *destination;
	uint8_t *state;
	uint8_t *copy;
	size_t size;
};

typedef void operation_fn(struct subject *subject);

static void save(struct subject *subject)
{
	if (nvmove_ctrl_save(subject->source->secondary.ctrl, subject->copy, subject->size) < 0)
		die("the controller is not saved");
}

static void load(struct subject *subject)
{
	host_load(subject->destination, subject->state, subject->size);
}

static void size(struct subject *subject)
{
	if (nvmove_ctrl_state_size(subject->source->secondary.ctrl) != subject->size)
		die("the size of the state changes");
}

static void copy(struct subject *subject)
{
	copy_bytes(subject->copy, subject->state, subject->size);
}

static inline __attribute__((always_inline)) uint64_t
repeat(struct subject *subject, operation_fn *operation, unsigned long iterations)
{
	uint64_t begin = clock_ns();

	while (iterations--)
		operation(subject);
	return clock_ns() - begin;
}

/*
 * As in a migration: once, by a processor that has done other things meanwhile, into a new
 * controller. Its namespaces alone are not new: they have the registrants of the load before.
 */
static inline __attribute__((always_inline)) uint64_t
once(struct subject *subject, operation_fn *operation)
{
	uint64_t begin;

	host_renew(subject->destination);
	empty_caches();
	begin = clock_ns();
	operation(subject);
	return clock_ns() - begin;
}

#define WARM_AND_COLD(operation)							\
	static uint64_t run_##operation(void *arg, unsigned long iterations)		\
	{										\
		return repeat(arg, operation, iterations);				\
	}										\
	static uint64_t run_cold_##operation(void *arg, unsigned long iterations)	\
	{										\
		(void)iterations;							\
		return once(arg, operation);						\
	}

WARM_AND_COLD(save)
WARM_AND_COLD(load)
WARM_AND_COLD(copy)

static uint64_t run_size(void *arg, unsigned long iterations)
{
	return repeat(arg, size, iterations);
}

static void nothing(struct subject *subject)
{
	(void)subject;
}

/* What measuring once costs by itself. */
static uint64_t run_cold_nothing(void *arg, unsigned long iterations)
{
	(void)iterations;
	return once(arg, nothing);
}

/**
 * struct point - a controller
 * @queue_pairs, @num_namespaces: that it has
 * @registrants: hosts that have registered with each of its namespaces
 * @room: queue pairs and namespaces that it could have
 */
struct point {
	unsigned int queue_pairs;
	unsigned int num_namespaces;
	unsigned int registrants;
	unsigned int room;
};

static struct host *new_host(const struct point *point)
{
	return host_new(&(struct host_options) {
		.max_io_queues = point->room,
		.max_namespaces = point->room,
		.num_namespaces = point->num_namespaces,
		.namespace_bytes = 1 << 20,
	});
}

/* A registration outlives its host: the hosts come one after the other, the first of them again. */
static void enable_with_registrants(struct function *function, const struct point *point)
{
	struct queue_pair queue;

	for (unsigned int host = 1; host <= point->registrants; host++) {
		function_enable(function);
		function_set_host_id(function, host);
		function_create_queue(function, &queue, 1, QUEUE_ENTRIES);
		function_register(function, &queue, point->num_namespaces);
		function_disable(function);
	}
	function_enable(function);
	if (point->registrants)
		function_set_host_id(function, 1);
}

static void prepare(struct subject *subject, const struct point *point)
{
	struct queue_pair queue;

	subject->source = new_host(point);
	enable_with_registrants(&subject->source->secondary, point);
	for (unsigned int qid = 1; qid <= point->queue_pairs; qid++)
		function_create_queue(&subject->source->secondary, &queue, qid, QUEUE_ENTRIES);
	function_post_event_requests(&subject->source->secondary, EVENT_REQUESTS);
	host_suspend(subject->source);
	subject->state = host_save(subject->source, &subject->size);
	subject->copy = malloc(subject->size);
	if (!subject->copy)
		die("no memory for a state of %zu bytes", subject->size);
	subject->destination = new_host(point);
	host_suspend(subject->destination);
}

/* The order of the works of a point. */
enum {
	WARM_SAVE,
	WARM_LOAD,
	WARM_SIZE,
	WARM_COPY,
	NR_WARM,
	COLD_SAVE = 0,
	COLD_LOAD,
	COLD_COPY,
	COLD_NOTHING,
	NR_COLD,
};

static void print_warm(FILE *out, const struct work warm[NR_WARM])
{
	fputs(", \"warm\": {", out);
	print_times(out, "save_ns", &warm[WARM_SAVE]);
	fputs(", ", out);
	print_times(out, "load_ns", &warm[WARM_LOAD]);
	fputs(", ", out);
	print_times(out, "size_ns", &warm[WARM_SIZE]);
	fputs(", ", out);
	print_times(out, "memcpy_ns", &warm[WARM_COPY]);
	fprintf(out, ", \"save_load_per_memcpy\": %.2f}",
		(warm[WARM_SAVE].median + warm[WARM_LOAD].median) / warm[WARM_COPY].median);
}

static void print_cold(FILE *out, const struct work cold[NR_COLD])
{
	double nothing_ns = cold[COLD_NOTHING].median;

	fputs(", \"cold\": {", out);
	print_times(out, "save_ns", &cold[COLD_SAVE]);
	fputs(", ", out);
	print_times(out, "load_ns", &cold[COLD_LOAD]);
	fputs(", ", out);
	print_times(out, "memcpy_ns", &cold[COLD_COPY]);
	fputs(", ", out);
	print_times(out, "nothing_ns", &cold[COLD_NOTHING]);
	fprintf(out, ", \"save_load_per_memcpy\": %.2f}",
		(cold[COLD_SAVE].median + cold[COLD_LOAD].median - 2 * nothing_ns) /
			(cold[COLD_COPY].median - nothing_ns));
}

static void bench_point(FILE *out, const struct point *point)
{
	struct subject subject;
	struct work warm[NR_WARM] = {
		[WARM_SAVE] = { .run = run_save, .arg = &subject },
		[WARM_LOAD] = { .run = run_load, .arg = &subject },
		[WARM_SIZE] = { .run = run_size, .arg = &subject },
		[WARM_COPY] = { .run = run_copy, .arg = &subject },
	};
	struct work cold[NR_COLD] = {
		[COLD_SAVE] = { .run = run_cold_save, .arg = &subject, .max_iterations = 1 },
		[COLD_LOAD] = { .run = run_cold_load, .arg = &subject, .max_iterations = 1 },
		[COLD_COPY] = { .run = run_cold_copy, .arg = &subject, .max_iterations = 1 },
		[COLD_NOTHING] = { .run = run_cold_nothing, .arg = &subject, .max_iterations = 1 },
	};

	prepare(&subject, point);
	measure(warm, NR_WARM);
	measure(cold, NR_COLD);
	fprintf(out,
		"{\"queue_pairs\": %u, \"namespaces\": %u, \"registrants\": %u, \"room\": %u, "
		"\"bytes\": %zu",
		point->queue_pairs, point->num_namespaces, point->registrants, point->room,
		subject.size);
	print_warm(out, warm);
	print_cold(out, cold);
	fputc('}', out);
	host_free(subject.destination);
	host_free(subject.source);
	free(subject.copy);
	free(subject.state);
}

void bench_state(FILE *out)
{
	static const struct point points[] = {
		{ 1, 1, 0, 64 },     { 4, 1, 0, 64 },	    { 16, 1, 0, 64 },
		{ 64, 1, 0, 64 },    { 256, 1, 0, 256 },    { 1024, 1, 0, 1024 },
		{ 64, 4, 0, 64 },    { 64, 16, 0, 64 },	    { 64, 64, 0, 64 },
		{ 64, 256, 0, 256 }, { 64, 1024, 0, 1024 }, { 1, 1, 0, 1024 },
		{ 64, 1, 1, 64 },    { 64, 1, 8, 64 },	    { 64, 1, 64, 64 },
		{ 64, 16, 1, 64 },   { 64, 16, 8, 64 },	    { 64, 16, 64, 64 },
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		bench_point(out, &points[i]);
	}
}
