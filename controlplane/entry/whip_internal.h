/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHIP_INTERNAL_H
#define SPATE_CONTROLPLANE_ENTRY_WHIP_INTERNAL_H

/* The parts of WHIP and WHEP over HTTP: a request, and its answers. */

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
	CP_WHIP_HEAD,
	CP_WHIP_POST,
	CP_WHIP_PATCH,
	CP_WHIP_DELETE,
	CP_WHIP_OTHER
};

/* What a path names. */
enum cp_whip_part {
	CP_WHIP_ENDPOINT, /* a room */
	CP_WHIP_SESSION,
	CP_WHIP_EVENTS, /* where a player makes its event stream */
	CP_WHIP_STREAM, /* an event stream */
	CP_WHIP_LAYER, /* where a player chooses layers */
};

/* A pending request. Owner: the connection, as c->request. */
struct cp_whip_request {
	struct cp_whip_site *site;
	struct cp_connection *connection;
	enum cp_sdp_use use;
	enum cp_whip_method method;
	enum cp_whip_part part;
	char origin[CP_ORIGIN_SIZE]; /* an allowed origin; "": none */
	bool tls; /* the client uses TLS */
	char base[300]; /* "https://host:port"; "": the request has no usable Host */
	char address[CP_ADDRESS_SIZE];
	char path[3 * CP_NAME_SIZE]; /* of the room or the session, behind "/whip/" or "/whep/" */
	char stream[CP_ID_SIZE]; /* the event stream's id, with CP_WHIP_STREAM */
	char if_match[400]; /* "": none */
	bool has_token;
	struct cp_grant grant;
	unsigned redirects; /* that have brought the client here, in a row */
	struct cp_lookup *lookup; /* who has the room, while that is asked; NULL: it is not */
	unsigned refused; /* the status that answers it once its body has been read; 0: it is served */
	struct cp_fault fault; /* why */
	struct cp_body body;
	uint64_t complete_ns; /* when the body was complete, CLOCK_MONOTONIC; 0: it is not */
	struct cp_publication *waiting; /* that it creates; NULL: none */
	struct cp_publication *patches; /* whose ICE it has restarted, while it is not answered; NULL: none */
	struct cp_publication *read; /* whose event stream it reads; NULL: none */
};

/*
 * Reads what is needed later: libwebsockets drops the headers while a request is held
 * (whip_head.c).
 */
void cp_whip_read_head(struct cp_whip_request *r, struct lws *wsi);

/* --- answers (whip_answer.c). Each returns 0, or errno: the connection must end ------------- */

/* `headers`: further ones, each with CR LF; `type` NULL: no body. */
int cp_whip_respond(struct cp_whip_request *r, unsigned status, const char *headers, const char *type,
	const char *body);
/* application/problem+json (RFC 9457). */
int cp_whip_refuse(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault);
/*
 * The same before the body is read: answers at once, and returns EPROTO, because the connection
 * must end.
 */
int cp_whip_refuse_now(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault);
/* The protocol's counters. */
struct cp_whip_counts *cp_whip_counts(const struct cp_whip_request *r);
/* The methods that what the path names has, for the header Allow. */
const char *cp_whip_allowed(const struct cp_whip_request *r);
/* The status that goes with a fault. */
unsigned cp_whip_status(const struct cp_fault *fault);
int cp_whip_respond_options(struct cp_whip_request *r);
/* The 201 with the answer to the offer. */
int cp_whip_respond_created(struct cp_whip_request *r, const struct cp_whip *w);
enum { CP_WHIP_URL_SIZE = 1200 /* base, room with every byte encoded, and two ids */ };
/* Writes the session's absolute URL. */
void cp_whip_url(const struct cp_whip_request *r, const struct cp_whip *w, char out[CP_WHIP_URL_SIZE]);

#endif
