// SPDX-License-Identifier: BSD-2-Clause
/*
 * Get and Set Features (Base 5.15, 5.27): each feature's default, current and supported values,
 * what setting it changes, and the values that are refused.
 */
#include <endian.h>

#include "harness.h"

#define CURRENT		0
#define DEFAULT		1
#define SAVED		2
#define SUPPORTED	3

#define SAVEABLE	(1u << 0)
#define PER_NAMESPACE	(1u << 1)
#define CHANGEABLE	(1u << 2)

static uint32_t get(struct driver *driver, unsigned int fid, unsigned int select, uint32_t nsid,
		    uint32_t cdw11)
{
	struct completion completion = driver_get_feature(driver, fid, select, nsid, cdw11);

	assert_success(completion);
	return completion.dw0;
}

/** check_scope() - what Get Features says can be done with the feature */
static void check_scope(struct driver *driver, unsigned int fid, uint32_t capabilities)
{
	assert_int_equal(get(driver, fid, SUPPORTED, 0, 0), capabilities);
}

/** check_simple() - a saveable feature whose value is command dword 11, not saved here */
static void check_simple(unsigned int fid, uint32_t initial, uint32_t changed)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(get(driver, fid, CURRENT, 0, 0), initial);
	assert_int_equal(get(driver, fid, DEFAULT, 0, 0), initial);
	assert_success(driver_set_feature(driver, fid, 0, changed));
	assert_int_equal(get(driver, fid, CURRENT, 0, 0), changed);
	assert_int_equal(get(driver, fid, DEFAULT, 0, 0), initial);
	assert_int_equal(get(driver, fid, SAVED, 0, 0), initial);
	check_scope(driver, fid, CHANGEABLE | SAVEABLE);
	driver_disable(driver);
	driver_enable(driver);
	assert_int_equal(get(driver, fid, CURRENT, 0, 0), initial);
	rig_free(rig);
}

TEST_CASE(arbitration)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint32_t initial = get(rig->driver[0], NVM_FEAT_ARBITRATION, DEFAULT, 0, 0);

	assert_in_range(initial & 7, 0, 7);
	rig_free(rig);
	check_simple(NVM_FEAT_ARBITRATION, initial, 0x01020303);
}

TEST_CASE(power_management)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(get(driver, NVM_FEAT_POWER_MGMT, CURRENT, 0, 0), 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_POWER_MGMT, 0, 0));
	/* There is one power state, so any other is beyond NPSS. */
	assert_status(driver_set_feature(driver, NVM_FEAT_POWER_MGMT, 0, 1), NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(driver, NVM_FEAT_POWER_MGMT, 0, 31), NVM_SC_INVALID_FIELD);
	assert_int_equal(get(driver, NVM_FEAT_POWER_MGMT, CURRENT, 0, 0), 0);
	check_scope(driver, NVM_FEAT_POWER_MGMT, CHANGEABLE | SAVEABLE);
	rig_free(rig);
}

#define OVER		(0u << 20)
#define UNDER		(1u << 20)
#define SENSOR(n)	((uint32_t)(n) << 16)

TEST_CASE(temperature_threshold)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, OVER) & 0xffff, 343);
	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, UNDER) & 0xffff, 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, OVER | 350));
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, UNDER | 280));
	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, OVER) & 0xffff, 350);
	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, UNDER) & 0xffff, 280);
	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, DEFAULT, 0, OVER) & 0xffff, 343);
	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, DEFAULT, 0, UNDER) & 0xffff, 0);
	check_scope(driver, NVM_FEAT_TEMP_THRESHOLD, CHANGEABLE | SAVEABLE);
	rig_free(rig);
}

