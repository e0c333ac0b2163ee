// SPDX-License-Identifier: BSD-2-Clause
/*
 * The conformance tests against ctrl/ in this process: a back end that is the host of both
 * controllers, and two ways to run the table: each requirement alone, and all of them in one
 * session, as against hardware. Nothing may be skipped that is not named here.
 */
#include "../unit/harness.h"
#include "conformance.h"

#define MMC_INDEX	0
#define TARGET_INDEX	1
#define TARGET_NSID	3
#define QUEUE_ENTRIES	16

/**
 * struct in_process - the back end
 * @queue: the guest's, the first has the lowest identifier
 * @event_cid: of the Asynchronous Event Request submitted to the MMC, while @event_expected
 * @event: its completion, once @event_done
 */
struct in_process {
	struct backend base;
	struct rig *rig;
	struct queue_pair queue[GUEST_QUEUES];
	bool event_expected;
	bool event_done;
	uint16_t event_cid;
	struct admin_result event;
};

static struct in_process *in_process(struct backend *backend)
{
	return (struct in_process *)backend;
}

static struct driver *guest_driver(struct backend *backend)
{
	return in_process(backend)->rig->driver[TARGET_INDEX];
}

/* ---- admin commands ---- */

static void fill_result(struct admin_result *result, const struct completion *completion)
{
	*result = (struct admin_result){
		.status = completion->status, .dw0 = completion->dw0, .dw1 = completion->dw1,
	};
}

/* Whether the command with this id has completed. */
static bool take_completion(struct in_process *self, struct driver *driver, uint16_t cid,
			    struct admin_result *result)
{
	struct completion completion;
	bool found = false;

	rig_run(self->rig);
	while (cq_poll(&driver->admin.cq, &completion)) {
		cq_ring(&driver->admin.cq);
		if (completion.cid == cid) {
			fill_result(result, &completion);
			found = true;
		} else if (self->event_expected && completion.cid == self->event_cid) {
			fill_result(&self->event, &completion);
			self->event_expected = false;
			self->event_done = true;
		}
	}
	return found;
}

static void start_if_stopped(struct driver *driver)
{
	if (!driver_is_ready(driver))
		driver_enable(driver);
}

static int in_process_admin(struct backend *backend, enum role role,
			    const struct admin_command *command, struct admin_result *result)
{
	struct in_process *self = in_process(backend);
	struct driver *driver = self->rig->driver[role == MMC ? MMC_INDEX : TARGET_INDEX];
	struct command entry = {
		.opcode = command->opcode, .nsid = command->nsid, .prp1 = command->prp1,
		.cdw10 = command->cdw10, .cdw11 = command->cdw11, .cdw12 = command->cdw12,
		.cdw13 = command->cdw13, .cdw14 = command->cdw14, .cdw15 = command->cdw15,
	};
	struct buffer *buffer = NULL;
	uint16_t cid;

	if (role == MIGRATABLE)
		start_if_stopped(driver);
	if (!command->prp1 && command->length) {
		buffer = buffer_new_at(driver, command->length, command->page_offset, 0);
		buffer_write(buffer, 0, command->data, command->length);
		entry.prp1 = buffer->prp1;
		entry.prp2 = buffer->prp2;
	}
	cid = sq_submit(&driver->admin.sq, &entry);
	if (!take_completion(self, driver, cid, result)) {
		/* It may wait for I/O that the guest has in flight. */
		scripted_release(self->rig->medium[TARGET_NSID]);
		if (!take_completion(self, driver, cid, result))
			return -ETIMEDOUT;
	}
	if (buffer && !(command->opcode & 1))
		buffer_read(buffer, 0, command->data, command->length);
	return 0;
}

static bool in_process_migratable(struct backend *backend)
{
	(void)backend;
	return true;
}

static int in_process_reset(struct backend *backend)
{
	struct in_process *self = in_process(backend);

	driver_disable(self->rig->driver[MMC_INDEX]);
	driver_enable(self->rig->driver[MMC_INDEX]);
	self->event_expected = false;
	return 0;
}

