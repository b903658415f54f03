/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The planned restart: what is saved of transports, streams and consumers is restored when nothing
 * else of them is left. Random runs with restarts at random points; the oracle remembers the
 * content of every index of every SSRC over all of them.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/neighbour.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/saved.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/report_event.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"

enum { SSRC = 0x5000, RTX = SSRC + 1, STEP = 2970, FRAME_MS = 33, PACKETS = 3, SIZE = 40, RATE = 90000 };
enum { KEY_EVERY = 10, PORT = 1, SAVED_MAX = 4096 };

static struct {
	bool layered;
	uint16_t seq, picture;
	uint32_t timestamp;
	unsigned frame;
} source;
static struct oracle *media, *rtx;
static uint64_t floor_media, floor_rtx; /* of both SSRCs, what was sent before the last restart is below */
static uint32_t latest; /* timestamp */

static struct dp_worker *w;
static struct dp_transport *owned[4], *plain[4];

/* --- in place of the folders below ------------------------------------------------------------- */

bool dp_report_event(struct dp_worker *worker, enum sh_event_kind kind, sh_id id,
	const struct sh_addr *remote)
{
	return true;
}

void dp_encap_init(struct dp_worker *worker, struct dp_encap *e, const struct sh_path *path)
{
}

void dp_neighbour_solicit(struct dp_worker *worker, const struct sh_path *path)
{
}

/* --- the process ------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	world_setup(state);
	w = &world->worker[0];
	w->owned = owned;
	w->plain_transports = plain;
	world->config.dataplane.stream_packets = 512;
	world->config.media.keyframe_ms = 500;
	w->retention_ns = 1000 * DP_MS;
	return 0;
}

static struct sh_cmd transport_add(void)
{
	return (struct sh_cmd){.op = SH_OP_TRANSPORT_ADD,
		.id = 77,
		.transport_add = {.kind = SH_TRANSPORT_PLAIN, .port = PORT}};
}

/* A transport whose packets reach its viewer. */
static void open_path(void)
{
	world->transport[0].can_send = true;
	world->transport[0].encap.mtu = 1500;
}

static int add_transport(const uint8_t *saved, size_t len)
{
	struct dp_op op = {.cmd = transport_add(), .saved = saved, .saved_len = (uint32_t)len};
	int error;

	w->transports = world->transport;
	world->transport[0].id = 0;
	error = saved ? dp_transport_restore(w, &op) : dp_transport_add(w, &op);
	w->transports = world->producer;
	if (!error)
		open_path();
	return error;
}

static void add_stream(const struct dp_saved_stream *saved)
{
	struct dp_op op = {.slot = 0, .slot2 = 0, .slot3 = 0, .saved = (const uint8_t *)saved};
	struct sh_producer_add *p = &op.cmd.producer_add;

	op.cmd.id = 1;
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_VP8;
	p->clock_rate = RATE;
	p->ssrc = saved ? 0 : 0x100; /* it was learnt */
	p->pt = 96;
	p->temporal_layers = source.layered ? 3 : 1;
	assert_int_equal(dp_stream_prepare(&world->stream[0], &world->config, p, 0), 0);
	op.saved_len = sizeof(*saved);
	assert_int_equal(saved ? dp_stream_restore(w, &op) : dp_stream_add(w, &op), 0);
	atomic_store(&world->stream[0].kbps, PACKETS * SIZE * 8 * 1000 / FRAME_MS / 1000);
}

static int add_consumer(uint32_t flags, const void *saved)
{
	struct dp_op op = {.slot = 0, .slot2 = 0, .slot3 = 0, .saved = saved};
	int error;

	w->transports = world->transport;
	op.cmd.id = 5;
	op.cmd.consumer_add = (struct sh_consumer_add){.ssrc = SSRC,
		.rtx_ssrc = RTX,
		.pt = 101,
		.rtx_pt = 102,
		.wishes = SH_WISHES_NONE,
		.flags = SH_CONSUMER_NACK | flags};
	error = dp_consumer_add(w, &op);
	w->transports = world->producer;
	return error;
}

/* All objects end, without a trace. */
static void end_objects(void)
{
	world_leave(0);
	world_stream_gone(0);
	dp_continuations_free(w, &world->transport[0]);
	memset(&world->transport[0], 0, sizeof(world->transport[0]));
	memset(&world->producer[0], 0, sizeof(world->producer[0]));
	memset(&world->consumer[0], 0, sizeof(world->consumer[0]));
	memset(w->resent, 0, DP_RESENT * sizeof(*w->resent));
	memset(plain, 0, sizeof(plain));
	w->owned_count = 0;
}

/* --- what is sent ------------------------------------------------------------------------------- */

