// SPDX-License-Identifier: BSD-2-Clause
/*
 * Takes note of what the guest sees and compares it later. A difference names the field and both
 * values. NUSE of the namespace is left out: it tells how full the medium is.
 */
#include "identity.h"

#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "crc32c.h"
#include "nvme.h"
#include "report.h"

#define FLYING_PAGE		1
#define NEVER_AN_OPCODE		0x7f
#define HOST_ID_SIZE		8
#define TIMESTAMP_SIZE		8
#define TIMESTAMP_MASK		((1ull << 48) - 1)
#define TIMESTAMP_START		1700000000000ull
#define THRESHOLD		0x0199
#define EVENT_TEMPERATURE	(1u << 1)
#define ARBITRATION		0x04030203u

static const struct {
	const char *name;
	uint32_t offset;
	uint32_t size;
} registers[] = {
	{ "CAP", NVM_REG_CAP, 8 }, { "VS", NVM_REG_VS, 4 }, { "INTMS", NVM_REG_INTMS, 4 },
	{ "CC", NVM_REG_CC, 4 }, { "CSTS", NVM_REG_CSTS, 4 }, { "AQA", NVM_REG_AQA, 4 },
	{ "ASQ", NVM_REG_ASQ, 8 }, { "ACQ", NVM_REG_ACQ, 8 },
};

static const struct {
	uint8_t id;
	uint16_t data_size;
	uint32_t cdw11;
} features[] = {
	{ NVM_FEAT_ARBITRATION, 0, 0 }, { NVM_FEAT_POWER_MGMT, 0, 0 },
	{ NVM_FEAT_TEMP_THRESHOLD, 0, 0 }, { NVM_FEAT_TEMP_THRESHOLD, 0, 1u << 20 },
	{ NVM_FEAT_ERROR_RECOVERY, 0, 0 }, { NVM_FEAT_VOLATILE_WC, 0, 0 },
	{ NVM_FEAT_NUM_QUEUES, 0, 0 }, { NVM_FEAT_IRQ_COALESCE, 0, 0 },
	{ NVM_FEAT_IRQ_CONFIG, 0, 0 }, { NVM_FEAT_IRQ_CONFIG, 0, 1 },
	{ NVM_FEAT_WRITE_ATOMICITY, 0, 0 }, { NVM_FEAT_ASYNC_EVENT, 0, 0 },
	{ NVM_FEAT_KATO, 0, 0 }, { NVM_FEAT_HOST_BEHAVIOR, 512, 0 },
	{ NVM_FEAT_IOCS_PROFILE, 0, 0 }, { NVM_FEAT_HOST_ID, HOST_ID_SIZE, 0 },
};

_Static_assert(sizeof(features) / sizeof(features[0]) == GUEST_FEATURES, "features");
_Static_assert(sizeof(registers) / sizeof(registers[0]) == 8, "registers");

static int set_feature(struct machine *machine, uint8_t id, uint32_t cdw11, uint32_t *status)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_SET_FEATURES,
		.prp1 = htole64(nvme_iova(nvme_admin_offset(machine, 0))),
		.cdw10 = htole32(id),
		.cdw11 = htole32(cdw11),
	};
	struct nvm_cqe cqe;

	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	*status = nvme_status(&cqe);
	return 0;
}

static int must_set_feature(struct machine *machine, uint8_t id, uint32_t cdw11)
{
	uint32_t status;

	if (set_feature(machine, id, cdw11, &status))
		return -1;
	return status ? fail("Set Features %#x to %#x: status %#x", id, cdw11, status) : 0;
}

static int get_feature(struct machine *machine, struct guest_feature *feature)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_GET_FEATURES,
		.nsid = htole32(feature->per_namespace ? machine->guest->options.nsid : 0),
		.prp1 = htole64(nvme_iova(nvme_admin_offset(machine, 0))),
		.cdw10 = htole32(feature->id),
		.cdw11 = htole32(feature->cdw11),
	};
	struct nvm_cqe cqe;

	memset(nvme_admin_page(machine, 0), 0, GUEST_PAGE);
	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	feature->present = !nvme_status(&cqe);
	feature->value = le32toh(cqe.dw0);
	feature->data_crc = crc32c(0, nvme_admin_page(machine, 0), feature->data_size);
	return 0;
}

static int get_log(struct machine *machine, uint8_t log, uint32_t size)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_GET_LOG_PAGE,
		.nsid = htole32(NVM_NSID_ALL),
		.prp1 = htole64(nvme_iova(nvme_admin_offset(machine, 0))),
		.cdw10 = htole32((size / 4 - 1) << 16 | log),
	};
	struct nvm_cqe cqe;

	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	return nvme_status(&cqe) ? fail("Get Log Page %#x: status %#x", log, nvme_status(&cqe)) : 0;
}

static int read_identify(struct machine *machine, uint8_t cns, uint32_t nsid, uint8_t *copy)
{
	if (nvme_identify(machine, cns, nsid))
		return -1;
	memcpy(copy, nvme_admin_page(machine, 0), NVM_IDENTIFY_SIZE);
	return 0;
}

