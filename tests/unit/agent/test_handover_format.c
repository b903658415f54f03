/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What another release has left is read, or refused with a reason: parts that have grown since are
 * widened with zeros, everything else keeps its place, and damaged memory is never read beyond.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "dataplane/agent/handover_format.h"
#include "dataplane/agent/handover_memory.h"

enum { ROOM = 32768, CONTINUATIONS = 2, IN_LEN = 24, OUT_LEN = 40, BLOB = 13, CHANGES = 20000 };

static uint32_t mine[DP_HANDOVER_PARTS];
static _Alignas(8) uint8_t memory[ROOM], wide[ROOM], expected[ROOM];

/* --- memory as a release leaves it whose parts have these sizes ----------------------------------- */

struct writing {
	const uint32_t *part;
	const uint32_t *known; /* what is beyond these sizes is 0 */
	uint8_t *to;
	size_t at;
	uint8_t byte; /* the next one, where it does not matter which */
};

static void put(struct writing *w, const void *from, size_t len, size_t known)
{
	memset(w->to + w->at, 0, len);
	memcpy(w->to + w->at, from, known);
	w->at += len;
}

static void put_part(struct writing *w, enum dp_handover_part part, const void *from)
{
	put(w, from, w->part[part], w->known[part]);
}

static void fill(struct writing *w, void *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = w->byte += 7;
}

static void put_some(struct writing *w, size_t len)
{
	uint8_t some[64];

	fill(w, some, len);
	put(w, some, len, len);
}

static void put_record(struct writing *w, uint32_t kind, uint32_t saved_len, uint16_t blob_size)
{
	struct dp_handover_record r;

	fill(w, &r, sizeof(r));
	r.kind = kind;
	r.saved_len = saved_len;
	r.blob_size = blob_size;
	put_part(w, DP_HANDOVER_RECORD, &r);
}

static void put_transport(struct writing *w)
{
	struct dp_saved_transport t;
	struct dp_continuation k;

	put_record(w, DP_TRANSPORT,
		w->part[DP_HANDOVER_TRANSPORT] + CONTINUATIONS * w->part[DP_HANDOVER_CONTINUATION] + IN_LEN +
			OUT_LEN,
		BLOB);
	fill(w, &t, sizeof(t));
	t.continuations = CONTINUATIONS;
	t.in_len = IN_LEN;
	t.out_len = OUT_LEN;
	put_part(w, DP_HANDOVER_TRANSPORT, &t);
	for (unsigned i = 0; i < CONTINUATIONS; i++) {
		fill(w, &k, sizeof(k));
		put_part(w, DP_HANDOVER_CONTINUATION, &k);
	}
	put_some(w, IN_LEN);
	put_some(w, OUT_LEN);
	put_some(w, dp_handover_blob_room(BLOB));
}

static void put_producer(struct writing *w)
{
	struct dp_saved_stream s;

	put_record(w, DP_PRODUCER, w->part[DP_HANDOVER_STREAM], 0);
	fill(w, &s, sizeof(s));
	put_part(w, DP_HANDOVER_STREAM, &s);
}

/* Sizes `part`; of each part as many bytes are not 0 as `known` says. */
static size_t leave(uint8_t *to, const uint32_t *part, const uint32_t *known)
{
	struct writing w = {.part = part, .known = known, .to = to};
	struct dp_handover_head h;

	memset(to, 0, ROOM);
	fill(&w, &h, sizeof(h));
	h.magic = DP_HANDOVER_MAGIC;
	h.format = DP_HANDOVER_FORMAT;
	memcpy(h.part, part, sizeof(h.part));
	put_part(&w, DP_HANDOVER_HEAD, &h);
	put_transport(&w);
	put_transport(&w);
	put_producer(&w);
	put_record(&w, DP_CONSUMER, 0, BLOB);
	put_some(&w, dp_handover_blob_room(BLOB));
	put_record(&w, DP_TRANSPORT, 0, 0); /* refused */
	memcpy(to + offsetof(struct dp_handover_head, size), &w.at, sizeof(uint64_t));
	return w.at;
}

static struct dp_handover_head *head(void)
{
	return (struct dp_handover_head *)(void *)memory;
}

static int begin(void **state)
{
	dp_handover_parts(mine);
	leave(memory, mine, mine);
	return 0;
}

/* --- the tests ------------------------------------------------------------------------------------ */

static void our_own_is_understood(void **state)
{
	size_t len = leave(memory, mine, mine);
	char why[200] = "";

	assert_int_equal(dp_handover_check_format(head(), ROOM, why, sizeof(why)), 0);
	assert_string_equal(why, "");
	assert_true(dp_handover_is_ours(head()));
	assert_int_equal(dp_handover_widen(head(), wide, ROOM), len);
	assert_memory_equal(wide, memory, len);
}

