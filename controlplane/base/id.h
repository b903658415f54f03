/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_ID_H
#define SPATE_CONTROLPLANE_BASE_ID_H

/* Makes ids that nobody can guess, from the kernel's random number generator. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ids.h"

enum {
	CP_ID_SIZE = 37, /* a version 4 UUID (RFC 4122, 4.4) and its terminator */
	CP_CNAME_SIZE = 17, /* a token; RFC 7022, 4.2 wants 96 random bits */
};

/* Fills `out` with at most 256 random bytes. Aborts the process if there is no randomness. */
void cp_random(void *out, size_t size);

/* A version 4 UUID. */
void cp_id_make(char out[CP_ID_SIZE]);
/* `size` - 1 characters of base64url, with 6 random bits each, and a terminator; `size` at most 257. */
void cp_token_make(char *out, size_t size);

/* An id for an object of the data plane; never 0. */
sh_id cp_dp_id_make(void);

/*
 * Whether we may use this SSRC: not 0, which means "none" in the ABI, and not 1234, which
 * mediasoup-client reserves for its bandwidth probator.
 */
static inline bool cp_ssrc_usable(uint32_t ssrc)
{
	return ssrc != 0 && ssrc != SH_PROBATOR_SSRC;
}
/* A random SSRC that we may use. */
uint32_t cp_ssrc_make(void);

#endif
