// SPDX-License-Identifier: BSD-2-Clause
/*
 * Controller Data Queue command (Base 2.3, 5.2.4): what can be created, how many, and what ends a
 * queue.
 */
#include "cdq_host.h"

TEST_CASE(a_queue_exists_until_it_is_deleted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);
	struct nvmove_hmlm_cdq_feature feature;

	assert_success(cdq_create(&host));
	assert_int_not_equal(host.id, 0);
	assert_success(cdq_get(&host, &feature));
	assert_success(cdq_delete(&host));
	assert_status(cdq_delete(&host), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_status(cdq_get(&host, &feature), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_status(cdq_set_head(&host, 0), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_status(cdq_log(&host, NVMOVE_HMLM_START), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_status(cdq_log(&host, NVMOVE_HMLM_STOP), NVMOVE_HMLM_SC_INVALID_CDQ);
	rig_free(rig);
}

TEST_CASE(the_id_of_a_deleted_queue_is_not_the_next_one)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);
	uint16_t before;

	assert_success(cdq_create(&host));
	before = host.id;
	assert_success(cdq_delete(&host));
	assert_success(cdq_create(&host));
	assert_int_not_equal(host.id, before);
	rig_free(rig);
}

TEST_CASE(a_controller_has_one_queue_at_a_time)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128), second = cdq_host_new(rig, 1, 128);

	assert_success(cdq_create(&host));
	assert_status(cdq_create(&second), NVM_SC_INVALID_FIELD);
	assert_success(cdq_delete(&host));
	assert_success(cdq_create(&second));
	rig_free(rig);
}

TEST_CASE(there_are_as_many_queues_as_identify_says)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .num_secondary = 9 });
	struct cdq_host host[10];
	uint8_t id[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, id));
	assert_int_equal(get16(id, 578), 8);
	assert_int_equal(get16(id, 580), 8);
	for (unsigned int i = 1; i <= 8; i++) {
		host[i] = cdq_host_new(rig, i, 16);
		assert_success(cdq_create(&host[i]));
	}
	host[9] = cdq_host_new(rig, 9, 16);
	assert_status(cdq_create(&host[9]), NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES);
	assert_success(cdq_delete(&host[3]));
	assert_success(cdq_create(&host[9]));
	rig_free(rig);
}

TEST_CASE(the_logged_controller_must_be_a_migratable_one)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);

	host.cntlid = rig->options.first_cntlid;
	assert_status(cdq_create(&host), NVM_SC_INVALID_CNTLID);
	host.cntlid = rig->options.first_cntlid + 4;
	assert_status(cdq_create(&host), NVM_SC_INVALID_CNTLID);
	rig_free(rig);
}

TEST_CASE(the_size_is_a_number_of_entries_that_a_log_fits_into)
{
	static const uint32_t dwords[] = { 0, 8, 16, 23, 25, 1023 };
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 3);

	for (unsigned int i = 0; i < ARRAY_SIZE(dwords); i++)
		assert_status(ADMIN(rig->driver[0], .opcode = NVMOVE_HMLM_CDQ, .prp1 = host.prp1,
				    .cdw11 = (uint32_t)host.cntlid << 16 | NVMOVE_HMLM_CDQ_PC,
				    .cdw12 = dwords[i]), NVM_SC_INVALID_FIELD);
	assert_success(cdq_create(&host));
	rig_free(rig);
}

