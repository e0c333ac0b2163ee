// SPDX-License-Identifier: BSD-2-Clause
/*
 * Controller Data Queues and their feature (Base 2.3, 5.2.4, 5.2.26.1.23, 8.1.7). A queue is
 * created and deleted; nothing is logged, so that the controller never writes to it.
 */
#include "requirements.h"

#define SLOTS		8u
#define NO_QUEUE	0xffffu

static uint16_t need_queue(struct session *session)
{
	struct admin_result result;

	need_user_data_tracking(session);
	need_target(session);
	result = create_queue(session, session->target, SLOTS * ENTRY_DWORDS, 0);
	expect_status(session, result, NVM_SC_SUCCESS, "create a queue");
	return (uint16_t)result.dw0;
}

/* Create with each Dword as it is; a queue that comes of it is a failure and deleted. */
static struct admin_result create_raw(struct session *session, uint32_t cdw10, uint32_t cdw11,
				      uint32_t page_offset)
{
	static uint8_t page[PAGE_BYTES];
	struct admin_result result;

	result = admin(session, MMC, (struct admin_command){
		.opcode = NVMOVE_HMLM_CDQ, .cdw10 = cdw10, .cdw11 = cdw11,
		.cdw12 = SLOTS * ENTRY_DWORDS, .data = page,
		.length = SLOTS * ENTRY_DWORDS * 4, .page_offset = page_offset,
	});
	if (!result.status && NVMOVE_HMLM_SEL(cdw10) == NVMOVE_HMLM_CDQ_CREATE)
		delete_queue(session, (uint16_t)result.dw0);
	return result;
}

static uint32_t queue_of(const struct session *session)
{
	return (uint32_t)session->target << 16 | NVMOVE_HMLM_CDQ_PC;
}

/* ---- creating ---- */

void queue_reserved_select(struct session *session)
{
	need_user_data_tracking(session);
	expect_status(session, create_raw(session, 2, 0, 0), NVM_SC_INVALID_FIELD,
		      "Controller Data Queue, SEL 2h");
	expect_status(session, create_raw(session, 0xbf, 0, 0), NVM_SC_INVALID_FIELD,
		      "Controller Data Queue, SEL BFh");
}

void queue_reserved_type(struct session *session)
{
	need_user_data_tracking(session);
	need_target(session);
	expect_status(session, create_raw(session, 1u << NVMOVE_HMLM_MOS_SHIFT, queue_of(session),
					  0),
		      NVM_SC_INVALID_FIELD, "QT 1h");
	expect_status(session, create_raw(session, 0xbfu << NVMOVE_HMLM_MOS_SHIFT,
					  queue_of(session), 0),
		      NVM_SC_INVALID_FIELD, "QT BFh");
}

void queue_size_multiple(struct session *session)
{
	need_user_data_tracking(session);
	need_target(session);
	expect_status(session, create_queue(session, session->target, SLOTS * ENTRY_DWORDS + 1, 0),
		      NVM_SC_INVALID_FIELD, "CDQSIZE that is no multiple of the entry");
}

void queue_page_offset(struct session *session)
{
	need_user_data_tracking(session);
	need_target(session);
	expect_status(session, create_raw(session, NVMOVE_HMLM_CDQ_CREATE, queue_of(session), 2048),
		      NVM_SC_INVALID_PRP_OFFSET, "PRP Entry 1 inside a page");
}

void queue_same_controller(struct session *session)
{
	need_queue(session);
	expect_refused(session, create_queue(session, session->target, SLOTS * ENTRY_DWORDS, 0),
		       "second User Data Migration Queue of one controller");
}

void queue_same_controller_status(struct session *session)
{
	struct admin_result result;

	need_queue(session);
	if (le16toh(session->id.mcudmq) < 2 || le16toh(session->id.mnsudmq) < 2)
		session_skip(session, "MCUDMQ %u, MNSUDMQ %u: the limit is met as well",
			     le16toh(session->id.mcudmq), le16toh(session->id.mnsudmq));
	result = create_queue(session, session->target, SLOTS * ENTRY_DWORDS, 0);
	expect_status(session, result, NVM_SC_INVALID_FIELD,
		      "second User Data Migration Queue of one controller");
}

void queue_unknown_controller(struct session *session)
{
	need_user_data_tracking(session);
	expect_refused(session, create_queue(session, NO_CONTROLLER,
					     SLOTS * ENTRY_DWORDS, 0),
		       "queue for CNTLID FFFFh");
}

void queue_own_controller(struct session *session)
{
	need_user_data_tracking(session);
	expect_refused(session, create_queue(session, le16toh(session->id.cntlid),
					     SLOTS * ENTRY_DWORDS, 0),
		       "queue for the controller itself");
}

