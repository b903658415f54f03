/* SPDX-License-Identifier: Apache-2.0 */

/* Sources and viewers: what is sent, and whether it is what comes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

const uint8_t media_producer_ext[SH_EXT_COUNT] = {
	[SH_EXT_MID] = 3,
	[SH_EXT_RID] = 11,
	[SH_EXT_REPAIRED_RID] = 10,
	[SH_EXT_ABS_SEND_TIME] = 2,
	[SH_EXT_TWCC] = 9,
	[SH_EXT_AUDIO_LEVEL] = 14,
	[SH_EXT_DEPENDENCY_DESCRIPTOR] = 8,
	[SH_EXT_VIDEO_ORIENTATION] = 12,
	[SH_EXT_TOFFSET] = 1,
	[SH_EXT_ABS_CAPTURE_TIME] = 13,
	[SH_EXT_PLAYOUT_DELAY] = 6,
};

/* --- sources --------------------------------------------------------------------------------- */

static void set_defaults(struct media *m, struct media_source *s)
{
	bool audio;

	if (!s->kind)
		s->kind = SH_KIND_AUDIO;
	audio = s->kind == SH_KIND_AUDIO;
	if (!s->ssrc)
		s->ssrc = 0x11000000 + (uint32_t)m->next_id;
	if (!s->pt)
		s->pt = audio ? 111 : 96;
	if (!s->mid)
		s->mid = audio ? "a" : "video";
	if (!s->cname)
		s->cname = "a peer of the stage";
	if (!s->first)
		s->first = 30000;
	if (!s->first_timestamp)
		s->first_timestamp = 123456789;
	if (!s->encodings)
		s->encodings = 1;
	if (!s->own_ext)
		memcpy(s->ext_id, media_producer_ext, sizeof(s->ext_id));
}

void media_source_open(struct media *m, struct media_source *s, struct media_peer *p)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_ADD, .producer_add = SH_PRODUCER_ADD_SIMPLE};
	struct sh_producer_add *a = &c.producer_add;

	set_defaults(m, s);
	s->peer = p;
	s->id = c.id = media_id(m);
	a->transport = p->transport;
	a->ssrc = s->hidden ? 0 : s->ssrc;
	a->rtx_ssrc = s->hidden ? 0 : s->rtx_ssrc;
	a->clock_rate = s->kind == SH_KIND_AUDIO ? 48000 : 90000;
	a->flags = s->flags | (s->compound ? 0 : SH_PRODUCER_REDUCED_SIZE);
	a->kind = s->kind;
	a->codec = s->kind == SH_KIND_AUDIO ? SH_CODEC_OPUS : SH_CODEC_VP8;
	a->pt = s->pt;
	a->rtx_pt = s->rtx_pt;
	a->encoding = s->encoding;
	a->encodings = s->encodings;
	a->lead = s->lead;
	a->mid_len = (uint8_t)strlen(s->mid);
	a->cname_len = (uint8_t)strlen(s->cname);
	memcpy(a->mid, s->mid, a->mid_len);
	if (s->rid) {
		a->rid_len = (uint8_t)strlen(s->rid);
		memcpy(a->rid, s->rid, a->rid_len);
	}
	memcpy(a->cname, s->cname, a->cname_len);
	memcpy(a->ext_id, s->ext_id, sizeof(a->ext_id));
	media_do(m, &c);
}

/* A frame of video is three packets. */
uint32_t media_timestamp(const struct media_source *s, uint32_t n)
{
	return s->first_timestamp + (s->kind == SH_KIND_AUDIO ? n * 960 : n / 3 * 3000);
}

static bool marker(const struct media_source *s, uint32_t n)
{
	return s->kind == SH_KIND_AUDIO ? n == 0 : n % 3 == 2;
}

static size_t payload_len(const struct media_source *s, uint32_t n)
{
	return s->payload ? s->payload : 20 + n * 37 % 980;
}

/* Begins as VP8 does (RFC 7741): the descriptor with S, then P of the frame header. */
static void fill(const struct media_source *s, uint32_t n, bool key, uint8_t *out, size_t len)
{
	out[0] = 0x10;
	out[1] = key ? 0 : 1;
	sh_put_be32(out + 2, s->ssrc);
	sh_put_be32(out + 6, n);
	for (size_t i = 10; i < len; i++)
		out[i] = (uint8_t)(n * 7 + i * 13 + s->ssrc);
}

