/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_WATCH_H
#define SPATE_CONTROLPLANE_ROOMS_WATCH_H

/*
 * Tells one watcher outside of the rooms what happens in them: rooms that open and close, producers
 * that come and go. It also lists the rooms whose number of viewers has changed, so that whoever
 * wants to know the numbers need not look at every room.
 */

#include <stdint.h>

struct cp_model;
struct cp_producer;
struct cp_room;

/* The callee must not call back into the rooms. Objects are valid during the call. */
struct cp_watch {
	void (*room_opened)(void *arg, const struct cp_room *room);
	void (*room_closed)(void *arg, const struct cp_room *room);
	void (*producer_came)(void *arg, const struct cp_producer *p);
	void (*producer_went)(void *arg, const struct cp_producer *p);
};

/* Peers of clients that are no hosts. */
uint32_t cp_room_viewers(const struct cp_room *room);
/*
 * The next room with another number of viewers than when it was taken last; its number counts as
 * known from now on. NULL: there is none.
 */
const struct cp_room *cp_watch_take(struct cp_model *m);

/* --- for the files of rooms/ ---------------------------------------------------------------- */

/* A client has entered the room. A predecessor's room has been open before. */
void cp_watch_entered(struct cp_room *room);
/* The number of peers or hosts has changed. */
void cp_watch_changed(struct cp_room *room);
/* The room is about to be freed. */
void cp_watch_closed(struct cp_room *room);
void cp_watch_producer_came(const struct cp_producer *p);
/* It is about to be destroyed, and still has its transport. */
void cp_watch_producer_went(const struct cp_producer *p);

#endif
