// SPDX-License-Identifier: BSD-2-Clause
/*
 * The medium in memory: every operation, what it refuses, and a random workload. It completes
 * inside submit, which is checked each time.
 */
#include <errno.h>

#include "media.h"

#define SIZE	(256 * 1024)

static int open_medium(void **state)
{
	*state = nvmove_medium_mem(SIZE);
	return *state ? 0 : -1;
}

static int close_medium(void **state)
{
	nvmove_medium_close(*state);
	return 0;
}

/* Like run(), but without waiting. */
static int at_once(struct nvmove_medium *medium, enum nvmove_media_op op, unsigned int flags,
		   uint64_t offset, void *buffer, uint64_t length)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = length };
	struct test_io test = {
		.io = {
			.op = op,
			.flags = flags,
			.offset = offset,
			.length = length,
			.iov = &iov,
			.iovcnt = buffer ? 1 : 0,
		},
	};

	test_io_submit(medium, &test);
	assert_int_equal(test.calls, 1);
	return test.result;
}

static void test_zero_at_first(void **state)
{
	struct nvmove_medium *medium = *state;
	uint8_t *buffer = test_malloc(SIZE);

	assert_int_equal(medium->size, SIZE);
	assert_int_equal(medium->event_fd, -1);
	assert_false(medium->read_only);
	memset(buffer, 0xff, SIZE);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, SIZE), 0);
	assert_zeroes(buffer, SIZE);
	test_free(buffer);
}

static void test_write_then_read(void **state)
{
	struct nvmove_medium *medium = *state;
	uint8_t data[5000], buffer[5000];

	fill(data, sizeof(data), 1);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE, NVMOVE_MEDIA_F_FUA, 4000, data,
				 sizeof(data)), 0);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_FLUSH, 0, 0, NULL, 0), 0);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, 4000, buffer, sizeof(buffer)), 0);
	assert_memory_equal(buffer, data, sizeof(data));
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, 3000, buffer, 1000), 0);
	assert_zeroes(buffer, 1000);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, 9000, buffer, 1000), 0);
	assert_zeroes(buffer, 1000);
}

static void test_scattered(void **state)
{
	struct nvmove_medium *medium = *state;
	uint8_t data[900], parts[3][400];
	struct iovec iov[4] = {
		{ parts[0], 400 }, { NULL, 0 }, { parts[1], 100 }, { parts[2], 400 },
	};

	fill(data, sizeof(data), 2);
	memcpy(parts[0], data, 400);
	memcpy(parts[1], data + 400, 100);
	memcpy(parts[2], data + 500, 400);
	assert_int_equal(run_vector(medium, NVMOVE_MEDIA_WRITE, 0, 77, iov, 4, 900), 0);
	memset(parts, 0, sizeof(parts));
	iov[0] = (struct iovec){ parts[0], 400 };
	iov[1] = (struct iovec){ NULL, 0 };
	iov[2] = (struct iovec){ parts[1], 100 };
	iov[3] = (struct iovec){ parts[2], 400 };
	assert_int_equal(run_vector(medium, NVMOVE_MEDIA_READ, 0, 77, iov, 4, 900), 0);
	assert_memory_equal(parts[0], data, 400);
	assert_memory_equal(parts[1], data + 400, 100);
	assert_memory_equal(parts[2], data + 500, 400);
}

/* Ranges that begin and end inside pages, on their edges, and within one page. */
static void test_zeroing(void **state)
{
	static const struct { uint64_t offset, length; } range[] = {
		{ 0, SIZE }, { 4096, 8192 }, { 1, 4095 }, { 1, 4096 }, { 4095, 2 }, { 100, 50 },
		{ 5000, 70000 }, { SIZE - 1, 1 }, { 8192, 0 },
	};
	static const struct { enum nvmove_media_op op; unsigned int flags; } way[] = {
		{ NVMOVE_MEDIA_WRITE_ZEROES, 0 },
		{ NVMOVE_MEDIA_WRITE_ZEROES, NVMOVE_MEDIA_F_UNMAP },
		{ NVMOVE_MEDIA_DEALLOCATE, 0 },
	};
	struct nvmove_medium *medium = *state;
	uint8_t *data = test_malloc(SIZE), *buffer = test_malloc(SIZE);
	unsigned int i, j;

	fill(data, SIZE, 3);
	for (i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
		for (j = 0; j < sizeof(way) / sizeof(way[0]); j++) {
			uint64_t end = range[i].offset + range[i].length;

			assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE, 0, 0, data, SIZE), 0);
			assert_int_equal(at_once(medium, way[j].op, way[j].flags, range[i].offset,
						 NULL, range[i].length), 0);
			assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, SIZE), 0);
			assert_memory_equal(buffer, data, range[i].offset);
			assert_zeroes(buffer + range[i].offset, range[i].length);
			assert_memory_equal(buffer + end, data + end, SIZE - end);
		}
	}
	test_free(buffer);
	test_free(data);
}

static void test_refusals(void **state)
{
	struct nvmove_medium *medium = *state;
	uint8_t buffer[512] = { 0 };
	struct iovec iov = { buffer, sizeof(buffer) };

	assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, SIZE - 511, buffer, 512), -EINVAL);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE, 0, SIZE, buffer, 512), -EINVAL);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE, 0, UINT64_MAX - 100, buffer, 512),
			 -EINVAL);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_DEALLOCATE, 0, 1, NULL, UINT64_MAX), -EINVAL);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE_ZEROES, 0, 0, NULL, SIZE + 1), -EINVAL);
	assert_int_equal(run_vector(medium, NVMOVE_MEDIA_READ, 0, 0, &iov, 1, 511), -EINVAL);
	assert_int_equal(run_vector(medium, NVMOVE_MEDIA_READ, 0, 0, &iov, 1, 513), -EINVAL);
	assert_int_equal(run_vector(medium, (enum nvmove_media_op)99, 0, 0, &iov, 1, 512), -EINVAL);
}

static void test_read_only(void **state)
{
	struct nvmove_medium *medium = *state;
	uint8_t data[512], buffer[512];

	fill(data, sizeof(data), 4);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE, 0, 0, data, 512), 0);
	medium->read_only = true;
	memset(buffer, 0, sizeof(buffer));
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE, 0, 0, buffer, 512), -EROFS);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_WRITE_ZEROES, 0, 0, NULL, 512), -EROFS);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_DEALLOCATE, 0, 0, NULL, 512), -EROFS);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_FLUSH, 0, 0, NULL, 0), 0);
	assert_int_equal(at_once(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, 512), 0);
	assert_memory_equal(buffer, data, 512);
}

static void test_bad_size(void **state)
{
	(void)state;
	errno = 0;
	assert_null(nvmove_medium_mem(0));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(nvmove_medium_mem(UINT64_MAX));
	assert_int_equal(errno, EINVAL);
}

static void test_random(void **state)
{
	struct nvmove_medium *medium = nvmove_medium_mem(WORKLOAD_SIZE);

	(void)state;
	assert_non_null(medium);
	run_workload(medium, 20000, 42);
	nvmove_medium_close(medium);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_zero_at_first, open_medium, close_medium),
		cmocka_unit_test_setup_teardown(test_write_then_read, open_medium, close_medium),
		cmocka_unit_test_setup_teardown(test_scattered, open_medium, close_medium),
		cmocka_unit_test_setup_teardown(test_zeroing, open_medium, close_medium),
		cmocka_unit_test_setup_teardown(test_refusals, open_medium, close_medium),
		cmocka_unit_test_setup_teardown(test_read_only, open_medium, close_medium),
		cmocka_unit_test(test_bad_size),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
