/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32C, the checksum of the migration stream and of the blocks that the workload writes. It
 * computes, and never touches a file or a device.
 */
#ifndef VFIO_LAB_CRC32C_H
#define VFIO_LAB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/**
 * crc32c() - CRC-32C (Castagnoli, reflected, initial value and final xor all ones)
 * @crc: 0 to begin, or the result of the call for the bytes before
 * @data: bytes to add
 * @length: their number
 *
 * Return: the checksum of everything so far.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

#endif /* VFIO_LAB_CRC32C_H */
