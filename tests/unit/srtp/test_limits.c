/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, wrong use, and where counters end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/ipsec_mb.h"
#include "tests/unit/srtp/help.h"

static void test_engines(void **state)
{
	const struct engine *kind[ENGINES];

	assert_true(dp_srtp_available(DP_SRTP_LIBSRTP2));
	assert_false(dp_srtp_available((enum dp_srtp_kind)9));
	errno = 0;
	assert_null(dp_srtp_engine_new((enum dp_srtp_kind)9));
	assert_int_equal(errno, ENOTSUP);
	dp_srtp_engine_free(NULL);

	for (unsigned n = engines(kind), i = 0; i < n; i++) {
		struct dp_srtp_engine *e = kind[i]->make();
		assert_non_null(e);
		assert_string_equal(dp_srtp_engine_name(e), kind[i]->mb ? "ipsec-mb" : "libsrtp2");
		/* both directions of a viewer, whose memory has a limit (start/media_memory.c) */
		assert_true(dp_srtp_session_size(e, DP_SRTP_IN) + dp_srtp_session_size(e, DP_SRTP_OUT) <=
			    DP_SRTP_SESSIONS_MAX + DP_MB_KEY_GROWTH);
		dp_srtp_engine_free(e);
	}
}

static void test_unknown_profile(void **state)
{
	const struct engine *kind[ENGINES];

	for (unsigned n = engines(kind), i = 0; i < n; i++) {
		struct dp_srtp_engine *e = kind[i]->make();
		struct dp_srtp_session *s = aligned_alloc(64, dp_srtp_session_size(e, DP_SRTP_IN));
		memset(s, 0, dp_srtp_session_size(e, DP_SRTP_IN));
		for (unsigned id = 0; id < 16; id++) {
			struct dp_srtp_keys keys = {.profile = (uint16_t)id};
			bool ours = id == 1 || id == 7 || id == 8;
			assert_int_equal(dp_srtp_open(e, s, DP_SRTP_IN, &keys, 1), ours ? 0 : EINVAL);
			dp_srtp_close(e, s);
		}
		dp_srtp_close(e, s); /* closed already */
		dp_srtp_close(e, NULL);
		free(s);
		dp_srtp_engine_free(e);
	}
}

/* Nothing is left of a closed session, and a closed session takes nothing. */
static void run_close(struct pair *p)
{
	struct shape s = {.seq = 1, .ssrc = 1, .payload = 10};
	struct packet pkt = protect(p, &s, 0), rtcp = protect_rtcp(p, 16, 1);
	struct dp_srtp_session *session[2] = {p->in, p->out};
	size_t size[2] = {dp_srtp_session_size(p->in_engine, DP_SRTP_IN),
		dp_srtp_session_size(p->out_engine, DP_SRTP_OUT)};

	dp_srtp_close(p->in_engine, p->in);
	dp_srtp_close(p->out_engine, p->out);
	for (unsigned i = 0; i < 2; i++)
		for (size_t at = 0; at < size[i]; at++)
			assert_int_equal(((const uint8_t *)session[i])[at], 0);
	assert_int_equal(unprotect(p, &pkt, NULL), EINVAL);
	assert_int_equal(unprotect_rtcp(p, &rtcp, NULL), EINVAL);
	uint8_t buf[128];
	size_t hdr_len = make_rtp(buf, &s), len = 16;
	struct dp_srtp_job job = {.session = p->out,
		.dst = buf,
		.payload = buf + hdr_len,
		.hdr_len = 12,
		.payload_len = 10,
		.out_len = 1};
	dp_srtp_protect_rtp(p->out_engine, &job, 1);
	assert_int_equal(job.out_len, 0);
	make_rtcp(buf, 16, 1);
	assert_int_equal(dp_srtp_protect_rtcp(p->out_engine, p->out, buf, &len, sizeof(buf)), EINVAL);
	drop(&pkt);
	drop(&rtcp);
}

static void test_close(void **state)
{
	for_all(1, run_close);
}

/* Opens both ends anew, in the same memory, with other keys. */
static void rekey(struct pair *p, unsigned seed)
{
	struct dp_srtp_keys keys;

	make_keys(&keys, p->in->profile, seed);
	dp_srtp_close(p->in_engine, p->in);
	dp_srtp_close(p->out_engine, p->out);
	assert_int_equal(dp_srtp_open(p->in_engine, p->in, DP_SRTP_IN, &keys, 1), 0);
	assert_int_equal(dp_srtp_open(p->out_engine, p->out, DP_SRTP_OUT, &keys, 0), 0);
}

