// SPDX-License-Identifier: BSD-2-Clause
/*
 * The commands of the standard's protocol that the driver sends (kernel/hmlm-commands.h), byte by
 * byte: every field at its place, in the wire's byte order, reserved ones zero. The expected bytes
 * were written down from NVM Express Base Specification 2.3, 5.2.16, 5.2.17, 5.2.27 and 5.2.28.
 */
#include "byteorder.h"
#include "harness.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;

#include "../../kernel/hmlm-commands.h"

#define CNTLID		0x1234
#define CSVI		0x56
#define CSUUIDI		0x78
#define OFFSET		0x9abcdef0
#define CDW10_AT	40

/** struct expected - an entry: its opcode and command dwords 10 to 15, everything else zero */
struct expected {
	uint8_t opcode;
	uint8_t dwords[24];
};

static void check(const struct nvm_sqe *sqe, const struct expected *expected)
{
	uint8_t wanted[sizeof(*sqe)] = { expected->opcode };

	memcpy(wanted + CDW10_AT, expected->dwords, sizeof(expected->dwords));
	assert_memory_equal(sqe, wanted, sizeof(wanted));
}

TEST_CASE(suspend)
{
	static const struct expected expected = {
		0x41, { 0x00, 0, 0, 0, 0x34, 0x12, 0x01, 0x00 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_suspend(&sqe, CNTLID);
	check(&sqe, &expected);
}

TEST_CASE(resume)
{
	static const struct expected expected = {
		0x41, { 0x01, 0, 0, 0, 0x34, 0x12, 0x00, 0x00 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_resume(&sqe, CNTLID);
	check(&sqe, &expected);
}

/* the number of dwords is 0-based */
TEST_CASE(get_state)
{
	static const struct expected expected = {
		0x42, { 0x00, 0, 0x56, 0, 0x34, 0x12, 0x78, 0x00, 0xf0, 0xde, 0xbc, 0x9a, 0, 0, 0, 0,
			0, 0, 0, 0, 0xff, 0x03, 0x00, 0x00 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_get_state(&sqe, CNTLID, CSVI, CSUUIDI, OFFSET, 4096);
	check(&sqe, &expected);
}

TEST_CASE(get_one_dword)
{
	static const struct expected expected = {
		0x42, { 0x00, 0, 0x01, 0, 0xff, 0xff, 0x01, 0x00 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_get_state(&sqe, 0xffff, 1, 1, 0, 4);
	check(&sqe, &expected);
}

/*
 * the number of dwords is 1-based; the state is longer than what this piece and those before hold
 */
TEST_CASE(set_state_in_the_middle)
{
	static const struct expected expected = {
		0x41, { 0x02, 0, 0x00, 0, 0x34, 0x12, 0x56, 0x78, 0xf0, 0xde, 0xbc, 0x9a, 0, 0, 0, 0,
			0, 0, 0, 0, 0x00, 0x04, 0x00, 0x00 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_set_state(&sqe, CNTLID, CSVI, CSUUIDI, OFFSET, 4096, OFFSET + 4100);
	check(&sqe, &expected);
}

/* SEQIND: 01b first, 00b between, 10b last, 11b the only one */
TEST_CASE(set_state_sequence)
{
	static const struct {
		uint32_t offset, length, state_size;
		uint8_t seqind;
	} cases[] = {
		{ 0, 4096, 4100, 1 },
		{ 4096, 4096, 8196, 0 },
		{ 4096, 4, 4100, 2 },
		{ 0, 4096, 4096, 3 },
		{ 0, 4, 4, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nvm_sqe sqe = { 0 };

		hmlm_build_set_state(&sqe, CNTLID, CSVI, CSUUIDI, cases[i].offset, cases[i].length,
				     cases[i].state_size);
		assert_int_equal(((const uint8_t *)&sqe)[CDW10_AT + 2], cases[i].seqind);
		assert_int_equal(((const uint8_t *)&sqe)[CDW10_AT + 3], 0);
	}
}

TEST_CASE(track_start)
{
	static const struct expected expected = {
		0x3d, { 0x01, 0, 0x01, 0, 0x34, 0x12, 0, 0 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_track_start(&sqe, CNTLID);
	check(&sqe, &expected);
}

TEST_CASE(track_stop)
{
	static const struct expected expected = {
		0x3d, { 0x01, 0, 0x00, 0, 0x34, 0x12, 0, 0 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_track_stop(&sqe, CNTLID);
	check(&sqe, &expected);
}

/* the number of dwords is 0-based */
TEST_CASE(memory_changes)
{
	static const struct expected expected = {
		0x3e, { 0x00, 0, 0, 0, 0x34, 0x12, 0, 0, 0xff, 0x3f, 0, 0 },
	};
	struct nvm_sqe sqe = { 0 };

	hmlm_build_memory_changes(&sqe, CNTLID, 65536);
	check(&sqe, &expected);
}

RUN_TESTS("hmlm_driver_commands",
	  cmocka_unit_test(suspend),
	  cmocka_unit_test(resume),
	  cmocka_unit_test(get_state),
	  cmocka_unit_test(get_one_dword),
	  cmocka_unit_test(set_state_in_the_middle),
	  cmocka_unit_test(set_state_sequence),
	  cmocka_unit_test(track_start),
	  cmocka_unit_test(track_stop),
	  cmocka_unit_test(memory_changes));
