// SPDX-License-Identifier: BSD-2-Clause
/*
 * R12: what a virtual subsystem leaves out of the device's abilities is neither advertised nor done
 * by its members, and is done by everybody else as before.
 */
#include "harness.h"

#define CSUPP	1u

/* Secondary 1 is narrowed, secondary 2 is not; both see namespace 3. */
static struct rig *rig_new_narrowed(struct nvmove_vsubsystem_config *config)
{
	struct rig *rig = rig_new_enabled(NULL);
	const char *subnqn = rig_vsubsystem_config(rig).subnqn;

	config->subnqn = subnqn;
	rig_join(rig, 1, config, 1);
	for (unsigned int i = 1; i <= 2; i++) {
		rig_online(rig, i, 3, 3);
		driver_enable(rig->driver[i]);
	}
	return rig;
}

/* The device's own values, as a config to be narrowed before there is a rig. */
static struct nvmove_vsubsystem_config everything(void)
{
	struct nvmove_vsubsystem_config config;
	struct rig *rig = rig_new(NULL);

	config = rig_vsubsystem_config(rig);
	rig_free(rig);
	config.serial = "LIMITS";
	config.model = "model";
	config.firmware = "1.0";
	return config;
}

TEST_CASE(transfers)
{
	struct nvmove_vsubsystem_config config = everything();
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct queue_pair queue;
	struct buffer *buffer;
	struct rig *rig;

	config.mdts = 2;	/* 16 KiB of the device's 128 KiB */
	rig = rig_new_narrowed(&config);
	for (unsigned int i = 1; i <= 2; i++) {
		unsigned int refused = i == 1 ? NVM_SC_INVALID_FIELD : NVM_SC_SUCCESS;

		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(data[77], i == 1 ? 2 : 5);
		driver_create_queue(rig->driver[i], &queue, 1, 16, 1);
		buffer = buffer_new(rig->driver[i], 20 << 10);
		assert_success(queue_rw(&queue, NVM_IO_READ, 3, 0, 32, buffer));
		assert_status(queue_rw(&queue, NVM_IO_READ, 3, 0, 33, buffer), refused);
		assert_status(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 33, buffer), refused);
		/* No data moves: not bound by MDTS. */
		assert_success(queue_rw(&queue, NVM_IO_VERIFY, 3, 0, 400, NULL));
		assert_success(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 3, 0, 400, NULL));
		assert_status(ADMIN(rig->driver[i], .opcode = NVM_ADMIN_GET_LOG_PAGE,
				    .cdw10 = NVM_LOG_EFFECTS | 0x1000u << 16,
				    .prp1 = buffer->prp1, .prp2 = buffer->prp2), refused);
	}
	rig_free(rig);
}

TEST_CASE(queue_entries)
{
	struct nvmove_vsubsystem_config config = everything();
	struct rig *rig;
	uint64_t addr;

	config.max_queue_entries = 64;
	rig = rig_new_narrowed(&config);
	assert_int_equal(NVM_CAP_MQES(driver_read64(rig->driver[1], NVM_REG_CAP)), 63);
	assert_int_equal(NVM_CAP_MQES(driver_read64(rig->driver[2], NVM_REG_CAP)), 1023);
	for (unsigned int i = 1; i <= 2; i++) {
		unsigned int refused = i == 1 ? NVM_SC_QUEUE_SIZE : NVM_SC_SUCCESS;
		struct driver *driver = rig->driver[i];

		addr = guest_alloc(driver->memory, 4 * PAGE);
		assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = addr,
				     .cdw10 = 63 << 16 | 1, .cdw11 = NVM_QUEUE_PC));
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = addr + PAGE,
				    .cdw10 = 64 << 16 | 2, .cdw11 = NVM_QUEUE_PC), refused);
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_SQ, .prp1 = addr + 2 * PAGE,
				    .cdw10 = 64 << 16 | 1, .cdw11 = 1 << 16 | NVM_QUEUE_PC),
			      refused);
	}
	rig_free(rig);
}

TEST_CASE(resources)
{
	struct nvmove_vsubsystem_config config = everything();
	struct driver *primary;
	struct rig *rig;

	config.max_io_queues = 2;
	config.max_vectors = 3;
	rig = rig_new_narrowed(&config);
	primary = rig->driver[0];
	for (unsigned int cntlid = 8; cntlid <= 9; cntlid++) {
		unsigned int refused = cntlid == 8 ? NVM_SC_INVALID_NUM_RESOURCES : NVM_SC_SUCCESS;

		assert_success(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_OFFLINE, 0, cntlid, 0));
		assert_status(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VQ,
					       cntlid, 4), refused);
		assert_status(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VI,
					       cntlid, 4), refused);
		assert_success(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VQ,
						cntlid, 3));
		assert_success(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VI,
						cntlid, 3));
	}
	rig_free(rig);
}

