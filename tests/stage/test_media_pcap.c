/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Media from a pcap file into another. The file is played over and over from the start
 * on, so that before the keys are there everything is dropped for the want of them, the
 * first round behind that flows, and every later one is a replay: what comes out is each
 * packet once, and each bad one is counted under its own reason and no other.
 */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

enum { GOOD = 60, FRAMES = 100, OUT = 200 };

static const uint8_t mac[6] = {0x02, 0x70, 0x63, 0x61, 0x70, 0x00}; /* net_pcap's first */

static struct media m;
static struct media_peer producer, viewer;
static struct media_source audio = {.kind = SH_KIND_AUDIO,
	.ssrc = 0x1234,
	.pt = 111,
	.mid = "a",
	.cname = "pcap",
	.first = 65500,
	.first_timestamp = 5};
static struct media_viewer heard;
static struct stage_frame frames[FRAMES], out[OUT];
static size_t count;

/* --- the file that goes in ------------------------------------------------------------------ */

static void add(const struct sh_path *path, const uint8_t *data, size_t len)
{
	stage_udp(&frames[count++], mac, path, data, len);
}

/* A packet that authenticates, its plain form changed by `change` first. */
static void add_plain(uint32_t n, void (*change)(uint8_t *plain))
{
	uint8_t data[MEDIA_ROOM];
	size_t len = media_plain(&audio, n, false, data);

	if (change)
		change(data);
	add(&producer.path, data, media_protect(&producer, data, len));
}

static void another_ssrc(uint8_t *plain)
{
	sh_put_be32(plain + 8, 77);
	plain[17] ^= 1; /* with the MID it would be the stream's new one */
}

static void another_pt(uint8_t *plain)
{
	plain[1] = 9;
}

static void wrong_padding(uint8_t *plain)
{
	plain[0] |= 0x20; /* the last byte of these says more than there is */
}

static void add_wrong(void)
{
	struct sh_path stranger = producer.path, other_port = producer.path;
	uint8_t data[MEDIA_ROOM], rr[MEDIA_ROOM] = {0x80, 201, 0, 1, 0, 0, 0, 9};
	size_t len = media_protect(&producer, data, media_plain(&audio, GOOD + 10, false, data)), rr_len;

	data[len - 1] ^= 1;
	add(&producer.path, data, len); /* srtp_auth */
	add(&producer.path, data, 20); /* rtp_malformed: cut off */
	data[0] = 0x70;
	add(&producer.path, data, len); /* first_byte */
	stranger.remote.port = 3999;
	add(&stranger, rr, 30); /* unknown_tuple */
	other_port.local.port = 20001;
	add(&other_port, rr, 30); /* udp_port */
	frames[count] = frames[0];
	frames[count++].data[26] ^= 1; /* ip_checksum */
	rr_len = media_protect_rtcp(&producer, rr, 8);
	add(&producer.path, rr, rr_len); /* good once, then srtcp_replay */
	add(&producer.path, rr, 20); /* rtcp_malformed */
	rr[rr_len - 5] ^= 1;
	rr[rr_len - 1] ^= 8; /* another index, or it would be a replay */
	add(&producer.path, rr, rr_len); /* srtcp_auth */
}

static void make_frames(void)
{
	memcpy(audio.ext_id, media_producer_ext, sizeof(audio.ext_id));
	audio.peer = &producer;
	producer.path = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);
	producer.transport = media_id(&m);
	media_peer_sessions(&producer);
	for (uint32_t n = 0; n < GOOD; n++) {
		add_plain(n, NULL);
		if (n == 10)
			add_plain(n, another_ssrc);
		if (n == 20)
			add_wrong();
	}
	add_plain(GOOD, another_pt);
	audio.payload = 30;
	add_plain(GOOD + 1, wrong_padding);
	audio.payload = 0;
}

/* --- the program ------------------------------------------------------------------------------ */

