/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This file implements HMAC-SHA1 (RFC 2104). OpenSSL 3 marks its low-level SHA-1 calls as
 * deprecated. They are used on purpose: the EVP calls allocate memory and count references, and the
 * data plane answers STUN on its packet path.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "shared/hmac_sha1.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { BLOCK = SHA_CBLOCK };

/* Computes the state of SHA-1 after its first block, which is the padded key xor `pad`. */
static void start(uint32_t state[5], const uint8_t key[BLOCK], uint8_t pad)
{
	uint8_t block[BLOCK];
	SHA_CTX c;

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	SHA1_Init(&c);
	SHA1_Update(&c, block, BLOCK);
	state[0] = c.h0;
	state[1] = c.h1;
	state[2] = c.h2;
	state[3] = c.h3;
	state[4] = c.h4;
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&c, sizeof(c));
}

/* Continues SHA-1 from the state that start() computed. */
static void resume(SHA_CTX *c, const uint32_t state[5])
{
	SHA1_Init(c);
	c->h0 = state[0];
	c->h1 = state[1];
	c->h2 = state[2];
	c->h3 = state[3];
	c->h4 = state[4];
	c->Nl = BLOCK * 8;
}

void sh_hmac_sha1_key(struct sh_hmac_sha1 *k, const void *key, size_t len)
{
	uint8_t block[BLOCK] = {0};

	if (len > BLOCK) { /* RFC 2104, 2: a longer key is hashed first */
		SHA_CTX c;

		SHA1_Init(&c);
		SHA1_Update(&c, key, len);
		SHA1_Final(block, &c);
		OPENSSL_cleanse(&c, sizeof(c));
	} else if (len > 0) {
		memcpy(block, key, len);
	}
	start(k->inner, block, 0x36);
	start(k->outer, block, 0x5c);
	OPENSSL_cleanse(block, sizeof(block));
}

void sh_hmac_sha1_two(const struct sh_hmac_sha1 *k, const void *head, size_t head_len, const void *tail,
	size_t tail_len, uint8_t out[20])
{
	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX c;

	resume(&c, k->inner);
	SHA1_Update(&c, head, head_len);
	SHA1_Update(&c, tail, tail_len);
	SHA1_Final(digest, &c);
	resume(&c, k->outer);
	SHA1_Update(&c, digest, sizeof(digest));
	SHA1_Final(out, &c);
}

void sh_hmac_sha1(const struct sh_hmac_sha1 *k, const void *data, size_t len, uint8_t out[20])
{
	sh_hmac_sha1_two(k, data, len, NULL, 0, out);
}
