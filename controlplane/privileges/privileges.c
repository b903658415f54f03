/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/privileges/privileges.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "controlplane/privileges/capabilities.h"

enum { FIRST_PORT_FOR_ALL = 1024 };

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

int cp_privileges_limit(struct cp_privileges *p, const struct sh_config *c, char *err, size_t err_size)
{
	bool low_port = c->http.port < FIRST_PORT_FOR_ALL;
	int error;

	*p = (struct cp_privileges){.root = geteuid() == 0, .parent = getppid()};
	if (prctl(PR_GET_PDEATHSIG, &p->death_signal, 0, 0, 0) != 0)
		return fail(errno, "parent-death signal", err, err_size);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(errno, "no_new_privs", err, err_size);
	empty_bounding_set();
	if (p->root)
		return sh_control_user(&p->user, c, err, err_size);
	error = cp_capabilities_keep(low_port ? CP_CAP_NET_BIND_SERVICE : 0);
	return error ? fail(error, "capabilities", err, err_size) : 0;
}

/* glibc changes the user of all threads, and the kernel then clears their capabilities. */
static int become(const struct sh_user *user, char *err, size_t err_size)
{
	if (setgroups(0, NULL) == 0 && setresgid(user->gid, user->gid, user->gid) == 0 &&
		setresuid(user->uid, user->uid, user->uid) == 0)
		return 0;
	return fail(errno, "controlplane.user: cannot become that user", err, err_size);
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

int cp_privileges_drop(const struct cp_privileges *p, char *err, size_t err_size)
{
	int error = p->root ? become(&p->user, err, err_size) : 0;

	if (error)
		return error;
	error = cp_capabilities_keep(0);
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
