// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a guest must not get from its VF: the migration commands of either protocol, the load
 * report, the lists of controllers, the resources of others, namespaces that are not its own. Each
 * attempt must fail with the right status, return nothing and leave its buffers alone.
 */
#include <endian.h>
#include <string.h>

#include <nvmove/lm.h>

#include "nvme.h"
#include "tests.h"
#include "workload.h"

#define BUFFER_PAGE	0
#define SECOND_PAGE	2
#define PATTERN		0xc3
#define LAST_INDEX	16
#define FIRST_VENDOR	0xc0
#define LAST_OPCODE	0xff
#define LAST_NSID	32
#define ANY_REFUSAL	0	/* every status but success will do */
#define RAW_CID		0xabc

/** struct probe - one attempt and what must come of it */
struct probe {
	const char *what;
	struct nvm_sqe sqe;
	uint16_t status;
};

/** struct isolation - the guest and what was tried */
struct isolation {
	struct machine machine;
	unsigned int cases;
	unsigned int failed;
};

static void prepare_buffers(struct machine *machine, struct nvm_sqe *sqe)
{
	memset(nvme_admin_page(machine, BUFFER_PAGE), PATTERN, GUEST_PAGE);
	memset(nvme_admin_page(machine, SECOND_PAGE), PATTERN, GUEST_PAGE);
	sqe->prp1 = htole64(nvme_iova(nvme_admin_offset(machine, BUFFER_PAGE)));
	sqe->prp2 = htole64(nvme_iova(nvme_admin_offset(machine, SECOND_PAGE)));
}

static int check_page(struct machine *machine, const char *what, unsigned int page)
{
	const uint8_t *byte = nvme_admin_page(machine, page);

	for (unsigned int i = 0; i < GUEST_PAGE; i++)
		if (byte[i] != PATTERN)
			return fail("%s: buffer byte %u: %#x before, %#x after", what, i, PATTERN,
				    byte[i]);
	return 0;
}

static int judge(struct machine *machine, const struct probe *probe, const struct nvm_cqe *cqe)
{
	uint16_t status = nvme_status(cqe);

	if (!status || (probe->status != ANY_REFUSAL && status != probe->status))
		return fail("%s (opcode %#x, cdw10 %#x, cdw11 %#x): status %#x expected, is %#x",
			    probe->what, probe->sqe.opcode, le32toh(probe->sqe.cdw10),
			    le32toh(probe->sqe.cdw11), probe->status, status);
	if (cqe->dw0 || cqe->dw1)
		return fail("%s (opcode %#x): completion carries %#x %#x, expected 0", probe->what,
			    probe->sqe.opcode, le32toh(cqe->dw0), le32toh(cqe->dw1));
	if (check_page(machine, probe->what, BUFFER_PAGE))
		return -1;
	return check_page(machine, probe->what, SECOND_PAGE);
}

/* -1 only if no completion came: a wrong answer is counted, and the next probe is tried. */
static int try_admin(struct isolation *isolation, struct probe probe)
{
	struct nvm_cqe cqe;

	prepare_buffers(&isolation->machine, &probe.sqe);
	if (nvme_admin(&isolation->machine, &probe.sqe, &cqe))
		return -1;
	isolation->cases++;
	isolation->failed += !!judge(&isolation->machine, &probe, &cqe);
	return 0;
}

static int try_rfc_command(struct isolation *isolation, uint8_t opcode, uint32_t index,
			   uint32_t length)
{
	struct probe probe = {
		.what = "migration command on a VF",
		.sqe = {
			.opcode = opcode,
			.cdw10 = htole32(index),
			.cdw11 = htole32(length),
		},
		.status = NVM_SC_INVALID_OPCODE,
	};

	return try_admin(isolation, probe);
}

static int try_rfc_commands(struct isolation *isolation)
{
	static const uint8_t opcodes[] = {
		NVMOVE_RFC_QUERY_DATA_SIZE, NVMOVE_RFC_SUSPEND, NVMOVE_RFC_RESUME,
		NVMOVE_RFC_SAVE_DATA, NVMOVE_RFC_LOAD_DATA,
	};

	for (size_t i = 0; i < sizeof(opcodes); i++)
		for (uint32_t index = 0; index <= LAST_INDEX; index++)
			if (try_rfc_command(isolation, opcodes[i], index, 0) ||
			    try_rfc_command(isolation, opcodes[i], index, GUEST_PAGE))
				return -1;
	return 0;
}

static int try_opcodes(struct isolation *isolation)
{
	static const uint8_t standard[] = { 0x3d, 0x3e, 0x41, 0x42, 0x45 };
	struct probe probe = {
		.what = "migration command of the standard",
		.status = NVM_SC_INVALID_OPCODE,
	};

	for (size_t i = 0; i < sizeof(standard); i++) {
		probe.sqe.opcode = standard[i];
		if (try_admin(isolation, probe))
			return -1;
	}
	probe.what = "vendor specific opcode";
	for (unsigned int opcode = FIRST_VENDOR; opcode <= LAST_OPCODE; opcode++) {
		probe.sqe.opcode = (uint8_t)opcode;
		if (try_admin(isolation, probe))
			return -1;
	}
	return 0;
}

