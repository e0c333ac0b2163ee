// SPDX-License-Identifier: BSD-2-Clause
/*
 * The NVM command set (NVM Command Set 3.2, 3.3): checks a command, maps its data, hands it to the
 * medium and completes it when the medium calls back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"

#define SMART_UNIT_SHIFT	9

static uint64_t slba(const struct ctrl_request *req)
{
	return (uint64_t)le32_to_cpu(req->cmd.cdw11) << 32 | le32_to_cpu(req->cmd.cdw10);
}

static uint64_t nlb(const struct ctrl_request *req)
{
	return (uint64_t)NVM_RW_NLB(le32_to_cpu(req->cmd.cdw12)) + 1;
}

static uint32_t media_status(const struct ctrl_request *req, int error)
{
	if (!error)
		return NVM_SC_SUCCESS;
	if (error == -ENOSPC)
		return NVM_SC_CAPACITY_EXCEEDED;
	if (error == -EROFS)
		return NVM_SC_NS_WRITE_PROTECTED | NVM_SC_DNR;
	return req->io.op == NVMOVE_MEDIA_READ ? NVM_SC_UNRECOVERED_READ : NVM_SC_WRITE_FAULT;
}

/*
 * Complete a command that has been with the medium.
 */
static void finish(struct ctrl_request *req, uint32_t status)
{
	struct smart_state *smart = &req->ctrl->st.smart;

	if (!req_is_stale(req)) {
		smart->busy_ns += ctrl_now_ns(req->ctrl) - req->started_ns;
		if (status & NVM_SC_MASK)
			error_log_add(req, status, req->io.offset >> req->ns->lba_shift);
	}
	req_complete(req, status);
}

static bool changes_media(const struct ctrl_request *req)
{
	return req->io.op != NVMOVE_MEDIA_READ && req->io.op != NVMOVE_MEDIA_FLUSH;
}

static uint32_t media_done_status(struct ctrl_request *req, int error)
{
	if (changes_media(req))
		user_data_change_ends(req, error);
	if (error && !req_is_stale(req))
		req->ctrl->st.smart.media_errors++;
	return media_status(req, error);
}

static void submit(struct ctrl_request *req, enum nvmove_media_op op,
		   void (*done)(struct nvmove_media_io *io, int error))
{
	req->io.op = op;
	req->io.done = done;
	if (changes_media(req))
		user_data_change_begins(req);
	nvmove_medium_submit(req->ns->medium, &req->io);
}

static uint32_t check_range(const struct ctrl_request *req, uint64_t first, uint64_t count)
{
	if (first > req->ns->blocks || count > req->ns->blocks - first)
		return NVM_SC_LBA_RANGE | NVM_SC_DNR;
	return NVM_SC_SUCCESS;
}

/* The range and the rules that Read, Write and their like share. */
static uint32_t check_rw(struct ctrl_request *req, bool transfers)
{
	uint64_t bytes = nlb(req) << req->ns->lba_shift;
	uint32_t status;

	if (transfers && ctrl_exceeds_mdts(req->ctrl, bytes))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	status = check_range(req, slba(req), nlb(req));
	if (status)
		return status;
	req->io.offset = slba(req) << req->ns->lba_shift;
	req->io.length = bytes;
	return NVM_SC_SUCCESS;
}

static void rw_done(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);
	uint32_t status = media_done_status(req, error);
	uint32_t unmap_status = prp_unmap(req, !error);

	finish(req, status ? status : unmap_status);
}

static uint32_t read_execute(struct ctrl_request *req)
{
	uint32_t status = check_rw(req, true);

	if (!status)
		status = prp_map(req, req->io.length, NVMOVE_DMA_FROM_DEVICE);
	if (status)
		return status;
	req->ctrl->st.smart.host_reads++;
	req->ctrl->st.smart.blocks_read += req->io.length >> SMART_UNIT_SHIFT;
	submit(req, NVMOVE_MEDIA_READ, rw_done);
	return STATUS_PENDING;
}

static unsigned int fua_flag(const struct ctrl_request *req)
{
	bool fua = le32_to_cpu(req->cmd.cdw12) & NVM_RW_FUA;

	return fua || !req->ctrl->st.features.volatile_wc ? NVMOVE_MEDIA_F_FUA : 0;
}

