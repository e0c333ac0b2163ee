// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writes the test vectors: NAME.bin for each scene and each edited state, and NAME.json with the
 * library's own words for each state that it refuses. check.py does the rest.
 */
#include <stdio.h>

#include "scenes.h"

static FILE *create(const char *directory, const char *name, const char *suffix)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	file = fopen(path, "wb");
	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

static void finish(FILE *file, const char *name)
{
	if (ferror(file) | fclose(file)) {
		fprintf(stderr, "make_vectors: %s cannot be written\n", name);
		exit(1);
	}
}

static void write_state(const char *directory, const char *name, const struct state *state)
{
	FILE *file = create(directory, name, ".bin");

	fwrite(state->data, 1, state->size, file);
	finish(file, name);
}

static void write_refusal(const char *directory, const char *name, const struct state *state)
{
	struct rig *rig = scene_destination(scene_named(REFUSAL_SCENE));
	struct nvmove_load_error error;
	FILE *file;

	if (!nvmove_ctrl_load(rig->function[1].ctrl, state->data, state->size, &error)) {
		rig_free(rig);
		return;
	}
	file = create(directory, name, ".json");
	fputs("{\"refused\": \"", file);
	for (const char *at = error.text; *at; at++)
		fprintf(file, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
	fprintf(file, "\",\n \"section\": %u}\n", error.section);
	finish(file, name);
	rig_free(rig);
}

int main(int argc, char **argv)
{
	const struct refusal *refusal;
	const struct scene *scene;
	struct state state;

	if (argc != 2) {
		fprintf(stderr, "usage: make_vectors DIRECTORY\n");
		return 2;
	}
	for (size_t i = 0; (scene = scene_number(i)); i++) {
		state = scene_state(scene);
		write_state(argv[1], scene->name, &state);
		state_free(&state);
	}
	for (size_t i = 0; (refusal = refusal_number(i)); i++) {
		state = refusal_state(refusal);
		write_state(argv[1], refusal->name, &state);
		write_refusal(argv[1], refusal->name, &state);
		state_free(&state);
	}
	return 0;
}
