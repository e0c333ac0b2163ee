// SPDX-License-Identifier: BSD-2-Clause
/*
 * A controller that was saved on one host and loaded on another cannot be told from the original
 * (R1): registers, features, logs, events, queues and every command that was on its way. The two
 * hosts share the guest's memory and the medium, as they do in a migration.
 */
#include "state_editor.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

TEST_CASE(a_loaded_state_saves_as_the_same_bytes)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue[3];
	struct nvmove_cstate_timers *timers;
	struct state state, again;

	for (unsigned int i = 0; i < 3; i++)
		driver_create_queue(driver, &queue[i], i + 1, 16 + i, i + 1);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(queue_command(&queue[i % 3], &flush));
	driver_submit_aer(driver);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	destination = rig_new_destination(source, 1);
	rig_load(destination, 1, state.data, state.size);
	again = state_of(destination, 1);
	/* One thing is new, and the host is told: the timestamp stood still (Base 5.27.1.11). */
	timers = (void *)state_payload(&state, NVMOVE_CSTATE_TIMERS, NULL);
	assert_int_equal(timers->timestamp_synch, 0);
	timers->timestamp_synch = 1;
	state_seal(&state);
	assert_int_equal(again.size, state.size);
	assert_memory_equal(again.data, state.data, state.size);
	state_free(&again);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(saving_changes_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state first, second;

	driver_submit_aer(rig->driver[1]);
	rig_run(rig);
	rig_suspend(rig, 1);
	first = state_of(rig, 1);
	second = state_of(rig, 1);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	state_free(&first);
	state_free(&second);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	rig_free(rig);
}

TEST_CASE(a_buffer_that_is_too_small_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;
	uint8_t *buf;
	size_t size;

	rig_suspend(rig, 1);
	size = nvmove_ctrl_state_size(ctrl);
	assert_int_equal(size % 4, 0);
	for (size_t less = 1; less <= size; less += size / 13) {
		buf = malloc(size - less);
		assert_int_equal(nvmove_ctrl_save(ctrl, buf, size - less), -ENOSPC);
		free(buf);
	}
	buf = malloc(size + 100);
	memset(buf, 0x3c, size + 100);
	assert_int_equal(nvmove_ctrl_save(ctrl, buf, size + 100), size);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(buf[size + i], 0x3c);
	free(buf);
	rig_free(rig);
}

