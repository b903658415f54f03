/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The planned restart: the real program leaves everything to another one, while hosts send and
 * viewers watch. libsrtp2 at the viewers is the oracle: it refuses a packet whose index has come
 * before, and one whose ROC is not the one that it expects. The test holds what is left, as the
 * control plane does, and kills data planes before, while and after they hand over.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"
#include "tests/stage/restart.h"

enum {
	VIEWERS = 3,
	FRAMES = 10,
	PACKETS = FRAMES * 3,
	SILENT = 31000,
	BURST = 62,
	KILLS = 4,
	PICTURE_MS = 500,
	TWICE_MS = 1000,
	TRIES = 6
};

static const uint32_t profile[VIEWERS] = {
	SH_SRTP_AEAD_AES_128_GCM, SH_SRTP_AEAD_AES_256_GCM, SH_SRTP_AES128_CM_SHA1_80};

static struct media m;
static struct media_peer host, seat[VIEWERS];
static struct media_source video, audio;
static struct media_viewer see[VIEWERS], hear[VIEWERS];
static uint32_t next_video, next_audio;
static uint64_t start_ms; /* what it took to start the program last */

/* --- before and after a restart ---------------------------------------------------------------- */

static void open_room(void)
{
	host = (struct media_peer){.worker = 0};
	media_peer_open(&m, &host, 4);
	video = (struct media_source){.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI | SH_PRODUCER_NACK};
	audio = (struct media_source){.payload = 40};
	media_source_open(&m, &video, &host);
	media_source_open(&m, &audio, &host);
	next_video = next_audio = 0;
	for (unsigned i = 0; i < VIEWERS; i++) {
		seat[i] = (struct media_peer){.worker = i % 2, .profile = profile[i]};
		media_peer_open(&m, &seat[i], i % 2 ? 6 : 4);
		see[i] = (struct media_viewer){
			.flags = SH_CONSUMER_NACK, .ssrc = 0x5000, .rtx_ssrc = 0x5001, .rtx_pt = 104};
		hear[i] = (struct media_viewer){.ssrc = 0x5002};
		media_viewer_open(&m, &see[i], &seat[i], &video);
		media_viewer_open(&m, &hear[i], &seat[i], &audio);
	}
}

static void close_room(void)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		media_peer_close(&m, &seat[i]);
	media_peer_close(&m, &host);
}

/* What a viewer acknowledges: all that it was sent of both. */
static void acknowledge(unsigned i)
{
	struct dp_rtcp_report block[2] = {{.ssrc = see[i].ssrc}, {.ssrc = hear[i].ssrc}};
	uint8_t data[200];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	block[0].highest_seq = (uint32_t)see[i].seq - 1;
	block[1].highest_seq = (uint32_t)hear[i].seq - 1;
	dp_rtcp_put_rr(&b, 1, block, 2);
	media_send_rtcp(&m, &seat[i], data, b.len);
}

/* The first packet after a restart: its timestamps go on with the time. */
static void follow(struct media_viewer *v, uint32_t n)
{
	const struct media_list *l = &v->peer->rtp;

	if (v->known && media_wait(&m, l, 1))
		v->timestamp_offset = l->at[0].rtp.timestamp - media_timestamp(v->source, n);
}

static void watch(bool first)
{
	media_send_range(&m, &video, next_video, next_video + PACKETS, true);
	for (unsigned i = 0; i < VIEWERS; i++) {
		if (first)
			follow(&see[i], next_video);
		STAGE_CHECK(media_viewer_got(&m, &see[i], next_video, next_video + PACKETS, true));
	}
	next_video += PACKETS;
	media_send_range(&m, &audio, next_audio, next_audio + PACKETS, true);
	for (unsigned i = 0; i < VIEWERS; i++) {
		if (first)
			follow(&hear[i], next_audio);
		STAGE_CHECK(media_viewer_got(&m, &hear[i], next_audio, next_audio + PACKETS, true));
	}
	next_audio += PACKETS;
}

/* Asks for a packet that was sent `back` packets ago. Whether it comes, decrypts, and is RTX. */
static bool repaired(unsigned i, unsigned back)
{
	uint16_t seq = (uint16_t)(see[i].seq - back);
	bool came;

	media_viewer_nack(&m, &see[i], &seq, 1);
	media_settle(&m);
	came = seat[i].rtp.count == 1 && !seat[i].rtp.at[0].error && seat[i].rtp.at[0].rtp.ssrc == 0x5001;
	media_clear(&seat[i].rtp);
	return came;
}

