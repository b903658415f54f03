/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_WEBRTC_WEBRTC_H
#define SPATE_CONTROLPLANE_WEBRTC_WEBRTC_H

/*
 * Implements WebRTC transports from ICE, DTLS and the data plane. The server holds what all
 * transports share; the owner of the connection to the data plane passes its events on to the
 * server. Everything runs on the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "controlplane/dpclient/dpclient.h"
#include "shared/abi.h"
#include "shared/config.h"

enum {
	CP_WEBRTC_HANDSHAKE_MS = 30000, /* time limit from the first check until CONNECTED */
	/* DTLS state is kept this long after the first media, to retransmit the last flight */
	CP_WEBRTC_LINGER_MS = 5000,
	/*
	 * As a DTLS client, Spate speaks first: so many bytes, two or three times its ClientHello,
	 * may go to an address that nobody has proven, beyond what came from there.
	 */
	CP_WEBRTC_HELLO_BYTES = 600,
	CP_WEBRTC_LINGER_MAX_MS = 30000, /* but no longer than this after the handshake */
};

enum cp_webrtc_state {
	CP_WEBRTC_NEW, /* no check has arrived; this may last */
	CP_WEBRTC_CHECKING, /* a check was accepted */
	CP_WEBRTC_CONNECTED, /* the data plane has the SRTP keys */
	CP_WEBRTC_FAILED, /* DTLS failed or timed out, or the data plane refused a command */
	CP_WEBRTC_CLOSED, /* the peer closed, consent expired, or the data plane was lost */
};
const char *cp_webrtc_state_name(enum cp_webrtc_state state); /* "checking" */

/* Counters of refused addresses since the start. */
struct cp_webrtc_refusals {
	uint64_t address_in_use; /* addresses at which another transport lives */
	uint64_t unproven_address; /* datagrams of DTLS that were not sent to an address nobody has proven */
	uint64_t too_many_addresses; /* checks of transports that come from ever new addresses */
};

/* What a transport reaches on its way to media, beside its states. */
enum cp_webrtc_milestone {
	CP_WEBRTC_BOUND, /* the data plane has an address of the peer; again for each further one */
	CP_WEBRTC_RECEIVED, /* the first media or RTCP of the peer has come */
	CP_WEBRTC_SENT, /* the first media is sent to it */
	CP_WEBRTC_REPORTED, /* its first report on that has come */
};

struct cp_saved_ice;
struct cp_webrtc_server;
struct cp_webrtc; /* one transport */

struct cp_webrtc_events {
	/*
	 * The data plane has acknowledged the transport's creation: 0, ENOSPC (full), ECONNRESET
	 * (lost), … With an error the transport is FAILED or CLOSED, and `state` is not called for
	 * that. Not called after `state` has reported FAILED or CLOSED, nor by cp_dp_destroy.
	 */
	void (*created)(void *arg, struct cp_webrtc *t, int error);
	/*
	 * `reason` says in words why a transport is FAILED or CLOSED, and is "" for other states.
	 * After these two, the data plane no longer has the transport, and the owner must only call
	 * cp_webrtc_close.
	 */
	void (*state)(void *arg, struct cp_webrtc *t, enum cp_webrtc_state state, const char *reason);
	/* What cp_webrtc_save() returns of a connected transport has changed. */
	void (*changed)(void *arg, struct cp_webrtc *t);
	void (*reached)(void *arg, struct cp_webrtc *t, enum cp_webrtc_milestone milestone);
};
/*
 * Callbacks run from the loop or from within cp_webrtc_server_lost, _event and _punt; never from
 * within a function for one transport. They may call cp_webrtc_close for any transport.
 */

/*
 * Makes the certificate and starts the DTLS threads. `config` must outlive the server, which holds
 * a reference to `dp`. 0, or an errno with the operator's message in `err`.
 */
int cp_webrtc_server_create(struct cp_webrtc_server **out, uv_loop_t *loop, const struct sh_config *config,
	struct cp_dp *dp, char *err, size_t err_size);
/*
 * Every transport must have been closed. If this happens before cp_dp_destroy, the peers get
 * close_notify and the data plane deletes the transports; otherwise media continues until a
 * successor's snapshot removes them. Waits for the DTLS threads to end. The loop must continue to
 * run until it has closed the handles.
 */
