/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/stun.h"
#include "shared/bytes.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <zlib.h>

#include "shared/hmac_sha1.h"

/* RFC 8489, 18.3; RFC 8445, 21.2. RFC 5780 and TURN are not supported. */
enum attribute {
	ATTR_MAPPED_ADDRESS = 0x0001,
	ATTR_USERNAME = 0x0006,
	ATTR_MESSAGE_INTEGRITY = 0x0008,
	ATTR_ERROR_CODE = 0x0009,
	ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
	ATTR_REALM = 0x0014,
	ATTR_NONCE = 0x0015,
	ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	ATTR_PRIORITY = 0x0024,
	ATTR_USE_CANDIDATE = 0x0025,
	ATTR_NOMINATION_DRAFT = 0x0030, /* draft-thatcher-ice-renomination */
	ATTR_FINGERPRINT = 0x8028,
	ATTR_ICE_CONTROLLED = 0x8029,
	ATTR_ICE_CONTROLLING = 0x802a,
	ATTR_NOMINATION = 0xc001, /* NOMINATION as Chromium sends it */
};

enum {
	COMPREHENSION_OPTIONAL = 0x8000,
	ATTR_HEADER = 4,
	INTEGRITY_LEN = 20,
	FINGERPRINT_LEN = 4,
	USERNAME_MAX = 512, /* RFC 5389, 15.3; RFC 8489 allows slightly less */
	REASON_MAX = 128, /* RFC 8489, 14.8: fewer than 128 characters */
};

static const uint32_t magic_cookie = 0x2112a442;
static const uint32_t fingerprint_xor = 0x5354554e; /* RFC 8489, 14.7 */

/* --- reading ------------------------------------------------------------------ */

/* RFC 8489, 5: two zero bits, a length in whole words that matches the datagram, the cookie. */
static int parse_header(struct sh_stun *m, const uint8_t *data, size_t len)
{
	if (len < SH_STUN_HEADER || (data[0] & 0xc0) != 0)
		return EBADMSG;
	if (sh_get_be16(data + 2) % 4 != 0 || (size_t)sh_get_be16(data + 2) + SH_STUN_HEADER != len)
		return EBADMSG;
	if (sh_get_be32(data + 4) != magic_cookie)
		return EBADMSG;
	m->type = sh_get_be16(data);
	memcpy(m->transaction, data + 8, sizeof(m->transaction));
	return 0;
}

static int want_len(size_t len, size_t want)
{
	return len == want ? 0 : EBADMSG;
}

static int parse_nomination(struct sh_stun *m, const uint8_t *value, size_t len)
{
	if (want_len(len, 4) != 0)
		return EBADMSG;
	m->has_nomination = true;
	m->nomination = sh_get_be32(value);
	return 0;
}

/*
 * Parses an attribute that precedes MESSAGE-INTEGRITY. If an attribute occurs twice, the first one
 * counts (RFC 8489, 14).
 */
static int parse_attribute(struct sh_stun *m, uint16_t type, const uint8_t *value, size_t len)
{
	switch (type) {
	case ATTR_USERNAME:
		if (len > USERNAME_MAX)
			return EBADMSG;
		if (!m->username) {
			m->username = (const char *)value;
			m->username_len = (uint16_t)len;
		}
		return 0;
	case ATTR_PRIORITY: /* an ICE-lite agent has no check list that it would order */
		return want_len(len, 4);
	case ATTR_USE_CANDIDATE:
		m->use_candidate = true;
		return want_len(len, 0);
	case ATTR_ICE_CONTROLLED:
		m->controlled = true;
		return want_len(len, 8);
	case ATTR_ICE_CONTROLLING:
		m->controlling = true;
		return want_len(len, 8);
	case ATTR_NOMINATION:
	case ATTR_NOMINATION_DRAFT:
		return m->has_nomination ? want_len(len, 4) : parse_nomination(m, value, len);
	case ATTR_MAPPED_ADDRESS:
	case ATTR_ERROR_CODE:
	case ATTR_UNKNOWN_ATTRIBUTES:
	case ATTR_REALM:
	case ATTR_NONCE:
	case ATTR_XOR_MAPPED_ADDRESS:
		return 0; /* known, but unused in a binding request */
	default:
		if (type < COMPREHENSION_OPTIONAL && m->unknown_required == 0)
			m->unknown_required = type;
		return 0;
	}
}

/* RFC 8489, 14.7: FINGERPRINT is the last attribute, and its CRC covers everything before it. */
static int check_fingerprint(struct sh_stun *m, const uint8_t *data, size_t at, size_t attr_len, size_t len)
{
	uint32_t crc;

	if (attr_len != FINGERPRINT_LEN || at + ATTR_HEADER + FINGERPRINT_LEN != len)
		return EBADMSG;
	crc = (uint32_t)crc32(0, data, (uInt)at) ^ fingerprint_xor;
	if (crc != sh_get_be32(data + at + ATTR_HEADER))
		return EBADMSG;
	m->fingerprint = true;
	return 0;
}

int sh_stun_parse(struct sh_stun *m, const uint8_t *data, size_t len)
{
	size_t at = SH_STUN_HEADER;

	memset(m, 0, sizeof(*m));
	if (parse_header(m, data, len) != 0)
		return EBADMSG;
	while (at < len) {
		const uint8_t *value = data + at + ATTR_HEADER;
		uint16_t type;
		size_t attr_len, padded;
		int error = 0;

		/* `len` and `at` are multiples of 4, so an attribute header always fits. */
		type = sh_get_be16(data + at);
		attr_len = sh_get_be16(data + at + 2);
		padded = (attr_len + 3) & ~(size_t)3;
		if (padded > len - at - ATTR_HEADER)
			return EBADMSG;
		if (type == ATTR_FINGERPRINT) {
			error = check_fingerprint(m, data, at, attr_len, len);
		} else if (!m->integrity && type == ATTR_MESSAGE_INTEGRITY) {
			error = want_len(attr_len, INTEGRITY_LEN);
			m->integrity = value;
			m->integrity_offset = (uint16_t)at;
		} else if (!m->integrity) { /* later attributes are not authenticated */
			error = parse_attribute(m, type, value, attr_len);
		}
		if (error != 0)
			return error;
		at += ATTR_HEADER + padded;
	}
	return 0;
}

