/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's own structures, shared by its files and by nobody else. What a host can observe is
 * plain data in struct ctrl_state and below; everything else in struct nvmove_ctrl is machinery
 * that is empty, or can be rebuilt, once the controller is suspended.
 */
#ifndef CTRL_CONTROLLER_H
#define CTRL_CONTROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>
#include <nvmove/nvme.h>

#include "byteorder.h"
#include "ctrl.h"
#include "lm/crc32c.h"
#include "media/medium.h"

#define MIN_PAGE_SHIFT		12
#define MAX_MPS			4	/* 64 KiB pages */
#define ADMIN_QID		0
/*
 * Queues lie below this bus address: IOMMUs translate up to 57 bits, and POWER's bypass window
 * begins at 2^59.
 */
#define QUEUE_ADDRESS_LIMIT	(1ull << 60)
#define SQ_BYTES(entries)	((uint64_t)(entries) * sizeof(struct nvm_sqe))
#define CQ_BYTES(entries)	((uint64_t)(entries) * sizeof(struct nvm_cqe))
#define IRQ_MASK_VECTORS	32	/* vectors that INTMS covers */

#define COALESCE_THRESHOLD(v)	((v) & 0xff)		/* feature 08h: entries, 0-based */
#define COALESCE_TIME(v)	(((v) >> 8) & 0xff)	/* in units of 100 us */
#define IRQ_CONFIG_CD		(1u << 16)		/* feature 09h: coalescing disabled */

#define MAX_AER			4	/* AERL + 1 */
#define MAX_EVENTS		16
#define MAX_ABORTS		4	/* ACL + 1 */
#define ERROR_LOG_ENTRIES	63	/* ELPE + 1 */
#define CHANGED_NS_MAX		1024
#define MAX_NAMESPACES		1024
#define MAX_REGISTRANTS		128	/* per namespace: NVMOVE_MAX_SECONDARY and the primary */
#define RESV_LOG_MAX		255	/* unread reservation notifications */

#define MAX_IO_REQUESTS		1024	/* fetched and not yet posted, per controller */
#define MAX_ADMIN_REQUESTS	64	/* beyond those, so that admin commands are never starved */
#define FETCH_BATCH		32	/* submission entries per DMA */
#define RUN_BUDGET		256	/* commands per nvmove_ctrl_run() */

#define HOST_BEHAVIOR_SIZE	512	/* of the data structure of feature 16h */
#define MAX_CDQS		8	/* MCUDMQ, MNSUDMQ */
#define MAX_CDQ_PRPS		512	/* MCDQPC, MCMR: as many as the smallest page holds */

/* Track Memory Changes: ranges of one controller, granularity as a power of two of 4 KiB. */
#define TRACK_MAX_RANGES	512
#define TRACK_MAX_GRANULARITY	18	/* 1 GiB */

#define NR_LBA_FORMATS		2	/* 512 and 4096 bytes, no metadata */

#define TEMPERATURE_K		320
#define TEMPERATURE_WARNING_K	343
#define TEMPERATURE_CRITICAL_K	358

/** Handler results beyond a status: the command completes later through req_complete(). */
#define STATUS_PENDING		0x10000u

struct cdq;
struct ctrl_request;
struct dirty_map;

/* ---- what a host can observe: plain data ---- */

struct sq_state {
	bool exists;
	uint8_t priority;
	uint16_t cqid;
	uint32_t size;		/* entries */
	uint32_t head;
	uint32_t tail;
	uint64_t addr;
};

struct cq_state {
	bool exists;
	bool irq_enabled;
	bool phase;		/* of the next entry written */
	uint16_t vector;
	uint32_t size;		/* entries */
	uint32_t head;
	uint32_t tail;
	uint64_t addr;
};

struct event {
	uint8_t type;
	uint8_t info;
	uint8_t log_page;
};

struct events_state {
	unsigned int nr_requests;
	uint16_t request_cid[MAX_AER];
	unsigned int nr_events;
	struct event event[MAX_EVENTS];
	uint32_t masked;	/* by type */
};

struct features_state {
	uint32_t arbitration;
	uint32_t power_mgmt;
	uint32_t temp_over;
	uint32_t temp_under;
	uint32_t volatile_wc;
	uint32_t num_queues;	/* as returned: NCQA 31:16, NSQA 15:0, 0-based */
	uint32_t irq_coalesce;
	uint32_t write_atomicity;
	uint32_t async_event;
	uint32_t kato_ms;
	uint32_t iocs_profile;
	uint8_t acre;			/* feature 16h: Advanced Command Retry Enable */
	uint8_t host_id[16];
	bool host_id_is_extended;	/* it was set as 128 bits */
};

