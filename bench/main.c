// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs the benchmarks named in the arguments, or all, and writes one JSON object to standard
 * output. bench/run says on what machine, and draws the table.
 */
#include <string.h>

#include "bench.h"
#include "host.h"

static const struct {
	const char *name;
	void (*run)(FILE *out);
} benchmarks[] = {
	{ "state", bench_state },
	{ "suspend", bench_suspend },
	{ "io", bench_io },
	{ "tracked-io", bench_tracked_io },
	{ "report", bench_report },
};

#if defined(__clang__)
#define COMPILER	"clang " __clang_version__
#else
#define COMPILER	"gcc " __VERSION__
#endif

#define NR_BENCHMARKS	(sizeof(benchmarks) / sizeof(benchmarks[0]))

static int is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], name))
			return 1;
	}
	return argc == 1;
}

int main(int argc, char **argv)
{
	unsigned int wanted = 0;

	puts("{\n  \"compiler\": \"" COMPILER "\"");
	for (size_t i = 0; i < NR_BENCHMARKS; i++) {
		if (!is_wanted(benchmarks[i].name, argc, argv))
			continue;
		printf("  ,\"%s\": [", benchmarks[i].name);
		benchmarks[i].run(stdout);
		puts("\n  ]");
		wanted++;
	}
	if (!wanted)
		die("usage: bench [state] [suspend] [io] [tracked-io] [report]");
	puts("}");
	return 0;
}
