// SPDX-License-Identifier: BSD-2-Clause
/*
 * The NVM subsystem: identity, controllers, which VFs exist. It creates and finds things; it never
 * executes a command.
 */
#include <stdlib.h>

#include "config.h"
#include "controller.h"

#define LAST_CNTLID	0xffef

void nvmove_subsystem_config_default(struct nvmove_subsystem_config *config)
{
	*config = (struct nvmove_subsystem_config) {
		.model = "nvmove reference controller",
		.firmware = "0.1",
		.vendor_id = NVMOVE_RFC_VF_VENDOR_ID,
		.subsystem_vendor_id = NVMOVE_RFC_VF_VENDOR_ID,
		.ieee_oui = 0x525400,
		.first_cntlid = 1,
		.num_secondary = 8,
		.max_io_queues = 64,
		.max_queue_entries = 4096,
		.max_vectors = 65,
		.mdts = 7,
		.num_namespaces = 64,
		.protocols = NVMOVE_PROTOCOL_RFC | NVMOVE_PROTOCOL_HMLM,
	};
}

static unsigned int num_secondaries(const struct nvmove_subsystem_config *config)
{
	return config->num_secondary + config->num_secondary_pfs;
}

static bool check_config(const struct nvmove_subsystem_config *config, char **error)
{
	return config_check_nqn("subnqn", config->subnqn, error) &&
	       config_check_text("serial", config->serial, 20, error) &&
	       config_check_text("model", config->model, 40, error) &&
	       config_check_text("firmware", config->firmware, 8, error) &&
	       config_check_range("ieee_oui", config->ieee_oui, 0, 0xffffff, error) &&
	       config_check_range("num_secondary", config->num_secondary, 0, NVMOVE_MAX_SECONDARY,
				  error) &&
	       config_check_range("num_secondary_pfs", config->num_secondary_pfs, 0,
				  NVMOVE_MAX_SECONDARY - config->num_secondary, error) &&
	       config_check_range("first_cntlid", config->first_cntlid, 0,
				  LAST_CNTLID - num_secondaries(config), error) &&
	       config_check_range("max_io_queues", config->max_io_queues, 1, NVMOVE_MAX_IO_QUEUES,
				  error) &&
	       config_check_range("max_queue_entries", config->max_queue_entries, 2, 65536,
				  error) &&
	       config_check_range("max_vectors", config->max_vectors, 1, 2048, error) &&
	       config_check_range("mdts", config->mdts, 1, 8, error) &&
	       config_check_range("num_namespaces", config->num_namespaces, 1, MAX_NAMESPACES,
				  error) &&
	       config_check_range("protocols", config->protocols, 0,
				  NVMOVE_PROTOCOL_RFC | NVMOVE_PROTOCOL_HMLM, error);
}

struct nvmove_subsystem *nvmove_subsystem_new(const struct nvmove_subsystem_config *config,
					      char **error)
{
	struct nvmove_subsystem *subsystem;

	if (error)
		*error = NULL;
	if (!check_config(config, error))
		return NULL;
	subsystem = calloc(1, sizeof(*subsystem));
	if (!subsystem)
		goto no_memory;
	subsystem->max_vfs = config->num_secondary;
	subsystem->max_io_queues = config->max_io_queues;
	subsystem->max_vectors = config->max_vectors;
	subsystem->num_namespaces = config->num_namespaces;
	subsystem->protocols = config->protocols;
	vsubsystem_init_device(subsystem, config);
	if (config->pool)
		subsystem->pool = *config->pool;

	subsystem->ns = calloc(config->num_namespaces + 1, sizeof(subsystem->ns[0]));
	subsystem->ctrl = calloc(num_secondaries(config) + 1, sizeof(subsystem->ctrl[0]));
	if (!subsystem->ns || !subsystem->ctrl)
		goto no_memory;
	for (unsigned int i = 0; i <= num_secondaries(config); i++) {
		if (ctrl_alloc(subsystem, i, config->first_cntlid + i) < 0)
			goto no_memory;
		subsystem->num_ctrls++;
	}
	return subsystem;

no_memory:
	config_refuse(error, "no memory for %u controllers", num_secondaries(config) + 1);
	nvmove_subsystem_free(subsystem);
	return NULL;
}

void nvmove_subsystem_free(struct nvmove_subsystem *subsystem)
{
	if (!subsystem)
		return;
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++)
		ctrl_free(subsystem->ctrl[i]);
	for (unsigned int i = 0; subsystem->ns && i <= subsystem->num_namespaces; i++)
		namespace_free(subsystem->ns[i]);
	vsubsystem_free_all(subsystem);
	free(subsystem->ns);
	free(subsystem->ctrl);
	free(subsystem);
}

struct nvmove_ctrl *nvmove_subsystem_ctrl(struct nvmove_subsystem *subsystem, unsigned int index)
{
	return index < subsystem->num_ctrls ? subsystem->ctrl[index] : NULL;
}

/*
 * Find a controller by its controller id; NULL if there is none.
 */
struct nvmove_ctrl *subsystem_find_ctrl(struct nvmove_subsystem *subsystem, unsigned int cntlid)
{
	for (unsigned int i = 0; i < subsystem->num_ctrls; i++) {
		if (subsystem->ctrl[i]->cntlid == cntlid)
			return subsystem->ctrl[i];
	}
	return NULL;
}

/*
 * Find the migratable controller of a controller id (Base 2.3, 8.1.13); NULL if there is none. The
 * primary manages migrations and is never migrated.
 */
struct nvmove_ctrl *subsystem_find_migratable(struct nvmove_subsystem *subsystem,
					      unsigned int cntlid)
{
	struct nvmove_ctrl *ctrl = subsystem_find_ctrl(subsystem, cntlid);

	return ctrl && !ctrl_is_primary(ctrl) ? ctrl : NULL;
}

/*
 * Whether @ctrl accepts the migration commands of @protocol, one of NVMOVE_PROTOCOL_*: the primary
 * does, as long as there is a controller to migrate.
 */
bool ctrl_speaks(const struct nvmove_ctrl *ctrl, unsigned int protocol)
{
	const struct nvmove_subsystem *subsystem = ctrl->subsystem;

	return ctrl_is_primary(ctrl) && subsystem->num_ctrls > 1 &&
	       (subsystem->protocols & protocol);
}

void nvmove_subsystem_set_vfs(struct nvmove_subsystem *subsystem, unsigned int num_vfs)
{
	unsigned int before = subsystem->num_vfs;

	if (num_vfs > subsystem->max_vfs)
		num_vfs = subsystem->max_vfs;
	subsystem->num_vfs = num_vfs;
	for (unsigned int i = num_vfs + 1; i <= before; i++)
		ctrl_set_offline(subsystem->ctrl[i]);
}
