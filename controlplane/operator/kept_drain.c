/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/kept_drain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/rooms/model.h"
#include "controlplane/signaling/drain.h"
#include "shared/log.h"

#define FILE_NAME "drain"

/* The two times of struct cp_drain, on CLOCK_MONOTONIC, which goes on over a restart of a process. */
enum { TEXT_LEN = 20 + 1 + 20 + 1 };

/* One write of always the same length: a file that is there is whole. */
static int write_times(const struct cp_drain *d, int dir)
{
	int fd = openat(dir, FILE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), error = 0;
	char text[TEXT_LEN + 1];

	if (fd < 0)
		return errno;
	snprintf(text, sizeof(text), "%020" PRIu64 " %020" PRIu64 "\n", d->began_ms, d->deadline_ms);
	if (write(fd, text, TEXT_LEN) != TEXT_LEN || ftruncate(fd, TEXT_LEN) != 0)
		error = errno;
	close(fd);
	return error;
}

void cp_drain_keep(const struct cp_signaling *s, int dir)
{
	bool drains = s->model->drain.stage != CP_DRAIN_OFF;
	int error = 0;

	if (drains)
		error = write_times(&s->drain, dir);
	else if (unlinkat(dir, FILE_NAME, 0) != 0 && errno != ENOENT)
		error = errno;
	if (error != 0)
		sh_log(SH_LOG_ERROR, "drain-not-kept reason=\"%s\"", strerror(error));
}

/* 0; ENOENT: there is no file; EINVAL: it has something else. */
static int read_times(int dir, uint64_t *began_ms, uint64_t *deadline_ms)
{
	int fd = openat(dir, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[TEXT_LEN + 2] = "", end;
	ssize_t len;

	if (fd < 0)
		return errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len == TEXT_LEN &&
			       sscanf(text, "%20" SCNu64 " %20" SCNu64 "%c", began_ms, deadline_ms, &end) == 3
		       ? 0
		       : EINVAL;
}

void cp_drain_take_up(struct cp_signaling *s, int dir)
{
	uint64_t began_ms, deadline_ms;
	int error = read_times(dir, &began_ms, &deadline_ms);

	if (error == 0)
		error = cp_drain_restore(s, began_ms, deadline_ms);
	if (error != 0 && error != ENOENT)
		sh_log(SH_LOG_ERROR, "drain-unreadable reason=\"%s\"", strerror(error));
}
