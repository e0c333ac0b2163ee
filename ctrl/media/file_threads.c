// SPDX-License-Identifier: BSD-2-Clause
/*
 * The file medium's engine for kernels without io_uring: a few threads that take operations from
 * one list, carry out their steps by blocking system calls, and put them on another. Only the event
 * loop calls back; the threads never touch anything but the operation they hold and the two lists.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"

#define THREADS	8

/**
 * struct file_threads - a file medium with threads
 * @file: base
 * @outstanding: operations submitted and not called back yet; event loop only
 * @lock: covers the fields below
 * @work: signalled when @waiting has grown, or on @stop
 * @progress: signalled when @finished has grown
 * @waiting: operations that no thread has taken
 * @finished: operations to call back
 * @stop: threads shall end
 * @thread: the threads
 * @threads: how many there are; event loop only
 */
struct file_threads {
	struct nvmove_file file;
	unsigned int outstanding;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t progress;
	struct nvmove_media_list waiting;
	struct nvmove_media_list finished;
	bool stop;
	pthread_t thread[THREADS];
	unsigned int threads;
};

static long carry_out(const struct nvmove_file *file, const struct nvmove_file_step *step)
{
	long result = -1;

	switch (step->call) {
	case NVMOVE_FILE_READ:
		result = preadv(file->fd, step->iov, step->iovcnt, step->offset);
		break;
	case NVMOVE_FILE_WRITE:
		result = pwritev2(file->fd, step->iov, step->iovcnt, step->offset, step->flags);
		break;
	case NVMOVE_FILE_WRITE_ZEROES:
		result = pwrite(file->fd, step->buffer, step->length, step->offset);
		break;
	case NVMOVE_FILE_ALLOCATE:
		result = fallocate(file->fd, step->flags, step->offset, step->length);
		break;
	case NVMOVE_FILE_SYNC:
		result = fdatasync(file->fd);
		break;
	}
	return result < 0 ? -errno : result;
}

/* Make event_fd readable; it cannot fail before 2^64 - 1 unread notices have piled up. */
static void notify(const struct nvmove_file *file)
{
	eventfd_write(file->medium.event_fd, 1);
}

static void *work(void *arg)
{
	struct file_threads *threads = arg;
	struct nvmove_file_step step;
	struct nvmove_media_io *io;

	pthread_mutex_lock(&threads->lock);
	for (;;) {
		while (!threads->waiting.first && !threads->stop)
			pthread_cond_wait(&threads->work, &threads->lock);
		io = nvmove_media_list_take(&threads->waiting);
		if (!io)
			break;
		pthread_mutex_unlock(&threads->lock);

		do {
			nvmove_file_next_step(&threads->file, io, &step);
		} while (!nvmove_file_end_step(&threads->file, io, &step,
					       carry_out(&threads->file, &step)));

		pthread_mutex_lock(&threads->lock);
		nvmove_media_list_add(&threads->finished, io);
		pthread_cond_signal(&threads->progress);
		notify(&threads->file);
	}
	pthread_mutex_unlock(&threads->lock);
	return NULL;
}

static void threads_submit(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	struct file_threads *threads = (struct file_threads *)medium;

	if (!nvmove_file_admit(&threads->file, io)) {
		io->done(io, io->error);
		return;
	}
	threads->outstanding++;
	pthread_mutex_lock(&threads->lock);
	nvmove_media_list_add(&threads->waiting, io);
	pthread_cond_signal(&threads->work);
	pthread_mutex_unlock(&threads->lock);
}

static void threads_poll(struct nvmove_medium *medium)
{
	struct file_threads *threads = (struct file_threads *)medium;
	struct nvmove_media_io *io;
	eventfd_t notices;

	eventfd_read(medium->event_fd, &notices);
	for (;;) {
		pthread_mutex_lock(&threads->lock);
		io = nvmove_media_list_take(&threads->finished);
		pthread_mutex_unlock(&threads->lock);
		if (!io)
			break;
		threads->outstanding--;
		io->done(io, io->error);
	}
}

static void threads_drain(struct nvmove_medium *medium)
{
	struct file_threads *threads = (struct file_threads *)medium;

	for (;;) {
		threads_poll(medium);
		if (!threads->outstanding)
			break;
		pthread_mutex_lock(&threads->lock);
		while (!threads->finished.first)
			pthread_cond_wait(&threads->progress, &threads->lock);
		pthread_mutex_unlock(&threads->lock);
	}
}

static void threads_close(struct nvmove_medium *medium)
{
	struct file_threads *threads = (struct file_threads *)medium;
	unsigned int i;

	assert(!threads->outstanding);
	pthread_mutex_lock(&threads->lock);
	threads->stop = true;
	pthread_cond_broadcast(&threads->work);
	pthread_mutex_unlock(&threads->lock);
	for (i = 0; i < threads->threads; i++)
		pthread_join(threads->thread[i], NULL);

	pthread_cond_destroy(&threads->progress);
	pthread_cond_destroy(&threads->work);
	pthread_mutex_destroy(&threads->lock);
	close(medium->event_fd);
	nvmove_file_release(&threads->file);
	free(threads);
}

static const struct nvmove_medium_ops threads_ops = {
	.submit = threads_submit,
	.poll = threads_poll,
	.drain = threads_drain,
	.close = threads_close,
};

/* Start the threads, all signals blocked: those are the embedder's. Fewer threads do as well. */
static int start(struct file_threads *threads)
{
	sigset_t all, before;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (threads->threads < THREADS) {
		error = pthread_create(&threads->thread[threads->threads], NULL, work, threads);
		if (error)
			break;
		threads->threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return threads->threads ? 0 : error;
}

struct nvmove_file *nvmove_file_new_threads(void)
{
	struct file_threads *threads;
	int error;

	threads = calloc(1, sizeof(*threads));
	if (!threads)
		return NULL;
	threads->file.fd = -1;
	threads->file.medium.ops = &threads_ops;
	threads->file.medium.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (threads->file.medium.event_fd < 0) {
		error = errno;
		free(threads);
		errno = error;
		return NULL;
	}
	pthread_mutex_init(&threads->lock, NULL);
	pthread_cond_init(&threads->work, NULL);
	pthread_cond_init(&threads->progress, NULL);
	error = start(threads);
	if (error) {
		threads_close(&threads->file.medium);
		errno = error;
		return NULL;
	}
	return &threads->file;
}
