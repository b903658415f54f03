/* SPDX-License-Identifier: Apache-2.0 */

/* The test as a control plane: HELLO, commands, events, packets, statistics. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stage/harness.h"
#include "tests/stage/restart.h"

struct sh_hello stage_hello_record(void)
{
	return (struct sh_hello){
		.magic = SH_ABI_MAGIC,
		.version = SH_ABI_VERSION,
		.client = SH_CLIENT_CONTROL,
		.cmd_size = sizeof(struct sh_cmd),
		.event_size = sizeof(struct sh_event),
		.packet_size = sizeof(struct sh_packet),
		.stats_version = SH_STATS_VERSION,
		.object_size = sizeof(struct sh_object),
	};
}

static int connect_once(const struct stage *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/run/dataplane.sock", s->dir);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool stage_reachable(const struct stage *s)
{
	int fd = connect_once(s);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The socket is there before the program is ready; it answers when it is. */
int stage_connect(struct stage *s)
{
	uint64_t end = stage_ms() + 10000;
	int fd;

	while ((fd = connect_once(s)) < 0) {
		int status;

		if (s->pid && waitpid(s->pid, &status, WNOHANG) == s->pid) {
			char *log = stage_log(s);

			s->pid = 0;
			fputs(log, stderr);
			free(log);
			stage_die("the data plane did not start");
		}
		if (stage_ms() > end)
			stage_die("the data plane does not answer");
		stage_sleep(10);
	}
	return fd;
}

static ssize_t receive(int fd, struct sh_hello_reply *r, int *fds, unsigned *count)
{
	union {
		char room[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = {.iov_base = r, .iov_len = sizeof(*r)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct cmsghdr *c;
	ssize_t n;

	if (poll(&p, 1, 10000) != 1)
		return -1;
	n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	*count = 0;
	c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_type == SCM_RIGHTS) {
		*count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), *count * sizeof(int));
	}
	return n;
}

static struct sh_ring ring_at(const struct stage *s, uint32_t offset, uint32_t slots, uint32_t record)
{
	return (struct sh_ring){.ring = (struct rte_ring *)(void *)((char *)s->map + offset),
		.slots = slots,
		.record = record};
}

