// SPDX-License-Identifier: BSD-2-Clause
/*
 * Saved feature values (Base 5.15, 5.27): what Set Features stores with the Save bit is what the
 * feature comes back to at every Controller Level Reset, on this host and on the next one.
 */
#include <endian.h>
#include <stdio.h>

#include "state_editor.h"

#define CURRENT		NVM_FEAT_SEL_CURRENT
#define DEFAULT		NVM_FEAT_SEL_DEFAULT
#define SAVED		NVM_FEAT_SEL_SAVED

#define UNDER		(1u << 20)

/** struct value - a saveable feature: @cdw11 sets it, @selector in command dword 11 selects it */
struct value {
	uint8_t fid;
	uint32_t nsid;
	uint32_t selector;
	uint32_t cdw11;
	uint32_t expected;
	uint32_t initial;
};

static const struct value values[] = {
	{ NVM_FEAT_ARBITRATION, 0, 0, 0x01020303, 0x01020303, 5 },
	{ NVM_FEAT_POWER_MGMT, 0, 0, 0x40, 0x40, 0 },
	{ NVM_FEAT_TEMP_THRESHOLD, 0, 0, 351, 351, 343 },
	{ NVM_FEAT_TEMP_THRESHOLD, 0, UNDER, UNDER | 281, 281, 0 },
	{ NVM_FEAT_ERROR_RECOVERY, 3, 0, 77, 77, 0 },
	{ NVM_FEAT_VOLATILE_WC, 0, 0, 0, 0, 1 },
	{ NVM_FEAT_IRQ_COALESCE, 0, 0, 0x0302, 0x0302, 0 },
	{ NVM_FEAT_WRITE_ATOMICITY, 0, 0, 1, 1, 0 },
	{ NVM_FEAT_ASYNC_EVENT, 0, 0, 0x100, 0x100, 0 },
};

static uint32_t get(struct driver *driver, const struct value *value, unsigned int select)
{
	struct completion completion = driver_get_feature(driver, value->fid, select, value->nsid,
							  value->selector);

	assert_success(completion);
	return completion.dw0;
}

static struct completion save(struct driver *driver, unsigned int fid, uint32_t nsid,
			      uint32_t cdw11)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_SET_FEATURES, .nsid = nsid,
		     .cdw10 = NVM_FEAT_SAVE | fid, .cdw11 = cdw11);
}

static void save_all(struct driver *driver)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_success(save(driver, values[i].fid, values[i].nsid, values[i].cdw11));
}

static void reset(struct driver *driver)
{
	driver_disable(driver);
	driver_enable(driver);
}

TEST_CASE(capabilities_say_what_can_be_saved)
{
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(rig->driver[0], &values[i], NVM_FEAT_SEL_SUPPORTED) & 1, 1);
	rig_free(rig);
}

TEST_CASE(nothing_is_saved_at_first)
{
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(get(rig->driver[0], &values[i], SAVED), values[i].initial);
		assert_int_equal(get(rig->driver[0], &values[i], DEFAULT), values[i].initial);
	}
	rig_free(rig);
}

TEST_CASE(save_sets_the_current_and_the_saved_value)
{
	struct rig *rig = rig_new_enabled(NULL);

	save_all(rig->driver[0]);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(get(rig->driver[0], &values[i], CURRENT), values[i].expected);
		assert_int_equal(get(rig->driver[0], &values[i], SAVED), values[i].expected);
		assert_int_equal(get(rig->driver[0], &values[i], DEFAULT), values[i].initial);
	}
	rig_free(rig);
}

TEST_CASE(a_reset_restores_what_was_saved_and_nothing_else)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	save_all(driver);
	assert_success(driver_set_feature(driver, NVM_FEAT_ARBITRATION, 0, 2));
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 3, 5));
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 1, 6));
	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_CONFIG, 0, 1 << 16 | 2));
	reset(driver);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(get(driver, &values[i], CURRENT), values[i].expected);
		assert_int_equal(get(driver, &values[i], SAVED), values[i].expected);
	}
	assert_int_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 1, 0).dw0, 0);
	assert_int_equal(driver_get_feature(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 2).dw0, 2);
	rig_free(rig);
}

