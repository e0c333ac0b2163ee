// SPDX-License-Identifier: BSD-2-Clause
/*
 * A medium in a regular file or block device: opening it, and the steps that each operation takes.
 * It never creates or resizes the file, never locks it, and carries out no I/O itself; engines do.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"
#include "file.h"

/* Zeroes are written in pieces of this size where the file system cannot zero a range. */
#define ZEROES_SIZE	(1u << 20)

bool nvmove_file_admit(const struct nvmove_file *file, struct nvmove_media_io *io)
{
	io->error = nvmove_media_check(&file->medium, io);
	return !io->error && (io->length || io->op == NVMOVE_MEDIA_FLUSH);
}

/* How fallocate() can zero what is left of the operation; 0 if it cannot. */
static int zeroing_mode(struct nvmove_file *file, const struct nvmove_media_io *io)
{
	bool release = io->op == NVMOVE_MEDIA_DEALLOCATE || io->flags & NVMOVE_MEDIA_F_UNMAP;

	if ((io->offset | io->length) & (file->block_size - 1) || io->progress)
		return 0;
	if (release && !atomic_load_explicit(&file->no_punch_hole, memory_order_relaxed))
		return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	if (!atomic_load_explicit(&file->no_zero_range, memory_order_relaxed))
		return FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
	return 0;
}

static void next_transfer(const struct nvmove_media_io *io, struct nvmove_file_step *step)
{
	unsigned int first = 0;

	/* Entries that earlier steps used up are empty. */
	while (first < io->iovcnt && !io->iov[first].iov_len)
		first++;
	step->iov = io->iov + first;
	step->iovcnt = io->iovcnt - first;
	if (step->iovcnt > IOV_MAX)
		step->iovcnt = IOV_MAX;
	if (io->op == NVMOVE_MEDIA_READ) {
		step->call = NVMOVE_FILE_READ;
	} else {
		step->call = NVMOVE_FILE_WRITE;
		step->flags = io->flags & NVMOVE_MEDIA_F_FUA ? RWF_DSYNC : 0;
	}
}

static void next_zeroing(struct nvmove_file *file, const struct nvmove_media_io *io,
			 struct nvmove_file_step *step)
{
	if (io->progress == io->length) {
		step->call = NVMOVE_FILE_SYNC;
		return;
	}
	step->flags = zeroing_mode(file, io);
	if (step->flags) {
		step->call = NVMOVE_FILE_ALLOCATE;
		return;
	}
	step->call = NVMOVE_FILE_WRITE_ZEROES;
	step->buffer = file->zeroes;
	if (step->length > ZEROES_SIZE)
		step->length = ZEROES_SIZE;
}

void nvmove_file_next_step(struct nvmove_file *file, const struct nvmove_media_io *io,
			   struct nvmove_file_step *step)
{
	*step = (struct nvmove_file_step){
		.offset = io->offset + io->progress,
		.length = io->length - io->progress,
	};
	switch (io->op) {
	case NVMOVE_MEDIA_READ:
	case NVMOVE_MEDIA_WRITE:
		next_transfer(io, step);
		break;
	case NVMOVE_MEDIA_FLUSH:
		step->call = NVMOVE_FILE_SYNC;
		break;
	case NVMOVE_MEDIA_WRITE_ZEROES:
	case NVMOVE_MEDIA_DEALLOCATE:
		next_zeroing(file, io, step);
		break;
	}
}

/* Let the buffers begin where the file's next byte belongs. */
static void use_up(const struct nvmove_media_io *io, uint64_t bytes)
{
	struct iovec *iov;

	for (iov = io->iov; bytes; iov++) {
		size_t piece = iov->iov_len < bytes ? iov->iov_len : bytes;

		iov->iov_base = (uint8_t *)iov->iov_base + piece;
		iov->iov_len -= piece;
		bytes -= piece;
	}
}

