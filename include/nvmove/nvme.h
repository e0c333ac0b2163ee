/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the controller needs of the NVM Express Base Specification 2.0 and the NVM Command Set
 * Specification 1.0: registers, queue entries, opcodes, status codes, data structures. The prefix
 * is nvm_ because Linux and libnvme own nvme_. Layouts and numbers only, never logic.
 */
#ifndef NVMOVE_NVME_H
#define NVMOVE_NVME_H

#include <nvmove/types.h>

/* Controller properties (Base 3.1.3), byte offsets in BAR0 */
enum nvm_reg {
	NVM_REG_CAP	= 0x00,
	NVM_REG_VS	= 0x08,
	NVM_REG_INTMS	= 0x0c,
	NVM_REG_INTMC	= 0x10,
	NVM_REG_CC	= 0x14,
	NVM_REG_CSTS	= 0x1c,
	NVM_REG_NSSR	= 0x20,
	NVM_REG_AQA	= 0x24,
	NVM_REG_ASQ	= 0x28,
	NVM_REG_ACQ	= 0x30,
	NVM_REG_CRTO	= 0x68,
	NVM_REG_DBS	= 0x1000,
};

#define NVM_CAP_MQES(cap)	((cap) & 0xffff)
#define NVM_CAP_CQR		(1ull << 16)
#define NVM_CAP_TO_SHIFT	24
#define NVM_CAP_NSSRS		(1ull << 36)
#define NVM_CAP_CSS_NVM		(1ull << 37)
#define NVM_CAP_CSS_IOCSS	(1ull << 43)
#define NVM_CAP_MPSMIN_SHIFT	48
#define NVM_CAP_MPSMAX_SHIFT	52
#define NVM_CAP_CRWMS		(1ull << 59)

#define NVM_VS_2_0		0x00020000u

#define NVM_CC_EN		(1u << 0)
#define NVM_CC_CSS(cc)		(((cc) >> 4) & 0x7)
#define NVM_CC_MPS(cc)		(((cc) >> 7) & 0xf)
#define NVM_CC_AMS(cc)		(((cc) >> 11) & 0x7)
#define NVM_CC_SHN(cc)		(((cc) >> 14) & 0x3)
#define NVM_CC_SHN_MASK		(0x3u << 14)
#define NVM_CC_IOSQES(cc)	(((cc) >> 16) & 0xf)
#define NVM_CC_IOCQES(cc)	(((cc) >> 20) & 0xf)
#define NVM_CC_WRITABLE		0x00fffff1u
#define NVM_CC_WRITABLE_ENABLED	0x00ffc001u	/* EN, SHN and the I/O queue entry sizes */

#define NVM_CC_CSS_NVM		0
#define NVM_CC_CSS_IOCSS	6
#define NVM_CC_CSS_ADMIN	7

#define NVM_CSTS_RDY		(1u << 0)
#define NVM_CSTS_CFS		(1u << 1)
#define NVM_CSTS_SHST_MASK	(3u << 2)
#define NVM_CSTS_SHST_OCCUR	(1u << 2)
#define NVM_CSTS_SHST_CMPLT	(2u << 2)
#define NVM_CSTS_NSSRO		(1u << 4)

#define NVM_NSSR_NVME		0x4e564d65u

/* Admin opcodes (Base figure "Opcodes for Admin Commands") */
enum nvm_admin_opcode {
	NVM_ADMIN_DELETE_SQ	= 0x00,
	NVM_ADMIN_CREATE_SQ	= 0x01,
	NVM_ADMIN_GET_LOG_PAGE	= 0x02,
	NVM_ADMIN_DELETE_CQ	= 0x04,
	NVM_ADMIN_CREATE_CQ	= 0x05,
	NVM_ADMIN_IDENTIFY	= 0x06,
	NVM_ADMIN_ABORT		= 0x08,
	NVM_ADMIN_SET_FEATURES	= 0x09,
	NVM_ADMIN_GET_FEATURES	= 0x0a,
	NVM_ADMIN_ASYNC_EVENT	= 0x0c,
	NVM_ADMIN_NS_MGMT	= 0x0d,
	NVM_ADMIN_NS_ATTACH	= 0x15,
	NVM_ADMIN_KEEP_ALIVE	= 0x18,
	NVM_ADMIN_VIRT_MGMT	= 0x1c,
	NVM_ADMIN_DOORBELL_BUFFER_CONFIG = 0x7c,
};

