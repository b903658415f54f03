/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/plain_transport.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "dataplane/device/ports.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/neighbour.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/report_event.h"
#include "dataplane/worker/worker.h"

/*
 * After this time without RTP the source may have restarted, with another address and with
 * unrelated sequence numbers.
 */
#define SILENCE_NS 3000000000ull

#define RETRY (1000 * DP_MS) /* interval of requests while the MAC address is not known */
#define RENEW (20000 * DP_MS) /* interval afterwards, because a neighbour may be replaced */

static uint32_t offset_of(const struct dp_worker *w, uint16_t port)
{
	return (uint32_t)port - (w->udp_port - w->id);
}

static bool is_set(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return memcmp(mac, none, sizeof(none)) != 0;
}

static bool same_host(const struct sh_addr *a, const struct sh_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/* --- the transport ------------------------------------------------------------------------- */

void dp_plain_transport_set_l2(struct dp_worker *w, struct dp_transport *t, const struct sh_l2 *l2)
{
	struct dp_tuple *tuple = &t->tuple[0];

	if (t->selected == 0 && memcmp(&tuple->path.l2, l2, sizeof(*l2)) == 0)
		return;
	tuple->path.l2 = *l2;
	t->selected = 0;
	dp_encap_init(w, &t->encap, &tuple->path);
	dp_audience_change_port(w, t);
	dp_transport_refresh(w, t);
}

void dp_plain_transport_solicit(struct dp_worker *w, struct dp_transport *t)
{
	if (w->now_ns < t->next_solicit_ns)
		return;
	t->solicited_ns = w->now_ns;
	/*
	 * Half the interval: housekeeping visits once a second, and the next visit may be a little
	 * early.
	 */
	t->next_solicit_ns = w->now_ns + (t->selected == 0 ? RENEW : RETRY / 2);
	atomic_store_explicit(&w->asked_ns, w->now_ns, memory_order_relaxed);
	dp_neighbour_solicit(w, &t->tuple[0].path);
}

void dp_plain_transport_resolve(struct dp_worker *w, const struct sh_path *path)
{
	for (struct dp_transport *t = w->resolving; t; t = t->next_resolving) {
		const struct sh_path *ours = &t->tuple[0].path;

		if (w->now_ns - t->solicited_ns < DP_NEIGHBOUR_ANSWER_NS && path->l2.port == ours->l2.port &&
			path->l2.vlan == ours->l2.vlan && path->remote.family == ours->remote.family &&
			memcmp(path->remote.ip, ours->remote.ip, sizeof(path->remote.ip)) == 0)
			dp_plain_transport_set_l2(w, t, &path->l2);
	}
}

static void begin_to_resolve(struct dp_worker *w, struct dp_transport *t)
{
	t->resolves = true;
	t->next_resolving = w->resolving;
	w->resolving = t;
}

/*
 * Sets the given remote address and the local address and port towards it. Sets the neighbour's MAC
 * address if it is given; otherwise begins to resolve it.
 */
static int set_address(struct dp_worker *w, struct dp_transport *t, const struct sh_plain *p)
{
	struct sh_path *path = &t->tuple[0].path;

	if (!dp_ports_toward(w->ports, &p->remote, &path->local, &path->l2.port))
		return EADDRNOTAVAIL;
	path->remote = p->remote;
	path->local.port = t->udp_port;
	path->l2.vlan = p->vlan;
	t->tuple_count = 1;
	if (is_set(p->mac)) {
		struct sh_l2 l2 = path->l2;

		memcpy(l2.mac, p->mac, sizeof(l2.mac));
		dp_plain_transport_set_l2(w, t, &l2);
	} else {
		begin_to_resolve(w, t);
		dp_plain_transport_solicit(w, t);
	}
	return 0;
}

int dp_plain_transport_add(struct dp_worker *w, struct dp_transport *t, const struct sh_transport_add *a)
{
	struct dp_transport **place = &w->plain_transports[offset_of(w, a->port)];
	int error;

	if (*place)
		return EADDRINUSE;
	t->udp_port = a->port;
	t->plain_flags = a->flags;
	t->consent_limit_ns = (uint64_t)a->consent_ms * 1000000;
	t->consent_ns = w->now_ns;
	t->learns_address = a->plain.remote.family == 0;
	if (!t->learns_address) {
		error = set_address(w, t, &a->plain);
		if (error) {
			t->udp_port = 0;
			return error;
		}
	}
	*place = t;
	return 0;
}

void dp_plain_transport_del(struct dp_worker *w, struct dp_transport *t)
{
	w->plain_transports[offset_of(w, t->udp_port)] = NULL;
	for (struct dp_transport **at = &w->resolving; *at; at = &(*at)->next_resolving)
		if (*at == t) {
			*at = t->next_resolving;
			break;
		}
}

bool dp_plain_transport_same(const struct dp_transport *t, const struct sh_transport_add *a)
{
	if (t->udp_port != a->port || t->plain_flags != a->flags ||
		t->learns_address != (a->plain.remote.family == 0))
		return false;
	return t->learns_address ||
	       memcmp(&t->tuple[0].path.remote, &a->plain.remote, sizeof(a->plain.remote)) == 0;
}

/* --- received packets ----------------------------------------------------------------------- */

static bool is_silent(const struct dp_worker *w, const struct dp_transport *t)
{
	return w->now_ns - t->tuple[0].seen_ns > SILENCE_NS;
}

/*
 * Whether the transport may learn another remote address. With SRTP a packet that authenticates may
 * always change it; without, only if nothing has come from the known address for a while, so that a
 * stranger cannot take over a stream that is running.
 */
static bool may_learn(const struct dp_worker *w, const struct dp_transport *t, bool rtcp)
{
	if (!t->learns_address)
		return false;
	if (rtcp && t->streams) /* the address of a producer is the source of its RTP */
		return false;
	return !t->tuple_count || !dp_transport_unprotected(t) || is_silent(w, t);
}

bool dp_plain_transport_at(const struct dp_worker *w, uint16_t port)
{
	return w->plain_transports[offset_of(w, port)] != NULL;
}

void dp_plain_transport_find(struct dp_worker *w, struct dp_meta *meta, bool rtcp)
{
	struct dp_transport *t = w->plain_transports[offset_of(w, meta->path.local.port)];
	const struct sh_addr *from = &meta->path.remote, *is;

	is = &t->tuple[0].path.remote;
	if (same_host(from, is) && from->port == is->port)
		meta->tuple = 0;
	else if (rtcp && !(t->plain_flags & SH_PLAIN_PIPE) && same_host(from, is) &&
		 from->port == is->port + 1) /* RFC 3550, 11 */
		meta->tuple = DP_TUPLE_RTCP;
	else if (may_learn(w, t, rtcp))
		meta->tuple = DP_TUPLE_STRANGER;
	else
		return;
	meta->transport = t;
	rte_prefetch0(&t->id);
}

bool dp_plain_transport_expects(const struct dp_transport *t, uint32_t ssrc, uint8_t pt)
{
	for (const struct dp_stream *s = t->streams; s; s = s->next_on_transport) {
		if (pt == s->pt && (ssrc == s->ssrc || !s->ssrc))
			return true;
		if (s->rtx_ssrc && ssrc == s->rtx_ssrc && pt == s->rtx_pt)
			return true;
	}
	return false;
}

static void learn_address(struct dp_worker *w, struct dp_transport *t, const struct sh_path *path)
{
	t->tuple[0].path = *path;
	t->tuple_count = 1;
	t->selected = DP_NO_TUPLE;
	dp_plain_transport_set_l2(w, t, &path->l2);
	(void)dp_report_event(w, SH_EV_PATH_CHANGED, t->id, &path->remote);
}

/*
 * Without SRTP, a source that restarts may keep its SSRC. The next packet of each stream is
 * therefore taken for the first after a restart, unless it continues the stream.
 */
static void expect_restart(struct dp_transport *t)
{
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		s->may_restart = true;
}

void dp_plain_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta,
	bool rtp)
{
	struct dp_tuple *tuple = &t->tuple[0];

	t->media_seen = true;
	t->rx_packets++;
	t->rx_bytes += meta->payload_len;
	t->consent_ns = w->now_ns;
	if (meta->tuple == DP_TUPLE_RTCP)
		return;
	if (rtp && tuple->seen_ns && dp_transport_unprotected(t) && is_silent(w, t))
		expect_restart(t);
	if (meta->tuple == DP_TUPLE_STRANGER)
		learn_address(w, t, &meta->path);
	else if (t->learns_address || t->resolves)
		dp_plain_transport_set_l2(w, t, &meta->path.l2);
	if (rtp || !t->streams)
		tuple->seen_ns = w->now_ns;
}