TEST_CASE(namespace_ids)
{
	static const unsigned int cns[] = { NVM_CNS_NS, NVM_CNS_INDEP_NS, NVM_CNS_CSI_NS,
					    NVM_CNS_NS_CTRL_LIST };
	struct nvmove_vsubsystem_config config = everything();
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct queue_pair queue;
	struct rig *rig;

	config.num_namespaces = 3;
	rig = rig_new_narrowed(&config);
	for (unsigned int i = 1; i <= 2; i++) {
		struct driver *driver = rig->driver[i];
		unsigned int refused = i == 1 ? NVM_SC_INVALID_NS : NVM_SC_SUCCESS;

		assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(get32(data, 516), i == 1 ? 3 : MAX_NSID);
		for (size_t n = 0; n < ARRAY_SIZE(cns); n++) {
			assert_success(driver_identify(driver, cns[n], 3, 0, data));
			assert_status(driver_identify(driver, cns[n], 4, 0, data), refused);
		}
		refused = i == 1 ? NVM_SC_INVALID_NS : NVM_SC_INVALID_FIELD;
		driver_create_queue(driver, &queue, 1, 16, 1);
		assert_status(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 4), refused);
		assert_status(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 4, 1), refused);
		assert_int_equal(nvmove_namespace_attach(rig->function[i].ctrl, 4),
				 i == 1 ? -EINVAL : 0);
	}
	rig_free(rig);
}

static const struct {
	uint16_t oncs;
	uint8_t opcode;
} optional_commands[] = {
	{ NVM_CTRL_ONCS_COMPARE, NVM_IO_COMPARE },
	{ NVM_CTRL_ONCS_DSM, NVM_IO_DSM },
	{ NVM_CTRL_ONCS_WRITE_ZEROES, NVM_IO_WRITE_ZEROES },
	{ NVM_CTRL_ONCS_VERIFY, NVM_IO_VERIFY },
};

/* Whether the command is executed, whatever comes of it. */
static bool is_known(struct queue_pair *queue, uint8_t opcode, const struct buffer *buffer)
{
	struct command command = { .opcode = opcode, .nsid = 3, .prp1 = buffer->prp1 };
	struct completion completion = queue_command(queue, &command);

	if (completion.status == NVM_SC_INVALID_OPCODE)
		return false;
	assert_success(completion);
	return true;
}

TEST_CASE(optional_io_commands)
{
	for (size_t n = 0; n < ARRAY_SIZE(optional_commands); n++) {
		struct nvmove_vsubsystem_config config = everything();
		uint8_t data[NVM_IDENTIFY_SIZE], effects[4096];
		struct rig *rig;

		config.oncs &= ~optional_commands[n].oncs;
		rig = rig_new_narrowed(&config);
		for (unsigned int i = 1; i <= 2; i++) {
			struct buffer *buffer = buffer_new(rig->driver[i], PAGE);
			struct queue_pair queue;

			driver_create_queue(rig->driver[i], &queue, 1, 16, 1);
			assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
			assert_int_equal(get16(data, 520) & optional_commands[n].oncs,
					 i == 1 ? 0 : optional_commands[n].oncs);
			assert_success(driver_get_log(rig->driver[i], NVM_LOG_EFFECTS, 0, effects,
						      sizeof(effects)));
			for (size_t m = 0; m < ARRAY_SIZE(optional_commands); m++) {
				uint8_t opcode = optional_commands[m].opcode;
				bool known = i == 2 || m != n;

				assert_int_equal(get32(effects, 1024 + 4 * opcode) & CSUPP, known);
				assert_int_equal(is_known(&queue, opcode, buffer), known);
			}
			assert_true(is_known(&queue, NVM_IO_READ, buffer));
		}
		rig_free(rig);
	}
}

TEST_CASE(optional_admin_command)
{
	struct nvmove_vsubsystem_config config = everything();
	uint8_t data[NVM_IDENTIFY_SIZE], effects[4096];
	struct rig *rig;

	assert_int_equal(config.oacs, NVM_CTRL_OACS_DOORBELL_BUFFER);
	config.oacs = 0;
	rig = rig_new_narrowed(&config);
	for (unsigned int i = 1; i <= 2; i++) {
		uint64_t pages = guest_alloc(rig->driver[i]->memory, 2 * PAGE);

		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(get16(data, 256), i == 1 ? 0 : NVM_CTRL_OACS_DOORBELL_BUFFER);
		assert_success(driver_get_log(rig->driver[i], NVM_LOG_EFFECTS, 0, effects,
					      sizeof(effects)));
		assert_int_equal(get32(effects, 4 * NVM_ADMIN_DOORBELL_BUFFER_CONFIG) & CSUPP,
				 i == 2);
		assert_status(ADMIN(rig->driver[i], .opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG,
				    .prp1 = pages, .prp2 = pages + PAGE),
			      i == 1 ? NVM_SC_INVALID_OPCODE : NVM_SC_SUCCESS);
	}
	rig_free(rig);
}