/* I/O opcodes (NVM Command Set figure "Opcodes for NVM Commands") */
enum nvm_io_opcode {
	NVM_IO_FLUSH		= 0x00,
	NVM_IO_WRITE		= 0x01,
	NVM_IO_READ		= 0x02,
	NVM_IO_COMPARE		= 0x05,
	NVM_IO_WRITE_ZEROES	= 0x08,
	NVM_IO_DSM		= 0x09,
	NVM_IO_VERIFY		= 0x0c,
	NVM_IO_RESV_REGISTER	= 0x0d,
	NVM_IO_RESV_REPORT	= 0x0e,
	NVM_IO_RESV_ACQUIRE	= 0x11,
	NVM_IO_RESV_RELEASE	= 0x15,
};

/* Status field without phase: SC in 7:0, SCT in 10:8, CRD 12:11, M 13, DNR 14 */
enum nvm_status {
	NVM_SC_SUCCESS			= 0x000,
	NVM_SC_INVALID_OPCODE		= 0x001,
	NVM_SC_INVALID_FIELD		= 0x002,
	NVM_SC_CMDID_CONFLICT		= 0x003,
	NVM_SC_DATA_TRANSFER_ERROR	= 0x004,
	NVM_SC_INTERNAL_ERROR		= 0x006,
	NVM_SC_ABORT_REQUESTED		= 0x007,
	NVM_SC_ABORT_SQ_DELETED		= 0x008,
	NVM_SC_INVALID_NS		= 0x00b,
	NVM_SC_COMMAND_SEQUENCE_ERROR	= 0x00c,
	NVM_SC_INVALID_PRP_OFFSET	= 0x013,
	NVM_SC_HOST_ID_FORMAT		= 0x018,
	NVM_SC_KATO_INVALID		= 0x01a,
	NVM_SC_NS_WRITE_PROTECTED	= 0x020,
	NVM_SC_HOST_ID_NOT_INITIALIZED	= 0x027,
	NVM_SC_INVALID_IOCS		= 0x02c,
	NVM_SC_LBA_RANGE		= 0x080,
	NVM_SC_CAPACITY_EXCEEDED	= 0x081,
	NVM_SC_NS_NOT_READY		= 0x082,
	NVM_SC_RESERVATION_CONFLICT	= 0x083,

	NVM_SC_CQ_INVALID		= 0x100,
	NVM_SC_QID_INVALID		= 0x101,
	NVM_SC_QUEUE_SIZE		= 0x102,
	NVM_SC_ABORT_LIMIT		= 0x103,
	NVM_SC_ASYNC_LIMIT		= 0x105,
	NVM_SC_INVALID_VECTOR		= 0x108,
	NVM_SC_INVALID_LOG_PAGE		= 0x109,
	NVM_SC_INVALID_FORMAT		= 0x10a,
	NVM_SC_INVALID_QUEUE_DELETION	= 0x10c,
	NVM_SC_FEATURE_NOT_SAVEABLE	= 0x10d,
	NVM_SC_FEATURE_NOT_CHANGEABLE	= 0x10e,
	NVM_SC_FEATURE_NOT_PER_NS	= 0x10f,
	NVM_SC_NS_INSUFFICIENT_CAPACITY	= 0x115,
	NVM_SC_NS_ID_UNAVAILABLE	= 0x116,
	NVM_SC_NS_ALREADY_ATTACHED	= 0x118,
	NVM_SC_NS_IS_PRIVATE		= 0x119,
	NVM_SC_NS_NOT_ATTACHED		= 0x11a,
	NVM_SC_THIN_NOT_SUPPORTED	= 0x11b,
	NVM_SC_CTRL_LIST_INVALID	= 0x11c,
	NVM_SC_INVALID_CNTLID		= 0x11f,
	NVM_SC_INVALID_SECONDARY_STATE	= 0x120,
	NVM_SC_INVALID_NUM_RESOURCES	= 0x121,
	NVM_SC_INVALID_RESOURCE_ID	= 0x122,
	NVM_SC_ANA_GROUP_INVALID	= 0x124,
	NVM_SC_NS_ATTACH_LIMIT		= 0x127,
	NVM_SC_IOCS_NOT_SUPPORTED	= 0x129,
	NVM_SC_IOCS_COMBINATION		= 0x12b,

