/* SPDX-License-Identifier: Apache-2.0 */
#define ALLOW_EXPERIMENTAL_API /* a record is written where it stays in the ring */

#include "dataplane/worker/capture.h"

#include <string.h>

#include <rte_mbuf.h>
#include <rte_ring_peek_zc.h>

enum { RTP_HEADER = 12 };

/* The next record of the ring, to be filled in. NULL: there is no room, or the ring is broken. */
static struct sh_captured *next_record(struct dp_capture *c)
{
	struct rte_ring_zc_data at;

	if (!sh_ring_sane(&c->ring) ||
		rte_ring_enqueue_zc_bulk_elem_start(c->ring.ring, SH_CAPTURE_RECORD, 1, &at, NULL) == 0)
		return NULL;
	return at.ptr1;
}

void dp_capture_write(struct dp_capture *c, const struct sh_captured *what,
	const struct dp_capture_part *part, unsigned n)
{
	struct sh_captured *r = next_record(c);
	size_t len = 0;

	if (!r) {
		__atomic_store_n(&c->header->lost, c->header->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	memcpy(r, what, offsetof(struct sh_captured, data));
	for (unsigned i = 0; i < n; i++) {
		size_t room = SH_CAPTURE_DATA - len, more = part[i].len < room ? part[i].len : room;

		memcpy(r->data + len, part[i].data, more);
		len += more;
	}
	r->caplen = (uint16_t)len;
	rte_ring_enqueue_zc_elem_finish(c->ring.ring, 1);
}

void dp_capture_frame(struct dp_capture *c, const struct rte_mbuf *m, enum sh_capture_direction direction,
	uint64_t ns)
{
	const struct sh_captured what = {.ns = ns, .len = m->data_len, .direction = direction};

	dp_capture_write(c, &what, &(struct dp_capture_part){rte_pktmbuf_mtod(m, const void *), m->data_len},
		1);
}

static bool in_burst(const struct dp_capture *c, const struct rte_mbuf *m)
{
	for (unsigned i = 0; i < c->burst_count; i++)
		if (c->burst[i] == m)
			return true;
	return false;
}

void dp_capture_dropped(struct dp_capture *c, struct rte_mbuf *m, enum sh_drop reason)
{
	const struct dp_meta *meta;
	struct sh_captured what = {.direction = SH_CAPTURE_IN, .dropped = 1, .reason = (uint8_t)reason};
	size_t len;

	if (!in_burst(c, m))
		return;
	meta = dp_meta(m);
	len = meta->payload_offset + RTP_HEADER;
	what.ns = meta->rx_ns;
	what.len = m->data_len;
	dp_capture_write(c, &what,
		&(struct dp_capture_part){
			rte_pktmbuf_mtod(m, const void *), len < m->data_len ? len : m->data_len},
		1);
}
