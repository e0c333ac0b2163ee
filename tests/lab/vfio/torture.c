// SPDX-License-Identifier: BSD-2-Clause
/*
 * Torture: lives of a VMM that does anything (chaos.h) end at random moments, killed or by
 * themselves, while things happen on the host: resets of the function, of its controlling function
 * and its driver, drivers unbound, VFs switched off, the controller taken offline. Every process
 * must end, every command too, and every few lives the function must serve a guest, whose state
 * moves out of it and in again, as if nothing had been.
 *
 * All random choices of a life follow from --seed and its number; what the threads make of them
 * also depends on the scheduler. The number goes to the kernel log, so that what the kernel says
 * can be told to belong to a life.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos.h"
#include "command.h"
#include "mutation.h"
#include "workload.h"

#define LIVES_PER_CHECK	5
#define LIFE_US		1500000
#define HAPPENING_US	400000
#define LAST_GAP_US	50000
#define END_SECONDS	60	/* in which a killed process must be gone */
#define LOOK_US		5000
#define STEPS_SHOWN	60

/**
 * struct happening - something on the host; its command finds the functions' addresses in $VF and
 * $PF
 * @harms: the controller is offline or gone afterwards, until --undo
 */
static const struct happening {
	const char *name;
	const char *command;
	bool harms;
} happenings[] = {
	/* a reset is refused while somebody else has the device's lock */
	{ "function_reset", "echo 1 >/sys/bus/pci/devices/$VF/reset || true", false },
	{ "controlling_controller_reset",
	  "for c in /sys/bus/pci/devices/$PF/nvme/nvme*; do echo 1 >$c/reset_controller; done",
	  true },
	{ "controlling_function_reset", "echo 1 >/sys/bus/pci/devices/$PF/reset || true", true },
	{ "controlling_driver_unbound",
	  "echo $PF >/sys/bus/pci/drivers/nvme/unbind; sleep 0.2; "
	  "echo $PF >/sys/bus/pci/drivers/nvme/bind", true },
	/* these two wait until the VMM is gone */
	{ "driver_unbound",
	  "d=$(readlink -f /sys/bus/pci/devices/$VF/driver); echo $VF >$d/unbind; echo $VF >$d/bind",
	  false },
	{ "functions_switched_off", "echo 0 >/sys/bus/pci/devices/$PF/sriov_numvfs", true },
	{ "controller_offline",
	  "for c in /sys/bus/pci/devices/$PF/nvme/nvme*; do "
	  "nvme virt-mgmt /dev/${c##*/} -c $CNTLID -a 7 >/dev/null; done", true },
};

#define HAPPENINGS (sizeof(happenings) / sizeof(happenings[0]))

/**
 * struct torture - a run
 * @record: of the present life, shared with its processes
 * @log: the kernel's, to write to
 * @harmed: --undo is due
 * @tried, @done: steps of all lives
 */
struct torture {
	const struct test_options *options;
	struct fuzz_corpus corpus;
	struct chaos_record *record;
	uint64_t random;
	int log;
	bool harmed;
	unsigned int lives;
	unsigned int killed;
	unsigned int checks;
	unsigned int happened[HAPPENINGS];
	uint64_t tried[CHAOS_STEPS];
	uint64_t done[CHAOS_STEPS];
};

static uint64_t below(struct torture *torture, uint64_t limit)
{
	return mutation_random(&torture->random) % limit;
}

/* Names the functions for the commands above. */
static int name_functions(const struct test_options *options)
{
	char path[128], target[PATH_MAX], number[8];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn", options->address);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return fail("%s: %s", path, strerror(errno));
	target[length] = '\0';
	snprintf(number, sizeof(number), "%u", options->cntlid);
	if (!strrchr(target, '/') || setenv("PF", strrchr(target, '/') + 1, 1) ||
	    setenv("VF", options->address, 1) || setenv("CNTLID", number, 1))
		return fail("%s: \"%s\" names no function", path, target);
	return 0;
}

