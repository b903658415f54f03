/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/auth/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

void base64url(char *out, size_t size, const void *data, size_t len)
{
	unsigned char text[TOKEN_SIZE * 2];
	int length;

	assert_true(len < TOKEN_SIZE);
	length = EVP_EncodeBlock(text, data, (int)len);
	while (length > 0 && text[length - 1] == '=')
		length--;
	assert_true((size_t)length < size);
	for (int i = 0; i < length; i++)
		out[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i];
	out[length] = '\0';
}

void token_begin(char out[TOKEN_SIZE], const char *header, const char *payload)
{
	size_t at;

	base64url(out, TOKEN_SIZE, header, strlen(header));
	at = strlen(out);
	out[at++] = '.';
	base64url(out + at, TOKEN_SIZE - at, payload, strlen(payload));
	at = strlen(out);
	assert_true(at + 1 < TOKEN_SIZE);
	memcpy(out + at, ".", 2);
}

/* What is signed stops before the second dot. */
static size_t signed_length(const char *token)
{
	return strlen(token) - 1;
}

static void add_signature(char out[TOKEN_SIZE], const void *signature, size_t len)
{
	size_t at = strlen(out);

	base64url(out + at, TOKEN_SIZE - at, signature, len);
}

void token_hmac(char out[TOKEN_SIZE], const char *header, const char *payload, const void *secret, size_t len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len;

	token_begin(out, header, payload);
	assert_non_null(HMAC(EVP_sha256(), secret, (int)len, (const unsigned char *)out, signed_length(out),
		mac, &mac_len));
	add_signature(out, mac, mac_len);
}

/* From DER to R and S of `half` bytes each. */
static size_t flat_ecdsa(unsigned char *signature, size_t len, int half)
{
	const unsigned char *der = signature;
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)len);

	assert_non_null(parts);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(parts), signature, half), half);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(parts), signature + half, half), half);
	ECDSA_SIG_free(parts);
	return 2 * (size_t)half;
}

void token_sign_wide(char out[TOKEN_SIZE], const char *header, const char *payload, EVP_PKEY *key, int half)
{
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	token_begin(out, header, payload);
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, signature, &len, (const unsigned char *)out, signed_length(out)),
		1);
	EVP_MD_CTX_free(md);
	if (EVP_PKEY_is_a(key, "EC"))
		len = flat_ecdsa(signature, len, half);
	add_signature(out, signature, len);
}

void token_sign(char out[TOKEN_SIZE], const char *header, const char *payload, EVP_PKEY *key)
{
	token_sign_wide(out, header, payload, key, (EVP_PKEY_get_bits(key) + 7) / 8);
}

void write_file(char *path, const void *data, size_t len)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(close(fd), 0);
}

void write_public(char *path, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &text);
	write_file(path, text, (size_t)len);
	BIO_free(bio);
}
