/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compatibility record: what a controller is and what it could be, apart from its state, so that
 * two of them tell whether one can take the other's state (docs/controller-state.md). Layouts and
 * numbers only, never logic.
 */
#ifndef NVMOVE_COMPAT_H
#define NVMOVE_COMPAT_H

#include <nvmove/cstate.h>
#include <nvmove/types.h>

#define NVMOVE_COMPAT_MAGIC	{ 'n', 'v', 'm', 'o', 'v', 'e', 'C', 'R' }
#define NVMOVE_COMPAT_MAJOR	1	/* another major version is not read */
#define NVMOVE_COMPAT_MINOR	0	/* a newer minor version may use reserved bytes */

#define NVMOVE_COMPAT_CHECK	0	/* the identity of a state must equal the controller's */
#define NVMOVE_COMPAT_ADOPT	1	/* a controller that is the only member takes it over */

#define NVMOVE_COMPAT_F_RFC	(1 << 0)	/* protocol of the 2022 RFC (lm.h) */
#define NVMOVE_COMPAT_F_HMLM	(1 << 1)	/* the standard's (lm.h) */

/**
 * struct nvmove_compat_limits - what the device could let the controller be at most, with the
 * resources that are free now
 * @mdts: Maximum Data Transfer Size
 * @vwc: optional commands and features: bit 0 Volatile Write Cache
 * @oacs: optional admin commands
 * @oncs: optional I/O commands and features
 * @num_queues: virtual queue resources: I/O queue pairs + 1
 * @num_vectors: virtual interrupt resources
 * @num_namespaces: Identify Controller NN
 * @max_queue_entries: entries per queue
 */
struct nvmove_compat_limits {
	__u8	mdts;
	__u8	vwc;
	__le16	oacs;
	__le16	oncs;
	__u8	reserved6[2];
	__le32	num_queues;
	__le32	num_vectors;
	__le32	num_namespaces;
	__le32	max_queue_entries;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_compat_limits, 24);

/**
 * struct nvmove_compat - compatibility record, followed by the attached namespaces (struct
 * nvmove_cstate_namespace), ascending by the id that the host sees, then the locators of those
 * whose locator is known (struct nvmove_cstate_locator), as in the state's section. What is in a
 * namespace, and what a host has done to it (reservations, write protection), is not part of it
 * @magic: NVMOVE_COMPAT_MAGIC
 * @major: NVMOVE_COMPAT_MAJOR
 * @minor: NVMOVE_COMPAT_MINOR
 * @length: bytes of the whole record
 * @crc: CRC-32C of the whole record with @crc as zero
 * @nr_namespaces: namespaces that follow
 * @state_major, @state_minor: version of the states that it writes
 * @reads_major_min, @reads_major_max: major versions of the states that it reads, of any minor one
 * @sections_written: bit n: its states have section n, and a reader has to know it
 * @sections_read: bit n: it knows section n
 * @sections_required: bit n: it refuses states without section n
 * @policy: NVMOVE_COMPAT_CHECK or NVMOVE_COMPAT_ADOPT
 * @protocols: NVMOVE_COMPAT_F_*, by which its state is saved and loaded; informative: a state is
 *	the same under any
 * @num_members: controllers of its virtual subsystem, itself included
 * @locators_length: bytes of the locators
 * @identity: as the state's identity section
 * @limits: what it could be
 */
struct nvmove_compat {
	__u8	magic[8];
	__le16	major;
	__le16	minor;
	__le32	length;
	__le32	crc;
	__le32	nr_namespaces;
	__le16	state_major;
	__le16	state_minor;
	__le16	reads_major_min;
	__le16	reads_major_max;
	__le64	sections_written;
	__le64	sections_read;
	__le64	sections_required;
	__u8	policy;
	__u8	protocols;
	__le16	num_members;
	__le32	locators_length;
	struct nvmove_cstate_identity identity;
	struct nvmove_compat_limits limits;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_compat, 480);

#endif /* NVMOVE_COMPAT_H */
