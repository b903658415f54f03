/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_BRIDGE_H
#define SPATE_CONTROLPLANE_ROOMS_BRIDGE_H

/*
 * The rooms' interface to the data plane, which bridge/ implements; the rooms do no I/O themselves,
 * and unit tests put a recorder here.
 *
 * Transports have typed operations, because their ICE and DTLS half lives in this process and the
 * rooms know nothing of it. Producers and consumers exist in the data plane alone: negotiation
 * writes their records in the ABI's form already (shared/abi.h), so the rooms send these as they
 * are. Six typed operations would only copy them.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "controlplane/base/fault.h"
#include "shared/abi.h"

struct cp_transport;

/*
 * An operation was acknowledged: 0 or a positive errno. Called exactly once for each operation
 * that was begun, and never before the call that began it has returned.
 */
typedef void (*cp_bridge_done)(void *arg, int error);

struct cp_bridge {
	/* Whether a data plane is connected. */
	bool (*up)(void *bridge);

	/*
	 * Makes the transport's ICE and DTLS side in t->link, sets t->id and t->dp_id, and adds the
	 * transport to the data plane on t->worker. A plain transport that names a port gets that
	 * port's worker in t->worker. 0 or errno; with an errno nothing is left and `done` is not
	 * called.
	 */
	int (*transport_open)(void *bridge, struct cp_transport *t, cp_bridge_done done, void *arg);
	/* {id, iceParameters, iceCandidates, dtlsParameters}; the caller deletes it. NULL: no memory. */
	cJSON *(*transport_parameters)(void *bridge, const struct cp_transport *t);
	/* Adds iceState, dtlsState and iceSelectedTuple, in mediasoup's words. */
	void (*transport_describe)(void *bridge, const struct cp_transport *t, cJSON *into);
	/* Takes the peer's fingerprints and role. 0, or errno with the fault. */
	int (*transport_connect)(void *bridge, struct cp_transport *t, const cJSON *dtls_parameters,
		struct cp_fault *fault);
	/* New iceParameters, which the caller deletes. NULL with the fault. */
	cJSON *(*transport_restart)(void *bridge, struct cp_transport *t, struct cp_fault *fault);
	/*
	 * Ends t->link and deletes the transport from the data plane. A transport_open that is still
	 * pending is completed with ECANCELED before this returns.
	 */
	void (*transport_close)(void *bridge, struct cp_transport *t);

	/*
	 * Sends a PRODUCER_* or CONSUMER_* command; commands take effect in the order of the calls.
	 * `done` NULL: nobody waits. 0, or errno and then `done` is not called.
	 */
	int (*submit)(void *bridge, struct sh_cmd *cmd, cp_bridge_done done, void *arg);
};

#endif
