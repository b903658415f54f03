/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the token of the administration port: its file, and the header that must have it. */
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

#include "controlplane/operator/bearer.h"

static char path[64];
static char err[300];

static int begin(void **state)
{
	int fd;

	strcpy(path, "/tmp/spate-bearer-XXXXXX");
	fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int end(void **state)
{
	return unlink(path);
}

static int read_as(struct cp_bearer *b, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	fclose(f);
	return cp_bearer_read(b, path, err, sizeof(err));
}

static void a_token_is_one_line(void **state)
{
	static const char *const ends[] = {"", "\n", "\r\n"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct cp_bearer b = {0};
		char text[64];

		snprintf(text, sizeof(text), "0123456789abcde~==%s", ends[i]);
		assert_int_equal(read_as(&b, text), 0);
		assert_true(cp_bearer_matches(&b, "Bearer 0123456789abcde~=="));
		assert_true(cp_bearer_matches(&b, "bearer   0123456789abcde~=="));
		assert_false(cp_bearer_matches(&b, "Bearer 0123456789abcde~="));
		assert_false(cp_bearer_matches(&b, "Bearer 0123456789abcde~== "));
		assert_false(cp_bearer_matches(&b, "0123456789abcde~=="));
		assert_false(cp_bearer_matches(&b, "Basic 0123456789abcde~=="));
		assert_false(cp_bearer_matches(&b, "Bearer"));
		assert_false(cp_bearer_matches(&b, "Bearer "));
		assert_false(cp_bearer_matches(&b, ""));
	}
}

static void what_is_no_token_is_refused_and_the_old_one_stays(void **state)
{
	static const char *const bad[][2] = {
		{"", "at least 16 characters"},
		{"\n", "at least 16 characters"},
		{"0123456789abcde\n", "at least 16 characters"},
		{"0123456789abcdef\n\n", "at least 16 characters"},
		{"0123456789abcdef\nfedcba9876543210\nx\n", "one line, or two"},
		{"0123456789abcdef\n0123456789abcdef\n", "must differ"},
		{"0123456789abcdef\nfedcba 9876543210\n", "one line"},
		{"0123456789 abcdef\n", "one line"},
		{"0123456789=abcdef\n", "one line"},
		{"================\n", "one line"},
	};
	struct cp_bearer b = {0};
	char longest[300];

	assert_int_equal(read_as(&b, "the-token-before\n"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_as(&b, bad[i][0]), EINVAL);
		assert_non_null(strstr(err, bad[i][1]));
		assert_non_null(strstr(err, "admin.token_file: /tmp/"));
	}
	memset(longest, 'a', sizeof(longest));
	longest[257] = '\0';
	assert_int_equal(read_as(&b, longest), EINVAL);
	assert_non_null(strstr(err, "at most 256"));
	assert_true(cp_bearer_matches(&b, "Bearer the-token-before"));
	longest[256] = '\0';
	assert_int_equal(read_as(&b, longest), 0);
}

/* Who collects metrics has the first, and the operator the second. */
static void a_second_line_is_a_token_for_commands(void **state)
{
	static const char *const ends[] = {"", "\n", "\r\n"};
	struct cp_bearer b = {0};

	assert_false(cp_bearer_commands(&b, "Bearer of-anything-at-all"));
	assert_int_equal(read_as(&b, "to-read-metrics-with\n"), 0);
	assert_false(cp_bearer_commands(&b, "Bearer to-read-metrics-with"));
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "to-read-metrics-with%sto-give-commands%s",
			i == 2 ? "\r\n" : "\n", ends[i]);
		assert_int_equal(read_as(&b, text), 0);
		assert_true(cp_bearer_commands(&b, "Bearer to-give-commands"));
		assert_false(cp_bearer_commands(&b, "Bearer to-read-metrics-with"));
		assert_false(cp_bearer_commands(&b, "to-give-commands"));
		assert_true(cp_bearer_matches(&b, "Bearer to-give-commands"));
		assert_true(cp_bearer_matches(&b, "Bearer to-read-metrics-with"));
		assert_false(cp_bearer_matches(&b, "Bearer to-give-commandz"));
	}
	assert_int_equal(read_as(&b, "to-read-metrics-with\n"), 0); /* the second one is taken away */
	assert_false(cp_bearer_commands(&b, "Bearer to-give-commands"));
	assert_false(cp_bearer_matches(&b, "Bearer to-give-commands"));
}

static void without_a_file_no_token_is_asked_for(void **state)
{
	struct cp_bearer b = {0};

	assert_int_equal(cp_bearer_read(&b, "", err, sizeof(err)), 0);
	assert_true(cp_bearer_matches(&b, ""));
	assert_true(cp_bearer_matches(&b, "Bearer of-anything-at-all"));
	assert_int_equal(cp_bearer_read(&b, "/none", err, sizeof(err)), ENOENT);
	assert_string_equal(err, "admin.token_file: /none: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_is_one_line, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_token_is_refused_and_the_old_one_stays, begin,
			end),
		cmocka_unit_test_setup_teardown(a_second_line_is_a_token_for_commands, begin, end),
		cmocka_unit_test(without_a_file_no_token_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
