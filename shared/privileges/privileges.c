/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/privileges/privileges.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/privileges/capabilities.h"

static int fail(int error, const char *what, char *err, size_t err_size)
{
	snprintf(err, err_size, "%s: %s", what, strerror(error));
	return error;
}

/* Empties the set of capabilities that an executed file could give. */
static void empty_bounding_set(void)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* needs CAP_SETPCAP, which root has */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

int sh_privileges_limit(struct sh_privileges *p, uint64_t keep, char *err, size_t err_size)
{
	int error;

	*p = (struct sh_privileges){.root = geteuid() == 0, .parent = getppid()};
	if (prctl(PR_GET_PDEATHSIG, &p->death_signal, 0, 0, 0) != 0)
		return fail(errno, "parent-death signal", err, err_size);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(errno, "no_new_privs", err, err_size);
	empty_bounding_set();
	if (p->root)
		return 0;
	error = sh_capabilities_keep(keep);
	return error ? fail(error, "capabilities", err, err_size) : 0;
}

/* glibc changes the user of all threads, and the kernel then clears their capabilities. */
static int become(const struct sh_user *user, char *err, size_t err_size)
{
	if (setgroups(0, NULL) == 0 && setresgid(user->gid, user->gid, user->gid) == 0 &&
		setresuid(user->uid, user->uid, user->uid) == 0)
		return 0;
	snprintf(err, err_size, "cannot become the user %u: %s", user->uid, strerror(errno));
	return errno;
}

/* Neither a core file nor a debugger of the same user may read the keys in memory. */
static int hide_memory(void)
{
#ifdef __SANITIZE_ADDRESS__
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the search for leaks traces this process */
#else
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int sh_privileges_drop(const struct sh_privileges *p, char *err, size_t err_size)
{
	int error = p->root ? become(&p->user, err, err_size) : 0;

	if (error)
		return error;
	error = sh_capabilities_keep(0);
	if (error)
		return fail(error, "capabilities", err, err_size);
	if (hide_memory() != 0)
		return fail(errno, "dumpable", err, err_size);
	if (p->death_signal == 0)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, p->death_signal, 0, 0, 0) != 0)
		return fail(errno, "parent-death signal", err, err_size);
	if (getppid() != p->parent) /* it has died in between */
		raise(p->death_signal);
	return 0;
}

void sh_privileges_lock_memory(void)
{
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory is larger than any limit */
	const struct rlimit all = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	/* With a lower limit each later mapping could fail. */
	if (setrlimit(RLIMIT_MEMLOCK, &all) != 0 || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		sh_log(SH_LOG_WARN, "memory-not-locked what=\"keys can get into swap space\"");
#endif
}
