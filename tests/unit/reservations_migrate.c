// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reservations move with the controller (R1): registrants, reservation, generation, persistence,
 * masks and unread notifications. Namespace 2 is the moving controller's own and takes over what
 * the stream says; namespace 3 is shared, so that what is there must be what the stream says. What
 * a controller cannot be in is refused, and nothing has changed then.
 */
#include <stdio.h>

#include "reservations.h"
#include "state_editor.h"

#define OWN	2u

static struct completion own(struct host *host, unsigned int opcode, uint32_t cdw10,
			     uint64_t current, uint64_t other)
{
	return host_command(host, opcode, OWN, cdw10, current, other);
}

static void own_report(struct host *host, uint8_t data[PAGE])
{
	guest_fill(host->driver->memory, host->driver->scratch, 0, PAGE);
	assert_success(COMMAND(&host->queue, .opcode = 0x0e, .nsid = OWN, .cdw10 = PAGE / 4 - 1,
			       .cdw11 = 1, .prp1 = host->driver->scratch));
	guest_read(host->driver->memory, host->driver->scratch, data, PAGE);
}

/** several_registrants() - @count hosts register with the own namespace; the last is @host for
 * good
 */
static struct rig *several_registrants(struct host *host, unsigned int count)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int i = 0; i < count; i++) {
		if (i) {
			driver_disable(rig->driver[1]);
			driver_enable(rig->driver[1]);
		}
		host_open(rig, 1, host, 10 + i * 7 % 100);
		assert_success(own(host, 0x0d, i ? 0 : 3u << 30, 0, 100 + i));
	}
	return rig;
}

TEST_CASE(the_whole_reservation_moves)
{
	for (unsigned int type = 0; type <= 6; type++) {
		uint8_t before[PAGE], after[PAGE];
		struct rig *source, *destination;
		struct host host;

		source = several_registrants(&host, 5);
		if (type)
			assert_success(own(&host, 0x11, type << 8, 104, 0));
		own_report(&host, before);
		destination = rig_new_destination(source, 1);
		rig_migrate(source, destination, 1);
		own_report(&host, after);
		assert_memory_equal(before, after, PAGE);
		assert_int_equal(after[4], type);
		assert_int_equal(get16(after, 5), 5);
		assert_int_equal(after[9], 1);
		/* The holder goes on as the holder, with the key that it registered elsewhere. */
		if (type)
			assert_success(own(&host, 0x15, type << 8, 104, 0));
		assert_success(own(&host, 0x15, 1, 104, 0));
		rig_free(destination);
		rig_free(source);
	}
}

