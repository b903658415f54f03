/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dpclient/hello.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "controlplane/privileges/kept_directory.h"
#include "shared/bring.h"
#include "shared/hello.h"
#include "shared/stats.h"

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(a.sun_path))
		return ENAMETOOLONG;
	strcpy(a.sun_path, path);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? 0 : errno;
}

/* Connects through the directory as it was kept, where its path may not be entered. */
static int connect_in_directory(int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int dir, error;

	if (!slash || (size_t)(slash - path) >= sizeof(name))
		return EACCES;
	snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
	dir = cp_directory_open(name);
	if (dir < 0)
		return EACCES;
	snprintf(name, sizeof(name), "/proc/self/fd/%d%s", dir, slash);
	error = connect_to(fd, name);
	close(dir);
	return error;
}

/*
 * SRTP keys go through this connection. Nobody but root, or this process's own user, may be at the
 * other end: SO_PEERCRED tells who called listen().
 */
static int check_listener(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return errno;
	return peer.uid == 0 || peer.uid == geteuid() ? 0 : EPERM;
}

/* Sends one message, with the descriptor `left` unless that is -1. */
static ssize_t send_message(int fd, const void *message, size_t len, int left)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec io = {.iov_base = (void *)(uintptr_t)message, .iov_len = len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (left >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &left, sizeof(left));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

/* Connects, and sends the first message. Returns the socket, or a negative errno. */
static int connect_and_send(const char *path, const void *message, size_t len, int left)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	error = connect_to(fd, path);
	if (error == EACCES)
		error = connect_in_directory(fd, path);
	if (error == 0)
		error = check_listener(fd);
	if (error == 0 && send_message(fd, message, len, left) != (ssize_t)len)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	return -error;
}

int cp_dp_hello_send(const char *path, int left)
{
	struct sh_hello hello;

	sh_hello_init(&hello, SH_CLIENT_CONTROL);
	return connect_and_send(path, &hello, sizeof(hello), left);
}

int cp_dp_bring_send(const char *path, int left)
{
	const struct sh_bring bring = {
		.magic = SH_ABI_MAGIC, .version = SH_ABI_VERSION, .client = SH_CLIENT_BRINGS};

	return connect_and_send(path, &bring, sizeof(bring), left);
}

int cp_dp_bring_receive(int socket, char *reason, size_t size)
{
	struct sh_brought r = {.magic = 0};
	ssize_t len = recv(socket, &r, sizeof(r), MSG_DONTWAIT | MSG_TRUNC); /* the message's length */

	reason[0] = '\0';
	if (len < 0)
		return -errno;
	if (len == 0)
		return -ECONNRESET;
	/* A data plane that does not know the message answers as to a HELLO. */
	if (len < (ssize_t)offsetof(struct sh_brought, pad) || r.magic != SH_ABI_MAGIC ||
		(len == (ssize_t)sizeof(r) ? r.error < 0 : r.error <= 0))
		return -EPROTO;
	if (r.error == 0)
		return 0;
	r.reason[sizeof(r.reason) - 1] = '\0';
	snprintf(reason, size, "%s", len == (ssize_t)sizeof(r) ? r.reason : strerror(r.error));
	return r.error;
}

static void close_all(int fd[CP_DP_FDS])
{
	for (int i = 0; i < CP_DP_FDS; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

/*
 * Takes the received descriptors. The kernel has opened all of them in this process, so those that
 * do not fit in `fd` are closed.
 */
static void take_fds(struct msghdr *m, int fd[CP_DP_FDS])
{
	int n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int one;

			memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(one));
			if (n < CP_DP_FDS)
				fd[n++] = one;
			else
				close(one);
		}
	}
}

/* True if the data plane is of another version: then the answer's `reason` says so. */
static bool differs(struct sh_hello_reply *r, ssize_t len)
{
	char reason[sizeof(r->reason)];

	if (!sh_hello_differs(r, (size_t)len, "the control plane", "the data plane", reason, sizeof(reason)))
		return false;
	memcpy(r->reason, reason, sizeof(reason));
	return true;
}

static const char *check(struct sh_hello_reply *r, ssize_t len, const int fd[CP_DP_FDS])
{
	if (len == 0)
		return "the data plane hung up";
	/* Its own words come with an answer that this build can read. */
	if ((len != (ssize_t)sizeof(*r) || !r->error) && differs(r, len))
		return r->reason;
	if (len != (ssize_t)sizeof(*r))
		return "the answer to HELLO has another length";
	r->reason[sizeof(r->reason) - 1] = '\0';
	if (r->magic != SH_ABI_MAGIC)
		return "the answer to HELLO is not the data plane's";
	if (r->error)
		return r->reason[0] ? r->reason : strerror(r->error);
	for (int i = 0; i < CP_DP_FDS; i++)
		if (fd[i] < 0)
			return "the answer to HELLO lacks a descriptor";
	return NULL;
}

const char *cp_dp_hello_receive(int socket, struct sh_hello_reply *r, int fd[CP_DP_FDS])
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * CP_DP_FDS * sizeof(int))];
	} control;
	struct iovec io = {.iov_base = r, .iov_len = sizeof(*r)};
	struct msghdr m = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const char *wrong;
	ssize_t len;

	memset(r, 0, sizeof(*r));
	for (int i = 0; i < CP_DP_FDS; i++)
		fd[i] = -1;
	len = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (len < 0)
		return "the answer to HELLO cannot be read";
	take_fds(&m, fd);
	/* One that was cut has another length, too: if it is of another version, that is the reason. */
	wrong = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)
			? differs(r, len) ? r->reason : "the answer to HELLO has another length"
			: check(r, len, fd);
	if (wrong)
		close_all(fd);
	return wrong;
}

int cp_dp_hand_over_receive(int socket, size_t *size)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct sh_hand_over r;
	struct iovec io = {.iov_base = &r, .iov_len = sizeof(r)};
	struct msghdr m = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* the kernel closes further ones */
	};
	ssize_t len = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	const struct cmsghdr *c = len >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd = -1;

	if (len < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (fd >= 0 && len == (ssize_t)sizeof(r) && r.magic == SH_ABI_MAGIC && r.version == SH_ABI_VERSION &&
		r.size > 0) {
		*size = (size_t)r.size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return len == 0 ? -ECONNRESET : -EPROTO;
}
