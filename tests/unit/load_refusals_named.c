// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an administrator reads when a state is refused: the exact message for each kind of state
 * that must not be loaded, and the kinds that differ harmlessly (R6, R18, R19).
 */
#include <stdio.h>

#include "state_editor.h"

/** struct subject - a suspended controller with two I/O queue pairs, and its state to be edited */
struct subject {
	struct rig *rig;
	struct queue_pair queue[2];
	struct state state;
	struct nvmove_load_error error;
};

static void subject_new(struct subject *subject)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	memset(subject, 0, sizeof(*subject));
	subject->rig = rig;
	for (unsigned int i = 0; i < 2; i++)
		driver_create_queue(rig->driver[1], &subject->queue[i], i + 1, 16, 1);
	rig_suspend(rig, 1);
	subject->state = state_of(rig, 1);
}

static void subject_free(struct subject *subject)
{
	assert_int_equal(nvmove_ctrl_resume(subject->rig->function[1].ctrl), 0);
	state_free(&subject->state);
	rig_free(subject->rig);
}

static int load(struct subject *subject)
{
	return nvmove_ctrl_load(subject->rig->function[1].ctrl, subject->state.data,
				subject->state.size, &subject->error);
}

/** refused() - the edited state is refused with @code, blaming @section, in the words of @format */
static void __attribute__((format(printf, 4, 5)))
refused(struct subject *subject, int code, unsigned int section, const char *format, ...)
{
	struct state before = state_of(subject->rig, 1), after;
	char text[240];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_int_equal(load(subject), code);
	assert_string_equal(subject->error.text, text);
	assert_int_equal(subject->error.section, section);
	after = state_of(subject->rig, 1);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.data, before.data, before.size);
	state_free(&before);
	state_free(&after);
	subject_free(subject);
}

TEST_CASE(unknown_required_section)
{
	struct subject subject;

	subject_new(&subject);
	state_add_section(&subject.state, 4711, 1, 0, "payload", 8);
	refused(&subject, -ENOTSUP, 4711, "section 4711: unknown and required");
}

TEST_CASE(unknown_skippable_section)
{
	struct subject subject;
	unsigned int lines;

	subject_new(&subject);
	lines = subject.rig->function[1].log_lines;
	state_add_section(&subject.state, 4711, 3, NVMOVE_CSTATE_F_SKIPPABLE, "payload", 8);
	assert_int_equal(load(&subject), 0);
	assert_int_equal(subject.rig->function[1].log_lines, lines + 1);
	assert_string_equal(subject.error.text, "");
	subject_free(&subject);
}

TEST_CASE(newer_minor_version)
{
	struct subject subject;

	subject_new(&subject);
	put16(subject.state.data, state_vendor(&subject.state) + 18, NVMOVE_CSTATE_MINOR + 1);
	state_seal(&subject.state);
	assert_int_equal(load(&subject), 0);
	assert_string_equal(subject.error.text, "");
	subject_free(&subject);
}

TEST_CASE(older_version)
{
	struct subject subject;

	subject_new(&subject);
	put16(subject.state.data, state_vendor(&subject.state) + 16, 0);
	put16(subject.state.data, state_vendor(&subject.state) + 18, 9);
	state_seal(&subject.state);
	refused(&subject, -ENOTSUP, 0, "format version: 1.0 here, 0.9 in the stream");
}

TEST_CASE(older_section_version)
{
	struct subject subject;

	subject_new(&subject);
	put16(subject.state.data, state_section(&subject.state, NVMOVE_CSTATE_TIMERS) + 2, 0);
	state_seal(&subject.state);
	refused(&subject, -ENOTSUP, NVMOVE_CSTATE_TIMERS,
		"timers: version 1 here, 0 in the stream");
}

TEST_CASE(wrong_uuid)
{
	struct subject subject;

	subject_new(&subject);
	memset(subject.state.data + state_vendor(&subject.state), 0x11, 16);
	state_seal(&subject.state);
	refused(&subject, -ENOTSUP, 0,
		"vendor UUID: a2f4b6ce-... here, 11111111-... in the stream");
}

TEST_CASE(wrong_crc_of_a_section)
{
	struct subject subject;
	uint32_t crc;
	size_t at;

	subject_new(&subject);
	at = state_section(&subject.state, NVMOVE_CSTATE_SMART);
	crc = get32(subject.state.data, at + 12);
	put32(subject.state.data, at + 12, crc ^ 1);
	refused(&subject, -EBADMSG, NVMOVE_CSTATE_SMART,
		"CRC of section 7: %08x, %08x in its header", crc, crc ^ 1);
}

TEST_CASE(wrong_crc_of_the_vendor_header)
{
	struct subject subject;
	uint32_t crc;
	size_t at;

	subject_new(&subject);
	at = state_vendor(&subject.state) + 28;
	crc = get32(subject.state.data, at);
	put32(subject.state.data, at, crc ^ 1);
	refused(&subject, -EBADMSG, 0, "CRC of the vendor header: %08x, %08x in it", crc, crc ^ 1);
}

