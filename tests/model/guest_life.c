// SPDX-License-Identifier: BSD-2-Clause
/*
 * The random life of a guest whose memory is tracked: commands good and bad, media that write a
 * part of the data before they complete or fail, resets. It knows nothing of the tracking.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "memory_changes.h"

/* The processors' writes are known to the hypervisor, which sends them on its own. */
static void guest_write(struct migration *m, uint64_t offset, const void *data, size_t len)
{
	if (len > GUEST_SIZE || offset > GUEST_SIZE - len)
		return;
	memcpy(m->world->guest.memory + offset, data, len);
	memcpy(m->copy + offset, data, len);
}

static void ring(struct migration *m, unsigned int number, uint32_t value)
{
	struct nvmove_ctrl *ctrl = m->world->guest.ctrl;
	uint64_t shadow = ctrl->st.shadow.doorbells;
	__le32 entry = htole32(value);

	if (shadow && number > 1)
		guest_write(m, shadow - GUEST_BASE + 4 * number, &entry, sizeof(entry));
	nvmove_ctrl_write(ctrl, NVM_REG_DBS + 4 * number, value, 4);
}

static void write_command(struct migration *m, unsigned int qid, unsigned int slot)
{
	struct nvm_sqe sqe = { .cid = htole16(pick(&m->random, 64)) };
	struct action data;

	if (qid)
		make_io(&m->random, &sqe);
	else
		make_admin(&m->random, &sqe);
	if (make_data(&m->random, &sqe, !qid, &data))
		guest_write(m, data.argument[0], data.bytes, data.argument[1]);
	guest_write(m, SQ_AT(qid) + slot * sizeof(sqe), &sqe, sizeof(sqe));
}

static void send_commands(struct migration *m)
{
	unsigned int qid = chance(&m->random, 30) ? 0 : pick(&m->random, IO_QUEUES + 1);
	const struct sq_state *sq = &m->world->guest.ctrl->st.sq[qid];
	uint32_t tail = sq->tail;

	if (!sq->exists)
		return;
	for (unsigned int n = pick(&m->random, 8); n && (tail + 1) % sq->size != sq->head; n--) {
		write_command(m, qid, tail);
		tail = (tail + 1) % sq->size;
	}
	ring(m, 2 * qid, tail);
}

static void read_completions(struct migration *m)
{
	const struct ctrl_state *st = &m->world->guest.ctrl->st;

	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		if (st->cq[qid].exists && chance(&m->random, 70))
			ring(m, 2 * qid + 1, st->cq[qid].tail);
	}
}

static void work_of_the_medium(struct migration *m)
{
	unsigned int nr_pending = m->world->nr_pending, index;
	int error;

	if (!nr_pending)
		return;
	index = pick(&m->random, nr_pending);
	if (chance(&m->random, 40)) {
		world_transfer_part(m->world, index, pick(&m->random, 1 << 17));
		return;
	}
	error = chance(&m->random, 10) ? -EIO : 0;
	if (m->bug && m->bug->complete)
		m->bug->complete(m, index, error);
	else
		world_complete(m->world, index, error);
}

static void enable(struct migration *m)
{
	struct nvmove_ctrl *ctrl = m->world->guest.ctrl;

	nvmove_ctrl_write(ctrl, NVM_REG_AQA, (ADMIN_ENTRIES - 1) << 16 | (ADMIN_ENTRIES - 1), 4);
	nvmove_ctrl_write(ctrl, NVM_REG_ASQ, GUEST_BASE + ADMIN_SQ, 8);
	nvmove_ctrl_write(ctrl, NVM_REG_ACQ, GUEST_BASE + ADMIN_CQ, 8);
	nvmove_ctrl_write(ctrl, NVM_REG_CC, CC_GOOD | NVM_CC_EN, 4);
}

static void create_queue(struct migration *m)
{
	const struct sq_state *admin = &m->world->guest.ctrl->st.sq[0];
	unsigned int qid = 1 + pick(&m->random, IO_QUEUES);
	struct nvm_sqe sqe[] = {
		{
			.opcode = NVM_ADMIN_CREATE_CQ,
			.prp1 = htole64(GUEST_BASE + IO_CQ(qid)),
			.cdw10 = htole32((QUEUE_ENTRIES - 1) << 16 | qid),
			.cdw11 = htole32(NVM_QUEUE_PC),
		}, {
			.opcode = NVM_ADMIN_CREATE_SQ,
			.prp1 = htole64(GUEST_BASE + IO_SQ(qid)),
			.cdw10 = htole32((QUEUE_ENTRIES - 1) << 16 | qid),
			.cdw11 = htole32(qid << 16 | NVM_QUEUE_PC),
		},
	};
	uint32_t tail = admin->tail;

	if (!admin->exists || admin->head != tail)
		return;
	for (unsigned int i = 0; i < 2; i++) {
		guest_write(m, ADMIN_SQ + tail * sizeof(sqe[0]), &sqe[i], sizeof(sqe[0]));
		tail = (tail + 1) % admin->size;
	}
	ring(m, 0, tail);
}

static void life_cycle(struct migration *m)
{
	struct nvmove_ctrl *ctrl = m->world->guest.ctrl;

	if (!ctrl->online)
		world_online(m->world);
	else if (!(ctrl->st.cc & NVM_CC_EN))
		enable(m);
	else if (chance(&m->random, 20))
		nvmove_ctrl_reset(ctrl, NVMOVE_RESET_FLR);
	else if (chance(&m->random, 20) || (ctrl->st.csts & NVM_CSTS_CFS))
		nvmove_ctrl_write(ctrl, NVM_REG_CC, 0, 4);
	else if (chance(&m->random, 10))
		world_offline(m->world);
}

void guest_life(struct migration *m)
{
	unsigned int what = pick(&m->random, 100);

	if (what < 40)
		send_commands(m);
	else if (what < 70)
		work_of_the_medium(m);
	else if (what < 85)
		read_completions(m);
	else if (what < 93)
		create_queue(m);
	else if (what < 97)
		life_cycle(m);
	else
		m->world->can_map = chance(&m->random, 70);
	world_settle(m->world);
}

static void fill_lists(struct migration *m)
{
	__le64 list[512];

	for (unsigned int page = 0; page < NR_LISTS; page++) {
		for (unsigned int i = 0; i < 511; i++)
			list[i] = htole64(GUEST_BASE + DATA + pick(&m->random, DATA_PAGES) * 4096ull);
		list[511] = htole64(GUEST_BASE + LISTS + pick(&m->random, NR_LISTS) * 4096ull);
		guest_write(m, LISTS + page * 4096, list, sizeof(list));
	}
}

/* No two sectors hold the same, so that a read changes whatever it is read into. */
static void fill_media(struct migration *m)
{
	for (unsigned int nsid = 1; nsid <= NR_NAMESPACES; nsid++) {
		struct model_medium *medium = &m->world->medium[nsid];

		for (uint64_t at = 0; at < medium->base.size; at += 512)
			memcpy(medium->data + at, &(uint64_t) { at << 8 | nsid }, sizeof(at));
	}
}

void guest_begin(struct migration *m)
{
	m->world->can_map = chance(&m->random, 70);
	fill_media(m);
	fill_lists(m);
	enable(m);
	world_settle(m->world);
	for (unsigned int i = 0; i < IO_QUEUES; i++) {
		create_queue(m);
		world_settle(m->world);
	}
}
