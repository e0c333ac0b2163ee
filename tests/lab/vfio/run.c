// SPDX-License-Identifier: BSD-2-Clause
/*
 * What all tests share: a guest that starts, runs and is judged. And the two tests that need little
 * more: plain I/O, and a source that goes on after a migration that was given up.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"
#include "workload.h"

static int open_and_start(struct machine *machine, const struct test_options *options,
			  int (*check)(struct machine *machine))
{
	size_t size = machine_memory_size(&options->guest);

	machine->asks_nothing = options->no_question;
	if (!size || machine_open(machine, options->address, options->timeout_ms) ||
	    check(machine) || machine_set_memory(machine, size) ||
	    machine_boot(machine, &options->guest))
		return -1;
	return workload_run(machine, options->interval_ms);
}

int start_guest(struct machine *machine, const struct test_options *options)
{
	return open_and_start(machine, options, machine_can_migrate);
}

int finish_guest(struct machine *machine)
{
	if (workload_verify(machine))
		return -1;
	return workload_is_clean(machine);
}

void json_guest(struct json *json, const struct guest *guest)
{
	const struct guest_counts *counts = &guest->counts;

	json_number(json, "ios", counts->reads + counts->writes + counts->other);
	json_number(json, "reads", counts->reads);
	json_number(json, "writes", counts->writes);
	json_number(json, "submitted", counts->submitted);
	json_number(json, "completed", counts->completed);
	json_number(json, "bytes_written", counts->bytes_written);
	json_number(json, "bytes_verified", counts->bytes_verified);
	json_number(json, "events", counts->events);
	json_number(json, "interrupts", counts->interrupts);
	json_number(json, "io_errors", counts->io_errors);
	json_number(json, "verify_errors", counts->verify_errors);
	json_number(json, "duplicated", counts->duplicated);
	json_number(json, "lost", counts->lost);
	json_number(json, "lost_interrupts", counts->lost_interrupts);
	json_number(json, "identity_errors", counts->identity_errors);
	json_number(json, "moved_while_stopped", counts->moved_while_stopped);
}

int report_result(const char *test, struct machine *machine, unsigned int cases,
		  unsigned int failed, int result)
{
	bool good = !result && !failed;
	struct json json;

	json_begin(&json);
	json_string(&json, "test", test);
	json_bool(&json, "ok", good);
	json_number(&json, "cases", cases);
	json_number(&json, "failed", failed);
	if (machine->guest)
		json_guest(&json, machine->guest);
	if (!good)
		json_string(&json, "failure", last_failure());
	return json_print(&json) || !good ? -1 : 0;
}

static int run_for_count(struct machine *machine, const struct test_options *options)
{
	for (unsigned int i = 0; i < options->count; i++)
		if (workload_run(machine, options->interval_ms))
			return -1;
	return finish_guest(machine);
}

int test_run(const struct test_options *options)
{
	struct machine machine = MACHINE_CLOSED;
	int result = start_guest(&machine, options);

	if (!result)
		result = run_for_count(&machine, options);
	result = report_result("run", &machine, options->count, 0, result);
	machine_close(&machine);
	return result;
}

/* Neither the flags nor the state nor the size may be there; a state must not be taken. */
static int offers_no_migration(struct machine *machine)
{
	struct vfio_function *function = &machine->function;
	int none, flags_error, state_error;
	uint64_t flags;

	flags_error = vfio_migration_flags(function, &flags);
	state_error = vfio_try_state(function, VFIO_DEVICE_STATE_STOP, &none);
	if (flags_error != -ENOTTY || state_error != -ENOTTY)
		return fail("%s: migration flags and state: %s expected, got %s and %s",
			    function->address, strerror(ENOTTY), strerror(-flags_error),
			    strerror(-state_error));
	return 0;
}

int test_plain(const struct test_options *options)
{
	struct machine machine = MACHINE_CLOSED;
	int result = open_and_start(&machine, options, offers_no_migration);

	if (!result)
		result = run_for_count(&machine, options);
	result = report_result("plain", &machine, options->count, 0, result);
	machine_close(&machine);
	return result;
}

/* A migration that is given up after @bytes of the stream were read, or in STOP before that. */
static int give_up(struct machine *machine, size_t bytes, uint32_t last_state)
{
	static uint8_t buffer[4096];
	int file, none;

	if (machine_stop(machine, NULL))
		return -1;
	if (last_state == VFIO_DEVICE_STATE_STOP_COPY) {
		if (vfio_set_state(&machine->function, last_state, &file))
			return -1;
		if (bytes && read(file, buffer, bytes) != (ssize_t)bytes) {
			close(file);
			return fail("reading %zu bytes of the stream: %s", bytes, strerror(errno));
		}
		if (vfio_set_state(&machine->function, VFIO_DEVICE_STATE_STOP, &none))
			return -1;
		close(file);
	}
	return machine_run(machine);
}

int test_retry(const struct test_options *options)
{
	static const size_t sizes[] = { 0, 1, 16, 100 };
	struct machine machine = MACHINE_CLOSED;
	int result = start_guest(&machine, options);
	unsigned int cases = 0;

	for (; !result && cases < options->count; cases++) {
		result = give_up(&machine, sizes[cases % 4],
				 cases % 5 ? VFIO_DEVICE_STATE_STOP_COPY : VFIO_DEVICE_STATE_STOP);
		if (!result)
			result = workload_run(&machine, options->interval_ms);
	}
	if (!result)
		result = finish_guest(&machine);
	result = report_result("retry", &machine, cases, 0, result);
	machine_close(&machine);
	return result;
}