static void check_sent(void)
{
	for (unsigned i = 0; i < world->sent[0]; i++) {
		const struct sent *p = &world->log[0][i];
		bool is_media = sh_get_be32(p->bytes + 8) == SSRC;

		assert_true(p->number >= (is_media ? floor_media : floor_rtx));
		if (is_media && p->number == floor_media && latest)
			assert_true((int32_t)(sh_get_be32(p->bytes + 4) - latest) > 0);
		if (is_media && p->number >= media->highest)
			latest = sh_get_be32(p->bytes + 4);
		oracle_note(is_media ? media : rtx, p);
	}
	world->sent[0] = 0;
}

static void frame(unsigned loss)
{
	static const uint8_t layer[] = {0, 2, 1, 2};
	bool key = source.frame % KEY_EVERY == 0;
	uint8_t temporal = key ? 0 : layer[source.frame % 4];

	for (unsigned i = 0; i < PACKETS; i++) {
		uint8_t p[SIZE] = {(uint8_t)(0x80 | (i == 0) << 4), 0xf0};

		sh_put_be16(p + 2, 0x8000 | (source.picture & 0x7fff));
		p[4] = (uint8_t)(source.frame / 4);
		p[5] = (uint8_t)(temporal << 6 | (temporal != 0) << 5);
		p[6] = i == 0 && key ? 0x10 : 0x11;
		if (i == 0 && key)
			memcpy(p + 9, "\x9d\x01\x2a", 3);
		sh_put_be32(p + 18, source.seq);
		sh_put_be32(p + 22, source.timestamp);
		if (key || random_below(100) >= loss)
			world_rtp_marked(&world->stream[0], source.seq, source.timestamp, p, sizeof(p),
				i == PACKETS - 1);
		source.seq++;
	}
	source.picture++;
	source.frame++;
	source.timestamp += STEP;
}

static void run(unsigned frames, unsigned loss)
{
	while (frames-- > 0) {
		frame(loss);
		for (unsigned ms = 0; ms < FRAME_MS; ms++) {
			w->now_ns += DP_MS;
			dp_fanout(w);
			dp_audience_tick(w, &world->stream[0]);
			dp_stream_reclaim(&world->stream[0]);
		}
		check_sent();
	}
}

static void nack(uint16_t number)
{
	struct dp_outgoing o = {.count = 0};

	dp_resent_entry(w->resent, 0, number)->at_ns = 0;
	dp_retransmit(w, &world->consumer[0], number, &o);
	dp_outgoing_end(w, &o);
}

static void begin(unsigned seed, uint32_t flags)
{
	random_seed(seed);
	media = calloc(1, sizeof(*media));
	rtx = calloc(1, sizeof(*rtx));
	memset(&source, 0, sizeof(source));
	source.layered = seed % 2;
	source.seq = (uint16_t)random_below(65536);
	source.timestamp = random_below(65536) << 16;
	floor_media = floor_rtx = 0;
	latest = 0;
	assert_int_equal(add_transport(NULL, 0), 0);
	add_stream(NULL);
	assert_int_equal(add_consumer(flags, NULL), 0);
}

static void end(void)
{
	end_objects();
	free(media);
	free(rtx);
}

/* One process after the other, `ms` later. `packets` of the producer come meanwhile, to nobody. */
static void restart(unsigned ms, unsigned packets)
{
	uint8_t saved[SAVED_MAX] __attribute__((aligned(8)));
	struct dp_saved_stream stream;
	size_t len;

	assert_true(dp_transport_saved_max(w, &world->transport[0]) <= sizeof(saved));
	len = dp_transport_save(w, &world->transport[0], saved);
	dp_stream_save(&world->stream[0], &stream);
	floor_media = world->consumer[0].seq.next;
	floor_rtx = (uint64_t)world->consumer[0].rtx_roc << 16 | world->consumer[0].rtx_seq;
	end_objects();

	w->now_ns += ms * DP_MS;
	assert_int_equal(add_transport(saved, len), 0);
	add_stream(&stream);
	assert_int_equal(add_consumer(0, saved), 0);
	assert_int_equal(world->consumer[0].seq.next, floor_media);
	source.seq = (uint16_t)(source.seq + packets);
	source.timestamp += ms * RATE / 1000;
}

/* --- tests ------------------------------------------------------------------------------------- */

