/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stage/restart.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int stage_receive_left(struct stage *s)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct sh_hand_over r;
	struct iovec io = {.iov_base = &r, .iov_len = sizeof(r)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct pollfd p = {.fd = s->socket, .events = POLLIN};
	const struct cmsghdr *c;
	int fd;

	if (poll(&p, 1, STAGE_WAIT_MS) != 1)
		stage_die("the data plane neither hands over nor ends");
	if (recvmsg(s->socket, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(r))
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS || r.magic != SH_ABI_MAGIC)
		stage_die("what the data plane says is no hand-over");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

void stage_start_again(struct stage *s)
{
	char run[80], log[80], config[80];
	const char *program = getenv("SPATE_DATAPLANE");
	int fd;

	snprintf(config, sizeof(config), "%s/config.json", s->dir);
	snprintf(run, sizeof(run), "%s/run", s->dir);
	snprintf(log, sizeof(log), "%s/log.txt", s->dir);
	s->pid = fork();
	if (s->pid < 0)
		stage_die("no process");
	if (s->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
	execl(program, program, "--config", config, "--run-dir", run, (char *)NULL);
	_exit(127);
}