TEST_CASE(the_state_is_the_documented_container)
{
	static const uint8_t uuid[16] = {
		0xa2, 0xf4, 0xb6, 0xce, 0x6f, 0x1d, 0x4a, 0x0e,
		0x9d, 0x43, 0x6e, 0x76, 0x6d, 0x6f, 0x76, 0x65,
	};
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct queue_pair queue[2];
	size_t vendor, at, end;
	struct state state;
	uint32_t seen = 0;

	driver_create_queue(driver, &queue[0], 1, 16, 1);
	driver_create_queue(driver, &queue[1], 3, 32, 2);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(queue_command(&queue[0], &flush));
	sq_submit(&queue[1].sq, &flush);
	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	assert_int_equal(get16(state.data, 0), 0);		/* VER */
	assert_int_equal(state.data[2], 1);			/* CSATTR: suspended */
	assert_true(is_zero(state.data + 3, 13));
	assert_int_equal(get64(state.data, 16), (8 + 2 * 24 + 2 * 24) / 4);
	assert_int_equal(get64(state.data, 24), 0);
	assert_int_equal(get64(state.data, 40), 0);
	vendor = state_vendor(&state);
	assert_int_equal(vendor + get64(state.data, 32) * 4, state.size);

	assert_int_equal(get16(state.data, 48), 0);		/* NVMe Controller State: VER */
	assert_int_equal(get16(state.data, 50), 2);		/* NIOSQ */
	assert_int_equal(get16(state.data, 52), 2);		/* NIOCQ */
	at = state_sq(&state, 0);
	assert_int_equal(get64(state.data, at), queue[0].sq.addr);
	assert_int_equal(get16(state.data, at + 8), 15);	/* QSIZE, 0-based */
	assert_int_equal(get16(state.data, at + 10), 1);	/* QID */
	assert_int_equal(get16(state.data, at + 12), 1);	/* CQID */
	assert_int_equal(get16(state.data, at + 14), 1);	/* PC */
	assert_int_equal(get16(state.data, at + 16), 4);	/* head */
	assert_int_equal(get16(state.data, at + 18), 4);	/* tail */
	at = state_sq(&state, 1);
	assert_int_equal(get16(state.data, at + 10), 3);
	assert_int_equal(get16(state.data, at + 8), 31);
	assert_int_equal(get16(state.data, at + 18), 1);
	at = state_cq(&state, 0);
	assert_int_equal(get64(state.data, at), queue[0].cq.addr);
	assert_int_equal(get16(state.data, at + 8), 15);
	assert_int_equal(get16(state.data, at + 10), 1);
	assert_int_equal(get16(state.data, at + 12), 4);	/* head */
	assert_int_equal(get16(state.data, at + 14), 4);	/* tail */
	/* PC, IEN, vector 1; slot 0 carries the second lap's phase, 0. */
	assert_int_equal(get32(state.data, at + 16), 1 << 16 | 1 << 1 | 1);
	at = state_cq(&state, 1);
	assert_int_equal(get16(state.data, at + 10), 3);
	assert_int_equal(get32(state.data, at + 16) >> 16, 2);

	assert_memory_equal(state.data + vendor, uuid, 16);
	assert_int_equal(get16(state.data, vendor + 16), NVMOVE_CSTATE_MAJOR);
	assert_int_equal(get16(state.data, vendor + 18), NVMOVE_CSTATE_MINOR);
	assert_int_equal(get32(state.data, vendor + 24), state_crc32c(state.data, vendor));
	at = vendor + 32;
	end = state.size;
	for (uint32_t n = get32(state.data, vendor + 20); n; n--) {
		unsigned int type = get16(state.data, at);
		uint32_t crc = get32(state.data, at + 12), len = get32(state.data, at + 8);

		assert_in_range(type, 1, NVMOVE_CSTATE_TYPE_MAX);
		assert_int_equal(seen >> type & 1, 0);
		seen |= 1u << type;
		assert_int_equal(get16(state.data, at + 2), 1);
		assert_int_equal(len % 4, 0);
		put32(state.data, at + 12, 0);
		assert_int_equal(state_crc32c(state.data + at, 16 + len), crc);
		at += 16 + len;
	}
	assert_int_equal(at, end);
	assert_int_equal(seen & 1u << NVMOVE_CSTATE_IDENTITY, 1u << NVMOVE_CSTATE_IDENTITY);
	assert_int_equal(seen & 1u << NVMOVE_CSTATE_REGISTERS, 1u << NVMOVE_CSTATE_REGISTERS);
	assert_int_equal(seen & 1u << NVMOVE_CSTATE_FEATURES, 1u << NVMOVE_CSTATE_FEATURES);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(the_size_grows_with_the_queues)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct queue_pair queue;
	size_t before;

	rig_suspend(rig, 1);
	before = nvmove_ctrl_state_size(rig->function[1].ctrl);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	rig_suspend(rig, 1);
	assert_int_equal(nvmove_ctrl_state_size(rig->function[1].ctrl), before + 48);
	rig_free(rig);
}

/* ---- what a host can observe ---- */

#define OBSERVED_MAX	(64 << 10)

/** struct observed - @synch: where the Timestamp's attributes are, which tell of the suspension */
struct observed {
	size_t len;
	size_t synch;
	uint8_t data[OBSERVED_MAX];
};

static void observe(struct observed *observed, const void *data, size_t len)
{
	assert_true(observed->len + len <= OBSERVED_MAX);
	memcpy(observed->data + observed->len, data, len);
	observed->len += len;
}

static void observe_registers(struct driver *driver, struct observed *observed)
{
	for (unsigned int offset = 0; offset < 0x70; offset += 4) {
		uint32_t value = driver_read32(driver, offset);

		observe(observed, &value, sizeof(value));
	}
}

