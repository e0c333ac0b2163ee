// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random steps; see chaos.h. Files of streams are in slots that all threads share without a lock,
 * so that one reads what another one closes: that, too, is something that a VMM can do to a driver.
 */
#include "chaos.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nvmove/nvme.h>

#include "mutation.h"
#include "report.h"
#include "workload.h"

#define FEATURE_DMA_LOGGING_START	6
#define FEATURE_DMA_LOGGING_STOP	7
#define FEATURE_DMA_LOGGING_REPORT	8
#define FEATURES			12	/* one more than any kernel knows */

#define THREADS		2u	/* of each process, besides the guest */
#define SLOTS		4
#define PATIENCE_MS	300	/* the guest's, with a device that may be in any state */
#define GUEST_RUN_MS	30
#define PARTNER_LATER_US 300000	/* the first process begins well */
#define BITMAP_BYTES	4096
#define GUEST_THREAD	99

/* The data of those three, as newer headers have it. */
struct logging_start {
	uint64_t page_size;
	uint32_t num_ranges;
	uint32_t reserved;
	uint64_t ranges;
};

struct logging_range {
	uint64_t iova;
	uint64_t length;
};

struct logging_report {
	uint64_t iova;
	uint64_t length;
	uint64_t page_size;
	uint64_t bitmap;
};

/**
 * struct life - what the threads of a process share
 * @gentle: nothing that ends what the guest is doing
 * @slot: files of streams, -1 where there is none
 * @newest: the slot that was filled last
 */
struct life {
	const struct test_options *options;
	const struct fuzz_corpus *corpus;
	struct chaos_record *record;
	struct machine machine;
	bool gentle;
	atomic_int slot[SLOTS];
	atomic_uint newest;
};

/**
 * struct actor - a thread
 * @stream: what it is writing, from @position on; owned
 * @stuck: its last request of a state has failed as in ERROR
 * @serving: the guest's driver is at work
 */
struct actor {
	struct life *life;
	uint32_t thread;
	uint64_t random;
	struct bytes stream;
	size_t position;
	uint32_t argument;
	bool stuck;
	bool serving;
};

static _Thread_local sigjmp_buf no_memory_space;

static uint64_t below(struct actor *actor, uint64_t limit)
{
	return mutation_random(&actor->random) % limit;
}

static void keep_file(struct actor *actor, int file)
{
	unsigned int slot = (unsigned int)below(actor, SLOTS);
	int old;

	if (file < 0)
		return;
	old = atomic_exchange(&actor->life->slot[slot], file);
	atomic_store(&actor->life->newest, slot);
	if (old >= 0)
		close(old);
}

/* Most of what is older than the newest has ended. */
static int any_file(struct actor *actor)
{
	unsigned int newest = atomic_load(&actor->life->newest);

	return atomic_load(&actor->life->slot[below(actor, 4) ? newest : below(actor, SLOTS)]);
}

/* The first ones leave the guest as it is. */
static int do_state(struct actor *actor)
{
	static const uint32_t usual[] = {
		VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP_COPY,
		VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_PRE_COPY,
		VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_RUNNING,
		VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_ERROR, VFIO_LAST_STATE + 1,
	};
	unsigned int choices = actor->life->gentle ? 7 : sizeof(usual) / sizeof(usual[0]);
	int file, error;

	actor->argument = usual[below(actor, choices)];
	error = vfio_try_state(&actor->life->machine.function, actor->argument, &file);
	keep_file(actor, file);
	actor->stuck = error == -EIO;
	return error;
}

static int do_read(struct actor *actor)
{
	uint8_t buffer[8192];
	ssize_t length;

	actor->argument = (uint32_t)(1 + below(actor, sizeof(buffer)));
	length = read(any_file(actor), buffer, actor->argument);
	return length < 0 ? -errno : (int)length;
}

/*
 * Bad ones have a wrong framing or wrong checksums: a wrong state that runs would harm the medium.
 * The first of a life is good.
 */
static int choose_stream(struct actor *actor)
{
	const unsigned int kinds = 1u << FUZZ_BYTES | 1u << FUZZ_FRAMING | 1u << FUZZ_FIELDS |
				   1u << FUZZ_HARMLESS;
	const struct bytes *good = &actor->life->corpus->stream[below(actor, FUZZ_CORPUS)];
	enum fuzz_kind kind;
	size_t chunk;

	bytes_free(&actor->stream);
	actor->position = 0;
	if (below(actor, 2) || !atomic_load(&actor->life->record->next))
		return bytes_append(&actor->stream, good->data, good->size);
	return fuzz_make(actor->life->corpus, 0, below(actor, UINT32_MAX), kinds, &actor->stream,
			 &kind, &chunk);
}

