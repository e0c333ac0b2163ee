/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be done to a controller and its surroundings, one thing at a time, with every value in
 * it: an action means the same whatever came before, or nothing where it makes no sense. A list of
 * them, a line of text each, is a script.
 */
#ifndef MODEL_ACTION_H
#define MODEL_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * enum action_kind - and the arguments, in their order in struct action
 * @ACTION_MEMORY: fill the guest's data pages and PRP lists: seed
 * @ACTION_WRITE: a property: offset, value, size
 * @ACTION_SQ_DOORBELL: qid, tail
 * @ACTION_CQ_DOORBELL: qid, head
 * @ACTION_BAD_SHADOW: a bad shadow doorbell, gone once the register was written: number, value
 * @ACTION_SQE: the guest writes a submission queue entry, without ringing: qid, slot
 * @ACTION_DATA: the guest writes into its memory: offset, length
 * @ACTION_COMPLETE: a medium completes an operation: index among those under way, errno
 * @ACTION_MAP: memory can be mapped, or must be copied, from now on: 1 or 0
 * @ACTION_ADVANCE: time passes: nanoseconds
 * @ACTION_RESET: of the function: enum nvmove_reset
 * @ACTION_SUBSYSTEM_RESET: NSSR, by the host of the primary
 * @ACTION_VFS: number of functions that exist
 * @ACTION_OFFLINE, @ACTION_ONLINE: Virtualization Management by the host of the primary
 * @ACTION_ATTACH, @ACTION_DETACH: nsid
 * @ACTION_NEIGHBOUR: another host comes, does something with reservations, goes: its id, nsid,
 *	opcode above CDW10, new or preempted key above the current one (one byte each)
 * @ACTION_MOVE: of the twin that moves: enum move_by, devices that it goes to before it is resumed,
 *	seed of the pieces' sizes, seed of the life that the last device's controller had before, 0
 *	for none
 * @ACTION_RESUME: of the twin that has moved
 */
enum action_kind {
	ACTION_MEMORY,
	ACTION_WRITE,
	ACTION_SQ_DOORBELL,
	ACTION_CQ_DOORBELL,
	ACTION_BAD_SHADOW,
	ACTION_SQE,
	ACTION_DATA,
	ACTION_COMPLETE,
	ACTION_MAP,
	ACTION_ADVANCE,
	ACTION_RESET,
	ACTION_SUBSYSTEM_RESET,
	ACTION_VFS,
	ACTION_OFFLINE,
	ACTION_ONLINE,
	ACTION_ATTACH,
	ACTION_DETACH,
	ACTION_NEIGHBOUR,
	ACTION_MOVE,
	ACTION_RESUME,
	NR_ACTIONS,
};

#define MAX_ARGUMENTS	4
#define ACTION_BYTES	64

/**
 * struct action - one thing to do
 * @while_suspended: done between a move and the resume, where that is possible; otherwise the moved
 *	twin is resumed first
 * @bytes: of ACTION_SQE and ACTION_DATA
 */
struct action {
	uint8_t kind;
	bool while_suspended;
	uint64_t argument[MAX_ARGUMENTS];
	uint8_t bytes[ACTION_BYTES];
};

/* Write @action as a line of text. */
void action_print(FILE *to, const struct action *action);

/*
 * Read a line; false if it is no action. An empty line or a comment leaves NR_ACTIONS as the kind.
 */
bool action_parse(const char *line, struct action *action);

#endif /* MODEL_ACTION_H */
