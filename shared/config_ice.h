/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_ICE_H
#define SPATE_SHARED_CONFIG_ICE_H

/* The part of the configuration that tells clients of STUN and TURN servers (ice_servers). */

#include <stdint.h>

enum { SH_MAX_ICE_SERVERS = 4, SH_MAX_ICE_URLS = 4, SH_ICE_URL_MAX = 256 };

/* A STUN or TURN server, and what clients authenticate with there. */
struct sh_config_ice {
	uint32_t url_count;
	char url[SH_MAX_ICE_URLS][SH_ICE_URL_MAX]; /* RFC 7064, RFC 7065: "turn:host:3478?transport=udp" */
	char username[128], credential[128]; /* the same for all clients; "": none */
	char secret[128]; /* "": none; otherwise each client gets credentials of its own, for `ttl_s` */
	uint32_t ttl_s;
};

#endif
