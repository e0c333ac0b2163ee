// SPDX-License-Identifier: BSD-2-Clause
/*
 * Get Log Page (Base 5.16): the content of each page by byte offset, and the fields of the command
 * that select a piece of it. What a read does to pending events is in aer.c.
 */
#include "harness.h"

static const uint8_t pages[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x12, 0x80 };

static const uint8_t features[] = { 0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
				    0x0e, 0x0f, 0x16, 0x19, 0x21, 0x81, 0x82, 0x83, 0x84 };

TEST_CASE(supported_log_pages)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[1024];

	assert_success(driver_get_log(rig->driver[0], 0x00, 0, data, sizeof(data)));
	for (unsigned int page = 0; page < 256; page++)
		assert_int_equal(get32(data, page * 4) & 1,
				 memchr(pages, page, sizeof(pages)) || page == 0xc0 ||
				 page == 0xc1);
	assert_success(driver_get_log(rig->driver[1], 0x00, 0, data, sizeof(data)));
	for (unsigned int page = 0; page < 256; page++)
		assert_int_equal(get32(data, page * 4) & 1,
				 !!memchr(pages, page, sizeof(pages)));
	rig_free(rig);
}

TEST_CASE(unknown_log_pages_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[64];

	for (unsigned int page = 0; page < 256; page++) {
		if (memchr(pages, page, sizeof(pages)))
			continue;
		if (page != 0xc0 && page != 0xc1)
			assert_status(driver_get_log(rig->driver[0], page, 0, data, sizeof(data)),
				      NVM_SC_INVALID_LOG_PAGE);
		assert_status(driver_get_log(rig->driver[1], page, 0, data, sizeof(data)),
			      NVM_SC_INVALID_LOG_PAGE);
	}
	rig_free(rig);
}

TEST_CASE(error_log_is_empty_at_first)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[63 * 64];

	assert_success(driver_get_log(rig->driver[0], 0x01, 0, data, sizeof(data)));
	assert_true(is_zero(data, sizeof(data)));
	rig_free(rig);
}

TEST_CASE(error_log_describes_the_command_that_failed)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct queue_pair queue;
	uint8_t data[128];

	driver_create_queue(driver, &queue, 2, 16, 1);
	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_READ, 1, 77, 1, buffer), NVM_SC_UNRECOVERED_READ);
	assert_success(driver_get_log(driver, 0x01, 0, data, sizeof(data)));
	assert_int_equal(get64(data, 0), 1);				/* error count */
	assert_int_equal(get16(data, 8), 2);				/* queue */
	assert_int_equal(get16(data, 10), driver->next_cid - 2);	/* command */
	assert_int_equal(get16(data, 12) >> 1 & 0x7ff, NVM_SC_UNRECOVERED_READ);
	assert_int_equal(get64(data, 16), 77);				/* first LBA */
	assert_int_equal(get32(data, 24), 1);				/* namespace */
	assert_true(is_zero(data + 64, 64));
	rig_free(rig);
}

TEST_CASE(error_log_is_ordered_newest_first_and_bounded)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[63 * 64];

	for (unsigned int i = 1; i <= 70; i++) {
		assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
		assert_success(driver_get_log(driver, 0x01, 0, data, sizeof(data)));
		for (unsigned int entry = 0; entry < 63; entry++)
			assert_int_equal(get64(data, entry * 64),
					 entry < i ? i - entry : 0);
	}
	rig_free(rig);
}

TEST_CASE(error_log_of_one_controller_says_nothing_of_another)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[64];

	assert_status(ADMIN(rig->driver[1], .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	assert_success(driver_get_log(rig->driver[2], 0x01, 0, data, sizeof(data)));
	assert_true(is_zero(data, sizeof(data)));
	assert_success(driver_get_log(rig->driver[1], 0x01, 0, data, sizeof(data)));
	assert_int_equal(get64(data, 0), 1);
	rig_free(rig);
}

TEST_CASE(smart_log_of_a_healthy_controller)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[512];

	assert_success(driver_get_log(rig->driver[0], 0x02, 0, data, sizeof(data)));
	assert_int_equal(data[0], 0);			/* critical warning */
	assert_int_equal(get16(data, 1), 320);		/* composite temperature */
	assert_int_equal(data[3], 100);			/* available spare */
	assert_true(data[4] < 100);			/* its threshold */
	assert_int_equal(data[5], 0);			/* percentage used */
	assert_int_equal(get64(data, 160), 0);		/* media errors */
	assert_int_equal(get64(data, 176), 0);		/* error log entries */
	assert_true(is_zero(data + 7, 25));
	assert_true(is_zero(data + 232, 512 - 232));
	rig_free(rig);
}

