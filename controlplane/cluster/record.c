/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/record.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "controlplane/base/json.h"

#define VERSION "spate1"

enum {
	PARTS = 4,
	SIGNATURE_MAX = 1024, /* bytes; of an RSA key of 8,192 bits */
	PADDING = 3, /* base64 is decoded in groups of so many bytes */
};

/* A part of a record's text. */
struct part {
	const char *chars;
	size_t len;
};

/* --- base64 (RFC 4648, 4), with padding ----------------------------------------------------- */

static size_t encoded(size_t len)
{
	return (len + 2) / 3 * 4;
}

/*
 * Whether `chars` is what the bytes are encoded to. A decoder accepts more: spaces around the text,
 * and any value of the bits of the last character that carry no data.
 */
static bool is_canonical(struct part chars, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		char group[5];

		EVP_EncodeBlock((unsigned char *)group, bytes + i, (int)(len - i < 3 ? len - i : 3));
		if (memcmp(group, chars.chars + i / 3 * 4, 4) != 0)
			return false;
	}
	return encoded(len) == chars.len;
}

/*
 * Returns the bytes written to `out` of `size`, or 0: the text is empty, too long, or not the one
 * encoding of these bytes.
 */
static size_t decode(struct part from, unsigned char *out, size_t size)
{
	size_t padding = 0;
	int len;

	while (padding < 2 && padding < from.len && from.chars[from.len - padding - 1] == '=')
		padding++;
	if (from.len == 0 || from.len % 4 != 0 || from.len / 4 * 3 > size)
		return 0;
	len = EVP_DecodeBlock(out, (const unsigned char *)from.chars, (int)from.len);
	if (len <= (int)padding || !is_canonical(from, out, (size_t)len - padding))
		return 0;
	return (size_t)len - padding;
}

/* --- the signature ---------------------------------------------------------------------------- */

/* The digest that goes with a key: none where the algorithm has its own (RFC 8032). */
static const EVP_MD *digest_of(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

/* What is signed: the record's first three parts, a line feed, and its name. The caller frees it. */
static unsigned char *signed_bytes(const char *text, size_t len, const char *name, size_t *out_len)
{
	size_t name_len = strlen(name);
	unsigned char *bytes = malloc(len + 1 + name_len);

	if (!bytes)
		return NULL;
	memcpy(bytes, text, len);
	bytes[len] = '\n';
	memcpy(bytes + len + 1, name, name_len);
	*out_len = len + 1 + name_len;
	return bytes;
}

/* Returns the signature's length, or 0. */
static size_t sign(EVP_PKEY *key, const char *text, size_t len, const char *name,
	unsigned char out[SIGNATURE_MAX])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t bytes_len = 0, size = SIGNATURE_MAX;
	unsigned char *bytes = signed_bytes(text, len, name, &bytes_len);
	bool good = context && bytes && EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key) == 1 &&
		    EVP_DigestSign(context, out, &size, bytes, bytes_len) == 1;

	free(bytes);
	EVP_MD_CTX_free(context);
	ERR_clear_error(); /* libwebsockets reads this thread's error queue */
	return good ? size : 0;
}

static bool verify(EVP_PKEY *key, struct part text, const char *name, const unsigned char *signature,
	size_t signature_len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t bytes_len = 0;
	unsigned char *bytes = signed_bytes(text.chars, text.len, name, &bytes_len);
	bool good = context && bytes && key &&
		    EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, signature_len, bytes, bytes_len) == 1;

	free(bytes);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}

/* --- writing ------------------------------------------------------------------------------------ */

/* Appends a dot and the bytes in base64; `at` is behind the text so far. */
static char *append(char *at, const unsigned char *bytes, size_t len)
{
	*at++ = '.';
	return at + EVP_EncodeBlock((unsigned char *)at, bytes, (int)len);
}

