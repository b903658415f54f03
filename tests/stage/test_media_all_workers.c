/* SPDX-License-Identifier: Apache-2.0 */

/*
 * As many workers as a stage of a few cores bears, more than a 32-bit mask holds. Streams of
 * several of them have viewers on each; every packet comes in on another worker's queue than its
 * owner's; each worker's port punts into its own ring. The device is memif, because a TAP has 16
 * queues.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/churn/wire.h"
#include "tests/stage/media.h"

enum { WORKERS = 48, SOURCES = 4, VIEWERS = WORKERS * SOURCES, PACKETS = 24, PATIENCE_MS = 20000 };

static struct media m;
static struct media_peer host[SOURCES], viewer[VIEWERS];
static struct media_source video[SOURCES];
static struct media_viewer seen[VIEWERS];

/* With the highest and the lowest ids, and those beside the middle of a 64-bit mask. */
static const unsigned home[SOURCES] = {0, 31, 32, WORKERS - 1};

static void start(void)
{
	char wire[100], config[1000];

	if (srtp_init() != srtp_err_status_ok)
		stage_die("libsrtp2 does not start");
	stage_init(&m.s);
	snprintf(wire, sizeof(wire), "%s/wire.sock", m.s.dir);
	wire_open(wire, WORKERS);
	snprintf(config, sizeof(config),
		"{\"log\":{\"level\":\"error\"},\"network\":{\"ports\":[{\"device\":\"net_memif0\","
		"\"args\":\"role=client,id=0,socket=%s,socket-abstract=no,rsize=7\","
		"\"addresses\":[\"10.1.0.2/24\"]}]},"
		"\"dataplane\":{\"workers\":%u,\"mbufs\":49152,\"stream_packets\":256,\"tx_age_ms\":10000,"
		"\"idle_sleep_us\":1000},"
		"\"limits\":{\"transports\":%u,\"producers\":8,\"consumers\":%u,"
		"\"punts_per_network\":10000,\"punts_per_second\":10000}}",
		wire, (unsigned)WORKERS, (unsigned)(VIEWERS + SOURCES), (unsigned)VIEWERS);
	stage_start(&m.s, config);
	if (stage_hello(&m.s) != 0)
		stage_die("HELLO was refused: %s", m.s.hello.reason);
	STAGE_CHECK(m.s.hello.workers == WORKERS && m.s.stats.workers == WORKERS);
	wire_wait();
	for (uint64_t end = stage_ms() + PATIENCE_MS; m.mac[0] == 0 && stage_ms() < end; stage_sleep(1))
		memcpy(m.mac, sh_stats_port(&m.s.stats, 0)->mac, 6);
}

static void stop(void)
{
	for (unsigned i = 0; i < SOURCES; i++)
		media_peer_close(&m, &host[i]);
	for (unsigned i = 0; i < VIEWERS; i++)
		media_peer_close(&m, &viewer[i]);
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(&m.s.stats, i);

		STAGE_CHECK(w->transports == 0 && w->consumers == 0 && w->streams == 0);
	}
	STAGE_CHECK(stage_stop(&m.s) == 0);
	if (stage_failures) {
		char *log = stage_log(&m.s);

		fputs(log, stdout);
		free(log);
	}
	stage_end(&m.s);
	wire_close();
	srtp_shutdown();
}

static void open_all(void)
{
	for (unsigned i = 0; i < SOURCES; i++) {
		video[i] = (struct media_source){.kind = SH_KIND_VIDEO, .payload = 200};
		host[i].worker = home[i];
		media_peer_open(&m, &host[i], 4);
		media_source_open(&m, &video[i], &host[i]);
	}
	for (unsigned i = 0; i < VIEWERS; i++) {
		viewer[i].worker = i % WORKERS;
		media_peer_open(&m, &viewer[i], 4);
		media_viewer_open(&m, &seen[i], &viewer[i], &video[i / WORKERS]);
	}
}

/* Sends a datagram by a queue that is not its owner's, always by the same one, so that none overtakes. */
static void send(const struct sh_path *path, const void *data, size_t len)
{
	unsigned owner = path->local.port - 20000u, queue = (owner + 1 + owner % 7) % WORKERS;
	struct stage_frame f;
	struct rte_mbuf *p = wire_packet();

	stage_udp(&f, m.mac, path, data, len);
	memcpy(rte_pktmbuf_append(p, (uint16_t)f.len), f.data, f.len);
	if (!wire_send(queue, &p, 1))
		stage_die("the data plane takes no packet of queue %u", queue);
}

/* Takes what has come out of all queues. */
static unsigned take(void)
{
	unsigned all = 0;

	for (unsigned q = 0; q < WORKERS; q++) {
		struct rte_mbuf *p[WIRE_BURST];
		unsigned n = wire_receive(q, p);

		for (unsigned i = 0; i < n; i++) {
			struct stage_frame f = {.len = rte_pktmbuf_data_len(p[i])};

			memcpy(f.data, rte_pktmbuf_mtod(p[i], void *), f.len);
			media_take(&m, &f);
			rte_pktmbuf_free(p[i]);
		}
		all += n;
	}
	return all;
}

static void everybody_sees_everything(void)
{
	struct media_drops before = media_drops(&m);
	uint64_t end;

	for (unsigned n = 0; n < PACKETS; n++)
		for (unsigned i = 0; i < SOURCES; i++) {
			uint8_t data[MEDIA_ROOM];
			size_t len = media_plain(&video[i], n, n == 0, data);

			send(&host[i].path, data, media_protect(&host[i], data, len));
		}
	end = stage_ms() + PATIENCE_MS;
	while (STAGE_SUM(&m.s, rtp_out) < VIEWERS * PACKETS && stage_ms() < end)
		if (!take())
			stage_sleep(1);
	while (take())
		;
	for (unsigned i = 0; i < VIEWERS && !stage_failures; i++)
		STAGE_CHECK(media_viewer_got(&m, &seen[i], 0, PACKETS, true));
	STAGE_CHECK(media_lossless(&m, &before));
	STAGE_CHECK(STAGE_SUM(&m.s, handed_in) == SOURCES * PACKETS);
	for (unsigned i = 0; i < WORKERS; i++)
		STAGE_CHECK(sh_stats_worker(&m.s.stats, i)->rtp_out == SOURCES * PACKETS);
}

static void each_punts_into_its_ring(void)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		struct sh_path path = stage_path("10.1.0.7", 7000, "10.1.0.2", (uint16_t)(20000 + i));
		uint8_t request[200];
		struct sh_packet p;

		send(&path, request, stage_stun(request, "nobody00:x", "0123456789abcdefghijklmn", false));
		STAGE_CHECK(stage_punt(&m.s, i, &p, STAGE_WAIT_MS));
		STAGE_CHECK(p.worker == i && p.path.local.port == 20000 + i);
	}
}

int main(void)
{
	stage_namespace();
	start();
	open_all();
	everybody_sees_everything();
	each_punts_into_its_ring();
	stop();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
