// SPDX-License-Identifier: BSD-2-Clause
/*
 * Commands by the shell, watched so that one that hangs in the kernel is reported; see command.h.
 */
#include "command.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

#define LOOK_US 10000

pid_t command_start(const char *command)
{
	pid_t child = fork();

	if (child < 0)
		return fail("cannot start \"%s\": %s", command, strerror(errno));
	if (!child) {
		execl("/bin/sh", "sh", "-euc", command, (char *)NULL);
		_exit(127);
	}
	return child;
}

int command_look(pid_t child, const char *command)
{
	int status;
	pid_t ended = waitpid(child, &status, WNOHANG);

	if (!ended)
		return 0;
	if (ended < 0)
		return fail("waiting for \"%s\": %s", command, strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail("\"%s\": exit status 0 expected, is %#x", command, status);
	return 1;
}

int command_wait(pid_t child, const char *command)
{
	uint64_t end = now_us() + COMMAND_SECONDS * 1000000ull;
	int result = 0;

	watchdog_begin("waiting for a command");
	while (!result && now_us() < end) {
		result = command_look(child, command);
		if (!result)
			sleep_us(LOOK_US);
	}
	if (result)
		return result < 0 ? -1 : 0;
	return fail("\"%s\": not done after %u s", command, COMMAND_SECONDS);
}

int command_run(const char *command)
{
	pid_t child = command_start(command);

	return child < 0 ? -1 : command_wait(child, command);
}
