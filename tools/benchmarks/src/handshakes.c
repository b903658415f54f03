/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Counts how many DTLS handshakes a second OpenSSL alone makes on this core, with certificates like
 * those of Spate and of its viewers, in memory: the most that joins could reach. The CPU time of
 * the server's end and that of both ends are counted apart.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "controlplane/dtls/bio.h"
#include "controlplane/dtls/cert.h"

enum { DATAGRAMS = 16, DATAGRAM_SIZE = 1500, WARM_UP = 50, MTU = 1200, ROUNDS = 20 };

struct end {
	SSL_CTX *ctx;
	struct cp_cert cert;
	SSL *ssl;
	struct cp_bio io;
	/* what the other end has sent */
	uint8_t data[DATAGRAMS][DATAGRAM_SIZE];
	size_t len[DATAGRAMS];
	unsigned count;
	struct end *other;
	double cpu_s;
	bool done;
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_send(void *arg, const uint8_t *data, size_t len)
{
	struct end *to = ((struct end *)arg)->other;

	if (to->count == DATAGRAMS || len > DATAGRAM_SIZE)
		return;
	memcpy(to->data[to->count], data, len);
	to->len[to->count++] = len;
}

static int accept_any(X509_STORE_CTX *store, void *arg)
{
	return 1;
}

static bool make_context(struct end *e)
{
	e->ctx = SSL_CTX_new(DTLS_method());
	if (cp_cert_create(&e->cert) || !e->ctx)
		return false;
	SSL_CTX_set_options(e->ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	SSL_CTX_set_verify(e->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(e->ctx, accept_any, NULL);
	return SSL_CTX_use_certificate(e->ctx, e->cert.x509) == 1 &&
	       SSL_CTX_use_PrivateKey(e->ctx, e->cert.key) == 1 &&
	       SSL_CTX_set_tlsext_use_srtp(e->ctx, "SRTP_AEAD_AES_128_GCM") == 0;
}

static bool open_end(struct end *e, BIO_METHOD *method, bool server)
{
	BIO *bio;

	e->count = 0;
	e->done = false;
	e->io = (struct cp_bio){.send = on_send, .arg = e};
	e->ssl = SSL_new(e->ctx);
	bio = cp_bio_new(method, &e->io);
	if (!e->ssl || !bio)
		return false;
	SSL_set_bio(e->ssl, bio, bio);
	DTLS_set_link_mtu(e->ssl, MTU);
	if (server)
		SSL_set_accept_state(e->ssl);
	else
		SSL_set_connect_state(e->ssl);
	return true;
}

/* Gives an end what has come for it; a client without input says hello. */
static void step(struct end *e)
{
	unsigned count = e->count;

	e->count = 0;
	for (unsigned i = 0; i < count || (i == 0 && !e->done && count == 0); i++) {
		e->io.in = i < count ? e->data[i] : NULL;
		e->io.in_len = i < count ? e->len[i] : 0;
		e->done = SSL_do_handshake(e->ssl) == 1;
	}
	e->io.in = NULL;
	ERR_clear_error();
}

static void timed_step(struct end *e)
{
	double before = cpu_s();

	step(e);
	e->cpu_s += cpu_s() - before;
}

static bool timed_open(struct end *e, BIO_METHOD *method, bool server)
{
	double before = cpu_s();
	bool opened = open_end(e, method, server);

	e->cpu_s += cpu_s() - before;
	return opened;
}

static void timed_close(struct end *e)
{
	double before = cpu_s();

	SSL_free(e->ssl);
	e->cpu_s += cpu_s() - before;
}

static bool shake_hands(struct end *server, struct end *client, BIO_METHOD *method)
{
	bool done;

	if (!timed_open(server, method, true) || !timed_open(client, method, false))
		return false;
	for (int i = 0; i < ROUNDS && !(server->done && client->done); i++) {
		timed_step(client);
		timed_step(server);
	}
	done = server->done && client->done;
	timed_close(server);
	timed_close(client);
	return done;
}

int main(int argc, char **argv)
{
	static struct end server, client;
	BIO_METHOD *method = cp_bio_method();
	unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	server.other = &client;
	client.other = &server;
	if (wanted == 0 || !method || !make_context(&server) || !make_context(&client)) {
		fputs("usage: bench-handshakes NUMBER\n", stderr);
		return 2;
	}
	for (unsigned long i = 0; i < wanted + WARM_UP; i++) {
		if (i == WARM_UP)
			server.cpu_s = client.cpu_s = 0;
		if (!shake_hands(&server, &client, method)) {
			fputs("bench-handshakes: a handshake failed\n", stderr);
			return EXIT_FAILURE;
		}
	}
	printf("{\"case\":\"bare\",\"handshakes\":%lu,\"server_per_cpu_s\":%.0f,\"both_per_cpu_s\":%.0f}\n",
		wanted, (double)wanted / server.cpu_s, (double)wanted / (server.cpu_s + client.cpu_s));
	return EXIT_SUCCESS;
}
