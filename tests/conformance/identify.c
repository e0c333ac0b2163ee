// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who may migrate whom, and what Identify says of it (Base 2.3, 5.2.13.2.1, 5.2.13.2.21, 8.1.13).
 * None of these tests changes anything.
 */
#include <string.h>

#include "requirements.h"

static uint32_t effects(struct session *session, enum role role, unsigned int opcode)
{
	struct nvm_effects_log log;
	struct admin_result result;

	result = admin(session, role, (struct admin_command){
		.opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
		.cdw10 = (sizeof(log) / 4 - 1) << 16 | NVM_LOG_EFFECTS,
		.data = &log, .length = sizeof(log),
	});
	if (result.status)
		session_skip(session, "no Commands Supported and Effects log: status %#x",
			     result.status);
	return le32toh(log.admin[opcode]);
}

void mmc_announced(struct session *session)
{
	expect(session, le16toh(session->id.oacs) & NVMOVE_HMLM_OACS, "OACS %#x: bit 11 is clear",
	       le16toh(session->id.oacs));
}

void mmc_lists_commands(struct session *session)
{
	expect(session, effects(session, MMC, NVMOVE_HMLM_MIGRATION_SEND) & NVM_EFFECT_CSUPP,
	       "Migration Send is not listed as supported");
	expect(session, effects(session, MMC, NVMOVE_HMLM_MIGRATION_RECEIVE) & NVM_EFFECT_CSUPP,
	       "Migration Receive is not listed as supported");
}

void mmc_without_host_memory_buffer(struct session *session)
{
	expect(session, !session->id.hmpre && !session->id.hmmin, "HMPRE %u, HMMIN %u, expected 0",
	       le32toh(session->id.hmpre), le32toh(session->id.hmmin));
}

void mmc_not_migratable(struct session *session)
{
	uint16_t own = le16toh(session->id.cntlid);

	/* Whoever executes this instead is not the controller's host for long. */
	need_target(session);
	expect_status(session, suspend(session, own, NVMOVE_HMLM_STYPE_SUSPEND, 0),
		      NVM_SC_INVALID_CNTLID, "Suspend of the controller itself");
}

void mmc_limits(struct session *session)
{
	const struct nvm_id_ctrl *id = &session->id;

	if (id->trattr & NVMOVE_HMLM_TRATTR_THMC) {
		expect(session, id->minmrtg <= id->maxmrtg, "MINMRTG %u, MAXMRTG %u", id->minmrtg,
		       id->maxmrtg);
		expect(session, le16toh(id->cmmrtd) && le16toh(id->cmmrtd) <= le16toh(id->nmmrtd),
		       "CMMRTD %u, NMMRTD %u", le16toh(id->cmmrtd), le16toh(id->nmmrtd));
	}
	if (id->trattr & NVMOVE_HMLM_TRATTR_TUDC) {
		expect(session, le16toh(id->mcudmq) &&
		       le16toh(id->mcudmq) <= le16toh(id->mnsudmq), "MCUDMQ %u, MNSUDMQ %u",
		       le16toh(id->mcudmq), le16toh(id->mnsudmq));
		expect(session, le16toh(id->mcmr) && le16toh(id->mcmr) <= le16toh(id->nmcmr),
		       "MCMR %u, NMCMR %u", le16toh(id->mcmr), le16toh(id->nmcmr));
	}
}

void mmc_entry_format(struct session *session)
{
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct admin_result result;

	need_user_data_tracking(session);
	result = admin(session, MMC, (struct admin_command){
		.opcode = NVM_ADMIN_IDENTIFY, .cdw10 = NVM_CNS_CSI_CTRL,
		.cdw11 = (uint32_t)NVM_CSI_NVM << 24, .data = data, .length = sizeof(data),
	});
	expect_status(session, result, NVM_SC_SUCCESS, "Identify, NVM Command Set");
	expect(session, data[24] == 0, "LBAMQF %u, only type 0 is defined", data[24]);
}

/* ---- Supported Controller State Formats ---- */

void formats_fit(struct session *session)
{
	unsigned int versions = session->formats[0], uuids = session->formats[1];
	size_t used = (versions + 1) * 2 + uuids * 16;

	expect(session, versions || uuids, "neither a version nor a UUID");
	expect(session, used <= NVM_IDENTIFY_SIZE, "%u versions and %u UUIDs need %zu bytes",
	       versions, uuids, used);
	for (size_t i = used; i < NVM_IDENTIFY_SIZE; i++)
		expect(session, !session->formats[i], "byte %zu behind the lists is %#x", i,
		       session->formats[i]);
}

