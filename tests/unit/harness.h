/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every unit test of ctrl/ stands on: a subsystem whose functions sit in a fake host (guest
 * memory, interrupts, time, scheduling), media that do what the test tells them to, and a small
 * host driver. It knows the specification and ctrl/ctrl.h; it never looks into the library.
 */
#ifndef UNIT_HARNESS_H
#define UNIT_HARNESS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nvmove/cstate.h>
#include <nvmove/lm.h>
#include <nvmove/nvme.h>

#include "ctrl.h"
#include "media/medium.h"

#define TEST_CASE(name)		static void name(void **fixture __attribute__((unused)))
#define RUN_TESTS(group, ...)								\
	int main(void)									\
	{										\
		const struct CMUnitTest tests[] = { __VA_ARGS__ };			\
											\
		return cmocka_run_group_tests_name(group, tests, NULL, NULL);		\
	}										\
	_Static_assert(1, "")
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define PAGE			4096u
#define MS			1000000ull	/* nanoseconds */

#define MAX_FUNCTIONS		16
#define MAX_NSID		8
#define MAX_VECTORS		64

/* ---- guest memory: pages at arbitrary bus addresses, with holes between allocations ---- */

struct guest_memory;

struct guest_memory *guest_memory_new(void);
void guest_memory_free(struct guest_memory *memory);

/** guest_alloc() - @len bytes, rounded up to pages, zeroed, 64 KiB aligned, holes on both sides */
uint64_t guest_alloc(struct guest_memory *memory, size_t len);

/** guest_unmap() - take pages away: DMA to them fails from now on */
void guest_unmap(struct guest_memory *memory, uint64_t addr, size_t len);

/** guest_read_only() - the device must never write these pages; a write is a test failure */
void guest_read_only(struct guest_memory *memory, uint64_t addr, size_t len);

/** guest_completion_queue() - the device writes these pages in aligned entries of 16 bytes only */
void guest_completion_queue(struct guest_memory *memory, uint64_t addr, size_t len);

/** guest_ordinary() - undo guest_read_only() and guest_completion_queue() */
void guest_ordinary(struct guest_memory *memory, uint64_t addr, size_t len);

void guest_write(struct guest_memory *memory, uint64_t addr, const void *buf, size_t len);
void guest_read(struct guest_memory *memory, uint64_t addr, void *buf, size_t len);
void guest_fill(struct guest_memory *memory, uint64_t addr, uint8_t byte, size_t len);
bool guest_is_filled(struct guest_memory *memory, uint64_t addr, uint8_t byte, size_t len);

/** guest_take_faults() - DMA refused since the last call; a test must take all that it causes */
unsigned int guest_take_faults(struct guest_memory *memory);

/** guest_checksum() - of all mapped memory, to prove that nobody wrote */
uint64_t guest_checksum(const struct guest_memory *memory);

/* Accesses by the device. 0 or -EFAULT */
int guest_dma_read(struct guest_memory *memory, uint64_t addr, void *buf, size_t len);
int guest_dma_write(struct guest_memory *memory, uint64_t addr, const void *buf, size_t len);

/** guest_dma_room() - bytes from @addr to the end of its page, 0 and a fault if not mapped */
size_t guest_dma_room(struct guest_memory *memory, uint64_t addr);

/* ---- scripted medium: completes at once, or when and how the test says ---- */

#define NR_MEDIA_OPS	(NVMOVE_MEDIA_DEALLOCATE + 1)

/**
 * struct scripted_medium - a medium over memory
 * @data: what a read returns
 * @durable: what would survive a loss of power: flushed, or written with NVMOVE_MEDIA_F_FUA
 * @hold: keep what is submitted until scripted_complete()
 * @held: operations that wait, oldest first
 * @submitted: operations so far, by kind
 * @last_flags: flags of the newest operation of each kind
 * @fail: errno (positive) of the next operations of each kind, 0 none
 */
struct scripted_medium {
	struct nvmove_medium base;
	uint8_t *data;
	uint8_t *durable;
	bool hold;
	struct nvmove_media_io *held;
	unsigned int submitted[NR_MEDIA_OPS];
	unsigned int last_flags[NR_MEDIA_OPS];
	int fail[NR_MEDIA_OPS];
};

