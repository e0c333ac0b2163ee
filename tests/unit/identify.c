// SPDX-License-Identifier: BSD-2-Clause
/*
 * Identify (Base 5.17): every data structure that the controller offers, field by field at the byte
 * offsets of the specification's figures, and the refusal of all others. What a secondary must not
 * learn is in isolation.c.
 */
#include "harness.h"

static const struct rig_options identity = {
	.subnqn = "nqn.2026-11.org.example:identify",
	.serial = "SERIAL42",
	.model = "nvmove test model",
	.firmware = "9.8.7",
	.vendor_id = 0x8086,
	.subsystem_vendor_id = 0x1af4,
	.ieee_oui = 0x525400,
	.mdts = 4,
	.first_cntlid = 0x120,
};

static void assert_padded(const uint8_t *data, size_t offset, size_t len, const char *text)
{
	char expected[64];

	memset(expected, ' ', sizeof(expected));
	memcpy(expected, text, strlen(text));
	assert_memory_equal(data + offset, expected, len);
}

TEST_CASE(controller_carries_the_configured_identity)
{
	struct rig *rig = rig_new_enabled(&identity);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x01, 0, 0, data));
	assert_int_equal(get16(data, 0), 0x8086);
	assert_int_equal(get16(data, 2), 0x1af4);
	assert_padded(data, 4, 20, "SERIAL42");
	assert_padded(data, 24, 40, "nvmove test model");
	assert_padded(data, 64, 8, "9.8.7");
	assert_int_equal(get32(data, 73) & 0xffffff, 0x525400);
	assert_int_equal(data[77], 4);				/* MDTS */
	assert_int_equal(get16(data, 78), 0x120);		/* CNTLID */
	assert_int_equal(get32(data, 80), 0x20000);		/* VER */
	assert_string_equal((char *)data + 768, "nqn.2026-11.org.example:identify");
	assert_true(is_zero(data + 768 + 32, 256 - 32));
	rig_free(rig);
}

TEST_CASE(the_longest_names_are_reported_whole)
{
	char subnqn[224] = "nqn.2026-11.org.example:";
	struct rig *rig;
	uint8_t data[NVM_IDENTIFY_SIZE];

	memset(subnqn + strlen(subnqn), 'x', 223 - strlen(subnqn));
	rig = rig_new_enabled(&(struct rig_options){
		.subnqn = subnqn, .serial = "12345678901234567890", .firmware = "12345678",
		.model = "1234567890123456789012345678901234567890",
	});
	assert_success(driver_identify(rig->driver[0], 0x01, 0, 0, data));
	assert_padded(data, 4, 20, "12345678901234567890");
	assert_padded(data, 24, 40, "1234567890123456789012345678901234567890");
	assert_padded(data, 64, 8, "12345678");
	assert_string_equal((char *)data + 768, subnqn);
	rig_free(rig);
}

