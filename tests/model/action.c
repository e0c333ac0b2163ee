// SPDX-License-Identifier: BSD-2-Clause
/*
 * The text form of an action: its name, then name=value for every argument and every field of a
 * submission queue entry that is not 0. What follows a "#" is for the reader alone.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <nvmove/nvme.h>

#include "action.h"

#define SUSPENDED_PREFIX	"suspended "

static const struct {
	const char *name;
	const char *argument[MAX_ARGUMENTS];
} forms[NR_ACTIONS] = {
	[ACTION_MEMORY] = { "memory", { "seed" } },
	[ACTION_WRITE] = { "write", { "offset", "value", "size" } },
	[ACTION_SQ_DOORBELL] = { "sq-doorbell", { "qid", "tail" } },
	[ACTION_CQ_DOORBELL] = { "cq-doorbell", { "qid", "head" } },
	[ACTION_BAD_SHADOW] = { "bad-shadow", { "number", "value" } },
	[ACTION_SQE] = { "sqe", { "qid", "slot" } },
	[ACTION_DATA] = { "data", { "offset", "length" } },
	[ACTION_COMPLETE] = { "complete", { "index", "errno" } },
	[ACTION_MAP] = { "map", { "possible" } },
	[ACTION_ADVANCE] = { "advance", { "ns" } },
	[ACTION_RESET] = { "reset", { "kind" } },
	[ACTION_SUBSYSTEM_RESET] = { .name = "subsystem-reset" },
	[ACTION_VFS] = { "vfs", { "number" } },
	[ACTION_OFFLINE] = { .name = "offline" },
	[ACTION_ONLINE] = { .name = "online" },
	[ACTION_ATTACH] = { "attach", { "nsid" } },
	[ACTION_DETACH] = { "detach", { "nsid" } },
	[ACTION_NEIGHBOUR] = { "neighbour", { "host", "nsid", "command", "keys" } },
	[ACTION_MOVE] = { "move", { "by", "hops", "pieces", "life" } },
	[ACTION_RESUME] = { .name = "resume" },
};

static const struct {
	const char *name;
	size_t offset;
	size_t size;
} sqe_fields[] = {
#define SQE_FIELD(field) \
	{ #field, offsetof(struct nvm_sqe, field), sizeof(((struct nvm_sqe *)0)->field) }
	SQE_FIELD(opcode), SQE_FIELD(flags), SQE_FIELD(cid), SQE_FIELD(nsid),
	SQE_FIELD(cdw2), SQE_FIELD(cdw3), SQE_FIELD(mptr), SQE_FIELD(prp1),
	SQE_FIELD(prp2), SQE_FIELD(cdw10), SQE_FIELD(cdw11), SQE_FIELD(cdw12),
	SQE_FIELD(cdw13), SQE_FIELD(cdw14), SQE_FIELD(cdw15),
};

#define NR_SQE_FIELDS	(sizeof(sqe_fields) / sizeof(sqe_fields[0]))

static const char *const admin_names[256] = {
	[NVM_ADMIN_DELETE_SQ] = "delete-sq",
	[NVM_ADMIN_CREATE_SQ] = "create-sq",
	[NVM_ADMIN_GET_LOG_PAGE] = "get-log-page",
	[NVM_ADMIN_DELETE_CQ] = "delete-cq",
	[NVM_ADMIN_CREATE_CQ] = "create-cq",
	[NVM_ADMIN_IDENTIFY] = "identify",
	[NVM_ADMIN_ABORT] = "abort",
	[NVM_ADMIN_SET_FEATURES] = "set-features",
	[NVM_ADMIN_GET_FEATURES] = "get-features",
	[NVM_ADMIN_ASYNC_EVENT] = "asynchronous-event-request",
	[NVM_ADMIN_KEEP_ALIVE] = "keep-alive",
	[NVM_ADMIN_DOORBELL_BUFFER_CONFIG] = "doorbell-buffer-config",
};

static const char *const io_names[256] = {
	[NVM_IO_FLUSH] = "flush",
	[NVM_IO_WRITE] = "write",
	[NVM_IO_READ] = "read",
	[NVM_IO_COMPARE] = "compare",
	[NVM_IO_WRITE_ZEROES] = "write-zeroes",
	[NVM_IO_DSM] = "dataset-management",
	[NVM_IO_VERIFY] = "verify",
	[NVM_IO_RESV_REGISTER] = "reservation-register",
	[NVM_IO_RESV_REPORT] = "reservation-report",
	[NVM_IO_RESV_ACQUIRE] = "reservation-acquire",
	[NVM_IO_RESV_RELEASE] = "reservation-release",
};

static void print_value(FILE *to, const char *name, uint64_t value)
{
	if ((int64_t)value >= -4096 && (int64_t)value < 4096)
		fprintf(to, " %s=%lld", name, (long long)value);
	else
		fprintf(to, " %s=%#llx", name, (unsigned long long)value);
}

static uint64_t sqe_value(const struct action *action, size_t field)
{
	__le64 value = 0;

	memcpy(&value, action->bytes + sqe_fields[field].offset, sqe_fields[field].size);
	return le64toh(value);
}

static void print_sqe(FILE *to, const struct action *action)
{
	const char *name = (action->argument[0] ? io_names : admin_names)[action->bytes[0]];

	for (size_t i = 0; i < NR_SQE_FIELDS; i++) {
		if (sqe_value(action, i))
			print_value(to, sqe_fields[i].name, sqe_value(action, i));
	}
	if (name)
		fprintf(to, "\t# %s", name);
}

static void print_data(FILE *to, const struct action *action)
{
	fprintf(to, " bytes=");
	for (size_t i = 0; i < action->argument[1] && i < ACTION_BYTES; i++)
		fprintf(to, "%02x", action->bytes[i]);
}

void action_print(FILE *to, const struct action *action)
{
	fprintf(to, "%s%s", action->while_suspended ? SUSPENDED_PREFIX : "",
		forms[action->kind].name);
	for (size_t i = 0; i < MAX_ARGUMENTS && forms[action->kind].argument[i]; i++)
		print_value(to, forms[action->kind].argument[i], action->argument[i]);
	if (action->kind == ACTION_SQE)
		print_sqe(to, action);
	if (action->kind == ACTION_DATA)
		print_data(to, action);
	fputc('\n', to);
}

static bool parse_bytes(const char *text, struct action *action)
{
	for (size_t i = 0; i < ACTION_BYTES && *text; i++, text += 2) {
		unsigned int byte;

		if (!text[1] || sscanf(text, "%2x", &byte) != 1)
			return false;
		action->bytes[i] = byte;
	}
	return !*text;
}

static bool set_argument(struct action *action, const char *name, uint64_t value)
{
	for (size_t i = 0; i < MAX_ARGUMENTS && forms[action->kind].argument[i]; i++) {
		if (!strcmp(name, forms[action->kind].argument[i])) {
			action->argument[i] = value;
			return true;
		}
	}
	for (size_t i = 0; action->kind == ACTION_SQE && i < NR_SQE_FIELDS; i++) {
		__le64 field = htole64(value);

		if (!strcmp(name, sqe_fields[i].name)) {
			memcpy(action->bytes + sqe_fields[i].offset, &field, sqe_fields[i].size);
			return true;
		}
	}
	return false;
}

static bool parse_word(char *word, struct action *action)
{
	char *value = strchr(word, '='), *end;
	uint64_t number;

	if (!value)
		return false;
	*value++ = '\0';
	if (action->kind == ACTION_DATA && !strcmp(word, "bytes"))
		return parse_bytes(value, action);
	number = strtoull(value, &end, 0);
	return end != value && !*end && set_argument(action, word, number);
}

static bool parse_name(const char *name, struct action *action)
{
	for (action->kind = 0; action->kind < NR_ACTIONS; action->kind++) {
		if (!strcmp(name, forms[action->kind].name))
			return true;
	}
	return false;
}

bool action_parse(const char *line, struct action *action)
{
	char text[512], *rest = text, *word;

	*action = (struct action){ .kind = NR_ACTIONS };
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "#\n"), line);
	if (!strncmp(text, SUSPENDED_PREFIX, strlen(SUSPENDED_PREFIX))) {
		action->while_suspended = true;
		rest += strlen(SUSPENDED_PREFIX);
	}
	word = strtok_r(rest, " \t", &rest);
	if (!word)
		return true;
	if (!parse_name(word, action))
		return false;
	while ((word = strtok_r(NULL, " \t", &rest))) {
		if (!parse_word(word, action))
			return false;
	}
	return true;
}
