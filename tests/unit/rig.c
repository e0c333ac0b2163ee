// SPDX-License-Identifier: BSD-2-Clause
/*
 * The fake host around a subsystem: PCI functions whose DMA goes through guest memory, a recorded
 * interrupt log, time that moves when the test says so, and a schedule that runs when the test says
 * so. Every rule that ctrl.h states for its callbacks is checked here.
 */
#include <stdio.h>

#include "harness.h"

#define MAX_ROUNDS	1000000u

/**
 * struct mapping - what dma_map handed out: a copy, so that the sanitizer catches what reaches
 * beyond it or comes after its end
 */
struct mapping {
	struct mapping *next;
	uint64_t addr;
	size_t len;
	enum nvmove_dma_direction dir;
	void *ptr;
};

static void *function_dma_map(void *fn, uint64_t addr, size_t *len, enum nvmove_dma_direction dir)
{
	struct function *function = fn;
	struct mapping *mapping;
	size_t room;

	if (!*len)
		fail_msg("dma_map of 0 bytes at %#llx", (unsigned long long)addr);
	if (function->dma_mode == DMA_MAP_REFUSED)
		return NULL;
	function->dma++;
	room = guest_dma_room(function->memory, addr);
	if (!room)
		return NULL;
	if (function->map_limit && room > function->map_limit)
		room = function->map_limit;
	if (*len > room)
		*len = room;
	mapping = calloc(1, sizeof(*mapping));
	assert_non_null(mapping);
	mapping->addr = addr;
	mapping->len = *len;
	mapping->dir = dir;
	mapping->ptr = malloc(*len);
	assert_non_null(mapping->ptr);
	if (dir == NVMOVE_DMA_TO_DEVICE)
		assert_int_equal(guest_dma_read(function->memory, addr, mapping->ptr, *len), 0);
	else
		memset(mapping->ptr, 0xdb, *len);
	mapping->next = function->mapped;
	function->mapped = mapping;
	return mapping->ptr;
}

static void function_dma_unmap(void *fn, void *ptr, size_t len, enum nvmove_dma_direction dir,
			       size_t written)
{
	struct function *function = fn;
	struct mapping **link = &function->mapped;
	struct mapping *mapping;

	while (*link && (*link)->ptr != ptr)
		link = &(*link)->next;
	mapping = *link;
	if (!mapping)
		fail_msg("dma_unmap of %p, which is not mapped", ptr);
	if (mapping->len != len || mapping->dir != dir)
		fail_msg("dma_unmap: length %zu, direction %d; dma_map gave %zu, %d", len, dir,
			 mapping->len, mapping->dir);
	if (written > len || (dir == NVMOVE_DMA_TO_DEVICE && written))
		fail_msg("dma_unmap: %zu bytes written, %zu mapped, direction %d", written, len,
			 dir);
	if (written) {
		function->dma++;
		guest_dma_write(function->memory, mapping->addr, ptr, written);
	}
	*link = mapping->next;
	free(mapping->ptr);
	free(mapping);
}

static int function_dma_read(void *fn, uint64_t addr, void *buf, size_t len)
{
	struct function *function = fn;

	function->dma++;
	return guest_dma_read(function->memory, addr, buf, len);
}

static int function_dma_write(void *fn, uint64_t addr, const void *buf, size_t len)
{
	struct function *function = fn;

	function->dma++;
	if (function->before_write)
		function->before_write(function, addr);
	return guest_dma_write(function->memory, addr, buf, len);
}

static void function_irq(void *fn, unsigned int vector)
{
	struct function *function = fn;

	if (vector >= function->vectors)
		fail_msg("interrupt vector %u, the function has %u", vector, function->vectors);
	function->interrupts[vector]++;
	function->total_interrupts++;
}

static void function_schedule(void *fn)
{
	struct function *function = fn;

	if (function->scheduled)
		fail_msg("schedule called twice before nvmove_ctrl_run()");
	function->scheduled = true;
}

static uint64_t function_now_ns(void *fn)
{
	struct function *function = fn;

	return function->rig->now;
}

static void function_timer(void *fn, uint64_t deadline_ns)
{
	struct function *function = fn;

	function->deadline = deadline_ns;
}

static void function_log(void *fn, const char *message)
{
	struct function *function = fn;

	if (strchr(message, '\n'))
		fail_msg("log message with a newline: %s", message);
	function->log_lines++;
	if (getenv("UNIT_VERBOSE"))
		fprintf(stderr, "function %td: %s\n", function - function->rig->function, message);
}

