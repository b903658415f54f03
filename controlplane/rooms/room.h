/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_ROOM_H
#define SPATE_CONTROLPLANE_ROOMS_ROOM_H

/*
 * The desired state: rooms, their peers, and what each peer owns. No I/O: the data
 * plane is asked through struct cp_media, peers hear of others through struct
 * cp_listener, and both dialects call the same functions.
 *
 * A request that needs the data plane is answered when that has acknowledged: `done`
 * is called exactly once, before or after the call returns, unless the peer leaves
 * first. A peer has one such request at a time; its dialect keeps the others waiting.
 * Whatever closes takes along all that stands on it: consumers first, then producers,
 * then transports. Listeners and `done` must not call back into the rooms.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "shared/abi.h"
#include "shared/config.h"

#include "controlplane/negotiation/negotiation.h"

#include "controlplane/base/clock.h"
#include "controlplane/base/fault.h"
#include "controlplane/base/id.h"
#include "controlplane/base/index.h"
#include "controlplane/base/name.h"
#include "controlplane/rooms/load.h"
#include "controlplane/rooms/bridge.h"

enum cp_purpose { CP_PURPOSE_SEND = 1, CP_PURPOSE_RECV };
enum cp_transport_state {
	CP_TRANSPORT_OPENING, /* the data plane has not acknowledged it */
	CP_TRANSPORT_NEW,
	CP_TRANSPORT_CONNECTING, /* the peer's DTLS parameters are known */
	CP_TRANSPORT_CONNECTED,
};
const char *cp_transport_state_name(enum cp_transport_state state);

enum cp_room_state {
	CP_ROOM_OPEN,
	CP_ROOM_GRACE, /* its last host left: it closes at its deadline unless somebody produces */
	CP_ROOM_CLOSING,
};
const char *cp_room_state_name(enum cp_room_state state);

struct cp_model;
struct cp_peer;
struct cp_call;
struct cp_user;

struct cp_consumer {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	sh_id dp_id;
	struct cp_transport *transport;
	struct cp_producer *producer;
	bool live; /* the data plane has it */
	bool paused;
	uint32_t ssrc, rtx_ssrc; /* the second is 0 without RTX */
	uint32_t stats_slot; /* where its statistics were last found */
	char *rtp_parameters; /* JSON */
	TAILQ_ENTRY(cp_consumer) on_transport;
	TAILQ_ENTRY(cp_consumer) on_producer;
};

struct cp_producer {
	char id[CP_ID_SIZE];
	sh_id dp_id;
	struct cp_transport *transport;
	bool live;
	bool paused;
	uint32_t stats_slot;
	uint64_t rate; /* what a packet stream like this one costs, units a second (placement.h) */
	bool counted; /* it was measured once: */
	uint64_t units; /* all that had come by then */
	uint32_t audience[SH_MAX_WORKERS]; /* consumers on each worker */
	struct cp_consumable consumable; /* its stream as consumers are told of it */
	struct sh_producer_add signalled; /* as it comes from its browser */
	TAILQ_HEAD(, cp_consumer) consumers;
	TAILQ_ENTRY(cp_producer) on_transport;
	TAILQ_ENTRY(cp_producer) in_room;
};

/* What a transport without ICE and DTLS is made of (docs/plain.md). */
struct cp_plain {
	uint16_t port; /* its own UDP port; 0: not chosen yet */
	bool learns; /* its address comes from packets */
	struct sh_addr remote; /* family 0: not known yet */
	uint8_t mac[6]; /* of the neighbour on the way; all 0: the data plane asks */
	uint16_t vlan; /* 0: untagged */
	uint32_t idle_ms; /* it ends when no packet came for so long; 0: never */
	uint16_t profile; /* enum sh_srtp_profile; 0: no SRTP */
	struct sh_addr local; /* where its packets are sent to; writer: cp_media */
	const struct sh_transport_keys *keys; /* while it is being opened; NULL: no SRTP */
	bool ended; /* what it was for is gone: it is closed in the next turn */
};

struct cp_transport {
	char id[CP_ID_SIZE];
	sh_id dp_id;
	struct cp_plain *plain; /* NULL: WebRTC */
	struct cp_peer *peer;
	enum cp_purpose purpose;
	enum cp_transport_state state;
	uint32_t worker; /* of the data plane's */
	uint64_t reserved, reserved_until_ms; /* what is expected to come onto it still (load.c) */
	TAILQ_ENTRY(cp_transport) in_reserving; /* while `reserved` is not 0 */
	uint32_t next_mid;
	uint32_t stats_slot;
	void *link; /* owner: cp_media */
	TAILQ_HEAD(, cp_producer) producers;
	TAILQ_HEAD(, cp_consumer) consumers;
	TAILQ_ENTRY(cp_transport) on_peer;
};

