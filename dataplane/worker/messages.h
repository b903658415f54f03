/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_MESSAGES_H
#define SPATE_DATAPLANE_WORKER_MESSAGES_H

/* The records in the rings between the agent and a worker: operations, and reports in return. */

#include <stdint.h>

#include "shared/abi.h"

/* A control operation from the agent to a worker; the worker returns it with its result. */
struct dp_op {
	struct sh_cmd cmd;
	uint32_t slot; /* of the object */
	uint32_t slot2; /* PRODUCER_ADD, CONSUMER_ADD: of the transport */
	uint32_t slot3; /* CONSUMER_ADD: of the stream */
	int32_t error; /* in the acknowledgement: 0 or errno */
	uint32_t task; /* the agent's, echoed */
};

/* What a worker reports to the agent: an acknowledgement, or an event of an object. */
struct dp_report {
	uint32_t kind; /* enum sh_event_kind; ACK: `op` is the one that was applied */
	sh_id id;
	struct sh_addr remote;
	struct dp_op op;
};

#endif
