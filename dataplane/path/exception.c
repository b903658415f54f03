/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passes frames that are not Spate's to the kernel's interface of their port, and sends the
 * kernel's. Media comes first: a frame costs a worker one copy, copies have a budget, rings are
 * bounded, and nothing of the kernel's is sent while the queue before the device has no room for
 * packets to viewers.
 */

#include "dataplane/path/exception.h"

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/device/exception.h"
#include "dataplane/device/ports.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/*
 * How far a budget may be ahead of its rate. With a second's worth, a burst of the kernel's would
 * fill the device's queue before media.
 */
#define AHEAD_NS (2 * DP_MS)

/* Whether a packet with this cost fits the budget, of which it is then a part. */
static bool take(uint64_t *full_ns, uint64_t now_ns, uint64_t cost_ns)
{
	uint64_t full = RTE_MAX(*full_ns, now_ns) + cost_ns;

	if (full > now_ns + AHEAD_NS)
		return false;
	*full_ns = full;
	return true;
}

/* Only for these reasons is a frame somebody else's. The others are of frames that are broken. */
static bool for_kernel(enum sh_drop reason)
{
	return reason == SH_DROP_ETH_TYPE || reason == SH_DROP_NOT_OURS || reason == SH_DROP_IP_PROTO ||
	       reason == SH_DROP_IP_FRAGMENT || reason == SH_DROP_UDP_PORT;
}

/* Returns SH_DROP_COUNT, or why the kernel does not get the frame. */
static enum sh_drop copy(struct dp_worker *w, const struct dp_port *port, const struct rte_mbuf *m)
{
	struct dp_exception *x = port->exception;
	struct dp_exception_ring *r = &x->out[w->id];
	struct dp_exception_frame *e;

	if (m->data_len > x->room)
		return SH_DROP_KERNEL_REFUSED;
	if (!take(&w->to_kernel_ns, w->now_ns, w->kernel_cost_ns))
		return SH_DROP_KERNEL_RATE;
	e = dp_exception_room(r);
	if (!e)
		return SH_DROP_KERNEL_FULL;
	e->len = m->data_len;
	e->partial = port->rx_udp_sum &&
		     (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
	memcpy(e->data, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	dp_exception_push(r);
	w->stats->to_kernel++;
	return SH_DROP_COUNT;
}

void dp_exception_out(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	enum sh_drop reason)
{
	if (port->exception && for_kernel(reason))
		reason = copy(w, port, m);
	if (reason != SH_DROP_COUNT)
		dp_drop(w, m, reason);
	else
		rte_pktmbuf_free(m);
}

void dp_exception_copy(struct dp_worker *w, const struct dp_port *port, const struct rte_mbuf *m)
{
	enum sh_drop reason = port->exception ? copy(w, port, m) : SH_DROP_COUNT;

	if (reason != SH_DROP_COUNT)
		dp_drop(w, NULL, reason);
}

/* Sends a copy of the frame. Its checksums are complete: the TAP offers the kernel no offloads. */
static void send_frame(struct dp_worker *w, uint16_t port_id, const struct dp_exception_frame *e)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	char *data;

	if (!m) {
		dp_drop(w, NULL, SH_DROP_NO_MBUF);
		return;
	}
	data = rte_pktmbuf_append(m, e->len);
	if (!data) {
		dp_drop(w, m, SH_DROP_TOO_LONG);
		return;
	}
	memcpy(data, e->data, e->len);
	dp_tx(w, port_id, m);
	w->stats->from_kernel++;
}

static unsigned send_burst(struct dp_worker *w, const struct dp_port *port)
{
	struct dp_exception *x = port->exception;
	const struct dp_exception_frame *e;
	uint64_t refused = atomic_load_explicit(&x->refused, memory_order_relaxed);
	unsigned n = 0;

	/* Counted by the thread, which has no page of the statistics. */
	for (; x->counted < refused; x->counted++)
		dp_drop(w, NULL, SH_DROP_KERNEL_REFUSED);
	if (dp_tx_room(w, port->id) == 0)
		return 0;
	while (n < DP_BURST && (e = dp_exception_oldest(&x->in)) &&
		take(&w->from_kernel_ns, w->now_ns, w->kernel_cost_ns)) {
		send_frame(w, port->id, e);
		dp_exception_pop(&x->in);
		n++;
	}
	return n;
}

unsigned dp_exception_in(struct dp_worker *w)
{
	unsigned n = 0;

	if (w->id != 0)
		return 0;
	for (unsigned i = 0; i < w->ports->count; i++)
		if (unlikely(w->ports->port[i].exception))
			n += send_burst(w, &w->ports->port[i]);
	return n;
}
