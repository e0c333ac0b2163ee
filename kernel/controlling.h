/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands to a controlling function, which the kernel's own nvme driver drives: the PF that a VF
 * belongs to, or the one that was named for a function that is no VF (controlled.h). Callers hold a
 * reference to the function; they never see its controller, which may come and go at any time.
 */
#ifndef NVMOVE_CONTROLLING_H
#define NVMOVE_CONTROLLING_H

#include <linux/types.h>

struct nvme_command;
struct pci_dev;

/**
 * struct nvmove_controlled - a controller as its controlling function sees it
 * @cntlid: controller id
 * @vf_number: 1-based number of its VF; 0 if it is behind no VF
 * @online: the controller is online; offline it refuses every command
 */
struct nvmove_controlled {
	u16 cntlid;
	u16 vf_number;
	bool online;
};

/**
 * nvmove_controlling_init - start to watch controlling functions come and go
 *
 * Called before any other function here.
 * Return: 0 or a negative errno.
 */
int nvmove_controlling_init(void);

/**
 * nvmove_controlling_exit - undo nvmove_controlling_init()
 */
void nvmove_controlling_exit(void);

/**
 * nvmove_controlling_submit - run one admin command on a controlling function and wait for its end
 * @function: the controlling function
 * @cmd: the command without data pointer
 * @buffer: kmalloc or vmalloc memory, dword aligned; NULL for no data
 * @length: bytes of @buffer, at most nvmove_controlling_max_transfer()
 * @result: where completion dwords 0 and 1 go, 0 in the lower half, also those of a refused
 *	command; may be NULL
 *
 * Takes no lock of any PCI device, so it may be called while one is held. It ends at the latest
 * when the nvme driver's admin timeout has reset @function. The caller may not hold up a reset of
 * @function.
 *
 * Return: 0; the completion's status (SCT in 10:8, SC in 7:0) if the controller refused the
 * command; -ENODEV if it was not sent because no live controller of the nvme driver stands behind
 * @function; another negative errno if nobody knows whether it was carried out.
 */
int nvmove_controlling_submit(struct pci_dev *function, struct nvme_command *cmd, void *buffer,
			      u32 length, u64 *result);

/**
 * nvmove_controlling_max_transfer - the most data that one command can carry
 * @function: the controlling function
 *
 * Return: bytes, a multiple of the page size, or -ENODEV as nvmove_controlling_submit().
 */
int nvmove_controlling_max_transfer(struct pci_dev *function);

/**
 * nvmove_controlling_identify - Identify (Base 2.3, 5.2.13) on a controlling function
 * @function: the controlling function
 * @cns: which structure
 * @cntid: CNTID field
 * @data: NVME_IDENTIFY_DATA_SIZE bytes of kmalloc memory
 *
 * Return: as nvmove_controlling_submit().
 */
int nvmove_controlling_identify(struct pci_dev *function, u8 cns, u16 cntid, void *data);

/**
 * nvmove_controlling_log_page - Get Log Page (Base 2.3, 5.2.12) on a controlling function
 * @function: the controlling function
 * @lid: log page identifier
 * @lsi: Log Specific Identifier, 0 if the page has none
 * @offset: where in the page to begin, in bytes, a multiple of 4
 * @data: @length bytes of kmalloc or vmalloc memory
 * @length: bytes, a multiple of 4, at most nvmove_controlling_max_transfer()
 *
 * Return: as nvmove_controlling_submit().
 */
int nvmove_controlling_log_page(struct pci_dev *function, u8 lid, u16 lsi, u32 offset, void *data,
				u32 length);

/**
 * nvmove_controlling_find_vf - look up the controller behind a VF in the Secondary Controller List
 * @function: the controlling function, the VF's PF
 * @pcid: controller id of @function, which must be the primary controller of the one found
 * @vf_number: 1-based number of the VF
 * @controlled: filled in on success
 *
 * Return: 0, -ENOENT if the list has no such VF of that primary controller, -EPROTO if the list is
 * malformed, else as nvmove_controlling_submit().
 */
int nvmove_controlling_find_vf(struct pci_dev *function, u16 pcid, u16 vf_number,
			       struct nvmove_controlled *controlled);

/**
 * nvmove_controlling_find - look up a controller by its id
 * @function: the controlling function
 * @pcid: controller id of @function
 * @cntlid: controller id
 * @controlled: filled in on success
 *
 * Looks into the Secondary Controller List and, since a controller of the subsystem need not be a
 * secondary one to be migrated, into the Controller List.
 *
 * Return: 0, -ENOENT if neither list has the controller, -EPROTO if a list is malformed, else as
 * nvmove_controlling_submit().
 */
int nvmove_controlling_find(struct pci_dev *function, u16 pcid, u16 cntlid,
			    struct nvmove_controlled *controlled);

#endif /* NVMOVE_CONTROLLING_H */
