/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world for one controller under test: guest memory, a medium that completes when told to, a
 * clock, a record of interrupts and of memory written; two devices that the controller can live in
 * and the host that administers each. It decides nothing by itself, so two worlds that are told the
 * same do the same.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "controller.h"
#include "mutant.h"

#define GUEST_BASE	0x100000000ull
#define GUEST_SIZE	(4u << 20)
#define HOST_SIZE	(64u << 10)
#define STRANGER_SIZE	GUEST_SIZE
#define NR_NAMESPACES	4
#define NR_SECONDARY	2
#define SECONDARY	1	/* the VF that the controller under test is behind */
#define NEIGHBOUR	2	/* another host's VF */
#define MAX_PENDING	2048
#define MAX_WRITES	8192
#define VECTORS		8
#define IO_QUEUES	6
#define QUEUE_ENTRIES	64

struct world;

/** struct model_medium - a medium whose operations wait for world_complete() */
struct model_medium {
	struct nvmove_medium base;
	struct world *world;
	uint8_t *data;
};

/** struct pending - an operation that a medium holds */
struct pending {
	struct model_medium *medium;
	struct nvmove_media_io *io;
};

/**
 * struct port - the PCI function that carries a controller, and the memory of its host
 * @memory: of @size bytes from GUEST_BASE on
 * @irqs: vectors signalled since world_begin_step()
 */
struct port {
	struct world *world;
	struct nvmove_ctrl *ctrl;
	uint8_t *memory;
	uint32_t size;
	bool scheduled;
	uint64_t deadline_ns;
	uint32_t irqs;
};

/** struct admin_host - the host of a primary: a driver for its admin queue, see admin_host.c */
struct admin_host {
	struct port port;
	unsigned int tail;
	unsigned int head;
	bool phase;
};

/**
 * struct world - everything around one virtual controller
 * @subsystem: two hosts' devices; @here says which of them the controller lives in
 * @guest: carries the controller under test, in subsystem[here]
 * @stranger: has what the other device's controller had to do before the guest comes
 * @write: guest memory written since world_begin_step(), or, if that is not @certain, mapped for a
 *	transfer that has failed; @nr_writes may exceed MAX_WRITES, then all may have been written
 */
struct world {
	struct nvmove_subsystem *subsystem[2];
	unsigned int here;
	struct port guest;
	struct port stranger;
	struct admin_host host[2];
	struct admin_host neighbour;
	struct model_medium medium[NR_NAMESPACES + 1];
	struct pending pending[MAX_PENDING];
	unsigned int nr_pending;
	uint64_t now_ns;
	bool can_map;
	struct {
		uint32_t offset;
		uint32_t len;
		bool certain;
	} write[MAX_WRITES];
	unsigned int nr_writes;
};

struct world *world_new(void);
void world_free(struct world *world);
void world_begin_step(struct world *world);
void world_settle(struct world *world);
void world_transfer_part(struct world *world, unsigned int index, size_t len);
void world_complete(struct world *world, unsigned int index, int error);
void world_drain(struct world *world);
void world_advance(struct world *world, uint64_t ns);

/*
 * A namespace, by the id that the guest sees: of the controller under test, of the other device's.
 */
void world_attach(struct world *world, uint32_t nsid);
void world_detach(struct world *world, uint32_t nsid);
void world_attach_there(struct world *world, uint32_t nsid);
void world_detach_there(struct world *world, uint32_t nsid);

void port_bind(struct port *port, struct nvmove_ctrl *ctrl);
void port_unbind(struct port *port);
void port_settle(struct port *port);

/*
 * A host's admin command: its status without More and Do Not Retry; 0xffff if it does not complete.
 */
uint32_t admin_host_command(struct admin_host *host, struct nvm_sqe *sqe, uint32_t *dw0);

/* The data buffer of admin commands, HOST_BUFFER bytes of two pages. */
#define HOST_BUFFER	8192
uint64_t admin_host_buffer_address(void);
uint8_t *admin_host_buffer(struct admin_host *host);

void world_offline(struct world *world);
void world_online(struct world *world);
void world_subsystem_reset(struct world *world);
void world_set_vfs(struct world *world, unsigned int num_vfs);

/** struct neighbour - what another host does, see ACTION_NEIGHBOUR */
struct neighbour {
	uint8_t host;
	uint32_t nsid;
	uint8_t opcode;
	uint32_t cdw10;
	uint8_t current_key;
	uint8_t other_key;
};

void world_neighbour(struct world *world, const struct neighbour *neighbour);
void copy_device_state(struct nvmove_namespace *to, const struct nvmove_namespace *from);

/** enum move_by - the library's calls, or the primaries' commands of a protocol */
enum move_by {
	MOVE_BY_CALLS,
	MOVE_BY_RFC,
	MOVE_BY_HMLM,
	NR_MOVES_BY,
};

/** struct move - how a controller is to be moved, see ACTION_MOVE */
struct move {
	enum move_by by;
	unsigned int hops;
	uint64_t pieces;
	uint64_t life;
};

/*
 * Move the drained controller to the other device; it is left suspended. @mutant, if not NULL, is
 * let loose on the state. False, with the reason, if it does not work.
 */
bool world_move(struct world *world, const struct move *move, const struct mutant *mutant, char *why,
		size_t why_size);
bool world_resume(struct world *world, enum move_by by);

#endif /* MODEL_WORLD_H */