/* Each part that may grow, alone, had eight bytes less. */
static void shorter_parts_are_widened(void **state)
{
	for (int i = 0; i < DP_HANDOVER_GROWING; i++) {
		uint32_t theirs[DP_HANDOVER_PARTS];
		size_t len, want;
		char why[200];

		memcpy(theirs, mine, sizeof(theirs));
		theirs[i] -= 8;
		len = leave(memory, theirs, theirs);
		want = leave(expected, mine, theirs);
		assert_true(len < want);
		assert_int_equal(dp_handover_check_format(head(), ROOM, why, sizeof(why)), 0);
		assert_false(dp_handover_is_ours(head()));
		assert_int_equal(dp_handover_widen(head(), NULL, 0), want);
		assert_int_equal(dp_handover_widen(head(), wide, want - 8), 0);
		assert_int_equal(dp_handover_widen(head(), wide, want), want);
		assert_memory_equal(wide, expected, want);
	}
}

static void refused(const char *words)
{
	char why[200] = "";

	assert_int_equal(dp_handover_check_format(head(), ROOM, why, sizeof(why)), EPROTO);
	if (!strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
	begin(NULL);
}

/* An older release reads nothing of a newer one, and no release a layout that has changed. */
static void what_is_not_understood_is_refused(void **state)
{
	for (int i = 0; i < DP_HANDOVER_PARTS; i++) {
		head()->part[i] += 8;
		refused(i < DP_HANDOVER_GROWING ? " at most" : "this release reads");
	}
	for (int i = DP_HANDOVER_GROWING; i < DP_HANDOVER_PARTS; i++) {
		head()->part[i] -= 1;
		refused("this release reads");
	}
	head()->part[DP_HANDOVER_STREAM] = 0;
	refused("has 0 bytes");
	head()->part[DP_HANDOVER_STREAM] -= 4; /* what follows would not be aligned */
	refused("this release reads");
	head()->format = DP_HANDOVER_FORMAT + 1;
	refused("and this release reads format");
	head()->format = DP_HANDOVER_OLDEST - 1;
	refused("and this release reads format");
	head()->size = ROOM + 8;
	refused("the size");
	head()->size = mine[DP_HANDOVER_HEAD] - 8;
	refused("the size");
}

/* Cut off anywhere, it is damaged, except between two records. */
static void what_is_cut_off_is_damaged(void **state)
{
	size_t len = leave(memory, mine, mine), whole = 0;

	for (size_t cut = mine[DP_HANDOVER_HEAD]; cut < len; cut += 8) {
		uint8_t *copy = malloc(cut); /* so that a reading beyond is noticed */

		assert_non_null(copy);
		memcpy(copy, memory, cut);
		((struct dp_handover_head *)(void *)copy)->size = cut;
		whole += dp_handover_widen((struct dp_handover_head *)(void *)copy, NULL, 0) != 0;
		free(copy);
	}
	assert_int_equal(whole, 5); /* after the head, and after each record but the last one */
}

/* Changed at random, it has the same size each time, and nothing is written beyond it. */
static void what_is_damaged_harms_nobody(void **state)
{
	uint32_t theirs[DP_HANDOVER_PARTS], damaged = 0;
	size_t len, room;

	memcpy(theirs, mine, sizeof(theirs));
	for (int i = 0; i < DP_HANDOVER_GROWING; i++)
		theirs[i] -= 8;
	len = leave(memory, theirs, theirs);
	memcpy(expected, memory, len);
	srand(1);
	for (unsigned i = 0; i < CHANGES; i++) {
		memcpy(memory, expected, len);
		for (int n = rand() % 3; n >= 0; n--)
			memory[theirs[DP_HANDOVER_HEAD] + (size_t)rand() % (len - theirs[DP_HANDOVER_HEAD])] =
				(uint8_t)rand();
		room = dp_handover_widen(head(), NULL, 0);
		damaged += room == 0;
		assert_true(room <= ROOM);
		memset(wide, 0xa5, sizeof(wide));
		assert_int_equal(dp_handover_widen(head(), wide, room), room);
		for (size_t at = room; room && at < ROOM; at++)
			assert_int_equal(wide[at], 0xa5);
	}
	assert_in_range(damaged, CHANGES / 100, CHANGES - CHANGES / 100);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		T(our_own_is_understood),
		T(shorter_parts_are_widened),
		T(what_is_not_understood_is_refused),
		T(what_is_cut_off_is_damaged),
		T(what_is_damaged_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
