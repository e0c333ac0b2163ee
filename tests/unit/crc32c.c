// SPDX-License-Identifier: BSD-2-Clause
/*
 * The checksum of the controller state is CRC-32C (RFC 3720, appendix B.4), however long the data
 * is, wherever it begins and in whatever pieces it comes: the library computes it in several ways.
 */
#include "lm/crc32c.h"
#include "state_editor.h"

#define LONGEST	1500

TEST_CASE(the_examples_of_rfc_3720)
{
	uint8_t data[32];

	memset(data, 0, sizeof(data));
	assert_int_equal(nvmove_crc32c(0, data, sizeof(data)), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(nvmove_crc32c(0, data, sizeof(data)), 0x62a8ab43);
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_int_equal(nvmove_crc32c(0, data, sizeof(data)), 0x46dd794e);
	assert_int_equal(nvmove_crc32c(0, "123456789", 9), 0xe3069283);
}

TEST_CASE(every_length_at_every_alignment)
{
	uint8_t data[LONGEST + 16];

	pattern_fill(data, sizeof(data), 1);
	for (size_t len = 0; len <= LONGEST; len++) {
		for (size_t at = 0; at < 16; at += 3)
			assert_int_equal(nvmove_crc32c(0, data + at, len),
					 state_crc32c(data + at, len));
	}
}

TEST_CASE(without_the_processors_instructions)
{
	uint8_t data[LONGEST];

	pattern_fill(data, sizeof(data), 2);
	for (size_t len = 0; len <= LONGEST; len++)
		assert_int_equal(~nvmove_crc32c_portable(~0u, data, len), state_crc32c(data, len));
}

TEST_CASE(data_in_pieces)
{
	uint8_t data[LONGEST];
	uint32_t whole, crc;

	pattern_fill(data, sizeof(data), 3);
	whole = state_crc32c(data, sizeof(data));
	for (size_t cut = 0; cut <= LONGEST; cut++) {
		crc = nvmove_crc32c(0, data, cut);
		assert_int_equal(nvmove_crc32c(crc, data + cut, LONGEST - cut), whole);
	}
}

RUN_TESTS("crc32c",
	  cmocka_unit_test(the_examples_of_rfc_3720),
	  cmocka_unit_test(every_length_at_every_alignment),
	  cmocka_unit_test(without_the_processors_instructions),
	  cmocka_unit_test(data_in_pieces));
