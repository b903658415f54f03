/* SPDX-License-Identifier: Apache-2.0 */
/* The dependency descriptor: structures, what a frame belongs to, and written anew. */
#include "tests/unit/rtp/exact.h"

#include <errno.h>

#include "dataplane/codec/bits.h"
#include "dataplane/codec/dependency.h"

enum { SIZE = 64, TARGETS = 3 };

/* A descriptor in the making. */
struct writer {
	uint8_t bytes[SIZE];
	size_t at; /* in bits */
};

static void put(struct writer *w, uint32_t v, unsigned bits)
{
	dp_bits_put(w->bytes, &w->at, v, bits);
}

static size_t len_of(const struct writer *w)
{
	return (w->at + 7) / 8;
}

static struct writer begin(unsigned template, unsigned frame_number)
{
	struct writer w = {0};

	put(&w, 3, 2); /* start and end of the frame */
	put(&w, template, 6);
	put(&w, frame_number, 16);
	return w;
}

/*
 * L1T3 with the templates `first` (T0 key), + 1 (T0), + 2 (T1), + 3 (T2 behind T0) and + 4 (T2
 * behind T1), two chains, 640x360. Decode target 0 has all layers, 2 has T0 alone.
 */
static void put_structure(struct writer *w, unsigned first)
{
	static const uint8_t next_layer[] = {0, 1, 1, 0, 3};
	static const uint8_t dtis[][TARGETS] = {{2, 2, 2}, {2, 2, 2}, {2, 1, 0}, {1, 0, 0}, {1, 0, 0}};
	static const uint8_t fdiffs[] = {0, 4, 2, 1, 1};

	put(w, first, 6);
	put(w, TARGETS - 1, 5);
	for (unsigned i = 0; i < sizeof(next_layer); i++)
		put(w, next_layer[i], 2);
	for (unsigned i = 0; i < 5; i++)
		for (unsigned j = 0; j < TARGETS; j++)
			put(w, dtis[i][j], 2);
	for (unsigned i = 0; i < 5; i++) {
		if (fdiffs[i])
			put(w, 1U << 4 | (fdiffs[i] - 1U), 5);
		put(w, 0, 1);
	}
	put(w, 2, 2); /* chain_cnt: ns(4) */
	put(w, 1, 3); /* ns(2) for each target */
	w->at += 4 * 2 * 5; /* template_chain_fdiff: 0 */
	put(w, 1, 1);
	put(w, 639, 16);
	put(w, 359, 16);
}

static struct writer key(unsigned first, unsigned frame_number)
{
	struct writer w = begin(first, frame_number);

	put(&w, 0x10, 5);
	put_structure(&w, first);
	return w;
}

static int parse(struct dp_dependencies *d, struct dp_frame_info *f, const struct writer *w)
{
	uint8_t *copy = exact(w->bytes, len_of(w));
	int error = dp_dependencies_parse(d, f, copy, len_of(w));

	free(copy);
	return error;
}

static struct dp_frame_info frame(struct dp_dependencies *d, struct writer w)
{
	struct dp_frame_info f;

	assert_int_equal(parse(d, &f, &w), 0);
	return f;
}

static void a_structure_describes_layers(void **state)
{
	struct dp_dependencies d = {0};
	struct dp_frame_info f = frame(&d, key(7, 100));
	const struct dp_structure *s = &d.structure;

	assert_int_equal(f.flags, DP_FRAME_KEY | DP_FRAME_START | DP_FRAME_END | DP_FRAME_SWITCH |
					  DP_FRAME_LAYERS | DP_FRAME_STRUCTURE | DP_FRAME_DEPENDENCIES);
	assert_int_equal(f.targets, 7);
	assert_int_equal(f.oldest, 0);
	assert_int_equal(s->first, 7);
	assert_int_equal(s->templates, 5);
	assert_int_equal(s->chains, 2);
	assert_int_equal(s->spatial, 1);
	assert_int_equal(s->size[0].width, 640);
	assert_int_equal(s->size[0].height, 360);
	for (unsigned i = 0; i < TARGETS; i++)
		assert_int_equal(s->target[i].temporal, 2 - i);
	assert_int_equal(d.active, 7);
	assert_int_equal(dp_dependencies_target(&d, 0, 1), 1);
	assert_int_equal(dp_dependencies_target(&d, 7, 7), 0);
}

