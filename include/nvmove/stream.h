/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VFIO migration stream of nvme-vfio-pci: a hello record, a question to the destination, the
 * size of the controller state, the state in pieces, an end record (docs/stream.md). Every record
 * is checksummed; the question and the state inside are opaque here. Layouts and numbers only,
 * never logic.
 */
#ifndef NVMOVE_STREAM_H
#define NVMOVE_STREAM_H

#include <nvmove/types.h>

#define NVMOVE_STREAM_MAGIC		"NVMOVES\n"
#define NVMOVE_STREAM_MAJOR		1	/* another major version is refused */
#define NVMOVE_STREAM_MINOR		1	/* a newer minor version may add skippable records */

#define NVMOVE_STREAM_STATE_MAX		(16u << 20)	/* bytes of controller state */
#define NVMOVE_STREAM_PAYLOAD_MAX	(128u << 10)	/* bytes of one record's payload */

/**
 * enum nvmove_stream_type - record types
 * @NVMOVE_STREAM_HELLO: first record, exactly once: struct nvmove_stream_hello
 * @NVMOVE_STREAM_STATE: a piece of the controller state, pieces in order and without gaps; 4 to
 *	NVMOVE_STREAM_PAYLOAD_MAX bytes, a multiple of 4
 * @NVMOVE_STREAM_END: last record, exactly once: struct nvmove_stream_end. Nothing follows it
 * @NVMOVE_STREAM_SIZE: before the first piece, exactly once if the hello record leaves the size
 *	open, else never: struct nvmove_stream_size
 * @NVMOVE_STREAM_QUESTION: a piece of what the source's controller asks the destination's, before
 *	the size is announced, pieces in order and without gaps: struct nvmove_stream_question and
 *	at least 4 bytes, a multiple of 4. Skippable
 */
enum nvmove_stream_type {
	NVMOVE_STREAM_HELLO	= 1,
	NVMOVE_STREAM_STATE	= 2,
	NVMOVE_STREAM_END	= 3,
	NVMOVE_STREAM_SIZE	= 4,
	NVMOVE_STREAM_QUESTION	= 5,
};

#define NVMOVE_STREAM_F_SKIPPABLE	(1u << 0)	/* a reader that does not know the type goes on */

/**
 * struct nvmove_stream_record - header before each record's payload
 * @type: enum nvmove_stream_type
 * @flags: NVMOVE_STREAM_F_*, other bits zero
 * @length: bytes of payload that follow, a multiple of 4, at most NVMOVE_STREAM_PAYLOAD_MAX
 * @crc: CRC-32C (Castagnoli, reflected, initial value and final xor all ones) of this header with
 *	@crc as zero, then the payload
 */
struct nvmove_stream_record {
	__le32	type;
	__le32	flags;
	__le32	length;
	__le32	crc;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_stream_record, 16);

/**
 * enum nvmove_stream_protocol - how the source talked to its device; informative, the state's bytes
 * are the same under both
 */
enum nvmove_stream_protocol {
	NVMOVE_STREAM_RFC	= 1,
	NVMOVE_STREAM_HMLM	= 2,
};

/**
 * struct nvmove_stream_hello - who sends what
 * @magic: NVMOVE_STREAM_MAGIC without a terminator
 * @major: NVMOVE_STREAM_MAJOR
 * @minor: NVMOVE_STREAM_MINOR
 * @vendor_id: PCI vendor id of the source's function, must equal the destination's
 * @device_id: PCI device id of the source's function, must equal the destination's
 * @cntlid: controller id of the source, informative (identity is the controller's to judge)
 * @protocol: enum nvmove_stream_protocol
 * @state_size: bytes of controller state in all, as in struct nvmove_stream_size; 0 if a size
 *	record follows, as the driver writes it since minor version 1
 */
struct nvmove_stream_hello {
	__u8	magic[8];
	__le16	major;
	__le16	minor;
	__le16	vendor_id;
	__le16	device_id;
	__le16	cntlid;
	__le16	protocol;
	__le32	state_size;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_stream_hello, 24);

/**
 * struct nvmove_stream_size - how much controller state follows
 * @state_size: bytes in all, 4 to NVMOVE_STREAM_STATE_MAX, a multiple of 4
 */
struct nvmove_stream_size {
	__le32	state_size;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_stream_size, 4);

/**
 * struct nvmove_stream_question - before the bytes of a piece of the question (lm.h)
 * @size: bytes of the whole question, a multiple of 4, at most NVMOVE_QUESTION_MAX; the same in all
 *	pieces
 * @offset: where this piece lies in it, in bytes
 */
struct nvmove_stream_question {
	__le32	size;
	__le32	offset;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_stream_question, 8);

/**
 * struct nvmove_stream_end - seal
 * @state_size: equals the hello or the size record's
 * @state_crc: CRC-32C of the whole controller state
 */
struct nvmove_stream_end {
	__le32	state_size;
	__le32	state_crc;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_stream_end, 8);

#endif /* NVMOVE_STREAM_H */
