/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_RESUME_TOKEN_H
#define SPATE_CONTROLPLANE_SIGNALING_RESUME_TOKEN_H

/*
 * A token to resume a session with is NODE.RANDOM: the id of the server that made it, and 132
 * random bits as 22 characters of base64url. The server keeps only its hash, so that who reads the
 * server's memory or what it stores cannot take over a session.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/config.h"

enum {
	CP_NODE_ID_SIZE = SH_NODE_ID_MAX + 1,
	CP_RESUME_RANDOM = 22, /* characters after the dot */
	CP_RESUME_TOKEN_SIZE = CP_NODE_ID_SIZE + CP_RESUME_RANDOM + 1,
	CP_RESUME_HASH_SIZE = 32, /* SHA-256 */
};

struct cp_resume_hash {
	uint8_t bytes[CP_RESUME_HASH_SIZE];
};

/* The server's id: node.id, or 12 characters that are derived from the name of the host, `host`. */
void cp_node_id(const struct sh_config *config, const char *host, char out[CP_NODE_ID_SIZE]);
/* A new token of the server `node`. */
void cp_resume_token_make(const char *node, char out[CP_RESUME_TOKEN_SIZE]);
/* Whether `token` has the form of a token. */
bool cp_resume_token_valid(const char *token);
/* Whether the server `node` has made `token`, which is valid. */
bool cp_resume_token_of(const char *token, const char *node);
struct cp_resume_hash cp_resume_token_hash(const char *token);

#endif
