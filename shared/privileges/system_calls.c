/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/privileges/system_calls.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "shared/log.h"

#ifdef __SANITIZE_ADDRESS__
enum { LEAKS = 1 }; /* the search for leaks at the end makes a process, which traces this one */
#else
enum { LEAKS = 0 };
#endif

/* What libc, an event loop, threads and their memory need. */
static const char *const common[] = {"read", "readv", "pread64", "write", "writev", "pwrite64", "close",
	"fcntl", "ioctl", "lseek", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd", "eventfd2",
	"timerfd_create", "timerfd_settime", "timerfd_gettime",
	/* files: the page, keys, the log, sysfs */
	"open", "openat", "openat2", "access", "faccessat", "faccessat2", "stat", "lstat", "fstat",
	"newfstatat", "statx", "readlink", "readlinkat", "getdents64", "getcwd", "ftruncate", "unlink",
	"unlinkat", "rmdir", "memfd_create",
	/* sockets; socket() itself has a rule of its own */
	"bind", "listen", "accept", "accept4", "connect", "shutdown", "socketpair", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg",
	"sendmmsg",
	/* waiting and time */
	"poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres",
	"gettimeofday", "time", "times", "getrusage", "sysinfo", "uname", "getrandom",
	/* memory; mmap() and mprotect() have rules of their own */
	"munmap", "mremap", "madvise", "brk", "mlock", "mlock2", "munlock",
	/* threads and signals; clone() and tgkill() have rules of their own */
	"futex", "set_robust_list", "get_robust_list", "rseq", "membarrier", "gettid", "getpid", "getppid",
	"getuid", "geteuid", "getgid", "getegid", "sched_yield", "sched_getaffinity", "sched_setaffinity",
	"sched_getparam", "sched_getscheduler", "getcpu", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigtimedwait", "rt_sigpending", "sigaltstack", "restart_syscall", "exit", "exit_group", NULL};

/* What Spate never does, and what somebody in control of the process would try first. */
static const char *const deadly[] = {"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev",
	"mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "init_module", "finit_module",
	"delete_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open", "userfaultfd", "keyctl",
	"add_key", "request_key", "open_by_handle_at", "io_uring_setup", "reboot", "swapon", "swapoff", NULL};

static const char *const leaks[] = {"clone", "getdents", "ptrace", "wait4", "prctl", "kill", NULL};

/* Adds the rule for each name that this architecture knows. */
static int add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	for (; *names; names++) {
		int call = seccomp_syscall_resolve_name(*names);
		int error = call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, call, 0);

		if (error < 0)
			return -error;
	}
	return 0;
}

/* Allows a system call if an argument has one of these values. */
static int allow_values(scmp_filter_ctx filter, int call, unsigned argument, const uint64_t *value,
	unsigned n)
{
	int error = 0;

	for (unsigned i = 0; error == 0 && i < n; i++) {
		const struct scmp_arg_cmp equal = {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value[i]};

		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &equal);
	}
	return -error;
}

static int add_rules_with_arguments(scmp_filter_ctx filter)
{
	static const uint64_t families[] = {AF_UNIX, AF_INET, AF_INET6};
	static const uint64_t options[] = {PR_SET_NAME, PR_GET_NAME};
	const uint64_t self[] = {(uint64_t)getpid()}, calling[] = {0};
	int error = allow_values(filter, SCMP_SYS(socket), 0, families, 3);

	if (error == 0)
		error = allow_values(filter, SCMP_SYS(prctl), 0, options, 2);
	if (error == 0)
		error = allow_values(filter, SCMP_SYS(tgkill), 0, self, 1);
	if (error == 0)
		error = allow_values(filter, SCMP_SYS(prlimit64), 0, calling, 1);
	if (error == 0) /* memory never becomes code */
		error = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (error == 0)
		error = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (error == 0) /* threads, and no processes */
		error = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (error == 0) /* its flags are in memory, which no filter can read: libc then uses clone() */
		error = -seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

bool sh_system_calls_restrict(const char *const *more)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter ? -seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : ENOMEM;

	if (error == 0) /* a tree of comparisons, because receiving from a TAP device is a system call */
		error = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (error == 0)
		error = add_names(filter, SCMP_ACT_ALLOW, common);
	if (error == 0)
		error = add_names(filter, SCMP_ACT_ALLOW, more);
	if (error == 0)
		error = add_names(filter, LEAKS ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS,
			LEAKS ? leaks : deadly);
	if (error == 0)
		error = add_rules_with_arguments(filter);
	if (error == 0)
		error = -seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	if (error != 0)
		sh_log(SH_LOG_WARN, "system-calls-not-restricted reason=\"%s\"", strerror(error));
	return error == 0;
}
