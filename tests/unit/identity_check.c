// SPDX-License-Identifier: BSD-2-Clause
/*
 * R2, R19: under the policy "check" a state is taken by a controller of the same identity alone,
 * wherever that identity has been created, and every difference is refused by name with both
 * values.
 */
#include "harness.h"
#include "state_editor.h"

#define CNTLID	33

static struct rig_options device(unsigned int number)
{
	struct rig_options options = {
		.subnqn = number ? "nqn.2026-11.org.example:b" : "nqn.2026-11.org.example:a",
		.serial = number ? "DEVICE-B" : "DEVICE-A",
		.model = number ? "another model" : "model",
		.firmware = number ? "2.0" : "1.0",
		.first_cntlid = number ? 100 : 7,
		/* Namespaces are what they are: the same on both sides. */
		.uuid_byte = { 0, 1, 2, 3, 4 },
	};

	return options;
}

static struct nvmove_vsubsystem_config identity(struct rig *rig)
{
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);

	config.serial = "VIRTUAL";
	config.model = "virtual model";
	config.firmware = "9.9";
	config.oncs = NVM_CTRL_ONCS_COMPARE | NVM_CTRL_ONCS_DSM | NVM_CTRL_ONCS_WRITE_ZEROES |
		      NVM_CTRL_ONCS_SAVE_SELECT | NVM_CTRL_ONCS_TIMESTAMP | NVM_CTRL_ONCS_VERIFY;
	return config;
}

/* Device @number with secondary 1 enabled. */
static struct rig *rig_new_side(unsigned int number, struct rig *source,
				const struct nvmove_vsubsystem_config *wanted, uint16_t cntlid)
{
	struct rig_options options = device(number);
	struct nvmove_vsubsystem_config config;
	struct rig *rig;

	options.source = source;
	rig = rig_new_enabled(&options);
	config = wanted ? *wanted : identity(rig);
	rig_join(rig, 1, &config, cntlid);
	rig_online(rig, 1, 5, 5);
	if (source)
		rig->now = source->now;
	return rig;
}

TEST_CASE(another_device_with_the_same_identity_takes_it)
{
	static const unsigned int cns[] = { NVM_CNS_CTRL, NVM_CNS_CTRL_LIST, NVM_CNS_ACTIVE_NS };
	struct rig *source = rig_new_side(0, NULL, NULL, CNTLID), *destination;
	uint8_t before[ARRAY_SIZE(cns)][NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];
	struct queue_pair queue;
	struct buffer *buffer;

	driver_enable(source->driver[1]);
	destination = rig_new_side(1, source, NULL, CNTLID);
	rig_suspend(destination, 1);
	driver_create_queue(source->driver[1], &queue, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cns); i++)
		assert_success(driver_identify(source->driver[1], cns[i], 0, 0, before[i]));
	assert_int_not_equal(nvmove_ctrl_cntlid(source->function[1].ctrl),
			     nvmove_ctrl_cntlid(destination->function[1].ctrl));
	rig_migrate(source, destination, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		assert_success(driver_identify(destination->driver[1], cns[i], 0, 0, after));
		assert_memory_equal(before[i], after, sizeof(after));
	}
	buffer = buffer_new(destination->driver[1], PAGE);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 2, 0, 1, buffer));
	rig_free(destination);
	rig_free(source);
}

/* The device's own identity is one like any other. */
TEST_CASE(a_virtual_subsystem_can_pass_for_a_device)
{
	struct rig_options options = device(0);
	struct rig *source = rig_new_secondaries(&options, 1), *destination;
	struct nvmove_vsubsystem_config config;

	nvmove_vsubsystem_config_default(source->subsystem, &config);
	destination = rig_new_side(1, source, &config, 8);
	rig_suspend(destination, 1);
	rig_migrate(source, destination, 1);
	rig_free(destination);
	rig_free(source);
}

/* Load what an enabled @source saves into secondary 1 of @destination; it must be refused. */
static void refused(struct rig *source, struct rig *destination, const char *message)
{
	struct nvmove_load_error error = { 0 };
	struct state state, before, after;

	rig_suspend(source, 1);
	rig_suspend(destination, 1);
	state = state_of(source, 1);
	before = state_of(destination, 1);
	assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, state.data, state.size,
					  &error), -ENOTSUP);
	assert_int_equal(error.section, NVMOVE_CSTATE_IDENTITY);
	assert_string_equal(error.text, message);
	after = state_of(destination, 1);
	assert_int_equal(before.size, after.size);
	assert_memory_equal(before.data, after.data, before.size);
	state_free(&after);
	state_free(&before);
	state_free(&state);
}