TEST_CASE(smart_log_counts_commands_and_data)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 100 * 512);
	struct queue_pair queue;
	uint8_t data[512];

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 25; i++)
		assert_success(queue_rw(&queue, NVM_IO_WRITE, 1, 0, 100, buffer));
	for (unsigned int i = 0; i < 11; i++)
		assert_success(queue_rw(&queue, NVM_IO_READ, 1, 0, 100, buffer));
	assert_success(driver_get_log(driver, 0x02, 0, data, sizeof(data)));
	/* Units of 1,000 blocks of 512 bytes, rounded up: 1,100 and 2,500 blocks. */
	assert_int_equal(get64(data, 32), 2);
	assert_int_equal(get64(data, 48), 3);
	assert_int_equal(get64(data, 64), 11);
	assert_int_equal(get64(data, 80), 25);
	rig_free(rig);
}

TEST_CASE(smart_log_counts_errors)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct queue_pair queue;
	uint8_t data[512];

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
	for (unsigned int i = 0; i < 3; i++)
		assert_status(queue_rw(&queue, NVM_IO_READ, 1, 0, 1, buffer),
			      NVM_SC_UNRECOVERED_READ);
	assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	assert_success(driver_get_log(driver, 0x02, 0, data, sizeof(data)));
	assert_int_equal(get64(data, 160), 3);
	assert_int_equal(get64(data, 176), 4);
	rig_free(rig);
}

TEST_CASE(smart_log_counts_hours)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[512];
	uint64_t before;

	assert_success(driver_get_log(rig->driver[0], 0x02, 0, data, sizeof(data)));
	before = get64(data, 128);
	rig_advance(rig, 5 * 3600 * 1000ull * MS);
	assert_success(driver_get_log(rig->driver[0], 0x02, 0, data, sizeof(data)));
	assert_int_equal(get64(data, 128), before + 5);
	rig_free(rig);
}

TEST_CASE(smart_log_counts_busy_minutes)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint8_t data[512];

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig_advance(rig, 3600 * 1000ull * MS);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	rig_run(rig);
	rig_advance(rig, 300 * 1000ull * MS);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&queue.cq));
	assert_success(driver_get_log(driver, 0x02, 0, data, sizeof(data)));
	assert_int_equal(get64(data, 96), 5);
	rig_free(rig);
}

TEST_CASE(smart_log_warns_of_a_crossed_threshold)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[512];

	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 300));
	assert_success(driver_get_log(driver, 0x02, 0, data, sizeof(data)));
	assert_int_equal(data[0], 1 << 1);
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 343));
	assert_success(driver_get_log(driver, 0x02, 0, data, sizeof(data)));
	assert_int_equal(data[0], 0);
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 1 << 20 | 330));
	assert_success(driver_get_log(driver, 0x02, 0, data, sizeof(data)));
	assert_int_equal(data[0], 1 << 1);
	rig_free(rig);
}

TEST_CASE(smart_log_warns_at_a_threshold_that_is_reached)
{
	static const struct {
		uint32_t threshold;
		bool warning;
	} cases[] = {
		{ 320, true }, { 321, false }, { 1 << 20 | 320, true }, { 1 << 20 | 319, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *rig = rig_new_enabled(NULL);
		uint8_t data[512];

		assert_success(driver_set_feature(rig->driver[0], NVM_FEAT_TEMP_THRESHOLD, 0,
						  cases[i].threshold));
		assert_success(driver_get_log(rig->driver[0], 0x02, 0, data, sizeof(data)));
		assert_int_equal(data[0], cases[i].warning << 1);
		rig_free(rig);
	}
}

static struct completion smart_of(struct driver *driver, uint32_t nsid)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = nsid,
		     .cdw10 = 127 << 16 | 0x02, .prp1 = driver->scratch);
}

