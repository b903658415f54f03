/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A viewer of AV1 with spatial layers changes among them at random. Chromium's recorded packets are
 * sent over and over, also with loss and late ones. The dependency descriptors that the viewer gets
 * are read as its receiver reads them: every frame refers to frames that it was sent, the active
 * decode targets are those of its layers, and no sequence number has two contents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/codec/dependency.h"
#include "dataplane/path/catch_up.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/rtp/rtp.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/codec/recorded.h"
#include "tests/unit/stream/oracle.h"

enum {
	VIEWER = 0,
	LAYERS = 3,
	FROM = 8, /* the descriptor's id at the producer, */
	TO = 7, /* and at the viewer */
	MID_ID = 1,
	ONE_BYTE = 0xbede,
	TWO_BYTE = 0x1000,
	PAYLOAD = 8,
	LATE = 8,
};

static struct recording recording;
static unsigned loops, frames;
static struct dp_dependencies receiver; /* what the viewer's receiver knows */
static bool has_frames;
static uint16_t newest; /* frame number that it was sent last */
static struct oracle oracle;
static uint32_t masks_seen; /* bit i: a descriptor whose active targets were those of spatial layer i */
static unsigned long_ones, short_ones; /* headers in two-byte and in one-byte form, with a descriptor */
static struct {
	uint8_t bytes[512];
	size_t len;
	unsigned after; /* packets */
} late[LATE];

/* The producer alone. */
static void begin_stream(const char *name, unsigned seed)
{
	struct dp_op op = {.cmd.id = 1};
	struct sh_producer_add *p = &op.cmd.producer_add;

	random_seed(seed);
	recording = recording_read(name);
	loops = frames = long_ones = short_ones = masks_seen = 0;
	oracle_reset(&oracle);
	has_frames = false;
	receiver = (struct dp_dependencies){0};
	memset(late, 0, sizeof(late));
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_AV1;
	p->clock_rate = 90000;
	p->ssrc = 0x100;
	p->pt = 96;
	p->spatial_layers = LAYERS;
	p->temporal_layers = LAYERS;
	p->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = FROM;
	assert_int_equal(dp_stream_prepare(&world->stream[0], &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].retention_ns = 300 * DP_MS;
}

static void begin(const char *name, unsigned seed)
{
	begin_stream(name, seed);
	assert_int_equal(world_join(VIEWER, 0, 0), 0);
}

static void end(void)
{
	world_leave(VIEWER);
	world_stream_gone(0);
	recording_free(&recording);
}

/* The viewer has negotiated the descriptor, and MID. */
static void negotiate(void)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	uint8_t ids[SH_EXT_COUNT] = {[SH_EXT_DEPENDENCY_DESCRIPTOR] = TO, [SH_EXT_MID] = MID_ID};

	dp_egress_init(&c->egress, c->egress.ssrc, c->egress.rtx_ssrc, c->egress.pt, c->egress.rtx_pt, "0", 1,
		ids);
	dp_selection_wish(&world->worker[0], c, &SH_WISHES_NONE);
}

/* Packet `i` of the recording, in the loop that is being sent: its numbers go on. Returns its length. */
static size_t make(size_t i, uint8_t *pkt)
{
	const struct recorded *first = recording.packets, *last = first + recording.count - 1;
	const struct dp_codec_packet *p = &recording.packets[i].packet;
	struct dp_descriptor_change change = {.targets = 0};
	uint8_t descriptor[DP_DESCRIPTOR_MAX];
	uint16_t span = 0;
	size_t words, len = 0;

	for (size_t k = recording.count; k > 0 && !span; k--)
		if (recording.packets[k - 1].packet.descriptor_len)
			span = (uint16_t)(sh_get_be16(recording.packets[k - 1].packet.descriptor + 1) + 1);
	memset(pkt, 0, 512);
	pkt[0] = 0x90;
	pkt[1] = (uint8_t)(p->marker << 7 | 96);
	sh_put_be16(pkt + 2, (uint16_t)(p->seq + loops * (last->packet.seq - first->packet.seq + 1)));
	sh_put_be32(pkt + 4,
		p->timestamp + loops * (last->packet.timestamp - first->packet.timestamp + 3000));
	sh_put_be32(pkt + 8, 0x100);
	sh_put_be16(pkt + 12, TWO_BYTE);
	if (p->descriptor_len) {
		change.frame_number = (uint16_t)(sh_get_be16(p->descriptor + 1) + loops * span);
		len = dp_descriptor_rewrite(descriptor, p->descriptor, p->descriptor_len, &change);
		pkt[16] = FROM;
		pkt[17] = (uint8_t)len;
		memcpy(pkt + 18, descriptor, len);
	}
	words = (2 + len + 3) / 4;
	sh_put_be16(pkt + 14, (uint16_t)words);
	len = 16 + 4 * words;
	if (!p->payload_len)
		return len;
	memcpy(pkt + len, p->payload, PAYLOAD / 2); /* whether it begins a key frame */
	sh_put_be32(pkt + len + PAYLOAD / 2, (uint32_t)(loops << 16 | i));
	return len + PAYLOAD;
}

