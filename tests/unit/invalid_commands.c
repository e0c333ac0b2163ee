// SPDX-License-Identifier: BSD-2-Clause
/*
 * Commands that are wrong before anything of them is done: opcodes, namespaces, data pointer types,
 * fused operations. Each gets the status that the specification names and leaves no trace.
 */
#include "harness.h"

static const uint8_t admin_opcodes[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0c,
					 0x18, 0x7c };
static const uint8_t primary_opcodes[] = { 0x0d, 0x15, 0x1c, 0x3d, 0x3e, 0x41, 0x42, 0x45, 0xc4,
					   0xc8, 0xcc, 0xd2, 0xd5 };
static const uint8_t io_opcodes[] = { 0x00, 0x01, 0x02, 0x05, 0x08, 0x09, 0x0c, 0x0d, 0x0e,
				      0x11, 0x15 };

TEST_CASE(unknown_admin_opcodes_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int opcode = 0; opcode < 256; opcode++) {
			if (memchr(admin_opcodes, opcode, sizeof(admin_opcodes)) ||
			    (i == 0 && memchr(primary_opcodes, opcode, sizeof(primary_opcodes))))
				continue;
			assert_status(ADMIN(rig->driver[i], .opcode = opcode, .nsid = 1,
					    .prp1 = 0xdead000), NVM_SC_INVALID_OPCODE);
		}
		assert_int_equal(guest_take_faults(rig->driver[i]->memory), 0);
	}
	rig_free(rig);
}

TEST_CASE(unknown_io_opcodes_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		if (memchr(io_opcodes, opcode, sizeof(io_opcodes)))
			continue;
		assert_status(COMMAND(&queue, .opcode = opcode, .nsid = 1, .prp1 = 0xdead000),
			      NVM_SC_INVALID_OPCODE);
	}
	assert_int_equal(guest_take_faults(rig->driver[0]->memory), 0);
	rig_free(rig);
}

TEST_CASE(an_unknown_opcode_is_refused_whatever_the_namespace)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	assert_status(COMMAND(&queue, .opcode = 0x7f, .nsid = 0), NVM_SC_INVALID_OPCODE);
	assert_status(COMMAND(&queue, .opcode = 0x7f, .nsid = NVM_NSID_ALL), NVM_SC_INVALID_OPCODE);
	rig_free(rig);
}

TEST_CASE(io_to_a_namespace_id_that_cannot_exist_is_refused)
{
	static const uint32_t nsid[] = { 0, MAX_NSID + 1, 0x80000000, 0xfffffffe };
	struct rig *rig = rig_new_enabled(NULL);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(nsid); i++)
		for (size_t n = 0; n < sizeof(io_opcodes); n++)
			assert_status(queue_rw(&queue, io_opcodes[n], nsid[i], 0, 1, buffer),
				      NVM_SC_INVALID_NS);
	rig_free(rig);
}

TEST_CASE(io_to_a_namespace_that_is_not_attached_is_refused)
{
	static const uint32_t nsid[] = { 2, 4, 5, MAX_NSID };
	struct rig *rig = rig_new_enabled(NULL);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(nsid); i++)
		for (size_t n = 0; n < sizeof(io_opcodes); n++)
			assert_status(queue_rw(&queue, io_opcodes[n], nsid[i], 0, 1, buffer),
				      NVM_SC_INVALID_FIELD);
	assert_int_equal(scripted_submitted(rig->medium[2]), 0);
	assert_int_equal(scripted_submitted(rig->medium[4]), 0);
	rig_free(rig);
}

TEST_CASE(io_to_all_namespaces_at_once_is_refused_but_for_flush)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (size_t n = 1; n < sizeof(io_opcodes); n++) {
		struct completion completion = queue_rw(&queue, io_opcodes[n], NVM_NSID_ALL, 0, 1,
							buffer);

		/* FFFFFFFFh is no valid NSID for these commands, and none that is inactive. */
		if (completion.status != NVM_SC_INVALID_FIELD)
			assert_status(completion, NVM_SC_INVALID_NS);
	}
	assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = NVM_NSID_ALL));
	rig_free(rig);
}