TEST_CASE(a_reservation_holds_against_the_same_host_after_the_move)
{
	struct rig *source, *destination;
	struct buffer *buffer;
	struct host host;

	source = several_registrants(&host, 2);
	assert_success(own(&host, 0x11, NVM_RESV_EXCLUSIVE_ACCESS << 8, 101, 0));
	driver_disable(host.driver);
	driver_enable(host.driver);
	host_open(source, 1, &host, 10);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	buffer = buffer_new(host.driver, 4096);
	assert_status(queue_rw(&host.queue, NVM_IO_READ, OWN, 0, 1, buffer),
		      NVM_SC_RESERVATION_CONFLICT);
	assert_success(own(&host, 0x11, NVM_RESV_EXCLUSIVE_ACCESS << 8 | 1, 100, 101));
	assert_success(queue_rw(&host.queue, NVM_IO_READ, OWN, 0, 1, buffer));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_state_with_reservations_saves_as_the_same_bytes)
{
	struct rig *source, *destination;
	struct state state, again;
	struct host host;
	size_t len;

	source = several_registrants(&host, 3);
	assert_success(own(&host, 0x11, NVM_RESV_WRITE_EXCLUSIVE << 8, 102, 0));
	assert_success(driver_set_feature(host.driver, 0x82, OWN, 6));
	rig_suspend(source, 1);
	state = state_of(source, 1);
	destination = rig_new_destination(source, 1);
	rig_load(destination, 1, state.data, state.size);
	again = state_of(destination, 1);
	for (unsigned int type = NVMOVE_CSTATE_FEATURES; type <= NVMOVE_CSTATE_RESV_LOG; type++) {
		const uint8_t *payload;

		if (!state_section(&state, type) || type == NVMOVE_CSTATE_TIMERS)
			continue;
		payload = state_payload(&state, type, &len);
		assert_memory_equal(payload, state_payload(&again, type, NULL), len);
	}
	state_payload(&state, NVMOVE_CSTATE_RESERVATIONS, &len);
	assert_int_equal(len, 16 + 3 * 24);
	state_free(&again);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(most_registrants_move)
{
	struct rig *source, *destination;
	uint8_t before[PAGE], after[PAGE];
	struct host host;

	source = several_registrants(&host, 1);
	for (unsigned int i = 1; i < 128; i++) {
		driver_disable(source->driver[1]);
		driver_enable(source->driver[1]);
		host_open(source, 1, &host, 127 + i);
		assert_success(own(&host, 0x0d, 0, 0, i));
	}
	own_report(&host, before);
	assert_int_equal(get16(before, 5), 128);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	own_report(&host, after);
	assert_memory_equal(before, after, PAGE);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(an_untouched_namespace_costs_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state state;
	size_t len;

	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	state_payload(&state, NVMOVE_CSTATE_RESERVATIONS, &len);
	assert_int_equal(len, 0);
	state_payload(&state, NVMOVE_CSTATE_RESV_LOG, &len);
	assert_int_equal(len, 16);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(what_an_earlier_guest_left_is_replaced)
{
	struct host first, second;
	struct rig *source = rig_new_secondaries(NULL, 1);
	struct rig *destination = rig_new_secondaries(&(struct rig_options){ .source = source }, 1);
	struct state state;
	uint8_t data[PAGE];

	host_open(destination, 1, &first, 1);
	assert_success(own(&first, 0x0d, 0, 0, 7));
	assert_success(own(&first, 0x11, NVM_RESV_EXCLUSIVE_ACCESS << 8, 7, 0));
	host_open(source, 1, &second, 2);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	rig_suspend(destination, 1);
	rig_load(destination, 1, state.data, state.size);
	second.driver->function = &destination->function[1];
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	own_report(&second, data);
	assert_true(is_zero(data, sizeof(data)));
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(masks_move)
{
	struct rig *source, *destination;
	struct host host;

	source = several_registrants(&host, 1);
	assert_success(driver_set_feature(host.driver, 0x82, OWN, 4));
	assert_success(driver_set_feature(host.driver, 0x82, NS, 8));
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_int_equal(driver_get_feature(host.driver, 0x82, 0, OWN, 0).dw0, 4);
	assert_int_equal(driver_get_feature(host.driver, 0x82, 0, NS, 0).dw0, 8);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_size_of_the_identifier_moves)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	uint8_t id[8] = { 5 };
	struct host host;

	host_open(source, 1, &host, 0);
	assert_success(driver_write_page(host.driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID,
	}, id, sizeof(id)));
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_success(COMMAND(&host.queue, .opcode = 0x0e, .nsid = OWN, .cdw10 = 5,
			       .prp1 = host.driver->scratch));
	rig_free(destination);
	rig_free(source);
}

/** with_news() - host 1 on controller 1 has three unread notifications of the shared namespace */
static struct rig *with_news(struct host *host)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct host other;

	host_open(rig, 0, &other, 9);
	host_open(rig, 1, host, 1);
	driver_submit_aer(host->driver);
	rig_run(rig);
	assert_success(host_register(&other, 9));
	for (unsigned int i = 0; i < 2; i++) {
		assert_success(host_register(host, 1));
		assert_success(host_clear(&other, 9));
		assert_success(host_register(&other, 9));
	}
	assert_success(host_register(host, 1));
	assert_success(host_preempt(&other, 1, 9, 1));
	assert_int_equal(cq_take(&host->driver->admin.cq).dw0, 6 | 0x80 << 16);
	return rig;
}

/** destination_like() - another rig whose shared namespace has been through the same */
static struct rig *destination_like(struct rig *source)
{
	struct rig *rig = rig_new_secondaries(&(struct rig_options){ .source = source }, 1);
	struct host other, host;

	host_open(rig, 0, &other, 9);
	host_open(rig, 1, &host, 1);
	assert_success(host_register(&other, 9));
	for (unsigned int i = 0; i < 2; i++) {
		assert_success(host_register(&host, 1));
		assert_success(host_clear(&other, 9));
		assert_success(host_register(&other, 9));
	}
	assert_success(host_register(&host, 1));
	assert_success(host_preempt(&other, 1, 9, 1));
	rig_suspend(rig, 1);
	return rig;
}

TEST_CASE(unread_notifications_move)
{
	struct host host;
	struct rig *source = with_news(&host), *destination = destination_like(source);
	struct driver *driver = host.driver;
	uint8_t data[64];

	rig_migrate(source, destination, 1);
	driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);	/* the mask of the event has moved, too */
	for (unsigned int i = 0; i < 3; i++) {
		assert_success(driver_peek_log(driver, NVM_LOG_RESERVATION, 0, data, 64));
		assert_int_equal(get64(data, 0), i + 1);
		assert_int_equal(data[8], i < 2 ? 3 : 1);
		assert_int_equal(data[9], 2 - i);
		assert_int_equal(get32(data, 12), NS);
	}
	sq_submit(&driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
		.cdw10 = 15 << 16 | NVM_LOG_RESERVATION, .prp1 = driver->scratch,
	});
	assert_int_equal(cq_take(&driver->admin.cq).dw0, 6 | 0x80 << 16);
	assert_success(cq_take(&driver->admin.cq));
	guest_read(driver->memory, driver->scratch, data, 64);
	assert_true(is_zero(data, 64));
	rig_free(destination);
	rig_free(source);
}