bool sh_stun_verify(const struct sh_stun *m, const uint8_t *data, const struct sh_hmac_sha1 *key)
{
	uint8_t header[SH_STUN_HEADER], mac[INTEGRITY_LEN];
	uint16_t len;

	if (!m->integrity)
		return false;
	/* RFC 8489, 14.5: the hashed header's length field ends after MESSAGE-INTEGRITY */
	len = (uint16_t)(m->integrity_offset + ATTR_HEADER + INTEGRITY_LEN - SH_STUN_HEADER);
	memcpy(header, data, sizeof(header));
	header[2] = (uint8_t)(len >> 8);
	header[3] = (uint8_t)len;
	sh_hmac_sha1_two(key, header, sizeof(header), data + SH_STUN_HEADER,
		(size_t)m->integrity_offset - SH_STUN_HEADER, mac);
	return CRYPTO_memcmp(mac, m->integrity, sizeof(mac)) == 0;
}

bool sh_stun_for_ufrag(const struct sh_stun *m, const char *ufrag, size_t ufrag_len)
{
	return m->username && m->username_len > ufrag_len && m->username[ufrag_len] == ':' &&
	       memcmp(m->username, ufrag, ufrag_len) == 0;
}

/* --- building ----------------------------------------------------------------- */

static size_t begin(uint8_t *out, enum sh_stun_type type, const uint8_t transaction[12])
{
	sh_put_be16(out, type);
	sh_put_be16(out + 2, 0);
	sh_put_be32(out + 4, magic_cookie);
	memcpy(out + 8, transaction, 12);
	return SH_STUN_HEADER;
}

/* Writes an attribute's header and its padding. Returns the offset of the next attribute. */
static size_t attribute(uint8_t *out, size_t at, unsigned type, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	sh_put_be16(out + at, type);
	sh_put_be16(out + at + 2, (unsigned)len);
	memset(out + at + ATTR_HEADER + len, 0, padded - len);
	return at + ATTR_HEADER + padded;
}

/* Appends MESSAGE-INTEGRITY if `key` is given, and FINGERPRINT. Returns the message's length. */
static size_t finish(uint8_t *out, size_t at, const struct sh_hmac_sha1 *key)
{
	if (key) {
		size_t end = attribute(out, at, ATTR_MESSAGE_INTEGRITY, INTEGRITY_LEN);

		sh_put_be16(out + 2, (unsigned)(end - SH_STUN_HEADER));
		sh_hmac_sha1(key, out, at, out + at + ATTR_HEADER);
		at = end;
	}
	sh_put_be16(out + 2, (unsigned)(at + ATTR_HEADER + FINGERPRINT_LEN - SH_STUN_HEADER));
	sh_put_be32(out + at + ATTR_HEADER, (uint32_t)crc32(0, out, (uInt)at) ^ fingerprint_xor);
	return attribute(out, at, ATTR_FINGERPRINT, FINGERPRINT_LEN);
}

/* RFC 8489, 14.2: the address is XORed with the cookie, for IPv6 followed by the transaction id. */
static size_t put_xor_mapped(uint8_t *out, size_t at, const struct sh_addr *a)
{
	size_t ip_len = a->family == 6 ? 16 : 4;
	uint8_t *value = out + at + ATTR_HEADER;

	value[0] = 0;
	value[1] = a->family == 6 ? 2 : 1;
	sh_put_be16(value + 2, a->port ^ (magic_cookie >> 16));
	for (size_t i = 0; i < ip_len; i++)
		value[4 + i] = a->ip[i] ^ out[4 + i];
	return attribute(out, at, ATTR_XOR_MAPPED_ADDRESS, 4 + ip_len);
}

size_t sh_stun_success(uint8_t *out, const struct sh_stun *request, const struct sh_addr *mapped,
	const struct sh_hmac_sha1 *key)
{
	size_t at = begin(out, SH_STUN_BINDING_SUCCESS, request->transaction);

	at = put_xor_mapped(out, at, mapped);
	return finish(out, at, key);
}

size_t sh_stun_probe(uint8_t *out, const uint8_t transaction[12])
{
	return finish(out, begin(out, SH_STUN_BINDING_REQUEST, transaction), NULL);
}

size_t sh_stun_error(uint8_t *out, const struct sh_stun *request, unsigned code, const char *reason,
	const struct sh_hmac_sha1 *key)
{
	size_t at = begin(out, SH_STUN_BINDING_ERROR, request->transaction);
	size_t reason_len = strnlen(reason, REASON_MAX - 1);
	uint8_t *value = out + at + ATTR_HEADER;

	sh_put_be16(value, 0);
	value[2] = (uint8_t)(code / 100 & 7);
	value[3] = (uint8_t)(code % 100);
	memcpy(value + 4, reason, reason_len);
	at = attribute(out, at, ATTR_ERROR_CODE, 4 + reason_len);
	if (code == 420) { /* RFC 8489, 6.3.1: names the unknown attribute */
		sh_put_be16(out + at + ATTR_HEADER, request->unknown_required);
		at = attribute(out, at, ATTR_UNKNOWN_ATTRIBUTES, 2);
	}
	return finish(out, at, key);
}
