/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * nvmove's Vendor Specific Data inside the standard's Controller State container (lm.h): a header
 * with a UUID, then sections, each with its own version and checksum (docs/controller-state.md).
 * Layouts and numbers only, never logic.
 */
#ifndef NVMOVE_CSTATE_H
#define NVMOVE_CSTATE_H

#include <nvmove/types.h>

/* a2f4b6ce-6f1d-4a0e-9d43-6e766d6f7665 */
#define NVMOVE_CSTATE_UUID \
	{ 0xa2, 0xf4, 0xb6, 0xce, 0x6f, 0x1d, 0x4a, 0x0e, \
	  0x9d, 0x43, 0x6e, 0x76, 0x6d, 0x6f, 0x76, 0x65 }

#define NVMOVE_CSTATE_MAJOR	1	/* another major version is refused */
#define NVMOVE_CSTATE_MINOR	0	/* a newer minor version may add skippable sections */
#define NVMOVE_CSTATE_MAX	(16u << 20)	/* bytes of the whole Controller State */

/**
 * struct nvmove_cstate_vendor - head of the vendor data
 * @uuid: NVMOVE_CSTATE_UUID
 * @major: NVMOVE_CSTATE_MAJOR
 * @minor: NVMOVE_CSTATE_MINOR
 * @nr_sections: sections that follow
 * @nvme_crc: CRC-32C of the container header and the NVMe Controller State, which carry none
 * @crc: CRC-32C of this header with @crc as zero
 */
struct nvmove_cstate_vendor {
	__u8	uuid[16];
	__le16	major;
	__le16	minor;
	__le32	nr_sections;
	__le32	nvme_crc;
	__le32	crc;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_vendor, 32);

/**
 * enum nvmove_cstate_type - sections, each at most once
 * @NVMOVE_CSTATE_TYPE_MAX: the last one of a state
 * @NVMOVE_CSTATE_COMPAT: a compatibility record (compat.h). The only section of a question, never
 *	part of a state
 */
enum nvmove_cstate_type {
	NVMOVE_CSTATE_IDENTITY		= 1,
	NVMOVE_CSTATE_REGISTERS		= 2,
	NVMOVE_CSTATE_ADMIN_QUEUE	= 3,
	NVMOVE_CSTATE_FEATURES		= 4,
	NVMOVE_CSTATE_EVENTS		= 5,
	NVMOVE_CSTATE_ERROR_LOG		= 6,
	NVMOVE_CSTATE_SMART		= 7,
	NVMOVE_CSTATE_CHANGED_NS	= 8,
	NVMOVE_CSTATE_NAMESPACES	= 9,
	NVMOVE_CSTATE_UNPOSTED		= 10,
	NVMOVE_CSTATE_TIMERS		= 11,
	NVMOVE_CSTATE_LOCATORS		= 12,
	NVMOVE_CSTATE_RESERVATIONS	= 13,
	NVMOVE_CSTATE_RESV_LOG		= 14,
	NVMOVE_CSTATE_SHADOW		= 15,
	NVMOVE_CSTATE_TYPE_MAX		= NVMOVE_CSTATE_SHADOW,
	NVMOVE_CSTATE_COMPAT		= 16,
};

#define NVMOVE_CSTATE_F_SKIPPABLE	(1u << 0)	/* a reader that does not know it goes on */

/**
 * struct nvmove_cstate_section - before each section's payload
 * @type: enum nvmove_cstate_type
 * @version: of the payload's layout, 1 for all that are described here
 * @flags: NVMOVE_CSTATE_F_*, other bits zero
 * @length: bytes of payload, a multiple of 4
 * @crc: CRC-32C of this header with @crc as zero, then the payload
 */
struct nvmove_cstate_section {
	__le16	type;
	__le16	version;
	__le32	flags;
	__le32	length;
	__le32	crc;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_section, 16);

/**
 * struct nvmove_cstate_identity - who the controller is to its host, and what it offers. Every
 * field must equal the destination's, unless the destination adopts identities. Then it takes over
 * whatever is not marked; what is marked "fixed" must equal its own, what is marked "limit" must be
 * within what it can do
 * @subnqn: subsystem NQN. Texts are printable ASCII, padded with NULs
 * @vendor_id, @subsystem_vendor_id: as Identify Controller reports them
 * @mdts: limit: Maximum Data Transfer Size, not 0
 * @cntlid: controller id that the host sees
 * @oacs: limit: optional admin commands, a set
 * @oncs: limit: optional I/O commands and features, a set
 * @vwc: limit: bit 0 Volatile Write Cache present, a set. The rest of it is fixed
 * @lpa, @acl, @aerl, @elpe, @npss, @nwpc, @kas, @wctemp, @cctemp, @oaes, @ctratt: fixed: the fields
 *	of Identify Controller
 *	but for bit 18 of CTRATT (Reservations and Host Identifier Interaction), which equals bit 5
 *	of ONCS
 * @version: fixed: the VS property
 * @num_namespaces: limit: Identify Controller NN, not 0
 * @num_queues: limit: virtual queue resources: I/O queue pairs + 1, at least 2
 * @num_vectors: limit: virtual interrupt resources, at least 1
 * @bar_size: fixed: bytes of BAR0, which the host has mapped
 * @cap: the CAP property. limit: Maximum Queue Entries Supported, not 0. The rest of it is fixed
 */
