// SPDX-License-Identifier: BSD-2-Clause
/*
 * Moving a guest: between two hosts, to and fro, with "move" on one and "serve" on the other; or
 * out of and into the same function, without a peer. The guest's memory and the device's stream are
 * all that moves; the VMM adds the command register and switches vectors on.
 *
 * Two ways to leave take turns: from STOP, and from pre-copy, in which the peer may refuse while
 * the guest still runs. Three ways to come in do: from STOP,
 * after a device reset, and into a newly opened device. Vectors are switched on after RESUMING is
 * left, as VFIO's documentation has it, and in every other move while it lasts, as QEMU does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "mutation.h"
#include "nvme.h"
#include "peer.h"
#include "tests.h"
#include "workload.h"

#define SESSION_VERSION		2
#define SERVER_PATIENCE_MS	600000
#define STREAM_MAX		(NVMOVE_STREAM_STATE_MAX + (1u << 20))
#define WARM_MOVES		10
#define POISON			0xdb

/** struct session_terms - what the director tells the server */
struct session_terms {
	uint32_t version;
	uint32_t guest_size;
	uint64_t memory_size;
	uint32_t count;
	uint32_t interval_ms;
	uint32_t loaded;
	uint32_t timeout_ms;
	uint32_t precopy;
	uint32_t reserved;
};

/** struct precopied - announces the stream of a guest that will come as move number @move */
struct precopied {
	uint64_t stream_size;
	uint32_t move;
	uint32_t command_register;
};

/** struct incoming - announces a guest; times in microseconds */
struct incoming {
	uint64_t stream_size;
	uint64_t memory_size;
	uint32_t elapsed_us;
	uint32_t command_register;
};

/**
 * struct session - one host's view
 * @link: socket to the peer, -1 without one
 * @host: 0 for the director, 1 for the server
 * @welcome: the peer takes part
 * @owner: the guest is here
 * @precopied: bytes of the stream that is leaving which the peer has already
 * @refused_in_precopy: the peer said no while the guest still ran
 * @mutation: what to do to the next stream that leaves
 */
struct session {
	struct machine machine;
	struct session_terms terms;
	int link;
	unsigned int host;
	bool welcome;
	bool owner;
	size_t precopied;
	bool refused_in_precopy;
	const struct mutation *mutation;
};

static uint64_t kernel_memory_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long value, total = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SUnreclaim: %llu", &value) == 1 ||
		    sscanf(line, "VmallocUsed: %llu", &value) == 1)
			total += value;
	fclose(file);
	return total;
}

static void sample_kernel_memory(struct session *session)
{
	struct guest *guest = session->machine.guest;
	uint64_t now = kernel_memory_kib();

	if (guest->moves <= WARM_MOVES || !guest->kernel_memory[session->host][0])
		guest->kernel_memory[session->host][0] = now;
	guest->kernel_memory[session->host][1] = now;
}

/* The three ways in; the number of the move chooses. */
static int prepare_arrival(struct session *session, uint32_t move)
{
	struct vfio_function *function = &session->machine.function;

	switch (move % 3) {
	case 0:
		vfio_disable_vectors(function);
		return 0;
	case 1:
		vfio_disable_vectors(function);
		return vfio_reset(function);
	default:
		vfio_close_device(function);
		return vfio_open_device(function);
	}
}

static int arrive(struct session *session, const struct bytes *stream,
		  const struct incoming *incoming, uint64_t received)
{
	struct machine *machine = &session->machine;
	struct guest *guest = machine->guest;
	struct guest_move *move = &guest->move[guest->moves - 1];
	uint64_t start, loaded;
	int error;

	if ((machine->resuming < 0 && prepare_arrival(session, guest->moves)) ||
	    vfio_set_command_register(&machine->function, (uint16_t)incoming->command_register))
		return -1;
	start = now_us();
	error = machine_write_stream(machine, stream, 0, guest->moves & 1 ? guest->nr_vectors : 0);
	if (error)
		return fail("%s: loading %zu bytes of stream: %s", machine->function.address,
			    stream->size, strerror(-error));
	loaded = now_us();
	if (machine_run(machine))
		return -1;
	move->resume_us = (uint32_t)(now_us() - loaded);
	move->load_us = (uint32_t)(loaded - start);
	if (workload_first_completion(machine))
		return -1;
	move->downtime_us = (uint32_t)(incoming->elapsed_us + (now_us() - received));
	return 0;
}

