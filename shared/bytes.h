/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_BYTES_H
#define SPATE_SHARED_BYTES_H

/* Reads and writes big-endian integers at any alignment. The caller has checked the length. */

#include <stdint.h>

static inline uint16_t sh_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t sh_get_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t sh_get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | sh_get_be24(p + 1);
}

static inline void sh_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void sh_put_be24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	sh_put_be16(p + 1, (uint16_t)v);
}

static inline void sh_put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

#endif
