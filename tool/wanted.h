/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an administrator wants a controlling function's VFs to be, from arguments or a file. Whether
 * that is possible is not judged here.
 */
#ifndef TOOL_WANTED_H
#define TOOL_WANTED_H

#define WANTED_MOST	127

/** struct wanted_vf - a VF that shall be migratable; @queues and @vectors are resources */
struct wanted_vf {
	unsigned int vf;
	unsigned int queues;
	unsigned int vectors;
};

/**
 * struct wanted - everything
 * @controller: name or PCI address
 * @vfs: VFs that shall exist; 0: as many as are named
 */
struct wanted {
	char controller[64];
	unsigned int vfs;
	unsigned int nr;
	struct wanted_vf vf[WANTED_MOST];
};

/**
 * wanted_read() - read a file as nvmove-provision(1) describes it
 *
 * Return: 0, or -1 after a complaint that names the member at fault.
 */
int wanted_read(const char *name, struct wanted *wanted);

#endif /* TOOL_WANTED_H */