static void difference_refused(const struct nvmove_vsubsystem_config *there,
			       const struct nvmove_vsubsystem_config *here, uint16_t cntlid,
			       const char *message)
{
	struct rig *source = rig_new_side(0, NULL, there, CNTLID);
	struct rig *destination = rig_new_side(1, source, here, cntlid);

	driver_enable(source->driver[1]);
	refused(source, destination, message);
	rig_free(destination);
	rig_free(source);
}

#define DIFFERENT(member, value, message)						\
	do {										\
		struct nvmove_vsubsystem_config here = config;				\
											\
		here.member = value;							\
		difference_refused(&config, &here, CNTLID, message);			\
	} while (0)

TEST_CASE(every_difference_is_refused_with_both_values)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_vsubsystem_config config = identity(rig);

	DIFFERENT(subnqn, "nqn.2026-11.org.example:other",
		  "subsystem NQN: \"nqn.2026-11.org.example:other\" here, "
		  "\"nqn.2026-11.org.example:virtual\" in the stream");
	DIFFERENT(serial, "VIRTUAL2",
		  "serial number: \"VIRTUAL2\" here, \"VIRTUAL\" in the stream");
	DIFFERENT(model, "virtual", "model number: \"virtual\" here, \"virtual model\" in the stream");
	DIFFERENT(firmware, "9.10", "firmware revision: \"9.10\" here, \"9.9\" in the stream");
	DIFFERENT(vendor_id, 0x1af4, "PCI vendor id: 0x1af4 here, 0x8086 in the stream");
	DIFFERENT(subsystem_vendor_id, 1,
		  "PCI subsystem vendor id: 0x1 here, 0x8086 in the stream");
	DIFFERENT(ieee_oui, 0xabcdef, "IEEE OUI: 0xabcdef here, 0x525400 in the stream");
	DIFFERENT(mdts, 4, "MDTS: 4 here, 5 in the stream");
	DIFFERENT(max_queue_entries, 512, "queue entries: 512 here, 1024 in the stream");
	DIFFERENT(num_namespaces, 7, "number of namespaces: 7 here, 8 in the stream");
	DIFFERENT(oncs, config.oncs & ~NVM_CTRL_ONCS_VERIFY,
		  "ONCS: 0x5d here, 0xdd in the stream");
	DIFFERENT(volatile_write_cache, false,
		  "Volatile Write Cache: 0 here, 0x1 in the stream");
	difference_refused(&config, &config, CNTLID + 1, "controller id: 34 here, 33 in the stream");
	rig_free(rig);
}

