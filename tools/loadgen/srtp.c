/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/loadgen/srtp.h"

#include <string.h>

#include <openssl/crypto.h>

enum { KEY_BYTES = 16, SALT_BYTES_MAX = 14 };

int lg_srtp_open(srtp_t *out, const struct sh_transport_keys *keys)
{
	srtp_policy_t policy = {.ssrc.type = ssrc_any_outbound, .window_size = 1024};
	uint8_t both[KEY_BYTES + SALT_BYTES_MAX];
	srtp_err_status_t error;

	if (keys->profile == srtp_profile_aead_aes_128_gcm)
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	else
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	policy.rtcp = policy.rtp;
	memcpy(both, keys->out.key, KEY_BYTES);
	memcpy(both + KEY_BYTES, keys->out.salt, SALT_BYTES_MAX);
	policy.key = both;
	error = srtp_create(out, &policy);
	OPENSSL_cleanse(both, sizeof(both));
	return error == srtp_err_status_ok ? 0 : -1;
}
