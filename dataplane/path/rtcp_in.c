/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Authenticates and decrypts RTCP, and has it processed (path/rtcp.h). The packets end here. Those
 * of a burst are authenticated in groups, because each has a key of its own, which takes most of
 * the time (srtp/gcm_each.h).
 */

#include <errno.h>
#include <stddef.h>

#include <rte_prefetch.h>

#include "dataplane/path/capture.h"
#include "dataplane/path/punt.h"
#include "dataplane/path/rtcp.h"
#include "dataplane/path/stages.h"
#include "dataplane/rtp/rtcp.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/forgery.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

enum { GROUP = DP_SRTP_RTCP_GROUP }; /* datagrams that are authenticated together */

/* The reason to drop a packet that dp_srtp_unprotect_rtcp_burst() rejected with this errno. */
static enum sh_drop drop_reason(int error)
{
	switch (error) {
	case EBADMSG:
		return SH_DROP_SRTCP_AUTH;
	case EALREADY:
		return SH_DROP_SRTCP_REPLAY;
	case ENOSPC:
		return SH_DROP_SRTP_SSRC_LIMIT;
	default:
		return SH_DROP_RTCP_MALFORMED;
	}
}

/*
 * Whether the datagram is to be authenticated. Otherwise d->reason is why it is dropped, or on a
 * transport without SRTP, where it is validated here, SH_DROP_COUNT.
 */
static bool is_protected(struct dp_datagram *d)
{
	const struct dp_meta *meta = dp_meta(d->m);
	struct dp_worker *w = d->w;
	struct dp_transport *t = d->t;

	d->reason = SH_DROP_COUNT;
	if (dp_transport_unprotected(t)) {
		if (!dp_rtcp_valid(d->data, d->len))
			d->reason = SH_DROP_RTCP_MALFORMED;
		else if (meta->tuple == DP_TUPLE_STRANGER && !dp_datagram_names_consumer(d))
			d->reason = SH_DROP_UNKNOWN_TUPLE;
		else
			dp_transport_accepted(w, t, meta, false);
		return false;
	}
	if (!t->in)
		d->reason = SH_DROP_NO_KEYS;
	else if (dp_suspected(w, t) &&
		 !dp_worth_authenticating(w, dp_srtp_resembles(w->engine, t->in, d->data, d->len, true)))
		d->reason = SH_DROP_FORGED_RATE;
	return d->reason == SH_DROP_COUNT;
}

/* The datagram was authenticated and decrypted, or `error` is why it was not. */
static void authenticated(struct dp_datagram *d, int error)
{
	const struct dp_meta *meta = dp_meta(d->m);

	if (error == EBADMSG && !dp_is_from_elsewhere(meta))
		dp_not_authentic(d->w, d->t);
	if (error) {
		d->reason = drop_reason(error);
		return;
	}
	dp_transport_accepted(d->w, d->t, meta, false);
	d->reason = dp_rtcp_valid(d->data, d->len) ? SH_DROP_COUNT : SH_DROP_RTCP_MALFORMED;
}

/* Datagrams of different transports that are to be authenticated together. */
struct group {
	struct dp_srtp_rtcp packet[GROUP];
	struct dp_datagram *of[GROUP];
	unsigned count;
};

static void authenticate(struct dp_worker *w, struct group *g)
{
	dp_srtp_unprotect_rtcp_burst(w->engine, g->packet, g->count);
	for (unsigned i = 0; i < g->count; i++) {
		g->of[i]->len = g->packet[i].len;
		authenticated(g->of[i], g->packet[i].error);
	}
	g->count = 0;
}

static bool has(const struct group *g, const struct dp_transport *t)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->of[i]->t == t)
			return true;
	return false;
}

/*
 * Authenticates and decrypts the datagrams in place; d->reason says of each whether it is dropped.
 * Whether a transport's datagram is looked at at all depends on what became of the one before it,
 * so that two of one transport are never in a group.
 */
