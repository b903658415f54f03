/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHIP_INTERNAL_H
#define SPATE_CONTROLPLANE_ENTRY_WHIP_INTERNAL_H

/* The parts of WHIP and WHEP over HTTP: one request, its answer, and the publications. */

#include <stdbool.h>

#include "controlplane/auth/auth.h"
#include "controlplane/entry/whip.h"
#include "controlplane/http/body.h"
#include "controlplane/http/cors.h"
#include "controlplane/http/exchange.h"
#include "controlplane/signaling/whip.h"

enum cp_whip_method {
	CP_WHIP_OPTIONS,
	CP_WHIP_GET,
	CP_WHIP_POST,
	CP_WHIP_PATCH,
	CP_WHIP_DELETE,
	CP_WHIP_OTHER
};

/* A pending request. Owner: the connection, as c->request. */
struct cp_whip_request {
	struct cp_whip_site *site;
	struct cp_connection *connection;
	enum cp_sdp_use use;
	enum cp_whip_method method;
	char origin[CP_ORIGIN_SIZE]; /* an allowed origin; "": none */
	char base[300]; /* "https://host:port"; "": the request has no usable Host */
	char address[CP_ADDRESS_SIZE];
	char path[3 * CP_NAME_SIZE]; /* what follows "/whip/" or "/whep/" */
	char if_match[CP_WHIP_ETAG_SIZE + 8]; /* "": none */
	struct cp_grant grant;
	unsigned refused; /* the status that answers it once its body has been read; 0: it is served */
	struct cp_fault fault; /* why */
	struct cp_body body;
	struct cp_publication *waiting; /* that it creates; NULL: none */
};

#define CP_WHIP_ALLOW "allow: OPTIONS, GET, HEAD, POST, PATCH, DELETE\r\n"

/* --- answers (whip_answer.c). Each returns 0, or errno: the connection must end ------------- */

/* `headers`: further ones, each with CR LF; `type` NULL: no body. */
int cp_whip_respond(struct cp_whip_request *r, unsigned status, const char *headers, const char *type,
	const char *body);
/* application/problem+json (RFC 9457). */
int cp_whip_refuse(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault);
/* The status that goes with a fault. */
unsigned cp_whip_status(const struct cp_fault *fault);
int cp_whip_respond_options(struct cp_whip_request *r);
/* The 201 with the answer to the offer. `room` is the name, not encoded. */
int cp_whip_respond_created(struct cp_whip_request *r, const struct cp_whip *w);

/* --- publications (whip_publication.c) -------------------------------------------------------- */

/* A WHIP or WHEP session, from the POST to its end. */
struct cp_publication {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	struct cp_whip_site *site;
	struct cp_whip *whip;
	struct cp_address *address; /* it counts as a client of it */
	struct cp_whip_request *waiting; /* the POST; NULL: it was answered */
	bool is_due, failed, ended;
	bool is_awaited; /* it has not connected, or this was not noticed yet */
	uint64_t begun_ms; /* on the loop's clock */
	struct cp_fault fault; /* valid with `failed` */
	TAILQ_ENTRY(cp_publication) all;
	TAILQ_ENTRY(cp_publication) due;
	TAILQ_ENTRY(cp_publication) awaited;
};

/* Begins to publish or to play what `r` offers, and answers it later. 0, or errno with the fault. */
int cp_publication_create(struct cp_whip_request *r, struct cp_fault *fault);
void cp_publication_free(struct cp_publication *p);
/* The publication that the request's path names, if it is this user's. NULL: there is none. */
struct cp_publication *cp_publication_find(const struct cp_whip_request *r);

#endif
