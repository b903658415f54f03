/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENGINEIO_ENGINE_H
#define SPATE_CONTROLPLANE_ENGINEIO_ENGINE_H

/*
 * Engine.IO, protocol 4: sessions that begin over long-polling or WebSocket, and change
 * from the first to the second. Requests and WebSockets are opaque here and time comes
 * from outside, so that nothing in these files does I/O.
 *
 * A session that has ended stays until the next cp_eio_run, so that none goes away while
 * one of its own calls is under way.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/table.h"
#include "controlplane/base/text.h"
#include "controlplane/engineio/packet.h"
#include "shared/config.h"

enum {
	CP_SID_SIZE = 21, /* 120 random bits as 20 characters of base64url, and the terminator */
	CP_EIO_NOOP_MS = 100, /* between two ends of held polls while a client upgrades */
	CP_EIO_CLOSE_WAIT_MS = 3000, /* for a polling client to fetch what was queued before the end */
};

struct cp_eio;

/* What a session needs of those above and below it. Texts are taken over. */
struct cp_eio_calls {
	/* Answers a poll that was held; it is nobody's any more. NULL: no memory. */
	void (*answer)(void *poll, struct cp_text *payload);
	/* The session takes no more from a POST whose body is still arriving. */
	void (*forget)(void *post);
	/* One packet, over a WebSocket; `text` NULL: the type is all. */
	void (*send)(void *socket, enum cp_eio_type type, struct cp_text *text);
	/* What was sent before still goes. The socket is nobody's any more. */
	void (*close)(void *socket, uint16_t code, const char *reason);
	/* A message has arrived; `text` is not terminated and good until the call returns. */
	void (*message)(struct cp_eio *e, const char *text, size_t len);
	/* It is about to end: nothing more arrives, nothing more is taken. Once. */
	void (*closing)(struct cp_eio *e, uint16_t code, const char *reason);
	/*
	 * It is freed when the call returns. Once, the last, and only from cp_eio_run or
	 * cp_eio_stop.
	 */
	void (*closed)(struct cp_eio *e);
};

/* Each has one duration, so that its list is in the order in which they are due. */
enum cp_eio_deadline {
	CP_EIO_PING_DUE,
	CP_EIO_PONG_DUE,
	CP_EIO_CONNECT_DUE,
	CP_EIO_UPGRADE_DUE,
	CP_EIO_NOOP_DUE,
	CP_EIO_CLOSE_DUE,
	CP_EIO_FLUSH_DUE,
	CP_EIO_DEADLINES,
};

struct cp_eio_timer {
	TAILQ_ENTRY(cp_eio_timer) next;
	struct cp_eio *session;
	uint64_t due_ms; /* 0: not set */
};

/* Now, unless it says since the start. */
struct cp_eio_counts {
	uint32_t polling, websocket; /* sessions by transport */
	uint32_t polls_held;
	uint64_t opened, upgraded, upgrades_failed; /* since the start */
};

struct cp_eio_server {
	const struct sh_config *config;
	const struct cp_eio_calls *calls;
	const struct cp_clock *clock;
	void *clock_arg;
	struct cp_eio_counts counts;
	uint64_t wake_ms; /* when cp_eio_run will be called; 0: it will not */
	TAILQ_HEAD(, cp_eio_timer) timers[CP_EIO_DEADLINES];
	TAILQ_HEAD(, cp_eio) sessions, ended;
	struct cp_table by_sid; /* sessions that are open or closing */
};

struct cp_eio_out;

enum cp_eio_state { CP_EIO_IS_OPEN, CP_EIO_IS_CLOSING, CP_EIO_HAS_ENDED };

struct cp_eio {
	char sid[CP_SID_SIZE]; /* a bearer secret: never shown to anybody but its client, never logged */
	struct cp_eio_server *server;
	void *user; /* the layer above's */
	enum cp_eio_state state;
	void *socket; /* the WebSocket it runs on; NULL: it runs on polling */
	void *candidate; /* a WebSocket that it may change to */
	void *poll, *post; /* requests under way */
	TAILQ_HEAD(, cp_eio_out) out; /* for the next poll */
	size_t out_bytes;
	struct cp_eio_timer timers[CP_EIO_DEADLINES];
	struct cp_table_entry by_sid;
	TAILQ_ENTRY(cp_eio) in_server; /* `sessions` or `ended` */
};

