/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_MACHINE_MACHINE_H
#define SPATE_TOOLS_CTL_MACHINE_MACHINE_H

/*
 * Reads what the kernel says of this machine: files of /proc and /sys, below a root that is another
 * directory in tests. Nothing is changed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/config.h"
#include "shared/topology.h"

enum { MACHINE_LINE = 4096, MACHINE_NAME = 64 };

struct machine {
	const char *root; /* "": the real one */
	struct sh_topology topology;
};

void machine_read(struct machine *m, const char *root);

/* The first line of a file below the root, without its end. False, and "": it cannot be read. */
__attribute__((format(printf, 3, 4))) bool machine_line(const struct machine *m, char out[MACHINE_LINE],
	const char *fmt, ...);
/* A number that is alone in a file; -1: there is none. */
__attribute__((format(printf, 2, 3))) long machine_number(const struct machine *m, const char *fmt, ...);
/* True if there is such a file or directory below the root. */
__attribute__((format(printf, 2, 3))) bool machine_has(const struct machine *m, const char *fmt, ...);
/* The name of what a symbolic link below the root points to, without its directories. False, and "": none. */
__attribute__((format(printf, 3, 4))) bool machine_link(const struct machine *m, char out[MACHINE_NAME],
	const char *fmt, ...);
/* True if a line of the file has `word` as one of its words, which spaces separate. */
bool machine_has_word(const struct machine *m, const char *file, const char *word);

/* True for "0000:3b:00.0". */
bool machine_is_pci(const char *device);
/* The driver that a PCI device is bound to; "": none. */
void machine_driver(const struct machine *m, const char *pci, char out[MACHINE_NAME]);
/* True if the driver shares its device with the kernel, so that DPDK needs no other one. */
bool machine_is_bifurcated(const char *driver);
/* The kernel's network interface of a PCI device. False, and "": none. */
bool machine_interface(const struct machine *m, const char *pci, char out[MACHINE_NAME]);
/* The PCI device of a network interface. False, and "": it is none, or is not on the PCI bus. */
bool machine_pci_of(const struct machine *m, const char *interface, char out[MACHINE_NAME]);
/* The NUMA node of a PCI device; -1: not known. */
int machine_node(const struct machine *m, const char *pci);
/* Bytes of hugepages on a node, of all sizes; `free` only those that nobody uses. */
uint64_t machine_hugepage_bytes(const struct machine *m, uint32_t node, bool free);

/* The IPv4 and IPv6 addresses of a network interface that are not link-local. The number of them. */
uint32_t machine_addresses(const struct machine *m, const char *interface, struct sh_prefix *out,
	uint32_t max);
/* True for an address that cannot be reached over the internet: private, shared, link-local, loopback. */
bool machine_is_private(const struct sh_addr *a);

#endif
