/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/bio.h"

#include <string.h>

#include <openssl/crypto.h>

#include "controlplane/dtls/dtls.h"

enum { IP_UDP_OVERHEAD = 40 + 8 }; /* IPv6, which is longer than IPv4 */

static int bio_write(BIO *b, const char *data, int len)
{
	struct cp_bio *io = BIO_get_data(b);

	if (len <= 0)
		return 0;
	io->send(io->arg, (const uint8_t *)data, (size_t)len);
	return len;
}

enum { BIO_RETRY = -1 }; /* what OpenSSL takes for "nothing now" beside the retry flag */

static int bio_read(BIO *b, char *out, int room)
{
	struct cp_bio *io = BIO_get_data(b);
	size_t len;

	BIO_clear_retry_flags(b);
	if (!io->in) {
		BIO_set_retry_read(b);
		return BIO_RETRY;
	}
	/* A datagram that does not fit is truncated, as a socket does. */
	len = io->in_len < (size_t)room ? io->in_len : (size_t)room;
	memcpy(out, io->in, len);
	io->in = NULL;
	return (int)len;
}

static long bio_ctrl(BIO *b, int cmd, long number, void *pointer)
{
	switch (cmd) {
	case BIO_CTRL_FLUSH: /* writes are never buffered */
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return CP_DTLS_MTU - IP_UDP_OVERHEAD;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return IP_UDP_OVERHEAD;
	default: /* among them: bytes pending (none) and a socket's timeouts (there is no socket) */
		return 0;
	}
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

/* From OpenSSL 3.2 on, a process gets at most 127 indices for BIOs, and none comes back. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int type;

static void get_type(void)
{
	type = BIO_get_new_index();
}

BIO_METHOD *cp_bio_method(void)
{
	BIO_METHOD *m = !CRYPTO_THREAD_run_once(&once, get_type) || type < 0
				? NULL
				: BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "datagrams");

	if (m && (!BIO_meth_set_write(m, bio_write) || !BIO_meth_set_read(m, bio_read) ||
			 !BIO_meth_set_ctrl(m, bio_ctrl) || !BIO_meth_set_create(m, bio_create))) {
		BIO_meth_free(m);
		return NULL;
	}
	return m;
}

BIO *cp_bio_new(BIO_METHOD *method, struct cp_bio *io)
{
	BIO *b = BIO_new(method);

	if (b)
		BIO_set_data(b, io);
	return b;
}
