/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/padding.h"

#include <string.h>

#include "dataplane/path/outgoing.h"
#include "dataplane/path/rewrite.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/probing.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

enum {
	PROBATOR_LEN = 1000, /* most bytes of its payload */
	RTX_LEN = 255, /* most bytes of RTP padding (RFC 3550, 5.1) */
	PADDED = 0x20, /* in the first byte of the header */
	PER_VIEWER = 32, /* most packets at once */
};
#define PADDING_EVERY (5 * DP_MS)

static const uint8_t zeros[PROBATOR_LEN];

/* The consumer on whose SSRCs the viewer is sent padding. */
static struct dp_consumer *carrier(const struct dp_transport *t)
{
	struct dp_consumer *rtx = NULL;

	for (struct dp_consumer *c = t->consumers; c; c = c->next_on_transport) {
		if (!c->selection || !c->selection->epochs.count)
			continue;
		if (c->flags & SH_CONSUMER_PROBATOR)
			return c;
		rtx = c->egress.rtx_ssrc ? c : rtx;
	}
	return rtx;
}

/* Writes `len` bytes of padding (RFC 3550, 5.1), whose last byte counts it, behind the header. */
static const uint8_t *put_padding(uint8_t *dst, uint16_t len)
{
	memset(dst, 0, len);
	dst[len - 1] = (uint8_t)len;
	return dst;
}

/* Writes a header in the consumer's form, with the present time, and adds the packet. */
static bool add(struct dp_worker *w, struct dp_consumer *c, struct dp_outgoing *o, uint16_t len,
	bool probator)
{
	struct dp_transport *t = c->transport;
	const struct dp_rtp_info info = {.payload_len = len};
	struct rte_mbuf *m = dp_outgoing_mbuf(w, o);
	uint32_t roc = probator ? t->probator >> 16 : c->rtx_roc;
	uint16_t seq = probator ? (uint16_t)t->probator : c->rtx_seq;
	const uint8_t *payload = zeros;
	uint8_t *header;
	size_t hdr_len;

	if (!m)
		return false;
	header = rte_pktmbuf_mtod(m, uint8_t *);
	hdr_len = dp_egress_rtx_header(header, &c->egress, &info, seq, c->selection->timestamp,
		dp_abs_send_time(w->now_ns));
	if (!dp_fits_path(t, hdr_len + len)) {
		o->spare[o->spares++] = m;
		return false;
	}
	if (probator) {
		header[1] = SH_PROBATOR_PT;
		sh_put_be32(header + 8, SH_PROBATOR_SSRC);
		t->probator++;
	} else {
		header[0] |= PADDED;
		payload = put_padding(header + hdr_len, len);
		c->rtx_roc += ++c->rtx_seq == 0;
	}
	dp_outgoing_add(o, t, m, (uint16_t)hdr_len, payload, len, roc);
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = w->now_ns};
	w->stats->padding_out++;
	return true;
}

static void pad(struct dp_worker *w, struct dp_consumer *c, uint32_t bytes, struct dp_outgoing *o)
{
	/* The probator's index, 32 bits here, must not begin again. */
	bool probator = c->flags & SH_CONSUMER_PROBATOR && c->transport->probator != UINT32_MAX;
	uint16_t most = probator ? PROBATOR_LEN : RTX_LEN;

	if (!probator && !c->egress.rtx_ssrc)
		return;
	for (unsigned i = 0; bytes && i < PER_VIEWER && dp_tx_room(w, c->transport->encap.port_id) > o->count;
		i++) {
		uint16_t len = (uint16_t)RTE_MIN(bytes, most);

		if (o->count == DP_JOBS)
			dp_outgoing_flush(w, o);
		if (!add(w, c, o, len, probator))
			return;
		bytes -= len;
	}
}

void dp_padding(struct dp_worker *w)
{
	struct dp_probing *p = w->probing;
	struct dp_outgoing o;
	uint64_t elapsed;

	if (!p->count || w->now_ns < p->next_ns)
		return;
	elapsed = RTE_MIN(w->now_ns - p->last_ns, 4 * PADDING_EVERY);
	p->last_ns = w->now_ns;
	p->next_ns = w->now_ns + PADDING_EVERY;
	o.count = o.spares = 0;
	for (uint32_t i = 0; i < p->count;) {
		struct dp_transport *t = dp_probing_at(w, i);
		struct dp_consumer *c;

		if (!t)
			continue; /* another one is at `i` now */
		c = t->can_send && !t->limited ? carrier(t) : NULL;
		if (c)
			pad(w, c, dp_adapt_padding(dp_adaptation_of(w, t), w->now_ns, elapsed), &o);
		i++;
	}
	dp_outgoing_end(w, &o);
}
