/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_TICKET_H
#define SPATE_CONTROLPLANE_CLUSTER_TICKET_H

/*
 * A ticket is what a node gives a client that it sends to another node, in place of the
 * application's token: whom that node is to let into which room, and with which rights. It is a
 * record (record.h) under a name of its own, so that it is signed by a node and cannot be taken for
 * another record. It is good once, for CP_TICKET_LIFE_S seconds. Pure: time is an argument.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/index.h"
#include "controlplane/base/name.h"
#include "controlplane/cluster/identity.h"

enum {
	CP_TICKET_LIFE_S = 30,
	CP_TICKET_SKEW_S = 5, /* by so much the clocks of two nodes may differ */
	CP_TICKETS_MAX = 65536, /* used tickets that are remembered; more are refused */
	CP_REDIRECTS_MAX = 2, /* of a client in a row */
	CP_NONCE_SIZE = 23, /* 132 random bits in base64url, and a terminator */
};

struct cp_ticket_content {
	char node[SH_NODE_ID_MAX + 1]; /* for whom it is */
	char room[CP_NAME_SIZE];
	char user[CP_NAME_SIZE]; /* "": not named */
	bool user_proven, publish, subscribe, close; /* as in struct cp_grant (auth/auth.h) */
	int64_t expires_s; /* of the token that it stands for, seconds since 1970; 0: never */
	unsigned redirects; /* of this client in a row: 1 to CP_REDIRECTS_MAX */
};

struct cp_used_ticket;

/* The tickets that have been used and have not expired. All zero: none. */
struct cp_used_tickets {
	struct cp_index by_nonce;
	struct cp_used_ticket *first, *last; /* the first to be used first */
};

/* The ticket's text, which the caller frees; `now_s` since 1970. NULL: no memory, or too long. */
char *cp_ticket_write(const struct cp_identity *identity, const struct cp_ticket_content *content,
	int64_t now_s);
/*
 * Reads a ticket for this node and uses it up. NULL, or the reason why it is refused, for the
 * client; then `content` is undefined. Whoever uses it checks `room` and `expires_s`.
 */
const char *cp_ticket_use(struct cp_used_tickets *used, const struct cp_identity *identity, const char *text,
	int64_t now_s, struct cp_ticket_content *content);
void cp_used_tickets_free(struct cp_used_tickets *used);

#endif
