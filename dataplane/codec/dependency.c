/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/dependency.h"

#include <errno.h>
#include <string.h>

#include "dataplane/codec/structure.h"
#include "shared/bytes.h"

enum {
	STARTS = 0x80,
	ENDS = 0x40,
	TEMPLATE = 0x3f,
	SINCE_MAX = 1 << 14, /* far from where 16 bits wrap: a structure can be in use for hours */
};

/* One descriptor, read so far. */
struct reading {
	struct dp_bits bits; /* behind the mandatory fields */
	unsigned parts; /* enum dp_descriptor_parts */
	const struct dp_structure *structure; /* the one that it refers to */
	struct dp_template frame; /* its template, with what the descriptor has in place of that */
	uint32_t active, reachable; /* as in struct dp_dependencies and struct dp_frame_info */
	uint16_t frame_number, oldest;
};

static uint32_t all_targets(const struct dp_structure *s)
{
	return UINT32_MAX >> (DP_TARGETS_MAX - s->targets);
}

/* Whether frame number `a` comes after `b`. */
static bool is_newer(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b) > 0;
}

/* Notes that the frame refers to the one `distance` frame numbers before it. */
static void refer(const struct dp_dependencies *d, struct reading *r, uint32_t distance)
{
	uint16_t number = (uint16_t)(r->frame_number - distance);
	unsigned at = number % DP_HISTORY;

	if (distance > r->oldest)
		r->oldest = (uint16_t)distance;
	if (distance < DP_HISTORY && d->history[at].frame_number == number)
		r->reachable &= d->history[at].targets;
	else
		r->reachable = 0; /* too old, or not received so far */
}

/* frame_fdiffs() */
static void read_references(const struct dp_dependencies *d, struct reading *r)
{
	for (unsigned size = dp_bits_get(&r->bits, 2); size > 0; size = dp_bits_get(&r->bits, 2))
		refer(d, r, dp_bits_get(&r->bits, 4 * size) + 1);
}

static void take_references(const struct dp_dependencies *d, struct reading *r)
{
	for (unsigned i = 0; r->frame.references >> i; i++)
		if (r->frame.references >> i & 1)
			refer(d, r, i + 1);
}

/* frame_dependency_definition() */
static int read_frame(const struct dp_dependencies *d, struct reading *r, unsigned template_id)
{
	const struct dp_structure *s = r->structure;
	unsigned at = (template_id - s->first) & TEMPLATE;

	if (at >= s->templates)
		return r->parts & DP_PART_STRUCTURE ? EINVAL : ENOENT;
	r->frame = s->template[at];
	if (r->parts & DP_PART_TARGETS)
		dp_indications_read(&r->frame, &r->bits, s->targets);
	r->reachable = all_targets(s);
	if (r->parts & DP_PART_REFERENCES)
		read_references(d, r);
	else
		take_references(d, r);
	for (unsigned i = 0; r->parts & DP_PART_CHAINS && i < s->chains; i++)
		dp_bits_get(&r->bits, 8); /* frame_chain_fdiff */
	return r->bits.failed ? EINVAL : 0;
}

/* Reads the extended fields, if there are any, and the frame. */
static int read_descriptor(const struct dp_dependencies *d, struct reading *r, struct dp_structure *own,
	const uint8_t *descriptor, size_t len)
{
	*r = (struct reading){
		.bits = dp_bits_init(descriptor + DP_DESCRIPTOR_MIN, len - DP_DESCRIPTOR_MIN),
		.structure = &d->structure,
		.active = d->active,
		.frame_number = sh_get_be16(descriptor + 1),
	};
	if (len > DP_DESCRIPTOR_MIN)
		r->parts = dp_bits_get(&r->bits, DP_PARTS_BITS);
	if (r->parts & DP_PART_STRUCTURE) {
		if (!dp_structure_read(own, &r->bits))
			return EINVAL;
		r->structure = own;
		r->active = all_targets(own);
	} else if (!d->known) {
		return ENOENT;
	}
	if (r->parts & DP_PART_ACTIVE)
		r->active = dp_bits_get(&r->bits, r->structure->targets);
	return read_frame(d, r, descriptor[0] & TEMPLATE);
}

