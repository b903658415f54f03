/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_SESSION_H
#define SPATE_CONTROLPLANE_SIGNALING_SESSION_H

/*
 * A session is a client, in either dialect, and its peer in a room. Its requests are handled one
 * after the other, in the order of their arrival: the next one begins when the previous one has
 * been answered, even if that has to wait for the data plane.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/admission/address.h"
#include "controlplane/auth/auth.h"
#include "controlplane/base/log_address.h"
#include "controlplane/base/text.h"
#include "controlplane/rooms/peer.h"
#include "controlplane/signaling/resume.h"
#include "controlplane/signaling/signaling.h"

struct cp_producer;
struct cp_saved_peer;
struct cp_session;
struct cp_ticket;
struct cp_transport;

/*
 * The last notice to a whole room in a dialect. It is kept so that a notice is printed once for all
 * viewers, and not once for each.
 */
struct cp_announced {
	const char *type;
	char about[CP_ID_SIZE];
	struct cp_text *text; /* a reference; NULL: none yet */
};

/* One type of request in a dialect. */
struct cp_request_type {
	const char *name;
	const char *answer; /* name of its answer; NULL: the same as the request's */
	/*
	 * Answers with exactly one cp_session_reply() or cp_session_error(), within the call or
	 * when the data plane has acknowledged. `data` is an object, or NULL in the JSON dialect.
	 * The session is in a room.
	 */
	void (*handle)(struct cp_session *s, const cJSON *data);
	/*
	 * 0 if the request would succeed in a room that the session has just joined, else errno
	 * with the fault. Called before a session that is in no room joins one for this request,
	 * so that a request that fails changes nothing. NULL: it needs objects of the peer's own,
	 * which no peer has yet.
	 */
	int (*enters)(const struct cp_session *s, const cJSON *data, struct cp_fault *fault);
	bool closes; /* a superseded peer may do it, too (rooms/user.h) */
	bool greets; /* a client may send it before it knows that it has resumed */
	uint64_t count; /* requests of this type since the start */
};

/* The functions that read requests and write answers and notices in the form of one dialect. */
struct cp_dialect {
	const char *name;
	/* Checks a request and calls its handler, or answers with cp_session_error(). */
	void (*request)(struct cp_session *s, const cJSON *message);
	/* Sends the answer to `request`, whose type is s->type. Takes over `data`. */
	void (*reply)(struct cp_session *s, const cJSON *request, cJSON *data);
	/*
	 * Sends an error. `request` NULL: it answers no request, or one that could not be parsed.
	 */
	void (*error)(struct cp_session *s, const cJSON *request, const struct cp_fault *fault);
	/* A message that answers no request. Takes over `data`. NULL: no memory. */
	struct cp_text *(*notice)(const char *type, cJSON *data);
	/*
	 * The same with `data` already printed, for notices of which each client gets its own: a
	 * tree of JSON would cost more than all the rest.
	 */
	struct cp_text *(*printed_notice)(const char *type, const char *data);
	/* The peer's own transport that `name` means in this dialect; NULL with CP_NOT_FOUND. */
	struct cp_transport *(*transport)(struct cp_peer *peer, const char *name, struct cp_fault *fault);
	/* Adds the members by which a notice names a transport. */
	void (*name_transport)(const struct cp_transport *t, cJSON *data);
	/* Adds what the dialect says of a transport beside its id. NULL: its sessions cannot resume. */
	void (*describe_transport)(const struct cp_transport *t, cJSON *entry);
	/* Fills in what a successor needs of the client. False: it cannot resume. NULL: none can. */
	bool (*save)(const struct cp_session *s, struct cp_saved_peer *out);
	/* Its peer is saved (rooms/saved.h). NULL: cp_session_wake() is enough. */
	void (*saved)(struct cp_session *s);
	/* The data of newProducer, the caller's to delete. */
	cJSON *(*producer)(const struct cp_producer *p);
	/* The last entry has no handler: it counts the requests of unknown types. */
	struct cp_request_type *types;
	struct cp_announced *announced;
};

/* The functions that carry a session's messages: over a WebSocket, or over an Engine.IO session. */
struct cp_carrier {
	/*
	 * Takes over the reference; `text` NULL: the caller had no memory, and the connection
	 * closes.
	 */
	void (*send)(void *carrier, struct cp_text *text);
	/*
	 * Begins to close the connection and sets s->closing. The session is freed later, never
	 * within this call. `reason` is a constant.
	 */
	void (*close)(void *carrier, uint16_t code, const char *reason);
	/*
	 * Another connection has taken the session over: forgets it at once, counts as no client
	 * any more, and closes. NULL: its sessions cannot resume.
	 */
	void (*abandon)(void *carrier);
	/*
	 * What cp_session_admit() has asked, outside of a request, is decided. NULL: its sessions
	 * join within requests.
	 */
	void (*decided)(void *carrier);
};

