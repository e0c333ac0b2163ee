// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random writes, write zeroes and deallocations of one or two guests, whose namespaces a host
 * copies in the meantime with the help of User Data Migration Queues. In the end, with the guests
 * suspended and the queues read, every copy must be its namespace, bit by bit. The host is slow at
 * times: queues become full and it starts over. One number decides everything, so that a run can be
 * repeated.
 *
 * A planted bug (--mutant) spoils what the host reads, or lets an entry come before its command has
 * taken effect; it must be noticed.
 */
#include <stdio.h>

#include "cdq_host.h"
#include "random.h"

#define NR_GUESTS	2
#define NR_COPIES	2
#define NR_BUFFERS	16		/* commands of a guest at a time */
#define BUFFER_BYTES	(2 * PAGE)
#define AD		(1u << 2)
#define DEAC		(1u << 25)

struct run;

/** struct copy - what the host has of a namespace; up to @copied it has gone through it */
struct copy {
	uint32_t nsid;
	unsigned int lba_shift;
	uint8_t *data;
	size_t size;
	size_t copied;
};

/**
 * struct guest - a logged controller, its driver and its log's reader
 * @news: of the last entry that was not an ordinary one
 */
struct guest {
	struct run *run;
	unsigned int index;
	struct queue_pair queue;
	struct buffer *buffer[NR_BUFFERS];
	unsigned int next_buffer;
	unsigned int outstanding;
	struct cdq_host host;
	struct lba_migration_queue reader;
	enum lba_migration_news news;
};

/** struct counts - what has happened in all runs, so that a test that tests nothing is noticed */
struct counts {
	unsigned long commands;
	unsigned long entries;
	unsigned long deallocations;
	unsigned long lost;
	unsigned long suspensions;
	unsigned long resets;
	unsigned long stops;
	unsigned long read_while_written;
};

struct mutant;

struct run {
	uint64_t seed;
	struct random random;
	struct rig *rig;
	unsigned int nr_guests;
	unsigned int diligence;	/* percent of the steps in which the host reads */
	struct guest guest[NR_GUESTS];
	struct copy copy[NR_COPIES];
	struct counts *counts;
	const struct mutant *mutant;
	bool failed;
};