static void observe_feature(struct driver *driver, struct observed *observed, unsigned int fid,
			    uint32_t nsid, uint32_t cdw11)
{
	for (unsigned int select = 0; select < 4; select++) {
		uint8_t data[512];
		struct completion completion;

		completion = driver_read_page(driver, (struct command){
			.opcode = NVM_ADMIN_GET_FEATURES, .nsid = nsid,
			.cdw10 = select << 8 | fid, .cdw11 = cdw11,
		}, data, sizeof(data));
		observe(observed, &completion.dw0, sizeof(completion.dw0));
		observe(observed, &completion.status, sizeof(completion.status));
		if (fid == NVM_FEAT_TIMESTAMP && select == NVM_FEAT_SEL_CURRENT)
			observed->synch = observed->len + 6;
		observe(observed, data, 16);
	}
}

static void observe_features(struct driver *driver, struct observed *observed)
{
	static const uint8_t fids[] = { 0x01, 0x02, 0x06, 0x07, 0x08, 0x0a, 0x0b, 0x0e, 0x0f, 0x16,
					0x19, 0x81 };

	for (size_t i = 0; i < sizeof(fids); i++)
		observe_feature(driver, observed, fids[i], 0, fids[i] == 0x81);
	for (unsigned int vector = 0; vector < 5; vector++)
		observe_feature(driver, observed, NVM_FEAT_IRQ_CONFIG, 0, vector);
	for (unsigned int type = 0; type < 2; type++)
		observe_feature(driver, observed, NVM_FEAT_TEMP_THRESHOLD, 0, type << 20);
	observe_feature(driver, observed, NVM_FEAT_ERROR_RECOVERY, 2, 0);
	observe_feature(driver, observed, NVM_FEAT_ERROR_RECOVERY, 3, 0);
	for (uint32_t nsid = 2; nsid <= 3; nsid++) {
		observe_feature(driver, observed, NVM_FEAT_RESV_MASK, nsid, 0);
		observe_feature(driver, observed, NVM_FEAT_RESV_PERSIST, nsid, 0);
	}
}

static void observe_logs(struct driver *driver, struct observed *observed)
{
	static const struct {
		uint8_t page;
		uint16_t len;
	} logs[] = {
		{ 0x00, 1024 }, { 0x01, 63 * 64 }, { 0x02, 512 }, { 0x03, 512 }, { 0x04, 4096 },
		{ 0x05, 4096 }, { 0x12, 1024 }, { 0x80, 64 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		uint8_t data[4096];

		assert_success(driver_peek_log(driver, logs[i].page, 0, data, logs[i].len));
		observe(observed, data, logs[i].len);
	}
}

static void observe_identity(struct driver *driver, struct observed *observed)
{
	static const uint8_t cns[] = { 0x00, 0x01, 0x02, 0x03, 0x08, 0x1c };

	for (size_t i = 0; i < sizeof(cns); i++) {
		for (uint32_t nsid = cns[i] == 0x01 ? 3 : 2; nsid <= 3; nsid++) {
			uint8_t data[NVM_IDENTIFY_SIZE];

			assert_success(driver_identify(driver, cns[i], cns[i] == 0x02 ? 0 : nsid,
						       cns[i] == 0x1c ? 0xffff : 0, data));
			observe(observed, data, sizeof(data));
		}
	}
}

static struct observed *observe_all(struct driver *driver)
{
	struct observed *observed = calloc(1, sizeof(*observed));

	assert_non_null(observed);
	observe_registers(driver, observed);
	observe_features(driver, observed);
	observe_logs(driver, observed);
	observe_identity(driver, observed);
	return observed;
}

/** change_everything() - give every observable thing a value that is not its default */
static void change_everything(struct rig *rig, struct driver *driver)
{
	static const uint8_t host_id[16] = { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 11, 12, 13, 14, 15, 16 };
	uint8_t data[512] = { 1 };

	assert_success(driver_set_feature(driver, NVM_FEAT_ARBITRATION, 0, 0x01020303));
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 350));
	assert_success(driver_set_feature(driver, NVM_FEAT_TEMP_THRESHOLD, 0, 1 << 20 | 290));
	assert_success(driver_set_feature(driver, NVM_FEAT_ERROR_RECOVERY, 2, 33));
	assert_success(driver_set_feature(driver, NVM_FEAT_RESV_MASK, 2, 0xa));
	assert_success(driver_set_feature(driver, NVM_FEAT_RESV_PERSIST, 2, 1));
	assert_success(driver_set_feature(driver, NVM_FEAT_VOLATILE_WC, 0, 0));
	assert_success(driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 2 << 16 | 2));
	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_COALESCE, 0, 0x0203));
	assert_success(driver_set_feature(driver, NVM_FEAT_IRQ_CONFIG, 0, 1 << 16 | 3));
	assert_success(driver_set_feature(driver, NVM_FEAT_WRITE_ATOMICITY, 0, 1));
	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8 | 2));
	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 30000));
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, data, sizeof(data)));
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = 1,
	}, host_id, sizeof(host_id)));
	put64(data, 0, 1650000000000);
	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_TIMESTAMP,
	}, data, 8));
	for (unsigned int i = 0; i < 5; i++)
		assert_status(ADMIN(driver, .opcode = 0x70 + i, .nsid = i), NVM_SC_INVALID_OPCODE);
	assert_int_equal(nvmove_namespace_detach(rig->function[1].ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 3), 0);
	driver_write32(driver, NVM_REG_INTMS, 1 << 4);
	rig_run(rig);
}

