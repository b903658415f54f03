/* SPDX-License-Identifier: Apache-2.0 */

/* Names of recorded files: whatever rooms and users are called. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/ctl/record.h"

static void expect(const char *text, const char *part)
{
	char out[100];

	ctl_record_part(out, text);
	assert_string_equal(out, part);
}

static void plain_names_stay(void **state)
{
	expect("Room-1.2", "Room-1.2");
	expect("", "");
}

static void nothing_leaves_the_directory(void **state)
{
	expect("../x", "%2E.%2Fx");
	expect("/etc/passwd", "%2Fetc%2Fpasswd");
	expect(".", "%2E");
	expect("-rf", "%2Drf");
	expect("a_b", "a%5Fb"); /* the parts of a name are separated by it */
	expect("a b\"'$%", "a%20b%22%27%24%25");
	expect("\xc3\xa4", "%C3%A4");
}

static void long_names_are_cut_and_stay_two(void **state)
{
	char text[256], a[100], b[100];

	memset(text, 'x', 255);
	text[255] = '\0';
	ctl_record_part(a, text);
	text[254] = 'y';
	ctl_record_part(b, text);
	assert_int_equal(strlen(a), 89);
	assert_string_not_equal(a, b);
	memset(text, ' ', 255); /* no %XX is cut in two */
	ctl_record_part(a, text);
	assert_int_equal(strlen(a), 78 + 9);
	assert_int_equal(a[78], '~');
}

static void no_file_is_overwritten(void **state)
{
	char dir[] = "spate-test-record-XXXXXX", first[CTL_FILE_MAX], second[CTL_FILE_MAX];
	FILE *f;

	assert_non_null(mkdtemp(dir));
	do { /* within one second */
		assert_int_equal(ctl_record_path(first, dir, "room", "anna"), 0);
		f = fopen(first, "w");
		assert_non_null(f);
		fclose(f);
		assert_int_equal(ctl_record_path(second, dir, "room", "anna"), 0);
		unlink(first);
	} while (strlen(second) == strlen(first));
	assert_string_not_equal(first, second);
	assert_string_equal(second + strlen(second) - 6, "-2.mkv");
	assert_memory_equal(first + strlen(dir), "/room_anna_2", 12);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names_stay),
		cmocka_unit_test(nothing_leaves_the_directory),
		cmocka_unit_test(long_names_are_cut_and_stay_two),
		cmocka_unit_test(no_file_is_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
