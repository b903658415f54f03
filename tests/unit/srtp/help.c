/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/ipsec_mb.h"
#include "shared/bytes.h"
#include "tests/unit/srtp/help.h"

const uint16_t profiles[3] = {
	SH_SRTP_AEAD_AES_128_GCM,
	SH_SRTP_AEAD_AES_256_GCM,
	SH_SRTP_AES128_CM_SHA1_80,
};

static struct dp_srtp_engine *make_libsrtp2(void)
{
	return dp_srtp_engine_new(DP_SRTP_LIBSRTP2);
}

static struct dp_srtp_engine *make_best(void)
{
	return dp_srtp_engine_new(DP_SRTP_IPSEC_MB);
}

static struct dp_srtp_engine *make_sse(void)
{
	return dp_mb_new(init_mb_mgr_sse, 0, false);
}

static struct dp_srtp_engine *make_sse_without_sha(void)
{
	return dp_mb_new(init_mb_mgr_sse, IMB_FLAG_SHANI_OFF, false);
}

#if DP_MB_HAS_AVX
static struct dp_srtp_engine *make_avx(void)
{
	return dp_mb_new(init_mb_mgr_avx, 0, false);
}
#endif

static struct dp_srtp_engine *make_avx2(void)
{
	return dp_mb_new(init_mb_mgr_avx2, 0, false);
}

static struct dp_srtp_engine *make_avx2_without_sha(void)
{
	return dp_mb_new(init_mb_mgr_avx2, IMB_FLAG_SHANI_OFF, false);
}

/* with AES-GCM of our own */
static struct dp_srtp_engine *make_vaes(void)
{
	return dp_mb_new(init_mb_mgr_avx2, 0, true);
}

static struct dp_srtp_engine *make_avx512(void)
{
	return dp_mb_new(init_mb_mgr_avx512, 0, false);
}

static struct dp_srtp_engine *make_avx512_own(void)
{
	return dp_mb_new(init_mb_mgr_avx512, 0, true);
}

/* ipsec-mb uses VAES with AVX-512 only if the CPU has GFNI too. */
static struct dp_srtp_engine *make_avx512_without_vaes(void)
{
	return dp_mb_new(init_mb_mgr_avx512, IMB_FLAG_GFNI_OFF, false);
}

static const struct engine known[] = {
	{"libsrtp2", make_libsrtp2, "portable", false, 0},
	{"ipsec-mb", make_best, NULL, true, 0},
	{"ipsec-mb SSE", make_sse, "SSE", true, IMB_CPUFLAGS_SSE_T2},
	{"ipsec-mb SSE without SHA-NI", make_sse_without_sha, "SSE", true, IMB_CPUFLAGS_SSE},
#if DP_MB_HAS_AVX
	{"ipsec-mb AVX", make_avx, "AVX", true, IMB_CPUFLAGS_AVX},
#endif
	{"ipsec-mb AVX2", make_avx2, "AVX2", true, IMB_CPUFLAGS_AVX2},
	{"ipsec-mb AVX2 without SHA-NI", make_avx2_without_sha, "AVX2", true, IMB_CPUFLAGS_AVX2},
	{"ipsec-mb AVX2 and own GCM", make_vaes, "AVX2, own GCM by VAES", true,
		IMB_CPUFLAGS_AVX2 | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ},
	{"ipsec-mb AVX-512 without VAES", make_avx512_without_vaes, "AVX-512", true, IMB_CPUFLAGS_AVX512},
	{"ipsec-mb AVX-512", make_avx512, "AVX-512, GCM by VAES", true, IMB_CPUFLAGS_AVX512_T2},
	{"ipsec-mb AVX-512 and own GCM", make_avx512_own, "AVX-512, own GCM by VAES", true,
		IMB_CPUFLAGS_AVX512_T2},
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };
const struct engine *const libsrtp2 = &known[0], *const ipsec_mb = &known[1];

