/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/dtls/cert.h"

static struct cp_cert cert;

static int start(void **state)
{
	return cp_cert_create(&cert);
}

static int stop(void **state)
{
	cp_cert_free(&cert);
	return 0;
}

static void text_of(char *out, const EVP_MD *md)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;

	X509_digest(cert.x509, md, digest, &len);
	for (unsigned i = 0; i < len; i++)
		out += sprintf(out, i ? ":%02x" : "%02x", digest[i]);
}

static void own_fingerprint_is_uppercase_sha256(void **state)
{
	struct cp_fingerprint f;

	assert_int_equal(strlen(cert.fingerprint), 95);
	assert_int_equal(strspn(cert.fingerprint, "0123456789ABCDEF:"), 95);
	assert_int_equal(cp_fingerprint_parse(&f, "sha-256", cert.fingerprint), 0);
	assert_true(cp_fingerprint_match(&f, 1, cert.x509));
	assert_int_equal(EVP_PKEY_get_bits(cert.key), 256);
	assert_int_equal(X509_verify(cert.x509, cert.key), 1);
	assert_true(X509_cmp_current_time(X509_get0_notBefore(cert.x509)) < 0);
}

static void two_certificates_differ(void **state)
{
	struct cp_fingerprint f;
	struct cp_cert other;

	assert_int_equal(cp_cert_create(&other), 0);
	assert_string_not_equal(cert.fingerprint, other.fingerprint);
	cp_fingerprint_parse(&f, "sha-256", other.fingerprint);
	assert_false(cp_fingerprint_match(&f, 1, cert.x509));
	cp_cert_free(&other);
}

static void longer_hashes_and_lower_case(void **state)
{
	char text[CP_FINGERPRINT_TEXT];
	struct cp_fingerprint f;

	text_of(text, EVP_sha384());
	assert_int_equal(cp_fingerprint_parse(&f, "SHA-384", text), 0);
	assert_true(cp_fingerprint_match(&f, 1, cert.x509));
	text_of(text, EVP_sha512());
	assert_int_equal(cp_fingerprint_parse(&f, "sha-512", text), 0);
	assert_true(cp_fingerprint_match(&f, 1, cert.x509));
}

static void only_the_strongest_hash_counts(void **state)
{
	struct cp_fingerprint f[2];
	char text[CP_FINGERPRINT_TEXT];

	cp_fingerprint_parse(&f[0], "sha-256", cert.fingerprint);
	text_of(text, EVP_sha512());
	cp_fingerprint_parse(&f[1], "sha-512", text);
	f[1].bytes[0] ^= 1;
	assert_false(cp_fingerprint_match(f, 2, cert.x509));
	f[1].bytes[0] ^= 1;
	f[0].bytes[0] ^= 1;
	assert_true(cp_fingerprint_match(f, 2, cert.x509));
	assert_false(cp_fingerprint_match(f, 0, cert.x509));
}

static void bad_fingerprints_are_named(void **state)
{
	char text[CP_FINGERPRINT_TEXT];
	struct cp_fingerprint f;

	assert_int_equal(cp_fingerprint_parse(&f, "sha-1", cert.fingerprint), ENOTSUP);
	assert_int_equal(cp_fingerprint_parse(&f, "md5", cert.fingerprint), ENOTSUP);
	assert_int_equal(cp_fingerprint_parse(&f, "", cert.fingerprint), ENOTSUP);
	assert_int_equal(cp_fingerprint_parse(&f, "sha-512", cert.fingerprint), EINVAL);
	assert_int_equal(cp_fingerprint_parse(&f, "sha-256", ""), EINVAL);
	for (size_t i = 0; i < 95; i++) {
		strcpy(text, cert.fingerprint);
		text[i] = text[i] == ':' ? '-' : 'G';
		assert_int_equal(cp_fingerprint_parse(&f, "sha-256", text), EINVAL);
		text[i] = '\0';
		assert_int_equal(cp_fingerprint_parse(&f, "sha-256", text), EINVAL);
	}
	strcpy(text, cert.fingerprint);
	strcat(text, ":");
	assert_int_equal(cp_fingerprint_parse(&f, "sha-256", text), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_fingerprint_is_uppercase_sha256),
		cmocka_unit_test(two_certificates_differ),
		cmocka_unit_test(longer_hashes_and_lower_case),
		cmocka_unit_test(only_the_strongest_hash_counts),
		cmocka_unit_test(bad_fingerprints_are_named),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
