/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/structure.h"

enum { SAME_LAYER, NEXT_TEMPORAL, NEXT_SPATIAL, NO_MORE_LAYERS };

/* ns(n): a value below `n` in as few bits as possible (A.8.1). */
static uint32_t get_below(struct dp_bits *b, uint32_t n)
{
	unsigned width = 0;
	uint32_t short_codes, v;

	for (uint32_t x = n; x > 0; x >>= 1)
		width++;
	short_codes = (1U << width) - n;
	v = dp_bits_get(b, width - 1);
	return v < short_codes ? v : (v << 1) - short_codes + dp_bits_get(b, 1);
}

/* template_layers() */
static bool read_layers(struct dp_structure *s, struct dp_bits *b)
{
	unsigned spatial = 0, temporal = 0;

	for (s->templates = 0;;) {
		if (s->templates == DP_TEMPLATES_MAX || spatial >= DP_DESCRIPTOR_SPATIAL_MAX ||
			temporal >= DP_TEMPORAL_MAX)
			return false;
		s->template[s->templates++] = (struct dp_template){
			.spatial = (uint8_t)spatial,
			.temporal = (uint8_t)temporal,
		};
		switch (dp_bits_get(b, 2)) {
		case SAME_LAYER:
			break;
		case NEXT_TEMPORAL:
			temporal++;
			break;
		case NEXT_SPATIAL:
			spatial++;
			temporal = 0;
			break;
		case NO_MORE_LAYERS:
			s->spatial = (uint8_t)(spatial + 1);
			return !b->failed;
		}
	}
}

void dp_indications_read(struct dp_template *t, struct dp_bits *b, unsigned targets)
{
	t->targets = t->switches = t->discardable = 0;
	for (unsigned i = 0; i < targets; i++) {
		enum dp_indication dti = dp_bits_get(b, 2);

		t->targets |= (uint32_t)(dti != DP_NOT_PRESENT) << i;
		t->switches |= (uint32_t)(dti == DP_SWITCH) << i;
		t->discardable |= (uint32_t)(dti == DP_DISCARDABLE) << i;
	}
}

/* template_fdiffs() */
static void read_references(struct dp_structure *s, struct dp_bits *b)
{
	for (unsigned i = 0; i < s->templates; i++)
		while (dp_bits_flag(b))
			s->template[i].references |= (uint16_t)(1U << dp_bits_get(b, 4));
}

/* template_chains(): they tell a receiver what it has lost, which nobody asks here. */
static void skip_chains(struct dp_structure *s, struct dp_bits *b)
{
	s->chains = (uint8_t)get_below(b, s->targets + 1U);
	if (s->chains == 0)
		return;
	for (unsigned i = 0; i < s->targets; i++)
		get_below(b, s->chains); /* decode_target_protected_by */
	for (unsigned i = 0; i < s->templates; i++)
		for (unsigned j = 0; j < s->chains; j++)
			dp_bits_get(b, 4); /* template_chain_fdiff */
}

/* decode_target_layers(): the highest layers of the templates that belong to it. */
static void find_targets(struct dp_structure *s)
{
	for (unsigned i = 0; i < s->targets; i++) {
		s->target[i].spatial = s->target[i].temporal = 0;
		for (unsigned j = 0; j < s->templates; j++) {
			const struct dp_template *t = &s->template[j];

			if (!(t->targets >> i & 1))
				continue;
			if (t->spatial > s->target[i].spatial)
				s->target[i].spatial = t->spatial;
			if (t->temporal > s->target[i].temporal)
				s->target[i].temporal = t->temporal;
		}
	}
}

/* render_resolutions() */
static void read_sizes(struct dp_structure *s, struct dp_bits *b)
{
	for (unsigned i = 0; i < s->spatial; i++) {
		uint32_t width = dp_bits_get(b, 16) + 1, height = dp_bits_get(b, 16) + 1;

		if (width <= UINT16_MAX && height <= UINT16_MAX)
			s->size[i] = (struct dp_picture_size){(uint16_t)width, (uint16_t)height};
	}
}

bool dp_structure_read(struct dp_structure *s, struct dp_bits *b)
{
	*s = (struct dp_structure){.first = (uint8_t)dp_bits_get(b, 6)};
	s->targets = (uint8_t)(dp_bits_get(b, 5) + 1);
	if (!read_layers(s, b))
		return false;
	for (unsigned i = 0; i < s->templates; i++)
		dp_indications_read(&s->template[i], b, s -> targets);
	read_references(s, b);
	skip_chains(s, b);
	find_targets(s);
	if (dp_bits_flag(b)) /* resolutions_present_flag */
		read_sizes(s, b);
	return !b->failed;
}
