/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/capture.h"

#include <string.h>

#include <rte_hash.h>
#include <rte_mbuf.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/ip.h"
#include "dataplane/net/udp.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/tables/capture.h"
#include "dataplane/tables/tuples.h"
#include "shared/bytes.h"
#include "shared/demux.h"

/* --- received ------------------------------------------------------------------------------- */

static bool wanted(const struct dp_worker *w, const struct dp_capture *c, const struct dp_meta *meta)
{
	const struct dp_transport *t = meta->transport;

	if (c->port)
		return meta->path.local.port == c->port;
	if (!t && meta->path.local.port != w->udp_port)
		t = w->plain_transports[(uint16_t)(meta->path.local.port - (w->udp_port - w->id))];
	return t && dp_captures(w, c, t);
}

static bool is_media(struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta(m);

	return meta->payload_len > 0 &&
	       sh_demux(*rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->payload_offset)) == SH_DEMUX_MEDIA;
}

void dp_capture_received(struct dp_worker *w, struct dp_capture *c, struct rte_mbuf **pkts, unsigned n)
{
	c->burst_count = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!wanted(w, c, dp_meta(pkts[i])))
			continue;
		c->burst[c->burst_count++] = pkts[i];
		if (!c->plain || !is_media(pkts[i]))
			dp_capture_frame(c, pkts[i], SH_CAPTURE_IN, dp_meta(pkts[i])->rx_ns);
	}
}

/* The headers of a received frame say how long it was before it was decrypted. */
static void shorten(uint8_t *headers, size_t ip_offset, size_t udp_offset, size_t len)
{
	uint8_t *ip = headers + ip_offset, *udp = headers + udp_offset;
	uint16_t udp_len = (uint16_t)(len + DP_UDP_HEADER), sum;

	sh_put_be16(udp + 4, udp_len);
	sh_put_be16(udp + 6, 0);
	if (ip[0] >> 4 == 6) {
		sh_put_be16(ip + 4, (uint16_t)(udp_offset - ip_offset - DP_IPV6_HEADER + udp_len));
		return;
	}
	sh_put_be16(ip + 2, (uint16_t)(udp_offset - ip_offset + udp_len));
	sh_put_be16(ip + 10, 0);
	sum = dp_sum_fold(dp_sum(0, ip, udp_offset - ip_offset));
	memcpy(ip + 10, &sum, 2);
}

void dp_capture_decrypted(struct dp_capture *c, struct rte_mbuf *m, size_t len)
{
	const struct dp_meta *meta = dp_meta(m);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct sh_captured what = {.ns = meta->rx_ns, .direction = SH_CAPTURE_IN};
	uint8_t headers[128]; /* with options or extension headers, longer ones are left out */
	bool in_burst = false;

	for (unsigned i = 0; i < c->burst_count; i++)
		in_burst |= c->burst[i] == m;
	if (!in_burst || meta->payload_offset > sizeof(headers))
		return;
	memcpy(headers, frame, meta->payload_offset);
	shorten(headers, meta->path.l2.vlan ? DP_ETHER_HEADER + DP_ETHER_VLAN : DP_ETHER_HEADER,
		meta->payload_offset - DP_UDP_HEADER, len);
	what.len = (uint32_t)(meta->payload_offset + len);
	dp_capture_write(c, &what,
		(struct dp_capture_part[]){
			{headers, meta->payload_offset}, {frame + meta->payload_offset, len}},
		2);
}

/* --- sent ----------------------------------------------------------------------------------------- */

static void capture_plain(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	const struct dp_srtp_job *job)
{
	struct sh_captured what = {.ns = w->now_ns};
	uint8_t payload[SH_CAPTURE_DATA];
	size_t len = RTE_MIN((size_t)job->payload_len, sizeof(payload));

	memcpy(payload, job->payload, len);
	if ((size_t)job->patch_at + job->patch_len <= len)
		dp_srtp_patch(job, payload);
	dp_capture_datagram(c, t, &what, (struct dp_capture_part[]){{job->dst, job->hdr_len}, {payload, len}},
		2, (size_t)job->hdr_len + job->payload_len);
}

void dp_capture_batch(struct dp_worker *w, struct dp_capture *c, const struct dp_outgoing *o, bool sealed)
{
	for (unsigned i = 0; i < o->count; i++) {
		const struct dp_srtp_job *job = &o->job[i];
		struct sh_captured what = {.ns = w->now_ns};

		if (!dp_captures(w, c, o->transport[i]))
			continue;
		if (!sealed)
			capture_plain(w, c, o->transport[i], job);
		else if (job->out_len)
			dp_capture_datagram(c, o->transport[i], &what,
				&(struct dp_capture_part){job->dst, job->out_len}, 1, job->out_len);
	}
}

void dp_capture_rtcp(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	const void *data, size_t len, bool sealed)
{
	struct sh_captured what = {.ns = w->now_ns};

	if (sealed != c->plain && dp_captures(w, c, t))
		dp_capture_datagram(c, t, &what, &(struct dp_capture_part){data, len}, 1, len);
}

/* Whether the captured transport has this path. */
static bool has_path(const struct dp_worker *w, const struct dp_capture *c, const struct sh_path *path)
{
	const struct dp_tuple_key key = dp_tuple_key(path);
	void *value;

	if (c->port)
		return path->local.port == c->port;
	return rte_hash_lookup_data(w->tuples, &key, &value) >= 0 &&
	       dp_captures(w, c, &w->transports[(uintptr_t)value >> 8]);
}

void dp_capture_message(struct dp_worker *w, struct dp_capture *c, const struct sh_path *path,
	const struct rte_mbuf *m)
{
	if (has_path(w, c, path))
		dp_capture_frame(c, m, SH_CAPTURE_OUT, w->now_ns);
}
