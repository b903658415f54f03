/* SPDX-License-Identifier: Apache-2.0 */

/* A planned restart of both processes ends in another control plane than it began in. */

#include "tests/unit/operator/asker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/operator/kept_upgrade.h"

static struct cp_upgrade next;

/* What the next process finds. */
static enum cp_upgrade_stage take_up(void)
{
	next = (struct cp_upgrade){0};
	cp_upgrade_take_up(&next, control_dir());
	return next.stage;
}

static void it_goes_on_once(void **state)
{
	const struct cp_upgrade running = {
		.stage = CP_UPGRADE_RUNNING, .both = true, .begun_ns = 123456789012};

	assert_int_equal(take_up(), CP_UPGRADE_NONE);
	cp_upgrade_keep(&running, control_dir());
	assert_int_equal(take_up(), CP_UPGRADE_RUNNING);
	assert_true(next.both);
	assert_int_equal(next.begun_ns, 123456789012);
	assert_string_equal(next.reason, "");
	assert_int_equal(faccessat(control_dir(), "upgrade", F_OK, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(take_up(), CP_UPGRADE_NONE);
}

static void a_reason_is_kept(void **state)
{
	struct cp_upgrade lost = {
		.stage = CP_UPGRADE_LOST, .begun_ns = UINT64_MAX, .reason = "its format is 7, \"x\""};

	cp_upgrade_keep(&lost, control_dir());
	assert_int_equal(take_up(), CP_UPGRADE_LOST);
	assert_string_equal(next.reason, lost.reason);
	memset(lost.reason, 'x', sizeof(lost.reason) - 1);
	cp_upgrade_keep(&lost, control_dir());
	assert_int_equal(take_up(), CP_UPGRADE_LOST);
	assert_string_equal(next.reason, lost.reason);
	assert_int_equal(next.begun_ns, UINT64_MAX);
}

static void what_is_no_upgrade_is_ignored_and_removed(void **state)
{
	static const char *const bad[] = {
		"", "x", "s 00000000000000000001 ", "r x ", "r 00000000000000000001x"};
	char text[400];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]) * 2; i++) {
		int fd = openat(control_dir(), "upgrade", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		/* once as it is, once with the length of a whole one */
		int len = i % 2 ? snprintf(text, sizeof(text), "%-198s\n", bad[i / 2])
				: snprintf(text, sizeof(text), "%s", bad[i / 2]);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, text, (size_t)len), len);
		close(fd);
		assert_int_equal(take_up(), CP_UPGRADE_NONE);
		assert_int_equal(faccessat(control_dir(), "upgrade", F_OK, 0), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_goes_on_once, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_reason_is_kept, world_make, world_end),
		cmocka_unit_test_setup_teardown(what_is_no_upgrade_is_ignored_and_removed, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