void formats_versions(struct session *session)
{
	need_version(session);
	for (unsigned int i = 0; i < session->formats[0]; i++) {
		unsigned int version = session->formats[2 + 2 * i] |
				       session->formats[3 + 2 * i] << 8;

		expect(session, version == 0, "version %u, entry %u: only 0 is defined", version,
		       i + 1);
	}
}

void formats_uuids(struct session *session)
{
	static const uint8_t none[16];

	need_uuid(session);
	for (unsigned int i = 0; i < session->formats[1]; i++)
		expect(session, memcmp(session->formats + (session->formats[0] + 1) * 2 + i * 16,
				       none, sizeof(none)), "UUID of entry %u is 0", i + 1);
}

/* ---- the other side ---- */

void migratable_not_announced(struct session *session)
{
	struct nvm_id_ctrl id;

	need_migratable_admin(session);
	expect_status(session, identify(session, MIGRATABLE, NVM_CNS_CTRL, &id), NVM_SC_SUCCESS,
		      "Identify Controller");
	expect(session, !(le16toh(id.oacs) & NVMOVE_HMLM_OACS), "OACS %#x: bit 11 is set",
	       le16toh(id.oacs));
	expect(session, !id.hmpre && !id.hmmin, "HMPRE %u, HMMIN %u, expected 0",
	       le32toh(id.hmpre), le32toh(id.hmmin));
}

void migratable_refuses_migration_send(struct session *session)
{
	struct admin_result result;

	need_migratable_admin(session);
	/* Neither of these would harm if it were executed. */
	result = admin(session, MIGRATABLE, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_SEND, .cdw10 = NVMOVE_HMLM_RESUME,
		.cdw11 = NO_CONTROLLER,
	});
	expect_status(session, result, NVM_SC_INVALID_OPCODE, "Migration Send");
	result = admin(session, MIGRATABLE, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_SEND, .cdw10 = NVMOVE_HMLM_SUSPEND,
		.cdw11 = NO_CONTROLLER,
	});
	expect_status(session, result, NVM_SC_INVALID_OPCODE, "Migration Send");
}

void migratable_refuses_migration_receive(struct session *session)
{
	struct nvmove_cstate_header header;
	struct admin_result result;

	need_migratable_admin(session);
	result = admin(session, MIGRATABLE, (struct admin_command){
		.opcode = NVMOVE_HMLM_MIGRATION_RECEIVE,
		.cdw10 = 1u << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_GET_STATE,
		.cdw11 = le16toh(session->id.cntlid), .cdw15 = sizeof(header) / 4 - 1,
		.data = &header, .length = sizeof(header),
	});
	expect_status(session, result, NVM_SC_INVALID_OPCODE, "Migration Receive");
}

void migratable_refuses_formats(struct session *session)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	need_migratable_admin(session);
	expect_status(session, identify(session, MIGRATABLE, NVMOVE_HMLM_CNS_FORMATS, data),
		      NVM_SC_INVALID_FIELD, "Identify, Supported Controller State Formats");
}

void migratable_refuses_data_queue(struct session *session)
{
	uint8_t page[PAGE_BYTES] = { 0 };
	struct admin_result result;

	need_migratable_admin(session);
	result = admin(session, MIGRATABLE, (struct admin_command){
		.opcode = NVMOVE_HMLM_CDQ,
		.cdw10 = NVMOVE_HMLM_CDQ_USER_DATA << NVMOVE_HMLM_MOS_SHIFT |
			 NVMOVE_HMLM_CDQ_CREATE,
		.cdw11 = (uint32_t)NO_CONTROLLER << 16 | NVMOVE_HMLM_CDQ_PC,
		.cdw12 = ENTRY_DWORDS, .data = page, .length = sizeof(page),
	});
	expect(session, result.status == NVM_SC_INVALID_OPCODE ||
	       result.status == NVM_SC_INVALID_FIELD,
	       "Controller Data Queue: status %#x, expected %#x or %#x", result.status,
	       NVM_SC_INVALID_OPCODE, NVM_SC_INVALID_FIELD);
}

void migratable_lists_no_commands(struct session *session)
{
	need_migratable_admin(session);
	expect(session, !effects(session, MIGRATABLE, NVMOVE_HMLM_MIGRATION_SEND),
	       "Migration Send is listed as supported");
	expect(session, !effects(session, MIGRATABLE, NVMOVE_HMLM_MIGRATION_RECEIVE),
	       "Migration Receive is listed as supported");
}
