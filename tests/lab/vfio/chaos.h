/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM that does anything at any time: several threads of two processes that share a function's
 * files, each doing one random step after the other, while a guest does I/O. It is made to be
 * killed and judges nothing; what it did is in memory that outlives it.
 */
#ifndef VFIO_LAB_CHAOS_H
#define VFIO_LAB_CHAOS_H

#include <stdatomic.h>
#include <sys/types.h>

#include "fuzz.h"
#include "tests.h"

#define CHAOS_ENTRIES	4096u	/* a power of two */

/** enum chaos_step - what a thread may do next */
enum chaos_step {
	CHAOS_STATE,		/* ask for a state */
	CHAOS_READ,		/* read from a stream */
	CHAOS_WRITE,		/* write a piece of a good or a bad stream */
	CHAOS_CLOSE,		/* close a stream */
	CHAOS_LEAVE,		/* a whole migration out, if nobody interferes */
	CHAOS_ARRIVE,		/* a whole migration in */
	CHAOS_ASK,		/* flags, state, size, pre-copy information, features that are none */
	CHAOS_ODD_CALL,		/* calls on a stream that it does not have */
	CHAOS_RESET,		/* VFIO_DEVICE_RESET */
	CHAOS_FLR,		/* Function Level Reset by configuration space */
	CHAOS_COMMAND,		/* memory space and bus mastering on and off */
	CHAOS_REGISTERS,	/* read and write registers */
	CHAOS_LOGGING,		/* DMA logging: start, stop, report */
	CHAOS_OPENER,		/* a second file of the device */
	CHAOS_BOOT,		/* the guest starts its driver */
	CHAOS_SERVE,		/* the guest does I/O */
	CHAOS_STEPS,
};

/** chaos_step_name() - for messages and reports */
const char *chaos_step_name(enum chaos_step step);

/**
 * struct chaos_entry - one step that was done
 * @us: when it ended
 * @argument: what it was about; each step's own
 * @result: 0 or more, or a negative errno
 */
struct chaos_entry {
	uint64_t us;
	uint32_t thread;
	uint32_t step;
	uint32_t argument;
	int32_t result;
};

/**
 * struct chaos_record - what all processes of a life did; in shared memory
 * @partner: the second process, 0 before it lives
 * @over: set to have them end by themselves
 * @next: number of the next entry
 * @tried: steps of each kind
 * @done: those that succeeded
 */
struct chaos_record {
	atomic_int partner;
	atomic_bool over;
	atomic_uint next;
	atomic_uint tried[CHAOS_STEPS];
	atomic_uint done[CHAOS_STEPS];
	struct chaos_entry entry[CHAOS_ENTRIES];
};

/**
 * chaos_live() - a whole life; never returns
 * @corpus: good streams of this function
 * @seed: of this life's random choices; an odd one makes it gentle: nothing ends what the guest
 *	does
 *
 * The process ends with status 0, also when the function cannot be opened, as after an unbind.
 */
_Noreturn void chaos_live(const struct test_options *options, const struct fuzz_corpus *corpus,
			  uint64_t seed, struct chaos_record *record);

/** chaos_print() - the last @count steps, on standard error */
void chaos_print(const struct chaos_record *record, unsigned int count);

#endif /* VFIO_LAB_CHAOS_H */
