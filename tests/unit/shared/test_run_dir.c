/* SPDX-License-Identifier: Apache-2.0 */
/* Whose the run directory may be, and the control plane's user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/run_dir.h"

static const struct sh_user user = {.uid = 61234, .gid = 61234};
static char dir[] = "/tmp/spate-run-XXXXXX", run[64];

static int setup(void **state)
{
	strcpy(dir, "/tmp/spate-run-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(run, sizeof(run), "%s/run", dir);
	return 0;
}

static int teardown(void **state)
{
	rmdir(run);
	return rmdir(dir);
}

/* The directory's mode afterwards. */
static mode_t prepared(struct stat *st)
{
	char err[200] = "";

	if (sh_run_dir_prepare(run, &user, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_int_equal(stat(run, st), 0);
	return st->st_mode & 07777;
}

static void refused(const char *words)
{
	char err[200];

	assert_int_equal(sh_run_dir_prepare(run, &user, err, sizeof(err)), EPERM);
	assert_non_null(strstr(err, words));
	assert_non_null(strstr(err, run));
}

static void a_missing_one_is_made_and_the_user_may_pass(void **state)
{
	struct stat st;

	umask(077);
	assert_int_equal(prepared(&st), geteuid() == 0 ? 0750 : 0700);
	if (geteuid() == 0)
		assert_int_equal(st.st_gid, user.gid);
	umask(022);
}

static void one_through_which_all_may_pass_stays_as_it_is(void **state)
{
	struct stat st;

	assert_int_equal(mkdir(run, 0755), 0);
	assert_int_equal(prepared(&st), 0755);
	assert_int_equal(st.st_gid, getegid());
}

static void one_that_others_can_write_is_refused(void **state)
{
	assert_int_equal(mkdir(run, 0700), 0);
	assert_int_equal(chmod(run, 01777), 0);
	refused("can be written by others");
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(run, 0, 61235), 0);
	assert_int_equal(chmod(run, 0770), 0);
	refused("can be written by others");
}

static void one_of_another_user_is_refused(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(run, 0755), 0);
	assert_int_equal(chown(run, 61235, 0), 0);
	refused("belongs to another user");
	assert_int_equal(chown(run, user.uid, 0), 0);
	refused("belongs to another user");
}

static int find(struct sh_user *out, const char *name)
{
	static struct sh_config c;
	char err[200];
	int error;

	snprintf(c.controlplane.user, sizeof(c.controlplane.user), "%s", name);
	error = sh_control_user(out, &c, err, sizeof(err));
	if (error)
		assert_non_null(strstr(err, name));
	return error;
}

static void the_user_is_a_name_or_a_number(void **state)
{
	const struct passwd *spate = getpwnam(SH_CONTROL_USER);
	uid_t expected = spate ? spate->pw_uid : SH_CONTROL_FALLBACK_UID;
	struct sh_user u;

	assert_int_equal(find(&u, "root"), 0);
	assert_int_equal(u.uid, 0);
	assert_int_equal(find(&u, "1234"), 0);
	assert_true(u.uid == 1234 && u.gid == 1234);
	assert_int_equal(find(&u, SH_CONTROL_USER), 0);
	assert_int_equal(u.uid, expected);
	assert_int_equal(find(&u, "no-such-user"), ENOENT);
	assert_int_equal(find(&u, "-1"), ENOENT);
	assert_int_equal(find(&u, "4294967295"), ENOENT);
	assert_int_equal(find(&u, "12 "), ENOENT);
}

static void each_process_has_a_user_of_its_own(void **state)
{
	static struct sh_config c;
	struct sh_user control, data;
	char err[200];

	sh_config_defaults(&c);
	assert_int_equal(sh_control_user(&control, &c, err, sizeof(err)), 0);
	assert_int_equal(sh_data_user(&data, &c, err, sizeof(err)), 0);
	assert_true(control.uid != data.uid && control.gid != data.gid && data.uid != 0);
	strcpy(c.dataplane.user, "no-such-user");
	assert_int_equal(sh_data_user(&data, &c, err, sizeof(err)), ENOENT);
	assert_non_null(strstr(err, "dataplane.user: there is no user no-such-user"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_missing_one_is_made_and_the_user_may_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(one_through_which_all_may_pass_stays_as_it_is, setup,
			teardown),
		cmocka_unit_test_setup_teardown(one_that_others_can_write_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(one_of_another_user_is_refused, setup, teardown),
		cmocka_unit_test(the_user_is_a_name_or_a_number),
		cmocka_unit_test(each_process_has_a_user_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
