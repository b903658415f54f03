/* SPDX-License-Identifier: Apache-2.0 */
/* What one engine makes the other reads, and both write the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/srtp/help.h"

static void check_round(struct pair *p, const struct shape *s, uint32_t roc)
{
	uint8_t plain[ROOM];
	size_t hdr_len = make_rtp(plain, s);
	struct packet pkt = protect(p, s, roc), got;

	assert_int_equal(unprotect(p, &pkt, &got), 0);
	assert_int_equal(got.len, hdr_len + s->payload);
	assert_memory_equal(got.data, plain, got.len);
	drop(&pkt);
	drop(&got);
}

static void run_sizes(struct pair *p)
{
	static const unsigned far[] = {255, 256, 257, 511, 512, 767, 768, 1023, 1024, 1100, 1399, 1400};
	struct shape s = {.seq = 1000, .ssrc = 0xcafebabe};

	for (s.payload = 0; s.payload <= 130; s.payload++, s.seq++)
		check_round(p, &s, 0);
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++, s.seq++) {
		s.payload = far[i];
		check_round(p, &s, 0);
	}
}

static void test_sizes(void **state)
{
	for_all(1, run_sizes);
}

static void run_headers(struct pair *p)
{
	struct shape s = {.seq = 1, .ssrc = 5};

	for (s.csrcs = 0; s.csrcs <= 15; s.csrcs += 5)
		for (s.ext_words = 0; s.ext_words <= 40; s.ext_words += 8)
			for (s.payload = 0; s.payload <= 34; s.payload += 17, s.seq++)
				check_round(p, &s, 0);
}

static void test_headers(void **state)
{
	for_all(1, run_headers);
}

/* An extension without elements: X set, length 0. */
static void run_empty_extension(struct pair *p)
{
	uint8_t pkt[64] = {0x90, 96, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xbe, 0xde, 0, 0, 'a', 'b', 'c'};
	struct dp_srtp_job job = {
		.session = p->out, .dst = pkt, .payload = pkt + 16, .hdr_len = 16, .payload_len = 3};
	size_t len;

	dp_srtp_protect_rtp(p->out_engine, &job, 1);
	len = job.out_len;
	assert_int_equal(dp_srtp_unprotect_rtp(p->in_engine, p->in, pkt, &len, 16), 0);
	assert_int_equal(len, 19);
	assert_memory_equal(pkt + 16, "abc", 3);
}

static void test_empty_extension(void **state)
{
	for_all(1, run_empty_extension);
}

static void run_rtcp(struct pair *p)
{
	for (size_t len = 8; len <= 1200; len += len < 80 ? 4 : 124) {
		uint8_t plain[ROOM];
		struct packet pkt = protect_rtcp(p, len, 77 + (uint32_t)(len % 3)), got;
		make_rtcp(plain, len, 77 + (uint32_t)(len % 3));
		if (len > 8)
			assert_memory_not_equal(pkt.data + 8, plain + 8, len - 8);
		assert_int_equal(unprotect_rtcp(p, &pkt, &got), 0);
		assert_int_equal(got.len, len);
		assert_memory_equal(got.data, plain, len);
		drop(&pkt);
		drop(&got);
	}
}

static void test_rtcp(void **state)
{
	for_all(3, run_rtcp);
}

/* From 0 past 65535 twice, in steps, the sender counting the ROC. */
static void run_roll_over(struct pair *p)
{
	struct shape s = {.ssrc = 9, .payload = 20};

	for (uint32_t index = 30000;
		index<140000; index += index % 65536> 65530 || index % 65536 < 6 ? 1 : 997) {
		if (index % 65536 > 65530 - 997 && index % 65536 < 65530)
			index = index / 65536 * 65536 + 65531;
		s.seq = (uint16_t)index;
		check_round(p, &s, index >> 16);
	}
}

static void test_roll_over(void **state)
{
	for_all(1, run_roll_over);
}

/* Around a roll-over, out of order. */
static void run_reorder(struct pair *p)
{
	enum { FIRST = 65536 - 40, COUNT = 80 };
	struct packet pkt[COUNT];
	struct shape s = {.ssrc = 9, .payload = 50};

	for (unsigned i = 0; i < COUNT; i++) {
		s.seq = (uint16_t)(FIRST + i);
		pkt[i] = protect(p, &s, (FIRST + i) >> 16);
	}
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(unprotect(p, &pkt[i * 37 % COUNT], NULL), 0);
	for (unsigned i = 0; i < COUNT; i++)
		drop(&pkt[i]);
}

static void test_reorder(void **state)
{
	for_all(1, run_reorder);
}

enum { JOBS = 64, SESSIONS = 9 };

struct batch {
	struct dp_srtp_engine *engine;
	struct dp_srtp_session *session[SESSIONS]; /* three of each profile */
	struct dp_srtp_job job[JOBS];
	uint8_t *dst[JOBS], *src[JOBS];
	unsigned used[JOBS];
};

/* `n` jobs over all sessions; every other one in place. */
static void fill(struct batch *b, unsigned n, uint16_t seq)
{
	for (unsigned i = 0; i < n; i++) {
		struct shape s = {(uint16_t)(seq + i), 3, i % 3, i % 2 * 3, i * 23 % 1400};
		uint8_t plain[ROOM];
		unsigned k = i * 7 % SESSIONS;
		size_t hdr_len = make_rtp(plain, &s);

		b->used[i] = (unsigned)hdr_len + s.payload;
		b->dst[i] = malloc(b->used[i] + DP_SRTP_RTP_OVERHEAD);
		b->src[i] = malloc(s.payload + 1);
		memcpy(b->src[i], plain + hdr_len, s.payload);
		memcpy(b->dst[i], plain, i % 2 ? hdr_len : b->used[i]);
		b->job[i] = (struct dp_srtp_job){.session = b->session[k],
			.dst = b->dst[i],
			.payload = i % 2 ? b->src[i] : b->dst[i] + hdr_len,
			.hdr_len = (uint16_t)hdr_len,
			.payload_len = (uint16_t)s.payload,
			.out_len = 0xffff};
	}
}