struct smart_state {
	uint64_t blocks_read;
	uint64_t blocks_written;
	uint64_t host_reads;
	uint64_t host_writes;
	uint64_t power_cycles;
	uint64_t power_on_ns;		/* before power_on_since_ns of the controller */
	uint64_t unsafe_shutdowns;
	uint64_t media_errors;
	uint64_t busy_ns;
};

struct error_log_state {
	uint64_t error_count;
	unsigned int nr_entries;
	unsigned int newest;		/* index into @entry, a ring */
	struct nvm_error_entry entry[ERROR_LOG_ENTRIES];
};

struct changed_ns_state {
	uint32_t nsid[CHANGED_NS_MAX];	/* ascending */
	unsigned int nr;		/* CHANGED_NS_MAX + 1: more than fit */
};

/** struct shadow_state - pages of host memory with the I/O queues' doorbells, 0: none configured */
struct shadow_state {
	uint64_t doorbells;
	uint64_t event_indexes;
};

/** struct resv_notice - a Reservation Notification log page that has not been read */
struct resv_notice {
	uint64_t count;
	uint32_t nsid;
	uint8_t type;
};

struct resv_log_state {
	uint64_t count;			/* of the newest notification since the last reset */
	unsigned int nr;
	struct resv_notice notice[RESV_LOG_MAX];	/* oldest first */
};

/** struct ctrl_state - everything of a controller that its host can observe */
struct ctrl_state {
	uint32_t cc;
	uint32_t csts;
	uint32_t aqa;
	uint32_t intms;
	uint64_t asq;
	uint64_t acq;
	struct sq_state *sq;		/* [max_io_queues + 1], 0 is the admin queue */
	struct cq_state *cq;		/* likewise */
	struct shadow_state shadow;
	struct features_state features;
	struct features_state saved;	/* what saveable features are after a reset */
	uint32_t *irq_config;		/* [max_vectors], feature 09h without the vector number */
	uint32_t *error_recovery;	/* [num_namespaces + 1], feature 05h, by the host's id */
	uint32_t *error_recovery_saved;	/* likewise */
	uint32_t *resv_mask;		/* likewise, feature 82h */
	struct events_state events;
	struct smart_state smart;
	uint64_t keep_alive_deadline_ns;	/* UINT64_MAX: off */
	uint64_t timestamp_base_ms;		/* value at @timestamp_set_ns */
	uint64_t timestamp_set_ns;
	uint8_t timestamp_origin;
	bool timestamp_synch;
	/* Long arrays, usually unused: behind what every save and load touches. */
	struct error_log_state error_log;
	struct changed_ns_state changed_ns;
	struct resv_log_state resv_log;
};

/* ---- run-time machinery ---- */

struct sq_run {
	bool ready;			/* on the controller's ready list */
	uint16_t next;			/* queue id of the next on that list */
	unsigned int next_of_cq;	/* neighbours on its completion queue's list, by queue id */
	unsigned int previous_of_cq;
	unsigned int in_flight;		/* commands fetched from it and not yet completed */
	struct ctrl_request *delete_request;	/* Delete I/O Submission Queue waiting for those */
};

struct cq_run {
	unsigned int first_sq;		/* submission queues that post to it, NO_QUEUE if none */
	unsigned int last_sq;
	bool irq_wanted;		/* posted to since its vector was signalled */
	uint16_t next_irq;		/* queue id of the next with @irq_wanted */
	struct ctrl_request *unposted;		/* completions that did not fit, oldest first */
	struct ctrl_request **unposted_tail;
};

/** struct vector_run - entries that interrupt coalescing holds back */
struct vector_run {
	unsigned int aggregated;	/* entries posted since the vector was signalled; 0: not listed */
	uint64_t deadline_ns;
	unsigned int next;		/* neighbours on the list of aggregating vectors */
	unsigned int previous;
};

/** struct dma_mapping - host memory at bus address @addr that is mapped at @ptr */
struct dma_mapping {
	uint64_t addr;
	void *ptr;
	size_t len;
};

/**
 * struct ctrl_request - a command between its fetch and the posting of its completion
 * @epoch: of the controller when it was fetched; a reset ends the epoch and with it the request's
 *	right to be completed
 * @next_allocated: on the controller's list of all requests, in use or not
 * @preempted_by: Reservation Acquire command that waits for this one to complete
 * @change_alone: number of its media operation among those that change the namespace's data, if
 *	none was under way when it began; else 0
 * @execute_next: the next step of a command that takes several media operations
 * @nr_steps: media operations; commands that a Reservation Acquire waits for
 * @bounce: buffer in place of mapped host memory, NULL if @mapping is used
 * @iov, @mapping: of ctrl->max_segments entries each, behind the structure
 */
