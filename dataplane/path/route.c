/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Appends decrypted RTP packets to the ring of their stream (path/binding.h), where dp_fanout()
 * reads them. It unwraps RTX, drops duplicates and old packets, and updates what reports and NACKs
 * to the producer are made of.
 */

#include "dataplane/device/ports.h"
#include "dataplane/path/binding.h"
#include "dataplane/path/source_restart.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/*
 * Turns RTX into the packet that it repeats (RFC 4588, 4). False: it is dropped for `reason`.
 * Behind the original sequence number (OSN) must be a payload: some senders pad with an OSN alone,
 * also with one whose packet is still on its way, and must not take that packet's place.
 */
static bool unwrap_rtx(const struct dp_stream *s, struct dp_rtp *rtp, const uint8_t *pkt,
	enum sh_drop *reason)
{
	if (rtp->pt != s->rtx_pt) {
		*reason = SH_DROP_UNKNOWN_PT;
		return false;
	}
	if (rtp->payload_len <= 2) {
		*reason = SH_DROP_RTX_PADDING;
		return false;
	}
	rtp->seq = (uint16_t)(pkt[rtp->hdr_len] << 8 | pkt[rtp->hdr_len + 1]);
	rtp->hdr_len += 2;
	rtp->payload_len -= 2;
	return true;
}

/*
 * False: the packet is too old or a duplicate, by its extended sequence number. No sequence number
 * may enter the ring twice: viewers would be sent two contents under one sequence number of theirs,
 * and so under one nonce. The lookup finds every duplicate. All sequence numbers that are accepted
 * after `seq`, while `seq` would still be accepted, are less than a window (half of the ring) away
 * from it, so they are fewer than the ring has entries; and an entry keeps its sequence number when
 * its mbuf has been reclaimed.
 */
static bool fresh(struct dp_stream *s, uint64_t seq, bool repaired, enum sh_drop *reason)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);

	if (s->receive.started && seq + s->window <= s->receive.highest) {
		*reason = SH_DROP_TOO_OLD;
		return false;
	}
	if (dp_stream_find(s, seq, head > s->mask ? head - s->mask - 1 : 0, head) != DP_CURSOR_NONE) {
		/* Browsers probe for bandwidth by repeating packets as RTX: not the network's doing. */
		s->duplicates += !repaired;
		*reason = repaired ? SH_DROP_RTX_DUPLICATE : SH_DROP_DUPLICATE;
		return false;
	}
	return true;
}

/* How often audio levels are published. A reader's shortest interval is twice that. */
#define LEVELS (100 * DP_MS)

/*
 * Adds the packet's audio level (RFC 6464, 3): one byte, of which the low 7 bits are the level. An
 * element of another length is no level.
 */
static void add_level(struct dp_worker *w, struct dp_stream *s, const struct dp_rtp *rtp, const uint8_t *pkt)
{
	struct dp_rtp_ext ext;
	uint32_t count = (uint32_t)(s->levels >> 32), sum = (uint32_t)s->levels;

	if (!dp_ext_find(rtp, pkt, s->level_ext, &ext) || ext.len != 1)
		return;
	s->levels = (uint64_t)(count + 1) << 32 | (uint32_t)(sum + (ext.data[0] & 0x7f));
	if (w->now_ns < s->next_levels_ns)
		return;
	s->next_levels_ns = w->now_ns + LEVELS;
	__atomic_store_n(&w->producer_stats[s->slot].audio_levels, s->levels, __ATOMIC_RELAXED);
}

/* Publishes the packet in the next entry of the stream's ring, which takes ownership of `m`. */
static void append(struct dp_worker *w, struct dp_stream *s, struct rte_mbuf *m, const struct dp_rtp *rtp,
	const uint8_t *pkt, uint64_t seq)
{
	const struct dp_meta *meta = dp_meta(m);
	uint64_t position = atomic_load_explicit(&s->head, memory_order_relaxed);
	struct dp_ring_entry *entry = dp_stream_next(s);
	struct dp_rtp_info *p = &entry->info;

	entry->mbuf = m;
	entry->payload = pkt + rtp->hdr_len;
	entry->rx_ns = meta->rx_ns;
	entry->abs_send_time = dp_abs_send_time(meta->rx_ns);
	entry->restart = s->restart;
	s->restart = false;
	p->seq = seq;
	p->timestamp = rtp->timestamp;
	p->payload_len = rtp->payload_len;
	p->marker = rtp->marker;
	if (s->layering)
		dp_layering_packet(w, s, entry, rtp, pkt);
	else
		p->keyframe = dp_keyframe_begins(&s->starts, s->codec, seq, rtp->timestamp, entry->payload,
			rtp->payload_len);
	dp_rtp_info_extensions(p, rtp, pkt, s->ext_id, sh_router_ext);
	if (p->keyframe && s->kind == SH_KIND_VIDEO) {
		s->keyframes++;
		atomic_store_explicit(&s->keyframe_ns, w->now_ns, memory_order_relaxed);
		dp_stream_keyframe_arrived(s);
	}
	if (entry->restart && !p->keyframe && s->kind == SH_KIND_VIDEO)
		dp_stream_want_keyframe(s);
	dp_stream_append(s);
	if (s->kind == SH_KIND_VIDEO && w->config->media.cache_ms)
		dp_key_cache_packet(s, position);
}

