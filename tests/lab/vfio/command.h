/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shell commands that make something happen on the host, and waiting for them. It never decides
 * what they are.
 */
#ifndef VFIO_LAB_COMMAND_H
#define VFIO_LAB_COMMAND_H

#include <sys/types.h>

#define COMMAND_SECONDS 100	/* the longest that one may take */

/** command_start() - start @command; returns its process, or -1 */
pid_t command_start(const char *command);

/**
 * command_look() - has a command ended?
 *
 * Return: 1 when it has ended well, 0 when it still runs, or -1 when it failed.
 */
int command_look(pid_t child, const char *command);

/** command_wait() - wait for a command that was started; -1 when it fails or does not end */
int command_wait(pid_t child, const char *command);

/** command_run() - start it and wait for it */
int command_run(const char *command);

#endif /* VFIO_LAB_COMMAND_H */
