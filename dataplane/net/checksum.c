/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* Adds in one's complement arithmetic of 64 bits: the carry goes back into the lowest bit. */
static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b + (a + b < b);
}

static uint64_t load(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * The sum of all whole words of 64 bits, which is the sum of their words of 16 bits, because 2^16
 * equals 1 in one's complement arithmetic. Four sums side by side, since each addition waits for
 * the carry of the one before.
 */
static uint64_t sum_words(const uint8_t *p, size_t len)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (; len >= 32; p += 32, len -= 32) {
		a = add(a, load(p));
		b = add(b, load(p + 8));
		c = add(c, load(p + 16));
		d = add(d, load(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		a = add(a, load(p));
	return add(add(a, b), add(c, d));
}

uint32_t dp_sum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t rest = len % 8;
	uint64_t wide = sum_words(p, len), last = 0;

	memcpy(&last, p + len - rest, rest); /* the zero bytes behind the data add nothing */
	wide = add(wide, add(last, sum));
	return (uint32_t)((wide & 0xffff) + (wide >> 16 & 0xffff) + (wide >> 32 & 0xffff) + (wide >> 48));
}

uint32_t dp_sum_pseudo(uint8_t family, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint16_t len)
{
	size_t n = family == 4 ? 4 : 16;
	uint32_t sum = dp_sum(dp_sum(0, src, n), dst, n);

	return sum + htons(proto) + htons(len);
}
