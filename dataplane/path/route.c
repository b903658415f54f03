/* SPDX-License-Identifier: Apache-2.0 */

/* From an authenticated RTP packet to its stream: by SSRC, else by MID and RID. */

#include <string.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/stages.h"
#include "dataplane/rtp/keyframe.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

static bool ext_equals(const struct dp_rtp *rtp, const uint8_t *pkt, uint8_t id, const char *text,
	uint8_t len)
{
	struct dp_rtp_ext ext;

	return id && len && dp_ext_find(rtp, pkt, id, &ext) && ext.len == len &&
	       memcmp(ext.data, text, len) == 0;
}

/* Whether MID and, where the producer has one, RID or repaired RID name this stream. */
static bool names_stream(const struct dp_stream *s, const struct dp_rtp *rtp, const uint8_t *pkt,
	enum sh_ext rid)
{
	if (!ext_equals(rtp, pkt, s->ext_id[SH_EXT_MID], s->mid, s->mid_len))
		return false;
	return !s->rid_len || ext_equals(rtp, pkt, s->ext_id[rid], s->rid, s->rid_len);
}

/*
 * An SSRC that was not signalled is learnt from the names in the packet, RTX only once
 * its media stream is known. One that was signalled is never learnt anew.
 */
static struct dp_stream *find_stream(struct dp_transport *t, const struct dp_rtp *rtp, const uint8_t *pkt,
	enum sh_drop *reason)
{
	struct dp_stream *s;

	*reason = SH_DROP_UNKNOWN_SSRC;
	if (rtp->ssrc == 0) /* here it says that none is known */
		return NULL;
	for (s = t->streams; s; s = s->next_on_transport)
		if (rtp->ssrc == s->ssrc || rtp->ssrc == s->rtx_ssrc)
			return s;
	for (s = t->streams; s; s = s->next_on_transport) {
		/* A plain transport's may be known by their payload type alone. */
		if (!s->ssrc && rtp->pt == s->pt && (t->udp_port || names_stream(s, rtp, pkt, SH_EXT_RID))) {
			s->ssrc = rtp->ssrc;
			return s;
		}
		if (!s->rtx_ssrc && s->rtx_pt && rtp->pt == s->rtx_pt &&
			names_stream(s, rtp, pkt, s->rid_len ? SH_EXT_REPAIRED_RID : SH_EXT_RID)) {
			if (!s->ssrc) {
				*reason = SH_DROP_RTX_UNKNOWN;
				return NULL;
			}
			s->rtx_ssrc = rtp->ssrc;
			return s;
		}
	}
	return NULL;
}

/* A retransmission becomes the packet it repeats (RFC 4588, 4). */
static bool undo_rtx(const struct dp_stream *s, struct dp_rtp *rtp, const uint8_t *pkt, enum sh_drop *reason)
{
	if (rtp->pt != s->rtx_pt) {
		*reason = SH_DROP_UNKNOWN_PT;
		return false;
	}
	if (rtp->payload_len < 2) {
		*reason = SH_DROP_RTX_PADDING;
		return false;
	}
	rtp->seq = (uint16_t)(pkt[rtp->hdr_len] << 8 | pkt[rtp->hdr_len + 1]);
	rtp->hdr_len += 2;
	rtp->payload_len -= 2;
	return true;
}

/*
 * Age and repetition, by the extended number. No number may enter the ring twice: viewers
 * would be sent two contents under one number of theirs, and so under one nonce. Numbers
 * taken are less than a window from each other's highest, so fewer than the ring has
 * slots come after any of them while it may still be repeated, and a entry keeps its
 * number when its mbuf has gone back.
 */
static bool fresh(struct dp_stream *s, uint64_t seq, enum sh_drop *reason)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);

	if (s->receive.started && seq + s->window <= s->receive.highest) {
		*reason = SH_DROP_TOO_OLD;
		return false;
	}
	if (dp_stream_find(s, seq, head > s->mask ? head - s->mask - 1 : 0, head) != DP_CURSOR_NONE) {
		s->duplicates++;
		*reason = SH_DROP_DUPLICATE;
		return false;
	}
	return true;
}