/* --- the restart ---------------------------------------------------------------------------------- */

static int hand_over(void)
{
	struct sh_cmd c = {.op = SH_OP_HAND_OVER};
	int left;

	STAGE_CHECK(stage_cmd(&m.s, c) == 0);
	left = stage_receive_left(&m.s);
	stage_leave(&m.s);
	return left;
}

/* Another data plane, with what was left, or -1. Whether it goes on. */
static bool another(int left)
{
	uint64_t before = m.s.hello.instance;

	close(m.s.tap);
	memset(m.mac, 0, sizeof(m.mac));
	start_ms = stage_ms();
	stage_start_again(&m.s);
	stage_left = left;
	if (stage_hello(&m.s) != 0)
		stage_die("HELLO was refused: %s", m.s.hello.reason);
	start_ms = stage_ms() - start_ms;
	stage_left = -1;
	stage_tap_open(&m.s, "stage0");
	media_learn_mac(&m);
	return m.s.hello.instance == before;
}

/* A peer that was not heard for 8 s is sent nothing, and a restart can take as long. */
static void be_heard(void)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		acknowledge(i);
	media_send_sr(&m, &audio, 1, 1);
}

static void restart(void)
{
	int left = hand_over();

	STAGE_CHECK(left >= 0);
	STAGE_CHECK(stage_exit(&m.s) == 0);
	STAGE_CHECK(another(left));
	close(left);
	be_heard();
}

/* --- the tests ------------------------------------------------------------------------------------- */

/* Without a new negotiation, viewers decrypt what follows; nothing of before is sent again. */
static void goes_on(void)
{
	struct media_rtcp pli;
	struct media_drops before;
	uint8_t plain[MEDIA_ROOM], old[MEDIA_ROOM];
	uint64_t begun;
	size_t len;

	watch(false);
	for (unsigned i = 0; i < VIEWERS; i++) {
		STAGE_CHECK(repaired(i, 4));
		acknowledge(i);
	}
	/* a packet that is accepted now must not be accepted again */
	len = media_plain(&audio, next_audio, false, plain);
	memcpy(old, plain, len);
	len = media_protect(&host, old, len);
	media_send_raw(&m, &host, old, len);
	for (unsigned i = 0; i < VIEWERS; i++)
		STAGE_CHECK(media_viewer_got(&m, &hear[i], next_audio, next_audio + 1, false));
	next_audio++;
	media_settle(&m);
	media_clear_all(&m);

	begun = stage_ms();
	restart();
	before = media_drops(&m);
	media_send_raw(&m, &host, old, len);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_REPLAY, 1));
	STAGE_CHECK(media_wait_rtcp(&m, &host, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &pli));
	printf("a key frame is asked for after %u ms\n", (unsigned)(stage_ms() - begun));
	for (unsigned i = 0; i < VIEWERS; i++)
		STAGE_CHECK(!repaired(i, 2));
	media_clear_all(&m);
	watch(true);
	for (unsigned i = 0; i < VIEWERS; i++)
		STAGE_CHECK(repaired(i, 4));
}

/* Returns how long it is from the command to the next picture. The host answers a PLI at once. */
static uint64_t until_picture(void)
{
	uint64_t begun = stage_ms(), took;
	struct media_rtcp pli;

	media_clear_all(&m);
	restart();
	STAGE_CHECK(media_wait_rtcp(&m, &host, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &pli));
	watch(true);
	took = stage_ms() - begun;
	printf("the next picture is there after %u ms, %u of which the program takes to start\n",
		(unsigned)took, (unsigned)start_ms);
	media_clear_all(&m);
	return took;
}

/* What is not the program's start is short: on a busy machine not each time, but once. */
static void a_picture_comes_soon(void)
{
	bool soon = false;

	for (unsigned i = 0; i < TRIES && !soon; i++)
		soon = until_picture() < start_ms + PICTURE_MS;
	STAGE_CHECK(soon);
}

/*
 * Two within one second, from the first command until the third data plane goes on; the second one
 * hands over before anything was sent. Returns how long they took.
 */