/* ---- refusals ---- */

/** struct target - a suspended controller with a reservation of each namespace */
struct target {
	struct rig *rig;
	struct state state;
};

static void target_new(struct target *target)
{
	struct host host;

	target->rig = with_news(&host);
	assert_success(own(&host, 0x0d, 0, 0, 1));
	assert_success(own(&host, 0x11, NVM_RESV_WRITE_EXCLUSIVE << 8, 1, 0));
	driver_disable(host.driver);
	driver_enable(host.driver);
	host_open(target->rig, 1, &host, 3);
	assert_success(own(&host, 0x0d, 0, 0, 3));
	assert_success(host_register(&host, 3));
	{
		struct host other = { .driver = target->rig->driver[0] };

		driver_create_queue(other.driver, &other.queue, 2, 16, 1);
		assert_success(host_preempt(&other, 1, 9, 3));
		assert_success(host_register(&host, 3));
		assert_success(host_preempt(&other, 1, 9, 3));
	}
	rig_suspend(target->rig, 1);
	target->state = state_of(target->rig, 1);
}

static void target_free(struct target *target)
{
	state_free(&target->state);
	rig_free(target->rig);
}

static int try_load(struct target *target, struct state *state, struct nvmove_load_error *error)
{
	struct state after;
	int result;

	state_seal(state);
	result = nvmove_ctrl_load(target->rig->function[1].ctrl, state->data, state->size, error);
	after = state_of(target->rig, 1);
	if (result && (after.size != target->state.size ||
		       memcmp(after.data, target->state.data, after.size)))
		fail_msg("refused, but the controller has changed: %s", error->text);
	state_free(&after);
	return result;
}

/* In section 13: namespace 2 with hosts 1 and 3, then namespace 3 with host 9. */
#define FIRST	0
#define HOST_1	16
#define HOST_3	(16 + 24)
#define SECOND	(16 + 2 * 24)
#define HOST_9	(SECOND + 16)

/** struct edit - one byte that makes the state impossible, or another one than is here */
struct edit {
	const char *what;
	size_t offset;
	uint8_t value;
	int expected;
	const char *word;	/* in the message */
};

