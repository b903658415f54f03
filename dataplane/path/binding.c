/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/binding.h"

#include <string.h>

#include "dataplane/rtp/egress.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ssrcs.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

/*
 * How long packets of a replaced SSRC are dropped. They are late, and must not bind the stream to
 * that SSRC again.
 */
#define LATE (1000 * DP_MS)

/* Result of comparing a packet's MID or RID with the stream's. */
enum said { NOTHING, THE_SAME, ANOTHER };

static enum said compare(const struct dp_rtp *rtp, const uint8_t *pkt, uint8_t id, const char *text,
	uint8_t len)
{
	struct dp_rtp_ext ext;

	if (!len || !dp_ext_find(rtp, pkt, id, &ext))
		return NOTHING;
	return ext.len == len && memcmp(ext.data, text, len) == 0 ? THE_SAME : ANOTHER;
}

/*
 * Whether the packet's MID or RID, of those that it carries and the stream has, name this stream.
 * In RTX the RID is in the extension for repaired streams, if that was negotiated (RFC 8852, 3.1).
 */
static bool names_stream(const struct dp_stream *s, const struct dp_rtp *rtp, const uint8_t *pkt)
{
	bool repaired = rtp->pt == s->rtx_pt && s->ext_id[SH_EXT_REPAIRED_RID];
	uint8_t rid_id = s->ext_id[repaired ? SH_EXT_REPAIRED_RID : SH_EXT_RID];
	enum said mid = compare(rtp, pkt, s->ext_id[SH_EXT_MID], s->mid, s->mid_len);
	enum said rid = compare(rtp, pkt, rid_id, s->rid, s->rid_len);

	return mid != ANOTHER && rid != ANOTHER && (mid == THE_SAME || rid == THE_SAME);
}

static bool fits(const struct dp_transport *t, const struct dp_stream *s, const struct dp_rtp *rtp,
	const uint8_t *pkt)
{
	if (rtp->pt != s->pt && !(s->rtx_pt && rtp->pt == s->rtx_pt))
		return false;
	/* On a plain transport, the payload type is enough for an SSRC that was not signalled. */
	return names_stream(s, rtp, pkt) || (t->udp_port && !s->ssrc && rtp->pt == s->pt);
}

/* Returns the only stream that the packet fits. NULL: no stream fits, or several do. */
static struct dp_stream *only_fit(struct dp_transport *t, const struct dp_rtp *rtp, const uint8_t *pkt)
{
	struct dp_stream *found = NULL;

	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport) {
		if (!fits(t, s, rtp, pkt))
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}

static bool is_late(const struct dp_stream *s, uint32_t ssrc, uint64_t now_ns)
{
	return s->rebound_ns && now_ns - s->rebound_ns < LATE &&
	       (ssrc == s->old_ssrc || ssrc == s->old_rtx_ssrc);
}

/*
 * Whether RTX of a new SSRC repeats a packet near the stream's last ones. Otherwise it belongs to
 * the media SSRC before this one, or to the next, whose first packet has not arrived yet.
 */
static bool repeats_recent(const struct dp_stream *s, const struct dp_rtp *rtp, const uint8_t *pkt)
{
	uint64_t seq;

	if (rtp->payload_len <= 2)
		return false;
	seq = dp_receive_extend(&s->receive, sh_get_be16(pkt + rtp->hdr_len));
	return seq <= s->receive.highest && seq + s->window > s->receive.highest;
}

static bool bind_rtx(struct dp_stream *s, const struct dp_rtp *rtp, const uint8_t *pkt)
{
	bool changed = s->rtx_ssrc || s->rebound_ns;

	if (!s->ssrc || (changed && !repeats_recent(s, rtp, pkt)))
		return false;
	s->rtx_ssrc = rtp->ssrc;
	return true;
}

/* The first packet of another SSRC: its sequence numbers and timestamps are unrelated. */
static void rebind(struct dp_stream *s, uint32_t ssrc, uint64_t now_ns)
{
	s->old_ssrc = s->ssrc;
	s->old_rtx_ssrc = s->rtx_ssrc;
	s->rebound_ns = now_ns;
	s->ssrc = ssrc;
	s->rtx_ssrc = 0;
	s->may_restart = s->rebound = true;
}

struct dp_stream *dp_stream_of_packet(struct dp_worker *w, struct dp_transport *t, const struct dp_rtp *rtp,
	const uint8_t *pkt, enum sh_drop *reason)
{
	struct dp_stream *s;

	*reason = SH_DROP_UNKNOWN_SSRC;
	if (rtp->ssrc == 0) /* in struct dp_stream, 0 means that the SSRC is not known */
		return NULL;
	s = dp_stream_of_ssrc(t, rtp->ssrc);
	if (s)
		return s;
	s = only_fit(t, rtp, pkt);
	if (!s || is_late(s, rtp->ssrc, w->now_ns))
		return NULL;
	if (rtp->pt != s->pt) {
		*reason = SH_DROP_RTX_UNKNOWN;
		return bind_rtx(s, rtp, pkt) ? s : NULL;
	}
	if (s->ssrc)
		rebind(s, rtp->ssrc, w->now_ns);
	else
		s->ssrc = rtp->ssrc;
	return s;
}