struct ctrl_request {
	struct nvmove_ctrl *ctrl;
	struct ctrl_request *next;	/* free list or unposted list */
	struct ctrl_request *next_allocated;
	struct ctrl_request *preempted_by;
	uint32_t epoch;
	bool internal;			/* not a command: never posted */
	uint16_t sqid;
	uint16_t cid;
	struct nvm_sqe cmd;
	struct nvm_cqe cqe;
	uint32_t dw0;
	uint32_t dw1;
	struct nvmove_namespace *ns;	/* held: set by req_set_namespace() alone */
	uint64_t error_info;		/* Command Specific Information of its error log entry */
	uint64_t started_ns;
	uint64_t change_alone;
	void (*execute_next)(struct ctrl_request *req);
	unsigned int step;
	unsigned int nr_steps;
	struct nvmove_media_io io;
	enum nvmove_dma_direction dir;
	void *bounce;
	size_t data_len;
	unsigned int nr_mappings;
	struct dma_mapping *mapping;
	struct iovec *iov;
};

static inline struct ctrl_request *request_of(struct nvmove_media_io *io)
{
	return (struct ctrl_request *)((uint8_t *)io - offsetof(struct ctrl_request, io));
}

/* Parts of a state beside its container header: what somebody asks for, or brings. */
#define STATE_NVME	(1u << 0)	/* NVMe Controller State: the I/O queues */
#define STATE_VENDOR	(1u << 1)	/* Vendor Specific Data: everything else */
#define STATE_WHOLE	(STATE_NVME | STATE_VENDOR)
#define STATE_QUESTION	(1u << 2)	/* no state: a compatibility record as Vendor Specific Data */

/**
 * struct state_transfer - a state on its way in pieces, kept by the controller it belongs to
 * @out: snapshot being read, NULL if none
 * @out_parts: STATE_* of the snapshot
 * @out_next: offset of the next piece in order
 * @out_ns: time as of which the snapshots of this suspension are taken, once there has been one
 * @in: what has arrived without a gap, NULL if nothing
 * @in_size: total by the state's own header, 0 not known yet
 * @uncommitted: state was sent, and the controller does not have it (yet)
 * @was_uncommitted: before the first piece of @in, to which a question goes back
 */
struct state_transfer {
	uint8_t *out;
	unsigned int out_parts;
	size_t out_size;
	size_t out_next;
	uint64_t out_ns;
	uint8_t *in;
	size_t in_len;
	size_t in_room;
	size_t in_size;
	bool uncommitted;
	bool was_uncommitted;
};

enum suspend_phase {
	NOT_SUSPENDED,
	SUSPENDING,
	SUSPENDED,
};

/** struct registrant - a host that has registered a key with a namespace */
struct registrant {
	uint8_t host_id[16];
	uint64_t key;
	bool holds;		/* the reservation, if it is of a type with one holder */
};

/**
 * struct reservation - registrants of a namespace and the reservation that it is under
 * @type: enum nvm_resv_type; what the path of reads and writes looks at
 * @registrant: ascending by host id
 */
struct reservation {
	uint8_t type;
	bool ptpl;
	uint32_t generation;
	unsigned int nr_registrants;
	struct registrant *registrant;
};

enum access {
	ACCESS_OTHER,		/* allowed whatever the reservation, or judged by its own handler */
	ACCESS_READ,
	ACCESS_WRITE,
};

/**
 * struct nvmove_namespace - a namespace of the device
 * @nsid: its id in the device; a host may see it under another, see ctrl_nsid_of()
 * @write_protect: feature 84h, NVM_WRITE_PROTECT_*; survives resets
 * @locator: owned, NULL if not known
 * @pool_bytes: what it takes from the pool's capacity, 0 if the medium is not the pool's
 * @nr_requests: requests that hold it; the medium is in use as long as there is one
 * @delete_request: Namespace Management command that deleted it and waits for @nr_requests to
 *	become 0; NULL as long as it exists
 * @changes_begun: media operations that change data, of any controller, submitted so far
 * @changes_under_way: of those, not yet ended
 * @next: on the subsystem's list of deleted namespaces
 * @preempting: newest Preempt and Abort that waits for commands, NULL if none does
 */
struct nvmove_namespace {
	uint32_t nsid;
	unsigned int lba_shift;
	uint64_t blocks;
	struct nvmove_medium *medium;
	struct reservation reservation;
	struct ctrl_request *preempting;
	uint8_t uuid[16];
	uint8_t nguid[16];
	uint8_t eui64[8];
	bool is_private;
	uint8_t write_protect;
	char *locator;
	uint64_t pool_bytes;

	unsigned int nr_requests;
	uint64_t changes_begun;
	unsigned int changes_under_way;
	struct ctrl_request *delete_request;
	struct nvmove_namespace *next;
};

/**
 * struct identity - who a controller is to its host and what it offers, as Identify and CAP tell;
 *	texts end with a NUL and are padded with more
 * @oacs: optional admin commands, beyond those that the primary alone has
 * @oncs: optional I/O commands and features
 * @volatile_write_cache: there is one: Volatile Write Cache (06h) is supported
 */
