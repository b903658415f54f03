/* SPDX-License-Identifier: Apache-2.0 */

/* Sessions that go on in another process: what was saved is opened by an engine of its own. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/save.h"
#include "dataplane/srtp/ssrc_table.h"
#include "tests/unit/srtp/help.h"

enum { SSRC = 0x1000, SSRCS = 40, LIMIT = 64 };

static void *take(void *arg)
{
	return aligned_alloc(64, DP_SRTP_BLOCK_SIZE);
}

static void give(void *arg, void *block)
{
	free(block);
}

static void with_blocks(struct dp_srtp_engine *e)
{
	dp_srtp_pool(e, &(struct dp_srtp_blocks){.take = take, .give = give});
}

static struct dp_srtp_window *keeps_even(const void *arg, uint32_t ssrc)
{
	return ssrc % 2 ? NULL : (struct dp_srtp_window *)(uintptr_t)arg;
}

/* The other process: another engine, and memory in which nothing is. */
static struct dp_srtp_session *move(struct dp_srtp_engine *from, struct dp_srtp_session *s,
	struct dp_srtp_engine *to, enum dp_srtp_dir dir)
{
	size_t max = dp_srtp_saved_max(from, s), len;
	uint8_t *saved = aligned_alloc(8, max);
	struct dp_srtp_session *other = aligned_alloc(64, dp_srtp_session_size(to, dir));
	struct dp_srtp_window *window = calloc(1, sizeof(*window));

	assert_int_equal(max % 8, 0);
	len = dp_srtp_save(from, s, saved);
	assert_true(len <= max && len % 8 == 0);
	close_session(from, s);
	memset(other, 0xa5, dp_srtp_session_size(to, dir));
	assert_int_equal(dp_srtp_reopen(to, other, 1 - dir, saved, len, LIMIT), EINVAL);
	assert_int_equal(dp_srtp_reopen(to, other, dir, saved, len - 8, LIMIT), EINVAL);
	assert_int_equal(dp_srtp_reopen(to, other, dir, saved, 4, LIMIT), EINVAL);
	assert_int_equal(dp_srtp_reopen(to, other, dir, saved, len, LIMIT), 0);
	if (dir == DP_SRTP_IN) {
		dp_srtp_keep(to, other, keeps_even, window);
		assert_int_equal(dp_srtp_expect(to, other, SSRCS, SSRCS), 0);
		assert_int_equal(dp_srtp_recall(to, other, saved, len - 8), EINVAL);
		assert_int_equal(dp_srtp_recall(to, other, saved, len), 0);
		dp_srtp_keep(to, other, NULL, NULL);
	}
	free(saved);
	free(window);
	return other;
}

static void each(void (*run)(struct pair *p))
{
	const struct engine *e[ENGINES];
	unsigned n = engines(e);

	for (unsigned i = 0; i < n * 3; i++) {
		struct pair p;

		if (!e[i / 3]->mb)
			continue;
		pair_open(&p, e[i / 3], e[i / 3], profiles[i % 3], LIMIT);
		with_blocks(p.in_engine);
		run(&p);
		pair_close(&p);
	}
}

