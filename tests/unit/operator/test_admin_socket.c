/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The administration socket while there is no memory for clients: those who connect are
 * disconnected, and who comes afterwards is served.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/operator/admin_socket.h"
#include "controlplane/rooms/model.h"

enum { REFUSED = 5 };

/* The linker puts this in calloc's place. */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
static bool no_memory;

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

static uv_loop_t loop;
static struct cp_admin admin;
static struct cp_model model; /* of no rooms */
static const struct cp_view view = {.model = &model};

static void turns(void)
{
	for (unsigned i = 0; i < 50; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static int ask(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", admin.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, "{}\n", 3, MSG_NOSIGNAL), 3);
	return fd;
}

static void the_next_one_is_served(void **state)
{
	char dir[] = "/tmp/spate-test-XXXXXX", err[200] = "", answer[200];
	int fd[REFUSED];
	ssize_t n;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(cp_admin_start(&admin, &loop, &view, dir, err, sizeof(err)), 0);
	no_memory = true;
	for (unsigned i = 0; i < REFUSED; i++)
		fd[i] = ask();
	turns();
	no_memory = false;
	for (unsigned i = 0; i < REFUSED; i++) {
		assert_true(recv(fd[i], answer, sizeof(answer), 0) <= 0);
		close(fd[i]);
	}
	assert_false(admin.refusing);

	fd[0] = ask();
	turns();
	n = recv(fd[0], answer, sizeof(answer) - 1, 0);
	assert_true(n > 0);
	answer[n] = '\0';
	assert_non_null(strstr(answer, "\"ok\":false"));
	close(fd[0]);
	cp_admin_stop(&admin);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_one_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