TEST_CASE(controller_reports_what_it_can_do)
{
	struct rig *rig = rig_new_enabled(&identity);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x01, 0, 0, data));
	assert_int_equal(data[76], 1 << 1);			/* CMIC: several controllers */
	assert_int_equal(get32(data, 92) & 1 << 8, 1 << 8);	/* OAES: namespace attributes */
	assert_int_equal(data[111], 1);				/* CNTRLTYPE: I/O */
	/* OACS: live migration, shadow doorbells, virtualization, namespace management */
	assert_int_equal(get16(data, 256), 1 << 11 | 1 << 8 | 1 << 7 | 1 << 3);
	assert_int_equal(data[258], 3);				/* ACL */
	assert_int_equal(data[259], 3);				/* AERL */
	assert_int_equal(data[260], 0x03);			/* FRMW: one slot, read-only */
	assert_int_equal(data[261] & 0x06, 0x06);		/* LPA: effects, extended data */
	assert_int_equal(data[262], 62);			/* ELPE */
	assert_int_equal(data[263], 0);				/* NPSS */
	assert_int_equal(get16(data, 266), 343);		/* WCTEMP */
	assert_true(get16(data, 268) > 343);			/* CCTEMP */
	assert_int_equal(get16(data, 320), 1);			/* KAS */
	assert_int_equal(data[512], 0x66);			/* SQES */
	assert_int_equal(data[513], 0x44);			/* CQES */
	assert_int_equal(get32(data, 516), MAX_NSID);		/* NN */
	assert_int_equal(get32(data, 96) & 1 << 18, 1 << 18);	/* CTRATT: RHII */
	assert_int_equal(get16(data, 520), 0xfd);		/* ONCS */
	assert_int_equal(get16(data, 522), 0);			/* FUSES */
	assert_int_equal(data[525], 0x07);			/* VWC: present, flush of all */
	assert_int_equal(data[531], 1);				/* NWPC: write protect */
	assert_int_equal(get32(data, 536), 0);			/* SGLS */
	assert_int_equal(data[3072], 1);			/* speaks the RFC's commands */
	rig_free(rig);
}

TEST_CASE(a_secondary_is_the_same_device_with_its_own_id)
{
	struct rig *rig = rig_new_secondaries(&identity, 1);
	uint8_t primary[NVM_IDENTIFY_SIZE], data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x01, 0, 0, primary));
	assert_success(driver_identify(rig->driver[1], 0x01, 0, 0, data));
	assert_memory_equal(data, primary, 76);
	assert_int_equal(data[76], 1 << 1 | 1 << 2);		/* CMIC: SR-IOV virtual function */
	assert_int_equal(get16(data, 78), 0x121);
	assert_int_equal(get16(data, 256), 1 << 8);			/* OACS: shadow doorbells */
	assert_string_equal((char *)data + 768, "nqn.2026-11.org.example:identify");
	assert_int_equal(data[3072], 0);
	rig_free(rig);
}

TEST_CASE(reserved_bytes_of_the_controller_structure_are_zero)
{
	struct rig *rig = rig_new_enabled(&identity);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x01, 0, 0, data));
	assert_true(is_zero(data + 102, 9));
	assert_true(is_zero(data + 134, 106));
	assert_true(is_zero(data + 384, 128));
	assert_true(is_zero(data + 1024, 768));
	assert_true(is_zero(data + 1792, 256));			/* fabrics */
	assert_true(is_zero(data + 2048 + 32, 31 * 32));	/* power states beyond NPSS */
	assert_true(is_zero(data + 3073, 1023));
	rig_free(rig);
}

TEST_CASE(namespace_size_and_format)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x00, 1, 0, data));
	assert_int_equal(get64(data, 0), NS1_BLOCKS);		/* NSZE */
	assert_int_equal(get64(data, 8), NS1_BLOCKS);		/* NCAP */
	assert_true(get64(data, 16) <= NS1_BLOCKS);		/* NUSE */
	assert_int_equal(data[25], 1);				/* NLBAF: two formats */
	assert_int_equal(data[26], 0);				/* FLBAS */
	assert_int_equal(data[27], 0);				/* MC */
	assert_int_equal(data[28], 0);				/* DPC */
	assert_int_equal(data[29], 0);				/* DPS */
	assert_int_equal(data[31], 0xff);			/* RESCAP: all, IEKEY of 1.3 */
	assert_int_equal(data[33] & 7, 1);			/* DLFEAT: reads zeroes */
	assert_int_equal(get64(data, 48), NS1_BLOCKS * 512);	/* NVMCAP */
	assert_int_equal(get64(data, 56), 0);
	assert_int_equal(get16(data, 128), 0);			/* LBAF0: no metadata */
	assert_int_equal(data[130], 9);				/* LBAF0: LBADS */
	assert_int_equal(get16(data, 132), 0);			/* LBAF1: no metadata */
	assert_int_equal(data[134], 12);			/* LBAF1: LBADS */
	assert_true(is_zero(data + 136, 4096 - 136));
	rig_free(rig);
}

