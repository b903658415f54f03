/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA1 against the seven cases of RFC 2202, section 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../shared/hmac_sha1.h"

struct vector {
	uint8_t key_fill; /* a key of one byte over and over; 0: key_text, or 1, 2, 3, ... */
	const char *key_text;
	size_t key_len;
	uint8_t data_fill;
	const char *data_text;
	size_t data_len;
	uint8_t digest[20];
};

static const struct vector vectors[] = {
        {0x0b, NULL, 20, 0, "Hi There", 8,
                {0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b, 0xc0, 0xb6, 0xfb, 0x37, 0x8c,
                        0x8e, 0xf1, 0x46, 0xbe, 0x00}},
        {0, "Jefe", 4, 0, "what do ya want for nothing?", 28,
                {0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74, 0x16, 0xd5, 0xf1, 0x84, 0xdf,
                        0x9c, 0x25, 0x9a, 0x7c, 0x79}},
        {0xaa, NULL, 20, 0xdd, NULL, 50,
                {0x12, 0x5d, 0x73, 0x42, 0xb9, 0xac, 0x11, 0xcd, 0x91, 0xa3, 0x9a, 0xf4, 0x8a, 0xa1, 0x7b,
                        0x4f, 0x63, 0xf1, 0x75, 0xd3}},
        {0, NULL, 25, 0xcd, NULL, 50,
                {0x4c, 0x90, 0x07, 0xf4, 0x02, 0x62, 0x50, 0xc6, 0xbc, 0x84, 0x14, 0xf9, 0xbf, 0x50, 0xc8,
                        0x6c, 0x2d, 0x72, 0x35, 0xda}},
        {0x0c, NULL, 20, 0, "Test With Truncation", 20,
                {0x4c, 0x1a, 0x03, 0x42, 0x4b, 0x55, 0xe0, 0x7f, 0xe7, 0xf2, 0x7b, 0xe1, 0xd5, 0x8b, 0xb9,
                        0x32, 0x4a, 0x9a, 0x5a, 0x04}},
        {0xaa, NULL, 80, 0, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                {0xaa, 0x4a, 0xe5, 0xe1, 0x52, 0x72, 0xd0, 0x0e, 0x95, 0x70, 0x56, 0x37, 0xce, 0x8a, 0x3b,
                        0x55, 0xed, 0x40, 0x21, 0x12}},
        {0xaa, NULL, 80, 0, "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", 73,
                {0xe8, 0xe9, 0x9d, 0x0f, 0x45, 0x23, 0x7d, 0x78, 0x6d, 0x6b, 0xba, 0xa7, 0x96, 0x5c, 0x78,
                        0x08, 0xbb, 0xff, 0x1a, 0x91}},
};

static void fill(uint8_t *out, const char *text, uint8_t byte, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = text != NULL ? (uint8_t)text[i] : byte != 0 ? byte : (uint8_t)(i + 1);
}

static void rfc2202(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		uint8_t key[80], data[80], out[20];
		struct sh_hmac_sha1 k;

		fill(key, v->key_text, v->key_fill, v->key_len);
		fill(data, v->data_text, v->data_fill, v->data_len);
		sh_hmac_sha1_key(&k, key, v->key_len);
		sh_hmac_sha1(&k, data, v->data_len, out);
		assert_memory_equal(out, v->digest, 20);
		/* the key is not used up, and where the data is cut does not matter */
		for (size_t cut = 0; cut <= v->data_len; cut++) {
			sh_hmac_sha1_two(&k, data, cut, data + cut, v->data_len - cut, out);
			assert_memory_equal(out, v->digest, 20);
		}
	}
}

static void empty(void **state)
{
	static const uint8_t want[20] = {0xfb, 0xdb, 0x1d, 0x1b, 0x18, 0xaa, 0x6c, 0x08, 0x32, 0x4b, 0x7d,
	        0x64, 0xb7, 0x1f, 0xb7, 0x63, 0x70, 0x69, 0x0e, 0x1d};
	struct sh_hmac_sha1 k;
	uint8_t out[20];

	sh_hmac_sha1_key(&k, NULL, 0);
	sh_hmac_sha1(&k, "", 0, out);
	assert_memory_equal(out, want, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rfc2202),
	        cmocka_unit_test(empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