struct scripted_medium *scripted_medium_new(uint64_t size);
void scripted_medium_free(struct scripted_medium *medium);
unsigned int scripted_held(const struct scripted_medium *medium);
unsigned int scripted_submitted(const struct scripted_medium *medium);

/** scripted_complete() - complete the @index-th held operation; @error is 0 or a positive errno */
void scripted_complete(struct scripted_medium *medium, unsigned int index, int error);

/** scripted_release() - stop holding and complete everything held, oldest first */
void scripted_release(struct scripted_medium *medium);

/* ---- a pool of scripted media for namespaces that the host creates ---- */

/**
 * struct scripted_pool - what scripted_pool_init() makes of it, and what came of it
 * @medium: by namespace id, while it exists
 * @created: media so far
 * @destroyed: media so far
 * @fail: errno (positive) of the next create, 0 none
 * @surplus: bytes by which media are larger than asked for; may be negative
 * @locator, @nguid_byte: given to the namespace; NULL and 0 for none
 */
struct scripted_pool {
	struct nvmove_pool pool;
	struct scripted_medium *medium[1024 + 1];
	unsigned int created;
	unsigned int destroyed;
	int fail;
	int surplus;
	const char *locator;
	uint8_t nguid_byte;
};

/** scripted_pool_init() - an empty pool with room for @bytes, for struct rig_options */
void scripted_pool_init(struct scripted_pool *pool, uint64_t bytes);
/** scripted_pool_free() - free the media that are left, once the rig is gone */
void scripted_pool_free(struct scripted_pool *pool);

/* ---- the rig: a subsystem, its functions, its namespaces, a clock ---- */

enum dma_mode {
	DMA_MAPPED,		/* dma_map works */
	DMA_MAP_REFUSED,	/* dma_map returns NULL */
	DMA_COPIED,		/* there is no dma_map */
};

struct rig;
struct mapping;

/**
 * struct function - the PCI function that carries a controller
 * @scheduled: the controller asked to be run
 * @mapped: ranges mapped and not yet unmapped
 * @dma: DMA accesses of any kind so far
 * @interrupts: signalled so far, by vector
 * @before_write: called before each DMA write, for what a host does at that very moment
 * @before_write_arg: for the test's use
 * @vectors: an interrupt with a vector beyond is a test failure
 * @log_lines: messages to the administrator so far
 */
struct function {
	struct rig *rig;
	struct nvmove_ctrl *ctrl;
	struct guest_memory *memory;
	bool owns_memory;
	enum dma_mode dma_mode;
	size_t map_limit;
	bool scheduled;
	uint64_t deadline;
	struct mapping *mapped;
	unsigned long dma;
	unsigned int interrupts[MAX_VECTORS];
	unsigned int total_interrupts;
	void (*before_write)(struct function *function, uint64_t addr);
	void *before_write_arg;
	unsigned int vectors;
	unsigned int log_lines;
};

/** struct rig_options - what differs from the default; a field of 0 is the default */
struct rig_options {
	unsigned int num_secondary;	/* 3 */
	unsigned int num_secondary_pfs;	/* 0 */
	unsigned int max_io_queues;	/* 8 */
	unsigned int max_queue_entries;	/* 1024 */
	unsigned int max_vectors;	/* 9 */
	unsigned int mdts;		/* 5: 128 KiB */
	uint16_t first_cntlid;		/* 7 */
	const char *subnqn;
	const char *serial;
	const char *model;
	const char *firmware;
	uint16_t vendor_id;
	uint16_t subsystem_vendor_id;
	uint32_t ieee_oui;
	unsigned int num_namespaces;	/* MAX_NSID */
	unsigned int protocols;		/* NVMOVE_PROTOCOL_*; all */
	uint64_t namespace_bytes[MAX_NSID + 1];	/* 0: the default size of that namespace */
	unsigned int lba_shift[MAX_NSID + 1];
	uint8_t uuid_byte[MAX_NSID + 1];	/* fills the UUID; 0: derived */
	const char *locator[MAX_NSID + 1];
	bool is_private[MAX_NSID + 1];
	bool no_namespaces;
	const struct nvmove_pool *pool;
	enum dma_mode dma_mode;
	size_t map_limit;		/* dma_map shortens to this; 0: to the page */
	struct rig *source;		/* share its guests' memory and its media */
};

