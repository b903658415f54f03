/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A slow or stuck device beside a healthy one. Most viewers are behind a memif device, which takes
 * only the packets that this test reads; the producer and the other viewers are behind the TAP. A
 * burst that takes the slow device long comes out whole and in order; packets that wait longer than
 * the age limit are counted, and then everything flows again; and the other viewers never wait.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/churn/wire.h"
#include "tests/stage/media.h"

enum {
	FAR = 160, /* viewers behind the slow device */
	NEAR = 16,
	KEPT = 25600, /* frames at a time, more than wait anywhere */
	AGE_MS = 2000,
	BURST = 40, /* packets: 6,400 to the slow device, whose ring and our queue hold some 1,300 */
	SLOW_MS = 4, /* in which it takes 64 packets */
};

static struct media m;
static struct media_peer producer, far[FAR], near[NEAR];
static struct media_source video = {.kind = SH_KIND_VIDEO, .payload = 200};
static struct media_viewer far_seen[FAR], near_seen[NEAR];
static struct stage_frame *kept; /* frames are decrypted when they have all come: that takes a while */
static unsigned kept_count;
static uint32_t next;

/* The two kinds join in turn, so that each pass meets both. */
static void open_all(void)
{
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	for (unsigned i = 0; i < FAR; i++) {
		far[i].second = true;
		media_peer_open(&m, &far[i], 4);
		media_viewer_open(&m, &far_seen[i], &far[i], &video);
		if (i % (FAR / NEAR) == 0) {
			media_peer_open(&m, &near[i * NEAR / FAR], 4);
			media_viewer_open(&m, &near_seen[i * NEAR / FAR], &near[i * NEAR / FAR], &video);
		}
	}
}

/* --- the slow device ------------------------------------------------------------------------- */

/* Takes a few. Returns how many. */
static unsigned take(void)
{
	struct rte_mbuf *p[WIRE_BURST];
	unsigned n = wire_receive(0, p);

	if (kept_count + n > KEPT)
		stage_die("more comes from the slow device than can have waited");
	for (unsigned i = 0; i < n; i++) {
		struct stage_frame *f = &kept[kept_count++];

		f->len = rte_pktmbuf_data_len(p[i]);
		memcpy(f->data, rte_pktmbuf_mtod(p[i], void *), f->len);
		rte_pktmbuf_free(p[i]);
	}
	return n;
}

/* A few every `ms`, until so many have come, or none for a while. */
static void take_until(unsigned count, unsigned ms)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (kept_count < count && stage_ms() < end) {
		if (take())
			end = stage_ms() + STAGE_WAIT_MS;
		stage_sleep(ms);
	}
}

static void decrypt(void)
{
	for (unsigned i = 0; i < kept_count; i++)
		media_take(&m, &kept[i]);
	kept_count = 0;
}

/* --- what is tried ------------------------------------------------------------------------------ */

static void send_some(uint32_t count, bool key)
{
	media_send_range(&m, &video, next, next + count, key);
	next += count;
}

static void near_have(uint32_t from, bool key)
{
	for (unsigned i = 0; i < NEAR; i++)
		STAGE_CHECK(media_viewer_got(&m, &near_seen[i], from, next, key));
}

static void far_have(uint32_t from, bool key)
{
	for (unsigned i = 0; i < FAR; i++)
		STAGE_CHECK(media_viewer_got(&m, &far_seen[i], from, next, key));
}

/* The device takes nothing, and then little, while the others have all: nothing is lost. */
static void slow(void)
{
	struct media_drops before = media_drops(&m);
	uint64_t waits = STAGE_SUM(&m.s, fanout_waits);
	uint32_t from = next;

	send_some(BURST, true);
	near_have(from, true);
	STAGE_CHECK(STAGE_WAIT(&m.s, tx_waits, 1) && kept_count == 0);
	take_until(BURST * FAR, SLOW_MS);
	STAGE_CHECK(kept_count == BURST * FAR);
	decrypt();
	far_have(from, true);
	STAGE_CHECK(STAGE_SUM(&m.s, fanout_waits) > waits && media_lossless(&m, &before));
}

/* Each packet that came to a viewer is a right one and younger than the last. */
static uint64_t in_order(void)
{
	unsigned wrong = 0;
	uint64_t came = 0;

	for (unsigned i = 0; i < FAR; i++) {
		const struct media_list *l = &far[i].rtp;
		struct media_viewer *v = &far_seen[i];
		uint32_t last = next;

		for (unsigned k = l->count; k-- > 0; came++) {
			uint32_t n = (uint16_t)(l->at[k].rtp.seq - v->seq);

			wrong += n >= last || !media_is(v, &l->at[k], n, false);
			last = n;
		}
		wrong += !l->count || last >= next;
		media_clear(&far[i].rtp);
	}
	if (wrong)
		printf("%u are wrong\n", wrong);
	STAGE_CHECK(wrong == 0);
	return came;
}