TEST_CASE(temperature_threshold_of_what_does_not_exist)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_status(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 2u << 20 | 300),
		      NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 3u << 20 | 300),
		      NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, 2u << 20),
		      NVM_SC_INVALID_FIELD);
	for (unsigned int sensor = 9; sensor <= 14; sensor++) {
		assert_status(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0,
						 SENSOR(sensor) | 300), NVM_SC_INVALID_FIELD);
		assert_status(driver_get_feature(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0,
						 SENSOR(sensor)), NVM_SC_INVALID_FIELD);
	}
	assert_status(driver_get_feature(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, SENSOR(15)),
		      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(temperature_threshold_of_all_sensors)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0,
					  SENSOR(15) | OVER | 355));
	assert_int_equal(get(driver, NVM_FEAT_TEMP_THRESHOLD, CURRENT, 0, OVER) & 0xffff, 355);
	rig_free(rig);
}

TEST_CASE(error_recovery_is_per_namespace)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 1, 0), 0);
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, SUPPORTED, 1, 0),
			 CHANGEABLE | PER_NAMESPACE | SAVEABLE);
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 1, 50));
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 1, 0), 50);
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 3, 0), 0);
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, DEFAULT, 1, 0), 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, NVM_NSID_ALL, 70));
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 1, 0), 70);
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 3, 0), 70);
	rig_free(rig);
}

TEST_CASE(error_recovery_refuses_bad_namespaces)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_status(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 0, 50),
		      NVM_SC_INVALID_NS);
	assert_status(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, MAX_NSID + 1, 50),
		      NVM_SC_INVALID_NS);
	assert_status(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 4, 50),
		      NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 0, 0),
		      NVM_SC_INVALID_NS);
	assert_status(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, MAX_NSID + 1, 0),
		      NVM_SC_INVALID_NS);
	assert_status(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 4, 0),
		      NVM_SC_INVALID_FIELD);
	assert_int_not_equal(driver_get_feature(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT,
						NVM_NSID_ALL, 0).status, NVM_SC_SUCCESS);
	rig_free(rig);
}

TEST_CASE(deallocated_block_errors_can_be_enabled_only_where_supported)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(driver, NVM_CNS_NS, 1, 0, data));
	assert_int_equal(data[24] & 1 << 2, 0);		/* NSFEAT: no DULBE */
	assert_status(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 1, 1 << 16),
		      NVM_SC_INVALID_FIELD);
	assert_int_equal(get(driver, NVM_FEAT_ERROR_RECOVERY, CURRENT, 1, 0), 0);
	rig_free(rig);
}

TEST_CASE(volatile_write_cache)
{
	check_simple(NVM_FEAT_VOLATILE_WC, 1, 0);
}

TEST_CASE(number_of_queues)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;

	assert_int_equal(get(driver, NVM_FEAT_NUM_QUEUES, CURRENT, 0, 0), 7 << 16 | 7);
	check_scope(driver, NVM_FEAT_NUM_QUEUES, CHANGEABLE);
	completion = driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 0xfffefffe);
	assert_success(completion);
	assert_int_equal(completion.dw0, 7 << 16 | 7);
	completion = driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 7 << 16 | 7);
	assert_success(completion);
	assert_int_equal(completion.dw0, 7 << 16 | 7);
	rig_free(rig);
}

TEST_CASE(allocated_queues_can_all_be_created)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion = driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0,
							  2 << 16 | 2);
	struct queue_pair queue;
	unsigned int allocated;

	assert_success(completion);
	allocated = (completion.dw0 & 0xffff) + 1;
	assert_true(allocated >= 1 && allocated <= 8);
	assert_int_equal(completion.dw0 >> 16, completion.dw0 & 0xffff);
	assert_int_equal(get(driver, NVM_FEAT_NUM_QUEUES, CURRENT, 0, 0), completion.dw0);
	for (unsigned int qid = 1; qid <= allocated; qid++)
		driver_create_queue(driver, &queue, qid, 16, 1);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = driver->scratch,
			    .cdw10 = 15 << 16 | (allocated + 1), .cdw11 = NVM_QUEUE_PC),
		      NVM_SC_QID_INVALID);
	rig_free(rig);
}

