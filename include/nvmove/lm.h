/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Wire formats of the live-migration commands: the vendor command set of the 2022 RFC ("rfc"
 * protocol, docs/rfc-protocol.md), Host Managed Live Migration of the NVMe standard ("hmlm"
 * protocol, docs/hmlm-protocol.md), and the Controller State container, whose bytes both protocols
 * carry. It holds layouts and numbers, never logic.
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
 * Get Log Page identifier of the load report on a controlling controller that speaks the rfc
 * protocol, or whose Supported Controller State Formats list has NVMOVE_CSTATE_UUID: why the last
 * LOAD_DATA or Set Controller State was refused for what the state holds. All zero (version 0) when
 * none was.
 */
#define NVMOVE_LOG_LOAD_REPORT		0xc0
#define NVMOVE_LOAD_REPORT_VERSION	1

/**
 * struct nvmove_load_report - why a state was refused
 * @version: NVMOVE_LOAD_REPORT_VERSION, or 0 when nothing has been refused yet
 * @vf_index: VF that the state was meant for, 0 when it is no VF
 * @section: type of the section at fault (enum nvmove_cstate_type), 0 for the container itself
 * @status: status field of the completion: SC in 7:0, SCT in 10:8
 * @cntlid: controller that the state was meant for
 * @text: the reason in words with both values, ASCII, NUL-terminated
 */
struct nvmove_load_report {
	__le16	version;
	__le16	vf_index;
	__le16	section;
	__le16	status;
	__le16	cntlid;
	__u8	reserved10[6];
	char	text[240];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_load_report, 256);

/*
 * Get Log Page identifier of a question, on the controllers that have the load report: the
 * Controller State container whose Vendor Specific Data are the compatibility record (cstate.h,
 * compat.h) of the controller that the Log Specific Identifier (CDW11 31:16) names, as it is now.
 * Its header tells its size.
 */
#define NVMOVE_LOG_QUESTION		0xc1
#define NVMOVE_QUESTION_MAX		(1u << 20)	/* bytes; 1,024 namespaces take a third */

/*
 * Host Managed Live Migration: NVM Express Base Specification 2.3, sections 5.2.4, 5.2.16, 5.2.17,
 * 5.2.27 and 5.2.28. Commands of the migration management controller's admin queue. In CDW10 bits
 * 7:0 select the operation, bits 31:16 are operation specific (MOS).
 */
enum nvmove_hmlm_opcode {
	NVMOVE_HMLM_TRACK_SEND		= 0x3d,
	NVMOVE_HMLM_TRACK_RECEIVE	= 0x3e,
	NVMOVE_HMLM_MIGRATION_SEND	= 0x41,
	NVMOVE_HMLM_MIGRATION_RECEIVE	= 0x42,
	NVMOVE_HMLM_CDQ			= 0x45,
};

#define NVMOVE_HMLM_SEL(cdw10)		((cdw10) & 0xff)
#define NVMOVE_HMLM_MOS(cdw10)		((cdw10) >> 16)
#define NVMOVE_HMLM_MOS_SHIFT		16
#define NVMOVE_HMLM_CNTLID(cdw11)	((cdw11) & 0xffff)
#define NVMOVE_HMLM_UIDX(cdw14)		((cdw14) & 0x7f)

/* Identify Controller (CNS 01h) and Identify I/O command set specific controller data (CNS 06h) */
#define NVMOVE_HMLM_OACS		(1u << 11)
#define NVMOVE_HMLM_CNS_FORMATS		0x20	/* struct nvmove_hmlm_formats */
#define NVMOVE_HMLM_TRATTR_THMC		(1u << 0)	/* tracks host memory changes */
#define NVMOVE_HMLM_TRATTR_TUDC		(1u << 1)	/* tracks user data changes */
#define NVMOVE_HMLM_TRATTR_MRTLL	(1u << 2)	/* lengths of ranges are powers of two */

/* Status codes of these commands, SC in 7:0, SCT in 10:8 */
#define NVMOVE_HMLM_SC_INVALID_CDQ		0x137
#define NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES	0x138
#define NVMOVE_HMLM_SC_SUSPENDED		0x139
#define NVMOVE_HMLM_SC_NOT_SUSPENDED		0x13a
#define NVMOVE_HMLM_SC_CDQ_FULL			0x13b

/**
 * enum nvmove_hmlm_send - operations of Migration Send
 * @NVMOVE_HMLM_SUSPEND: CDW11: CNTLID, NVMOVE_HMLM_STYPE_*, NVMOVE_HMLM_DUDMQ
 * @NVMOVE_HMLM_RESUME: CDW11: CNTLID
 * @NVMOVE_HMLM_SET_STATE: MOS 1:0 enum nvmove_hmlm_sequence; CDW11 31:24 CSUUIDI, 23:16 CSVI, 15:0
 *	CNTLID; CDW12, CDW13 byte offset; CDW14 UIDX; CDW15 dwords, 1-based
 */
