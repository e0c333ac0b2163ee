/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By what a controller is moved: the library's calls, or the commands of both primaries in one of
 * two protocols. Each knows how to suspend, save, load and resume; none knows why.
 */
#ifndef MODEL_TRANSPORT_H
#define MODEL_TRANSPORT_H

#include "random.h"
#include "world.h"

/** struct bytes - a state in the hands of whoever moves it; @data is owned */
struct bytes {
	uint8_t *data;
	long size;
};

/** struct reason - why something did not work */
struct reason {
	char *text;
	size_t size;
};

/* The reason is @reason; false. */
bool refuse_move(const struct reason *reason, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct transport - what each of the world's controllers, in subsystem[here], is told
 * @wants_no_queues: a controller with I/O queues takes no state
 */
struct transport {
	bool wants_no_queues;
	bool (*suspend)(struct world *world);
	bool (*resume)(struct world *world);
	bool (*save)(struct world *world, struct bytes *state, struct random *random,
		     const struct reason *reason);
	bool (*load)(struct world *world, const struct bytes *state, struct random *random,
		     const struct reason *reason);
};

extern const struct transport transport_rfc;
extern const struct transport transport_hmlm;

/*
 * Bytes of the next piece of a state of which @left are left; a multiple of 4 as long as @left is.
 */
uint32_t transport_piece(struct random *random, long left);

/* A command of the primary of the device that the controller is in, with the data buffer. */
uint32_t transport_command(struct world *world, struct nvm_sqe *sqe, uint32_t *dw0);

#endif /* MODEL_TRANSPORT_H */
