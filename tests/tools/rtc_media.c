/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/rtc_media.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/crypto.h>

#include "shared/bytes.h"
#include "tools/loadgen/srtp.h"

enum {
	RTP_HEADER = 12,
	STAMP = 8,
	SOUND_BYTES = 20,
	PICTURE_BYTES = 60, /* of the smallest encoding's packets */
	PACKET_ROOM = 1500,
	/* So that sequence numbers wrap, and with them the ROC changes, soon. */
	FIRST_SEQUENCE = 65000,
	KEY_FRAME_EVERY = 20,
	SOUND_CLOCK = 48000 * RTC_FRAME_MS / 1000,
	PICTURE_CLOCK = 90000 * RTC_FRAME_MS / 1000,
};

/* --- sending -------------------------------------------------------------------------------- */

static bool open_srtp(struct rtc_media *m)
{
	struct sh_transport_keys keys;
	bool opened;

	if (m->out)
		return true;
	opened = rtc_peer_keys(m->peer, &keys) == 0 && lg_srtp_open(&m->out, &keys) == 0 &&
		 lg_srtp_open_inbound(&m->in, &keys) == 0;
	OPENSSL_cleanse(&keys, sizeof(keys));
	return opened;
}

static void send_packet(struct rtc_media *m, struct rtc_source *s, uint8_t *p, size_t payload, bool marker)
{
	int len = (int)(RTP_HEADER + payload + STAMP);

	p[0] = 0x80;
	p[1] = (uint8_t)(s->pt | (marker ? 0x80 : 0));
	sh_put_be16(p + 2, s->sequence++);
	sh_put_be32(p + 4, s->frames * (s->video ? PICTURE_CLOCK : SOUND_CLOCK));
	sh_put_be32(p + 8, s->ssrc);
	sh_put_be32(p + RTP_HEADER + payload, s->ssrc);
	sh_put_be32(p + RTP_HEADER + payload + 4, s->packets++);
	if (srtp_protect(m->out, p, &len) == srtp_err_status_ok)
		(void)!send(m->peer->fd, p, (size_t)len, 0); /* what is not sent is missing */
}

/* A packet of VP8 (RFC 7741, 4.2 and 4.3) with a picture id of 15 bits. */
static void send_picture_packet(struct rtc_media *m, struct rtc_source *s, bool first, bool last)
{
	uint8_t p[PACKET_ROOM] = {0}, *payload = p + RTP_HEADER;
	bool key = s->frames % KEY_FRAME_EVERY == 0;

	payload[0] = first ? 0x90 : 0x80;
	payload[1] = 0x80;
	sh_put_be16(payload + 2, 0x8000 | (s->frames & 0x7fff));
	if (first)
		payload[4] = key ? 0 : 1;
	if (first && key) { /* RFC 6386, 9.1 */
		memcpy(payload + 7, (const uint8_t[]){0x9d, 0x01, 0x2a}, 3);
		payload[10] = (uint8_t)(40 << s->encoding); /* little-endian */
		payload[12] = (uint8_t)(30 << s->encoding);
	}
	send_packet(m, s, p, (size_t)PICTURE_BYTES << s->encoding, last);
}

/* Larger encodings have more packets in a frame. */
static void send_frame(struct rtc_media *m, struct rtc_source *s)
{
	uint8_t p[PACKET_ROOM] = {0};

	if (!s->video)
		send_packet(m, s, p, SOUND_BYTES, false);
	for (unsigned i = 0; s->video && i <= s->encoding; i++)
		send_picture_packet(m, s, i == 0, i == s->encoding);
	s->frames++;
}

bool rtc_media_send_due(struct rtc_media *m, uint64_t now_ms)
{
	if (!m->sends || m->peer->state != RTC_CONNECTED || now_ms < m->next_ms)
		return true;
	m->next_ms = now_ms + RTC_FRAME_MS;
	if (!open_srtp(m)) {
		m->sends = false;
		return false;
	}
	for (unsigned i = 0; i < m->sources; i++)
		send_frame(m, &m->source[i]);
	return true;
}

void rtc_media_add(struct rtc_media *m, uint32_t ssrc, uint8_t pt, bool video, unsigned encoding)
{
	unsigned i = 0;

	m->sends = true;
	while (i < m->sources && m->source[i].ssrc != ssrc)
		i++;
	if (i == m->sources && m->sources < RTC_SOURCES)
		m->source[m->sources++] = (struct rtc_source){.ssrc = ssrc,
			.pt = pt,
			.video = video,
			.encoding = (uint8_t)encoding,
			.sequence = FIRST_SEQUENCE};
}

/* --- receiving ------------------------------------------------------------------------------ */