enum nvmove_hmlm_send {
	NVMOVE_HMLM_SUSPEND	= 0,
	NVMOVE_HMLM_RESUME	= 1,
	NVMOVE_HMLM_SET_STATE	= 2,
};

#define NVMOVE_HMLM_STYPE(cdw11)	(((cdw11) >> 16) & 0xff)
#define NVMOVE_HMLM_STYPE_SHIFT		16
#define NVMOVE_HMLM_STYPE_NOTIFY	0	/* a suspension will follow */
#define NVMOVE_HMLM_STYPE_SUSPEND	1
#define NVMOVE_HMLM_DUDMQ		(1u << 31)	/* delete the User Data Migration Queue */

#define NVMOVE_HMLM_SEQIND(mos)		((mos) & 0x3)
enum nvmove_hmlm_sequence {
	NVMOVE_HMLM_MIDDLE	= 0,
	NVMOVE_HMLM_FIRST	= 1,
	NVMOVE_HMLM_LAST	= 2,
	NVMOVE_HMLM_ONLY	= 3,
};

/* Set Controller State: 1-based indexes into struct nvmove_hmlm_formats, 0: no such part */
#define NVMOVE_HMLM_CSVI_SHIFT		16
#define NVMOVE_HMLM_CSUUIDI_SHIFT	24
#define NVMOVE_HMLM_SEND_CSVI(cdw11)	(((cdw11) >> 16) & 0xff)
#define NVMOVE_HMLM_SEND_CSUUIDI(cdw11)	((cdw11) >> 24)

/**
 * enum nvmove_hmlm_receive - operations of Migration Receive
 * @NVMOVE_HMLM_GET_STATE: MOS 7:0 CSVI; CDW11 31:24 CSUIDXP, 23:16 CSUUIDI, 15:0 CNTLID; CDW12,
 *	CDW13 byte offset; CDW14 UIDX; CDW15 dwords, 0-based. CQE DW0 bit 0: NVMOVE_HMLM_CSUP
 */
enum nvmove_hmlm_receive {
	NVMOVE_HMLM_GET_STATE	= 0,
};

#define NVMOVE_HMLM_RECEIVE_CSVI(mos)		((mos) & 0xff)
#define NVMOVE_HMLM_RECEIVE_CSUUIDI_SHIFT	16
#define NVMOVE_HMLM_RECEIVE_CSUUIDI(cdw11)	(((cdw11) >> 16) & 0xff)
#define NVMOVE_HMLM_CSUIDXP(cdw11)		((cdw11) >> 24)
#define NVMOVE_HMLM_CSUP	(1u << 0)	/* the controller was suspended throughout */

/**
 * struct nvmove_hmlm_formats - Supported Controller State Formats (CNS 20h), as much as is fixed:
 * @nv versions (__le16) follow, then @nuuid UUIDs of 16 bytes
 */
struct nvmove_hmlm_formats {
	__u8	nv;
	__u8	nuuid;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_formats, 2);

/**
 * enum nvmove_hmlm_track - operations of Track Send
 * @NVMOVE_HMLM_LOG_USER_DATA: MOS 3:0 action (0 stop, 1 start); CDW11 15:0 CDQID
 * @NVMOVE_HMLM_TRACK_MEMORY: MOS 0 action (0 stop, 1 start); CDW11 15:0 CNTLID; data: struct
 *	nvmove_hmlm_memory_request
 */
enum nvmove_hmlm_track {
	NVMOVE_HMLM_LOG_USER_DATA	= 0,
	NVMOVE_HMLM_TRACK_MEMORY	= 1,
};

#define NVMOVE_HMLM_LACT(mos)	((mos) & 0xf)
#define NVMOVE_HMLM_TACT(mos)	((mos) & 0x1)
#define NVMOVE_HMLM_STOP	0
#define NVMOVE_HMLM_START	1

/**
 * struct nvmove_hmlm_memory_range - memory of the tracked controller's host
 * @address: bus address, a multiple of the granularity
 * @length: granules
 */
struct nvmove_hmlm_memory_range {
	__le64	address;
	__le32	length;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_memory_range, 12);

/**
 * struct nvmove_hmlm_memory_request - data of Track Memory Changes, followed by @nr_ranges struct
 * nvmove_hmlm_memory_range
 * @version: 0
 * @granularity: wanted: 2^n * 4 KiB
 * @nr_ranges: 1-based
 */
struct nvmove_hmlm_memory_request {
	__u8	version;
	__u8	reserved1[2];
	__u8	granularity;
	__le32	nr_ranges;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_memory_request, 8);

