/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads a JSON Web Key Set (RFC 7517, 5; RFC 7518, 6). Keys that are for something else than the
 * configured algorithm are skipped, as the RFC wants it, and so are keys that are too weak.
 */
#include "controlplane/auth/remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

enum {
	NUMBER_MAX = CP_AUTH_RSA_BITS_MAX / 8, /* bytes of a key's number */
	COORDINATE = 32,
};

struct number {
	uint8_t byte[NUMBER_MAX];
	size_t len;
};

static const char *text_of(const cJSON *key, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(key, name));

	return text ? text : "";
}

/* Reads a number in base64url, without its leading zeros. False: it is none, or too long. */
static bool read_number(const cJSON *key, const char *name, struct number *out)
{
	static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *text = text_of(key, name);
	size_t chars = strspn(text, base64url), len = 0, zeros = 0;
	uint8_t *bytes = NULL;
	bool good;

	/* cjose 0.6.2 asserts on other characters. */
	if (chars == 0 || text[chars] != '\0' || !cjose_base64url_decode(text, chars, &bytes, &len, NULL))
		return false;
	while (zeros < len && bytes[zeros] == 0)
		zeros++;
	out->len = len - zeros;
	good = out->len > 0 && out->len <= NUMBER_MAX;
	if (good)
		memcpy(out->byte, bytes + zeros, out->len);
	cjose_get_dealloc()(bytes);
	return good;
}

static unsigned bits_of(const struct number *n)
{
	unsigned bits = (unsigned)n->len * 8;

	for (uint8_t first = n->byte[0]; !(first & 0x80); first = (uint8_t)(first << 1))
		bits--;
	return bits;
}

/* NULL: it is no such key, or too weak. */
static cjose_jwk_t *read_rsa(const cJSON *key, size_t *signature)
{
	struct number n, e;
	cjose_jwk_rsa_keyspec spec = {.n = n.byte, .e = e.byte};

	if (strcmp(text_of(key, "kty"), "RSA") != 0 || !read_number(key, "n", &n) ||
		!read_number(key, "e", &e) || bits_of(&n) < CP_AUTH_RSA_BITS_MIN || e.len > 8 ||
		!(e.byte[e.len - 1] & 1))
		return NULL;
	spec.nlen = *signature = n.len;
	spec.elen = e.len;
	return cjose_jwk_create_RSA_spec(&spec, NULL);
}

/* Puts a coordinate's leading zeros back. False: it is too long. */
static bool pad(struct number *n)
{
	if (n->len > COORDINATE)
		return false;
	memmove(n->byte + COORDINATE - n->len, n->byte, n->len);
	memset(n->byte, 0, COORDINATE - n->len);
	return true;
}

/* NULL: it is no such key, or no point of the curve. */
static cjose_jwk_t *read_ec(const cJSON *key, size_t *signature)
{
	struct number x, y;
	cjose_jwk_ec_keyspec spec = {
		.crv = CJOSE_JWK_EC_P_256, .x = x.byte, .xlen = COORDINATE, .y = y.byte, .ylen = COORDINATE};

	if (strcmp(text_of(key, "kty"), "EC") != 0 || strcmp(text_of(key, "crv"), "P-256") != 0 ||
		!read_number(key, "x", &x) || !read_number(key, "y", &y) || !pad(&x) || !pad(&y))
		return NULL;
	*signature = 2 * COORDINATE;
	return cjose_jwk_create_EC_spec(&spec, NULL);
}

/* True if the key may be used for what tokens need (RFC 7517, 4.2 and 4.4). */
static bool is_meant(const cJSON *key, enum sh_auth_algorithm algorithm)
{
	const char *use = text_of(key, "use"), *alg = text_of(key, "alg");

	return (use[0] == '\0' || strcmp(use, "sig") == 0) &&
	       (alg[0] == '\0' || strcmp(alg, cp_auth_algorithm_name(algorithm)) == 0) &&
	       strlen(text_of(key, "kid")) < CP_AUTH_KID_SIZE;
}

/* False: the key is none that is used. */
static bool read_key(struct cp_auth_key *out, enum sh_auth_algorithm algorithm, const cJSON *key)
{
	size_t signature = 0;

	*out = (struct cp_auth_key){.jwk = NULL};
	if (!cJSON_IsObject(key) || !is_meant(key, algorithm))
		return false;
	out->jwk = algorithm == SH_AUTH_RS256 ? read_rsa(key, &signature) : read_ec(key, &signature);
	out->signature_chars = (signature * 8 + 5) / 6; /* RFC 4648, 5, without padding */
	snprintf(out->kid, sizeof(out->kid), "%s", text_of(key, "kid"));
	return out->jwk;
}

static int read_set(struct cp_auth_keys *keys, enum sh_auth_algorithm algorithm, const cJSON *list, char *err,
	size_t err_size)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		struct cp_auth_key key;

		if (!read_key(&key, algorithm, item))
			continue;
		if (keys->count == CP_AUTH_REMOTE_MAX) {
			cp_auth_key_free(&key);
			snprintf(err, err_size, "it holds more than %d keys for %s", CP_AUTH_REMOTE_MAX,
				cp_auth_algorithm_name(algorithm));
			return EINVAL;
		}
		keys->key[keys->count++] = key;
	}
	if (keys->count > 0)
		return 0;
	snprintf(err, err_size, "it holds no key for %s", cp_auth_algorithm_name(algorithm));
	return EINVAL;
}

int cp_auth_jwks_read(struct cp_auth_keys *keys, enum sh_auth_algorithm algorithm, const char *text,
	size_t len, char *err, size_t err_size)
{
	cJSON *set = cp_claims_parse(text, len);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(set, "keys");
	int error;

	keys->count = 0;
	if (!cJSON_IsArray(list)) {
		snprintf(err, err_size, "it is no JSON Web Key Set");
		error = EINVAL;
	} else {
		error = read_set(keys, algorithm, list, err, err_size);
	}
	if (error != 0)
		cp_auth_keys_free(keys);
	cJSON_Delete(set);
	ERR_clear_error(); /* libwebsockets reads this thread's error queue */
	return error;
}
