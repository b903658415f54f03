/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_POINT_H
#define SPATE_DATAPLANE_CODEC_POINT_H

/*
 * An operating point: which packets of one stream pass to the viewers that watch certain layers of
 * it, and where a viewer may change from one point to another so that its decoder does not notice.
 * Both questions are answered from the packet alone, so that the answer is the same in a
 * retransmission.
 */

#include "dataplane/codec/frame.h"

enum dp_point_rule {
	DP_POINT_ALL, /* every packet passes: a stream without layers */
	DP_POINT_TEMPORAL, /* temporal layers in one spatial layer: VP8, H264 */
	DP_POINT_SVC, /* VP9: a spatial layer depends on those below it in every picture (L3T3) */
	DP_POINT_KEY_SVC, /* VP9: it does so in key pictures only (L3T3_KEY) */
	DP_POINT_TARGET, /* a decode target of the dependency descriptor */
};

struct dp_point {
	uint8_t rule; /* enum dp_point_rule; the same at all points of a stream */
	uint8_t spatial, temporal; /* the highest layers that pass */
	uint8_t target; /* DP_POINT_TARGET: the decode target, whose layers the two are */
};

enum dp_verdict {
	DP_POINT_DROP,
	DP_POINT_PASS, /* with the marker bit that it has */
	DP_POINT_PASS_END, /* with the marker bit set: the last packet of its picture at this point */
};

/*
 * What happens to a packet at a point. A packet that does not name its layers passes: it is older
 * than the stream's structure, or a producer has stopped to send descriptors.
 */
enum dp_verdict dp_point_packet(const struct dp_point *p, const struct dp_frame_info *f);

/*
 * Whether a viewer that has had every packet of `from` since frame number `since` may be at `to`
 * from this packet on; the packet itself is then the first one of `to`. Both points are of one
 * stream; between streams a viewer changes at DP_FRAME_BEGINS. `since` is used with DP_POINT_TARGET
 * only; when frame numbers have wrapped to it, some frames are refused that would do. VP8 rises by
 * one temporal layer at a time, because DP_FRAME_SWITCH says nothing about the layers between.
 */
bool dp_point_may_change(const struct dp_point *from, const struct dp_point *to,
	const struct dp_frame_info *f, uint16_t since);

/*
 * Whether a viewer gets from one point of a stream to the other only at a key picture, so that one
 * has to be requested. With dependency descriptors this is not known beforehand, and is true for
 * each change of the spatial layer.
 */
bool dp_point_needs_key(const struct dp_point *from, const struct dp_point *to);

#endif
