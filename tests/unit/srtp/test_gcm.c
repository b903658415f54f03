/* SPDX-License-Identifier: Apache-2.0 */
/* AES-GCM of our own against OpenSSL's, at every length, between pages that cannot be touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "dataplane/srtp/gcm_avx512.h"
#include "dataplane/srtp/gcm_vaes.h"
#include "dataplane/srtp/ipsec_mb.h"

enum { PAGE = 4096, ROOM = 17 * PAGE, TAG = 16 };

static IMB_MGR *mgr;
static EVP_CIPHER_CTX *evp;
static uint8_t *packet, *payload; /* ROOM bytes each, alone between pages without access */
static uint32_t seed = 1;

typedef void seal_fn(const struct dp_gcm_key *key, unsigned rounds, uint8_t *pkt, size_t hdr_len,
	const uint8_t *from, size_t len, const uint8_t iv[16]);

static seal_fn *seal; /* the code that is tested */

/* A batch of one packet. */
static void seal_alone(const struct dp_gcm_key *key, unsigned rounds, uint8_t *pkt, size_t hdr_len,
	const uint8_t *from, size_t len, const uint8_t iv[16])
{
	struct dp_gcm_packet p = {.key = key,
		.pkt = pkt,
		.payload = from,
		.iv = iv,
		.rounds = (uint16_t)rounds,
		.hdr_len = (uint16_t)hdr_len,
		.len = (uint16_t)len};

	dp_gcm_avx512_seal(&p, NULL);
	dp_gcm_avx512_seal(NULL, &p);
}

static uint8_t any(void)
{
	seed = seed * 1664525 + 1013904223;
	return (uint8_t)(seed >> 24);
}

static void fill(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = any();
}