static const struct nvmove_host_ops ops_mapped = {
	.dma_map = function_dma_map,
	.dma_unmap = function_dma_unmap,
	.dma_read = function_dma_read,
	.dma_write = function_dma_write,
	.irq = function_irq,
	.schedule = function_schedule,
	.now_ns = function_now_ns,
	.timer = function_timer,
	.log = function_log,
};

static const struct nvmove_host_ops ops_copied = {
	.dma_read = function_dma_read,
	.dma_write = function_dma_write,
	.irq = function_irq,
	.schedule = function_schedule,
	.now_ns = function_now_ns,
	.timer = function_timer,
	.log = function_log,
};

static const uint64_t default_bytes[MAX_NSID + 1] = {
	[1] = 1 << 20, [2] = 2 << 20, [3] = 1 << 20, [4] = 1 << 20,
};

static void rig_add_namespaces(struct rig *rig)
{
	struct rig *source = rig->options.source;

	for (unsigned int nsid = 1; nsid <= MAX_NSID; nsid++) {
		uint64_t bytes = rig->options.namespace_bytes[nsid];
		struct nvmove_namespace_config config = {
			.nsid = nsid,
			.lba_shift = rig->options.lba_shift[nsid],
			.locator = rig->options.locator[nsid],
			.is_private = rig->options.is_private[nsid],
		};
		char *error = NULL;

		if (!bytes)
			bytes = default_bytes[nsid];
		if (!bytes || rig->options.no_namespaces)
			continue;
		if (!config.lba_shift)
			config.lba_shift = nsid == 2 ? 12 : 9;
		if (source && source->medium[nsid] && source->medium[nsid]->base.size == bytes)
			rig->medium[nsid] = source->medium[nsid];
		else
			rig->medium[nsid] = scripted_medium_new(bytes);
		config.medium = &rig->medium[nsid]->base;
		memset(config.uuid, rig->options.uuid_byte[nsid], sizeof(config.uuid));
		if (nvmove_namespace_add(rig->subsystem, &config, &error))
			fail_msg("namespace %u: %s", nsid, error ? error : "no reason given");
	}
}

static void rig_attach(struct rig *rig, unsigned int index, uint32_t nsid)
{
	if (rig->medium[nsid] && index < rig->num_functions)
		assert_int_equal(nvmove_namespace_attach(rig->function[index].ctrl, nsid), 0);
}

static void rig_add_function(struct rig *rig, unsigned int index)
{
	struct function *function = &rig->function[index];
	struct rig *source = rig->options.source;

	function->rig = rig;
	function->ctrl = nvmove_subsystem_ctrl(rig->subsystem, index);
	assert_non_null(function->ctrl);
	if (source && index < source->num_functions) {
		function->memory = source->function[index].memory;
	} else {
		function->memory = guest_memory_new();
		function->owns_memory = true;
	}
	function->dma_mode = rig->options.dma_mode;
	function->map_limit = rig->options.map_limit;
	function->deadline = UINT64_MAX;
	function->vectors = rig->options.max_vectors;
	nvmove_ctrl_bind(function->ctrl,
			 function->dma_mode == DMA_COPIED ? &ops_copied : &ops_mapped, function);
	rig->driver[index] = driver_new(function);
}

struct rig *rig_new(const struct rig_options *options)
{
	struct nvmove_subsystem_config config;
	struct rig *rig = calloc(1, sizeof(*rig));
	struct rig_options *o;
	char *error = NULL;

	assert_non_null(rig);
	o = &rig->options;
	if (options)
		*o = *options;
	o->num_secondary = o->num_secondary ? o->num_secondary : 3;
	o->max_io_queues = o->max_io_queues ? o->max_io_queues : 8;
	o->max_queue_entries = o->max_queue_entries ? o->max_queue_entries : 1024;
	o->max_vectors = o->max_vectors ? o->max_vectors : 9;
	o->mdts = o->mdts ? o->mdts : 5;
	o->first_cntlid = o->first_cntlid ? o->first_cntlid : 7;
	o->num_namespaces = o->num_namespaces ? o->num_namespaces : MAX_NSID;
	assert_in_range(o->num_secondary + o->num_secondary_pfs, 1, MAX_FUNCTIONS - 1);
	assert_in_range(o->max_vectors, 1, MAX_VECTORS);

