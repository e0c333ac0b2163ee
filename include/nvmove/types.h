/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Little-endian wire integers for the other headers in this directory. On Linux, in the kernel and
 * in user space, they are the kernel's own types, so sparse checks their byte order; elsewhere they
 * are plain integers. It defines types only, never a conversion.
 */
#ifndef NVMOVE_TYPES_H
#define NVMOVE_TYPES_H

#ifdef __linux__
#include <linux/types.h>
#else
#include <stdint.h>
typedef uint8_t __u8;
typedef uint16_t __le16;
typedef uint32_t __le32;
typedef uint64_t __le64;
#endif

#ifdef __KERNEL__
#include <linux/build_bug.h>
#define NVMOVE_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size))
#else
#define NVMOVE_ASSERT_SIZE(type, size) \
	_Static_assert(sizeof(type) == (size), #type " is not " #size " bytes")
#endif

#define NVMOVE_PACKED __attribute__((__packed__))

#endif /* NVMOVE_TYPES_H */
