/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From producers to viewers: every profile with every engine, IPv4 and IPv6, one viewer
 * and seventy, the header extensions, and numbers that wrap on both sides.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

enum { ROUND = 40 };

/* Audio and video of one peer to two viewers, one by IPv4 and one by IPv6. */
static void forward(struct media *m, uint32_t profile, unsigned family)
{
	struct media_peer producer = {.profile = profile},
			  viewer[2] = {{.profile = profile}, {.profile = profile}};
	struct media_peer listener = {.profile = profile};
	struct media_source audio = {0}, video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	struct media_viewer seen[2] = {0}, heard = {0};
	struct media_drops before = media_drops(m);

	media_peer_open(m, &producer, family);
	media_source_open(m, &audio, &producer);
	media_source_open(m, &video, &producer);
	for (unsigned i = 0; i < 2; i++) {
		media_peer_open(m, &viewer[i], i ? 4 : 6);
		media_viewer_open(m, &seen[i], &viewer[i], &video);
	}
	media_peer_open(m, &listener, family);
	media_viewer_open(m, &heard, &listener, &audio);
	for (uint32_t n = 0; n < ROUND; n++) {
		media_send(m, &audio, n, false);
		media_send(m, &video, n, n == 0);
	}
	STAGE_CHECK(media_viewer_got(m, &seen[0], 0, ROUND, true));
	STAGE_CHECK(media_viewer_got(m, &seen[1], 0, ROUND, true));
	STAGE_CHECK(media_viewer_got(m, &heard, 0, ROUND, false));
	STAGE_CHECK(seen[0].timestamp_offset != seen[1].timestamp_offset || seen[0].seq != seen[1].seq);
	STAGE_CHECK(media_lossless(m, &before) && media_nothing(m, &listener));
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer[0]);
	media_peer_close(m, &viewer[1]);
	media_peer_close(m, &listener);
}

/* Some go while a burst that takes several passes is under way; the others get all of it. */
static void go_meanwhile(struct media *m, struct media_source *video, struct media_viewer *seen, bool *gone,
	unsigned round)
{
	uint32_t from = 30 + 60 * round;

	media_send_range(m, video, from, from + 60, false);
	for (unsigned i = round; i < 70; i += 13) {
		stage_send(&m->s, (struct sh_cmd){.op = SH_OP_CONSUMER_DEL, .id = seen[i].id});
		gone[i] = true;
	}
	for (unsigned i = 0; i < 70; i++)
		STAGE_CHECK(gone[i] || media_viewer_got(m, &seen[i], from, from + 60, false));
	for (unsigned i = 0; i < 70; i++)
		media_clear(&seen[i].peer->rtp);
}

static void seventy(struct media *m)
{
	static struct media_peer producer, viewer[70];
	static struct media_source video = {.kind = SH_KIND_VIDEO};
	static struct media_viewer seen[70];
	struct media_drops before = media_drops(m);
	uint64_t out = STAGE_SUM(&m->s, rtp_out);
	bool gone[70] = {false};
	uint32_t same = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	for (unsigned i = 0; i < 70; i++) {
		media_peer_open(m, &viewer[i], i % 2 ? 6 : 4);
		media_viewer_open(m, &seen[i], &viewer[i], &video);
	}
	media_send_range(m, &video, 0, 20, true);
	for (unsigned i = 0; i < 70; i++)
		STAGE_CHECK(media_viewer_got(m, &seen[i], 0, 20, true));
	for (unsigned i = 1; i < 70; i++)
		same += seen[i].seq == seen[0].seq;
	STAGE_CHECK(same < 5);
	/* Twenty go, from the middle; the others are still served, each once. */
	for (unsigned i = 30; i < 50; i++)
		media_op(m, SH_OP_CONSUMER_DEL, seen[i].id);
	media_send_range(m, &video, 20, 30, false);
	for (unsigned i = 0; i < 70; i++)
		STAGE_CHECK(i >= 30 && i < 50 ? viewer[i].rtp.count == 0
					      : media_viewer_got(m, &seen[i], 20, 30, false));
	STAGE_CHECK(STAGE_SUM(&m->s, rtp_out) - out == 70 * 20 + 50 * 10);
	for (unsigned i = 30; i < 50; i++)
		gone[i] = true;
	for (unsigned round = 0; round < 5; round++)
		go_meanwhile(m, &video, seen, gone, round);
	STAGE_CHECK(media_lossless(m, &before));
	for (unsigned i = 0; i < 70; i++)
		media_peer_close(m, &viewer[i]);
	media_peer_close(m, &producer);
}

