/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENGINEIO_ENGINE_H
#define SPATE_CONTROLPLANE_ENGINEIO_ENGINE_H

/*
 * Engine.IO, protocol 4: sessions that begin over long-polling or WebSocket and can change from
 * long-polling to WebSocket. HTTP requests and WebSockets are opaque pointers here and the clock is
 * given, so that the files of this folder do no I/O.
 *
 * A session that has ended is freed by the next cp_eio_run(), so that no session is freed while a
 * function or a callback works with it. Most functions here can end the session they are given.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/admission/backlog.h"
#include "controlplane/base/clock.h"
#include "controlplane/base/counters.h"
#include "controlplane/base/table.h"
#include "controlplane/base/text.h"
#include "controlplane/engineio/packet.h"
#include "shared/config.h"

enum {
	CP_SID_SIZE = 21, /* 120 random bits as 20 characters of base64url, and the terminator */
	CP_EIO_NOOP_MS = 100, /* while a client upgrades, a held poll is answered this often */
	CP_EIO_CLOSE_WAIT_MS = 3000, /* limit for a polling client to fetch its last packets */
};

struct cp_eio;

/*
 * Callbacks to the Engine.IO transports below (the first four) and to the user above (the last
 * three). A callback takes over the reference of a text.
 */
struct cp_eio_calls {
	/*
	 * Answers a held poll. The session has dropped its pointer to `poll`, which now belongs to
	 * the callee. `payload` NULL: no memory.
	 */
	void (*answer)(void *poll, struct cp_text *payload);
	/*
	 * The session ignores the rest of a POST whose body is still arriving, and drops its
	 * pointer.
	 */
	void (*forget)(void *post);
	/* Sends one packet over a WebSocket; `text` NULL: the packet has only a type. */
	void (*send)(void *socket, enum cp_eio_type type, struct cp_text *text);
	/*
	 * Closes a WebSocket after the packets sent before. The session has dropped its pointer to
	 * it.
	 */
	void (*close)(void *socket, uint16_t code, const char *reason);
	/* A message has arrived. `text` is not null-terminated and valid only during the call. */
	void (*message)(struct cp_eio *e, const char *text, size_t len);
	/*
	 * The session begins to end: no message is delivered any more, and messages to send are
	 * discarded. Called once in a session's life.
	 */
	void (*closing)(struct cp_eio *e, uint16_t code, const char *reason);
	/*
	 * The session is freed after this call, its last. Only from cp_eio_run() or cp_eio_stop().
	 */
	void (*closed)(struct cp_eio *e);
};

/* Each kind has one duration, so that a list of timers of one kind is sorted by due time. */
enum cp_eio_deadline {
	CP_EIO_PING_DUE, /* the server sends a ping */
	CP_EIO_PONG_DUE, /* the client's pong has not arrived: the session ends */
	CP_EIO_CONNECT_DUE, /* the user above has not heard from the client: the session closes */
	CP_EIO_UPGRADE_DUE, /* the client has not finished its upgrade, which is aborted */
	CP_EIO_NOOP_DUE, /* a held poll is answered, because the client upgrades */
	CP_EIO_CLOSE_DUE, /* the client has not fetched the last packets: the session ends */
	CP_EIO_FLUSH_DUE, /* at once: a held poll is answered; a session that has ended is freed */
	CP_EIO_DEADLINES,
};

struct cp_eio_timer {
	TAILQ_ENTRY(cp_eio_timer) next;
	struct cp_eio *session;
	uint64_t due_ms; /* 0: not set */
};

/* Counters for /metrics. */
struct cp_eio_counts {
	uint32_t polling, websocket; /* open sessions by Engine.IO transport */
	uint32_t polls_held; /* polls that are held now */
	uint64_t opened, upgraded, upgrades_failed; /* totals since the start */
};

struct cp_eio_server {
	const struct sh_config *config;
	const struct cp_eio_calls *calls;
	const struct cp_clock *clock;
	void *clock_arg;
	struct cp_eio_counts counts;
	/* The owner sets these after cp_eio_start(). NULL: what they are for is not counted. */
	struct cp_backlog *backlog; /* of the polling sessions' queues */
	struct cp_counters *counters; /* of refusals */
	uint64_t wake_ms; /* when the alarm calls cp_eio_run(); 0: no alarm is set */
	TAILQ_HEAD(, cp_eio_timer) timers[CP_EIO_DEADLINES];
	TAILQ_HEAD(, cp_eio) sessions, ended; /* `ended`: freed by the next cp_eio_run() */
	struct cp_table by_sid; /* sessions that are open or closing */
};

struct cp_eio_out;

enum cp_eio_state {
	CP_EIO_IS_OPEN,
	CP_EIO_IS_CLOSING, /* over polling: waits until the client has fetched the queue */
	CP_EIO_HAS_ENDED,
};

struct cp_eio {
	char sid[CP_SID_SIZE]; /* a bearer secret: only its client may see it; it is never logged */
	struct cp_eio_server *server;
	void *user; /* owner: the user above, until `closed` */
	enum cp_eio_state state;
	void *socket; /* the session's WebSocket; NULL: its Engine.IO transport is long-polling */
	void *candidate; /* the WebSocket of a pending upgrade; NULL: none */
	void *poll, *post; /* pending HTTP requests; NULL: none */
	TAILQ_HEAD(, cp_eio_out) out; /* packets for the next poll; empty over WebSocket */
	size_t out_bytes;
	struct cp_queued queued; /* the same in server->backlog */
	struct cp_eio_timer timers[CP_EIO_DEADLINES];
	struct cp_table_entry by_sid;
	TAILQ_ENTRY(cp_eio) in_server; /* in server->sessions or server->ended */
};

