/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_TOOLS_RTC_MEDIA_H
#define SPATE_TESTS_TOOLS_RTC_MEDIA_H

/*
 * The packets of one transport of rtc_client. Each packet that is sent ends with a stamp, the SSRC
 * that it was sent with and its place in that stream, so that its receiver knows whether it is the
 * next one, whatever the server has rewritten.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <srtp2/srtp.h>

#include "tools/loadgen/rtc_peer.h"

enum { RTC_SOURCES = 8, RTC_STREAMS = 16, RTC_FRAME_MS = 50 };

/* One stream that is sent: sound, or one encoding of a film. */
struct rtc_source {
	uint32_t ssrc, frames;
	uint32_t packets; /* sent so far */
	uint16_t sequence;
	uint8_t pt, encoding;
	bool video;
};

/* One SSRC that is received. */
struct rtc_stream {
	uint32_t ssrc;
	uint32_t source, next_packet; /* of the stamps: whose packets come, and the next place */
	uint32_t timestamp; /* of the last packet */
	uint16_t next;
	unsigned received, missing; /* by their sequence numbers */
	/* Packets that were not the source's next although no sequence number was missing. */
	unsigned jumps;
	unsigned switches; /* changes to another source */
	/*
	 * Packets that are not authentic, were received before, are late by their sequence number
	 * or their timestamp, or have no stamp; changes to another source, and steps back in the
	 * same one, other than to a key frame.
	 */
	unsigned wrong;
};

struct rtc_media {
	struct rtc_peer *peer;
	srtp_t out, in; /* NULL: not used yet */
	struct rtc_source source[RTC_SOURCES];
	struct rtc_stream stream[RTC_STREAMS];
	unsigned sources, streams;
	bool sends;
	uint64_t next_ms; /* when the next frame is due, CLOCK_MONOTONIC */
};

/* Takes what `peer` receives from now on. */
void rtc_media_open(struct rtc_media *m, struct rtc_peer *peer);
void rtc_media_close(struct rtc_media *m);

/* Adds a source, or starts it again. */
void rtc_media_add(struct rtc_media *m, uint32_t ssrc, uint8_t pt, bool video, unsigned encoding);
/* Sends what is due. False: libsrtp2 does not take the keys. */
bool rtc_media_send_due(struct rtc_media *m, uint64_t now_ms);

/* Prints what was sent and received as JSON, without a newline. */
void rtc_media_print(const struct rtc_media *m);

#endif