TEST_CASE(the_memory_begins_with_a_page)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 16);

	host.prp1 += 32;
	assert_status(cdq_create(&host), NVM_SC_INVALID_PRP_OFFSET);
	host.prp1 = 1ull << 60;
	assert_status(cdq_create(&host), NVM_SC_INVALID_FIELD);
	host.prp1 = UINT64_MAX - PAGE + 1;
	assert_status(cdq_create(&host), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(a_page_is_of_the_size_that_the_host_has_chosen)
{
	struct rig *rig = rig_new(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 512);
	uint64_t begin = host.prp1;

	rig->driver[0]->page_shift = 13;
	driver_enable(rig->driver[0]);
	host.prp1 = begin + PAGE;
	assert_status(cdq_create(&host), NVM_SC_INVALID_PRP_OFFSET);
	host.prp1 = begin;
	assert_success(cdq_create(&host));
	rig_free(rig);
}

TEST_CASE(a_list_of_pages_is_checked_as_a_whole)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new_scattered(rig, 1, 3 * PAGE / UDE_BYTES);
	struct guest_memory *memory = rig->driver[0]->memory;
	uint8_t prp[8];

	put64(prp, 0, host.page[2] + 32);
	guest_write(memory, host.prp1 + 16, prp, sizeof(prp));
	assert_status(cdq_create(&host), NVM_SC_INVALID_PRP_OFFSET);
	put64(prp, 0, 1ull << 60);
	guest_write(memory, host.prp1 + 16, prp, sizeof(prp));
	assert_status(cdq_create(&host), NVM_SC_INVALID_FIELD);
	guest_unmap(memory, host.prp1, PAGE);
	assert_status(cdq_create(&host), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_equal(guest_take_faults(memory), 1);
	rig_free(rig);
}

TEST_CASE(a_list_has_as_many_pages_as_identify_says)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new_scattered(rig, 1, 512 * PAGE / UDE_BYTES);
	uint8_t id[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, id));
	assert_int_equal(get16(id, 586), 512);
	assert_true(get16(id, 582) >= 512);
	assert_true(get16(id, 584) >= 8 * 512);
	host.slots++;
	assert_status(cdq_create(&host), NVM_SC_INVALID_FIELD);
	host.slots--;
	assert_success(cdq_create(&host));
	rig_free(rig);
}

TEST_CASE(other_types_and_operations_are_refused)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);

	assert_status(ADMIN(rig->driver[0], .opcode = NVMOVE_HMLM_CDQ, .prp1 = host.prp1,
			    .cdw10 = NVMOVE_HMLM_CDQ_CREATE | 1 << NVMOVE_HMLM_MOS_SHIFT,
			    .cdw11 = (uint32_t)host.cntlid << 16 | NVMOVE_HMLM_CDQ_PC,
			    .cdw12 = 1024), NVM_SC_INVALID_FIELD);
	assert_status(ADMIN(rig->driver[0], .opcode = NVMOVE_HMLM_CDQ, .cdw10 = 2),
		      NVM_SC_INVALID_FIELD);
	assert_success(cdq_create(&host));
	assert_status(ADMIN(rig->driver[0], .opcode = NVMOVE_HMLM_TRACK_SEND, .cdw11 = host.id,
			    .cdw10 = 2 << NVMOVE_HMLM_MOS_SHIFT), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(a_migratable_controller_has_none_of_it)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct cdq_host host = cdq_host_new(rig, 1, 128);
	struct nvmove_hmlm_cdq_feature feature;
	uint8_t id[NVM_IDENTIFY_SIZE];

	host.driver = rig->driver[1];
	assert_status(cdq_create(&host), NVM_SC_INVALID_OPCODE);
	assert_status(cdq_delete(&host), NVM_SC_INVALID_OPCODE);
	assert_status(cdq_log(&host, NVMOVE_HMLM_START), NVM_SC_INVALID_OPCODE);
	assert_status(cdq_set_head(&host, 0), NVM_SC_INVALID_FIELD);
	assert_status(cdq_get(&host, &feature), NVM_SC_INVALID_FIELD);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, id));
	assert_true(is_zero(id + 576, 12));
	rig_free(rig);
}

