/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_BRIDGE_H
#define SPATE_CONTROLPLANE_ROOMS_BRIDGE_H

/*
 * Declares the interface through which the rooms reach the data plane. The rooms do no I/O
 * themselves: bridge/ implements this interface, and unit tests put a recorder here.
 *
 * Transports have typed operations, because their ICE and DTLS half lives in this process and the
 * rooms do not know it. Producers, consumers and the limits of transports exist in the data plane
 * alone, and negotiation already writes their commands in the ABI's form (shared/abi.h), so the
 * rooms submit these commands unchanged. Typed operations would only copy them.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "controlplane/base/fault.h"
#include "shared/abi.h"

struct cp_producer;
struct cp_saved_ice;
struct cp_transport;

/*
 * Reports that an operation was acknowledged: 0 or a positive errno. Called exactly once for each
 * operation that was begun, and never before the call that began it has returned.
 */
typedef void (*cp_bridge_done)(void *arg, int error);

struct cp_bridge {
	/* True if a data plane is connected. */
	bool (*up)(void *bridge);

	/*
	 * Creates the bridge's part of the transport (for WebRTC: ICE and DTLS) in t->link, sets
	 * t->id and t->dp_id, and adds the transport to the data plane on t->worker. For a plain
	 * transport it also chooses t->plain->udp_port if that is 0, sets t->plain->local, and
	 * sets t->worker to the owner of the port. 0 or errno; with an errno the bridge keeps no
	 * reference to `t` and `done` is not called.
	 */
	int (*transport_open)(void *bridge, struct cp_transport *t, cp_bridge_done done, void *arg);
	/* The next six are for WebRTC transports only. */

	/* {id, iceParameters, iceCandidates, dtlsParameters}; the caller deletes it. NULL: no memory. */
	cJSON *(*transport_parameters)(void *bridge, const struct cp_transport *t);
	/* Adds iceState, dtlsState and iceSelectedTuple, in mediasoup's words. */
	void (*transport_describe)(void *bridge, const struct cp_transport *t, cJSON *into);
	/* Sets the peer's fingerprints and DTLS role. 0, or errno with the fault. */
	int (*transport_connect)(void *bridge, struct cp_transport *t, const cJSON *dtls_parameters,
		struct cp_fault *fault);
	/* Restarts ICE. The new iceParameters, which the caller deletes; NULL with the fault. */
	cJSON *(*transport_restart)(void *bridge, struct cp_transport *t, struct cp_fault *fault);
	/* What a successor needs of t->link. False: the transport has not connected. */
	bool (*transport_save)(void *bridge, const struct cp_transport *t, struct cp_saved_ice *out);
	/*
	 * Creates t->link for a transport of a predecessor that the data plane has: t->id, t->dp_id
	 * and t->worker are set. 0 or errno.
	 */
	int (*transport_restore)(void *bridge, struct cp_transport *t, const struct cp_saved_ice *saved);
	/*
	 * Ends t->link and deletes the transport from the data plane. A pending transport_open is
	 * completed with ECANCELED before this returns.
	 */
	void (*transport_close)(void *bridge, struct cp_transport *t);

	/*
	 * Reads the audio levels of a producer's first encoding (struct sh_producer_stats). False:
	 * they are not known now, and `*out` stays.
	 */
	bool (*audio_levels)(void *bridge, const struct cp_producer *p, uint64_t *out);
	/*
	 * Sends a PRODUCER_* or CONSUMER_* command, or TRANSPORT_SET; commands take effect in the
	 * order of the calls.
	 * `done` may be NULL. 0, or errno and then `done` is not called.
	 */
	int (*submit)(void *bridge, struct sh_cmd *cmd, cp_bridge_done done, void *arg);
};

#endif
