/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI function behind VFIO's group and container interface, as a VMM uses it: open, DMA mapping,
 * configuration space, registers, interrupts, reset, migration state. It knows nothing of NVMe.
 */
#ifndef VFIO_LAB_VFIO_H
#define VFIO_LAB_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/vfio.h>

#define VFIO_MAX_VECTORS 65

/* Debian 12's kernel headers are older than pre-copy. */
#ifndef VFIO_MIG_GET_PRECOPY_INFO
#define VFIO_MIGRATION_PRE_COPY (1 << 2)
#define VFIO_DEVICE_STATE_PRE_COPY 6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P 7
#define VFIO_MIG_GET_PRECOPY_INFO _IO(VFIO_TYPE, VFIO_BASE + 21)
struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};
#endif

/** VFIO_LAST_STATE - no migration state has a greater number */
#define VFIO_LAST_STATE VFIO_DEVICE_STATE_PRE_COPY_P2P

/**
 * struct vfio_function - one PCI function
 * @address: domain:bus:device.function
 * @container: container file, owned
 * @group: group file, owned
 * @fd: device file, owned; -1 while closed
 * @bar0: mapped registers, valid while @fd is open
 * @bar0_size: their size in bytes
 * @config_offset: offset of configuration space in @fd
 * @max_vectors: MSI-X vectors that the function has
 * @nr_vectors: vectors enabled now, 0 for none
 * @event: eventfd of each enabled vector, owned
 * @vendor_id: PCI vendor id
 * @device_id: PCI device id
 */
struct vfio_function {
	char address[32];
	int container;
	int group;
	int fd;
	volatile uint8_t *bar0;
	size_t bar0_size;
	uint64_t config_offset;
	uint32_t max_vectors;
	uint32_t nr_vectors;
	int event[VFIO_MAX_VECTORS];
	uint16_t vendor_id;
	uint16_t device_id;
};

/** vfio_open_group() - open container and group of the function at @address, no device yet */
int vfio_open_group(struct vfio_function *function, const char *address);

/** vfio_open_device() - open the device file, map BAR0, switch memory and bus mastering on */
int vfio_open_device(struct vfio_function *function);

/** vfio_close_device() - close device file, mapping and eventfds; DMA mappings stay */
void vfio_close_device(struct vfio_function *function);

/** vfio_close() - close everything */
void vfio_close(struct vfio_function *function);

/** vfio_map_dma() - let the function reach @size bytes at @memory under @iova */
int vfio_map_dma(struct vfio_function *function, void *memory, size_t size, uint64_t iova);

/** vfio_enable_memory_and_dma() - set memory space and bus master in the command register */
int vfio_enable_memory_and_dma(struct vfio_function *function);

/** vfio_command_register() - read PCI_COMMAND; returns it or -1 */
int vfio_command_register(struct vfio_function *function);

/** vfio_set_command_register() - write PCI_COMMAND */
int vfio_set_command_register(struct vfio_function *function, uint16_t value);

/** vfio_enable_vectors() - MSI-X on, @count vectors, each with a new eventfd */
int vfio_enable_vectors(struct vfio_function *function, uint32_t count);

/** vfio_disable_vectors() - MSI-X off; harmless when it is off */
void vfio_disable_vectors(struct vfio_function *function);

/**
 * vfio_watch() - eventfd by which the kernel tells something, or -1; to be closed
 * @index: VFIO_PCI_REQ_IRQ_INDEX, it asks for the device, or VFIO_PCI_ERR_IRQ_INDEX, an error
 */
int vfio_watch(struct vfio_function *function, uint32_t index);

/** vfio_reset() - VFIO_DEVICE_RESET, then the command register again */
int vfio_reset(struct vfio_function *function);

/**
 * vfio_guest_flr() - Function Level Reset as a guest starts it, through the PCI Express capability
 */
int vfio_guest_flr(struct vfio_function *function);

/**
 * vfio_hot_reset() - VFIO_DEVICE_PCI_HOT_RESET with the function's group alone, then the command
 *                    register again
 */
int vfio_hot_reset(struct vfio_function *function);

/**
 * vfio_migration_flags() - VFIO_DEVICE_FEATURE_MIGRATION
 * @flags: VFIO_MIGRATION_*
 *
 * Return: 0, or a negative errno, -ENOTTY when the function cannot migrate. Says nothing.
 */
int vfio_migration_flags(struct vfio_function *function, uint64_t *flags);

/**
 * vfio_feature() - a raw VFIO_DEVICE_FEATURE call
 * @flags: feature number and VFIO_DEVICE_FEATURE_GET, SET, PROBE
 * @data: payload, in and out
 * @size: its size in bytes, at most 64
 *
 * Return: 0 or a negative errno. Says nothing.
 */
int vfio_feature(struct vfio_function *function, uint32_t flags, void *data, size_t size);

/** vfio_get_state() - present migration state, or -1 */
int vfio_get_state(struct vfio_function *function);

/**
 * vfio_try_state() - ask for a migration state
 * @state: enum vfio_device_mig_state, or a number that is none
 * @stream: set to the new stream's file, or to -1 when the arc gives none; the caller owns it
 *
 * Return: 0 or a negative errno. Says nothing.
 */
int vfio_try_state(struct vfio_function *function, uint32_t state, int *stream);

/** vfio_set_state() - like vfio_try_state(), but a failure is reported and gives -1 */
int vfio_set_state(struct vfio_function *function, uint32_t state, int *stream);

/** vfio_stop_copy_size() - VFIO_DEVICE_FEATURE_MIG_DATA_SIZE in bytes, or -1 */
int64_t vfio_stop_copy_size(struct vfio_function *function);

/** vfio_try_stop_copy_size() - the same; returns 0 or a negative errno, says nothing about it */
int vfio_try_stop_copy_size(struct vfio_function *function, uint64_t *bytes);

/**
 * vfio_precopy_info() - VFIO_MIG_GET_PRECOPY_INFO
 * @stream: file of a stream
 *
 * Return: 0 or a negative errno. Says nothing.
 */
int vfio_precopy_info(int stream, struct vfio_precopy_info *info);

/**
 * vfio_log_start() - VFIO_DEVICE_FEATURE_DMA_LOGGING_START
 * @page_size: wanted; gets what there is
 * @range: memory to log the function's writes to
 * @nr_ranges: how many
 *
 * Return: 0 or a negative errno. Says nothing, as the next two.
 */
int vfio_log_start(struct vfio_function *function, uint64_t *page_size,
		   const struct vfio_device_feature_dma_logging_range *range, uint32_t nr_ranges);

/** vfio_log_stop() - VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP */
int vfio_log_stop(struct vfio_function *function);

/**
 * vfio_log_report() - VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT
 * @iova: where to begin
 * @length: bytes
 * @page_size: of a bit
 * @bitmap: a bit for each page gets set if the function has written there
 */
int vfio_log_report(struct vfio_function *function, uint64_t iova, uint64_t length,
		    uint64_t page_size, uint64_t *bitmap);

/** vfio_state_name() - name of a migration state */
const char *vfio_state_name(int state);

#endif /* VFIO_LAB_VFIO_H */