/*
 * `config`, `calls` and `clock` must outlive the server. When the clock's alarm goes off, its owner
 * has to call cp_eio_run(). 0 or ENOMEM.
 */
int cp_eio_start(struct cp_eio_server *s, const struct sh_config *config, const struct cp_eio_calls *calls,
	const struct cp_clock *clock, void *clock_arg);
/* Ends all sessions and frees them. */
void cp_eio_stop(struct cp_eio_server *s);
/* Handles all deadlines that are due, and frees the sessions that have ended. */
void cp_eio_run(struct cp_eio_server *s);

/*
 * Opens a session over the WebSocket `socket`, or over long-polling if `socket` is NULL, and sends
 * or queues its handshake. NULL: no memory.
 */
struct cp_eio *cp_eio_open(struct cp_eio_server *s, void *socket, void *user);
/* NULL: no session of that id is open or closing. `sid` need not be null-terminated. */
struct cp_eio *cp_eio_find(struct cp_eio_server *s, const char *sid, size_t len);

/*
 * Sends a message; takes over the caller's reference. `text` NULL means that the caller had no
 * memory, and ends the session.
 */
void cp_eio_send(struct cp_eio *e, struct cp_text *text);
/*
 * Closes the session after the messages sent before, if the client fetches them in time. `code` is
 * a WebSocket's (RFC 6455, 7.4), `reason` a constant. Calls `closing` before it returns. Does
 * nothing if the session is closing already.
 */
void cp_eio_close(struct cp_eio *e, uint16_t code, const char *reason);
/* `expect`: the session closes unless this is called with false within connect_timeout_ms. */
void cp_eio_expect_connect(struct cp_eio *e, bool expect);

/* --- long-polling (longpoll.c) ------------------------------------------------------------- */

/*
 * A GET has arrived. It is answered through `answer`, within this call if packets are queued, or
 * later. 0, or EBUSY: there was one already, and the session has ended.
 */
int cp_eio_poll(struct cp_eio *e, void *poll);
/* The connection of a held GET has closed: ends the session. */
void cp_eio_poll_gone(struct cp_eio *e);
/* A POST begins. 0, or EBUSY: another one's body was still arriving, and the session has ended. */
int cp_eio_post_begin(struct cp_eio *e, void *post);
/*
 * The body of the POST is complete: handles its packets. `body` is read only during the call.
 * 0, or EPROTO: it is no payload, and the session has ended.
 */
int cp_eio_post_complete(struct cp_eio *e, const char *body, size_t len);
/* The body of the POST was incomplete or was not valid UTF-8: ends the session. */
void cp_eio_post_failed(struct cp_eio *e);

/* --- WebSocket (upgrade.c) --------------------------------------------------------------- */

/* True if the session is open over long-polling and has no pending upgrade. */
bool cp_eio_can_upgrade(const struct cp_eio *e);
/*
 * Begins an upgrade to `socket`, on which the client sends a probe first. The upgrade is aborted
 * unless it finishes within upgrade_timeout_ms.
 */
void cp_eio_upgrade(struct cp_eio *e, void *socket);
/* Handles a message from the session's WebSocket or from the WebSocket of its pending upgrade. */
void cp_eio_receive(struct cp_eio *e, void *socket, const char *text, size_t len);
/*
 * `socket` is closing. The session drops its pointer to it, and ends if it was the session's
 * WebSocket.
 */
void cp_eio_socket_gone(struct cp_eio *e, void *socket, uint16_t code, const char *reason);

/* --- for the files of engineio/ ------------------------------------------------------------ */

/* Sets the deadline to its duration from now; replaces an earlier one of that kind. */
void cp_eio_set_deadline(struct cp_eio *e, enum cp_eio_deadline kind);
void cp_eio_clear_deadline(struct cp_eio *e, enum cp_eio_deadline kind);
/* Queues a packet for the next poll; takes over `text`, also on failure. 0 or ENOMEM. */
int cp_eio_queue(struct cp_eio *e, enum cp_eio_type type, struct cp_text *text);
/* Answers a held poll with the queued packets; does nothing without a poll or without packets. */
void cp_eio_flush(struct cp_eio *e);
/* Answers a held poll with one packet of that type, which has no text. */
void cp_eio_release_poll(struct cp_eio *e, enum cp_eio_type type);
/* Handles a packet that arrived over the session's current Engine.IO transport. */
void cp_eio_handle_packet(struct cp_eio *e, const struct cp_eio_packet *p);
/* Ends the session now, without sending what is queued. `reason` is a constant. */
void cp_eio_end(struct cp_eio *e, uint16_t code, const char *reason);
/*
 * Takes the first packet out of the queue, which must not be empty. The caller owns the text; NULL:
 * the packet has only a type.
 */
struct cp_text *cp_eio_dequeue(struct cp_eio *e, enum cp_eio_type *type);
/* The queue has changed: counts it in the backlog. `taken`: a packet was taken from it. */
void cp_eio_count_queue(struct cp_eio *e, bool taken);
/* Aborts the pending upgrade and closes its WebSocket; the session continues over long-polling. */
void cp_eio_abort_upgrade(struct cp_eio *e, const char *reason);
/* Answers a held poll, and sets the deadline for the next time, because the client upgrades. */
void cp_eio_repeat_noop(struct cp_eio *e);

#endif
