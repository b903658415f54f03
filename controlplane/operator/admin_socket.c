/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/admin_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "controlplane/operator/commands.h"
#include "shared/log.h"

struct cp_admin_client {
	uv_pipe_t pipe; /* first member: a pointer to the handle is a pointer to the client */
	struct cp_admin *admin;
	struct cp_admin_client *next;
	struct cp_admin_asker asker;
	bool pending; /* a command is pending: further lines are handled after its answer */
	bool asking; /* cp_admin_serve() is executing */
	size_t used; /* bytes in `line` */
	char line[CP_ADMIN_LINE_MAX]; /* received bytes that have not been handled */
};

struct answer {
	uv_write_t request;
	char *text;
};

/* --- one client ------------------------------------------------------------------------- */

static void closed(uv_handle_t *handle)
{
	free(handle);
}

/* Closes the connection and abandons a pending command. libuv frees `c` in a later iteration. */
static void drop(struct cp_admin_client *c)
{
	struct cp_admin_client **at = &c->admin->first;

	if (uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->admin->clients--;
	cp_admin_abandon(c->admin->view, &c->asker);
	uv_close((uv_handle_t *)&c->pipe, closed);
}

static void written(uv_write_t *request, int status)
{
	struct answer *a = (struct answer *)request;

	explicit_bzero(a->text, strlen(a->text)); /* the text can contain keys */
	free(a->text);
	free(a);
}

/* Takes over `text`; NULL: ENOMEM. 0, or errno: the client must be dropped. */
static int send_text(struct cp_admin_client *c, char *text)
{
	struct answer *a = text ? calloc(1, sizeof(*a)) : NULL;
	uv_buf_t buf;
	int error;

	if (!a) {
		free(text);
		return ENOMEM;
	}
	a->text = text;
	buf = uv_buf_init(text, (unsigned)strlen(text));
	error = -uv_write(&a->request, (uv_stream_t *)&c->pipe, &buf, 1, written);
	if (error == 0)
		return 0;
	free(text);
	free(a);
	return error;
}

static void handle_lines(struct cp_admin_client *c);

static void answered(struct cp_admin_asker *asker, char *text)
{
	struct cp_admin_client *c =
		(struct cp_admin_client *)((char *)asker - offsetof(struct cp_admin_client, asker));

	c->pending = false;
	if (send_text(c, text) != 0)
		drop(c);
	else if (!c->asking) /* otherwise handle_lines() is the caller and continues */
		handle_lines(c);
}

static void alloc_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct cp_admin_client *c = (struct cp_admin_client *)handle;

	*buf = uv_buf_init(c->line + c->used, (unsigned)(sizeof(c->line) - c->used));
}

/*
 * Handles complete lines until a command has to wait for its answer. Drops the client if a line is
 * too long, or if more than 1 MiB of answers is unread.
 */
static void handle_lines(struct cp_admin_client *c)
{
	const char *end;

	while (!c->pending && (end = memchr(c->line, '\n', c->used))) {
		size_t len = (size_t)(end - c->line);

		if (uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe) > 1 << 20) {
			drop(c);
			return;
		}
		c->pending = c->asking = true;
		cp_admin_serve(c->admin->view, c->line, len, &c->asker);
		c->asking = false;
		if (uv_is_closing((uv_handle_t *)&c->pipe))
			return;
		explicit_bzero(c->line, len);
		c->used -= len + 1;
		memmove(c->line, end + 1, c->used);
	}
	if (c->used == sizeof(c->line))
		drop(c);
}

static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct cp_admin_client *c = (struct cp_admin_client *)stream;

	if (n < 0) {
		drop(c);
		return;
	}
	c->used += (size_t)n;
	handle_lines(c);
}