/* A session opened where another was must not meet the key that was expanded for the other. */
static void run_reopen(struct pair *p)
{
	struct shape s = {.seq = 1, .ssrc = 1, .payload = 100};

	for (unsigned seed = 2; seed < 6; seed++) {
		bool rtcp = seed % 2;
		struct packet pkt = rtcp ? protect_rtcp(p, 40, 1) : protect(p, &s, 0), got;
		assert_int_equal(rtcp ? unprotect_rtcp(p, &pkt, NULL) : unprotect(p, &pkt, NULL), 0);
		rekey(p, seed);
		assert_int_equal(rtcp ? unprotect_rtcp(p, &pkt, NULL) : unprotect(p, &pkt, NULL), EBADMSG);
		drop(&pkt);

		uint8_t plain[ROOM];
		size_t hdr_len = make_rtp(plain, &s);
		if (rtcp)
			make_rtcp(plain, 40, 1);
		pkt = rtcp ? protect_rtcp(p, 40, 1) : protect(p, &s, 0);
		assert_int_equal(rtcp ? unprotect_rtcp(p, &pkt, &got) : unprotect(p, &pkt, &got), 0);
		assert_memory_equal(got.data, plain, rtcp ? 40 : hdr_len + s.payload);
		drop(&pkt);
		drop(&got);
	}
}

static void test_reopen(void **state)
{
	for_all(1, run_reopen);
}

static void run_direction(struct pair *p)
{
	uint8_t buf[128];
	struct shape s = {.seq = 1, .ssrc = 1, .payload = 60};
	size_t hdr_len = make_rtp(buf, &s), len = hdr_len + s.payload;
	struct dp_srtp_job job = {.session = p->in,
		.dst = buf,
		.payload = buf + hdr_len,
		.hdr_len = 12,
		.payload_len = 20,
		.out_len = 1};

	dp_srtp_protect_rtp(p->in_engine, &job, 1);
	assert_int_equal(job.out_len, 0);
	assert_int_equal(dp_srtp_unprotect_rtp(p->out_engine, p->out, buf, &len, hdr_len), EINVAL);
	make_rtcp(buf, 60, 1);
	len = 60;
	assert_int_equal(dp_srtp_protect_rtcp(p->in_engine, p->in, buf, &len, sizeof(buf)), EINVAL);
	assert_int_equal(dp_srtp_unprotect_rtcp(p->out_engine, p->out, buf, &len), EINVAL);
}

static void test_direction(void **state)
{
	for_all(1, run_direction);
}

/* Jobs that cannot be: they fail alone. */
static void run_bad_jobs(struct pair *p)
{
	static uint8_t big[0x20000];
	uint8_t good[128];
	struct shape s = {.seq = 1, .ssrc = 1, .payload = 30};

	make_rtp(good, &s);
	make_rtp(big, &s);
	struct dp_srtp_job job[] = {
		{.session = p->out,
			.dst = big,
			.payload = big + 12,
			.hdr_len = 12,
			.payload_len = 65535,
			.out_len = 1},
		{.session = p->out,
			.dst = good,
			.payload = good + 12,
			.hdr_len = 12,
			.payload_len = 30,
			.out_len = 1},
		{.session = p->out,
			.dst = big,
			.payload = big + 11,
			.hdr_len = 11,
			.payload_len = 30,
			.out_len = 1},
	};
	dp_srtp_protect_rtp(p->out_engine, job, 3);
	assert_int_equal(job[0].out_len, 0);
	assert_int_equal(job[1].out_len, 42 + p->out->tag_len);
	assert_int_equal(job[2].out_len, 0);
	size_t len = 0x10000;
	assert_int_equal(dp_srtp_unprotect_rtp(p->in_engine, p->in, big, &len, 12), EINVAL);
	len = job[1].out_len;
	assert_int_equal(dp_srtp_unprotect_rtp(p->in_engine, p->in, good, &len, 12), 0);
}

static void test_bad_jobs(void **state)
{
	for_all(1, run_bad_jobs);
}

