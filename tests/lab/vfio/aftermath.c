// SPDX-License-Identifier: BSD-2-Clause
/*
 * What requests say after an event on the host, by the table "After an event" of
 * docs/driver-states.md. They are made in an order in which each tells something about the state
 * before.
 */
#include "aftermath.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define ERROR		VFIO_DEVICE_STATE_ERROR
#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define RUNNING_P2P	VFIO_DEVICE_STATE_RUNNING_P2P
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P

#define NR_REQUESTS	5
static const uint32_t requests[NR_REQUESTS] = { STOP, STOP_COPY, STOP, PRE_COPY, RUNNING };

/* What the driver takes the controller for when the event comes. */
enum situation {
	RUNS,
	SUSPENDED,	/* or loaded */
	AWAITS_STATE,	/* in RESUMING, not everything written */
	BROKEN,		/* in ERROR */
	NR_SITUATIONS,
};

/**
 * struct answer - to one request
 * @error: what it says
 * @state: what it leaves
 */
struct answer {
	int error;
	uint32_t state;
};

/**
 * struct answers - to all requests
 * @write: to the rest of the stream, before them
 */
struct answers {
	int write;
	struct answer request[NR_REQUESTS];
};

#define ALL_WELL { 0, { { 0, STOP }, { 0, STOP_COPY }, { 0, STOP }, { 0, PRE_COPY }, { 0, RUNNING } } }
#define ALL_OVER(first) { (first), { { (first), ERROR }, { EIO, ERROR }, { EIO, ERROR },	\
				     { EIO, ERROR }, { EIO, ERROR } } }

static const struct answers known[][NR_SITUATIONS] = {
	[AFTERMATH_SAME] = {
		[RUNS] = ALL_WELL,
		[SUSPENDED] = ALL_WELL,
		[AWAITS_STATE] = ALL_WELL,
		[BROKEN] = ALL_OVER(EIO),
	},
	[AFTERMATH_GONE] = {
		[RUNS] = { 0, { { EREMOTEIO, RUNNING }, { EREMOTEIO, RUNNING },
				{ EREMOTEIO, RUNNING }, { 0, PRE_COPY }, { 0, RUNNING } } },
		[SUSPENDED] = { 0, { { 0, STOP }, { ESTALE, STOP }, { 0, STOP },
				     { EALREADY, ERROR }, { EIO, ERROR } } },
		[AWAITS_STATE] = ALL_OVER(EREMOTEIO),
		[BROKEN] = ALL_OVER(EIO),
	},
	[AFTERMATH_GONE_RFC] = {
		[RUNS] = { 0, { { EREMOTEIO, RUNNING }, { EREMOTEIO, RUNNING },
				{ EREMOTEIO, RUNNING }, { 0, PRE_COPY }, { 0, RUNNING } } },
		[SUSPENDED] = { 0, { { 0, STOP }, { EREMOTEIO, STOP }, { 0, STOP },
				     { EREMOTEIO, RUNNING_P2P }, { EREMOTEIO, RUNNING_P2P } } },
		[AWAITS_STATE] = ALL_OVER(EREMOTEIO),
		[BROKEN] = ALL_OVER(EIO),
	},
	[AFTERMATH_CUT] = {
		[RUNS] = { 0, { { ENODEV, RUNNING }, { ENODEV, RUNNING }, { ENODEV, RUNNING },
				{ ENODEV, RUNNING }, { 0, RUNNING } } },
		[SUSPENDED] = { 0, { { 0, STOP }, { ENODEV, STOP }, { 0, STOP },
				     { ENODEV, RUNNING_P2P }, { ENODEV, RUNNING_P2P } } },
		[AWAITS_STATE] = ALL_OVER(ENODEV),
		[BROKEN] = ALL_OVER(EIO),
	},
};

int aftermath_parse(const char *text)
{
	static const char *const words[] = {
		[AFTERMATH_SAME] = "same",
		[AFTERMATH_GONE] = "gone",
		[AFTERMATH_GONE_RFC] = "gone-rfc",
		[AFTERMATH_CUT] = "cut",
		[AFTERMATH_ASK] = "ask",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(text, words[i]))
			return (int)i;
	return -1;
}