static void attach(struct stage *s, const int *fds)
{
	const struct sh_hello_reply *h = &s->hello;
	char err[200];

	s->map = mmap(NULL, h->size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (s->map == MAP_FAILED)
		stage_die("the rings cannot be mapped: %s", strerror(errno));
	close(fds[0]);
	s->wake_data = fds[1];
	s->wake_control = fds[2];
	s->cmd = ring_at(s, h->cmd_offset, h->cmd_count, sizeof(struct sh_cmd));
	s->event = ring_at(s, h->event_offset, h->event_count, sizeof(struct sh_event));
	s->object = ring_at(s, h->object_offset, h->object_count, sizeof(struct sh_object));
	for (unsigned i = 0; i < h->workers; i++) {
		s->punt[i] = ring_at(s, h->punt_offset[i], h->punt_count, sizeof(struct sh_packet));
		s->inject[i] = ring_at(s, h->inject_offset[i], h->inject_count, sizeof(struct sh_packet));
	}
	if (!s->stats.map && sh_stats_map(&s->stats, fds[3], err, sizeof(err)) != 0)
		stage_die("statistics: %s", err);
	close(fds[3]);
}

int stage_left = -1;

static ssize_t send_hello(int fd, const struct sh_hello *h, size_t len)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec io = {.iov_base = (void *)(uintptr_t)h, .iov_len = len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (stage_left >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &stage_left, sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

int stage_hello_with(struct stage *s, const struct sh_hello *h, size_t len)
{
	struct sh_hello_reply reply;
	unsigned count = 0;
	int fds[4], fd = stage_connect(s);

	if (send_hello(fd, h, len) != (ssize_t)len)
		stage_die("HELLO cannot be sent");
	if (receive(fd, &reply, fds, &count) != (ssize_t)sizeof(reply))
		stage_die("HELLO is not answered");
	if (reply.error) {
		if (count)
			stage_die("a refused HELLO brought %u descriptors", count);
		s->hello = reply;
		close(fd);
		return reply.error;
	}
	if (count != 4)
		stage_die("HELLO's answer brought %u descriptors, not 4", count);
	s->hello = reply;
	s->socket = fd;
	attach(s, fds);
	return 0;
}

int stage_hello(struct stage *s)
{
	struct sh_hello h = stage_hello_record();

	return stage_hello_with(s, &h, sizeof(h));
}

void stage_leave(struct stage *s)
{
	if (s->socket < 0)
		return;
	close(s->socket);
	close(s->wake_data);
	close(s->wake_control);
	munmap(s->map, s->hello.size);
	sh_stats_unmap(&s->stats);
	s->socket = s->wake_data = s->wake_control = -1;
}

/* --- commands and events ------------------------------------------------------------------ */

static void push(const struct sh_ring *r, const void *record)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;
	int done;

	while ((done = sh_ring_push(r, record)) == 0 && stage_ms() < end)
		stage_sleep(1);
	if (done != 1)
		stage_die("a ring is full or broken");
}

static bool pop(const struct sh_ring *r, void *record, unsigned ms)
{
	uint64_t end = stage_ms() + ms;
	int done;

	while ((done = sh_ring_pop(r, record)) == 0 && stage_ms() < end)
		stage_sleep(1);
	if (done == SH_RING_BROKEN)
		stage_die("a ring is broken");
	return done == 1;
}

uint32_t stage_send(struct stage *s, struct sh_cmd cmd)
{
	cmd.seq = ++s->seq;
	push(&s->cmd, &cmd);
	eventfd_write(s->wake_data, 1);
	return cmd.seq;
}

int stage_ack(struct stage *s, uint32_t seq)
{
	struct sh_event e;

	while (pop(&s->event, &e, STAGE_WAIT_MS))
		if (e.kind == SH_EV_ACK && e.seq == seq)
			return e.error;
	stage_die("command %u was not answered", seq);
}

int stage_cmd(struct stage *s, struct sh_cmd cmd)
{
	return stage_ack(s, stage_send(s, cmd));
}

bool stage_event(struct stage *s, enum sh_event_kind kind, struct sh_event *out)
{
	while (pop(&s->event, out, STAGE_WAIT_MS))
		if (out->kind == kind)
			return true;
	return false;
}

bool stage_object(struct stage *s, struct sh_object *out)
{
	return pop(&s->object, out, STAGE_WAIT_MS);
}

bool stage_punt(struct stage *s, unsigned worker, struct sh_packet *out, unsigned ms)
{
	return pop(&s->punt[worker], out, ms);
}

void stage_inject(struct stage *s, unsigned worker, const struct sh_packet *p)
{
	push(&s->inject[worker], p);
}

/* --- statistics ---------------------------------------------------------------------------- */

uint64_t stage_sum(const struct stage *s, size_t offset)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->stats.workers; i++)
		sum += *(const volatile uint64_t *)(const void *)((const char *)sh_stats_worker(&s->stats,
									  i) +
								  offset);
	return sum;
}

uint64_t stage_drops(const struct stage *s, enum sh_drop reason)
{
	return stage_sum(s, offsetof(struct sh_worker_stats, drop) + sizeof(uint64_t) * reason);
}

struct sh_latency stage_latency(const struct stage *s)
{
	struct sh_latency sum = {.sum_ns = 0}, one;

	for (uint32_t i = 0; i < s->stats.workers; i++) {
		sh_latency_read(&sh_stats_worker(&s->stats, i)->latency, &one);
		sh_latency_merge(&sum, &one);
	}
	return sum;
}

bool stage_wait(const struct stage *s, size_t offset, uint64_t value)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (stage_sum(s, offset) < value) {
		if (stage_ms() > end)
			return false;
		stage_sleep(2);
	}
	return true;
}
