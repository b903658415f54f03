/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/exception.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/device/ports.h"
#include "dataplane/device/tap.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/ip.h"
#include "shared/bytes.h"

enum {
	BURST = 64, /* frames of one ring, or of one TAP, before the next gets its turn */
	SLACK = 64, /* of a slot: Ethernet, a VLAN tag, and more than the MTU, to notice it */
	PROTO_TCP = 6,
	BUSY_ROUNDS = 2000, /* short waits since the last frame, before waits are long */
	SHORT_WAIT_US = 50,
	LONG_WAIT_US = 2000, /* what a first frame may wait for */
};

static pthread_t thread;
static bool running;
static _Atomic bool stop;

/* --- one frame --------------------------------------------------------------------------- */

/*
 * Completes a checksum of which the device has said that the packet was never on a wire (virtio):
 * its sender left that to a device, and a TAP without offloads wants it complete.
 */
static void complete(struct dp_exception_frame *e)
{
	struct dp_frame f;
	struct dp_ip ip;
	size_t at;
	uint16_t sum = 0;

	if (dp_frame_parse(&f, e->data, e->len) != DP_NET_OK || f.type == DP_ETHERTYPE_ARP)
		return;
	if ((f.type == DP_ETHERTYPE_IPV4 ? dp_ipv4_parse(&ip, e->data, e->len, f.offset, false)
					 : dp_ipv6_parse(&ip, e->data, e->len, f.offset)) != DP_NET_OK)
		return;
	if (ip.proto == PROTO_TCP && ip.l4_len >= 20)
		at = ip.l4_offset + 16u;
	else if (ip.proto == DP_PROTO_UDP && ip.l4_len >= 8)
		at = ip.l4_offset + 6u;
	else
		return;
	memcpy(e->data + at, &sum, 2);
	sum = dp_sum_fold(dp_sum(dp_sum_pseudo(ip.family, ip.src, ip.dst, ip.proto, ip.l4_len),
		e->data + ip.l4_offset, ip.l4_len));
	if (sum == 0 && ip.proto == DP_PROTO_UDP)
		sum = 0xffff; /* RFC 768: 0 means that there is none */
	memcpy(e->data + at, &sum, 2);
}

/* --- the thread ---------------------------------------------------------------------------- */

static unsigned to_kernel(struct dp_exception *x, struct dp_exception_ring *r)
{
	struct dp_exception_frame *e;
	unsigned n = 0;

	for (; n < BURST && (e = dp_exception_oldest(r)); n++) {
		if (e->partial)
			complete(e);
		if (write(x->fd, e->data, e->len) != (ssize_t)e->len)
			atomic_fetch_add_explicit(&x->refused, 1, memory_order_relaxed);
		dp_exception_pop(r);
	}
	return n;
}

/* Reads nothing while the ring is full: the kernel then queues, and TCP slows down. */
static unsigned from_kernel(struct dp_exception *x)
{
	struct dp_exception_frame *e;
	unsigned n = 0;

	for (; n < BURST && (e = dp_exception_room(&x->in)); n++) {
		ssize_t len = read(x->fd, e->data, x->room);

		if (len <= 0)
			break;
		e->len = (uint16_t)len;
		dp_exception_push(&x->in);
	}
	return n;
}

/*
 * Waits for a frame of the kernel. A worker does not wake this thread, because that is a system
 * call: while there is traffic, the wait is short.
 */
static void wait(const struct dp_ports *ports, unsigned idle)
{
	const long us = idle < BUSY_ROUNDS ? SHORT_WAIT_US : LONG_WAIT_US;
	const struct timespec limit = {.tv_nsec = us * 1000};
	struct pollfd fds[SH_MAX_PORTS];
	nfds_t n = 0;

	for (unsigned i = 0; i < ports->count; i++) {
		const struct dp_exception *x = ports->port[i].exception;

		if (x && dp_exception_room(&x->in))
			fds[n++] = (struct pollfd){.fd = x->fd, .events = POLLIN};
	}
	(void)ppoll(fds, n, &limit, NULL);
	/* A removed interface reports an error at once: without a sleep the thread would spin. */
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents & (POLLERR | POLLHUP)) {
			nanosleep(&(struct timespec){.tv_nsec = LONG_WAIT_US * 1000}, NULL);
			return;
		}
}

static void *run(void *argument)
{
	struct dp_ports *ports = argument;
	unsigned idle = 0;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		unsigned done = 0;

		for (unsigned i = 0; i < ports->count; i++) {
			struct dp_exception *x = ports->port[i].exception;

			if (!x)
				continue;
			for (unsigned w = 0; w < x->workers; w++)
				done += to_kernel(x, &x->out[w]);
			done += from_kernel(x);
		}
		idle = done ? 0 : RTE_MIN(idle + 1, (unsigned)BUSY_ROUNDS);
		if (!done)
			wait(ports, idle);
	}
	return NULL;
}

/* --- start and end --------------------------------------------------------------------------- */

static bool make_ring(struct dp_exception_ring *r, uint16_t room)
{
	r->slot = RTE_ALIGN_CEIL(sizeof(struct dp_exception_frame) + room, (size_t)RTE_CACHE_LINE_SIZE);
	r->memory = calloc(DP_EXCEPTION_SLOTS, r->slot);
	return r->memory != NULL;
}

static int open_port(struct dp_port *p, unsigned workers, char *err, size_t err_size)
{
	struct dp_exception *x = NULL;
	bool made;

	if (posix_memalign((void **)&x, RTE_CACHE_LINE_SIZE, sizeof(*x)) != 0) {
		snprintf(err, err_size, "no memory");
		return ENOMEM;
	}
	memset(x, 0, sizeof(*x));
	p->exception = x;
	x->fd = -1;
	x->room = (uint16_t)(p->mtu + SLACK);
	x->workers = workers;
	made = make_ring(&x->in, x->room);
	for (unsigned i = 0; i < workers; i++)
		made &= make_ring(&x->out[i], x->room);
	if (!made) {
		snprintf(err, err_size, "no memory for the rings of interface %s",
			p->config->kernel_interface);
		return ENOMEM;
	}
	return dp_tap_open(p->config, p->mac, &x->fd, err, err_size);
}

/* The thread takes no signal: the TAP driver's are for workers, the others for the agent. */
static int start_thread(struct dp_ports *ports)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_store(&stop, false);
	error = pthread_create(&thread, NULL, run, ports);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	running = error == 0;
	if (running)
		pthread_setname_np(thread, "spate-exception");
	return error;
}

int dp_exceptions_start(struct dp_ports *ports, unsigned workers, char *err, size_t err_size)
{
	bool any = false;
	int error = 0;

	for (unsigned i = 0; !error && i < ports->count; i++) {
		if (ports->port[i].config->kernel_interface[0] == '\0')
			continue;
		any = true;
		error = open_port(&ports->port[i], workers, err, err_size);
	}
	if (error || !any)
		return error;
	error = start_thread(ports);
	if (error)
		snprintf(err, err_size, "the exception path's thread cannot be made: %s", strerror(error));
	return error;
}

void dp_exceptions_stop(struct dp_ports *ports)
{
	if (running) {
		atomic_store(&stop, true);
		pthread_join(thread, NULL);
		running = false;
	}
	for (unsigned i = 0; i < ports->count; i++) {
		struct dp_exception *x = ports->port[i].exception;

		if (!x)
			continue;
		if (x->fd >= 0)
			close(x->fd);
		free(x->in.memory);
		for (unsigned w = 0; w < x->workers; w++)
			free(x->out[w].memory);
		free(x);
		ports->port[i].exception = NULL;
	}
}