/* Where the threads of a process that does not end stand in the kernel. */
static void print_stacks(pid_t process)
{
	char path[64], stack[4096];
	struct dirent *thread;
	DIR *directory;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	directory = opendir(path);
	while (directory && (thread = readdir(directory))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stack", process, thread->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		length = fread(stack, 1, sizeof(stack) - 1, file);
		fclose(file);
		note("thread %s of process %d:\n%.*s", thread->d_name, process, (int)length, stack);
	}
	if (directory)
		closedir(directory);
}

static void announce(struct torture *torture)
{
	char text[128];
	int length = snprintf(text, sizeof(text), "vfio-nvme-move: torture, life %u of seed %llu\n",
			      torture->lives, (unsigned long long)torture->options->guest.seed);

	if (write(torture->log, text, (size_t)length) != length)
		note("kernel log: %s", strerror(errno));
}

static pid_t begin_life(struct torture *torture)
{
	/* its lowest bit makes every second life a gentle one */
	uint64_t seed = (mutation_random(&torture->random) & ~1ull) | (torture->lives & 1);
	pid_t child;

	memset(torture->record, 0, sizeof(*torture->record));
	announce(torture);
	child = fork();
	if (!child) {
		/* both processes of a life are one group, to be killed and waited for together */
		setpgid(0, 0);
		chaos_live(torture->options, &torture->corpus, seed, torture->record);
	}
	if (child > 0)
		setpgid(child, child);
	return child < 0 ? fail("cannot start a process: %s", strerror(errno)) : child;
}

/* How a life ends: one process after the other, both at once, or because it was told to. */
static void end_life(struct torture *torture, pid_t life)
{
	pid_t partner = atomic_load(&torture->record->partner);
	uint64_t manner = below(torture, 4);

	if (manner == 0) {
		atomic_store(&torture->record->over, true);
		return;
	}
	torture->killed++;
	if (manner == 1)
		kill(life, SIGKILL);
	else if (manner == 2 && partner)
		kill(partner, SIGKILL);
	sleep_us(below(torture, LAST_GAP_US));
	kill(-life, SIGKILL);
}

static int await_end(pid_t life)
{
	uint64_t end = now_us() + END_SECONDS * 1000000ull;
	pid_t found;

	watchdog_begin("waiting for a life's processes");
	while (now_us() < end) {
		found = waitpid(-life, NULL, WNOHANG);
		if (found < 0 && errno == ECHILD)
			return 0;
		if (!found)
			sleep_us(LOOK_US);
	}
	print_stacks(life);
	return fail("process %d of a life, and its partner: not gone after %u s", life,
		    END_SECONDS);
}

static const struct happening *choose_happening(struct torture *torture)
{
	size_t choice = below(torture, 2 * HAPPENINGS);

	if (choice >= HAPPENINGS)
		return NULL;
	torture->happened[choice]++;
	torture->harmed |= happenings[choice].harms;
	return &happenings[choice];
}

static int live_once(struct torture *torture)
{
	const struct happening *happening;
	pid_t life = begin_life(torture), command = 0;
	int result = 0;

	if (life < 0)
		return -1;
	sleep_us(below(torture, LIFE_US));
	happening = choose_happening(torture);
	if (happening) {
		command = command_start(happening->command);
		sleep_us(below(torture, HAPPENING_US));
	}
	end_life(torture, life);
	if (await_end(life))
		result = -1;
	if (happening && (command < 0 || command_wait(command, happening->command)))
		result = fail("life %u: %s", torture->lives, happening->name);
	for (unsigned int step = 0; step < CHAOS_STEPS; step++) {
		torture->tried[step] += atomic_load(&torture->record->tried[step]);
		torture->done[step] += atomic_load(&torture->record->done[step]);
	}
	return result;
}

static int repair(struct torture *torture)
{
	if (!torture->harmed)
		return 0;
	torture->harmed = false;
	return command_run(torture->options->undoing);
}

/* The state leaves, the function is reset, the state comes back, and the guest goes on. */
static int move_to_self(struct machine *machine, struct bytes *stream)
{
	int error;

	if (machine_stop(machine, NULL) || machine_save(machine, stream, NULL))
		return -1;
	vfio_disable_vectors(&machine->function);
	if (vfio_reset(&machine->function))
		return -1;
	error = machine_write_stream(machine, stream, 0, 0);
	if (error)
		return fail("loading the guest's own stream: %s", strerror(-error));
	return machine_run(machine);
}