/* What a peer is told without having asked. */
struct cp_listener {
	void (*new_producer)(struct cp_peer *to, const struct cp_producer *p);
	void (*producer_closed)(struct cp_peer *to, const struct cp_producer *p);
	void (*producer_paused)(struct cp_peer *to, const struct cp_producer *p);
	void (*consumer_closed)(struct cp_peer *to, const struct cp_consumer *c);
	void (*transport_closed)(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
		const char *reason);
	/* Its room has closed, and the peer goes with it: the session has none from now on. */
	void (*room_closed)(struct cp_peer *to, const char *reason);
};

struct cp_peer {
	char id[CP_ID_SIZE]; /* what both dialects call socketId */
	char user[CP_NAME_SIZE]; /* "": not named */
	char cname[CP_CNAME_SIZE]; /* of all it produces, so that lips stay in sync */
	struct cp_room *room;
	struct cp_user *same_user; /* NULL: not named */
	bool publish, subscribe; /* what it may do */
	bool of_operator; /* nobody's browser: it has the plain transports of its room, without a limit of its own */
	bool host; /* it has produced in this room, even if it has stopped since */
	const struct cp_listener *listener;
	void *session; /* owner: the dialect */
	struct cp_call *call; /* what it waits for; NULL: nothing */
	uint32_t transport_count, producer_count, consumer_count;
	TAILQ_HEAD(cp_transport_list, cp_transport) transports;
	TAILQ_ENTRY(cp_peer) in_room;
	TAILQ_ENTRY(cp_peer) of_user; /* while it has transports and names a user */
};

struct cp_counts {
	uint32_t peers, transports, producers, consumers;
};

struct cp_room {
	char name[CP_NAME_SIZE];
	struct cp_model *model;
	enum cp_room_state state;
	uint32_t peer_count, host_count;
	uint32_t transport_count, producer_count, consumer_count;
	uint32_t audience[SH_MAX_WORKERS]; /* receiving transports on each worker */
	uint64_t rate; /* of all that is produced in it, units a second */
	uint64_t deadline_ms; /* in grace: when it closes, by the model's clock */
	struct cp_room_end {
		unsigned phase;
		struct cp_peer *next; /* whose turn it is */
		struct cp_counts counts; /* when it began */
		char reason[96];
	} end; /* closing */
	struct cp_index users;
	struct cp_peer *plain_peer; /* the operator's; NULL: there are no plain transports */
	TAILQ_HEAD(cp_peer_list, cp_peer) peers;
	TAILQ_HEAD(, cp_producer) producers; /* live or not yet */
	TAILQ_ENTRY(cp_room) in_model;
	TAILQ_ENTRY(cp_room) in_queue; /* of those in grace, or of those that close */
};

struct cp_model {
	const struct sh_config *config;
	const struct cp_media *media;
	void *media_arg;
	const struct cp_clock *clock;
	void *clock_arg;
	struct cp_router router;
	struct cp_index rooms, transports, producers, consumers;
	struct cp_load load;
	uint32_t peer_count;
	uint32_t grace_count, closing_count; /* rooms in these states */
	TAILQ_HEAD(, cp_room) room_list;
	TAILQ_HEAD(, cp_room) grace; /* the next deadline first */
	TAILQ_HEAD(, cp_room) closing; /* whose turn it is first */
	TAILQ_HEAD(, cp_plain_request) plain; /* the first is under way */
	bool plain_due; /* there is something to do for plain transports in the next turn: */
	bool plain_reap; /* some have ended */
};

/* `fault` NULL: it worked, and `object` is what was made or changed. */
typedef void (*cp_done)(struct cp_peer *peer, const struct cp_fault *fault, void *object);

void cp_model_init(struct cp_model *m, const struct sh_config *config, const struct cp_media *media,
	void *media_arg, const struct cp_clock *clock, void *clock_arg);
/* Does what is due: grace times that are over, and the next slice of rooms that close. */
void cp_model_run(struct cp_model *m);

/* --- rooms and peers (room.c, life.c) ------------------------------------------------- */

/* Who joins what. Texts are copied. */
struct cp_join {
	const char *room; /* a valid name */
	const char *id; /* the peer's, CP_ID_SIZE - 1 characters; NULL: one is made */
	const char *user; /* a valid name; "": not named */
	bool publish, subscribe;
	bool of_operator;
	const struct cp_listener *listener;
	void *session;
};

/*
 * Joins, and makes the room where there is none. Whatever the same user's other peers own
 * in that room is closed first, and they hear of it; they stay. NULL with the fault: too
 * many, or CP_UNAVAILABLE while a room of that name is closing.
 */
struct cp_peer *cp_room_join(struct cp_model *m, const struct cp_join *join, struct cp_fault *fault);
/*
 * Closes all it owns, tells the others, frees it. The room goes with its last peer; when
 * its last host leaves it closes after the grace time, unless somebody produces again.
 */
void cp_room_leave(struct cp_peer *peer);
/* The host's wish. 0: it is closing; or -1 with CP_FORBIDDEN: `peer` is no host of its room. */
int cp_room_close(struct cp_peer *peer, struct cp_fault *fault);
/*
 * Closes a room, a slice a turn of the loop, so that ten thousand viewers do not hold up
 * the others: all consumers, then all producers, then all transports; then every peer hears
 * room_closed and goes, and the counts go to the log. Nothing of this happens before the
 * call returns. What its peers ask for meanwhile fails with CP_NOT_FOUND. Its name is free
 * again before the first peer hears. `reason` is copied; a room that closes goes on for the
 * first one's.
 */