TEST_CASE(a_function_level_reset_restores_too)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	save_all(driver);
	nvmove_ctrl_reset(rig->function[0].ctrl, NVMOVE_RESET_FLR);
	driver_enable(driver);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(driver, &values[i], CURRENT), values[i].expected);
	nvmove_ctrl_reset(rig->function[0].ctrl, NVMOVE_RESET_CONVENTIONAL);
	driver_enable(driver);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(driver, &values[i], CURRENT), values[i].expected);
	rig_free(rig);
}

TEST_CASE(saving_the_default_forgets)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	save_all(driver);
	assert_success(save(driver, NVM_FEAT_VOLATILE_WC, 0, 1));
	assert_success(save(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 343));
	reset(driver);
	assert_int_equal(get(driver, &values[5], CURRENT), 1);
	assert_int_equal(get(driver, &values[2], CURRENT), 343);
	assert_int_equal(get(driver, &values[3], CURRENT), 281);
	rig_free(rig);
}

TEST_CASE(what_is_refused_is_not_saved)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_status(save(driver, NVM_FEAT_POWER_MGMT, 0, 1), NVM_SC_INVALID_FIELD);
	assert_status(save(driver, NVM_FEAT_ERROR_RECOVERY, 3, 1 << 16), NVM_SC_INVALID_FIELD);
	assert_status(save(driver, NVM_FEAT_ERROR_RECOVERY, 4, 1), NVM_SC_INVALID_FIELD);
	assert_status(save(driver, NVM_FEAT_ERROR_RECOVERY, MAX_NSID + 1, 1), NVM_SC_INVALID_NS);
	assert_status(save(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 2u << 20 | 300),
		      NVM_SC_INVALID_FIELD);
	assert_status(save(driver, NVM_FEAT_VOLATILE_WC, 1, 0), NVM_SC_FEATURE_NOT_PER_NS);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(driver, &values[i], SAVED), values[i].initial);
	rig_free(rig);
}

TEST_CASE(every_attached_namespace_can_be_saved_at_once)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(save(driver, NVM_FEAT_ERROR_RECOVERY, NVM_NSID_ALL, 9));
	reset(driver);
	assert_int_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 1, 0).dw0, 9);
	assert_int_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 3, 0).dw0, 9);
	rig_free(rig);
}

TEST_CASE(a_namespace_that_comes_back_has_nothing_saved)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	save_all(driver);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 3), 0);
	assert_int_equal(get(driver, &values[4], CURRENT), 0);
	assert_int_equal(get(driver, &values[4], SAVED), 0);
	reset(driver);
	assert_int_equal(get(driver, &values[4], CURRENT), 0);
	rig_free(rig);
}

TEST_CASE(a_saved_threshold_warns_after_the_reset)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;

	assert_success(save(driver, NVM_FEAT_ASYNC_EVENT, 0, NVM_SMART_WARN_TEMP));
	assert_success(save(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 300));
	reset(driver);
	driver_submit_aer(driver);
	completion = cq_take(&driver->admin.cq);
	assert_int_equal(completion.dw0, NVM_EVENT_SMART | NVM_EVENT_SMART_TEMP << 8 |
					 NVM_LOG_SMART << 16);
	rig_free(rig);
}

TEST_CASE(controllers_save_apart)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	save_all(rig->driver[1]);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(rig->driver[2], &values[i], SAVED), values[i].initial);
	rig_free(rig);
}

TEST_CASE(saved_values_move)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];

	save_all(driver);
	assert_success(driver_set_feature(driver, NVM_FEAT_VOLATILE_WC, 0, 1));
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_int_equal(get(driver, &values[5], CURRENT), 1);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(driver, &values[i], SAVED), values[i].expected);
	reset(driver);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(driver, &values[i], CURRENT), values[i].expected);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(what_the_destination_had_saved_is_replaced)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];

	destination = rig_new_destination(source, 0);
	rig_online(destination, 1, 5, 5);
	driver_enable(destination->driver[1]);
	save_all(destination->driver[1]);
	rig_suspend(destination, 1);
	rig_migrate(source, destination, 1);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(get(driver, &values[i], SAVED), values[i].initial);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_state_grows_by_what_was_saved)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state before, after;

	rig_suspend(rig, 1);
	before = state_of(rig, 1);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	assert_success(save(rig->driver[1], NVM_FEAT_VOLATILE_WC, 0, 0));
	rig_suspend(rig, 1);
	after = state_of(rig, 1);
	assert_int_equal(after.size, before.size + sizeof(struct nvmove_cstate_feature));
	state_free(&before);
	state_free(&after);
	rig_free(rig);
}

