/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_KDF_H
#define SPATE_DATAPLANE_SRTP_KDF_H

/*
 * Derives SRTP session keys from a master key (RFC 3711, 4.3; RFC 6188; RFC 7714, 11) with the key
 * derivation rate 0.
 */

#include <stddef.h>
#include <stdint.h>

#include "dataplane/srtp/srtp.h"

enum { DP_SRTP_AUTH_KEY = 20, DP_SRTP_SALT_MAX = 14 };

/* Labels of RFC 3711, 4.3.1 and 4.3.2. */
enum dp_kdf_label {
	DP_KDF_RTP_KEY,
	DP_KDF_RTP_AUTH,
	DP_KDF_RTP_SALT,
	DP_KDF_RTCP_KEY,
	DP_KDF_RTCP_AUTH,
	DP_KDF_RTCP_SALT,
};

struct dp_srtp_stream_keys {
	uint8_t key[32];
	uint8_t auth[DP_SRTP_AUTH_KEY]; /* not used by GCM */
	uint8_t salt[DP_SRTP_SALT_MAX];
};

struct dp_srtp_derived {
	uint16_t profile;
	struct dp_srtp_stream_keys rtp, rtcp;
};

/*
 * Derives one key: the first `out_len` <= 32 bytes of the AES-CM key stream of the master key (16
 * or 32 bytes). A salt shorter than 14 bytes is padded with zeros (RFC 7714, 11). Returns 0, EINVAL
 * (a length) or ENOMEM.
 */
int dp_srtp_kdf(const uint8_t *master, size_t master_len, const uint8_t *salt, size_t salt_len,
	enum dp_kdf_label label, uint8_t *out, size_t out_len);

/*
 * Derives all keys of a session. The caller wipes `out`. Returns 0, EINVAL (unknown profile) or
 * ENOMEM.
 */
int dp_srtp_derive(struct dp_srtp_derived *out, const struct dp_srtp_keys *keys);

#endif