/* Whether fallocate() does not know the mode here, which is no error: there are other ways. */
static bool mode_refused(struct nvmove_file *file, int mode, long result)
{
	if (result != -EOPNOTSUPP && result != -ENOSYS)
		return false;
	atomic_store_explicit(mode & FALLOC_FL_PUNCH_HOLE ? &file->no_punch_hole :
			      &file->no_zero_range, true, memory_order_relaxed);
	return true;
}

bool nvmove_file_end_step(struct nvmove_file *file, struct nvmove_media_io *io,
			  const struct nvmove_file_step *step, long result)
{
	if (result == -EINTR || result == -EAGAIN)
		return false;
	if (step->call == NVMOVE_FILE_ALLOCATE && mode_refused(file, step->flags, result))
		return false;
	if (result < 0) {
		io->error = result;
		return true;
	}

	switch (step->call) {
	case NVMOVE_FILE_SYNC:
		return true;
	case NVMOVE_FILE_READ:
	case NVMOVE_FILE_WRITE:
		use_up(io, result);
		io->progress += result;
		break;
	case NVMOVE_FILE_WRITE_ZEROES:
		io->progress += result;
		break;
	case NVMOVE_FILE_ALLOCATE:
		io->progress = io->length;
		break;
	}
	if (io->progress == io->length)
		return step->call == NVMOVE_FILE_READ || step->call == NVMOVE_FILE_WRITE ||
		       !(io->flags & NVMOVE_MEDIA_F_FUA);
	if (!result) {
		/* The file has shrunk under us. */
		io->error = -EIO;
		return true;
	}
	return false;
}

void nvmove_file_release(struct nvmove_file *file)
{
	if (file->zeroes)
		munmap(file->zeroes, ZEROES_SIZE);
	if (file->fd >= 0)
		close(file->fd);
}

/* Find out how large the file is. Returns NULL, or what is wrong with it. */
static const char *measure(struct nvmove_file *file)
{
	struct stat st;
	int block_size;

	if (fstat(file->fd, &st))
		return strerror(errno);
	if (S_ISREG(st.st_mode)) {
		file->medium.size = st.st_size;
		file->block_size = 1;
		return NULL;
	}
	if (!S_ISBLK(st.st_mode))
		return "neither a regular file nor a block device";
	if (ioctl(file->fd, BLKGETSIZE64, &file->medium.size) ||
	    ioctl(file->fd, BLKSSZGET, &block_size))
		return strerror(errno);
	file->block_size = block_size;
	return NULL;
}

/* Open the file into an engine. Returns NULL, or what went wrong. */
static const char *attach(struct nvmove_file *file, const char *path, bool read_only)
{
	void *zeroes;

	file->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (file->fd < 0)
		return strerror(errno);
	file->medium.read_only = read_only;
	zeroes = mmap(NULL, ZEROES_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeroes == MAP_FAILED)
		return strerror(errno);
	file->zeroes = zeroes;
	return measure(file);
}

static void report(char **error, const char *path, const char *what, const char *why)
{
	if (error && asprintf(error, "%s: %s%s", path, what, why) < 0)
		*error = NULL;
}

struct nvmove_medium *nvmove_medium_file(const char *path, bool read_only,
					 enum nvmove_file_engine engine, char **error)
{
	struct nvmove_file *file = NULL;
	const char *problem;

	if (engine != NVMOVE_FILE_THREADS)
		file = nvmove_file_new_uring();
	if (!file && engine == NVMOVE_FILE_IO_URING) {
		report(error, path, "no io_uring: ", strerror(errno));
		return NULL;
	}
	if (!file)
		file = nvmove_file_new_threads();
	if (!file) {
		report(error, path, "no threads for I/O: ", strerror(errno));
		return NULL;
	}
	problem = attach(file, path, read_only);
	if (problem) {
		report(error, path, "", problem);
		nvmove_medium_close(&file->medium);
		return NULL;
	}
	return &file->medium;
}
