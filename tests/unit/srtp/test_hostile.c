/* SPDX-License-Identifier: Apache-2.0 */
/* What an attacker may send, or send again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/srtp/help.h"

static void run_replay(struct pair *p)
{
	enum { COUNT = 1300 };
	static struct packet pkt[COUNT];
	struct dp_srtp_window window;
	struct shape s = {.ssrc = 1, .payload = 30};

	keep_all(p, &window);
	for (unsigned i = 0; i < COUNT; i++) {
		s.seq = (uint16_t)(2000 + i);
		pkt[i] = protect(p, &s, 0);
	}
	assert_int_equal(unprotect(p, &pkt[0], NULL), 0);
	assert_int_equal(unprotect(p, &pkt[0], NULL), EALREADY);
	assert_int_equal(unprotect(p, &pkt[1100], NULL), 0);
	assert_int_equal(unprotect(p, &pkt[1100], NULL), EALREADY);
	static const unsigned age[] = {127, 128, 900, 1023};
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(unprotect(p, &pkt[1100 - age[i]], NULL), 0);
		assert_int_equal(unprotect(p, &pkt[1100 - age[i]], NULL), EALREADY);
	}
	assert_int_equal(unprotect(p, &pkt[1100 - 1024], NULL), EALREADY);
	assert_int_equal(unprotect(p, &pkt[0], NULL), EALREADY);
	assert_int_equal(unprotect(p, &pkt[1299], NULL), 0);
	assert_int_equal(unprotect(p, &pkt[1299 - 1023], NULL), 0);
	assert_int_equal(unprotect(p, &pkt[1299 - 1024], NULL), EALREADY);
	assert_int_equal(unprotect(p, &pkt[1100 - 128], NULL), EALREADY);
	for (unsigned i = 0; i < COUNT; i++)
		drop(&pkt[i]);
}

static void test_replay(void **state)
{
	for_all(2, run_replay);
}

static void run_replay_rtcp(struct pair *p)
{
	enum { COUNT = 300 };
	struct packet pkt[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		pkt[i] = protect_rtcp(p, 32, 1);
	assert_int_equal(unprotect_rtcp(p, &pkt[0], NULL), 0);
	assert_int_equal(unprotect_rtcp(p, &pkt[0], NULL), EALREADY);
	assert_int_equal(unprotect_rtcp(p, &pkt[250], NULL), 0);
	assert_int_equal(unprotect_rtcp(p, &pkt[250 - 127], NULL), 0);
	assert_int_equal(unprotect_rtcp(p, &pkt[250 - 127], NULL), EALREADY);
	assert_int_equal(unprotect_rtcp(p, &pkt[250 - 128], NULL), EALREADY);
	assert_int_equal(unprotect_rtcp(p, &pkt[1], NULL), EALREADY);
	for (unsigned i = 0; i < COUNT; i++)
		drop(&pkt[i]);
}

static void test_replay_rtcp(void **state)
{
	for_all(2, run_replay_rtcp);
}

/*
 * One bit wrong, anywhere: never accepted, and nothing is remembered. Bits that take part
 * in no decision but the tag's give EBADMSG; those of the header may make it malformed,
 * another SSRC or a replay.
 */
static void run_bit_flips(struct pair *p)
{
	struct shape s = {.seq = 700, .ssrc = 0x1234, .csrcs = 1, .ext_words = 2, .payload = 37};
	struct packet old = protect(p, &s, 0);
	s.seq++;
	struct packet pkt = protect(p, &s, 0);

	assert_int_equal(unprotect(p, &old, NULL), 0);
	for (size_t bit = 0; bit < pkt.len * 8; bit++) {
		pkt.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		int err = unprotect(p, &pkt, NULL);
		pkt.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 >= pkt.hdr_len)
			assert_int_equal(err, EBADMSG);
		else
			assert_true(err == EBADMSG || err == EINVAL || err == EALREADY);
	}
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	drop(&old);
	drop(&pkt);
}

static void test_bit_flips(void **state)
{
	for_all(2, run_bit_flips);
}

static void run_bit_flips_rtcp(struct pair *p)
{
	struct packet old = protect_rtcp(p, 28, 0x1234), pkt = protect_rtcp(p, 28, 0x1234);

	assert_int_equal(unprotect_rtcp(p, &old, NULL), 0);
	for (size_t bit = 0; bit < pkt.len * 8; bit++) {
		pkt.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		int err = unprotect_rtcp(p, &pkt, NULL);
		pkt.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 >= 8 && bit / 8 < 28)
			assert_int_equal(err, EBADMSG);
		else /* version, E and index */
			assert_true(err == EBADMSG || err == EINVAL || err == EALREADY);
	}
	assert_int_equal(unprotect_rtcp(p, &pkt, NULL), 0);
	drop(&old);
	drop(&pkt);
}

