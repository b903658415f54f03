/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_LOADGEN_CHECK_H
#define SPATE_TOOLS_LOADGEN_CHECK_H

/* Writes ICE checks as a browser sends them (RFC 8445, 7.2.2), and recognises their responses. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/stun.h"

enum { LG_CHECK_MAX = 600 };

/* Whose checks are written. FFmpeg's have neither PRIORITY nor ICE-CONTROLLING. */
enum lg_check_style { LG_CHECK_BROWSER, LG_CHECK_FFMPEG };

/*
 * Writes a Binding request with USE-CANDIDATE to `out`, which holds LG_CHECK_MAX bytes, and returns
 * its length. `ufrag` (at most 256 characters) and `key` are the server's. `number` makes the
 * transaction id unique.
 */
size_t lg_check_write(uint8_t *out, const char *ufrag, const struct sh_hmac_sha1 *key, uint32_t number,
	enum lg_check_style style);

enum { LG_REFUSAL_SIZE = SH_STUN_HEADER };
/* True if the datagram is a request; then writes the error response with which browsers refuse it. */
bool lg_check_refuse(const uint8_t *data, size_t len, uint8_t out[LG_REFUSAL_SIZE]);

/* True if the datagram is a success response. */
bool lg_check_succeeded(const uint8_t *data, size_t len);

#endif
