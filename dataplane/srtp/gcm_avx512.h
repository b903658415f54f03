/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_GCM_AVX512_H
#define SPATE_DATAPLANE_SRTP_GCM_AVX512_H

/*
 * Implements AES-GCM (NIST SP 800-38D) for batches of outgoing RTP on CPUs with VAES, VPCLMULQDQ
 * and AVX-512, with four blocks per register. A packet is encrypted while the packet before it is
 * hashed: one waits for the AES units, the other for the carry-less multiplier, and neither has to
 * wait for the other's result. ipsec-mb encrypts and hashes one packet after the other.
 * No branch and no address depends on a key or on data.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/srtp/gcm_vaes.h"

/* A packet of a batch. Pointers and lengths as for dp_gcm_seal(). */
struct dp_gcm_packet {
	const struct dp_gcm_key *key;
	uint8_t *pkt;
	const uint8_t *payload, *iv;
	uint16_t rounds, hdr_len, len;
	uint8_t mask[16];
};

/* Whether this CPU and kernel can run this code, provided that dp_srtp_mb_available() is true. */
bool dp_gcm_avx512_available(void);

/*
 * Encrypts the payload of `next`, and hashes `before`, whose payload the previous call has
 * encrypted, and writes its tag. NULL: nothing to encrypt, or nothing to hash. So a batch of n
 * packets takes n + 1 calls. The header and the payload of `before` must not change between them.
 */
void dp_gcm_avx512_seal(struct dp_gcm_packet *next, const struct dp_gcm_packet *before);

#endif
