/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/privileges/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "shared/privileges/capabilities.h"

enum {
	CERTIFICATE,
	KEY,
	AUTH_KEY,
	ADMIN_TOKEN,
	HOOK_SECRET,
	CA_FILE,
	CLUSTER_CA,
	CLUSTER_CERTIFICATE,
	CLUSTER_KEY,
	REDIS_PASSWORD,
	CONFIG,
	KEY_DIR,
	FILES,
	REREAD = FILES,
	TIMEOUT_S = 2,
	SOCKET = 3
};

/* A request to the process: a path of the configuration, or a file in auth.key_dir. */
struct question {
	uint8_t which; /* index in `paths`; REREAD: read the configuration's paths again */
	char name[NAME_MAX + 1]; /* of the file in the directory; "": none */
};

static const char *paths[FILES]; /* of the configuration, which outlives the process's use */
static int opener = -1; /* socket to the process that opens files */

void cp_key_files_use(const struct sh_config *c)
{
	paths[CERTIFICATE] = c->tls.certificate;
	paths[KEY] = c->tls.key;
	paths[AUTH_KEY] = c->auth.key_file;
	paths[ADMIN_TOKEN] = c->admin.token_file;
	paths[HOOK_SECRET] = c->hooks.secret_file;
	paths[CA_FILE] = c->outgoing.ca_file;
	paths[CLUSTER_CA] = c->cluster.ca;
	paths[CLUSTER_CERTIFICATE] = c->cluster.certificate;
	paths[CLUSTER_KEY] = c->cluster.key;
	paths[REDIS_PASSWORD] = c->cluster.redis_password_file;
	paths[KEY_DIR] = c->auth.key_dir;
}

/* --- the process that opens files ------------------------------------------------------------ */

/* Sends the descriptor, or the errno in its place. */
static bool send_answer(int fd, int error)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec io = {.iov_base = &error, .iov_len = sizeof(error)};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c;

		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(SOCKET, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(error);
}

/* Writes the path that was asked for. False: the question is not one that is answered. */
static bool find_path(const struct question *q, char *out, size_t size)
{
	if (q->which >= FILES || paths[q->which][0] == '\0' || !memchr(q->name, '\0', sizeof(q->name)))
		return false;
	if (q->name[0] == '\0')
		return snprintf(out, size, "%s", paths[q->which]) < (int)size;
	if (q->which != KEY_DIR || q->name[0] == '.' || strchr(q->name, '/'))
		return false;
	return snprintf(out, size, "%s/%s", paths[KEY_DIR], q->name) < (int)size;
}

/* Paths come from the configuration's file alone, which whoever asks cannot write. 0 or errno. */
static int reread(void)
{
	static struct sh_config kept, fresh;
	char err[256];

	sh_config_defaults(&fresh);
	if (paths[CONFIG][0] == '\0' || sh_config_load(&fresh, paths[CONFIG], err, sizeof(err)) != 0)
		return EINVAL;
	kept = fresh;
	cp_key_files_use(&kept);
	return 0;
}

static void serve(void)
{
	char path[SH_PATH_MAX + NAME_MAX + 2];
	struct question q;

	while (recv(SOCKET, &q, sizeof(q), 0) == (ssize_t)sizeof(q)) {
		int fd = -1, error = EINVAL;
		bool sent;

		if (q.which == REREAD) {
			error = reread();
		} else if (find_path(&q, path, sizeof(path))) {
			/* A FIFO must not stop this process. */
			fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
			error = fd >= 0 ? 0 : errno;
		}
		sent = send_answer(fd, error);
		if (fd >= 0)
			close(fd);
		if (!sent)
			return;
	}
}