struct driver;

/**
 * struct rig - everything a test needs
 *
 * Default namespaces: 1 (512 B blocks, 1 MiB) attached to the primary; 2 (4 KiB blocks, 2 MiB)
 * attached to secondary 1; 3 (512 B blocks, 1 MiB) attached to the primary and to secondaries 1 and
 * 2; 4 (512 B blocks, 1 MiB) attached to nobody. Ids 5 to MAX_NSID are valid and unused.
 */
struct rig {
	struct rig_options options;
	struct nvmove_subsystem *subsystem;
	uint64_t now;
	unsigned int num_functions;
	struct function function[MAX_FUNCTIONS];
	struct driver *driver[MAX_FUNCTIONS];
	struct scripted_medium *medium[MAX_NSID + 1];
};

#define NS1_BLOCKS	2048u
#define NS2_BLOCKS	512u
#define NS3_BLOCKS	2048u

/** rig_new() - nothing is enabled, no VF exists. @options may be NULL */
struct rig *rig_new(const struct rig_options *options);

/** rig_new_enabled() - the primary's driver has enabled it */
struct rig *rig_new_enabled(const struct rig_options *options);

/** rig_new_secondaries() - and secondaries 1 to @count are online and enabled */
struct rig *rig_new_secondaries(const struct rig_options *options, unsigned int count);

/** rig_free() - destroy; fails the test for a leaked mapping or DMA fault that it did not take */
void rig_free(struct rig *rig);

/** rig_run() - run every controller until none has work */
void rig_run(struct rig *rig);

/** rig_advance() - let time pass, firing timers in order */
void rig_advance(struct rig *rig, uint64_t ns);

/** rig_online() - assign resources to secondary @index through the primary, take it online */
void rig_online(struct rig *rig, unsigned int index, unsigned int queues, unsigned int vectors);

/**
 * rig_vsubsystem_config() - a virtual subsystem "nqn.2026-11.org.example:virtual", otherwise the
 * device's own values
 */
struct nvmove_vsubsystem_config rig_vsubsystem_config(struct rig *rig);

/**
 * rig_join() - secondary @index joins a new virtual subsystem as controller @cntlid. It must be
 * offline; VFs exist after this
 */
struct nvmove_vsubsystem *rig_join(struct rig *rig, unsigned int index,
				   const struct nvmove_vsubsystem_config *config, uint16_t cntlid);

/* ---- a small host driver ---- */

/** struct command - a submission queue entry in host byte order */
struct command {
	uint8_t opcode;
	uint8_t flags;
	uint32_t nsid;
	uint32_t cdw2;
	uint32_t cdw3;
	uint64_t mptr;
	uint64_t prp1;
	uint64_t prp2;
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12;
	uint32_t cdw13;
	uint32_t cdw14;
	uint32_t cdw15;
};

/** struct completion - a completion queue entry in host byte order; @status without M, DNR, CRD */
struct completion {
	uint32_t dw0;
	uint32_t dw1;
	uint16_t sqhd;
	uint16_t sqid;
	uint16_t cid;
	unsigned int status;
};

struct submission_queue {
	struct driver *driver;
	unsigned int qid;
	uint64_t addr;
	unsigned int entries;
	unsigned int tail;
};

struct completion_queue {
	struct driver *driver;
	unsigned int qid;
	uint64_t addr;
	unsigned int entries;
	unsigned int head;
	unsigned int phase;
};

struct queue_pair {
	struct submission_queue sq;
	struct completion_queue cq;
};

struct buffer;

/**
 * struct driver - of one function. Its queues and counters live here and not in the controller, so
 * that after a migration the same driver goes on with another function
 * @page_shift: memory page size that driver_enable() sets up
 * @scratch: a page for data structures
 */
struct driver {
	struct function *function;
	struct guest_memory *memory;
	unsigned int page_shift;
	struct queue_pair admin;
	uint16_t next_cid;
	uint64_t scratch;
	struct buffer *buffers;
};

struct driver *driver_new(struct function *function);
void driver_free(struct driver *driver);

