// SPDX-License-Identifier: BSD-2-Clause
/*
 * Suspend and resume (Base 2.3, 5.2.16): when a controller is quiet and what wakes it. It knows no
 * protocol and no state format.
 */
#include <errno.h>

#include "../controller.h"

int nvmove_ctrl_suspend(struct nvmove_ctrl *ctrl, nvmove_suspend_fn *done, void *arg)
{
	if (ctrl_is_primary(ctrl))
		return -EINVAL;
	if (ctrl->suspend == SUSPENDING)
		return -EBUSY;
	if (ctrl->suspend == SUSPENDED) {
		done(arg, 0);
		return 0;
	}
	ctrl->suspend = SUSPENDING;
	ctrl->suspend_done = done;
	ctrl->suspend_arg = arg;
	ctrl_progress(ctrl);
	return 0;
}

bool nvmove_ctrl_is_suspended(const struct nvmove_ctrl *ctrl)
{
	return ctrl->suspend == SUSPENDED;
}

/*
 * Nothing is under way any more: a suspend that waited for this has succeeded.
 */
void suspend_progress(struct nvmove_ctrl *ctrl)
{
	if (ctrl->suspend != SUSPENDING)
		return;
	ctrl->suspend = SUSPENDED;
	ctrl->suspended_at_ns = ctrl_now_ns(ctrl);
	/*
	 * A resume signals every queue with unread entries, so nothing held back needs to travel.
	 */
	irq_forget(ctrl);
	ctrl_update_timer(ctrl);
	user_data_suspended(ctrl);
	ctrl->suspend_done(ctrl->suspend_arg, 0);
}

/*
 * A reset ends a suspension, complete or not.
 */
void suspend_cancel(struct nvmove_ctrl *ctrl)
{
	bool waiting = ctrl->suspend == SUSPENDING;

	ctrl->suspend = NOT_SUSPENDED;
	user_data_resumed(ctrl);
	if (waiting)
		ctrl->suspend_done(ctrl->suspend_arg, -ECANCELED);
}

int nvmove_ctrl_resume(struct nvmove_ctrl *ctrl)
{
	uint64_t *deadline_ns = &ctrl->st.keep_alive_deadline_ns;

	if (ctrl->suspend != SUSPENDED)
		return -EINVAL;
	if (ctrl->transfer.uncommitted)
		return -EBUSY;
	state_transfer_discard(&ctrl->transfer);
	ctrl->suspend = NOT_SUSPENDED;
	user_data_resumed(ctrl);
	/* The host could not keep anything alive meanwhile. */
	if (*deadline_ns != UINT64_MAX)
		*deadline_ns += ctrl_now_ns(ctrl) - ctrl->suspended_at_ns;
	ctrl_update_timer(ctrl);
	if (ctrl_is_operational(ctrl)) {
		shadow_catch_up(ctrl);
		cq_post_all_unposted(ctrl);
		event_deliver(ctrl);
		sq_make_all_ready(ctrl);
	}
	irq_raise_all_unread(ctrl);
	ctrl_progress(ctrl);
	return 0;
}
