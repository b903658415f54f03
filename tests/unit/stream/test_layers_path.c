/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state of the path to a viewer of several encodings decides: which retransmissions are
 * still worth sending, on which SSRC padding goes, and what the viewer's other consumers take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/padding.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/probing.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "shared/bytes.h"
#include "tests/unit/stream/simulcast.h"

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

	simulcast_begin(21);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
	large = c->seq.next - 1;
	assert_int_equal(repaired(large, 2), 2);
	dp_selection_aim(w, c, 1, TEMPORAL - 1); /* the path does not carry it, and a key frame is awaited */
	assert_int_equal(repaired(large, 2), 0);
	assert_int_equal(*drops, 2);
	simulcast_frame_time(0);
	simulcast_frame_time(0);
	assert_int_equal(c->stream->encoding, 1);
	small = c->seq.next - 1;
	assert_int_equal(repaired(large, 2), 0);
	assert_int_equal(*drops, 4);
	assert_int_equal(repaired(small, 2), 2);
	dp_selection_aim(w, c, 2, TEMPORAL - 1); /* until the larger one decodes, the smaller one is shown */
	simulcast_frame_time(0);
	simulcast_frame_time(0);
	assert_int_equal(c->stream->encoding, 2);
	assert_int_equal(repaired(small, 2), 2);
	assert_int_equal(*drops, 4);
	simulcast_end();
}

/* If the smaller encoding does not come, the larger one is all that the viewer has. */
static void test_abandoned_in_vain(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	simulcast_begin(23);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
	dp_selection_aim(w, c, 1, TEMPORAL - 1);
	assert_int_equal(repaired(c->seq.next - 1, 2), 0);
	w->now_ns += 500 * DP_MS;
	assert_int_equal(repaired(c->seq.next - 1, 2), 2);
	simulcast_end();
}

/* A wish for a smaller one says nothing about the path. */
static void test_wish_abandons_nothing(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	simulcast_begin(22);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
	dp_selection_wish(w, c, &(struct sh_wishes){.spatial = 0, .temporal = SH_LAYER_ANY, .priority = 1});
	assert_true(dp_selection_pending(c));
	assert_int_equal(repaired(c->seq.next - 1, 2), 2);
	simulcast_end();
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

	simulcast_begin(4);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
	next = c->seq.next;
	world->worker[0].adapt[VIEWER].cost_kbps = 780;
	assert_int_equal(pad(0), 0); /* there is no SSRC for it */
	c->egress.rtx_ssrc = 0x9999;
	assert_in_range(pad(0x9999), 200, 4000);
	c->flags |= SH_CONSUMER_PROBATOR;
	assert_in_range(pad(1234), 200, 4000);
	assert_int_equal(c->seq.next, next);
	simulcast_end();
}

/* What consumers without layers take is not there for those with them; a paused one takes nothing. */
static void test_video_without_layers_counts(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_transport *t = &world->transport[VIEWER];
	struct dp_consumer other = {.transport = t, .bitrate_bps = 1000000};
	uint32_t alone;

	simulcast_begin(4);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
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
	simulcast_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_abandoned, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_abandoned_in_vain, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_wish_abandons_nothing, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_padding_to_a_viewer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_video_without_layers_counts, world_setup,
			world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
