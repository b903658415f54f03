/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <cpuid.h>
#include <immintrin.h>

#include "dataplane/srtp/gcm_vaes.h"

/*
 * Sixteen blocks are encrypted at a time while the previous sixteen are hashed. Both run well in
 * parallel: AES waits for instruction latencies, the hash for the carry-less multiplier.
 *
 * GHASH reads a block as a polynomial in reversed bit order (SP 800-38D, 6.3). This code reverses
 * only the bytes. The product of two bit-reversed factors is off by one bit, which is corrected by
 * storing the hash key multiplied by x.
 */
enum { PAIRS = 8, GROUP = 32 * PAIRS };

#define INLINE static inline __attribute__((always_inline))

/*
 * A sum of unreduced products by Karatsuba: of the low halves, of the sums of both halves, and of
 * the high halves.
 */
struct product {
	__m256i low, middle, high;
};

bool dp_gcm_available(void)
{
	unsigned eax, ebx, ecx, edx;

	/*
	 * The check for AVX2 includes that the kernel saves 256-bit registers. clang 14's
	 * __builtin_cpu_supports() does not know the other two features.
	 */
	return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 &&
	       (ecx & bit_VAES) != 0 && (ecx & bit_VPCLMULQDQ) != 0;
}

/* Keeps the compiler from delaying the computation of `x`, which would spill registers. */
INLINE void settle(__m256i *x)
{
	__asm__ volatile("" : "+x"(*x));
}

INLINE __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

