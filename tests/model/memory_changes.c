// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random migrations of a guest's memory. The destination is sent what a report names, at the time
 * of the report, as a hypervisor would do it, with commands in flight and reports that fail. Where
 * nothing is in flight and everything has been reported, the destination's memory must be the
 * source's. Nothing may be reported that the controller has not written, but for what is in the
 * same granule.
 */
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_changes.h"

#define REPORT_HEADER	sizeof(struct nvmove_hmlm_memory_changes)
#define NO_MEMORY	0x10	/* no address of any memory */

__attribute__((format(printf, 2, 3)))
static void wrong(struct migration *m, const char *format, ...)
{
	va_list args;

	if (m->what[0])
		return;
	va_start(args, format);
	vsnprintf(m->what, sizeof(m->what), format, args);
	va_end(args);
}

static uint32_t track(struct migration *m, struct nvm_sqe sqe)
{
	struct world *world = m->world;

	sqe.cdw11 = htole32(nvmove_ctrl_cntlid(world->guest.ctrl));
	if (!sqe.prp1) {
		sqe.prp1 = htole64(admin_host_buffer_address());
		sqe.prp2 = htole64(admin_host_buffer_address() + 4096);
	}
	return admin_host_command(&world->host[world->here], &sqe, NULL);
}

/* ---- begin and end ---- */

static void pick_ranges(struct migration *m)
{
	unsigned int granule = 4096 << m->granularity;

	m->nr_ranges = 1 + pick(&m->random, MAX_RANGES);
	for (unsigned int i = 0; i < m->nr_ranges; i++) {
		uint32_t first = pick(&m->random, GUEST_SIZE / granule);

		m->range[i].address = GUEST_BASE + (uint64_t)first * granule;
		m->range[i].length = 1 + pick(&m->random, GUEST_SIZE / granule);
	}
	if (chance(&m->random, 50)) {
		m->nr_ranges = 1;
		m->range[0] = (struct memory_range) { GUEST_BASE, GUEST_SIZE / granule };
	}
}

static void note_ranges(struct migration *m)
{
	memset(m->is_tracked, 0, sizeof(m->is_tracked));
	for (unsigned int i = 0; i < m->nr_ranges; i++) {
		uint64_t page = (m->range[i].address - GUEST_BASE) / 4096;
		uint64_t end = page + ((uint64_t)m->range[i].length << m->granularity);

		for (; page < end && page < PAGES; page++)
			m->is_tracked[page] = true;
	}
}

static void start(struct migration *m)
{
	struct nvmove_hmlm_memory_request *request =
		(void *)admin_host_buffer(&m->world->host[m->world->here]);
	struct nvmove_hmlm_memory_range *range = (void *)(request + 1);
	uint32_t status;

	m->granularity = chance(&m->random, 70) ? 0 : pick(&m->random, 5);
	pick_ranges(m);
	note_ranges(m);
	*request = (struct nvmove_hmlm_memory_request) {
		.granularity = m->granularity,
		.nr_ranges = htole32(m->nr_ranges),
	};
	for (unsigned int i = 0; i < m->nr_ranges; i++) {
		range[i].address = htole64(m->range[i].address);
		range[i].length = htole32(m->range[i].length);
	}
	status = track(m, (struct nvm_sqe) {
		.opcode = NVMOVE_HMLM_TRACK_SEND,
		.cdw10 = htole32(NVMOVE_HMLM_START << NVMOVE_HMLM_MOS_SHIFT |
				 NVMOVE_HMLM_TRACK_MEMORY),
	});
	if (status)
		wrong(m, "tracking does not start: status %#x", status);
	/* The first pass of a migration sends all memory. */
	memcpy(m->copy, m->world->guest.memory, GUEST_SIZE);
	memset(m->written, 0, sizeof(m->written));
	memset(m->touched, 0, sizeof(m->touched));
}

static void stop(struct migration *m)
{
	uint32_t status = track(m, (struct nvm_sqe) {
		.opcode = NVMOVE_HMLM_TRACK_SEND,
		.cdw10 = htole32(NVMOVE_HMLM_STOP << NVMOVE_HMLM_MOS_SHIFT |
				 NVMOVE_HMLM_TRACK_MEMORY),
	});

	if (status)
		wrong(m, "tracking does not stop: status %#x", status);
}