struct identity {
	char subnqn[224];
	char serial[21];
	char model[41];
	char firmware[9];
	uint16_t vendor_id;
	uint16_t subsystem_vendor_id;
	uint32_t ieee_oui;
	unsigned int max_queue_entries;
	unsigned int mdts;
	unsigned int num_namespaces;
	uint16_t oacs;
	uint16_t oncs;
	bool volatile_write_cache;
};

/**
 * struct nvmove_vsubsystem - a virtual subsystem: an identity and the controllers that have it
 * @subsystem: that it is part of
 * @next: in the subsystem's list; the device's own identity is not on it
 * @max_io_queues, @max_vectors: resources of a member at most
 */
struct nvmove_vsubsystem {
	struct nvmove_subsystem *subsystem;
	struct nvmove_vsubsystem *next;
	struct identity identity;
	unsigned int max_io_queues;
	unsigned int max_vectors;
	enum nvmove_identity_policy policy;
};

/**
 * struct nvmove_ctrl - a controller
 * @index: 0 for the primary, n for the secondary behind VF n, beyond those for secondaries behind
 *	physical functions of their own
 * @cntlid: its id in the device: how the primary addresses it, and what messages call it
 * @online: Base 8.26; always true for the primary
 * @vsubsystem: virtual subsystem that it belongs to; the device's own where nobody said otherwise
 * @identity: of @vsubsystem
 * @virtual_cntlid: controller id that its host sees; @cntlid in the device's own identity
 * @ns: [subsystem->num_namespaces + 1], by the id under which its host sees a namespace; NULL where
 *	none is attached. Only ids up to @identity->num_namespaces are used
 * @num_queues, @num_vectors: resources: admin and I/O queue pairs, interrupt vectors
 * @dirty: what the controller has written of the memory that is tracked, NULL: it is not tracked.
 *	Begun and ended by the primary's host (lm/dirty.c), outlives every reset of the controller
 *	itself
 */
struct nvmove_ctrl {
	struct nvmove_subsystem *subsystem;
	unsigned int index;
	uint16_t cntlid;
	bool online;
	struct nvmove_vsubsystem *vsubsystem;
	const struct identity *identity;
	uint16_t virtual_cntlid;
	struct nvmove_namespace **ns;
	unsigned int num_queues;
	unsigned int num_vectors;

	const struct nvmove_host_ops *ops;
	void *fn;
	struct dirty_map *dirty;
	bool scheduled;
	bool running;
	uint32_t epoch;
	unsigned int page_shift;
	bool disabling;			/* CC.EN was cleared, commands are still under way */
	bool shutting_down;		/* the flush of a shutdown is under way */
	uint64_t power_on_since_ns;

	struct sq_run *sq;
	struct cq_run *cq;
	unsigned int qid_end;		/* no queue of this epoch has this id or a higher one */
	uint32_t nsid_end;		/* no namespace with this id or a higher one was ever attached */
	unsigned int first_ready;	/* ready list of submission queues, NO_QUEUE if empty */
	unsigned int last_ready;
	unsigned int first_irq;		/* completion queues with irq_wanted */
	struct vector_run *vector;
	unsigned int first_aggregating;	/* vectors by deadline, NO_VECTOR if none */
	unsigned int last_aggregating;
	uint64_t timer_deadline_ns;	/* that the embedder was asked for, UINT64_MAX none */
	unsigned int in_flight;		/* requests fetched and not completed, of any epoch */
	unsigned int nr_unposted;
	unsigned int max_segments;
	struct ctrl_request *free_requests;
	struct ctrl_request *all_requests;

	enum suspend_phase suspend;
	uint64_t suspended_at_ns;
	nvmove_suspend_fn *suspend_done;
	void *suspend_arg;
	struct state_transfer transfer;
	struct cdq *user_data_queue;	/* User Data Migration Queue that logs it, NULL if none */
	struct ctrl_state st;
};

#define NO_QUEUE	0xffffffffu
#define NO_VECTOR	0xffffffffu

struct nvmove_subsystem {
	struct nvmove_vsubsystem device;	/* the device's own identity: the most it can do */
	struct nvmove_vsubsystem *vsubsystems;	/* all others */
	unsigned int num_ctrls;		/* primary and secondaries */
	unsigned int max_vfs;
	unsigned int num_vfs;		/* that exist now */
	unsigned int protocols;		/* NVMOVE_PROTOCOL_* */
	unsigned int max_io_queues;
	unsigned int max_vectors;
	unsigned int num_namespaces;
	unsigned int primary_flexible[2];	/* VQ, VI: in use since the primary's last reset */
	unsigned int primary_flexible_next[2];	/* from its next reset on */
	struct nvmove_ctrl **ctrl;
	struct nvmove_namespace **ns;	/* [num_namespaces + 1], by id, NULL where there is none */
	struct nvmove_namespace *deleted;	/* gone for every host, requests still hold them */
	struct nvmove_pool pool;	/* @ops NULL: none */
	uint64_t pool_used;
	struct nvmove_load_report load_report;
	struct cdq *cdqs;		/* Controller Data Queues, all of the primary */
	uint16_t last_cdqid;
	uint64_t cdq_events;		/* that have occurred so far */
	bool cdq_news;			/* entries were posted since cdq_report() */
};

