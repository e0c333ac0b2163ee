// SPDX-License-Identifier: BSD-2-Clause
/*
 * The two parts of a state, asked for and set alone (Base 2.3, 5.2.16, 5.2.17): I/O queues in the
 * NVMe Controller State, everything else in the vendor data.
 */
#include "migration_host.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static struct rig *source_with_queues(struct queue_pair queue[2])
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	driver_create_queue(rig->driver[1], &queue[0], 1, 16, 1);
	driver_create_queue(rig->driver[1], &queue[1], 3, 8, 2);
	assert_success(queue_command(&queue[0], &flush));
	assert_success(migration_suspend(rig, 1));
	return rig;
}

TEST_CASE(each_part_can_be_read_alone)
{
	struct queue_pair queue[2];
	struct rig *rig = source_with_queues(queue);
	struct state whole = migration_get_all(rig, 1, WHOLE, 4096);
	struct state queues = migration_get_all(rig, 1, QUEUES_ALONE, 4096);
	struct state vendor = migration_get_all(rig, 1, VENDOR_ALONE, 4096);
	struct state header = migration_get_all(rig, 1, HEADER_ALONE, 4096);
	size_t nvme_size = 8 + 4 * 24;

	assert_int_equal(queues.size, 48 + nvme_size);
	assert_int_equal(get64(queues.data, 16), nvme_size / 4);
	assert_int_equal(get64(queues.data, 32), 0);
	assert_memory_equal(queues.data + 48, whole.data + 48, nvme_size);
	assert_int_equal(get16(queues.data, 50), 2);		/* NIOSQ */
	assert_int_equal(get16(queues.data, 52), 2);		/* NIOCQ */

	assert_int_equal(vendor.size, whole.size - nvme_size);
	assert_int_equal(get64(vendor.data, 16), 0);
	assert_int_equal(get64(vendor.data, 32), (vendor.size - 48) / 4);
	/* But for the two checksums of the header, the sections are the same. */
	assert_memory_equal(vendor.data + 48 + 32, whole.data + 48 + nvme_size + 32,
			    vendor.size - 48 - 32);
	assert_int_equal(get32(vendor.data, 48 + 24), state_crc32c(vendor.data, 48));

	assert_int_equal(header.size, 48);
	assert_int_equal(header.data[2], 1);
	assert_true(is_zero(header.data + 16, 32));
	state_free(&header);
	state_free(&vendor);
	state_free(&queues);
	state_free(&whole);
	rig_free(rig);
}

/** rig_with_all_but_queues() - another host, whose controller 1 has taken the vendor data */
static struct rig *rig_with_all_but_queues(struct rig *source)
{
	struct rig *rig = migration_destination(source);
	struct state vendor = migration_get_all(source, 1, VENDOR_ALONE, 4096);

	assert_success(migration_set_all(rig, 1, VENDOR_ALONE, &vendor, 500));
	state_free(&vendor);
	return rig;
}