INLINE __m256i load_pair(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

INLINE void store(uint8_t *p, __m128i x)
{
	_mm_storeu_si128((__m128i *)p, x);
}

INLINE void store_pair(uint8_t *p, __m256i x)
{
	_mm256_storeu_si256((__m256i *)p, x);
}

INLINE __m256i twice(__m128i x)
{
	return _mm256_broadcastsi128_si256(x);
}

INLINE __m256i alone(__m128i x)
{
	return _mm256_zextsi128_si256(x);
}

INLINE __m128i reversing(void)
{
	return _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

INLINE __m128i reverse(__m128i x)
{
	return _mm_shuffle_epi8(x, reversing());
}

INLINE __m256i reverse_pair(__m256i x)
{
	return _mm256_shuffle_epi8(x, twice(reversing()));
}

INLINE __m128i swap(__m128i x)
{
	return _mm_shuffle_epi32(x, 0x4e);
}

/* Adds the products of two blocks and two powers of the hash key to `sum`. */
INLINE void multiply(struct product *sum, __m256i blocks, __m256i powers)
{
	__m256i both_halves = blocks ^ _mm256_shuffle_epi32(blocks, 0x4e);
	__m256i both_powers = powers ^ _mm256_shuffle_epi32(powers, 0x4e);

	sum->low ^= _mm256_clmulepi64_epi128(blocks, powers, 0x00);
	sum->middle ^= _mm256_clmulepi64_epi128(both_halves, both_powers, 0x00);
	sum->high ^= _mm256_clmulepi64_epi128(blocks, powers, 0x11);
	settle(&sum->low);
	settle(&sum->middle);
	settle(&sum->high);
}

INLINE __m128i add_halves(__m256i x)
{
	return _mm256_castsi256_si128(x) ^ _mm256_extracti128_si256(x, 1);
}

/* Reduces the sum modulo x^128 + x^7 + x^2 + x + 1, folding the low half in two 64-bit steps. */
INLINE __m128i reduce(const struct product *sum)
{
	const __m128i poly = _mm_set_epi64x((long long)0xc200000000000000, 1);
	__m128i low = add_halves(sum->low), high = add_halves(sum->high);
	__m128i middle = add_halves(sum->middle) ^ low ^ high;

	middle ^= swap(low) ^ _mm_clmulepi64_si128(poly, low, 0x01);
	return high ^ swap(middle) ^ _mm_clmulepi64_si128(poly, middle, 0x01);
}

void dp_gcm_hash_key(struct dp_gcm_key *key, unsigned rounds)
{
	__m128i h = load(key->round[0]);
	uint64_t half[2], carry;

	for (unsigned r = 1; r < rounds; r++)
		h = _mm_aesenc_si128(h, load(key->round[r]));
	h = reverse(_mm_aesenclast_si128(h, load(key->round[rounds])));

	memcpy(half, &h, 16);
	carry = half[1] >> 63;
	half[1] = (half[1] << 1 | half[0] >> 63) ^ (-carry & 0xc200000000000000);
	half[0] = half[0] << 1 ^ carry;
	memcpy(&h, half, 16);
	explicit_bzero(half, sizeof(half));

	__m128i power = h;
	store(key->power[DP_GCM_POWERS - 1], power);
	for (int i = DP_GCM_POWERS - 2; i >= 0; i--) {
		struct product sum = {0};
		multiply(&sum, alone(power), alone(h));
		power = reduce(&sum);
		store(key->power[i], power);
	}
}

/* Keeps the first n bytes of a block and clears the others. */
INLINE __m128i first_bytes(__m128i x, size_t n)
{
	static const uint8_t mask[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff};
	return x & load(mask + 16 - n);
}

/* Loads the n bytes before `end`, then zeros. `whole`: 16 bytes before `end` are readable. */
INLINE __m128i last_bytes(const uint8_t *end, size_t n, bool whole)
{
	static const uint8_t move[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t block[16] = {0};

	if (whole)
		return _mm_shuffle_epi8(load(end - 16), load(move + 16 - n));
	memcpy(block, end - n, n);
	return load(block);
}

/*
 * Hashes `len` bytes of additional data at `pkt`. At least 16 bytes must be readable behind them,
 * because whole blocks are loaded and masked.
 */
INLINE __m128i hash_header(const struct dp_gcm_key *key, const uint8_t *pkt, size_t len)
{
	__m128i hash = _mm_setzero_si128();

	while (len > 0) {
		size_t blocks = len > 16 * DP_GCM_POWERS ? DP_GCM_POWERS : (len + 15) / 16;
		const uint8_t *power = dp_gcm_powers(key, blocks);
		struct product sum = {0};

		for (; blocks > 0; blocks--, pkt += 16, power += 16) {
			size_t n = len < 16 ? len : 16;
			__m128i x = reverse(first_bytes(load(pkt), n)) ^ hash;
			multiply(&sum, alone(x), alone(load(power)));
			hash = _mm_setzero_si128();
			len -= n;
		}
		hash = reduce(&sum);
	}
	return hash;
}

/* Sets `state` to `n` pairs of counter blocks xor the first round key, and advances the counter. */
INLINE void start_rounds(__m256i state[], unsigned n, __m256i *counter, const struct dp_gcm_key *key)
{
	const __m256i two = _mm256_set_epi32(0, 0, 0, 2, 0, 0, 0, 2);

#pragma GCC unroll 8
	for (unsigned i = 0; i < n; i++) {
		state[i] = reverse_pair(*counter) ^ twice(load(key->round[0]));
		*counter = _mm256_add_epi32(*counter, two);
	}
}

INLINE void one_round(__m256i state[], unsigned n, const uint8_t round_key[16])
{
	__m256i k = twice(load(round_key));

#pragma GCC unroll 8
	for (unsigned i = 0; i < n; i++) {
		state[i] = _mm256_aesenc_epi128(state[i], k);
		settle(&state[i]);
	}
}

/* Adds pair `i` of a group's ciphertext to the hash. `hash` is the hash before the group. */
INLINE void hash_pair(struct product *sum, const struct dp_gcm_key *key, const uint8_t *group, unsigned i,
	__m128i hash)
{
	__m256i x = reverse_pair(load_pair(group + 32 * i));

	if (i == 0)
		x ^= alone(hash);
	multiply(sum, x, load_pair(dp_gcm_powers(key, 2 * PAIRS) + 32 * i));
}

/*
 * Encrypts a group and hashes the ciphertext of the previous group (`done`; NULL: none). Returns
 * the new hash.
 */
INLINE __m128i encrypt_group(const struct dp_gcm_key *key, unsigned rounds, uint8_t *dst, const uint8_t *src,
	__m256i *counter, const uint8_t *done, __m128i hash)
{
	__m256i state[PAIRS], last = twice(load(key->round[rounds]));
	struct product sum = {0};

	start_rounds(state, PAIRS, counter, key);
#pragma GCC unroll 14
	for (unsigned r = 1; r < rounds; r++) {
		one_round(state, PAIRS, key->round[r]);
		if (done && r <= PAIRS)
			hash_pair(&sum, key, done, r - 1, hash);
	}
#pragma GCC unroll 8
	for (unsigned i = 0; i < PAIRS; i++)
		store_pair(dst + 32 * i, _mm256_aesenclast_epi128(state[i], last ^ load_pair(src + 32 * i)));
	return done ? reduce(&sum) : hash;
}

INLINE __m128i hash_group(const struct dp_gcm_key *key, const uint8_t *group, __m128i hash)
{
	struct product sum = {0};

#pragma GCC unroll 8
	for (unsigned i = 0; i < PAIRS; i++)
		hash_pair(&sum, key, group, i, hash);
	return reduce(&sum);
}

/*
 * Writes the key stream of `n` pairs to `to`. Returns the mask of the tag, which is the encrypted
 * first counter block.
 */
INLINE __m128i key_stream(const struct dp_gcm_key *key, unsigned rounds, unsigned n, __m256i counter,
	__m128i first, uint8_t *to)
{
	__m256i state[PAIRS], last = twice(load(key->round[rounds]));
	__m128i mask = first ^ load(key->round[0]);

	start_rounds(state, n, &counter, key);
#pragma GCC unroll 14
	for (unsigned r = 1; r < rounds; r++) {
		one_round(state, n, key->round[r]);
		mask = _mm_aesenc_si128(mask, load(key->round[r]));
	}
#pragma GCC unroll 8
	for (unsigned i = 0; i < n; i++)
		store_pair(to + 32 * i, _mm256_aesenclast_epi128(state[i], last));
	return _mm_aesenclast_si128(mask, _mm256_castsi256_si128(last));
}

/*
 * Encrypts and hashes the last `left` < GROUP bytes, hashes the block of lengths behind them, and
 * writes the tag. `whole`: the payload has at least 16 bytes.
 */
INLINE void finish(const struct dp_gcm_key *key, uint8_t *dst, const uint8_t *src, size_t left,
	const uint8_t *stream, __m128i hash, __m128i lengths, __m128i mask, bool whole)
{
	size_t blocks = (left + 15) / 16;
	/* if the data needs all powers, the block of lengths is hashed separately */
	bool full = blocks == DP_GCM_POWERS;
	const uint8_t *power = dp_gcm_powers(key, full ? blocks : blocks + 1);
	__m256i before = alone(hash);
	struct product sum = {0};

	for (; left >= 32; left -= 32, src += 32, dst += 32, stream += 32, power += 32) {
		__m256i x = load_pair(src) ^ load_pair(stream);
		store_pair(dst, x);
		multiply(&sum, reverse_pair(x) ^ before, load_pair(power));
		before = _mm256_setzero_si256();
	}
	while (left > 0) {
		size_t n = left < 16 ? left : 16;
		__m128i in = n == 16 ? load(src) : last_bytes(src + n, n, whole);
		__m128i x = first_bytes(in ^ load(stream), n);
		store(dst, x); /* may write more than n bytes, which the tag overwrites */
		multiply(&sum, alone(reverse(x)) ^ before, alone(load(power)));
		before = _mm256_setzero_si256();
		left -= n, src += n, dst += n, stream += 16, power += 16;
	}
	if (full) {
		before = alone(reduce(&sum));
		sum = (struct product){0};
		power = dp_gcm_powers(key, 1);
	}
	multiply(&sum, alone(lengths) ^ before, alone(load(power)));
	store(dst, reverse(reduce(&sum)) ^ mask);
}

INLINE void seal(const struct dp_gcm_key *key, unsigned rounds, uint8_t *pkt, size_t hdr_len,
	const uint8_t *src, size_t len, const uint8_t iv[16])
{
	/* Counter block 1 masks the tag; counter blocks from 2 on encrypt the payload. */
	__m128i first = _mm_insert_epi32(load(iv), 0x01000000, 3);
	__m256i counter = _mm256_add_epi32(twice(reverse(first)), _mm256_set_epi32(0, 0, 0, 2, 0, 0, 0, 1));
	__m128i lengths = _mm_set_epi64x((long long)hdr_len * 8, (long long)len * 8);
	__m128i hash = hash_header(key, pkt, hdr_len), mask;
	uint8_t *dst = pkt + hdr_len;
	size_t left = len;
	uint8_t stream[GROUP] __attribute__((aligned(32)));

	if (left >= GROUP) {
		encrypt_group(key, rounds, dst, src, &counter, NULL, hash);
		for (left -= GROUP; left >= GROUP; left -= GROUP) {
			src += GROUP, dst += GROUP;
			hash = encrypt_group(key, rounds, dst, src, &counter, dst - GROUP, hash);
		}
		src += GROUP, dst += GROUP;
	}
	if (left <= GROUP / 2)
		mask = key_stream(key, rounds, PAIRS / 2, counter, first, stream);
	else
		mask = key_stream(key, rounds, PAIRS, counter, first, stream);
	if (len >= GROUP)
		hash = hash_group(key, dst - GROUP, hash);
	finish(key, dst, src, left, stream, hash, lengths, mask, len >= 16);
}

void dp_gcm_seal(const struct dp_gcm_key *key, unsigned rounds, uint8_t *pkt, size_t hdr_len,
	const uint8_t *payload, size_t len, const uint8_t iv[16])
{
	/* a constant number of rounds lets the compiler unroll the loops */
	if (rounds == DP_GCM_AES128_ROUNDS)
		seal(key, DP_GCM_AES128_ROUNDS, pkt, hdr_len, payload, len, iv);
	else
		seal(key, DP_GCM_AES256_ROUNDS, pkt, hdr_len, payload, len, iv);
}
