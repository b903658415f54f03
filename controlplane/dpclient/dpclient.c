/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dpclient/dpclient.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controlplane/dpclient/deletions.h"
#include "controlplane/dpclient/hello.h"
#include "controlplane/dpclient/layout.h"
#include "controlplane/dpclient/requests.h"

enum {
	EVENTS_A_ROUND = 4096, /* per wake-up; then the loop serves its other handles */
	PUNTS_A_ROUND = 512, /* per wake-up and worker */
	OBJECTS_A_ROUND = 64, /* per wake-up: each may become a room with a peer */
	REASON_MAX = 176,
};

enum state {
	WAITING, /* until the next attempt to connect */
	GREETING, /* HELLO is sent; the reply is awaited */
	READY,
	BROKEN, /* the timer is about to end the connection */
};

struct cp_dp {
	uv_loop_t *loop;
	const struct cp_dp_events *events;
	void *arg;
	char *path;
	enum state state;
	uint64_t retry_ms;
	char refused[REASON_MAX]; /* last reason that `refused` was called with */
	const char *broken; /* BROKEN: why */

	uv_timer_t timer; /* WAITING: next attempt; GREETING: time limit; BROKEN: at once */
	uv_prepare_t kick; /* runs once, before the loop sleeps: wakes the data plane */
	unsigned holders; /* the two handles above and the callers of cp_dp_hold */

	int socket, wake, event;
	uv_poll_t *socket_poll, *event_poll; /* each frees itself when closed */
	struct cp_dp_layout layout;
	const void *stats;
	size_t stats_size;
	struct cp_dp_info info;
	struct cp_dp_requests requests;
	struct cp_dp_deletions deletions; /* for which `requests` has no room */
	struct cp_dp_counters counters;

	struct {
		bool wanted; /* HAND_OVER was sent, and not refused */
		bool asked; /* it is in the ring: no command follows it */
		bool waiting; /* the data plane has handed over, and the next one has not taken over yet */
		bool sent; /* the memory was sent to it */
		bool both; /* this process ends, too: the next data plane may be of another version */
		uint64_t deadline_ms; /* for connecting, on the loop's clock */
		int fd; /* the memory; -1: none, or it was sent */
		void *memory; /* mapped, because this process's memory is locked; NULL: none */
		size_t size;
		const void *stats; /* statistics of the one that has ended; NULL: none */
		size_t stats_size;
		cp_dp_done *done;
		void *arg;
	} restart;
};

static void send_kept(struct cp_dp *c);
static void push_requests(struct cp_dp *c);
static bool drain_events(struct cp_dp *c);
static void on_timer(uv_timer_t *timer);
static void on_kick(uv_prepare_t *kick);
static void on_socket(uv_poll_t *poll, int status, int events);
static void on_event(uv_poll_t *poll, int status, int events);

/* --- the connection's handles ------------------------------------------------------------ */

static void free_handle(uv_handle_t *h)
{
	free(h);
}

/*
 * Allocates a poll handle for each descriptor, because libuv needs an iteration of the loop to
 * close one. NULL on failure.
 */
static uv_poll_t *watch(struct cp_dp *c, int fd, uv_poll_cb callback)
{
	uv_poll_t *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	if (uv_poll_init(c->loop, p, fd)) {
		free(p);
		return NULL;
	}
	p->data = c;
	uv_poll_start(p, UV_READABLE, callback); /* EOF and errors make it readable */
	return p;
}

