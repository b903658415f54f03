/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/codec.h"

#include <errno.h>

#include "dataplane/codec/av1.h"
#include "dataplane/codec/h264.h"
#include "dataplane/codec/vp8.h"
#include "dataplane/codec/vp9.h"

enum { KEY_START = DP_FRAME_KEY | DP_FRAME_START };

void dp_codec_init(struct dp_codec *c, enum sh_codec codec, struct dp_dependencies *dependencies)
{
	*c = (struct dp_codec){.codec = codec, .dependencies = dependencies};
}

static int parse_vp8(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out)
{
	int error = dp_vp8_parse(out, p->payload, p->payload_len);

	if (!error && out->flags & DP_FRAME_KEY)
		dp_vp8_size(&c->layers.size[0], p->payload, p->payload_len);
	return error;
}

/* Only the packet with a slice's first part has the prefix: it is valid for all of its frame. */
static void take_prefix(struct dp_codec *c, const struct dp_codec_packet *p, const struct dp_h264 *h,
	struct dp_frame_info *out)
{
	if (h->units & DP_H264_PREFIX) {
		c->prefix = true;
		c->prefix_timestamp = p->timestamp;
		c->prefix_temporal = h->temporal;
	}
	if (c->prefix && p->timestamp == c->prefix_timestamp) {
		out->flags |= DP_FRAME_LAYERS;
		out->temporal = c->prefix_temporal & 0xf;
	}
}

static int parse_h264(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out,
	unsigned *units)
{
	struct dp_h264 h;

	*out = (struct dp_frame_info){0};
	dp_h264_parse(&h, p->payload, p->payload_len);
	*units = h.units;
	if (h.size.width)
		c->layers.size[0] = h.size;
	if (h.units & (DP_H264_SPS | DP_H264_IDR))
		out->flags |= DP_FRAME_KEY;
	if ((h.units & (DP_H264_SLICE | DP_H264_REFERENCE)) == DP_H264_SLICE)
		out->flags |= DP_FRAME_DISCARDABLE;
	take_prefix(c, p, &h, out);
	return h.units & DP_H264_MALFORMED ? EINVAL : 0;
}

/* `units`: enum dp_h264_units of H264. */
static int parse_payload(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out,
	unsigned *units)
{
	switch (c->codec) {
	case SH_CODEC_VP8:
		return parse_vp8(c, p, out);
	case SH_CODEC_VP9:
		return dp_vp9_parse(out, &c->layers, p->payload, p->payload_len);
	case SH_CODEC_H264:
		return parse_h264(c, p, out, units);
	case SH_CODEC_AV1:
		return dp_av1_parse(out, p->payload, p->payload_len);
	case SH_CODEC_OPUS:
		*out = (struct dp_frame_info){.flags = KEY_START | DP_FRAME_END};
		return 0;
	}
	*out = (struct dp_frame_info){0};
	return EINVAL;
}

static void take_structure(struct dp_layers *layers, const struct dp_structure *s)
{
	layers->spatial = s->spatial;
	layers->temporal = 0;
	for (unsigned i = 0; i < s->targets; i++)
		if (s->target[i].temporal >= layers->temporal)
			layers->temporal = (uint8_t)(s->target[i].temporal + 1);
	for (unsigned i = 0; i < s->spatial; i++)
		if (s->size[i].width) /* otherwise the payload may have told it */
			layers->size[i] = s->size[i];
}

/* The payload of VP8 and VP9 names the layers itself, and receivers go by that. */
static int parse_descriptor(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out)
{
	struct dp_frame_info told;
	uint16_t picture_id = out->picture_id;
	int error;

	if (!p->descriptor_len)
		return 0;
	out->dd_back = (uint16_t)(p->payload - p->descriptor);
	out->dd_len = p->descriptor_len;
	if (!c->dependencies || out->flags & (DP_FRAME_LAYERS | DP_FRAME_TL0PICIDX | DP_FRAME_KEYIDX))
		return 0;
	error = dp_dependencies_parse(c->dependencies, &told, p->descriptor, p->descriptor_len);
	if (error)
		return error;
	told.flags |= out->flags;
	told.picture_id = picture_id;
	told.dd_back = out->dd_back;
	told.dd_len = out->dd_len;
	*out = told;
	if (told.flags & DP_FRAME_STRUCTURE)
		take_structure(&c->layers, &c->dependencies->structure);
	return 0;
}

/* Completes the frame's bounds where no descriptor tells them: a frame has one timestamp. */
static void find_bounds(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out)
{
	bool is_newer = !c->started || (int32_t)(p->timestamp - c->timestamp) > 0;
	bool is_told = out->flags & DP_FRAME_DEPENDENCIES || c->codec == SH_CODEC_VP9;

	if (is_newer) {
		c->started = true;
		c->timestamp = p->timestamp;
	}
	if (is_told || c->codec == SH_CODEC_OPUS)
		return;
	if (is_newer && c->codec != SH_CODEC_VP8)
		out->flags |= DP_FRAME_START;
	if (p->marker)
		out->flags |= DP_FRAME_END;
}

/* All packets of a key picture are marked, although only the first one's payload tells it. */
static void mark_key(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out)
{
	if (out->flags & DP_FRAME_KEY) {
		c->key = true;
		c->key_timestamp = p->timestamp;
	} else if (c->key && p->timestamp == c->key_timestamp) {
		out->flags |= DP_FRAME_KEY;
	}
}

static void count_layers(struct dp_layers *layers, const struct dp_frame_info *f)
{
	if (f->spatial >= layers->spatial)
		layers->spatial = (uint8_t)(f->spatial + 1);
	if (f->temporal >= layers->temporal)
		layers->temporal = (uint8_t)(f->temporal + 1);
}

int dp_codec_packet(struct dp_codec *c, const struct dp_codec_packet *p, struct dp_frame_info *out)
{
	unsigned units = 0;
	int error = parse_payload(c, p, out, &units), missing = parse_descriptor(c, p, out);

	if (dp_keyframe_note(&c->starts, c->codec, p->seq, p->timestamp,
		    (out->flags & KEY_START) == KEY_START, units))
		out->flags |= DP_FRAME_BEGINS;
	if (p->payload_len == 0 && c->codec != SH_CODEC_OPUS) { /* padding, which belongs to no frame */
		*out = (struct dp_frame_info){0};
		return 0;
	}
	find_bounds(c, p, out);
	mark_key(c, p, out);
	count_layers(&c->layers, out);
	return error ? error : missing;
}
