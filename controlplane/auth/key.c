/* SPDX-License-Identifier: Apache-2.0 */

/* Reads a key that tokens are checked with from its file and converts it into cjose's form. */
#include "controlplane/auth/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "controlplane/privileges/key_files.h"

enum {
	FILE_MAX = 16384,
	SECRET_MIN = 32, /* RFC 7518, 3.2: no shorter than the hash */
	RSA_BYTES_MAX = CP_AUTH_RSA_BITS_MAX / 8,
	HS256_BYTES = 32,
	ES256_BYTES = 64, /* RFC 7518, 3.4: R and S */
	COORDINATE = 32,
};

/* Where refuse() writes the operator's message. */
struct complaint {
	const char *member, *path;
	char *err;
	size_t err_size;
};

static __attribute__((format(printf, 2, 3))) int refuse(const struct complaint *to, const char *format, ...)
{
	char reason[128];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	snprintf(to->err, to->err_size, "%s: %s: %s", to->member, to->path, reason);
	return EINVAL;
}

/* Reads the file into `out` of FILE_MAX bytes. */
static int read_file(unsigned char *out, size_t *len, const struct complaint *to)
{
	int fd = cp_key_file_open(to->path), error = 0;
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (!file) {
		error = fd < 0 ? -fd : ENOMEM;
		if (fd >= 0)
			close(fd);
		return refuse(to, "%s", strerror(error));
	}
	setvbuf(file, NULL, _IONBF, 0); /* no copy of a secret in the library's buffer */
	*len = fread(out, 1, FILE_MAX, file);
	if (ferror(file))
		error = errno;
	fclose(file);
	if (error != 0)
		return refuse(to, "%s", strerror(error));
	if (*len == FILE_MAX)
		return refuse(to, "is over %d bytes", FILE_MAX - 1);
	return 0;
}

/* --- the three kinds --------------------------------------------------------------------- */

static int use_secret(struct cp_auth_key *key, const unsigned char *file, size_t len,
	const struct complaint *to)
{
	if (len > 0 && file[len - 1] == '\n')
		len--; /* the line feed that an editor appends */
	if (len < SECRET_MIN)
		return refuse(to, "holds %zu bytes; a secret for HS256 needs %d", len, SECRET_MIN);
	key->jwk = cjose_jwk_create_oct_spec(file, len, NULL);
	key->signature_chars = HS256_BYTES;
	return key->jwk ? 0 : refuse(to, "out of memory");
}

/* Writes a number of the key in big-endian order. Returns its length in bytes, or 0 on failure. */
static size_t number(const EVP_PKEY *pkey, const char *name, unsigned char *out, size_t size)
{
	BIGNUM *value = NULL;
	size_t len = 0;

	if (EVP_PKEY_get_bn_param(pkey, name, &value) == 1 && (size_t)BN_num_bytes(value) <= size)
		len = (size_t)BN_bn2bin(value, out);
	BN_free(value);
	return len;
}

static int use_rsa(struct cp_auth_key *key, const EVP_PKEY *pkey, const struct complaint *to)
{
	unsigned char n[RSA_BYTES_MAX], e[RSA_BYTES_MAX];
	cjose_jwk_rsa_keyspec spec = {.n = n, .e = e};
	int bits = EVP_PKEY_get_bits(pkey);

	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return refuse(to, "is no RSA key, which RS256 needs");
	if (bits < CP_AUTH_RSA_BITS_MIN || bits > CP_AUTH_RSA_BITS_MAX)
		return refuse(to, "has %d bits; RS256 needs %d to %d", bits, CP_AUTH_RSA_BITS_MIN,
			CP_AUTH_RSA_BITS_MAX);
	spec.nlen = number(pkey, OSSL_PKEY_PARAM_RSA_N, n, sizeof(n));
	spec.elen = number(pkey, OSSL_PKEY_PARAM_RSA_E, e, sizeof(e));
	if (spec.nlen > 0 && spec.elen > 0)
		key->jwk = cjose_jwk_create_RSA_spec(&spec, NULL);
	key->signature_chars = spec.nlen;
	return key->jwk ? 0 : refuse(to, "cannot be used");
}

/* Writes a coordinate in big-endian order, with leading zeros. */
static bool coordinate(const EVP_PKEY *pkey, const char *name, unsigned char out[COORDINATE])
{
	BIGNUM *value = NULL;
	bool good = EVP_PKEY_get_bn_param(pkey, name, &value) == 1 &&
		    BN_bn2binpad(value, out, COORDINATE) == COORDINATE;

	BN_free(value);
	return good;
}

static int use_ec(struct cp_auth_key *key, const EVP_PKEY *pkey, const struct complaint *to)
{
	unsigned char x[COORDINATE], y[COORDINATE];
	cjose_jwk_ec_keyspec spec = {
		.crv = CJOSE_JWK_EC_P_256, .x = x, .xlen = COORDINATE, .y = y, .ylen = COORDINATE};
	char group[32] = "";

	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
		strcmp(group, SN_X9_62_prime256v1) != 0)
		return refuse(to, "is no key on the curve P-256, which ES256 needs");
	if (coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, x) && coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y))
		key->jwk = cjose_jwk_create_EC_spec(&spec, NULL);
	key->signature_chars = ES256_BYTES;
	return key->jwk ? 0 : refuse(to, "cannot be used");
}

static int use_pem(struct cp_auth_key *key, enum sh_auth_algorithm algorithm, const unsigned char *file,
	size_t len, const struct complaint *to)
{
	BIO *bio = BIO_new_mem_buf(file, (int)len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	int status;

	BIO_free(bio);
	if (!pkey)
		status = refuse(to, "holds no public key in PEM");
	else
		status = algorithm == SH_AUTH_RS256 ? use_rsa(key, pkey, to) : use_ec(key, pkey, to);
	EVP_PKEY_free(pkey);
	return status;
}

/* --- public functions ---------------------------------------------------------------------- */

const char *cp_auth_algorithm_name(enum sh_auth_algorithm algorithm)
{
	static const char *const names[] = {
		[SH_AUTH_NONE] = "none",
		[SH_AUTH_HS256] = "HS256",
		[SH_AUTH_RS256] = "RS256",
		[SH_AUTH_ES256] = "ES256",
	};

	return names[algorithm];
}

int cp_auth_key_read(struct cp_auth_key *key, enum sh_auth_algorithm algorithm, const char *member,
	const char *path, char *err, size_t err_size)
{
	const struct complaint to = {.member = member, .path = path, .err = err, .err_size = err_size};
	unsigned char file[FILE_MAX];
	size_t len = 0;
	int status = read_file(file, &len, &to);

	*key = (struct cp_auth_key){.jwk = NULL};
	if (status == 0 && algorithm == SH_AUTH_HS256)
		status = use_secret(key, file, len, &to);
	else if (status == 0)
		status = use_pem(key, algorithm, file, len, &to);
	key->signature_chars = (key->signature_chars * 8 + 5) / 6; /* RFC 4648, 5, without padding */
	OPENSSL_cleanse(file, sizeof(file));
	ERR_clear_error(); /* libwebsockets reads this thread's error queue */
	return status;
}

void cp_auth_key_free(struct cp_auth_key *key)
{
	if (key->jwk)
		cjose_jwk_release(key->jwk);
	key->jwk = NULL;
}