TEST_CASE(number_of_queues_refuses_65536)
{
	struct rig *rig = rig_new_enabled(NULL);

	assert_status(driver_set_feature(rig->driver[0], NVM_FEAT_NUM_QUEUES, 0, 0xffff0001),
		      NVM_SC_INVALID_FIELD);
	assert_status(driver_set_feature(rig->driver[0], NVM_FEAT_NUM_QUEUES, 0, 0x0001ffff),
		      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(number_of_queues_cannot_change_once_queues_exist)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_cq(driver, &queue.cq, 8, 16, 1);
	assert_status(driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 1 << 16 | 1),
		      NVM_SC_COMMAND_SEQUENCE_ERROR);
	driver_create_sq(driver, &queue.sq, 1, 16, 8);
	assert_status(driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 1 << 16 | 1),
		      NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_int_equal(get(driver, NVM_FEAT_NUM_QUEUES, CURRENT, 0, 0), 7 << 16 | 7);
	rig_free(rig);
}

TEST_CASE(interrupt_coalescing)
{
	check_simple(NVM_FEAT_IRQ_COALESCE, 0, 0x1407);
}

TEST_CASE(interrupt_vector_configuration)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	/* Coalescing never applies to the admin queue's vector (Base 5.27.1.7). */
	for (unsigned int vector = 0; vector < 9; vector++)
		assert_int_equal(get(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, vector) & 0xffff,
				 vector);
	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_CONFIG, 0, 1 << 16 | 4));
	assert_int_equal(get(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 4), 1 << 16 | 4);
	assert_int_equal(get(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 5), 5);
	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_CONFIG, 0, 4));
	assert_int_equal(get(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 4), 4);
	assert_status(driver_set_feature(driver, NVM_FEAT_IRQ_CONFIG, 0, 9), NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 9),
		      NVM_SC_INVALID_FIELD);
	assert_status(driver_get_feature(driver, NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 0xffff),
		      NVM_SC_INVALID_FIELD);
	check_scope(driver, NVM_FEAT_IRQ_CONFIG, CHANGEABLE);
	rig_free(rig);
}

TEST_CASE(write_atomicity)
{
	check_simple(NVM_FEAT_WRITE_ATOMICITY, 0, 1);
}

TEST_CASE(asynchronous_event_configuration)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8 | 0x1f));
	assert_int_equal(get(driver, NVM_FEAT_ASYNC_EVENT, CURRENT, 0, 0) & (1 << 8 | 2),
			 1 << 8 | 2);
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 0));
	assert_int_equal(get(driver, NVM_FEAT_ASYNC_EVENT, CURRENT, 0, 0), 0);
	check_scope(driver, NVM_FEAT_ASYNC_EVENT, CHANGEABLE | SAVEABLE);
	rig_free(rig);
}

static uint64_t get_timestamp(struct driver *driver, unsigned int *attributes)
{
	uint8_t data[8];
	uint64_t value;

	assert_success(driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVM_FEAT_TIMESTAMP,
	}, data, sizeof(data)));
	value = get64(data, 0);
	*attributes = data[6];
	assert_int_equal(data[7], 0);
	return value & 0xffffffffffff;
}

static struct completion set_timestamp(struct driver *driver, uint64_t ms)
{
	uint64_t data = htole64(ms);

	return driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_TIMESTAMP,
	}, &data, sizeof(data));
}

TEST_CASE(timestamp_counts_from_the_value_set)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int attributes;

	assert_success(set_timestamp(driver, 1700000000000));
	assert_int_equal(get_timestamp(driver, &attributes), 1700000000000);
	assert_int_equal(attributes >> 1 & 7, 1);	/* origin: set by the host */
	rig_advance(rig, 123456 * MS);
	assert_int_equal(get_timestamp(driver, &attributes), 1700000123456);
	check_scope(driver, NVM_FEAT_TIMESTAMP, CHANGEABLE);
	rig_free(rig);
}