static void a_frame_is_what_its_template_says(void **state)
{
	struct dp_dependencies d = {0};
	struct dp_frame_info f;

	frame(&d, key(62, 65534)); /* template ids and frame numbers wrap */
	f = frame(&d, begin(1, 65535)); /* template 3 */
	assert_int_equal(f.temporal, 2);
	assert_int_equal(f.targets, 1);
	assert_int_equal(f.oldest, 1);
	assert_int_equal(f.reachable, 7);
	assert_true(f.flags & DP_FRAME_DISCARDABLE);
	f = frame(&d, begin(0, 0)); /* template 2 */
	assert_int_equal(f.temporal, 1);
	assert_int_equal(f.targets, 3);
	assert_int_equal(f.switches, 1);
	assert_false(f.flags & (DP_FRAME_DISCARDABLE | DP_FRAME_KEY));
	f = frame(&d, begin(2, 1)); /* template 4: behind T1 */
	assert_int_equal(f.reachable, 3);
}

static void custom_fields_replace_the_template(void **state)
{
	struct dp_dependencies d = {0};
	struct writer w;
	struct dp_frame_info f;

	frame(&d, key(0, 10));
	frame(&d, begin(2, 12));
	w = begin(1, 13);
	put(&w, 0x07, 5); /* DTIs, fdiffs and chains */
	put(&w, 0x30, 6); /* required, not present, not present */
	put(&w, 1 << 4 | 0, 6); /* 1 in 4 bits */
	put(&w, 2 << 8 | 2, 10); /* 3 in 8 bits */
	put(&w, 0, 2);
	put(&w, 0, 16);
	f = frame(&d, w);
	assert_int_equal(f.targets, 1);
	assert_int_equal(f.switches, 0);
	assert_int_equal(f.oldest, 3);
	assert_int_equal(f.reachable, 3); /* of the frames 12 and 10 */
	w = begin(1, 14);
	put(&w, 0x02, 5);
	put(&w, 3 << 12 | 999, 14); /* 1000 in 12 bits: longer ago than anything is kept */
	put(&w, 0, 2);
	f = frame(&d, w);
	assert_int_equal(f.oldest, 1000);
	assert_int_equal(f.reachable, 0);
}

static void a_missing_reference_is_not_reachable(void **state)
{
	struct dp_dependencies d = {0};

	frame(&d, key(0, 10));
	assert_int_equal(frame(&d, begin(1, 15)).reachable, 0); /* 11 was lost */
	assert_int_equal(frame(&d, begin(1, 14)).reachable, 7); /* late, behind 10 */
}

static void masks_are_of_one_structure(void **state)
{
	struct dp_dependencies d = {0};
	struct writer w = begin(31, 14); /* a structure with a frame that refers to the one 4 before */
	struct dp_frame_info f;

	frame(&d, key(0, 10));
	frame(&d, key(20, 12));
	assert_int_equal(frame(&d, begin(21, 14)).reachable, 0);
	assert_int_equal(frame(&d, begin(21, 16)).reachable, 7);
	d = (struct dp_dependencies){0};
	frame(&d, key(0, 10));
	put(&w, 0x10, 5);
	put_structure(&w, 30);
	f = frame(&d, w);
	assert_int_equal(f.reachable, 0);
	assert_false(f.flags & DP_FRAME_KEY);
}

static void what_is_too_late_is_not_kept(void **state)
{
	struct dp_dependencies d = {0};

	frame(&d, key(0, 10));
	frame(&d, begin(1, 10 + DP_HISTORY));
	frame(&d, begin(3, 10)); /* in T2 */
	assert_int_equal(frame(&d, begin(3, 11 + DP_HISTORY)).reachable, 7);
}

