// SPDX-License-Identifier: BSD-2-Clause
/*
 * 10,000 damaged files, states, streams and records, are taken apart and verified: none crashes,
 * each is either shown in JSON that can be read back or refused for a printable reason. The same
 * ones each time; another seed by hand:
 *
 *   state_fuzzed VECTORS-DIRECTORY [SEED [FILES]]
 */
#include <dirent.h>
#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctrl.h>
#include <lm/crc32c.h>
#include <nvmove/compat.h>
#include <nvmove/stream.h>

#include "../../tool/capture.h"
#include "../../tool/state_verify.h"

#define MOST_SEEDS	64
#define MOST_CHANGES	8

/* Undamaged files that the others are made of. */
static struct contents seeds[MOST_SEEDS];
static unsigned int nr_seeds;
static uint64_t random_state;

static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "state_fuzzed: %s: %s\n", what, detail);
	exit(1);
}

/* xorshift64* */
static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull >> 32) % limit);
}

static void read_seeds(const char *directory)
{
	struct dirent **entries;
	int nr = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < nr; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');
		char path[4096];

		if (dot && !strcmp(dot, ".bin") && nr_seeds < MOST_SEEDS - 1) {
			snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
			if (file_read(path, 1 << 20, &seeds[nr_seeds++]))
				exit(1);
		}
		free(entries[i]);
	}
	if (nr < 1 || nr_seeds < 20)
		fail("too few vectors", directory);
	free(entries);
}

/* A compatibility record, of a controller that nobody has used. */
static void make_record(void)
{
	struct nvmove_subsystem_config config;
	struct nvmove_subsystem *subsystem;
	struct contents *seed = &seeds[nr_seeds++];
	const struct nvmove_ctrl *ctrl;

	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.org.example:fuzzed";
	config.serial = "FUZZED";
	config.num_secondary = 1;
	subsystem = nvmove_subsystem_new(&config, NULL);
	if (!subsystem)
		fail("record", "no memory");
	ctrl = nvmove_subsystem_ctrl(subsystem, 1);
	seed->name = "record";
	seed->size = nvmove_ctrl_compat_size(ctrl);
	seed->data = malloc(seed->size);
	if (!seed->data || nvmove_ctrl_compat_record(ctrl, seed->data, seed->size) < 0)
		fail("record", "not written");
	nvmove_subsystem_free(subsystem);
}

static void put_record(uint8_t **at, uint32_t type, const void *payload, size_t length)
{
	struct nvmove_stream_record record = {
		.type = htole32(type),
		.length = htole32((uint32_t)length),
	};

	record.crc = htole32(nvmove_crc32c(nvmove_crc32c(0, &record, sizeof(record)), payload,
					   length));
	memcpy(*at, &record, sizeof(record));
	memcpy(*at + sizeof(record), payload, length);
	*at += sizeof(record) + length;
}

/* A stream with one piece of state, of version 1.1 or 1.0. */
static struct contents wrap(const struct contents *state)
{
	struct nvmove_stream_size size = { .state_size = htole32((uint32_t)state->size) };
	bool has_size = random_below(2);
	struct nvmove_stream_hello hello = {
		.major = htole16(NVMOVE_STREAM_MAJOR),
		.state_size = has_size ? 0 : size.state_size,
	};
	struct nvmove_stream_end end = {
		.state_size = size.state_size,
		.state_crc = htole32(nvmove_crc32c(0, state->data, state->size)),
	};
	struct contents stream = { .name = "stream" };
	uint8_t *at;

	memcpy(hello.magic, NVMOVE_STREAM_MAGIC, sizeof(hello.magic));
	stream.data = malloc(state->size + 256);
	if (!stream.data)
		fail("stream", "no memory");
	at = stream.data;
	put_record(&at, NVMOVE_STREAM_HELLO, &hello, sizeof(hello));
	if (has_size)
		put_record(&at, NVMOVE_STREAM_SIZE, &size, sizeof(size));
	put_record(&at, NVMOVE_STREAM_STATE, state->data, state->size);
	put_record(&at, NVMOVE_STREAM_END, &end, sizeof(end));
	stream.size = (size_t)(at - stream.data);
	return stream;
}

static void change(struct contents *file)
{
	static const uint8_t telling[] = { 0, 1, 2, 4, 0x7f, 0x80, 0xfe, 0xff };
	uint32_t at = random_below((uint32_t)file->size);

	switch (random_below(6)) {
	case 0:
		file->data[at] = (uint8_t)random_below(256);
		break;
	case 1:
		file->data[at] ^= (uint8_t)(1u << random_below(8));
		break;
	case 2:
		file->data[at] = telling[random_below(sizeof(telling))];
		break;
	case 3:
		memset(file->data + at, telling[random_below(sizeof(telling))],
		       random_below((uint32_t)(file->size - at) < 8 ? (uint32_t)(file->size - at)
								    : 8) + 1u);
		break;
	case 4:
		memmove(file->data + at, file->data + random_below((uint32_t)file->size - 16 + 1),
			file->size - at < 16 ? file->size - at : 16);
		break;
	default:
		if (!random_below(8))
			file->size = at;
	}
}

