/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC-SHA1 (RFC 2104). OpenSSL 3 marks its low-level SHA-1 calls as deprecated; they
 * are used on purpose, because the EVP ones allocate and count references, and the data
 * plane answers STUN on its packet path.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hmac_sha1.h"

#include <string.h>

#include <openssl/crypto.h>

enum { BLOCK = SHA_CBLOCK };

void sh_hmac_sha1_key(struct sh_hmac_sha1 *k, const void *key, size_t len)
{
	uint8_t block[BLOCK] = {0};
	uint8_t inner[BLOCK], outer[BLOCK];

	if (len > BLOCK) { /* RFC 2104, 2: a longer key is hashed first */
		SHA_CTX c;

		SHA1_Init(&c);
		SHA1_Update(&c, key, len);
		SHA1_Final(block, &c);
		OPENSSL_cleanse(&c, sizeof(c));
	} else if (len > 0) {
		memcpy(block, key, len);
	}
	for (size_t i = 0; i < BLOCK; i++) {
		inner[i] = block[i] ^ 0x36;
		outer[i] = block[i] ^ 0x5c;
	}
	SHA1_Init(&k->inner);
	SHA1_Update(&k->inner, inner, BLOCK);
	SHA1_Init(&k->outer);
	SHA1_Update(&k->outer, outer, BLOCK);
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(inner, sizeof(inner));
	OPENSSL_cleanse(outer, sizeof(outer));
}

void sh_hmac_sha1_two(const struct sh_hmac_sha1 *k, const void *head, size_t head_len, const void *tail,
	size_t tail_len, uint8_t out[20])
{
	SHA_CTX c = k->inner;
	uint8_t digest[SHA_DIGEST_LENGTH];

	SHA1_Update(&c, head, head_len);
	SHA1_Update(&c, tail, tail_len);
	SHA1_Final(digest, &c);
	c = k->outer;
	SHA1_Update(&c, digest, sizeof(digest));
	SHA1_Final(out, &c);
}

void sh_hmac_sha1(const struct sh_hmac_sha1 *k, const void *data, size_t len, uint8_t out[20])
{
	sh_hmac_sha1_two(k, data, len, NULL, 0, out);
}
