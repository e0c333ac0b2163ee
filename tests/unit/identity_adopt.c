// SPDX-License-Identifier: BSD-2-Clause
/*
 * R2, R12, R19: under the policy "adopt" the only member of a virtual subsystem takes over the
 * identity and limits of the state that it loads; what the device cannot do is refused by name.
 */
#include "harness.h"
#include "state_editor.h"

#define CNTLID		33
#define IDENTITY(member)	offsetof(struct nvmove_cstate_identity, member)

static const struct rig_options device_a = {
	.subnqn = "nqn.2026-11.org.example:a",
	.first_cntlid = 7,
	.uuid_byte = { 0, 1, 2, 3, 4 },
};

static const struct rig_options device_b = {
	.subnqn = "nqn.2026-11.org.example:b",
	.serial = "B",
	.model = "B",
	.firmware = "B",
	.vendor_id = 0x1b36,
	.subsystem_vendor_id = 0x1af4,
	.ieee_oui = 0xbbbbbb,
	.first_cntlid = 100,
	.uuid_byte = { 0, 1, 2, 3, 4 },
};

static struct nvmove_vsubsystem_config identity(struct rig *rig)
{
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);

	config.serial = "THE GUEST'S SERIAL";
	config.model = "the guest's model";
	config.firmware = "1.2.3";
	config.max_queue_entries = 256;
	config.mdts = 3;
	config.num_namespaces = 6;
	config.oncs = NVM_CTRL_ONCS_DSM | NVM_CTRL_ONCS_TIMESTAMP;
	config.volatile_write_cache = false;
	return config;
}

/* Device A with secondary 1 enabled under @wanted or under identity(). */
static struct rig *rig_new_source(const struct nvmove_vsubsystem_config *wanted)
{
	struct rig *rig = rig_new_enabled(&device_a);
	struct nvmove_vsubsystem_config config = wanted ? *wanted : identity(rig);

	rig_join(rig, 1, &config, CNTLID);
	rig_online(rig, 1, 5, 5);
	driver_enable(rig->driver[1]);
	return rig;
}

/* Another device, whose secondary 1 is suspended and will be whatever comes. */
static struct rig *rig_new_adopter(struct rig *source, const struct rig_options *device)
{
	struct rig_options options = *device;
	struct nvmove_vsubsystem_config config;
	struct rig *rig;

	options.source = source;
	rig = rig_new_enabled(&options);
	rig->now = source->now;
	config = rig_vsubsystem_config(rig);
	config.subnqn = "nqn.2026-11.org.example:placeholder";
	config.policy = NVMOVE_IDENTITY_ADOPT;
	rig_join(rig, 1, &config, 1);
	rig_online(rig, 1, 2, 2);
	rig->function[1].vectors = rig->options.max_vectors;
	rig_suspend(rig, 1);
	return rig;
}

