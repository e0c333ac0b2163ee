// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where compatibility records come from. Whatever delivers one may deliver it as a device does, in
 * a container (docs/controller-state.md, "Questions"): that is taken off here.
 */
#include "record_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <state_reader.h>

#include "command.h"
#include "question.h"
#include "record_decode.h"
#include "sysfs.h"

#define SSH_PREFIX	"ssh:"
#define HOST_SIZE	256

/* The driver asks for functions that it has; for others the controlling function is asked here. */
static int fetch_local(const struct pci_address *function, struct contents *record)
{
	char path[SYSFS_PATH_SIZE], reason[SYSFS_TEXT_SIZE];

	sysfs_path(path, "bus/pci/devices/%s", function->text);
	if (access(path, F_OK)) {
		complain("%s: this host has no such PCI function", function->text);
		return -1;
	}
	sysfs_path(path, "bus/pci/devices/%s/migration", function->text);
	if (access(path, F_OK))
		return question_fetch(function, record);
	if (sysfs_text(reason, "bus/pci/devices/%s/migration/reason", function->text)) {
		complain("%s: no record, it cannot migrate: %s", function->text, reason);
		return -1;
	}
	sysfs_path(path, "bus/pci/devices/%s/migration/compat", function->text);
	if (access(path, R_OK) && errno == EACCES) {
		complain("%s: only root may read a function's record", function->text);
		return -1;
	}
	return file_read(path, NVMOVE_QUESTION_MAX, record);
}

/* In the child: become ssh with standard output in @out. */
__attribute__((noreturn))
static void become_ssh(const char *host, const char *function, int out)
{
	if (dup2(out, STDOUT_FILENO) >= 0)
		execlp("ssh", "ssh", "--", host, "nvmove", "record", function, NULL);
	complain("ssh: %m");
	_exit(127);
}

static int wait_for(pid_t child, const char *source)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR) {
			complain("%s: %m", source);
			return -1;
		}
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	complain("%s: ssh ended with %s %d", source, WIFEXITED(status) ? "exit code" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return -1;
}

static int run_ssh(const char *source, const char *host, const char *function,
		   struct contents *record)
{
	char name[32];
	pid_t child;
	int pipes[2], err;

	if (pipe(pipes)) {
		complain("%s: %m", source);
		return -1;
	}
	child = fork();
	if (!child) {
		close(pipes[0]);
		become_ssh(host, function, pipes[1]);
	}
	close(pipes[1]);
	if (child < 0) {
		complain("%s: %m", source);
		close(pipes[0]);
		return -1;
	}
	snprintf(name, sizeof(name), "/dev/fd/%d", pipes[0]);
	err = file_read(name, NVMOVE_QUESTION_MAX, record);
	/* Whoever has too much to say is not listened to any longer. */
	close(pipes[0]);
	if (!wait_for(child, source))
		return err;
	if (!err)
		file_release(record);
	return -1;
}

/* @source is ssh:HOST:FUNCTION. Anything but a PCI address would be a command line over there. */
static int fetch_remote(const char *source, struct contents *record)
{
	const char *host = source + strlen(SSH_PREFIX), *separator = ":", *end;
	struct pci_address function;
	char name[HOST_SIZE];

	/* The address of a host in IPv6 is in brackets here, which ssh does not take. */
	if (host[0] == '[') {
		host++;
		separator = "]:";
	}
	end = strstr(host, separator);
	if (!end || end == host || end - host >= HOST_SIZE ||
	    !pci_address_parse(end + strlen(separator), &function)) {
		complain("%s: ssh:HOST:FUNCTION expected, FUNCTION being a PCI address", source);
		return -1;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(end - host), host);
	return run_ssh(source, name, function.text, record);
}

/* Leave the record alone of what a device answers. */
static int unwrap(struct contents *record)
{
	struct nvmove_state_section section;
	struct nvmove_load_error error;

	if (record_is_one(record->data, record->size))
		return 0;
	if (nvmove_question_read(record->data, record->size, &section, &error)) {
		complain("%s: neither a compatibility record nor a container with one: %s",
			 record->name, error.text);
		return -1;
	}
	memmove(record->data, section.payload, section.length);
	record->size = section.length;
	return 0;
}

int record_fetch(const char *source, struct contents *record)
{
	struct pci_address function;
	int err;

	if (!strncmp(source, SSH_PREFIX, strlen(SSH_PREFIX)))
		err = fetch_remote(source, record);
	else if (pci_address_parse(source, &function))
		err = fetch_local(&function, record);
	else
		err = file_read(source, NVMOVE_QUESTION_MAX, record);
	if (err)
		return -1;
	record->name = source;
	err = unwrap(record);
	if (err)
		file_release(record);
	return err;
}
