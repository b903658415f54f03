/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of all three algorithms: which are believed, and in which words others are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/x509.h>

#include "tests/unit/auth/fixture.h"
#include "tests/unit/auth/token.h"

/* --- signatures -------------------------------------------------------------------------- */

/* Another character whose bits are not the same, so that no padding bit hides the change. */
static void forge(char *token, size_t at)
{
	token[at] = token[at] == 'A' ? 'g' : 'A';
}

/* Whatever may be done to a good token of any algorithm. */
static void mangle(const struct fixture *f, const char *good)
{
	size_t len = strlen(good), first = strcspn(good, "."), last = (size_t)(strrchr(good, '.') - good);
	char token[TOKEN_SIZE];

	believed(f, good);
	for (size_t at = last + 1; at < len; at += 7) {
		strcpy(token, good);
		forge(token, at);
		refused(f, token, "token: its signature is wrong");
	}
	strcpy(token, good);
	token[first + 4] ^= 1; /* the payload's */
	refused(f, token, "token: its signature is wrong");
	for (size_t cut = last + 1; cut < len; cut++) {
		snprintf(token, cut + 1, "%s", good);
		if ((cut - last - 1) % 4 == 1) /* no base64 is that long */
			refused(f, token, "token: is no JSON Web Token");
		else
			refused(f, token, "token: its signature is wrong");
	}
	for (size_t cut = 1; cut <= last; cut++) {
		snprintf(token, cut + 1, "%s", good);
		refused(f, token, "token: is no JSON Web Token");
	}
	snprintf(token, sizeof(token), "%sAAAA", good);
	refused(f, token, "token: its signature is wrong");
	snprintf(token, sizeof(token), "%s.", good);
	refused(f, token, "token: is no JSON Web Token");
	snprintf(token, sizeof(token), "%s=", good);
	refused(f, token, "token: is no JSON Web Token");
	snprintf(token, sizeof(token), " %s", good);
	refused(f, token, "token: is no JSON Web Token");
}

/* What is signed as it must be, and yet says nothing of use. */
static void check_times(const struct fixture *f, void (*sign)(char *out, const char *text))
{
	char token[TOKEN_SIZE], text[128];
	long long now = time(NULL);

	snprintf(text, sizeof(text), "{\"exp\":%lld}", now - 10);
	sign(token, text);
	refused(f, token, "token: exp: it has expired");
	snprintf(text, sizeof(text), "{\"exp\":%lld,\"nbf\":%lld}", now + 60, now + 30);
	sign(token, text);
	refused(f, token, "token: nbf: it is not valid yet");
	sign(token, "{\"sub\":\"alice\"}");
	refused(f, token, "token: exp: is missing");
	sign(token, "{\"exp\":\"never\"}");
	refused(f, token, "token: exp: must be a number");
	sign(token, "not JSON");
	refused(f, token, "token: its payload is no JSON object");
}

static void sign_hs256(char *out, const char *text)
{
	token_hmac(out, HS256, text, SECRET, SECRET_LEN);
}

static void sign_rs256(char *out, const char *text)
{
	token_sign(out, RS256, text, rsa);
}

static void sign_es256(char *out, const char *text)
{
	token_sign(out, ES256, text, p256);
}

static void hs256(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE];

	with_secret(&f, SECRET "\n", SECRET_LEN + 1); /* as an editor leaves it */
	sign_hs256(token, payload);
	mangle(&f, token);
	check_times(&f, sign_hs256);
	token_hmac(token, HS256, payload, "another secret of the same size!", SECRET_LEN);
	refused(&f, token, "token: its signature is wrong");
	token_hmac(token, HS256, payload, SECRET "\n", SECRET_LEN + 1);
	refused(&f, token, "token: its signature is wrong");
	token_hmac(token, HS256, payload, "", 0);
	refused(&f, token, "token: its signature is wrong");
	end(&f);
}

static void rs256(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE];

	with_key(&f, SH_AUTH_RS256, rsa);
	sign_rs256(token, payload);
	mangle(&f, token);
	check_times(&f, sign_rs256);
	token_sign(token, RS256, payload, other_rsa);
	refused(&f, token, "token: its signature is wrong");
	end(&f);
}

