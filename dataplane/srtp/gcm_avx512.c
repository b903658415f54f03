/* SPDX-License-Identifier: Apache-2.0 */
#include <cpuid.h>
#include <immintrin.h>

#include "dataplane/srtp/gcm_avx512.h"

/*
 * A quad is four blocks, which fill a register. A group is four quads: that is how much is
 * encrypted at a time, and as many blocks as there are powers of the hash key.
 *
 * GHASH reads a block as a polynomial in reversed bit order (SP 800-38D, 6.3). As in gcm_vaes.c the
 * bytes alone are reversed, and the powers of the hash key are stored multiplied by x.
 */
enum { QUADS = 4, QUAD = 64, GROUP = QUADS * QUAD };

/* The payload that is hashed together with a header of at most a quad, if there is so much. */
enum { FIRST = GROUP - QUAD };

#define INLINE static inline __attribute__((always_inline))

/* A sum of unreduced products in each lane, as low + middle * x^64 + high * x^128. */
struct product {
	__m512i low, middle, high;
};

/* The payload that is not encrypted yet. */
struct encryption {
	uint8_t *dst;
	const uint8_t *src;
	size_t left;
	unsigned group; /* the number of the next one */
	__m512i iv; /* four times, with a counter of 0, xor the first round key */
	__m512i round[DP_GCM_AES256_ROUNDS + 1];
};

/* The ciphertext that is not hashed yet. */
struct hashing {
	const uint8_t *src;
	size_t left;
	const struct dp_gcm_key *key;
	__m128i hash; /* of what stands before */
};

bool dp_gcm_avx512_available(void)
{
	/* The check for AVX-512 includes that the kernel saves its registers. */
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("bmi2") && dp_gcm_available();
}

/* Keeps the compiler from moving the computation of `x`, and so from undoing the interleaving. */
INLINE void stay(__m512i *x)
{
	__asm__ volatile("" : "+v"(*x));
}

