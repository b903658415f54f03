/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors: key derivation, keystream, whole packets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/ipsec_mb.h"
#include "dataplane/srtp/kdf.h"
#include "tests/unit/srtp/help.h"

struct kdf_vector {
	const char *key, *salt;
	const char *cipher, *auth, *session_salt;
};

static void check_kdf(const struct kdf_vector *v)
{
	uint8_t key[32], salt[14], want[32], got[32];
	size_t key_len = unhex(key, v->key), salt_len = unhex(salt, v->salt);
	const struct {
		enum dp_kdf_label label;
		const char *want;
	} part[] = {
		{DP_KDF_RTP_KEY, v->cipher},
		{DP_KDF_RTP_AUTH, v->auth},
		{DP_KDF_RTP_SALT, v->session_salt},
	};

	for (unsigned i = 0; i < 3; i++) {
		size_t n = unhex(want, part[i].want);
		assert_int_equal(dp_srtp_kdf(key, key_len, salt, salt_len, part[i].label, got, n), 0);
		assert_memory_equal(got, want, n);
	}
}

/* RFC 3711, B.3 */
static void test_kdf_128(void **state)
{
	static const struct kdf_vector v = {
		"e1f97a0d3e018be0d64fa32c06de4139",
		"0ec675ad498afeebb6960b3aabe6",
		"c61e7a93744f39ee10734afe3ff7a087",
		"cebe321f6ff7716b6fd4ab49af256a156d38baa4",
		"30cbbc08863d8c85d49db34a9ae1",
	};
	check_kdf(&v);
}

/* RFC 6188, 7.2 */
static void test_kdf_256(void **state)
{
	static const struct kdf_vector v = {
		"f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
		"3b04803de51ee7c96423ab5b78d2",
		"5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
		"fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
		"fa31791685ca444a9e07c6c64e93",
	};
	check_kdf(&v);
}

static void test_kdf_refuses(void **state)
{
	uint8_t key[32] = {0}, salt[14] = {0}, out[64];
	assert_int_not_equal(dp_srtp_kdf(key, 24, salt, 14, DP_KDF_RTP_KEY, out, 16), 0);
	assert_int_not_equal(dp_srtp_kdf(key, 16, salt, 15, DP_KDF_RTP_KEY, out, 16), 0);
	assert_int_not_equal(dp_srtp_kdf(key, 16, salt, 14, DP_KDF_RTP_KEY, out, 33), 0);
}

/* Sessions that start from session keys, the same for RTP and RTCP. */
struct raw {
	struct dp_srtp_engine *engine;
	struct dp_srtp_session *out, *in;
};

static struct dp_srtp_session *raw_session(struct dp_srtp_engine *e, enum dp_srtp_dir dir,
	const struct dp_srtp_derived *d)
{
	struct dp_srtp_session *s = aligned_alloc(64, dp_srtp_session_size(e, dir));
	assert_non_null(s);
	assert_true(dp_srtp_session_init(e, s, dir, d->profile));
	dp_mb_open((struct dp_mb_engine *)e, (struct dp_mb_session *)s, d);
	if (dir == DP_SRTP_IN) {
		dp_ssrc_begin(&((struct dp_mb_in *)s)->in.rtp, 1);
		dp_ssrc_begin(&((struct dp_mb_in *)s)->in.rtcp, 1);
	}
	return s;
}

static const struct engine *under_test;

static bool raw_open(struct raw *r, uint16_t profile, const char *key, const char *salt)
{
	if (!under_test->mb)
		return false;
	struct dp_srtp_derived d = {.profile = profile};
	unhex(d.rtp.key, key);
	unhex(d.rtp.salt, salt);
	d.rtcp = d.rtp;
	r->engine = under_test->make();
	assert_non_null(r->engine);
	r->out = raw_session(r->engine, DP_SRTP_OUT, &d);
	r->in = raw_session(r->engine, DP_SRTP_IN, &d);
	return true;
}

static void raw_close(struct raw *r)
{
	close_session(r->engine, r->out);
	close_session(r->engine, r->in);
	dp_srtp_engine_free(r->engine);
}

#define KEY_128 "000102030405060708090a0b0c0d0e0f"
#define KEY_256 KEY_128 "101112131415161718191a1b1c1d1e1f"
#define SALT    "517569642070726f2071756f"

static void check_rtp(struct raw *r, const char *plain_hex, const char *want_hex)
{
	uint8_t plain[256], want[256], got[256];
	size_t plain_len = unhex(plain, plain_hex), want_len = unhex(want, want_hex);

	memcpy(got, plain, 12);
	struct dp_srtp_job job = {.session = r->out,
		.dst = got,
		.payload = plain + 12,
		.hdr_len = 12,
		.payload_len = (uint16_t)(plain_len - 12)};
	dp_srtp_protect_rtp(r->engine, &job, 1);
	assert_int_equal(job.out_len, want_len);
	assert_memory_equal(got, want, want_len);

	size_t len = want_len;
	assert_int_equal(dp_srtp_unprotect_rtp(r->engine, r->in, want, &len, 12), 0);
	assert_int_equal(len, plain_len);
	assert_memory_equal(want, plain, plain_len);
}

/* RFC 7714, 16.1 and 16.2 */
static void test_gcm_rtp(void **state)
{
	static const char plain[] = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e6973206469766973"
				    "6120696e207061727465732074726573";
	struct raw r;

	if (!raw_open(&r, SH_SRTP_AEAD_AES_128_GCM, KEY_128, SALT))
		skip();
	check_rtp(&r, plain,
		"8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de"
		"3adf"
		"8833899d7f27beb16a9152cf765ee4390cce");
	raw_close(&r);
	raw_open(&r, SH_SRTP_AEAD_AES_256_GCM, KEY_256, SALT);
	check_rtp(&r, plain,
		"8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba6"
		"3799"
		"b87b7aa3db36dfffd6b0f9bb7878d7a76c13");
	raw_close(&r);
}