static void es256(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE];

	with_key(&f, SH_AUTH_ES256, p256);
	sign_es256(token, payload);
	mangle(&f, token);
	for (int i = 0; i < 300; i++) { /* R or S begins with zeros in one of a hundred */
		sign_es256(token, payload);
		believed(&f, token);
	}
	check_times(&f, sign_es256);
	token_sign(token, ES256, payload, other_p256);
	refused(&f, token, "token: its signature is wrong");
	token_sign_wide(token, ES256, payload, p256, 48); /* the same R and S after zeros */
	refused(&f, token, "token: its signature is wrong");
	token_begin(token, ES256, payload);
	memset(token + strlen(token), 'A', 86); /* R and S are 0 (CVE-2022-21449, elsewhere) */
	refused(&f, token, "token: its signature is wrong");
	end(&f);
}

/* --- which algorithm ----------------------------------------------------------------------- */

/* A public key is no secret: whoever knows it must not be able to sign with it. */
static void public_key_as_secret(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE], pem[2048];
	unsigned char *der = NULL;
	size_t len;
	int der_len = i2d_PUBKEY(rsa, &der);
	FILE *file;

	with_key(&f, SH_AUTH_RS256, rsa);
	file = fopen(f.config.auth.key_file, "r");
	assert_non_null(file);
	len = fread(pem, 1, sizeof(pem), file);
	fclose(file);
	token_hmac(token, HS256, payload, pem, len);
	refused(&f, token, "token: alg: must be RS256");
	token_hmac(token, RS256, payload, pem, len);
	refused(&f, token, "token: its signature is wrong");
	token_hmac(token, HS256, payload, der, (size_t)der_len);
	refused(&f, token, "token: alg: must be RS256");
	OPENSSL_free(der);
	end(&f);
}

static void other_algorithms(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS384\"}",
		"{\"alg\":\"HS512\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"RS512\"}", "{\"alg\":\"PS256\"}",
		"{\"alg\":\"ES256\"}", "{\"alg\":\"ES384\"}"};
	static const char *const senseless[] = {"{\"alg\":\"NONE\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"hs256\"}", "{\"alg\":\"\"}", "{\"alg\":null}", "{\"alg\":256}",
		"{\"alg\":[\"HS256\"]}", "{}", "[]", "7", "{", "HS256", "[\"alg\",\"HS256\"]"};
	struct fixture f;
	char token[TOKEN_SIZE];

	with_secret(&f, SECRET, SECRET_LEN);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		token_hmac(token, headers[i], payload, SECRET, SECRET_LEN);
		refused(&f, token, "token: alg: must be HS256");
		token_begin(token, headers[i], payload);
		refused(&f, token, "token: alg: must be HS256");
	}
	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		token_hmac(token, senseless[i], payload, SECRET, SECRET_LEN);
		refused(&f, token, "token: is no JSON Web Token");
	}
	token_hmac(token, "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", payload, SECRET, SECRET_LEN);
	refused(&f, token, "token: crit: is not supported");
	token_hmac(token, "{\"alg\":\"HS256\",\"crit\":\"exp\"}", payload, SECRET, SECRET_LEN);
	refused(&f, token, "token: crit: is not supported");
	token_hmac(token, "{\"alg\":\"HS256\",\"kid\":\"a\",\"kid\":\"b\"}", payload, SECRET, SECRET_LEN);
	refused(&f, token, "token: kid: is given twice");
	token_hmac(token, "{\"alg\":\"HS256\",\"kid\":\"7\"}", payload, SECRET, SECRET_LEN);
	believed(&f, token);
	end(&f);
}

