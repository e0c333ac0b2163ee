// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a Controller Level Reset of the migration management controller ends (Base 2.3, 5.2.17.1.1,
 * 8.1.7, 8.1.13).
 */
#include "requirements.h"

void reset_ends_suspension(struct session *session)
{
	need_reset(session);
	need_suspended(session);
	reset_mmc(session);
	expect_status(session, resume(session, session->target), NVMOVE_HMLM_SC_NOT_SUSPENDED,
		      "Resume after a reset of the controller that suspended");
}

void reset_shows_in_read(struct session *session)
{
	uint8_t data[64];
	struct admin_result result;

	need_reset(session);
	need_suspended(session);
	read_state(session, session->csvi, session->csuuidi);
	reset_mmc(session);
	result = get_state(session, whole_state(session, data, sizeof(data)));
	expect_status(session, result, NVM_SC_SUCCESS, "Get Controller State after a reset");
	expect(session, !(result.dw0 & NVMOVE_HMLM_CSUP), "CSUP is 1 after a reset");
}

void reset_stops_tracking(struct session *session)
{
	struct {
		struct nvmove_hmlm_memory_request request;
		struct nvmove_hmlm_memory_range range;
	} NVMOVE_PACKED ranges = {
		.request = {
			.granularity = session->id.minmrtg, .nr_ranges = htole32(1),
		},
		.range = { .length = htole32(1) },
	};
	uint64_t granule = (uint64_t)PAGE_BYTES << session->id.minmrtg;

	need_reset(session);
	need_memory_tracking(session);
	need_target(session);
	ranges.range.address = htole64(granule > 16ull << 20 ? granule : 16ull << 20);
	expect_status(session, track_memory(session, session->target, NVMOVE_HMLM_START, &ranges,
					    sizeof(ranges)),
		      NVM_SC_SUCCESS, "start tracking");
	reset_mmc(session);
	/* It would be refused if the controller were still tracked. */
	expect_status(session, track_memory(session, session->target, NVMOVE_HMLM_START, &ranges,
					    sizeof(ranges)),
		      NVM_SC_SUCCESS, "start tracking after a reset");
}

void reset_deletes_queues(struct session *session)
{
	struct admin_result result;

	need_reset(session);
	need_user_data_tracking(session);
	need_target(session);
	result = create_queue(session, session->target, 8 * ENTRY_DWORDS, 0);
	expect_status(session, result, NVM_SC_SUCCESS, "create a queue");
	reset_mmc(session);
	expect_status(session, delete_queue(session, (uint16_t)result.dw0),
		      NVMOVE_HMLM_SC_INVALID_CDQ, "delete the queue after a reset");
}
