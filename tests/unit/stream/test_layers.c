/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A viewer of a producer with three encodings in VP8, each with three temporal layers, changes
 * among them at random, while packets are lost, reordered and repaired on their way to us. What it
 * is sent must look like one stream: no sequence number with two contents, no gap but for packets
 * that never came, picture ids without gaps, timestamps that ascend, and complete frames whose
 * references it has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/padding.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/probing.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/stream/world.h"

enum { ENCODINGS = 3, TEMPORAL = 3, VIEWER = 0, PACKETS = 4, LATE = 16, NUMBERS = 1 << 17 };

/* One encoding's encoder and packetizer. */
static struct source {
	struct dp_stream *s;
	uint16_t seq, picture;
	uint8_t tl0, keyidx;
	uint32_t timestamp;
	unsigned frame;
	struct {
		uint16_t seq;
		uint32_t timestamp, at;
		uint8_t payload[24];
	} late[LATE]; /* packets on a detour */
	unsigned lates;
} source[ENCODINGS];

static bool largest_first; /* the order of the encodings' sizes is the reverse of signalling */
static unsigned padded; /* padding is sent behind one of so many pictures; 0: never */
static uint32_t content[NUMBERS]; /* by the viewer's sequence number: hash of what it stood for */
static uint64_t highest;
static unsigned random_state;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % n;
}

static uint32_t hash(const uint8_t *data, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * 16777619u;
	return h | 1;
}

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

	return largest_first ? ENCODINGS - 1 - i : i;
}

/* One picture of an encoding. Temporal layers 0 2 1 2. */
static void picture(struct source *x, unsigned loss)
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
	if (padded && random_below(padded) == 0)
		world_rtp(x->s, x->seq++, x->timestamp, "", 0);
}

/* Checks what the viewer was sent since the last call. */
static void check_sent(void)
{
	for (unsigned i = 0; i < world->sent[VIEWER]; i++) {
		const struct sent *p = &world->log[VIEWER][i];
		uint32_t h = hash(p->bytes, p->len);

		assert_true(p->number < NUMBERS);
		if (content[p->number])
			assert_int_equal(content[p->number], h); /* the same nonce, the same content */
		content[p->number] = h;
		highest = p->number > highest ? p->number : highest;
	}
}

static unsigned paddings; /* that the viewer was sent */

/* What the viewer's depacketizer knows. */
static struct {
	bool started;
	uint64_t number;
	uint32_t timestamp;
	uint16_t picture;
	uint8_t tl0;
} last;

