// SPDX-License-Identifier: BSD-2-Clause
/*
 * The controller is not suspended any more when the kernel reads a piece of its state, because
 * somebody resumed it on the controlling controller (--admin), or because that was reset (--run).
 * No stream may come out of it. Between two pieces of a state that takes several another thread has
 * to hit a short moment: it resumes at random times, closer and closer to where it was too early
 * and too late before, until the driver's message names a later piece.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <nvmove/lm.h>

#include "kmsg.h"
#include "mutation.h"
#include "tests.h"
#include "workload.h"

/* The kernel drops messages beyond ten in five seconds. */
#define MESSAGE_PAUSE_US	600000

/* The shortest stretch of a save that is searched is one of so many. */
#define SAVE_PARTS		64

/* When somebody resumed the controller, as the driver saw it. */
enum moment { BEFORE_FIRST_PIECE, BETWEEN_PIECES, AFTER_LAST_PIECE };

/**
 * struct intruder - somebody else who uses the controlling controller
 * @file: its character device
 * @cntlid: controller id of the function under test
 * @delay_us: how long the thread waits before it resumes
 * @result: of that, 0 or -1
 */
struct intruder {
	int file;
	uint16_t cntlid;
	uint64_t delay_us;
	int result;
};

/**
 * struct search - for a moment in a save, in microseconds since its begin
 * @save_us: how long a save takes
 * @early: a resume then came before the moment
 * @late: a resume then came after it
 */
struct search {
	uint64_t save_us;
	uint64_t early;
	uint64_t late;
};

/* Migration Send; Controller Not Suspended is no failure of a resume. */
static int migration_send(const struct intruder *intruder, uint32_t operation, uint32_t cdw11)
{
	struct nvme_admin_cmd cmd = {
		.opcode = NVMOVE_HMLM_MIGRATION_SEND,
		.cdw10 = operation,
		.cdw11 = cdw11 | intruder->cntlid,
	};
	int status = ioctl(intruder->file, NVME_IOCTL_ADMIN_CMD, &cmd);

	if (!status)
		return 0;
	if (operation == NVMOVE_HMLM_RESUME && status > 0 &&
	    (status & 0x7ff) == NVMOVE_HMLM_SC_NOT_SUSPENDED)
		return 0;
	return fail("Migration Send operation %u of controller %u: status %#x, %s", operation,
		    intruder->cntlid, status < 0 ? 0 : status,
		    status < 0 ? strerror(errno) : "expected 0");
}

static int suspend(const struct intruder *intruder)
{
	return migration_send(intruder, NVMOVE_HMLM_SUSPEND,
			      NVMOVE_HMLM_STYPE_SUSPEND << NVMOVE_HMLM_STYPE_SHIFT);
}

static void *resume_later(void *argument)
{
	struct intruder *intruder = argument;

	sleep_us(intruder->delay_us);
	intruder->result = migration_send(intruder, NVMOVE_HMLM_RESUME, 0);
	return NULL;
}

/* From STOP; back in STOP with 0 or a negative errno, which must be @allowed or nothing. */
static int try_save(struct vfio_function *function, int allowed, int *error)
{
	int file, none;

	*error = vfio_try_state(function, VFIO_DEVICE_STATE_STOP_COPY, &file);
	if (!*error) {
		close(file);
		return vfio_set_state(function, VFIO_DEVICE_STATE_STOP, &none);
	}
	if (*error != allowed)
		return fail("saving: %s expected, got: %s", strerror(-allowed), strerror(-*error));
	if (vfio_get_state(function) != VFIO_DEVICE_STATE_STOP)
		return fail("after a save that failed: state STOP expected, is %s",
			    vfio_state_name(vfio_get_state(function)));
	return 0;
}

static int must_fail(struct vfio_function *function, const char *when)
{
	int error;

	if (try_save(function, -ESTALE, &error))
		return -1;
	return error ? 0 : fail("%s: the save succeeded, %s expected", when, strerror(ESTALE));
}

/* How long a save takes that nobody disturbs. */
static int measure_save(struct vfio_function *function, uint64_t *us)
{
	uint64_t start = now_us();
	int error;

	if (try_save(function, 0, &error))
		return -1;
	*us = now_us() - start;
	return error ? fail("saving: %s", strerror(-error)) : 0;
}

