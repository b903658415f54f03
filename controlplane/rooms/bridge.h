/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_BRIDGE_H
#define SPATE_CONTROLPLANE_ROOMS_BRIDGE_H

/*
 * What the rooms need of whoever carries the media: ICE and DTLS of a transport, and
 * the data plane's operations. The rooms do no I/O themselves; tests put a recorder here.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "shared/abi.h"
#include "controlplane/base/fault.h"

struct cp_transport;

/*
 * An operation was acknowledged: 0 or a positive errno. Called exactly once for each
 * that was begun, and not before the call that began it has returned.
 */
typedef void (*cp_media_done)(void *arg, int error);

struct cp_media {
	/* Whether there is a data plane to ask at all. */
	bool (*up)(void *media);

	/*
	 * Makes the transport's ICE and DTLS side in t->link, sets t->id and t->dp_id, and adds it
	 * to the data plane, on t->worker, which is set to the port's where a plain one asks for a port. 0 or errno; with an errno nothing is left and `done` is not called.
	 */
	int (*transport_open)(void *media, struct cp_transport *t, cp_media_done done, void *arg);
	/* {id, iceParameters, iceCandidates, dtlsParameters}; the caller deletes it. NULL: no memory. */
	cJSON *(*transport_parameters)(void *media, const struct cp_transport *t);
	/* Adds iceState, dtlsState and iceSelectedTuple, in mediasoup's words. */
	void (*transport_describe)(void *media, const struct cp_transport *t, cJSON *into);
	/* The peer's fingerprints and role. 0, or -1 with the fault. */
	int (*transport_connect)(void *media, struct cp_transport *t, const cJSON *dtls_parameters,
		struct cp_fault *fault);
	/* New iceParameters, which the caller deletes. NULL with the fault. */
	cJSON *(*transport_restart)(void *media, struct cp_transport *t, struct cp_fault *fault);
	/*
	 * Ends t->link and takes the transport out of the data plane. A transport_open that is
	 * still under way is done now, with ECANCELED.
	 */
	void (*transport_close)(void *media, struct cp_transport *t);

	/*
	 * PRODUCER_* and CONSUMER_* operations; they take effect in the order of the calls.
	 * `done` NULL: nobody waits. 0, or errno and then `done` is not called.
	 */
	int (*submit)(void *media, struct sh_cmd *cmd, cp_media_done done, void *arg);
};

#endif