static void some_io(struct driver *driver, struct queue_pair *queue)
{
	struct buffer *buffer = buffer_new(driver, 64 * 512);

	for (unsigned int i = 0; i < 40; i++) {
		assert_success(queue_rw(queue, NVM_IO_WRITE, 3, i, 64, buffer));
		assert_success(queue_rw(queue, NVM_IO_READ, 3, i, 64, buffer));
	}
}

TEST_CASE(nothing_that_a_host_can_observe_changes)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct observed *before, *after;
	struct queue_pair queue;

	change_everything(source, driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	some_io(driver, &queue);
	rig_advance(source, 7200 * MS);
	before = observe_all(driver);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	after = observe_all(driver);
	assert_int_equal(before->len, after->len);
	assert_int_equal(before->data[before->synch] & 1, 0);
	before->data[before->synch] |= 1;
	for (size_t i = 0; i < before->len; i++)
		if (before->data[i] != after->data[i])
			fail_msg("observed byte %zu of %zu: %#x before, %#x after", i, before->len,
				 before->data[i], after->data[i]);
	free(before);
	free(after);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(commands_not_yet_fetched_are_executed_on_the_destination)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct buffer *buffer[15];
	struct queue_pair queue;
	uint16_t cid[15];

	driver_create_queue(driver, &queue, 1, 16, 1);
	pattern_fill(source->medium[3]->data, 15 * 512, 3);
	for (unsigned int i = 0; i < 15; i++) {
		struct command read;

		buffer[i] = buffer_new(driver, 512);
		read = rw_command(NVM_IO_READ, 3, i, 1, buffer[i]);
		cid[i] = sq_push(&queue.sq, &read);
	}
	sq_ring(&queue.sq);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	for (unsigned int i = 0; i < 15; i++) {
		struct completion completion = cq_take(&queue.cq);
		uint8_t data[512];

		assert_success(completion);
		assert_int_equal(completion.cid, cid[i]);
		buffer_read(buffer[i], 0, data, sizeof(data));
		assert_memory_equal(data, source->medium[3]->data + i * 512, 512);
	}
	cq_assert_empty(&queue.cq);
	rig_free(destination);
	rig_free(source);
}

/** struct workload - commands on several queues, each of which must complete exactly once */
struct workload {
	struct driver *driver;
	struct queue_pair queue[3];
	uint8_t outstanding[65536];	/* by command id */
	unsigned int submitted;
	unsigned int completed;
	struct buffer *buffer;
};

static void workload_submit(struct workload *workload, unsigned int at, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct command read = rw_command(NVM_IO_READ, 3, i, 1, workload->buffer);
		uint16_t cid = sq_push(&workload->queue[at].sq, &read);

		assert_int_equal(workload->outstanding[cid], 0);
		workload->outstanding[cid] = 1 + at;
		workload->submitted++;
	}
	sq_ring(&workload->queue[at].sq);
}