static size_t element(uint8_t *out, size_t at, uint8_t id, const void *data, size_t len)
{
	out[at] = (uint8_t)(id << 4 | (len - 1));
	memcpy(out + at + 1, data, len);
	return at + 1 + len;
}

/* The header of media; that of a retransmission (`rtx`) is not finished. */
static size_t header(struct media_source *s, uint32_t n, bool rtx, uint8_t *out)
{
	bool repaired = rtx && s->ext_id[SH_EXT_REPAIRED_RID];
	uint8_t number[2];
	size_t at = 16;

	out[0] = 0x90;
	out[1] = (uint8_t)(marker(s, n) << 7 | s->pt);
	sh_put_be16(out + 2, (uint16_t)(s->first + n));
	sh_put_be32(out + 4, media_timestamp(s, n));
	sh_put_be32(out + 8, s->ssrc);
	sh_put_be16(out + 12, 0xbede);
	if (s->ext_id[SH_EXT_MID])
		at = element(out, at, s->ext_id[SH_EXT_MID], s->mid, strlen(s->mid));
	if (s->rid)
		at = element(out, at, s->ext_id[repaired ? SH_EXT_REPAIRED_RID : SH_EXT_RID], s->rid,
			strlen(s->rid));
	if (s->flags & SH_PRODUCER_TWCC) {
		sh_put_be16(number, s->twcc++);
		at = element(out, at, s->ext_id[SH_EXT_TWCC], number, 2);
	}
	while (at % 4)
		out[at++] = 0;
	sh_put_be16(out + 14, (uint16_t)(at / 4 - 4));
	return at;
}

size_t media_plain(struct media_source *s, uint32_t n, bool key, uint8_t *out)
{
	size_t at = header(s, n, false, out), len = payload_len(s, n);

	fill(s, n, key, out + at, len);
	return at + len;
}

void media_send(struct media *m, struct media_source *s, uint32_t n, bool key)
{
	uint8_t plain[MEDIA_ROOM];

	media_send_rtp(m, s->peer, plain, media_plain(s, n, key, plain));
}

void media_send_range(struct media *m, struct media_source *s, uint32_t from, uint32_t to, bool key)
{
	for (uint32_t n = from; n < to; n++)
		media_send(m, s, n, key && n == from);
}

void media_send_rtx(struct media *m, struct media_source *s, uint32_t n, bool key)
{
	uint8_t plain[MEDIA_ROOM];
	size_t at = header(s, n, true, plain), len = payload_len(s, n);

	plain[1] = (uint8_t)((plain[1] & 0x80) | s->rtx_pt);
	sh_put_be16(plain + 2, s->rtx_seq++);
	sh_put_be32(plain + 8, s->rtx_ssrc);
	sh_put_be16(plain + at, (uint16_t)(s->first + n));
	fill(s, n, key, plain + at + 2, len);
	media_send_rtp(m, s->peer, plain, at + 2 + len);
}

void media_send_sr(struct media *m, struct media_source *s, uint64_t ntp, uint32_t timestamp)
{
	struct dp_rtcp_sender_info info = {.ntp = ntp, .rtp_timestamp = timestamp, .packets = 1, .octets = 2};
	uint8_t data[200];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_rtcp_put_sr(&b, s->ssrc, &info);
	media_send_rtcp(m, s->peer, data, b.len);
}

/* --- viewers ------------------------------------------------------------------------------------ */

void media_viewer_open(struct media *m, struct media_viewer *v, struct media_peer *p, struct media_source *s)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_ADD};
	struct sh_consumer_add *a = &c.consumer_add;

	v->peer = p;
	v->source = s;
	v->id = c.id = media_id(m);
	if (!v->ssrc)
		v->ssrc = 0x22000000 + (uint32_t)m->next_id;
	if (!v->pt)
		v->pt = s->kind == SH_KIND_AUDIO ? 100 : 101;
	if (!v->mid)
		v->mid = "7";
	if (!v->wishes.priority)
		v->wishes = SH_WISHES_NONE;
	v->ext_id[SH_EXT_MID] = 1;
	v->ext_id[SH_EXT_ABS_SEND_TIME] = 4;
	a->transport = p->transport;
	a->producer = s->id;
	a->wishes = v->wishes;
	a->ssrc = v->ssrc;
	a->rtx_ssrc = v->rtx_ssrc;
	a->flags = v->flags;
	a->pt = v->pt;
	a->rtx_pt = v->rtx_pt;
	a->mid_len = (uint8_t)strlen(v->mid);
	memcpy(a->ext_id, v->ext_id, sizeof(a->ext_id));
	memcpy(a->mid, v->mid, a->mid_len);
	media_do(m, &c);
}

