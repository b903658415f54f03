/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Media that is wrong, one thing at a time: each packet is counted under the reason the
 * table names, nothing else is, nobody is sent anything, and a good packet that comes
 * next still flows. With both engines and two profiles.
 */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

enum { SSRC_LIMIT = 8, WINDOW = 1024, STEP = 128 };

/* Where each case starts from: a producer of audio that flows to a viewer. */
struct scene {
	struct media *m;
	struct media_peer producer, viewer;
	struct media_source audio;
	struct media_viewer heard;
	uint32_t n; /* of the next packet */
	uint16_t tag;
	size_t header; /* of a plain packet */
	uint8_t earlier[MEDIA_ROOM]; /* a good one that flowed */
	size_t earlier_len;
};

static void raw(struct scene *c, const uint8_t *data, size_t len)
{
	media_send_raw(c->m, &c->producer, data, len);
}

/* A good packet, protected and not sent. */
static size_t good(struct scene *c, uint8_t *out)
{
	return media_protect(&c->producer, out, media_plain(&c->audio, c->n++, false, out));
}

static void flows(struct scene *c)
{
	STAGE_CHECK(media_viewer_got(c->m, &c->heard, c->n, c->n, false));
	media_send(c->m, &c->audio, c->n, false);
	c->n++;
	STAGE_CHECK(media_viewer_got(c->m, &c->heard, c->n - 1, c->n, false));
}

/* --- SRTP: each of these sends and says how many packets that were ---------------------------------- */

static unsigned tampered(struct scene *c)
{
	static const size_t at[] = {1, 5, 9, 17, 40}; /* not the number: it would be an older one */
	uint8_t data[MEDIA_ROOM], copy[MEDIA_ROOM];
	size_t len = good(c, data);

	c->n--;
	for (unsigned i = 0; i < 5; i++) {
		memcpy(copy, data, len);
		copy[at[i]] ^= 1;
		raw(c, copy, len);
	}
	data[len - 1] ^= 0x80;
	raw(c, data, len);
	return 6;
}

static unsigned other_keys(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect(&c->viewer, data, media_plain(&c->audio, c->n, false, data));

	raw(c, data, len);
	memset(data + 12, 0, len - 12); /* and no cipher at all */
	data[0] = 0x80;
	raw(c, data, len);
	return 2;
}

/* Lengths that leave no tag; and what is longer than a datagram we take in. */
static unsigned cut_off(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = good(c, data), least = c->header + c->tag;
	unsigned n = 0;

	c->n--;
	for (size_t i = 1; i < len && i < least; i++, n++)
		raw(c, data, i);
	return n;
}

static unsigned cut_short(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = good(c, data);
	unsigned n = 0;

	c->n--;
	for (size_t i = c->header + c->tag; i < len; i += 1 + i / 50, n++)
		raw(c, data, i);
	return n;
}

static unsigned lying_lengths(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = good(c, data);

	c->n--;
	data[14] = 0xff; /* an extension of 65,000 words */
	raw(c, data, len);
	data[0] = 0x8f; /* 15 CSRCs in 20 bytes of rest */
	raw(c, data, 32);
	return 2;
}

static unsigned versions(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = good(c, data);

	c->n--;
	data[0] = 0x50;
	raw(c, data, len);
	data[0] = 0xd0;
	raw(c, data, len);
	return 2;
}

static unsigned replayed(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = good(c, data);

	for (unsigned i = 0; i < 3; i++)
		raw(c, data, len);
	STAGE_CHECK(media_viewer_got(c->m, &c->heard, c->n - 1, c->n, false));
	return 2;
}

/* Behind the window of WINDOW packets it can't be told from a replay. */
static unsigned too_late(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = good(c, data);
	uint32_t end = c->n + WINDOW;

	c->heard.seq++;
	for (; c->n < end; c->n += STEP) {
		media_send_range(c->m, &c->audio, c->n, c->n + STEP, false);
		STAGE_CHECK(media_viewer_got(c->m, &c->heard, c->n, c->n + STEP, false));
	}
	raw(c, data, len);
	return 1;
}

