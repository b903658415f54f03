/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_CODEC_H
#define SPATE_DATAPLANE_CODEC_CODEC_H

/*
 * Reads each received packet of a stream once, whatever its codec, for all viewers: which frame it
 * belongs to, whether a decoder can start there, and which layers the stream has. Pure C, no
 * allocation. The work is bounded by the length of the packet.
 */

#include "dataplane/codec/dependency.h"
#include "dataplane/codec/frame.h"
#include "dataplane/codec/keyframe.h"

/* State of one stream. */
struct dp_codec {
	enum sh_codec codec;
	struct dp_dependencies *dependencies; /* NULL: the producer sends no dependency descriptor */
	struct dp_keyframes starts;
	struct dp_layers layers;
	bool started, key; /* there was a packet, a key frame: the next two are set */
	uint32_t timestamp; /* of the newest packet */
	uint32_t key_timestamp; /* of the newest key frame */
	uint32_t prefix_timestamp; /* of the newest prefix NAL unit (H264) */
	uint8_t prefix_temporal; /* its temporal id */
	bool prefix; /* there was one */
};

struct dp_codec_packet {
	uint64_t seq; /* extended */
	uint32_t timestamp;
	bool marker;
	uint16_t payload_len;
	uint8_t descriptor_len; /* 0: it has no dependency descriptor */
	const uint8_t *payload;
	const uint8_t *descriptor; /* in the header before `payload` */
};

/* `dependencies` is the caller's, and remains so; NULL if no dependency descriptor is negotiated. */
void dp_codec_init(struct dp_codec *c, enum sh_codec codec, struct dp_dependencies *dependencies);

/*
 * Fills in `out`. Returns 0; EINVAL: the payload's descriptor, or the dependency descriptor, is
 * malformed; ENOENT: the structure that the dependency descriptor refers to is missing. After an
 * error `out` tells what is known without the descriptor, and names no layers.
 */
int dp_codec_packet(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out);

#endif
