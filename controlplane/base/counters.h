/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_COUNTERS_H
#define SPATE_CONTROLPLANE_BASE_COUNTERS_H

/*
 * Holds the control plane's counters for /metrics. Each folder adds to its own members; the
 * operator's pages read them. Only the loop's thread uses them.
 */

#include <stdint.h>

#include "controlplane/base/fault.h"
#include "controlplane/base/histogram.h"
#include "shared/abi.h"

/* What was refused to clients for a limit, or ended because of one. */
enum cp_refusal {
	CP_REFUSED_CONNECTS, /* limits.connects_per_second: a TCP connection, before TLS */
	CP_REFUSED_SOCKETS, /* TCP connections of an address or of the process */
	CP_REFUSED_UNFINISHED, /* limits.unfinished_connections and unfinished_per_address */
	CP_REFUSED_LATE, /* limits.request_s: a connection without a request */
	CP_REFUSED_BAD_TOKENS, /* limits.bad_tokens_per_second: a token that was not checked */
	CP_REFUSED_RESUMES, /* limits.resumes_per_second: an attempt to resume a session */
	CP_REFUSED_HANDSHAKES, /* limits.handshakes_per_second: a transport that was not connected */
	CP_REFUSED_MESSAGES, /* limits.messages_per_second: a message, before it was parsed */
	CP_REFUSED_ADDRESS_MESSAGES, /* limits.messages_per_address: the same */
	CP_REFUSED_PAGES, /* limits.pages_per_second: /metrics or /rooms, answered 429 */
	CP_REFUSED_QUEUE, /* limits.send_queue_bytes: a client that reads too slowly */
	CP_REFUSED_QUEUE_TOTAL, /* limits.send_queue_total_bytes: one with a large queue */
	CP_REFUSED_QUEUE_AGE, /* limits.send_queue_s: one that takes nothing */
	CP_REFUSALS,
};

/* Why a token to resume with was not accepted. */
enum cp_resume_refusal {
	CP_RESUME_UNKNOWN, /* it is no token, or none of a session that exists */
	CP_RESUME_USED, /* its client has resumed with it and gone on with the next one */
	CP_RESUME_NODE, /* another server has made it */
	CP_RESUME_USER, /* its session is another user's */
	CP_RESUME_ROOM, /* its session is in another room than the one that the client asks for */
	CP_RESUME_ENDED, /* its session is in no room any more */
	CP_RESUME_REFUSALS,
};
const char *cp_resume_refusal_name(enum cp_resume_refusal refusal); /* its name in /metrics */

struct cp_resume_counts {
	uint64_t lost; /* clients whose connection was lost and who may come back: now */
	uint64_t resumed; /* sessions that were resumed */
	uint64_t expired; /* that ended because their clients did not come back in time */
	uint64_t refused[CP_RESUME_REFUSALS];
};

/*
 * The statuses with which WHIP and WHEP refuse requests; CP_WHIP_STATUSES of them. Others count as
 * the last one.
 */
enum { CP_WHIP_STATUSES = 16 };
extern const uint16_t cp_whip_statuses[CP_WHIP_STATUSES];

/* One protocol, WHIP or WHEP. All but `sessions` are totals since the start. */
struct cp_whip_counts {
	uint64_t sessions; /* that exist now */
	uint64_t created;
	uint64_t deleted; /* that their clients ended */
	uint64_t ended; /* with what they are made of: transport, room, stream, user */
	uint64_t unconnected; /* that their clients abandoned before they connected */
	uint64_t refused[CP_WHIP_STATUSES]; /* by index in cp_whip_statuses */
};

/*
 * What a client goes through until media flows, in this order. Each phase begins where the one
 * before has ended (docs/operations.md).
 */
enum cp_join_phase {
	CP_JOIN_HTTP, /* the request for a transport, from its arrival to its answer */
	CP_JOIN_ICE, /* until the data plane has an address of the client */
	CP_JOIN_DTLS, /* until the data plane has the keys */
	CP_JOIN_FIRST_PACKET, /* until the first media comes, or to a viewer is sent */
	CP_JOIN_FIRST_REPORT, /* until a viewer reports on that; a publisher has no such phase */
	CP_JOIN_PHASES,
};
const char *cp_join_phase_name(enum cp_join_phase phase); /* its name in /metrics */

enum cp_join_side { CP_JOIN_PUBLISHER, CP_JOIN_VIEWER, CP_JOIN_SIDES };

/* Counts a refusal with that status. */
void cp_whip_count_refusal(struct cp_whip_counts *c, unsigned status);

/* The refusal's name in /metrics. */
const char *cp_refusal_name(enum cp_refusal refusal);

/* The objects of a predecessor that the data plane had at the start. */
struct cp_restore_counts {
	uint32_t restored[SH_OBJECT_CONSUMER + 1]; /* by enum sh_object_kind */
	uint32_t other_version, damaged; /* blobs that could not be read */
	/* that were read, and whose room, client, transport or producer could not be made */
	uint32_t orphaned;
	uint32_t without_blob; /* that had no blob: what was not acknowledged, or has not connected */
};

/*
 * All but sockets_open, event_streams, resume.lost, and sessions in whip and whep, are totals since
 * the start.
 */
struct cp_counters {
	uint64_t sockets_open, sockets_accepted, sockets_refused; /* WebSockets */
	uint64_t connections_refused; /* TCP connections closed at once because of a limit */
	uint64_t admin_refused; /* requests to the administration port: no token, a wrong one, or an origin */
	uint64_t requests_refused; /* HTTP requests whose heads were refused (request_head.h) */
	uint64_t messages_in, messages_out; /* of WebSockets, and packets of long-polling */
	uint64_t dtls_connected, dtls_failed; /* handshakes */
	struct cp_histogram join[CP_JOIN_SIDES][CP_JOIN_PHASES]; /* how long clients' joins take */
	uint64_t dataplane_connected, dataplane_lost;
	struct cp_restore_counts restored;
	struct cp_whip_counts whip, whep;
	struct cp_resume_counts resume;
	uint64_t event_streams; /* of players, that are read now */
	uint64_t event_streams_slow; /* whose readers were too slow */
	uint64_t whep_events[5]; /* events sent, by enum cp_whep_event (signaling/whep_events.h) */
	uint64_t error[CP_CODE_COUNT]; /* error replies to clients */
	uint64_t refused[CP_REFUSALS];
};

#endif