/* The spatial layer whose targets, with all temporal layers, are these. */
static unsigned layer_of(uint32_t active)
{
	for (unsigned i = 0; i < LAYERS; i++)
		if (active == dp_dependencies_active(&world->stream[0].layering->dependencies, i, LAYERS))
			return i;
	return LAYERS;
}

/* A stream without loss: what its receiver makes of the descriptor. */
static void receive(const uint8_t *descriptor, uint8_t len)
{
	struct dp_frame_info f;

	assert_int_equal(dp_dependencies_parse(&receiver, &f, descriptor, len), 0);
	if (f.flags & DP_FRAME_INTER_PICTURE)
		assert_true(f.reachable); /* no reference is to a frame that is missing */
	if (f.flags & DP_FRAME_START) {
		if (has_frames)
			assert_true((int16_t)(f.frame_number - newest) > 0);
		frames++;
		if (layer_of(receiver.active) < LAYERS)
			masks_seen |= 1u << layer_of(receiver.active);
		assert_true(f.targets & receiver.active); /* a frame that the viewer is to have */
	}
	has_frames = true;
	newest = f.frame_number;
}

static void check_sent(bool lossless)
{
	for (unsigned i = 0; i < world->sent[VIEWER]; i++) {
		const struct sent *p = &world->log[VIEWER][i];
		struct dp_rtp_ext x;
		struct dp_rtp r;

		oracle_note(&oracle, p);
		assert_int_equal(dp_rtp_parse(&r, p->bytes, p->len), 0);
		assert_true(dp_ext_find(&r, p->bytes, MID_ID, &x) && x.len == 1 && x.data[0] == '0');
		if (!dp_ext_find(&r, p->bytes, TO, &x))
			continue;
		assert_int_equal(r.ext_profile, x.len > 16 ? TWO_BYTE : ONE_BYTE);
		long_ones += x.len > 16;
		short_ones += x.len <= 16;
		if (lossless)
			receive(x.data, x.len);
	}
	world->sent[VIEWER] = 0;
}

static void arrive(const uint8_t *pkt, size_t len)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_audience *a = dp_audience_of(w, 0, 0);

	w->now_ns += 2 * DP_MS;
	world_rtp_packet(&world->stream[0], pkt, len);
	dp_fanout(w);
	dp_catch_up(w);
	if (dp_audience_reads(a))
		dp_audience_tick(w, &world->stream[0]);
	dp_stream_reclaim(&world->stream[0]);
}

static void arrive_late(void)
{
	for (unsigned i = 0; i < LATE; i++)
		if (late[i].len && late[i].after-- == 0) {
			arrive(late[i].bytes, late[i].len);
			late[i].len = 0;
		}
}

/* Of 100 packets, `loss` come late or never. */
static void send_one(size_t i, unsigned loss)
{
	uint8_t pkt[512];
	size_t len = make(i, pkt);
	unsigned at = random_below(LATE);

	if (random_below(100) >= loss) {
		arrive(pkt, len);
	} else if (random_below(4) && !late[at].len) {
		memcpy(late[at].bytes, pkt, len);
		late[at].len = len;
		late[at].after = random_below(10);
	}
	arrive_late();
}

static void nack_some(void)
{
	struct dp_outgoing o = {.count = 0};

	for (unsigned i = 0; i < 3; i++)
		dp_retransmit(&world->worker[0], &world->consumer[VIEWER],
			(uint16_t)(oracle.highest - random_below(20)), &o);
	dp_outgoing_end(&world->worker[0], &o);
}

