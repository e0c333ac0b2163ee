// SPDX-License-Identifier: BSD-2-Clause
/*
 * CRC-32C with four tables of 256 entries, made at first use: four bytes per step, because the
 * hosts of the lab are emulated and every block of the workload passes through here.
 */
#include "crc32c.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL	0x82f63b78u
#define LANES		4

static uint32_t table[LANES][256];
static bool table_ready;

static void make_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value = (value >> 1) ^ (value & 1 ? POLYNOMIAL : 0);
		table[0][i] = value;
	}
	for (int lane = 1; lane < LANES; lane++)
		for (int i = 0; i < 256; i++)
			table[lane][i] =
				(table[lane - 1][i] >> 8) ^ table[0][table[lane - 1][i] & 0xff];
	table_ready = true;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t word;

	if (!table_ready)
		make_tables();
	crc = ~crc;
	for (; length >= LANES; length -= LANES, byte += LANES) {
		memcpy(&word, byte, sizeof(word));
		crc ^= le32toh(word);
		crc = table[3][crc & 0xff] ^ table[2][(crc >> 8) & 0xff] ^
		      table[1][(crc >> 16) & 0xff] ^ table[0][crc >> 24];
	}
	for (; length; length--, byte++)
		crc = (crc >> 8) ^ table[0][(crc ^ *byte) & 0xff];
	return ~crc;
}