uint32_t driver_read32(struct driver *driver, uint64_t offset);
uint64_t driver_read64(struct driver *driver, uint64_t offset);
void driver_write32(struct driver *driver, uint64_t offset, uint32_t value);
void driver_write64(struct driver *driver, uint64_t offset, uint64_t value);

#define CC_DEFAULT	((6u << 16) | (4u << 20))	/* IOSQES, IOCQES */

/** driver_set_admin_queues() - fresh admin queues in memory and in AQA, ASQ, ACQ */
void driver_set_admin_queues(struct driver *driver, unsigned int sq_entries,
			     unsigned int cq_entries);
/** driver_enable() - admin queues of 32 entries, CC.EN, wait for CSTS.RDY */
void driver_enable(struct driver *driver);
/** driver_disable() - clear CC.EN, wait for CSTS.RDY to clear */
void driver_disable(struct driver *driver);
bool driver_is_ready(struct driver *driver);

/** sq_push() - write an entry at the tail and return its command id; the doorbell is not rung */
uint16_t sq_push(struct submission_queue *sq, const struct command *command);
void sq_ring(struct submission_queue *sq);
uint16_t sq_submit(struct submission_queue *sq, const struct command *command);

/** cq_poll() - take a completion if there is one; the doorbell is not rung */
bool cq_poll(struct completion_queue *cq, struct completion *completion);
void cq_ring(struct completion_queue *cq);

/** cq_take() - run, take a completion that must be there, ring */
struct completion cq_take(struct completion_queue *cq);
/** cq_assert_empty() - run; no completion may come */
void cq_assert_empty(struct completion_queue *cq);

/** queue_command() - submit one command and take its completion */
struct completion queue_command(struct queue_pair *queue, const struct command *command);
struct completion driver_admin(struct driver *driver, const struct command *command);

#define ADMIN(driver, ...)	driver_admin(driver, &(struct command){ __VA_ARGS__ })
#define COMMAND(queue, ...)	queue_command(queue, &(struct command){ __VA_ARGS__ })

void assert_status_at(struct completion completion, unsigned int expected, const char *file,
		      int line);
#define assert_status(completion, expected) \
	assert_status_at(completion, expected, __FILE__, __LINE__)
#define assert_success(completion)	assert_status(completion, NVM_SC_SUCCESS)

/** driver_create_queue() - an I/O queue pair with interrupts on @vector */
void driver_create_queue(struct driver *driver, struct queue_pair *queue, unsigned int qid,
			 unsigned int entries, unsigned int vector);
void driver_create_cq(struct driver *driver, struct completion_queue *cq, unsigned int qid,
		      unsigned int entries, unsigned int vector);
void driver_create_sq(struct driver *driver, struct submission_queue *sq, unsigned int qid,
		      unsigned int entries, unsigned int cqid);
void driver_delete_queue(struct driver *driver, struct queue_pair *queue);

/** driver_read_page() - execute @command with @driver->scratch as PRP1 and copy @len bytes out */
struct completion driver_read_page(struct driver *driver, struct command command, void *buf,
				   size_t len);
struct completion driver_write_page(struct driver *driver, struct command command,
				    const void *buf, size_t len);
struct completion driver_identify(struct driver *driver, unsigned int cns, uint32_t nsid,
				  unsigned int cntid, void *buf);
struct completion driver_get_log(struct driver *driver, unsigned int page, uint64_t offset,
				 void *buf, size_t len);
/** driver_peek_log() - the same with Retain Asynchronous Event */
struct completion driver_peek_log(struct driver *driver, unsigned int page, uint64_t offset,
				  void *buf, size_t len);
struct completion driver_get_feature(struct driver *driver, unsigned int fid, unsigned int select,
				     uint32_t nsid, uint32_t cdw11);
struct completion driver_set_feature(struct driver *driver, unsigned int fid, uint32_t nsid,
				     uint32_t cdw11);
struct completion driver_virt_mgmt(struct driver *driver, unsigned int action,
				   unsigned int resource, unsigned int cntlid,
				   unsigned int count);
struct completion driver_rfc(struct driver *driver, unsigned int opcode, unsigned int vf,
			     uint32_t length, uint64_t offset, const struct buffer *buffer);
