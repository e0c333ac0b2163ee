// SPDX-License-Identifier: BSD-2-Clause
/*
 * The register of observable items (observable.c) is compared with what a migratable controller
 * turns out to support when everything is tried: neither may have what the other has not. No
 * section of the state is there for nothing.
 */
#include <stdio.h>

#include "../unit/harness.h"
#include "fields.h"
#include "observable.h"

#define SECONDARY	1
#define NSID		3	/* attached to it */

/*
 * Each rig has everything that may be there at all: a member of the device with all that it can do.
 */
static struct driver *new_driver(struct rig **rig)
{
	*rig = rig_new_secondaries(NULL, SECONDARY);
	return (*rig)->driver[SECONDARY];
}

static void check(enum observable_kind kind, unsigned int number, bool supported)
{
	const struct observable *item = observable_find(kind, number);

	if (supported && !item)
		fail_msg("%s %#x is supported, but in no line of observable.c: which section "
			 "carries it, or why does none?", observable_kinds[kind], number);
	if (!supported && item)
		fail_msg("%s %#x (%s) is in observable.c, but not supported",
			 observable_kinds[kind], number, item->name);
}

TEST_CASE(every_property_is_registered)
{
	struct rig *rig;
	struct driver *driver = new_driver(&rig);

	driver_write32(driver, NVM_REG_INTMS, 0x55);
	for (unsigned int offset = 0; offset < NVM_REG_DBS; offset += 4) {
		if (driver_read32(driver, offset))
			check(OBSERVABLE_REGISTER, offset, true);
	}
	rig_free(rig);
}

TEST_CASE(every_data_structure_of_identify_is_registered)
{
	static const uint32_t nsids[] = { 0, NSID, NVM_NSID_ALL };
	const unsigned int itself = 0xffff;	/* CNTID of CNS 1Ch */
	struct rig *rig;
	struct driver *driver = new_driver(&rig);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (unsigned int cns = 0; cns < 256; cns++) {
		bool supported = false;

		for (size_t i = 0; i < ARRAY_SIZE(nsids); i++)
			supported |= !driver_identify(driver, cns, nsids[i], 0, data).status ||
				     !driver_identify(driver, cns, nsids[i], itself, data).status;
		check(OBSERVABLE_IDENTIFY, cns, supported);
	}
	rig_free(rig);
}

TEST_CASE(every_log_page_is_registered)
{
	struct rig *rig;
	struct driver *driver = new_driver(&rig);
	uint8_t data[64];

	for (unsigned int lid = 0; lid < 256; lid++)
		check(OBSERVABLE_LOG, lid,
		      !driver_peek_log(driver, lid, 0, data, sizeof(data)).status);
	rig_free(rig);
}

static bool feature_is_supported(struct driver *driver, unsigned int fid, unsigned int select)
{
	return !driver_get_feature(driver, fid, select, 0, 0).status ||
	       !driver_get_feature(driver, fid, select, NSID, 0).status;
}

/* The same features whatever is selected: current, default, saved, capabilities. */
TEST_CASE(every_feature_is_registered)
{
	struct rig *rig;
	struct driver *driver = new_driver(&rig);

	for (unsigned int select = 0; select < 8; select++) {
		for (unsigned int fid = 0; fid < 256; fid++) {
			bool supported = feature_is_supported(driver, fid, select);

			if (select <= NVM_FEAT_SEL_SUPPORTED)
				check(OBSERVABLE_FEATURE, fid, supported);
			else
				assert_false(supported);
		}
	}
	rig_free(rig);
}

TEST_CASE(every_command_is_registered)
{
	struct rig *rig;
	struct driver *driver = new_driver(&rig);
	struct nvm_effects_log log;

	assert_success(driver_get_log(driver, NVM_LOG_EFFECTS, 0, &log, sizeof(log)));
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		check(OBSERVABLE_ADMIN, opcode, log.admin[opcode]);
		check(OBSERVABLE_IO, opcode, log.io[opcode]);
	}
	rig_free(rig);
}

static bool is_unsupported(struct completion completion)
{
	return completion.status == NVM_SC_INVALID_OPCODE;
}

/* What the log of supported commands leaves out is not executed. */
TEST_CASE(no_other_command_is_known)
{
	struct rig *rig;
	struct driver *driver = new_driver(&rig);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		if (!observable_find(OBSERVABLE_ADMIN, opcode))
			assert_true(is_unsupported(ADMIN(driver, .opcode = opcode)));
		if (!observable_find(OBSERVABLE_IO, opcode))
			assert_true(is_unsupported(COMMAND(&queue, .opcode = opcode, .nsid = NSID)));
	}
	rig_free(rig);
}

TEST_CASE(every_section_carries_something)
{
	uint32_t carried = 0;

	for (size_t i = 0; i < nr_observables; i++) {
		const struct observable *item = &observables[i];

		if (!item->sections == !item->why)
			fail_msg("%s %#x (%s): either a section carries it or there is a reason",
				 observable_kinds[item->kind], item->number, item->name);
		carried |= item->sections;
	}
	for (unsigned int type = IO_QUEUES_PART; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		if (!(carried & IN(type)))
			fail_msg("section %u carries nothing that observable.c names", type);
	}
	assert_int_equal(carried >> (NVMOVE_CSTATE_TYPE_MAX + 1), 0);
}

RUN_TESTS("observable_register",
	  cmocka_unit_test(every_property_is_registered),
	  cmocka_unit_test(every_data_structure_of_identify_is_registered),
	  cmocka_unit_test(every_log_page_is_registered),
	  cmocka_unit_test(every_feature_is_registered),
	  cmocka_unit_test(every_command_is_registered),
	  cmocka_unit_test(no_other_command_is_known),
	  cmocka_unit_test(every_section_carries_something));
