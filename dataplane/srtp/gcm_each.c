/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <immintrin.h>

#include "dataplane/srtp/gcm_each.h"

enum { ROUNDS = 10, ABREAST = 4 /* blocks of one message that are decrypted at a time */ };

#define INLINE static inline __attribute__((always_inline))

/* The expanded keys of a group. */
struct schedules {
	__m128i round[DP_GCM_EACH][ROUNDS + 1];
};

INLINE __m128i load_block(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

INLINE __m128i mirror(__m128i x)
{
	return _mm_shuffle_epi8(x, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* --- keys -------------------------------------------------------------------------------------- */

/*
 * The next round key (FIPS 197, 5.2). AESENCLAST substitutes the bytes of the last word; its rows
 * are not shifted, because all four columns are that word.
 */
INLINE __m128i next_key(__m128i key, __m128i constant)
{
	const __m128i last_word_rotated = _mm_set1_epi32(0x0c0f0e0d);
	__m128i word = _mm_aesenclast_si128(_mm_shuffle_epi8(key, last_word_rotated), constant);

	key ^= _mm_slli_si128(key, 4);
	key ^= _mm_slli_si128(key, 8);
	return key ^ word;
}

/* The counter block with this number; 1 masks the tag, those from 2 on encrypt the data. */
INLINE __m128i counter(const struct dp_gcm_message *m, uint32_t number)
{
	return _mm_insert_epi32(load_block(m->iv), (int)__builtin_bswap32(number), 3);
}

/* Expands the keys; meanwhile encrypts the zero block and the first counter block with each. */
INLINE void expand(const struct dp_gcm_message *m, unsigned n, struct schedules *s, __m128i zero[],
	__m128i mask[])
{
	static const uint8_t constant[ROUNDS] = {1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
	__m128i key[DP_GCM_EACH];

#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++) {
		key[i] = s->round[i][0] = zero[i] = load_block(m[i].key);
		mask[i] = counter(&m[i], 1) ^ key[i];
	}
#pragma GCC unroll 10
	for (unsigned r = 1; r <= ROUNDS; r++) {
		__m128i c = _mm_set1_epi32(constant[r - 1]);

#pragma GCC unroll 4
		for (unsigned i = 0; i < n; i++) {
			key[i] = s->round[i][r] = next_key(key[i], c);
			zero[i] = r < ROUNDS ? _mm_aesenc_si128(zero[i], key[i])
					     : _mm_aesenclast_si128(zero[i], key[i]);
			mask[i] = r < ROUNDS ? _mm_aesenc_si128(mask[i], key[i])
					     : _mm_aesenclast_si128(mask[i], key[i]);
		}
	}
}

/* --- the hash ---------------------------------------------------------------------------------- */

/*
 * The hash key of an encrypted zero block: its bytes reversed, and multiplied by x, which makes up
 * for the bits that stay as they are (gcm_vaes.c).
 */
INLINE __m128i hash_key(__m128i zero)
{
	const __m128i poly = _mm_set_epi64x((long long)0xc200000000000000, 1);
	__m128i h = mirror(zero);
	__m128i carry = _mm_srai_epi32(_mm_shuffle_epi32(h, 0xff), 31);
	__m128i across = _mm_slli_si128(_mm_srli_epi64(h, 63), 8);

	return (_mm_slli_epi64(h, 1) | across) ^ (carry & poly);
}

/* The product modulo x^128 + x^7 + x^2 + x + 1, folded in two 64-bit steps. */
INLINE __m128i times(__m128i a, __m128i h)
{
	const __m128i poly = _mm_set_epi64x((long long)0xc200000000000000, 1);
	__m128i low = _mm_clmulepi64_si128(a, h, 0x00), high = _mm_clmulepi64_si128(a, h, 0x11);
	__m128i middle = _mm_clmulepi64_si128(a, h, 0x01) ^ _mm_clmulepi64_si128(a, h, 0x10);

	middle ^= _mm_shuffle_epi32(low, 0x4e) ^ _mm_clmulepi64_si128(poly, low, 0x01);
	return high ^ _mm_shuffle_epi32(middle, 0x4e) ^ _mm_clmulepi64_si128(poly, middle, 0x01);
}

/* Blocks that are hashed: the additional data, the data, and the lengths of both. */
INLINE unsigned blocks_of(const struct dp_gcm_message *m)
{
	return 1 + (unsigned)((m->len + 15) / 16) + 1;
}

/* Loads a block of the data and clears what is behind its end: the tag's first bytes. */
INLINE __m128i load_data(const struct dp_gcm_message *m, size_t at)
{
	static const uint8_t mask[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff};
	size_t left = m->len - at;

	return left >= 16 ? load_block(m->data + at)
			  : _mm_and_si128(load_block(m->data + at), load_block(mask + 16 - left));
}

INLINE __m128i hashed_block(const struct dp_gcm_message *m, unsigned i, unsigned blocks)
{
	if (i == 0)
		return mirror(load_block(m->aad));
	if (i + 1 < blocks)
		return mirror(load_data(m, 16 * ((size_t)i - 1)));
	return _mm_set_epi64x(DP_GCM_EACH_AAD * 8, (long long)m->len * 8);
}

/*
 * Hashes all messages of the group at a time. A shorter one begins later: until then its hash is 0,
 * which no multiplication changes.
 */
INLINE void hash_all(const struct dp_gcm_message *m, unsigned n, const __m128i h[], __m128i hash[])
{
	unsigned most = 0;

#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++) {
		most = blocks_of(&m[i]) > most ? blocks_of(&m[i]) : most;
		hash[i] = _mm_setzero_si128();
	}
	for (unsigned at = 0; at < most; at++) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < n; i++) {
			unsigned blocks = blocks_of(&m[i]), begin = most - blocks;

			if (at >= begin)
				hash[i] ^= hashed_block(&m[i], at - begin, blocks);
			hash[i] = times(hash[i], h[i]);
		}
	}
}

