/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/last_alert.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "shared/bytes.h"

enum {
	ALERT = 21, /* ContentType (RFC 5246, 6.2.1) */
	RECORD = 13, /* type, version, epoch, sequence number, length (RFC 6347, 4.1) */
	LEVEL_FATAL = 2,
	CLOSE_NOTIFY = 0,
	ALERT_LEN = 2,
	EXPLICIT = 8, /* AES-GCM: the part of the nonce that is in the record */
	TAG = 16,
	AAD = 13, /* sequence number with epoch, type, version, length (RFC 5246, 6.2.3.3) */
};

/* --- the key ---------------------------------------------------------------------------------- */

/* False: not a cipher whose records are read here. */
static bool sizes_of(struct cp_dtls_alert_key *k, int nid)
{
	k->nid = (uint16_t)nid;
	k->key_len = nid == NID_aes_128_gcm ? 16 : 32;
	k->iv_len = nid == NID_chacha20_poly1305 ? 12 : 4;
	return nid == NID_aes_128_gcm || nid == NID_aes_256_gcm || nid == NID_chacha20_poly1305;
}

/* Computes the key block (RFC 5246, 6.3). */
static int key_block(SSL *ssl, uint8_t *out, size_t len)
{
	const EVP_MD *hash = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH], seed[13 + 2 * SSL3_RANDOM_SIZE] = "key expansion";
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	size_t master_len = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master));
	int ok = 0;

	SSL_get_server_random(ssl, seed + 13, SSL3_RANDOM_SIZE);
	SSL_get_client_random(ssl, seed + 13 + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
	if (c && hash) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST,
				(char *)(uintptr_t)EVP_MD_get0_name(hash), 0),
			OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, master, master_len),
			OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
			OSSL_PARAM_END,
		};

		ok = EVP_KDF_derive(c, out, len, params);
	}
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	OPENSSL_cleanse(master, sizeof(master));
	return ok == 1 ? 0 : EIO;
}

int cp_dtls_alert_key_derive(struct cp_dtls_alert_key *out, SSL *ssl, bool peer_is_client)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	struct cp_dtls_alert_key k = {0};
	uint8_t block[2 * (sizeof(k.key) + sizeof(k.iv))];
	int error;

	*out = k;
	if (!cipher || !sizes_of(&k, SSL_CIPHER_get_cipher_nid(cipher)))
		return 0;
	error = key_block(ssl, block, 2u * (k.key_len + k.iv_len));
	if (!error) {
		/* Client key, server key, client IV, server IV. */
		memcpy(k.key, block + (peer_is_client ? 0 : k.key_len), k.key_len);
		memcpy(k.iv, block + 2 * k.key_len + (peer_is_client ? 0 : k.iv_len), k.iv_len);
		*out = k;
	}
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&k, sizeof(k));
	return error;
}

/* --- records ------------------------------------------------------------------------------------ */

static const EVP_CIPHER *cipher_of(const struct cp_dtls_alert_key *k)
{
	if (k->nid == NID_chacha20_poly1305)
		return EVP_chacha20_poly1305();
	return k->nid == NID_aes_128_gcm ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
}

/* GCM: from the key and the record. ChaCha20-Poly1305: the key's, xor epoch and sequence number. */
static void make_nonce(const struct cp_dtls_alert_key *k, const uint8_t *record, uint8_t nonce[12])
{
	memcpy(nonce, k->iv, k->iv_len);
	if (k->iv_len == 4)
		memcpy(nonce + 4, record + RECORD, EXPLICIT);
	else
		for (unsigned i = 0; i < 8; i++)
			nonce[4 + i] ^= record[3 + i];
}

/* Decrypts the alert in `record`, whose length was checked. False: it does not authenticate. */
static bool open_alert(const struct cp_dtls_alert_key *k, const uint8_t *record, uint8_t alert[ALERT_LEN])
{
	const uint8_t *sealed = record + RECORD + (k->iv_len == 4 ? EXPLICIT : 0);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], aad[AAD], tag[TAG];
	int n;
	bool ok;

	if (!c)
		return false;
	make_nonce(k, record, nonce);
	memcpy(aad, record + 3, 8);
	memcpy(aad + 8, record, 3);
	sh_put_be16(aad + 11, ALERT_LEN);
	memcpy(tag, sealed + ALERT_LEN, TAG);
	ok = EVP_DecryptInit_ex(c, cipher_of(k), NULL, k->key, nonce) == 1 &&
	     EVP_DecryptUpdate(c, NULL, &n, aad, AAD) == 1 &&
	     EVP_DecryptUpdate(c, alert, &n, sealed, ALERT_LEN) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
	     EVP_DecryptFinal_ex(c, alert + n, &n) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool cp_dtls_alert_ends(const struct cp_dtls_alert_key *k, const uint8_t *data, size_t len)
{
	size_t expected = (k->iv_len == 4 ? EXPLICIT : 0) + ALERT_LEN + TAG;
	uint8_t alert[ALERT_LEN];

	if (!k->nid)
		return false;
	while (len >= RECORD) {
		size_t body = sh_get_be16(data + 11);

		if (body > len - RECORD)
			return false;
		if (data[0] == ALERT && sh_get_be16(data + 3) == 1 && body == expected &&
			open_alert(k, data, alert) && (alert[0] == LEVEL_FATAL || alert[1] == CLOSE_NOTIFY))
			return true;
		data += RECORD + body;
		len -= RECORD + body;
	}
	return false;
}
