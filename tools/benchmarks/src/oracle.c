/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "dataplane/rtp/rtp.h"
#include "shared/bytes.h"
#include "shared/ids.h"

/* splitmix64: different numbers have different bytes. */
static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void oracle_fill(uint8_t *out, size_t len, uint64_t number)
{
	for (size_t at = 0; at < len; at += 8) {
		uint64_t v = mix(&number);

		memcpy(out + at, &v, len - at < 8 ? len - at : 8);
	}
}

void oracle_keys(struct dp_srtp_keys *out, uint16_t profile, uint64_t number)
{
	memset(out, 0, sizeof(*out));
	out->profile = profile;
	oracle_fill(out->key, profile == SH_SRTP_AEAD_AES_256_GCM ? 32 : 16, number * 2 + 1);
	oracle_fill(out->salt, profile == SH_SRTP_AES128_CM_SHA1_80 ? 14 : 12, ~number);
}

/* RFC 7741, 4.2 and 4.3: S with PID 0, then P 0, begin a key frame. */
void oracle_payload(uint8_t *out, size_t len, uint64_t number, bool first)
{
	out[0] = first ? 0x10 : 0x00;
	out[1] = first ? 0x00 : 0x01;
	oracle_fill(out + 2, len - 2, number);
}

bool oracle_payload_right(const uint8_t *payload, size_t len, uint64_t number)
{
	uint8_t expected[2048];

	if (len < ORACLE_PAYLOAD_MIN || len > sizeof(expected))
		return false;
	oracle_payload(expected, len, number, payload[0] == 0x10);
	return memcmp(expected, payload, len) == 0;
}

static srtp_t session(const struct dp_srtp_keys *keys, uint32_t ssrc, uint32_t roc)
{
	size_t key_len = keys->profile == SH_SRTP_AEAD_AES_256_GCM ? 32 : 16;
	srtp_policy_t policy = {.ssrc = {.type = ssrc_specific, .value = ssrc}, .window_size = 128};
	uint8_t both[32 + 14];
	srtp_t s;

	if (keys->profile == SH_SRTP_AEAD_AES_256_GCM)
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
	else if (keys->profile == SH_SRTP_AEAD_AES_128_GCM)
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	else
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	policy.rtcp = policy.rtp;
	memcpy(both, keys->key, key_len);
	memcpy(both + key_len, keys->salt, sizeof(keys->salt));
	policy.key = both;
	if (srtp_create(&s, &policy) != srtp_err_status_ok)
		return NULL;
	if (srtp_set_stream_roc(s, ssrc, roc) == srtp_err_status_ok)
		return s;
	srtp_dealloc(s);
	return NULL;
}

/*
 * The engine starts libsrtp2, which can be started only once in a process. One session stays open,
 * because libsrtp2 on NSS loads its library again for a session that is the only one.
 */
void oracle_init(void)
{
	struct dp_srtp_keys keys;

	oracle_keys(&keys, SH_SRTP_AEAD_AES_128_GCM, 0);
	if (dp_srtp_engine_new(DP_SRTP_LIBSRTP2) && session(&keys, 1, 0))
		return;
	fputs("libsrtp2 does not start\n", stderr);
	exit(1);
}

const uint8_t *oracle_decrypt(const struct dp_srtp_keys *keys, uint8_t *pkt, size_t len, uint32_t roc,
	size_t payload_len)
{
	struct dp_rtp rtp;
	int n = (int)len;
	srtp_t s;
	bool right;

	if (len < DP_RTP_HEADER)
		return NULL;
	s = session(keys, sh_get_be32(pkt + 8), roc);
	if (!s)
		return NULL;
	right = srtp_unprotect(s, pkt, &n) == srtp_err_status_ok && dp_rtp_parse(&rtp, pkt, (size_t)n) == 0 &&
		rtp.payload_len == payload_len;
	srtp_dealloc(s);
	return right ? pkt + rtp.hdr_len : NULL;
}

bool oracle_right(const struct dp_srtp_keys *keys, uint8_t *pkt, size_t len, uint32_t roc, size_t payload_len,
	uint64_t number)
{
	const uint8_t *payload = oracle_decrypt(keys, pkt, len, roc, payload_len);

	return payload && oracle_payload_right(payload, payload_len, number);
}
