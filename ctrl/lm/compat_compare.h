/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparison of what a controller is with what another one could be. Loading a state and the
 * offline check share it, so that they agree.
 */
#ifndef LM_COMPAT_COMPARE_H
#define LM_COMPAT_COMPARE_H

#include <stdbool.h>

#include <nvmove/compat.h>

#include "../compat_check.h"

/**
 * struct compat_report - where reasons go
 * @fn, @arg: as for nvmove_compat_check()
 * @nr_reasons: reasons so far
 */
struct compat_report {
	nvmove_compat_reason_fn *fn;
	void *arg;
	unsigned int nr_reasons;
};

/* Whether the controller of @destination takes over the identity of a state that it loads. */
bool compat_adopts(const struct nvmove_compat *destination);

/* Report each field of the identity that @destination cannot take. */
void compat_compare_identity(struct compat_report *report,
			     const struct nvmove_cstate_identity *source,
			     const struct nvmove_compat *destination);

/* Report each difference between two lists of attached namespaces, ascending by id. */
void compat_compare_namespaces(struct compat_report *report,
			       const struct nvmove_cstate_namespace *source, size_t nr_source,
			       const struct nvmove_cstate_namespace *destination,
			       size_t nr_destination);

#endif /* LM_COMPAT_COMPARE_H */