TEST_CASE(timestamp_counts_from_a_reset_before_it_is_set)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int attributes;
	uint64_t before = get_timestamp(driver, &attributes);

	assert_int_equal(attributes >> 1 & 7, 0);	/* origin: cleared by a reset */
	rig_advance(rig, 5000 * MS);
	assert_int_equal(get_timestamp(driver, &attributes), before + 5000);
	rig_free(rig);
}

TEST_CASE(timestamp_wraps_at_48_bits)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int attributes;

	assert_success(set_timestamp(driver, 0xffffffffffff));
	rig_advance(rig, 10 * MS);
	assert_int_equal(get_timestamp(driver, &attributes), 9);
	rig_free(rig);
}

TEST_CASE(timestamp_data_must_be_readable)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_TIMESTAMP,
			    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVM_FEAT_TIMESTAMP,
			    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	rig_free(rig);
}

TEST_CASE(keep_alive_timer_is_rounded_up_to_its_granularity)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(get(driver, NVM_FEAT_KATO, CURRENT, 0, 0), 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 5000));
	assert_int_equal(get(driver, NVM_FEAT_KATO, CURRENT, 0, 0), 5000);
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 5001));
	assert_int_equal(get(driver, NVM_FEAT_KATO, CURRENT, 0, 0), 5100);
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1));
	assert_int_equal(get(driver, NVM_FEAT_KATO, CURRENT, 0, 0), 100);
	assert_int_equal(get(driver, NVM_FEAT_KATO, DEFAULT, 0, 0), 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 0));
	assert_int_equal(get(driver, NVM_FEAT_KATO, CURRENT, 0, 0), 0);
	check_scope(driver, NVM_FEAT_KATO, CHANGEABLE);
	rig_free(rig);
}

TEST_CASE(the_largest_keep_alive_timer_does_not_wrap)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion = driver_set_feature(driver, NVM_FEAT_KATO, 0, 0xffffffff);

	if (completion.status == NVM_SC_SUCCESS)
		assert_true(get(driver, NVM_FEAT_KATO, CURRENT, 0, 0) > 0xf0000000);
	else
		assert_status(completion, NVM_SC_KATO_INVALID);
	rig_advance(rig, 1000000 * MS);
	assert_true(driver_is_ready(driver));
	rig_free(rig);
}

TEST_CASE(host_behavior_support)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[512], back[512];

	assert_success(driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, back, sizeof(back)));
	assert_true(is_zero(back, sizeof(back)));
	memset(data, 0, sizeof(data));
	data[0] = 1;			/* ACRE */
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, data, sizeof(data)));
	assert_success(driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, back, sizeof(back)));
	assert_memory_equal(back, data, sizeof(data));
	data[0] = 2;
	assert_status(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, data, sizeof(data)), NVM_SC_INVALID_FIELD);
	check_scope(driver, NVM_FEAT_HOST_BEHAVIOR, CHANGEABLE);
	rig_free(rig);
}

TEST_CASE(io_command_set_profile)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_int_equal(get(driver, NVM_FEAT_IOCS_PROFILE, CURRENT, 0, 0) & 0x1ff, 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_IOCS_PROFILE, 0, 0));
	for (unsigned int index = 1; index < 512; index += 51)
		assert_status(driver_set_feature(driver, NVM_FEAT_IOCS_PROFILE, 0, index),
			      NVM_SC_IOCS_COMBINATION);
	rig_free(rig);
}

static struct completion set_host_id(struct driver *driver, uint32_t exhid, const uint8_t *id)
{
	return driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = exhid,
	}, id, exhid ? 16 : 8);
}

static struct completion get_host_id(struct driver *driver, uint32_t exhid, uint8_t *id)
{
	return driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = exhid,
	}, id, exhid ? 16 : 8);
}

