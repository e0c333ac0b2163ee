// SPDX-License-Identifier: BSD-2-Clause
/*
 * R2: a member of a virtual subsystem has its identity in the eyes of its host, and the device's
 * own in the eyes of the primary; nobody else changes.
 */
#include "harness.h"

#define CNTLID	4660

static struct nvmove_vsubsystem_config other_identity(struct rig *rig)
{
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);

	config.serial = "VIRTUAL-20-CHARACTER";
	config.model = "a model number that needs all 40 letters";
	config.firmware = "8 chars!";
	config.vendor_id = 0x1b36;
	config.subsystem_vendor_id = 0x1af4;
	config.ieee_oui = 0x123456;
	return config;
}

static struct rig *rig_new_member(const struct nvmove_vsubsystem_config *wanted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config = wanted ? *wanted : other_identity(rig);

	rig_join(rig, 1, &config, CNTLID);
	rig_online(rig, 1, 5, 5);
	driver_enable(rig->driver[1]);
	return rig;
}

TEST_CASE(identify_shows_the_virtual_identity)
{
	struct rig *rig = rig_new_member(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE], log[512];

	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get16(data, 0), 0x1b36);
	assert_int_equal(get16(data, 2), 0x1af4);
	assert_memory_equal(data + 4, "VIRTUAL-20-CHARACTER", 20);
	assert_memory_equal(data + 24, "a model number that needs all 40 letters", 40);
	assert_memory_equal(data + 64, "8 chars!", 8);
	assert_memory_equal(data + 73, "\x56\x34\x12", 3);
	assert_int_equal(get16(data, 78), CNTLID);
	assert_string_equal((char *)data + 768, "nqn.2026-11.org.example:virtual");
	assert_success(driver_get_log(rig->driver[1], NVM_LOG_FW_SLOT, 0, log, sizeof(log)));
	assert_memory_equal(log + 8, "8 chars!", 8);
	rig_free(rig);
}

/* Identity apart, a member that was not narrowed offers what any secondary offers. */
TEST_CASE(nothing_but_the_identity_differs)
{
	struct rig *rig = rig_new_member(NULL);
	uint8_t member[NVM_IDENTIFY_SIZE], plain[NVM_IDENTIFY_SIZE];

	rig_online(rig, 2, 5, 5);
	driver_enable(rig->driver[2]);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, member));
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, plain));
	assert_memory_equal(member + 76, plain + 76, 2);	/* CMIC, MDTS */
	assert_memory_equal(member + 80, plain + 80, 768 - 80);
	assert_memory_equal(member + 1024, plain + 1024, NVM_IDENTIFY_SIZE - 1024);
	assert_int_equal(get16(plain, 78), 9);
	assert_string_equal((char *)plain + 768, "nqn.2026-11.org.example:unit");
	assert_true(driver_read64(rig->driver[1], NVM_REG_CAP) ==
		    driver_read64(rig->driver[2], NVM_REG_CAP));
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, plain));
	assert_int_equal(get16(plain, 78), 7);
	assert_memory_equal(plain + 4, "UNIT0001 ", 9);
	rig_free(rig);
}

TEST_CASE(its_host_never_sees_the_id_in_the_device)
{
	static const unsigned int lists[] = { NVM_CNS_CTRL_LIST, NVM_CNS_NS_CTRL_LIST };
	struct rig *rig = rig_new_member(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_success(driver_identify(rig->driver[1], lists[i], 3, 0, data));
		assert_int_equal(get16(data, 0), 1);
		assert_int_equal(get16(data, 2), CNTLID);
		assert_success(driver_identify(rig->driver[1], lists[i], 3, CNTLID, data));
		assert_int_equal(get16(data, 0), 1);
		assert_success(driver_identify(rig->driver[1], lists[i], 3, CNTLID + 1, data));
		assert_int_equal(get16(data, 0), 0);
	}
	assert_success(driver_identify(rig->driver[1], NVM_CNS_IOCS, 0, CNTLID, data));
	assert_success(driver_identify(rig->driver[1], NVM_CNS_IOCS, 0, 0xffff, data));
	assert_status(driver_identify(rig->driver[1], NVM_CNS_IOCS, 0, 8, data),
		      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(the_primary_addresses_it_by_the_id_in_the_device)
{
	struct rig *rig = rig_new_member(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_int_equal(nvmove_ctrl_cntlid(rig->function[1].ctrl), 8);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_SECONDARY_LIST, 0, 0, data));
	assert_int_equal(data[0], 3);
	assert_int_equal(get16(data, 32), 8);
	assert_int_equal(data[32 + 4], NVM_SCS_ONLINE);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL_LIST, 0, 0, data));
	assert_int_equal(get16(data, 0), 4);
	assert_int_equal(get16(data, 4), 8);
	assert_status(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, CNTLID, 0),
		      NVM_SC_INVALID_CNTLID);
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 8, 0));
	assert_status(driver_identify(rig->driver[0], NVM_CNS_IOCS, 0, CNTLID, data),
		      NVM_SC_INVALID_FIELD);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_IOCS, 0, 8, data));
	rig_free(rig);
}