/**
 * enum nvmove_hmlm_track_receive - operations of Track Receive
 * @NVMOVE_HMLM_MEMORY_CHANGES: CDW11 15:0 CNTLID; CDW12 dwords, 0-based; data: struct
 *	nvmove_hmlm_memory_changes
 */
enum nvmove_hmlm_track_receive {
	NVMOVE_HMLM_MEMORY_CHANGES	= 0,
};

#define NVMOVE_HMLM_CHANGES_MORE	(1u << 0)	/* there is more to report */
#define NVMOVE_HMLM_CHANGES_SUSPENDED	(1u << 1)	/* the controller is suspended */

/** struct nvmove_hmlm_memory_change - changed memory; @length in granules */
struct nvmove_hmlm_memory_change {
	__le64	address;
	__le32	length;
	__u8	reserved12[4];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_memory_change, 16);

/**
 * struct nvmove_hmlm_memory_changes - Tracked Memory Changes, followed by @nr_changes struct
 * nvmove_hmlm_memory_change
 * @version: 0
 * @attributes: NVMOVE_HMLM_CHANGES_*
 * @granularity: of what follows: 2^n * 4 KiB
 */
struct nvmove_hmlm_memory_changes {
	__u8	version;
	__u8	attributes;
	__le16	cntlid;
	__le32	nr_changes;
	__le16	granularity;
	__u8	reserved10[6];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_memory_changes, 16);

/**
 * enum nvmove_hmlm_cdq - operations of Controller Data Queue
 * @NVMOVE_HMLM_CDQ_CREATE: MOS 7:0 NVMOVE_HMLM_CDQ_USER_DATA; CDW11 31:16 CNTLID whose changes it
 *	logs, bit 0 NVMOVE_HMLM_CDQ_PC; CDW12 size in dwords; PRP1. CQE DW0 15:0: CDQID
 * @NVMOVE_HMLM_CDQ_DELETE: CDW11 15:0 CDQID
 */
enum nvmove_hmlm_cdq {
	NVMOVE_HMLM_CDQ_CREATE	= 0,
	NVMOVE_HMLM_CDQ_DELETE	= 1,
};

#define NVMOVE_HMLM_CDQ_USER_DATA	0
#define NVMOVE_HMLM_CDQ_PC		(1u << 0)

/* Set and Get Features: Controller Data Queue. CDW11 15:0 CDQID, 31 NVMOVE_HMLM_CDQ_ETPT */
#define NVMOVE_HMLM_FEAT_CDQ		0x21
#define NVMOVE_HMLM_CDQ_ETPT		(1u << 31)	/* arm the tail trigger of CDW13, once */

/**
 * struct nvmove_hmlm_cdq_feature - what Get Features returns of a queue, in slots: the first 8 of
 * 512 bytes, of which the others are reserved; DW0 is as CDW11
 */
struct nvmove_hmlm_cdq_feature {
	__le32	head;
	__le32	tail_trigger;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_cdq_feature, 8);

/**
 * struct nvmove_hmlm_user_data_entry - LBA Migration Queue Entry Type 0 (NVM Command Set 1.1, 5.6)
 * @nsid: of the namespace in the NVM subsystem
 * @nlb: logical blocks, 0-based
 * @slba: first of them
 * @attributes: NVMOVE_HMLM_UDE_*
 */
struct nvmove_hmlm_user_data_entry {
	__le32	nsid;
	__le32	nlb;
	__le64	slba;
	__u8	reserved16[15];
	__u8	attributes;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_hmlm_user_data_entry, 32);

#define NVMOVE_HMLM_UDE_PHASE		(1u << 0)
#define NVMOVE_HMLM_UDE_ESA_SHIFT	1
#define NVMOVE_HMLM_UDE_ESA(attributes)	(((attributes) >> 1) & 0x7)
#define NVMOVE_HMLM_ESA_NONE		0
#define NVMOVE_HMLM_ESA_FIRST		1	/* first since logging started, or a resume */
#define NVMOVE_HMLM_ESA_STOPPED		2	/* last: logging was stopped */
#define NVMOVE_HMLM_ESA_SUSPENDED	3	/* last: the controller is suspended */
#define NVMOVE_HMLM_ESA_FULL		7	/* last: the queue is full, logging has stopped */
#define NVMOVE_HMLM_UDE_DEALLOCATED	(1u << 5)
#define NVMOVE_HMLM_UDE_LBACIR_SHIFT	6
#define NVMOVE_HMLM_UDE_LBACIR(attributes)	((attributes) >> 6)
#define NVMOVE_HMLM_LBACIR_RANGE	0
#define NVMOVE_HMLM_LBACIR_NAMESPACE	1	/* anything in the namespace may have changed */
#define NVMOVE_HMLM_LBACIR_NONE		2	/* no range: @nlb and @slba mean nothing */

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
 * @nvme_dwords: size of the NVMe Controller State in dwords, 128 bits of which the upper 64 are
 *	zero
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
