/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmarks stand on: a subsystem with one secondary controller in a host made of plain
 * memory, and the least of a driver that can enable it and create queues. It goes through
 * ctrl/ctrl.h alone and measures nothing.
 */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvmove/nvme.h>

#include "ctrl.h"
#include "media/medium.h"

#define IO_BYTES	4096u

#define MAX_NAMESPACES	1024u	/* of the largest controller that is measured */

#define HOST_MEMORY_BYTES	(64u << 20)

/* Bus addresses of a guest larger than this machine: each of their pages is one and the same. */
#define WIDE_MEMORY		(1ull << 40)
#define WIDE_MEMORY_BYTES	(64ull << 30)

struct held_medium;

/**
 * struct queue_pair - a submission and a completion queue, both of @entries
 * @tail: of the submission queue
 * @head, @phase: of the completion queue
 */
struct queue_pair {
	unsigned int qid;
	unsigned int entries;
	unsigned int tail;
	unsigned int head;
	unsigned int phase;
	uint64_t sq_addr;
	uint64_t cq_addr;
};

/** struct function - a PCI function and its driver */
struct function {
	struct host *host;
	struct nvmove_ctrl *ctrl;
	bool scheduled;
	struct queue_pair admin;
};

/**
 * struct host - a hypervisor
 * @memory: guest memory, at bus address 0; its last page is at every page of WIDE_MEMORY, too
 * @used: bytes of it that have been given away
 * @tracking: page for requests to track memory
 * @medium: of each namespace, NULL beyond @num_namespaces
 * @held: what namespace 1 is behind, if the host was asked for it
 */
struct host {
	uint8_t *memory;
	size_t used;
	uint64_t tracking;
	struct nvmove_subsystem *subsystem;
	struct function primary;
	struct function secondary;
	unsigned int num_namespaces;
	struct nvmove_medium *medium[MAX_NAMESPACES + 1];
	struct held_medium *held;
};

/**
 * struct host_options - what differs between benchmarks
 * @max_io_queues, @max_namespaces: that the device has room for; 0 for the default of either. It
 *	has a vector for each queue
 * @num_namespaces: that exist and are attached to the secondary
 * @namespace_bytes: size of each
 * @hold: namespace 1 completes nothing before host_release()
 */
struct host_options {
	unsigned int max_io_queues;
	unsigned int max_namespaces;
	unsigned int num_namespaces;
	uint64_t namespace_bytes;
	bool hold;
};

/*
 * Everything here ends the program where it cannot do its work: there is nothing to measure then.
 */

/** host_new() - primary enabled; the secondary online, with all resources, not enabled */
struct host *host_new(const struct host_options *options);
void host_free(struct host *host);

/** host_alloc() - bus address of @len bytes of guest memory, page aligned, zero, never freed */
uint64_t host_alloc(struct host *host, size_t len);

/** host_track() - have the secondary's writes to @bytes of memory at @addr tracked, in pages of 4 KiB */
void host_track(struct host *host, uint64_t addr, uint64_t bytes);
void host_untrack(struct host *host);

/**
 * host_receive() - take a report of what was written, of @bytes, to memory at @prp1 and @prp2, and
 * see to
 *	it that there is no more
 */
void host_receive(struct host *host, uint64_t prp1, uint64_t prp2, uint32_t bytes);

/** host_release() - let namespace 1 complete all that it holds, oldest first */
void host_release(struct host *host);

/** host_fill() - write all of namespace 1, so that every page of its medium exists */
void host_fill(struct host *host);

/** host_suspend() - suspend the secondary; nothing is under way */
void host_suspend(struct host *host);

/** host_renew() - make the secondary a suspended controller that was never enabled */
void host_renew(struct host *host);

/** host_save() - the state of the suspended secondary, to be freed; @size receives its length */
void *host_save(struct host *host, size_t *size);

/** host_load() - load into the suspended secondary */
void host_load(struct host *host, const void *state, size_t size);

void function_enable(struct function *function);

/** function_disable() - its queues are gone, registrations with namespaces stay */
void function_disable(struct function *function);
void function_run(struct function *function);

/** function_admin() - execute one admin command, which must succeed */
void function_admin(struct function *function, struct nvm_sqe sqe);

/** function_post_event_requests() - leave @count Asynchronous Event Requests outstanding */
void function_post_event_requests(struct function *function, unsigned int count);

void function_create_queue(struct function *function, struct queue_pair *queue, unsigned int qid,
			   unsigned int entries);

/** function_set_host_id() - 128 bits, all bytes @byte; once after each function_enable() */
void function_set_host_id(struct function *function, uint8_t byte);

/** function_register() - Reservation Register of the host with namespaces 1 to @num_namespaces */
void function_register(struct function *function, struct queue_pair *queue,
		       unsigned int num_namespaces);

/** queue_push() - write a command at the tail; the doorbell is not rung */
void queue_push(struct function *function, struct queue_pair *queue, const struct nvm_sqe *sqe);
void queue_ring(struct function *function, const struct queue_pair *queue);

/** queue_reap() - take every completion and ring; returns how many, all of them successes */
unsigned int queue_reap(struct function *function, struct queue_pair *queue);

/** page_aligned() - @len bytes, a multiple of 4 KiB, to be freed: memory as good as a guest's */
void *page_aligned(size_t len);

/** die() - end the program with a message, printf-like */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* BENCH_HOST_H */