static void fail_run(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fail_run(struct run *run, const char *format, ...)
{
	va_list args;

	run->failed = true;
	printf("run %llu: ", (unsigned long long)run->seed);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* ---- planted bugs ---- */

/**
 * struct mutant - a planted bug
 * @edit: change an entry that the host reads; NULL: the entry comes before the command's effect
 */
struct mutant {
	const char *name;
	void (*edit)(struct nvmove_hmlm_user_data_entry *entry);
};

static bool is_range(const struct nvmove_hmlm_user_data_entry *entry)
{
	return entry->nsid && !NVMOVE_HMLM_UDE_ESA(entry->attributes);
}

static void lose(struct nvmove_hmlm_user_data_entry *entry)
{
	if (!is_range(entry) || get64(entry, 8) % 5)
		return;
	put32(entry, 4, 0);
	put64(entry, 8, 0);
}

static void shorten(struct nvmove_hmlm_user_data_entry *entry)
{
	if (is_range(entry) && get32(entry, 4))
		put32(entry, 4, get32(entry, 4) - 1);
}

static void forget_phase(struct nvmove_hmlm_user_data_entry *entry)
{
	if (!is_zero(entry, sizeof(*entry)))
		entry->attributes |= NVMOVE_HMLM_UDE_PHASE;
}

static void invent_deallocation(struct nvmove_hmlm_user_data_entry *entry)
{
	if (is_range(entry))
		entry->attributes |= NVMOVE_HMLM_UDE_DEALLOCATED;
}

/* Entries that say how a log ends become ordinary ones. */
static void conceal(struct nvmove_hmlm_user_data_entry *entry, unsigned int esa)
{
	if (NVMOVE_HMLM_UDE_ESA(entry->attributes) != esa)
		return;
	put32(entry, 0, 3);
	entry->attributes &= NVMOVE_HMLM_UDE_PHASE;
}

static void conceal_full(struct nvmove_hmlm_user_data_entry *entry)
{
	conceal(entry, NVMOVE_HMLM_ESA_FULL);
}

static void conceal_suspension(struct nvmove_hmlm_user_data_entry *entry)
{
	conceal(entry, NVMOVE_HMLM_ESA_SUSPENDED);
}

static const struct mutant mutants[] = {
	{ "entry-lost", lose },
	{ "range-shortened", shorten },
	{ "phase-forgotten", forget_phase },
	{ "deallocation-invented", invent_deallocation },
	{ "full-queue-concealed", conceal_full },
	{ "suspension-concealed", conceal_suspension },
	{ "posted-before-effect", NULL },
};

/* ---- the copies ---- */

static struct copy *find_copy(struct run *run, uint32_t nsid)
{
	for (unsigned int i = 0; i < NR_COPIES; i++) {
		if (run->copy[i].nsid == nsid)
			return &run->copy[i];
	}
	return NULL;
}

static void copy_bytes(struct run *run, struct copy *copy, uint64_t offset, uint64_t length)
{
	memcpy(copy->data + offset, run->rig->medium[copy->nsid]->data + offset, length);
}

static bool is_attached(unsigned int index, uint32_t nsid)
{
	return nsid == 3 || index == 1;
}

/* Everything that @guest can have changed must be copied again. */
static void copy_again(struct guest *guest)
{
	for (unsigned int i = 0; i < NR_COPIES; i++) {
		if (is_attached(guest->index, guest->run->copy[i].nsid))
			guest->run->copy[i].copied = 0;
	}
}

static void go_on_copying(struct run *run, size_t most)
{
	for (unsigned int i = 0; i < NR_COPIES; i++) {
		struct copy *copy = &run->copy[i];
		size_t left = copy->size - copy->copied;
		size_t length = left < most ? left : most;

		copy_bytes(run, copy, copy->copied, length);
		copy->copied += length;
	}
}

static void read_memory(void *arg, uint64_t offset, void *buf, size_t len)
{
	const struct guest *guest = arg;
	uint64_t slot = offset / UDE_BYTES;
	struct nvmove_hmlm_user_data_entry entry = cdq_host_entry(&guest->host, slot);

	if (guest->run->mutant && guest->run->mutant->edit)
		guest->run->mutant->edit(&entry);
	memcpy(buf, (uint8_t *)&entry + offset % UDE_BYTES, len);
}

static bool is_within(struct run *run, uint32_t nsid, uint64_t slba, uint64_t blocks)
{
	const struct copy *copy = find_copy(run, nsid);
	uint64_t size = copy ? copy->size >> copy->lba_shift : 0;

	if (slba < size && blocks <= size - slba)
		return true;
	fail_run(run, "an entry names %llu blocks at %llu of namespace %u, which has %llu",
		 (unsigned long long)blocks, (unsigned long long)slba, nsid,
		 (unsigned long long)size);
	return false;
}

static void copy_blocks(void *arg, uint32_t nsid, uint64_t slba, uint64_t blocks)
{
	struct run *run = ((struct guest *)arg)->run;
	struct copy *copy = find_copy(run, nsid);

	if (is_within(run, nsid, slba, blocks))
		copy_bytes(run, copy, slba << copy->lba_shift, blocks << copy->lba_shift);
}

static void copy_namespace(void *arg, uint32_t nsid)
{
	struct run *run = ((struct guest *)arg)->run;
	struct copy *copy = find_copy(run, nsid);

	if (is_within(run, nsid, 0, 1))
		copy_bytes(run, copy, 0, copy->size);
}

static void deallocate_blocks(void *arg, uint32_t nsid, uint64_t slba, uint64_t blocks)
{
	struct run *run = ((struct guest *)arg)->run;
	struct copy *copy = find_copy(run, nsid);

	run->counts->deallocations++;
	if (run->nr_guests > 1 && nsid == 3)
		copy_blocks(arg, nsid, slba, blocks);
	else if (is_within(run, nsid, slba, blocks))
		memset(copy->data + (slba << copy->lba_shift), 0, blocks << copy->lba_shift);
}

static const struct lba_migration_ops ops = {
	.read = read_memory,
	.copy = copy_blocks,
	.copy_namespace = copy_namespace,
	.deallocate = deallocate_blocks,
};

/* ---- reading the logs ---- */

/* Read one entry, unless the last one needs an answer first. */
static bool take(struct guest *guest)
{
	enum lba_migration_news news;

	if (guest->news != LBA_MIGRATION_NONE)
		return false;
	news = lba_migration_queue_take(&guest->reader);
	if (news == LBA_MIGRATION_NONE)
		return false;
	guest->run->counts->entries++;
	if (news != LBA_MIGRATION_ENTRY)
		guest->news = news;
	return true;
}

/* The host's other processor reads while the controller writes. */
static void read_in_between(struct function *function, uint64_t addr)
{
	struct run *run = function->before_write_arg;

	(void)addr;
	for (unsigned int i = 0; i < run->nr_guests; i++) {
		if (chance(&run->random, 20) && take(&run->guest[i]))
			run->counts->read_while_written++;
	}
}

/* A command of the host's that must succeed; what it asks for follows from what it has read. */
static void check(struct guest *guest, const char *what, struct completion completion)
{
	if (completion.status)
		fail_run(guest->run, "%s of controller %u's queue: status %#x", what, guest->index,
			 completion.status);
}

static void start_over(struct guest *guest)
{
	check(guest, "a start", cdq_log(&guest->host, NVMOVE_HMLM_START));
	copy_again(guest);
}

/* Give the slots back, and do what the last entry asks for, which may be read in the meantime. */
static void answer(struct guest *guest)
{
	enum lba_migration_news news;

	do {
		news = guest->news;
		check(guest, "the head", cdq_set_head(&guest->host, guest->reader.head));
	} while (guest->news != news);
	guest->news = LBA_MIGRATION_NONE;
	if (news == LBA_MIGRATION_LOST) {
		guest->run->counts->lost++;
		start_over(guest);
	}
}

static void read_log(struct guest *guest, unsigned int most)
{
	while (most-- && take(guest))
		;
	answer(guest);
}

/* ---- the guests ---- */

static void take_completions(struct guest *guest)
{
	struct completion completion;

	rig_run(guest->run->rig);
	while (cq_poll(&guest->queue.cq, &completion)) {
		guest->outstanding--;
		cq_ring(&guest->queue.cq);
	}
}

static void submit_ranges(struct guest *guest, struct command *command, struct buffer *buffer,
			  uint64_t blocks)
{
	struct random *random = &guest->run->random;
	unsigned int nr = 1 + pick(random, 4);

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t slba = pick(random, blocks);
		uint8_t range[16] = { 0 };

		put32(range, 4, pick(random, blocks - slba < 9 ? blocks - slba + 1 : 9));
		put64(range, 8, slba);
		buffer_write(buffer, i * sizeof(range), range, sizeof(range));
	}
	command->opcode = NVM_IO_DSM;
	command->cdw10 = nr - 1;
	command->cdw11 = AD;
}

static void submit(struct guest *guest)
{
	struct run *run = guest->run;
	struct copy *copy = find_copy(run, guest->index == 1 ? 2 + pick(&run->random, 2) : 3);
	uint64_t blocks = copy->size >> copy->lba_shift;
	uint64_t most = BUFFER_BYTES >> copy->lba_shift;
	uint64_t slba = pick(&run->random, blocks);
	struct buffer *buffer = guest->buffer[guest->next_buffer++ % NR_BUFFERS];
	struct command command;

	if (most > blocks - slba)
		most = blocks - slba;
	command = rw_command(NVM_IO_WRITE, copy->nsid, slba, 1 + pick(&run->random, most), buffer);
	switch (pick(&run->random, 4)) {
	case 0:
		command.opcode = NVM_IO_WRITE_ZEROES;
		command.cdw12 |= chance(&run->random, 50) ? DEAC : 0;
		break;
	case 1:
		submit_ranges(guest, &command, buffer, blocks);
		break;
	default:
		buffer_fill(buffer, 1 + pick(&run->random, 255));
	}
	sq_submit(&guest->queue.sq, &command);
	guest->outstanding++;
	run->counts->commands++;
}

static void create_queue(struct guest *guest)
{
	driver_create_queue(guest->run->rig->driver[guest->index], &guest->queue, 1,
			    NR_BUFFERS + 1, 1);
	guest->outstanding = 0;
}

static void reset(struct guest *guest)
{
	nvmove_ctrl_reset(guest->run->rig->function[guest->index].ctrl, NVMOVE_RESET_FLR);
	driver_enable(guest->run->rig->driver[guest->index]);
	create_queue(guest);
	guest->run->counts->resets++;
}

static void suspend(struct guest *guest)
{
	for (uint32_t nsid = 2; nsid <= 3; nsid++)
		scripted_release(guest->run->rig->medium[nsid]);
	rig_suspend(guest->run->rig, guest->index);
}

static void suspend_for_a_while(struct guest *guest)
{
	suspend(guest);
	while (chance(&guest->run->random, 60) && take(guest))
		;
	assert_int_equal(nvmove_ctrl_resume(guest->run->rig->function[guest->index].ctrl), 0);
	guest->run->counts->suspensions++;
}

/* What changes between stop and start is not logged. */
static void stop_for_a_while(struct guest *guest)
{
	check(guest, "a stop", cdq_log(&guest->host, NVMOVE_HMLM_STOP));
	while (take(guest))
		;
	if (guest->news == LBA_MIGRATION_ENDED)
		guest->run->counts->stops++;
	while (guest->news == LBA_MIGRATION_QUIET) {
		guest->news = LBA_MIGRATION_NONE;
		while (take(guest))
			;
	}
	guest->news = LBA_MIGRATION_NONE;
	check(guest, "the head", cdq_set_head(&guest->host, guest->reader.head));
	start_over(guest);
}

/* ---- media ---- */

/* The bug: the command ends, its entry is posted and read, and then the data changes. */
static void complete_before_effect(struct run *run, struct scripted_medium *medium)
{
	uint64_t offset = medium->held->offset, length = medium->held->length;
	uint8_t *before = malloc(length), *after = malloc(length);

	assert_non_null(before);
	assert_non_null(after);
	memcpy(before, medium->data + offset, length);
	scripted_complete(medium, 0, 0);
	memcpy(after, medium->data + offset, length);
	memcpy(medium->data + offset, before, length);
	rig_run(run->rig);
	for (unsigned int i = 0; i < run->nr_guests; i++)
		read_log(&run->guest[i], UINT32_MAX);
	memcpy(medium->data + offset, after, length);
	free(before);
	free(after);
}

static void complete_some(struct run *run)
{
	struct scripted_medium *medium = run->rig->medium[2 + pick(&run->random, 2)];
	unsigned int held = scripted_held(medium);

	if (chance(&run->random, 10)) {
		scripted_release(medium);
		medium->hold = chance(&run->random, 75);
	} else if (held && run->mutant && !run->mutant->edit) {
		complete_before_effect(run, medium);
	} else if (held) {
		scripted_complete(medium, pick(&run->random, held),
				  chance(&run->random, 5) ? EIO : 0);
	}
}

/* ---- a run ---- */

static void begin_guest(struct run *run, struct guest *guest, unsigned int index)
{
	uint32_t slots = 3 + pick(&run->random, chance(&run->random, 50) ? 10 : 300);

	guest->run = run;
	guest->index = index;
	for (unsigned int i = 0; i < NR_BUFFERS; i++)
		guest->buffer[i] = buffer_new(run->rig->driver[index], BUFFER_BYTES);
	create_queue(guest);
	guest->host = chance(&run->random, 50) ? cdq_host_new(run->rig, index, slots) :
						 cdq_host_new_scattered(run->rig, index, slots);
	assert_success(cdq_create(&guest->host));
	lba_migration_queue_init(&guest->reader, slots, &ops, guest);
	assert_success(cdq_log(&guest->host, NVMOVE_HMLM_START));
}

static void begin(struct run *run)
{
	struct rig_options options = { .namespace_bytes = { 0, 4096, 16 * 4096, 64 * 512, 4096 } };

	run->rig = rig_new_secondaries(&options, NR_GUESTS);
	run->nr_guests = 1 + chance(&run->random, 25);
	run->diligence = 2 + pick(&run->random, 40);
	for (unsigned int i = 0; i < NR_COPIES; i++) {
		struct copy *copy = &run->copy[i];

		copy->nsid = 2 + i;
		copy->lba_shift = copy->nsid == 2 ? 12 : 9;
		copy->size = run->rig->medium[copy->nsid]->base.size;
		copy->data = malloc(copy->size);
		assert_non_null(copy->data);
		memset(copy->data, 0xa5, copy->size);
		memset(run->rig->medium[copy->nsid]->data, 0x5a, copy->size);
	}
	for (unsigned int i = 0; i < run->nr_guests; i++)
		begin_guest(run, &run->guest[i], 1 + i);
	run->rig->function[0].before_write = read_in_between;
	run->rig->function[0].before_write_arg = run;
}

static void step(struct run *run)
{
	struct guest *guest = &run->guest[pick(&run->random, run->nr_guests)];
	unsigned int what = pick(&run->random, 100);

	if (what < 50 && guest->outstanding < NR_BUFFERS)
		submit(guest);
	else if (what < 80)
		complete_some(run);
	else if (what < 82)
		suspend_for_a_while(guest);
	else if (what < 83)
		reset(guest);
	else if (what < 84)
		stop_for_a_while(guest);
	else
		go_on_copying(run, 1 + pick(&run->random, 8192));
	if (chance(&run->random, 50))
		take_completions(guest);
	if (chance(&run->random, run->diligence))
		read_log(guest, 1 + pick(&run->random, 20));
	else if (guest->news == LBA_MIGRATION_LOST)
		answer(guest);
}

/* Read up to the entry that says that the guest is suspended, or that all is lost. */
static void read_to_the_end(struct guest *guest)
{
	while (guest->news != LBA_MIGRATION_LOST) {
		/* That of an earlier suspension, if there is more. */
		guest->news = LBA_MIGRATION_NONE;
		if (take(guest))
			continue;
		if (guest->reader.log != LBA_MIGRATION_SUSPENDED)
			fail_run(guest->run, "the log of controller %u has no last entry",
				 guest->index);
		return;
	}
	guest->run->counts->lost++;
	copy_again(guest);
}

static void compare(struct run *run)
{
	for (unsigned int i = 0; i < NR_COPIES; i++) {
		const struct copy *copy = &run->copy[i];
		const uint8_t *source = run->rig->medium[copy->nsid]->data;

		for (size_t at = 0; at < copy->size; at++) {
			if (copy->data[at] == source[at])
				continue;
			fail_run(run, "block %zu of namespace %u differs", at >> copy->lba_shift,
				 copy->nsid);
			return;
		}
	}
}

static void end(struct run *run)
{
	for (unsigned int i = 0; i < run->nr_guests; i++) {
		if (run->guest[i].news == LBA_MIGRATION_LOST)
			answer(&run->guest[i]);
	}
	go_on_copying(run, SIZE_MAX);
	for (unsigned int i = 0; i < run->nr_guests; i++)
		suspend(&run->guest[i]);
	for (unsigned int i = 0; i < run->nr_guests; i++)
		read_to_the_end(&run->guest[i]);
	go_on_copying(run, SIZE_MAX);
	compare(run);
}

static bool run_once(uint64_t seed, const struct mutant *mutant, struct counts *counts)
{
	struct run run = { .seed = seed, .random = random_from(seed), .counts = counts,
			   .mutant = mutant };
	unsigned int steps;

	begin(&run);
	steps = 50 + pick(&run.random, 400);
	while (steps-- && !run.failed)
		step(&run);
	if (!run.failed)
		end(&run);
	run.rig->function[0].before_write = NULL;
	rig_free(run.rig);
	for (unsigned int i = 0; i < NR_COPIES; i++)
		free(run.copy[i].data);
	return !run.failed;
}

/* ---- the program ---- */

static int usage(const char *name)
{
	fprintf(stderr, "usage: %s [--seed N] [--runs N] [--mutant NAME] | --mutants\n", name);
	return 2;
}

static const struct mutant *find_mutant(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(mutants); i++) {
		if (!strcmp(mutants[i].name, name))
			return &mutants[i];
	}
	return NULL;
}

