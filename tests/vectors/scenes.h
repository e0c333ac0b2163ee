/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Controllers whose states are the test vectors: what each is made of and what its host did. Every
 * byte is determined: same clock, same addresses, same names.
 */
#ifndef VECTORS_SCENES_H
#define VECTORS_SCENES_H

#include "../unit/harness.h"
#include "../unit/state_editor.h"

/**
 * struct scene - a controller, secondary 1 of its device
 * @queues, @vectors: resources that it has been given, 0: 5
 * @prepare: what the administrators of both hosts do; may be NULL
 * @live: what the controller's host does; may be NULL
 */
struct scene {
	const char *name;
	struct rig_options options;
	unsigned int queues;
	unsigned int vectors;
	void (*prepare)(struct rig *rig);
	void (*live)(struct rig *rig);
};

/** scene_number() - a scene by number from 0 on, NULL behind the last */
const struct scene *scene_number(size_t index);
const struct scene *scene_named(const char *name);

/** scene_state() - what the scene's controller saves */
struct state scene_state(const struct scene *scene);

/** scene_destination() - another host for the scene's controller, online, suspended, never used */
struct rig *scene_destination(const struct scene *scene);

/**
 * struct refusal - an edited state of the scene "queues"
 * @edit: what is done to it
 */
struct refusal {
	const char *name;
	void (*edit)(struct state *state);
};

#define REFUSAL_SCENE	"queues"

/** refusal_number() - likewise, of the states that are refused or that differ harmlessly */
const struct refusal *refusal_number(size_t index);
struct state refusal_state(const struct refusal *refusal);

#endif /* VECTORS_SCENES_H */
