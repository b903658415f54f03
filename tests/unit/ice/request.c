/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ice/request.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static size_t attribute(uint8_t *out, size_t at, unsigned type, const void *value, size_t len)
{
	put16(out + at, type);
	put16(out + at + 2, (unsigned)len);
	memset(out + at + 4, 0, (len + 3) & ~(size_t)3);
	if (len)
		memcpy(out + at + 4, value, len);
	return at + 4 + ((len + 3) & ~(size_t)3);
}

size_t request_write(uint8_t *out, const struct request *r)
{
	uint8_t word[8] = {0x6e, 0xff, 0xff, 0xff};
	char username[64];
	unsigned mac_len;
	size_t at = 20;

	memset(out, 0, 20);
	put16(out, 0x0001);
	put32(out + 4, 0x2112a442);
	memset(out + 8, 0x5a, 12);
	if (r->ufrag)
		at = attribute(out, at, 0x0006, username,
			(size_t)snprintf(username, sizeof(username), "%s:peer", r->ufrag));
	if (!r->no_priority)
		at = attribute(out, at, 0x0024, word, 4);
	if (!r->no_role)
		at = attribute(out, at, r->controlled ? 0x8029 : 0x802a, word, 8);
	if (r->use_candidate)
		at = attribute(out, at, 0x0025, NULL, 0);
	if (r->nomination) {
		put32(word, r->nomination);
		at = attribute(out, at, 0xc001, word, 4);
	}
	if (r->unknown)
		at = attribute(out, at, 0x7001, word, 4);
	if (r->pwd) {
		uint8_t mac[20];

		put16(out + 2, (unsigned)(at + 24 - 20));
		HMAC(EVP_sha1(), r->pwd, (int)strlen(r->pwd), out, at, mac, &mac_len);
		at = attribute(out, at, 0x0008, mac, 20);
	}
	if (!r->no_fingerprint) {
		put16(out + 2, (unsigned)(at + 8 - 20));
		put32(word, (uint32_t)crc32(0, out, (uInt)at) ^ 0x5354554e);
		at = attribute(out, at, 0x8028, word, 4);
	}
	put16(out + 2, (unsigned)(at - 20));
	return at;
}

struct sh_path request_path(uint8_t host, uint16_t port)
{
	return (struct sh_path){
		.remote = {.family = 4, .port = port, .ip = {10, 0, 0, host}},
		.local = {.family = 4, .port = 20000, .ip = {10, 99, 0, 2}},
	};
}

int response_code(const uint8_t *data, size_t len)
{
	if (len < 28 || data[0] != 1)
		return -1;
	if (data[1] == 0x01)
		return 0;
	/* ERROR-CODE is what an error response begins with here */
	return data[1] == 0x11 && data[20] == 0 && data[21] == 9 ? data[26] * 100 + data[27] : -1;
}