/* The header says what is wanted, but the signature is another key's kind. */
static void other_kinds_of_signature(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE];
	EVP_PKEY *p384 = EVP_EC_gen("P-384");

	with_key(&f, SH_AUTH_ES256, p256);
	token_sign(token, ES256, payload, p384);
	refused(&f, token, "token: its signature is wrong");
	token_sign(token, ES256, payload, rsa);
	refused(&f, token, "token: its signature is wrong");
	token_sign(token, RS256, payload, rsa);
	refused(&f, token, "token: alg: must be ES256");
	token_begin(token, "{\"alg\":\"none\"}", payload);
	refused(&f, token, "token: alg: must be ES256");
	end(&f);
	with_key(&f, SH_AUTH_RS256, rsa);
	token_sign(token, RS256, payload, p256);
	refused(&f, token, "token: its signature is wrong");
	token_begin(token, "{\"alg\":\"none\"}", payload);
	refused(&f, token, "token: alg: must be RS256");
	end(&f);
	EVP_PKEY_free(p384);
}

/* --- what is no token ---------------------------------------------------------------------- */

static void garbage(void **state)
{
	static const char *const words[] = {"x", ".", "..", "...", "a.b", "a.b.c", "a..c", ".b.c",
		"AA=A.AA.AA", "e30.A=AA.AA", "e30.e30.A=AA", "e30.e30.====", "\xff\xfe.\x80.\x81", "a b.c.d",
		"null"};
	struct fixture f;
	char token[TOKEN_SIZE];

	with_secret(&f, SECRET, SECRET_LEN);
	refused(&f, NULL, "token: is missing");
	refused(&f, "", "token: is missing");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		refused(&f, words[i], "token: is no JSON Web Token");
	token_hmac(token, HS256, payload, SECRET, SECRET_LEN);
	*strrchr(token, '.') = '\0';
	strcat(token, ".A=AA"); /* padding inside: cjose alone would abort */
	refused(&f, token, "token: is no JSON Web Token");
	end(&f);
}

static void huge(void **state)
{
	struct fixture f;
	char text[3200], token[TOKEN_SIZE], *million = malloc(1000001);
	size_t pad = 3000;

	with_secret(&f, SECRET, SECRET_LEN);
	/* Fill up to the limit with a claim that nobody reads. */
	do {
		snprintf(text, sizeof(text), "%.*s,\"x\":\"%0*d\"}", (int)strlen(payload) - 1, payload,
			(int)pad--, 0);
		token_hmac(token, HS256, text, SECRET, SECRET_LEN);
	} while (strlen(token) > 4096);
	assert_true(strlen(token) >= 4094);
	believed(&f, token);
	memset(token, 'A', 4097);
	token[4096] = '\0';
	refused(&f, token, "token: is no JSON Web Token");
	strcpy(token + 4096, "A");
	refused(&f, token, "token: is over 4096 bytes");
	memset(million, '.', 1000000);
	million[1000000] = '\0';
	refused(&f, million, "token: is over 4096 bytes");
	free(million);
	end(&f);
}

static void open_to_all(void **state)
{
	struct sh_config config = {.auth.algorithm = SH_AUTH_NONE};
	struct cp_grant grant;
	struct cp_fault fault;
	char err[100] = "";
	struct cp_auth *auth = cp_auth_open(&config, err, sizeof(err));

	assert_non_null(auth);
	assert_false(cp_auth_required(auth));
	for (int i = 0; i < 3; i++) {
		memset(&grant, 0xff, sizeof(grant));
		assert_int_equal(cp_auth_check(auth,
					 i == 0   ? NULL
					 : i == 1 ? ""
						  : "garbage",
					 &grant, &fault),
			0);
		assert_string_equal(grant.user, "");
		assert_string_equal(grant.room, "");
		assert_true(grant.publish);
		assert_true(grant.subscribe);
		assert_true(grant.close);
	}
	assert_int_equal(cp_auth_reload(auth, err, sizeof(err)), 0);
	cp_auth_close(auth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hs256),
		cmocka_unit_test(rs256),
		cmocka_unit_test(es256),
		cmocka_unit_test(public_key_as_secret),
		cmocka_unit_test(other_algorithms),
		cmocka_unit_test(other_kinds_of_signature),
		cmocka_unit_test(garbage),
		cmocka_unit_test(huge),
		cmocka_unit_test(open_to_all),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
