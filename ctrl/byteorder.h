/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Little-endian wire integers to and from the processor's: the kernel's names for it, so that code
 * reads the same on both sides. Nothing else belongs here.
 */
#ifndef CTRL_BYTEORDER_H
#define CTRL_BYTEORDER_H

#include <endian.h>

#define le16_to_cpu(x)	le16toh(x)
#define le32_to_cpu(x)	le32toh(x)
#define le64_to_cpu(x)	le64toh(x)
#define cpu_to_le16(x)	htole16(x)
#define cpu_to_le32(x)	htole32(x)
#define cpu_to_le64(x)	htole64(x)

#endif /* CTRL_BYTEORDER_H */