/* Half of the time to a stream that it opens itself: there is seldom another one to write to. */
static int do_write(struct actor *actor)
{
	size_t left;
	ssize_t length;
	int file;

	if (below(actor, 2)) {
		vfio_try_state(&actor->life->machine.function, VFIO_DEVICE_STATE_RESUMING, &file);
		keep_file(actor, file);
	}
	if (actor->position >= actor->stream.size && choose_stream(actor))
		return -ENOMEM;
	left = actor->stream.size - actor->position;
	if (left && below(actor, 2))
		left = 1 + below(actor, left);
	actor->argument = (uint32_t)left;
	length = write(any_file(actor), actor->stream.data + actor->position, left);
	if (length < 0) {
		actor->position = actor->stream.size;
		return -errno;
	}
	actor->position += (size_t)length;
	return (int)length;
}

static int do_close(struct actor *actor)
{
	int file = atomic_exchange(&actor->life->slot[below(actor, SLOTS)], -1);

	return file >= 0 && !close(file) ? 0 : -EBADF;
}

static int do_leave(struct actor *actor)
{
	struct vfio_function *function = &actor->life->machine.function;
	uint8_t buffer[4096];
	ssize_t length = 0;
	int file, none, error;

	error = vfio_try_state(function, VFIO_DEVICE_STATE_STOP_COPY, &file);
	actor->stuck = error == -EIO;
	if (error)
		return error;
	if (file >= 0) {
		while ((length = read(file, buffer, sizeof(buffer))) > 0)
			;
		error = length < 0 ? -errno : 0;
		close(file);
	}
	vfio_try_state(function, VFIO_DEVICE_STATE_RUNNING, &none);
	return error;
}

static int do_arrive(struct actor *actor)
{
	struct machine *machine = &actor->life->machine;
	int none, error;

	if (choose_stream(actor))
		return -ENOMEM;
	/* a destination is new */
	if (below(actor, 2))
		vfio_reset(&machine->function);
	actor->argument = (uint32_t)below(actor, 2048);
	error = machine_write_stream(machine, &actor->stream, actor->argument, 0);
	actor->position = actor->stream.size;
	actor->stuck = error;
	if (error)
		return error;
	return vfio_try_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, &none);
}

static int do_ask(struct actor *actor)
{
	struct vfio_function *function = &actor->life->machine.function;
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	uint64_t data[8] = { 0 };

	actor->argument = (uint32_t)below(actor, FEATURES + 2);
	if (actor->argument > FEATURES)
		return ioctl(any_file(actor), VFIO_MIG_GET_PRECOPY_INFO, &info) ? -errno : 0;
	return vfio_feature(function, VFIO_DEVICE_FEATURE_GET | actor->argument, data,
			    below(actor, 2) ? 8 : below(actor, sizeof(data)));
}

static int do_odd_call(struct actor *actor)
{
	int file = any_file(actor), copy;
	struct pollfd event = { .fd = file, .events = POLLIN | POLLOUT };
	uint8_t *volatile nowhere = NULL;
	struct stat status;
	uint8_t byte = 0;
	void *memory;

	actor->argument = (uint32_t)below(actor, 7);
	switch (actor->argument) {
	case 0:
		return pread(file, &byte, 1, 4096) < 0 ? -errno : 0;
	case 1:
		return lseek(file, 0, SEEK_SET) < 0 ? -errno : 0;
	case 2:
		return poll(&event, 1, 0) < 0 ? -errno : 0;
	case 3:
		return fstat(file, &status) ? -errno : 0;
	case 4:
		copy = dup(file);
		keep_file(actor, copy);
		return copy < 0 ? -errno : 0;
	case 5:
		return read(file, nowhere, 1) < 0 ? -errno : 0;
	default:
		memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
		if (memory == MAP_FAILED)
			return -errno;
		munmap(memory, 4096);
		return 0;
	}
}

static int do_reset(struct actor *actor)
{
	actor->stuck = false;
	return vfio_reset(&actor->life->machine.function) ? -EIO : 0;
}

static int do_flr(struct actor *actor)
{
	return vfio_guest_flr(&actor->life->machine.function) ? -EIO : 0;
}

static int do_command(struct actor *actor)
{
	static const uint16_t values[] = {
		0, PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER,
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
	};

	actor->argument = values[below(actor, sizeof(values) / sizeof(values[0]))];
	return vfio_set_command_register(&actor->life->machine.function,
					 (uint16_t)actor->argument) ? -EIO : 0;
}

