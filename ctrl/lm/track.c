// SPDX-License-Identifier: BSD-2-Clause
/*
 * Track Send and Track Receive (Base 2.3, 5.2.27, 5.2.28): which operation a command selects. What
 * the operations do is not this file's business.
 */
#include "../controller.h"

uint32_t track_send_execute(struct ctrl_request *req)
{
	switch (NVMOVE_HMLM_SEL(le32_to_cpu(req->cmd.cdw10))) {
	case NVMOVE_HMLM_TRACK_MEMORY:
		return track_memory_execute(req);
	case NVMOVE_HMLM_LOG_USER_DATA:
		return log_user_data_execute(req);
	default:
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	}
}

uint32_t track_receive_execute(struct ctrl_request *req)
{
	switch (NVMOVE_HMLM_SEL(le32_to_cpu(req->cmd.cdw10))) {
	case NVMOVE_HMLM_MEMORY_CHANGES:
		return memory_changes_execute(req);
	default:
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	}
}