TEST_CASE(host_identifier_of_64_bits)
{
	static const uint8_t id[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t back[8];

	assert_success(get_host_id(driver, 0, back));
	assert_true(is_zero(back, sizeof(back)));
	assert_success(set_host_id(driver, 0, id));
	assert_success(get_host_id(driver, 0, back));
	assert_memory_equal(back, id, sizeof(id));
	check_scope(driver, NVM_FEAT_HOST_ID, CHANGEABLE);
	rig_free(rig);
}

TEST_CASE(host_identifier_of_128_bits)
{
	static const uint8_t id[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE], back[16];

	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(get32(data, 96) & 1, 1);	/* CTRATT: 128-bit host identifier */
	assert_success(set_host_id(driver, 1, id));
	assert_success(get_host_id(driver, 1, back));
	assert_memory_equal(back, id, sizeof(id));
	rig_free(rig);
}

TEST_CASE(features_that_cannot_be_saved_say_so)
{
	static const uint8_t fids[] = { 0x07, 0x09, 0x0e, 0x0f, 0x16, 0x19, 0x81 };
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(fids); i++) {
		assert_status(ADMIN(rig->driver[0], .opcode = NVM_ADMIN_SET_FEATURES,
				    .cdw10 = 1u << 31 | fids[i], .prp1 = rig->driver[0]->scratch),
			      NVM_SC_FEATURE_NOT_SAVEABLE);
		check_scope(rig->driver[0], fids[i], CHANGEABLE);
	}
	assert_status(ADMIN(rig->driver[0], .opcode = NVM_ADMIN_SET_FEATURES, .nsid = 1,
			    .cdw10 = 1u << 31 | 0x84), NVM_SC_FEATURE_NOT_SAVEABLE);
	rig_free(rig);
}

TEST_CASE(features_of_the_controller_are_not_per_namespace)
{
	static const uint8_t fids[] = { 0x01, 0x02, 0x06, 0x08, 0x0a, 0x0b, 0x0f };
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(fids); i++) {
		assert_status(driver_set_feature(rig->driver[0], fids[i], 1, 0),
			      NVM_SC_FEATURE_NOT_PER_NS);
		assert_success(driver_set_feature(rig->driver[0], fids[i], NVM_NSID_ALL, 0));
	}
	rig_free(rig);
}

TEST_CASE(features_of_a_namespace_that_cannot_exist_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	for (uint32_t nsid = MAX_NSID + 1; nsid < MAX_NSID + 3; nsid++) {
		assert_status(driver_get_feature(driver, NVM_FEAT_VOLATILE_WC, CURRENT, nsid, 0),
			      NVM_SC_INVALID_NS);
		assert_status(driver_set_feature(driver, NVM_FEAT_VOLATILE_WC, nsid, 0),
			      NVM_SC_INVALID_NS);
	}
	assert_int_equal(get(driver, NVM_FEAT_VOLATILE_WC, CURRENT, NVM_NSID_ALL, 0), 1);
	rig_free(rig);
}

TEST_CASE(unknown_features_are_refused)
{
	static const uint8_t known[] = { 0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
					 0x0e, 0x0f, 0x16, 0x19, 0x21, 0x81, 0x82, 0x83, 0x84 };
	struct rig *rig = rig_new_enabled(NULL);

	for (unsigned int fid = 0; fid < 256; fid++) {
		if (memchr(known, fid, sizeof(known)))
			continue;
		for (unsigned int select = CURRENT; select <= SUPPORTED; select++)
			assert_status(driver_get_feature(rig->driver[0], fid, select, 0, 0),
				      NVM_SC_INVALID_FIELD);
		assert_status(driver_set_feature(rig->driver[0], fid, 0, 0), NVM_SC_INVALID_FIELD);
	}
	rig_free(rig);
}

