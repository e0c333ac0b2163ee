// SPDX-License-Identifier: BSD-2-Clause
/*
 * The medium in a file: every operation under both engines, a random workload, and everything that
 * can go wrong below it. What needs a changed environment (limits, mounts, forbidden system calls)
 * runs in a child process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/loop.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media.h"

#define SIZE	(4 * 1024 * 1024)

/**
 * struct fixture - a file and a medium in it
 * @path: file of SIZE bytes, all a hole
 * @medium: medium
 */
struct fixture {
	char path[64];
	struct nvmove_medium *medium;
};

static enum nvmove_file_engine engine;

static void make_file(char path[64], off_t size)
{
	int fd;

	strcpy(path, "/tmp/nvmove-media-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static struct nvmove_medium *open_file(const char *path, bool read_only)
{
	char *error = NULL;
	struct nvmove_medium *medium = nvmove_medium_file(path, read_only, engine, &error);

	if (!medium)
		print_error("%s\n", error);
	assert_non_null(medium);
	assert_null(error);
	return medium;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	make_file(fixture->path, SIZE);
	fixture->medium = open_file(fixture->path, false);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	nvmove_medium_close(fixture->medium);
	unlink(fixture->path);
	free(fixture);
	return 0;
}

/* The descriptor of this process that refers to what @link names. */
static int find_fd(const char *link)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[256];
	int fd = -1;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		ssize_t length = readlinkat(dirfd(directory), entry->d_name, target,
					    sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = 0;
		if (!strcmp(target, link))
			fd = atoi(entry->d_name);
	}
	closedir(directory);
	return fd;
}

/* Make a descriptor refer to something on which no I/O is possible. */
static void spoil(int fd)
{
	int path = open("/", O_PATH | O_CLOEXEC);

	assert_true(fd >= 0 && path >= 0);
	assert_int_equal(dup2(path, fd), fd);
	close(path);
}

/*
 * Run a function in a child process: what it changes there ends with it. It returns 0 if all is
 * well, SKIP if the machine does not allow the test, else something else. It gets a file of SIZE
 * bytes and no fixture: a process with threads had better not fork.
 */
#define SKIP	77

#define EXPECT(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: not true: %s\n",	\
				__FILE__, __LINE__, #condition);	\
			return 1;					\
		}							\
	} while (0)

static void in_child(int (*function)(const char *path))
{
	char path[64];
	int status;
	pid_t child;

	make_file(path, SIZE);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(function(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	unlink(path);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIP)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_geometry(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture->medium->size, SIZE);
	assert_true(fixture->medium->event_fd >= 0);
	assert_false(fixture->medium->read_only);
}

/* What the medium writes is what others find in the file, and the other way round. */
static void test_write_then_read(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[10000], buffer[10000];
	int fd = open(fixture->path, O_RDWR);

	fill(data, sizeof(data), 1);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 513, data, sizeof(data)), 0);
	assert_int_equal(pread(fd, buffer, sizeof(buffer), 513), sizeof(buffer));
	assert_memory_equal(buffer, data, sizeof(data));

	fill(data, sizeof(data), 2);
	assert_int_equal(pwrite(fd, data, sizeof(data), SIZE - sizeof(data)), sizeof(data));
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, SIZE - sizeof(data), buffer,
			     sizeof(buffer)), 0);
	assert_memory_equal(buffer, data, sizeof(data));
	close(fd);
}

static void test_durability(void **state)
{
	static const enum nvmove_media_op zeroing[] = {
		NVMOVE_MEDIA_WRITE_ZEROES, NVMOVE_MEDIA_DEALLOCATE,
	};
	struct fixture *fixture = *state;
	uint8_t data[4096], buffer[4096];
	unsigned int i;

	fill(data, sizeof(data), 3);
	for (i = 0; i < 2; i++) {
		assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE, NVMOVE_MEDIA_F_FUA, 0,
				     data, sizeof(data)), 0);
		assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_FLUSH, 0, 0, NULL, 0), 0);
		assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, 0, buffer,
				     sizeof(buffer)), 0);
		assert_memory_equal(buffer, data, sizeof(data));
		assert_int_equal(run(fixture->medium, zeroing[i], NVMOVE_MEDIA_F_FUA, 0, NULL,
				     sizeof(data)), 0);
		assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, 0, buffer,
				     sizeof(buffer)), 0);
		assert_zeroes(buffer, sizeof(buffer));
	}
}

