/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planned faults of the PF's admin queue, for tests of the host's driver. A plan, the property
 * "faults" of the nvmove device, names commands and what goes wrong with them (docs/lab.md):
 *
 *   command=save,fault=torn;command=resume,nth=2,count=0,fault=status:0x6
 *
 * This stands between the library and the host: commands pass here when they are fetched, their
 * data when they are written, their completions when they are posted, and the queue's tail doorbell
 * when it is rung. The library knows nothing of it, and never misbehaves itself. What is held back
 * holds back what comes after it, as in a controller whose firmware is busy.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/timer.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "block/nvme.h"
#include "hw/pci/pcie_aer.h"
#include "hw/pci/pcie_sriov.h"

#include "fault-command.h"
#include "nvmove.h"
#include "trace.h"

#define SQ_BYTES(entries)	((uint64_t)(entries) * sizeof(NvmeCmd))
#define CQ_BYTES(entries)	((uint64_t)(entries) * sizeof(NvmeCqe))

/* The admin submission queue's tail doorbell, above all other registers */
#define DOORBELLS	0x1000

#define NEVER_NS	UINT64_MAX

/* Fabrics: no PCI Express controller has this command. */
#define UNKNOWN_OPCODE	0x7f

static const char *const command_names[NR_FAULT_COMMANDS] = {
	[FAULT_SUSPEND] = "suspend",
	[FAULT_RESUME] = "resume",
	[FAULT_QUERY] = "query",
	[FAULT_SAVE] = "save",
	[FAULT_LOAD] = "load",
	[FAULT_TRACK_START] = "track-start",
	[FAULT_TRACK_STOP] = "track-stop",
	[FAULT_TRACK_REPORT] = "track-report",
	[FAULT_LOAD_REPORT] = "load-report",
	[FAULT_QUESTION] = "question",
	[FAULT_IDENTIFY] = "identify",
};

enum kind {
	STATUS,
	LATE,
	DELAY,
	NEVER,
	RESET,
	SIZE,
	SHORT,
	FLIP,
	TORN,
	HIDE_PAGE,
	NR_KINDS,
};

#define ANY_COMMAND	((1u << NR_FAULT_COMMANDS) - 1)
#define WITH_DATA	(1u << FAULT_QUERY | 1u << FAULT_SAVE | 1u << FAULT_TRACK_REPORT | \
			 1u << FAULT_LOAD_REPORT | 1u << FAULT_QUESTION | 1u << FAULT_IDENTIFY)

/* What can go wrong, with how many numbers, and with which commands. */
static const struct {
	const char *name;
	unsigned int nr_numbers;
	unsigned int commands;
} kinds[NR_KINDS] = {
	[STATUS] = { "status", 1, ANY_COMMAND },
	[LATE] = { "late", 1, ANY_COMMAND },
	[DELAY] = { "delay", 1, ANY_COMMAND },
	[NEVER] = { "never", 0, ANY_COMMAND },
	[RESET] = { "reset", 0, ANY_COMMAND },
	[SIZE] = { "size", 1, 1u << FAULT_QUERY | 1u << FAULT_SAVE },
	[SHORT] = { "short", 1, WITH_DATA },
	[FLIP] = { "flip", 1, WITH_DATA },
	[TORN] = { "torn", 0, 1u << FAULT_SAVE },
	[HIDE_PAGE] = { "hide-page", 2, 1u << FAULT_TRACK_REPORT },
};

/**
 * struct fault - one of a plan; counted references, since a command may outlive the plan
 * @number: of the kind, in the order of docs/lab.md
 * @controller: commands for this controller alone, 0 for any
 * @nth: the first command that it befalls, from 1
 * @count: commands that it befalls, 0 for all from @nth on
 * @seen: commands so far that it could have befallen
 * @hits: those that it has befallen
 * @page: of HIDE_PAGE
 * @text: as it was planned, owned
 */
struct fault {
	enum fault_command command;
	enum kind kind;
	int64_t number[2];
	uint16_t controller;
	uint32_t nth;
	uint32_t count;
	uint32_t seen;
	uint32_t hits;
	struct fault_page page;
	char *text;
};

/** struct victim - a command that was fetched and has a fault waiting for its completion */
struct victim {
	uint16_t cid;
	uint8_t opcode;
	struct fault *fault;
};