static unsigned int workload_reap(struct workload *workload, unsigned int at, unsigned int most)
{
	struct completion completion;
	unsigned int count = 0;

	while (count < most && cq_poll(&workload->queue[at].cq, &completion)) {
		assert_success(completion);
		assert_int_equal(workload->outstanding[completion.cid], 1 + at);
		assert_int_equal(completion.sqid, at + 1);
		workload->outstanding[completion.cid] = 0;
		workload->completed++;
		count++;
	}
	cq_ring(&workload->queue[at].cq);
	return count;
}

static struct workload *workload_new(struct rig *rig)
{
	struct workload *workload = calloc(1, sizeof(*workload));

	assert_non_null(workload);
	workload->driver = rig->driver[1];
	workload->buffer = buffer_new(workload->driver, 512);
	driver_create_cq(workload->driver, &workload->queue[0].cq, 1, 4, 1);
	driver_create_sq(workload->driver, &workload->queue[0].sq, 1, 33, 1);
	driver_create_queue(workload->driver, &workload->queue[1], 2, 17, 2);
	driver_create_queue(workload->driver, &workload->queue[2], 3, 64, 3);
	return workload;
}

TEST_CASE(full_queues_move_and_every_command_completes_once)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct workload *workload = workload_new(source);
	uint16_t aer[3], order[3];
	struct state state;
	int result;

	for (unsigned int i = 0; i < 3; i++)
		aer[i] = driver_submit_aer(driver);
	rig_run(source);
	source->medium[3]->hold = true;
	workload_submit(workload, 0, 30);	/* completion queue of 3: most do not fit */
	workload_submit(workload, 1, 10);
	rig_run(source);
	workload_submit(workload, 1, 6);
	workload_submit(workload, 2, 63);	/* rung, never fetched here */
	rig_suspend_begin(source, 1, &result);
	scripted_release(source->medium[3]);
	rig_run(source);
	assert_int_equal(result, 0);
	state = state_of(source, 1);
	destination = rig_new_destination(source, 1);
	rig_load(destination, 1, state.data, state.size);
	driver->function = &destination->function[1];
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	for (unsigned int round = 0; workload->completed < workload->submitted; round++) {
		rig_run(destination);
		assert_true(round < 200);
		for (unsigned int i = 0; i < 3; i++)
			workload_reap(workload, i, 5);
	}
	rig_run(destination);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(workload_reap(workload, i, 100), 0);
	assert_int_equal(workload->completed, 30 + 16 + 63);
	for (unsigned int i = 0; i < 3; i++) {
		struct completion completion;
		uint8_t data[64];

		driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
		completion = cq_take(&driver->admin.cq);
		assert_success(completion);
		order[i] = completion.cid;
		assert_success(driver_get_log(driver, NVM_LOG_ERROR, 0, data, sizeof(data)));
	}
	assert_memory_equal(order, aer, sizeof(aer));
	state_free(&state);
	free(workload);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_source_may_resume_instead)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct workload *workload = workload_new(rig);
	struct state state;

	workload_submit(workload, 0, 30);
	workload_submit(workload, 2, 63);
	rig_run(rig);
	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	state_free(&state);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	for (unsigned int round = 0; workload->completed < workload->submitted; round++) {
		rig_run(rig);
		assert_true(round < 200);
		workload_reap(workload, 0, 2);
		workload_reap(workload, 2, 9);
	}
	free(workload);
	rig_free(rig);
}

TEST_CASE(a_controller_moves_there_and_back_many_times_under_load)
{
	struct rig *rig[2];
	struct workload *workload;
	unsigned int at = 0;

	rig[0] = rig_new_secondaries(NULL, 1);
	workload = workload_new(rig[0]);
	rig[1] = rig_new_destination(rig[0], 1);
	for (unsigned int round = 0; round < 60; round++) {
		unsigned int room[3] = { 32, 16, 63 };

		for (unsigned int i = 0; i < 3; i++)
			for (unsigned int cid = 0; cid < 65536; cid++)
				room[i] -= workload->outstanding[cid] == 1 + i;
		for (unsigned int i = 0; i < 3; i++)
			workload_submit(workload, i, room[i]);
		if (round % 3)
			rig_run(rig[at]);
		for (unsigned int i = 0; i < 3; i++)
			workload_reap(workload, i, (round * 5 + i) % 11);
		rig_migrate(rig[at], rig[!at], 1);
		/* What stayed behind is reset and made ready to be a destination again. */
		nvmove_ctrl_reset(rig[at]->function[1].ctrl, NVMOVE_RESET_FLR);
		rig_suspend(rig[at], 1);
		at = !at;
		rig[at]->now = rig[!at]->now;
	}
	for (unsigned int round = 0; workload->completed < workload->submitted; round++) {
		rig_run(rig[at]);
		assert_true(round < 200);
		for (unsigned int i = 0; i < 3; i++)
			workload_reap(workload, i, 100);
	}
	assert_in_range(workload->completed, 700, 60 * 111);
	free(workload);
	rig_free(rig[1]);
	rig_free(rig[0]);
}

