/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_MODEL_H
#define SPATE_CONTROLPLANE_ROOMS_MODEL_H

/*
 * The desired state: all rooms, their peers, and what each peer owns. No I/O: the data plane is
 * reached through struct cp_bridge, peers are told of others through struct cp_listener, and both
 * dialects call the same functions. Whatever closes takes along all that stands on it: consumers
 * first, then producers, then transports.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/index.h"
#include "controlplane/negotiation/negotiation.h"
#include "controlplane/rooms/bridge.h"
#include "controlplane/rooms/load.h"
#include "shared/config.h"

struct cp_plain_request;
struct cp_room;

struct cp_model {
	const struct sh_config *config;
	const struct cp_bridge *bridge;
	void *bridge_arg;
	const struct cp_clock *clock;
	void *clock_arg;
	struct cp_router router;
	struct cp_index rooms, transports, producers, consumers;
	struct cp_load load;
	uint32_t peer_count;
	uint32_t grace_count, closing_count; /* rooms in these states */
	TAILQ_HEAD(, cp_room) room_list;
	TAILQ_HEAD(, cp_room) grace; /* the next deadline is first */
	TAILQ_HEAD(, cp_room) closing; /* round robin: the next slice is the first room's */
	TAILQ_HEAD(, cp_plain_request) plain; /* the first is pending */
	bool plain_due; /* plain transports have something to do in the next turn of the loop */
	bool plain_reap; /* some of them have ended */
};

/* The pointers outlive it. The clock's alarm has cp_model_run called. */
void cp_model_init(struct cp_model *m, const struct sh_config *config, const struct cp_bridge *bridge,
	void *bridge_arg, const struct cp_clock *clock, void *clock_arg);
/* Does what is due: ends of grace times, the next slice of rooms that close, plain transports. */
void cp_model_run(struct cp_model *m);
/* For the bridge: the data plane was lost, and with it all transports. Their peers stay. */
void cp_model_lose_transports(struct cp_model *m);

#endif