	nvmove_subsystem_config_default(&config);
	config.subnqn = o->subnqn ? o->subnqn : "nqn.2026-11.org.example:unit";
	config.serial = o->serial ? o->serial : "UNIT0001";
	if (o->model)
		config.model = o->model;
	if (o->firmware)
		config.firmware = o->firmware;
	if (o->vendor_id)
		config.vendor_id = o->vendor_id;
	if (o->subsystem_vendor_id)
		config.subsystem_vendor_id = o->subsystem_vendor_id;
	if (o->ieee_oui)
		config.ieee_oui = o->ieee_oui;
	config.first_cntlid = o->first_cntlid;
	config.num_secondary = o->num_secondary;
	config.num_secondary_pfs = o->num_secondary_pfs;
	config.max_io_queues = o->max_io_queues;
	config.max_queue_entries = o->max_queue_entries;
	config.max_vectors = o->max_vectors;
	config.mdts = o->mdts;
	config.num_namespaces = o->num_namespaces;
	if (o->protocols)
		config.protocols = o->protocols;
	config.pool = o->pool;
	rig->subsystem = nvmove_subsystem_new(&config, &error);
	if (!rig->subsystem)
		fail_msg("subsystem: %s", error ? error : "no reason given");
	rig->now = 1000000 * MS;
	rig->num_functions = 1 + o->num_secondary + o->num_secondary_pfs;
	for (unsigned int i = 0; i < rig->num_functions; i++)
		rig_add_function(rig, i);
	rig_add_namespaces(rig);
	rig_attach(rig, 0, 1);
	rig_attach(rig, 1, 2);
	rig_attach(rig, 0, 3);
	rig_attach(rig, 1, 3);
	rig_attach(rig, 2, 3);
	return rig;
}

struct rig *rig_new_enabled(const struct rig_options *options)
{
	struct rig *rig = rig_new(options);

	driver_enable(rig->driver[0]);
	return rig;
}

struct rig *rig_new_secondaries(const struct rig_options *options, unsigned int count)
{
	struct rig *rig = rig_new_enabled(options);

	nvmove_subsystem_set_vfs(rig->subsystem, rig->options.num_secondary);
	for (unsigned int i = 1; i <= count; i++) {
		rig_online(rig, i, 5, 5);
		driver_enable(rig->driver[i]);
	}
	return rig;
}

void rig_free(struct rig *rig)
{
	nvmove_subsystem_free(rig->subsystem);
	for (unsigned int i = 0; i < rig->num_functions; i++) {
		struct function *function = &rig->function[i];

		if (function->mapped)
			fail_msg("function %u leaves guest memory mapped", i);
		driver_free(rig->driver[i]);
		if (!function->owns_memory)
			continue;
		assert_int_equal(guest_take_faults(function->memory), 0);
		guest_memory_free(function->memory);
	}
	for (unsigned int nsid = 1; nsid <= MAX_NSID; nsid++) {
		struct rig *source = rig->options.source;

		if (rig->medium[nsid] && !(source && source->medium[nsid] == rig->medium[nsid]))
			scripted_medium_free(rig->medium[nsid]);
	}
	free(rig);
}

static bool rig_run_once(struct rig *rig)
{
	bool ran = false;

	for (unsigned int i = 0; i < rig->num_functions; i++) {
		if (!rig->function[i].scheduled)
			continue;
		rig->function[i].scheduled = false;
		nvmove_ctrl_run(rig->function[i].ctrl);
		ran = true;
	}
	return ran;
}

void rig_run(struct rig *rig)
{
	unsigned int rounds = 0;

	while (rig_run_once(rig))
		if (++rounds > MAX_ROUNDS)
			fail_msg("a controller still wants to run after %u rounds", rounds);
}

static struct function *rig_next_timer(struct rig *rig, uint64_t until)
{
	struct function *next = NULL;

	for (unsigned int i = 0; i < rig->num_functions; i++) {
		struct function *function = &rig->function[i];

		if (function->deadline <= until && function->deadline != UINT64_MAX &&
		    (!next || function->deadline < next->deadline))
			next = function;
	}
	return next;
}

