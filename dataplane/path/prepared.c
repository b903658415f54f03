/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/prepared.h"

#include <string.h>

_Static_assert((int)DP_VP8_PATCH == (int)DP_SRTP_PATCH_MAX, "a job has room for all fields");
_Static_assert(sizeof(struct dp_prepared_point) == 8, "8 points share a cache line");

uint16_t dp_normalize(uint8_t *dst, size_t cap, const struct dp_ring_entry *entry,
	const struct dp_frame_ids *ids)
{
	uint8_t descriptor[DP_PATCH_MAX];
	size_t replaced, n = dp_vp8_rewrite(descriptor, entry->payload, ids, &replaced);
	size_t rest = entry->info.payload_len - replaced;

	if (n + rest > cap)
		return 0;
	memcpy(dst, descriptor, n);
	memcpy(dst + n, entry->payload + replaced, rest);
	return (uint16_t)(n + rest);
}

void dp_prepare(struct dp_worker *w, struct dp_prepared *p, const struct dp_stream *s, uint64_t position,
	struct dp_outgoing *o)
{
	static const struct dp_frame_ids patched_later;

	const struct dp_ring_entry *entry = &s->ring[position & s->mask];
	const struct dp_frame_info *f = &s->layering->frame[position & s->mask];

	if (p->copied)
		dp_outgoing_flush(w, o);
	memset(p->point, DP_NUMBER_NONE, sizeof(p->point));
	p->stream = s->id;
	p->position = position;
	p->payload = entry->payload;
	p->len = entry->info.payload_len;
	p->copied = dp_numbered(s, f);
	p->all_fields = (f->flags & DP_NUMBERED) == DP_NUMBERED;
	p->described = dp_has_frame_number(f);
	p->tl0picidx = f->tl0picidx;
	p->keyidx = f->keyidx;
	if (p->copied) {
		p->len = dp_normalize(p->data, sizeof(p->data), entry, &patched_later);
		p->last = p->data[DP_PATCH_MAX - 1];
		p->payload = p->data;
	}
}

void dp_prepare_point(struct dp_prepared *p, const struct dp_stream *s, unsigned point)
{
	const struct dp_ring_entry *entry = &s->ring[p->position & s->mask];
	const struct dp_frame_info *f = &s->layering->frame[p->position & s->mask];
	struct dp_prepared_point *x = &p->point[point];
	struct dp_number n;

	if (entry->restart || !p->len || (p->copied && !p->all_fields) ||
		!dp_layering_number(s, point, entry, &n) || n.state == DP_NUMBER_PADDING)
		return;
	x->out = n.out;
	x->picture = dp_picture_of(f, &n);
	x->state = n.state;
	x->marker = n.state == DP_NUMBER_PASSES_END ? 0x80 : 0;
}

void dp_patch(struct dp_srtp_job *job, const struct dp_prepared *p, const struct dp_ring_entry *entry,
	const struct dp_frame_ids *ids)
{
	uint8_t descriptor[DP_PATCH_MAX];
	size_t replaced, n;

	job->patch_at = DP_PATCH_MAX - DP_SRTP_PATCH_MAX; /* the bytes before are the same for all */
	if (likely(p->all_fields)) {
		job->patch_len = DP_VP8_PATCH;
		dp_vp8_patch(job->patch, p->last, ids);
		return;
	}
	n = dp_vp8_rewrite(descriptor, entry->payload, ids, &replaced);
	job->patch_len = (uint8_t)(n > job->patch_at ? n - job->patch_at : 0);
	memcpy(job->patch, descriptor + job->patch_at, job->patch_len);
}
