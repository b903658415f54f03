/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/privileges/kept_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 2 }; /* the run directory and the web page's */

static struct {
	char *path;
	int fd;
} kept[KEPT_MAX];

void cp_directory_keep(const char *path)
{
	for (unsigned i = 0; i < KEPT_MAX; i++) {
		if (kept[i].path)
			continue;
		kept[i].path = strdup(path);
		kept[i].fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return;
	}
}

int cp_directory_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), error = errno;

	if (fd >= 0)
		return fd;
	for (unsigned i = 0; i < KEPT_MAX && error == EACCES; i++) {
		if (!kept[i].path || kept[i].fd < 0 || strcmp(kept[i].path, path) != 0)
			continue;
		fd = fcntl(kept[i].fd, F_DUPFD_CLOEXEC, 0);
		return fd >= 0 ? fd : -errno;
	}
	return -error;
}
