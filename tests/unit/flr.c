// SPDX-License-Identifier: BSD-2-Clause
/*
 * Function Level Reset of primary and secondary (Base 3.7.2; R14): everything back to its default,
 * nothing of the host touched from then on.
 */
#include "harness.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static void flr(struct rig *rig, unsigned int index)
{
	nvmove_ctrl_reset(rig->function[index].ctrl, NVMOVE_RESET_FLR);
}

TEST_CASE(registers_go_back_to_their_defaults)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct rig *rig = rig_new_secondaries(NULL, 1);
		struct driver *driver = rig->driver[i];

		driver_write32(driver, NVM_REG_INTMS, 0xff);
		flr(rig, i);
		assert_int_equal(driver_read32(driver, NVM_REG_CC), 0);
		assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
		assert_int_equal(driver_read32(driver, NVM_REG_INTMS), 0);
		assert_int_equal(driver_read32(driver, NVM_REG_AQA), 0);
		assert_int_equal(driver_read64(driver, NVM_REG_ASQ), 0);
		assert_int_equal(driver_read64(driver, NVM_REG_ACQ), 0);
		rig_free(rig);
	}
}

TEST_CASE(the_controller_works_again)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct rig *rig = rig_new_secondaries(NULL, 1);
		struct queue_pair queue;

		driver_create_queue(rig->driver[i], &queue, 1, 16, 1);
		for (unsigned int round = 0; round < 5; round++) {
			flr(rig, i);
			driver_enable(rig->driver[i]);
			driver_create_queue(rig->driver[i], &queue, 1, 16, 1);
			assert_success(queue_command(&queue, &flush));
		}
		rig_free(rig);
	}
}

TEST_CASE(nothing_is_touched_after_it_returns)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct rig *rig = rig_new_secondaries(NULL, 1);
		struct driver *driver = rig->driver[i];
		struct buffer *buffer = buffer_new(driver, 64 * 512);
		struct command read = rw_command(NVM_IO_READ, 3, 0, 64, buffer);
		struct function *function = &rig->function[i];
		unsigned int interrupts;
		struct queue_pair queue;
		unsigned long dma;
		uint64_t sum;

		driver_create_queue(driver, &queue, 1, 32, 1);
		driver_submit_aer(driver);
		rig->medium[3]->hold = true;
		for (unsigned int n = 0; n < 10; n++)
			sq_submit(&queue.sq, &read);
		rig_run(rig);
		for (unsigned int n = 0; n < 10; n++)
			sq_submit(&queue.sq, &read);
		flr(rig, i);
		assert_null(function->mapped);
		assert_null(rig->medium[3]->held);
		dma = function->dma;
		interrupts = function->total_interrupts;
		sum = guest_checksum(driver->memory);
		sq_ring(&queue.sq);
		cq_ring(&queue.cq);
		rig_advance(rig, 3600 * 1000ull * MS);
		assert_int_equal(function->dma, dma);
		assert_int_equal(function->total_interrupts, interrupts);
		assert_int_equal(guest_checksum(driver->memory), sum);
		rig_free(rig);
	}
}

TEST_CASE(a_secondary_stays_online)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE];

	flr(rig, 1);
	assert_success(driver_identify(rig->driver[0], NVM_CNS_SECONDARY_LIST, 0, 0, data));
	assert_int_equal(data[32 + 4], 1);
	assert_int_equal(get16(data, 32 + 10), 5);
	assert_true(driver_is_ready(rig->driver[2]));
	driver_enable(rig->driver[1]);
	rig_free(rig);
}

TEST_CASE(the_primarys_takes_secondaries_offline)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	flr(rig, 0);
	for (unsigned int i = 1; i <= 2; i++)
		assert_int_equal(driver_read32(rig->driver[i], NVM_REG_CSTS) & 3, NVM_CSTS_CFS);
	rig_free(rig);
}

TEST_CASE(features_and_events_are_forgotten)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct completion completion;

	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_COALESCE, 0, 0x101));
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	driver_submit_aer(driver);
	flr(rig, 1);
	driver_enable(driver);
	rig_advance(rig, 5000 * MS);
	assert_true(driver_is_ready(driver));
	completion = driver_get_feature(driver, NVM_FEAT_IRQ_COALESCE, 0, 0, 0);
	assert_success(completion);
	assert_int_equal(completion.dw0, 0);
	driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(repeating_it_is_harmless)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int i = 0; i < 10; i++) {
		flr(rig, 1);
		rig_run(rig);
	}
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_CONVENTIONAL);
	driver_enable(rig->driver[1]);
	rig_free(rig);
}

TEST_CASE(a_controller_without_its_function_keeps_quiet)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct function *function = &rig->function[1];
	unsigned long dma = function->dma;

	nvmove_ctrl_bind(function->ctrl, NULL, NULL);
	nvmove_ctrl_write(function->ctrl, NVM_REG_CC, CC_DEFAULT, 4);
	assert_int_equal(nvmove_ctrl_read(function->ctrl, NVM_REG_VS, 4), 0x20000);
	assert_int_equal(nvmove_namespace_detach(function->ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(function->ctrl, 3), 0);
	assert_int_equal(function->dma, dma);
	rig_free(rig);
}

RUN_TESTS("flr",
	  cmocka_unit_test(registers_go_back_to_their_defaults),
	  cmocka_unit_test(the_controller_works_again),
	  cmocka_unit_test(nothing_is_touched_after_it_returns),
	  cmocka_unit_test(a_secondary_stays_online),
	  cmocka_unit_test(the_primarys_takes_secondaries_offline),
	  cmocka_unit_test(features_and_events_are_forgotten),
	  cmocka_unit_test(repeating_it_is_harmless),
	  cmocka_unit_test(a_controller_without_its_function_keeps_quiet));
