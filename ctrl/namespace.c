// SPDX-License-Identifier: BSD-2-Clause
/*
 * Namespaces: what exists in the subsystem and which controller sees it. It never touches data.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"

bool subsystem_nsid_valid(const struct nvmove_subsystem *subsystem, uint32_t nsid)
{
	return nsid >= 1 && nsid <= subsystem->num_namespaces;
}

/*
 * The id under which the host of @ctrl sees @ns, 0 if it is not attached.
 */
uint32_t ctrl_nsid_of(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns)
{
	if (ctrl_namespace(ctrl, ns->nsid) == ns)
		return ns->nsid;
	for (uint32_t nsid = 1; nsid < ctrl->nsid_end; nsid++) {
		if (ctrl_namespace(ctrl, nsid) == ns)
			return nsid;
	}
	return 0;
}

bool namespace_uuid_is_set(const uint8_t *id, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (id[i])
			return true;
	}
	return false;
}

/*
 * A UUID of version 8 (RFC 9562: custom) from four checksums of what makes the namespace unique.
 */
static void derive_uuid(const struct nvmove_subsystem *subsystem, uint32_t nsid, uint8_t uuid[16])
{
	char name[256];
	int len = snprintf(name, sizeof(name), "%s/%u", subsystem->device.identity.subnqn, nsid);
	uint32_t crc = 0;

	for (unsigned int i = 0; i < 4; i++) {
		uint8_t round = i;

		crc = nvmove_crc32c(crc, &round, 1);
		crc = nvmove_crc32c(crc, name, len);
		uuid[4 * i] = crc >> 24;
		uuid[4 * i + 1] = crc >> 16;
		uuid[4 * i + 2] = crc >> 8;
		uuid[4 * i + 3] = crc;
	}
	uuid[6] = (uuid[6] & 0x0f) | 0x80;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

/* @format takes exactly two unsigned longs. */
static int refuse(char **error, int code, const char *format, unsigned long a, unsigned long b)
{
	if (error && asprintf(error, format, a, b) < 0)
		*error = NULL;
	return code;
}

/*
 * Whether @nsid can be given to a new namespace: one that is being deleted still has its medium.
 */
bool namespace_nsid_is_free(const struct nvmove_subsystem *subsystem, uint32_t nsid)
{
	for (const struct nvmove_namespace *ns = subsystem->deleted; ns; ns = ns->next) {
		if (ns->nsid == nsid)
			return false;
	}
	return !subsystem->ns[nsid];
}

static int check_locator(const char *locator, uint32_t nsid, char **error)
{
	size_t len = strlen(locator);

	if (len < 1 || len > NVMOVE_MAX_LOCATOR)
		return refuse(error, -EINVAL,
			      "locator of nsid %lu: %lu characters, must be 1 to 255", nsid, len);
	for (size_t i = 0; i < len; i++) {
		if (locator[i] < 0x20 || locator[i] > 0x7e)
			return refuse(error, -EINVAL,
				      "locator of nsid %lu: character %lu is not printable ASCII",
				      nsid, i);
	}
	return 0;
}

static int check_config(const struct nvmove_subsystem *subsystem,
			const struct nvmove_namespace_config *config, char **error)
{
	if (!subsystem_nsid_valid(subsystem, config->nsid))
		return refuse(error, -EINVAL, "nsid: %lu, must be 1 to %lu", config->nsid,
			      subsystem->num_namespaces);
	if (!namespace_nsid_is_free(subsystem, config->nsid))
		return refuse(error, -EEXIST, "nsid: %lu is in use (of %lu)", config->nsid,
			      subsystem->num_namespaces);
	if (config->lba_shift != 9 && config->lba_shift != 12)
		return refuse(error, -EINVAL, "LBA size of nsid %lu: 2^%lu, must be 512 or 4096",
			      config->nsid, config->lba_shift);
	if (!config->medium || config->medium->size >> config->lba_shift == 0)
		return refuse(error, -EINVAL, "medium of nsid %lu: %lu bytes hold no block",
			      config->nsid, config->medium ? config->medium->size : 0);
	return config->locator ? check_locator(config->locator, config->nsid, error) : 0;
}

void namespace_free(struct nvmove_namespace *ns)
{
	if (!ns)
		return;
	free(ns->reservation.registrant);
	free(ns->locator);
	free(ns);
}

/*
 * nvmove_namespace_add() of a namespace that has the first @blocks of its medium.
 */
int namespace_create(struct nvmove_subsystem *subsystem,
		     const struct nvmove_namespace_config *config, uint64_t blocks, char **error)
{
	struct nvmove_namespace *ns = calloc(1, sizeof(*ns));

	if (ns && config->locator)
		ns->locator = strdup(config->locator);
	if (!ns || (config->locator && !ns->locator)) {
		namespace_free(ns);
		return refuse(error, -ENOMEM, "nsid %lu: no memory for %lu bytes", config->nsid,
			      sizeof(*ns));
	}
	ns->nsid = config->nsid;
	ns->lba_shift = config->lba_shift;
	ns->medium = config->medium;
	ns->blocks = blocks;
	ns->is_private = config->is_private;
	memcpy(ns->nguid, config->nguid, sizeof(ns->nguid));
	memcpy(ns->eui64, config->eui64, sizeof(ns->eui64));
	if (namespace_uuid_is_set(config->uuid, sizeof(config->uuid)))
		memcpy(ns->uuid, config->uuid, sizeof(ns->uuid));
	else
		derive_uuid(subsystem, config->nsid, ns->uuid);
	subsystem->ns[config->nsid] = ns;
	return 0;
}

int nvmove_namespace_add(struct nvmove_subsystem *subsystem,
			 const struct nvmove_namespace_config *config, char **error)
{
	int err;

	if (error)
		*error = NULL;
	err = check_config(subsystem, config, error);
	return err ? err : namespace_create(subsystem, config,
					    config->medium->size >> config->lba_shift, error);
}

/*
 * What of the namespace is a flag in the state, NVMOVE_CSTATE_NS_F_*.
 */
unsigned int namespace_flags(const struct nvmove_namespace *ns)
{
	return (ns->is_private ? NVMOVE_CSTATE_NS_F_PRIVATE : 0) |
	       (ns->medium->read_only ? NVMOVE_CSTATE_NS_F_READ_ONLY : 0);
}

/*
 * Whether the host of another controller uses @ns, so that what is true of the namespace as a whole
 * is not for @ctrl's host alone to say. One that has not been enabled may itself wait for the state
 * of the same guest's second controller.
 */
bool namespace_is_shared(const struct nvmove_ctrl *ctrl, const struct nvmove_namespace *ns)
{
	const struct nvmove_subsystem *subsystem = ctrl->subsystem;

	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		const struct nvmove_ctrl *other = subsystem->ctrl[i];

		if (other != ctrl && other->online && (other->st.cc & NVM_CC_EN) &&
		    ctrl_nsid_of(other, ns))
			return true;
	}
	return false;
}

