/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trying streams on a function: a guest that is stopped and saved, what a refusal must look like,
 * and that the guest runs on in the end as if no stream but its own had ever been there. It makes
 * no stream.
 */
#ifndef VFIO_LAB_TRIAL_H
#define VFIO_LAB_TRIAL_H

#include "kmsg.h"
#include "tests.h"

/**
 * struct trial - a stopped guest and its stream
 * @machine: the guest's memory as of the stop is in the shadow
 * @good: its stream
 * @kmsg: what the driver says
 * @cases: loads tried
 * @failed: those that went wrong
 */
struct trial {
	struct machine machine;
	struct bytes good;
	struct kmsg kmsg;
	unsigned int cases;
	unsigned int failed;
};

/** trial_begin() - start a guest, run it, stop and save it */
int trial_begin(struct trial *trial, const struct test_options *options);

/** trial_freeze() - stop and save the guest anew; vectors are off then */
int trial_freeze(struct trial *trial);

/** trial_thaw() - the guest's state was loaded: let it run for @interval_ms */
int trial_thaw(struct trial *trial, unsigned int interval_ms);

/**
 * trial_check_refusal() - must be true after a stream was refused
 * @name: of the stream, for messages
 * @reason: words that the driver must have said, NULL for any
 * @error: what the refused step gave, 0 or a negative errno
 *
 * The kernel's messages were collected; the function was not reset yet. Reports what is wrong.
 */
int trial_check_refusal(struct trial *trial, const char *name, const char *reason, int error);

/** trial_reset() - reset the function, which must be RUNNING then */
int trial_reset(struct trial *trial);

/** trial_finish() - load the guest's own stream, let it run, verify all that it wrote */
int trial_finish(struct trial *trial, const struct test_options *options);

/** trial_close() - release everything */
void trial_close(struct trial *trial);

/** trial_end() - finish, report, close; returns @result or worse */
int trial_end(struct trial *trial, const struct test_options *options, const char *test,
	      int result);

#endif /* VFIO_LAB_TRIAL_H */
