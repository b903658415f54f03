/* SPDX-License-Identifier: Apache-2.0 */

/* What a process may still do once its system calls are restricted. Each case is a child process. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/privileges/system_calls.h"

static const char *const more[] = {"getpriority", NULL};

/* Runs act() in a restricted child. Returns its exit status, or minus the signal that ended it. */
static int restricted(int (*act)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit no_core = {0};

		setrlimit(RLIMIT_CORE, &no_core);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(sh_system_calls_restrict(more) ? act() : 255);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_program(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	execv("/bin/true", argv);
	return 1;
}

static int trace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 1;
}

static int new_namespace(void)
{
	unshare(CLONE_NEWUSER);
	return 1;
}

static void what_attackers_need_ends_the_process(void **state)
{
	assert_int_equal(restricted(run_program), -SIGSYS);
	assert_int_equal(restricted(trace), -SIGSYS);
	assert_int_equal(restricted(new_namespace), -SIGSYS);
}

static int fork_process(void)
{
	return fork() < 0 ? errno : 0;
}

static int make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 0;
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static int packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0;
}

static int netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? errno : 0;
}

static int signal_parent(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static int unlisted(void)
{
	return syscall(SYS_acct, NULL) < 0 ? errno : 0;
}

static int trace_allowed(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? errno : 0;
}

static void what_is_not_listed_fails(void **state)
{
	int (*const acts[])(void) = {fork_process, make_code, packet_socket, netlink_socket, signal_parent,
		unlisted, trace_allowed};

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		assert_int_equal(restricted(acts[i]), EPERM);
}

static void *in_thread(void *arg)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM ? arg : NULL;
}

/* Threads still start, and are restricted as well; so are those that ran before. */
static int threads(void)
{
	int here = 7;
	pthread_t t;
	void *result = NULL;

	return pthread_create(&t, NULL, in_thread, &here) == 0 && pthread_join(t, &result) == 0 &&
			       result == &here
		       ? 0
		       : 1;
}

static int sockets_and_memory(void)
{
	const struct timespec moment = {.tv_nsec = 1000};
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (p == MAP_FAILED || fd < 0 || munmap(p, 1 << 20) != 0 || close(fd) != 0)
		return 1;
	return nanosleep(&moment, NULL) == 0 && malloc(100) ? 0 : 2;
}

/* A system call that only this process named. */
static int named(void)
{
	errno = 0;
	getpriority(PRIO_PROCESS, 0);
	return errno;
}

static void what_the_work_needs_goes_on(void **state)
{
	assert_int_equal(restricted(threads), 0);
	assert_int_equal(restricted(sockets_and_memory), 0);
	assert_int_equal(restricted(named), 0);
}

static volatile int go;

static void *wait_then_try(void *arg)
{
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		sched_yield();
	return in_thread(arg);
}

static void a_thread_that_ran_before_is_restricted(void **state)
{
	int status, here = 7;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;
		void *result = NULL;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (pthread_create(&t, NULL, wait_then_try, &here) != 0 || !sh_system_calls_restrict(more))
			_exit(1);
		__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
		pthread_join(t, &result);
		_exit(result == &here ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_attackers_need_ends_the_process),
		cmocka_unit_test(what_is_not_listed_fails),
		cmocka_unit_test(what_the_work_needs_goes_on),
		cmocka_unit_test(a_thread_that_ran_before_is_restricted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