/** struct piece - data of a command, written to host memory at @address */
struct piece {
	uint64_t address;
	size_t length;
};

/** struct answer - a completion that is held back: until @due_ns, and until those before it are out */
struct answer {
	uint64_t address;
	NvmeCqe cqe;
	uint64_t due_ns;
};

/**
 * struct NvmoveFaults - the plan of a device and what it has led to
 * @ops: the function's callbacks, with those that pass here in place of its own
 * @plan: struct fault
 * @victims: struct victim
 * @data: what was written since the last completion, in order
 * @pieces: where it was written
 * @answers: completions that are held back, in order
 * @sq, @cq: the admin queues' memory; @sq_entries, @cq_entries: 0 while the controller is disabled
 * @tail: last value of the submission queue's tail doorbell
 */
struct NvmoveFaults {
	Nvmove *device;
	struct nvmove_host_ops ops;
	GPtrArray *plan;
	GArray *victims;
	GByteArray *data;
	GArray *pieces;
	GQueue answers;
	QEMUTimer *answer_timer;
	QEMUTimer *doorbell_timer;
	QEMUBH *reset_bh;
	uint64_t sq;
	uint64_t cq;
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t tail;
};

static void fault_clear(void *fault)
{
	g_free(((struct fault *)fault)->text);
}

static void fault_put(void *fault)
{
	g_rc_box_release_full(fault, fault_clear);
}

static void victim_clear(void *victim)
{
	fault_put(((struct victim *)victim)->fault);
}

/* ---- which fault befalls a command ---- */

static bool is_due(struct fault *fault)
{
	return ++fault->seen >= fault->nth && (!fault->count || fault->hits < fault->count);
}

/*
 * The fault that befalls a command when it is fetched, or already @at_doorbell; NULL if none does.
 */
static struct fault *find_fault(struct NvmoveFaults *faults, const NvmeCmd *sqe,
				bool at_doorbell)
{
	int command = fault_command_of(sqe);
	struct fault *found = NULL;

	for (guint i = 0; command >= 0 && i < faults->plan->len; i++) {
		struct fault *fault = g_ptr_array_index(faults->plan, i);

		if (fault->command != command || (fault->kind == LATE) != at_doorbell ||
		    (fault->controller &&
		     fault->controller != fault_command_cntlid(sqe, faults->device->cntlid)))
			continue;
		if (is_due(fault) && !found)
			found = fault;
	}
	if (!found)
		return NULL;
	/* That a page is hidden is counted when it is. */
	if (found->kind != HIDE_PAGE)
		found->hits++;
	trace_nvmove_fault(faults->device->serial, le16_to_cpu(sqe->cid), found->text);
	return found;
}

/* ---- what a fault does ---- */

/* The data are in host memory already, and the host does not look at them before the completion. */
static void rewrite_data(struct NvmoveFaults *faults)
{
	const uint8_t *data = faults->data->data;

	for (guint i = 0; i < faults->pieces->len; i++) {
		const struct piece *piece = &g_array_index(faults->pieces, struct piece, i);

		nvmove_function_ops.dma_write(&faults->device->function, piece->address, data,
					      piece->length);
		data += piece->length;
	}
}

static void forget_data(struct NvmoveFaults *faults)
{
	g_byte_array_set_size(faults->data, 0);
	g_array_set_size(faults->pieces, 0);
}

/* Let a command's fault befall its data and its completion; returns when that may be posted. */
static uint64_t befall(struct NvmoveFaults *faults, const struct victim *victim, NvmeCqe *cqe)
{
	struct fault *fault = victim->fault;
	uint64_t number = (uint64_t)fault->number[0];
	uint32_t result = le32_to_cpu(cqe->result);
	GByteArray *data = faults->data;

	switch (fault->kind) {
	case STATUS:
		cqe->result = 0;
		cqe->dw1 = 0;
		cqe->status = cpu_to_le16((le16_to_cpu(cqe->status) & 1) | number << 1);
		return 0;
	case DELAY:
		return nvmove_function_ops.now_ns(&faults->device->function) + number * SCALE_MS;
	case NEVER:
	case RESET:
		return NEVER_NS;
	case SIZE:
		fault_command_resize(victim->opcode, fault->number[0], data->data, data->len,
				     &result);
		break;
	case SHORT:
		if (number < data->len)
			memset(data->data + number, 0, data->len - number);
		break;
	case FLIP:
		if (number < data->len)
			data->data[number] ^= 0xff;
		break;
	case TORN:
		fault_command_tear(data->data, data->len, &result);
		break;
	case HIDE_PAGE:
		fault->hits += fault_command_hide(&fault->page, data->data, data->len);
		break;
	default:
		g_assert_not_reached();
	}
	cqe->result = cpu_to_le32(result);
	rewrite_data(faults);
	return 0;
}