TEST_CASE(the_identity_survives_resets)
{
	struct rig *rig = rig_new_member(NULL);
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, before));
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	driver_enable(rig->driver[1]);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 8, 0));
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_ONLINE, 0, 8, 0));
	driver_enable(rig->driver[1]);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	rig_free(rig);
}

TEST_CASE(a_freed_virtual_subsystem_leaves_the_device_s_identity)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config = other_identity(rig);
	struct nvmove_vsubsystem *vsubsystem = rig_join(rig, 1, &config, CNTLID);
	uint8_t data[NVM_IDENTIFY_SIZE];

	rig_online(rig, 1, 5, 5);
	driver_enable(rig->driver[1]);
	nvmove_vsubsystem_free(vsubsystem);
	nvmove_vsubsystem_free(NULL);
	assert_int_equal(driver_read32(rig->driver[1], NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	rig_online(rig, 1, 5, 5);
	driver_enable(rig->driver[1]);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get16(data, 78), 8);
	assert_string_equal((char *)data + 768, "nqn.2026-11.org.example:unit");
	rig_free(rig);
}

static void join_refused(struct nvmove_ctrl *ctrl, struct nvmove_vsubsystem *vsubsystem,
			 unsigned int cntlid, int code, const char *word)
{
	char *error = NULL;

	assert_int_equal(nvmove_ctrl_join(ctrl, vsubsystem, cntlid, &error), code);
	assert_non_null(error);
	if (!strstr(error, word))
		fail_msg("the message has no \"%s\": %s", word, error);
	free(error);
	assert_int_equal(nvmove_ctrl_join(ctrl, vsubsystem, cntlid, NULL), code);
}

TEST_CASE(joining_is_refused_where_it_would_lie)
{
	struct rig *rig = rig_new_enabled(NULL), *other = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);
	struct nvmove_vsubsystem *vsubsystem = rig_join(rig, 1, &config, CNTLID);
	struct nvmove_vsubsystem *narrow;

	join_refused(rig->function[0].ctrl, vsubsystem, 1, -EINVAL, "primary");
	join_refused(rig->function[2].ctrl, vsubsystem, CNTLID, -EEXIST, "4660");
	join_refused(rig->function[2].ctrl, vsubsystem, 0xfff0, -EINVAL, "65520");
	join_refused(other->function[2].ctrl, vsubsystem, 1, -EINVAL, "another device");
	/* Namespace 3 is attached to secondary 2, and it has been given queues. */
	config.num_namespaces = 2;
	narrow = nvmove_vsubsystem_new(rig->subsystem, &config, NULL);
	assert_non_null(narrow);
	join_refused(rig->function[2].ctrl, narrow, 1, -EINVAL, "nsid: 3");
	config = rig_vsubsystem_config(rig);
	config.max_io_queues = 3;
	config.max_vectors = 4;
	narrow = nvmove_vsubsystem_new(rig->subsystem, &config, NULL);
	assert_non_null(narrow);
	rig_online(rig, 2, 5, 4);
	join_refused(rig->function[2].ctrl, narrow, 1, -EBUSY, "online");
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 9, 0));
	join_refused(rig->function[2].ctrl, narrow, 1, -EINVAL, "VQ resources: 5");
	rig_online(rig, 2, 4, 5);
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 9, 0));
	join_refused(rig->function[2].ctrl, narrow, 1, -EINVAL, "VI resources: 5");
	rig_free(other);
	rig_free(rig);
}

TEST_CASE(members_of_one_virtual_subsystem_share_it)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct nvmove_vsubsystem_config config = other_identity(rig);
	struct nvmove_vsubsystem *vsubsystem = rig_join(rig, 1, &config, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_int_equal(nvmove_ctrl_join(rig->function[2].ctrl, vsubsystem, 2, NULL), 0);
	/* Joining again only gives another controller id. */
	assert_int_equal(nvmove_ctrl_join(rig->function[2].ctrl, vsubsystem, 2, NULL), 0);
	assert_int_equal(nvmove_ctrl_join(rig->function[2].ctrl, vsubsystem, 3, NULL), 0);
	for (unsigned int i = 1; i <= 2; i++) {
		rig_online(rig, i, 5, 5);
		driver_enable(rig->driver[i]);
		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(get16(data, 78), i == 1 ? 1 : 3);
		assert_string_equal((char *)data + 768, config.subnqn);
		/* R15: members learn of each other no more than any secondaries do. */
		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL_LIST, 0, 0, data));
		assert_int_equal(get16(data, 0), 1);
	}
	assert_success(driver_virt_mgmt(rig->driver[0], NVM_VIRT_SECONDARY_OFFLINE, 0, 9, 0));
	assert_int_equal(nvmove_ctrl_join(rig->function[2].ctrl, NULL, 0, NULL), 0);
	rig_online(rig, 2, 5, 5);
	driver_enable(rig->driver[2]);
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get16(data, 78), 9);
	rig_free(rig);
}

