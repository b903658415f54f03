/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/capture.h"

#include <string.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/udp.h"
#include "shared/bytes.h"

enum { RTP_HEADER = 12, PARTS = 4 };

/* Copies the template's headers and fills in lengths. Without a UDP checksum. Returns their length. */
static size_t make_headers(const struct dp_encap *e, uint8_t out[DP_ENCAP_ROOM], size_t payload_len)
{
	uint8_t *ip = out + e->ip_offset, *udp = out + e->udp_offset;
	uint16_t udp_len = (uint16_t)(payload_len + DP_UDP_HEADER), sum;

	memcpy(out, e->header + DP_ENCAP_ROOM - e->len, e->len);
	sh_put_be16(udp + 4, udp_len);
	if (e->family == 6) {
		sh_put_be16(ip + 4, udp_len);
		return e->len;
	}
	sh_put_be16(ip + 2, (uint16_t)(udp_len + DP_IPV4_HEADER));
	sum = dp_sum_fold(dp_sum(0, ip, DP_IPV4_HEADER));
	memcpy(ip + 10, &sum, 2);
	return e->len;
}

void dp_capture_datagram(struct dp_capture *c, const struct dp_transport *t, struct sh_captured *what,
	const struct dp_capture_part *part, unsigned n, size_t payload_len)
{
	struct dp_capture_part all[PARTS];
	uint8_t headers[DP_ENCAP_ROOM];

	if (!t->encap.family) /* no address is selected */
		return;
	all[0] = (struct dp_capture_part){headers, make_headers(&t->encap, headers, payload_len)};
	for (unsigned i = 0; i < n; i++)
		all[1 + i] = part[i];
	what->len = (uint32_t)(t->encap.len + payload_len);
	what->direction = SH_CAPTURE_OUT;
	dp_capture_write(c, what, all, 1 + n);
}

void dp_capture_unsent(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	const uint8_t *rtp, enum sh_drop reason)
{
	struct sh_captured what = {.ns = w->now_ns, .dropped = 1, .reason = (uint8_t)reason};

	if (dp_captures(w, c, t))
		dp_capture_datagram(c, t, &what, &(struct dp_capture_part){rtp, RTP_HEADER}, 1, RTP_HEADER);
}

void dp_capture_note_skipped(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	enum sh_drop reason, uint64_t packets)
{
	struct sh_captured what = {.ns = w->now_ns,
		.dropped = 1,
		.reason = (uint8_t)reason,
		.skipped = packets < UINT32_MAX ? (uint32_t)packets : UINT32_MAX};

	if (dp_captures(w, c, t))
		dp_capture_datagram(c, t, &what, NULL, 0, 0);
}