/* In a stream without loss each packet follows the one before, whatever encoding it is of. */
static void check_continuous(void)
{
	for (unsigned i = 0; i < world->sent[VIEWER]; i++) {
		const struct sent *p = &world->log[VIEWER][i];
		uint32_t timestamp = sh_get_be32(p->bytes + 4);
		const uint8_t *vp8 = p->bytes + p->len - 24;
		uint16_t id;

		if (p->len < 12 + 24) { /* padding: it has a sequence number, and nothing else */
			assert_true(last.started);
			assert_int_equal(p->number, ++last.number);
			paddings++;
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

static void nack_some(void)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_outgoing o = {.count = 0};

	for (unsigned i = 0; i < 4; i++)
		dp_retransmit(w, &world->consumer[VIEWER], (uint16_t)(highest - random_below(30)), &o);
	dp_outgoing_end(w, &o);
}

static void millisecond(void)
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

/* 33 ms, in which each encoding sends a picture, one after the other. */
static void frame_time(unsigned loss)
{
	for (unsigned i = 0; i < ENCODINGS; i++) {
		source[i].timestamp += 2970;
		picture(&source[i], loss);
		dp_fanout(&world->worker[0]);
		deliver_late(&source[i]);
	}
	for (unsigned i = 0; i < 33; i++)
		millisecond();
}

static void begin(unsigned seed)
{
	random_state = seed;
	highest = 0;
	memset(content, 0, sizeof(content));
	memset(&last, 0, sizeof(last));
	paddings = 0;
	for (unsigned i = 0; i < ENCODINGS; i++)
		add_encoding(i);
	for (unsigned i = 0; i < 3; i++)
		frame_time(0);
	assert_int_equal(world_join(VIEWER, 0, 0), 0);
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].retention_ns = 300 * DP_MS;
}

static void end(void)
{
	largest_first = false;
	padded = 0;
	world_leave(VIEWER);
	for (unsigned i = ENCODINGS; i > 0; i--)
		world_stream_gone(i - 1);
}

static void test_continuous(void **state)
{
	unsigned seen[ENCODINGS] = {0}, changes = 0;

	begin(1);
	for (unsigned i = 0; i < 3000; i++) {
		const struct dp_stream *before = world->consumer[VIEWER].stream;

		if (random_below(12) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		frame_time(0);
		check_sent();
		check_continuous();
		nack_some();
		world->sent[VIEWER] = 0;
		changes += world->consumer[VIEWER].stream != before;
		seen[world->consumer[VIEWER].stream->encoding]++;
	}
	for (unsigned i = 0; i < ENCODINGS; i++)
		assert_true(seen[i] > 300);
	assert_true(changes > 80);
	end();
}

/* A producer's probes leave no gap in any number of the viewer, and are no malformed frames. */
static void test_padding_of_the_producer(void **state)
{
	unsigned changes = 0;

	padded = 2;
	begin(11);
	for (unsigned i = 0; i < 1500; i++) {
		const struct dp_stream *before = world->consumer[VIEWER].stream;

		if (random_below(12) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		frame_time(0);
		check_sent();
		check_continuous();
		nack_some();
		world->sent[VIEWER] = 0;
		changes += world->consumer[VIEWER].stream != before;
	}
	assert_true(paddings > 500);
	assert_true(changes > 40);
	for (unsigned i = 0; i < ENCODINGS; i++)
		assert_int_equal(source[i].s->malformed_frames, 0);
	end();
}

/* An encoding of which only padding comes has stopped. */
static void test_padding_is_no_picture(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	begin(5);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	dp_selection_refresh(w, c);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	for (unsigned i = 0; i < 30; i++) {
		for (unsigned k = 0; k < 2; k++) {
			source[k].timestamp += 2970;
			picture(&source[k], 0);
		}
		world_rtp(source[2].s, source[2].seq++, source[2].timestamp, "", 0);
		for (unsigned k = 0; k < 33; k++)
			millisecond();
		dp_selection_refresh(w, c);
	}
	assert_int_equal(dp_selection_layers(c).spatial, 1);
	end();
}

/* Descriptors that are cut off are counted; what other viewers get goes on. */
static void test_malformed(void **state)
{
	enum { BAD = 20 };

	begin(17);
	frame_time(0);
	for (unsigned i = 0; i < BAD; i++) {
		static const uint8_t cut[] = {0x90, 0xf0, 0x80};

		world_rtp(source[2].s, source[2].seq++, source[2].timestamp, cut, 1 + i % 3);
		frame_time(0);
		check_sent();
		world->sent[VIEWER] = 0;
	}
	assert_int_equal(source[2].s->malformed_frames, BAD);
	assert_int_equal(source[0].s->malformed_frames, 0);
	assert_int_equal(world->stats[0].malformed_frames, BAD);
	assert_true(highest > world->consumer[VIEWER].seq.next - 10);
	end();
}

/* OBS signals the largest encoding first. Spatial layer 0 is the smallest, to aim for and to tell. */
static void test_largest_first(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	largest_first = true;
	begin(13);
	assert_true(source[0].s->encodings.ordered);
	for (unsigned spatial = 0; spatial < ENCODINGS; spatial++) {
		unsigned encoding = ENCODINGS - 1 - spatial;

		assert_int_equal(dp_encoding_of_rank(source[0].s, spatial), encoding);
		assert_int_equal(dp_rank_of_encoding(source[0].s, encoding), spatial);
		dp_selection_wish(w, c,
			&(struct sh_wishes){
				.spatial = (uint8_t)spatial, .temporal = TEMPORAL - 1, .priority = 1});
		for (unsigned i = 0; i < 4; i++)
			frame_time(0);
		dp_selection_refresh(w, c);
		assert_int_equal(c->stream->encoding, encoding);
		assert_int_equal(world->told[VIEWER].spatial, spatial);
		assert_int_equal(world->told[VIEWER].target_spatial, spatial);
		check_sent();
		check_continuous();
		world->sent[VIEWER] = 0;
	}
	/* The path carries the smallest only, whatever the wish. */
	dp_selection_aim(w, c, 0, TEMPORAL - 1);
	assert_int_equal(dp_selection_layers(c).target_spatial, 0);
	frame_time(0);
	frame_time(0);
	assert_int_equal(c->stream->encoding, ENCODINGS - 1);
	end();
}

/* Bad paths to us and much asking: no number ever stands for two contents. */
static void test_nonces(void **state)
{
	unsigned repeated = 0;

	begin(7);
	for (unsigned i = 0; i < 4000; i++) {
		if (random_below(8) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		if (random_below(200) == 0)
			world->consumer[VIEWER].paused ^= 1;
		frame_time(10);
		check_sent();
		world->sent[VIEWER] = 0;
		nack_some();
		repeated += world->sent[VIEWER];
		check_sent();
		world->sent[VIEWER] = 0;
	}
	assert_in_range(repeated, 1000, 20000);
	end();
}

static void pause_viewer(bool paused)
{
	struct dp_op op = {.slot = VIEWER};

	op.cmd.consumer_set.paused = paused;
	op.cmd.consumer_set.wishes = SH_WISHES_NONE;
	assert_int_equal(dp_consumer_set(&world->worker[0], &op), 0);
}

/* As an encoder that makes key frames by itself. */
static void key_frames(unsigned frame)
{
	for (unsigned i = 0; i < ENCODINGS && frame % 50 == 0; i++)
		source[i].frame = 0;
}

static void begin_cached(unsigned seed)
{
	world->config.dataplane.stream_packets = 512;
	world->config.media.cache_ms = 8000;
	world->config.media.join_bitrate = 2000000;
	world->config.media.join_budget = 100000000;
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].cache_ns = 8000 * DP_MS;
	begin(seed);
	for (unsigned i = 0; i < ENCODINGS; i++)
		atomic_store(&source[i].s->kbps, 24 * 8 * PACKETS * 30 / 1000);
}

/* A viewer who resumes begins with the key frame of its encoding, and everything goes on from what it had. */
static void test_resumes_at_once(void **state)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	uint64_t before;

	begin_cached(21);
	for (unsigned i = 0; i < 60; i++) {
		frame_time(0);
		check_sent();
		check_continuous();
		world->sent[VIEWER] = 0;
	}
	for (unsigned turn = 0; turn < 4; turn++) {
		for (unsigned i = 0; i < ENCODINGS; i++)
			atomic_store(&source[i].s->keyframe_wanted, 0);
		before = world->stats[0].catch_ups;
		pause_viewer(true);
		for (unsigned i = 0; i < 20; i++) {
			key_frames(i);
			frame_time(0);
		}
		assert_int_equal(world->sent[VIEWER], 0);
		pause_viewer(false);
		assert_int_equal(world->stats[0].catch_ups, before + 1);
		for (unsigned i = 0; i < 60; i++) {
			frame_time(0);
			assert_true(i > 0 || world->sent[VIEWER] > PACKETS);
			check_sent();
			check_continuous();
			nack_some();
			check_sent();
			world->sent[VIEWER] = 0;
		}
		assert_false(c->catching_up);
		assert_false(c->selection->epochs.epoch[0].squeezed);
		for (unsigned i = 0; i < ENCODINGS; i++)
			assert_int_equal(atomic_load(&source[i].s->keyframe_wanted), 0);
	}
	end();
}

/* The same as above, with pauses that end in the middle of a group of pictures. */
static void test_nonces_with_the_cache(void **state)
{
	unsigned repeated = 0;

	begin_cached(23);
	for (unsigned i = 0; i < 6000; i++) {
		if (random_below(40) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		if (random_below(60) == 0)
			pause_viewer(!world->consumer[VIEWER].paused);
		key_frames(i);
		if (random_below(100) == 0)
			dp_catch_up_release(&world->worker[0], &world->consumer[VIEWER], false);
		frame_time(8);
		check_sent();
		world->sent[VIEWER] = 0;
		nack_some();
		repeated += world->sent[VIEWER];
		check_sent();
		world->sent[VIEWER] = 0;
	}
	assert_true(repeated > 2000);
	assert_true(world->stats[0].catch_ups > 10);
	end();
}

static void test_stopped_layer(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	begin(3);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	dp_selection_refresh(w, c);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	for (unsigned i = 0; i < 30; i++) { /* the largest one is not sent */
		for (unsigned k = 0; k < 2; k++) {
			source[k].timestamp += 2970;
			picture(&source[k], 0);
		}
		for (unsigned k = 0; k < 33; k++)
			millisecond();
		dp_selection_refresh(w, c);
	}
	assert_int_equal(dp_selection_layers(c).spatial, 1);
	for (unsigned i = 0; i < 50; i++) {
		frame_time(0);
		dp_selection_refresh(w, c);
		world->sent[VIEWER] = 0;
	}
	assert_int_equal(dp_selection_layers(c).spatial, 1); /* it must last for 2 s */
	for (unsigned i = 0; i < 20; i++) {
		frame_time(0);
		dp_selection_refresh(w, c);
	}
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	for (unsigned i = 0; i < 30; i++) /* a screen that stands still stops none */
		for (unsigned k = 0; k < 33; k++)
			millisecond();
	dp_selection_refresh(w, c);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	end();
}

/* Sender reports of all encodings, each about its own instant: encodings report one after the other. */
static void report_all(void)
{
	static const uint64_t second = UINT64_C(1) << 32;
	const struct dp_worker *w = &world->worker[0];

	for (unsigned i = 0; i < ENCODINGS; i++) {
		uint32_t ticks = 900 * i; /* 10 ms each after the last frame */
		uint64_t ntp = (uint64_t)source[i].timestamp - (0xfffff000u + 77777 * i) + ticks;

		dp_stream_set_clock(source[i].s, (7 << 20) * second + (ntp * second / 90000),
			source[i].timestamp + ticks, w->now_ns + 10 * i * DP_MS);
	}
}

/* By how much, in ticks, the viewer's newest timestamp is off the instant that its picture shows. */
static int32_t off(uint32_t start)
{
	const struct sent *p = &world->log[VIEWER][world->sent[VIEWER] - 1];

	/* Source 0's clock is the viewer's, but for the constant offset. */
	return (int32_t)(sh_get_be32(p->bytes + 4) - start - (source[0].timestamp - 0xfffff000u));
}

/*
 * Picture and sound stay together. Here every key frame shows the instant of the frame that was
 * sent last, and timestamps must grow, so that each change is off a little, and all of them add up.
 */
static void test_in_sync(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];
	unsigned changes = 0;
	uint32_t start;

	begin(31);
	report_all();
	dp_selection_aim(w, c, 0, TEMPORAL - 1);
	for (unsigned i = 0; i < 5; i++)
		frame_time(0);
	assert_ptr_equal(c->stream, source[0].s);
	start = sh_get_be32(world->log[VIEWER][world->sent[VIEWER] - 1].bytes + 4) -
		(source[0].timestamp - 0xfffff000u);
	while (changes < 20) {
		const struct dp_stream *before = c->stream;

		dp_selection_aim(w, c, random_below(ENCODINGS), TEMPORAL - 1);
		report_all();
		for (unsigned i = 0; i < 5; i++) {
			world->sent[VIEWER] = 0;
			frame_time(0);
			assert_in_range(off(start) + 1, 0, 1 + 3 * 90); /* 3 ms */
		}
		changes += c->stream != before;
	}
	end();
}

/* Asks for what the viewer was sent last. Returns how many packets were retransmitted. */
static unsigned repaired(uint64_t from, unsigned count)
{
	struct dp_worker *w = &world->worker[0];
	uint64_t before = w->stats->rtx_out;
	struct dp_outgoing o = {.count = 0};

	world->consumer[VIEWER].rtt_us = 20000;
	w->now_ns += 21 * DP_MS; /* over a round trip since the last request */
	for (unsigned i = 0; i < count; i++)
		dp_retransmit(w, &world->consumer[VIEWER], (uint16_t)(from - i), &o);
	dp_outgoing_end(w, &o);
	return (unsigned)(w->stats->rtx_out - before);
}

/* What a full path has lost of a larger encoding is not worth its room: a key frame of a smaller one comes. */
static void test_abandoned(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];
	uint64_t *drops = &w->stats->drop[SH_DROP_RTX_ABANDONED], large, small;

	begin(21);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	large = c->seq.next - 1;
	assert_int_equal(repaired(large, 2), 2);
	dp_selection_aim(w, c, 1, TEMPORAL - 1); /* the path does not carry it, and a key frame is awaited */
	assert_int_equal(repaired(large, 2), 0);
	assert_int_equal(*drops, 2);
	frame_time(0);
	frame_time(0);
	assert_int_equal(c->stream->encoding, 1);
	small = c->seq.next - 1;
	assert_int_equal(repaired(large, 2), 0);
	assert_int_equal(*drops, 4);
	assert_int_equal(repaired(small, 2), 2);
	dp_selection_aim(w, c, 2, TEMPORAL - 1); /* until the larger one decodes, the smaller one is shown */
	frame_time(0);
	frame_time(0);
	assert_int_equal(c->stream->encoding, 2);
	assert_int_equal(repaired(small, 2), 2);
	assert_int_equal(*drops, 4);
	end();
}

/* If the smaller encoding does not come, the larger one is all that the viewer has. */
static void test_abandoned_in_vain(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	begin(23);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	dp_selection_aim(w, c, 1, TEMPORAL - 1);
	assert_int_equal(repaired(c->seq.next - 1, 2), 0);
	w->now_ns += 500 * DP_MS;
	assert_int_equal(repaired(c->seq.next - 1, 2), 2);
	end();
}

/* A wish for a smaller one says nothing about the path. */
static void test_wish_abandons_nothing(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	begin(22);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	dp_selection_wish(w, c, &(struct sh_wishes){.spatial = 0, .temporal = SH_LAYER_ANY, .priority = 1});
	assert_true(dp_selection_pending(c));
	assert_int_equal(repaired(c->seq.next - 1, 2), 2);
	end();
}

/* Sends padding for a tenth of a second, and returns how many bytes of it there were. */
static unsigned pad(uint32_t ssrc)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_adapt *a = &w->adapt[VIEWER];
	unsigned bytes = 0;

	w->transports = world->transport;
	world->sent[VIEWER] = 0;
	dp_probe_start(&a->probe, (uint32_t)(w->now_ns / DP_MS), 800, 1600, 0);
	dp_probing_add(w, &world->transport[VIEWER]);
	for (unsigned i = 0; i < 100; i++) {
		w->now_ns += DP_MS;
		dp_padding(w);
	}
	for (unsigned i = 0; i < world->sent[VIEWER]; i++) {
		const struct sent *p = &world->log[VIEWER][i];

		assert_int_equal(sh_get_be32(p->bytes + 8), ssrc);
		bytes += p->len - 12u;
		if (p->bytes[0] & 0x20) /* the last byte counts the padding, which is all there is */
			assert_int_equal(p->bytes[p->len - 1], p->len - 12);
	}
	dp_probe_stop(&a->probe, (uint32_t)(w->now_ns / DP_MS));
	w->transports = world->producer;
	return bytes;
}