/* --- numbers that wrap ----------------------------------------------------------------------- */

/*
 * The producer's numbers pass 65535 at once. Its gaps are the viewer's gaps too, so that
 * three leaps of 20,000 carry the viewer's numbers over 65535 as well: that its packets
 * decrypt says that the ROC was counted.
 */
static void wrap(struct media *m, uint32_t profile)
{
	struct media_peer producer = {.profile = profile}, viewer = {.profile = profile};
	struct media_source video = {.kind = SH_KIND_VIDEO, .first = 65530, .first_timestamp = 0xffffff00};
	struct media_viewer seen = {.rtx_ssrc = 0x77, .rtx_pt = 99, .flags = SH_CONSUMER_NACK};
	uint16_t before, distance;
	bool wrapped = false;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 20, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 20, true));
	for (uint32_t n = 20000; n <= 80000; n += 20000) {
		before = seen.seq;
		seen.seq = (uint16_t)(seen.seq + 20000 - 20);
		media_send_range(m, &video, n, n + 20, false);
		STAGE_CHECK(media_viewer_got(m, &seen, n, n + 20, false));
		wrapped |= seen.seq < before; /* in the leap, or in the packets behind it */
	}
	STAGE_CHECK(wrapped);

	/* Packet by packet across the viewer's wrap, reached in two steps. */
	distance = (uint16_t)(65530 - seen.seq);
	media_send(m, &video, 80020 + distance / 2, false);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 1) && viewer.rtp.at[0].error == srtp_err_status_ok);
	media_clear(&viewer.rtp);
	seen.seq = 65530;
	media_send_range(m, &video, 80020 + distance, 80040 + distance, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 80020 + distance, 80040 + distance, false));
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* --- header extensions -------------------------------------------------------------------------- */

struct element {
	uint8_t id, len;
	uint8_t data[16];
};

static size_t put_elements(uint8_t *out, bool two_bytes, const struct element *e, unsigned n)
{
	size_t at = 4;

	for (unsigned i = 0; i < n; i++) {
		if (two_bytes) {
			out[at++] = e[i].id;
			out[at++] = e[i].len;
		} else {
			out[at++] = (uint8_t)(e[i].id << 4 | (e[i].len - 1));
		}
		memcpy(out + at, e[i].data, e[i].len);
		at += e[i].len;
	}
	while (at % 4)
		out[at++] = 0;
	sh_put_be16(out, two_bytes ? 0x1000 : 0xbede);
	sh_put_be16(out + 2, (uint16_t)(at / 4 - 1));
	return at;
}

/* Header, `csrcs`, elements, a payload of 30 bytes and padding. */
static size_t extended(struct media_source *s, uint16_t seq, unsigned csrcs, bool two_bytes,
	const struct element *e, unsigned elements, unsigned padding, uint8_t *out)
{
	size_t at = 12 + 4 * csrcs;

	memset(out, 0x33, at);
	out[0] = (uint8_t)(0x90 | csrcs | (padding ? 0x20 : 0));
	out[1] = s->pt | 0x80;
	sh_put_be16(out + 2, seq);
	sh_put_be32(out + 4, s->first_timestamp);
	sh_put_be32(out + 8, s->ssrc);
	at += put_elements(out + at, two_bytes, e, elements);
	memset(out + at, 0x44, 30);
	at += 30;
	memset(out + at, 0, padding);
	at += padding;
	if (padding)
		out[at - 1] = (uint8_t)padding;
	return at;
}

/* The elements of a packet, the one with abs-send-time made 0 after a look at it. */
static unsigned elements_of(struct media_packet *p, struct element *out, unsigned room)
{
	struct timespec t;
	struct dp_rtp_ext e;
	unsigned n = 0;
	size_t pos = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	while (dp_rtp_ext_next(&p->rtp, p->data, &pos, &e)) {
		struct element *o = &out[n++];

		if (n > room || e.len > sizeof(o->data))
			stage_die("%u elements, or one that is too long", n);
		*o = (struct element){.id = e.id, .len = e.len};
		memcpy(o->data, e.data, e.len);
		if (e.id == 4 && e.len == 3) { /* 6.18 fixed point: not over 10 s old */
			uint32_t now = (uint32_t)((t.tv_sec % 64) << 18 | t.tv_nsec / 3815);

			STAGE_CHECK(((now - sh_get_be24(e.data)) & 0xffffff) < 10 << 18);
			memset(o->data, 0, 3);
		}
	}
	return n;
}

