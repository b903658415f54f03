/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_BRING_H
#define SPATE_SHARED_BRING_H

/*
 * In a planned restart of both processes, the control plane that ends brings what the data plane
 * before has left (struct sh_hand_over) to the next data plane, which may be of another version.
 * These two records are no part of what SH_ABI_VERSION counts: they are the same in all versions,
 * and never change.
 */

#include <assert.h>
#include <stdint.h>

enum { SH_CLIENT_BRINGS = 4 }; /* beside enum sh_client */

/* In place of HELLO, with the descriptor of the memory. Members as in struct sh_hello. */
struct sh_bring {
	uint32_t magic;
	uint32_t version; /* SH_ABI_VERSION of the sender, for the log */
	uint32_t client; /* SH_CLIENT_BRINGS */
	uint32_t pad;
};
static_assert(sizeof(struct sh_bring) == 16, "the same in all versions");

/*
 * The answer. With error 0 the data plane goes on with everything; the connection ends, and the
 * next control plane, of the same version, says HELLO. Otherwise it has nothing, and has forgotten
 * the memory. The first three members are as in struct sh_hello_reply.
 */
struct sh_brought {
	uint32_t magic;
	uint32_t version; /* of the data plane */
	int32_t error;
	uint32_t pad;
	char reason[176]; /* operator's message if error is not 0 */
};
static_assert(sizeof(struct sh_brought) == 192, "the same in all versions");

#endif