void rig_advance(struct rig *rig, uint64_t ns)
{
	uint64_t until = rig->now + ns;
	struct function *function;
	unsigned int rounds = 0;

	rig_run(rig);
	while ((function = rig_next_timer(rig, until))) {
		if (++rounds > MAX_ROUNDS)
			fail_msg("a timer fires for ever");
		if (function->deadline > rig->now)
			rig->now = function->deadline;
		function->deadline = UINT64_MAX;
		nvmove_ctrl_timer(function->ctrl);
		rig_run(rig);
	}
	rig->now = until;
}

void rig_online(struct rig *rig, unsigned int index, unsigned int queues, unsigned int vectors)
{
	unsigned int cntlid = rig->options.first_cntlid + index;
	struct driver *primary = rig->driver[0];

	assert_success(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VQ, cntlid,
					queues));
	assert_success(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VI, cntlid,
					vectors));
	assert_success(driver_virt_mgmt(primary, NVM_VIRT_SECONDARY_ONLINE, 0, cntlid, 0));
	rig->function[index].vectors = vectors;
}

struct nvmove_vsubsystem_config rig_vsubsystem_config(struct rig *rig)
{
	struct nvmove_vsubsystem_config config;

	nvmove_vsubsystem_config_default(rig->subsystem, &config);
	config.subnqn = "nqn.2026-11.org.example:virtual";
	return config;
}

struct nvmove_vsubsystem *rig_join(struct rig *rig, unsigned int index,
				   const struct nvmove_vsubsystem_config *config, uint16_t cntlid)
{
	struct nvmove_vsubsystem *vsubsystem;
	char *error = NULL;

	vsubsystem = nvmove_vsubsystem_new(rig->subsystem, config, &error);
	if (!vsubsystem)
		fail_msg("virtual subsystem: %s", error ? error : "no reason given");
	nvmove_subsystem_set_vfs(rig->subsystem, rig->options.num_secondary);
	if (nvmove_ctrl_join(rig->function[index].ctrl, vsubsystem, cntlid, &error))
		fail_msg("join: %s", error ? error : "no reason given");
	return vsubsystem;
}

static void suspend_ended(void *arg, int status)
{
	int *result = arg;

	*result = status;
}

void rig_suspend_begin(struct rig *rig, unsigned int index, int *result)
{
	*result = 1;
	assert_int_equal(nvmove_ctrl_suspend(rig->function[index].ctrl, suspend_ended, result), 0);
}

void rig_suspend(struct rig *rig, unsigned int index)
{
	int result;

	rig_suspend_begin(rig, index, &result);
	rig_run(rig);
	assert_int_equal(result, 0);
	assert_true(nvmove_ctrl_is_suspended(rig->function[index].ctrl));
}

uint8_t *rig_save(struct rig *rig, unsigned int index, size_t *size)
{
	struct nvmove_ctrl *ctrl = rig->function[index].ctrl;
	uint8_t *state;
	long written;

	*size = nvmove_ctrl_state_size(ctrl);
	state = malloc(*size);
	assert_non_null(state);
	written = nvmove_ctrl_save(ctrl, state, *size);
	assert_int_equal(written, *size);
	return state;
}

struct rig *rig_new_destination(struct rig *source, unsigned int count)
{
	struct rig_options options = source->options;
	struct rig *rig;

	options.source = source;
	rig = rig_new(&options);
	rig->now = source->now;
	driver_enable(rig->driver[0]);
	nvmove_subsystem_set_vfs(rig->subsystem, rig->options.num_secondary);
	for (unsigned int i = 1; i <= count; i++) {
		rig_online(rig, i, 5, 5);
		rig_suspend(rig, i);
	}
	return rig;
}

void rig_load(struct rig *rig, unsigned int index, const void *state, size_t size)
{
	struct nvmove_load_error error = { 0 };
	int result = nvmove_ctrl_load(rig->function[index].ctrl, state, size, &error);

	if (result)
		fail_msg("load: %d, section %u: %s", result, error.section, error.text);
}

void rig_migrate(struct rig *from, struct rig *to, unsigned int index)
{
	struct driver *driver = from->driver[index];
	uint8_t *state;
	size_t size;

	rig_suspend(from, index);
	state = rig_save(from, index, &size);
	rig_load(to, index, state, size);
	free(state);
	from->driver[index] = to->driver[index];
	from->driver[index]->function = &from->function[index];
	to->driver[index] = driver;
	driver->function = &to->function[index];
	assert_int_equal(nvmove_ctrl_resume(to->function[index].ctrl), 0);
	rig_run(to);
}