static int read_logs(struct machine *machine, struct guest_identity *identity)
{
	const struct nvm_smart_log *smart = nvme_admin_page(machine, 0);

	if (get_log(machine, NVM_LOG_ERROR, sizeof(identity->errors)))
		return -1;
	memcpy(identity->errors, nvme_admin_page(machine, 0), sizeof(identity->errors));
	if (get_log(machine, NVM_LOG_SMART, sizeof(*smart)))
		return -1;
	identity->host_reads = le64toh(smart->host_reads[0]);
	identity->host_writes = le64toh(smart->host_writes[0]);
	return 0;
}

static int read_timestamp(struct machine *machine, struct guest_identity *identity)
{
	struct guest_feature feature = { .id = NVM_FEAT_TIMESTAMP };
	uint64_t value;

	if (get_feature(machine, &feature))
		return -1;
	memcpy(&value, nvme_admin_page(machine, 0), sizeof(value));
	identity->timestamp = feature.present ? le64toh(value) & TIMESTAMP_MASK : 0;
	return 0;
}

/* What the device does not have is asked for once only: each refusal is an error log entry. */
static int read_features(struct machine *machine, struct guest_identity *identity,
			 const struct guest_identity *known)
{
	for (uint32_t i = 0; i < GUEST_FEATURES; i++) {
		struct guest_feature *feature = &identity->feature[i];

		feature->id = features[i].id;
		feature->data_size = features[i].data_size;
		feature->cdw11 = features[i].cdw11;
		feature->per_namespace = features[i].id == NVM_FEAT_ERROR_RECOVERY;
		if (known && !known->feature[i].present)
			continue;
		if (get_feature(machine, feature))
			return -1;
	}
	return 0;
}

static int take_note(struct machine *machine, struct guest_identity *identity,
		     const struct guest_identity *known)
{
	uint32_t nsid = machine->guest->options.nsid;

	memset(identity, 0, sizeof(*identity));
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		identity->registers[i] = registers[i].size == 8 ?
			nvme_read64(machine, registers[i].offset) :
			nvme_read32(machine, registers[i].offset);
	if (read_identify(machine, NVM_CNS_CTRL, 0, identity->controller) ||
	    read_identify(machine, NVM_CNS_NS, nsid, identity->namespace) ||
	    read_identify(machine, NVM_CNS_ACTIVE_NS, 0, identity->active) ||
	    read_identify(machine, NVM_CNS_NS_DESC, nsid, identity->descriptors))
		return -1;
	memset(identity->namespace + offsetof(struct nvm_id_ns, nuse), 0, sizeof(uint64_t));
	if (read_features(machine, identity, known) || read_timestamp(machine, identity))
		return -1;
	return read_logs(machine, identity);
}

static int cause_error_entry(struct machine *machine)
{
	struct nvm_sqe sqe = { .opcode = NEVER_AN_OPCODE };
	struct nvm_cqe cqe;

	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	if (nvme_status(&cqe) != NVM_SC_INVALID_OPCODE)
		return fail("admin opcode %#x: status %#x expected, %#x received", NEVER_AN_OPCODE,
			    NVM_SC_INVALID_OPCODE, nvme_status(&cqe));
	return 0;
}

/* Sets a feature that a controller need not let be changed. */
static int may_set_feature(struct machine *machine, uint8_t id, uint32_t cdw11, uint64_t data)
{
	uint32_t status;

	data = htole64(data);
	memcpy(nvme_admin_page(machine, 0), &data, sizeof(data));
	if (set_feature(machine, id, cdw11, &status))
		return -1;
	if (status)
		note("Set Features %#x to %#x: status %#x", id, cdw11, status);
	return 0;
}

/* Values that no controller has after a reset, so that a state that forgets them is found out. */
static int set_features(struct machine *machine)
{
	if (may_set_feature(machine, NVM_FEAT_TIMESTAMP, 0, TIMESTAMP_START) ||
	    may_set_feature(machine, NVM_FEAT_HOST_ID, 0, machine->guest->options.seed | 1) ||
	    may_set_feature(machine, NVM_FEAT_ARBITRATION, ARBITRATION, 0) ||
	    must_set_feature(machine, NVM_FEAT_TEMP_THRESHOLD, THRESHOLD))
		return -1;
	return must_set_feature(machine, NVM_FEAT_ASYNC_EVENT, EVENT_TEMPERATURE);
}

static int request_event(struct machine *machine)
{
	struct nvm_sqe sqe = { .opcode = NVM_ADMIN_ASYNC_EVENT };

	return nvme_submit_admin(machine, &sqe, &machine->guest->event_cid);
}

int identity_prepare(struct machine *machine)
{
	struct guest_identity scratch;

	if (set_features(machine) || cause_error_entry(machine) || request_event(machine))
		return -1;
	/* refusals in the first round reach the error log; the second one notes it as it stays */
	if (take_note(machine, &scratch, NULL))
		return -1;
	return take_note(machine, &machine->guest->identity, &scratch);
}

