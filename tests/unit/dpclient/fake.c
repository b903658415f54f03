/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dpclient/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_ring.h>

#include "shared/stats.h"

void fake_start(struct fake *f, uint32_t workers)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memset(f, 0, sizeof(*f));
	f->workers = workers;
	f->instance = 1;
	f->left = f->connection = f->memory_fd = f->wake = f->event = f->stats_fd = -1;
	f->fds_to_send = 4;
	strcpy(f->dir, "/tmp/spate-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/dataplane.sock", f->dir);
	strcpy(a.sun_path, f->path);
	f->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->listener, 1), 0);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void fake_hang_up(struct fake *f)
{
	close_fd(&f->connection);
	close_fd(&f->memory_fd);
	close_fd(&f->wake);
	close_fd(&f->event);
	close_fd(&f->stats_fd);
	if (f->memory)
		munmap(f->memory, f->memory_size);
	f->memory = NULL;
}

void fake_stop(struct fake *f)
{
	fake_hang_up(f);
	close_fd(&f->listener);
	close_fd(&f->left);
	unlink(f->path);
	rmdir(f->dir);
}

/* --- HELLO ------------------------------------------------------------------------------ */

static int sealed(const char *name, uint64_t size, bool unsealed)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	if (!unsealed)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return fd;
}

static uint32_t place(struct fake *f, uint32_t count, uint32_t record)
{
	uint32_t at = (uint32_t)f->reply.size;

	f->reply.size += (sizeof(struct rte_ring) + (uint64_t)count * record + 63) & ~(uint64_t)63;
	return at;
}

static struct sh_ring ring(struct fake *f, uint32_t offset, uint32_t count, uint32_t record)
{
	struct rte_ring *r = (struct rte_ring *)((char *)f->memory + offset);

	assert_int_equal(rte_ring_init(r, "test", count, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return (struct sh_ring){.ring = r, .slots = count, .record = record};
}

static void lay_out(struct fake *f)
{
	struct sh_hello_reply *r = &f->reply;

	*r = (struct sh_hello_reply){
		.magic = SH_ABI_MAGIC,
		.version = SH_ABI_VERSION,
		.workers = f->workers,
		.instance = f->instance,
		.cmd_count = FAKE_CMDS,
		.event_count = FAKE_EVENTS,
		.object_count = FAKE_OBJECTS,
		.punt_count = FAKE_PACKETS,
		.inject_count = FAKE_PACKETS,
		.udp_port_base = FAKE_PORT,
		.udp_port_last = FAKE_PORT + 200,
		.addr_count = 2,
		.addr = {{.family = 4, .ip = {10, 99, 0, 2}}, {.family = 6, .ip = {0xfd, 0x99, [15] = 2}}},
	};
	r->cmd_offset = place(f, FAKE_CMDS, sizeof(struct sh_cmd));
	r->event_offset = place(f, FAKE_EVENTS, sizeof(struct sh_event));
	r->object_offset = place(f, FAKE_OBJECTS, sizeof(struct sh_object));
	for (uint32_t i = 0; i < f->workers; i++) {
		r->punt_offset[i] = place(f, FAKE_PACKETS, sizeof(struct sh_packet));
		r->inject_offset[i] = place(f, FAKE_PACKETS, sizeof(struct sh_packet));
	}
}

static void make_memory(struct fake *f)
{
	struct sh_hello_reply *r = &f->reply;

	f->memory_fd = sealed("rings", r->size, f->unsealed);
	f->memory_size = r->size; /* a test may spoil the answer's afterwards */
	f->memory = mmap(NULL, f->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->memory_fd, 0);
	assert_ptr_not_equal(f->memory, MAP_FAILED);
	f->cmd = ring(f, r->cmd_offset, FAKE_CMDS, sizeof(struct sh_cmd));
	f->ev = ring(f, r->event_offset, FAKE_EVENTS, sizeof(struct sh_event));
	f->object = ring(f, r->object_offset, FAKE_OBJECTS, sizeof(struct sh_object));
	for (uint32_t i = 0; i < f->workers; i++) {
		f->punt[i] = ring(f, r->punt_offset[i], FAKE_PACKETS, sizeof(struct sh_packet));
		f->inject[i] = ring(f, r->inject_offset[i], FAKE_PACKETS, sizeof(struct sh_packet));
	}
	f->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->stats_fd = sealed("stats", 4096, false);
	assert_int_equal(pwrite(f->stats_fd,
				 &(struct sh_stats_header){
					 .magic = SH_STATS_MAGIC, .version = SH_STATS_VERSION},
				 sizeof(struct sh_stats_header), 0),
		sizeof(struct sh_stats_header));
}

static void answer(struct fake *f)
{
	int fd[4] = {f->memory_fd, f->wake, f->event, f->stats_fd};
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(fd))];
	} control = {0};
	char longer[sizeof(f->reply) + 64] = "";
	size_t len = f->reply_size ? f->reply_size : sizeof(f->reply);
	struct iovec io = {.iov_base = longer, .iov_len = len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	assert_true(len <= sizeof(longer));
	memcpy(longer, &f->reply, sizeof(f->reply));
	if (f->fds_to_send) {
		struct cmsghdr *c;

		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE((size_t)f->fds_to_send * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)f->fds_to_send * sizeof(int));
		memcpy(CMSG_DATA(c), fd, (size_t)f->fds_to_send * sizeof(int));
	}
	assert_int_equal(sendmsg(f->connection, &m, MSG_NOSIGNAL), len);
}