/* The ledgers of the slow device's viewers name what was dropped, wherever it waited. */
static void ledgers(uint64_t aged)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS, sum = 0;
	struct sh_consumer_stats s;
	unsigned complete = 0;

	/* They are written once a second. */
	for (; (sum != aged || complete < FAR) && stage_ms() < end; stage_sleep(50)) {
		sum = complete = 0;
		for (unsigned i = 0; i < FAR; i++) {
			STAGE_CHECK(sh_stats_find_consumer(&m.s.stats, far_seen[i].id, NULL, &s));
			STAGE_CHECK(s.lost_before == 0);
			sum += s.dropped[SH_LOSS_TX_AGE];
			complete += s.packets + s.dropped[SH_LOSS_TX_AGE] == next;
		}
	}
	STAGE_CHECK(sum == aged && complete == FAR);
}

/*
 * The memif device takes nothing for longer than the age limit. The other viewers have each packet
 * before the next one is sent. Each packet that the slow device's viewers miss is counted.
 */
static void stuck(void)
{
	struct media_drops before = media_drops(&m);
	uint64_t aged = STAGE_SUM(&m.s, aged_video), end = stage_ms() + AGE_MS + 700, sent;
	uint32_t from = next, first;

	for (unsigned i = 0; i < FAR; i++) /* numbers as of `from`; in_order() counts from 0 */
		far_seen[i].seq = (uint16_t)(far_seen[i].seq - from);
	while (stage_ms() < end) {
		first = next;
		send_some(1, false);
		near_have(first, false);
		stage_sleep(30);
	}
	STAGE_CHECK(stage_drops(&m.s, SH_DROP_TX_AGE) > before.drop[SH_DROP_TX_AGE]);
	sent = (uint64_t)(next - from) * FAR;
	for (end = stage_ms() + 2 * STAGE_WAIT_MS; stage_ms() < end; stage_sleep(1)) {
		take();
		if (kept_count + stage_drops(&m.s, SH_DROP_TX_AGE) - before.drop[SH_DROP_TX_AGE] == sent)
			break;
	}
	decrypt();
	STAGE_CHECK(in_order() == sent - (stage_drops(&m.s, SH_DROP_TX_AGE) - before.drop[SH_DROP_TX_AGE]));
	STAGE_CHECK(STAGE_SUM(&m.s, aged_video) - aged ==
		    stage_drops(&m.s, SH_DROP_TX_AGE) - before.drop[SH_DROP_TX_AGE]);
	before.drop[SH_DROP_TX_AGE] = stage_drops(&m.s, SH_DROP_TX_AGE);
	STAGE_CHECK(media_lossless(&m, &before));
	for (unsigned i = 0; i < FAR; i++)
		far_seen[i].seq = (uint16_t)(far_seen[i].seq + next);
}

static void as_before(void)
{
	struct media_drops before = media_drops(&m);
	uint32_t from = next;

	send_some(BURST / 2, false);
	near_have(from, false);
	take_until(BURST / 2 * FAR, 0);
	decrypt();
	far_have(from, false);
	STAGE_CHECK(media_lossless(&m, &before));
}

int main(void)
{
	char directory[] = "/tmp/spate-slow-XXXXXX", wire[80], port[300];
	struct media_setup setup = {
		.stream_packets = 512, .consumers = FAR + NEAR, .tx_age_ms = AGE_MS, .second_port = port};

	stage_namespace();
	kept = calloc(KEPT, sizeof(*kept));
	if (!kept || !mkdtemp(directory))
		stage_die("no memory, or no directory");
	snprintf(wire, sizeof(wire), "%s/wire", directory);
	snprintf(port, sizeof(port),
		",{\"device\":\"net_memif0\",\"args\":\"role=client,id=0,socket=%s,socket-abstract=no\","
		"\"addresses\":[\"10.2.0.2/24\"]}",
		wire);
	wire_open(wire, 1);
	media_start(&m, &setup);
	wire_wait();
	open_all();
	slow();
	stuck();
	as_before();
	ledgers(stage_drops(&m.s, SH_DROP_TX_AGE));
	media_stop(&m);
	wire_close();
	remove(wire);
	remove(directory);
	free(kept);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
