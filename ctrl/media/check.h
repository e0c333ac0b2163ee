/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every medium refuses before it touches data. Shared by the media and nobody else; it holds
 * no state and starts nothing.
 */
#ifndef NVMOVE_MEDIA_CHECK_H
#define NVMOVE_MEDIA_CHECK_H

#include <errno.h>

#include "medium.h"

/**
 * nvmove_media_check() - whether an operation may be started
 * @medium: medium
 * @io: operation
 *
 * Return: 0; -EROFS if @io would change a read-only medium; -EINVAL if its range is not within the
 * medium, its buffers are not as long as its range, or its kind is unknown.
 */
static inline int nvmove_media_check(const struct nvmove_medium *medium,
				     const struct nvmove_media_io *io)
{
	uint64_t left = io->length;
	unsigned int i;

	if (io->op == NVMOVE_MEDIA_FLUSH)
		return 0;
	if (io->offset > medium->size || io->length > medium->size - io->offset)
		return -EINVAL;

	switch (io->op) {
	case NVMOVE_MEDIA_READ:
	case NVMOVE_MEDIA_WRITE:
		for (i = 0; i < io->iovcnt; i++) {
			if (io->iov[i].iov_len > left)
				return -EINVAL;
			left -= io->iov[i].iov_len;
		}
		if (left)
			return -EINVAL;
		break;
	case NVMOVE_MEDIA_WRITE_ZEROES:
	case NVMOVE_MEDIA_DEALLOCATE:
		break;
	default:
		return -EINVAL;
	}
	return medium->read_only && io->op != NVMOVE_MEDIA_READ ? -EROFS : 0;
}

#endif /* NVMOVE_MEDIA_CHECK_H */