TEST_CASE(reserved_selections_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	for (unsigned int select = 4; select < 8; select++)
		assert_status(driver_get_feature(driver, NVM_FEAT_VOLATILE_WC, select, 0, 0),
			      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(each_controller_has_its_own_features)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	assert_success(driver_set_feature(rig->driver[1], NVM_FEAT_IRQ_COALESCE, 0, 0x507));
	assert_success(driver_set_feature(rig->driver[1], NVM_FEAT_VOLATILE_WC, 0, 0));
	assert_int_equal(get(rig->driver[0], NVM_FEAT_IRQ_COALESCE, CURRENT, 0, 0), 0);
	assert_int_equal(get(rig->driver[2], NVM_FEAT_IRQ_COALESCE, CURRENT, 0, 0), 0);
	assert_int_equal(get(rig->driver[2], NVM_FEAT_VOLATILE_WC, CURRENT, 0, 0), 1);
	assert_int_equal(get(rig->driver[1], NVM_FEAT_IRQ_COALESCE, CURRENT, 0, 0), 0x507);
	rig_free(rig);
}

TEST_CASE(a_secondary_has_as_many_queues_as_it_was_given)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct completion completion;

	assert_int_equal(get(rig->driver[1], NVM_FEAT_NUM_QUEUES, CURRENT, 0, 0), 3 << 16 | 3);
	completion = driver_set_feature(rig->driver[1], NVM_FEAT_NUM_QUEUES, 0, 7 << 16 | 7);
	assert_success(completion);
	assert_int_equal(completion.dw0, 3 << 16 | 3);
	assert_status(driver_get_feature(rig->driver[1], NVM_FEAT_IRQ_CONFIG, CURRENT, 0, 5),
		      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

RUN_TESTS("features",
	  cmocka_unit_test(arbitration),
	  cmocka_unit_test(power_management),
	  cmocka_unit_test(temperature_threshold),
	  cmocka_unit_test(temperature_threshold_of_what_does_not_exist),
	  cmocka_unit_test(temperature_threshold_of_all_sensors),
	  cmocka_unit_test(error_recovery_is_per_namespace),
	  cmocka_unit_test(error_recovery_refuses_bad_namespaces),
	  cmocka_unit_test(deallocated_block_errors_can_be_enabled_only_where_supported),
	  cmocka_unit_test(volatile_write_cache),
	  cmocka_unit_test(number_of_queues),
	  cmocka_unit_test(allocated_queues_can_all_be_created),
	  cmocka_unit_test(number_of_queues_refuses_65536),
	  cmocka_unit_test(number_of_queues_cannot_change_once_queues_exist),
	  cmocka_unit_test(interrupt_coalescing),
	  cmocka_unit_test(interrupt_vector_configuration),
	  cmocka_unit_test(write_atomicity),
	  cmocka_unit_test(asynchronous_event_configuration),
	  cmocka_unit_test(timestamp_counts_from_the_value_set),
	  cmocka_unit_test(timestamp_counts_from_a_reset_before_it_is_set),
	  cmocka_unit_test(timestamp_wraps_at_48_bits),
	  cmocka_unit_test(timestamp_data_must_be_readable),
	  cmocka_unit_test(keep_alive_timer_is_rounded_up_to_its_granularity),
	  cmocka_unit_test(the_largest_keep_alive_timer_does_not_wrap),
	  cmocka_unit_test(host_behavior_support),
	  cmocka_unit_test(io_command_set_profile),
	  cmocka_unit_test(host_identifier_of_64_bits),
	  cmocka_unit_test(host_identifier_of_128_bits),
	  cmocka_unit_test(features_that_cannot_be_saved_say_so),
	  cmocka_unit_test(features_of_the_controller_are_not_per_namespace),
	  cmocka_unit_test(features_of_a_namespace_that_cannot_exist_are_refused),
	  cmocka_unit_test(unknown_features_are_refused),
	  cmocka_unit_test(reserved_selections_are_refused),
	  cmocka_unit_test(each_controller_has_its_own_features),
	  cmocka_unit_test(a_secondary_has_as_many_queues_as_it_was_given));