static int do_registers(struct actor *actor)
{
	static const uint32_t offsets[] = {
		NVM_REG_CAP, NVM_REG_CC, NVM_REG_CSTS, NVM_REG_AQA, NVM_REG_DBS, NVM_REG_DBS + 4,
		NVM_REG_DBS + 8, NVM_REG_DBS + 12,
	};
	volatile uint8_t *registers = actor->life->machine.function.bar0;
	uint32_t value;

	actor->argument = offsets[below(actor, sizeof(offsets) / sizeof(offsets[0]))];
	value = *(volatile uint32_t *)(registers + actor->argument);
	if (actor->argument == NVM_REG_CC && below(actor, 2))
		*(volatile uint32_t *)(registers + NVM_REG_CC) = value ^ NVM_CC_EN;
	else if (actor->argument >= NVM_REG_DBS)
		*(volatile uint32_t *)(registers + actor->argument) = (uint32_t)below(actor, 16);
	return 0;
}

static int do_logging(struct actor *actor)
{
	struct vfio_function *function = &actor->life->machine.function;
	static _Thread_local uint64_t bitmap[BITMAP_BYTES / 8];
	struct logging_range range = { GUEST_IOVA, actor->life->machine.memory_size };
	struct logging_start start = { GUEST_PAGE, 1, 0, (uintptr_t)&range };
	struct logging_report report = { range.iova, range.length, GUEST_PAGE, (uintptr_t)bitmap };

	if (range.length / GUEST_PAGE > BITMAP_BYTES * 8)
		return -E2BIG;
	actor->argument = (uint32_t)below(actor, 6);
	switch (actor->argument) {
	case 0:
		return vfio_feature(function, VFIO_DEVICE_FEATURE_SET | FEATURE_DMA_LOGGING_STOP,
				    NULL, 0);
	case 1:
	case 2:
		start.page_size <<= below(actor, 4);
		return vfio_feature(function, VFIO_DEVICE_FEATURE_SET | FEATURE_DMA_LOGGING_START,
				    &start, sizeof(start));
	default:
		return vfio_feature(function, VFIO_DEVICE_FEATURE_GET | FEATURE_DMA_LOGGING_REPORT,
				    &report, sizeof(report));
	}
}

static int do_opener(struct actor *actor)
{
	const struct vfio_function *function = &actor->life->machine.function;
	int file = ioctl(function->group, VFIO_GROUP_GET_DEVICE_FD, function->address);

	if (file < 0)
		return -errno;
	sleep_us(below(actor, 20000));
	close(file);
	return 0;
}

static int do_boot(struct actor *actor)
{
	struct machine *machine = &actor->life->machine;

	actor->argument = !!machine->guest->extents;
	if (actor->argument)
		return machine_reboot(machine) ? -EIO : 0;
	return machine_boot(machine, &actor->life->options->guest) ? -EIO : 0;
}

static int do_serve(struct actor *actor)
{
	return workload_run(&actor->life->machine, GUEST_RUN_MS) ? -EIO : 0;
}

/*
 * @weight: how often it is chosen; the guest's own thread does what has none
 * @harsh: the guest will not survive it
 */
static const struct {
	const char *name;
	int (*act)(struct actor *actor);
	unsigned int weight;
	bool harsh;
} steps[CHAOS_STEPS] = {
	[CHAOS_STATE] = { "state", do_state, 30, false },
	[CHAOS_READ] = { "read", do_read, 15, false },
	[CHAOS_WRITE] = { "write", do_write, 20, true },
	[CHAOS_CLOSE] = { "close", do_close, 4, false },
	[CHAOS_LEAVE] = { "leave", do_leave, 5, false },
	[CHAOS_ARRIVE] = { "arrive", do_arrive, 5, true },
	[CHAOS_ASK] = { "ask", do_ask, 15, false },
	[CHAOS_ODD_CALL] = { "odd_call", do_odd_call, 8, false },
	[CHAOS_RESET] = { "reset", do_reset, 3, true },
	[CHAOS_FLR] = { "flr", do_flr, 1, true },
	[CHAOS_COMMAND] = { "command", do_command, 4, true },
	[CHAOS_REGISTERS] = { "registers", do_registers, 10, true },
	[CHAOS_LOGGING] = { "logging", do_logging, 8, false },
	[CHAOS_OPENER] = { "opener", do_opener, 2, false },
	[CHAOS_BOOT] = { "boot", do_boot, 0, false },
	[CHAOS_SERVE] = { "serve", do_serve, 0, false },
};

const char *chaos_step_name(enum chaos_step step)
{
	return steps[step].name;
}

static void record_step(struct actor *actor, enum chaos_step step, int result)
{
	struct chaos_record *record = actor->life->record;
	unsigned int number = atomic_fetch_add(&record->next, 1);

	record->entry[number % CHAOS_ENTRIES] = (struct chaos_entry){
		.us = now_us(),
		.thread = actor->thread,
		.step = step,
		.argument = actor->argument,
		.result = result,
	};
	atomic_fetch_add(&record->tried[step], 1);
	if (result >= 0)
		atomic_fetch_add(&record->done[step], 1);
}