static void unwatch(uv_poll_t **p)
{
	if (*p)
		uv_close((uv_handle_t *)*p, free_handle);
	*p = NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Releases everything of one connection. Rings are never attached a second time. */
static void disconnect(struct cp_dp *c)
{
	unwatch(&c->socket_poll);
	unwatch(&c->event_poll);
	uv_prepare_stop(&c->kick);
	close_fd(&c->socket);
	close_fd(&c->wake);
	close_fd(&c->event);
	cp_dp_layout_unmap(&c->layout);
	if (c->stats)
		munmap((void *)(uintptr_t)c->stats, c->stats_size);
	c->stats = NULL;
	c->state = WAITING;
}

/* Lets go of what the data plane that has ended has left. */
static void forget_left(struct cp_dp *c)
{
	close_fd(&c->restart.fd);
	if (c->restart.memory)
		munmap(c->restart.memory, c->restart.size);
	if (c->restart.stats)
		munmap((void *)(uintptr_t)c->restart.stats, c->restart.stats_size);
	c->restart.memory = NULL;
	c->restart.stats = NULL;
	c->restart.wanted = c->restart.asked = c->restart.waiting = c->restart.sent = false;
}

/* The data plane, and what it knew, is lost. */
static void fail_all(struct cp_dp *c, const char *reason)
{
	c->state = BROKEN; /* keeps completions from sending */
	c->restart.wanted = c->restart.asked = c->restart.waiting = false;
	cp_dp_requests_fail(&c->requests, ECONNRESET);
	cp_dp_deletions_fail(&c->deletions, ECONNRESET);
	c->events->lost(c->arg, reason);
}

/* No data plane goes on with what was handed over. */
static void give_up(struct cp_dp *c, const char *reason)
{
	char why[REASON_MAX + 64];

	snprintf(why, sizeof(why), "no data plane has taken over: %s", reason);
	fail_all(c, why);
	forget_left(c);
	c->state = WAITING;
}

static void retry_later(struct cp_dp *c)
{
	if (c->restart.waiting) {
		uv_timer_start(&c->timer, on_timer, CP_DP_RESUME_RETRY_MS, 0);
		return;
	}
	uv_timer_start(&c->timer, on_timer, c->retry_ms, 0);
	c->retry_ms = c->retry_ms * 2 < CP_DP_RETRY_MAX_MS ? c->retry_ms * 2 : CP_DP_RETRY_MAX_MS;
}

/* An attempt to connect failed. Reports the reason if it is a new one, and tries again later. */
static void refuse(struct cp_dp *c, const char *reason)
{
	/* In a planned restart nobody answers for a while. */
	bool news = !c->restart.waiting && strncmp(c->refused, reason, sizeof(c->refused) - 1) != 0;

	snprintf(c->refused, sizeof(c->refused), "%s", reason);
	disconnect(c);
	if (c->restart.waiting && (c->restart.sent || uv_now(c->loop) >= c->restart.deadline_ms))
		give_up(c, c->refused);
	retry_later(c);
	if (news)
		c->events->refused(c->arg, c->refused);
}

static void lose(struct cp_dp *c, const char *reason)
{
	fail_all(c, reason);
	disconnect(c);
	retry_later(c);
}

/* Ends the connection from the timer, for callers from which no callback may run. */
static void lose_soon(struct cp_dp *c, const char *reason)
{
	c->state = BROKEN;
	c->broken = reason;
	uv_timer_start(&c->timer, on_timer, 0, 0);
}

/* --- connecting ------------------------------------------------------------------------------ */

/* Whether the next data plane gets the memory in a message that every version understands. */
static bool bringing(const struct cp_dp *c)
{
	return c->restart.waiting && c->restart.both;
}

static void greet(struct cp_dp *c)
{
	char reason[REASON_MAX];
	int fd = bringing(c) ? cp_dp_bring_send(c->path, c->restart.fd)
			     : cp_dp_hello_send(c->path, c->restart.fd);

	if (fd >= 0) {
		c->restart.sent |= c->restart.fd >= 0;
		close_fd(&c->restart.fd); /* nobody gets it a second time */
		c->socket = fd;
		c->state = GREETING;
		c->socket_poll = watch(c, fd, on_socket);
		if (c->socket_poll)
			uv_timer_start(&c->timer, on_timer,
				c->restart.waiting ? CP_DP_RESUME_HELLO_MS : CP_DP_HELLO_MS, 0);
		else
			refuse(c, "out of memory");
		return;
	}
	snprintf(reason, sizeof(reason), "cannot connect: %s", strerror(-fd));
	refuse(c, reason);
}

static void on_timer(uv_timer_t *timer)
{
	struct cp_dp *c = timer->data;

	if (c->state == WAITING)
		greet(c);
	else if (c->state == GREETING)
		refuse(c, "no answer to HELLO");
	else if (c->state == BROKEN)
		lose(c, c->broken);
}

static void take_info(struct cp_dp *c, const struct sh_hello_reply *r)
{
	c->info = (struct cp_dp_info){
		.instance = r->instance,
		.workers = r->workers,
		.udp_port_base = r->udp_port_base,
		.udp_port_last = r->udp_port_last,
		.addr_count = r->addr_count,
	};
	memcpy(c->info.addr, r->addr, r->addr_count * sizeof(r->addr[0]));
}

static const char *set_up(struct cp_dp *c, const struct sh_hello_reply *r, int fd[CP_DP_FDS])
{
	const char *wrong = cp_dp_reply_check(r);

	if (!wrong)
		wrong = cp_dp_layout_map(&c->layout, r, fd[CP_DP_FD_RINGS]);
	if (wrong)
		return wrong;
	c->stats = cp_dp_stats_map(fd[CP_DP_FD_STATS], &c->stats_size);
	if (!c->stats)
		return "the statistics are not what this version knows";
	c->wake = fd[CP_DP_FD_WAKE];
	c->event = fd[CP_DP_FD_EVENT];
	fd[CP_DP_FD_WAKE] = fd[CP_DP_FD_EVENT] = -1;
	fcntl(c->event, F_SETFL, O_NONBLOCK);
	c->event_poll = watch(c, c->event, on_event);
	if (!c->event_poll)
		return "the event descriptor cannot be watched";
	take_info(c, r);
	return NULL;
}

/* Another data plane is connected. If it goes on for the one before, commands go on, too. */
static void announce(struct cp_dp *c, uint64_t instance)
{
	bool waiting = c->restart.waiting;

	if (waiting && c->info.instance != instance)
		fail_all(c, "the next data plane has not taken over");
	c->state = READY;
	if (waiting && c->info.instance == instance)
		c->events->resumed(c->arg, &c->info);
	else
		c->events->connected(c->arg, &c->info);
	forget_left(c);
	send_kept(c);
	push_requests(c);
}

static void greeted(struct cp_dp *c)
{
	uint64_t instance = c->info.instance;
	struct sh_hello_reply r;
	int fd[CP_DP_FDS];
	const char *wrong = cp_dp_hello_receive(c->socket, &r, fd);

	if (!wrong)
		wrong = set_up(c, &r, fd);
	for (int i = 0; i < CP_DP_FDS; i++)
		close_fd(&fd[i]); /* the mappings stay; set_up() replaced those it keeps by -1 */
	if (wrong) {
		refuse(c, wrong);
		return;
	}
	uv_timer_stop(&c->timer);
	c->retry_ms = CP_DP_RETRY_MS;
	c->refused[0] = '\0';
	announce(c, instance);
}

/* The next data plane has answered whether it goes on. From here on this client does nothing more. */
static void brought(struct cp_dp *c)
{
	char reason[REASON_MAX];
	int error = cp_dp_bring_receive(c->socket, reason, sizeof(reason));

	if (error == -EAGAIN || error == -EINTR)
		return;
	if (error < 0) {
		refuse(c, "the next data plane hung up");
		return;
	}
	uv_timer_stop(&c->timer);
	disconnect(c);
	c->events->brought(c->arg, error ? reason : NULL);
}

/* Takes what the data plane leaves, which ends now. NULL, or why that is not possible. */
static const char *take_left(struct cp_dp *c, int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return "what the data plane has handed over cannot be mapped";
	madvise(memory, size, MADV_DONTDUMP);
	while (drain_events(c)) /* acknowledgements */
		;
	c->restart.memory = memory;
	c->restart.size = size;
	c->restart.fd = fd;
	c->restart.stats = c->stats;
	c->restart.stats_size = c->stats_size;
	c->stats = NULL;
	c->restart.waiting = true;
	c->restart.deadline_ms = uv_now(c->loop) + CP_DP_RESUME_MS;
	disconnect(c);
	retry_later(c);
	return NULL;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct cp_dp *c = poll->data;
	const char *wrong;
	size_t size;
	int fd;

	if (c->state == GREETING) {
		if (status)
			refuse(c, "the data plane hung up");
		else if (bringing(c))
			brought(c);
		else
			greeted(c);
		return;
	}
	if (c->state != READY)
		return;
	fd = cp_dp_hand_over_receive(c->socket, &size);
	if (fd == -EAGAIN && !status)
		return;
	wrong = fd == -EPROTO ? "the data plane sent something after HELLO" : "the data plane is gone";
	if (fd >= 0 && c->restart.asked)
		wrong = take_left(c, fd, size);
	else if (fd >= 0)
		wrong = "the data plane handed over, and nobody has asked it to";
	if (!wrong)
		return;
	if (fd >= 0)
		close(fd);
	lose(c, wrong);
}

/* --- sending ------------------------------------------------------------------------------------ */

static void on_kick(uv_prepare_t *kick)
{
	struct cp_dp *c = kick->data;
	const uint64_t one = 1;

	uv_prepare_stop(kick);
	/* EAGAIN: the counter is full, so the data plane was woken already. */
	if (c->wake >= 0 && write(c->wake, &one, sizeof(one)) < 0 && errno != EAGAIN && c->state == READY)
		lose_soon(c, "the data plane cannot be woken");
}

static void push_requests(struct cp_dp *c)
{
	const struct sh_cmd *cmd;

	while (c->state == READY && !c->restart.asked && (cmd = cp_dp_requests_peek(&c->requests))) {
		int n = sh_ring_push(&c->layout.cmd, cmd);

		if (n < 0)
			lose_soon(c, "the command ring is broken");
		if (n <= 0)
			return; /* full: on_event() continues when commands are acknowledged */
		c->restart.asked = cmd->op == SH_OP_HAND_OVER;
		cp_dp_requests_pushed(&c->requests);
		uv_prepare_start(&c->kick, on_kick);
	}
}

/* Moves deletions that were kept to the queue of commands, as far as that has room. */
static void send_kept(struct cp_dp *c)
{
	const struct cp_dp_deletion *d;

	while ((d = cp_dp_deletions_peek(&c->deletions))) {
		struct sh_cmd cmd = {.op = d->op, .id = d->id};

		if (cp_dp_requests_add(&c->requests, &cmd, d->done, d->arg) != 0)
			return;
		cp_dp_deletions_pop(&c->deletions);
		c->counters.commands++;
	}
}

/* Keeps a deletion for later. 0 or ENOBUFS. */
static int keep(struct cp_dp *c, const struct sh_cmd *cmd, cp_dp_done *done, void *arg)
{
	int error = cp_dp_deletions_add(&c->deletions, cmd, done, arg);

	if (error == 0)
		c->counters.deletions_kept++;
	return error;
}

int cp_dp_send(struct cp_dp *c, struct sh_cmd *cmd, cp_dp_done *done, void *arg)
{
	bool deletion = cp_dp_is_deletion(cmd);
	int error;

	if (c->state != READY && !c->restart.waiting)
		return ENOTCONN;
	if (deletion && cp_dp_deletions_peek(&c->deletions)) /* they stay in order */
		return keep(c, cmd, done, arg);
	error = cp_dp_requests_add(&c->requests, cmd, done, arg);
	if (error && deletion)
		return keep(c, cmd, done, arg);
	if (error)
		return error;
	c->counters.commands++;
	push_requests(c);
	return 0;
}

int cp_dp_inject(struct cp_dp *c, const struct sh_path *path, const void *data, size_t len)
{
	struct sh_packet p;
	uint32_t worker;
	int n;

	if (c->restart.waiting)
		return ENOBUFS;
	if (c->state != READY)
		return ENOTCONN;
	if (len == 0 || len > SH_DATAGRAM_MAX)
		return EMSGSIZE;
	worker = (uint32_t)path->local.port - c->info.udp_port_base;
	if (path->local.port < c->info.udp_port_base || worker >= c->info.workers)
		return EINVAL;
	memset(&p, 0, sizeof(p));
	p.path = *path;
	p.len = (uint16_t)len;
	p.worker = (uint16_t)worker;
	memcpy(p.data, data, len);
	n = sh_ring_push(&c->layout.inject[worker], &p);
	if (n < 0) {
		lose_soon(c, "an inject ring is broken");
		return ENOTCONN;
	}
	if (n == 0) {
		c->counters.inject_full++;
		return ENOBUFS;
	}
	c->counters.injected++;
	uv_prepare_start(&c->kick, on_kick);
	return 0;
}

/* HAND_OVER is answered. If it was refused, commands go on. */
static void on_hand_over(void *arg, int error)
{
	struct cp_dp *c = arg;

	if (error)
		c->restart.wanted = c->restart.asked = false;
	c->restart.done(c->restart.arg, error);
	push_requests(c);
}

int cp_dp_restart(struct cp_dp *c, bool both, cp_dp_done *done, void *arg)
{
	struct sh_cmd cmd = {.op = SH_OP_HAND_OVER};
	int error;

	if (cp_dp_restarting(c))
		return EALREADY;
	if (c->state != READY)
		return ENOTCONN;
	c->restart.done = done;
	c->restart.arg = arg;
	c->restart.both = both;
	c->restart.wanted = true;
	error = cp_dp_send(c, &cmd, on_hand_over, c);
	c->restart.wanted = !error;
	return error;
}

bool cp_dp_restarting(const struct cp_dp *c)
{
	return c->restart.wanted || c->restart.waiting;
}

/* --- receiving ------------------------------------------------------------------------------------ */

static void take_event(struct cp_dp *c, const struct sh_event *e)
{
	if (e->kind != SH_EV_ACK) {
		c->counters.events++;
		c->events->event(c->arg, e);
		return;
	}
	if (cp_dp_requests_answer(&c->requests, e->seq, e->error < 0 ? EPROTO : e->error))
		c->counters.acks++;
	else
		c->counters.acks_unknown++;
}

/* True if more events may be in the ring. */
static bool drain_events(struct cp_dp *c)
{
	struct sh_event e;

	for (int i = 0; i < EVENTS_A_ROUND; i++) {
		int n = sh_ring_pop(&c->layout.event, &e);

		if (n < 0)
			lose_soon(c, "the event ring is broken");
		if (n <= 0)
			return false;
		take_event(c, &e);
		if (c->state != READY)
			return false;
	}
	return true;
}

static bool punt_good(const struct cp_dp *c, const struct sh_packet *p)
{
	uint32_t worker = (uint32_t)p->path.local.port - c->info.udp_port_base;

	return p->len > 0 && p->len <= SH_DATAGRAM_MAX && worker < c->info.workers &&
	       (p->path.remote.family == 4 || p->path.remote.family == 6) &&
	       p->path.local.family == p->path.remote.family;
}

/* True if more packets may be in the ring. */
static bool drain_punts(struct cp_dp *c, uint32_t worker)
{
	struct sh_packet p;

	for (int i = 0; i < PUNTS_A_ROUND; i++) {
		int n = sh_ring_pop(&c->layout.punt[worker], &p);

		if (n < 0)
			lose_soon(c, "a punt ring is broken");
		if (n <= 0)
			return false;
		if (!punt_good(c, &p)) {
			c->counters.punts_bad++;
			continue;
		}
		c->counters.punts++;
		c->events->punt(c->arg, &p);
		if (c->state != READY)
			return false;
	}
	return true;
}

/*
 * Validates what does not depend on the object's kind. A record that fails is passed on as one
 * without a blob, so that nobody relies on it and it is counted.
 */
static void check_object(struct sh_object *o)
{
	if (o->kind > SH_OBJECT_CONSUMER || o->size > SH_BLOB_MAX || o->mid_len > SH_MID_MAX)
		o->version = o->size = 0;
	if (o->mid_len > SH_MID_MAX)
		o->mid_len = 0;
}

/* True if more records of a list may be in the ring. */
static bool drain_objects(struct cp_dp *c)
{
	struct sh_object o;

	for (int i = 0; i < OBJECTS_A_ROUND; i++) {
		int n = sh_ring_pop(&c->layout.object, &o);

		if (n < 0)
			lose_soon(c, "the object ring is broken");
		if (n <= 0)
			return false;
		check_object(&o);
		c->events->object(c->arg, &o);
		if (c->state != READY)
			return false;
	}
	return true;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct cp_dp *c = poll->data;
	const uint64_t again = 1;
	uint64_t count;
	bool more;

	if (c->state != READY)
		return;
	/*
	 * Reset the counter before reading the rings: a record that is added afterwards wakes us
	 * again.
	 */
	if (read(c->event, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR) {
		lose(c, "the event descriptor cannot be read");
		return;
	}
	more = drain_events(c);
	for (uint32_t w = 0; w < c->info.workers && c->state == READY; w++)
		more |= drain_punts(c, w);
	if (c->state == READY)
		more |= drain_objects(c);
	if (c->state == READY)
		send_kept(c);
	push_requests(c);
	if (more && c->state == READY && write(c->event, &again, sizeof(again)) < 0)
		lose_soon(c, "the event descriptor cannot be written");
}

/* --- life ------------------------------------------------------------------------------------------ */

int cp_dp_create(struct cp_dp **out, uv_loop_t *loop, const char *path, const struct cp_dp_events *events,
	void *arg)
{
	struct cp_dp *c = calloc(1, sizeof(*c));

	if (!c)
		return ENOMEM;
	c->path = strdup(path);
	if (!c->path || cp_dp_requests_init(&c->requests, 1)) {
		free(c->path);
		free(c);
		return ENOMEM;
	}
	c->loop = loop;
	c->events = events;
	c->arg = arg;
	c->socket = c->wake = c->event = c->restart.fd = -1;
	c->retry_ms = CP_DP_RETRY_MS;
	uv_timer_init(loop, &c->timer);
	uv_prepare_init(loop, &c->kick);
	c->timer.data = c;
	c->kick.data = c;
	c->holders = 2;
	uv_timer_start(&c->timer, on_timer, 0, 0);
	*out = c;
	return 0;
}

void cp_dp_hold(struct cp_dp *c)
{
	c->holders++;
}

void cp_dp_release(struct cp_dp *c)
{
	if (--c->holders)
		return;
	cp_dp_requests_free(&c->requests);
	free(c->path);
	free(c);
}

static void on_closed(uv_handle_t *h)
{
	cp_dp_release(h->data);
}

void cp_dp_destroy(struct cp_dp *c)
{
	if (uv_is_active((uv_handle_t *)&c->kick)) /* the rings may hold close_notify datagrams */
		on_kick(&c->kick);
	c->state = BROKEN;
	cp_dp_requests_fail(&c->requests, ECANCELED);
	cp_dp_deletions_fail(&c->deletions, ECANCELED);
	disconnect(c);
	forget_left(c);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	uv_close((uv_handle_t *)&c->kick, on_closed);
}

const struct cp_dp_info *cp_dp_get_info(const struct cp_dp *c)
{
	return c->state == READY || c->restart.waiting ? &c->info : NULL;
}

const void *cp_dp_stats(const struct cp_dp *c, size_t *size)
{
	*size = c->stats ? c->stats_size : c->restart.stats ? c->restart.stats_size : 0;
	return c->stats ? c->stats : c->restart.stats;
}

const struct cp_dp_counters *cp_dp_get_counters(const struct cp_dp *c)
{
	return &c->counters;
}
