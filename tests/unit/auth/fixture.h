/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_AUTH_FIXTURE_H
#define SPATE_TESTS_UNIT_AUTH_FIXTURE_H

/* The keys of one test program, and a checker of tokens that has one of them. */

#include <openssl/evp.h>

#include "controlplane/auth/auth.h"

#define SECRET "a secret of thirty-two bytes, ok"
#define HS256  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define RS256  "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define ES256  "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"

enum { SECRET_LEN = sizeof(SECRET) - 1 };

extern EVP_PKEY *rsa, *other_rsa, *p256, *other_p256;
extern char payload[128]; /* a good one */

int make_keys(void **state);
int free_keys(void **state);

struct fixture {
	struct sh_config config;
	struct cp_auth *auth;
};

/* auth.key_file is then a pattern for write_file() or write_public(). */
void configure(struct fixture *f, enum sh_auth_algorithm algorithm);
void with_secret(struct fixture *f, const void *secret, size_t len);
void with_key(struct fixture *f, enum sh_auth_algorithm algorithm, EVP_PKEY *key);
void end(struct fixture *f);

void believed(const struct fixture *f, const char *token);
void refused(const struct fixture *f, const char *token, const char *words);

#endif