/* ---- reports ---- */

/* Send a granule to the destination; false if the controller can have written none of it. */
static bool send(struct migration *m, uint64_t offset)
{
	bool touched = false;

	for (unsigned int i = 0; i < 1u << m->granularity && offset < GUEST_SIZE; i++) {
		memcpy(m->copy + offset, m->world->guest.memory + offset, 4096);
		touched |= m->touched[offset / 4096];
		m->touched[offset / 4096] = false;
		m->written[offset / 4096] = false;
		offset += 4096;
	}
	return touched;
}

static void take_change(struct migration *m, const struct nvmove_hmlm_memory_change *change,
			uint64_t *end)
{
	uint64_t address = le64toh(change->address), granule = 4096 << m->granularity;
	uint32_t length = le32toh(change->length);

	if (address < *end || address % granule || !length)
		wrong(m, "%u granules at %#lx, after what ended at %#lx", length,
		      (unsigned long)address, (unsigned long)*end);
	*end = address + length * granule;
	if (address < GUEST_BASE || *end > GUEST_BASE + GUEST_SIZE)
		wrong(m, "%u granules at %#lx: nothing is there", length, (unsigned long)address);
	for (; address < *end && !m->what[0]; address += granule) {
		if (!m->is_tracked[(address - GUEST_BASE) / 4096])
			wrong(m, "%#lx is not tracked", (unsigned long)address);
		else if (!send(m, address - GUEST_BASE))
			wrong(m, "%#lx was not written", (unsigned long)address);
	}
}

static uint32_t receive(struct migration *m, size_t length, uint64_t address)
{
	m->nr_reports++;
	return track(m, (struct nvm_sqe) {
		.opcode = NVMOVE_HMLM_TRACK_RECEIVE,
		.prp1 = htole64(address),
		.cdw10 = htole32(NVMOVE_HMLM_MEMORY_CHANGES),
		.cdw12 = htole32(length / 4 - 1),
	});
}

/* A report of @length bytes, at least a header: its attributes. */
static uint8_t report(struct migration *m, size_t length)
{
	const struct nvmove_hmlm_memory_changes *changes =
		(void *)admin_host_buffer(&m->world->host[m->world->here]);
	const struct nvmove_hmlm_memory_change *change = (void *)(changes + 1);
	uint32_t status = receive(m, length, 0), nr = le32toh(changes->nr_changes);
	uint64_t end = 0;

	if (status)
		wrong(m, "Tracked Memory Changes: status %#x", status);
	else if (nr > (length - REPORT_HEADER) / sizeof(*change))
		wrong(m, "%u changes in %zu bytes", nr, length);
	for (uint32_t i = 0; i < nr && !m->what[0]; i++)
		take_change(m, &change[i], &end);
	m->nr_changes += nr;
	return changes->attributes;
}

static void failed_report(struct migration *m)
{
	uint32_t status = receive(m, HOST_BUFFER, NO_MEMORY);

	if (status != NVM_SC_DATA_TRANSFER_ERROR)
		wrong(m, "a report to no memory: status %#x", status);
	if (m->bug && m->bug->report_failed)
		m->bug->report_failed(m);
}

static void some_report(struct migration *m)
{
	size_t room = pick(&m->random, chance(&m->random, 50) ? 8 : 400);

	if (chance(&m->random, 20))
		failed_report(m);
	else
		report(m, REPORT_HEADER + room * sizeof(struct nvmove_hmlm_memory_change));
}

static uint8_t report_everything(struct migration *m)
{
	size_t room = 1 + pick(&m->random, chance(&m->random, 20) ? 3 : 500);
	uint8_t attributes;

	do {
		attributes = report(m, REPORT_HEADER +
				       room * sizeof(struct nvmove_hmlm_memory_change));
	} while ((attributes & NVMOVE_HMLM_CHANGES_MORE) && !m->what[0]);
	return attributes;
}

/* ---- a migration ---- */

static void compare(struct migration *m)
{
	for (unsigned int page = 0; page < PAGES; page++) {
		uint64_t offset = page * 4096ull;

		if (!m->is_tracked[page])
			continue;
		if (m->written[page])
			wrong(m, "page %#llx was written and is not reported", GUEST_BASE + offset);
		if (memcmp(m->copy + offset, m->world->guest.memory + offset, 4096))
			wrong(m, "page %#llx differs and is not reported", GUEST_BASE + offset);
	}
}