static uint32_t write_execute(struct ctrl_request *req)
{
	uint32_t status = check_rw(req, true);

	if (!status)
		status = prp_map(req, req->io.length, NVMOVE_DMA_TO_DEVICE);
	if (status)
		return status;
	req->ctrl->st.smart.host_writes++;
	req->ctrl->st.smart.blocks_written += req->io.length >> SMART_UNIT_SHIFT;
	req->io.flags = fua_flag(req);
	submit(req, NVMOVE_MEDIA_WRITE, rw_done);
	return STATUS_PENDING;
}

static void plain_done(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);

	finish(req, media_done_status(req, error));
}

static uint32_t write_zeroes_execute(struct ctrl_request *req)
{
	uint32_t status = check_rw(req, false);

	if (status)
		return status;
	req->io.flags = fua_flag(req);
	if (le32_to_cpu(req->cmd.cdw12) & NVM_RW_DEAC)
		req->io.flags |= NVMOVE_MEDIA_F_UNMAP;
	submit(req, NVMOVE_MEDIA_WRITE_ZEROES, plain_done);
	return STATUS_PENDING;
}

/* Read into a buffer of the controller's own: Compare and Verify. */
static uint32_t read_to_bounce(struct ctrl_request *req,
			       void (*done)(struct nvmove_media_io *io, int error))
{
	req->bounce = malloc(req->io.length);
	if (!req->bounce)
		return NVM_SC_INTERNAL_ERROR;
	req->iov[0] = (struct iovec) { .iov_base = req->bounce, .iov_len = req->io.length };
	req->io.iov = req->iov;
	req->io.iovcnt = 1;
	submit(req, NVMOVE_MEDIA_READ, done);
	return STATUS_PENDING;
}

static uint32_t compare_data(struct ctrl_request *req)
{
	void *data = malloc(req->io.length);
	uint32_t status;

	if (!data)
		return NVM_SC_INTERNAL_ERROR;
	status = prp_read(req, data, req->io.length);
	if (!status && memcmp(data, req->bounce, req->io.length))
		status = NVM_SC_COMPARE_FAILURE | NVM_SC_DNR;
	free(data);
	return status;
}

static void compare_done(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);
	uint32_t status = media_done_status(req, error);

	if (!status && !req_is_stale(req))
		status = compare_data(req);
	free(req->bounce);
	req->bounce = NULL;
	finish(req, status);
}

static uint32_t compare_execute(struct ctrl_request *req)
{
	uint32_t status = check_rw(req, true);

	if (status)
		return status;
	req->ctrl->st.smart.host_reads++;
	req->ctrl->st.smart.blocks_read += req->io.length >> SMART_UNIT_SHIFT;
	return read_to_bounce(req, compare_done);
}

/* What Verify reads at a time: the range may be larger than any transfer. */
#define VERIFY_CHUNK	(1u << 20)

static void verify_done(struct nvmove_media_io *io, int error);

static void verify_next(struct ctrl_request *req, uint64_t end)
{
	uint64_t left = end - req->io.offset;

	req->io.length = left < VERIFY_CHUNK ? left : VERIFY_CHUNK;
	req->iov[0] = (struct iovec) { .iov_base = req->bounce, .iov_len = req->io.length };
	req->io.iov = req->iov;
	req->io.iovcnt = 1;
	submit(req, NVMOVE_MEDIA_READ, verify_done);
}

static void verify_done(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);
	uint64_t end = (slba(req) + nlb(req)) << req->ns->lba_shift;
	uint32_t status = media_done_status(req, error);

	if (!status) {
		req->io.offset += req->io.length;
		if (req->io.offset < end && !req_is_stale(req)) {
			verify_next(req, end);
			return;
		}
	}
	free(req->bounce);
	req->bounce = NULL;
	finish(req, status);
}

static uint32_t verify_execute(struct ctrl_request *req)
{
	uint32_t status = check_rw(req, false);
	uint64_t length = req->io.length;

	if (status)
		return status;
	req->bounce = malloc(length < VERIFY_CHUNK ? length : VERIFY_CHUNK);
	if (!req->bounce)
		return NVM_SC_INTERNAL_ERROR;
	verify_next(req, req->io.offset + length);
	return STATUS_PENDING;
}

/*
 * Commands of several media operations, one after the other: Dataset Management with its ranges in
 * req->bounce, Flush of all namespaces.
 */