/* --- messages ------------------------------------------------------------------------------------ */

/* The last block is written as a whole: behind the data is the tag, which is not needed any more. */
INLINE void decrypt(const struct dp_gcm_message *m, const __m128i round[ROUNDS + 1])
{
	for (size_t at = 0; at < m->len; at += 16 * ABREAST) {
		uint32_t number = 2 + (uint32_t)(at / 16);
		__m128i state[ABREAST];

#pragma GCC unroll 4
		for (unsigned i = 0; i < ABREAST; i++)
			state[i] = counter(m, number + i) ^ round[0];
#pragma GCC unroll 10
		for (unsigned r = 1; r < ROUNDS; r++)
#pragma GCC unroll 4
			for (unsigned i = 0; i < ABREAST; i++)
				state[i] = _mm_aesenc_si128(state[i], round[r]);
		for (unsigned i = 0; i < ABREAST && at + 16 * i < m->len; i++) {
			__m128i *to = (__m128i *)(m->data + at + 16 * i);

			state[i] = _mm_aesenclast_si128(state[i], round[ROUNDS]);
			_mm_storeu_si128(to, _mm_loadu_si128(to) ^ state[i]);
		}
	}
}

INLINE void open_group(struct dp_gcm_message *m, unsigned n, struct schedules *s)
{
	__m128i h[DP_GCM_EACH], mask[DP_GCM_EACH], hash[DP_GCM_EACH];

	expand(m, n, s, h, mask);
	for (unsigned i = 0; i < n; i++)
		h[i] = hash_key(h[i]);
	hash_all(m, n, h, hash);
	for (unsigned i = 0; i < n; i++) {
		__m128i off = mirror(hash[i]) ^ mask[i] ^ load_block(m[i].data + m[i].len);

		m[i].authentic = _mm_testz_si128(off, off);
	}
	for (unsigned i = 0; i < n; i++)
		if (m[i].authentic)
			decrypt(&m[i], s->round[i]);
}

/* A constant number of messages lets the compiler unroll the loops. */
static void open_four(struct dp_gcm_message *m, struct schedules *s)
{
	open_group(m, 4, s);
}

static void open_two(struct dp_gcm_message *m, struct schedules *s)
{
	open_group(m, 2, s);
}

static void open_one(struct dp_gcm_message *m, struct schedules *s)
{
	open_group(m, 1, s);
}

void dp_gcm_open_each(struct dp_gcm_message *m, unsigned n)
{
	struct schedules s;

	for (; n >= 4; n -= 4, m += 4)
		open_four(m, &s);
	if (n >= 2) {
		open_two(m, &s);
		n -= 2, m += 2;
	}
	if (n)
		open_one(m, &s);
	explicit_bzero(&s, sizeof(s));
}
