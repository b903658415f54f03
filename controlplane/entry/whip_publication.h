/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHIP_PUBLICATION_H
#define SPATE_CONTROLPLANE_ENTRY_WHIP_PUBLICATION_H

/* Publications: WHIP and WHEP sessions as HTTP has them, from the POST to their end. */

#include "controlplane/entry/whip_internal.h"

/* A WHIP or WHEP session, from the POST to its end. */
struct cp_publication {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	struct cp_whip_site *site;
	struct cp_whip *whip;
	struct cp_address *address; /* it counts as a client of it */
	struct cp_whip_counts *counts;
	struct cp_whip_request *waiting; /* the POST; NULL: it was answered */
	struct {
		struct cp_whip_request *request; /* NULL: none is held */
		char *answer;
		char etag[CP_WHIP_ETAG_SIZE];
	} patch; /* that has restarted ICE (whip_patch.h) */
	bool is_due, failed, ended;
	uint64_t moved_ms; /* when its player was told to play elsewhere; 0: it was not */
	bool is_awaited; /* it has not connected, or this was not noticed yet */
	uint64_t begun_ms; /* on the loop's clock */
	struct cp_fault fault; /* valid with `failed` */
	enum cp_idle {
		CP_IDLE_NOT, /* it plays, or publishes */
		CP_IDLE_PATIENT, /* a player without a stream, whose publisher may come back at once */
		CP_IDLE_ANYBODY, /* whoever publishes is right */
	} idle;
	uint64_t idle_ms; /* since when it is so, on the loop's clock */
	TAILQ_ENTRY(cp_publication) in_idle; /* in site->idle[idle], unless that is CP_IDLE_NOT */
	struct cp_whep_stream {
		char id[CP_ID_SIZE]; /* a secret, like the session's; "": there is none */
		unsigned wanted; /* a bit for each enum cp_whep_event */
		unsigned due; /* those that have changed */
		bool told_active;
		uint32_t told_viewers;
		uint64_t checked_ms, sent_ms; /* on the loop's clock */
		struct cp_whip_request *reader; /* NULL: nobody reads */
	} stream; /* of events (whep_stream.c) */
	TAILQ_ENTRY(cp_publication) all;
	TAILQ_ENTRY(cp_publication) due;
	TAILQ_ENTRY(cp_publication) awaited;
	TAILQ_ENTRY(cp_publication) moved; /* in site->moved, if `moved_ms` is not 0 */
	TAILQ_ENTRY(cp_publication) reading; /* in site->readers, with a reader */
};

/* Begins to publish or to play what `r` offers, and answers it later. 0, or errno with the fault. */
int cp_publication_create(struct cp_whip_request *r, struct cp_fault *fault);
void cp_publication_free(struct cp_publication *p);
/* The publication that the request's path names, if it is this user's. NULL: there is none. */
struct cp_publication *cp_publication_find(const struct cp_whip_request *r);

#endif
