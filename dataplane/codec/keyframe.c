/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/keyframe.h"

#include "dataplane/codec/h264.h"
#include "dataplane/codec/keyframe_vp9.h"

static bool vp8_start(const uint8_t *p, size_t len)
{
	size_t at = 1;

	/* S is set and PID is 0: the first partition begins here (RFC 7741, 4.2). */
	if (len < 1 || (p[0] & 0x17) != 0x10)
		return false;
	if (p[0] & 0x80) { /* X */
		if (len < 2)
			return false;
		uint8_t x = p[1];
		at = 2;
		if (x & 0x80) { /* I: a picture id of 7 or 15 bits */
			if (len <= at)
				return false;
			at += p[at] & 0x80 ? 2 : 1;
		}
		at += (x & 0x40) != 0; /* L: TL0PICIDX */
		at += (x & 0x30) != 0; /* T or K: one byte for both */
	}
	return at < len && !(p[at] & 0x01); /* P bit of the frame header (RFC 7741, 4.3) */
}

static bool av1_start(const uint8_t *p, size_t len)
{
	/* N is set if a coded video sequence begins; Z (a continued OBU) must then be clear. */
	return len >= 2 && (p[0] & 0x88) == 0x08;
}

bool dp_keyframe_start(enum sh_codec codec, const uint8_t *payload, size_t len)
{
	switch (codec) {
	case SH_CODEC_OPUS:
		return true;
	case SH_CODEC_VP8:
		return vp8_start(payload, len);
	case SH_CODEC_VP9:
		return dp_keyframe_vp9(payload, len);
	case SH_CODEC_H264:
		return dp_h264_units(payload, len) & (DP_H264_SPS | DP_H264_IDR);
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
static bool h264_begins(struct dp_keyframes *k, bool in_order, const uint8_t *payload, size_t len)
{
	unsigned units = dp_h264_units(payload, len);
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

bool dp_keyframe_begins(struct dp_keyframes *k, enum sh_codec codec, uint64_t seq, uint32_t timestamp,
	const uint8_t *payload, size_t len)
{
	bool in_order, begins, again;

	if (codec == SH_CODEC_OPUS)
		return true;
	in_order = note_order(k, seq, timestamp);
	begins = codec == SH_CODEC_H264 ? h264_begins(k, in_order, payload, len)
					: dp_keyframe_start(codec, payload, len);
	again = timestamp == k->begun_timestamp && (k->within || !in_order);
	if (!begins || (k->begun && (seq <= k->begun_seq || again)))
		return false;
	k->begun = true;
	k->within = timestamp == k->timestamp;
	k->begun_seq = seq;
	k->begun_timestamp = timestamp;
	return true;
}