static void test_bit_flips_rtcp(void **state)
{
	for_all(2, run_bit_flips_rtcp);
}

static void run_truncation(struct pair *p)
{
	struct shape s = {.seq = 700, .ssrc = 0x1234, .csrcs = 2, .ext_words = 3, .payload = 40};
	struct packet pkt = protect(p, &s, 0), rtcp = protect_rtcp(p, 40, 0x1234);
	size_t len = pkt.len, rtcp_len = rtcp.len;

	for (pkt.len = 1; pkt.len < len; pkt.len++)
		assert_int_equal(unprotect(p, &pkt, NULL),
			pkt.len < pkt.hdr_len + p->in->tag_len ? EINVAL : EBADMSG);
	for (rtcp.len = 1; rtcp.len < rtcp_len; rtcp.len++) {
		int err = unprotect_rtcp(p, &rtcp, NULL);
		if (rtcp.len < 8u + p->in->tag_len + 4)
			assert_int_equal(err, EINVAL);
		else /* what stands where the E bit should */
			assert_true(err == EBADMSG || err == EINVAL);
	}
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	assert_int_equal(unprotect_rtcp(p, &rtcp, NULL), 0);
	drop(&pkt);
	drop(&rtcp);
}

static void test_truncation(void **state)
{
	for_all(2, run_truncation);
}

/* A header whose length is not what the caller says, or that does not fit. */
static void run_header(struct pair *p)
{
	struct shape s = {.seq = 700, .ssrc = 0x1234, .csrcs = 2, .ext_words = 3, .payload = 40};
	struct packet pkt = protect(p, &s, 0);
	size_t good = pkt.hdr_len;

	for (pkt.hdr_len = 0; pkt.hdr_len <= pkt.len + 4; pkt.hdr_len++)
		if (pkt.hdr_len != good)
			assert_int_equal(unprotect(p, &pkt, NULL), EINVAL);
	pkt.hdr_len = good;

	uint8_t words = pkt.data[23]; /* extension length, low byte */
	for (unsigned n = 0; n < 256; n++) {
		pkt.data[23] = (uint8_t)n;
		size_t hdr_len = pkt.hdr_len = 24 + 4 * n;
		if (n != words)
			assert_int_equal(unprotect(p, &pkt, NULL),
				hdr_len + p->in->tag_len <= pkt.len ? EBADMSG : EINVAL);
	}
	pkt.data[23] = words;
	pkt.hdr_len = good;
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	drop(&pkt);
}

static void test_header(void **state)
{
	for_all(2, run_header);
}

/* With E clear nothing would be encrypted. */
static void run_clear_rtcp(struct pair *p)
{
	struct packet pkt = protect_rtcp(p, 40, 1);
	size_t at = pkt.len - 4 - (dp_srtp_profile(p->in->profile)->aead ? 0 : p->in->tag_len);

	assert_int_equal(pkt.data[at] & 0x80, 0x80);
	pkt.data[at] &= 0x7f;
	assert_int_equal(unprotect_rtcp(p, &pkt, NULL), EINVAL);
	drop(&pkt);
}

static void test_clear_rtcp(void **state)
{
	for_all(2, run_clear_rtcp);
}

/* Forged packets of new SSRCs take no place; authentic ones do, up to the limit. */
static void run_ssrc_limit(struct pair *p)
{
	struct shape s = {.seq = 1, .payload = 20};

	for (s.ssrc = 1; s.ssrc <= 200; s.ssrc++) {
		struct packet pkt = protect(p, &s, 0);
		pkt.data[pkt.len - 1] ^= 1;
		assert_int_equal(unprotect(p, &pkt, NULL), EBADMSG);
		drop(&pkt);
	}
	for (s.ssrc = 1; s.ssrc <= 5; s.ssrc++) {
		struct packet pkt = protect(p, &s, 0);
		assert_int_equal(unprotect(p, &pkt, NULL), s.ssrc <= 3 ? 0 : ENOSPC);
		drop(&pkt);
	}
	/* those that have a place keep it */
	s.seq = 2;
	for (s.ssrc = 1; s.ssrc <= 3; s.ssrc++) {
		struct packet pkt = protect(p, &s, 0);
		assert_int_equal(unprotect(p, &pkt, NULL), 0);
		drop(&pkt);
	}
}

static void test_ssrc_limit(void **state)
{
	for_all(3, run_ssrc_limit);
}