TEST_CASE(everything_is_taken_over)
{
	struct rig *source = rig_new_source(NULL);
	struct rig *destination = rig_new_adopter(source, &device_b);
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];
	uint64_t cap = driver_read64(source->driver[1], NVM_REG_CAP);
	struct queue_pair queue;
	struct buffer *buffer;

	assert_success(driver_identify(source->driver[1], NVM_CNS_CTRL, 0, 0, before));
	driver_create_queue(source->driver[1], &queue, 4, 256, 4);
	rig_migrate(source, destination, 1);

	assert_success(driver_identify(destination->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	assert_true(driver_read64(destination->driver[1], NVM_REG_CAP) == cap);
	assert_success(driver_identify(destination->driver[1], NVM_CNS_CTRL_LIST, 0, 0, after));
	assert_int_equal(get16(after, 2), CNTLID);
	buffer = buffer_new(destination->driver[1], 64 << 10);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 64, buffer));
	assert_status(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 128, buffer), NVM_SC_INVALID_FIELD);
	assert_status(queue_rw(&queue, NVM_IO_COMPARE, 3, 0, 1, buffer), NVM_SC_INVALID_OPCODE);
	assert_status(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 7), NVM_SC_INVALID_NS);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_administrator_sees_what_was_adopted)
{
	struct rig *source = rig_new_source(NULL), *destination;
	struct rig_options options = device_b;
	struct nvmove_vsubsystem_config config;
	struct nvmove_vsubsystem *vsubsystem;
	uint8_t data[NVM_IDENTIFY_SIZE];

	options.source = source;
	destination = rig_new_enabled(&options);
	config = rig_vsubsystem_config(destination);
	config.policy = NVMOVE_IDENTITY_ADOPT;
	vsubsystem = rig_join(destination, 1, &config, 1);
	rig_online(destination, 1, 2, 2);
	rig_suspend(destination, 1);
	rig_migrate(source, destination, 1);
	nvmove_vsubsystem_config(vsubsystem, &config);
	assert_string_equal(config.serial, "THE GUEST'S SERIAL");
	assert_int_equal(config.mdts, 3);
	assert_int_equal(config.max_queue_entries, 256);
	assert_int_equal(config.num_namespaces, 6);
	assert_int_equal(config.oncs, NVM_CTRL_ONCS_DSM | NVM_CTRL_ONCS_TIMESTAMP);
	assert_false(config.volatile_write_cache);
	assert_int_equal(config.policy, NVMOVE_IDENTITY_ADOPT);
	/* The resources are the device's to give: the primary counts them. */
	assert_success(driver_identify(destination->driver[0], NVM_CNS_SECONDARY_LIST, 0, 0, data));
	assert_int_equal(get16(data, 32), 101);
	assert_int_equal(get16(data, 32 + 10), 5);
	assert_int_equal(get16(data, 32 + 12), 5);
	assert_success(driver_identify(destination->driver[0], NVM_CNS_PRIMARY_CAPS, 0, 0, data));
	assert_int_equal(get32(data, 36), 5);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(it_goes_on_from_there)
{
	struct rig *source = rig_new_source(NULL);
	struct rig *middle = rig_new_adopter(source, &device_b);
	struct rig *back = rig_new_adopter(source, &device_a);
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(source->driver[1], NVM_CNS_CTRL, 0, 0, before));
	rig_migrate(source, middle, 1);
	rig_migrate(middle, back, 1);
	assert_success(driver_identify(back->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	/* A reset does not bring the placeholder back: the guest is still there. */
	nvmove_ctrl_reset(back->function[1].ctrl, NVMOVE_RESET_FLR);
	driver_enable(back->driver[1]);
	assert_success(driver_identify(back->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	rig_free(back);
	rig_free(middle);
	rig_free(source);
}

TEST_CASE(the_next_identity_replaces_the_last)
{
	struct rig *rig = rig_new(&device_a);
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);
	struct rig *first = rig_new_source(NULL), *second, *destination;
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];
	struct state state;

	destination = rig_new_adopter(first, &device_b);
	rig_suspend(first, 1);
	state = state_of(first, 1);
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	config.serial = "NEXT";
	second = rig_new_source(&config);
	assert_success(driver_identify(second->driver[1], NVM_CNS_CTRL, 0, 0, before));
	rig_suspend(second, 1);
	state = state_of(second, 1);
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	nvmove_ctrl_reset(destination->function[1].ctrl, NVMOVE_RESET_FLR);
	driver_enable(destination->driver[1]);
	assert_success(driver_identify(destination->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	rig_free(destination);
	rig_free(second);
	rig_free(first);
	rig_free(rig);
}

/* @state must be refused by secondary 1 of @destination, which is then what it was. */
static void refused(struct rig *destination, const struct state *state, const char *message)
{
	struct nvmove_load_error error = { 0 };
	struct state before = state_of(destination, 1), after;

	if (!nvmove_ctrl_load(destination->function[1].ctrl, state->data, state->size, &error))
		fail_msg("accepted, expected: %s", message);
	if (strcmp(error.text, message))
		fail_msg("expected: %s\nrefused: %s", message, error.text);
	after = state_of(destination, 1);
	assert_int_equal(before.size, after.size);
	assert_memory_equal(before.data, after.data, before.size);
	state_free(&before);
	state_free(&after);
}

static void device_refuses(struct rig_options options, const char *message)
{
	struct rig *rig = rig_new(&device_a), *source, *destination;
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);
	struct state state;

	source = rig_new_source(&config);
	destination = rig_new_adopter(source, &options);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	refused(destination, &state, message);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
	rig_free(rig);
}

TEST_CASE(a_smaller_device_refuses_by_name)
{
	struct rig_options smaller = device_b;

	smaller.mdts = 4;
	device_refuses(smaller, "MDTS: 1 to 4 here, 5 in the stream");
	smaller = device_b;
	smaller.max_queue_entries = 512;
	device_refuses(smaller, "queue entries: 2 to 512 here, 1024 in the stream");
	smaller = device_b;
	smaller.num_namespaces = 7;
	device_refuses(smaller, "number of namespaces: 1 to 7 here, 8 in the stream");
	smaller = device_b;
	smaller.max_io_queues = 3;
	device_refuses(smaller, "VQ resources: 2 to 4 here, 5 in the stream");
	smaller = device_b;
	smaller.max_vectors = 4;
	device_refuses(smaller, "VI resources: 1 to 4 here, 5 in the stream");
	smaller = device_b;
	smaller.max_io_queues = 600;
	device_refuses(smaller, "size of BAR0: 0x4000 here, 0x2000 in the stream");
}

/* 3 secondaries can have 9 queues each; the primary has taken what two of them could have had. */
TEST_CASE(resources_that_others_have_are_not_taken)
{
	struct rig *source = rig_new_source(NULL);
	struct rig *destination = rig_new_adopter(source, &device_b);
	struct state state;

	assert_success(driver_virt_mgmt(destination->driver[0], NVM_VIRT_PRIMARY_ALLOC,
					NVM_VIRT_RT_VQ, 100, 23));
	rig_suspend(source, 1);
	state = state_of(source, 1);
	refused(destination, &state, "VQ resources: 2 to 4 here, 5 in the stream");
	assert_success(driver_virt_mgmt(destination->driver[0], NVM_VIRT_PRIMARY_ALLOC,
					NVM_VIRT_RT_VQ, 100, 22));
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_administrator_s_limit_on_resources_holds)
{
	struct rig *source = rig_new_source(NULL), *destination;
	struct nvmove_vsubsystem_config config;
	struct rig_options options = device_b;
	struct state state;

	options.source = source;
	destination = rig_new_enabled(&options);
	config = rig_vsubsystem_config(destination);
	config.policy = NVMOVE_IDENTITY_ADOPT;
	config.max_io_queues = 4;
	config.max_vectors = 4;
	rig_join(destination, 1, &config, 1);
	rig_online(destination, 1, 2, 2);
	rig_suspend(destination, 1);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	refused(destination, &state, "VI resources: 1 to 4 here, 5 in the stream");
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(with_a_second_member_it_only_checks)
{
	struct rig *source = rig_new_source(NULL), *destination;
	struct nvmove_vsubsystem_config config;
	struct nvmove_vsubsystem *vsubsystem;
	struct rig_options options = device_b;
	struct state state;

	options.source = source;
	destination = rig_new_enabled(&options);
	config = rig_vsubsystem_config(destination);
	config.subnqn = "nqn.2026-11.org.example:two";
	config.policy = NVMOVE_IDENTITY_ADOPT;
	vsubsystem = rig_join(destination, 1, &config, 1);
	assert_int_equal(nvmove_ctrl_join(destination->function[2].ctrl, vsubsystem, 2, NULL), 0);
	rig_online(destination, 1, 5, 5);
	rig_suspend(destination, 1);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	refused(destination, &state,
		"subsystem NQN: \"nqn.2026-11.org.example:two\" here, "
		"\"nqn.2026-11.org.example:virtual\" in the stream");
	assert_int_equal(nvmove_ctrl_join(destination->function[2].ctrl, NULL, 0, NULL), 0);
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

/* No identity that a device could not have been configured with is adopted. */
TEST_CASE(impossible_identities_are_refused)
{
	static const struct {
		size_t offset;
		unsigned int size;
		uint64_t value;
		const char *message;
	} cases[] = {
		{ IDENTITY(mdts), 1, 0, "MDTS: 1 to 5 here, 0 in the stream" },
		{ IDENTITY(mdts), 1, 255, "MDTS: 1 to 5 here, 255 in the stream" },
		{ IDENTITY(cap), 2, 0, "queue entries: 2 to 1024 here, 1 in the stream" },
		{ IDENTITY(cap) + 4, 1, 0xff, NULL },
		{ IDENTITY(num_namespaces), 4, 0,
		  "number of namespaces: 1 to 8 here, 0 in the stream" },
		{ IDENTITY(num_namespaces), 4, 0xffffffff,
		  "number of namespaces: 1 to 8 here, 4294967295 in the stream" },
		{ IDENTITY(num_queues), 4, 1, "VQ resources: 2 to 9 here, 1 in the stream" },
		{ IDENTITY(num_queues), 4, 0xffffffff,
		  "VQ resources: 2 to 9 here, 4294967295 in the stream" },
		{ IDENTITY(num_vectors), 4, 0, "VI resources: 1 to 9 here, 0 in the stream" },
		{ IDENTITY(cntlid), 2, 0xfff0,
		  "controller id: 0 to 65519 here, 65520 in the stream" },
		{ IDENTITY(oncs), 2, 0x8044, NULL },
		{ IDENTITY(oacs), 2, 0x8000, NULL },
		{ IDENTITY(vwc), 1, 0x86, "VWC: 0x6 here, 0x86 in the stream" },
		{ IDENTITY(version), 4, 0x20100, "VS: 0x20000 here, 0x20100 in the stream" },
		{ IDENTITY(reserved345), 1, 1,
		  "identity: reserved byte 0 is 0 here, 0x1 in the stream" },
		{ IDENTITY(subnqn), 1, 'i',
		  "subsystem NQN: \"nqn.2026-11.org.example:placeholder\" here, "
		  "\"iqn.2026-11.org.example:virtual\" in the stream" },
		{ IDENTITY(serial), 1, 0,
		  "serial number: \"B\" here, \"\" with byte 1 behind it not 0 in the stream" },
		{ IDENTITY(serial), 1, 27,
		  "serial number: \"B\" here, \"?HE GUEST'S SERIAL\" in the stream" },
		{ IDENTITY(firmware) + 7, 1, 'x',
		  "firmware revision: \"B\" here, \"1.2.3\" with byte 7 behind it not 0 in the stream" },
	};
	struct rig *source = rig_new_source(NULL);
	struct rig *destination = rig_new_adopter(source, &device_b);
	struct state state;

	rig_suspend(source, 1);
	state = state_of(source, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nvmove_load_error error = { 0 };
		struct state copy = state_copy(&state);
		uint8_t *payload = state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL);

		for (unsigned int byte = 0; byte < cases[i].size; byte++)
			payload[cases[i].offset + byte] = cases[i].value >> 8 * byte;
		state_seal(&copy);
		if (cases[i].message)
			refused(destination, &copy, cases[i].message);
		else
			assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, copy.data,
							  copy.size, &error), -ENOTSUP);
		state_free(&copy);
	}
	/* A name of 256 characters has no end. */
	memset(state_payload(&state, NVMOVE_CSTATE_IDENTITY, NULL) + 4, 'x', 252);
	state_seal(&state);
	assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, state.data, state.size,
					  &(struct nvmove_load_error){ 0 }), -ENOTSUP);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

/* The identity is fine and the rest is not: nothing is adopted, and the rest is judged by it. */
TEST_CASE(a_load_that_fails_later_adopts_nothing)
{
	struct rig *source = rig_new_source(NULL);
	struct rig *destination = rig_new_adopter(source, &device_b);
	struct queue_pair queue;
	struct state state, copy;

	driver_create_queue(source->driver[1], &queue, 4, 256, 4);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	copy = state_copy(&state);
	put32(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL), IDENTITY(num_vectors), 4);
	state_seal(&copy);
	refused(destination, &copy, "completion queue 4: 4 vectors here, vector 4 in the stream");
	state_free(&copy);
	copy = state_copy(&state);
	put16(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL), IDENTITY(cap), 127);
	state_seal(&copy);
	refused(destination, &copy,
		"submission queue 4: at most 128 entries here, 256 in the stream");
	state_free(&copy);
	copy = state_copy(&state);
	put32(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL), IDENTITY(num_namespaces), 2);
	state_seal(&copy);
	refused(destination, &copy, "nsid 3: up to 2 by the identity");
	state_free(&copy);
	copy = state_copy(&state);
	put32(state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL), IDENTITY(num_queues), 4);
	state_seal(&copy);
	refused(destination, &copy,
		"Number of Queues: at most 0x20002 here, 0x30003 in the stream");
	state_free(&copy);
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