INLINE __m128i block_at(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

INLINE __m512i four_times(__m128i x)
{
	return _mm512_broadcast_i32x4(x);
}

INLINE __m128i reversed_bytes(void)
{
	return _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

INLINE __m128i reverse_block(__m128i x)
{
	return _mm_shuffle_epi8(x, reversed_bytes());
}

INLINE __m512i reverse_quad(__m512i x)
{
	return _mm512_shuffle_epi8(x, four_times(reversed_bytes()));
}

INLINE __m512i xor3(__m512i a, __m512i b, __m512i c)
{
	return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

/* The bytes of quad `i` that belong to the `len` bytes which begin with quad 0. */
INLINE __mmask64 within(size_t len, unsigned i)
{
	size_t n = len > QUAD * i ? len - QUAD * i : 0;

	return _bzhi_u64(UINT64_MAX, n < QUAD ? (unsigned)n : QUAD);
}

/* The lane of a block in its quad. */
INLINE __mmask8 lane(size_t block)
{
	return (__mmask8)(3u << 2 * (block % 4));
}

INLINE size_t blocks_in(size_t len)
{
	return (len + 15) / 16;
}

/* --- hash -------------------------------------------------------------------------------------- */

/* Adds the products of the four blocks `blocks` and the powers of the hash key at `power`. */
INLINE void add_products(struct product *sum, __m512i blocks, const uint8_t *power)
{
	__m512i h = _mm512_loadu_si512(power);

	sum->low ^= _mm512_clmulepi64_epi128(blocks, h, 0x00);
	sum->high ^= _mm512_clmulepi64_epi128(blocks, h, 0x11);
	sum->middle = xor3(sum->middle, _mm512_clmulepi64_epi128(blocks, h, 0x01),
		_mm512_clmulepi64_epi128(blocks, h, 0x10));
	stay(&sum->low);
	stay(&sum->middle);
	stay(&sum->high);
}

/* The same for two quads: fewer instructions add them together than one after the other. */
INLINE void add_products_of_two(struct product *sum, __m512i a, const uint8_t *power_a, __m512i b,
	const uint8_t *power_b)
{
	__m512i ha = _mm512_loadu_si512(power_a), hb = _mm512_loadu_si512(power_b);

	sum->low =
		xor3(sum->low, _mm512_clmulepi64_epi128(a, ha, 0x00), _mm512_clmulepi64_epi128(b, hb, 0x00));
	sum->high =
		xor3(sum->high, _mm512_clmulepi64_epi128(a, ha, 0x11), _mm512_clmulepi64_epi128(b, hb, 0x11));
	sum->middle = xor3(sum->middle, _mm512_clmulepi64_epi128(a, ha, 0x01),
		_mm512_clmulepi64_epi128(a, ha, 0x10));
	sum->middle = xor3(sum->middle, _mm512_clmulepi64_epi128(b, hb, 0x01),
		_mm512_clmulepi64_epi128(b, hb, 0x10));
	stay(&sum->low);
	stay(&sum->middle);
	stay(&sum->high);
}

/* Reduces modulo x^128 + x^7 + x^2 + x + 1, folding the low half in two 64-bit steps. */
INLINE __m128i reduce_lanes(const struct product *sum)
{
	const __m512i poly = four_times(_mm_set_epi64x((long long)0xc200000000000000, 1));
	__m512i middle = xor3(sum->middle, _mm512_shuffle_epi32(sum->low, 0x4e),
		_mm512_clmulepi64_epi128(poly, sum->low, 0x01));
	__m512i all = xor3(sum->high, _mm512_shuffle_epi32(middle, 0x4e),
		_mm512_clmulepi64_epi128(poly, middle, 0x01));
	__m256i half = _mm512_castsi512_si256(all) ^ _mm512_extracti64x4_epi64(all, 1);

	return _mm256_castsi256_si128(half) ^ _mm256_extracti128_si256(half, 1);
}

INLINE __m512i load_quad(const uint8_t *src)
{
	return reverse_quad(_mm512_loadu_si512(src));
}

/* The `i`-th quad of the `len` bytes at `src`, which zeros follow. */
INLINE __m512i quad_of(const uint8_t *src, size_t len, unsigned i)
{
	return reverse_quad(_mm512_maskz_loadu_epi8(within(len, i), src + QUAD * i));
}

/* Hashes `len` bytes, and zeros up to the end of a block. `hash`: of what stands before. */
static __m128i hash_blocks(const struct dp_gcm_key *key, const uint8_t *src, size_t len, __m128i hash)
{
	while (len > 0) {
		size_t n = len < GROUP ? len : GROUP;
		const uint8_t *power = dp_gcm_powers(key, blocks_in(n));
		__m512i before = _mm512_zextsi128_si512(hash);
		struct product sum = {0};

		for (unsigned i = 0; QUAD * i < n; i++) {
			add_products(&sum, quad_of(src, n, i) ^ before, power + QUAD * i);
			before = _mm512_setzero_si512();
		}
		hash = reduce_lanes(&sum);
		src += n;
		len -= n;
	}
	return hash;
}

/*
 * Hashes the rest of the payload, at most GROUP - 16 bytes, and the block of lengths behind it.
 * `header`: the quad of a header of `header_blocks` blocks that stands before it. The blocks of all
 * three are one group.
 */
INLINE __m128i hash_end(const struct hashing *h, __m512i header, size_t header_blocks, __m512i lengths)
{
	size_t blocks = blocks_in(h->left), whole = h->left / QUAD;
	const uint8_t *power = dp_gcm_powers(h->key, header_blocks + blocks + 1);
	__m512i before = _mm512_zextsi128_si512(h->hash);
	struct product sum = {0};

	if (header_blocks) {
		add_products(&sum, header ^ before, power);
		before = _mm512_setzero_si512();
		power += 16 * header_blocks;
	}
	for (unsigned i = 0; i < whole; i++) {
		add_products(&sum, load_quad(h->src + QUAD * i) ^ before, power + QUAD * i);
		before = _mm512_setzero_si512();
	}
	__m512i last = quad_of(h->src, h->left, (unsigned)whole) ^ before;
	if (blocks / 4 > whole) { /* the lengths have a quad of their own */
		add_products(&sum, last, power + QUAD * whole++);
		last = _mm512_setzero_si512();
	}
	last ^= _mm512_maskz_mov_epi64(lane(blocks), lengths);
	add_products(&sum, last, power + QUAD * whole);
	return reduce_lanes(&sum);
}

/* --- encryption -------------------------------------------------------------------------------- */

/* Counter blocks without their IV. Block 1 masks the tag; those from 2 on encrypt the payload. */
#define BLOCK(n)                                                                                             \
	{                                                                                                    \
		0, 0, 0, (n) << 24                                                                           \
	}
#define FOUR(n)    BLOCK(n), BLOCK((n) + 1), BLOCK((n) + 2), BLOCK((n) + 3)
#define SIXTEEN(n) FOUR(n), FOUR((n) + 4), FOUR((n) + 8), FOUR((n) + 12)
static const uint32_t counters[][4] __attribute__((aligned(64))) = {
	SIXTEEN(2u), SIXTEEN(18u), SIXTEEN(34u), SIXTEEN(50u), SIXTEEN(66u), SIXTEEN(82u)};
enum { GROUPS_IN_TABLE = sizeof(counters) / sizeof(counters[0]) / 16 };

INLINE void start(struct encryption *e, struct dp_gcm_packet *p, unsigned rounds)
{
	e->dst = p->pkt + p->hdr_len;
	e->src = p->payload;
	e->left = p->len;
#pragma GCC unroll 15
	for (unsigned r = 0; r <= rounds; r++)
		e->round[r] = four_times(block_at(p->key->round[r]));
	/* the bits of the IV, not those of the counter, xor the first round key */
	e->iv = _mm512_ternarylogic_epi64(four_times(block_at(p->iv)),
		four_times(_mm_set_epi32(0, -1, -1, -1)), e->round[0], 0x6a);
}

/* Quad `i` of the next group of counter blocks, xor the first round key. */
INLINE __m512i counter_quad(const struct encryption *e, unsigned i)
{
	if (e->group < GROUPS_IN_TABLE)
		return e->iv ^ _mm512_load_si512(counters[16 * e->group + 4 * i]);
	int n = 16 * (int)e->group + 4 * (int)i + 2;
	return e->iv ^
	       reverse_quad(_mm512_set_epi32(0, 0, 0, n + 3, 0, 0, 0, n + 2, 0, 0, 0, n + 1, 0, 0, 0, n));
}

/*
 * Encrypts a group of `e` if `encrypt`, and hashes a group of `h` if `hash`. `header_blocks`: the
 * group begins with the quad `header`, which has so many blocks; 0: all of it is payload.
 *
 * The order of the instructions matters: the CPU looks ahead less than a group.
 */
INLINE void step(struct encryption *e, unsigned rounds, struct hashing *h, bool encrypt, bool hash,
	bool with_header, __m512i header, size_t header_blocks)
{
	const uint8_t *power = NULL, *power_behind = NULL, *src = NULL;
	struct product sum = {0};
	__m512i state[QUADS];

	if (hash) {
		src = with_header ? h->src : h->src + QUAD;
		power = dp_gcm_powers(h->key, with_header ? header_blocks + FIRST / 16 : DP_GCM_POWERS);
		power_behind = power + (with_header ? 16 * header_blocks : QUAD);
	}
	if (encrypt)
#pragma GCC unroll 4
		for (unsigned i = 0; i < QUADS; i++)
			state[i] = counter_quad(e, i);
#pragma GCC unroll 14
	for (unsigned r = 1; r < rounds; r++) {
		if (encrypt)
#pragma GCC unroll 4
			for (unsigned i = 0; i < QUADS; i++) {
				state[i] = _mm512_aesenc_epi128(state[i], e->round[r]);
				stay(&state[i]);
			}
		/* the quad that needs the hash of the group before comes last: the others do not wait */
		if (hash && r == 2)
			add_products_of_two(&sum, load_quad(src), power_behind, load_quad(src + QUAD),
				power_behind + QUAD);
		if (hash && r == 5)
			add_products_of_two(&sum, load_quad(src + 2 * QUAD), power_behind + 2 * QUAD,
				(with_header ? header : load_quad(h->src)) ^ _mm512_zextsi128_si512(h->hash),
				power);
	}
	if (encrypt) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < QUADS; i++)
			_mm512_storeu_si512(e->dst + QUAD * i,
				_mm512_aesenclast_epi128(state[i],
					e->round[rounds] ^ _mm512_loadu_si512(e->src + QUAD * i)));
		e->dst += GROUP;
		e->src += GROUP;
		e->left -= GROUP;
		e->group++;
	}
	if (hash) {
		h->hash = reduce_lanes(&sum);
		h->src += with_header ? FIRST : GROUP;
		h->left -= with_header ? FIRST : GROUP;
	}
}

/*
 * Encrypts the payload that is left and ends in `quads` quads. If `mask`, the block behind it in
 * the last one is not the next counter block but the first, and is stored at `mask`.
 */
INLINE void encrypt_quads(struct encryption *e, unsigned rounds, unsigned quads, uint8_t *mask)
{
	size_t blocks = blocks_in(e->left);
	__m512i state[QUADS];

#pragma GCC unroll 4
	for (unsigned i = 0; i < quads; i++)
		state[i] = counter_quad(e, i);
	if (mask)
		state[quads - 1] = _mm512_mask_xor_epi64(state[quads - 1], lane(blocks), e->iv,
			four_times(_mm_set_epi32(0x01000000, 0, 0, 0)));
#pragma GCC unroll 14
	for (unsigned r = 1; r < rounds; r++)
#pragma GCC unroll 4
		for (unsigned i = 0; i < quads; i++) {
			state[i] = _mm512_aesenc_epi128(state[i], e->round[r]);
			stay(&state[i]);
		}
#pragma GCC unroll 4
	for (unsigned i = 0; i < quads; i++) {
		state[i] = _mm512_aesenclast_epi128(state[i], e->round[rounds]);
		if (i + 1 < quads && QUAD * (i + 1) <= e->left) {
			_mm512_storeu_si512(e->dst + QUAD * i,
				state[i] ^ _mm512_loadu_si512(e->src + QUAD * i));
			continue;
		}
		__mmask64 in = within(e->left, i);
		_mm512_mask_storeu_epi8(e->dst + QUAD * i, in,
			state[i] ^ _mm512_maskz_loadu_epi8(in, e->src + QUAD * i));
	}
	if (mask)
		_mm_storeu_si128((__m128i *)mask,
			_mm512_castsi512_si128(_mm512_maskz_compress_epi64(lane(blocks), state[quads - 1])));
}

/* Encrypts what is left, less than a group, and the mask of the tag. */
INLINE void encrypt_end(struct encryption *e, unsigned rounds, struct dp_gcm_packet *p)
{
	if (e->left > GROUP - 16) {
		/* no block of the group is free for the mask */
		encrypt_quads(e, rounds, QUADS, NULL);
		e->left = 0;
	}
	switch (blocks_in(e->left) / 4) {
	case 0:
		encrypt_quads(e, rounds, 1, p->mask);
		break;
	case 1:
		encrypt_quads(e, rounds, 2, p->mask);
		break;
	case 2:
		encrypt_quads(e, rounds, 3, p->mask);
		break;
	default:
		encrypt_quads(e, rounds, 4, p->mask);
	}
}

/* --- packets ----------------------------------------------------------------------------------- */

INLINE void seal_and_hash(unsigned rounds, struct dp_gcm_packet *next, const struct dp_gcm_packet *before)
{
	struct encryption e = {0};
	struct hashing h = {0};
	__m512i header = _mm512_setzero_si512();
	size_t header_blocks = 0;

	if (next)
		start(&e, next, rounds);
	if (before) {
		h = (struct hashing){.src = before->pkt + before->hdr_len,
			.left = before->len,
			.key = before->key,
			.hash = _mm_setzero_si128()};
		header_blocks = blocks_in(before->hdr_len);
		bool one_group = header_blocks + blocks_in(h.left) + 1 <= DP_GCM_POWERS;
		/* a header that no group has room for, or that is longer than a quad, is hashed alone */
		if (header_blocks > 4 || (!one_group && h.left < FIRST)) {
			h.hash = hash_blocks(h.key, before->pkt, before->hdr_len, h.hash);
			header_blocks = 0;
		}
		if (header_blocks)
			header = quad_of(before->pkt, before->hdr_len, 0);
		if (header_blocks && !one_group) {
			if (e.left >= GROUP)
				step(&e, rounds, &h, true, true, true, header, header_blocks);
			else
				step(&e, rounds, &h, false, true, true, header, header_blocks);
			header_blocks = 0;
		}
	}
	while (e.left >= GROUP && h.left >= GROUP)
		step(&e, rounds, &h, true, true, false, header, 0);
	while (e.left >= GROUP)
		step(&e, rounds, &h, true, false, false, header, 0);
	while (h.left >= GROUP)
		step(&e, rounds, &h, false, true, false, header, 0);
	if (next)
		encrypt_end(&e, rounds, next);
	if (before) {
		__m512i lengths = four_times(_mm_set_epi64x(before->hdr_len * 8, before->len * 8));
		if (h.left > GROUP - 16) { /* no block of the group is free for the lengths */
			h.hash = hash_blocks(h.key, h.src, h.left, h.hash);
			h.src += h.left;
			h.left = 0;
		}
		__m128i hash = hash_end(&h, header, header_blocks, lengths);
		_mm_storeu_si128((__m128i *)(before->pkt + before->hdr_len + before->len),
			reverse_block(hash) ^ block_at(before->mask));
	}
}

void dp_gcm_avx512_seal(struct dp_gcm_packet *next, const struct dp_gcm_packet *before)
{
	/* a constant number of rounds lets the compiler unroll the loops */
	if (next && next->rounds == DP_GCM_AES256_ROUNDS)
		seal_and_hash(DP_GCM_AES256_ROUNDS, next, before);
	else
		seal_and_hash(DP_GCM_AES128_ROUNDS, next, before);
}