TEST_CASE(wrong_crc_of_the_queues)
{
	struct subject subject;
	uint32_t crc;
	size_t at;

	subject_new(&subject);
	subject.state.data[state_sq(&subject.state, 0) + 16] ^= 1;
	at = state_vendor(&subject.state);
	crc = get32(subject.state.data, at + 24);
	refused(&subject, -EBADMSG, 0,
		"CRC of the NVMe Controller State: %08x, %08x in the vendor header",
		state_crc32c(subject.state.data, at), crc);
}

TEST_CASE(duplicate_section)
{
	struct subject subject;
	uint8_t timers[sizeof(struct nvmove_cstate_timers)];

	subject_new(&subject);
	memcpy(timers, state_payload(&subject.state, NVMOVE_CSTATE_TIMERS, NULL), sizeof(timers));
	state_add_section(&subject.state, NVMOVE_CSTATE_TIMERS, 1, 0, timers, sizeof(timers));
	refused(&subject, -EBADMSG, NVMOVE_CSTATE_TIMERS, "timers: section 11 appears twice");
}

TEST_CASE(features_out_of_order)
{
	struct subject subject;
	uint8_t *features, first[16];

	subject_new(&subject);
	features = state_payload(&subject.state, NVMOVE_CSTATE_FEATURES, NULL);
	memcpy(first, features, 16);
	memcpy(features, features + 16, 16);
	memcpy(features + 16, first, 16);
	state_seal(&subject.state);
	refused(&subject, -EBADMSG, NVMOVE_CSTATE_FEATURES,
		"feature 01h: out of order or twice, select 0, nsid 0, selector 0");
}

TEST_CASE(admin_queue_of_a_disabled_controller)
{
	struct subject subject;
	uint8_t *registers;

	subject_new(&subject);
	registers = state_payload(&subject.state, NVMOVE_CSTATE_REGISTERS, NULL);
	put32(registers, 0, 0);
	put32(registers, 4, 0);
	put16(state_payload(&subject.state, NVMOVE_CSTATE_ADMIN_QUEUE, NULL), 8, 0);
	state_seal(&subject.state);
	refused(&subject, -EBADMSG, NVMOVE_CSTATE_ADMIN_QUEUE,
		"admin queue: flags 0, positions 4, 4, 4, 4 of a controller that is not enabled");
}

/** move_queue() - another address for the queue whose entry in the state is at @at */
static void move_queue(struct subject *subject, size_t at, uint64_t addr)
{
	put64(subject->state.data, at, addr);
	state_seal(&subject->state);
}

TEST_CASE(overlapping_submission_and_completion_queue)
{
	struct subject subject;
	uint64_t addr;

	subject_new(&subject);
	addr = subject.queue[0].cq.addr;
	move_queue(&subject, state_sq(&subject.state, 1), addr);
	refused(&subject, -EBADMSG, 0,
		"queue memory: submission queue 2 (%#lx, 1024 bytes) overlaps completion queue 1 (%#lx, 256 bytes)",
		(unsigned long)addr, (unsigned long)addr);
}

TEST_CASE(overlapping_submission_queues)
{
	struct subject subject;
	uint64_t addr;

	subject_new(&subject);
	addr = subject.queue[0].sq.addr;
	put16(subject.state.data, state_sq(&subject.state, 1) + 8, 127);
	move_queue(&subject, state_sq(&subject.state, 1), addr - PAGE);
	refused(&subject, -EBADMSG, 0,
		"queue memory: submission queue 1 (%#lx, 1024 bytes) overlaps submission queue 2 (%#lx, 8192 bytes)",
		(unsigned long)addr, (unsigned long)addr - PAGE);
}

TEST_CASE(overlapping_admin_queue)
{
	struct subject subject;
	uint64_t addr;

	subject_new(&subject);
	addr = subject.rig->driver[1]->admin.sq.addr;
	move_queue(&subject, state_cq(&subject.state, 0), addr);
	refused(&subject, -EBADMSG, 0,
		"queue memory: admin submission queue (%#lx, 2048 bytes) overlaps completion queue 1 (%#lx, 256 bytes)",
		(unsigned long)addr, (unsigned long)addr);
}

TEST_CASE(overlapping_admin_queues)
{
	struct subject subject;
	uint64_t addr;

	subject_new(&subject);
	addr = subject.rig->driver[1]->admin.sq.addr;
	put64(state_payload(&subject.state, NVMOVE_CSTATE_REGISTERS, NULL), 24, addr);
	state_seal(&subject.state);
	refused(&subject, -EBADMSG, 0,
		"queue memory: admin submission queue (%#lx, 2048 bytes) overlaps admin completion queue (%#lx, 512 bytes)",
		(unsigned long)addr, (unsigned long)addr);
}

TEST_CASE(queues_in_any_order_that_lie_apart)
{
	struct subject subject;

	subject_new(&subject);
	move_queue(&subject, state_sq(&subject.state, 0), 0x50000000);
	move_queue(&subject, state_cq(&subject.state, 0), 0x4ffff000);
	move_queue(&subject, state_sq(&subject.state, 1), 0x30000000);
	move_queue(&subject, state_cq(&subject.state, 1), 0x20000000);
	assert_int_equal(load(&subject), 0);
	subject_free(&subject);
}