/* What the guest checks once it runs: nothing about its controller may have changed. */
static int settle(struct session *session)
{
	workload_check_stragglers(&session->machine);
	sample_kernel_memory(session);
	if (identity_check(&session->machine) || identity_event(&session->machine))
		return -1;
	return workload_is_clean(&session->machine);
}

/* A damaged function is healed by a reset, whatever state the refusal left it in. */
static int heal(struct session *session)
{
	struct vfio_function *function = &session->machine.function;

	if (session->machine.resuming >= 0)
		close(session->machine.resuming);
	session->machine.resuming = -1;
	if (vfio_reset(function))
		return -1;
	if (vfio_get_state(function) != VFIO_DEVICE_STATE_RUNNING)
		return fail("%s: after a reset: RUNNING expected, is %s", function->address,
			    vfio_state_name(vfio_get_state(function)));
	return 0;
}

static int take_off(struct session *session, struct bytes *stream)
{
	struct machine *machine = &session->machine;
	struct guest_move move = { 0 };

	if (session->terms.loaded && workload_drain(machine))
		return -1;
	if (identity_fly(machine))
		return -1;
	if (session->terms.loaded && workload_fill(machine))
		return -1;
	if (machine_stop(machine, &move) || machine_save(machine, stream, &move))
		return -1;
	machine->guest->move[machine->guest->moves++] = move;
	return 0;
}

static int mutate(struct session *session, struct bytes *stream)
{
	struct bytes bad = { 0 };

	if (!session->mutation)
		return 0;
	if (mutation_apply(session->mutation, stream, &bad))
		return -1;
	bytes_free(stream);
	*stream = bad;
	session->mutation = NULL;
	return 0;
}

static int send_precopied(struct session *session, const struct bytes *stream)
{
	struct machine *machine = &session->machine;
	int command = vfio_command_register(&machine->function);
	struct precopied precopied = {
		.stream_size = stream->size,
		.move = machine->guest->moves + 1,
		.command_register = (uint32_t)command,
	};

	if (command < 0 ||
	    peer_send(session->link, PEER_PRECOPIED, &precopied, sizeof(precopied)) ||
	    peer_send(session->link, PEER_STREAM, stream->data, stream->size))
		return -1;
	session->precopied = stream->size;
	return peer_expect(session->link, PEER_ACCEPTED, NULL, 0);
}

/* Return: 0, PEER_SAID_NO, or -1. The guest runs all the time. */
static int precopy(struct session *session, struct bytes *stream)
{
	int result;

	if (machine_precopy(&session->machine, stream))
		return -1;
	result = session->link < 0 ? 0 : send_precopied(session, stream);
	if (workload_run(&session->machine, session->terms.interval_ms))
		return -1;
	return result;
}

static int send_guest(struct session *session, const struct bytes *stream, uint64_t start)
{
	struct machine *machine = &session->machine;
	int command = vfio_command_register(&machine->function);
	struct incoming incoming = {
		.stream_size = stream->size - session->precopied,
		.memory_size = machine->memory_size,
		.elapsed_us = (uint32_t)(now_us() - start),
		.command_register = (uint32_t)command,
	};

	if (command < 0 ||
	    peer_send(session->link, PEER_INCOMING, &incoming, sizeof(incoming)) ||
	    peer_send(session->link, PEER_STREAM, stream->data + session->precopied,
		      stream->size - session->precopied) ||
	    peer_send(session->link, PEER_MEMORY, machine->guest, machine->memory_size))
		return -1;
	return peer_expect(session->link, PEER_ACCEPTED, NULL, 0);
}

/* Without a peer the memory moves by copy and is poisoned in between. */
static int move_to_self(struct session *session, const struct bytes *stream, uint64_t start)
{
	struct machine *machine = &session->machine;
	int command = vfio_command_register(&machine->function);
	struct incoming incoming = { .command_register = (uint32_t)command };

	if (command < 0)
		return -1;
	machine_keep_memory(machine);
	memset(machine->guest, POISON, machine->memory_size);
	machine_restore_memory(machine);
	incoming.elapsed_us = (uint32_t)(now_us() - start);
	if (arrive(session, stream, &incoming, now_us()))
		return -1;
	return settle(session);
}

/* The other side said no: the guest goes on here as if nothing had been. */
static int go_on(struct session *session)
{
	struct machine *machine = &session->machine;
	struct nvm_cqe cqe;

	note("the peer refused: %s", peer_reason());
	if (machine->precopied >= 0) {
		session->refused_in_precopy = true;
		if (machine_give_up_precopy(machine))
			return -1;
		return workload_run(machine, session->terms.interval_ms);
	}
	machine->guest->moves--;
	if (machine_run(machine) || nvme_wait_admin(machine, machine->guest->flying_cid, &cqe))
		return -1;
	return workload_run(machine, session->terms.interval_ms);
}