static void active_targets_last_until_they_change(void **state)
{
	struct dp_dependencies d = {0};
	struct writer w = begin(1, 14);

	frame(&d, key(0, 10));
	put(&w, 0x08, 5);
	put(&w, 6, 3); /* target 0 is off */
	frame(&d, w);
	assert_int_equal(d.active, 6);
	assert_int_equal(dp_dependencies_target(&d, 3, 7), 1);
	frame(&d, begin(2, 16));
	assert_int_equal(d.active, 6);
	frame(&d, key(0, 18));
	assert_int_equal(d.active, 7);
	w = begin(1, 12); /* it is late */
	put(&w, 0x08, 5);
	put(&w, 1, 3);
	frame(&d, w);
	assert_int_equal(d.active, 7);
	assert_int_equal(dp_dependencies_target(&(struct dp_dependencies){0}, 3, 7), -ENOENT);
}

static void a_late_structure_replaces_nothing(void **state)
{
	struct dp_dependencies d = {0};
	struct dp_frame_info f;

	frame(&d, key(0, 10));
	frame(&d, key(20, 50));
	f = frame(&d, key(0, 49)); /* its own frame is read by it */
	assert_int_equal(f.targets, 7);
	assert_int_equal(d.structure.first, 20);
	for (unsigned i = 1; i <= 4; i++) /* long after: seen from there, 50 is a later number */
		frame(&d, begin(21, 50 + 10000 * i));
	frame(&d, key(0, 50 + 40001));
	assert_int_equal(d.structure.first, 0);
}

static void without_its_structure_nothing_is_known(void **state)
{
	struct dp_dependencies d = {0}, before;
	struct writer w = begin(0, 10);
	struct dp_frame_info f;

	assert_int_equal(parse(&d, &f, &w), ENOENT);
	frame(&d, key(0, 10));
	before = d;
	w = begin(5, 11); /* templates 0 to 4 are there */
	assert_int_equal(parse(&d, &f, &w), ENOENT);
	w = begin(63, 11);
	assert_int_equal(parse(&d, &f, &w), ENOENT);
	assert_int_equal(f.flags, 0);
	assert_memory_equal(&before, &d, sizeof(d));
}

static void what_is_malformed_changes_nothing(void **state)
{
	struct dp_dependencies d = {0}, before;
	struct writer w = key(0, 10);
	struct dp_frame_info f;
	const size_t whole = len_of(&w);

	frame(&d, key(9, 5));
	before = d;
	for (size_t len = 0; len < whole; len++) {
		uint8_t *cut = exact(w.bytes, len);

		if (len == 3) /* a frame of a template that is not there */
			assert_int_equal(dp_dependencies_parse(&d, &f, cut, len), ENOENT);
		else
			assert_int_equal(dp_dependencies_parse(&d, &f, cut, len), EINVAL);
		free(cut);
	}
	w = begin(0, 10); /* five spatial layers */
	put(&w, 0x10, 5);
	put(&w, 0, 11);
	put(&w, 0xaa, 8);
	put(&w, 3, 2);
	w.at += 100;
	assert_int_equal(parse(&d, &f, &w), EINVAL);
	w = begin(0, 10); /* templates without end */
	put(&w, 0x10, 5);
	w.at += 300;
	assert_int_equal(parse(&d, &f, &w), EINVAL);
	w = begin(6, 10); /* a template that its own structure lacks */
	put(&w, 0x10, 5);
	put_structure(&w, 0);
	assert_int_equal(parse(&d, &f, &w), EINVAL);
	assert_memory_equal(&before, &d, sizeof(d));
}

/* --- written anew --- */