TEST_CASE(smart_log_is_of_the_controller_not_of_a_namespace)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_int_equal(data[261] & 1, 0);		/* LPA: no page per namespace */
	assert_success(smart_of(rig->driver[0], 0));
	assert_success(smart_of(rig->driver[0], NVM_NSID_ALL));
	assert_status(smart_of(rig->driver[0], 1), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(firmware_slot_log)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .firmware = "7.1" });
	uint8_t data[512];

	assert_success(driver_get_log(rig->driver[0], 0x03, 0, data, sizeof(data)));
	assert_int_equal(data[0], 1);			/* slot 1 active, none pending */
	assert_memory_equal(data + 8, "7.1     ", 8);
	assert_true(is_zero(data + 16, sizeof(data) - 16));
	rig_free(rig);
}

TEST_CASE(changed_namespaces_log_lists_and_forgets)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[4096];

	assert_success(driver_get_log(driver, 0x04, 0, data, sizeof(data)));
	assert_true(is_zero(data, sizeof(data)));
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 4), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 2), 0);
	assert_int_equal(nvmove_namespace_detach(rig->function[0].ctrl, 2), 0);
	assert_success(driver_get_log(driver, 0x04, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 2);
	assert_int_equal(get32(data, 4), 4);
	assert_true(is_zero(data + 8, sizeof(data) - 8));
	assert_success(driver_get_log(driver, 0x04, 0, data, sizeof(data)));
	assert_true(is_zero(data, sizeof(data)));
	rig_free(rig);
}

TEST_CASE(a_read_that_fails_forgets_nothing)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint8_t data[4096];

	assert_int_equal(nvmove_namespace_attach(rig->function[0].ctrl, 4), 0);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
			    .cdw10 = 1023 << 16 | 0x04, .prp1 = 0xdead000),
		      NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	assert_success(driver_get_log(driver, 0x04, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 4);
	rig_free(rig);
}

TEST_CASE(effects_log_lists_the_supported_commands)
{
	static const uint8_t admin[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0c,
					 0x18, 0x7c };
	static const uint8_t primary[] = { 0x0d, 0x15, 0x1c, 0x3d, 0x3e, 0x41, 0x42, 0x45, 0xc4,
					   0xc8, 0xcc, 0xd2, 0xd5 };
	static const uint8_t io[] = { 0x00, 0x01, 0x02, 0x05, 0x08, 0x09, 0x0c, 0x0d, 0x0e, 0x11,
				      0x15 };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[4096];

	for (unsigned int i = 0; i < 2; i++) {
		assert_success(driver_get_log(rig->driver[i], 0x05, 0, data, sizeof(data)));
		for (unsigned int opcode = 0; opcode < 256; opcode++) {
			bool known = memchr(admin, opcode, sizeof(admin)) ||
				     (i == 0 && memchr(primary, opcode, sizeof(primary)));

			assert_int_equal(get32(data, opcode * 4) & 1, known);
			assert_int_equal(get32(data, 1024 + opcode * 4) & 1,
					 !!memchr(io, opcode, sizeof(io)));
		}
		/* LBA content changes: Write, Write Zeroes, Dataset Management. */
		assert_int_equal(get32(data, 1024 + 0x01 * 4) & 2, 2);
		assert_int_equal(get32(data, 1024 + 0x08 * 4) & 2, 2);
		assert_int_equal(get32(data, 1024 + 0x09 * 4) & 2, 2);
		assert_int_equal(get32(data, 1024 + 0x02 * 4) & 2, 0);
		assert_true(is_zero(data + 2048, 2048));
	}
	rig_free(rig);
}

TEST_CASE(feature_effects_log_lists_the_supported_features)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[1024];

	assert_success(driver_get_log(rig->driver[0], 0x12, 0, data, sizeof(data)));
	for (unsigned int fid = 0; fid < 256; fid++)
		assert_int_equal(get32(data, fid * 4) & 1,
				 !!memchr(features, fid, sizeof(features)));
	rig_free(rig);
}

TEST_CASE(a_log_page_can_be_read_in_pieces)
{
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t whole[4096], piece[64];

	assert_success(driver_get_log(rig->driver[0], 0x05, 0, whole, sizeof(whole)));
	for (unsigned int offset = 0; offset < 4096; offset += 60) {
		size_t len = 4096 - offset < 64 ? 4096 - offset : 64;

		assert_success(driver_get_log(rig->driver[0], 0x05, offset, piece, len));
		assert_memory_equal(piece, whole + offset, len);
	}
	rig_free(rig);
}