/*
 * A new guest finds a function that does all that it should; its stream is the next lives' good
 * one.
 */
static int check_function(struct torture *torture)
{
	const struct test_options *options = torture->options;
	struct bytes *stream = &torture->corpus.stream[torture->checks % FUZZ_CORPUS];
	struct machine machine = MACHINE_CLOSED;
	int result;

	bytes_free(stream);
	torture->checks++;
	result = start_guest(&machine, options);
	if (!result)
		result = move_to_self(&machine, stream);
	if (!result)
		result = workload_run(&machine, options->interval_ms);
	if (!result)
		result = finish_guest(&machine);
	machine_close(&machine);
	return result;
}

static int begin(struct torture *torture)
{
	torture->record = mmap(NULL, sizeof(*torture->record), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (torture->record == MAP_FAILED)
		return fail("shared memory: %zu bytes: %s", sizeof(*torture->record),
			    strerror(errno));
	torture->log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (torture->log < 0)
		return fail("/dev/kmsg: %s", strerror(errno));
	/* the partner of a process that was killed is ours to wait for */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return fail("PR_SET_CHILD_SUBREAPER: %s", strerror(errno));
	for (unsigned int i = 0; i < FUZZ_CORPUS; i++)
		if (check_function(torture))
			return -1;
	return name_functions(torture->options);
}

static int live_and_check(struct torture *torture)
{
	const struct test_options *options = torture->options;

	for (; torture->lives < options->count; torture->lives++) {
		torture->random = options->guest.seed + 1000003ull * torture->lives;
		if (live_once(torture) || repair(torture) ||
		    (torture->lives % LIVES_PER_CHECK == LIVES_PER_CHECK - 1 &&
		     check_function(torture))) {
			chaos_print(torture->record, STEPS_SHOWN);
			return fail("life %u of seed %llu: %s", torture->lives,
				    (unsigned long long)options->guest.seed, last_failure());
		}
	}
	return check_function(torture);
}

/* Lives that got nowhere prove nothing. */
static int judge(const struct torture *torture)
{
	static const enum chaos_step needed[] = {
		CHAOS_STATE, CHAOS_READ, CHAOS_LEAVE, CHAOS_ARRIVE, CHAOS_BOOT, CHAOS_SERVE,
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!torture->done[needed[i]])
			return fail("%u lives: %llu steps of kind %s tried, none succeeded",
				    torture->lives, (unsigned long long)torture->tried[needed[i]],
				    chaos_step_name(needed[i]));
	return torture->killed ? 0 : fail("%u lives, and none was killed", torture->lives);
}

static int report(const struct torture *torture, int result)
{
	struct json json;
	char name[32];

	json_begin(&json);
	json_string(&json, "test", "torture");
	json_bool(&json, "ok", !result);
	json_number(&json, "lives", torture->lives);
	json_number(&json, "killed", torture->killed);
	json_number(&json, "checks", torture->checks);
	for (size_t i = 0; i < HAPPENINGS; i++)
		json_number(&json, happenings[i].name, torture->happened[i]);
	for (unsigned int step = 0; step < CHAOS_STEPS; step++) {
		snprintf(name, sizeof(name), "%s_tried", chaos_step_name(step));
		json_number(&json, name, torture->tried[step]);
		json_number(&json, chaos_step_name(step), torture->done[step]);
	}
	if (result)
		json_string(&json, "failure", last_failure());
	return json_print(&json) || result ? -1 : 0;
}

int test_torture(const struct test_options *options)
{
	static struct torture torture;
	int result;

	torture.options = options;
	torture.log = -1;
	result = begin(&torture);
	if (!result)
		result = live_and_check(&torture);
	if (!result)
		result = judge(&torture);
	result = report(&torture, result);
	for (unsigned int i = 0; i < FUZZ_CORPUS; i++)
		bytes_free(&torture.corpus.stream[i]);
	if (torture.log >= 0)
		close(torture.log);
	return result;
}
