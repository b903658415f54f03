/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_WEBRTC_WEBRTC_H
#define SPATE_CONTROLPLANE_WEBRTC_WEBRTC_H

/*
 * WebRTC transports: ICE, DTLS and the data plane put together. The server holds what
 * they share; whoever owns the connection to the data plane hands its news on to it.
 * Everything runs on the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "shared/abi.h"
#include "shared/config.h"
#include "controlplane/dpclient/dpclient.h"

enum {
	CP_WEBRTC_HANDSHAKE_MS = 30000, /* DTLS takes no longer from the first check on */
	CP_WEBRTC_LINGER_MS = 5000, /* DTLS state is kept after the first media, to repeat a last flight */
	CP_WEBRTC_LINGER_MAX_MS = 30000, /* and without any, for so long after the handshake */
};

enum cp_webrtc_state {
	CP_WEBRTC_NEW, /* no check came yet; that may last */
	CP_WEBRTC_CHECKING, /* a good check came */
	CP_WEBRTC_CONNECTED, /* the data plane has the SRTP keys */
	CP_WEBRTC_FAILED, /* DTLS failed, or the data plane refused */
	CP_WEBRTC_CLOSED, /* the peer closed, consent expired, or the data plane was lost */
};
const char *cp_webrtc_state_name(enum cp_webrtc_state state); /* "checking" */

struct cp_webrtc_server;
struct cp_webrtc; /* one transport */

struct cp_webrtc_events {
	/*
	 * The data plane has answered to the transport's creation: 0, ENOSPC (full),
	 * ECONNRESET (lost), … With an error the transport is FAILED or CLOSED, and
	 * `state` is not called for that; nor is this once `state` said one of these.
	 */
	void (*created)(void *arg, struct cp_webrtc *t, int error);
	/*
	 * `reason` in words with FAILED and CLOSED, else "". After these two the transport
	 * is gone from the data plane and only cp_webrtc_close is left to do.
	 */
	void (*state)(void *arg, struct cp_webrtc *t, enum cp_webrtc_state state, const char *reason);
};
/* Callbacks come from the loop, never from within a call below. cp_webrtc_close is allowed in all. */

/*
 * Makes the certificate and the DTLS threads. `config` outlives the server, `dp` is held.
 * 0, or an errno with a sentence in `err`.
 */
int cp_webrtc_server_create(struct cp_webrtc_server **out, uv_loop_t *loop, const struct sh_config *config,
	struct cp_dp *dp, char *err, size_t err_size);
/*
 * Every transport must have been closed. Before or after cp_dp_destroy: before, the
 * peers get their close_notify and the data plane forgets the transports; where that
 * came first, media goes on until a successor sweeps. Waits for the DTLS threads to end;
 * the loop must run on.
 */
void cp_webrtc_server_destroy(struct cp_webrtc_server *s);

/* --- news from the data plane, handed on from cp_dp_events -------------------------- */

/* Every transport becomes CLOSED, "data plane lost". */
void cp_webrtc_server_lost(struct cp_webrtc_server *s);
/* True when the event was about one of these transports. */
bool cp_webrtc_server_event(struct cp_webrtc_server *s, const struct sh_event *event);
void cp_webrtc_server_punt(struct cp_webrtc_server *s, const struct sh_packet *packet);

/* Every (re)connect of the data plane: take down the addresses and the workers. */
void cp_webrtc_server_connected(struct cp_webrtc_server *s, const struct cp_dp_info *info);

/* --- one transport ------------------------------------------------------------------- */

/*
 * A transport on that worker. `events` outlives it. Its parameters may be given to the
 * client at once or when `created` came. 0; ENOTCONN while there is no data plane; EINVAL:
 * it has no such worker; ENOBUFS; ENOMEM; EIO.
 */
int cp_webrtc_create(struct cp_webrtc **out, struct cp_webrtc_server *s, uint32_t worker,
	const struct cp_webrtc_events *events, void *arg);

/*
 * {id, iceParameters, iceCandidates, dtlsParameters} as signaling has them. The
 * caller's to delete; NULL: out of memory.
 */
cJSON *cp_webrtc_parameters(const struct cp_webrtc *t);

/*
 * The client's dtlsParameters, {role?, fingerprints}. 0; EINVAL, `err` names the member
 * ("dtlsParameters.role: …"); EALREADY for a second connect; EPIPE when FAILED or CLOSED.
 */
int cp_webrtc_connect(struct cp_webrtc *t, const cJSON *dtls_parameters, char *err, size_t err_size);

/* New iceParameters, the caller's to delete, in `*out`. 0, EPIPE, ENOMEM, EIO. */
int cp_webrtc_restart_ice(struct cp_webrtc *t, cJSON **out);

/* Says goodbye to the peer where it can and frees. No callback follows. */
void cp_webrtc_close(struct cp_webrtc *t);

const char *cp_webrtc_id(const struct cp_webrtc *t); /* opaque, random */
sh_id cp_webrtc_sh_id(const struct cp_webrtc *t); /* the data plane's name for it */
const char *cp_webrtc_dtls_state(const struct cp_webrtc *t); /* mediasoup's words: "new", "connecting", … */
/* The selected tuple, or NULL. Valid until the loop goes on. */
const struct sh_path *cp_webrtc_selected(const struct cp_webrtc *t);

#endif
