/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/sdes.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "controlplane/base/id.h"

enum { BOTH_MAX = 32 + 14 /* bytes of the longest master key and the longest salt */ };

static const struct suite {
	uint16_t profile;
	const char *name;
	size_t key_len, salt_len;
} suites[] = {
	{SH_SRTP_AEAD_AES_128_GCM, "AEAD_AES_128_GCM", 16, 12},
	{SH_SRTP_AEAD_AES_256_GCM, "AEAD_AES_256_GCM", 32, 12},
	{SH_SRTP_AES128_CM_SHA1_80, "AES_CM_128_HMAC_SHA1_80", 16, 14},
};

static const struct suite *find(uint16_t profile)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].profile == profile)
			return &suites[i];
	return NULL;
}

const char *cp_sdes_suite(uint16_t profile)
{
	const struct suite *s = find(profile);

	return s ? s->name : NULL;
}

uint16_t cp_sdes_profile(const char *name)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (strcmp(suites[i].name, name) == 0)
			return suites[i].profile;
	return 0;
}

void cp_sdes_make(struct sh_srtp_keys *k)
{
	memset(k, 0, sizeof(*k));
	cp_random(k->key, sizeof(k->key));
	cp_random(k->salt, sizeof(k->salt));
}

void cp_sdes_write(char out[CP_SDES_SIZE], uint16_t profile, const struct sh_srtp_keys *k)
{
	const struct suite *s = find(profile);
	uint8_t both[BOTH_MAX];

	memcpy(both, k->key, s->key_len);
	memcpy(both + s->key_len, k->salt, s->salt_len);
	EVP_EncodeBlock((unsigned char *)out, both, (int)(s->key_len + s->salt_len));
	OPENSSL_cleanse(both, sizeof(both));
}

int cp_sdes_read(struct sh_srtp_keys *k, uint16_t profile, const char *text)
{
	const struct suite *s = find(profile);
	size_t len = s->key_len + s->salt_len, padding = (3 - len % 3) % 3, size = (len + padding) / 3 * 4;
	uint8_t both[BOTH_MAX + 3];
	int error = EINVAL;

	/* EVP_DecodeBlock() decodes padding characters to zero bytes and counts these. */
	if (strlen(text) == size && strspn(text + size - padding, "=") == padding &&
		!memchr(text, '=', size - padding) &&
		EVP_DecodeBlock(both, (const unsigned char *)text, (int)size) == (int)(len + padding)) {
		memset(k, 0, sizeof(*k));
		memcpy(k->key, both, s->key_len);
		memcpy(k->salt, both + s->key_len, s->salt_len);
		error = 0;
	}
	OPENSSL_cleanse(both, sizeof(both));
	return error;
}