static void check_elements(struct media_packet *p, const struct element *wanted, unsigned n)
{
	struct element found[16];

	STAGE_CHECK(p->error == srtp_err_status_ok && p->rtp.padding == 0 && p->rtp.payload_len == 30 &&
		    p->rtp.marker);
	STAGE_CHECK(p->rtp.hdr_len == 12 + (p->rtp.ext_profile ? 4 + p->rtp.ext_len : 0) &&
		    p->data[p->rtp.hdr_len] == 0x44);
	STAGE_CHECK(elements_of(p, found, 16) == n);
	for (unsigned i = 0; i < n; i++)
		STAGE_CHECK(found[i].id == wanted[i].id && found[i].len == wanted[i].len &&
			    memcmp(found[i].data, wanted[i].data, found[i].len) == 0);
}

static void extensions(struct media *m)
{
	static const struct element in[] = {{3, 1, "a"}, {11, 2, "hi"}, {10, 2, "hi"}, {2, 3, "\x01\x02\x03"},
		{9, 2, "\x00\x07"}, {14, 1, "\x8a"}, {8, 3, "dd!"}, {12, 1, "\x09"}, {1, 3, "\x00\x00\x05"},
		{13, 8, "captured"}, {6, 3, "\x10\x20\x30"}, {5, 1, "?"}};
	static const struct element copied[] = {{6, 1, "\x8a"}, {8, 1, "\x09"}, {9, 3, "\x00\x00\x05"},
		{10, 8, "captured"}, {11, 3, "\x10\x20\x30"}};
	struct element wanted[2 + 5] = {{1, 8, "a-longer"}, {4, 3, {0}}};
	struct media_peer producer = {0}, viewer = {0};
	struct media_source audio = {0};
	struct media_viewer heard = {.mid = "a-longer"};
	struct media_drops before = media_drops(m);
	uint8_t plain[MEDIA_ROOM];
	unsigned i = 0;

	memcpy(wanted + 2, copied, sizeof(copied));
	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &heard, &viewer, &audio);
	for (unsigned two = 0; two < 2; two++)
		for (unsigned csrcs = 0; csrcs < 16; csrcs += 15)
			for (unsigned padding = 0; padding < 256; padding += 255)
				media_send_rtp(m, &producer, plain,
					extended(&audio, (uint16_t)(100 + i++), csrcs, two, in, 12, padding,
						plain));
	/* Without an extension, and the same one twice. */
	media_send_rtp(m, &producer, plain,
		extended(&audio, (uint16_t)(100 + i++), 0, false, in, 0, 0, plain));
	media_send_rtp(m, &producer, plain,
		extended(&audio, (uint16_t)(100 + i++), 0, false, (struct element[]){in[7], in[5], in[7]}, 3,
			0, plain));
	STAGE_CHECK(media_wait(m, &viewer.rtp, i) && media_lossless(m, &before));
	for (unsigned k = 0; k < viewer.rtp.count; k++) {
		if (k == i - 1)
			memcpy(wanted + 2, (struct element[]){copied[1], copied[0]}, 2 * sizeof(wanted[0]));
		check_elements(&viewer.rtp.at[k], wanted, k < i - 2 ? 7 : k == i - 2 ? 2 : 4);
	}
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

int main(void)
{
	static const uint32_t profiles[] = {
		SH_SRTP_AEAD_AES_128_GCM, SH_SRTP_AEAD_AES_256_GCM, SH_SRTP_AES128_CM_SHA1_80};
	static const struct media_setup setups[] = {{.engine = "ipsec-mb"}, {.engine = "libsrtp2"}};
	static struct media m;

	stage_namespace();
	for (unsigned e = 0; e < 2; e++) {
		media_start(&m, &setups[e]);
		if (sh_stats_worker(&m.s.stats, 0)->engine != e + 1)
			puts("this CPU has no AES: libsrtp2 stands in for ipsec-mb");
		for (unsigned i = 0; i < 6; i++)
			forward(&m, profiles[i / 2], i % 2 ? 6 : 4);
		for (unsigned i = 0; i < 3; i++)
			wrap(&m, profiles[i]);
		extensions(&m);
		STAGE_CHECK(m.strays == 0);
		media_stop(&m);
	}
	media_start(&m, &setups[0]);
	seventy(&m);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