/* subsystem.c */
struct nvmove_ctrl *subsystem_find_ctrl(struct nvmove_subsystem *subsystem, unsigned int cntlid);
struct nvmove_ctrl *subsystem_find_migratable(struct nvmove_subsystem *subsystem,
					      unsigned int cntlid);
bool ctrl_speaks(const struct nvmove_ctrl *ctrl, unsigned int protocol);
static inline bool ctrl_is_primary(const struct nvmove_ctrl *ctrl)
{
	return ctrl->index == 0;
}

/* Number of the VF that the controller is behind, 0 if it is behind a physical function. */
static inline unsigned int ctrl_vf_number(const struct nvmove_ctrl *ctrl)
{
	return ctrl->index <= ctrl->subsystem->max_vfs ? ctrl->index : 0;
}

/* vsubsystem.c */
void vsubsystem_init_device(struct nvmove_subsystem *subsystem,
			    const struct nvmove_subsystem_config *config);
void vsubsystem_free_all(struct nvmove_subsystem *subsystem);
unsigned int vsubsystem_num_members(const struct nvmove_vsubsystem *vsubsystem);
void vsubsystem_enter(struct nvmove_ctrl *ctrl, struct nvmove_vsubsystem *vsubsystem,
		      uint16_t virtual_cntlid);
bool identity_has_admin_command(const struct identity *identity, unsigned int opcode);
bool identity_has_io_command(const struct identity *identity, unsigned int opcode);
bool identity_has_feature(const struct identity *identity, unsigned int fid);
/* nsmgmt.c */
uint32_t ns_mgmt_execute(struct ctrl_request *req);
uint32_t ns_attach_execute(struct ctrl_request *req);
void ns_mgmt_schedule(struct nvmove_subsystem *subsystem);
void ns_mgmt_progress(struct nvmove_subsystem *subsystem);
uint64_t ns_mgmt_total_capacity(const struct nvmove_subsystem *subsystem);
uint64_t ns_mgmt_free_capacity(const struct nvmove_subsystem *subsystem);

/* namespace.c */
/*
 * Whether @length bytes are more than one command of @ctrl may transfer (Identify Controller MDTS).
 */
static inline bool ctrl_exceeds_mdts(const struct nvmove_ctrl *ctrl, uint64_t length)
{
	return length > 4096ull << ctrl->identity->mdts;
}

/* Whether @nsid, as the host of @ctrl says it, can name a namespace: it is not 0 nor beyond NN. */
static inline bool ctrl_nsid_valid(const struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	return nsid >= 1 && nsid <= ctrl->identity->num_namespaces;
}

/* The namespace that @nsid means to the host of @ctrl, NULL if it is not attached. */
static inline struct nvmove_namespace *ctrl_namespace(const struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	return ctrl_nsid_valid(ctrl, nsid) ? ctrl->ns[nsid] : NULL;
}

uint32_t ctrl_nsid_of(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns);
bool subsystem_nsid_valid(const struct nvmove_subsystem *subsystem, uint32_t nsid);
bool namespace_uuid_is_set(const uint8_t *id, size_t len);
unsigned int namespace_flags(const struct nvmove_namespace *ns);
bool namespace_is_shared(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns);
bool namespace_nsid_is_free(const struct nvmove_subsystem *subsystem, uint32_t nsid);
int namespace_create(struct nvmove_subsystem *subsystem,
		     const struct nvmove_namespace_config *config, uint64_t blocks, char **error);
void namespace_free(struct nvmove_namespace *ns);
void namespace_changed(struct nvmove_subsystem *subsystem, const struct nvmove_namespace *ns);

/*
 * Let @req use @ns, NULL for none any more: the medium of a deleted namespace is not given back
 * before the last request has let go.
 */
static inline void req_set_namespace(struct ctrl_request *req, struct nvmove_namespace *ns)
{
	if (req->ns && !--req->ns->nr_requests && req->ns->delete_request)
		ns_mgmt_schedule(req->ctrl->subsystem);
	req->ns = ns;
	if (ns)
		ns->nr_requests++;
}

/* LBA formats, the same for every namespace. */
static inline unsigned int lba_format_shift(unsigned int format)
{
	return format ? 12 : 9;
}

static inline unsigned int lba_format_of(const struct nvmove_namespace *ns)
{
	return ns->lba_shift == 12;
}