struct cp_request { /* a request in a session's queue */
	TAILQ_ENTRY(cp_request) next;
	cJSON *message;
	size_t bytes; /* memory that it takes */
	uint64_t arrived_ns; /* CLOCK_MONOTONIC */
};

struct cp_session {
	const struct cp_dialect *dialect;
	const struct cp_carrier *calls;
	void *carrier;
	struct cp_signaling *signaling;
	char id[CP_ID_SIZE]; /* the id of its peer, which other clients see */
	char ip[CP_LOG_ADDRESS_SIZE]; /* the client's IP address as the log has it */
	struct cp_address *address; /* its budgets; the session is a user of it */
	struct cp_grant grant; /* its user, and what it may do */
	char room[CP_NAME_SIZE]; /* the room it is in, or was in last; "": none yet */
	struct cp_peer *peer; /* NULL: it is in no room */
	bool entered; /* it joined the room for the pending request, which has not succeeded yet */
	bool leaves; /* that request has failed: the session leaves the room before the next one */
	bool closing; /* its carrier is closing: messages are no longer accepted */
	struct cp_ticket *ticket; /* it waits to be admitted, or the answer has come; NULL: neither */
	bool may_publish, may_subscribe; /* what the gate allows: of the grant, no more than that */
	bool ended; /* the server closes the connection for a fault of the client: nothing is resumed */

	TAILQ_HEAD(, cp_request) waiting; /* queue of requests that have not begun */
	uint32_t waiting_count;
	size_t waiting_bytes; /* memory that they take */
	cJSON *current; /* the pending request; NULL: none */
	cJSON *held; /* its answer, which waits until the peer is saved; NULL: none */
	uint64_t arrived_ns; /* when `current` arrived, CLOCK_MONOTONIC */
	const struct cp_request_type *type; /* the type of `current`, once it is known */
	bool running; /* cp_session_run() is executing */
	bool is_ready; /* it is in signaling->ready */
	TAILQ_ENTRY(cp_session) ready; /* in signaling->ready */
	TAILQ_ENTRY(cp_session) all; /* in signaling->sessions */
	TAILQ_ENTRY(cp_session) expiry; /* in a slot of signaling->expiry, if `expires` */
	bool expires; /* it ends with its token */

	struct cp_bucket messages; /* what it may send now; messages cost by their size */
	uint32_t strikes; /* messages over the limit since the bucket was last full */
	struct cp_resume resume;
};

/* Close codes of a WebSocket (RFC 6455, 7.4.1) that more than one file uses. */
enum {
	CP_CLOSE_NORMAL = 1000,
	CP_CLOSE_GOING_AWAY = 1001,
	CP_CLOSE_NO_CODE = 1005,
	CP_CLOSE_ABNORMAL = 1006, /* the connection ended without a close frame */
	CP_CLOSE_POLICY = 1008,
	CP_CLOSE_TRY_LATER = 1013,
	CP_CLOSE_RESUMED = 4001, /* the client has resumed its session on another connection */
};

/* --- opening, joining, closing (session.c) -------------------------------------------- */

/*
 * Opens a session for a client at `ip`, whose budgets are those of `address`, with the rights in
 * `grant`, which is copied. It is in no room yet. NULL: no memory. The carrier owns the session,
 * and frees it with cp_session_free() when the connection is gone.
 */
struct cp_session *cp_session_open(struct cp_signaling *signaling, const struct cp_dialect *dialect,
	const struct cp_carrier *calls, void *carrier, const char *ip, struct cp_address *address,
	const struct cp_grant *grant);
/* The peer leaves its room, and everything is freed. */
void cp_session_free(struct cp_session *s);
/*
 * Asks the gate whether the client may join `room` (admit.c). 0: it may. EINPROGRESS: the answer
 * comes later. The pending request is then begun again, or without one carrier->decided() is
 * called; either calls this function again. Otherwise errno with the fault.
 */
int cp_session_admit(struct cp_session *s, const char *room, struct cp_fault *fault);
/* 0, or errno with the fault: it is no room's name, or the token is for another one. */
int cp_session_check_room(const struct cp_session *s, const char *room, struct cp_fault *fault);
/* Nobody waits for the gate's answer any more. */
void cp_session_forget_ticket(struct cp_session *s);
/*
 * Joins `room`, and creates it if it does not exist. The session must not be in a room, and has
 * been admitted. 0, or errno with the fault.
 */
int cp_session_join(struct cp_session *s, const char *room, struct cp_fault *fault);
/* The peer of a predecessor's session, in its room again. NULL: it cannot be made. */
struct cp_peer *cp_session_restore_peer(struct cp_session *s, const struct cp_saved_peer *saved);
/* The rights that a predecessor's session had. */
struct cp_grant cp_session_saved_grant(const struct cp_saved_peer *saved);
/*
 * Joins `room` for the pending request, which can still fail: then the session leaves the room
 * again. 0; EINPROGRESS: the request begins again when the gate has answered; or errno with the
 * fault.
 */
