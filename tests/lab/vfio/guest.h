/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory. Everything that the guest driver and its workload know lies in here, in fixed
 * layout and without pointers, so that moving this memory and the device's state moves the guest.
 * What only the VMM knows (files, mappings) is in machine.h and never in here.
 */
#ifndef VFIO_LAB_GUEST_H
#define VFIO_LAB_GUEST_H

#include <stdint.h>

#include <nvmove/nvme.h>

#define GUEST_MAGIC		0x7473657567766d6eull
#define GUEST_VERSION		1
#define GUEST_IOVA		(1ull << 32)	/* above everything that a chipset reserves */
#define GUEST_PAGE		4096u
#define GUEST_MAX_QUEUES	64u
#define GUEST_MAX_DEPTH		4096u
#define GUEST_MAX_TRANSFER	(1u << 20)
#define GUEST_MAX_EXTENTS	(1u << 20)
#define GUEST_MAX_MEMORY	(512ull << 20)
#define GUEST_MAX_MOVES		4096u
#define GUEST_ADMIN_DEPTH	32u
#define GUEST_ADMIN_PAGES	4u
#define GUEST_FEATURES		16u
#define GUEST_ERROR_ENTRIES	4u

/**
 * struct guest_options - what the guest is to do; fixed when it starts
 * @seed: makes the sequence of commands and the patterns
 * @first_lba: start of the working set
 * @nsid: namespace, 0 for the first active one
 * @nr_queues: I/O queue pairs, 1...GUEST_MAX_QUEUES
 * @sq_depth: entries of each submission queue, 2...GUEST_MAX_DEPTH
 * @cq_depth: entries of each completion queue; fewer than @sq_depth make the device wait for room
 * @transfer: largest command in bytes, also the unit in which commands exclude each other
 * @extents: units wanted in the working set
 * @interrupts: 1: wait for interrupts and notice lost ones; 0: poll
 * @errors: admin commands that it sends to be refused, which fills the error log
 */
struct guest_options {
	uint64_t seed;
	uint64_t first_lba;
	uint32_t nsid;
	uint32_t nr_queues;
	uint32_t sq_depth;
	uint32_t cq_depth;
	uint32_t transfer;
	uint32_t extents;
	uint32_t interrupts;
	uint32_t errors;
};

/**
 * struct guest_queue - a submission queue and its completion queue
 * @sq: offset of the submission queue in guest memory
 * @cq: offset of the completion queue
 * @slots: offset of its struct guest_slot array, sq_depth - 1 of them; 0 for the admin queue
 * @tail: next submission entry to fill
 * @rung: tail as the device was last told
 * @sq_head: device's head as last reported
 * @cq_head: next completion entry to read
 * @outstanding: commands submitted and not completed
 */
struct guest_queue {
	uint64_t sq;
	uint64_t cq;
	uint64_t slots;
	uint32_t sq_depth;
	uint32_t cq_depth;
	uint32_t tail;
	uint32_t rung;
	uint32_t sq_head;
	uint32_t cq_head;
	uint32_t outstanding;
	uint16_t id;
	uint16_t vector;
	uint8_t phase;
	uint8_t reserved[7];
};

enum guest_slot_state {
	GUEST_SLOT_FREE		= 0,
	GUEST_SLOT_SUBMITTED	= 1,
	GUEST_SLOT_DONE		= 2,	/* admin queue: completion kept until it is asked for */
};

/**
 * struct guest_slot - an I/O command in flight
 * @data: offset of its data in guest memory
 * @list: offset of its page for a PRP list
 * @lba: first block, absolute
 * @blocks: number of blocks, 0 for a Flush
 * @extent: unit that it owns
 * @move: number of the move before which it was submitted
 * @sequence: upper part of the command identifier, changes with each use of the slot
 * @opcode: enum nvm_io_opcode
 * @state: enum guest_slot_state
 */
struct guest_slot {
	uint64_t data_area;
	uint64_t data;
	uint64_t list;
	uint64_t lba;
	uint32_t blocks;
	uint32_t extent;
	uint32_t move;
	uint16_t sequence;
	uint8_t opcode;
	uint8_t state;
};

/**
 * struct guest_admin_slot - an admin command in flight
 * @cqe: its completion, once @state is GUEST_SLOT_DONE
 */