/*
 * `calls`, `clock` and `config` outlive it. The clock's alarm has cp_eio_run called. 0 or ENOMEM.
 */
int cp_eio_start(struct cp_eio_server *s, const struct sh_config *config, const struct cp_eio_calls *calls,
	const struct cp_clock *clock, void *clock_arg);
/* Ends all sessions and frees them. */
void cp_eio_stop(struct cp_eio_server *s);
/* Does what is due. */
void cp_eio_run(struct cp_eio_server *s);

/* A session over `socket`, or over polling where that is NULL. NULL: no memory. */
struct cp_eio *cp_eio_open(struct cp_eio_server *s, void *socket, void *user);
/* NULL: there is none that is open or closing. `sid` need not be terminated. */
struct cp_eio *cp_eio_find(struct cp_eio_server *s, const char *sid, size_t len);

/* Sends a message; takes the reference over. NULL: no memory, which ends it. */
void cp_eio_send(struct cp_eio *e, struct cp_text *text);
/* What was sent before still goes, where the client fetches it. `reason` is a constant. */
void cp_eio_close(struct cp_eio *e, uint16_t code, const char *reason);
/* Whether the client must be heard of by the layer above within connect_timeout_ms. */
void cp_eio_expect_connect(struct cp_eio *e, bool expect);

/* --- long-polling (longpoll.c) ------------------------------------------------------------- */

/* A GET: it is answered now or later. EBUSY: there was one already, and the session has ended. */
int cp_eio_poll(struct cp_eio *e, void *poll);
/* The connection of a held GET has gone, and with it the session. */
void cp_eio_poll_gone(struct cp_eio *e);
/* A POST begins. EBUSY: another one's body was still arriving, and the session has ended. */
int cp_eio_post_begin(struct cp_eio *e, void *post);
/* Its body is complete. EPROTO: it is no payload, and the session has ended. */
int cp_eio_post_complete(struct cp_eio *e, const char *body, size_t len);
/* The body did not come whole, or was not a text; the session has ended. */
void cp_eio_post_failed(struct cp_eio *e);

/* --- WebSocket (upgrade.c) --------------------------------------------------------------- */

/* Whether it can change to a WebSocket now. */
bool cp_eio_can_upgrade(const struct cp_eio *e);
/* A change to `socket` begins: it asks with a probe, and is given upgrade_timeout_ms. */
void cp_eio_upgrade(struct cp_eio *e, void *socket);
/* A message of the session's socket or of its candidate. */
void cp_eio_receive(struct cp_eio *e, void *socket, const char *text, size_t len);
/* That socket is closing, and nobody's any more. */
void cp_eio_socket_gone(struct cp_eio *e, void *socket, uint16_t code, const char *reason);

/* --- between these files ------------------------------------------------------------------- */

void cp_eio_set_deadline(struct cp_eio *e, enum cp_eio_deadline kind);
void cp_eio_clear_deadline(struct cp_eio *e, enum cp_eio_deadline kind);
/* For the next poll; takes `text` over. 0 or ENOMEM. */
int cp_eio_queue(struct cp_eio *e, enum cp_eio_type type, struct cp_text *text);
/* Answers a held poll with what waits for it. */
void cp_eio_flush(struct cp_eio *e);
/* Answers a held poll with one packet that says no more than its type. */
void cp_eio_release_poll(struct cp_eio *e, enum cp_eio_type type);
/* A packet of the transport that the session runs on. */
void cp_eio_handle_packet(struct cp_eio *e, const struct cp_eio_packet *p);
/* Ends it now. `reason` is a constant. */
void cp_eio_end(struct cp_eio *e, uint16_t code, const char *reason);
/* The next that waits for a poll, the caller's. NULL: nothing waits. */
struct cp_text *cp_eio_dequeue(struct cp_eio *e, enum cp_eio_type *type);
/* Gives the change to a WebSocket up; the session goes on. */
void cp_eio_abort_upgrade(struct cp_eio *e, const char *reason);
void cp_eio_repeat_noop(struct cp_eio *e);

#endif