	NVM_SC_WRITE_FAULT		= 0x280,
	NVM_SC_UNRECOVERED_READ		= 0x281,
	NVM_SC_COMPARE_FAILURE		= 0x285,

	NVM_SC_MORE			= 0x2000,
	NVM_SC_DNR			= 0x4000,
	NVM_SC_MASK			= 0x07ff,
};

/**
 * struct nvm_sqe - submission queue entry (Base 3.3.3.1)
 * @flags: 1:0 FUSE, 7:6 PSDT
 */
struct nvm_sqe {
	__u8	opcode;
	__u8	flags;
	__le16	cid;
	__le32	nsid;
	__le32	cdw2;
	__le32	cdw3;
	__le64	mptr;
	__le64	prp1;
	__le64	prp2;
	__le32	cdw10;
	__le32	cdw11;
	__le32	cdw12;
	__le32	cdw13;
	__le32	cdw14;
	__le32	cdw15;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_sqe, 64);

#define NVM_SQE_FUSE_MASK	0x03
#define NVM_SQE_PSDT_MASK	0xc0

/**
 * struct nvm_cqe - completion queue entry (Base 3.3.3.2)
 * @status: bit 0 phase tag, 15:1 status field
 */
struct nvm_cqe {
	__le32	dw0;
	__le32	dw1;
	__le16	sqhd;
	__le16	sqid;
	__le16	cid;
	__le16	status;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_cqe, 16);

#define NVM_NSID_ALL		0xffffffffu

/* Identify (Base 5.17) */
enum nvm_cns {
	NVM_CNS_NS			= 0x00,
	NVM_CNS_CTRL			= 0x01,
	NVM_CNS_ACTIVE_NS		= 0x02,
	NVM_CNS_NS_DESC			= 0x03,
	NVM_CNS_CSI_NS			= 0x05,
	NVM_CNS_CSI_CTRL		= 0x06,
	NVM_CNS_CSI_ACTIVE_NS		= 0x07,
	NVM_CNS_INDEP_NS		= 0x08,
	NVM_CNS_ALLOCATED_NS		= 0x10,
	NVM_CNS_ALLOCATED_NS_DATA	= 0x11,
	NVM_CNS_NS_CTRL_LIST		= 0x12,
	NVM_CNS_CTRL_LIST		= 0x13,
	NVM_CNS_PRIMARY_CAPS		= 0x14,
	NVM_CNS_SECONDARY_LIST		= 0x15,
	NVM_CNS_CSI_ALLOCATED_NS	= 0x1a,
	NVM_CNS_CSI_ALLOCATED_NS_DATA	= 0x1b,
	NVM_CNS_IOCS			= 0x1c,
};

#define NVM_CSI_NVM		0x00
#define NVM_IDENTIFY_SIZE	4096

#define NVM_CTRL_CMIC_MULTI_CTRL	(1 << 1)
#define NVM_CTRL_CMIC_SRIOV		(1 << 2)
#define NVM_CTRL_OAES_NS_ATTR		(1u << 8)
#define NVM_CTRL_CTRATT_HOST_ID_128	(1u << 0)
#define NVM_CTRL_CTRATT_RHII		(1u << 18)	/* reservations need a host identifier */
#define NVM_CTRL_OACS_NS_MGMT		(1 << 3)
#define NVM_CTRL_OACS_VIRT_MGMT		(1 << 7)
#define NVM_CTRL_OACS_DOORBELL_BUFFER	(1 << 8)
#define NVM_CTRL_ONCS_COMPARE		(1 << 0)
#define NVM_CTRL_ONCS_DSM		(1 << 2)
#define NVM_CTRL_ONCS_WRITE_ZEROES	(1 << 3)
#define NVM_CTRL_ONCS_SAVE_SELECT	(1 << 4)
#define NVM_CTRL_ONCS_RESERVATIONS	(1 << 5)
#define NVM_CTRL_ONCS_TIMESTAMP		(1 << 6)
#define NVM_CTRL_ONCS_VERIFY		(1 << 7)
#define NVM_CTRL_LPA_SMART_PER_NS	(1 << 0)
#define NVM_CTRL_LPA_EFFECTS		(1 << 1)
#define NVM_CTRL_LPA_EXTENDED		(1 << 2)
#define NVM_CTRL_FRMW_SLOT1_RO		(1 << 0)
#define NVM_CTRL_FRMW_ONE_SLOT		(1 << 1)
#define NVM_CTRL_VWC_PRESENT		(1 << 0)
#define NVM_CTRL_VWC_FLUSH_ALL		(3 << 1)
#define NVM_CTRL_NWPC_WRITE_PROTECT	(1 << 0)
#define NVM_CTRL_TYPE_IO		1

