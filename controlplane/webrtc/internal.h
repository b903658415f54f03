/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_WEBRTC_INTERNAL_H
#define SPATE_CONTROLPLANE_WEBRTC_INTERNAL_H

/* What the files of webrtc/ share. */

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
	struct cp_table ufrags; /* credentials of transports */
	struct cp_table ids; /* transports by sh_id, which is random: its low bits are the hash */
	struct cp_webrtc *alive; /* by next and link */
	struct cp_dp_info info; /* of the last data plane */
	uv_timer_t *tick; /* frees itself when closed */
};

struct cp_webrtc {
	struct cp_webrtc_server *server; /* not used any more once it is not alive, but to send goodbye */
	const struct cp_webrtc_events *events;
	void *arg;
	char id[CP_ID_SIZE];
	sh_id sh_id;
	struct cp_webrtc *next, **link; /* in server->alive */
	struct cp_table_entry by_id;
	/* Held by the owner, each unacknowledged command, the DTLS session, and each call on the stack. */
	unsigned references;
	uint32_t worker;
	enum cp_webrtc_state state;
	bool alive; /* the data plane has it, the tables know it */
	bool closed; /* its owner has closed it */
	struct cp_ice ice;

	struct cp_dtls_session *dtls; /* NULL: not begun, or over */
	bool dtls_over; /* not to begin again */
	bool connect_called, dtls_started, dtls_connected;
	enum cp_dtls_role role;
	unsigned fingerprint_count;
	struct cp_fingerprint fingerprint[CP_FINGERPRINTS_MAX];
	bool has_dtls_path;
	struct sh_path dtls_path; /* where the peer's last DTLS packet came from */
	uint64_t first_check_ms, connected_ms, media_ms; /* on the loop's clock; 0: not yet */
};

/* --- server.c ----------------------------------------------------------------------------- */

/* NULL: none with that id is alive. */
struct cp_webrtc *cp_webrtc_find(const struct cp_webrtc_server *s, sh_id id);

/* --- parameters.c ------------------------------------------------------------------------- */

cJSON *cp_ice_parameters(const struct cp_ice *ice);
/* Reads dtlsParameters. 0, or EINVAL with the member's name in `err`; `t` is then as it was. */
int cp_dtls_parameters_read(struct cp_webrtc *t, const cJSON *in, char *err, size_t err_size);

/* --- webrtc.c -------------------------------------------------------------------------------- */

extern const struct cp_dtls_events cp_webrtc_dtls_events;

void cp_webrtc_hold(struct cp_webrtc *t);
void cp_webrtc_release(struct cp_webrtc *t); /* may free */
/* Takes it out of the data plane, FAILED or CLOSED, and tells the owner. The caller holds it. */
void cp_webrtc_end(struct cp_webrtc *t, enum cp_webrtc_state state, const char *reason);
/* The same without telling anybody. */
void cp_webrtc_take_down(struct cp_webrtc *t, enum cp_webrtc_state state);
/* Sends TRANSPORT_ADD with the credentials in force. 0 or errno. */
int cp_webrtc_add(struct cp_webrtc *t, cp_dp_done *done);

/* --- checks.c, handshake.c: the caller holds the transport --------------------------------------- */

void cp_webrtc_check(struct cp_webrtc *t, const struct sh_packet *p);
void cp_webrtc_select(struct cp_webrtc *t, int tuple); /* tells the data plane */
void cp_webrtc_dtls(struct cp_webrtc *t, const struct sh_packet *p);
void cp_webrtc_dtls_begin(struct cp_webrtc *t); /* as soon as everything is there for it */
void cp_webrtc_dtls_release(struct cp_webrtc *t, bool notify);

#endif
