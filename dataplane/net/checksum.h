/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_CHECKSUM_H
#define SPATE_DATAPLANE_NET_CHECKSUM_H

/*
 * Computes the Internet checksum (RFC 1071). The words are 16 bits in memory order, so the folded
 * sum can be stored into a packet without byte swapping on any host. Pure C.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Adds `len` bytes to `sum` and returns the new sum. An odd last byte is padded with a zero byte.
 * The data of all calls but the last of a sum must have an even length.
 */
uint32_t dp_sum(uint32_t sum, const void *data, size_t len);

/*
 * Folds the sum to 16 bits and complements it: the checksum to store in a header. Over a packet
 * with a valid checksum the result is 0.
 */
static inline uint16_t dp_sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/*
 * The sum of the pseudo-header (RFC 768; RFC 8200, 8.1). `src` and `dst` are in network byte order,
 * 4 or 16 bytes by `family`; `proto` and `len` are in host byte order.
 */
uint32_t dp_sum_pseudo(uint8_t family, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint16_t len);

#endif
