/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Wire formats of the live-migration commands: the vendor command set of the 2022 RFC ("rfc"
 * protocol, docs/rfc-protocol.md) and the Controller State container of the NVMe standard, whose
 * bytes both protocols carry. It holds layouts and numbers, never logic.
 */
#ifndef NVMOVE_LM_H
#define NVMOVE_LM_H

#include <nvmove/types.h>

/* PCI identifiers of the only VF that the RFC names; the "rfc" protocol is spoken to no other. */
#define NVMOVE_RFC_VF_VENDOR_ID		0x8086
#define NVMOVE_RFC_VF_DEVICE_ID		0x1457

/* Identify Controller: first vendor-specific byte, valid only for the PCI ids above. */
#define NVMOVE_RFC_ID_CTRL_OFFSET	3072
#define NVMOVE_RFC_ID_CTRL_SUPPORTED	1

/**
 * enum nvmove_rfc_opcode - admin opcodes of the vendor command set, on the PF's admin queue only
 * @NVMOVE_RFC_QUERY_DATA_SIZE: no data; CQE DW0 is the size of the VF's state in bytes
 * @NVMOVE_RFC_SUSPEND: no data; completes when the VF has drained and starts no DMA
 * @NVMOVE_RFC_RESUME: no data; refused with Command Sequence Error unless suspended
 * @NVMOVE_RFC_SAVE_DATA: controller to host; the VF must be suspended
 * @NVMOVE_RFC_LOAD_DATA: host to controller; the VF must be suspended. The piece that completes the
 *	state commits it
 */
enum nvmove_rfc_opcode {
	NVMOVE_RFC_QUERY_DATA_SIZE	= 0xc4,
	NVMOVE_RFC_SUSPEND		= 0xc8,
	NVMOVE_RFC_RESUME		= 0xcc,
	NVMOVE_RFC_SAVE_DATA		= 0xd2,
	NVMOVE_RFC_LOAD_DATA		= 0xd5,
};

/**
 * struct nvmove_rfc_sqe - submission queue entry of all five commands
 * @vf_index: 1-based VF number (Linux's VF id + 1)
 * @length: SAVE_DATA, LOAD_DATA: bytes of this piece, a multiple of 4. SAVE_DATA: 0 means the
 *	whole state from @offset on
 * @offset: SAVE_DATA, LOAD_DATA: byte offset of this piece, a multiple of 4. Pieces go in ascending
 *	order without gaps; offset 0 starts over
 *
 * A field that a command does not use is reserved and zero.
 */
struct nvmove_rfc_sqe {
	__u8	opcode;
	__u8	flags;
	__le16	command_id;
	__le32	nsid;
	__u8	reserved8[8];
	__le64	metadata;
	__le64	prp1;
	__le64	prp2;
	__le16	vf_index;
	__u8	reserved42[2];
	__le32	length;
	__le64	offset;
	__u8	reserved56[8];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_rfc_sqe, 64);

/*
 * Get Log Page identifier of the load report on a primary controller that speaks the rfc protocol:
 * why the last LOAD_DATA was refused. All zero (version 0) when none was.
 */
#define NVMOVE_LOG_LOAD_REPORT		0xc0
#define NVMOVE_LOAD_REPORT_VERSION	1

/**
 * struct nvmove_load_report - why a state was refused
 * @version: NVMOVE_LOAD_REPORT_VERSION, or 0 when nothing has been refused yet
 * @vf_index: VF that the state was meant for
 * @section: type of the section at fault (enum nvmove_cstate_type), 0 for the container itself
 * @status: status field of the LOAD_DATA completion: SC in 7:0, SCT in 10:8
 * @text: the reason in words with both values, ASCII, NUL-terminated
 */
struct nvmove_load_report {
	__le16	version;
	__le16	vf_index;
	__le16	section;
	__le16	status;
	__u8	reserved8[8];
	char	text[240];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_load_report, 256);

/*
 * Controller State, NVM Express Base Specification 2.3, section 5.2.17 (Migration Receive).
 * Container, then NVMe Controller State, then Vendor Specific Data (cstate.h).
 */
#define NVMOVE_CSTATE_VERSION		0
#define NVMOVE_CSTATE_ATTR_SUSPENDED	(1 << 0)

/**
 * struct nvmove_cstate_header - container of a controller's state
 * @version: 0
 * @attributes: bit 0: the controller was suspended throughout
 * @nvme_dwords: size of the NVMe Controller State in dwords, 128 bits of which the upper 64 are zero
 * @vendor_dwords: size of the Vendor Specific Data in dwords, likewise
 */
struct nvmove_cstate_header {
	__le16	version;
	__u8	attributes;
	__u8	reserved3[13];
	__le64	nvme_dwords[2];
	__le64	vendor_dwords[2];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_header, 48);

/**
 * struct nvmove_cstate_nvme - head of the NVMe Controller State
 * @version: 0
 * @nr_sq: I/O submission queues, that many struct nvmove_cstate_sq follow, ascending by queue id
 * @nr_cq: I/O completion queues, that many struct nvmove_cstate_cq follow those
 */
struct nvmove_cstate_nvme {
	__le16	version;
	__le16	nr_sq;
	__le16	nr_cq;
	__u8	reserved6[2];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_nvme, 8);

#define NVMOVE_CSTATE_SQ_PC		(1 << 0)
#define NVMOVE_CSTATE_SQ_PRIO_SHIFT	1
#define NVMOVE_CSTATE_SQ_PRIO_MASK	0x3

/**
 * struct nvmove_cstate_sq - I/O submission queue
 * @prp1: base address
 * @size: entries, 0-based
 * @qid: queue id, 1...65535
 * @cqid: completion queue it posts to
 * @attributes: bit 0 physically contiguous, 2:1 priority
 * @head: next entry that the controller fetches
 * @tail: last value of the tail doorbell
 */
struct nvmove_cstate_sq {
	__le64	prp1;
	__le16	size;
	__le16	qid;
	__le16	cqid;
	__le16	attributes;
	__le16	head;
	__le16	tail;
	__u8	reserved20[4];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_sq, 24);

#define NVMOVE_CSTATE_CQ_PC		(1 << 0)
#define NVMOVE_CSTATE_CQ_IEN		(1 << 1)
#define NVMOVE_CSTATE_CQ_PHASE		(1 << 2)
#define NVMOVE_CSTATE_CQ_VECTOR_SHIFT	16

/**
 * struct nvmove_cstate_cq - I/O completion queue
 * @prp1: base address
 * @size: entries, 0-based
 * @qid: queue id, 1...65535
 * @head: last value of the head doorbell
 * @tail: next entry that the controller writes
 * @attributes: bit 0 physically contiguous, 1 interrupts enabled, 2 phase tag in slot 0, 31:16
 *	interrupt vector
 */
struct nvmove_cstate_cq {
	__le64	prp1;
	__le16	size;
	__le16	qid;
	__le16	head;
	__le16	tail;
	__le32	attributes;
	__u8	reserved20[4];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_cq, 24);

#endif /* NVMOVE_LM_H */