static void run_rtcp_room(struct pair *p)
{
	uint8_t buf[128];
	size_t overhead = p->out->tag_len + 4u, len;

	make_rtcp(buf, 40, 1);
	for (size_t cap = 40; cap < 40 + overhead; cap++) {
		len = 40;
		assert_int_equal(dp_srtp_protect_rtcp(p->out_engine, p->out, buf, &len, cap), ENOBUFS);
		assert_int_equal(len, 40);
	}
	for (len = 0; len < 8; len++)
		assert_int_equal(dp_srtp_protect_rtcp(p->out_engine, p->out, buf, &len, sizeof(buf)), EINVAL);
	len = 40;
	buf[0] = 0x40;
	assert_int_equal(dp_srtp_protect_rtcp(p->out_engine, p->out, buf, &len, sizeof(buf)), EINVAL);
}

static void test_rtcp_room(void **state)
{
	for_all(1, run_rtcp_room);
}

/* The SRTCP index ends at 2^31 - 1, and the key with it (RFC 3711, 9.2). */
static void test_rtcp_index_end(void **state)
{
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		skip();
	for (unsigned i = 0; i < 3; i++) {
		struct pair p;
		pair_open(&p, ipsec_mb, libsrtp2, profiles[i], 1);
		((struct dp_mb_session *)p.out)->rtcp_index = 0x7fffffff;
		struct packet last = protect_rtcp(&p, 40, 1);
		assert_int_equal(unprotect_rtcp(&p, &last, NULL), 0);
		drop(&last);
		uint8_t buf[128];
		size_t len = 40;
		make_rtcp(buf, 40, 1);
		assert_int_equal(dp_srtp_protect_rtcp(p.out_engine, p.out, buf, &len, sizeof(buf)),
			EOVERFLOW);
		pair_close(&p);
	}
}

/* libsrtp2 counts for itself: where it disagrees with the caller, the job fails. */
static void test_roc_disagrees(void **state)
{
	struct pair p;
	uint8_t buf[64];
	struct shape s = {.seq = 100, .ssrc = 1, .payload = 10};

	pair_open(&p, libsrtp2, libsrtp2, SH_SRTP_AEAD_AES_128_GCM, 1);
	size_t hdr_len = make_rtp(buf, &s);
	struct dp_srtp_job job = {.session = p.out,
		.dst = buf,
		.payload = buf + hdr_len,
		.hdr_len = 12,
		.payload_len = 10,
		.roc = 1,
		.out_len = 1};
	dp_srtp_protect_rtp(p.out_engine, &job, 1);
	assert_int_equal(job.out_len, 0);
	job.roc = 0;
	dp_srtp_protect_rtp(p.out_engine, &job, 1);
	assert_int_equal(job.out_len, 12 + 10 + 16);
	static const uint32_t wrong[] = {1, 2, UINT32_MAX};
	for (unsigned i = 0; i < 3; i++) {
		s.seq++;
		make_rtp(buf, &s);
		job.roc = wrong[i];
		dp_srtp_protect_rtp(p.out_engine, &job, 1);
		assert_int_equal(job.out_len, 0);
	}
	pair_close(&p);
}

/* A limit of 0 takes nobody. However high it is, there are no more places than memory. */
static void test_ssrc_limits(void **state)
{
	const struct engine *kind[ENGINES];

	for (unsigned n = engines(kind), i = 0; i < n; i++) {
		struct pair p;
		struct shape s = {.seq = 1, .payload = 10};
		pair_open(&p, kind[i], kind[i], SH_SRTP_AEAD_AES_128_GCM, 0);
		struct packet pkt = protect(&p, &s, 0);
		assert_int_equal(unprotect(&p, &pkt, NULL), ENOSPC);
		drop(&pkt);
		pair_close(&p);

		pair_open(&p, kind[i], kind[i], SH_SRTP_AEAD_AES_128_GCM, 1000);
		for (s.ssrc = 0; s.ssrc <= DP_SRTP_SSRCS; s.ssrc++) {
			pkt = protect(&p, &s, 0);
			assert_int_equal(unprotect(&p, &pkt, NULL), s.ssrc < DP_SRTP_SSRCS ? 0 : ENOSPC);
			drop(&pkt);
		}
		pair_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_unknown_profile),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_direction),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_rtcp_room),
		cmocka_unit_test(test_rtcp_index_end),
		cmocka_unit_test(test_roc_disagrees),
		cmocka_unit_test(test_ssrc_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