static void refuse_edits(unsigned int section, const struct edit *edit, size_t count)
{
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < count; i++) {
		struct state copy = state_copy(&target.state);
		struct nvmove_load_error error;
		int result;

		state_payload(&copy, section, NULL)[edit[i].offset] = edit[i].value;
		result = try_load(&target, &copy, &error);
		if (result != edit[i].expected || error.section != section ||
		    !strstr(error.text, edit[i].word))
			fail_msg("%s: %d, section %u, \"%s\"", edit[i].what, result, error.section,
				 error.text);
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(impossible_reservations_are_refused)
{
	static const struct edit edits[] = {
		{ "nsid 0", FIRST, 0, -EBADMSG, "nsid 0" },
		{ "nsid not attached", FIRST, 1, -ENOTSUP, "nsid 1: not attached" },
		{ "nsid twice", SECOND, 2, -EBADMSG, "nsid 2 follows nsid 2" },
		{ "unknown type", FIRST + 8, 7, -ENOTSUP, "type" },
		{ "PTPL 2", FIRST + 9, 2, -ENOTSUP, "PTPL" },
		{ "holder beyond the registrants", FIRST + 10, 2, -EBADMSG, "holder 0x2 of 2" },
		{ "a holder of no reservation", FIRST + 8, 0, -EBADMSG, "holder" },
		{ "a holder of what all registrants hold", FIRST + 8, 5, -EBADMSG, "holder" },
		{ "reserved byte", FIRST + 14, 1, -ENOTSUP, "reserved" },
		{ "too many registrants", FIRST + 13, 1, -EBADMSG, "entry" },
		{ "registrant without identifier", HOST_3, 0, -EBADMSG, "registrants of nsid 2" },
		{ "registrants not ascending", HOST_1, 4, -EBADMSG, "registrants of nsid 2" },
	};

	refuse_edits(NVMOVE_CSTATE_RESERVATIONS, edits, ARRAY_SIZE(edits));
}

TEST_CASE(no_host_and_the_same_host_twice_are_refused)
{
	static const struct {
		size_t offset;
		uint8_t byte;
	} ids[] = { { HOST_1, 0 }, { HOST_3, 1 }, { HOST_1, 3 } };
	struct target target;

	target_new(&target);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct state copy = state_copy(&target.state);
		struct nvmove_load_error error;

		memset(state_payload(&copy, NVMOVE_CSTATE_RESERVATIONS, NULL) + ids[i].offset,
		       ids[i].byte, 16);
		assert_int_equal(try_load(&target, &copy, &error), -EBADMSG);
		assert_non_null(strstr(error.text, "registrants of nsid 2"));
		state_free(&copy);
	}
	target_free(&target);
}

TEST_CASE(another_reservation_of_a_shared_namespace_is_refused)
{
	static const struct edit edits[] = {
		{ "generation", SECOND + 4, 0x77, -ENOTSUP, "generation" },
		{ "type", SECOND + 8, 5, -ENOTSUP, "type: 0 here, 5 in the stream" },
		{ "PTPL", SECOND + 9, 1, -ENOTSUP, "PTPL: 0 here, 1 in the stream" },
		{ "host", HOST_9, 8, -ENOTSUP, "host id 0909... here, 0809" },
		{ "key", HOST_9 + 16, 8, -ENOTSUP, "key 0x9, holder 0 here, 0x8" },
	};

	refuse_edits(NVMOVE_CSTATE_RESERVATIONS, edits, ARRAY_SIZE(edits));
}