static bool runs(const struct engine *k)
{
	IMB_MGR *asked;
	bool has;

	if (!k->mb)
		return true;
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		return false;
	asked = alloc_mb_mgr(0);
	assert_non_null(asked);
	has = (asked->features & k->needs) == k->needs;
	free_mb_mgr(asked);
	return has;
}

/* What is called so runs that code and no other. */
static void check_code(const struct engine *k)
{
	struct dp_srtp_engine *e = k->make();

	assert_non_null(e);
	if (k->code)
		assert_string_equal(dp_srtp_engine_code(e), k->code);
	dp_srtp_engine_free(e);
}

unsigned engines(const struct engine *out[ENGINES])
{
	static bool asked, can[KNOWN];
	unsigned n = 0;

	for (unsigned i = 0; i < KNOWN && !asked; i++) {
		can[i] = runs(&known[i]);
		print_message("%s: %s\n", known[i].name, can[i] ? "tested" : "NOT TESTED, this CPU lacks it");
		if (can[i])
			check_code(&known[i]);
	}
	asked = true;
	for (unsigned i = 0; i < KNOWN; i++)
		if (can[i])
			out[n++] = &known[i];
	return n;
}

void make_keys(struct dp_srtp_keys *keys, uint16_t profile, unsigned seed)
{
	memset(keys, 0, sizeof(*keys));
	keys->profile = profile;
	for (unsigned i = 0; i < sizeof(keys->key); i++)
		keys->key[i] = (uint8_t)(seed * 17 + i * 7 + 1);
	for (unsigned i = 0; i < sizeof(keys->salt); i++)
		keys->salt[i] = (uint8_t)(seed * 29 + i * 11 + 3);
}

struct dp_srtp_session *open_session(struct dp_srtp_engine *e, enum dp_srtp_dir dir, uint16_t profile,
	unsigned seed, unsigned limit)
{
	size_t size = dp_srtp_session_size(e, dir);
	assert_int_equal(size % 64, 0);
	struct dp_srtp_session *s = aligned_alloc(64, size);
	assert_non_null(s);
	memset(s, 0xa5, size); /* what an open must not depend on */

	struct dp_srtp_keys keys;
	make_keys(&keys, profile, seed);
	assert_int_equal(dp_srtp_open(e, s, dir, &keys, limit), 0);
	return s;
}

void close_session(struct dp_srtp_engine *e, struct dp_srtp_session *s)
{
	dp_srtp_close(e, s);
	free(s);
}

void pair_open(struct pair *p, const struct engine *from, const struct engine *to, uint16_t profile,
	unsigned limit)
{
	p->out_engine = from->make();
	p->in_engine = to->make();
	assert_non_null(p->out_engine);
	assert_non_null(p->in_engine);
	p->out = open_session(p->out_engine, DP_SRTP_OUT, profile, 1, 0);
	p->in = open_session(p->in_engine, DP_SRTP_IN, profile, 1, limit);
}

void pair_close(struct pair *p)
{
	close_session(p->out_engine, p->out);
	close_session(p->in_engine, p->in);
	dp_srtp_engine_free(p->out_engine);
	dp_srtp_engine_free(p->in_engine);
}

static struct dp_srtp_window *the_one(const void *arg, uint32_t ssrc)
{
	return (struct dp_srtp_window *)(uintptr_t)arg;
}

void keep_all(struct pair *p, struct dp_srtp_window *window)
{
	memset(window, 0, sizeof(*window));
	dp_srtp_keep(p->in_engine, p->in, the_one, window);
}

void for_all(unsigned limit, void (*run)(struct pair *p))
{
	const struct engine *e[ENGINES];
	unsigned n = engines(e);

	for (unsigned i = 0; i < n * n * 3; i++) {
		const struct engine *from = e[i / 3 / n], *to = e[i / 3 % n];
		struct pair p;

		if (from != to && from != libsrtp2 && to != libsrtp2)
			continue;
		pair_open(&p, from, to, profiles[i % 3], limit);
		run(&p);
		pair_close(&p);
	}
}