TEST_CASE(namespace_with_blocks_of_4_kib)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[1], 0x00, 2, 0, data));
	assert_int_equal(get64(data, 0), NS2_BLOCKS);
	assert_int_equal(data[128 + 4 * (data[26] & 0xf) + 2], 12);
	rig_free(rig);
}

TEST_CASE(a_size_that_is_no_multiple_of_the_block_is_rounded_down)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){
		.namespace_bytes = { [1] = (1 << 20) + 511 },
	});
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x00, 1, 0, data));
	assert_int_equal(get64(data, 0), NS1_BLOCKS);
	rig_free(rig);
}

TEST_CASE(a_shared_namespace_says_so)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x00, 3, 0, data));
	assert_int_equal(data[30] & 1, 1);			/* NMIC */
	rig_free(rig);
}

TEST_CASE(a_namespace_that_is_not_attached_reads_as_zeroes)
{
	static const uint32_t nsid[] = { 2, 4, 5, MAX_NSID };
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(nsid); i++) {
		assert_success(driver_identify(rig->driver[0], 0x00, nsid[i], 0, data));
		assert_true(is_zero(data, sizeof(data)));
	}
	rig_free(rig);
}

TEST_CASE(namespace_structures_need_a_valid_namespace_id)
{
	static const unsigned int cns[] = { 0x00, 0x03, 0x05, 0x08 };
	static const uint32_t nsid[] = { 0, MAX_NSID + 1, 0x7fffffff, 0xfffffffe };
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cns); i++)
		for (size_t n = 0; n < ARRAY_SIZE(nsid); n++)
			assert_status(driver_identify(rig->driver[0], cns[i], nsid[n], 0, data),
				      NVM_SC_INVALID_NS);
	rig_free(rig);
}

TEST_CASE(common_namespace_capabilities_come_with_namespace_management)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x00, NVM_NSID_ALL, 0, data));
	assert_true(is_zero(data, 25));				/* no size */
	assert_int_equal(data[25], 1);				/* NLBAF */
	assert_int_equal(data[26], 0);				/* FLBAS */
	assert_int_equal(data[33] & 7, 1);			/* DLFEAT */
	assert_true(is_zero(data + 48, 128 - 48));		/* no capacity, no identifiers */
	assert_int_equal(data[130], 9);
	assert_int_equal(data[134], 12);
	/* Base 5.17.2.1: a controller without it refuses. */
	assert_status(driver_identify(rig->driver[1], 0x00, NVM_NSID_ALL, 0, data),
		      NVM_SC_INVALID_NS);
	rig_free(rig);
}

static void check_list(struct driver *driver, unsigned int cns, uint32_t from,
		       const uint32_t *expected, unsigned int count)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, cns, from, 0, data));
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(get32(data, i * 4), expected[i]);
	assert_true(is_zero(data + count * 4, sizeof(data) - count * 4));
}

TEST_CASE(active_namespace_list)
{
	static const unsigned int cns[] = { 0x02, 0x07 };
	struct rig *rig = rig_new_secondaries(NULL, 2);

	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		check_list(rig->driver[0], cns[i], 0, (uint32_t[]){ 1, 3 }, 2);
		check_list(rig->driver[0], cns[i], 1, (uint32_t[]){ 3 }, 1);
		check_list(rig->driver[0], cns[i], 2, (uint32_t[]){ 3 }, 1);
		check_list(rig->driver[0], cns[i], 3, NULL, 0);
		check_list(rig->driver[0], cns[i], MAX_NSID, NULL, 0);
		check_list(rig->driver[0], cns[i], 0xfffffffd, NULL, 0);
		check_list(rig->driver[1], cns[i], 0, (uint32_t[]){ 2, 3 }, 2);
		check_list(rig->driver[2], cns[i], 0, (uint32_t[]){ 3 }, 1);
	}
	rig_free(rig);
}