/* Under the RFC's commands the reason is in the load report. */
TEST_CASE(the_load_report_names_the_field)
{
	struct rig *source = rig_new_source(NULL), *destination;
	struct rig_options smaller = device_b;
	struct driver *primary;
	struct buffer *buffer;
	struct state state;
	char report[256];

	smaller.mdts = 2;
	destination = rig_new_adopter(source, &smaller);
	primary = destination->driver[0];
	rig_suspend(source, 1);
	state = state_of(source, 1);
	assert_in_range(state.size, 1, 16 << 10);
	buffer = buffer_new(primary, state.size);
	buffer_write(buffer, 0, state.data, state.size);
	assert_status(driver_rfc(primary, NVMOVE_RFC_LOAD_DATA, 1, state.size, 0, buffer),
		      NVM_SC_INVALID_FIELD);
	assert_success(driver_get_log(primary, NVMOVE_LOG_LOAD_REPORT, 0, report, sizeof(report)));
	assert_int_equal(get16(report, 4), NVMOVE_CSTATE_IDENTITY);
	assert_string_equal(report + 16, "MDTS: 1 to 2 here, 3 in the stream");
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

/* Some guest's commands; whatever their status, they end. */
static void use(struct driver *driver, unsigned int mdts)
{
	struct buffer *buffer = buffer_new(driver, 4096u << mdts);
	struct completion completion;
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct queue_pair queue;

	driver_enable(driver);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(data[77], mdts);
	driver_create_queue(driver, &queue, 1, 2, 0);
	completion = queue_rw(&queue, NVM_IO_READ, 2, 0, 1u << mdts, buffer);
	assert_success(completion);
	completion = queue_rw(&queue, NVM_IO_READ, 2, 0, (1u << mdts) + 1, NULL);
	assert_status(completion, NVM_SC_INVALID_FIELD);
}

/* Whatever is adopted, the controller is one that a device could have been configured to be. */
TEST_CASE(what_is_adopted_works_and_goes_on)
{
	static const size_t numbers[] = {
		IDENTITY(vendor_id), IDENTITY(ieee_oui), IDENTITY(mdts), IDENTITY(cntlid),
		IDENTITY(oncs), IDENTITY(vwc), IDENTITY(num_namespaces), IDENTITY(num_queues),
		IDENTITY(num_vectors), IDENTITY(cap), IDENTITY(serial) + 2, IDENTITY(subnqn) + 9,
	};
	struct rig *source = rig_new_source(NULL);
	unsigned int nr_taken = 0;
	struct state state;

	rig_suspend(source, 1);
	state = state_of(source, 1);
	srand(99);
	for (unsigned int round = 0; round < 300; round++) {
		struct rig *first = rig_new_adopter(source, &device_b);
		struct rig *second = rig_new_adopter(source, &device_b);
		struct nvmove_load_error error = { 0 };
		struct state copy = state_copy(&state);
		uint8_t *payload = state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL);

		for (unsigned int n = 1 + rand() % 3; n; n--) {
			size_t at = numbers[(unsigned int)rand() % ARRAY_SIZE(numbers)];

			payload[at] = rand() % 3 ? rand() % 10 : rand();
		}
		state_seal(&copy);
		if (!nvmove_ctrl_load(first->function[1].ctrl, copy.data, copy.size, &error)) {
			unsigned int mdts = payload[IDENTITY(mdts)];
			struct state again = state_of(first, 1);

			nr_taken++;
			rig_load(second, 1, again.data, again.size);
			state_free(&again);
			nvmove_ctrl_reset(first->function[1].ctrl, NVMOVE_RESET_FLR);
			use(first->driver[1], mdts);
		}
		state_free(&copy);
		rig_free(second);
		rig_free(first);
	}
	assert_in_range(nr_taken, 60, 240);
	state_free(&state);
	rig_free(source);
}

RUN_TESTS("identity_adopt",
	  cmocka_unit_test(everything_is_taken_over),
	  cmocka_unit_test(the_administrator_sees_what_was_adopted),
	  cmocka_unit_test(it_goes_on_from_there),
	  cmocka_unit_test(the_next_identity_replaces_the_last),
	  cmocka_unit_test(a_smaller_device_refuses_by_name),
	  cmocka_unit_test(resources_that_others_have_are_not_taken),
	  cmocka_unit_test(the_administrator_s_limit_on_resources_holds),
	  cmocka_unit_test(with_a_second_member_it_only_checks),
	  cmocka_unit_test(impossible_identities_are_refused),
	  cmocka_unit_test(a_load_that_fails_later_adopts_nothing),
	  cmocka_unit_test(the_load_report_names_the_field),
	  cmocka_unit_test(what_is_adopted_works_and_goes_on));
