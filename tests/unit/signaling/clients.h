/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_SIGNALING_CLIENTS_H
#define SPATE_TESTS_UNIT_SIGNALING_CLIENTS_H

#include "controlplane/signaling/session.h"
#include "tests/unit/rooms/world.h"

enum { CLIENTS = 8, TEXTS = 64 };

/* A session whose carrier keeps what it was sent. */
struct client {
	struct cp_session *session; /* NULL: the place is free */
	char *text[TEXTS];
	unsigned sent, read;
	uint16_t closed; /* the code; 0: it is open */
};

extern struct client clients[CLIENTS];

/* What the sessions share, and the address that they come from. */
struct cp_signaling *the_signaling(void);
struct cp_address *the_address(void);

/* The rooms' world, and signaling around it. */
int clients_make(void **state);
/* Everybody goes, and nothing may be left. */
int clients_end(void **state);

struct client *open_client(const struct cp_dialect *dialect, const char *user);
/* The same with a token that expires at that time, in seconds since 1970. */
struct client *open_client_until(const struct cp_dialect *dialect, int64_t expires_s);
struct client *open_client_with(const struct cp_dialect *dialect, const struct cp_grant *grant);
/* Its connection ends with that close code. */
void lose_client(struct client *c, uint16_t code);
/*
 * A new connection takes a session over; `room` is "" for any, `grant` NULL grants all without a
 * user. NULL: there is nothing to resume.
 */
struct client *resume_client(const struct cp_dialect *dialect, const char *token, const char *room,
	const struct cp_grant *grant);
/* cp_signaling_expire(). */
bool expire(int64_t now_s);
void close_client(struct client *c);
/* Sets limits.messages_per_second and messages_per_address. */
void limit_messages(uint32_t client, uint32_t of_address);
/* Ten times as many at once, from the one address that all clients have. */
void limit_handshakes(uint32_t per_second);
void limit_resumes(uint32_t per_second);
struct cp_counters *the_counters(void);
/* How many messages were refused for `reason`. */
uint64_t refused(enum cp_refusal reason);
/* Forgets what it was sent. */
void forget(struct client *c);

/* All that the data plane answers, and what was waiting for that. */
void settle(void);

/*
 * An event as Socket.IO hands it over: `data` as JSON, NULL: none; `ack` < 0: none is
 * asked for. It is answered at once unless answers are held.
 */
void emit(struct client *c, const char *event, const char *data, double ack);

#endif