static void feature_is_known(struct driver *driver, unsigned int fid, bool known)
{
	unsigned int status = known ? NVM_SC_SUCCESS : NVM_SC_INVALID_FIELD;
	uint8_t log[1024];

	assert_status(driver_get_feature(driver, fid, NVM_FEAT_SEL_CURRENT, 0, 0), status);
	assert_status(driver_get_feature(driver, fid, NVM_FEAT_SEL_SUPPORTED, 0, 0), status);
	assert_status(driver_set_feature(driver, fid, 0, 1), status);
	assert_success(driver_get_log(driver, NVM_LOG_FEATURES, 0, log, sizeof(log)));
	assert_int_equal(get32(log, 4 * fid) & 1, known);
}

TEST_CASE(timestamp)
{
	struct nvmove_vsubsystem_config config = everything();
	struct rig *rig;

	config.oncs &= ~NVM_CTRL_ONCS_TIMESTAMP;
	rig = rig_new_narrowed(&config);
	feature_is_known(rig->driver[1], NVM_FEAT_TIMESTAMP, false);
	feature_is_known(rig->driver[2], NVM_FEAT_TIMESTAMP, true);
	rig_free(rig);
}

TEST_CASE(select_and_save)
{
	struct nvmove_vsubsystem_config config = everything();
	struct rig *rig;

	config.oncs &= ~NVM_CTRL_ONCS_SAVE_SELECT;
	rig = rig_new_narrowed(&config);
	for (unsigned int select = 0; select <= 3; select++) {
		assert_status(driver_get_feature(rig->driver[1], NVM_FEAT_ARBITRATION, select, 0,
						 0),
			      select ? NVM_SC_INVALID_FIELD : NVM_SC_SUCCESS);
		assert_success(driver_get_feature(rig->driver[2], NVM_FEAT_ARBITRATION, select, 0,
						  0));
	}
	assert_success(driver_set_feature(rig->driver[1], NVM_FEAT_ARBITRATION, 0, 3));
	assert_status(ADMIN(rig->driver[1], .opcode = NVM_ADMIN_SET_FEATURES,
			    .cdw10 = 1u << 31 | NVM_FEAT_ARBITRATION, .cdw11 = 4),
		      NVM_SC_INVALID_FIELD);
	assert_int_equal(driver_get_feature(rig->driver[1], NVM_FEAT_ARBITRATION, 0, 0, 0).dw0, 3);
	rig_free(rig);
}

TEST_CASE(volatile_write_cache)
{
	struct nvmove_vsubsystem_config config = everything();
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct rig *rig;

	config.volatile_write_cache = false;
	rig = rig_new_narrowed(&config);
	for (unsigned int i = 1; i <= 2; i++) {
		struct buffer *buffer = buffer_new(rig->driver[i], 512);
		struct queue_pair queue;

		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(data[525], i == 1 ? 6 : 7);
		feature_is_known(rig->driver[i], NVM_FEAT_VOLATILE_WC, i == 2);
		driver_create_queue(rig->driver[i], &queue, 1, 16, 1);
		assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 1, buffer));
		/* Without a cache, what has completed is durable. */
		assert_int_equal(rig->medium[3]->last_flags[NVMOVE_MEDIA_WRITE],
				 i == 1 ? NVMOVE_MEDIA_F_FUA : 0);
		assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 3));
	}
	rig_free(rig);
}

TEST_CASE(a_narrowed_controller_migrates)
{
	struct nvmove_vsubsystem_config config = everything();
	uint8_t before[NVM_IDENTIFY_SIZE], after[NVM_IDENTIFY_SIZE];
	struct rig *source, *destination;

	config.mdts = 1;
	config.max_queue_entries = 16;
	config.num_namespaces = 4;
	config.oncs = NVM_CTRL_ONCS_DSM;
	config.volatile_write_cache = false;
	source = rig_new_narrowed(&config);
	destination = rig_new_destination(source, 0);
	rig_join(destination, 1, &config, 1);
	rig_online(destination, 1, 3, 3);
	rig_suspend(destination, 1);
	assert_success(driver_identify(source->driver[1], NVM_CNS_CTRL, 0, 0, before));
	rig_migrate(source, destination, 1);
	assert_success(driver_identify(destination->driver[1], NVM_CNS_CTRL, 0, 0, after));
	assert_memory_equal(before, after, sizeof(before));
	feature_is_known(destination->driver[1], NVM_FEAT_VOLATILE_WC, false);
	rig_free(destination);
	rig_free(source);
}

RUN_TESTS("virtual_subsystem_limits",
	  cmocka_unit_test(transfers),
	  cmocka_unit_test(queue_entries),
	  cmocka_unit_test(resources),
	  cmocka_unit_test(namespace_ids),
	  cmocka_unit_test(optional_io_commands),
	  cmocka_unit_test(optional_admin_command),
	  cmocka_unit_test(timestamp),
	  cmocka_unit_test(select_and_save),
	  cmocka_unit_test(volatile_write_cache),
	  cmocka_unit_test(a_narrowed_controller_migrates));
