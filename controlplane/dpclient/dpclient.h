/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_H
#define SPATE_CONTROLPLANE_DPCLIENT_H

/*
 * The control plane's end of the rings (docs/shm-abi.md): connects to the data plane and
 * stays connected, sends commands and packets, hands events and punted packets up.
 * Never blocks. Everything runs on the loop's thread.
 */

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "shared/abi.h"

enum {
	CP_DP_OUTSTANDING = 1 << 17, /* commands not yet acknowledged, 19 MB at most */
	CP_DP_RETRY_MS = 50, /* after a failed attempt; doubles up to … */
	CP_DP_RETRY_MAX_MS = 1000,
	CP_DP_HELLO_MS = 2000, /* an answer to HELLO takes no longer */
};

struct cp_dp;

/* What HELLO's answer said. */
struct cp_dp_info {
	uint64_t instance; /* another one: the data plane was started again and knows nothing */
	uint32_t workers;
	uint16_t udp_port_base; /* worker i answers udp_port_base + i */
	uint16_t udp_port_last; /* those between are for plain transports: sh_port_owner() */
	uint16_t addr_count;
	struct sh_addr addr[SH_MAX_LOCAL_ADDRS];
};

struct cp_dp_events {
	/* Ready for commands. The first ones should be a snapshot. */
	void (*connected)(void *arg, const struct cp_dp_info *info);
	/* Gone, after every completion was called with ECONNRESET. It reconnects by itself. */
	void (*lost)(void *arg, const char *reason);
	/* An attempt to connect failed; for the log. Called for each change of the reason. */
	void (*refused)(void *arg, const char *reason);
	/* Everything but ACK. */
	void (*event)(void *arg, const struct sh_event *event);
	/* Valid during the call; `len` is checked. */
	void (*punt)(void *arg, const struct sh_packet *packet);
};

/*
 * Outcome of a command: 0, the data plane's errno, ECONNRESET when it was lost, ECANCELED
 * when the client is destroyed. Always later than the cp_dp_send that named it.
 */
typedef void cp_dp_done(void *arg, int error);

struct cp_dp_counters {
	uint64_t commands, acks, acks_unknown, events, punts, punts_bad, injected, inject_full;
};

/* `path` of the socket is copied; `events` outlives the client. 0, ENOMEM. */
int cp_dp_create(struct cp_dp **out, uv_loop_t *loop, const char *path, const struct cp_dp_events *events,
	void *arg);

/*
 * Calls outstanding completions with ECANCELED and nothing else. Not from within one of its
 * callbacks. The loop must run on to close handles.
 */
void cp_dp_destroy(struct cp_dp *c);

/*
 * Keeps the client's memory for somebody else until as many drops: after cp_dp_destroy
 * the functions below answer as if there were no data plane.
 */
void cp_dp_hold(struct cp_dp *c);
void cp_dp_drop(struct cp_dp *c);

/* NULL while there is no data plane. */
const struct cp_dp_info *cp_dp_get_info(const struct cp_dp *c);

/*
 * Sends a command; `cmd->seq` is set here. Commands take effect in order. Queued locally
 * while the ring is full. `done` may be NULL. 0; ENOTCONN; ENOBUFS when too many are
 * outstanding. The copy kept here is wiped when it is in the ring; yours is yours.
 */
int cp_dp_send(struct cp_dp *c, struct sh_cmd *cmd, cp_dp_done *done, void *arg);

/*
 * Sends a UDP payload along `path` (as the punt had it: remote is the peer) by the
 * worker that owns the local port. 0; ENOTCONN; EMSGSIZE; EINVAL for a port that no
 * worker has; ENOBUFS when the ring is full: lost, as datagrams are.
 */
int cp_dp_inject(struct cp_dp *c, const struct sh_path *path, const void *data, size_t len);

/* The statistics memfd, mapped read only; NULL while there is none. Valid until `lost` returns. */
const void *cp_dp_stats(const struct cp_dp *c, size_t *size);

const struct cp_dp_counters *cp_dp_get_counters(const struct cp_dp *c);

#endif
