/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of the statistics memfd, against memfds and a data plane's socket made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/stats_attach.h"
#include "shared/stats_reader.h"

enum { WORKERS = 2, PORTS = 1, TRANSPORTS = 4, PRODUCERS = 2, CONSUMERS = 3, NOTICES = 2 };

struct image {
	struct sh_stats_header h;
	struct sh_worker_stats worker[WORKERS];
	struct sh_port_stats port[PORTS];
	struct sh_transport_stats transport[TRANSPORTS];
	struct sh_producer_stats producer[PRODUCERS];
	struct sh_consumer_stats consumer[CONSUMERS];
	struct sh_notice notice[NOTICES];
};

static void fill(struct image *m)
{
	memset(m, 0, sizeof(*m));
	m->h.magic = SH_STATS_MAGIC;
	m->h.version = SH_STATS_VERSION;
	m->h.instance = 77;
	m->h.workers = WORKERS;
	m->h.ports = PORTS;
	m->h.transports = TRANSPORTS;
	m->h.producers = PRODUCERS;
	m->h.consumers = CONSUMERS;
	m->h.notices = NOTICES;
	m->h.worker_offset = offsetof(struct image, worker);
	m->h.port_offset = offsetof(struct image, port);
	m->h.transport_offset = offsetof(struct image, transport);
	m->h.producer_offset = offsetof(struct image, producer);
	m->h.consumer_offset = offsetof(struct image, consumer);
	m->h.notice_offset = offsetof(struct image, notice);
	m->h.worker_size = sizeof(struct sh_worker_stats);
	m->h.port_size = sizeof(struct sh_port_stats);
	m->h.transport_size = sizeof(struct sh_transport_stats);
	m->h.producer_size = sizeof(struct sh_producer_stats);
	m->h.consumer_size = sizeof(struct sh_consumer_stats);
	m->h.notice_size = sizeof(struct sh_notice);
	m->worker[1].rx_packets = 11;
	m->worker[1].drop[SH_DROP_SRTP_AUTH] = 12;
	strcpy(m->port[0].name, "net_tap0");
	m->transport[2].id = 0x1234;
	m->transport[2].rx_bytes = 21;
	m->producer[1].id = 0x2345;
	m->producer[1].packets = 31;
	m->consumer[0].id = 0x3456;
	m->consumer[0].bytes = 41;
	m->consumer[0].waiting_keyframe = 1;
	memset(m->notice[1].text, 'n', sizeof(m->notice[1].text)); /* without an end */
}

/* A sealed memfd that holds the first `size` bytes of the image; *map: writable, or NULL. */
static int memfd(const struct image *m, size_t size, unsigned seals, struct image **map)
{
	int fd = memfd_create("spate-test-stats", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, m, size), size);
	if (map) {
		*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		assert_true(*map != MAP_FAILED);
	}
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* --- mapping ------------------------------------------------------------------------ */

static void reads_everything(void **state)
{
	struct sh_stats_reader r;
	struct sh_transport_stats t;
	struct sh_producer_stats p;
	struct sh_notice n;
	struct sh_consumer_stats c;
	struct image m, *live;
	char err[128];
	int fd;

	fill(&m);
	fd = memfd(&m, sizeof(m), F_SEAL_SHRINK | F_SEAL_GROW, &live);
	assert_int_equal(sh_stats_map(&r, fd, err, sizeof(err)), 0);
	close(fd);
	assert_int_equal(r.instance, 77);
	assert_int_equal(r.workers, WORKERS);
	assert_int_equal(sh_stats_worker(&r, 1)->rx_packets, 11);
	assert_int_equal(sh_stats_worker(&r, 1)->drop[SH_DROP_SRTP_AUTH], 12);
	assert_string_equal(sh_stats_port(&r, 0)->name, "net_tap0");

	assert_false(sh_stats_transport(&r, 0, &t));
	assert_true(sh_stats_transport(&r, 2, &t));
	assert_int_equal(t.id, 0x1234);
	assert_int_equal(t.rx_bytes, 21);
	assert_true(sh_stats_producer(&r, 1, &p));
	assert_int_equal(p.packets, 31);
	assert_true(sh_stats_consumer(&r, 0, &c));
	assert_int_equal(c.waiting_keyframe, 1);
	assert_int_equal(r.notices, NOTICES);
	assert_false(sh_stats_notice(&r, 0, &n));
	assert_true(sh_stats_notice(&r, 1, &n));
	assert_int_equal(strlen(n.text), sizeof(n.text) - 1);

	live->worker[1].rx_packets = 99; /* it is the page itself, not a copy */
	live->transport[2].id = 0;
	assert_int_equal(sh_stats_worker(&r, 1)->rx_packets, 99);
	assert_false(sh_stats_transport(&r, 2, &t));
	munmap(live, sizeof(m));
	sh_stats_unmap(&r);
	assert_null(r.map);
	sh_stats_unmap(&r);
}

