/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/hooks/signature.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "controlplane/privileges/key_files.h"

enum { DIGEST = 32, FILE_SIZE = CP_HOOK_SECRET_MAX + 3 /* a line's end, and one too many */ };

/* --- the secret ----------------------------------------------------------------------------- */

int cp_hook_secret_read(struct cp_hook_secret *out, const char *path, char *err, size_t err_size)
{
	char line[FILE_SIZE];
	ssize_t len;
	int error = 0;

	if (path[0] == '\0') {
		OPENSSL_cleanse(out, sizeof(*out));
		return 0;
	}
	len = cp_key_file_read(path, line, sizeof(line));
	if (len < 0) {
		snprintf(err, err_size, "hooks.secret_file: %s: %s", path, strerror((int)-len));
		return (int)-len;
	}
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len < CP_HOOK_SECRET_MIN || len > CP_HOOK_SECRET_MAX || memchr(line, '\n', (size_t)len)) {
		snprintf(err, err_size, "hooks.secret_file: %s: a secret is one line of %d to %d bytes", path,
			CP_HOOK_SECRET_MIN, CP_HOOK_SECRET_MAX);
		error = EINVAL;
	} else {
		OPENSSL_cleanse(out, sizeof(*out));
		memcpy(out->bytes, line, (size_t)len);
		out->len = (size_t)len;
	}
	OPENSSL_cleanse(line, sizeof(line));
	return error;
}

/* --- the signature -------------------------------------------------------------------------- */

/* HMAC-SHA256 of both parts, one behind the other. False: no memory. */
static bool authenticate(const struct cp_hook_secret *secret, const char *head, const char *body, size_t len,
	unsigned char out[DIGEST])
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *c = mac ? EVP_MAC_CTX_new(mac) : NULL;
	bool good = c && EVP_MAC_init(c, secret->bytes, secret->len, params) == 1 &&
		    EVP_MAC_update(c, (const unsigned char *)head, strlen(head)) == 1 &&
		    EVP_MAC_update(c, (const unsigned char *)body, len) == 1 &&
		    EVP_MAC_final(c, out, NULL, DIGEST) == 1;

	EVP_MAC_CTX_free(c);
	EVP_MAC_free(mac);
	return good;
}

void cp_hook_sign(const struct cp_hook_secret *secret, int64_t now_s, const char *body, size_t len,
	char out[CP_HOOK_SIGNATURE_SIZE])
{
	unsigned char mac[DIGEST] = {0};
	char head[32];
	int at;

	snprintf(head, sizeof(head), "%" PRId64 ".", now_s);
	/* Without memory the signature is wrong, and the request is repeated after its refusal. */
	(void)authenticate(secret, head, body, len, mac);
	at = snprintf(out, CP_HOOK_SIGNATURE_SIZE, "spate-signature: t=%" PRId64 ",v1=", now_s);
	for (unsigned i = 0; i < DIGEST; i++)
		at += snprintf(out + at, CP_HOOK_SIGNATURE_SIZE - (size_t)at, "%02x", mac[i]);
}