/* One save with a resume after the intruder's delay. */
static int disturb_save(struct vfio_function *function, struct intruder *intruder,
			struct kmsg *kmsg, enum moment *moment)
{
	unsigned int first, last;
	const char *found;
	pthread_t thread;
	int error, result;

	kmsg_skip(kmsg);
	if (pthread_create(&thread, NULL, resume_later, intruder))
		return fail("cannot create a thread");
	result = try_save(function, -ESTALE, &error);
	pthread_join(thread, NULL);
	if (result || intruder->result || suspend(intruder))
		return -1;
	*moment = AFTER_LAST_PIECE;
	if (!error)
		return 0;

	kmsg_collect(kmsg);
	found = strstr(kmsg->text, "not suspended while bytes");
	if (!found || sscanf(found, "not suspended while bytes %u to %u", &first, &last) != 2)
		return fail("the driver does not say which bytes are not the state's: %s",
			    kmsg->text);
	note("bytes %u to %u came too late", first, last);
	*moment = first ? BETWEEN_PIECES : BEFORE_FIRST_PIECE;
	sleep_us(MESSAGE_PAUSE_US);
	return 0;
}

/*
 * The moment lies between the latest time that was too early and the earliest that was too late. No
 * two saves take equally long: where those times meet, the search begins anew with another measure.
 */
static int narrow(struct vfio_function *function, struct search *search)
{
	if (search->late - search->early > search->save_us / SAVE_PARTS)
		return 0;
	if (measure_save(function, &search->save_us))
		return -1;
	search->early = 0;
	search->late = search->save_us + 1;
	return 0;
}

static int disturb_until_between(struct vfio_function *function, struct intruder *intruder,
				 const struct test_options *options, unsigned int *tries)
{
	enum moment moment = AFTER_LAST_PIECE;
	uint64_t random = options->guest.seed;
	struct search search = { 0 };
	struct kmsg kmsg;
	int result = 0;

	if (kmsg_open(&kmsg, options->address))
		return -1;
	for (; !result && moment != BETWEEN_PIECES && *tries < options->count; ++*tries) {
		result = narrow(function, &search);
		if (result)
			break;
		intruder->delay_us =
			search.early + mutation_random(&random) % (search.late - search.early);
		result = disturb_save(function, intruder, &kmsg, &moment);
		if (moment == BEFORE_FIRST_PIECE)
			search.early = intruder->delay_us;
		else
			search.late = intruder->delay_us;
	}
	kmsg_close(&kmsg);
	if (!result && moment != BETWEEN_PIECES)
		return fail("%u saves, and none was disturbed behind its first piece", *tries);
	return result;
}

/* From STOP, suspended; ends in RUNNING. */
static int disturb(struct machine *machine, struct intruder *intruder,
		   const struct test_options *options, unsigned int *tries)
{
	int none;

	if (migration_send(intruder, NVMOVE_HMLM_RESUME, 0) ||
	    must_fail(&machine->function, "resumed before the save") || suspend(intruder) ||
	    disturb_until_between(&machine->function, intruder, options, tries))
		return -1;
	return vfio_set_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, &none);
}

/* The controlling controller is reset; the guest is lost, for a VF is offline then. */
static int reset_controlling(struct machine *machine, const struct test_options *options)
{
	int none;

	if (vfio_set_state(&machine->function, VFIO_DEVICE_STATE_STOP, &none))
		return -1;
	watchdog_begin("running a command");
	if (system(options->happening))
		return fail("\"%s\" failed", options->happening);
	return must_fail(&machine->function, "reset before the save");
}

int test_torn(const struct test_options *options)
{
	struct intruder intruder = {
		.file = open(options->admin, O_RDWR | O_CLOEXEC),
		.cntlid = options->cntlid,
	};
	struct machine machine = MACHINE_CLOSED;
	unsigned int tries = 0;
	int none, result;

	if (intruder.file < 0)
		result = fail("%s: %s", options->admin, strerror(errno));
	else
		result = start_guest(&machine, options);
	if (!result)
		result = vfio_set_state(&machine.function, VFIO_DEVICE_STATE_STOP, &none);
	if (!result)
		result = disturb(&machine, &intruder, options, &tries);
	if (!result)
		result = finish_guest(&machine);
	if (!result)
		result = reset_controlling(&machine, options);
	result = report_result("torn", &machine, tries, 0, result);
	machine_close(&machine);
	if (intruder.file >= 0)
		close(intruder.file);
	return result;
}