static void finds_by_id(void **state)
{
	struct sh_stats_reader r;
	struct sh_transport_stats t;
	struct sh_producer_stats p;
	struct sh_consumer_stats c;
	uint32_t hint = 1000;
	struct image m;
	char err[128];
	int fd;

	fill(&m);
	fd = memfd(&m, sizeof(m), F_SEAL_SHRINK, NULL);
	assert_int_equal(sh_stats_map(&r, fd, err, sizeof(err)), 0);
	close(fd);
	assert_true(sh_stats_find_transport(&r, 0x1234, &hint, &t));
	assert_int_equal(hint, 2);
	assert_true(sh_stats_find_transport(&r, 0x1234, &hint, &t));
	hint = 3; /* wraps around */
	assert_true(sh_stats_find_transport(&r, 0x1234, &hint, &t));
	assert_int_equal(t.rx_bytes, 21);
	assert_true(sh_stats_find_producer(&r, 0x2345, NULL, &p));
	assert_true(sh_stats_find_consumer(&r, 0x3456, NULL, &c));
	assert_int_equal(c.bytes, 41);
	assert_false(sh_stats_find_transport(&r, 0x1235, &hint, &t));
	assert_false(sh_stats_find_transport(&r, 0, &hint, &t)); /* free slots are nobody's */
	assert_false(sh_stats_find_producer(&r, 0x1234, NULL, &p));
	sh_stats_unmap(&r);
}

static void refused(const struct image *m, size_t size, int error, const char *words)
{
	struct sh_stats_reader r;
	char err[128] = "";
	int fd = memfd(m, size, F_SEAL_SHRINK, NULL);

	assert_int_equal(sh_stats_map(&r, fd, err, sizeof(err)), error);
	assert_string_equal(err, words);
	assert_null(r.map);
	close(fd);
}

static void layouts_that_lie(void **state)
{
	static const char words[] = "the statistics' layout does not add up";
	struct image m;

#define LIE(change, region)                                                                                  \
	do {                                                                                                 \
		char all[100];                                                                               \
		fill(&m);                                                                                    \
		change;                                                                                      \
		snprintf(all, sizeof(all), "%s (%s)", words, region);                                        \
		refused(&m, sizeof(m), EPROTO, all);                                                         \
	} while (0)
	LIE(m.h.worker_size--, "workers");
	LIE(m.h.workers = SH_MAX_WORKERS + 1, "workers");
	LIE(m.h.worker_offset = 0, "workers");
	LIE(m.h.worker_offset++, "workers");
	LIE(m.h.worker_offset = UINT32_MAX - 7, "workers");
	LIE(m.h.ports = UINT32_MAX, "ports");
	LIE(m.h.transports = UINT32_MAX, "transports");
	LIE(m.h.transport_offset = sizeof(m) - 8, "transports");
	LIE(m.h.producers = PRODUCERS + 100, "producers");
	LIE(m.h.producer_size += 8, "producers");
	LIE(m.h.consumers = CONSUMERS + 10, "consumers");
	LIE(m.h.notices = NOTICES + 1, "notices");
	LIE(m.h.consumer_size = 0, "consumers");
	LIE(m.h.notice_size = 128, "notices");
	LIE(m.h.notice_offset = 1 << 30, "notices");
#undef LIE
}

static void not_statistics(void **state)
{
	struct sh_stats_reader r;
	struct image m;
	char err[128];
	int fd;

	fill(&m);
	m.h.magic ^= 1;
	refused(&m, sizeof(m), EPROTO, "what the data plane gave is not statistics");
	fill(&m);
	m.h.version = 11;
	refused(&m, sizeof(m), EPROTO, "statistics of version 11, this program reads 10");
	fill(&m);
	refused(&m, sizeof(m.h) - 1, EPROTO, "the statistics memfd is too short");
	refused(&m, sizeof(m) - 1, EPROTO, "the statistics' layout does not add up (notices)");

	fd = memfd(&m, sizeof(m), F_SEAL_GROW, NULL); /* might shrink */
	assert_int_equal(sh_stats_map(&r, fd, err, sizeof(err)), EINVAL);
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	assert_int_equal(sh_stats_map(&r, fd, err, sizeof(err)), EINVAL);
	close(fd);
	assert_int_equal(sh_stats_map(&r, -1, err, sizeof(err)), EINVAL);
}

static void tick_age(void **state)
{
	struct sh_stats_reader r;
	struct timespec now;
	struct image m;
	char err[128];
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &now);
	fill(&m);
	m.h.tick_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - 5000000000;
	fd = memfd(&m, sizeof(m), F_SEAL_SHRINK, NULL);
	assert_int_equal(sh_stats_map(&r, fd, err, sizeof(err)), 0);
	assert_in_range(sh_stats_tick_age_ms(&r), 5000, 7000);
	close(fd);
	sh_stats_unmap(&r);
}

/* --- attaching ----------------------------------------------------------------------- */

/* A data plane that answers one HELLO. */
struct server {
	char dir[64], path[100];
	int listener;
	pthread_t thread;
	struct sh_hello hello; /* what came */
	struct sh_hello_reply reply;
	uint32_t behind; /* sent with it where reply_len says so */
	size_t reply_len;
	int fds[6], fd_count;
};