/* Keeps the right to read every file, and nothing else. */
static bool keep_reading_right(const struct sh_user *user)
{
	uint64_t right = sh_capabilities_permitted() & SH_CAP_DAC_READ_SEARCH;

	if (!right)
		right = SH_CAP_DAC_OVERRIDE; /* some containers have this one only */
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setgroups(0, NULL) == 0 &&
	       setresgid(user->gid, user->gid, user->gid) == 0 &&
	       setresuid(user->uid, user->uid, user->uid) == 0 && sh_capabilities_keep(right) == 0 &&
	       prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static void close_inherited(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	dup2(socket, SOCKET);
	close_range(SOCKET + 1, ~0u, 0);
}

static _Noreturn void run_opener(int socket, const struct sh_user *user)
{
	prctl(PR_SET_NAME, "spate-keys", 0, 0, 0);
	signal(SIGINT, SIG_IGN); /* it ends when the socket closes */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close_inherited(socket);
	if (keep_reading_right(user))
		serve();
	_exit(0);
}

/* True if the configuration names a file of keys, or a directory of such. */
static bool is_needed(void)
{
	for (unsigned i = 0; i < FILES; i++)
		if (i != CONFIG && paths[i][0] != '\0')
			return true;
	return false;
}

int cp_key_files_start(const struct sh_privileges *p, const struct sh_config *c, const char *config_file)
{
	const struct timeval limit = {.tv_sec = TIMEOUT_S};
	int ends[2];
	pid_t pid;

	paths[CONFIG] = config_file ? config_file : "";
	cp_key_files_use(c);
	if (!p->root || !is_needed())
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return errno;
	pid = fork();
	if (pid == 0)
		run_opener(ends[1], &p->user);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return EAGAIN;
	}
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	opener = ends[0];
	return 0;
}

/* --- this process ---------------------------------------------------------------------------- */

/* The descriptor in the answer, or a negative errno. */
static int receive_answer(void)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	int error = 0, fd;
	struct iovec io = {.iov_base = &error, .iov_len = sizeof(error)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	const struct cmsghdr *c;
	ssize_t n = recvmsg(opener, &m, MSG_CMSG_CLOEXEC);

	if (n < 0) { /* an answer that comes late would be taken for the next one */
		error = errno;
		close(opener);
		opener = -1;
		return error == EAGAIN ? -ETIMEDOUT : -error;
	}
	if (n != (ssize_t)sizeof(error))
		return -EACCES; /* that process has ended */
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return error > 0 ? -error : -EACCES;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Fills in `q` for `path`. False: it is no path of the configuration, and in no directory of it. */
static bool ask_for(struct question *q, const char *path)
{
	size_t dir = strlen(paths[KEY_DIR]);

	*q = (struct question){.which = 0};
	for (; q->which < FILES; q->which++)
		if (strcmp(paths[q->which], path) == 0)
			return true;
	q->which = KEY_DIR;
	return dir > 0 && strncmp(path, paths[KEY_DIR], dir) == 0 && path[dir] == '/' &&
	       snprintf(q->name, sizeof(q->name), "%s", path + dir + 1) < (int)sizeof(q->name);
}

int cp_key_files_reread(void)
{
	const struct question q = {.which = REREAD};
	int answer;

	if (opener < 0)
		return 0;
	if (send(opener, &q, sizeof(q), MSG_NOSIGNAL) != (ssize_t)sizeof(q))
		return EACCES;
	answer = receive_answer();
	return answer == -EACCES ? 0 : -answer; /* an answer without a file and without an error */
}

int cp_key_file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = errno;
	struct question q;

	if (fd >= 0)
		return fd;
	if (error != EACCES || opener < 0 || !ask_for(&q, path))
		return -error;
	if (send(opener, &q, sizeof(q), MSG_NOSIGNAL) != (ssize_t)sizeof(q))
		return -EACCES;
	return receive_answer();
}

ssize_t cp_key_file_read(const char *path, char *out, size_t size)
{
	int fd = cp_key_file_open(path);
	ssize_t n;
	size_t len = 0;

	if (fd < 0)
		return fd;
	do {
		n = read(fd, out + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : (ssize_t)len;
}
