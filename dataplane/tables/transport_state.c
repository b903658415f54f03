/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/transport_state.h"

#include <string.h>

#include "dataplane/device/ports.h"
#include "dataplane/send/encap.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/report_event.h"
#include "dataplane/worker/worker.h"

void dp_transport_refresh(struct dp_transport *t)
{
	bool could_send = t->can_send;

	t->can_send = (t->out || dp_transport_unprotected(t)) && t->selected != DP_NO_TUPLE && !t->idle &&
		      !t->silent;
	if (t->can_send && !could_send)
		dp_consumers_want_keyframes(t);
}

void dp_transport_heard(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta)
{
	struct dp_tuple *tuple = &t->tuple[meta->tuple];

	tuple->seen_ns = w->now_ns;
	if (t->selected != meta->tuple)
		return;
	t->consent_ns = w->now_ns;
	if (memcmp(&tuple->path.l2, &meta->path.l2, sizeof(tuple->path.l2)) != 0) {
		tuple->path.l2 = meta->path.l2;
		dp_encap_init(w, &t->encap, &tuple->path);
		dp_audience_change_port(w, t);
	}
	if (t->silent) {
		t->silent = false;
		dp_transport_refresh(t);
	}
}

void dp_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta, bool rtp)
{
	if (t->udp_port) {
		dp_plain_transport_accepted(w, t, meta, rtp);
		return;
	}
	if (!t->media_seen)
		t->media_seen = dp_report_event(w, SH_EV_TRANSPORT_MEDIA, t->id, NULL);
	dp_transport_heard(w, t, meta);
	/*
	 * The control plane selects paths. At most once a second it learns that media uses another
	 * one.
	 */
	if (meta->tuple != t->selected && w->now_ns >= t->next_path_ns) {
		t->next_path_ns = w->now_ns + 1000 * DP_MS;
		(void)dp_report_event(w, SH_EV_PATH_CHANGED, t->id, &meta->path.remote);
	}
}
