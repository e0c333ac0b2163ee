// SPDX-License-Identifier: BSD-2-Clause
/*
 * Migration Send and Migration Receive, see migration_host.h. Offsets are those of the
 * specification's figures, not of the library's header.
 */
#include "migration_host.h"

static unsigned int cntlid(const struct rig *rig, unsigned int index)
{
	return rig->options.first_cntlid + index;
}

struct completion migration_suspend(struct rig *rig, unsigned int index)
{
	return ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = 0,
		     .cdw11 = 1 << 16 | cntlid(rig, index));
}

struct completion migration_resume(struct rig *rig, unsigned int index)
{
	return ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = 1, .cdw11 = cntlid(rig, index));
}

struct completion migration_get(struct rig *rig, unsigned int index, struct formats formats,
				uint64_t offset, const struct buffer *buffer)
{
	return ADMIN(rig->driver[0], .opcode = 0x42, .cdw10 = formats.csvi << 16,
		     .cdw11 = formats.csuuidi << 16 | cntlid(rig, index),
		     .cdw12 = (uint32_t)offset, .cdw13 = offset >> 32,
		     .cdw15 = buffer->len / 4 - 1, .prp1 = buffer->prp1, .prp2 = buffer->prp2);
}

struct completion migration_set(struct rig *rig, unsigned int index, struct formats formats,
				unsigned int sequence, uint64_t offset,
				const struct buffer *buffer)
{
	return ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = sequence << 16 | 2,
		     .cdw11 = formats.csuuidi << 24 | formats.csvi << 16 | cntlid(rig, index),
		     .cdw12 = (uint32_t)offset, .cdw13 = offset >> 32,
		     .cdw15 = buffer ? buffer->len / 4 : 0, .prp1 = buffer ? buffer->prp1 : 0,
		     .prp2 = buffer ? buffer->prp2 : 0);
}

static size_t size_by_header(const struct buffer *buffer)
{
	uint8_t header[48];

	buffer_read(buffer, 0, header, sizeof(header));
	return 48 + 4 * (get64(header, 16) + get64(header, 32));
}

struct state migration_get_all(struct rig *rig, unsigned int index, struct formats formats,
			       size_t piece)
{
	struct buffer *header = buffer_new(rig->driver[0], 48);
	struct state state;

	assert_success(migration_get(rig, index, formats, 0, header));
	state.size = size_by_header(header);
	state.data = malloc(state.size);
	assert_non_null(state.data);
	for (size_t at = 0; at < state.size; at += piece) {
		size_t len = state.size - at < piece ? state.size - at : piece;
		struct buffer *buffer = buffer_new_at(rig->driver[0], len, at % 512, 0);

		assert_success(migration_get(rig, index, formats, at, buffer));
		buffer_read(buffer, 0, state.data + at, len);
		assert_buffer_slack(buffer);
	}
	return state;
}

struct completion migration_set_all(struct rig *rig, unsigned int index, struct formats formats,
				    const struct state *state, size_t piece)
{
	struct completion completion = { 0 };

	for (size_t at = 0; at < state->size; at += piece) {
		size_t len = state->size - at < piece ? state->size - at : piece;
		unsigned int sequence = (at == 0) | (at + len == state->size) << 1;
		struct buffer *buffer = buffer_new(rig->driver[0], len);

		buffer_write(buffer, 0, state->data + at, len);
		completion = migration_set(rig, index, formats, sequence, at, buffer);
		if (completion.status)
			break;
	}
	return completion;
}

struct rig *migration_destination(struct rig *source)
{
	struct rig *rig = rig_new_destination(source, 0);

	rig_online(rig, 1, 5, 5);
	assert_success(migration_suspend(rig, 1));
	return rig;
}

void migration_report(struct rig *rig, uint8_t report[256])
{
	assert_success(driver_get_log(rig->driver[0], NVMOVE_LOG_LOAD_REPORT, 0, report, 256));
}

struct completion migration_get_question(struct rig *rig, unsigned int index, uint64_t offset,
					 const struct buffer *buffer)
{
	return ADMIN(rig->driver[0], .opcode = NVM_ADMIN_GET_LOG_PAGE,
		     .cdw10 = (buffer->len / 4 - 1) << 16 | 0xc1,
		     .cdw11 = cntlid(rig, index) << 16, .cdw12 = (uint32_t)offset,
		     .cdw13 = offset >> 32, .prp1 = buffer->prp1, .prp2 = buffer->prp2);
}

struct state migration_question(struct rig *rig, unsigned int index, size_t piece)
{
	struct buffer *header = buffer_new(rig->driver[0], 48);
	struct state question;

	assert_success(migration_get_question(rig, index, 0, header));
	question.size = size_by_header(header);
	question.data = malloc(question.size);
	assert_non_null(question.data);
	for (size_t at = 0; at < question.size; at += piece) {
		size_t len = question.size - at < piece ? question.size - at : piece;
		struct buffer *buffer = buffer_new_at(rig->driver[0], len, at % 512, 0);

		assert_success(migration_get_question(rig, index, at, buffer));
		buffer_read(buffer, 0, question.data + at, len);
		assert_buffer_slack(buffer);
	}
	return question;
}
