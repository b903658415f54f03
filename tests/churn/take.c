/* SPDX-License-Identifier: Apache-2.0 */

/* What comes out of the data plane: whose it is, its length, its number, what it says. */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/churn/churn.h"
#include "tests/churn/wire.h"

enum {
	HEADERS = 14 + 20 + 8,
	RTP_HEADER = 12 + 4 + 8, /* with MID and abs-send-time */
	LEAST = HEADERS + 12,
	ORACLE_EACH = 16, /* libsrtp2 decrypts one packet in so many of those that stay */
	WRONG_MOST = 20, /* then the test ends: the others would say the same */
};

static void wrong(const struct viewer *v, const char *what, uint32_t is, uint32_t wanted)
{
	printf("FAILED: viewer %u (%s, worker %u, of the source on worker %u): %s is %u, not %u\n", v->number,
		v->kind == VIEWER_PASSES  ? "comes and goes"
		: v->kind == VIEWER_STAYS ? "stays"
					  : "pauses",
		v->worker, v->source->worker, what, is, wanted);
	fflush(stdout);
	if (++stage_failures > WRONG_MOST)
		stage_die("too much is wrong");
}

/*
 * Whether packet `number` may be the next. Who paused continues with a key frame: the newest
 * complete one of the stream, which may be the one that it was sent last.
 */
static bool follows(const struct viewer *v, uint32_t number)
{
	if (v->kind == VIEWER_STAYS || (v->got && number % BURST != 0))
		return number == v->next;
	return number + (v->kind == VIEWER_PAUSES ? BURST : 0) >= v->next;
}

/* What the packet says, and that it is what follows. */
static void read_payload(struct viewer *v, const uint8_t *payload)
{
	uint32_t serial = sh_get_be32(payload + 2), number = sh_get_be32(payload + 6);
	uint8_t expected[PAYLOAD];

	if (serial != v->serial)
		wrong(v, "the source of a packet", serial, v->serial);
	if (!follows(v, number))
		wrong(v, "the number of a packet", number, v->next);
	source_payload(expected, serial, number, payload[0] == 0x10);
	if (memcmp(payload, expected, PAYLOAD) != 0 || (payload[0] == 0x10) != (number % BURST == 0))
		wrong(v, "the content of packet", number, number);
	v->next = number + 1;
}

static void time_it(struct churn *c, const struct viewer *v)
{
	uint64_t took = c->now_ns - v->source->sent_ns[(v->next - 1) / BURST % BURSTS_KEPT];

	if (v->kind == VIEWER_STAYS && took > c->longest_ns)
		c->longest_ns = took;
}

static void decrypt(struct churn *c, struct viewer *v, uint8_t *rtp, size_t len)
{
	uint8_t copy[RTP_HEADER + PAYLOAD + DP_SRTP_TAG_MAX];
	size_t n = len;
	int error;

	memcpy(copy, rtp, len);
	error = dp_srtp_unprotect_rtp(c->engine, v->in, rtp, &n, RTP_HEADER);
	if (error)
		wrong(v, "the outcome of decryption", (uint32_t)error, 0);
	else
		read_payload(v, rtp + RTP_HEADER);
	time_it(c, v);
	c->decrypted++;
	if (!v->oracle || v->got % ORACLE_EACH != 0)
		return;
	n = len;
	error = dp_srtp_unprotect_rtp(c->oracle, v->oracle, copy, &n, RTP_HEADER);
	if (error || memcmp(copy, rtp, n) != 0)
		wrong(v, "libsrtp2's outcome", (uint32_t)error, 0);
	c->verified++;
}

static void take_rtx(struct churn *c, struct viewer *v, uint8_t *rtp, size_t len)
{
	uint32_t number = sh_get_be32(rtp + 8) - VIEWER_RTX_SSRC;
	size_t n = len;

	if (number != v->number || !v->out)
		wrong(v, "the viewer that a retransmission is for", number, v->number);
	else if (dp_srtp_unprotect_rtp(c->engine, v->in, rtp, &n, RTP_HEADER) != 0 ||
		 n != RTP_HEADER + 2 + PAYLOAD || !nack_right(v, rtp + RTP_HEADER))
		wrong(v, "the content of a retransmission, packet", sh_get_be16(rtp + 2),
			sh_get_be16(rtp + 2));
	c->repeated++;
}

static void take_rtp(struct churn *c, uint32_t place, uint8_t *rtp, size_t len)
{
	uint32_t number = sh_get_be32(rtp + 8) - VIEWER_SSRC;
	struct viewer *v = &c->viewer[place];
	unsigned tag = v->profile == SH_SRTP_AES128_CM_SHA1_80 ? 10 : 16;

	if (sh_get_be32(rtp + 8) >= VIEWER_RTX_SSRC) {
		take_rtx(c, v, rtp, len);
		return;
	}
	/* Of somebody who was there before, and left while it was on its way. */
	if (number < v->number && number % PLACES == place && v->kind == VIEWER_PASSES) {
		c->late++;
		return;
	}
	if (number != v->number)
		wrong(v, "the viewer that a packet is for", number, v->number);
	else if (len != RTP_HEADER + PAYLOAD + tag)
		wrong(v, "the length of a packet", (uint32_t)len, RTP_HEADER + PAYLOAD + tag);
	else if (v->started && sh_get_be16(rtp + 2) != v->seq)
		wrong(v, "a sequence number", sh_get_be16(rtp + 2), v->seq);
	else if (v->in)
		decrypt(c, v, rtp, len);
	v->started = true;
	v->seq = (uint16_t)(sh_get_be16(rtp + 2) + 1);
	v->got++;
	c->received++;
}

/* Ethernet, IPv4, UDP. RTCP, and what concerns neighbours, is not looked at. */
static void take(struct churn *c, uint8_t *frame, size_t len)
{
	uint32_t place;

	if (len < LEAST || sh_get_be16(frame + 12) != 0x0800 || frame[HEADERS] >> 6 != 2)
		return;
	if (frame[HEADERS + 1] >= 192 && frame[HEADERS + 1] <= 223) {
		c->rtcp++;
		return;
	}
	place = sh_get_be32(frame + 30) - VIEWER_IP;
	if (place >= PLACES || sh_get_be16(frame + 36) != VIEWER_PORT)
		stage_die("a packet goes to an address that nobody has");
	take_rtp(c, place, frame + HEADERS, len - HEADERS);
}

bool take_turn(struct churn *c)
{
	struct rte_mbuf *m[WIRE_BURST];
	bool any = false;

	for (unsigned queue = 0; queue < WORKERS; queue++) {
		unsigned n = wire_receive(queue, m);

		for (unsigned i = 0; i < n; i++)
			take(c, rte_pktmbuf_mtod(m[i], uint8_t *), rte_pktmbuf_data_len(m[i]));
		rte_pktmbuf_free_bulk(m, n);
		any |= n > 0;
	}
	return any;
}
