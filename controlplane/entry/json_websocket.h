/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_JSON_WEBSOCKET_H
#define SPATE_CONTROLPLANE_ENTRY_JSON_WEBSOCKET_H

struct cp_websocket;

/* What the URL of the upgrade says. */
struct cp_a_query {
	const char *room;
	const char *user; /* "": not named */
	const char *token; /* "": none */
};

/*
 * A client of dialect A, which joins its room at once; where it may not, it is told why
 * and the WebSocket closes. 0, or -1: no memory.
 */
int cp_a_open(struct cp_websocket *w, const struct cp_a_query *query, const char *address);

#endif
