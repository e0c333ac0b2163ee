// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loads states into one controller of a scene, one after the other, and says of each what came of
 * it: "loaded", or "refused", the section and the reason. Input: 4 bytes of length, little-endian,
 * and a state, again and again. check.py compares its judgement with that of cstate.py.
 */
#include <stdio.h>

#include "scenes.h"

static bool read_state(struct state *state)
{
	uint8_t length[4];

	if (fread(length, sizeof(length), 1, stdin) != 1)
		return false;
	state->size = get32(length, 0);
	state->data = malloc(state->size);
	return state->data && fread(state->data, 1, state->size, stdin) == state->size;
}

int main(int argc, char **argv)
{
	const struct scene *scene = argc == 2 ? scene_named(argv[1]) : NULL;
	struct state state;
	struct rig *rig;

	if (!scene) {
		fprintf(stderr, "usage: judge SCENE\n");
		return 2;
	}
	rig = scene_destination(scene);
	while (read_state(&state)) {
		struct nvmove_load_error error;

		if (nvmove_ctrl_load(rig->function[1].ctrl, state.data, state.size, &error))
			printf("refused %u %s\n", error.section, error.text);
		else
			printf("loaded\n");
		state_free(&state);
	}
	rig_free(rig);
	return 0;
}
