/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_DPCLIENT_H
#define SPATE_CONTROLPLANE_DPCLIENT_DPCLIENT_H

/*
 * Connects the control plane to the data plane (docs/shm-abi.md) and stays connected, sends
 * commands and packets over the rings, and passes events and punted packets on. Never blocks.
 * Everything runs on the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "shared/abi.h"

enum {
	CP_DP_OUTSTANDING = 1 << 17, /* commands not yet acknowledged, 19 MB at most */
	/*
	 * Deletions beyond that. More objects do not exist: the tables of the data plane hold at
	 * most 2,162,688, and an object keeps its slot until its deletion is acknowledged.
	 */
	CP_DP_DELETIONS = 1 << 22,
	CP_DP_RETRY_MS = 50, /* wait after a failed attempt; doubles up to CP_DP_RETRY_MAX_MS */
	CP_DP_RETRY_MAX_MS = 1000,
	CP_DP_HELLO_MS = 2000, /* time limit for the reply to HELLO */
	/* planned restart: how often the next data plane is looked for, and how long */
	CP_DP_RESUME_RETRY_MS = 10,
	CP_DP_RESUME_MS = 10000,
	CP_DP_RESUME_HELLO_MS = 6000, /* time limit for its reply: it takes over first */
};

struct cp_dp;

/* The contents of the reply to HELLO. */
struct cp_dp_info {
	uint64_t instance; /* if it changes, the data plane was restarted and has no state */
	uint32_t workers;
	uint16_t udp_port_base; /* worker i owns udp_port_base + i */
	/* the ports above the workers' are for plain transports: sh_port_owner() */
	uint16_t udp_port_last;
	uint16_t addr_count;
	struct sh_addr addr[SH_MAX_LOCAL_ADDRS];
};

struct cp_dp_events {
	/* Ready for commands. The first ones should be a snapshot. */
	void (*connected)(void *arg, const struct cp_dp_info *info);
	/*
	 * A planned restart is over: another data plane goes on with the same instance, and
	 * commands that came meanwhile are on their way to it. Statistics are the new one's.
	 */
	void (*resumed)(void *arg, const struct cp_dp_info *info);
	/*
	 * A planned restart of both: the next data plane, perhaps of another version, goes on
	 * (NULL), or says why not. This process is to end; until then the client behaves as if it
	 * waited.
	 */
	void (*brought)(void *arg, const char *refused);
	/*
	 * The connection is lost. Every completion was called with ECONNRESET before. The client
	 * reconnects.
	 */
	void (*lost)(void *arg, const char *reason);
	/* An attempt to connect failed; for the log. Called when the reason changes. */
	void (*refused)(void *arg, const char *reason);
	/* Every event but SH_EV_ACK. */
	void (*event)(void *arg, const struct sh_event *event);
	/*
	 * A punted packet, valid during the call. Length, address families and local port are
	 * validated.
	 */
	void (*punt)(void *arg, const struct sh_packet *packet);
	/* A record of the list that SH_OP_LIST asked for, valid during the call. Sizes are validated. */
	void (*object)(void *arg, const struct sh_object *object);
};

/*
 * Outcome of a command: 0, the data plane's errno, ECONNRESET when the connection was lost,
 * ECANCELED when the client is destroyed. Never called from within the cp_dp_send() it was passed
 * to.
 */
typedef void cp_dp_done(void *arg, int error);

struct cp_dp_counters {
	uint64_t commands, acks, acks_unknown, events, punts, punts_bad, injected, inject_full;
	uint64_t deletions_kept; /* that found no room among the commands, and were sent later */
};

/*
 * Creates a client of the data plane's socket at `path`, which is copied. `events` must outlive the
 * client. 0 or ENOMEM.
 */
int cp_dp_create(struct cp_dp **out, uv_loop_t *loop, const char *path, const struct cp_dp_events *events,
	void *arg);

/*
 * Calls the outstanding completions with ECANCELED, and no other callback. Must not be called from
 * within one of the client's callbacks. The loop must keep running until the handles are closed.
 */
void cp_dp_destroy(struct cp_dp *c);

/*
 * A reference to the client: its memory is freed by the last cp_dp_release() after cp_dp_destroy().
 * Between the two the functions below behave as if there were no data plane.
 */
void cp_dp_hold(struct cp_dp *c);
void cp_dp_release(struct cp_dp *c);

/* NULL while there is no data plane. During a planned restart that of before. */
const struct cp_dp_info *cp_dp_get_info(const struct cp_dp *c);

/*
 * Begins a planned restart: asks the data plane to leave everything to the next one, which its
 * supervisor starts. Until that has connected, commands are queued, packets are lost, and
 * statistics stand still; then `resumed` is called, or `lost` if it does not come or cannot go on.
 * With `both` the memory goes to a data plane of any version, and `brought` is called in place of
 * `resumed`. `done`, not NULL, gets the data plane's answer: ENOTSUP, EIO (a worker hangs), ENOMEM:
 * nothing changes. 0; ENOTCONN; EALREADY; ENOBUFS.
 */
int cp_dp_restart(struct cp_dp *c, bool both, cp_dp_done *done, void *arg);
/* Whether a planned restart is under way. */
bool cp_dp_restarting(const struct cp_dp *c);

/*
 * Sends a command and sets `cmd->seq`. Commands take effect in order; while the ring is full they
 * are queued here. `done` may be NULL. 0; ENOTCONN; ENOBUFS when CP_DP_OUTSTANDING commands are
 * unacknowledged or memory is short, except that a deletion is kept then, and sent when there is
 * room. The client wipes its copy once the command is in the ring; the caller wipes its own.
 */
int cp_dp_send(struct cp_dp *c, struct sh_cmd *cmd, cp_dp_done *done, void *arg);

/*
 * Sends a UDP payload of `len` bytes along `path` (as a punted packet has it: `remote` is the peer)
 * through the worker that owns the local port. 0; ENOTCONN; EMSGSIZE when it is empty or over
 * SH_DATAGRAM_MAX; EINVAL when no worker owns the port; ENOBUFS when the ring is full and the
 * datagram is lost.
 */
int cp_dp_inject(struct cp_dp *c, const struct sh_path *path, const void *data, size_t len);

/*
 * The statistics memfd, mapped read only, with its size in bytes. NULL while there is no data
 * plane. Valid until `lost` returns.
 */
const void *cp_dp_stats(const struct cp_dp *c, size_t *size);

/* For unit tests, to which nothing else shows that a bad record was skipped. */
const struct cp_dp_counters *cp_dp_get_counters(const struct cp_dp *c);

#endif