static void start(const char *in_path, const char *out_path)
{
	char config[700];

	snprintf(config, sizeof(config),
		"{\"network\":{\"ports\":[{\"device\":\"net_pcap0\",\"args\":\"rx_pcap=%s,tx_pcap=%s,"
		"infinite_rx=1\","
		"\"addresses\":[\"10.1.0.2/24\"]}]},\"dataplane\":{\"mbufs\":4096},"
		"\"limits\":{\"transports\":64,\"producers\":16,\"consumers\":64,"
		"\"peer_packets_per_second\":100000000}}", /* the device repeats the file as fast as it can */
		in_path, out_path);
	stage_start(&m.s, config);
	if (stage_hello(&m.s) != 0)
		stage_die("HELLO was refused: %s", m.s.hello.reason);
	STAGE_CHECK(STAGE_WAIT(&m.s, drop[SH_DROP_UNKNOWN_TUPLE], 1));
	media_peer_add(&m, &producer, 4, 60000);
	media_peer_bind(&m, &producer);
	media_source_open(&m, &audio, &producer);
	STAGE_CHECK(STAGE_WAIT(&m.s, drop[SH_DROP_NO_KEYS], 1));
	media_peer_open(&m, &viewer, 4);
	media_viewer_open(&m, &heard, &viewer, &audio);
	media_peer_keys(&m, &producer);
}

static void check_counters(void)
{
	static const enum sh_drop once[] = {SH_DROP_UNKNOWN_SSRC, SH_DROP_UNKNOWN_PT};
	static const enum sh_drop many[] = {SH_DROP_IP_CHECKSUM, SH_DROP_UDP_PORT, SH_DROP_FIRST_BYTE,
		SH_DROP_UNKNOWN_TUPLE, SH_DROP_NO_KEYS, SH_DROP_RTP_MALFORMED, SH_DROP_RTCP_MALFORMED,
		SH_DROP_SRTP_AUTH, SH_DROP_SRTP_REPLAY, SH_DROP_SRTCP_AUTH, SH_DROP_SRTCP_REPLAY};
	bool named[SH_DROP_COUNT] = {false};

	STAGE_CHECK(STAGE_WAIT(&m.s, drop[SH_DROP_SRTP_REPLAY], 1000));
	for (unsigned i = 0; i < 2; i++) {
		STAGE_CHECK(stage_drops(&m.s, once[i]) == 1);
		named[once[i]] = true;
	}
	for (unsigned i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		STAGE_CHECK(stage_drops(&m.s, many[i]) > 0);
		named[many[i]] = true;
	}
	for (int i = 0; i < SH_DROP_COUNT; i++)
		if (!named[i] && stage_drops(&m.s, (enum sh_drop)i)) {
			printf("%s was counted\n", sh_drop_name((enum sh_drop)i));
			STAGE_CHECK(false);
		}
}

/* The round may have begun anywhere: from there to the last, dense, and nothing twice. */
static void check_output(const char *path)
{
	size_t n = stage_pcap_read(path, out, OUT);
	uint32_t first;

	for (size_t i = 0; i < n; i++)
		media_take(&m, &out[i]);
	STAGE_CHECK(viewer.rtp.count >= 1 && viewer.rtp.count <= GOOD);
	first = GOOD - viewer.rtp.count;
	STAGE_CHECK(media_viewer_got(&m, &heard, first, GOOD, false));
}

int main(void)
{
	char in_path[80], out_path[80];

	stage_init(&m.s);
	snprintf(in_path, sizeof(in_path), "%s/in.pcap", m.s.dir);
	snprintf(out_path, sizeof(out_path), "%s/out.pcap", m.s.dir);
	srtp_init();
	make_frames();
	stage_pcap_write(in_path, frames, count);
	start(in_path, out_path);
	check_counters();
	STAGE_CHECK(stage_stop(&m.s) == 0);
	check_output(out_path);
	media_peer_forget(&m, &producer);
	media_peer_forget(&m, &viewer);
	stage_end(&m.s);
	srtp_shutdown();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
