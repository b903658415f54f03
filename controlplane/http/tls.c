/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "controlplane/privileges/key_files.h"

struct pair {
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) * chain; /* certificates of the issuers, without the server's own */
};

/*
 * The pair for new connections. It is not stored in the SSL_CTX, which keeps one certificate for
 * each kind of key and removes none: after a reload from RSA to ECDSA it would still offer the old
 * RSA certificate.
 */
static struct pair current;

static void free_pair(struct pair *p)
{
	X509_free(p->certificate);
	EVP_PKEY_free(p->key);
	sk_X509_pop_free(p->chain, X509_free);
	memset(p, 0, sizeof(*p));
}

/* --- reading --------------------------------------------------------------------------- */

/*
 * The reason of OpenSSL's last error. Clears OpenSSL's error queue: libwebsockets reads it too and
 * would take the error for one of a connection.
 */
static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : "no reason given";
}

static BIO *open_file(const char *member, const char *path, char *err, size_t err_size)
{
	int fd = cp_key_file_open(path);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	BIO *file = stream ? BIO_new_fp(stream, BIO_CLOSE) : NULL;

	if (file)
		return file;
	snprintf(err, err_size, "%s: %s: %s", member, path, strerror(fd < 0 ? -fd : ENOMEM));
	ERR_clear_error();
	if (stream)
		fclose(stream);
	else if (fd >= 0)
		close(fd);
	return NULL;
}

/*
 * Reads the server's own certificate and then those of its issuers, up to the end of the file.
 * 0, or EINVAL with the reason in OpenSSL's error queue.
 */
static int read_chain(struct pair *p, BIO *file)
{
	X509 *issuer;

	p->certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
	p->chain = sk_X509_new_null();
	if (!p->certificate || !p->chain)
		return EINVAL;
	while ((issuer = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
		if (sk_X509_push(p->chain, issuer) > 0)
			continue;
		X509_free(issuer);
		return EINVAL;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return EINVAL;
	ERR_clear_error();
	return 0;
}

static int read_certificate(struct pair *p, const char *path, char *err, size_t err_size)
{
	BIO *file = open_file("tls.certificate", path, err, err_size);
	int error;

	if (!file)
		return ENOENT;
	error = read_chain(p, file);
	BIO_free(file);
	if (error != 0)
		snprintf(err, err_size, "tls.certificate: %s: no certificates in PEM (%s)", path,
			openssl_reason());
	return error;
}

enum { OPENSSL_NO_PASSPHRASE = -1 };

/* Replaces OpenSSL's callback, which would ask for a passphrase at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
	return OPENSSL_NO_PASSPHRASE;
}

static int read_key(struct pair *p, const char *path, char *err, size_t err_size)
{
	BIO *file = open_file("tls.key", path, err, err_size);

	if (!file)
		return ENOENT;
	p->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
	BIO_free(file);
	if (p->key)
		return 0;
	snprintf(err, err_size, "tls.key: %s: no private key in PEM without a passphrase (%s)", path,
		openssl_reason());
	return EINVAL;
}

/*
 * Checks that the key belongs to the certificate and that OpenSSL accepts both: it refuses keys
 * that are too short, for example. 0, or EINVAL with the operator's message in `err`.
 */
static int check_pair(const struct pair *p, const struct sh_config *config, char *err, size_t err_size)
{
	SSL_CTX *trial;
	int status;

	if (X509_check_private_key(p->certificate, p->key) != 1) {
		ERR_clear_error();
		snprintf(err, err_size, "tls.key: %s: is not the key of tls.certificate", config->tls.key);
		return EINVAL;
	}
	trial = SSL_CTX_new(TLS_server_method());
	status = trial ? SSL_CTX_use_cert_and_key(trial, p->certificate, p->key, p->chain, 1) : 0;
	SSL_CTX_free(trial);
	if (status == 1)
		return 0;
	snprintf(err, err_size, "tls.certificate: %s: cannot be used (%s)", config->tls.certificate,
		openssl_reason());
	return EINVAL;
}

/* Reads and checks both files. Replaces `current` only if both are good. */
static int read_pair(const struct sh_config *config, char *err, size_t err_size)
{
	struct pair fresh = {0};
	int error;

	error = read_certificate(&fresh, config->tls.certificate, err, err_size);
	if (error == 0)
		error = read_key(&fresh, config->tls.key, err, err_size);
	if (error == 0)
		error = check_pair(&fresh, config, err, err_size);
	if (error != 0) {
		free_pair(&fresh);
		return error;
	}
	free_pair(&current);
	current = fresh;
	return 0;
}

/* --- libwebsockets ----------------------------------------------------------------------- */

int cp_tls_prepare(const struct sh_config *config, struct lws_context_creation_info *info, char *err,
	size_t err_size)
{
	int error;

	if (config->tls.certificate[0] == '\0')
		return 0;
	error = read_pair(config, err, err_size);
	if (error != 0)
		return error;
	info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
	return 0;
}

/*
 * OpenSSL calls this when a ClientHello has arrived. The connection takes its own references, so
 * that a later reload does not affect it.
 */
static int set_certificate(SSL *ssl, void *arg)
{
	return SSL_use_cert_and_key(ssl, current.certificate, current.key, current.chain, 1);
}

/*
 * The cipher suites of TLS 1.2 that RFC 9325, 4.2 recommends: ephemeral keys and AEAD, without key
 * transport by RSA and without CBC. TLS 1.3 has a list of its own, and none but such suites.
 */
#define TLS12_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

int cp_tls_attach(void *ssl_ctx)
{
	if (SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_cipher_list(ssl_ctx, TLS12_CIPHERS) != 1)
		return EINVAL;
	SSL_CTX_set_cert_cb(ssl_ctx, set_certificate, NULL);
	return 0;
}

int cp_tls_reload(const struct sh_config *config, char *err, size_t err_size)
{
	return config->tls.certificate[0] != '\0' ? read_pair(config, err, err_size) : 0;
}
