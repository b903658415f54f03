/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_AUTH_TOKEN_H
#define SPATE_TESTS_UNIT_AUTH_TOKEN_H

/* Tokens as an operator's application makes them, and such as it never would. */

#include <stddef.h>

#include <openssl/evp.h>

enum { TOKEN_SIZE = 8192 };

/* Base64url without padding (RFC 7515, appendix C), terminated. */
void base64url(char *out, size_t size, const void *data, size_t len);

/* header "." payload "." nothing: not signed. */
void token_begin(char out[TOKEN_SIZE], const char *header, const char *payload);
/* The same with an HMAC by SHA-256. */
void token_hmac(char out[TOKEN_SIZE], const char *header, const char *payload, const void *secret,
	size_t len);
/* The same with PKCS #1 v1.5 or, R and S in their full length, ECDSA, both with SHA-256. */
void token_sign(char out[TOKEN_SIZE], const char *header, const char *payload, EVP_PKEY *key);
/* The same with R and S of `half` bytes each. */
void token_sign_wide(char out[TOKEN_SIZE], const char *header, const char *payload, EVP_PKEY *key, int half);

/* Into a new file; its path in `path`, which ends with XXXXXX. */
void write_file(char *path, const void *data, size_t len);
/* The same with the public key in PEM. */
void write_public(char *path, EVP_PKEY *key);

#endif
