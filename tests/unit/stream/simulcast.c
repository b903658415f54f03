/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/stream/simulcast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"

struct source source[ENCODINGS];
struct oracle simulcast_sent;
bool simulcast_largest_first;
unsigned simulcast_padded, simulcast_paddings;

/* What the viewer's depacketizer knows. */
static struct {
	bool started;
	uint64_t number;
	uint32_t timestamp;
	uint16_t picture;
	uint8_t tl0;
} last;

static void add_encoding(unsigned i)
{
	struct dp_stream *s = &world->stream[i];
	struct dp_op op = {.slot = i};
	struct sh_producer_add *p = &op.cmd.producer_add;

	op.cmd.id = i + 1;
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_VP8;
	p->clock_rate = 90000;
	p->ssrc = 0x100 + i;
	p->pt = 96;
	p->encoding = (uint8_t)i;
	p->encodings = ENCODINGS;
	p->temporal_layers = TEMPORAL;
	p->lead = i ? 1 : 0;
	assert_int_equal(dp_stream_prepare(s, &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	source[i] = (struct source){.s = s,
		.seq = (uint16_t)(60000 + 3000 * i),
		.picture = (uint16_t)(0x7ff0 + 100 * i),
		.tl0 = (uint8_t)(250 + i),
		.timestamp = 0xfffff000u + 77777 * i};
}

/* Lets the packet arrive now, or later, or never. */
static void deliver(struct source *x, uint16_t seq, uint32_t timestamp, const uint8_t *payload, unsigned loss,
	bool marker)
{
	if (random_below(100) >= loss) {
		world_rtp_marked(x->s, seq, timestamp, payload, 24, marker);
		return;
	}
	if (x->lates == LATE || random_below(4) == 0)
		return;
	x->late[x->lates].seq = seq;
	x->late[x->lates].timestamp = timestamp;
	x->late[x->lates].at = random_below(6) + (marker ? 1000 : 0);
	memcpy(x->late[x->lates++].payload, payload, 24);
}

static void deliver_late(struct source *x)
{
	for (unsigned i = 0; i < x->lates;) {
		if (x->late[i].at % 1000) {
			x->late[i++].at--;
			continue;
		}
		world_rtp_marked(x->s, x->late[i].seq, x->late[i].timestamp, x->late[i].payload, 24,
			x->late[i].at >= 1000);
		x->late[i] = x->late[--x->lates];
	}
}

/* 0: the smallest. */
static unsigned size_of(const struct source *x)
{
	unsigned i = (unsigned)(x - source);

	return simulcast_largest_first ? ENCODINGS - 1 - i : i;
}

void simulcast_picture(struct source *x, unsigned loss)
{
	static const uint8_t layer[] = {0, 2, 1, 2};

	bool key = atomic_exchange(&x->s->keyframe_wanted, 0) || x->frame == 0;
	uint8_t temporal;

	x->frame = key ? 0 : x->frame;
	temporal = layer[x->frame++ % 4];
	x->tl0 = (uint8_t)(x->tl0 + !temporal);
	x->keyidx += key;
	for (unsigned i = 0; i < PACKETS; i++) {
		uint8_t p[24] = {(uint8_t)(0x80 | (i == 0) << 4), 0xf0};

		sh_put_be16(p + 2, 0x8000 | (x->picture & 0x7fff));
		p[4] = x->tl0;
		p[5] = (uint8_t)(temporal << 6 | (temporal != 0) << 5 | (x->keyidx & 0x1f));
		p[6] = i == 0 && key ? 0x10 : 0x11;
		if (i == 0 && key) {
			memcpy(p + 9, "\x9d\x01\x2a", 3);
			p[12] = (uint8_t)(160 << size_of(x) & 0xff);
			p[13] = (uint8_t)(160 << size_of(x) >> 8);
			p[14] = (uint8_t)(90 << size_of(x) & 0xff);
			p[15] = (uint8_t)(90 << size_of(x) >> 8);
		}
		sh_put_be32(p + 18, (uint32_t)(x - source) << 24 | x->seq);
		deliver(x, x->seq++, x->timestamp, p, key ? 0 : loss, i == PACKETS - 1);
	}
	x->picture++;
	/* As Chromium probes: no payload, the timestamp of the picture before, no marker. */
	if (simulcast_padded && random_below(simulcast_padded) == 0)
		world_rtp(x->s, x->seq++, x->timestamp, "", 0);
}

void simulcast_check(void)
{
	for (unsigned i = 0; i < world->sent[VIEWER]; i++)
		oracle_note(&simulcast_sent, &world->log[VIEWER][i]);
}

void simulcast_check_continuous(void)
{
	for (unsigned i = 0; i < world->sent[VIEWER]; i++) {
		const struct sent *p = &world->log[VIEWER][i];
		uint32_t timestamp = sh_get_be32(p->bytes + 4);
		const uint8_t *vp8 = p->bytes + p->len - 24;
		uint16_t id;

		if (p->len < 12 + 24) { /* padding: it has a sequence number, and nothing else */
			assert_true(last.started);
			assert_int_equal(p->number, ++last.number);
			simulcast_paddings++;
			continue;
		}
		id = sh_get_be16(vp8 + 2) & 0x7fff;
		if (last.started) {
			assert_int_equal(p->number, last.number + 1);
			if (id == last.picture) {
				assert_int_equal(timestamp, last.timestamp);
				assert_int_equal(vp8[4], last.tl0);
			} else {
				assert_int_equal(id, (last.picture + 1) & 0x7fff);
				assert_true((int32_t)(timestamp - last.timestamp) > 0);
				assert_true(vp8[0] & 0x10);
				assert_int_equal(vp8[4], (uint8_t)(last.tl0 + (vp8[5] < 0x40)));
			}
		}
		last.started = true;
		last.number = p->number;
		last.timestamp = timestamp;
		last.picture = id;
		last.tl0 = vp8[4];
	}
}

void simulcast_nack(void)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_outgoing o = {.count = 0};

	for (unsigned i = 0; i < 4; i++)
		dp_retransmit(w, &world->consumer[VIEWER],
			(uint16_t)(simulcast_sent.highest - random_below(30)), &o);
	dp_outgoing_end(w, &o);
}

void simulcast_millisecond(void)
{
	struct dp_worker *w = &world->worker[0];

	w->now_ns += DP_MS;
	for (unsigned i = 0; i < ENCODINGS; i++) {
		struct dp_audience *a = dp_audience_of(w, i, 0);

		if (a->changing)
			dp_selection_change(w, a);
		if (dp_audience_reads(a))
			dp_audience_tick(w, source[i].s);
		dp_stream_reclaim(source[i].s);
	}
	dp_encodings_update(source[0].s->transport, w->now_ns);
	dp_fanout(w);
	dp_catch_up(w);
}

void simulcast_frame_time(unsigned loss)
{
	for (unsigned i = 0; i < ENCODINGS; i++) {
		source[i].timestamp += 2970;
		simulcast_picture(&source[i], loss);
		dp_fanout(&world->worker[0]);
		deliver_late(&source[i]);
	}
	for (unsigned i = 0; i < 33; i++)
		simulcast_millisecond();
}

void simulcast_begin(unsigned seed)
{
	random_seed(seed);
	oracle_reset(&simulcast_sent);
	memset(&last, 0, sizeof(last));
	simulcast_paddings = 0;
	for (unsigned i = 0; i < ENCODINGS; i++)
		add_encoding(i);
	for (unsigned i = 0; i < 3; i++)
		simulcast_frame_time(0);
	assert_int_equal(world_join(VIEWER, 0, 0), 0);
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].retention_ns = 300 * DP_MS;
}

void simulcast_end(void)
{
	simulcast_largest_first = false;
	simulcast_padded = 0;
	world_leave(VIEWER);
	for (unsigned i = ENCODINGS; i > 0; i--)
		world_stream_gone(i - 1);
}
