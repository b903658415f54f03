/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_TRANSPORT_H
#define SPATE_CONTROLPLANE_ROOMS_TRANSPORT_H

/*
 * A transport of a peer, WebRTC or plain, carries media in one direction: that of its producers or
 * that of its consumers.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/base/id.h"
#include "controlplane/rooms/peer.h"
#include "shared/abi.h"

struct cp_closing;
struct cp_model;
struct cp_save;

enum cp_purpose { CP_PURPOSE_SEND = 1, CP_PURPOSE_RECV };
enum cp_transport_state {
	CP_TRANSPORT_OPENING, /* the data plane has not acknowledged it */
	CP_TRANSPORT_NEW,
	CP_TRANSPORT_CONNECTING, /* the peer's DTLS parameters are known */
	CP_TRANSPORT_CONNECTED,
};
/* "send" or "recv", as seen from the client. */
const char *cp_purpose_name(enum cp_purpose purpose);
const char *cp_transport_state_name(enum cp_transport_state state);

/* The parameters of a plain transport: one without ICE and DTLS (docs/plain.md). */
struct cp_plain {
	uint16_t udp_port; /* its own port; 0: the bridge chooses one */
	bool learns; /* the remote address is learned from packets */
	struct sh_addr remote; /* family 0: not known yet */
	uint8_t mac[6]; /* MAC address of the next hop; all 0: the data plane resolves it */
	uint16_t vlan; /* 0: untagged */
	uint32_t idle_ms; /* it ends after this time without a packet; 0: never */
	uint16_t profile; /* enum sh_srtp_profile; 0: no SRTP */
	struct sh_addr local; /* the address for the other side to send to; the bridge sets it */
	const struct sh_transport_keys *keys; /* valid only while it is opened; NULL: no SRTP */
	bool ended; /* its producer or consumer has closed; the next cp_model_run closes it */
};

struct cp_transport {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	sh_id dp_id;
	uint64_t number; /* transports are numbered in the order of creation */
	struct cp_plain *plain; /* NULL: WebRTC */
	struct cp_peer *peer;
	enum cp_purpose purpose;
	enum cp_transport_state state;
	uint32_t worker; /* index among the data plane's workers */
	uint32_t generation; /* of the load in which it counts (load.h) */
	uint64_t reserved, reserved_until_ms; /* expected load that has not become real yet (load.c) */
	TAILQ_ENTRY(cp_transport) in_reserving; /* while `reserved` is not 0 */
	bool awaited; /* it has not connected, and is in the model's list `awaited` */
	uint64_t created_ms; /* valid while `awaited` */
	TAILQ_ENTRY(cp_transport) in_awaited;
	bool is_unsaved; /* its blob is to be written: it is in the model's list `unsaved` (saved.h) */
	TAILQ_ENTRY(cp_transport) in_unsaved;
	struct cp_save *saving; /* its blob has not been acknowledged; NULL: none is under way */
	uint32_t next_mid; /* MID of its next consumer */
	uint32_t last_ssrc; /* the last SSRC of its consumers; 0: none yet */
	uint64_t max_bps; /* most that is sent to the peer, in bit/s; 0: no limit of the client's */
	uint32_t stats_slot; /* statistics slot in which it was last found */
	void *link; /* belongs to the bridge */
	TAILQ_HEAD(, cp_producer) producers;
	TAILQ_HEAD(, cp_consumer) consumers;
	TAILQ_ENTRY(cp_transport) on_peer;
	TAILQ_ENTRY(cp_transport) in_model;
};

/* True if its data plane was lost; it closes soon (cp_model_lose_transports). */
bool cp_transport_is_lost(const struct cp_transport *t);
/* 0, or EAGAIN with the fault: its data plane was lost. */
int cp_transport_check_lost(const struct cp_transport *t, struct cp_fault *fault);
/* For cp_model_run: closes the next slice of lost transports. */
void cp_transports_close_lost(struct cp_model *m);

/* Finds a transport that the peer owns and the data plane has acknowledged. NULL with the fault. */
struct cp_transport *cp_peer_transport(struct cp_peer *peer, const char *id, struct cp_fault *fault);

/*
 * 0, or errno with the fault: a peer with these permissions may not have a transport for that
 * purpose, or there is no data plane.
 */
int cp_transport_check(const struct cp_model *m, enum cp_purpose purpose, bool publish, bool subscribe,
	struct cp_fault *fault);

/*
 * Creates a WebRTC transport on the worker that worker placement chooses. Completes through `done`
 * (peer.h), whose object is the struct cp_transport. A transport whose creation fails is freed.
 */
void cp_transport_create(struct cp_peer *peer, enum cp_purpose purpose, cp_done done);
/* The same for a plain transport. `plain` is copied; its keys are read before this returns. */
void cp_transport_create_plain(struct cp_peer *peer, enum cp_purpose purpose, const struct cp_plain *plain,
	cp_done done);
/* {id, iceParameters, …} for the client; the caller deletes it. NULL: no memory. */
cJSON *cp_transport_parameters(const struct cp_transport *t);
/* Adds the states of ICE and DTLS to `into`. */
void cp_transport_describe(const struct cp_transport *t, cJSON *into);
/* 0, or errno with the fault. */
int cp_transport_connect(struct cp_transport *t, const cJSON *dtls_parameters, struct cp_fault *fault);
/*
 * Limits what is sent to the peer, in bit/s; 0: no limit. For a transport to receive; completes
 * through `done` (peer.h), whose object is the struct cp_transport.
 */
void cp_transport_limit(struct cp_transport *t, uint64_t max_bps, cp_done done);
/* Restarts ICE. The new iceParameters, which the caller deletes; NULL with the fault. */
cJSON *cp_transport_restart(struct cp_transport *t, struct cp_fault *fault);
/* Closes it with all that is on it and frees it; its owner asks for it and is not notified. */
void cp_transport_close(struct cp_transport *t);

/*
 * For the bridge: DTLS failed, consent or idle time expired, or the data plane was lost. Closes the
 * transport with all that is on it, notifies its owner and frees it.
 */
void cp_transport_fail(struct cp_transport *t, enum cp_code why, const char *reason);
/* For the bridge: DTLS is done and the data plane has the keys. */
void cp_transport_connected(struct cp_transport *t);

/* For the files of rooms/: closes it with all that is on it and frees it, for any reason. */
void cp_transport_destroy(struct cp_transport *t, const struct cp_closing *how);

#endif