/* Registers are gone while memory space is disabled: whoever touches them then gets SIGBUS. */
static int act(struct actor *actor, enum chaos_step step)
{
	int result;

	actor->argument = 0;
	if (sigsetjmp(no_memory_space, 1))
		result = -EFAULT;
	else
		result = steps[step].act(actor);
	record_step(actor, step, result);
	return result;
}

static void act_as_guest(struct actor *actor)
{
	actor->serving = !act(actor, actor->serving ? CHAOS_SERVE : CHAOS_BOOT);
}

static void on_bus_error(int number)
{
	(void)number;
	siglongjmp(no_memory_space, 1);
}

static unsigned int step_weight(const struct life *life, unsigned int step)
{
	return life->gentle && steps[step].harsh ? 0 : steps[step].weight;
}

/* Only a reset leads out of ERROR. */
static enum chaos_step choose_step(struct actor *actor)
{
	const struct life *life = actor->life;
	unsigned int sum = 0, choice, step;

	if (actor->stuck && below(actor, 2))
		return CHAOS_RESET;
	for (step = 0; step < CHAOS_STEPS; step++)
		sum += step_weight(life, step);
	choice = (unsigned int)below(actor, sum);
	for (step = 0; choice >= step_weight(life, step); step++)
		choice -= step_weight(life, step);
	return (enum chaos_step)step;
}

static void *run_actor(void *argument)
{
	struct actor *actor = argument;

	while (!atomic_load(&actor->life->record->over)) {
		if (actor->thread == GUEST_THREAD)
			act_as_guest(actor);
		else
			act(actor, choose_step(actor));
	}
	bytes_free(&actor->stream);
	return NULL;
}

/* Before anybody interferes: a gentle life begins with a guest, a harsh one as a destination. */
static void begin_well(struct actor *first, struct actor *guest)
{
	if (first->life->gentle)
		act_as_guest(guest);
	else
		act(first, CHAOS_ARRIVE);
}

/* The threads of one process until it is over. */
static void run_actors(struct life *life, uint64_t seed, unsigned int first, bool with_guest)
{
	unsigned int count = with_guest ? THREADS + 1 : THREADS, running = 0;
	struct actor actor[THREADS + 1] = { 0 };
	pthread_t thread[THREADS + 1];

	for (unsigned int i = 0; i < count; i++) {
		actor[i].life = life;
		actor[i].thread = i < THREADS ? first + i : GUEST_THREAD;
		actor[i].random = seed + 1000003ull * actor[i].thread;
	}
	if (with_guest)
		begin_well(&actor[0], &actor[THREADS]);
	while (running < count &&
	       !pthread_create(&thread[running], NULL, run_actor, &actor[running]))
		running++;
	for (unsigned int i = 0; i < running; i++)
		pthread_join(thread[i], NULL);
}

static int begin_life(struct life *life)
{
	const struct test_options *options = life->options;
	struct sigaction action = { .sa_handler = on_bus_error };
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* every failure here is wanted */
	if (nothing < 0 || dup2(nothing, STDERR_FILENO) < 0)
		return -1;
	sigaction(SIGBUS, &action, NULL);
	for (unsigned int i = 0; i < SLOTS; i++)
		atomic_init(&life->slot[i], -1);
	return machine_open(&life->machine, options->address, PATIENCE_MS) ||
	       machine_set_memory(&life->machine, machine_memory_size(&options->guest)) ? -1 : 0;
}

_Noreturn void chaos_live(const struct test_options *options, const struct fuzz_corpus *corpus,
			  uint64_t seed, struct chaos_record *record)
{
	struct life life = {
		.options = options,
		.corpus = corpus,
		.record = record,
		.machine = MACHINE_CLOSED,
		.gentle = seed & 1,
	};
	pid_t partner;

	if (begin_life(&life))
		_exit(EXIT_SUCCESS);
	partner = fork();
	if (!partner) {
		atomic_store(&record->partner, getpid());
		sleep_us(PARTNER_LATER_US);
		run_actors(&life, seed, THREADS, false);
		_exit(EXIT_SUCCESS);
	}
	run_actors(&life, seed, 0, true);
	if (partner > 0)
		waitpid(partner, NULL, 0);
	machine_close(&life.machine);
	_exit(EXIT_SUCCESS);
}

void chaos_print(const struct chaos_record *record, unsigned int count)
{
	unsigned int next = atomic_load(&record->next);

	if (count > CHAOS_ENTRIES)
		count = CHAOS_ENTRIES;
	for (unsigned int i = next > count ? next - count : 0; i < next; i++) {
		const struct chaos_entry *entry = &record->entry[i % CHAOS_ENTRIES];

		note("%llu us thread %u: %s %#x: %d", (unsigned long long)entry->us, entry->thread,
		     steps[entry->step].name, entry->argument, entry->result);
	}
}
