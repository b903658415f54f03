/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions with hundreds of SSRCs: how they get memory for them, and that they keep all apart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/ssrc_table.h"
#include "dataplane/tables/srtp_keys.h"
#include "tests/unit/srtp/help.h"

enum { MANY = 200 };

/* A pool of blocks that counts. */
static unsigned in_pool, handed_out;

static void *take(void *arg)
{
	void *b;

	if (in_pool == 0)
		return NULL;
	in_pool--;
	handed_out++;
	b = aligned_alloc(64, DP_SRTP_BLOCK_SIZE);
	assert_non_null(b);
	memset(b, 0xa5, DP_SRTP_BLOCK_SIZE); /* what a session must not depend on */
	return b;
}

static void give(void *arg, void *block)
{
	in_pool++;
	assert_true(handed_out-- > 0);
	free(block);
}

static const struct dp_srtp_blocks pool = {.take = take, .give = give};

static uint32_t kept_from, kept_to; /* SSRCs that are kept */
static struct dp_srtp_window window[MANY];

static struct dp_srtp_window *window_of(const void *arg, uint32_t ssrc)
{
	return ssrc >= kept_from && ssrc < kept_to ? &window[ssrc % MANY] : NULL;
}

/* `blocks` are in the pool. SSRCs from..to-1 are kept. */
static void begin(struct pair *p, unsigned blocks, uint32_t from, uint32_t to)
{
	in_pool = blocks;
	kept_from = from;
	kept_to = to;
	memset(window, 0, sizeof(window));
	dp_srtp_pool(p->in_engine, &pool);
	dp_srtp_keep(p->in_engine, p->in, window_of, NULL);
}

static unsigned blocks(unsigned ssrcs)
{
	return (ssrcs - DP_SRTP_SSRCS + DP_SRTP_BLOCK_SSRCS - 1) / DP_SRTP_BLOCK_SSRCS;
}

static int send_at(struct pair *p, uint32_t ssrc, uint16_t seq, uint32_t roc, struct packet *out)
{
	struct packet pkt = protect(p, &(struct shape){.seq = seq, .ssrc = ssrc, .payload = 20}, roc);
	int err = unprotect(p, &pkt, NULL);

	if (out)
		*out = pkt;
	else
		drop(&pkt);
	return err;
}

/*
 * Both directions count for 200 SSRCs at once: each rolls over, at a place of its own, and nothing
 * of any can be replayed, before or after that.
 */
static void run_many(struct pair *p)
{
	struct packet before[MANY], after[MANY], report[MANY];

	begin(p, 20, 0, MANY);
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, MANY, MANY), 0);
	assert_int_equal(handed_out, 2 * blocks(MANY));
	for (uint32_t ssrc = 0; ssrc < MANY; ssrc++) {
		assert_int_equal(send_at(p, ssrc, (uint16_t)(65000 - ssrc), 0, NULL), 0);
		report[ssrc] = protect_rtcp(p, 32, ssrc);
		assert_int_equal(unprotect_rtcp(p, &report[ssrc], NULL), 0);
	}
	for (uint32_t ssrc = 0; ssrc < MANY; ssrc++)
		assert_int_equal(send_at(p, ssrc, (uint16_t)(65500 - ssrc), 0, &before[ssrc]), 0);
	for (uint32_t ssrc = MANY; ssrc-- > 0;)
		assert_int_equal(send_at(p, ssrc, (uint16_t)ssrc, 1, &after[ssrc]), 0);
	for (uint32_t ssrc = 0; ssrc < MANY; ssrc++) {
		assert_int_equal(unprotect(p, &before[ssrc], NULL), EALREADY);
		assert_int_equal(unprotect(p, &after[ssrc], NULL), EALREADY);
		assert_int_equal(unprotect_rtcp(p, &report[ssrc], NULL), EALREADY);
		/* a late one from before the roll-over still has its index */
		assert_int_equal(send_at(p, ssrc, (uint16_t)(65501 - ssrc), 0, NULL), 0);
		drop(&before[ssrc]);
		drop(&after[ssrc]);
		drop(&report[ssrc]);
	}
}

static void test_many(void **state)
{
	for_all(DP_SRTP_SSRC_MAX, run_many);
	assert_int_equal(handed_out, 0);
}

