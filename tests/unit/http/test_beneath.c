/* SPDX-License-Identifier: Apache-2.0 */

/* A stranger's path stays beneath a directory, with openat2 and on a kernel that refuses it. */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/http/beneath.h"

static char root[] = "/tmp/spate-beneath-XXXXXX";
static int dir = -1;

static void make(const char *path)
{
	int fd = openat(dir, path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int make_tree(void **state)
{
	assert_non_null(mkdtemp(root));
	dir = open(root, O_PATH | O_DIRECTORY);
	make("outside");
	assert_int_equal(mkdirat(dir, "page", 0700), 0);
	assert_int_equal(mkdirat(dir, "page/sub", 0700), 0);
	make("page/index.html");
	make("page/sub/file.js");
	assert_int_equal(symlinkat("../outside", dir, "page/link"), 0);
	assert_int_equal(symlinkat("sub", dir, "page/linked"), 0);
	dir = openat(dir, "page", O_PATH | O_DIRECTORY);
	return 0;
}

static int remove_tree(void **state)
{
	unlinkat(dir, "linked", 0);
	unlinkat(dir, "link", 0);
	unlinkat(dir, "sub/file.js", 0);
	unlinkat(dir, "index.html", 0);
	unlinkat(dir, "sub", AT_REMOVEDIR);
	unlinkat(dir, "../outside", 0);
	unlinkat(dir, "../page", AT_REMOVEDIR);
	return rmdir(root);
}

static void only_files_beneath_are_opened(void)
{
	static const char *const good[] = {"index.html", "sub/file.js", "./index.html"};
	static const char *const bad[] = {"none", "../outside", "sub/../../outside", "link", "linked/file.js",
		"/etc/passwd", "", "sub/none", "index.html/x"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int fd = cp_open_beneath(dir, good[i]);
		struct stat st;

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		close(fd);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(cp_open_beneath(dir, bad[i]) < 0);
}

static void with_openat2(void **state)
{
	only_files_beneath_are_opened();
}

/* As a container's seccomp filter that is older than the call. */
static void without_openat2(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		skip();
	only_files_beneath_are_opened();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(with_openat2), cmocka_unit_test(without_openat2)};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