TEST_CASE(a_reset_of_the_primary_ends_its_queues)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);

	assert_success(cdq_create(&host));
	driver_disable(rig->driver[0]);
	driver_enable(rig->driver[0]);
	assert_status(cdq_delete(&host), NVMOVE_HMLM_SC_INVALID_CDQ);
	assert_success(cdq_create(&host));
	nvmove_ctrl_reset(rig->function[0].ctrl, NVMOVE_RESET_FLR);
	driver_enable(rig->driver[0]);
	assert_status(cdq_delete(&host), NVMOVE_HMLM_SC_INVALID_CDQ);
	rig_free(rig);
}

TEST_CASE(a_log_does_not_start_in_memory_that_cannot_be_written)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);

	assert_success(cdq_create(&host));
	guest_unmap(rig->driver[0]->memory, host.prp1, PAGE);
	for (unsigned int i = 0; i < 2; i++) {
		assert_status(cdq_log(&host, NVMOVE_HMLM_START), NVM_SC_DATA_TRANSFER_ERROR);
		assert_int_equal(guest_take_faults(rig->driver[0]->memory), 1);
	}
	assert_success(cdq_log(&host, NVMOVE_HMLM_STOP));
	assert_success(cdq_delete(&host));
	rig_free(rig);
}

TEST_CASE(a_stop_says_that_its_entry_cannot_be_written)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct cdq_host host = cdq_host_new(rig, 1, 128);

	assert_success(cdq_create(&host));
	assert_success(cdq_log(&host, NVMOVE_HMLM_START));
	guest_unmap(rig->driver[0]->memory, host.prp1, PAGE);
	assert_status(cdq_log(&host, NVMOVE_HMLM_STOP), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_equal(guest_take_faults(rig->driver[0]->memory), 1);
	assert_success(cdq_log(&host, NVMOVE_HMLM_STOP));
	rig_free(rig);
}

TEST_CASE(a_change_that_cannot_be_logged_is_fatal_to_the_primary_alone)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct cdq_host host = cdq_host_new(rig, 1, 128);
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(cdq_create(&host));
	assert_success(cdq_log(&host, NVMOVE_HMLM_START));
	guest_unmap(rig->driver[0]->memory, host.prp1, PAGE);
	assert_success(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 3, 0, 1, NULL));
	assert_int_equal(guest_take_faults(rig->driver[0]->memory), 1);
	assert_true(driver_read32(rig->driver[0], NVM_REG_CSTS) & NVM_CSTS_CFS);
	assert_false(driver_read32(rig->driver[1], NVM_REG_CSTS) & NVM_CSTS_CFS);
	assert_success(ADMIN(rig->driver[1], .opcode = NVM_ADMIN_KEEP_ALIVE));
	rig_free(rig);
}

RUN_TESTS("cdq_create_delete",
	  cmocka_unit_test(a_queue_exists_until_it_is_deleted),
	  cmocka_unit_test(the_id_of_a_deleted_queue_is_not_the_next_one),
	  cmocka_unit_test(a_controller_has_one_queue_at_a_time),
	  cmocka_unit_test(there_are_as_many_queues_as_identify_says),
	  cmocka_unit_test(the_logged_controller_must_be_a_migratable_one),
	  cmocka_unit_test(the_size_is_a_number_of_entries_that_a_log_fits_into),
	  cmocka_unit_test(the_memory_begins_with_a_page),
	  cmocka_unit_test(a_page_is_of_the_size_that_the_host_has_chosen),
	  cmocka_unit_test(a_list_of_pages_is_checked_as_a_whole),
	  cmocka_unit_test(a_list_has_as_many_pages_as_identify_says),
	  cmocka_unit_test(other_types_and_operations_are_refused),
	  cmocka_unit_test(a_migratable_controller_has_none_of_it),
	  cmocka_unit_test(a_reset_of_the_primary_ends_its_queues),
	  cmocka_unit_test(a_log_does_not_start_in_memory_that_cannot_be_written),
	  cmocka_unit_test(a_stop_says_that_its_entry_cannot_be_written),
	  cmocka_unit_test(a_change_that_cannot_be_logged_is_fatal_to_the_primary_alone));
