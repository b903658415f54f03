/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_ADDRESS_H
#define SPATE_CONTROLPLANE_ADMISSION_ADDRESS_H

/*
 * Counts what each remote address has here, in one object that every folder of the control plane
 * can use. An IPv6 network of 64 bits counts as one address, because a subscriber has at least 2^64
 * of them.
 */

#include <stdint.h>

#include "controlplane/base/table.h"

enum { CP_ADDRESS_SIZE = 48 }; /* of the longest IP address as text, with its terminator */

/* The objects of an address's peers in all rooms. rooms/ counts and limits them. */
struct cp_possessions {
	uint32_t rooms, transports, producers, consumers;
};

struct cp_addresses;

struct cp_address {
	char name[CP_ADDRESS_SIZE]; /* an IPv4 address, or the first address of an IPv6 network */
	struct cp_addresses *all;
	uint32_t holds; /* users of this object, which ends with its last one */

	uint32_t clients; /* signaling clients: WebSockets and Engine.IO sessions */
	uint32_t sockets; /* TCP connections for any purpose */
	struct cp_possessions owned;

	struct cp_table_entry by_name;
};

struct cp_addresses {
	struct cp_table by_name;
	uint32_t seed; /* random, so that no client can choose addresses with equal hashes */
};

/* 0 or ENOMEM. */
int cp_addresses_start(struct cp_addresses *all);
/* An address that still has users is freed when it loses the last one. */
void cp_addresses_stop(struct cp_addresses *all);

/*
 * Returns the object of the IP address `ip`, and makes it if it does not exist. Any other text is a
 * name of its own. The caller becomes a user and must call cp_address_release(). NULL: no memory.
 */
struct cp_address *cp_address_hold(struct cp_addresses *all, const char *ip);
/* Adds a user to an address that has one. Returns `a`. */
struct cp_address *cp_address_keep(struct cp_address *a);
/* Ends one use, and frees the object of the last one. `a` may be NULL. */
void cp_address_release(struct cp_address *a);

#endif
