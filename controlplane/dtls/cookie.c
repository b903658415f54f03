/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/cookie.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "shared/bytes.h"

/* 0, or EIO: out of memory. */
static int write_cookie(const struct cp_cookies *c, uint32_t path, uint8_t out[CP_COOKIE_SIZE])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	sh_put_be32(out, path);
	if (!HMAC(EVP_sha256(), c->secret, sizeof(c->secret), out, 4, mac, &len))
		return EIO;
	memcpy(out + 4, mac, CP_COOKIE_SIZE - 4);
	return 0;
}

int cp_cookie_make(struct cp_cookies *c, uint8_t out[CP_COOKIE_SIZE])
{
	if (!c->asked && RAND_bytes(c->secret, sizeof(c->secret)) != 1)
		return EIO;
	c->asked = true;
	return write_cookie(c, c->path, out);
}

bool cp_cookie_accept(struct cp_cookies *c, const uint8_t *cookie, size_t len)
{
	uint8_t right[CP_COOKIE_SIZE];

	if (!c->asked || len != sizeof(right))
		return false;
	if (write_cookie(c, sh_get_be32(cookie), right) || CRYPTO_memcmp(right, cookie, sizeof(right)) != 0)
		return false;
	if (sh_get_be32(cookie) == c->path)
		c->proven = c->path;
	return true;
}
