/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/cert.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

enum {
	BEFORE_S = 24 * 3600, /* some browsers' clocks are slow */
	VALID_S = 365 * 24 * 3600,
};

/* --- the certificate ------------------------------------------------------------------ */

static int fill_in(X509 *x, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(x);
	uint8_t serial[8];
	uint64_t number;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return EIO;
	memcpy(&number, serial, sizeof(number));
	if (!X509_set_version(x, X509_VERSION_3) ||
		!ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), number >> 1 | 1) ||
		!X509_gmtime_adj(X509_getm_notBefore(x), -BEFORE_S) ||
		!X509_gmtime_adj(X509_getm_notAfter(x), VALID_S) ||
		!X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"spate", -1, -1, 0) ||
		!X509_set_issuer_name(x, name) || !X509_set_pubkey(x, key) ||
		!X509_sign(x, key, EVP_sha256()))
		return EIO;
	return 0;
}

static int write_fingerprint(struct cp_cert *c)
{
	static const char hex[] = "0123456789ABCDEF";
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;
	char *at = c->fingerprint;

	if (!X509_digest(c->x509, EVP_sha256(), digest, &len))
		return EIO;
	for (unsigned i = 0; i < len; i++) {
		*at++ = hex[digest[i] >> 4];
		*at++ = hex[digest[i] & 15];
		*at++ = i + 1 < len ? ':' : '\0';
	}
	return 0;
}

int cp_cert_create(struct cp_cert *c)
{
	memset(c, 0, sizeof(*c));
	c->key = EVP_EC_gen("P-256");
	c->x509 = X509_new();
	if (!c->key || !c->x509 || fill_in(c->x509, c->key) || write_fingerprint(c)) {
		cp_cert_free(c);
		return EIO;
	}
	return 0;
}

void cp_cert_free(struct cp_cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	memset(c, 0, sizeof(*c));
}

/* --- fingerprints ------------------------------------------------------------------------ */

static uint8_t digest_len(const char *algorithm)
{
	if (strcasecmp(algorithm, "sha-256") == 0)
		return 32;
	if (strcasecmp(algorithm, "sha-384") == 0)
		return 48;
	if (strcasecmp(algorithm, "sha-512") == 0)
		return 64;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -EINVAL;
}

int cp_fingerprint_parse(struct cp_fingerprint *f, const char *algorithm, const char *value)
{
	memset(f, 0, sizeof(*f));
	f->len = digest_len(algorithm);
	if (!f->len)
		return ENOTSUP;
	if (strnlen(value, CP_FINGERPRINT_TEXT) != (size_t)f->len * 3 - 1)
		return EINVAL;
	for (int i = 0; i < f->len; i++) {
		int high = hex_digit(value[3 * i]), low = hex_digit(value[3 * i + 1]);

		if (high < 0 || low < 0 || (i + 1 < f->len && value[3 * i + 2] != ':'))
			return EINVAL;
		f->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

bool cp_fingerprint_match(const struct cp_fingerprint *f, unsigned count, const X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE], strongest = 0;
	const EVP_MD *md;
	unsigned len;

	for (unsigned i = 0; i < count; i++)
		if (f[i].len > strongest)
			strongest = f[i].len;
	md = strongest == 64 ? EVP_sha512() : strongest == 48 ? EVP_sha384() : EVP_sha256();
	if (!strongest || !X509_digest(cert, md, digest, &len) || len != strongest)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (f[i].len == len && CRYPTO_memcmp(f[i].bytes, digest, len) == 0)
			return true;
	return false;
}