/* More entries than a system call takes, of which many are empty. */
static void test_many_buffers(void **state)
{
	enum { ENTRIES = 3000, PIECE = 7 };
	struct fixture *fixture = *state;
	struct iovec *iov = test_calloc(ENTRIES, sizeof(*iov));
	uint8_t data[ENTRIES * PIECE], buffer[ENTRIES * PIECE];
	unsigned int i;
	size_t used;

	fill(data, sizeof(data), 4);
	for (i = 0, used = 0; i < ENTRIES; i++) {
		iov[i] = (struct iovec){ data + used, i % 3 ? PIECE : 0 };
		used += iov[i].iov_len;
	}
	assert_int_equal(run_vector(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 1000, iov, ENTRIES,
				    used), 0);
	for (i = 0, used = 0; i < ENTRIES; i++) {
		iov[i] = (struct iovec){ buffer + used, i % 3 ? PIECE : 0 };
		used += iov[i].iov_len;
	}
	memset(buffer, 0, sizeof(buffer));
	assert_int_equal(run_vector(fixture->medium, NVMOVE_MEDIA_READ, 0, 1000, iov, ENTRIES,
				    used), 0);
	assert_memory_equal(buffer, data, used);
	test_free(iov);
}

static const struct {
	enum nvmove_media_op op;
	unsigned int flags;
} zeroing_ways[] = {
	{ NVMOVE_MEDIA_WRITE_ZEROES, 0 },
	{ NVMOVE_MEDIA_WRITE_ZEROES, NVMOVE_MEDIA_F_UNMAP },
	{ NVMOVE_MEDIA_WRITE_ZEROES, NVMOVE_MEDIA_F_FUA },
	{ NVMOVE_MEDIA_DEALLOCATE, 0 },
};

/* Write, zero the middle by each way, look at all of it. Returns 0 if all is well. */
static int zero_by_all_ways(struct nvmove_medium *medium)
{
	const uint64_t begin = 4096 + 512, length = 3 * 1024 * 1024 - 1024, end = begin + length;
	uint8_t *data = malloc(SIZE), *buffer = malloc(SIZE);
	unsigned int i;
	uint64_t j;

	EXPECT(data && buffer);
	fill(data, SIZE, 5);
	for (i = 0; i < sizeof(zeroing_ways) / sizeof(zeroing_ways[0]); i++) {
		EXPECT(!run(medium, NVMOVE_MEDIA_WRITE, 0, 0, data, SIZE));
		EXPECT(!run(medium, zeroing_ways[i].op, zeroing_ways[i].flags, begin, NULL,
			    length));
		EXPECT(!run(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, SIZE));
		EXPECT(!memcmp(buffer, data, begin));
		for (j = begin; j < end; j++)
			EXPECT(!buffer[j]);
		EXPECT(!memcmp(buffer + end, data + end, SIZE - end));
	}
	free(buffer);
	free(data);
	return 0;
}

static void test_zeroing(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	assert_int_equal(zero_by_all_ways(fixture->medium), 0);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_size, SIZE);
}