static struct writer rewrite(const struct writer *w, unsigned targets, uint32_t active)
{
	struct dp_descriptor_change change = {
		.frame_number = 0x1234, .targets = (uint8_t)targets, .active = active};
	uint8_t dst[DP_DESCRIPTOR_MAX], *copy = exact(w->bytes, len_of(w));
	struct writer out = {0};
	size_t len = dp_descriptor_rewrite(dst, copy, len_of(w), &change);

	assert_in_range(len, DP_DESCRIPTOR_MIN, SIZE);
	memcpy(out.bytes, dst, len);
	out.at = 8 * len;
	free(copy);
	return out;
}

static void the_frame_number_is_replaced(void **state)
{
	struct writer w = begin(5, 0xffff), out = rewrite(&w, 0, 0);

	assert_int_equal(len_of(&out), 3);
	assert_memory_equal(out.bytes, "\xc5\x12\x34", 3);
}

static void active_targets_are_inserted_or_replaced(void **state)
{
	struct writer samples[] = {key(0, 10), begin(1, 14), begin(1, 14), begin(1, 14), key(0, 10)};
	struct dp_frame_info plain, changed;

	put(&samples[2], 0x08, 5); /* a mask already, then DTIs */
	put(&samples[2], 7, 3);
	put(&samples[3], 0x06, 5); /* DTIs and references */
	put(&samples[3], 0x2b, 6);
	put(&samples[3], 1 << 4 | 3, 6);
	put(&samples[3], 0, 2);
	samples[4] = begin(0, 10); /* a structure and a mask */
	put(&samples[4], 0x18, 5);
	put_structure(&samples[4], 0);
	put(&samples[4], 7, 3);
	for (unsigned i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct dp_dependencies d = {0}, e = {0};
		struct writer out = rewrite(&samples[i], TARGETS, 6);

		frame(&d, key(0, 0x1230));
		frame(&e, key(0, 10));
		changed = frame(&d, out);
		plain = frame(&e, samples[i]);
		assert_int_equal(d.active, 6);
		assert_int_equal(changed.frame_number, 0x1234);
		assert_int_equal(changed.flags, plain.flags);
		assert_int_equal(changed.targets, plain.targets);
		assert_int_equal(changed.switches, plain.switches);
		assert_int_equal(changed.oldest, plain.oldest);
	}
}

static void a_mask_that_does_not_fit_is_refused(void **state)
{
	const struct dp_descriptor_change change = {.targets = 32, .active = 1},
					  other = {.targets = 4, .active = 1};
	uint8_t dst[DP_DESCRIPTOR_MAX], full[DP_DESCRIPTOR_MAX] = {0};
	struct writer w = key(0, 10);

	assert_int_equal(dp_descriptor_rewrite(dst, full, sizeof(full), &change), 0);
	assert_int_equal(dp_descriptor_rewrite(dst, full, sizeof(full) - 4, &change), sizeof(full));
	assert_int_equal(dp_descriptor_rewrite(dst, w.bytes, len_of(&w), &other), 0);
	assert_int_equal(dp_descriptor_rewrite(dst, full, 2, &change), 0);
	full[3] = 0x40; /* a mask, of which half is there */
	assert_int_equal(dp_descriptor_rewrite(dst, full, 5, &change), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_structure_describes_layers),
		cmocka_unit_test(a_frame_is_what_its_template_says),
		cmocka_unit_test(custom_fields_replace_the_template),
		cmocka_unit_test(a_missing_reference_is_not_reachable),
		cmocka_unit_test(masks_are_of_one_structure),
		cmocka_unit_test(what_is_too_late_is_not_kept),
		cmocka_unit_test(active_targets_last_until_they_change),
		cmocka_unit_test(a_late_structure_replaces_nothing),
		cmocka_unit_test(without_its_structure_nothing_is_known),
		cmocka_unit_test(what_is_malformed_changes_nothing),
		cmocka_unit_test(the_frame_number_is_replaced),
		cmocka_unit_test(active_targets_are_inserted_or_replaced),
		cmocka_unit_test(a_mask_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