static void steps_done(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);
	uint32_t status = media_done_status(req, error);

	if (!status && !req_is_stale(req)) {
		req->execute_next(req);
		return;
	}
	free(req->bounce);
	req->bounce = NULL;
	finish(req, status);
}

static void steps_end(struct ctrl_request *req)
{
	free(req->bounce);
	req->bounce = NULL;
	finish(req, NVM_SC_SUCCESS);
}

static void dsm_next(struct ctrl_request *req)
{
	const struct nvm_dsm_range *range = req->bounce;

	while (req->step < req->nr_steps) {
		const struct nvm_dsm_range *this_range = &range[req->step++];
		uint64_t count = le32_to_cpu(this_range->nlb);

		if (!count)
			continue;
		req->io.offset = le64_to_cpu(this_range->slba) << req->ns->lba_shift;
		req->io.length = count << req->ns->lba_shift;
		submit(req, NVMOVE_MEDIA_DEALLOCATE, steps_done);
		return;
	}
	steps_end(req);
}

static uint32_t load_dsm_ranges(struct ctrl_request *req)
{
	size_t size = req->nr_steps * sizeof(struct nvm_dsm_range);
	struct nvm_dsm_range *range = malloc(size);
	uint32_t status;

	if (!range)
		return NVM_SC_INTERNAL_ERROR;
	status = prp_read(req, range, size);
	for (unsigned int i = 0; !status && i < req->nr_steps; i++)
		status = check_range(req, le64_to_cpu(range[i].slba), le32_to_cpu(range[i].nlb));
	if (status)
		free(range);
	else
		req->bounce = range;
	return status;
}

/* Of the hints only Deallocate has an effect. */
static uint32_t dsm_execute(struct ctrl_request *req)
{
	uint32_t status;

	req->nr_steps = (le32_to_cpu(req->cmd.cdw10) & 0xff) + 1;
	status = load_dsm_ranges(req);
	if (status)
		return status;
	if (!(le32_to_cpu(req->cmd.cdw11) & NVM_DSM_AD))
		req->nr_steps = 0;
	dsm_next(req);
	return STATUS_PENDING;
}

/* Flush the namespaces from req->step on, one by one. */
static void flush_next(struct ctrl_request *req)
{
	while (req->step < req->nr_steps) {
		req_set_namespace(req, ctrl_namespace(req->ctrl, ++req->step));
		if (req->ns) {
			submit(req, NVMOVE_MEDIA_FLUSH, steps_done);
			return;
		}
	}
	steps_end(req);
}

static uint32_t flush_execute(struct ctrl_request *req)
{
	struct nvmove_ctrl *ctrl = req->ctrl;

	if (le32_to_cpu(req->cmd.nsid) != NVM_NSID_ALL) {
		submit(req, NVMOVE_MEDIA_FLUSH, plain_done);
		return STATUS_PENDING;
	}
	req->execute_next = flush_next;
	req->nr_steps = ctrl->identity->num_namespaces;
	req->started_ns = ctrl_now_ns(ctrl);
	flush_next(req);
	return STATUS_PENDING;
}

static void internal_flush_next(struct ctrl_request *req);

static void internal_flush_done(struct nvmove_media_io *io, int error)
{
	struct ctrl_request *req = request_of(io);

	if (error)
		ctrl_log(req->ctrl, "flush of nsid %u: %s", req->ns->nsid, strerror(-error));
	internal_flush_next(req);
}

static void internal_flush_next(struct ctrl_request *req)
{
	while (req->step < req->nr_steps && !req_is_stale(req)) {
		req_set_namespace(req, ctrl_namespace(req->ctrl, ++req->step));
		if (req->ns) {
			submit(req, NVMOVE_MEDIA_FLUSH, internal_flush_done);
			return;
		}
	}
	req->execute_next(req);
}

/*
 * Flush every namespace of the controller, then call req->execute_next. Errors are logged: a
 * shutdown goes on.
 *
 * Return: false if there is nothing to flush; then nothing is called.
 */
bool io_start_flush_all(struct ctrl_request *req)
{
	bool any = false;

	req->nr_steps = req->ctrl->identity->num_namespaces;
	for (uint32_t nsid = 1; nsid <= req->nr_steps; nsid++)
		any |= ctrl_namespace(req->ctrl, nsid) != NULL;
	if (any)
		internal_flush_next(req);
	return any;
}

struct io_command {
	uint32_t (*execute)(struct ctrl_request *req);
	uint32_t effects;
	bool takes_all_namespaces;
	enum access access;
};