struct nvmove_cstate_identity {
	char	subnqn[256];
	char	serial[20];
	char	model[40];
	char	firmware[8];
	__le16	vendor_id;
	__le16	subsystem_vendor_id;
	__u8	ieee_oui[3];
	__u8	mdts;
	__le16	cntlid;
	__le16	oacs;
	__le16	oncs;
	__u8	vwc;
	__u8	lpa;
	__u8	acl;
	__u8	aerl;
	__u8	elpe;
	__u8	npss;
	__u8	nwpc;
	__u8	reserved345;
	__le16	kas;
	__le16	wctemp;
	__le16	cctemp;
	__le32	oaes;
	__le32	ctratt;
	__le32	version;
	__le32	num_namespaces;
	__le32	num_queues;
	__le32	num_vectors;
	__le32	bar_size;
	__u8	reserved380[4];
	__le64	cap;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_identity, 392);

/** struct nvmove_cstate_registers - properties that the host wrote or reads back */
struct nvmove_cstate_registers {
	__le32	cc;
	__le32	csts;
	__le32	aqa;
	__le32	intms;
	__le64	asq;
	__le64	acq;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_registers, 32);

#define NVMOVE_CSTATE_ADMIN_F_VALID	(1 << 0)	/* the controller is enabled */
#define NVMOVE_CSTATE_ADMIN_F_PHASE	(1 << 1)	/* phase tag of slot 0 */

/** struct nvmove_cstate_admin_queue - positions in the admin queues; sizes and addresses are AQA,
 * ASQ and ACQ
 */
struct nvmove_cstate_admin_queue {
	__le16	sq_head;
	__le16	sq_tail;
	__le16	cq_head;
	__le16	cq_tail;
	__le16	flags;
	__u8	reserved10[2];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_admin_queue, 12);

#define NVMOVE_CSTATE_FEATURE_CURRENT	0
#define NVMOVE_CSTATE_FEATURE_SAVED	2

/**
 * struct nvmove_cstate_feature - one value of a feature; the section is a list of them, ascending
 * by identifier, select, namespace and selector
 * @fid: feature identifier
 * @select: NVMOVE_CSTATE_FEATURE_*, as in Get Features. A saved value is left out where it is the
 *	default
 * @nsid: namespace for a per-namespace feature, else 0
 * @selector: what else selects the value: interrupt vector (09h), threshold type and sensor (04h,
 *	CDW11 21:16), else 0
 * @value: command dword 11 as Get Features returns it; 0 for a feature that is a data structure,
 *	but 1 for a Host Identifier (81h) of 128 bits
 * @length: bytes of data that follow, a multiple of 4. A Host Identifier is always 16 bytes. Of the
 *	512 of Host Behavior Support (16h), trailing zeroes are left out: @length is the shortest
 *	multiple of 4, 0 to 512, that has everything that is not 0, and no other is accepted; what
 *	is not there is 0
 */
struct nvmove_cstate_feature {
	__u8	fid;
	__u8	select;
	__le16	selector;
	__le32	nsid;
	__le32	value;
	__le32	length;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_feature, 16);

/**
 * struct nvmove_cstate_events - followed by @nr_requests command ids of outstanding Asynchronous
 * Event Requests (__le16, oldest first, padded to 4 bytes), then @nr_events events, oldest first
 * @masked: bit n: events of type n wait until the host reads their log page
 */
struct nvmove_cstate_events {
	__le16	nr_requests;
	__le16	nr_events;
	__le32	masked;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_events, 8);

/** struct nvmove_cstate_event - an event that has not been reported yet */
struct nvmove_cstate_event {
	__u8	type;
	__u8	info;
	__u8	log_page;
	__u8	reserved3;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_event, 4);

/** struct nvmove_cstate_error_log - followed by @nr_entries Error Information Log entries of 64
 * bytes, newest first
 */
struct nvmove_cstate_error_log {
	__le64	error_count;
	__le32	nr_entries;
	__u8	reserved12[4];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_error_log, 16);

/** struct nvmove_cstate_smart - counters behind the SMART / Health log page; blocks are of 512 bytes */
struct nvmove_cstate_smart {
	__le64	blocks_read;
	__le64	blocks_written;
	__le64	host_reads;
	__le64	host_writes;
	__le64	power_cycles;
	__le64	power_on_ns;
	__le64	unsafe_shutdowns;
	__le64	media_errors;
	__le64	busy_ns;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_smart, 72);

/*
 * NVMOVE_CSTATE_CHANGED_NS is a list of __le32 namespace ids, ascending, without repetition; the
 * single entry FFFFFFFFh means more than 1,024.
 */