/* Returns how many packets were retransmitted. */
static unsigned play(unsigned times, unsigned loss, unsigned wishes)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	unsigned repeated = 0;

	for (loops = 0; loops < times; loops++)
		for (size_t i = 0; i < recording.count; i++) {
			if (wishes && random_below(wishes) == 0)
				dp_selection_aim(&world->worker[0], c, random_below(LAYERS),
					random_below(LAYERS));
			send_one(i, loss);
			check_sent(loss == 0);
			if (random_below(3))
				continue;
			nack_some();
			repeated += world->sent[VIEWER];
			check_sent(false);
		}
	return repeated;
}

static void test_references(void **state)
{
	static const char *const names[] = {"av1-l3t3", "av1-l3t3-key"};

	for (unsigned i = 0; i < 2; i++) {
		begin(names[i], 1);
		negotiate();
		play(60, 0, 25);
		assert_true(frames > 2000);
		assert_int_equal(masks_seen, 7); /* it was at every layer, and the descriptors said so */
		assert_true(long_ones >= 30 && short_ones > 10 * long_ones);
		assert_int_equal(world->stats[0].drop[SH_DROP_DESCRIPTOR], 0);
		end();
	}
}

static void test_nonces(void **state)
{
	begin("av1-l3t3", 2);
	negotiate();
	assert_true(play(150, 10, 20) > 2000);
	assert_true(long_ones > 50);
	end();
}

/* Between two changes the viewer's frame numbers are the producer's with one offset. */
static void test_one_offset(void **state)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	uint16_t offset;

	begin("av1-l3t3", 3);
	negotiate();
	play(1, 0, 0);
	offset = c->selection->epochs.epoch[0].picture;
	for (unsigned spatial = 0; spatial < LAYERS; spatial++) {
		dp_selection_aim(&world->worker[0], c, spatial, 0);
		play(2, 0, 0);
		assert_int_equal(c->selection->epochs.epoch[0].picture, offset);
	}
	end();
}

/* Without the descriptor a receiver could not tell the layers of a picture apart. */
static void test_not_negotiated(void **state)
{
	struct dp_consumer *c = &world->consumer[VIEWER];

	begin("av1-l3t3-key", 4);
	for (loops = 0; loops < 2; loops++)
		for (size_t i = 0; i < recording.count; i++)
			send_one(i, 0);
	assert_int_equal(dp_selection_layers(c).spatial, 0);
	assert_int_equal(dp_selection_layers(c).temporal, 2);
	assert_true(world->sent[VIEWER] > 50);
	for (unsigned i = 0; i < world->sent[VIEWER]; i++)
		assert_false(world->log[VIEWER][i].bytes[0] & 0x10); /* no extension */
	end();
}

/* After more structures than are kept, what a descriptor was is not known, and it is not repeated. */
static void test_changing_structure(void **state)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	struct dp_layering *l;
	struct dp_frame_info f = {.flags = DP_FRAME_DEPENDENCIES | DP_FRAME_START};
	uint32_t mask;
	uint8_t targets;
	struct dp_outgoing o = {.count = 0};
	uint64_t last;

	begin("av1-l3t3", 5);
	negotiate();
	play(1, 0, 0);
	l = world->stream[0].layering;
	last = oracle.highest;
	f.active = (uint16_t)l->active_version;
	assert_true(dp_layering_active(l, &f, 0, &targets, &mask));
	assert_int_equal(targets, l->dependencies.structure.targets);
	for (unsigned i = 0; i < DP_ACTIVE_SETS; i++)
		atomic_fetch_add(&l->active_set[i].version, DP_ACTIVE_SETS);
	assert_false(dp_layering_active(l, &f, 0, &targets, &mask));
	world->worker[0].now_ns += 200 * DP_MS; /* what was retransmitted is over a round trip old */
	for (unsigned i = 0; i < 10; i++)
		dp_retransmit(&world->worker[0], c, (uint16_t)(last - i), &o);
	dp_outgoing_end(&world->worker[0], &o);
	assert_true(world->stats[0].drop[SH_DROP_DESCRIPTOR] > 0);
	assert_int_equal(world->sent[VIEWER] + world->stats[0].drop[SH_DROP_DESCRIPTOR], 10);
	check_sent(false);
	end();
}

/* --- viewers who catch up ------------------------------------------------------------------------- */

