/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds the submission queue entries of Migration Receive, Migration Send, Track Receive and
 * Track Send (Base 2.3, 5.2.16, 5.2.17, 5.2.27 and 5.2.28) in the wire's byte order. Nothing here
 * sends or judges one, and nothing needs a kernel: tests/unit/hmlm_driver_commands.c compares the
 * entries byte by byte.
 *
 * Each function takes a zeroed entry. Offsets and lengths are bytes, multiples of 4.
 */
#ifndef NVMOVE_HMLM_COMMANDS_H
#define NVMOVE_HMLM_COMMANDS_H

#include <nvmove/lm.h>
#include <nvmove/nvme.h>

/* drain, complete what was fetched, start no DMA; completes when that is done */
static inline void hmlm_build_suspend(struct nvm_sqe *sqe, u16 cntlid)
{
	sqe->opcode = NVMOVE_HMLM_MIGRATION_SEND;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_SUSPEND);
	sqe->cdw11 = cpu_to_le32(NVMOVE_HMLM_STYPE_SUSPEND << NVMOVE_HMLM_STYPE_SHIFT | cntlid);
}

static inline void hmlm_build_resume(struct nvm_sqe *sqe, u16 cntlid)
{
	sqe->opcode = NVMOVE_HMLM_MIGRATION_SEND;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_RESUME);
	sqe->cdw11 = cpu_to_le32(cntlid);
}

/* @csvi, @csuuidi: which parts of the state, indexes into struct nvmove_hmlm_formats */
static inline void hmlm_build_get_state(struct nvm_sqe *sqe, u16 cntlid, u8 csvi, u8 csuuidi,
					u32 offset, u32 length)
{
	sqe->opcode = NVMOVE_HMLM_MIGRATION_RECEIVE;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_GET_STATE | (u32)csvi << NVMOVE_HMLM_MOS_SHIFT);
	sqe->cdw11 = cpu_to_le32((u32)csuuidi << NVMOVE_HMLM_RECEIVE_CSUUIDI_SHIFT | cntlid);
	sqe->cdw12 = cpu_to_le32(offset);
	sqe->cdw15 = cpu_to_le32(length / 4 - 1);
}

/* @state_size: bytes of the whole state, from which follows where in the sequence this piece is */
static inline void hmlm_build_set_state(struct nvm_sqe *sqe, u16 cntlid, u8 csvi, u8 csuuidi,
					u32 offset, u32 length, u32 state_size)
{
	u32 sequence = NVMOVE_HMLM_MIDDLE;

	if (!offset)
		sequence |= NVMOVE_HMLM_FIRST;
	if (offset + length == state_size)
		sequence |= NVMOVE_HMLM_LAST;

	sqe->opcode = NVMOVE_HMLM_MIGRATION_SEND;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_SET_STATE | sequence << NVMOVE_HMLM_MOS_SHIFT);
	sqe->cdw11 = cpu_to_le32((u32)csuuidi << NVMOVE_HMLM_CSUUIDI_SHIFT |
				 (u32)csvi << NVMOVE_HMLM_CSVI_SHIFT | cntlid);
	sqe->cdw12 = cpu_to_le32(offset);
	sqe->cdw15 = cpu_to_le32(length / 4);
}

/* the data say which memory, and how long they are */
static inline void hmlm_build_track_start(struct nvm_sqe *sqe, u16 cntlid)
{
	sqe->opcode = NVMOVE_HMLM_TRACK_SEND;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_TRACK_MEMORY |
				 NVMOVE_HMLM_START << NVMOVE_HMLM_MOS_SHIFT);
	sqe->cdw11 = cpu_to_le32(cntlid);
}

static inline void hmlm_build_track_stop(struct nvm_sqe *sqe, u16 cntlid)
{
	sqe->opcode = NVMOVE_HMLM_TRACK_SEND;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_TRACK_MEMORY |
				 NVMOVE_HMLM_STOP << NVMOVE_HMLM_MOS_SHIFT);
	sqe->cdw11 = cpu_to_le32(cntlid);
}

static inline void hmlm_build_memory_changes(struct nvm_sqe *sqe, u16 cntlid, u32 length)
{
	sqe->opcode = NVMOVE_HMLM_TRACK_RECEIVE;
	sqe->cdw10 = cpu_to_le32(NVMOVE_HMLM_MEMORY_CHANGES);
	sqe->cdw11 = cpu_to_le32(cntlid);
	sqe->cdw12 = cpu_to_le32(length / 4 - 1);
}

#endif /* NVMOVE_HMLM_COMMANDS_H */
