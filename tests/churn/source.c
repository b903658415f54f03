/* SPDX-License-Identifier: Apache-2.0 */

/* Producers: they send bursts, and some come and go. */

#include <string.h>

#include "shared/bytes.h"
#include "tests/churn/churn.h"
#include "tests/churn/wire.h"

#define MS 1000000ull

enum {
	SOURCE_IP = 0x0a000010,
	BURST_MS = 25,
	AHEAD = 128, /* packets that a viewer may be behind before its source waits */
	STALL_MS = 20000, /* a viewer that gets nothing for so long: the data plane stands still */
	FIRST_SEQ = 65000, /* so that the roll-over comes soon */
	RTP_HEADER = 12,
	KEYS_OUT = 1, /* keys of the other direction, which nothing is decrypted with */
};

/* A viewer's keys have numbers below these. */
static uint64_t key_number(const struct source *s)
{
	return 1ull << 40 | s->serial << 1;
}

static sh_id transport(const struct source *s)
{
	return 1ull << 48 | (uint64_t)s->serial << 1;
}

sh_id source_producer(const struct source *s)
{
	return transport(s) | 1;
}

/* Another port each time: what is still under way of the last one is a stranger's. */
static struct sh_path path_of(const struct source *s)
{
	return churn_path(SOURCE_IP + s->index, (uint16_t)(5000 + s->serial % 50000), s->worker);
}

struct arrival { /* whose PRODUCER_ADD or TRANSPORT_DEL is answered */
	struct churn *churn;
	struct source *source;
};
static struct arrival arrivals[SOURCES];

static void came(void *arg, int error)
{
	struct arrival *a = arg;

	a->churn->waiting--;
	STAGE_CHECK(error == 0);
	a->source->state = SOURCE_THERE;
	a->source->leave_ns = a->churn->now_ns + (100 + churn_random(a->churn, 400)) * MS;
}

static void went(void *arg, int error)
{
	struct arrival *a = arg;

	a->churn->waiting--;
	STAGE_CHECK(error == 0);
	a->source->state = SOURCE_GONE;
	a->source->next_ns = a->churn->now_ns + churn_random(a->churn, 50) * MS;
	a->churn->sources++;
	churn_session_close(a->churn->engine, &a->source->session);
}

void source_open(struct churn *c, struct source *s)
{
	static uint32_t serial;
	struct sh_cmd cmd = {.op = SH_OP_PRODUCER_ADD, .producer_add = SH_PRODUCER_ADD_SIMPLE};
	struct sh_path path;

	s->serial = ++serial;
	s->profile = s->serial % 2 ? SH_SRTP_AEAD_AES_128_GCM : SH_SRTP_AES128_CM_SHA1_80;
	s->sent = 0;
	s->state = SOURCE_ASKED;
	s->session = churn_session(c->engine, DP_SRTP_OUT, s->profile, key_number(s));
	path = path_of(s);
	churn_add_transport(c, transport(s), s->worker, &path);
	churn_add_keys(c, transport(s), s->profile, key_number(s), key_number(s) + KEYS_OUT);
	cmd.id = source_producer(s);
	cmd.producer_add.transport = transport(s);
	cmd.producer_add.ssrc = SOURCE_SSRC + s->serial;
	cmd.producer_add.clock_rate = 90000;
	cmd.producer_add.kind = SH_KIND_VIDEO;
	cmd.producer_add.codec = SH_CODEC_VP8;
	cmd.producer_add.pt = SOURCE_PT;
	cmd.producer_add.cname_len = 5;
	memcpy(cmd.producer_add.cname, "churn", 5);
	arrivals[s->index] = (struct arrival){c, s};
	churn_send(c, &cmd, came, &arrivals[s->index]);
}

/* With its consumers; the producer first, or with its transport. */
void source_leave(struct churn *c, struct source *s)
{
	struct sh_cmd cmd = {.op = SH_OP_PRODUCER_DEL, .id = source_producer(s)};

	if (churn_random(c, 2))
		churn_do(c, &cmd);
	cmd.op = SH_OP_TRANSPORT_DEL;
	cmd.id = transport(s);
	churn_send(c, &cmd, went, &arrivals[s->index]);
	s->state = SOURCE_LEAVING;
}

