/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_SIGNALING_H
#define SPATE_CONTROLPLANE_SIGNALING_SIGNALING_H

/*
 * Holds what all sessions share: the rooms, the configuration, the routers' capabilities, and the
 * list of sessions whose next request may begin. No I/O: a callback wakes the event loop.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/admission/address.h"
#include "controlplane/auth/auth.h"
#include "controlplane/base/counters.h"
#include "controlplane/base/text.h"
#include "controlplane/signaling/greeting.h"
#include "controlplane/signaling/resume.h"
#include "controlplane/signaling/search_budget.h"
#include "shared/config.h"
#include "shared/stats_reader.h"

struct cp_gate;
struct cp_model;
struct cp_session;

TAILQ_HEAD(cp_session_list, cp_session);

enum { CP_EXPIRY_SLOTS = 256 };

/* Sessions by the second in which their tokens expire (expiry.c). */
struct cp_expiry {
	struct cp_session_list slot[CP_EXPIRY_SLOTS];
	int64_t done_s; /* the last second whose sessions have been ended, since 1970 */
};

/* How far the node's drain has come (drain.h). Times are on the model's clock. */
struct cp_drain {
	uint64_t began_ms, deadline_ms;
	unsigned number; /* of the drain, or of its deadline: clients are told of each */
	struct cp_session *next; /* the session that is told, or ended, next; NULL: all have been */
	bool over; /* nobody is left */
	bool restored; /* a predecessor has begun it */
	double moves; /* players that may be moved now */
	uint64_t moved_ms; /* when `moves` was computed */
	uint64_t moved; /* players, since the process started */
};

struct cp_signaling {
	/* The owner sets these before cp_signaling_start; they outlive it. */
	const struct sh_config *config;
	const char *host; /* the name of this machine */
	struct cp_model *model;
	const struct sh_stats_reader *stats; /* map NULL: the data plane is away */
	const struct cp_auth *auth;
	const struct cp_gate *gate; /* whom to ask about who joins (admission/gate.h); NULL: nobody */
	struct cp_counters *counters;
	void (*wake)(void *arg); /* requests a call of cp_signaling_run() from the event loop */
	void (*wake_drain)(void *arg); /* the same of cp_drain_run() */
	void *wake_arg;

	struct cp_search_budget searches; /* for getStats */
	struct cp_greetings greetings;
	TAILQ_HEAD(, cp_session) ready; /* sessions whose next request may begin */
	TAILQ_HEAD(, cp_session) sessions; /* all of them */
	struct cp_expiry expiry;
	struct cp_drain drain;
	struct cp_resumes resumes;
	bool stopping; /* nobody is let in: a successor knows more */
};

/* 0 or ENOMEM. */
int cp_signaling_start(struct cp_signaling *s);
/* Frees what `s` holds. All sessions that have a connection must have been freed. */
void cp_signaling_stop(struct cp_signaling *s);

/* Begins the next request of each session in `ready`. */
void cp_signaling_run(struct cp_signaling *s);
/*
 * Ends the sessions whose tokens have expired at `now_s`, seconds since 1970. Call it once a
 * second. True: more sessions have expired than one iteration of the event loop should end; call it
 * again.
 */
bool cp_signaling_expire(struct cp_signaling *s, int64_t now_s);
/*
 * Closes each session, because the server stops. Who comes back at once is sent away until a
 * successor is there, which has what it had.
 */
void cp_signaling_farewell(struct cp_signaling *s);

/* The user and the token that a client sends when it connects. */
struct cp_credentials {
	const char *user; /* "": not named */
	const char *user_member; /* the member's name in this dialect, for the client's message */
	const char *token; /* "": none */
	struct cp_address *address; /* where they come from */
};

/*
 * Determines the client's user and its rights. Without tokens (auth.algorithm) the user is the one
 * that the client named. 0, or errno with the fault: CP_UNAVAILABLE while the server stops.
 */
int cp_signaling_authenticate(const struct cp_signaling *s, const struct cp_credentials *who,
	struct cp_grant *grant, struct cp_fault *fault);

#endif