/* Another version than this build's, which changes nothing. */
static void answer_bring(struct fake *f)
{
	struct sh_brought r = {.magic = SH_ABI_MAGIC, .version = SH_ABI_VERSION + 1, .error = f->bring_error};

	f->reply.error = f->bring_error;
	strcpy(r.reason, f->bring_error ? "it has format 1" : "");
	if (f->bring_as_hello)
		assert_int_equal(send(f->connection, &f->reply, sizeof(f->reply), MSG_NOSIGNAL),
			sizeof(f->reply));
	else
		assert_int_equal(send(f->connection, &r, sizeof(r), MSG_NOSIGNAL), sizeof(r));
}

static void receive_hello(struct fake *f)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = {.iov_base = &f->hello, .iov_len = sizeof(f->hello)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	const struct cmsghdr *c;
	ssize_t len;

	if (f->left >= 0)
		close(f->left);
	f->left = -1;
	f->bring = (struct sh_bring){.client = 0};
	len = recvmsg(f->connection, &m, MSG_CMSG_CLOEXEC);
	if (len == (ssize_t)sizeof(f->bring))
		memcpy(&f->bring, &f->hello, sizeof(f->bring));
	else
		assert_int_equal(len, sizeof(f->hello));
	c = CMSG_FIRSTHDR(&m);
	if (c)
		memcpy(&f->left, CMSG_DATA(c), sizeof(int));
}

void fake_hand_over(struct fake *f, int fd)
{
	struct sh_hand_over r = {.magic = SH_ABI_MAGIC, .version = SH_ABI_VERSION, .size = 4096};
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec io = {.iov_base = &r, .iov_len = sizeof(r)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	assert_int_equal(sendmsg(f->connection, &m, MSG_NOSIGNAL), sizeof(r));
}

bool fake_accept(struct fake *f)
{
	int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	fake_hang_up(f);
	f->connection = fd;
	receive_hello(f);
	if (f->silent) {
		close(fd);
		f->connection = -1;
		return false;
	}
	lay_out(f);
	if (f->bring.client) {
		answer_bring(f);
		return true;
	}
	make_memory(f);
	if (f->spoil)
		f->spoil(f);
	answer(f);
	return true;
}

/* --- traffic --------------------------------------------------------------------------------- */

void fake_wake(struct fake *f)
{
	assert_int_equal(eventfd_write(f->event, 1), 0);
}

bool fake_take(struct fake *f, struct sh_cmd *cmd)
{
	int n = sh_ring_pop(&f->cmd, cmd);

	assert_true(n >= 0);
	return n == 1;
}

static void put_event(struct fake *f, const struct sh_event *e)
{
	assert_int_equal(sh_ring_push(&f->ev, e), 1);
	fake_wake(f);
}

void fake_ack(struct fake *f, uint32_t seq, int error)
{
	put_event(f, &(struct sh_event){.kind = SH_EV_ACK, .seq = seq, .error = error});
}

void fake_tell(struct fake *f, enum sh_event_kind kind, sh_id id)
{
	put_event(f, &(struct sh_event){.kind = kind, .id = id});
}

void fake_punt(struct fake *f, uint32_t worker, const struct sh_packet *p)
{
	assert_int_equal(sh_ring_push(&f->punt[worker], p), 1);
	fake_wake(f);
}

void fake_list(struct fake *f, const struct sh_object *o)
{
	assert_int_equal(sh_ring_push(&f->object, o), 1);
	fake_wake(f);
}

bool fake_injected(struct fake *f, uint32_t worker, struct sh_packet *p)
{
	return f->memory && sh_ring_pop(&f->inject[worker], p) == 1;
}

uint64_t fake_kicks(struct fake *f)
{
	eventfd_t n = 0;

	return eventfd_read(f->wake, &n) ? 0 : n;
}

/* --- the loop ---------------------------------------------------------------------------------- */

static void on_alarm(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

static bool run(uv_loop_t *loop, unsigned ms, bool (*done)(void *arg), void *arg)
{
	bool late = false, ok;
	uv_timer_t alarm;

	uv_timer_init(loop, &alarm);
	alarm.data = &late;
	uv_timer_start(&alarm, on_alarm, ms, 0);
	while (!(ok = done && done(arg)) && !late) {
		uv_run(loop, UV_RUN_NOWAIT);
		usleep(100);
	}
	uv_close((uv_handle_t *)&alarm, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	return ok;
}

void fake_run_until(uv_loop_t *loop, bool (*done)(void *arg), void *arg)
{
	assert_true(run(loop, 3000, done, arg));
}

void fake_run_for(uv_loop_t *loop, unsigned ms)
{
	run(loop, ms, NULL, NULL);
}
