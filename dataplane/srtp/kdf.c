/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/kdf.h"

int dp_srtp_kdf(const uint8_t *master, size_t master_len, const uint8_t *salt, size_t salt_len,
	enum dp_kdf_label label, uint8_t *out, size_t out_len)
{
	const EVP_CIPHER *aes = master_len == 16   ? EVP_aes_128_ctr()
				: master_len == 32 ? EVP_aes_256_ctr()
						   : NULL;
	if (!aes || salt_len > DP_SRTP_SALT_MAX || out_len > 32)
		return EINVAL;

	/*
	 * RFC 3711, 4.3.1 and 4.3.3: the salt xor (label || r), both right-aligned in 112 bits,
	 * then the counter
	 */
	uint8_t iv[16] = {0};
	memcpy(iv, salt, salt_len);
	iv[7] ^= (uint8_t)label;

	static const uint8_t zero[32];
	int len = 0, err = ENOMEM;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx && EVP_EncryptInit_ex(ctx, aes, NULL, master, iv) == 1 &&
		EVP_EncryptUpdate(ctx, out, &len, zero, (int)out_len) == 1 && (size_t)len == out_len)
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	explicit_bzero(iv, sizeof(iv));
	return err;
}

static int derive_stream(struct dp_srtp_stream_keys *out, const struct dp_srtp_profile *p,
	const struct dp_srtp_keys *keys, enum dp_kdf_label first)
{
	const struct {
		uint8_t *out;
		size_t len;
	} part[] = {
		{out->key, p->key_len},
		{out->auth, p->aead ? 0 : DP_SRTP_AUTH_KEY},
		{out->salt, p->salt_len},
	};

	for (unsigned i = 0; i < 3; i++) {
		if (part[i].len == 0)
			continue;
		int err = dp_srtp_kdf(keys->key, p->key_len, keys->salt, p->salt_len,
			(enum dp_kdf_label)(first + i), part[i].out, part[i].len);
		if (err != 0)
			return err;
	}
	return 0;
}

int dp_srtp_derive(struct dp_srtp_derived *out, const struct dp_srtp_keys *keys)
{
	const struct dp_srtp_profile *p = dp_srtp_profile(keys->profile);
	if (!p)
		return EINVAL;

	memset(out, 0, sizeof(*out));
	out->profile = p->id;
	int err = derive_stream(&out->rtp, p, keys, DP_KDF_RTP_KEY);
	return err != 0 ? err : derive_stream(&out->rtcp, p, keys, DP_KDF_RTCP_KEY);
}
