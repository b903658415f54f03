/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_ICE_SERVERS_H
#define SPATE_CONTROLPLANE_SIGNALING_ICE_SERVERS_H

/*
 * Tells clients of the STUN and TURN servers in the configuration (ice_servers), with the
 * credentials for them: those that are configured, or time-limited ones as coturn checks them
 * (use-auth-secret; draft-uberti-behave-turn-rest-00).
 */

#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/negotiation/writer.h"
#include "shared/config.h"

/* For one client and one server. */
struct cp_ice_credentials {
	char username[128], password[128]; /* "": none */
};

/*
 * `client` is a name for the TURN server's log that says nothing about the person; `now_s` is the
 * time in seconds since 1970.
 */
void cp_ice_credentials(const struct sh_config_ice *s, const char *client, int64_t now_s,
	struct cp_ice_credentials *out);

/*
 * The RTCIceServer[] of WebRTC, owned by the caller. NULL: no servers are configured, or memory is
 * short.
 */
cJSON *cp_ice_servers_json(const struct sh_config *c, const char *client, int64_t now_s);
/* The same as headers "link", each with CR LF (RFC 9725, 4.6). */
void cp_ice_servers_links(struct cp_writer *w, const struct sh_config *c, const char *client, int64_t now_s);

#endif
