/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/loadgen/check.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "shared/bytes.h"

enum {
	USERNAME = 0x0006,
	MESSAGE_INTEGRITY = 0x0008,
	PRIORITY = 0x0024,
	USE_CANDIDATE = 0x0025,
	FINGERPRINT = 0x8028,
	ICE_CONTROLLING = 0x802a,
	ATTRIBUTE_HEADER = 4,
	INTEGRITY_SIZE = 20,
	FINGERPRINT_SIZE = 4,
};

static size_t attribute(uint8_t *out, size_t at, unsigned type, const void *value, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	sh_put_be16(out + at, type);
	sh_put_be16(out + at + 2, (unsigned)len);
	memset(out + at + ATTRIBUTE_HEADER, 0, padded);
	if (len > 0)
		memcpy(out + at + ATTRIBUTE_HEADER, value, len);
	return at + ATTRIBUTE_HEADER + padded;
}

/*
 * MESSAGE-INTEGRITY and FINGERPRINT each cover a length that includes them (RFC 8489, 14.5 and
 * 14.7).
 */
static void set_length(uint8_t *out, size_t end)
{
	sh_put_be16(out + 2, (unsigned)(end - SH_STUN_HEADER));
}

size_t lg_check_write(uint8_t *out, const char *ufrag, const struct sh_hmac_sha1 *key, uint32_t number,
	enum lg_check_style style)
{
	static const uint8_t priority[4] = {0x6e, 0xff, 0xff, 0xff};
	static const uint8_t tie_breaker[8] = {0x6e, 0xff, 0xff, 0xff};
	uint8_t mac[INTEGRITY_SIZE], word[FINGERPRINT_SIZE];
	char username[272];
	size_t at = SH_STUN_HEADER;
	int len = snprintf(username, sizeof(username), "%s:peer", ufrag);

	memset(out, 0, SH_STUN_HEADER);
	sh_put_be16(out, SH_STUN_BINDING_REQUEST);
	sh_put_be32(out + 4, 0x2112a442);
	sh_put_be32(out + 16, number);
	at = attribute(out, at, USERNAME, username, (size_t)len);
	if (style == LG_CHECK_BROWSER) {
		at = attribute(out, at, PRIORITY, priority, sizeof(priority));
		at = attribute(out, at, ICE_CONTROLLING, tie_breaker, sizeof(tie_breaker));
	}
	at = attribute(out, at, USE_CANDIDATE, NULL, 0);
	set_length(out, at + ATTRIBUTE_HEADER + INTEGRITY_SIZE);
	sh_hmac_sha1(key, out, at, mac);
	at = attribute(out, at, MESSAGE_INTEGRITY, mac, sizeof(mac));
	set_length(out, at + ATTRIBUTE_HEADER + FINGERPRINT_SIZE);
	sh_put_be32(word, (uint32_t)crc32(0, out, (uInt)at) ^ 0x5354554e);
	return attribute(out, at, FINGERPRINT, word, sizeof(word));
}

bool lg_check_refuse(const uint8_t *data, size_t len, uint8_t out[LG_REFUSAL_SIZE])
{
	if (len < SH_STUN_HEADER || data[0] != 0 || data[1] != 1)
		return false;
	memcpy(out, data, LG_REFUSAL_SIZE);
	sh_put_be16(out, SH_STUN_BINDING_ERROR);
	sh_put_be16(out + 2, 0);
	return true;
}

bool lg_check_succeeded(const uint8_t *data, size_t len)
{
	return len >= SH_STUN_HEADER && data[0] == 0x01 && data[1] == 0x01;
}