void media_viewer_pause(struct media *m, const struct media_viewer *v, bool paused)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_SET, .id = v->id, .consumer_set.wishes = SH_WISHES_NONE};

	c.consumer_set.paused = paused;
	media_do(m, &c);
}

void media_viewer_nack(struct media *m, const struct media_viewer *v, const uint16_t *seqs, unsigned n)
{
	uint8_t data[MEDIA_ROOM - 100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_rtcp_put_rr(&b, 1, NULL, 0);
	if (!dp_rtcp_put_nack(&b, 1, v->ssrc, seqs, n))
		stage_die("a NACK for %u is too long", n);
	media_send_rtcp(m, v->peer, data, b.len);
}

void media_viewer_pli(struct media *m, const struct media_viewer *v)
{
	uint8_t data[100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_rtcp_put_pli(&b, 1, v->ssrc);
	media_send_rtcp(m, v->peer, data, b.len);
}

/* MID and abs-send-time, which the viewer's consumer has, and nothing else. */
static bool extensions_right(const struct media_viewer *v, const struct media_packet *p)
{
	unsigned elements = 0;
	struct dp_rtp_ext e;
	size_t pos = 0;
	bool right = true;

	while (dp_rtp_ext_next(&p->rtp, p->data, &pos, &e)) {
		elements++;
		if (e.id == 1)
			right &= e.len == strlen(v->mid) && memcmp(e.data, v->mid, e.len) == 0;
		else
			right &= e.id == 4 && e.len == 3;
	}
	return right && elements == 2;
}

bool media_is(struct media_viewer *v, const struct media_packet *p, uint32_t n, bool key)
{
	const struct media_source *s = v->source;
	uint8_t content[MEDIA_ROOM];
	size_t len = payload_len(s, n);

	if (p->error != srtp_err_status_ok)
		return false;
	if (!v->known)
		v->timestamp_offset = p->rtp.timestamp - media_timestamp(s, n);
	fill(s, n, key, content, len);
	return p->rtp.ssrc == v->ssrc && p->rtp.pt == v->pt && p->rtp.marker == marker(s, n) &&
	       p->rtp.timestamp == media_timestamp(s, n) + v->timestamp_offset && p->rtp.payload_len == len &&
	       memcmp(p->data + p->rtp.hdr_len, content, len) == 0 && extensions_right(v, p);
}

/* The viewer's first packet: where its numbers begin. */
static void meet(struct media_viewer *v, const struct media_packet *p)
{
	if (v->known)
		return;
	v->known = true;
	v->seq = p->rtp.seq;
	STAGE_CHECK(v->seq >= 1000 && v->seq <= 32767);
}

static void say(const struct media_packet *p, uint32_t n, const struct media_viewer *v)
{
	printf("number %u: error %d, %zu bytes, pt %u, seq %u (not %u), timestamp %u, ssrc %#x\n", n,
		(int)p->error, p->len, p->rtp.pt, p->rtp.seq, v->seq, p->rtp.timestamp - v->timestamp_offset,
		p->rtp.ssrc);
}

bool media_viewer_got(struct media *m, struct media_viewer *v, uint32_t from, uint32_t to, bool key)
{
	struct media_list *l = &v->peer->rtp;
	bool right = true;

	media_wait(m, l, to - from);
	if (l->count != to - from) {
		printf("%u packets came, not %u\n", l->count, to - from);
		right = false;
	}
	for (unsigned i = 0; right && i < l->count; i++) {
		uint32_t n = from + i;

		right = media_is(v, &l->at[i], n, key && i == 0);
		if (right)
			meet(v, &l->at[i]);
		right &= l->at[i].rtp.seq == v->seq;
		if (!right)
			say(&l->at[i], n, v);
		v->seq++;
	}
	media_clear(l);
	return right;
}

bool media_nothing(struct media *m, const struct media_peer *p)
{
	media_settle(m);
	return p->rtp.count == 0;
}
