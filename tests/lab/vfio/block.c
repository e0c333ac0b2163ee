// SPDX-License-Identifier: BSD-2-Clause
/*
 * The pattern of one block of the workload: who it is, which generation, a filling that depends on
 * both, and a checksum over all. It never touches a device.
 */
#include <endian.h>
#include <string.h>

#include "crc32c.h"
#include "report.h"
#include "workload.h"

#define BLOCK_MAGIC 0x6b636f6c62766d6eull

struct block_head {
	uint64_t magic;
	uint64_t lba;
	uint64_t seed;
	uint32_t generation;
	uint32_t crc;
};

static void fill_words(uint64_t *word, uint32_t count, uint64_t value)
{
	for (uint32_t i = 0; i < count; i++) {
		value = value * 6364136223846793005ull + 1442695040888963407ull;
		word[i] = htole64(value);
	}
}

static uint32_t block_crc(const void *block, uint32_t size)
{
	struct block_head head;

	memcpy(&head, block, sizeof(head));
	head.crc = 0;
	return crc32c(crc32c(0, &head, sizeof(head)), (const uint8_t *)block + sizeof(head),
		      size - sizeof(head));
}

void block_fill(void *block, uint32_t size, uint64_t seed, uint64_t lba, uint32_t generation)
{
	struct block_head *head = block;

	if (generation & BLOCK_ZEROED) {
		memset(block, 0, size);
		return;
	}
	head->magic = htole64(BLOCK_MAGIC);
	head->lba = htole64(lba);
	head->seed = htole64(seed);
	head->generation = htole32(generation);
	head->crc = 0;
	fill_words((uint64_t *)(head + 1), (size - sizeof(*head)) / 8,
		   seed ^ lba << 24 ^ generation);
	head->crc = htole32(block_crc(block, size));
}

static int check_zeroes(const uint8_t *block, uint32_t size, uint64_t lba, uint32_t generation)
{
	for (uint32_t i = 0; i < size; i++)
		if (block[i])
			return fail("LBA %llu byte %u: expected 0 (generation %u), read %#x",
				    (unsigned long long)lba, i, generation & BLOCK_GENERATION,
				    block[i]);
	return 0;
}

int block_check(const void *block, uint32_t size, uint64_t seed, uint64_t lba, uint32_t generation)
{
	const struct block_head *head = block;
	uint32_t crc;

	if (generation & BLOCK_ZEROED)
		return check_zeroes(block, size, lba, generation);
	if (le64toh(head->magic) != BLOCK_MAGIC)
		return fail("LBA %llu: magic: expected %#llx (generation %u), read %#llx",
			    (unsigned long long)lba, (unsigned long long)BLOCK_MAGIC, generation,
			    (unsigned long long)le64toh(head->magic));
	if (le64toh(head->lba) != lba)
		return fail("LBA %llu: holds the data of LBA %llu", (unsigned long long)lba,
			    (unsigned long long)le64toh(head->lba));
	if (le32toh(head->generation) != generation || le64toh(head->seed) != seed)
		return fail("LBA %llu: expected generation %u of seed %#llx, read %u of %#llx",
			    (unsigned long long)lba, generation, (unsigned long long)seed,
			    le32toh(head->generation), (unsigned long long)le64toh(head->seed));
	crc = block_crc(block, size);
	if (le32toh(head->crc) != crc)
		return fail("LBA %llu generation %u: checksum: %#x stored, %#x computed",
			    (unsigned long long)lba, generation, le32toh(head->crc), crc);
	return 0;
}