/* The stream that a packet belongs to; a new one if there is room. NULL: there is none. */
static struct rtc_stream *find(struct rtc_media *m, uint32_t ssrc, uint16_t sequence)
{
	for (unsigned i = 0; i < m->streams; i++)
		if (m->stream[i].ssrc == ssrc)
			return &m->stream[i];
	if (m->streams == RTC_STREAMS)
		return NULL;
	m->stream[m->streams] = (struct rtc_stream){.ssrc = ssrc, .next = sequence};
	return &m->stream[m->streams++];
}

/* Where a decrypted packet's payload begins (RFC 3550, 5.1 and 5.3.1). 0: not within it. */
static size_t payload_at(const uint8_t *p, size_t len)
{
	size_t at = RTP_HEADER + 4 * (size_t)(p[0] & 0x0f);

	if ((p[0] & 0x10) && at + 4 <= len)
		at += 4 + 4 * (size_t)sh_get_be16(p + at + 2);
	return at <= len ? at : 0;
}

/* A padding packet has no stamp, and is no packet of the source's. */
static bool is_padding(const uint8_t *p, size_t len, size_t at)
{
	return (p[0] & 0x20) && at + p[len - 1] == len;
}

static bool begins_key_frame(const uint8_t *payload, size_t len)
{
	return len >= 5 && payload[0] == 0x90 && (payload[4] & 1) == 0;
}

/* Compares the stamp with what comes next. `gap`: sequence numbers are missing before it. */
static void check_stamp(struct rtc_stream *s, const uint8_t *p, size_t len, bool gap)
{
	size_t at = payload_at(p, len);
	uint32_t source, packet;
	bool back;

	if (at == 0 || is_padding(p, len, at))
		return;
	if (len - at < STAMP) {
		s->wrong++;
		return;
	}
	source = sh_get_be32(p + len - STAMP);
	packet = sh_get_be32(p + len - STAMP + 4);
	if (s->source == source) {
		s->jumps += packet != s->next_packet && !gap;
		back = (int32_t)(packet - s->next_packet) < 0; /* a viewer who resumes catches up */
	} else {
		s->switches += s->source != 0;
		back = s->source != 0;
	}
	s->wrong += back && !gap && !begins_key_frame(p + at, len - at);
	s->wrong += s->source && (int32_t)(sh_get_be32(p + 4) - s->timestamp) < 0;
	s->timestamp = sh_get_be32(p + 4);
	s->source = source;
	s->next_packet = packet + 1;
}

static void take(void *arg, const uint8_t *data, size_t len)
{
	struct rtc_media *m = arg;
	uint8_t p[PACKET_ROOM];
	int left = (int)len;
	struct rtc_stream *s;
	int16_t ahead;

	if (len < RTP_HEADER || len > sizeof(p) || (data[1] >= 192 && data[1] <= 223)) /* RFC 5761, 4 */
		return;
	s = find(m, sh_get_be32(data + 8), sh_get_be16(data + 2));
	if (!s)
		return;
	ahead = (int16_t)(sh_get_be16(data + 2) - s->next);
	memcpy(p, data, len);
	if (!open_srtp(m) || ahead < 0 || srtp_unprotect(m->in, p, &left) != srtp_err_status_ok) {
		s->wrong++;
		return;
	}
	s->received++;
	s->missing += (unsigned)ahead;
	s->next = (uint16_t)(sh_get_be16(data + 2) + 1);
	check_stamp(s, p, (size_t)left, ahead > 0);
}

/* --- life ------------------------------------------------------------------------------------ */

void rtc_media_open(struct rtc_media *m, struct rtc_peer *peer)
{
	memset(m, 0, sizeof(*m));
	m->peer = peer;
	peer->media = take;
	peer->media_arg = m;
}

void rtc_media_close(struct rtc_media *m)
{
	if (m->out)
		srtp_dealloc(m->out);
	if (m->in)
		srtp_dealloc(m->in);
}

void rtc_media_print(const struct rtc_media *m)
{
	printf("{\"sent\":[");
	for (unsigned i = 0; i < m->sources; i++)
		printf("%s{\"ssrc\":%u,\"packets\":%u}", i ? "," : "", m->source[i].ssrc,
			m->source[i].packets);
	printf("],\"heard\":[");
	for (unsigned i = 0; i < m->streams; i++) {
		const struct rtc_stream *s = &m->stream[i];

		printf("%s{\"ssrc\":%u,\"source\":%u,\"next\":%u,\"packets\":%u,\"missing\":%u,\"jumps\":%u,"
		       "\"switches\":%u,\"wrong\":%u}",
			i ? "," : "", s->ssrc, s->source, s->next_packet, s->received, s->missing, s->jumps,
			s->switches, s->wrong);
	}
	printf("]}");
}
