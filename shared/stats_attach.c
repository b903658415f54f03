/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to the data plane's socket and maps the statistics (sh_stats_attach()). */

#include "shared/stats_attach.h"
#include "shared/stats_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/hello.h"

enum { TIMEOUT_S = 2 };

static int fail(int error, const char *what, char *err, size_t err_size)
{
	snprintf(err, err_size, "%s: %s", what, strerror(error));
	return error;
}

/* Stores a connected socket in *out. Returns 0 or an errno. */
static int open_socket(const char *path, int *out, char *err, size_t err_size)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return fail(ENAMETOOLONG, path, err, err_size);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(errno, "socket", err, err_size);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		int error = errno == EAGAIN ? ETIMEDOUT : errno;

		close(fd);
		return fail(error, path, err, err_size);
	}
	*out = fd;
	return 0;
}

/* Copies the descriptors out of a message. Returns their number. */
static int take_fds(struct msghdr *msg, int fds[SH_HELLO_FDS])
{
	int count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n && count < SH_HELLO_FDS; i++)
			memcpy(&fds[count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
	return count;
}

/* Receives the reply to HELLO and its descriptors. */
static int receive_reply(int fd, struct sh_hello_reply *reply, int fds[SH_HELLO_FDS], int *count, char *err,
	size_t err_size)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(SH_HELLO_FDS * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = reply, .iov_len = sizeof(*reply)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.data,
		.msg_controllen = sizeof(control.data)};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return fail(errno == EAGAIN ? ETIMEDOUT : errno, "the data plane does not answer", err,
			err_size);
	*count = take_fds(&msg, fds);
	if ((n != (ssize_t)sizeof(*reply) || reply->error == 0) &&
		sh_hello_differs(reply, (size_t)n, "this program", "the data plane", err, err_size))
		return EPROTO;
	if (n != (ssize_t)sizeof(*reply) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
		reply->magic != SH_ABI_MAGIC) {
		snprintf(err, err_size,
			n == 0 ? "the data plane closed the connection"
			       : "the data plane's reply is malformed");
		return n == 0 ? ECONNRESET : EPROTO;
	}
	return 0;
}

static int greet(int fd, const void *hello, size_t len, struct sh_hello_reply *reply, int fds[SH_HELLO_FDS],
	int *count, char *err, size_t err_size)
{
	int error;

	if (send(fd, hello, len, MSG_NOSIGNAL) != (ssize_t)len)
		return fail(errno, "the data plane", err, err_size);
	error = receive_reply(fd, reply, fds, count, err, err_size);
	if (error != 0 || reply->error == 0)
		return error;
	snprintf(err, err_size, "the data plane refuses: %.*s", (int)sizeof(reply->reason), reply->reason);
	return reply->error;
}

static void close_all(const int fds[SH_HELLO_FDS], int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

int sh_hello_exchange(const char *run_dir, const void *hello, size_t len, struct sh_hello_reply *reply,
	int *socket, int fds[SH_HELLO_FDS], int *count, char *err, size_t err_size)
{
	char path[256];
	int error;

	*count = 0;
	snprintf(path, sizeof(path), "%s/dataplane.sock", run_dir);
	error = open_socket(path, socket, err, err_size);
	if (error != 0)
		return error;
	error = greet(*socket, hello, len, reply, fds, count, err, err_size);
	if (error == 0)
		return 0;
	close_all(fds, *count);
	close(*socket);
	*socket = -1;
	*count = 0;
	return error;
}

int sh_stats_attach(struct sh_stats_reader *r, const char *run_dir, char *err, size_t err_size)
{
	struct sh_hello_reply reply;
	int fds[SH_HELLO_FDS], count, fd, error;
	struct sh_hello hello;

	memset(r, 0, sizeof(*r));
	sh_hello_init(&hello, SH_CLIENT_STATS);
	error = sh_hello_exchange(run_dir, &hello, sizeof(hello), &reply, &fd, fds, &count, err, err_size);
	if (error != 0)
		return error;
	if (count == 1) {
		error = sh_stats_map(r, fds[0], err, err_size);
	} else {
		error = EPROTO;
		snprintf(err, err_size, "the data plane answered with %d descriptors in place of one", count);
	}
	close_all(fds, count);
	close(fd);
	return error;
}
