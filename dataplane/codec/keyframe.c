/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/keyframe.h"

#include "dataplane/codec/av1.h"
#include "dataplane/codec/h264.h"
#include "dataplane/codec/vp8.h"
#include "dataplane/codec/vp9.h"

enum { KEY_START = DP_FRAME_KEY | DP_FRAME_START };

static bool vp8_start(const uint8_t *p, size_t len)
{
	struct dp_frame_info f;

	return dp_vp8_parse(&f, p, len) == 0 && (f.flags & KEY_START) == KEY_START;
}

static bool vp9_start(const uint8_t *p, size_t len)
{
	struct dp_layers layers = {0};
	struct dp_frame_info f;

	return dp_vp9_parse(&f, &layers, p, len) == 0 && (f.flags & KEY_START) == KEY_START;
}

static unsigned h264_units(const uint8_t *p, size_t len)
{
	struct dp_h264 h;

	dp_h264_parse(&h, p, len);
	return h.units;
}

static bool av1_start(const uint8_t *p, size_t len)
{
	struct dp_frame_info f;

	return dp_av1_parse(&f, p, len) == 0 && f.flags & DP_FRAME_KEY;
}

bool dp_keyframe_start(enum sh_codec codec, const uint8_t *payload, size_t len)
{
	switch (codec) {
	case SH_CODEC_OPUS:
		return true;
	case SH_CODEC_VP8:
		return vp8_start(payload, len);
	case SH_CODEC_VP9:
		return vp9_start(payload, len);
	case SH_CODEC_H264:
		return h264_units(payload, len) & (DP_H264_SPS | DP_H264_IDR);
	case SH_CODEC_AV1:
		return av1_start(payload, len);
	}
	return false;
}

/*
 * Notes a packet in order, or behind a gap. False: it is late, so what precedes it in its frame is
 * not known.
 */
static bool note_order(struct dp_keyframes *k, uint64_t seq, uint32_t timestamp)
{
	if (k->known && seq < k->next)
		return false;
	if (!k->known || seq > k->next)
		k->whole = false;
	else if (timestamp != k->timestamp)
		k->whole = true;
	k->within &= timestamp == k->timestamp;
	k->known = true;
	k->next = seq + 1;
	k->timestamp = timestamp;
	return true;
}

/*
 * A key frame of H264 begins with its SPS. Without SPS it begins with its first slice, but only if
 * no packet with an SPS can be missing before that. Encoders that give the parameter sets a
 * timestamp of their own begin the key frame with these as well.
 */
static bool h264_begins(struct dp_keyframes *k, bool in_order, unsigned units)
{
	bool begins;

	if (!in_order)
		return units & DP_H264_SPS;
	begins = units & DP_H264_SPS || (units & DP_H264_IDR && k->whole && !k->sets);
	if (units & DP_H264_SLICE)
		k->whole = k->sets = false;
	else if (units & DP_H264_SPS)
		k->sets = true;
	return begins;
}

bool dp_keyframe_note(struct dp_keyframes *k, enum sh_codec codec, uint64_t seq, uint32_t timestamp,
	bool start, unsigned units)
{
	bool in_order, begins, again;

	if (codec == SH_CODEC_OPUS)
		return true;
	in_order = note_order(k, seq, timestamp);
	begins = codec == SH_CODEC_H264 ? h264_begins(k, in_order, units) : start;
	again = timestamp == k->begun_timestamp && (k->within || !in_order);
	if (!begins || (k->begun && (seq <= k->begun_seq || again)))
		return false;
	k->begun = true;
	k->within = timestamp == k->timestamp;
	k->begun_seq = seq;
	k->begun_timestamp = timestamp;
	return true;
}

bool dp_keyframe_begins(struct dp_keyframes *k, enum sh_codec codec, uint64_t seq, uint32_t timestamp,
	const uint8_t *payload, size_t len)
{
	if (codec == SH_CODEC_H264)
		return dp_keyframe_note(k, codec, seq, timestamp, false, h264_units(payload, len));
	return dp_keyframe_note(k, codec, seq, timestamp, dp_keyframe_start(codec, payload, len), 0);
}
