/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/resume_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "controlplane/base/id.h"

#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

enum { NODE_BYTES = 6 /* of the hash of the host's name */ };

/* SHA-256 of a text. Without it no session can be resumed safely. */
static struct cp_resume_hash hash(const char *text)
{
	struct cp_resume_hash h;

	if (EVP_Digest(text, strlen(text), h.bytes, NULL, EVP_sha256(), NULL) != 1)
		abort();
	return h;
}

void cp_node_id(const struct sh_config *config, const char *host, char out[CP_NODE_ID_SIZE])
{
	struct cp_resume_hash h;

	if (config->node.id[0] != '\0') {
		snprintf(out, CP_NODE_ID_SIZE, "%s", config->node.id);
		return;
	}
	h = hash(host);
	for (unsigned i = 0; i < NODE_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", h.bytes[i]);
}

void cp_resume_token_make(const char *node, char out[CP_RESUME_TOKEN_SIZE])
{
	char random[CP_RESUME_RANDOM + 1];

	cp_token_make(random, sizeof(random));
	snprintf(out, CP_RESUME_TOKEN_SIZE, "%s.%s", node, random);
}

bool cp_resume_token_valid(const char *token)
{
	size_t node = strspn(token, BASE64URL);

	return node > 0 && node < CP_NODE_ID_SIZE && token[node] == '.' &&
	       strspn(token + node + 1, BASE64URL) == CP_RESUME_RANDOM &&
	       token[node + 1 + CP_RESUME_RANDOM] == '\0';
}

bool cp_resume_token_of(const char *token, const char *node)
{
	size_t len = strlen(node);

	return strncmp(token, node, len) == 0 && token[len] == '.';
}

struct cp_resume_hash cp_resume_token_hash(const char *token)
{
	return hash(token);
}