/* ---- what passes: commands, data, completions ---- */

static void fetched(struct NvmoveFaults *faults, NvmeCmd *sqe)
{
	struct victim victim = { .cid = le16_to_cpu(sqe->cid), .opcode = sqe->opcode };
	struct fault *fault = find_fault(faults, sqe, false);

	if (!fault)
		return;
	victim.fault = g_rc_box_acquire(fault);
	g_array_append_val(faults->victims, victim);
	if (fault->kind == STATUS)
		sqe->opcode = UNKNOWN_OPCODE;
	if (fault->kind == RESET)
		qemu_bh_schedule(faults->reset_bh);
}

static int fault_dma_read(void *opaque, uint64_t address, void *buffer, size_t length)
{
	NvmoveFunction *function = opaque;
	struct NvmoveFaults *faults = function->device->faults;
	int result = nvmove_function_ops.dma_read(opaque, address, buffer, length);

	if (result || address - faults->sq >= SQ_BYTES(faults->sq_entries))
		return result;
	forget_data(faults);
	for (size_t i = 0; i < length / sizeof(NvmeCmd); i++)
		fetched(faults, (NvmeCmd *)buffer + i);
	return 0;
}

static void arm_answer_timer(struct NvmoveFaults *faults)
{
	const struct answer *first = g_queue_peek_head(&faults->answers);

	if (first && first->due_ns != NEVER_NS)
		timer_mod_ns(faults->answer_timer, first->due_ns);
}

static void hold_back(struct NvmoveFaults *faults, uint64_t address, const NvmeCqe *cqe,
		      uint64_t due_ns)
{
	struct answer *answer = g_new(struct answer, 1);

	*answer = (struct answer){ .address = address, .cqe = *cqe, .due_ns = due_ns };
	g_queue_push_tail(&faults->answers, answer);
	arm_answer_timer(faults);
}

static void post_answers(void *opaque)
{
	struct NvmoveFaults *faults = opaque;
	NvmoveFunction *function = &faults->device->function;
	uint64_t now_ns = nvmove_function_ops.now_ns(function);
	const struct answer *first;

	while ((first = g_queue_peek_head(&faults->answers)) && first->due_ns <= now_ns) {
		g_autofree struct answer *answer = g_queue_pop_head(&faults->answers);

		nvmove_function_ops.dma_write(function, answer->address, &answer->cqe,
					      sizeof(answer->cqe));
		nvmove_function_ops.irq(function, 0);
	}
	arm_answer_timer(faults);
	nvmove_deliver(faults->device);
}

static int complete(struct NvmoveFaults *faults, uint64_t address, NvmeCqe cqe)
{
	uint64_t due_ns = 0;

	for (guint i = 0; i < faults->victims->len; i++) {
		const struct victim *victim = &g_array_index(faults->victims, struct victim, i);

		if (victim->cid != le16_to_cpu(cqe.cid))
			continue;
		due_ns = befall(faults, victim, &cqe);
		g_array_remove_index(faults->victims, i);
		break;
	}
	forget_data(faults);
	if (!due_ns && g_queue_is_empty(&faults->answers))
		return nvmove_function_ops.dma_write(&faults->device->function, address, &cqe,
						     sizeof(cqe));
	hold_back(faults, address, &cqe, due_ns);
	return 0;
}

