/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_WEBRTC_INTERNAL_H
#define SPATE_CONTROLPLANE_WEBRTC_INTERNAL_H

/* Declares what the files of webrtc/ share with each other and with no other folder. */

#include "controlplane/base/id.h"
#include "controlplane/base/table.h"
#include "controlplane/dtls/cert.h"
#include "controlplane/dtls/pool.h"
#include "controlplane/ice/ice.h"
#include "controlplane/webrtc/webrtc.h"

struct cp_webrtc_server {
	uv_loop_t *loop;
	const struct sh_config *config;
	struct cp_dp *dp;
	struct cp_cert cert;
	struct cp_dtls_pool *pool;
	struct cp_table ufrags; /* ICE credentials of live transports, by user fragment */
	struct cp_table ids; /* live transports by sh_id, which is random: its low bits are the hash */
	struct cp_webrtc *alive; /* list of live transports, linked by `next` and `link` */
	struct cp_dp_info info; /* of the data plane that connected last */
	uint32_t generation; /* data planes that were lost */
	/* allocated, because their closing outlives the server; `probe` runs while `proving` is not empty */
	uv_timer_t *tick, *probe;
	struct cp_webrtc *proving; /* transports with probes to send, linked by next_proving */
	struct cp_webrtc_refusals refusals;
};

struct cp_webrtc {
	/* used while the transport is alive, and by on_send until the server is destroyed */
	struct cp_webrtc_server *server;
	const struct cp_webrtc_events *events;
	void *arg;
	char id[CP_ID_SIZE];
	sh_id sh_id;
	struct cp_webrtc *next, **link; /* in server->alive */
	struct cp_table_entry by_id;
	/* one each for: the owner, a pending command, the DTLS session, a function that may call back */
	unsigned references;
	uint32_t worker;
	uint32_t generation; /* the server's when it was created; another one: it is lost */
	enum cp_webrtc_state state;
	bool alive; /* neither FAILED nor CLOSED: it is in the server's tables and the data plane */
	bool closed; /* the owner has called cp_webrtc_close */
	struct cp_ice ice;
	bool is_proving; /* in server->proving */
	struct cp_webrtc *next_proving;
	/* Commands that found no room in the ring and are repeated: new credentials, the selected tuple. */
	bool credentials_due, select_due;

	struct cp_dtls_session *dtls; /* NULL: not opened yet, or released */
	bool dtls_over; /* it was released and is not opened again */
	bool peer_closed; /* by a close_notify that came after that */
	struct cp_dtls_alert_key alert_key; /* of the peer, to recognize its close_notify after that */
	bool connect_called, dtls_started, dtls_connected;
	enum cp_dtls_role role;
	unsigned fingerprint_count;
	struct cp_fingerprint fingerprint[CP_FINGERPRINTS_MAX];
	bool has_dtls_path;
	struct sh_path dtls_path; /* where the peer's last DTLS packet came from */
	bool dtls_paths; /* its DTLS has come along several paths */
	/* on the loop's clock; 0: not yet. connected_ms: DTLS was done */
	uint64_t first_check_ms, connected_ms, media_ms;
};

/* --- server.c ----------------------------------------------------------------------------- */

/* True if its data plane is gone. */
static inline bool cp_webrtc_is_lost(const struct cp_webrtc *t)
{
	return t->generation != t->server->generation;
}
/* NULL: no live transport has this id, or it is lost. */
struct cp_webrtc *cp_webrtc_find(const struct cp_webrtc_server *s, sh_id id);

/* --- parameters.c ------------------------------------------------------------------------- */

/* iceParameters with the current credentials; the caller deletes it. NULL: out of memory. */
cJSON *cp_ice_parameters(const struct cp_ice *ice);
/* Reads dtlsParameters. 0, or EINVAL with the member's name in `err`; `t` is then unchanged. */
int cp_dtls_parameters_read(struct cp_webrtc *t, const cJSON *in, char *err, size_t err_size);

/* --- webrtc.c -------------------------------------------------------------------------------- */

extern const struct cp_dtls_events cp_webrtc_dtls_events;

/* Allocates a transport, which is in no list yet, with one reference. NULL: no memory. */
struct cp_webrtc *cp_webrtc_allocate(struct cp_webrtc_server *s, uint32_t worker,
	const struct cp_webrtc_events *events, void *arg);
void cp_webrtc_hold(struct cp_webrtc *t);
/* Enters a new transport into the server's lists. */
void cp_webrtc_enlist(struct cp_webrtc *t);
/* Something has changed that cp_webrtc_save() returns. */
void cp_webrtc_changed(struct cp_webrtc *t);
void cp_webrtc_release(struct cp_webrtc *t); /* may free */
/*
 * Ends a live transport as FAILED or CLOSED: cp_webrtc_take_down, then the callback `state`. The
 * caller must hold it, because the owner may close it in the callback.
 */
void cp_webrtc_end(struct cp_webrtc *t, enum cp_webrtc_state state, const char *reason);
/* Removes a live transport from the data plane and the server, and ends its DTLS session. */
void cp_webrtc_take_down(struct cp_webrtc *t, enum cp_webrtc_state state);
/* Sends TRANSPORT_ADD with the current credentials; `done` must release `t`. 0 or errno. */
int cp_webrtc_add(struct cp_webrtc *t, cp_dp_done *done);

/* --- checks.c, handshake.c: the caller holds the transport --------------------------------------- */

/* Processes an ICE check and sends the response. */
void cp_webrtc_check(struct cp_webrtc *t, const struct sh_packet *p);
/* The peer's media has come along a path that the data plane does not know. */
void cp_webrtc_found(struct cp_webrtc *t, const struct sh_packet *p);
/* Has the data plane send along this tuple. */
void cp_webrtc_select(struct cp_webrtc *t, int tuple);
/* Repeats commands for which there was no room. */
void cp_webrtc_retry(struct cp_webrtc *t);
/* Sends the peer the probes that are due, now and later. */
void cp_webrtc_prove(struct cp_webrtc *t);
/* Removes it from the list of those with probes to send. */
void cp_webrtc_stop_proving(struct cp_webrtc *t);
/* The timer's callback: sends the probes that are due. */
void cp_webrtc_on_probe(uv_timer_t *timer);
/* Passes a DTLS packet to the session. */
void cp_webrtc_dtls(struct cp_webrtc *t, const struct sh_packet *p);
/* Begins the handshake, once all that it needs is known. Does nothing after it has begun. */
void cp_webrtc_dtls_begin(struct cp_webrtc *t);
/* Closes the session for good; with `notify` sends close_notify if the handshake is done. */
void cp_webrtc_dtls_release(struct cp_webrtc *t, bool notify);

#endif
