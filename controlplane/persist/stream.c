/* SPDX-License-Identifier: Apache-2.0 */

/* The blobs of producers and consumers. */

#include <string.h>

#include "controlplane/persist/blob.h"

/* A text that is not terminated, with its length apart. */
static void counted_text(struct cp_fields *f, uint8_t *len, char *text, uint8_t size)
{
	cp_field_range(f, len, 0, size);
	if (!f->failed)
		cp_field_bytes(f, text, *len);
}

static void payload_type(struct cp_fields *f, uint8_t *pt)
{
	cp_field_range(f, pt, 0, 127);
}

/* One encoding as it is signalled. */
static void encoding_fields(struct cp_fields *f, struct sh_producer_add *e)
{
	CP_FIELD_NUMBER(f, e->ssrc);
	CP_FIELD_NUMBER(f, e->rtx_ssrc);
	CP_FIELD_NUMBER(f, e->clock_rate);
	CP_FIELD_NUMBER(f, e->flags);
	payload_type(f, &e->pt);
	payload_type(f, &e->rtx_pt);
	cp_field_bytes(f, e->ext_id, sizeof(e->ext_id));
	cp_field_range(f, &e->spatial_layers, 1, SH_MAX_LAYERS);
	cp_field_range(f, &e->temporal_layers, 1, SH_MAX_LAYERS);
	cp_field_range(f, &e->svc, SH_SVC_NONE, SH_SVC_KEY);
	counted_text(f, &e->mid_len, e->mid, sizeof(e->mid));
	counted_text(f, &e->rid_len, e->rid, sizeof(e->rid));
}

static void consumable_fields(struct cp_fields *f, struct cp_consumable *c)
{
	uint8_t kind = (uint8_t)c->kind, codec = (uint8_t)c->codec, type = (uint8_t)c->type;

	cp_field_range(f, &kind, SH_KIND_AUDIO, SH_KIND_VIDEO);
	cp_field_range(f, &codec, SH_CODEC_OPUS, SH_CODEC_AV1);
	cp_field_range(f, &type, CP_STREAM_SIMPLE, CP_STREAM_SVC);
	if (f->failed)
		return;
	c->kind = (enum sh_kind)kind;
	c->codec = (enum sh_codec)codec;
	c->type = (enum cp_stream_type)type;
	cp_field_range(f, &c->encodings, 1, SH_MAX_ENCODINGS);
	cp_field_range(f, &c->spatial_layers, 1, SH_MAX_LAYERS);
	cp_field_range(f, &c->temporal_layers, 1, SH_MAX_LAYERS);
	payload_type(f, &c->router.pt);
	payload_type(f, &c->router.rtx_pt);
	CP_FIELD_SOME_TEXT(f, c->fmtp, CP_FIELD_JSON);
	CP_FIELD_TEXT(f, c->scalability, CP_FIELD_TOKEN);
}

/* What the encodings of a producer have in common, and their places, follow from the rest. */
static void complete(struct cp_saved_producer *p)
{
	p->signalled.count = p->consumable.encodings;
	for (uint8_t i = 0; i < p->consumable.encodings; i++) {
		struct sh_producer_add *e = &p->signalled.encoding[i];

		e->kind = (uint8_t)p->consumable.kind;
		e->codec = (uint8_t)p->consumable.codec;
		e->encoding = i;
		e->encodings = p->consumable.encodings;
	}
}

static void producer_fields(struct cp_fields *f, void *producer)
{
	struct cp_saved_producer *p = producer;

	CP_FIELD_SOME_TEXT(f, p->id, CP_FIELD_ID);
	CP_FIELD_NUMBER(f, p->transport);
	consumable_fields(f, &p->consumable);
	for (uint8_t i = 0; !f->failed && i < p->consumable.encodings; i++) {
		encoding_fields(f, &p->signalled.encoding[i]);
		CP_FIELD_NUMBER(f, p->encoding[i]);
		if (!f->failed && p->encoding[i] == 0)
			cp_field_fail(f);
	}
	if (!f->failed)
		complete(p);
}

static void consumer_fields(struct cp_fields *f, void *consumer)
{
	struct cp_saved_consumer *c = consumer;
	uint8_t feedback = (uint8_t)c->common.feedback;

	CP_FIELD_SOME_TEXT(f, c->id, CP_FIELD_ID);
	CP_FIELD_NUMBER(f, c->transport);
	CP_FIELD_NUMBER(f, c->producer);
	CP_FIELD_NUMBER(f, c->ssrc);
	CP_FIELD_NUMBER(f, c->rtx_ssrc);
	cp_field_bool(f, &c->negotiated);
	if (f->failed || c->negotiated)
		return;
	CP_FIELD_SOME_TEXT(f, c->mid, CP_FIELD_TOKEN);
	cp_field_bool(f, &c->common.rtx);
	CP_FIELD_NUMBER(f, feedback);
	c->common.feedback = feedback;
	for (unsigned i = 0; i < SH_EXT_COUNT; i++)
		cp_field_bool(f, &c->common.ext[i]);
}

size_t cp_saved_producer_write(const struct cp_saved_producer *p, uint8_t out[SH_BLOB_MAX])
{
	struct cp_saved_producer copy = *p;

	return cp_blob_write(SH_OBJECT_PRODUCER, producer_fields, &copy, out);
}

int cp_saved_producer_read(struct cp_saved_producer *out, uint16_t version, const uint8_t *blob, size_t len)
{
	memset(out, 0, sizeof(*out));
	return cp_blob_read(SH_OBJECT_PRODUCER, producer_fields, out, version, blob, len);
}

size_t cp_saved_consumer_write(const struct cp_saved_consumer *c, uint8_t out[SH_BLOB_MAX])
{
	struct cp_saved_consumer copy = *c;

	return cp_blob_write(SH_OBJECT_CONSUMER, consumer_fields, &copy, out);
}

int cp_saved_consumer_read(struct cp_saved_consumer *out, uint16_t version, const uint8_t *blob, size_t len)
{
	memset(out, 0, sizeof(*out));
	return cp_blob_read(SH_OBJECT_CONSUMER, consumer_fields, out, version, blob, len);
}