/* True if the client runs as root or as the user of this process (SO_PEERCRED). */
static bool allowed(const uv_pipe_t *pipe)
{
	static struct sh_log_limit refused = {.event = "admin-refused", .per_second = SH_LOG_REFUSALS};
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd;

	if (uv_fileno((const uv_handle_t *)pipe, &fd) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	sh_log_limited(&refused, SH_LOG_WARN, "admin-refused uid=%u pid=%d", peer.uid, peer.pid);
	return false;
}

static void connection(uv_stream_t *listener, int status);

static void refused(uv_handle_t *handle)
{
	struct cp_admin *a = handle->data;
	bool more = a->more_waits;

	a->refusing = a->more_waits = false;
	if (more && !uv_is_closing((uv_handle_t *)&a->listener))
		connection((uv_stream_t *)&a->listener, 0);
}

/*
 * Without memory for a client: accepts the connection and closes it. libuv listens no more while a
 * connection that it has announced is not accepted.
 */
static void refuse(struct cp_admin *a)
{
	if (a->refusing) {
		a->more_waits = true;
		return;
	}
	if (uv_pipe_init(a->listener.loop, &a->refused, 0) != 0)
		return;
	a->refusing = true;
	a->refused.data = a;
	(void)uv_accept((uv_stream_t *)&a->listener, (uv_stream_t *)&a->refused);
	uv_close((uv_handle_t *)&a->refused, refused);
}

static void connection(uv_stream_t *listener, int status)
{
	struct cp_admin *a = listener->data;
	struct cp_admin_client *c;

	if (status != 0)
		return;
	c = calloc(1, sizeof(*c));
	if (!c) {
		refuse(a);
		return;
	}
	c->admin = a;
	c->asker.answer = answered;
	if (uv_pipe_init(listener->loop, &c->pipe, 0) != 0) {
		free(c);
		return;
	}
	c->next = a->first;
	a->first = c;
	a->clients++;
	if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 || a->clients > CP_ADMIN_CLIENTS_MAX ||
		!allowed(&c->pipe) || uv_read_start((uv_stream_t *)&c->pipe, alloc_buffer, received) != 0)
		drop(c);
}

/* --- the socket --------------------------------------------------------------------------- */

/*
 * Removes a socket that a dead process left behind: connecting to it is refused. 0, or errno with
 * the operator's message in `err`: another process listens on it, for example.
 */
static int clear_path(const char *path, char *err, size_t err_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(err, err_size, "run_dir: \"%s\" is too long for a socket's name", path);
		return ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		error = errno;
		snprintf(err, err_size, "%s: %s", path, strerror(error));
		return error;
	}
	error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
	close(fd);
	if (error == 0 || error == EAGAIN) {
		snprintf(err, err_size, "another control plane is running: it answers on %s", path);
		return EADDRINUSE;
	}
	if (error == ECONNREFUSED)
		unlink(path);
	return 0;
}

/* A directory of its own: this process can remove the socket when it may not write to run_dir. */
static int open_directory(struct cp_admin *a, const char *run_dir, char *err, size_t err_size)
{
	int error = 0;

	snprintf(a->path, sizeof(a->path), "%s/control", run_dir);
	if (mkdir(a->path, 0700) < 0 && errno != EEXIST)
		error = errno;
	a->dir = error == 0 ? open(a->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (error == 0 && a->dir < 0)
		error = errno;
	if (error != 0)
		snprintf(err, err_size, "run_dir: %s: %s", a->path, strerror(error));
	snprintf(a->path, sizeof(a->path), "%s/control/socket", run_dir);
	return error;
}

int cp_admin_give(const struct cp_admin *a, uid_t uid, gid_t gid)
{
	if (fchownat(a->dir, "socket", uid, gid, AT_SYMLINK_NOFOLLOW) != 0 || fchown(a->dir, uid, gid) != 0)
		return errno;
	return 0;
}

int cp_admin_start(struct cp_admin *a, uv_loop_t *loop, const struct cp_view *view, const char *run_dir,
	char *err, size_t err_size)
{
	mode_t mask;
	int error;

	memset(a, 0, sizeof(*a));
	a->view = view;
	error = open_directory(a, run_dir, err, err_size);
	if (error == 0)
		error = clear_path(a->path, err, err_size);
	if (error != 0)
		return error;
	error = -uv_pipe_init(loop, &a->listener, 0); /* libuv's errors are negative errnos */
	if (error == 0) {
		a->listener.data = a;
		mask = umask(0177);
		error = -uv_pipe_bind(&a->listener, a->path);
		umask(mask);
		if (error == 0)
			error = -uv_listen((uv_stream_t *)&a->listener, 16, connection);
		if (error != 0)
			uv_close((uv_handle_t *)&a->listener, NULL);
	}
	if (error != 0)
		snprintf(err, err_size, "%s: %s", a->path, uv_strerror(-error));
	return error;
}

void cp_admin_stop(struct cp_admin *a)
{
	while (a->first)
		drop(a->first);
	uv_close((uv_handle_t *)&a->listener, NULL);
	/* By the descriptor: this process may not be able to enter the parents any more. */
	unlinkat(a->dir, "socket", 0);
	close(a->dir);
	*strrchr(a->path, '/') = '\0';
	(void)rmdir(a->path); /* works where this process may write to run_dir */
}