/** struct nvm_power_state - power state descriptor (Base figure "Power State Descriptor") */
struct nvm_power_state {
	__le16	max_power;	/* 0.01 W units */
	__u8	reserved2;
	__u8	flags;
	__le32	entry_latency;
	__le32	exit_latency;
	__u8	rrt;
	__u8	rrl;
	__u8	rwt;
	__u8	rwl;
	__u8	reserved16[16];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_power_state, 32);

/** struct nvm_id_ctrl - Identify Controller (Base figure "Identify Controller Data Structure") */
struct nvm_id_ctrl {
	__le16	vid;
	__le16	ssvid;
	char	sn[20];
	char	mn[40];
	char	fr[8];
	__u8	rab;
	__u8	ieee[3];
	__u8	cmic;
	__u8	mdts;
	__le16	cntlid;
	__le32	ver;
	__le32	rtd3r;
	__le32	rtd3e;
	__le32	oaes;
	__le32	ctratt;
	__le16	rrls;
	__u8	reserved102[9];
	__u8	cntrltype;
	__u8	fguid[16];
	__le16	crdt[3];
	__u8	reserved134[122];
	__le16	oacs;
	__u8	acl;
	__u8	aerl;
	__u8	frmw;
	__u8	lpa;
	__u8	elpe;
	__u8	npss;
	__u8	avscc;
	__u8	apsta;
	__le16	wctemp;
	__le16	cctemp;
	__le16	mtfa;
	__le32	hmpre;
	__le32	hmmin;
	__u8	tnvmcap[16];
	__u8	unvmcap[16];
	__le32	rpmbs;
	__le16	edstt;
	__u8	dsto;
	__u8	fwug;
	__le16	kas;
	__le16	hctma;
	__le16	mntmt;
	__le16	mxtmt;
	__le32	sanicap;
	__le32	hmminds;
	__le16	hmmaxd;
	__le16	nsetidmax;
	__le16	endgidmax;
	__u8	anatt;
	__u8	anacap;
	__le32	anagrpmax;
	__le32	nanagrpid;
	__le32	pels;
	__le16	domain;
	__u8	reserved358[10];
	__u8	megcap[16];
	__u8	reserved384[128];
	__u8	sqes;
	__u8	cqes;
	__le16	maxcmd;
	__le32	nn;
	__le16	oncs;
	__le16	fuses;
	__u8	fna;
	__u8	vwc;
	__le16	awun;
	__le16	awupf;
	__u8	icsvscc;
	__u8	nwpc;
	__le16	acwu;
	__le16	cdfs;
	__le32	sgls;
	__le32	mnan;
	__u8	maxdna[16];
	__le32	maxcna;
	__le32	oaqd;
	__u8	rhiri;
	__u8	hirt;
	__le16	cmmrtd;
	__le16	nmmrtd;
	__u8	minmrtg;
	__u8	maxmrtg;
	__u8	trattr;
	__u8	reserved577;
	__le16	mcudmq;
	__le16	mnsudmq;
	__le16	mcmr;
	__le16	nmcmr;
	__le16	mcdqpc;
	__u8	reserved588[180];
	char	subnqn[256];
	__u8	reserved1024[768];
	__u8	fabrics[256];
	struct nvm_power_state psd[32];
	__u8	vs[1024];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_id_ctrl, 4096);