static int list_mutants(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mutants); i++)
		puts(mutants[i].name);
	return 0;
}

/* Whether a few hundred runs have come across all that they are for. */
static bool is_telling(const struct counts *counts, uint64_t runs)
{
	return runs < 100 || (counts->deallocations && counts->lost && counts->suspensions &&
			      counts->resets && counts->stops && counts->read_while_written);
}

int main(int argc, char **argv)
{
	const struct mutant *mutant = NULL;
	struct counts counts = { 0 };
	uint64_t seed = 1, runs = 100;

	if (argc == 2 && !strcmp(argv[1], "--mutants"))
		return list_mutants();
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return usage(argv[0]);
		if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--runs"))
			runs = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--mutant") && find_mutant(argv[i + 1]))
			mutant = find_mutant(argv[i + 1]);
		else
			return usage(argv[0]);
	}
	for (uint64_t i = 0; i < runs; i++) {
		if (!run_once(seed + i, mutant, &counts))
			return 1;
	}
	printf("%llu runs, no difference: %lu commands, %lu entries (%lu deallocated, %lu read "
	       "while one was written), %lu logs lost and begun again, %lu suspensions, %lu resets, "
	       "%lu stops\n", (unsigned long long)runs, counts.commands, counts.entries,
	       counts.deallocations, counts.read_while_written, counts.lost, counts.suspensions,
	       counts.resets, counts.stops);
	return is_telling(&counts, runs) ? 0 : 2;
}