static uint64_t in_process_queue_memory(struct backend *backend, size_t length)
{
	return guest_alloc(in_process(backend)->rig->function[MMC_INDEX].memory, length);
}

static void in_process_queue_memory_read(struct backend *backend, uint64_t address, void *data,
					 size_t length)
{
	guest_read(in_process(backend)->rig->function[MMC_INDEX].memory, address, data, length);
}

static void in_process_async_event_request(struct backend *backend)
{
	struct in_process *self = in_process(backend);

	self->event_done = false;
	/* One that a test has left outstanding does. */
	if (self->event_expected)
		return;
	self->event_cid = driver_submit_aer(self->rig->driver[MMC_INDEX]);
	self->event_expected = true;
}

static bool in_process_async_event(struct backend *backend, struct admin_result *result)
{
	struct in_process *self = in_process(backend);
	struct admin_result none;

	take_completion(self, self->rig->driver[MMC_INDEX], self->event_cid ^ 0xffff, &none);
	*result = self->event;
	return self->event_done;
}

/* ---- the guest ---- */

static void guest_stop(struct backend *backend)
{
	struct driver *driver = guest_driver(backend);

	scripted_release(in_process(backend)->rig->medium[TARGET_NSID]);
	if (driver_is_ready(driver))
		driver_disable(driver);
}

static void guest_start(struct backend *backend)
{
	struct in_process *self = in_process(backend);
	struct driver *driver = guest_driver(backend);

	guest_stop(backend);
	driver_enable(driver);
	for (unsigned int i = GUEST_QUEUES; i > 0; i--)
		driver_create_queue(driver, &self->queue[i - 1], i, QUEUE_ENTRIES, i);
}

static struct guest_queue guest_queue(struct backend *backend, unsigned int index)
{
	const struct queue_pair *pair = &in_process(backend)->queue[index];

	return (struct guest_queue){
		.sq_address = pair->sq.addr, .cq_address = pair->cq.addr,
		.qid = pair->sq.qid, .entries = pair->sq.entries, .vector = pair->sq.qid,
	};
}

static uint32_t guest_nsid(struct backend *backend)
{
	(void)backend;
	return TARGET_NSID;
}

static uint64_t guest_allocate(struct backend *backend, size_t length)
{
	return guest_alloc(guest_driver(backend)->memory, length);
}

static uint64_t guest_memory_checksum(struct backend *backend)
{
	return guest_checksum(guest_driver(backend)->memory);
}

static void guest_push(struct backend *backend, unsigned int index, const struct guest_io *io)
{
	struct command command = {
		.opcode = io->opcode, .nsid = io->nsid, .prp1 = io->address,
		.cdw10 = (uint32_t)io->slba, .cdw11 = io->slba >> 32, .cdw12 = io->blocks - 1,
	};

	sq_push(&in_process(backend)->queue[index].sq, &command);
}

/* What is fetched stays in flight until somebody has to wait for it. */
static void guest_ring(struct backend *backend, unsigned int index)
{
	struct in_process *self = in_process(backend);

	self->rig->medium[TARGET_NSID]->hold = true;
	sq_ring(&self->queue[index].sq);
	rig_run(self->rig);
}

static unsigned int guest_completions(struct backend *backend, unsigned int index,
				      unsigned int *status)
{
	struct in_process *self = in_process(backend);
	struct completion_queue *cq = &self->queue[index].cq;
	struct completion completion;
	unsigned int taken = 0;

	scripted_release(self->rig->medium[TARGET_NSID]);
	rig_run(self->rig);
	while (cq_poll(cq, &completion)) {
		cq_ring(cq);
		*status = completion.status;
		taken++;
	}
	return taken;
}

static void guest_async_event_request(struct backend *backend)
{
	driver_submit_aer(guest_driver(backend));
}

static unsigned int guest_async_events(struct backend *backend)
{
	struct completion completion;
	unsigned int taken = 0;

	rig_run(in_process(backend)->rig);
	while (cq_poll(&guest_driver(backend)->admin.cq, &completion))
		taken++;
	return taken;
}