TEST_CASE(one_part_after_the_other_makes_a_whole)
{
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = rig_with_all_but_queues(source);
	struct state queues = migration_get_all(source, 1, QUEUES_ALONE, 4096);
	struct state here, there;

	assert_success(migration_set_all(destination, 1, QUEUES_ALONE, &queues, 100));
	here = migration_get_all(source, 1, WHOLE, 4096);
	there = migration_get_all(destination, 1, WHOLE, 4096);
	assert_int_equal(there.size, here.size);
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		size_t len, expected_len;
		uint8_t *payload, *expected;

		if (!state_section(&here, type) || type == NVMOVE_CSTATE_TIMERS)
			continue;
		payload = state_payload(&there, type, &len);
		expected = state_payload(&here, type, &expected_len);
		assert_int_equal(len, expected_len);
		assert_memory_equal(payload, expected, len);
	}
	assert_memory_equal(there.data, here.data, state_vendor(&here));
	queue[0].sq.driver->function = &destination->function[1];
	assert_success(migration_resume(destination, 1));
	assert_success(queue_command(&queue[0], &flush));
	assert_success(queue_command(&queue[1], &flush));
	state_free(&there);
	state_free(&here);
	state_free(&queues);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_state_of_queues_alone_needs_an_enabled_controller)
{
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = migration_destination(source);
	struct state queues = migration_get_all(source, 1, QUEUES_ALONE, 4096);
	uint8_t report[256];

	assert_status(migration_set_all(destination, 1, QUEUES_ALONE, &queues, 100),
		      NVM_SC_INVALID_FIELD);
	migration_report(destination, report);
	assert_non_null(strstr((char *)report + 16, "not enabled"));
	state_free(&queues);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(queues_that_the_controller_cannot_have_are_refused)
{
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = rig_with_all_but_queues(source);
	struct state good = migration_get_all(source, 1, QUEUES_ALONE, 4096), before, after;
	static const struct {
		size_t at;	/* in the second submission, in the second completion queue */
		uint64_t value;
		const char *says;
	} bad[] = {
		{ 48 + 8 + 24 + 10, 9, "queue" },		/* QID beyond what was granted */
		{ 48 + 8 + 24 + 12, 2, "does not exist" },	/* CQID */
		{ 48 + 8 + 24 + 16, 8, "head" },		/* head */
		{ 48 + 8 + 3 * 24 + 18, 5, "vector" },		/* vector */
		{ 48 + 8 + 3 * 24 + 12, 8, "head" },
		{ 48 + 6, 1, "reserved" },
	};

	before = state_of(destination, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct state state = state_copy(&good);
		uint8_t report[256];

		put16(state.data, bad[i].at, bad[i].value);
		assert_status(migration_set_all(destination, 1, QUEUES_ALONE, &state, 4096),
			      NVM_SC_INVALID_FIELD);
		migration_report(destination, report);
		if (!strstr((char *)report + 16, bad[i].says))
			fail_msg("case %zu: %s", i, (char *)report + 16);
		state_free(&state);
	}
	after = state_of(destination, 1);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.data, before.data, before.size);
	assert_success(migration_set_all(destination, 1, QUEUES_ALONE, &good, 4096));
	assert_success(migration_resume(destination, 1));
	state_free(&after);
	state_free(&before);
	state_free(&good);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(queues_need_the_entry_sizes_of_the_controller)
{
	static const uint32_t bad[] = { 4u << 20, 6u << 16, 0, 7u << 16 | 4u << 20 };
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = rig_with_all_but_queues(source);
	struct state queues = migration_get_all(source, 1, QUEUES_ALONE, 4096);
	struct nvmove_ctrl *ctrl = destination->function[1].ctrl;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t report[256];

		nvmove_ctrl_write(ctrl, NVM_REG_CC, bad[i] | 1, 4);
		assert_status(migration_set_all(destination, 1, QUEUES_ALONE, &queues, 4096),
			      NVM_SC_INVALID_FIELD);
		migration_report(destination, report);
		assert_non_null(strstr((char *)report + 16, "entry sizes"));
	}
	nvmove_ctrl_write(ctrl, NVM_REG_CC, CC_DEFAULT | 1, 4);
	assert_success(migration_set_all(destination, 1, QUEUES_ALONE, &queues, 4096));
	assert_success(migration_resume(destination, 1));
	state_free(&queues);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_part_without_its_format_is_refused)
{
	static const struct formats missing[] = { { 1, 0 }, { 0, 1 } };
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = migration_destination(source);
	struct state whole = migration_get_all(source, 1, WHOLE, 4096);

	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		uint8_t report[256];

		assert_status(migration_set_all(destination, 1, missing[i], &whole, 1000),
			      NVM_SC_INVALID_FIELD);
		migration_report(destination, report);
		assert_non_null(strstr((char *)report + 16, i ? "CSVI 0" : "CSUUIDI 0"));
	}
	state_free(&whole);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_format_without_its_part_is_refused)
{
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = migration_destination(source);
	struct state queues = migration_get_all(source, 1, QUEUES_ALONE, 4096);
	struct state vendor = migration_get_all(source, 1, VENDOR_ALONE, 4096);
	struct state header = migration_get_all(source, 1, HEADER_ALONE, 4096);

	assert_status(migration_set_all(destination, 1, WHOLE, &queues, 4096),
		      NVM_SC_INVALID_FIELD);
	assert_status(migration_set_all(destination, 1, WHOLE, &vendor, 4096),
		      NVM_SC_INVALID_FIELD);
	assert_status(migration_set_all(destination, 1, QUEUES_ALONE, &header, 4096),
		      NVM_SC_INVALID_FIELD);
	assert_status(migration_set_all(destination, 1, VENDOR_ALONE, &header, 4096),
		      NVM_SC_INVALID_FIELD);
	state_free(&header);
	state_free(&vendor);
	state_free(&queues);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(vendor_data_of_a_whole_state_does_not_stand_alone)
{
	struct queue_pair queue[2];
	struct rig *source = source_with_queues(queue);
	struct rig *destination = migration_destination(source);
	struct state whole = migration_get_all(source, 1, WHOLE, 4096);
	uint8_t report[256];

	state_remove(&whole, 48, state_vendor(&whole) - 48);
	put64(whole.data, 16, 0);
	assert_status(migration_set_all(destination, 1, VENDOR_ALONE, &whole, 4096),
		      NVM_SC_INVALID_FIELD);
	migration_report(destination, report);
	assert_non_null(strstr((char *)report + 16, "CRC"));
	state_free(&whole);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_snapshot_is_of_the_parts_that_were_asked_for)
{
	struct queue_pair queue[2];
	struct rig *rig = source_with_queues(queue);
	struct state queues = migration_get_all(rig, 1, QUEUES_ALONE, 4096);
	struct state vendor = migration_get_all(rig, 1, VENDOR_ALONE, 4096);
	struct buffer *buffer = buffer_new(rig->driver[0], 4);
	uint8_t data[4];

	for (size_t at = 48; at < queues.size; at += 4) {
		assert_success(migration_get(rig, 1, QUEUES_ALONE, at, buffer));
		buffer_read(buffer, 0, data, 4);
		assert_memory_equal(data, queues.data + at, 4);
		assert_success(migration_get(rig, 1, VENDOR_ALONE, at, buffer));
		buffer_read(buffer, 0, data, 4);
		assert_memory_equal(data, vendor.data + at, 4);
	}
	assert_status(migration_get(rig, 1, QUEUES_ALONE, queues.size, buffer),
		      NVM_SC_INVALID_FIELD);
	state_free(&vendor);
	state_free(&queues);
	rig_free(rig);
}

RUN_TESTS("hmlm_parts",
	  cmocka_unit_test(each_part_can_be_read_alone),
	  cmocka_unit_test(one_part_after_the_other_makes_a_whole),
	  cmocka_unit_test(a_state_of_queues_alone_needs_an_enabled_controller),
	  cmocka_unit_test(queues_that_the_controller_cannot_have_are_refused),
	  cmocka_unit_test(queues_need_the_entry_sizes_of_the_controller),
	  cmocka_unit_test(a_part_without_its_format_is_refused),
	  cmocka_unit_test(a_format_without_its_part_is_refused),
	  cmocka_unit_test(vendor_data_of_a_whole_state_does_not_stand_alone),
	  cmocka_unit_test(a_snapshot_is_of_the_parts_that_were_asked_for));
