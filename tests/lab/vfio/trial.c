// SPDX-License-Identifier: BSD-2-Clause
/*
 * The life of a trial; see trial.h.
 */
#include "trial.h"

#include <errno.h>
#include <string.h>

#include "workload.h"

int trial_freeze(struct trial *trial)
{
	bytes_free(&trial->good);
	if (machine_precopy(&trial->machine, &trial->good) ||
	    machine_stop(&trial->machine, NULL) ||
	    machine_save(&trial->machine, &trial->good, NULL))
		return -1;
	vfio_disable_vectors(&trial->machine.function);
	return 0;
}

int trial_begin(struct trial *trial, const struct test_options *options)
{
	*trial = (struct trial){ .machine = MACHINE_CLOSED, .kmsg.file = -1 };
	if (kmsg_open(&trial->kmsg, options->address) || start_guest(&trial->machine, options))
		return -1;
	return trial_freeze(trial);
}

int trial_thaw(struct trial *trial, unsigned int interval_ms)
{
	machine_restore_memory(&trial->machine);
	if (machine_run(&trial->machine))
		return -1;
	return workload_run(&trial->machine, interval_ms);
}

int trial_finish(struct trial *trial, const struct test_options *options)
{
	int error = machine_write_stream(&trial->machine, &trial->good, 0, 0);

	if (error)
		return fail("the good stream after all others: %s", strerror(-error));
	if (trial_thaw(trial, options->interval_ms))
		return -1;
	return finish_guest(&trial->machine);
}

void trial_close(struct trial *trial)
{
	bytes_free(&trial->good);
	if (trial->kmsg.file >= 0)
		kmsg_close(&trial->kmsg);
	machine_close(&trial->machine);
}

int trial_end(struct trial *trial, const struct test_options *options, const char *test, int result)
{
	if (!result)
		result = trial_finish(trial, options);
	result = report_result(test, &trial->machine, trial->cases, trial->failed, result);
	trial_close(trial);
	return result;
}

/* ERROR is left by a reset and by nothing else. */
static int check_error_state(struct vfio_function *function)
{
	int state = vfio_get_state(function), none;

	if (state != VFIO_DEVICE_STATE_ERROR)
		return fail("state after a refused stream: ERROR expected, is %s",
			    vfio_state_name(state));
	for (uint32_t target = VFIO_DEVICE_STATE_STOP; target <= VFIO_LAST_STATE; target++)
		if (!vfio_try_state(function, target, &none))
			return fail("ERROR was left for %s without a reset",
				    vfio_state_name((int)target));
	return 0;
}

int trial_check_refusal(struct trial *trial, const char *name, const char *reason, int error)
{
	if (!error)
		return fail("%s: the stream was accepted", name);
	if (check_error_state(&trial->machine.function))
		return -1;
	if (!trial->kmsg.text[0])
		return fail("%s: refused (%s) and the driver did not say why", name,
			    strerror(-error));
	if (reason && !strstr(trial->kmsg.text, reason))
		return fail("%s: refused, but for another reason than \"%s\": %s", name, reason,
			    trial->kmsg.text);
	return 0;
}

int trial_reset(struct trial *trial)
{
	struct vfio_function *function = &trial->machine.function;
	int state;

	if (vfio_reset(function))
		return -1;
	state = vfio_get_state(function);
	if (state != VFIO_DEVICE_STATE_RUNNING)
		return fail("state after a reset: RUNNING expected, is %s", vfio_state_name(state));
	return 0;
}