static void empty(struct batch *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		free(b->dst[i]);
		free(b->src[i]);
	}
}

static void batch_open(struct batch *b, const struct engine *e)
{
	b->engine = e->make();
	for (unsigned i = 0; i < SESSIONS; i++)
		b->session[i] = open_session(b->engine, DP_SRTP_OUT, profiles[i % 3], i, 0);
}

static void batch_close(struct batch *b)
{
	for (unsigned i = 0; i < SESSIONS; i++)
		close_session(b->engine, b->session[i]);
	dp_srtp_engine_free(b->engine);
}

static void same_batches(const struct engine *one, const struct engine *other)
{
	static struct batch a, b;

	batch_open(&a, one);
	batch_open(&b, other);
	for (unsigned n = 1, seq = 1000; n <= JOBS; seq += n, n++) {
		fill(&a, n, (uint16_t)seq);
		fill(&b, n, (uint16_t)seq);
		dp_srtp_protect_rtp(a.engine, a.job, n);
		dp_srtp_protect_rtp(b.engine, b.job, n);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(a.job[i].out_len, a.used[i] + a.job[i].session->tag_len);
			assert_int_equal(b.job[i].out_len, a.job[i].out_len);
			assert_memory_equal(a.dst[i], b.dst[i], a.job[i].out_len);
		}
		empty(&a, n);
		empty(&b, n);
	}
	batch_close(&a);
	batch_close(&b);
}

/* Mixed sessions and profiles in one call, 1 to 64 jobs: all engines say the same, byte by byte. */
static void test_batches(void **state)
{
	const struct engine *e[ENGINES];

	for (unsigned n = engines(e), i = 1; i < n; i++)
		same_batches(e[0], e[i]);
}

/* More jobs than an engine stages at a time, and none at all. */
static void test_long_batch(void **state)
{
	enum { MANY = 3 * 64 + 5 };
	static uint8_t dst[MANY][64];
	static struct dp_srtp_job job[MANY];
	const struct engine *e[ENGINES];
	unsigned n = engines(e);

	for (unsigned k = 0; k < n * 3; k++) {
		struct pair p;
		pair_open(&p, e[k / 3], e[n - 1], profiles[k % 3], 1);
		dp_srtp_protect_rtp(p.out_engine, NULL, 0);
		for (unsigned i = 0; i < MANY; i++) {
			struct shape s = {(uint16_t)(i + 1), 3, 0, 0, i % 30};
			size_t hdr_len = make_rtp(dst[i], &s);
			job[i] = (struct dp_srtp_job){.session = p.out,
				.dst = dst[i],
				.payload = dst[i] + hdr_len,
				.hdr_len = 12,
				.payload_len = (uint16_t)s.payload};
		}
		dp_srtp_protect_rtp(p.out_engine, job, MANY);
		for (unsigned i = 0; i < MANY; i++) {
			size_t len = job[i].out_len;
			assert_int_equal(dp_srtp_unprotect_rtp(p.in_engine, p.in, dst[i], &len, 12), 0);
			assert_int_equal(len, 12 + i % 30);
		}
		pair_close(&p);
	}
}

/* Out of place: the source stays as it was, and what comes out is what comes out in place. */
static void run_out_of_place(struct pair *p)
{
	struct shape s = {.seq = 500, .ssrc = 4, .payload = 333};
	uint8_t plain[ROOM], here[ROOM], there[ROOM];
	size_t hdr_len = make_rtp(plain, &s);

	memcpy(here, plain, sizeof(here));
	memcpy(there, plain, hdr_len);
	memset(there + hdr_len, 0xee, sizeof(there) - hdr_len);
	uint8_t *source = malloc(s.payload);
	memcpy(source, plain + hdr_len, s.payload);
	/* the same packet twice: as a retransmission without RTX sends it */
	struct dp_srtp_job job[2] = {
		{.session = p->out,
			.dst = here,
			.payload = here + hdr_len,
			.hdr_len = (uint16_t)hdr_len,
			.payload_len = (uint16_t)s.payload},
		{.session = p->out,
			.dst = there,
			.payload = source,
			.hdr_len = (uint16_t)hdr_len,
			.payload_len = (uint16_t)s.payload},
	};
	dp_srtp_protect_rtp(p->out_engine, job, 2);
	assert_int_not_equal(job[0].out_len, 0);
	assert_int_equal(job[0].out_len, job[1].out_len);
	assert_memory_equal(here, there, job[0].out_len);
	assert_memory_equal(source, plain + hdr_len, s.payload);
	/* room beyond DP_SRTP_RTP_OVERHEAD is not touched */
	for (size_t i = hdr_len + s.payload + DP_SRTP_RTP_OVERHEAD; i < sizeof(there); i++)
		assert_int_equal(there[i], 0xee);
	free(source);
}

static void test_out_of_place(void **state)
{
	for_all(1, run_out_of_place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_empty_extension),
		cmocka_unit_test(test_rtcp),
		cmocka_unit_test(test_roll_over),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_long_batch),
		cmocka_unit_test(test_out_of_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
