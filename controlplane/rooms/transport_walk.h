/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_TRANSPORT_WALK_H
#define SPATE_CONTROLPLANE_ROOMS_TRANSPORT_WALK_H

/*
 * Visits all transports, a slice of them in each iteration of the event loop, while others come and
 * go. Those that are created meanwhile are visited as well.
 */

#include <sys/queue.h>

struct cp_model;
struct cp_transport;

/* The caller sets the functions, and keeps the walk until `done` or cp_transport_walk_end. */
struct cp_transport_walk {
	void (*visit)(struct cp_transport_walk *walk, const struct cp_transport *t);
	void (*done)(struct cp_transport_walk *walk); /* all were visited; it may free the walk */
	struct cp_transport *next;
	TAILQ_ENTRY(cp_transport_walk) in_model;
};

/* cp_model_run makes the visits and calls `done`. */
void cp_transport_walk_begin(struct cp_model *m, struct cp_transport_walk *walk);
/* Ends a walk that is not done. */
void cp_transport_walk_end(struct cp_model *m, struct cp_transport_walk *walk);

/* For the files of rooms/: a transport is about to be freed; the next slice of all walks. */
void cp_transport_walks_skip(const struct cp_model *m, const struct cp_transport *t);
void cp_transport_walks_run(struct cp_model *m);

#endif
