/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/unit/auth/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "tests/unit/auth/token.h"

EVP_PKEY *rsa, *other_rsa, *p256, *other_p256;
char payload[128];

int make_keys(void **state)
{
	rsa = EVP_RSA_gen(2048);
	other_rsa = EVP_RSA_gen(2048);
	p256 = EVP_EC_gen("P-256");
	other_p256 = EVP_EC_gen("P-256");
	snprintf(payload, sizeof(payload),
		"{\"exp\":%lld,\"sub\":\"alice\",\"room\":\"show\",\"publish\":true}",
		(long long)time(NULL) + 60);
	return rsa && other_rsa && p256 && other_p256 ? 0 : -1;
}

int free_keys(void **state)
{
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other_rsa);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(other_p256);
	return 0;
}

void configure(struct fixture *f, enum sh_auth_algorithm algorithm)
{
	static const char pattern[] = "spate-test-auth-XXXXXX";

	memset(&f->config, 0, sizeof(f->config));
	f->config.auth.algorithm = algorithm;
	memcpy(f->config.auth.key_file, pattern, sizeof(pattern));
}

static void open_good(struct fixture *f)
{
	char err[300] = "";

	f->auth = cp_auth_open(&f->config, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(f->auth);
	assert_true(cp_auth_required(f->auth));
}

void with_secret(struct fixture *f, const void *secret, size_t len)
{
	configure(f, SH_AUTH_HS256);
	write_file(f->config.auth.key_file, secret, len);
	open_good(f);
}

void with_key(struct fixture *f, enum sh_auth_algorithm algorithm, EVP_PKEY *key)
{
	configure(f, algorithm);
	write_public(f->config.auth.key_file, key);
	open_good(f);
}

void end(struct fixture *f)
{
	cp_auth_close(f->auth);
	unlink(f->config.auth.key_file);
}

void believed(const struct fixture *f, const char *token)
{
	struct cp_grant grant;
	struct cp_fault fault = {.message = ""};
	int status = cp_auth_check(f->auth, token, &grant, &fault);

	assert_string_equal(fault.message, "");
	assert_int_equal(status, 0);
	assert_string_equal(grant.user, "alice");
	assert_string_equal(grant.room, "show");
	assert_true(grant.publish);
	assert_true(grant.subscribe);
	assert_true(grant.close);
	assert_int_equal(ERR_peek_error(), 0);
}

void refused(const struct fixture *f, const char *token, const char *words)
{
	struct cp_grant grant = {.user = "root", .publish = true, .subscribe = true, .close = true};
	struct cp_fault fault = {.message = ""};

	assert_int_equal(cp_auth_check(f->auth, token, &grant, &fault), EACCES);
	assert_string_equal(fault.message, words);
	assert_int_equal(fault.code, CP_FORBIDDEN);
	assert_string_equal(grant.user, "");
	assert_false(grant.publish);
	assert_false(grant.subscribe);
	assert_false(grant.close);
	assert_int_equal(ERR_peek_error(), 0); /* what is left there, libwebsockets would find */
}