static bool is_same(const struct dp_structure *a, const struct dp_structure *b)
{
	return a->first == b->first && a->templates == b->templates && a->targets == b->targets &&
	       memcmp(a->template, b->template, a->templates * sizeof(a->template[0])) == 0;
}

/* A structure that comes late describes frames that are older than the one in use. */
static void take_structure(struct dp_dependencies *d, const struct reading *r)
{
	if (d->known && is_newer(d->since, r->frame_number))
		return;
	if (!is_same(&d->structure, r->structure))
		memset(d->history, 0, sizeof(d->history)); /* its masks are of other targets */
	if (!d->known)
		d->newest = r->frame_number;
	d->known = true;
	d->since = r->frame_number;
	d->structure = *r->structure;
}

static void remember(struct dp_dependencies *d, const struct reading *r)
{
	unsigned at = r->frame_number % DP_HISTORY;

	if (r->parts & DP_PART_STRUCTURE)
		take_structure(d, r);
	if (!is_newer(d->newest, r->frame_number)) {
		d->newest = r->frame_number;
		d->active = r->active;
		if ((uint16_t)(d->newest - d->since) > SINCE_MAX)
			d->since = (uint16_t)(d->newest - SINCE_MAX);
	}
	if ((uint16_t)(d->newest - r->frame_number) < DP_HISTORY) {
		d->history[at].frame_number = r->frame_number;
		d->history[at].targets = r->frame.targets;
	}
}

static uint16_t flags_of(const struct reading *r, uint8_t head)
{
	unsigned flags = DP_FRAME_LAYERS | DP_FRAME_DEPENDENCIES;

	flags |= head & STARTS ? DP_FRAME_START : 0;
	flags |= head & ENDS ? DP_FRAME_END : 0;
	flags |= r->frame.switches ? DP_FRAME_SWITCH : 0;
	flags |= r->oldest ? DP_FRAME_INTER_PICTURE : 0;
	if (r->frame.targets && r->frame.targets == r->frame.discardable)
		flags |= DP_FRAME_DISCARDABLE;
	if (r->parts & DP_PART_STRUCTURE)
		flags |= DP_FRAME_STRUCTURE | (r->oldest ? 0 : DP_FRAME_KEY);
	return (uint16_t)flags;
}

int dp_dependencies_parse(struct dp_dependencies *d, struct dp_frame_info *out, const uint8_t *descriptor,
	size_t len)
{
	struct dp_structure own;
	struct reading r;
	int error;

	*out = (struct dp_frame_info){0};
	if (len < DP_DESCRIPTOR_MIN || len > DP_DESCRIPTOR_MAX)
		return EINVAL;
	error = read_descriptor(d, &r, &own, descriptor, len);
	if (error)
		return error;
	if (r.parts & DP_PART_STRUCTURE && r.oldest)
		r.reachable = 0; /* the history is of another structure */
	remember(d, &r);
	out->flags = flags_of(&r, descriptor[0]);
	out->spatial = r.frame.spatial & 0xf;
	out->temporal = r.frame.temporal & 0xf;
	out->oldest = r.oldest;
	out->frame_number = r.frame_number;
	out->targets = r.frame.targets;
	out->switches = r.frame.switches;
	out->reachable = r.reachable;
	return 0;
}

uint32_t dp_dependencies_active(const struct dp_dependencies *d, unsigned spatial, unsigned temporal)
{
	const struct dp_structure *s = &d->structure;
	uint32_t mask = 0;

	for (unsigned i = 0; d->known && i < s->targets; i++)
		if (s->target[i].spatial <= spatial && s->target[i].temporal <= temporal)
			mask |= 1u << i;
	return mask & d->active;
}

int dp_dependencies_target(const struct dp_dependencies *d, unsigned spatial, unsigned temporal)
{
	const struct dp_structure *s = &d->structure;
	uint32_t active = dp_dependencies_active(d, spatial, temporal);
	int best = -ENOENT;

	for (int i = 0; i < DP_TARGETS_MAX; i++) {
		if (!(active >> i & 1))
			continue;
		if (best < 0 || s->target[i].spatial > s->target[best].spatial ||
			(s->target[i].spatial == s->target[best].spatial &&
				s->target[i].temporal > s->target[best].temporal))
			best = i;
	}
	return best;
}
