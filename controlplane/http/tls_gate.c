/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/tls_gate.h"

#include <errno.h>

#include <openssl/bio.h>

static int type; /* OpenSSL's number for this kind of BIO; 0: none yet */

static int gate_read(BIO *b, char *buf, int size)
{
	const bool *closed = BIO_get_data(b);
	int len = -1; /* as BIO_read() says that there is nothing yet */

	BIO_clear_retry_flags(b);
	if (*closed) {
		BIO_set_retry_read(b);
		return len;
	}
	len = BIO_read(BIO_next(b), buf, size);
	BIO_copy_next_retry(b);
	return len;
}

static long gate_ctrl(BIO *b, int command, long number, void *pointer)
{
	return BIO_next(b) ? BIO_ctrl(BIO_next(b), command, number, pointer) : 0;
}

/* The socket's BIO is shared with OpenSSL's writing side, and released with the gate. */
static int gate_destroy(BIO *b)
{
	return b != NULL;
}

static BIO_METHOD *method(void)
{
	static BIO_METHOD *m;

	if (m)
		return m;
	type = BIO_get_new_index() | BIO_TYPE_FILTER;
	m = BIO_meth_new(type, "gate");
	if (m && BIO_meth_set_read(m, gate_read) && BIO_meth_set_ctrl(m, gate_ctrl) &&
		BIO_meth_set_destroy(m, gate_destroy))
		return m;
	BIO_meth_free(m);
	m = NULL;
	return NULL;
}

void cp_tls_gate_remove(SSL *ssl)
{
	static const bool open;
	BIO *gate = SSL_get_rbio(ssl);

	if (gate && type && BIO_method_type(gate) == type)
		BIO_set_data(gate, (void *)(uintptr_t)&open);
}

int cp_tls_gate_insert(SSL *ssl, const bool *closed)
{
	BIO_METHOD *m = method();
	BIO *socket = SSL_get_rbio(ssl), *gate = m && socket ? BIO_new(m) : NULL;

	if (!gate)
		return ENOMEM;
	BIO_set_data(gate, (void *)(uintptr_t)closed);
	BIO_set_init(gate, 1);
	BIO_up_ref(socket);
	BIO_push(gate, socket);
	SSL_set0_rbio(ssl, gate);
	return 0;
}