static void repair_record(struct contents *file)
{
	struct nvmove_compat *record = (void *)file->data;

	record->crc = 0;
	record->crc = htole32(nvmove_crc32c(0, record, file->size));
}

/* Right checksums again, as far as the lengths lead; where they do not, some stay wrong. */
static void repair_state(struct contents *file)
{
	struct nvmove_cstate_header *header = (void *)file->data;
	struct nvmove_cstate_vendor *vendor;
	uint64_t at;

	if (file->size < sizeof(*header) + sizeof(*vendor))
		return;
	at = sizeof(*header) + 4 * le64toh(header->nvme_dwords[0]);
	if (at > file->size - sizeof(*vendor))
		return;
	vendor = (void *)(file->data + at);
	at += sizeof(*vendor);
	for (uint32_t i = 0; i < le32toh(vendor->nr_sections); i++) {
		struct nvmove_cstate_section *section = (void *)(file->data + at);

		if (file->size - at < sizeof(*section) ||
		    le32toh(section->length) > file->size - at - sizeof(*section))
			break;
		section->crc = 0;
		section->crc = htole32(nvmove_crc32c(0, section, sizeof(*section) +
								 le32toh(section->length)));
		at += sizeof(*section) + le32toh(section->length);
	}
	vendor->nvme_crc = htole32(nvmove_crc32c(0, header, (size_t)((uint8_t *)vendor -
								     file->data)));
	vendor->crc = 0;
	vendor->crc = htole32(nvmove_crc32c(0, vendor, sizeof(*vendor)));
}

static void repair(struct contents *file)
{
	static const char magic[8] = NVMOVE_COMPAT_MAGIC;

	if (file->size >= sizeof(struct nvmove_compat) &&
	    !memcmp(file->data, magic, sizeof(magic)))
		repair_record(file);
	else
		repair_state(file);
}

static struct contents damaged_file(void)
{
	const struct contents *seed = &seeds[random_below(nr_seeds)];
	struct contents file = { .name = "damaged", .size = seed->size };
	bool repaired = random_below(4), as_stream = !random_below(4);
	struct contents stream;

	file.data = malloc(seed->size);
	if (!file.data)
		fail("file", "no memory");
	memcpy(file.data, seed->data, seed->size);
	for (uint32_t i = random_below(MOST_CHANGES) + 1; i && file.size > 16; i--)
		change(&file);
	if (repaired)
		repair(&file);
	if (!as_stream)
		return file;
	stream = wrap(&file);
	if (!repaired)
		change(&stream);
	free(file.data);
	return stream;
}

static void check_text(const char *text)
{
	if (!text[0])
		fail("refused", "without a reason");
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			fail("a reason that cannot be printed", text);
	}
}

static void check_json(struct json_object *description)
{
	const char *text = json_object_to_json_string(description);
	struct json_object *again = json_tokener_parse(text);

	if (!again || !json_object_equal(again, description))
		fail("JSON that does not read back", text);
	json_object_put(again);
}

/* What came of a file. */
struct count {
	unsigned int refused;
	unsigned int shown;
	unsigned int valid;
};

static void judge(struct contents *file, struct count *count)
{
	struct nvmove_load_error error = { 0 };
	/* A copy that ends where its memory ends. */
	struct capture capture = { .contents = { .name = file->name, .size = file->size } };

	capture.contents.data = malloc(file->size);
	if (!capture.contents.data && file->size)
		fail("capture", "no memory");
	memcpy(capture.contents.data, file->data, file->size);
	if (capture_take_apart(&capture, &error)) {
		count->refused++;
		check_text(error.text);
	} else {
		count->shown++;
		check_json(capture.description);
		if (capture.state &&
		    state_verify(capture.state, capture.state_size, &error))
			check_text(error.text);
		else
			count->valid++;
	}
	capture_release(&capture);
}

int main(int argc, char **argv)
{
	unsigned int files = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 0) : 10000;
	struct count count = { 0 };

	if (argc < 2)
		fail("usage", "state_fuzzed VECTORS-DIRECTORY [SEED [FILES]]");
	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 6;
	read_seeds(argv[1]);
	make_record();
	for (unsigned int i = 0; i < files; i++) {
		struct contents file = damaged_file();

		judge(&file, &count);
		file_release(&file);
	}
	for (unsigned int i = 0; i < nr_seeds; i++)
		file_release(&seeds[i]);
	printf("%u files: %u refused, %u shown, %u of those valid\n", files, count.refused,
	       count.shown, count.valid);
	if (count.refused < files / 10 || count.shown < files / 10 || count.valid < files / 100)
		fail("too much of one kind", "the test would not notice");
	return 0;
}
