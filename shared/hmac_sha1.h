/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_HMAC_SHA1_H
#define SPATE_SHARED_HMAC_SHA1_H

/* Declares the part of HMAC-SHA1 that stun.h does not export. Used inside shared/ only. */

#include <stddef.h>
#include <stdint.h>

#include "shared/stun.h"

/*
 * HMAC-SHA1 over `head` followed by `tail`. The caller can hash a modified copy of a message's
 * header and need not copy the rest.
 */
void sh_hmac_sha1_two(const struct sh_hmac_sha1 *k, const void *head, size_t head_len, const void *tail,
	size_t tail_len, uint8_t out[20]);

#endif
