/* SPDX-License-Identifier: Apache-2.0 */

/* SRTP keys as text (RFC 4568, 9.2; RFC 7714, 12). */

#include <errno.h>
#include <string.h>

#include "controlplane/operator/sdes.h"
#include "tests/unit/rooms/world.h"

static const uint16_t profiles[] = {
	SH_SRTP_AEAD_AES_128_GCM, SH_SRTP_AEAD_AES_256_GCM, SH_SRTP_AES128_CM_SHA1_80};

static void there_and_back(void **state)
{
	static const size_t length[] = {40, 60, 40}, key[] = {16, 32, 16}, salt[] = {12, 12, 14};
	struct sh_srtp_keys k, back;
	char text[CP_SDES_SIZE];

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(cp_sdes_profile(cp_sdes_suite(profiles[i])), profiles[i]);
		cp_sdes_make(&k);
		cp_sdes_write(text, profiles[i], &k);
		assert_int_equal(strlen(text), length[i]);
		assert_int_equal(cp_sdes_read(&back, profiles[i], text), 0);
		assert_memory_equal(back.key, k.key, key[i]);
		assert_memory_equal(back.salt, k.salt, salt[i]);
	}
	assert_int_equal(cp_sdes_profile("AES_CM_128_HMAC_SHA1_32"), 0);
	assert_null(cp_sdes_suite(0));
}

/* The example of RFC 4568, 9.1: 30 bytes for AES_CM_128_HMAC_SHA1_80. */
static void an_example(void **state)
{
	struct sh_srtp_keys k;

	assert_int_equal(cp_sdes_read(&k, SH_SRTP_AES128_CM_SHA1_80,
				 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"),
		0);
	assert_memory_equal(k.key, "wDfvg&T+)xG7@fb5", 16);
	assert_memory_equal(k.salt, "jU,RaA}\\|p0%*#", 14);
}

static void what_is_no_key(void **state)
{
	static const char good[] = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
	struct sh_srtp_keys k;
	char text[64];

	for (size_t len = 0; len < strlen(good); len++) {
		memcpy(text, good, len);
		text[len] = '\0';
		assert_int_equal(cp_sdes_read(&k, SH_SRTP_AES128_CM_SHA1_80, text), EINVAL);
	}
	for (size_t i = 0; i < strlen(good); i++) {
		strcpy(text, good);
		text[i] = i % 2 ? '=' : '!';
		assert_int_equal(cp_sdes_read(&k, SH_SRTP_AES128_CM_SHA1_80, text), EINVAL);
	}
	/* Of the same length, and 30 bytes where 28 are right. */
	assert_int_equal(cp_sdes_read(&k, SH_SRTP_AEAD_AES_128_GCM, good), EINVAL);
	assert_int_equal(cp_sdes_read(&k, SH_SRTP_AEAD_AES_256_GCM, good), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(an_example),
		cmocka_unit_test(what_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
