/* SPDX-License-Identifier: Apache-2.0 */
/* Several keys at once: which one a token's `kid` chooses, and how keys come and go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ec.h>

#include "tests/unit/auth/fixture.h"
#include "tests/unit/auth/token.h"

#define WITH_KID(kid) "{\"alg\":\"ES256\",\"kid\":\"" kid "\"}"

static const char wrong[] = "token: its signature is wrong";
static const char unknown[] = "token: kid: there is no such key";
static char directory[64];

static int make_directory(void **state)
{
	snprintf(directory, sizeof(directory), "spate-test-keys-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

/* All names that a test of this file gives to a key. */
static int remove_directory(void **state)
{
	static const char *const names[] = {
		"old.pem", "new.pem", "old.pub", "2026.11.pem", ".hidden.pem", "sub"};
	char path[128];

	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/%d", directory, i);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (unlink(path) != 0)
			rmdir(path);
	}
	return rmdir(directory);
}

/* Writes a public key, or a broken one if `key` is NULL, under `name`. */
static void put(const char *name, EVP_PKEY *key)
{
	char temporary[128], path[128];

	snprintf(temporary, sizeof(temporary), "%s/.new-XXXXXX", directory);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (key)
		write_public(temporary, key);
	else
		write_file(temporary, "broken", 6);
	assert_int_equal(rename(temporary, path), 0);
}

static void take_away(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(unlink(path), 0);
}

/* Without auth.key_file. */
static void with_directory(struct fixture *f)
{
	char err[300] = "";

	*f = (struct fixture){.config.auth.algorithm = SH_AUTH_ES256};
	snprintf(f->config.auth.key_dir, sizeof(f->config.auth.key_dir), "%s", directory);
	f->auth = cp_auth_open(&f->config, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(f->auth);
}

static void reload(struct fixture *f, const char *words)
{
	char err[300] = "";

	assert_int_equal(cp_auth_reload(f->auth, err, sizeof(err)), words[0] == '\0' ? 0 : EINVAL);
	if (!strstr(err, words) || (words[0] == '\0' && err[0] != '\0'))
		fail_msg("\"%s\" is not \"%s\"", err, words);
}

static void kid_chooses_the_key(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE];

	put("old.pem", p256);
	put("2026.11.pem", other_p256);
	put(".hidden.pem", NULL); /* an editor's */
	with_directory(&f);
	token_sign(token, WITH_KID("old"), payload, p256);
	believed(&f, token);
	token_sign(token, WITH_KID("2026.11"), payload, other_p256);
	believed(&f, token);
	token_sign(token, WITH_KID("old"), payload, other_p256);
	refused(&f, token, wrong);
	token_sign(token, WITH_KID("older"), payload, p256);
	refused(&f, token, unknown);
	token_sign(token, WITH_KID("old.pem"), payload, p256);
	refused(&f, token, unknown);
	token_sign(token, WITH_KID("../old"), payload, p256);
	refused(&f, token, unknown);
	token_sign(token, WITH_KID(""), payload, p256);
	refused(&f, token, unknown);
	token_sign(token, "{\"alg\":\"ES256\",\"kid\":7}", payload, p256);
	refused(&f, token, "token: kid: must be text");
	cp_auth_close(f.auth);
}

static void a_token_without_kid_is_tried_with_each_key(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE];
	EVP_PKEY *third = EVP_EC_gen("P-256");

	put("old.pem", p256);
	put("new.pem", other_p256);
	with_directory(&f);
	token_sign(token, ES256, payload, p256);
	believed(&f, token);
	token_sign(token, ES256, payload, other_p256);
	believed(&f, token);
	token_sign(token, ES256, payload, third);
	refused(&f, token, wrong);
	EVP_PKEY_free(third);
	cp_auth_close(f.auth);
}

/* An operator adds a key, lets the application use it, and later takes the old one away. */
static void rotation_cuts_nobody_off(void **state)
{
	struct fixture f;
	char old[TOKEN_SIZE], fresh[TOKEN_SIZE];

	put("old.pem", p256);
	with_directory(&f);
	token_sign(old, WITH_KID("old"), payload, p256);
	token_sign(fresh, WITH_KID("new"), payload, other_p256);
	believed(&f, old);
	refused(&f, fresh, unknown);
	put("new.pem", other_p256);
	reload(&f, "");
	believed(&f, old);
	believed(&f, fresh);
	take_away("old.pem");
	reload(&f, "");
	refused(&f, old, unknown);
	believed(&f, fresh);
	cp_auth_close(f.auth);
}