TEST_CASE(scatter_gather_lists_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, PAGE);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int psdt = 1; psdt < 4; psdt++) {
		struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);

		read.flags = psdt << 6;
		assert_status(queue_command(&queue, &read), NVM_SC_INVALID_FIELD);
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_IDENTIFY, .flags = psdt << 6,
				    .cdw10 = NVM_CNS_CTRL, .prp1 = driver->scratch),
			      NVM_SC_INVALID_FIELD);
	}
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(fused_operations_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, PAGE);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int fuse = 1; fuse < 4; fuse++) {
		struct command command = rw_command(NVM_IO_COMPARE, 1, 0, 1, buffer);

		command.flags = fuse;
		assert_status(queue_command(&queue, &command), NVM_SC_INVALID_FIELD);
		command = rw_command(NVM_IO_WRITE, 1, 0, 1, buffer);
		command.flags = fuse;
		assert_status(queue_command(&queue, &command), NVM_SC_INVALID_FIELD);
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_IDENTIFY, .flags = fuse,
				    .cdw10 = NVM_CNS_CTRL, .prp1 = driver->scratch),
			      NVM_SC_INVALID_FIELD);
	}
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(reserved_flags_are_no_reason_to_do_something_else)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct buffer *buffer = buffer_new(rig->driver[0], 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	read.flags = 0x3c;
	read.mptr = 0xdead000;
	read.cdw2 = 0xffffffff;
	read.cdw3 = 0xffffffff;
	assert_success(queue_command(&queue, &read));
	rig_free(rig);
}

TEST_CASE(a_refused_command_says_not_to_retry)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct nvm_cqe entry;
	uint64_t slot = driver->admin.cq.addr;

	assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	guest_read(driver->memory, slot, &entry, sizeof(entry));
	assert_int_equal(get16(&entry, 14) >> 15, 1);		/* DNR */
	rig_free(rig);
}

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> (*random >> 28);	/* small values too */
}

static struct command garbage(unsigned int opcode, uint32_t nsid, uint32_t *random)
{
	struct command command = { .opcode = opcode, .nsid = nsid };

	command.prp1 = (uint64_t)next_random(random) << 12;
	command.prp2 = (uint64_t)next_random(random) << 20;
	command.cdw10 = next_random(random);
	command.cdw11 = next_random(random);
	command.cdw12 = next_random(random);
	command.cdw13 = next_random(random);
	command.cdw14 = next_random(random);
	command.cdw15 = next_random(random);
	return command;
}

TEST_CASE(every_opcode_with_garbage_in_every_field_completes_once)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint32_t random = 99;
	struct queue_pair queue;

	for (unsigned int round = 0; round < 20; round++) {
		driver_create_queue(driver, &queue, 8, 16, 1);
		for (unsigned int n = 0; n < sizeof(io_opcodes) * 8; n++) {
			struct command command = garbage(io_opcodes[n / 8], 1, &random);

			queue_command(&queue, &command);
		}
		for (unsigned int n = 0; n < sizeof(admin_opcodes); n++) {
			struct command command = garbage(admin_opcodes[n], random, &random);

			if (command.opcode != NVM_ADMIN_ASYNC_EVENT)
				driver_admin(driver, &command);
		}
		assert_true(driver_is_ready(driver));
		driver_disable(driver);
		driver_enable(driver);
	}
	guest_take_faults(driver->memory);
	rig_free(rig);
}

RUN_TESTS("invalid_commands",
	  cmocka_unit_test(unknown_admin_opcodes_are_refused),
	  cmocka_unit_test(unknown_io_opcodes_are_refused),
	  cmocka_unit_test(an_unknown_opcode_is_refused_whatever_the_namespace),
	  cmocka_unit_test(io_to_a_namespace_id_that_cannot_exist_is_refused),
	  cmocka_unit_test(io_to_a_namespace_that_is_not_attached_is_refused),
	  cmocka_unit_test(io_to_all_namespaces_at_once_is_refused_but_for_flush),
	  cmocka_unit_test(scatter_gather_lists_are_refused),
	  cmocka_unit_test(fused_operations_are_refused),
	  cmocka_unit_test(reserved_flags_are_no_reason_to_do_something_else),
	  cmocka_unit_test(a_refused_command_says_not_to_retry),
	  cmocka_unit_test(every_opcode_with_garbage_in_every_field_completes_once));
