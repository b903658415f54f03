/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_ADDRESS_H
#define SPATE_CONTROLPLANE_ADMISSION_ADDRESS_H

/*
 * What each remote address has here and may still do. All limits per address are counted in one
 * object, which every folder of the control plane can use. An IPv6 network of 64 bits counts as one
 * address, because a subscriber has at least 2^64 of them.
 *
 * An address stays in memory after its last user has gone, until its buckets are full again: who
 * comes back finds the buckets as they were.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/admission/bucket.h"
#include "controlplane/base/table.h"

enum {
	CP_ADDRESS_SIZE = 48, /* of the longest IP address as text, with its terminator */
	CP_ADDRESSES_IDLE_MAX = 65536, /* addresses without users that are kept for their buckets */
};

/* The objects of an address's peers in all rooms. rooms/ counts and limits them. */
struct cp_possessions {
	uint32_t rooms, transports, producers, consumers;
};

struct cp_addresses;

struct cp_address {
	char name[CP_ADDRESS_SIZE]; /* an IPv4 address, or the first address of an IPv6 network */
	struct cp_addresses *all;
	uint32_t holds; /* users of this object: cp_address_hold(), cp_address_keep() */

	uint32_t clients; /* signaling clients: WebSockets and Engine.IO sessions */
	uint32_t sockets; /* TCP connections for any purpose */
	uint32_t unfinished; /* of those, the ones whose request is not complete */
	struct cp_bucket connects; /* TCP connections */
	struct cp_bucket messages; /* signaling messages, by size */
	struct cp_possessions owned;

	struct cp_table_entry by_name;
	TAILQ_ENTRY(cp_address) idle; /* in all->idle, while it has no users */
};

struct cp_addresses {
	struct cp_table by_name;
	uint32_t seed; /* random, so that no client can choose addresses with equal hashes */
	uint32_t idle_count;
	TAILQ_HEAD(, cp_address) idle; /* without users; the one that is idle for longest is first */
};

/* 0 or ENOMEM. */
int cp_addresses_start(struct cp_addresses *all);
/* Frees the idle addresses. No address may have users any more. */
void cp_addresses_stop(struct cp_addresses *all);

/*
 * The object of the IP address `ip`, made if there is none. A text that is no IP address is its own
 * name. The caller becomes a user and must call cp_address_release(). NULL: no memory.
 */
struct cp_address *cp_address_hold(struct cp_addresses *all, const char *ip);
/* Adds a user to an address that has one. Returns `a`. */
struct cp_address *cp_address_keep(struct cp_address *a);
/* Ends one use. `a` may be NULL. */
void cp_address_release(struct cp_address *a);

#endif