/* ---- deleting ---- */

void queue_delete(struct session *session)
{
	uint16_t cdqid = need_queue(session);

	expect_status(session, delete_queue(session, cdqid), NVM_SC_SUCCESS, "delete the queue");
	expect_status(session, delete_queue(session, cdqid), NVMOVE_HMLM_SC_INVALID_CDQ,
		      "delete it again");
	need_queue(session);
}

void queue_delete_unknown(struct session *session)
{
	need_user_data_tracking(session);
	expect_status(session, delete_queue(session, NO_QUEUE), NVMOVE_HMLM_SC_INVALID_CDQ,
		      "delete CDQID FFFFh");
}

/* ---- the feature ---- */

void feature_initial(struct session *session)
{
	uint16_t cdqid = need_queue(session);
	struct nvmove_hmlm_cdq_feature feature;

	expect_status(session, get_queue_feature(session, cdqid, &feature), NVM_SC_SUCCESS,
		      "Get Features");
	expect(session, !feature.head && !feature.tail_trigger,
	       "head %u, trigger %u of a new queue", le32toh(feature.head),
	       le32toh(feature.tail_trigger));
}

void feature_unknown_queue(struct session *session)
{
	struct nvmove_hmlm_cdq_feature feature;

	need_user_data_tracking(session);
	expect_status(session, get_queue_feature(session, NO_QUEUE, &feature),
		      NVMOVE_HMLM_SC_INVALID_CDQ, "Get Features, CDQID FFFFh");
	expect_status(session, set_queue_feature(session, NO_QUEUE, 0, 0),
		      NVMOVE_HMLM_SC_INVALID_CDQ, "Set Features, CDQID FFFFh");
}

void feature_head_of_empty_queue(struct session *session)
{
	uint16_t cdqid = need_queue(session);

	expect_status(session, set_queue_feature(session, cdqid, 0, 0), NVM_SC_SUCCESS,
		      "head of an empty queue to where it is");
	expect_status(session, set_queue_feature(session, cdqid, 1, 0), NVM_SC_INVALID_FIELD,
		      "head of an empty queue to slot 1");
	expect_status(session, set_queue_feature(session, cdqid, SLOTS, 0), NVM_SC_INVALID_FIELD,
		      "head behind the queue");
}

void feature_trigger(struct session *session)
{
	uint16_t cdqid = need_queue(session);
	struct nvmove_hmlm_cdq_feature feature;

	expect_status(session, set_queue_feature(session, NVMOVE_HMLM_CDQ_ETPT | cdqid, 0,
						 SLOTS - 1),
		      NVM_SC_SUCCESS, "trigger at the last slot");
	expect_status(session, get_queue_feature(session, cdqid, &feature), NVM_SC_SUCCESS,
		      "Get Features");
	expect(session, le32toh(feature.tail_trigger) == SLOTS - 1, "trigger %u, set to %u",
	       le32toh(feature.tail_trigger), SLOTS - 1);
	/* TPT is ignored without ETPT, however far it is. */
	expect_status(session, set_queue_feature(session, cdqid, 0, ~0u), NVM_SC_SUCCESS,
		      "ETPT 0 with TPT FFFFFFFFh");
	expect_status(session, get_queue_feature(session, cdqid, &feature), NVM_SC_SUCCESS,
		      "Get Features");
	expect(session, !feature.tail_trigger, "trigger %u after ETPT was cleared",
	       le32toh(feature.tail_trigger));
}

void feature_trigger_beyond(struct session *session)
{
	uint16_t cdqid = need_queue(session);

	expect_status(session, set_queue_feature(session, NVMOVE_HMLM_CDQ_ETPT | cdqid, 0, SLOTS),
		      NVM_SC_INVALID_FIELD, "trigger behind the queue");
}

/* ---- logging that is refused ---- */

void log_unknown_queue(struct session *session)
{
	need_user_data_tracking(session);
	expect_status(session, log_user_data(session, NO_QUEUE, NVMOVE_HMLM_START),
		      NVMOVE_HMLM_SC_INVALID_CDQ, "start logging, CDQID FFFFh");
	expect_status(session, log_user_data(session, NO_QUEUE, NVMOVE_HMLM_STOP),
		      NVMOVE_HMLM_SC_INVALID_CDQ, "stop logging, CDQID FFFFh");
}

void log_reserved_action(struct session *session)
{
	uint16_t cdqid = need_queue(session);

	for (unsigned int action = 2; action < 16; action++)
		expect_status(session, log_user_data(session, cdqid, action),
			      NVM_SC_INVALID_FIELD, "reserved LACT");
}