static int try_log_pages(struct isolation *isolation)
{
	struct probe probe = {
		.what = "vendor specific log page",
		.sqe = { .opcode = NVM_ADMIN_GET_LOG_PAGE },
		.status = NVM_SC_INVALID_LOG_PAGE,
	};

	for (uint32_t log = NVMOVE_LOG_LOAD_REPORT; log <= 0xff; log++) {
		probe.sqe.cdw10 = htole32((sizeof(struct nvmove_load_report) / 4 - 1) << 16 | log);
		if (try_admin(isolation, probe))
			return -1;
	}
	return 0;
}

static int try_controller_lists(struct isolation *isolation)
{
	static const uint8_t cns[] = { NVM_CNS_PRIMARY_CAPS, NVM_CNS_SECONDARY_LIST, 0x20 };
	struct probe probe = {
		.what = "Identify of other controllers",
		.sqe = { .opcode = NVM_ADMIN_IDENTIFY },
		.status = NVM_SC_INVALID_FIELD,
	};

	for (size_t i = 0; i < sizeof(cns); i++)
		for (uint32_t index = 0; index <= LAST_INDEX; index++) {
			probe.sqe.cdw10 = htole32(index << 16 | cns[i]);
			if (try_admin(isolation, probe))
				return -1;
		}
	return 0;
}

static int try_virtualization_management(struct isolation *isolation)
{
	static const uint8_t actions[] = {
		NVM_VIRT_PRIMARY_ALLOC, NVM_VIRT_SECONDARY_OFFLINE, NVM_VIRT_SECONDARY_ASSIGN,
		NVM_VIRT_SECONDARY_ONLINE,
	};
	struct probe probe = {
		.what = "Virtualization Management on a VF",
		.sqe = { .opcode = NVM_ADMIN_VIRT_MGMT },
		.status = NVM_SC_INVALID_OPCODE,
	};

	for (size_t i = 0; i < sizeof(actions); i++)
		for (uint32_t index = 0; index <= LAST_INDEX; index++) {
			probe.sqe.cdw10 = htole32(index << 16 | actions[i]);
			if (try_admin(isolation, probe))
				return -1;
		}
	return 0;
}

/* A list of controllers may be refused; if it is given, this controller alone may be in it. */
static int read_controller_list(struct isolation *isolation, uint8_t cns, uint32_t nsid,
				uint16_t own)
{
	struct machine *machine = &isolation->machine;
	const struct nvm_ctrl_list *list = nvme_admin_page(machine, BUFFER_PAGE);
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_IDENTIFY,
		.nsid = htole32(nsid),
		.cdw10 = htole32(cns),
	};
	struct nvm_cqe cqe;

	prepare_buffers(machine, &sqe);
	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	isolation->cases++;
	if (nvme_status(&cqe))
		return 0;
	for (uint32_t i = 0; i < le16toh(list->num) && i < 2047; i++) {
		if (le16toh(list->id[i]) == own)
			continue;
		fail("Identify CNS %#x: shows controller %u to controller %u", cns,
		     le16toh(list->id[i]), own);
		isolation->failed++;
		break;
	}
	return 0;
}

static void expect(struct isolation *isolation, const char *what, uint64_t wanted, uint64_t is)
{
	isolation->cases++;
	if (wanted == is)
		return;
	fail("%s: %#llx expected, is %#llx", what, (unsigned long long)wanted,
	     (unsigned long long)is);
	isolation->failed++;
}

/* Capabilities that a controlled function must not claim. */
static int check_claims(struct isolation *isolation)
{
	struct machine *machine = &isolation->machine;
	const struct nvm_id_ctrl *controller = nvme_admin_page(machine, 0);
	uint16_t own;

	if (nvme_identify(machine, NVM_CNS_CTRL, 0))
		return -1;
	own = le16toh(controller->cntlid);
	expect(isolation, "OACS, Virtualization Management", 0,
	       le16toh(controller->oacs) & NVM_CTRL_OACS_VIRT_MGMT);
	expect(isolation, "OACS, Host Managed Live Migration", 0,
	       le16toh(controller->oacs) & 1 << 11);
	expect(isolation, "Identify Controller, first vendor specific byte", 0, controller->vs[0]);
	if (read_controller_list(isolation, NVM_CNS_CTRL_LIST, 0, own))
		return -1;
	return read_controller_list(isolation, NVM_CNS_NS_CTRL_LIST,
				    machine->guest->options.nsid, own);
}

