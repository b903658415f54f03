/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_LAYOUT_H
#define SPATE_CONTROLPLANE_DPCLIENT_LAYOUT_H

/*
 * Validates and maps the shared memory of the data plane: rings and statistics. Only for dpclient/.
 */

#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/ring.h"

enum {
	CP_DP_RING_SLOTS_MAX = 1 << 20,
	CP_DP_MEMORY_MAX = 1 << 30, /* bytes; a larger memfd is a mistake */
};

struct cp_dp_layout {
	void *memory;
	size_t size;
	uint32_t workers;
	struct sh_ring cmd, event, object;
	struct sh_ring punt[SH_MAX_WORKERS], inject[SH_MAX_WORKERS];
};

/*
 * Validates everything in the reply to HELLO that this process relies on. NULL when it is valid,
 * else the reason in words.
 */
const char *cp_dp_reply_check(const struct sh_hello_reply *r);

/*
 * Maps the memfd of a validated reply and validates the rings in it. NULL on success, else the
 * reason in words; then nothing stays mapped. `fd` stays the caller's.
 */
const char *cp_dp_layout_map(struct cp_dp_layout *l, const struct sh_hello_reply *r, int fd);
void cp_dp_layout_unmap(struct cp_dp_layout *l);

/*
 * Maps the statistics memfd read only; `*size` is its size in bytes. The caller unmaps it and owns
 * `fd`. NULL when it cannot be mapped or has another version.
 */
const void *cp_dp_stats_map(int fd, size_t *size);

#endif