/** struct nvm_lbaf - LBA format (NVM Command Set figure "LBA Format Data Structure") */
struct nvm_lbaf {
	__le16	ms;
	__u8	lbads;
	__u8	rp;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_lbaf, 4);

#define NVM_NS_NSFEAT_THIN		(1 << 0)
#define NVM_NS_NSFEAT_DEALLOC_ERR	(1 << 2)
#define NVM_NS_NSFEAT_OPTPERF		(1 << 4)
#define NVM_NS_NMIC_SHARED		(1 << 0)
#define NVM_NS_NSATTR_WRITE_PROTECTED	(1 << 0)
#define NVM_NS_RESCAP_PTPL		(1 << 0)
#define NVM_NS_RESCAP_ALL_TYPES		(0x3f << 1)
#define NVM_NS_RESCAP_IEKEY_1_3		(1 << 7)	/* Ignore Existing Key as of NVMe 1.3 */
#define NVM_NS_DLFEAT_ZEROES		0x01
#define NVM_NS_DLFEAT_WZ_DEAC		0x08

/** struct nvm_id_ns - Identify Namespace (NVM Command Set figure "Identify Namespace") */
struct nvm_id_ns {
	__le64	nsze;
	__le64	ncap;
	__le64	nuse;
	__u8	nsfeat;
	__u8	nlbaf;
	__u8	flbas;
	__u8	mc;
	__u8	dpc;
	__u8	dps;
	__u8	nmic;
	__u8	rescap;
	__u8	fpi;
	__u8	dlfeat;
	__le16	nawun;
	__le16	nawupf;
	__le16	nacwu;
	__le16	nabsn;
	__le16	nabo;
	__le16	nabspf;
	__le16	noiob;
	__u8	nvmcap[16];
	__le16	npwg;
	__le16	npwa;
	__le16	npdg;
	__le16	npda;
	__le16	nows;
	__le16	mssrl;
	__le32	mcl;
	__u8	msrc;
	__u8	reserved81[11];
	__le32	anagrpid;
	__u8	reserved96[3];
	__u8	nsattr;
	__le16	nvmsetid;
	__le16	endgid;
	__u8	nguid[16];
	__u8	eui64[8];
	struct nvm_lbaf lbaf[64];
	__u8	vs[3712];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_id_ns, 4096);

/**
 * struct nvm_ns_create - what a host specifies of a namespace to be created (NVM Command Set figure
 * "Namespace Management - Host Software Specified Fields"); the other bytes are not looked at
 * @flbas: as in Identify Namespace
 * @dps: as in Identify Namespace
 * @nmic: bit 0: may be attached to several controllers at a time
 */
struct nvm_ns_create {
	__le64	nsze;
	__le64	ncap;
	__u8	reserved16[10];
	__u8	flbas;
	__u8	reserved27[2];
	__u8	dps;
	__u8	nmic;
	__u8	reserved31[61];
	__le32	anagrpid;
	__u8	reserved96[4];
	__le16	nvmsetid;
	__le16	endgid;
	__u8	reserved104[3992];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_ns_create, 4096);

/** struct nvm_id_ns_indep - I/O command set independent Identify Namespace (CNS 08h) */
struct nvm_id_ns_indep {
	__u8	nsfeat;
	__u8	nmic;
	__u8	rescap;
	__u8	fpi;
	__le32	anagrpid;
	__u8	nsattr;
	__u8	reserved9;
	__le16	nvmsetid;
	__le16	endgid;
	__u8	nstat;
	__u8	reserved15[4081];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_id_ns_indep, 4096);

#define NVM_NSTAT_READY		(1 << 0)

#define NVM_NIDT_EUI64		1
#define NVM_NIDT_NGUID		2
#define NVM_NIDT_UUID		3
#define NVM_NIDT_CSI		4

struct nvm_ns_desc {
	__u8	nidt;
	__u8	nidl;
	__u8	reserved2[2];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_ns_desc, 4);

/** struct nvm_ctrl_list - Controller List (Base 4.5.1), controller ids */
struct nvm_ctrl_list {
	__le16	num;
	__le16	id[2047];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_ctrl_list, 4096);

