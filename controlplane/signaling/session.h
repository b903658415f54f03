/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_SESSION_H
#define SPATE_CONTROLPLANE_SIGNALING_SESSION_H

/*
 * A client, in either dialect, and its peer in a room. Requests are taken one after the
 * other, in the order in which they came: the next begins when the last was answered, also
 * where the answer waits for the data plane.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/auth/auth.h"
#include "controlplane/base/text.h"
#include "controlplane/rooms/peer.h"
#include "controlplane/signaling/signaling.h"

struct cp_producer;
struct cp_session;
struct cp_transport;

/* The last thing that a whole room was told, so that it is printed once and not for each viewer. */
struct cp_announced {
	const char *type;
	char about[CP_ID_SIZE];
	struct cp_text *text; /* NULL: none yet */
};

/* One type of request in a dialect. */
struct cp_request_type {
	const char *name;
	const char *answer; /* what its answer is called; NULL: as the request */
	/*
	 * Exactly one cp_session_reply or cp_session_error ends it, now or when the data plane
	 * has acknowledged. `data` is an object or NULL; the session is in a room.
	 */
	void (*handle)(struct cp_session *s, const cJSON *data);
	uint64_t count; /* how often it came */
};

/* How requests and answers look on the wire. */
struct cp_dialect {
	const char *name;
	/* Begins a request: exactly one cp_session_reply or cp_session_error, now or later, ends it. */
	void (*request)(struct cp_session *s, const cJSON *message);
	/* Sends what answers `request`, of the type s->type. Takes `data` over. */
	void (*reply)(struct cp_session *s, const cJSON *request, cJSON *data);
	/* `request` NULL: about something that never became one. */
	void (*error)(struct cp_session *s, const cJSON *request, const struct cp_fault *fault);
	/* The message that says what was not asked for. Takes `data` over. NULL: no memory. */
	struct cp_text *(*notice)(const char *type, cJSON *data);
	/* Where the dialects say the same thing differently: */
	/* the peer's own transport of that name, or NULL with a not-found; */
	struct cp_transport *(*transport)(struct cp_peer *peer, const char *name, struct cp_fault *fault);
	/* what a transport is called in a notice, */
	void (*name_transport)(const struct cp_transport *t, cJSON *data);
	/* and what newProducer tells of a producer. */
	cJSON *(*producer)(const struct cp_producer *p);
	struct cp_request_type *types; /* the last has no handler: it counts those that are of no other */
	struct cp_announced *announced;
};

/* What carries a session's messages: a WebSocket, or Engine.IO over whatever it runs on. */
struct cp_carrier {
	void (*send)(void *carrier, struct cp_text *text); /* takes the reference over; NULL: no memory */
	/*
	 * `reason` is a constant. Sets s->closing; the session is freed later, never from here.
	 */
	void (*close)(void *carrier, uint16_t code, const char *reason);
};

struct cp_request { /* a message that waits to be taken */
	TAILQ_ENTRY(cp_request) next;
	cJSON *message;
};

struct cp_session {
	const struct cp_dialect *dialect;
	const struct cp_carrier *calls;
	void *carrier;
	struct cp_signaling *signaling;
	char id[CP_ID_SIZE]; /* of its peer: what others know it by */
	char address[48];
	struct cp_grant grant; /* what it may do, and whose it is */
	char room[CP_NAME_SIZE]; /* the one it asked for; "": none yet */
	struct cp_peer *peer; /* NULL: it is in no room */
	bool closing; /* its carrier closes it: nothing more is taken */

	TAILQ_HEAD(, cp_request) waiting;
	uint32_t waiting_count;
	cJSON *current; /* the request under way; NULL: none */
	const struct cp_request_type *type; /* of that request, once it is known */
	bool running; /* within cp_session_run */
	bool is_ready; /* in signaling->ready */
	TAILQ_ENTRY(cp_session) ready;
	TAILQ_ENTRY(cp_session) all;

	double tokens; /* messages it may send now */
	uint64_t tokens_ns; /* when that was reckoned */
	uint32_t strikes; /* messages over the limit since it last kept to it */
};

/* Close codes of a WebSocket (RFC 6455, 7.4.1) that more than one file uses. */
enum { CP_CLOSE_GOING_AWAY = 1001 };

/* --- its life (session.c) ------------------------------------------------------------ */

/*
 * A client from `address` that may do what `grant` says. It is in no room yet. NULL: no
 * memory. The carrier closes it with cp_session_free when it is gone itself.
 */
struct cp_session *cp_session_open(struct cp_signaling *signaling, const struct cp_dialect *dialect,
	const struct cp_carrier *calls, void *carrier, const char *address, const struct cp_grant *grant);
/* The peer leaves its room, and everything is freed. */
void cp_session_free(struct cp_session *s);
/* Joins `room`. The session must not be in a room. 0, or errno with the fault. */
int cp_session_join(struct cp_session *s, const char *room, struct cp_fault *fault);
/* Its room has closed. */
void cp_session_leave_closed_room(struct cp_session *s);
/* Closes the connection: code and reason are a WebSocket's (RFC 6455, 7.4). */
void cp_session_close(struct cp_session *s, uint16_t code, const char *reason);

/* --- requests ---------------------------------------------------------------------------- */

/* One message that has arrived, as text (receive.c). Anything else than JSON closes. */
void cp_session_receive(struct cp_session *s, const char *text, size_t len);
/*
 * A request, parsed; takes it over. Too many, or too fast, are refused with an error, and
 * whoever goes on is cut off.
 */
void cp_session_enqueue(struct cp_session *s, cJSON *message);
/* Refuses a message that is nested too deep to be one. It counts for the rate like any other. */
void cp_session_refuse_deep(struct cp_session *s);
/* Takes waiting requests until one has to wait for the data plane. */
void cp_session_run(struct cp_session *s);

/* --- what it is told ------------------------------------------------------------------------ */

/* Answers the request under way; takes `data` over. */
void cp_session_reply(struct cp_session *s, cJSON *data);
void cp_session_error(struct cp_session *s, const struct cp_fault *fault);
/* Not the answer to the request under way. Takes `data` over. */
void cp_session_notify(struct cp_session *s, const char *type, cJSON *data);
/*
 * The same for one of many who are told it: `type`, a constant, and the id it is about say
 * all there is to say. `data` is called where it was not printed already.
 */
void cp_session_announce(struct cp_session *s, const char *type, const char *about,
	cJSON *(*data)(const void *arg), const void *arg);
/* Takes the reference over. */
void cp_session_send(struct cp_session *s, struct cp_text *text);
/* About a message that never became the request under way; NULL: nothing of it is known. */
void cp_session_send_error(struct cp_session *s, const cJSON *message, const struct cp_fault *fault);

#endif
