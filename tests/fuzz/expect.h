/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a fuzzer says that it has found something. It never returns from it.
 */
#ifndef FUZZ_EXPECT_H
#define FUZZ_EXPECT_H

#include <stdio.h>
#include <stdlib.h>

/** expect() - a rule that holds whatever the input says; otherwise its text is the finding */
#define expect(condition, ...)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);	\
			fprintf(stderr, __VA_ARGS__);			\
			fputc('\n', stderr);				\
			abort();					\
		}							\
	} while (0)

#endif /* FUZZ_EXPECT_H */