void cp_room_end(struct cp_room *room, const char *reason);
/* NULL: there is none of that name, or it is closing. */
struct cp_room *cp_room_find(struct cp_model *m, const char *name);
/* Until a room in grace closes; 0 when it is not in grace. */
uint64_t cp_room_grace_left_ms(const struct cp_room *room);
struct cp_counts cp_room_counts(const struct cp_room *room);

/* --- transports (transport.c) --------------------------------------------------------- */

/* The peer's own, or NULL with a not-found. */
struct cp_transport *cp_peer_transport(struct cp_peer *peer, const char *id, struct cp_fault *fault);

void cp_transport_create(struct cp_peer *peer, enum cp_purpose purpose,
	cp_done done); /* object: cp_transport */
/* The same without ICE and DTLS; `plain` is copied, its keys are read before it returns. */
void cp_transport_create_plain(struct cp_peer *peer, enum cp_purpose purpose, const struct cp_plain *plain,
	cp_done done);
cJSON *cp_transport_parameters(const struct cp_transport *t);
int cp_transport_connect(struct cp_transport *t, const cJSON *dtls_parameters, struct cp_fault *fault);
/* New iceParameters, the caller's; NULL with the fault. */
cJSON *cp_transport_restart(struct cp_transport *t, struct cp_fault *fault);
/* At its owner's wish, who is not told. */
void cp_transport_close(struct cp_transport *t);
/* DTLS or consent failed, or the data plane went: its owner hears transport_closed too. */
void cp_transport_fail(struct cp_transport *t, enum cp_code why, const char *reason);
/* DTLS is done and the data plane has the keys. */
void cp_transport_connected(struct cp_transport *t);
/* All of them are gone: the data plane was lost. Their peers stay. */
void cp_model_lose_transports(struct cp_model *m);

/* --- producers (producer.c) ------------------------------------------------------------ */

/* One that is live in the peer's room, or NULL with a not-found. */
struct cp_producer *cp_peer_visible_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault);
/* The peer's own. */
struct cp_producer *cp_peer_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault);

void cp_producer_create(struct cp_transport *t, const cJSON *kind, const cJSON *rtp_parameters, bool paused,
	cp_done done); /* object: cp_producer */
void cp_producer_pause(struct cp_producer *p, bool paused, cp_done done); /* object: cp_producer */
void cp_producer_close(struct cp_producer *p); /* its owner is not told */

/* Calls `each` for every live producer of the others in the peer's room; none while it closes. */
void cp_peer_each_visible_producer(struct cp_peer *peer,
	void (*each)(struct cp_peer *peer, const struct cp_producer *p, void *arg), void *arg);

/* --- consumers (consumer.c) -------------------------------------------------------------- */

struct cp_consumer *cp_peer_consumer(struct cp_peer *peer, const char *id, struct cp_fault *fault);

void cp_consumer_create(struct cp_transport *t, struct cp_producer *p, const cJSON *rtp_capabilities,
	bool paused, cp_done done); /* object: cp_consumer */
void cp_consumer_pause(struct cp_consumer *c, bool paused, cp_done done); /* object: cp_consumer */
void cp_consumer_request_keyframe(struct cp_consumer *c, cp_done done); /* object: cp_consumer */
void cp_consumer_close(struct cp_consumer *c); /* its owner is not told */

/* --- plain transports (plain.c) ------------------------------------------------------------ */

/*
 * A transport and what is on it, at the operator's wish: a producer where there are
 * rtp_parameters, else a consumer of `producer`. Everything is copied.
 */
struct cp_plain_ask {
	const char *room; /* to produce: a valid name, the room is made where there is none */
	const cJSON *kind, *rtp_parameters;
	const char *producer; /* to consume: its id */
	bool rtx; /* to consume: what was lost comes as RTX (RFC 4588), where the codec has it */
	const struct cp_plain *plain;
	const struct sh_transport_keys *keys; /* NULL: no SRTP */
};

/*
 * NULL with the fault, else with one producer or consumer on it. Not from within
 * cp_plain_begin, but from a turn of the loop: it may call what is declared here.
 */
typedef void (*cp_plain_done)(void *arg, const struct cp_fault *fault, const struct cp_transport *t);

/* One after the other, in the order of the calls. 0, or -1: no memory, `done` is not called. */
int cp_plain_begin(struct cp_model *m, const struct cp_plain_ask *ask, cp_plain_done done, void *arg);
/* Nobody waits for what was begun with that `arg` any more: it is closed where it is not done yet. */
void cp_plain_forget(struct cp_model *m, const void *arg);
/* 0, or -1 with a not-found: there is no such plain transport. */
int cp_plain_close(struct cp_model *m, const char *id, struct cp_fault *fault);

#endif
