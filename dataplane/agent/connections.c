/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/agent/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/blobs.h"
#include "dataplane/agent/bring.h"
#include "dataplane/agent/capture.h"
#include "dataplane/agent/handover.h"
#include "dataplane/device/ports.h"
#include "dataplane/worker/capture.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/worker.h"
#include "shared/hello.h"
#include "shared/log.h"
#include "shared/run_dir.h"

enum { HELLO_WITHIN_MS = 1000, ANSWER_FDS = 4 };

/* --- the listening socket --------------------------------------------------------------- */

/* Whether a process listens at the address. Removes a socket that a killed process has left. */
static bool socket_live(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool live = fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;

	live |= fd >= 0 && errno == EAGAIN;
	if (fd >= 0)
		close(fd);
	if (!live)
		(void)unlink(addr->sun_path);
	return live;
}

/* Lets the control plane's user connect. A data plane without root shares its user with it. */
static int admit_user(const struct dp_agent *a)
{
	if (geteuid() == 0 && chown(a->socket_path, (uid_t)-1, a->control_user.gid) != 0)
		return errno;
	return chmod(a->socket_path, 0660) == 0 ? 0 : errno;
}

int dp_connections_listen(struct dp_agent *a, char *err, size_t err_size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int error;

	for (unsigned i = 0; i < DP_PENDING; i++)
		a->pending[i].fd = -1;
	a->listener = a->spare = -1;
	snprintf(a->socket_path, sizeof(a->socket_path), "%s/dataplane.sock", a->config->run_dir);
	if (strlen(a->socket_path) >= sizeof(addr.sun_path)) {
		snprintf(err, err_size, "run_dir: %s is too long for a socket's name", a->socket_path);
		return ENAMETOOLONG;
	}
	strcpy(addr.sun_path, a->socket_path);
	error = sh_control_user(&a->control_user, a->config, err, err_size);
	if (!error)
		error = sh_run_dir_prepare(a->config->run_dir, &a->control_user, err, err_size);
	if (error)
		return error;
	if (socket_live(&addr)) {
		snprintf(err, err_size, "another spate-dataplane is running: %s answers", a->socket_path);
		return EADDRINUSE;
	}
	a->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->listener < 0 || bind(a->listener, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
		admit_user(a) != 0 || listen(a->listener, DP_PENDING) != 0) {
		error = errno;
		snprintf(err, err_size, "socket %s cannot be made: %s", a->socket_path, strerror(error));
		dp_connections_close(a);
		return error;
	}
	return 0;
}

void dp_connections_close(struct dp_agent *a)
{
	for (unsigned i = 0; i < DP_PENDING; i++) {
		if (a->pending[i].fd >= 0)
			close(a->pending[i].fd);
		a->pending[i].fd = -1;
	}
	if (a->listener < 0)
		return;
	if (a->spare >= 0)
		close(a->spare);
	close(a->listener);
	a->listener = a->spare = -1;
	(void)unlink(a->socket_path);
}

/* --- HELLO -------------------------------------------------------------------------------- */

/* Whether the peer may connect at all. 0, or EPERM with an operator's message in `reason`. */
static int check_peer(const struct dp_agent *a, int fd, uid_t *uid, char *reason, size_t size)
{
	struct ucred peer;
	socklen_t peer_size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) == 0 &&
		(peer.uid == 0 || peer.uid == geteuid() || peer.uid == a->control_user.uid)) {
		*uid = peer.uid;
		return 0;
	}
	snprintf(reason, size, "only root, the data plane's own user and controlplane.user may connect");
	return EPERM;
}

/*
 * Validates a HELLO of a peer that may connect. Returns 0, or the errno of the refusal with an
 * operator's message in `reason`.
 */
static int check_hello(const struct dp_agent *a, uid_t uid, const struct sh_capture_hello *given, ssize_t len,
	char *reason, size_t size)
{
	const struct sh_hello *h = &given->hello;
	bool captures = len == sizeof(*given) && h->client == SH_CLIENT_CAPTURE;

	if (sh_hello_differs(h, (size_t)len, "the data plane", "the client", reason, size))
		return EPROTO;
	if ((len != sizeof(*h) && !captures) || h->magic != SH_ABI_MAGIC) {
		snprintf(reason, size, "this is not a HELLO of Spate");
		return EPROTO;
	}
	if (h->stats_version != SH_STATS_VERSION) {
		snprintf(reason, size,
			"the data plane's statistics have version %u, the client's %u: run both "
			"from one release",
			SH_STATS_VERSION, h->stats_version);
		return EPROTO;
	}
	if (h->cmd_size != sizeof(struct sh_cmd) || h->event_size != sizeof(struct sh_event) ||
		h->packet_size != sizeof(struct sh_packet) || h->object_size != sizeof(struct sh_object)) {
		snprintf(reason, size, "the client's records have other sizes");
		return EPROTO;
	}
	if (captures && given->flags & SH_CAPTURE_PLAIN && uid != 0) {
		snprintf(reason, size, "only root may see packets decrypted");
		return EPERM;
	}
	if (h->client != SH_CLIENT_CONTROL && h->client != SH_CLIENT_STATS && !captures) {
		snprintf(reason, size, "client kind %u is not known", h->client);
		return EPROTO;
	}
	if (h->client == SH_CLIENT_CONTROL && a->control_rings) {
		snprintf(reason, size, "another control plane is connected");
		return EBUSY;
	}
	return 0;
}