static char *write_text(const struct cp_identity *identity, const char *name, const char *json, size_t len,
	const unsigned char *certificate, size_t certificate_len)
{
	unsigned char signature[SIGNATURE_MAX];
	size_t size = sizeof(VERSION) + 3 + encoded(len) + encoded(certificate_len) + encoded(SIGNATURE_MAX);
	char *text = malloc(size), *end;
	size_t signature_len;

	if (!text)
		return NULL;
	memcpy(text, VERSION, sizeof(VERSION));
	end = append(text + strlen(VERSION), (const unsigned char *)json, len);
	end = append(end, certificate, certificate_len);
	signature_len = sign(identity->key, text, (size_t)(end - text), name, signature);
	if (signature_len > 0)
		end = append(end, signature, signature_len);
	if (signature_len > 0 && end - text <= CP_RECORD_MAX)
		return text;
	free(text);
	return NULL;
}

char *cp_record_write(const struct cp_identity *identity, const char *name, const cJSON *content)
{
	char *json = cp_json_print(content), *text = NULL;
	unsigned char *certificate = NULL;
	int certificate_len = i2d_X509(identity->certificate, &certificate);
	size_t len = json ? strlen(json) : 0;

	if (json && certificate_len > 0 && len < CP_RECORD_MAX)
		text = write_text(identity, name, json, len, certificate, (size_t)certificate_len);
	OPENSSL_free(certificate);
	cJSON_free(json);
	return text;
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool split(const char *text, size_t len, struct part part[PARTS])
{
	for (unsigned i = 0; i < PARTS; i++) {
		const char *dot = memchr(text, '.', len);

		if (!dot != (i + 1 == PARTS))
			return false;
		part[i] = (struct part){text, dot ? (size_t)(dot - text) : len};
		text += part[i].len + 1;
		len -= part[i].len + (dot ? 1 : 0);
	}
	return true;
}

/* The certificate in the record. The caller frees it. NULL: it is damaged. */
static X509 *read_certificate(struct part part)
{
	unsigned char bytes[CP_CERTIFICATE_MAX + PADDING];
	const unsigned char *at = bytes;
	size_t len = decode(part, bytes, sizeof(bytes));
	X509 *certificate = len > 0 ? d2i_X509(NULL, &at, (long)len) : NULL;

	ERR_clear_error();
	if (certificate && at != bytes + len) {
		X509_free(certificate);
		certificate = NULL;
	}
	return certificate;
}

/* NULL, or why the record was not signed by a node. */
static const char *check_signature(const struct cp_identity *identity, const char *name,
	const struct part part[PARTS], char node[SH_NODE_ID_MAX + 1])
{
	unsigned char signature[SIGNATURE_MAX + PADDING];
	size_t signature_len = decode(part[3], signature, sizeof(signature));
	struct part text = {part[0].chars, (size_t)(part[3].chars - part[0].chars) - 1};
	X509 *certificate = read_certificate(part[2]);
	const char *why;

	if (!certificate || signature_len == 0) {
		X509_free(certificate);
		return "damaged";
	}
	why = cp_identity_check(identity, certificate, node);
	if (!why && !verify(X509_get0_pubkey(certificate), text, name, signature, signature_len))
		why = "the signature is wrong";
	X509_free(certificate);
	return why;
}

cJSON *cp_record_read(const struct cp_identity *identity, const char *name, const char *text, size_t len,
	char node[SH_NODE_ID_MAX + 1], const char **why)
{
	unsigned char json[CP_RECORD_MAX];
	struct part part[PARTS];
	cJSON *content = NULL;
	size_t json_len;

	*why = "damaged";
	if (len > CP_RECORD_MAX || !split(text, len, part))
		return NULL;
	*why = "it has another version";
	if (part[0].len != strlen(VERSION) || memcmp(part[0].chars, VERSION, part[0].len) != 0)
		return NULL;
	*why = check_signature(identity, name, part, node);
	if (*why)
		return NULL;
	json_len = decode(part[1], json, sizeof(json));
	content = cJSON_ParseWithLength((const char *)json, json_len);
	if (cJSON_IsObject(content))
		return content;
	*why = "its content is no object";
	cJSON_Delete(content);
	return NULL;
}
