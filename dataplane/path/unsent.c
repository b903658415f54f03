/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/unsent.h"

#include <string.h>

#include <rte_hash.h>
#include <rte_mbuf.h>

#include "dataplane/net/ip.h"
#include "dataplane/net/udp.h"
#include "dataplane/tables/capture.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/consumer_ssrcs.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/tuples.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

enum { RTP_HEADER = 12, SSRC_AT = 8 };

void dp_unsent(struct dp_worker *w, const struct dp_transport *t, const uint8_t *rtp, enum sh_loss reason)
{
	struct dp_consumer *c = dp_consumer_ssrcs_find(w, t, sh_get_be32(rtp + SSRC_AT));
	struct dp_capture *capture = dp_capture_of(w);

	if (unlikely(capture))
		dp_capture_unsent(w, capture, t, rtp, sh_loss_drop(reason));
	if (c)
		dp_loss_unsent(&c->loss, reason);
}

static struct sh_addr address(uint8_t family, const uint8_t *ip, uint16_t port)
{
	struct sh_addr a = {.family = family, .port = port};

	memcpy(a.ip, ip, family == 4 ? 4 : 16);
	return a;
}

/* The transport that sends from `local` to `remote`; NULL: none, any more. */
static struct dp_transport *transport_of(const struct dp_worker *w, const struct sh_addr *local,
	const struct sh_addr *remote)
{
	const struct dp_tuple_key key = {.remote = *remote, .local = *local};
	uint32_t offset = (uint32_t)local->port - (w->udp_port - w->id);
	void *value;

	if (local->port != w->udp_port)
		return offset < w->udp_ports ? w->plain_transports[offset] : NULL;
	if (rte_hash_lookup_data(w->tuples, &key, &value) < 0)
		return NULL;
	return &w->transports[(uintptr_t)value >> 8];
}

/* The RTP header in a frame of ours, and the transport that sends it; NULL: not found. */
static const uint8_t *parse(const struct dp_worker *w, const struct rte_mbuf *m,
	const struct dp_transport **t)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	struct sh_addr local, remote;
	struct dp_frame f;
	struct dp_ip ip;
	struct dp_udp u;
	enum sh_drop result;

	if (dp_frame_parse(&f, data, m->data_len) != DP_NET_OK)
		return NULL;
	result = f.type == DP_ETHERTYPE_IPV4 ? dp_ipv4_parse(&ip, data, m->data_len, f.offset, false)
					     : dp_ipv6_parse(&ip, data, m->data_len, f.offset);
	if (result != DP_NET_OK || dp_udp_parse(&u, data, &ip, false) != DP_NET_OK ||
		u.payload_len < RTP_HEADER)
		return NULL;
	local = address(ip.family, ip.src, u.src);
	remote = address(ip.family, ip.dst, u.dst);
	*t = transport_of(w, &local, &remote);
	return *t ? data + u.payload_offset : NULL;
}

void dp_unsent_frame(struct dp_worker *w, const struct rte_mbuf *m, enum sh_drop reason)
{
	const struct dp_transport *t;
	const uint8_t *rtp = parse(w, m, &t);

	if (rtp)
		dp_unsent(w, t, rtp, reason == SH_DROP_TX_AGE ? SH_LOSS_TX_AGE : SH_LOSS_TX_QUEUE);
}
