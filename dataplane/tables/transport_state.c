/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/transport_state.h"

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/device/ports.h"
#include "dataplane/send/encap.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/forgery.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/report_event.h"
#include "dataplane/worker/worker.h"

/*
 * A peer whose NAT has given it another address checks from there alone. Browsers check the
 * selected path at least as often as others, so that this many checks in a row elsewhere mean a
 * move.
 */
enum { OTHER_CHECKS = 3 };
#define OTHER_SILENCE (2500 * DP_MS)

void dp_transport_refresh(struct dp_worker *w, struct dp_transport *t)
{
	bool could_send = t->can_send;

	t->can_send = (t->out || dp_transport_unprotected(t)) && t->selected != DP_NO_TUPLE && !t->idle &&
		      !t->silent;
	if (t->can_send && !could_send)
		dp_consumers_want_keyframes(w, t);
}

/* The control plane selects paths. At most once a second it learns that the peer uses another one. */
static void report_move(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta)
{
	if (w->now_ns < t->next_path_ns)
		return;
	t->next_path_ns = w->now_ns + 1000 * DP_MS;
	(void)dp_report_event(w, SH_EV_PATH_CHANGED, t->id, &meta->path.remote);
}

void dp_transport_checked(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta)
{
	dp_transport_heard(w, t, meta);
	if (meta->tuple == t->selected)
		return;
	if (t->other != meta->tuple) {
		t->other = meta->tuple;
		t->other_checks = 0;
	}
	if (t->other_checks < OTHER_CHECKS)
		t->other_checks++;
	if (t->other_checks == OTHER_CHECKS && w->now_ns - t->consent_ns >= OTHER_SILENCE)
		report_move(w, t, meta);
}

void dp_transport_heard(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta)
{
	struct dp_tuple *tuple = &t->tuple[meta->tuple];

	tuple->seen_ns = w->now_ns;
	if (t->selected != meta->tuple)
		return;
	t->consent_ns = w->now_ns;
	t->other = DP_NO_TUPLE;
	if (unlikely(t->limited))
		dp_unproven_earn(t, meta->payload_len);
	if (memcmp(&tuple->path.l2, &meta->path.l2, sizeof(tuple->path.l2)) != 0) {
		tuple->path.l2 = meta->path.l2;
		dp_encap_init(w, &t->encap, &tuple->path);
		dp_audience_change_port(w, t);
	}
	if (t->silent) {
		t->silent = false;
		dp_transport_refresh(w, t);
	}
}

void dp_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta, bool rtp)
{
	if (t->in)
		dp_authentic(w, t);
	if (t->udp_port) {
		dp_plain_transport_accepted(w, t, meta, rtp);
		return;
	}
	if (!t->media_seen)
		t->media_seen = dp_report_event(w, SH_EV_TRANSPORT_MEDIA, t->id, NULL);
	if (meta->tuple == DP_TUPLE_MOVED) /* no consent before the address is bound */
		return;
	dp_transport_heard(w, t, meta);
	if (meta->tuple != t->selected)
		report_move(w, t, meta);
}

void dp_transport_sends(struct dp_worker *w, struct dp_transport *t)
{
	if (!t->media_sent && !t->udp_port)
		t->media_sent = dp_report_event(w, SH_EV_TRANSPORT_SENT, t->id, NULL);
}

void dp_transport_reported(struct dp_worker *w, struct dp_transport *t)
{
	if (!t->reported && !t->udp_port)
		t->reported = dp_report_event(w, SH_EV_TRANSPORT_REPORTED, t->id, NULL);
}
