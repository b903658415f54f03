/* SPDX-License-Identifier: Apache-2.0 */

/* Key sets of an identity provider: which of their keys are used, and which sets are refused. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "controlplane/auth/remote.h"
#include "tests/unit/auth/fixture.h"
#include "tests/unit/auth/token.h"

enum { SET_SIZE = 16384 };

static char set[SET_SIZE];

/* A number of the key in base64url. */
static void number(char *out, size_t size, const EVP_PKEY *key, const char *name)
{
	unsigned char bytes[512];
	BIGNUM *value = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &value), 1);
	base64url(out, size, bytes, (size_t)BN_bn2bin(value, bytes));
	BN_free(value);
}

static void begin(void)
{
	snprintf(set, sizeof(set), "{\"keys\":[");
}

static void add(const char *text)
{
	size_t len = strlen(set);

	assert_true(snprintf(set + len, sizeof(set) - len, "%s%s", set[len - 1] == '[' ? "" : ",", text) <
		    (int)(sizeof(set) - len));
}

static void add_rsa(const EVP_PKEY *key, const char *more)
{
	char n[700], e[16], text[1024];

	number(n, sizeof(n), key, OSSL_PKEY_PARAM_RSA_N);
	number(e, sizeof(e), key, OSSL_PKEY_PARAM_RSA_E);
	snprintf(text, sizeof(text), "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", n, e, more);
	add(text);
}

static void add_ec(const EVP_PKEY *key, const char *more)
{
	char x[64], y[64], text[512];

	number(x, sizeof(x), key, OSSL_PKEY_PARAM_EC_PUB_X);
	number(y, sizeof(y), key, OSSL_PKEY_PARAM_EC_PUB_Y);
	snprintf(text, sizeof(text), "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"%s}", x, y,
		more);
	add(text);
}

/* Ends the set and reads it. The number of keys, or a negative errno. */
static int finish(struct cp_auth_keys *keys, enum sh_auth_algorithm algorithm, char err[200])
{
	int error;

	strcat(set, "]}");
	error = cp_auth_jwks_read(keys, algorithm, set, strlen(set), err, 200);
	return error == 0 ? (int)keys->count : -error;
}

static bool verifies(const struct cp_auth_key *key, const char *header, EVP_PKEY *signer)
{
	char token[TOKEN_SIZE];
	cjose_jws_t *jws;
	bool good;

	token_sign(token, header, payload, signer);
	jws = cjose_jws_import(token, strlen(token), NULL);
	assert_non_null(jws);
	good = cjose_jws_verify(jws, key->jwk, NULL);
	cjose_jws_release(jws);
	return good;
}

static void keys_of_the_algorithm_are_used(void **state)
{
	struct cp_auth_keys keys;
	char err[200];

	begin();
	add_rsa(rsa, ",\"kid\":\"one\",\"use\":\"sig\",\"alg\":\"RS256\"");
	add_rsa(other_rsa, "");
	add_rsa(rsa, ",\"use\":\"enc\"");
	add_rsa(rsa, ",\"alg\":\"RS512\"");
	add_ec(p256, ",\"kid\":\"ec\"");
	assert_int_equal(finish(&keys, SH_AUTH_RS256, err), 2);
	assert_string_equal(keys.key[0].kid, "one");
	assert_string_equal(keys.key[1].kid, "");
	assert_int_equal(keys.key[0].signature_chars, 342);
	assert_true(verifies(&keys.key[0], RS256, rsa));
	assert_false(verifies(&keys.key[1], RS256, rsa));
	assert_true(verifies(&keys.key[1], RS256, other_rsa));
	cp_auth_keys_free(&keys);

	begin();
	add_rsa(rsa, "");
	add_ec(p256, ",\"kid\":\"ec\"");
	assert_int_equal(finish(&keys, SH_AUTH_ES256, err), 1);
	assert_string_equal(keys.key[0].kid, "ec");
	assert_int_equal(keys.key[0].signature_chars, 86);
	assert_true(verifies(&keys.key[0], ES256, p256));
	assert_false(verifies(&keys.key[0], ES256, other_p256));
	cp_auth_keys_free(&keys);
}

static void broken_keys_are_left_out(void **state)
{
	static const char *const broken[] = {"1", "{}", "{\"kty\":\"EC\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA==\",\"y\":\"AA==\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}", /* no point of the curve */
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AQ\",\"y\":\"AQ\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":1}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		"\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\","
		"\"y\":\"AQ\"}",
		"{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}"};
	struct cp_auth_keys keys;
	char err[200];

	begin();
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		add(broken[i]);
	add_ec(p256, "");
	assert_int_equal(finish(&keys, SH_AUTH_ES256, err), 1);
	cp_auth_keys_free(&keys);
	begin();
	add("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"); /* too short */
	assert_int_equal(finish(&keys, SH_AUTH_RS256, err), -EINVAL);
	assert_string_equal(err, "it holds no key for RS256");
	assert_int_equal(keys.count, 0);
}

static void sets_are_bounded(void **state)
{
	struct cp_auth_keys keys;
	char err[200];

	begin();
	for (unsigned i = 0; i < CP_AUTH_REMOTE_MAX; i++)
		add_ec(p256, "");
	assert_int_equal(finish(&keys, SH_AUTH_ES256, err), CP_AUTH_REMOTE_MAX);
	cp_auth_keys_free(&keys);
	begin();
	for (unsigned i = 0; i < CP_AUTH_REMOTE_MAX + 1; i++)
		add_ec(p256, "");
	assert_int_equal(finish(&keys, SH_AUTH_ES256, err), -EINVAL);
	assert_string_equal(err, "it holds more than 16 keys for ES256");
}

static void what_is_no_set_is_refused(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{\"keys\":{}}", "<html>", "{\"keys\":[]} x"};
	struct cp_auth_keys keys;
	char err[200];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(cp_auth_jwks_read(&keys, SH_AUTH_ES256, texts[i], strlen(texts[i]), err,
					 sizeof(err)),
			EINVAL);
		assert_string_equal(err, "it is no JSON Web Key Set");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_the_algorithm_are_used),
		cmocka_unit_test(broken_keys_are_left_out),
		cmocka_unit_test(sets_are_bounded),
		cmocka_unit_test(what_is_no_set_is_refused),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