/* A file system without FALLOC_FL_ZERO_RANGE: memory files have none. */
static void test_zeroing_on_tmpfs(void **state)
{
	struct nvmove_medium *medium;
	char path[64];
	int fd = memfd_create("nvmove-media", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	medium = open_file(path, false);
	assert_int_equal(zero_by_all_ways(medium), 0);
	nvmove_medium_close(medium);
	close(fd);
}

/* Deallocated space is given back where the file system can do that. */
static void test_deallocate_frees_space(void **state)
{
	struct nvmove_medium *medium;
	uint8_t *data = test_malloc(SIZE);
	char path[64];
	struct stat st;
	int fd = memfd_create("nvmove-media", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	medium = open_file(path, false);
	fill(data, SIZE, 6);
	assert_int_equal(run(medium, NVMOVE_MEDIA_WRITE, 0, 0, data, SIZE), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_blocks, SIZE / 512);
	assert_int_equal(run(medium, NVMOVE_MEDIA_DEALLOCATE, 0, 0, NULL, SIZE / 2), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_blocks, SIZE / 2 / 512);
	assert_int_equal(run(medium, NVMOVE_MEDIA_WRITE_ZEROES, 0, SIZE / 2, NULL, SIZE / 4), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_blocks, SIZE / 2 / 512);
	assert_int_equal(run(medium, NVMOVE_MEDIA_WRITE_ZEROES, NVMOVE_MEDIA_F_UNMAP, SIZE / 2,
			     NULL, SIZE / 4), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_blocks, SIZE / 4 / 512);
	nvmove_medium_close(medium);
	close(fd);
	test_free(data);
}

/* From now on a system call of this process fails with an error, and allows all others. */
static int forbid(int call, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Only threads obey: io_uring's fallocate() does not go through the filter. */
static int zeroing_without_fallocate(const char *file)
{
	struct nvmove_medium *medium;
	int result;

	if (forbid(SYS_fallocate, EOPNOTSUPP))
		return SKIP;
	medium = nvmove_medium_file(file, false, NVMOVE_FILE_THREADS, NULL);
	EXPECT(medium);
	result = zero_by_all_ways(medium);
	nvmove_medium_close(medium);
	return result;
}

static void test_zeroing_without_fallocate(void **state)
{
	(void)state;
	in_child(zeroing_without_fallocate);
}

static int auto_without_uring(const char *file)
{
	struct nvmove_medium *medium;
	uint8_t data[4096], buffer[4096];
	char *error = NULL;

	if (forbid(SYS_io_uring_setup, EPERM))
		return SKIP;
	EXPECT(!nvmove_medium_file(file, false, NVMOVE_FILE_IO_URING, &error));
	EXPECT(error && strstr(error, file) && strstr(error, "io_uring"));
	free(error);
	error = NULL;
	medium = nvmove_medium_file(file, false, NVMOVE_FILE_AUTO, &error);
	EXPECT(medium && !error);
	fill(data, sizeof(data), 7);
	EXPECT(!run(medium, NVMOVE_MEDIA_WRITE, 0, 0, data, sizeof(data)));
	EXPECT(!run(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, sizeof(buffer)));
	EXPECT(!memcmp(data, buffer, sizeof(data)));
	nvmove_medium_close(medium);
	return 0;
}

static void test_auto_without_uring(void **state)
{
	(void)state;
	in_child(auto_without_uring);
}

static void test_refusals(void **state)
{
	struct fixture *fixture = *state;
	uint8_t buffer[512] = { 0 };
	struct iovec iov = { buffer, sizeof(buffer) };

	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, SIZE - 511, buffer, 512),
			 -EINVAL);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE, 0, UINT64_MAX - 100, buffer, 512),
			 -EINVAL);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_DEALLOCATE, 0, 1, NULL, UINT64_MAX),
			 -EINVAL);
	assert_int_equal(run_vector(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 0, &iov, 1, 511),
			 -EINVAL);
	assert_int_equal(run_vector(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 0, &iov, 1, 513),
			 -EINVAL);
	assert_int_equal(run_vector(fixture->medium, (enum nvmove_media_op)99, 0, 0, &iov, 1, 512),
			 -EINVAL);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, SIZE, buffer, 0), 0);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_DEALLOCATE, NVMOVE_MEDIA_F_FUA, 0, NULL,
			     0), 0);
}

static void test_read_only(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[512], buffer[512] = { 0 };
	struct nvmove_medium *medium;

	fill(data, sizeof(data), 8);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 0, data, 512), 0);
	medium = open_file(fixture->path, true);
	assert_true(medium->read_only);
	assert_int_equal(run(medium, NVMOVE_MEDIA_WRITE, 0, 0, buffer, 512), -EROFS);
	assert_int_equal(run(medium, NVMOVE_MEDIA_WRITE_ZEROES, 0, 0, NULL, 512), -EROFS);
	assert_int_equal(run(medium, NVMOVE_MEDIA_DEALLOCATE, 0, 0, NULL, 512), -EROFS);
	assert_int_equal(run(medium, NVMOVE_MEDIA_FLUSH, 0, 0, NULL, 0), 0);
	assert_int_equal(run(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, 512), 0);
	assert_memory_equal(buffer, data, 512);
	nvmove_medium_close(medium);
}

static void refuses_to_open(const char *path, const char *reason)
{
	char *error = NULL;

	assert_null(nvmove_medium_file(path, false, engine, &error));
	assert_non_null(error);
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, reason));
	free(error);
	assert_null(nvmove_medium_file(path, false, engine, NULL));
}

