/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_PCAPNG_H
#define SPATE_TOOLS_CTL_PCAPNG_H

/*
 * Formats the blocks of a pcapng file (draft-ietf-opsawg-pcapng) with one interface, Ethernet, and
 * times in nanoseconds. rte_pcapng needs EAL and mbufs, and has comments since DPDK 23.11 only;
 * libpcap writes no pcapng.
 */

#include <stddef.h>
#include <stdint.h>

#include "shared/capture.h"

/* More than any block of a record takes, with its comment. */
enum { PCAPNG_BLOCK_MAX = SH_CAPTURE_DATA + 512 };

/* The section header and the interface. Returns the bytes at `out`. */
size_t pcapng_begin(uint8_t *out, const char *application);
/* A packet; `ns` since 1970. Its comment says why it was dropped, if it was. */
size_t pcapng_packet(uint8_t *out, const struct sh_captured *r, uint64_t ns);
/* The statistics of the interface, at the end. */
size_t pcapng_end(uint8_t *out, uint64_t ns, uint64_t received, uint64_t lost);

#endif