TEST_CASE(namespace_lists_refuse_the_last_two_ids)
{
	static const unsigned int cns[] = { 0x02, 0x07, 0x10, 0x1a };
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		assert_status(driver_identify(rig->driver[0], cns[i], 0xfffffffe, 0, data),
			      NVM_SC_INVALID_NS);
		assert_status(driver_identify(rig->driver[0], cns[i], 0xffffffff, 0, data),
			      NVM_SC_INVALID_NS);
	}
	rig_free(rig);
}

TEST_CASE(allocated_namespace_list)
{
	static const unsigned int cns[] = { 0x10, 0x1a };
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		check_list(rig->driver[0], cns[i], 0, (uint32_t[]){ 1, 2, 3, 4 }, 4);
		check_list(rig->driver[0], cns[i], 2, (uint32_t[]){ 3, 4 }, 2);
		check_list(rig->driver[0], cns[i], 4, NULL, 0);
	}
	rig_free(rig);
}

TEST_CASE(allocated_namespace_data)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x11, 2, 0, data));
	assert_int_equal(get64(data, 0), NS2_BLOCKS);
	assert_success(driver_identify(rig->driver[0], 0x11, 5, 0, data));
	assert_true(is_zero(data, sizeof(data)));
	assert_status(driver_identify(rig->driver[0], 0x11, MAX_NSID + 1, 0, data),
		      NVM_SC_INVALID_NS);
	rig_free(rig);
}

/** find_descriptor() - the namespace identification descriptor of @type, or NULL */
static const uint8_t *find_descriptor(const uint8_t *data, unsigned int type, unsigned int len)
{
	size_t at = 0;

	while (at + 4 < NVM_IDENTIFY_SIZE && data[at + 1]) {
		assert_int_equal(get16(data, at + 2), 0);
		if (data[at] == type) {
			assert_int_equal(data[at + 1], len);
			return data + at + 4;
		}
		at += 4 + data[at + 1];
	}
	return NULL;
}

TEST_CASE(namespace_descriptors)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct nvmove_namespace_config config = {
		.nsid = 6, .lba_shift = 9, .medium = &rig->medium[4]->base,
		.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		.nguid = { 0x21, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		.eui64 = { 0x31, 2, 3, 4, 5, 6, 7, 8 },
	};
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_int_equal(nvmove_namespace_add(rig->subsystem, &config, NULL), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 6), 0);
	assert_success(driver_identify(rig->driver[0], 0x03, 6, 0, data));
	assert_memory_equal(find_descriptor(data, 1, 8), config.eui64, 8);
	assert_memory_equal(find_descriptor(data, 2, 16), config.nguid, 16);
	assert_memory_equal(find_descriptor(data, 3, 16), config.uuid, 16);
	assert_int_equal(*find_descriptor(data, 4, 1), 0);
	assert_success(driver_identify(rig->driver[0], 0x00, 6, 0, data));
	assert_memory_equal(data + 104, config.nguid, 16);
	assert_memory_equal(data + 120, config.eui64, 8);
	rig_free(rig);
}

TEST_CASE(identifiers_that_are_not_set_are_not_described)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x03, 1, 0, data));
	assert_null(find_descriptor(data, 1, 8));
	assert_null(find_descriptor(data, 2, 16));
	assert_non_null(find_descriptor(data, 3, 16));
	assert_int_equal(*find_descriptor(data, 4, 1), 0);
	rig_free(rig);
}

static void namespace_uuid(const char *subnqn, uint32_t nsid, uint8_t uuid[16])
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .subnqn = subnqn });
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x03, nsid, 0, data));
	memcpy(uuid, find_descriptor(data, 3, 16), 16);
	rig_free(rig);
}

