/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sends the host's audio and video: packets with correct headers and an empty payload. The clock
 * determines how many are due, so that a busy loop sends late, but never fewer.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tools/loadgen/loadgen.h"
#include "tools/loadgen/srtp.h"
#include <openssl/crypto.h>

#include "shared/bytes.h"

enum {
	AUDIO_SSRC = 0x10ad0001,
	VIDEO_SSRC = 0x10ad0002,
	AUDIO_PT = 111,
	VIDEO_PT = 96,
	AUDIO_BYTES = 100,
	VIDEO_BYTES = 1100,
	RTP_HEADER = 12,
	PACKET_ROOM = RTP_HEADER + VIDEO_BYTES + SRTP_MAX_TRAILER_LEN,
	SEND_MS = 5, /* interval of the timer that sends due packets */
};

struct lg_host {
	struct lg_rtc *rtc;
	const struct lg_options *options;
	srtp_t srtp;
	uv_timer_t timer;
	uint64_t start_ns;
	bool stopped;
	uint64_t audio_packets, video_packets, frames, unsent;
};

/* --- parameters for `produce` ----------------------------------------------------------------------- */

cJSON *lg_host_parameters(bool video)
{
	static const char audio_text[] =
		"{\"mid\":\"0\",\"codecs\":[{\"mimeType\":\"audio/"
		"opus\",\"payloadType\":111,\"clockRate\":48000,"
		"\"channels\":2,\"parameters\":{\"minptime\":10,\"useinbandfec\":1},\"rtcpFeedback\":[]}],"
		"\"headerExtensions\":[],\"encodings\":[{\"ssrc\":279773185}],"
		"\"rtcp\":{\"cname\":\"loadgen\",\"reducedSize\":true}}";
	static const char video_text[] =
		"{\"mid\":\"1\",\"codecs\":[{\"mimeType\":\"video/"
		"VP8\",\"payloadType\":96,\"clockRate\":90000,"
		"\"parameters\":{},\"rtcpFeedback\":[{\"type\":\"nack\",\"parameter\":\"pli\"}]}],"
		"\"headerExtensions\":[],\"encodings\":[{\"ssrc\":279773186}],"
		"\"rtcp\":{\"cname\":\"loadgen\",\"reducedSize\":true}}";

	static_assert(AUDIO_SSRC == 279773185 && VIDEO_SSRC == 279773186, "as in the texts");
	static_assert(AUDIO_PT == 111 && VIDEO_PT == 96, "as in the texts");
	return cJSON_Parse(video ? video_text : audio_text);
}

/* --- packets ------------------------------------------------------------------------------------ */

/* RFC 3550, 5.1. */
static void write_header(uint8_t *p, unsigned pt, bool marker, uint64_t sequence, uint64_t timestamp,
	uint32_t ssrc)
{
	p[0] = 0x80;
	p[1] = (uint8_t)(pt | (marker ? 0x80 : 0));
	p[2] = (uint8_t)(sequence >> 8);
	p[3] = (uint8_t)sequence;
	sh_put_be32(p + 4, (uint32_t)timestamp);
	sh_put_be32(p + 8, ssrc);
}

static void send_packet(struct lg_host *h, uint8_t *data, int len)
{
	if (srtp_protect(h->srtp, data, &len) != srtp_err_status_ok ||
		send(h->rtc->peer.fd, data, (size_t)len, 0) < 0)
		h->unsent++; /* it counts as lost as well */
}

static void send_audio(struct lg_host *h)
{
	uint8_t data[PACKET_ROOM] = {0};

	write_header(data, AUDIO_PT, false, h->audio_packets, h->audio_packets * 48 * h->options->audio_ms,
		AUDIO_SSRC);
	h->audio_packets++;
	send_packet(h, data, RTP_HEADER + AUDIO_BYTES);
}

/* RFC 7741, 4.2 and 4.3: S begins a partition; P is 0 in a key frame. */
static void send_frame(struct lg_host *h)
{
	unsigned packets = h->options->frame_packets;
	uint64_t per_key = (uint64_t)h->options->fps * h->options->keyframe_ms / 1000;
	bool key = per_key == 0 || h->frames % per_key == 0;

	for (unsigned i = 0; i < packets; i++) {
		uint8_t data[PACKET_ROOM] = {0};

		write_header(data, VIDEO_PT, i + 1 == packets, h->video_packets,
			h->frames * 90000 / h->options->fps, VIDEO_SSRC);
		data[RTP_HEADER] = i == 0 ? 0x10 : 0;
		data[RTP_HEADER + 1] = i == 0 && key ? 0 : 1;
		h->video_packets++;
		send_packet(h, data, RTP_HEADER + VIDEO_BYTES);
	}
	h->frames++;
}

void lg_host_send_due(struct lg_host *h)
{
	uint64_t ms;

	if (!h || h->stopped)
		return;
	ms = (uv_hrtime() - h->start_ns) / 1000000;
	while (h->audio_packets * h->options->audio_ms <= ms)
		send_audio(h);
	while (h->options->fps > 0 && h->frames * 1000 <= ms * h->options->fps)
		send_frame(h);
}

static void on_timer(uv_timer_t *timer)
{
	lg_host_send_due(timer->data);
}

/* --- life --------------------------------------------------------------------------------------- */

struct lg_host *lg_host_start(struct lg_member *m)
{
	struct lg_host *h = calloc(1, sizeof(*h));
	struct sh_transport_keys keys;

	if (!h || rtc_peer_keys(&m->rtc->peer, &keys) < 0 || lg_srtp_open(&h->srtp, &keys) < 0) {
		free(h);
		return NULL;
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	h->rtc = m->rtc;
	h->options = &m->run->options;
	h->start_ns = uv_hrtime();
	uv_timer_init(&m->run->loop, &h->timer);
	h->timer.data = h;
	uv_timer_start(&h->timer, on_timer, 0, SEND_MS);
	return h;
}

void lg_host_stop(struct lg_host *h)
{
	h->stopped = true;
	uv_timer_stop(&h->timer);
}

uint64_t lg_host_sent(const struct lg_host *h, bool video)
{
	return video ? h->video_packets : h->audio_packets;
}

uint64_t lg_host_unsent(const struct lg_host *h)
{
	return h ? h->unsent : 0;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

void lg_host_free(struct lg_host *h)
{
	srtp_dealloc(h->srtp);
	uv_close((uv_handle_t *)&h->timer, free_handle);
}
