/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_GCM_EACH_H
#define SPATE_DATAPLANE_SRTP_GCM_EACH_H

/*
 * Opens short messages by AES-128-GCM (NIST SP 800-38D), each under a key of its own that is not
 * expanded: the SRTCP of viewers. A library that expands the key first, with powers of the hash key
 * for long messages, takes most of its time for that. Here the keys of DP_GCM_EACH messages are
 * expanded at a time, so that the latency of one is spent on the others, and no powers are needed.
 * No branch and no address depends on a key or on data.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DP_GCM_EACH = 4, /* messages that are opened at a time */
	DP_GCM_EACH_AAD = 12, /* bytes of additional data, as SRTCP has them (RFC 7714, 9.2) */
	DP_GCM_EACH_MAX = 512, /* longer messages take less time with a library */
};

struct dp_gcm_message {
	const uint8_t *key; /* 16 bytes */
	uint8_t iv[16]; /* the first 12 bytes are used */
	uint8_t aad[16]; /* DP_GCM_EACH_AAD bytes, then zeros */
	uint8_t *data; /* is decrypted in place; the tag of 16 bytes follows */
	size_t len; /* of the data, without the tag */
	bool authentic; /* result. False: the data is as before. True: the tag is overwritten */
};

/* Opens n messages on a CPU for which dp_srtp_mb_available() is true. */
void dp_gcm_open_each(struct dp_gcm_message *m, unsigned n);

#endif
