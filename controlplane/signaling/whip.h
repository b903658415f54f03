/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_WHIP_H
#define SPATE_CONTROLPLANE_SIGNALING_WHIP_H

/*
 * A WHIP session (RFC 9725), or a WHEP one (draft-ietf-wish-whep): a publisher, or a player, that
 * has no connection of its own. One request creates its peer, transport and producers or consumers,
 * all or none; later requests trickle candidates, restart ICE or end it. It carries a struct
 * cp_session, whose dialect sends nothing, and whose queue holds the steps of the creation: each
 * begins from the event loop when the data plane has acknowledged the one before. No I/O.
 */

#include <stdbool.h>
#include <stddef.h>

#include "controlplane/sdp/fragment.h"
#include "controlplane/signaling/session.h"

enum { CP_WHIP_ETAG_SIZE = 17 /* 96 random bits, and the terminator */ };

struct cp_whip;

/* All may be called from within the rooms: they must not free the session or call it. */
struct cp_whip_calls {
	/* Its creation is over: `fault` NULL and the answer in w->answer, or it failed. */
	void (*created)(struct cp_whip *w, const struct cp_fault *fault);
	/* It has ended for a reason that is not its client's, after its creation. */
	void (*ended)(struct cp_whip *w, const char *reason);
	/* A player's events (whep_events.h) have changed: a bit for each. */
	void (*changed)(struct cp_whip *w, unsigned events);
	/* cp_whip_is_saved() is true again. */
	void (*saved)(struct cp_whip *w);
};

struct cp_whip {
	char id[CP_ID_SIZE]; /* first: it is the key of an index. A secret: it allows to end the session */
	char etag[CP_WHIP_ETAG_SIZE]; /* of its ICE session; without quotes */
	char *answer; /* the SDP */
	struct cp_session *session;
	const struct cp_whip_calls *calls;
	void *owner; /* belongs to the caller */
	bool created, over; /* `over`: its creation failed, or it has ended */
	bool stream_over; /* it has ended because a stream that it plays has */
	bool restored; /* a predecessor's: the codecs of its offer are not known any more */
	struct cp_sdp_offer *offer;
	struct cp_sdp_choice choice[CP_SDP_SECTIONS_MAX];
	char transport[CP_ID_SIZE];
	char *ufrag; /* the client's; another one restarts ICE */
	struct cp_whip_player {
		uint64_t peer; /* number of the peer whose streams it plays */
		char user[CP_NAME_SIZE]; /* that peer's user; "": it has named none */
		bool anybody; /* nothing is played: it may become another peer */
		char cname[CP_CNAME_SIZE]; /* that peer's */
		bool is_binding; /* a step that binds sections to streams is queued */
		struct cp_whip_section {
			char producer[CP_ID_SIZE]; /* "": the section has had no stream yet */
			uint32_t ssrc, rtx_ssrc; /* with which it is sent a stream, also a later one */
		} section[CP_SDP_SECTIONS_MAX];
	} player; /* whip_play.h */
};

/* The client that wants to publish or to play, and where. The strings are copied. */
struct cp_whip_client {
	enum cp_sdp_use use;
	const char *room, *ip;
	struct cp_address *address;
	const struct cp_grant *grant;
};

/*
 * Reads the offer, joins the room and begins the creation, whose end `created` tells, perhaps
 * before this returns. 0, or errno with the fault: nothing was created; CP_CONFLICT: nobody
 * publishes what a player could be given.
 */
int cp_whip_create(struct cp_whip **out, struct cp_signaling *signaling, const struct cp_whip_client *client,
	const char *offer, size_t len, const struct cp_whip_calls *calls, void *owner,
	struct cp_fault *fault);
/* The peer leaves its room with all that it has, and the session is freed. No call follows. */
void cp_whip_free(struct cp_whip *w);

/* True if its client has connected. A session whose client never does is the owner's to end. */
bool cp_whip_connected(const struct cp_whip *w);

/*
 * For the owner of a player that plays nothing any more (cp_whip_play_any()): from now on it also
 * plays what another peer than the one before publishes.
 */
void cp_whip_play_anybody(struct cp_whip *w);
/* Ends a player whose streams have ended for good. `ended` is called. `reason` is a constant. */
void cp_whip_end(struct cp_whip *w, const char *reason);

/* The first reason counts: the rest of the queue is left out. */
void cp_whip_fail(struct cp_whip *w, const struct cp_fault *fault);
/* The same, with CP_UNAVAILABLE. */
void cp_whip_fail_for(struct cp_whip *w, const char *reason);

/* The dialect, and how its sessions are told (whip_dialect.c). */
const struct cp_dialect *cp_whip_dialect(enum cp_sdp_use use);
extern const struct cp_carrier cp_whip_carrier;

/* What a PATCH does. */
enum cp_whip_patch {
	CP_WHIP_TRICKLED, /* candidates, which an ICE-lite server need not know */
	CP_WHIP_RESTARTED, /* ICE was restarted; the ETag is a new one */
};

/*
 * Applies a fragment to a session that was created. After a restart `*answer` is the fragment to
 * answer with, the caller's to free(); otherwise NULL. 0, or errno with the fault.
 */
int cp_whip_patch(struct cp_whip *w, const struct cp_sdp_fragment *f, enum cp_whip_patch *what, char **answer,
	struct cp_fault *fault);
/*
 * False for a moment after a restart: a successor of this process does not know the new credentials
 * yet, and the client should not.
 */
bool cp_whip_is_saved(const struct cp_whip *w);
/* True if the fragment has credentials that are not the session's: it asks for an ICE restart. */
bool cp_whip_restarts(const struct cp_whip *w, const struct cp_sdp_fragment *f);

#endif