/* Both sides go on: keys, the SRTCP index, the ROC. */
static void goes_on(struct pair *p)
{
	struct shape s = {.seq = 65535, .ssrc = SSRC, .payload = 30};
	struct dp_srtp_engine *engine = p->out_engine;
	struct packet before = protect(p, &s, 6), rtcp[3];
	uint32_t seen[3];

	/* the receiver has counted six roll-overs */
	for (uint32_t roc = 0; roc < 7; roc++)
		for (uint32_t seq = 0x2000; seq <= 0xffff; seq += 0x2000) {
			struct shape step = {.seq = (uint16_t)seq, .ssrc = SSRC, .payload = 10};
			struct packet one = protect(p, &step, roc);

			assert_int_equal(unprotect(p, &one, NULL), 0);
			drop(&one);
		}
	assert_int_equal(unprotect(p, &before, NULL), 0);
	rtcp[0] = protect_rtcp(p, 32, SSRC);
	assert_int_equal(unprotect_rtcp(p, &rtcp[0], NULL), 0);

	p->out = move(engine, p->out, engine, DP_SRTP_OUT);
	p->in = move(p->in_engine, p->in, p->in_engine, DP_SRTP_IN);

	assert_int_equal(unprotect(p, &before, NULL), EALREADY);
	assert_int_equal(unprotect_rtcp(p, &rtcp[0], NULL), EALREADY);
	drop(&before);
	s.seq = 1; /* the roll-over comes after the restart */
	before = protect(p, &s, 7);
	assert_int_equal(unprotect(p, &before, NULL), 0);
	drop(&before);
	rtcp[1] = protect_rtcp(p, 32, SSRC);
	rtcp[2] = protect_rtcp(p, 32, SSRC);
	assert_int_equal(unprotect_rtcp(p, &rtcp[1], NULL), 0);
	assert_int_equal(unprotect_rtcp(p, &rtcp[2], NULL), 0);
	for (unsigned i = 0; i < 3; i++) {
		size_t behind = 4 + (p->out->profile == SH_SRTP_AES128_CM_SHA1_80 ? 10 : 0);

		memcpy(&seen[i], rtcp[i].data + rtcp[i].len - behind, 4);
		seen[i] = __builtin_bswap32(seen[i]) & ~DP_SRTCP_E;
		drop(&rtcp[i]);
		assert_int_equal(seen[i], i);
	}
}

static void keys_and_indices_go_on(void **state)
{
	each(goes_on);
}

/* Whatever was accepted, is not accepted again; what is older than the window is not either. */
static void refuses_what_it_has(struct pair *p)
{
	struct packet pkt[400];
	struct shape s = {.ssrc = SSRC, .payload = 20};

	for (unsigned i = 0; i < 400; i++) {
		s.seq = (uint16_t)(1000 + i);
		pkt[i] = protect(p, &s, 0);
		if (i % 3)
			assert_int_equal(unprotect(p, &pkt[i], NULL), 0);
	}
	p->in = move(p->in_engine, p->in, p->in_engine, DP_SRTP_IN);
	for (unsigned i = 0; i < 400; i++) {
		bool old = i % 3 || 399 - 1 - i >= 128; /* the highest accepted is 398 */

		if (i == 399)
			old = false;
		assert_int_equal(unprotect(p, &pkt[i], NULL), old ? EALREADY : 0);
		drop(&pkt[i]);
	}
}

static void replay_floors_survive(void **state)
{
	each(refuses_what_it_has);
}

/* More SSRCs than fit into the session, half of which are kept. */
static void all_ssrcs(struct pair *p)
{
	struct packet pkt[SSRCS];

	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, SSRCS, SSRCS), 0);
	for (unsigned i = 0; i < SSRCS; i++) {
		struct shape s = {.seq = (uint16_t)(i + 5), .ssrc = SSRC + i, .payload = 20};

		pkt[i] = protect(p, &s, 0);
		assert_int_equal(unprotect(p, &pkt[i], NULL), 0);
	}
	p->in = move(p->in_engine, p->in, p->in_engine, DP_SRTP_IN);
	for (unsigned i = 0; i < SSRCS; i++) {
		assert_int_equal(unprotect(p, &pkt[i], NULL), EALREADY);
		drop(&pkt[i]);
	}
}

static void no_ssrc_is_forgotten(void **state)
{
	each(all_ssrcs);
}

static void libsrtp2_says_that_it_cannot(void **state)
{
	struct dp_srtp_engine *e = libsrtp2->make(), *mb = ipsec_mb->make();
	struct dp_srtp_session *s = open_session(e, DP_SRTP_OUT, profiles[0], 1, 0);

	assert_false(dp_srtp_can_save(e));
	assert_true(!mb || dp_srtp_can_save(mb));
	close_session(e, s);
	dp_srtp_engine_free(e);
	dp_srtp_engine_free(mb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_indices_go_on),
		cmocka_unit_test(replay_floors_survive),
		cmocka_unit_test(no_ssrc_is_forgotten),
		cmocka_unit_test(libsrtp2_says_that_it_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