static void config_refused(struct rig *rig, struct nvmove_vsubsystem_config config,
			   const char *word)
{
	char *error = NULL;

	assert_null(nvmove_vsubsystem_new(rig->subsystem, &config, &error));
	assert_non_null(error);
	if (!strstr(error, word))
		fail_msg("the message has no \"%s\": %s", word, error);
	free(error);
	assert_null(nvmove_vsubsystem_new(rig->subsystem, &config, NULL));
}

#define REFUSED(member, value, word)							\
	do {										\
		struct nvmove_vsubsystem_config config = rig_vsubsystem_config(rig);	\
											\
		config.member = value;							\
		config_refused(rig, config, word);					\
	} while (0)

TEST_CASE(a_config_beyond_the_device_is_refused_by_name)
{
	struct rig *rig = rig_new(NULL);

	REFUSED(subnqn, NULL, "subnqn: 0");
	REFUSED(subnqn, "iqn.1998-01.com.example", "iqn.1998-01.com.example");
	REFUSED(serial, "", "serial: 0");
	REFUSED(serial, "123456789012345678901", "serial: 21");
	REFUSED(model, "tab\tulator", "model: character 3");
	REFUSED(firmware, "123456789", "firmware: 9");
	REFUSED(ieee_oui, 0x1000000, "ieee_oui");
	REFUSED(max_io_queues, 0, "max_io_queues: 0, must be 1 to 8");
	REFUSED(max_io_queues, 9, "max_io_queues: 9");
	REFUSED(max_queue_entries, 1, "max_queue_entries: 1");
	REFUSED(max_queue_entries, 1025, "max_queue_entries: 1025, must be 2 to 1024");
	REFUSED(max_vectors, 10, "max_vectors: 10");
	REFUSED(mdts, 0, "mdts: 0");
	REFUSED(mdts, 6, "mdts: 6, must be 1 to 5");
	REFUSED(num_namespaces, 9, "num_namespaces: 9");
	REFUSED(oncs, NVM_CTRL_ONCS_COMPARE | 0x8000, "oncs: 0x8001");
	REFUSED(oacs, NVM_CTRL_OACS_VIRT_MGMT, "oacs: 0x80");
	REFUSED(policy, NVMOVE_IDENTITY_ADOPT + 1, "policy: 2");
	rig_free(rig);
}

TEST_CASE(the_default_is_the_device)
{
	struct rig *rig = rig_new(NULL);
	struct nvmove_vsubsystem_config config, read_back;
	struct nvmove_vsubsystem *vsubsystem;

	nvmove_vsubsystem_config_default(rig->subsystem, &config);
	assert_string_equal(config.subnqn, "nqn.2026-11.org.example:unit");
	assert_string_equal(config.serial, "UNIT0001");
	assert_int_equal(config.max_io_queues, 8);
	assert_int_equal(config.max_queue_entries, 1024);
	assert_int_equal(config.max_vectors, 9);
	assert_int_equal(config.mdts, 5);
	assert_int_equal(config.num_namespaces, MAX_NSID);
	assert_true(config.volatile_write_cache);
	assert_int_equal(config.policy, NVMOVE_IDENTITY_CHECK);
	config.mdts = 3;
	vsubsystem = nvmove_vsubsystem_new(rig->subsystem, &config, NULL);
	assert_non_null(vsubsystem);
	nvmove_vsubsystem_config(vsubsystem, &read_back);
	assert_int_equal(read_back.mdts, 3);
	assert_int_equal(read_back.oncs, config.oncs);
	assert_string_equal(read_back.model, config.model);
	rig_free(rig);
}

RUN_TESTS("virtual_subsystem_identity",
	  cmocka_unit_test(identify_shows_the_virtual_identity),
	  cmocka_unit_test(nothing_but_the_identity_differs),
	  cmocka_unit_test(its_host_never_sees_the_id_in_the_device),
	  cmocka_unit_test(the_primary_addresses_it_by_the_id_in_the_device),
	  cmocka_unit_test(the_identity_survives_resets),
	  cmocka_unit_test(a_freed_virtual_subsystem_leaves_the_device_s_identity),
	  cmocka_unit_test(joining_is_refused_where_it_would_lie),
	  cmocka_unit_test(members_of_one_virtual_subsystem_share_it),
	  cmocka_unit_test(a_config_beyond_the_device_is_refused_by_name),
	  cmocka_unit_test(the_default_is_the_device));
