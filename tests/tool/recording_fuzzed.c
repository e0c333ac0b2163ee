// SPDX-License-Identifier: BSD-2-Clause
/*
 * 1,000 damaged recordings are read, alone or beside an undamaged one: none crashes, each is either
 * refused for a printable reason or becomes a page without a character that is forbidden there. The
 * same ones each time; another seed by hand:
 *
 *   recording_fuzzed RECORDINGS-DIRECTORY [SEED [FILES]]
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tool/file.h"
#include "../../tool/recording.h"
#include "../../tool/report_facts.h"
#include "../../tool/report_page.h"

#define MOST_SEEDS	16
#define MOST_CHANGES	6
#define MOST_SEED_BYTES	(1u << 20)

/* Undamaged recordings that the others are made of, and their names, which the contents refer to. */
static struct contents seeds[MOST_SEEDS];
static char seed_names[MOST_SEEDS][4096];
static unsigned int nr_seeds;
static uint64_t random_state;

static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "recording_fuzzed: %s: %s\n", what, detail);
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

		if (dot && !strcmp(dot, ".recording") && nr_seeds < MOST_SEEDS) {
			char *path = seed_names[nr_seeds];

			snprintf(path, sizeof(seed_names[0]), "%s/%s", directory, entries[i]->d_name);
			if (file_read(path, MOST_SEED_BYTES, &seeds[nr_seeds++]))
				exit(1);
		}
		free(entries[i]);
	}
	if (nr < 1 || nr_seeds < 2)
		fail("too few recordings", directory);
	free(entries);
}

/* ---- damage ---- */

/* The nearest place behind @at that is a digit; @size if there is none. */
static size_t find_digit(const struct contents *file, size_t at)
{
	while (at < file->size && (file->data[at] < '0' || file->data[at] > '9'))
		at++;
	return at;
}

static void insert(struct contents *file, size_t at, const char *text)
{
	size_t length = strlen(text);
	uint8_t *data = malloc(file->size + length);

	if (!data)
		fail("insert", "no memory");
	memcpy(data, file->data, at);
	memcpy(data + at, text, length);
	memcpy(data + at + length, file->data + at, file->size - at);
	free(file->data);
	file->data = data;
	file->size += length;
}

static size_t line_end(const struct contents *file, size_t at)
{
	const uint8_t *end = memchr(file->data + at, '\n', file->size - at);

	return end ? (size_t)(end - file->data) + 1 : file->size;
}

/* Take a line out, or repeat it. */
static void change_line(struct contents *file, bool repeat)
{
	size_t begin = line_end(file, random_below((uint32_t)file->size));
	size_t end = begin < file->size ? line_end(file, begin) : begin;
	char *line;

	if (!repeat) {
		memmove(file->data + begin, file->data + end, file->size - end);
		file->size -= end - begin;
		return;
	}
	line = strndup((const char *)file->data + begin, end - begin);
	if (!line)
		fail("line", "no memory");
	insert(file, begin, line);
	free(line);
}

static void change(struct contents *file)
{
	static const char *const numbers[] = { "0", "99", "999999999", "1152921504606846975",
					       "-", "1e9", "00" };
	static const char *const texts[] = { "<script>", "&", "\\u0000", "\\ud800", "\xc3", "{",
					     "]", "\"", "null", "\n", "\\u202e" };
	uint32_t at = random_below((uint32_t)file->size);

	switch (random_below(8)) {
	case 0:
		file->data[at] = (uint8_t)random_below(256);
		break;
	case 1:
		insert(file, at, texts[random_below(sizeof(texts) / sizeof(texts[0]))]);
		break;
	case 2:
		change_line(file, false);
		break;
	case 3:
		change_line(file, true);
		break;
	case 4:
		if (!random_below(4))
			file->size = at;
		break;
	case 5:
		insert(file, find_digit(file, at),
		       numbers[random_below(sizeof(numbers) / sizeof(numbers[0]))]);
		break;
	default:
		at = (uint32_t)find_digit(file, at);
		if (at < file->size)
			file->data[at] = (uint8_t)('0' + random_below(10));
	}
}

static struct contents damaged_file(void)
{
	const struct contents *seed = &seeds[random_below(nr_seeds)];
	struct contents file = { .name = "damaged", .size = seed->size };

	file.data = malloc(seed->size);
	if (!file.data)
		fail("file", "no memory");
	memcpy(file.data, seed->data, seed->size);
	for (uint32_t i = random_below(MOST_CHANGES) + 1; i && file.size > 16; i--)
		change(&file);
	return file;
}

/* ---- what comes of it ---- */

static void check_reason(const char *text)
{
	if (strncmp(text, "line ", 5))
		fail("a reason without a line", text);
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			fail("a reason that cannot be printed", text);
	}
}

static void check_page(const char *page, size_t size)
{
	static const char last[] = "</main></body></html>\n";

	if (size < sizeof(last) || strcmp(page + size - sizeof(last) + 1, last))
		fail("a page that does not end", "");
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)page[i] < 0x20 && page[i] != '\n')
			fail("a page with a control character", page + i);
	}
	if (strstr(page, "<script") || strstr(page, "nan\"") || strstr(page, "inf\""))
		fail("a page with what no page has", "");
}

static void make_page(const struct recording *recordings, unsigned int nr)
{
	struct json_object *facts = report_facts(recordings, nr);
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);

	if (!facts || !out)
		fail("page", "no memory");
	report_page(out, facts);
	fclose(out);
	check_page(page, size);
	free(page);
	json_object_put(facts);
}

/* Return: whether it was read. */
static bool judge(const struct contents *file)
{
	/* A copy that ends where its memory ends. */
	struct contents copy = { .name = file->name, .size = file->size };
	struct recording recordings[2];
	struct recording_error error;
	bool is_read;

	copy.data = malloc(file->size ? file->size : 1);
	if (!copy.data)
		fail("copy", "no memory");
	memcpy(copy.data, file->data, file->size);
	is_read = !recording_read(&copy, &recordings[0], &error);
	file_release(&copy);
	if (!is_read) {
		check_reason(error.text);
		return false;
	}
	if (recording_read(&seeds[random_below(nr_seeds)], &recordings[1], &error))
		fail("an undamaged recording", error.text);
	make_page(recordings, 1 + random_below(2));
	recording_release(&recordings[0]);
	recording_release(&recordings[1]);
	return true;
}

int main(int argc, char **argv)
{
	unsigned int files = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 0) : 1000;
	unsigned int nr_read = 0;

	if (argc < 2)
		fail("usage", "recording_fuzzed RECORDINGS-DIRECTORY [SEED [FILES]]");
	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 7;
	read_seeds(argv[1]);
	for (unsigned int i = 0; i < files; i++) {
		struct contents file = damaged_file();

		nr_read += judge(&file);
		file_release(&file);
	}
	for (unsigned int i = 0; i < nr_seeds; i++)
		file_release(&seeds[i]);
	printf("%u recordings: %u refused, %u reported\n", files, files - nr_read, nr_read);
	if (nr_read < files / 10 || files - nr_read < files / 10)
		fail("too much of one kind", "the test would not notice");
	return 0;
}
