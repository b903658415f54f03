/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_SHARE_H
#define SPATE_CONTROLPLANE_ROOMS_SHARE_H

/*
 * Shares the tables of rooms, transports, producers and consumers among all clients:
 * - While a table is more than half full, one address and one user (the claim `sub`) may hold at
 *   most limits.share_percent of it (and at least a few objects).
 * - The last limits.reserve_percent of a table are for peers that publish already.
 * - While a table is more than three quarters full, transports that have not connected within
 *   limits.connect_s are closed.
 * The operator's peers are exempt. In the table of producers each encoding is an entry.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/rooms/holder.h"
#include "controlplane/rooms/peer.h"

struct cp_address;
struct cp_model;
struct cp_transport;

enum cp_table_name { CP_TABLE_ROOMS, CP_TABLE_TRANSPORTS, CP_TABLE_PRODUCERS, CP_TABLE_CONSUMERS, CP_TABLES };
const char *cp_table_name(enum cp_table_name table); /* "transports" */

struct cp_share_counts { /* since the start, by table */
	uint64_t over_share[CP_TABLES], reserved[CP_TABLES]; /* refused */
	uint64_t unconnected; /* transports closed because they had not connected */
};

/* Fills in `h`, which cp_holder_release frees. `subject` is "": none. 0 or ENOMEM. */
int cp_holder_take(struct cp_model *m, struct cp_holder *h, struct cp_address *address, const char *subject);
void cp_holder_release(struct cp_holder *h);

/* 0, or errno with the fault: the peer may not have `n` more objects of that table. */
int cp_share_check(const struct cp_peer *peer, enum cp_table_name table, uint32_t n, struct cp_fault *fault);
/* The same for a room, which the holder would create. */
int cp_share_check_room(struct cp_model *m, const struct cp_holder *h, struct cp_fault *fault);
/* Counts `n` objects that were added to the table or removed from it. */
void cp_share_add(struct cp_model *m, const struct cp_holder *h, enum cp_table_name table, uint32_t n);
void cp_share_remove(const struct cp_holder *h, enum cp_table_name table, uint32_t n);

/* A WebRTC transport was created; it has connected or ends. */
void cp_share_await(struct cp_transport *t);
void cp_share_arrived(struct cp_transport *t);
/* When the next transport is to be closed because it has not connected; UINT64_MAX: none. */
uint64_t cp_share_due_ms(const struct cp_model *m);
/* For cp_model_run: closes those transports, a slice of them. */
void cp_share_run(struct cp_model *m);

#endif