/* Puts the packet into the stream's ring. */
static void append(struct dp_worker *w, struct dp_stream *s, struct rte_mbuf *m, const struct dp_rtp *rtp,
	const uint8_t *pkt, uint64_t seq)
{
	const struct dp_meta *meta = dp_meta(m);
	struct dp_ring_entry *entry = dp_stream_next(s);
	struct dp_rtp_info *p = &entry->info;

	entry->mbuf = m;
	entry->payload = pkt + rtp->hdr_len;
	entry->rx_ns = meta->rx_ns;
	entry->abs_send_time = dp_abs_send_time(w->real_ns);
	entry->restart = s->restart;
	s->restart = false;
	p->seq = seq;
	p->timestamp = rtp->timestamp;
	p->payload_len = rtp->payload_len;
	p->marker = rtp->marker;
	p->keyframe = dp_keyframe_start(s->codec, pkt + rtp->hdr_len, rtp->payload_len);
	dp_rtp_info_extensions(p, rtp, pkt, s->ext_id, sh_router_ext);
	if (p->keyframe && s->kind == SH_KIND_VIDEO &&
		!(s->keyframes && p->timestamp == s->keyframe_timestamp)) {
		s->keyframes++;
		s->keyframe_timestamp = p->timestamp;
		dp_keyframe_came(&s->gate);
	}
	dp_stream_append(s);
}

static bool route(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop *reason, struct dp_stream **to)
{
	const struct dp_meta *meta = dp_meta(m);
	struct dp_transport *t = meta->transport;
	const uint8_t *pkt = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->payload_offset);
	struct dp_stream *s;
	struct dp_rtp_ext ext;
	struct dp_rtp rtp;
	bool repaired = false;
	uint64_t seq;

	*reason = SH_DROP_RTP_MALFORMED;
	if (dp_rtp_parse(&rtp, pkt, meta->payload_len))
		return false;
	/* Probes and padding count for the sender's estimate too. */
	if (t->twcc && dp_ext_find(&rtp, pkt, t->twcc_ext_id, &ext) && ext.len >= 2)
		dp_twcc_packet(t->twcc, (uint16_t)(ext.data[0] << 8 | ext.data[1]), meta->rx_ns);
	s = find_stream(t, &rtp, pkt, reason);
	if (!s)
		return false;
	if (rtp.ssrc == s->rtx_ssrc) {
		if (!undo_rtx(s, &rtp, pkt, reason))
			return false;
		repaired = true;
	} else if (rtp.pt != s->pt) {
		*reason = SH_DROP_UNKNOWN_PT;
		return false;
	}
	if (s->may_restart)
		dp_stream_restart(s, rtp.seq);
	seq = dp_receive_extend(&s->receive, rtp.seq);
	if (!fresh(s, seq, reason))
		return false;
	dp_receive_packet(&s->receive, seq, rtp.timestamp, meta->rx_ns, repaired);
	s->packets++;
	s->bytes += rtp.payload_len;
	s->repaired += repaired;
	if (s->flags & SH_PRODUCER_NACK && dp_nack_seen(&s->nack, seq) && s->kind == SH_KIND_VIDEO)
		dp_stream_want_keyframe(s);
	*reason = SH_DROP_PRODUCER_PAUSED;
	if (s->paused)
		return false;
	*reason = SH_DROP_STREAM_FULL;
	if (!dp_stream_room(s))
		return false;
	append(w, s, m, &rtp, pkt, seq);
	*to = s;
	return true;
}

void dp_route(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp_stream *fed[DP_BURST];
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++) {
		struct dp_stream *s;
		enum sh_drop reason;

		if (!route(w, pkts[i], &reason, &s)) {
			dp_drop(w, pkts[i], reason);
		} else if (!s->fed) {
			s->fed = true;
			fed[count++] = s;
		}
	}
	for (unsigned i = 0; i < count; i++) {
		fed[i]->fed = false;
		dp_audience_notify(w, fed[i]);
	}
}