/* Tokens from before the application gave its keys names. */
static void the_key_file_stands_for_every_other_kid(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE], err[300] = "";

	put("new.pem", other_p256);
	with_key(&f, SH_AUTH_ES256, p256);
	snprintf(f.config.auth.key_dir, sizeof(f.config.auth.key_dir), "%s", directory);
	assert_int_equal(cp_auth_reload(f.auth, err, sizeof(err)), 0);
	token_sign(token, ES256, payload, p256);
	believed(&f, token);
	token_sign(token, WITH_KID("whatever"), payload, p256);
	believed(&f, token);
	token_sign(token, WITH_KID("new"), payload, other_p256);
	believed(&f, token);
	token_sign(token, WITH_KID("new"), payload, p256);
	refused(&f, token, wrong);
	end(&f);
}

static void what_is_wrong_in_the_directory_is_named(void **state)
{
	struct fixture f;
	char token[TOKEN_SIZE], path[128], name[8];

	put("old.pem", p256);
	snprintf(path, sizeof(path), "%s/sub", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	with_directory(&f);
	token_sign(token, WITH_KID("old"), payload, p256);
	put("old.pub", other_p256);
	reload(&f, ": another file has the same name without its ending");
	take_away("old.pub");
	put("new.pem", NULL);
	snprintf(path, sizeof(path), "auth.key_dir: %s/new.pem: holds no public key in PEM", directory);
	reload(&f, path);
	take_away("new.pem");
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(name, p256);
	}
	reload(&f, ": holds more than 16 keys");
	take_away("0");
	reload(&f, "");
	believed(&f, token);
	for (int i = 1; i < 16; i++) {
		snprintf(name, sizeof(name), "%d", i);
		take_away(name);
	}
	take_away("old.pem");
	reload(&f, ": holds no key");
	believed(&f, token); /* the keys from before */
	snprintf(f.config.auth.key_dir, sizeof(f.config.auth.key_dir), "/nonexistent");
	assert_int_equal(cp_auth_reload(f.auth, path, sizeof(path)), ENOENT);
	assert_string_equal(path, "auth.key_dir: /nonexistent: No such file or directory");
	cp_auth_close(f.auth);
}

/* RFC 8725, 3.11: one key can sign tokens for several uses, which their type tells apart. */
static void tokens_of_another_type_are_refused(void **state)
{
	static const char *const fit[] = {"{\"alg\":\"ES256\"}", "{\"alg\":\"ES256\",\"typ\":\"jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":\"application/JWT\"}"};
	static const char *const other[] = {"{\"alg\":\"ES256\",\"typ\":\"password-reset+jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "{\"alg\":\"ES256\",\"typ\":\"\"}"};
	struct fixture f;
	char token[TOKEN_SIZE];

	with_key(&f, SH_AUTH_ES256, p256);
	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++) {
		token_sign(token, fit[i], payload, p256);
		believed(&f, token);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		token_sign(token, other[i], payload, p256);
		refused(&f, token, "token: typ: must be JWT");
	}
	token_sign(token, "{\"alg\":\"ES256\",\"typ\":[\"JWT\"]}", payload, p256);
	refused(&f, token, "token: typ: must be text");
	strcpy(f.config.auth.type, "at+jwt");
	token_sign(token, "{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\"}", payload, p256);
	believed(&f, token);
	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++) {
		token_sign(token, fit[i], payload, p256);
		refused(&f, token, "token: typ: must be at+jwt");
	}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kid_chooses_the_key, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(a_token_without_kid_is_tried_with_each_key, make_directory,
			remove_directory),
		cmocka_unit_test_setup_teardown(rotation_cuts_nobody_off, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(the_key_file_stands_for_every_other_kid, make_directory,
			remove_directory),
		cmocka_unit_test_setup_teardown(what_is_wrong_in_the_directory_is_named, make_directory,
			remove_directory),
		cmocka_unit_test(tokens_of_another_type_are_refused),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
