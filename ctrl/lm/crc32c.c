// SPDX-License-Identifier: BSD-2-Clause
/*
 * CRC-32C (Castagnoli), the checksum of the controller state. It uses the processor's instructions
 * where there are some: the time to save or load a state is mostly this. Every way gives the same
 * result; tests/unit/crc32c.c compares them.
 */
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "crc32c.h"

/*
 * Slicing by eight: table k holds the remainders, under the reflected polynomial 82F63B78h, of a
 * byte that k more bytes follow. They are linear: the remainder of a byte is the sum of those of
 * its bits.
 */
#define BIT(n, bit, remainder)	((n) & (bit) ? remainder : 0u)
#define BYTE(n, b0, b1, b2, b3, b4, b5, b6, b7)						\
	(BIT(n, 0x01, b0) ^ BIT(n, 0x02, b1) ^ BIT(n, 0x04, b2) ^ BIT(n, 0x08, b3) ^		\
	 BIT(n, 0x10, b4) ^ BIT(n, 0x20, b5) ^ BIT(n, 0x40, b6) ^ BIT(n, 0x80, b7))
#define BYTES_4(n, ...)									\
	BYTE(n, __VA_ARGS__), BYTE(n + 1, __VA_ARGS__), BYTE(n + 2, __VA_ARGS__),		\
	BYTE(n + 3, __VA_ARGS__)
#define BYTES_16(n, ...)								\
	BYTES_4(n, __VA_ARGS__), BYTES_4(n + 4, __VA_ARGS__), BYTES_4(n + 8, __VA_ARGS__),	\
	BYTES_4(n + 12, __VA_ARGS__)
#define BYTES_64(n, ...)								\
	BYTES_16(n, __VA_ARGS__), BYTES_16(n + 16, __VA_ARGS__),				\
	BYTES_16(n + 32, __VA_ARGS__), BYTES_16(n + 48, __VA_ARGS__)
#define BYTES_256(...)									\
	BYTES_64(0, __VA_ARGS__), BYTES_64(64, __VA_ARGS__), BYTES_64(128, __VA_ARGS__),	\
	BYTES_64(192, __VA_ARGS__)

static const uint32_t table[8][256] = {
	{ BYTES_256(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
		    0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78) },
	{ BYTES_256(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
		    0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9) },
	{ BYTES_256(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
		    0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743) },
	{ BYTES_256(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
		    0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f) },
	{ BYTES_256(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
		    0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c) },
	{ BYTES_256(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
		    0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6) },
	{ BYTES_256(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
		    0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4) },
	{ BYTES_256(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
		    0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664) },
};

uint32_t nvmove_crc32c_portable(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8) {
		crc ^= p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^
		      table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24] ^ table[3][p[4]] ^
		      table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	}
	while (len--)
		crc = table[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return crc;
}

#if defined(__x86_64__)

#define FOLD_BYTES	64	/* at a time, in four lanes */

__attribute__((target("sse4.2")))
static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; len -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		wide = _mm_crc32_u64(wide, word);
	}
	crc = wide;
	if (len & 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		crc = _mm_crc32_u32(crc, word);
		p += 4;
	}
	for (len &= 3; len; len--)
		crc = _mm_crc32_u8(crc, *p++);
	return crc;
}

/* Move @lane on by the distance that @distance stands for and add what is there. */
__attribute__((target("pclmul,sse4.2")))
static __m128i fold(__m128i lane, __m128i distance, __m128i there)
{
	__m128i low = _mm_clmulepi64_si128(lane, distance, 0x00);
	__m128i high = _mm_clmulepi64_si128(lane, distance, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), there);
}

/*
 * One instruction that takes eight bytes waits three cycles for the one before. Carry-less
 * multiplication works on four lanes side by side: a lane moved on by n bits is its upper half
 * times x^(n-32) plus its lower half times x^(n+32), modulo the polynomial. @len: at least
 * FOLD_BYTES.
 */
__attribute__((target("pclmul,sse4.2")))
static uint32_t crc32c_pclmul(uint32_t crc, const uint8_t *p, size_t len)
{
	const __m128i by_512 = _mm_set_epi64x(0x9e4addf8, 0x740eef02);
	const __m128i by_128 = _mm_set_epi64x(0x14cd00bd6, 0xf20c0dfe);
	__m128i lane[4];
	uint64_t wide;

	for (unsigned int i = 0; i < 4; i++)
		lane[i] = _mm_loadu_si128((const __m128i *)p + i);
	lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi32_si128(crc));
	for (len -= FOLD_BYTES, p += FOLD_BYTES; len >= FOLD_BYTES;
	     len -= FOLD_BYTES, p += FOLD_BYTES) {
		for (unsigned int i = 0; i < 4; i++)
			lane[i] = fold(lane[i], by_512, _mm_loadu_si128((const __m128i *)p + i));
	}
	for (unsigned int i = 1; i < 4; i++)
		lane[i] = fold(lane[i - 1], by_128, lane[i]);
	wide = _mm_crc32_u64(0, _mm_extract_epi64(lane[3], 0));
	wide = _mm_crc32_u64(wide, _mm_extract_epi64(lane[3], 1));
	return crc32c_sse42(wide, p, len);
}

static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	if (len >= 4 * FOLD_BYTES && __builtin_cpu_supports("pclmul") &&
	    __builtin_cpu_supports("sse4.2"))
		return crc32c_pclmul(crc, p, len);
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, p, len);
	return nvmove_crc32c_portable(crc, p, len);
}
#else
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	return nvmove_crc32c_portable(crc, p, len);
}
#endif

/*
 * Continue the checksum @crc (0 at first) over @len bytes at @buf.
 */
uint32_t nvmove_crc32c(uint32_t crc, const void *buf, size_t len)
{
	return ~crc32c(~crc, buf, len);
}