/** struct nvm_primary_caps - Primary Controller Capabilities (CNS 14h) */
struct nvm_primary_caps {
	__le16	cntlid;
	__le16	portid;
	__u8	crt;
	__u8	reserved5[27];
	__le32	vqfrt;
	__le32	vqrfa;
	__le16	vqrfap;
	__le16	vqprt;
	__le16	vqfrsm;
	__le16	vqgran;
	__u8	reserved48[16];
	__le32	vifrt;
	__le32	virfa;
	__le16	virfap;
	__le16	viprt;
	__le16	vifrsm;
	__le16	vigran;
	__u8	reserved80[4016];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_primary_caps, 4096);

#define NVM_CRT_VQ		(1 << 0)
#define NVM_CRT_VI		(1 << 1)

/** struct nvm_secondary_entry - Secondary Controller Entry (CNS 15h) */
struct nvm_secondary_entry {
	__le16	scid;
	__le16	pcid;
	__u8	scs;
	__u8	reserved5[3];
	__le16	vfn;
	__le16	nvq;
	__le16	nvi;
	__u8	reserved14[18];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_secondary_entry, 32);

#define NVM_SCS_ONLINE		(1 << 0)

struct nvm_secondary_list {
	__u8	num;
	__u8	reserved1[31];
	struct nvm_secondary_entry entry[127];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_secondary_list, 4096);

/* Virtualization Management (Base 5.31) */
enum nvm_virt_action {
	NVM_VIRT_PRIMARY_ALLOC		= 0x1,
	NVM_VIRT_SECONDARY_OFFLINE	= 0x7,
	NVM_VIRT_SECONDARY_ASSIGN	= 0x8,
	NVM_VIRT_SECONDARY_ONLINE	= 0x9,
};

#define NVM_VIRT_RT_VQ		0
#define NVM_VIRT_RT_VI		1

/*
 * Namespace Management (Base 5.23) and Namespace Attachment (Base 5.22), command dword 10 bits 3:0
 */
#define NVM_NS_MGMT_CREATE	0x0
#define NVM_NS_MGMT_DELETE	0x1
#define NVM_NS_ATTACH_ATTACH	0x0
#define NVM_NS_ATTACH_DETACH	0x1

/* Features (Base 5.27) */
enum nvm_feature {
	NVM_FEAT_ARBITRATION		= 0x01,
	NVM_FEAT_POWER_MGMT		= 0x02,
	NVM_FEAT_TEMP_THRESHOLD		= 0x04,
	NVM_FEAT_ERROR_RECOVERY		= 0x05,
	NVM_FEAT_VOLATILE_WC		= 0x06,
	NVM_FEAT_NUM_QUEUES		= 0x07,
	NVM_FEAT_IRQ_COALESCE		= 0x08,
	NVM_FEAT_IRQ_CONFIG		= 0x09,
	NVM_FEAT_WRITE_ATOMICITY	= 0x0a,
	NVM_FEAT_ASYNC_EVENT		= 0x0b,
	NVM_FEAT_TIMESTAMP		= 0x0e,
	NVM_FEAT_KATO			= 0x0f,
	NVM_FEAT_HOST_BEHAVIOR		= 0x16,
	NVM_FEAT_IOCS_PROFILE		= 0x19,
	NVM_FEAT_HOST_ID		= 0x81,
	NVM_FEAT_RESV_MASK		= 0x82,
	NVM_FEAT_RESV_PERSIST		= 0x83,
	NVM_FEAT_WRITE_PROTECT		= 0x84,
};

#define NVM_FEAT_SAVE		(1u << 31)	/* Set Features, command dword 10 */

#define NVM_FEAT_SEL_CURRENT	0
#define NVM_FEAT_SEL_DEFAULT	1
#define NVM_FEAT_SEL_SAVED	2
#define NVM_FEAT_SEL_SUPPORTED	3

/* Namespace Write Protection Config, command dword 11 bits 2:0 */
#define NVM_WRITE_PROTECT_STATE(cdw11)	((cdw11) & 0x7)
#define NVM_WRITE_PROTECT_NONE		0
#define NVM_WRITE_PROTECT_ON		1