/* Return: 0, PEER_SAID_NO when the guest had to stay, or -1. */
static int depart(struct session *session)
{
	struct bytes stream = { 0 };
	uint64_t start;
	int result = 0;

	session->precopied = 0;
	if (session->terms.precopy || session->machine.guest->moves & 1)
		result = precopy(session, &stream);
	start = now_us();
	if (!result)
		result = take_off(session, &stream) || mutate(session, &stream) ? -1 : 0;
	if (!result && session->link < 0)
		result = move_to_self(session, &stream, start);
	else if (!result)
		result = send_guest(session, &stream, start);
	bytes_free(&stream);
	if (result == PEER_SAID_NO)
		return go_on(session) ? -1 : PEER_SAID_NO;
	if (!result)
		session->owner = session->link < 0;
	return result;
}

static int receive_stream(struct session *session, uint64_t size, struct bytes *stream)
{
	if (size > STREAM_MAX)
		return fail("incoming stream: at most %u bytes possible, %llu announced",
			    STREAM_MAX, (unsigned long long)size);
	/* an empty stream has no buffer, and one byte of room is never sent */
	stream->data = malloc(size + 1);
	if (!stream->data)
		return fail("incoming stream: no memory for %llu bytes", (unsigned long long)size);
	stream->size = size;
	stream->room = size + 1;
	return peer_expect(session->link, PEER_STREAM, stream->data, stream->size);
}

static int receive_guest(struct session *session, const struct incoming *incoming,
			 struct bytes *stream)
{
	struct machine *machine = &session->machine;

	if (incoming->memory_size != machine->memory_size)
		return fail("incoming guest memory: %zu bytes here, %llu announced",
			    machine->memory_size, (unsigned long long)incoming->memory_size);
	if (receive_stream(session, incoming->stream_size, stream) ||
	    peer_expect(session->link, PEER_MEMORY, machine->guest, machine->memory_size))
		return -1;
	return machine_guest_is_sane(machine);
}

/* The device is asked by the write, if there is a question in it. */
static int take_precopied(struct session *session, const struct precopied *precopied,
			  const struct bytes *stream)
{
	struct vfio_function *function = &session->machine.function;
	int error;

	if (prepare_arrival(session, precopied->move) ||
	    vfio_set_command_register(function, (uint16_t)precopied->command_register))
		return -1;
	error = machine_begin_stream(&session->machine, stream);
	return error ? fail("%s: loading %zu bytes of pre-copy: %s", function->address,
			    stream->size, strerror(-error)) : 0;
}

/* Return: 0 to go on, or -1. */
static int welcome_precopied(struct session *session, size_t size)
{
	struct precopied precopied;
	struct bytes stream = { 0 };
	int result;

	if (size != sizeof(precopied))
		return fail("pre-copy: %zu bytes expected, %zu announced", sizeof(precopied), size);
	result = peer_receive(session->link, &precopied, sizeof(precopied)) ||
		 receive_stream(session, precopied.stream_size, &stream) ? -1 : 0;
	if (!result && !take_precopied(session, &precopied, &stream))
		result = peer_send(session->link, PEER_ACCEPTED, NULL, 0);
	else if (!result)
		result = peer_send_text(session->link, PEER_REFUSED, last_failure()) ||
			 heal(session) ? -1 : 0;
	bytes_free(&stream);
	return result;
}

static int welcome_guest(struct session *session, size_t size)
{
	uint64_t received = now_us();
	struct bytes stream = { 0 };
	struct incoming incoming;
	int result;

	if (size != sizeof(incoming))
		return fail("incoming: %zu bytes expected, %zu announced", sizeof(incoming), size);
	if (peer_receive(session->link, &incoming, sizeof(incoming)) ||
	    receive_guest(session, &incoming, &stream)) {
		bytes_free(&stream);
		return -1;
	}
	result = arrive(session, &stream, &incoming, received);
	bytes_free(&stream);
	if (result) {
		if (peer_send_text(session->link, PEER_REFUSED, last_failure()))
			return -1;
		return heal(session);
	}
	if (peer_send(session->link, PEER_ACCEPTED, NULL, 0))
		return -1;
	session->owner = true;
	return settle(session);
}