static void test_bad_files(void **state)
{
	(void)state;
	refuses_to_open("/nonexistent/medium", strerror(ENOENT));
	refuses_to_open("/tmp", strerror(EISDIR));
	refuses_to_open("/dev/null", "neither a regular file nor a block device");
}

/* A read across the end of a file that has shrunk gets what there is, and then an error. */
static void test_shrunk_file(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[4096], buffer[8192];

	fill(data, sizeof(data), 9);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 0, data, sizeof(data)), 0);
	assert_int_equal(truncate(fixture->path, sizeof(data)), 0);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, 0, buffer, sizeof(buffer)),
			 -EIO);
	assert_memory_equal(buffer, data, sizeof(data));
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, 0, buffer, sizeof(data)), 0);
}

/* The limit cuts the write short, and what goes on behind it fails. */
static int over_file_size_limit(const char *file)
{
	struct rlimit limit = { 100000, 100000 };
	struct nvmove_medium *medium;
	uint8_t data[8192], buffer[8192];
	struct iovec iov[3] = {
		{ data, 100 }, { data + 100, 7000 }, { data + 7100, sizeof(data) - 7100 },
	};

	signal(SIGXFSZ, SIG_IGN);
	EXPECT(!setrlimit(RLIMIT_FSIZE, &limit));
	medium = nvmove_medium_file(file, false, engine, NULL);
	EXPECT(medium);
	fill(data, sizeof(data), 10);
	EXPECT(run_vector(medium, NVMOVE_MEDIA_WRITE, 0, 96000, iov, 3, sizeof(data)) == -EFBIG);
	EXPECT(!run(medium, NVMOVE_MEDIA_READ, 0, 96000, buffer, sizeof(buffer)));
	EXPECT(!memcmp(buffer, data, 4000));
	EXPECT(!buffer[4000]);
	nvmove_medium_close(medium);
	return 0;
}

static void test_over_file_size_limit(void **state)
{
	(void)state;
	in_child(over_file_size_limit);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return done;
}

/* Become root of a user namespace, which may mount for itself. */
static bool may_mount(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned int)getuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned int)getgid());
	return !unshare(CLONE_NEWUSER | CLONE_NEWNS) && put("/proc/self/setgroups", "deny") &&
	       put("/proc/self/uid_map", users) && put("/proc/self/gid_map", groups);
}

static int no_space(const char *file)
{
	struct nvmove_medium *medium;
	uint8_t data[65536], buffer[65536];
	int fd;

	(void)file;
	if (!may_mount() ||
	    mount("nvmove", "/mnt", "tmpfs", 0, "size=128k,mode=700"))
		return SKIP;
	fd = open("/mnt/medium", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(fd >= 0 && !ftruncate(fd, SIZE));
	medium = nvmove_medium_file("/mnt/medium", false, engine, NULL);
	EXPECT(medium);
	fill(data, sizeof(data), 11);
	EXPECT(!run(medium, NVMOVE_MEDIA_WRITE, 0, 0, data, sizeof(data)));
	EXPECT(!run(medium, NVMOVE_MEDIA_WRITE, 0, sizeof(data), data, sizeof(data)));
	EXPECT(run(medium, NVMOVE_MEDIA_WRITE, 0, SIZE / 2, data, sizeof(data)) == -ENOSPC);
	EXPECT(!run(medium, NVMOVE_MEDIA_DEALLOCATE, 0, 0, NULL, sizeof(data)));
	EXPECT(!run(medium, NVMOVE_MEDIA_WRITE, 0, SIZE / 2, data, sizeof(data)));
	EXPECT(!run(medium, NVMOVE_MEDIA_READ, 0, SIZE / 2, buffer, sizeof(buffer)));
	EXPECT(!memcmp(buffer, data, sizeof(data)));
	nvmove_medium_close(medium);
	close(fd);
	return 0;
}

static void test_no_space(void **state)
{
	(void)state;
	in_child(no_space);
}

static void test_closed_descriptor(void **state)
{
	struct fixture *fixture = *state;
	uint8_t buffer[512] = { 0 };

	spoil(find_fd(fixture->path));
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, 0, buffer, 512), -EBADF);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE, 0, 0, buffer, 512), -EBADF);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_FLUSH, 0, 0, NULL, 0), -EBADF);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_WRITE_ZEROES, 0, 0, NULL, 512), -EBADF);
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_DEALLOCATE, 0, 0, NULL, 512), -EBADF);
}

