// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing a recording: a line of JSON for the host, for everything that happens, and for the end.
 */
#include "recorder.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clocks.h"
#include "command.h"
#include "object.h"
#include "recording.h"
#include "topology.h"

#define MOST_BUILD_ID	20
#define LOG_RECORD	8192	/* more than /dev/kmsg gives at once */

static void write_line(struct recorder *recorder, struct json_object *line)
{
	recorder_line(recorder, line);
	json_object_put(line);
}

void recorder_line(struct recorder *recorder, struct json_object *line)
{
	if (!recorder->file)
		return;
	fprintf(recorder->file, "%s\n",
		json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
						     JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---- the host ---- */

/* The module's build id, in hexadecimal digits, from an ELF note; empty if it has none. */
static void read_build_id(char text[2 * MOST_BUILD_ID + 1])
{
	unsigned char note[sizeof(Elf64_Nhdr) + sizeof(ELF_NOTE_GNU) + MOST_BUILD_ID];
	const size_t head = sizeof(Elf64_Nhdr) + sizeof(ELF_NOTE_GNU);
	char path[SYSFS_PATH_SIZE];
	size_t length;
	FILE *file;

	text[0] = '\0';
	sysfs_path(path, "module/nvme_vfio_pci/notes/.note.gnu.build-id");
	file = fopen(path, "rbe");
	if (!file)
		return;
	length = fread(note, 1, sizeof(note), file);
	fclose(file);
	for (size_t i = head; i < length; i++)
		snprintf(text + 2 * (i - head), 3, "%02x", note[i]);
}

static void write_header(struct recorder *recorder)
{
	struct json_object *line = json_object_new_object();
	int64_t error_us = clocks_error_us();
	char driver[2 * MOST_BUILD_ID + 1];
	struct utsname host;

	uname(&host);
	read_build_id(driver);
	object_add_text(line, "type", "recording");
	object_add_number(line, "version", RECORDING_VERSION);
	object_add_text(line, "host", host.nodename);
	object_add_text(line, "kernel", host.release);
	object_add_text(line, "driver", driver);
	object_add_text(line, "nvmove", NVMOVE_VERSION);
	object_add_number(line, "monotonic_ns", clocks_monotonic_ns());
	object_add_number(line, "realtime_ns", clocks_realtime_ns());
	if (error_us >= 0)
		object_add_number(line, "clock_error_us", error_us);
	object_add_text(line, "no_trace", recorder->trace.reason);
	write_line(recorder, line);
}

/* ---- functions ---- */

static void write_function(struct recorder *recorder, const struct pci_address *function)
{
	struct json_object *line = recording_new_line("function", clocks_monotonic_ns());
	char protocol[SYSFS_TEXT_SIZE], controlling[SYSFS_TEXT_SIZE];
	const char *name = function->text;

	sysfs_text(protocol, "bus/pci/devices/%s/migration/protocol", name);
	sysfs_text(controlling, "bus/pci/devices/%s/migration/controlling", name);
	object_add_text(line, "function", name);
	object_add_text(line, "protocol", protocol);
	object_add_text(line, "controlling", controlling);
	object_add_number(line, "cntlid", (int64_t)sysfs_number(0, "bus/pci/devices/%s/migration/"
								"cntlid", name));
	write_line(recorder, line);
}

static void add_count(struct json_object *object, const char *name, unsigned long value)
{
	if (name)
		object_add_number(object, name, (int64_t)value);
}

/* @before: the function when it was last looked at; NULL: never */
static void write_sample(struct recorder *recorder, const struct sample *sample,
			 const struct sample *before)
{
	struct json_object *line = recording_new_line("sample", sample->taken_ns);
	struct json_object *counted = json_object_new_object();

	object_add_text(line, "function", sample->function.text);
	object_add_text(line, "state", sample->state);
	if (before)
		object_add_number(line, "since_ns", before->taken_ns);
	for (size_t i = 0; i < NR_COUNTERS; i++) {
		add_count(counted, counters[i].name, sample->count[i]);
		add_count(counted, counters[i].duration, sample->duration_ns[i]);
		add_count(counted, counters[i].bytes, sample->bytes[i]);
	}
	json_object_object_add(line, "counters", counted);
	write_line(recorder, line);
}

static const struct sample *find(const struct samples *samples, const struct pci_address *function)
{
	for (unsigned int i = 0; i < samples->nr; i++) {
		if (!strcmp(samples->sample[i].function.text, function->text))
			return &samples->sample[i];
	}
	return NULL;
}

static bool differs(const struct sample *a, const struct sample *b)
{
	return strcmp(a->state, b->state) || memcmp(a->count, b->count, sizeof(a->count)) ||
	       memcmp(a->duration_ns, b->duration_ns, sizeof(a->duration_ns)) ||
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

void recorder_samples(struct recorder *recorder, const struct samples *before,
		      const struct samples *now)
{
	for (unsigned int i = 0; recorder->file && i < now->nr; i++) {
		const struct sample *new = &now->sample[i], *old = find(before, &new->function);

		if (!old)
			write_function(recorder, &new->function);
		if (!old || differs(old, new))
			write_sample(recorder, new, old);
	}
}

/* ---- the kernel ---- */

/* PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT and more lines, as /dev/kmsg gives it. */
static void take_log_record(struct recorder *recorder, char *text)
{
	struct json_object *line;
	long long microseconds;
	unsigned int priority;
	char *words = strchr(text, ';');

	if (!words || sscanf(text, "%u,%*u,%lld", &priority, &microseconds) != 2)
		return;
	words++;
	words[strcspn(words, "\n")] = '\0';
	if (strncmp(words, MIGRATION_DRIVER, strlen(MIGRATION_DRIVER)))
		return;
	words[strnlen(words, RECORDING_TEXT)] = '\0';
	line = recording_new_line("log", microseconds * NS_PER_US);
	object_add_number(line, "priority", priority & 7);
	object_add_text(line, "text", words);
	write_line(recorder, line);
}

/* EPIPE: what was to be read has been overwritten meanwhile; the next read has what is left. */
static void read_log(struct recorder *recorder)
{
	char text[LOG_RECORD + 1];
	ssize_t length;

	while (recorder->log >= 0 && ((length = read(recorder->log, text, LOG_RECORD)) > 0 ||
				      (length < 0 && errno == EPIPE))) {
		text[length > 0 ? length : 0] = '\0';
		take_log_record(recorder, text);
	}
}

static void take_event(void *context, struct json_object *line)
{
	if (!json_object_object_get_ex(line, "t_ns", NULL))
		object_add_number(line, "t_ns", clocks_monotonic_ns());
	write_line(context, line);
}

/* ---- the file ---- */

static int check_file(struct recorder *recorder)
{
	if (!fflush(recorder->file) && !ferror(recorder->file))
		return 0;
	complain("%s: %m", recorder->name);
	return -1;
}

int recorder_open(struct recorder *recorder, const char *name)
{
	*recorder = (struct recorder) { .name = name, .log = -1 };
	recorder->file = fopen(name, "we");
	if (!recorder->file) {
		complain("%s: %m", name);
		return -1;
	}
	if (driver_trace_open(&recorder->trace))
		complain("the driver's trace points are not recorded: %s", recorder->trace.reason);
	recorder->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (recorder->log >= 0)
		lseek(recorder->log, 0, SEEK_END);
	write_header(recorder);
	return 0;
}

int recorder_turn(struct recorder *recorder)
{
	if (!recorder->file)
		return 0;
	driver_trace_read(&recorder->trace, take_event, recorder);
	read_log(recorder);
	return check_file(recorder);
}

int recorder_close(struct recorder *recorder)
{
	int err;

	if (!recorder->file)
		return 0;
	err = recorder_turn(recorder);
	driver_trace_close(&recorder->trace);
	if (recorder->log >= 0)
		close(recorder->log);
	write_line(recorder, recording_new_line("end", clocks_monotonic_ns()));
	if (!err)
		err = check_file(recorder);
	fclose(recorder->file);
	recorder->file = NULL;
	return err;
}