/*
 * True: the packet is in the ring of `*to`, or it is held there (path/source_restart.h). False: the
 * caller must drop it for `reason`.
 */
static bool route(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop *reason, struct dp_stream **to);

/* Holds the packet, or routes the one that was held and then this one, after a restart. */
static bool route_unrelated(struct dp_worker *w, struct rte_mbuf *m, struct dp_stream *s, uint16_t seq,
	enum sh_drop *reason, struct dp_stream **to)
{
	struct rte_mbuf *first = dp_source_restarted(w, s, m, seq);

	*to = s;
	if (!first)
		return true;
	if (!route(w, first, reason, to))
		dp_drop(w, first, *reason);
	return route(w, m, reason, to);
}

/* The first packet after a silence, or of another SSRC: the stream restarts unless it continues. */
static void restart_or_continue(struct dp_worker *w, struct dp_stream *s, const struct dp_rtp *rtp)
{
	s->may_restart = false;
	dp_source_related(w, s);
	if (s->rebound || !dp_source_continues(s, rtp))
		dp_stream_restart(s, rtp->seq);
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
	/* Feedback for the sender's estimate must cover every packet, also probes and padding. */
	if (t->twcc && dp_ext_find(&rtp, pkt, t->twcc_ext_id, &ext) && ext.len >= 2)
		dp_twcc_packet(t->twcc, (uint16_t)(ext.data[0] << 8 | ext.data[1]), meta->rx_ns);
	s = dp_stream_of_packet(w, t, &rtp, pkt, reason);
	if (!s)
		return false;
	if (rtp.ssrc == s->rtx_ssrc) {
		if (!unwrap_rtx(s, &rtp, pkt, reason))
			return false;
		repaired = true;
	} else if (rtp.pt != s->pt) {
		*reason = SH_DROP_UNKNOWN_PT;
		return false;
	}
	if (s->may_restart && !repaired)
		restart_or_continue(w, s, &rtp);
	seq = dp_receive_extend(&s->receive, rtp.seq);
	if (dp_transport_unprotected(t) && !repaired) {
		if (dp_source_unrelated(s, &rtp, seq))
			return route_unrelated(w, m, s, rtp.seq, reason, to);
		dp_source_related(w, s);
	}
	if (!fresh(s, seq, repaired, reason))
		return false;
	if (!repaired && seq > s->receive.highest &&
		dp_source_clock_packet(&s->clock, rtp.timestamp, meta->rx_ns))
		dp_stream_publish_clock(s);
	dp_receive_packet(&s->receive, seq, rtp.timestamp, meta->rx_ns, repaired);
	s->packets++;
	s->bytes += rtp.payload_len;
	s->repaired += repaired;
	if (s->flags & SH_PRODUCER_NACK && dp_nack_seen(&s->nack, seq, w->now_ns) && s->kind == SH_KIND_VIDEO)
		dp_stream_want_keyframe(s);
	*reason = SH_DROP_PRODUCER_PAUSED;
	if (s->paused)
		return false;
	*reason = SH_DROP_STREAM_FULL;
	if (!dp_stream_room(s))
		return false;
	if (s->level_ext)
		add_level(w, s, &rtp, pkt);
	append(w, s, m, &rtp, pkt, seq);
	*to = s;
	return true;
}

void dp_route(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp_stream *appended[DP_BURST];
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++) {
		struct dp_stream *s;
		enum sh_drop reason;

		if (!route(w, pkts[i], &reason, &s)) {
			dp_drop(w, pkts[i], reason);
		} else if (!s->appended) {
			s->appended = true;
			appended[count++] = s;
		}
	}
	for (unsigned i = 0; i < count; i++) {
		appended[i]->appended = false;
		dp_audience_notify(w, appended[i]);
	}
}