static void check_rtcp(struct raw *r, const char *plain_hex, uint32_t index, const char *want_hex)
{
	uint8_t plain[256], want[256], got[256];
	size_t plain_len = unhex(plain, plain_hex), want_len = unhex(want, want_hex), len = plain_len;

	memcpy(got, plain, plain_len);
	((struct dp_mb_session *)r->out)->rtcp_index = index;
	assert_int_equal(dp_srtp_protect_rtcp(r->engine, r->out, got, &len, sizeof(got)), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, want_len);

	assert_int_equal(dp_srtp_unprotect_rtcp(r->engine, r->in, want, &len), 0);
	assert_int_equal(len, plain_len);
	assert_memory_equal(want, plain, plain_len);
}

static const char mars[] =
	"81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdead"
	"beefdeadbeefdeadbeef";

/* RFC 7714, 17.1 and 17.2 */
static void test_gcm_rtcp(void **state)
{
	struct raw r;

	if (!raw_open(&r, SH_SRTP_AEAD_AES_128_GCM, KEY_128, SALT))
		skip();
	check_rtcp(&r, mars, 0x5d4,
		"81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b468630"
		"3ded"
		"0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4");
	raw_close(&r);
	raw_open(&r, SH_SRTP_AEAD_AES_256_GCM, KEY_256, SALT);
	check_rtcp(&r, mars, 0x5d4,
		"81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61d"
		"e047"
		"6f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4");
	raw_close(&r);
}

/* RFC 7714, 17.3: authenticated but not encrypted. We want it encrypted. */
static void test_gcm_rtcp_clear(void **state)
{
	struct raw r;
	uint8_t pkt[256];

	if (!raw_open(&r, SH_SRTP_AEAD_AES_128_GCM, KEY_128, SALT))
		skip();
	size_t len = unhex(pkt, "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdead"
				"beefdeadbeefdeadbeef"
				"deadbeef841dd9683dd78ec92ae58790125f62b3000005d4");
	assert_int_equal(dp_srtp_unprotect_rtcp(r.engine, r.in, pkt, &len), EINVAL);
	raw_close(&r);
}

/* RFC 3711, B.2: the keystream of SSRC 0, ROC 0, SEQ 0. */
static void test_cm_keystream(void **state)
{
	uint8_t pkt[12 + 48 + 16] = {0x80}, zero[48] = {0}, want[48];
	struct raw r;

	if (!raw_open(&r, SH_SRTP_AES128_CM_SHA1_80, "2b7e151628aed2a6abf7158809cf4f3c",
		    "f0f1f2f3f4f5f6f7f8f9fafbfcfd"))
		skip();
	unhex(want, "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
		    "41e95b3bb0a2e8dd477901e4fca894c0");
	struct dp_srtp_job job = {
		.session = r.out, .dst = pkt, .payload = zero, .hdr_len = 12, .payload_len = sizeof(zero)};
	dp_srtp_protect_rtp(r.engine, &job, 1);
	assert_int_equal(job.out_len, 12 + 48 + 10);
	assert_memory_equal(pkt + 12, want, sizeof(want));
	raw_close(&r);
}

/* The packets libsrtp's own tests carry for AES_CM_128_HMAC_SHA1_80 with the keys of RFC 3711, B.3. */
static void test_cm_packets(void **state)
{
	struct dp_srtp_keys keys = {.profile = SH_SRTP_AES128_CM_SHA1_80};
	unhex(keys.key, "e1f97a0d3e018be0d64fa32c06de4139");
	unhex(keys.salt, "0ec675ad498afeebb6960b3aabe6");
	struct dp_srtp_engine *e = under_test->make();
	struct dp_srtp_session *s = aligned_alloc(64, dp_srtp_session_size(e, DP_SRTP_IN));
	uint8_t pkt[128], want[16];

	assert_non_null(s);
	memset(want, 0xab, sizeof(want));
	assert_int_equal(dp_srtp_open(e, s, DP_SRTP_IN, &keys, 4), 0);

	size_t len =
		unhex(pkt, "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
	assert_int_equal(dp_srtp_unprotect_rtp(e, s, pkt, &len, 12), 0);
	assert_int_equal(len, 28);
	assert_memory_equal(pkt + 12, want, 16);

	len = unhex(pkt, "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");
	assert_int_equal(dp_srtp_unprotect_rtcp(e, s, pkt, &len), 0);
	assert_int_equal(len, 24);
	assert_memory_equal(pkt + 8, want, 16);
	close_session(e, s);
	dp_srtp_engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kdf_128),
		cmocka_unit_test(test_kdf_256),
		cmocka_unit_test(test_kdf_refuses),
		cmocka_unit_test(test_gcm_rtp),
		cmocka_unit_test(test_gcm_rtcp),
		cmocka_unit_test(test_gcm_rtcp_clear),
		cmocka_unit_test(test_cm_keystream),
		cmocka_unit_test(test_cm_packets),
	};
	const struct engine *e[ENGINES];
	unsigned n = engines(e);
	int failed = 0;

	for (unsigned i = 0; i < n; i++) {
		under_test = e[i];
		failed += cmocka_run_group_tests_name(under_test->name, tests, NULL, NULL);
	}
	return failed;
}
