/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_MESSAGES_H
#define SPATE_DATAPLANE_WORKER_MESSAGES_H

/*
 * Defines the records in the rings between the agent and a worker, operations and reports in
 * return, and between workers.
 */

#include <stdint.h>

#include "shared/abi.h"

/* An operation from the agent to a worker. The worker returns it in a report, with its result. */
struct dp_op {
	struct sh_cmd cmd;
	uint32_t slot; /* slot of the object */
	uint32_t slot2; /* PRODUCER_ADD, CONSUMER_ADD: slot of the transport */
	uint32_t slot3; /* CONSUMER_ADD: slot of the stream; PRODUCER_ADD: of the producer's first encoding */
	int32_t error; /* in the report: 0 or errno */
	uint32_t task; /* index of the agent's task, returned unchanged; 0: none */
	uint32_t saved_len; /* bytes at `saved` */
	/*
	 * An ADD, or TRANSPORT_KEYS: what the data plane of before a planned restart has saved
	 * (tables/saved.h), valid until the operation is acknowledged. NULL: the object is a new
	 * one.
	 */
	const uint8_t *saved;
};

/*
 * A record from a worker to the agent: the acknowledgement of an operation, or an event of an
 * object.
 */
struct dp_report {
	uint32_t kind; /* enum sh_event_kind; SH_EV_ACK: `op` was applied, or failed */
	sh_id id;
	struct sh_addr remote; /* SH_EV_PATH_CHANGED: the new address */
	struct sh_layers layers; /* SH_EV_LAYERS_CHANGED */
	struct dp_op op;
};

/* A message about a network path, from the worker that received it to the owner of the path. */
struct dp_path_news {
	struct sh_path path;
	uint32_t mtu; /* in bytes, of `path`; 0: path.l2 is the answer of the neighbour path.remote.ip */
};

#endif
