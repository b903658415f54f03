/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_BYTES_H
#define SPATE_SHARED_BYTES_H

/*
 * Reads and writes big-endian integers at any alignment. The caller has checked the length. Each is
 * one load or store: written byte by byte, compilers merge neighbouring stores in pieces that cost
 * more than the stores.
 */

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t sh_get_be16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t sh_get_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | sh_get_be16(p + 1);
}

static inline uint32_t sh_get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline void sh_put_be16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void sh_put_be24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	sh_put_be16(p + 1, (uint16_t)v);
}

static inline void sh_put_be32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void sh_put_be64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