struct guest_admin_slot {
	struct nvm_cqe cqe;
	uint16_t sequence;
	uint8_t state;
	uint8_t reserved[5];
};

/** struct guest_feature - a feature's value as the guest saw it */
struct guest_feature {
	uint32_t value;
	uint32_t data_crc;
	uint32_t cdw11;
	uint8_t id;
	uint8_t present;
	uint8_t per_namespace;
	uint8_t reserved;
	uint16_t data_size;
	uint16_t reserved2;
};

/**
 * struct guest_identity - all that must not change under a living guest
 * @registers: CAP, VS, INTMS, CC, CSTS, AQA, ASQ, ACQ
 * @host_reads: SMART counter, may only grow
 * @host_writes: SMART counter, may only grow
 * @timestamp: milliseconds of the Timestamp feature, may only grow
 */
struct guest_identity {
	uint64_t registers[8];
	uint8_t controller[NVM_IDENTIFY_SIZE];
	uint8_t namespace[NVM_IDENTIFY_SIZE];
	uint8_t active[NVM_IDENTIFY_SIZE];
	uint8_t descriptors[NVM_IDENTIFY_SIZE];
	struct nvm_error_entry errors[GUEST_ERROR_ENTRIES];
	struct guest_feature feature[GUEST_FEATURES];
	uint64_t host_reads;
	uint64_t host_writes;
	uint64_t timestamp;
};

/** struct guest_counts - what happened so far; every field from @io_errors on must stay 0 */
struct guest_counts {
	uint64_t submitted;
	uint64_t completed;
	uint64_t reads;
	uint64_t writes;
	uint64_t other;
	uint64_t bytes_written;
	uint64_t bytes_verified;
	uint64_t events;
	uint64_t interrupts;
	uint64_t io_errors;
	uint64_t verify_errors;
	uint64_t duplicated;
	uint64_t lost;
	uint64_t lost_interrupts;
	uint64_t identity_errors;
	uint64_t moved_while_stopped;
};

/**
 * struct guest_move - one migration; times in microseconds, all measured by the VMM
 * @state_bytes: length of the VFIO stream
 * @unfetched: I/O commands in the saved queues that the device had not fetched
 * @pending: I/O commands without completion in guest memory when the device had stopped
 * @unread: completions in guest memory that the guest had not read
 */
struct guest_move {
	uint64_t state_bytes;
	uint32_t unfetched;
	uint32_t pending;
	uint32_t unread;
	uint32_t stop_us;
	uint32_t save_us;
	uint32_t load_us;
	uint32_t resume_us;
	uint32_t downtime_us;
};

/**
 * struct guest - head of guest memory
 * @memory_size: bytes of guest memory in all
 * @random: state of the workload's random numbers
 * @busy: offset of one byte per extent, 1 while a command owns it
 * @generations: offset of one 32-bit number per block of the working set
 * @admin_data: offset of GUEST_ADMIN_PAGES pages
 * @event_cid: command id of the outstanding Asynchronous Event Request
 * @flying_cid: command id of the Identify that is in flight across a move
 * @extents: units in the working set that the namespace has room for
 * @kernel_memory: kernel memory in KiB of the director's and the other host: after warming up, now
 */
struct guest {
	uint64_t magic;
	uint32_t version;
	uint32_t struct_size;
	uint64_t memory_size;
	struct guest_options options;
	uint64_t random;
	uint64_t busy;
	uint64_t generations;
	uint64_t admin_data;
	uint64_t blocks;
	uint32_t block_size;
	uint32_t extent_blocks;
	uint32_t extents;
	uint32_t doorbell_stride;
	uint32_t nr_vectors;
	uint32_t max_transfer;
	uint16_t event_cid;
	uint16_t flying_cid;
	struct guest_queue admin;
	struct guest_admin_slot admin_slot[GUEST_ADMIN_DEPTH];
	struct guest_queue io[GUEST_MAX_QUEUES];
	struct guest_identity identity;
	struct guest_counts counts;
	uint64_t kernel_memory[2][2];
	uint32_t moves;
	struct guest_move move[GUEST_MAX_MOVES];
};

#endif /* VFIO_LAB_GUEST_H */