/* Without its ring a medium fails all operations, and can still be closed. */
static int lost_ring(const char *file)
{
	struct nvmove_medium *medium;
	uint8_t buffer[512] = { 0 };
	unsigned int i;

	medium = nvmove_medium_file(file, false, NVMOVE_FILE_IO_URING, NULL);
	EXPECT(medium);
	EXPECT(!run(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, 512));
	spoil(find_fd("anon_inode:[io_uring]"));
	for (i = 0; i < 3; i++)
		EXPECT(run(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, 512) < 0);
	nvmove_medium_close(medium);
	return 0;
}

static void test_lost_ring(void **state)
{
	(void)state;
	in_child(lost_ring);
}

/* Many more operations than the ring or the threads hold, and not one callback before poll. */
static void test_deep_queue(void **state)
{
	enum { COUNT = 1000, PIECE = 4096 };
	struct fixture *fixture = *state;
	struct test_io *test = test_calloc(COUNT, sizeof(*test));
	struct iovec *iov = test_calloc(COUNT, sizeof(*iov));
	uint8_t *data = test_malloc(COUNT * PIECE), *buffer = test_malloc(COUNT * PIECE);
	unsigned int i;

	fill(data, COUNT * PIECE, 12);
	for (i = 0; i < COUNT; i++) {
		iov[i] = (struct iovec){ data + i * PIECE, PIECE };
		test[i].io = (struct nvmove_media_io){
			.op = NVMOVE_MEDIA_WRITE,
			.offset = (uint64_t)i * PIECE,
			.length = PIECE,
			.iov = &iov[i],
			.iovcnt = 1,
		};
		test_io_submit(fixture->medium, &test[i]);
	}
	for (i = 0; i < COUNT; i++)
		assert_int_equal(test[i].calls, 0);
	nvmove_medium_drain(fixture->medium);
	for (i = 0; i < COUNT; i++) {
		assert_int_equal(test[i].calls, 1);
		assert_int_equal(test[i].result, 0);
	}
	assert_int_equal(run(fixture->medium, NVMOVE_MEDIA_READ, 0, 0, buffer, COUNT * PIECE), 0);
	assert_memory_equal(buffer, data, COUNT * PIECE);
	test_free(buffer);
	test_free(data);
	test_free(iov);
	test_free(test);
}

static bool readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

/* An event loop that only waits for event_fd sees every completion. */
static void test_event_fd(void **state)
{
	struct fixture *fixture = *state;
	struct pollfd ready = { .fd = fixture->medium->event_fd, .events = POLLIN };
	uint8_t buffer[512];
	struct iovec iov = { buffer, sizeof(buffer) };
	struct test_io test = {
		.io = {
			.op = NVMOVE_MEDIA_READ,
			.length = sizeof(buffer),
			.iov = &iov,
			.iovcnt = 1,
		},
	};
	unsigned int i;

	assert_false(readable(ready.fd));
	for (i = 0; i < 200; i++) {
		test.io.offset = i * 512;
		iov = (struct iovec){ buffer, sizeof(buffer) };
		test_io_submit(fixture->medium, &test);
		while (!test.calls) {
			assert_int_equal(poll(&ready, 1, 10000), 1);
			nvmove_medium_poll(fixture->medium);
		}
		assert_int_equal(test.calls, 1);
		assert_int_equal(test.result, 0);
	}
	nvmove_medium_poll(fixture->medium);
	assert_false(readable(ready.fd));
}

/**
 * struct chain - an operation that submits itself again
 * @test: the operation; first
 * @medium: where to
 * @left: how often
 */
struct chain {
	struct test_io test;
	struct nvmove_medium *medium;
	unsigned int left;
};

static void chain_done(struct nvmove_media_io *io, int error)
{
	struct chain *chain = (struct chain *)io;

	chain->test.calls++;
	chain->test.result = error;
	if (chain->left) {
		chain->left--;
		nvmove_medium_submit(chain->medium, io);
	}
}

