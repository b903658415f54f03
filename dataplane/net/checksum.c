/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/checksum.h"

#include <arpa/inet.h>
#include <string.h>

uint32_t dp_sum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t wide = sum;

	for (; len >= 4; p += 4, len -= 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		wide += word;
	}
	if (len >= 2) {
		uint16_t half;

		memcpy(&half, p, sizeof(half));
		wide += half;
		p += 2;
		len -= 2;
	}
	if (len) {
		uint8_t last[2] = {*p, 0};
		uint16_t half;

		memcpy(&half, last, sizeof(half));
		wide += half;
	}
	/* In one's complement arithmetic 2^16 equals 1: 32-bit words give the same sum. */
	wide = (wide & 0xffff) + (wide >> 16 & 0xffff) + (wide >> 32 & 0xffff) + (wide >> 48);
	return (uint32_t)wide;
}

uint16_t dp_sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t dp_sum_pseudo(uint8_t family, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint16_t len)
{
	size_t n = family == 4 ? 4 : 16;
	uint32_t sum = dp_sum(dp_sum(0, src, n), dst, n);

	return sum + htons(proto) + htons(len);
}
