/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/run_dir.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/config_table.h"

static bool parse_id(const char *text, struct sh_user *out)
{
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || id >= UINT32_MAX)
		return false;
	out->uid = (uid_t)id;
	out->gid = (gid_t)id;
	return true;
}

/* A default name without an account means the id `fallback`. */
static int find_user(struct sh_user *out, const char *name, const char *default_name, uid_t fallback)
{
	const struct passwd *account;

	errno = 0;
	account = getpwnam(name);
	if (account) {
		*out = (struct sh_user){.uid = account->pw_uid, .gid = account->pw_gid};
		return 0;
	}
	if (parse_id(name, out))
		return 0;
	if (strcmp(name, default_name) != 0)
		return ENOENT;
	*out = (struct sh_user){.uid = fallback, .gid = fallback};
	return 0;
}

int sh_control_user(struct sh_user *out, const struct sh_config *c, char *err, size_t err_size)
{
	int error = find_user(out, c->controlplane.user, SH_CONTROL_USER, SH_CONTROL_FALLBACK_UID);

	if (error)
		snprintf(err, err_size, "controlplane.user: there is no user %s", c->controlplane.user);
	return error;
}

int sh_data_user(struct sh_user *out, const struct sh_config *c, char *err, size_t err_size)
{
	int error = find_user(out, c->dataplane.user, SH_DATA_USER, SH_DATA_FALLBACK_UID);

	if (error)
		snprintf(err, err_size, "dataplane.user: there is no user %s", c->dataplane.user);
	return error;
}

static int refuse(const char *path, const char *why, char *err, size_t err_size)
{
	snprintf(err, err_size, "run_dir: %s %s", path, why);
	return EPERM;
}

static int check(const char *path, const struct stat *st, char *err, size_t err_size)
{
	if (!S_ISDIR(st->st_mode))
		return refuse(path, "is no directory", err, err_size);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return refuse(path, "belongs to another user, who could take the place of the other process",
			err, err_size);
	if ((st->st_mode & S_IWOTH) != 0 ||
		((st->st_mode & S_IWGRP) != 0 && st->st_gid != 0 && st->st_gid != getegid()))
		return refuse(path, "can be written by others, who could take the place of a process", err,
			err_size);
	return 0;
}

/* Gives `user` the group's rights, unless others may pass anyway. */
static int admit(const char *path, const struct stat *st, const struct sh_user *user)
{
	if ((st->st_mode & S_IXOTH) != 0 || (st->st_gid == user->gid && (st->st_mode & S_IXGRP) != 0))
		return 0;
	if (chown(path, (uid_t)-1, user->gid) != 0)
		return errno;
	return chmod(path, (st->st_mode & 07707) | S_IRGRP | S_IXGRP) != 0 ? errno : 0;
}

int sh_run_dir_prepare(const char *path, const struct sh_user *user, char *err, size_t err_size)
{
	struct stat st;
	int error;

	if ((mkdir(path, 0750) != 0 && errno != EEXIST) || stat(path, &st) != 0) {
		error = errno;
		snprintf(err, err_size, "run_dir: %s cannot be made: %s", path, strerror(error));
		return error;
	}
	error = check(path, &st, err, err_size);
	if (error || geteuid() != 0)
		return error;
	error = admit(path, &st, user);
	if (error)
		snprintf(err, err_size, "run_dir: %s: %s", path, strerror(error));
	return error;
}
