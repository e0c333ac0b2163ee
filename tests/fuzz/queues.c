// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer target: hostile guests and a hostile primary's host, at register and queue level.
 * The input is a program (program.h).
 */
#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *machine = machine_begin();

	program_run(machine, data, size);
	machine_end(machine);
	return 0;
}