TEST_CASE(a_derived_uuid_depends_on_the_subsystem_and_the_namespace_only)
{
	uint8_t a[16], again[16], other_ns[16], other_nqn[16];

	namespace_uuid("nqn.2026-11.org.example:a", 1, a);
	namespace_uuid("nqn.2026-11.org.example:a", 1, again);
	namespace_uuid("nqn.2026-11.org.example:a", 3, other_ns);
	namespace_uuid("nqn.2026-11.org.example:b", 1, other_nqn);
	assert_memory_equal(a, again, 16);
	assert_memory_not_equal(a, other_ns, 16);
	assert_memory_not_equal(a, other_nqn, 16);
	assert_int_equal(a[8] & 0xc0, 0x80);			/* RFC 4122 variant */
	assert_in_range(a[6] >> 4, 1, 8);			/* RFC 9562 version */
}

TEST_CASE(descriptors_of_a_namespace_that_is_not_attached_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct completion completion = driver_identify(rig->driver[0], 0x03, 4, 0, data);

	if (completion.status != NVM_SC_INVALID_NS)
		assert_status(completion, NVM_SC_INVALID_FIELD);
	assert_true(data[0] == 0xa5 && data[4095] == 0xa5);
	rig_free(rig);
}

static struct completion identify_csi(struct driver *driver, unsigned int cns, uint32_t nsid,
				      unsigned int csi, uint8_t *data)
{
	return driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_IDENTIFY, .nsid = nsid, .cdw10 = cns, .cdw11 = csi << 24,
	}, data, NVM_IDENTIFY_SIZE);
}

TEST_CASE(nvm_command_set_specific_structures)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(identify_csi(rig->driver[0], 0x05, 1, 0, data));
	assert_true(is_zero(data, sizeof(data)));		/* no protection information */
	assert_success(identify_csi(rig->driver[0], 0x06, 0, 0, data));
	assert_true(is_zero(data, 3));				/* VSL, WZSL, WUSL: no limit */
	assert_int_equal(data[3], 0);				/* DMRL: all 256 ranges */
	assert_true(is_zero(data + 4, 12));			/* DMRSL, DMSL: no limit */
	assert_true(is_zero(data + 16, sizeof(data) - 16));
	rig_free(rig);
}

TEST_CASE(other_command_sets_are_refused)
{
	static const unsigned int cns[] = { 0x05, 0x06, 0x07, 0x1a };
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cns); i++) {
		for (unsigned int csi = 1; csi < 256; csi += csi < 4 ? 1 : 63) {
			struct completion completion;

			completion = identify_csi(rig->driver[0], cns[i],
						  cns[i] == 0x05 ? 1 : 0, csi, data);
			if (completion.status != NVM_SC_INVALID_IOCS)
				assert_status(completion, NVM_SC_INVALID_FIELD);
		}
	}
	rig_free(rig);
}

TEST_CASE(command_set_independent_namespace_structure)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE], nvm[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x08, 3, 0, data));
	assert_success(driver_identify(rig->driver[0], 0x00, 3, 0, nvm));
	assert_int_equal(data[1], nvm[30]);			/* NMIC */
	assert_int_equal(data[2], nvm[31]);			/* RESCAP */
	assert_int_equal(data[3], nvm[32]);			/* FPI */
	assert_int_equal(data[14] & 1, 1);			/* NSTAT: ready */
	assert_true(is_zero(data + 15, sizeof(data) - 15));
	rig_free(rig);
}

static void check_controllers(struct driver *driver, unsigned int cns, uint32_t nsid,
			      unsigned int from, const uint16_t *expected, unsigned int count)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, cns, nsid, from, data));
	assert_int_equal(get16(data, 0), count);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(get16(data, 2 + i * 2), expected[i]);
	assert_true(is_zero(data + 2 + count * 2, sizeof(data) - 2 - count * 2));
}

