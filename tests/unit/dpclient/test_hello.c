/* SPDX-License-Identifier: Apache-2.0 */
/* HELLO goes to a data plane of root or of the own user, and to nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/dpclient/hello.h"

static char dir[32], path[64];
static pid_t listener;

/* A process of that user listens at `path`. */
static void listen_as(uid_t uid)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	strcpy(a.sun_path, path);
	listener = fork();
	assert_true(listener >= 0);
	if (listener == 0) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || setuid(uid) != 0 ||
			listen(fd, 4) != 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/spate-hello-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/dataplane.sock", dir);
	return 0;
}

static int teardown(void **state)
{
	if (listener > 0) {
		kill(listener, SIGKILL);
		waitpid(listener, NULL, 0);
	}
	listener = 0;
	unlink(path);
	return rmdir(dir);
}

static void the_own_user_gets_it(void **state)
{
	int fd;

	listen_as(geteuid());
	fd = cp_dp_hello_send(path, -1);
	assert_true(fd >= 0);
	close(fd);
}

static void another_user_gets_nothing(void **state)
{
	if (geteuid() != 0)
		skip();
	listen_as(61235);
	assert_int_equal(cp_dp_hello_send(path, -1), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_own_user_gets_it, setup, teardown),
		cmocka_unit_test_setup_teardown(another_user_gets_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