int identity_fly(struct machine *machine)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_IDENTIFY,
		.prp1 = htole64(nvme_iova(nvme_admin_offset(machine, FLYING_PAGE))),
		.cdw10 = htole32(NVM_CNS_CTRL),
	};

	memset(nvme_admin_page(machine, FLYING_PAGE), 0x5a, GUEST_PAGE);
	return nvme_submit_admin(machine, &sqe, &machine->guest->flying_cid);
}

static void differs(struct machine *machine, const char *what, uint64_t before, uint64_t after)
{
	fail("%s changed in the move: %#llx before, %#llx after", what, (unsigned long long)before,
	     (unsigned long long)after);
	machine->guest->counts.identity_errors++;
}

static void compare_bytes(struct machine *machine, const char *what, const void *before,
			  const void *after, size_t size)
{
	const uint8_t *old = before, *new = after;
	char name[64];

	for (size_t i = 0; i < size; i++) {
		if (old[i] == new[i])
			continue;
		snprintf(name, sizeof(name), "%s byte %zu", what, i);
		differs(machine, name, old[i], new[i]);
		return;
	}
}

static void compare_features(struct machine *machine, const struct guest_identity *before,
			     const struct guest_identity *after)
{
	char name[64];

	for (uint32_t i = 0; i < GUEST_FEATURES; i++) {
		const struct guest_feature *old = &before->feature[i], *new = &after->feature[i];

		if (!old->present)
			continue;
		snprintf(name, sizeof(name), "feature %#x selector %#x", old->id, old->cdw11);
		if (!new->present)
			differs(machine, name, 1, 0);
		else if (old->value != new->value)
			differs(machine, name, old->value, new->value);
		else if (old->data_crc != new->data_crc)
			differs(machine, name, old->data_crc, new->data_crc);
	}
}

static void compare(struct machine *machine, const struct guest_identity *before,
		    const struct guest_identity *after)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (before->registers[i] != after->registers[i])
			differs(machine, registers[i].name, before->registers[i],
				after->registers[i]);
	compare_bytes(machine, "Identify Controller", before->controller, after->controller,
		      sizeof(before->controller));
	compare_bytes(machine, "Identify Namespace", before->namespace, after->namespace,
		      sizeof(before->namespace));
	compare_bytes(machine, "active namespace list", before->active, after->active,
		      sizeof(before->active));
	compare_bytes(machine, "namespace descriptors", before->descriptors, after->descriptors,
		      sizeof(before->descriptors));
	compare_bytes(machine, "error log", before->errors, after->errors, sizeof(before->errors));
	compare_features(machine, before, after);
	if (after->host_reads < before->host_reads)
		differs(machine, "SMART host reads", before->host_reads, after->host_reads);
	if (after->host_writes < before->host_writes)
		differs(machine, "SMART host writes", before->host_writes, after->host_writes);
	if (after->timestamp < before->timestamp)
		differs(machine, "timestamp", before->timestamp, after->timestamp);
}

static int land(struct machine *machine)
{
	struct guest *guest = machine->guest;
	struct nvm_cqe cqe;

	if (nvme_wait_admin(machine, guest->flying_cid, &cqe))
		return -1;
	if (nvme_status(&cqe))
		return fail("Identify in flight across the move: status %#x", nvme_status(&cqe));
	compare_bytes(machine, "Identify in flight", guest->identity.controller,
		      nvme_admin_page(machine, FLYING_PAGE), NVM_IDENTIFY_SIZE);
	return 0;
}

int identity_check(struct machine *machine)
{
	struct guest_identity now;

	watchdog_begin("checking the identity");
	if (land(machine) || take_note(machine, &now, &machine->guest->identity))
		return -1;
	compare(machine, &machine->guest->identity, &now);
	machine->guest->identity.host_reads = now.host_reads;
	machine->guest->identity.host_writes = now.host_writes;
	machine->guest->identity.timestamp = now.timestamp;
	return 0;
}

static int check_event(const struct nvm_cqe *cqe)
{
	uint32_t wanted = NVM_EVENT_SMART | NVM_EVENT_SMART_TEMP << 8 | NVM_LOG_SMART << 16;

	if (nvme_status(cqe))
		return fail("Asynchronous Event Request: status %#x", nvme_status(cqe));
	if (le32toh(cqe->dw0) != wanted)
		return fail("event: expected %#x (temperature), received %#x", wanted,
			    le32toh(cqe->dw0));
	return 0;
}

int identity_event(struct machine *machine)
{
	struct guest *guest = machine->guest;
	struct nvm_cqe cqe;

	watchdog_begin("waiting for an event");
	if (must_set_feature(machine, NVM_FEAT_TEMP_THRESHOLD, 0) ||
	    nvme_wait_admin(machine, guest->event_cid, &cqe) || check_event(&cqe))
		return -1;
	guest->counts.events++;
	if (must_set_feature(machine, NVM_FEAT_TEMP_THRESHOLD, THRESHOLD) ||
	    get_log(machine, NVM_LOG_SMART, sizeof(struct nvm_smart_log)))
		return -1;
	return request_event(machine);
}