/* The same with a key-frame cache that holds what the recording has. */
static void begin_cached(const char *name, unsigned seed)
{
	world->config.dataplane.stream_packets = 1024;
	world->config.media.cache_ms = 4000;
	world->config.media.join_bitrate = 1000000;
	world->config.media.join_budget = 100000000;
	world->config.media.keyframe_ms = 500;
	world->worker[0].cache_ns = 4000 * DP_MS;
	begin_stream(name, seed);
	/* PAYLOAD bytes in each 2 ms */
	atomic_store(&world->stream[0].kbps, PAYLOAD * 8 / 2);
}

static void send_all(unsigned loop, size_t from, size_t to, unsigned loss)
{
	loops = loop;
	for (size_t i = from; i < to; i++) {
		send_one(i, loss);
		check_sent(loss == 0);
	}
}

/* A viewer who has negotiated the descriptor, and MID. */
static void join_negotiated(void)
{
	struct dp_op op = {.slot = VIEWER, .slot2 = VIEWER, .cmd.id = VIEWER + 1};
	struct sh_consumer_add *a = &op.cmd.consumer_add;
	struct dp_worker *w = &world->worker[0];

	a->ssrc = world->next_ssrc++;
	a->pt = 101;
	a->flags = SH_CONSUMER_NACK;
	a->wishes = SH_WISHES_NONE;
	a->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = TO;
	a->ext_id[SH_EXT_MID] = MID_ID;
	a->mid_len = 1;
	a->mid[0] = '0';
	w->transports = world->transport;
	assert_int_equal(dp_consumer_add(w, &op), 0);
	w->transports = world->producer;
}

/* The loop and the index in it of the packet that the viewer was sent first. */
static uint32_t first_sent(void)
{
	const struct sent *p = &world->log[VIEWER][0];

	assert_true(world->sent[VIEWER] > 0);
	return sh_get_be32(p->bytes + p->len - PAYLOAD / 2);
}

/*
 * Who joins in the middle of a group of pictures is sent all spatial layers of the key frame, with
 * the structure that the receiver needs, and every frame behind it that its layers have: references
 * are complete, and frame numbers ascend. The producer is asked for nothing.
 */
static void test_catch_up(void **state)
{
	static const char *const names[] = {"av1-l3t3", "av1-l3t3-key"};

	for (unsigned i = 0; i < 2; i++) {
		struct dp_consumer *c = &world->consumer[VIEWER];
		uint64_t before = world->stats[0].catch_ups;
		size_t middle;

		begin_cached(names[i], 6 + i);
		middle = recording.count / 2;
		send_all(0, 0, recording.count, 0);
		send_all(1, 0, middle, 0);
		atomic_store(&world->stream[0].keyframe_wanted, 0);
		join_negotiated();
		assert_int_equal(world->stats[0].catch_ups, before + 1);
		assert_true(c->catching_up);
		loops = 1;
		send_one(middle, 0);
		assert_int_equal(first_sent(), 1 << 16);
		check_sent(true);
		send_all(1, middle + 1, recording.count, 0);
		assert_false(c->catching_up);
		assert_true(frames > 20);
		send_all(2, 0, recording.count, 0);
		assert_int_equal(atomic_load(&world->stream[0].keyframe_wanted), 0);
		assert_int_equal(world->stats[0].drop[SH_DROP_DESCRIPTOR], 0);
		end();
	}
}

static void pause_viewer(bool paused)
{
	struct dp_op op = {.slot = VIEWER};

	op.cmd.consumer_set.paused = paused;
	op.cmd.consumer_set.wishes = SH_WISHES_NONE;
	assert_int_equal(dp_consumer_set(&world->worker[0], &op), 0);
}

/* Under loss, with other layers, pauses and requests at any time: an index has one content. */
static void test_catch_up_nonces(void **state)
{
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	begin_cached("av1-l3t3", 8);
	send_all(0, 0, recording.count / 3, 10);
	join_negotiated();
	for (loops = 1; loops < 80; loops++)
		for (size_t i = 0; i < recording.count; i++) {
			if (random_below(60) == 0)
				pause_viewer(!c->paused);
			if (random_below(25) == 0)
				dp_selection_aim(&world->worker[0], c, random_below(LAYERS),
					random_below(LAYERS));
			send_one(i, 10);
			check_sent(false);
			if (random_below(2)) {
				nack_some();
				check_sent(false);
			}
		}
	assert_true(stats->catch_ups > 5 && stats->catch_up_out > 200 && stats->rtx_out > 500);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_references, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nonces, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_one_offset, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_not_negotiated, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_changing_structure, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_catch_up, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_catch_up_nonces, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