/* Return: 0 to go on, 1 when all is done, or -1. */
static int attend(struct session *session)
{
	uint32_t type;
	size_t size;

	if (peer_receive_head(session->link, &type, &size))
		return -1;
	if (type == PEER_PRECOPIED)
		return welcome_precopied(session, size);
	if (type == PEER_INCOMING)
		return welcome_guest(session, size);
	if (type == PEER_FINISHED && size == sizeof(struct guest))
		return peer_receive(session->link, session->machine.guest, size) ? -1 : 1;
	return fail("peer: message %u with %zu bytes is of no use now", type, size);
}

static int finish(struct session *session)
{
	if (finish_guest(&session->machine))
		return -1;
	if (!session->welcome)
		return 0;
	return peer_send(session->link, PEER_FINISHED, session->machine.guest,
			 sizeof(struct guest));
}

/* Return: 0 when all moves are done, PEER_SAID_NO when one was refused, or -1. */
static int run_session(struct session *session)
{
	struct machine *machine = &session->machine;
	int result;

	for (;;) {
		if (!session->owner) {
			result = attend(session);
			if (result)
				return result < 0 ? -1 : 0;
			continue;
		}
		if (workload_run(machine, session->terms.interval_ms))
			return -1;
		if (machine->guest->moves >= session->terms.count)
			return finish(session);
		result = depart(session);
		if (result)
			return result;
	}
}

static uint64_t growth_kib(const struct guest *guest, unsigned int host)
{
	const uint64_t *sample = guest->kernel_memory[host];

	return sample[1] > sample[0] ? sample[1] - sample[0] : 0;
}

static void json_moves(struct json *json, const struct guest *guest)
{
	static uint64_t value[6][GUEST_MAX_MOVES];
	static const char *const names[] = {
		"state_bytes", "stop_us", "save_us", "load_us", "resume_us", "downtime_us",
	};
	uint64_t unfetched = 0, pending = 0, unread = 0;
	uint32_t count = guest->moves < GUEST_MAX_MOVES ? guest->moves : GUEST_MAX_MOVES;

	for (uint32_t i = 0; i < count; i++) {
		const struct guest_move *move = &guest->move[i];

		value[0][i] = move->state_bytes;
		value[1][i] = move->stop_us;
		value[2][i] = move->save_us;
		value[3][i] = move->load_us;
		value[4][i] = move->resume_us;
		value[5][i] = move->downtime_us;
		unfetched += move->unfetched;
		pending += move->pending;
		unread += move->unread;
	}
	json_number(json, "unfetched", unfetched);
	json_number(json, "pending", pending);
	json_number(json, "unread", unread);
	for (int i = 0; i < 6; i++)
		json_spread(json, names[i], value[i], count);
}

static int judge(const struct session *session, const struct test_options *options)
{
	const struct guest *guest = session->machine.guest;

	if (guest->moves != options->count)
		return fail("moves: %u wanted, %u made", options->count, guest->moves);
	if (guest->counts.completed + guest->admin.outstanding != guest->counts.submitted)
		return fail("commands: %llu submitted, %llu completed, %u events still requested",
			    (unsigned long long)guest->counts.submitted,
			    (unsigned long long)guest->counts.completed, guest->admin.outstanding);
	for (unsigned int host = 0; host < 2; host++)
		if (growth_kib(guest, host) > options->max_growth_kib)
			return fail("kernel memory of host %u grew by %llu KiB, %u allowed", host,
				    (unsigned long long)growth_kib(guest, host),
				    options->max_growth_kib);
	return workload_is_clean(&session->machine);
}

static int report(const struct session *session, const struct test_options *options, int result)
{
	const struct guest *guest = session->machine.guest;
	struct json json;

	json_begin(&json);
	json_string(&json, "test", session->link < 0 ? "self" : "move");
	json_bool(&json, "ok", !result);
	json_bool(&json, "loaded", options->loaded);
	if (guest) {
		json_number(&json, "moves", guest->moves);
		json_guest(&json, guest);
		json_moves(&json, guest);
		json_number(&json, "kernel_growth_kib_director", growth_kib(guest, 0));
		json_number(&json, "kernel_growth_kib_server", growth_kib(guest, 1));
	}
	if (peer_reason()[0]) {
		json_string(&json, "refusal", peer_reason());
		json_bool(&json, "refused_in_precopy", session->refused_in_precopy);
	}
	if (result)
		json_string(&json, "failure", last_failure());
	return json_print(&json) || result ? -1 : 0;
}

