/* SPDX-License-Identifier: Apache-2.0 */
/* The key's file: what is taken for a key, what is not, and another one while tokens come. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "tests/unit/auth/fixture.h"
#include "tests/unit/auth/token.h"

static void bad_key(struct fixture *f, const char *words)
{
	char err[300] = "", want[400];

	snprintf(want, sizeof(want), "auth.key_file: %s: %s", f->config.auth.key_file, words);
	assert_null(cp_auth_open(&f->config, err, sizeof(err)));
	assert_string_equal(err, want);
	assert_int_equal(ERR_peek_error(), 0);
	unlink(f->config.auth.key_file);
}

static void bad_pem(enum sh_auth_algorithm algorithm, EVP_PKEY *key, const char *words)
{
	struct fixture f;

	assert_non_null(key);
	configure(&f, algorithm);
	write_public(f.config.auth.key_file, key);
	bad_key(&f, words);
}

static void keys(void **state)
{
	static char big[20000];
	struct fixture f;
	EVP_PKEY *key;

	configure(&f, SH_AUTH_HS256);
	strcpy(f.config.auth.key_file, "nonexistent/key");
	bad_key(&f, "No such file or directory");
	configure(&f, SH_AUTH_RS256);
	strcpy(f.config.auth.key_file, "/");
	bad_key(&f, "Is a directory");

	configure(&f, SH_AUTH_HS256);
	write_file(f.config.auth.key_file, SECRET, SECRET_LEN - 1);
	bad_key(&f, "holds 31 bytes; a secret for HS256 needs 32");
	configure(&f, SH_AUTH_HS256);
	write_file(f.config.auth.key_file, "0123456789012345678901234567890\n", 32);
	bad_key(&f, "holds 31 bytes; a secret for HS256 needs 32");
	configure(&f, SH_AUTH_HS256);
	write_file(f.config.auth.key_file, "", 0);
	bad_key(&f, "holds 0 bytes; a secret for HS256 needs 32");
	configure(&f, SH_AUTH_HS256);
	write_file(f.config.auth.key_file, big, sizeof(big));
	bad_key(&f, "is over 16383 bytes");

	configure(&f, SH_AUTH_RS256);
	write_file(f.config.auth.key_file, SECRET, SECRET_LEN);
	bad_key(&f, "holds no public key in PEM");
	bad_pem(SH_AUTH_RS256, p256, "is no RSA key, which RS256 needs");
	bad_pem(SH_AUTH_ES256, rsa, "is no key on the curve P-256, which ES256 needs");
	key = EVP_RSA_gen(1024);
	bad_pem(SH_AUTH_RS256, key, "has 1024 bits; RS256 needs 2048 to 8192");
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-384");
	bad_pem(SH_AUTH_ES256, key, "is no key on the curve P-256, which ES256 needs");
	EVP_PKEY_free(key);
	key = EVP_EC_gen("secp256k1");
	bad_pem(SH_AUTH_ES256, key, "is no key on the curve P-256, which ES256 needs");
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	bad_pem(SH_AUTH_ES256, key, "is no key on the curve P-256, which ES256 needs");
	EVP_PKEY_free(key);
}

static void secrets_are_bytes(void **state)
{
	static const unsigned char secret[34] = {0xff, 0, 0x80, '\n', 0};
	struct fixture f;
	char token[TOKEN_SIZE];

	with_secret(&f, secret, sizeof(secret));
	token_hmac(token, HS256, payload, secret, sizeof(secret));
	believed(&f, token);
	end(&f);
	with_secret(&f, SECRET "\n\n", SECRET_LEN + 2); /* one newline is not part of it, the other is */
	token_hmac(token, HS256, payload, SECRET "\n", SECRET_LEN + 1);
	believed(&f, token);
	end(&f);
}

static void replace(struct fixture *f, EVP_PKEY *key)
{
	unlink(f->config.auth.key_file);
	configure(f, f->config.auth.algorithm);
	if (key)
		write_public(f->config.auth.key_file, key);
	else
		write_file(f->config.auth.key_file, "broken", 6);
}

static void reload(void **state)
{
	struct fixture f;
	char first[TOKEN_SIZE], second[TOKEN_SIZE], err[300] = "", want[400];

	with_key(&f, SH_AUTH_ES256, p256);
	token_sign(first, ES256, payload, p256);
	token_sign(second, ES256, payload, other_p256);
	believed(&f, first);
	refused(&f, second, "token: its signature is wrong");

	replace(&f, NULL);
	snprintf(want, sizeof(want), "auth.key_file: %s: holds no public key in PEM", f.config.auth.key_file);
	assert_int_equal(cp_auth_reload(f.auth, err, sizeof(err)), EINVAL);
	assert_string_equal(err, want);
	believed(&f, first);

	unlink(f.config.auth.key_file);
	assert_int_equal(cp_auth_reload(f.auth, err, sizeof(err)), EINVAL);
	believed(&f, first);

	replace(&f, other_p256);
	assert_int_equal(cp_auth_reload(f.auth, err, sizeof(err)), 0);
	refused(&f, first, "token: its signature is wrong");
	believed(&f, second);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(secrets_are_bytes),
		cmocka_unit_test(reload),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
