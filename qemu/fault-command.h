/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What planned faults (nvmove-fault.c) know of commands and of the data that they deliver. No part
 * of QEMU: QEMU's sources do not see the project's wire formats.
 */
#ifndef NVMOVE_FAULT_COMMAND_H
#define NVMOVE_FAULT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum fault_command - commands of the PF's admin queue that can have faults, under either protocol */
enum fault_command {
	FAULT_SUSPEND,
	FAULT_RESUME,
	FAULT_QUERY,		/* the size of a state, or its head */
	FAULT_SAVE,
	FAULT_LOAD,
	FAULT_TRACK_START,
	FAULT_TRACK_STOP,
	FAULT_TRACK_REPORT,
	FAULT_LOAD_REPORT,
	FAULT_QUESTION,
	FAULT_IDENTIFY,
	NR_FAULT_COMMANDS,
};

/**
 * struct fault_page - a page that the reports of changed memory leave out
 * @seed: of the random choice
 * @after: it is chosen from the report that brings the pages reported to this number
 * @reported: pages reported so far
 * @is_chosen: there is one
 * @address: the page
 */
struct fault_page {
	uint32_t seed;
	uint64_t after;
	uint64_t reported;
	bool is_chosen;
	uint64_t address;
};

/**
 * fault_command_of() - which command a submission queue entry is
 * @sqe: 64 bytes
 *
 * Return: enum fault_command, or -1 for one that has no faults.
 */
int fault_command_of(const void *sqe);

/**
 * fault_command_cntlid() - which controller a command is about
 * @sqe: 64 bytes, one of enum fault_command
 * @primary: controller id of the primary, which those of the VFs follow
 *
 * Return: controller id, 0 if the command names none.
 */
uint16_t fault_command_cntlid(const void *sqe, uint16_t primary);

/**
 * fault_command_resize() - have a state, or the query for its size, claim @bytes more than there
 * are
 * @opcode: of FAULT_QUERY or FAULT_SAVE
 * @bytes: a multiple of 4, may be negative
 * @data: what the command has delivered
 * @length: bytes of @data
 * @result: dword 0 of its completion
 */
void fault_command_resize(uint8_t opcode, int64_t bytes, void *data, size_t length,
			  uint32_t *result);

/**
 * fault_command_tear() - have a piece of a state say that the controller was not suspended
 * throughout
 * @data: piece; a byte in the middle changes
 * @length: bytes of @data
 * @result: dword 0 of the completion
 */
void fault_command_tear(void *data, size_t length, uint32_t *result);

/**
 * fault_command_hide() - take a page out of a report of changed memory
 * @page: page, chosen here once it is time
 * @data: report. If it has no room for a further range, the shorter rest of the page's range goes
 *	with it
 * @length: bytes of @data
 *
 * Return: true if the page was in the report.
 */
bool fault_command_hide(struct fault_page *page, void *data, size_t length);

#endif /* NVMOVE_FAULT_COMMAND_H */