/* RFC 7741, 4.2 and 4.3: S and PID 0, then P 0, begin a key frame; any viewer can start with one. */
void source_payload(uint8_t *out, uint32_t serial, uint32_t number, bool first)
{
	uint32_t state = serial * 2654435761u ^ number;

	out[0] = first ? 0x10 : 0x00;
	out[1] = first ? 0x00 : 0x01;
	sh_put_be32(out + 2, serial);
	sh_put_be32(out + 6, number);
	for (unsigned i = 10; i < PAYLOAD; i++) {
		state = state * 1664525 + 1013904223;
		out[i] = (uint8_t)(state >> 24);
	}
}

static void send_burst(struct churn *c, struct source *s)
{
	struct rte_mbuf *m[BURST];
	struct sh_path path = path_of(s);

	s->sent_ns[s->sent / BURST % BURSTS_KEPT] = c->now_ns;
	for (unsigned i = 0; i < BURST; i++, s->sent++) {
		uint32_t index = FIRST_SEQ + s->sent;
		struct stage_frame frame;
		uint8_t rtp[RTP_HEADER + PAYLOAD + DP_SRTP_RTP_OVERHEAD] = {0x80};
		struct dp_srtp_job job = {.session = s->session,
			.dst = rtp,
			.payload = rtp + RTP_HEADER,
			.hdr_len = RTP_HEADER,
			.payload_len = PAYLOAD,
			.roc = index >> 16};

		rtp[1] = (uint8_t)(SOURCE_PT | (i + 1 == BURST) << 7);
		sh_put_be16(rtp + 2, (uint16_t)index);
		sh_put_be32(rtp + 4, s->sent / BURST * BURST_MS * 90);
		sh_put_be32(rtp + 8, SOURCE_SSRC + s->serial);
		source_payload(rtp + RTP_HEADER, s->serial, s->sent, i == 0);
		dp_srtp_protect_rtp(c->engine, &job, 1);
		stage_udp(&frame, c->mac, &path, rtp, job.out_len);
		m[i] = wire_packet();
		memcpy(rte_pktmbuf_append(m[i], (uint16_t)frame.len), frame.data, frame.len);
	}
	if (!wire_send(s->queue, m, BURST))
		stage_die("the data plane takes no packets any more: worker %u", s->queue);
	c->sent += BURST;
}

/*
 * A source that stays waits for its viewers, so that no ring is ever full only because the
 * kernel lets nobody run. Waiting too long is a stall.
 */
static bool may_send(struct churn *c, struct source *s)
{
	const struct viewer *v = s->index < STAYING ? viewers_slowest(c, s) : NULL;

	if (!v || s->sent - v->next < AHEAD) {
		if (s->held_ns && c->now_ns - s->held_ns > c->longest_hold_ns)
			c->longest_hold_ns = c->now_ns - s->held_ns;
		s->held_ns = 0;
		return true;
	}
	if (!s->held_ns)
		s->held_ns = c->now_ns;
	if (c->now_ns - s->held_ns > STALL_MS * MS)
		stage_die("stalled: viewer %u on worker %u has %u of %u packets of the source on worker %u",
			v->number, v->worker, v->next, s->sent, s->worker);
	return false;
}

static bool turn(struct churn *c, struct source *s)
{
	if (s->state == SOURCE_ASKED || s->state == SOURCE_LEAVING || c->now_ns < s->next_ns)
		return false;
	if (s->state == SOURCE_GONE) {
		source_open(c, s);
		return true;
	}
	if (!may_send(c, s))
		return false;
	s->next_ns += BURST_MS * MS;
	if (s->next_ns < c->now_ns)
		s->next_ns = c->now_ns;
	send_burst(c, s);
	/* Its last burst is on its way while it is deleted. */
	if (s->index >= STAYING && c->now_ns >= s->leave_ns)
		source_leave(c, s);
	return true;
}

bool sources_turn(struct churn *c)
{
	bool any = false;

	for (unsigned i = 0; i < SOURCES && !c->ending; i++)
		any |= turn(c, &c->source[i]);
	return any;
}