/** driver_create_ns() - Namespace Management: create @blocks blocks, shared; dw0 is the id */
struct completion driver_create_ns(struct driver *driver, uint64_t blocks, unsigned int format);
struct completion driver_delete_ns(struct driver *driver, uint32_t nsid);
/** driver_attach_ns() - Namespace Attachment to controllers @cntlid, ended by 0; @select 1: detach */
struct completion driver_attach_ns(struct driver *driver, unsigned int select, uint32_t nsid,
				   const uint16_t *cntlid);
uint16_t driver_submit_aer(struct driver *driver);

/* ---- data buffers described by PRPs; every page stands alone in memory ---- */

struct buffer {
	struct driver *driver;
	struct buffer *next;
	size_t len;
	size_t offset;
	size_t page_size;
	unsigned int nr_pages;
	uint64_t *page;
	unsigned int nr_lists;
	uint64_t list[4];
	size_t list_offset;
	uint64_t prp1;
	uint64_t prp2;
};

/**
 * buffer_new_at() - a buffer that starts @offset bytes into its first page and whose PRP list, if
 * it needs one, starts @list_offset bytes into its page
 */
struct buffer *buffer_new_at(struct driver *driver, size_t len, size_t offset, size_t list_offset);
struct buffer *buffer_new(struct driver *driver, size_t len);
/** buffer_entry() - bus address of the PRP list entry for page @index (1 or more) */
uint64_t buffer_entry(const struct buffer *buffer, unsigned int index);
void buffer_write(const struct buffer *buffer, size_t at, const void *data, size_t len);
void buffer_read(const struct buffer *buffer, size_t at, void *data, size_t len);
void buffer_fill(const struct buffer *buffer, uint8_t byte);
void buffer_pattern(const struct buffer *buffer, unsigned int seed);
void assert_buffer_pattern(const struct buffer *buffer, unsigned int seed);
void assert_buffer_filled(const struct buffer *buffer, uint8_t byte);
/** assert_buffer_slack() - the bytes of its pages before and behind the buffer are still zero */
void assert_buffer_slack(const struct buffer *buffer);

void pattern_fill(void *data, size_t len, unsigned int seed);

/** rw_command() - Read, Write, Compare, Verify or Write Zeroes of @blocks (1 or more) blocks */
struct command rw_command(unsigned int opcode, uint32_t nsid, uint64_t slba, unsigned int blocks,
			  const struct buffer *buffer);
struct completion queue_rw(struct queue_pair *queue, unsigned int opcode, uint32_t nsid,
			   uint64_t slba, unsigned int blocks, const struct buffer *buffer);

/* ---- little-endian fields by byte offset, as the specification's figures number them ---- */

uint16_t get16(const void *buf, size_t offset);
uint32_t get32(const void *buf, size_t offset);
uint64_t get64(const void *buf, size_t offset);
void put16(void *buf, size_t offset, uint16_t value);
void put32(void *buf, size_t offset, uint32_t value);
void put64(void *buf, size_t offset, uint64_t value);
bool is_zero(const void *buf, size_t len);

/* ---- suspending without a protocol ---- */

/**
 * rig_new_destination() - the other host: a rig with the options of @source that shares its guests'
 * memory, its media and its time, with secondaries 1 to @count online, suspended and ready to load.
 * It must be freed before @source
 */
struct rig *rig_new_destination(struct rig *source, unsigned int count);

/** rig_load() - load into suspended controller @index; it must succeed */
void rig_load(struct rig *rig, unsigned int index, const void *state, size_t size);

/**
 * rig_migrate() - suspend and save controller @index of @from, load it into @to and resume it
 * there; its driver goes with it, and the driver of @to comes back in exchange
 */
void rig_migrate(struct rig *from, struct rig *to, unsigned int index);

/** rig_suspend_begin() - begin to suspend; @result is 1, then what the callback is told */
void rig_suspend_begin(struct rig *rig, unsigned int index, int *result);
/** rig_suspend() - suspend controller @index; it must end before this returns */
void rig_suspend(struct rig *rig, unsigned int index);
/** rig_save() - whole state of a suspended controller, to be freed; @size receives its length */
uint8_t *rig_save(struct rig *rig, unsigned int index, size_t *size);

#endif /* UNIT_HARNESS_H */
