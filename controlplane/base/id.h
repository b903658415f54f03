/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_ID_H
#define SPATE_CONTROLPLANE_BASE_ID_H

/* Ids that nobody can guess, from the kernel's generator. */

#include <stddef.h>
#include <stdint.h>

#include "shared/ids.h"

enum {
	CP_ID_SIZE = 37, /* a version 4 UUID (RFC 4122, 4.4) and its terminator */
	CP_CNAME_SIZE = 17, /* a token; RFC 7022, 4.2 wants 96 random bits */
};

/* Never fails: a machine without random numbers stops the process. */
void cp_random(void *out, size_t size);

void cp_id_make(char out[CP_ID_SIZE]);
/* `size` - 1 characters of base64url, 6 random bits each, and a terminator. */
void cp_token_make(char *out, size_t size);

/* For the data plane; never 0. */
sh_id cp_dp_id_make(void);

/*
 * A synchronisation source of ours. Never 0 ("none" in the ABI) and never 1234,
 * which mediasoup-client keeps for its bandwidth probator.
 */
uint32_t cp_ssrc_make(void);

#endif