static int fault_dma_write(void *opaque, uint64_t address, const void *buffer, size_t length)
{
	NvmoveFunction *function = opaque;
	struct NvmoveFaults *faults = function->device->faults;
	struct piece piece = { .address = address, .length = length };

	if (length == sizeof(NvmeCqe) && address - faults->cq < CQ_BYTES(faults->cq_entries))
		return complete(faults, address, *(const NvmeCqe *)buffer);
	/* A command's data are what is written between its fetch and its completion. */
	if (faults->victims->len) {
		g_byte_array_append(faults->data, buffer, length);
		g_array_append_val(faults->pieces, piece);
	}
	return nvmove_function_ops.dma_write(opaque, address, buffer, length);
}

/* ---- registers and resets ---- */

void nvmove_faults_forget(Nvmove *device)
{
	struct NvmoveFaults *faults = device->faults;

	timer_del(faults->answer_timer);
	timer_del(faults->doorbell_timer);
	g_queue_clear_full(&faults->answers, g_free);
	g_array_set_size(faults->victims, 0);
	forget_data(faults);
	faults->sq_entries = 0;
	faults->cq_entries = 0;
	faults->tail = 0;
}

static void learn_queues(struct NvmoveFaults *faults)
{
	struct nvmove_ctrl *ctrl = faults->device->function.ctrl;
	uint32_t aqa = nvmove_ctrl_read(ctrl, NVME_REG_AQA, 4);

	if (!NVME_CC_EN(nvmove_ctrl_read(ctrl, NVME_REG_CC, 4))) {
		nvmove_faults_forget(faults->device);
		return;
	}
	faults->sq = nvmove_ctrl_read(ctrl, NVME_REG_ASQ, 8);
	faults->cq = nvmove_ctrl_read(ctrl, NVME_REG_ACQ, 8);
	faults->sq_entries = (aqa & 0xfff) + 1;
	faults->cq_entries = (aqa >> 16 & 0xfff) + 1;
}

static void ring_doorbell(void *opaque)
{
	struct NvmoveFaults *faults = opaque;

	nvmove_ctrl_write(faults->device->function.ctrl, DOORBELLS, faults->tail, 4);
	nvmove_deliver(faults->device);
}

/* Whether the controller must not see the new tail yet: a command before it is going to be late. */
static bool is_held(struct NvmoveFaults *faults, uint32_t tail)
{
	NvmoveFunction *function = &faults->device->function;
	uint64_t now_ns = nvmove_function_ops.now_ns(function);

	while (faults->tail != tail && tail < faults->sq_entries) {
		uint64_t address = faults->sq + SQ_BYTES(faults->tail);
		struct fault *fault = NULL;
		NvmeCmd sqe;

		if (!nvmove_function_ops.dma_read(function, address, &sqe, sizeof(sqe)))
			fault = find_fault(faults, &sqe, true);
		if (fault)
			timer_mod_ns(faults->doorbell_timer, now_ns + fault->number[0] * SCALE_MS);
		faults->tail = (faults->tail + 1) % faults->sq_entries;
	}
	return timer_pending(faults->doorbell_timer);
}

void nvmove_faults_write(Nvmove *device, uint64_t offset, uint64_t value, unsigned int size)
{
	if (offset == DOORBELLS && size == 4 && is_held(device->faults, value & 0xffff))
		return;
	nvmove_ctrl_write(device->function.ctrl, offset, value, size);
	if (offset < DOORBELLS)
		learn_queues(device->faults);
}

static void reset_itself(void *opaque)
{
	struct NvmoveFaults *faults = opaque;

	nvmove_ctrl_reset(faults->device->function.ctrl, NVMOVE_RESET_FLR);
	nvmove_faults_forget(faults->device);
	nvmove_deliver(faults->device);
}

void nvmove_faults_new(Nvmove *device)
{
	struct NvmoveFaults *faults = g_new0(struct NvmoveFaults, 1);

	faults->device = device;
	faults->plan = g_ptr_array_new_with_free_func(fault_put);
	faults->victims = g_array_new(false, false, sizeof(struct victim));
	g_array_set_clear_func(faults->victims, victim_clear);
	faults->data = g_byte_array_new();
	faults->pieces = g_array_new(false, false, sizeof(struct piece));
	g_queue_init(&faults->answers);
	faults->answer_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, post_answers, faults);
	faults->doorbell_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, ring_doorbell, faults);
	faults->reset_bh = qemu_bh_new(reset_itself, faults);
	faults->ops = nvmove_function_ops;
	faults->ops.dma_read = fault_dma_read;
	faults->ops.dma_write = fault_dma_write;
	device->faults = faults;
	nvmove_ctrl_bind(device->function.ctrl, &faults->ops, &device->function);
}