static void send_reply(struct server *s, int fd)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(6 * sizeof(int))];
	} control = {0};
	struct iovec iov = {&s->reply, s->reply_len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (s->fd_count > 0) {
		struct cmsghdr *c;

		msg.msg_control = control.data;
		msg.msg_controllen = CMSG_SPACE((size_t)s->fd_count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)s->fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), s->fds, (size_t)s->fd_count * sizeof(int));
	}
	sendmsg(fd, &msg, 0);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL);

	if (recv(fd, &s->hello, sizeof(s->hello), 0) == (ssize_t)sizeof(s->hello) && s->reply_len > 0)
		send_reply(s, fd);
	close(fd);
	return NULL;
}

static void open_server(struct server *s)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	memset(s, 0, sizeof(*s));
	strcpy(s->dir, "spate-test-stats-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/dataplane.sock", s->dir);
	strcpy(sun.sun_path, s->path);
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	s->reply.magic = SH_ABI_MAGIC;
	s->reply.version = SH_ABI_VERSION;
	s->reply_len = sizeof(s->reply);
}

/* Attaches once while the server answers as it was told. */
static int attach(struct server *s, struct sh_stats_reader *r, char *err, size_t err_size)
{
	int error;

	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	error = sh_stats_attach(r, s->dir, err, err_size);
	pthread_join(s->thread, NULL);
	return error;
}

static void close_server(struct server *s)
{
	close(s->listener);
	unlink(s->path);
	rmdir(s->dir);
}

static int open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void attaches(void **state)
{
	int before = open_fds();
	struct sh_stats_reader r;
	struct server s;
	struct image m;
	char err[128];

	open_server(&s);
	fill(&m);
	s.fds[0] = memfd(&m, sizeof(m), F_SEAL_SHRINK, NULL);
	s.fd_count = 1;
	assert_int_equal(attach(&s, &r, err, sizeof(err)), 0);
	assert_int_equal(s.hello.magic, SH_ABI_MAGIC);
	assert_int_equal(s.hello.client, SH_CLIENT_STATS);
	assert_int_equal(s.hello.stats_version, SH_STATS_VERSION);
	assert_int_equal(s.hello.packet_size, sizeof(struct sh_packet));
	assert_int_equal(sh_stats_worker(&r, 1)->rx_packets, 11);
	sh_stats_unmap(&r);
	close(s.fds[0]);
	close_server(&s);
	assert_int_equal(open_fds(), before);
}

static void answers_that_are_wrong(void **state)
{
	int before = open_fds();
	struct sh_stats_reader r;
	struct server s;
	struct image m;
	char err[128];

	open_server(&s);
	s.reply.error = EPROTO;
	memset(s.reply.reason, 'x', sizeof(s.reply.reason)); /* not terminated */
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);
	assert_int_equal(strlen(err), strlen("the data plane refuses: ") + sizeof(s.reply.reason));

	s.reply.error = 0; /* no descriptor */
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);
	assert_string_equal(err, "the data plane answered with 0 descriptors in place of one");

	s.fd_count = 4; /* more than were asked for: none is kept */
	for (int i = 0; i < 6; i++)
		s.fds[i] = s.listener;
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);
	s.fd_count = 6; /* more than there is room for */
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);

	s.fd_count = 1; /* not a memfd */
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EINVAL);

	fill(&m);
	s.fds[0] = memfd(&m, sizeof(m), F_SEAL_SHRINK, NULL);
	s.reply_len += sizeof(s.behind); /* all else is right */
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);
	s.reply_len -= sizeof(s.behind);
	assert_int_equal(attach(&s, &r, err, sizeof(err)), 0);
	sh_stats_unmap(&r);
	close(s.fds[0]);

	s.fd_count = 0;
	s.reply_len--;
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);
	s.reply_len++;
	s.reply.magic ^= 1;
	assert_int_equal(attach(&s, &r, err, sizeof(err)), EPROTO);
	s.reply_len = 0; /* closes at once */
	assert_int_equal(attach(&s, &r, err, sizeof(err)), ECONNRESET);
	close_server(&s);
	assert_int_equal(open_fds(), before);
}

static void nobody_there(void **state)
{
	struct sh_stats_reader r;
	struct server s;
	char err[128], want[128], longer[200];

	open_server(&s);
	close(s.listener);
	assert_int_equal(sh_stats_attach(&r, s.dir, err, sizeof(err)), ECONNREFUSED);
	unlink(s.path);
	assert_int_equal(sh_stats_attach(&r, s.dir, err, sizeof(err)), ENOENT);
	snprintf(want, sizeof(want), "%s: No such file or directory", s.path);
	assert_string_equal(err, want);
	rmdir(s.dir);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(sh_stats_attach(&r, longer, err, sizeof(err)), ENAMETOOLONG);
	assert_null(r.map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(finds_by_id),
		cmocka_unit_test(layouts_that_lie),
		cmocka_unit_test(not_statistics),
		cmocka_unit_test(tick_age),
		cmocka_unit_test(attaches),
		cmocka_unit_test(answers_that_are_wrong),
		cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