static void unprotect(struct dp_worker *w, struct dp_datagram *d, unsigned n)
{
	struct group g = {.count = 0};

	for (unsigned i = 0; i < n; i++) {
		if (has(&g, d[i].t))
			authenticate(w, &g);
		if (!is_protected(&d[i]))
			continue;
		g.packet[g.count] =
			(struct dp_srtp_rtcp){.session = d[i].t->in, .pkt = d[i].data, .len = d[i].len};
		g.of[g.count++] = &d[i];
	}
	authenticate(w, &g);
}

static void process(struct dp_datagram *d)
{
	struct dp_worker *w = d->w;
	struct dp_meta *meta = dp_meta(d->m);

	if (d->reason == SH_DROP_COUNT && meta->tuple == DP_TUPLE_MOVED)
		dp_punt_moved(w, d->m);
	d->selected = meta->tuple == d->t->selected;
	/* Not before it is authenticated: nobody else can use up the budget of a peer. */
	if (d->reason == SH_DROP_COUNT && !dp_budget_take(&d->t->rtcp_budget_ns, w->now_ns, w->rtcp_cost_ns))
		d->reason = SH_DROP_RTCP_RATE;
	if (d->reason != SH_DROP_COUNT) {
		dp_drop(w, d->m, d->reason);
		return;
	}
	dp_datagram_process(d);
	rte_pktmbuf_free(d->m);
}

/* --- prefetching ---------------------------------------------------------------------------- */

static void prefetch(const void *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0((const char *)from + at);
}

/* What is needed of the transport itself; its first lines were prefetched by dp_classify(). */
static void prefetch_transport(const struct dp_transport *t, uint8_t tuple)
{
	size_t from = offsetof(struct dp_transport, id) + 2 * RTE_CACHE_LINE_SIZE;

	prefetch((const char *)t + from, offsetof(struct dp_transport, next_twcc_ns) - from);
	if (tuple < SH_MAX_TUPLES)
		rte_prefetch0(&t->tuple[tuple].seen_ns);
}

/* What is behind the transport's pointers: its keys, its first consumer, and what adapts it. */
static void prefetch_viewer(const struct dp_worker *w, const struct dp_transport *t)
{
	dp_srtp_prefetch_rtcp(w->engine, t->in);
	if (!t->consumers)
		return;
	prefetch(t->consumers, sizeof(*t->consumers));
	rte_prefetch0(dp_adaptation_of(w, t));
}

static void prefetch_selection(const struct dp_transport *t)
{
	if (t->consumers && t->consumers->selection)
		prefetch(t->consumers->selection, sizeof(struct dp_selection));
}

static void process_group(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp_capture *c = dp_capture_of(w);
	struct dp_datagram d[GROUP];

	for (unsigned i = 0; i < n; i++) {
		struct dp_meta *meta = dp_meta(pkts[i]);

		prefetch_selection(meta->transport);
		d[i] = (struct dp_datagram){.w = w,
			.m = pkts[i],
			.t = meta->transport,
			.data = rte_pktmbuf_mtod_offset(pkts[i], uint8_t *, meta->payload_offset),
			.len = meta->payload_len};
	}
	unprotect(w, d, n);
	if (unlikely(c) && c->plain)
		for (unsigned i = 0; i < n; i++)
			if (d[i].reason == SH_DROP_COUNT)
				dp_capture_decrypted(c, d[i].m, d[i].len);
	for (unsigned i = 0; i < n; i++)
		process(&d[i]);
}

/*
 * The viewers who report at a time have nothing in common, so nothing that they need is in a cache
 * near the core. Each step follows pointers that the step before it has fetched meanwhile for
 * another group of packets.
 */
void dp_rtcp_in(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned group = 0; n && group < n + 2 * GROUP; group += GROUP) {
		for (unsigned i = group; i < RTE_MIN(group + GROUP, n); i++)
			prefetch_transport(dp_meta(pkts[i])->transport, dp_meta(pkts[i])->tuple);
		for (unsigned i = group - GROUP; i < RTE_MIN(group, n); i++)
			prefetch_viewer(w, dp_meta(pkts[i])->transport);
		if (group >= 2 * GROUP)
			process_group(w, pkts + group - 2 * GROUP,
				RTE_MIN(n - (group - 2 * GROUP), (unsigned)GROUP));
	}
}