static uint32_t guest_csts(struct backend *backend)
{
	return driver_read32(guest_driver(backend), NVM_REG_CSTS);
}

static const struct guest_ops guest_ops = {
	.start = guest_start,
	.stop = guest_stop,
	.queue = guest_queue,
	.nsid = guest_nsid,
	.allocate = guest_allocate,
	.checksum = guest_memory_checksum,
	.push = guest_push,
	.ring = guest_ring,
	.completions = guest_completions,
	.async_event_request = guest_async_event_request,
	.async_events = guest_async_events,
	.csts = guest_csts,
};

static const struct backend_ops in_process_ops = {
	.admin = in_process_admin,
	.reset = in_process_reset,
	.queue_memory = in_process_queue_memory,
	.queue_memory_read = in_process_queue_memory_read,
	.async_event_request = in_process_async_event_request,
	.async_event = in_process_async_event,
	.migratable = in_process_migratable,
	.guest = &guest_ops,
};

/* ---- the table as tests ---- */

/* Demands of optional behaviour that ctrl/ does not have. */
static const char *const not_applicable[] = {
	"memory_power_of_two",		/* MRTLL is 0: lengths are free */
};

static bool is_applicable(const struct requirement *requirement)
{
	for (size_t i = 0; i < ARRAY_LENGTH(not_applicable); i++)
		if (!strcmp(not_applicable[i], requirement->id))
			return false;
	return true;
}

static void open_session(struct in_process *self, struct session *session)
{
	const char *problem;

	*self = (struct in_process){ .base.ops = &in_process_ops, .rig = rig_new_enabled(NULL) };
	nvmove_subsystem_set_vfs(self->rig->subsystem, self->rig->options.num_secondary);
	rig_online(self->rig, TARGET_INDEX, 5, 5);
	*session = (struct session){
		.backend = &self->base,
		.target = (uint16_t)(self->rig->options.first_cntlid + TARGET_INDEX),
	};
	problem = session_open(session);
	if (problem)
		fail_msg("session: %s", problem);
}

static void close_session(struct in_process *self, struct session *session)
{
	const char *problem = session_close(session);

	if (problem)
		fail_msg("the device was not put back: %s", problem);
	rig_free(self->rig);
}

static void judge(const struct session *session, const struct requirement *requirement)
{
	enum outcome expected = is_applicable(requirement) ? PASSED : SKIPPED;

	if (session->outcome != expected)
		fail_msg("%s: %s: %s", requirement->id,
			 session->outcome == FAILED ? "failed" :
			 session->outcome == SKIPPED ? "skipped" : "passed", session->reason);
}

static void test_alone(void **state)
{
	const struct requirement *requirement = *state;
	struct in_process self;
	struct session session;

	open_session(&self, &session);
	session_run(&session, requirement);
	judge(&session, requirement);
	close_session(&self, &session);
}

/* In both orders, so that no test lives on what another has left. */
static void test_one_session(void **state)
{
	struct in_process self;
	struct session session;

	(void)state;
	open_session(&self, &session);
	for (size_t i = 0; i < nr_requirements; i++) {
		session_run(&session, &requirements[i]);
		judge(&session, &requirements[i]);
	}
	for (size_t i = nr_requirements; i > 0; i--) {
		session_run(&session, &requirements[i - 1]);
		judge(&session, &requirements[i - 1]);
	}
	close_session(&self, &session);
}

int main(void)
{
	struct CMUnitTest *tests = calloc(nr_requirements + 1, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < nr_requirements; i++)
		tests[i] = (struct CMUnitTest){
			.name = requirements[i].id, .test_func = test_alone,
			.initial_state = (void *)&requirements[i],
		};
	tests[nr_requirements] = (struct CMUnitTest){
		.name = "one_session", .test_func = test_one_session,
	};
	failed = _cmocka_run_group_tests("conformance", tests, nr_requirements + 1, NULL, NULL);
	free(tests);
	return failed;
}
