/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's NVMe driver: controller, admin queue, I/O queues. Its whole state is in guest memory.
 * It builds no I/O command (workload.h does) and never looks at what the VMM does.
 */
#ifndef VFIO_LAB_NVME_H
#define VFIO_LAB_NVME_H

#include <stdbool.h>

#include "machine.h"

/** nvme_at() - address of what lies at @offset of guest memory */
static inline void *nvme_at(const struct machine *machine, uint64_t offset)
{
	return (uint8_t *)machine->guest + offset;
}

/** nvme_iova() - what the device calls @offset of guest memory */
static inline uint64_t nvme_iova(uint64_t offset)
{
	return GUEST_IOVA + offset;
}

/** nvme_status() - status field of a completion without phase, More and Do Not Retry */
uint16_t nvme_status(const struct nvm_cqe *cqe);

uint32_t nvme_read32(const struct machine *machine, uint32_t offset);
uint64_t nvme_read64(const struct machine *machine, uint32_t offset);

/** nvme_start() - reset and enable the controller, admin queue only */
int nvme_start(struct machine *machine);

/** nvme_attach_namespace() - find the namespace and learn its size and limits */
int nvme_attach_namespace(struct machine *machine);

/** nvme_create_queues() - Number of Queues, then all I/O queues */
int nvme_create_queues(struct machine *machine);

/** nvme_provoke_errors() - have as many commands refused as the guest's options say */
int nvme_provoke_errors(struct machine *machine);

/** nvme_submit_admin() - submit, do not wait; @cid gets the command identifier */
int nvme_submit_admin(struct machine *machine, struct nvm_sqe *sqe, uint16_t *cid);

/** nvme_wait_admin() - wait for the completion of @cid */
int nvme_wait_admin(struct machine *machine, uint16_t cid, struct nvm_cqe *cqe);

/** nvme_admin() - submit and wait; 0 whatever the status, -1 when no completion came */
int nvme_admin(struct machine *machine, struct nvm_sqe *sqe, struct nvm_cqe *cqe);

/**
 * nvme_admin_page() - page @index of the admin commands' data; its offset by nvme_admin_offset()
 */
void *nvme_admin_page(const struct machine *machine, unsigned int index);
uint64_t nvme_admin_offset(const struct machine *machine, unsigned int index);

/** nvme_identify() - Identify into admin page 0; -1 also when the status is not success */
int nvme_identify(struct machine *machine, uint8_t cns, uint32_t nsid);

/** nvme_queue_entry() - next free submission entry, zeroed; nvme_advance() claims it */
struct nvm_sqe *nvme_queue_entry(struct machine *machine, struct guest_queue *queue);
void nvme_advance(struct guest_queue *queue);

/** nvme_ring() - tell the device the tail, if it moved */
void nvme_ring(struct machine *machine, struct guest_queue *queue);

/** nvme_completion_ready() - is there an unread completion? */
bool nvme_completion_ready(const struct machine *machine, const struct guest_queue *queue);

/** nvme_count_unread() - unread completions in guest memory */
uint32_t nvme_count_unread(const struct machine *machine, const struct guest_queue *queue);

/**
 * nvme_take_completion() - read one completion
 *
 * The caller frees the entries with nvme_free_completions() after the last one.
 *
 * Return: true when @cqe was filled.
 */
bool nvme_take_completion(struct machine *machine, struct guest_queue *queue, struct nvm_cqe *cqe);
void nvme_free_completions(struct machine *machine, struct guest_queue *queue);

/**
 * nvme_wait_vectors() - wait for an interrupt on any of the vectors from @first to @last
 * @timeout_ms: longest wait
 *
 * Return: bit map of the vectors that fired, 0 after the timeout.
 */
uint64_t nvme_wait_vectors(struct machine *machine, uint32_t first, uint32_t last, int timeout_ms);

#endif /* VFIO_LAB_NVME_H */
