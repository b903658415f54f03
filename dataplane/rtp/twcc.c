/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/twcc.h"

#include <string.h>

#include "dataplane/rtp/rtp.h"
#include "shared/bytes.h"

enum {
	FIRST_CYCLE = 65536, /* lets sequence numbers before the first one exist */
	FIXED = 20, /* RTCP header, SSRCs, base, count, reference time, feedback count */
	TICK_NS = 250000,
	TICKS_PER_REFERENCE = 256, /* 64 ms */
	SMALL_DELTA_MAX = 255,
	RUN_MAX = 8191,
	ONE_BIT_SYMBOLS = 14,
	TWO_BIT_SYMBOLS = 7,
};

_Static_assert((int)DP_TWCC_WINDOW <= (int)RUN_MAX, "one run can hold all that is remembered");

enum symbol { NOT_SEEN = 0, SMALL_DELTA = 1, LARGE_DELTA = 2 }; /* also the delta's size in bytes */

/* The statuses that one feedback packet can report: `n` sequence numbers from t->next on. */
struct statuses {
	unsigned n, chunks;
	size_t deltas_len;
	int64_t reference; /* in ticks, a multiple of TICKS_PER_REFERENCE */
	uint8_t symbol[DP_TWCC_WINDOW];
	int16_t delta[DP_TWCC_WINDOW];
	uint16_t chunk[DP_TWCC_WINDOW / TWO_BIT_SYMBOLS + 1];
};

void dp_twcc_init(struct dp_twcc *t)
{
	memset(t, 0, sizeof(*t));
}

static uint64_t *arrival(struct dp_twcc *t, uint64_t number)
{
	return &t->arrival[number & (DP_TWCC_WINDOW - 1)];
}

/* Moves the window up to `number`. Sequence numbers that leave the window are never reported. */
static void advance(struct dp_twcc *t, uint64_t number)
{
	uint64_t oldest = number - DP_TWCC_WINDOW + 1;
	uint64_t fresh = t->highest + 1 > oldest ? t->highest + 1 : oldest;

	for (; fresh <= number; fresh++)
		*arrival(t, fresh) = 0;
	t->highest = number;
	if (t->next < oldest)
		t->next = oldest;
}

void dp_twcc_packet(struct dp_twcc *t, uint16_t seq, uint64_t now)
{
	if (!t->started) {
		t->started = true;
		t->next = t->highest = (uint64_t)FIRST_CYCLE + seq;
	}
	uint64_t number = dp_seq_extend(t->highest, seq);
	if (number > t->highest)
		advance(t, number);
	else if (number + DP_TWCC_WINDOW <= t->highest || *arrival(t, number))
		return; /* too old, or a duplicate: the first arrival counts */
	*arrival(t, number) = now ? now : 1;
	/*
	 * A packet that was reported as not seen has arrived: report from it on again. Repeated
	 * statuses do no harm.
	 */
	if (number < t->next)
		t->next = number;
}

bool dp_twcc_pending(const struct dp_twcc *t)
{
	return t->started && t->next <= t->highest;
}

/*
 * Collects a symbol and a delta per sequence number, up to the first delta that does not fit 16
 * bits.
 */
static void collect(struct dp_twcc *t, struct statuses *s)
{
	bool any = false;
	int64_t at = 0;

	s->n = 0;
	s->reference = 0;
	for (uint64_t number = t->next; number <= t->highest; number++, s->n++) {
		uint64_t ns = *arrival(t, number);
		s->symbol[s->n] = NOT_SEEN;
		if (ns == 0)
			continue;
		int64_t tick = (int64_t)(ns / TICK_NS);
		if (!any) {
			any = true;
			at = s->reference = tick - tick % TICKS_PER_REFERENCE;
		}
		int64_t delta = tick - at;
		if (delta < INT16_MIN || delta > INT16_MAX)
			break;
		s->symbol[s->n] = delta >= 0 && delta <= SMALL_DELTA_MAX ? SMALL_DELTA : LARGE_DELTA;
		s->delta[s->n] = (int16_t)delta;
		at = tick;
	}
}