/** refused() - after @entry was added to the features section */
static void refused(const struct nvmove_cstate_feature *entry, const char *text)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct nvmove_load_error error = { 0 };
	struct state state, now;
	size_t len;

	assert_success(save(rig->driver[1], NVM_FEAT_VOLATILE_WC, 0, 0));
	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	now = state_copy(&state);
	state_payload(&state, NVMOVE_CSTATE_FEATURES, &len);
	state_resize_section(&state, NVMOVE_CSTATE_FEATURES, len + sizeof(*entry));
	memcpy(state_payload(&state, NVMOVE_CSTATE_FEATURES, NULL) + len, entry, sizeof(*entry));
	state_seal(&state);
	assert_int_equal(nvmove_ctrl_load(rig->function[1].ctrl, state.data, state.size, &error),
			 -ENOTSUP);
	assert_int_equal(error.section, NVMOVE_CSTATE_FEATURES);
	assert_string_equal(error.text, text);
	state_free(&state);
	state = state_of(rig, 1);
	assert_int_equal(state.size, now.size);
	assert_memory_equal(state.data, now.data, now.size);
	state_free(&state);
	state_free(&now);
	rig_free(rig);
}

#define ENTRY(...)	(&(struct nvmove_cstate_feature){ __VA_ARGS__ })

TEST_CASE(impossible_saved_values_are_refused)
{
	refused(ENTRY(.fid = 0x0a, .select = 1, .value = htole32(1)),
		"feature 0ah: select 0 or 2 here, 1 in the stream");
	refused(ENTRY(.fid = 0x0a, .select = 3, .value = htole32(1)),
		"feature 0ah: select 0 or 2 here, 3 in the stream");
	refused(ENTRY(.fid = 0x0a, .select = 2, .value = htole32(2)),
		"feature 0ah: saved value 0x2, nsid 0, selector 0, 0 bytes cannot be taken here");
	refused(ENTRY(.fid = 0x06, .select = 2, .value = htole32(0)),	/* twice */
		"feature 06h: saved value 0, nsid 0, selector 0, 0 bytes cannot be taken here");
	refused(ENTRY(.fid = 0x05, .select = 2, .nsid = htole32(1), .value = htole32(1)),
		"feature 05h: saved value 0x1, nsid 1, selector 0, 0 bytes cannot be taken here");
	refused(ENTRY(.fid = 0x05, .select = 2, .nsid = htole32(3), .value = htole32(0x10000)),
		"feature 05h: saved value 0x10000, nsid 3, selector 0, 0 bytes cannot be taken here");
}

TEST_CASE(a_saved_value_of_what_cannot_be_saved_is_refused)
{
	static const uint8_t fids[] = { 0x07, 0x09, 0x0f, 0x16, 0x19, 0x81, 0x7f };

	for (size_t i = 0; i < ARRAY_SIZE(fids); i++) {
		char text[240];

		snprintf(text, sizeof(text), "feature %02xh: saved value 0, nsid 0, selector 0, "
			 "0 bytes cannot be taken here", fids[i]);
		refused(ENTRY(.fid = fids[i], .select = 2), text);
	}
}

RUN_TESTS("features_saved",
	  cmocka_unit_test(capabilities_say_what_can_be_saved),
	  cmocka_unit_test(nothing_is_saved_at_first),
	  cmocka_unit_test(save_sets_the_current_and_the_saved_value),
	  cmocka_unit_test(a_reset_restores_what_was_saved_and_nothing_else),
	  cmocka_unit_test(a_function_level_reset_restores_too),
	  cmocka_unit_test(saving_the_default_forgets),
	  cmocka_unit_test(what_is_refused_is_not_saved),
	  cmocka_unit_test(every_attached_namespace_can_be_saved_at_once),
	  cmocka_unit_test(a_namespace_that_comes_back_has_nothing_saved),
	  cmocka_unit_test(a_saved_threshold_warns_after_the_reset),
	  cmocka_unit_test(controllers_save_apart),
	  cmocka_unit_test(saved_values_move),
	  cmocka_unit_test(what_the_destination_had_saved_is_replaced),
	  cmocka_unit_test(the_state_grows_by_what_was_saved),
	  cmocka_unit_test(impossible_saved_values_are_refused),
	  cmocka_unit_test(a_saved_value_of_what_cannot_be_saved_is_refused));
