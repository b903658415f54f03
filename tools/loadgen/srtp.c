/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/loadgen/srtp.h"

#include <string.h>

#include <openssl/crypto.h>

enum { KEY_BYTES = 16, SALT_BYTES_MAX = 14 };

static int open_session(srtp_t *session, srtp_ssrc_type_t direction, uint32_t profile,
	const struct sh_srtp_keys *keys)
{
	srtp_policy_t policy = {.ssrc.type = direction, .window_size = 1024};
	uint8_t both[KEY_BYTES + SALT_BYTES_MAX];
	srtp_err_status_t error;

	if (profile == srtp_profile_aead_aes_128_gcm)
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	else
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	policy.rtcp = policy.rtp;
	memcpy(both, keys->key, KEY_BYTES);
	memcpy(both + KEY_BYTES, keys->salt, SALT_BYTES_MAX);
	policy.key = both;
	error = srtp_create(session, &policy);
	OPENSSL_cleanse(both, sizeof(both));
	return error == srtp_err_status_ok ? 0 : -1;
}

int lg_srtp_open(srtp_t *out, const struct sh_transport_keys *keys)
{
	return open_session(out, ssrc_any_outbound, keys->profile, &keys->out);
}

int lg_srtp_open_inbound(srtp_t *in, const struct sh_transport_keys *keys)
{
	return open_session(in, ssrc_any_inbound, keys->profile, &keys->in);
}
