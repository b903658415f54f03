/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_ROOMS_WORLD_H
#define SPATE_TESTS_UNIT_ROOMS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/plain_transport.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"

/* A media side that records what it is asked and answers when told to. */
struct pending {
	cp_bridge_done done; /* NULL: answered */
	void *arg;
	struct pending *copy; /* the transport's own, if it is about one */
};

struct world {
	struct sh_config config;
	struct cp_model model;
	bool up;
	bool hold; /* operations wait for answer_all() */
	int error; /* what they are answered with */
	bool refuse_restore; /* transports cannot be made again */
	struct sh_cmd cmd[64]; /* PRODUCER_* and CONSUMER_* in order, as many as fit */
	unsigned cmds;
	struct sh_cmd blob[64]; /* BLOB, the same */
	unsigned blobs;
	unsigned saved; /* peers that were told so */
	const char *loud[8]; /* ids of producers A, B... whose levels the media side knows, */
	uint64_t levels[8]; /* and these */
	unsigned opened, closed, connected; /* transports */
	struct pending pending[256];
	unsigned pendings;
	char heard[4096]; /* "peer:event " in order; peers are named by their session, a letter */
	char ends[256]; /* Consumers, Producers, Transports that closed, peers that heard of the Room's end */
	unsigned rooms_closed; /* peers that heard so */
	char reason[96]; /* the last of them */
	cJSON *capabilities;
	uint64_t now; /* ms */
	bool asleep; /* until `wake_at` */
	uint64_t wake_at;

	/* of the last call to done() */
	unsigned answers;
	bool failed;
	struct cp_fault fault;
	void *object;
};

extern struct world w;

int world_make(void **state);
int world_end(void **state);

/* Answers everything that waits, and what that brings about. */
void answer_all(void);

/* What the peers of join() hear by. */
const struct cp_listener *world_listener(void);

/* `name` is one letter. */
struct cp_peer *join(const char *room, const char *name);
struct cp_peer *join_as(const char *room, const char *name, const char *user);
void leave(struct cp_peer *peer);

/* Time goes by, with every turn that is asked for meanwhile. Returns how many. */
unsigned pass(uint64_t ms);

void done(struct cp_peer *peer, const struct cp_fault *fault, void *object);

/* These answer at once and must succeed. */
struct cp_transport *transport(struct cp_peer *peer, enum cp_purpose purpose);
struct cp_producer *produce(struct cp_transport *t, const char *kind);
struct cp_consumer *consume(struct cp_transport *t, struct cp_producer *p);

/* rtpParameters of a browser's microphone or camera; the caller deletes them. */
cJSON *parameters(const char *kind);
/* cp_producer_create with such parameters, without waiting. */
void begin_produce(struct cp_transport *t, const char *kind, bool paused);
/* The same for a camera of several encodings, "{…},{…}". */
void begin_encodings(struct cp_transport *t, const char *mid, const char *encodings, bool paused);
/* The same with another end than done(). */
void begin_encodings_then(struct cp_transport *t, const char *mid, const char *encodings, bool paused,
	cp_done then);

/* The last operation failed with that code. */
void expect_fault(enum cp_code code, const char *part);
/* What was heard since the last call. */
void expect_heard(const char *text);

#endif