TEST_CASE(an_offset_beyond_the_page_is_refused)
{
	static const struct {
		uint8_t page;
		uint32_t size;
	} sizes[] = {
		{ 0x00, 1024 }, { 0x01, 63 * 64 }, { 0x02, 512 }, { 0x03, 512 }, { 0x04, 4096 },
		{ 0x05, 4096 }, { 0x12, 1024 }, { 0x80, 64 },
	};
	struct rig *rig = rig_new_enabled(NULL);
	uint8_t data[4];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_success(driver_peek_log(rig->driver[0], sizes[i].page, sizes[i].size - 4,
					       data, sizeof(data)));
		assert_status(driver_peek_log(rig->driver[0], sizes[i].page, sizes[i].size + 4,
					      data, sizeof(data)), NVM_SC_INVALID_FIELD);
		assert_status(driver_peek_log(rig->driver[0], sizes[i].page, 1ull << 32,
					      data, sizeof(data)), NVM_SC_INVALID_FIELD);
		assert_status(driver_peek_log(rig->driver[0], sizes[i].page, ~3ull,
					      data, sizeof(data)), NVM_SC_INVALID_FIELD);
	}
	rig_free(rig);
}

TEST_CASE(a_short_read_transfers_what_was_asked_for)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	guest_fill(driver->memory, driver->scratch, 0x5a, PAGE);
	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
			     .cdw10 = 3 << 16 | 0x02, .prp1 = driver->scratch));
	assert_true(guest_is_filled(driver->memory, driver->scratch + 16, 0x5a, PAGE - 16));
	assert_false(guest_is_filled(driver->memory, driver->scratch, 0x5a, 16));
	rig_free(rig);
}

TEST_CASE(a_long_read_reaches_beyond_the_page_but_not_the_buffer)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 3 * PAGE);
	uint8_t temperature[2];

	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
			     .cdw10 = (3 * PAGE / 4 - 1) << 16 | 0x02, .prp1 = buffer->prp1,
			     .prp2 = buffer->prp2));
	buffer_read(buffer, 1, temperature, 2);
	assert_int_equal(get16(temperature, 0), 320);
	rig_free(rig);
}

TEST_CASE(a_read_longer_than_mdts_is_refused)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .mdts = 1 });
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 3 * PAGE);

	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
			    .cdw10 = (2 * PAGE / 4) << 16 | 0x02, .prp1 = buffer->prp1,
			    .prp2 = buffer->prp2), NVM_SC_INVALID_FIELD);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
			    .cdw10 = 0xffff0000u | 0x02, .cdw11 = 0xffff, .prp1 = buffer->prp1,
			    .prp2 = buffer->prp2), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

RUN_TESTS("logpages",
	  cmocka_unit_test(supported_log_pages),
	  cmocka_unit_test(unknown_log_pages_are_refused),
	  cmocka_unit_test(error_log_is_empty_at_first),
	  cmocka_unit_test(error_log_describes_the_command_that_failed),
	  cmocka_unit_test(error_log_is_ordered_newest_first_and_bounded),
	  cmocka_unit_test(error_log_of_one_controller_says_nothing_of_another),
	  cmocka_unit_test(smart_log_of_a_healthy_controller),
	  cmocka_unit_test(smart_log_counts_commands_and_data),
	  cmocka_unit_test(smart_log_counts_errors),
	  cmocka_unit_test(smart_log_counts_hours),
	  cmocka_unit_test(smart_log_counts_busy_minutes),
	  cmocka_unit_test(smart_log_warns_of_a_crossed_threshold),
	  cmocka_unit_test(smart_log_warns_at_a_threshold_that_is_reached),
	  cmocka_unit_test(smart_log_is_of_the_controller_not_of_a_namespace),
	  cmocka_unit_test(firmware_slot_log),
	  cmocka_unit_test(changed_namespaces_log_lists_and_forgets),
	  cmocka_unit_test(a_read_that_fails_forgets_nothing),
	  cmocka_unit_test(effects_log_lists_the_supported_commands),
	  cmocka_unit_test(feature_effects_log_lists_the_supported_features),
	  cmocka_unit_test(a_log_page_can_be_read_in_pieces),
	  cmocka_unit_test(an_offset_beyond_the_page_is_refused),
	  cmocka_unit_test(a_short_read_transfers_what_was_asked_for),
	  cmocka_unit_test(a_long_read_reaches_beyond_the_page_but_not_the_buffer),
	  cmocka_unit_test(a_read_longer_than_mdts_is_refused));