/* nsprotect.c */
bool namespace_is_write_protected(const struct nvmove_namespace *ns);
uint32_t get_write_protect(struct ctrl_request *req, unsigned int select);
uint32_t set_write_protect(struct ctrl_request *req, uint32_t cdw11);

/* reservation.c */
uint32_t resv_register_execute(struct ctrl_request *req);
uint32_t resv_acquire_execute(struct ctrl_request *req);
uint32_t resv_release_execute(struct ctrl_request *req);
uint32_t resv_report_execute(struct ctrl_request *req);
struct registrant *reservation_find(const struct reservation *resv, const uint8_t host_id[16]);
bool reservation_is_all_registrants(unsigned int type);
bool reservation_denies(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns,
			enum access access);
bool reservation_denies_any(const struct nvmove_ctrl *ctrl, enum access access);
void reservation_command_done(struct ctrl_request *waiter);

/* reservation_notice.c */
void resv_notify_host(struct nvmove_subsystem *subsystem, const struct nvmove_namespace *ns,
		      const uint8_t host_id[16], enum nvm_resv_notice type);
void resv_notify_registrants(struct nvmove_subsystem *subsystem,
			     const struct nvmove_namespace *ns, const uint8_t except[16],
			     enum nvm_resv_notice type);
void resv_log_fill(struct nvmove_ctrl *ctrl, void *data);
void resv_log_remove_oldest(struct nvmove_ctrl *ctrl);
uint32_t get_resv_mask(struct ctrl_request *req, unsigned int select);
uint32_t set_resv_mask(struct ctrl_request *req, uint32_t cdw11);
uint32_t get_resv_persist(struct ctrl_request *req, unsigned int select);
uint32_t set_resv_persist(struct ctrl_request *req, uint32_t cdw11);

/* controller.c */
/*
 * A queue is created: whoever walks the queues goes as far as the highest id, which is far below
 * what the controller could have.
 */
static inline void ctrl_note_qid(struct nvmove_ctrl *ctrl, unsigned int qid)
{
	if (qid >= ctrl->qid_end)
		ctrl->qid_end = qid + 1;
}

