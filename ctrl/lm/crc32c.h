/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32C (Castagnoli), the checksum of the wire formats. It knows none of them.
 */
#ifndef LM_CRC32C_H
#define LM_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Checksum of @len bytes at @buf, going on from @crc, which is 0 for the first piece.
 */
uint32_t nvmove_crc32c(uint32_t crc, const void *buf, size_t len);

/*
 * The same without the processor's help, which tests compare with; neither @crc nor the result is
 * inverted here.
 */
uint32_t nvmove_crc32c_portable(uint32_t crc, const uint8_t *p, size_t len);

#endif /* LM_CRC32C_H */
