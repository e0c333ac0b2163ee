/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance tests of Host Managed Live Migration: what a requirement's test is, what a back
 * end has to be able to do, and the commands that tests are made of. Nothing here knows which back
 * end it is, or whose controller.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <endian.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvmove/lm.h>
#include <nvmove/nvme.h>

#define ARRAY_LENGTH(array)	(sizeof(array) / sizeof((array)[0]))
#define PAGE_BYTES		4096u
#define NO_CONTROLLER		0xffffu	/* no controller has this id */
#define MAX_STATE		(64u << 20)
#define MAX_PIECE		(64u << 10)
#define MAX_DATA_QUEUES		8
#define ENTRY_DWORDS		(sizeof(struct nvmove_hmlm_user_data_entry) / 4)

/* ---- the back end ---- */

/** enum role - whose admin queue a command goes to */
enum role {
	MMC,
	MIGRATABLE,
};

/**
 * struct admin_command - an admin command; bit 0 of the opcode says that data goes to the
 * controller
 * @prp1: if not 0, PRP Entry 1 as it is; @data is not used then
 * @data: @length bytes
 * @page_offset: of the data in its first memory page
 */
struct admin_command {
	uint8_t opcode;
	uint32_t nsid;
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12;
	uint32_t cdw13;
	uint32_t cdw14;
	uint32_t cdw15;
	uint64_t prp1;
	void *data;
	uint32_t length;
	uint32_t page_offset;
};

/** struct admin_result - completion: SC in 7:0 and SCT in 10:8 of @status */
struct admin_result {
	unsigned int status;
	uint32_t dw0;
	uint32_t dw1;
};

/** struct guest_queue - an I/O queue pair as the guest created it; both queues have the same id */
struct guest_queue {
	uint64_t sq_address;
	uint64_t cq_address;
	uint16_t qid;
	uint16_t entries;
	uint16_t vector;
};

#define GUEST_QUEUES	2

/** struct guest_io - an I/O command; @address: of the data, page aligned */
struct guest_io {
	uint8_t opcode;
	uint32_t nsid;
	uint64_t slba;
	uint32_t blocks;
	uint64_t address;
};

struct backend;

/**
 * struct guest_ops - the host of the migratable controller, as far as a back end is one
 * @start: reset and enable the controller, create GUEST_QUEUES queue pairs, the highest id first
 * @stop: clear CC.EN; memory and queues stay as they are, so that a state that is set finds them
 * @queue: describe queue pair @index
 * @nsid: namespace that may be written
 * @allocate: zeroed memory, page aligned
 * @checksum: of all of the guest's memory
 * @push: put a command into queue @index; nothing is rung
 * @ring: ring the doorbell of queue @index
 * @completions: let the controller run, then take what queue @index has; @status of the last one
 * @async_event_request: submit one to the migratable controller
 * @async_events: completed ones since
 * @csts: the register
 */
struct guest_ops {
	void (*start)(struct backend *backend);
	void (*stop)(struct backend *backend);
	struct guest_queue (*queue)(struct backend *backend, unsigned int index);
	uint32_t (*nsid)(struct backend *backend);
	uint64_t (*allocate)(struct backend *backend, size_t length);
	uint64_t (*checksum)(struct backend *backend);
	void (*push)(struct backend *backend, unsigned int index, const struct guest_io *io);
	void (*ring)(struct backend *backend, unsigned int index);
	unsigned int (*completions)(struct backend *backend, unsigned int index,
				    unsigned int *status);
	void (*async_event_request)(struct backend *backend);
	unsigned int (*async_events)(struct backend *backend);
	uint32_t (*csts)(struct backend *backend);
};

/**
 * struct backend_ops - how a device is reached; what may be NULL is skipped with a reason
 * @admin: execute a command; 0, or -errno if it could not be submitted
 * @reset: Controller Level Reset of the MMC; NULL: not possible, or not allowed
 * @queue_memory: @length zeroed bytes, contiguous, that the MMC may write to at any time; may be
 *	NULL
 * @queue_memory_read: what is there at @address; with @queue_memory
 * @async_event_request: see that one is outstanding at the MMC; NULL if somebody else owns its
 *	admin queue
 * @async_event: whether it has completed; with @async_event_request
 * @migratable: whether @admin reaches a migratable controller
 * @guest: NULL: somebody else is the host of the migratable controller
 */
struct backend_ops {
	int (*admin)(struct backend *backend, enum role role, const struct admin_command *command,
		     struct admin_result *result);
	int (*reset)(struct backend *backend);
	uint64_t (*queue_memory)(struct backend *backend, size_t length);
	void (*queue_memory_read)(struct backend *backend, uint64_t address, void *data,
				  size_t length);
	void (*async_event_request)(struct backend *backend);
	bool (*async_event)(struct backend *backend, struct admin_result *result);
	bool (*migratable)(struct backend *backend);
	const struct guest_ops *guest;
};

/** struct backend - embedded by each back end */
struct backend {
	const struct backend_ops *ops;
};

/* ---- a run ---- */

enum outcome {
	PASSED,
	FAILED,
	SKIPPED,
};

/** struct resources - of a secondary controller, by the Secondary Controller List */
struct resources {
	bool online;
	uint16_t vfn;
	uint16_t queues;
	uint16_t vectors;
};

/** struct state - a Controller State data structure; owned by whoever read it */
struct state {
	uint8_t *data;
	size_t size;
};

