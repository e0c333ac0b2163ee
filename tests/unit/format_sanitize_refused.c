// SPDX-License-Identifier: BSD-2-Clause
/*
 * Format NVM and Sanitize do not exist, and nothing says that they do (docs/limits.md).
 */
#include "harness.h"

#define FORMAT_NVM	0x80
#define SANITIZE	0x84

TEST_CASE(they_are_not_announced)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int i = 0; i < 2; i++) {
		uint8_t data[NVM_IDENTIFY_SIZE];

		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(get16(data, 256) & 1 << 1, 0);	/* OACS: Format NVM */
		assert_int_equal(data[524], 0);			/* FNA */
		assert_int_equal(get32(data, 328), 0);		/* SANICAP */
		assert_success(driver_get_log(rig->driver[i], NVM_LOG_EFFECTS, 0, data,
					      sizeof(data)));
		assert_int_equal(get32(data, 4 * FORMAT_NVM), 0);
		assert_int_equal(get32(data, 4 * SANITIZE), 0);
		assert_status(driver_get_log(rig->driver[i], 0x81, 0, data, 512),
			      NVM_SC_INVALID_LOG_PAGE);		/* Sanitize Status */
	}
	rig_free(rig);
}

TEST_CASE(they_are_refused_and_touch_no_data)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	memset(rig->medium[3]->data, 0x42, NS3_BLOCKS * 512);
	for (unsigned int i = 0; i < 2; i++) {
		assert_status(ADMIN(rig->driver[i], .opcode = FORMAT_NVM, .nsid = 3, .cdw10 = 1),
			      NVM_SC_INVALID_OPCODE);
		assert_status(ADMIN(rig->driver[i], .opcode = FORMAT_NVM, .nsid = NVM_NSID_ALL),
			      NVM_SC_INVALID_OPCODE);
		for (uint32_t action = 1; action <= 4; action++)
			assert_status(ADMIN(rig->driver[i], .opcode = SANITIZE, .cdw10 = action),
				      NVM_SC_INVALID_OPCODE);
	}
	assert_int_equal(scripted_submitted(rig->medium[3]), 0);
	for (unsigned int i = 0; i < NS3_BLOCKS * 512; i++)
		assert_int_equal(rig->medium[3]->data[i], 0x42);
	rig_free(rig);
}

RUN_TESTS("format_sanitize_refused",
	  cmocka_unit_test(they_are_not_announced),
	  cmocka_unit_test(they_are_refused_and_touch_no_data));