static int check_effects_log(struct isolation *isolation)
{
	struct machine *machine = &isolation->machine;
	const struct nvm_effects_log *log = nvme_admin_page(machine, BUFFER_PAGE);
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_GET_LOG_PAGE,
		.cdw10 = htole32((GUEST_PAGE / 4 - 1) << 16 | NVM_LOG_EFFECTS),
	};
	struct nvm_cqe cqe;

	prepare_buffers(machine, &sqe);
	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	if (nvme_status(&cqe))
		return fail("effects log: status %#x", nvme_status(&cqe));
	for (unsigned int opcode = FIRST_VENDOR; opcode <= LAST_OPCODE; opcode++)
		expect(isolation, "effects log, vendor specific admin command", 0,
		       le32toh(log->admin[opcode]));
	expect(isolation, "effects log, Virtualization Management", 0,
	       le32toh(log->admin[NVM_ADMIN_VIRT_MGMT]));
	return 0;
}

/* One command on the first I/O queue, which must be empty; the workload knows nothing of it. */
static int io_command(struct machine *machine, struct nvm_sqe *sqe, struct nvm_cqe *cqe)
{
	struct guest_queue *queue = &machine->guest->io[0];
	uint64_t end = now_us() + machine->timeout_ms * 1000ull;

	sqe->cid = htole16(RAW_CID);
	*nvme_queue_entry(machine, queue) = *sqe;
	nvme_advance(queue);
	nvme_ring(machine, queue);
	while (!nvme_take_completion(machine, queue, cqe))
		if (now_us() > end)
			return fail("I/O opcode %#x: no completion after %u ms", sqe->opcode,
				    machine->timeout_ms);
	nvme_free_completions(machine, queue);
	queue->outstanding--;
	if (le16toh(cqe->cid) != RAW_CID)
		return fail("I/O opcode %#x: cid %#x expected, is %#x", sqe->opcode, RAW_CID,
			    le16toh(cqe->cid));
	return 0;
}

static int try_io(struct isolation *isolation, struct probe probe)
{
	struct nvm_cqe cqe;

	prepare_buffers(&isolation->machine, &probe.sqe);
	if (io_command(&isolation->machine, &probe.sqe, &cqe))
		return -1;
	isolation->cases++;
	isolation->failed += !!judge(&isolation->machine, &probe, &cqe);
	return 0;
}

static bool is_active(const uint32_t *active, uint32_t nsid)
{
	for (int i = 0; i < 1024 && active[i]; i++)
		if (le32toh(active[i]) == nsid)
			return true;
	return false;
}

/* An inactive namespace is an invalid field, attached elsewhere or not; beyond NN there is none. */
static uint16_t status_of_foreign_namespace(uint32_t nsid, uint32_t nr_namespaces)
{
	return nsid && nsid <= nr_namespaces ? NVM_SC_INVALID_FIELD : NVM_SC_INVALID_NS;
}

static int try_foreign_namespaces(struct isolation *isolation)
{
	struct machine *machine = &isolation->machine;
	const struct nvm_id_ctrl *controller = nvme_admin_page(machine, 0);
	struct probe probe = {
		.what = "Read of a namespace that is not attached",
		.sqe = { .opcode = NVM_IO_READ },
	};
	uint32_t active[1024], nr_namespaces;

	if (nvme_identify(machine, NVM_CNS_CTRL, 0))
		return -1;
	nr_namespaces = le32toh(controller->nn);
	if (nvme_identify(machine, NVM_CNS_ACTIVE_NS, 0))
		return -1;
	memcpy(active, nvme_admin_page(machine, 0), sizeof(active));
	for (uint32_t nsid = 0; nsid <= LAST_NSID; nsid++) {
		if (is_active(active, nsid))
			continue;
		probe.sqe.nsid = htole32(nsid);
		probe.status = status_of_foreign_namespace(nsid, nr_namespaces);
		if (try_io(isolation, probe))
			return -1;
	}
	return 0;
}

static int try_io_opcodes(struct isolation *isolation)
{
	struct probe probe = {
		.what = "vendor specific opcode on an I/O queue",
		.status = NVM_SC_INVALID_OPCODE,
	};

	probe.sqe.nsid = htole32(isolation->machine.guest->options.nsid);
	for (unsigned int opcode = FIRST_VENDOR; opcode <= LAST_OPCODE; opcode++) {
		probe.sqe.opcode = (uint8_t)opcode;
		if (try_io(isolation, probe))
			return -1;
	}
	return 0;
}

static int run_isolation(struct isolation *isolation, const struct test_options *options)
{
	struct machine *machine = &isolation->machine;

	if (start_guest(machine, options) || workload_drain(machine))
		return -1;
	watchdog_begin("probing the VF");
	if (try_rfc_commands(isolation) || try_opcodes(isolation) || try_log_pages(isolation) ||
	    try_controller_lists(isolation) || try_virtualization_management(isolation) ||
	    check_claims(isolation) || check_effects_log(isolation) ||
	    try_foreign_namespaces(isolation) || try_io_opcodes(isolation))
		return -1;
	if (workload_run(machine, options->interval_ms))
		return -1;
	return finish_guest(machine);
}

int test_isolation(const struct test_options *options)
{
	struct isolation isolation = { .machine = MACHINE_CLOSED };
	int result = run_isolation(&isolation, options);

	result = report_result("isolation", &isolation.machine, isolation.cases, isolation.failed,
			       result);
	machine_close(&isolation.machine);
	return result;
}