/* Re-ordered by up to 3: accepted, and in its own place at the viewer. */
static unsigned reordered(struct scene *c)
{
	static const unsigned order[] = {3, 1, 0, 2};
	uint8_t data[4][MEDIA_ROOM];
	size_t len[4];
	uint16_t base = c->heard.seq;
	uint32_t from = c->n;

	for (unsigned i = 0; i < 4; i++)
		len[i] = good(c, data[i]);
	for (unsigned i = 0; i < 4; i++)
		raw(c, data[order[i]], len[order[i]]);
	STAGE_CHECK(media_wait(c->m, &c->viewer.rtp, 4));
	for (unsigned i = 0; i < c->viewer.rtp.count; i++) {
		const struct media_packet *p = &c->viewer.rtp.at[i];

		STAGE_CHECK(p->rtp.seq == (uint16_t)(base + order[i]) &&
			    media_is(&c->heard, p, from + order[i], false));
	}
	media_clear(&c->viewer.rtp);
	c->heard.seq = (uint16_t)(base + 4);
	return 0;
}

/* --- what authenticates and is wrong all the same ------------------------------------------------- */

static unsigned send_plain(struct scene *c, const uint8_t *plain, size_t len)
{
	media_send_rtp(c->m, &c->producer, plain, len);
	return 1;
}

/* With the MID it would be the stream's new one. */
enum { MID_AT = 17 };

static unsigned other_ssrc(struct scene *c)
{
	uint8_t plain[MEDIA_ROOM];
	size_t len = media_plain(&c->audio, c->n, false, plain);

	sh_put_be32(plain + 8, 0xbad);
	plain[MID_AT] ^= 1;
	return send_plain(c, plain, len);
}

static unsigned ssrc_zero(struct scene *c)
{
	uint8_t plain[MEDIA_ROOM];
	size_t len = media_plain(&c->audio, c->n, false, plain);

	sh_put_be32(plain + 8, 0);
	return send_plain(c, plain, len);
}

/* More than state is made for: they take it from each other, and never from the producer's SSRC. */
static unsigned many_ssrcs(struct scene *c)
{
	uint8_t plain[MEDIA_ROOM];

	c->earlier_len = good(c, c->earlier);
	raw(c, c->earlier, c->earlier_len);
	STAGE_CHECK(media_viewer_got(c->m, &c->heard, c->n - 1, c->n, false));
	for (uint32_t i = 0; i < 3 * SSRC_LIMIT; i++) {
		size_t len = media_plain(&c->audio, c->n, false, plain);

		sh_put_be32(plain + 8, 0x5000 + i);
		plain[MID_AT] ^= 1;
		send_plain(c, plain, len);
	}
	return 3 * SSRC_LIMIT;
}

static unsigned still_known(struct scene *c)
{
	raw(c, c->earlier, c->earlier_len);
	return 1;
}

static unsigned other_pt(struct scene *c)
{
	uint8_t plain[MEDIA_ROOM];
	size_t len = media_plain(&c->audio, c->n++, false, plain);

	plain[1] = 9;
	c->heard.seq++;
	return send_plain(c, plain, len);
}

static unsigned padding_lies(struct scene *c)
{
	uint8_t plain[MEDIA_ROOM];
	size_t len = media_plain(&c->audio, c->n++, false, plain);
	unsigned payload = (unsigned)(len - c->header);

	c->heard.seq = (uint16_t)(c->heard.seq + 2);
	plain[0] |= 0x20;
	plain[len - 1] = 0;
	send_plain(c, plain, len);
	len = media_plain(&c->audio, c->n++, false, plain);
	plain[0] |= 0x20;
	len = c->header + (payload < 30 ? payload : 30);
	plain[len - 1] = 200;
	return 1 + send_plain(c, plain, len);
}