TEST_CASE(controller_list_of_the_subsystem)
{
	struct rig *rig = rig_new_enabled(NULL);

	check_controllers(rig->driver[0], 0x13, 0, 0, (uint16_t[]){ 7, 8, 9, 10 }, 4);
	check_controllers(rig->driver[0], 0x13, 0, 7, (uint16_t[]){ 7, 8, 9, 10 }, 4);
	check_controllers(rig->driver[0], 0x13, 0, 9, (uint16_t[]){ 9, 10 }, 2);
	check_controllers(rig->driver[0], 0x13, 0, 11, NULL, 0);
	check_controllers(rig->driver[0], 0x13, 0, 0xffff, NULL, 0);
	rig_free(rig);
}

TEST_CASE(controller_list_of_a_namespace)
{
	struct rig *rig = rig_new_enabled(NULL);

	check_controllers(rig->driver[0], 0x12, 1, 0, (uint16_t[]){ 7 }, 1);
	check_controllers(rig->driver[0], 0x12, 3, 0, (uint16_t[]){ 7, 8, 9 }, 3);
	check_controllers(rig->driver[0], 0x12, 3, 8, (uint16_t[]){ 8, 9 }, 2);
	check_controllers(rig->driver[0], 0x12, 4, 0, NULL, 0);
	rig_free(rig);
}

TEST_CASE(primary_controller_capabilities)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x14, 0, 0, data));
	assert_int_equal(get16(data, 0), 7);			/* CNTLID */
	assert_int_equal(data[4], 3);				/* CRT: VQ and VI */
	assert_true(get32(data, 32) >= 3 * 9);			/* VQFRT: all secondaries full */
	assert_true(get16(data, 44) >= 9);			/* VQFRSM */
	assert_true(get16(data, 42) >= 2);			/* VQPRT */
	assert_int_not_equal(get16(data, 46), 0);		/* VQGRAN */
	assert_true(get32(data, 64) >= 3 * 9);			/* VIFRT */
	assert_true(get16(data, 76) >= 9);			/* VIFRSM */
	assert_true(get16(data, 74) >= 1);			/* VIPRT */
	assert_int_not_equal(get16(data, 78), 0);		/* VIGRAN */
	assert_int_equal(get32(data, 36), 0);			/* VQRFA */
	assert_int_equal(get32(data, 68), 0);			/* VIRFA */
	assert_true(is_zero(data + 80, sizeof(data) - 80));
	rig_free(rig);
}

TEST_CASE(secondary_controller_list)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x15, 0, 0, data));
	assert_int_equal(data[0], 3);
	assert_true(is_zero(data + 1, 31));
	for (unsigned int i = 0; i < 3; i++) {
		const uint8_t *entry = data + 32 + i * 32;

		assert_int_equal(get16(entry, 0), 8 + i);	/* SCID */
		assert_int_equal(get16(entry, 2), 7);		/* PCID */
		assert_int_equal(entry[4], i == 0);		/* SCS */
		assert_int_equal(get16(entry, 8), i + 1);	/* VFN */
		assert_int_equal(get16(entry, 10), i == 0 ? 5 : 0);
		assert_int_equal(get16(entry, 12), i == 0 ? 5 : 0);
		assert_true(is_zero(entry + 14, 18));
	}
	assert_true(is_zero(data + 32 + 96, sizeof(data) - 128));
	rig_free(rig);
}

TEST_CASE(secondary_controller_list_starts_where_asked)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x15, 0, 9, data));
	assert_int_equal(data[0], 2);
	assert_int_equal(get16(data, 32), 9);
	assert_int_equal(get16(data, 64), 10);
	assert_success(driver_identify(rig->driver[0], 0x15, 0, 11, data));
	assert_true(is_zero(data, sizeof(data)));
	rig_free(rig);
}

