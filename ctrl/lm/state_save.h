/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the sections of a state are written, whichever file knows what is in them. It knows the frame
 * of a section, never a payload.
 */
#ifndef LM_STATE_SAVE_H
#define LM_STATE_SAVE_H

#include <string.h>

#include "../controller.h"

/**
 * struct writer - where a state goes
 * @buf: NULL to count only
 * @size: room at @buf
 * @len: bytes written, or that would have been
 * @nr_sections: sections begun
 * @now_ns: time as of which the state is written
 */
struct writer {
	uint8_t *buf;
	size_t size;
	size_t len;
	unsigned int nr_sections;
	uint64_t now_ns;
};

/*
 * Room for the next @len bytes, which the caller fills: entries of long lists are built where they
 * stay. NULL if they are only counted or do not fit.
 */
static inline void *writer_reserve(struct writer *w, size_t len)
{
	uint8_t *room = w->buf && w->len + len <= w->size ? w->buf + w->len : NULL;

	w->len += len;
	return room;
}

/* Append @len bytes. */
static inline void writer_put(struct writer *w, const void *data, size_t len)
{
	void *room = writer_reserve(w, len);

	if (room)
		memcpy(room, data, len);
}

/* Append zeroes up to the next multiple of 4 bytes. */
void writer_pad(struct writer *w);

/* Begin a section; returns what writer_end() needs to find it again. */
size_t writer_begin(struct writer *w, enum nvmove_cstate_type type);

/* Pad the section that was begun at @at, fill in its length and checksum. */
void writer_end(struct writer *w, size_t at);

/* A section of one structure. */
void writer_section(struct writer *w, enum nvmove_cstate_type type, const void *payload,
		    size_t len);

/* state_identity.c: section 1 */
void put_identity(struct writer *w, const struct nvmove_ctrl *ctrl);

/* state_namespaces.c: the list that section 12 is, without its frame */
void put_locator_list(struct writer *w, const struct nvmove_ctrl *ctrl);

/* Append a feature's current value to the features section. */
void put_feature(struct writer *w, uint8_t fid, uint32_t nsid, uint16_t selector, uint32_t value);

/* state_namespaces.c: entries of feature 84h in the features section; section 12 */
void put_write_protect(struct writer *w, const struct nvmove_ctrl *ctrl);
void put_locators(struct writer *w, const struct nvmove_ctrl *ctrl);

/* state_reservation.c: sections 13 and 14 */
void put_reservations(struct writer *w, const struct nvmove_ctrl *ctrl);
void put_resv_log(struct writer *w, const struct resv_log_state *log);

/* state_shadow.c: section 15 */
void put_shadow(struct writer *w, const struct ctrl_state *st);

/* question.c: section 16 */
void put_compat(struct writer *w, const struct nvmove_ctrl *ctrl);

#endif /* LM_STATE_SAVE_H */
