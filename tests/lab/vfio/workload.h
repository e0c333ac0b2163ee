/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verified I/O: reads, writes, compares, zeroes and flushes that keep every queue loaded. Each
 * block written carries its address, generation and checksum; what is expected of each block is
 * kept in guest memory. It builds and judges commands and never starts or stops the device.
 */
#ifndef VFIO_LAB_WORKLOAD_H
#define VFIO_LAB_WORKLOAD_H

#include "machine.h"

/**
 * workload_start() - working set and tables, once the namespace is attached; nothing is in flight
 */
int workload_start(struct machine *machine);

/** workload_run() - keep all queues loaded for @duration_ms, then return with commands in flight */
int workload_run(struct machine *machine, unsigned int duration_ms);

/** workload_fill() - fill all queues without ringing a doorbell, then ring them all */
int workload_fill(struct machine *machine);

/**
 * workload_drain() - wait until nothing is in flight; what does not come back is counted as lost
 */
int workload_drain(struct machine *machine);

/** workload_verify() - drain, then read and check the whole working set */
int workload_verify(struct machine *machine);

/** workload_first_completion() - wait until one I/O command has completed, if any is in flight */
int workload_first_completion(struct machine *machine);

/** workload_check_stragglers() - count as lost what was submitted two moves ago or earlier */
void workload_check_stragglers(struct machine *machine);

/** workload_forget() - after a reset: commands in flight are gone, blocks they wrote are unknown */
void workload_forget(struct machine *machine);

/** workload_outstanding() - I/O commands in flight */
uint32_t workload_outstanding(const struct machine *machine);

/** workload_is_clean() - no error of any kind so far; says which counter is not 0 */
int workload_is_clean(const struct machine *machine);

/* Pattern of one block; apart from the device, so that it can be tested alone. */

/** block_fill() - write the pattern of @generation into @block of @size bytes */
void block_fill(void *block, uint32_t size, uint64_t seed, uint64_t lba, uint32_t generation);

/**
 * block_check() - 0 when @block carries the pattern of @generation, else the difference is reported
 */
int block_check(const void *block, uint32_t size, uint64_t seed, uint64_t lba, uint32_t generation);

#define BLOCK_ZEROED		(1u << 31)	/* bit in a generation: written by Write Zeroes */
#define BLOCK_UNKNOWN		(1u << 30) /* bit: never written, or by a command lost in a reset */
#define BLOCK_GENERATION	(BLOCK_UNKNOWN - 1)

#endif /* VFIO_LAB_WORKLOAD_H */