TEST_CASE(what_differs_in_an_own_namespace_is_taken_over)
{
	static const struct edit edits[] = {
		{ "generation", FIRST + 4, 0x77, 0, "" },
		{ "type", FIRST + 8, 4, 0, "" },
		{ "PTPL", FIRST + 9, 1, 0, "" },
		{ "holder", FIRST + 10, 1, 0, "" },
		{ "host", HOST_3 + 15, 77, 0, "" },
		{ "key", HOST_3 + 16, 77, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		struct nvmove_load_error error;
		struct target target;
		struct state copy, after;

		target_new(&target);
		copy = state_copy(&target.state);
		state_payload(&copy, NVMOVE_CSTATE_RESERVATIONS, NULL)[edits[i].offset] =
			edits[i].value;
		assert_int_equal(try_load(&target, &copy, &error), 0);
		after = state_of(target.rig, 1);
		assert_int_equal(state_payload(&after, NVMOVE_CSTATE_RESERVATIONS,
					       NULL)[edits[i].offset], edits[i].value);
		state_free(&after);
		state_free(&copy);
		target_free(&target);
	}
}

TEST_CASE(a_controller_that_waits_for_its_own_state_does_not_share)
{
	uint8_t before[PAGE], after[PAGE];
	struct rig *source, *destination;
	struct host host;

	source = several_registrants(&host, 2);
	own_report(&host, before);
	destination = rig_new_destination(source, 1);
	rig_online(destination, 2, 5, 5);
	assert_int_equal(nvmove_namespace_attach(nvmove_subsystem_ctrl(destination->subsystem, 2),
						 OWN), 0);
	rig_migrate(source, destination, 1);
	own_report(&host, after);
	assert_memory_equal(before, after, PAGE);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_missing_reservation_of_a_shared_namespace_is_refused)
{
	struct nvmove_load_error error;
	struct target target;
	struct state copy;

	target_new(&target);
	copy = state_copy(&target.state);
	state_resize_section(&copy, NVMOVE_CSTATE_RESERVATIONS, SECOND);
	assert_int_equal(try_load(&target, &copy, &error), -ENOTSUP);
	assert_int_equal(error.section, NVMOVE_CSTATE_RESERVATIONS);
	assert_non_null(strstr(error.text, "nsid 3"));
	state_free(&copy);
	copy = state_copy(&target.state);
	state_resize_section(&copy, NVMOVE_CSTATE_RESERVATIONS, SECOND + 8);
	assert_int_equal(try_load(&target, &copy, &error), -EBADMSG);
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(more_registrants_than_fit_are_refused)
{
	struct nvmove_load_error error;
	struct target target;
	struct state copy;
	uint8_t *payload;

	target_new(&target);
	copy = state_copy(&target.state);
	state_resize_section(&copy, NVMOVE_CSTATE_RESERVATIONS, 16 + 129 * 24);
	payload = state_payload(&copy, NVMOVE_CSTATE_RESERVATIONS, NULL);
	put16(payload, FIRST + 12, 129);
	for (unsigned int i = 0; i < 129; i++)
		payload[16 + i * 24] = i + 1;
	assert_int_equal(try_load(&target, &copy, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "at most 128 here, 129 in the stream"));
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(impossible_notifications_are_refused)
{
	static const struct edit edits[] = {
		{ "count of the newest", 0, 9, -EBADMSG, "count 0x9" },
		{ "more entries", 8, 3, -EBADMSG, "3 of them" },
		{ "fewer entries", 8, 1, -EBADMSG, "1 of them" },
		{ "reserved byte", 12, 1, -ENOTSUP, "reserved" },
		{ "count 0", 16, 0, -EBADMSG, "count" },
		{ "count twice", 16, 2, -EBADMSG, "count 0x2 follows 0x2" },
		{ "type 0", 16 + 12, 0, -ENOTSUP, "types" },
		{ "type 4", 16 + 12, 4, -ENOTSUP, "types" },
		{ "nsid 0", 16 + 8, 0, -ENOTSUP, "nsid" },
		{ "nsid that cannot exist", 16 + 8, MAX_NSID + 1, -ENOTSUP, "nsid" },
		{ "reserved byte of an entry", 16 + 13, 1, -ENOTSUP, "reserved" },
	};

	refuse_edits(NVMOVE_CSTATE_RESV_LOG, edits, ARRAY_SIZE(edits));
}

TEST_CASE(more_notifications_than_fit_are_refused)
{
	struct nvmove_load_error error;
	struct target target;
	struct state copy;
	uint8_t *payload;

	target_new(&target);
	copy = state_copy(&target.state);
	state_resize_section(&copy, NVMOVE_CSTATE_RESV_LOG, 16 + 256 * 16);
	payload = state_payload(&copy, NVMOVE_CSTATE_RESV_LOG, NULL);
	put32(payload, 8, 256);
	assert_int_equal(try_load(&target, &copy, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "at most 255 here, 256 in the stream"));
	state_free(&copy);
	target_free(&target);
}

TEST_CASE(a_disabled_controller_has_no_notifications)
{
	struct nvmove_load_error error;
	struct target target;
	struct rig *rig = rig_new_secondaries(NULL, 1);

	driver_disable(rig->driver[1]);
	rig_suspend(rig, 1);
	target = (struct target){ rig, state_of(rig, 1) };
	{
		struct state copy = state_copy(&target.state);

		state_payload(&copy, NVMOVE_CSTATE_RESV_LOG, NULL)[0] = 1;
		assert_int_equal(try_load(&target, &copy, &error), -EBADMSG);
		assert_int_equal(error.section, NVMOVE_CSTATE_RESV_LOG);
		state_free(&copy);
	}
	target_free(&target);
}

/* ---- counters at their end ---- */

TEST_CASE(the_generation_wraps)
{
	struct rig *source, *destination;
	struct state state;
	uint8_t data[PAGE];
	struct host host;

	source = several_registrants(&host, 1);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	put32(state_payload(&state, NVMOVE_CSTATE_RESERVATIONS, NULL), 4, 0xffffffff);
	state_seal(&state);
	destination = rig_new_destination(source, 1);
	rig_load(destination, 1, state.data, state.size);
	host.driver->function = &destination->function[1];
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	own_report(&host, data);
	assert_int_equal(get32(data, 0), 0xffffffff);
	assert_success(own(&host, 0x0d, 0, 0, 100));
	own_report(&host, data);
	assert_int_equal(get32(data, 0), 0);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_count_of_notifications_wraps_to_1)
{
	struct host host, other;
	struct rig *source = with_news(&host), *destination = destination_like(source);
	struct state state;
	uint8_t *payload, data[64];

	rig_suspend(source, 1);
	state = state_of(source, 1);
	payload = state_payload(&state, NVMOVE_CSTATE_RESV_LOG, NULL);
	put64(payload, 0, ~0ull);
	put64(payload, 16 + 2 * 16, ~0ull);
	state_seal(&state);
	rig_load(destination, 1, state.data, state.size);
	host.driver->function = &destination->function[1];
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	other = (struct host){ .driver = destination->driver[0] };
	driver_create_queue(other.driver, &other.queue, 2, 16, 1);
	assert_success(host_register(&host, 1));
	assert_success(host_preempt(&other, 1, 9, 1));
	for (unsigned int i = 0; i < 4; i++)
		assert_success(driver_get_log(host.driver, NVM_LOG_RESERVATION, 0, data, 64));
	assert_int_equal(get64(data, 0), 1);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

RUN_TESTS("reservations_migrate",
	  cmocka_unit_test(the_whole_reservation_moves),
	  cmocka_unit_test(a_reservation_holds_against_the_same_host_after_the_move),
	  cmocka_unit_test(a_state_with_reservations_saves_as_the_same_bytes),
	  cmocka_unit_test(most_registrants_move),
	  cmocka_unit_test(an_untouched_namespace_costs_nothing),
	  cmocka_unit_test(what_an_earlier_guest_left_is_replaced),
	  cmocka_unit_test(masks_move),
	  cmocka_unit_test(the_size_of_the_identifier_moves),
	  cmocka_unit_test(unread_notifications_move),
	  cmocka_unit_test(impossible_reservations_are_refused),
	  cmocka_unit_test(no_host_and_the_same_host_twice_are_refused),
	  cmocka_unit_test(another_reservation_of_a_shared_namespace_is_refused),
	  cmocka_unit_test(a_controller_that_waits_for_its_own_state_does_not_share),
	  cmocka_unit_test(what_differs_in_an_own_namespace_is_taken_over),
	  cmocka_unit_test(a_missing_reservation_of_a_shared_namespace_is_refused),
	  cmocka_unit_test(more_registrants_than_fit_are_refused),
	  cmocka_unit_test(impossible_notifications_are_refused),
	  cmocka_unit_test(more_notifications_than_fit_are_refused),
	  cmocka_unit_test(a_disabled_controller_has_no_notifications),
	  cmocka_unit_test(the_generation_wraps),
	  cmocka_unit_test(the_count_of_notifications_wraps_to_1));
