/* SPDX-License-Identifier: Apache-2.0 */
/* STUN against the vectors of RFC 5769, its own responses, and hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <zlib.h>

#include "shared/stun.h"

/* RFC 5769, 2.1 */
static const uint8_t sample_request[] = {0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7,
	0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e,
	0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e,
	0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06,
	0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00,
	0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
	0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

/* RFC 5769, 2.2 */
static const uint8_t sample_ipv4_response[] = {0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7,
	0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73,
	0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47,
	0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c,
	0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d,
	0x4c, 0x96};

/* RFC 5769, 2.3 */
static const uint8_t sample_ipv6_response[] = {0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7,
	0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73,
	0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47,
	0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00,
	0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92,
	0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

/* RFC 5769, 2.4: long-term credentials, no FINGERPRINT */
static const uint8_t sample_long_term[] = {0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34,
	0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3,
	0x83, 0x88, 0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00,
	0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c,
	0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41, 0x00, 0x14, 0x00,
	0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x08, 0x00, 0x14,
	0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c,
	0xa8, 0x96, 0x66};

/* MD5("マトリックス:example.org:TheMatrIX"), the key of 2.4 */
static const uint8_t long_term_key[16] = {
	0xe8, 0xca, 0x7a, 0xd5, 0x9d, 0x5e, 0xb0, 0x51, 0x8e, 0x31, 0x29, 0x11, 0xd2, 0xda, 0xb2, 0xa9};

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static const struct sh_addr ipv4 = {.family = 4, .port = 32853, .ip = {192, 0, 2, 1}};
static const struct sh_addr ipv6 = {
	.family = 6,
	.port = 32853,
	.ip = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
};

static struct sh_hmac_sha1 sample_key(void)
{
	struct sh_hmac_sha1 k;

	sh_hmac_sha1_key(&k, password, strlen(password));
	return k;
}

/* A copy of exactly `len` bytes on the heap, so that a sanitizer sees a read past it. */
static uint8_t *exact(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

static int parse_exact(struct sh_stun *m, const uint8_t *data, size_t len)
{
	uint8_t *copy = exact(data, len);
	int error = sh_stun_parse(m, copy, len);

	free(copy);
	return error;
}

/* --- vectors ------------------------------------------------------------------- */

static void rfc5769_request(void **state)
{
	struct sh_hmac_sha1 key = sample_key(), wrong;
	struct sh_stun m;

	assert_int_equal(sh_stun_parse(&m, sample_request, sizeof(sample_request)), 0);
	assert_int_equal(m.type, SH_STUN_BINDING_REQUEST);
	assert_memory_equal(m.transaction, sample_request + 8, 12);
	assert_int_equal(m.username_len, 9);
	assert_memory_equal(m.username, "evtj:h6vY", 9);
	assert_true(m.controlled);
	assert_false(m.controlling);
	assert_false(m.use_candidate);
	assert_false(m.has_nomination);
	assert_true(m.fingerprint);
	assert_int_equal(m.unknown_required, 0);
	assert_true(sh_stun_verify(&m, sample_request, &key));
	sh_hmac_sha1_key(&wrong, "VOkJxbRl1RmTxUk/WvJxBT", 22);
	assert_false(sh_stun_verify(&m, sample_request, &wrong));
}

static void rfc5769_responses(void **state)
{
	struct sh_hmac_sha1 key = sample_key();
	struct sh_stun m;

	assert_int_equal(sh_stun_parse(&m, sample_ipv4_response, sizeof(sample_ipv4_response)), 0);
	assert_int_equal(m.type, SH_STUN_BINDING_SUCCESS);
	assert_true(m.fingerprint);
	assert_true(sh_stun_verify(&m, sample_ipv4_response, &key));

	assert_int_equal(sh_stun_parse(&m, sample_ipv6_response, sizeof(sample_ipv6_response)), 0);
	assert_true(m.fingerprint);
	assert_true(sh_stun_verify(&m, sample_ipv6_response, &key));
}

static void rfc5769_long_term(void **state)
{
	struct sh_hmac_sha1 key;
	struct sh_stun m;

	sh_hmac_sha1_key(&key, long_term_key, sizeof(long_term_key));
	assert_int_equal(sh_stun_parse(&m, sample_long_term, sizeof(sample_long_term)), 0);
	assert_false(m.fingerprint);
	assert_int_equal(m.username_len, 18);
	assert_true(sh_stun_verify(&m, sample_long_term, &key));
}

/* The attributes that count are byte for byte those of 2.2 and 2.3. */
static void success_matches_rfc5769(void **state)
{
	struct sh_hmac_sha1 key = sample_key();
	struct sh_stun request, m;
	uint8_t out[SH_STUN_MAX];
	size_t len;

	assert_int_equal(sh_stun_parse(&request, sample_request, sizeof(sample_request)), 0);
	len = sh_stun_success(out, &request, &ipv4, &key);
	assert_int_equal(len, 20 + 12 + 24 + 8);
	assert_memory_equal(out + 20, sample_ipv4_response + 36, 12);
	assert_int_equal(parse_exact(&m, out, len), 0);
	assert_int_equal(sh_stun_parse(&m, out, len), 0);
	assert_int_equal(m.type, SH_STUN_BINDING_SUCCESS);
	assert_memory_equal(m.transaction, request.transaction, 12);
	assert_true(m.fingerprint);
	assert_true(sh_stun_verify(&m, out, &key));

	len = sh_stun_success(out, &request, &ipv6, &key);
	assert_int_equal(len, 20 + 24 + 24 + 8);
	assert_memory_equal(out + 20, sample_ipv6_response + 36, 24);
	assert_int_equal(sh_stun_parse(&m, out, len), 0);
	assert_true(m.fingerprint);
	assert_true(sh_stun_verify(&m, out, &key));
}

static void errors(void **state)
{
	static const uint8_t want[] = {0x00, 0x09, 0x00, 0x0f, 0x00, 0x00, 0x04, 0x00, 'B', 'a', 'd', ' ',
		'R', 'e', 'q', 'u', 'e', 's', 't', 0};
	static const uint8_t unknown[] = {0x00, 0x0a, 0x00, 0x02, 0x7f, 0xff, 0x00, 0x00};
	struct sh_hmac_sha1 key = sample_key();
	struct sh_stun request, m;
	uint8_t out[SH_STUN_MAX];
	char reason[1000];
	size_t len;

	assert_int_equal(sh_stun_parse(&request, sample_request, sizeof(sample_request)), 0);
	len = sh_stun_error(out, &request, 400, "Bad Request", NULL);
	assert_int_equal(len, 20 + 20 + 8);
	assert_memory_equal(out + 20, want, sizeof(want));
	assert_int_equal(sh_stun_parse(&m, out, len), 0);
	assert_int_equal(m.type, SH_STUN_BINDING_ERROR);
	assert_true(m.fingerprint);
	assert_null(m.integrity);
	assert_false(sh_stun_verify(&m, out, &key));

	len = sh_stun_error(out, &request, 487, "Role Conflict", &key);
	assert_int_equal(out[26], 4);
	assert_int_equal(out[27], 87);
	assert_int_equal(sh_stun_parse(&m, out, len), 0);
	assert_true(m.fingerprint);
	assert_true(sh_stun_verify(&m, out, &key));

	request.unknown_required = 0x7fff;
	len = sh_stun_error(out, &request, 420, "", NULL);
	assert_int_equal(len, 20 + 8 + 8 + 8);
	assert_memory_equal(out + 28, unknown, sizeof(unknown));

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	len = sh_stun_error(out, &request, 420, reason, &key);
	assert_true(len <= SH_STUN_MAX);
	assert_int_equal(sh_stun_parse(&m, out, len), 0);
	assert_true(sh_stun_verify(&m, out, &key));
}

/* --- hostile input ----------------------------------------------------------------- */

static void truncated(void **state)
{
	struct sh_stun m;
	uint8_t *copy;

	for (size_t len = 0; len < sizeof(sample_request); len++) {
		/* as it is, and with a header that agrees with what is left */
		assert_int_equal(parse_exact(&m, sample_request, len), EBADMSG);
		if (len < SH_STUN_HEADER)
			continue;
		copy = exact(sample_request, len);
		copy[2] = 0;
		copy[3] = (uint8_t)(len - SH_STUN_HEADER);
		if (sh_stun_parse(&m, copy, len) == 0) {
			struct sh_hmac_sha1 key = sample_key();

			/* cut between attributes: well-formed, and not authenticated unless whole */
			assert_int_equal(len % 4, 0);
			assert_false(m.fingerprint);
			assert_int_equal(sh_stun_verify(&m, copy, &key), len == 100);
		}
		free(copy);
	}
}

static void any_bit_flipped(void **state)
{
	struct sh_hmac_sha1 key = sample_key();
	struct sh_stun m;

	for (size_t bit = 0; bit < sizeof(sample_request) * 8; bit++) {
		uint8_t *copy = exact(sample_request, sizeof(sample_request));

		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (sh_stun_parse(&m, copy, sizeof(sample_request)) == 0) /* FINGERPRINT's own type */
			assert_false(m.fingerprint && sh_stun_verify(&m, copy, &key));
		free(copy);
	}
}

static void lengths_that_lie(void **state)
{
	struct sh_stun m;
	uint8_t *copy = exact(sample_request, sizeof(sample_request));
	static const unsigned at[] = {22, 42, 50, 62, 78, 102}; /* every attribute's length */

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		static const unsigned lies[] = {0, 1, 3, 5, 0x60, 0x7c, 0xff, 0xfffc, 0xffff};

		for (size_t j = 0; j < sizeof(lies) / sizeof(lies[0]); j++) {
			uint8_t old[2] = {copy[at[i]], copy[at[i] + 1]};

			copy[at[i]] = (uint8_t)(lies[j] >> 8);
			copy[at[i] + 1] = (uint8_t)lies[j];
			assert_int_equal(sh_stun_parse(&m, copy, sizeof(sample_request)), EBADMSG);
			memcpy(copy + at[i], old, 2);
		}
	}
	assert_int_equal(sh_stun_parse(&m, copy, sizeof(sample_request)), 0);
	free(copy);
}

/* On a message without FINGERPRINT, which would catch a changed header by itself. */
static void header_checked(void **state)
{
	uint8_t copy[sizeof(sample_long_term) + 4] = {0};
	const size_t len = sizeof(sample_long_term);
	struct sh_stun m;

	memcpy(copy, sample_long_term, len);
	assert_int_equal(sh_stun_parse(&m, copy, len), 0);
	assert_int_equal(sh_stun_parse(&m, copy, len + 4), EBADMSG); /* four bytes behind */
	assert_int_equal(sh_stun_parse(&m, copy, len - 4), EBADMSG);
	copy[0] = 0x40; /* not STUN by RFC 7983 */
	assert_int_equal(sh_stun_parse(&m, copy, len), EBADMSG);
	copy[0] = 0x80;
	assert_int_equal(sh_stun_parse(&m, copy, len), EBADMSG);
	copy[0] = 0;
	copy[4] ^= 1; /* RFC 3489: no cookie */
	assert_int_equal(sh_stun_parse(&m, copy, len), EBADMSG);
	copy[4] ^= 1;
	copy[3] += 2; /* not whole words */
	assert_int_equal(sh_stun_parse(&m, copy, len + 2), EBADMSG);
	assert_int_equal(sh_stun_parse(&m, NULL, 0), EBADMSG);
}

/* Builds a request of attributes; FINGERPRINT and MESSAGE-INTEGRITY are up to the test. */
struct builder {
	uint8_t data[512];
	size_t len;
};

static void start(struct builder *b)
{
	memcpy(b->data, sample_request, SH_STUN_HEADER);
	b->len = SH_STUN_HEADER;
}

static void add(struct builder *b, uint16_t type, const void *value, size_t len)
{
	uint8_t *p = b->data + b->len;

	p[0] = (uint8_t)(type >> 8);
	p[1] = (uint8_t)type;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	memset(p + 4, 0, (len + 3) & ~(size_t)3);
	memcpy(p + 4, value, len);
	b->len += 4 + ((len + 3) & ~(size_t)3);
	b->data[2] = (uint8_t)((b->len - SH_STUN_HEADER) >> 8);
	b->data[3] = (uint8_t)(b->len - SH_STUN_HEADER);
}

static void add_integrity(struct builder *b, const struct sh_hmac_sha1 *key)
{
	uint8_t mac[20] = {0};
	size_t at = b->len;

	add(b, 0x0008, mac, sizeof(mac));
	sh_hmac_sha1(key, b->data, at, b->data + at + 4);
}

static void nomination(void **state)
{
	struct builder b;
	struct sh_stun m;

	start(&b);
	add(&b, 0xc001, "\0\0\1\2", 4);
	add(&b, 0x0025, "", 0);
	add(&b, 0x802a, "12345678", 8);
	assert_int_equal(parse_exact(&m, b.data, b.len), 0);
	assert_true(m.has_nomination);
	assert_int_equal(m.nomination, 0x102);
	assert_true(m.use_candidate);
	assert_true(m.controlling);
	assert_false(m.controlled);
	assert_null(m.username);
	assert_null(m.integrity);

	start(&b);
	add(&b, 0x0030, "\0\0\1\3", 4);
	assert_int_equal(parse_exact(&m, b.data, b.len), 0);
	assert_int_equal(m.nomination, 0x103);
	assert_int_equal(m.unknown_required, 0);

	start(&b);
	add(&b, 0xc001, "\0\0\1", 3);
	assert_int_equal(parse_exact(&m, b.data, b.len), EBADMSG);
	start(&b);
	add(&b, 0x0025, "abcd", 4);
	assert_int_equal(parse_exact(&m, b.data, b.len), EBADMSG);
}

static void unknown_attributes(void **state)
{
	struct builder b;
	struct sh_stun m;

	start(&b);
	add(&b, 0x8055, "optional", 8);
	add(&b, 0x7123, "required", 8);
	add(&b, 0x7124, "", 0);
	assert_int_equal(parse_exact(&m, b.data, b.len), 0);
	assert_int_equal(m.unknown_required, 0x7123);
}

/* RFC 8489, 14.5: nothing behind MESSAGE-INTEGRITY may count. */
static void after_integrity_is_ignored(void **state)
{
	struct sh_hmac_sha1 key = sample_key();
	struct builder b;
	struct sh_stun m;

	start(&b);
	add(&b, 0x0006, "evtj:h6vY", 9);
	add_integrity(&b, &key);
	add(&b, 0x0025, "", 0);
	add(&b, 0x0024, "\0\0\0\1", 4);
	add(&b, 0x7123, "", 0);
	add(&b, 0x0008, "another, not the one", 20);
	assert_int_equal(sh_stun_parse(&m, b.data, b.len), 0);
	assert_false(m.use_candidate);
	assert_int_equal(m.unknown_required, 0);
	assert_int_equal(m.integrity_offset, 20 + 16);
	assert_true(sh_stun_verify(&m, b.data, &key));
}

static void first_of_two_counts(void **state)
{
	struct builder b;
	struct sh_stun m;

	start(&b);
	add(&b, 0x0006, "one:x", 5);
	add(&b, 0x0006, "two:x", 5);
	add(&b, 0xc001, "\0\0\0\1", 4);
	add(&b, 0xc001, "\0\0\0\2", 4);
	assert_int_equal(sh_stun_parse(&m, b.data, b.len), 0);
	assert_memory_equal(m.username, "one:x", 5);
	assert_int_equal(m.nomination, 1);
}

/* A FINGERPRINT whose CRC is right and that is not the last attribute. */
static void fingerprint_is_last(void **state)
{
	struct builder b;
	struct sh_stun m;
	uint32_t crc;
	size_t at;

	for (int behind = 0; behind < 2; behind++) {
		start(&b);
		add(&b, 0x0024, "\0\0\0\1", 4);
		at = b.len;
		add(&b, 0x8028, "\0\0\0\0", 4);
		if (behind)
			add(&b, 0x8022, "", 0);
		crc = (uint32_t)crc32(0, b.data, (uInt)at) ^ 0x5354554e;
		for (int i = 0; i < 4; i++)
			b.data[at + 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
		assert_int_equal(parse_exact(&m, b.data, b.len), behind ? EBADMSG : 0);
	}
}

static void integrity_length(void **state)
{
	struct builder b;
	struct sh_stun m;

	start(&b);
	add(&b, 0x0008, "nineteen bytes long", 19);
	assert_int_equal(parse_exact(&m, b.data, b.len), EBADMSG);
	start(&b);
	add(&b, 0x0008, "twenty-one bytes long", 21);
	assert_int_equal(parse_exact(&m, b.data, b.len), EBADMSG);
}

static void ufrag(void **state)
{
	struct sh_stun m;

	assert_int_equal(sh_stun_parse(&m, sample_request, sizeof(sample_request)), 0);
	assert_true(sh_stun_for_ufrag(&m, "evtj", 4));
	assert_false(sh_stun_for_ufrag(&m, "evt", 3));
	assert_false(sh_stun_for_ufrag(&m, "evtJ", 4));
	assert_false(sh_stun_for_ufrag(&m, "evtj:", 5));
	assert_false(sh_stun_for_ufrag(&m, "evtj:h6vY", 9));
	assert_false(sh_stun_for_ufrag(&m, "evtj:h6vY and a lot more", 24));
	assert_int_equal(sh_stun_parse(&m, sample_ipv4_response, sizeof(sample_ipv4_response)), 0);
	assert_false(sh_stun_for_ufrag(&m, "evtj", 4)); /* no USERNAME */
}

/* 28 bytes: the header and FINGERPRINT, without which Chromium does not take it for STUN. */
static void probe_is_a_request_without_credentials(void **state)
{
	static const uint8_t transaction[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	uint8_t out[SH_STUN_MAX];
	struct sh_stun m;

	assert_int_equal(sh_stun_probe(out, transaction), 28);
	assert_int_equal(sh_stun_parse(&m, out, 28), 0);
	assert_int_equal(m.type, SH_STUN_BINDING_REQUEST);
	assert_true(m.fingerprint && !m.username && !m.integrity);
	assert_memory_equal(m.transaction, transaction, sizeof(transaction));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc5769_request),
		cmocka_unit_test(rfc5769_responses),
		cmocka_unit_test(rfc5769_long_term),
		cmocka_unit_test(success_matches_rfc5769),
		cmocka_unit_test(errors),
		cmocka_unit_test(truncated),
		cmocka_unit_test(any_bit_flipped),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(header_checked),
		cmocka_unit_test(nomination),
		cmocka_unit_test(unknown_attributes),
		cmocka_unit_test(after_integrity_is_ignored),
		cmocka_unit_test(first_of_two_counts),
		cmocka_unit_test(fingerprint_is_last),
		cmocka_unit_test(integrity_length),
		cmocka_unit_test(ufrag),
		cmocka_unit_test(probe_is_a_request_without_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
