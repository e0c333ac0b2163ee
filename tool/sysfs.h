/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions as sysfs shows them. What it means that an attribute has a value is not its
 * business.
 */
#ifndef TOOL_SYSFS_H
#define TOOL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

#define SYSFS_PATH_SIZE	512
#define SYSFS_TEXT_SIZE	256

/**
 * struct pci_address - of a function, as sysfs writes it
 */
struct pci_address {
	char text[16];
};

/**
 * pci_address_parse() - DDDD:BB:DD.F or BB:DD.F, hexadecimal
 *
 * Return: whether @text is an address.
 */
bool pci_address_parse(const char *text, struct pci_address *address);

/**
 * sysfs_path() - path of something below sysfs, wherever that is: $NVMOVE_SYSFS, or /sys
 * @path: receives it
 */
void sysfs_path(char path[SYSFS_PATH_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * sysfs_text() - an attribute without its newline
 * @text: receives it; empty if it cannot be read. What is not printable becomes '?'
 *
 * Return: whether it could be read.
 */
bool sysfs_text(char text[SYSFS_TEXT_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** sysfs_number() - an attribute that is a number; @missing if it cannot be read */
unsigned long sysfs_number(unsigned long missing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** sysfs_link() - last part of where a link points to, likewise; empty if there is no link */
bool sysfs_link(char text[SYSFS_TEXT_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* TOOL_SYSFS_H */