uint64_t ctrl_cap(const struct nvmove_ctrl *ctrl);
int ctrl_alloc(struct nvmove_subsystem *subsystem, unsigned int index, uint16_t cntlid);
void ctrl_free(struct nvmove_ctrl *ctrl);
void ctrl_set_online(struct nvmove_ctrl *ctrl);
void ctrl_set_offline(struct nvmove_ctrl *ctrl);
void ctrl_fatal(struct nvmove_ctrl *ctrl, const char *why);
void ctrl_end_epoch(struct nvmove_ctrl *ctrl);
void ctrl_progress(struct nvmove_ctrl *ctrl);
void ctrl_schedule(struct nvmove_ctrl *ctrl);
void ctrl_update_timer(struct nvmove_ctrl *ctrl);
uint64_t ctrl_now_ns(const struct nvmove_ctrl *ctrl);
void ctrl_log(const struct nvmove_ctrl *ctrl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool ctrl_is_operational(const struct nvmove_ctrl *ctrl);
bool ctrl_may_fetch(const struct nvmove_ctrl *ctrl);

/* sq.c */
void sq_init(struct nvmove_ctrl *ctrl, unsigned int qid, uint64_t addr, uint32_t size,
	     uint16_t cqid, uint8_t priority);
void sq_start(struct nvmove_ctrl *ctrl, unsigned int qid);
void sq_destroy(struct nvmove_ctrl *ctrl, unsigned int qid);
void sq_take_tail(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t tail);
void sq_doorbell(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t tail);
void sq_make_ready(struct nvmove_ctrl *ctrl, unsigned int qid);
void sq_make_all_ready(struct nvmove_ctrl *ctrl);
void sq_make_ready_of_cq(struct nvmove_ctrl *ctrl, unsigned int cqid);
void sq_fetch_all(struct nvmove_ctrl *ctrl);
struct ctrl_request *req_alloc(struct nvmove_ctrl *ctrl);
void req_free(struct ctrl_request *req);
void req_complete(struct ctrl_request *req, uint32_t status);
bool req_is_stale(const struct ctrl_request *req);

/* cq.c */
void cq_init(struct nvmove_ctrl *ctrl, unsigned int qid, uint64_t addr, uint32_t size,
	     bool irq_enabled, uint16_t vector);
void cq_start(struct nvmove_ctrl *ctrl, unsigned int qid);
void cq_destroy(struct nvmove_ctrl *ctrl, unsigned int qid);
void cq_take_head(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t head);
void cq_doorbell(struct nvmove_ctrl *ctrl, unsigned int qid, uint32_t head);
void cq_post(struct nvmove_ctrl *ctrl, unsigned int qid, struct ctrl_request *req);
void cq_append_unposted(struct nvmove_ctrl *ctrl, unsigned int qid, struct ctrl_request *req);
bool cq_has_room(struct nvmove_ctrl *ctrl, unsigned int qid);
void cq_post_all_unposted(struct nvmove_ctrl *ctrl);
static inline bool cq_has_unread(const struct cq_state *cq)
{
	return cq->head != cq->tail;
}

/* queue_memory.c */
static inline bool queue_memory_is_addressable(uint64_t addr, uint64_t len)
{
	return addr < QUEUE_ADDRESS_LIMIT && len <= QUEUE_ADDRESS_LIMIT - addr;
}

bool queue_memory_is_usable(const struct nvmove_ctrl *ctrl, uint64_t addr, uint64_t len);
const char *queue_memory_admin_problem(const struct ctrl_state *st);

/* shadow.c */
bool shadow_is_used(const struct nvmove_ctrl *ctrl, unsigned int qid);
unsigned int shadow_max_io_queues(unsigned int page_shift);
const char *shadow_problem(uint64_t doorbells, uint64_t event_indexes, unsigned int page_shift);
void shadow_begin_sq(struct nvmove_ctrl *ctrl, unsigned int qid);
void shadow_begin_cq(struct nvmove_ctrl *ctrl, unsigned int qid);
void shadow_poll_sq(struct nvmove_ctrl *ctrl, unsigned int qid);
void shadow_poll_cq(struct nvmove_ctrl *ctrl, unsigned int qid);
void shadow_arm_sq(struct nvmove_ctrl *ctrl, unsigned int qid);
void shadow_arm_cq(struct nvmove_ctrl *ctrl, unsigned int qid);
void shadow_catch_up(struct nvmove_ctrl *ctrl);
uint32_t doorbell_buffer_config_execute(struct ctrl_request *req);

/* irq.c */
void irq_want(struct nvmove_ctrl *ctrl, unsigned int cqid);
void irq_flush(struct nvmove_ctrl *ctrl);
void irq_raise_unread(struct nvmove_ctrl *ctrl, uint32_t vectors);
void irq_raise_all_unread(struct nvmove_ctrl *ctrl);
void irq_forget(struct nvmove_ctrl *ctrl);
void irq_release(struct nvmove_ctrl *ctrl, unsigned int vector);
void irq_release_due(struct nvmove_ctrl *ctrl, uint64_t now_ns);
void irq_release_all(struct nvmove_ctrl *ctrl);
uint64_t irq_deadline_ns(const struct nvmove_ctrl *ctrl);

/* prp.c */
int host_read(struct nvmove_ctrl *ctrl, uint64_t addr, void *buf, size_t len);
int host_write(struct nvmove_ctrl *ctrl, uint64_t addr, const void *buf, size_t len);
uint32_t prp_read(struct ctrl_request *req, void *buf, size_t len);
uint32_t prp_write(struct ctrl_request *req, const void *buf, size_t len);
uint32_t prp_map(struct ctrl_request *req, size_t len, enum nvmove_dma_direction dir);
uint32_t prp_unmap(struct ctrl_request *req, bool transferred);

/* admin.c, io.c */
uint32_t admin_execute(struct ctrl_request *req);
uint32_t io_execute(struct ctrl_request *req);
bool admin_opcode_effects(const struct nvmove_ctrl *ctrl, unsigned int opcode, uint32_t *effects);
bool io_opcode_effects(const struct nvmove_ctrl *ctrl, unsigned int opcode, uint32_t *effects);
bool io_start_flush_all(struct ctrl_request *req);

/* identify.c, features.c, logpage.c, virtmgmt.c */
uint32_t identify_execute(struct ctrl_request *req);
uint32_t check_attached(const struct ctrl_request *req, uint32_t nsid);
uint32_t get_features_execute(struct ctrl_request *req);
uint32_t set_features_execute(struct ctrl_request *req);
void features_init(struct nvmove_ctrl *ctrl);
void features_reset(struct nvmove_ctrl *ctrl);
void features_forget_namespace(struct nvmove_ctrl *ctrl, uint32_t nsid);
struct features_state features_default(const struct identity *identity, unsigned int num_queues);
unsigned int features_io_queues_granted(uint32_t num_queues);
bool feature_is_saveable(const struct identity *identity, unsigned int fid);
void features_log(const struct nvmove_ctrl *ctrl, uint32_t *effects);
uint64_t timestamp_at_ms(const struct nvmove_ctrl *ctrl, uint64_t now_ns);
uint64_t power_on_ns(const struct nvmove_ctrl *ctrl, uint64_t now_ns);
void keep_alive_restart(struct nvmove_ctrl *ctrl);
uint32_t keep_alive_execute(struct ctrl_request *req);
uint32_t get_log_page_execute(struct ctrl_request *req);
void error_log_add(struct ctrl_request *req, uint32_t status, uint64_t lba);
uint8_t smart_critical_warning(const struct nvmove_ctrl *ctrl);
void changed_ns_add(struct nvmove_ctrl *ctrl, uint32_t nsid);
uint32_t virt_mgmt_execute(struct ctrl_request *req);
void virt_mgmt_primary_reset(struct nvmove_subsystem *subsystem);
unsigned int virt_flexible_total(const struct nvmove_subsystem *subsystem, unsigned int type);
unsigned int virt_flexible_assigned(const struct nvmove_subsystem *subsystem, unsigned int type);
unsigned int virt_secondary_max(const struct nvmove_subsystem *subsystem, unsigned int type);
unsigned int virt_secondary_limit(const struct nvmove_ctrl *ctrl, unsigned int type);
unsigned int virt_primary_private(const struct nvmove_subsystem *subsystem, unsigned int type);

/* aer.c */
uint32_t async_event_execute(struct ctrl_request *req);
bool async_event_abort(struct nvmove_ctrl *ctrl, uint16_t cid);
void event_raise(struct nvmove_ctrl *ctrl, uint8_t type, uint8_t info, uint8_t log_page);
void event_unmask(struct nvmove_ctrl *ctrl, uint8_t type);
void event_deliver(struct nvmove_ctrl *ctrl);
void event_check_temperature(struct nvmove_ctrl *ctrl);

/* lm/ */
void suspend_progress(struct nvmove_ctrl *ctrl);
void suspend_cancel(struct nvmove_ctrl *ctrl);
size_t state_size(const struct nvmove_ctrl *ctrl, unsigned int parts);
long state_save(const struct nvmove_ctrl *ctrl, unsigned int parts, uint64_t now_ns, void *buf,
		size_t size);
int state_load(struct nvmove_ctrl *ctrl, unsigned int parts, const void *buf, size_t size,
	       struct nvmove_load_error *error);
int state_load_queues(struct nvmove_ctrl *ctrl, const void *buf, size_t size,
		      struct nvmove_load_error *error);
bool state_is_question(const void *buf, size_t size);
int state_answer(struct nvmove_ctrl *ctrl, const void *buf, size_t size,
		 struct nvmove_load_error *error);
void state_transfer_discard(struct state_transfer *transfer);
int state_transfer_snapshot(struct nvmove_ctrl *ctrl, unsigned int parts);
void state_transfer_begin(struct state_transfer *transfer);
void state_transfer_forget(struct state_transfer *transfer);
uint32_t state_transfer_take(struct ctrl_request *req, struct nvmove_ctrl *ctrl, uint64_t offset,
			     size_t length);
bool state_transfer_is_question(const struct state_transfer *transfer);
uint32_t state_transfer_commit(struct nvmove_ctrl *ctrl, unsigned int parts);
uint32_t state_transfer_refuse(const struct nvmove_ctrl *ctrl, const char *format, ...)
	__attribute__((cold, format(printf, 2, 3)));
bool rfc_is_opcode(unsigned int opcode);
uint32_t rfc_execute(struct ctrl_request *req);
bool hmlm_is_opcode(unsigned int opcode);
void hmlm_fill_ctrl(struct nvm_id_ctrl *id);
void hmlm_fill_formats(void *data);
uint32_t migration_send_execute(struct ctrl_request *req);
uint32_t migration_receive_execute(struct ctrl_request *req);
uint32_t track_send_execute(struct ctrl_request *req);
uint32_t track_receive_execute(struct ctrl_request *req);
void memory_tracking_fill_ctrl(struct nvm_id_ctrl *id);
void memory_tracking_end(struct nvmove_ctrl *ctrl);
void memory_tracking_end_all(struct nvmove_subsystem *subsystem);
uint32_t track_memory_execute(struct ctrl_request *req);
uint32_t memory_changes_execute(struct ctrl_request *req);
uint32_t cdq_execute(struct ctrl_request *req);
uint32_t get_cdq(struct ctrl_request *req, unsigned int select);
uint32_t set_cdq(struct ctrl_request *req, uint32_t cdw11);
void cdq_delete_of(struct nvmove_ctrl *ctrl);
void cdq_delete_all(struct nvmove_subsystem *subsystem);
bool cdq_take_event(const struct nvmove_subsystem *subsystem, uint32_t *dw0, uint32_t *dw1);
uint32_t log_user_data_execute(struct ctrl_request *req);
void user_data_change_begins(struct ctrl_request *req);
void user_data_change_ends(struct ctrl_request *req, int error);
void user_data_flush(struct nvmove_ctrl *ctrl);
void user_data_suspended(struct nvmove_ctrl *ctrl);
void user_data_resumed(struct nvmove_ctrl *ctrl);

#endif /* CTRL_CONTROLLER_H */