/* With the viewer's extension it is over the path's MTU of 1,500. */
static unsigned too_long(struct scene *c)
{
	uint8_t plain[MEDIA_ROOM] = {0x80, 111};

	sh_put_be16(plain + 2, (uint16_t)(c->audio.first + c->n++));
	sh_put_be32(plain + 8, c->audio.ssrc);
	c->heard.seq++;
	return send_plain(c, plain, 1500 - 28 - 16);
}

/* --- RTCP ------------------------------------------------------------------------------------------ */

static size_t empty_rr(uint8_t *out, uint32_t ssrc)
{
	struct dp_rtcp_buf b = {.data = out, .cap = 100};

	dp_rtcp_put_rr(&b, ssrc, NULL, 0);
	return b.len;
}

static unsigned rtcp_tampered(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect_rtcp(&c->producer, data, empty_rr(data, 77));

	data[9] ^= 4;
	raw(c, data, len);
	data[9] ^= 4;
	data[4] ^= 4;
	raw(c, data, len);
	return 2;
}

static unsigned rtcp_cut(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect_rtcp(&c->producer, data, empty_rr(data, 77));
	unsigned n = 0;

	for (size_t i = 2; i < len && i < 8u + c->tag + 4; i++, n++)
		raw(c, data, i);
	return n;
}

static unsigned rtcp_replayed(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect_rtcp(&c->producer, data, empty_rr(data, 77));

	raw(c, data, len);
	raw(c, data, len);
	return 1;
}

/* Plain RTCP with an index whose E says so. */
static unsigned rtcp_unencrypted(struct scene *c)
{
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect_rtcp(&c->producer, data, empty_rr(data, 77));

	data[c->tag == 16 ? len - 4 : len - 14] &= 0x7f;
	raw(c, data, len);
	return 1;
}

static unsigned rtcp_malformed(struct scene *c)
{
	static const struct {
		uint8_t data[16];
		size_t len;
	} bad[] = {
		{{0x80, 201, 0, 2, 0, 0, 0, 77}, 8}, /* longer than it is */
		{{0x80, 201, 0, 1, 0, 0, 0, 77, 0x80, 201, 0, 1}, 12}, /* the second one is cut off */
		{{0x80, 201, 0, 1, 0, 0, 0, 77, 0x40, 201, 0, 0}, 12}, /* of version 1 */
		{{0xa0, 201, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 77}, 16}, /* padding in the first */
		{{0xa0, 201, 0, 1, 0, 0, 0, 77}, 8}, /* padding of 77 */
		{{0x80, 201, 0, 1, 0, 0, 0, 77, 0x80, 201}, 10}, /* two bytes too many */
	};
	uint8_t data[MEDIA_ROOM];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(data, bad[i].data, bad[i].len);
		media_send_rtcp(c->m, &c->producer, data, bad[i].len);
	}
	return sizeof(bad) / sizeof(bad[0]);
}

/* Well-formed and meaningless: reports that are too short, NACK of nothing, unknown types and formats. */
static unsigned rtcp_odd(struct scene *c)
{
	static const uint8_t odd[][16] = {{0x80, 200, 0, 1}, {0x9f, 201, 0, 1}, {0x81, 202, 0, 1, 0, 0, 0, 1},
		{0x81, 203, 0, 1}, {0x80, 204, 0, 1}, {0x81, 205, 0, 1}, {0x81, 205, 0, 2}, {0x8f, 205, 0, 3},
		{0x81, 206, 0, 1}, {0x84, 206, 0, 2}, {0x84, 206, 0, 3},
		{0x8f, 206, 0, 3, [12] = 'R', 'E', 'M', 'B'}, {0x80, 207, 0, 1}, {0x80, 223, 0, 1}};
	uint64_t in = STAGE_SUM(&c->m->s, rtcp_in);

	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		media_send_rtcp(c->m, &c->producer, odd[i], 4 * (odd[i][3] + 1u));
	STAGE_CHECK(STAGE_WAIT(&c->m->s, rtcp_in, in + sizeof(odd) / sizeof(odd[0])));
	return 0;
}

