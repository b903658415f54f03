/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/log.h"

enum { FILE_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW };

/* Opens part after part; ".." and a part that is a symbolic link are refused. */
static int open_parts(int dir, const char *name)
{
	char path[PATH_MAX], *rest = path, *part = path;
	int at, next;

	if (snprintf(path, sizeof(path), "%s", name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (at < 0)
		return -errno;
	while ((part = strsep(&rest, "/"))) {
		if (part[0] == '\0' || strcmp(part, "..") == 0)
			next = -ENOENT;
		else
			next = openat(at, part,
				rest ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : FILE_FLAGS);
		if (next == -1)
			next = -errno;
		close(at);
		if (next < 0)
			return next;
		at = next;
	}
	return at;
}

int cp_open_beneath(int dir, const char *name)
{
	static bool is_missing;
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = is_missing ? -1 : (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd >= 0)
		return fd;
	/* A seccomp filter says EPERM; opening a file for reading does not. */
	if (!is_missing && errno != ENOSYS && errno != EPERM)
		return -errno;
	if (!is_missing)
		sh_log(SH_LOG_WARN,
			"no-openat2 reason=\"%s\" effect=\"the page's files are opened part by part\"",
			strerror(errno));
	is_missing = true;
	return open_parts(dir, name);
}