/* In RESUMING it takes more to tell. */
static enum situation situation_in(uint32_t state)
{
	switch (state) {
	case RUNNING:
	case PRE_COPY:
		return RUNS;
	case ERROR:
		return BROKEN;
	default:
		return SUSPENDED;
	}
}

static int check_answer(const char *where, const char *request, int error, int wanted)
{
	if (error == wanted)
		return 0;
	return fail("%s: %s: %s expected, got: %s", where, request,
		    wanted ? strerror(wanted) : "success", error ? strerror(error) : "success");
}

static int check_state(struct scene *scene, const char *where, uint32_t wanted)
{
	int state = vfio_get_state(&scene->machine.function);

	if (state == (int)wanted)
		return 0;
	return fail("%s: state %s expected, is %s", where, vfio_state_name((int)wanted),
		    vfio_state_name(state));
}

/* What is in memory can still be read. */
static int check_read(const char *where, int file)
{
	uint8_t byte;

	if (read(file, &byte, 1) >= 0 || errno == ENOMSG)
		return 0;
	return check_answer(where, "reading its stream", errno, 0);
}

static int check_write(struct scene *scene, const struct place *place, int file, int wanted)
{
	const struct bytes *stream = &scene->stream;
	ssize_t length;

	for (size_t done = scene_bytes_to_write(scene, place); done < stream->size;
	     done += (size_t)length) {
		length = write(file, stream->data + done, stream->size - done);
		if (length < 0)
			return check_answer(place->name, "writing its stream", errno, wanted);
	}
	return check_answer(place->name, "writing its stream", 0, wanted);
}

static int check_requests(struct scene *scene, const char *where, const struct answer *answer)
{
	int error, stream;

	for (size_t i = 0; i < NR_REQUESTS; i++) {
		error = -vfio_try_state(&scene->machine.function, requests[i], &stream);
		if (stream >= 0)
			close(stream);
		if (check_answer(where, vfio_state_name((int)requests[i]), error, answer[i].error) ||
		    check_state(scene, where, answer[i].state))
			return -1;
	}
	return 0;
}

int aftermath_check(struct scene *scene, enum aftermath aftermath, const struct place *place,
		    int file)
{
	uint32_t state = place->refused ? ERROR : place->after;
	bool awaits = state == RESUMING && place->bytes != ALL_THERE_IS;
	const struct answers *answers =
		&known[aftermath][awaits ? AWAITS_STATE : situation_in(state)];

	if (check_state(scene, place->name, state))
		return -1;
	if ((state == PRE_COPY || state == PRE_COPY_P2P || state == STOP_COPY) &&
	    check_read(place->name, file))
		return -1;
	if (awaits && check_write(scene, place, file, answers->write))
		return -1;
	return check_requests(scene, place->name, answers->request);
}

/* How an arc may end that something overtakes; 0 is always among it. */
static int check_end(enum aftermath aftermath, const char *arc, int error)
{
	static const int ends[][5] = {
		[AFTERMATH_SAME] = { 0 },
		[AFTERMATH_GONE] = { EIO, ENODEV, EREMOTEIO, ESTALE },
		[AFTERMATH_GONE_RFC] = { EIO, ENODEV, EREMOTEIO },
		[AFTERMATH_CUT] = { EIO, ENODEV },
		[AFTERMATH_ASK] = { ENODEV },
	};

	for (const int *end = ends[aftermath]; error && *end; end++)
		if (error == *end)
			return 0;
	return error ? fail("%s: it must not end with: %s", arc, strerror(error)) : 0;
}

int aftermath_check_arc(struct scene *scene, enum aftermath aftermath, const struct arc *arc,
			int error)
{
	/* RESUMING is left with what the write has said, or for want of a state. */
	const struct answers unloaded = ALL_OVER(arc->from == RESUMING ? error : EINVAL);
	const struct answers *answers = &unloaded;
	int state;

	if (check_end(aftermath, arc->name, error))
		return -1;
	if (aftermath == AFTERMATH_ASK)
		return 0;
	if (!error && check_state(scene, arc->name, arc->to))
		return -1;
	state = vfio_get_state(&scene->machine.function);
	if (state < 0)
		return -1;
	if (state != RESUMING || (arc->from == RESUMING && !error))
		answers = &known[aftermath][situation_in((uint32_t)state)];
	return check_requests(scene, arc->name, answers->request);
}