/* No packet makes a session grow, whether it is authentic or not. */
static void run_no_growth(struct pair *p)
{
	begin(p, 20, 0, 4);
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, DP_SRTP_SSRCS, DP_SRTP_SSRCS), 0);
	for (uint32_t ssrc = 0; ssrc < MANY; ssrc++) {
		struct packet report = protect_rtcp(p, 32, ssrc);

		assert_int_equal(send_at(p, ssrc, 1, 0, NULL), 0);
		assert_int_equal(unprotect_rtcp(p, &report, NULL), 0);
		drop(&report);
	}
	assert_int_equal(handed_out, 0);
	for (uint32_t ssrc = 0; ssrc < 4; ssrc++)
		assert_int_equal(send_at(p, ssrc, 1, 0, NULL), EALREADY);
}

static void test_no_growth(void **state)
{
	for_all(DP_SRTP_SSRC_MAX, run_no_growth);
}

/* The limit holds however many are expected, and an empty pool is told, without a loss. */
static void run_refused(struct pair *p)
{
	begin(p, 1, 0, MANY);
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, 100, 0), ENOSPC);
	assert_int_equal(handed_out, 0);
	in_pool = 20;
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, 1000, 0), 0);
	assert_int_equal(handed_out, blocks(50));
	for (uint32_t ssrc = 0; ssrc < 60; ssrc++)
		assert_int_equal(send_at(p, ssrc, 1, 0, NULL), ssrc < 50 ? 0 : ENOSPC);
	in_pool = 0;
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, 1000, 1000), ENOSPC);
	for (uint32_t ssrc = 0; ssrc < 50; ssrc++)
		assert_int_equal(send_at(p, ssrc, 1, 0, NULL), EALREADY);
}

static void test_refused(void **state)
{
	for_all(50, run_refused);
	assert_int_equal(handed_out, 0);
}

/* When fewer are expected, the blocks go back, and what is kept keeps its ROC and window. */
static void run_shrinks(struct pair *p)
{
	begin(p, 20, 0, MANY);
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, MANY, MANY), 0);
	for (uint32_t ssrc = 0; ssrc < MANY; ssrc++) {
		struct packet report = protect_rtcp(p, 32, ssrc);

		assert_int_equal(send_at(p, ssrc, 65000, 0, NULL), 0);
		assert_int_equal(send_at(p, ssrc, 7, 1, NULL), 0);
		assert_int_equal(unprotect_rtcp(p, &report, NULL), 0);
		drop(&report);
	}
	/* as long as all are kept, nothing may go */
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, 3, MANY), 0);
	assert_int_equal(send_at(p, MANY - 1, 7, 1, NULL), EALREADY);

	kept_from = 190;
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, 12, 12), 0);
	assert_int_equal(handed_out, 1 + 1); /* ten SSRCs are kept in either table */
	for (uint32_t ssrc = kept_from; ssrc < MANY; ssrc++) {
		assert_int_equal(send_at(p, ssrc, 7, 1, NULL), EALREADY);
		assert_int_equal(send_at(p, ssrc, 8, 1, NULL), 0);
	}
	/* others are as new ones, and there is room for some */
	kept_from = kept_to = 0;
	assert_int_equal(dp_srtp_expect(p->in_engine, p->in, 0, 0), 0);
	assert_int_equal(handed_out, 0);
}

static void test_shrinks(void **state)
{
	for_all(DP_SRTP_SSRC_MAX, run_shrinks);
	assert_int_equal(handed_out, 0);
}

/* However streams and consumers are spread over transports, the data plane's pool is enough. */
static void test_pool_size(void **state)
{
	unsigned seed = 1;

	for (unsigned most = 1; most < 200; most++) {
		unsigned streams = 0, consumers = 0, used = 0;

		for (unsigned n = 0; n < 1000; n++) {
			unsigned s = (seed = seed * 1664525 + 1013904223) / 65536 % (most + 1);
			unsigned c = (seed = seed * 1664525 + 1013904223) / 65536 % (most + 1);
			unsigned rtp = 2 * s + DP_SPARE_SSRCS, rtcp = rtp + c;

			used += (rtp > DP_SRTP_SSRCS ? blocks(rtp) : 0) +
				(rtcp > DP_SRTP_SSRCS ? blocks(rtcp) : 0);
			streams += s;
			consumers += c;
			assert_true(used <= dp_ssrc_blocks(streams, consumers));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_growth),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_pool_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
