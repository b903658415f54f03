/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_MODEL_H
#define SPATE_CONTROLPLANE_ROOMS_MODEL_H

/*
 * The model is the desired state: all rooms, their peers, and what each peer owns. It does no I/O:
 * it reaches the data plane through struct cp_bridge and notifies peers through struct cp_listener.
 * Both dialects call the same functions. An object that closes first closes all objects that depend
 * on it: consumers, then producers, then transports.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/admission/address.h"
#include "controlplane/base/clock.h"
#include "controlplane/base/index.h"
#include "controlplane/base/table.h"
#include "controlplane/negotiation/negotiation.h"
#include "controlplane/rooms/bridge.h"
#include "controlplane/rooms/drain.h"
#include "controlplane/rooms/load.h"
#include "controlplane/rooms/share.h"
#include "controlplane/rooms/watch.h"
#include "shared/config.h"

struct cp_plain_request;
struct cp_room_audio;
struct cp_transport_walk;
struct cp_room;

struct cp_model {
	const struct sh_config *config;
	const struct cp_bridge *bridge;
	void *bridge_arg;
	const struct cp_clock *clock;
	void *clock_arg;
	struct cp_router router; /* of rooms that are created from now on */
	struct cp_index rooms, transports, producers, consumers;
	struct cp_table consumers_by_dp_id;
	struct cp_load load;
	uint32_t peer_count;
	uint32_t encoding_count; /* of all producers; each is an entry of the data plane's table */
	uint64_t last_transport; /* number of the transport that was created last */
	uint64_t lost_upto; /* the data plane of transports up to this number was lost */
	TAILQ_HEAD(, cp_transport_walk) walks; /* over all transports (transport_walk.h) */
	uint32_t lost_spread_ms; /* clients should come back within this time, at random */
	TAILQ_HEAD(, cp_transport) transport_list; /* in the order of creation */
	uint64_t last_peer; /* number of the peer that joined last */
	uint32_t grace_count, closing_count; /* rooms in these states */
	TAILQ_HEAD(, cp_room) room_list;
	TAILQ_HEAD(, cp_room) grace; /* rooms in grace, the earliest deadline first */
	TAILQ_HEAD(, cp_room) closing; /* round robin: the first room gets the next slice */
	TAILQ_HEAD(, cp_room) telling; /* rooms with news for their peers, round robin (announce.h) */
	TAILQ_HEAD(, cp_producer) recent; /* whose state was told recently, the earliest first */
	struct {
		uint64_t credit; /* notices to whole rooms that may be sent now, in thousandths */
		uint64_t credit_ms; /* when `credit` was computed */
		uint64_t told, merged; /* notices sent to whole rooms; changes that needed none */
	} notices;
	struct {
		TAILQ_HEAD(, cp_producer) producers; /* whose consumers have to be told */
		TAILQ_HEAD(, cp_consumer) consumers; /* that have to be told */
	} quality; /* quality.h */
	struct {
		TAILQ_HEAD(cp_audio_rooms, cp_room_audio) rooms; /* where somebody asks */
		TAILQ_HEAD(, cp_room_audio) telling; /* with peers who have to be told, round robin */
		struct cp_room_audio *next; /* to be measured in this tick; NULL: all have been */
		uint64_t next_ms; /* when the next tick is due */
		uint64_t number; /* of what was found out last */
	} audio; /* audio.h */
	struct cp_addresses subjects; /* users, for their shares of the tables */
	struct cp_share_counts shares;
	TAILQ_HEAD(, cp_transport) awaited; /* that have not connected, the oldest first */
	TAILQ_HEAD(, cp_transport) unsaved; /* whose blobs are to be written (saved.h) */
	uint64_t alarm_ms; /* when the alarm goes off; 0: none is set */
	TAILQ_HEAD(, cp_plain_request) plain; /* requests in order; only the first is pending */
	struct {
		enum cp_drain_stage stage;
		uint64_t refused; /* who was not let in for it */
	} drain; /* drain.h */
	struct {
		const struct cp_watch *calls; /* NULL: nobody watches; the owner sets it */
		void *arg;
		TAILQ_HEAD(, cp_room) changed; /* with another number of viewers than was told */
	} watch; /* watch.h */
	bool plain_due; /* the next cp_model_run has work for plain transports */
	bool plain_reap; /* a plain transport has ended, or an operator's peer may have nothing left */
};

/*
 * Initialises an empty model. All pointers must outlive it. The owner of `clock` must call
 * cp_model_run when the alarm goes off. 0 or ENOMEM.
 */
int cp_model_init(struct cp_model *m, const struct sh_config *config, const struct cp_bridge *bridge,
	void *bridge_arg, const struct cp_clock *clock, void *clock_arg);
/* Rooms that are created from now on have the configuration's codecs; the others keep theirs. */
void cp_model_set_codecs(struct cp_model *m);
/* Frees what the model holds. All rooms must have ended. */
void cp_model_end(struct cp_model *m);
/*
 * Does the work that is due and sets the next alarm: begins to close rooms whose grace time is
 * over, closes the next slice of closing rooms (which may free rooms and peers), takes the next
 * step for plain transports.
 */
void cp_model_run(struct cp_model *m);
/*
 * For the bridge: the data plane was lost. All transports are lost at once: requests about them
 * fail. They close, with all that is on them, in slices, and their owners are notified with
 * CP_UNAVAILABLE. The peers stay in their rooms.
 */
void cp_model_lose_transports(struct cp_model *m);
/* The same, but all are closed when it returns: for the end of the process. */
void cp_model_close_transports(struct cp_model *m);

#endif
