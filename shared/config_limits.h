/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_LIMITS_H
#define SPATE_SHARED_CONFIG_LIMITS_H

/* The part `limits` of the configuration (shared/config.h). */

#include <stdint.h>

struct sh_config_limits {
	uint32_t message_bytes, messages_per_second; /* of one client */
	uint32_t messages_per_address; /* per second, of all clients of an address */
	uint32_t transports_per_peer, producers_per_peer, consumers_per_peer;
	uint32_t produces_per_minute; /* by one peer */
	uint32_t share_percent; /* of a table, for one address or user */
	uint32_t reserve_percent; /* of a table, for peers that publish already */
	uint32_t connect_s; /* for a transport to connect while a table is crowded */
	uint32_t notices_per_second; /* to whole rooms, over all rooms */
	uint32_t peers_per_room, rooms, connections_per_address;
	uint32_t connects_per_second; /* TCP connections from one address */
	uint32_t unfinished_connections, unfinished_per_address; /* without a first request */
	uint32_t request_s; /* for a whole request to arrive */
	uint32_t bad_tokens_per_second; /* from one address */
	uint32_t pages_per_second; /* /metrics and /rooms for one address */
	uint32_t page_builds_per_second; /* of each of these pages; else the last text is served */
	uint32_t handshakes_per_second; /* DTLS, for one address */
	uint32_t resumes_per_second; /* attempts to resume a session, for one address */
	uint32_t request_queue_bytes; /* memory of one client's requests that wait for an answer */
	uint32_t send_queue_bytes; /* queued for a slow client before it is disconnected */
	uint32_t send_queue_total_bytes; /* over all slow clients */
	uint32_t send_queue_s; /* for a client to take anything from its queue */
	/* data plane table sizes */
	uint32_t transports, producers, consumers;
	uint32_t punts_per_second, punts_per_network; /* per worker; from strangers (path/punt.c) */
	/* budgets of one transport; each holds the packets of one second */
	uint32_t peer_packets_per_second, peer_checks_per_second, peer_rtcp_per_second;
	uint32_t kernel_packets_per_second; /* per worker, and back (path/exception.c) */
	uint32_t ssrcs_per_transport; /* of its producers, media and RTX */
};

#endif