static uint64_t twice(void)
{
	uint64_t begun = stage_ms(), took;

	restart();
	restart();
	took = stage_ms() - begun;
	printf("two restarts took %u ms\n", (unsigned)took);
	media_clear_all(&m);
	watch(true);
	for (unsigned i = 0; i < VIEWERS; i++)
		STAGE_CHECK(repaired(i, 4));
	return took;
}

/* On a busy machine not each time, but once. */
static void twice_within_a_second(void)
{
	bool soon = false;

	for (unsigned i = 0; i < TRIES && !soon; i++)
		soon = twice() < TWICE_MS;
	STAGE_CHECK(soon);
}

/* A viewer that has acknowledged too little for its ROC to be sure is lost; others are not. */
static void a_silent_viewer_is_lost(void)
{
	struct sh_event lost = {.id = 0};
	struct sh_cmd add = {.op = SH_OP_CONSUMER_SET, .consumer_set.wishes = SH_WISHES_NONE};

	for (uint32_t n = 0; n < SILENT; n++) {
		media_send(&m, &audio, next_audio++, false);
		if (n % BURST == BURST - 1) { /* so that few are lost, however busy the machine is */
			(void)media_wait(&m, &seat[0].rtp, BURST);
			media_clear_all(&m);
		}
	}
	media_settle(&m);
	media_clear_all(&m);
	for (unsigned i = 0; i < VIEWERS; i++) {
		hear[i].seq = (uint16_t)(hear[i].seq + SILENT);
		if (i != 1)
			acknowledge(i);
	}
	media_settle(&m);
	restart();
	STAGE_CHECK(stage_event(&m.s, SH_EV_TRANSPORT_LOST, &lost) && lost.id == seat[1].transport);
	add.id = see[1].id;
	STAGE_CHECK(stage_cmd(&m.s, add) == ENOENT);
	STAGE_CHECK(media_used(&m, 1 + VIEWERS - 1, 2, 2 * (VIEWERS - 1)));
	/* its browser makes a new transport, with another key */
	media_peer_forget(&m, &seat[1]);
	seat[1] = (struct media_peer){.worker = 1, .profile = profile[1]};
	media_peer_open(&m, &seat[1], 6);
	see[1].known = hear[1].known = false;
	media_viewer_open(&m, &see[1], &seat[1], &video);
	media_viewer_open(&m, &hear[1], &seat[1], &audio);
	media_clear_all(&m);
	watch(true);
}

/* All objects are gone; the peers keep their keys, which are never used again. */
static void start_over(void)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		media_peer_forget(&m, &seat[i]);
	media_peer_forget(&m, &host);
	STAGE_CHECK(media_used(&m, 0, 0, 0));
	open_room();
	watch(false);
}

/* What was left is taken over once: a second data plane with the same memory knows nothing. */
static void killed_afterwards(void)
{
	int left = hand_over();

	STAGE_CHECK(left >= 0 && stage_exit(&m.s) == 0);
	STAGE_CHECK(another(left));
	watch(true);
	stage_kill(&m.s);
	stage_leave(&m.s);
	STAGE_CHECK(!another(left));
	close(left);
	start_over();
}

static void killed_before(void)
{
	stage_kill(&m.s);
	stage_leave(&m.s);
	STAGE_CHECK(!another(-1));
	start_over();
}

/* Killed at any moment of it, a data plane leaves all or nothing. */
static void killed_meanwhile(unsigned us)
{
	struct sh_cmd c = {.op = SH_OP_HAND_OVER};
	int left;

	stage_send(&m.s, c);
	usleep(us);
	stage_kill(&m.s);
	left = stage_receive_left(&m.s);
	stage_leave(&m.s);
	printf("killed after %u us: it has left %s\n", us, left >= 0 ? "everything" : "nothing");
	STAGE_CHECK(another(left) == (left >= 0));
	media_clear_all(&m);
	if (left < 0) {
		start_over();
		return;
	}
	close(left);
	watch(true);
}

int main(void)
{
	struct media_setup setup = {.workers = 2, .peer_packets = 200000};

	stage_namespace();
	media_start(&m, &setup);
	open_room();
	goes_on();
	a_picture_comes_soon();
	twice_within_a_second();
	a_silent_viewer_is_lost();
	killed_before();
	for (unsigned i = 0; i < KILLS; i++)
		killed_meanwhile(i * i * 400);
	killed_afterwards();
	close_room();
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
