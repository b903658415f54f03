/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cluster/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY_S = 86400, RSA_BITS = 2048 };

static char directory[64];
static char path[PEM_FILES][96];

/* --- certificates ------------------------------------------------------------------------------- */

static EVP_PKEY *make_key(const char *type)
{
	EVP_PKEY *key = strcmp(type, "EC") == 0    ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
			: strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS)
						   : EVP_PKEY_Q_keygen(NULL, NULL, type);

	assert_non_null(key);
	return key;
}

static const EVP_MD *digest_of(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
}

/* Signed by `issuer`, or by itself. */
static X509 *issue(EVP_PKEY *key, const char *name, const struct authority *issuer, int days)
{
	static long serial;
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	EVP_PKEY *signer = issuer ? issuer->key : key;
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		issuer ? "CA:FALSE" : "critical,CA:TRUE");

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), days < 0 ? -2L * DAY_S : -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * DAY_S);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate) : subject);
	X509_set_pubkey(certificate, key);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(certificate, signer, digest_of(signer)) > 0);
	return certificate;
}

struct authority make_authority(void)
{
	struct authority a = {.key = make_key("EC")};

	a.certificate = issue(a.key, "an authority", NULL, 30);
	return a;
}

void free_authority(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->certificate);
}

struct cp_identity make_node(const struct authority *a, const char *node, const char *type, int days)
{
	struct cp_identity i = {.key = make_key(type)};

	snprintf(i.node, sizeof(i.node), "%s", node);
	i.certificate = issue(i.key, node, a, days);
	i.authority = X509_STORE_new();
	assert_int_equal(X509_STORE_add_cert(i.authority, a->certificate), 1);
	return i;
}

/* --- files -------------------------------------------------------------------------------------- */

void begin_files(void)
{
	snprintf(directory, sizeof(directory), "/tmp/spate-cluster-XXXXXX");
	assert_non_null(mkdtemp(directory));
	for (unsigned i = 0; i < PEM_FILES; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%u.pem", directory, i);
}

static FILE *create(enum pem which)
{
	FILE *file = fopen(path[which], "w");

	assert_non_null(file);
	return file;
}

const char *write_certificate(enum pem which, X509 *certificate)
{
	FILE *file = create(which);

	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	return path[which];
}

const char *write_key(enum pem which, EVP_PKEY *key)
{
	FILE *file = create(which);

	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	return path[which];
}

const char *write_text(enum pem which, const char *text)
{
	FILE *file = create(which);

	fputs(text, file);
	fclose(file);
	return path[which];
}

void end_files(void)
{
	for (unsigned i = 0; i < PEM_FILES; i++)
		unlink(path[i]);
	rmdir(directory);
}