static bool has_controller(const struct nvmove_subsystem *subsystem,
			   const struct nvmove_namespace *ns)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		if (ctrl_nsid_of(subsystem->ctrl[i], ns))
			return true;
	}
	return false;
}

/*
 * Tell every host that sees @ns that what Identify says of it has changed.
 */
void namespace_changed(struct nvmove_subsystem *subsystem, const struct nvmove_namespace *ns)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		uint32_t nsid = ctrl_nsid_of(subsystem->ctrl[i], ns);

		if (nsid)
			changed_ns_add(subsystem->ctrl[i], nsid);
	}
}

static struct nvmove_namespace *find(const struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	return subsystem_nsid_valid(ctrl->subsystem, nsid) ? ctrl->subsystem->ns[nsid] : NULL;
}

int nvmove_namespace_attach_as(struct nvmove_ctrl *ctrl, uint32_t nsid, uint32_t as_nsid,
			       char **error)
{
	struct nvmove_namespace *ns = find(ctrl, nsid);

	if (error)
		*error = NULL;
	if (!ns)
		return refuse(error, -ENOENT, "nsid: %lu does not exist (of %lu)", nsid,
			      ctrl->subsystem->num_namespaces);
	if (ctrl_is_primary(ctrl) && as_nsid != nsid)
		return refuse(error, -EINVAL, "as_nsid: %lu, must be %lu on the primary", as_nsid,
			      nsid);
	if (!ctrl_nsid_valid(ctrl, as_nsid))
		return refuse(error, -EINVAL, "as_nsid: %lu, must be 1 to %lu", as_nsid,
			      ctrl->identity->num_namespaces);
	if (ctrl_nsid_of(ctrl, ns))
		return refuse(error, -EALREADY, "nsid: %lu is attached, as %lu", nsid,
			      ctrl_nsid_of(ctrl, ns));
	if (ctrl->ns[as_nsid])
		return refuse(error, -EEXIST, "as_nsid: %lu is in use, by nsid %lu", as_nsid,
			      ctrl->ns[as_nsid]->nsid);
	if (ns->is_private && has_controller(ctrl->subsystem, ns))
		return refuse(error, -EBUSY, "nsid: %lu is private and attached (of %lu)", nsid,
			      ctrl->subsystem->num_namespaces);
	ctrl->ns[as_nsid] = ns;
	if (as_nsid >= ctrl->nsid_end)
		ctrl->nsid_end = as_nsid + 1;
	changed_ns_add(ctrl, as_nsid);
	return 0;
}

int nvmove_namespace_attach(struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	return nvmove_namespace_attach_as(ctrl, nsid, nsid, NULL);
}

int nvmove_namespace_detach(struct nvmove_ctrl *ctrl, uint32_t nsid)
{
	const struct nvmove_namespace *ns = find(ctrl, nsid);
	uint32_t as_nsid = ns ? ctrl_nsid_of(ctrl, ns) : 0;

	if (!as_nsid)
		return -ENOENT;
	ctrl->ns[as_nsid] = NULL;
	features_forget_namespace(ctrl, as_nsid);
	changed_ns_add(ctrl, as_nsid);
	return 0;
}