/* Fills in the members of the reply to HELLO that describe this process. */
static void describe_process(const struct dp_agent *a, struct sh_hello_reply *r)
{
	const struct dp_ports *ports = &a->workers->ports;

	r->magic = SH_ABI_MAGIC;
	r->version = SH_ABI_VERSION;
	r->workers = a->workers->count;
	r->instance = a->instance;
	r->udp_port_base = a->config->network.udp_port_base;
	r->udp_port_last = a->config->network.udp_port_last;
	for (unsigned i = 0; i < ports->count; i++)
		for (uint32_t k = 0; k < ports->port[i].config->address_count; k++)
			if (r->addr_count < SH_MAX_LOCAL_ADDRS)
				r->addr[r->addr_count++] = ports->port[i].config->address[k].addr;
}

static bool send_reply(int fd, const struct sh_hello_reply *r, const int *fds, unsigned count)
{
	union {
		char room[CMSG_SPACE(ANSWER_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec io = {.iov_base = (void *)(uintptr_t)r, .iov_len = sizeof(*r)};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	if (count) {
		struct cmsghdr *c;

		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*r);
}

/*
 * Attaches a control plane: creates its rings, sends the reply and gives the rings to the workers.
 * 0: takes `fd` over, also if the peer has gone. Otherwise errno, which `r` has too, with the
 * reason.
 */
static int attach(struct dp_agent *a, int fd, struct sh_hello_reply *r)
{
	struct dp_control_rings *c = dp_control_rings_new(a->workers->count);

	if (!c) {
		r->error = errno ? errno : ENOMEM;
		snprintf(r->reason, sizeof(r->reason), "the rings cannot be made: %s", strerror(r->error));
		return r->error;
	}
	dp_control_rings_describe(c, r);
	c->socket = fd;
	if (!send_reply(fd, r, (int[]){c->memfd, c->wake_data, c->wake_control, a->stats->fd}, 4)) {
		dp_control_rings_free(c);
		return 0;
	}
	a->control_rings = c;
	a->generation++;
	a->backlog_head = a->backlog_tail = 0;
	memset(a->woken, 0, sizeof(a->woken));
	for (unsigned i = 0; i < a->workers->count; i++)
		atomic_store_explicit(&a->workers->worker[i]->control_rings, c, memory_order_release);
	sh_log(SH_LOG_INFO, "control-plane-connected");
	return 0;
}

/* Receives a HELLO, and the descriptor that may come with it. *left: -1: none came. */
static ssize_t receive_hello(int fd, struct sh_capture_hello *h, int *left)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = {.iov_base = h, .iov_len = sizeof(*h)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_LEN(sizeof(int))}; /* the kernel closes further ones */
	ssize_t len = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = len > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	*left = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(left, CMSG_DATA(c), sizeof(*left));
	return len;
}

/* Begins a capture. 0: takes `fd` over, also if the peer has gone. Otherwise as attach(). */
static int begin_capture(struct dp_agent *a, int fd, const struct sh_capture_hello *h,
	struct sh_hello_reply *r)
{
	struct dp_capture *c = dp_agent_capture_new(a, h, r);

	if (!c)
		return r->error;
	c->socket = fd;
	if (send_reply(fd, r, &c->memfd, 1))
		dp_agent_capture_begin(a, c);
	else
		dp_capture_free(c);
	return 0;
}

static void handle_hello(struct dp_agent *a, int fd)
{
	static struct sh_log_limit limit = {.event = "hello-refused", .per_second = SH_LOG_REFUSALS};
	struct sh_hello_reply r = {0};
	struct sh_capture_hello h = {0}; /* longer than the HELLO of other clients */
	ssize_t len;
	char why[192];
	uid_t uid = 0;
	int left;

	len = receive_hello(fd, &h, &left);
	if (len <= 0) { /* closed without HELLO: another process probed whether we run */
		close(fd);
		return;
	}
	r.error = check_peer(a, fd, &uid, r.reason, sizeof(r.reason));
	if (r.error == 0 && dp_bring_is(&h, (size_t)len)) {
		dp_bring_answer(a, fd, &h, left);
		if (left >= 0)
			close(left);
		close(fd);
		return;
	}
	if (r.error == 0)
		r.error = check_hello(a, uid, &h, len, r.reason, sizeof(r.reason));
	if (left >= 0 && r.error == 0 && h.hello.client == SH_CLIENT_CONTROL)
		(void)dp_takeover(a, left, why, sizeof(why));
	if (left >= 0)
		close(left);
	describe_process(a, &r);
	if (r.error == 0 && h.hello.client == SH_CLIENT_CONTROL && attach(a, fd, &r) == 0)
		return;
	if (r.error == 0 && h.hello.client == SH_CLIENT_CAPTURE && begin_capture(a, fd, &h, &r) == 0)
		return;
	if (r.error) {
		sh_log_limited(&limit, SH_LOG_WARN, "hello-refused error=%d reason=\"%s\"", r.error,
			r.reason);
		(void)send_reply(fd, &r, NULL, 0);
	} else {
		(void)send_reply(fd, &r, &a->stats->fd, 1);
	}
	close(fd);
}

/* --- the connected control plane ---------------------------------------------------------- */

void dp_connections_detach(struct dp_agent *a, const char *why)
{
	struct dp_control_rings *c = a->control_rings;

	a->control_rings = NULL;
	a->generation++;
	a->backlog_head = a->backlog_tail = 0;
	a->holding = false;
	explicit_bzero(&a->held, sizeof(a->held));
	dp_blobs_detach(a);
	for (unsigned i = 0; i < a->workers->count; i++) {
		struct dp_worker *w = a->workers->worker[i];

		atomic_store(&w->control_rings, NULL);
		c->quiescent[i] = atomic_load(&w->quiescent);
	}
	shutdown(c->socket, SHUT_RDWR);
	c->next = a->detached;
	a->detached = c;
	sh_log(SH_LOG_WARN, "control-plane-gone reason=\"%s\"", why);
}

/*
 * Whether no worker uses detached rings. A worker loads the pointer in each loop, so one that has
 * completed two loops since the detachment cannot hold the old pointer any more.
 */
static bool is_unused(const struct dp_agent *a, const struct dp_control_rings *c)
{
	for (unsigned i = 0; i < c->workers; i++)
		if (atomic_load(&a->workers->worker[i]->quiescent) - c->quiescent[i] < 2)
			return false;
	return true;
}

void dp_connections_reclaim(struct dp_agent *a)
{
	struct dp_control_rings **at = &a->detached;

	while (*at) {
		struct dp_control_rings *c = *at;

		if (is_unused(a, c)) {
			*at = c->next;
			dp_control_rings_free(c);
		} else {
			at = &c->next;
		}
	}
}

/* --- waiting ------------------------------------------------------------------------------ */

/*
 * Where no descriptor is left, the spare one is given up, so that a control plane is told why its
 * HELLO fails. Without it nobody is accepted: connections wait, and poll() would return at once for
 * them again and again.
 */
static int accept_or_spare(struct dp_agent *a)
{
	int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
		return fd;
	close(a->spare);
	a->spare = -1;
	return accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Whether connections are accepted: there is a spare descriptor, or there is one again. */
static bool is_accepting(struct dp_agent *a)
{
	if (a->spare < 0 && a->listener >= 0)
		a->spare = fcntl(a->listener, F_DUPFD_CLOEXEC, 0);
	return a->spare >= 0;
}

static void accept_one(struct dp_agent *a)
{
	int fd = accept_or_spare(a);

	for (unsigned i = 0; fd >= 0 && i < DP_PENDING; i++)
		if (a->pending[i].fd < 0) {
			a->pending[i].fd = fd;
			a->pending[i].deadline_ns = a->now_ns + (uint64_t)HELLO_WITHIN_MS * 1000000;
			return;
		}
	if (fd >= 0)
		close(fd);
}

/* Handles events of the control plane's connection: its wake-ups, and its end. */
static void check_control(struct dp_agent *a, short socket_events, short wake_events)
{
	eventfd_t count;

	if (wake_events & POLLIN)
		(void)eventfd_read(a->control_rings->wake_data, &count);
	if ((socket_events & (POLLIN | POLLHUP | POLLERR)) && sh_connection_ended(a->control_rings->socket))
		dp_connections_detach(a, "it closed the connection");
}

void dp_connections_serve(struct dp_agent *a, int timeout_ms)
{
	struct pollfd p[DP_PENDING + 3];

	for (unsigned i = 0; i < DP_PENDING; i++)
		p[i] = (struct pollfd){.fd = a->pending[i].fd, .events = POLLIN};
	p[DP_PENDING] = (struct pollfd){.fd = is_accepting(a) ? a->listener : -1, .events = POLLIN};
	p[DP_PENDING + 1] =
		(struct pollfd){.fd = a->control_rings ? a->control_rings->socket : -1, .events = POLLIN};
	p[DP_PENDING + 2] =
		(struct pollfd){.fd = a->control_rings ? a->control_rings->wake_data : -1, .events = POLLIN};
	if (poll(p, DP_PENDING + 3, timeout_ms) < 0)
		return;
	a->now_ns = dp_clock_read(CLOCK_MONOTONIC);
	if (a->control_rings)
		check_control(a, p[DP_PENDING + 1].revents, p[DP_PENDING + 2].revents);
	for (unsigned i = 0; i < DP_PENDING; i++) {
		int fd = a->pending[i].fd;

		if (fd < 0 || (p[i].revents == 0 && a->now_ns < a->pending[i].deadline_ns))
			continue;
		a->pending[i].fd = -1;
		if (p[i].revents)
			handle_hello(a, fd);
		else
			close(fd);
	}
	if (p[DP_PENDING].revents & POLLIN)
		accept_one(a);
}