/* Whatever happens, an index has one content, and none of before a restart comes again. */
static void no_index_is_used_twice(void **state)
{
	unsigned restarts = 0, repairs = 0;

	for (unsigned seed = 1; seed <= 40; seed++) {
		begin(seed, seed % 3 ? 0 : SH_CONSUMER_CONTINUES);
		for (unsigned step = 0; step < 30; step++) {
			run(random_below(25), 5);
			for (unsigned k = random_below(6); k > 0; k--)
				nack((uint16_t)(media->highest - random_below(200)));
			repairs += world->sent[0];
			check_sent();
			if (random_below(3) == 0) {
				restart(random_below(1500), random_below(300));
				restarts++;
			}
			if (random_below(6) == 0) {
				restart(random_below(10), 0);
				restart(random_below(10), 0);
			}
		}
		end();
	}
	assert_true(restarts > 200 && repairs > 500);
}

/* A NACK for what the process before has sent finds nothing. */
static void nothing_of_before_is_sent_again(void **state)
{
	for (unsigned layered = 0; layered < 2; layered++) {
		begin(layered, 0);
		run(20, 0);
		restart(300, 20);
		for (unsigned i = 1; i < 60; i++)
			nack((uint16_t)(floor_media - i));
		run(KEY_EVERY, 0);
		for (unsigned i = 1; i < 60; i++)
			nack((uint16_t)(floor_media - i));
		assert_int_equal(world->sent[0], 0);
		nack((uint16_t)media->highest);
		assert_int_equal(world->sent[0], 1);
		check_sent();
		assert_int_equal(rtx->highest, floor_rtx);
		end();
	}
}

/* Over the end of the 16 bits, where the ROC counts; an index is the next one, without a jump. */
static void the_roc_goes_on(void **state)
{
	uint64_t first;

	begin(1, 0);
	first = world->consumer[0].seq.next;
	for (unsigned i = 0; i < 60; i++) {
		source.frame = 0;
		run(400, 0);
		restart(i, i);
	}
	assert_int_equal(media->highest, first + 60 * 400 * PACKETS - 1);
	assert_true(media->highest > 65536);
	end();
}

/* An SSRC of before is not new, and not another consumer's. */
static void ssrcs_stay_used(void **state)
{
	begin(2, 0);
	run(5, 0);
	restart(10, 0);
	world_leave(0);
	assert_int_equal(add_consumer(0, NULL), EEXIST);
	assert_int_equal(add_consumer(SH_CONSUMER_CONTINUES, NULL), 0); /* it goes on */
	assert_int_equal(world->consumer[0].seq.next, floor_media);
	end();
}

/* The sum of what is not acknowledged and the reserve is below 2^15, or it is no use to go on. */
static void the_unacknowledged_are_few(void **state)
{
	const unsigned most = DP_SAVED_UNACKNOWLEDGED - DP_SAVED_RESERVE;
	struct dp_transport *t;
	struct dp_consumer *c;
	uint32_t next;

	begin(3, 0);
	t = &world->transport[0];
	c = &world->consumer[0];
	next = (uint32_t)c->seq.next;
	t->out = (struct dp_srtp_session *)(void *)world; /* it has keys */
	assert_true(dp_transport_may_resume(t));
	c->seq.next += most - 1;
	assert_true(dp_transport_may_resume(t));
	c->seq.next++;
	assert_false(dp_transport_may_resume(t));
	dp_consumer_acknowledge(c, next); /* the first packet */
	assert_true(dp_transport_may_resume(t));
	dp_consumer_acknowledge(c, (uint32_t)c->seq.next); /* was not sent yet */
	dp_consumer_acknowledge(c, next - 1); /* an old report */
	assert_int_equal(c->acknowledged, next);
	c->seq.next++;
	assert_false(dp_transport_may_resume(t));
	t->out = NULL;
	assert_true(dp_transport_may_resume(t));
	c->seq.next = next;
	end();
}

/* What is not whole is refused, and leaves nothing. */
static void half_of_it_is_refused(void **state)
{
	uint8_t saved[SAVED_MAX] __attribute__((aligned(8)));
	size_t len;

	begin(4, 0);
	run(5, 0);
	len = dp_transport_save(w, &world->transport[0], saved);
	end_objects();
	for (size_t n = 0; n < len; n += 8)
		assert_int_equal(add_transport(saved, n), EINVAL);
	assert_int_equal(w->owned_count, 0);
	assert_int_equal(add_transport(saved, len), 0);
	add_stream(NULL);
	assert_int_equal(add_consumer(0, saved), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_index_is_used_twice, set_up, world_teardown),
		cmocka_unit_test_setup_teardown(nothing_of_before_is_sent_again, set_up, world_teardown),
		cmocka_unit_test_setup_teardown(the_roc_goes_on, set_up, world_teardown),
		cmocka_unit_test_setup_teardown(ssrcs_stay_used, set_up, world_teardown),
		cmocka_unit_test_setup_teardown(the_unacknowledged_are_few, set_up, world_teardown),
		cmocka_unit_test_setup_teardown(half_of_it_is_refused, set_up, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