TEST_CASE(queue_beyond_the_last_address)
{
	struct subject subject;

	subject_new(&subject);
	move_queue(&subject, state_sq(&subject.state, 1), 1ull << 60);
	refused(&subject, -EBADMSG, 0,
		"submission queue 2: addresses below 0x1000000000000000 here, 1024 bytes at 0x1000000000000000 in the stream");
}

TEST_CASE(queue_that_wraps_around)
{
	struct subject subject;

	subject_new(&subject);
	put16(subject.state.data, state_cq(&subject.state, 0) + 8, 1023);
	move_queue(&subject, state_cq(&subject.state, 0), 0xfffffffffffff000);
	refused(&subject, -EBADMSG, 0,
		"completion queue 1: addresses below 0x1000000000000000 here, 16384 bytes at 0xfffffffffffff000 in the stream");
}

TEST_CASE(queue_off_its_page)
{
	struct subject subject;

	subject_new(&subject);
	move_queue(&subject, state_sq(&subject.state, 0), 0x12345040);
	refused(&subject, -EBADMSG, 0,
		"submission queue 1: pages of 4096 bytes here, address 0x12345040 in the stream");
}

TEST_CASE(admin_queue_beyond_the_last_address)
{
	struct subject subject;

	subject_new(&subject);
	put64(state_payload(&subject.state, NVMOVE_CSTATE_REGISTERS, NULL), 24,
	      0xfffffffffffff000);
	state_seal(&subject.state);
	refused(&subject, -EBADMSG, NVMOVE_CSTATE_REGISTERS,
		"admin queues: addresses below 0x1000000000000000 here, ASQ %#lx, ACQ 0xfffffffffffff000 in the stream",
		(unsigned long)subject.rig->driver[1]->admin.sq.addr);
}

TEST_CASE(namespace_of_another_size)
{
	struct subject subject;

	subject_new(&subject);
	put64(state_payload(&subject.state, NVMOVE_CSTATE_NAMESPACES, NULL), 8, NS2_BLOCKS + 1);
	state_seal(&subject.state);
	refused(&subject, -ENOTSUP, NVMOVE_CSTATE_NAMESPACES,
		"size of nsid 2: 512 blocks here, 513 blocks in the stream");
}

TEST_CASE(namespace_of_another_format)
{
	struct subject subject;

	subject_new(&subject);
	state_payload(&subject.state, NVMOVE_CSTATE_NAMESPACES, NULL)[4] = 9;
	state_seal(&subject.state);
	refused(&subject, -ENOTSUP, NVMOVE_CSTATE_NAMESPACES,
		"LBA format of nsid 2: 2^12 bytes here, 2^9 bytes in the stream");
}

TEST_CASE(namespace_that_is_not_here)
{
	struct subject subject;

	subject_new(&subject);
	assert_int_equal(nvmove_namespace_detach(subject.rig->function[1].ctrl, 3), 0);
	refused(&subject, -ENOTSUP, NVMOVE_CSTATE_NAMESPACES,
		"nsid 3: not attached here, attached in the stream");
}

TEST_CASE(namespace_that_is_not_in_the_stream)
{
	struct subject subject;

	subject_new(&subject);
	state_resize_section(&subject.state, NVMOVE_CSTATE_NAMESPACES, 56);
	refused(&subject, -ENOTSUP, NVMOVE_CSTATE_NAMESPACES,
		"nsid 3: attached here, not attached in the stream");
}

RUN_TESTS("load_refusals_named",
	  cmocka_unit_test(unknown_required_section),
	  cmocka_unit_test(unknown_skippable_section),
	  cmocka_unit_test(newer_minor_version),
	  cmocka_unit_test(older_version),
	  cmocka_unit_test(older_section_version),
	  cmocka_unit_test(wrong_uuid),
	  cmocka_unit_test(wrong_crc_of_a_section),
	  cmocka_unit_test(wrong_crc_of_the_vendor_header),
	  cmocka_unit_test(wrong_crc_of_the_queues),
	  cmocka_unit_test(duplicate_section),
	  cmocka_unit_test(features_out_of_order),
	  cmocka_unit_test(admin_queue_of_a_disabled_controller),
	  cmocka_unit_test(overlapping_submission_and_completion_queue),
	  cmocka_unit_test(overlapping_submission_queues),
	  cmocka_unit_test(overlapping_admin_queue),
	  cmocka_unit_test(overlapping_admin_queues),
	  cmocka_unit_test(queues_in_any_order_that_lie_apart),
	  cmocka_unit_test(queue_beyond_the_last_address),
	  cmocka_unit_test(queue_that_wraps_around),
	  cmocka_unit_test(queue_off_its_page),
	  cmocka_unit_test(admin_queue_beyond_the_last_address),
	  cmocka_unit_test(namespace_of_another_size),
	  cmocka_unit_test(namespace_of_another_format),
	  cmocka_unit_test(namespace_that_is_not_here),
	  cmocka_unit_test(namespace_that_is_not_in_the_stream));
