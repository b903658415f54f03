/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_ADDRESS_H
#define SPATE_CONTROLPLANE_ADMISSION_ADDRESS_H

/*
 * Counts what each remote address has here, in one object that every folder of the control plane
 * can use. An IPv6 network of 64 bits counts as one address, because a subscriber has at least 2^64
 * of them. An address also has budgets, and is remembered until they are refilled, so that a client
 * gains nothing by a new connection.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/admission/bucket.h"
#include "controlplane/base/counters.h"
#include "controlplane/base/table.h"
#include "shared/config.h"

enum { CP_ADDRESS_SIZE = 48 }; /* of the longest IP address as text, with its terminator */

/* The objects of an address's peers in all rooms. rooms/ counts and limits them. */
struct cp_possessions {
	uint32_t rooms, transports, producers, consumers;
};

/* What an address may do at a rate. */
enum cp_budget {
	CP_BUDGET_CONNECTS, /* new TCP connections */
	CP_BUDGET_BAD_TOKENS, /* tokens that were checked and refused */
	CP_BUDGET_PAGES, /* /metrics and /rooms */
	CP_BUDGET_RESUMES, /* attempts to resume a session */
	CP_BUDGET_HANDSHAKES, /* DTLS handshakes of its clients' transports */
	CP_BUDGET_MESSAGES, /* signaling messages of all its clients, by size */
	CP_BUDGETS,
};

struct cp_accepted;
struct cp_addresses;

struct cp_address {
	char name[CP_ADDRESS_SIZE]; /* an IPv4 address, or the first address of an IPv6 network */
	struct cp_addresses *all;
	uint32_t holds; /* users of this object, which ends with its last one */

	uint32_t clients; /* signaling clients: WebSockets and Engine.IO sessions */
	uint32_t lost; /* signaling clients whose connection was lost and who may come back */
	uint32_t sockets; /* TCP connections for any purpose */
	TAILQ_HEAD(, cp_accepted) unfinished; /* those of http/ without a request, the oldest first */
	uint32_t unfinished_count;
	struct cp_possessions owned;
	struct cp_bucket budget[CP_BUDGETS];
	struct cp_bucket left; /* the emptiest bucket of messages that a client has left behind */
	uint64_t full_ns; /* when all of these are full again, CLOCK_MONOTONIC */

	struct cp_table_entry by_name;
	TAILQ_ENTRY(cp_address) resting; /* in all->resting, while `holds` is 0 */
};

enum { CP_RESTING_MAX = 65536 /* addresses without users that are remembered at most */ };

struct cp_addresses {
	struct cp_table by_name;
	uint32_t seed; /* random, so that no client can choose addresses with equal hashes */
	struct cp_rate rate[CP_BUDGETS], client_rate; /* 0 until cp_addresses_limit() */
	struct cp_counters *counters; /* of refusals; NULL: not counted */
	TAILQ_HEAD(, cp_address) resting; /* without users; their budgets are not full yet */
	uint32_t resting_count;
	bool stopped;
};

/* 0 or ENOMEM. */
int cp_addresses_start(struct cp_addresses *all);
/* Sets the rates of the budgets. Without this call there is no limit. */
void cp_addresses_limit(struct cp_addresses *all, const struct sh_config *config,
	struct cp_counters *counters);
/* An address that still has users is freed when it loses the last one. */
void cp_addresses_stop(struct cp_addresses *all);

/*
 * Returns the object of the IP address `ip`, and makes it if it does not exist. Any other text is a
 * name of its own. The caller becomes a user and must call cp_address_release(). NULL: no memory.
 */
struct cp_address *cp_address_hold(struct cp_addresses *all, const char *ip);
/* Adds a user to an address that has one. Returns `a`. */
struct cp_address *cp_address_keep(struct cp_address *a);
/*
 * Ends one use. Without users the object is freed as soon as its budgets are full. `a` may be NULL.
 */
void cp_address_release(struct cp_address *a);

/* Takes `cost` from a budget. False: it does not hold that much; this is counted as a refusal. */
bool cp_address_take(struct cp_address *a, enum cp_budget budget, double cost);
/* True if the budget holds anything; if not, this is counted as a refusal. */
bool cp_address_may(struct cp_address *a, enum cp_budget budget);
/*
 * Takes one TCP connection from the address's budgets: from that of connections, or if that is used
 * up and clients may come back from that of resumes. False: it is refused, and counted so.
 */
bool cp_address_connect(struct cp_address *a);
/*
 * The bucket of messages of a new client: full, or as empty as one that was left behind within the
 * last seconds.
 */
struct cp_bucket cp_address_inherit(const struct cp_address *a);
/* A client ends and leaves its bucket of messages behind. */
void cp_address_bequeath(struct cp_address *a, const struct cp_bucket *b);

#endif
