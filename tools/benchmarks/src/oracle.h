/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_ORACLE_H
#define SPATE_BENCHMARKS_ORACLE_H

/*
 * What benchmarks send, and libsrtp2's opinion of what comes out. Keys follow from a
 * number, a payload from the number of its packet.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/srtp/srtp.h"

enum { ORACLE_PAYLOAD_MIN = 16 };

/* Ends the program where libsrtp2 does not start. */
void oracle_init(void);

void oracle_keys(struct dp_srtp_keys *out, uint16_t profile, uint64_t number);

/* `len` (ORACLE_PAYLOAD_MIN at least) bytes of VP8; `first`: as a key frame begins. */
void oracle_payload(uint8_t *out, size_t len, uint64_t number, bool first);
/* Whether this is one of those. */
bool oracle_payload_right(const uint8_t *payload, size_t len, uint64_t number);

/*
 * Decrypts `pkt` in place in a session of its own, at that roll-over count. Whether it
 * authenticates and carries `payload_len` bytes of that number.
 */
bool oracle_right(const struct dp_srtp_keys *keys, uint8_t *pkt, size_t len, uint32_t roc, size_t payload_len,
	uint64_t number);

#endif