static int greet(struct session *session, const struct test_options *options)
{
	int result;

	session->terms = (struct session_terms){
		.version = SESSION_VERSION,
		.guest_size = sizeof(struct guest),
		.memory_size = session->machine.memory_size,
		.count = options->count,
		.interval_ms = options->interval_ms,
		.loaded = options->loaded,
		.timeout_ms = options->timeout_ms,
		.precopy = options->precopy,
	};
	if (!options->peer)
		return 0;
	session->link = peer_connect(options->peer, options->timeout_ms);
	if (session->link < 0 ||
	    peer_send(session->link, PEER_HELLO, &session->terms, sizeof(session->terms)))
		return -1;
	result = peer_expect(session->link, PEER_WELCOME, NULL, 0);
	session->welcome = !result;
	return result;
}

/* A refusal was wanted: it must have come, and the guest must be well on the source. */
static int judge_refusal(struct session *session, int result)
{
	if (result != PEER_SAID_NO)
		return result < 0 ? -1 : fail("the move was to be refused, and was not");
	if (session->machine.guest->moves)
		return fail("moves before the refusal: 0 expected, %u made",
			    session->machine.guest->moves);
	return finish(session);
}

static int direct(struct session *session, const struct test_options *options)
{
	int result;

	if (options->count > GUEST_MAX_MOVES)
		return fail("moves: at most %u possible, %u wanted", GUEST_MAX_MOVES,
			    options->count);
	if (options->mutation) {
		session->mutation = mutation_find(options->mutation);
		if (!session->mutation)
			return -1;
	}
	if (start_guest(&session->machine, options))
		return -1;
	session->owner = true;
	result = greet(session, options);
	if (!result)
		result = run_session(session);
	else if (result == PEER_SAID_NO && workload_run(&session->machine, options->interval_ms))
		result = -1;
	if (options->expect_refusal)
		return judge_refusal(session, result);
	if (result == PEER_SAID_NO)
		return fail("the peer refused: %s", peer_reason());
	return result ? -1 : judge(session, options);
}

int test_move(const struct test_options *options)
{
	struct session session = { .machine = MACHINE_CLOSED, .link = -1 };
	int result;

	result = direct(&session, options);
	if (result && session.link >= 0)
		peer_send_text(session.link, PEER_FAILED, last_failure());
	result = report(&session, options, result);
	if (session.link >= 0)
		close(session.link);
	machine_close(&session.machine);
	return result;
}

static int accept_terms(struct session *session, const struct test_options *options)
{
	if (peer_expect(session->link, PEER_HELLO, &session->terms, sizeof(session->terms)))
		return -1;
	if (session->terms.version != SESSION_VERSION ||
	    session->terms.guest_size != sizeof(struct guest))
		return fail("session: version %u and guest of %zu bytes here, %u and %u offered",
			    SESSION_VERSION, sizeof(struct guest), session->terms.version,
			    session->terms.guest_size);
	if (machine_open(&session->machine, options->address, session->terms.timeout_ms) ||
	    machine_can_migrate(&session->machine) ||
	    machine_set_memory(&session->machine, session->terms.memory_size)) {
		peer_send_text(session->link, PEER_REFUSED, last_failure());
		return -1;
	}
	return peer_send(session->link, PEER_WELCOME, NULL, 0);
}

static int serve(struct session *session, const struct test_options *options)
{
	int listener = peer_listen(options->listen);
	int result;

	if (listener < 0)
		return -1;
	note("listening on %s", options->listen);
	session->link = peer_accept(listener, SERVER_PATIENCE_MS);
	close(listener);
	if (session->link < 0 || accept_terms(session, options))
		return -1;
	session->welcome = true;
	result = run_session(session);
	if (result)
		peer_send_text(session->link, PEER_FAILED, last_failure());
	return result ? -1 : 0;
}

int test_serve(const struct test_options *options)
{
	struct session session = { .machine = MACHINE_CLOSED, .link = -1, .host = 1 };
	struct json json;
	int result;

	result = serve(&session, options);
	json_begin(&json);
	json_string(&json, "test", "serve");
	json_bool(&json, "ok", !result);
	if (session.machine.guest)
		json_number(&json, "moves", session.machine.guest->moves);
	if (result)
		json_string(&json, "failure", last_failure());
	result = json_print(&json) || result ? -1 : 0;
	if (session.link >= 0)
		close(session.link);
	machine_close(&session.machine);
	return result;
}