void cp_webrtc_server_destroy(struct cp_webrtc_server *s);

/* Valid while the server exists. */
const struct cp_webrtc_refusals *cp_webrtc_server_refusals(const struct cp_webrtc_server *s);
/* cp_dtls_pool_stuck_ms() of its threads. */
uint64_t cp_webrtc_server_stuck_ms(const struct cp_webrtc_server *s);

/* --- events of the data plane, passed on from cp_dp_events -------------------------- */

/*
 * Every transport that exists is lost: events and packets no longer find it, and it never sends
 * keys to the next data plane. The owners close them when they like.
 */
void cp_webrtc_server_lost(struct cp_webrtc_server *s);
/* True if the event was about one of these transports, which it may have ended. */
bool cp_webrtc_server_event(struct cp_webrtc_server *s, const struct sh_event *event);
/* Processes a punted packet, which need only be valid during the call. */
void cp_webrtc_server_punt(struct cp_webrtc_server *s, const struct sh_packet *packet);

/* Call whenever the data plane has connected: copies its addresses, ports and number of workers. */
void cp_webrtc_server_connected(struct cp_webrtc_server *s, const struct cp_dp_info *info);

/* --- one transport ------------------------------------------------------------------- */

/*
 * Creates a transport on that worker. `events` must outlive it. The client may get its parameters
 * at once or after `created`. 0; ENOTCONN while there is no data plane; EINVAL: it has no such
 * worker; ENOBUFS; ENOMEM; EIO: no randomness.
 */
int cp_webrtc_create(struct cp_webrtc **out, struct cp_webrtc_server *s, uint32_t worker,
	const struct cp_webrtc_events *events, void *arg);

/* What a successor of this process needs. False: the transport is not CONNECTED. */
bool cp_webrtc_save(const struct cp_webrtc *t, struct cp_saved_ice *out);
/*
 * Makes the transport `id` that a predecessor had, and that the data plane has on that worker under
 * `dp_id`. It is CONNECTED, and `created` is not called. 0; ENOTCONN; EINVAL: what was saved cannot
 * be used; EEXIST; ENOMEM.
 */
int cp_webrtc_restore(struct cp_webrtc **out, struct cp_webrtc_server *s, const char *id, sh_id dp_id,
	uint32_t worker, const struct cp_saved_ice *saved, const struct cp_webrtc_events *events, void *arg);

/*
 * {id, iceParameters, iceCandidates, dtlsParameters} in the form of signaling. The caller deletes
 * it; NULL: out of memory.
 */
cJSON *cp_webrtc_parameters(const struct cp_webrtc *t);

/*
 * Reads the client's dtlsParameters, {role?, fingerprints}, and begins DTLS as soon as possible.
 * 0; EINVAL, `err` names the member ("dtlsParameters.role: …"); EALREADY for a second connect;
 * EPIPE when FAILED or CLOSED.
 */
int cp_webrtc_connect(struct cp_webrtc *t, const cJSON *dtls_parameters, char *err, size_t err_size);

/*
 * Restarts ICE; `*out` gets the new iceParameters, which the caller deletes. 0; EPIPE when FAILED
 * or CLOSED; ENOMEM; EIO: no randomness.
 */
int cp_webrtc_restart_ice(struct cp_webrtc *t, cJSON **out);

/*
 * Deletes the transport from the data plane, sends the peer close_notify if possible, and drops the
 * owner's reference. No callback follows.
 */
void cp_webrtc_close(struct cp_webrtc *t);

const char *cp_webrtc_id(const struct cp_webrtc *t); /* opaque, random */
sh_id cp_webrtc_sh_id(const struct cp_webrtc *t); /* its id in the data plane */
/*
 * True if it failed while DTLS was being negotiated; a transport can also fail before, because no
 * connect came, or afterwards, because the data plane refused its keys.
 */
bool cp_webrtc_handshake_failed(const struct cp_webrtc *t);
/* Whether it was closed because the peer has closed its side of a connected transport. */
bool cp_webrtc_peer_closed(const struct cp_webrtc *t);
const char *cp_webrtc_dtls_state(const struct cp_webrtc *t); /* mediasoup's words: "new", "connecting", … */
/* The path of the selected tuple, or NULL. Valid until the next iteration of the loop. */
const struct sh_path *cp_webrtc_selected(const struct cp_webrtc *t);

#endif