/* What the device did to memory, whatever the controller says of it. */
static void note_writes(struct migration *m)
{
	struct world *world = m->world;

	if (world->nr_writes > MAX_WRITES)
		abort();
	for (unsigned int i = 0; i < world->nr_writes; i++) {
		unsigned int page = world->write[i].offset / 4096;
		unsigned int last = (world->write[i].offset + world->write[i].len - 1) / 4096;

		for (; page <= last; page++) {
			m->touched[page] = true;
			m->written[page] |= world->write[i].certain;
		}
	}
	world_begin_step(world);
	if (m->bug && m->bug->after_step)
		m->bug->after_step(m);
}

static void step(struct migration *m)
{
	guest_life(m);
	note_writes(m);
	if (chance(&m->random, 20))
		some_report(m);
	if (!m->world->nr_pending && chance(&m->random, 30)) {
		report_everything(m);
		compare(m);
	}
	if (chance(&m->random, 2)) {
		stop(m);
		start(m);
	}
}

static void ignore(void *arg, int status)
{
	(void)arg;
	(void)status;
}

static void finish(struct migration *m)
{
	struct nvmove_ctrl *ctrl = m->world->guest.ctrl;

	nvmove_ctrl_suspend(ctrl, ignore, NULL);
	some_report(m);
	while (!nvmove_ctrl_is_suspended(ctrl)) {
		if (m->bug && m->bug->complete)
			m->bug->complete(m, 0, 0);
		else
			world_complete(m->world, 0, 0);
		world_settle(m->world);
		note_writes(m);
	}
	if (!(report_everything(m) & NVMOVE_HMLM_CHANGES_SUSPENDED))
		wrong(m, "the report does not say that the controller is suspended");
	compare(m);
}

/* Returns whether everything was right. @copy: memory for the destination, of any content. */
static bool migrate(struct migration *m, unsigned long seed, uint8_t *copy,
		    const struct tracking_bug *bug)
{
	*m = (struct migration) {
		.world = world_new(),
		.random = random_from(seed),
		.copy = copy,
	};
	guest_begin(m);
	for (unsigned int n = pick(&m->random, 20); n; n--)
		guest_life(m);
	world_begin_step(m->world);
	start(m);
	m->bug = bug;
	for (unsigned int n = 20 + pick(&m->random, 80); n && !m->what[0]; n--)
		step(m);
	if (!m->what[0])
		finish(m);
	world_free(m->world);
	return !m->what[0];
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "memory_changes: \"%s\" is not a number\n", text);
		exit(2);
	}
	return value;
}

static int run(unsigned long first, unsigned long count, const struct tracking_bug *bug)
{
	static struct migration m;
	static uint8_t copy[GUEST_SIZE];
	unsigned long reports = 0, changes = 0;

	for (unsigned long seed = first; seed < first + count; seed++) {
		if (!migrate(&m, seed, copy, bug)) {
			fprintf(stderr, "seed %lu: %s\n", seed, m.what);
			return 1;
		}
		reports += m.nr_reports;
		changes += m.nr_changes;
	}
	printf("seeds %lu to %lu, %lu reports of %lu changes: nothing unreported differs\n", first,
	       first + count - 1, reports, changes);
	return 0;
}

static int list_bugs(void)
{
	for (size_t i = 0; tracking_bug_number(i); i++)
		puts(tracking_bug_number(i)->name);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "mutant", required_argument, NULL, 'u' },
		{ "mutants", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	unsigned long seed = 1, seeds = 10000;
	const struct tracking_bug *bug = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = number(optarg);
			break;
		case 'n':
			seeds = number(optarg);
			break;
		case 'u':
			bug = tracking_bug_find(optarg);
			if (bug)
				break;
			fprintf(stderr, "memory_changes: no mutant is called \"%s\"\n", optarg);
			return 2;
		case 'l':
			return list_bugs();
		default:
			printf("usage: memory_changes [--seed FIRST] [--seeds COUNT] [--mutant NAME]\n"
			       "       memory_changes --mutants\n");
			return option == 'h' ? 0 : 2;
		}
	}
	return run(seed, seeds, bug);
}
