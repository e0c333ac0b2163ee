/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine: the VMM's side of one guest. It owns the function and the guest's memory; the guest
 * driver (nvme.h) and the workload (workload.h) run on it.
 */
#ifndef VFIO_LAB_MACHINE_H
#define VFIO_LAB_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "guest.h"
#include "stream.h"
#include "vfio.h"

/**
 * struct machine - function and memory
 * @function: the NVMe function
 * @guest: start of guest memory, owned; NULL before machine_set_memory()
 * @memory_size: its bytes
 * @shadow: as many bytes of the VMM's own, owned
 * @precopied: file of the stream that pre-copy has begun, owned; -1 outside pre-copy
 * @resuming: file of the stream that is being loaded, owned; -1 outside RESUMING
 * @asks_nothing: the device has no question, which the stream would begin with after pre-copy
 * @timeout_ms: longest wait for anything that the device does
 */
struct machine {
	struct vfio_function function;
	struct guest *guest;
	size_t memory_size;
	uint8_t *shadow;
	int precopied;
	int resuming;
	bool asks_nothing;
	unsigned int timeout_ms;
};

/** MACHINE_CLOSED - initial value of a machine: machine_close() may be called on it at once */
#define MACHINE_CLOSED \
	{ .function = { .container = -1, .group = -1, .fd = -1 }, .precopied = -1, \
	  .resuming = -1 }

/**
 * machine_memory_size() - guest memory that @options need, in bytes
 *
 * Return: the size, or 0 when an option is out of range; the reason was reported.
 */
size_t machine_memory_size(const struct guest_options *options);

/** machine_open() - open the function at @address */
int machine_open(struct machine *machine, const char *address, unsigned int timeout_ms);

/** machine_can_migrate() - 0 when the driver offers migration, else the reason is reported */
int machine_can_migrate(struct machine *machine);

/**
 * machine_set_memory() - allocate @size bytes of zeroed guest memory and map them for the device
 */
int machine_set_memory(struct machine *machine, size_t size);

/**
 * machine_boot() - lay out guest memory for @options, switch vectors on, start driver and workload
 */
int machine_boot(struct machine *machine, const struct guest_options *options);

/** machine_reboot() - after a reset: start the driver again, the workload keeps what it knows */
int machine_reboot(struct machine *machine);

/** machine_close() - release everything */
void machine_close(struct machine *machine);

/**
 * machine_precopy() - RUNNING to PRE_COPY
 * @stream: gets what there is to read
 */
int machine_precopy(struct machine *machine, struct bytes *stream);

/** machine_give_up_precopy() - PRE_COPY to RUNNING */
int machine_give_up_precopy(struct machine *machine);

/**
 * machine_stop() - RUNNING to STOP, or PRE_COPY to PRE_COPY_P2P
 * @move: gets stop_us, pending and unread; may be NULL
 */
int machine_stop(struct machine *machine, struct guest_move *move);

/**
 * machine_save() - from where machine_stop() led to STOP_COPY, and to STOP
 * @stream: gets the stream, or what pre-copy has left of it
 * @move: gets save_us, state_bytes and unfetched; may be NULL
 *
 * Checks that the announced size fits, that there is a question if and only if there was pre-copy
 * and the device has one, and that the device left guest memory alone since the STOP.
 */
int machine_save(struct machine *machine, struct bytes *stream, struct guest_move *move);

/**
 * machine_begin_stream() - to RESUMING, and write what pre-copy had to offer
 *
 * Return: 0 or a negative errno of the step that was refused. Says nothing about a refusal.
 */
int machine_begin_stream(struct machine *machine, const struct bytes *stream);

/**
 * machine_write_stream() - to RESUMING unless machine_begin_stream() has, write, to STOP
 * @chunk: bytes per write, 0 for as much as fits
 * @early_vectors: vectors to switch on while still in RESUMING, as QEMU does; 0 for none
 *
 * Return: 0 or a negative errno of the step that was refused. Says nothing about a refusal.
 */
int machine_write_stream(struct machine *machine, const struct bytes *stream, size_t chunk,
			 uint32_t early_vectors);

/** machine_run() - to RUNNING, with vectors switched on before if they are off */
int machine_run(struct machine *machine);

/** machine_check_rest() - count it as the guest's error if memory is not as it was kept */
void machine_check_rest(struct machine *machine);

/** machine_keep_memory() - copy guest memory into the shadow */
void machine_keep_memory(struct machine *machine);

/** machine_restore_memory() - copy the shadow back into guest memory */
void machine_restore_memory(struct machine *machine);

/** machine_guest_is_sane() - check head and layout of guest memory that came from outside */
int machine_guest_is_sane(const struct machine *machine);

#endif /* VFIO_LAB_MACHINE_H */