int cp_session_enter(struct cp_session *s, const char *room, const cJSON *data, struct cp_fault *fault);
/* The session's room has closed and frees the peer: the session is in no room any more. */
void cp_session_leave_closed_room(struct cp_session *s);
/* The session's peer is removed and freed: tells the client why and closes the connection. */
void cp_session_removed(struct cp_session *s, const char *reason);
/*
 * Ends the session for a reason that is not the client's: its peer leaves its room, the client gets
 * an error with CP_FORBIDDEN, and the connection closes with 1008. `reason` is a constant.
 */
void cp_session_end(struct cp_session *s, const char *reason);
/*
 * The node is drained: the peer leaves its room, and the connection closes with 1001, so that the
 * client connects again, elsewhere. `reason` is a constant.
 */
void cp_session_dismiss(struct cp_session *s, const char *reason);
/* The carrier has begun to close. `code` as for cp_session_gone(). */
void cp_session_closing(struct cp_session *s, uint16_t code);
/* Forgets the requests that have not begun. */
void cp_session_drop_waiting(struct cp_session *s);
/* Closes the connection with a WebSocket's code and reason (RFC 6455, 7.4), a constant. */
void cp_session_close(struct cp_session *s, uint16_t code, const char *reason);

/* --- the end of tokens (expiry.c) --------------------------------------------------------- */

void cp_expiry_start(struct cp_signaling *s);
/* Adds the session if it ends with its token. */
void cp_expiry_add(struct cp_session *s);
void cp_expiry_remove(struct cp_session *s);

/* --- requests ---------------------------------------------------------------------------- */

/* Handles a received message (receive.c). If it is not JSON, the connection closes with 1007. */
void cp_session_receive(struct cp_session *s, const char *text, size_t len);
/*
 * Charges a message of `len` bytes before it is parsed. 0, or errno with the fault: it exceeds
 * limits.messages_per_second or messages_per_address and must not be parsed, but refused with
 * cp_session_refuse_excess().
 */
int cp_session_charge(struct cp_session *s, const char *text, size_t len, struct cp_fault *fault);
/*
 * Answers a message over a limit with an error. After more than limits.messages_per_second of them
 * the session closes. `message` NULL: it was not parsed.
 */
void cp_session_refuse_excess(struct cp_session *s, const cJSON *message, const struct cp_fault *fault);
/*
 * Queues a parsed request that was charged, and begins it if no other is pending. Takes over
 * `message`. If the queue or its memory is full, the request is refused as excess.
 */
void cp_session_enqueue(struct cp_session *s, cJSON *message);
/*
 * Queues a step of the session's own, which is no message of its client: no limit applies. It
 * begins from the event loop. Takes over `message`. 0 or ENOMEM.
 */
int cp_session_queue(struct cp_session *s, cJSON *message);
/* Refuses a message that is nested too deep. It was charged. */
void cp_session_refuse_deep(struct cp_session *s);
/* Handles queued requests until one has to wait for the data plane, or the gate. */
void cp_session_run(struct cp_session *s);
/*
 * Requests a call of cp_session_run() from the event loop if there is anything to do. May be called
 * within changes of the rooms.
 */
void cp_session_wake(struct cp_session *s);

/* --- messages to the client ---------------------------------------------------------------- */

/* Answers the pending request. Takes over `data`. */
void cp_session_reply(struct cp_session *s, cJSON *data);
/* The same as soon as the peer is saved (rooms/saved.h): a successor would not know of the change. */
void cp_session_reply_saved(struct cp_session *s, cJSON *data);
void cp_session_error(struct cp_session *s, const struct cp_fault *fault);
/* Sends a message that answers no request. Takes over `data`. */
void cp_session_notify(struct cp_session *s, const char *type, cJSON *data);
/*
 * As cp_session_notify(), for a notice that many sessions get in succession. The notice must depend
 * only on the dialect, on `type`, a constant, and on the id `about`: `data` is called only if the
 * last announcement in that dialect was a different one.
 */
void cp_session_announce(struct cp_session *s, const char *type, const char *about,
	cJSON *(*data)(const void *arg), const void *arg);
/* Sends a text in the form of the session's dialect. Takes over the reference; NULL: no memory. */
void cp_session_send(struct cp_session *s, struct cp_text *text);
/*
 * Sends and counts an error for `message`, which was refused before it became the pending request;
 * NULL: it could not be parsed.
 */
void cp_session_send_error(struct cp_session *s, const cJSON *message, const struct cp_fault *fault);

#endif
