/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "controlplane/privileges/key_files.h"

static __attribute__((format(printf, 3, 4))) int refuse(char *err, size_t err_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err, err_size, format, args);
	va_end(args);
	ERR_clear_error(); /* libwebsockets reads this thread's error queue */
	return EINVAL;
}

/* NULL with the operator's message. */
static BIO *open_file(const char *member, const char *path, char *err, size_t err_size)
{
	int fd = cp_key_file_open(path);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	BIO *file = stream ? BIO_new_fp(stream, BIO_CLOSE) : NULL;

	if (file)
		return file;
	refuse(err, err_size, "%s: %s: %s", member, path, strerror(fd < 0 ? -fd : ENOMEM));
	if (stream)
		fclose(stream);
	else if (fd >= 0)
		close(fd);
	return NULL;
}

static int read_certificate(struct cp_identity *i, const struct sh_config *c, char *err, size_t err_size)
{
	BIO *file = open_file("cluster.certificate", c->cluster.certificate, err, err_size);

	if (!file)
		return EINVAL;
	i->certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
	BIO_free(file);
	if (!i->certificate)
		return refuse(err, err_size, "cluster.certificate: %s: holds no certificate in PEM",
			c->cluster.certificate);
	if (i2d_X509(i->certificate, NULL) > CP_CERTIFICATE_MAX)
		return refuse(err, err_size, "cluster.certificate: %s: is over %d bytes",
			c->cluster.certificate, CP_CERTIFICATE_MAX);
	return 0;
}

static int read_key(struct cp_identity *i, const struct sh_config *c, char *err, size_t err_size)
{
	BIO *file = open_file("cluster.key", c->cluster.key, err, err_size);

	if (!file)
		return EINVAL;
	i->key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
	BIO_free(file);
	if (!i->key)
		return refuse(err, err_size, "cluster.key: %s: holds no private key in PEM", c->cluster.key);
	if (X509_check_private_key(i->certificate, i->key) != 1)
		return refuse(err, err_size, "cluster.key: %s: is not the key of cluster.certificate",
			c->cluster.key);
	return 0;
}

static int read_authority(struct cp_identity *i, const struct sh_config *c, char *err, size_t err_size)
{
	BIO *file = open_file("cluster.ca", c->cluster.ca, err, err_size);
	unsigned count = 0;
	X509 *authority;

	if (!file)
		return EINVAL;
	i->authority = X509_STORE_new();
	while (i->authority && (authority = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
		count += X509_STORE_add_cert(i->authority, authority) == 1;
		X509_free(authority);
	}
	BIO_free(file);
	ERR_clear_error(); /* the end of the file is an error of the reader */
	if (count == 0)
		return refuse(err, err_size, "cluster.ca: %s: holds no certificate in PEM", c->cluster.ca);
	return 0;
}

static int read_node(struct cp_identity *i, const struct sh_config *c, char *err, size_t err_size)
{
	const char *reason = cp_identity_check(i, i->certificate, i->node);

	if (reason)
		return refuse(err, err_size, "cluster.certificate: %s: %s", c->cluster.certificate, reason);
	if (strcmp(i->node, c->node.id) != 0)
		return refuse(err, err_size,
			"cluster.certificate: %s: is that of \"%s\", and node.id is \"%s\"",
			c->cluster.certificate, i->node, c->node.id);
	return 0;
}

int cp_identity_read(struct cp_identity *identity, const struct sh_config *config, char *err, size_t err_size)
{
	int error;

	*identity = (struct cp_identity){.key = NULL};
	error = read_certificate(identity, config, err, err_size);
	if (error == 0)
		error = read_key(identity, config, err, err_size);
	if (error == 0)
		error = read_authority(identity, config, err, err_size);
	if (error == 0)
		error = read_node(identity, config, err, err_size);
	if (error != 0)
		cp_identity_free(identity);
	return error;
}

void cp_identity_free(struct cp_identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
	X509_STORE_free(identity->authority);
	*identity = (struct cp_identity){.key = NULL};
}

/* The common name, if it is one and can be a node's id. */
static bool read_name(X509 *certificate, char node[SH_NODE_ID_MAX + 1])
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_commonName, -1);
	int len = X509_NAME_get_text_by_NID((X509_NAME *)subject, NID_commonName, node, SH_NODE_ID_MAX + 1);

	return at >= 0 && X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_commonName, at) < 0 &&
	       len > 0 && (size_t)len == strlen(node) && node[strspn(node, SH_NODE_ID_CHARS)] == '\0';
}

const char *cp_identity_check(const struct cp_identity *identity, X509 *certificate,
	char node[SH_NODE_ID_MAX + 1])
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	const char *reason = "out of memory";

	if (context && X509_STORE_CTX_init(context, identity->authority, certificate, NULL) == 1) {
		int good = X509_verify_cert(context);

		reason = good == 1 ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
	}
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	if (!reason && !read_name(certificate, node))
		reason = "its common name is no node's id: 1 to 32 letters, digits, - and _";
	return reason;
}
