/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_LAYOUT_H
#define SPATE_CONTROLPLANE_DPCLIENT_LAYOUT_H

/* The memfd of the rings, checked and mapped. Inside dpclient/ only. */

#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/ring.h"

enum {
	CP_DP_RING_SLOTS_MAX = 1 << 20,
	CP_DP_MEMORY_MAX = 1 << 30, /* of the memfd: more is a mistake */
};

struct cp_dp_layout {
	void *memory;
	size_t size;
	uint32_t workers;
	struct sh_ring cmd, event;
	struct sh_ring punt[SH_MAX_WORKERS], inject[SH_MAX_WORKERS];
};

/*
 * Checks everything in the answer to HELLO that this process will rely on. NULL when
 * it is good, else what is wrong with it, in words.
 */
const char *cp_dp_reply_check(const struct sh_hello_reply *r);

/*
 * Maps the memfd of a reply that was checked, and checks the rings in it. NULL when
 * good, else what is wrong; then nothing stays mapped. `fd` stays the caller's.
 */
const char *cp_dp_layout_map(struct cp_dp_layout *l, const struct sh_hello_reply *r, int fd);
void cp_dp_layout_unmap(struct cp_dp_layout *l);

/* The statistics memfd, read only. NULL: cannot be mapped or is not what we know. */
const void *cp_dp_stats_map(int fd, size_t *size);

#endif
