/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_RESTORE_H
#define SPATE_CONTROLPLANE_ROOMS_RESTORE_H

/*
 * Makes the rooms of a predecessor again, from the objects that the data plane lists with their
 * blobs (saved.h): transports first, then producers, then consumers. Nothing is sent to the data
 * plane: it has everything, and media flows on. Who makes the clients' sessions is told by a
 * function, because the rooms do not know them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/counters.h"
#include "controlplane/base/table.h"
#include "shared/abi.h"

struct cp_join;
struct cp_model;
struct cp_peer;
struct cp_restored_id;
struct cp_saved_consumer;
struct cp_saved_peer;
struct cp_saved_producer;
struct cp_saved_transport;
struct cp_transport;
struct cp_producer;

struct cp_restore {
	struct cp_model *model;
	/* Makes the session and the peer of a client, by cp_room_restore(). NULL: there is none. */
	struct cp_peer *(*make_peer)(void *arg, const struct cp_saved_transport *saved);
	void *arg;
	struct cp_table ids; /* struct cp_restored_id */
	struct cp_restored_id *all; /* a list of them */
	struct cp_restore_counts counts;
};

/* `r` has its model and make_peer. 0 or ENOMEM. */
int cp_restore_begin(struct cp_restore *r);
/* Takes one record of the list. True: the object was made again, and is to be claimed. */
bool cp_restore_object(struct cp_restore *r, const struct sh_object *o);
/*
 * The list has ended, with that record, or was cut off (NULL). Rooms in which nobody publishes any
 * more are in grace from now on.
 */
void cp_restore_end(struct cp_restore *r, const struct sh_object *o);

/* --- one object: each returns NULL or an errno if it could not be made ---------------------- */

/*
 * Like cp_room_join(), but nobody is superseded, and limits that the peer had met do not count.
 * NULL also if the same user has joined meanwhile, who has superseded this peer.
 */
struct cp_peer *cp_room_restore(struct cp_model *m, const struct cp_join *join,
	const struct cp_saved_peer *saved);
int cp_transport_restore(struct cp_peer *peer, const struct cp_saved_transport *saved,
	const struct sh_object *o);
int cp_producer_restore(struct cp_transport *t, const struct cp_saved_producer *saved,
	const struct sh_object *o);
int cp_consumer_restore(struct cp_transport *t, struct cp_producer *p, const struct cp_saved_consumer *saved,
	const struct sh_object *o);

#endif