TEST_CASE(other_resources_are_refused)
{
	static const struct {
		unsigned int queues;
		unsigned int vectors;
		const char *message;
	} cases[] = {
		{ 6, 5, "VQ resources: 6 here, 5 in the stream" },
		{ 4, 5, "VQ resources: 4 here, 5 in the stream" },
		{ 5, 6, "VI resources: 6 here, 5 in the stream" },
		{ 5, 4, "VI resources: 4 here, 5 in the stream" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *source = rig_new_side(0, NULL, NULL, CNTLID);
		struct rig *destination = rig_new_side(1, source, NULL, CNTLID);

		driver_enable(source->driver[1]);
		assert_success(driver_virt_mgmt(destination->driver[0], NVM_VIRT_SECONDARY_OFFLINE,
						0, 101, 0));
		rig_online(destination, 1, cases[i].queues, cases[i].vectors);
		refused(source, destination, cases[i].message);
		rig_free(destination);
		rig_free(source);
	}
}

/* A device with more doorbells has a larger BAR than the one that the guest has mapped. */
TEST_CASE(another_size_of_bar0_is_refused)
{
	struct rig *source = rig_new_side(0, NULL, NULL, CNTLID), *destination;
	struct rig_options options = device(1);
	struct nvmove_vsubsystem_config config = identity(source);

	driver_enable(source->driver[1]);
	options.source = source;
	options.max_io_queues = 600;
	destination = rig_new_enabled(&options);
	rig_join(destination, 1, &config, CNTLID);
	rig_online(destination, 1, 5, 5);
	refused(source, destination, "size of BAR0: 0x4000 here, 0x2000 in the stream");
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(what_no_config_changes_is_checked_too)
{
	static const size_t fixed[] = {
		offsetof(struct nvmove_cstate_identity, lpa),
		offsetof(struct nvmove_cstate_identity, acl),
		offsetof(struct nvmove_cstate_identity, aerl),
		offsetof(struct nvmove_cstate_identity, elpe),
		offsetof(struct nvmove_cstate_identity, npss),
		offsetof(struct nvmove_cstate_identity, nwpc),
		offsetof(struct nvmove_cstate_identity, reserved345),
		offsetof(struct nvmove_cstate_identity, kas),
		offsetof(struct nvmove_cstate_identity, wctemp),
		offsetof(struct nvmove_cstate_identity, cctemp),
		offsetof(struct nvmove_cstate_identity, oaes),
		offsetof(struct nvmove_cstate_identity, ctratt),
		offsetof(struct nvmove_cstate_identity, oacs),
		offsetof(struct nvmove_cstate_identity, reserved380),
		offsetof(struct nvmove_cstate_identity, vwc),
		/* Behind the end of a text. */
		offsetof(struct nvmove_cstate_identity, serial) + 19,
		offsetof(struct nvmove_cstate_identity, subnqn) + 255,
	};
	struct rig *source = rig_new_side(0, NULL, NULL, CNTLID);
	struct rig *destination = rig_new_side(1, source, NULL, CNTLID);
	struct state state;

	driver_enable(source->driver[1]);
	rig_suspend(source, 1);
	rig_suspend(destination, 1);
	state = state_of(source, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		struct nvmove_load_error error = { 0 };
		struct state copy = state_copy(&state);

		state_payload(&copy, NVMOVE_CSTATE_IDENTITY, NULL)[fixed[i]] ^= 0x40;
		state_seal(&copy);
		assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, copy.data,
						  copy.size, &error), -ENOTSUP);
		assert_int_equal(error.section, NVMOVE_CSTATE_IDENTITY);
		state_free(&copy);
	}
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

/* What the identity leaves out, the rest of the state must not bring back. */
TEST_CASE(a_write_cache_that_is_not_there_is_not_on)
{
	struct rig *rig = rig_new(NULL), *source, *destination;
	struct nvmove_vsubsystem_config config = identity(rig);
	struct nvmove_load_error error = { 0 };
	struct state state;
	uint8_t *payload;
	size_t len;

	config.volatile_write_cache = false;
	source = rig_new_side(0, NULL, &config, CNTLID);
	destination = rig_new_side(1, source, &config, CNTLID);
	driver_enable(source->driver[1]);
	rig_suspend(source, 1);
	rig_suspend(destination, 1);
	state = state_of(source, 1);
	payload = state_payload(&state, NVMOVE_CSTATE_FEATURES, &len);
	while (payload[0] != NVM_FEAT_VOLATILE_WC)
		payload += 16 + get32(payload, 12);
	assert_int_equal(get32(payload, 8), 0);
	put32(payload, 8, 1);
	state_seal(&state);
	assert_int_equal(nvmove_ctrl_load(destination->function[1].ctrl, state.data, state.size,
					  &error), -EBADMSG);
	assert_int_equal(error.section, NVMOVE_CSTATE_FEATURES);
	assert_string_equal(error.text, "feature 06h: value 0x1 without a volatile write cache");
	state_free(&state);
	rig_free(destination);
	rig_free(source);
	rig_free(rig);
}

/* Only the destination's policy decides; a source that would adopt is taken as any other. */
TEST_CASE(the_policy_is_the_destination_s)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_vsubsystem_config there = identity(rig), here = there;

	there.policy = NVMOVE_IDENTITY_ADOPT;
	here.mdts = 4;
	difference_refused(&there, &here, CNTLID, "MDTS: 4 here, 5 in the stream");
	rig_free(rig);
}

RUN_TESTS("identity_check",
	  cmocka_unit_test(another_device_with_the_same_identity_takes_it),
	  cmocka_unit_test(a_virtual_subsystem_can_pass_for_a_device),
	  cmocka_unit_test(every_difference_is_refused_with_both_values),
	  cmocka_unit_test(other_resources_are_refused),
	  cmocka_unit_test(another_size_of_bar0_is_refused),
	  cmocka_unit_test(what_no_config_changes_is_checked_too),
	  cmocka_unit_test(a_write_cache_that_is_not_there_is_not_on),
	  cmocka_unit_test(the_policy_is_the_destination_s));
