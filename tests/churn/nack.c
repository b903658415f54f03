/* SPDX-License-Identifier: Apache-2.0 */

/* Viewers that stay ask again for what they have had: whoever frees a packet too early is found. */

#include <string.h>

#include "dataplane/rtp/rtcp_build.h"
#include "shared/bytes.h"
#include "tests/churn/churn.h"
#include "tests/churn/wire.h"

enum {
	NACK_MS = 2,
	NUMBERS = 4, /* most in one NACK */
	BACK = 150, /* so many packets ago at most: half a second */
	ROOM = 200,
};

/* Its sequence number to this viewer, who has missed nothing. */
static uint16_t seq_of(const struct viewer *v, uint32_t number)
{
	return (uint16_t)(v->seq - (v->next - number));
}

static void ask(struct churn *c, struct viewer *v)
{
	struct sh_path path = churn_path(VIEWER_IP + v->number % PLACES, VIEWER_PORT, v->worker);
	uint8_t data[ROOM];
	struct dp_rtcp_buf b = {.data = data, .cap = ROOM - DP_SRTP_RTCP_OVERHEAD};
	unsigned n = 1 + churn_random(c, NUMBERS);
	struct stage_frame frame;
	uint16_t seqs[NUMBERS];
	struct rte_mbuf *m;
	size_t len;

	for (unsigned i = 0; i < n; i++)
		seqs[i] = seq_of(v, v->next - 1 - churn_random(c, BACK));
	dp_rtcp_put_rr(&b, 1, NULL, 0);
	dp_rtcp_put_nack(&b, 1, VIEWER_SSRC + v->number, seqs, n);
	len = b.len;
	if (dp_srtp_protect_rtcp(c->engine, v->out, data, &len, ROOM) != 0)
		stage_die("a NACK cannot be protected");
	stage_udp(&frame, c->mac, &path, data, len);
	m = wire_packet();
	memcpy(rte_pktmbuf_append(m, (uint16_t)frame.len), frame.data, frame.len);
	if (!wire_send(v->worker, &m, 1))
		stage_die("the data plane takes no packets any more: worker %u", v->worker);
}

bool nacks_turn(struct churn *c)
{
	static uint64_t next_ns;
	struct viewer *v = &c->viewer[churn_random(c, KEPT)];

	if (c->now_ns < next_ns || c->ending || v->kind != VIEWER_STAYS || v->next <= BACK)
		return false;
	next_ns = c->now_ns + NACK_MS * 1000000ull;
	ask(c, v);
	return true;
}

/* RFC 4588, 4: the number that it had, and then what it was. */
bool nack_right(const struct viewer *v, const uint8_t *payload)
{
	uint32_t serial = sh_get_be32(payload + 2 + 2), number = sh_get_be32(payload + 2 + 6);
	uint8_t expected[PAYLOAD];

	source_payload(expected, serial, number, number % BURST == 0);
	return serial == v->serial && number < v->next && sh_get_be16(payload) == seq_of(v, number) &&
	       memcmp(payload + 2, expected, PAYLOAD) == 0;
}
