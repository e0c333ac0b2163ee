// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading: whether the queues of a state lie apart in host memory. Two that overlap would destroy
 * each other's entries; no live controller has such queues (queue_memory.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "state_load.h"

/* Queues of a state by index: the admin queues, the submission queues, the completion queues. */
#define ADMIN_SQ	0
#define ADMIN_CQ	1
#define FIRST_SQ	2

/** struct range - bytes of a queue, @end excluded */
struct range {
	uint64_t start;
	uint64_t end;
};

static unsigned int first_cq(const struct load *load)
{
	return FIRST_SQ + load->nr_sq;
}

static unsigned int nr_queues(const struct load *load)
{
	return first_cq(load) + load->nr_cq;
}

static struct range range_of(const struct load *load, unsigned int index)
{
	uint32_t aqa = le32_to_cpu(load->regs->aqa);
	uint64_t start, len;

	if (index == ADMIN_SQ) {
		start = le64_to_cpu(load->regs->asq);
		len = SQ_BYTES((aqa & 0xfff) + 1);
	} else if (index == ADMIN_CQ) {
		start = le64_to_cpu(load->regs->acq);
		len = CQ_BYTES((aqa >> 16 & 0xfff) + 1);
	} else if (index < first_cq(load)) {
		start = le64_to_cpu(load->sq[index - FIRST_SQ].prp1);
		len = SQ_BYTES(le16_to_cpu(load->sq[index - FIRST_SQ].size) + 1);
	} else {
		start = le64_to_cpu(load->cq[index - first_cq(load)].prp1);
		len = CQ_BYTES(le16_to_cpu(load->cq[index - first_cq(load)].size) + 1);
	}
	return (struct range){ start, start + len };
}

static bool overlap(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

#define NONE_LEFT UINT64_MAX	/* no queue lies as high */

static uint64_t sq_address(const struct load *load, unsigned int i)
{
	return i < load->nr_sq ? le64_to_cpu(load->sq[i].prp1) : NONE_LEFT;
}

static uint64_t cq_address(const struct load *load, unsigned int i)
{
	return i < load->nr_cq ? le64_to_cpu(load->cq[i].prp1) : NONE_LEFT;
}

/*
 * The usual case without memory and without sorting: the submission queues ascend in memory by
 * their ids, and so do the completion queues, the admin queues below or above them all. False says
 * nothing.
 */
static bool ascend_apart(const struct load *load)
{
	unsigned int sq = 0, cq = 0;
	struct range admin_sq = range_of(load, ADMIN_SQ), admin_cq = range_of(load, ADMIN_CQ);
	uint64_t sq_at = sq_address(load, sq), cq_at = cq_address(load, cq);
	struct range io = { sq_at < cq_at ? sq_at : cq_at, 0 };

	while (sq_at != NONE_LEFT || cq_at != NONE_LEFT) {
		bool is_sq = sq_at < cq_at;

		if ((is_sq ? sq_at : cq_at) < io.end)
			return false;
		if (is_sq) {
			io.end = sq_at + SQ_BYTES(le16_to_cpu(load->sq[sq].size) + 1);
			sq_at = sq_address(load, ++sq);
		} else {
			io.end = cq_at + CQ_BYTES(le16_to_cpu(load->cq[cq].size) + 1);
			cq_at = cq_address(load, ++cq);
		}
	}
	return !overlap(admin_sq, admin_cq) && !overlap(admin_sq, io) && !overlap(admin_cq, io);
}

/* Let @order[at] sink to where the heap of @nr is one again. */
static void sift_down(const struct load *load, uint32_t *order, unsigned int at, unsigned int nr)
{
	uint32_t sinking = order[at];
	uint64_t start = range_of(load, sinking).start;
	unsigned int child;

	while ((child = 2 * at + 1) < nr) {
		if (child + 1 < nr && range_of(load, order[child + 1]).start >
				      range_of(load, order[child]).start)
			child++;
		if (range_of(load, order[child]).start <= start)
			break;
		order[at] = order[child];
		at = child;
	}
	order[at] = sinking;
}

/* Heap sort: no order that a stream comes in makes it slow. */
static void sort_by_address(const struct load *load, uint32_t *order, unsigned int nr)
{
	for (unsigned int i = nr / 2; i--;)
		sift_down(load, order, i, nr);
	for (unsigned int i = nr; --i;) {
		uint32_t last = order[i];

		order[i] = order[0];
		order[0] = last;
		sift_down(load, order, 0, i);
	}
}

static void name_queue(const struct load *load, unsigned int index, char *name, size_t size)
{
	struct range range = range_of(load, index);
	char which[40];

	if (index == ADMIN_SQ)
		snprintf(which, sizeof(which), "admin submission queue");
	else if (index == ADMIN_CQ)
		snprintf(which, sizeof(which), "admin completion queue");
	else if (index < first_cq(load))
		snprintf(which, sizeof(which), "submission queue %u",
			 le16_to_cpu(load->sq[index - FIRST_SQ].qid));
	else
		snprintf(which, sizeof(which), "completion queue %u",
			 le16_to_cpu(load->cq[index - first_cq(load)].qid));
	snprintf(name, size, "%s (%#lx, %lu bytes)", which, (unsigned long)range.start,
		 (unsigned long)(range.end - range.start));
}

static int refuse_overlap(struct load *load, unsigned int first, unsigned int second)
{
	char names[2][96];

	name_queue(load, first < second ? first : second, names[0], sizeof(names[0]));
	name_queue(load, first < second ? second : first, names[1], sizeof(names[1]));
	return load_refuse(load, -EBADMSG, 0, "queue memory: %s overlaps %s", names[0],
			   names[1]);
}

int check_queue_memory(struct load *load)
{
	unsigned int nr = nr_queues(load);
	uint32_t *order;
	int err = 0;

	if (!load->enabled || ascend_apart(load))
		return 0;
	order = malloc(nr * sizeof(order[0]));
	if (!order)
		return load_refuse(load, -ENOMEM, 0, "queue memory: no memory to sort %u queues",
				   nr);
	for (unsigned int i = 0; i < nr; i++)
		order[i] = i;
	sort_by_address(load, order, nr);
	/* Sorted by their start: if any two overlap, two neighbours do. */
	for (unsigned int i = 1; !err && i < nr; i++) {
		if (overlap(range_of(load, order[i - 1]), range_of(load, order[i])))
			err = refuse_overlap(load, order[i - 1], order[i]);
	}
	free(order);
	return err;
}
