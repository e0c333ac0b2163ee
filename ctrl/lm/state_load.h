/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the steps of loading a state share: state_parse.c finds the parts, state_check.c judges
 * them, state_load.c applies them.
 */
#ifndef LM_STATE_LOAD_H
#define LM_STATE_LOAD_H

#include "../controller.h"

#define NS_PER_MS	1000000

struct section {
	const uint8_t *payload;		/* NULL: not there */
	size_t length;
};

/** struct loaded_reservation - what the stream says of a namespace */
struct loaded_reservation {
	uint32_t nsid;
	struct reservation reservation;
};

/**
 * struct load - a state being checked
 * @ctrl: who loads it; load_parse() alone, which asks for nothing of it, does without (NULL)
 * @parts: STATE_* that it is made of; STATE_QUESTION alone: it is none, but a question
 * @sq, @cq: the container's I/O queues
 * @section: by type
 * @record: section 16, of a question
 * @regs: the registers section, once it has been checked
 * @enabled: the controller in the stream processes commands: its queues exist
 * @features, @saved: features of the whole controller, as they will be applied
 * @write_protect: feature 84h by namespace id; NULL: none is write protected
 * @reservations, @nr_reservations: reservations in the stream; what is applied is taken out
 * @adopts: the controller takes over the identity in the stream, which is then @adopted
 * @identity, @virtual_cntlid, @num_queues, @num_vectors: what the controller is after the load,
 *	once the identity section has been checked. Later checks go by these
 * @completions: requests that carry the unposted completions, one for each
 * @now_ns: when it takes effect
 */
struct load {
	struct nvmove_ctrl *ctrl;
	unsigned int parts;
	struct nvmove_load_error *error;
	const struct nvmove_cstate_sq *sq;
	const struct nvmove_cstate_cq *cq;
	unsigned int nr_sq;
	unsigned int nr_cq;
	struct section section[NVMOVE_CSTATE_TYPE_MAX + 1];
	struct section record;
	const struct nvmove_cstate_registers *regs;
	bool enabled;
	struct features_state features;
	struct features_state saved;
	uint8_t *write_protect;
	struct loaded_reservation *reservations;
	unsigned int nr_reservations;
	bool adopts;
	struct identity *adopted;
	const struct identity *identity;
	uint16_t virtual_cntlid;
	unsigned int num_queues;
	unsigned int num_vectors;
	struct ctrl_request *completions;
	uint64_t now_ns;
};

/*
 * Refuse the state: @format names the field and both values. Cold: a load that succeeds, once and
 * with empty caches, spends much of its time on fetching code, and most of that is for refusals.
 *
 * Return: @code.
 */
int load_refuse(struct load *load, int code, unsigned int section, const char *format, ...)
	__attribute__((cold, format(printf, 4, 5)));

/*
 * Refuse the state for the first of the reserved bytes at @bytes that is not 0; one is.
 *
 * Return: -ENOTSUP.
 */
int load_refuse_reserved(struct load *load, unsigned int section, const char *what,
			 const uint8_t *bytes) __attribute__((cold));

/*
 * Bytes without a meaning are zero: what a newer writer puts there must not be lost in silence.
 *
 * Return: 0 or a refusal.
 */
static inline int load_check_reserved(struct load *load, unsigned int section, const char *what,
				      const uint8_t *bytes, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any ? load_refuse_reserved(load, section, what, bytes) : 0;
}

/**
 * struct refusal - turns the first reason of a comparison into a refusal
 * @section: that is being compared
 * @err: 0 before there is one
 */
struct refusal {
	struct load *load;
	unsigned int section;
	int err;
};

/* Is told each reason, with a struct refusal. */
void refuse_first(void *arg, const struct nvmove_compat_reason *reason);

/*
 * The sections of a state, bit n for type n: all are required, and all are written.
 */
uint64_t load_sections(void);

/*
 * Find the container's parts and the sections, checksums verified; sets @sq, @cq and @section, or,
 * of a question, @record.
 *
 * Return: 0 or a refusal.
 */
int load_parse(struct load *load, const uint8_t *buf, size_t size);

/*
 * Whether the queues lie apart in host memory; needs what the checks of registers and queues have
 * established.
 *
 * Return: 0 or a refusal.
 */
int check_queue_memory(struct load *load);

/*
 * Judge everything that load_parse() has found; sets @regs, @enabled and the features.
 *
 * Return: 0 or a refusal.
 */
int load_check(struct load *load);

/*
 * state_identity.c: who the controller is, which namespaces it has, whether its features are among
 * those that it offers. Return: 0 or a refusal.
 */
int check_identity(struct load *load);
int check_namespaces(struct load *load);
int check_offered(struct load *load);
void apply_identity(struct load *load);

/*
 * state_namespaces.c. take_write_protect() takes an entry of feature 84h that makes sense,
 * check_write_protect() comes after all entries. They return 0 or a refusal.
 */
bool write_protect_makes_sense(const struct load *load,
			       const struct nvmove_cstate_feature *feature);
int take_write_protect(struct load *load, const struct nvmove_cstate_feature *feature);
int check_write_protect(struct load *load);
void apply_write_protect(struct load *load);
int check_locators(struct load *load);

/*
 * state_reservation.c: reservations of attached namespaces, and their notifications. Checking takes
 * memory that release_reservations() gives back. Return: 0 or a refusal.
 */
int check_reservations(struct load *load);
int check_resv_log(struct load *load);
void apply_reservations(struct load *load);
void apply_resv_log(struct load *load);
void release_reservations(struct load *load);

/* state_shadow.c: where the shadow doorbells are */
int check_shadow(struct load *load);
void apply_shadow(struct load *load);

/* Bytes that the command ids of @nr_requests outstanding requests take in the events section. */
static inline size_t events_cids_size(unsigned int nr_requests)
{
	return (nr_requests * sizeof(__le16) + 3) & ~(size_t)3;
}

#endif /* LM_STATE_LOAD_H */