#define NVMOVE_CSTATE_NS_F_PRIVATE	(1 << 0)	/* NMIC bit 0 is clear */
#define NVMOVE_CSTATE_NS_F_READ_ONLY	(1 << 1)	/* the medium takes no writes */

/**
 * struct nvmove_cstate_namespace - an attached namespace; the section is a list of them, ascending
 * by id. Every field must equal the destination's
 * @lba_shift: log2 of the logical block size
 * @flags: NVMOVE_CSTATE_NS_F_*
 * @blocks: size in logical blocks
 */
struct nvmove_cstate_namespace {
	__le32	nsid;
	__u8	lba_shift;
	__u8	flags;
	__u8	reserved6[2];
	__le64	blocks;
	__u8	uuid[16];
	__u8	nguid[16];
	__u8	eui64[8];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_namespace, 56);

/**
 * struct nvmove_cstate_unposted - a completion for which its queue had no room; the section is a
 * list of them, per queue in the order in which they are to be posted
 * @cqid: completion queue
 * @cqe: completion queue entry, phase tag 0
 */
struct nvmove_cstate_unposted {
	__le16	cqid;
	__u8	reserved2[2];
	__u8	cqe[16];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_unposted, 20);

#define NVMOVE_CSTATE_NO_KEEP_ALIVE	0xffffffffffffffffull

/**
 * struct nvmove_cstate_timers - what goes on counting
 * @keep_alive_ns: until the Keep Alive Timer expires; NVMOVE_CSTATE_NO_KEEP_ALIVE if it is off
 * @timestamp_ms: value of the Timestamp feature when the state was saved
 * @timestamp_ns: nanoseconds of the millisecond that has begun, below 1,000,000
 * @timestamp_origin: Timestamp Origin, 0 cleared at reset, 1 set by the host
 * @timestamp_synch: 1 if counting has ever stopped
 */
struct nvmove_cstate_timers {
	__le64	keep_alive_ns;
	__le64	timestamp_ms;
	__le32	timestamp_ns;
	__u8	timestamp_origin;
	__u8	timestamp_synch;
	__u8	reserved22[2];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_timers, 24);

#define NVMOVE_CSTATE_MAX_LOCATOR	255

/**
 * struct nvmove_cstate_locator - where the data of an attached namespace lives, followed by @length
 * printable ASCII characters, padded with zeroes to 4 bytes; the section is a list of them,
 * ascending by id, of the namespaces whose locator is known. Two that are known must be equal
 * @length: characters, 1 to NVMOVE_CSTATE_MAX_LOCATOR
 */
struct nvmove_cstate_locator {
	__le32	nsid;
	__le32	length;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_locator, 8);

/**
 * struct nvmove_cstate_shadow - shadow doorbells (Doorbell Buffer Config); both 0 if not configured
 * @doorbells: address of the Shadow Doorbell buffer, one memory page by CC.MPS
 * @event_indexes: address of the EventIdx buffer, likewise another page
 *
 * What the buffers hold is the guest's memory. Queue positions in the state are those last seen by
 * the source; the reader looks at the doorbells when it resumes, since the guest went on.
 */
struct nvmove_cstate_shadow {
	__le64	doorbells;
	__le64	event_indexes;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_shadow, 16);

#define NVMOVE_CSTATE_NO_HOLDER	0xffff

/**
 * struct nvmove_cstate_reservation - reservation of an attached namespace, followed by its
 * @nr_registrants registrants; the section is a list of them, ascending by @nsid. Namespaces that
 * have no registrant, a @generation of 0 and no @ptpl are left out
 * @generation: GEN of Reservation Report
 * @type: reservation held, enum nvm_resv_type
 * @ptpl: 1: Persist Through Power Loss is set
 * @holder: index of the registrant that holds the reservation; NVMOVE_CSTATE_NO_HOLDER where none
 *	is held and where all registrants hold it
 */
struct nvmove_cstate_reservation {
	__le32	nsid;
	__le32	generation;
	__u8	type;
	__u8	ptpl;
	__le16	holder;
	__le16	nr_registrants;
	__u8	reserved14[2];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_reservation, 16);

/** struct nvmove_cstate_registrant - ascending by @host_id, which is not zero, as bytes */
struct nvmove_cstate_registrant {
	__u8	host_id[16];
	__le64	key;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_registrant, 24);

/**
 * struct nvmove_cstate_resv_log - Reservation Notification log, followed by @nr_entries unread log
 * pages, oldest first
 * @count: notifications since the last reset: Log Page Count of the newest; it wraps to 1
 */
struct nvmove_cstate_resv_log {
	__le64	count;
	__le32	nr_entries;
	__u8	reserved12[4];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_resv_log, 16);

/**
 * struct nvmove_cstate_resv_notice - an unread Reservation Notification log page
 * @count: its Log Page Count
 * @type: enum nvm_resv_notice
 */
struct nvmove_cstate_resv_notice {
	__le64	count;
	__le32	nsid;
	__u8	type;
	__u8	reserved13[3];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvmove_cstate_resv_notice, 16);

#endif /* NVMOVE_CSTATE_H */