size_t make_rtp(uint8_t *pkt, const struct shape *s)
{
	size_t hdr_len = 12 + 4 * s->csrcs + (s->ext_words ? 4 + 4 * s->ext_words : 0);

	for (size_t i = 0; i < hdr_len + s->payload; i++)
		pkt[i] = (uint8_t)(i * 13 + s->seq);
	pkt[0] = (uint8_t)(0x80 | (s->ext_words ? 0x10 : 0) | s->csrcs);
	pkt[1] = 96;
	pkt[2] = (uint8_t)(s->seq >> 8);
	pkt[3] = (uint8_t)s->seq;
	sh_put_be32(pkt + 8, s->ssrc);
	if (s->ext_words)
		sh_put_be32(pkt + 12 + 4 * s->csrcs, 0xbede0000u | s->ext_words);
	return hdr_len;
}

void make_rtcp(uint8_t *pkt, size_t len, uint32_t ssrc)
{
	for (size_t i = 0; i < len; i++)
		pkt[i] = (uint8_t)(i * 5);
	pkt[0] = 0x80;
	pkt[1] = 201;
	pkt[2] = (uint8_t)((len / 4 - 1) >> 8);
	pkt[3] = (uint8_t)(len / 4 - 1);
	sh_put_be32(pkt + 4, ssrc);
}

static struct packet exact(const uint8_t *data, size_t len, size_t hdr_len)
{
	struct packet p = {malloc(len), len, hdr_len};
	assert_non_null(p.data);
	memcpy(p.data, data, len);
	return p;
}

struct packet protect(struct pair *p, const struct shape *s, uint32_t roc)
{
	uint8_t buf[ROOM];
	size_t hdr_len = make_rtp(buf, s);
	struct dp_srtp_job job = {
		.session = p->out,
		.dst = buf,
		.payload = buf + hdr_len,
		.hdr_len = (uint16_t)hdr_len,
		.payload_len = (uint16_t)s->payload,
		.roc = roc,
	};

	dp_srtp_protect_rtp(p->out_engine, &job, 1);
	assert_int_equal(job.out_len, hdr_len + s->payload + p->out->tag_len);
	return exact(buf, job.out_len, hdr_len);
}

struct packet protect_rtcp(struct pair *p, size_t len, uint32_t ssrc)
{
	uint8_t buf[ROOM];
	size_t n = len;

	make_rtcp(buf, len, ssrc);
	assert_int_equal(dp_srtp_protect_rtcp(p->out_engine, p->out, buf, &n, len + p->out->tag_len + 4), 0);
	assert_int_equal(n, len + p->out->tag_len + 4);
	return exact(buf, n, 8);
}

int unprotect(struct pair *p, const struct packet *pkt, struct packet *out)
{
	struct packet copy = exact(pkt->data, pkt->len, pkt->hdr_len);
	int err = dp_srtp_unprotect_rtp(p->in_engine, p->in, copy.data, &copy.len, copy.hdr_len);

	if (err != 0)
		assert_int_equal(copy.len, pkt->len);
	if (out)
		*out = copy;
	else
		drop(&copy);
	return err;
}

int unprotect_rtcp(struct pair *p, const struct packet *pkt, struct packet *out)
{
	struct packet copy = exact(pkt->data, pkt->len, pkt->hdr_len);
	int err = dp_srtp_unprotect_rtcp(p->in_engine, p->in, copy.data, &copy.len);

	if (err != 0)
		assert_int_equal(copy.len, pkt->len);
	if (out)
		*out = copy;
	else
		drop(&copy);
	return err;
}

void drop(struct packet *p)
{
	free(p->data);
	p->data = NULL;
}

size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = 0;
	for (unsigned v; sscanf(hex, "%2x", &v) == 1; hex += 2)
		out[n++] = (uint8_t)v;
	return n;
}