/* Never on the media SSRC: its sequence numbers stay where they are. */
static void test_padding_to_a_viewer(void **state)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	uint64_t next;

	begin(4);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	next = c->seq.next;
	world->worker[0].adapt[VIEWER].cost_kbps = 780;
	assert_int_equal(pad(0), 0); /* there is no SSRC for it */
	c->egress.rtx_ssrc = 0x9999;
	assert_in_range(pad(0x9999), 200, 4000);
	c->flags |= SH_CONSUMER_PROBATOR;
	assert_in_range(pad(1234), 200, 4000);
	assert_int_equal(c->seq.next, next);
	end();
}

/* What consumers without layers take is not there for those with them; a paused one takes nothing. */
static void test_video_without_layers_counts(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_transport *t = &world->transport[VIEWER];
	struct dp_consumer other = {.transport = t, .bitrate_bps = 1000000};
	uint32_t alone;

	begin(4);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	dp_adaptation_decide(w, t);
	alone = w->adapt[VIEWER].cost_kbps;
	other.stream = world->consumer[VIEWER].stream;
	other.next_on_transport = t->consumers;
	t->consumers = &other;
	dp_adaptation_decide(w, t);
	assert_in_range(w->adapt[VIEWER].cost_kbps, alone + 1000, alone + 1200);
	other.paused = true;
	dp_adaptation_decide(w, t);
	assert_int_equal(w->adapt[VIEWER].cost_kbps, alone);
	t->consumers = other.next_on_transport;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_continuous, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nonces, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_resumes_at_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nonces_with_the_cache, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stopped_layer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_padding_of_the_producer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_padding_is_no_picture, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_in_sync, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_abandoned, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_abandoned_in_vain, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_wish_abandons_nothing, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_malformed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_largest_first, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_padding_to_a_viewer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_video_without_layers_counts, world_setup,
			world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
