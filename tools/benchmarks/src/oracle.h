/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_ORACLE_H
#define SPATE_TOOLS_BENCHMARKS_SRC_ORACLE_H

/*
 * Writes what benchmarks send, and checks with libsrtp2 what comes out. Keys are derived from a
 * number, payloads from the number of their packet.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/srtp/srtp.h"

enum { ORACLE_PAYLOAD_MIN = 16 };

/* Starts libsrtp2. Ends the program on failure. */
void oracle_init(void);

/* Writes bytes that are derived from the number. */
void oracle_fill(uint8_t *out, size_t len, uint64_t number);
void oracle_keys(struct dp_srtp_keys *out, uint16_t profile, uint64_t number);

/*
 * Writes a VP8 payload of `len` bytes (at least ORACLE_PAYLOAD_MIN). `first`: it begins a key
 * frame.
 */
void oracle_payload(uint8_t *out, size_t len, uint64_t number, bool first);
/* True if this is the payload of packet `number`. */
bool oracle_payload_right(const uint8_t *payload, size_t len, uint64_t number);

/*
 * Decrypts `pkt` in place, with a new session at rollover counter `roc`. Returns its payload, or
 * NULL if it does not authenticate or its payload does not have `payload_len` bytes.
 */
const uint8_t *oracle_decrypt(const struct dp_srtp_keys *keys, uint8_t *pkt, size_t len, uint32_t roc,
	size_t payload_len);
/* Decrypts it likewise. True if it carries the payload of packet `number`. */
bool oracle_right(const struct dp_srtp_keys *keys, uint8_t *pkt, size_t len, uint32_t roc, size_t payload_len,
	uint64_t number);

#endif