static const struct {
	const char *name;
	unsigned (*send)(struct scene *c);
	enum sh_drop reason;
} cases[] = {
	{"tampered", tampered, SH_DROP_SRTP_AUTH},
	{"other keys", other_keys, SH_DROP_SRTP_AUTH},
	{"cut off", cut_off, SH_DROP_RTP_MALFORMED},
	{"cut short", cut_short, SH_DROP_SRTP_AUTH},
	{"lying lengths", lying_lengths, SH_DROP_RTP_MALFORMED},
	{"versions", versions, SH_DROP_FIRST_BYTE},
	{"replayed", replayed, SH_DROP_SRTP_REPLAY},
	{"too late", too_late, SH_DROP_SRTP_REPLAY},
	{"reordered", reordered, SH_DROP_COUNT},
	{"another SSRC", other_ssrc, SH_DROP_UNKNOWN_SSRC},
	{"many SSRCs", many_ssrcs, SH_DROP_UNKNOWN_SSRC},
	{"replayed behind many SSRCs", still_known, SH_DROP_SRTP_REPLAY},
	{"SSRC 0", ssrc_zero, SH_DROP_UNKNOWN_SSRC},
	{"another payload type", other_pt, SH_DROP_UNKNOWN_PT},
	{"padding lies", padding_lies, SH_DROP_RTP_MALFORMED},
	{"too long", too_long, SH_DROP_TOO_LONG},
	{"RTCP tampered", rtcp_tampered, SH_DROP_SRTCP_AUTH},
	{"RTCP cut", rtcp_cut, SH_DROP_RTCP_MALFORMED},
	{"RTCP replayed", rtcp_replayed, SH_DROP_SRTCP_REPLAY},
	{"RTCP unencrypted", rtcp_unencrypted, SH_DROP_RTCP_MALFORMED},
	{"RTCP malformed", rtcp_malformed, SH_DROP_RTCP_MALFORMED},
	{"RTCP odd", rtcp_odd, SH_DROP_COUNT},
};

/* --- around them ------------------------------------------------------------------------------------- */

static void open_scene(struct scene *c, struct media *m, uint32_t profile)
{
	uint8_t plain[MEDIA_ROOM];

	memset(c, 0, sizeof(*c));
	c->m = m;
	c->producer.profile = c->viewer.profile = profile;
	c->tag = profile == SH_SRTP_AES128_CM_SHA1_80 ? 10 : 16;
	c->audio.payload = 100;
	media_peer_open(m, &c->producer, 4);
	media_source_open(m, &c->audio, &c->producer);
	media_peer_open(m, &c->viewer, 4);
	media_viewer_open(m, &c->heard, &c->viewer, &c->audio);
	c->header = media_plain(&c->audio, 0, false, plain) - 100;
}

static void run_cases(struct media *m, uint32_t profile)
{
	struct media_drops before;
	static struct scene c;
	unsigned n;

	open_scene(&c, m, profile);
	media_send(m, &c.audio, c.n++, false);
	STAGE_CHECK(media_viewer_got(m, &c.heard, 0, 1, false));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int failures = stage_failures;

		before = media_drops(m);
		n = cases[i].send(&c);
		STAGE_CHECK(cases[i].reason == SH_DROP_COUNT ? media_lossless(m, &before)
							     : media_dropped(m, &before, cases[i].reason, n));
		flows(&c);
		if (stage_failures != failures)
			printf("in case: %s, profile %u\n", cases[i].name, profile);
	}
	media_peer_close(m, &c.producer);
	media_peer_close(m, &c.viewer);
}

int main(void)
{
	static const char *const engines[] = {"ipsec-mb", "libsrtp2"};
	static struct media m;

	stage_namespace();
	for (unsigned e = 0; e < 2; e++) {
		struct media_setup setup = {.engine = engines[e]};

		media_start(&m, &setup);
		run_cases(&m, SH_SRTP_AEAD_AES_128_GCM);
		run_cases(&m, SH_SRTP_AES128_CM_SHA1_80);
		STAGE_CHECK(m.strays == 0);
		media_stop(&m);
	}
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