/* Drain also waits for what a callback submits while it drains. */
static void test_drain_follows_chains(void **state)
{
	struct fixture *fixture = *state;
	struct chain chain[200];
	unsigned int i;

	for (i = 0; i < 200; i++) {
		chain[i] = (struct chain){
			.medium = fixture->medium,
			.left = 20,
			.test.io = {
				.op = i % 2 ? NVMOVE_MEDIA_FLUSH : NVMOVE_MEDIA_WRITE_ZEROES,
				.offset = i * 4096,
				.length = 4096,
				.done = chain_done,
			},
		};
		nvmove_medium_submit(fixture->medium, &chain[i].test.io);
	}
	nvmove_medium_drain(fixture->medium);
	for (i = 0; i < 200; i++) {
		assert_int_equal(chain[i].test.calls, 21);
		assert_int_equal(chain[i].test.result, 0);
	}
	nvmove_medium_drain(fixture->medium);
}

static void test_random(void **state)
{
	struct fixture *fixture = *state;

	run_workload(fixture->medium, 20000, 43);
}

/* A loop device; where the machine has none to give, the test is skipped. */
static int block_device(const char *file)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int backing = open(file, O_RDWR | O_CLOEXEC);
	struct nvmove_medium *medium;
	uint8_t data[512], buffer[1536];
	struct loop_config config = {
		.block_size = 4096,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,	/* it goes with this process */
	};
	int number, loop, result;
	char path[32];

	number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (number < 0)
		return SKIP;
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	loop = open(path, O_RDWR | O_CLOEXEC);
	config.fd = backing;
	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config))
		return SKIP;

	medium = nvmove_medium_file(path, false, engine, NULL);
	result = !medium || medium->size != SIZE;
	if (!result)
		result = zero_by_all_ways(medium);
	if (!result) {
		/* Less than the device's block, so that fallocate() would refuse. */
		memset(buffer, 0xff, sizeof(buffer));
		fill(data, sizeof(data), 13);
		result = run(medium, NVMOVE_MEDIA_WRITE, 0, 512, data, 512) ||
			 run(medium, NVMOVE_MEDIA_DEALLOCATE, 0, 1024, NULL, 512) ||
			 run(medium, NVMOVE_MEDIA_WRITE_ZEROES, NVMOVE_MEDIA_F_FUA, 0, NULL, 512) ||
			 run(medium, NVMOVE_MEDIA_READ, 0, 0, buffer, 1536) ||
			 buffer[0] || buffer[511] || memcmp(buffer + 512, data, 512) ||
			 buffer[1024] || buffer[1535];
	}
	nvmove_medium_close(medium);
	return result;
}

static void test_block_device(void **state)
{
	(void)state;
	in_child(block_device);
}

static bool have_uring(void)
{
	struct nvmove_medium *medium;
	char path[64];

	make_file(path, 4096);
	medium = nvmove_medium_file(path, false, NVMOVE_FILE_IO_URING, NULL);
	nvmove_medium_close(medium);
	unlink(path);
	return medium;
}

int main(void)
{
	const struct CMUnitTest both[] = {
		cmocka_unit_test_setup_teardown(test_geometry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_write_then_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_durability, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_buffers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_zeroing, set_up, tear_down),
		cmocka_unit_test(test_zeroing_on_tmpfs),
		cmocka_unit_test(test_deallocate_frees_space),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read_only, set_up, tear_down),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test_setup_teardown(test_shrunk_file, set_up, tear_down),
		cmocka_unit_test(test_over_file_size_limit),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test_setup_teardown(test_closed_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deep_queue, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_event_fd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_drain_follows_chains, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
		cmocka_unit_test(test_block_device),
	};
	const struct CMUnitTest threads[] = {
		cmocka_unit_test(test_zeroing_without_fallocate),
		cmocka_unit_test(test_auto_without_uring),
	};
	const struct CMUnitTest uring[] = {
		cmocka_unit_test(test_lost_ring),
	};
	int failed;

	engine = NVMOVE_FILE_THREADS;
	failed = cmocka_run_group_tests_name("threads", both, NULL, NULL);
	failed += cmocka_run_group_tests_name("without io_uring", threads, NULL, NULL);
	engine = NVMOVE_FILE_IO_URING;
	if (!have_uring()) {
		print_message("io_uring is not allowed here: its tests are skipped\n");
		return failed;
	}
	failed += cmocka_run_group_tests_name("io_uring", both, NULL, NULL);
	failed += cmocka_run_group_tests_name("only io_uring", uring, NULL, NULL);
	return failed;
}