/**
 * struct session - a run against one device
 * @target: migratable controller that may be suspended and loaded, NO_CONTROLLER: none was named
 * @id, @formats: of the MMC: Identify Controller, Supported Controller State Formats
 * @csvi, @csuuidi: first index of either kind, 0 if the MMC has none
 * @piece: bytes that one command transfers at most
 * @is_secondary: the target is in the Secondary Controller List
 * @at_start: its resources then, when @is_secondary
 * @kept: last whole state read by a test, to finish what it began
 * @data_queue: Controller Data Queues that the test created
 * @touched: a test asked for the target, so that it is put back afterwards
 * @guest_started: and for being its host
 * @end: where a test that ends early goes
 * @outcome, @reason: of the test that ran last
 */
struct session {
	struct backend *backend;
	uint16_t target;
	struct nvm_id_ctrl id;
	uint8_t formats[NVM_IDENTIFY_SIZE];
	uint8_t csvi;
	uint8_t csuuidi;
	size_t piece;
	bool is_secondary;
	struct resources at_start;

	struct state kept;
	uint16_t data_queue[MAX_DATA_QUEUES];
	unsigned int nr_data_queues;
	bool touched;
	bool guest_started;

	jmp_buf end;
	enum outcome outcome;
	char reason[256];
};

/** struct requirement - one "shall": its id is the name of its test */
struct requirement {
	const char *id;
	const char *section;
	const char *text;
	void (*test)(struct session *session);
};

extern const struct requirement requirements[];
extern const size_t nr_requirements;

/**
 * session_open() - learn who the device is
 * @session: zeroed but for @backend and @target
 *
 * Return: NULL, or why it cannot be tested
 */
const char *session_open(struct session *session);

/** session_run() - test one requirement and put the device back; the outcome is in @session */
void session_run(struct session *session, const struct requirement *requirement);

/** session_secondaries() - the Secondary Controller List; false if the MMC has none */
bool session_secondaries(struct session *session, struct nvm_secondary_list *list);

/** session_close() - put the target back to what it was at the start: NULL, or what failed */
const char *session_close(struct session *session);

/* ---- how a test ends early ---- */

void session_fail(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
void session_skip(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#define expect(session, condition, ...)					\
	do {								\
		if (!(condition))					\
			session_fail(session, __VA_ARGS__);		\
	} while (0)

/** expect_status() - fail unless a command ended with @status */
void expect_status(struct session *session, struct admin_result result, unsigned int status,
		   const char *what);
/** expect_refused() - fail if a command succeeded, where the standard names no status */
void expect_refused(struct session *session, struct admin_result result, const char *what);

/* ---- what a test may need; each skips the test if it is not there ---- */

/** need_target() - a migratable controller, online and not suspended */
void need_target(struct session *session);
/** need_suspended() - that controller, suspended */
void need_suspended(struct session *session);
/** need_guest() - be its host; it is enabled and has queues */
const struct guest_ops *need_guest(struct session *session);
void need_migratable_admin(struct session *session);
void need_reset(struct session *session);
void need_memory_tracking(struct session *session);
void need_user_data_tracking(struct session *session);
void need_version(struct session *session);
void need_uuid(struct session *session);

/* ---- commands ---- */

struct admin_result admin(struct session *session, enum role role, struct admin_command command);
struct admin_result identify(struct session *session, enum role role, unsigned int cns, void *data);
struct admin_result suspend(struct session *session, uint16_t cntlid, unsigned int type,
			    uint32_t flags);
struct admin_result resume(struct session *session, uint16_t cntlid);

/** reset_mmc() - Controller Level Reset of the MMC, then the target is taken online again */
void reset_mmc(struct session *session);

/** struct get_state - Get Controller State of @length bytes, a multiple of 4 */
struct get_state {
	uint16_t cntlid;
	uint8_t csvi;
	uint8_t csuuidi;
	uint8_t csuidxp;
	uint64_t offset;
	void *data;
	uint32_t length;
};

/** whole_state() - a request for both parts of the target's state from offset 0 */
struct get_state whole_state(const struct session *session, void *data, uint32_t length);
struct admin_result get_state(struct session *session, struct get_state request);
/** read_state() - all of it with these indexes; it must succeed. Belongs to the session */
struct state read_state(struct session *session, uint8_t csvi, uint8_t csuuidi);
bool is_suspended(struct session *session);

/** struct set_state - Set Controller State of @length bytes, a multiple of 4 */
struct set_state {
	uint16_t cntlid;
	uint8_t csvi;
	uint8_t csuuidi;
	enum nvmove_hmlm_sequence sequence;
	uint64_t offset;
	void *data;
	uint32_t length;
};

/** only_state() - a request that sets the whole of @state by one command; skips if it is too large */
struct set_state only_state(struct session *session, struct state state);
struct admin_result set_state(struct session *session, struct set_state request);
/** write_state() - send all of it in pieces of @piece bytes; the status of the first that failed */
struct admin_result write_state(struct session *session, struct state state, size_t piece);

struct admin_result track_memory(struct session *session, uint16_t cntlid, unsigned int action,
				 void *data, uint32_t length);
struct admin_result memory_changes(struct session *session, uint16_t cntlid, void *data,
				   uint32_t length);

/** create_queue() - of @dwords for the changes of @cntlid, in lasting memory at @address if not 0 */
struct admin_result create_queue(struct session *session, uint16_t cntlid, uint32_t dwords,
				 uint64_t address);
struct admin_result delete_queue(struct session *session, uint16_t cdqid);
struct admin_result log_user_data(struct session *session, uint16_t cdqid, unsigned int action);
struct admin_result set_queue_feature(struct session *session, uint32_t cdw11, uint32_t head,
				      uint32_t trigger);
struct admin_result get_queue_feature(struct session *session, uint16_t cdqid,
				      struct nvmove_hmlm_cdq_feature *feature);

#endif /* CONFORMANCE_H */