static uint8_t *alone(void)
{
	uint8_t *all = mmap(NULL, ROOM + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(all != MAP_FAILED);
	assert_int_equal(mprotect(all + PAGE, ROOM, PROT_READ | PROT_WRITE), 0);
	return all + PAGE;
}

static void expand(struct dp_gcm_key *key, unsigned rounds, const uint8_t *bytes)
{
	uint8_t unused[15 * 16] __attribute__((aligned(16)));

	if (rounds == DP_GCM_AES128_ROUNDS)
		IMB_AES_KEYEXP_128(mgr, bytes, key->round, unused);
	else
		IMB_AES_KEYEXP_256(mgr, bytes, key->round, unused);
	dp_gcm_hash_key(key, rounds);
}

static void openssl_seal(unsigned rounds, const uint8_t *key, const uint8_t *iv, const uint8_t *header,
	size_t hdr_len, const uint8_t *plain, size_t len, uint8_t *out)
{
	const EVP_CIPHER *cipher = rounds == DP_GCM_AES128_ROUNDS ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	int n;

	assert_int_equal(EVP_EncryptInit_ex(evp, cipher, NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(evp, NULL, &n, header, (int)hdr_len), 1);
	assert_int_equal(EVP_EncryptUpdate(evp, out, &n, plain, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(evp, out + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TAG, out + len), 1);
}

enum place { AT_START, AT_END, IN_PLACE };

/* One packet of random content under a random key, its bytes against the pages' ends. */
static void compare(unsigned rounds, size_t hdr_len, size_t len, enum place place)
{
	static uint8_t want[ROOM], header[ROOM], plain[ROOM];
	struct dp_gcm_key key;
	uint8_t bytes[32], iv[16];
	size_t all = hdr_len + len + TAG;
	uint8_t *pkt = place == AT_START ? packet : packet + ROOM - all;
	uint8_t *from = place == IN_PLACE ? pkt + hdr_len : place == AT_END ? payload + ROOM - len : payload;

	fill(bytes, sizeof(bytes));
	fill(iv, sizeof(iv));
	fill(header, hdr_len);
	fill(plain, len);
	openssl_seal(rounds, bytes, iv, header, hdr_len, plain, len, want);

	memcpy(pkt, header, hdr_len);
	memcpy(from, plain, len);
	expand(&key, rounds, bytes);
	if (place == AT_START)
		memset(pkt + all, 0x5a, 64);
	seal(&key, rounds, pkt, hdr_len, from, len, iv);
	assert_memory_equal(pkt, header, hdr_len);
	assert_memory_equal(pkt + hdr_len, want, len + TAG);
	for (unsigned i = 0; place == AT_START && i < 64; i++)
		assert_int_equal(pkt[all + i], 0x5a);
	if (place != IN_PLACE)
		assert_memory_equal(from, plain, len);
}

static void at_all_places(size_t hdr_len, size_t len)
{
	for (enum place place = AT_START; place <= IN_PLACE; place++) {
		compare(DP_GCM_AES128_ROUNDS, hdr_len, len, place);
		compare(DP_GCM_AES256_ROUNDS, hdr_len, len, place);
	}
}

static void test_every_payload(void **state)
{
	for (size_t len = 0; len <= 1500; len++)
		at_all_places(12 + 4 * (len % 8), len);
}

/* Headers are of whole words; any length does. 352 bytes are 22 blocks, more than there are powers. */
static void test_every_header(void **state)
{
	for (size_t hdr_len = 0; hdr_len <= 352; hdr_len++)
		at_all_places(hdr_len, 5 * hdr_len % 640);
}

/* Up to the longest that an engine lets through, where the counter has passed 4,000. */
static void test_long(void **state)
{
	for (size_t len = DP_SRTP_PACKET_MAX - TAG - 12; len > 2000; len = len * 7 / 8)
		at_all_places(12, len);
}

/* Packets of any lengths, headers and keys, each of which is hashed while the next is encrypted. */
static void test_batches(void **state)
{
	enum { BATCH = 8, LONGEST = 1500, SIZE = 352 + LONGEST + TAG };
	static uint8_t want[BATCH][SIZE], got[BATCH][SIZE], plain[BATCH][LONGEST];

	for (int turn = 0; turn < 2000; turn++) {
		struct dp_gcm_key key[BATCH];
		struct dp_gcm_packet p[2];
		uint8_t iv[BATCH][16], bytes[32];
		size_t hdr_len[BATCH], len[BATCH];

		for (int i = 0; i <= BATCH; i++) {
			struct dp_gcm_packet *next = &p[i % 2], *before = i > 0 ? &p[(i - 1) % 2] : NULL;
			if (i == BATCH) {
				dp_gcm_avx512_seal(NULL, before);
				break;
			}
			unsigned rounds = any() % 4 ? DP_GCM_AES128_ROUNDS : DP_GCM_AES256_ROUNDS;
			hdr_len[i] = any() % 16 ? 12u + 4 * (any() % 16) : any() + 97u;
			len[i] = any() % 4 ? (any() * 256u + any()) % (LONGEST + 1) : 1100;
			fill(bytes, sizeof(bytes));
			fill(iv[i], sizeof(iv[i]));
			fill(want[i], hdr_len[i]);
			fill(plain[i], len[i]);
			memcpy(got[i], want[i], hdr_len[i]);
			openssl_seal(rounds, bytes, iv[i], got[i], hdr_len[i], plain[i], len[i],
				want[i] + hdr_len[i]);
			expand(&key[i], rounds, bytes);
			*next = (struct dp_gcm_packet){.key = &key[i],
				.pkt = got[i],
				.payload = plain[i],
				.iv = iv[i],
				.rounds = (uint16_t)rounds,
				.hdr_len = (uint16_t)hdr_len[i],
				.len = (uint16_t)len[i]};
			dp_gcm_avx512_seal(next, before);
		}
		for (int i = 0; i < BATCH; i++)
			assert_memory_equal(got[i], want[i], hdr_len[i] + len[i] + TAG);
	}
}

/* "The Galois/Counter Mode of Operation" (McGrew, Viega), B, test cases 4 and 16. */
static void test_published(void **state)
{
	static const uint8_t key[32] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
		0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a,
		0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
	static const uint8_t iv[16] = {
		0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
	static const uint8_t header[20] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed, 0xfa,
		0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
	static const uint8_t plain[60] = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09,
		0xc5, 0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c,
		0x30, 0x3d, 0x8a, 0x31, 0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f,
		0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57,
		0xba, 0x63, 0x7b, 0x39};
	static const uint8_t tag[2][TAG] = {
		{0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb, 0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a,
			0x47},
		{0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55,
			0x1b},
	};
	static const uint8_t first[2][4] = {{0x42, 0x83, 0x1e, 0xc2}, {0x52, 0x2d, 0xc1, 0xf0}};

	for (unsigned i = 0; i < 2; i++) {
		unsigned rounds = i == 0 ? DP_GCM_AES128_ROUNDS : DP_GCM_AES256_ROUNDS;
		struct dp_gcm_key k;

		expand(&k, rounds, key);
		memcpy(packet, header, sizeof(header));
		seal(&k, rounds, packet, sizeof(header), plain, sizeof(plain), iv);
		assert_memory_equal(packet + sizeof(header), first[i], sizeof(first[i]));
		assert_memory_equal(packet + sizeof(header) + sizeof(plain), tag[i], TAG);
	}
}

static int set_up(void **state)
{
	mgr = alloc_mb_mgr(0);
	evp = EVP_CIPHER_CTX_new();
	if (!mgr || !evp)
		return -1;
	init_mb_mgr_auto(mgr, NULL);
	packet = alone();
	payload = alone();
	return 0;
}

static int tear_down(void **state)
{
	munmap(packet - PAGE, ROOM + 2 * PAGE);
	munmap(payload - PAGE, ROOM + 2 * PAGE);
	EVP_CIPHER_CTX_free(evp);
	free_mb_mgr(mgr);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_every_payload),
		cmocka_unit_test(test_every_header),
		cmocka_unit_test(test_long),
	};
	const struct CMUnitTest batches[] = {cmocka_unit_test(test_batches)};
	int failed;

	if (!dp_srtp_mb_available() || !dp_gcm_available()) {
		puts("NOT TESTED: this CPU has no VAES");
		return 77;
	}
	seal = dp_gcm_seal;
	failed = cmocka_run_group_tests_name("gcm_vaes", tests, set_up, tear_down);
	if (!dp_gcm_avx512_available()) {
		puts("gcm_avx512: NOT TESTED, this CPU lacks it");
		return failed;
	}
	seal = seal_alone;
	failed += cmocka_run_group_tests_name("gcm_avx512", tests, set_up, tear_down);
	return failed + cmocka_run_group_tests_name("gcm_avx512 batches", batches, set_up, tear_down);
}