void nvmove_faults_free(Nvmove *device)
{
	struct NvmoveFaults *faults = device->faults;

	if (!faults)
		return;
	nvmove_faults_forget(device);
	device->faults = NULL;
	timer_free(faults->answer_timer);
	timer_free(faults->doorbell_timer);
	qemu_bh_delete(faults->reset_bh);
	g_ptr_array_unref(faults->plan);
	g_array_unref(faults->victims);
	g_byte_array_unref(faults->data);
	g_array_unref(faults->pieces);
	g_free(faults);
}

/* ---- the property ---- */

static bool parse_number(const char *key, const char *text, int64_t lowest, int64_t highest,
			 int64_t *number, Error **errp)
{
	if (!qemu_strtoi64(text, NULL, 0, number) && *number >= lowest && *number <= highest)
		return true;
	error_setg(errp, "%s: '%s' is no number from %" PRId64 " to %" PRId64, key, text, lowest,
		   highest);
	return false;
}

static bool parse_count(const char *key, const char *text, uint32_t lowest, uint32_t highest,
			uint32_t *count, Error **errp)
{
	int64_t number;

	if (!parse_number(key, text, lowest, highest, &number, errp))
		return false;
	*count = (uint32_t)number;
	return true;
}

static bool parse_command(struct fault *fault, const char *text, Error **errp)
{
	for (unsigned int i = 0; i < NR_FAULT_COMMANDS; i++) {
		if (!strcmp(command_names[i], text)) {
			fault->command = i;
			return true;
		}
	}
	error_setg(errp, "command: '%s' is none that can have faults", text);
	return false;
}

static bool parse_kind(struct fault *fault, const char *text, Error **errp)
{
	g_auto(GStrv) word = g_strsplit(text, ":", 0);
	unsigned int nr = g_strv_length(word);

	for (unsigned int i = 0; i < NR_KINDS; i++) {
		if (!nr || strcmp(kinds[i].name, word[0]))
			continue;
		if (nr - 1 != kinds[i].nr_numbers) {
			error_setg(errp, "fault: '%s' has %u numbers, %s has %u", text, nr - 1,
				   kinds[i].name, kinds[i].nr_numbers);
			return false;
		}
		fault->kind = i;
		for (unsigned int j = 1; j < nr; j++) {
			if (!parse_number("fault", word[j], i == SIZE ? INT32_MIN : 0, INT32_MAX,
					  &fault->number[j - 1], errp))
				return false;
		}
		return true;
	}
	error_setg(errp, "fault: '%s' is none", text);
	return false;
}

static bool parse_pair(struct fault *fault, const char *key, const char *value, Error **errp)
{
	uint32_t number;

	if (!strcmp(key, "command"))
		return parse_command(fault, value, errp);
	if (!strcmp(key, "fault"))
		return parse_kind(fault, value, errp);
	if (!strcmp(key, "nth"))
		return parse_count(key, value, 1, UINT32_MAX, &fault->nth, errp);
	if (!strcmp(key, "count"))
		return parse_count(key, value, 0, UINT32_MAX, &fault->count, errp);
	if (!strcmp(key, "controller")) {
		if (!parse_count(key, value, 0, UINT16_MAX, &number, errp))
			return false;
		fault->controller = number;
		return true;
	}
	error_setg(errp, "'%s' is none of command, fault, nth, count, controller", key);
	return false;
}

/* Return: the fault, or NULL. */
static struct fault *parse_fault(const char *text, Error **errp)
{
	g_auto(GStrv) pair = g_strsplit(text, ",", 0);
	struct fault *fault = g_rc_box_new0(struct fault);

