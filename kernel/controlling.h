/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands to the controlling function: the PF that a VF belongs to, driven by the kernel's own
 * nvme driver. Callers name the VF; they never see the PF's controller, which may come and go at
 * any time.
 */
#ifndef NVMOVE_CONTROLLING_H
#define NVMOVE_CONTROLLING_H

#include <linux/types.h>

struct nvme_command;
struct pci_dev;

/**
 * struct nvmove_controlled - a VF as its controlling function sees it
 * @cntlid: controller id
 * @online: the controller is online; offline it refuses every command
 */
struct nvmove_controlled {
	u16 cntlid;
	bool online;
};

/**
 * nvmove_controlling_init - start to watch PFs come and go
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
 * nvmove_controlling_submit - run one admin command on the PF of @vf and wait for its end
 * @vf: the VF; the caller sees to it that it stays bound
 * @cmd: the command without data pointer
 * @buffer: kmalloc or vmalloc memory, dword aligned; NULL for no data
 * @length: bytes of @buffer, at most nvmove_controlling_max_transfer()
 * @result: where completion dword 0 goes; may be NULL
 *
 * Takes no lock of any PCI device, so it may be called while one is held. It ends at the latest
 * when the nvme driver's admin timeout has reset the PF. The caller may not hold up a reset of the
 * PF.
 *
 * Return: 0; the completion's status (SCT in 10:8, SC in 7:0) if the controller refused the
 * command; -ENODEV if it was not sent because no live controller of the nvme driver stands behind
 * the PF; another negative errno if nobody knows whether it was carried out.
 */
int nvmove_controlling_submit(struct pci_dev *vf, struct nvme_command *cmd, void *buffer,
			      u32 length, u32 *result);

/**
 * nvmove_controlling_max_transfer - the most data one command to the PF of @vf can carry
 * @vf: the VF; the caller sees to it that it stays bound
 *
 * Return: bytes, a multiple of the page size, or -ENODEV as nvmove_controlling_submit().
 */
int nvmove_controlling_max_transfer(struct pci_dev *vf);

/**
 * nvmove_controlling_identify - Identify (Base 5.1.13) on the PF of @vf
 * @vf: the VF; the caller sees to it that it stays bound
 * @cns: which structure
 * @cntid: CNTID field
 * @data: NVME_IDENTIFY_DATA_SIZE bytes of kmalloc memory
 *
 * Return: as nvmove_controlling_submit().
 */
int nvmove_controlling_identify(struct pci_dev *vf, u8 cns, u16 cntid, void *data);

/**
 * nvmove_controlling_log_page - Get Log Page (Base 5.1.12) on the PF of @vf
 * @vf: the VF; the caller sees to it that it stays bound
 * @lid: log page identifier
 * @data: @length bytes of kmalloc memory
 * @length: bytes, a multiple of 4
 *
 * Return: as nvmove_controlling_submit().
 */
int nvmove_controlling_log_page(struct pci_dev *vf, u8 lid, void *data, u32 length);

/**
 * nvmove_controlling_find - look up the controller behind a VF in the Secondary Controller List
 * @vf: the VF; the caller sees to it that it stays bound
 * @pcid: controller id of the PF, which must be the primary controller of the one found
 * @controlled: filled in on success
 *
 * Return: 0, -ENOENT if the list has no such VF of that primary controller, -EPROTO if the list is
 * malformed, else as nvmove_controlling_submit().
 */
int nvmove_controlling_find(struct pci_dev *vf, u16 pcid, struct nvmove_controlled *controlled);

#endif /* NVMOVE_CONTROLLING_H */
