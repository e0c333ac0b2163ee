// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a host can see of the twins must be the same: memory, interrupts, properties, media. Only
 * the first difference is noted.
 */
#include <endian.h>
#include <stdarg.h>
#include <string.h>

#include "twins.h"

__attribute__((format(printf, 2, 3)))
static void differ(struct twins *t, const char *format, ...)
{
	va_list args;

	if (t->outcome != OUTCOME_SAME)
		return;
	t->outcome = OUTCOME_DIFFERENT;
	va_start(args, format);
	vsnprintf(t->what, sizeof(t->what), format, args);
	va_end(args);
}

static void compare_registers(struct twins *t)
{
	static const uint16_t offsets[] = {
		NVM_REG_CAP, NVM_REG_CAP + 4, NVM_REG_VS, NVM_REG_INTMS, NVM_REG_INTMC, NVM_REG_CC,
		NVM_REG_CSTS, NVM_REG_NSSR, NVM_REG_AQA, NVM_REG_ASQ, NVM_REG_ASQ + 4, NVM_REG_ACQ,
		NVM_REG_ACQ + 4, NVM_REG_CRTO,
	};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		unsigned long stays = nvmove_ctrl_read(t->stays->guest.ctrl, offsets[i], 4);
		unsigned long moves = nvmove_ctrl_read(t->moves->guest.ctrl, offsets[i], 4);

		if (stays != moves)
			differ(t, "register %#x: %#lx stayed, %#lx moved", offsets[i], stays,
			       moves);
	}
}

/* Vectors whose queues have unread entries: a resume may signal those again. */
uint32_t unread_vectors(const struct nvmove_ctrl *ctrl)
{
	uint32_t vectors = 0;

	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		const struct cq_state *cq = &ctrl->st.cq[qid];

		if (cq->exists && cq->irq_enabled && cq_has_unread(cq))
			vectors |= 1u << cq->vector;
	}
	return vectors;
}

/*
 * Vectors for which interrupt coalescing counts from different entries on. A resume signals what
 * was held back and begins anew, so that from then on until both are signalled neither has to
 * follow the other; what each must do is the unit tests' business.
 */
uint32_t coalescing_vectors(const struct twins *t)
{
	uint32_t vectors = 0;

	for (unsigned int vector = 0; vector < VECTORS; vector++) {
		const struct vector_run *stays = &t->stays->guest.ctrl->vector[vector];
		const struct vector_run *moves = &t->moves->guest.ctrl->vector[vector];

		if (stays->aggregated != moves->aggregated ||
		    (stays->aggregated && stays->deadline_ns != moves->deadline_ns))
			vectors |= 1u << vector;
	}
	return vectors;
}

static void compare_irqs(struct twins *t)
{
	uint32_t stays = t->stays->guest.irqs, moves = t->moves->guest.irqs;
	uint32_t excused = t->coalescing_irqs | coalescing_vectors(t);

	if ((stays & ~moves & ~excused) || (moves & ~stays & ~t->allowed_irqs & ~excused))
		differ(t, "interrupt vectors: %#x stayed, %#x moved", stays, moves);
}

static uint32_t dword(const struct world *world, uint32_t offset)
{
	__le32 value;

	memcpy(&value, world->guest.memory + (offset & ~3u), sizeof(value));
	return le32toh(value);
}

static void compare_range(struct twins *t, uint32_t offset, uint32_t len)
{
	const uint8_t *stays = t->stays->guest.memory + offset;
	const uint8_t *moves = t->moves->guest.memory + offset;
	uint32_t i = 0;

	if (!memcmp(stays, moves, len))
		return;
	while (stays[i] == moves[i])
		i++;
	differ(t, "guest memory at %#x: %08x stayed, %08x moved", (offset + i) & ~3u,
	       dword(t->stays, offset + i), dword(t->moves, offset + i));
}

static void compare_written(struct twins *t, const struct world *world)
{
	if (world->nr_writes > MAX_WRITES) {
		compare_range(t, 0, GUEST_SIZE);
		return;
	}
	for (unsigned int i = 0; i < world->nr_writes; i++)
		compare_range(t, world->write[i].offset, world->write[i].len);
}

static void compare_media(struct twins *t)
{
	for (unsigned int i = 1; i <= NR_NAMESPACES; i++) {
		if (memcmp(t->stays->medium[i].data, t->moves->medium[i].data,
			   t->stays->medium[i].base.size))
			differ(t, "medium of nsid %u", i);
	}
}

void compare(struct twins *t)
{
	if (t->stays->nr_pending != t->moves->nr_pending)
		differ(t, "operations with the media: %u stayed, %u moved", t->stays->nr_pending,
		       t->moves->nr_pending);
	compare_irqs(t);
	compare_written(t, t->stays);
	compare_written(t, t->moves);
	compare_registers(t);
}

void compare_everything(struct twins *t)
{
	compare(t);
	compare_range(t, 0, GUEST_SIZE);
	compare_media(t);
}