#define NVM_FEAT_CAP_SAVEABLE	(1 << 0)
#define NVM_FEAT_CAP_PER_NS	(1 << 1)
#define NVM_FEAT_CAP_CHANGEABLE	(1 << 2)

/* Log pages (Base 5.16) */
enum nvm_log_page {
	NVM_LOG_SUPPORTED	= 0x00,
	NVM_LOG_ERROR		= 0x01,
	NVM_LOG_SMART		= 0x02,
	NVM_LOG_FW_SLOT		= 0x03,
	NVM_LOG_CHANGED_NS	= 0x04,
	NVM_LOG_EFFECTS		= 0x05,
	NVM_LOG_FEATURES	= 0x12,
	NVM_LOG_RESERVATION	= 0x80,
};

/** struct nvm_error_entry - Error Information Log Entry */
struct nvm_error_entry {
	__le64	error_count;
	__le16	sqid;
	__le16	cid;
	__le16	status;
	__le16	location;
	__le64	lba;
	__le32	nsid;
	__u8	vs;
	__u8	trtype;
	__u8	reserved30[2];
	__le64	cs;
	__le16	trtype_specific;
	__u8	reserved42[22];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_error_entry, 64);

#define NVM_SMART_WARN_SPARE	(1 << 0)
#define NVM_SMART_WARN_TEMP	(1 << 1)

/** struct nvm_smart_log - SMART / Health Information */
struct nvm_smart_log {
	__u8	critical_warning;
	__le16	temperature;
	__u8	avail_spare;
	__u8	spare_threshold;
	__u8	percent_used;
	__u8	endurance_group_warning;
	__u8	reserved7[25];
	__le64	data_units_read[2];
	__le64	data_units_written[2];
	__le64	host_reads[2];
	__le64	host_writes[2];
	__le64	busy_time[2];
	__le64	power_cycles[2];
	__le64	power_on_hours[2];
	__le64	unsafe_shutdowns[2];
	__le64	media_errors[2];
	__le64	num_err_log_entries[2];
	__le32	warning_temp_time;
	__le32	critical_temp_time;
	__le16	temp_sensor[8];
	__u8	reserved216[296];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_smart_log, 512);

struct nvm_fw_slot_log {
	__u8	afi;
	__u8	reserved1[7];
	char	frs[7][8];
	__u8	reserved64[448];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_fw_slot_log, 512);

struct nvm_effects_log {
	__le32	admin[256];
	__le32	io[256];
	__u8	reserved2048[2048];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_effects_log, 4096);

#define NVM_EFFECT_CSUPP	(1u << 0)
#define NVM_EFFECT_LBCC		(1u << 1)
#define NVM_EFFECT_NCC		(1u << 2)
#define NVM_EFFECT_NIC		(1u << 3)
#define NVM_EFFECT_CCC		(1u << 4)

/* Asynchronous events (Base 5.2) */
enum nvm_event_type {
	NVM_EVENT_ERROR		= 0,
	NVM_EVENT_SMART		= 1,
	NVM_EVENT_NOTICE	= 2,
	NVM_EVENT_ONE_SHOT	= 4,
	NVM_EVENT_IO_SPECIFIC	= 6,
};

#define NVM_EVENT_ERROR_DB_REGISTER	0x00
#define NVM_EVENT_ERROR_DB_VALUE	0x01
#define NVM_EVENT_SMART_TEMP		0x01
#define NVM_EVENT_NOTICE_NS_ATTR	0x00
#define NVM_EVENT_ONE_SHOT_CDQ_TAIL	0x00	/* DW1 15:0: CDQID */
#define NVM_EVENT_ONE_SHOT_CDQ_FULL	0x01	/* likewise */
#define NVM_EVENT_IO_RESERVATION	0x00

/* Create I/O queue, command dword 11 */
#define NVM_QUEUE_PC		(1u << 0)
#define NVM_CQ_IEN		(1u << 1)

/* Read, Write and their like: command dword 12 */
#define NVM_RW_NLB(cdw12)	((cdw12) & 0xffff)
#define NVM_RW_DEAC		(1u << 25)
#define NVM_RW_FUA		(1u << 30)

