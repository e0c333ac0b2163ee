/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fuzzers' programs: bytes taken for a sequence of what hosts, guests and media do. Any
 * bytes are a program; one that ends in the middle of an operation goes on with zeroes there.
 *
 * An operation begins with one byte: 4:0 what (enum program_op), 6:5 the function (3 is taken
 * for 1), 7 set: the controllers do not run after it. Its arguments follow, little-endian.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include "machine.h"

/**
 * enum program_op - operations and their arguments. New ones go to the end: corpora stay good
 * @OP_WRITE: offset 16, size 8, value 64: a register or doorbell is written
 * @OP_READ: offset 16, size 8
 * @OP_RAW: queue 8, entry 64 bytes: a submission queue entry is placed at the guest's tail
 * @OP_ADMIN: kind 8 (an index of admin opcodes, above them the opcode), data 8, then CDW10 and
 *	CDW11 32 each, namespace 8
 * @OP_IO: queue 8, kind 8, data 8, namespace 8, first block 16, blocks 8, flags 8
 * @OP_RING: queue 8: the tail doorbell, of what was placed
 * @OP_CONSUME: queue 8, entries 8 (0: all): the head doorbell
 * @OP_COMPLETE: index 16, error 8
 * @OP_TIME: milliseconds 16
 * @OP_RESET: kind 8: function level, conventional, Controller Reset, shutdown, subsystem
 * @OP_SUSPEND: without a protocol, as the next
 * @OP_RESUME:
 * @OP_MOVE: the secondary goes on behind the other device
 * @OP_POKE: address 16 (in dwords), length 8, bytes
 * @OP_LIST: page 8, seed 8, next list page 8: a page of the guest becomes a PRP list
 * @OP_NAMESPACE: namespace 8: attach, or detach
 * @OP_FUNCTIONS: number 8 of VFs
 * @OP_MIGRATE: kind 8 (3:0 an index of migration commands, 6 without the NVMe Controller State, 7
 *	without vendor data), controller 8, page 8, length 16 (in dwords; FFFFh: of all that is
 *	asked for), offset 16 (in dwords)
 * @OP_MEMORY: page 8, path 8: host memory goes or comes back; how it is reached
 * @OP_DRAIN: the media complete everything
 * @OP_ENABLE: sizes 8, memory page size 8: admin queues in the first two pages, CC.EN
 * @OP_QUEUE: queue 8, sizes 8, vector 8: commands that create an I/O queue pair, and their doorbell
 * @OP_CHECK: if it is suspended, a fresh controller takes the state
 * @OP_HOST: host 8: Set Features Host Identifier, of one of two hosts or none
 * @OP_RESERVE: queue 8, what 8 (1:0 the command, 4:2 action, 5 ignore the key, 7:6 change PTPL),
 *	namespace 8, type 8, keys 8 (3:0 current, 7:4 other)
 * @OP_SHADOW: doorbells 8, event indexes 8: Doorbell Buffer Config of two pages
 * @OP_BELL: doorbell 8, value 16: a shadow doorbell is left in memory, the register is not written
 * @OP_FEATURE: what 8 (3:0 an index of features, 6 Get, 7 save or the select that follows),
 *	namespace 8, value 32
 * @OP_CREATE: blocks 16, LBA format 8, NMIC 8, pool 8 (a multiple of 16: it fails): a namespace
 * @OP_DELETE: namespace 8
 * @OP_ATTACH: namespace 8, controllers 8 (a bit each; 7: detach)
 * @OP_IDENTITY: what 8: 0 move to, 1 check with a destination that adopts the identity; otherwise
 *	the secondary, if it is offline, gets an identity of its own or the device's: without 32
 *
 * There is no room for more in 4:0.
 */
enum program_op {
	OP_WRITE,
	OP_READ,
	OP_RAW,
	OP_ADMIN,
	OP_IO,
	OP_RING,
	OP_CONSUME,
	OP_COMPLETE,
	OP_TIME,
	OP_RESET,
	OP_SUSPEND,
	OP_RESUME,
	OP_MOVE,
	OP_POKE,
	OP_LIST,
	OP_NAMESPACE,
	OP_FUNCTIONS,
	OP_MIGRATE,
	OP_MEMORY,
	OP_DRAIN,
	OP_ENABLE,
	OP_QUEUE,
	OP_CHECK,
	OP_HOST,
	OP_RESERVE,
	OP_SHADOW,
	OP_BELL,
	OP_FEATURE,
	OP_CREATE,
	OP_DELETE,
	OP_ATTACH,
	OP_IDENTITY,
	NR_OPS,
};

/** program_run() - carry a program out and judge the machine after each operation */
void program_run(struct machine *machine, const uint8_t *data, size_t size);

/* The kinds of OP_ADMIN and OP_IO that have an index of their own. */
extern const uint8_t program_admin[], program_io[];
extern const unsigned int program_nr_admin, program_nr_io;

#endif /* FUZZ_PROGRAM_H */
