/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a recording of this host, as nvmove-recording(5) describes it: what the driver traces,
 * counts and says, and what others found. Nothing is judged here.
 */
#ifndef TOOL_RECORDER_H
#define TOOL_RECORDER_H

#include <stdio.h>

#include <json-c/json.h>

#include "driver_trace.h"
#include "samples.h"

/**
 * struct recorder - a recording that is being written
 * @name: of its file
 * @file: NULL: nothing is recorded, and every function here does nothing
 * @log: the kernel's log; -1: it cannot be read
 */
struct recorder {
	const char *name;
	FILE *file;
	struct driver_trace trace;
	int log;
};

/**
 * recorder_open() - begin a recording
 * @recorder: to be closed with recorder_close() if 0 is returned
 * @name: path of the file, which is written anew
 *
 * Return: 0, or -1 after a complaint.
 */
int recorder_open(struct recorder *recorder, const char *name);

/** recorder_line() - record an object of nvmove-recording(5), which is left to its owner */
void recorder_line(struct recorder *recorder, struct json_object *line);

/** recorder_samples() - record what differs between two moments */
void recorder_samples(struct recorder *recorder, const struct samples *before,
		      const struct samples *now);

/**
 * recorder_turn() - record what the kernel has told since the last call
 *
 * Return: 0, or -1 after a complaint: the file cannot be written.
 */
int recorder_turn(struct recorder *recorder);

/** recorder_close() - end a recording; Return: as recorder_turn() */
int recorder_close(struct recorder *recorder);

#endif /* TOOL_RECORDER_H */