/** struct nvm_dsm_range - Dataset Management range */
struct nvm_dsm_range {
	__le32	cattr;
	__le32	nlb;
	__le64	slba;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_dsm_range, 16);

#define NVM_DSM_AD		(1u << 2)

/* Reservations (Base 7.5 to 7.8 and 8.1.22 of revision 2.2; 7.2 to 7.5 and 8.19 of 2.0) */
enum nvm_resv_type {
	NVM_RESV_NONE			= 0,
	NVM_RESV_WRITE_EXCLUSIVE	= 1,
	NVM_RESV_EXCLUSIVE_ACCESS	= 2,
	NVM_RESV_WRITE_EXCL_REG_ONLY	= 3,
	NVM_RESV_EXCL_ACCESS_REG_ONLY	= 4,
	NVM_RESV_WRITE_EXCL_ALL_REGS	= 5,
	NVM_RESV_EXCL_ACCESS_ALL_REGS	= 6,
};

/* Command dword 10 of Register, Acquire and Release */
#define NVM_RESV_ACTION(cdw10)	((cdw10) & 0x7)
#define NVM_RESV_IEKEY		(1u << 3)
#define NVM_RESV_RTYPE(cdw10)	(((cdw10) >> 8) & 0xff)
#define NVM_RESV_CPTPL(cdw10)	((cdw10) >> 30)

#define NVM_RESV_REGISTER_KEY		0
#define NVM_RESV_UNREGISTER_KEY		1
#define NVM_RESV_REPLACE_KEY		2
#define NVM_RESV_CPTPL_RESERVED		1
#define NVM_RESV_CPTPL_CLEAR		2
#define NVM_RESV_CPTPL_SET		3
#define NVM_RESV_ACQUIRE		0
#define NVM_RESV_PREEMPT		1
#define NVM_RESV_PREEMPT_AND_ABORT	2
#define NVM_RESV_RELEASE		0
#define NVM_RESV_CLEAR			1
#define NVM_RESV_REPORT_EDS		(1u << 0)	/* command dword 11 */

/**
 * struct nvm_resv_keys - data of Register, Acquire and, without @other_key, Release
 * @crkey: current key
 * @other_key: NRKEY of Register, PRKEY of Acquire
 */
struct nvm_resv_keys {
	__le64	crkey;
	__le64	other_key;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_resv_keys, 16);

/** struct nvm_resv_status - head of what Reservation Report returns; 64 bytes if it is extended */
struct nvm_resv_status {
	__le32	gen;
	__u8	rtype;
	__u8	regstrnt[2];
	__u8	reserved7[2];
	__u8	ptpls;
	__u8	reserved10[14];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_resv_status, 24);

#define NVM_RESV_STATUS_EXT_SIZE	64
#define NVM_RESV_RCSTS_HOLDS		(1 << 0)
#define NVM_RESV_NO_CNTLID		0xffff

/** struct nvm_registrant - Registrant Data Structure */
struct nvm_registrant {
	__le16	cntlid;
	__u8	rcsts;
	__u8	reserved3[5];
	__u8	hostid[8];
	__le64	rkey;
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_registrant, 24);

/** struct nvm_registrant_ext - Registrant Extended Data Structure */
struct nvm_registrant_ext {
	__le16	cntlid;
	__u8	rcsts;
	__u8	reserved3[5];
	__le64	rkey;
	__u8	hostid[16];
	__u8	reserved32[32];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_registrant_ext, 64);

/* Reservation notifications: types in the log page; bit n of the mask is type n */
enum nvm_resv_notice {
	NVM_RESV_REGISTRATION_PREEMPTED	= 1,
	NVM_RESV_RESERVATION_RELEASED	= 2,
	NVM_RESV_RESERVATION_PREEMPTED	= 3,
};

#define NVM_RESV_MASK_ALL	0xeu

/** struct nvm_resv_log - Reservation Notification log page */
struct nvm_resv_log {
	__le64	lpc;
	__u8	rnlpt;
	__u8	nalp;
	__u8	reserved10[2];
	__le32	nsid;
	__u8	reserved16[48];
} NVMOVE_PACKED;
NVMOVE_ASSERT_SIZE(struct nvm_resv_log, 64);

#endif /* NVMOVE_NVME_H */
