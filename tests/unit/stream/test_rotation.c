/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order of service rotates: a viewer who is last today is first after some frames. To a viewer
 * that looks like a path that becomes longer and then short again, because abs-send-time is the
 * time of arrival. No viewer's estimation may take it for a queue. The receiver is a model of
 * libwebrtc's estimation, and the last test shows that it would notice.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/layers/receiver.h"
#include "tests/unit/stream/world.h"

enum {
	VIEWERS = 200,
	FRAME_PACKETS = 4,
	STEPS_PER_MS = 4,
	FRAME_STEPS = 33 * STEPS_PER_MS,
	FRAMES = 1200, /* 40 s: the order comes round a dozen times */
	SETTLED_FRAMES = 150, /* until the estimation has begun */
	BYTES = 1000,
	ON_THE_WAY_MS = 20,
	PACKETS = 1 << 13, /* more than FRAMES * FRAME_PACKETS */
};

struct viewer {
	struct receiver model;
	unsigned got; /* packets */
	double estimate; /* the highest that it had reported; kbit/s */
	unsigned falls;
};

static struct viewer viewers[VIEWERS];
static double came_ms[PACKETS]; /* when each packet of the producer came; its abs-send-time */
static unsigned produced;

static double now_ms(void)
{
	return (double)world->worker[0].now_ns / 1e6;
}

static void frame(struct dp_stream *s, unsigned n)
{
	const uint8_t payload[16] = {0x10, n == 0 ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a};

	for (unsigned i = 0; i < FRAME_PACKETS; i++, produced++) {
		came_ms[produced] = now_ms();
		world_rtp_marked(s, (uint16_t)(1000 + produced), 90000 + n * 2970, payload, sizeof(payload),
			i == FRAME_PACKETS - 1);
	}
}

static void arrive(struct viewer *v, double at_ms, bool settled)
{
	bool remb = receiver_packet(&v->model, came_ms[v->got++], at_ms + ON_THE_WAY_MS, BYTES);

	if (!remb || !settled)
		return;
	v->falls += v->model.sent_kbps < v->estimate * 0.97;
	v->estimate = v->model.sent_kbps > v->estimate ? v->model.sent_kbps : v->estimate;
}

/*
 * Each frame's pass takes `pass_ms`, because the device takes so many packets a step. Returns how
 * many reported estimates of all viewers were lower than one before.
 */
static unsigned falls(unsigned pass_ms)
{
	struct dp_stream *s = world_stream(0);
	struct dp_worker *w = &world->worker[0];
	unsigned sum = 0, worst = 0;

	memset(viewers, 0, sizeof(viewers));
	produced = 0;
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_int_equal(world_join(i, 0, 0), 0);
		receiver_init(&viewers[i].model);
	}
	for (unsigned step = 0; step < FRAMES * FRAME_STEPS; step++) {
		if (step % FRAME_STEPS == 0)
			frame(s, step / FRAME_STEPS);
		world->room = VIEWERS * FRAME_PACKETS / (pass_ms * STEPS_PER_MS);
		dp_fanout(w);
		for (unsigned i = 0; i < VIEWERS; i++) {
			for (uint32_t k = 0; k < world->sent[i]; k++)
				arrive(&viewers[i], now_ms(), step > SETTLED_FRAMES * FRAME_STEPS);
			world->sent[i] = 0;
		}
		w->now_ns += DP_MS / STEPS_PER_MS;
		dp_stream_reclaim(s);
	}
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_true(viewers[i].got >= produced - 2 * FRAME_PACKETS);
		assert_true(viewers[i].estimate > 0);
		sum += viewers[i].falls;
		worst = viewers[i].falls > worst ? viewers[i].falls : worst;
		world_leave(i);
	}
	world_stream_gone(0);
	printf("passes of %u ms: %u falls, at most %u of one viewer\n", pass_ms, sum, worst);
	return sum;
}

static void no_estimate_falls(void **state)
{
	assert_int_equal(falls(2), 0);
	assert_int_equal(falls(10), 0);
	assert_int_equal(falls(25), 0);
}

/* The same frames in an order that moves by a hundredth of a pass of 25 ms with each. */
static void a_faster_order_would_be_noticed(void **state)
{
	static struct viewer v;

	memset(&v, 0, sizeof(v));
	receiver_init(&v.model);
	for (unsigned n = 0; n < FRAMES; n++) {
		for (unsigned i = 0; i < FRAME_PACKETS; i++) {
			came_ms[v.got] = n * 33.0;
			arrive(&v, n * 33.0 + n % 100 * 0.25, n > SETTLED_FRAMES);
		}
	}
	assert_true(v.falls > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_estimate_falls, world_setup, world_teardown),
		cmocka_unit_test(a_faster_order_would_be_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
