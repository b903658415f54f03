/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/kept_upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/bridge/upgrade.h"
#include "shared/log.h"

#define FILE_NAME "upgrade"

/* A letter for the stage, when it began on CLOCK_MONOTONIC, and the reason, with spaces behind it. */
enum { REASON_LEN = 175, TEXT_LEN = 1 + 1 + 20 + 1 + REASON_LEN + 1 };
_Static_assert(sizeof(((struct cp_upgrade *)0)->reason) == REASON_LEN + 1, "it fits");

void cp_upgrade_keep(const struct cp_upgrade *u, int dir)
{
	int fd = openat(dir, FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error = fd < 0 ? errno : 0;
	char text[TEXT_LEN + 1];

	snprintf(text, sizeof(text), "%c %020" PRIu64 " %-*s\n", u->stage == CP_UPGRADE_LOST ? 'l' : 'r',
		u->begun_ns, REASON_LEN, u->reason);
	if (fd >= 0 && write(fd, text, TEXT_LEN) != TEXT_LEN)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error != 0)
		sh_log(SH_LOG_ERROR, "upgrade-not-kept reason=\"%s\"", strerror(error));
}

/* 0; ENOENT: there is no file; EINVAL: it has something else. */
static int read_file(int dir, char text[TEXT_LEN + 2])
{
	int fd = openat(dir, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return errno;
	len = read(fd, text, TEXT_LEN + 1);
	close(fd);
	(void)unlinkat(dir, FILE_NAME, 0);
	return len == TEXT_LEN && text[TEXT_LEN - 1] == '\n' ? 0 : EINVAL;
}

void cp_upgrade_take_up(struct cp_upgrade *u, int dir)
{
	char text[TEXT_LEN + 2] = "", stage = 0;
	uint64_t begun_ns = 0;
	int error = read_file(dir, text), at = 0;
	size_t len;

	if (error == 0 && (sscanf(text, "%c %20" SCNu64 "%n", &stage, &begun_ns, &at) != 2 ||
				  text[at] != ' ' || (stage != 'r' && stage != 'l')))
		error = EINVAL;
	if (error != 0) {
		if (error != ENOENT)
			sh_log(SH_LOG_ERROR, "upgrade-unreadable reason=\"%s\"", strerror(error));
		return;
	}
	*u = (struct cp_upgrade){.both = true, .begun_ns = begun_ns};
	u->stage = stage == 'l' ? CP_UPGRADE_LOST : CP_UPGRADE_RUNNING;
	len = strlen(text) - 1;
	while (len > (size_t)at + 1 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
	snprintf(u->reason, sizeof(u->reason), "%s", text + at + 1);
}
