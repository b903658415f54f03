/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe carries all layers of a stream: Chromium's recorded AV1 reaches the other node with every
 * packet's number and dependency descriptor as the producer wrote them, also when repeated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/rtp/rtp.h"
#include "dataplane/tables/resent.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/codec/recorded.h"
#include "tests/unit/stream/world.h"

enum { PIPE = 0, LAYERS = 3, FROM = 8, TO = 7, TWO_BYTE = 0x1000, PAYLOAD = 4 };

static struct recording recording;

static void begin(void)
{
	struct dp_consumer *c = &world->consumer[PIPE];
	uint8_t ids[SH_EXT_COUNT] = {[SH_EXT_DEPENDENCY_DESCRIPTOR] = TO};
	struct dp_op op = {.cmd.id = 1};
	struct sh_producer_add *p = &op.cmd.producer_add;

	recording = recording_read("av1-l3t3");
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_AV1;
	p->clock_rate = 90000;
	p->ssrc = 0x100;
	p->pt = 96;
	p->spatial_layers = p->temporal_layers = LAYERS;
	p->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = FROM;
	assert_int_equal(dp_stream_prepare(&world->stream[0], &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].retention_ns = 300 * DP_MS;
	assert_int_equal(world_join_with(PIPE, 0, 0, SH_CONSUMER_NACK | SH_CONSUMER_PIPE), 0);
	dp_egress_init(&c->egress, c->egress.ssrc, 0, c->egress.pt, 0, "", 0, ids);
}

static void end(void)
{
	world_leave(PIPE);
	world_stream_gone(0);
	recording_free(&recording);
}

static void arrive(const struct dp_codec_packet *p)
{
	struct dp_worker *w = &world->worker[0];
	uint8_t pkt[512] = {0x90, (uint8_t)(p->marker << 7 | 96)};
	size_t words = (2 + p->descriptor_len + 3) / 4, len = 16 + 4 * words;

	sh_put_be16(pkt + 2, (uint16_t)p->seq);
	sh_put_be32(pkt + 4, p->timestamp);
	sh_put_be32(pkt + 8, 0x100);
	sh_put_be16(pkt + 12, TWO_BYTE);
	sh_put_be16(pkt + 14, (uint16_t)words);
	pkt[16] = FROM;
	pkt[17] = p->descriptor_len;
	memcpy(pkt + 18, p->descriptor, p->descriptor_len);
	memcpy(pkt + len, p->payload, PAYLOAD);
	w->now_ns += 2 * DP_MS;
	world_rtp_packet(&world->stream[0], pkt, len + PAYLOAD);
	dp_fanout(w);
	if (dp_audience_reads(dp_audience_of(w, 0, 0)))
		dp_audience_tick(w, &world->stream[0]);
	dp_stream_reclaim(&world->stream[0]);
}

/* The one packet that was sent is the recorded one. */
static void check_sent(const struct dp_codec_packet *p)
{
	const struct sent *s = &world->log[PIPE][0];
	struct dp_rtp_ext x;
	struct dp_rtp r;

	assert_int_equal(world->sent[PIPE], 1);
	world->sent[PIPE] = 0;
	assert_int_equal(s->number, (uint16_t)p->seq);
	assert_int_equal(dp_rtp_parse(&r, s->bytes, s->len), 0);
	assert_int_equal(sh_get_be32(s->bytes + 4), p->timestamp);
	assert_true(dp_ext_find(&r, s->bytes, TO, &x));
	assert_int_equal(x.len, p->descriptor_len);
	assert_memory_equal(x.data, p->descriptor, x.len);
	assert_memory_equal(s->bytes + s->len - PAYLOAD, p->payload, PAYLOAD);
}

static void all_layers_as_they_are(void **state)
{
	struct dp_worker *w = &world->worker[0];
	unsigned sent = 0;

	begin();
	assert_null(world->consumer[PIPE].selection);
	for (size_t i = 0; i < recording.count; i++) {
		const struct dp_codec_packet *p = &recording.packets[i].packet;
		struct dp_outgoing o = {.count = 0};

		if (!p->descriptor_len || p->payload_len < PAYLOAD)
			continue;
		arrive(p);
		check_sent(p);
		dp_resent_entry(w->resent, PIPE, (uint16_t)p->seq)->at_ns = 0;
		dp_retransmit(w, &world->consumer[PIPE], (uint16_t)p->seq, &o);
		dp_outgoing_end(w, &o);
		check_sent(p);
		sent++;
	}
	assert_true(sent > 50);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_layers_as_they_are, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
