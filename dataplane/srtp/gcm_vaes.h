/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_GCM_VAES_H
#define SPATE_DATAPLANE_SRTP_GCM_VAES_H

/*
 * Implements AES-GCM (NIST SP 800-38D) for outgoing RTP on CPUs with VAES and VPCLMULQDQ but
 * without AVX-512 (AMD Zen 3, Intel Alder Lake), with two blocks per register. ipsec-mb of Debian
 * 12 uses these instructions only together with AVX-512, and takes 1.7 times as long on these CPUs.
 * No branch and no address depends on a key or on data.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_GCM_POWERS = 16, DP_GCM_AES128_ROUNDS = 10, DP_GCM_AES256_ROUNDS = 14 };

/* An expanded key. The caller wipes it after use. */
struct dp_gcm_key {
	/* The powers of the hash key, the highest first, as dp_gcm_hash_key() stores them. */
	uint8_t power[DP_GCM_POWERS][16];
	uint8_t round[DP_GCM_AES256_ROUNDS + 1][16]; /* FIPS 197's round keys; AES-128 uses 11 */
} __attribute__((aligned(64)));

/* Returns the powers of the hash key for `blocks` blocks, the highest first. */
static inline const uint8_t *dp_gcm_powers(const struct dp_gcm_key *key, size_t blocks)
{
	return key->power[DP_GCM_POWERS - blocks];
}

/* Whether this CPU and kernel can run this code, provided that dp_srtp_mb_available() is true. */
bool dp_gcm_available(void);

/* Computes key->power from key->round; `rounds` is 10 (AES-128) or 14 (AES-256). */
void dp_gcm_hash_key(struct dp_gcm_key *key, unsigned rounds);

/*
 * Encrypts `len` bytes of `payload` to pkt + hdr_len and writes the 16-byte tag behind them. The
 * header of `hdr_len` bytes at `pkt` is the additional data. Only the first 12 bytes of `iv` are
 * used. `payload` may be pkt + hdr_len (in place); otherwise it must not overlap the packet. The
 * packet with its tag has at most 65,280 bytes.
 */
void dp_gcm_seal(const struct dp_gcm_key *key, unsigned rounds, uint8_t *pkt, size_t hdr_len,
	const uint8_t *payload, size_t len, const uint8_t iv[16]);

#endif
