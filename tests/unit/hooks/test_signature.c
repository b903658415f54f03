/* SPDX-License-Identifier: Apache-2.0 */

/* The secret of hooks, and the signature that is made with it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/hooks/signature.h"

static char file[] = "spate-test-secret-XXXXXX";

static int make(void **state)
{
	int fd = mkstemp(file);

	return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
	return unlink(file);
}

static int read_secret(struct cp_hook_secret *out, const char *text, char *err, size_t err_size)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return cp_hook_secret_read(out, file, err, err_size);
}

/* The value is that of: openssl dgst -sha256 -hmac "sixteen bytes or more" */
static void time_and_body_are_signed(void **state)
{
	static const char body[] = "{\"events\":[]}";
	struct cp_hook_secret secret = {0};
	char out[CP_HOOK_SIGNATURE_SIZE], err[200];

	assert_int_equal(read_secret(&secret, "sixteen bytes or more\n", err, sizeof(err)), 0);
	cp_hook_sign(&secret, 1700000000, body, strlen(body), out);
	assert_string_equal(out, "spate-signature: t=1700000000,"
				 "v1=5aaaea059665e7fb6c6a44be75e3d251484033b73d9757f2aa38275ff1d72683");
	cp_hook_sign(&secret, 1700000001, body, strlen(body), out);
	assert_null(strstr(out, "5aaaea059665e7fb6c6a44be75e3d251484033b73d9757f2aa38275ff1d72683"));
}

static void a_file_without_a_secret_changes_nothing(void **state)
{
	struct cp_hook_secret secret = {0}, before;
	char err[400], *long_one;

	assert_int_equal(read_secret(&secret, "sixteen bytes or more\r\n", err, sizeof(err)), 0);
	assert_int_equal(secret.len, 21);
	before = secret;
	assert_int_equal(read_secret(&secret, "fifteen bytes..", err, sizeof(err)), EINVAL);
	assert_non_null(strstr(err, "hooks.secret_file: "));
	assert_non_null(strstr(err, "a secret is one line of 16 to 256 bytes"));
	assert_int_equal(read_secret(&secret, "the first line, and\na second one", err, sizeof(err)), EINVAL);
	long_one = calloc(1, 300);
	memset(long_one, 'x', 257);
	assert_int_equal(read_secret(&secret, long_one, err, sizeof(err)), EINVAL);
	long_one[256] = '\0';
	assert_memory_equal(&secret, &before, sizeof(secret));
	assert_int_equal(read_secret(&secret, long_one, err, sizeof(err)), 0);
	free(long_one);
	assert_int_equal(secret.len, 256);
	assert_int_equal(cp_hook_secret_read(&secret, "/nonexistent/secret", err, sizeof(err)), ENOENT);
	assert_int_equal(secret.len, 256);
	assert_int_equal(cp_hook_secret_read(&secret, "", err, sizeof(err)), 0);
	assert_int_equal(secret.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_and_body_are_signed),
		cmocka_unit_test(a_file_without_a_secret_changes_nothing),
	};

	return cmocka_run_group_tests(tests, make, end);
}