TEST_CASE(the_largest_subsystem_lists_127_secondaries)
{
	struct nvmove_subsystem_config config;
	struct nvmove_subsystem *subsystem;
	char *error = NULL;

	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.org.example:large";
	config.serial = "LARGE";
	config.num_secondary = NVMOVE_MAX_SECONDARY;
	config.max_io_queues = 4;
	config.max_vectors = 5;
	subsystem = nvmove_subsystem_new(&config, &error);
	assert_non_null(subsystem);
	for (unsigned int i = 0; i <= NVMOVE_MAX_SECONDARY; i++)
		assert_int_equal(nvmove_ctrl_cntlid(nvmove_subsystem_ctrl(subsystem, i)),
				 config.first_cntlid + i);
	assert_null(nvmove_subsystem_ctrl(subsystem, NVMOVE_MAX_SECONDARY + 1));
	nvmove_subsystem_free(subsystem);
}

TEST_CASE(io_command_set_combinations)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], 0x1c, 0, 0xffff, data));
	assert_int_equal(get64(data, 0), 1);			/* the NVM command set alone */
	assert_true(is_zero(data + 8, sizeof(data) - 8));
	assert_success(driver_identify(rig->driver[0], 0x1c, 0, 7, data));
	assert_int_equal(get64(data, 0), 1);
	rig_free(rig);
}

TEST_CASE(other_structures_are_refused)
{
	static const uint8_t known[] = { 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x10, 0x11,
					 0x12, 0x13, 0x14, 0x15, 0x1a, 0x1b, 0x1c, 0x20 };
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (unsigned int cns = 0; cns < 256; cns++) {
		if (memchr(known, cns, sizeof(known)))
			continue;
		assert_status(driver_identify(rig->driver[0], cns, 1, 0, data),
			      NVM_SC_INVALID_FIELD);
	}
	rig_free(rig);
}

RUN_TESTS("identify",
	  cmocka_unit_test(controller_carries_the_configured_identity),
	  cmocka_unit_test(the_longest_names_are_reported_whole),
	  cmocka_unit_test(controller_reports_what_it_can_do),
	  cmocka_unit_test(a_secondary_is_the_same_device_with_its_own_id),
	  cmocka_unit_test(reserved_bytes_of_the_controller_structure_are_zero),
	  cmocka_unit_test(namespace_size_and_format),
	  cmocka_unit_test(namespace_with_blocks_of_4_kib),
	  cmocka_unit_test(a_size_that_is_no_multiple_of_the_block_is_rounded_down),
	  cmocka_unit_test(a_shared_namespace_says_so),
	  cmocka_unit_test(a_namespace_that_is_not_attached_reads_as_zeroes),
	  cmocka_unit_test(namespace_structures_need_a_valid_namespace_id),
	  cmocka_unit_test(common_namespace_capabilities_come_with_namespace_management),
	  cmocka_unit_test(active_namespace_list),
	  cmocka_unit_test(namespace_lists_refuse_the_last_two_ids),
	  cmocka_unit_test(allocated_namespace_list),
	  cmocka_unit_test(allocated_namespace_data),
	  cmocka_unit_test(namespace_descriptors),
	  cmocka_unit_test(identifiers_that_are_not_set_are_not_described),
	  cmocka_unit_test(a_derived_uuid_depends_on_the_subsystem_and_the_namespace_only),
	  cmocka_unit_test(descriptors_of_a_namespace_that_is_not_attached_are_refused),
	  cmocka_unit_test(nvm_command_set_specific_structures),
	  cmocka_unit_test(other_command_sets_are_refused),
	  cmocka_unit_test(command_set_independent_namespace_structure),
	  cmocka_unit_test(controller_list_of_the_subsystem),
	  cmocka_unit_test(controller_list_of_a_namespace),
	  cmocka_unit_test(primary_controller_capabilities),
	  cmocka_unit_test(secondary_controller_list),
	  cmocka_unit_test(secondary_controller_list_starts_where_asked),
	  cmocka_unit_test(the_largest_subsystem_lists_127_secondaries),
	  cmocka_unit_test(io_command_set_combinations),
	  cmocka_unit_test(other_structures_are_refused));
