/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHIP_H
#define SPATE_CONTROLPLANE_ENTRY_WHIP_H

/*
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) over HTTP: POST /whip/ROOM publishes, POST
 * /whep/ROOM plays, and the URL that it answers with, which has the session's id behind the room,
 * takes PATCH and DELETE.
 */

#include <stddef.h>
#include <sys/queue.h>

#include <uv.h>

#include "controlplane/base/index.h"
#include "controlplane/sdp/sdp.h"

struct cp_cluster;
struct cp_connection;
struct cp_peer;
struct cp_publication;
struct cp_saved_transport;
struct cp_server;
struct cp_signaling;

#define CP_WHIP_PATH "/whip/"
#define CP_WHEP_PATH "/whep/"

struct cp_whip_site {
	struct cp_server *server;
	struct cp_signaling *signaling;
	struct cp_cluster *cluster;
	struct cp_index publications; /* by id */
	TAILQ_HEAD(, cp_publication) all;
	TAILQ_HEAD(, cp_publication) due; /* whose creation is over, or which have ended */
	TAILQ_HEAD(, cp_publication) readers; /* whose event stream is read, the longest unchecked first */
	TAILQ_HEAD(, cp_publication) awaited; /* that have not connected, the oldest first */
	TAILQ_HEAD(, cp_publication) moved; /* whose players play elsewhere, the first to end first */
	TAILQ_HEAD(cp_idle_list, cp_publication) patient, anybody; /* idle players (whep_idle.h) */
	uv_idle_t work; /* active while there are some in `due` */
	uv_timer_t tick; /* ends those that do not connect, or have nothing to play */
};

/* What is pointed to must outlive the site. */
void cp_whip_start(struct cp_whip_site *site, uv_loop_t *loop, struct cp_server *server,
	struct cp_signaling *signaling, struct cp_cluster *cluster);
/*
 * Ends all sessions, before the server is stopped. The loop must run afterwards to close the
 * handle.
 */
void cp_whip_stop(struct cp_whip_site *site);

/*
 * The node drains: tells up to `most` players that read events to play elsewhere. The session of
 * each stays for some seconds, so that its picture does not stop before the new one is there.
 * Returns how many it told. The others have no way to hear of it.
 */
unsigned cp_whip_move(struct cp_whip_site *site, unsigned most);
/*
 * Makes the session of a predecessor, and its peer, which gets its transport next. NULL: it cannot
 * be made.
 */
struct cp_peer *cp_whip_restore_peer(struct cp_whip_site *site, const struct cp_saved_transport *saved);

/* --- handlers for a struct cp_route (http/server.h) ---------------------------------------- */

/* For paths below CP_WHIP_PATH with CP_SDP_PUBLISH, below CP_WHEP_PATH with CP_SDP_PLAY. */
int cp_whip_request(struct cp_whip_site *site, enum cp_sdp_use use, struct cp_connection *c);
int cp_whip_body(struct cp_connection *c, const void *data, size_t len);
int cp_whip_body_complete(struct cp_connection *c);
void cp_whip_gone(struct cp_connection *c);

#endif