static void run_ssrc_limit_rtcp(struct pair *p)
{
	for (uint32_t ssrc = 1; ssrc <= 200; ssrc++) {
		struct packet pkt = protect_rtcp(p, 32, ssrc);
		pkt.data[20] ^= 1;
		assert_int_equal(unprotect_rtcp(p, &pkt, NULL), EBADMSG);
		drop(&pkt);
	}
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t ssrc = 1; ssrc <= 5; ssrc++) {
			struct packet pkt = protect_rtcp(p, 32, ssrc);
			assert_int_equal(unprotect_rtcp(p, &pkt, NULL), ssrc <= 3 ? 0 : ENOSPC);
			drop(&pkt);
		}
	/* RTP has places of its own */
	struct shape s = {.seq = 1, .ssrc = 9, .payload = 20};
	struct packet pkt = protect(p, &s, 0);
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	drop(&pkt);
}

static void test_ssrc_limit_rtcp(void **state)
{
	for_all(3, run_ssrc_limit_rtcp);
}

static struct dp_srtp_window *below(const void *arg, uint32_t ssrc)
{
	static struct dp_srtp_window window;

	return ssrc < *(const uint32_t *)arg ? &window : NULL;
}

/* One packet of each of ssrc[from..to), kept at `pkt`; all are taken. */
static void one_of_each(struct pair *p, struct packet *pkt, uint32_t from, uint32_t to, bool rtcp)
{
	for (struct shape s = {.seq = 1, .ssrc = from, .payload = 20}; s.ssrc < to; s.ssrc++) {
		pkt[s.ssrc] = rtcp ? protect_rtcp(p, 32, s.ssrc) : protect(p, &s, 0);
		assert_int_equal(rtcp ? unprotect_rtcp(p, &pkt[s.ssrc], NULL)
				      : unprotect(p, &pkt[s.ssrc], NULL),
			0);
	}
}

/*
 * A sender that starts again under ever new SSRCs is not refused: they take the places of those
 * that are not in use. A forged packet takes none. What is in use is never forgotten.
 */
static void replaces(struct pair *p, bool rtcp)
{
	enum { LAST = 60 };
	int (*const take)(struct pair *, const struct packet *, struct packet *) =
		rtcp ? unprotect_rtcp : unprotect;
	struct packet pkt[LAST];
	uint32_t used = 3;

	dp_srtp_keep(p->in_engine, p->in, below, &used);
	one_of_each(p, pkt, 1, 5, rtcp);
	for (struct shape s = {.seq = 1, .ssrc = 100, .payload = 20}; s.ssrc < 200; s.ssrc++) {
		struct packet forged = rtcp ? protect_rtcp(p, 32, s.ssrc) : protect(p, &s, 0);
		forged.data[forged.len - (rtcp ? 16 : 1)] ^= 1;
		assert_int_equal(take(p, &forged, NULL), EBADMSG);
		drop(&forged);
	}
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(take(p, &pkt[i], NULL), EALREADY);

	one_of_each(p, pkt, 5, LAST, rtcp);
	for (unsigned i = 1; i < used; i++)
		assert_int_equal(take(p, &pkt[i], NULL), EALREADY);
	for (unsigned i = LAST - 2; i < LAST; i++)
		assert_int_equal(take(p, &pkt[i], NULL), EALREADY);
	/* of the others nothing is known any more, as dp_srtp_keep() says */
	assert_int_equal(take(p, &pkt[3], NULL), 0);
	assert_int_equal(take(p, &pkt[3], NULL), EALREADY);
	used = UINT32_MAX;
	assert_int_equal(take(p, &pkt[4], NULL), ENOSPC);
	for (unsigned i = 1; i < LAST; i++)
		drop(&pkt[i]);
}

static void run_replaced(struct pair *p)
{
	/* RTP's places and SRTCP's are not the same ones, and neither forgets for the other */
	struct packet other = protect_rtcp(p, 32, 4);

	assert_int_equal(unprotect_rtcp(p, &other, NULL), 0);
	replaces(p, false);
	assert_int_equal(unprotect_rtcp(p, &other, NULL), EALREADY);
	drop(&other);
}

static void run_replaced_rtcp(struct pair *p)
{
	struct shape s = {.seq = 1, .ssrc = 4, .payload = 20};
	struct packet other = protect(p, &s, 0);

	assert_int_equal(unprotect(p, &other, NULL), 0);
	replaces(p, true);
	assert_int_equal(unprotect(p, &other, NULL), EALREADY);
	drop(&other);
}

static void test_replaced(void **state)
{
	for_all(4, run_replaced);
	for_all(4, run_replaced_rtcp);
}

