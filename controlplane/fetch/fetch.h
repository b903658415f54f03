/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_FETCH_FETCH_H
#define SPATE_CONTROLPLANE_FETCH_FETCH_H

/*
 * Requests over HTTP to other servers, which the operator's configuration names. libcurl carries
 * them on a thread of its own: looking up a name, reading the certificates of authorities and a TLS
 * handshake take milliseconds to seconds, and the event loop waits for none of them. Redirects are
 * not followed, no proxy of the environment is used, and nothing but http and https is spoken.
 */

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct cp_fetcher;

/* A request. All of it is copied. */
struct cp_fetch {
	const char *url;
	const char *body; /* sent by POST as application/json; NULL: GET */
	size_t len;
	const char *header; /* a further one, "name: value"; NULL: none */
	uint32_t timeout_ms; /* for all of it, from the lookup of the name on */
	size_t answer_max; /* bytes; a longer answer is a failure */
};

/* What came of it. Valid during the call. */
struct cp_fetched {
	unsigned status; /* of HTTP; 0: there is no answer */
	const char *body; /* ends with a NUL behind its `len` bytes */
	size_t len;
	const char *error; /* why there is no answer */
};

typedef void (*cp_fetch_done)(void *arg, const struct cp_fetched *answer);

/*
 * Prepares for requests. The thread starts with the first one. Call it before system calls are
 * restricted. NULL: no memory.
 */
struct cp_fetcher *cp_fetcher_open(uv_loop_t *loop);
/*
 * Reads the file with the authorities (PEM) that https servers must be certified by; "": the
 * system's. 0, or errno with the operator's message in `err`; then nothing changes.
 */
int cp_fetcher_trust(struct cp_fetcher *f, const char *ca_file, char *err, size_t err_size);
/*
 * Sends the request. `done` is called from the event loop, once, and never from within this call,
 * unless the fetcher is closed before. 0, or errno: `done` is not called.
 */
int cp_fetcher_send(struct cp_fetcher *f, const struct cp_fetch *request, cp_fetch_done done, void *arg);
/* Ends the thread at once: what is under way is given up. The loop must run to close the handle. */
void cp_fetcher_close(struct cp_fetcher *f);

#endif
