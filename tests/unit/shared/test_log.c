/* SPDX-License-Identifier: Apache-2.0 */
/* The log: its format, that a line is one line, and text from the wire in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>

#include "shared/log.h"

static int saved_stderr;
static FILE *captured;

static int setup(void **state)
{
	captured = tmpfile();
	saved_stderr = dup(STDERR_FILENO);
	return !captured || dup2(fileno(captured), STDERR_FILENO) < 0;
}

static int teardown(void **state)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	return fclose(captured);
}

/* What was logged since the last call. */
static size_t take(char *out, size_t size)
{
	ssize_t n = pread(fileno(captured), out, size - 1, 0);

	assert_true(n >= 0);
	out[n] = '\0';
	assert_int_equal(ftruncate(fileno(captured), 0), 0);
	lseek(fileno(captured), 0, SEEK_SET);
	return (size_t)n;
}

static void format(void **state)
{
	regex_t re;
	char line[4096];

	assert_int_equal(regcomp(&re,
				 "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info "
				 "control "
				 "transport-bound room=default tuples=2\n$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	sh_log_init("control", SH_LOG_INFO);
	errno = EBUSY;
	sh_log(SH_LOG_INFO, "transport-bound room=%s tuples=%d", "default", 2);
	assert_int_equal(errno, EBUSY);
	take(line, sizeof(line));
	assert_int_equal(regexec(&re, line, 0, NULL, 0), 0);
	regfree(&re);
}

static void levels(void **state)
{
	char line[4096];

	sh_log_init("data", SH_LOG_WARN);
	assert_false(sh_log_enabled(SH_LOG_INFO));
	assert_true(sh_log_enabled(SH_LOG_WARN));
	sh_log(SH_LOG_DEBUG, "quiet");
	sh_log(SH_LOG_INFO, "quiet");
	assert_int_equal(take(line, sizeof(line)), 0);
	sh_log(SH_LOG_WARN, "one");
	sh_log(SH_LOG_ERROR, "two");
	take(line, sizeof(line));
	assert_non_null(strstr(line, "Z warn data one\n"));
	assert_non_null(strstr(line, "Z error data two\n"));
}

static void one_line(void **state)
{
	char line[4096];

	sh_log_init("data", SH_LOG_INFO);
	sh_log(SH_LOG_INFO, "bad name=%s", "a\nb\033[2J\x7f");
	take(line, sizeof(line));
	assert_non_null(strstr(line, " bad name=a?b?[2J?\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void long_lines(void **state)
{
	char line[4096], text[2000];
	size_t start, n;

	sh_log_init("data", SH_LOG_INFO);
	sh_log(SH_LOG_INFO, "%s", "");
	start = take(line, sizeof(line)) - 1;
	memset(text, 'x', sizeof(text));
	for (size_t len = SH_LOG_LINE_MAX - start - 3; len < SH_LOG_LINE_MAX - start + 3; len++) {
		sh_log(SH_LOG_INFO, "%.*s", (int)len, text);
		n = take(line, sizeof(line));
		assert_int_equal(n, start + len + 1 < SH_LOG_LINE_MAX ? start + len + 1 : SH_LOG_LINE_MAX);
		assert_int_equal(line[n - 1], '\n');
		assert_int_equal(strcmp(line + n - 4, "...\n") == 0, start + len + 1 > SH_LOG_LINE_MAX);
	}
}

static void *many_lines(void *arg)
{
	for (int i = 0; i < 500; i++)
		sh_log(SH_LOG_INFO, "thread=%s %s", (const char *)arg,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	return NULL;
}

static void no_interleaving(void **state)
{
	static char text[1 << 18];
	pthread_t a, b;
	unsigned lines = 0;

	sh_log_init("data", SH_LOG_INFO);
	assert_int_equal(pthread_create(&a, NULL, many_lines, (void *)(uintptr_t) "one"), 0);
	assert_int_equal(pthread_create(&b, NULL, many_lines, (void *)(uintptr_t) "two"), 0);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	take(text, sizeof(text));
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line != '\0'; lines++)
		assert_int_equal(strlen(line), strlen(text));
	assert_int_equal(lines, 1000);
}

/* --- text from the wire -------------------------------------------------------------- */

static void as(const char *in, size_t len, const char *want)
{
	char out[256];

	assert_ptr_equal(sh_log_text(out, sizeof(out), in, len), out);
	assert_string_equal(out, want);
}

#define AS(in, want) as(in, sizeof(in) - 1, want)

static void text(void **state)
{
	AS("default", "default");
	AS("Gr\xc3\xbc\xc3\x9f"
	   "e",
		"Gr\xc3\xbc\xc3\x9f"
		"e");
	AS("", "\"\"");
	AS("my room", "\"my room\"");
	AS("a=b", "\"a=b\"");
	AS("a\"b\\", "\"a\\\"b\\\\\"");
	AS("a\nfake line", "\"a\\x0afake line\"");
	AS("a\0b", "\"a\\x00b\"");
	AS("\x1b[2J", "\"\\x1b[2J\"");
	AS("\x7f", "\"\\x7f\"");
	AS("\xff\xfe", "\"\\xff\\xfe\"");
	AS("\xc3", "\"\\xc3\""); /* cut off */
	AS("\xc0\x8a", "\"\\xc0\\x8a\""); /* overlong newline */
	AS("\xe0\x80\x8a", "\"\\xe0\\x80\\x8a\""); /* the same in three bytes */
	AS("\xed\xa0\x80", "\"\\xed\\xa0\\x80\""); /* a surrogate */
	AS("\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""); /* past U+10FFFF */
	AS("\xc2\x9b"
	   "2J",
		"\"\\xc2\\x9b2J\""); /* CSI as a C1 control */
	AS("\xe2\x80\xae"
	   "abc",
		"\"\\xe2\\x80\\xae"
		"abc\""); /* right-to-left override */
	AS("\xf0\x9f\x8e\xa5", "\xf0\x9f\x8e\xa5");
}

/* Whatever the room, the result ends, closes its quote and never holds half an escape. */
static void text_cut_off(void **state)
{
	static const char in[] = "abc \n\n\n\n\xc3\xbc\xc3\xbc\xc3\xbc";

	for (size_t size = 8; size < 40; size++) {
		char out[64];

		memset(out, '#', sizeof(out));
		sh_log_text(out, size, in, sizeof(in) - 1);
		assert_true(strlen(out) < size);
		assert_int_equal(out[size], '#');
		assert_int_equal(out[0], '"');
		assert_int_equal(out[strlen(out) - 1], '"');
	}
	{
		char out[12];

		assert_string_equal(sh_log_text(out, sizeof(out), "abcdefghijklmnop", 16), "abcdefg...");
		assert_string_equal(sh_log_text(out, sizeof(out), "ab\n\n\n", 5), "\"ab\\x0a...\"");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(format, setup, teardown),
		cmocka_unit_test_setup_teardown(levels, setup, teardown),
		cmocka_unit_test_setup_teardown(one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(no_interleaving, setup, teardown),
		cmocka_unit_test(text),
		cmocka_unit_test(text_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