#define EFFECTS_PLAIN	NVM_EFFECT_CSUPP
#define EFFECTS_WRITE	(NVM_EFFECT_CSUPP | NVM_EFFECT_LBCC)

/* What is a read and what a write to a reservation: NVM Command Set 5.5, Flush: Base 8.19. */
static const struct io_command io_commands[] = {
	[NVM_IO_FLUSH] = { flush_execute, EFFECTS_PLAIN, true, ACCESS_WRITE },
	[NVM_IO_WRITE] = { write_execute, EFFECTS_WRITE, false, ACCESS_WRITE },
	[NVM_IO_READ] = { read_execute, EFFECTS_PLAIN, false, ACCESS_READ },
	[NVM_IO_COMPARE] = { compare_execute, EFFECTS_PLAIN, false, ACCESS_READ },
	[NVM_IO_WRITE_ZEROES] = { write_zeroes_execute, EFFECTS_WRITE, false, ACCESS_WRITE },
	[NVM_IO_DSM] = { dsm_execute, EFFECTS_WRITE, false, ACCESS_WRITE },
	[NVM_IO_VERIFY] = { verify_execute, EFFECTS_PLAIN, false, ACCESS_READ },
	[NVM_IO_RESV_REGISTER] = { resv_register_execute, EFFECTS_PLAIN, false, ACCESS_OTHER },
	[NVM_IO_RESV_REPORT] = { resv_report_execute, EFFECTS_PLAIN, false, ACCESS_OTHER },
	[NVM_IO_RESV_ACQUIRE] = { resv_acquire_execute, EFFECTS_PLAIN, false, ACCESS_OTHER },
	[NVM_IO_RESV_RELEASE] = { resv_release_execute, EFFECTS_PLAIN, false, ACCESS_OTHER },
};

static const struct io_command *find_command(const struct nvmove_ctrl *ctrl,
					     unsigned int opcode)
{
	if (opcode >= sizeof(io_commands) / sizeof(io_commands[0]) ||
	    !io_commands[opcode].execute || !identity_has_io_command(ctrl->identity, opcode))
		return NULL;
	return &io_commands[opcode];
}

/*
 * The command's entry in the Commands Supported and Effects log; false if it is not supported.
 */
bool io_opcode_effects(const struct nvmove_ctrl *ctrl, unsigned int opcode, uint32_t *effects)
{
	const struct io_command *command = find_command(ctrl, opcode);

	if (command)
		*effects = command->effects;
	return command;
}

/* Of Dataset Management only Deallocate changes what a host reads. */
static bool changes_data(const struct ctrl_request *req, const struct io_command *command)
{
	if (req->cmd.opcode == NVM_IO_DSM)
		return le32_to_cpu(req->cmd.cdw11) & NVM_DSM_AD;
	return command->effects & NVM_EFFECT_LBCC;
}

uint32_t io_execute(struct ctrl_request *req)
{
	const struct io_command *command = find_command(req->ctrl, req->cmd.opcode);
	uint32_t nsid = le32_to_cpu(req->cmd.nsid);

	if (!command)
		return NVM_SC_INVALID_OPCODE | NVM_SC_DNR;
	if (req->cmd.flags & (NVM_SQE_PSDT_MASK | NVM_SQE_FUSE_MASK))
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;
	req->execute_next = dsm_next;
	req->started_ns = ctrl_now_ns(req->ctrl);
	if (command->takes_all_namespaces && nsid == NVM_NSID_ALL) {
		if (reservation_denies_any(req->ctrl, command->access))
			return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
		return command->execute(req);
	}
	if (!ctrl_nsid_valid(req->ctrl, nsid))
		return NVM_SC_INVALID_NS | NVM_SC_DNR;
	req_set_namespace(req, ctrl_namespace(req->ctrl, nsid));
	if (!req->ns)
		return NVM_SC_INVALID_FIELD | NVM_SC_DNR;	/* inactive: Base 3.2.1.4 */
	if (req->ns->reservation.type && reservation_denies(req->ctrl, req->ns, command->access))
		return NVM_SC_RESERVATION_CONFLICT | NVM_SC_DNR;
	if (changes_data(req, command) && namespace_is_write_protected(req->ns))
		return NVM_SC_NS_WRITE_PROTECTED | NVM_SC_DNR;
	return command->execute(req);
}
