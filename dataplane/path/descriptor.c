/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/descriptor.h"

#include "dataplane/codec/dependency.h"
#include "dataplane/layers/epochs.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"

uint16_t dp_put_descriptor(const struct dp_stream *s, uint64_t position, const struct dp_consumer *c,
	const struct dp_epoch *e, uint8_t *header, size_t hdr_len)
{
	const struct dp_ring_entry *entry = &s->ring[position & s->mask];
	const struct dp_frame_info *f = &s->layering->frame[position & s->mask];
	struct dp_descriptor_change change = {.frame_number = (uint16_t)(f->frame_number + e->picture)};
	uint8_t descriptor[DP_DESCRIPTOR_MAX];
	size_t len;

	if (!c->egress.descriptor_id || !f->dd_len || !dp_has_frame_number(f))
		return (uint16_t)hdr_len;
	/* One packet of each frame tells the active targets, so that a viewer learns of a change at once. */
	if (f->active && f->flags & DP_FRAME_START && s->layering->points > 1 &&
		!dp_layering_active(s->layering, f, e->point, &change.targets, &change.active))
		return 0;
	len = dp_descriptor_rewrite(descriptor, entry->payload - f->dd_back, f->dd_len, &change);
	if (!len) { /* with the mask it would be longer than an element can be */
		change.targets = 0;
		len = dp_descriptor_rewrite(descriptor, entry->payload - f->dd_back, f->dd_len, &change);
	}
	return (uint16_t)dp_egress_add_element(header, &c->egress, &entry->info, c->egress.descriptor_id,
		descriptor, len);
}

uint16_t dp_copy_descriptor(const struct dp_stream *s, uint64_t position, const struct dp_consumer *c,
	uint8_t *header, size_t hdr_len)
{
	const struct dp_ring_entry *entry = &s->ring[position & s->mask];
	const struct dp_frame_info *f = &s->layering->frame[position & s->mask];

	if (!c->egress.descriptor_id || !f->dd_len)
		return (uint16_t)hdr_len;
	return (uint16_t)dp_egress_add_element(header, &c->egress, &entry->info, c->egress.descriptor_id,
		entry->payload - f->dd_back, f->dd_len);
}
