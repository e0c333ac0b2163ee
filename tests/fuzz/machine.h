/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that the fuzzers drive: a primary and two secondaries with a guest's memory each,
 * media that complete when told to, a clock. Every callback of a controller is judged by the
 * witness; a rule that is broken ends the process. It decides nothing by itself and keeps
 * nothing between two inputs.
 */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include <stdlib.h>

#include "controller.h"
#include "expect.h"
#include "witness.h"

#define NR_FUNCTIONS	3	/* the primary and two secondaries */
#define NR_NAMESPACES	3	/* that exist from the beginning */
#define NR_NSIDS	6
#define NR_POOL_MEDIA	3	/* for namespaces that the primary's host creates */
#define NR_MEDIA	(NR_NAMESPACES + 1 + NR_POOL_MEDIA)
#define QUEUE_ENTRIES	32
#define VECTORS		5
#define MDTS		4	/* 64 KiB */
#define MEDIUM_BYTES	(128u << 10)
#define MAX_PENDING	2048

#define GUEST_BASE	0x100000ull
#define GUEST_PAGE	4096u
#define GUEST_PAGES	64
#define GUEST_BYTES	(GUEST_PAGES * GUEST_PAGE)

/** enum dma_path - how a function lets its controller reach the guest's memory */
enum dma_path {
	DMA_MAPPED,
	DMA_MAPPED_BY_PAGE,	/* dma_map shortens to the page */
	DMA_COPIED,		/* dma_map returns NULL */
};

/**
 * struct function - a PCI function and the guest that owns it
 * @ctrl: the controller behind it, which a move exchanges
 * @memory: the guest's memory at GUEST_BASE
 * @present: pages that exist, a bit each
 * @dirty: pages that are not zero any more, a bit each
 * @mapped: mappings that the controller holds
 * @tail: the guest's own idea of its submission queues' tails
 */
struct function {
	struct machine *machine;
	struct nvmove_ctrl *ctrl;
	uint8_t *memory;
	uint64_t present;
	uint64_t dirty;
	enum dma_path path;
	unsigned int mapped;
	bool scheduled;
	uint64_t deadline_ns;
	uint32_t tail[IO_QUEUES + 1];
	struct witness witness;
};

/**
 * struct held_medium - a medium whose operations wait for machine_complete()
 * @from_pool: a namespace of the first device has it from the pool
 * @dirty: its data is not zero any more
 */
struct held_medium {
	struct nvmove_medium base;
	struct machine *machine;
	bool from_pool;
	bool dirty;
	uint8_t data[MEDIUM_BYTES];
};

struct pending {
	struct held_medium *medium;
	struct nvmove_media_io *io;
};

/**
 * enum destination - what a controller is that takes a state, before it takes it
 * @DESTINATION_EQUAL: what the source is, in the device's identity or in one made for it
 * @DESTINATION_ADOPTS: something else, with the policy to become what the source is
 */
enum destination {
	DESTINATION_EQUAL,
	DESTINATION_ADOPTS,
};

/**
 * struct machine - everything around the controllers
 * @subsystem: the device, and the one that secondary 1 moves to, NULL before its first move
 * @medium: by the id of the namespace that begins with it; the pool's behind them
 * @pool_error: what the pool answers to the next request, 0 a medium if there is one
 */
struct machine {
	struct nvmove_subsystem *subsystem[2];
	struct function function[NR_FUNCTIONS];
	struct held_medium medium[NR_MEDIA];
	struct pending pending[MAX_PENDING];
	unsigned int nr_pending;
	int pool_error;
	uint64_t now_ns;
};

extern const struct nvmove_host_ops machine_ops;

/** machine_new_subsystem() - a device; with @pool its primary's host can create namespaces */
struct nvmove_subsystem *machine_new_subsystem(struct machine *machine,
					       const struct nvmove_pool *pool);

/** machine_begin() - a machine in its first state, the only one: secondaries online, not enabled */
struct machine *machine_begin(void);

/** machine_end() - let everything end, check what must hold then, and take the machine apart */
void machine_end(struct machine *machine);

/** machine_settle() - run the controllers until none has work */
void machine_settle(struct machine *machine);

/** machine_complete() - a medium completes its pending operation @index, with @error or 0 */
void machine_complete(struct machine *machine, unsigned int index, int error);
void machine_drain(struct machine *machine);
void machine_advance(struct machine *machine, uint64_t ns);

/** machine_quiesce() - let everything under way end; the guests read all completions */
void machine_quiesce(struct machine *machine);

/* What a guest does. Addresses are bus addresses; what lies outside the guest is dropped. */
void guest_write(struct function *f, uint64_t addr, const void *data, size_t len);
void register_write(struct function *f, uint64_t offset, uint64_t value, unsigned int size);

/** doorbell_offset() - of doorbell @index: 2 * queue id, + 1 for a completion queue's */
static inline uint64_t doorbell_offset(unsigned int index)
{
	return sizeof(__le32) * index;
}

/**
 * guest_ring() - ring a doorbell as a driver does: where shadow doorbells are in use, leave it in
 * memory, and write the register if the event index asks for it
 */
void guest_ring(struct function *f, unsigned int index, uint32_t value);

/** machine_suspend() - false if it has to wait for something under way */
bool machine_suspend(struct function *f);

/** machine_save() - the whole state of a suspended controller, to be freed */
uint8_t *machine_save(struct nvmove_ctrl *ctrl, size_t *size);

/** machine_check_state() - what a suspended controller saves, a fresh one takes and saves again */
void machine_check_state(struct function *f, enum destination destination);

/**
 * machine_move() - secondary 1 goes on behind the other device, suspended; it stays where it is if
 * that device cannot take it, which must then be for a reason
 */
void machine_move(struct machine *machine, enum destination destination);

/**
 * machine_join() - an offline secondary gets an identity of its own that lacks what is in @without:
 * 15:0 of ONCS, 31:16 of OACS; -1: the device's again. Nothing happens where it has too much
 */
void machine_join(struct function *f, enum nvmove_identity_policy policy, uint32_t without);

/** held_begin() - bytes allocated and not freed since the first call; the peak begins here */
long held_begin(void);

/** held_peak() - the most that was allocated at a time since held_begin() */
long held_peak(void);

#endif /* FUZZ_MACHINE_H */