/*
 * Returns how many sequence numbers from `i` on the best chunk for them covers, whether that chunk
 * is a run, and the bits per symbol if it is a vector.
 */
static unsigned chunk_span(const struct statuses *s, unsigned i, bool *run, unsigned *bits)
{
	unsigned left = s->n - i, same = 1, one_bit = 0;

	while (same < left && s->symbol[i + same] == s->symbol[i])
		same++;
	while (one_bit < left && one_bit < ONE_BIT_SYMBOLS && s->symbol[i + one_bit] != LARGE_DELTA)
		one_bit++;

	/* A one-bit vector that a large delta cuts short would still announce 14 symbols. */
	bool narrow = one_bit == ONE_BIT_SYMBOLS || one_bit == left;
	unsigned vector = narrow ? one_bit : left < TWO_BIT_SYMBOLS ? left : TWO_BIT_SYMBOLS;
	*bits = narrow ? 1 : 2;
	*run = same >= vector;
	return *run ? same : vector;
}

static uint16_t make_chunk(const struct statuses *s, unsigned i, unsigned span, bool run, unsigned bits)
{
	if (run)
		return (uint16_t)(s->symbol[i] << 13 | span);

	uint16_t chunk = bits == 1 ? 0x8000 : 0xc000;
	for (unsigned k = 0; k < span; k++)
		chunk |= (uint16_t)(s->symbol[i + k] << (14 - bits * (k + 1)));
	return chunk;
}

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* Encodes chunks for as many sequence numbers as fit `room` bytes, and sets s->n to their count. */
static void encode(struct statuses *s, size_t room)
{
	size_t deltas = 0;
	unsigned i = 0;

	s->chunks = 0;
	while (i < s->n) {
		bool run;
		unsigned bits, span = chunk_span(s, i, &run, &bits), fits = 0;
		size_t used = FIXED + 2 * (size_t)(s->chunks + 1);

		while (fits < span && padded(used + deltas + s->symbol[i + fits]) <= room)
			deltas += s->symbol[i + fits++];
		if (fits == 0)
			break;
		s->chunk[s->chunks++] = make_chunk(s, i, fits, run, bits);
		i += fits; /* after a partial span the next iteration fits nothing and stops */
	}
	s->n = i;
	s->deltas_len = deltas;
}

static void put_deltas(uint8_t *p, const struct statuses *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->symbol[i] == SMALL_DELTA) {
			*p++ = (uint8_t)s->delta[i];
		} else if (s->symbol[i] == LARGE_DELTA) {
			sh_put_be16(p, (uint16_t)s->delta[i]);
			p += 2;
		}
	}
}

bool dp_twcc_feedback(struct dp_twcc *t, struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media)
{
	struct statuses s;

	if (!dp_twcc_pending(t) || b->len > b->cap)
		return false;
	collect(t, &s);
	encode(&s, b->cap - b->len);
	if (s.deltas_len == 0) /* not even the first packet seen fits */
		return false;

	size_t used = FIXED + 2 * (size_t)s.chunks + s.deltas_len, len = padded(used);
	uint8_t *p = b->data + b->len;
	/*
	 * Pad with zeros without setting P, because only the last packet of a compound may have P
	 * set.
	 */
	memset(p + used, 0, len - used);
	p[0] = 2 << 6 | DP_RTPFB_TWCC;
	p[1] = DP_RTCP_RTPFB;
	sh_put_be16(p + 2, (uint16_t)(len / 4 - 1));
	sh_put_be32(p + 4, ssrc);
	sh_put_be32(p + 8, media);
	sh_put_be16(p + 12, (uint16_t)t->next);
	sh_put_be16(p + 14, (uint16_t)s.n);
	sh_put_be24(p + 16, (uint32_t)(s.reference / TICKS_PER_REFERENCE) & 0xffffff);
	p[19] = t->fb_count++;
	for (unsigned i = 0; i < s.chunks; i++)
		sh_put_be16(p + FIXED + 2 * i, s.chunk[i]);
	put_deltas(p + FIXED + 2 * s.chunks, &s);
	b->len += len;
	t->next += s.n;
	return true;
}
