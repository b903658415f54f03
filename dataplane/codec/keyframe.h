/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_KEYFRAME_H
#define SPATE_DATAPLANE_CODEC_KEYFRAME_H

/* Recognises the RTP packets at which a decoder can start. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ids.h"

/*
 * Whether this RTP payload, by itself, can be the first packet of a key frame. VP8: RFC 7741, 4.2
 * and 4.3. VP9: RFC 9628. H264: RFC 6184, IDR or SPS, also in STAP-A and FU-A. AV1: the N bit of
 * the payload's aggregation header. These bits are set in the first packet only, except H264's: an
 * IDR picture can have several slices, and its SPS can be in a packet before. Audio: always true.
 * `payload` has `len` bytes; false if it is malformed.
 */
bool dp_keyframe_start(enum sh_codec codec, const uint8_t *payload, size_t len);

/* State of the search for key frames in one stream. All 0: no packet so far. */
struct dp_keyframes {
	bool known; /* there was a packet: `next` and `timestamp` are set */
	bool begun; /* a key frame has begun: the next two are set */
	uint32_t begun_timestamp; /* the newest key frame: RTP timestamp, and */
	uint64_t begun_seq; /* extended sequence number of its first packet */
	bool within; /* the newest packet belongs to that key frame */
	uint32_t timestamp; /* of the packet with the highest sequence number */
	uint64_t next; /* extended sequence number behind it */
	/* H264 */
	bool whole; /* of the newest frame no packet is missing, and none has a slice */
	bool sets; /* there was an SPS, and no slice since */
};

/*
 * Whether a decoder can start with this packet, because it is the first one of a key frame, and
 * none that the decoder needs is known to be missing before it. Each key frame begins once. A first
 * packet that comes late begins its key frame, unless a newer one has begun. `seq` is extended.
 */
bool dp_keyframe_begins(struct dp_keyframes *k, enum sh_codec codec, uint64_t seq, uint32_t timestamp,
	const uint8_t *payload, size_t len);

/*
 * The same for a packet whose payload has been parsed. `start`: what dp_keyframe_start() returns,
 * for other codecs than H264; `units`: set of enum dp_h264_units, for H264.
 */
bool dp_keyframe_note(struct dp_keyframes *k, enum sh_codec codec, uint64_t seq, uint32_t timestamp,
	bool start, unsigned units);

#endif
