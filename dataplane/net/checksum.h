/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CHECKSUM_H
#define SPATE_DATAPLANE_CHECKSUM_H

/*
 * The Internet checksum (RFC 1071). Sums are of 16-bit words as they lie in memory, so
 * that the folded result is stored as it is, whatever the host's byte order. Pure C.
 */

#include <stddef.h>
#include <stdint.h>

/* Adds `len` bytes to `sum`; an odd last byte counts as if a zero followed. */
uint32_t dp_sum(uint32_t sum, const void *data, size_t len);

/* The complement of the sum, folded: what goes into a header. 0 over a right packet. */
uint16_t dp_sum_fold(uint32_t sum);

/*
 * The pseudo-header's part (RFC 768, RFC 8200, 8.1). Addresses in network order, 4 or 16
 * bytes by `family`; `proto` and `len` in host order.
 */
uint32_t dp_sum_pseudo(uint8_t family, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint16_t len);

#endif
