// SPDX-License-Identifier: BSD-2-Clause
/*
 * A pool of scripted media that checks what the library does with it: an id has one medium at a
 * time, and a medium that is destroyed has nothing under way.
 */
#include "harness.h"

static int pool_create(void *arg, uint64_t bytes, struct nvmove_namespace_config *config)
{
	struct scripted_pool *pool = arg;

	if (pool->fail)
		return -pool->fail;
	assert_in_range(config->nsid, 1, ARRAY_SIZE(pool->medium) - 1);
	assert_int_equal(bytes % (1u << config->lba_shift), 0);
	if (pool->medium[config->nsid])
		fail_msg("nsid %u has a medium already", config->nsid);
	pool->medium[config->nsid] = scripted_medium_new(bytes + pool->surplus);
	pool->created++;
	config->medium = &pool->medium[config->nsid]->base;
	config->locator = pool->locator;
	memset(config->nguid, pool->nguid_byte, sizeof(config->nguid));
	return 0;
}

static void pool_destroy(void *arg, struct nvmove_medium *medium)
{
	struct scripted_pool *pool = arg;

	for (unsigned int nsid = 1; nsid < ARRAY_SIZE(pool->medium); nsid++) {
		if (!pool->medium[nsid] || &pool->medium[nsid]->base != medium)
			continue;
		scripted_medium_free(pool->medium[nsid]);
		pool->medium[nsid] = NULL;
		pool->destroyed++;
		return;
	}
	fail_msg("a medium is destroyed that is not the pool's");
}

static const struct nvmove_pool_ops pool_ops = {
	.create = pool_create,
	.destroy = pool_destroy,
};

void scripted_pool_init(struct scripted_pool *pool, uint64_t bytes)
{
	*pool = (struct scripted_pool){
		.pool = { .ops = &pool_ops, .arg = pool, .bytes = bytes },
	};
}

void scripted_pool_free(struct scripted_pool *pool)
{
	for (unsigned int nsid = 1; nsid < ARRAY_SIZE(pool->medium); nsid++) {
		if (pool->medium[nsid])
			scripted_medium_free(pool->medium[nsid]);
	}
}