TEST_CASE(pending_and_masked_events_move)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct completion completion;
	uint8_t data[4096];
	uint16_t cid;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	cid = driver_submit_aer(driver);
	rig_run(source);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	completion = cq_take(&driver->admin.cq);
	assert_int_equal(completion.cid, cid);
	/* One event of a masked type and one that waits for a request. */
	driver_write32(driver, NVM_REG_DBS, 0xffff);
	assert_int_equal(nvmove_namespace_detach(source->function[1].ctrl, 3), 0);
	assert_int_equal(nvmove_namespace_attach(source->function[1].ctrl, 3), 0);
	rig_run(source);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	cq_assert_empty(&driver->admin.cq);
	cid = driver_submit_aer(driver);
	completion = cq_take(&driver->admin.cq);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.dw0, 2 | 4 << 16);
	driver_submit_aer(driver);
	cq_assert_empty(&driver->admin.cq);
	assert_success(driver_get_log(driver, NVM_LOG_CHANGED_NS, 0, data, sizeof(data)));
	assert_int_equal(get32(data, 0), 3);
	sq_submit(&driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_GET_LOG_PAGE, .nsid = NVM_NSID_ALL,
		.cdw10 = 15 << 16 | NVM_LOG_ERROR, .prp1 = driver->scratch,
	});
	rig_run(destination);
	cid = 0;
	for (unsigned int i = 0; i < 2; i++) {
		completion = cq_take(&driver->admin.cq);
		assert_success(completion);
		cid += completion.dw0 == (1 << 8 | 1 << 16);
	}
	assert_int_equal(cid, 1);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_keep_alive_timer_moves_with_what_is_left_of_it)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 10000));
	rig_advance(source, 7000 * MS);
	destination = rig_new_destination(source, 1);
	destination->now = 5 * MS;	/* another host's clock */
	rig_migrate(source, destination, 1);
	rig_advance(destination, 2900 * MS);
	assert_true(driver_is_ready(driver));
	rig_advance(destination, 200 * MS);
	assert_false(driver_is_ready(driver));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(an_unread_completion_is_signalled_on_the_destination)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 2);
	sq_submit(&queue.sq, &flush);
	rig_run(source);
	destination = rig_new_destination(source, 1);
	assert_int_equal(destination->function[1].total_interrupts, 0);
	rig_migrate(source, destination, 1);
	assert_true(destination->function[1].interrupts[2] >= 1);
	assert_success(cq_take(&queue.cq));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_masked_interrupt_stays_masked)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 2);
	driver_write32(driver, NVM_REG_INTMS, 1 << 2);
	sq_submit(&queue.sq, &flush);
	rig_run(source);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_int_equal(destination->function[1].interrupts[2], 0);
	driver_write32(driver, NVM_REG_INTMC, 1 << 2);
	rig_run(destination);
	assert_int_equal(destination->function[1].interrupts[2], 1);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_disabled_controller_moves)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_disable(driver);
	driver_write64(driver, NVM_REG_ASQ, 0x123456789000);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_int_equal(driver_read64(driver, NVM_REG_ASQ), 0x123456789000);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	driver_enable(driver);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_fatal_controller_moves_as_fatal_and_recovers_there)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 100));
	rig_advance(source, 1000 * MS);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	driver_disable(driver);
	driver_enable(driver);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_shut_down_controller_moves_as_shut_down)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];

	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN | 1 << 14);
	rig_run(source);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) >> 2 & 3, 2);
	assert_int_equal(driver_read32(driver, NVM_REG_CC) >> 14 & 3, 1);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_guest_can_reset_and_go_on_after_the_move)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	assert_success(queue_command(&queue, &flush));
	driver_disable(driver);
	driver_enable(driver);
	driver_create_queue(driver, &queue, 2, 32, 3);
	assert_success(queue_command(&queue, &flush));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(larger_pages_and_other_dma_move)
{
	struct rig *source = rig_new(NULL), *destination;
	struct driver *driver = source->driver[1];
	struct buffer *buffer;
	struct queue_pair queue;

	driver_enable(source->driver[0]);
	nvmove_subsystem_set_vfs(source->subsystem, 3);
	rig_online(source, 1, 5, 5);
	driver->page_shift = 14;
	driver_enable(driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	source->options.dma_mode = DMA_COPIED;
	destination = rig_new_destination(source, 1);
	rig_migrate(source, destination, 1);
	buffer = buffer_new_at(driver, 96 << 10, 0x1200, 0x3ff8);
	buffer_pattern(buffer, 8);
	assert_success(queue_rw(&queue, NVM_IO_WRITE, 3, 0, 192, buffer));
	buffer_fill(buffer, 0);
	assert_success(queue_rw(&queue, NVM_IO_READ, 3, 0, 192, buffer));
	assert_buffer_pattern(buffer, 8);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(the_largest_queues_move)
{
	struct rig_options options = {
		.max_io_queues = 64, .max_vectors = 64, .max_queue_entries = 4096,
		.num_secondary = 1,
	};
	struct rig *source = rig_new(&options), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue[64];
	struct state state;

	driver_enable(source->driver[0]);
	nvmove_subsystem_set_vfs(source->subsystem, 1);
	rig_online(source, 1, 65, 64);
	driver_enable(driver);
	for (unsigned int i = 0; i < 64; i++)
		driver_create_queue(driver, &queue[i], i + 1, i % 8 ? 32 : 4096, i);
	for (unsigned int i = 0; i < 64; i++)
		sq_submit(&queue[i].sq, &flush);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	destination = rig_new_destination(source, 0);
	rig_online(destination, 1, 65, 64);
	rig_suspend(destination, 1);
	rig_load(destination, 1, state.data, state.size);
	driver->function = &destination->function[1];
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_success(cq_take(&queue[i].cq));
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

#define TICK	700001u		/* nanoseconds; not a divisor of a millisecond, nor a multiple */

/* A clock that goes on whenever it is read. */
static uint64_t ticking_now_ns(void *fn)
{
	return *(uint64_t *)fn += TICK;
}

static void never(void *fn, uint64_t deadline_ns)
{
	(void)fn;
	(void)deadline_ns;
}

TEST_CASE(the_timestamp_is_of_one_moment)
{
	static const struct nvmove_host_ops ops = { .now_ns = ticking_now_ns, .timer = never };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint64_t now = rig->now;
	struct state state;

	/* It has counted from 0 since the controller came online, and no time has passed. */
	rig_suspend(rig, 1);
	nvmove_ctrl_bind(rig->function[1].ctrl, &ops, &now);
	for (unsigned int i = 0; i < 20; i++) {
		const struct nvmove_cstate_timers *timers;

		state = state_of(rig, 1);
		timers = (void *)state_payload(&state, NVMOVE_CSTATE_TIMERS, NULL);
		assert_int_equal((timers->timestamp_ms * MS + timers->timestamp_ns) % TICK, 0);
		state_free(&state);
	}
	nvmove_ctrl_bind(rig->function[1].ctrl, NULL, NULL);
	rig_free(rig);
}

static void set_host_behavior(struct driver *driver, uint8_t acre)
{
	uint8_t data[512] = { acre };

	assert_success(driver_write_page(driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, data, sizeof(data)));
}

/** host_behavior_length() - bytes of data that feature 16h has in the state of controller 1 */
static uint32_t host_behavior_length(struct rig *rig)
{
	const uint8_t *payload;
	struct state state;
	size_t at = 0, end;
	uint32_t length;

	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	payload = state_payload(&state, NVMOVE_CSTATE_FEATURES, &end);
	while (at < end && payload[at] != NVM_FEAT_HOST_BEHAVIOR)
		at += sizeof(struct nvmove_cstate_feature) + get32(payload, at + 12);
	assert_true(at < end);
	length = get32(payload, at + 12);
	state_free(&state);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	return length;
}

/** moves_host_behavior() - @acre moves in @length bytes to a controller that has the other value */
static void moves_host_behavior(uint8_t acre, uint32_t length)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	uint8_t expected[512] = { acre }, data[512];

	set_host_behavior(driver, acre);
	assert_int_equal(host_behavior_length(source), length);
	destination = rig_new_destination(source, 1);
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	driver_enable(destination->driver[1]);
	set_host_behavior(destination->driver[1], !acre);
	rig_suspend(destination, 1);
	rig_migrate(source, destination, 1);
	assert_success(driver_read_page(driver, (struct command){
		.opcode = NVM_ADMIN_GET_FEATURES, .cdw10 = NVM_FEAT_HOST_BEHAVIOR,
	}, data, sizeof(data)));
	assert_memory_equal(data, expected, sizeof(data));
	rig_free(destination);
	rig_free(source);
}

/* What a state leaves out is zero in the controller afterwards, whatever was there before. */
TEST_CASE(host_behavior_moves_without_its_zeroes)
{
	moves_host_behavior(0, 0);
	moves_host_behavior(1, 4);
}

TEST_CASE(the_error_count_wraps_to_1_and_moves)
{
	struct rig *source = rig_new_secondaries(NULL, 1);
	struct rig *destination = rig_new_destination(source, 1);
	struct driver *driver = source->driver[1];
	struct state state;
	uint8_t data[128];

	assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	rig_suspend(source, 1);
	state = state_of(source, 1);
	put64(state_payload(&state, NVMOVE_CSTATE_ERROR_LOG, NULL), 0, UINT64_MAX);
	state_seal(&state);
	rig_load(destination, 1, state.data, state.size);
	state_free(&state);
	driver->function = &destination->function[1];
	assert_int_equal(nvmove_ctrl_resume(destination->function[1].ctrl), 0);
	assert_status(ADMIN(driver, .opcode = 0x7f), NVM_SC_INVALID_OPCODE);
	assert_success(driver_get_log(driver, NVM_LOG_ERROR, 0, data, sizeof(data)));
	assert_int_equal(get64(data, 0), 1);
	/* Three entries with a count of 1: what a controller can be in can be loaded. */
	rig_suspend(destination, 1);
	state = state_of(destination, 1);
	rig_load(source, 1, state.data, state.size);
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

RUN_TESTS("save_load_roundtrip",
	  cmocka_unit_test(a_loaded_state_saves_as_the_same_bytes),
	  cmocka_unit_test(saving_changes_nothing),
	  cmocka_unit_test(the_timestamp_is_of_one_moment),
	  cmocka_unit_test(a_buffer_that_is_too_small_is_refused),
	  cmocka_unit_test(the_state_is_the_documented_container),
	  cmocka_unit_test(the_size_grows_with_the_queues),
	  cmocka_unit_test(nothing_that_a_host_can_observe_changes),
	  cmocka_unit_test(commands_not_yet_fetched_are_executed_on_the_destination),
	  cmocka_unit_test(full_queues_move_and_every_command_completes_once),
	  cmocka_unit_test(the_source_may_resume_instead),
	  cmocka_unit_test(a_controller_moves_there_and_back_many_times_under_load),
	  cmocka_unit_test(pending_and_masked_events_move),
	  cmocka_unit_test(the_keep_alive_timer_moves_with_what_is_left_of_it),
	  cmocka_unit_test(an_unread_completion_is_signalled_on_the_destination),
	  cmocka_unit_test(a_masked_interrupt_stays_masked),
	  cmocka_unit_test(a_disabled_controller_moves),
	  cmocka_unit_test(a_fatal_controller_moves_as_fatal_and_recovers_there),
	  cmocka_unit_test(a_shut_down_controller_moves_as_shut_down),
	  cmocka_unit_test(the_guest_can_reset_and_go_on_after_the_move),
	  cmocka_unit_test(larger_pages_and_other_dma_move),
	  cmocka_unit_test(the_largest_queues_move),
	  cmocka_unit_test(host_behavior_moves_without_its_zeroes),
	  cmocka_unit_test(the_error_count_wraps_to_1_and_moves));