/* Forged sequence numbers far ahead must not move the estimate of the ROC. */
static void run_forged_jump(struct pair *p)
{
	struct shape s = {.seq = 65530, .ssrc = 1, .payload = 20};
	struct packet pkt = protect(p, &s, 0);
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	drop(&pkt);

	pkt = protect(p, &s, 0);
	for (unsigned seq = 0; seq < 65536; seq += 257) {
		pkt.data[2] = (uint8_t)(seq >> 8);
		pkt.data[3] = (uint8_t)seq;
		int err = unprotect(p, &pkt, NULL);
		assert_true(err == EBADMSG || err == EALREADY);
	}
	drop(&pkt);
	s.seq = 65535;
	pkt = protect(p, &s, 0);
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	drop(&pkt);
	s.seq = 0;
	pkt = protect(p, &s, 1);
	assert_int_equal(unprotect(p, &pkt, NULL), 0);
	drop(&pkt);
}

static void test_forged_jump(void **state)
{
	for_all(1, run_forged_jump);
}

/* Keys of another session, and RTP handed over as RTCP. */
static void run_wrong_key(struct pair *p)
{
	struct shape s = {.seq = 1, .ssrc = 1, .payload = 60};
	struct packet pkt = protect(p, &s, 0), rtcp = protect_rtcp(p, 60, 1);
	struct dp_srtp_session *right = p->in;

	p->in = open_session(p->in_engine, DP_SRTP_IN, right->profile, 2, 4);
	assert_int_equal(unprotect(p, &pkt, NULL), EBADMSG);
	assert_int_equal(unprotect_rtcp(p, &rtcp, NULL), EBADMSG);
	close_session(p->in_engine, p->in);
	p->in = right;
	int err = unprotect_rtcp(p, &pkt, NULL);
	assert_true(err == EBADMSG || err == EINVAL);
	rtcp.hdr_len = 12;
	assert_int_equal(unprotect(p, &rtcp, NULL), EBADMSG);
	drop(&pkt);
	drop(&rtcp);
}

static void test_wrong_key(void **state)
{
	for_all(4, run_wrong_key);
}

static bool resembles(struct pair *p, const struct packet *pkt, bool rtcp)
{
	return dp_srtp_resembles(p->in_engine, p->in, pkt->data, pkt->len, rtcp);
}

/* What looks like the peer's before it is authenticated: an SSRC that was authentic, or is kept. */
static void run_resembles(struct pair *p)
{
	struct shape s = {.seq = 1, .ssrc = 7, .payload = 20};
	uint32_t used = 3;
	struct packet first = protect(p, &s, 0), rtcp = protect_rtcp(p, 32, 7), kept, later;

	dp_srtp_keep(p->in_engine, p->in, below, &used);
	s.ssrc = 2;
	kept = protect(p, &s, 0);
	assert_true(resembles(p, &kept, false));
	assert_false(resembles(p, &first, false));
	assert_false(resembles(p, &rtcp, true));
	assert_int_equal(unprotect(p, &first, NULL), 0);
	assert_true(resembles(p, &first, false));
	assert_false(resembles(p, &rtcp, true));
	assert_int_equal(unprotect_rtcp(p, &rtcp, NULL), 0);
	later = protect_rtcp(p, 32, 7);
	assert_true(resembles(p, &later, true));
	for (later.len = 0; later.len < 8u + p->in->tag_len + 4; later.len++)
		assert_true(resembles(p, &later, true));
	for (first.len = 0; first.len < 12; first.len++)
		assert_true(resembles(p, &first, false));
	drop(&first);
	drop(&kept);
	drop(&rtcp);
	drop(&later);
}

static void test_resembles(void **state)
{
	for_all(3, run_resembles);
}

/* ipsec-mb knows the SRTCP index, too: one far ahead is none of the peer's. */
static void test_resembles_index(void **state)
{
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		skip();
	for (unsigned i = 0; i < 3; i++) {
		struct pair p;
		struct packet pkt;

		pair_open(&p, ipsec_mb, ipsec_mb, profiles[i], 1);
		pkt = protect_rtcp(&p, 32, 7);
		assert_int_equal(unprotect_rtcp(&p, &pkt, NULL), 0);
		uint8_t *index =
			pkt.data + pkt.len - 4 - (dp_srtp_profile(profiles[i])->aead ? 0 : p.in->tag_len);
		index[2] = 4; /* 1024 */
		assert_true(resembles(&p, &pkt, true));
		index[3]++;
		assert_false(resembles(&p, &pkt, true));
		drop(&pkt);
		pair_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_replay_rtcp),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_bit_flips_rtcp),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_clear_rtcp),
		cmocka_unit_test(test_ssrc_limit),
		cmocka_unit_test(test_ssrc_limit_rtcp),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_forged_jump),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_resembles),
		cmocka_unit_test(test_resembles_index),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
