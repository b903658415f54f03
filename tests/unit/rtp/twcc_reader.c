/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rtp/twcc_reader.h"

static unsigned word(const uint8_t *p)
{
	return p[0] * 256u + p[1];
}

/* The symbols of one chunk, at most as many as are left. Returns how many; 0: malformed. */
static unsigned read_chunk(struct twcc_report *r, unsigned chunk, unsigned left, uint8_t *symbols)
{
	unsigned n;

	if (chunk < 0x8000) {
		r->runs++;
		n = chunk % 8192;
		if (n == 0 || n > left || chunk / 8192 == 3)
			return 0;
		for (unsigned i = 0; i < n; i++)
			symbols[i] = (uint8_t)(chunk / 8192);
		return n;
	}
	bool two = chunk & 0x4000;
	r->two_bit += two;
	r->one_bit += !two;
	n = two ? 7 : 14;
	for (unsigned i = 0; i < n && i < left; i++)
		symbols[i] = two ? (chunk >> (12 - 2 * i)) & 3 : (chunk >> (13 - i)) & 1;
	return n < left ? n : left;
}

bool twcc_read(struct twcc_report *r, const uint8_t *p, size_t len)
{
	static uint8_t symbols[65536];
	unsigned known = 0;

	if (len < 20 || len % 4 || p[0] != 0x8f || p[1] != 205 || (word(p + 2) + 1) * 4 != len)
		return false;
	r->ssrc = word(p + 4) << 16 | word(p + 6);
	r->media = word(p + 8) << 16 | word(p + 10);
	r->base = (uint16_t)word(p + 12);
	r->count = (uint16_t)word(p + 14);
	r->reference = word(p + 16) << 8 | p[18];
	r->fb_count = p[19];
	r->runs = r->one_bit = r->two_bit = 0;

	const uint8_t *at = p + 20, *end = p + len;
	while (known < r->count) {
		if (end - at < 2)
			return false;
		unsigned n = read_chunk(r, word(at), r->count - known, symbols + known);
		if (n == 0)
			return false;
		known += n;
		at += 2;
	}

	int64_t tick = (int64_t)r->reference * 256;
	for (unsigned i = 0; i < r->count; i++) {
		r->seen[i] = symbols[i] != 0;
		if (symbols[i] == 3 || end - at < symbols[i])
			return false;
		if (symbols[i] == 1)
			tick += *at;
		else if (symbols[i] == 2)
			tick += (int16_t)word(at);
		r->ticks[i] = tick;
		at += symbols[i];
	}
	if (end - at > 3)
		return false;
	while (at < end) {
		if (*at++ != 0)
			return false;
	}
	return true;
}