	fault->command = NR_FAULT_COMMANDS;
	fault->kind = NR_KINDS;
	fault->nth = 1;
	fault->count = 1;
	fault->text = g_strdup(text);
	for (unsigned int i = 0; pair[i]; i++) {
		g_auto(GStrv) word = g_strsplit(pair[i], "=", 2);

		if (g_strv_length(word) != 2)
			error_setg(errp, "'%s' is no KEY=VALUE", pair[i]);
		else if (parse_pair(fault, word[0], word[1], errp))
			continue;
		goto refused;
	}
	if (fault->command == NR_FAULT_COMMANDS || fault->kind == NR_KINDS) {
		error_setg(errp, "'%s' lacks a command or a fault", text);
		goto refused;
	}
	if (!(kinds[fault->kind].commands & 1u << fault->command)) {
		error_setg(errp, "fault: %s cannot have %s", command_names[fault->command],
			   kinds[fault->kind].name);
		goto refused;
	}
	fault->page.seed = (uint32_t)fault->number[0];
	fault->page.after = (uint64_t)fault->number[1];
	if (fault->kind == HIDE_PAGE)
		fault->count = 0;
	return fault;
refused:
	fault_put(fault);
	return NULL;
}

static void set_plan(Object *object, const char *text, Error **errp)
{
	ERRP_GUARD();
	g_auto(GStrv) part = g_strsplit(text, ";", 0);
	g_autoptr(GPtrArray) plan = g_ptr_array_new_with_free_func(fault_put);
	struct NvmoveFaults *faults = NVMOVE(object)->faults;

	if (!faults) {
		error_setg(errp, "property 'faults': the device is not there yet");
		return;
	}
	for (unsigned int i = 0; part[i]; i++) {
		struct fault *fault = parse_fault(part[i], errp);

		if (!fault) {
			error_prepend(errp, "property 'faults': ");
			return;
		}
		g_ptr_array_add(plan, fault);
	}
	g_ptr_array_unref(faults->plan);
	faults->plan = g_steal_pointer(&plan);
}

/* The plan, with what has become of it. */
static char *get_plan(Object *object, Error **errp)
{
	const struct NvmoveFaults *faults = NVMOVE(object)->faults;
	GString *text = g_string_new(NULL);

	for (guint i = 0; faults && i < faults->plan->len; i++) {
		const struct fault *fault = g_ptr_array_index(faults->plan, i);

		g_string_append_printf(text, "%s%s,hits=%u", i ? ";" : "", fault->text, fault->hits);
		if (fault->page.is_chosen)
			g_string_append_printf(text, ",page=0x%" PRIx64, fault->page.address);
	}
	return g_string_free(text, false);
}

/* ---- errors that a function announces (PCI Express Advanced Error Reporting) ---- */

static void announce_error(Object *object, const char *text, Error **errp)
{
	static const struct {
		const char *severity;
		uint32_t status;
		uint16_t flags;
	} known[] = {
		{ "correctable", PCI_ERR_COR_BAD_TLP, PCIE_AER_ERR_IS_CORRECTABLE },
		{ "non-fatal", PCI_ERR_UNC_COMP_TIME, 0 },
		{ "fatal", PCI_ERR_UNC_MALF_TLP, 0 },
	};
	Nvmove *device = NVMOVE(object);
	PCIDevice *pci = &device->function.pci;
	g_auto(GStrv) word = g_strsplit(text, ":", 0);
	int64_t number;

	if (g_strv_length(word) != 2) {
		error_setg(errp, "property 'aer': '%s' is no FUNCTION:SEVERITY", text);
		return;
	}
	if (!parse_number("property 'aer': function", word[0], 0, pcie_sriov_num_vfs(pci), &number,
			  errp))
		return;
	if (number)
		pci = pcie_sriov_get_vf_at_index(pci, number - 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		PCIEAERErr error = { .status = known[i].status, .flags = known[i].flags,
				     .source_id = pci_requester_id(pci) };

		if (strcmp(known[i].severity, word[1]))
			continue;
		if (pcie_aer_inject_error(pci, &error) < 0)
			error_setg(errp, "property 'aer': function %" PRId64 " cannot announce it", number);
		return;
	}
	error_setg(errp, "property 'aer': '%s' is none of correctable, non-fatal, fatal", word[1]);
}

void nvmove_faults_add_properties(ObjectClass *class)
{
	object_class_property_add_str(class, "faults", get_plan, set_plan);
	object_class_property_set_description(class, "faults", "planned faults of admin commands");
	object_class_property_add_str(class, "aer", NULL, announce_error);
	object_class_property_set_description(class, "aer", "announces an error, as FUNCTION:SEVERITY");
}
